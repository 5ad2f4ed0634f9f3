//! Records that were joined with others, and pairs that look like one.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::sql::Row;
use crm::{Double, EntityTypeId, ItemRef, Moment, Outcome};

/// A longer chain of joined records is a ring.
const LONGEST: usize = 100;

/// From now on the first record is found under the second; `None` parts them again.
pub fn alias(desk: &Desk<'_>, from: ItemRef, into: Option<ItemRef>) -> Outcome<()> {
    match into {
        Some(into) => desk.run(
            "INSERT INTO alias (kind, item_id, into_kind, into_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind, item_id) DO UPDATE SET into_kind = excluded.into_kind, into_id = excluded.into_id",
            &[from.kind.0.into(), from.id.into(), into.kind.0.into(), into.id.into()],
        ),
        None => desk.run("DELETE FROM alias WHERE kind = $1 AND item_id = $2", &[from.kind.0.into(), from.id.into()]),
    }
    .map(drop)
}

fn next(desk: &Desk<'_>, at: ItemRef) -> Outcome<Option<ItemRef>> {
    let row = desk.first("SELECT into_kind, into_id FROM alias WHERE kind = $1 AND item_id = $2", &[at.kind.0.into(), at.id.into()])?;
    Ok(row.map(|row| ItemRef::new(EntityTypeId(row.int(0)), row.int(1))))
}

/// The record that this one was joined with, at the end of the chain.
pub fn merged_into(desk: &Desk<'_>, at: ItemRef) -> Outcome<Option<ItemRef>> {
    let mut end = None;
    for _ in 0..LONGEST {
        match next(desk, end.unwrap_or(at))? {
            Some(into) => end = Some(into),
            None => break,
        }
    }
    Ok(end)
}

/// The record itself and all that were joined with it.
pub fn family(desk: &Desk<'_>, at: ItemRef) -> Outcome<Vec<ItemRef>> {
    let mut family = vec![at];
    let mut looked = 0;
    while looked < family.len() && family.len() < LONGEST {
        let one = family[looked];
        for row in desk.rows("SELECT kind, item_id FROM alias WHERE into_kind = $1 AND into_id = $2", &[one.kind.0.into(), one.id.into()])? {
            let joined = ItemRef::new(EntityTypeId(row.int(0)), row.int(1));
            if !family.contains(&joined) {
                family.push(joined);
            }
        }
        looked += 1;
    }
    Ok(family)
}

/// Saves a new or changed pair. The older record stands first, whichever way the pair is given.
pub fn put_double(desk: &Desk<'_>, double: &Double) -> Outcome<()> {
    let (first, second) = (double.first.id.min(double.second.id), double.first.id.max(double.second.id));
    let sql = "INSERT INTO lookalike (kind, first, second, rule, state, at) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (kind, first, second) DO UPDATE SET rule = excluded.rule, state = excluded.state, at = excluded.at";
    desk.run(sql, &[double.first.kind.0.into(), first.into(), second.into(), double.rule.as_str().into(), json(&double.state).into(), double.at.0.into()])
        .map(drop)
}

const SELECT: &str = "SELECT kind, first, second, rule, state, at FROM lookalike AS d";

fn double(mut row: Row) -> Outcome<Double> {
    let kind = EntityTypeId(row.int(0));
    Ok(Double {
        first: ItemRef::new(kind, row.int(1)),
        second: ItemRef::new(kind, row.int(2)),
        rule: row.text(3),
        state: from_json("pair", &row.text(4))?,
        at: Moment(row.int(5)),
    })
}

/// Pairs that wait for somebody, the newest first. A pair of which one is in the recycle bin waits there with it.
pub fn doubles(desk: &Desk<'_>, kind: EntityTypeId, after: u32, limit: u32) -> Outcome<Vec<Double>> {
    let Some(table) = desk.table(kind) else { return Ok(Vec::new()) };
    let there = |column: &str| format!("EXISTS (SELECT 1 FROM {} AS i WHERE i.id = d.{column})", table.name);
    let sql = format!(
        "{SELECT} WHERE kind = $1 AND state = $2 AND {} AND {} ORDER BY at DESC, first DESC, second DESC LIMIT $3 OFFSET $4",
        there("first"),
        there("second")
    );
    let open = json(&crm::DoubleState::Open);
    desk.rows(&sql, &[kind.0.into(), open.into(), limit.into(), after.into()])?.into_iter().map(double).collect()
}

/// Pairs in which this record stands, the newest first.
pub fn doubles_of(desk: &Desk<'_>, at: ItemRef) -> Outcome<Vec<Double>> {
    let sql = format!("{SELECT} WHERE kind = $1 AND first = $2 UNION ALL {SELECT} WHERE kind = $3 AND second = $4 ORDER BY 6 DESC, 2 DESC, 3 DESC");
    desk.rows(&sql, &[at.kind.0.into(), at.id.into(), at.kind.0.into(), at.id.into()])?.into_iter().map(double).collect()
}
