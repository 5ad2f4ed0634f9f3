//! A new record: what is required first, records that look like it while it is typed, and what is wrong at once.

use super::linked::{LinkedRow, rows};
use super::wants_piece;
use crate::answers::{Answers, shape_of};
use crate::fields::{self, Input};
use crate::pages::show;
use crate::pages::views::wanted::pairs;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Form;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use crm::{Action, Command, EntityType, Fault, Field, FieldKind, FileId, House, Layout, Outcome, Read, Refusal, Scope, Value, Values, code};
use std::collections::{BTreeSet, HashMap};

struct Blank {
    slug: String,
    title: String,
    /// Those that must be filled.
    first: Vec<Input>,
    inputs: Vec<Input>,
    /// What nobody needs at once.
    later: Vec<Input>,
    error: Option<String>,
    /// Other records that the new one would repeat are looked for as it is typed.
    watched: bool,
    /// Answers that stand in no question: the stage of a column, the record it is made beside.
    given: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "new.html")]
struct NewPage {
    view: View,
    blank: Blank,
}

#[derive(Template)]
#[template(path = "new_piece.html")]
struct NewPiece {
    view: View,
    blank: Blank,
}

fn shown(view: View, blank: Blank, piece: bool) -> Answer {
    match piece {
        true => show(&NewPiece { view, blank }),
        false => show(&NewPage { view, blank }),
    }
}

/// The form; what the address says is filled in already: a stage, a client.
pub(super) async fn blank(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    let (typed, piece) = (pairs(query.as_deref().unwrap_or_default()), wants_piece(&headers));
    let (view, blank) = work(&web.house, move |house| house.read(|read| form(house, read, &viewer, &word, &typed, None, piece))).await?;
    shown(view, blank, piece)
}

/// The form for a new item, with what was typed and what is wrong with it.
fn form(
    house: &House,
    read: &dyn Read,
    viewer: &Viewer,
    word: &str,
    typed: &[(String, String)],
    refusal: Option<&Refusal>,
    piece: bool,
) -> Outcome<(View, Blank)> {
    let shape = shape_of(read, &viewer.rights, word)?;
    if viewer.rights.scope(shape.id, Action::Create) == Scope::None {
        return Err(Refusal::denied("У вас нет права создавать такие записи", "You may not create such records").into());
    }
    let slug = slug(&shape);
    let view = if piece { View::piece(house, viewer) } else { View::framed(house, read, viewer, &format!("/{slug}"))? };
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let stage = typed.iter().find(|(name, _)| name == code::STAGE).and_then(|(_, id)| id.parse().ok()).map(crm::StageId);
    let needed = needed(read, &shape, stage);
    let order = Order::of(read, viewer, &shape, stage)?;
    let (mut first, mut inputs, mut later) = (Vec::new(), Vec::new(), Vec::new());
    let mut asked = BTreeSet::new();
    let mut askable = fields::visible(&shape, &viewer.rights);
    askable.retain(|field| fields::is_askable(field) && viewer.rights.writes(shape.id, &field.code));
    askable.sort_by_key(|field| order.place(&field.code));
    for field in askable {
        let value = match fields::taken(field, typed, &house.firm.zone) {
            // What came back goes through the field, so that links and choices are shown as such.
            Some(value) => field.accept(&value).unwrap_or(value),
            None if field.code == code::RESPONSIBLE => Value::user(viewer.user.id),
            None => field.default.clone(),
        };
        let mut input = fields::input(&answers, field, &value)?;
        if field.code == code::RESPONSIBLE && input.kind == "link" && input.value.is_empty() {
            input.value = viewer.user.id.to_string();
        }
        input.required = field.required || needed.contains(&field.code);
        input.error =
            refusal.and_then(|refusal| refusal.fields.iter().find(|(name, _)| *name == field.code)).map(|(_, reason)| reason.get(viewer.lang).to_owned());
        asked.insert(field.code.clone());
        let named = field.code == code::TITLE && !names_itself(&shape) || field.code == code::CONTACT || is_watched(&shape, field) || is_name(&field.code);
        let usual = order.is_usual(field);
        match () {
            () if input.required || named => first.push(input),
            () if field.code == code::TITLE && input.error.is_none() => later.push(input),
            () if usual || input.error.is_some() || !value.is_empty() && field.code != code::RESPONSIBLE => inputs.push(input),
            () => later.push(input),
        }
    }
    let given =
        typed.iter().filter(|(name, _)| matches!(name.as_str(), code::STAGE | code::PIPELINE) && shape.has(name) && !asked.contains(name)).cloned().collect();
    let error = refusal.map(|refusal| refusal.text.get(viewer.lang).to_owned());
    let watched = shape.fields.iter().any(|field| is_watched(&shape, field));
    Ok((view, Blank { title: shape.title.get(viewer.lang).to_owned(), first, inputs, later, error, slug, watched, given }))
}

