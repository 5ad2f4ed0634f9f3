//! Connections that are kept open, used on the thread of the caller.

use crate::postgres::connection::Line;
use crate::sql::{Sql as _, SqlError};
use crm::{Failure, Fault};
use postgres::Config;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections at the same time. PostgreSQL allows 100 by default, and several nodes may share it.
const MOST: usize = 16;
/// Callers that may wait for a connection; more are turned away at once.
const QUEUE: u64 = 256;
/// How long a caller waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connections of this node.
pub struct Pool {
    config: Config,
    state: Mutex<State>,
    back: Condvar,
    /// Callers that wait.
    pub waiting: AtomicU64,
    /// Callers that were turned away.
    pub turned_away: AtomicU64,
}

#[derive(Default)]
struct State {
    idle: Vec<Line>,
    open: usize,
}

/// A connection inside a transaction. It goes back by itself, the transaction rolled back unless it was ended.
pub struct Taken<'a> {
    line: Option<Line>,
    home: &'a Pool,
    inside: bool,
}

impl Pool {
    /// No connection yet.
    pub fn new(config: Config) -> Pool {
        Pool { config, state: Mutex::default(), back: Condvar::new(), waiting: AtomicU64::new(0), turned_away: AtomicU64::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.state().open
    }

    /// Takes a connection and begins a transaction. A connection that died in its sleep (the server was restarted) is
    /// replaced without a word.
    pub fn begin(&self, sql: &str) -> Result<Taken<'_>, Fault> {
        loop {
            let mut taken = self.take()?;
            let fresh = taken.line.is_none();
            if fresh {
                taken.line = Some(Line::connect(&self.config)?);
            }
            match taken.line().batch(sql) {
                Ok(()) => {
                    taken.inside = true;
                    return Ok(taken);
                }
                Err(error) if fresh || !(error.passing || taken.line().is_lost()) => return Err(error.into()),
                // It may not know yet that it is lost: it does not go back.
                Err(_) => taken.line = None,
            }
        }
    }

    fn take(&self) -> Result<Taken<'_>, Fault> {
        let full = |state: &mut State| state.idle.is_empty() && state.open >= MOST;
        let mut state = self.state();
        if full(&mut state) {
            if self.waiting.load(Ordering::Relaxed) >= QUEUE {
                self.turned_away.fetch_add(1, Ordering::Relaxed);
                return Err(Failure::retry("the queue of the database is full").into());
            }
            self.waiting.fetch_add(1, Ordering::Relaxed);
            state = self.back.wait_timeout_while(state, PATIENCE, full).unwrap_or_else(PoisonError::into_inner).0;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if full(&mut state) {
                return Err(Failure::retry("all connections to the database are busy").into());
            }
        }
        let line = state.idle.pop();
        if line.is_none() {
            state.open += 1;
        }
        Ok(Taken { line, home: self, inside: false })
    }

    /// Closes all idle connections, on a thread of its own: closing one on a thread of the async runtime would panic.
    pub fn close(&self) {
        let idle = std::mem::take(&mut self.state().idle);
        if !idle.is_empty() {
            let _ = std::thread::spawn(move || drop(idle)).join();
        }
    }
}

impl Taken<'_> {
    /// The connection.
    pub fn line(&self) -> &Line {
        self.line.as_ref().expect("it goes back only when it is dropped")
    }

    /// Ends the transaction.
    pub fn commit(mut self) -> Result<(), SqlError> {
        let done = self.line().batch("COMMIT");
        self.inside = done.is_err();
        done
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let sound = self.line.take().filter(|line| !line.is_lost() && (!self.inside || line.batch("ROLLBACK").is_ok()));
        let mut state = self.home.state();
        match sound {
            Some(line) => state.idle.push(line),
            None => state.open -= 1,
        }
        drop(state);
        self.home.back.notify_one();
    }
}
