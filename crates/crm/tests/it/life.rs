//! Making, changing and moving records: what is asked, what is refused, what follows by itself.

use crate::firm::*;
use crm::entity::Tunnel;
use crm::{Actor, Cause, Ending, EntityType, Fact, Feature, Field, FieldKind, ItemRef, Moment, Op, Pipeline, Rights, RuleId, Stage, Value, Values, code, kind};

fn deal() -> EntityType {
    shape(
        kind::DEAL,
        "deal",
        true,
        &[Feature::Client],
        vec![
            field(code::AMOUNT, FieldKind::Money),
            Field { required_from: vec!["CONTRACT".into()], ..field("number", FieldKind::Text) },
            Field { required_when: Some(crm::Filter::is("contact.last_name", Op::Eq, text("Иванов"))), ..field("why", FieldKind::Text) },
            field("reason", FieldKind::Text),
            Field { unique: true, ..field("serial", FieldKind::Text).indexed() },
        ],
    )
}

fn main_way() -> Pipeline {
    let lost = Stage { required: vec!["reason".into()], ..stage("LOST", Ending::Lost) };
    pipeline(kind::DEAL, "main", vec![stage("NEW", Ending::Open), stage("CONTRACT", Ending::Open), stage("WON", Ending::Won), lost])
}

fn office() -> Office {
    Office::open(vec![contact(vec![]), deal()], vec![main_way()])
}

#[test]
fn a_stage_asks_before_it_lets_in_and_names_every_field() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::new());
    assert_eq!(named(office.move_to(deal, "CONTRACT")), ("required_for_stage".into(), vec!["number".into()]));
    assert_eq!(office.stands(deal), "NEW");
    assert_eq!(named(office.move_to(deal, "LOST")), ("required_for_stage".into(), vec!["reason".into()]));
    let to = office.stage(kind::DEAL, "CONTRACT");
    office.changed(deal, Values::from([("number", text("7")), (code::STAGE, Value::Int(to.0))]));
    assert_eq!(office.stands(deal), "CONTRACT");
}

#[test]
fn a_card_made_straight_on_a_later_stage_is_asked_too_and_a_quiet_import_is_not() {
    let office = office();
    let to = office.stage(kind::DEAL, "CONTRACT");
    let values = Values::from([(code::STAGE, Value::Int(to.0))]);
    assert_eq!(named(office.create(kind::DEAL, values.clone())), ("required_for_stage".into(), vec!["number".into()]));
    let (rights, cause) = (office.rights(), office.cause().quietly());
    let made = office.done(move |tx| crm::item::create(tx, &rights, &cause, kind::DEAL, &values));
    assert_eq!(office.stands(made.at()), "CONTRACT");
    // The old record can be corrected without being filled up; what it has cannot be taken away.
    office.changed(made.at(), Values::from([(code::TITLE, text("Из Excel"))]));
    office.changed(made.at(), Values::from([("number", text("7"))]));
    assert_eq!(named(office.change(made.at(), Values::from([("number", Value::Null)]))), ("required".into(), vec!["number".into()]));
}

#[test]
fn a_refused_move_leaves_no_trace_of_the_answers_that_came_with_it() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::new());
    let to = office.stage(kind::DEAL, "LOST");
    let before = office.facts(deal).len();
    assert!(office.change(deal, Values::from([("number", text("7")), (code::STAGE, Value::Int(to.0))])).is_err());
    assert_eq!(office.item(deal).values.get("number"), &Value::Null);
    assert_eq!(office.facts(deal).len(), before);
}

#[test]
fn a_condition_on_the_clients_answer_makes_a_field_needed() {
    let office = office();
    let ivanov = office.made(kind::CONTACT, Values::from([("last_name", text("Иванов"))]));
    let values = Values::from([(code::CONTACT, Value::Int(ivanov.id))]);
    assert_eq!(named(office.create(kind::DEAL, values.clone())), ("required".into(), vec!["why".into()]));
    office.made(kind::DEAL, values.with("why", text("долг")));
}

#[test]
fn one_unique_answer_is_given_once_and_the_other_record_is_named() {
    let office = office();
    let first = office.made(kind::DEAL, Values::from([("serial", text("A-1")), (code::TITLE, text("Первая"))]));
    let refused = refusal(office.create(kind::DEAL, Values::from([("serial", text("A-1"))])));
    assert_eq!(refused.code, "not_unique");
    assert!(refused.fields[0].1.ru.contains("Первая"), "{:?}", refused.fields);
    office.changed(first, Values::from([("serial", text("A-1")), (code::TITLE, text("Та же"))]));
    office.changed(first, Values::from([("serial", text("A-2"))]));
    office.made(kind::DEAL, Values::from([("serial", text("A-1"))]));
}

