//! What speed is measured against: the barest durable work that the same engine can do on the same disk.

use crate::sqlite;
use crm::{Failure, Outcome};
use std::path::Path;
use std::time::{Duration, Instant};

/// Inserts so many rows into a new SQLite file, each in a durable commit of its own, and tells how long it took. The file
/// is opened exactly as a server opens its own.
///
/// # Errors
/// Failures of the disk.
pub fn bare_commits(path: &Path, count: u32) -> Outcome<Duration> {
    let failed = |error: rusqlite::Error| Failure::give_up(error.to_string());
    let connection = sqlite::connection::open(path, sqlite::connection::Role::Writer).map_err(|error| Failure::give_up(format!("{error:?}")))?;
    connection.execute_batch("CREATE TABLE bare (id INTEGER PRIMARY KEY, word TEXT NOT NULL)").map_err(failed)?;
    let mut insert = connection.prepare("INSERT INTO bare (word) VALUES (?1)").map_err(failed)?;
    let begun = Instant::now();
    for number in 0..count {
        insert.execute([format!("row {number}")]).map_err(failed)?;
    }
    Ok(begun.elapsed())
}

/// Runs statements on a database that nobody else has open, each in a transaction of its own: only to fill in very many
/// rows for a measurement, past all doors. The indexes of items are made afterwards.
///
/// # Errors
/// Failures of the database.
pub fn pour(url: &str, statements: &[String]) -> Outcome<()> {
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            let connection = sqlite::connection::open(Path::new(path), sqlite::connection::Role::ForgetfulWriter)?;
            pour_into(
                &sqlite::connection::Spoken(&connection),
                statements,
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND name LIKE 'ix!_%' ESCAPE '!'",
            )
        }
        None => {
            let config = url.parse().map_err(|_| Failure::give_up("an address of PostgreSQL is needed"))?;
            let line = crate::postgres::Line::connect(&config)?;
            pour_into(&line, statements, "SELECT CAST(indexname AS text), indexdef FROM pg_indexes WHERE indexname LIKE 'ix!_%' ESCAPE '!'")
        }
    }
}

fn pour_into(sql: &dyn crate::sql::Sql, statements: &[String], indexes: &str) -> Outcome<()> {
    let indexes: Vec<(String, String)> = sql.query(indexes, &[])?.into_iter().map(|mut row| (row.text(0), row.text(1))).collect();
    for (name, _) in &indexes {
        sql.batch(&format!("DROP INDEX {name}"))?;
    }
    for one in statements {
        sql.batch(one)?;
    }
    for (_, made) in &indexes {
        sql.batch(made)?;
    }
    sql.batch("ANALYZE")?;
    Ok(())
}
