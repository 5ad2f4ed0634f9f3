//! Rows become records: some hundred in one transaction, each for itself.

use super::rows::{Meaning, Reading};
use super::words::{Found, Lexicon, Words};
use super::{bytes_of, file_of, import_of};
use crate::operations::run::{Hand, Pace, alone, finish_or_keep};
use crate::operations::{Note, Operation, State, field, keep_notes};
use crm::{Change, Command, Fact, Failure, House, ItemRef, Outcome, Refusal, Rights, Tx, Value, Values, code};
use std::io::SeekFrom;

/// Rows in one transaction.
const CHUNK: usize = 500;

/// Rows read before a transaction: the disk must not be waited for inside one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    /// The place in the file where they begin.
    from: i64,
    /// The place behind them.
    to: i64,
    rows: Vec<Vec<String>>,
    /// Zone of the firm.
    zone: Option<jiff::tz::TimeZone>,
}

/// The next rows of an operation that is an import and is not being taken back; `None`: it is something else.
pub(crate) fn batch(house: &House, operation: i64) -> Outcome<Option<Batch>> {
    let operation = house.read(|read| crate::operations::open(read, &Rights::system(), operation))?;
    let Ok(plan) = import_of(&operation) else { return Ok(None) };
    if operation.state == State::Undoing || !operation.state.is_going() {
        return Ok(None);
    }
    let from = operation.count(field::MARK);
    let mut bytes = bytes_of(house, &file_of(house, plan.rows)?)?;
    let place = u64::try_from(from).unwrap_or(0);
    bytes.seek(SeekFrom::Start(place)).map_err(|error| Failure::retry(format!("a file cannot be read: {error}")))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut batch = Batch { from, to: from, rows: Vec::with_capacity(CHUNK), zone: Some(house.firm.zone.clone()) };
    let mut record = csv::StringRecord::new();
    let mut header = from == 0;
    while batch.rows.len() < CHUNK && reader.read_record(&mut record).map_err(|error| Failure::give_up(format!("rows cannot be read: {error}")))? {
        batch.to = from + i64::try_from(reader.position().byte()).unwrap_or(i64::MAX);
        if !std::mem::take(&mut header) {
            batch.rows.push(record.iter().map(str::to_owned).collect());
        }
    }
    Ok(Some(batch))
}

/// What came of a row.
enum Came {
    Made,
    Changed,
    Unchanged,
    Wrong(crm::Label),
}

/// One transaction of an import.
pub(crate) fn chunk(tx: &mut dyn Tx, hand: &Hand<'_>, operation: &mut Operation, batch: &Batch) -> Outcome<Pace> {
    if operation.count(field::MARK) != batch.from {
        return Err(Failure::retry("another worker reads the same file").into());
    }
    let plan = import_of(operation)?;
    let schema = tx.schema();
    let shape = schema.kind(operation.plan.kind).ok_or_else(Refusal::not_found)?;
    let zone = batch.zone.clone().unwrap_or(jiff::tz::TimeZone::UTC);
    let (found, lexicon) = (Found::default(), Lexicon::new(tx.read())?);
    let (failed, first) = (operation.count(field::FAILED), operation.seen());
    let mut notes = Vec::new();
    for (at, row) in batch.rows.iter().enumerate() {
        let meaning = {
            let words = Words { read: tx.read(), rights: hand.rights, zone: &zone, lexicon: &lexicon };
            Reading::new(shape, &plan, words, &found)?.meaning(row)?
        };
        match one(tx, hand, shape.id, meaning)? {
            Came::Made => {
                operation.add(field::DONE, 1);
                operation.add(field::MADE, 1);
            }
            Came::Changed => operation.add(field::DONE, 1),
            Came::Unchanged => operation.add(field::SKIPPED, 1),
            Came::Wrong(why) => {
                operation.add(field::FAILED, 1);
                let title = row.iter().find(|cell| !cell.trim().is_empty()).map_or("", String::as_str);
                notes.push(Note::new(first + i64::try_from(at).unwrap_or(0) + 1, title, why));
            }
        }
    }
    keep_notes(tx, operation.item.id, false, failed, &notes)?;
    operation.item.values.set(field::MARK, Value::Int(batch.to));
    finish_or_keep(tx, hand, operation, batch.rows.is_empty())
}

fn one(tx: &mut dyn Tx, hand: &Hand<'_>, kind: crm::EntityTypeId, meaning: Meaning) -> Outcome<Came> {
    match meaning {
        Meaning::Wrong(why) => Ok(Came::Wrong(why)),
        Meaning::Skip => Ok(Came::Unchanged),
        Meaning::Make(values, trail) => {
            let command = Command::Create { kind, values };
            let refused = alone(tx, |tx| {
                let done = hand.executor.execute(tx, hand.rights, &hand.cause, &command)?;
                match done.item.filter(|_| !trail.0.is_empty()) {
                    Some(at) => old_trail(tx, hand, at, &trail),
                    None => Ok(()),
                }
            })?;
            Ok(refused.map_or(Came::Made, Came::Wrong))
        }
        Meaning::Change(at, values) => {
            let before = tx.item(&Rights::system(), at)?.map(|item| item.version);
            let command = Command::Change { item: at, values };
            if let Some(why) = alone(tx, |tx| hand.executor.execute(tx, hand.rights, &hand.cause, &command).map(drop))? {
                return Ok(Came::Wrong(why));
            }
            let after = tx.item(&Rights::system(), at)?.map(|item| item.version);
            Ok(if before == after { Came::Unchanged } else { Came::Changed })
        }
    }
}

/// When and by whom it was made in the old system. The log says that the import wrote this: it stays honest.
fn old_trail(tx: &mut dyn Tx, hand: &Hand<'_>, at: ItemRef, trail: &Values) -> Outcome<()> {
    let mut item = tx.item(&Rights::system(), at)?.ok_or_else(Refusal::not_found)?;
    let mut changes = Vec::new();
    for field in [code::CREATED_AT, code::CREATED_BY] {
        let (old, new) = (item.values.get(field).clone(), trail.get(field).clone());
        if !new.is_empty() && old != new {
            item.values.set(field, new.clone());
            changes.push(Change { field: field.to_owned(), old, new });
        }
    }
    match changes.is_empty() {
        true => Ok(()),
        false => tx.save(&mut item, &hand.cause, vec![Fact::Changed { changes }]),
    }
}
