//! The shape of the firm's data: stored as JSON, kept in memory with the statements that follow from it, and the tables
//! that are made and widened from it.

use crate::columns::{Held, from_json, json};
use crate::desk::Desk;
use crate::sql::{Cell, Dialect};
use crm::{EntityType, EntityTypeId, Field, FieldKind, Outcome, Pipeline, PipelineId, Refusal, Schema, StageId, code};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One column of an item table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Code of the field, which is the column's name.
    pub code: String,
    /// How answers are kept.
    pub held: Held,
}

/// A field that points at records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Code of the field.
    pub field: String,
    /// The type it points at; `None`: any.
    pub to: Option<EntityTypeId>,
    /// Points at several, which stand in the table of links.
    pub multiple: bool,
}

/// The table of a type.
#[derive(Debug, Clone)]
pub struct Table {
    /// The kind of record.
    pub kind: EntityTypeId,
    /// `item_deal`
    pub name: String,
    /// `search_deal`
    pub search: String,
    /// Fragments of its searchable answers are indexed.
    pub searched: bool,
    /// All columns but the number and the version.
    pub columns: Vec<Column>,
    /// Codes of the fields that stand in the table of points.
    pub points: Vec<String>,
    /// Codes of the fields that search looks into.
    pub searchable: Vec<String>,
    /// Fields that point at records.
    pub links: Vec<Link>,
    /// Somebody may be invited to its records: it has observers or offices with which they are shared.
    pub shared: bool,
    /// `id, _version, "title", …` of the table called `i`.
    pub select: String,
    /// Inserts all columns and answers the number.
    pub insert: String,
}

impl Table {
    fn of(shape: &EntityType) -> Table {
        let columns: Vec<Column> = shape
            .fields
            .iter()
            .filter(|field| field.code != code::ID)
            .filter_map(|field| Held::of(field).map(|held| Column { code: field.code.clone(), held }))
            .collect();
        let name = format!("item_{}", shape.code);
        let mut select = "i.id, i._version".to_owned();
        let (mut names, mut holes) = ("_version".to_owned(), "$1".to_owned());
        for (at, column) in columns.iter().enumerate() {
            select.push_str(&format!(", i.\"{}\"", column.code));
            names.push_str(&format!(", \"{}\"", column.code));
            holes.push_str(&format!(", ${}", at + 2));
        }
        Table {
            kind: shape.id,
            search: format!("search_{}", shape.code),
            searched: shape.searched,
            points: shape.fields.iter().filter(|field| field.is_points()).map(|field| field.code.clone()).collect(),
            searchable: shape.fields.iter().filter(|field| searchable(field)).map(|field| field.code.clone()).collect(),
            links: shape.fields.iter().filter_map(link).collect(),
            shared: shape.has(code::OBSERVERS) || shape.has(code::SHARED_WITH),
            insert: format!("INSERT INTO {name} ({names}) VALUES ({holes}) RETURNING id"),
            name,
            select,
            columns,
        }
    }

    /// The column of a field.
    pub fn column(&self, code: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.code == code)
    }

    /// The field with this code that points at records.
    pub fn link(&self, code: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.field == code)
    }
}

fn link(field: &Field) -> Option<Link> {
    let to = match field.kind {
        FieldKind::Link { to } => Some(to),
        FieldKind::AnyItem => None,
        _ => return None,
    };
    Some(Link { field: field.code.clone(), to, multiple: field.multiple })
}

/// Search looks into texts and points; a searchable number or day would be found by nobody.
fn searchable(field: &Field) -> bool {
    field.searchable && (field.is_points() || Held::of(field) == Some(Held::Text))
}

/// The shape at one moment, with what follows from it.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// As everybody knows it.
    pub schema: Arc<Schema>,
    /// Tables by kind.
    pub tables: BTreeMap<EntityTypeId, Arc<Table>>,
}

impl Shape {
    fn of(schema: Schema) -> Shape {
        let tables = schema.types.values().map(|one| (one.id, Arc::new(Table::of(one)))).collect();
        Shape { schema: Arc::new(schema), tables }
    }
}

