//! The shape changes under its records: fields go, come and take another's place; stages, pipelines and types go when
//! nothing is left on them.

use crate::firm::*;
use crm::{EntityType, Field, FieldKind, Filter, Op, Query, Rights, Value, Values, kind};

crate::both!(
    a_field_takes_the_place_of_another_and_nothing_is_lost,
    phones_take_the_place_of_a_text,
    a_field_goes_and_one_of_its_name_begins_empty,
    fields_stand_as_they_were_given_and_become_searchable_and_indexed,
    a_stage_a_pipeline_and_a_type_in_use_say_how_much,
    an_answer_written_without_an_event_is_found_and_counted,
    numbers_follow_each_other_and_come_back_with_their_transaction,
);

fn refused<T: std::fmt::Debug>(answer: crm::Outcome<T>) -> crm::Refusal {
    match answer {
        Err(crm::Fault::Refused(refusal)) => *refusal,
        other => panic!("{other:?}"),
    }
}

fn found(db: &Db, of: crm::EntityTypeId, filter: Filter) -> usize {
    db.read(|read| read.items(&Rights::system(), &Query::of(of).filter(filter.clone()))).len()
}

fn field(code: &str, kind: FieldKind) -> Field {
    Field::new(code, code, code, kind)
}

fn with(shape: EntityType, fields: Vec<Field>) -> EntityType {
    let mut shape = shape;
    shape.fields.extend(fields);
    shape
}

fn a_field_takes_the_place_of_another_and_nothing_is_lost(db: Db) {
    let db = db.furnished();
    db.tx(|tx| tx.install_type(&with(task(), vec![field("age", FieldKind::Text).indexed()])));
    let one = db.make(kind::TASK, Values::from([("title", Value::text("дело")), ("age", Value::text("42"))]));
    for round in 0..3 {
        // Text, number, text, number: under the same code.
        let number = round % 2 == 0;
        let (to, answer) = if number { (FieldKind::Integer, Value::Int(42)) } else { (FieldKind::Text, Value::text("42")) };
        let at = one.at();
        let fresh = answer.clone();
        db.tx(move |tx| {
            let known = tx.schema().kind(kind::TASK).unwrap().clone();
            tx.install_type(&with(known, vec![field("age_new", to.clone()).indexed()]))?;
            tx.put_answer(at, "age_new", &fresh)?;
            tx.swap_field(kind::TASK, "age", "age_new")
        });
        let item = db.item(one.at()).unwrap();
        assert_eq!(item.values.get("age"), &answer);
        assert!(!item.values.0.contains_key("age_new"));
        assert_eq!(found(&db, kind::TASK, Filter::is("age", Op::Eq, answer.clone())), 1, "round {round}");
        let schema = db.read(|read| Ok(read.schema()));
        assert!(schema.kind(kind::TASK).unwrap().fields.iter().filter(|field| field.code.starts_with("age")).count() == 1);
        // Another process sees it, too, with the plans it made before.
        let other = (db.again)();
        assert_eq!(read(other.as_ref(), |read| read.item(&Rights::system(), at)).unwrap().values.get("age"), &answer);
    }
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
}

fn phones_take_the_place_of_a_text(db: Db) {
    let db = db.furnished();
    db.tx(|tx| tx.install_type(&with(task(), vec![field("call", FieldKind::Text).searchable()])));
    let one = db.make(kind::TASK, Values::from([("title", Value::text("дело")), ("call", Value::text("8 999 000 11 22"))]));
    let at = one.at();
    db.tx(move |tx| {
        let known = tx.schema().kind(kind::TASK).unwrap().clone();
        tx.install_type(&with(known, vec![field("call_new", FieldKind::Phone).searchable()]))?;
        tx.put_answer(at, "call_new", &phones(&["8 999 000 11 22"]))?;
        tx.swap_field(kind::TASK, "call", "call_new")
    });
    assert_eq!(found(&db, kind::TASK, Filter::is("call", Op::Eq, Value::text("+79990001122"))), 1);
    assert_eq!(found(&db, kind::TASK, Filter::Search("79990001122".into())), 1);
    assert_eq!(db.item(at).unwrap().values.points("call").len(), 1);
}

