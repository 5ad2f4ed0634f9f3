//! Tells members of staff something, if wanted with a card that pops up and a sound.

use super::{Plan, Robot, quote, staff, whom, whom_told};
use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Label, Lang, Outcome, Read, Values};

/// Tells members of staff something.
pub struct Notify;

impl Robot for Notify {
    fn about(&self) -> About {
        About {
            code: "notify",
            title: Label::new("Уведомить сотрудника", "Notify an employee"),
            help: Label::new(
                "Уведомление в колокольчик; по желанию карточка всплывёт со звуком.",
                "A notice in the bell; if wanted, the card pops up with a sound.",
            ),
            group: staff(),
            icon: "bell",
            settings: vec![
                whom("Кому", "Whom"),
                Field::new("text", "Текст", "Text", FieldKind::Pattern).required(),
                Field::new("text_en", "Текст по-английски", "Text in English", FieldKind::Pattern)
                    .help("Для тех, кто работает на английском; если пусто, тот же текст", "For those who work in English; the same text if empty"),
                Field::new("popup", "Показать карточку со звуком", "Pop the card up with a sound", FieldKind::Flag),
            ],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let users = scene.people(settings.text("to"))?;
        let en = if settings.text("text_en").trim().is_empty() { settings.text("text") } else { settings.text("text_en") };
        let text = Label::new(scene.fill_for_staff(settings.text("text"), Lang::Ru)?, scene.fill_for_staff(en, Lang::En)?);
        let names = |lang| users.iter().map(|user| crm::format::user(scene.read, *user, lang)).collect::<Vec<_>>().join(", ");
        let said = Label::new(format!("Уведомлены: {}", names(Lang::Ru)), format!("Notified: {}", names(Lang::En)));
        Ok(Plan::one(Command::Notify { users, about: scene.item.at(), text, popup: settings.flag("popup") }, said))
    }

    fn told(&self, read: &dyn Read, settings: &Values) -> Outcome<Label> {
        let en = if settings.text("text_en").is_empty() { settings.text("text") } else { settings.text("text_en") };
        let (text, to) = (quote(settings.text("text"), en), whom_told(read, settings.text("to"))?);
        Ok(Label::new(format!("{}: {}", to.ru, text.ru), format!("{}: {}", to.en, text.en)))
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        place.check_people(settings, "to")
    }
}
