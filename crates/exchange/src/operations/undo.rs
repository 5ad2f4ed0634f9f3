//! Taking an operation back: its chain in the log is walked from the end to the beginning, each event put back for itself.
//!
//! What robots did because of it is taken back with it, except what has left the house: messages stay.

use super::notes::{self, MOST_NOTES, Note};
use super::record::{Operation, State, field};
use super::run::{Hand, Pace, alone};
use crate::plan::Act;
use crm::{Action, Change, Command, Event, Fact, Failure, Fault, Item, ItemRef, Label, Outcome, Refusal, Rights, Seq, StageId, Tx, Value, Values, code, kind};

/// Events in one transaction.
const CHUNK: u32 = 200;

/// The next events of the chain, backwards. The mark is the last place that was put back.
pub(crate) fn chunk(tx: &mut dyn Tx, hand: &Hand<'_>, operation: &mut Operation) -> Outcome<Pace> {
    let before = operation.item.values.int(field::MARK).map(Seq);
    let events = tx.chain(hand.root, before, CHUNK)?;
    let mut notes = Vec::new();
    let kept = operation.count(field::KEPT);
    for event in &events {
        operation.item.values.set(field::MARK, Value::Int(event.seq.0));
        if !concerns(operation, event) {
            continue;
        }
        let mut changed = false;
        match alone(tx, |tx| {
            changed = put_back(tx, hand, event)?;
            Ok(())
        })? {
            None if changed => operation.add(field::UNDONE, 1),
            None => {}
            Some(why) => {
                operation.add(field::KEPT, 1);
                if kept + i64::try_from(notes.len()).unwrap_or(MOST_NOTES) < MOST_NOTES {
                    let item = tx.item(&Rights::system(), event.item)?;
                    notes.push(Note::new(event.item.id, item.as_ref().map_or("", Item::title), why));
                }
            }
        }
    }
    notes::keep(tx, operation.item.id, true, kept, &notes)?;
    if events.is_empty() {
        operation.end(tx, &hand.cause, State::Undone, "")?;
        return Ok(Pace::Over);
    }
    operation.keep(tx, &hand.cause)?;
    Ok(Pace::More)
}

/// What left the house stays as it is; a merge is parted as a whole.
fn concerns(operation: &Operation, event: &Event) -> bool {
    if [kind::OPERATION, kind::MESSAGE, kind::NOTIFICATION].contains(&event.item.kind) {
        return false;
    }
    match operation.plan.act {
        Act::Merge { .. } => matches!(event.fact, Fact::Merged { .. }),
        _ => matches!(event.fact, Fact::Created | Fact::Changed { .. } | Fact::Moved { .. } | Fact::Deleted { .. } | Fact::Merged { .. }),
    }
}

/// Puts one event back; `false` when there was nothing to do.
fn put_back(tx: &mut dyn Tx, hand: &Hand<'_>, event: &Event) -> Outcome<bool> {
    match &event.fact {
        Fact::Changed { changes } => old_answers(tx, hand, event, changes),
        Fact::Moved { from: Some(from), to, .. } => old_stage(tx, hand, event, *from, *to),
        Fact::Created => no_more(tx, hand, event),
        Fact::Deleted { values } => out_of_the_bin(tx, hand, event, values),
        Fact::Merged { from, .. } => hand.executor.execute(tx, hand.rights, &hand.cause, &Command::Unmerge { item: *from }).map(|_| true),
        _ => Ok(false),
    }
}

fn refused(ru: impl Into<String>, en: impl Into<String>) -> Fault {
    Refusal::new("changed_since", ru, en).into()
}

/// The record as it stands, if the one who takes back may change it.
fn standing(tx: &dyn Tx, hand: &Hand<'_>, at: ItemRef) -> Outcome<Item> {
    let item = tx.item(&Rights::system(), at)?.filter(|item| item.at() == at);
    let item = item.ok_or_else(|| refused("записи больше нет", "the record is no more"))?;
    hand.rights.demand(Action::Change, &item)?;
    Ok(item)
}

/// Phones are the same whatever number the database gave them.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Points(a), Value::Points(b)) => a.list.len() == b.list.len() && a.list.iter().zip(&b.list).all(|(a, b)| a.raw == b.raw && a.label == b.label),
        (a, b) => a == b || (a.is_empty() && b.is_empty()),
    }
}

fn old_answers(tx: &mut dyn Tx, hand: &Hand<'_>, event: &Event, changes: &[Change]) -> Outcome<bool> {
    let mut item = standing(tx, hand, event.item)?;
    let before = item.values.clone();
    let schema = tx.schema();
    let (mut back, mut foreign): (Vec<Change>, Vec<Label>) = (Vec::new(), Vec::new());
    for change in changes {
        let now = item.values.get(&change.field).clone();
        let Some(field) = schema.field(event.item.kind, &change.field) else {
            foreign.push(Label::same(change.field.clone()));
            continue;
        };
        // What follows from other answers follows them back by itself.
        if same(&now, &change.old) || matches!(field.kind, crm::FieldKind::Formula { .. }) {
            continue;
        }
        if !same(&now, &change.new) {
            foreign.push(field.title.clone());
            continue;
        }
        match change.old.is_empty() {
            true => drop(item.values.0.remove(&change.field)),
            false => item.values.set(change.field.clone(), change.old.clone()),
        }
        back.push(Change { field: change.field.clone(), old: now, new: change.old.clone() });
    }
    let changed = !back.is_empty();
    if changed {
        touch(&mut item, hand);
        let assigned = back.iter().find(|change| change.field == code::RESPONSIBLE).map(|change| {
            let user = |value: &Value| crm::UserId(value.as_int().unwrap_or(0));
            Fact::Assigned { from: user(&change.old), to: user(&change.new) }
        });
        let mut facts = vec![Fact::Changed { changes: back }];
        facts.extend(assigned);
        crm::item::keep(tx, &hand.cause, &before, &mut item, facts)?;
    }
    match (foreign.is_empty(), changed) {
        (true, _) => Ok(changed),
        // What could be put back stays put back only when all of it could: half a record is worse than a listed one.
        (false, _) => {
            let list = |lang| foreign.iter().map(|title| title.get(lang)).collect::<Vec<_>>().join(", ");
            Err(refused(format!("изменено после операции: {}", list(crm::Lang::Ru)), format!("changed since: {}", list(crm::Lang::En))))
        }
    }
}

