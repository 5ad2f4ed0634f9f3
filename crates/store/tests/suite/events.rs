//! The log: order, marks, timelines, and facts that name an item before it has a number.

use crate::firm::*;
use crm::{Actor, Cause, Fact, Item, ItemRef, RuleId, Seq, StageId, Value, Values, kind};
use std::time::{Duration, Instant};

crate::both!(
    facts_stand_in_the_order_in_which_they_happened,
    a_task_and_a_message_stand_in_the_timeline_of_their_card_and_client,
    a_fact_that_comes_with_its_item_gets_the_items_number,
    a_reader_goes_on_from_its_mark,
    a_transaction_reads_its_own_events,
    waiting_ends_with_the_next_commit,
    a_commit_of_another_process_is_noticed,
    many_facts_of_one_transaction_keep_their_order,
);

fn facts_stand_in_the_order_in_which_they_happened(db: Db) {
    let db = db.furnished();
    let deal = db.make(kind::DEAL, Values::from([("title", Value::text("Долг")), ("contact", Value::Int(5))]));
    let first = db.read(|read| read.latest());
    let by = Actor::Robot { rule: RuleId(3), version: 2, title: "Робот".into() };
    let seen = db.read(|read| read.event(first)).unwrap();
    assert_eq!((seen.item, seen.about, seen.contact, seen.root, seen.depth, &seen.fact), (deal.at(), deal.at(), 5, None, 0, &Fact::Created));
    let because = Cause::because(&seen, by.clone(), NOW);
    let moved = Fact::Moved { from: None, to: StageId(2), pipeline: crm::PipelineId(1) };
    db.tx({
        let (deal, moved) = (deal.clone(), moved.clone());
        move |tx| tx.save(&mut deal.clone(), &because, vec![moved.clone(), Fact::Commented { text: "«ёж»".into() }])
    });
    let events = db.read(|read| read.events_after(first, 10));
    assert_eq!(events.iter().map(|event| event.fact.clone()).collect::<Vec<_>>(), [moved, Fact::Commented { text: "«ёж»".into() }]);
    assert!(events[0].seq < events[1].seq);
    assert_eq!((&events[0].by, events[0].cause, events[0].root, events[0].depth, events[0].at), (&by, Some(first), Some(first), 1, NOW));
    assert_eq!(db.read(|read| read.events_after(first, 1)).len(), 1);
    assert_eq!(db.read(|read| read.event(Seq(1_000_000))), None);
}

fn a_task_and_a_message_stand_in_the_timeline_of_their_card_and_client(db: Db) {
    let db = db.furnished();
    let ivanov = db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов"))]));
    let deal = db.make(kind::DEAL, Values::from([("title", Value::text("Долг")), ("contact", Value::Int(ivanov.id))]));
    let task = db.make(kind::TASK, Values::from([("title", Value::text("Позвонить")), ("about", Value::item(deal.at())), ("contact", Value::Int(ivanov.id))]));
    // About the client himself: it stands in his timeline even though no contact is named.
    let message = db.make(kind::MESSAGE, Values::from([("title", Value::text("Здравствуйте")), ("about", Value::item(ivanov.at()))]));
    let alien = db.make(kind::CONTACT, Values::from([("title", Value::text("Петров"))]));
    let items = |at: ItemRef| db.read(|read| read.timeline(at, None, 100)).iter().map(|event| event.item).collect::<Vec<_>>();
    assert_eq!(items(deal.at()), [task.at(), deal.at()]);
    assert_eq!(items(ivanov.at()), [message.at(), task.at(), deal.at(), ivanov.at()]);
    assert_eq!(items(alien.at()), [alien.at()]);
    assert_eq!(items(ItemRef::new(kind::CONTACT, 0)), []);
    let page = db.read(|read| read.timeline(ivanov.at(), None, 2));
    let rest = db.read(|read| read.timeline(ivanov.at(), Some(page[1].seq), 100));
    assert_eq!(rest.iter().map(|event| event.item).collect::<Vec<_>>(), [deal.at(), ivanov.at()]);
}

