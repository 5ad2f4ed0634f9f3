//! What is deleted lies in the bin and comes back whole; what is joined is found under the one that kept its things.

use crate::firm::*;
use crm::{
    Action, Double, DoubleState, EntityType, Fact, Failure, Fault, Feature, FileId, Filter, Grant, Item, ItemRef, Moment, Op, Query, Rights, Scope, Seq,
    StoredFile, UserId, Value, Values, code, kind,
};

crate::both!(
    a_deleted_client_comes_back_whole_under_his_number,
    the_bin_shows_only_what_might_be_seen_before,
    the_bin_is_emptied_of_the_old_with_their_files,
    a_type_without_a_bin_forgets,
    a_record_comes_back_though_its_stage_and_a_field_are_gone,
    a_joined_client_is_found_under_the_other_with_his_events,
    pairs_that_look_alike_wait_and_are_settled,
);

/// The firm with a bin for clients and deals.
fn firm(db: Db) -> Db {
    let db = db.furnished();
    db.tx(|tx| {
        for shape in [contact(), deal()] {
            tx.install_type(&EntityType { features: [Feature::Bin].into(), ..shape })?;
        }
        Ok(())
    });
    db
}

fn ivanov(db: &Db) -> Item {
    db.make(
        kind::CONTACT,
        Values::from([
            ("title", Value::text("Иванов")),
            ("phone", phones(&["+79990001122", "+79990001123"])),
            ("responsible", Value::user(ANNA)),
            ("observers", Value::Many(vec![Value::user(BORIS)])),
        ]),
    )
}

fn remove(db: &Db, item: &Item, at: i64) {
    let item = item.clone();
    db.tx(move |tx| tx.remove(&item, &crm::Cause { at: Moment(NOW.0 + at), ..cause() }));
}

fn own(user: UserId) -> Rights {
    let grant = |kind| ((kind, Action::Read), Grant::of(Scope::Own));
    Rights { user, grants: [grant(kind::CONTACT), grant(kind::DEAL)].into(), ..Rights::default() }
}

fn found(db: &Db, rights: &Rights, filter: Filter) -> usize {
    db.read(|read| read.items(rights, &Query::of(kind::CONTACT).filter(filter.clone()))).len()
}

fn a_deleted_client_comes_back_whole_under_his_number(db: Db) {
    let db = firm(db);
    let before = ivanov(&db);
    let phone = || Filter::is("phone", Op::Eq, Value::text("8 999 000-11-22"));
    remove(&db, &before, 0);
    assert_eq!((db.item(before.at()), found(&db, &Rights::system(), phone())), (None, 0));
    assert_eq!(found(&db, &Rights::system(), Filter::Search("0001122".into())), 0);
    let binned = db.read(|read| read.binned_one(&Rights::system(), before.at())).unwrap();
    assert_eq!((binned.item.clone(), binned.at, binned.merged_into), (before.clone(), NOW, None));
    // Meanwhile somebody else is made: the number is not given again.
    let other = db.make(kind::CONTACT, Values::from([("title", Value::text("Петров")), ("phone", phones(&["+79990001122"]))]));
    assert!(other.id > before.id);
    let back = db.tx(move |tx| {
        let mut item = tx.binned_one(&Rights::system(), before.at())?.unwrap().item;
        tx.restore(&mut item, &cause(), vec![Fact::Restored])?;
        Ok((before.clone(), item))
    });
    let (before, back) = back;
    // The same answers, the phones under their numbers; only a copy of before is stale.
    assert_eq!((&back.values, back.id, back.version > before.version), (&before.values, before.id, true));
    assert_eq!(db.item(before.at()), Some(back.clone()));
    assert_eq!((found(&db, &Rights::system(), phone()), found(&db, &Rights::system(), Filter::Search("0001123".into()))), (2, 1));
    assert_eq!(found(&db, &own(BORIS), Filter::Any), 1, "an observer sees him again");
    let stale = before.clone();
    assert!(matches!(db.try_tx(move |tx| tx.save(&mut stale.clone(), &cause(), vec![])), Err(Fault::Failed(Failure::Retry { .. }))));
    let twice = back.clone();
    let again = db.try_tx(move |tx| tx.restore(&mut twice.clone(), &cause(), vec![]));
    assert!(matches!(again, Err(Fault::Refused(refusal)) if refusal.code == "not_found"));
    let codes: Vec<&str> = db.read(|read| read.history(before.at(), None, 10)).iter().map(|event| event.fact.code()).collect();
    assert_eq!(codes, ["restored", "deleted", "created"]);
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
}