fn a_field_goes_and_one_of_its_name_begins_empty(db: Db) {
    let db = db.furnished();
    for round in 0..2 {
        db.tx(|tx| tx.install_type(&with(task(), vec![field("note", FieldKind::Text).searchable().indexed()])));
        let one = db.make(kind::TASK, Values::from([("title", Value::text("дело")), ("note", Value::text("секрет"))]));
        assert_eq!(found(&db, kind::TASK, Filter::Search("секрет".into())), 1);
        db.tx(|tx| tx.remove_field(kind::TASK, "note"));
        assert_eq!(db.item(one.at()).unwrap().values.get("note"), &Value::Null);
        assert_eq!(found(&db, kind::TASK, Filter::Search("секрет".into())), 0, "round {round}");
        db.tx(|tx| tx.install_type(&with(task(), vec![field("note", FieldKind::Integer)])));
        assert_eq!(db.item(one.at()).unwrap().values.get("note"), &Value::Null);
        db.tx(|tx| tx.remove_field(kind::TASK, "note"));
        let gone = one.clone();
        db.tx(move |tx| tx.remove(&tx.item(&Rights::system(), gone.at())?.unwrap(), &cause()));
    }
    assert_eq!(refused(db.try_tx(|tx| tx.remove_field(kind::TASK, "note"))).code, "unknown_field");
    assert_eq!(refused(db.try_tx(|tx| tx.remove_field(kind::TASK, "title"))).code, "common_field");
}

