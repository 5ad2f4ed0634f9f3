//! Pipelines of a type: a row for each, its stages under their outcomes, tunnels; the form of a stage at the side.

use super::field_form::{Pick, same_or};
use super::sent::Sent;
use super::types::removed;
use super::uses::{self, UseLine};
use super::{change, done, shape_of};
use crate::fields::ink;
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::routing::{get, post};
use crm::constructor::{self, Subject, words};
use crm::{Ending, EntityType, House, Lang, Outcome, Pipeline, PipelineId, Read, Refusal, Rights, Schema, Stage, StageId, Tunnel};
use serde::Deserialize;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/settings/types/{code}/pipelines", post(add_way))
        .route("/settings/types/{code}/pipelines/{way}", post(save_way))
        .route("/settings/types/{code}/pipelines/{way}/order", post(order))
        .route("/settings/types/{code}/pipelines/{way}/remove", post(remove_way))
        .route("/settings/types/{code}/pipelines/{way}/stages/new", get(blank).post(add_stage))
        .route("/settings/types/{code}/stages/{stage}", get(one).post(save_stage))
        .route("/settings/types/{code}/stages/{stage}/remove", post(remove_stage))
}

/// The palette of the packs (domain.md C.1).
pub(super) const PALETTE: [&str; 10] = ["#2FC6F6", "#55D0E0", "#47E4C2", "#FFD15C", "#FFA900", "#FF7043", "#9B7FE8", "#7BD500", "#FF5752", "#A8ADB4"];

/// One stage of a row.
pub(super) struct StageView {
    pub id: i64,
    pub title: String,
    pub color: String,
    pub ink: &'static str,
    pub required: usize,
    pub sla: String,
    pub solved: bool,
    /// Where its tunnels lead.
    pub tunnels: Vec<String>,
    pub count: String,
}

/// Stages of one outcome.
pub(super) struct GroupView {
    pub outcome: &'static str,
    pub title: String,
    pub stages: Vec<StageView>,
}

/// One pipeline.
pub(super) struct WayView {
    pub id: i64,
    pub title: String,
    pub ru: String,
    pub en: String,
    pub is_default: bool,
    pub robots: String,
    pub board: String,
    pub groups: Vec<GroupView>,
}

const OUTCOMES: [(Ending, &str); 3] = [(Ending::Open, "open"), (Ending::Won, "won"), (Ending::Lost, "lost")];

/// The rows of a type.
///
/// # Errors
/// Failures of the database.
pub(super) fn ways(read: &dyn Read, schema: &Schema, shape: &EntityType, lang: Lang) -> Outcome<Vec<WayView>> {
    let mut list = Vec::new();
    for way in schema.pipelines_of(shape.id) {
        let totals = read.stage_totals(&Rights::system(), way.id)?;
        let stage_view = |stage: &Stage| StageView {
            id: stage.id.0,
            title: stage.title.get(lang).to_owned(),
            color: stage.color.clone(),
            ink: ink(&stage.color),
            required: stage.required.len(),
            sla: span(&stage.sla, lang),
            solved: stage.solved,
            tunnels: stage.tunnels.iter().map(|tunnel| end(schema, shape, tunnel, lang)).collect(),
            count: totals
                .iter()
                .find(|one| one.stage == stage.id)
                .map(|one| one.count)
                .filter(|count| *count > 0)
                .map(|count| count.to_string())
                .unwrap_or_default(),
        };
        list.push(WayView {
            id: way.id.0,
            title: way.title.get(lang).to_owned(),
            ru: way.title.ru.clone(),
            en: same_or(&way.title),
            is_default: way.is_default,
            robots: format!("/{}/robots?pipeline={}", slug(shape), way.id),
            board: format!("/{}/board?pipeline={}", slug(shape), way.id),
            groups: OUTCOMES
                .iter()
                .map(|(outcome, word)| GroupView {
                    outcome: word,
                    title: words::ending_title(*outcome).get(lang).to_owned(),
                    stages: way.stages.iter().filter(|stage| stage.outcome == *outcome).map(stage_view).collect(),
                })
                .collect(),
        });
    }
    Ok(list)
}

