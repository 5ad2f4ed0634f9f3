//! Records that look like one: the queue of pairs, two side by side, joined or told apart.

use super::card::{LinkedRow, linked_rows};
use super::{Entry, Page, show};
use crate::answers::{Answers, shape_of};
use crate::fields;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use askama::filters::Safe;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use crm::{Action, Command, DoubleState, EntityType, Field, Item, ItemRef, Moment, Outcome, Read, Refusal, Rights, Schema, Scope, Values, kind};
use serde::Deserialize;

/// Pairs on one page.
const PER_PAGE: u32 = 50;

pub(crate) fn page() -> Page {
    Page {
        code: "doubles",
        menu: Some(Entry { title: "menu-doubles", icon: "copy", href: "/doubles", shown: |rights| rights.scope(kind::CONTACT, Action::Change) != Scope::None }),
        routes: || {
            Router::new()
                .route("/doubles", get(first))
                .route("/doubles/{kind}", get(queue))
                .route("/doubles/{kind}/{keep}/{drop}", get(compare).post(join))
                .route("/doubles/{kind}/{keep}/{drop}/different", post(different))
                .route("/doubles/{kind}/{keep}/unmerge", post(unmerge))
        },
    }
}

/// Types whose records are recognised by anything.
fn kinds<'a>(schema: &'a Schema, rights: &Rights) -> Vec<&'a EntityType> {
    let mut list: Vec<&EntityType> = schema
        .types
        .values()
        .filter(|shape| shape.listed && !crm::matching::rules(shape).is_empty() && rights.scope(shape.id, Action::Change) != Scope::None)
        .collect();
    list.sort_by_key(|shape| (shape.id != kind::CONTACT, shape.id));
    list
}

struct Pair {
    rows: Vec<LinkedRow>,
    /// Which answers are equal.
    rule: String,
    /// The equal answers themselves.
    common: String,
    at: Moment,
    compare: Option<String>,
    different: String,
}

#[derive(Template)]
#[template(path = "doubles.html")]
struct Queue {
    view: View,
    kinds: Vec<(String, String, bool)>,
    slug: String,
    pairs: Vec<Pair>,
    more: Option<u32>,
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u32,
}

async fn first(state: State<Web>, viewer: Viewer, query: Query<After>) -> Answer {
    page_of(state, viewer, None, query).await
}

async fn queue(state: State<Web>, viewer: Viewer, Path(word): Path<String>, query: Query<After>) -> Answer {
    page_of(state, viewer, Some(word), query).await
}

async fn page_of(State(web): State<Web>, viewer: Viewer, word: Option<String>, Query(query): Query<After>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "/doubles")?;
            let schema = read.schema();
            let kinds = kinds(&schema, &viewer.rights);
            let shape = match &word {
                Some(word) => kinds.iter().find(|shape| slug(shape) == *word).copied().ok_or_else(Refusal::not_found)?,
                None => kinds.first().copied().ok_or_else(Refusal::not_found)?,
            };
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let found = read.doubles(shape.id, query.after, PER_PAGE)?;
            let more = (found.len() == PER_PAGE as usize).then_some(query.after + PER_PAGE);
            let open: Vec<crm::Double> = found.into_iter().filter(|pair| pair.state == DoubleState::Open).collect();
            answers.prefetch(open.iter().flat_map(|pair| [pair.first, pair.second]).collect::<Vec<_>>())?;
            let pairs = open.iter().filter_map(|pair| told(&answers, shape, pair)).collect();
            Ok(Queue {
                slug: slug(shape),
                kinds: kinds.iter().map(|one| (slug(one), one.plural.get(viewer.lang).to_owned(), one.id == shape.id)).collect(),
                pairs,
                more,
                view,
            })
        })
    })
    .await?;
    show(&page)
}

/// Where two records are compared and joined, the one that stays first; nothing for whoever may not join them.
pub(crate) fn comparison(rights: &Rights, shape: &EntityType, one: &Item, other: &Item) -> Option<String> {
    let may = |keep: &Item, drop: &Item| rights.may(Action::Change, keep) && rights.may(Action::Delete, drop);
    let (keep, drop) = if may(one, other) { (one, other) } else { (other, one) };
    may(keep, drop).then(|| format!("/doubles/{}/{}/{}", slug(shape), keep.id, drop.id))
}

/// A pair for whoever may see both.
fn told(answers: &Answers<'_>, shape: &EntityType, pair: &crm::Double) -> Option<Pair> {
    let (first, second) = (answers.item(pair.first)?, answers.item(pair.second)?);
    let fields: Vec<&Field> = pair.rule.split('+').filter_map(|code| shape.field(code)).filter(|field| answers.rights.sees(shape.id, &field.code)).collect();
    Some(Pair {
        rule: fields.iter().map(|field| field.title.get(answers.lang).to_lowercase()).collect::<Vec<_>>().join(", "),
        common: fields.iter().map(|field| answers.text(&second, field)).collect::<Vec<_>>().join(", "),
        at: pair.at,
        compare: comparison(answers.rights, shape, &first, &second),
        different: format!("/doubles/{}/{}/{}/different", slug(shape), first.id, second.id),
        rows: linked_rows(answers, shape, &[first, second]),
    })
}

