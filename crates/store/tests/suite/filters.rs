//! The database means by a condition what `Filter::test` means in memory.

use crate::chance::{Chance, FIELDS, WORDS, answer, answers};
use crate::firm::*;
use crm::{Fault, Filter, Item, Op, Page, Query, Rights, Value, Verdict, code, kind};

crate::both!(
    any_condition_finds_the_same_items_as_in_memory,
    unknown_fields_and_overgrown_conditions_are_refused,
    a_long_list_of_numbers_is_one_question,
    counting_stops_at_the_cap,
);

fn comparison(chance: &mut Chance) -> Filter {
    let field = chance.of(&[FIELDS.as_slice(), &["id", "email"]].concat());
    let op = chance.of(&Op::all());
    let fragment = |chance: &mut Chance| Value::text(chance.of(&["", "ИВ", "ван", "%", "0001", "7 9", "_", "\\", "ё", "1", "а с"]));
    let pattern = |chance: &mut Chance| Value::text(chance.of(&["", "%", "Ив%", "%ов", "%в_н%", "50_1", "%\\%", "100%", "%7999%22%", "1", "ёж"]));
    let one = |chance: &mut Chance| if field == "id" { Value::Int(chance.number(120) + 1) } else { answer(chance, field) };
    let single = |value: Value| match value {
        Value::Many(list) => list[0].clone(),
        Value::Points(points) => Value::text(points.list[0].raw.clone()),
        other => other,
    };
    let value = match op {
        Op::Empty | Op::Filled => Value::Null,
        Op::Contains | Op::NotContains => fragment(chance),
        Op::Like | Op::NotLike => pattern(chance),
        Op::In | Op::NotIn => Value::Many((0..chance.below(4)).map(|_| single(one(chance))).collect()),
        _ if field == "words" => Value::text(chance.of(&WORDS)),
        _ => single(one(chance)),
    };
    Filter::is(field, op, value)
}

fn filter(chance: &mut Chance, depth: u32) -> Filter {
    match chance.below(if depth == 0 { 1 } else { 5 }) {
        0 | 1 => comparison(chance),
        2 => Filter::All((0..chance.below(4)).map(|_| filter(chance, depth - 1)).collect()),
        3 => Filter::One((0..chance.below(4)).map(|_| filter(chance, depth - 1)).collect()),
        _ => Filter::Not(Box::new(filter(chance, depth - 1))),
    }
}

fn any_condition_finds_the_same_items_as_in_memory(db: Db) {
    let db = db.furnished();
    let mut chance = Chance(20_261_125);
    let all: Vec<Item> = db.tx({
        let given: Vec<_> = (0..120).map(|_| answers(&mut chance)).collect();
        move |tx| given.iter().map(|values| make(tx, THING, values)).collect()
    });
    let schema = db.read(|read| Ok(read.schema()));
    let mut hits = 0;
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..1_200 {
        let filter = filter(&mut chance, 2);
        let typed = filter.typed(&schema, THING).unwrap();
        let wanted: Vec<i64> = all.iter().filter(|item| typed.test(item) == Verdict::Fits).map(|item| item.id).collect();
        let query =
            Query { filter: filter.clone(), order: vec![crm::Order { field: code::ID.into(), descending: false }], page: Page::first(500), kind: THING };
        let found: Vec<i64> = db.read(|read| read.items(&Rights::system(), &query)).iter().map(|item| item.id).collect();
        assert_eq!(found, wanted, "{filter:?}");
        hits += usize::from(!found.is_empty() && found.len() < all.len());
        if let Filter::Is { field, op, .. } = &filter {
            asked.insert((field.clone(), format!("{op:?}")));
        }
    }
    // The comparison means something only if conditions divide the items and all pairs of field and comparison came up.
    assert!(hits > 400, "{hits}");
    assert!(asked.len() > 200, "{}", asked.len());
}

fn refused(db: &Db, filter: Filter) -> String {
    let mut code = String::new();
    let answer = db.store.read(&mut |read| match read.items(&Rights::system(), &Query::of(THING).filter(filter.clone())) {
        Err(Fault::Refused(refusal)) => {
            code = refusal.code.to_string();
            Ok(())
        }
        other => panic!("{other:?}"),
    });
    answer.unwrap();
    code
}

fn unknown_fields_and_overgrown_conditions_are_refused(db: Db) {
    let db = db.furnished();
    assert_eq!(refused(&db, Filter::is("nonsense", Op::Eq, Value::Int(1))), "unknown_field");
    assert_eq!(refused(&db, Filter::is("words\" OR 1=1 --", Op::Eq, Value::text("x"))), "unknown_field");
    assert_eq!(refused(&db, Filter::is("_version", Op::Eq, Value::Int(1))), "unknown_field");
    let deep = (0..100).fold(Filter::is("count", Op::Eq, Value::Int(1)), |inner, _| Filter::Not(Box::new(inner)));
    assert_eq!(refused(&db, deep), "large_filter");
    let long = Value::Many((0..6_000).map(Value::Int).collect());
    assert_eq!(refused(&db, Filter::is("count", Op::In, long)), "large_filter");
    let one = Filter::is("count", Op::Eq, Value::Int(1));
    assert_eq!(refused(&db, Filter::One(vec![one.clone(); 501])), "large_filter");
    assert_eq!(refused(&db, Filter::is("colors", Op::In, Value::Many(vec![Value::text("red"); 501]))), "large_filter");
    let list = || Filter::is("count", Op::In, Value::Many((0..5_000).map(Value::Int).collect()));
    assert_eq!(refused(&db, Filter::All(vec![list(); 7])), "large_filter");
    // As large as allowed.
    for large in [Filter::One(vec![one; 500]), Filter::is("colors", Op::In, Value::Many(vec![Value::text("red"); 500])), Filter::All(vec![list(); 5])] {
        assert!(db.read(|read| read.items(&Rights::system(), &Query::of(THING).filter(large.clone()))).is_empty());
    }
    let sorted = db.store.read(&mut |read| read.items(&Rights::system(), &Query::of(THING).sorted("nonsense", true)).map(drop));
    assert!(matches!(sorted, Err(Fault::Refused(refusal)) if refusal.code == "unknown_field"));
}

fn a_long_list_of_numbers_is_one_question(db: Db) {
    let db = db.furnished();
    let ids: Vec<Value> =
        (0..50).map(|number| db.make(kind::TASK, crm::Values::from([("title", Value::text(format!("{number}")))])).id).map(Value::Int).collect();
    let list = Value::Many(ids.iter().cloned().chain((1_000..5_000).map(Value::Int)).collect());
    let found = db.read(|read| read.items(&Rights::system(), &Query::of(kind::TASK).filter(Filter::is("id", Op::In, list.clone()))));
    assert_eq!(found.len(), 50);
}

fn counting_stops_at_the_cap(db: Db) {
    let db = db.furnished();
    for number in 0..30 {
        db.make(THING, crm::Values::from([("count", Value::Int(number % 3))]));
    }
    let count = |cap| db.read(|read| read.count(&Rights::system(), &Query::of(THING).filter(Filter::is("count", Op::Eq, Value::Int(1))), cap));
    assert_eq!((count(5).counted, count(5).more), (5, true));
    assert_eq!((count(10).counted, count(10).more), (10, false));
    assert_eq!((count(u64::MAX).counted, count(u64::MAX).more), (10, false));
}