#[test]
fn a_rule_does_not_take_up_finished_work_but_a_person_does() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::from([("number", text("7"))]));
    office.move_to(deal, "WON").unwrap();
    let robot = Cause::new(Actor::Robot { rule: RuleId(1), version: 1, title: "Назад".into() }, office.now);
    let to = office.stage(kind::DEAL, "NEW");
    let refused = refusal(office.tx(move |tx| crm::stage::move_to(tx, &Rights::system(), &robot, deal, to)));
    assert_eq!(refused.code, "ended");
    office.move_to(deal, "NEW").unwrap();
    assert_eq!(office.stands(deal), "NEW");
}

#[test]
fn a_locked_field_is_seen_and_not_written_and_sending_it_back_unchanged_is_no_writing() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::from([(code::AMOUNT, Value::money(100))]));
    let grants = [crm::Action::Read, crm::Action::Change].map(|action| ((kind::DEAL, action), crm::Grant::of(crm::Scope::All)));
    let rights = Rights { user: office.anna, grants: grants.into(), locked: [(kind::DEAL, code::AMOUNT.to_owned())].into(), ..Rights::default() };
    let (held, cause) = (rights.clone(), office.cause());
    let refused = office.tx(move |tx| crm::item::change(tx, &held, &cause, deal, &Values::from([(code::AMOUNT, Value::money(200))])));
    assert_eq!(named(refused), ("wrong_values".into(), vec!["amount".into()]));
    let cause = office.cause();
    let same = Values::from([(code::AMOUNT, text("1,00")), (code::TITLE, text("Новое имя"))]);
    office.done(move |tx| crm::item::change(tx, &rights, &cause, deal, &same));
    assert_eq!(office.item(deal).title(), "Новое имя");
}

#[test]
fn a_stage_has_a_deadline_in_the_offices_working_time() {
    let slow = Stage { sla: "4h".into(), sla_working: true, ..stage("NEW", Ending::Open) };
    let plain = Stage { sla: "2d".into(), ..stage("CONTRACT", Ending::Open) };
    let office = Office::open(
        vec![contact(vec![]), shape(kind::DEAL, "deal", true, &[], vec![])],
        vec![pipeline(kind::DEAL, "main", vec![slow, plain, stage("WON", Ending::Won)])],
    );
    let at = |text: &str| Some(Moment::from_timestamp(text.parse().unwrap()));
    // Noon in Moscow is 14:00 in Almaty, where the office closes at six.
    let deal = office.made(kind::DEAL, Values::new());
    assert_eq!(office.item(deal).values.int(code::OFFICE), Some(office.almaty));
    assert_eq!(office.item(deal).values.moment(code::STAGE_DUE), at("2026-11-25T13:00:00Z"));
    office.move_to(deal, "CONTRACT").unwrap();
    assert_eq!(office.item(deal).values.moment(code::STAGE_DUE), at("2026-11-27T09:00:00Z"));
    office.move_to(deal, "WON").unwrap();
    assert_eq!(office.item(deal).values.moment(code::STAGE_DUE), None);
}

#[test]
fn a_won_deal_begins_a_case_and_moves_on_itself() {
    let tunnels = vec![
        Tunnel { kind: "case".into(), fields: [("debt".to_owned(), code::AMOUNT.to_owned())].into(), ..Tunnel::default() },
        Tunnel { pipeline: "service".into(), ..Tunnel::default() },
    ];
    let won = Stage { tunnels, ..stage("WON", Ending::Won) };
    let case =
        shape(CASE, "case", true, &[Feature::Client], vec![link("deal", kind::DEAL), field("debt", FieldKind::Money), field("number", FieldKind::Integer)]);
    let office = Office::open(
        vec![contact(vec![]), deal(), case],
        vec![
            pipeline(kind::DEAL, "main", vec![stage("NEW", Ending::Open), won]),
            pipeline(kind::DEAL, "service", vec![stage("CARE", Ending::Open), stage("OVER", Ending::Won)]),
            pipeline(CASE, "main", vec![stage("BEGUN", Ending::Open)]),
        ],
    );
    let petrov = office.made(kind::CONTACT, Values::from([("last_name", text("Петров"))]));
    let deal = office.made(kind::DEAL, Values::from([(code::CONTACT, Value::Int(petrov.id)), (code::AMOUNT, Value::money(50_000)), ("number", text("7"))]));
    office.move_to(deal, "WON").unwrap();
    assert_eq!(office.stands(deal), "CARE", "the tunnel of the same type takes the deal itself");
    let case = office.all(CASE).pop().expect("a case");
    assert_eq!(case.values.int("deal"), Some(deal.id), "linked back");
    assert_eq!(case.values.get("debt"), &Value::money(50_000), "named in the tunnel");
    assert_eq!(case.values.int(code::CONTACT), Some(petrov.id), "an equal field");
    assert!(case.values.get("number").is_empty(), "a field of the same code and another kind is not equal");
    let moves = office.facts(deal).into_iter().filter(|fact| matches!(fact, Fact::Moved { .. })).count();
    assert_eq!(moves, 3, "made, won, moved on: each is an event");
}

