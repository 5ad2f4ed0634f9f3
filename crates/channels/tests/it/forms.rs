//! Applications from the site.

use crate::office::{Office, form_call};
use channels::providers::web_form::render_token;
use crm::{Actor, Fact, InboundCall, Value, code, kind};

const IVANOV: [(&str, &str); 6] = [
    ("contact.first_name", "Иван"),
    ("contact.phone", "8 (999) 000-11-22"),
    ("contact.email", "ivanov@example.com"),
    ("deal.debt_total", "425 950,50"),
    ("deal.region", "Москва"),
    ("consent", "1"),
];

#[test]
fn an_application_makes_a_client_and_a_deal_and_tells_everything_once() {
    let office = Office::open();
    let answer = office.apply(&[&IVANOV[..], &[("utm_source", "yandex"), ("landing", "https://firm.example/?utm_campaign=debts&yclid=77")]].concat()).unwrap();
    let (contacts, deals) = (office.all(kind::CONTACT), office.all(kind::DEAL));
    assert_eq!((contacts.len(), deals.len()), (1, 1));
    let (contact, deal) = (&contacts[0], &deals[0]);
    assert_eq!(contact.values.points(code::PHONE)[0].normal, "+79990001122");
    assert_eq!(
        (contact.values.text("first_name"), contact.values.moment("consent_pd_at"), contact.values.moment("consent_ad_at")),
        ("Иван", Some(office.now()), None)
    );
    assert_eq!((deal.title(), deal.contact(), deal.responsible()), ("Заявка: Иван", contact.id, office.anna.id));
    assert_eq!((deal.values.get("debt_total"), deal.values.text("region"), deal.values.text("form")), (&Value::money(42_595_050), "Москва", "application"));
    assert_eq!((deal.values.text("utm_source"), deal.values.text("utm_campaign"), deal.values.flag("repeat_client")), ("yandex", "debts", false));
    assert_eq!(office.facts(deal.at()), ["created", "moved", "form_filled"]);
    let filled = office.events().into_iter().find(|event| event.fact.code() == "form_filled").unwrap();
    assert_eq!(filled.by, Actor::Client { account: office.form.id, contact: contact.id });
    let Fact::FormFilled { form, answers, repeat, .. } = filled.fact else { panic!() };
    assert_eq!((form.as_str(), repeat, answers.text("yclid"), answers.get("deal.debt_total")), ("application", false, "77", &Value::money(42_595_050)));
    let Value::Record(consent) = answers.get("consent") else { panic!("{answers:?}") };
    assert_eq!((consent.text("ip"), consent.text("text_hash").len(), consent.moment("at")), ("203.0.113.7", 64, Some(office.now())));
    assert_eq!(answer.body, format!("{{\"number\":\"{}\",\"ok\":true}}", deal.id));
}

#[test]
fn a_phone_in_five_spellings_is_one_client_with_one_deal() {
    let office = Office::open();
    for phone in ["+7 (999) 000-11-22", "8 999 000 11 22", "79990001122", "9990001122", "+7-999-000-1122 доб. 5"] {
        office.apply(&[("contact.first_name", "Иван"), ("contact.phone", phone), ("consent", "on")]).unwrap();
    }
    assert_eq!((office.all(kind::CONTACT).len(), office.all(kind::DEAL).len()), (1, 1));
    let deal = office.all(kind::DEAL).remove(0);
    let repeats: Vec<bool> =
        office.events().iter().filter_map(|event| if let Fact::FormFilled { repeat, .. } = event.fact { Some(repeat) } else { None }).collect();
    assert_eq!(repeats, [false, true, true, true, true]);
    assert!(!deal.values.flag("repeat_client"), "the client was new when the deal was made");
}

#[test]
fn a_second_submission_of_one_rendering_changes_nothing_and_gets_the_same_answer() {
    let office = Office::open();
    let call = office.rendered(&IVANOV);
    let first = office.receive(&office.form, call.clone()).unwrap();
    let before = office.events().len();
    office.advance(60);
    for _ in 0..10 {
        assert_eq!(office.receive(&office.form, call.clone()).unwrap(), first);
    }
    // Even when other answers are sent with it.
    let changed = InboundCall { body: [call.body.as_slice(), b"&deal.comment=again"].concat(), ..call };
    assert_eq!(office.receive(&office.form, changed).unwrap(), first);
    assert_eq!(office.events().len(), before);
    assert_eq!(office.all(kind::DEAL).len(), 1);
}

