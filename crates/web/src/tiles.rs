//! Cards of a board: an item in a few lines, with its client and its next task.

use crate::View;
use crate::answers::{Answers, Person};
use crate::view::slug;
use crm::{EntityType, Filter, Item, ItemRef, Moment, Op, Outcome, Query, Value, code, kind};
use std::collections::HashMap;

/// An item in a few lines.
pub(crate) struct Tile {
    pub id: i64,
    pub title: String,
    pub href: String,
    pub amount: String,
    pub client: String,
    pub client_href: String,
    /// Main phone and address of the client, for the icons.
    pub phone: String,
    pub email: String,
    pub date: Moment,
    pub person: Person,
    pub stage: i64,
    pub badge: Badge,
    /// The client came before.
    pub repeat: bool,
}

/// What has to be done next.
pub(crate) struct Badge {
    /// `late`, `today`, `later`, `undated`, `none`, or empty when nothing needs to be done.
    pub tone: &'static str,
    pub text: String,
    pub hint: String,
}

/// Tiles of items of one kind, with one question each for the clients and the tasks.
///
/// # Errors
/// Failures of the database.
pub(crate) fn tiles(view: &View, answers: &Answers<'_>, shape: &EntityType, items: &[Item]) -> Outcome<Vec<Tile>> {
    answers.prefetch(items.iter().map(|item| ItemRef::new(kind::CONTACT, item.contact())).filter(|at| at.kind != shape.id))?;
    let mut next = next_tasks(answers, items)?;
    Ok(items.iter().map(|item| tile(view, answers, shape, item, next.remove(&item.id))).collect())
}

fn tile(view: &View, answers: &Answers<'_>, shape: &EntityType, item: &Item, task: Option<Item>) -> Tile {
    let client = if shape.id == kind::CONTACT { Some(item.clone()) } else { answers.item(ItemRef::new(kind::CONTACT, item.contact())) };
    let stage = item.stage();
    let open = stage.and_then(|id| answers.schema.stage(id)).is_some_and(|(_, stage)| stage.outcome == crm::Ending::Open);
    let point = |field: &str| client.as_ref().and_then(|client| client.values.points(field).first()).map(|point| point.normal.clone()).unwrap_or_default();
    Tile {
        id: item.id,
        title: item.title().to_owned(),
        href: format!("/{}/{}", slug(shape), item.id),
        amount: item
            .values
            .get(code::AMOUNT)
            .as_money()
            .map(|minor| crm::format::money(minor, item.values.text(code::CURRENCY), view.lang))
            .unwrap_or_default(),
        client: client.as_ref().filter(|_| shape.id != kind::CONTACT).map(|client| client.title().to_owned()).unwrap_or_default(),
        client_href: answers
            .schema
            .kind(kind::CONTACT)
            .zip(client.as_ref())
            .map(|(contacts, client)| format!("/{}/{}", slug(contacts), client.id))
            .unwrap_or_default(),
        phone: point(code::PHONE),
        email: point(code::EMAIL),
        date: item.values.moment(code::CREATED_AT).unwrap_or_default(),
        person: answers.person(item.responsible()),
        stage: stage.map_or(0, |stage| stage.0),
        badge: badge(view, task.as_ref(), open),
        repeat: item.values.flag("repeat_client"),
    }
}

/// The next open task of each item that has one.
fn next_tasks(answers: &Answers<'_>, items: &[Item]) -> Outcome<HashMap<i64, Item>> {
    let mut next: HashMap<i64, Item> = HashMap::new();
    if items.is_empty() || answers.rights.scope(kind::TASK, crm::Action::Read) == crm::Scope::None || answers.schema.kind(kind::TASK).is_none() {
        return Ok(next);
    }
    let about = items.iter().map(|item| Value::item(item.at())).collect();
    let query = Query::of(kind::TASK)
        .filter(Filter::is(code::ABOUT, Op::In, Value::Many(about)))
        .filter(Filter::is("status", Op::Ne, Value::text(team::tasks::COMPLETED)))
        .limit(500);
    for task in answers.read.items(answers.rights, &query)? {
        let earlier = |other: &Item| due(&task) < due(other);
        let id = task.about().id;
        if next.get(&id).is_none_or(earlier) {
            next.insert(id, task);
        }
    }
    Ok(next)
}

/// Undated tasks come last.
fn due(task: &Item) -> (bool, Moment) {
    let deadline = task.values.moment(team::tasks::DEADLINE);
    (deadline.is_none(), deadline.unwrap_or_default())
}

fn badge(view: &View, task: Option<&Item>, open: bool) -> Badge {
    let Some(task) = task else {
        return match open {
            true => Badge { tone: "none", text: view.t("badge-no-task"), hint: view.t("badge-no-task-hint") },
            false => Badge { tone: "", text: String::new(), hint: String::new() },
        };
    };
    let hint = task.title().to_owned();
    match task.values.moment(team::tasks::DEADLINE) {
        None => Badge { tone: "undated", text: view.t("badge-undated"), hint },
        Some(deadline) if deadline <= view.now => Badge { tone: "late", text: view.with("badge-late", "when", view.ago(deadline)), hint },
        Some(deadline) => {
            let day = |at: Moment| at.timestamp().to_zoned(view.zone.clone()).date();
            let tone = if day(deadline) == day(view.now) { "today" } else { "later" };
            Badge { tone, text: view.ago(deadline), hint }
        }
    }
}
