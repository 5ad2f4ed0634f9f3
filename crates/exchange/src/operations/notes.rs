//! What did not work and why, in words, record by record.

use crm::{Fault, Label, Outcome, Read, Tx, Value, Values};
use serde::{Deserialize, Serialize};

/// So many reasons of a mass action are kept; of an import all, because its errors go back as a file.
pub(crate) const MOST_NOTES: i64 = 1_000;

/// Why one record was left as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Number of the record; of an import the number of the row, from 1.
    pub at: i64,
    /// How it is called.
    pub title: String,
    /// The reason.
    pub why: Label,
}

impl Note {
    pub(crate) fn new(at: i64, title: &str, why: Label) -> Note {
        Note { at, title: title.chars().take(120).collect(), why }
    }

    /// The reason for a fault, with what is wrong in single fields.
    pub(crate) fn reason(fault: &Fault) -> Label {
        let short = |text: String| text.chars().take(500).collect::<String>();
        match fault {
            Fault::Refused(refusal) => {
                // A single field often says the same as the whole.
                let told = |lang| match refusal.fields.as_slice() {
                    [(_, reason)] if reason.get(lang).contains(refusal.text.get(lang)) => reason.get(lang).to_owned(),
                    _ => refusal.explain(lang),
                };
                Label::new(short(told(crm::Lang::Ru)), short(told(crm::Lang::En)))
            }
            Fault::Failed(failure) => Label::new(format!("сбой: {}", short(failure.why().to_owned())), format!("failure: {}", short(failure.why().to_owned()))),
        }
    }
}

/// Which notes of an operation.
pub(crate) fn prefix(operation: i64, undo: bool) -> String {
    format!("operation:{operation}:{}:", if undo { "undo" } else { "run" })
}

/// Keeps the notes of one transaction behind the `before` that were kept already.
pub(crate) fn keep(tx: &mut dyn Tx, operation: i64, undo: bool, before: i64, notes: &[Note]) -> Outcome<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_string(notes).expect("notes have a JSON form");
    tx.put_setting(&format!("{}{before:012}", prefix(operation, undo)), &Values::from([("notes", Value::text(text))]))
}

/// The first notes of an operation, or of its undoing, in order.
///
/// # Errors
/// Failures of the database.
pub fn notes(read: &dyn Read, operation: i64, undo: bool, most: usize) -> Outcome<Vec<Note>> {
    let mut all = Vec::new();
    for (_, values) in read.settings(&prefix(operation, undo))? {
        let part: Vec<Note> = serde_json::from_str(values.text("notes")).unwrap_or_default();
        all.extend(part);
        if all.len() >= most {
            all.truncate(most);
            break;
        }
    }
    Ok(all)
}
