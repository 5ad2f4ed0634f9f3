//! Hands queued messages to their providers and calls programs outside: an attempt is written before the call, its
//! outcome after. Between the two only the courier works, outside any transaction.
//!
//! ```text
//! claim job ─▶ begin (attempt written) ─▶ carry ─▶ finish (outcome, state, job)
//! ```
//!
//! After a crash the attempt still stands as begun. Then a provider that recognises repeats gets the same again, one
//! that can be asked is asked, and for the rest the message is shown to a person as *unknown* (automation.md §6.3).

mod ladder;
mod message;
mod url;

pub use url::queue_call;

use crate::provider::Ask;
use courier::{Courier, Reply, Trouble};
use crm::{Attempt, AttemptId, AttemptState, Cause, Command, Firm, ItemRef, Job, Label, Moment, Outcome, Refusal, Tx};

/// What is to be done for a job now.
#[derive(Debug)]
pub enum Begin {
    /// Carry this, then finish.
    Ask(Box<Call>),
    /// Nothing: the job is done or put off already, and why.
    Nothing(Label),
}

/// One call that is to be carried.
#[derive(Debug)]
pub struct Call {
    /// What the courier carries.
    pub ask: Ask,
    /// The attempt it belongs to.
    pub attempt: Attempt,
    /// What for.
    errand: Errand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errand {
    /// Sends a message.
    Send,
    /// Asks whether it was sent.
    Lookup,
    /// Calls a program outside.
    Url,
}

/// What the courier brought back.
#[derive(Debug, Clone)]
pub enum Came {
    /// The answer to a call.
    Reply(Reply),
    /// A mail server took the letter.
    Taken,
    /// No answer.
    Trouble(Trouble),
}

/// Begins a job of delivery: decides what is to be called and writes the attempt.
///
/// # Errors
/// Failures of the database; a refusal when the job is none of delivery.
pub fn begin(tx: &mut dyn Tx, firm: &Firm, job: &Job, now: Moment) -> Outcome<Begin> {
    match &job.command {
        Command::Deliver { message } => message::begin(tx, firm, job, *message, now),
        Command::CallUrl { .. } => url::begin(tx, job, now),
        _ => Err(Refusal::new("not_outside", "Эта команда не выходит наружу", "This command does not go outside").into()),
    }
}

/// Carries the call: the only step that opens connections. Blocks for half a minute at most, a letter a little longer.
pub fn carry(courier: &Courier, firm: &Firm, call: &Call) -> Came {
    let carried = match &call.ask {
        Ask::Http(request) => courier.send(request, firm.private_calls).map(Came::Reply),
        Ask::Mail { server, mail } => courier.mail(server, mail, firm.private_calls).map(|_| Came::Taken),
    };
    carried.unwrap_or_else(Came::Trouble)
}

/// Writes down what came of it and ends, repeats or gives up the job. When the lease was lost meanwhile, nothing is
/// written: the new holder has seen the open attempt and goes on from it.
///
/// # Errors
/// Failures of the database.
pub fn finish(tx: &mut dyn Tx, _firm: &Firm, job: &Job, call: &Call, came: &Came, now: Moment) -> Outcome<()> {
    match (call.errand, &job.command) {
        (Errand::Send, Command::Deliver { message }) => message::sent(tx, job, *message, call, came, now),
        (Errand::Lookup, Command::Deliver { message }) => message::looked_up(tx, job, *message, call, came, now),
        (Errand::Url, Command::CallUrl { about, url, .. }) => url::finish(tx, job, *about, url, call, came, now),
        _ => Err(Refusal::new("not_outside", "Вызов не подходит к задаче", "The call does not belong to the job").into()),
    }
}

/// The detail of an attempt that was not made because the host is paused. Such an attempt is no try and is used again.
const PAUSED: &str = "paused";

/// The attempts of a job so far: the last one, and how many were real tries.
struct History {
    last: Option<Attempt>,
    tries: i64,
}

impl History {
    fn read(tx: &dyn Tx, job: &Job) -> Outcome<History> {
        let all = tx.attempts_of(job.id)?;
        let tries = all.iter().filter(|attempt| attempt.detail != PAUSED).count();
        Ok(History { tries: i64::try_from(tries).unwrap_or(i64::MAX), last: all.into_iter().next_back() })
    }

    /// Writes the attempt that is about to be made.
    fn open(&self, tx: &mut dyn Tx, job: &Job, item: ItemRef, now: Moment) -> Outcome<Attempt> {
        let again = self.last.as_ref().filter(|last| last.state == AttemptState::Failed && last.detail == PAUSED);
        let mut attempt = Attempt {
            id: again.map_or(AttemptId(0), |last| last.id),
            job: job.id,
            item,
            number: self.tries + 1,
            state: AttemptState::Begun,
            provider_ref: String::new(),
            detail: String::new(),
            at: now,
            ended: None,
        };
        tx.put_attempt(&mut attempt)?;
        Ok(attempt)
    }
}

/// Ends an attempt.
fn close(tx: &mut dyn Tx, attempt: &Attempt, state: AttemptState, provider_ref: &str, detail: &str, now: Moment) -> Outcome<()> {
    let detail: String = detail.chars().take(500).collect();
    let mut ended = Attempt { state, provider_ref: provider_ref.to_owned(), detail, ended: Some(now), ..attempt.clone() };
    tx.put_attempt(&mut ended)
}

/// Why something of a job is written.
fn cause(job: &Job, by: crm::Actor, now: Moment) -> Cause {
    Cause { by, at: now, event: job.event, root: job.event, depth: job.depth, quiet: false }
}
