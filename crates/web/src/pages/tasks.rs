//! My tasks: late, today, later, undated. Done with one key.

use super::{Page, show};
use crate::answers::Answers;
use crate::pages::card::{Planned, plan};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Form, Router};
use crm::{Command, Filter, House, ItemRef, Moment, Op, Outcome, Query, Refusal, Value, Values, code, kind};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "tasks",
        menu: None,
        routes: || Router::new().route("/tasks/my", get(mine).post(create)).route("/tasks/{id}/status", post(status)).route("/tasks/{id}/later", post(later)),
    }
}

/// A task with its card.
struct Line {
    task: Planned,
    card: Option<(String, String)>,
}

/// Tasks of one time.
struct Group {
    code: &'static str,
    title: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "tasks.html")]
struct TasksPage {
    view: View,
    groups: Vec<Group>,
    total: usize,
    tomorrow: String,
    more: bool,
}

/// More than that nobody does in a day.
const SHOWN: u32 = 300;

async fn mine(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "/tasks/my")?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let schema = read.schema();
            let shape = schema.kind(kind::TASK).ok_or_else(Refusal::not_found)?;
            let query = Query::of(kind::TASK)
                .filter(Filter::is(code::RESPONSIBLE, Op::Eq, Value::user(viewer.user.id)))
                .filter(Filter::is(team::tasks::STATUS, Op::Ne, Value::text(team::tasks::COMPLETED)))
                .limit(SHOWN);
            let mut tasks = read.items(&viewer.rights, &query)?;
            tasks.sort_by_key(|task| {
                let deadline = task.values.moment(team::tasks::DEADLINE);
                (deadline.is_none(), deadline, task.id)
            });
            answers.prefetch(tasks.iter().filter_map(|task| task.values.get(code::ABOUT).as_ref_to()).collect::<Vec<_>>())?;
            let mut groups: Vec<Group> = ["late", "today", "later", "undated"]
                .into_iter()
                .map(|code| Group { code, title: view.t(&format!("tasks-{code}")), lines: Vec::new() })
                .collect();
            let day = |at: Moment| at.timestamp().to_zoned(view.zone.clone()).date();
            for task in &tasks {
                let at = match task.values.moment(team::tasks::DEADLINE) {
                    None => 3,
                    Some(deadline) if deadline <= view.now => 0,
                    Some(deadline) if day(deadline) == day(view.now) => 1,
                    Some(_) => 2,
                };
                let about = task.values.get(code::ABOUT).as_ref_to();
                let card =
                    about.and_then(|at| answers.title(at).zip(schema.kind(at.kind)).map(|(title, shape)| (format!("/{}/{}", slug(shape), at.id), title)));
                groups[at].lines.push(Line { task: plan(&view, &answers, shape, task), card });
            }
            let tomorrow = day(view.now).tomorrow().map(|day| day.at(10, 0, 0, 0).strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default();
            Ok(TasksPage { total: tasks.len(), more: tasks.len() == SHOWN as usize, groups, tomorrow, view })
        })
    })
    .await?;
    show(&page)
}

/// The deadline of a form: a local time, or nothing.
///
/// # Errors
/// Refuses what is no time.
pub(crate) fn deadline(text: &str, house: &House) -> Outcome<Option<Moment>> {
    match text.trim() {
        "" => Ok(None),
        text => crate::fields::moment(text, &house.firm.zone).map(Some).ok_or_else(|| {
            let reason = crm::Label::new("нужны дата и время", "a date and a time are needed");
            Refusal::new("wrong_values", "Проверьте заполнение полей", "Check the fields").at(team::tasks::DEADLINE, reason).into()
        }),
    }
}

#[derive(Deserialize)]
struct NewTask {
    #[serde(default)]
    title: String,
    #[serde(default)]
    deadline: String,
}

/// A task for oneself.
async fn create(State(web): State<Web>, viewer: Viewer, Form(given): Form<NewTask>) -> Answer {
    work(&web.house, move |house| {
        let deadline = deadline(&given.deadline, house)?;
        let command = Command::CreateTask { about: None, to: viewer.user.id, title: given.title, description: String::new(), deadline };
        house.command(&viewer.rights, &viewer.cause(house.now()), command)
    })
    .await?;
    Ok(super::login::redirect("/tasks/my"))
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

async fn status(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(given): Form<Status>) -> Answer {
    work(&web.house, move |house| {
        let command = Command::MoveTask { task: ItemRef::new(kind::TASK, id), status: given.status };
        house.command(&viewer.rights, &viewer.cause(house.now()), command)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
struct Later {
    #[serde(default)]
    by: String,
    #[serde(default)]
    to: String,
}

/// Puts a task off: to a moment, or by a span from now (or from its deadline, when that is still to come).
async fn later(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(given): Form<Later>) -> Answer {
    work(&web.house, move |house| {
        let at = ItemRef::new(kind::TASK, id);
        let now = house.now();
        let to = match crm::time::parse_span(&given.by) {
            Some(span) => {
                let task = house.read(|read| read.item(&viewer.rights, at)?.ok_or_else(|| Refusal::not_found().into()))?;
                task.values.moment(team::tasks::DEADLINE).filter(|deadline| *deadline > now).unwrap_or(now).plus(span)
            }
            None => deadline(&given.to, house)?.ok_or_else(|| Refusal::new("no_deadline", "Укажите новый срок", "Name the new deadline"))?,
        };
        let command = Command::Change { item: at, values: Values::from([(team::tasks::DEADLINE, Value::moment(to))]) };
        house.command(&viewer.rights, &viewer.cause(now), command)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
