//! The list of a type: columns, sorting, a filter by any field the reader sees, search, "show more".

use super::{Page, show};
use crate::answers::{Answers, Person, shape_of};
use crate::fields::{self, Input, is_color};
use crate::trouble::percent;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use axum::{Form, Json, Router};
use crm::query::Count;
use crm::{Action, Command, EntityType, Field, FieldKind, Filter, Item, Lang, Moment, Op, Order, Outcome, Page as Part, Query, Read, Refusal, Rights, Value, Values, code};

pub(crate) fn page() -> Page {
    Page {
        code: "list",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}", get(list))
                .route("/{kind}/count", get(count))
                .route("/{kind}/filter-row", get(filter_row))
                .route("/{kind}/pick", get(pick))
                .route("/{kind}/new", get(blank).post(create))
        },
    }
}

const PER_PAGE: u32 = 50;
/// Counting on demand stops here: "10 000+".
const CAP: u64 = 10_000;
/// Columns at most.
const COLUMNS: usize = 9;
/// Rows of the filter at most.
const ROWS: usize = 20;

/// What the address asks for.
#[derive(Debug, Default, Clone)]
struct Wanted {
    q: String,
    /// Field, comparison, answer.
    rows: Vec<(String, String, String)>,
    sort: String,
    descending: bool,
    after: Option<(Vec<Value>, i64)>,
    more: bool,
}

impl Wanted {
    /// Rows come as `f=…&o=…&v=…`, in turn.
    fn read(query: Option<&str>) -> Wanted {
        let mut wanted = Wanted { descending: true, ..Wanted::default() };
        for (name, value) in pairs(query.unwrap_or_default()) {
            match name.as_str() {
                "q" => wanted.q = value.trim().chars().take(100).collect(),
                "f" if wanted.rows.len() < ROWS => wanted.rows.push((value, String::new(), String::new())),
                "o" => wanted.rows.last_mut().into_iter().for_each(|row| value.clone_into(&mut row.1)),
                "v" => wanted.rows.last_mut().into_iter().for_each(|row| value.clone_into(&mut row.2)),
                "sort" => wanted.sort = value,
                "up" => wanted.descending = value != "1",
                "after" => {
                    wanted.after = serde_json::from_str(&value).ok();
                    wanted.more = true;
                }
                _ => {}
            }
        }
        wanted.rows.retain(|row| !row.0.is_empty());
        wanted
    }

    /// The query of an address that asks for the same, without the place to go on from.
    fn address(&self, sort: &str, descending: bool) -> String {
        let mut text = String::new();
        if !self.q.is_empty() {
            text.push_str(&format!("q={}&", percent(&self.q)));
        }
        for (field, op, value) in &self.rows {
            text.push_str(&format!("f={}&o={}&v={}&", percent(field), percent(op), percent(value)));
        }
        text.push_str(&format!("sort={}{}", percent(sort), if descending { "" } else { "&up=1" }));
        text
    }

    fn query(&self, read: &dyn Read, shape: &EntityType, rights: &Rights, zone: &jiff::tz::TimeZone) -> Outcome<Query> {
        let mut filter = Filter::Any;
        for (name, op, text) in &self.rows {
            let field = shape.field(name).filter(|_| rights.sees(shape.id, name)).ok_or_else(|| crm::query::unknown_field(name))?;
            let op = op_of(op).ok_or_else(|| Refusal::new("unknown_comparison", "Такого сравнения нет", "There is no such comparison"))?;
            if text.trim().is_empty() && !matches!(op, Op::Empty | Op::Filled) {
                continue;
            }
            filter = filter.and(comparison(field, op, text, zone).typed(&read.schema(), shape.id)?);
        }
        if !self.q.is_empty() {
            filter = filter.and(Filter::Search(self.q.clone()));
        }
        let sort = if self.sort.is_empty() { code::ID } else { &self.sort };
        if shape.field(sort).filter(|field| sortable(field) && rights.sees(shape.id, sort)).is_none() {
            return Err(crm::query::unknown_field(sort).into());
        }
        Ok(Query {
            kind: shape.id,
            filter,
            order: vec![Order { field: sort.to_owned(), descending: self.descending }],
            page: Part { limit: PER_PAGE + 1, offset: 0, after: self.after.clone() },
        })
    }
}

