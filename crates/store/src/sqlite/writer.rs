//! The one thread that writes. It takes closures from a bounded queue, runs many of them in one transaction, each in a
//! savepoint of its own, and answers all of them after the one commit: the disk is asked to sync once for all.

use crate::desk::{Desk, Programs};
use crate::news::News;
use crate::shape::Shape;
use crate::sql::{Sql as _, SqlError};
use crate::sqlite::connection::Spoken;
use crm::{Failure, Fault, Outcome, Seq, Work};
use rusqlite::Connection;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

/// At most so many closures share a commit.
const LARGEST_GROUP: usize = 256;
/// No new closure joins a group that is older than this.
const OLDEST_GROUP: Duration = Duration::from_millis(10);
/// After so much quiet the log beside the database is folded back into it.
const QUIET: Duration = Duration::from_secs(2);
/// An index waits so long for a quiet moment; then it is made all the same.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two steps of a chore others come first.
const BREATH: Duration = Duration::from_millis(5);
/// A log beside the database that is larger than this is folded back even under load.
const LARGEST_WAL: u64 = 64 * 1024 * 1024;
/// After so many commits the engine looks at its indexes anew, at the next quiet moment.
const MANY_GROUPS: u32 = 500;
/// How often a closure runs again that met a stale copy.
const REPEATS: usize = 3;

/// What came of a closure: its answer, or the panic that ended it.
pub type Answer = std::thread::Result<Outcome<Box<dyn Any + Send>>>;

/// A closure on its way to the thread, and the way back.
pub struct Job {
    /// The closure.
    pub work: Work,
    /// Where the answer goes.
    pub answer: SyncSender<Answer>,
}

/// Figures of the writer.
#[derive(Debug, Default)]
pub struct Figures {
    /// Closures in the queue.
    pub waiting: AtomicU64,
    /// Closures that were refused because the queue was full.
    pub turned_away: AtomicU64,
    /// Commits.
    pub commits: AtomicU64,
    /// Closures in these commits.
    pub committed: AtomicU64,
    /// Closures in the last commit.
    pub last_group: AtomicU64,
}

/// The thread's belongings.
pub struct Writer {
    /// The only connection that writes.
    pub connection: Connection,
    /// The queue.
    pub queue: Receiver<Job>,
    /// Who is told of new events.
    pub news: Arc<News>,
    /// Programs read before.
    pub programs: Arc<Programs>,
    /// Figures.
    pub figures: Arc<Figures>,
    /// The log beside the database.
    pub wal: PathBuf,
    /// The shape as this connection last saw it, committed or not.
    pub shape: Arc<Shape>,
}