#[test]
fn a_known_client_without_an_open_deal_gets_a_new_one_marked_as_repeat() {
    let office = Office::open();
    let (client, old) = office.ivanov();
    let won =
        office.house.read(|read| Ok(read.schema().default_pipeline(kind::DEAL).unwrap().stages.iter().find(|stage| stage.code == "WON").unwrap().id)).unwrap();
    let cause = office.system();
    office.house.transact(move |tx| crm::stage::move_to(tx, &crm::Rights::system(), &cause, old.at(), won)).unwrap();
    office.apply(&IVANOV).unwrap();
    let deals = office.all(kind::DEAL);
    assert_eq!(deals.len(), 2);
    assert!(deals[1].values.flag("repeat_client") && deals[1].contact() == client.id);
    assert_eq!(deals[1].title(), "Заявка: Иванов Иван");
}

#[test]
fn an_anonymous_form_fills_what_is_empty_and_overwrites_nothing() {
    let office = Office::open();
    let (client, deal) = office.ivanov();
    let cause = office.system();
    office
        .house
        .transact(move |tx| crm::item::change(tx, &crm::Rights::system(), &cause, deal.at(), &crm::Values::from([("region", Value::text("Тверь"))])))
        .unwrap();
    office
        .apply(&[
            ("contact.first_name", "Злодей"),
            ("contact.phone", "+79990001122"),
            ("contact.email", "evil@example.com"),
            ("deal.region", "Ад"),
            ("deal.debt_total", "5"),
            ("consent", "1"),
            ("consent_ads", "1"),
        ])
        .unwrap();
    let client = office.item(client.at());
    assert_eq!((client.values.text("first_name"), client.values.points("email")[0].raw.as_str()), ("Иван", "ivanov@example.com"));
    assert_eq!((client.values.moment("consent_pd_at"), client.values.moment("consent_ad_at")), (Some(office.now()), Some(office.now())));
    let deal = office.all(kind::DEAL).remove(0);
    assert_eq!((deal.values.text("region"), deal.values.get("debt_total"), deal.title()), ("Тверь", &Value::money(500), "Долг Иванова"));
    assert_eq!(office.facts(deal.at()), ["created", "moved", "changed", "form_filled", "changed"]);
}

#[test]
fn a_client_is_found_by_his_address_when_the_phone_is_another() {
    let office = Office::open();
    let (client, _) = office.ivanov();
    office.apply(&[("contact.first_name", "Иван"), ("contact.phone", "+79995556677"), ("contact.email", "IVANOV@example.com"), ("consent", "1")]).unwrap();
    assert_eq!(office.all(kind::CONTACT).len(), 1);
    assert_eq!(office.item(client.at()).values.points(code::PHONE).len(), 1);
}

#[test]
fn new_deals_go_to_the_operator_with_the_fewest_open_ones() {
    let office = Office::open();
    for number in 0..5 {
        office.apply(&[("contact.first_name", "Клиент"), ("contact.phone", &format!("+7901000000{number}")), ("consent", "1")]).unwrap();
    }
    let owners: Vec<_> = office.all(kind::DEAL).iter().map(crm::Item::responsible).collect();
    let (anna, vera) = (office.anna.id, office.vera.id);
    assert_eq!(owners, [anna, vera, anna, vera, anna]);
}

#[test]
fn a_firm_without_operators_loses_no_application() {
    let office = Office::open();
    for mut user in [office.anna.clone(), office.vera.clone()] {
        user.active = false;
        office.house.transact(move |tx| tx.put_user(&mut user)).unwrap();
    }
    office.apply(&IVANOV).unwrap();
    assert_eq!(office.all(kind::DEAL)[0].responsible(), crm::UserId::SYSTEM);
}

