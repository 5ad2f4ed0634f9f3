//! How long each method of each webhook works: `time.operating`, which clients throttle themselves by (§1.9).

use crm::{Moment, WebhookId};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// The sum is taken over so many minutes.
const MINUTES: i64 = 10;

/// Minutes and the microseconds spent in them, the oldest first.
type Buckets = VecDeque<(i64, u64)>;

/// Sums of the last ten minutes, by minute.
#[derive(Debug, Default)]
pub struct Meter {
    sums: Mutex<HashMap<(WebhookId, &'static str), Buckets>>,
}

impl Meter {
    /// Adds the time of one call; the sum of the last ten minutes in seconds, and when its oldest minute is forgotten.
    pub fn add(&self, webhook: WebhookId, method: &'static str, started: Moment, finished: Moment) -> (f64, i64) {
        let minute = finished.seconds().div_euclid(60);
        let spent = u64::try_from(finished.since(started).as_micros()).unwrap_or(u64::MAX);
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = sums.entry((webhook, method)).or_default();
        buckets.retain(|(at, _)| *at > minute - MINUTES && *at <= minute);
        match buckets.back_mut() {
            Some((at, sum)) if *at == minute => *sum = sum.saturating_add(spent),
            _ => buckets.push_back((minute, spent)),
        }
        let total: u64 = buckets.iter().map(|(_, sum)| *sum).sum();
        let oldest = buckets.front().map_or(minute, |(at, _)| *at);
        (seconds(total), (oldest + MINUTES) * 60)
    }
}

/// Microseconds as seconds. A sum of ten minutes is exact in a double.
pub fn seconds(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_forgotten_after_ten() {
        let meter = Meter::default();
        let at = |seconds: i64, micros: i64| Moment(seconds * 1_000_000 + micros);
        let add = |from: Moment, to: Moment| meter.add(WebhookId(1), "profile", from, to);
        assert_eq!(add(at(600, 0), at(600, 500_000)), (0.5, 1200));
        assert_eq!(add(at(700, 0), at(700, 250_000)), (0.75, 1200));
        assert_eq!(add(at(1210, 0), at(1210, 0)), (0.25, 1260));
        assert_eq!(meter.add(WebhookId(2), "profile", at(1210, 0), at(1210, 0)).0, 0.0);
    }
}
