//! A filled form becomes a client and a card, or joins those that are there.

use super::{Desk, clients};
use crate::form::ask::{Form, Question, form_of};
use crate::provider::{Consent, Filled};
use crm::{Actor, Cause, Command, EntityType, Fact, Item, Label, Lang, Outcome, Point, Read, Refusal, Rights, Schema, Tx, UserId, Value, Values, code, kind};

/// Answers sorted by the card they belong to, each in the kind of its field.
#[derive(Default)]
struct Sorted {
    contact: Values,
    card: Values,
    /// All of them under the names of their questions, for the timeline.
    all: Values,
}

/// Takes a filled form; the card that it led to.
///
/// # Errors
/// A refusal that names every wrong answer by its question.
pub fn take(tx: &mut dyn Tx, desk: &Desk<'_>, filled: &Filled) -> Outcome<Item> {
    let shape = clients::card_kind(tx.read(), desk)?;
    let form = form_of(desk.account);
    let mut sorted = sort(&tx.schema(), &form, &shape, filled)?;
    remember_origin(&mut sorted.all, desk, filled);
    let normal = |field: &str| sorted.contact.points(field).first().map(|point| point.normal.clone());
    let (phone, email) = (normal(code::PHONE), normal(code::EMAIL));
    if phone.is_none() && email.is_none() {
        let reason = Label::new("Укажите телефон или адрес почты", "Give a phone number or an e-mail address");
        return Err(Refusal::new("wrong_values", "Проверьте поля формы", "Check the fields of the form").at("contact.phone", reason).into());
    }
    let known = clients::find(tx, phone.as_deref(), email.as_deref())?;
    let repeat = known.is_some();
    let open = match &known {
        Some(contact) => clients::open_card(tx.read(), shape.id, contact)?,
        None => None,
    };
    let responsible = match &open {
        Some(card) => card.responsible(),
        None => clients::responsible(tx.read(), desk, shape.id)?,
    };
    let contact = match known {
        Some(contact) => fill_contact(tx, desk, &contact, &sorted.contact, &filled.consents)?,
        None => new_contact(tx, desk, &sorted.contact, &filled.consents, responsible)?,
    };
    let cause = desk.client(contact.id);
    let fact = Fact::FormFilled { form: form.code, title: form.title, answers: sorted.all, repeat };
    match open {
        Some(card) => {
            tx.record(&card, &cause, fact)?;
            came_again(tx, desk, &cause, &card, &contact)?;
            fill_empty(tx, &cause, &card, sorted.card)
        }
        None => {
            let said = said_of_himself(&tx.schema(), &shape, &sorted.contact);
            let values = card_values(desk, &shape, with_all(said, sorted.card), filled, &contact, responsible, repeat);
            crm::item::create_with(tx, &Rights::system(), &cause, shape.id, &values, vec![fact])
        }
    }
}

/// A client who asks again while his card is open stands on its stage already, so no robot of that stage starts: whoever
/// answers for the card sees it jump up all the same.
fn came_again(tx: &mut dyn Tx, desk: &Desk<'_>, cause: &Cause, card: &Item, contact: &Item) -> Outcome<()> {
    if card.responsible() == UserId::SYSTEM {
        return Ok(());
    }
    let (name, number) = (contact.title(), card.id);
    let text =
        Label::new(format!("{name} снова оставляет заявку: карточка № {number} ещё открыта"), format!("{name} applies again: card No. {number} is still open"));
    let command = Command::Notify { users: vec![card.responsible()], about: card.at(), text, popup: true };
    desk.executor.execute(tx, &Rights::system(), cause, &command).map(|_| ())
}

