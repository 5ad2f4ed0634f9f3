//! Moves the demo's clock the way real time would pass: from one due moment to the next, each with all its consequences.

use crate::firm;
use crate::machine::VirtualClock;
use crate::worker::Busy;
use crm::{Failure, House, Moment, Outcome};
use std::time::{Duration, Instant};

/// Longest wait in which nothing moves: a provider that hangs must not hang the clock.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most due moments within one move; more is a loop of rules.
const MOST_STOPS: usize = 100_000;

/// Moves the clock; returns the present moment once everything due until then is done.
///
/// # Errors
/// `Retry` when the work does not come to rest.
pub fn advance(house: &House, busy: &Busy, clock: &VirtualClock, by: Duration) -> Outcome<Moment> {
    let target = house.now().plus(by);
    rest(house, busy)?;
    for _ in 0..MOST_STOPS {
        let now = house.now();
        let next = house.read(|read| read.next_due())?.filter(|due| *due <= target);
        let stop = next.unwrap_or(target);
        if stop > now {
            clock.advance(stop.since(now));
            firm::remember_clock(house, clock.ahead())?;
        }
        rest(house, busy)?;
        if next.is_none() && house.now() >= target {
            return Ok(house.now());
        }
    }
    Err(Failure::retry("the rules of the firm never come to rest").into())
}

/// Waits until the log is read to its end, nothing is due and nobody has anything in hand.
///
/// # Errors
/// `Retry` when that does not happen in time.
pub fn rest(house: &House, busy: &Busy) -> Outcome<()> {
    let mut moved = Instant::now();
    let mut before = None;
    let mut quiet = 0;
    // Two quiet looks: between them a provider's callback may come in.
    while quiet < 2 {
        let now = house.now();
        let (latest, mark, waiting, due) = house.read(|read| Ok((read.latest()?, read.mark("automation")?, read.job_backlog(now)?.0, read.next_due()?)))?;
        quiet = if busy.is_free() && mark == latest && due.is_none_or(|due| due > now) { quiet + 1 } else { 0 };
        let seen = Some((latest, mark, waiting));
        if seen != before {
            (moved, before) = (Instant::now(), seen);
        }
        if moved.elapsed() > PATIENCE {
            return Err(Failure::retry("work does not come to rest").into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
