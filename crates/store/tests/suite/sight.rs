//! The database shows exactly what `Rights::may` allows in memory: random people, random records, every way of asking.

use crate::chance::Chance;
use crate::firm::*;
use crm::{Action, Filter, Grant, Item, Op, Order, Page, PipelineId, Query, Rights, Scope, StageId, UserId, Value, Values, Verdict, code, kind};
use std::collections::{BTreeMap, BTreeSet};

crate::both!(the_database_shows_exactly_what_the_rights_allow);

const SCOPES: [Scope; 7] = [Scope::None, Scope::Own, Scope::Department, Scope::Departments, Scope::Office, Scope::Offices, Scope::All];

/// Two pipelines, so that an exception for one leaves the other alone.
fn places(db: &Db) -> Vec<(PipelineId, StageId)> {
    db.tx(|tx| {
        let mut second = crm::Pipeline { code: "second".into(), is_default: false, ..pipeline(kind::DEAL) };
        tx.install_pipeline(&mut second)
    });
    let schema = db.read(|read| Ok(read.schema()));
    schema.pipelines_of(kind::DEAL).iter().flat_map(|pipeline| pipeline.stages.iter().map(|stage| (pipeline.id, stage.id))).collect()
}

fn record(chance: &mut Chance, places: &[(PipelineId, StageId)]) -> Values {
    let (pipeline, stage) = chance.of(places);
    let mut values = Values::from([
        ("title", Value::text(chance.of(&["сделка красная", "сделка синяя"]))),
        ("pipeline", Value::Int(pipeline.0)),
        ("stage", Value::Int(stage.0)),
        ("amount", Value::money(chance.number(1_000))),
        ("currency", Value::text(chance.of(&["RUB", "KZT"]))),
        ("contact", Value::Int(1 + chance.number(3))),
    ]);
    if chance.often(85) {
        values.set(code::RESPONSIBLE, Value::Int(chance.number(6)));
    }
    if chance.often(80) {
        values.set(code::OFFICE, Value::Int(10 + chance.number(4)));
    }
    if chance.often(25) {
        values.set(code::OBSERVERS, Value::Many(vec![Value::Int(1 + chance.number(5)), Value::Int(6)]));
    }
    if chance.often(25) {
        values.set(code::SHARED_WITH, Value::Many(vec![Value::Int(10 + chance.number(4))]));
    }
    values
}

fn person(chance: &mut Chance, places: &[(PipelineId, StageId)]) -> Rights {
    let some = |chance: &mut Chance, from: i64, count: i64| -> Vec<i64> { (from..from + count).filter(|_| chance.often(40)).collect() };
    let mut grant = Grant::of(chance.of(&SCOPES));
    if chance.often(50) {
        let (pipeline, stage) = chance.of(places);
        grant.pipelines = BTreeMap::from([(pipeline, chance.of(&SCOPES))]);
        grant.stages =
            if chance.often(60) { BTreeMap::from([(stage, chance.of(&SCOPES)), (chance.of(places).1, chance.of(&SCOPES))]) } else { BTreeMap::new() };
    }
    let users = |list: Vec<i64>| -> BTreeSet<UserId> { list.into_iter().map(UserId).collect() };
    Rights {
        user: UserId(1 + chance.number(6)),
        grants: [((kind::DEAL, Action::Read), grant), ((kind::CONTACT, Action::Read), Grant::of(Scope::All))].into(),
        department: users(some(chance, 1, 5)),
        departments: users((0..20).filter(|_| chance.often(50)).collect()),
        office: if chance.often(70) { 10 + chance.number(4) } else { 0 },
        offices: some(chance, 10, 4).into_iter().collect(),
        stands_for: users(if chance.often(30) { some(chance, 1, 5) } else { Vec::new() }),
        pool: if chance.often(40) { [kind::DEAL].into() } else { BTreeSet::new() },
        ..Rights::default()
    }
}

fn ids(items: &[Item]) -> Vec<i64> {
    items.iter().map(|item| item.id).collect()
}

