//! Departments and offices as a tree: who leads, who sits where, which of them are offices whose clients stay inside.

use super::{Pick, colleagues, departments, framed, history, sorted};
use crate::pages::login::redirect;
use crate::pages::{Entry, Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use crm::{Department, Fault, House, Label, Outcome, Read, Refusal, UserId};
use serde::Deserialize;
use std::collections::BTreeSet;
use team::directory::Directory;

const OFFICES: &str = "/settings/offices";

pub(crate) fn page() -> Page {
    Page {
        code: "offices",
        menu: Some(Entry { title: "offices-tab", icon: "building", href: OFFICES, shown: |rights| rights.admin }),
        routes: || {
            Router::new()
                .route(OFFICES, get(tree))
                .route("/settings/offices/new", get(blank).post(create))
                .route("/settings/offices/{id}", get(one).post(save))
                .route("/settings/offices/{id}/move", post(move_under))
        },
    }
}

/// A department as a line of the tree.
struct Node {
    id: i64,
    title: String,
    head: String,
    office: bool,
    closed: bool,
    zone: String,
    /// People who work in it, and with all below.
    people: usize,
    with_below: usize,
    depth: usize,
    /// How many stand directly below it.
    children: usize,
    parent: i64,
}

#[derive(Template)]
#[template(path = "people_offices.html")]
struct TreePage {
    view: View,
    tab: &'static str,
    nodes: Vec<Node>,
    offices: usize,
}

async fn tree(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = framed(house, read, &viewer)?;
            let directory = Directory::committed(read)?;
            let mut nodes = Vec::new();
            grow(&directory, &view, 0, 0, &mut nodes);
            let offices = directory.departments.values().filter(|one| one.office && !one.closed).count();
            Ok(TreePage { view, tab: "offices", nodes, offices })
        })
    })
    .await?;
    show(&page)
}

/// Puts a subtree down from above; returns how many people work in it.
fn grow(directory: &Directory, view: &View, parent: i64, depth: usize, nodes: &mut Vec<Node>) -> usize {
    let mut all = 0;
    for one in sorted(directory, view.lang, parent) {
        let people = directory.members(one.id).iter().filter(|id| directory.users.get(id).is_some_and(|user| user.active)).count();
        let at = nodes.len();
        nodes.push(Node {
            id: one.id,
            title: one.title.get(view.lang).to_owned(),
            head: directory.users.get(&one.head).map(crm::User::name).unwrap_or_default(),
            office: one.office,
            closed: one.closed,
            zone: one.zone.clone(),
            people,
            with_below: people,
            depth,
            children: directory.children(one.id).len(),
            parent,
        });
        // The tree of a firm is not deeper; a ring in the database must not hang the page.
        let below = if depth < 50 { grow(directory, view, one.id, depth + 1, nodes) } else { 0 };
        nodes[at].with_below += below;
        all += people + below;
    }
    all
}

#[derive(Template)]
#[template(path = "people_office.html")]
struct OfficePage {
    view: View,
    title: String,
    department: Department,
    is_new: bool,
    error: Option<String>,
    saved: bool,
    parents: Vec<Pick>,
    heads: Vec<Pick>,
    people: Vec<(i64, String, String)>,
    zones: Vec<&'static str>,
    firm_zone: String,
    history: Vec<history::Line>,
}

#[derive(Deserialize, Default)]
struct Asked {
    #[serde(default)]
    parent: i64,
    #[serde(default)]
    saved: String,
}

async fn blank(State(web): State<Web>, viewer: Viewer, Query(asked): Query<Asked>) -> Answer {
    let page =
        work(&web.house, move |house| house.read(|read| build(house, read, &viewer, Department { parent: asked.parent, ..Department::default() }, None)))
            .await?;
    show(&page)
}

async fn one(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Query(asked): Query<Asked>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            super::demand_admin(&viewer)?;
            let department = read.departments()?.into_iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)?;
            Ok(OfficePage { saved: !asked.saved.is_empty(), ..build(house, read, &viewer, department, None)? })
        })
    })
    .await?;
    show(&page)
}

