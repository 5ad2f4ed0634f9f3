//! What the played world remembers: one line of JSON for every change of a record; the last line about a record counts.

use serde::{Serialize, de::DeserializeOwned};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A file that only grows. Without a path nothing is remembered.
pub struct Journal {
    file: Option<Mutex<File>>,
}

impl Journal {
    /// Opens the file and reads what is in it, the oldest first. A line that was cut short by a crash is left out.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn open<T: DeserializeOwned>(path: Option<PathBuf>) -> std::io::Result<(Journal, Vec<T>)> {
        let Some(path) = path else { return Ok((Journal { file: None }, Vec::new())) };
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let mut found = Vec::new();
        for line in BufReader::new(&file).split(b'\n') {
            found.extend(serde_json::from_slice(&line?));
        }
        let journal = Journal { file: Some(Mutex::new(file)) };
        // A line cut short must not swallow the next one.
        journal.line(b"");
        Ok((journal, found))
    }

    /// Writes a record down. A full disk loses the demo's memory, not the demo.
    pub fn put<T: Serialize>(&self, record: &T) {
        match serde_json::to_vec(record) {
            Ok(line) => self.line(&line),
            Err(error) => tracing::warn!(%error, "the demo cannot write down what happened"),
        }
    }

    fn line(&self, text: &[u8]) {
        let Some(file) = &self.file else { return };
        let mut line = text.to_vec();
        line.push(b'\n');
        if let Err(error) = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line) {
            tracing::warn!(%error, "the demo cannot write down what happened");
        }
    }
}
