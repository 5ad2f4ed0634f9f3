//! Tasks: giving, doing, being late. A task is an item, so its fields, lists and rights are those of any item; what is
//! particular about it stands here.

use crate::notices;
use crm::entity::{code, kind};
use crm::{Action, Cause, Change, Command, Fact, FieldKind, Item, ItemRef, Job, Label, Moment, Outcome, Refusal, Rights, Tx, UserId, Value, Values};

/// Code of the field with the status: `pending`, `in_progress`, `deferred`, `completed`.
pub const STATUS: &str = "status";
/// Code of the field with the moment until which it has to be done.
pub const DEADLINE: &str = "deadline";
/// The status in which nothing more is to be done.
pub const COMPLETED: &str = "completed";

/// A task to be given, as [`Command::CreateTask`] describes it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// For which card; `None` for a task of its own.
    pub about: Option<ItemRef>,
    /// Who has to do it.
    pub to: UserId,
    /// What.
    pub title: &'a str,
    /// In detail.
    pub description: &'a str,
    /// Until when.
    pub deadline: Option<Moment>,
}

/// Gives a task and plans the check of its deadline.
///
/// # Errors
/// Refuses a title that is empty or too long, somebody who does not work here, a card that may not be seen.
pub fn create(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, wanted: &Wanted<'_>) -> Outcome<Item> {
    let mut values = Values::from([(code::TITLE, Value::text(wanted.title.trim())), (code::RESPONSIBLE, Value::user(wanted.to))]);
    if let Some(about) = wanted.about {
        values.set(code::ABOUT, Value::item(about));
    }
    if !wanted.description.trim().is_empty() {
        values.set("description", Value::text(wanted.description.trim()));
    }
    if let Some(deadline) = wanted.deadline {
        values.set(DEADLINE, Value::moment(deadline));
    }
    create_from(tx, rights, cause, &values)
}

/// Gives a task from its answers: what `Command::Create` of a task means.
///
/// # Errors
/// As [`create`], and refuses other wrong answers.
pub fn create_from(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, given: &Values) -> Outcome<Item> {
    let mut values = given.clone();
    if values.text(code::TITLE).trim().is_empty() {
        return Err(Refusal::new("empty_title", "Напишите, что нужно сделать", "Write what has to be done").into());
    }
    let to = match values.int(code::RESPONSIBLE).map(UserId) {
        Some(to) => to,
        None => rights.user,
    };
    if tx.user(to)?.is_none_or(|user| !user.active) {
        return Err(Refusal::new("nobody_to_do_it", "Задачу некому поручить: такого сотрудника нет", "There is nobody to give the task to").into());
    }
    values.set(code::RESPONSIBLE, Value::user(to));
    if let Some(about) = values.get(code::ABOUT).as_ref_to() {
        let card = tx.item(rights, about)?.ok_or_else(Refusal::not_found)?;
        if values.get(code::CONTACT).is_empty() && card.contact() != 0 {
            values.set(code::CONTACT, Value::Int(card.contact()));
        }
    }
    if let Some(contact) = given.int(code::CONTACT).filter(|id| *id != 0) {
        tx.item(rights, ItemRef::new(kind::CONTACT, contact))?.ok_or_else(Refusal::not_found)?;
    }
    // Who may give tasks may give one for a client he does not see otherwise: the rights are asked here, the fields that
    // the program keeps (`rule`) are written below.
    if !rights.may_for(Action::Create, kind::TASK, to) {
        return Err(Refusal::denied("У вас нет права ставить задачи этому сотруднику", "You may not give tasks to this employee").into());
    }
    refuse_kept(tx, rights, given)?;
    let mut maker = rights.clone();
    if let Some(rule) = cause.by.rule() {
        values.set("rule", Value::Int(rule.0));
        maker = Rights::system();
    }
    if values.text(STATUS) == COMPLETED {
        values.set("completed_at", Value::moment(cause.at));
        maker = Rights::system();
    }
    // The store puts the number of the new task in place of 0.
    let given_fact = Fact::TaskGiven { task: ItemRef::new(kind::TASK, 0) };
    let task = crm::item::create_with(tx, &maker, cause, kind::TASK, &values, vec![given_fact])?;
    plan(tx, &task, cause)?;
    Ok(task)
}

/// Changes answers of a task: what `Command::Change` of a task means. A new status goes the way of [`move_to`], a new
/// deadline is planned anew.
///
/// # Errors
/// As `crm::item::change` and [`move_to`].
pub fn change(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, given: &Values) -> Outcome<Item> {
    let before = crm::item::demand(tx.read(), rights, Action::Change, at)?;
    let mut rest = given.clone();
    let status = rest.0.remove(STATUS);
    let mut after = crm::item::change(tx, rights, cause, at, &rest)?;
    if before.responsible() != after.responsible() && tx.user(after.responsible())?.is_none_or(|user| !user.active) {
        return Err(Refusal::new("nobody_to_do_it", "Задачу некому поручить: такого сотрудника нет", "There is nobody to give the task to").into());
    }
    if after_change(tx, &before, &after, cause)? {
        after = crm::item::demand(tx.read(), &Rights::system(), Action::Change, at)?;
    }
    match status {
        Some(status) => move_loaded(tx, cause, after, status.as_text().unwrap_or_default()),
        None => Ok(after),
    }
}

