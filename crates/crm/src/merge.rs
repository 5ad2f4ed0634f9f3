//! Joining records of one client with nothing lost, and parting them again.
//!
//! What a joining did is written down under a setting of its own, so that it can be taken back exactly: which answers the
//! record that stays took over, which records pointed at the one that went, which files moved.

use crate::answers::Desk;
use crate::bin::{Double, DoubleState, LinkedGroup};
use crate::doors::{Read, Tx};
use crate::entity::{EntityType, code};
use crate::event::{Cause, Change, Fact};
use crate::failure::{Outcome, Refusal};
use crate::field::{Field, FieldKind};
use crate::ids::{FileId, ItemRef};
use crate::item::{Item, demand};
use crate::rights::{Action, Rights};
use crate::time::Moment;
use crate::value::{Point, Value, Values};
use std::time::Duration;

/// How long joined records can be parted.
pub const UNDO: Duration = Duration::from_secs(30 * 86_400);
/// At most so many records are joined at once.
const MOST: usize = 20;
/// So many links are turned at a time.
const PAGE: u32 = 500;

/// One field of records side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Code of the field.
    pub field: String,
    /// The answers: of the record that stays, then of the others in their order.
    pub answers: Vec<Value>,
    /// What the joined record will have unless somebody chooses.
    pub result: Value,
    /// Several records have different answers, and only one stays.
    pub conflict: bool,
}

/// What a joining would do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preview {
    /// Fields in which anything is answered.
    pub sides: Vec<Side>,
    /// What points at each record that would go: it will point at the one that stays.
    pub links: Vec<(ItemRef, Vec<LinkedGroup>)>,
    /// How many files move.
    pub files: usize,
}

/// Records side by side, without changing anything; fields that stay hidden from the reader are left out.
///
/// # Errors
/// As [`merge`].
pub fn preview(read: &dyn Read, rights: &Rights, keep: ItemRef, drop: &[ItemRef]) -> Outcome<Preview> {
    let (kept, dropped) = together(read, rights, keep, drop)?;
    let schema = read.schema();
    let shape = schema.kind(keep.kind).ok_or_else(Refusal::not_found)?;
    let mut found = Preview::default();
    for field in shape.fields.iter().filter(|field| is_joined(field) && rights.sees(keep.kind, &field.code)) {
        let answers: Vec<Value> = std::iter::once(&kept).chain(&dropped).map(|item| item.values.get(&field.code).clone()).collect();
        if answers.iter().all(Value::is_empty) {
            continue;
        }
        let result = answers.iter().skip(1).fold(answers[0].clone(), |held, one| joined(&held, one));
        let differ = answers.iter().any(|one| !one.is_empty() && !same(one, &result));
        found.sides.push(Side { field: field.code.clone(), conflict: differ && !matches!(result, Value::Many(_) | Value::Points(_)), answers, result });
    }
    for item in &dropped {
        found.links.push((item.at(), read.linked(rights, item.at())?));
        found.files += read.files_of(item.at())?.len();
    }
    Ok(found)
}

