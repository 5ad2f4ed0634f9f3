//! Holds back whoever guesses passwords. In memory: a restart forgives, and the slow hash still stands in the way.

use crm::{Label, Moment, Outcome, Refusal};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many failures are forgiven for one login.
const PER_LOGIN: usize = 5;
/// So many for one address: an office stands behind one.
const PER_ADDRESS: usize = 20;
/// A failure is forgotten after this time.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// So many logins and addresses are remembered at once.
const REMEMBERED: usize = 50_000;
/// So many passwords are checked at once: each takes 19 MiB.
const AT_ONCE: usize = 4;

/// Counts failed sign-ins. One for the whole program.
#[derive(Debug, Default)]
pub struct Limiter {
    failures: Mutex<HashMap<Key, Vec<Moment>>>,
    checking: Mutex<usize>,
    free: Condvar,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Login(String),
    Address(String),
}

impl Limiter {
    /// Nobody has failed yet.
    pub fn new() -> Limiter {
        Limiter::default()
    }

    /// Lets a try pass, counted as a failure until [`Limiter::forgive`]: parallel guesses gain nothing.
    ///
    /// # Errors
    /// `too_many_attempts`, with the minutes to wait.
    pub fn admit(&self, login: &str, remote: &str, now: Moment) -> Outcome<()> {
        let mut failures = locked(&self.failures);
        let keys = keys(login, remote);
        for (key, limit) in keys.iter().zip([PER_LOGIN, PER_ADDRESS]) {
            let Some(times) = failures.get_mut(key) else { continue };
            times.retain(|at| now.since(*at) < WINDOW);
            if times.len() >= limit {
                let wait = WINDOW.saturating_sub(now.since(times[times.len() - limit]));
                return Err(too_many(wait.as_secs().div_ceil(60).max(1)).into());
            }
        }
        if failures.len() > REMEMBERED {
            failures.retain(|_, times| times.last().is_some_and(|at| now.since(*at) < WINDOW));
        }
        // Still too many: a flood of made-up logins. What failed more than once stays known.
        if failures.len() > REMEMBERED {
            failures.retain(|_, times| times.len() > 1);
        }
        for key in keys {
            failures.entry(key).or_default().push(now);
        }
        Ok(())
    }

    /// The try was right: the login is clean again, and the address loses this one.
    pub fn forgive(&self, login: &str, remote: &str) {
        let mut failures = locked(&self.failures);
        let [login, address] = keys(login, remote);
        failures.remove(&login);
        if let Some(times) = failures.get_mut(&address) {
            times.pop();
        }
    }

    /// Does something that takes much memory, a few at a time.
    pub(crate) fn in_turn<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut checking = locked(&self.checking);
        while *checking >= AT_ONCE {
            checking = self.free.wait(checking).unwrap_or_else(PoisonError::into_inner);
        }
        *checking += 1;
        drop(checking);
        let _turn = Turn(self);
        work()
    }
}

/// One of the few places; given back whatever happens.
struct Turn<'a>(&'a Limiter);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *locked(&self.0.checking) -= 1;
        self.0.free.notify_one();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keys(login: &str, remote: &str) -> [Key; 2] {
    [Key::Login(login.to_owned()), Key::Address(network(remote))]
}

/// Of an IPv6 address only the network counts: its owner has 2^64 of them.
fn network(remote: &str) -> String {
    match remote.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => address.segments()[..4].iter().map(|part| format!("{part:x}:")).collect(),
        _ => remote.to_owned(),
    }
}

fn too_many(minutes: u64) -> Refusal {
    let word = crm::format::plural(minutes, ["минуту", "минуты", "минут"]);
    let text = Label::new(
        format!("Слишком много попыток входа. Попробуйте через {minutes} {word}"),
        format!("Too many attempts to sign in. Try again in {minutes} {}", if minutes == 1 { "minute" } else { "minutes" }),
    );
    Refusal::new("too_many_attempts", text.ru, text.en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::Fault;

    fn at(minutes: i64) -> Moment {
        Moment::from_seconds(1_790_000_000 + minutes * 60)
    }

    #[test]
    fn the_sixth_guess_of_a_login_waits_and_is_told_how_long() {
        let limiter = Limiter::new();
        for minute in 0..5 {
            assert_eq!(limiter.admit("anna", &format!("10.0.0.{minute}"), at(minute)), Ok(()));
        }
        let Err(Fault::Refused(refusal)) = limiter.admit("anna", "10.0.0.9", at(5)) else { panic!("the sixth try passed") };
        assert_eq!(refusal.code, "too_many_attempts");
        assert!(refusal.text.ru.contains("через 10 минут"), "{}", refusal.text.ru);
        assert_eq!(limiter.admit("boris", "10.0.0.9", at(5)), Ok(()), "another login is not held back");
        assert_eq!(limiter.admit("anna", "10.0.0.9", at(15)), Ok(()), "the first failure is forgotten");
    }

    #[test]
    fn an_address_that_tries_many_logins_waits() {
        let limiter = Limiter::new();
        for number in 0..20 {
            assert_eq!(limiter.admit(&format!("user{number}"), "2001:db8::1", at(0)), Ok(()));
        }
        assert!(limiter.admit("user21", "2001:db8::ffff", at(0)).is_err(), "the same IPv6 network");
        assert_eq!(limiter.admit("user21", "2001:db8:1::1", at(0)), Ok(()));
    }

    #[test]
    fn a_right_password_wipes_the_slate() {
        let limiter = Limiter::new();
        for _ in 0..30 {
            assert_eq!(limiter.admit("anna", "10.0.0.1", at(0)), Ok(()));
            limiter.forgive("anna", "10.0.0.1");
        }
    }
}