fn fields_stand_as_they_were_given_and_become_searchable_and_indexed(db: Db) {
    let db = db.furnished();
    let one = db.make(kind::DEAL, Values::from([("title", Value::text("Долг")), ("comment", Value::text("по расписке"))]));
    assert_eq!(found(&db, kind::DEAL, Filter::Search("расписк".into())), 0);
    let mut turned = deal();
    turned.fields.reverse();
    for field in turned.fields.iter_mut().filter(|field| ["comment", "order"].contains(&field.code.as_str())) {
        (field.searchable, field.indexed) = (true, true);
    }
    let order: Vec<String> = turned.fields.iter().map(|field| field.code.clone()).collect();
    db.tx(move |tx| tx.install_type(&turned));
    let schema = db.read(|read| Ok(read.schema()));
    let codes: Vec<&str> = schema.kind(kind::DEAL).unwrap().fields.iter().map(|field| field.code.as_str()).collect();
    let own: Vec<&String> = order.iter().filter(|code| ["contact", "amount", "currency", "order", "comment"].contains(&code.as_str())).collect();
    assert_eq!(
        codes.iter().filter(|code| own.iter().any(|one| one == *code)).collect::<Vec<_>>(),
        own.iter().map(|one| one.as_str()).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!(found(&db, kind::DEAL, Filter::Search("расписк".into())), 1);
    assert_eq!(db.item(one.at()).unwrap(), one);
}

fn a_stage_a_pipeline_and_a_type_in_use_say_how_much(db: Db) {
    let db = db.furnished();
    let second = db.tx(|tx| {
        let mut second = crm::Pipeline { code: "second".into(), is_default: false, ..pipeline(kind::DEAL) };
        tx.install_pipeline(&mut second)?;
        Ok(second)
    });
    let stage = second.stages[1].id;
    let make = || db.make(kind::DEAL, Values::from([("title", Value::text("Долг")), ("pipeline", Value::Int(second.id.0)), ("stage", Value::Int(stage.0))]));
    let deals = [make(), make()];
    for (answer, code) in [
        (db.try_tx(move |tx| tx.remove_stage(stage)), "in_use"),
        (
            db.try_tx({
                let id = second.id;
                move |tx| tx.remove_pipeline(id)
            }),
            "in_use",
        ),
        (db.try_tx(|tx| tx.remove_type(kind::DEAL)), "in_use"),
    ] {
        let refusal = refused(answer);
        assert_eq!(refusal.code, code);
        assert!(refusal.text.ru.contains("2 записи") && refusal.text.en.contains("2 records"), "{:?}", refusal.text);
    }
    for deal in deals {
        db.tx(move |tx| tx.remove(&deal, &cause()));
    }
    db.tx(move |tx| tx.remove_stage(stage));
    let schema = db.read(|read| Ok(read.schema()));
    assert_eq!(schema.pipelines[&second.id].stages.len(), 3);
    assert!(schema.stage(stage).is_none());
    assert_eq!(
        refused(db.try_tx({
            let id = db.stages(kind::DEAL).0;
            move |tx| tx.remove_pipeline(id)
        }))
        .code,
        "default_pipeline"
    );
    db.tx({
        let id = second.id;
        move |tx| tx.remove_pipeline(id)
    });
    assert_eq!(db.read(|read| Ok(read.schema().pipelines_of(kind::DEAL).len())), 1);
    db.tx(|tx| tx.remove_type(kind::DEAL));
    assert!(db.read(|read| Ok(read.schema())).kind(kind::DEAL).is_none());
    assert_eq!(refused(db.try_tx(|tx| tx.remove_type(kind::DEAL))).code, "unknown_type");
    // And it can be made anew.
    db.tx(|tx| tx.install_type(&deal()).and_then(|()| tx.install_pipeline(&mut pipeline(kind::DEAL))));
    assert_eq!(found(&db, kind::DEAL, Filter::Any), 0);
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
}

fn an_answer_written_without_an_event_is_found_and_counted(db: Db) {
    let db = db.furnished();
    let (pipeline, stages) = db.stages(kind::DEAL);
    let place = || {
        Values::from([
            ("title", Value::text("Долг")),
            ("pipeline", Value::Int(pipeline.0)),
            ("stage", Value::Int(stages[0].0)),
            ("currency", Value::text("RUB")),
        ])
    };
    let deal = db.make(kind::DEAL, place());
    let latest = db.read(|read| read.latest());
    let at = deal.at();
    db.tx(move |tx| {
        tx.put_answer(at, "amount", &Value::money(700))?;
        tx.put_answer(at, "title", &Value::text("Расписка"))?;
        // The same answer is no change: whoever holds a copy of now may save it.
        let version = tx.item(&Rights::system(), at)?.unwrap().version;
        tx.put_answer(at, "amount", &Value::money(700))?;
        assert_eq!(tx.item(&Rights::system(), at)?.unwrap().version, version);
        Ok(())
    });
    assert_eq!(db.read(|read| read.latest()), latest, "no event");
    assert_eq!(db.read(|read| read.stage_totals(&Rights::system(), pipeline))[0].sums, [("RUB".to_owned(), 700)]);
    assert_eq!(found(&db, kind::DEAL, Filter::Search("распис".into())), 1);
    // A copy of before is stale: its save is tried again, and fails in the end.
    let stale = db.try_tx(move |tx| tx.save(&mut deal.clone(), &cause(), vec![]));
    assert!(matches!(stale, Err(crm::Fault::Failed(crm::Failure::Retry { .. }))));
    assert_eq!(refused(db.try_tx(move |tx| tx.put_answer(at, "nonsense", &Value::Int(1)))).code, "unknown_field");
}

fn numbers_follow_each_other_and_come_back_with_their_transaction(db: Db) {
    let db = db.furnished();
    assert_eq!(db.tx(|tx| Ok((tx.next_number("appeal")?, tx.next_number("appeal")?, tx.next_number("stage")?))), (1, 2, 1));
    let _ = refused(db.try_tx(|tx| {
        tx.next_number("appeal")?;
        Err::<(), _>(crm::Refusal::not_found().into())
    }));
    let store = db.store.clone();
    let mut taken: Vec<i64> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| (0..5).map(|_| transact(store.as_ref(), |tx| tx.next_number("appeal")).unwrap()).collect::<Vec<_>>())).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    taken.sort_unstable();
    assert_eq!(taken, (3..43).collect::<Vec<_>>());
    assert_eq!(db.read(|read| Ok(read.schema().pipelines.len())), 2, "our own counters are others");
}
