//! The board: a column per stage with count and sum, cards that are dragged, quick adding.

use super::views::Look;
use super::views::head::{Head, head};
use super::{Page, show};
use crate::answers::{Answers, shape_of};
use crate::fields::{self, Input, ink, is_color};
use crate::tiles::{Tile, tiles};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use crm::{Action, Command, Ending, Filter, ItemRef, Op, Outcome, Pipeline, Query, Read, Refusal, Stage, StageId, Value, Values, ViewMode, code, kind};
use serde::{Deserialize, Serialize};

pub(crate) fn page() -> Page {
    Page {
        code: "board",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}/board", get(board))
                .route("/{kind}/board/column", get(column))
                .route("/{kind}/board/totals", get(totals))
                .route("/{kind}/board/add", post(add))
                .route("/{kind}/{id}/tile", get(one_tile))
                .route("/{kind}/{id}/move", get(answers_for_move).post(move_to))
                .route("/{kind}/{id}/delete", post(delete))
        },
    }
}

/// Cards of a column that are shown at once.
const PER_COLUMN: u32 = 20;

struct Column {
    stage: i64,
    title: String,
    color: String,
    ink: &'static str,
    ending: &'static str,
    count: String,
    sums: String,
    tiles: Vec<Tile>,
    more: Option<String>,
}

/// A stage of another pipeline, to which a card can be taken.
struct OtherPipeline {
    title: String,
    stages: Vec<(i64, String, String)>,
}

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    view: View,
    head: Head,
    slug: String,
    kind: i64,
    pipeline: i64,
    columns: Vec<Column>,
    others: Vec<OtherPipeline>,
    query: String,
    may_create: bool,
    may_delete: bool,
    has_amount: bool,
    has_client: bool,
    narrow: bool,
    empty: bool,
}

#[derive(Template)]
#[template(path = "tiles.html")]
struct Tiles {
    view: View,
    tiles: Vec<Tile>,
    more: Option<String>,
}

async fn board(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::Board, query.as_deref())?;
            if let Some(href) = &look.elsewhere {
                return Ok(Err(href.clone()));
            }
            if look.pipeline.is_none() && read.schema().default_pipeline(look.shape.id).is_none() {
                // Nobody drew a pipeline for them yet: their list is there.
                return Ok(Err(format!("/{}", look.slug)));
            }
            let pipeline = pipeline_of(read, &look)?;
            let view = View::framed(house, read, &viewer, &format!("/{}/board", look.slug))?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let mut columns = Vec::with_capacity(pipeline.stages.len());
            let figures = if look.is_narrow() { Vec::new() } else { figures(read, &viewer, &look, &pipeline)? };
            let mut found = Vec::with_capacity(pipeline.stages.len());
            for stage in &pipeline.stages {
                found.push(items_of(read, &viewer, &look, &pipeline, stage.id)?);
            }
            // Clients, tasks and last events of all columns are asked for together.
            let all: Vec<crm::Item> = found.iter().flat_map(|(items, _)| items.iter().cloned()).collect();
            let mut drawn = tiles(&view, &answers, &look.shape, &all, &look.columns)?.into_iter();
            for (stage, (items, more)) in pipeline.stages.iter().zip(found) {
                let tiles: Vec<Tile> = drawn.by_ref().take(items.len()).collect();
                let color = if is_color(&stage.color) { stage.color.clone() } else { "#A8ADB4".to_owned() };
                let known = figures.iter().find(|one| one.stage == stage.id.0);
                columns.push(Column {
                    stage: stage.id.0,
                    title: stage.title.get(viewer.lang).to_owned(),
                    ink: ink(&color),
                    color,
                    ending: ending(stage),
                    count: known.map(|one| one.count.clone()).unwrap_or_default(),
                    sums: known.map(|one| one.sums.clone()).unwrap_or_default(),
                    tiles,
                    more,
                });
            }
            let (shape, schema) = (&look.shape, read.schema());
            let others = schema.pipelines_of(shape.id).into_iter().filter(|one| one.id != pipeline.id).map(|one| OtherPipeline {
                title: one.title.get(viewer.lang).to_owned(),
                stages: one.stages.iter().map(|stage| (stage.id.0, stage.title.get(viewer.lang).to_owned(), stage.color.clone())).collect(),
            });
            let head = head(&view, &answers, &viewer, &look)?;
            Ok(Ok(BoardPage {
                kind: shape.id.0,
                pipeline: pipeline.id.0,
                others: others.collect(),
                query: asked_again(&look, &pipeline),
                may_create: viewer.rights.may_for(Action::Create, shape.id, viewer.user.id),
                may_delete: viewer.rights.scope(shape.id, Action::Delete) != crm::Scope::None,
                has_amount: shape.has(code::AMOUNT) && viewer.rights.writes(shape.id, code::AMOUNT),
                has_client: shape.has(code::CONTACT) && schema.kind(kind::CONTACT).is_some(),
                narrow: look.is_narrow(),
                empty: columns.iter().all(|column| column.tiles.is_empty()),
                columns,
                slug: look.slug.clone(),
                head,
                view,
            }))
        })
    })
    .await?;
    match page {
        Ok(page) => show(&page),
        Err(href) => Ok(Redirect::to(&href).into_response()),
    }
}

