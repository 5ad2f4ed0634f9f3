//! What keeps rules that call each other from running for ever (automation.md §5.8). A guard stops the chain on one card
//! and says so; other cards do not notice.

use crm::{Actor, Event, Fact, Item, ItemRef, Label, Moment, Outcome, Read, RuleId, StageId, code};
use std::time::Duration;

/// How long a chain of events may grow.
pub(crate) const DEEPEST: u32 = 25;
/// How often a trigger may work on one card in one chain.
const TRIGGER_IN_CHAIN: usize = 1;
/// How often a robot may work on one card in one chain.
const ROBOT_IN_CHAIN: usize = 3;
/// How often a rule may work on one card in an hour.
const PER_HOUR: i64 = 60;
/// How often rules may bring a card to the same stage in ten minutes.
const SAME_STAGE: usize = 5;
const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3_600);

/// Why a rule may not work now: the code of an evaluation and the reason.
pub(crate) type Stop = (&'static str, Label);

/// Whether a trigger may bring this card to that stage because of this event.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn trigger(read: &dyn Read, rule: RuleId, item: &Item, to: StageId, event: &Event, now: Moment) -> Outcome<Option<Stop>> {
    if event.depth >= DEEPEST {
        return Ok(Some(too_deep()));
    }
    if in_chain(read, rule, item.at(), event)? >= TRIGGER_IN_CHAIN {
        return Ok(Some((
            "loop",
            Label::new(
                "Правило уже сработало в этой цепочке событий: остановлено, чтобы не ходить по кругу",
                "The rule has already worked in this chain of events: stopped so as not to go in circles",
            ),
        )));
    }
    if let Some(stop) = per_hour(read, rule, item.at(), now)? {
        return Ok(Some(stop));
    }
    ping_pong(read, item, to, now)
}

/// Whether a robot may work on this card in the run that this event of entry began.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn robot(read: &dyn Read, rule: RuleId, item: ItemRef, entry: &Event, now: Moment) -> Outcome<Option<Stop>> {
    if entry.depth >= DEEPEST {
        return Ok(Some(too_deep()));
    }
    if in_chain(read, rule, item, entry)? >= ROBOT_IN_CHAIN {
        return Ok(Some((
            "loop",
            Label::new(
                "Робот уже трижды сработал в этой цепочке событий: остановлен, чтобы не ходить по кругу",
                "The robot has worked three times in this chain of events: stopped so as not to go in circles",
            ),
        )));
    }
    per_hour(read, rule, item, now)
}

/// Whether rules keep throwing the card to and fro.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn ping_pong(read: &dyn Read, item: &Item, to: StageId, now: Moment) -> Outcome<Option<Stop>> {
    let since = now.minus(TEN_MINUTES);
    // Most cards have stood still for longer: the timeline need not be read.
    if item.values.moment(code::MOVED_AT).is_some_and(|moved| moved < since) {
        return Ok(None);
    }
    let item = item.at();
    let returns = read
        .timeline(item, None, 200)?
        .iter()
        .take_while(|event| event.at >= since)
        .filter(|event| event.item == item && event.by.rule().is_some() && matches!(event.fact, Fact::Moved { to: reached, .. } if reached == to))
        .count();
    Ok((returns >= SAME_STAGE).then(|| {
        (
            "ping_pong",
            Label::new(
                format!("За 10 минут правила {SAME_STAGE} раз вернули карточку на эту стадию: движение остановлено"),
                format!("Rules brought the card back to this stage {SAME_STAGE} times in 10 minutes: the movement was stopped"),
            ),
        )
    }))
}

fn too_deep() -> Stop {
    (
        "loop",
        Label::new(
            format!("Цепочка событий длиннее {DEEPEST}: остановлена, чтобы не ходить по кругу"),
            format!("The chain of events is longer than {DEEPEST}: stopped so as not to go in circles"),
        ),
    )
}

fn per_hour(read: &dyn Read, rule: RuleId, item: ItemRef, now: Moment) -> Outcome<Option<Stop>> {
    let count = read.rule_count(rule, item, now.minus(HOUR))?;
    Ok((count >= PER_HOUR).then(|| {
        (
            "loop",
            Label::new(
                format!("За час правило сработало на этой карточке {PER_HOUR} раз: приостановлено"),
                format!("The rule worked on this card {PER_HOUR} times within an hour: paused"),
            ),
        )
    }))
}

/// How often a rule worked on a card among the causes of an event. Every event has one cause, so each of them is one work
/// of one rule.
fn in_chain(read: &dyn Read, rule: RuleId, item: ItemRef, event: &Event) -> Outcome<usize> {
    let worked = |event: &Event| event.by.rule() == Some(rule) && (event.item == item || event.about == item);
    let mut count = usize::from(worked(event));
    let mut cause = event.cause;
    for _ in 0..=DEEPEST {
        let Some(before) = cause else { break };
        let Some(before) = read.event(before)? else { break };
        count += usize::from(worked(&before));
        cause = before.cause;
    }
    Ok(count)
}

/// The rule that did it, as its events name it.
pub(crate) fn robot_actor(rule: &crm::Rule, version: i64) -> Actor {
    Actor::Robot { rule: rule.id, version, title: rule.title.clone() }
}
