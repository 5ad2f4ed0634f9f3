//! "Why did it not run?", "what will it do?", "what comes next?": automation in plain words.

use crate::place::known;
use crate::steps::PAUSE;
use crate::timing::{self, span, title};
use crate::{conditions, robots, triggers};
use crm::{EntityTypeId, Evaluation, Filter, Item, ItemRef, Label, Lane, Lang, Moment, Outcome, Read, Rule, RuleKind, Schema, Step, StepState, Timing, Value};
use jiff::tz::TimeZone;
use std::time::Duration;

/// So many recorded works of a rule on one card are told.
const TOLD: usize = 20;

/// Why a rule did or did nothing for a card: how it stands now, then what is recorded, the newest first.
///
/// # Errors
/// Only failures of the database.
pub fn why(read: &dyn Read, rule: &Rule, item: &Item, now: Moment) -> Outcome<Vec<Label>> {
    let mut lines = Vec::new();
    if !rule.enabled {
        lines.push(Label::new("Правило выключено: оно не работает, пока его не включат", "The rule is off: it does not work until it is switched on"));
    }
    // Moments in a condition are told in UTC: this door knows no firm.
    if let Err(seen) = conditions::test(read, item, &rule.condition, &TimeZone::UTC) {
        lines.push(Label::new(format!("Сейчас условие не выполнено: {}", seen.ru), format!("The condition does not hold at present: {}", seen.en)));
    }
    let recorded = match rule.kind {
        RuleKind::Trigger => trigger_lines(read, rule, item, now, &mut lines)?,
        RuleKind::Robot => robot_lines(read, rule, item, now, &mut lines)?,
    };
    lines.extend(recorded);
    Ok(lines)
}

/// The same by numbers. A rule that no program in force holds any more is told of by its records.
///
/// # Errors
/// `not_found` when the card does not exist; failures of the database.
pub fn why_of(read: &dyn Read, stage: crm::StageId, rule: crm::RuleId, item: ItemRef, now: Moment) -> Outcome<Vec<Label>> {
    let item = known(read, item)?.ok_or_else(crm::Refusal::not_found)?;
    match read.program(stage)?.and_then(|program| program.rule(rule).cloned()) {
        Some(rule) => why(read, &rule, &item, now),
        None => Ok(vec![Label::new("Этого правила на стадии больше нет", "The stage no longer has this rule")]),
    }
}

fn trigger_lines(read: &dyn Read, rule: &Rule, item: &Item, now: Moment, lines: &mut Vec<Label>) -> Outcome<Vec<Label>> {
    let mut looks: Vec<Evaluation> = read.evaluations_of(item.at(), 1_000)?.into_iter().filter(|one| one.rule == rule.id).take(TOLD).collect();
    looks.sort_by_key(|one| std::cmp::Reverse(one.event));
    if looks.is_empty() {
        lines.push(Label::new("С карточкой ещё не происходило того, чего ждёт этот триггер", "What this trigger waits for has not happened to the card yet"));
    }
    Ok(looks
        .into_iter()
        .map(|one| dated(one.at, now, if one.fired { "сработал" } else { "не сработал" }, if one.fired { "fired" } else { "did not fire" }, &one.reason))
        .collect())
}

fn robot_lines(read: &dyn Read, rule: &Rule, item: &Item, now: Moment, lines: &mut Vec<Label>) -> Outcome<Vec<Label>> {
    let steps: Vec<Step> = read.steps_of(item.at(), 1_000)?.into_iter().filter(|step| step.rule == rule.id).take(TOLD).collect();
    if steps.is_empty() {
        lines.push(match stage_of_rule(read, rule, item)? {
            Some(stage) if item.stage() == Some(stage) => Label::new(
                "Карточка пришла на эту стадию раньше, чем появился робот: он работает только для пришедших после",
                "The card came to this stage before the robot was there: it works only for those that come later",
            ),
            _ => Label::new(
                "Карточка не приходила на эту стадию с тех пор, как на ней есть этот робот",
                "The card has not come to this stage since the robot has been there",
            ),
        });
    }
    Ok(steps.into_iter().map(|step| step_line(&step, now)).collect())
}

