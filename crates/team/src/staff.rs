//! What a member of staff may do, from his role, his department and the types that exist.

use crate::directory::Directory;
use crate::journal;
use crm::{Cause, Moment, Outcome, Read, Refusal, Rights, Tx, User, UserId, Value};

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
    check(tx.read(), user)?;
    tx.put_user(user)
}

/// Takes somebody into the firm and writes it down.
///
/// # Errors
/// As [`hire`].
pub fn employ(tx: &mut dyn Tx, cause: &Cause, user: &mut User) -> Outcome<()> {
    hire(tx, user)?;
    journal::note_new(tx, cause, journal::of_user(user.id))
}

/// Changes name, place, role, substitute of a member of staff; his password stays as it is. Whether he works here is
/// changed by [`crate::dismissal`] only.
///
/// # Errors
/// As [`hire`], and refuses to leave the firm without an administrator.
pub fn change(tx: &mut dyn Tx, cause: &Cause, user: &mut User) -> Outcome<()> {
    let before = tx.user(user.id)?.ok_or_else(Refusal::not_found)?;
    user.password_hash.clone_from(&before.password_hash);
    user.active = before.active;
    check(tx.read(), user)?;
    tx.put_user(user)?;
    demand_administrator(tx.read())?;
    let changes = journal::differences([
        ("login", Value::text(&before.login), Value::text(&user.login)),
        ("first_name", Value::text(&before.first_name), Value::text(&user.first_name)),
        ("last_name", Value::text(&before.last_name), Value::text(&user.last_name)),
        ("post", Value::text(&before.post), Value::text(&user.post)),
        ("phone", Value::text(&before.phone), Value::text(&user.phone)),
        ("email", Value::text(&before.email), Value::text(&user.email)),
        ("role", Value::text(&before.role), Value::text(&user.role)),
        ("department", Value::Int(before.department), Value::Int(user.department)),
        ("substitute", Value::user(before.substitute), Value::user(user.substitute)),
        ("away_from", before.away_from.map_or(Value::Null, Value::moment), user.away_from.map_or(Value::Null, Value::moment)),
        ("away_until", before.away_until.map_or(Value::Null, Value::moment), user.away_until.map_or(Value::Null, Value::moment)),
    ]);
    journal::note(tx, cause, journal::of_user(user.id), changes)
}

/// Refuses to leave the firm without anybody who may set it up: asked after every change of people and roles.
///
/// # Errors
/// `last_administrator`.
pub fn demand_administrator(read: &dyn Read) -> Outcome<()> {
    let roles = read.roles()?;
    let admin = |user: &User| user.active && roles.iter().any(|role| role.admin && role.code == user.role);
    match read.users()?.iter().any(admin) {
        true => Ok(()),
        false => Err(Refusal::new(
            "last_administrator",
            "В фирме должен остаться хотя бы один администратор. Сначала назначьте другого",
            "The firm needs at least one administrator. Appoint another one first",
        )
        .into()),
    }
}

fn check(read: &dyn Read, user: &mut User) -> Outcome<()> {
    user.login = user.login.trim().to_lowercase();
    for text in [&mut user.first_name, &mut user.last_name, &mut user.post, &mut user.phone, &mut user.email] {
        *text = text.chars().filter(|letter| !letter.is_control()).take(255).collect::<String>().trim().to_owned();
    }
    let fine = |letter: char| letter.is_alphanumeric() || "._-@+".contains(letter);
    if user.login.is_empty() || user.login.chars().count() > 100 || !user.login.chars().all(fine) {
        return Err(Refusal::new("wrong_login", "Логин: до 100 букв, цифр и знаков . _ - @ +", "A login: up to 100 letters, digits and . _ - @ +").into());
    }
    if read.user_by_login(&user.login)?.is_some_and(|other| other.id != user.id) {
        return Err(Refusal::new("login_taken", format!("Логин «{}» уже занят", user.login), format!("The login {} is taken", user.login)).into());
    }
    if user.first_name.is_empty() {
        return Err(Refusal::new("no_name", "Укажите имя сотрудника", "Give the employee a name").into());
    }
    let roles = read.roles()?;
    if !roles.iter().any(|role| role.code == user.role) {
        let known = roles.iter().map(|role| role.code.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Refusal::new(
            "unknown_role",
            format!("Нет роли «{}». Есть: {known}", user.role),
            format!("There is no role {}. Known: {known}", user.role),
        )
        .into());
    }
    if user.department != 0 && !read.departments()?.iter().any(|one| one.id == user.department) {
        return Err(Refusal::new("unknown_department", "Такого отдела нет", "There is no such department").into());
    }
    check_absence(read, user)
}

fn check_absence(read: &dyn Read, user: &User) -> Outcome<()> {
    if user.substitute != UserId::SYSTEM {
        if user.substitute == user.id {
            return Err(Refusal::new("own_substitute", "Сотрудник не может замещать сам себя", "Nobody stands in for himself").into());
        }
        if read.user(user.substitute)?.is_none_or(|other| !other.active) {
            return Err(Refusal::new("unknown_substitute", "Замещающий больше не работает", "The substitute does not work here any more").into());
        }
    }
    match (user.away_from, user.away_until) {
        (Some(from), Some(until)) if until < from => {
            Err(Refusal::new("wrong_absence", "Отсутствие заканчивается раньше, чем начинается", "The absence ends before it begins").into())
        }
        _ => Ok(()),
    }
}