/// Joins records: `keep` gets the links, files, observers and timelines of the others, which go to the recycle bin.
///
/// # Errors
/// Refuses records of other types, and whom the rights do not allow.
pub fn merge(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, keep: ItemRef, drop: &[ItemRef], values: &Values) -> Outcome<Item> {
    let (mut kept, dropped) = together(tx.read(), rights, keep, drop)?;
    let schema = tx.schema();
    let shape = schema.kind(keep.kind).ok_or_else(Refusal::not_found)?;
    let chosen = Desk { read: tx.read(), rights, cause, shape, before: &kept.values, at: keep }.accept(values)?;
    // Rules do not answer to links that are turned: nothing happened to those records.
    let quiet = cause.clone().quietly();
    for (at, whole) in dropped.iter().enumerate() {
        let gone = whole.at();
        let mut trace = Values::from([("keep", Value::item(keep)), ("at", Value::moment(cause.at))]);
        trace.set("links", Value::Many(turn_links(tx, &quiet, gone, keep)?));
        trace.set("files", Value::Many(move_files(tx, gone, keep)?));
        trace.set("pairs", Value::Many(close_doubles(tx, cause, gone, keep)?));
        // The links that were turned may be their own, and may have changed what both add up.
        let reload = |tx: &dyn Read, at: ItemRef| -> Outcome<Item> { tx.item(&Rights::system(), at)?.ok_or_else(|| Refusal::not_found().into()) };
        let other = reload(tx.read(), gone)?;
        kept = reload(tx.read(), keep)?;
        let before = kept.values.clone();
        for field in shape.fields.iter().filter(|field| is_joined(field)) {
            let result = match (at, chosen.0.get(&field.code)) {
                (0, Some(answer)) => turned_answer(field, answer, gone, keep, keep),
                (_, Some(_)) => continue,
                // Whoever pointed at the one that stays does not make it point at itself.
                _ => joined(kept.values.get(&field.code), &turned_answer(field, other.values.get(&field.code), keep, keep, keep)),
            };
            kept.values.set(field.code.clone(), result);
        }
        let changes = differences(shape, &before, &kept.values);
        trace.set("changes", Value::Many(changes.iter().map(written_change).collect()));
        crate::item::discard(tx, &quiet, &other)?;
        tx.alias(gone, Some(keep))?;
        tx.put_setting(&trace_key(gone), &trace)?;
        let taken = kept.values.clone();
        kept = reload(tx.read(), keep)?;
        let saved = kept.values.clone();
        for change in &changes {
            kept.values.set(change.field.clone(), taken.get(&change.field).clone());
        }
        let mut facts = vec![Fact::Merged { from: gone, values: whole.values.clone() }];
        if !changes.is_empty() {
            facts.push(Fact::Changed { changes });
        }
        kept.values.set(code::UPDATED_AT, Value::moment(cause.at));
        kept.values.set(code::UPDATED_BY, Value::user(cause.by.user()));
        crate::item::keep(tx, cause, &saved, &mut kept, facts)?;
    }
    Ok(kept)
}

/// The records, which the reader must be allowed to join.
fn together(read: &dyn Read, rights: &Rights, keep: ItemRef, drop: &[ItemRef]) -> Outcome<(Item, Vec<Item>)> {
    let no = |ru: &str, en: &str| Refusal::new("cannot_merge", ru, en);
    if drop.is_empty() || drop.len() > MOST {
        return Err(no("Объединить можно от двух до двадцати одной записи", "Two to twenty-one records can be joined").into());
    }
    let mut all = drop.to_vec();
    all.push(keep);
    all.sort();
    all.dedup();
    if all.len() != drop.len() + 1 || drop.iter().any(|one| one.kind != keep.kind) {
        return Err(no("Объединяются разные записи одного типа", "Different records of one type are joined").into());
    }
    let kept = demand(read, rights, Action::Change, keep)?;
    let dropped = drop.iter().map(|at| demand(read, rights, Action::Delete, *at)).collect::<Outcome<Vec<_>>>()?;
    Ok((kept, dropped))
}

fn is_joined(field: &Field) -> bool {
    !code::KEPT.contains(&field.code.as_str()) && !field.is_kept()
}

/// The answer of the record that stays, filled up from another: an empty one is taken over, lists are put together.
fn joined(held: &Value, other: &Value) -> Value {
    match (held, other) {
        (held, other) if held.is_empty() => fresh(other),
        (Value::Points(held), Value::Points(other)) => {
            let mut list = held.list.clone();
            for point in &other.list {
                if !list.iter().any(|known| known.normal == point.normal) {
                    list.push(Point { id: 0, ..point.clone() });
                }
            }
            Value::points(list)
        }
        (Value::Many(held), Value::Many(other)) => {
            let mut list = held.clone();
            list.extend(other.iter().filter(|one| !held.contains(one)).cloned());
            Value::Many(list)
        }
        (held, _) => held.clone(),
    }
}

/// Points of another record become new ones here.
fn fresh(value: &Value) -> Value {
    match value {
        Value::Points(points) => Value::points(points.list.iter().map(|point| Point { id: 0, ..point.clone() }).collect()),
        other => other.clone(),
    }
}

/// Equal answers; points are equal when their texts are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Points(a), Value::Points(b)) => {
            a.list.len() == b.list.len() && a.list.iter().zip(&b.list).all(|(a, b)| a.raw == b.raw && a.label == b.label && a.normal == b.normal)
        }
        (one, other) => one == other || (one.is_empty() && other.is_empty()),
    }
}

fn differences(shape: &EntityType, before: &Values, after: &Values) -> Vec<Change> {
    let fields = shape.fields.iter().filter(|field| !same(before.get(&field.code), after.get(&field.code)));
    fields.map(|field| Change { field: field.code.clone(), old: before.get(&field.code).clone(), new: after.get(&field.code).clone() }).collect()
}

