//! Keeping formulas up to date: those of a record before it is saved, those of other records after it was.

use super::work::{Below, Scene, below, target};
use super::{Expr, Look, formulas, looks};
use crate::command::Command;
use crate::doors::{Read, Tx};
use crate::entity::{EntityType, Schema};
use crate::event::{Actor, Cause, Change, Fact};
use crate::failure::{Outcome, Refusal};
use crate::field::{Field, FieldKind, FormulaResult};
use crate::ids::{EntityTypeId, ItemRef};
use crate::item::Item;
use crate::job::Job;
use crate::rights::Rights;
use crate::time::Moment;
use crate::value::{Value, Values};
use std::collections::{BTreeMap, BTreeSet};

/// So many records that look at one are worked out in the transaction that changes it; the rest by jobs, as many at a time.
const AT_ONCE: u32 = 200;

/// A record before and after it was saved; `None` where it was not there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'a> {
    pub before: Option<&'a Values>,
    pub after: Option<&'a Values>,
}

impl Before<'_> {
    fn get(values: Option<&Values>, code: &str) -> Value {
        values.map(|values| values.get(code).clone()).unwrap_or_default()
    }

    fn changes(&self, code: &str) -> bool {
        self.before.is_some() != self.after.is_some() || Self::get(self.before, code) != Self::get(self.after, code)
    }
}

/// Works out the formulas of a record that rest on changed answers, each after those it rests on; of all when `changed` is
/// `None`. What came out differently is put into the record and returned.
///
/// # Errors
/// Only failures of the database.
pub fn refresh(read: &dyn Read, item: &mut Item, changed: Option<&BTreeSet<String>>) -> Outcome<Vec<Change>> {
    let schema = read.schema();
    let Some(shape) = schema.kind(item.kind) else { return Ok(Vec::new()) };
    if changed.is_some_and(BTreeSet::is_empty) {
        return Ok(Vec::new());
    }
    let mut known = changed.cloned();
    let mut found = Vec::new();
    for (field, expr) in in_order(&schema, shape) {
        let rests = |known: &BTreeSet<String>| looks(&schema, shape, &expr).iter().any(|look| matches!(look, Look::Own(code) if known.contains(code)));
        if known.as_ref().is_some_and(|known| !rests(known)) {
            continue;
        }
        let new = Scene { read, schema: &schema, shape, item }.answer(&expr, result_of(field))?;
        if let Some(change) = put(item, &field.code, new) {
            if let Some(known) = &mut known {
                known.insert(field.code.clone());
            }
            found.push(change);
        }
    }
    Ok(found)
}

/// Formulas of a type, each behind those of the same type on which it rests.
fn in_order<'a>(schema: &Schema, shape: &'a EntityType) -> Vec<(&'a Field, Expr)> {
    let mut waiting: Vec<(&Field, Expr)> = formulas(shape).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let codes: BTreeSet<&str> = waiting.iter().map(|(field, _)| field.code.as_str()).collect();
        let free = |expr: &Expr| !looks(schema, shape, expr).iter().any(|look| matches!(look, Look::Own(code) if codes.contains(code.as_str())));
        let (ready, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut waiting).into_iter().partition(|(_, expr)| free(expr));
        if ready.is_empty() {
            // Cycles are refused before they are saved; should one be there, nobody waits for it.
            break;
        }
        ordered.extend(ready);
        waiting = rest;
    }
    ordered
}

fn put(item: &mut Item, code: &str, new: Value) -> Option<Change> {
    let old = item.values.get(code).clone();
    if old == new || (old.is_empty() && new.is_empty()) {
        return None;
    }
    match new.is_empty() {
        true => drop(item.values.0.remove(code)),
        false => item.values.set(code, new.clone()),
    }
    Some(Change { field: code.to_owned(), old, new })
}

fn result_of(field: &Field) -> FormulaResult {
    match &field.kind {
        FieldKind::Formula { result, .. } => *result,
        _ => FormulaResult::Text,
    }
}

/// Works out, in the same transaction, the formulas of other records that look at this one; each change is a fact by the
/// system. The records that were saved anew.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn follow(tx: &mut dyn Tx, cause: &Cause, at: ItemRef, change: Before<'_>) -> Outcome<BTreeSet<ItemRef>> {
    let mut touched = BTreeSet::new();
    pass_on(tx, &by_system(cause), at, change, &mut touched)?;
    Ok(touched)
}

