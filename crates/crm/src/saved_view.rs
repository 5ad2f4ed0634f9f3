//! A list, board or calendar as somebody set it up and wants it again.

use crate::doors::Tx;
use crate::entity::Schema;
use crate::failure::{Outcome, Refusal};
use crate::field::{FieldKind, FormulaResult};
use crate::ids::{EntityTypeId, UserId};
use crate::label::Label;
use crate::query::{Filter, Op, Order};
use crate::rights::Rights;
use crate::time::{Date, Moment};
use crate::value::Value;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// In what form records are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewMode {
    /// Lines.
    #[default]
    List,
    /// Columns by stage.
    Board,
    /// Columns by when the next thing is to be done.
    Activities,
    /// By days.
    Calendar,
}

/// A saved view of a type.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SavedView {
    /// The type; in a pack its code stands in the file's name.
    #[serde(default)]
    pub kind: EntityTypeId,
    /// Stable code inside type and owner.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// In what form.
    #[serde(default)]
    pub mode: ViewMode,
    /// Code of the pipeline; empty: all of them, on a board the default one.
    #[serde(default)]
    pub pipeline: String,
    /// Which records. Days and people may stand in it as words: see [`word`].
    #[serde(default)]
    pub filter: Filter,
    /// In which order.
    #[serde(default)]
    pub order: Vec<Order>,
    /// Codes of the columns of a list, or of the fields on a card of a board; empty: the usual ones.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Code of the date field of a calendar.
    #[serde(default)]
    pub date: String,
    /// Whose it is; nobody's: everybody sees it.
    #[serde(default)]
    pub owner: UserId,
    /// Stands as a tab above the list.
    #[serde(default)]
    pub pinned: bool,
    /// Codes of the roles that see it first.
    #[serde(default)]
    pub default_for: Vec<String>,
}

/// Words in a saved condition that mean something else every day and for every reader.
pub mod word {
    /// Whoever looks.
    pub const ME: &str = "@me";
    /// The people of his department, himself included.
    pub const DEPARTMENT: &str = "@department";
    /// Before this moment; of a day: before today.
    pub const PAST: &str = "@past";
    /// From this moment on; of a day: today or later.
    pub const AHEAD: &str = "@ahead";
    /// Spans of whole days, in the order of a menu.
    pub const SPANS: [&str; 16] = [
        "@today",
        "@yesterday",
        "@tomorrow",
        "@week",
        "@last_week",
        "@next_week",
        "@month",
        "@last_month",
        "@next_month",
        "@quarter",
        "@year",
        "@last_7",
        "@last_30",
        "@last_90",
        "@next_7",
        "@next_30",
    ];
}

/// Who looks, and when: what the words of [`word`] mean now.
#[derive(Debug, Clone)]
pub struct Meaning<'a> {
    /// Whoever looks.
    pub user: UserId,
    /// The people of his department.
    pub department: &'a BTreeSet<UserId>,
    /// The present moment.
    pub now: Moment,
    /// The zone in which days begin.
    pub zone: &'a TimeZone,
}

impl Meaning<'_> {
    fn today(&self) -> Date {
        self.now.timestamp().to_zoned(self.zone.clone()).date()
    }

    fn start(&self, day: Date) -> Value {
        day.to_zoned(self.zone.clone()).map_or(Value::Null, |zoned| Value::moment(Moment::from_timestamp(zoned.timestamp())))
    }
}

/// The first day of a span and the first day after it. A written day is a span of one day.
pub fn span(text: &str, today: Date) -> Option<(Date, Date)> {
    let plus = |day: Date, days: i32| day.checked_add(jiff::Span::new().days(days)).ok();
    let monday = plus(today, -i32::from(today.weekday().to_monday_zero_offset()))?;
    let month = today.first_of_month();
    let later = |day: Date, months: i32| day.checked_add(jiff::Span::new().months(months)).ok();
    Some(match text {
        "@today" => (today, plus(today, 1)?),
        "@yesterday" => (plus(today, -1)?, today),
        "@tomorrow" => (plus(today, 1)?, plus(today, 2)?),
        "@week" => (monday, plus(monday, 7)?),
        "@last_week" => (plus(monday, -7)?, monday),
        "@next_week" => (plus(monday, 7)?, plus(monday, 14)?),
        "@month" => (month, later(month, 1)?),
        "@last_month" => (later(month, -1)?, month),
        "@next_month" => (later(month, 1)?, later(month, 2)?),
        "@quarter" => {
            let first = later(month, -i32::from((today.month() - 1) % 3))?;
            (first, later(first, 3)?)
        }
        "@year" => (today.first_of_year(), later(today.first_of_year(), 12)?),
        "@last_7" => (plus(today, -6)?, plus(today, 1)?),
        "@last_30" => (plus(today, -29)?, plus(today, 1)?),
        "@last_90" => (plus(today, -89)?, plus(today, 1)?),
        "@next_7" => (today, plus(today, 7)?),
        "@next_30" => (today, plus(today, 30)?),
        _ => {
            let day: Date = text.trim().parse().ok()?;
            (day, day.tomorrow().ok()?)
        }
    })
}

