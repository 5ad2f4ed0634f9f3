//! Files that hang on a card: brought by dragging, taken off and put back.

use super::load;
use crate::pages::files::{keep, line, unseen};
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query as Asked, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use crm::{Action, Command, EntityType, Fact, FileId, ItemRef, Outcome, Read, Refusal, Rights, StoredFile};
use serde::Deserialize;

use crate::pages::files::Line;

/// So many removals are looked through for what can be put back.
const LOOKED_AT: u32 = 50;

/// The files of a card that this person may see, the newest first.
pub(super) fn of(read: &dyn Read, rights: &Rights, shape: &EntityType, at: ItemRef) -> Outcome<Vec<StoredFile>> {
    let files = read.files_of(at)?;
    if files.is_empty() {
        return Ok(files);
    }
    let hidden = unseen(read, rights, shape, at)?;
    Ok(files.into_iter().filter(|file| !hidden.contains(&file.id)).collect())
}

/// Files that were taken off this card and belong to none since.
fn taken_off(read: &dyn Read, at: ItemRef) -> Outcome<Vec<StoredFile>> {
    let mut list: Vec<StoredFile> = Vec::new();
    for event in read.timeline_of(at, &["file_removed"], None, LOOKED_AT)?.into_iter().filter(|event| event.item == at) {
        let Fact::FileRemoved { file, .. } = event.fact else { continue };
        if let Some(file) = read.file(file)?.filter(|file| file.item.id == 0 && !list.iter().any(|known| known.id == file.id)) {
            list.push(file);
        }
    }
    Ok(list)
}

#[derive(Template)]
#[template(path = "card_files.html")]
struct Files {
    view: View,
    slug: String,
    id: i64,
    files: Vec<Line>,
    gone: Vec<Line>,
    may_change: bool,
}

pub(super) async fn list(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let may_change = viewer.rights.may(Action::Change, &item);
            let hidden = unseen(read, &viewer.rights, &shape, item.at())?;
            let files = of(read, &viewer.rights, &shape, item.at())?.iter().map(|file| line(read, &view, file)).collect();
            let gone = if may_change { taken_off(read, item.at())? } else { Vec::new() };
            let gone = gone.iter().filter(|file| !hidden.contains(&file.id)).map(|file| line(read, &view, file)).collect();
            Ok(Files { slug: slug(&shape), id: item.id, files, gone, may_change, view })
        })
    })
    .await?;
    show(&piece)
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    name: String,
}

/// A file comes in as the bytes of the request and is kept while it comes.
pub(super) async fn upload(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Asked(named): Asked<Named>, body: Body) -> Answer {
    let checked = viewer.clone();
    let at = work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &checked, &word, id))?;
        checked.rights.demand(Action::Change, &item)?;
        Ok(item.at())
    })
    .await?;
    let file = keep(&web, &viewer, &named.name, body).await?;
    let file = work(&web.house, move |house| {
        let (rights, cause) = (viewer.rights.clone(), viewer.cause(house.now()));
        house.transact(move |tx| crm::item::add_file(tx, &rights, &cause, at, &file))
    })
    .await?;
    Ok(Json(serde_json::json!({ "id": file.id.0, "name": file.name, "size": file.size })).into_response())
}

pub(super) async fn remove(State(web): State<Web>, viewer: Viewer, Path((word, id, file)): Path<(String, i64, i64)>) -> Answer {
    work(&web.house, move |house| {
        let (shape, item) = house.read(|read| load(read, &viewer, &word, id))?;
        if house.read(|read| unseen(read, &viewer.rights, &shape, item.at()))?.contains(&FileId(file)) {
            return Err(Refusal::not_found().into());
        }
        house.command(&viewer.rights, &viewer.cause(house.now()), Command::RemoveFile { item: item.at(), file: FileId(file) })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn restore(State(web): State<Web>, viewer: Viewer, Path((word, id, file)): Path<(String, i64, i64)>) -> Answer {
    work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let file = house.read(|read| taken_off(read, item.at()))?.into_iter().find(|one| one.id == FileId(file)).ok_or_else(Refusal::not_found)?;
        house.command(&viewer.rights, &viewer.cause(house.now()), Command::AddFile { item: item.at(), file })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
