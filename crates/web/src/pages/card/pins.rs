//! Lines of the story that stay on top.

use super::load;
use crate::answers::Answers;
use crate::timeline::{Entry, Teller};
use crate::{Answer, View, Viewer, Web, work};
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use crm::{Command, Fact, ItemRef, Outcome, Read, Seq};
use serde::Deserialize;
use std::collections::BTreeSet;

/// So many lines stand on top at most.
const MOST: usize = 10;
/// So far back the pinning itself is looked for.
const LOOKED_AT: u32 = 200;

/// The pinned lines of a card, the last pinned first.
pub(super) fn of(read: &dyn Read, view: &View, answers: &Answers<'_>, at: ItemRef) -> Outcome<Vec<Entry>> {
    let mut judged = BTreeSet::new();
    let mut pinned = Vec::new();
    for told in read.timeline_of(at, &["pinned"], None, LOOKED_AT)?.into_iter().filter(|told| told.item == at) {
        let Fact::Pinned { event, on } = told.fact else { continue };
        if judged.insert(event) && on && pinned.len() < MOST {
            pinned.extend(read.event(event)?);
        }
    }
    if pinned.is_empty() {
        return Ok(Vec::new());
    }
    let teller = Teller::new(view, answers, at, &pinned)?;
    Ok(teller.entries(&pinned).into_iter().map(|entry| Entry { day: None, pinned: true, ..entry }).collect())
}

#[derive(Deserialize)]
pub(super) struct Pin {
    event: i64,
    on: String,
}

pub(super) async fn pin(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(given): Form<Pin>) -> Answer {
    work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let command = Command::Pin { item: item.at(), event: Seq(given.event), on: given.on == "1" };
        house.command(&viewer.rights, &viewer.cause(house.now()), command)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