/// A day compared with a moment means the whole day, in the firm's zone.
fn comparison(field: &Field, op: Op, text: &str, zone: &jiff::tz::TimeZone) -> Filter {
    if field.kind == FieldKind::Moment
        && let Ok(day) = text.trim().parse::<crm::Date>()
        && let (Ok(from), Ok(to)) = (day.to_zoned(zone.clone()), day.tomorrow().and_then(|next| next.to_zoned(zone.clone())))
    {
        let (from, to) = (Value::moment(Moment::from_timestamp(from.timestamp())), Value::moment(Moment::from_timestamp(to.timestamp())));
        let is = |op: Op, value: &Value| Filter::is(&field.code, op, value.clone());
        return match op {
            Op::Eq => Filter::All(vec![is(Op::Ge, &from), is(Op::Lt, &to)]),
            Op::Ne => Filter::One(vec![is(Op::Lt, &from), is(Op::Ge, &to)]),
            Op::Gt => is(Op::Ge, &to),
            Op::Le => is(Op::Lt, &to),
            other => is(other, &from),
        };
    }
    Filter::is(&field.code, op, fields::given(&Field { multiple: false, ..field.clone() }, &[text], zone).as_list().first().cloned().unwrap_or_default())
}

/// The comparisons that make sense for a field.
fn ops(field: &Field) -> &'static [Op] {
    match &field.kind {
        FieldKind::Integer | FieldKind::Decimal | FieldKind::Money | FieldKind::Date | FieldKind::Moment => &[Op::Eq, Op::Ge, Op::Le, Op::Gt, Op::Lt, Op::Ne, Op::Empty, Op::Filled],
        FieldKind::Choice { .. } | FieldKind::User | FieldKind::Stage | FieldKind::Pipeline | FieldKind::Flag | FieldKind::Link { .. } => &[Op::Eq, Op::Ne, Op::Empty, Op::Filled],
        _ => &[Op::Contains, Op::NotContains, Op::Eq, Op::Empty, Op::Filled],
    }
}

fn op_of(code: &str) -> Option<Op> {
    serde_json::from_value(serde_json::Value::String(code.to_owned())).ok()
}

fn op_code(op: Op) -> String {
    serde_json::to_value(op).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Names and values of an address's query, in order.
fn pairs(query: &str) -> Vec<(String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (plain(name), plain(value))).collect()
}

/// Takes the percent signs out.
fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a list can be sorted by it.
fn sortable(field: &Field) -> bool {
    !field.multiple && !field.is_points() && !matches!(field.kind, FieldKind::LongText | FieldKind::Pattern | FieldKind::Record { .. } | FieldKind::AnyItem | FieldKind::Secret | FieldKind::File)
}

/// A column's heading.
struct Head {
    title: String,
    /// Where a click leads; empty when the list cannot be sorted so.
    href: String,
    /// `ascending`, `descending` or empty.
    sorted: &'static str,
    number: bool,
}

/// A cell.
struct Cell {
    text: String,
    /// `title`, `stage`, `person`, `money`, `text`.
    look: &'static str,
    /// Width of the stage strip in percent, its colour.
    part: usize,
    color: String,
    person: Person,
}

struct Row {
    href: String,
    cells: Vec<Cell>,
}

/// A row of the filter.
struct FilterRow {
    fields: Vec<(String, String, bool)>,
    ops: Vec<(String, String, bool)>,
    input: Input,
    silent: bool,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    view: View,
    slug: String,
    kind: i64,
    title: String,
    one: String,
    q: String,
    heads: Vec<Head>,
    rows: Vec<Row>,
    more: Option<String>,
    filters: Vec<FilterRow>,
    query: String,
    narrowed: bool,
    board_href: Option<String>,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "rows.html")]
struct Rows {
    view: View,
    rows: Vec<Row>,
    more: Option<String>,
    columns: usize,
}

/// The columns of a type: its name, its place, then what is not secondary.
fn columns<'a>(shape: &'a EntityType, rights: &Rights) -> Vec<&'a Field> {
    let seen = fields::visible(shape, rights);
    let rank = |field: &Field| match field.code.as_str() {
        code::TITLE => 0,
        code::STAGE => 1,
        code::CONTACT => 2,
        code::AMOUNT => 3,
        code::RESPONSIBLE => 4,
        code::CREATED_AT => 6,
        _ => 5,
    };
    let fits = |field: &&Field| {
        let kept = matches!(field.code.as_str(), code::CREATED_AT | code::TITLE);
        (kept || (!field.secondary && field.code != code::ID && field.code != code::PIPELINE)) && !matches!(field.kind, FieldKind::LongText | FieldKind::Record { .. } | FieldKind::Pattern | FieldKind::Secret)
    };
    let mut list: Vec<&Field> = seen.into_iter().filter(fits).collect();
    list.sort_by_key(|field| rank(field));
    if list.len() > COLUMNS {
        let last = list.pop();
        list.truncate(COLUMNS - 1);
        list.extend(last);
    }
    list
}

