//! A file as rows of texts, whatever it is: CSV in any encoding and with any delimiter, a sheet of a workbook, vCards.

use super::vcard;
use calamine::{Data, Reader as _, Xlsx};
use crm::{Bytes, Failure, Outcome, Refusal};
use encoding_rs::{Decoder, Encoding, UTF_8};
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read, Seek, SeekFrom};

/// What a file is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text with a delimiter.
    #[default]
    Csv,
    /// A workbook of Excel.
    Xlsx,
    /// Cards of an address book.
    Vcard,
}

/// How a file is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Source {
    /// What it is made of.
    pub format: Format,
    /// Name of the encoding, as browsers call it; only for text.
    #[serde(default)]
    pub encoding: String,
    /// What stands between two cells; only for text.
    #[serde(default)]
    pub delimiter: String,
    /// Name of the sheet; empty: the first one.
    #[serde(default)]
    pub sheet: String,
}

/// Encodings that are offered.
pub const ENCODINGS: [&str; 6] = ["UTF-8", "windows-1251", "KOI8-R", "IBM866", "UTF-16LE", "windows-1252"];
/// Delimiters that are offered.
pub const DELIMITERS: [&str; 4] = [";", ",", "\t", "|"];

/// Wider files are not for people.
const MOST_COLUMNS: usize = 300;
/// So much is looked at to guess.
const LOOK: u64 = 64 * 1024;

/// Rows of a file, the header included.
pub type Rows = Box<dyn Iterator<Item = Outcome<Vec<String>>> + Send>;

fn unreadable(ru: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal::new("unreadable_file", ru, en)
}

fn disk(error: &std::io::Error) -> Failure {
    Failure::retry(format!("a file cannot be read: {error}"))
}

/// Guesses how a file is to be read by its name and beginning.
///
/// # Errors
/// `unreadable_file` for old and foreign formats.
pub fn guess(name: &str, mut bytes: Box<dyn Bytes>) -> Outcome<Source> {
    let mut start = Vec::new();
    bytes.by_ref().take(LOOK).read_to_end(&mut start).map_err(|error| disk(&error))?;
    let name = name.to_lowercase();
    if start.starts_with(b"PK\x03\x04") {
        let sheet = sheets(bytes)?.into_iter().next().unwrap_or_default();
        return Ok(Source { format: Format::Xlsx, sheet, ..Source::default() });
    }
    if start.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(unreadable("Это старый формат XLS: сохраните файл как XLSX или CSV", "This is the old XLS format: save the file as XLSX or CSV").into());
    }
    let encoding = guess_encoding(&start);
    let (text, ..) = encoding.decode(&start);
    if name.ends_with(".vcf") || text.trim_start().to_uppercase().starts_with("BEGIN:VCARD") {
        return Ok(Source { format: Format::Vcard, encoding: encoding.name().to_owned(), ..Source::default() });
    }
    Ok(Source { format: Format::Csv, encoding: encoding.name().to_owned(), delimiter: guess_delimiter(&text).to_owned(), sheet: String::new() })
}

fn guess_encoding(start: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return encoding;
    }
    let whole = match std::str::from_utf8(start) {
        Ok(_) => true,
        // The look may have cut a letter in two.
        Err(error) => error.error_len().is_none(),
    };
    if whole {
        return UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new();
    detector.feed(start, true);
    detector.guess(Some(b"ru"), false)
}

/// The delimiter that parts the most lines into the same number of cells.
fn guess_delimiter(text: &str) -> &'static str {
    let score = |delimiter: &str| {
        let mut counts: Vec<usize> = Vec::new();
        let mut quoted = false;
        let mut count = 0;
        for letter in text.chars() {
            match letter {
                '"' => quoted = !quoted,
                '\n' if !quoted => counts.push(std::mem::take(&mut count)),
                letter if !quoted && delimiter.starts_with(letter) => count += 1,
                _ => {}
            }
        }
        counts.push(count);
        let first = counts[0];
        let same = counts.iter().take(30).filter(|one| **one == first).count();
        if first == 0 { 0 } else { same * 100 + first.min(99) }
    };
    DELIMITERS.into_iter().max_by_key(|delimiter| (score(delimiter), *delimiter == ";")).unwrap_or(";")
}

/// Names of the sheets of a workbook.
///
/// # Errors
/// `unreadable_file`.
pub fn sheets(bytes: Box<dyn Bytes>) -> Outcome<Vec<String>> {
    Ok(workbook(bytes)?.sheet_names())
}

