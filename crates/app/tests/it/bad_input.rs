//! Bad input gets a clear error and leaves no trace; never a 500.

use crate::firm::{Firm, Told, agent, put, wait_for};
use crm::{Query, Rights, kind};
use serde_json::json;

fn counts(firm: &Firm) -> (usize, usize, crm::Seq) {
    firm.look(|read| {
        let count = |kind| read.items(&Rights::system(), &Query::of(kind).limit(500)).unwrap().len();
        (count(kind::CONTACT), count(kind::LEAD), read.latest().unwrap())
    })
}

fn filled(told: &Told) -> Vec<(String, String)> {
    let mut fields = told.form().unwrap();
    put(&mut fields, "contact.first_name", "Иван");
    put(&mut fields, "contact.phone", "+7 999 000-11-22");
    fields
}

fn post(told: &Told, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
    let mut answer = agent().post(format!("{}{path}", told.url)).header("content-type", kind).send(body).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
}

#[test]
fn a_bad_form_is_refused_in_words_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut firm = Firm::new(&folder.path().join("data"));
    firm.start(None).unwrap();
    let told = firm.told();
    let good = filled(&told);
    told.clock().and_then(|now| told.clock_until(now + 10)).unwrap();
    let before = counts(&firm);
    let long = "я".repeat(300);
    let huge = "x".repeat(100_000);
    for (name, value) in [
        ("contact.first_name", long.as_str()),
        ("lead.comment", huge.as_str()),
        ("contact.phone", "позвоните мне"),
        ("lead.debt_total", "много"),
        ("contact.email", "ivan@"),
        ("contact.first_name", "a\0b"),
        ("contact.phone", ""),
    ] {
        let mut fields = good.clone();
        put(&mut fields, name, value);
        let (status, page) = told.send(&fields).unwrap();
        assert!((400..500).contains(&status), "{name}: {status} {page}");
        assert!(page.chars().count() > 20, "{name}: the answer says nothing");
        assert_eq!(counts(&firm), before, "{name} left a trace");
    }
    // Without the consent box, with a forged signature, to an unknown form.
    let mut unticked = good.clone();
    unticked.retain(|(name, _)| !name.contains("consent"));
    assert!((400..500).contains(&told.send(&unticked).unwrap().0));
    for (name, value) in good.iter().filter(|(name, _)| ["form_nonce", "form_at", "form_sign"].contains(&name.as_str())) {
        let mut fields = good.clone();
        put(&mut fields, name, &format!("{value}0"));
        let (status, page) = told.send(&fields).unwrap();
        assert!((400..500).contains(&status), "{name}: {status} {page}");
    }
    // A robot that fills in what no person sees gets a polite answer.
    let mut trapped = good.clone();
    put(&mut trapped, "website_url", "https://spam.example");
    assert_eq!(told.send(&trapped).unwrap().0, 200);
    assert_eq!(counts(&firm), before);
    let unknown = post(&told, "/f/no-such-form", "application/x-www-form-urlencoded", b"a=b");
    assert!((400..500).contains(&unknown.0), "{unknown:?}");
    for (kind, body) in [
        ("application/json", b"{\"a\":".to_vec()),
        ("application/json", format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes()),
        ("application/x-www-form-urlencoded", b"contact.first_name=%FF%FE&contact.phone=%00".to_vec()),
        ("application/x-www-form-urlencoded", vec![b'a'; 10 * 1024 * 1024]),
        ("text/plain", b"hello".to_vec()),
    ] {
        let (status, page) = post(&told, "/f/application", kind, &body);
        assert!((400..500).contains(&status), "{kind} {}…: {status} {page}", String::from_utf8_lossy(&body[..body.len().min(20)]));
    }
    assert_eq!(counts(&firm), before);
}