/// The version of the shape that the transaction sees.
pub fn version(desk: &Desk<'_>) -> Outcome<i64> {
    Ok(desk.rows("SELECT value FROM counter WHERE name = 'shape'", &[])?.first().map_or(0, |row| row.int(0)))
}

/// Reads the shape that the transaction sees.
pub fn load(desk: &Desk<'_>) -> Outcome<Arc<Shape>> {
    let mut schema = Schema { version: version(desk)?, ..Schema::default() };
    for mut row in desk.rows("SELECT body FROM entity_type", &[])? {
        let one: EntityType = from_json("type", &row.text(0))?;
        schema.types.insert(one.id, one);
    }
    for mut row in desk.rows("SELECT body FROM pipeline", &[])? {
        let one: Pipeline = from_json("pipeline", &row.text(0))?;
        schema.pipelines.insert(one.id, one);
    }
    Ok(Arc::new(Shape::of(schema)))
}

/// The next number of a counter.
pub fn next(desk: &Desk<'_>, counter: &str) -> Outcome<i64> {
    let rows = desk.rows("UPDATE counter SET value = value + 1 WHERE name = $1 RETURNING value", &[counter.into()])?;
    Ok(rows.first().expect("the counters are made with the tables").int(0))
}

/// The next number of a counter that the firm keeps, from 1. On PostgreSQL whoever takes one holds the counter until the
/// end of his transaction: no number is skipped.
pub fn next_number(desk: &Desk<'_>, counter: &str) -> Outcome<i64> {
    let sql = "INSERT INTO counter (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    // Our own counters have no colon in their names.
    desk.insert(sql, &[format!("firm:{counter}").into()])
}

/// Makes or widens a type.
pub fn install_type(desk: &mut Desk<'_>, wanted: &EntityType) -> Outcome<()> {
    desk.lock("shape")?;
    desk.refresh()?;
    let wanted = wanted.clone().complete();
    check(&wanted)?;
    let schema = desk.schema_now();
    if let Some(other) = schema.types.values().find(|one| (one.code == wanted.code) != (one.id == wanted.id)) {
        let (code, id) = (&other.code, other.id);
        return Err(Refusal::new(
            "type_taken",
            format!("Тип «{code}» уже есть под номером {id}"),
            format!("There is a type {code} already, its number is {id}"),
        )
        .into());
    }
    let known = schema.kind(wanted.id).cloned();
    let merged = merge(known.as_ref(), wanted)?;
    if known.as_ref() == Some(&merged) {
        return Ok(());
    }
    let dialect = desk.sql.dialect();
    let table = Table::of(&merged);
    let former: Vec<String> = known.iter().flat_map(|one| Table::of(one).columns).map(|column| column.code).collect();
    if known.is_none() {
        desk.batch(&dialect.fill(&format!("CREATE TABLE {} (id {{id_once}}, _version BIGINT NOT NULL)", table.name)))?;
    }
    for column in table.columns.iter().filter(|column| !former.contains(&column.code)) {
        if known.is_some() {
            crate::reshape::make_room(desk, &table, &column.code)?;
        }
        desk.batch(&format!("ALTER TABLE {} ADD COLUMN \"{}\" {}", table.name, column.code, column.held.column(dialect)))?;
    }
    index(desk, &merged, &table)?;
    let body = json(&merged);
    desk.run(
        "INSERT INTO entity_type (id, code, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        &[merged.id.0.into(), merged.code.as_str().into(), body.into()],
    )?;
    changed(desk)?;
    match known {
        Some(known) => search_again(desk, &Table::of(&known), &merged),
        None if table.searched => desk.batch(&dialect.search_table(&table.search)),
        None => Ok(()),
    }
}

/// Makes the indexes that are not there yet.
fn index(desk: &Desk<'_>, shape: &EntityType, table: &Table) -> Outcome<()> {
    let dialect = desk.sql.dialect();
    let known: Vec<String> = match dialect {
        // An index goes with its column when that gets another name, and cannot get another name itself.
        Dialect::Sqlite => desk
            .rows("SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL", &[table.name.as_str().into()])?
            .into_iter()
            .map(|mut row| row.text(0))
            .collect(),
        Dialect::Postgres => Vec::new(),
    };
    let fresh: Vec<String> = match dialect {
        Dialect::Sqlite => indexes(dialect, shape, table).into_iter().filter(|one| !known.iter().any(|known| on(known) == on(one))).collect(),
        Dialect::Postgres => missing(desk, indexes(dialect, shape, table))?,
    };
    let large = !fresh.is_empty() && crate::chores::is_large(desk, table)?;
    for statement in fresh {
        match large {
            true => crate::chores::leave_index(desk, table, &statement)?,
            false => desk.batch(&statement)?,
        }
    }
    Ok(())
}

