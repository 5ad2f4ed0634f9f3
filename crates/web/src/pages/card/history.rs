//! The history of a card field by field: what was, what became, who did it and why; and the way back.

use super::load;
use crate::answers::Answers;
use crate::pages::show;
use crate::timeline::Teller;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, fields, work};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query as Asked, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use crm::{Action, Command, EntityType, Event, Fact, Moment, Outcome, Read, Refusal, Seq, UserId, Values, code};
use serde::Deserialize;

/// Events read at once.
const PER_READ: u32 = 200;
/// A filter that fits nothing gives up after so many reads; the button goes on.
const MOST_READS: usize = 5;
/// Lines on a page.
const LINES: usize = 80;

/// One change of one field.
struct Line {
    seq: i64,
    code: String,
    field: String,
    old: String,
    new: String,
    who: String,
    why: Option<String>,
    at: Moment,
    /// The old answer can be put back.
    back: bool,
}

#[derive(Template)]
#[template(path = "history.html")]
struct History {
    view: View,
    slug: String,
    id: i64,
    lines: Vec<Line>,
    more: Option<i64>,
    first: bool,
    fields: Vec<(String, String, bool)>,
    people: Vec<(i64, String, bool)>,
    field: String,
    person: i64,
    now: String,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    before: Option<i64>,
    #[serde(default)]
    field: String,
    #[serde(default)]
    person: String,
}

pub(super) async fn history(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Asked(wanted): Asked<Wanted>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let person: i64 = wanted.person.parse().unwrap_or(-1);
            let (mut lines, mut before, mut more) = (Vec::new(), wanted.before.map(Seq), None);
            for _ in 0..MOST_READS {
                let events = read.history(item.at(), before, PER_READ)?;
                let asked: Vec<Event> = events.iter().filter(|event| person < 0 || event.by.user() == UserId(person)).cloned().collect();
                let teller = Teller::new(&view, &answers, item.at(), &asked)?;
                for event in &asked {
                    lines.extend(
                        told(&view, &viewer, &answers, &teller, &shape, &item, event)
                            .into_iter()
                            .filter(|line| wanted.field.is_empty() || line.code == wanted.field),
                    );
                }
                before = events.last().map(|event| event.seq);
                more = (events.len() == PER_READ as usize).then_some(before.map_or(0, |seq| seq.0));
                if more.is_none() || lines.len() >= LINES {
                    break;
                }
            }
            let offered = fields::visible(&shape, &viewer.rights).into_iter().filter(|field| !super::sections::is_trail(&field.code) && field.code != code::ID);
            let offered = offered.map(|field| (field.code.clone(), field.title.get(viewer.lang).to_owned(), field.code == wanted.field)).collect();
            let mut people: Vec<(i64, String, bool)> =
                read.users()?.into_iter().filter(|user| user.active || user.id.0 == person).map(|user| (user.id.0, user.name(), user.id.0 == person)).collect();
            people.insert(0, (0, view.t("who-system"), person == 0));
            let now = fields::local(view.now, &view.zone);
            Ok(History {
                slug: slug(&shape),
                id: item.id,
                lines,
                more,
                first: wanted.before.is_none(),
                fields: offered,
                people,
                field: wanted.field.clone(),
                person,
                now,
                view,
            })
        })
    })
    .await?;
    show(&piece)
}

/// What one event changed, field by field.
fn told(view: &View, viewer: &Viewer, answers: &Answers<'_>, teller: &Teller<'_>, shape: &EntityType, item: &crm::Item, event: &Event) -> Vec<Line> {
    let may_change = viewer.rights.may(Action::Change, item);
    let line = |code: &str, field: String, old: String, new: String, back: bool| Line {
        seq: event.seq.0,
        code: code.to_owned(),
        field,
        old,
        new,
        who: teller.who(&event.by),
        why: teller.why(event),
        at: event.at,
        back,
    };
    match &event.fact {
        Fact::Changed { changes } => changes
            .iter()
            .filter(|change| viewer.rights.sees(shape.id, &change.field) && !super::sections::is_trail(&change.field))
            .filter_map(|change| {
                let field = shape.field(&change.field)?;
                let back = may_change
                    && !field.is_kept()
                    && viewer.rights.writes(shape.id, &field.code)
                    && item.values.get(&field.code) != &change.old
                    && event.item == item.at();
                Some(line(
                    &field.code,
                    field.title.get(viewer.lang).to_owned(),
                    answers.value(item, field, &change.old),
                    answers.value(item, field, &change.new),
                    back,
                ))
            })
            .collect(),
        Fact::Moved { from, to, .. } => {
            let stage = |id: crm::StageId| crm::format::stage(&answers.schema, id, viewer.lang);
            let back = may_change && from.is_some_and(|from| item.stage() != Some(from) && answers.schema.stage(from).is_some()) && event.item == item.at();
            vec![line(code::STAGE, view.t("history-stage"), from.map(stage).unwrap_or_default(), stage(*to), back)]
        }
        Fact::Merged { values, .. } => vec![line("", view.t("history-merged"), String::new(), values.text(code::TITLE).to_owned(), false)],
        Fact::Restored => vec![line("", view.t("history-restored"), String::new(), String::new(), false)],
        _ => Vec::new(),
    }
}

#[derive(Deserialize)]
pub(super) struct Back {
    field: String,
}

/// Puts the answer back that stood there before this event.
pub(super) async fn restore(State(web): State<Web>, viewer: Viewer, Path((word, id, seq)): Path<(String, i64, i64)>, Form(back): Form<Back>) -> Answer {
    work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let command = house.read(|read| way_back(read, item.at(), Seq(seq), &back.field))?;
        house.command(&viewer.rights, &viewer.cause(house.now()), command)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn way_back(read: &dyn Read, at: crm::ItemRef, seq: Seq, field: &str) -> Outcome<Command> {
    let event = read.event(seq)?.filter(|event| event.item == at).ok_or_else(Refusal::not_found)?;
    match event.fact {
        Fact::Moved { from: Some(from), .. } if field == code::STAGE => Ok(Command::Move { item: at, to: from }),
        Fact::Changed { changes } => {
            let change = changes.into_iter().find(|change| change.field == field).ok_or_else(Refusal::not_found)?;
            Ok(Command::Change { item: at, values: Values::new().with(field, change.old) })
        }
        _ => Err(Refusal::not_found().into()),
    }
}
