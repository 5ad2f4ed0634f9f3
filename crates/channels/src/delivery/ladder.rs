//! When a failed call is tried again (automation.md §6.4).

use crm::{Job, Moment};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Waits after the first, second, … failure.
const STEPS: [u64; 11] = [5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Nobody's wish is followed further than this.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The moment of the next try after so many failed ones; a vendor's own wish wins.
pub fn next(job: &Job, tries: u64, wish: Option<Duration>, now: Moment) -> Moment {
    let wait = match wish {
        Some(wish) => wish.min(LONGEST),
        None => {
            let at = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX).min(STEPS.len() - 1);
            spread(job, tries, Duration::from_secs(STEPS[at]))
        }
    };
    now.plus(wait)
}

/// ±20 %, always the same for the same job and try: a thousand messages that failed together do not come back together.
pub fn spread(job: &Job, tries: u64, wait: Duration) -> Duration {
    let hash = Sha256::digest(format!("{}:{tries}", job.id));
    let part = u32::from(u16::from_be_bytes([hash[0], hash[1]]));
    wait * (80_000 + part * 40_000 / 65_535) / 100_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{Command, ItemRef, JobId};

    fn job(id: i64) -> Job {
        Job { id: JobId(id), ..Job::new(Command::Deliver { message: ItemRef::default() }, Moment(0), "") }
    }

    #[test]
    fn waits_grow_stay_within_a_fifth_and_are_the_same_again() {
        for (tries, step) in (1..).zip(STEPS).chain([(12, 86_400), (99, 86_400)]) {
            for id in 1..200 {
                let at = next(&job(id), tries, None, Moment(0));
                let wait = at.since(Moment(0)).as_secs();
                assert!(step * 8 / 10 <= wait && wait <= step * 12 / 10, "{tries}: {wait}");
                assert_eq!(at, next(&job(id), tries, None, Moment(0)));
            }
        }
        let spreads: std::collections::BTreeSet<Moment> = (1..200).map(|id| next(&job(id), 3, None, Moment(0))).collect();
        assert!(spreads.len() > 150, "they come back together");
    }

    #[test]
    fn a_vendors_wish_wins_within_reason() {
        assert_eq!(next(&job(1), 9, Some(Duration::from_secs(7)), Moment(0)), Moment::from_seconds(7));
        assert_eq!(next(&job(1), 1, Some(Duration::from_secs(u64::MAX)), Moment(0)), Moment::from_seconds(86_400));
    }
}
