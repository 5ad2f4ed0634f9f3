//! Actions on many records at once.

use super::{PER_PAGE, cell, question, question_of};
use crate::answers::Answers;
use crate::fields::{self, Input};
use crate::pages::show;
use crate::pages::views::Look;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use axum::{Form, Json};
use crm::{Action, Command, FieldKind, Item, ItemRef, Outcome, Refusal, Scope, StageId, UserId, Value, Values, ViewMode, code};

/// Records that are changed at once, while one waits.
const AT_ONCE: usize = 200;
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

/// Does it, and tells what became of it.
pub(super) async fn act(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(form): Form<Vec<(String, String)>>) -> Answer {
    let told = work(&web.house, move |house| {
        let first = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let look = house.read(|read| Look::read(house, read, &viewer, &word, ViewMode::List, Some(first("address"))))?;
        let kind = look.shape.id;
        let ids: Vec<i64> = match first("all") {
            "1" => Vec::new(),
            _ => first("ids").split(',').filter_map(|id| id.parse().ok()).collect(),
        };
        let items = house.read(|read| chosen(read, &viewer, &look, &ids, first("all") == "1"))?;
        let values: Vec<&str> = form.iter().filter(|(key, _)| key == "value").map(|(_, value)| value.as_str()).collect();
        let command = |item: &Item| -> Outcome<Command> { command(house, &look, item, first("act"), first("field"), &values) };
        let _ = kind;
        let mut failed = Vec::new();
        let mut done = 0_usize;
        for item in &items {
            let outcome = command(item).and_then(|command| house.command(&viewer.rights, &viewer.cause(house.now()), command));
            match outcome {
                Ok(_) => done += 1,
                Err(crm::Fault::Refused(refusal)) => failed.push((item.id, item.title().to_owned(), refusal.explain(viewer.lang))),
                Err(failure) => return Err(failure),
            }
        }
        let more = failed.len().saturating_sub(TOLD);
        failed.truncate(TOLD);
        let failed: Vec<_> =
            failed.into_iter().map(|(id, title, text)| serde_json::json!({ "href": format!("/{}/{id}", look.slug), "title": title, "text": text })).collect();
        Ok(serde_json::json!({ "done": done, "failed": failed, "more": more }))
    })
    .await?;
    Ok(Json(told).into_response())
}

/// The records that were chosen, one by one or all that fit.
fn chosen(read: &dyn crm::Read, viewer: &Viewer, look: &Look, ids: &[i64], all: bool) -> Outcome<Vec<Item>> {
    let mut query = question(look, &viewer.rights)?;
    if !all {
        let list = ids.iter().take(AT_ONCE).map(|id| Value::Int(*id)).collect();
        query = crm::Query::of(look.shape.id).filter(crm::Filter::is(code::ID, crm::Op::In, Value::Many(list)));
    }
    query.page.limit = u32::try_from(AT_ONCE + 1).unwrap_or(PER_PAGE);
    let items = read.items(&viewer.rights, &query)?;
    match items.len() {
        0 => Err(Refusal::new("nothing_chosen", "Ничего не выбрано", "Nothing is chosen").into()),
        count if count > AT_ONCE => {
            Err(Refusal::new("too_many", "За один раз можно изменить не больше 200 записей", "At most 200 records can be changed at once").into())
        }
        _ => Ok(items),
    }
}

/// The command that an action means for a record.
fn command(house: &crm::House, look: &Look, item: &Item, act: &str, field: &str, values: &[&str]) -> Outcome<Command> {
    let at = ItemRef::new(item.kind, item.id);
    let number = || values.first().and_then(|text| text.parse::<i64>().ok());
    let unknown = || Refusal::new("unknown_action", "Такого действия нет", "There is no such action");
    let change = |code: &str, value: Value| Command::Change { item: at, values: Values::default().with(code, value) };
    Ok(match act {
        "delete" => Command::Delete { item: at },
        "stage" => {
            Command::Move { item: at, to: StageId(number().ok_or_else(|| Refusal::new("unknown_stage", "Выберите стадию", "Choose a stage"))?) }
        }
        "assign" => change(
            code::RESPONSIBLE,
            Value::user(UserId(number().ok_or_else(|| Refusal::new("unknown_user", "Выберите сотрудника", "Choose a member of staff"))?)),
        ),
        "observe" => {
            let id = number().ok_or_else(|| Refusal::new("unknown_user", "Выберите сотрудника", "Choose a member of staff"))?;
            let mut list: Vec<Value> = item.values.get(code::OBSERVERS).as_list().to_vec();
            if !list.contains(&Value::Int(id)) {
                list.push(Value::Int(id));
            }
            change(code::OBSERVERS, Value::Many(list))
        }
        "change" => {
            let known = look.shape.field(field).filter(|field| field.kind != FieldKind::Stage).ok_or_else(|| crm::query::unknown_field(field))?;
            change(field, fields::given(known, values, &house.firm.zone))
        }
        _ => return Err(unknown().into()),
    })
}