/// Gives every answer the kind of its field, or names every wrong one by its question.
fn sort(schema: &Schema, form: &Form, shape: &EntityType, filled: &Filled) -> Result<Sorted, Refusal> {
    let mut sorted = Sorted::default();
    let mut wrong = Vec::new();
    for question in &form.questions {
        let Some((_, typed)) = filled.answers.iter().find(|(name, _)| *name == question.name) else { continue };
        match accept(schema, question, typed) {
            Ok(Value::Null) => {}
            Ok(value) => {
                let (of, field) = question.name.split_once('.').unwrap_or(("", &question.name));
                if question.field(schema).is_some_and(|field| !field.read_only) {
                    if of == shape.code {
                        sorted.card.set(field, value.clone());
                    } else if schema.kind_by_code(of).is_some_and(|of| of.id == kind::CONTACT) {
                        sorted.contact.set(field, value.clone());
                    }
                }
                sorted.all.set(question.name.clone(), value);
            }
            Err(reason) => wrong.push((question.name.clone(), reason)),
        }
    }
    match wrong.is_empty() {
        true => Ok(sorted),
        false => Err(Refusal { fields: wrong, ..Refusal::new("wrong_values", "Проверьте поля формы", "Check the fields of the form") }),
    }
}

fn accept(schema: &Schema, question: &Question, typed: &[String]) -> Result<Value, Label> {
    let title = question.title(schema);
    let Some(field) = question.field(schema) else {
        // A question without a field is kept in the timeline only.
        let text = typed.join(", ");
        return match text.chars().count() {
            0..=4_000 => Ok(Value::Text(text)),
            _ => Err(Label::new(format!("«{}»: не больше 4000 знаков", title.ru), format!("{}: at most 4000 characters", title.en))),
        };
    };
    let mut field = field.clone();
    field.title = title;
    let given = match (field.multiple || field.is_points(), typed) {
        (true, many) => Value::Many(many.iter().map(Value::text).collect()),
        (false, [first, ..]) => Value::text(first),
        (false, []) => Value::Null,
    };
    // Plain text fields do not forbid line breaks, a visitor's one-line answer does not need them.
    field.accept(&given).map_err(|refusal| refusal.fields.into_iter().next().map_or(refusal.text, |(_, reason)| reason))
}

/// Marks, page and consents stand beside the answers.
fn remember_origin(all: &mut Values, desk: &Desk<'_>, filled: &Filled) {
    for (name, value) in &filled.marks.0 {
        all.set(name.clone(), value.clone());
    }
    for (name, text) in [("landing", &filled.landing), ("referrer", &filled.referrer)] {
        if !text.is_empty() {
            all.set(name, Value::text(text));
        }
    }
    for consent in &filled.consents {
        let record = Values::from([
            ("text_hash", Value::text(&consent.text_hash)),
            ("at", Value::moment(desk.now)),
            ("ip", Value::text(&consent.ip)),
            ("agent", Value::text(&consent.agent)),
            ("lang", Value::text(filled.lang.code())),
        ]);
        all.set(consent.kind, Value::Record(record));
    }
}

/// The moments of the consents, as fields of the client.
fn consent_times(desk: &Desk<'_>, consents: &[Consent]) -> Values {
    let field = |consent: &Consent| if consent.kind == "consent" { "consent_pd_at" } else { "consent_ad_at" };
    Values(consents.iter().map(|consent| (field(consent).to_owned(), Value::moment(desk.now))).collect())
}

fn new_contact(tx: &mut dyn Tx, desk: &Desk<'_>, answers: &Values, consents: &[Consent], responsible: UserId) -> Outcome<Item> {
    let mut values = answers.clone();
    values.0.extend(consent_times(desk, consents).0);
    values.set(code::RESPONSIBLE, Value::user(responsible));
    let values = known_only(tx.read(), kind::CONTACT, values);
    crm::item::create(tx, &Rights::system(), &desk.client(0), kind::CONTACT, &values)
}

/// A form is anonymous: it fills what is empty in a known client and overwrites nothing but the time of consent.
fn fill_contact(tx: &mut dyn Tx, desk: &Desk<'_>, contact: &Item, answers: &Values, consents: &[Consent]) -> Outcome<Item> {
    let mut values = answers.clone();
    values.0.retain(|field, _| contact.values.get(field).is_empty());
    values.0.extend(consent_times(desk, consents).0);
    let values = known_only(tx.read(), kind::CONTACT, values);
    crm::item::change(tx, &Rights::system(), &desk.client(contact.id), contact.at(), &values)
}