/// The name of the index that a statement makes.
pub fn named(statement: &str) -> &str {
    statement.split_once(" EXISTS ").and_then(|parts| parts.1.split(' ').next()).unwrap_or("")
}

/// What an index is on: its table and columns.
fn on(statement: &str) -> &str {
    statement.split_once(" ON ").map_or("", |parts| parts.1)
}

/// Those of the indexes whose names PostgreSQL does not know.
fn missing(desk: &Desk<'_>, wanted: Vec<String>) -> Outcome<Vec<String>> {
    let mut missing = Vec::new();
    for statement in wanted {
        let known = desk.first("SELECT CAST(to_regclass($1) AS text)", &[named(&statement).into()])?;
        if known.is_none_or(|row| row.0[0] == Cell::Null) {
            missing.push(statement);
        }
    }
    Ok(missing)
}

/// Whether the shape still wants this index.
pub fn still_wanted(desk: &Desk<'_>, kind: EntityTypeId, statement: &str) -> bool {
    let (shape, dialect) = (desk.shape(), desk.sql.dialect());
    let wanted = shape.schema.kind(kind).zip(shape.tables.get(&kind)).map(|(kind, table)| indexes(dialect, kind, table)).unwrap_or_default();
    wanted.iter().any(|one| one == statement)
}

/// Search follows the shape: it gets its table, and looks into other fields than before.
pub fn search_again(desk: &Desk<'_>, former: &Table, shape: &EntityType) -> Outcome<()> {
    let table = Table::of(shape);
    if !table.searched {
        return Ok(());
    }
    desk.batch(&desk.sql.dialect().search_table(&table.search))?;
    match former.searched && former.searchable == table.searchable {
        true => Ok(()),
        false if crate::chores::is_large(desk, &table)? => crate::chores::leave_search(desk, &table),
        false => crate::search::rebuild(desk, &table),
    }
}

/// Fields are never dropped, and never change the form in which they are kept.
fn merge(known: Option<&EntityType>, wanted: EntityType) -> Outcome<EntityType> {
    let Some(known) = known else { return Ok(wanted) };
    let mut merged = wanted;
    for field in &known.fields {
        match merged.field(&field.code) {
            None => merged.fields.push(field.clone()),
            Some(new) if Held::of(new) == Held::of(field) => {}
            Some(new) => {
                let (ru, en) = (&new.title.ru, &new.title.en);
                let text = (format!("Поле «{ru}» уже хранит ответы другого вида"), format!("The field {en} keeps answers of another kind already"));
                return Err(Refusal::new("field_kind", text.0, text.1).into());
            }
        }
    }
    Ok(merged)
}

