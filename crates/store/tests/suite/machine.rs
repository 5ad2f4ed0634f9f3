//! What only one of the engines has: the lock, the queue, the copy, the file in memory; and the files beside.

use crate::firm::*;
use crm::{Failure, Fault, Store, Value, Values, kind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

fn refused(answer: crm::Outcome<Arc<dyn Store>>) -> String {
    match answer {
        Err(Fault::Refused(refusal)) => refusal.code.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vekha.db");
    let url = format!("sqlite:{}", path.display());
    let first = store::open(&url).unwrap();
    assert_eq!(refused(store::open(&url)), "database_in_use");
    assert!(matches!(store::guard(&path), Err(Fault::Refused(refusal)) if refusal.code == "database_in_use"));
    // A short order beside the server is not.
    drop(store::open_beside(&url).unwrap());
    drop(first);
    let guard = store::guard(&path).unwrap();
    assert_eq!(refused(store::open(&url)), "database_in_use");
    drop(guard);
    store::open(&url).unwrap();
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("vekha.db").display());
    let open = || Db::new(store::open(&url).unwrap(), Box::new(|| unreachable!()), None);
    let db = open().furnished();
    let deal = db.make(kind::DEAL, Values::from([("title", Value::text("Долг"))]));
    drop(db);
    // The writer folded its log into the file before it ended.
    assert!(!folder.path().join("vekha.db-wal").exists());
    let db = open();
    assert_eq!(db.item(deal.at()), Some(deal));
    assert_eq!(db.store.wait(crm::Seq(0), Duration::ZERO), crm::Seq(1));
}

#[test]
fn unknown_addresses_are_refused() {
    for url in ["", "mysql://x", "sqlite:", "vekha.db"] {
        assert_eq!(refused(store::open(url)), "unknown_database", "{url}");
    }
    assert!(matches!(store::open("sqlite:/no/such/folder/vekha.db"), Err(Fault::Failed(_))));
    let Err(Fault::Failed(failure)) = store::open("postgres://vekha:geheim@127.0.0.1:1/vekha?connect_timeout=2") else { panic!("nobody listens there") };
    assert!(!failure.why().contains("geheim"));
}

#[test]
fn a_full_queue_says_so_at_once() {
    let db = Db::sqlite().furnished();
    let (release, hold) = channel::<()>();
    let hold = std::sync::Mutex::new(hold);
    thread::scope(|scope| {
        let (begun, running) = channel();
        let store = db.store.clone();
        scope.spawn(move || {
            transact(store.as_ref(), move |_| {
                begun.send(()).unwrap();
                hold.lock().unwrap().recv().map_err(|_| Failure::give_up("nobody let go").into())
            })
            .unwrap();
        });
        running.recv().unwrap();
        // The writer is held: everything else has to wait in the queue.
        for _ in 0..1_024 {
            let store = db.store.clone();
            thread::Builder::new()
                .stack_size(128 * 1024)
                .spawn_scoped(scope, move || transact(store.as_ref(), |tx| tx.advance("crowd", crm::Seq(1))).unwrap())
                .unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        let depth = || db.store.figures().into_iter().find(|(name, _)| *name == "store_queue_depth").unwrap().1;
        while depth() < 1_024.0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        let asked = Instant::now();
        let answer = db.try_tx(|tx| tx.advance("late", crm::Seq(1)));
        assert!(matches!(answer, Err(Fault::Failed(Failure::Retry { .. }))), "{answer:?}");
        assert!(asked.elapsed() < Duration::from_secs(1));
        release.send(()).unwrap();
    });
    assert_eq!(db.read(|read| read.mark("crowd")), crm::Seq(1));
    assert_eq!(db.read(|read| read.mark("late")), crm::Seq(0));
    let figures = db.store.figures();
    let figure = |wanted: &str| figures.iter().find(|(name, _)| *name == wanted).unwrap().1;
    assert_eq!((figure("store_queue_depth"), figure("store_turned_away")), (0.0, 1.0));
    // Group commit: far fewer commits than transactions.
    assert!(figure("store_commits") < 100.0 && figure("store_transactions") >= 1_024.0, "{figures:?}");
}

#[test]
fn a_copy_is_whole_while_others_write() {
    let db = Db::sqlite().furnished();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("copy.db");
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов")), ("phone", phones(&["+79990001122"]))]));
            }
        });
        thread::sleep(Duration::from_millis(50));
        db.store.backup(&to).unwrap();
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    let copy = store::open_beside(&format!("sqlite:{}", to.display())).unwrap();
    assert_eq!(copy.check().unwrap(), Vec::<String>::new());
    let contacts = read(copy.as_ref(), |read| read.items(&crm::Rights::system(), &crm::Query::of(kind::CONTACT).sorted("id", false)));
    assert!(!contacts.is_empty() && contacts.iter().all(|contact| contact.values.points("phone").len() == 1));
    assert!(matches!(db.store.backup(&to), Err(Fault::Refused(refusal)) if refusal.code == "file_exists"));
}

