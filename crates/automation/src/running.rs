//! Lets robots work whose moment has come: each in a part of its own, so that what one of them is refused takes nothing
//! from the others. Its commands, the facts they make true and the end of its step are one commit (automation.md D3).

use crate::place::known;
use crate::robots::{self, Robot};
use crate::scene::Scene;
use crate::steps::{PAUSE, end, gone, rule_of};
use crate::{conditions, entering, guards, timing};
use crm::{
    Cause, Command, Done, Ending, Event, Execute, Fact, Failure, Fault, Firm, Item, ItemRef, Label, Lang, Moment, Outcome, Rights, Rule, Seq, Step, StepState,
    Tx,
};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// Lets at most so many robots work that are due. Returns how many were looked at; 0: nothing is due.
///
/// # Errors
/// Only failures of the database that are worth another try: the caller runs the transaction again.
pub fn run_due(tx: &mut dyn Tx, executor: &dyn Execute, firm: &Firm, now: Moment, limit: u32) -> Outcome<u32> {
    tx.one_at_a_time(crate::READER)?;
    let due = tx.steps_due(now, limit)?;
    // Read ahead of all writes: reading the log later would write every robot's facts one by one.
    let mut entries: BTreeMap<Seq, Event> = BTreeMap::new();
    for step in &due {
        if let Entry::Vacant(vacant) = entries.entry(step.event)
            && let Some(event) = tx.event(step.event)?
        {
            vacant.insert(event);
        }
    }
    for step in &due {
        match tx.part(&mut |tx| run(tx, executor, firm, now, step, entries.get(&step.event))) {
            Ok(()) => {}
            Err(Fault::Failed(failure @ Failure::Retry { .. })) => return Err(failure.into()),
            Err(fault) => {
                tracing::error!(step = step.id.0, rule = step.rule.0, why = fault.describe(), "a robot could not even be stopped in order");
                let mut step = step.clone();
                if let Err(Fault::Failed(failure @ Failure::Retry { .. })) = tx.part(&mut |tx| end(tx, firm, &mut step, StepState::Failed, why(&fault), now)) {
                    return Err(failure.into());
                }
            }
        }
    }
    Ok(u32::try_from(due.len()).unwrap_or(u32::MAX))
}

fn run(tx: &mut dyn Tx, executor: &dyn Execute, firm: &Firm, now: Moment, step: &Step, entry: Option<&Event>) -> Outcome<()> {
    // An earlier step of this batch may have changed everything.
    let Some(mut step) = tx.step(step.id)? else { return Ok(()) };
    if step.state != StepState::Waiting || step.due.is_none_or(|due| due > now) {
        return Ok(());
    }
    let Some(item) = known(tx.read(), step.item)? else { return end(tx, firm, &mut step, StepState::Cancelled, entering::item_deleted(), now) };
    let (Some(entry), Some(rule)) = (entry, rule_of(tx, &step)?) else { return end(tx, firm, &mut step, StepState::Failed, gone(), now) };
    if let Some(reason) = stands_elsewhere(tx, &step, &item, entry) {
        return end(tx, firm, &mut step, StepState::Cancelled, reason, now);
    }
    if step.bound_to == PAUSE {
        let reason = step.reason.clone();
        return end(tx, firm, &mut step, StepState::Done, reason, now);
    }
    // The field may have changed in a transaction whose events are not read yet.
    if rule.timing.field().is_some() && timing::moment(&rule.timing, &item, &firm.zone).is_none_or(|due| due > now) {
        let planned = timing::plan(&rule.timing, now, &item, &tx.schema(), &firm.zone);
        (step.due, step.reason) = (planned.due, planned.why);
        return tx.put_step(&mut step);
    }
    if let Some((_, reason)) = guards::robot(tx.read(), rule.id, item.at(), entry, now)? {
        stopped(tx, &item, entry, &rule, step.version, "skipped", &reason, now)?;
        return end(tx, firm, &mut step, StepState::Skipped, reason, now);
    }
    if let Err(seen) = conditions::test(tx.read(), &item, &rule.condition, &firm.zone) {
        let reason = Label::new(format!("Пропущен: {}", seen.ru), format!("Skipped: {}", seen.en));
        return end(tx, firm, &mut step, StepState::Skipped, reason, now);
    }
    let Some(robot) = robots::find(&rule.code) else {
        let reason = Label::new(format!("Робота «{}» в программе нет", rule.code), format!("The program has no robot {}", rule.code));
        return end(tx, firm, &mut step, StepState::Failed, reason, now);
    };
    let work = Work { firm, now, robot, rule: &rule, item: &item, entry };
    let mut worked = None;
    let outcome = tx.part(&mut |tx| {
        worked = Some(work.perform(tx, executor, &step)?);
        Ok(())
    });
    match (outcome, worked) {
        (Ok(()), Some(worked)) => finish(tx, firm, &mut step, worked, now),
        (Ok(()), None) => Ok(()),
        (Err(fault), _) => fail(tx, &work, &mut step, &fault),
    }
}