fn the_bin_shows_only_what_might_be_seen_before(db: Db) {
    let db = firm(db);
    let seen = ivanov(&db);
    let foreign = db.make(kind::CONTACT, Values::from([("title", Value::text("Чужой")), ("responsible", Value::user(UserId(9)))]));
    remove(&db, &seen, 0);
    remove(&db, &foreign, 1);
    let list = |rights: &Rights, before| {
        db.read(|read| read.binned(rights, kind::CONTACT, before, 10)).into_iter().map(|one| one.item.title().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&Rights::system(), None), ["Чужой", "Иванов"]);
    assert_eq!(list(&Rights::system(), Some(Moment(NOW.0 + 1))), ["Иванов"]);
    // Anna answered for him, Boris observed him.
    assert_eq!((list(&own(ANNA), None), list(&own(BORIS), None), list(&own(UserId(5)), None)), (vec!["Иванов".to_owned()], vec!["Иванов".to_owned()], vec![]));
    assert!(db.read(|read| read.binned_one(&own(ANNA), foreign.at())).is_none());
    let mut blind = own(ANNA);
    blind.hidden = [(kind::CONTACT, "phone".to_owned())].into();
    assert_eq!(db.read(|read| read.binned_one(&blind, seen.at())).unwrap().item.values.get("phone"), &Value::Null);
}

fn the_bin_is_emptied_of_the_old_with_their_files(db: Db) {
    let db = firm(db);
    let (old, new) = (ivanov(&db), ivanov(&db));
    let file = db.tx({
        let at = old.at();
        move |tx| {
            let mut file =
                StoredFile { id: FileId(0), hash: "a".into(), name: "a.pdf".into(), mime: "application/pdf".into(), size: 1, item: at, by: ANNA, at: NOW };
            tx.put_file(&mut file)?;
            Ok(file)
        }
    });
    assert_eq!(db.read(|read| read.files_of(old.at())), vec![file.clone()]);
    remove(&db, &old, 0);
    remove(&db, &new, 10);
    assert_eq!(db.tx(|tx| tx.empty_bin(Moment(NOW.0 + 5))), 1);
    assert_eq!(db.read(|read| read.binned(&Rights::system(), kind::CONTACT, None, 10)).len(), 1);
    assert!(db.read(|read| read.file(file.id)).is_none());
    let restored = old.clone();
    assert!(db.try_tx(move |tx| tx.restore(&mut restored.clone(), &cause(), vec![])).is_err());
}

fn a_type_without_a_bin_forgets(db: Db) {
    let db = db.furnished();
    let task = db.make(kind::TASK, Values::from([("title", Value::text("дело"))]));
    remove(&db, &task, 0);
    assert!(db.read(|read| read.binned_one(&Rights::system(), task.at())).is_none());
}

fn a_record_comes_back_though_its_stage_and_a_field_are_gone(db: Db) {
    let db = firm(db);
    let (pipeline, stages) = db.stages(kind::DEAL);
    let deal = db.make(
        kind::DEAL,
        Values::from([
            ("title", Value::text("Долг")),
            ("pipeline", Value::Int(pipeline.0)),
            ("stage", Value::Int(stages[1].0)),
            ("comment", Value::text("было")),
            ("amount", Value::money(500)),
        ]),
    );
    remove(&db, &deal, 0);
    let stage = stages[1];
    db.tx(move |tx| {
        tx.remove_stage(stage)?;
        tx.remove_field(kind::DEAL, "comment")
    });
    let at = deal.at();
    let back = db.tx(move |tx| {
        let mut item = tx.binned_one(&Rights::system(), at)?.unwrap().item;
        tx.restore(&mut item, &cause(), vec![Fact::Restored])?;
        Ok(item)
    });
    assert_eq!((back.stage(), back.values.get("comment"), back.title()), (Some(stages[0]), &Value::Null, "Долг"));
    assert_eq!(db.read(|read| read.stage_totals(&Rights::system(), pipeline))[0].sums, [(String::new(), 500)]);
}

