//! What one was told: the page and the drop-down under the bell.

use super::{Page, show};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use crm::{Filter, Item, ItemRef, Lang, Moment, Op, Outcome, Read, Rights, UserId, Value, code, kind};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "notices",
        menu: None,
        routes: || {
            Router::new()
                .route("/notices", get(whole))
                .route("/notices/bell", get(bell))
                .route("/notices/count", get(count))
                .route("/notices/read", post(read_all))
                .route("/notices/{id}/read", post(read_one))
        },
    }
}

/// One notice as a line.
struct Line {
    id: i64,
    text: String,
    href: String,
    at: Moment,
    unread: bool,
    popup: bool,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    view: View,
    lines: Vec<Line>,
    more: Option<i64>,
}

#[derive(Template)]
#[template(path = "notices_lines.html")]
struct Lines {
    view: View,
    lines: Vec<Line>,
    more: Option<i64>,
}

#[derive(Template)]
#[template(path = "bell.html")]
struct Bell {
    view: View,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Before {
    before: Option<i64>,
}

const PER_PAGE: u32 = 50;

async fn whole(State(web): State<Web>, viewer: Viewer, Query(query): Query<Before>) -> Answer {
    let before = query.before;
    let (view, lines, more) = work(&web.house, move |house| {
        house.read(|read| {
            let lines = lines(read, viewer.user.id, viewer.lang, before, PER_PAGE)?;
            let more = (lines.len() == PER_PAGE as usize).then(|| lines.last().map_or(0, |line| line.id));
            let view = if before.is_some() { View::piece(house, &viewer) } else { View::framed(house, read, &viewer, "/notices")? };
            Ok((view, lines, more))
        })
    })
    .await?;
    match before {
        Some(_) => show(&Lines { view, lines, more }),
        None => show(&NoticesPage { view, lines, more }),
    }
}

async fn bell(State(web): State<Web>, viewer: Viewer) -> Answer {
    let (view, lines) =
        work(&web.house, move |house| house.read(|read| Ok((View::piece(house, &viewer), lines(read, viewer.user.id, viewer.lang, None, 10)?)))).await?;
    show(&Bell { view, lines })
}

async fn count(State(web): State<Web>, viewer: Viewer) -> Answer {
    let unread = work(&web.house, move |house| house.read(|read| team::notices::unread_count(read, viewer.user.id))).await?;
    Ok(axum::Json(serde_json::json!({ "unread": unread })).into_response())
}

/// The newest notices of somebody. Their own rights are beside the point: they were told to him.
fn lines(read: &dyn Read, user: UserId, lang: Lang, before: Option<i64>, limit: u32) -> Outcome<Vec<Line>> {
    let mut query = crm::Query::of(kind::NOTIFICATION).filter(Filter::is(code::RESPONSIBLE, Op::Eq, Value::user(user))).limit(limit);
    if let Some(before) = before {
        query = query.filter(Filter::is(code::ID, Op::Lt, Value::Int(before)));
    }
    let schema = read.schema();
    let items = read.items(&Rights::system(), &query)?;
    Ok(items
        .into_iter()
        .map(|item| {
            let href = item.values.get(code::ABOUT).as_ref_to().and_then(|at| schema.kind(at.kind).map(|shape| format!("/{}/{}", slug(shape), at.id)));
            Line {
                id: item.id,
                text: text_of(&item, lang),
                href: href.unwrap_or_default(),
                at: item.values.moment(code::CREATED_AT).unwrap_or_default(),
                unread: item.values.get("read_at").is_empty(),
                popup: item.values.flag("popup"),
            }
        })
        .collect())
}

/// The text of a notice in the reader's language.
pub(crate) fn text_of(notice: &Item, lang: Lang) -> String {
    let english = notice.values.text("text_en");
    if lang == Lang::En && !english.is_empty() { english.to_owned() } else { notice.title().to_owned() }
}

async fn read_one(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    work(&web.house, move |house| {
        let cause = viewer.cause(house.now());
        let user = viewer.user.id;
        house.transact(move |tx| team::notices::mark_read(tx, user, &cause, ItemRef::new(kind::NOTIFICATION, id)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn read_all(State(web): State<Web>, viewer: Viewer) -> Answer {
    work(&web.house, move |house| {
        let cause = viewer.cause(house.now());
        let user = viewer.user.id;
        house.transact(move |tx| team::notices::mark_all_read(tx, user, &cause, cause.at))
    })
    .await?;
    Ok(super::login::redirect("/notices"))
}
