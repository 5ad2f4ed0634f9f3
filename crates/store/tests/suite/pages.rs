//! Lists: every item once, in the same order, however it is paged.

use crate::chance::{Chance, FIELDS, answers};
use crate::firm::*;
use crm::{Filter, Item, Op, Order, Page, Query, Rights, Value, Values};

crate::both!(pages_have_neither_holes_nor_doubles_even_among_empty_answers, names_are_sorted_as_in_a_dictionary, pages_by_offset_agree_with_pages_by_value);

fn after(order: &[Order], item: &Item) -> Option<(Vec<Value>, i64)> {
    Some((order.iter().map(|one| item.values.get(&one.field).clone()).collect(), item.id))
}

fn pages_have_neither_holes_nor_doubles_even_among_empty_answers(db: Db) {
    let db = db.furnished();
    let mut chance = Chance(7);
    let given: Vec<Values> = (0..120).map(|_| answers(&mut chance)).collect();
    db.tx(move |tx| given.iter().try_for_each(|values| make(tx, THING, values).map(drop)));
    for _ in 0..150 {
        let order: Vec<Order> = (0..chance.below(3))
            .map(|_| Order { field: chance.of(&[FIELDS.as_slice(), &["id", "created_at"]].concat()).into(), descending: chance.often(50) })
            .collect();
        let filter = if chance.often(50) { Filter::Any } else { Filter::is("count", Op::Ge, Value::Int(0)) };
        let query = Query { kind: THING, filter, order: order.clone(), page: Page::first(500) };
        let whole = db.read(|read| read.items(&Rights::system(), &query));
        let size = u32::try_from(chance.below(40)).unwrap() + 1;
        let mut paged: Vec<Item> = Vec::new();
        loop {
            let page = Page { limit: size, offset: 0, after: paged.last().and_then(|item| after(&order, item)) };
            let next = db.read(|read| read.items(&Rights::system(), &Query { page: page.clone(), ..query.clone() }));
            if next.is_empty() {
                break;
            }
            assert!(next.len() <= size as usize);
            paged.extend(next);
            assert!(paged.len() <= whole.len(), "{order:?}");
        }
        let ids = |list: &[Item]| list.iter().map(|item| item.id).collect::<Vec<_>>();
        assert_eq!(ids(&paged), ids(&whole), "{order:?} in pages of {size}");
        let plain = |one: &&Order| ["count", "amount", "moment", "day"].contains(&one.field.as_str());
        if let Some(Order { field, descending }) = order.first().filter(plain).filter(|_| query.filter == Filter::Any) {
            let filled: Vec<&Value> = whole.iter().map(|item| item.values.get(field)).filter(|value| !value.is_empty()).collect();
            let risen = |pair: &[&Value]| {
                crm::query::compare(pair[0], pair[1]) != Some(if *descending { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater })
            };
            assert!(filled.windows(2).all(risen));
            let empty_end = if *descending { whole.last() } else { whole.first() };
            assert!(empty_end.unwrap().values.get(field).is_empty());
        }
    }
}

fn names_are_sorted_as_in_a_dictionary(db: Db) {
    let db = db.furnished();
    for name in ["Якин", "жуков", "Ёлкин", "Smith", "Елкин", "Абрамов", "еремин", "Жуков", "абрамов", "42"] {
        db.make(THING, Values::from([("title", Value::text(name))]));
    }
    let titles = |descending| -> Vec<String> {
        db.read(|read| read.items(&Rights::system(), &Query::of(THING).sorted("title", descending))).iter().map(|item| item.title().to_owned()).collect()
    };
    let mut sorted = titles(false);
    assert_eq!(sorted, ["42", "абрамов", "Абрамов", "Елкин", "Ёлкин", "еремин", "жуков", "Жуков", "Якин", "Smith"]);
    sorted.reverse();
    assert_eq!(titles(true), sorted);
}

fn pages_by_offset_agree_with_pages_by_value(db: Db) {
    let db = db.furnished();
    for number in 0..25 {
        db.make(THING, Values::from([("count", Value::Int(number % 4))]));
    }
    let query = Query::of(THING).sorted("count", true);
    let whole = db.read(|read| read.items(&Rights::system(), &query));
    let page = db.read(|read| read.items(&Rights::system(), &Query { page: Page { limit: 10, offset: 10, after: None }, ..query.clone() }));
    assert_eq!(page, whole[10..20]);
    assert_eq!(db.read(|read| read.items(&Rights::system(), &query.clone().limit(0))), vec![]);
}
