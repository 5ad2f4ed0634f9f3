//! Many at once: nothing is lost, nothing is seen half, nobody is harmed by his neighbour.

use crate::firm::*;
use crm::{Fact, Failure, Fault, Refusal, Rights, Seq, Value, Values, kind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

crate::both!(
    thirty_two_writers_lose_nothing,
    a_reader_of_the_log_never_skips_an_event,
    a_refusal_and_a_panic_harm_nobody_else,
    a_page_is_one_snapshot,
    two_who_change_the_same_item_both_count,
    one_at_a_time_is_one_at_a_time,
    readers_inside_readers_do_not_block_each_other,
);

fn thirty_two_writers_lose_nothing(db: Db) {
    let db = db.furnished();
    let (pipeline, stages) = db.stages(kind::DEAL);
    let ids: Vec<i64> = thread::scope(|scope| {
        let writers: Vec<_> = (0..32)
            .map(|writer| {
                let (store, stage) = (db.store.clone(), stages[writer % 4]);
                scope.spawn(move || {
                    let values = Values::from([
                        ("title", Value::text(format!("Писатель {writer}"))),
                        ("pipeline", Value::Int(pipeline.0)),
                        ("stage", Value::Int(stage.0)),
                        ("amount", Value::money(1)),
                        ("currency", Value::text("RUB")),
                    ]);
                    (0..15)
                        .map(|_| {
                            transact(store.as_ref(), {
                                let values = values.clone();
                                move |tx| make(tx, kind::DEAL, &values)
                            })
                            .unwrap()
                            .id
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 480);
    for id in ids {
        assert!(db.item(crm::ItemRef::new(kind::DEAL, id)).is_some());
    }
    assert_eq!(db.read(|read| read.events_after(Seq(0), 1_000)).len(), 480);
    let totals = db.read(|read| read.stage_totals(&Rights::system(), pipeline));
    assert!(totals.iter().all(|total| total.count == 120 && total.sums == [("RUB".to_owned(), 120)]));
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
}

/// A reader that keeps the highest place it saw, and never looks back, must come by every event. Without a lock on the
/// log, PostgreSQL shows a later number before an earlier one that is still being committed.
fn a_reader_of_the_log_never_skips_an_event(db: Db) {
    let db = db.furnished();
    const WRITERS: usize = 8;
    const EACH: usize = 40;
    let finished = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut mark, mut seen) = (Seq(0), Vec::new());
            loop {
                let last_look = finished.load(Ordering::SeqCst);
                let events = db.read(|read| read.events_after(mark, 500));
                mark = events.last().map_or(mark, |event| event.seq);
                seen.extend(events.into_iter().map(|event| event.seq));
                if last_look {
                    return seen;
                }
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = db.store.clone();
                scope.spawn(move || {
                    for number in 0..EACH {
                        transact(store.as_ref(), move |tx| {
                            let task = make(tx, kind::TASK, &Values::from([("title", Value::text(format!("{writer}.{number}")))]))?;
                            // Different lengths between the first write and the commit.
                            thread::sleep(Duration::from_micros(u64::try_from((writer * 7 + number * 3) % 11).unwrap() * 50));
                            (0..writer % 3).try_for_each(|_| tx.record(&task, &cause(), Fact::Commented { text: "…".into() }))
                        })
                        .unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        finished.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    let all: Vec<Seq> = db.read(|read| read.events_after(Seq(0), 5_000)).into_iter().map(|event| event.seq).collect();
    assert!(all.len() >= WRITERS * EACH);
    assert_eq!(seen, all);
}

fn a_refusal_and_a_panic_harm_nobody_else(db: Db) {
    let db = db.furnished();
    let (good, refused, panicked) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for writer in 0..12 {
            let (store, good, refused, panicked) = (db.store.clone(), &good, &refused, &panicked);
            scope.spawn(move || {
                for number in 0..20 {
                    let fate = (writer + number) % 3;
                    let answer = catch_unwind(AssertUnwindSafe(|| {
                        transact(store.as_ref(), move |tx| {
                            make(tx, kind::TASK, &Values::from([("title", Value::text("дело"))]))?;
                            match fate {
                                0 => Ok(()),
                                1 => Err(Refusal::new("no", "нет", "no").into()),
                                _ => panic!("on purpose"),
                            }
                        })
                    }));
                    match answer {
                        Ok(Ok(())) => good.fetch_add(1, Ordering::SeqCst),
                        Ok(Err(Fault::Refused(refusal))) if refusal.code == "no" => refused.fetch_add(1, Ordering::SeqCst),
                        Err(panic) if panic.downcast_ref::<&str>() == Some(&"on purpose") => panicked.fetch_add(1, Ordering::SeqCst),
                        other => panic!("{other:?}"),
                    };
                }
            });
        }
    });
    assert_eq!((good.load(Ordering::SeqCst), refused.load(Ordering::SeqCst), panicked.load(Ordering::SeqCst)), (80, 80, 80));
    assert_eq!(db.read(|read| read.count(&Rights::system(), &crm::Query::of(kind::TASK), 1_000)).counted, 80);
    assert_eq!(db.read(|read| read.events_after(Seq(0), 1_000)).len(), 80);
}

fn a_page_is_one_snapshot(db: Db) {
    let db = db.furnished();
    db.make(kind::TASK, Values::from([("title", Value::text("1"))]));
    let counts = db.read(|read| {
        let first = read.count(&Rights::system(), &crm::Query::of(kind::TASK), 100)?.counted;
        db.make(kind::TASK, Values::from([("title", Value::text("2"))]));
        Ok((first, read.count(&Rights::system(), &crm::Query::of(kind::TASK), 100)?.counted, read.events_after(Seq(0), 10)?.len()))
    });
    assert_eq!(counts, (1, 1, 1));
    assert_eq!(db.read(|read| read.count(&Rights::system(), &crm::Query::of(kind::TASK), 100)).counted, 2);
}

fn two_who_change_the_same_item_both_count(db: Db) {
    let db = db.furnished();
    let thing = db.make(THING, Values::from([("count", Value::Int(0))])).at();
    thread::scope(|scope| {
        for _ in 0..6 {
            let store = db.store.clone();
            scope.spawn(move || {
                for _ in 0..10 {
                    loop {
                        let added = transact(store.as_ref(), move |tx| {
                            let mut item = tx.item(&Rights::system(), thing)?.unwrap();
                            item.values.set("count", Value::Int(item.values.int("count").unwrap() + 1));
                            tx.save(&mut item, &cause(), vec![])
                        });
                        match added {
                            Ok(()) => break,
                            // Ten repeats may not be enough in such a crowd; the caller may always ask again.
                            Err(Fault::Failed(Failure::Retry { .. })) => {}
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(db.item(thing).unwrap().values.int("count"), Some(60));
}

fn one_at_a_time_is_one_at_a_time(db: Db) {
    let db = db.furnished();
    let inside = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..6 {
            let (store, inside) = (db.store.clone(), inside.clone());
            scope.spawn(move || {
                transact(store.as_ref(), move |tx| {
                    tx.one_at_a_time("client +79990001122")?;
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    thread::sleep(Duration::from_millis(5));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    // Whoever comes second sees what the first wrote.
                    let seen = tx.setting("seen")?.int("count").unwrap_or(0);
                    tx.put_setting("seen", &Values::from([("count", Value::Int(seen + 1))]))
                })
                .unwrap();
            });
        }
    });
    assert_eq!(db.read(|read| read.setting("seen")).int("count"), Some(6));
}

fn readers_inside_readers_do_not_block_each_other(db: Db) {
    let db = db.furnished();
    let (done, all) = channel();
    let store = db.store.clone();
    thread::spawn(move || {
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| read(store.as_ref(), |outer| Ok((outer.latest()?, read(store.as_ref(), |inner| inner.latest())))));
            }
        });
        done.send(Instant::now()).unwrap();
    });
    all.recv_timeout(Duration::from_secs(20)).expect("nobody waits for ever");
}
