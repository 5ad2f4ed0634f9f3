//! What the walls of the house (`rest`, `web`, the worker) hold in their hands: store, clock, chance and the executor.

use crate::command::{Command, Done};
use crate::doors::{Read, Store, Tx};
use crate::event::Cause;
use crate::failure::Outcome;
use crate::label::Label;
use crate::rights::Rights;
use crate::time::{Chance, Clock, Moment};
use std::sync::Arc;

/// Carries out commands. Built once, in `app/wiring.rs`.
pub trait Execute: Send + Sync {
    /// Carries out one command inside a transaction.
    ///
    /// # Errors
    /// Refuses what the rights do not allow or the rules of the item forbid.
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done>;

    /// The ready solutions of the house, if this house has any at hand.
    fn packs(&self) -> Option<&dyn Packs> {
        None
    }
}

/// A pack as the page of packs shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PackState {
    /// Its code.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// For whom it is.
    pub help: Label,
    /// The version in this binary.
    pub shipped: i64,
    /// The version that was installed last; `None`: never.
    pub installed: Option<i64>,
}

/// What installing a pack does with one piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanSign {
    /// The firm does not have it yet.
    New,
    /// The pack changed it, the firm did not: it is taken over.
    Changed,
    /// Both changed it: the firm's word counts.
    Conflict,
    /// The firm took it away: it stays away.
    Removed,
    /// The pack does not ship it any more: the firm keeps it.
    NoMore,
}

impl PlanSign {
    /// One letter for lists: `+ ~ ! - ·`.
    pub fn mark(self) -> char {
        match self {
            PlanSign::New => '+',
            PlanSign::Changed => '~',
            PlanSign::Conflict => '!',
            PlanSign::Removed => '-',
            PlanSign::NoMore => '·',
        }
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanLine {
    /// What is done.
    pub sign: PlanSign,
    /// Name of the piece: `field/deal/amount`.
    pub element: String,
    /// The piece and its attribute, for a person.
    pub what: Label,
    /// What the firm has.
    pub old: String,
    /// What the pack has.
    pub new: String,
}

/// Ready solutions: compared, installed, written out. Built in `app/packs`.
pub trait Packs: Send + Sync {
    /// Those inside the binary.
    ///
    /// # Errors
    /// Failures of the database, a broken pack.
    fn list(&self, read: &dyn Read) -> Outcome<Vec<PackState>>;
    /// What installing one would do.
    ///
    /// # Errors
    /// Failures of the database, a broken pack.
    fn plan(&self, read: &dyn Read, code: &str) -> Outcome<Vec<PlanLine>>;
    /// Installs one.
    ///
    /// # Errors
    /// Refuses whom the rights do not allow, and a broken pack; nothing is installed then.
    fn apply(&self, tx: &mut dyn Tx, rights: &Rights, now: Moment, code: &str) -> Outcome<()>;
    /// The firm as a pack of its own: path inside the folder and text of each file. What was written out is remembered, so
    /// that an edited copy can be told from what the firm changed meanwhile.
    ///
    /// # Errors
    /// Refuses whom the rights do not allow.
    fn export(&self, tx: &mut dyn Tx, rights: &Rights, code: &str, title: &str) -> Outcome<Vec<(String, String)>>;
}

/// The firm's own settings that the program needs everywhere.
#[derive(Debug, Clone)]
pub struct Firm {
    /// Address under which clients and vendors reach us, without a slash at the end.
    pub public_url: String,
    /// Time zone of the firm.
    pub zone: jiff::tz::TimeZone,
    /// Language of people who are not signed in.
    pub lang: crate::label::Lang,
    /// Private addresses may be called: only in the demo, whose providers live on this machine.
    pub private_calls: bool,
    /// Key for signed links and forms.
    pub signing_key: Vec<u8>,
    /// Where files are kept.
    pub files: std::path::PathBuf,
}

/// Everything a wall of the house needs.
#[derive(Clone)]
pub struct House {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
    /// The executor of commands.
    pub executor: Arc<dyn Execute>,
    /// Settings.
    pub firm: Arc<Firm>,
}

impl House {
    /// The present moment.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Reads from one snapshot.
    ///
    /// # Errors
    /// What the work returns, or a failure of the database.
    pub fn read<T>(&self, mut work: impl FnMut(&dyn Read) -> Outcome<T>) -> Outcome<T> {
        let mut found = None;
        self.store.read(&mut |read| {
            found = Some(work(read)?);
            Ok(())
        })?;
        found.ok_or_else(|| crate::failure::Failure::retry("the database did not run the work").into())
    }

    /// Runs a transaction; the work may run more than once.
    ///
    /// # Errors
    /// What the work returns, or a failure of the database. Nothing was written then.
    pub fn transact<T: Send + 'static>(&self, mut work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        let boxed = self.store.transact(Box::new(move |tx| Ok(Box::new(work(tx)?))))?;
        boxed.downcast().map(|value| *value).map_err(|_| crate::failure::Failure::give_up("a transaction returned another type than its work").into())
    }

    /// Keeps the bytes of a file before its card is committed; their name and number.
    ///
    /// # Errors
    /// `file_too_large` beyond so many bytes; failures of the disk and of whoever sends them.
    pub fn keep_bytes(&self, from: &mut dyn std::io::Read, most: u64) -> Outcome<(String, i64)> {
        self.store.keep_bytes(&self.firm.files, from, most)
    }

    /// The bytes of a stored file; `None` when they are not there.
    ///
    /// # Errors
    /// Failures of the disk.
    pub fn bytes(&self, file: &crate::staff::StoredFile) -> Outcome<Option<Box<dyn crate::doors::Bytes>>> {
        self.store.bytes(&self.firm.files, &file.hash)
    }

    /// Carries out one command in a transaction of its own.
    ///
    /// # Errors
    /// As [`Execute::execute`].
    pub fn command(&self, rights: &Rights, cause: &Cause, command: Command) -> Outcome<Done> {
        let (executor, rights, cause) = (self.executor.clone(), rights.clone(), cause.clone());
        self.transact(move |tx| executor.execute(tx, &rights, &cause, &command))
    }
}
