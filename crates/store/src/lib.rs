//! The only SQL: SQLite and PostgreSQL behind the doors of `crm::doors`.
//!
//! `sqlite:PATH` is one file with one writing thread (group commit, `synchronous=FULL`) and several readers;
//! `postgres://…` is shared by any number of nodes. One code base writes the statements for both.

mod access;
mod accounts;
mod ahead;
mod audit;
mod automation;
mod bin;
mod chores;
mod columns;
#[cfg(feature = "crash")]
mod crash;
mod desk;
mod dialect;
mod doors;
mod event_log;
pub mod files;
mod filter;
mod guard;
mod items;
mod jobs;
mod joined;
mod links;
mod looks;
pub mod measure;
mod migrate;
mod news;
mod page;
mod people;
mod postgres;
mod reshape;
mod search;
mod shape;
mod sight;
mod sql;
mod sqlite;
mod totals;
mod upgrade;

use crm::{Outcome, Refusal, Store};
use sqlite::{Manner, Sqlite};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use guard::Guard;

/// Opens the database of a server: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. A new one gets its tables.
///
/// # Errors
/// Refuses unknown addresses and a file that another server holds; failures of the disk or the connection.
pub fn open(url: &str) -> Outcome<Arc<dyn Store>> {
    open_in(url, Manner::Serving)
}

/// Opens a database for a short order while a server may be running on it.
///
/// # Errors
/// As [`open`], but a running server does not matter.
pub fn open_beside(url: &str) -> Outcome<Arc<dyn Store>> {
    open_in(url, Manner::Beside)
}

/// A new database that lives and dies with its handle: the test double that is no double.
///
/// It is a real file in the machine's memory (`/dev/shm`, or the folder for temporary files), with the same writing
/// thread and the same readers as any other, only without syncing to a disk.
///
/// # Panics
/// When there is no room for it.
pub fn open_in_memory() -> Arc<dyn Store> {
    Arc::new(in_memory().unwrap_or_else(|fault| panic!("no database in memory: {}", fault.describe())))
}

/// Takes the lock that a server holds on its SQLite file, to be sure that none is running.
///
/// # Errors
/// `database_in_use`.
pub fn guard(path: &Path) -> Outcome<Guard> {
    Guard::take(path)
}

fn open_in(url: &str, manner: Manner) -> Outcome<Arc<dyn Store>> {
    match url.split_once(':') {
        Some(("sqlite", ":memory:")) => Ok(Arc::new(in_memory()?)),
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(postgres::Postgres::open(url)?)),
        Some(("sqlite", path)) if !path.is_empty() => Ok(Arc::new(Sqlite::open(Path::new(path), manner)?)),
        _ => Err(Refusal::new(
            "unknown_database",
            "Неизвестный адрес базы данных: нужен sqlite:ПУТЬ или postgres://…",
            "Unknown database address: sqlite:PATH or postgres://… is needed",
        )
        .into()),
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);
const PREFIX: &str = "vekha-memory-";

fn in_memory() -> Outcome<Sqlite> {
    let folder = Some(PathBuf::from("/dev/shm")).filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir);
    sweep(&folder);
    let path = folder.join(format!("{PREFIX}{}-{}.db", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(sqlite::beside(&path, suffix));
    }
    Sqlite::open(&path, Manner::Forgetful)
}

/// Takes away what killed processes left behind.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()).and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
