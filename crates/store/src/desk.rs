//! One snapshot to read from, or one transaction: what stands behind the doors `Read` and `Tx` on both engines.

use crate::event_log::NewEvent;
use crate::shape::{self, Shape, Table};
use crate::sql::{Cell, Dialect, Row, Sql, SqlError, Statement};
use crate::totals::Totals;
use crm::{EntityTypeId, Failure, Fault, Outcome, Program, Refusal, Schema, Seq, StageId, Tx};
use std::cell::{Cell as Flag, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Published programs by stage and version. They never change, so they are parsed once.
pub type Programs = Mutex<HashMap<(StageId, i64), Arc<Program>>>;

/// What a transaction will write at its very end, in one go.
///
/// On PostgreSQL the log is locked from its first new row until the commit, so that places in the log are given in the
/// order of the commits and no reader passes over an event that is committed later than its successor. The later that
/// lock is taken, the less others wait.
#[derive(Debug, Clone, Default)]
pub struct Pending {
    /// Rows of the log.
    pub events: Vec<NewEvent>,
    /// Changes of the boards' headings.
    pub totals: Totals,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.totals.is_empty()
    }
}

/// A snapshot or a transaction.
pub struct Desk<'a> {
    /// The connection.
    pub sql: &'a dyn Sql,
    /// May write.
    pub writing: bool,
    /// Programs read before.
    pub programs: &'a Programs,
    /// What is written at the end.
    pub pending: RefCell<Pending>,
    shape: RefCell<Arc<Shape>>,
    conflict: Flag<bool>,
    wrote: Flag<bool>,
    published: Flag<bool>,
    last: Flag<Seq>,
}

