//! Items: reading what may be seen, and saving together with the facts that a saving makes true.

use crate::columns::Held;
use crate::desk::Desk;
use crate::event_log;
use crate::filter::{Compiler, scope};
use crate::page::Pager;
use crate::search;
use crate::shape::Table;
use crate::sql::{Cell, Row, Statement};
use crm::{Action, Cause, Count, Fact, Failure, Item, ItemRef, Outcome, Point, Query, Refusal, Rights, Value, Values, code};
use std::collections::BTreeMap;

/// Most items in one answer.
const LONGEST_PAGE: u32 = 500;

/// One item as these rights show it.
pub fn one(desk: &Desk<'_>, rights: &Rights, at: ItemRef) -> Outcome<Option<Item>> {
    let Some(table) = desk.table(at.kind) else { return Ok(None) };
    let mut select = Statement::new(format!("SELECT {} FROM {} AS i WHERE i.id = ", table.select, table.name));
    select.bind(at.id).push(" AND ");
    if !scope(&mut select, rights, at.kind, Action::Read, "i.responsible") {
        return Ok(None);
    }
    let rows = desk.rows(&select.text, &select.params)?;
    Ok(decode(desk, &table, rows)?.pop().map(|item| rights.shown(item)))
}

/// Items that fit, as these rights show them.
pub fn many(desk: &Desk<'_>, rights: &Rights, query: &Query) -> Outcome<Vec<Item>> {
    let table = desk.demand_table(query.kind)?;
    let Some(condition) = condition(desk, rights, query, &table)? else { return Ok(Vec::new()) };
    let pager = Pager::new(desk.sql.dialect(), &table, &query.order)?;
    let mut wanted = query.page.limit.min(LONGEST_PAGE);
    let mut rows = Vec::new();
    for part in pager.parts(query.page.after.as_ref())? {
        if wanted == 0 {
            break;
        }
        let mut select = Statement::new(format!("SELECT {} FROM {} AS i WHERE ", table.select, table.name));
        condition.write_into(&mut select, query)?;
        part.write(&mut select);
        select.push(" LIMIT ").bind(wanted);
        if query.page.offset > 0 && query.page.after.is_none() {
            select.push(" OFFSET ").bind(query.page.offset);
        }
        let found = desk.rows(&select.text, &select.params)?;
        wanted -= u32::try_from(found.len()).unwrap_or(wanted);
        rows.extend(found);
    }
    Ok(decode(desk, &table, rows)?.into_iter().map(|item| rights.shown(item)).collect())
}

/// How many fit, counted up to a cap.
pub fn count(desk: &Desk<'_>, rights: &Rights, query: &Query, cap: u64) -> Outcome<Count> {
    let table = desk.demand_table(query.kind)?;
    let Some(condition) = condition(desk, rights, query, &table)? else { return Ok(Count { counted: 0, more: false }) };
    let cap = i64::try_from(cap).unwrap_or(i64::MAX - 1).min(i64::MAX - 1);
    let mut select = Statement::new(format!("SELECT count(*) FROM (SELECT 1 FROM {} AS i WHERE ", table.name));
    condition.write_into(&mut select, query)?;
    select.push(" LIMIT ").bind(cap + 1).push(") AS found");
    let counted = desk.first(&select.text, &select.params)?.map_or(0, |row| row.int(0));
    Ok(Count { counted: u64::try_from(counted.min(cap)).unwrap_or(0), more: counted > cap })
}

/// A checked condition, ready to be written into any number of statements.
struct Condition<'a> {
    compiler: Compiler<'a>,
    filter: crm::Filter,
}

/// `None` when nothing at all may be seen.
fn condition<'a>(desk: &Desk<'_>, rights: &'a Rights, query: &Query, table: &'a Table) -> Outcome<Option<Condition<'a>>> {
    let schema = desk.schema_now();
    for field in query.filter.fields().into_iter().chain(query.order.iter().map(|order| order.field.as_str())) {
        if schema.field(query.kind, field).is_none() || !rights.sees(query.kind, field) {
            return Err(crm::query::unknown_field(field).into());
        }
    }
    let filter = query.filter.typed(&schema, query.kind)?;
    let compiler = Compiler { dialect: desk.sql.dialect(), table, rights };
    Ok((rights.scope(query.kind, Action::Read) != crm::Scope::None).then_some(Condition { compiler, filter }))
}

impl Condition<'_> {
    fn write_into(&self, out: &mut Statement, query: &Query) -> Outcome<()> {
        scope(out, self.compiler.rights, query.kind, Action::Read, "i.responsible");
        out.push(" AND ");
        self.compiler.write(out, &self.filter)
    }
}

