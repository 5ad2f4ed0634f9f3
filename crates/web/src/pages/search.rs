//! Search by any fragment of a name, phone, address or number, over all types the reader sees.

use super::{Page, show};
use crate::answers::Answers;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Query as Asked, State};
use axum::http::HeaderMap;
use axum::routing::get;
use crm::{Action, Filter, Op, Outcome, Query, Read, Scope, Value, code};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page { code: "search", menu: None, routes: || Router::new().route("/search", get(search)) }
}

struct Hit {
    title: String,
    href: String,
    hint: String,
}

struct Group {
    title: String,
    icon: String,
    all: String,
    hits: Vec<Hit>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    view: View,
    q: String,
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "search_found.html")]
struct Found {
    view: View,
    q: String,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    q: String,
}

async fn search(State(web): State<Web>, viewer: Viewer, Asked(wanted): Asked<Wanted>, headers: HeaderMap) -> Answer {
    let piece = headers.contains_key("x-piece");
    let q: String = wanted.q.trim().chars().take(100).collect();
    let (view, groups, q) = work(&web.house, move |house| {
        house.read(|read| {
            let view = if piece { View::piece(house, &viewer) } else { View::framed(house, read, &viewer, "/search")? };
            let groups = find(read, &viewer, &view, &q, if piece { 5 } else { 20 })?;
            Ok((view, groups, q.clone()))
        })
    })
    .await?;
    match piece {
        true => show(&Found { view, q, groups }),
        false => show(&SearchPage { view, q, groups }),
    }
}

fn find(read: &dyn Read, viewer: &Viewer, view: &View, q: &str, limit: u32) -> Outcome<Vec<Group>> {
    let schema = read.schema();
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let mut groups = Vec::new();
    if q.is_empty() {
        return Ok(groups);
    }
    for shape in schema.types.values().filter(|shape| shape.searched && viewer.rights.scope(shape.id, Action::Read) != Scope::None) {
        let mut items = read.items(&viewer.rights, &Query::of(shape.id).filter(Filter::Search(q.to_owned())).limit(limit))?;
        // A number may be the number of a record.
        if let Ok(id) = q.trim_start_matches(['№', '#']).trim().parse::<i64>()
            && let Some(exact) =
                read.items(&viewer.rights, &Query::of(shape.id).filter(Filter::is(code::ID, Op::Eq, Value::Int(id))).limit(1))?.into_iter().next()
        {
            items.retain(|item| item.id != exact.id);
            items.insert(0, exact);
        }
        if items.is_empty() {
            continue;
        }
        let hits = items.iter().map(|item| {
            let point = item.values.points(code::PHONE).first().map(|point| crm::format::phone(&point.normal));
            let stage = item.stage().map(|stage| crm::format::stage(&schema, stage, viewer.lang));
            let hint = point.or(stage).unwrap_or_else(|| answers.person(item.responsible()).name);
            Hit {
                title: if item.title().is_empty() { format!("№ {}", item.id) } else { item.title().to_owned() },
                href: format!("/{}/{}", slug(shape), item.id),
                hint,
            }
        });
        groups.push(Group {
            title: shape.plural.get(viewer.lang).to_owned(),
            icon: shape.icon.clone(),
            all: format!("/{}?q={}", slug(shape), crate::trouble::percent(q)),
            hits: hits.collect(),
        });
    }
    Ok(groups)
}
