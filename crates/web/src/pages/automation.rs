//! What rules did with a card and why, or why they did not.

use super::{Page, show};
use crate::answers::{Answers, shape_of};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use crm::{Item, ItemRef, Moment, Outcome, Program, Read, Refusal, RuleId, StageId, StepState};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) fn page() -> Page {
    Page { code: "automation", menu: None, routes: || Router::new().route("/{kind}/{id}/automation", get(automation)) }
}

/// A robot that worked, waits or did not work.
struct Line {
    title: String,
    /// Code of the state.
    state: &'static str,
    state_title: String,
    reason: String,
    due: Option<Moment>,
    ended: Option<Moment>,
    made: Option<(String, String)>,
    bound_to: String,
}

/// One arrival on a stage with its robots.
struct Arrival {
    stage: String,
    at: Option<Moment>,
    version: i64,
    lines: Vec<Line>,
}

/// A trigger that was asked.
struct Evaluated {
    title: String,
    stage: String,
    fired: bool,
    reason: String,
    at: Moment,
    event: i64,
}

#[derive(Template)]
#[template(path = "automation.html")]
struct Automation {
    view: View,
    arrivals: Vec<Arrival>,
    triggers: Vec<Evaluated>,
    rules_href: Option<String>,
}

/// Titles of rules in the versions that worked.
struct Titles<'a> {
    read: &'a dyn Read,
    programs: HashMap<(StageId, i64), Option<Arc<Program>>>,
}

impl Titles<'_> {
    fn of(&mut self, stage: StageId, version: i64, rule: RuleId) -> Outcome<String> {
        if !self.programs.contains_key(&(stage, version)) {
            let found = self.read.program_version(stage, version)?;
            self.programs.insert((stage, version), found);
        }
        let program = self.programs.get(&(stage, version)).and_then(Option::as_ref);
        Ok(program.and_then(|program| program.rule(rule)).map_or_else(|| format!("№ {rule}"), |rule| rule.title.clone()))
    }
}

fn load(read: &dyn Read, viewer: &Viewer, word: &str, id: i64) -> Outcome<(crm::EntityType, Item)> {
    let shape = shape_of(read, &viewer.rights, word)?;
    let item = read.item(&viewer.rights, ItemRef::new(shape.id, id))?.ok_or_else(Refusal::not_found)?;
    Ok((shape, item))
}

async fn automation(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let mut titles = Titles { read, programs: HashMap::new() };
            let arrivals = arrivals(read, &view, &answers, &mut titles, item.at())?;
            let mut triggers = Vec::new();
            for one in read.evaluations_of(item.at(), 100)? {
                triggers.push(Evaluated {
                    title: titles.of(one.stage, one.version, one.rule)?,
                    stage: crm::format::stage(&answers.schema, one.stage, viewer.lang),
                    fired: one.fired,
                    reason: one.reason.get(viewer.lang).to_owned(),
                    at: one.at,
                    event: one.event.0,
                });
            }
            let rules_href = viewer.rights.automation.then(|| format!("/{}/robots?pipeline={}", slug(&shape), item.pipeline().unwrap_or_default()));
            Ok(Automation { view, arrivals, triggers, rules_href })
        })
    })
    .await?;
    show(&piece)
}

fn arrivals(read: &dyn Read, view: &View, answers: &Answers<'_>, titles: &mut Titles<'_>, at: ItemRef) -> Outcome<Vec<Arrival>> {
    let steps = read.steps_of(at, 200)?;
    answers.prefetch(steps.iter().filter_map(|step| step.made).collect::<Vec<_>>())?;
    let mut arrivals: Vec<Arrival> = Vec::new();
    let mut run = None;
    for step in steps {
        if run != Some(step.run) {
            run = Some(step.run);
            arrivals.push(Arrival {
                stage: crm::format::stage(&answers.schema, step.stage, view.lang),
                at: read.event(step.event)?.map(|event| event.at),
                version: step.version,
                lines: Vec::new(),
            });
        }
        let bound_to = answers.schema.field(at.kind, &step.bound_to).map(|field| field.title.get(view.lang).to_owned()).unwrap_or_default();
        // A message stands in the story; as a record of its own it tells nothing more.
        let made = step.made.filter(|made| made.kind != crm::kind::MESSAGE).and_then(|made| {
            let shape = answers.schema.kind(made.kind)?;
            let title = answers.title(made)?;
            Some((format!("/{}/{}", slug(shape), made.id), title))
        });
        let line = Line {
            title: titles.of(step.stage, step.version, step.rule)?,
            state: step.state.code(),
            state_title: view.t(match step.state {
                StepState::Queued => "step-queued",
                StepState::Waiting => "step-waiting",
                StepState::Done => "step-done",
                StepState::Skipped => "step-skipped",
                StepState::Cancelled => "step-cancelled",
                StepState::Failed => "step-failed",
            }),
            reason: step.reason.get(view.lang).to_owned(),
            due: step.due.filter(|_| !step.state.is_over()),
            ended: step.ended,
            made,
            bound_to,
        };
        if let Some(arrival) = arrivals.last_mut() {
            arrival.lines.push(line);
        }
    }
    Ok(arrivals)
}
