//! Operations: started by a person, carried out in the background in small transactions, stopped and taken back.
//!
//! The operation's own event `OperationStarted` is the root of everything it does, so the log alone knows the whole of it.
//! How far it has come is written in the same transaction as what it did: after a crash it goes on there, nothing twice.

mod notes;
mod record;
pub(crate) mod run;
mod undo;

pub use notes::{Note, notes};
pub use record::{Operation, State, list, open};
pub use run::{Pace, Who, run};

use crate::plan::{Act, Plan, What, nothing};
use crm::{
    Action, Cause, Command, EntityType, Fact, Filter, Item, ItemRef, Job, Op, Outcome, Page, Query, Read, Refusal, Rights, Seq, Tx, Value, Values, code, kind,
};
pub(crate) use notes::keep as keep_notes;
pub(crate) use record::field;
use std::time::Duration;

/// Operations can be taken back for so long.
pub const UNDO_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Counting what fits stops here: then the total is not known.
const COUNTED: u64 = 100_000;

/// Starts an operation: it is written down and queued; the worker carries it out with the rights that its starter has then.
///
/// # Errors
/// Refuses conditions with unknown fields, an empty choice, and people who may do this with no record of the type at all.
pub fn start(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, plan: &Plan) -> Outcome<Item> {
    let plan = plan.checked()?;
    let schema = tx.schema();
    let shape = schema.kind(plan.kind).ok_or_else(Refusal::not_found)?.clone();
    demand_somewhere(rights, &plan)?;
    let total = total(tx.read(), rights, &plan)?;
    let title = format!("{}: {}", plan.act.title().ru, shape.plural.ru);
    let mut values = describe(rights, &plan, title);
    if let Some(total) = total {
        values.set(field::TOTAL, Value::Int(total));
    }
    if let What::Fits(_) = plan.what {
        let last = tx.items(&Rights::system(), &Query::of(plan.kind).limit(1))?;
        values.set(field::TOP, Value::Int(last.first().map_or(0, |item| item.id)));
    }
    let item = crm::item::create(tx, &Rights::system(), cause, kind::OPERATION, &values)?;
    begin(tx, cause, item)
}

/// The answers of an operation that begins.
pub(crate) fn describe(rights: &Rights, plan: &Plan, title: String) -> Values {
    Values::from([
        (code::TITLE, Value::text(title)),
        (code::RESPONSIBLE, Value::user(rights.user)),
        (field::STARTER, Value::user(rights.user)),
        (field::STATE, Value::text(State::Waiting.code())),
        (field::ACTION, Value::text(plan.act.code())),
        (field::SUBJECT, Value::Int(plan.kind.0)),
        (field::QUIET, Value::Flag(plan.quiet)),
        (field::PLAN, Value::text(plan.text())),
    ])
}

/// Writes the event from which everything follows and queues the work.
pub(crate) fn begin(tx: &mut dyn Tx, cause: &Cause, mut item: Item) -> Outcome<Item> {
    tx.save(&mut item, cause, vec![Fact::OperationStarted])?;
    let started = started(tx.read(), item.at())?;
    tx.put_answer(item.at(), field::LOG, &Value::Int(started.0))?;
    queue(tx, cause, item.id)?;
    tx.item(&Rights::system(), item.at())?.ok_or_else(|| Refusal::not_found().into())
}

/// The last event with which this operation began.
fn started(read: &dyn Read, at: ItemRef) -> Outcome<Seq> {
    let events = read.history(at, None, 50)?;
    let found = events.into_iter().find(|event| event.fact == Fact::OperationStarted);
    Ok(found.map(|event| event.seq).ok_or_else(|| crm::Failure::give_up("an operation without its beginning in the log"))?)
}

/// Key of an operation's job.
fn job_key(id: i64) -> String {
    format!("operation:{id}")
}

fn queue(tx: &mut dyn Tx, cause: &Cause, id: i64) -> Outcome<()> {
    let job = Job { priority: 30, ..Job::new(Command::RunOperation { operation: id }, cause.at, job_key(id)) };
    tx.enqueue(&job).map(drop)
}

