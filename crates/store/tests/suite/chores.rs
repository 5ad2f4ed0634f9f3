//! In a table with very many records a change of the shape is a word; its indexes follow by themselves.

use crate::firm::*;
use crm::{EntityType, Filter, Op, Query, Rights, Value, kind};
use std::time::{Duration, Instant};

crate::both!(a_large_table_gets_its_indexes_afterwards);

fn count(db: &Db, table: &str) -> i64 {
    match db.url.strip_prefix("sqlite:") {
        Some(path) => {
            let connection = rusqlite::Connection::open(path).unwrap();
            let sql = if table == "chore" { "SELECT count(*) FROM chore" } else { "SELECT count(*) FROM sqlite_schema WHERE name = 'ix_501_status'" };
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        }
        None => {
            let sql = if table == "chore" {
                "SELECT count(*) FROM chore"
            } else {
                "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('ix_501_status') AND indisvalid"
            };
            ::postgres::Client::connect(&db.url, ::postgres::NoTls).unwrap().query_one(sql, &[]).unwrap().get(0)
        }
    }
}

fn a_large_table_gets_its_indexes_afterwards(db: Db) {
    let db = db.furnished();
    // One record far along makes a table large: the number tells.
    let numbers = match db.url.starts_with("sqlite:") {
        true => "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n)",
        false => "(SELECT CAST(i AS bigint) AS i FROM generate_series(1, 1000) AS n(i)) AS n",
    };
    let fill = format!("INSERT INTO item_task (id, _version, title, status) SELECT i * 30, 1, 'дело ' || i, 'слово' || i FROM {numbers}");
    store::measure::pour(&db.url, &[fill]).unwrap();
    let found = |filter: Filter| db.read(|read| read.items(&Rights::system(), &Query::of(kind::TASK).filter(filter.clone()))).len();
    let mut shape: EntityType = task();
    for field in shape.fields.iter_mut().filter(|field| field.code == "status") {
        (field.searchable, field.indexed) = (true, true);
    }
    db.tx(move |tx| tx.install_type(&shape));
    // Right at once, with the index or without.
    assert_eq!(found(Filter::is("status", Op::Eq, Value::text("слово77"))), 1);
    let begun = Instant::now();
    while count(&db, "chore") > 0 {
        assert!(begun.elapsed() < Duration::from_secs(50), "the chores are not done");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(count(&db, "index"), 1);
    assert_eq!(found(Filter::Search("слово77".into())), 11);
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
}