/// Where the card shows its fields: the form asks them in the same order.
struct Order {
    /// Place of every field of the layout and whether its section is folded; `None`: the type has no layout.
    places: Option<HashMap<String, (usize, bool)>>,
}

impl Order {
    fn of(read: &dyn Read, viewer: &Viewer, shape: &EntityType, stage: Option<crm::StageId>) -> Outcome<Order> {
        let schema = read.schema();
        let (pipeline, stage) = match stage.and_then(|stage| schema.stage(stage)) {
            Some((pipeline, stage)) => (pipeline.code.clone(), stage.code.clone()),
            None => (schema.default_pipeline(shape.id).map(|pipeline| pipeline.code.clone()).unwrap_or_default(), String::new()),
        };
        let layout = Layout::nearest(&read.layouts(shape.id, viewer.user.id)?, viewer.user.id, &pipeline, &stage).cloned();
        let places = layout.map(|layout| {
            let fields = layout.sections.into_iter().flat_map(|section| section.fields.into_iter().map(move |code| (code, section.folded)));
            fields.enumerate().map(|(place, (code, folded))| (code, (place, folded))).collect()
        });
        Ok(Order { places })
    }

    /// The name leads, what the layout does not show comes last.
    fn place(&self, field: &str) -> usize {
        let known = self.places.as_ref().and_then(|places| places.get(field)).map(|(place, _)| place + 1);
        known.unwrap_or(if field == code::TITLE { 0 } else { usize::MAX })
    }

    fn is_usual(&self, field: &Field) -> bool {
        self.places.as_ref().map_or(!field.secondary, |places| places.get(&field.code).is_some_and(|(_, folded)| !folded))
    }
}

/// Whether a record is named after its answers when nobody names it.
fn names_itself(shape: &EntityType) -> bool {
    !shape.naming.trim().is_empty() || shape.has("last_name")
}

/// What a person is called by is asked at once.
fn is_name(code: &str) -> bool {
    matches!(code, "last_name" | "first_name")
}

/// Fields that the first stage (or the one asked for) wants.
fn needed(read: &dyn Read, shape: &EntityType, stage: Option<crm::StageId>) -> BTreeSet<String> {
    let schema = read.schema();
    let stage = stage.or_else(|| schema.default_pipeline(shape.id).and_then(|pipeline| pipeline.stages.first()).map(|stage| stage.id));
    let empty = crm::Item { kind: shape.id, id: 0, version: 0, values: Values::new() };
    stage.map(|stage| crm::require::missing(&schema, &empty, stage).into_iter().map(|field| field.code.clone()).collect()).unwrap_or_default()
}

/// Whether records are recognised by this answer.
fn is_watched(shape: &EntityType, field: &Field) -> bool {
    crm::matching::rules(shape).iter().any(|rule| rule.fields.contains(&field.code))
}

fn values_of(house: &House, shape: &EntityType, form: &[(String, String)]) -> Values {
    let taken = shape.fields.iter().filter_map(|field| Some((field.code.clone(), fields::taken(field, form, &house.firm.zone)?)));
    Values(taken.filter(|(_, value)| !value.is_empty()).collect())
}

