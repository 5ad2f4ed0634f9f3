//! The card of an item: a side panel over board and list, a page of its own after a reload. Fields at the left, the
//! story at the right, the stage bar on top.

use super::{Page, show};
use crate::answers::{Answers, Person, shape_of};
use crate::fields::{self, Shown, ink, is_color};
use crate::timeline::{self, Entry, Teller};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query as Asked, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use crm::{
    Action, DoubleState, Ending, EntityType, Feature, Filter, House, Item, ItemRef, Look, Moment, Op, Outcome, Query, Read, Refusal, Rights, Seq, Value, code,
    kind,
};
use serde::Deserialize;
use std::time::Duration;

mod act;
mod field;
mod files;
mod history;
mod layout;
mod linked;
mod new;
mod past;
mod pins;
mod products;
mod sections;

pub(crate) use linked::{LinkedRow, rows as linked_rows};
use sections::Section;

pub(crate) fn page() -> Page {
    Page {
        code: "card",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}/{id}", get(card))
                .route("/{kind}/new", get(new::blank).post(new::create))
                .route("/{kind}/alike", post(new::alike))
                .route("/{kind}/check", post(new::check))
                .route("/{kind}/{id}/fields/{field}", get(field::one_field).post(field::put_field))
                .route("/{kind}/{id}/fields/{field}/edit", get(field::edit_field))
                .route("/{kind}/{id}/fields/{field}/reveal", post(field::reveal))
                .route("/{kind}/{id}/story", get(story))
                .route("/{kind}/{id}/pin", post(pins::pin))
                .route("/{kind}/{id}/history", get(history::history))
                .route("/{kind}/{id}/history/{seq}/restore", post(history::restore))
                .route("/{kind}/{id}/as-of", get(past::as_of))
                .route("/{kind}/{id}/linked/{other}/{field}", get(linked::linked))
                .route("/{kind}/{id}/layout", get(layout::edit).post(layout::save))
                .route("/{kind}/{id}/layout/reset", post(layout::reset))
                .route("/{kind}/{id}/files", get(files::list).post(files::upload))
                .route("/{kind}/{id}/files/{file}/remove", post(files::remove))
                .route("/{kind}/{id}/files/{file}/restore", post(files::restore))
                .route("/{kind}/{id}/products", get(products::products).post(products::add))
                .route("/{kind}/{id}/products/{line}", post(products::change))
                .route("/{kind}/{id}/products/{line}/remove", post(products::remove))
                .route("/{kind}/{id}/mention", get(act::mention))
                .route("/{kind}/{id}/comment", post(act::comment))
                .route("/{kind}/{id}/task", post(act::task))
                .route("/{kind}/{id}/message", post(act::message))
                .route("/{kind}/{id}/template", get(act::template_text))
                .route("/{kind}/{id}/readers", get(act::readers))
        },
    }
}

/// A segment of the stage bar.
struct Segment {
    id: i64,
    title: String,
    color: String,
    /// `past`, `here`, `ahead`.
    state: &'static str,
}

/// A way to end the work.
struct WayOut {
    id: i64,
    title: String,
    won: bool,
}

/// A planned task.
pub(crate) struct Planned {
    pub id: i64,
    pub title: String,
    pub description: String,
    pub href: String,
    pub deadline: Option<Moment>,
    pub late: bool,
    pub person: Person,
    pub day: String,
    pub month: String,
}

/// A channel to write to the client through.
struct Channel {
    code: &'static str,
    title: String,
    icon: &'static str,
    address: String,
    templates: Vec<(String, String)>,
    subject: bool,
}

#[derive(Template)]
#[template(path = "card.html")]
struct CardPage {
    view: View,
    card: Card,
}

#[derive(Template)]
#[template(path = "card_piece.html")]
struct CardPiece {
    view: View,
    card: Card,
}

