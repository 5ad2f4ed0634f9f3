//! The calendar: records by a date of theirs, or the tasks about them; by month or week. Dragging changes the date.

use super::views::Look;
use super::views::head::{Head, head};
use super::{Page, show};
use crate::answers::{Answers, shape_of};
use crate::fields::is_color;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use crm::{
    Action, Command, Date, EntityType, Field, FieldKind, Filter, Item, ItemRef, Moment, Op, Outcome, Query, Refusal, Rights, Value, Values, ViewMode, code,
    kind,
};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page { code: "calendar", menu: None, routes: || Router::new().route("/{kind}/calendar", get(calendar)).route("/{kind}/calendar/move", post(move_to)) }
}

/// Entries of a month at most.
const MOST: u32 = 500;
/// Entries of a day in a month.
const PER_DAY: usize = 4;
/// The source that shows the tasks about the records.
const TASKS: &str = "tasks";

struct Entry {
    id: i64,
    href: String,
    title: String,
    hint: String,
    time: String,
    color: String,
    /// `late`, `done` or empty.
    tone: &'static str,
    locked: bool,
}

struct Day {
    date: String,
    number: i8,
    /// The name of the month, at its first day.
    month: String,
    weekday: String,
    today: bool,
    other: bool,
    entries: Vec<Entry>,
    more: usize,
    week_href: String,
    add_href: String,
}

#[derive(Template)]
#[template(path = "calendar.html")]
struct CalendarPage {
    view: View,
    head: Head,
    slug: String,
    kind: i64,
    title: String,
    week: bool,
    source: String,
    /// Address, title, chosen.
    sources: Vec<(String, String, bool)>,
    days: Vec<Day>,
    before: String,
    after: String,
    now_href: String,
    month_href: String,
    week_href: String,
    full: bool,
    most: u32,
    empty: bool,
}

/// The dates of a type by which a calendar can be laid out.
fn dates<'a>(shape: &'a EntityType, rights: &Rights) -> Vec<&'a Field> {
    let mut list: Vec<&Field> =
        crate::fields::visible(shape, rights).into_iter().filter(|field| crm::saved_view::time_of(&field.kind).is_some() && !field.multiple).collect();
    // What a person sets comes before what the program writes down.
    list.sort_by_key(|field| (field.read_only || matches!(field.kind, FieldKind::Formula { .. }), field.secondary, !field.indexed));
    list
}

