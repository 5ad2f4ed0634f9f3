//! A database of the first version opens with everything that came since.

use crate::firm::*;
use crm::{Action, Grant, ItemRef, Rights, Scope, Value, Values, code, kind};

crate::both!(a_database_of_the_first_version_gets_its_side_tables);

/// What the steps of the tables after the first brought, undone.
const BACK: &str = "
    DROP TABLE stage_total; DROP TABLE access; DROP TABLE link; DROP TABLE bin; DROP TABLE alias; DROP TABLE lookalike; DROP TABLE look;
    DROP TABLE layout; DROP TABLE saved_view; DROP TABLE menu_section; DROP TABLE chore;
    DROP INDEX event_item; DROP INDEX event_root;
    ALTER TABLE event DROP COLUMN quiet;
    ALTER TABLE staff DROP COLUMN post; ALTER TABLE staff DROP COLUMN substitute; ALTER TABLE staff DROP COLUMN away_from; ALTER TABLE staff DROP COLUMN away_until;
    ALTER TABLE department DROP COLUMN office; ALTER TABLE department DROP COLUMN zone; ALTER TABLE department DROP COLUMN closed;
    CREATE TABLE stage_total (stage BIGINT NOT NULL, responsible BIGINT NOT NULL, currency TEXT NOT NULL, count BIGINT NOT NULL, sum BIGINT NOT NULL,
        PRIMARY KEY (stage, responsible, currency));
    DELETE FROM schema_migration WHERE number > 1;";

fn run(url: &str, sql: &str) {
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            let connection = rusqlite::Connection::open(path).unwrap();
            // The engine reads the indexes of all tables when it drops a column; it does not sort by them here.
            connection.create_collation("vekha", str::cmp).unwrap();
            connection.execute_batch(sql).unwrap();
        }
        None => ::postgres::Client::connect(url, ::postgres::NoTls).unwrap().batch_execute(sql).unwrap(),
    }
}

fn a_database_of_the_first_version_gets_its_side_tables(db: Db) {
    let db = db.furnished();
    let (pipeline, stages) = db.stages(kind::DEAL);
    let contact = db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов"))]));
    let deal = db.make(
        kind::DEAL,
        Values::from([
            ("title", Value::text("Долг")),
            ("pipeline", Value::Int(pipeline.0)),
            ("stage", Value::Int(stages[0].0)),
            ("amount", Value::money(700)),
            ("contact", Value::Int(contact.id)),
            (code::OBSERVERS, Value::Many(vec![Value::user(BORIS)])),
        ]),
    );
    let Db { store, url, again, .. } = db;
    drop(store);
    run(&url, BACK);
    let url = url.as_str();
    let db = Db::new(again(), Box::new(|| unreachable!()), None);
    assert_eq!(db.store.check().unwrap(), Vec::<String>::new());
    assert_eq!(db.read(|read| read.stage_totals(&Rights::system(), pipeline))[0].sums, [(String::new(), 700)]);
    let boris = Rights { user: BORIS, grants: [((kind::DEAL, Action::Read), Grant::of(Scope::Own))].into(), ..Rights::default() };
    assert_eq!(db.read(|read| read.item(&boris, deal.at())), Some(deal.clone()));
    assert_eq!(db.read(|read| read.linked(&boris, contact.at()))[0].count.counted, 1);
    let history = db.read(|read| read.history(ItemRef::new(kind::DEAL, deal.id), None, 5));
    assert_eq!(history.iter().map(|event| event.quiet).collect::<Vec<_>>(), [false]);
    if let Some(path) = url.strip_prefix("sqlite:") {
        assert!(std::path::Path::new(&format!("{path}.before-step-3")).is_file(), "a copy was taken first");
    }
}