async fn list(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let wanted = Wanted::read(query.as_deref());
    let more = wanted.more;
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let slug = slug(&shape);
            let view = if more { View::piece(house, &viewer) } else { View::framed(house, read, &viewer, &format!("/{slug}"))? };
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let columns = columns(&shape, &viewer.rights);
            let query = wanted.query(read, &shape, &viewer.rights, &view.zone)?;
            let sort = query.order[0].field.clone();
            let mut items = read.items(&viewer.rights, &query)?;
            let goes_on = items.len() > PER_PAGE as usize;
            items.truncate(PER_PAGE as usize);
            answers.prefetch_links(&items, &columns)?;
            let address = wanted.address(&sort, wanted.descending);
            let next = items.last().filter(|_| goes_on).map(|last| {
                let place = serde_json::to_string(&(vec![last.values.get(&sort).clone()], last.id)).unwrap_or_default();
                let place = if sort == code::ID { serde_json::to_string(&(vec![Value::Int(last.id)], last.id)).unwrap_or(place) } else { place };
                format!("/{slug}?{address}&after={}", percent(&place))
            });
            let filters = if more { Vec::new() } else { wanted.rows.iter().map(|row| filter(&answers, &shape, &row.0, &row.1, &row.2)).collect::<Outcome<Vec<_>>>()? };
            Ok(ListPage {
                kind: shape.id.0,
                title: shape.plural.get(viewer.lang).to_owned(),
                one: shape.title.get(viewer.lang).to_owned(),
                q: wanted.q.clone(),
                heads: columns.iter().map(|field| head(field, &wanted, &sort, &slug, viewer.lang)).collect(),
                rows: items.iter().map(|item| row(&view, &answers, &shape, item, &columns)).collect(),
                more: next,
                filters,
                query: address,
                narrowed: !wanted.q.is_empty() || !wanted.rows.is_empty(),
                board_href: shape.staged.then(|| format!("/{slug}/board")),
                may_create: viewer.rights.may_for(Action::Create, shape.id, viewer.user.id),
                slug,
                view,
            })
        })
    })
    .await?;
    match more {
        true => show(&Rows { columns: page.heads.len(), view: page.view, rows: page.rows, more: page.more }),
        false => show(&page),
    }
}

fn head(field: &Field, wanted: &Wanted, sort: &str, slug: &str, lang: Lang) -> Head {
    let here = field.code == sort;
    let number = matches!(field.kind, FieldKind::Money | FieldKind::Integer | FieldKind::Decimal);
    // The first click on names sorts from А, on figures and dates from the largest.
    let descending = if here { !wanted.descending } else { number || matches!(field.kind, FieldKind::Moment | FieldKind::Date) };
    Head {
        title: field.title.get(lang).to_owned(),
        href: if sortable(field) { format!("/{slug}?{}", wanted.address(&field.code, descending)) } else { String::new() },
        sorted: match (here, wanted.descending) {
            (true, true) => "descending",
            (true, false) => "ascending",
            _ => "",
        },
        number,
    }
}

fn row(view: &View, answers: &Answers<'_>, shape: &EntityType, item: &Item, columns: &[&Field]) -> Row {
    let cells = columns.iter().map(|field| {
        let mut cell = Cell { text: String::new(), look: "text", part: 0, color: String::new(), person: Person::default() };
        match (field.code.as_str(), &field.kind) {
            (code::TITLE, _) => {
                cell.look = "title";
                cell.text = if item.title().is_empty() { format!("№ {}", item.id) } else { item.title().to_owned() };
            }
            (code::STAGE, _) => {
                if let Some((pipeline, stage)) = item.stage().and_then(|id| answers.schema.stage(id)) {
                    cell.look = "stage";
                    stage.title.get(view.lang).clone_into(&mut cell.text);
                    let open = pipeline.stages.iter().filter(|one| one.outcome == crm::Ending::Open).count().max(1);
                    cell.part = pipeline.position(stage.id).map_or(100, |at| ((at + 1) * 100 / (open + 1)).min(100));
                    cell.color = if is_color(&stage.color) { stage.color.clone() } else { "#A8ADB4".to_owned() };
                }
            }
            (_, FieldKind::User) => {
                if let Some(id) = item.values.int(&field.code) {
                    cell.look = "person";
                    cell.person = answers.person(crm::UserId(id));
                }
            }
            (_, FieldKind::Money | FieldKind::Integer | FieldKind::Decimal) => {
                cell.look = "number";
                cell.text = answers.text(item, field);
            }
            (_, FieldKind::Moment) => cell.text = item.values.moment(&field.code).map(|at| view.ago(at)).unwrap_or_default(),
            _ => cell.text = answers.text(item, field),
        }
        cell
    });
    Row { href: format!("/{}/{}", slug(shape), item.id), cells: cells.collect() }
}

