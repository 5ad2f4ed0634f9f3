//! Changing an answer in its cell.

use super::{demand, question_of, rows_of};
use crate::answers::Answers;
use crate::fields::{self, Input};
use crate::pages::show;
use crate::pages::views::Look;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Form;
use axum::extract::{Path, RawQuery, State};
use crm::{Action, Command, EntityTypeId, Field, FieldKind, ItemRef, Rights, Values, ViewMode};

/// Whether a field can be changed in a cell.
pub(super) fn is_editable(rights: &Rights, kind: EntityTypeId, field: &Field) -> bool {
    !field.read_only
        && !field.masked
        && rights.writes(kind, &field.code)
        && (fields::is_askable(field) || field.kind == FieldKind::Stage)
        && !matches!(field.kind, FieldKind::Formula { .. } | FieldKind::Counter { .. } | FieldKind::Address | FieldKind::Image)
}

#[derive(Template)]
#[template(path = "cell_edit.html")]
struct CellEdit {
    view: View,
    slug: String,
    id: i64,
    input: Input,
}

/// The question in place of the answer.
pub(super) async fn edit(State(web): State<Web>, viewer: Viewer, Path((word, id, code)): Path<(String, i64, String)>, RawQuery(query): RawQuery) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::List, query.as_deref())?;
            let item = demand(read, &viewer, &look, id)?;
            viewer.rights.demand(Action::Change, &item)?;
            let field =
                look.shape.field(&code).filter(|field| is_editable(&viewer.rights, look.shape.id, field)).ok_or_else(|| crm::query::unknown_field(&code))?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let mut input = question_of(&answers, &look, field, item.values.get(&code))?;
            input.help.clear();
            Ok(CellEdit { slug: look.slug, id, input, view })
        })
    })
    .await?;
    show(&piece)
}

/// Keeps the answer and gives the row anew.
pub(super) async fn save(
    State(web): State<Web>,
    viewer: Viewer,
    Path((word, id, code)): Path<(String, i64, String)>,
    RawQuery(query): RawQuery,
    Form(form): Form<Vec<(String, String)>>,
) -> Answer {
    let piece = work(&web.house, move |house| {
        let look = house.read(|read| Look::read(house, read, &viewer, &word, ViewMode::List, query.as_deref()))?;
        let field =
            look.shape.field(&code).filter(|field| is_editable(&viewer.rights, look.shape.id, field)).ok_or_else(|| crm::query::unknown_field(&code))?;
        let values = Values::default().with(code.clone(), fields::taken(field, &form, &house.firm.zone).unwrap_or_default());
        house.command(&viewer.rights, &viewer.cause(house.now()), Command::Change { item: ItemRef::new(look.shape.id, id), values })?;
        house.read(|read| rows_of(house, read, &viewer, &look, &[id]))
    })
    .await?;
    show(&piece)
}

/// One row anew; empty when the record is not to be seen any more.
pub(super) async fn row(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, RawQuery(query): RawQuery) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::List, query.as_deref())?;
            rows_of(house, read, &viewer, &look, &[id])
        })
    })
    .await?;
    show(&piece)
}