fn written_change(change: &Change) -> Value {
    Value::Record(Values::from([("field", Value::text(&change.field)), ("old", change.old.clone()), ("new", change.new.clone())]))
}

fn trace_key(gone: ItemRef) -> String {
    format!("merge:{gone}")
}

/// Whatever points at one record points at another from now on; the answers as they were.
fn turn_links(tx: &mut dyn Tx, cause: &Cause, from: ItemRef, to: ItemRef) -> Outcome<Vec<Value>> {
    let mut turned = Vec::new();
    let mut place: Option<(ItemRef, String)> = None;
    loop {
        let page = tx.links_to(from, place.as_ref().map(|(at, field)| (*at, field.as_str())), PAGE)?;
        let Some(last) = page.last().cloned() else { return Ok(turned) };
        for (at, field) in page {
            let schema = tx.schema();
            let Some(known) = schema.field(at.kind, &field) else { continue };
            if let Some(change) = turn(tx, cause, at, &field, &|value| turned_answer(known, value, from, to, at))? {
                let trace = [("item", Value::item(at)), ("field", Value::text(&field)), ("old", change.old), ("new", change.new)];
                turned.push(Value::Record(Values::from(trace)));
            }
        }
        place = Some(last);
    }
}

/// Changes one answer of a record by the program's hand.
fn turn(tx: &mut dyn Tx, cause: &Cause, at: ItemRef, field: &str, new: &dyn Fn(&Value) -> Value) -> Outcome<Option<Change>> {
    let Some(mut item) = tx.item(&Rights::system(), at)? else { return Ok(None) };
    let before = item.values.clone();
    let (old, new) = (before.get(field).clone(), new(before.get(field)));
    if old == new {
        return Ok(None);
    }
    match new.is_empty() {
        true => drop(item.values.0.remove(field)),
        false => item.values.set(field, new.clone()),
    }
    let change = Change { field: field.to_owned(), old, new };
    crate::item::keep(tx, cause, &before, &mut item, vec![Fact::Changed { changes: vec![change.clone()] }])?;
    Ok(Some(change))
}

/// A link of a record that led to one and leads to another; a record does not lead to itself.
fn turned_answer(field: &Field, value: &Value, from: ItemRef, to: ItemRef, holder: ItemRef) -> Value {
    let leads_to = |value: &Value| match (&field.kind, value) {
        (FieldKind::Link { to }, Value::Int(id)) => Some(ItemRef::new(*to, *id)),
        (FieldKind::AnyItem, Value::Ref(one)) => Some(one.item),
        _ => None,
    };
    let one = |value: &Value| match leads_to(value) {
        Some(at) if at == from && to == holder => Value::Null,
        Some(at) if at == from => {
            if matches!(value, Value::Int(_)) {
                Value::Int(to.id)
            } else {
                Value::item(to)
            }
        }
        _ => value.clone(),
    };
    match value {
        Value::Many(list) => {
            let mut turned: Vec<Value> = Vec::with_capacity(list.len());
            for one in list.iter().map(one).filter(|one| !one.is_empty()) {
                if !turned.contains(&one) {
                    turned.push(one);
                }
            }
            if turned.is_empty() { Value::Null } else { Value::Many(turned) }
        }
        other => one(other),
    }
}

fn move_files(tx: &mut dyn Tx, from: ItemRef, to: ItemRef) -> Outcome<Vec<Value>> {
    let mut moved = Vec::new();
    for mut file in tx.files_of(from)? {
        moved.push(Value::Int(file.id.0));
        file.item = to;
        tx.put_file(&mut file)?;
    }
    Ok(moved)
}

/// The pair is no riddle any more; what looked like the one that went may look like the one that stays.
fn close_doubles(tx: &mut dyn Tx, cause: &Cause, gone: ItemRef, keep: ItemRef) -> Outcome<Vec<Value>> {
    let known = tx.doubles_of(keep)?;
    let mut closed = Vec::new();
    for pair in tx.doubles_of(gone)? {
        let other = if pair.first == gone { pair.second } else { pair.first };
        if pair.state != DoubleState::Open && other != keep {
            continue;
        }
        closed.push(Value::item(other));
        tx.put_double(&Double { state: DoubleState::Merged, ..pair.clone() })?;
        if other != keep && !known.iter().any(|one| one.first == other || one.second == other) {
            tx.put_double(&Double { first: keep.min(other), second: keep.max(other), rule: pair.rule, state: DoubleState::Open, at: cause.at })?;
        }
    }
    Ok(closed)
}