struct Card {
    slug: String,
    kind: i64,
    id: i64,
    title: String,
    type_title: String,
    pipeline_title: String,
    segments: Vec<Segment>,
    /// Colour of the present stage and of letters on it.
    now: (String, &'static str),
    endings: Vec<WayOut>,
    ended: Option<(bool, String, String, &'static str)>,
    sections: Vec<Section>,
    client: Option<(String, String)>,
    client_fields: Vec<Shown>,
    client_slug: String,
    client_id: i64,
    phone: String,
    email: String,
    may_change: bool,
    may_delete: bool,
    planned: Vec<Planned>,
    people: Vec<(i64, String, bool)>,
    channels: Vec<Channel>,
    entries: Vec<Entry>,
    more: Option<i64>,
    tomorrow: String,
    back: String,
    staged: bool,
    tabs: Vec<linked::Tab>,
    more_tabs: Vec<linked::Tab>,
    /// Files that hang on it.
    files: usize,
    /// Records that look like this one: address of the comparison and name.
    alike: Vec<(String, String)>,
    /// Lines on top of the story.
    pins: Vec<Entry>,
    /// Journaled answers that are shown: the look is written down.
    journaled: Vec<String>,
    may_arrange: bool,
    products: bool,
    /// A task: done or not.
    task_done: Option<bool>,
}

/// Whether the request wants the panel, not the page.
fn wants_piece(headers: &HeaderMap) -> bool {
    headers.contains_key("x-piece")
}

async fn card(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, headers: HeaderMap) -> Answer {
    let piece = wants_piece(&headers);
    let (view, card) = work(&web.house, move |house| {
        let (view, card) = house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let view = if piece { View::piece(house, &viewer) } else { View::framed(house, read, &viewer, &format!("/{}", slug(&shape)))? };
            let card = build(read, &viewer, &view, &shape, id)?;
            Ok((view, card))
        })?;
        note_look(house, &viewer, ItemRef::new(crm::EntityTypeId(card.kind), card.id), &card.journaled, "card")?;
        Ok((view, card))
    })
    .await?;
    if card.id != id && !piece {
        // It was joined with another record: the old address leads to the one that keeps everything.
        return Ok(axum::response::Redirect::to(&format!("/{}/{}", card.slug, card.id)).into_response());
    }
    match piece {
        true => show(&CardPiece { view, card }),
        false => show(&CardPage { view, card }),
    }
}

/// A card that stays open is read anew with every event: one look in ten minutes is one look.
const SAME_LOOK: Duration = Duration::from_secs(600);

/// Writes down who looked at which journaled answers, once for each while.
pub(super) fn note_look(house: &House, viewer: &Viewer, at: ItemRef, fields: &[String], how: &'static str) -> Outcome<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let now = house.now();
    let look = Look { user: viewer.user.id, item: at, fields: fields.to_vec(), how: how.to_owned(), at: now };
    let same =
        |old: &Look| old.user == look.user && old.how == look.how && old.at.plus(SAME_LOOK) > now && look.fields.iter().all(|field| old.fields.contains(field));
    if house.read(|read| read.looks(Some(at), None, 50))?.iter().any(same) {
        return Ok(());
    }
    house.transact(move |tx| tx.note_look(&look))
}

/// The item, if the viewer may see it.
fn load(read: &dyn Read, viewer: &Viewer, word: &str, id: i64) -> Outcome<(EntityType, Item)> {
    let shape = shape_of(read, &viewer.rights, word)?;
    let item = read.item(&viewer.rights, ItemRef::new(shape.id, id))?.ok_or_else(Refusal::not_found)?;
    Ok((shape, item))
}