fn a_joined_client_is_found_under_the_other_with_his_events(db: Db) {
    let db = firm(db);
    let people: Vec<Item> = ["Первый", "Второй", "Третий"].iter().map(|name| db.make(kind::CONTACT, Values::from([("title", Value::text(*name))]))).collect();
    let task = db.make(kind::TASK, Values::from([("title", Value::text("дело")), ("about", Value::item(people[0].at()))]));
    let events = |at: ItemRef| db.read(|read| read.timeline(at, None, 50)).iter().map(|event| (event.item, event.fact.code())).collect::<Vec<_>>();
    assert_eq!(events(people[0].at()).len(), 2);
    // First into second, second into third.
    for (from, into) in [(0, 1), (1, 2)] {
        let (gone, into) = (people[from].clone(), people[into].at());
        db.tx(move |tx| {
            tx.remove(&gone, &cause())?;
            tx.alias(gone.at(), Some(into))
        });
    }
    let third = people[2].at();
    for one in &people {
        assert_eq!(db.item(one.at()).map(|item| item.at()), Some(third));
    }
    assert_eq!(db.read(|read| read.merged_into(people[0].at())), Some(third));
    assert_eq!(db.read(|read| read.merged_into(third)), None);
    assert_eq!(db.read(|read| read.binned_one(&Rights::system(), people[0].at())).unwrap().merged_into, Some(third));
    let all = events(third);
    assert_eq!(all.len(), 6, "{all:?}");
    assert!(all.contains(&(task.at(), "created")));
    let history = db.read(|read| read.history(third, None, 50));
    assert_eq!(history.len(), 5);
    // Page by page nothing is doubled and nothing is lost.
    let (mut before, mut walked) = (None, Vec::new());
    loop {
        let page = db.read(|read| read.history(third, before, 2));
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        walked.extend(page.iter().map(|event| event.seq).collect::<Vec<Seq>>());
    }
    assert_eq!(walked, history.iter().map(|event| event.seq).collect::<Vec<_>>());
    // Deleting by the old number does not touch the one that kept everything.
    let old = people[0].at();
    assert!(
        matches!(db.try_tx(move |tx| crm::item::delete(tx, &Rights::system(), &cause(), old)), Err(Fault::Refused(refusal)) if refusal.code == "not_found")
    );
    // Parted again.
    db.tx(move |tx| {
        let mut item = tx.binned_one(&Rights::system(), old)?.unwrap().item;
        tx.restore(&mut item, &cause(), vec![Fact::Restored])?;
        tx.alias(old, None)
    });
    assert_eq!(db.item(old).map(|item| item.at()), Some(old));
    assert_eq!(events(third).len(), 3);
}

fn pairs_that_look_alike_wait_and_are_settled(db: Db) {
    let db = firm(db);
    let people: Vec<Item> = (0..4).map(|_| ivanov(&db)).collect();
    let pair = |one: usize, other: usize, at: i64| Double {
        first: people[one].at(),
        second: people[other].at(),
        rule: "phone".into(),
        state: DoubleState::Open,
        at: Moment(NOW.0 + at),
    };
    let pairs = [pair(0, 1, 1), pair(2, 1, 2), pair(0, 3, 3)];
    db.tx({
        let pairs = pairs.clone();
        move |tx| pairs.iter().try_for_each(|pair| tx.put_double(pair))
    });
    let waiting = |after, limit| db.read(|read| read.doubles(kind::CONTACT, after, limit)).iter().map(|pair| pair.at.0 - NOW.0).collect::<Vec<_>>();
    assert_eq!((waiting(0, 10), waiting(1, 1)), (vec![3, 2, 1], vec![2]));
    let of = db.read(|read| read.doubles_of(people[1].at()));
    assert_eq!(of.iter().map(|pair| (pair.first.id, pair.second.id)).collect::<Vec<_>>(), [(people[1].id, people[2].id), (people[0].id, people[1].id)]);
    // Turned round it is the same pair.
    let settled = Double { first: people[1].at(), second: people[0].at(), state: DoubleState::Different, ..pairs[0].clone() };
    db.tx(move |tx| tx.put_double(&settled));
    remove(&db, &people[3], 0);
    assert_eq!(waiting(0, 10), [2]);
    assert!(db.read(|read| read.doubles_of(people[0].at())).iter().any(|pair| pair.state == DoubleState::Different));
    assert_eq!(people[0].values.text(code::TITLE), "Иванов");
}
