//! Items come back as they were saved; stale copies, phones with numbers, widened types.

use crate::chance::{Chance, WORDS};
use crate::firm::*;
use crm::{Choice, Fact, Failure, Fault, Field, FieldKind, Filter, ItemRef, Op, Query, Refusal, Rights, Value, Values, code, kind};

crate::both!(
    an_answer_of_every_kind_comes_back_as_it_was_saved,
    ivanov_is_found_by_his_phone,
    a_stale_copy_is_not_saved,
    a_phone_keeps_its_number,
    a_deleted_item_is_gone_with_its_phones_and_its_number_is_not_given_again,
    headings_agree_with_a_recount_after_random_moves,
    a_refused_part_leaves_no_trace,
    a_refused_transaction_leaves_no_trace,
    a_type_is_widened_under_its_items,
    a_type_that_does_not_fit_is_refused,
    installing_twice_changes_nothing,
    stages_keep_their_numbers,
    a_message_is_found_by_the_providers_number,
    an_answer_of_another_kind_is_not_saved,
);

fn full() -> Values {
    let record = Values::from([("inner", Value::text("внутри"))]);
    Values::from([
        ("title", Value::text("Дело Иванова \"о банкротстве\" 100%")),
        ("words", Value::text("ёж; DROP TABLE item_thing; --")),
        ("story", Value::text("a\nb\tc")),
        ("count", Value::Int(i64::MIN)),
        ("share", Value::Decimal(crm::Decimal { scaled: -5 })),
        ("amount", Value::money(i64::MAX)),
        ("currency", Value::text("RUB")),
        ("day", Value::date(crm::Date::new(2026, 2, 28).unwrap())),
        ("moment", Value::moment(NOW)),
        ("flag", Value::Flag(false)),
        ("color", Value::text("red")),
        ("colors", Value::Many(vec![Value::text("red"), Value::text("blue")])),
        ("people", Value::Many(vec![Value::Int(1), Value::Int(2)])),
        ("contact", Value::Int(5)),
        ("about", Value::item(ItemRef::new(kind::DEAL, 7))),
        ("file", Value::Int(3)),
        ("phone", phones(&["8 999 000 11 22", "+7 999 000 11 23"])),
        ("email", points(FieldKind::Email, &["Ivan@Example.com"])),
        ("messenger", points(FieldKind::Messenger, &["@ivanov"])),
        ("web", points(FieldKind::Web, &["https://ivanov.example"])),
        ("record", Value::Record(record)),
        ("account", Value::text("7")),
        ("span", Value::text("2h")),
        ("responsible", Value::user(ANNA)),
        ("created_at", Value::moment(NOW)),
    ])
}

fn an_answer_of_every_kind_comes_back_as_it_was_saved(db: Db) {
    let db = db.furnished();
    let saved = db.make(THING, full());
    assert!(saved.id > 0 && saved.version == 1);
    assert_eq!(saved.values.int(code::ID), Some(saved.id));
    assert!(saved.values.points("phone").iter().all(|point| point.id > 0));
    assert_eq!(db.item(saved.at()).unwrap(), saved);
    // An emptied answer is no answer, and a changed one is the new one.
    let changed = db.tx({
        let mut item = saved.clone();
        item.values.set("words", Value::text(""));
        item.values.set("flag", Value::Flag(true));
        item.values.set("email", Value::Null);
        move |tx| {
            let mut item = item.clone();
            tx.save(&mut item, &cause(), vec![])?;
            Ok(item)
        }
    });
    assert_eq!(changed.version, 2);
    assert!(!changed.values.0.contains_key("words") && !changed.values.0.contains_key("email"));
    assert_eq!(db.item(saved.at()).unwrap(), changed);
    // A zero byte, which neither engine can keep, does not break anything.
    let odd = db.make(THING, Values::from([("title", Value::text("a\0b"))]));
    assert_eq!(db.item(odd.at()).unwrap().title(), "a\u{FFFD}b");
}

fn ivanov_is_found_by_his_phone(db: Db) {
    let db = db.furnished();
    for number in 0..20 {
        db.make(kind::CONTACT, Values::from([("title", Value::text(format!("Клиент {number}"))), ("phone", phones(&[&format!("+799900012{number:02}")]))]));
    }
    let ivanov = db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов")), ("phone", phones(&["+79990001122"]))]));
    for spelling in ["8 (999) 000-11-22", "+79990001122", "9990001122"] {
        let query = Query::of(kind::CONTACT).filter(Filter::is("phone", Op::Eq, Value::text(spelling)));
        assert_eq!(db.read(|read| read.items(&Rights::system(), &query)), vec![ivanov.clone()]);
    }
}