/// A span as a person reads it: "4 ч".
fn span(sla: &str, lang: Lang) -> String {
    match (lang, sla.strip_suffix(['m', 'h', 'd'])) {
        (Lang::Ru, Some(number)) => format!(
            "{number} {}",
            if sla.ends_with('m') {
                "мин"
            } else if sla.ends_with('h') {
                "ч"
            } else {
                "дн."
            }
        ),
        _ => sla.to_owned(),
    }
}

/// Where a tunnel leads, in words.
fn end(schema: &Schema, from: &EntityType, tunnel: &Tunnel, lang: Lang) -> String {
    let to = if tunnel.kind.is_empty() { Some(from) } else { schema.kind_by_code(&tunnel.kind) };
    let Some(to) = to else { return tunnel.kind.clone() };
    let way = match tunnel.pipeline.is_empty() {
        true => schema.default_pipeline(to.id),
        false => schema.pipelines.values().find(|one| one.kind == to.id && one.code == tunnel.pipeline),
    };
    let stage = way.and_then(|way| if tunnel.stage.is_empty() { way.stages.first() } else { way.stages.iter().find(|one| one.code == tunnel.stage) });
    let names = [Some(to.title.get(lang)).filter(|_| to.id != from.id), way.map(|way| way.title.get(lang)), stage.map(|stage| stage.title.get(lang))];
    names.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[derive(Template)]
#[template(path = "settings_stage.html")]
struct StagePiece {
    view: View,
    action: String,
    is_new: bool,
    way_title: String,
    stage: Stage,
    title_en: String,
    outcomes: Vec<Pick>,
    palette: [&'static str; 10],
    sla_number: String,
    sla_units: Vec<Pick>,
    required: Vec<Pick>,
    /// Ends of tunnels: `type/pipeline/STAGE`.
    ends: Vec<(String, Vec<Pick>)>,
    tunnels: Vec<(String, bool)>,
    uses: Vec<UseLine>,
}

fn piece(house: &House, read: &dyn Read, viewer: &Viewer, shape: &EntityType, way: &Pipeline, stage: Stage, is_new: bool) -> Outcome<StagePiece> {
    let (schema, lang) = (read.schema(), viewer.lang);
    let view = View::piece(house, viewer);
    let unit = stage.sla.chars().last().unwrap_or('h');
    let askable = shape.fields.iter().filter(|field| !field.read_only && ![crm::code::STAGE, crm::code::PIPELINE].contains(&field.code.as_str()));
    let place = |tunnel: &Tunnel| {
        let kind = if tunnel.kind.is_empty() { &shape.code } else { &tunnel.kind };
        let to = schema.kind_by_code(kind)?;
        let way = if tunnel.pipeline.is_empty() {
            schema.default_pipeline(to.id)?
        } else {
            schema.pipelines.values().find(|one| one.kind == to.id && one.code == tunnel.pipeline)?
        };
        let stage = if tunnel.stage.is_empty() { way.stages.first()?.code.clone() } else { tunnel.stage.clone() };
        Some(format!("{kind}/{}/{stage}", way.code))
    };
    let mut ends = Vec::new();
    for to in schema.types.values().filter(|one| one.staged) {
        for other in schema.pipelines_of(to.id) {
            let name = if to.id == shape.id { other.title.get(lang).to_owned() } else { format!("{} · {}", to.title.get(lang), other.title.get(lang)) };
            let picks = other
                .stages
                .iter()
                .filter(|one| one.id != stage.id)
                .map(|one| Pick::new(format!("{}/{}/{}", to.code, other.code, one.code), one.title.get(lang), false));
            ends.push((name, picks.collect()));
        }
    }
    Ok(StagePiece {
        action: if is_new {
            format!("/settings/types/{}/pipelines/{}/stages/new", shape.code, way.id)
        } else {
            format!("/settings/types/{}/stages/{}", shape.code, stage.id)
        },
        way_title: way.title.get(lang).to_owned(),
        title_en: same_or(&stage.title),
        outcomes: OUTCOMES.iter().map(|(outcome, word)| Pick::new(*word, words::ending_title(*outcome).get(lang), stage.outcome == *outcome)).collect(),
        palette: PALETTE,
        sla_number: stage.sla.trim_end_matches(|letter: char| !letter.is_ascii_digit()).to_owned(),
        sla_units: [('m', "ctor-minutes"), ('h', "ctor-hours"), ('d', "ctor-days")].map(|(code, key)| Pick::new(code, view.t(key), code == unit)).to_vec(),
        required: askable.map(|field| Pick::new(&field.code, field.title.get(lang), stage.required.contains(&field.code))).collect(),
        tunnels: stage.tunnels.iter().filter_map(|tunnel| Some((place(tunnel)?, tunnel.copy))).collect(),
        uses: if is_new { Vec::new() } else { uses::lines(read, &viewer.rights, &Subject::Stage { stage: stage.id }, lang)? },
        ends,
        is_new,
        stage,
        view,
    })
}

#[derive(Deserialize)]
struct NewStage {
    #[serde(default)]
    outcome: String,
}

fn way_of<'a>(schema: &'a Schema, shape: &EntityType, id: i64) -> Outcome<&'a Pipeline> {
    schema.pipelines.get(&PipelineId(id)).filter(|way| way.kind == shape.id).ok_or_else(|| Refusal::not_found().into())
}

