//! How many forms one address may send in an hour. Kept in memory: a restart forgives. One rendering of a form counts
//! once however often it is sent, so a transaction that runs again or a visitor who clicks twice is not punished.

use crate::providers::web_form::PER_HOUR;
use crm::{Account, Firm, Moment, Refusal};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
/// So many addresses are remembered before the quiet ones are forgotten.
const REMEMBERED: usize = 20_000;

/// Which form of which firm, and from where.
type Key = (Vec<u8>, i64, String);
/// What came from there within the hour: when, and which rendering of the form.
type Sent = Vec<(Moment, String)>;

static SENT: LazyLock<Mutex<HashMap<Key, Sent>>> = LazyLock::new(Mutex::default);

/// Lets a submission pass and counts it.
///
/// # Errors
/// `too_many` when the address has used up its hour.
pub fn admit(firm: &Firm, account: &Account, remote: &str, nonce: &str, now: Moment) -> Result<(), Refusal> {
    let limit = account.settings.int("per_hour").unwrap_or(PER_HOUR);
    let Ok(limit @ 1..) = usize::try_from(limit) else { return Ok(()) };
    let since = now.minus(HOUR);
    let mut all = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() > REMEMBERED {
        all.retain(|_, sent| sent.last().is_some_and(|(at, _)| *at > since));
    }
    let sent = all.entry((firm.signing_key.clone(), account.id.0, home(remote))).or_default();
    sent.retain(|(at, _)| *at > since);
    if sent.iter().any(|(_, known)| known == nonce) {
        return Ok(());
    }
    if sent.len() >= limit {
        return Err(Refusal::new(
            "too_many",
            "С вашего адреса уже пришло много заявок. Попробуйте через час или позвоните нам",
            "Many applications have come from your address. Try again in an hour or call us",
        ));
    }
    sent.push((now, nonce.to_owned()));
    Ok(())
}

/// One household: an IPv6 customer has a whole /64.
fn home(remote: &str) -> String {
    match remote.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => format!("{:x?}", &address.segments()[..4]),
        _ => remote.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{AccountId, Lang, Value, Values};

    fn firm(key: &str) -> Firm {
        Firm {
            public_url: String::new(),
            zone: jiff::tz::TimeZone::UTC,
            lang: Lang::Ru,
            private_calls: false,
            signing_key: key.as_bytes().to_vec(),
            files: std::path::PathBuf::new(),
        }
    }

    fn account(settings: Values) -> Account {
        Account { id: AccountId(1), provider: "web_form".into(), code: "f".into(), title: String::new(), settings, secrets: Values::new(), enabled: true }
    }

    #[test]
    fn the_sixth_form_within_an_hour_is_refused_and_the_next_hour_is_free() {
        let (firm, account) = (firm("limits-1"), account(Values::new()));
        let at = |minutes: u64| Moment(1_000_000_000).plus(Duration::from_secs(minutes * 60));
        for number in 0..5 {
            admit(&firm, &account, "203.0.113.7", &format!("n{number}"), at(number)).unwrap();
        }
        assert_eq!(admit(&firm, &account, "203.0.113.7", "n5", at(59)).unwrap_err().code, "too_many");
        admit(&firm, &account, "203.0.113.8", "n5", at(59)).unwrap();
        admit(&firm, &account, "203.0.113.7", "n5", at(60)).unwrap();
    }

    #[test]
    fn one_rendering_counts_once() {
        let (firm, account) = (firm("limits-2"), account(Values::from([("per_hour", Value::Int(1))])));
        for _ in 0..10 {
            admit(&firm, &account, "203.0.113.7", "same", Moment(0)).unwrap();
        }
        assert!(admit(&firm, &account, "203.0.113.7", "other", Moment(0)).is_err());
    }

    #[test]
    fn zero_is_no_limit_and_a_household_is_one_address() {
        let free = account(Values::from([("per_hour", Value::Int(0))]));
        for number in 0..50 {
            admit(&firm("limits-3"), &free, "203.0.113.7", &number.to_string(), Moment(0)).unwrap();
        }
        let one = account(Values::from([("per_hour", Value::Int(1))]));
        admit(&firm("limits-3"), &one, "2a02:6b8::1", "a", Moment(0)).unwrap();
        assert!(admit(&firm("limits-3"), &one, "2a02:6b8::2", "b", Moment(0)).is_err());
        admit(&firm("limits-3"), &one, "2a02:6b8:0:1::2", "c", Moment(0)).unwrap();
    }
}