/// Codes become names of tables and columns: nothing but small Latin letters, digits and the underscore gets through.
fn check(shape: &EntityType) -> Outcome<()> {
    let good = |code: &str, most: usize| {
        code.len() <= most
            && code.starts_with(|letter: char| letter.is_ascii_lowercase())
            && code.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let wrong = |code: &str| {
        let code: String = code.chars().take(60).collect();
        Refusal::new(
            "wrong_code",
            format!("Код «{code}» не годится: нужны строчные латинские буквы, цифры и «_»"),
            format!("The code {code} will not do: small Latin letters, digits and _ are needed"),
        )
    };
    if !good(&shape.code, 40) {
        return Err(wrong(&shape.code).into());
    }
    for (at, field) in shape.fields.iter().enumerate() {
        if !good(&field.code, 50) || shape.fields[..at].iter().any(|other| other.code == field.code) {
            return Err(wrong(&field.code).into());
        }
    }
    // SQLite takes 2000 columns a table, PostgreSQL 1600.
    match shape.fields.len() > 1_500 {
        true => Err(Refusal::new("too_many_fields", "У типа не может быть больше 1500 полей", "A type can have at most 1500 fields").into()),
        false => Ok(()),
    }
}

/// The name of the index on a field.
pub fn index_name(kind: EntityTypeId, suffix: &str) -> String {
    format!("ix_{kind}_{suffix}")
}

/// Whether an index has the order of a dictionary for this field.
pub fn has_alphabet(field: &Field) -> bool {
    field.indexed && !field.multiple && matches!(field.kind, FieldKind::Text | FieldKind::Requisite { .. } | FieldKind::Counter { .. })
}

/// The end of the name of that index.
pub fn alphabet(code: &str) -> String {
    format!("{code}__o")
}

/// The indexes of a type: its indexed fields, what points at other records, and what boards and lists walk along.
pub fn indexes(dialect: Dialect, shape: &EntityType, table: &Table) -> Vec<String> {
    let first = dialect.nulls(false);
    let name = |suffix: &str| index_name(shape.id, suffix);
    let on = |suffix: &str, columns: &str| format!("CREATE INDEX IF NOT EXISTS {} ON {} ({columns})", name(suffix), table.name);
    let mut list: Vec<String> = shape
        .fields
        .iter()
        .filter(|field| (field.indexed || link(field).is_some_and(|link| !link.multiple)) && table.column(&field.code).is_some())
        .map(|field| on(&field.code, &format!("\"{}\"{first}, id", field.code)))
        .collect();
    // Lists are sorted as a dictionary, and answers are compared letter by letter: two orders, two indexes.
    list.extend(
        shape
            .fields
            .iter()
            .filter(|field| has_alphabet(field))
            .map(|field| on(&alphabet(&field.code), &format!("\"{}\" COLLATE vekha{first}, id", field.code))),
    );
    if shape.staged {
        // A stage belongs to one pipeline: an index on both would only be longer.
        list.push(on("board", "stage, id"));
        list.push(on("arrival", &format!("stage, moved_at{first}, id")));
        list.push(on("way", "pipeline, id"));
        if shape.has(code::OFFICE) {
            list.push(on("desk", &format!("office{first}, stage, moved_at{first}, id")));
        }
    }
    if shape.listed {
        list.push(on("name", &format!("title COLLATE vekha{first}, id")));
    }
    list
}

/// The shape changed: everybody reads it anew, this transaction at once.
pub fn changed(desk: &Desk<'_>) -> Outcome<()> {
    next(desk, "shape")?;
    desk.take_shape(load(desk)?);
    Ok(())
}

/// Makes or changes a pipeline.
pub fn install_pipeline(desk: &mut Desk<'_>, pipeline: &mut Pipeline) -> Outcome<()> {
    desk.lock("shape")?;
    desk.refresh()?;
    let schema = desk.schema_now();
    if schema.kind(pipeline.kind).is_none_or(|kind| !kind.staged) {
        return Err(Refusal::new("unknown_type", "У этого типа записей не бывает воронок", "This type of records has no pipelines").into());
    }
    let known = schema.pipelines.values().find(|one| one.kind == pipeline.kind && one.code == pipeline.code);
    pipeline.id = match known {
        Some(known) => known.id,
        None => PipelineId(next(desk, "pipeline")?),
    };
    for stage in &mut pipeline.stages {
        let former = known.and_then(|known| known.stages.iter().find(|one| one.code == stage.code));
        stage.id = match former {
            Some(former) => former.id,
            None => StageId(next(desk, "stage")?),
        };
    }
    if let Some(known) = known {
        // A stage that items stand on cannot vanish: what is not named again stays, behind the rest.
        let lost: Vec<_> = known.stages.iter().filter(|stage| !pipeline.stages.iter().any(|one| one.id == stage.id)).cloned().collect();
        pipeline.stages.extend(lost);
        if known == pipeline {
            return Ok(());
        }
    }
    desk.run(
        "INSERT INTO pipeline (id, kind, code, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        &[Cell::Int(pipeline.id.0), Cell::Int(pipeline.kind.0), pipeline.code.as_str().into(), json(pipeline).into()],
    )?;
    changed(desk)
}
