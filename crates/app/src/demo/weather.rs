//! How the played vendors misbehave: every switch is something that the real ones do.

use serde::{Deserialize, Serialize};

/// Weather between the firm and Twilio. A counter ("the next N") goes down with every use; zeros are fair weather.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weather {
    /// Delay before the API answers, in milliseconds.
    pub latency_ms: u64,
    /// The next N sends are answered 429 with `Retry-After`.
    pub too_many: u32,
    /// What stands in `Retry-After`, in seconds.
    pub retry_after: u32,
    /// The next N sends are answered 500; nothing is accepted.
    pub broken: u32,
    /// The next N sends are accepted and reach the client, but the sender gets 500.
    pub lost_answers: u32,
    /// The next N sends are accepted and reach the client, but the answer comes only after `hang_ms`.
    pub hangs: u32,
    /// See `hangs`.
    pub hang_ms: u64,
    /// Every callback and every answer of the client is made this many times more.
    pub duplicates: u32,
    /// Callbacks of one message go out in a shuffled order.
    pub reorder: bool,
    /// Every callback is first made with a wrong signature.
    pub wrong_signature: bool,
    /// Of a hundred callbacks so many are never made.
    pub drop_percent: u8,
    /// The next N messages are accepted and then not delivered.
    pub failures: u32,
    /// The code of that failure.
    pub failure_code: u32,
    /// Time between two states of a message, in milliseconds.
    pub step_ms: u64,
    /// Clients read at once, without anybody opening the phone.
    pub reads: bool,
    /// A callback that finds nobody listening is made again so often, with a second between.
    pub retries: u32,
}

impl Default for Weather {
    fn default() -> Self {
        Weather {
            latency_ms: 0,
            too_many: 0,
            retry_after: 1,
            broken: 0,
            lost_answers: 0,
            hangs: 0,
            hang_ms: 60_000,
            duplicates: 0,
            reorder: false,
            wrong_signature: false,
            drop_percent: 0,
            failures: 0,
            failure_code: 63_024,
            step_ms: 40,
            reads: false,
            // Twilio makes one more call when it cannot connect.
            retries: 1,
        }
    }
}

impl Weather {
    /// What the demo calls bad weather: statuses twice and out of order.
    pub fn bad() -> Weather {
        Weather { duplicates: 1, reorder: true, ..Weather::default() }
    }

    /// Statuses come twice or out of order.
    pub fn is_bad(&self) -> bool {
        self.duplicates > 0 || self.reorder
    }
}

/// Uses up one of the next N.
pub fn take(counter: &mut u32) -> bool {
    let left = *counter > 0;
    *counter = counter.saturating_sub(1);
    left
}

/// Weather at the mail server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storm {
    /// The next N recipients get 451 (try later).
    pub greylist: u32,
    /// The next N recipients get 550 (no such person).
    pub unknown: u32,
    /// The next N letters are refused after their text with 554.
    pub refuse: u32,
    /// The next N letters are refused after their text with 452.
    pub full: u32,
    /// The next N letters are kept, but the connection ends before the sender hears of it.
    pub lost_answers: u32,
    /// The next N connections are turned away with 421.
    pub closed: u32,
}
