//! Export: a list as it is filtered, with the columns one chose, page by page; and everything the firm has, in open formats.

mod cells;
mod everything;

pub use everything::{Folder, Shelf, Zip, everything};

use crate::import;
use crate::table::{self, Cell, Sheet};
use cells::Names;
use crm::{
    Action, EntityTypeId, Field, FieldKind, Filter, House, Item, ItemRef, Lang, Look, Op, Order, Outcome, Page, Query, Refusal, Rights, Scope, Value, code,
    kind,
};
use std::io::Write;

/// Records read at once.
const PAGE: u32 = 500;

/// In what form a list leaves the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// Text for any program; for Russians as Russian Excel opens it.
    #[default]
    Csv,
    /// A workbook.
    Xlsx,
    /// Cards for an address book: only clients.
    Vcard,
}

impl Form {
    /// The form with this ending.
    pub fn from_code(code: &str) -> Option<Form> {
        match code {
            "csv" => Some(Form::Csv),
            "xlsx" => Some(Form::Xlsx),
            "vcf" => Some(Form::Vcard),
            _ => None,
        }
    }

    /// The ending of its files.
    pub fn code(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Xlsx => "xlsx",
            Form::Vcard => "vcf",
        }
    }

    /// The media type of its files.
    pub fn mime(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Form::Vcard => "text/vcard; charset=utf-8",
        }
    }
}

/// What is to leave the house.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Type of the records.
    pub kind: EntityTypeId,
    /// Which of them.
    pub filter: Filter,
    /// In which order.
    pub order: Vec<Order>,
    /// Codes of the columns; empty: all that may be seen.
    pub columns: Vec<String>,
    /// In what form.
    pub form: Form,
}

impl Wanted {
    /// All records of a type with all columns, the oldest first.
    pub fn all(kind: EntityTypeId, form: Form) -> Wanted {
        Wanted { kind, filter: Filter::Any, order: vec![Order { field: code::ID.into(), descending: false }], columns: Vec::new(), form }
    }
}

/// Whether answers to this field can stand in a table at all.
pub fn is_offered(kind: EntityTypeId, rights: &Rights, field: &Field) -> bool {
    rights.sees(kind, &field.code) && !matches!(field.kind, FieldKind::Secret)
}

/// Looks whether it may be done, before the first byte is sent, and writes down that it is done.
///
/// # Errors
/// Refuses whom the rights do not allow, unknown and hidden fields.
pub fn check(house: &House, rights: &Rights, wanted: &Wanted) -> Outcome<()> {
    if rights.scope(wanted.kind, Action::Export) == Scope::None {
        return Err(Refusal::denied("У вас нет права выгружать эти записи", "You may not export these records").into());
    }
    if wanted.form == Form::Vcard && wanted.kind != kind::CONTACT {
        return Err(Refusal::new("no_cards", "Карточками vCard выгружаются только клиенты", "Only clients are exported as vCards").into());
    }
    let columns = house.read(|read| {
        let schema = read.schema();
        let shape = schema.kind(wanted.kind).ok_or_else(Refusal::not_found)?;
        // The filter and the order are checked by the first question.
        read.items(rights, &Query { kind: wanted.kind, filter: wanted.filter.clone(), order: wanted.order.clone(), page: Page::first(1) })?;
        Ok(columns(shape, rights, wanted)?.into_iter().map(|field| field.code.clone()).collect::<Vec<_>>())
    })?;
    let look = Look { user: rights.user, item: ItemRef::new(wanted.kind, 0), fields: columns, how: "export".into(), at: house.now() };
    house.transact(move |tx| tx.note_look(&look))
}

fn columns<'a>(shape: &'a crm::EntityType, rights: &Rights, wanted: &Wanted) -> Outcome<Vec<&'a Field>> {
    if wanted.columns.is_empty() {
        return Ok(shape.fields.iter().filter(|field| is_offered(shape.id, rights, field)).collect());
    }
    let known = |code: &String| shape.field(code).filter(|field| is_offered(shape.id, rights, field)).ok_or_else(|| crm::query::unknown_field(code).into());
    wanted.columns.iter().map(known).collect()
}

/// Writes a list; how many records. [`check`] comes before.
///
/// # Errors
/// As [`check`]; failures of whoever takes the bytes.
pub fn list(house: &House, rights: &Rights, lang: Lang, wanted: &Wanted, to: &mut (dyn Write + Send)) -> Outcome<u64> {
    let schema = house.read(|read| Ok(read.schema()))?;
    let shape = schema.kind(wanted.kind).ok_or_else(Refusal::not_found)?;
    let columns = columns(shape, rights, wanted)?;
    if wanted.form == Form::Vcard {
        return pages(house, rights, wanted, &columns, lang, &mut |items, _| {
            items.iter().try_for_each(|item| to.write_all(import::vcard(item).as_bytes()).map_err(|error| table::failed(error).into()))
        });
    }
    let mut sheet: Box<dyn Sheet + '_> = match wanted.form {
        Form::Xlsx => Box::new(table::xlsx(to)?),
        Form::Csv | Form::Vcard => Box::new(table::csv(to, lang)?),
    };
    let heads: Vec<Cell<'_>> = columns.iter().map(|field| field.title.get(lang).into()).collect();
    sheet.row(&heads)?;
    let written = pages(house, rights, wanted, &columns, lang, &mut |items, names| {
        items.iter().try_for_each(|item| sheet.row(&columns.iter().map(|field| names.cell(item, field)).collect::<Vec<_>>()))
    })?;
    sheet.end()?;
    Ok(written)
}

/// Reads page after page, each in a snapshot of its own, and hands over what may be taken out.
fn pages(
    house: &House,
    rights: &Rights,
    wanted: &Wanted,
    columns: &[&Field],
    lang: Lang,
    take: &mut dyn FnMut(&[Item], &Names) -> Outcome<()>,
) -> Outcome<u64> {
    let mut query = Query { kind: wanted.kind, filter: wanted.filter.clone(), order: wanted.order.clone(), page: Page::first(PAGE) };
    let mut written = 0;
    loop {
        let (items, names, over) = house.read(|read| {
            let mut items = read.items(rights, &query)?;
            let over = items.len() < PAGE as usize;
            query.page.after = items.last().map(|last| (wanted.order.iter().map(|order| answer_to(last, &order.field)).collect(), last.id));
            items.retain(|item| rights.may(Action::Export, item));
            let names = Names::of(read, rights, &items, columns, house.firm.zone.clone(), lang)?;
            Ok((items, names, over))
        })?;
        take(&items, &names)?;
        written += items.len() as u64;
        if over {
            return Ok(written);
        }
    }
}

fn answer_to(item: &Item, field: &str) -> Value {
    if field == code::ID { Value::Int(item.id) } else { item.values.get(field).clone() }
}

/// The condition for records that were ticked one by one.
pub fn these(ids: &[i64]) -> Filter {
    Filter::is(code::ID, Op::In, Value::Many(ids.iter().map(|id| Value::Int(*id)).collect()))
}
