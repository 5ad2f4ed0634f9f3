//! What points at a record, conditions that go across a link, and what may not be seen at its other end.

use crate::firm::*;
use crm::{
    Action, EntityType, EntityTypeId, Fault, Field, FieldKind, Filter, Grant, Item, ItemRef, Op, Query, Rights, Scope, UserId, Value, Values, code, kind,
};
use std::collections::BTreeSet;

crate::both!(
    a_card_counts_what_points_at_it,
    everything_that_points_at_a_record_is_walked_page_by_page,
    a_condition_goes_one_link_far,
    what_may_not_be_seen_at_the_other_end_does_not_fit,
    a_list_of_links_is_filtered_along_its_side_table,
    an_address_is_found_by_any_of_its_parts,
    links_across_links_end_somewhere,
);

const CASE: EntityTypeId = EntityTypeId(1_030);

/// A case with a list of clients and a link of any type.
fn case() -> EntityType {
    let field = |code: &str, kind| Field::new(code, code, code, kind);
    EntityType {
        id: CASE,
        code: "case".into(),
        listed: true,
        fields: vec![
            field("clients", FieldKind::Link { to: kind::CONTACT }).multiple(),
            field("origin", FieldKind::AnyItem),
            field("place", FieldKind::Address),
            field("table", FieldKind::Record { fields: vec![] }).multiple(),
        ],
        ..EntityType::default()
    }
    .complete()
}

fn firm(db: Db) -> Db {
    let db = db.furnished();
    db.tx(|tx| {
        let mut shape = contact();
        shape.fields.push(Field::new("city", "Город", "City", FieldKind::Text).indexed());
        tx.install_type(&shape)?;
        tx.install_type(&case())
    });
    db
}

fn client(db: &Db, name: &str, city: &str, responsible: UserId) -> Item {
    let mut values = Values::from([("title", Value::text(name)), ("responsible", Value::user(responsible))]);
    if !city.is_empty() {
        values.set("city", Value::text(city));
    }
    db.make(kind::CONTACT, values)
}

fn deal(db: &Db, title: &str, contact: Option<&Item>) -> Item {
    let mut values = Values::from([("title", Value::text(title)), ("responsible", Value::user(ANNA))]);
    if let Some(contact) = contact {
        values.set("contact", Value::Int(contact.id));
    }
    db.make(kind::DEAL, values)
}

fn all_case(db: &Db, title: &str, clients: &[&Item]) -> Item {
    let clients = Value::Many(clients.iter().map(|one| Value::Int(one.id)).collect());
    db.make(CASE, Values::from([("title", Value::text(title)), ("clients", clients)]))
}

fn titles(db: &Db, rights: &Rights, of: EntityTypeId, filter: Filter) -> Vec<String> {
    db.read(|read| read.items(rights, &Query::of(of).sorted("id", false).filter(filter.clone()))).iter().map(|item| item.title().to_owned()).collect()
}

fn groups(db: &Db, rights: &Rights, at: ItemRef) -> BTreeSet<(i64, String, u64)> {
    db.read(|read| read.linked(rights, at)).into_iter().map(|group| (group.kind.0, group.field, group.count.counted)).collect()
}

fn a_card_counts_what_points_at_it(db: Db) {
    let db = firm(db);
    let ivanov = client(&db, "Иванов", "Алматы", ANNA);
    let petrov = client(&db, "Петров", "", ANNA);
    for _ in 0..3 {
        deal(&db, "Долг", Some(&ivanov));
    }
    all_case(&db, "Дело", &[&ivanov, &petrov]);
    db.make(kind::TASK, Values::from([("title", Value::text("дело")), ("about", Value::item(ivanov.at()))]));
    let wanted = |list: &[(i64, &str, u64)]| list.iter().map(|one| (one.0, one.1.to_owned(), one.2)).collect::<BTreeSet<_>>();
    assert_eq!(groups(&db, &Rights::system(), ivanov.at()), wanted(&[(2, "contact", 3), (1_030, "clients", 1), (501, "about", 1)]));
    assert_eq!(groups(&db, &Rights::system(), petrov.at()), wanted(&[(1_030, "clients", 1)]));
    // Hidden links and types that may not be seen make no tab.
    let grant = |of, scope| ((of, Action::Read), Grant::of(scope));
    let mut rights = Rights { user: ANNA, grants: [grant(kind::DEAL, Scope::All), grant(CASE, Scope::All)].into(), ..Rights::default() };
    rights.hidden = [(CASE, "clients".to_owned())].into();
    assert_eq!(groups(&db, &rights, ivanov.at()), wanted(&[(2, "contact", 3)]));
    for _ in 0..100 {
        deal(&db, "Долг", Some(&ivanov));
    }
    let many = db.read(|read| read.linked(&rights, ivanov.at()));
    assert_eq!((many[0].count.counted, many[0].count.more), (100, true));
}