fn by_system(cause: &Cause) -> Cause {
    Cause { by: Actor::System, depth: cause.depth + 1, ..cause.clone() }
}

fn pass_on(tx: &mut dyn Tx, cause: &Cause, at: ItemRef, change: Before<'_>, touched: &mut BTreeSet<ItemRef>) -> Outcome<()> {
    let schema = tx.schema();
    let mut above: BTreeMap<ItemRef, Vec<String>> = BTreeMap::new();
    for shape in schema.types.values().filter(|shape| may_look_at(&schema, shape, at.kind)) {
        for (field, expr) in formulas(shape) {
            let looks = looks(&schema, shape, &expr);
            let mut links: BTreeSet<&str> = BTreeSet::new();
            let mut hops: BTreeSet<&str> = BTreeSet::new();
            for look in &looks {
                match look {
                    Look::Below(kind, link, code) if *kind == at.kind && change.changes(code) => drop(links.insert(link)),
                    Look::Hop(link, kind, code) if *kind == at.kind && change.changes(code) => drop(hops.insert(link)),
                    _ => {}
                }
            }
            for link in links {
                let Some(link) = schema.field(at.kind, link) else { continue };
                for parent in [change.before, change.after].into_iter().flatten().filter_map(|values| target(link, values)) {
                    let codes = above.entry(parent).or_default();
                    if parent.kind == shape.id && !codes.contains(&field.code) {
                        codes.push(field.code.clone());
                    }
                }
            }
            for link in hops {
                look_again(tx, cause, at, shape.id, link, 0, touched)?;
            }
        }
    }
    for (parent, codes) in above {
        if !codes.is_empty() {
            work_above(tx, cause, parent, &codes, at, change, touched)?;
        }
    }
    Ok(())
}

/// Cheap: most types have no formula that could concern this one.
fn may_look_at(schema: &Schema, shape: &EntityType, kind: EntityTypeId) -> bool {
    let Some(other) = schema.kind(kind) else { return false };
    shape.fields.iter().any(|field| match &field.kind {
        FieldKind::Formula { expression, .. } => {
            expression.contains('.')
                && (expression.contains(other.code.as_str())
                    || shape.fields.iter().any(|link| matches!(link.kind, FieldKind::Link { to } if to == kind) && expression.contains(link.code.as_str())))
        }
        _ => false,
    })
}

/// Works out roll-ups of a record above the one that changed. A plain sum or count is carried on from its last answer: a
/// client with ten thousand payments is not added up anew for each.
fn work_above(
    tx: &mut dyn Tx,
    cause: &Cause,
    parent: ItemRef,
    codes: &[String],
    at: ItemRef,
    change: Before<'_>,
    touched: &mut BTreeSet<ItemRef>,
) -> Outcome<()> {
    tx.one_at_a_time(&format!("formula:{parent}"))?;
    let Some(mut item) = tx.item(&Rights::system(), parent)? else { return Ok(()) };
    let schema = tx.schema();
    let Some(shape) = schema.kind(parent.kind) else { return Ok(()) };
    let before = item.values.clone();
    let mut changes = Vec::new();
    for (field, expr) in in_order(&schema, shape).into_iter().filter(|(field, _)| codes.contains(&field.code)) {
        let scene = Scene { read: tx.read(), schema: &schema, shape, item: &item };
        let changed = Below { kind: at.kind, before: change.before, after: change.after };
        let new = match scene.carry_on(&expr, item.values.get(&field.code), &changed)? {
            Some(answer) => answer.of_kind(result_of(field)),
            None => scene.answer(&expr, result_of(field))?,
        };
        changes.extend(put(&mut item, &field.code, new));
    }
    finish(tx, cause, item, &before, changes, touched)
}

/// Saves a record whose formulas came out differently, with what rests on them, and goes on from there.
fn finish(tx: &mut dyn Tx, cause: &Cause, mut item: Item, before: &Values, mut changes: Vec<Change>, touched: &mut BTreeSet<ItemRef>) -> Outcome<()> {
    let codes: BTreeSet<String> = changes.iter().map(|change| change.field.clone()).collect();
    changes.extend(refresh(tx.read(), &mut item, Some(&codes))?);
    if changes.is_empty() {
        return Ok(());
    }
    tx.save(&mut item, cause, vec![Fact::Changed { changes }])?;
    touched.insert(item.at());
    pass_on(tx, &by_system(cause), item.at(), Before { before: Some(before), after: Some(&item.values) }, touched)
}

