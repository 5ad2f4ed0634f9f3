//! From the queue to the provider, with everything that can go wrong between.

use crate::office::{Office, SID};
use crate::sending::{letter, template};
use channels::Ask;
use channels::delivery::{Begin, Call, Came, begin, finish};
use courier::{Reply, Trouble};
use crm::{AttemptState, Fact, Item, Job, kind};
use std::time::Duration;

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

fn reply(status: u16, body: &str) -> Came {
    Came::Reply(Reply { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
}

fn created(sid: &str) -> Came {
    reply(201, &format!("{{\"sid\":\"{sid}\",\"status\":\"queued\"}}"))
}

/// The list of messages that Twilio shows.
fn list(office: &Office, sids: &[&str]) -> Came {
    let date = office.now().timestamp().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let one = |sid: &&str| serde_json::json!({ "sid": sid, "to": "whatsapp:+79990001122", "from": "whatsapp:+14155238886", "direction": "outbound-api", "status": "delivered", "body": "x", "date_created": date });
    reply(200, &serde_json::json!({ "messages": sids.iter().map(one).collect::<Vec<_>>() }).to_string())
}

fn url(call: &Call) -> String {
    match &call.ask {
        Ask::Http(request) => format!("{} {}", request.method.code(), request.url),
        Ask::Mail { mail, .. } => mail.message_id.clone(),
    }
}

fn status(office: &Office, message: &Item) -> (String, String) {
    let message = office.item(message.at());
    (message.values.text("status").to_owned(), message.values.text("error").to_owned())
}

fn states(office: &Office, job: &Job) -> Vec<AttemptState> {
    let id = job.id;
    office.house.read(|read| read.attempts_of(id)).unwrap().into_iter().map(|attempt| attempt.state).collect()
}

fn backlog(office: &Office) -> (i64, usize) {
    let now = office.now();
    office.house.read(|read| Ok((read.job_backlog(now)?.0, read.dead_jobs(10)?.len()))).unwrap()
}

fn prepared() -> (Office, Item) {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let message = office.send(template(&deal, "run:1")).unwrap();
    (office, message)
}

#[test]
fn a_taken_message_knows_the_providers_number_and_leaves_the_queue() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    assert_eq!(states(&office, &job), [AttemptState::Begun]);
    end(&office, &job, call, created(SID));
    assert_eq!(status(&office, &message), ("accepted".into(), String::new()));
    assert_eq!(office.item(message.at()).values.text("provider_ref"), SID);
    assert_eq!((backlog(&office), states(&office, &job)), ((0, 0), vec![AttemptState::Done]));
    assert_eq!(office.facts(message.at()), ["created", "message_queued", "message_status"]);
}

#[test]
fn a_receipt_that_was_overtaken_by_reports_takes_nothing_back() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    let fields = [("MessageSid", SID), ("MessageStatus", "delivered")];
    office.receive(&office.whatsapp, office.twilio(&format!("?m={}", message.id), &fields)).unwrap();
    end(&office, &job, call, created(SID));
    assert_eq!(status(&office, &message).0, "delivered");
    assert_eq!(office.facts(message.at()), ["created", "message_queued", "message_status"]);
    assert_eq!(backlog(&office), (0, 0));
}

#[test]
fn killed_between_attempt_and_outcome_the_provider_is_asked_and_the_message_found() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    let sent = start(&office, &job).unwrap();
    assert!(url(&sent).starts_with("POST "));
    let begun = office.now();
    // The process dies here. Twilio made the message.
    let shown = list(&office, &[SID]);
    office.advance(91);
    let again = office.claim().unwrap();
    let asked = start(&office, &again).unwrap();
    assert!(url(&asked).starts_with("GET ") && url(&asked).contains("To=whatsapp%3A%2B79990001122"), "{}", url(&asked));
    assert_eq!((states(&office, &job), asked.attempt.at), (vec![AttemptState::Unknown], begun));
    end(&office, &again, asked, shown);
    assert_eq!(status(&office, &message), ("delivered".into(), String::new()));
    assert_eq!((backlog(&office), states(&office, &job)), ((0, 0), vec![AttemptState::Done]));
}

#[test]
fn killed_before_the_call_the_provider_is_asked_and_the_message_sent_once() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    start(&office, &job).unwrap();
    office.advance(91);
    let again = office.claim().unwrap();
    let asked = start(&office, &again).unwrap();
    let empty = list(&office, &[]);
    end(&office, &again, asked, empty);
    let third = office.claim().unwrap();
    let sent = start(&office, &third).unwrap();
    assert!(url(&sent).starts_with("POST "));
    end(&office, &third, sent, created(SID));
    assert_eq!(status(&office, &message).0, "accepted");
    assert_eq!(states(&office, &job), [AttemptState::Failed, AttemptState::Done]);
}

