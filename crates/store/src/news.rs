//! Wakes those who wait for something new in the log.

use crm::{Outcome, Seq};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a waiting reader looks for what other processes committed.
const LOOK: Duration = Duration::from_millis(200);

/// The last place in the log that this process knows of.
#[derive(Debug, Default)]
pub struct News {
    known: Mutex<Known>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    last: Seq,
    looked: Option<Instant>,
}

impl News {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This place in the log is committed.
    pub fn tell(&self, last: Seq) {
        let mut known = self.known();
        if last > known.last {
            known.last = last;
            self.bell.notify_all();
        }
    }

    /// Waits until there is something after a place, or the time is over. `look` asks the database itself: one of the
    /// waiting does so for all, several times a second.
    pub fn wait(&self, after: Seq, at_most: Duration, look: impl Fn() -> Outcome<Seq>) -> Seq {
        let begun = Instant::now();
        loop {
            let mut known = self.known();
            if known.last > after {
                return known.last;
            }
            if known.looked.is_none_or(|at| at.elapsed() >= LOOK) {
                known.looked = Some(Instant::now());
                drop(known);
                if let Ok(last) = look() {
                    self.tell(last);
                }
                continue;
            }
            let left = at_most.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return known.last;
            }
            drop(self.bell.wait_timeout(known, left.min(LOOK)));
        }
    }
}