fn touch(item: &mut Item, hand: &Hand<'_>) {
    item.values.set(code::UPDATED_AT, Value::moment(hand.cause.at));
    item.values.set(code::UPDATED_BY, Value::user(hand.cause.by.user()));
}

fn old_stage(tx: &mut dyn Tx, hand: &Hand<'_>, event: &Event, from: StageId, to: StageId) -> Outcome<bool> {
    let mut item = standing(tx, hand, event.item)?;
    if item.stage() == Some(from) {
        return Ok(false);
    }
    if item.stage() != Some(to) {
        return Err(refused("стадия изменена после операции", "moved on since"));
    }
    let schema = tx.schema();
    let (pipeline, _) = schema.stage(from).ok_or_else(|| refused("прежней стадии больше нет", "the old stage is no more"))?;
    crm::stage::demand_place(tx.read(), hand.rights, &item, from)?;
    let before = item.values.clone();
    let (at, by) = came_there(tx, hand, event, from)?;
    let mut trail = Vec::new();
    for (field, value) in [(code::MOVED_AT, at), (code::MOVED_BY, by)] {
        trail.push(Change { field: field.to_owned(), old: item.values.get(field).clone(), new: value.clone() });
        item.values.set(field, value);
    }
    item.values.set(code::STAGE, Value::Int(from.0));
    item.values.set(code::PIPELINE, Value::Int(pipeline.id.0));
    touch(&mut item, hand);
    let moved = Fact::Moved { from: Some(to), to: from, pipeline: pipeline.id };
    crm::item::keep(tx, &hand.cause, &before, &mut item, vec![moved, Fact::Changed { changes: trail }])?;
    Ok(true)
}

/// It has stood there since the day it came there first, not since today; an earlier undo wrote that day into the log.
fn came_there(tx: &dyn Tx, hand: &Hand<'_>, event: &Event, stage: StageId) -> Outcome<(Value, Value)> {
    for one in tx.history(event.item, Some(event.seq), 100)? {
        match &one.fact {
            Fact::Changed { changes } => {
                let new = |field: &str| changes.iter().find(|change| change.field == field).map(|change| change.new.clone());
                if let (Some(at), Some(by)) = (new(code::MOVED_AT), new(code::MOVED_BY)) {
                    return Ok((at, by));
                }
            }
            Fact::Moved { to, .. } if *to == stage => return Ok((Value::moment(one.at), Value::user(one.by.user()))),
            _ => {}
        }
    }
    Ok((Value::moment(hand.cause.at), Value::user(hand.cause.by.user())))
}

/// A record that the operation made goes, unless somebody worked with it since.
fn no_more(tx: &mut dyn Tx, hand: &Hand<'_>, event: &Event) -> Outcome<bool> {
    let Some(item) = tx.item(&Rights::system(), event.item)?.filter(|item| item.at() == event.item) else { return Ok(false) };
    hand.rights.demand(Action::Change, &item)?;
    let ours = |one: &Event| one.root == Some(hand.root) || one.root == hand.cause.root;
    if tx.history(event.item, None, 100)?.iter().any(|one| one.seq > event.seq && !ours(one)) {
        return Err(refused("с записью работали после операции", "somebody worked with the record since"));
    }
    if !tx.links_to(event.item, None, 1)?.is_empty() {
        return Err(refused("на запись ссылаются другие записи", "other records point at the record"));
    }
    crm::item::discard(tx, &hand.cause, &item)?;
    Ok(true)
}

fn out_of_the_bin(tx: &mut dyn Tx, hand: &Hand<'_>, event: &Event, values: &Values) -> Outcome<bool> {
    if tx.item(&Rights::system(), event.item)?.is_some_and(|item| item.at() == event.item) {
        return Ok(false);
    }
    if let Some(binned) = tx.binned_one(&Rights::system(), event.item)? {
        let mut item = binned.item;
        hand.rights.demand(Action::Change, &item)?;
        crm::item::bring_back(tx, &hand.cause, &mut item)?;
        return Ok(true);
    }
    // A type without a recycle bin: the log still has all its answers, only the number is given anew.
    let schema = tx.schema();
    let shape = schema.kind(event.item.kind).ok_or_else(Refusal::not_found)?;
    let mut item = Item { kind: event.item.kind, id: 0, version: 0, values: values.clone() };
    item.values.0.retain(|field, _| field != code::ID && shape.has(field));
    for value in item.values.0.values_mut() {
        if let Value::Points(points) = value {
            points.list.iter_mut().for_each(|point| point.id = 0);
        }
    }
    hand.rights.demand(Action::Create, &item)?;
    crm::item::keep(tx, &hand.cause, &Values::new(), &mut item, vec![Fact::Created])?;
    match item.id {
        0 => Err(Failure::give_up("a record came back without a number").into()),
        _ => Ok(true),
    }
}