/// A saved condition with its words replaced by what they mean now, ready for a question to the database.
///
/// # Errors
/// Refuses unknown fields, answers of another kind, unknown words, and conditions that are too large.
pub fn meant(filter: &Filter, schema: &Schema, kind: EntityTypeId, meaning: &Meaning<'_>) -> Result<Filter, Refusal> {
    let (count, depth) = filter.size();
    if count > 60 || depth > 6 {
        return Err(Refusal::new("filter_too_large", "Слишком много условий: не больше 60", "Too many conditions: at most 60"));
    }
    said(filter, schema, kind, meaning)?.typed(schema, kind)
}

fn said(filter: &Filter, schema: &Schema, kind: EntityTypeId, meaning: &Meaning<'_>) -> Result<Filter, Refusal> {
    let each = |list: &[Filter]| list.iter().map(|one| said(one, schema, kind, meaning)).collect::<Result<Vec<_>, _>>();
    Ok(match filter {
        Filter::Any | Filter::Search(_) => filter.clone(),
        Filter::All(list) => Filter::All(each(list)?),
        Filter::One(list) => Filter::One(each(list)?),
        Filter::Not(inner) => Filter::Not(Box::new(said(inner, schema, kind, meaning)?)),
        Filter::Linked { kind: other, field, filter } => {
            Filter::Linked { kind: *other, field: field.clone(), filter: Box::new(said(filter, schema, *other, meaning)?) }
        }
        Filter::Is { field: path, op, value } => {
            let field = schema.field_on_path(kind, path).ok_or_else(|| crate::query::unknown_field(path))?;
            match (time_of(&field.kind), &field.kind) {
                (Some(exact), _) if !matches!(op, Op::Empty | Op::Filled) => when(path, *op, value, exact, meaning)?,
                (_, FieldKind::User) if !matches!(op, Op::Empty | Op::Filled) => whose(path, *op, value, meaning),
                _ => filter.clone(),
            }
        }
    })
}

/// Whether answers of this kind are moments (`true`) or days (`false`); `None`: neither.
pub fn time_of(kind: &FieldKind) -> Option<bool> {
    match kind {
        FieldKind::Moment | FieldKind::Formula { result: FormulaResult::Moment, .. } => Some(true),
        FieldKind::Date | FieldKind::Formula { result: FormulaResult::Date, .. } => Some(false),
        _ => None,
    }
}

fn when(path: &str, op: Op, value: &Value, exact: bool, meaning: &Meaning<'_>) -> Result<Filter, Refusal> {
    let Some(text) = value.as_text() else { return Ok(Filter::is(path, op, value.clone())) };
    let is = |op: Op, value: Value| Filter::is(path, op, value);
    let now = || if exact { Value::moment(meaning.now) } else { Value::date(meaning.today()) };
    match text {
        word::PAST => return Ok(is(Op::Lt, now())),
        word::AHEAD => return Ok(is(Op::Ge, now())),
        _ => {}
    }
    let Some((from, to)) = span(text, meaning.today()) else {
        let local = text.trim().parse::<jiff::civil::DateTime>().ok().and_then(|local| local.to_zoned(meaning.zone.clone()).ok());
        return match local.filter(|_| exact) {
            Some(at) => Ok(is(op, Value::moment(Moment::from_timestamp(at.timestamp())))),
            None => {
                let shown: String = text.chars().take(60).collect();
                Err(Refusal::new(
                    "wrong_date",
                    format!("«{shown}» — это не дата: нужна, например, 2026-11-25"),
                    format!("{shown} is no date: write, for example, 2026-11-25"),
                ))
            }
        };
    };
    let bound = |day: Date| if exact { meaning.start(day) } else { Value::date(day) };
    let (from, to) = (bound(from), bound(to));
    Ok(match op {
        Op::Ne | Op::NotIn => Filter::One(vec![is(Op::Lt, from), is(Op::Ge, to)]),
        Op::Gt => is(Op::Ge, to),
        Op::Le => is(Op::Lt, to),
        Op::Ge => is(Op::Ge, from),
        Op::Lt => is(Op::Lt, from),
        _ => Filter::All(vec![is(Op::Ge, from), is(Op::Lt, to)]),
    })
}

