//! Items: reading what may be seen, and saving together with the facts that a saving makes true.

use crate::columns::Held;
use crate::desk::Desk;
use crate::filter::Compiler;
use crate::page::Pager;
use crate::shape::{Shape, Table};
use crate::sight::{Columns, Seen, sight};
use crate::sql::{Cell, Dialect, Row, Statement};
use crate::{access, bin, event_log, joined, search};
use crm::{Action, Cause, Count, EntityTypeId, Fact, Failure, Filter, Item, ItemRef, Outcome, Point, Query, Refusal, Rights, Value, Values, code};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most items in one answer.
const LONGEST_PAGE: u32 = 500;

/// One item as these rights show it. One that was joined with another is found under that one.
pub fn one(desk: &Desk<'_>, rights: &Rights, at: ItemRef) -> Outcome<Option<Item>> {
    if let Some(item) = direct(desk, rights, at)? {
        return Ok(Some(item));
    }
    match joined::merged_into(desk, at)? {
        Some(into) if !exists(desk, at)? => direct(desk, rights, into),
        _ => Ok(None),
    }
}

fn exists(desk: &Desk<'_>, at: ItemRef) -> Outcome<bool> {
    let Some(table) = desk.table(at.kind) else { return Ok(false) };
    Ok(desk.first(&format!("SELECT 1 FROM {} WHERE id = $1", table.name), &[at.id.into()])?.is_some())
}

fn direct(desk: &Desk<'_>, rights: &Rights, at: ItemRef) -> Outcome<Option<Item>> {
    let Some(table) = desk.table(at.kind) else { return Ok(None) };
    let seen = sight(rights, at.kind, Action::Read, &Columns::of(&table, "i"));
    if seen == Seen::Never {
        return Ok(None);
    }
    let mut select = Statement::new(format!("SELECT {} FROM {} AS i WHERE i.id = ", table.select, table.name));
    select.bind(at.id).push(" AND ");
    seen.write(&mut select, desk.sql.dialect());
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
        let offset = if query.page.after.is_none() { query.page.offset } else { 0 };
        let mut select = Statement::new(format!("SELECT {} FROM {} AS i WHERE ", table.select, table.name));
        condition.write(
            &mut select,
            |out| part.conditions(out),
            |out| {
                part.order(out);
                out.push(" LIMIT ").bind(i64::from(wanted) + i64::from(offset));
            },
        )?;
        part.order(&mut select);
        select.push(" LIMIT ").bind(wanted);
        if offset > 0 {
            select.push(" OFFSET ").bind(offset);
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
    let mut select = Statement::new("SELECT count(*) FROM (");
    let enough = |out: &mut Statement| {
        out.push(" LIMIT ").bind(cap + 1);
    };
    condition.numbers(&mut select, "UNION", |_| (), enough)?;
    select.push(") AS found");
    let counted = desk.first(&select.text, &select.params)?.map_or(0, |row| row.int(0));
    Ok(Count { counted: u64::try_from(counted.min(cap)).unwrap_or(0), more: counted > cap })
}

/// A checked condition, ready to be written into any number of statements.
pub struct Condition<'a> {
    rights: &'a Rights,
    table: &'a Table,
    shape: Arc<Shape>,
    dialect: Dialect,
    seen: Seen,
    filter: Filter,
    /// The engine walks along the order of the list and looks at each record, instead of gathering all that fit.
    walks: bool,
    /// Nearly every record has what is searched for.
    frequent: bool,
}

/// `None` when nothing at all may be seen.
pub fn condition<'a>(desk: &Desk<'_>, rights: &'a Rights, query: &Query, table: &'a Table) -> Outcome<Option<Condition<'a>>> {
    let shape = desk.shape();
    for field in query.order.iter().map(|order| order.field.as_str()) {
        demand_seen(&shape, rights, query.kind, field)?;
    }
    demand_all_seen(&shape, rights, query.kind, &query.filter)?;
    let filter = query.filter.typed(&shape.schema, query.kind)?;
    let filter = crate::ahead::resolved(desk, &shape, rights, table, &filter)?;
    let seen = sight(rights, query.kind, Action::Read, &Columns::of(table, "i"));
    let dialect = desk.sql.dialect();
    let frequent = crate::search::is_frequent(desk, table, &filter)?;
    let walks = seen == Seen::Always && crate::ahead::walks(desk, &shape, table, &filter, &query.order)?;
    Ok((seen != Seen::Never).then_some(Condition { rights, table, shape, dialect, seen, filter, walks, frequent }))
}

