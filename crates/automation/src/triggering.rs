//! Asks the triggers of a card's pipeline about an event, writes down every answer, and lets the right one move the card
//! (automation.md T1–T8).

use crate::place::known;
use crate::triggers::{self, Fires, Sight};
use crate::{conditions, guards};
use crm::{
    Actor, Cause, Command, Ending, Evaluation, Event, Execute, Fact, Fault, Firm, Item, ItemRef, Label, Lang, Moment, Outcome, Pipeline, Rights, Rule, Stage,
    Tx, format,
};
use std::sync::LazyLock;

/// Whether any trigger wants to see such facts.
pub(crate) fn is_watched(code: &str) -> bool {
    static WATCHED: LazyLock<Vec<&'static str>> = LazyLock::new(|| triggers::all().iter().flat_map(|one| one.watches()).copied().collect());
    WATCHED.contains(&code)
}

/// Asks all triggers that could bring a card somewhere because of this event.
///
/// # Errors
/// Failures of the database.
pub(crate) fn ask(tx: &mut dyn Tx, executor: &dyn Execute, firm: &Firm, now: Moment, event: &Event) -> Outcome<()> {
    if !is_watched(event.fact.code()) {
        return Ok(());
    }
    for card in cards(event) {
        ask_for(tx, executor, firm, now, event, card)?;
    }
    Ok(())
}

/// The cards that could move: the record itself, and the card to which a task, a message or a form belongs. A change of a
/// task's own fields is no change of its card.
fn cards(event: &Event) -> Vec<ItemRef> {
    let own = matches!(event.fact, Fact::Created | Fact::Changed { .. } | Fact::Assigned { .. } | Fact::Moved { .. } | Fact::Deleted { .. });
    let mut cards = vec![event.item];
    if !own && event.about != event.item {
        cards.push(event.about);
    }
    cards
}

/// One trigger that was asked.
struct Asked {
    rule: Rule,
    version: i64,
    stage: Stage,
    place: usize,
    /// Why it does not fire: the code of the evaluation and the reason.
    no: Option<guards::Stop>,
}

/// The card, where it stands, and what happened.
struct Case<'a> {
    firm: &'a Firm,
    now: Moment,
    event: &'a Event,
    item: &'a Item,
    record: Option<&'a Item>,
    stands: usize,
    closed: bool,
}

fn ask_for(tx: &mut dyn Tx, executor: &dyn Execute, firm: &Firm, now: Moment, event: &Event, card: ItemRef) -> Outcome<()> {
    let schema = tx.schema();
    let Some(item) = known(tx.read(), card)? else { return Ok(()) };
    let Some((pipeline, stage)) = item.stage().and_then(|stage| schema.stage(stage)) else { return Ok(()) };
    let Some(stands) = pipeline.position(stage.id) else { return Ok(()) };
    let other = if event.item == card { None } else { known(tx.read(), event.item)? };
    let record = if event.item == card { Some(&item) } else { other.as_ref() };
    let case = Case { firm, now, event, item: &item, record, stands, closed: stage.outcome != Ending::Open };
    let mut asked = ask_each(tx, &case, pipeline)?;
    let chosen = choose(&asked, stands);
    if let Some(chosen) = chosen {
        let (winner, target) = (asked[chosen].rule.title.clone(), asked[chosen].stage.title.clone());
        for (_, loser) in asked.iter_mut().enumerate().filter(|(at, one)| *at != chosen && one.no.is_none()) {
            let reason = Label::new(
                format!("Опередил триггер «{winner}»: он перевёл карточку на стадию «{}»", target.ru),
                format!("The trigger {winner} was nearer: it moved the card to {}", target.en),
            );
            loser.no = Some(("outrun", reason));
        }
    }
    // An event that was worked off before changes nothing: not even when the card stands elsewhere now.
    let mut fresh = true;
    for (at, one) in asked.iter().enumerate() {
        if Some(at) != chosen {
            fresh &= tx.put_evaluation(&evaluation(&case, one))?;
        }
    }
    match chosen.filter(|_| fresh) {
        Some(chosen) => fire(tx, executor, &case, &asked[chosen]),
        None => Ok(()),
    }
}

fn ask_each(tx: &dyn Tx, case: &Case<'_>, pipeline: &Pipeline) -> Outcome<Vec<Asked>> {
    let mut asked = Vec::new();
    for (place, stage) in pipeline.stages.iter().enumerate() {
        let Some(program) = tx.program(stage.id)? else { continue };
        for rule in program.triggers().filter(|rule| rule.enabled) {
            let Some(trigger) = triggers::find(&rule.code).filter(|trigger| trigger.watches().contains(&case.event.fact.code())) else { continue };
            let no = refuses(tx, case, trigger, rule, stage, place)?;
            asked.push(Asked { rule: rule.clone(), version: program.version, stage: stage.clone(), place, no });
        }
    }
    Ok(asked)
}