#[test]
fn killed_after_a_report_told_the_number_nobody_is_asked() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    start(&office, &job).unwrap();
    office.receive(&office.whatsapp, office.twilio(&format!("?m={}", message.id), &[("MessageSid", SID), ("MessageStatus", "sent")])).unwrap();
    office.advance(91);
    let again = office.claim().unwrap();
    assert!(start(&office, &again).is_none());
    assert_eq!((backlog(&office), states(&office, &job)), ((0, 0), vec![AttemptState::Done]));
}

#[test]
fn an_answer_that_got_lost_is_found_and_not_sent_again() {
    for came in [Came::Trouble(Trouble::Unknown { why: "no answer in time".into() }), reply(500, ""), reply(200, "<html>")] {
        let (office, message) = prepared();
        let job = office.claim().unwrap();
        let call = start(&office, &job).unwrap();
        end(&office, &job, call, came);
        assert_eq!(status(&office, &message).0, "queued", "nobody is alarmed before the provider was asked");
        let shown = list(&office, &[SID]);
        let again = office.claim_later();
        let asked = start(&office, &again).unwrap();
        assert!(url(&asked).starts_with("GET "));
        end(&office, &again, asked, shown);
        assert_eq!(status(&office, &message).0, "delivered");
    }
}

#[test]
fn a_message_that_belongs_to_another_of_ours_is_not_taken_for_this_one() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let first = office.send(template(&deal, "run:1")).unwrap();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, created(SID));
    let second = office.send(template(&deal, "run:2")).unwrap();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, reply(503, ""));
    let job = office.claim_later();
    let asked = start(&office, &job).unwrap();
    let shown = list(&office, &[SID]);
    end(&office, &job, asked, shown);
    let job = office.claim_later();
    let sent = start(&office, &job).unwrap();
    assert!(url(&sent).starts_with("POST "), "the first message's number was taken for the second's");
    end(&office, &job, sent, created("SM2"));
    assert_eq!((office.item(first.at()).values.text("provider_ref"), office.item(second.at()).values.text("provider_ref")), (SID, "SM2"));
}

#[test]
fn a_provider_that_cannot_be_asked_is_asked_later_and_in_the_end_a_person_looks() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, reply(500, ""));
    let mut asked = 0;
    while backlog(&office).0 > 0 {
        let job = office.claim_later();
        let call = start(&office, &job).unwrap();
        assert!(url(&call).starts_with("GET "));
        end(&office, &job, call, reply(503, ""));
        asked += 1;
        assert!(asked < 50, "it never ends");
    }
    assert_eq!((status(&office, &message).0.as_str(), backlog(&office)), ("unknown", (0, 1)));
}

#[test]
fn a_no_for_ever_fails_the_message_with_the_providers_code() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, reply(400, "{\"code\":21211,\"message\":\"Invalid 'To' Phone Number\"}"));
    assert_eq!(status(&office, &message), ("failed".into(), "21211".into()));
    assert_eq!((backlog(&office), states(&office, &job)), ((0, 0), vec![AttemptState::Failed]));
}

#[test]
fn too_many_requests_wait_as_long_as_the_provider_wishes() {
    let (office, message) = prepared();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    let wish = Reply { status: 429, headers: vec![("retry-after".into(), "77".into())], body: b"{\"code\":20429}".to_vec() };
    end(&office, &job, call, Came::Reply(wish));
    assert_eq!(office.next_due(), Some(office.now().plus(Duration::from_secs(77))));
    let again = office.claim_later();
    let call = start(&office, &again).unwrap();
    end(&office, &again, call, created(SID));
    assert_eq!(status(&office, &message).0, "accepted");
}

#[test]
fn a_provider_that_is_down_is_tried_by_the_ladder_until_the_message_is_stale() {
    let (office, message) = prepared();
    let began = office.now();
    let mut tries = 0;
    while backlog(&office).0 > 0 {
        let job = office.claim_later();
        if let Some(call) = start(&office, &job) {
            tries += 1;
            end(&office, &job, call, Came::Trouble(Trouble::NotSent { why: "refused".into(), retry: true }));
        }
        assert!(tries < 20, "it never ends");
    }
    assert!((7..=9).contains(&tries), "{tries}");
    assert!(office.now().since(began) <= Duration::from_secs(86_400));
    assert_eq!(status(&office, &message), ("failed".into(), "not_sent".into()));
}

#[test]
fn a_paused_host_spends_no_tries() {
    let (office, message) = prepared();
    for _ in 0..30 {
        let job = office.claim_later();
        let call = start(&office, &job).unwrap();
        assert_eq!(call.attempt.number, 1);
        end(&office, &job, call, Came::Trouble(Trouble::Paused { seconds: 30 }));
    }
    let job = office.claim_later();
    assert_eq!(states(&office, &job).len(), 1);
    let call = start(&office, &job).unwrap();
    end(&office, &job, call, created(SID));
    assert_eq!(status(&office, &message).0, "accepted");
}

#[test]
fn after_a_day_a_queued_message_is_not_worth_sending() {
    let (office, message) = prepared();
    office.advance(86_401);
    let job = office.claim().unwrap();
    assert!(start(&office, &job).is_none());
    assert_eq!((status(&office, &message), backlog(&office)), (("failed".into(), "expired".into()), (0, 0)));
}