#[test]
fn one_client_in_five_spellings_and_a_doubled_application_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut firm = Firm::new(&folder.path().join("data"));
    firm.start(None).unwrap();
    let told = firm.told();
    let forms: Vec<_> = (0..5).map(|_| filled(&told)).collect();
    told.clock().and_then(|now| told.clock_until(now + 10)).unwrap();
    let before = counts(&firm);
    for (mut fields, spelling) in forms.into_iter().zip(["+7 (999) 000-11-22", "8 999 000 11 22", "79990001122", "9990001122", "+7-999-000-1122"]) {
        put(&mut fields, "contact.phone", spelling);
        for _ in 0..3 {
            let (status, page) = told.send(&fields).unwrap();
            assert_eq!(status, 200, "{spelling}: {page}");
        }
    }
    let after = counts(&firm);
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1), "one client with one open lead");
    let lead = firm.leads_of("+79990001122")[0].at();
    let filled = firm.timeline(lead).iter().filter(|event| matches!(event.fact, crm::Fact::FormFilled { .. })).count();
    assert_eq!(filled, 5, "every application stands in the history, the doubled ones once");
    let popups = firm.timeline(lead).iter().filter(|event| matches!(event.fact, crm::Fact::Notified { popup: true, .. })).count();
    assert!(popups >= 4, "the operator saw {popups} pop-ups of a client who came again four times");
    wait_for("the task", || firm.bound_to(lead, kind::TASK).first().map(|_| ()));
    assert_eq!(firm.bound_to(lead, kind::TASK).len(), 1);
}

#[test]
fn the_dialect_answers_bad_calls_with_its_own_codes() {
    let folder = tempfile::tempdir().unwrap();
    let mut firm = Firm::new(&folder.path().join("data"));
    firm.start(None).unwrap();
    let told = firm.told();
    let path = told.webhook.replace(&told.url, "");
    let before = counts(&firm);
    for (method, kind, body) in [
        ("crm.deal.add", "application/json", b"{\"fields\":".to_vec()),
        ("crm.deal.list", "application/json", format!("{{\"filter\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes()),
        ("crm.deal.list", "application/x-www-form-urlencoded", format!("filter{}=1", "[a]".repeat(10_000)).into_bytes()),
        ("crm.deal.add", "application/x-www-form-urlencoded", b"fields[TITLE]=%FF%FF".to_vec()),
        ("crm.deal.add", "application/json", vec![b' '; 10 * 1024 * 1024]),
        ("crm.no.such", "application/json", b"{}".to_vec()),
        ("crm.deal.get", "application/json", b"{\"id\":-1}".to_vec()),
        ("crm.deal.get", "application/json", b"{\"id\":99999999999999999999}".to_vec()),
        ("crm.deal.get", "application/json", b"{\"id\":[1]}".to_vec()),
        ("crm.item.list", "application/json", b"{\"entityTypeId\":2,\"filter\":{\"noSuchField\":1}}".to_vec()),
        ("crm.item.add", "application/json", b"{\"entityTypeId\":7777,\"fields\":{}}".to_vec()),
        ("crm.deal.add", "application/json", b"{\"fields\":{\"OPPORTUNITY\":\"many\"}}".to_vec()),
        ("crm.deal.add", "application/json", b"{\"fields\":{\"STAGE_ID\":\"NO_SUCH\"}}".to_vec()),
        ("batch", "application/json", b"{\"cmd\":{\"a\":\"batch?cmd[x]=profile\"}}".to_vec()),
    ] {
        let (status, answer) = post(&told, &format!("{path}{method}"), kind, &body);
        let shown = format!("{method}: {status} {}", &answer.chars().take(300).collect::<String>());
        assert!(status < 500, "{shown}");
        match method {
            "batch" => assert!(answer.contains("ERROR_BATCH_METHOD_NOT_ALLOWED"), "{shown}"),
            _ => assert!(status >= 400 && answer.contains("\"error\""), "{shown}"),
        }
    }
    let wrong = agent().get(format!("{}/rest/1/wrongsecret/profile", told.url)).call().unwrap();
    assert_eq!(wrong.status().as_u16(), 401);
    assert_eq!(counts(&firm), before);
    let listed = told.rest("crm.deal.list", json!({ "filter": { "!<>NONSENSE": 1 }, "start": -5 })).unwrap();
    assert!(listed["result"].is_array() || listed["error"].is_string(), "{listed}");
}

#[test]
fn a_forged_status_call_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut firm = Firm::new(&folder.path().join("data"));
    firm.start(None).unwrap();
    let told = firm.told();
    let before = counts(&firm);
    let body = b"MessageSid=SM0123456789abcdef0123456789abcdef&MessageStatus=read&To=whatsapp%3A%2B79990001122";
    let unsigned = post(&told, "/hooks/twilio_whatsapp/demo", "application/x-www-form-urlencoded", body);
    assert!(matches!(unsigned.0, 401 | 403), "{unsigned:?}");
    let unknown = post(&told, "/hooks/no_such/demo", "application/x-www-form-urlencoded", body);
    assert!((400..500).contains(&unknown.0), "{unknown:?}");
    assert_eq!(counts(&firm), before);
}
