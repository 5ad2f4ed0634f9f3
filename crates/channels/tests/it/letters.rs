//! Messages of clients.

use crate::office::{Office, SID};
use crm::{Actor, Value, code, kind};

fn said<'f>(text: &'f str, sid: &'f str) -> [(&'f str, &'f str); 7] {
    [
        ("MessageSid", sid),
        ("SmsStatus", "received"),
        ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
        ("From", "whatsapp:+79990001122"),
        ("To", "whatsapp:+14155238886"),
        ("Body", text),
        ("ProfileName", "Иван"),
    ]
}

#[test]
fn a_clients_answer_joins_his_open_deal_and_opens_the_window() {
    let office = Office::open();
    let (client, deal) = office.ivanov();
    let answer = office.receive(&office.whatsapp, office.twilio("", &said("Добрый день!", SID))).unwrap();
    assert_eq!(answer.status, 204);
    let message = office.all(kind::MESSAGE).remove(0);
    assert_eq!((message.about(), message.contact(), message.responsible()), (deal.at(), client.id, office.anna.id));
    assert_eq!((message.values.text("direction"), message.values.text("body"), message.values.text("provider_ref")), ("in", "Добрый день!", SID));
    assert_eq!(office.item(client.at()).values.moment("last_inbound_at"), Some(office.now()));
    assert_eq!(office.facts(message.at()), ["created", "message_received"]);
    let received = office.events().into_iter().find(|event| event.fact.code() == "message_received").unwrap();
    assert_eq!((received.about, received.by), (deal.at(), Actor::Client { account: office.whatsapp.id, contact: client.id }));
    let notice = office.all(kind::NOTIFICATION).remove(0);
    assert_eq!((notice.responsible(), notice.title()), (office.anna.id, "Иванов Иван пишет: «Добрый день!»"));
}

#[test]
fn a_message_that_comes_twice_is_one_message() {
    let office = Office::open();
    office.ivanov();
    for _ in 0..3 {
        assert_eq!(office.receive(&office.whatsapp, office.twilio("", &said("Добрый день!", SID))).unwrap().status, 204);
    }
    assert_eq!(office.all(kind::MESSAGE).len(), 1);
}

#[test]
fn a_stranger_becomes_a_client_with_a_deal() {
    let office = Office::open();
    office.receive(&office.whatsapp, office.twilio("", &said("Сколько стоит?", SID))).unwrap();
    let (client, deal) = (office.all(kind::CONTACT).remove(0), office.all(kind::DEAL).remove(0));
    assert_eq!((client.title(), client.values.points(code::PHONE)[0].normal.as_str()), ("Иван", "+79990001122"));
    assert_eq!((deal.contact(), deal.title(), deal.responsible()), (client.id, "Обращение: Иван", office.anna.id));
    assert_eq!(office.all(kind::MESSAGE)[0].about(), deal.at());
}

#[test]
fn stop_takes_the_consent_to_mailings_back() {
    let office = Office::open();
    let (client, _) = office.ivanov();
    let (cause, at) = (office.system(), client.at());
    office
        .house
        .transact(move |tx| crm::item::change(tx, &crm::Rights::system(), &cause, at, &crm::Values::from([("consent_ad_at", Value::moment(cause.at))])))
        .unwrap();
    office.receive(&office.whatsapp, office.twilio("", &said("Стоп!", SID))).unwrap();
    assert_eq!(office.item(at).values.moment("consent_ad_at"), None);
    assert!(office.all(kind::NOTIFICATION)[0].title().contains("больше не писать"));
}

#[test]
fn a_forged_message_writes_nothing() {
    let office = Office::open();
    office.ivanov();
    let before = office.events().len();
    let good = office.twilio("", &said("Добрый день!", SID));
    let other_url = crm::InboundCall { url: good.url.replace("main", "mains"), ..good.clone() };
    let with_query = crm::InboundCall { url: format!("{}?m=1", good.url), ..good.clone() };
    let other_body = crm::InboundCall { body: office.twilio("", &said("Добрый вечер!", SID)).body, ..good.clone() };
    let mut unsigned = good.clone();
    unsigned.headers.retain(|(name, _)| name != "x-twilio-signature");
    let as_json = crm::InboundCall {
        headers: good
            .headers
            .iter()
            .cloned()
            .map(|(name, value)| if name == "content-type" { (name, "application/json".into()) } else { (name, value) })
            .collect(),
        ..good.clone()
    };
    for forged in [other_url, with_query, other_body, unsigned, as_json] {
        let refusal = office.receive(&office.whatsapp, forged).unwrap_err();
        assert_eq!(channels::receive::refused(&refusal, crm::Lang::En).status, 403);
    }
    let broken = crm::InboundCall { body: b"Body=%ff".to_vec(), ..good.clone() };
    assert_eq!(channels::receive::refused(&office.receive(&office.whatsapp, broken).unwrap_err(), crm::Lang::En).status, 400);
    let large = crm::InboundCall { body: vec![b'a'; 10_000_000], ..good.clone() };
    assert_eq!(channels::receive::refused(&office.receive(&office.whatsapp, large).unwrap_err(), crm::Lang::En).status, 413);
    assert_eq!(office.events().len(), before);
    assert_eq!(office.receive(&office.whatsapp, good).unwrap().status, 204);
}

#[test]
fn a_call_of_an_unknown_kind_is_kept_and_acknowledged() {
    let office = Office::open();
    let before = office.events().len();
    let answer = office.receive(&office.whatsapp, office.twilio("", &[("MessageSid", SID), ("MessageStatus", "teleported")])).unwrap();
    assert_eq!(answer.status, 204);
    let id = office.whatsapp.id;
    let kept = office.house.read(|read| read.inbound(id, &format!("unknown:{SID}:teleported"))).unwrap().unwrap();
    assert_eq!((kept.state.as_str(), office.events().len()), ("unknown", before));
}