fn workbook(mut bytes: Box<dyn Bytes>) -> Result<Xlsx<BufReader<Box<dyn Bytes>>>, Refusal> {
    let broken = |error: String| unreadable(format!("Книгу Excel не удаётся прочитать: {error}"), format!("The workbook cannot be read: {error}"));
    bytes.seek(SeekFrom::Start(0)).map_err(|error| broken(error.to_string()))?;
    Xlsx::new(BufReader::new(bytes)).map_err(|error| broken(error.to_string()))
}

/// The rows of a file.
///
/// # Errors
/// `unreadable_file`; failures of the disk.
pub fn rows(source: &Source, mut bytes: Box<dyn Bytes>) -> Outcome<Rows> {
    match source.format {
        Format::Xlsx => sheet_rows(source, bytes),
        Format::Csv => {
            bytes.seek(SeekFrom::Start(0)).map_err(|error| disk(&error))?;
            let delimiter = source.delimiter.bytes().next().unwrap_or(b';');
            let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(Decoded::new(bytes, &source.encoding));
            Ok(Box::new(reader.into_records().map(|record| cells(record.map_err(|error| broken_line(&error))?)).filter(|row| !is_blank(row))))
        }
        Format::Vcard => {
            bytes.seek(SeekFrom::Start(0)).map_err(|error| disk(&error))?;
            let mut raw = Vec::new();
            bytes.read_to_end(&mut raw).map_err(|error| disk(&error))?;
            let header = vcard::header();
            Ok(Box::new(std::iter::once(header).chain(vcard::read(&raw, &source.encoding)).map(Ok)))
        }
    }
}

fn is_blank(row: &Outcome<Vec<String>>) -> bool {
    row.as_ref().is_ok_and(|row| row.iter().all(|cell| cell.trim().is_empty()))
}

fn broken_line(error: &csv::Error) -> Refusal {
    let line = error.position().map_or(0, csv::Position::line);
    unreadable(format!("Строку {line} файла не удаётся прочитать: {error}"), format!("Line {line} of the file cannot be read: {error}"))
}

fn cells(record: csv::StringRecord) -> Outcome<Vec<String>> {
    if record.len() > MOST_COLUMNS {
        return Err(unreadable(format!("В файле больше {MOST_COLUMNS} столбцов"), format!("The file has more than {MOST_COLUMNS} columns")).into());
    }
    Ok(record.iter().map(str::to_owned).collect())
}

fn sheet_rows(source: &Source, bytes: Box<dyn Bytes>) -> Outcome<Rows> {
    let mut book = workbook(bytes)?;
    let name = match source.sheet.as_str() {
        "" => book.sheet_names().into_iter().next().unwrap_or_default(),
        name => name.to_owned(),
    };
    let range = book
        .worksheet_range(&name)
        .map_err(|error| unreadable(format!("Лист «{name}» не удаётся прочитать: {error}"), format!("The sheet {name} cannot be read: {error}")))?;
    if range.width() > MOST_COLUMNS {
        return Err(unreadable(format!("На листе больше {MOST_COLUMNS} столбцов"), format!("The sheet has more than {MOST_COLUMNS} columns")).into());
    }
    let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(sheet_cell).collect()).collect();
    Ok(Box::new(rows.into_iter().map(Ok).filter(|row| !is_blank(row))))
}

/// A cell as a person would type it; dates as ISO, so that nobody confuses day and month.
fn sheet_cell(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Bool(flag) => i64::from(*flag).to_string(),
        Data::DateTime(at) => sheet_time(at.to_ymd_hms_milli()),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.replace('T', " "),
        Data::Error(error) => format!("{error}"),
    }
}

/// Workbooks keep times as fractions of a day: half a second off is the same second.
fn sheet_time((year, month, day, hour, minute, second, milli): (u16, u8, u8, u8, u8, u8, u16)) -> String {
    let small = |number: u8| i8::try_from(number).unwrap_or(0);
    let exact = i16::try_from(year).ok().and_then(|year| {
        let nanos = i32::from(milli.min(999)) * 1_000_000;
        jiff::civil::DateTime::new(year, small(month), small(day), small(hour), small(minute), small(second), nanos).ok()
    });
    let rounded = exact.and_then(|at| at.round(jiff::Unit::Second).ok());
    rounded.map_or_else(String::new, |at| match at.time() == jiff::civil::Time::midnight() {
        true => at.strftime("%Y-%m-%d").to_string(),
        false => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    })
}

