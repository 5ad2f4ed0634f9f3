//! Ends of steps: writing down what became of a robot, and giving the lane to the next one.

use crate::place::known;
use crate::timing;
use crm::{Firm, ItemRef, Label, Lane, Moment, Outcome, Rule, RunId, Step, StepState, Tx};

/// So many steps of a card are looked at: more than any card may have waiting (automation.md §5.10: 500).
pub(crate) const LOOKED_AT: u32 = 2_000;

/// Stands in `bound_to` of a step whose robot has worked and pauses. No field is called so.
pub(crate) const PAUSE: &str = "=pause";

/// Writes down the end of a step. The next robot of its lane gets its turn.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn end(tx: &mut dyn Tx, firm: &Firm, step: &mut Step, state: StepState, reason: Label, now: Moment) -> Outcome<()> {
    close(tx, step, state, reason, now)?;
    match step.lane {
        Lane::Wait => next_in_lane(tx, firm, step.run, now),
        Lane::Parallel => Ok(()),
    }
}

/// Writes down the end of a step and touches nothing else.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn close(tx: &mut dyn Tx, step: &mut Step, state: StepState, reason: Label, now: Moment) -> Outcome<()> {
    step.state = state;
    step.reason = reason;
    step.ended = Some(now);
    step.due = None;
    tx.put_step(step)
}

/// Arms the first robot of a run's lane that waits for its turn, unless one before it is still at work.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn next_in_lane(tx: &mut dyn Tx, firm: &Firm, run: RunId, now: Moment) -> Outcome<()> {
    let mut lane: Vec<Step> = tx.steps_of_run(run)?.into_iter().filter(|step| step.lane == Lane::Wait).collect();
    lane.sort_by_key(|step| step.position);
    if lane.iter().any(|step| step.state == StepState::Waiting) {
        return Ok(());
    }
    let Some(mut step) = lane.into_iter().find(|step| step.state == StepState::Queued) else { return Ok(()) };
    let Some(item) = known(tx.read(), step.item)? else { return Ok(()) };
    let Some(rule) = rule_of(tx, &step)? else {
        return end(tx, firm, &mut step, StepState::Failed, gone(), now);
    };
    let planned = timing::plan(&rule.timing, now, &item, &tx.schema(), &firm.zone);
    (step.state, step.due, step.bound_to, step.reason) = (StepState::Waiting, planned.due, planned.bound_to, planned.why);
    tx.put_step(&mut step)
}

/// The rule of a step in the version with which its run began (R16).
///
/// # Errors
/// Only failures of the database.
pub(crate) fn rule_of(tx: &dyn Tx, step: &Step) -> Outcome<Option<Rule>> {
    Ok(tx.program_version(step.stage, step.version)?.and_then(|program| program.rule(step.rule).cloned()))
}

/// Steps of a card that are not over.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn active(tx: &dyn Tx, item: ItemRef) -> Outcome<Vec<Step>> {
    Ok(tx.steps_of(item, LOOKED_AT)?.into_iter().filter(|step| !step.state.is_over()).collect())
}

/// The rule of a step cannot be found any more.
pub(crate) fn gone() -> Label {
    Label::new("Правило этого шага не найдено", "The rule of this step was not found")
}