/// Zones of the countries the packs speak of; any other can be typed.
const ZONES: [&str; 14] = [
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Almaty",
    "Asia/Tashkent",
    "Asia/Bishkek",
    "Europe/Minsk",
];

fn build(house: &House, read: &dyn Read, viewer: &Viewer, department: Department, refusal: Option<&Refusal>) -> Outcome<OfficePage> {
    let view = framed(house, read, viewer)?;
    let directory = Directory::committed(read)?;
    let own: BTreeSet<i64> = if department.id == 0 { BTreeSet::new() } else { directory.tree(department.id) };
    let mut people: Vec<(i64, String, String)> = directory
        .members(department.id)
        .iter()
        .filter_map(|id| directory.users.get(id))
        .filter(|user| user.active && department.id != 0)
        .map(|user| (user.id.0, user.name(), user.post.clone()))
        .collect();
    people.sort_by_key(|(_, name, _)| name.to_lowercase());
    Ok(OfficePage {
        title: department.title.get(view.lang).to_owned(),
        is_new: department.id == 0,
        error: refusal.map(|refusal| refusal.explain(view.lang)),
        saved: false,
        parents: departments(&directory, view.lang, department.parent, &own),
        heads: colleagues(&directory, department.head, UserId::SYSTEM),
        people,
        zones: ZONES.into(),
        firm_zone: house.firm.zone.iana_name().unwrap_or("UTC").to_owned(),
        history: if department.id == 0 { Vec::new() } else { history::lines(read, &view, &directory, team::journal::of_department(department.id))? },
        department,
        view,
    })
}

#[derive(Deserialize, Default)]
struct Given {
    #[serde(default)]
    title_ru: String,
    #[serde(default)]
    title_en: String,
    #[serde(default)]
    parent: String,
    #[serde(default)]
    head: String,
    #[serde(default)]
    office: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    closed: String,
}

async fn create(State(web): State<Web>, viewer: Viewer, Form(given): Form<Given>) -> Answer {
    put(&web, viewer, 0, given).await
}

async fn save(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(given): Form<Given>) -> Answer {
    put(&web, viewer, id, given).await
}

async fn put(web: &Web, viewer: Viewer, id: i64, given: Given) -> Answer {
    let done = work(&web.house, move |house| {
        super::demand_admin(&viewer)?;
        let before = match id {
            0 => Department::default(),
            id => house.read(|read| read.departments())?.into_iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)?,
        };
        let department = Department {
            title: Label::new(given.title_ru.trim(), given.title_en.trim()),
            parent: given.parent.parse().unwrap_or(0),
            head: UserId(given.head.parse().unwrap_or(0)),
            office: !given.office.is_empty(),
            zone: given.zone.trim().to_owned(),
            closed: !given.closed.is_empty(),
            ..before
        };
        let (cause, wanted) = (viewer.cause(house.now()), department.clone());
        let saved = house.transact(move |tx| {
            let mut department = wanted.clone();
            team::offices::save(tx, &cause, &mut department)?;
            Ok(department.id)
        });
        match saved {
            Ok(_) if id == 0 => Ok(Ok(OFFICES.to_owned())),
            Ok(id) => Ok(Ok(format!("{OFFICES}/{id}?saved=1"))),
            Err(Fault::Refused(refusal)) => Ok(Err(house.read(|read| build(house, read, &viewer, department.clone(), Some(&refusal)))?)),
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match done {
        Ok(href) => Ok(redirect(&href)),
        Err(page) => {
            let mut answer = show(&page)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}

#[derive(Deserialize)]
struct Moved {
    parent: i64,
}

/// One drag in the tree.
async fn move_under(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(moved): Form<Moved>) -> Answer {
    work(&web.house, move |house| {
        super::demand_admin(&viewer)?;
        let cause = viewer.cause(house.now());
        house.transact(move |tx| team::offices::move_under(tx, &cause, id, moved.parent))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