/// Rows of a table as items, with their points.
pub fn decode(desk: &Desk<'_>, table: &Table, rows: Vec<Row>) -> Outcome<Vec<Item>> {
    let mut items = Vec::with_capacity(rows.len());
    for mut row in rows {
        let mut item = Item { kind: table.kind, id: row.int(0), version: row.int(1), values: Values::new() };
        item.values.set(code::ID, Value::Int(item.id));
        for (at, column) in table.columns.iter().enumerate() {
            let value = column.held.read(&column.code, row.take(at + 2))?;
            if !value.is_empty() {
                item.values.set(column.code.as_str(), value);
            }
        }
        items.push(item);
    }
    if !table.points.is_empty() && !items.is_empty() {
        let mut found = points(desk, table, items.iter().map(|item| item.id))?;
        for item in &mut items {
            for (field, list) in found.remove(&item.id).into_iter().flatten() {
                item.values.set(field, Value::points(list));
            }
        }
    }
    Ok(items)
}

type PointsByItem = BTreeMap<i64, BTreeMap<String, Vec<Point>>>;

fn points(desk: &Desk<'_>, table: &Table, ids: impl Iterator<Item = i64>) -> Outcome<PointsByItem> {
    let mut ids: Vec<i64> = ids.collect();
    // Few shapes of the statement: the list is filled up with its last number to a power of two.
    let last = *ids.last().expect("the caller has items");
    ids.resize(ids.len().next_power_of_two(), last);
    // The plus keeps SQLite from reading all points of the kind: the number of the item leads to the few that are wanted.
    let mut select = Statement::new("SELECT item_id, field, id, raw, normal, label FROM point WHERE +kind = ");
    select.bind(table.kind.0).push(" AND item_id IN (").bind_all(ids.into_iter().map(Cell::Int)).push(") ORDER BY item_id, field, position");
    let mut found = PointsByItem::new();
    for mut row in desk.rows(&select.text, &select.params)? {
        let (item, field) = (row.int(0), row.text(1));
        let point = Point { id: row.int(2), raw: row.text(3), normal: row.text(4), label: row.text(5) };
        found.entry(item).or_default().entry(field).or_default().push(point);
    }
    Ok(found)
}

/// Saves an item together with the facts that its saving makes true.
pub fn save(desk: &Desk<'_>, item: &mut Item, cause: &Cause, facts: Vec<Fact>) -> Outcome<()> {
    let table = desk.demand_table(item.kind)?;
    item.values.0.retain(|_, value| !value.is_empty());
    item.values.0.remove(code::ID);
    if let Some(unknown) = item.values.0.keys().find(|code| table.column(code).is_none() && !table.points.contains(code)) {
        return Err(crm::query::unknown_field(unknown).into());
    }
    match item.id {
        0 => insert(desk, &table, item)?,
        _ => update(desk, &table, item)?,
    }
    item.values.set(code::ID, Value::Int(item.id));
    for fact in facts {
        event_log::note(desk, item, cause, fact);
    }
    Ok(())
}

fn cells(table: &Table, item: &Item) -> Outcome<Vec<Cell>> {
    table.columns.iter().map(|column| column.held.write(&column.code, item.values.get(&column.code))).collect()
}

fn insert(desk: &Desk<'_>, table: &Table, item: &mut Item) -> Outcome<()> {
    let mut params = vec![Cell::Int(1)];
    params.extend(cells(table, item)?);
    item.id = desk.insert(&table.insert, &params)?;
    item.version = 1;
    write_points(desk, table, item, &Values::new())?;
    search::put(desk, table, item)?;
    desk.pending.borrow_mut().totals.add(item);
    Ok(())
}

/// Only the columns that differ are written: an index whose column is not named is not touched.
fn update(desk: &Desk<'_>, table: &Table, item: &mut Item) -> Outcome<()> {
    let before = locked(desk, table, item.id)?;
    if before.version != item.version {
        return Err(desk.stale());
    }
    let (old, new) = (cells(table, &before)?, cells(table, item)?);
    let mut update = Statement::new(format!("UPDATE {} SET _version = _version + 1", table.name));
    for (at, (cell, _)) in new.into_iter().zip(&old).enumerate().filter(|(_, (new, old))| new != *old) {
        update.push(", \"").push(&table.columns[at].code).push("\" = ").bind(cell);
    }
    update.push(" WHERE id = ").bind(item.id).push(" AND _version = ").bind(item.version);
    if desk.run_this(&update)? == 0 {
        return Err(desk.stale());
    }
    item.version += 1;
    write_points(desk, table, item, &before.values)?;
    if search::differs(table, &before, item) {
        search::put(desk, table, item)?;
    }
    let mut pending = desk.pending.borrow_mut();
    pending.totals.subtract(&before);
    pending.totals.add(item);
    Ok(())
}

