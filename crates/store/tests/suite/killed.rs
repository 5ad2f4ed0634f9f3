//! `kill -9` under load: what was acknowledged is there, and nothing twice. The process that writes is this test binary,
//! started again.

use crate::firm::*;
use crm::{Filter, Op, Query, Rights, Value, Values, kind};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

const URL: &str = "VEKHA_TEST_WRITE_TO";

fn writer(url: &str, crash_after: Option<u64>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::writes_until_it_is_killed", "--ignored", "--nocapture"]).env(URL, url).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(commits) = crash_after {
        command.env("VEKHA_CRASH_AFTER_COMMITS", commits.to_string());
    }
    command.spawn().unwrap()
}

#[test]
#[ignore = "it is the other process of the tests below"]
fn writes_until_it_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let store = store::open(&url).unwrap();
    let out = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (store, out) = (&store, &out);
            scope.spawn(move || {
                for number in 0.. {
                    let title = format!("{}-{writer}-{number}", std::process::id());
                    let values = Values::from([("title", Value::text(&title))]);
                    let saved = transact(store.as_ref(), move |tx| {
                        let item = make(tx, kind::TASK, &values)?;
                        tx.enqueue(&crm::Job::new(crm::Command::Delete { item: item.at() }, NOW, values.text("title"))).map(|_| ())
                    });
                    if saved.is_ok() {
                        let mut out = out.lock().unwrap();
                        writeln!(out, "stored {title}").unwrap();
                        out.flush().unwrap();
                    }
                }
            });
        }
    });
}

/// What the process said it had stored before its end.
fn acknowledged(child: &mut Child, kill_after: Option<Duration>) -> Vec<String> {
    let out = BufReader::new(child.stdout.take().unwrap());
    let reading = std::thread::spawn(move || {
        out.lines().map_while(Result::ok).filter_map(|line| line.split_once("stored ").map(|found| found.1.to_owned())).collect::<Vec<_>>()
    });
    if let Some(after) = kill_after {
        std::thread::sleep(after);
        child.kill().unwrap();
    }
    let acknowledged = reading.join().unwrap();
    child.wait().unwrap();
    acknowledged
}

/// All that was acknowledged is stored, whole, and nothing is stored twice.
fn compare(store: &dyn crm::Store, acknowledged: &[String]) {
    let mut stored: Vec<String> = Vec::new();
    let mut after = 0;
    loop {
        let query = Query::of(kind::TASK).filter(Filter::is("id", Op::Gt, Value::Int(after))).sorted("id", false).limit(500);
        let page = read(store, |read| read.items(&Rights::system(), &query));
        let Some(last) = page.last() else { break };
        after = last.id;
        stored.extend(page.iter().map(|item| item.title().to_owned()));
    }
    let once: BTreeSet<&String> = stored.iter().collect();
    assert_eq!(once.len(), stored.len(), "something was stored twice");
    let lost: Vec<&String> = acknowledged.iter().filter(|title| !once.contains(title)).collect();
    assert!(lost.is_empty(), "{} of {} lost: {:?}", lost.len(), acknowledged.len(), lost.first());
    // Item, event and job come together or not at all.
    let events = read(store, |read| read.latest());
    let (jobs, _) = read(store, |read| read.job_backlog(NOW));
    let mut count = 0;
    let mut mark = crm::Seq(0);
    while mark < events {
        let list = read(store, |read| read.events_after(mark, 500));
        count += list.len();
        mark = list.last().unwrap().seq;
    }
    assert_eq!((count, usize::try_from(jobs).unwrap()), (stored.len(), stored.len()));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn kill_9_loses_nothing_that_was_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("vekha.db").display());
    drop(Db::new(store::open(&url).unwrap(), Box::new(|| unreachable!()), None).furnished());
    let mut all = Vec::new();
    for round in 1..=4 {
        let mut child = writer(&url, None);
        all.extend(acknowledged(&mut child, Some(Duration::from_millis(150 + 70 * round))));
        let store = store::open(&url).unwrap();
        compare(store.as_ref(), &all);
    }
    assert!(all.len() > 20, "{}", all.len());
}

#[test]
fn kill_9_loses_nothing_that_was_acknowledged_on_postgres() {
    let db = Db::postgres().furnished();
    let mut all = Vec::new();
    for round in 1..=3 {
        let mut child = writer(&db.url, None);
        all.extend(acknowledged(&mut child, Some(Duration::from_millis(150 + 70 * round))));
        // The server notices that the process is gone and rolls its open transactions back.
        compare(db.store.as_ref(), &all);
    }
    assert!(all.len() > 20, "{}", all.len());
}

#[cfg(feature = "crash")]
#[test]
fn the_process_ends_right_after_the_commit_that_was_named() {
    for postgres in [false, true] {
        let db = if postgres { Db::postgres() } else { Db::sqlite_unguarded() }.furnished();
        let mut child = writer(&db.url, Some(5));
        let acknowledged = acknowledged(&mut child, None);
        compare(db.store.as_ref(), &acknowledged);
        let stored = db.read(|read| read.count(&Rights::system(), &Query::of(kind::TASK), 10_000)).counted;
        // The fifth commit is stored and nobody was told of it.
        assert!(stored >= 5 && acknowledged.len() < usize::try_from(stored).unwrap(), "{stored} {}", acknowledged.len());
    }
}