/// What an address needs to ask for the same board again.
fn asked_again(look: &Look, pipeline: &Pipeline) -> String {
    let mut wanted = look.wanted.clone();
    wanted.pipeline = Some(pipeline.id.0);
    wanted.stage = None;
    wanted.address()
}

fn ending(stage: &Stage) -> &'static str {
    match stage.outcome {
        Ending::Open => "open",
        Ending::Won => "won",
        Ending::Lost => "lost",
    }
}

fn pipeline_of(read: &dyn Read, look: &Look) -> Outcome<Pipeline> {
    let found = look.pipeline.clone().or_else(|| read.schema().default_pipeline(look.shape.id).cloned());
    found.ok_or_else(|| Refusal::new("not_found", "У этих записей нет воронки", "These records have no pipeline").into())
}

/// One column's records, those that came last on top, and where it goes on.
fn items_of(read: &dyn Read, viewer: &Viewer, look: &Look, pipeline: &Pipeline, stage: StageId) -> Outcome<(Vec<crm::Item>, Option<String>)> {
    let mut query =
        Query::of(look.shape.id).filter(Filter::is(code::STAGE, Op::Eq, Value::Int(stage.0))).filter(look.filter.clone()).sorted(code::MOVED_AT, true);
    query.page.limit = PER_COLUMN + 1;
    query.page.after = look.wanted.after.clone();
    let mut items = read.items(&viewer.rights, &query)?;
    let more = items.len() > PER_COLUMN as usize;
    items.truncate(PER_COLUMN as usize);
    let next = items.last().filter(|_| more).map(|last| {
        let place = serde_json::to_string(&(vec![last.values.get(code::MOVED_AT).clone()], last.id)).unwrap_or_default();
        format!("/{}/board/column?{}&stage={stage}&after={}", look.slug, asked_again(look, pipeline), crate::trouble::percent(&place))
    });
    Ok((items, next))
}

/// Count and sum over a column.
#[derive(Serialize, Default)]
struct Figures {
    stage: i64,
    count: String,
    sums: String,
}

/// Without a condition the figures are kept ready; with one they are worked out, which is why the page does not wait for them.
fn figures(read: &dyn Read, viewer: &Viewer, look: &Look, pipeline: &Pipeline) -> Outcome<Vec<Figures>> {
    let totals = match look.is_narrow() {
        true => read.stage_totals_of(&viewer.rights, pipeline.id, &look.filter)?,
        false => read.stage_totals(&viewer.rights, pipeline.id)?,
    };
    let sees = viewer.rights.sees(look.shape.id, code::AMOUNT);
    let figures = pipeline.stages.iter().map(|stage| {
        let total = totals.iter().find(|total| total.stage == stage.id);
        let sums = total.map(|total| {
            let mut sums: Vec<_> = total.sums.iter().filter(|(_, minor)| sees && *minor != 0).collect();
            sums.sort_by_key(|(_, minor)| std::cmp::Reverse(*minor));
            sums.iter().map(|(currency, minor)| crm::format::money(*minor, currency, viewer.lang)).collect::<Vec<_>>().join(" + ")
        });
        let count = total.map_or(0, |total| total.count);
        Figures { stage: stage.id.0, count: grouped(count.unsigned_abs(), viewer.lang), sums: sums.unwrap_or_default() }
    });
    Ok(figures.collect())
}

