//! The recycle bin: a deleted record lies there as it was, with its phones under their numbers, and can come back.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::shape::Table;
use crate::sight::{Columns, Seen, sight};
use crate::sql::{Row, Statement};
use crate::{access, event_log, items, joined, search};
use crm::{Action, Binned, Cause, EntityTypeId, Fact, Feature, Item, ItemRef, Moment, Outcome, Refusal, Rights, UserId, code};

/// So many records are swept out in one go.
const SWEEP: i64 = 500;

/// Whether what is deleted from this type goes to the bin.
fn keeps(desk: &Desk<'_>, kind: EntityTypeId) -> bool {
    desk.schema_now().kind(kind).is_some_and(|kind| kind.features.contains(&Feature::Bin))
}

/// Puts a record that is being deleted into the bin, if its type has one; whoever was invited to it may see it there.
pub fn put(desk: &Desk<'_>, item: &Item, cause: &Cause) -> Outcome<()> {
    if !keeps(desk, item.kind) {
        return access::forget_invited(desk, item.at());
    }
    let number = |field: &str| item.values.int(field);
    desk.run(
        "INSERT INTO bin (kind, item_id, version, at, staff, responsible, office, pipeline, stage, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            item.kind.0.into(),
            item.id.into(),
            item.version.into(),
            cause.at.0.into(),
            cause.by.user().0.into(),
            number(code::RESPONSIBLE).into(),
            number(code::OFFICE).into(),
            number(code::PIPELINE).into(),
            number(code::STAGE).into(),
            json(&item.values).into(),
        ],
    )
    .map(drop)
}

const SELECT: &str = "SELECT b.kind, b.item_id, b.version, b.at, b.staff, b.body FROM bin AS b";

fn binned(desk: &Desk<'_>, rights: &Rights, mut row: Row) -> Outcome<Binned> {
    let (at, version) = (ItemRef::new(EntityTypeId(row.int(0)), row.int(1)), row.int(2));
    let item = Item { kind: at.kind, id: at.id, version, values: from_json("deleted record", &row.text(5))? };
    Ok(Binned { item: rights.shown(item), at: Moment(row.int(3)), by: UserId(row.int(4)), merged_into: joined::merged_into(desk, at)? })
}

fn seen(desk: &Desk<'_>, rights: &Rights, kind: EntityTypeId) -> Option<Seen> {
    let table = desk.table(kind)?;
    Some(sight(rights, kind, Action::Read, &Columns::of_bin(&table))).filter(|seen| *seen != Seen::Never)
}

/// What lies in the bin of a type, the newest first, before a moment.
pub fn list(desk: &Desk<'_>, rights: &Rights, kind: EntityTypeId, before: Option<Moment>, limit: u32) -> Outcome<Vec<Binned>> {
    let Some(seen) = seen(desk, rights, kind) else { return Ok(Vec::new()) };
    let mut select = Statement::new(format!("{SELECT} WHERE b.kind = "));
    select.bind(kind.0).push(" AND b.at < ").bind(before.map_or(i64::MAX, |at| at.0)).push(" AND ");
    seen.write(&mut select, desk.sql.dialect());
    select.push(" ORDER BY b.at DESC, b.item_id DESC LIMIT ").bind(limit);
    desk.rows(&select.text, &select.params)?.into_iter().map(|row| binned(desk, rights, row)).collect()
}

/// One record of the bin.
pub fn one(desk: &Desk<'_>, rights: &Rights, at: ItemRef) -> Outcome<Option<Binned>> {
    let Some(seen) = seen(desk, rights, at.kind) else { return Ok(None) };
    let mut select = Statement::new(format!("{SELECT} WHERE b.kind = "));
    select.bind(at.kind.0).push(" AND b.item_id = ").bind(at.id).push(" AND ");
    seen.write(&mut select, desk.sql.dialect());
    desk.first(&select.text, &select.params)?.map(|row| binned(desk, rights, row)).transpose()
}

/// Puts a record back under its number. What its type lost meanwhile (a field, a stage) it comes back without.
pub fn restore(desk: &Desk<'_>, item: &mut Item, cause: &Cause, facts: Vec<Fact>) -> Outcome<()> {
    let table = desk.demand_table(item.kind)?;
    let taken = desk.run("DELETE FROM bin WHERE kind = $1 AND item_id = $2", &[item.kind.0.into(), item.id.into()])?;
    if taken == 0 {
        return Err(Refusal::not_found().into());
    }
    access::forget_invited(desk, item.at())?;
    item.values.0.retain(|code, value| !value.is_empty() && (table.column(code).is_some() || table.points.contains(code)));
    stand_somewhere(desk, item);
    // A copy of before the deletion is stale.
    item.version += 1;
    items::put_back(desk, &table, item)?;
    for fact in facts {
        event_log::note(desk, item, cause, fact);
    }
    Ok(())
}

/// A record whose stage is no more comes back to where new ones begin.
fn stand_somewhere(desk: &Desk<'_>, item: &mut Item) {
    let schema = desk.schema_now();
    if item.stage().is_none_or(|stage| schema.stage(stage).is_some_and(|(pipeline, _)| pipeline.kind == item.kind)) {
        return;
    }
    if let Some((pipeline, stage)) = schema.default_pipeline(item.kind).and_then(|pipeline| Some((pipeline, pipeline.stages.first()?))) {
        item.values.set(code::PIPELINE, crm::Value::Int(pipeline.id.0));
        item.values.set(code::STAGE, crm::Value::Int(stage.id.0));
    }
}

/// Empties the bin of what went there before a moment; how many records. Their files go, too: the cards of the files
/// here, and the bytes that no card names any more are for whoever keeps the folder.
pub fn empty(desk: &Desk<'_>, before: Moment) -> Outcome<u64> {
    let mut swept = 0;
    loop {
        let rows = desk.rows("SELECT kind, item_id FROM bin WHERE at < $1 ORDER BY at LIMIT $2", &[before.0.into(), SWEEP.into()])?;
        if rows.is_empty() {
            return Ok(swept);
        }
        for row in rows {
            let at = [row.int(0).into(), row.int(1).into()];
            for sql in [
                "DELETE FROM bin WHERE kind = $1 AND item_id = $2",
                "DELETE FROM access WHERE kind = $1 AND item_id = $2",
                "DELETE FROM stored_file WHERE item_kind = $1 AND item_id = $2",
                "DELETE FROM lookalike WHERE kind = $1 AND first = $2",
                "DELETE FROM lookalike WHERE kind = $1 AND second = $2",
            ] {
                desk.run(sql, &at)?;
            }
            swept += 1;
        }
    }
}

/// Takes a record out of its table with all that is kept beside it; it stays in the log.
pub fn clear(desk: &Desk<'_>, table: &Table, item: &Item) -> Outcome<()> {
    desk.run(&format!("DELETE FROM {} WHERE id = $1", table.name), &[item.id.into()])?;
    if !table.points.is_empty() {
        desk.run("DELETE FROM point WHERE +kind = $1 AND item_id = $2", &[item.kind.0.into(), item.id.into()])?;
    }
    if table.links.iter().any(|link| link.multiple) {
        access::forget_links(desk, item.at())?;
    }
    search::remove(desk, table, item.id)?;
    desk.pending.borrow_mut().totals.subtract(item);
    Ok(())
}