fn stage_of<'a>(schema: &'a Schema, shape: &EntityType, id: i64) -> Outcome<(&'a Pipeline, &'a Stage)> {
    schema.stage(StageId(id)).filter(|(way, _)| way.kind == shape.id).ok_or_else(|| Refusal::not_found().into())
}

fn ending(word: &str) -> Ending {
    OUTCOMES.iter().find(|(_, known)| *known == word).map_or(Ending::Open, |(outcome, _)| *outcome)
}

async fn blank(State(web): State<Web>, viewer: Viewer, Path((code, way)): Path<(String, i64)>, Query(asked): Query<NewStage>) -> Answer {
    let drawn = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &code)?;
            let schema = read.schema();
            let way = way_of(&schema, &shape, way)?;
            let outcome = ending(&asked.outcome);
            let color = match outcome {
                Ending::Open => PALETTE[way.stages.iter().filter(|stage| stage.outcome == Ending::Open).count() % 7],
                Ending::Won => "#7BD500",
                Ending::Lost => "#FF5752",
            };
            let stage = Stage { outcome, color: color.to_owned(), ..Stage::default() };
            piece(house, read, &viewer, &shape, way, stage, true)
        })
    })
    .await?;
    show(&drawn)
}

async fn one(State(web): State<Web>, viewer: Viewer, Path((code, stage)): Path<(String, i64)>) -> Answer {
    let drawn = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &code)?;
            let schema = read.schema();
            let (way, stage) = stage_of(&schema, &shape, stage)?;
            piece(house, read, &viewer, &shape, way, stage.clone(), false)
        })
    })
    .await?;
    show(&drawn)
}

