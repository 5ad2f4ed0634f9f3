//! Carrying an operation out: one transaction for each handful of records, each record for itself.

use super::notes::{self, MOST_NOTES, Note};
use super::record::{Operation, State, field};
use super::{job_key, next_that_fit, undo};
use crate::import;
use crate::plan::{Act, What};
use crm::{
    Actor, Cause, Command, Execute, Failure, Fault, House, Item, ItemRef, Job, Label, Moment, Outcome, Read, Refusal, Rights, Seq, Tx, UserId, Value, Values,
    code, kind,
};
use std::sync::Arc;

/// Finds the rights that somebody has now; `None` when he does not work here any more.
pub type Who = Arc<dyn Fn(&dyn Read, UserId, Moment) -> Outcome<Option<Rights>> + Send + Sync>;

/// Records of a mass action in one transaction.
const CHUNK: u32 = 150;
/// Transactions for which one worker keeps an operation: afterwards messages to clients may go first.
const TURNS: usize = 8;

/// What came of working on an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// There is more to do; a job for it stands in the queue.
    More,
    /// It is over, or somebody else works on it.
    Over,
}

/// What one transaction works with.
pub(crate) struct Hand<'a> {
    pub executor: &'a dyn Execute,
    pub rights: &'a Rights,
    pub cause: Cause,
    /// The event from which all of it follows.
    pub root: Seq,
}

/// Works on an operation for a while: with the job that says so, or without one from the command line.
///
/// # Errors
/// Failures worth another try; everything else ends the operation and stands in it.
pub fn run(house: &House, who: &Who, operation: i64, job: Option<&Job>) -> Outcome<Pace> {
    for turn in 1..=TURNS {
        let last = turn == TURNS;
        let (copy, who, job_copy) = (house.clone(), who.clone(), job.cloned());
        let batch = match import::batch(house, operation) {
            Ok(batch) => batch,
            Err(fault @ Fault::Failed(Failure::Retry { .. })) => return Err(fault),
            Err(fault) => {
                give_up(house, operation, job, &fault)?;
                return Ok(Pace::Over);
            }
        };
        let done = house.transact(move |tx| {
            let now = copy.now();
            let Some(mut operation) = taken(tx, operation, job_copy.as_ref())? else { return Ok(Pace::Over) };
            let pace = chunk(tx, copy.executor.as_ref(), &who, now, &mut operation, batch.as_ref())?;
            hand_over(tx, now, operation.item.id, job_copy.as_ref(), pace, last)?;
            Ok(pace)
        });
        match done {
            Ok(Pace::More) => {}
            Ok(Pace::Over) => return Ok(Pace::Over),
            Err(fault @ Fault::Failed(Failure::Retry { .. })) => return Err(fault),
            Err(fault) => {
                give_up(house, operation, job, &fault)?;
                return Ok(Pace::Over);
            }
        }
    }
    Ok(Pace::More)
}

/// The operation, if it is to be worked on and by this worker.
pub(crate) fn taken(tx: &mut dyn Tx, operation: i64, job: Option<&Job>) -> Outcome<Option<Operation>> {
    tx.one_at_a_time(&job_key(operation))?;
    if let Some(job) = job {
        // A worker that was thought dead must not do what its successor does.
        if tx.job(job.id)?.is_none_or(|now| now.lease != job.lease) {
            return Ok(None);
        }
    }
    let item = tx.item(&Rights::system(), ItemRef::new(kind::OPERATION, operation))?;
    let found = item.map(Operation::read).transpose()?.filter(|one| one.state.is_going());
    if let (None, Some(job)) = (&found, job) {
        tx.finish_job(job)?;
    }
    Ok(found)
}

/// The job ends with the operation; a worker that lets go of it queues the next one in the same transaction.
pub(crate) fn hand_over(tx: &mut dyn Tx, now: Moment, operation: i64, job: Option<&Job>, pace: Pace, last: bool) -> Outcome<()> {
    let Some(job) = job.filter(|_| pace == Pace::Over || last) else { return Ok(()) };
    tx.finish_job(job)?;
    if pace == Pace::More {
        super::queue(tx, &Cause::new(Actor::System, now), operation)?;
    }
    Ok(())
}