/// Brings a task to another status. Having it already is no move and no event.
///
/// # Errors
/// Refuses unknown statuses, and whom the rights do not allow.
pub fn move_to(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, task: ItemRef, status: &str) -> Outcome<Item> {
    demand_kind(task)?;
    let task = crm::item::demand(tx.read(), rights, Action::Change, task)?;
    move_loaded(tx, cause, task, status)
}

fn move_loaded(tx: &mut dyn Tx, cause: &Cause, mut task: Item, status: &str) -> Outcome<Item> {
    let schema = tx.schema();
    let known = schema
        .field(kind::TASK, STATUS)
        .is_some_and(|field| matches!(&field.kind, FieldKind::Choice { options } if options.iter().any(|option| option.code == status)));
    if !known {
        return Err(Refusal::new("unknown_status", "Такого статуса задачи нет", "There is no such status of a task").into());
    }
    let from = task.values.text(STATUS).to_owned();
    if from == status {
        return Ok(task);
    }
    let before = task.values.clone();
    task.values.set(STATUS, Value::text(status));
    match status == COMPLETED {
        true => task.values.set("completed_at", Value::moment(cause.at)),
        false => drop(task.values.0.remove("completed_at")),
    }
    task.values.set(code::UPDATED_AT, Value::moment(cause.at));
    task.values.set(code::UPDATED_BY, Value::user(cause.by.user()));
    let fact = Fact::TaskMoved { task: task.at(), from: from.clone(), to: status.to_owned() };
    crm::item::keep(tx, cause, &before, &mut task, vec![fact])?;
    if from == COMPLETED {
        // The check may have come and gone while the task was done.
        plan(tx, &task, cause)?;
    }
    Ok(task)
}

/// Plans the deadline anew after answers of a task changed; `true` when the task was saved once more, because a new
/// deadline makes it no longer late. For whoever changes a task without [`change`].
///
/// # Errors
/// Only failures of the database.
pub fn after_change(tx: &mut dyn Tx, before: &Item, after: &Item, cause: &Cause) -> Outcome<bool> {
    let (old, new) = (before.values.moment(DEADLINE), after.values.moment(DEADLINE));
    if after.kind != kind::TASK || old == new {
        return Ok(false);
    }
    if let Some(old) = old {
        tx.withdraw_job(&key(after.at(), old))?;
    }
    let mut task = after.clone();
    let late_again = task.values.flag("overdue") && new.is_none_or(|new| new > cause.at);
    if late_again {
        task.values.0.remove("overdue");
        let change = Change { field: "overdue".to_owned(), old: Value::Flag(true), new: Value::Null };
        tx.save(&mut task, cause, vec![Fact::Changed { changes: vec![change] }])?;
    }
    plan(tx, &task, cause)?;
    Ok(late_again)
}

/// The deadline has come: an open task is late now, and whoever has to do it is told. Asked again, nothing happens.
///
/// # Errors
/// Only failures of the database: a task that is done, deleted or moved to a later day is no error.
pub fn check_deadline(tx: &mut dyn Tx, cause: &Cause, task: ItemRef) -> Outcome<()> {
    demand_kind(task)?;
    let Some(mut task) = tx.item(&Rights::system(), task)? else { return Ok(()) };
    let passed = task.values.moment(DEADLINE).is_some_and(|deadline| deadline <= cause.at);
    if !passed || task.values.text(STATUS) == COMPLETED || task.values.flag("overdue") {
        return Ok(());
    }
    let before = task.values.clone();
    task.values.set("overdue", Value::Flag(true));
    let fact = Fact::TaskOverdue { task: task.at() };
    crm::item::keep(tx, cause, &before, &mut task, vec![fact])?;
    let text = Label::new(format!("Просрочена задача «{}»", task.title()), format!("Task overdue: “{}”", task.title()));
    if tx.user(task.responsible())?.is_some_and(|user| user.active) {
        notices::notify(tx, cause, &[task.responsible()], task.about(), &text, false)?;
    }
    Ok(())
}

/// Queues the check of an open task's deadline; a check already queued stays as it is.
fn plan(tx: &mut dyn Tx, task: &Item, cause: &Cause) -> Outcome<()> {
    let Some(deadline) = task.values.moment(DEADLINE).filter(|_| task.values.text(STATUS) != COMPLETED) else { return Ok(()) };
    let mut job = Job::new(Command::CheckDeadline { task: task.at() }, deadline, key(task.at(), deadline));
    job.event = cause.event;
    job.depth = cause.depth;
    tx.enqueue(&job)?;
    Ok(())
}

/// One check per task and deadline.
fn key(task: ItemRef, deadline: Moment) -> String {
    format!("deadline:{}:{}", task.id, deadline.0)
}

fn demand_kind(task: ItemRef) -> Outcome<()> {
    match task.kind == kind::TASK {
        true => Ok(()),
        false => Err(Refusal::not_found().into()),
    }
}

/// Fields that the program keeps may not be given by a person; nor may hidden ones.
fn refuse_kept(tx: &dyn Tx, rights: &Rights, given: &Values) -> Outcome<()> {
    if rights.user == UserId::SYSTEM {
        return Ok(());
    }
    let schema = tx.schema();
    for code in given.0.keys() {
        match schema.field(kind::TASK, code).filter(|_| rights.sees(kind::TASK, code)) {
            None => return Err(crm::query::unknown_field(code).into()),
            Some(field) if field.read_only => {
                let reason = Label::new(format!("«{}» заполняет система", field.title.ru), format!("{} is filled by the system", field.title.en));
                return Err(Refusal::new("wrong_values", "Проверьте заполнение полей", "Check the fields").at(code.clone(), reason).into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}
