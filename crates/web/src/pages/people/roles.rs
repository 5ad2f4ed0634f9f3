//! Roles: the list, and one role as a matrix.

use super::matrix::{self, Row};
use super::{Pick, framed, history};
use crate::pages::login::redirect;
use crate::pages::{Entry, Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use crm::{Fault, House, Label, Outcome, Read, Refusal, Role, Schema};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use team::directory::Directory;

const ROLES: &str = "/settings/roles";

pub(crate) fn page() -> Page {
    Page {
        code: "roles",
        menu: Some(Entry { title: "roles-tab", icon: "lock", href: ROLES, shown: |rights| rights.admin }),
        routes: || {
            Router::new().route(ROLES, get(list)).route("/settings/roles/new", get(blank).post(create)).route("/settings/roles/{code}", get(one).post(save))
        },
    }
}

/// A role as a line.
struct Line {
    code: String,
    title: String,
    people: usize,
    marks: Vec<String>,
}

#[derive(Template)]
#[template(path = "people_roles.html")]
struct RolesPage {
    view: View,
    tab: &'static str,
    lines: Vec<Line>,
}

async fn list(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = framed(house, read, &viewer)?;
            let directory = Directory::committed(read)?;
            let people = team::roles::people_count(read)?;
            let mut lines: Vec<Line> = directory
                .roles
                .values()
                .map(|role| Line {
                    code: role.code.clone(),
                    title: role.title.get(view.lang).to_owned(),
                    people: people.get(&role.code).copied().unwrap_or(0),
                    marks: marks(&view, role),
                })
                .collect();
            lines.sort_by_key(|line| line.title.to_lowercase());
            Ok(RolesPage { view, tab: "roles", lines })
        })
    })
    .await?;
    show(&page)
}

fn marks(view: &View, role: &Role) -> Vec<String> {
    let flags = [("admin", role.admin), ("automation", role.automation), ("constructor", role.constructor)];
    flags.into_iter().filter(|(_, on)| *on).map(|(name, _)| view.t(&format!("role-mark-{name}"))).collect()
}

/// A group of fields that is protected by itself.
struct Group {
    code: String,
    title: String,
    /// Which fields, of which types.
    fields: String,
    picks: Vec<Pick>,
}

#[derive(Template)]
#[template(path = "people_role.html")]
struct RolePage {
    view: View,
    title: String,
    role: Role,
    /// Where the form goes.
    action: String,
    is_new: bool,
    error: Option<String>,
    saved: bool,
    actions: Vec<String>,
    rows: Vec<Row>,
    blank: Row,
    groups: Vec<Group>,
    people: Vec<(i64, String)>,
    more_people: usize,
    history: Vec<history::Line>,
}

#[derive(Deserialize, Default)]
struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    saved: String,
}

async fn blank(State(web): State<Web>, viewer: Viewer, Query(asked): Query<Asked>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            super::demand_admin(&viewer)?;
            let model = read.roles()?.into_iter().find(|role| role.code == asked.from).unwrap_or_default();
            let copy = |title: &str, word: &str| if title.is_empty() { String::new() } else { format!("{title} ({word})") };
            let title = Label::new(copy(&model.title.ru, "копия"), copy(&model.title.en, "copy"));
            build(house, read, &viewer, Role { code: String::new(), title, ..model }, None)
        })
    })
    .await?;
    show(&page)
}

async fn one(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            super::demand_admin(&viewer)?;
            let role = read.roles()?.into_iter().find(|role| role.code == code).ok_or_else(Refusal::not_found)?;
            Ok(RolePage { saved: !asked.saved.is_empty(), ..build(house, read, &viewer, role, None)? })
        })
    })
    .await?;
    show(&page)
}

fn build(house: &House, read: &dyn Read, viewer: &Viewer, role: Role, refusal: Option<&Refusal>) -> Outcome<RolePage> {
    const SHOWN: usize = 12;
    let view = framed(house, read, viewer)?;
    let directory = Directory::committed(read)?;
    let schema = read.schema();
    let is_new = !directory.roles.contains_key(&role.code);
    let mut people: Vec<(i64, String)> =
        directory.users.values().filter(|user| user.active && !is_new && user.role == role.code).map(|user| (user.id.0, user.name())).collect();
    people.sort_by_key(|(_, name)| name.to_lowercase());
    let more_people = people.len().saturating_sub(SHOWN);
    people.truncate(SHOWN);
    Ok(RolePage {
        title: role.title.get(view.lang).to_owned(),
        action: if is_new { format!("{ROLES}/new") } else { format!("{ROLES}/{}", role.code) },
        is_new,
        error: refusal.map(|refusal| refusal.explain(view.lang)),
        saved: false,
        actions: team::roles::ACTIONS.map(|action| view.t(&format!("rights-{}", team::roles::action_code(action)))).into(),
        rows: matrix::rows(&schema, &view, &role),
        blank: matrix::row(&view, "PLACE", None, true),
        groups: groups(&schema, &view, &role),
        people,
        more_people,
        history: if is_new { Vec::new() } else { history::lines(read, &view, &directory, team::journal::of_role(&role.code))? },
        role,
        view,
    })
}