#[test]
fn every_wrong_answer_is_named_in_both_languages_and_nothing_is_written() {
    let office = Office::open();
    let before = office.events().len();
    let long = "я".repeat(256);
    let huge = "я".repeat(65_537);
    for (field, value) in [
        ("contact.phone", "позвоните мне"),
        ("contact.email", "ivanov"),
        ("deal.debt_total", "много"),
        ("deal.region", long.as_str()),
        ("contact.first_name", &long),
        ("deal.comment", &huge),
    ] {
        let mut fields: Vec<(&str, &str)> = IVANOV.iter().copied().filter(|(name, _)| *name != field).collect();
        fields.push((field, value));
        let refusal = office.apply(&fields).unwrap_err();
        assert_eq!(refusal.fields.len(), 1, "{field}: {refusal:?}");
        assert_eq!(refusal.fields[0].0, field);
        let cyrillic = |text: &str| text.chars().any(|letter| ('а'..='я').contains(&letter));
        assert!(cyrillic(&refusal.fields[0].1.ru) && !cyrillic(&refusal.fields[0].1.en), "{refusal:?}");
        assert_eq!(channels::receive::refused(&refusal, crm::Lang::Ru).status, 422);
    }
    assert_eq!(office.events().len(), before);
}

#[test]
fn a_refused_form_can_be_corrected_and_sent_again() {
    let office = Office::open();
    let token = render_token(&office.house.firm, &office.form, office.now(), office.house.chance.as_ref()).fields();
    office.advance(10);
    let call = |phone: &str| {
        let mut pairs = token.clone();
        pairs.extend([("contact.first_name", "Иван"), ("contact.phone", phone), ("consent", "1")].map(|(name, value)| (name.to_owned(), value.to_owned())));
        form_call("/f/application", &pairs, &[])
    };
    assert!(office.receive(&office.form, call("нет")).is_err());
    office.receive(&office.form, call("+79990001122")).unwrap();
    assert_eq!(office.all(kind::DEAL).len(), 1);
}

#[test]
fn a_robot_in_the_trap_is_thanked_and_nothing_is_written() {
    let office = Office::open();
    let before = office.events().len();
    let answer = office.apply(&[&IVANOV[..], &[("website_url", "https://spam.example")]].concat()).unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"number\":\"\",\"ok\":true}"));
    assert_eq!(office.events().len(), before);
}

#[test]
fn the_sixth_application_from_one_address_is_refused_but_a_doubled_click_is_not_counted() {
    let office = Office::open();
    let apply = |number: u32| office.rendered(&[("contact.first_name", "Клиент"), ("contact.phone", &format!("+7901000000{number}")), ("consent", "1")]);
    for number in 0..5 {
        assert!(office.apply(&[("contact.phone", "нет"), ("consent", "1")]).is_err(), "mistakes are not counted either");
        let call = apply(number);
        for _ in 0..3 {
            office.receive(&office.form, call.clone()).unwrap();
        }
    }
    let refusal = office.receive(&office.form, apply(5)).unwrap_err();
    assert_eq!((refusal.code.as_ref(), channels::receive::refused(&refusal, crm::Lang::En).status), ("too_many", 429));
    let elsewhere = InboundCall { remote: "203.0.113.8".into(), ..apply(6) };
    office.receive(&office.form, elsewhere).unwrap();
    assert_eq!(office.all(kind::DEAL).len(), 6);
}

#[test]
fn a_form_that_is_switched_off_does_not_exist() {
    let office = Office::open();
    let mut form = office.form.clone();
    form.enabled = false;
    let call = office.rendered(&IVANOV);
    let refusal = office.receive(&form, call).unwrap_err();
    assert_eq!(channels::receive::refused(&refusal, crm::Lang::Ru).status, 404);
}

#[test]
fn the_raw_call_is_kept_without_cookies() {
    let office = Office::open();
    let call = office.rendered(&IVANOV);
    office.receive(&office.form, call.clone()).unwrap();
    let nonce = String::from_utf8(call.body.clone()).unwrap().split("form_nonce=").nth(1).unwrap()[..22].to_owned();
    let id = office.form.id;
    let kept = office.house.read(|read| read.inbound(id, &format!("form:{nonce}"))).unwrap().unwrap();
    assert_eq!((kept.body, kept.state.as_str(), kept.remote.as_str()), (call.body, "accepted", "203.0.113.7"));
    assert!(!kept.headers.iter().any(|(name, _)| name == "cookie"));
}
