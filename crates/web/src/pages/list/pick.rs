//! Records and colleagues to choose from while something is typed: a name and a hint, no more.

use crate::answers::{Answers, shape_of};
use crate::pages::views::wanted::pairs;
use crate::{Answer, View, Viewer, Web, work};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use crm::{EntityType, Filter, Item, Query, code};

/// So many are offered.
const OFFERED: u32 = 8;

fn typed(query: Option<&str>) -> String {
    let q = pairs(query.unwrap_or_default()).into_iter().find(|(name, _)| name == "q").map(|(_, q)| q).unwrap_or_default();
    q.trim().chars().take(100).collect()
}

/// Records to choose from: number, title and what tells two of the same name apart.
pub(super) async fn pick(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let q = typed(query.as_deref());
    let found = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let mut query = Query::of(shape.id).limit(OFFERED);
            if !q.is_empty() {
                query = query.filter(Filter::Search(q.clone()));
            }
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let items = read.items(&viewer.rights, &query)?;
            Ok(items.iter().map(|item| serde_json::json!({ "id": item.id, "title": item.title(), "hint": hint(&answers, &shape, item) })).collect::<Vec<_>>())
        })
    })
    .await?;
    Ok(Json(found).into_response())
}

/// A phone or an e-mail; otherwise the client, the stage, the number.
fn hint(answers: &Answers<'_>, shape: &EntityType, item: &Item) -> String {
    let seen = |field: &&crm::Field| answers.rights.sees(shape.id, &field.code) && !field.masked;
    let point = shape
        .fields
        .iter()
        .filter(|field| field.is_points())
        .filter(seen)
        .find_map(|field| item.values.points(&field.code).first().map(|point| (field, point)));
    if let Some((field, point)) = point {
        return if field.kind == crm::FieldKind::Phone { crm::format::phone(&point.normal) } else { point.raw.clone() };
    }
    let client = shape.field(code::CONTACT).filter(seen).map(|field| answers.text(item, field)).filter(|text| !text.is_empty());
    let stage = item.stage().map(|stage| crm::format::stage(&answers.schema, stage, answers.lang)).filter(|text| !text.is_empty());
    match (client, stage) {
        (Some(client), Some(stage)) => format!("{client} · {stage}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => format!("№ {}", item.id),
    }
}

/// Colleagues to choose from; a firm has at most some thousands.
pub(super) async fn people(State(web): State<Web>, _: Viewer, RawQuery(query): RawQuery) -> Answer {
    let q = typed(query.as_deref()).to_lowercase();
    let found = work(&web.house, move |house| {
        house.read(|read| {
            let fits = |user: &crm::User| user.active && (q.is_empty() || user.name().to_lowercase().contains(&q) || user.login.starts_with(&q));
            let line = |user: crm::User| serde_json::json!({ "id": user.id.0, "title": user.name(), "hint": user.post });
            Ok(read.users()?.into_iter().filter(fits).take(OFFERED as usize).map(line).collect::<Vec<_>>())
        })
    })
    .await?;
    Ok(Json(found).into_response())
}