/// Groups that fields name, and those the role speaks of though no field does.
fn groups(schema: &Schema, view: &View, role: &Role) -> Vec<Group> {
    let mut found: BTreeMap<String, Vec<String>> = role.hidden_groups.iter().chain(&role.locked_groups).map(|group| (group.clone(), Vec::new())).collect();
    for shape in schema.types.values() {
        let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for field in shape.fields.iter().filter(|field| !field.group.is_empty()) {
            named.entry(&field.group).or_default().push(field.title.get(view.lang));
        }
        for (group, fields) in named {
            found.entry(group.to_owned()).or_default().push(format!("{}: {}", shape.plural.get(view.lang), fields.join(", ")));
        }
    }
    found
        .into_iter()
        .map(|(code, fields)| {
            let state = if role.hidden_groups.contains(&code) {
                "hidden"
            } else if role.locked_groups.contains(&code) {
                "locked"
            } else {
                "open"
            };
            Group {
                title: group_title(view, &code),
                fields: fields.join("; "),
                picks: ["open", "locked", "hidden"].map(|one| Pick::new(one, view.t(&format!("group-{one}")), one == state)).into(),
                code,
            }
        })
        .collect()
}

/// The four groups of domain.md C.10 have names; the firm's own are called by their codes.
fn group_title(view: &View, code: &str) -> String {
    match code {
        "money" | "passport" | "recordings" | "legal" => view.t(&format!("group-title-{code}")),
        other => other.to_owned(),
    }
}

async fn create(State(web): State<Web>, viewer: Viewer, Form(given): Form<Vec<(String, String)>>) -> Answer {
    put(&web, viewer, None, given).await
}

async fn save(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Form(given): Form<Vec<(String, String)>>) -> Answer {
    put(&web, viewer, Some(code), given).await
}

async fn put(web: &Web, viewer: Viewer, code: Option<String>, given: Vec<(String, String)>) -> Answer {
    let done = work(&web.house, move |house| {
        super::demand_admin(&viewer)?;
        let (schema, roles) = house.read(|read| Ok((read.schema(), read.roles()?)))?;
        let before = match &code {
            Some(code) => roles.iter().find(|role| role.code == *code).cloned().ok_or_else(Refusal::not_found)?,
            None => Role::default(),
        };
        let mut role = read_form(&schema, &before, &given);
        let is_new = code.is_none();
        if is_new && role.code.is_empty() {
            role.code =
                (roles.len() + 1..).map(|number| format!("role_{number}")).find(|code| !roles.iter().any(|role| role.code == *code)).unwrap_or_default();
        }
        let (cause, wanted) = (viewer.cause(house.now()), role.clone());
        let saved = house.transact(move |tx| match is_new {
            true => team::roles::save_new(tx, &cause, &wanted),
            false => team::roles::save(tx, &cause, &wanted),
        });
        match saved {
            Ok(()) => Ok(Ok(format!("{ROLES}/{}?saved=1", role.code))),
            Err(Fault::Refused(refusal)) => {
                let page = house.read(|read| build(house, read, &viewer, role.clone(), Some(&refusal)))?;
                // A new role whose code is taken is still a new one.
                Ok(Err(RolePage { is_new, action: if is_new { format!("{ROLES}/new") } else { page.action }, ..page }))
            }
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

fn read_form(schema: &Schema, before: &Role, given: &[(String, String)]) -> Role {
    let text = |name: &str| given.iter().find(|(key, _)| key == name).map(|(_, text)| text.trim().chars().take(100).collect::<String>()).unwrap_or_default();
    let flag = |name: &str| given.iter().any(|(key, _)| key == name);
    let named = |wanted: &str| -> BTreeSet<String> {
        given.iter().filter(|(_, state)| state == wanted).filter_map(|(key, _)| key.strip_prefix("group:")).map(str::to_owned).collect()
    };
    let code = if before.code.is_empty() { text("code") } else { before.code.clone() };
    let (ru, en) = (text("title_ru"), text("title_en"));
    Role {
        code,
        title: Label::new(if ru.is_empty() { en.clone() } else { ru.clone() }, if en.is_empty() { ru } else { en }),
        admin: flag("admin"),
        automation: flag("automation"),
        constructor: flag("constructor"),
        may: matrix::read(schema, before, given),
        hidden_groups: named("hidden"),
        locked_groups: named("locked"),
        pool: given.iter().filter_map(|(key, _)| key.strip_prefix("pool:")).map(str::to_owned).collect(),
    }
}
