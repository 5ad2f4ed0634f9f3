//! `kill -9` under load, with a witness outside of what was acknowledged: nothing is lost, nothing is doubled.

use crate::firm::{Firm, Told, put};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KILLS: u64 = 20;
const CLIENTS: usize = 8;
const FORMS: usize = 60;

/// One rendering of the form as the visitor's browser would send it.
type Form = Vec<(String, String)>;

/// Sends applications until the server is gone; every one that was acknowledged goes to the witness.
fn apply_for_ever(told: &Told, forms: Vec<Form>, next: &AtomicU64, witness: &Mutex<BTreeSet<u64>>, unsure: &Mutex<BTreeSet<u64>>) {
    for mut fields in forms {
        let number = next.fetch_add(1, Ordering::SeqCst);
        put(&mut fields, "contact.first_name", &format!("Клиент {number}"));
        put(&mut fields, "contact.phone", &phone(number));
        match told.send(&fields) {
            Ok((200, _)) => {
                witness.lock().unwrap().insert(number);
            }
            Ok((status, page)) => assert!(status == 503, "{status}: {page}"),
            Err(_) => {
                unsure.lock().unwrap().insert(number);
                return;
            }
        }
    }
}

fn phone(number: u64) -> String {
    format!("+7901{number:07}")
}

#[test]
fn killed_twenty_times_under_load_nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let mut firm = Firm::new(&folder.path().join("data"));
    let next = Arc::new(AtomicU64::new(1));
    let witness = Arc::new(Mutex::new(BTreeSet::new()));
    let unsure = Arc::new(Mutex::new(BTreeSet::new()));
    for kill in 0..KILLS {
        firm.start(None).unwrap();
        let told = firm.told();
        // Rendered ahead: a form that is sent within two seconds is taken for a robot's.
        let forms: Vec<Vec<Form>> = (0..CLIENTS).map(|_| (0..FORMS).map(|_| told.form().unwrap()).collect()).collect();
        told.clock().and_then(|now| told.clock_until(now + 10)).unwrap();
        let threads: Vec<_> = forms
            .into_iter()
            .map(|forms| {
                let (told, next, witness, unsure) = (told.clone(), next.clone(), witness.clone(), unsure.clone());
                std::thread::spawn(move || apply_for_ever(&told, forms, &next, &witness, &unsure))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300 + 97 * (kill % 7)));
        firm.kill();
        for thread in threads {
            thread.join().unwrap();
        }
    }
    firm.start(None).unwrap();
    let told = firm.told();
    // Long enough for the leases of the killed to run out.
    told.clock().and_then(|now| told.clock_until(now + 200)).unwrap();
    let acknowledged = witness.lock().unwrap().clone();
    let unsure = unsure.lock().unwrap().clone();
    assert!(acknowledged.len() > 100 && !unsure.is_empty(), "only {} applications were acknowledged", acknowledged.len());
    for number in &acknowledged {
        let leads = firm.leads_of(&phone(*number));
        assert_eq!(leads.len(), 1, "application {number} was acknowledged and led to {} leads", leads.len());
        let tasks = firm.bound_to(leads[0].at(), crm::kind::TASK);
        assert_eq!(tasks.len(), 1, "the robot gave {} tasks for application {number}", tasks.len());
        let messages = firm.bound_to(leads[0].at(), crm::kind::MESSAGE);
        let states: Vec<&str> = messages.iter().map(|message| message.values.text("status")).collect();
        assert!(messages.len() == 1 && states[0] != "queued", "messages for application {number}: {states:?}");
    }
    for number in &unsure {
        let leads = firm.leads_of(&phone(*number));
        assert!(leads.len() <= 1, "application {number} led to {} leads", leads.len());
    }
    let now = crm::Moment::from_seconds(told.clock().unwrap());
    firm.look(|read| {
        let due = read.next_due().unwrap();
        assert!(due.is_none_or(|due| due > now), "something due was left undone");
        assert_eq!(read.dead_jobs(10).unwrap(), Vec::new());
    });
}
