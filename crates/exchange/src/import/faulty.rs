//! The rows that could not be imported, as a file of the same columns with the reason behind: corrected, it is imported again.

use super::mapping::REASON;
use super::{Format, bytes_of, file_of, import_of};
use crate::operations::{self, Note};
use crate::table::{self, Sheet};
use crm::{Failure, House, Lang, Outcome, Rights};
use std::collections::HashMap;
use std::io::Write;

/// Writes the faulty rows of an import; of another operation its records and reasons. The ending of the file's name.
///
/// # Errors
/// `not_found` for operations of others.
pub fn faulty(house: &House, rights: &Rights, id: i64, lang: Lang, to: &mut (dyn Write + Send)) -> Outcome<&'static str> {
    let (operation, notes) = house.read(|read| Ok((operations::open(read, rights, id)?, operations::notes(read, id, false, usize::MAX)?)))?;
    let reason = REASON[usize::from(lang == Lang::En)];
    let Ok(plan) = import_of(&operation) else {
        let mut sheet = table::csv(to, lang)?;
        sheet.row(&["№".into(), if lang == Lang::Ru { "Название" } else { "Title" }.into(), reason.into()])?;
        for note in &notes {
            sheet.row(&[note.at.to_string().into(), note.title.as_str().into(), note.why.get(lang).into()])?;
        }
        sheet.end()?;
        return Ok("csv");
    };
    let whys: HashMap<i64, &Note> = notes.iter().map(|note| (note.at, note)).collect();
    let (mut sheet, ending): (Box<dyn Sheet + '_>, _) = match plan.source.format {
        Format::Xlsx => (Box::new(table::xlsx(to)?), "xlsx"),
        Format::Csv | Format::Vcard => (Box::new(table::csv(to, lang)?), "csv"),
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes_of(house, &file_of(house, plan.rows)?)?);
    for (number, record) in (0_i64..).zip(reader.records()) {
        let record = record.map_err(|error| Failure::give_up(format!("rows cannot be read: {error}")))?;
        let why = match number {
            0 => Some(reason),
            number => whys.get(&number).map(|note| note.why.get(lang)),
        };
        if let Some(why) = why {
            // A file of errors that is corrected and fails again gets no second column of reasons.
            let old = plan.header.iter().position(|title| REASON.contains(&title.as_str()));
            let mut row: Vec<table::Cell<'_>> = record.iter().enumerate().filter(|(at, _)| Some(*at) != old).map(|(_, cell)| table::Cell::Raw(cell)).collect();
            row.resize(plan.header.len() - usize::from(old.is_some()), table::Cell::Raw(""));
            row.push(why.into());
            sheet.row(&row)?;
        }
    }
    sheet.end()?;
    Ok(ending)
}