/// Why a trigger does not fire; `None` when it does.
fn refuses(tx: &dyn Tx, case: &Case<'_>, trigger: &dyn triggers::Trigger, rule: &Rule, stage: &Stage, place: usize) -> Outcome<Option<guards::Stop>> {
    if rule.ignore_rules && case.event.by.rule().is_some() {
        return Ok(Some((
            "by_rule",
            Label::new("Изменение сделало правило, а такие изменения не учитываются", "A rule made the change, and such changes are ignored"),
        )));
    }
    let schema = tx.schema();
    if let Fires::No(why) = trigger.fires(&Sight { event: case.event, item: case.item, record: case.record, schema: &schema }, &rule.settings) {
        return Ok(Some(("settings", capitalised(why))));
    }
    if let Err(why) = conditions::test(tx.read(), case.item, &rule.condition, &case.firm.zone) {
        return Ok(Some(("condition", Label::new(format!("Условие не выполнено: {}", why.ru), format!("The condition does not hold: {}", why.en)))));
    }
    if case.closed && !rule.allow_back {
        return Ok(Some((
            "final_stage",
            Label::new(
                "Карточка уже закрыта: из последних стадий триггер не возвращает",
                "The card is closed: a trigger does not bring it back from a final stage",
            ),
        )));
    }
    if place == case.stands {
        return Ok(Some((
            "not_forward",
            Label::new(format!("Карточка уже на стадии «{}»", stage.title.ru), format!("The card is on the stage {} already", stage.title.en)),
        )));
    }
    if place < case.stands && !rule.allow_back {
        let reason = Label::new(
            format!("Карточка уже прошла стадию «{}», а возврат назад не разрешён", stage.title.ru),
            format!("The card is past the stage {} already, and moving back is not allowed", stage.title.en),
        );
        return Ok(Some(("not_forward", reason)));
    }
    guards::trigger(tx.read(), rule.id, case.item, stage.id, case.event, case.now)
}

/// The nearest stage forward wins, the first on it; one that moves back only when none moves forward (T2).
fn choose(asked: &[Asked], stands: usize) -> Option<usize> {
    let fitting = || asked.iter().enumerate().filter(|(_, one)| one.no.is_none());
    let forward = fitting().filter(|(_, one)| one.place > stands).min_by_key(|(at, one)| (one.place, *at));
    let back = || fitting().filter(|(_, one)| one.place < stands).min_by_key(|(at, one)| (stands - one.place, *at));
    forward.or_else(back).map(|(at, _)| at)
}

fn evaluation(case: &Case<'_>, one: &Asked) -> Evaluation {
    let (fired, code, reason) = match &one.no {
        Some((code, reason)) => (false, *code, reason.clone()),
        None => {
            let reason = Label::new(format!("Карточка переведена на стадию «{}»", one.stage.title.ru), format!("The card was moved to {}", one.stage.title.en));
            (true, "fired", reason)
        }
    };
    Evaluation {
        event: case.event.seq,
        rule: one.rule.id,
        version: one.version,
        stage: one.stage.id,
        item: case.item.at(),
        fired,
        code: code.to_owned(),
        reason,
        at: case.now,
    }
}

/// Moves the card. What forbids it is written down as the trigger's answer.
fn fire(tx: &mut dyn Tx, executor: &dyn Execute, case: &Case<'_>, one: &Asked) -> Outcome<()> {
    let by = Actor::Trigger { rule: one.rule.id, version: one.version, title: one.rule.title.clone() };
    let cause = Cause::because(case.event, by, case.now);
    let command = Command::Move { item: case.item.at(), to: one.stage.id };
    let moved = tx.part(&mut |tx| match tx.put_evaluation(&evaluation(case, one))? {
        true => executor.execute(tx, &Rights::system(), &cause, &command).map(|_| ()),
        false => Ok(()),
    });
    let Err(Fault::Refused(refusal)) = moved else { return moved };
    let to = |lang| format::stage(&tx.schema(), one.stage.id, lang);
    let reason = Label::new(
        format!("Карточку нельзя перевести на стадию «{}»: {}", to(Lang::Ru), refusal.explain(Lang::Ru)),
        format!("The card cannot be moved to {}: {}", to(Lang::En), refusal.explain(Lang::En)),
    );
    let refused = Evaluation { fired: false, code: "failed".to_owned(), reason, ..evaluation(case, one) };
    tx.put_evaluation(&refused).map(|_| ())
}

fn capitalised(label: Label) -> Label {
    let first_up = |text: String| {
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    Label::new(first_up(label.ru), first_up(label.en))
}
