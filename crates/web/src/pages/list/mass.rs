//! Actions on many records at once.

use super::{cell, question_of};
use crate::answers::Answers;
use crate::fields::{self, Input};
use crate::pages::show;
use crate::pages::views::Look;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Form, Json};
use crm::{Action, FieldKind, Outcome, Refusal, Scope, StageId, UserId, Value, Values, ViewMode, code};
use exchange::operations::{self, State as Place};
use exchange::{Act, Plan, What};
use serde::{Deserialize, Serialize};

/// Errors that are told one by one.
const TOLD: usize = 20;

/// What the bar under the list offers.
pub(crate) struct Bar {
    pub may_change: bool,
    pub may_delete: bool,
    pub may_merge: bool,
    pub may_export: bool,
    pub has_stages: bool,
    pub has_observers: bool,
}

/// What this reader may do with many records.
///
/// # Errors
/// None today; questions about rights may come to need the database.
pub(super) fn bar(_view: &View, answers: &Answers<'_>, look: &Look) -> Outcome<Bar> {
    let (rights, kind) = (answers.rights, look.shape.id);
    let may = |action| rights.scope(kind, action) != Scope::None;
    Ok(Bar {
        may_change: may(Action::Change),
        may_delete: may(Action::Delete),
        may_merge: may(Action::Change) && may(Action::Delete),
        may_export: may(Action::Export),
        has_stages: look.shape.staged && may(Action::Change),
        has_observers: look.shape.has(code::OBSERVERS) && rights.writes(kind, code::OBSERVERS) && may(Action::Change),
    })
}

#[derive(Template)]
#[template(path = "mass_ask.html")]
struct AskPiece {
    view: View,
    slug: String,
    /// `change`, `stage`, `assign`, `observe`.
    act: String,
    /// Code, title, chosen.
    fields: Vec<(String, String, bool)>,
    input: Option<Input>,
}

/// What an action needs to know.
pub(super) async fn ask(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let pairs = crate::pages::views::wanted::pairs(query.as_deref().unwrap_or_default());
    let given = move |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::List, Some("view="))?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let act = given("act");
            let wanted = match act.as_str() {
                "stage" => code::STAGE.to_owned(),
                "assign" => code::RESPONSIBLE.to_owned(),
                "observe" => code::OBSERVERS.to_owned(),
                _ => given("field"),
            };
            let offered = fields::visible(&look.shape, &viewer.rights).into_iter().filter(|field| {
                cell::is_editable(&viewer.rights, look.shape.id, field) && !field.unique && !matches!(field.code.as_str(), code::STAGE | code::PIPELINE)
            });
            let fields: Vec<_> = if act == "change" {
                offered.map(|field| (field.code.clone(), field.title.get(viewer.lang).to_owned(), field.code == wanted)).collect()
            } else {
                Vec::new()
            };
            let field = look.shape.field(&wanted).filter(|field| cell::is_editable(&viewer.rights, look.shape.id, field));
            let input = match field {
                Some(field) => {
                    let single = crm::Field { multiple: field.multiple && act != "observe", required: act != "change", ..field.clone() };
                    let mut input = question_of(&answers, &look, &single, &Value::Null)?;
                    input.code = "value".to_owned();
                    Some(input)
                }
                None => None,
            };
            Ok(AskPiece { slug: look.slug, act, fields, input, view })
        })
    })
    .await?;
    show(&piece)
}

/// Starts the operation and tells where it goes on.
pub(super) async fn act(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(form): Form<Vec<(String, String)>>) -> Answer {
    let id = work(&web.house, move |house| {
        let first = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let look = house.read(|read| Look::read(house, read, &viewer, &word, ViewMode::List, Some(first("address"))))?;
        let what = match first("all") {
            "1" => What::Fits(look.filter_in_pipeline()),
            _ => What::Ids(first("ids").split(',').filter_map(|id| id.parse().ok()).collect()),
        };
        let values: Vec<&str> = form.iter().filter(|(key, _)| key == "value").map(|(_, value)| value.as_str()).collect();
        let act = match (first("act"), &what) {
            ("merge", What::Ids(ids)) if (2..=5).contains(&ids.len()) => Act::Merge { keep: ids.iter().copied().min().unwrap_or(0) },
            ("merge", _) => {
                return Err(Refusal::new("wrong_merge", "Объединить можно от двух до пяти записей", "From two to five records can be joined").into());
            }
            (act, _) => wanted(house, &look, &viewer.rights, act, first("field"), &values)?,
        };
        let plan = Plan { kind: look.shape.id, what, act, quiet: first("quiet") == "1" };
        let (rights, cause) = (viewer.rights.clone(), viewer.cause(house.now()));
        house.transact(move |tx| Ok(operations::start(tx, &rights, &cause, &plan)?.id))
    })
    .await?;
    Ok(Json(serde_json::json!({ "operation": id })).into_response())
}