/// Parts a joined record again, within thirty days.
///
/// # Errors
/// Refuses when it was not joined or the time is over, and whom the rights do not allow.
pub fn unmerge(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, gone: ItemRef) -> Outcome<Item> {
    let trace = tx.setting(&trace_key(gone))?;
    let (Some(keep), Some(at)) = (trace.get("keep").as_ref_to(), trace.moment("at")) else {
        return Err(Refusal::new("not_merged", "Эта запись ни с чем не объединена", "This record was not joined with anything").into());
    };
    demand(tx.read(), rights, Action::Change, keep)?;
    let mut back = match tx.binned_one(&Rights::system(), gone)?.filter(|_| in_time(at, cause.at)) {
        Some(binned) => binned.item,
        None => {
            return Err(Refusal::new(
                "too_late",
                "Прошло больше тридцати дней: записи уже не разделить",
                "More than thirty days have passed: the records cannot be parted",
            )
            .into());
        }
    };
    tx.alias(gone, None)?;
    let quiet = cause.clone().quietly();
    crate::item::bring_back(tx, &quiet, &mut back)?;
    // Backwards: the answers were taken over after the links were turned.
    give_back(tx, cause, keep, gone, &trace)?;
    for link in trace.get("links").as_list().iter().filter_map(record) {
        let (Some(at), field, old, new) = (link.get("item").as_ref_to(), link.text("field"), link.get("old"), link.get("new")) else { continue };
        // Whoever turned it elsewhere meanwhile meant it.
        turn(tx, &quiet, at, field, &|now| if same(now, new) { old.clone() } else { now.clone() })?;
    }
    for id in trace.get("files").as_list().iter().filter_map(Value::as_int) {
        if let Some(mut file) = tx.file(FileId(id))?.filter(|file| file.item == keep) {
            file.item = gone;
            tx.put_file(&mut file)?;
        }
    }
    for pair in tx.doubles_of(gone)? {
        let other = if pair.first == gone { pair.second } else { pair.first };
        if trace.get("pairs").as_list().contains(&Value::item(other)) {
            let state = if other == keep { DoubleState::Different } else { DoubleState::Open };
            tx.put_double(&Double { state, ..pair })?;
        }
    }
    tx.put_setting(&trace_key(gone), &Values::new())?;
    tx.item(&Rights::system(), gone)?.ok_or_else(|| Refusal::not_found().into())
}

fn in_time(joined: Moment, now: Moment) -> bool {
    now.since(joined) <= UNDO
}

fn record(value: &Value) -> Option<&Values> {
    match value {
        Value::Record(values) => Some(values),
        _ => None,
    }
}

/// The record that stayed gives back the answers that it took over and that nobody changed since.
fn give_back(tx: &mut dyn Tx, cause: &Cause, keep: ItemRef, gone: ItemRef, trace: &Values) -> Outcome<()> {
    let Some(mut kept) = tx.item(&Rights::system(), keep)? else { return Ok(()) };
    let before = kept.values.clone();
    let mut changes = Vec::new();
    for change in trace.get("changes").as_list().iter().filter_map(record) {
        let (field, old, new) = (change.text("field"), change.get("old"), change.get("new"));
        let now = before.get(field);
        let back = if same(now, new) { old.clone() } else { without(now, old, new) };
        if same(now, &back) {
            continue;
        }
        match back.is_empty() {
            true => drop(kept.values.0.remove(field)),
            false => kept.values.set(field, back.clone()),
        }
        changes.push(Change { field: field.to_owned(), old: now.clone(), new: back });
    }
    let mut facts = vec![Fact::Unmerged { from: gone }];
    if !changes.is_empty() {
        facts.push(Fact::Changed { changes });
    }
    crate::item::keep(tx, cause, &before, &mut kept, facts)
}

/// A list that changed since, without what the joining had put into it.
fn without(now: &Value, old: &Value, new: &Value) -> Value {
    match (now, new) {
        (Value::Points(now), Value::Points(new)) => {
            let old: &[Point] = if let Value::Points(old) = old { &old.list } else { &[] };
            let came = |point: &Point| new.list.iter().any(|one| one.normal == point.normal) && !old.iter().any(|one| one.normal == point.normal);
            Value::points(now.list.iter().filter(|point| !came(point)).cloned().collect())
        }
        (Value::Many(now), Value::Many(new)) => {
            let came = |one: &&Value| new.contains(one) && !old.as_list().contains(one);
            Value::Many(now.iter().filter(|one| !came(one)).cloned().collect())
        }
        _ => now.clone(),
    }
}
