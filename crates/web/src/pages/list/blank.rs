//! A new record: its form, and records to choose from while it is filled in.

use crate::answers::{Answers, shape_of};
use crate::fields::{self, Input};
use crate::pages::show;
use crate::pages::views::wanted::pairs;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use axum::{Form, Json};
use crm::{Command, Filter, Outcome, Query, Read, Refusal, Value, Values, code};

/// Records to choose from: number and title only.
pub(super) async fn pick(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let q = pairs(query.as_deref().unwrap_or_default()).into_iter().find(|(name, _)| name == "q").map(|(_, q)| q).unwrap_or_default();
    let found = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let mut query = Query::of(shape.id).limit(8);
            if !q.trim().is_empty() {
                query = query.filter(Filter::Search(q.trim().chars().take(100).collect()));
            }
            let items = read.items(&viewer.rights, &query)?;
            Ok(items.into_iter().map(|item| serde_json::json!({ "id": item.id, "title": item.title() })).collect::<Vec<_>>())
        })
    })
    .await?;
    Ok(Json(found).into_response())
}

#[derive(Template)]
#[template(path = "new.html")]
struct BlankPage {
    view: View,
    slug: String,
    title: String,
    inputs: Vec<Input>,
    /// Where it begins: a stage cannot be asked for, only come from the column it was made in.
    hidden: Vec<(&'static str, String)>,
    error: Option<String>,
}

/// The form; what the address says is filled in already: a stage, a client.
pub(super) async fn blank(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let typed = pairs(query.as_deref().unwrap_or_default());
    let page = work(&web.house, move |house| house.read(|read| form(house, read, &viewer, &word, &typed, None))).await?;
    show(&page)
}

/// The form for a new item, with what was typed and what is wrong with it.
fn form(house: &crm::House, read: &dyn Read, viewer: &Viewer, word: &str, typed: &[(String, String)], refusal: Option<&Refusal>) -> Outcome<BlankPage> {
    let shape = shape_of(read, &viewer.rights, word)?;
    let slug = slug(&shape);
    let view = View::framed(house, read, viewer, &format!("/{slug}"))?;
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let mut inputs = Vec::new();
    for field in fields::visible(&shape, &viewer.rights)
        .into_iter()
        .filter(|field| !field.read_only && fields::is_askable(field) && (!field.secondary || field.required))
    {
        let value = match typed.iter().find(|(name, _)| *name == field.code) {
            Some((_, text)) => Value::text(text),
            None if field.code == code::RESPONSIBLE => Value::user(viewer.user.id),
            None => field.default.clone(),
        };
        let mut input = fields::input(&answers, field, &value)?;
        input.error =
            refusal.and_then(|refusal| refusal.fields.iter().find(|(name, _)| *name == field.code)).map(|(_, reason)| reason.get(viewer.lang).to_owned());
        inputs.push(input);
    }
    let hidden = [code::STAGE, code::PIPELINE]
        .into_iter()
        .filter_map(|code| typed.iter().find(|(name, _)| name == code).map(|(_, value)| (code, value.clone())))
        .collect();
    let error = refusal.map(|refusal| refusal.text.get(viewer.lang).to_owned());
    Ok(BlankPage { title: shape.title.get(viewer.lang).to_owned(), inputs, hidden, error, slug, view })
}

pub(super) async fn create(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(typed): Form<Vec<(String, String)>>) -> Answer {
    let made = work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let mut values = Values::new();
        for field in &shape.fields {
            let texts: Vec<&str> = typed.iter().filter(|(name, _)| *name == field.code).map(|(_, text)| text.as_str()).collect();
            let value = fields::given(field, &texts, &house.firm.zone);
            if !value.is_empty() {
                values.set(field.code.clone(), value);
            }
        }
        match house.command(&viewer.rights, &viewer.cause(house.now()), Command::Create { kind: shape.id, values }) {
            Ok(done) => Ok(Ok(format!("/{}/{}", slug(&shape), done.item.map_or(0, |at| at.id)))),
            Err(crm::Fault::Refused(refusal)) => Ok(Err(house.read(|read| form(house, read, &viewer, &word, &typed, Some(&refusal)))?)),
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match made {
        Ok(href) => Ok(Redirect::to(&href).into_response()),
        Err(page) => {
            let mut answer = show(&page)?;
            *answer.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}
