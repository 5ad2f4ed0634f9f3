//! How much one host is asked at a time, and when it is left alone: a vendor in trouble must neither be hammered nor
//! hold up the others.

use crate::Trouble;
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Calls to one host at the same time.
const AT_ONCE: usize = 8;
/// So long a call waits for its place.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so many failures in a row a host is paused.
const FAILURES: u32 = 10;
/// So long; then one call goes ahead to see.
const PAUSE: Duration = Duration::from_secs(30);
/// So many hosts are remembered; quiet ones are forgotten beyond that.
const REMEMBERED: usize = 1_000;

#[derive(Debug, Default)]
struct Host {
    active: usize,
    failures: u32,
    paused_until: Option<Instant>,
}

/// All hosts that were called lately.
#[derive(Debug, Default)]
pub struct Hosts {
    known: Mutex<HashMap<String, Host>>,
    left: Condvar,
}

/// A place at a host; given back when dropped.
#[derive(Debug)]
pub struct Place<'h> {
    hosts: &'h Hosts,
    host: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(host) = self.hosts.lock().get_mut(&self.host) {
            host.active = host.active.saturating_sub(1);
        }
        self.hosts.left.notify_all();
    }
}

impl Hosts {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place.
    pub fn enter(&self, name: &str) -> Result<Place<'_>, Trouble> {
        let until = Instant::now() + PATIENCE;
        let mut known = self.lock();
        if known.len() > REMEMBERED {
            known.retain(|_, host| host.active > 0 || host.paused_until.is_some());
        }
        loop {
            let now = Instant::now();
            let host = known.entry(name.to_owned()).or_default();
            if let Some(paused) = host.paused_until {
                if paused > now {
                    return Err(Trouble::Paused { seconds: (paused - now).as_secs() + 1 });
                }
                // This call goes ahead to see; the others keep waiting.
                host.paused_until = Some(now + PAUSE);
                break;
            }
            if host.active < AT_ONCE {
                break;
            }
            if now >= until {
                return Err(Trouble::not_sent("the host is busy with our other calls"));
            }
            known = self.left.wait_timeout(known, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
        if let Some(host) = known.get_mut(name) {
            host.active += 1;
        }
        Ok(Place { hosts: self, host: name.to_owned() })
    }

    /// What became of a call: the tenth failure in a row pauses the host, a success ends the pause.
    pub fn tell(&self, name: &str, well: bool) {
        let mut known = self.lock();
        let Some(host) = known.get_mut(name) else { return };
        if well {
            (host.failures, host.paused_until) = (0, None);
            return;
        }
        host.failures = host.failures.saturating_add(1);
        if host.failures == FAILURES {
            tracing::error!(host = name, "failed ten times in a row and is paused");
        }
        if host.failures >= FAILURES {
            host.paused_until = Some(Instant::now() + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_failed_ten_times_in_a_row_is_left_alone() {
        let hosts = Hosts::default();
        for _ in 0..FAILURES {
            drop(hosts.enter("a:80").unwrap());
            hosts.tell("a:80", false);
        }
        assert!(matches!(hosts.enter("a:80"), Err(Trouble::Paused { seconds: 1..=31 })));
        assert!(hosts.enter("b:80").is_ok(), "others are not held up");
    }

    #[test]
    fn one_success_forgets_the_failures() {
        let hosts = Hosts::default();
        for _ in 0..FAILURES - 1 {
            hosts.enter("a:80").unwrap();
            hosts.tell("a:80", false);
        }
        hosts.tell("a:80", true);
        hosts.tell("a:80", false);
        assert!(hosts.enter("a:80").is_ok());
    }

    #[test]
    fn after_the_pause_one_call_goes_ahead_and_the_others_wait() {
        let hosts = Hosts::default();
        hosts.lock().insert("a:80".into(), Host { failures: FAILURES, paused_until: Some(Instant::now()), active: 0 });
        let probe = hosts.enter("a:80").unwrap();
        assert!(matches!(hosts.enter("a:80"), Err(Trouble::Paused { .. })));
        hosts.tell("a:80", true);
        drop(probe);
        assert!(hosts.enter("a:80").is_ok());
    }

    #[test]
    fn the_ninth_call_waits_for_a_place() {
        let hosts = std::sync::Arc::new(Hosts::default());
        let mut places: Vec<_> = (0..AT_ONCE).map(|_| hosts.enter("a:80").unwrap()).collect();
        let other = hosts.clone();
        let (said, hears) = std::sync::mpsc::channel();
        let ninth = std::thread::spawn(move || {
            let place = other.enter("a:80");
            said.send(place.is_ok()).unwrap();
        });
        assert!(hears.recv_timeout(Duration::from_millis(50)).is_err(), "it got in without a place");
        places.pop();
        assert!(hears.recv_timeout(Duration::from_secs(5)).unwrap());
        ninth.join().unwrap();
    }
}