/// The item as it stands, held until the transaction ends.
fn locked(desk: &Desk<'_>, table: &Table, id: i64) -> Outcome<Item> {
    let select = format!("SELECT {} FROM {} AS i WHERE i.id = $1{}", table.select, table.name, desk.sql.dialect().for_update());
    let rows = desk.rows(&select, &[id.into()])?;
    decode(desk, table, rows)?.pop().ok_or_else(|| Refusal::not_found().into())
}

/// Writes the points that are new or changed and takes out those that are gone. A point keeps its number as long as it is
/// named with it: scripts change and delete phones by number.
fn write_points(desk: &Desk<'_>, table: &Table, item: &mut Item, before: &Values) -> Outcome<()> {
    for field in &table.points {
        let known = before.points(field).to_vec();
        let Value::Points(mut now) = item.values.get(field).clone() else {
            if let given @ (Value::Text(_) | Value::Int(_) | Value::Many(_)) = item.values.get(field) {
                return Err(Failure::give_up(format!("the field {field} was given {given:?} in place of points")).into());
            }
            if !known.is_empty() {
                desk.run("DELETE FROM point WHERE +kind = $1 AND item_id = $2 AND field = $3", &[table.kind.0.into(), item.id.into(), field.into()])?;
            }
            continue;
        };
        for gone in known.iter().filter(|point| !now.list.iter().any(|one| one.id == point.id)) {
            desk.run("DELETE FROM point WHERE id = $1", &[gone.id.into()])?;
        }
        for (position, point) in now.list.iter_mut().enumerate() {
            let position = Cell::Int(i64::try_from(position).expect("a field has at most 50 points"));
            let Some(at) = known.iter().position(|one| one.id == point.id && point.id != 0) else {
                point.id = desk.insert(
                    "INSERT INTO point (kind, item_id, field, position, raw, normal, label) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                    &[
                        table.kind.0.into(),
                        item.id.into(),
                        field.into(),
                        position,
                        point.raw.as_str().into(),
                        point.normal.as_str().into(),
                        point.label.as_str().into(),
                    ],
                )?;
                continue;
            };
            if known[at] != *point || Cell::Int(i64::try_from(at).unwrap_or(0)) != position {
                desk.run(
                    "UPDATE point SET position = $1, raw = $2, normal = $3, label = $4 WHERE id = $5",
                    &[position, point.raw.as_str().into(), point.normal.as_str().into(), point.label.as_str().into(), point.id.into()],
                )?;
            }
        }
        item.values.set(field.as_str(), Value::Points(now));
    }
    Ok(())
}

/// Deletes an item; its last answers stay in the log.
pub fn remove(desk: &Desk<'_>, item: &Item, cause: &Cause) -> Outcome<()> {
    let table = desk.demand_table(item.kind)?;
    let before = locked(desk, &table, item.id)?;
    if before.version != item.version {
        return Err(desk.stale());
    }
    desk.run(&format!("DELETE FROM {} WHERE id = $1", table.name), &[item.id.into()])?;
    if !table.points.is_empty() {
        desk.run("DELETE FROM point WHERE +kind = $1 AND item_id = $2", &[item.kind.0.into(), item.id.into()])?;
    }
    search::remove(desk, &table, item.id)?;
    desk.pending.borrow_mut().totals.subtract(&before);
    let fact = Fact::Deleted { values: before.values.clone() };
    event_log::note(desk, &before, cause, fact);
    Ok(())
}

/// The message with this number of the provider's.
pub fn by_provider_ref(desk: &Desk<'_>, provider_ref: &str) -> Outcome<Option<ItemRef>> {
    let known = desk.table(crm::kind::MESSAGE).filter(|table| table.column("provider_ref").is_some_and(|column| column.held == Held::Text));
    let Some(table) = known.filter(|_| !provider_ref.is_empty()) else { return Ok(None) };
    let row = desk.first(&format!("SELECT id FROM {} WHERE provider_ref = $1 ORDER BY id LIMIT 1", table.name), &[provider_ref.into()])?;
    Ok(row.map(|row| ItemRef::new(table.kind, row.int(0))))
}