/// The stage of the card's pipeline that holds a rule in force.
fn stage_of_rule(read: &dyn Read, rule: &Rule, item: &Item) -> Outcome<Option<crm::StageId>> {
    let schema = read.schema();
    let Some((pipeline, _)) = item.stage().and_then(|stage| schema.stage(stage)) else { return Ok(None) };
    for stage in &pipeline.stages {
        if read.program(stage.id)?.is_some_and(|program| program.rule(rule.id).is_some()) {
            return Ok(Some(stage.id));
        }
    }
    Ok(None)
}

fn step_line(step: &Step, now: Moment) -> Label {
    match (step.state, step.due) {
        (StepState::Queued, _) => Label::new("Ждёт, пока закончит предыдущий робот", "Waits for the previous robot to end"),
        (StepState::Waiting, Some(due)) => {
            let left = |lang| span(due.since(now), lang);
            let (ru, en) = match due > now {
                true => (format!("Сработает через {}", left(Lang::Ru)), format!("Will work in {}", left(Lang::En))),
                false => ("Сработает сейчас".to_owned(), "Will work now".to_owned()),
            };
            let paused = step.bound_to == PAUSE;
            Label::new(
                with_reason(if paused { ru.replace("Сработает", "Пауза кончится") } else { ru }, &step.reason.ru),
                with_reason(if paused { en.replace("Will work", "The pause will end") } else { en }, &step.reason.en),
            )
        }
        (StepState::Waiting, None) => match step.reason.ru.is_empty() {
            true => Label::new("Ждёт срока", "Waits for its moment"),
            false => step.reason.clone(),
        },
        (state, _) => {
            let (ru, en) = match state {
                StepState::Done => ("сделано", "done"),
                StepState::Skipped => ("пропущен", "skipped"),
                StepState::Cancelled => ("отменён", "cancelled"),
                _ => ("не удалось", "failed"),
            };
            dated(step.ended.unwrap_or(now), now, ru, en, &step.reason)
        }
    }
}

/// "2 ч назад: не сработал. Условие не выполнено: …"
fn dated(at: Moment, now: Moment, ru: &str, en: &str, reason: &Label) -> Label {
    let ago = now.since(at);
    let (when_ru, when_en) = match ago < Duration::from_secs(1) {
        true => ("Только что".to_owned(), "Just now".to_owned()),
        false => (format!("{} назад", span(ago, Lang::Ru)), format!("{} ago", span(ago, Lang::En))),
    };
    // "Skipped: …" repeats what the word before it says.
    let bare = |text: &str, word: &str| text.strip_prefix(word).unwrap_or(text).trim_start().to_owned();
    Label::new(with_reason(format!("{when_ru}: {ru}"), &bare(&reason.ru, "Пропущен:")), with_reason(format!("{when_en}: {en}"), &bare(&reason.en, "Skipped:")))
}

fn with_reason(text: String, reason: &str) -> String {
    if reason.is_empty() { text } else { format!("{text}. {reason}") }
}

/// What a rule does, with its condition, for its card on the robots page: «если Сумма больше 50 000 ₽ → Отправить письмо:
/// «Итоги консультации»». When it works stands on a line of its own: [`when`].
///
/// # Errors
/// Only failures of the database.
pub fn sentence(read: &dyn Read, kind: EntityTypeId, rule: &Rule) -> Outcome<Label> {
    let (title, what) = match rule.kind {
        RuleKind::Trigger => (triggers::find(&rule.code).map(|one| one.about().title), trigger_told(read, kind, rule)),
        RuleKind::Robot => match robots::find(&rule.code) {
            Some(robot) => (Some(robot.about().title), robot.told(read, &rule.settings)?),
            None => (None, Label::default()),
        },
    };
    let title = title.unwrap_or_else(|| Label::same(&rule.code));
    let told = |lang: Lang| {
        let what = match what.get(lang) {
            "" => title.get(lang).to_owned(),
            what => format!("{}: {what}", title.get(lang)),
        };
        let condition = match rule.condition {
            Filter::Any => String::new(),
            ref condition => conditions::told(read, kind, condition, &TimeZone::UTC, lang),
        };
        match (condition.as_str(), lang) {
            ("", _) => what,
            (condition, Lang::Ru) => format!("если {condition} → {what}"),
            (condition, Lang::En) => format!("if {condition} → {what}"),
        }
    };
    Ok(Label::new(told(Lang::Ru), told(Lang::En)))
}