fn everything_that_points_at_a_record_is_walked_page_by_page(db: Db) {
    let db = firm(db);
    let ivanov = client(&db, "Иванов", "", ANNA);
    let mut wanted: Vec<(ItemRef, String)> = Vec::new();
    for number in 0..7 {
        wanted.push((deal(&db, "Долг", Some(&ivanov)).at(), "contact".into()));
        let case = all_case(&db, "Дело", &[&ivanov]);
        wanted.push((case.at(), "clients".into()));
        let task = db.make(
            kind::TASK,
            Values::from([
                ("title", Value::text("дело")),
                ("about", Value::item(ivanov.at())),
                ("contact", Value::Int(if number % 2 == 0 { ivanov.id } else { 0 })),
            ]),
        );
        wanted.push((task.at(), "about".into()));
        if number % 2 == 0 {
            wanted.push((task.at(), "contact".into()));
        }
    }
    wanted.sort();
    for limit in [1, 2, 5, 100] {
        let mut walked: Vec<(ItemRef, String)> = Vec::new();
        let mut after: Option<(ItemRef, String)> = None;
        loop {
            let page = db.read(|read| read.links_to(ivanov.at(), after.as_ref().map(|(at, field)| (*at, field.as_str())), limit));
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            walked.extend(page);
        }
        assert_eq!(walked, wanted, "{limit} at a time");
    }
}

fn a_condition_goes_one_link_far(db: Db) {
    let db = firm(db);
    let (ivanov, petrov) = (client(&db, "Иванов", "Алматы", ANNA), client(&db, "Петров", "", ANNA));
    deal(&db, "из Алматы", Some(&ivanov));
    deal(&db, "без города", Some(&petrov));
    deal(&db, "без клиента", None);
    let found = |field: &str, op, value: &str| {
        let value = if value.is_empty() { Value::Null } else { Value::text(value) };
        titles(&db, &Rights::system(), kind::DEAL, Filter::is(field, op, value))
    };
    assert_eq!(found("contact.city", Op::Eq, "Алматы"), ["из Алматы"]);
    assert_eq!(found("contact.city", Op::Contains, "алма"), ["из Алматы"]);
    assert_eq!(found("contact.city", Op::Ne, "Алматы"), ["без города", "без клиента"]);
    assert_eq!(found("contact.city", Op::Empty, ""), ["без города", "без клиента"]);
    assert_eq!(found("contact.city", Op::Filled, ""), ["из Алматы"]);
    assert_eq!(found("contact.title", Op::Eq, "Петров"), ["без города"]);
    let not = Filter::Not(Box::new(Filter::is("contact.city", Op::Eq, Value::text("Алматы"))));
    assert_eq!(titles(&db, &Rights::system(), kind::DEAL, not), ["без города", "без клиента"]);
    let linked = |filter| Filter::Linked { kind: kind::DEAL, field: "contact".into(), filter: Box::new(filter) };
    assert_eq!(titles(&db, &Rights::system(), kind::CONTACT, linked(Filter::is("title", Op::Contains, Value::text("города")))), ["Петров"]);
    assert_eq!(titles(&db, &Rights::system(), kind::CONTACT, Filter::Not(Box::new(linked(Filter::Any)))), Vec::<String>::new());
    // Tasks point with a link of any type.
    db.make(kind::TASK, Values::from([("title", Value::text("дело")), ("about", Value::item(petrov.at()))]));
    let task = Filter::Linked { kind: kind::TASK, field: "about".into(), filter: Box::new(Filter::Any) };
    assert_eq!(titles(&db, &Rights::system(), kind::CONTACT, task), ["Петров"]);
    for wrong in ["contact.nonsense", "title.city", "contact.city.length", "nonsense.city"] {
        let answer =
            db.store.read(&mut |read| read.items(&Rights::system(), &Query::of(kind::DEAL).filter(Filter::is(wrong, Op::Filled, Value::Null))).map(drop));
        assert!(matches!(answer, Err(Fault::Refused(refusal)) if refusal.code == "unknown_field"), "{wrong}");
    }
}

fn what_may_not_be_seen_at_the_other_end_does_not_fit(db: Db) {
    let db = firm(db);
    let (own, foreign) = (client(&db, "Свой", "Алматы", ANNA), client(&db, "Чужой", "Алматы", BORIS));
    deal(&db, "со своим", Some(&own));
    deal(&db, "с чужим", Some(&foreign));
    let grant = |of, scope| ((of, Action::Read), Grant::of(scope));
    let anna = Rights { user: ANNA, grants: [grant(kind::DEAL, Scope::All), grant(kind::CONTACT, Scope::Own)].into(), ..Rights::default() };
    let city = |op| Filter::is("contact.city", op, Value::text("Алматы"));
    assert_eq!(titles(&db, &anna, kind::DEAL, city(Op::Eq)), ["со своим"]);
    assert_eq!(titles(&db, &anna, kind::DEAL, city(Op::Ne)), Vec::<String>::new());
    assert_eq!(titles(&db, &Rights::system(), kind::DEAL, city(Op::Eq)), ["со своим", "с чужим"]);
    // A hidden field at the other end looks like none, also inside a condition on what points here.
    let mut blind = anna.clone();
    blind.hidden = [(kind::CONTACT, "city".to_owned()), (kind::DEAL, "order".to_owned())].into();
    let inside = Filter::Linked { kind: kind::DEAL, field: "contact".into(), filter: Box::new(Filter::is("order", Op::Filled, Value::Null)) };
    for (of, filter) in [(kind::DEAL, city(Op::Eq)), (kind::CONTACT, inside)] {
        let answer = db.store.read(&mut |read| read.items(&blind, &Query::of(of).filter(filter.clone())).map(drop));
        assert!(matches!(answer, Err(Fault::Refused(refusal)) if refusal.code == "unknown_field"));
    }
    // Whoever sees no clients at all finds nothing by them.
    let nobody = Rights { grants: [grant(kind::DEAL, Scope::All)].into(), ..anna };
    assert_eq!(titles(&db, &nobody, kind::DEAL, city(Op::Eq)), Vec::<String>::new());
}

