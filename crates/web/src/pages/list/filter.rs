//! One condition of a list's filter on the screen.

use super::wanted::{Wanted, op_code, op_of, ops};
use crate::answers::{Answers, shape_of};
use crate::fields::{self, Input};
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use crm::{EntityType, Field, FieldKind, Op, Outcome, Value};

/// A row of the filter.
pub(super) struct FilterRow {
    pub fields: Vec<(String, String, bool)>,
    pub ops: Vec<(String, String, bool)>,
    pub input: Input,
    pub silent: bool,
}

/// One row of the filter; the field decides the comparisons and the question.
pub(super) fn filter(answers: &Answers<'_>, shape: &EntityType, name: &str, op: &str, text: &str) -> Outcome<FilterRow> {
    let lang = answers.lang;
    let offered: Vec<&Field> = fields::visible(shape, answers.rights)
        .into_iter()
        .filter(|field| !matches!(field.kind, FieldKind::Record { .. } | FieldKind::Secret | FieldKind::File | FieldKind::AnyItem))
        .collect();
    let field = offered.iter().find(|field| field.code == name).or_else(|| offered.first()).ok_or_else(|| crm::query::unknown_field(name))?;
    let known = ops(field);
    let chosen = op_of(op).filter(|op| known.contains(op)).unwrap_or(known[0]);
    let single = Field { multiple: false, required: false, ..(*field).clone() };
    let mut input = fields::input(answers, &single, &Value::Null)?;
    input.value = text.to_owned();
    for option in &mut input.options {
        option.2 = option.0 == text;
    }
    // A stage of this type only; a moment is asked for as a day.
    if let FieldKind::Stage = field.kind {
        let own: Vec<String> =
            answers.schema.pipelines_of(shape.id).into_iter().flat_map(|pipeline| pipeline.stages.iter().map(|stage| stage.id.to_string())).collect();
        input.options.retain(|option| own.contains(&option.0));
    }
    if input.kind == "moment" {
        input.kind = "date";
    }
    if input.kind == "points" || input.kind == "long" {
        input.kind = "text";
    }
    if let (FieldKind::Link { to }, Ok(id)) = (&field.kind, text.parse()) {
        input.link_title = answers.title(crm::ItemRef::new(*to, id)).unwrap_or_default();
    }
    input.code = "v".to_owned();
    Ok(FilterRow {
        fields: offered.iter().map(|one| (one.code.clone(), one.title.get(lang).to_owned(), one.code == field.code)).collect(),
        ops: known.iter().map(|one| (op_code(*one), one.label().get(lang).to_owned(), *one == chosen)).collect(),
        input,
        silent: matches!(chosen, Op::Empty | Op::Filled),
    })
}

#[derive(Template)]
#[template(path = "filter_row.html")]
struct FilterPiece {
    view: View,
    slug: String,
    row: FilterRow,
}

pub(super) async fn filter_row(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let wanted = Wanted::read(query.as_deref());
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let (name, op, text) = wanted.rows.first().cloned().unwrap_or_default();
            Ok(FilterPiece { view, slug: slug(&shape), row: filter(&answers, &shape, &name, &op, &text)? })
        })
    })
    .await?;
    show(&piece)
}
