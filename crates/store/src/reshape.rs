//! Taking parts of the shape away, or putting one in the place of another. Nothing that was answered is lost: a column
//! goes out of the type under another name and stays in the table.

use crate::columns::json;
use crate::desk::Desk;
use crate::shape::{self, Table};
use crate::sql::{Cell, Dialect};
use crm::{EntityType, EntityTypeId, Outcome, Pipeline, PipelineId, Refusal, StageId, code};

/// The columns that the table has in the database, those of former fields included.
pub fn columns(desk: &Desk<'_>, table: &Table) -> Outcome<Vec<String>> {
    let sql = match desk.sql.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_info($1)",
        Dialect::Postgres => "SELECT CAST(attname AS text) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
    };
    Ok(desk.rows(sql, &[table.name.as_str().into()])?.into_iter().map(|mut row| row.text(0)).collect())
}

/// A name under which a column that goes out of the type can stay: `<code>_was_<n>`.
fn former_name(known: &[String], code: &str) -> String {
    let name = |number: u32| format!("{code}_was_{number}");
    (1..).map(name).find(|name| !known.contains(name)).expect("numbers do not end")
}

/// Gives a column another name. A name that only a former field has is not in the way.
fn rename(desk: &Desk<'_>, table: &Table, from: &str, to: &str) -> Outcome<()> {
    desk.batch(&format!("ALTER TABLE {} RENAME COLUMN \"{from}\" TO \"{to}\"", table.name))
}

/// Makes room for a new field: a former one of the same name goes farther away.
pub fn make_room(desk: &Desk<'_>, table: &Table, code: &str) -> Outcome<()> {
    let known = columns(desk, table)?;
    match known.iter().any(|one| one == code) {
        true => rename(desk, table, code, &former_name(&known, code)),
        false => Ok(()),
    }
}

/// Where the answers of a field are kept.
fn put_away(desk: &Desk<'_>, table: &Table, code: &str) -> Outcome<()> {
    let known = columns(desk, table)?;
    let name = former_name(&known, code);
    for suffix in [code.to_owned(), shape::alphabet(code)] {
        desk.batch(&format!("DROP INDEX IF EXISTS {}", shape::index_name(table.kind, &suffix)))?;
    }
    if table.column(code).is_some() {
        rename(desk, table, code, &name)?;
    }
    rename_beside(desk, table, code, &name)?;
    if [code::OBSERVERS, code::SHARED_WITH].contains(&code) {
        // Nobody is invited by a field that is no more.
        let sign = if code == code::OBSERVERS { ">" } else { "<" };
        desk.run(&format!("DELETE FROM access WHERE kind = $1 AND who {sign} 0"), &[table.kind.0.into()])?;
    }
    Ok(())
}

/// The same for answers that stand beside the table.
fn rename_beside(desk: &Desk<'_>, table: &Table, from: &str, to: &str) -> Outcome<()> {
    let params: [Cell; 3] = [to.into(), table.kind.0.into(), from.into()];
    if table.points.iter().any(|one| one == from) {
        desk.run("UPDATE point SET field = $1 WHERE kind = $2 AND field = $3", &params)?;
    }
    if table.link(from).is_some_and(|link| link.multiple) {
        desk.run("UPDATE link SET field = $1 WHERE kind = $2 AND field = $3", &params)?;
    }
    Ok(())
}

fn demand<'a>(desk: &Desk<'_>, kind: EntityTypeId, code: &'a str) -> Outcome<(EntityType, &'a str)> {
    let schema = desk.schema_now();
    let known = schema.kind(kind).ok_or_else(|| Refusal::new("unknown_type", "Такого типа записей нет", "There is no such type of records"))?;
    match known.has(code) {
        true => Ok((known.clone(), code)),
        false => Err(crm::query::unknown_field(code).into()),
    }
}

fn begin(desk: &Desk<'_>) -> Outcome<()> {
    desk.lock("shape")?;
    desk.refresh()
}

fn save_type(desk: &Desk<'_>, former: &Table, shape: &EntityType) -> Outcome<()> {
    desk.run("UPDATE entity_type SET body = $1 WHERE id = $2", &[json(shape).into(), shape.id.0.into()])?;
    shape::changed(desk)?;
    shape::search_again(desk, former, shape)
}

/// Takes a field out of a type.
pub fn remove_field(desk: &Desk<'_>, kind: EntityTypeId, code: &str) -> Outcome<()> {
    begin(desk)?;
    let (mut known, code) = demand(desk, kind, code)?;
    let common = EntityType { fields: Vec::new(), ..known.clone() }.complete();
    if common.has(code) {
        return Err(
            Refusal::new("common_field", "Это поле есть у каждой записи, убрать его нельзя", "Every record has this field, it cannot be taken away").into()
        );
    }
    let table = desk.demand_table(kind)?;
    put_away(desk, &table, code)?;
    known.fields.retain(|field| field.code != code);
    save_type(desk, &table, &known)
}