fn a_stale_copy_is_not_saved(db: Db) {
    let db = db.furnished();
    let deal = db.make(kind::DEAL, Values::from([("title", Value::text("было"))]));
    let rename = |title: &'static str| {
        let mut copy = deal.clone();
        copy.values.set("title", Value::text(title));
        db.try_tx(move |tx| tx.save(&mut copy.clone(), &cause(), vec![]))
    };
    rename("стало").unwrap();
    let latest = db.read(|read| read.latest());
    assert!(matches!(rename("поздно"), Err(Fault::Failed(Failure::Retry { .. }))));
    let stale = deal.clone();
    assert!(matches!(db.try_tx(move |tx| tx.remove(&stale, &cause())), Err(Fault::Failed(Failure::Retry { .. }))));
    // Even when the closure takes no notice of it.
    let stale = deal.clone();
    let swallowed = db.try_tx(move |tx| {
        let _ = tx.save(&mut stale.clone(), &cause(), vec![Fact::Created]);
        tx.record(&stale, &cause(), Fact::Commented { text: "не должно остаться".into() })
    });
    assert!(matches!(swallowed, Err(Fault::Failed(Failure::Retry { .. }))));
    assert_eq!((db.item(deal.at()).unwrap().title(), db.read(|read| read.latest())), ("стало", latest));
}

fn a_phone_keeps_its_number(db: Db) {
    let db = db.furnished();
    let ivanov = db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов")), ("phone", phones(&["+79990001122", "+79990001123"]))]));
    let mut list = ivanov.values.points("phone").to_vec();
    let (first, second) = (list[0].id, list[1].id);
    list.remove(0);
    list[0].label = "HOME".into();
    list.push(crm::Point { raw: "+79990001124".into(), normal: "+79990001124".into(), ..crm::Point::default() });
    let changed = db.tx(move |tx| {
        let mut copy = ivanov.clone();
        copy.values.set("phone", Value::points(list.clone()));
        tx.save(&mut copy, &cause(), vec![])?;
        Ok(copy)
    });
    let now = db.item(changed.at()).unwrap().values.points("phone").to_vec();
    assert_eq!((now[0].id, now[0].label.as_str(), now.len()), (second, "HOME", 2));
    assert!(now[1].id != first && now[1].id != second);
}

fn a_deleted_item_is_gone_with_its_phones_and_its_number_is_not_given_again(db: Db) {
    let db = db.furnished();
    let make = || db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов")), ("phone", phones(&["+79990001122"]))]));
    let gone = make();
    let doomed = gone.clone();
    db.tx(move |tx| tx.remove(&doomed, &cause()));
    assert_eq!(db.item(gone.at()), None);
    let by_phone = Query::of(kind::CONTACT).filter(Filter::is("phone", Op::Contains, Value::text("0001122")));
    let by_name = Query::of(kind::CONTACT).filter(Filter::Search("иванов".into()));
    assert!(db.read(|read| read.items(&Rights::system(), &by_phone)).is_empty());
    assert!(db.read(|read| read.items(&Rights::system(), &by_name)).is_empty());
    let event = db.read(|read| read.timeline(gone.at(), None, 1)).pop().unwrap();
    assert!(matches!(event.fact, Fact::Deleted { values } if values == gone.values));
    assert!(make().id > gone.id);
    let again = gone.clone();
    assert!(matches!(db.try_tx(move |tx| tx.remove(&again, &cause())), Err(Fault::Refused(refusal)) if refusal.code == "not_found"));
}

fn headings_agree_with_a_recount_after_random_moves(db: Db) {
    let db = db.furnished();
    let (pipeline, stages) = db.stages(kind::DEAL);
    let mut chance = Chance(3);
    let mut ids: Vec<ItemRef> = Vec::new();
    for _ in 0..300 {
        let mut values = Values::from([("pipeline", Value::Int(pipeline.0)), ("stage", Value::Int(chance.of(&stages).0))]);
        for (field, value) in [
            ("amount", Value::money(chance.number(1_000) - 300)),
            ("currency", Value::text(chance.of(&["RUB", "KZT"]))),
            ("responsible", Value::Int(chance.number(3) + 1)),
            ("title", Value::text(chance.of(&WORDS))),
        ] {
            if chance.often(80) {
                values.set(field, value);
            }
        }
        let change = chance.below(10);
        if ids.is_empty() || change < 4 {
            ids.push(db.make(kind::DEAL, values).at());
            continue;
        }
        let at = usize::try_from(chance.below(ids.len() as u64)).unwrap();
        let target = ids[at];
        if change == 9 {
            ids.swap_remove(at);
        }
        db.tx(move |tx| {
            let mut item = tx.item(&Rights::system(), target)?.unwrap();
            if change == 9 {
                return tx.remove(&item, &cause());
            }
            item.values = values.clone();
            tx.save(&mut item, &cause(), vec![])
        });
    }
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
    let totals = db.read(|read| read.stage_totals(&Rights::system(), pipeline));
    for (total, stage) in totals.iter().zip(&stages) {
        let items = db.read(|read| read.items(&Rights::system(), &Query::of(kind::DEAL).filter(Filter::is("stage", Op::Eq, Value::Int(stage.0))).limit(500)));
        assert_eq!(total.count, i64::try_from(items.len()).unwrap());
        let rub = |currency: &str| -> i64 {
            items.iter().filter(|item| item.values.text("currency") == currency).filter_map(|item| item.values.get("amount").as_money()).sum()
        };
        for (currency, sum) in &total.sums {
            assert_eq!(*sum, rub(currency));
        }
    }
    assert_eq!(totals.iter().map(|total| total.count).sum::<i64>(), i64::try_from(ids.len()).unwrap());
}