async fn count(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let wanted = Wanted::read(query.as_deref());
    let (found, lang): (Count, Lang) = work(&web.house, move |house| {
        let zone = house.firm.zone.clone();
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let mut query = wanted.query(read, &shape, &viewer.rights, &zone)?;
            query.page.after = None;
            Ok((read.count(&viewer.rights, &query, CAP)?, viewer.lang))
        })
    })
    .await?;
    Ok(axum::response::Html(super::board::counted(found, lang)).into_response())
}

/// One row of the filter; the field decides the comparisons and the question.
fn filter(answers: &Answers<'_>, shape: &EntityType, name: &str, op: &str, text: &str) -> Outcome<FilterRow> {
    let lang = answers.lang;
    let offered: Vec<&Field> = fields::visible(shape, answers.rights)
        .into_iter()
        .filter(|field| !matches!(field.kind, FieldKind::Record { .. } | FieldKind::Secret | FieldKind::File | FieldKind::AnyItem))
        .collect();
    let field = offered.iter().find(|field| field.code == name).or(offered.first()).ok_or_else(|| crm::query::unknown_field(name))?;
    let known = ops(field);
    let chosen = op_of(op).filter(|op| known.contains(op)).unwrap_or(known[0]);
    let single = Field { multiple: false, required: false, ..(*field).clone() };
    let mut input = fields::input(answers, &single, &Value::Null)?;
    input.value = text.to_owned();
    for option in &mut input.options {
        option.2 = option.0 == text;
    }
    // A stage of this type only; a moment is asked for as a day.
    if let FieldKind::Stage = field.kind {
        let own: Vec<String> = answers.schema.pipelines_of(shape.id).into_iter().flat_map(|pipeline| pipeline.stages.iter().map(|stage| stage.id.to_string())).collect();
        input.options.retain(|option| own.contains(&option.0));
    }
    if input.kind == "moment" {
        input.kind = "date";
    }
    if input.kind == "points" || input.kind == "long" {
        input.kind = "text";
    }
    if let (FieldKind::Link { to }, Ok(id)) = (&field.kind, text.parse()) {
        input.link_title = answers.title(crm::ItemRef::new(*to, id)).unwrap_or_default();
    }
    input.code = "v".to_owned();
    Ok(FilterRow {
        fields: offered.iter().map(|one| (one.code.clone(), one.title.get(lang).to_owned(), one.code == field.code)).collect(),
        ops: known.iter().map(|one| (op_code(*one), one.label().get(lang).to_owned(), *one == chosen)).collect(),
        input,
        silent: matches!(chosen, Op::Empty | Op::Filled),
    })
}

#[derive(Template)]
#[template(path = "filter_row.html")]
struct FilterPiece {
    view: View,
    slug: String,
    row: FilterRow,
}

async fn filter_row(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let wanted = Wanted::read(query.as_deref());
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let (name, op, text) = wanted.rows.first().cloned().unwrap_or_default();
            Ok(FilterPiece { view, slug: slug(&shape), row: filter(&answers, &shape, &name, &op, &text)? })
        })
    })
    .await?;
    show(&piece)
}

/// Records to choose from: number and title only.
async fn pick(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let q = pairs(query.as_deref().unwrap_or_default()).into_iter().find(|(name, _)| name == "q").map(|(_, q)| q).unwrap_or_default();
    let found = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let mut query = Query::of(shape.id).limit(8);
            if !q.trim().is_empty() {
                query = query.filter(Filter::Search(q.trim().chars().take(100).collect()));
            }
            let items = read.items(&viewer.rights, &query)?;
            Ok(items.into_iter().map(|item| serde_json::json!({ "id": item.id, "title": item.title() })).collect::<Vec<_>>())
        })
    })
    .await?;
    Ok(Json(found).into_response())
}