fn read_stage(sent: &Sent, shape: &EntityType, known: Stage) -> Stage {
    let number = sent.one("sla").trim();
    let tunnels = sent.rows(["tunnel.to", "tunnel.how"]).into_iter().filter_map(|[to, how]| {
        let mut parts = to.split('/');
        let (kind, pipeline, stage) = (parts.next()?, parts.next()?, parts.next()?);
        let other = kind != shape.code;
        let former = known.tunnels.iter().find(|one| one.pipeline == pipeline && one.stage == stage && (one.kind == kind || (one.kind.is_empty() && !other)));
        Some(Tunnel {
            kind: if other { kind.to_owned() } else { String::new() },
            pipeline: pipeline.to_owned(),
            stage: stage.to_owned(),
            copy: other || how == "copy",
            fields: former.map(|one| one.fields.clone()).unwrap_or_default(),
            when: former.map(|one| one.when.clone()).unwrap_or_default(),
        })
    });
    let tunnels = tunnels.collect();
    Stage {
        title: sent.label("title"),
        color: sent.one("color").to_owned(),
        outcome: ending(sent.one("outcome")),
        solved: sent.on("solved"),
        reopen: sent.on("reopen"),
        sla: if number.is_empty() { String::new() } else { format!("{number}{}", sent.one("sla_unit")) },
        sla_working: sent.on("sla_working"),
        required: sent.all("required").into_iter().map(str::to_owned).collect(),
        tunnels,
        ..known
    }
}

async fn add_stage(State(web): State<Web>, viewer: Viewer, Path((code, way)): Path<(String, i64)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let way = way_of(&tx.schema(), &shape, way)?.id;
        constructor::put_stage(tx, rights, now, way, None, read_stage(&sent, &shape, Stage::default()))
    })
    .await?;
    done(serde_json::json!({}))
}

async fn save_stage(State(web): State<Web>, viewer: Viewer, Path((code, stage)): Path<(String, i64)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let schema = tx.schema();
        let (way, known) = stage_of(&schema, &shape, stage)?;
        constructor::put_stage(tx, rights, now, way.id, Some(known.id), read_stage(&sent, &shape, known.clone()))
    })
    .await?;
    done(serde_json::json!({}))
}

async fn order(State(web): State<Web>, viewer: Viewer, Path((code, way)): Path<(String, i64)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let way = way_of(&tx.schema(), &shape, way)?.id;
        let order: Vec<(StageId, Ending)> =
            sent.rows(["stage", "outcome"]).into_iter().filter_map(|[id, outcome]| Some((StageId(id.parse().ok()?), ending(outcome)))).collect();
        constructor::order_stages(tx, rights, now, way, &order)
    })
    .await?;
    done(serde_json::json!({}))
}

async fn add_way(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        constructor::put_pipeline(tx, rights, now, shape.id, None, &sent.label("title"), false)
    })
    .await?;
    done(serde_json::json!({}))
}

async fn save_way(State(web): State<Web>, viewer: Viewer, Path((code, way)): Path<(String, i64)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let way = way_of(&tx.schema(), &shape, way)?.id;
        constructor::put_pipeline(tx, rights, now, shape.id, Some(way), &sent.label("title"), sent.on("is_default"))
    })
    .await?;
    done(serde_json::json!({}))
}

async fn remove_stage(State(web): State<Web>, viewer: Viewer, Path((code, stage)): Path<(String, i64)>) -> Answer {
    let (lang, back) = (viewer.lang, format!("/settings/types/{code}?tab=pipelines"));
    let used = change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let id = stage_of(&tx.schema(), &shape, stage)?.1.id;
        let used = uses::lines(tx.read(), rights, &Subject::Stage { stage: id }, lang)?;
        if used.is_empty() {
            constructor::remove_stage(tx, rights, now, id, &uses::asks)?;
        }
        Ok(used)
    })
    .await?;
    removed(&used, &back)
}

async fn remove_way(State(web): State<Web>, viewer: Viewer, Path((code, way)): Path<(String, i64)>) -> Answer {
    let (lang, back) = (viewer.lang, format!("/settings/types/{code}?tab=pipelines"));
    let used = change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let id = way_of(&tx.schema(), &shape, way)?.id;
        let used = uses::lines(tx.read(), rights, &Subject::Pipeline { pipeline: id }, lang)?;
        if used.is_empty() {
            constructor::remove_pipeline(tx, rights, now, id, &uses::asks)?;
        }
        Ok(used)
    })
    .await?;
    removed(&used, &back)
}