fn a_fact_that_comes_with_its_item_gets_the_items_number(db: Db) {
    let db = db.furnished();
    let task = db.tx(|tx| {
        let mut task = Item { kind: kind::TASK, id: 0, version: 0, values: Values::from([("title", Value::text("Позвонить"))]) };
        tx.save(
            &mut task,
            &cause(),
            vec![Fact::Created, Fact::TaskGiven { task: ItemRef::new(kind::TASK, 0) }, Fact::MessageQueued { message: ItemRef::new(kind::MESSAGE, 9) }],
        )?;
        Ok(task)
    });
    let facts: Vec<Fact> = db.read(|read| read.events_after(Seq(0), 10)).into_iter().map(|event| event.fact).collect();
    assert_eq!(facts[1..], [Fact::TaskGiven { task: task.at() }, Fact::MessageQueued { message: ItemRef::new(kind::MESSAGE, 9) }]);
}

fn a_reader_goes_on_from_its_mark(db: Db) {
    let db = db.furnished();
    assert_eq!(db.read(|read| read.mark("automation")), Seq(0));
    db.tx(|tx| tx.advance("automation", Seq(5)));
    db.tx(|tx| tx.advance("automation", Seq(9)));
    assert_eq!((db.read(|read| read.mark("automation")), db.read(|read| read.mark("other"))), (Seq(9), Seq(0)));
}

fn a_transaction_reads_its_own_events(db: Db) {
    let db = db.furnished();
    let (pipeline, stages) = db.stages(kind::DEAL);
    let (events, count) = db.tx(move |tx| {
        let deal = make(tx, kind::DEAL, &Values::from([("pipeline", Value::Int(pipeline.0)), ("stage", Value::Int(stages[0].0))]))?;
        tx.record(&deal, &cause(), Fact::Commented { text: "1".into() })?;
        let seen = tx.timeline(deal.at(), None, 10)?.len();
        tx.record(&deal, &cause(), Fact::Commented { text: "2".into() })?;
        assert_eq!(tx.latest()?, tx.events_after(Seq(0), 10)?.last().unwrap().seq);
        Ok((seen, tx.stage_totals(&crm::Rights::system(), pipeline)?[0].count))
    });
    assert_eq!((events, count), (2, 1));
    assert_eq!(db.read(|read| read.events_after(Seq(0), 10)).len(), 3);
}

fn waiting_ends_with_the_next_commit(db: Db) {
    let db = db.furnished();
    let last = db.read(|read| read.latest());
    let begun = Instant::now();
    assert_eq!(db.store.wait(last, Duration::from_millis(50)), last);
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let store = db.store.clone();
    let waiting = std::thread::spawn(move || store.wait(last, Duration::from_secs(20)));
    std::thread::sleep(Duration::from_millis(30));
    let begun = Instant::now();
    db.make(kind::TASK, Values::from([("title", Value::text("новость"))]));
    assert!(waiting.join().unwrap() > last);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(db.store.wait(last, Duration::from_secs(20)), db.read(|read| read.latest()));
}

fn a_commit_of_another_process_is_noticed(db: Db) {
    let db = db.furnished();
    let other = (db.again)();
    let last = db.read(|read| read.latest());
    let store = db.store.clone();
    let waiting = std::thread::spawn(move || store.wait(last, Duration::from_secs(20)));
    let begun = Instant::now();
    transact(other.as_ref(), |tx| make(tx, kind::TASK, &Values::from([("title", Value::text("извне"))]))).unwrap();
    assert!(waiting.join().unwrap() > last);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

fn many_facts_of_one_transaction_keep_their_order(db: Db) {
    let db = db.furnished();
    db.tx(|tx| {
        let task = make(tx, kind::TASK, &Values::from([("title", Value::text("0"))]))?;
        (0..100).try_for_each(|number| tx.record(&task, &cause(), Fact::Commented { text: number.to_string() }))
    });
    let texts: Vec<String> = db
        .read(|read| read.events_after(Seq(1), 500))
        .into_iter()
        .map(|event| match event.fact {
            Fact::Commented { text } => text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}