fn the_database_shows_exactly_what_the_rights_allow(db: Db) {
    let db = db.furnished();
    let places = places(&db);
    for name in ["Иванов", "Петров", "Сидоров"] {
        db.make(kind::CONTACT, Values::from([("title", Value::text(name))]));
    }
    let mut chance = Chance(20_261_125);
    let given: Vec<Values> = (0..150).map(|_| record(&mut chance, &places)).collect();
    let mut all: Vec<Item> = db.tx(move |tx| given.iter().map(|values| make(tx, kind::DEAL, values)).collect());
    // A third is changed afterwards, and some go: side tables and totals have to follow.
    for at in 0..50 {
        let values = record(&mut chance, &places);
        let (old, gone) = (all[at * 3].clone(), at % 10 == 0);
        all[at * 3] = db.tx(move |tx| {
            let mut item = Item { values: values.clone(), ..old.clone() };
            tx.save(&mut item, &cause(), vec![])?;
            if gone {
                tx.remove(&item, &cause())?;
                item.id = 0;
            }
            Ok(item)
        });
    }
    all.retain(|item| item.id != 0);
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
    let (mut some, mut cut) = (0, 0);
    for round in 0..150 {
        let rights = person(&mut chance, &places);
        let mut seen: Vec<Item> = all.iter().filter(|item| rights.may(Action::Read, item)).cloned().collect();
        seen.sort_by_key(|item| item.id);
        some += usize::from(!seen.is_empty() && seen.len() < all.len());
        let asked = if round % 2 == 0 { Filter::Any } else { Filter::is("title", Op::Contains, Value::text("красная")) };
        let fits: Vec<Item> = seen.iter().filter(|item| asked.test(item) == Verdict::Fits).cloned().collect();
        db.read(|read| {
            let order = vec![Order { field: code::ID.into(), descending: false }];
            let query = Query { kind: kind::DEAL, filter: asked.clone(), order, page: Page::first(500) };
            assert_eq!(ids(&read.items(&rights, &query)?), ids(&fits), "list of {rights:?}");
            assert_eq!(read.count(&rights, &query, 1_000)?.counted, fits.len() as u64, "count of {rights:?}");
            for item in &all {
                assert_eq!(read.item(&rights, item.at())?.is_some(), rights.may(Action::Read, item), "{item:?} for {rights:?}");
            }
            let found = read.items(&rights, &query.clone().filter(Filter::Search("сделк".into())))?;
            assert_eq!(ids(&found), ids(&fits), "search of {rights:?}");
            // The same list in pages of seven by a user's field.
            let order = vec![Order { field: "amount".into(), descending: round % 3 == 0 }];
            let (mut after, mut walked) = (None, Vec::new());
            loop {
                let page = Page { limit: 7, offset: 0, after: after.take() };
                let found = read.items(&rights, &Query { kind: kind::DEAL, filter: asked.clone(), order: order.clone(), page })?;
                let Some(last) = found.last() else { break };
                after = Some((vec![last.values.get("amount").clone()], last.id));
                cut += 1;
                walked.extend(ids(&found));
            }
            let mut sorted = fits.clone();
            sorted.sort_by_key(|item| (item.values.get("amount").as_money(), item.id));
            if round % 3 == 0 {
                sorted.reverse();
            }
            assert_eq!(walked, ids(&sorted), "pages of {rights:?}");
            for pipeline in places.iter().map(|place| place.0).collect::<BTreeSet<_>>() {
                for (filter, wanted) in [(Filter::Any, &seen), (asked.clone(), &fits)] {
                    let totals = read.stage_totals_of(&rights, pipeline, &filter)?;
                    for total in &totals {
                        let here: Vec<&Item> = wanted.iter().filter(|item| item.stage() == Some(total.stage)).collect();
                        assert_eq!(total.count, here.len() as i64, "stage {} of {rights:?}", total.stage);
                        for (currency, sum) in &total.sums {
                            let wanted: i64 = here
                                .iter()
                                .filter(|item| item.values.text("currency") == currency)
                                .filter_map(|item| item.values.get("amount").as_money())
                                .sum();
                            assert_eq!(*sum, wanted, "sum of stage {} of {rights:?}", total.stage);
                        }
                    }
                    if filter == Filter::Any {
                        assert_eq!(totals, read.stage_totals(&rights, pipeline)?);
                    }
                }
            }
            for contact in 1..=3 {
                let wanted = seen.iter().filter(|item| item.contact() == contact).count() as u64;
                let groups = read.linked(&rights, crm::ItemRef::new(kind::CONTACT, contact))?;
                let found = groups.iter().find(|group| group.kind == kind::DEAL && group.field == "contact").map_or(0, |group| group.count.counted);
                assert_eq!(found, wanted, "tab of {rights:?}");
            }
            // Across the link, from the other end: contacts with a deal that may be seen and fits.
            let through = Filter::Linked { kind: kind::DEAL, field: "contact".into(), filter: Box::new(asked.clone()) };
            let found = read.items(&rights, &Query::of(kind::CONTACT).sorted("id", false).filter(through))?;
            let wanted: BTreeSet<i64> = fits.iter().map(Item::contact).collect();
            assert_eq!(ids(&found), wanted.into_iter().collect::<Vec<_>>(), "linked of {rights:?}");
            Ok(())
        });
    }
    // The comparison means something only if people see parts and lists had several pages.
    assert!(some > 60 && cut > 200, "{some} {cut}");
}