/// What an action means.
fn wanted(house: &crm::House, look: &Look, rights: &crm::Rights, act: &str, field: &str, values: &[&str]) -> Outcome<Act> {
    let number = |refusal: Refusal| values.first().and_then(|text| text.parse::<i64>().ok()).ok_or(refusal);
    let nobody = || Refusal::new("unknown_user", "Выберите сотрудника", "Choose a member of staff");
    Ok(match act {
        "delete" => Act::Delete,
        "stage" => {
            Act::Move { stage: StageId(number(Refusal::new("unknown_stage", "Выберите стадию", "Choose a stage"))?), values: Values::new() }
        }
        "assign" => Act::Change { values: Values::from([(code::RESPONSIBLE, Value::Int(number(nobody())?))]) },
        "observe" => Act::AddObserver { user: UserId(number(nobody())?) },
        "change" => {
            let known = look.shape.field(field).filter(|field| field.kind != FieldKind::Stage && cell::is_editable(rights, look.shape.id, field));
            let known = known.ok_or_else(|| crm::query::unknown_field(field))?;
            let value = fields::given(known, values, &house.firm.zone);
            // What is wrong is told now, not a thousand times later.
            Act::Change { values: Values::default().with(field, known.accept(&value)?) }
        }
        _ => return Err(Refusal::new("unknown_action", "Такого действия нет", "There is no such action").into()),
    })
}

/// How far an operation has come.
#[derive(Serialize)]
struct Progress {
    title: String,
    state: &'static str,
    going: bool,
    total: Option<i64>,
    seen: i64,
    done: i64,
    failed: i64,
    undone: i64,
    kept: i64,
    may_undo: bool,
    /// The first reasons.
    notes: Vec<(String, String, String)>,
}

/// How far an operation has come, for the strip above the list.
pub(super) async fn progress(State(web): State<Web>, viewer: Viewer, Path((_, id)): Path<(String, i64)>) -> Answer {
    let told = work(&web.house, move |house| {
        house.read(|read| {
            let operation = operations::open(read, &viewer.rights, id)?;
            let state = operation.state;
            let undo = matches!(state, Place::Undoing | Place::Undone);
            let going = state.is_going();
            let slug = read.schema().kind(operation.plan.kind).map(slug).unwrap_or_default();
            let notes = if going { Vec::new() } else { operations::notes(read, id, undo, TOLD)? };
            Ok(Progress {
                title: operation.plan.act.title().get(viewer.lang).to_owned(),
                state: state.code(),
                going,
                total: operation.total(),
                seen: operation.seen(),
                done: operation.count("done"),
                failed: operation.count("failed"),
                undone: operation.count("undone"),
                kept: operation.count("kept"),
                may_undo: matches!(state, Place::Done | Place::Failed | Place::Cancelled) && operation.count("done") > 0,
                notes: notes.into_iter().map(|note| (format!("/{slug}/{}", note.at), note.title, note.why.get(viewer.lang).to_owned())).collect(),
            })
        })
    })
    .await?;
    Ok(Json(told).into_response())
}

#[derive(Deserialize)]
pub(super) struct Turn {
    act: String,
}

/// Stops an operation or takes it back.
pub(super) async fn turn(State(web): State<Web>, viewer: Viewer, Path((_, id)): Path<(String, i64)>, Form(turn): Form<Turn>) -> Answer {
    work(&web.house, move |house| {
        let (rights, cause) = (viewer.rights.clone(), viewer.cause(house.now()));
        house.transact(move |tx| match turn.act.as_str() {
            "undo" => operations::undo(tx, &rights, &cause, id).map(drop),
            _ => operations::cancel(tx, &rights, &cause, id).map(drop),
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
