//! A client wrote: his message joins his newest open card and opens the 24 hours in which he may be answered freely.

use super::{Desk, clients, form};
use crate::provider::Letter;
use crate::send::title;
use crm::{Command, Fact, Item, Label, Outcome, Rights, Tx, UserId, Value, Values, code, kind};

/// Whoever writes only this takes back his consent to mailings (domain.md C.6.6).
const STOP: [&str; 6] = ["стоп", "stop", "отписка", "отписаться", "не пишите", "unsubscribe"];

/// Takes a message; the card it belongs to.
pub fn take(tx: &mut dyn Tx, desk: &Desk<'_>, letter: &Letter) -> Outcome<Item> {
    let (contact, card) = match clients::find(tx, Some(&letter.from), None)? {
        Some(contact) => {
            let of = clients::card_kind(tx.read(), desk)?.id;
            let open = clients::open_card(tx.read(), of, &contact)?;
            let card = match open {
                Some(card) => card,
                None => clients::last_card(tx.read(), of, &contact)?.unwrap_or_else(|| contact.clone()),
            };
            (contact, card)
        }
        None => form::newcomer(tx, desk, &letter.from, &letter.name)?,
    };
    let cause = desk.client(contact.id);
    let values = Values::from([
        (code::TITLE, Value::text(title("", &letter.text))),
        (code::ABOUT, Value::item(card.at())),
        (code::CONTACT, Value::Int(contact.id)),
        (code::RESPONSIBLE, Value::user(card.responsible())),
        ("account", Value::Int(desk.account.id.0)),
        ("provider", Value::text(&desk.account.provider)),
        ("direction", Value::text("in")),
        ("address", Value::text(&letter.from)),
        ("body", Value::text(&letter.text)),
        ("provider_ref", Value::text(&letter.provider_ref)),
    ]);
    let message = crm::item::create(tx, &Rights::system(), &cause, kind::MESSAGE, &values)?;
    tx.record(&message, &cause, Fact::MessageReceived { message: message.at() })?;
    let stop = says_stop(&letter.text);
    let mut heard = Values::from([("last_inbound_at", Value::moment(desk.now))]);
    if stop {
        heard.set("consent_ad_at", Value::Null);
    }
    crm::item::change(tx, &Rights::system(), &cause, contact.at(), &heard)?;
    tell(tx, desk, &cause, &card, &contact, letter, stop)?;
    Ok(card)
}

/// Whoever answers for the card hears of it at once: the client waits.
fn tell(tx: &mut dyn Tx, desk: &Desk<'_>, cause: &crm::Cause, card: &Item, contact: &Item, letter: &Letter, stop: bool) -> Outcome<()> {
    if card.responsible() == UserId::SYSTEM {
        return Ok(());
    }
    let (name, words) = (contact.title(), title("", &letter.text));
    let text = match stop {
        true => Label::new(format!("{name} просит больше не писать: «{words}»"), format!("{name} asks not to be written to: {words}")),
        false => Label::new(format!("{name} пишет: «{words}»"), format!("{name} writes: {words}")),
    };
    let command = Command::Notify { users: vec![card.responsible()], about: card.at(), text, popup: false };
    desk.executor.execute(tx, &Rights::system(), cause, &command).map(|_| ())
}

fn says_stop(text: &str) -> bool {
    let plain: String = text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric() || letter.is_whitespace()).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    STOP.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::says_stop;

    #[test]
    fn only_a_message_that_says_nothing_else_is_a_stop() {
        for text in ["СТОП", "стоп!", " Не пишите. ", "unsubscribe"] {
            assert!(says_stop(text), "{text}");
        }
        for text in ["", "стоп-кран сорвали", "не пишите мне на почту, звоните", "не стоп"] {
            assert!(!says_stop(text), "{text}");
        }
    }
}
