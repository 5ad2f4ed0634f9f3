//! Commands that are due, and the calls to the outside world that some of them make.

use crate::command::Command;
use crate::ids::{AttemptId, ItemRef, JobId, Seq};
use crate::time::Moment;

/// A command that is due at a moment. Written in the transaction that made it necessary.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// 0 until saved.
    pub id: JobId,
    /// What to do.
    pub command: Command,
    /// When.
    pub due: Moment,
    /// Smaller goes first: 0 money, 10 a client waits, 20 staff, 30 bulk.
    pub priority: i64,
    /// How many times it was tried.
    pub attempts: i64,
    /// At most so many tries.
    pub max_attempts: i64,
    /// Not worth doing after this moment.
    pub expires: Option<Moment>,
    /// A second job with the same key is not written; empty: no such check.
    pub key: String,
    /// The event that made it necessary.
    pub event: Option<Seq>,
    /// How long the chain of causes is.
    pub depth: u32,
    /// Why the last try failed.
    pub last_error: String,
    /// Proof of holding the lease: a late result of an old holder is refused.
    pub lease: i64,
}

impl Job {
    /// A job that is due at this moment and tried twelve times.
    pub fn new(command: Command, due: Moment, key: impl Into<String>) -> Job {
        Job {
            id: JobId(0),
            command,
            due,
            priority: 20,
            attempts: 0,
            max_attempts: 12,
            expires: None,
            key: key.into(),
            event: None,
            depth: 0,
            last_error: String::new(),
            lease: 0,
        }
    }
}

/// What became of one call to the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptState {
    /// Begun; a crash now leaves it so, and the next start asks or shows it to a person.
    Begun,
    /// Answered as hoped.
    Done,
    /// Answered no.
    Failed,
    /// No answer: it may or may not have been carried out.
    Unknown,
}

impl AttemptState {
    /// The code that is stored.
    pub fn code(self) -> &'static str {
        match self {
            AttemptState::Begun => "begun",
            AttemptState::Done => "done",
            AttemptState::Failed => "failed",
            AttemptState::Unknown => "unknown",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<AttemptState> {
        [AttemptState::Begun, AttemptState::Done, AttemptState::Failed, AttemptState::Unknown].into_iter().find(|state| state.code() == code)
    }
}

/// One call to the outside world: written before it is made, finished after.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// 0 until saved.
    pub id: AttemptId,
    /// The job that makes it.
    pub job: JobId,
    /// The message or card it is about.
    pub item: ItemRef,
    /// Which try of the job, from 1.
    pub number: i64,
    /// What became of it.
    pub state: AttemptState,
    /// The provider's own number of what it made.
    pub provider_ref: String,
    /// Status and reason, without personal data.
    pub detail: String,
    /// When it was begun.
    pub at: Moment,
    /// When it was over.
    pub ended: Option<Moment>,
}
