//! What a member of staff may do, from his role, his department and the types that exist.

use crm::{Outcome, Read, Refusal, Rights, Tx, User, UserId};
use std::collections::BTreeSet;

pub use crm::staff::people as resolve_people;

/// What this person may do. An unknown role may nothing; `*` in a role stands for all types that it does not name.
///
/// # Errors
/// Only failures of the database.
pub fn rights_of(read: &dyn Read, user: &User) -> Outcome<Rights> {
    let mut rights = Rights { user: user.id, ..Rights::default() };
    if !user.active {
        return Ok(rights);
    }
    let Some(role) = read.roles()?.into_iter().find(|role| role.code == user.role) else { return Ok(rights) };
    rights.admin = role.admin;
    rights.automation = role.automation || role.admin;
    rights.department = colleagues(read, user)?;
    for shape in read.schema().types.values() {
        if let Some(may) = role.may.get(&shape.code).or_else(|| role.may.get("*")) {
            rights.grants.extend(may.iter().map(|(action, scope)| ((shape.id, *action), crm::Grant::of(*scope))));
        }
        let hidden = shape.fields.iter().filter(|field| !field.group.is_empty() && role.hidden_groups.contains(&field.group));
        rights.hidden.extend(hidden.map(|field| (shape.id, field.code.clone())));
    }
    Ok(rights)
}

/// The people of somebody's department, himself included.
fn colleagues(read: &dyn Read, user: &User) -> Outcome<BTreeSet<UserId>> {
    let mut people = BTreeSet::from([user.id]);
    if user.department != 0 {
        people.extend(read.users()?.into_iter().filter(|other| other.department == user.department).map(|other| other.id));
    }
    Ok(people)
}

/// Takes somebody into the firm.
///
/// # Errors
/// Refuses a login that is taken or badly written, and a role that does not exist.
pub fn hire(tx: &mut dyn Tx, user: &mut User) -> Outcome<()> {
    user.login = user.login.trim().to_lowercase();
    let fine = |letter: char| letter.is_alphanumeric() || "._-@+".contains(letter);
    if user.login.is_empty() || user.login.chars().count() > 100 || !user.login.chars().all(fine) {
        return Err(Refusal::new("wrong_login", "Логин: до 100 букв, цифр и знаков . _ - @ +", "A login: up to 100 letters, digits and . _ - @ +").into());
    }
    if tx.user_by_login(&user.login)?.is_some_and(|other| other.id != user.id) {
        return Err(Refusal::new("login_taken", format!("Логин «{}» уже занят", user.login), format!("The login {} is taken", user.login)).into());
    }
    let roles = tx.roles()?;
    if !roles.iter().any(|role| role.code == user.role) {
        let known = roles.iter().map(|role| role.code.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Refusal::new(
            "unknown_role",
            format!("Нет роли «{}». Есть: {known}", user.role),
            format!("There is no role {}. Known: {known}", user.role),
        )
        .into());
    }
    tx.put_user(user)
}