/// Why a step has nothing to do for a card that moved on: the log may not have been read so far yet.
fn stands_elsewhere(tx: &dyn Tx, step: &Step, item: &Item, entry: &Event) -> Option<Label> {
    if !entering::has_left(item, step.stage, entry) {
        return None;
    }
    let schema = tx.schema();
    let closed =
        item.stage().filter(|stage| *stage != step.stage).and_then(|stage| schema.stage(stage)).is_some_and(|(_, stage)| stage.outcome != Ending::Open);
    match (step.survives, closed) {
        (true, false) => None,
        (true, true) => Some(Label::new("Карточка закрыта", "The card is closed")),
        (false, _) => {
            let title = |lang| crm::format::stage(&schema, step.stage, lang);
            Some(Label::new(format!("Карточка ушла со стадии «{}»", title(Lang::Ru)), format!("The card left the stage {}", title(Lang::En))))
        }
    }
}

struct Work<'a> {
    firm: &'a Firm,
    now: Moment,
    robot: &'static dyn Robot,
    rule: &'a Rule,
    item: &'a Item,
    entry: &'a Event,
}

struct Worked {
    made: Option<ItemRef>,
    said: Label,
    pause: Option<Duration>,
}

impl Work<'_> {
    fn perform(&self, tx: &mut dyn Tx, executor: &dyn Execute, step: &Step) -> Outcome<Worked> {
        let plan = self.robot.plan(&Scene::of(tx.read(), self.firm, self.now, self.rule, self.item, self.entry)?, &self.rule.settings)?;
        let cause = Cause::because(self.entry, guards::robot_actor(self.rule, step.version), self.now);
        let mut made = None;
        for (number, mut command) in plan.commands.into_iter().enumerate() {
            sign(&mut command, step, number);
            if let Command::Move { item, to } = &command
                && *item == self.item.at()
                && let Some((_, reason)) = guards::ping_pong(tx.read(), self.item, *to, self.now)?
            {
                return Err(crm::Refusal { text: reason, ..crm::Refusal::new("ping_pong", "", "") }.into());
            }
            let Done { item } = executor.execute(tx, &Rights::system(), &cause, &command)?;
            made = made.or_else(|| item.filter(|item| *item != self.item.at()));
        }
        Ok(Worked { made, said: plan.said, pause: plan.pause })
    }
}

/// Gives what goes outside an identity that is the same at every try of the step.
fn sign(command: &mut Command, step: &Step, number: usize) {
    if let Command::SendMessage { key, .. } | Command::CallUrl { key, .. } = command {
        *key = match number {
            0 => format!("step:{}", step.id),
            _ => format!("step:{}:{number}", step.id),
        };
    }
}

fn finish(tx: &mut dyn Tx, firm: &Firm, step: &mut Step, worked: Worked, now: Moment) -> Outcome<()> {
    step.made = worked.made;
    match worked.pause {
        Some(pause) => {
            (step.due, step.bound_to, step.reason) = (Some(now.plus(pause)), PAUSE.to_owned(), worked.said);
            tx.put_step(step)
        }
        None => end(tx, firm, step, StepState::Done, worked.said, now),
    }
}

fn fail(tx: &mut dyn Tx, work: &Work<'_>, step: &mut Step, fault: &Fault) -> Outcome<()> {
    if let Fault::Failed(Failure::Retry { after, why }) = fault {
        step.attempts += 1;
        if let Some(pause) = timing::again(step.attempts, step.id.0) {
            // The vendor's own wish goes first.
            step.due = Some(after.filter(|after| *after > work.now).unwrap_or_else(|| work.now.plus(pause)));
            step.reason = Label::new(format!("Попытка {}: {why}", step.attempts), format!("Try {}: {why}", step.attempts));
            return tx.put_step(step);
        }
    }
    let reason = why(fault);
    stopped(tx, work.item, work.entry, work.rule, step.version, "failed", &reason, work.now)?;
    end(tx, work.firm, step, StepState::Failed, reason, work.now)
}

/// Tells the card's timeline that a robot did not do its work.
#[expect(clippy::too_many_arguments, reason = "a line of the timeline has that many parts")]
fn stopped(tx: &mut dyn Tx, item: &Item, entry: &Event, rule: &Rule, version: i64, state: &str, reason: &Label, now: Moment) -> Outcome<()> {
    let cause = Cause::because(entry, guards::robot_actor(rule, version), now);
    tx.record(item, &cause, Fact::RobotStopped { state: state.to_owned(), reason: reason.clone() })
}

fn why(fault: &Fault) -> Label {
    match fault {
        Fault::Refused(refusal) => Label::new(refusal.explain(Lang::Ru), refusal.explain(Lang::En)),
        Fault::Failed(failure) => Label::new(format!("Сбой: {}", failure.why()), format!("Failure: {}", failure.why())),
    }
}
