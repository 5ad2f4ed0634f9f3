//! What changed in people, roles and departments, who changed it and when: lines of the one log, under numbers of kinds
//! that have no items ([`kind::STAFF`], [`kind::ROLE`], [`kind::DEPARTMENT`]). No rule answers to them.

use crm::{Cause, Change, Event, Fact, Item, ItemRef, Outcome, Read, Seq, Tx, UserId, Value, Values, kind};
use sha2::{Digest, Sha256};

/// Under which number the changes of a member of staff stand.
pub fn of_user(user: UserId) -> ItemRef {
    ItemRef::new(kind::STAFF, user.0)
}

/// Under which number the changes of a department stand.
pub fn of_department(department: i64) -> ItemRef {
    ItemRef::new(kind::DEPARTMENT, department)
}

/// Under which number the changes of a role stand: roles have codes, so it is made of the code.
pub fn of_role(code: &str) -> ItemRef {
    let number = Sha256::digest(code.as_bytes()).iter().take(6).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
    ItemRef::new(kind::ROLE, number)
}

/// Writes down what changed; nothing changed is no line.
///
/// # Errors
/// Only failures of the database.
pub fn note(tx: &mut dyn Tx, cause: &Cause, at: ItemRef, changes: Vec<Change>) -> Outcome<()> {
    match changes.is_empty() {
        true => Ok(()),
        false => record(tx, cause, at, Fact::Changed { changes }),
    }
}

/// Writes down that somebody or something is new.
///
/// # Errors
/// Only failures of the database.
pub fn note_new(tx: &mut dyn Tx, cause: &Cause, at: ItemRef) -> Outcome<()> {
    record(tx, cause, at, Fact::Created)
}

fn record(tx: &mut dyn Tx, cause: &Cause, at: ItemRef, fact: Fact) -> Outcome<()> {
    let nothing = Item { kind: at.kind, id: at.id, version: 0, values: Values::new() };
    tx.record(&nothing, &cause.clone().quietly(), fact)
}

/// The last lines, the newest first.
///
/// # Errors
/// Only failures of the database.
pub fn lines(read: &dyn Read, at: ItemRef, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
    read.timeline(at, before, limit)
}

/// The pairs that differ, as changes.
pub fn differences<'a>(pairs: impl IntoIterator<Item = (&'a str, Value, Value)>) -> Vec<Change> {
    pairs.into_iter().filter(|(_, old, new)| old != new).map(|(field, old, new)| Change { field: field.to_owned(), old, new }).collect()
}
