//! Everything the firm has, in one action and in formats that any program reads: nobody is held prisoner here.

use super::{Form, Wanted, list};
use crate::table::failed;
use crm::{EntityTypeId, Event, Fact, FileId, House, Item, Lang, Outcome, Page, Query, Read, Refusal, Rights, Seq, StoredFile, Value, code};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::path::PathBuf;

/// Records and events read at once.
const PAGE: u32 = 500;

/// Writes the bytes of one file.
pub type Fill<'f> = &'f mut dyn FnMut(&mut (dyn Write + Send)) -> Outcome<()>;

/// Where the files go.
pub trait Shelf {
    /// Puts one file under its path.
    ///
    /// # Errors
    /// Failures of the disk or of whoever takes the bytes.
    fn put(&mut self, path: &str, fill: Fill<'_>) -> Outcome<()>;
}

/// A folder on the disk.
pub struct Folder(pub PathBuf);

impl Shelf for Folder {
    fn put(&mut self, path: &str, fill: Fill<'_>) -> Outcome<()> {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&self.0)).map_err(failed)?;
        let mut file = std::io::BufWriter::new(std::fs::File::create_new(&path).map_err(failed)?);
        fill(&mut file)?;
        Ok(file.flush().map_err(failed)?)
    }
}

/// One archive, written while it is read on the other side.
pub struct Zip<W: Write + Send>(zip::ZipWriter<zip::write::StreamWriter<W>>);

impl<W: Write + Send> Zip<W> {
    /// Begins an archive.
    pub fn new(to: W) -> Zip<W> {
        Zip(zip::ZipWriter::new_stream(to))
    }

    /// Ends it.
    ///
    /// # Errors
    /// Failures of whoever takes the bytes.
    pub fn end(self) -> Outcome<()> {
        Ok(self.0.finish().map_err(failed)?.into_inner().flush().map_err(failed)?)
    }
}

impl<W: Write + Send> Shelf for Zip<W> {
    fn put(&mut self, path: &str, fill: Fill<'_>) -> Outcome<()> {
        let options = zip::write::SimpleFileOptions::default().large_file(true);
        self.0.start_file(path, options).map_err(failed)?;
        fill(&mut self.0)
    }
}

const README: &str = include_str!("README.md");

/// Writes everything: the shape, the people, all records, the log, the files. How many records.
///
/// # Errors
/// Only an administrator may; failures of the disk.
pub fn everything(house: &House, rights: &Rights, lang: Lang, shelf: &mut dyn Shelf) -> Outcome<u64> {
    if !rights.admin {
        return Err(Refusal::denied("Выгрузить всё может только администратор", "Only an administrator may export everything").into());
    }
    shelf.put("README.md", &mut |to| write(to, README.as_bytes()))?;
    let schema = house.read(|read| Ok(read.schema()))?;
    shelf.put("shape/types.json", &mut |to| pretty(to, &schema.types.values().collect::<Vec<_>>()))?;
    shelf.put("shape/pipelines.json", &mut |to| pretty(to, &schema.pipelines.values().collect::<Vec<_>>()))?;
    people(house, shelf)?;
    let mut records = 0;
    for shape in schema.types.values() {
        let wanted = Wanted::all(shape.id, Form::Csv);
        shelf.put(&format!("records/{}.csv", shape.code), &mut |to| list(house, rights, lang, &wanted, to).map(drop))?;
        shelf.put(&format!("records/{}.jsonl", shape.code), &mut |to| {
            records += lines(house, rights, shape.id, to)?;
            Ok(())
        })?;
    }
    let mut files = BTreeMap::new();
    shelf.put("events.jsonl", &mut |to| events(house, to, &mut files))?;
    stored(house, shelf, &files)?;
    Ok(records)
}

fn write(to: &mut (dyn Write + Send), bytes: &[u8]) -> Outcome<()> {
    Ok(to.write_all(bytes).map_err(failed)?)
}

fn pretty(to: &mut (dyn Write + Send), what: &impl serde::Serialize) -> Outcome<()> {
    write(to, serde_json::to_string_pretty(what).map_err(failed)?.as_bytes())
}

fn people(house: &House, shelf: &mut dyn Shelf) -> Outcome<()> {
    let (users, departments, roles) = house.read(|read| Ok((read.users()?, read.departments()?, read.roles()?)))?;
    shelf.put("staff/people.json", &mut |to| pretty(to, &users))?;
    shelf.put("staff/departments.json", &mut |to| pretty(to, &departments))?;
    shelf.put("staff/roles.json", &mut |to| pretty(to, &roles))
}

/// All records of a type, one a line, with their stored answers.
fn lines(house: &House, rights: &Rights, kind: EntityTypeId, to: &mut (dyn Write + Send)) -> Outcome<u64> {
    let mut query = Query { page: Page::first(PAGE), ..Query::of(kind) }.sorted(code::ID, false);
    let mut written = 0;
    loop {
        let items: Vec<Item> = house.read(|read| read.items(rights, &query))?;
        let Some(last) = items.last() else { return Ok(written) };
        query.page.after = Some((vec![Value::Int(last.id)], last.id));
        for item in &items {
            line(to, &json!({ "id": item.id, "values": item.values }))?;
        }
        written += items.len() as u64;
    }
}

fn line(to: &mut (dyn Write + Send), value: &serde_json::Value) -> Outcome<()> {
    write(to, format!("{value}\n").as_bytes())
}

/// The whole log; the files that it names are gathered on the way.
fn events(house: &House, to: &mut (dyn Write + Send), files: &mut BTreeMap<FileId, StoredFile>) -> Outcome<()> {
    let mut after = Seq(0);
    loop {
        let events: Vec<Event> = house.read(|read| read.events_after(after, PAGE))?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.seq;
        house.read(|read| named_files(read, &events, files))?;
        for event in &events {
            let at = event.at.timestamp().to_string();
            line(
                to,
                &json!({
                    "seq": event.seq.0, "at": at, "by": event.by, "item": event.item, "about": event.about, "contact": event.contact,
                    "cause": event.cause, "root": event.root, "depth": event.depth, "quiet": event.quiet, "fact": event.fact,
                }),
            )?;
        }
    }
}

fn named_files(read: &dyn Read, events: &[Event], files: &mut BTreeMap<FileId, StoredFile>) -> Outcome<()> {
    for event in events {
        if let Fact::FileAdded { file, .. } = event.fact
            && let Some(card) = read.file(file)?.filter(|card| card.item.id != 0)
        {
            files.insert(file, card);
        }
    }
    Ok(())
}

fn stored(house: &House, shelf: &mut dyn Shelf, files: &BTreeMap<FileId, StoredFile>) -> Outcome<()> {
    shelf.put("files.jsonl", &mut |to| files.values().try_for_each(|file| line(to, &json!({ "path": path_of(file), "card": file }))))?;
    for file in files.values() {
        let Some(mut bytes) = house.bytes(file)? else { continue };
        shelf.put(&path_of(file), &mut |to| {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match bytes.read(&mut buffer).map_err(failed)? {
                    0 => return Ok(()),
                    size => write(to, &buffer[..size])?,
                }
            }
        })?;
    }
    Ok(())
}

/// The number makes it unique; of the name only what every system allows.
fn path_of(file: &StoredFile) -> String {
    let name: String = file.name.chars().map(|letter| if letter.is_alphanumeric() || ".-_ ".contains(letter) { letter } else { '_' }).take(100).collect();
    format!("files/{}-{}", file.id, name.trim_start_matches('.'))
}
