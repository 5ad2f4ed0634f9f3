//! Moments and dates. Time and chance are parameters: nobody asks the machine but the one Clock and the one Chance.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A point in time, UTC, in microseconds since 1970. A zone is applied only where a person reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

/// A calendar day without a zone.
pub type Date = jiff::civil::Date;

impl Moment {
    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The moment that many seconds after 1970.
    pub fn from_seconds(seconds: i64) -> Moment {
        Moment(seconds.saturating_mul(1_000_000))
    }

    /// Later by this much.
    pub fn plus(self, by: Duration) -> Moment {
        Moment(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Earlier by this much.
    pub fn minus(self, by: Duration) -> Moment {
        Moment(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long from `earlier` to this moment; zero when it is not earlier.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// For the date library. Moments outside its range are clamped to its ends.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX })
    }

    /// From the date library.
    pub fn from_timestamp(at: jiff::Timestamp) -> Moment {
        Moment(at.as_microsecond())
    }
}

/// Tells the time. The real one asks the machine; the demo's and the tests' one can be moved.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Moment;
}

/// Gives random bytes. The real one asks the machine; the tests' one has a seed.
pub trait Chance: Send + Sync {
    /// Fills the buffer; the real one must be fit for secrets.
    fn fill(&self, buffer: &mut [u8]);
}

/// A random word of `length` letters and digits (62 kinds), fit for secrets: 22 of them carry 131 bits.
pub fn random_word(chance: &dyn Chance, length: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut word = String::with_capacity(length);
    let mut buffer = [0_u8; 32];
    while word.len() < length {
        chance.fill(&mut buffer);
        for byte in buffer {
            // 248 is the largest multiple of 62 in a byte: the rest would favour the first letters.
            if byte < 248 && word.len() < length {
                word.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            }
        }
    }
    word
}

/// A span as administrators write it: `90s`, `15m`, `2h`, `3d`, `1w`. `None` when it is not one.
pub fn parse_span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: u64 = text[..text.len() - unit.len_utf8()].trim().parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(parse_span("2h"), Some(Duration::from_secs(7_200)));
        assert_eq!(parse_span(" 15m "), Some(Duration::from_secs(900)));
        for wrong in ["", "h", "2", "2x", "-2h", "2ч", "99999999999999999999h"] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn distance_to_a_later_moment_is_zero() {
        assert_eq!(Moment(5).since(Moment(9)), Duration::ZERO);
        assert_eq!(Moment(9).since(Moment(5)), Duration::from_micros(4));
    }
}
