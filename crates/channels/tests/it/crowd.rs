//! The same things at the same moment, on both engines: on PostgreSQL several nodes really work side by side.

use crate::office::Office;
use crate::sending::template;
use crm::{InboundCall, Value, kind};

const SPELLINGS: [&str; 6] = ["+7 (999) 000-11-22", "8 999 000 11 22", "79990001122", "9990001122", "+7-999-000-1122 доб. 5", "8(999)0001122"];

/// Everybody calls at once; whoever is told "later" calls again.
fn all_at_once(calls: Vec<Box<dyn Fn() + Send + '_>>) {
    let start = std::sync::Barrier::new(calls.len());
    std::thread::scope(|scope| {
        for call in calls {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                call();
            });
        }
    });
}

fn unlimited(office: &mut Office) {
    office.form.settings.set("per_hour", Value::Int(0));
}

fn one_rendering_sent_sixteen_times(mut office: Office) {
    unlimited(&mut office);
    let call = office.rendered(&[("contact.first_name", "Иван"), ("contact.phone", "+79990001122"), ("consent", "1")]);
    let (office, call) = (&office, &call);
    all_at_once(
        (0..16).map(|_| Box::new(move || assert_eq!(office.receive(&office.form, call.clone()).unwrap().status, 200)) as Box<dyn Fn() + Send>).collect(),
    );
    let filled = office.events().iter().filter(|event| event.fact.code() == "form_filled").count();
    assert_eq!((office.all(kind::CONTACT).len(), office.all(kind::DEAL).len(), filled), (1, 1, 1));
}

fn one_client_in_six_spellings(mut office: Office) {
    unlimited(&mut office);
    let calls: Vec<InboundCall> =
        SPELLINGS.iter().map(|phone| office.rendered(&[("contact.first_name", "Иван"), ("contact.phone", phone), ("consent", "1")])).collect();
    let office = &office;
    all_at_once(calls.iter().map(|call| Box::new(move || drop(office.receive(&office.form, call.clone()).unwrap())) as Box<dyn Fn() + Send>).collect());
    let filled = office.events().iter().filter(|event| event.fact.code() == "form_filled").count();
    assert_eq!((office.all(kind::CONTACT).len(), office.all(kind::DEAL).len(), filled), (1, 1, 6));
}

fn all_reports_of_a_message(office: Office) {
    let (_, deal) = office.ivanov();
    for round in 0..5 {
        let message = office.send(template(&deal, &format!("run:{round}"))).unwrap();
        let sid = format!("SM{round:032}");
        let (office, query) = (&office, format!("?m={}", message.id));
        let calls: Vec<InboundCall> = ["sent", "delivered", "read", "read", "delivered", "sent", "queued"]
            .iter()
            .map(|status| office.twilio(&query, &[("MessageSid", sid.as_str()), ("MessageStatus", *status)]))
            .collect();
        all_at_once(
            calls
                .iter()
                .map(|call| Box::new(move || assert_eq!(office.receive(&office.whatsapp, call.clone()).unwrap().status, 204)) as Box<dyn Fn() + Send>)
                .collect(),
        );
        let message = office.item(message.at());
        assert_eq!((message.values.text("status"), message.values.text("provider_ref")), ("read", sid.as_str()));
    }
    assert_eq!(office.all(kind::MESSAGE).len(), 5);
}

fn the_same_key_sent_eight_times(office: Office) {
    let (_, deal) = office.ivanov();
    let (office, deal) = (&office, &deal);
    all_at_once((0..8).map(|_| Box::new(move || drop(office.send(template(deal, "run:1")).unwrap())) as Box<dyn Fn() + Send>).collect());
    assert_eq!(office.all(kind::MESSAGE).len(), 1);
}

macro_rules! on_both_engines {
    ($($name:ident: $test:ident;)*) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$test(crate::office::Office::open());
            })*
        }
        mod postgres {
            $(#[test]
            fn $name() {
                let (office, _dropped_at_the_end) = crate::office::Office::on_postgres();
                super::$test(office);
            })*
        }
    };
}

on_both_engines! {
    a_rendering_sent_sixteen_times_at_once_is_one_application: one_rendering_sent_sixteen_times;
    six_spellings_at_once_are_one_client_with_one_deal: one_client_in_six_spellings;
    reports_at_once_end_in_the_last_state: all_reports_of_a_message;
    a_key_sent_eight_times_at_once_is_one_message: the_same_key_sent_eight_times;
}
