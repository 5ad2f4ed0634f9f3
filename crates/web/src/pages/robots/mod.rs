//! The robots page: a column per stage, triggers above, robots below. The page is an island over JSON; every change
//! publishes the touched stages' next versions.

mod board;
mod log;
mod offer;
mod save;

use super::{Page, show};
use crate::texts::{self, Arg};
use crate::view::{by_slug, slug};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use board::Reader;
use crm::{EntityType, House, Lang, Moment, Outcome, Pipeline, PipelineId, Read, Refusal, Rights, Rule, RuleId, Schema, StageId};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "robots",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}/robots", get(robots))
                .route("/api/robots/board", get(board_json))
                .route("/api/robots/publish", post(publish))
                .route("/api/robots/log", get(log_json))
                .route("/api/robots/why", get(why_json))
        },
    }
}

/// The text under a key with texts in it.
pub(crate) type Words<'a> = &'a (dyn Fn(&str, &[(&str, &str)]) -> String + 'a);

fn words(lang: Lang) -> impl Fn(&str, &[(&str, &str)]) -> String {
    move |key, given| texts::text(lang, key, &given.iter().map(|(name, text)| (*name, Arg::Text(text))).collect::<Vec<_>>())
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    pipeline: Option<i64>,
}

#[derive(Template)]
#[template(path = "robots.html")]
struct RobotsPage<'a> {
    view: &'a View,
    title: &'a str,
    slug: &'a str,
    chosen: i64,
    pipelines: Vec<(i64, String)>,
}

async fn robots(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let (view, title, slug, chosen, pipelines) = work(&web.house, move |house| {
        house.read(|read| {
            may(&viewer.rights)?;
            let schema = read.schema();
            let shape = staged(&schema, &word)?;
            let pipeline = pipeline_of(&schema, shape, asked.pipeline)?;
            let pipelines: Vec<(i64, String)> = schema.pipelines_of(shape.id).iter().map(|one| (one.id.0, one.title.get(viewer.lang).to_owned())).collect();
            let view = View::framed(house, read, &viewer, &format!("/{}/robots", slug(shape)))?;
            Ok((view, shape.plural.get(viewer.lang).to_owned(), slug(shape), pipeline.id.0, pipelines))
        })
    })
    .await?;
    show(&RobotsPage { view: &view, title: &title, slug: &slug, chosen, pipelines })
}

#[derive(Deserialize)]
struct BoardAsked {
    kind: String,
    #[serde(default)]
    pipeline: Option<i64>,
}

async fn board_json(State(web): State<Web>, viewer: Viewer, Query(asked): Query<BoardAsked>) -> Answer {
    let board = work(&web.house, move |house| {
        house.read(|read| {
            may(&viewer.rights)?;
            let schema = read.schema();
            let shape = staged(&schema, &asked.kind)?;
            board::board(read, reader(house, &viewer, &words(viewer.lang)), pipeline_of(&schema, shape, asked.pipeline)?)
        })
    })
    .await?;
    Ok(Json(board).into_response())
}

async fn publish(State(web): State<Web>, viewer: Viewer, Json(wanted): Json<save::Wanted>) -> Answer {
    let stages = work(&web.house, move |house| {
        may(&viewer.rights)?;
        let kind = house.read(|read| Ok(staged(&read.schema(), &wanted.kind)?.id))?;
        let (now, rights, list) = (house.now(), viewer.rights.clone(), wanted.stages.clone());
        house.transact(move |tx| save::publish(tx, &rights, now, kind, &list))?;
        house.read(|read| {
            let schema = read.schema();
            let words = words(viewer.lang);
            let reader = reader(house, &viewer, &words);
            let found = wanted.stages.iter().filter_map(|one| schema.stage(one.stage));
            found.map(|(pipeline, stage)| board::stage_view(read, reader, pipeline, stage)).collect::<Outcome<Vec<_>>>()
        })
    })
    .await?;
    Ok(Json(serde_json::json!({ "stages": stages })).into_response())
}

#[derive(Deserialize)]
struct RuleAsked {
    stage: i64,
    rule: i64,
    #[serde(default)]
    item: String,
}

async fn log_json(State(web): State<Web>, viewer: Viewer, Query(asked): Query<RuleAsked>) -> Answer {
    let entries = work(&web.house, move |house| {
        house.read(|read| {
            may(&viewer.rights)?;
            let (rule, _) = rule_of(read, &asked)?;
            log::log(read, reader(house, &viewer, &words(viewer.lang)), &house.firm.zone, &rule)
        })
    })
    .await?;
    Ok(Json(serde_json::json!({ "entries": entries })).into_response())
}

async fn why_json(State(web): State<Web>, viewer: Viewer, Query(asked): Query<RuleAsked>) -> Answer {
    let why = work(&web.house, move |house| {
        house.read(|read| {
            may(&viewer.rights)?;
            let (rule, kind) = rule_of(read, &asked)?;
            log::why(read, reader(house, &viewer, &words(viewer.lang)), kind, &rule, &asked.item)
        })
    })
    .await?;
    Ok(Json(why).into_response())
}

fn may(rights: &Rights) -> Outcome<()> {
    match rights.automation || rights.admin {
        true => Ok(()),
        false => Err(Refusal::denied("Роботов и триггеры настраивает тот, кому это разрешено", "Robots and triggers are set up by those who may").into()),
    }
}

fn staged<'a>(schema: &'a Schema, word: &str) -> Outcome<&'a EntityType> {
    by_slug(schema, word).filter(|shape| shape.staged).ok_or_else(|| Refusal::not_found().into())
}

fn pipeline_of<'a>(schema: &'a Schema, shape: &EntityType, asked: Option<i64>) -> Outcome<&'a Pipeline> {
    let found = match asked {
        Some(id) => schema.pipelines.get(&PipelineId(id)).filter(|one| one.kind == shape.id),
        None => schema.default_pipeline(shape.id),
    };
    found.ok_or_else(|| Refusal::not_found().into())
}

/// A rule in force on a stage, and the kind of records that it works for.
fn rule_of(read: &dyn Read, asked: &RuleAsked) -> Outcome<(Rule, crm::EntityTypeId)> {
    let schema = read.schema();
    let (pipeline, stage) = schema.stage(StageId(asked.stage)).ok_or_else(Refusal::not_found)?;
    let program = read.program(stage.id)?.ok_or_else(Refusal::not_found)?;
    let rule = program.rule(RuleId(asked.rule)).cloned().ok_or_else(Refusal::not_found)?;
    Ok((rule, pipeline.kind))
}

fn reader<'a>(house: &House, viewer: &'a Viewer, words: Words<'a>) -> Reader<'a> {
    let now = house.now();
    Reader { rights: &viewer.rights, lang: viewer.lang, words, now, midnight: midnight(now, &house.firm.zone) }
}

/// When the present day began in the firm's zone.
fn midnight(now: Moment, zone: &jiff::tz::TimeZone) -> Moment {
    let today = now.timestamp().to_zoned(zone.clone()).date();
    today.to_zoned(zone.clone()).map_or(now, |zoned| Moment::from_timestamp(zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_begins_at_midnight_of_the_firm() {
        let at = |text: &str| Moment::from_timestamp(text.parse().unwrap());
        let almaty = jiff::tz::TimeZone::get("Asia/Almaty").unwrap();
        assert_eq!(midnight(at("2026-11-25T20:30:00Z"), &almaty), at("2026-11-25T19:00:00Z"));
    }
}