/// Puts the field `to` in the place of the field `from`, under the code of the latter.
pub fn swap_field(desk: &Desk<'_>, kind: EntityTypeId, from: &str, to: &str) -> Outcome<()> {
    begin(desk)?;
    let (mut known, from) = demand(desk, kind, from)?;
    let (_, to) = demand(desk, kind, to)?;
    if from == to {
        return Ok(());
    }
    let table = desk.demand_table(kind)?;
    put_away(desk, &table, from)?;
    if table.column(to).is_some() {
        rename(desk, &table, to, from)?;
        if desk.sql.dialect() == Dialect::Postgres {
            // SQLite cannot rename an index; there it is known by its column.
            for (to, from) in [(to.to_owned(), from.to_owned()), (shape::alphabet(to), shape::alphabet(from))] {
                desk.batch(&format!("ALTER INDEX IF EXISTS {} RENAME TO {}", shape::index_name(kind, &to), shape::index_name(kind, &from)))?;
            }
        }
    }
    rename_beside(desk, &table, to, from)?;
    let mut new = known.field(to).cloned().ok_or_else(|| crm::query::unknown_field(to))?;
    new.code = from.to_owned();
    known.fields.retain(|field| field.code != to);
    for field in known.fields.iter_mut().filter(|field| field.code == from) {
        *field = new.clone();
    }
    save_type(desk, &table, &known)
}

fn in_use(count: i64, ru: &str, en: &str) -> Refusal {
    let records = crm::format::plural(count.unsigned_abs(), ["запись", "записи", "записей"]);
    Refusal::new("in_use", format!("{ru}: {count} {records}"), format!("{en}: {count} {}", if count == 1 { "record" } else { "records" }))
}

/// How many items stand on these stages.
fn standing(desk: &Desk<'_>, stages: &[StageId]) -> Outcome<i64> {
    desk.settle()?;
    let mut select = crate::sql::Statement::new("SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM stage_total WHERE stage IN (0");
    for stage in stages {
        select.push(", ").bind(stage.0);
    }
    select.push(")");
    Ok(desk.first(&select.text, &select.params)?.map_or(0, |row| row.int(0)))
}

/// Takes an empty stage out of its pipeline.
pub fn remove_stage(desk: &Desk<'_>, stage: StageId) -> Outcome<()> {
    begin(desk)?;
    let schema = desk.schema_now();
    let known = schema.stage(stage).map(|(pipeline, _)| pipeline.clone());
    let mut pipeline = known.ok_or_else(|| Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage"))?;
    let count = standing(desk, &[stage])?;
    if count > 0 {
        return Err(in_use(count, "На стадии есть записи", "There are records on the stage").into());
    }
    if pipeline.stages.len() == 1 {
        return Err(Refusal::new("last_stage", "В воронке должна остаться хотя бы одна стадия", "A pipeline needs at least one stage").into());
    }
    pipeline.stages.retain(|one| one.id != stage);
    save_pipeline(desk, &pipeline)
}

fn save_pipeline(desk: &Desk<'_>, pipeline: &Pipeline) -> Outcome<()> {
    desk.run("UPDATE pipeline SET body = $1 WHERE id = $2", &[json(pipeline).into(), pipeline.id.0.into()])?;
    shape::changed(desk)
}

/// Takes an empty pipeline away.
pub fn remove_pipeline(desk: &Desk<'_>, pipeline: PipelineId) -> Outcome<()> {
    begin(desk)?;
    let schema = desk.schema_now();
    let known = schema.pipelines.get(&pipeline).ok_or_else(|| Refusal::new("unknown_pipeline", "Такой воронки нет", "There is no such pipeline"))?;
    let stages: Vec<StageId> = known.stages.iter().map(|stage| stage.id).collect();
    let count = standing(desk, &stages)?;
    if count > 0 {
        return Err(in_use(count, "В воронке есть записи", "There are records in the pipeline").into());
    }
    if known.is_default {
        return Err(Refusal::new(
            "default_pipeline",
            "Это основная воронка: сначала сделайте основной другую",
            "This is the default pipeline: make another one the default first",
        )
        .into());
    }
    desk.run("DELETE FROM pipeline WHERE id = $1", &[pipeline.0.into()])?;
    forget_totals(desk, &stages)?;
    shape::changed(desk)
}

fn forget_totals(desk: &Desk<'_>, stages: &[StageId]) -> Outcome<()> {
    stages.iter().try_for_each(|stage| desk.run("DELETE FROM stage_total WHERE stage = $1", &[stage.0.into()]).map(drop))
}

/// Takes an empty type away, with its pipelines, layouts and views, and what lies in its recycle bin.
pub fn remove_type(desk: &Desk<'_>, kind: EntityTypeId) -> Outcome<()> {
    begin(desk)?;
    let table = desk.demand_table(kind)?;
    let count = desk.first(&format!("SELECT count(*) FROM {}", table.name), &[])?.map_or(0, |row| row.int(0));
    if count > 0 {
        return Err(in_use(count, "Такие записи есть", "There are such records").into());
    }
    let schema = desk.schema_now();
    let stages: Vec<StageId> = schema.pipelines_of(kind).iter().flat_map(|pipeline| &pipeline.stages).map(|stage| stage.id).collect();
    forget_totals(desk, &stages)?;
    for place in ["pipeline", "layout", "saved_view", "bin", "access", "link", "lookalike", "alias", "point"] {
        desk.run(&format!("DELETE FROM {place} WHERE kind = $1"), &[kind.0.into()])?;
    }
    desk.run("DELETE FROM entity_type WHERE id = $1", &[kind.0.into()])?;
    desk.batch(&format!("DROP TABLE {}; DROP TABLE IF EXISTS {}", table.name, table.search))?;
    shape::changed(desk)
}
