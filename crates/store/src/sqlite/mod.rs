//! SQLite: one file, one writing thread, several reading connections.

pub mod connection;
mod writer;

use crate::desk::{Desk, Programs};
use crate::guard::Guard;
use crate::news::News;
use crate::shape::Shape;
use crate::sql::{Dialect, Sql as _, SqlError};
use connection::{Role, Spoken, told};
use crm::{Bytes, Failure, Fault, Outcome, Read, Refusal, Seq, Store, Work};
use rusqlite::Connection;
use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use writer::{Figures, Job, Writer};

/// Closures that may wait for the writer; more are turned away at once.
const QUEUE: usize = 1_024;
/// Reading connections that are kept open.
const KEPT_READERS: usize = 16;
/// Reading connections at the same time.
const MOST_READERS: usize = 32;
/// How long a reader waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// The database in a file.
pub struct Sqlite {
    path: PathBuf,
    queue: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Readers,
    shape: Mutex<Arc<Shape>>,
    programs: Arc<Programs>,
    news: Arc<News>,
    figures: Arc<Figures>,
    /// The file is ours alone and goes with us.
    forget: bool,
    _guard: Option<Guard>,
}

/// How the file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As the one server of this file.
    Serving,
    /// Beside a server that may be running: for a short order.
    Beside,
    /// As a database that lives and dies with this process.
    Forgetful,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<(Vec<Connection>, usize)>,
    back: Condvar,
}

impl Sqlite {
    /// Opens or makes the database.
    ///
    /// # Errors
    /// Refuses a file that another server holds; failures of the disk.
    pub fn open(path: &Path, manner: Manner) -> Outcome<Sqlite> {
        let guard = if manner == Manner::Serving { Some(Guard::take(path)?) } else { None };
        let role = if manner == Manner::Forgetful { Role::ForgetfulWriter } else { Role::Writer };
        let connection = connection::open(path, role)?;
        migrate(&connection, path)?;
        let (sender, queue) = sync_channel(QUEUE);
        let (news, programs, figures) = (Arc::new(News::default()), Arc::new(Programs::default()), Arc::new(Figures::default()));
        let writer = Writer {
            connection,
            queue,
            news: news.clone(),
            programs: programs.clone(),
            figures: figures.clone(),
            wal: beside(path, "-wal"),
            shape: Arc::default(),
        };
        let writer =
            std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.work()).map_err(|error| Failure::retry(error.to_string()))?;
        let store = Sqlite {
            path: path.to_owned(),
            queue: Some(sender),
            writer: Some(writer),
            readers: Readers { path: path.to_owned(), idle: Mutex::default(), back: Condvar::new() },
            shape: Mutex::default(),
            programs,
            news,
            figures,
            forget: manner == Manner::Forgetful,
            _guard: guard,
        };
        store.news.tell(store.look()?);
        Ok(store)
    }

    fn look(&self) -> Outcome<Seq> {
        let mut last = Seq(0);
        self.read(&mut |read| {
            last = read.latest()?;
            Ok(())
        })?;
        Ok(last)
    }

    /// Sends a closure to the writer and waits for what comes of it.
    fn send(&self, work: Work) -> Outcome<writer::Answer> {
        let (answer, wait) = sync_channel(1);
        let queue = self.queue.as_ref().expect("the queue is open as long as the store lives");
        self.figures.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) = queue.try_send(Job { work, answer }) {
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            self.figures.turned_away.fetch_add(1, Ordering::Relaxed);
            let why = match refused {
                TrySendError::Full(_) => "the queue of the database is full",
                TrySendError::Disconnected(_) => "the writer of the database has stopped",
            };
            return Err(Failure::retry(why).into());
        }
        wait.recv().map_err(|_| Failure::retry("the writer of the database has stopped").into())
    }

    fn remember(&self, shape: &Arc<Shape>) {
        let mut known = self.shape.lock().unwrap_or_else(PoisonError::into_inner);
        // Another reader may have seen a newer one.
        if shape.schema.version > known.schema.version {
            *known = shape.clone();
        }
    }
}

impl Store for Sqlite {
    fn read(&self, work: &mut dyn FnMut(&dyn Read) -> Outcome<()>) -> Outcome<()> {
        let reader = self.readers.take()?;
        let spoken = Spoken(reader.connection());
        // The first statement fixes the snapshot; the guard ends it, also after a panic.
        spoken.batch("BEGIN")?;
        let known = self.shape.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let desk = Desk::new(&spoken, false, &self.programs, known)?;
        self.remember(&desk.shape());
        work(&desk)
    }

    fn transact(&self, work: Work) -> Outcome<Box<dyn Any + Send>> {
        match self.send(work)? {
            Ok(answer) => answer,
            // The closure was wrong, not the world: its caller hears it as if he had run it himself.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn wait(&self, after: Seq, at_most: Duration) -> Seq {
        self.news.wait(after, at_most, || self.look())
    }

    fn backup(&self, to: &Path) -> Outcome<()> {
        let reader = self.readers.take()?;
        copy(reader.connection(), to)
    }

    fn check(&self) -> Outcome<Vec<String>> {
        let reader = self.readers.take()?;
        let spoken = Spoken(reader.connection());
        spoken.batch("BEGIN")?;
        let rows = spoken.query("PRAGMA integrity_check", &[])?;
        let mut complaints: Vec<String> = rows.into_iter().map(|mut row| row.text(0)).filter(|line| line != "ok").collect();
        let known = self.shape.lock().unwrap_or_else(PoisonError::into_inner).clone();
        complaints.extend(crate::audit::complaints(&Desk::new(&spoken, false, &self.programs, known)?)?);
        Ok(complaints)
    }

    fn engine(&self) -> &'static str {
        "sqlite"
    }

