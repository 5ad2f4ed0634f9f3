//! What a member of staff may do, from his role, his department and the types that exist.

use crate::directory::Directory;
use crm::{Moment, Outcome, Read, Refusal, Rights, Tx, User};

pub use crm::staff::people as resolve_people;

/// What this person may do at a moment, as it was committed last: only for snapshots, never inside a transaction.
/// An unknown role may nothing; `*` in a role stands for all types that it does not name.
///
/// # Errors
/// Only failures of the database.
pub fn rights_of(read: &dyn Read, user: &User, now: Moment) -> Outcome<Rights> {
    Ok(Directory::committed(read)?.rights(&read.schema(), user, now))
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
