//! Roles as the firm sets them up: saved with a word in the log about every permission that changed.

use crate::{journal, staff};
use crm::{Action, Cause, Change, Outcome, Read, Refusal, Role, Scope, Tx, Value};
use std::collections::BTreeSet;

/// All actions, in the order in which a matrix shows them.
pub const ACTIONS: [Action; 5] = [Action::Read, Action::Create, Action::Change, Action::Delete, Action::Export];
/// All scopes, from nothing to everything.
pub const SCOPES: [Scope; 7] = [Scope::None, Scope::Own, Scope::Department, Scope::Departments, Scope::Office, Scope::Offices, Scope::All];

/// The word under which an action is stored.
pub fn action_code(action: Action) -> &'static str {
    match action {
        Action::Read => "read",
        Action::Create => "create",
        Action::Change => "change",
        Action::Delete => "delete",
        Action::Export => "export",
    }
}

/// The word under which a scope is stored.
pub fn scope_code(scope: Scope) -> &'static str {
    match scope {
        Scope::None => "none",
        Scope::Own => "own",
        Scope::Department => "department",
        Scope::Departments => "departments",
        Scope::Office => "office",
        Scope::Offices => "offices",
        Scope::All => "all",
    }
}

/// The scope under a word.
pub fn scope_of(code: &str) -> Option<Scope> {
    SCOPES.into_iter().find(|scope| scope_code(*scope) == code)
}

/// Saves a new or changed role.
///
/// # Errors
/// Refuses a code or a title that is none, and to leave the firm without an administrator.
pub fn save(tx: &mut dyn Tx, cause: &Cause, role: &Role) -> Outcome<()> {
    let plain = role.code.starts_with(|letter: char| letter.is_ascii_lowercase())
        && role.code.len() <= 50
        && role.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !plain {
        return Err(Refusal::new(
            "wrong_code",
            "Код роли: латинские строчные буквы, цифры и подчёркивание, первой буква",
            "The code of a role: lower-case letters, digits and underscores, a letter first",
        )
        .into());
    }
    if role.title.ru.trim().is_empty() && role.title.en.trim().is_empty() {
        return Err(Refusal::new("no_title", "Назовите роль", "Give the role a name").into());
    }
    let before = tx.roles()?.into_iter().find(|one| one.code == role.code);
    tx.put_role(role)?;
    staff::demand_administrator(tx.read())?;
    match before {
        Some(before) => journal::note(tx, cause, journal::of_role(&role.code), differences(&before, role)),
        None => journal::note_new(tx, cause, journal::of_role(&role.code)),
    }
}

/// Saves a role that must not exist yet.
///
/// # Errors
/// As [`save`], and refuses a code that is taken.
pub fn save_new(tx: &mut dyn Tx, cause: &Cause, role: &Role) -> Outcome<()> {
    if tx.roles()?.iter().any(|one| one.code == role.code) {
        return Err(Refusal::new("role_taken", format!("Роль с кодом «{}» уже есть", role.code), format!("There is a role {} already", role.code)).into());
    }
    save(tx, cause, role)
}

/// What differs between two versions of a role: `deal/main change` from `own` to `none`.
pub fn differences(before: &Role, after: &Role) -> Vec<Change> {
    let words = |set: &BTreeSet<String>| Value::text(set.iter().cloned().collect::<Vec<_>>().join(", "));
    let mut changes = journal::differences([
        ("title", Value::text(&before.title.ru), Value::text(&after.title.ru)),
        ("title_en", Value::text(&before.title.en), Value::text(&after.title.en)),
        ("admin", Value::Flag(before.admin), Value::Flag(after.admin)),
        ("automation", Value::Flag(before.automation), Value::Flag(after.automation)),
        ("constructor", Value::Flag(before.constructor), Value::Flag(after.constructor)),
        ("hidden_groups", words(&before.hidden_groups), words(&after.hidden_groups)),
        ("locked_groups", words(&before.locked_groups), words(&after.locked_groups)),
        ("pool", words(&before.pool), words(&after.pool)),
    ]);
    let places: BTreeSet<&String> = before.may.keys().chain(after.may.keys()).collect();
    for place in places {
        for action in ACTIONS {
            let word = |role: &Role| role.may.get(place).and_then(|may| may.get(&action)).map_or(Value::Null, |scope| Value::text(scope_code(*scope)));
            let (old, new) = (word(before), word(after));
            if old != new {
                changes.push(Change { field: format!("{place} {}", action_code(action)), old, new });
            }
        }
    }
    changes
}

/// How many people who work here have each role.
///
/// # Errors
/// Only failures of the database.
pub fn people_count(read: &dyn Read) -> Outcome<std::collections::BTreeMap<String, usize>> {
    let mut counts = std::collections::BTreeMap::new();
    for user in crate::directory::Directory::committed(read)?.users.values().filter(|user| user.active) {
        *counts.entry(user.role.clone()).or_default() += 1;
    }
    Ok(counts)
}
