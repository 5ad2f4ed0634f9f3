//! PostgreSQL: shared by any number of nodes, each with a pool of connections used on the callers' threads.

mod chores;
mod connection;
mod pool;

use crate::desk::{Desk, Programs};
use crate::news::News;
use crate::shape::Shape;
use crate::sql::{Cell, Dialect, Sql, SqlError};
pub use connection::Line;
use crm::{Bytes, Failure, Fault, Outcome, Read, Refusal, Seq, Store, Work};
use pool::Pool;
use postgres::Config;
use std::any::Any;
use std::hash::{BuildHasher as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often a transaction runs again that met another one.
const REPEATS: u32 = 10;

/// The database behind a connection address.
pub struct Postgres {
    pool: Pool,
    shape: Mutex<Arc<Shape>>,
    programs: Programs,
    news: News,
    commits: AtomicU64,
    repeats: AtomicU64,
    /// Wakes the thread that does what changes of the shape leave behind.
    chores: SyncSender<()>,
}

impl Postgres {
    /// Connects, and makes or migrates the tables.
    ///
    /// # Errors
    /// Refuses addresses that cannot be read; failures of the connection.
    pub fn open(url: &str) -> Outcome<Postgres> {
        let mut config: Config = url.parse().map_err(|_| {
            Refusal::new(
                "unknown_database",
                "Адрес PostgreSQL не читается: нужен postgres://ПОЛЬЗОВАТЕЛЬ:ПАРОЛЬ@УЗЕЛ/БАЗА",
                "The address of PostgreSQL cannot be read: postgres://USER:PASSWORD@HOST/DATABASE is needed",
            )
        })?;
        config.application_name("vekha");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        let (chores, wake) = sync_channel(1);
        let store = Postgres {
            pool: Pool::new(config.clone()),
            chores,
            shape: Mutex::default(),
            programs: Programs::default(),
            news: News::default(),
            commits: AtomicU64::new(0),
            repeats: AtomicU64::new(0),
        };
        store.migrate()?;
        chores::begin(config, wake)?;
        let _ = store.chores.try_send(());
        store.news.tell(store.look()?);
        Ok(store)
    }

    /// One node migrates, the others wait for it.
    fn migrate(&self) -> Outcome<()> {
        let taken = self.pool.begin("BEGIN")?;
        let line = taken.line();
        let run = || -> Result<i64, SqlError> {
            line.query("SELECT pg_advisory_xact_lock($1::bigint)::text", &[Cell::Int(crate::dialect::LOCK_MIGRATION)])?;
            let reached = crate::migrate::reached(line)?;
            if reached == 0 {
                prepare(line)?;
            }
            crate::migrate::run(line, Dialect::Postgres)?;
            Ok(reached)
        };
        let reached = run()?;
        crate::upgrade::run(&Desk::new(line, true, &self.programs, Arc::default())?, reached)?;
        taken.commit().map_err(Fault::from)
    }

    fn look(&self) -> Outcome<Seq> {
        let mut last = Seq(0);
        self.read(&mut |read| {
            last = read.latest()?;
            Ok(())
        })?;
        Ok(last)
    }

    fn known(&self) -> Arc<Shape> {
        self.shape.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, shape: &Arc<Shape>) {
        let mut known = self.shape.lock().unwrap_or_else(PoisonError::into_inner);
        if shape.schema.version > known.schema.version {
            *known = shape.clone();
        }
    }

    /// Runs the closure once, to its end.
    fn once(&self, work: &mut Work) -> Result<Outcome<Box<dyn Any + Send>>, Again> {
        let taken = self.pool.begin("BEGIN").map_err(Again::Never)?;
        let desk = Desk::new(taken.line(), true, &self.programs, self.known()).map_err(Again::Never)?;
        // What is read before the first write of this transaction is committed, so others may know it, too.
        self.remember(&desk.shape());
        let version = desk.shape().schema.version;
        let mut desk = desk;
        let ran = catch_unwind(AssertUnwindSafe(|| work(&mut desk).and_then(|answer| desk.settle().map(|()| answer))));
        let (conflict, last, reshaped) = (desk.met_conflict(), desk.last(), desk.shape().schema.version != version);
        #[cfg(feature = "crash")]
        let wrote = desk.wrote();
        match ran {
            Err(panic) => {
                drop(taken);
                resume_unwind(panic)
            }
            Ok(answer) if conflict => Err(Again::Soon(answer.err().map(|fault| fault.describe()).unwrap_or_default())),
            Ok(Err(fault)) => Ok(Err(fault)),
            Ok(Ok(answer)) => match taken.commit() {
                Ok(()) => {
                    #[cfg(feature = "crash")]
                    if wrote {
                        crate::crash::after_commit();
                    }
                    self.commits.fetch_add(1, Ordering::Relaxed);
                    self.news.tell(last);
                    if reshaped {
                        // Full: it is awake already and looks once more.
                        let _ = self.chores.try_send(());
                    }
                    Ok(Ok(answer))
                }
                Err(error) if error.conflict => Err(Again::Soon(error.why)),
                Err(error) => Err(Again::Never(error.into())),
            },
        }
    }
}

/// Why a closure did not come to its end.
enum Again {
    /// It met another transaction.
    Soon(String),
    /// The database does not answer.
    Never(Fault),
}

impl Store for Postgres {
    fn read(&self, work: &mut dyn FnMut(&dyn Read) -> Outcome<()>) -> Outcome<()> {
        let taken = self.pool.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let desk = Desk::new(taken.line(), false, &self.programs, self.known())?;
        self.remember(&desk.shape());
        work(&desk)?;
        taken.commit().map_err(Fault::from)
    }

    fn transact(&self, mut work: Work) -> Outcome<Box<dyn Any + Send>> {
        let mut why = String::new();
        for repeat in 0..REPEATS {
            if repeat > 0 {
                self.repeats.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(pause(repeat));
            }
            match self.once(&mut work) {
                Ok(answer) => return answer,
                Err(Again::Soon(reason)) => why = reason,
                Err(Again::Never(fault)) => return Err(fault),
            }
        }
        Err(Failure::retry(format!("the transaction met others {REPEATS} times: {why}")).into())
    }

    fn wait(&self, after: Seq, at_most: Duration) -> Seq {
        self.news.wait(after, at_most, || self.look())
    }

    fn backup(&self, _: &Path) -> Outcome<()> {
        Err(Refusal::new("not_sqlite", "PostgreSQL копируют своими средствами: pg_dump -Fc", "PostgreSQL is copied with its own tool: pg_dump -Fc").into())
    }

    fn check(&self) -> Outcome<Vec<String>> {
        let taken = self.pool.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let desk = Desk::new(taken.line(), false, &self.programs, self.known())?;
        let mut complaints = crate::audit::complaints(&desk)?;
        let broken = desk.first("SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()", &[])?;
        if broken.is_some_and(|row| row.int(0) > 0) {
            complaints.push("the server found pages with wrong checksums: look into its log, run pg_amcheck".to_owned());
        }
        Ok(complaints)
    }

    fn engine(&self) -> &'static str {
        "postgres"
    }

    fn keep_bytes(&self, folder: &Path, from: &mut dyn std::io::Read, most: u64) -> Outcome<(String, i64)> {
        crate::files::keep(folder, from, most)
    }

    fn bytes(&self, folder: &Path, hash: &str) -> Outcome<Option<Box<dyn Bytes>>> {
        crate::files::open(folder, hash)
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for a chart")]
    fn figures(&self) -> Vec<(&'static str, f64)> {
        let number = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        vec![
            ("store_queue_depth", number(&self.pool.waiting)),
            ("store_turned_away", number(&self.pool.turned_away)),
            ("store_commits", number(&self.commits)),
            ("store_transactions", number(&self.commits)),
            ("store_repeats", number(&self.repeats)),
            ("store_connections", self.pool.open() as f64),
        ]
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.pool.close();
    }
}

/// Longer each time, and of different length for those that met each other.
fn pause(repeat: u32) -> Duration {
    let chance = std::collections::hash_map::RandomState::new().build_hasher().finish() % 1_000;
    Duration::from_micros(u64::from(repeat * repeat) * 1_000 + chance * u64::from(repeat))
}

/// What the tables and statements lean on: trigrams, letters beyond ASCII, the order of a dictionary.
fn prepare(line: &dyn Sql) -> Result<(), SqlError> {
    line.batch("CREATE EXTENSION IF NOT EXISTS pg_trgm")?;
    let utf8 = line.query("SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = current_database()", &[])?;
    if utf8.into_iter().next().is_none_or(|mut row| row.text(0) != "UTF8") {
        return Err(refused("the database must have the encoding UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"));
    }
    let known = line.query("SELECT collname::text FROM pg_collation WHERE collname IN ('ru-x-icu', 'C.utf8')", &[])?;
    let known: Vec<String> = known.into_iter().map(|mut row| row.text(0)).collect();
    let best = ["ru-x-icu", "C.utf8"].into_iter().find(|name| known.iter().any(|one| one == name));
    let Some(best) = best else {
        return Err(refused("the server has neither ICU nor the locale C.utf8: Cyrillic could be neither sorted nor searched"));
    };
    // With `C.utf8` search works alike, but Ё stands behind Я in lists.
    line.batch(&format!(
        "CREATE COLLATION vekha FROM \"{best}\"; \
         CREATE FUNCTION vekha_lower(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT lower(word COLLATE vekha)'"
    ))
}

fn refused(why: &str) -> SqlError {
    SqlError { conflict: false, passing: false, why: why.to_owned() }
}
