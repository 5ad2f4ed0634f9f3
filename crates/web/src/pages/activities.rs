//! The activities board: records by when the next thing is to be done for them. Dragging plans anew.

use super::views::Look;
use super::views::head::{Head, head};
use super::{Page, show};
use crate::answers::{Answers, shape_of};
use crate::tiles::{Tile, tiles};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use crm::{Command, Date, Filter, House, Item, ItemRef, Moment, Op, Outcome, Query, Read, Refusal, Value, Values, ViewMode, code, kind};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "activities",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}/activities", get(activities))
                .route("/{kind}/activities/column", get(column))
                .route("/{kind}/activities/plan", post(plan))
        },
    }
}

/// When the next thing is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Late,
    Today,
    Week,
    Next,
    Later,
    None,
}

const COLUMNS: [(When, &str, &str); 6] = [
    (When::Late, "late", "#b83232"),
    (When::Today, "today", "#1f62ad"),
    (When::Week, "week", "#1c7070"),
    (When::Next, "next", "#5a4fb3"),
    (When::Later, "later", "#5f6975"),
    (When::None, "none", "#f0c64a"),
];

/// Records of a column shown at once.
const PER_COLUMN: usize = 20;
/// Tasks read at once while a column is filled, and how often: conditions may let few of them through. The first step is
/// short: mostly it is enough.
const FIRST: u32 = 25;
const STEP: u32 = 100;
const STEPS: usize = 4;

impl When {
    fn of(code: &str) -> Option<When> {
        COLUMNS.iter().find(|(_, one, _)| *one == code).map(|(when, ..)| *when)
    }

    /// The first moment and the first moment after; `None` where there is no end.
    fn span(self, now: Moment, zone: &jiff::tz::TimeZone) -> (Option<Moment>, Option<Moment>) {
        let today = now.timestamp().to_zoned(zone.clone()).date();
        let start = |day: Date| day.to_zoned(zone.clone()).map_or(now, |zoned| Moment::from_timestamp(zoned.timestamp()));
        let day = |word: &str| crm::saved_view::span(word, today).unwrap_or((today, today));
        let tomorrow = day("@tomorrow").0;
        match self {
            When::Late => (None, Some(now)),
            When::Today => (Some(now), Some(start(tomorrow))),
            When::Week => (Some(start(tomorrow)), Some(start(day("@week").1))),
            When::Next => (Some(start(day("@next_week").0)), Some(start(day("@next_week").1))),
            When::Later | When::None => (Some(start(day("@next_week").1)), None),
        }
    }

    /// The deadline of a task that is dragged here: it keeps its time of day where it can.
    fn deadline(self, was: Option<Moment>, now: Moment, zone: &jiff::tz::TimeZone) -> Option<Moment> {
        let local = now.timestamp().to_zoned(zone.clone());
        let today = local.date();
        let time = was.map_or(jiff::civil::time(10, 0, 0, 0), |was| was.timestamp().to_zoned(zone.clone()).time());
        let at = |day: Date| day.to_datetime(time).to_zoned(zone.clone()).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()));
        let plus = |day: Date, days: i32| day.checked_add(jiff::Span::new().days(days)).ok();
        match self {
            When::Late | When::None => None,
            When::Today => {
                let evening = today.at(18, 0, 0, 0).to_zoned(zone.clone()).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()));
                let end = today.at(23, 59, 0, 0).to_zoned(zone.clone()).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()));
                [at(today), evening, end].into_iter().flatten().find(|moment| *moment > now)
            }
            // Friday when it is still ahead, otherwise the next day of the week that is left.
            When::Week => {
                let (monday, end) = crm::saved_view::span("@week", today)?;
                let friday = plus(monday, 4)?;
                let day = if friday > today { friday } else { plus(today, 1)? };
                (day < end).then(|| at(day)).flatten()
            }
            When::Next => at(crm::saved_view::span("@next_week", today)?.0),
            When::Later => at(crm::saved_view::span("@next_week", today)?.1),
        }
    }
}

