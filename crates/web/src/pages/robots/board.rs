//! The board of rules as the page's island reads it: stages with their rules, how they are called, what they did today.

use super::Words;
use super::offer::{self, AboutView, FieldView, Numbered, Offered};
use crate::texts;
use crm::{Evaluation, FieldKind, Lang, Moment, Outcome, Pipeline, Program, Read, Refusal, Rights, Rule, RuleKind, Stage, Step, StepState};
use serde::Serialize;
use std::collections::BTreeMap;

/// So many of a rule's last steps and evaluations are looked at for today's figures.
const LOOKED_AT: u32 = 200;

/// Everything the island needs, in one answer.
#[derive(Debug, Serialize)]
pub struct Board {
    kind: KindView,
    pipeline: i64,
    stages: Vec<StageView>,
    triggers: Vec<AboutView>,
    robots: Vec<AboutView>,
    fields: Vec<FieldView>,
    people: Vec<offer::Person>,
    whom: Vec<Offered>,
    all_stages: Vec<Numbered>,
    all_pipelines: Vec<Numbered>,
    accounts: Vec<offer::Channel>,
    placeholders: Vec<Hole>,
    ops: Vec<Offered>,
    texts: BTreeMap<String, String>,
}

/// The kind of records.
#[derive(Debug, Serialize)]
pub struct KindView {
    id: i64,
    code: String,
    title: String,
}

/// A stage with its rules.
#[derive(Debug, Serialize)]
pub struct StageView {
    id: i64,
    title: String,
    color: String,
    outcome: crm::Ending,
    /// Version of the program in force; 0 when none was ever published.
    version: i64,
    rules: Vec<RuleView>,
}

/// A rule as it is stored, and what a person reads of it.
#[derive(Debug, Serialize)]
pub struct RuleView {
    rule: Rule,
    when: String,
    what: String,
    /// Why it cannot work; empty when it can.
    broken: String,
    today: Today,
}

/// What a rule did since midnight.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Today {
    done: u32,
    skipped: u32,
    failed: u32,
    waiting: u32,
}

/// A hole of texts.
#[derive(Debug, Serialize)]
pub struct Hole {
    hole: String,
    title: String,
    search: String,
}

/// Who reads, in which language and when: what every view needs.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// His rights.
    pub rights: &'a Rights,
    /// His language.
    pub lang: Lang,
    /// His texts.
    pub words: Words<'a>,
    /// The present moment.
    pub now: Moment,
    /// Midnight in the firm's zone.
    pub midnight: Moment,
}

/// Reads the board of a pipeline.
///
/// # Errors
/// Only failures of the database.
pub fn board(read: &dyn Read, reader: Reader<'_>, pipeline: &Pipeline) -> Outcome<Board> {
    let schema = read.schema();
    let (lang, words) = (reader.lang, reader.words);
    let shape = schema.kind(pipeline.kind).ok_or_else(Refusal::not_found)?;
    let offers = offer::offers(read, reader.rights, pipeline.kind, lang, words)?;
    let stages = pipeline.stages.iter().map(|stage| stage_view(read, reader, pipeline, stage)).collect::<Outcome<_>>()?;
    let fields =
        shape.fields.iter().filter(|field| reader.rights.sees(shape.id, &field.code) && compares(&field.kind)).map(|field| offer::shown(field, lang)).collect();
    Ok(Board {
        kind: KindView { id: shape.id.0, code: shape.code.clone(), title: shape.title.get(lang).to_owned() },
        pipeline: pipeline.id.0,
        stages,
        triggers: automation::triggers::all().iter().map(|one| offers.about(&one.about(), lang)).collect(),
        robots: automation::robots::all().iter().map(|one| offers.about(&one.about(), lang)).collect(),
        fields,
        placeholders: automation::placeholders(&schema, shape.id)
            .into_iter()
            .map(|(hole, title)| Hole { search: format!("{} {} {hole}", title.ru, title.en).to_lowercase(), title: title.get(lang).to_owned(), hole })
            .collect(),
        ops: offer::ops(lang),
        texts: texts::keys(lang).into_iter().filter(|key| key.starts_with("robots-")).map(|key| (key.clone(), words(&key, &[]))).collect(),
        people: offers.people,
        whom: offers.whom,
        all_stages: offers.stages,
        all_pipelines: offers.pipelines,
        accounts: offers.accounts,
    })
}