#[derive(Template)]
#[template(path = "new.html")]
struct BlankPage {
    view: View,
    slug: String,
    title: String,
    inputs: Vec<Input>,
    error: Option<String>,
}

async fn blank(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>) -> Answer {
    let page = work(&web.house, move |house| house.read(|read| form(house, read, &viewer, &word, &[], None))).await?;
    show(&page)
}

/// The form for a new item, with what was typed and what is wrong with it.
fn form(house: &crm::House, read: &dyn Read, viewer: &Viewer, word: &str, typed: &[(String, String)], refusal: Option<&Refusal>) -> Outcome<BlankPage> {
    let shape = shape_of(read, &viewer.rights, word)?;
    let slug = slug(&shape);
    let view = View::framed(house, read, viewer, &format!("/{slug}"))?;
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let mut inputs = Vec::new();
    for field in fields::visible(&shape, &viewer.rights).into_iter().filter(|field| !field.read_only && fields::is_askable(field) && (!field.secondary || field.required)) {
        let value = match typed.iter().find(|(name, _)| *name == field.code) {
            Some((_, text)) => Value::text(text),
            None if field.code == code::RESPONSIBLE => Value::user(viewer.user.id),
            None => field.default.clone(),
        };
        let mut input = fields::input(&answers, field, &value)?;
        input.error = refusal.and_then(|refusal| refusal.fields.iter().find(|(name, _)| *name == field.code)).map(|(_, reason)| reason.get(viewer.lang).to_owned());
        inputs.push(input);
    }
    let error = refusal.map(|refusal| refusal.text.get(viewer.lang).to_owned());
    Ok(BlankPage { title: shape.title.get(viewer.lang).to_owned(), inputs, error, slug, view })
}

async fn create(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(typed): Form<Vec<(String, String)>>) -> Answer {
    let made = work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let mut values = Values::new();
        for field in &shape.fields {
            let texts: Vec<&str> = typed.iter().filter(|(name, _)| *name == field.code).map(|(_, text)| text.as_str()).collect();
            let value = fields::given(field, &texts, &house.firm.zone);
            if !value.is_empty() {
                values.set(field.code.clone(), value);
            }
        }
        match house.command(&viewer.rights, &viewer.cause(house.now()), Command::Create { kind: shape.id, values }) {
            Ok(done) => Ok(Ok(format!("/{}/{}", slug(&shape), done.item.map_or(0, |at| at.id)))),
            Err(crm::Fault::Refused(refusal)) => Ok(Err(house.read(|read| form(house, read, &viewer, &word, &typed, Some(&refusal)))?)),
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match made {
        Ok(href) => Ok(Redirect::to(&href).into_response()),
        Err(page) => {
            let mut answer = show(&page)?;
            *answer.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_filter_are_read_in_turn() {
        let wanted = Wanted::read(Some("q=+%D0%98%D0%B2%D0%B0%D0%BD&f=amount&o=gt&v=100&f=region&o=empty&v=&f=&o=eq&v=x&sort=amount&up=1"));
        assert_eq!(wanted.q, "Иван");
        assert_eq!(wanted.rows, [("amount".into(), "gt".into(), "100".into()), ("region".into(), "empty".into(), String::new())]);
        assert_eq!(Wanted::read(Some(&wanted.address("amount", false))).rows, wanted.rows);
        assert!(!wanted.descending);
    }

    #[test]
    fn broken_percent_signs_are_plain_text() {
        assert_eq!(plain("100%"), "100%");
        assert_eq!(plain("%zz%4"), "%zz%4");
        assert_eq!(plain("%E4%B8"), "\u{fffd}");
    }

    #[test]
    fn a_day_in_a_filter_is_the_whole_day_of_the_firm() {
        let field = Field::new("created_at", "", "", FieldKind::Moment);
        let almaty = jiff::tz::TimeZone::get("Asia/Almaty").unwrap();
        let Filter::All(parts) = comparison(&field, Op::Eq, "2026-11-25", &almaty) else { panic!("not a span") };
        let at = |text: &str| Value::moment(Moment::from_timestamp(text.parse().unwrap()));
        assert_eq!(parts, [Filter::is("created_at", Op::Ge, at("2026-11-24T19:00:00Z")), Filter::is("created_at", Op::Lt, at("2026-11-25T19:00:00Z"))]);
    }

    #[test]
    fn every_comparison_has_a_code_that_is_understood() {
        for op in Op::all() {
            assert_eq!(op_of(&op_code(op)), Some(op));
        }
    }
}
