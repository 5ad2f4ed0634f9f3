//! Search by any fragment of a name, phone, address or number, over all types the reader sees.

use super::{Page, show};
use crate::answers::Answers;
use crate::trouble::escape;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use askama::filters::Safe;
use axum::Router;
use axum::extract::{Query as Asked, State};
use axum::http::HeaderMap;
use axum::routing::get;
use crm::{Action, EntityType, Filter, Item, Op, Outcome, Query, Read, Scope, Value, code};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page { code: "search", menu: None, routes: || Router::new().route("/search", get(search)) }
}

struct Hit {
    title: Safe<String>,
    href: String,
    hint: Safe<String>,
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
            let stage = item.stage().map(|stage| crm::format::stage(&schema, stage, viewer.lang));
            let phone = || item.values.points(code::PHONE).first().map(|point| crm::format::phone(&point.normal));
            let hint = why(&answers, shape, item, q).or_else(phone).or(stage).unwrap_or_else(|| answers.person(item.responsible()).name);
            Hit {
                title: marked(if item.title().is_empty() { format!("№ {}", item.id) } else { item.title().to_owned() }, q),
                href: format!("/{}/{}", slug(shape), item.id),
                hint: marked(hint, q),
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

/// The answer in which the fragment stands, when it is not the name itself.
fn why(answers: &Answers<'_>, shape: &EntityType, item: &Item, q: &str) -> Option<String> {
    let needle = q.to_lowercase();
    let digits: String = q.chars().filter(char::is_ascii_digit).collect();
    if item.title().to_lowercase().contains(&needle) {
        return None;
    }
    let fields = shape.fields.iter().filter(|field| (field.searchable || field.is_points()) && !field.masked && answers.rights.sees(shape.id, &field.code));
    fields
        .filter_map(|field| {
            let text = answers.text(item, field);
            let bare: String = text.chars().filter(char::is_ascii_digit).collect();
            let found = text.to_lowercase().contains(&needle) || (digits.len() > 2 && bare.contains(&digits));
            (found && !text.is_empty()).then(|| if field.is_points() { text } else { format!("{}: {text}", field.title.get(answers.lang)) })
        })
        .next()
}

/// The text with the fragment marked; safe to stand in a page.
fn marked(text: String, q: &str) -> Safe<String> {
    let found = text.to_lowercase().find(&q.to_lowercase()).filter(|_| !q.is_empty() && text.to_lowercase().len() == text.len());
    let whole = found.and_then(|at| Some((text.get(..at)?, text.get(at..at + q.len())?, text.get(at + q.len()..)?)));
    Safe(match whole {
        Some((before, hit, after)) => format!("{}<mark>{}</mark>{}", escape(before), escape(hit), escape(after)),
        None => escape(&text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_name_is_never_markup() {
        assert_eq!(marked("<b>Иванов</b>".into(), "иван").0, "&lt;b&gt;<mark>Иван</mark>ов&lt;/b&gt;");
        assert_eq!(marked("a<script>".into(), "<script>").0, "a<mark>&lt;script&gt;</mark>");
        // Letters that change their length with their case are left unmarked, never cut in two.
        assert_eq!(marked("İstanbul Иван".into(), "иван").0, "İstanbul Иван");
    }
}
