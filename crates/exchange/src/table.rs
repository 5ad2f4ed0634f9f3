//! Tables on their way out: CSV for any program, XLSX for Excel, row by row.

use crate::safe::shield;
use crm::{Failure, Lang, Outcome};
use rust_xlsxwriter::{Format, Workbook};
use std::borrow::Cow;
use std::io::Write;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// A text of a person; made safe for spreadsheets.
    Text(Cow<'a, str>),
    /// A text as it stood in another file: safe or not already.
    Raw(&'a str),
    /// A number in ten-thousandths.
    Number(i64),
    /// A day, or a local time.
    Time(jiff::civil::DateTime, bool),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Cell::Text(Cow::Owned(text))
    }
}

/// A table that is being written.
pub trait Sheet {
    /// Writes one row.
    ///
    /// # Errors
    /// Failures of whoever takes the bytes.
    fn row(&mut self, cells: &[Cell<'_>]) -> Outcome<()>;
    /// Writes what is left.
    ///
    /// # Errors
    /// As [`Sheet::row`].
    fn end(&mut self) -> Outcome<()>;
}

pub(crate) fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::give_up(format!("a table could not be written: {error}"))
}

/// Text that Excel opens by a double click: UTF-8 with its mark; for Russians `;` and the decimal comma.
pub struct Csv<'w> {
    writer: csv::Writer<&'w mut (dyn Write + Send)>,
    lang: Lang,
}

/// Begins a text table.
///
/// # Errors
/// Failures of whoever takes the bytes.
pub fn csv<'w>(to: &'w mut (dyn Write + Send), lang: Lang) -> Outcome<Csv<'w>> {
    to.write_all("\u{feff}".as_bytes()).map_err(failed)?;
    let delimiter = if lang == Lang::Ru { b';' } else { b',' };
    Ok(Csv { writer: csv::WriterBuilder::new().flexible(true).delimiter(delimiter).terminator(csv::Terminator::CRLF).from_writer(to), lang })
}

/// A number in ten-thousandths with this decimal mark.
fn number(scaled: i64, mark: char) -> String {
    let sign = if scaled < 0 { "-" } else { "" };
    let text = format!("{sign}{}{mark}{:04}", (scaled / 10_000).unsigned_abs(), (scaled % 10_000).unsigned_abs());
    text.trim_end_matches('0').trim_end_matches(mark).to_owned()
}

impl Sheet for Csv<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Outcome<()> {
        for cell in cells {
            match cell {
                Cell::Text(text) => self.writer.write_field(&*shield(text)),
                Cell::Raw(text) => self.writer.write_field(text),
                Cell::Number(scaled) => self.writer.write_field(number(*scaled, if self.lang == Lang::Ru { ',' } else { '.' })),
                Cell::Time(at, true) => self.writer.write_field(at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
                Cell::Time(at, false) => self.writer.write_field(at.strftime("%Y-%m-%d").to_string()),
            }
            .map_err(failed)?;
        }
        Ok(self.writer.write_record(None::<&[u8]>).map_err(failed)?)
    }

    fn end(&mut self) -> Outcome<()> {
        Ok(self.writer.flush().map_err(failed)?)
    }
}

/// A workbook holds so many rows on one sheet; the header is repeated on the next.
const SHEET_ROWS: u32 = 1_000_000;

/// A workbook; its rows go to the disk while they are written.
pub struct Xlsx<'w> {
    to: &'w mut (dyn Write + Send),
    book: Workbook,
    sheets: usize,
    row: u32,
    header: Vec<String>,
}

/// Begins a workbook.
///
/// # Errors
/// Failures of the disk.
pub fn xlsx<'w>(to: &'w mut (dyn Write + Send)) -> Outcome<Xlsx<'w>> {
    let mut book = Workbook::new();
    book.add_worksheet_with_constant_memory();
    Ok(Xlsx { to, book, sheets: 1, row: 0, header: Vec::new() })
}

impl Xlsx<'_> {
    fn write(&mut self, cells: &[Cell<'_>]) -> Outcome<()> {
        let row = self.row;
        let sheet = self.book.worksheet_from_index(self.sheets - 1).map_err(failed)?;
        for (at, cell) in cells.iter().enumerate() {
            let column = u16::try_from(at).map_err(failed)?;
            match cell {
                // A written text is no formula here, but the sheet may be saved as CSV afterwards.
                Cell::Text(text) => sheet.write_string(row, column, shield(text).chars().take(32_767).collect::<String>()).map(drop),
                Cell::Raw(text) => sheet.write_string(row, column, text.chars().take(32_767).collect::<String>()).map(drop),
                #[expect(clippy::cast_precision_loss, reason = "a workbook knows only floating numbers")]
                Cell::Number(scaled) => sheet.write_number(row, column, *scaled as f64 / 10_000.0).map(drop),
                Cell::Time(at, time) => {
                    let text = if *time { at.strftime("%Y-%m-%dT%H:%M:%S") } else { at.strftime("%Y-%m-%d") }.to_string();
                    let format = Format::new().set_num_format(if *time { "dd.mm.yyyy hh:mm:ss" } else { "dd.mm.yyyy" });
                    let parsed = rust_xlsxwriter::ExcelDateTime::parse_from_str(&text);
                    match parsed {
                        Ok(moment) => sheet.write_datetime_with_format(row, column, &moment, &format).map(drop),
                        // Days before 1900 are no days for Excel.
                        Err(_) => sheet.write_string(row, column, text).map(drop),
                    }
                }
            }
            .map_err(failed)?;
        }
        self.row += 1;
        Ok(())
    }
}

impl Sheet for Xlsx<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Outcome<()> {
        if self.row == 0 && self.sheets == 1 {
            self.header = cells.iter().map(|cell| if let Cell::Text(text) = cell { text.to_string() } else { String::new() }).collect();
        }
        if self.row >= SHEET_ROWS {
            self.book.add_worksheet_with_constant_memory();
            (self.sheets, self.row) = (self.sheets + 1, 0);
            let header: Vec<Cell<'_>> = self.header.clone().into_iter().map(Cell::from).collect();
            self.write(&header)?;
        }
        self.write(cells)
    }

    fn end(&mut self) -> Outcome<()> {
        let bytes = self.book.save_to_buffer().map_err(failed)?;
        Ok(self.to.write_all(&bytes).map_err(failed)?)
    }
}