/// Works out the formulas of records that look at this one through a link, from a number on; what is too much for one
/// transaction becomes a job.
fn look_again(tx: &mut dyn Tx, cause: &Cause, at: ItemRef, kind: EntityTypeId, link: &str, after: i64, touched: &mut BTreeSet<ItemRef>) -> Outcome<()> {
    let schema = tx.schema();
    let (Some(shape), Some(field)) = (schema.kind(kind), schema.field(kind, link)) else { return Ok(()) };
    let mut query = below(shape, field, at).limit(AT_ONCE);
    if after > 0 {
        query.page.after = Some((vec![Value::Int(after)], after));
    }
    let page = tx.items(&Rights::system(), &query)?;
    let last = page.last().map(|item| item.id).filter(|_| page.len() >= usize::try_from(AT_ONCE).unwrap_or(usize::MAX));
    for item in page {
        let before = item.values.clone();
        let mut item = item;
        let changes = refresh(tx.read(), &mut item, Some(&BTreeSet::from([link.to_owned()])))?;
        finish(tx, cause, item, &before, changes, touched)?;
    }
    if let Some(last) = last {
        let command = Command::Recount { item: at, kind, link: link.to_owned(), after: last };
        let root = cause.root.or(cause.event).map_or(0, |seq| seq.0);
        let mut job = Job::new(command, cause.at, format!("recount:{at}:{kind}:{link}:{last}:{}:{root}", cause.at.0));
        job.event = cause.event;
        job.depth = cause.depth;
        tx.enqueue(&job)?;
    }
    Ok(())
}

/// Carries on working out the formulas of records that look at one through a link.
///
/// # Errors
/// Only failures of the database; a record that is gone by now has nobody looking at it.
pub(crate) fn go_on(tx: &mut dyn Tx, cause: &Cause, at: ItemRef, kind: EntityTypeId, link: &str, after: i64) -> Outcome<()> {
    if at.id == 0 {
        return match fill(tx, kind, after, AT_ONCE)? {
            Some(last) => plan_fill(tx, kind, last, cause.at),
            None => Ok(()),
        };
    }
    look_again(tx, cause, at, kind, link, after, &mut BTreeSet::new())
}

/// Has the formulas of a type worked out for all its records, by jobs: after one was made or changed.
///
/// # Errors
/// Only failures of the database.
pub fn fill_later(tx: &mut dyn Tx, kind: EntityTypeId, now: Moment) -> Outcome<()> {
    plan_fill(tx, kind, 0, now)
}

fn plan_fill(tx: &mut dyn Tx, kind: EntityTypeId, after: i64, now: Moment) -> Outcome<()> {
    let command = Command::Recount { item: ItemRef::new(kind, 0), kind, link: String::new(), after };
    // A second change of the shape begins its own round.
    let key = format!("fill:{kind}:{}:{after}", tx.schema().version);
    tx.enqueue(&Job { priority: 30, ..Job::new(command, now, key) }).map(drop)
}

/// Works out formulas of a type for records after a number, at most so many: after a formula was made or changed. Nothing
/// happened to the records, so no fact is written. The number to go on from; `None` when all are done.
///
/// # Errors
/// `unknown_type`, and failures of the database.
pub fn fill(tx: &mut dyn Tx, kind: EntityTypeId, after: i64, limit: u32) -> Outcome<Option<i64>> {
    let schema = tx.schema();
    let unknown = || Refusal::new("unknown_type", "Такого типа записей нет", "There is no such type of records");
    schema.kind(kind).ok_or_else(unknown)?;
    let mut query = crate::query::Query::of(kind).sorted(crate::entity::code::ID, false).limit(limit.min(500));
    if after > 0 {
        query.page.after = Some((vec![Value::Int(after)], after));
    }
    let page = tx.items(&Rights::system(), &query)?;
    let last = page.last().map(|item| item.id).filter(|_| u32::try_from(page.len()).unwrap_or(0) >= query.page.limit);
    for mut item in page {
        for change in refresh(tx.read(), &mut item, None)? {
            tx.put_answer(item.at(), &change.field, &change.new)?;
        }
    }
    Ok(last)
}