impl Writer {
    /// Works until the queue is closed.
    pub fn work(mut self) {
        let (mut tidy, mut groups) = (false, 0_u32);
        // A former run of the program may have left something, and a change of the shape may.
        let (mut left, mut since) = (Left::Steps, Instant::now());
        loop {
            match self.queue.recv_timeout(if left == Left::Steps { BREATH } else { QUIET }) {
                Ok(first) => {
                    let version = self.shape.schema.version;
                    self.group(first);
                    (tidy, groups) = (false, groups.saturating_add(1));
                    if self.shape.schema.version != version {
                        (left, since) = (Left::Steps, Instant::now());
                    }
                    // Under load chores go on, too: one step after every few groups, an index when it has waited long.
                    if left == Left::Index && since.elapsed() > PATIENCE {
                        left = self.chore(true);
                    } else if left == Left::Steps && groups.is_multiple_of(4) {
                        left = self.chore(false);
                    }
                    self.fold(LARGEST_WAL);
                }
                Err(RecvTimeoutError::Timeout) if left != Left::Nothing => left = self.chore(left == Left::Index),
                Err(RecvTimeoutError::Timeout) if tidy => {}
                Err(RecvTimeoutError::Timeout) => {
                    if groups >= MANY_GROUPS {
                        self.learn();
                        groups = 0;
                    }
                    self.fold(1);
                    tidy = true;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.fold(1);
    }

    /// Does one step of what a change of the shape left behind; what is left after it. The engine makes an index in one
    /// go, while nobody else can write: that waits for a quiet moment.
    fn chore(&mut self, quiet: bool) -> Left {
        let spoken = Spoken(&self.connection);
        let step = || -> Outcome<(Left, Arc<Shape>)> {
            spoken.batch("BEGIN IMMEDIATE")?;
            let desk = Desk::new(&spoken, true, &self.programs, self.shape.clone())?;
            let left = match crate::chores::next(&desk)? {
                None => Left::Nothing,
                Some(chore) if chore.index().is_some() && !quiet => Left::Index,
                Some(chore) => {
                    crate::chores::step(&desk, &chore)?;
                    Left::Steps
                }
            };
            spoken.batch("COMMIT")?;
            Ok((left, desk.shape()))
        };
        match step() {
            Ok((left, shape)) => {
                self.shape = shape;
                left
            }
            Err(fault) => {
                let _ = spoken.batch("ROLLBACK");
                tracing::error!(why = fault.describe(), "what a change of the shape left behind could not be done; it is tried again at the next start");
                Left::Nothing
            }
        }
    }

    /// Lets the engine count what its indexes hold, so that it chooses well between them.
    fn learn(&self) {
        if let Err(error) = Spoken(&self.connection).batch("PRAGMA analysis_limit=400; PRAGMA optimize") {
            tracing::debug!(error = %error.why, "the engine did not learn about its indexes");
        }
    }

    /// Folds the log beside the database back into it when it is large; readers are not waited for.
    fn fold(&self, larger_than: u64) {
        if std::fs::metadata(&self.wal).is_ok_and(|file| file.len() >= larger_than) {
            let busy = self.connection.busy_timeout(Duration::ZERO);
            let folded = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            let _ = self.connection.busy_timeout(crate::sqlite::connection::BUSY);
            if let Err(error) = busy.and(folded) {
                tracing::debug!(%error, "the write-ahead log was not folded");
            }
        }
    }

    fn group(&mut self, first: Job) {
        let begun = Instant::now();
        let before = self.shape.clone();
        let changes = self.connection.total_changes();
        let mut last = Seq(0);
        let mut waiting: Vec<(SyncSender<Answer>, Answer)> = Vec::new();
        let mut next = Some(first);
        let opened = Spoken(&self.connection).batch("BEGIN IMMEDIATE");
        while let Some(mut job) = next.take() {
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            let answer = match &opened {
                Ok(()) => self.run(&mut job.work, &mut last),
                Err(error) => Ok(Err(error.clone().into())),
            };
            waiting.push((job.answer, answer));
            // A broken disk rolls the whole transaction back by itself: what ran so far is lost.
            let open = opened.is_ok() && !self.connection.is_autocommit();
            if open && waiting.len() < LARGEST_GROUP && begun.elapsed() < OLDEST_GROUP {
                next = self.queue.try_recv().ok();
            }
        }
        match opened.and_then(|()| self.commit()) {
            Ok(()) => {
                if self.connection.total_changes() != changes {
                    #[cfg(feature = "crash")]
                    crate::crash::after_commit();
                    self.figures.commits.fetch_add(1, Ordering::Relaxed);
                    self.figures.committed.fetch_add(waiting.len() as u64, Ordering::Relaxed);
                    self.figures.last_group.store(waiting.len() as u64, Ordering::Relaxed);
                }
                self.news.tell(last);
            }
            Err(error) => {
                tracing::error!(error = %error.why, "a commit failed");
                self.shape = before;
                let failure: Fault = Failure::retry(error.why).into();
                for (_, answer) in &mut waiting {
                    if matches!(answer, Ok(Ok(_))) {
                        *answer = Ok(Err(failure.clone()));
                    }
                }
            }
        }
        for (way_back, answer) in waiting {
            // Nobody listens any more when the caller is gone: its work is done all the same.
            let _ = way_back.send(answer);
        }
    }

    fn commit(&self) -> Result<(), SqlError> {
        if self.connection.is_autocommit() {
            return Err(SqlError { conflict: false, passing: true, why: "SQLite rolled the transaction back by itself".to_owned() });
        }
        let spoken = Spoken(&self.connection);
        spoken.batch("COMMIT").inspect_err(|_| {
            let _ = spoken.batch("ROLLBACK");
        })
    }

    /// Runs one closure in a savepoint: whatever happens in it, the others in the group are not touched.
    fn run(&mut self, work: &mut Work, last: &mut Seq) -> Answer {
        for _ in 0..REPEATS {
            match self.once(work, last) {
                Once::Over(answer) => return answer,
                Once::Again => {}
            }
        }
        Ok(Err(Failure::retry("the item was changed by somebody else in the meantime").into()))
    }

    fn once(&mut self, work: &mut Work, last: &mut Seq) -> Once {
        let spoken = Spoken(&self.connection);
        if let Err(error) = spoken.batch("SAVEPOINT closure") {
            return Once::Over(Ok(Err(error.into())));
        }
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut desk = match Desk::new(&spoken, true, &self.programs, self.shape.clone()) {
                Ok(desk) => desk,
                Err(fault) => return (Err(fault), None, false),
            };
            let answer = work(&mut desk).and_then(|answer| desk.settle().map(|()| answer));
            (answer, Some((desk.shape(), desk.last())), desk.met_conflict())
        }));
        let (answer, conflict) = match ran {
            Ok((Ok(answer), Some((shape, end)), false)) => match spoken.batch("RELEASE closure") {
                Ok(()) => {
                    self.shape = shape;
                    *last = (*last).max(end);
                    return Once::Over(Ok(Ok(answer)));
                }
                Err(error) => (Ok(Err(error.into())), false),
            },
            Ok((answer, _, conflict)) => (Ok(answer), conflict),
            Err(panic) => (Err(panic), false),
        };
        if let Err(error) = spoken.batch("ROLLBACK TO closure; RELEASE closure") {
            tracing::error!(error = %error.why, "a closure could not be rolled back");
            let _ = spoken.batch("ROLLBACK");
        }
        if conflict { Once::Again } else { Once::Over(answer) }
    }
}

/// What is left to do after changes of the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Steps,
    Index,
}

enum Once {
    Over(Answer),
    Again,
}
