//! Writes a comment into the card's timeline.

use super::{Plan, Robot, element, quote};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Label, Outcome, Read, Values};

/// Writes a comment into the card's timeline.
pub struct AddComment;

impl Robot for AddComment {
    fn about(&self) -> About {
        About {
            code: "add_comment",
            title: Label::new("Добавить комментарий", "Add a comment"),
            help: Label::new("Пишет комментарий в ленту карточки.", "Writes a comment into the timeline of the card."),
            group: element(),
            icon: "message-2",
            settings: vec![Field::new("text", "Текст", "Text", FieldKind::Pattern).required()],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let text = scene.fill_for_staff(settings.text("text"), scene.firm.lang)?;
        Ok(Plan::one(Command::Comment { item: scene.item.at(), text }, Label::new("Комментарий добавлен", "The comment was added")))
    }

    fn told(&self, _read: &dyn Read, settings: &Values) -> Outcome<Label> {
        Ok(quote(settings.text("text"), settings.text("text")))
    }
}
