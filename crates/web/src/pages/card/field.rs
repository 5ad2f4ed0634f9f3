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
use crm::{Action, Command, EntityType, Fault, Field, House, Outcome, Rights, Values};

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
        Ok(FieldPiece { view, slug: slug(&shape), id, field })
    })
}

pub(super) async fn one_field(State(web): State<Web>, viewer: Viewer, Path((word, id, name)): Path<(String, i64, String)>) -> Answer {
    show(&work(&web.house, move |house| field_piece(house, &viewer, &word, id, &name)).await?)
}

pub(super) async fn edit_field(State(web): State<Web>, viewer: Viewer, Path((word, id, name)): Path<(String, i64, String)>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            // The form is only for whoever may send it.
            viewer.rights.demand(crm::Action::Change, &item)?;
            if !viewer.rights.writes(shape.id, &name) {
                return Err(crm::Refusal::denied("У вас нет права изменять это поле", "You may not change this field").into());
            }
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let field = field_of(&shape, &viewer.rights, &name)?;
            let input = fields::input(&answers, field, item.values.get(&name))?;
            Ok(FieldEdit { view, slug: slug(&shape), id, input })
        })
    })
    .await?;
    show(&piece)
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
        let texts: Vec<&str> = typed.iter().filter(|(key, _)| *key == name).map(|(_, text)| text.as_str()).collect();
        let value = fields::given(field, &texts, &house.firm.zone);
        let command = Command::Change { item: item.at(), values: Values::from([(name.as_str(), value.clone())]) };
        match house.command(&viewer.rights, &viewer.cause(house.now()), command) {
            Ok(_) => Ok(Ok(field_piece(house, &viewer, &word, id, &name)?)),
            Err(Fault::Refused(refusal)) => {
                let piece = house.read(|read| {
                    let view = View::piece(house, &viewer);
                    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
                    let mut input = fields::input(&answers, field, item.values.get(&name))?;
                    input.value = texts.join("\n");
                    for option in &mut input.options {
                        option.2 = texts.contains(&option.0.as_str());
                    }
                    let reason = refusal
                        .fields
                        .iter()
                        .find(|(code, _)| *code == name)
                        .map_or_else(|| refusal.explain(viewer.lang), |(_, reason)| reason.get(viewer.lang).to_owned());
                    input.error = Some(reason);
                    Ok(FieldEdit { view, slug: slug(&shape), id, input })
                })?;
                Ok(Err(piece))
            }
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match changed {
        Ok(piece) => show(&piece),
        Err(piece) => {
            let mut answer = show(&piece)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}