fn whose(path: &str, op: Op, value: &Value, meaning: &Meaning<'_>) -> Filter {
    let mut people = Vec::new();
    for one in value.as_list() {
        match one.as_text() {
            Some(word::ME) => people.push(Value::user(meaning.user)),
            Some(word::DEPARTMENT) => {
                people.push(Value::user(meaning.user));
                people.extend(meaning.department.iter().filter(|id| **id != meaning.user).map(|id| Value::user(*id)));
            }
            _ => people.push(one.clone()),
        }
    }
    let op = match op {
        Op::Eq if people.len() != 1 => Op::In,
        Op::Ne if people.len() != 1 => Op::NotIn,
        op => op,
    };
    match op {
        Op::In | Op::NotIn => Filter::is(path, op, Value::Many(people)),
        op => Filter::is(path, op, people.into_iter().next().unwrap_or_default()),
    }
}

/// Keeps a view for its owner, or for everybody. A view without a code gets the next free one.
///
/// # Errors
/// Refuses a view without a name, a condition that means nothing, and whoever may not set up what everybody sees.
pub fn put(tx: &mut dyn Tx, rights: &Rights, meaning: &Meaning<'_>, view: &SavedView) -> Outcome<SavedView> {
    let mut view = view.clone();
    may_write(rights, view.owner)?;
    for title in [&mut view.title.ru, &mut view.title.en] {
        *title = title.trim().to_owned();
    }
    if view.title.ru.is_empty() || view.title.en.is_empty() {
        return Err(Refusal::new("required", "Назовите вид", "Give the view a name").at("title", Label::new("нужно название", "a name is needed")).into());
    }
    if view.title.ru.chars().count() > 80 || view.title.en.chars().count() > 80 {
        return Err(Refusal::new("long_title", "Название вида слишком длинное: не больше 80 букв", "The name of a view may have 80 letters at most").into());
    }
    let schema = tx.schema();
    if schema.kind(view.kind).is_none() || rights.scope(view.kind, crate::rights::Action::Read) == crate::rights::Scope::None {
        return Err(Refusal::not_found().into());
    }
    meant(&view.filter, &schema, view.kind, meaning)?;
    if view.owner != UserId::SYSTEM {
        view.default_for.clear();
    }
    let known = tx.views(view.kind, rights.user)?;
    if view.code.is_empty() {
        let stem = if view.owner == UserId::SYSTEM { "shared" } else { "my" };
        let free = (1..).map(|number| format!("{stem}_{number}")).find(|code| known.iter().all(|one| one.code != *code));
        view.code = free.unwrap_or_default();
    }
    // A role sees one view first.
    for other in known.iter().filter(|other| other.owner == UserId::SYSTEM && other.code != view.code && !view.default_for.is_empty()) {
        if other.default_for.iter().any(|role| view.default_for.contains(role)) {
            let mut other = other.clone();
            other.default_for.retain(|role| !view.default_for.contains(role));
            tx.put_view(&other)?;
        }
    }
    tx.put_view(&view)?;
    Ok(view)
}

/// Takes a view away.
///
/// # Errors
/// Refuses whoever may not set up what everybody sees, and a view that is not there.
pub fn remove(tx: &mut dyn Tx, rights: &Rights, kind: EntityTypeId, code: &str, owner: UserId) -> Outcome<()> {
    may_write(rights, owner)?;
    if !tx.views(kind, rights.user)?.iter().any(|view| view.code == code && view.owner == owner) {
        return Err(Refusal::not_found().into());
    }
    tx.remove_view(kind, code, owner)
}

