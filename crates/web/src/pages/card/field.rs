//! One field of a card: shown, asked for in its place, and what came back.

use super::load;
use crate::answers::Answers;
use crate::fields::{self, Input, Shown};
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use crm::{Action, Command, EntityType, Fact, Fault, Field, FieldKind, House, ItemRef, Outcome, Read, Rights, Value, Values, code};

#[derive(Template)]
#[template(path = "field.html")]
struct FieldPiece {
    view: View,
    slug: String,
    id: i64,
    field: Shown,
}

#[derive(Template)]
#[template(path = "field_edit.html")]
struct FieldEdit {
    view: View,
    slug: String,
    id: i64,
    input: Input,
    /// Beside an amount: its currency.
    currency: Option<Input>,
}

fn field_of<'a>(shape: &'a EntityType, rights: &Rights, name: &str) -> Outcome<&'a Field> {
    shape.field(name).filter(|_| rights.sees(shape.id, name)).ok_or_else(|| crm::query::unknown_field(name).into())
}

fn field_piece(house: &House, viewer: &Viewer, word: &str, id: i64, name: &str) -> Outcome<FieldPiece> {
    house.read(|read| {
        let (shape, item) = load(read, viewer, word, id)?;
        let view = View::piece(house, viewer);
        let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
        let field = fields::shown(&answers, &item, field_of(&shape, &viewer.rights, name)?, viewer.rights.may(Action::Change, &item));
        Ok(FieldPiece { view, slug: slug(&shape), id: item.id, field })
    })
}

pub(super) async fn one_field(State(web): State<Web>, viewer: Viewer, Path((word, id, name)): Path<(String, i64, String)>) -> Answer {
    show(&work(&web.house, move |house| field_piece(house, &viewer, &word, id, &name)).await?)
}

/// A masked answer as it is; the asking is written down.
pub(super) async fn reveal(State(web): State<Web>, viewer: Viewer, Path((word, id, name)): Path<(String, i64, String)>) -> Answer {
    let html = work(&web.house, move |house| {
        let (at, html) = house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, house.firm.zone.clone());
            Ok((item.at(), fields::revealed(&answers, &item, field_of(&shape, &viewer.rights, &name)?)))
        })?;
        super::note_look(house, &viewer, at, &[name], "reveal")?;
        Ok(html)
    })
    .await?;
    Ok(axum::response::Html(html).into_response())
}

/// The question about a field; the currency beside an amount.
fn question(answers: &Answers<'_>, shape: &EntityType, item: &crm::Item, field: &Field, value: &Value) -> Outcome<(Input, Option<Input>)> {
    let input = fields::input(answers, field, value)?;
    let currency = shape.field(code::CURRENCY).filter(|one| matches!(field.kind, FieldKind::Money) && answers.rights.writes(shape.id, &one.code));
    let currency = currency.map(|one| fields::input(answers, one, item.values.get(code::CURRENCY))).transpose()?;
    Ok((input, currency))
}

pub(super) async fn edit_field(State(web): State<Web>, viewer: Viewer, Path((word, id, name)): Path<(String, i64, String)>) -> Answer {
    let piece = work(&web.house, move |house| {
        let (piece, at, masked) = house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            // The form is only for whoever may send it.
            viewer.rights.demand(Action::Change, &item)?;
            if !viewer.rights.writes(shape.id, &name) {
                return Err(crm::Refusal::denied("У вас нет права изменять это поле", "You may not change this field").into());
            }
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let field = field_of(&shape, &viewer.rights, &name)?;
            let (input, currency) = question(&answers, &shape, &item, field, item.values.get(&name))?;
            let masked = field.masked && !item.values.get(&name).is_empty();
            Ok((FieldEdit { view, slug: slug(&shape), id: item.id, input, currency }, item.at(), masked))
        })?;
        if masked {
            // Whoever changes it reads it.
            super::note_look(house, &viewer, at, &[name], "reveal")?;
        }
        Ok(piece)
    })
    .await?;
    show(&piece)
}

/// The event that changed a field just now, for the button that takes it back.
fn undo(read: &dyn Read, viewer: &Viewer, at: ItemRef, name: &str) -> Outcome<Option<i64>> {
    let changed = |event: &&crm::Event| {
        event.item == at
            && event.by.user() == viewer.user.id
            && matches!(&event.fact, Fact::Changed { changes } if changes.iter().any(|change| change.field == name))
    };
    Ok(read.history(at, None, 10)?.iter().find(changed).map(|event| event.seq.0))
}

pub(super) async fn put_field(
    State(web): State<Web>,
    viewer: Viewer,
    Path((word, id, name)): Path<(String, i64, String)>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let changed = work(&web.house, move |house| {
        let (shape, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let field = field_of(&shape, &viewer.rights, &name)?;
        let value = fields::taken(field, &typed, &house.firm.zone).unwrap_or_default();
        let mut values = Values::from([(name.as_str(), value.clone())]);
        if let Some(currency) = shape.field(code::CURRENCY).filter(|one| matches!(field.kind, FieldKind::Money) && viewer.rights.writes(shape.id, &one.code))
            && let Some(chosen) = fields::taken(currency, &typed, &house.firm.zone)
        {
            values.set(code::CURRENCY, chosen);
        }
        let before = house.read(|read| read.latest())?.0;
        match house.command(&viewer.rights, &viewer.cause(house.now()), Command::Change { item: item.at(), values }) {
            Ok(_) => {
                let undo = house.read(|read| undo(read, &viewer, item.at(), &name))?.filter(|seq| *seq > before);
                Ok(Ok((field_piece(house, &viewer, &word, id, &name)?, undo)))
            }
            Err(Fault::Refused(refusal)) => {
                let piece = house.read(|read| {
                    let view = View::piece(house, &viewer);
                    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
                    let (input, currency) = question(&answers, &shape, &item, field, &value)?;
                    let reason =
                        refusal.fields.iter().find(|(code, _)| *code == name).or_else(|| refusal.fields.first()).map_or(&refusal.text, |(_, reason)| reason);
                    let typed_text = typed.iter().find(|(key, _)| *key == name).map(|(_, text)| text.clone());
                    let value = if input.value.is_empty() && input.kind != "link" { typed_text.unwrap_or_default() } else { input.value.clone() };
                    let input = Input { error: Some(reason.get(viewer.lang).to_owned()), value, ..input };
                    Ok(FieldEdit { view, slug: slug(&shape), id, input, currency })
                })?;
                Ok(Err(piece))
            }
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match changed {
        Ok((piece, undo)) => {
            let mut answer = show(&piece)?;
            if let Some(Ok(seq)) = undo.map(|seq| seq.to_string().parse()) {
                answer.headers_mut().insert("x-undo", seq);
            }
            Ok(answer)
        }
        Err(piece) => {
            let mut answer = show(&piece)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}