fn a_refused_part_leaves_no_trace(db: Db) {
    let db = db.furnished();
    let (pipeline, stages) = db.stages(kind::DEAL);
    let values = Values::from([("pipeline", Value::Int(pipeline.0)), ("stage", Value::Int(stages[0].0)), ("amount", Value::money(5))]);
    let (kept, lost) = db.tx({
        let values = values.clone();
        move |tx| {
            let first = make(tx, kind::DEAL, &values)?;
            let mut lost = None;
            let refused = tx.part(&mut |tx| {
                lost = Some(make(tx, kind::DEAL, &values)?);
                // Reading the log inside writes what was put off; the refusal must take that back, too.
                assert_eq!(tx.events_after(crm::Seq(0), 10)?.len(), 2);
                Err(Refusal::new("no", "нет", "no").into())
            });
            assert!(matches!(refused, Err(Fault::Refused(refusal)) if refusal.code == "no"));
            let done = tx.part(&mut |tx| tx.record(&first, &cause(), Fact::Commented { text: "да".into() }));
            done.map(|()| (first, lost.unwrap()))
        }
    });
    assert!(db.item(kept.at()).is_some());
    assert!(db.read(|read| read.items(&Rights::system(), &Query::of(kind::DEAL))).len() == 1, "{lost:?}");
    let codes: Vec<&str> = db.read(|read| read.events_after(crm::Seq(0), 10)).iter().map(|event| event.fact.code()).collect();
    assert_eq!(codes, ["created", "commented"]);
    assert_eq!(db.read(|read| read.stage_totals(&Rights::system(), pipeline))[0].count, 1);
}

fn a_refused_transaction_leaves_no_trace(db: Db) {
    let db = db.furnished();
    let refused = db.try_tx(|tx| -> crm::Outcome<()> {
        make(tx, kind::CONTACT, &Values::from([("title", Value::text("никто"))]))?;
        tx.install_type(&crm::EntityType { fields: vec![Field::new("extra", "e", "e", FieldKind::Text)], ..contact() })?;
        Err(Refusal::new("no", "нет", "no").into())
    });
    assert!(refused.is_err());
    assert!(!db.read(|read| Ok(read.schema())).kind(kind::CONTACT).unwrap().has("extra"));
    assert_eq!(db.read(|read| read.latest()), crm::Seq(0));
    assert!(db.read(|read| read.items(&Rights::system(), &Query::of(kind::CONTACT))).is_empty());
}

fn a_type_is_widened_under_its_items(db: Db) {
    let db = db.furnished();
    let old = db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов")), ("passport", Value::text("4510 998877"))]));
    let other = (db.again)();
    assert!(!read(other.as_ref(), |read| Ok(read.schema())).kind(kind::CONTACT).unwrap().has("city"));
    let mut wider = contact();
    wider.fields.retain(|field| field.code != "passport");
    wider.fields.push(Field::new("city", "Город", "City", FieldKind::Text).searchable().indexed());
    wider.fields.push(Field::new("select", "Выбор", "Choice", FieldKind::Choice { options: vec![Choice::new("a", "a", "a")] }));
    db.tx(move |tx| tx.install_type(&wider));
    // A field that the new shape does not name stays.
    let fresh = db.make(
        kind::CONTACT,
        Values::from([("title", Value::text("Петров")), ("city", Value::text("Алматы")), ("select", Value::text("a")), ("passport", Value::text("1"))]),
    );
    assert_eq!(db.item(fresh.at()).unwrap(), fresh);
    assert_eq!(db.item(old.at()).unwrap(), old);
    let search = |text: &str| db.read(|read| read.items(&Rights::system(), &Query::of(kind::CONTACT).filter(Filter::Search(text.into())))).len();
    assert_eq!((search("лмат"), search("9988")), (1, 1));
    // Another process sees the new field without being told.
    let seen = read(other.as_ref(), |read| read.item(&Rights::system(), fresh.at())).unwrap();
    assert_eq!(seen.values.text("city"), "Алматы");
    // A type that begins to be searched finds what is there already.
    db.make(kind::MESSAGE, Values::from([("title", Value::text("Здравствуйте"))]));
    db.tx(|tx| tx.install_type(&crm::EntityType { searched: true, ..message() }));
    let found = db.read(|read| read.items(&Rights::system(), &Query::of(kind::MESSAGE).filter(Filter::Search("АВСТВУЙ".into()))));
    assert_eq!(found.len(), 1);
}