fn may_write(rights: &Rights, owner: UserId) -> Outcome<()> {
    let shared = owner == UserId::SYSTEM;
    match (shared && (rights.admin || rights.constructor)) || (!shared && owner == rights.user) {
        true => Ok(()),
        false if shared => Err(Refusal::denied("Общие виды настраивает администратор", "Shared views are set up by an administrator").into()),
        false => Err(Refusal::not_found().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{EntityType, code, kind};
    use crate::field::Field;

    fn schema() -> Schema {
        let mut deal = EntityType { id: kind::DEAL, code: "deal".into(), staged: true, listed: true, ..EntityType::default() };
        deal.fields = vec![Field::new("visit", "Визит", "Visit", FieldKind::Date), Field::new("amount", "Сумма", "Amount", FieldKind::Money)];
        let mut schema = Schema::default();
        schema.types.insert(kind::DEAL, deal.complete());
        schema
    }

    /// Wednesday 25.11.2026, half past two at night in Almaty: still the 24th in Greenwich.
    fn night<T>(work: impl FnOnce(&Meaning<'_>) -> T) -> T {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let department = BTreeSet::from([UserId(7), UserId(8)]);
        work(&Meaning { user: UserId(7), department: &department, now: Moment::from_timestamp("2026-11-24T21:30:00Z".parse().unwrap()), zone: &zone })
    }

    fn day(text: &str) -> Value {
        Value::date(text.parse().unwrap())
    }

    #[test]
    fn today_is_the_day_of_the_firm_and_not_of_greenwich() {
        let found = night(|meaning| meant(&Filter::is("visit", Op::Eq, Value::text("@today")), &schema(), kind::DEAL, meaning)).unwrap();
        assert_eq!(found, Filter::All(vec![Filter::is("visit", Op::Ge, day("2026-11-25")), Filter::is("visit", Op::Lt, day("2026-11-26"))]));
        let found = night(|meaning| meant(&Filter::is(code::CREATED_AT, Op::Le, Value::text("@today")), &schema(), kind::DEAL, meaning)).unwrap();
        let end = Value::moment(Moment::from_timestamp("2026-11-25T19:00:00Z".parse().unwrap()));
        assert_eq!(found, Filter::is(code::CREATED_AT, Op::Lt, end));
    }

    #[test]
    fn spans_begin_and_end_where_a_calendar_says() {
        let today: Date = "2026-11-25".parse().unwrap();
        for (word, from, to) in [
            ("@week", "2026-11-23", "2026-11-30"),
            ("@next_week", "2026-11-30", "2026-12-07"),
            ("@month", "2026-11-01", "2026-12-01"),
            ("@last_month", "2026-10-01", "2026-11-01"),
            ("@quarter", "2026-10-01", "2027-01-01"),
            ("@year", "2026-01-01", "2027-01-01"),
            ("@last_30", "2026-10-27", "2026-11-26"),
            ("2024-02-29", "2024-02-29", "2024-03-01"),
        ] {
            assert_eq!(span(word, today), Some((from.parse().unwrap(), to.parse().unwrap())), "{word}");
        }
        for word in word::SPANS {
            assert!(span(word, today).is_some_and(|(from, to)| from < to), "{word}");
        }
        assert_eq!(span("@sometime", today), None);
    }

    #[test]
    fn my_department_is_everybody_in_it_and_i() {
        let list = Value::Many(vec![Value::text("@department"), Value::text("12")]);
        let found = night(|meaning| meant(&Filter::is(code::RESPONSIBLE, Op::In, list), &schema(), kind::DEAL, meaning)).unwrap();
        assert_eq!(found, Filter::is(code::RESPONSIBLE, Op::In, Value::Many(vec![Value::Int(7), Value::Int(8), Value::Int(12)])));
    }

    #[test]
    fn what_means_nothing_is_refused_in_words() {
        let refused = |filter: Filter| night(|meaning| meant(&filter, &schema(), kind::DEAL, meaning)).unwrap_err().code;
        assert_eq!(refused(Filter::is("visit", Op::Eq, Value::text("@sometime"))), "wrong_date");
        assert_eq!(refused(Filter::is("nothing", Op::Eq, Value::text("1"))), "unknown_field");
        assert_eq!(refused(Filter::All(vec![Filter::Any; 61])), "filter_too_large");
    }
}
