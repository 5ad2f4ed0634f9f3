//! A field changes its kind: every pair of kinds, with what converts and what stays behind.

use crate::firm::*;
use crm::{Check, Choice, Decimal, Field, FieldKind, FormulaResult, Item, Point, Value, Values, convert, kind};

fn kinds() -> Vec<FieldKind> {
    vec![
        FieldKind::Text,
        FieldKind::LongText,
        FieldKind::RichText,
        FieldKind::Requisite { check: Check::Inn },
        FieldKind::Address,
        FieldKind::Formula { expression: "1".into(), result: FormulaResult::Integer },
        FieldKind::Counter { pattern: "{SEQ}".into(), reset: String::new() },
        FieldKind::Department,
        FieldKind::Image,
        FieldKind::Integer,
        FieldKind::Decimal,
        FieldKind::Money,
        FieldKind::Date,
        FieldKind::Moment,
        FieldKind::Flag,
        FieldKind::Choice { options: vec![Choice::new("yes", "Да", "Yes"), Choice::new("7", "Семь", "Seven")] },
        FieldKind::Link { to: kind::CONTACT },
        FieldKind::AnyItem,
        FieldKind::User,
        FieldKind::Phone,
        FieldKind::Email,
        FieldKind::Messenger,
        FieldKind::Web,
        FieldKind::File,
        FieldKind::Record { fields: vec![field("a", FieldKind::Text)] },
        FieldKind::Span,
    ]
}

fn answers() -> Vec<Value> {
    let point = |raw: &str| Point { raw: raw.into(), normal: raw.into(), ..Point::default() };
    vec![
        text("7"),
        text("да"),
        text("Анна Смирнова"),
        text("<script>{{=cmd|\u{202e}💥"),
        text("7707083893"),
        Value::Int(i64::MAX),
        Value::Int(1),
        Value::Decimal(Decimal { scaled: i64::MIN }),
        Value::Decimal(Decimal { scaled: 125_000 }),
        Value::money(-1),
        Value::money(125_000),
        Value::date(jiff::civil::Date::MAX),
        Value::moment(crm::Moment(i64::MIN)),
        Value::Flag(true),
        Value::item(crm::ItemRef::new(kind::CONTACT, 1)),
        Value::points(vec![point("+79990001122"), point("+79990001133")]),
        Value::Many(vec![text("7"), Value::Int(3)]),
        Value::Record(Values::from([("city", text("Омск"))])),
    ]
}

#[test]
fn every_answer_of_every_kind_becomes_an_answer_of_every_other_or_says_why_not() {
    let office = Office::open(vec![contact(vec![])], vec![]);
    let item = Item { kind: kind::CONTACT, id: 0, version: 0, values: Values::new() };
    let mut converted = 0;
    office.read(|read| {
        for (from, to) in kinds().iter().flat_map(|from| kinds().into_iter().map(move |to| (from.clone(), to))) {
            for multiple in [false, true] {
                let (from, to) = (field("f", from.clone()), Field { multiple, ..field("f", to.clone()) });
                for answer in answers() {
                    match convert::value(read, &item, &from, &to, &answer) {
                        Ok(value) => {
                            converted += 1;
                            assert_eq!(to.accept(&value).as_ref(), Ok(&value), "{:?} → {:?}: {answer:?}", from.kind, to.kind);
                        }
                        Err(why) => assert!(!why.ru.is_empty() && !why.en.is_empty()),
                    }
                }
            }
        }
        Ok(())
    });
    assert!(converted > 3_000, "{converted}");
}

#[test]
fn what_a_person_would_expect_converts_and_what_would_be_cut_off_stays_behind() {
    let office = Office::open(vec![contact(vec![])], vec![]);
    let ivanov = office.made(kind::CONTACT, Values::from([("first_name", text("Иванов"))]));
    let item = office.item(ivanov);
    let turned = |from: FieldKind, to: FieldKind, answer: Value| {
        office.read(|read| Ok(convert::value(read, &item, &field("f", from.clone()), &field("f", to.clone()), &answer)))
    };
    let choice = || FieldKind::Choice { options: vec![Choice::new("warm", "Тёплый", "Warm")] };
    assert_eq!(turned(FieldKind::Text, choice(), text(" тёплый ")), Ok(text("warm")));
    assert_eq!(turned(choice(), FieldKind::Text, text("warm")), Ok(text("Тёплый")));
    assert_eq!(turned(FieldKind::Money, FieldKind::Text, Value::money(1_234_567)), Ok(text("12345,67")));
    assert_eq!(turned(FieldKind::Text, FieldKind::Money, text("12 345,67")), Ok(Value::money(1_234_567)));
    assert_eq!(turned(FieldKind::Decimal, FieldKind::Integer, Value::Decimal(Decimal { scaled: 20_000 })), Ok(Value::Int(2)));
    assert!(turned(FieldKind::Decimal, FieldKind::Integer, Value::Decimal(Decimal { scaled: 25_000 })).is_err());
    assert_eq!(turned(FieldKind::Text, FieldKind::Link { to: kind::CONTACT }, text("Иванов")), Ok(Value::Int(ivanov.id)));
    assert_eq!(turned(FieldKind::Text, FieldKind::User, text("смирнова анна")), Ok(Value::user(office.anna)));
    assert!(turned(FieldKind::Text, FieldKind::User, text("Пётр")).is_err());
    assert_eq!(turned(FieldKind::Text, FieldKind::Address, text("у вокзала")), Ok(Value::Record(Values::from([("comment", text("у вокзала"))]))));
    let phones = turned(FieldKind::Text, FieldKind::Phone, text("89990001122, +7 999 000-11-33")).unwrap();
    assert!(matches!(phones, Value::Points(points) if points.list.len() == 2));
}

#[test]
fn a_preview_counts_and_the_conversion_keeps_what_does_not_fit() {
    let office = Office::open(vec![contact(vec![field("age", FieldKind::Text)])], vec![]);
    for age in ["31", "сорок", "52", ""] {
        office.made(kind::CONTACT, Values::from([("age", text(age))]));
    }
    let to = field("age", FieldKind::Integer);
    let preview = office.read(|read| convert::preview(read, kind::CONTACT, "age", &to, 100));
    assert_eq!((preview.filled.counted, preview.looked, preview.converts, preview.left), (3, 3, 2, 1));
    assert_eq!((preview.examples[0].answer.as_str(), preview.examples[0].item.id), ("сорок", 2));
    assert_eq!(office.read(|read| convert::preview(read, kind::CONTACT, "age", &to, 1)).looked, 1);
    let done = office.done(move |tx| convert::at_once(tx, kind::CONTACT, "age", &field("age", FieldKind::Integer)));
    assert_eq!((done.converted, done.left), (2, 1));
    let ages: Vec<Value> = office.all(kind::CONTACT).iter().map(|item| item.values.get("age").clone()).collect();
    assert_eq!(ages, [Value::Int(31), Value::Null, Value::Int(52), Value::Null]);
    office.made(kind::CONTACT, Values::from([("age", text("7"))]));
}
