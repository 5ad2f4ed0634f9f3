//! The thread that does, beside the writers, what changes of the shape leave behind.

use crate::chores::{self, Chore};
use crate::desk::{Desk, Programs};
use crate::postgres::connection::Line;
use crate::sql::{Cell, Sql as _};
use crm::{Failure, Outcome};
use postgres::Config;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// So often it is tried again when the database does not let it.
const REPEATS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);

/// Begins the thread. It ends with the store that wakes it.
pub fn begin(config: Config, wake: Receiver<()>) -> Outcome<()> {
    let work = move || {
        while wake.recv().is_ok() {
            for repeat in 1..=REPEATS {
                match all(&config) {
                    Ok(()) => break,
                    Err(fault) if repeat == REPEATS => {
                        tracing::error!(
                            why = fault.describe(),
                            "what a change of the shape left behind could not be done; it is tried again at the next start"
                        );
                    }
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        }
    };
    std::thread::Builder::new().name("store-chores".to_owned()).spawn(work).map(drop).map_err(|error| Failure::retry(error.to_string()).into())
}

/// Does everything that is left, on a connection of its own; one node at a time.
fn all(config: &Config) -> Outcome<()> {
    let line = Line::connect(config)?;
    let free = line.query("SELECT CAST(CAST(pg_try_advisory_lock($1::bigint) AS int) AS bigint)", &[Cell::Int(crate::dialect::LOCK_CHORES)])?;
    if free.first().is_none_or(|row| row.int(0) == 0) {
        // Another node is at it and looks once more before it stops; what comes later wakes somebody again.
        return Ok(());
    }
    let programs = Programs::default();
    loop {
        let Some(chore) = transaction(&line, &programs, chores::next)? else { return Ok(()) };
        match chore.index() {
            Some(statement) => index(&line, &programs, &chore, statement)?,
            None => transaction(&line, &programs, |desk| chores::step(desk, &chore))?,
        }
    }
}

fn transaction<T>(line: &Line, programs: &Programs, work: impl Fn(&Desk<'_>) -> Outcome<T>) -> Outcome<T> {
    line.batch("BEGIN")?;
    let done = Desk::new(line, true, programs, Arc::default()).and_then(|desk| work(&desk));
    line.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

/// Makes an index while others write. One that was broken off on the way is of no use: it goes first.
fn index(line: &Line, programs: &Programs, chore: &Chore, statement: &str) -> Outcome<()> {
    let wanted = transaction(line, programs, |desk| Ok(crate::shape::still_wanted(desk, chore.kind(), statement)))?;
    if wanted {
        let name = crate::shape::named(statement);
        let broken = line.query("SELECT 1::bigint FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid", &[name.into()])?;
        if !broken.is_empty() {
            line.batch(&format!("DROP INDEX CONCURRENTLY {name}"))?;
        }
        line.batch(&chores::beside_writers(statement))?;
    }
    transaction(line, programs, |desk| chores::end(desk, chore))
}
