//! Items come back as they were saved; stale copies, hidden fields and widened types.

use crate::firm::*;
use crm::{EntityTypeId, Fact, Fault, Field, FieldKind, Filter, Item, ItemRef, Op, Query, Rights, Value, Values, code, kind};

crate::both!(an_answer_of_every_kind_comes_back_as_it_was_saved, a_page_of_contacts_finds_ivanov_by_phone);

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
        item.values.set("phone", phones(&["+7 999 000 11 23"]));
        move |tx| {
            let mut item = item.clone();
            tx.save(&mut item, &cause(), vec![])?;
            Ok(item)
        }
    });
    assert_eq!(changed.version, 2);
    assert!(!changed.values.0.contains_key("words"));
    assert_eq!(db.item(saved.at()).unwrap(), changed);
}

fn a_page_of_contacts_finds_ivanov_by_phone(db: Db) {
    let db = db.furnished();
    for number in 0..20 {
        db.make(kind::CONTACT, Values::from([("title", Value::text(format!("Клиент {number}"))), ("phone", phones(&[&format!("+7999000112{number:02}")]))]));
    }
    let ivanov = db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов")), ("phone", phones(&["+79990001122"]))]));
    let query = Query::of(kind::CONTACT).filter(Filter::is("phone", Op::Eq, Value::text("8 (999) 000-11-22")));
    assert_eq!(db.read(|read| read.items(&Rights::system(), &query)), vec![ivanov]);
}
