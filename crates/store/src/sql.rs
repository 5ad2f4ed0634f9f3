//! The few words in which the rest of the crate speaks to either engine: a statement, its parameters, its rows.
//!
//! Statements are written once, with `$1…$n`. Parameters must first appear in the order of their numbers: SQLite numbers
//! `$1` by its first appearance, PostgreSQL by its name.

use crm::{Failure, Fault};
use std::fmt::Debug;

/// One value on its way in or out.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number; also flags, days, moments, amounts.
    Int(i64),
    /// A text; also JSON.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<i64> for Cell {
    fn from(number: i64) -> Cell {
        Cell::Int(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Cell {
        Cell::Int(i64::from(flag))
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Cell {
        Cell::Int(i64::from(number))
    }
}

impl From<&str> for Cell {
    /// Neither engine keeps a zero byte inside a text (PostgreSQL refuses it, SQLite's functions stop at it): it becomes
    /// the sign for an unreadable letter.
    fn from(text: &str) -> Cell {
        match text.contains('\0') {
            true => Cell::Text(text.replace('\0', "\u{FFFD}")),
            false => Cell::Text(text.to_owned()),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        match text.contains('\0') {
            true => Cell::from(text.as_str()),
            false => Cell::Text(text),
        }
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Cell {
        Cell::from(text.as_str())
    }
}

impl From<&[u8]> for Cell {
    fn from(bytes: &[u8]) -> Cell {
        Cell::Blob(bytes.to_vec())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(maybe: Option<T>) -> Cell {
        maybe.map_or(Cell::Null, Into::into)
    }
}

/// One row of an answer. Columns are counted from 0 and are of the kind that the statement asked for: a wrong kind is a
/// mistake in this crate and panics.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Cell>);

impl Row {
    /// Takes a column out.
    pub fn take(&mut self, at: usize) -> Cell {
        std::mem::replace(&mut self.0[at], Cell::Null)
    }

    /// A whole number that may be missing.
    pub fn maybe_int(&self, at: usize) -> Option<i64> {
        match &self.0[at] {
            Cell::Null => None,
            Cell::Int(number) => Some(*number),
            other => panic!("column {at} holds {other:?}, a number was expected"),
        }
    }

    /// A whole number.
    pub fn int(&self, at: usize) -> i64 {
        self.maybe_int(at).unwrap_or_else(|| panic!("column {at} is empty, a number was expected"))
    }

    /// A flag.
    pub fn flag(&self, at: usize) -> bool {
        self.int(at) != 0
    }

    /// A text; nothing is an empty one.
    pub fn text(&mut self, at: usize) -> String {
        match self.take(at) {
            Cell::Null => String::new(),
            Cell::Text(text) => text,
            other => panic!("column {at} holds {other:?}, a text was expected"),
        }
    }

    /// Bytes; nothing is none.
    pub fn bytes(&mut self, at: usize) -> Vec<u8> {
        match self.take(at) {
            Cell::Null => Vec::new(),
            Cell::Blob(bytes) => bytes,
            other => panic!("column {at} holds {other:?}, bytes were expected"),
        }
    }
}

/// Why a statement did not work.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlError {
    /// The transaction met another one: run it again from its beginning.
    pub conflict: bool,
    /// May work later: the disk, the connection, a busy file. Otherwise the statement itself is wrong.
    pub passing: bool,
    /// The engine's words, without values of the data.
    pub why: String,
}

impl From<SqlError> for Fault {
    fn from(error: SqlError) -> Fault {
        match error.conflict || error.passing {
            true => Failure::retry(error.why).into(),
            false => Failure::give_up(error.why).into(),
        }
    }
}

/// Which engine, where the two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// An open connection, usually inside a transaction.
pub trait Sql {
    /// Which engine it is.
    fn dialect(&self) -> Dialect;
    /// Runs a statement that changes something; how many rows it touched.
    fn execute(&self, sql: &str, params: &[Cell]) -> Result<u64, SqlError>;
    /// Runs a statement that answers rows.
    fn query(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, SqlError>;
    /// From now on the shape of the data has this version: plans made for another one may be wrong.
    fn shape_is(&self, version: i64);
    /// Runs several statements without parameters and answers.
    fn batch(&self, sql: &str) -> Result<(), SqlError>;
}

/// A statement under construction whose parameters are numbered as they are written down.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    /// The text so far.
    pub text: String,
    /// The parameters so far.
    pub params: Vec<Cell>,
}

impl Statement {
    /// Begins with this text.
    pub fn new(text: impl Into<String>) -> Statement {
        Statement { text: text.into(), params: Vec::new() }
    }

    /// Writes text. Only words of this crate and checked identifiers, never values.
    pub fn push(&mut self, text: &str) -> &mut Statement {
        self.text.push_str(text);
        self
    }

    /// Writes a parameter.
    pub fn bind(&mut self, value: impl Into<Cell>) -> &mut Statement {
        self.params.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.params.len().to_string());
        self
    }

    /// Writes parameters separated by commas.
    pub fn bind_all(&mut self, values: impl IntoIterator<Item = Cell>) -> &mut Statement {
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }
}