/// Unknown and hidden fields look alike, also those at the other end of a link.
fn demand_seen(shape: &Shape, rights: &Rights, kind: EntityTypeId, path: &str) -> Outcome<()> {
    let known = shape.schema.field_on_path(kind, path).is_some();
    let seen = match path.split_once('.') {
        None => rights.sees(kind, path),
        Some((link, field)) => {
            let to = shape.tables.get(&kind).and_then(|table| table.link(link)).and_then(|link| link.to);
            rights.sees(kind, link) && to.is_some_and(|to| rights.sees(to, field))
        }
    };
    match known && seen {
        true => Ok(()),
        false => Err(crm::query::unknown_field(path).into()),
    }
}

fn demand_all_seen(shape: &Shape, rights: &Rights, kind: EntityTypeId, filter: &Filter) -> Outcome<()> {
    match filter {
        Filter::Any | Filter::Search(_) => Ok(()),
        Filter::All(list) | Filter::One(list) => list.iter().try_for_each(|one| demand_all_seen(shape, rights, kind, one)),
        Filter::Not(inner) => demand_all_seen(shape, rights, kind, inner),
        Filter::Is { field, .. } => demand_seen(shape, rights, kind, field),
        Filter::Linked { kind: other, field, filter } => {
            demand_seen(shape, rights, *other, field)?;
            demand_all_seen(shape, rights, *other, filter)
        }
    }
}

/// A condition with more parameters is not written several times into one statement.
const FEW_PARAMETERS: usize = 400;

impl Condition<'_> {
    /// Writes what may be seen and what is asked for; the table is called `i` in the statement. Where rights are several
    /// alternatives, each looks for itself, along its own index, as far as `tail` says.
    ///
    /// # Errors
    /// As [`Compiler::write`].
    pub fn write(&self, out: &mut Statement, more: impl Fn(&mut Statement), tail: impl Fn(&mut Statement)) -> Outcome<()> {
        if self.branches()?.len() == 1 {
            self.seen.write(out, self.dialect);
            out.push(" AND ");
            self.asked(out)?;
            more(out);
            return Ok(());
        }
        out.push("i.id IN (");
        self.numbers(out, "UNION ALL", more, tail)?;
        out.push(")");
        Ok(())
    }

    /// Writes statements that answer the numbers of the records, one for each alternative of what may be seen.
    ///
    /// # Errors
    /// As [`Compiler::write`].
    pub fn numbers(&self, out: &mut Statement, union: &str, more: impl Fn(&mut Statement), tail: impl Fn(&mut Statement)) -> Outcome<()> {
        let branches = self.branches()?;
        for (at, branch) in branches.iter().enumerate() {
            if at > 0 {
                out.push(" ").push(union).push(" ");
            }
            out.push("SELECT id FROM (SELECT i.id FROM ").push(&self.table.name).push(" AS i WHERE ");
            branch.write(out, self.dialect);
            out.push(" AND ");
            self.asked(out)?;
            more(out);
            tail(out);
            out.push(&format!(") AS b{at}"));
        }
        Ok(())
    }

    fn branches(&self) -> Outcome<Vec<Seen>> {
        let branches = self.seen.branches();
        if branches.len() > 1 {
            let mut once = Statement::default();
            self.asked(&mut once)?;
            if once.params.len() > FEW_PARAMETERS {
                return Ok(vec![self.seen.clone()]);
            }
        }
        Ok(branches)
    }

    /// Writes only what is asked for.
    fn asked(&self, out: &mut Statement) -> Outcome<()> {
        let compiler = Compiler {
            dialect: self.dialect,
            shape: &self.shape,
            called: if self.walks { "+i" } else { "i" }.to_owned(),
            hops: 0,
            frequent: self.frequent,
            table: self.table,
            rights: self.rights,
        };
        compiler.write(out, &self.filter)
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
    beside(desk, table, item)
}

