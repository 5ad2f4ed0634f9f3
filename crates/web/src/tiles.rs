//! Cards of a board: an item in a few lines, with its client, its next task and what happened last.

use crate::View;
use crate::answers::{Answers, Person};
use crate::view::slug;
use crm::{EntityType, Event, Fact, Field, Filter, Item, ItemRef, Moment, Op, Outcome, Query, Value, code, kind};
use std::collections::HashMap;

/// Fields that may be chosen for a card.
pub(crate) const FIELDS: usize = 8;

/// An item in a few lines.
pub(crate) struct Tile {
    pub id: i64,
    pub title: String,
    pub href: String,
    pub amount: String,
    pub client: String,
    pub client_href: String,
    /// Chosen fields: title and answer.
    pub fields: Vec<(String, String)>,
    /// Main phone and address of the client, for the icons.
    pub phone: String,
    pub email: String,
    /// When something happened last, and what.
    pub date: Moment,
    pub last: String,
    pub person: Person,
    pub stage: i64,
    pub badge: Badge,
    /// The client waits for an answer, or something failed.
    pub news: Badge,
    /// The stage's time is over since this moment.
    pub overstayed: Option<Moment>,
    /// The client came before.
    pub repeat: bool,
}

/// A coloured mark in a few words.
#[derive(Default)]
pub(crate) struct Badge {
    /// `late`, `today`, `later`, `undated`, `none`, `news`, `failed`, or empty.
    pub tone: &'static str,
    pub text: String,
    pub hint: String,
}

/// Tiles of items of one kind, with one question each for the clients, the tasks and the last events.
///
/// # Errors
/// Failures of the database.
pub(crate) fn tiles(view: &View, answers: &Answers<'_>, shape: &EntityType, items: &[Item], columns: &[String]) -> Outcome<Vec<Tile>> {
    let chosen: Vec<&Field> = match columns.is_empty() {
        true => [code::AMOUNT, code::CONTACT].into_iter().filter_map(|code| shape.field(code)).collect(),
        false => columns.iter().filter_map(|code| shape.field(code)).take(FIELDS).collect(),
    };
    let chosen: Vec<&Field> = chosen.into_iter().filter(|field| answers.rights.sees(shape.id, &field.code)).collect();
    answers.prefetch(items.iter().map(|item| ItemRef::new(kind::CONTACT, item.contact())).filter(|at| at.kind != shape.id))?;
    answers.prefetch_links(items, &chosen)?;
    let mut next = next_tasks(answers, items)?;
    let cards: Vec<ItemRef> = items.iter().map(Item::at).collect();
    let mut last: HashMap<i64, Event> =
        if cards.is_empty() { HashMap::new() } else { answers.read.last_events(&cards)?.into_iter().map(|event| (event.about.id, event)).collect() };
    Ok(items.iter().map(|item| tile(view, answers, shape, item, &chosen, next.remove(&item.id), last.remove(&item.id))).collect())
}

fn tile(view: &View, answers: &Answers<'_>, shape: &EntityType, item: &Item, chosen: &[&Field], task: Option<Item>, last: Option<Event>) -> Tile {
    let client = if shape.id == kind::CONTACT { Some(item.clone()) } else { answers.item(ItemRef::new(kind::CONTACT, item.contact())) };
    let stage = item.stage();
    let open = stage.and_then(|id| answers.schema.stage(id)).is_none_or(|(_, stage)| stage.outcome == crm::Ending::Open);
    let point = |field: &str| client.as_ref().and_then(|client| client.values.points(field).first()).map(|point| point.normal.clone()).unwrap_or_default();
    let shows = |code: &str| chosen.iter().any(|field| field.code == code);
    let amount = item.values.get(code::AMOUNT).as_money().filter(|_| shows(code::AMOUNT));
    let named = client.as_ref().filter(|_| shape.id != kind::CONTACT && shows(code::CONTACT));
    let aside = |field: &&&Field| !matches!(field.code.as_str(), code::AMOUNT | code::CONTACT);
    let (news, said) = last.as_ref().map(|event| news(view, answers, event)).unwrap_or_default();
    Tile {
        id: item.id,
        title: if item.title().is_empty() { format!("№ {}", item.id) } else { item.title().to_owned() },
        href: format!("/{}/{}", slug(shape), item.id),
        amount: amount.map(|minor| crm::format::money(minor, item.values.text(code::CURRENCY), view.lang)).unwrap_or_default(),
        client: named.map(|client| client.title().to_owned()).unwrap_or_default(),
        client_href: answers.schema.kind(kind::CONTACT).zip(named).map(|(contacts, client)| format!("/{}/{}", slug(contacts), client.id)).unwrap_or_default(),
        fields: chosen
            .iter()
            .filter(aside)
            .map(|field| (field.title.get(view.lang).to_owned(), crate::pages::list::cell_text(view, answers, item, field)))
            .filter(|(_, text)| !text.is_empty())
            .collect(),
        phone: point(code::PHONE),
        email: point(code::EMAIL),
        date: last.as_ref().map_or_else(|| item.values.moment(code::CREATED_AT).unwrap_or_default(), |event| event.at),
        last: said,
        person: answers.person(item.responsible()),
        stage: stage.map_or(0, |stage| stage.0),
        badge: badge(view, task.as_ref(), open && shape.staged),
        news,
        overstayed: item.values.moment(code::STAGE_DUE).filter(|due| open && *due < view.now),
        repeat: item.values.flag("repeat_client"),
    }
}