/// Text of any encoding as UTF-8, while it is read.
pub(crate) struct Decoded<R> {
    from: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    over: bool,
}

impl<R: Read> Decoded<R> {
    pub fn new(from: R, encoding: &str) -> Decoded<R> {
        let encoding = Encoding::for_label(encoding.as_bytes()).unwrap_or(UTF_8);
        Decoded { from, decoder: encoding.new_decoder(), raw: vec![0; 16 * 1024], text: Vec::new(), at: 0, over: false }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        self.at = 0;
        self.text.clear();
        while self.text.is_empty() && !self.over {
            let read = self.from.read(&mut self.raw)?;
            self.over = read == 0;
            let most = self.decoder.max_utf8_buffer_length(read).unwrap_or(64 * 1024).max(64);
            self.text.resize(most, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..read], &mut self.text, self.over);
            self.text.truncate(written);
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.text.len() {
            self.fill()?;
        }
        let part = &self.text[self.at..];
        let size = part.len().min(buffer.len());
        buffer[..size].copy_from_slice(&part[..size]);
        self.at += size;
        Ok(size)
    }
}

/// Rows as one text that any later version reads the same way: UTF-8, commas.
pub(crate) struct Canonical {
    rows: Rows,
    text: Vec<u8>,
    at: usize,
    /// Rows written, the header included.
    pub count: i64,
    /// Why it broke off.
    pub fault: Option<crm::Fault>,
}

impl Canonical {
    pub fn new(rows: Rows) -> Canonical {
        Canonical { rows, text: Vec::new(), at: 0, count: 0, fault: None }
    }
}

impl Read for Canonical {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.text.len() {
            self.at = 0;
            self.text.clear();
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(std::mem::take(&mut self.text));
            for row in self.rows.by_ref().take(64) {
                match row {
                    Ok(row) => {
                        writer.write_record(&row)?;
                        self.count += 1;
                    }
                    Err(fault) => {
                        let told = std::io::Error::other(fault.describe());
                        self.fault = Some(fault);
                        return Err(told);
                    }
                }
            }
            self.text = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        }
        let part = &self.text[self.at..];
        let size = part.len().min(buffer.len());
        buffer[..size].copy_from_slice(&part[..size]);
        self.at += size;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(name: &str, raw: &[u8]) -> (Source, Vec<Vec<String>>) {
        let source = guess(name, Box::new(Cursor::new(raw.to_vec()))).unwrap();
        let rows = rows(&source, Box::new(Cursor::new(raw.to_vec()))).unwrap().map(Result::unwrap).collect();
        (source, rows)
    }

    #[test]
    fn an_old_russian_file_is_understood_by_itself() {
        let (raw, ..) = encoding_rs::WINDOWS_1251.encode("Фамилия;Телефон\nИванов;8 999 000-11-22\n\n;\n\"Пет\"\"ров; младший\";2\n");
        let (source, rows) = read("clients.csv", &raw);
        assert_eq!((source.encoding.as_str(), source.delimiter.as_str()), ("windows-1251", ";"));
        assert_eq!(rows, [["Фамилия", "Телефон"], ["Иванов", "8 999 000-11-22"], ["Пет\"ров; младший", "2"]]);
    }

    #[test]
    fn the_mark_of_utf_8_is_no_part_of_the_first_title() {
        let (source, rows) = read("a.csv", "\u{feff}Имя,Сумма\nАнна,\"1,5\"\n".as_bytes());
        assert_eq!((source.delimiter.as_str(), rows[0][0].as_str(), rows[1][1].as_str()), (",", "Имя", "1,5"));
    }

    #[test]
    fn canonical_text_reads_back_the_same_cells() {
        let given = vec![vec!["=a\n\"b\"".to_owned(), "😀,;\r\nx".to_owned()], vec![String::new(), "\u{202e}x".to_owned()]];
        let mut text = Vec::new();
        let mut canonical = Canonical::new(Box::new(given.clone().into_iter().map(Ok)));
        canonical.read_to_end(&mut text).unwrap();
        let source = Source { delimiter: ",".into(), encoding: "UTF-8".into(), ..Source::default() };
        let back: Vec<Vec<String>> = rows(&source, Box::new(Cursor::new(text))).unwrap().map(Result::unwrap).collect();
        assert_eq!((back, canonical.count), (given, 2));
    }
}
