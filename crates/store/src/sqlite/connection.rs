//! A connection to SQLite: how it is opened, and how it speaks the common words.

use crate::sql::{Cell, Dialect, Row, Sql, SqlError};
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::cmp::Ordering;
use std::path::Path;
use std::time::Duration;

/// How long a statement waits for another process that writes to the file.
pub const BUSY: Duration = Duration::from_secs(10);
/// Statements kept prepared. Filters make many shapes; the engine drops the oldest.
const PREPARED: usize = 256;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Writes; nothing acknowledged is lost when the power fails.
    Writer,
    /// Writes to a database that lives and dies with the process.
    ForgetfulWriter,
    /// Only reads.
    Reader,
}

/// Opens the file.
pub fn open(path: &Path, role: Role) -> Result<Connection, SqlError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if role != Role::Reader {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags).map_err(told)?;
    connection.busy_timeout(BUSY).map_err(told)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    let settings = match role {
        // Each commit is synced: `NORMAL` would be faster and lose the last acknowledged transactions with the power.
        Role::Writer => {
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216; PRAGMA wal_autocheckpoint=2000; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;"
        }
        Role::ForgetfulWriter => "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;",
        Role::Reader => "PRAGMA query_only=ON; PRAGMA cache_size=-4000; PRAGMA temp_store=MEMORY;",
    };
    connection.execute_batch(settings).map_err(told)?;
    // Plans do not hang on the values that are asked for: otherwise a prepared statement is prepared again and again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(told)?;
    teach(&connection).map_err(told)?;
    Ok(connection)
}

/// Teaches the engine letters beyond ASCII: its own `lower`, `LIKE` and order know no Cyrillic.
fn teach(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("vekha_lower", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Text(text) => Owned::Text(String::from_utf8_lossy(text).to_lowercase()),
            _ => Owned::Null,
        })
    })?;
    connection.create_scalar_function("vekha_like", 2, flags, |context| {
        Ok(match (context.get_raw(0), context.get_raw(1)) {
            (ValueRef::Text(text), ValueRef::Text(pattern)) => {
                Owned::Integer(i64::from(crm::query::like(&String::from_utf8_lossy(text), &String::from_utf8_lossy(pattern))))
            }
            _ => Owned::Null,
        })
    })?;
    connection.create_collation("vekha", collate)
}

/// Dictionary order, the same that PostgreSQL's `ru-x-icu` keeps for words: case and the dots of Ё count only between
/// words that are equal otherwise; Cyrillic stands before Latin. By their codes Ё would stand before А.
fn collate(a: &str, b: &str) -> Ordering {
    let mut left = a.chars().flat_map(char::to_lowercase);
    let mut right = b.chars().flat_map(char::to_lowercase);
    let mut dots = Ordering::Equal;
    loop {
        match (left.next(), right.next()) {
            (None, None) => break,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => match place(one).cmp(&place(other)) {
                // Е and Ё: the first such pair decides, if nothing weightier does.
                Ordering::Equal => dots = dots.then((one == 'ё').cmp(&(other == 'ё'))),
                decided => return decided,
            },
        }
    }
    // Small letters first, as ICU has it.
    dots.then_with(|| b.cmp(a))
}

/// Place of a letter in the alphabet: signs and digits, Cyrillic, all other letters.
fn place(letter: char) -> (u8, char) {
    match letter {
        'ё' => (1, 'е'),
        'а'..='я' => (1, letter),
        other if other.is_alphabetic() => (2, other),
        other => (0, other),
    }
}

/// The engine's error in the common words.
pub fn told(error: rusqlite::Error) -> SqlError {
    let passing = matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen
                | ErrorCode::OperationInterrupted
        )
    );
    SqlError { conflict: false, passing, why: format!("SQLite: {error}") }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Int(number) => ValueRef::Integer(*number),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A connection as the common words want it.
pub struct Spoken<'a>(pub &'a Connection);

impl Spoken<'_> {
    fn bound<'c>(&'c self, sql: &str, params: &[Cell]) -> rusqlite::Result<rusqlite::CachedStatement<'c>> {
        let mut statement = self.0.prepare_cached(sql)?;
        debug_assert!(
            (1..=statement.parameter_count()).all(|at| statement.parameter_name(at) == Some(format!("${at}").as_str())),
            "parameters must first appear in the order of their numbers: {sql}"
        );
        for (at, param) in params.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, param)?;
        }
        Ok(statement)
    }
}

impl Sql for Spoken<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&self, sql: &str, params: &[Cell]) -> Result<u64, SqlError> {
        let mut statement = self.bound(sql, params).map_err(told)?;
        statement.raw_execute().map(|count| count as u64).map_err(told)
    }

    fn query(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, SqlError> {
        let mut statement = self.bound(sql, params).map_err(told)?;
        let width = statement.column_count();
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(told)? {
            let mut cells = Vec::with_capacity(width);
            for at in 0..width {
                cells.push(match row.get_ref(at).map_err(told)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(number) => Cell::Int(number),
                    ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
                    ValueRef::Real(number) => panic!("column {at} of {sql} holds the fraction {number}: this crate stores none"),
                });
            }
            found.push(Row(cells));
        }
        Ok(found)
    }

    /// The engine itself notices that a table changed and plans anew.
    fn shape_is(&self, _: i64) {}

    fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.0.execute_batch(sql).map_err(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yo_stands_with_ye_and_case_matters_last() {
        let mut names = vec!["Жуков", "ёлкин", "Абрамов", "еремин", "Елкин", "Ёжиков", "абрамов", "Якин"];
        names.sort_by(|a, b| collate(a, b));
        assert_eq!(names, ["абрамов", "Абрамов", "Ёжиков", "Елкин", "ёлкин", "еремин", "Жуков", "Якин"]);
    }
}