async fn calendar(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::Calendar, query.as_deref())?;
            if let Some(href) = &look.elsewhere {
                return Ok(Err(href.clone()));
            }
            let view = View::framed(house, read, &viewer, &format!("/{}/calendar", look.slug))?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let today = view.now.timestamp().to_zoned(view.zone.clone()).date();
            let day: Date = look.wanted.day.parse().unwrap_or(today);
            let week = look.wanted.week;
            let (from, to) = grid(day, week);
            let known = dates(&look.shape, &viewer.rights);
            let has_tasks = look.shape.id != kind::TASK && viewer.rights.scope(kind::TASK, Action::Read) != crm::Scope::None;
            let asked = look.view.as_ref().map(|view| view.date.clone()).filter(|_| look.wanted.date.is_empty()).unwrap_or_else(|| look.wanted.date.clone());
            let field = known.iter().find(|field| field.code == asked).copied();
            let source = match (field, asked == TASKS || asked.is_empty()) {
                (Some(field), _) => field.code.clone(),
                (None, true) => match known.first().filter(|field| asked.is_empty() && !field.read_only) {
                    Some(field) => field.code.clone(),
                    None if has_tasks => TASKS.to_owned(),
                    None => known.first().map(|field| field.code.clone()).unwrap_or_default(),
                },
                (None, false) => return Err(crm::query::unknown_field(&asked).into()),
            };
            let field = known.iter().find(|field| field.code == source).copied();
            let found = match field {
                Some(field) => records(&view, &answers, &look, field, from, to)?,
                None => tasks(&view, &answers, &look, from, to)?,
            };
            let at = |change: &dyn Fn(&mut super::views::wanted::Wanted)| {
                let mut wanted = look.wanted.clone();
                source.clone_into(&mut wanted.date);
                change(&mut wanted);
                format!("/{}/calendar?{}", look.slug, wanted.address())
            };
            let mut sources: Vec<(String, String, bool)> = known
                .iter()
                .map(|one| (at(&|wanted| one.code.clone_into(&mut wanted.date)), one.title.get(viewer.lang).to_owned(), one.code == source))
                .collect();
            if has_tasks {
                sources.insert(0, (at(&|wanted| TASKS.clone_into(&mut wanted.date)), view.t("cal-tasks"), source == TASKS));
            }
            let full = found.len() >= MOST as usize;
            let may_create = viewer.rights.may_for(Action::Create, look.shape.id, viewer.user.id);
            let adds = field.filter(|field| may_create && viewer.rights.writes(look.shape.id, &field.code) && !field.read_only);
            let mut found = found.into_iter().peekable();
            let mut days = Vec::new();
            let mut date = from;
            while date < to {
                let mut entries = Vec::new();
                while found.peek().is_some_and(|(on, _)| *on == date) {
                    entries.extend(found.next().map(|(_, entry)| entry));
                }
                let more = if week { 0 } else { entries.len().saturating_sub(PER_DAY) };
                if more > 0 {
                    // "One more" takes as much room as the one.
                    entries.truncate(PER_DAY);
                }
                days.push(Day {
                    number: date.day(),
                    month: if date.day() == 1 || date == from { month_short(&view, date) } else { String::new() },
                    weekday: weekday(&view, date),
                    today: date == today,
                    other: !week && date.month() != day.month(),
                    entries,
                    more,
                    week_href: at(&|wanted| (wanted.day, wanted.week) = (date.to_string(), true)),
                    add_href: adds
                        .map(|field| {
                            let value = if crm::saved_view::time_of(&field.kind) == Some(true) { format!("{date}T10:00") } else { date.to_string() };
                            format!("/{}/new?{}={value}", look.slug, field.code)
                        })
                        .unwrap_or_default(),
                    date: date.to_string(),
                });
                date = date.tomorrow().map_err(|_| Refusal::new("wrong_date", "Такой даты нет", "There is no such date"))?;
            }
            let step = |by: i32| {
                let span = if week { jiff::Span::new().weeks(by) } else { jiff::Span::new().months(by) };
                let there = if week { day } else { day.first_of_month() }.checked_add(span).unwrap_or(day);
                at(&|wanted| there.to_string().clone_into(&mut wanted.day))
            };
            Ok(Ok(CalendarPage {
                head: head(&view, &answers, &viewer, &look)?,
                kind: look.shape.id.0,
                title: if week {
                    format!("{} – {}", view.day(from), crm::format::date(to.yesterday().unwrap_or(to), viewer.lang))
                } else {
                    month_long(&view, day)
                },
                before: step(-1),
                after: step(1),
                now_href: at(&|wanted| wanted.day.clear()),
                month_href: at(&|wanted| wanted.week = false),
                week_href: at(&|wanted| wanted.week = true),
                empty: days.iter().all(|day| day.entries.is_empty()),
                slug: look.slug.clone(),
                most: MOST,
                full,
                week,
                source,
                sources,
                days,
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

/// The first day shown and the first day after: whole weeks.
fn grid(day: Date, week: bool) -> (Date, Date) {
    let monday = |day: Date| day.checked_sub(jiff::Span::new().days(i32::from(day.weekday().to_monday_zero_offset()))).unwrap_or(day);
    let plus = |day: Date, days: i32| day.checked_add(jiff::Span::new().days(days)).unwrap_or(day);
    match week {
        true => (monday(day), plus(monday(day), 7)),
        false => (monday(day.first_of_month()), plus(monday(day.last_of_month()), 7)),
    }
}

fn month_long(view: &View, date: Date) -> String {
    const RUSSIAN: [&str; 12] = ["Январь", "Февраль", "Март", "Апрель", "Май", "Июнь", "Июль", "Август", "Сентябрь", "Октябрь", "Ноябрь", "Декабрь"];
    match view.lang {
        crm::Lang::Ru => format!("{} {}", RUSSIAN[usize::try_from(date.month() - 1).unwrap_or(0).min(11)], date.year()),
        crm::Lang::En => date.strftime("%B %Y").to_string(),
    }
}

fn month_short(view: &View, date: Date) -> String {
    let day = view.day(date);
    day.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim().to_owned()
}

fn weekday(view: &View, date: Date) -> String {
    const RUSSIAN: [&str; 7] = ["Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"];
    match view.lang {
        crm::Lang::Ru => RUSSIAN[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0).min(6)].to_owned(),
        crm::Lang::En => date.strftime("%a").to_string(),
    }
}

fn start(view: &View, day: Date) -> Value {
    day.to_zoned(view.zone.clone()).map_or(Value::Null, |zoned| Value::moment(Moment::from_timestamp(zoned.timestamp())))
}

/// The day and the time of day of an answer.
fn when(view: &View, value: &Value) -> Option<(Date, String)> {
    match value {
        Value::Date(one) => Some((one.date, String::new())),
        Value::Moment(one) => {
            let zoned = one.at.timestamp().to_zoned(view.zone.clone());
            Some((zoned.date(), zoned.strftime("%H:%M").to_string()))
        }
        _ => None,
    }
}

/// Records by a date of theirs, in its order.
fn records(view: &View, answers: &Answers<'_>, look: &Look, field: &Field, from: Date, to: Date) -> Outcome<Vec<(Date, Entry)>> {
    let exact = crm::saved_view::time_of(&field.kind) == Some(true);
    let bound = |day: Date| if exact { start(view, day) } else { Value::date(day) };
    let query = Query::of(look.shape.id)
        .filter(Filter::is(&field.code, Op::Ge, bound(from)))
        .filter(Filter::is(&field.code, Op::Lt, bound(to)))
        .filter(look.filter_in_pipeline())
        .sorted(&field.code, false)
        .limit(MOST);
    let items = answers.read.items(answers.rights, &query)?;
    answers.prefetch(items.iter().map(|item| ItemRef::new(kind::CONTACT, item.contact())).filter(|at| at.kind != look.shape.id))?;
    let writes = answers.rights.writes(look.shape.id, &field.code) && !field.read_only && !matches!(field.kind, FieldKind::Formula { .. });
    let entry = |item: &Item| {
        let (day, time) = when(view, item.values.get(&field.code))?;
        let stage = item.stage().and_then(|id| answers.schema.stage(id)).map(|(_, stage)| stage);
        let client = answers.title(ItemRef::new(kind::CONTACT, item.contact())).filter(|_| look.shape.id != kind::CONTACT).unwrap_or_default();
        let parts = [item.title().to_owned(), client, stage.map(|stage| stage.title.get(view.lang).to_owned()).unwrap_or_default()];
        let entry = Entry {
            id: item.id,
            href: format!("/{}/{}", look.slug, item.id),
            title: if item.title().is_empty() { format!("№ {}", item.id) } else { item.title().to_owned() },
            hint: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
            time,
            color: stage.map(|stage| stage.color.clone()).filter(|color| is_color(color)).unwrap_or_default(),
            tone: "",
            locked: !writes || !answers.rights.may(Action::Change, item),
        };
        Some((day, entry))
    };
    Ok(items.iter().filter_map(entry).collect())
}

/// Tasks about the records, by their deadlines.
fn tasks(view: &View, answers: &Answers<'_>, look: &Look, from: Date, to: Date) -> Outcome<Vec<(Date, Entry)>> {
    let query = Query::of(kind::TASK)
        .filter(Filter::is(team::tasks::DEADLINE, Op::Ge, start(view, from)))
        .filter(Filter::is(team::tasks::DEADLINE, Op::Lt, start(view, to)))
        .sorted(team::tasks::DEADLINE, false)
        .limit(MOST);
    let tasks: Vec<Item> = answers.read.items(answers.rights, &query)?.into_iter().filter(|task| task.about().kind == look.shape.id).collect();
    let ids: Vec<Value> = tasks.iter().map(|task| Value::Int(task.about().id)).collect();
    let fits = Query::of(look.shape.id).filter(Filter::is(code::ID, Op::In, Value::Many(ids))).filter(look.filter_in_pipeline()).limit(MOST);
    let records = if tasks.is_empty() { Vec::new() } else { answers.read.items(answers.rights, &fits)? };
    let entry = |task: &Item| {
        let record = records.iter().find(|record| record.at() == task.about())?;
        let deadline = task.values.moment(team::tasks::DEADLINE)?;
        let (day, time) = when(view, task.values.get(team::tasks::DEADLINE))?;
        let done = task.values.text(team::tasks::STATUS) == team::tasks::COMPLETED;
        let entry = Entry {
            id: task.id,
            href: format!("/{}/{}", look.slug, record.id),
            title: task.title().to_owned(),
            hint: format!("{} · {} · {}", task.title(), record.title(), answers.person(task.responsible()).name),
            time,
            color: String::new(),
            tone: if done {
                "done"
            } else if deadline < view.now {
                "late"
            } else {
                ""
            },
            locked: done || !answers.rights.may(Action::Change, task),
        };
        Some((day, entry))
    };
    Ok(tasks.iter().filter_map(entry).collect())
}

#[derive(Deserialize)]
struct To {
    id: i64,
    /// Code of the field, or `tasks`.
    source: String,
    day: String,
}

/// Puts a record or a task on another day; the time of day stays.
async fn move_to(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(to): Form<To>) -> Answer {
    work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let day: Date = to.day.parse().map_err(|_| Refusal::new("wrong_date", "Такой даты нет", "There is no such date"))?;
        let (kind, field) = if to.source == TASKS { (kind::TASK, team::tasks::DEADLINE) } else { (shape.id, to.source.as_str()) };
        let item = house.read(|read| read.item(&viewer.rights, ItemRef::new(kind, to.id))?.ok_or_else(|| Refusal::not_found().into()))?;
        let zone = &house.firm.zone;
        let value = match item.values.get(field) {
            Value::Date(_) => Value::date(day),
            Value::Moment(was) => {
                let time = was.at.timestamp().to_zoned(zone.clone()).time();
                let moved = day.to_datetime(time).to_zoned(zone.clone());
                Value::moment(
                    moved
                        .map(|zoned| Moment::from_timestamp(zoned.timestamp()))
                        .map_err(|_| Refusal::new("wrong_date", "Такой даты нет", "There is no such date"))?,
                )
            }
            _ => return Err(crm::query::unknown_field(field).into()),
        };
        house.command(&viewer.rights, &viewer.cause(house.now()), Command::Change { item: item.at(), values: Values::from([(field, value)]) })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_shown_in_whole_weeks() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(grid(day("2026-11-25"), false), (day("2026-10-26"), day("2026-12-07")));
        assert_eq!(grid(day("2027-02-10"), false), (day("2027-02-01"), day("2027-03-01")));
        assert_eq!(grid(day("2026-11-29"), true), (day("2026-11-23"), day("2026-11-30")));
    }
}
