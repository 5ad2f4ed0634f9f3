//! A card as it was at a past moment: to look at, not to touch.

use super::{load, sections};
use crate::answers::Answers;
use crate::pages::show;
use crate::{Answer, View, Viewer, Web, fields, work};
use askama::Template;
use axum::extract::{Path, Query as Asked, State};
use crm::{Moment, Refusal};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
pub(super) struct When {
    #[serde(default)]
    at: String,
}

/// What is left of a minute after its beginning.
const REST_OF_MINUTE: Duration = Duration::from_secs(59);

#[derive(Template)]
#[template(path = "card_past.html")]
struct Past {
    view: View,
    slug: String,
    id: i64,
    at: Moment,
    /// `None`: the record was not there then.
    was: Option<Was>,
}

struct Was {
    title: String,
    stage: String,
    sections: Vec<sections::Section>,
}

pub(super) async fn as_of(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Asked(when): Asked<When>) -> Answer {
    let piece = work(&web.house, move |house| {
        let at = fields::moment(&when.at, &house.firm.zone).ok_or_else(|| Refusal::new("wrong_values", "Укажите дату и время", "Name a date and a time"))?;
        // A form asks for minutes: what happened within the named one has happened.
        let at = at.plus(REST_OF_MINUTE);
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let was = crm::past::as_of(read, &viewer.rights, item.at(), at)?;
            let was = match was {
                Some(old) => Some(Was {
                    title: old.title().to_owned(),
                    stage: old.stage().map(|stage| crm::format::stage(&answers.schema, stage, viewer.lang)).unwrap_or_default(),
                    sections: sections::of(read, &viewer, &view, &answers, &shape, &old, false)?
                        .into_iter()
                        .filter(|section| section.fields.iter().any(|field| !field.empty))
                        .collect(),
                }),
                None => None,
            };
            Ok(Past { view, slug: crate::view::slug(&shape), id: item.id, at, was })
        })
    })
    .await?;
    show(&piece)
}