pub(crate) fn grouped(number: u64, lang: crm::Lang) -> String {
    crm::format::grouped(number, if lang == crm::Lang::Ru { '\u{a0}' } else { ',' })
}

/// "500+" when counting stopped.
pub(crate) fn counted(count: crm::query::Count, lang: crm::Lang) -> String {
    format!("{}{}", grouped(count.counted, lang), if count.more { "+" } else { "" })
}

async fn column(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::Board, query.as_deref())?;
            let pipeline = pipeline_of(read, &look)?;
            let stage = look.wanted.stage.map(StageId).filter(|id| pipeline.stage(*id).is_some()).ok_or_else(Refusal::not_found)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let (items, more) = items_of(read, &viewer, &look, &pipeline, stage)?;
            let tiles = tiles(&view, &answers, &look.shape, &items, &look.columns)?;
            Ok(Tiles { view, tiles, more })
        })
    })
    .await?;
    show(&piece)
}

async fn totals(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let list = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::Board, query.as_deref())?;
            let pipeline = pipeline_of(read, &look)?;
            figures(read, &viewer, &look, &pipeline)
        })
    })
    .await?;
    Ok(Json(list).into_response())
}

/// One card anew, after somebody changed it; empty when it does not belong to this board any more.
async fn one_tile(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, RawQuery(query): RawQuery) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::Board, query.as_deref())?;
            let query = Query::of(look.shape.id).filter(Filter::is(code::ID, Op::Eq, Value::Int(id))).filter(look.filter.clone()).limit(1);
            let items = read.items(&viewer.rights, &query)?;
            let here = |item: &crm::Item| look.pipeline.as_ref().is_none_or(|pipeline| item.pipeline() == Some(pipeline.id));
            let items: Vec<_> = items.into_iter().filter(here).collect();
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let tiles = tiles(&view, &answers, &look.shape, &items, &look.columns)?;
            Ok(Tiles { view, tiles, more: None })
        })
    })
    .await?;
    show(&piece)
}

#[derive(Template)]
#[template(path = "required.html")]
struct Questions {
    view: View,
    id: i64,
    stage: i64,
    stage_title: String,
    inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Missing {
    stage: i64,
    /// Codes of the fields, joined by commas.
    #[serde(default)]
    fields: String,
}

/// What a stage wants to know before a card comes to it.
async fn answers_for_move(
    State(web): State<Web>,
    viewer: Viewer,
    Path((word, id)): Path<(String, i64)>,
    axum::extract::Query(missing): axum::extract::Query<Missing>,
) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let item = read.item(&viewer.rights, ItemRef::new(shape.id, id))?.ok_or_else(Refusal::not_found)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let mut inputs = Vec::new();
            for code in missing.fields.split(',') {
                let field = shape.field(code).filter(|_| viewer.rights.writes(shape.id, code)).ok_or_else(|| crm::query::unknown_field(code))?;
                let mut input = fields::input(&answers, field, item.values.get(code))?;
                input.required = true;
                inputs.push(input);
            }
            let stage_title = crm::format::stage(&read.schema(), StageId(missing.stage), viewer.lang);
            Ok(Questions { id, stage: missing.stage, stage_title, inputs, view })
        })
    })
    .await?;
    show(&piece)
}