async fn different(State(web): State<Web>, viewer: Viewer, Path((word, keep, drop)): Path<(String, i64, i64)>) -> Answer {
    work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let (rights, cause) = (viewer.rights.clone(), viewer.cause(house.now()));
        house.transact(move |tx| crm::matching::part(tx, &rights, &cause, ItemRef::new(shape.id, keep), ItemRef::new(shape.id, drop)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// One field of both records.
struct Side {
    code: String,
    title: String,
    /// HTML of each answer, empty or not, and whether it is taken unless somebody chooses.
    answers: Vec<(Safe<String>, bool, bool)>,
    conflict: bool,
    /// Answers are put together: nothing is to be chosen.
    together: bool,
}

#[derive(Template)]
#[template(path = "doubles_compare.html")]
struct Compare {
    view: View,
    slug: String,
    keep: i64,
    drop: i64,
    rows: Vec<LinkedRow>,
    sides: Vec<Side>,
    /// What moves to the record that stays: title of the tab and count.
    moves: Vec<(String, String)>,
    files: usize,
    conflicts: usize,
}

fn both(read: &dyn Read, viewer: &Viewer, shape: &EntityType, keep: i64, drop: i64) -> Outcome<(Item, Item)> {
    let one = |id: i64| -> Outcome<Item> {
        // A record that was joined already is found under the one that kept its things: there is nothing to compare.
        let found = read.item(&viewer.rights, ItemRef::new(shape.id, id))?.filter(|item| item.id == id);
        Ok(found.ok_or_else(|| Refusal::new("not_found", "Запись уже объединена или удалена", "The record was joined or deleted already"))?)
    };
    Ok((one(keep)?, one(drop)?))
}

async fn compare(State(web): State<Web>, viewer: Viewer, Path((word, keep, drop)): Path<(String, i64, i64)>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "/doubles")?;
            let shape = shape_of(read, &viewer.rights, &word)?;
            let (kept, dropped) = both(read, &viewer, &shape, keep, drop)?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let preview = crm::merge::preview(read, &viewer.rights, kept.at(), &[dropped.at()])?;
            let items = [&kept, &dropped];
            let side = |one: &crm::merge::Side| -> Option<Side> {
                let field = shape.field(&one.field)?;
                let together = matches!(one.result, crm::Value::Many(_) | crm::Value::Points(_));
                let shown = |(at, value): (usize, &crm::Value)| {
                    let held = Item { values: Values::from([(field.code.as_str(), value.clone())]), ..items[at.min(1)].clone() };
                    (fields::shown(&answers, &held, field, false).html, value.is_empty(), together || (!value.is_empty() && *value == one.result))
                };
                let mut answers: Vec<_> = one.answers.iter().enumerate().map(shown).collect();
                if !together && answers.len() == 2 && answers[0].2 {
                    // Equal answers: the one that stays anyway is enough.
                    answers[1].2 = false;
                }
                Some(Side { code: field.code.clone(), title: field.title.get(viewer.lang).to_owned(), answers, conflict: one.conflict, together })
            };
            let mut sides: Vec<Side> = preview.sides.iter().filter_map(side).collect();
            sides.sort_by_key(|side| !side.conflict);
            let schema = read.schema();
            let moves = preview.links.iter().flat_map(|(_, groups)| groups).filter_map(|group| {
                let other = schema.kind(group.kind)?;
                Some((other.plural.get(viewer.lang).to_owned(), format!("{}{}", group.count.counted, if group.count.more { "+" } else { "" })))
            });
            Ok(Compare {
                slug: slug(&shape),
                keep,
                drop,
                moves: moves.collect(),
                files: preview.files,
                conflicts: sides.iter().filter(|side| side.conflict).count(),
                sides,
                rows: linked_rows(&answers, &shape, &[kept, dropped]),
                view,
            })
        })
    })
    .await?;
    show(&page)
}

/// Joins the second record into the first, with the answers that were chosen.
async fn join(State(web): State<Web>, viewer: Viewer, Path((word, keep, drop)): Path<(String, i64, i64)>, Form(form): Form<Vec<(String, String)>>) -> Answer {
    let href = work(&web.house, move |house| {
        let (shape, values) = house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let (kept, dropped) = both(read, &viewer, &shape, keep, drop)?;
            let preview = crm::merge::preview(read, &viewer.rights, kept.at(), &[dropped.at()])?;
            let mut values = Values::new();
            for side in &preview.sides {
                let chosen = form.iter().find(|(name, _)| name.strip_prefix("pick.") == Some(&side.field)).and_then(|(_, at)| at.parse::<usize>().ok());
                if let Some(answer) = chosen.and_then(|at| side.answers.get(at)).filter(|answer| **answer != side.result) {
                    values.set(side.field.clone(), answer.clone());
                }
            }
            Ok((shape, values))
        })?;
        let command = Command::Merge { keep: ItemRef::new(shape.id, keep), drop: vec![ItemRef::new(shape.id, drop)], values };
        house.command(&viewer.rights, &viewer.cause(house.now()), command)?;
        Ok(format!("/{}/{keep}", slug(&shape)))
    })
    .await?;
    Ok(Redirect::to(&href).into_response())
}

async fn unmerge(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        house.command(&viewer.rights, &viewer.cause(house.now()), Command::Unmerge { item: ItemRef::new(shape.id, id) })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