fn build(read: &dyn Read, viewer: &Viewer, view: &View, shape: &EntityType, id: i64) -> Outcome<Card> {
    let item = read.item(&viewer.rights, ItemRef::new(shape.id, id))?.ok_or_else(Refusal::not_found)?;
    // A joined record is found under the one that keeps its things.
    let (at, id) = (item.at(), item.id);
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let may_change = viewer.rights.may(Action::Change, &item);
    let sections = sections::of(read, viewer, view, &answers, shape, &item, may_change)?;
    let journaled = sections::journaled(shape, &viewer.rights, &item);
    let (tabs, more_tabs) = linked::tabs(read, viewer, &answers, shape, at)?;
    let client = if shape.id == kind::CONTACT { Some(item.clone()) } else { answers.item(ItemRef::new(kind::CONTACT, item.contact())) };
    let contacts = answers.schema.kind(kind::CONTACT).cloned();
    let point = |field: &str| client.as_ref().and_then(|client| client.values.points(field).first()).map(|point| point.normal.clone()).unwrap_or_default();
    let other_client = client.as_ref().filter(|_| shape.id != kind::CONTACT);
    let client_fields = match (&contacts, other_client) {
        (Some(contacts), Some(client)) => {
            let may = viewer.rights.may(Action::Change, client);
            fields::visible(contacts, &viewer.rights)
                .into_iter()
                .filter(|field| field.is_points() && !field.secondary)
                .map(|field| fields::shown(&answers, client, field, may))
                .collect()
        }
        _ => Vec::new(),
    };
    let (entries, more) = entries(read, view, &answers, at, None, "")?;
    let now = item
        .stage()
        .and_then(|id| answers.schema.stage(id))
        .map(|(_, stage)| stage.color.clone())
        .filter(|color| is_color(color))
        .unwrap_or_else(|| "#A8ADB4".to_owned());
    let now = (now.clone(), ink(&now));
    let (segments, endings, ended) = stages(&answers, &item, viewer.lang);
    let pipeline_title =
        item.pipeline().and_then(|id| answers.schema.pipelines.get(&id)).map(|pipeline| pipeline.title.get(viewer.lang).to_owned()).unwrap_or_default();
    let tomorrow = view
        .now
        .timestamp()
        .to_zoned(view.zone.clone())
        .date()
        .tomorrow()
        .map(|day| day.at(10, 0, 0, 0).strftime("%Y-%m-%dT%H:%M").to_string())
        .unwrap_or_default();
    let contact_slug = contacts.as_ref().map(slug).unwrap_or_default();
    Ok(Card {
        slug: slug(shape),
        kind: shape.id.0,
        id,
        title: item.title().to_owned(),
        type_title: shape.title.get(viewer.lang).to_owned(),
        pipeline_title,
        segments,
        now,
        endings,
        ended,
        sections,
        client: other_client.map(|client| (format!("/{contact_slug}/{}", client.id), client.title().to_owned())),
        client_fields,
        client_id: other_client.map_or(0, |client| client.id),
        client_slug: contact_slug,
        phone: point(code::PHONE),
        email: point(code::EMAIL),
        may_change,
        may_delete: viewer.rights.may(Action::Delete, &item),
        planned: planned(read, viewer, view, &answers, at)?,
        people: read.users()?.into_iter().filter(|user| user.active).map(|user| (user.id.0, user.name(), user.id == viewer.user.id)).collect(),
        channels: if may_change { channels(read, view, client.as_ref())? } else { Vec::new() },
        entries,
        more,
        tomorrow,
        back: crate::view::home_of(shape),
        staged: shape.staged,
        tabs,
        more_tabs,
        files: files::of(read, &viewer.rights, shape, at)?.len(),
        alike: alike(read, viewer, shape, &item)?,
        pins: pins::of(read, view, &answers, at)?,
        journaled,
        may_arrange: sections::is_laid_out(shape),
        products: shape.features.contains(&Feature::Products),
        task_done: (shape.id == kind::TASK).then(|| item.values.text(team::tasks::STATUS) == team::tasks::COMPLETED),
    })
}

