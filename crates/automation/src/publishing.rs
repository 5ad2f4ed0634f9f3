//! Publishing the rules of a stage as its next immutable version (automation.md R16). What could not work is refused here,
//! with the place and the reason, rather than at night in front of a client.

use crate::place::{Place, Wrong};
use crate::{robots, triggers};
use crm::{EntityTypeId, FieldKind, Label, Lane, Lang, Moment, Outcome, Program, Refusal, Rights, Rule, RuleId, RuleKind, StageId, Timing, Tx, Values, query};
use std::collections::BTreeSet;

/// So many robots may stand on a stage (automation.md §5.10).
pub const MOST_ROBOTS: usize = 200;
/// So many triggers may stand on a stage.
pub const MOST_TRIGGERS: usize = 50;
/// So many comparisons may a condition have, and so deep may it be (automation.md §5.4).
const MOST_COMPARISONS: (usize, usize) = (50, 4);
/// Ten years: a longer delay would be a slip of the pen.
const LONGEST_DELAY: u64 = 3_660 * 86_400;

/// Publishes the rules of a stage. Rules without a number get one; numbers given before stay.
///
/// # Errors
/// `access_denied` without the right to change automation; `wrong_rule` with the path `<stage>/<place>/<what>` of
/// everything that is wrong, where *what* is `title`, `timing`, `condition` or `settings.<code>`.
pub fn publish(tx: &mut dyn Tx, rights: &Rights, now: Moment, stage: StageId, rules: Vec<Rule>) -> Outcome<Program> {
    if !rights.automation && !rights.admin {
        return Err(Refusal::denied("У вас нет права изменять правила автоматизации", "You may not change the rules of automation").into());
    }
    let schema = tx.schema();
    let kind =
        schema.stage(stage).map(|(pipeline, _)| pipeline.kind).ok_or_else(|| Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage"))?;
    demand_not_too_many(&rules)?;
    let place = Place { read: tx.read(), schema, kind, stage };
    let mut accepted = Vec::with_capacity(rules.len());
    let mut wrong = Wrong::new();
    let mut numbers = BTreeSet::new();
    for (at, mut rule) in rules.into_iter().enumerate() {
        let mut faults = settle(&place, &mut rule)?;
        if rule.id != RuleId(0) && !is_known(&place, rule.id)? {
            rule.id = RuleId(0);
        }
        if rule.id != RuleId(0) && !numbers.insert(rule.id) {
            faults.push(("title".to_owned(), Label::new("правило стоит на стадии дважды", "the rule stands on the stage twice")));
        }
        wrong.extend(faults.into_iter().map(|(path, reason)| {
            (format!("{stage}/{at}/{path}"), Label::new(format!("«{}»: {}", rule.title, reason.ru), format!("{}: {}", rule.title, reason.en)))
        }));
        accepted.push(rule);
    }
    if !wrong.is_empty() {
        return Err(Refusal {
            fields: wrong, ..Refusal::new("wrong_rule", "Проверьте настройки правил", "Check the settings of the rules")
        }
        .into());
    }
    let mut program = Program { stage, version: 0, rules: accepted, at: now, by: rights.user };
    tx.publish(&mut program)?;
    Ok(program)
}

/// Whether a number was given out by us: a rule keeps it through all versions of its stage and when it is carried to
/// another one. A number from elsewhere might one day belong to somebody else's rule.
fn is_known(place: &Place<'_>, rule: RuleId) -> Outcome<bool> {
    let stages = place.schema.pipelines.values().filter(|pipeline| pipeline.kind == place.kind).flat_map(|pipeline| &pipeline.stages);
    for stage in stages {
        let Some(force) = place.read.program(stage.id)? else { continue };
        // Carried from a stage that was published a moment ago without it, or brought back from an old version of this one.
        let oldest = if stage.id == place.stage { 1 } else { force.version - 1 };
        for version in (oldest.max(1)..=force.version).rev() {
            if place.read.program_version(stage.id, version)?.is_some_and(|program| program.rule(rule).is_some()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn demand_not_too_many(rules: &[Rule]) -> Outcome<()> {
    let robots = rules.iter().filter(|rule| rule.kind == RuleKind::Robot).count();
    if robots > MOST_ROBOTS {
        return Err(Refusal::new(
            "too_many_rules",
            format!("На стадии не больше {MOST_ROBOTS} роботов, а здесь {robots}"),
            format!("A stage has at most {MOST_ROBOTS} robots, here are {robots}"),
        )
        .into());
    }
    let triggers = rules.len() - robots;
    if triggers > MOST_TRIGGERS {
        return Err(Refusal::new(
            "too_many_rules",
            format!("На стадии не больше {MOST_TRIGGERS} триггеров, а здесь {triggers}"),
            format!("A stage has at most {MOST_TRIGGERS} triggers, here are {triggers}"),
        )
        .into());
    }
    Ok(())
}

/// Gives everything in a rule its stored form; what is wrong with it.
fn settle(place: &Place<'_>, rule: &mut Rule) -> Outcome<Wrong> {
    let about = match rule.kind {
        RuleKind::Trigger => triggers::find(&rule.code).map(triggers::Trigger::about),
        RuleKind::Robot => robots::find(&rule.code).map(robots::Robot::about),
    };
    let Some(about) = about else {
        return Ok(vec![(
            "code".to_owned(),
            Label::new(format!("триггера или робота «{}» нет", rule.code), format!("there is no trigger or robot {}", rule.code)),
        )]);
    };
    let mut wrong = Wrong::new();
    rule.title = rule.title.trim().to_owned();
    if rule.title.is_empty() {
        rule.title = about.title.get(Lang::Ru).to_owned();
    }
    if rule.title.chars().count() > 255 {
        wrong.push(("title".to_owned(), Label::new("название не длиннее 255 знаков", "the title has at most 255 characters")));
    }
    match about.accept(&rule.settings) {
        Ok(settings) => {
            rule.settings = settings;
            let mut faults = place.check(&about.settings, &rule.settings)?;
            faults.extend(own_check(place, rule.kind, &rule.code, &rule.settings)?);
            wrong.extend(faults.into_iter().map(|(code, reason)| (format!("settings.{code}"), reason)));
        }
        Err(refusal) => wrong.extend(refusal.fields.into_iter().map(|(code, reason)| (format!("settings.{code}"), reason))),
    }
    match condition_fault(place, place.kind, rule) {
        Some(reason) => wrong.push(("condition".to_owned(), reason)),
        None => rule.condition = rule.condition.typed(&place.schema, place.kind)?,
    }
    if rule.kind == RuleKind::Robot {
        wrong.extend(timing_fault(place, &rule.timing).map(|reason| ("timing".to_owned(), reason)));
        if robots::find(&rule.code).is_some_and(robots::Robot::only_in_lane) {
            rule.lane = Lane::Wait;
        }
    } else {
        rule.timing = Timing::AtOnce;
    }
    Ok(wrong)
}

fn own_check(place: &Place<'_>, kind: RuleKind, code: &str, settings: &Values) -> Outcome<Wrong> {
    match kind {
        RuleKind::Trigger => triggers::find(code).map_or_else(|| Ok(Wrong::new()), |trigger| trigger.check(place, settings)),
        RuleKind::Robot => robots::find(code).map_or_else(|| Ok(Wrong::new()), |robot| robot.check(place, settings)),
    }
}

fn condition_fault(place: &Place<'_>, kind: EntityTypeId, rule: &Rule) -> Option<Label> {
    let (comparisons, depth) = rule.condition.size();
    if comparisons > MOST_COMPARISONS.0 || depth > MOST_COMPARISONS.1 {
        return Some(Label::new(
            format!("в условии не больше {} сравнений и {} вложений", MOST_COMPARISONS.0, MOST_COMPARISONS.1),
            format!("a condition has at most {} comparisons and {} levels", MOST_COMPARISONS.0, MOST_COMPARISONS.1),
        ));
    }
    let refusal = rule.condition.typed(&place.schema, kind).err()?;
    Some(refusal.fields.first().map_or_else(|| refusal.text.clone(), |(_, reason)| reason.clone()))
}

fn timing_fault(place: &Place<'_>, timing: &Timing) -> Option<Label> {
    if let Some(code) = timing.field() {
        let Some(field) = place.schema.field(place.kind, code) else { return Some(query::unknown_field(code).text) };
        if !matches!(field.kind, FieldKind::Date | FieldKind::Moment) || field.multiple {
            return Some(Label::new(format!("в поле «{}» не дата", field.title.ru), format!("the field {} holds no date", field.title.en)));
        }
    }
    let seconds = match timing {
        Timing::AtOnce => 0,
        Timing::After { seconds } | Timing::Before { seconds, .. } | Timing::AfterField { seconds, .. } => *seconds,
    };
    (seconds > LONGEST_DELAY).then(|| Label::new("задержка не больше десяти лет", "the delay is at most ten years"))
}