fn fill_empty(tx: &mut dyn Tx, cause: &Cause, card: &Item, mut answers: Values) -> Outcome<Item> {
    answers.0.retain(|field, _| card.values.get(field).is_empty());
    crm::item::change(tx, &Rights::system(), cause, card.at(), &answers)
}

/// What the client said of himself stands on the card too where the card asks the same: a lead keeps name and phone as
/// they were given, whatever the client's own record says.
fn said_of_himself(schema: &Schema, shape: &EntityType, answers: &Values) -> Values {
    let equal = |code: &str| match (schema.field(kind::CONTACT, code), shape.field(code)) {
        (Some(of_client), Some(of_card)) => of_client.kind == of_card.kind && !of_card.read_only && code != code::TITLE,
        _ => false,
    };
    Values(answers.0.iter().filter(|(code, _)| equal(code)).map(|(code, value)| (code.clone(), value.clone())).collect())
}

/// The name of a new card: its type's own way of naming counts, if it has one.
fn card_title(desk: &Desk<'_>, shape: &EntityType, contact: &Item, words: [&str; 2]) -> Value {
    if !shape.naming.trim().is_empty() {
        return Value::Null;
    }
    let word = if desk.firm.lang == Lang::Ru { words[0] } else { words[1] };
    Value::text(format!("{word}: {}", contact.title()).chars().take(255).collect::<String>())
}

fn card_values(desk: &Desk<'_>, shape: &EntityType, answers: Values, filled: &Filled, contact: &Item, responsible: UserId, repeat: bool) -> Values {
    let mut values = filled.marks.clone();
    values.set(code::TITLE, card_title(desk, shape, contact, ["Заявка", "Application"]));
    values.set(code::CONTACT, Value::Int(contact.id));
    values.set(code::RESPONSIBLE, Value::user(responsible));
    values.set("form", Value::text(&desk.account.code));
    values.set("source", Value::text(if desk.firm.lang == Lang::Ru { "Сайт" } else { "Site" }));
    if !filled.landing.is_empty() {
        values.set("source_details", Value::text(filled.landing.chars().take(255).collect::<String>()));
    }
    if repeat {
        values.set("repeat_client", Value::Flag(true));
    }
    values.0.extend(answers.0);
    values.0.retain(|field, _| shape.has(field));
    values
}

/// The answers of both; the second ones count.
fn with_all(mut first: Values, second: Values) -> Values {
    first.0.extend(second.0);
    first
}

fn known_only(tx: &dyn Read, of: crm::EntityTypeId, mut values: Values) -> Values {
    let schema = tx.schema();
    values.0.retain(|field, _| schema.field(of, field).is_some());
    values
}

/// A stranger who wrote becomes a client and a card.
pub(super) fn newcomer(tx: &mut dyn Tx, desk: &Desk<'_>, phone: &str, name: &str) -> Outcome<(Item, Item)> {
    let shape = clients::card_kind(tx.read(), desk)?;
    let responsible = clients::responsible(tx.read(), desk, shape.id)?;
    let mut answers = Values::from([(code::PHONE, Value::points(vec![Point { raw: phone.to_owned(), ..Point::default() }]))]);
    if !name.trim().is_empty() {
        answers.set(code::TITLE, Value::text(name.trim()));
        answers.set("first_name", Value::text(name.trim()));
    }
    let contact = new_contact(tx, desk, &answers, &[], responsible)?;
    let mut values = Values::from([
        (code::TITLE, card_title(desk, &shape, &contact, ["Обращение", "Request"])),
        (code::CONTACT, Value::Int(contact.id)),
        (code::RESPONSIBLE, Value::user(responsible)),
        ("source", Value::text(&desk.account.title)),
    ]);
    values.0.retain(|field, _| shape.has(field));
    let cause = Cause::new(Actor::Client { account: desk.account.id, contact: contact.id }, desk.now);
    let card = crm::item::create(tx, &Rights::system(), &cause, shape.id, &values)?;
    Ok((contact, card))
}
