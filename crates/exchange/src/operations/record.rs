//! The record of an operation: where it stands, what it counts, whose it is.

use crate::plan::Plan;
use crm::{Cause, Fact, Failure, Filter, Item, ItemRef, Op, Outcome, Query, Read, Refusal, Rights, Tx, UserId, Value, code, kind};

/// Codes of the fields of the type `operation`.
pub(crate) mod field {
    pub const STATE: &str = "state";
    /// Whose rights count. Not the responsible: that field may be changed by hand.
    pub const STARTER: &str = "starter";
    pub const ACTION: &str = "action";
    pub const SUBJECT: &str = "subject";
    pub const TOTAL: &str = "total";
    pub const DONE: &str = "done";
    pub const MADE: &str = "made";
    pub const SKIPPED: &str = "skipped";
    pub const FAILED: &str = "failed";
    pub const UNDONE: &str = "undone";
    pub const KEPT: &str = "kept";
    pub const MARK: &str = "mark";
    pub const TOP: &str = "top";
    pub const LOG: &str = "log";
    pub const QUIET: &str = "quiet";
    pub const ENDED_AT: &str = "ended_at";
    pub const REASON: &str = "reason";
    pub const PLAN: &str = "plan";
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// A file was brought; nobody said yet what to do with it.
    Draft,
    /// In the queue.
    Waiting,
    /// Being carried out.
    Running,
    /// Came to its end; single records may have been refused.
    Done,
    /// Could not go on.
    Failed,
    /// Stopped by a person.
    Cancelled,
    /// Being taken back.
    Undoing,
    /// Taken back.
    Undone,
}

const STATES: [State; 8] = [State::Draft, State::Waiting, State::Running, State::Done, State::Failed, State::Cancelled, State::Undoing, State::Undone];

impl State {
    /// The code that is stored.
    pub fn code(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Waiting => "waiting",
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::Undoing => "undoing",
            State::Undone => "undone",
        }
    }

    /// Whether the worker still has something to do with it.
    pub fn is_going(self) -> bool {
        matches!(self, State::Waiting | State::Running | State::Undoing)
    }
}

/// An operation with its plan read.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its record.
    pub item: Item,
    /// Where it stands.
    pub state: State,
    /// What it is to do.
    pub plan: Plan,
}

impl Operation {
    pub(crate) fn read(item: Item) -> Outcome<Operation> {
        let state = STATES.into_iter().find(|state| state.code() == item.values.text(field::STATE));
        let plan = serde_json::from_str(item.values.text(field::PLAN));
        match (state, plan) {
            (Some(state), Ok(plan)) => Ok(Operation { state, plan, item }),
            _ => Err(Failure::give_up(format!("operation {} cannot be read: another version wrote it", item.id)).into()),
        }
    }

    /// A number it counts; nothing counted yet is 0.
    pub fn count(&self, code: &str) -> i64 {
        self.item.values.int(code).unwrap_or(0)
    }

    /// How many records it is about, if that is known.
    pub fn total(&self) -> Option<i64> {
        self.item.values.int(field::TOTAL)
    }

    /// Who started it.
    pub fn starter(&self) -> UserId {
        UserId(self.item.values.int(field::STARTER).unwrap_or(0))
    }

    /// How many it has looked at.
    pub fn seen(&self) -> i64 {
        self.count(field::DONE) + self.count(field::SKIPPED) + self.count(field::FAILED)
    }

    pub(crate) fn add(&mut self, code: &str, more: i64) {
        if more != 0 {
            let now = self.count(code) + more;
            self.item.values.set(code, Value::Int(now));
        }
    }

    /// Writes progress down. It is no event: the log tells what was done to the records themselves.
    pub(crate) fn keep(&mut self, tx: &mut dyn Tx, cause: &Cause) -> Outcome<()> {
        tx.save(&mut self.item, cause, Vec::new())
    }

    /// Writes down that it is over.
    pub(crate) fn end(&mut self, tx: &mut dyn Tx, cause: &Cause, state: State, reason: &str) -> Outcome<()> {
        self.state = state;
        self.item.values.set(field::STATE, Value::text(state.code()));
        self.item.values.set(field::ENDED_AT, Value::moment(cause.at));
        self.item.values.set(field::REASON, Value::text(reason.chars().take(255).collect::<String>()));
        tx.save(&mut self.item, cause, vec![Fact::OperationEnded { state: state.code().to_owned() }])
    }
}

/// One operation: of oneself, or anybody's for an administrator.
///
/// # Errors
/// `not_found`.
pub fn open(read: &dyn Read, rights: &Rights, id: i64) -> Outcome<Operation> {
    let item =
        read.item(&Rights::system(), ItemRef::new(kind::OPERATION, id))?.filter(|item| rights.admin || item.values.int(field::STARTER) == Some(rights.user.0));
    Operation::read(item.ok_or_else(Refusal::not_found)?)
}

/// The last operations: one's own, or everybody's for an administrator; the newest first, before a number.
///
/// # Errors
/// Failures of the database.
pub fn list(read: &dyn Read, rights: &Rights, before: Option<i64>, limit: u32) -> Outcome<Vec<Operation>> {
    let mut query = Query::of(kind::OPERATION).limit(limit);
    if !rights.admin {
        query = query.filter(Filter::is(field::STARTER, Op::Eq, Value::user(rights.user)));
    }
    if let Some(before) = before {
        query = query.filter(Filter::is(code::ID, Op::Lt, Value::Int(before)));
    }
    read.items(&Rights::system(), &query)?.into_iter().map(Operation::read).collect()
}