fn a_list_of_links_is_filtered_along_its_side_table(db: Db) {
    let db = firm(db);
    let (ivanov, petrov) = (client(&db, "Иванов", "Алматы", ANNA), client(&db, "Петров", "", ANNA));
    all_case(&db, "оба", &[&ivanov, &petrov]);
    let one = all_case(&db, "Иванов", &[&ivanov]);
    db.make(CASE, Values::from([("title", Value::text("никто"))]));
    let found = |op, value| titles(&db, &Rights::system(), CASE, Filter::is("clients", op, value));
    assert_eq!(found(Op::Eq, Value::Int(ivanov.id)), ["оба", "Иванов"]);
    assert_eq!(found(Op::In, Value::Many(vec![Value::Int(petrov.id), Value::Int(777)])), ["оба"]);
    assert_eq!(found(Op::Ne, Value::Int(petrov.id)), ["Иванов", "никто"]);
    assert_eq!(titles(&db, &Rights::system(), CASE, Filter::is("clients.city", Op::Eq, Value::text("Алматы"))), ["оба", "Иванов"]);
    assert_eq!(titles(&db, &Rights::system(), CASE, Filter::is("clients.city", Op::Empty, Value::Null)), ["оба", "никто"]);
    // The list changes, and the record goes.
    let at = one.at();
    db.tx(move |tx| {
        let mut item = tx.item(&Rights::system(), at)?.unwrap();
        item.values.set("clients", Value::Many(vec![Value::Int(petrov.id)]));
        item.values.set(code::OBSERVERS, Value::Many(vec![Value::user(BORIS)]));
        tx.save(&mut item, &cause(), vec![])
    });
    assert_eq!(found(Op::Eq, Value::Int(ivanov.id)), ["оба"]);
    assert_eq!(titles(&db, &Rights::system(), CASE, Filter::is(code::OBSERVERS, Op::Eq, Value::user(BORIS))), ["Иванов"]);
    db.tx(move |tx| tx.remove(&tx.item(&Rights::system(), at)?.unwrap(), &cause()));
    assert_eq!(groups(&db, &Rights::system(), ivanov.at()).len(), 1);
}

fn an_address_is_found_by_any_of_its_parts(db: Db) {
    let db = firm(db);
    let address = |city: &str, street: &str| Value::Record(Values::from([("city", Value::text(city)), ("street", Value::text(street))]));
    let made: Vec<Item> = [("Алматы", "Абая \"А\""), ("Москва", "Тверская"), ("city", "x")]
        .iter()
        .map(|(city, street)| db.make(CASE, Values::from([("title", Value::text(*city)), ("place", address(city, street))])))
        .collect();
    for fragment in ["АБАЯ", "алм", "тверс", "city", "а \"а", "нет", "%"] {
        for op in [Op::Contains, Op::NotContains] {
            let filter = Filter::is("place", op, Value::text(fragment));
            let wanted: Vec<&str> = made.iter().filter(|item| filter.test(item) == crm::Verdict::Fits).map(Item::title).collect();
            assert_eq!(titles(&db, &Rights::system(), CASE, filter), wanted, "{op:?} {fragment}");
        }
    }
    assert_eq!(titles(&db, &Rights::system(), CASE, Filter::is("place", Op::Contains, Value::text("алм"))), ["Алматы"]);
}

fn links_across_links_end_somewhere(db: Db) {
    let db = firm(db);
    let ivanov = client(&db, "Иванов", "", ANNA);
    deal(&db, "Долг", Some(&ivanov));
    let across = |filter| Filter::Linked { kind: kind::DEAL, field: "contact".into(), filter: Box::new(filter) };
    let back = Filter::is("contact.title", Op::Eq, Value::text("Иванов"));
    assert_eq!(titles(&db, &Rights::system(), kind::CONTACT, across(back)), ["Иванов"]);
    let endless = (0..4).fold(Filter::Any, |inner, _| Filter::Linked { kind: kind::TASK, field: "about".into(), filter: Box::new(inner) });
    let answer = db.store.read(&mut |read| read.items(&Rights::system(), &Query::of(kind::TASK).filter(endless.clone())).map(drop));
    assert!(matches!(answer, Err(Fault::Refused(refusal)) if refusal.code == "large_filter"));
}
