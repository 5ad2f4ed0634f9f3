//! What would come of an import, over all rows of the file; nothing is written.

use super::rows::{Meaning, Reading, would_be_refused};
use super::words::{Found, Lexicon, Words};
use super::{bytes_of, draft, file_of, source};
use crate::operations::Note;
use crm::{House, Label, Outcome, Refusal, Rights, Value};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Rows looked at in one snapshot.
const CHUNK: usize = 500;
/// Rows of each sort that are shown.
const SAMPLES: usize = 5;
/// Errors that are shown.
const ERRORS: usize = 20;

/// Counts over all rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preview {
    /// Rows without the header.
    pub rows: u64,
    /// New records.
    pub make: u64,
    /// Known records that are changed.
    pub change: u64,
    /// Rows that are left out.
    pub skip: u64,
    /// Rows with a mistake.
    pub wrong: u64,
    /// The first of each sort.
    pub samples: Vec<Sample>,
    /// The first mistakes.
    pub errors: Vec<Note>,
}

/// One row as it was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its number, from 1.
    pub row: u64,
    /// `make`, `change` or `skip`.
    pub sort: &'static str,
    /// Number of the known record; 0: none.
    pub known: i64,
    /// Its first cells.
    pub cells: Vec<String>,
}

/// Looks at all rows.
///
/// # Errors
/// As [`draft`]; a file that cannot be read to its end.
pub fn preview(house: &House, rights: &Rights, id: i64) -> Outcome<Preview> {
    let draft = draft(house, rights, id)?;
    let mut rows = source::rows(&draft.plan.source, bytes_of(house, &file_of(house, draft.plan.file)?)?)?.skip(1);
    let mut preview = Preview::default();
    let found = Found::default();
    // Rows of the same file that make one record: the second is a known one by then.
    let mut seen: HashSet<u64> = HashSet::new();
    loop {
        let chunk = rows.by_ref().take(CHUNK).collect::<Outcome<Vec<_>>>()?;
        if chunk.is_empty() {
            return Ok(preview);
        }
        house.read(|read| {
            let schema = read.schema();
            let shape = schema.kind(draft.operation.plan.kind).ok_or_else(Refusal::not_found)?;
            let lexicon = Lexicon::new(read)?;
            let words = Words { read, rights, zone: &house.firm.zone, lexicon: &lexicon };
            let reading = Reading::new(shape, &draft.plan, words, &found)?;
            let mut counted = preview.clone();
            let mut again = seen.clone();
            for row in &chunk {
                counted.rows += 1;
                let meaning = reading.meaning(row)?;
                let refused = would_be_refused(read, rights, shape, &meaning)?;
                count(&mut counted, &mut again, &reading, row, meaning, refused);
            }
            (preview, seen) = (counted, again);
            Ok(())
        })?;
    }
}

fn count(preview: &mut Preview, seen: &mut HashSet<u64>, reading: &Reading<'_>, row: &[String], meaning: Meaning, refused: Option<Label>) {
    if let Some(why) = refused {
        return wrong(preview, row, why);
    }
    let sort = match &meaning {
        Meaning::Wrong(why) => return wrong(preview, row, why.clone()),
        Meaning::Make(values, _) if key_of(reading, values).is_some_and(|key| !seen.insert(key)) => match reading.plan.known {
            super::Known::Double => "make",
            super::Known::Skip => "skip",
            super::Known::Update | super::Known::UpdateOnly => "change",
        },
        Meaning::Make(..) => "make",
        Meaning::Change(..) => "change",
        Meaning::Skip => "skip",
    };
    match sort {
        "make" => preview.make += 1,
        "change" => preview.change += 1,
        _ => preview.skip += 1,
    }
    if preview.samples.iter().filter(|sample| sample.sort == sort).count() < SAMPLES {
        let known = if let Meaning::Change(at, _) = meaning { at.id } else { 0 };
        preview.samples.push(Sample { row: preview.rows, sort, known, cells: row.iter().take(8).map(|cell| cell.chars().take(80).collect()).collect() });
    }
}

fn wrong(preview: &mut Preview, row: &[String], why: Label) {
    preview.wrong += 1;
    if preview.errors.len() < ERRORS {
        let title = row.iter().find(|cell| !cell.trim().is_empty()).map_or("", String::as_str);
        preview.errors.push(Note::new(i64::try_from(preview.rows).unwrap_or(i64::MAX), title, why));
    }
}

/// The answers to the key, as one number. A row without a key is like no other.
fn key_of(reading: &Reading<'_>, values: &crm::Values) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for key in &reading.plan.key {
        match reading.shape.field(key).and_then(|field| field.accept(values.get(key)).ok()).filter(|value| !value.is_empty())? {
            Value::Points(points) => points.list.first().map(|point| point.normal.clone()).hash(&mut hasher),
            other => format!("{other:?}").hash(&mut hasher),
        }
    }
    (!reading.plan.key.is_empty()).then(|| hasher.finish())
}
