//! The board: a column per stage with count and sum, cards that are dragged, quick adding.

use super::{Page, show};
use crate::answers::{Answers, Person, shape_of};
use crate::fields::{ink, is_color};
use crate::tiles::{Tile, tiles};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, Query as Asked, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use crm::{
    Action, Command, Ending, EntityType, Filter, ItemRef, Moment, Op, Outcome, Pipeline, PipelineId, Query, Read, Refusal, Stage, StageId, UserId, Value,
    Values, code, kind,
};
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
                .route("/{kind}/{id}/move", post(move_to))
                .route("/{kind}/{id}/delete", post(delete))
        },
    }
}

/// Cards of a column that are shown at once.
const PER_COLUMN: u32 = 25;
/// With a filter on, counting stops here.
const CAP: u64 = 500;

/// What the board is narrowed to.
#[derive(Deserialize, Default, Clone)]
struct Narrow {
    pipeline: Option<i64>,
    /// `me` or the number of a colleague.
    #[serde(default)]
    responsible: String,
    #[serde(default)]
    q: String,
    stage: Option<i64>,
    /// Go on after this card: moment of arrival and number.
    after: Option<String>,
}

impl Narrow {
    fn filter(&self, viewer: &Viewer) -> Filter {
        let mut filter = Filter::Any;
        let user = if self.responsible == "me" { Some(viewer.user.id.0) } else { self.responsible.parse().ok() };
        if let Some(user) = user {
            filter = filter.and(Filter::is(code::RESPONSIBLE, Op::Eq, Value::user(UserId(user))));
        }
        let q = self.q.trim();
        if !q.is_empty() {
            filter = filter.and(Filter::Search(q.chars().take(100).collect()));
        }
        filter
    }

    fn is_narrow(&self) -> bool {
        !self.responsible.is_empty() || !self.q.trim().is_empty()
    }

    /// What an address needs to ask for the same again.
    fn query(&self, pipeline: PipelineId) -> String {
        let percent = crate::trouble::percent;
        format!("pipeline={pipeline}&responsible={}&q={}", percent(&self.responsible), percent(self.q.trim()))
    }
}

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

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    view: View,
    slug: String,
    kind: i64,
    title: String,
    pipeline: i64,
    pipelines: Vec<(i64, String)>,
    columns: Vec<Column>,
    people: Vec<Person>,
    narrow: Narrow,
    query: String,
    may_create: bool,
    may_delete: bool,
    has_amount: bool,
    has_client: bool,
    rules_href: Option<String>,
    empty: bool,
}

#[derive(Template)]
#[template(path = "tiles.html")]
struct Tiles {
    view: View,
    tiles: Vec<Tile>,
    more: Option<String>,
}

async fn board(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Asked(narrow): Asked<Narrow>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let pipeline = pipeline_of(read, &shape, narrow.pipeline)?;
            let slug = slug(&shape);
            let view = View::framed(house, read, &viewer, &format!("/{slug}/board"))?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let mut columns = Vec::with_capacity(pipeline.stages.len());
            for stage in &pipeline.stages {
                let (tiles, more) = tiles_of(&view, &answers, &shape, &pipeline, stage.id, &narrow, &viewer)?;
                columns.push(Column {
                    stage: stage.id.0,
                    title: stage.title.get(viewer.lang).to_owned(),
                    color: if is_color(&stage.color) { stage.color.clone() } else { "#A8ADB4".to_owned() },
                    ink: ink(if is_color(&stage.color) { &stage.color } else { "#A8ADB4" }),
                    ending: ending(stage),
                    count: String::new(),
                    sums: String::new(),
                    tiles,
                    more,
                });
            }
            for (column, figures) in columns.iter_mut().zip(figures(read, &viewer, &shape, &pipeline, &narrow)?) {
                column.count = figures.count;
                column.sums = figures.sums;
            }
            let schema = read.schema();
            let pipelines = schema.pipelines_of(shape.id).into_iter().map(|one| (one.id.0, one.title.get(viewer.lang).to_owned())).collect();
            let own = viewer.rights.scope(shape.id, Action::Read) == crm::Scope::Own;
            let people = if own { Vec::new() } else { read.users()?.into_iter().filter(|user| user.active).map(|user| answers.person(user.id)).collect() };
            Ok(BoardPage {
                kind: shape.id.0,
                title: shape.plural.get(viewer.lang).to_owned(),
                pipeline: pipeline.id.0,
                pipelines,
                people,
                query: narrow.query(pipeline.id),
                may_create: viewer.rights.may_for(Action::Create, shape.id, viewer.user.id),
                may_delete: viewer.rights.scope(shape.id, Action::Delete) != crm::Scope::None,
                has_amount: shape.has(code::AMOUNT) && viewer.rights.sees(shape.id, code::AMOUNT),
                has_client: shape.has(code::CONTACT) && schema.kind(kind::CONTACT).is_some(),
                rules_href: viewer.rights.automation.then(|| format!("/{slug}/robots?pipeline={}", pipeline.id)),
                empty: columns.iter().all(|column| column.tiles.is_empty()),
                narrow: narrow.clone(),
                columns,
                slug,
                view,
            })
        })
    })
    .await?;
    show(&page)
}

fn ending(stage: &Stage) -> &'static str {
    match stage.outcome {
        Ending::Open => "open",
        Ending::Won => "won",
        Ending::Lost => "lost",
    }
}

fn pipeline_of(read: &dyn Read, shape: &EntityType, wanted: Option<i64>) -> Outcome<Pipeline> {
    let schema = read.schema();
    let found = match wanted {
        Some(id) => schema.pipelines.get(&PipelineId(id)).filter(|pipeline| pipeline.kind == shape.id),
        None => schema.default_pipeline(shape.id),
    };
    found.cloned().ok_or_else(|| Refusal::new("not_found", "Такой воронки нет", "There is no such pipeline").into())
}