#[test]
fn a_result_that_comes_after_the_lease_was_lost_is_refused() {
    let (office, message) = prepared();
    let slow = office.claim().unwrap();
    let call = start(&office, &slow).unwrap();
    office.advance(91);
    let fast = office.claim().unwrap();
    end(&office, &slow, call, reply(400, "{\"code\":21211}"));
    assert_eq!(status(&office, &message).0, "queued");
    assert!(start(&office, &fast).is_some(), "the new holder goes on");
}

#[test]
fn a_letter_is_repeated_with_the_same_id_after_a_crash() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let message = office.send(letter(&deal)).unwrap();
    let job = office.claim().unwrap();
    let first = url(&start(&office, &job).unwrap());
    office.advance(91);
    let again = office.claim().unwrap();
    let call = start(&office, &again).unwrap();
    assert_eq!(url(&call), first);
    end(&office, &again, call, Came::Taken);
    assert_eq!(status(&office, &message).0, "sent");
    assert_eq!(office.item(message.at()).values.text("provider_ref"), first);
    assert_eq!(states(&office, &job), [AttemptState::Unknown, AttemptState::Done]);
}

#[test]
fn a_mail_server_that_says_later_is_tried_again_and_one_that_says_never_is_not() {
    for (code, permanent, expected) in [(451, false, "queued"), (550, true, "failed")] {
        let office = Office::open();
        let (_, deal) = office.ivanov();
        let message = office.send(letter(&deal)).unwrap();
        let job = office.claim().unwrap();
        let call = start(&office, &job).unwrap();
        end(&office, &job, call, Came::Trouble(Trouble::Rejected { code, why: "no".into(), permanent }));
        assert_eq!(status(&office, &message).0, expected);
    }
}

#[test]
fn a_window_that_closed_in_the_queue_fails_with_its_code() {
    let office = Office::open();
    let (client, deal) = office.ivanov();
    let (cause, at) = (office.system(), client.at());
    office
        .house
        .transact(move |tx| crm::item::change(tx, &crm::Rights::system(), &cause, at, &crm::Values::from([("last_inbound_at", crm::Value::moment(cause.at))])))
        .unwrap();
    office.advance(86_000);
    let text = crm::Command::SendMessage {
        about: deal.at(),
        channel: "twilio_whatsapp".into(),
        template: String::new(),
        text: "Добрый день".into(),
        subject: String::new(),
        variables: crm::Values::new(),
        key: String::new(),
    };
    let message = office.send(text).unwrap();
    office.advance(500);
    let job = office.claim().unwrap();
    assert!(start(&office, &job).is_none());
    assert_eq!(status(&office, &message), ("failed".into(), "63016".into()));
}

#[test]
fn an_account_that_is_switched_off_holds_its_messages() {
    let (office, message) = prepared();
    let switch = |on: bool| {
        let mut account = office.whatsapp.clone();
        account.enabled = on;
        office.house.transact(move |tx| tx.put_account(&mut account)).unwrap();
    };
    switch(false);
    let job = office.claim().unwrap();
    assert!(start(&office, &job).is_none());
    assert_eq!((status(&office, &message).0.as_str(), backlog(&office)), ("queued", (1, 0)));
    switch(true);
    let job = office.claim_later();
    assert!(start(&office, &job).is_some());
}

#[test]
fn a_deleted_message_is_not_sent() {
    let (office, message) = prepared();
    let (cause, at) = (office.system(), message.at());
    office.house.transact(move |tx| crm::item::delete(tx, &crm::Rights::system(), &cause, at)).unwrap();
    let job = office.claim().unwrap();
    assert!(start(&office, &job).is_none());
    assert_eq!(backlog(&office), (0, 0));
}

#[test]
fn the_whole_way_over_a_real_line() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let twilio = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut heard = Vec::new();
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&heard).contains("StatusCallback") {
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0);
            heard.extend_from_slice(&piece[..count]);
        }
        let body = format!("{{\"sid\":\"{SID}\",\"status\":\"queued\"}}");
        stream.write_all(format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        String::from_utf8(heard).unwrap()
    });
    let (office, message) = prepared();
    let mut account = office.whatsapp.clone();
    account.settings.set("base_url", crm::Value::text(format!("http://127.0.0.1:{port}/")));
    office.house.transact(move |tx| tx.put_account(&mut account)).unwrap();
    let job = office.claim().unwrap();
    let call = start(&office, &job).unwrap();
    let came = channels::delivery::carry(&courier::Courier::new(), &office.house.firm, &call);
    end(&office, &job, call, came);
    let heard = twilio.join().unwrap();
    assert!(heard.starts_with("POST /2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json HTTP/1.1"), "{heard}");
    assert_eq!(status(&office, &message).0, "accepted");
    assert_eq!(office.all(kind::MESSAGE).len(), 1);
    assert!(office.events().iter().any(|event| matches!(event.fact, Fact::MessageStatus { late: false, .. })));
}
