//! Keeps a second server away from the same file: two of them would both run the rules and both send the messages.

use crm::{Failure, Outcome, Refusal};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::Path;

/// The lock on a database file; it ends with the process, however that ends.
#[derive(Debug)]
pub struct Guard {
    _file: File,
}

impl Guard {
    /// Takes the lock of the database at this path.
    ///
    /// # Errors
    /// `database_in_use` when a server holds it.
    pub fn take(path: &Path) -> Outcome<Guard> {
        let lock = crate::sqlite::beside(path, ".lock");
        let shown = lock.display();
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&lock)
            .map_err(|error| Failure::give_up(format!("the lock file {shown} cannot be opened: {error}")))?;
        match file.try_lock() {
            Ok(()) => {
                // Only for a person who looks into it.
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                Ok(Guard { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let shown = path.display();
                Err(Refusal::new(
                    "database_in_use",
                    format!("С базой {shown} уже работает другой сервер Вехи"),
                    format!("Another Vekha server works on the database {shown} already"),
                )
                .into())
            }
            Err(TryLockError::Error(error)) => Err(Failure::give_up(format!("the lock file {shown} cannot be locked: {error}")).into()),
        }
    }
}
