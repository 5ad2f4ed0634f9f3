//! What a change of the shape leaves behind for tables with very many rows. Writers must not wait for a second while a
//! million rows get an index: the change itself is a word in a table, the rest is done afterwards, in small steps.

use crate::desk::Desk;
use crate::shape::Table;
use crm::{EntityTypeId, Outcome};

/// In smaller tables everything is done at once.
const LARGE: i64 = 20_000;
/// So many records are put into the index of search in one step.
const STEP: i64 = 40;
/// The word for indexing the records for search anew; any other word is the statement of an index.
const SEARCH: &str = "search";

/// Something that is left to do.
#[derive(Debug, Clone)]
pub struct Chore {
    id: i64,
    kind: EntityTypeId,
    what: String,
    done_to: i64,
}

impl Chore {
    /// The type whose table it is about.
    pub fn kind(&self) -> EntityTypeId {
        self.kind
    }

    /// The statement of an index, if that is what is to be made.
    pub fn index(&self) -> Option<&str> {
        Some(self.what.as_str()).filter(|what| *what != SEARCH)
    }
}

/// Whether a table is too large to be worked over while others wait.
pub fn is_large(desk: &Desk<'_>, table: &Table) -> Outcome<bool> {
    let last = desk.first(&format!("SELECT max(id) FROM {}", table.name), &[])?;
    Ok(last.and_then(|row| row.maybe_int(0)).unwrap_or(0) > LARGE)
}

/// Leaves an index for later.
pub fn leave_index(desk: &Desk<'_>, table: &Table, statement: &str) -> Outcome<()> {
    desk.run("INSERT INTO chore (kind, what, done_to) VALUES ($1, $2, 0)", &[table.kind.0.into(), statement.into()]).map(drop)
}

/// Leaves the index of search for later; one that was begun begins anew.
pub fn leave_search(desk: &Desk<'_>, table: &Table) -> Outcome<()> {
    desk.run("DELETE FROM chore WHERE kind = $1 AND what = $2", &[table.kind.0.into(), SEARCH.into()])?;
    leave_index(desk, table, SEARCH)
}

/// The first thing that is left to do.
pub fn next(desk: &Desk<'_>) -> Outcome<Option<Chore>> {
    let row = desk.first("SELECT id, kind, what, done_to FROM chore ORDER BY id LIMIT 1", &[])?;
    Ok(row.map(|mut row| Chore { id: row.int(0), kind: EntityTypeId(row.int(1)), what: row.text(2), done_to: row.int(3) }))
}

/// It is done.
pub fn end(desk: &Desk<'_>, chore: &Chore) -> Outcome<()> {
    desk.run("DELETE FROM chore WHERE id = $1", &[chore.id.into()]).map(drop)
}

/// Does one step inside the transaction.
pub fn step(desk: &Desk<'_>, chore: &Chore) -> Outcome<()> {
    let Some(table) = desk.table(chore.kind) else { return end(desk, chore) };
    if let Some(statement) = chore.index() {
        // The column may have gone meanwhile; then there is nothing to index.
        if crate::shape::still_wanted(desk, chore.kind, statement) {
            desk.batch(statement)?;
        }
        return end(desk, chore);
    }
    if !table.searched {
        return end(desk, chore);
    }
    let lock = desk.sql.dialect().for_update();
    let sql = format!("SELECT {} FROM {} AS i WHERE i.id > $1 ORDER BY i.id LIMIT $2{lock}", table.select, table.name);
    let rows = desk.rows(&sql, &[chore.done_to.into(), STEP.into()])?;
    let items = crate::items::decode(desk, &table, rows)?;
    let Some(last) = items.last() else { return end(desk, chore) };
    for item in &items {
        crate::search::put(desk, &table, item)?;
    }
    desk.run("UPDATE chore SET done_to = $1 WHERE id = $2", &[last.id.into(), chore.id.into()]).map(drop)
}

/// The same index, made while others write: only PostgreSQL can, and not inside a transaction.
pub fn beside_writers(statement: &str) -> String {
    statement.replacen("CREATE INDEX IF NOT EXISTS", "CREATE INDEX CONCURRENTLY IF NOT EXISTS", 1)
}
