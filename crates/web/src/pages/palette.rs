//! The palette: everywhere one can go and everything one can make, by typing a few letters.

use super::Page;
use super::views::mode_path;
use crate::view::{home_of, slug};
use crate::{Answer, View, Viewer, Web, work};
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use crm::{Action, Scope, ViewMode, code, kind};
use serde::Serialize;

pub(crate) fn page() -> Page {
    Page { code: "palette", menu: None, routes: || Router::new().route("/palette", get(palette)) }
}

/// A place or an action.
#[derive(Serialize, PartialEq)]
struct Line {
    title: String,
    /// What stands beside it in grey.
    hint: String,
    href: String,
    icon: String,
}

/// What the palette offers, by groups.
#[derive(Serialize)]
struct Offer {
    go: Vec<Line>,
    make: Vec<Line>,
    views: Vec<Line>,
}

async fn palette(State(web): State<Web>, viewer: Viewer) -> Answer {
    let offer = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "")?;
            let schema = read.schema();
            let mut offer = Offer { go: Vec::new(), make: Vec::new(), views: Vec::new() };
            for line in &view.menu {
                offer.go.push(Line { title: line.title.clone(), hint: String::new(), href: line.href.clone(), icon: line.icon.clone() });
            }
            let shapes =
                schema.types.values().filter(|shape| shape.listed && shape.has(code::TITLE) && viewer.rights.scope(shape.id, Action::Read) != Scope::None);
            for shape in shapes {
                let (slug, plural) = (slug(shape), shape.plural.get(viewer.lang).to_owned());
                let mut add = |title: &str, mode: ViewMode, icon: &str| {
                    let line = Line {
                        title: format!("{plural}: {}", view.t(title)),
                        hint: String::new(),
                        href: format!("/{slug}{}?view=", mode_path(mode)),
                        icon: icon.to_owned(),
                    };
                    offer.go.push(line);
                };
                // A type that the menu folds away has its first page here all the same.
                if shape.staged {
                    add("view-board", ViewMode::Board, "layout-kanban");
                }
                add("view-list", ViewMode::List, "list");
                if shape.id != kind::TASK {
                    add("view-activities", ViewMode::Activities, "clock");
                    add("view-calendar", ViewMode::Calendar, "calendar");
                }
                let home = home_of(shape);
                if !offer.go.iter().any(|line| line.href == home) {
                    offer.go.push(Line { title: plural.clone(), hint: String::new(), href: home, icon: shape.icon.clone() });
                }
                if viewer.rights.may_for(Action::Create, shape.id, viewer.user.id) {
                    let title = format!("{}: {}", view.t("palette-make"), shape.title.get(viewer.lang));
                    offer.make.push(Line { title, hint: String::new(), href: format!("/{slug}/new"), icon: "plus".to_owned() });
                }
                for one in read.views(shape.id, viewer.user.id)?.into_iter().filter(|one| !one.code.starts_with('_')) {
                    let href = format!("/{slug}{}?view={}", mode_path(one.mode), crate::trouble::percent(&one.code));
                    offer.views.push(Line { title: one.title.get(viewer.lang).to_owned(), hint: plural.clone(), href, icon: "filter".to_owned() });
                }
            }
            Ok(offer)
        })
    })
    .await?;
    Ok(Json(offer).into_response())
}
