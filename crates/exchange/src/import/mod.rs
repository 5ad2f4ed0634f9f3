//! Import: a file is brought, its columns are mapped, what would come of it is looked at over all rows, and then it runs
//! as an operation that can be stopped and taken back.

mod carry;
mod faulty;
mod mapping;
mod preview;
mod rows;
mod source;
pub(crate) mod vcard;
mod words;

pub(crate) use carry::{Batch, batch, chunk};
pub use faulty::faulty;
pub use mapping::{Target, is_offered};
pub use preview::{Preview, Sample, preview};
pub use source::{DELIMITERS, ENCODINGS, Format, Source, sheets};
pub use vcard::write as vcard;

use crate::operations::{self, Operation, State, field};
use crate::plan::{Act, Plan, What};
use crm::{Action, Bytes, Cause, EntityTypeId, FileId, House, Item, ItemRef, Outcome, Read, Refusal, Rights, StoredFile, Tx, Value, code, kind};
use serde::{Deserialize, Serialize};
use source::Canonical;

/// Larger files are refused.
pub const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// Rows shown while columns are mapped.
const SHOWN: usize = 5;

/// What is done with a row whose record is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// It is changed; unknown ones are made.
    #[default]
    Update,
    /// It is left alone; unknown ones are made.
    Skip,
    /// It is changed; unknown ones are left out.
    UpdateOnly,
    /// Nobody looks: every row is a new record.
    Double,
}

impl Known {
    /// All, in the order of a form.
    pub const ALL: [Known; 4] = [Known::Update, Known::Skip, Known::UpdateOnly, Known::Double];

    /// The word in forms and on the command line.
    pub fn code(self) -> &'static str {
        match self {
            Known::Update => "update",
            Known::Skip => "skip",
            Known::UpdateOnly => "update_only",
            Known::Double => "create",
        }
    }

    /// The one with this code.
    pub fn from_code(code: &str) -> Option<Known> {
        Known::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// How a file becomes records.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ImportPlan {
    /// The file as it was brought.
    pub file: i64,
    /// Its rows in the form that is read while it is imported; 0: not made yet.
    #[serde(default)]
    pub rows: i64,
    /// How the file is read.
    pub source: Source,
    /// Titles of the columns.
    pub header: Vec<String>,
    /// What each column is for.
    pub columns: Vec<Target>,
    /// Fields by which a record is recognised; all of them must be equal.
    pub key: Vec<String>,
    /// What is done with a known record.
    #[serde(default)]
    pub known: Known,
    /// When and by whom a record was made is taken from the file.
    #[serde(default)]
    pub keep_trail: bool,
    /// An empty cell clears the answer of a known record.
    #[serde(default)]
    pub clear: bool,
}

/// A file that was brought and is being mapped.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its operation.
    pub operation: Operation,
    /// How it becomes records, as far as it is known.
    pub plan: ImportPlan,
    /// Name of the file.
    pub name: String,
    /// Its first rows.
    pub first: Vec<Vec<String>>,
}

/// Keeps a file and guesses what is in it; the number of the operation that is being prepared.
///
/// # Errors
/// Refuses files that cannot be read, and whom the rights do not allow to make such records.
pub fn bring(house: &House, rights: &Rights, cause: &Cause, kind: EntityTypeId, name: &str, from: &mut dyn std::io::Read) -> Outcome<i64> {
    let may = |action| rights.scope(kind, action) != crm::Scope::None;
    if !may(Action::Create) && !may(Action::Change) {
        return Err(Refusal::denied("У вас нет права создавать такие записи", "You may not create such records").into());
    }
    let (hash, size) = house.keep_bytes(from, MOST_BYTES)?;
    let name: String = name.rsplit(['/', '\\']).next().unwrap_or(name).chars().take(200).collect();
    let file = StoredFile {
        id: FileId(0),
        hash,
        name: name.clone(),
        mime: "application/octet-stream".into(),
        size,
        item: ItemRef::default(),
        by: rights.user,
        at: cause.at,
    };
    let source = source::guess(&name, bytes_of(house, &file)?)?;
    let header = header(house, &file, &source)?;
    let (rights, cause) = (rights.clone(), cause.clone());
    house.transact(move |tx| {
        let schema = tx.schema();
        let shape = schema.kind(kind).ok_or_else(Refusal::not_found)?;
        let mut plan = ImportPlan { source: source.clone(), header: header.clone(), ..ImportPlan::default() };
        suggest(tx.read(), &rights, shape, &mut plan)?;
        let whole = Plan { kind, what: What::Rows, act: Act::Import(Box::new(plan.clone())), quiet: false };
        let title = format!("Импорт: {} ({name})", shape.plural.ru);
        let mut values = operations::describe(&rights, &whole, title);
        values.set(field::STATE, Value::text(State::Draft.code()));
        let item = crm::item::create(tx, &Rights::system(), &cause, kind::OPERATION, &values)?;
        let stored = crm::item::add_file(tx, &Rights::system(), &cause, item.at(), &file)?;
        plan.file = stored.id.0;
        keep(tx, item.at(), &Plan { act: Act::Import(Box::new(plan)), ..whole })?;
        Ok(item.id)
    })
}