/// Records that look like this one and that nobody has judged yet.
fn alike(read: &dyn Read, viewer: &Viewer, shape: &EntityType, item: &Item) -> Outcome<Vec<(String, String)>> {
    let at = item.at();
    let open = read.doubles_of(at)?.into_iter().filter(|pair| pair.state == DoubleState::Open).take(5);
    let mut list = Vec::new();
    for pair in open {
        let other = if pair.first == at { pair.second } else { pair.first };
        if let Some(other) = read.item(&viewer.rights, other)?.filter(|other| other.id != at.id) {
            let (older, newer) = if item.id < other.id { (item, &other) } else { (&other, item) };
            // Whoever may not join them at least looks at the other one.
            let compare = super::doubles::comparison(&viewer.rights, shape, older, newer);
            list.push((compare.unwrap_or_else(|| format!("/{}/{}", slug(shape), other.id)), other.title().to_owned()));
        }
    }
    Ok(list)
}

type Ended = Option<(bool, String, String, &'static str)>;

/// The open stages as segments, the ways to end, and how it ended.
fn stages(answers: &Answers<'_>, item: &Item, lang: crm::Lang) -> (Vec<Segment>, Vec<WayOut>, Ended) {
    let Some(pipeline) = item.pipeline().and_then(|id| answers.schema.pipelines.get(&id)) else { return (Vec::new(), Vec::new(), None) };
    let here = item.stage().and_then(|stage| pipeline.position(stage));
    let stage = item.stage().and_then(|id| pipeline.stage(id));
    let color = |text: &str| if is_color(text) { text.to_owned() } else { "#A8ADB4".to_owned() };
    let segments = pipeline
        .stages
        .iter()
        .enumerate()
        .filter(|(_, one)| one.outcome == Ending::Open)
        .map(|(at, one)| Segment {
            id: one.id.0,
            title: one.title.get(lang).to_owned(),
            color: color(&one.color),
            state: match here {
                Some(here) if at == here => "here",
                Some(here) if at < here => "past",
                _ => "ahead",
            },
        })
        .collect();
    let endings = pipeline
        .stages
        .iter()
        .filter(|one| one.outcome != Ending::Open)
        .map(|one| WayOut { id: one.id.0, title: one.title.get(lang).to_owned(), won: one.outcome == Ending::Won })
        .collect();
    let ended = stage
        .filter(|one| one.outcome != Ending::Open)
        .map(|one| (one.outcome == Ending::Won, one.title.get(lang).to_owned(), color(&one.color), ink(&color(&one.color))));
    (segments, endings, ended)
}

/// Open tasks of a card, the nearest first.
fn planned(read: &dyn Read, viewer: &Viewer, view: &View, answers: &Answers<'_>, at: ItemRef) -> Outcome<Vec<Planned>> {
    let Some(shape) = answers.schema.kind(kind::TASK).filter(|_| viewer.rights.scope(kind::TASK, Action::Read) != crm::Scope::None) else {
        return Ok(Vec::new());
    };
    let query = Query::of(kind::TASK)
        .filter(Filter::is(code::ABOUT, Op::Eq, Value::item(at)))
        .filter(Filter::is(team::tasks::STATUS, Op::Ne, Value::text(team::tasks::COMPLETED)))
        .limit(50);
    let mut tasks = read.items(&viewer.rights, &query)?;
    tasks.sort_by_key(|task| {
        let deadline = task.values.moment(team::tasks::DEADLINE);
        (deadline.is_none(), deadline, task.id)
    });
    Ok(tasks.iter().map(|task| plan(view, answers, shape, task)).collect())
}

/// A task as a line to be done.
pub(crate) fn plan(view: &View, answers: &Answers<'_>, shape: &EntityType, task: &Item) -> Planned {
    let deadline = task.values.moment(team::tasks::DEADLINE);
    let local = deadline.map(|at| at.timestamp().to_zoned(view.zone.clone()));
    let day = local.as_ref().map(|zoned| view.day(zoned.date())).unwrap_or_default();
    let (first, second) = day.split_once(' ').unwrap_or((&day, ""));
    Planned {
        id: task.id,
        title: task.title().to_owned(),
        description: task.values.text("description").to_owned(),
        href: format!("/{}/{}", slug(shape), task.id),
        deadline,
        late: deadline.is_some_and(|at| at <= view.now),
        person: answers.person(task.responsible()),
        day: first.to_owned(),
        month: second.to_owned(),
    }
}

/// Channels of the firm through which this client can be reached, with their templates.
fn channels(read: &dyn Read, view: &View, client: Option<&Item>) -> Outcome<Vec<Channel>> {
    let Some(client) = client else { return Ok(Vec::new()) };
    let accounts = read.accounts()?;
    let mut list = Vec::new();
    for (code_, field, subject) in [("twilio_whatsapp", code::PHONE, false), ("smtp", code::EMAIL, true)] {
        let Some(point) = client.values.points(field).first() else { continue };
        if !accounts.iter().any(|account| account.provider == code_ && account.enabled) {
            continue;
        }
        let query = Query::of(kind::TEMPLATE).filter(Filter::is("channel", Op::Eq, Value::text(code_))).sorted(code::ID, false).limit(100);
        let templates = match read.schema().kind(kind::TEMPLATE) {
            Some(_) => read.items(&Rights::system(), &query)?,
            None => Vec::new(),
        };
        let (title, icon) = timeline::channel(view, code_);
        list.push(Channel {
            code: code_,
            title,
            icon,
            address: if field == code::PHONE { crm::format::phone(&point.normal) } else { point.raw.clone() },
            templates: templates.iter().map(|item| (item.values.text("code").to_owned(), item.title().to_owned())).collect(),
            subject,
        });
    }
    Ok(list)
}

/// Which facts a filter of the story shows.
fn facts_of(only: &str) -> &'static [&'static str] {
    match only {
        "comments" => &["commented"],
        "messages" => &["message_queued", "message_received", "form_filled"],
        "calls" => &["created"],
        "tasks" => &["task_given", "task_moved", "task_overdue"],
        "files" => &["file_added", "file_removed"],
        "changes" => &["created", "changed", "moved", "assigned", "deleted", "restored", "merged", "unmerged"],
        "system" => &["notified", "webhook_called", "url_called", "robot_stopped"],
        _ => &[],
    }
}