struct Column {
    code: &'static str,
    title: String,
    color: &'static str,
    ink: &'static str,
    cards: Vec<Card>,
    more: Option<String>,
}

/// A record with the task that puts it here.
struct Card {
    tile: Tile,
    task: i64,
    task_title: String,
}

#[derive(Template)]
#[template(path = "activities.html")]
struct ActivitiesPage {
    view: View,
    head: Head,
    slug: String,
    kind: i64,
    query: String,
    columns: Vec<Column>,
    narrow: bool,
    may_plan: bool,
}

#[derive(Template)]
#[template(path = "activities_column.html")]
struct Cards {
    view: View,
    cards: Vec<Card>,
    more: Option<String>,
}

async fn activities(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::Activities, query.as_deref())?;
            if let Some(href) = &look.elsewhere {
                return Ok(Err(href.clone()));
            }
            if look.shape.id == kind::TASK {
                return Ok(Err("/tasks/my".to_owned()));
            }
            let view = View::framed(house, read, &viewer, &format!("/{}/activities", look.slug))?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let mut columns = Vec::with_capacity(COLUMNS.len());
            for (when, code, color) in COLUMNS {
                let (cards, more) = cards(&view, &answers, &look, when, code)?;
                columns.push(Column { code, title: view.t(&format!("act-{code}")), color, ink: crate::fields::ink(color), cards, more });
            }
            Ok(Ok(ActivitiesPage {
                head: head(&view, &answers, &viewer, &look)?,
                kind: look.shape.id.0,
                query: look.wanted.address(),
                narrow: look.is_narrow(),
                may_plan: viewer.rights.scope(kind::TASK, crm::Action::Create) != crm::Scope::None,
                slug: look.slug.clone(),
                columns,
                view,
            }))
        })
    })
    .await?;
    match page {
        Ok(page) => show(&page),
        Err(href) => Ok(Redirect::to(&href).into_response()),
    }
}

async fn column(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let wanted = super::views::wanted::pairs(query.as_deref().unwrap_or_default()).into_iter().find(|(name, _)| name == "when").map(|(_, when)| when);
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::Activities, query.as_deref())?;
            let name = wanted.clone().unwrap_or_default();
            let (when, code, _) = COLUMNS.into_iter().find(|(_, code, _)| *code == name).ok_or_else(Refusal::not_found)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let (cards, more) = cards(&view, &answers, &look, when, code)?;
            Ok(Cards { view, cards, more })
        })
    })
    .await?;
    show(&piece)
}

/// One column's cards and where it goes on.
fn cards(view: &View, answers: &Answers<'_>, look: &Look, when: When, code: &str) -> Outcome<(Vec<Card>, Option<String>)> {
    let (items, tasks, place) = match when {
        When::None => unplanned(answers, look)?,
        _ => planned(view, answers, look, when)?,
    };
    let more = place.map(|place| {
        let address = look.wanted.address();
        format!("/{}/activities/column?{address}&when={code}&after={}", look.slug, crate::trouble::percent(&place))
    });
    let drawn = tiles(view, answers, &look.shape, &items, &look.columns)?;
    let task = |id: i64| tasks.iter().find(|task: &&Item| task.about().id == id);
    let cards = drawn.into_iter().map(|tile| {
        let task = task(tile.id);
        Card { task: task.map_or(0, |task| task.id), task_title: task.map(|task| task.title().to_owned()).unwrap_or_default(), tile }
    });
    Ok((cards.collect(), more))
}

type Found = (Vec<Item>, Vec<Item>, Option<String>);

fn place(item: &Item, field: &str) -> String {
    serde_json::to_string(&(vec![item.values.get(field).clone()], item.id)).unwrap_or_default()
}

