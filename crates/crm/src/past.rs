//! A record as it was at a past moment: its answers of today, with every later change of the log taken back.

use crate::doors::Read;
use crate::entity::code;
use crate::event::Fact;
use crate::failure::Outcome;
use crate::ids::{ItemRef, StageId, UserId};
use crate::item::Item;
use crate::rights::{Action, Rights};
use crate::time::Moment;
use crate::value::{Value, Values};

/// So many events are read at a time.
const PAGE: u32 = 500;

/// A record as it was at a moment; `None` when it was not there then, or may not be seen. What may be seen now decides, not
/// what could be seen then; hidden answers stay hidden.
///
/// # Errors
/// Only failures of the database.
pub fn as_of(read: &dyn Read, rights: &Rights, at: ItemRef, moment: Moment) -> Outcome<Option<Item>> {
    let now = match read.item(&Rights::system(), at)? {
        Some(item) => Some(item),
        None => read.binned_one(&Rights::system(), at)?.map(|binned| binned.item),
    };
    let Some(mut item) = now.filter(|item| rights.may(Action::Read, item)) else { return Ok(None) };
    let schema = read.schema();
    let mut there = read.item(&Rights::system(), at)?.is_some();
    let mut trail = Trail::default();
    let mut before = None;
    'log: loop {
        let page = read.history(at, before, PAGE)?;
        let Some(last) = page.last().map(|event| event.seq) else { break };
        for event in page.iter().filter(|event| event.item == at) {
            if event.at <= moment {
                if trail.meet(event.at, event.by.user(), &event.fact) {
                    break 'log;
                }
                continue;
            }
            match &event.fact {
                Fact::Created => there = false,
                Fact::Changed { changes } => changes.iter().rev().for_each(|change| put(&mut item.values, &change.field, &change.old)),
                Fact::Moved { from: Some(from), .. } => stand(&mut item.values, &schema, *from),
                Fact::Deleted { values } => {
                    there = true;
                    item.values.0.extend(values.0.clone());
                }
                Fact::Restored => there = false,
                _ => {}
            }
        }
        before = Some(last);
    }
    trail.write(&mut item.values);
    Ok(there.then(|| rights.shown(item)))
}

fn put(values: &mut Values, code: &str, answer: &Value) {
    match answer.is_empty() {
        true => drop(values.0.remove(code)),
        false => values.set(code, answer.clone()),
    }
}

fn stand(values: &mut Values, schema: &crate::entity::Schema, stage: StageId) {
    values.set(code::STAGE, Value::Int(stage.0));
    // A stage that is no more belonged to the pipeline on which the record stands in the answers of that time.
    if let Some((pipeline, _)) = schema.stage(stage) {
        values.set(code::PIPELINE, Value::Int(pipeline.id.0));
    }
}

/// Who had changed and moved it last at that moment.
#[derive(Debug, Default)]
struct Trail {
    changed: Option<(Moment, UserId)>,
    moved: Option<(Moment, UserId)>,
}

impl Trail {
    /// Meets an event of before the moment, the newest first; whether nothing more is to be learned.
    fn meet(&mut self, at: Moment, by: UserId, fact: &Fact) -> bool {
        if matches!(fact, Fact::Created | Fact::Changed { .. } | Fact::Moved { .. } | Fact::Restored) {
            self.changed.get_or_insert((at, by));
        }
        if matches!(fact, Fact::Moved { .. }) {
            self.moved.get_or_insert((at, by));
        }
        (self.changed.is_some() && self.moved.is_some()) || matches!(fact, Fact::Created)
    }

    fn write(&self, values: &mut Values) {
        for (found, when, who) in [(self.changed, code::UPDATED_AT, code::UPDATED_BY), (self.moved, code::MOVED_AT, code::MOVED_BY)] {
            if let Some((at, by)) = found.filter(|_| values.0.contains_key(when)) {
                values.set(when, Value::moment(at));
                values.set(who, Value::user(by));
            }
        }
    }
}