/// When and what in one sentence: «Через 2 ч → Отправить письмо: «Итоги консультации»».
///
/// # Errors
/// Only failures of the database.
pub fn whole_sentence(read: &dyn Read, kind: EntityTypeId, rule: &Rule) -> Outcome<Label> {
    let what = sentence(read, kind, rule)?;
    if rule.kind == RuleKind::Trigger {
        return Ok(what);
    }
    let when = when(&read.schema(), kind, rule);
    Ok(Label::new(format!("{} → {}", when.ru, what.ru), format!("{} → {}", when.en, what.en)))
}

/// When a robot works: «Через 2 ч», «За 1 д до «Консультация»».
pub fn when(schema: &Schema, kind: EntityTypeId, rule: &Rule) -> Label {
    let length = |seconds: u64, lang| span(Duration::from_secs(seconds), lang);
    let field = |code: &str, lang| title(schema, kind, code, lang);
    let lane = rule.lane == Lane::Wait;
    match &rule.timing {
        Timing::AtOnce | Timing::After { seconds: 0 } if lane => Label::new("После предыдущего", "After the previous one"),
        Timing::AtOnce | Timing::After { seconds: 0 } => Label::new("Сразу", "At once"),
        Timing::After { seconds } if lane => {
            Label::new(format!("Через {} после предыдущего", length(*seconds, Lang::Ru)), format!("{} after the previous one", length(*seconds, Lang::En)))
        }
        Timing::After { seconds } => Label::new(format!("Через {}", length(*seconds, Lang::Ru)), format!("In {}", length(*seconds, Lang::En))),
        Timing::Before { field: code, seconds: 0 } | Timing::AfterField { field: code, seconds: 0 } => {
            Label::new(format!("В момент «{}»", field(code, Lang::Ru)), format!("At {}", field(code, Lang::En)))
        }
        Timing::Before { field: code, seconds } => Label::new(
            format!("За {} до «{}»", length(*seconds, Lang::Ru), field(code, Lang::Ru)),
            format!("{} before {}", length(*seconds, Lang::En), field(code, Lang::En)),
        ),
        Timing::AfterField { field: code, seconds } => Label::new(
            format!("Через {} после «{}»", length(*seconds, Lang::Ru), field(code, Lang::Ru)),
            format!("{} after {}", length(*seconds, Lang::En), field(code, Lang::En)),
        ),
    }
}

/// What of a trigger's settings is worth telling: its answers, in the words of its questions.
fn trigger_told(read: &dyn Read, kind: EntityTypeId, rule: &Rule) -> Label {
    let Some(about) = triggers::find(&rule.code).map(triggers::Trigger::about) else { return Label::default() };
    let schema = read.schema();
    let told = |lang: Lang| {
        let answers = about.settings.iter().filter_map(|field| {
            let value = rule.settings.get(&field.code);
            // An answer that everybody gives says nothing.
            if value.is_empty() || (!field.default.is_empty() && !field.required && *value == field.default) {
                return None;
            }
            let one = |value: &Value| match (&field.kind, value) {
                (crm::FieldKind::FieldCode, Value::Text(code)) => timing::title(&schema, kind, code, lang),
                _ => {
                    let item = Item { kind, id: 0, version: 0, values: crm::Values::new() };
                    crm::format::value(read, &crm::Rights::system(), &item, field, value, &TimeZone::UTC, lang)
                }
            };
            Some(value.as_list().iter().map(one).collect::<Vec<_>>().join(", "))
        });
        answers.filter(|answer| !answer.is_empty()).collect::<Vec<_>>().join("; ")
    };
    Label::new(told(Lang::Ru), told(Lang::En))
}

/// What will still be done for a card: steps that wait, the earliest first; those without a moment last.
///
/// # Errors
/// Only failures of the database.
pub fn forecast(read: &dyn Read, item: ItemRef) -> Outcome<Vec<Step>> {
    let mut steps: Vec<Step> = read.steps_of(item, crate::steps::LOOKED_AT)?.into_iter().filter(|step| !step.state.is_over()).collect();
    steps.sort_by_key(|step| (step.due.is_none(), step.due, step.run, step.position));
    Ok(steps)
}
