//! Reads the log after its mark: asks triggers, begins runs, follows dates. The mark moves in the same transaction, so a
//! crash anywhere leaves all of it or nothing (automation.md D2).

use crate::{entering, triggering};
use crm::{Actor, Cause, Event, Execute, Fact, Failure, Fault, Firm, Label, Lang, Moment, Outcome, Seq, Tx};

/// Under this name the mark stands.
pub const READER: &str = "automation";

/// Reads at most so many events and does what follows from them. Returns how many were read; 0: nothing is new.
///
/// One event that cannot be worked off is written down on its card and does not stop the log.
///
/// # Errors
/// Only failures of the database that are worth another try: the caller runs the transaction again.
pub fn dispatch(tx: &mut dyn Tx, executor: &dyn Execute, firm: &Firm, now: Moment, limit: u32) -> Outcome<u32> {
    tx.one_at_a_time(READER)?;
    let mark = tx.mark(READER)?;
    let events = tx.events_after(mark, limit)?;
    let mut last: Option<Seq> = None;
    for event in &events {
        last = Some(event.seq);
        if !concerns_us(&event.fact) {
            continue;
        }
        match tx.part(&mut |tx| take(tx, executor, firm, now, event)) {
            Ok(()) => {}
            Err(Fault::Failed(failure @ Failure::Retry { .. })) => return Err(failure.into()),
            Err(fault) => give_up(tx, now, event, &fault)?,
        }
    }
    if let Some(last) = last {
        tx.advance(READER, last)?;
    }
    Ok(u32::try_from(events.len()).unwrap_or(u32::MAX))
}

fn concerns_us(fact: &Fact) -> bool {
    matches!(fact, Fact::Moved { .. } | Fact::Changed { .. } | Fact::Deleted { .. }) || triggering::is_watched(fact.code())
}

fn take(tx: &mut dyn Tx, executor: &dyn Execute, firm: &Firm, now: Moment, event: &Event) -> Outcome<()> {
    match &event.fact {
        Fact::Moved { to, .. } => entering::moved(tx, firm, now, event, *to)?,
        Fact::Changed { changes } => entering::changed(tx, firm, event, changes)?,
        Fact::Deleted { .. } => entering::deleted(tx, now, event)?,
        _ => {}
    }
    // An import without automation, an undo: no trigger answers.
    match event.quiet {
        true => Ok(()),
        false => triggering::ask(tx, executor, firm, now, event),
    }
}

/// Writes down that an event could not be worked off: in the journal of the program and on the card.
fn give_up(tx: &mut dyn Tx, now: Moment, event: &Event, fault: &Fault) -> Outcome<()> {
    tracing::error!(event = event.seq.0, fact = event.fact.code(), why = fault.describe(), "automation could not work off an event");
    let why = |lang| match fault {
        Fault::Refused(refusal) => refusal.explain(lang),
        Fault::Failed(failure) => failure.why().to_owned(),
    };
    let reason = Label::new(
        format!("Автоматизация не смогла обработать событие № {}: {}", event.seq, why(Lang::Ru)),
        format!("Automation could not work off event No. {}: {}", event.seq, why(Lang::En)),
    );
    let written = tx.part(&mut |tx| match crate::place::known(tx.read(), event.about)? {
        Some(card) => tx.record(&card, &Cause::because(event, Actor::System, now), Fact::RobotStopped { state: "failed".to_owned(), reason: reason.clone() }),
        None => Ok(()),
    });
    match written {
        Err(Fault::Failed(failure @ Failure::Retry { .. })) => Err(failure.into()),
        _ => Ok(()),
    }
}