    fn keep_bytes(&self, folder: &Path, from: &mut dyn std::io::Read, most: u64) -> Outcome<(String, i64)> {
        crate::files::keep(folder, from, most)
    }

    fn bytes(&self, folder: &Path, hash: &str) -> Outcome<Option<Box<dyn Bytes>>> {
        crate::files::open(folder, hash)
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for a chart")]
    fn figures(&self) -> Vec<(&'static str, f64)> {
        let number = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed) as f64;
        let size = |path: &Path| std::fs::metadata(path).map_or(0.0, |file| file.len() as f64);
        vec![
            ("store_queue_depth", number(&self.figures.waiting)),
            ("store_turned_away", number(&self.figures.turned_away)),
            ("store_commits", number(&self.figures.commits)),
            ("store_transactions", number(&self.figures.committed)),
            ("store_last_group", number(&self.figures.last_group)),
            ("store_bytes", size(&self.path)),
            ("store_wal_bytes", size(&beside(&self.path, "-wal"))),
            ("store_readers", self.readers.idle.lock().map_or(0, |idle| idle.1) as f64),
        ]
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Closing the queue lets the writer finish what it holds and end.
        self.queue.take();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        if self.forget {
            self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).0.clear();
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(&self.path, suffix));
            }
        }
    }
}

/// A file of SQLite's that stands beside the database.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Brings the tables to the newest version; an older database is copied first.
fn migrate(connection: &Connection, path: &Path) -> Outcome<()> {
    let spoken = Spoken(connection);
    let run = || -> Result<(), SqlError> {
        let reached = crate::migrate::reached(&spoken)?;
        if reached == crate::migrate::NEWEST {
            return Ok(());
        }
        if reached > 0 && reached < crate::migrate::NEWEST {
            let kept = beside(path, &format!(".before-step-{}", crate::migrate::NEWEST));
            if !kept.exists() {
                copy(connection, &kept).map_err(|fault| SqlError { conflict: false, passing: true, why: fault.describe() })?;
            }
        }
        spoken.batch("BEGIN IMMEDIATE")?;
        crate::migrate::run(&spoken, Dialect::Sqlite)?;
        fill_in(&spoken, reached).map_err(|fault| SqlError { conflict: false, passing: false, why: fault.describe() })?;
        spoken.batch("COMMIT")
    };
    run().map_err(|error| {
        let _ = spoken.batch("ROLLBACK");
        Fault::from(error)
    })
}

fn fill_in(spoken: &Spoken<'_>, reached: i64) -> Outcome<()> {
    let programs = Programs::default();
    crate::upgrade::run(&Desk::new(spoken, true, &programs, Arc::default())?, reached)
}

/// Copies the database as it is at this moment. Writing goes on meanwhile.
fn copy(from: &Connection, to: &Path) -> Outcome<()> {
    if to.exists() {
        let shown = to.display();
        return Err(Refusal::new("file_exists", format!("Файл {shown} уже есть"), format!("The file {shown} exists already")).into());
    }
    let copied = (|| -> rusqlite::Result<()> {
        let mut target = Connection::open(to)?;
        {
            let backup = rusqlite::backup::Backup::new(from, &mut target)?;
            // All pages in one step are one snapshot; in several steps a busy writer would make it begin again and again.
            while backup.step(-1)? != rusqlite::backup::StepResult::Done {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // One file that needs nothing beside it.
        target.query_row("PRAGMA journal_mode=DELETE", [], |_| Ok(()))?;
        target.close().map_err(|(_, error)| error)
    })();
    let synced =
        copied.map_err(|error| told(error).why).and_then(|()| std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|error| error.to_string()));
    synced.map_err(|why| {
        let _ = std::fs::remove_file(to);
        Failure::retry(format!("the copy failed: {why}")).into()
    })
}

/// A reading connection that goes back by itself, its snapshot ended.
struct Reader<'a> {
    connection: Option<Connection>,
    home: &'a Readers,
}

impl Reader<'_> {
    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("it goes back only when it is dropped")
    }
}

impl Readers {
    fn take(&self) -> Result<Reader<'_>, Fault> {
        let full = |state: &mut (Vec<Connection>, usize)| state.0.is_empty() && state.1 >= MOST_READERS;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut idle, late) = self.back.wait_timeout_while(idle, PATIENCE, full).unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() && full(&mut idle) {
            return Err(Failure::retry("all reading connections are busy").into());
        }
        if let Some(connection) = idle.0.pop() {
            return Ok(Reader { connection: Some(connection), home: self });
        }
        idle.1 += 1;
        drop(idle);
        match connection::open(&self.path, Role::Reader) {
            Ok(connection) => Ok(Reader { connection: Some(connection), home: self }),
            Err(error) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).1 -= 1;
                self.back.notify_one();
                Err(error.into())
            }
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let ended = connection.is_autocommit() || Spoken(&connection).batch("ROLLBACK").is_ok();
        let mut idle = self.home.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if ended && idle.0.len() < KEPT_READERS {
            idle.0.push(connection);
        } else {
            idle.1 -= 1;
        }
        drop(idle);
        self.home.back.notify_one();
    }
}