/// Ends an operation that cannot go on, with the reason.
pub(crate) fn give_up(house: &House, operation: i64, job: Option<&Job>, fault: &Fault) -> Outcome<()> {
    let (now, job, reason) = (house.now(), job.cloned(), Note::reason(fault).ru);
    tracing::warn!(operation, why = fault.describe(), "an operation could not go on");
    house.transact(move |tx| {
        let Some(mut operation) = taken(tx, operation, job.as_ref())? else { return Ok(()) };
        let cause = Cause::new(Actor::System, now);
        operation.end(tx, &cause, State::Failed, &reason)?;
        hand_over(tx, now, operation.item.id, job.as_ref(), Pace::Over, true)
    })
}

/// One transaction of an operation.
fn chunk(tx: &mut dyn Tx, executor: &dyn Execute, who: &Who, now: Moment, operation: &mut Operation, batch: Option<&import::Batch>) -> Outcome<Pace> {
    let undoing = operation.state == State::Undoing;
    let person = match undoing {
        true => operation.item.values.int("undone_by").map_or_else(|| operation.starter(), UserId),
        false => operation.starter(),
    };
    let rights = rights_of(tx, who, person, now)?;
    let root = Seq(operation.item.values.int(field::LOG).ok_or_else(|| Failure::give_up("an operation without its place in the log"))?);
    let by = Actor::User { user: person };
    if undoing {
        let from = super::started(tx.read(), operation.item.at())?;
        let cause = Cause { by, at: now, event: Some(from), root: Some(from), depth: 1, quiet: true };
        return undo::chunk(tx, &Hand { executor, rights: &rights, cause, root }, operation);
    }
    let cause = Cause { by, at: now, event: Some(root), root: Some(root), depth: 1, quiet: operation.plan.quiet };
    let hand = Hand { executor, rights: &rights, cause, root };
    match batch {
        Some(batch) => import::chunk(tx, &hand, operation, batch),
        None => records(tx, &hand, operation),
    }
}

/// The rights of the person for whom an operation runs. The program itself has its own.
pub(crate) fn rights_of(tx: &dyn Tx, who: &Who, person: UserId, now: Moment) -> Outcome<Rights> {
    if person == UserId::SYSTEM {
        return Ok(Rights::system());
    }
    let rights = who(tx.read(), person, now)?;
    rights.ok_or_else(|| {
        Refusal::new("starter_left", "Сотрудник, начавший операцию, больше не работает", "Whoever started the operation does not work here any more").into()
    })
}

/// What came of one record.
enum Came {
    Done,
    Unchanged,
    Refused(Label),
}

/// The next records of a mass action.
fn records(tx: &mut dyn Tx, hand: &Hand<'_>, operation: &mut Operation) -> Outcome<Pace> {
    if let Act::Merge { keep } = operation.plan.act {
        return merge(tx, hand, operation, keep);
    }
    let kind = operation.plan.kind;
    let mark = operation.count(field::MARK);
    let next = next(tx.read(), hand.rights, operation, mark)?;
    let mut notes = Vec::new();
    let failed = operation.count(field::FAILED);
    for (id, item) in &next {
        let title = item.as_ref().map_or("", Item::title).to_owned();
        let came = match item {
            Some(item) => one(tx, hand, &operation.plan.act, item)?,
            None => Came::Refused(Refusal::not_found().text),
        };
        match came {
            Came::Done => operation.add(field::DONE, 1),
            Came::Unchanged => operation.add(field::SKIPPED, 1),
            Came::Refused(why) => {
                if failed + i64::try_from(notes.len()).unwrap_or(MOST_NOTES) < MOST_NOTES {
                    notes.push(Note::new(*id, &title, why));
                }
                operation.add(field::FAILED, 1);
            }
        }
        operation.item.values.set(field::MARK, Value::Int(*id));
    }
    tracing::debug!(operation = operation.item.id, %kind, records = next.len(), "a part of an operation");
    notes::keep(tx, operation.item.id, false, failed, &notes)?;
    finish_or_keep(tx, hand, operation, next.is_empty())
}

/// Progress is written down, or the end with a notice to whoever waits for it.
pub(crate) fn finish_or_keep(tx: &mut dyn Tx, hand: &Hand<'_>, operation: &mut Operation, over: bool) -> Outcome<Pace> {
    if !over {
        operation.state = State::Running;
        operation.item.values.set(field::STATE, Value::text(State::Running.code()));
        operation.keep(tx, &hand.cause)?;
        return Ok(Pace::More);
    }
    // A total that was too many to count is known now.
    let seen = operation.seen();
    operation.item.values.set(field::TOTAL, Value::Int(seen));
    operation.end(tx, &hand.cause, State::Done, "")?;
    Ok(Pace::Over)
}