#[test]
fn of_several_tunnels_an_item_takes_the_one_whose_condition_it_fits() {
    let way = |pipeline: &str, number: i64| Tunnel {
        kind: "case".into(),
        pipeline: pipeline.into(),
        when: crm::Filter::is("number", crm::Op::Eq, Value::Int(number)),
        ..Tunnel::default()
    };
    let won = Stage { tunnels: vec![way("court", 1), way("talks", 2)], ..stage("WON", Ending::Won) };
    let number = || field("number", FieldKind::Integer);
    let office = Office::open(
        vec![contact(vec![]), shape(kind::DEAL, "deal", true, &[], vec![number()]), shape(CASE, "case", true, &[], vec![link("deal", kind::DEAL)])],
        vec![
            pipeline(kind::DEAL, "main", vec![stage("NEW", Ending::Open), won]),
            pipeline(CASE, "court", vec![stage("FILED", Ending::Open)]),
            pipeline(CASE, "talks", vec![stage("TALK", Ending::Open)]),
        ],
    );
    for (number, stands) in [(2, Some("TALK")), (1, Some("FILED")), (3, None)] {
        let deal = office.made(kind::DEAL, Values::from([("number", Value::Int(number))]));
        office.move_to(deal, "WON").unwrap();
        let cases: Vec<_> = office.all(CASE).into_iter().filter(|case| case.values.int("deal") == Some(deal.id)).map(|case| office.stands(case.at())).collect();
        assert_eq!(cases.iter().map(String::as_str).collect::<Vec<_>>(), stands.into_iter().collect::<Vec<_>>(), "{number}");
    }
}

#[test]
fn a_hole_with_several_names_takes_the_first_that_is_answered() {
    let named = EntityType {
        naming: "Заявка {{id}} — {{contact.title|city|number}}".into(),
        ..shape(CASE, "case", false, &[Feature::Client], vec![field("city", FieldKind::Text), field("number", FieldKind::Integer)])
    };
    let office = Office::open(vec![contact(vec![]), named], vec![]);
    let ivanov = office.made(kind::CONTACT, Values::from([("last_name", text("Иванов"))]));
    let known = Values::from([(code::CONTACT, Value::Int(ivanov.id)), ("city", text("Омск"))]);
    let titles = [known, Values::from([("number", Value::Int(7)), ("city", text("Омск"))]), Values::from([("number", Value::Int(7))]), Values::new()]
        .map(|values| office.item(office.made(CASE, values)).title().to_owned());
    assert_eq!(titles, ["Заявка 1 — Иванов", "Заявка 2 — Омск", "Заявка 3 — 7", "Заявка 4"]);
}

#[test]
fn tunnels_in_a_ring_end() {
    let there = Stage { tunnels: vec![Tunnel { stage: "B".into(), copy: true, ..Tunnel::default() }], ..stage("A", Ending::Open) };
    let back = Stage { tunnels: vec![Tunnel { stage: "A".into(), copy: true, ..Tunnel::default() }], ..stage("B", Ending::Open) };
    let office = Office::open(vec![contact(vec![]), shape(kind::DEAL, "deal", true, &[], vec![])], vec![pipeline(kind::DEAL, "main", vec![there, back])]);
    office.made(kind::DEAL, Values::new());
    assert_eq!(office.all(kind::DEAL).len(), 26);
}