pub(super) async fn create(
    State(web): State<Web>,
    viewer: Viewer,
    Path(word): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let piece = wants_piece(&headers);
    let made = work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let values = values_of(house, &shape, &typed);
        let files = files_in(&shape, &values);
        let (executor, rights, cause) = (house.executor.clone(), viewer.rights.clone(), viewer.cause(house.now()));
        let kind = shape.id;
        let made = house.transact(move |tx| {
            let done = executor.execute(tx, &rights, &cause, &Command::Create { kind, values: values.clone() })?;
            if let Some(item) = done.item {
                // Files that were brought for it become its own.
                for id in &files {
                    if let Some(file) = tx.file(*id)?.filter(|file| file.item.id == 0 && file.by == rights.user) {
                        executor.execute(tx, &rights, &cause, &Command::AddFile { item, file })?;
                    }
                }
            }
            Ok(done)
        });
        match made {
            Ok(done) => Ok(Ok(format!("/{}/{}", slug(&shape), done.item.map_or(0, |at| at.id)))),
            Err(Fault::Refused(refusal)) => Ok(Err(house.read(|read| form(house, read, &viewer, &word, &typed, Some(&refusal), piece))?)),
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match made {
        Ok(href) if piece => Ok(axum::Json(serde_json::json!({ "href": href })).into_response()),
        Ok(href) => Ok(Redirect::to(&href).into_response()),
        Err((view, blank)) => {
            let mut answer = shown(view, blank, piece)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}

fn files_in(shape: &EntityType, values: &Values) -> Vec<FileId> {
    let number = |value: &Value| value.as_int().or_else(|| value.as_text().and_then(|text| text.parse().ok())).map(FileId);
    let fields = shape.fields.iter().filter(|field| matches!(field.kind, FieldKind::File | FieldKind::Image));
    fields.flat_map(|field| values.get(&field.code).as_list().iter().filter_map(number).collect::<Vec<_>>()).collect()
}

#[derive(Template)]
#[template(path = "alike.html")]
struct Alike {
    view: View,
    rows: Vec<LinkedRow>,
    /// Records that fit and that this person may not see.
    unseen: usize,
}

/// Records that look like what is being typed.
pub(super) async fn alike(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(typed): Form<Vec<(String, String)>>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let mut values = values_of(house, &shape, &typed);
            // What is typed only half is no answer yet.
            values.0.retain(|code, value| shape.field(code).is_some_and(|field| field.accept(value).is_ok()));
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let found = crm::matching::find(read, shape.id, &values)?;
            answers.prefetch(found.iter().map(|one| one.item).collect::<Vec<_>>())?;
            let seen: Vec<crm::Item> = found.iter().filter_map(|one| answers.item(one.item)).collect();
            Ok(Alike { unseen: found.len() - seen.len(), rows: rows(&answers, &shape, &seen), view })
        })
    })
    .await?;
    show(&piece)
}

/// What is wrong with an answer, while its form is still open: a text, or nothing.
pub(super) async fn check(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(typed): Form<Vec<(String, String)>>) -> Answer {
    let wrong = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let Some(field) = typed
                .iter()
                .find(|(name, _)| name == "field")
                .and_then(|(_, code)| shape.field(code))
                .filter(|field| viewer.rights.sees(shape.id, &field.code))
            else {
                return Ok(None);
            };
            let text = typed.iter().find(|(name, _)| name == "value").map(|(_, text)| text.as_str()).unwrap_or_default();
            let refused = field.accept(&fields::given(field, &[text], &house.firm.zone)).err();
            Ok(refused.map(|refusal| refusal.fields.first().map_or(&refusal.text, |(_, reason)| reason).get(viewer.lang).to_owned()))
        })
    })
    .await?;
    Ok(axum::Json(serde_json::json!({ "wrong": wrong })).into_response())
}
