//! Delivery states, in every order.

use crate::office::{Office, SID};
use crate::sending::template;
use crm::{Fact, Item, kind};
use std::collections::BTreeSet;

const STATES: [&str; 5] = ["queued", "sent", "delivered", "read", "undelivered"];

fn report(office: &Office, message: &Item, status: &str) {
    let mut fields = vec![("MessageSid", SID), ("MessageStatus", status), ("AccountSid", "AC0123456789abcdef0123456789abcdef")];
    if status == "undelivered" {
        fields.push(("ErrorCode", "63024"));
    }
    assert_eq!(office.receive(&office.whatsapp, office.twilio(&format!("?m={}", message.id), &fields)).unwrap().status, 204);
}

fn permutations(list: &[&'static str]) -> Vec<Vec<&'static str>> {
    if list.len() < 2 {
        return vec![list.to_vec()];
    }
    let mut all = Vec::new();
    for (at, first) in list.iter().enumerate() {
        let mut rest = list.to_vec();
        rest.remove(at);
        all.extend(permutations(&rest).into_iter().map(|mut tail| {
            tail.insert(0, first);
            tail
        }));
    }
    all
}

#[test]
fn reports_in_every_order_and_doubled_end_in_the_same_message() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let mut ends = BTreeSet::new();
    let orders = permutations(&STATES);
    assert_eq!(orders.len(), 120);
    for (number, order) in orders.into_iter().enumerate() {
        let message = office.send(template(&deal, &format!("run:{number}"))).unwrap();
        let sid = format!("SM{number:032}");
        for status in order.iter().chain(order.iter().rev()) {
            let mut fields = vec![("MessageSid", sid.as_str()), ("MessageStatus", *status)];
            if *status == "undelivered" {
                fields.push(("ErrorCode", "63024"));
            }
            office.receive(&office.whatsapp, office.twilio(&format!("?m={}", message.id), &fields)).unwrap();
        }
        let message = office.item(message.at());
        assert_eq!(message.values.text("provider_ref"), sid);
        ends.insert((message.values.text("status").to_owned(), message.values.text("error").to_owned()));
    }
    assert_eq!(ends, BTreeSet::from([("read".to_owned(), String::new())]));
    assert_eq!(office.all(kind::MESSAGE).len(), 120);
}

#[test]
fn a_late_report_is_told_as_late_and_changes_nothing() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let message = office.send(template(&deal, "")).unwrap();
    for status in ["delivered", "sent", "delivered", "sent"] {
        report(&office, &message, status);
    }
    let told: Vec<(&str, bool)> = office
        .events()
        .iter()
        .filter_map(|event| if let Fact::MessageStatus { status, late, .. } = &event.fact { Some((status.code(), *late)) } else { None })
        .collect();
    assert_eq!(told, [("delivered", false), ("sent", true)]);
    assert_eq!(office.item(message.at()).values.text("status"), "delivered");
    let by = office.events().pop().unwrap();
    assert_eq!((by.by, by.about), (crm::Actor::Channel { account: office.whatsapp.id }, deal.at()));
}

#[test]
fn a_failure_brings_its_code_and_a_later_delivery_takes_it_away() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let message = office.send(template(&deal, "")).unwrap();
    report(&office, &message, "undelivered");
    let failed = office.item(message.at());
    assert_eq!((failed.values.text("status"), failed.values.text("error")), ("failed", "63024"));
    let words = channels::providers::find("twilio_whatsapp").unwrap().explain("63024").unwrap();
    assert!(words.ru.contains("нет WhatsApp") && words.en.contains("no WhatsApp"));
    report(&office, &message, "delivered");
    let delivered = office.item(message.at());
    assert_eq!((delivered.values.text("status"), delivered.values.text("error")), ("delivered", ""));
}

#[test]
fn a_report_without_our_number_is_matched_by_theirs_once_it_is_known() {
    let office = Office::open();
    let (_, deal) = office.ivanov();
    let message = office.send(template(&deal, "")).unwrap();
    report(&office, &message, "sent");
    let fields = [("MessageSid", SID), ("MessageStatus", "read")];
    office.receive(&office.whatsapp, office.twilio("", &fields)).unwrap();
    assert_eq!(office.item(message.at()).values.text("status"), "read");
}

#[test]
fn a_report_about_nothing_of_ours_is_kept_and_changes_nothing() {
    let office = Office::open();
    let (client, _) = office.ivanov();
    let before = office.events().len();
    for query in ["", "?m=999", &format!("?m={}", client.id), "?m=x", "?m=-1"] {
        let fields = [("MessageSid", "SM99"), ("MessageStatus", "read"), ("Extra", query)];
        assert_eq!(office.receive(&office.whatsapp, office.twilio(query, &fields)).unwrap().status, 204);
    }
    assert_eq!(office.events().len(), before);
    let id = office.whatsapp.id;
    assert_eq!(office.house.read(|read| read.inbound(id, "status:SM99:read:")).unwrap().unwrap().state, "unmatched");
}