/// One column's cards, those that came last on top.
fn tiles_of(
    view: &View,
    answers: &Answers<'_>,
    shape: &EntityType,
    pipeline: &Pipeline,
    stage: StageId,
    narrow: &Narrow,
    viewer: &Viewer,
) -> Outcome<(Vec<Tile>, Option<String>)> {
    let mut query = Query::of(shape.id).filter(Filter::is(code::STAGE, Op::Eq, Value::Int(stage.0))).filter(narrow.filter(viewer)).sorted(code::MOVED_AT, true);
    query.page.limit = PER_COLUMN + 1;
    query.page.after = narrow
        .after
        .as_deref()
        .and_then(|text| text.split_once('-'))
        .and_then(|(at, id)| Some((vec![Value::moment(Moment(at.parse().ok()?))], id.parse().ok()?)));
    let mut items = answers.read.items(&viewer.rights, &query)?;
    let more = items.len() > PER_COLUMN as usize;
    items.truncate(PER_COLUMN as usize);
    let next = items.last().filter(|_| more).map(|last| {
        let at = last.values.moment(code::MOVED_AT).unwrap_or_default().0;
        format!("/{}/board/column?{}&stage={stage}&after={at}-{}", slug(shape), narrow.query(pipeline.id), last.id)
    });
    Ok((tiles(view, answers, shape, &items)?, next))
}

/// Count and sum over a column.
#[derive(Serialize, Default)]
struct Figures {
    stage: i64,
    count: String,
    sums: String,
}

/// Without a filter the figures are kept ready; with one they are counted up to a cap, and sums are left out.
fn figures(read: &dyn Read, viewer: &Viewer, shape: &EntityType, pipeline: &Pipeline, narrow: &Narrow) -> Outcome<Vec<Figures>> {
    if narrow.is_narrow() {
        return pipeline
            .stages
            .iter()
            .map(|stage| {
                let query = Query::of(shape.id).filter(Filter::is(code::STAGE, Op::Eq, Value::Int(stage.id.0))).filter(narrow.filter(viewer));
                let count = read.count(&viewer.rights, &query, CAP)?;
                Ok(Figures { stage: stage.id.0, count: counted(count, viewer.lang), sums: String::new() })
            })
            .collect();
    }
    let totals = read.stage_totals(&viewer.rights, pipeline.id)?;
    let sees = viewer.rights.sees(shape.id, code::AMOUNT);
    Ok(pipeline
        .stages
        .iter()
        .map(|stage| {
            let total = totals.iter().find(|total| total.stage == stage.id);
            let sums = total.map(|total| {
                let mut sums: Vec<_> = total.sums.iter().filter(|(_, minor)| sees && *minor != 0).collect();
                sums.sort_by_key(|(_, minor)| std::cmp::Reverse(*minor));
                sums.iter().map(|(currency, minor)| crm::format::money(*minor, currency, viewer.lang)).collect::<Vec<_>>().join(" + ")
            });
            let count = total.map_or(0, |total| total.count);
            Figures { stage: stage.id.0, count: grouped(count.unsigned_abs(), viewer.lang), sums: sums.unwrap_or_default() }
        })
        .collect())
}

fn grouped(number: u64, lang: crm::Lang) -> String {
    crm::format::grouped(number, if lang == crm::Lang::Ru { '\u{a0}' } else { ',' })
}

/// "500+" when counting stopped.
pub(crate) fn counted(count: crm::query::Count, lang: crm::Lang) -> String {
    format!("{}{}", grouped(count.counted, lang), if count.more { "+" } else { "" })
}

async fn column(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Asked(narrow): Asked<Narrow>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let pipeline = pipeline_of(read, &shape, narrow.pipeline)?;
            let stage = narrow.stage.map(StageId).filter(|id| pipeline.stage(*id).is_some()).ok_or_else(Refusal::not_found)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let (tiles, more) = tiles_of(&view, &answers, &shape, &pipeline, stage, &narrow, &viewer)?;
            Ok(Tiles { view, tiles, more })
        })
    })
    .await?;
    show(&piece)
}

async fn totals(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Asked(narrow): Asked<Narrow>) -> Answer {
    let list = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let pipeline = pipeline_of(read, &shape, narrow.pipeline)?;
            figures(read, &viewer, &shape, &pipeline, &narrow)
        })
    })
    .await?;
    Ok(Json(list).into_response())
}

/// One card anew, after somebody changed it; empty when it does not belong to this board any more.
async fn one_tile(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Asked(narrow): Asked<Narrow>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let query = Query::of(shape.id).filter(Filter::is(code::ID, Op::Eq, Value::Int(id))).filter(narrow.filter(&viewer)).limit(1);
            let items = read.items(&viewer.rights, &query)?;
            let items: Vec<_> = items.into_iter().filter(|item| narrow.pipeline.is_none_or(|pipeline| item.pipeline() == Some(PipelineId(pipeline)))).collect();
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let tiles = tiles(&view, &answers, &shape, &items)?;
            Ok(Tiles { view, tiles, more: None })
        })
    })
    .await?;
    show(&piece)
}

#[derive(Deserialize)]
struct To {
    stage: i64,
}

async fn move_to(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(to): Form<To>) -> Answer {
    let title = work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let at = ItemRef::new(shape.id, id);
        house.command(&viewer.rights, &viewer.cause(house.now()), Command::Move { item: at, to: StageId(to.stage) })?;
        house.read(|read| Ok(crm::format::stage(&read.schema(), StageId(to.stage), viewer.lang)))
    })
    .await?;
    Ok(Json(serde_json::json!({ "stage": to.stage, "title": title })).into_response())
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