/// Moves a card; with answers to what the stage wants to know, both in one transaction.
async fn move_to(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(form): Form<Vec<(String, String)>>) -> Answer {
    let stage = form.iter().find(|(name, _)| name == "stage").and_then(|(_, stage)| stage.parse().ok()).map(StageId);
    let stage = stage.ok_or_else(|| Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage"))?;
    let title = work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let at = ItemRef::new(shape.id, id);
        let mut values = Values::new();
        for field in shape.fields.iter().filter(|field| field.code != code::STAGE) {
            if let Some(value) = fields::taken(field, &form, &house.firm.zone) {
                values.set(field.code.clone(), value);
            }
        }
        let command = match values.0.is_empty() {
            true => Command::Move { item: at, to: stage },
            false => Command::Change { item: at, values: values.with(code::STAGE, Value::Int(stage.0)) },
        };
        house.command(&viewer.rights, &viewer.cause(house.now()), command)?;
        house.read(|read| Ok(crm::format::stage(&read.schema(), stage, viewer.lang)))
    })
    .await?;
    Ok(Json(serde_json::json!({ "stage": stage.0, "title": title })).into_response())
}

async fn delete(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        house.command(&viewer.rights, &viewer.cause(house.now()), Command::Delete { item: ItemRef::new(shape.id, id) })
    })
    .await?;
    Ok(Json(serde_json::json!({ "deleted": id })).into_response())
}
/// What is typed into a column: a name, a sum, a client.
#[derive(Deserialize)]
struct Quick {
    #[serde(default)]
    title: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    client: String,
    #[serde(default)]
    phone: String,
    stage: Option<i64>,
}

async fn add(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(quick): Form<Quick>) -> Answer {
    let (slug, id) = work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let (executor, cause, rights) = (house.executor.clone(), viewer.cause(house.now()), viewer.rights.clone());
        let mut values = Values::new();
        for (field, text) in [(code::TITLE, &quick.title), (code::AMOUNT, &quick.amount)] {
            if !text.trim().is_empty() {
                values.set(field, Value::text(text.trim()));
            }
        }
        if let Some(stage) = quick.stage {
            values.set(code::STAGE, Value::Int(stage));
        }
        let (kind, slug) = (shape.id, slug(&shape));
        let id = house.transact(move |tx| {
            let mut values = values.clone();
            if let Some(contact) = client_of(tx, &*executor, &rights, &cause, &quick.client, &quick.phone)? {
                values.set(code::CONTACT, Value::Int(contact));
            }
            let done = executor.execute(tx, &rights, &cause, &Command::Create { kind, values })?;
            Ok(done.item.map_or(0, |at| at.id))
        })?;
        Ok((slug, id))
    })
    .await?;
    Ok(Redirect::to(&format!("/{slug}/{id}/tile")).into_response())
}

/// The client with this phone, or a new one; nobody when neither name nor phone is given.
fn client_of(tx: &mut dyn crm::Tx, executor: &dyn crm::Execute, rights: &crm::Rights, cause: &crm::Cause, name: &str, phone: &str) -> Outcome<Option<i64>> {
    let (name, phone) = (name.trim(), phone.trim());
    if !phone.is_empty() {
        let normal = crm::point::phone(phone).ok_or_else(|| {
            let reason = crm::Label::new("это не похоже на телефон", "this does not look like a phone");
            Refusal::new("wrong_values", "Проверьте заполнение полей", "Check the fields").at(code::PHONE, reason)
        })?;
        let query = Query::of(kind::CONTACT).filter(Filter::is(code::PHONE, Op::Eq, Value::text(normal))).sorted(code::ID, false).limit(1);
        if let Some(known) = tx.items(rights, &query)?.first() {
            return Ok(Some(known.id));
        }
    }
    if name.is_empty() && phone.is_empty() {
        return Ok(None);
    }
    let mut values = Values::new();
    if !name.is_empty() {
        values.set(code::TITLE, Value::text(name));
        let mut words = name.split_whitespace();
        // One word is what the client is called by; of several the first is the family name, as staff types it.
        match (words.next(), words.next()) {
            (Some(only), None) => values.set("first_name", Value::text(only)),
            (Some(last), Some(first)) => {
                values.set("last_name", Value::text(last));
                values.set("first_name", Value::text(first));
            }
            _ => {}
        }
    }
    if !phone.is_empty() {
        values.set(code::PHONE, Value::text(phone));
    }
    let schema = tx.schema();
    values.0.retain(|field, _| schema.field(kind::CONTACT, field).is_some());
    let done = executor.execute(tx, rights, cause, &Command::Create { kind: kind::CONTACT, values })?;
    Ok(done.item.map(|at| at.id))
}
