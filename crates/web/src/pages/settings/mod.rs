//! Settings in one place: a card for each page of settings, and one search over all of them and all that is set up.

mod field_form;
mod fields;
mod links;
pub(crate) mod menu;
pub(crate) mod packs;
mod pipelines;
mod sent;
pub(crate) mod types;
mod uses;

use super::{Entry, Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use crm::{EntityType, House, Lang, Outcome, Read, Refusal, Rights};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page { code: "settings", menu: None, routes: || Router::new().route("/settings", get(cards)).route("/settings/find", get(find)) }
}

/// Whether somebody sees any settings: then the menu shows the line.
pub(crate) fn shown(rights: &Rights) -> bool {
    super::all().into_iter().filter_map(|page| page.menu).any(|entry| is_card(&entry) && (entry.shown)(rights))
}

/// Pages under `/settings/` stand on this page, not in the menu.
pub(crate) fn is_card(entry: &Entry) -> bool {
    entry.href.starts_with("/settings/")
}

/// One card.
struct Card {
    title: String,
    lead: String,
    icon: &'static str,
    href: &'static str,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings {
    view: View,
    cards: Vec<Card>,
}

async fn cards(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "/settings")?;
            let cards = all_cards(&viewer.rights, viewer.lang);
            match cards.is_empty() {
                true => Err(Refusal::denied("Настройки доступны администратору", "Settings are for the administrator").into()),
                false => Ok(Settings { view, cards }),
            }
        })
    })
    .await?;
    show(&page)
}

fn all_cards(rights: &Rights, lang: Lang) -> Vec<Card> {
    let entries = super::all().into_iter().filter_map(|page| page.menu).filter(|entry| is_card(entry) && (entry.shown)(rights));
    entries.map(|entry| Card { title: crate::texts::text(lang, entry.title, &[]), lead: lead(entry.title, lang), icon: entry.icon, href: entry.href }).collect()
}

/// What a page of settings is for: `accounts-heading` has its sentence under `accounts-lead`.
fn lead(title: &str, lang: Lang) -> String {
    let area = title.split_once('-').map_or(title, |(area, _)| area);
    crate::texts::known(lang, &format!("{area}-lead")).unwrap_or_default()
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

/// One thing that can be set up.
struct Found {
    title: String,
    place: String,
    icon: String,
    href: String,
}

#[derive(Template)]
#[template(path = "settings_found.html")]
struct FoundList {
    view: View,
    found: Vec<Found>,
}

/// So many finds are enough to choose from.
const MOST_FOUND: usize = 30;

async fn find(State(web): State<Web>, viewer: Viewer, Query(asked): Query<Asked>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let found = search(read, &viewer, &asked.q.trim().to_lowercase());
            Ok(FoundList { view: View::piece(house, &viewer), found })
        })
    })
    .await?;
    show(&piece)
}

/// Pages, types, fields, pipelines and stages whose name or code holds a fragment.
fn search(read: &dyn Read, viewer: &Viewer, fragment: &str) -> Vec<Found> {
    let lang = viewer.lang;
    let fits = |text: &str| text.to_lowercase().contains(fragment);
    let mut found: Vec<Found> = all_cards(&viewer.rights, lang)
        .into_iter()
        .filter(|card| fits(&card.title) || fits(&card.lead))
        .map(|card| Found { title: card.title, place: card.lead, icon: card.icon.to_owned(), href: card.href.to_owned() })
        .collect();
    if fragment.is_empty() || crm::constructor::demand(&viewer.rights).is_err() {
        return found;
    }
    let schema = read.schema();
    for shape in schema.types.values() {
        let title = shape.plural.get(lang).to_owned();
        let here = format!("/settings/types/{}", shape.code);
        if fits(&title) || fits(&shape.code) {
            found.push(Found { title: title.clone(), place: crate::texts::text(lang, "ctor-type", &[]), icon: shape.icon.clone(), href: here.clone() });
        }
        for field in shape.fields.iter().filter(|field| fits(field.title.get(lang)) || field.code == fragment) {
            found.push(Found {
                title: field.title.get(lang).to_owned(),
                place: format!("{title} · {}", crate::texts::text(lang, "ctor-field", &[])),
                icon: "forms".to_owned(),
                href: format!("{here}?tab=fields#{}", field.code),
            });
        }
        for pipeline in schema.pipelines_of(shape.id) {
            let named = fits(pipeline.title.get(lang)).then(|| (pipeline.title.get(lang), "ctor-pipeline"));
            let stages = pipeline.stages.iter().filter(|stage| fits(stage.title.get(lang))).map(|stage| (stage.title.get(lang), "ctor-stage"));
            for (name, what) in named.into_iter().chain(stages) {
                found.push(Found {
                    title: name.to_owned(),
                    place: format!("{title} · {}", crate::texts::text(lang, what, &[])),
                    icon: "layout-kanban".to_owned(),
                    href: format!("{here}?tab=pipelines"),
                });
            }
        }
    }
    found.truncate(MOST_FOUND);
    found
}

/// The type under a code, for whoever sets types up.
fn shape_of(read: &dyn Read, rights: &Rights, code: &str) -> Outcome<EntityType> {
    crm::constructor::demand(rights)?;
    read.schema().kind_by_code(code).cloned().ok_or_else(|| Refusal::not_found().into())
}

/// The answer to a script whose change was made.
fn done(more: serde_json::Value) -> Answer {
    Ok(Json(more).into_response())
}

/// A change of the shape, in a transaction of its own.
async fn change<T: Send + 'static>(
    web: &Web,
    viewer: &Viewer,
    mut job: impl FnMut(&mut dyn crm::Tx, &Rights, crm::Moment) -> Outcome<T> + Send + 'static,
) -> Result<T, crate::Trouble> {
    let rights = viewer.rights.clone();
    work(&web.house, move |house: &House| {
        let now = house.now();
        house.transact(move |tx| job(tx, &rights, now))
    })
    .await
}