#[test]
fn postgres_names_its_own_tool_for_copies() {
    let db = Db::postgres();
    let Err(Fault::Refused(refusal)) = db.store.backup(Path::new("/tmp/never")) else { panic!("it copied") };
    assert!(refusal.text.en.contains("pg_dump"));
    assert_eq!(db.store.engine(), "postgres");
}

#[test]
fn two_nodes_may_make_the_tables_at_once() {
    let db = Db::postgres();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (db.again)().wait(crm::Seq(0), Duration::ZERO));
        }
    });
}

#[test]
fn databases_in_memory_know_nothing_of_each_other() {
    let new = || Db::new(store::open_in_memory(), Box::new(|| unreachable!()), None).furnished();
    let (one, other) = (new(), new());
    let task = one.make(kind::TASK, Values::from([("title", Value::text("дело"))]));
    assert!(one.item(task.at()).is_some() && other.item(task.at()).is_none());
    assert_eq!(one.store.engine(), "sqlite");
    assert!(store::open("sqlite::memory:").is_ok());
}

#[test]
fn the_same_bytes_are_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let hash = store::files::put(folder.path(), b"abc").unwrap();
    assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(store::files::put(folder.path(), b"abc").unwrap(), hash);
    assert_eq!(store::files::get(folder.path(), &hash).unwrap().as_deref(), Some(b"abc".as_slice()));
    assert_eq!(store::files::get(folder.path(), &"0".repeat(64)).unwrap(), None);
    for wrong in ["../../etc/passwd", "", &hash[..10], &hash.to_uppercase()] {
        assert_eq!(store::files::get(folder.path(), wrong).unwrap(), None);
    }
    let shelf = folder.path().join(&hash[..2]);
    assert_eq!(std::fs::read_dir(shelf).unwrap().count(), 1);
}

#[test]
fn a_restart_of_postgres_is_survived() {
    let db = Db::postgres().furnished();
    let cut = || {
        let mut client = postgres::Client::connect(&db.url, postgres::NoTls).unwrap();
        client.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", &[]).unwrap()
    };
    // Idle connections that died are replaced without a word.
    assert!(cut() > 0);
    let task = db.make(kind::TASK, Values::from([("title", Value::text("дело"))]));
    assert!(cut() > 0);
    assert_eq!(db.item(task.at()), Some(task));
    // One that dies at work fails, leaves nothing, and the next is well.
    let url = db.url.clone();
    let broken = db.try_tx(move |tx| {
        make(tx, kind::TASK, &Values::from([("title", Value::text("нет"))]))?;
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", &[]).unwrap();
        make(tx, kind::TASK, &Values::from([("title", Value::text("нет"))]))
    });
    assert!(matches!(broken, Err(Fault::Failed(Failure::Retry { .. }))), "{broken:?}");
    assert_eq!(db.read(|read| read.count(&crm::Rights::system(), &crm::Query::of(kind::TASK), 10)).counted, 1);
}