/// A stage with its rules, as it stands now.
///
/// # Errors
/// Only failures of the database.
pub fn stage_view(read: &dyn Read, reader: Reader<'_>, pipeline: &Pipeline, stage: &Stage) -> Outcome<StageView> {
    let program = read.program(stage.id)?;
    let rules = match &program {
        Some(program) => program.rules.iter().map(|rule| rule_view(read, reader, pipeline, rule)).collect::<Outcome<_>>()?,
        None => Vec::new(),
    };
    Ok(StageView {
        id: stage.id.0,
        title: stage.title.get(reader.lang).to_owned(),
        color: stage.color.clone(),
        outcome: stage.outcome,
        version: version(program.as_deref()),
        rules,
    })
}

/// Version of the program in force; 0 when none was ever published.
pub fn version(program: Option<&Program>) -> i64 {
    program.map_or(0, |program| program.version)
}

fn rule_view(read: &dyn Read, reader: Reader<'_>, pipeline: &Pipeline, rule: &Rule) -> Outcome<RuleView> {
    let schema = read.schema();
    let known = match rule.kind {
        RuleKind::Trigger => automation::triggers::find(&rule.code).is_some(),
        RuleKind::Robot => automation::robots::find(&rule.code).is_some(),
    };
    let when = match rule.kind {
        RuleKind::Trigger => (reader.words)("robots-trigger-when", &[]),
        RuleKind::Robot => automation::explain::when(&schema, pipeline.kind, rule).get(reader.lang).to_owned(),
    };
    Ok(RuleView {
        when,
        what: automation::explain::sentence(read, pipeline.kind, rule)?.get(reader.lang).to_owned(),
        broken: if known { String::new() } else { (reader.words)("robots-unknown-rule", &[]) },
        today: today(read, reader.midnight, rule)?,
        rule: rule.clone(),
    })
}

fn today(read: &dyn Read, midnight: Moment, rule: &Rule) -> Outcome<Today> {
    Ok(match rule.kind {
        RuleKind::Robot => of_steps(&read.steps_of_rule(rule.id, LOOKED_AT)?, midnight),
        RuleKind::Trigger => of_evaluations(&read.evaluations_of_rule(rule.id, LOOKED_AT)?, midnight),
    })
}

fn of_steps(steps: &[Step], midnight: Moment) -> Today {
    let mut today = Today::default();
    for step in steps {
        let counted = match step.state {
            StepState::Queued | StepState::Waiting => {
                today.waiting += 1;
                continue;
            }
            StepState::Done => &mut today.done,
            StepState::Failed => &mut today.failed,
            StepState::Skipped | StepState::Cancelled => &mut today.skipped,
        };
        if step.ended.is_some_and(|ended| ended >= midnight) {
            *counted += 1;
        }
    }
    today
}

fn of_evaluations(evaluations: &[Evaluation], midnight: Moment) -> Today {
    let mut today = Today::default();
    for evaluation in evaluations.iter().filter(|one| one.at >= midnight) {
        match evaluation.fired {
            true => today.done += 1,
            false => today.skipped += 1,
        }
    }
    today
}

/// Tables and files cannot be compared in a condition.
fn compares(kind: &FieldKind) -> bool {
    !matches!(kind, FieldKind::Record { .. } | FieldKind::File | FieldKind::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{ItemRef, Label, Lane, RuleId, RunId, Seq, StageId, StepId};

    fn step(state: StepState, ended: Option<i64>) -> Step {
        Step {
            id: StepId(1),
            run: RunId(1),
            item: ItemRef::new(crm::kind::DEAL, 1),
            stage: StageId(1),
            version: 1,
            rule: RuleId(1),
            position: 0,
            lane: Lane::Parallel,
            survives: false,
            state,
            due: None,
            bound_to: String::new(),
            attempts: 0,
            reason: Label::default(),
            made: None,
            event: Seq(1),
            ended: ended.map(Moment),
        }
    }

    #[test]
    fn only_what_ended_since_midnight_counts_as_today_and_what_waits_always() {
        let steps = [
            step(StepState::Done, Some(5)),
            step(StepState::Done, Some(50)),
            step(StepState::Cancelled, Some(60)),
            step(StepState::Failed, Some(70)),
            step(StepState::Waiting, None),
        ];
        assert_eq!(of_steps(&steps, Moment(10)), Today { done: 1, skipped: 1, failed: 1, waiting: 1 });
    }
}