impl<'a> Desk<'a> {
    /// Sits down at a connection that is inside a transaction. `known` is the shape as it was last seen.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn new(sql: &'a dyn Sql, writing: bool, programs: &'a Programs, known: Arc<Shape>) -> Outcome<Desk<'a>> {
        let desk = Desk {
            sql,
            writing,
            programs,
            pending: RefCell::default(),
            shape: RefCell::new(known),
            conflict: Flag::new(false),
            wrote: Flag::new(false),
            published: Flag::new(false),
            last: Flag::new(Seq(0)),
        };
        desk.refresh()?;
        sql.shape_is(desk.shape.borrow().schema.version);
        Ok(desk)
    }

    /// Sees whether the shape changed since it was last read.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn refresh(&self) -> Outcome<()> {
        if shape::version(self)? != self.shape.borrow().schema.version {
            self.take_shape(shape::load(self)?);
        }
        Ok(())
    }

    /// The shape from now on.
    pub fn take_shape(&self, shape: Arc<Shape>) {
        self.sql.shape_is(shape.schema.version);
        self.shape.replace(shape);
    }

    /// The shape with its tables.
    pub fn shape(&self) -> Arc<Shape> {
        self.shape.borrow().clone()
    }

    /// The shape as everybody knows it.
    pub fn schema_now(&self) -> Arc<Schema> {
        self.shape.borrow().schema.clone()
    }

    /// The table of a type.
    pub fn table(&self, kind: EntityTypeId) -> Option<Arc<Table>> {
        self.shape.borrow().tables.get(&kind).cloned()
    }

    /// The table of a type that must exist.
    ///
    /// # Errors
    /// `unknown_type`.
    pub fn demand_table(&self, kind: EntityTypeId) -> Outcome<Arc<Table>> {
        self.table(kind).ok_or_else(|| Refusal::new("unknown_type", "Такого типа записей нет", "There is no such type of records").into())
    }

    /// Runs a statement that changes something.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn run(&self, sql: &str, params: &[Cell]) -> Outcome<u64> {
        self.wrote.set(true);
        self.sql.execute(sql, params).map_err(|error| self.told(error))
    }

    /// Runs a statement under construction that changes something.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn run_this(&self, statement: &Statement) -> Outcome<u64> {
        self.run(&statement.text, &statement.params)
    }

    /// Runs a statement that answers rows.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn rows(&self, sql: &str, params: &[Cell]) -> Outcome<Vec<Row>> {
        if self.writing && !sql.starts_with("SELECT") {
            self.wrote.set(true);
        }
        self.sql.query(sql, params).map_err(|error| self.told(error))
    }

    /// The first row of an answer.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn first(&self, sql: &str, params: &[Cell]) -> Outcome<Option<Row>> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    /// The number that an `INSERT … RETURNING id` answers.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn insert(&self, sql: &str, params: &[Cell]) -> Outcome<i64> {
        self.wrote.set(true);
        Ok(self.rows(sql, params)?.first().expect("the statement answers the new number").int(0))
    }

    /// Runs several statements.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn batch(&self, sql: &str) -> Outcome<()> {
        self.wrote.set(true);
        self.sql.batch(sql).map_err(|error| self.told(error))
    }

    fn told(&self, error: SqlError) -> Fault {
        if error.conflict {
            self.conflict.set(true);
        }
        error.into()
    }

    /// Somebody else was faster: the whole transaction has to run again, whatever its closure makes of the answer.
    pub fn stale(&self) -> Fault {
        self.conflict.set(true);
        Failure::retry("the item was changed by somebody else in the meantime").into()
    }

    /// Whether the transaction has to run again.
    pub fn met_conflict(&self) -> bool {
        self.conflict.get()
    }

    /// Whether anything was written.
    #[cfg(feature = "crash")]
    pub fn wrote(&self) -> bool {
        self.wrote.get()
    }

    /// A program was published here: what is read from now on may never be committed.
    pub fn mark_published(&self) {
        self.published.set(true);
    }

    /// Whether a program read here is worth remembering: it is committed.
    pub fn may_remember(&self) -> bool {
        !self.writing && !self.published.get()
    }

    /// The last place in the log that this transaction wrote; 0 when it wrote none.
    pub fn last(&self) -> Seq {
        self.last.get()
    }

    /// Lets one transaction with this key go on at a time, until it ends.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn lock(&self, key: &str) -> Outcome<()> {
        match self.sql.dialect() {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => self.rows("SELECT pg_advisory_xact_lock($1::bigint)::text", &[Cell::Int(lock_number(key))]).map(drop),
        }
    }

    /// Writes what was put off. Reading the log or the totals inside the transaction needs it, and the end of it.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn settle(&self) -> Outcome<()> {
        let pending = self.pending.take();
        if pending.is_empty() {
            return Ok(());
        }
        if self.sql.dialect() == Dialect::Postgres {
            self.rows("SELECT pg_advisory_xact_lock($1::bigint)::text", &[Cell::Int(crate::dialect::LOCK_EVENTS)])?;
            // Another transaction may have changed the shape after this one saw it and before it wrote: a column may be
            // another one now. From here on the rows written hold their tables as they are.
            if shape::version(self)? != self.shape.borrow().schema.version {
                return Err(self.stale());
            }
        }
        pending.totals.write(self)?;
        if let Some(last) = crate::event_log::write(self, &pending.events)? {
            self.last.set(last);
        }
        Ok(())
    }

    /// Runs a part that may be refused without losing the rest.
    ///
    /// # Errors
    /// What the part answers.
    pub fn part(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> Outcome<()>) -> Outcome<()> {
        let before = (self.pending.borrow().clone(), self.shape());
        self.batch("SAVEPOINT part")?;
        let done = work(self);
        match done {
            Ok(()) => self.batch("RELEASE SAVEPOINT part")?,
            Err(_) => {
                self.batch("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")?;
                self.pending.replace(before.0);
                self.take_shape(before.1);
            }
        }
        done
    }
}

/// The number of the lock with this key (FNV-1a): equal on all nodes and in all versions.
pub fn lock_number(key: &str) -> i64 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    i64::from_ne_bytes(hash.to_ne_bytes())
}
