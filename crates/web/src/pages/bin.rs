//! The recycle bin: what was deleted, by whom, and the way back.

use super::{Entry, Page, show};
use crate::answers::{Answers, Person, shape_of};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use crm::{Action, Command, EntityType, Feature, ItemRef, Moment, Refusal, Rights, Schema, Scope};
use serde::Deserialize;

/// Records on one page.
const PER_PAGE: u32 = 50;

pub(crate) fn page() -> Page {
    Page {
        code: "bin",
        menu: Some(Entry { title: "menu-bin", icon: "trash", href: "/bin", shown: |_| true }),
        routes: || Router::new().route("/bin", get(first)).route("/bin/{kind}", get(bin)).route("/bin/{kind}/{id}/restore", post(restore)),
    }
}

/// Types with a bin of which somebody may delete anything.
fn kinds<'a>(schema: &'a Schema, rights: &Rights) -> Vec<&'a EntityType> {
    let fits = |shape: &&EntityType| {
        shape.features.contains(&Feature::Bin) && rights.scope(shape.id, Action::Read) != Scope::None && rights.scope(shape.id, Action::Delete) != Scope::None
    };
    let mut list: Vec<&EntityType> = schema.types.values().filter(fits).collect();
    list.sort_by_key(|shape| (!shape.listed, shape.id));
    list
}

struct Line {
    id: i64,
    title: String,
    person: Person,
    at: Moment,
    responsible: Person,
    /// It went there because it was joined with another record.
    merged: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "bin.html")]
struct BinPage {
    view: View,
    slug: String,
    /// Word, title, chosen.
    kinds: Vec<(String, String, bool)>,
    lines: Vec<Line>,
    more: Option<i64>,
    first: bool,
}

#[derive(Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn first(state: State<Web>, viewer: Viewer, query: Query<Before>) -> Answer {
    page_of(state, viewer, None, query).await
}

async fn bin(state: State<Web>, viewer: Viewer, Path(word): Path<String>, query: Query<Before>) -> Answer {
    page_of(state, viewer, Some(word), query).await
}

async fn page_of(State(web): State<Web>, viewer: Viewer, word: Option<String>, Query(query): Query<Before>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "/bin")?;
            let schema = read.schema();
            let kinds = kinds(&schema, &viewer.rights);
            let shape = match &word {
                Some(word) => Some(kinds.iter().find(|shape| slug(shape) == *word).copied().ok_or_else(Refusal::not_found)?),
                None => kinds.first().copied(),
            };
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let binned = match shape {
                Some(shape) => read.binned(&viewer.rights, shape.id, query.before.map(Moment), PER_PAGE)?,
                None => Vec::new(),
            };
            let more = (binned.len() == PER_PAGE as usize).then(|| binned.last().map_or(0, |last| last.at.0));
            let line = |one: &crm::Binned| Line {
                id: one.item.id,
                title: one.item.title().to_owned(),
                person: answers.person(one.by),
                at: one.at,
                responsible: answers.person(one.item.responsible()),
                merged: one.merged_into.and_then(|into| Some((format!("/{}/{}", slug(schema.kind(into.kind)?), into.id), answers.title(into)?))),
            };
            Ok(BinPage {
                slug: shape.map(slug).unwrap_or_default(),
                kinds: kinds.iter().map(|one| (slug(one), one.plural.get(viewer.lang).to_owned(), shape.is_some_and(|shape| shape.id == one.id))).collect(),
                lines: binned.iter().map(line).collect(),
                more,
                first: query.before.is_none(),
                view,
            })
        })
    })
    .await?;
    show(&page)
}

/// Takes a record out of the bin; one that was joined with another is parted again.
async fn restore(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let at = ItemRef::new(shape.id, id);
        let joined = house.read(|read| read.binned_one(&viewer.rights, at))?.ok_or_else(Refusal::not_found)?.merged_into.is_some();
        let command = if joined { Command::Unmerge { item: at } } else { Command::Restore { item: at } };
        house.command(&viewer.rights, &viewer.cause(house.now()), command)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