/// Somebody who may do this nowhere need not wait for a thousand refusals.
fn demand_somewhere(rights: &Rights, plan: &Plan) -> Outcome<()> {
    let action = match plan.act {
        Act::Delete => Action::Delete,
        _ => Action::Change,
    };
    match rights.scope(plan.kind, action) {
        crm::Scope::None => Err(Refusal::denied("У вас нет права изменять такие записи", "You may not change such records").into()),
        _ => Ok(()),
    }
}

/// How many records it is about; `None`: too many to count.
fn total(read: &dyn Read, rights: &Rights, plan: &Plan) -> Outcome<Option<i64>> {
    match &plan.what {
        What::Ids(ids) => Ok(i64::try_from(ids.len()).ok()),
        What::Rows => Ok(None),
        What::Fits(filter) => {
            let query = Query { filter: filter.clone(), ..Query::of(plan.kind) };
            let count = read.count(rights, &query, COUNTED)?;
            match (count.counted, count.more) {
                (0, _) => Err(nothing().into()),
                (_, true) => Ok(None),
                (counted, false) => Ok(i64::try_from(counted).ok()),
            }
        }
    }
}

/// The next records of a condition after a number, up to the last that was there when the operation began.
fn next_that_fit(read: &dyn Read, rights: &Rights, shape: &EntityType, filter: &Filter, after: i64, top: i64, limit: u32) -> Outcome<Vec<Item>> {
    let below = Filter::is(code::ID, Op::Le, Value::Int(top));
    let mut query = Query { filter: filter.clone().and(below), page: Page::first(limit), ..Query::of(shape.id) }.sorted(code::ID, false);
    query.page.after = (after > 0).then(|| (vec![Value::Int(after)], after));
    read.items(rights, &query)
}

/// Stops an operation; what it did stays done and can be taken back. Stopping what has ended changes nothing.
///
/// # Errors
/// `not_found` for operations of others.
pub fn cancel(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, id: i64) -> Outcome<Item> {
    let mut operation = open(tx.read(), rights, id)?;
    if !matches!(operation.state, State::Waiting | State::Running) {
        return Ok(operation.item);
    }
    operation.end(tx, cause, State::Cancelled, "")?;
    tx.withdraw_job(&job_key(id))?;
    Ok(operation.item)
}

/// Begins to take an operation back: old answers where nobody changed them since, deleted records, records that it made.
/// What somebody changed since stays as it is and is listed. No rule answers.
///
/// # Errors
/// `not_found` for operations of others; `operation_runs`, `operation_undone`, `operation_old`.
pub fn undo(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, id: i64) -> Outcome<Item> {
    let operation = open(tx.read(), rights, id)?;
    match operation.state {
        State::Done | State::Failed | State::Cancelled => {}
        State::Draft | State::Waiting | State::Running => {
            return Err(
                Refusal::new("operation_runs", "Операция ещё выполняется: сначала остановите её", "The operation is still running: stop it first").into()
            );
        }
        State::Undoing | State::Undone => {
            return Err(Refusal::new("operation_undone", "Операция уже отменена", "The operation is undone already").into());
        }
    }
    let ended = operation.item.values.moment(field::ENDED_AT).unwrap_or(cause.at);
    if cause.at.since(ended) > UNDO_FOR {
        return Err(Refusal::new("operation_old", "Отменить операцию можно в течение 30 дней", "An operation can be undone within 30 days").into());
    }
    let mut item = operation.item;
    item.values.set(field::STATE, Value::text(State::Undoing.code()));
    item.values.0.remove(field::MARK);
    item.values.0.remove(field::REASON);
    // Who takes it back answers for that: his rights count.
    item.values.set("undone_by", Value::user(rights.user));
    tx.save(&mut item, cause, vec![Fact::OperationStarted])?;
    queue(tx, cause, id)?;
    Ok(item)
}