/// Records whose next task lies in a span. The tasks lead: they are few where records are many, and they have an order.
fn planned(view: &View, answers: &Answers<'_>, look: &Look, when: When) -> Outcome<Found> {
    let (from, to) = when.span(view.now, &view.zone);
    let mut found: Found = (Vec::new(), Vec::new(), None);
    if answers.rights.scope(kind::TASK, crm::Action::Read) == crm::Scope::None {
        return Ok(found);
    }
    let is = |op: Op, at: Moment| Filter::is(team::tasks::DEADLINE, op, Value::moment(at));
    let mut query = Query::of(kind::TASK).filter(Filter::is(team::tasks::STATUS, Op::Ne, Value::text(team::tasks::COMPLETED)));
    if let Some(from) = from {
        query = query.filter(is(Op::Ge, from));
    }
    if let Some(to) = to {
        query = query.filter(is(Op::Lt, to));
    }
    query = query.sorted(team::tasks::DEADLINE, false).limit(FIRST);
    query.page.after = look.wanted.after.clone();
    for _ in 0..STEPS {
        let tasks = answers.read.items(answers.rights, &query)?;
        let over = tasks.len() < query.page.limit as usize;
        query.page.limit = STEP;
        let ids: Vec<Value> = tasks.iter().map(Item::about).filter(|at| at.kind == look.shape.id).map(|at| Value::Int(at.id)).collect();
        let items = match ids.is_empty() {
            true => Vec::new(),
            false => {
                let fits = Query::of(look.shape.id).filter(Filter::is(code::ID, Op::In, Value::Many(ids))).filter(look.filter_in_pipeline()).limit(STEP);
                answers.read.items(answers.rights, &fits)?
            }
        };
        // A record stands where its next task is, and once.
        let mut next = crate::tiles::next_tasks(answers, &items)?;
        for task in tasks {
            let at = task.about();
            query.page.after = Some((vec![task.values.get(team::tasks::DEADLINE).clone()], task.id));
            let nearest = next.get(&at.id).is_some_and(|nearest| nearest.id == task.id);
            let Some(item) = items.iter().find(|item| item.at() == at).filter(|_| nearest) else { continue };
            next.remove(&at.id);
            found.0.push(item.clone());
            let last = place(&task, team::tasks::DEADLINE);
            found.1.push(task);
            if found.0.len() == PER_COLUMN {
                found.2 = Some(last);
                return Ok(found);
            }
        }
        if over {
            return Ok(found);
        }
    }
    // Few fit: the rest is looked through when somebody asks for it.
    found.2 = query.page.after.map(|place| serde_json::to_string(&place).unwrap_or_default());
    Ok(found)
}

/// Records for which nothing is planned, and which are still being worked on.
fn unplanned(answers: &Answers<'_>, look: &Look) -> Outcome<Found> {
    let open = Filter::is(team::tasks::STATUS, Op::Ne, Value::text(team::tasks::COMPLETED));
    let linked = Filter::Linked { kind: kind::TASK, field: code::ABOUT.to_owned(), filter: Box::new(open) };
    let mut query = Query::of(look.shape.id).filter(Filter::Not(Box::new(linked))).filter(look.filter_in_pipeline());
    if look.shape.staged {
        let pipelines = answers.schema.pipelines_of(look.shape.id).into_iter().filter(|one| look.pipeline.as_ref().is_none_or(|wanted| wanted.id == one.id));
        let stages = pipelines.flat_map(|one| &one.stages).filter(|stage| stage.outcome == crm::Ending::Open).map(|stage| Value::Int(stage.id.0));
        query = query.filter(Filter::is(code::STAGE, Op::In, Value::Many(stages.collect())));
    }
    query.page.limit = u32::try_from(PER_COLUMN + 1).unwrap_or(21);
    query.page.after = look.wanted.after.clone();
    let mut items = answers.read.items(answers.rights, &query)?;
    let more = items.len() > PER_COLUMN;
    items.truncate(PER_COLUMN);
    let place = items.last().filter(|_| more).map(|last| serde_json::to_string(&(vec![Value::Int(last.id)], last.id)).unwrap_or_default());
    Ok((items, Vec::new(), place))
}

#[derive(Deserialize)]
struct Planned {
    /// The task; 0: a new one for the record.
    #[serde(default)]
    task: i64,
    #[serde(default)]
    record: i64,
    #[serde(default)]
    title: String,
    when: String,
}