/// Puts a record back under the number and version that it has.
pub fn put_back(desk: &Desk<'_>, table: &Table, item: &mut Item) -> Outcome<()> {
    let mut insert = Statement::new(format!("INSERT INTO {} (id, _version", table.name));
    for column in &table.columns {
        insert.push(", \"").push(&column.code).push("\"");
    }
    insert.push(") VALUES (").bind(item.id).push(", ").bind(item.version).push(", ").bind_all(cells(table, item)?).push(")");
    desk.run_this(&insert)?;
    beside(desk, table, item)?;
    item.values.set(code::ID, Value::Int(item.id));
    Ok(())
}

/// Writes what is kept beside a new row.
fn beside(desk: &Desk<'_>, table: &Table, item: &mut Item) -> Outcome<()> {
    write_points(desk, table, item, &Values::new())?;
    access::keep(desk, table, item, &Values::new())?;
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
    access::keep(desk, table, item, &before.values)?;
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
                point.id = new_point(desk, ItemRef::new(table.kind, item.id), field, position, point)?;
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

/// A point that is known by its number (it comes out of the recycle bin) keeps it, unless somebody else has it.
fn new_point(desk: &Desk<'_>, at: ItemRef, field: &str, position: Cell, point: &Point) -> Outcome<i64> {
    let mut params =
        vec![at.kind.0.into(), at.id.into(), field.into(), position, point.raw.as_str().into(), point.normal.as_str().into(), point.label.as_str().into()];
    const COLUMNS: &str = "kind, item_id, field, position, raw, normal, label";
    if point.id != 0 && desk.first("SELECT 1 FROM point WHERE id = $1", &[point.id.into()])?.is_none() && given_before(desk, point.id)? {
        params.push(point.id.into());
        return desk.insert(&format!("INSERT INTO point ({COLUMNS}, id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id"), &params);
    }
    desk.insert(&format!("INSERT INTO point ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id"), &params)
}

/// Whether the engine gave this number to a point once: a number from elsewhere (a copied record) could be given again later.
fn given_before(desk: &Desk<'_>, id: i64) -> Outcome<bool> {
    let sql = match desk.sql.dialect() {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_sequence WHERE name = 'point' AND seq >= $1",
        Dialect::Postgres => "SELECT 1 FROM pg_sequences WHERE sequencename = 'point_id_seq' AND schemaname = current_schema() AND last_value >= $1",
    };
    Ok(desk.first(sql, &[id.into()])?.is_some())
}

/// Deletes an item; its last answers stay in the log, and the record in the recycle bin if its type has one.
pub fn remove(desk: &Desk<'_>, item: &Item, cause: &Cause) -> Outcome<()> {
    let table = desk.demand_table(item.kind)?;
    let before = locked(desk, &table, item.id)?;
    if before.version != item.version {
        return Err(desk.stale());
    }
    bin::clear(desk, &table, &before)?;
    bin::put(desk, &before, cause)?;
    let fact = Fact::Deleted { values: before.values.clone() };
    event_log::note(desk, &before, cause, fact);
    Ok(())
}

/// Writes one answer without an event. Search, totals, points and side tables follow; a copy of before is stale.
pub fn put_answer(desk: &Desk<'_>, at: ItemRef, field: &str, value: &Value) -> Outcome<()> {
    let table = desk.demand_table(at.kind)?;
    if table.column(field).is_none() && !table.points.iter().any(|one| one == field) {
        return Err(crm::query::unknown_field(field).into());
    }
    let mut item = locked(desk, &table, at.id)?;
    if item.values.get(field) == value {
        return Ok(());
    }
    item.values.set(field, value.clone());
    item.values.0.retain(|_, value| !value.is_empty());
    update(desk, &table, &mut item)
}

/// The message with this number of the provider's.
pub fn by_provider_ref(desk: &Desk<'_>, provider_ref: &str) -> Outcome<Option<ItemRef>> {
    let known = desk.table(crm::kind::MESSAGE).filter(|table| table.column("provider_ref").is_some_and(|column| column.held == Held::Text));
    let Some(table) = known.filter(|_| !provider_ref.is_empty()) else { return Ok(None) };
    let row = desk.first(&format!("SELECT id FROM {} WHERE provider_ref = $1 ORDER BY id LIMIT 1", table.name), &[provider_ref.into()])?;
    Ok(row.map(|row| ItemRef::new(table.kind, row.int(0))))
}