/// The next open task of each item that has one.
///
/// # Errors
/// Failures of the database.
pub(crate) fn next_tasks(answers: &Answers<'_>, items: &[Item]) -> Outcome<HashMap<i64, Item>> {
    let mut next: HashMap<i64, Item> = HashMap::new();
    if items.is_empty() || answers.rights.scope(kind::TASK, crm::Action::Read) == crm::Scope::None || answers.schema.kind(kind::TASK).is_none() {
        return Ok(next);
    }
    // In parts: so many tasks are read at once at most, and none may be missed.
    for part in items.chunks(100) {
        let about = part.iter().map(|item| Value::item(item.at())).collect();
        let query = Query::of(kind::TASK)
            .filter(Filter::is(code::ABOUT, Op::In, Value::Many(about)))
            .filter(Filter::is(team::tasks::STATUS, Op::Ne, Value::text(team::tasks::COMPLETED)))
            .limit(500);
        for task in answers.read.items(answers.rights, &query)? {
            let earlier = |other: &Item| due(&task) < due(other);
            let id = task.about().id;
            if next.get(&id).is_none_or(earlier) {
                next.insert(id, task);
            }
        }
    }
    Ok(next)
}

/// Undated tasks come last.
fn due(task: &Item) -> (bool, Moment) {
    let deadline = task.values.moment(team::tasks::DEADLINE);
    (deadline.is_none(), deadline.unwrap_or_default())
}

/// What the next task says about an item.
pub(crate) fn badge(view: &View, task: Option<&Item>, wants_one: bool) -> Badge {
    let Some(task) = task else {
        return match wants_one {
            true => Badge { tone: "none", text: view.t("badge-no-task"), hint: view.t("badge-no-task-hint") },
            false => Badge::default(),
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

/// What happened last: a mark when somebody has to answer, and the words.
fn news(view: &View, answers: &Answers<'_>, event: &Event) -> (Badge, String) {
    let mark = |tone: &'static str, key: &str| Badge { tone, text: view.t(key), hint: view.full(event.at) };
    match &event.fact {
        Fact::MessageReceived { .. } => (mark("news", "news-wrote"), view.t("news-wrote")),
        Fact::FormFilled { repeat: true, .. } => (mark("news", "news-repeat"), view.t("news-repeat")),
        Fact::MessageStatus { status: crm::Delivery::Failed, .. } => (mark("failed", "news-undelivered"), view.t("news-undelivered")),
        Fact::FormFilled { .. } => (Badge::default(), view.t("news-form")),
        Fact::Created => (Badge::default(), view.t("short-created")),
        Fact::Moved { to, .. } => (Badge::default(), view.with("short-moved", "stage", crm::format::stage(&answers.schema, *to, view.lang))),
        Fact::Assigned { to, .. } => (Badge::default(), view.with("short-assigned", "user", answers.person(*to).name)),
        Fact::Commented { .. } => (Badge::default(), view.t("short-comment")),
        Fact::MessageQueued { .. } | Fact::MessageStatus { .. } => (Badge::default(), view.t("short-message")),
        Fact::TaskGiven { .. } => (Badge::default(), view.t("news-task")),
        Fact::TaskMoved { to, .. } if to == team::tasks::COMPLETED => (Badge::default(), view.t("news-task-done")),
        Fact::TaskMoved { .. } | Fact::TaskOverdue { .. } => (Badge::default(), view.t("news-task")),
        _ => (Badge::default(), view.t("news-changed")),
    }
}
