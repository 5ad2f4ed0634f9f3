//! What points at a record: for the tabs of its card, for joining records, and for conditions across a link.

use crate::desk::Desk;
use crate::shape::{Link, Table};
use crate::sight::{Columns, Seen, sight};
use crate::sql::{Dialect, Statement};
use crm::{Action, Count, EntityTypeId, ItemRef, LinkedGroup, Outcome, Rights};

/// Counting stops here: a card shows "100+".
const CAP: i64 = 100;

/// Fields of all types that can point at this type, with their tables.
fn pointing(desk: &Desk<'_>, kind: EntityTypeId) -> Vec<(std::sync::Arc<Table>, Link)> {
    let shape = desk.shape();
    let mut found = Vec::new();
    for table in shape.tables.values() {
        for link in table.links.iter().filter(|link| link.to.is_none_or(|to| to == kind)) {
            found.push((table.clone(), link.clone()));
        }
    }
    found
}

/// Writes that the record of the table called `called` points with this field at `at`, a ready SQL expression of its number.
fn points_at(out: &mut Statement, table: &Table, link: &Link, called: &str, at: ItemRef) {
    match (link.multiple, link.to) {
        (true, _) => {
            out.push(called).push(".id IN (SELECT l.item_id FROM link AS l WHERE l.to_kind = ").bind(at.kind.0).push(" AND l.to_id = ").bind(at.id);
            out.push(" AND l.kind = ").bind(table.kind.0).push(" AND l.field = ").bind(link.field.as_str()).push(")");
        }
        (false, Some(_)) => drop(out.push(called).push(".\"").push(&link.field).push("\" = ").bind(at.id)),
        (false, None) => drop(out.push(called).push(".\"").push(&link.field).push("\" = ").bind(at.to_string())),
    }
}

/// How many records of which types point at this one, with which field; only those that may be seen, counted up to a hundred.
pub fn linked(desk: &Desk<'_>, rights: &Rights, at: ItemRef) -> Outcome<Vec<LinkedGroup>> {
    let mut found = Vec::new();
    for (table, link) in pointing(desk, at.kind) {
        let seen = sight(rights, table.kind, Action::Read, &Columns::of(&table, "i"));
        if seen == Seen::Never || !rights.sees(table.kind, &link.field) {
            continue;
        }
        let mut select = Statement::new(format!("SELECT count(*) FROM (SELECT 1 FROM {} AS i WHERE ", table.name));
        points_at(&mut select, &table, &link, "i", at);
        select.push(" AND ");
        seen.write(&mut select, desk.sql.dialect());
        select.push(" LIMIT ").bind(CAP + 1).push(") AS found");
        let counted = desk.first(&select.text, &select.params)?.map_or(0, |row| row.int(0));
        if counted > 0 {
            let count = Count { counted: u64::try_from(counted.min(CAP)).unwrap_or(0), more: counted > CAP };
            found.push(LinkedGroup { kind: table.kind, field: link.field, count });
        }
    }
    Ok(found)
}

/// Records that point at this one, after a place in the order of (type, number, field), whoever may see them.
pub fn links_to(desk: &Desk<'_>, at: ItemRef, after: Option<(ItemRef, &str)>, limit: u32) -> Outcome<Vec<(ItemRef, String)>> {
    let most = limit as usize;
    let mut found: Vec<(ItemRef, String)> = Vec::new();
    let mut fields = pointing(desk, at.kind);
    fields.sort_by(|one, other| (one.0.kind, &one.1.field).cmp(&(other.0.kind, &other.1.field)));
    for kind in fields.iter().map(|one| one.0.kind).collect::<std::collections::BTreeSet<_>>() {
        if found.len() >= most || after.is_some_and(|(last, _)| kind < last.kind) {
            continue;
        }
        let mut of_kind: Vec<(ItemRef, String)> = Vec::new();
        for (table, link) in fields.iter().filter(|one| one.0.kind == kind) {
            // The place itself is left out afterwards: it may be behind in one field and before in another.
            let from = after.filter(|(last, _)| last.kind == kind).map_or(0, |(last, _)| last.id);
            let mut select = Statement::new(format!("SELECT i.id FROM {} AS i WHERE ", table.name));
            points_at(&mut select, table, link, "i", at);
            select.push(" AND i.id >= ").bind(from).push(" ORDER BY i.id LIMIT ").bind(i64::from(limit) + 1);
            for row in desk.rows(&select.text, &select.params)? {
                of_kind.push((ItemRef::new(kind, row.int(0)), link.field.clone()));
            }
        }
        of_kind.retain(|(item, field)| after.is_none_or(|(last, last_field)| (*item, field.as_str()) > (last, last_field)));
        of_kind.sort();
        found.extend(of_kind);
    }
    found.truncate(most);
    Ok(found)
}

/// The join between a record and the one that its link leads to, inside a condition: `target.id` equals the link.
pub fn leads_to(out: &mut Statement, link: &Link, from: &str, kind: EntityTypeId, to: &str, to_kind: EntityTypeId, dialect: Dialect) {
    match (link.multiple, link.to) {
        (true, _) => {
            out.push("EXISTS (SELECT 1 FROM link AS l WHERE l.kind = ").bind(kind.0).push(" AND l.item_id = ").push(from).push(".id AND l.field = ");
            out.bind(link.field.as_str()).push(" AND l.to_kind = ").bind(to_kind.0).push(" AND l.to_id = ").push(to).push(".id)");
        }
        (false, Some(_)) => drop(out.push(to).push(".id = ").push(from).push(".\"").push(&link.field).push("\"")),
        (false, None) => {
            // `kind:id` of the target, so that the index on the column is used.
            let id = match dialect {
                Dialect::Sqlite => format!("('{to_kind}:' || {to}.id)"),
                Dialect::Postgres => format!("('{to_kind}:' || CAST({to}.id AS text))"),
            };
            out.push(from).push(".\"").push(&link.field).push("\" = ").push(&id);
        }
    }
}
