//! The machine's own clock and chance: the only place that asks it for either.

use crm::{Chance, Clock, Moment};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock that everybody else asks")]
    fn now(&self) -> Moment {
        Moment::from_timestamp(jiff::Timestamp::now())
    }
}

/// The machine's clock with a distance that can be made larger: the demo and the stories move months in a second.
#[derive(Debug, Default)]
pub struct VirtualClock {
    ahead_micros: AtomicI64,
}

impl VirtualClock {
    /// A clock that is ahead of the machine's by this much.
    pub fn ahead_by(micros: i64) -> VirtualClock {
        VirtualClock { ahead_micros: AtomicI64::new(micros) }
    }

    /// How far it is ahead, in microseconds.
    pub fn ahead(&self) -> i64 {
        self.ahead_micros.load(Ordering::SeqCst)
    }

    /// Moves it forward. It never goes back.
    pub fn advance(&self, by: Duration) {
        self.ahead_micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Moment {
        Moment(SystemClock.now().0 + self.ahead())
    }
}

/// The machine's source of random bytes, fit for secrets.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the machine has a source of random bytes");
    }
}