fn entries(read: &dyn Read, view: &View, answers: &Answers<'_>, at: ItemRef, before: Option<Seq>, only: &str) -> Outcome<(Vec<Entry>, Option<i64>)> {
    let facts = facts_of(only);
    let mut events = match facts.is_empty() {
        true => read.timeline(at, before, timeline::PER_PAGE)?,
        false => read.timeline_of(at, facts, before, timeline::PER_PAGE)?,
    };
    let more = (events.len() == timeline::PER_PAGE as usize).then(|| events.last().map_or(0, |event| event.seq.0));
    match only {
        "calls" => events.retain(|event| event.item.kind == kind::CALL),
        "changes" => events.retain(|event| event.item.kind != kind::CALL),
        _ => {}
    }
    let teller = Teller::new(view, answers, at, &events)?;
    Ok((teller.entries(&events), more))
}

#[derive(Deserialize)]
struct Before {
    before: Option<i64>,
    #[serde(default)]
    only: String,
}

#[derive(Template)]
#[template(path = "entries.html")]
struct Entries {
    view: View,
    slug: String,
    id: i64,
    entries: Vec<Entry>,
    more: Option<i64>,
    only: String,
    may_change: bool,
}

async fn story(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Asked(query): Asked<Before>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let only = if facts_of(&query.only).is_empty() { String::new() } else { query.only.clone() };
            let (entries, more) = entries(read, &view, &answers, item.at(), query.before.map(Seq), &only)?;
            Ok(Entries { view, slug: slug(&shape), id: item.id, entries, more, only, may_change: viewer.rights.may(Action::Change, &item) })
        })
    })
    .await?;
    show(&piece)
}
