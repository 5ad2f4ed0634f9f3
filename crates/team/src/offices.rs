//! Departments and offices: a tree in which everything hangs below something else but the top.

use crate::directory::Directory;
use crate::journal;
use crm::{Cause, Department, Outcome, Refusal, Tx, UserId, Value};

/// Saves a new or changed department; a new one without a code gets one.
///
/// # Errors
/// Refuses a ring, an unknown head, an unknown zone, no title, and to close what still has people.
pub fn save(tx: &mut dyn Tx, cause: &Cause, department: &mut Department) -> Outcome<()> {
    let directory = Directory::read(tx.read())?;
    let before = directory.departments.get(&department.id).cloned();
    if department.id != 0 && before.is_none() {
        return Err(Refusal::not_found().into());
    }
    check(&directory, department)?;
    if department.code.is_empty() {
        department.code = free_code(&directory);
    }
    tx.put_department(department)?;
    let at = journal::of_department(department.id);
    let Some(before) = before else { return journal::note_new(tx, cause, at) };
    let changes = journal::differences([
        ("title", Value::text(&before.title.ru), Value::text(&department.title.ru)),
        ("title_en", Value::text(&before.title.en), Value::text(&department.title.en)),
        ("parent", Value::Int(before.parent), Value::Int(department.parent)),
        ("head", Value::user(before.head), Value::user(department.head)),
        ("office", Value::Flag(before.office), Value::Flag(department.office)),
        ("zone", Value::text(&before.zone), Value::text(&department.zone)),
        ("closed", Value::Flag(before.closed), Value::Flag(department.closed)),
    ]);
    journal::note(tx, cause, at, changes)
}

/// Hangs a department, with all below it, under another one; 0: on top.
///
/// # Errors
/// As [`save`].
pub fn move_under(tx: &mut dyn Tx, cause: &Cause, department: i64, parent: i64) -> Outcome<()> {
    let mut department = tx.departments()?.into_iter().find(|one| one.id == department).ok_or_else(Refusal::not_found)?;
    department.parent = parent;
    save(tx, cause, &mut department)
}

fn check(directory: &Directory, department: &mut Department) -> Outcome<()> {
    for text in [&mut department.title.ru, &mut department.title.en] {
        *text = text.chars().filter(|letter| !letter.is_control()).take(255).collect::<String>().trim().to_owned();
    }
    if department.title.ru.is_empty() {
        department.title.ru.clone_from(&department.title.en);
    }
    if department.title.en.is_empty() {
        department.title.en.clone_from(&department.title.ru);
    }
    if department.title.ru.is_empty() {
        return Err(Refusal::new("no_title", "Назовите отдел", "Give the department a name").into());
    }
    if department.parent != 0 && !directory.departments.contains_key(&department.parent) {
        return Err(Refusal::new("unknown_department", "Такого отдела нет", "There is no such department").into());
    }
    if department.id != 0 && directory.tree(department.id).contains(&department.parent) {
        return Err(Refusal::new(
            "ring",
            format!("«{}» нельзя подчинить самому себе или тому, что ему подчинено", department.title.ru),
            format!("{} cannot stand below itself or what stands below it", department.title.en),
        )
        .into());
    }
    if department.head != UserId::SYSTEM && directory.users.get(&department.head).is_none_or(|head| !head.active) {
        return Err(Refusal::new("unknown_head", "Такой руководитель здесь не работает", "Such a head does not work here").into());
    }
    if !department.zone.is_empty() && jiff::tz::TimeZone::get(&department.zone).is_err() {
        let zone = &department.zone;
        return Err(Refusal::new("unknown_zone", format!("Часового пояса «{zone}» нет"), format!("There is no time zone {zone}")).into());
    }
    if department.closed {
        let people = directory.tree(department.id).into_iter().flat_map(|one| directory.members(one));
        let count = people.filter(|user| directory.users.get(user).is_some_and(|user| user.active)).count();
        if count > 0 {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            let word = crm::format::plural(count, ["человек", "человека", "человек"]);
            return Err(Refusal::new(
                "people_left",
                format!("В «{}» ещё работают {count} {word}. Сначала переведите их", department.title.ru),
                format!("{count} people still work in {}. Move them first", department.title.en),
            )
            .into());
        }
    }
    Ok(())
}

/// A code that nobody has.
fn free_code(directory: &Directory) -> String {
    let taken = |code: &str| directory.departments.values().any(|one| one.code == code);
    (directory.departments.len() + 1..).map(|number| format!("d{number}")).find(|code| !taken(code)).expect("some number is free")
}
