//! Side tables that are kept with every saved item: who is invited to see it, and what its lists of links point at.

use crate::desk::Desk;
use crate::shape::Table;
use crm::{EntityTypeId, Item, ItemRef, Outcome, Value, Values, code};
use std::collections::BTreeSet;

/// Whoever is invited: the number of a user, or minus the number of an office.
fn invited(values: &Values) -> BTreeSet<i64> {
    let named =
        |field: &str, sign: i64| values.get(field).as_list().iter().filter_map(Value::as_int).filter(|one| *one > 0).map(|one| one * sign).collect::<Vec<_>>();
    named(code::OBSERVERS, 1).into_iter().chain(named(code::SHARED_WITH, -1)).collect()
}

/// What the lists of links of these answers point at, with the field they stand in.
fn pointed(table: &Table, values: &Values) -> BTreeSet<(String, ItemRef)> {
    let mut found = BTreeSet::new();
    for link in table.links.iter().filter(|link| link.multiple) {
        for one in values.get(&link.field).as_list() {
            if let Some(at) = target(link.to, one) {
                found.insert((link.field.clone(), at));
            }
        }
    }
    found
}

/// The record that an answer points at.
pub fn target(to: Option<EntityTypeId>, value: &Value) -> Option<ItemRef> {
    match (to, value) {
        (Some(kind), Value::Int(id)) => Some(ItemRef::new(kind, *id)),
        (None, Value::Ref(one)) => Some(one.item),
        _ => None,
    }
}

/// Writes what differs from before; nothing at all for most items.
pub fn keep(desk: &Desk<'_>, table: &Table, item: &Item, before: &Values) -> Outcome<()> {
    if table.shared {
        let (old, new) = (invited(before), invited(&item.values));
        for gone in old.difference(&new) {
            desk.run("DELETE FROM access WHERE kind = $1 AND who = $2 AND item_id = $3", &[item.kind.0.into(), (*gone).into(), item.id.into()])?;
        }
        for come in new.difference(&old) {
            let sql = "INSERT INTO access (kind, item_id, who) VALUES ($1, $2, $3) ON CONFLICT (kind, who, item_id) DO NOTHING";
            desk.run(sql, &[item.kind.0.into(), item.id.into(), (*come).into()])?;
        }
    }
    let (old, new) = (pointed(table, before), pointed(table, &item.values));
    for (field, at) in old.difference(&new) {
        desk.run(
            "DELETE FROM link WHERE to_kind = $1 AND to_id = $2 AND kind = $3 AND field = $4 AND item_id = $5",
            &[at.kind.0.into(), at.id.into(), item.kind.0.into(), field.into(), item.id.into()],
        )?;
    }
    for (field, at) in new.difference(&old) {
        desk.run(
            "INSERT INTO link (kind, item_id, field, to_kind, to_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (to_kind, to_id, kind, field, item_id) DO NOTHING",
            &[item.kind.0.into(), item.id.into(), field.into(), at.kind.0.into(), at.id.into()],
        )?;
    }
    Ok(())
}

/// Forgets who was invited to a record.
pub fn forget_invited(desk: &Desk<'_>, at: ItemRef) -> Outcome<()> {
    desk.run("DELETE FROM access WHERE kind = $1 AND item_id = $2", &[at.kind.0.into(), at.id.into()]).map(drop)
}

/// Forgets what a record points at.
pub fn forget_links(desk: &Desk<'_>, at: ItemRef) -> Outcome<()> {
    desk.run("DELETE FROM link WHERE kind = $1 AND item_id = $2", &[at.kind.0.into(), at.id.into()]).map(drop)
}
