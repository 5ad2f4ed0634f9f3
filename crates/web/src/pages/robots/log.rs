//! What a rule did lately, and why it did nothing for one record.

use super::board::Reader;
use crate::view::slug;
use crm::{Evaluation, ItemRef, Moment, Outcome, Read, Refusal, Rule, RuleKind, Step, StepState, format};
use serde::Serialize;

/// So many lines of a log are shown.
const LINES: u32 = 100;

/// One line of a rule's log.
#[derive(Debug, Serialize)]
pub struct Entry {
    at: String,
    item: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    state: &'static str,
    state_title: String,
    reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    due: String,
}

/// The answer to "why did it not run?".
#[derive(Debug, Serialize)]
pub struct Why {
    title: String,
    url: String,
    lines: Vec<String>,
}

/// The last steps or evaluations of a rule, the newest first. What the reader may not see shows neither name nor values.
///
/// # Errors
/// Only failures of the database.
pub fn log(read: &dyn Read, reader: Reader<'_>, zone: &jiff::tz::TimeZone, rule: &Rule) -> Outcome<Vec<Entry>> {
    match rule.kind {
        RuleKind::Robot => read.steps_of_rule(rule.id, LINES)?.iter().map(|step| of_step(read, reader, zone, step)).collect(),
        RuleKind::Trigger => read.evaluations_of_rule(rule.id, LINES)?.iter().map(|one| of_evaluation(read, reader, zone, one)).collect(),
    }
}

fn of_step(read: &dyn Read, reader: Reader<'_>, zone: &jiff::tz::TimeZone, step: &Step) -> Outcome<Entry> {
    let seen = seen(read, reader, step.item)?;
    let moment = |at: Moment| format::moment(at, zone, reader.lang);
    Ok(Entry {
        at: step.ended.map(moment).unwrap_or_default(),
        due: step.due.filter(|_| !step.state.is_over()).map(moment).unwrap_or_default(),
        state: step.state.code(),
        state_title: (reader.words)(state_key(step.state), &[]),
        reason: if seen.is_some() { step.reason.get(reader.lang).to_owned() } else { String::new() },
        url: seen.as_ref().map(|_| address(read, step.item)).unwrap_or_default(),
        item: seen.unwrap_or_else(|| format!("№ {}", step.item.id)),
    })
}

fn of_evaluation(read: &dyn Read, reader: Reader<'_>, zone: &jiff::tz::TimeZone, one: &Evaluation) -> Outcome<Entry> {
    let seen = seen(read, reader, one.item)?;
    let (state, key) = if one.fired { ("fired", "robots-evaluation-fired") } else { ("skipped", "robots-evaluation-not") };
    Ok(Entry {
        at: format::moment(one.at, zone, reader.lang),
        due: String::new(),
        state,
        state_title: (reader.words)(key, &[]),
        reason: if seen.is_some() { one.reason.get(reader.lang).to_owned() } else { String::new() },
        url: seen.as_ref().map(|_| address(read, one.item)).unwrap_or_default(),
        item: seen.unwrap_or_else(|| format!("№ {}", one.item.id)),
    })
}

fn state_key(state: StepState) -> &'static str {
    match state {
        StepState::Queued => "robots-step-queued",
        StepState::Waiting => "robots-step-waiting",
        StepState::Done => "robots-step-done",
        StepState::Skipped => "robots-step-skipped",
        StepState::Cancelled => "robots-step-cancelled",
        StepState::Failed => "robots-step-failed",
    }
}

/// The record's name with its number, when the reader may see it.
fn seen(read: &dyn Read, reader: Reader<'_>, at: ItemRef) -> Outcome<Option<String>> {
    Ok(read.item(reader.rights, at)?.map(|item| format!("№ {} {}", item.id, item.title())))
}

fn address(read: &dyn Read, at: ItemRef) -> String {
    read.schema().kind(at.kind).map(|shape| format!("/{}/{}", slug(shape), at.id)).unwrap_or_default()
}

/// Why a rule did or did nothing for a record. The record is written as its number, `№ 7` or `2:7`.
///
/// # Errors
/// `not_found` for what does not exist or may not be seen.
pub fn why(read: &dyn Read, reader: Reader<'_>, kind: crm::EntityTypeId, rule: &Rule, given: &str) -> Outcome<Why> {
    let at = item_of(kind, given)
        .ok_or_else(|| Refusal::new("wrong_number", "Введите номер карточки, например 15", "Enter the number of a card, for example 15"))?;
    let item = read.item(reader.rights, at)?.ok_or_else(Refusal::not_found)?;
    let lines = automation::explain::why(read, rule, &item, reader.now)?;
    Ok(Why {
        title: format!("№ {} {}", item.id, item.title()),
        url: address(read, at),
        lines: lines.iter().map(|line| line.get(reader.lang).to_owned()).collect(),
    })
}

fn item_of(kind: crm::EntityTypeId, given: &str) -> Option<ItemRef> {
    let given = given.trim().trim_start_matches(['№', '#']).trim();
    if let Ok(at) = given.parse::<ItemRef>() {
        return (at.kind == kind).then_some(at);
    }
    given.parse().ok().map(|id| ItemRef::new(kind, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_named_by_its_number_in_any_usual_spelling() {
        let deal = crm::kind::DEAL;
        for given in ["15", " № 15", "#15", "2:15"] {
            assert_eq!(item_of(deal, given), Some(ItemRef::new(deal, 15)), "{given}");
        }
        for given in ["", "Иванов", "3:15", "15 16"] {
            assert_eq!(item_of(deal, given), None, "{given}");
        }
    }
}
