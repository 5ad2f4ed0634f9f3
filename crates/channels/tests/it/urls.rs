//! Calls of programs outside.

use crate::office::Office;
use channels::delivery::{Begin, Call, Came, begin, finish, queue_call};
use courier::{Reply, Trouble};
use crm::{Command, Fact, Fault, Item, Job, Value, Values};

fn wanted(deal: &Item, url: &str, key: &str) -> Command {
    Command::CallUrl { about: deal.at(), url: url.into(), method: "POST".into(), body: Values::from([("deal", Value::Int(deal.id))]), key: key.into() }
}

fn queue(office: &Office, command: Command) -> Result<(), String> {
    let cause = office.system();
    office.house.transact(move |tx| queue_call(tx, &cause, &command)).map_err(|fault| match fault {
        Fault::Refused(refusal) => refusal.code.into_owned(),
        Fault::Failed(failure) => panic!("{failure:?}"),
    })
}

fn start(office: &Office, job: &Job) -> Option<Box<Call>> {
    let (firm, job, now) = (office.house.firm.clone(), job.clone(), office.now());
    match office.house.transact(move |tx| begin(tx, &firm, &job, now)).unwrap() {
        Begin::Ask(call) => Some(call),
        Begin::Nothing(_) => None,
    }
}

fn end(office: &Office, job: &Job, call: Box<Call>, came: Came) {
    let (firm, job, now) = (office.house.firm.clone(), job.clone(), office.now());
    office.house.transact(move |tx| finish(tx, &firm, &job, &call, &came, now)).unwrap();
}

fn reply(status: u16) -> Came {
    Came::Reply(Reply { status, headers: Vec::new(), body: Vec::new() })
}

fn told(office: &Office) -> Vec<(String, bool, String)> {
    let facts = office.events().into_iter().map(|event| event.fact);
    facts.filter_map(|fact| if let Fact::UrlCalled { url, ok, detail } = fact { Some((url, ok, detail)) } else { None }).collect()
}

#[test]
fn a_called_program_stands_in_the_timeline_without_its_secrets() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    queue(&office, wanted(&deal, "https://example.com/hook?secret=1", "run:1")).unwrap();
    queue(&office, wanted(&deal, "https://example.com/hook?secret=1", "run:1")).unwrap();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, reply(204));
    assert_eq!(told(&office), [("https://example.com/hook".to_owned(), true, "204".to_owned())]);
    assert!(office.claim().is_none(), "the same key was called twice");
}

#[test]
fn a_program_that_is_down_is_called_again_and_one_that_refuses_is_not() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    queue(&office, wanted(&deal, "https://example.com/a", "")).unwrap();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, reply(503));
    assert_eq!(told(&office), []);
    let job = office.claim_later();
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, Came::Trouble(Trouble::Unknown { why: "no answer in time".into() }));
    let job = office.claim_later();
    let call = start(&office, &job).unwrap();
    assert_eq!(call.attempt.number, 3);
    end(&office, &job, call, reply(404));
    assert_eq!(told(&office), [("https://example.com/a".to_owned(), false, "404".to_owned())]);
    assert!(office.next_due().is_none());
}

#[test]
fn after_three_days_the_call_is_given_up_and_told() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    queue(&office, wanted(&deal, "https://example.com/a", "")).unwrap();
    let mut tries = 0;
    while office.next_due().is_some() {
        let job = office.claim_later();
        if let Some(call) = start(&office, &job) {
            tries += 1;
            end(&office, &job, call, reply(500));
        }
        assert!(tries < 20, "it never ends");
    }
    assert!((9..=12).contains(&tries), "{tries}");
    assert_eq!(told(&office), [("https://example.com/a".to_owned(), false, "500".to_owned())]);
}

#[test]
fn after_a_crash_the_same_call_is_made_with_the_same_id() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    queue(&office, wanted(&deal, "https://example.com/a", "run:1")).unwrap();
    let job = office.claim().unwrap();
    let first = start(&office, &job).unwrap();
    office.advance(91);
    let job = office.claim().unwrap();
    assert_eq!(start(&office, &job).unwrap().ask, first.ask);
}

#[test]
fn only_web_addresses_and_known_methods_are_queued() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    for url in ["", "ftp://example.com", "javascript:alert(1)", "https://exa mple.com", "https://example.com/\r\nX: y", "/etc/passwd"] {
        assert_eq!(queue(&office, wanted(&deal, url, "")), Err("bad_url".to_owned()), "{url}");
    }
    let odd = Command::CallUrl { about: deal.at(), url: "https://example.com".into(), method: "DELETE".into(), body: Values::new(), key: String::new() };
    assert_eq!(queue(&office, odd), Err("bad_method".to_owned()));
    assert!(office.claim().is_none());
}
