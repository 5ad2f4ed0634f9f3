//! What members of staff are told: a line under the bell, or a card that jumps up with a sound.

use crm::entity::{code, kind};
use crm::{Cause, Change, Fact, Filter, Item, ItemRef, Label, Moment, Op, Outcome, Query, Read, Refusal, Rights, Tx, UserId, Value, Values};

/// When it was read.
const READ_AT: &str = "read_at";

/// Tells people something on account of a card (`0:0`: on account of nothing). Everybody is told once, who has left the
/// firm is not told at all.
///
/// # Errors
/// `nobody_to_tell` when nobody is left to be told, `not_found` when the card does not exist.
pub fn notify(tx: &mut dyn Tx, cause: &Cause, users: &[UserId], about: ItemRef, text: &Label, popup: bool) -> Outcome<Vec<Item>> {
    let mut values = Values::from([(code::TITLE, Value::text(line(&text.ru))), ("text_en", Value::text(line(&text.en))), ("popup", Value::Flag(popup))]);
    if about != ItemRef::default() {
        let card = tx.item(&Rights::system(), about)?.ok_or_else(Refusal::not_found)?;
        values.set(code::ABOUT, Value::item(about));
        if card.contact() != 0 {
            values.set(code::CONTACT, Value::Int(card.contact()));
        }
    }
    let mut told: Vec<Item> = Vec::new();
    for user in users {
        if told.iter().any(|notice| notice.responsible() == *user) || tx.user(*user)?.is_none_or(|user| !user.active) {
            continue;
        }
        // The store puts the number of the new notice in place of 0.
        let fact = Fact::Notified { notification: ItemRef::new(kind::NOTIFICATION, 0), user: *user, popup };
        let values = values.clone().with(code::RESPONSIBLE, Value::user(*user));
        told.push(crm::item::create_with(tx, &Rights::system(), cause, kind::NOTIFICATION, &values, vec![fact])?);
    }
    match told.is_empty() {
        true => Err(Refusal::new("nobody_to_tell", "Сообщить некому: таких сотрудников нет", "There is nobody to tell").into()),
        false => Ok(told),
    }
}

/// One line of at most 255 letters.
fn line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().count() > 255 {
        true => text.chars().take(254).chain(['…']).collect(),
        false => text,
    }
}

/// Somebody has read his notice. Reading it again changes nothing.
///
/// # Errors
/// `not_found` for the notices of others.
pub fn mark_read(tx: &mut dyn Tx, user: UserId, cause: &Cause, notice: ItemRef) -> Outcome<()> {
    let own = tx.item(&Rights::system(), notice)?.filter(|item| item.kind == kind::NOTIFICATION && item.responsible() == user);
    let mut item = own.ok_or_else(Refusal::not_found)?;
    if item.values.moment(READ_AT).is_some() {
        return Ok(());
    }
    item.values.set(READ_AT, Value::moment(cause.at));
    let change = Change { field: READ_AT.to_owned(), old: Value::Null, new: Value::moment(cause.at) };
    tx.save(&mut item, cause, vec![Fact::Changed { changes: vec![change] }])
}

/// Somebody has read everything he was told until a moment; how many notices that were.
///
/// # Errors
/// Only failures of the database.
pub fn mark_all_read(tx: &mut dyn Tx, user: UserId, cause: &Cause, until: Moment) -> Outcome<u32> {
    let mut marked = 0;
    for notice in tx.items(&Rights::system(), &waiting(user).limit(500))? {
        if notice.values.moment(code::CREATED_AT).is_none_or(|at| at <= until) {
            mark_read(tx, user, cause, notice.at())?;
            marked += 1;
        }
    }
    Ok(marked)
}

/// What somebody was told and has not read: the newest fifty, the newest first.
///
/// # Errors
/// Only failures of the database.
pub fn unread(read: &dyn Read, user: UserId) -> Outcome<Vec<Item>> {
    read.items(&Rights::system(), &waiting(user))
}

/// How many notices somebody has not read, counted up to 100.
///
/// # Errors
/// Only failures of the database.
pub fn unread_count(read: &dyn Read, user: UserId) -> Outcome<u64> {
    Ok(read.count(&Rights::system(), &waiting(user), 100)?.counted)
}

fn waiting(user: UserId) -> Query {
    Query::of(kind::NOTIFICATION).filter(Filter::is(code::RESPONSIBLE, Op::Eq, Value::user(user))).filter(Filter::is(READ_AT, Op::Empty, Value::Null))
}
