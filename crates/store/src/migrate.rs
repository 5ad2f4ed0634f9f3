//! Numbered changes of the fixed tables. Each runs once, in a transaction; item tables are made from types instead.

use crate::sql::{Dialect, Sql, SqlError};

/// The text for both engines, in order. A released one is never edited.
const STEPS: [&str; 3] = [include_str!("schema/0001_first.sql"), include_str!("schema/0002_constructor.sql"), include_str!("schema/0003_chores.sql")];

/// The number of the newest step.
pub const NEWEST: i64 = STEPS.len() as i64;

/// Which step the database has reached; 0 when it is new.
pub fn reached(sql: &dyn Sql) -> Result<i64, SqlError> {
    let known = match sql.dialect() {
        Dialect::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration'",
        Dialect::Postgres => "SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_migration')",
    };
    if sql.query(known, &[])?.first().is_none_or(|row| row.int(0) == 0) {
        return Ok(0);
    }
    let rows = sql.query("SELECT coalesce(max(number), 0) FROM schema_migration", &[])?;
    Ok(rows.first().map_or(0, |row| row.int(0)))
}

/// Brings the database to the newest step. The caller holds a transaction and commits it.
///
/// # Errors
/// A database of a newer version of this program is left alone.
pub fn run(sql: &dyn Sql, dialect: Dialect) -> Result<(), SqlError> {
    let from = reached(sql)?;
    if from == 0 {
        sql.batch("CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY)")?;
    }
    if from > NEWEST {
        return Err(SqlError {
            conflict: false,
            passing: false,
            why: format!("the database was made by a newer version of this program (step {from}, this version knows {NEWEST})"),
        });
    }
    for (number, text) in (1..).zip(STEPS).filter(|(number, _)| *number > from) {
        sql.batch(&dialect.fill(text))?;
        sql.execute("INSERT INTO schema_migration (number) VALUES ($1)", &[crate::sql::Cell::Int(number)])?;
        tracing::info!(step = number, "schema migrated");
    }
    Ok(())
}
