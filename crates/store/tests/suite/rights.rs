//! Rights are a parameter of every read: what may not be seen is not found, and leaves no trace in counts and totals.

use crate::firm::*;
use crm::{Action, Fault, Filter, Item, Op, Query, Rights, Scope, UserId, Value, Values, code, kind};

crate::both!(each_scope_shows_its_own_items, a_hidden_field_is_neither_shown_nor_asked_nor_searched, totals_count_only_what_may_be_seen);

fn rights(user: UserId, scope: Scope) -> Rights {
    Rights {
        user,
        grants: [((kind::DEAL, Action::Read), crm::Grant::of(scope)), ((kind::CONTACT, Action::Read), crm::Grant::of(scope))].into(),
        department: [ANNA, UserId(3)].into(),
        ..Rights::default()
    }
}

fn deals(db: &Db) -> Vec<Item> {
    let (pipeline, stages) = db.stages(kind::DEAL);
    let people = [Some(ANNA), Some(BORIS), Some(UserId(3)), None];
    people
        .into_iter()
        .map(|person| {
            let mut values = Values::from([
                ("title", Value::text("сделка")),
                ("pipeline", Value::Int(pipeline.0)),
                ("stage", Value::Int(stages[0].0)),
                ("amount", Value::money(100)),
                ("currency", Value::text("RUB")),
            ]);
            if let Some(person) = person {
                values.set(code::RESPONSIBLE, Value::user(person));
            }
            db.make(kind::DEAL, values)
        })
        .collect()
}

fn each_scope_shows_its_own_items(db: Db) {
    let db = db.furnished();
    let deals = deals(&db);
    for (rights, seen) in [
        (rights(ANNA, Scope::None), vec![]),
        (rights(ANNA, Scope::Own), vec![0]),
        (rights(BORIS, Scope::Own), vec![1]),
        (rights(ANNA, Scope::Department), vec![0, 2]),
        (rights(BORIS, Scope::Department), vec![0, 1, 2]),
        (rights(BORIS, Scope::All), vec![0, 1, 2, 3]),
    ] {
        let found = db.read(|read| read.items(&rights, &Query::of(kind::DEAL).sorted("id", false)));
        let wanted: Vec<Item> = seen.iter().map(|at| deals[*at].clone()).collect();
        assert_eq!(found, wanted, "{rights:?}");
        assert_eq!(db.read(|read| read.count(&rights, &Query::of(kind::DEAL), 100)).counted, seen.len() as u64);
        for (at, deal) in deals.iter().enumerate() {
            assert_eq!(db.read(|read| read.item(&rights, deal.at())).is_some(), seen.contains(&at));
        }
        // A condition cannot widen the view.
        let wide = Query::of(kind::DEAL).filter(Filter::One(vec![Filter::is("title", Op::Filled, Value::Null), Filter::Any]));
        assert_eq!(db.read(|read| read.items(&rights, &wide)).len(), seen.len());
    }
}

fn a_hidden_field_is_neither_shown_nor_asked_nor_searched(db: Db) {
    let db = db.furnished();
    let ivanov = db.make(
        kind::CONTACT,
        Values::from([
            ("title", Value::text("Иванов")),
            ("passport", Value::text("4510 998877")),
            ("phone", phones(&["+79990001122"])),
            ("responsible", Value::user(ANNA)),
        ]),
    );
    let mut rights = rights(ANNA, Scope::All);
    rights.hidden = [(kind::CONTACT, "passport".to_owned()), (kind::CONTACT, "phone".to_owned())].into();
    let shown = db.read(|read| read.item(&rights, ivanov.at())).unwrap();
    assert_eq!((shown.values.get("passport"), shown.values.get("phone"), shown.title()), (&Value::Null, &Value::Null, "Иванов"));
    for query in [
        Query::of(kind::CONTACT).filter(Filter::is("passport", Op::Contains, Value::text("9988"))),
        Query::of(kind::CONTACT).filter(Filter::Not(Box::new(Filter::is("phone", Op::Empty, Value::Null)))),
        Query::of(kind::CONTACT).sorted("passport", false),
    ] {
        let answer = db.store.read(&mut |read| read.items(&rights, &query).map(drop));
        assert!(matches!(answer, Err(Fault::Refused(refusal)) if refusal.code == "unknown_field"));
        let answer = db.store.read(&mut |read| read.count(&rights, &query, 10).map(drop));
        assert!(matches!(answer, Err(Fault::Refused(refusal)) if refusal.code == "unknown_field"));
    }
    let search = |rights: &Rights, text: &str| db.read(|read| read.items(rights, &Query::of(kind::CONTACT).filter(Filter::Search(text.to_owned())))).len();
    for secret in ["998877", "79990001122", "45"] {
        assert_eq!((search(&rights, secret), search(&Rights::system(), secret)), (0, 1), "{secret}");
    }
    assert_eq!(search(&rights, "ванов"), 1);
}

fn totals_count_only_what_may_be_seen(db: Db) {
    let db = db.furnished();
    deals(&db);
    let (pipeline, stages) = db.stages(kind::DEAL);
    let first = |rights: &Rights| {
        let totals = db.read(|read| read.stage_totals(rights, pipeline));
        assert_eq!(totals.iter().map(|total| total.stage).collect::<Vec<_>>(), stages);
        (totals[0].count, totals[0].sums.clone())
    };
    let rub = |sum| vec![("RUB".to_owned(), sum)];
    assert_eq!(first(&rights(ANNA, Scope::All)), (4, rub(400)));
    assert_eq!(first(&rights(ANNA, Scope::Department)), (2, rub(200)));
    assert_eq!(first(&rights(BORIS, Scope::Own)), (1, rub(100)));
    assert_eq!(first(&rights(BORIS, Scope::None)), (0, vec![]));
    let mut blind = rights(ANNA, Scope::All);
    blind.hidden = [(kind::DEAL, "amount".to_owned())].into();
    assert_eq!(first(&blind), (4, vec![]));
}