/// The next records of the plan after a number: those that are not there (any more) without their answers.
fn next(read: &dyn Read, rights: &Rights, operation: &Operation, mark: i64) -> Outcome<Vec<(i64, Option<Item>)>> {
    let kind = operation.plan.kind;
    match &operation.plan.what {
        What::Ids(ids) => {
            let ids: Vec<i64> = ids.iter().copied().filter(|id| *id > mark).take(CHUNK as usize).collect();
            ids.into_iter().map(|id| Ok((id, read.item(rights, ItemRef::new(kind, id))?.filter(|item| item.id == id)))).collect()
        }
        What::Fits(filter) => {
            let schema = read.schema();
            let shape = schema.kind(kind).ok_or_else(Refusal::not_found)?;
            let items = next_that_fit(read, rights, shape, filter, mark, operation.count(field::TOP), CHUNK)?;
            Ok(items.into_iter().map(|item| (item.id, Some(item))).collect())
        }
        What::Rows => Err(Failure::give_up("rows of a file are read by the import").into()),
    }
}

/// Does it with one record; a refusal leaves that record alone as it was.
fn one(tx: &mut dyn Tx, hand: &Hand<'_>, act: &Act, item: &Item) -> Outcome<Came> {
    let at = item.at();
    let command = match act {
        Act::Change { values } => Command::Change { item: at, values: values.clone() },
        Act::Move { stage, values } if values.0.is_empty() => Command::Move { item: at, to: *stage },
        Act::Move { stage, values } => Command::Change { item: at, values: values.clone().with(code::STAGE, Value::Int(stage.0)) },
        Act::Delete => Command::Delete { item: at },
        Act::AddObserver { user } => {
            let mut list = item.values.get(code::OBSERVERS).as_list().to_vec();
            if list.contains(&Value::user(*user)) {
                return Ok(Came::Unchanged);
            }
            list.push(Value::user(*user));
            Command::Change { item: at, values: Values::from([(code::OBSERVERS, Value::Many(list))]) }
        }
        Act::Merge { .. } | Act::Import(_) => return Err(Failure::give_up("this is no command for single records").into()),
    };
    match alone(tx, |tx| hand.executor.execute(tx, hand.rights, &hand.cause, &command).map(drop))? {
        Some(why) => Ok(Came::Refused(why)),
        None if matches!(act, Act::Delete) => Ok(Came::Done),
        None => {
            let now = tx.item(&Rights::system(), at)?;
            Ok(if now.is_some_and(|now| now.version == item.version) { Came::Unchanged } else { Came::Done })
        }
    }
}

/// Runs a part for itself: the reason when it was refused. What is worth another try is for the whole transaction.
pub(crate) fn alone(tx: &mut dyn Tx, mut work: impl FnMut(&mut dyn Tx) -> Outcome<()>) -> Outcome<Option<Label>> {
    match tx.part(&mut |tx| work(tx)) {
        Ok(()) => Ok(None),
        Err(fault @ Fault::Failed(Failure::Retry { .. })) => Err(fault),
        Err(fault) => Ok(Some(Note::reason(&fault))),
    }
}

/// All records are joined with one of them, in one command.
fn merge(tx: &mut dyn Tx, hand: &Hand<'_>, operation: &mut Operation, keep: i64) -> Outcome<Pace> {
    let What::Ids(ids) = &operation.plan.what else { return Err(Failure::give_up("a merge names its records").into()) };
    let kind = operation.plan.kind;
    let drop: Vec<ItemRef> = ids.iter().filter(|id| **id != keep).map(|id| ItemRef::new(kind, *id)).collect();
    let count = i64::try_from(drop.len()).unwrap_or(0);
    let command = Command::Merge { keep: ItemRef::new(kind, keep), drop, values: Values::new() };
    match alone(tx, |tx| hand.executor.execute(tx, hand.rights, &hand.cause, &command).map(|_| ()))? {
        None => operation.add(field::DONE, count),
        Some(why) => {
            operation.add(field::FAILED, count);
            notes::keep(tx, operation.item.id, false, 0, &[Note::new(keep, "", why)])?;
        }
    }
    finish_or_keep(tx, hand, operation, true)
}
