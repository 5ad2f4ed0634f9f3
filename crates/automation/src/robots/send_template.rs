//! Sends the client a message by a template that the channel's provider approved.

use super::{Plan, Robot, communicate, short};
use crate::place::{self, Place, Wrong};
use crate::scene::Scene;
use crm::text::{Piece, pieces};
use crm::{About, Command, Field, FieldKind, Item, Label, Outcome, Read, Refusal, Value, Values};

/// Sends the client a message by a template.
pub struct SendTemplate;

impl Robot for SendTemplate {
    fn about(&self) -> About {
        About {
            code: "send_template",
            title: Label::new("Отправить сообщение по шаблону", "Send a message by a template"),
            help: Label::new("Пишет клиенту в мессенджер по утверждённому шаблону.", "Writes to the client in a messenger by an approved template."),
            group: communicate(),
            icon: "brand-whatsapp",
            settings: vec![
                Field::new("channel", "Канал", "Channel", FieldKind::Text).required().default(Value::text("twilio_whatsapp")),
                Field::new("template", "Шаблон", "Template", FieldKind::Text).required(),
            ],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let template = demand_template(scene.read, settings.text("template"), settings.text("channel"))?;
        let body = template.values.text("body");
        let text = scene.fill(body, scene.firm.lang)?;
        let command = Command::SendMessage {
            about: scene.item.at(),
            channel: settings.text("channel").to_owned(),
            template: settings.text("template").to_owned(),
            text,
            subject: String::new(),
            variables: variables(scene, body),
            key: String::new(),
        };
        Ok(Plan::one(
            command,
            Label::new(format!("Сообщение «{}» в очереди на отправку", template.title()), format!("The message “{}” is queued", template.title())),
        ))
    }

    fn told(&self, read: &dyn Read, settings: &Values) -> Outcome<Label> {
        template_told(read, settings.text("template"), settings.text("channel"))
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        place.check_template(settings, settings.text("channel"))
    }
}

/// The holes of a body as the provider numbers them: every hole in the order in which it stands, repeated ones too.
fn variables(scene: &Scene<'_>, body: &str) -> Values {
    let holes = pieces(body).into_iter().filter_map(|piece| match piece {
        Piece::Hole { name, modifier } => scene.answer(name, modifier, scene.firm.lang),
        Piece::Plain(_) => None,
    });
    Values(holes.zip(1..).map(|(answer, number): (String, u32)| (number.to_string(), Value::Text(answer))).collect())
}

/// The template with this code for this channel.
///
/// # Errors
/// Refuses when there is none (any more).
pub(super) fn demand_template(read: &dyn Read, code: &str, channel: &str) -> Outcome<Item> {
    let template = place::template(read, code, channel)?
        .ok_or_else(|| Refusal::new("unknown_template", format!("Шаблона «{code}» нет"), format!("There is no template {code}")))?;
    match template.values.text("channel") == channel {
        true => Ok(template),
        false => Err(Refusal::new(
            "unknown_template",
            format!("Шаблон «{}» для другого канала", template.title()),
            format!("The template {} is for another channel", template.title()),
        )
        .into()),
    }
}

/// A template's name for the robots page.
///
/// # Errors
/// Only failures of the database.
pub(super) fn template_told(read: &dyn Read, code: &str, channel: &str) -> Outcome<Label> {
    Ok(match place::template(read, code, channel)? {
        Some(template) => super::quote(template.title(), template.title()),
        None => Label::same(short(code)),
    })
}