/// What the titles of a file say; what was chosen the last time counts more.
fn suggest(read: &dyn Read, rights: &Rights, shape: &crm::EntityType, plan: &mut ImportPlan) -> Outcome<()> {
    plan.columns = mapping::guess(shape, rights, &plan.header);
    plan.key = [code::PHONE, code::EMAIL, "inn", "bin", "origin_id"]
        .into_iter()
        .find(|key| plan.columns.iter().any(|target| target.field == *key))
        .map(|key| vec![key.to_owned()])
        .unwrap_or_default();
    if let Some((columns, key)) = mapping::remembered(read, shape.id, rights.user, &plan.header)?.filter(|(columns, _)| columns.len() == plan.header.len()) {
        let offered = |target: &Target| target.field.is_empty() || shape.field(&target.field).is_some_and(|field| is_offered(shape, rights, field));
        if columns.iter().all(offered) {
            (plan.columns, plan.key) = (columns, key);
        }
    }
    Ok(())
}

fn keep(tx: &mut dyn Tx, at: ItemRef, plan: &Plan) -> Outcome<()> {
    tx.put_answer(at, field::PLAN, &Value::text(plan.checked()?.text()))
}

fn gone() -> Refusal {
    Refusal::new("file_gone", "Файла больше нет: загрузите его ещё раз", "The file is no more: bring it again")
}

fn bytes_of(house: &House, file: &StoredFile) -> Outcome<Box<dyn Bytes>> {
    Ok(house.bytes(file)?.ok_or_else(gone)?)
}

fn file_of(house: &House, id: i64) -> Outcome<StoredFile> {
    house.read(|read| Ok(read.file(FileId(id))?.ok_or_else(gone)?))
}

fn header(house: &House, file: &StoredFile, source: &Source) -> Outcome<Vec<String>> {
    let mut rows = source::rows(source, bytes_of(house, file)?)?;
    let header = rows.next().transpose()?;
    header.ok_or_else(|| Refusal::new("empty_file", "В файле нет ни одной строки", "The file has no rows").into())
}

/// The import that an operation is.
fn import_of(operation: &Operation) -> Outcome<ImportPlan> {
    match &operation.plan.act {
        Act::Import(plan) => Ok((**plan).clone()),
        _ => Err(Refusal::not_found().into()),
    }
}

/// A file that is being mapped, with its first rows.
///
/// # Errors
/// `not_found` for imports of others and for those that have begun; files that cannot be read.
pub fn draft(house: &House, rights: &Rights, id: i64) -> Outcome<Draft> {
    let operation = house.read(|read| operations::open(read, rights, id))?;
    if operation.state != State::Draft {
        return Err(Refusal::new("import_began", "Этот импорт уже начат", "This import has begun").into());
    }
    let plan = import_of(&operation)?;
    let file = file_of(house, plan.file)?;
    let first = source::rows(&plan.source, bytes_of(house, &file)?)?.skip(1).take(SHOWN).collect::<Outcome<Vec<_>>>()?;
    Ok(Draft { operation, plan, name: file.name, first })
}

/// The sheets of the workbook that is being mapped; of other files none.
///
/// # Errors
/// Files that cannot be read.
pub fn sheets_of(house: &House, draft: &Draft) -> Outcome<Vec<String>> {
    match draft.plan.source.format {
        Format::Xlsx => source::sheets(bytes_of(house, &file_of(house, draft.plan.file)?)?),
        Format::Csv | Format::Vcard => Ok(Vec::new()),
    }
}