/// Plans anew: the task gets another deadline, or a record without one gets a task.
async fn plan(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(given): Form<Planned>) -> Answer {
    let told = work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let when = When::of(&given.when).ok_or_else(|| Refusal::new("unknown_time", "Такого срока нет", "There is no such time"))?;
        let now = house.now();
        let task = match given.task {
            0 => None,
            id => Some(house.read(|read| task(read, &viewer, id))?),
        };
        let was = task.as_ref().and_then(|task| task.values.moment(team::tasks::DEADLINE));
        let deadline = when.deadline(was, now, &house.firm.zone).ok_or_else(|| {
            Refusal::new("no_such_time_left", "На этот срок уже нельзя запланировать: он прошёл", "Nothing can be planned for that time any more: it is over")
        })?;
        let command = match task {
            Some(task) => Command::Change { item: task.at(), values: Values::from([(team::tasks::DEADLINE, Value::moment(deadline))]) },
            None => {
                let about = ItemRef::new(shape.id, given.record);
                let title = given.title.trim().to_owned();
                Command::CreateTask { about: Some(about), to: viewer.user.id, title, description: String::new(), deadline: Some(deadline) }
            }
        };
        house.command(&viewer.rights, &viewer.cause(now), command)?;
        Ok(say(house, &viewer, deadline))
    })
    .await?;
    Ok(Json(serde_json::json!({ "when": told })).into_response())
}

fn task(read: &dyn Read, viewer: &Viewer, id: i64) -> Outcome<Item> {
    Ok(read.item(&viewer.rights, ItemRef::new(kind::TASK, id))?.ok_or_else(Refusal::not_found)?)
}

fn say(house: &House, viewer: &Viewer, at: Moment) -> String {
    View::piece(house, viewer).ago(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::from_timestamp(text.parse().unwrap())
    }

    #[test]
    fn what_is_dragged_keeps_its_hour_and_never_falls_into_the_past() {
        let zone = jiff::tz::TimeZone::get("Asia/Almaty").unwrap();
        // Wednesday, 16:30 in Almaty.
        let now = at("2026-11-25T11:30:00Z");
        let was = Some(at("2026-11-20T06:15:00Z"));
        let moved = |when: When, was| when.deadline(was, now, &zone).map(|at| at.timestamp().to_string());
        assert_eq!(moved(When::Today, was).as_deref(), Some("2026-11-25T13:00:00Z"), "11:15 is over: 18:00");
        assert_eq!(moved(When::Week, was).as_deref(), Some("2026-11-27T06:15:00Z"), "Friday at the same hour");
        assert_eq!(moved(When::Next, None).as_deref(), Some("2026-11-30T05:00:00Z"), "Monday at ten");
        assert_eq!(moved(When::Later, was).as_deref(), Some("2026-12-07T06:15:00Z"));
        assert_eq!((moved(When::Late, was), moved(When::None, was)), (None, None));
        let sunday = at("2026-11-29T05:00:00Z");
        assert_eq!(When::Week.deadline(was, sunday, &zone), None, "nothing is left of this week");
    }

    #[test]
    fn every_deadline_stands_in_one_column() {
        let zone = jiff::tz::TimeZone::get("Europe/Moscow").unwrap();
        for now in ["2026-11-25T11:30:00Z", "2026-11-29T20:59:59Z", "2026-12-31T21:30:00Z"].map(at) {
            for hours in 0..600 {
                let deadline = now.minus(std::time::Duration::from_secs(100 * 3_600)).plus(std::time::Duration::from_secs(hours * 3_600));
                let inside = |when: When| {
                    let (from, to) = when.span(now, &zone);
                    from.is_none_or(|from| deadline >= from) && to.is_none_or(|to| deadline < to)
                };
                let columns = [When::Late, When::Today, When::Week, When::Next, When::Later].into_iter().filter(|when| inside(*when)).count();
                assert_eq!(columns, 1, "{hours}");
            }
        }
    }
}
