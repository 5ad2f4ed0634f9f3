//! Says in one sentence what the robot NAME does, for an operator.

use super::{Plan, Robot, element, quote};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Label, Outcome, Read, Values};

/// The same sentence.
pub struct TYPE;

impl Robot for TYPE {
    fn about(&self) -> About {
        About {
            code: "NAME",
            title: Label::new("Название робота", "Name of the robot"),
            help: Label::new("Что он делает, одним предложением.", "What it does, in one sentence."),
            group: element(),
            icon: "robot",
            settings: vec![Field::new("text", "Текст", "Text", FieldKind::Pattern).required()],
        }
    }

    /// Looks at the card and says what it wants; the executor carries it out.
    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let text = scene.fill(settings.text("text"), scene.firm.lang)?;
        Ok(Plan::one(Command::Comment { item: scene.item.at(), text }, Label::new("Сделано", "Done")))
    }

    fn told(&self, _read: &dyn Read, settings: &Values) -> Outcome<Label> {
        Ok(quote(settings.text("text"), settings.text("text")))
    }
}
