//! Writes the client a letter.

use super::send_template::{demand_template, template_told};
use super::{Plan, Robot, communicate, quote};
use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Label, Outcome, Read, Values};

/// The channel of letters.
const CHANNEL: &str = "smtp";

/// Writes the client a letter.
pub struct SendEmail;

impl Robot for SendEmail {
    fn about(&self) -> About {
        About {
            code: "send_email",
            title: Label::new("Отправить письмо", "Send an e-mail"),
            help: Label::new(
                "Письмо клиенту: по шаблону или с темой и текстом, написанными здесь.",
                "A letter to the client: by a template, or with a subject and a text written here.",
            ),
            group: communicate(),
            icon: "mail",
            settings: vec![
                Field::new("template", "Шаблон", "Template", FieldKind::Text)
                    .help("Если выбран, тема и текст берутся из него", "If chosen, subject and text are taken from it"),
                Field::new("subject", "Тема", "Subject", FieldKind::Pattern),
                Field::new("body", "Текст", "Text", FieldKind::Pattern),
            ],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let code = settings.text("template");
        let (subject, body) = match code {
            "" => (settings.text("subject").to_owned(), settings.text("body").to_owned()),
            code => {
                let template = demand_template(scene.read, code, CHANNEL)?;
                (template.values.text("subject").to_owned(), template.values.text("body").to_owned())
            }
        };
        let subject = scene.fill(&subject, scene.firm.lang)?;
        // A subject is one line whatever the card's answers hold.
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = quote(&subject, &subject);
        let command = Command::SendMessage {
            about: scene.item.at(),
            channel: CHANNEL.to_owned(),
            template: code.to_owned(),
            text: scene.fill(&body, scene.firm.lang)?,
            subject,
            variables: Values::new(),
            key: String::new(),
        };
        Ok(Plan::one(command, Label::new(format!("Письмо {} в очереди на отправку", said.ru), format!("The letter {} is queued", said.en))))
    }

    fn told(&self, read: &dyn Read, settings: &Values) -> Outcome<Label> {
        match settings.text("template") {
            "" => Ok(quote(settings.text("subject"), settings.text("subject"))),
            code => template_told(read, code, CHANNEL),
        }
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        let mut wrong = place.check_template(settings, CHANNEL)?;
        if settings.text("template").is_empty() {
            for (code, ru, en) in [
                ("subject", "напишите тему или выберите шаблон", "write a subject or choose a template"),
                ("body", "напишите текст или выберите шаблон", "write a text or choose a template"),
            ] {
                if settings.text(code).trim().is_empty() {
                    wrong.push((code.to_owned(), Label::new(ru, en)));
                }
            }
        }
        Ok(wrong)
    }
}