/// Reads the file another way: another encoding, delimiter or sheet. The columns are guessed anew.
///
/// # Errors
/// As [`draft`].
pub fn read_as(house: &House, rights: &Rights, id: i64, source: Source) -> Outcome<()> {
    let draft = draft(house, rights, id)?;
    let header = header(house, &file_of(house, draft.plan.file)?, &source)?;
    let rights = rights.clone();
    house.transact(move |tx| {
        let schema = tx.schema();
        let shape = schema.kind(draft.operation.plan.kind).ok_or_else(Refusal::not_found)?;
        let mut plan = ImportPlan { source: source.clone(), header: header.clone(), ..draft.plan.clone() };
        suggest(tx.read(), &rights, shape, &mut plan)?;
        keep(tx, draft.operation.item.at(), &Plan { act: Act::Import(Box::new(plan)), ..draft.operation.plan.clone() })
    })
}

/// What a person chose in the wizard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chosen {
    /// What each column is for.
    pub columns: Vec<Target>,
    /// Fields by which a record is recognised.
    pub key: Vec<String>,
    /// What is done with a known record.
    pub known: Known,
    /// Take over when and by whom a record was made.
    pub keep_trail: bool,
    /// Empty cells clear.
    pub clear: bool,
    /// Neither triggers nor robots answer.
    pub quiet: bool,
}

/// Writes down what a person chose.
///
/// # Errors
/// As [`draft`]; fields that are unknown or may not be written, a key without a column.
pub fn choose(house: &House, rights: &Rights, id: i64, chosen: &Chosen) -> Outcome<()> {
    let draft = draft(house, rights, id)?;
    let Chosen { columns, key, known, keep_trail, clear, quiet } = chosen.clone();
    let mut columns = columns;
    columns.resize(draft.plan.header.len(), Target::default());
    let plan = ImportPlan { columns, key, known, keep_trail, clear, ..draft.plan.clone() };
    let (rights, zone) = (rights.clone(), house.firm.zone.clone());
    house.transact(move |tx| {
        let schema = tx.schema();
        let shape = schema.kind(draft.operation.plan.kind).ok_or_else(Refusal::not_found)?;
        let found = words::Found::default();
        let lexicon = words::Lexicon::new(tx.read())?;
        let words = words::Words { read: tx.read(), rights: &rights, zone: &zone, lexicon: &lexicon };
        rows::Reading::new(shape, &plan, words, &found)?.demand_quick_key()?;
        keep(tx, draft.operation.item.at(), &Plan { act: Act::Import(Box::new(plan.clone())), quiet, ..draft.operation.plan.clone() })
    })
}

/// Starts an import that was mapped: its rows are written in the one form that is read from now on, and it is queued.
///
/// # Errors
/// As [`draft`]; nothing mapped.
pub fn begin(house: &House, rights: &Rights, cause: &Cause, id: i64) -> Outcome<Item> {
    let draft = draft(house, rights, id)?;
    if draft.plan.columns.iter().all(|target| target.field.is_empty()) {
        return Err(Refusal::new("nothing_mapped", "Сопоставьте хотя бы один столбец с полем", "Map at least one column to a field").into());
    }
    let file = file_of(house, draft.plan.file)?;
    let mut canonical = Canonical::new(source::rows(&draft.plan.source, bytes_of(house, &file)?)?);
    let kept = house.keep_bytes(&mut canonical, MOST_BYTES * 2);
    // The reason for a person stands in the reader; the store only knows that it broke off.
    let (hash, size) = kept.map_err(|fault| canonical.fault.take().unwrap_or(fault))?;
    let total = (canonical.count - 1).max(0);
    let (rights, cause) = (rights.clone(), cause.clone());
    house.transact(move |tx| {
        let at = draft.operation.item.at();
        let stored =
            StoredFile { id: FileId(0), hash: hash.clone(), name: "rows.csv".into(), mime: "text/csv".into(), size, item: at, by: rights.user, at: cause.at };
        let mut stored = stored;
        tx.put_file(&mut stored)?;
        let plan = ImportPlan { rows: stored.id.0, ..draft.plan.clone() };
        let kind = draft.operation.plan.kind;
        mapping::remember(tx, kind, rights.user, &plan.header, &plan.columns, &plan.key)?;
        keep(tx, at, &Plan { act: Act::Import(Box::new(plan)), ..draft.operation.plan.clone() })?;
        let mut item = tx.item(&Rights::system(), at)?.filter(|item| item.values.text(field::STATE) == State::Draft.code()).ok_or_else(gone)?;
        item.values.set(field::STATE, Value::text(State::Waiting.code()));
        item.values.set(field::TOTAL, Value::Int(total));
        item.values.set(field::QUIET, Value::Flag(draft.operation.plan.quiet));
        operations::begin(tx, &cause, item)
    })
}