fn a_type_that_does_not_fit_is_refused(db: Db) {
    let db = db.furnished();
    let refused = |shape: crm::EntityType| match db.try_tx(move |tx| tx.install_type(&shape)) {
        Err(Fault::Refused(refusal)) => refusal.code.to_string(),
        other => panic!("{other:?}"),
    };
    let mut changed = contact();
    changed.fields.iter_mut().find(|field| field.code == "passport").unwrap().kind = FieldKind::Integer;
    assert_eq!(refused(changed), "field_kind");
    let with = |code: &str| {
        let mut shape = contact();
        shape.fields.push(Field::new(code, "x", "x", FieldKind::Text));
        shape
    };
    for code in ["\"; DROP TABLE staff; --", "Город", "UPPER", "1st", "", "passport", "_version", &"x".repeat(51)] {
        assert_eq!(refused(with(code)), "wrong_code", "{code}");
    }
    assert_eq!(refused(crm::EntityType { code: "x y".into(), id: crm::EntityTypeId(900), ..contact() }), "wrong_code");
    assert_eq!(refused(crm::EntityType { id: crm::EntityTypeId(900), ..contact() }), "type_taken");
}

fn installing_twice_changes_nothing(db: Db) {
    let db = db.furnished();
    let before = db.read(|read| Ok(read.schema()));
    let db = db.furnished();
    assert_eq!(db.read(|read| Ok(read.schema())), before);
}

fn stages_keep_their_numbers(db: Db) {
    let db = db.furnished();
    let (pipeline, stages) = db.stages(kind::DEAL);
    let installed = db.tx(|tx| {
        let mut changed = crate::firm::pipeline(kind::DEAL);
        changed.stages.remove(2);
        changed.stages.swap(0, 1);
        changed.stages[0].title = crm::Label::new("В работе", "At work");
        changed.stages.push(crm::Stage {
            id: crm::StageId(0),
            code: "JUNK".into(),
            title: crm::Label::same("junk"),
            color: String::new(),
            outcome: crm::Ending::Lost,
            ..crm::Stage::default()
        });
        tx.install_pipeline(&mut changed)?;
        Ok(changed)
    });
    let ids: Vec<_> = installed.stages.iter().map(|stage| stage.id).collect();
    assert_eq!(installed.id, pipeline);
    assert_eq!((ids[0], ids[1], ids[2], ids[4]), (stages[1], stages[0], stages[3], stages[2]));
    assert!(!stages.contains(&ids[3]) && ids[3].0 > 0);
    assert_eq!(db.read(|read| Ok(read.schema())).pipelines[&pipeline], installed);
}

fn a_message_is_found_by_the_providers_number(db: Db) {
    let db = db.furnished();
    let sent = db.make(kind::MESSAGE, Values::from([("title", Value::text("Здравствуйте")), ("provider_ref", Value::text("SM1"))]));
    assert_eq!(db.read(|read| read.item_by_provider_ref("SM1")), Some(sent.at()));
    assert_eq!(db.read(|read| read.item_by_provider_ref("SM2")), None);
    assert_eq!(db.read(|read| read.item_by_provider_ref("")), None);
}

fn an_answer_of_another_kind_is_not_saved(db: Db) {
    let db = db.furnished();
    for (field, value) in [("count", Value::text("5")), ("phone", Value::text("+79990001122")), ("title", Value::Int(1))] {
        let values = Values::from([(field, value)]);
        assert!(matches!(db.try_tx(move |tx| make(tx, THING, &values)), Err(Fault::Failed(Failure::GiveUp { .. }))), "{field}");
    }
    let values = Values::from([("nonsense", Value::Int(1))]);
    assert!(matches!(db.try_tx(move |tx| make(tx, THING, &values)), Err(Fault::Refused(refusal)) if refusal.code == "unknown_field"));
}