#[test]
fn fifty_documents_made_at_once_have_fifty_numbers_without_a_gap() {
    let counter = FieldKind::Counter { pattern: "{OFFICE}-{YYYY}-{SEQ:5}".into(), reset: "year".into() };
    let named = EntityType {
        naming: "Дело {{id}} — {{number}} ({{contact.last_name}})".into(),
        ..shape(CASE, "case", false, &[Feature::Client], vec![field("number", counter).searchable()])
    };
    let office = Office::open(vec![contact(vec![]), named], vec![]);
    let ivanov = office.made(kind::CONTACT, Values::from([("last_name", text("Иванов"))]));
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| office.made(CASE, Values::from([(code::CONTACT, Value::Int(ivanov.id))])));
        }
    });
    let all = office.all(CASE);
    let mut numbers: Vec<String> = all.iter().map(|item| item.values.text("number").to_owned()).collect();
    numbers.sort();
    assert_eq!(numbers, (1..=50).map(|number| format!("ALA01-2026-{number:05}")).collect::<Vec<_>>());
    for item in &all {
        assert_eq!(item.title(), format!("Дело {} — {} (Иванов)", item.id, item.values.text("number")));
    }
    // A transaction that comes to nothing takes no number.
    let (rights, cause) = (office.rights(), office.cause());
    let failed: crm::Outcome<()> = office.tx(move |tx| {
        crm::item::create(tx, &rights, &cause, CASE, &Values::new())?;
        Err(crm::Refusal::not_found().into())
    });
    assert!(failed.is_err());
    let next = office.made(CASE, Values::new());
    assert_eq!(office.item(next).values.text("number"), "ALA01-2026-00051");
}

#[test]
fn a_name_made_of_answers_follows_them_until_somebody_gives_another() {
    let named =
        EntityType { naming: "{{contact.title}} / {{city}}".into(), ..shape(CASE, "case", false, &[Feature::Client], vec![field("city", FieldKind::Text)]) };
    let office = Office::open(vec![contact(vec![]), named], vec![]);
    let ivanov = office.made(kind::CONTACT, Values::from([("last_name", text("Иванов"))]));
    let case = office.made(CASE, Values::from([("city", text("Омск"))]));
    assert_eq!(office.item(case).title(), "Омск", "an empty hole leaves no slash behind");
    assert_eq!(office.changed(case, Values::from([(code::CONTACT, Value::Int(ivanov.id))])).title(), "Иванов / Омск");
    office.changed(case, Values::from([(code::TITLE, text("Своё"))]));
    assert_eq!(office.changed(case, Values::from([("city", text("Томск"))])).title(), "Своё");
}

#[test]
fn a_file_of_a_card_that_one_does_not_see_cannot_be_taken_by_its_number() {
    let office = Office::open(vec![contact(vec![field("scan", FieldKind::File), field("photo", FieldKind::Image)])], vec![]);
    let secret = office.made(kind::CONTACT, Values::from([(code::RESPONSIBLE, Value::user(office.boris))]));
    let boris = office.boris;
    let (now, rights) = (office.now, Rights::system());
    let file = office.done(move |tx| {
        let file = crm::StoredFile {
            id: Default::default(),
            hash: "00".into(),
            name: "паспорт.pdf".into(),
            mime: "application/pdf".into(),
            size: 1,
            item: secret,
            by: boris,
            at: now,
        };
        crm::item::add_file(tx, &rights, &Cause::new(Actor::User { user: boris }, now), secret, &file)
    });
    let grants = [crm::Action::Read, crm::Action::Create, crm::Action::Change].map(|action| ((kind::CONTACT, action), crm::Grant::of(crm::Scope::Own)));
    let anna = Rights { user: office.anna, grants: grants.into(), ..Rights::default() };
    let (cause, id) = (office.cause(), file.id.0);
    let refused = office.tx(move |tx| crm::item::create(tx, &anna, &cause, kind::CONTACT, &Values::from([("scan", Value::Int(id))])));
    assert_eq!(named(refused), ("wrong_values".into(), vec!["scan".into()]));
    office.changed(secret, Values::from([("scan", Value::Int(id))]));
    assert_eq!(named(office.change(secret, Values::from([("photo", Value::Int(id))]))).1, ["photo"], "a PDF is no picture");
}

#[test]
fn a_deleted_record_of_nobody_is_not_found() {
    let office = office();
    assert_eq!(refusal(office.change(ItemRef::new(kind::DEAL, 404), Values::new())).code, "not_found");
}
