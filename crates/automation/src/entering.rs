//! What a move, a change and a deletion of a card mean for its robots: runs begin, timers follow their dates, what
//! waited for nothing is cancelled.

use crate::guards;
use crate::place::known;
use crate::steps::{active, close, next_in_lane, rule_of};
use crate::timing;
use crm::{
    Cause, Change, Ending, Event, Fact, Firm, Item, Label, Lane, Lang, Moment, Outcome, Program, Rule, Run, RunId, StageId, Step, StepId, StepState, Tx, code,
    format,
};

/// So many steps of one card may wait (automation.md §5.10).
const MOST_WAITING: usize = 500;

/// A card came to a stage: what waited on the old one goes, the new one's robots are planned.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn moved(tx: &mut dyn Tx, firm: &Firm, now: Moment, event: &Event, to: StageId) -> Outcome<()> {
    let waiting = leave(tx, firm, now, event, to)?;
    // What was done quietly starts no robot; what waited on the old stage still has nothing to wait for.
    if event.quiet {
        return Ok(());
    }
    let Some(item) = known(tx.read(), event.item)? else { return Ok(()) };
    let Some(program) = tx.program(to)?.filter(|program| program.robots().any(|rule| rule.enabled)) else { return Ok(()) };
    let mut run = Run { id: RunId(0), item: event.item, stage: to, version: program.version, event: event.seq, at: now };
    if !tx.begin_run(&mut run)? {
        return Ok(());
    }
    let stop = if has_left(&item, to, event) {
        Some(Label::new("Карточка ушла со стадии раньше, чем роботы начали работу", "The card left the stage before the robots began"))
    } else if event.depth >= guards::DEEPEST {
        Some(Label::new(
            format!("Цепочка событий длиннее {}: роботы стадии остановлены, чтобы не ходить по кругу", guards::DEEPEST),
            format!("The chain of events is longer than {}: the robots of the stage were stopped so as not to go in circles", guards::DEEPEST),
        ))
    } else if waiting + program.robots().count() > MOST_WAITING {
        Some(Label::new(
            format!("У карточки уже {waiting} ожидающих роботов: новые не запущены"),
            format!("{waiting} robots of the card wait already: no new ones were started"),
        ))
    } else {
        None
    };
    if let Some(reason) = stop.as_ref().filter(|_| !has_left(&item, to, event)) {
        let fact = Fact::RobotStopped { state: "cancelled".to_owned(), reason: reason.clone() };
        tx.record(&item, &Cause::because(event, crm::Actor::System, now), fact)?;
    }
    begin(tx, firm, now, event, &Beginning { run: &run, program: &program, item: &item, stop })
}

struct Beginning<'a> {
    run: &'a Run,
    program: &'a Program,
    item: &'a Item,
    stop: Option<Label>,
}

fn begin(tx: &mut dyn Tx, firm: &Firm, now: Moment, event: &Event, one: &Beginning<'_>) -> Outcome<()> {
    let mut lane_begun = false;
    let robots = one.program.rules.iter().zip(0..).filter(|(rule, _)| rule.kind == crm::RuleKind::Robot && rule.enabled);
    for (rule, position) in robots {
        let mut step = new_step(one.run, rule, position);
        match &one.stop {
            Some(reason) => (step.state, step.reason, step.ended) = (StepState::Cancelled, reason.clone(), Some(now)),
            None if rule.lane == Lane::Wait && lane_begun => step.state = StepState::Queued,
            None => {
                let planned = timing::plan(&rule.timing, event.at, one.item, &tx.schema(), &firm.zone);
                (step.due, step.bound_to, step.reason) = (planned.due, planned.bound_to, planned.why);
                lane_begun |= rule.lane == Lane::Wait;
            }
        }
        tx.put_step(&mut step)?;
    }
    Ok(())
}

fn new_step(run: &Run, rule: &Rule, position: i64) -> Step {
    Step {
        id: StepId(0),
        run: run.id,
        item: run.item,
        stage: run.stage,
        version: run.version,
        rule: rule.id,
        position,
        lane: rule.lane,
        survives: rule.survives,
        state: StepState::Waiting,
        due: None,
        bound_to: String::new(),
        attempts: 0,
        reason: Label::default(),
        made: None,
        event: run.event,
        ended: None,
    }
}

/// Cancels what waited on the stages that the card left (R8). What is marked to survive goes on until the card is closed
/// (R9). Returns how many steps still wait.
fn leave(tx: &mut dyn Tx, firm: &Firm, now: Moment, event: &Event, to: StageId) -> Outcome<usize> {
    let schema = tx.schema();
    let closed = schema.stage(to).is_some_and(|(_, stage)| stage.outcome != Ending::Open);
    let mut kept: Vec<Step> = Vec::new();
    for mut step in active(tx, event.item)? {
        if step.event >= event.seq || (step.survives && !closed) {
            kept.push(step);
            continue;
        }
        let title = |lang| format::stage(&schema, if step.survives { to } else { step.stage }, lang);
        let reason = match step.survives {
            true => Label::new(format!("Карточка закрыта: «{}»", title(Lang::Ru)), format!("The card is closed: {}", title(Lang::En))),
            false => Label::new(format!("Карточка ушла со стадии «{}»", title(Lang::Ru)), format!("The card left the stage {}", title(Lang::En))),
        };
        close(tx, &mut step, StepState::Cancelled, reason, now)?;
    }
    // A robot that survives may have stood in a lane behind one that does not.
    let mut runs: Vec<RunId> = kept.iter().filter(|step| step.lane == Lane::Wait && step.event < event.seq).map(|step| step.run).collect();
    runs.dedup();
    for run in runs {
        next_in_lane(tx, firm, run, now)?;
    }
    Ok(kept.len())
}

/// Whether the card no longer stands where this event of entry brought it: it moved on, or moved on and came back.
pub(crate) fn has_left(item: &Item, stage: StageId, entry: &Event) -> bool {
    item.stage() != Some(stage) || item.values.moment(code::MOVED_AT).is_some_and(|moved| moved > entry.at)
}

/// Answers of a card changed: timers that follow them are planned anew.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn changed(tx: &mut dyn Tx, firm: &Firm, event: &Event, changes: &[Change]) -> Outcome<()> {
    let followed = |step: &Step| step.state == StepState::Waiting && changes.iter().any(|change| change.field == step.bound_to);
    let steps: Vec<Step> = active(tx, event.item)?.into_iter().filter(followed).collect();
    let Some(item) = known(tx.read(), event.item)?.filter(|_| !steps.is_empty()) else { return Ok(()) };
    for mut step in steps {
        let Some(rule) = rule_of(tx, &step)? else { continue };
        let planned = timing::plan(&rule.timing, event.at, &item, &tx.schema(), &firm.zone);
        if (planned.due, &planned.why) != (step.due, &step.reason) {
            (step.due, step.reason) = (planned.due, planned.why);
            tx.put_step(&mut step)?;
        }
    }
    Ok(())
}

/// A card was deleted: nothing more is done for it (R11).
///
/// # Errors
/// Only failures of the database.
pub(crate) fn deleted(tx: &mut dyn Tx, now: Moment, event: &Event) -> Outcome<()> {
    for mut step in active(tx, event.item)? {
        close(tx, &mut step, StepState::Cancelled, item_deleted(), now)?;
    }
    Ok(())
}

/// Why a step of a deleted card ended.
pub(crate) fn item_deleted() -> Label {
    Label::new("Карточка удалена", "The card was deleted")
}
