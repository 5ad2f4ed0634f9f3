//! The list of a type: columns one chooses, sorting, conditions, changing in place, actions on many records.

use super::views::Look;
use super::views::head::{Head, head};
use super::{Page, show};
use crate::answers::{Answers, Person};
use crate::fields::{self, is_color};
use crate::trouble::percent;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use crm::query::Count;
use crm::{Action, Field, FieldKind, Filter, Item, ItemRef, Lang, Op, Order, Outcome, Query, Read, Refusal, Rights, Value, ViewMode, code};

mod cell;
mod mass;
mod pick;

pub(crate) fn page() -> Page {
    Page {
        code: "list",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}", get(list))
                .route("/{kind}/count", get(count))
                .route("/{kind}/mass", post(mass::act))
                .route("/{kind}/mass/ask", get(mass::ask))
                .route("/{kind}/mass/{id}", get(mass::progress).post(mass::turn))
                .route("/{kind}/{id}/row", get(cell::row))
                .route("/{kind}/{id}/cell/{code}", get(cell::edit).post(cell::save))
                .route("/{kind}/pick", get(pick::pick))
                .route("/people/pick", get(pick::people))
        },
    }
}

/// Items of a page.
const PER_PAGE: u32 = 50;
/// Counting stops here unless somebody wants to know exactly: "10 000+".
const CAP: u64 = 10_000;

/// A column's heading.
struct Heading {
    code: String,
    title: String,
    /// Where a click leads; empty when the list cannot be sorted so.
    href: String,
    /// `ascending`, `descending` or empty.
    sorted: &'static str,
    number: bool,
}

/// A cell.
struct Cell {
    code: String,
    text: String,
    /// `title`, `stage`, `person`, `number`, `choice`, `link`, `text`.
    look: &'static str,
    /// Width of the stage strip in percent.
    part: usize,
    color: String,
    person: Person,
    href: String,
    /// Can be changed here.
    editable: bool,
    /// Title of the column, for the phone.
    title: String,
}

struct Row {
    id: i64,
    href: String,
    title: String,
    cells: Vec<Cell>,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    view: View,
    head: Head,
    slug: String,
    kind: i64,
    heads: Vec<Heading>,
    rows: Vec<Row>,
    before: Option<String>,
    after: Option<String>,
    query: String,
    narrow: bool,
    bar: mass::Bar,
}

#[derive(Template)]
#[template(path = "rows.html")]
struct Rows {
    view: View,
    rows: Vec<Row>,
}

/// The columns of a look: those chosen, or the usual ones.
fn columns<'a>(look: &'a Look, rights: &Rights) -> Vec<&'a Field> {
    match look.columns.is_empty() {
        true => super::views::usual_columns(&look.shape, rights),
        false => look.columns.iter().filter_map(|code| look.shape.field(code)).filter(|field| super::views::can_be_column(field)).collect(),
    }
}

/// Whether a list can be sorted by it.
fn sortable(field: &Field) -> bool {
    !field.multiple
        && !field.is_points()
        && !matches!(
            field.kind,
            FieldKind::LongText
                | FieldKind::RichText
                | FieldKind::Pattern
                | FieldKind::Record { .. }
                | FieldKind::Address
                | FieldKind::AnyItem
                | FieldKind::Secret
                | FieldKind::File
                | FieldKind::Image
        )
}

/// The question of a look to the database, without a place.
fn question(look: &Look, rights: &Rights) -> Outcome<Query> {
    let order = look.order();
    if look.shape.field(&order.field).filter(|field| sortable(field) && rights.sees(look.shape.id, &order.field)).is_none() {
        return Err(crm::query::unknown_field(&order.field).into());
    }
    let mut query = Query::of(look.shape.id).filter(look.filter_in_pipeline());
    query.order = vec![order];
    Ok(query)
}

/// Where in the list an item stands.
fn place(item: &Item, sort: &str) -> String {
    let value = if sort == code::ID { Value::Int(item.id) } else { item.values.get(sort).clone() };
    percent(&serde_json::to_string(&(vec![value], item.id)).unwrap_or_default())
}

/// One page of a list; whether there is something before it and after it.
fn one_page(read: &dyn Read, look: &Look, rights: &Rights) -> Outcome<(Vec<Item>, bool, bool)> {
    let mut query = question(look, rights)?;
    query.page.limit = PER_PAGE + 1;
    let backwards = look.wanted.before.is_some();
    if backwards {
        let order = &mut query.order[0];
        *order = Order { field: order.field.clone(), descending: !order.descending };
        query.page.after = look.wanted.before.clone();
    } else {
        query.page.after = look.wanted.after.clone();
    }
    let mut items = read.items(rights, &query)?;
    let more = items.len() > PER_PAGE as usize;
    items.truncate(PER_PAGE as usize);
    if backwards {
        items.reverse();
        return Ok((items, more, true));
    }
    Ok((items, look.wanted.after.is_some(), more))
}

async fn list(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::List, query.as_deref())?;
            if let Some(href) = &look.elsewhere {
                return Ok(Err(href.clone()));
            }
            let view = View::framed(house, read, &viewer, &format!("/{}", look.slug))?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let columns = columns(&look, &viewer.rights);
            let (items, before, after) = one_page(read, &look, &viewer.rights)?;
            answers.prefetch_links(&items, &columns)?;
            let (order, address) = (look.order(), look.wanted.address());
            let step = |there: bool, item: Option<&Item>, name: &str| {
                item.filter(|_| there).map(|item| format!("/{}?{address}&{name}={}", look.slug, place(item, &order.field)))
            };
            Ok(Ok(ListPage {
                kind: look.shape.id.0,
                heads: columns.iter().map(|field| heading(field, &look, &order, viewer.lang)).collect(),
                rows: items.iter().map(|item| row(&view, &answers, &look, item, &columns)).collect(),
                before: step(before, items.first(), "before"),
                after: step(after, items.last(), "after"),
                narrow: look.is_narrow() || look.pipeline.is_some(),
                bar: mass::bar(&view, &answers, &look)?,
                head: head(&view, &answers, &viewer, &look)?,
                query: address,
                slug: look.slug.clone(),
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

fn heading(field: &Field, look: &Look, order: &Order, lang: Lang) -> Heading {
    let here = field.code == order.field;
    let number = is_number(field);
    let mut wanted = look.wanted.clone();
    field.code.clone_into(&mut wanted.sort);
    // The first click on names sorts from А, on figures and dates from the largest.
    wanted.descending = if here { !order.descending } else { number || crm::saved_view::time_of(&field.kind).is_some() };
    Heading {
        code: field.code.clone(),
        title: field.title.get(lang).to_owned(),
        href: if sortable(field) { format!("/{}?{}", look.slug, wanted.address()) } else { String::new() },
        sorted: match (here, order.descending) {
            (true, true) => "descending",
            (true, false) => "ascending",
            _ => "",
        },
        number,
    }
}

fn is_number(field: &Field) -> bool {
    use crm::field::FormulaResult as Result;
    match &field.kind {
        FieldKind::Money | FieldKind::Integer | FieldKind::Decimal => field.code != code::ID,
        FieldKind::Formula { result, .. } => matches!(result, Result::Money | Result::Integer | Result::Decimal),
        _ => false,
    }
}

/// An answer as it stands in a cell or on a card: short, and dots for what is shown only on demand.
pub(crate) fn cell_text(view: &View, answers: &Answers<'_>, item: &Item, field: &Field) -> String {
    let value = item.values.get(&field.code);
    if field.masked && !value.is_empty() {
        return "••••••".to_owned();
    }
    match (crm::saved_view::time_of(&field.kind), value.as_moment()) {
        (Some(true), Some(at)) => view.ago(at),
        _ => {
            let text = answers.text(item, field);
            match text.char_indices().nth(160) {
                Some((at, _)) => format!("{}…", &text[..at]),
                None => text,
            }
        }
    }
}

fn row(view: &View, answers: &Answers<'_>, look: &Look, item: &Item, columns: &[&Field]) -> Row {
    let may_change = answers.rights.may(Action::Change, item);
    let title = if item.title().is_empty() { format!("№ {}", item.id) } else { item.title().to_owned() };
    let href = format!("/{}/{}", look.slug, item.id);
    let cells = columns.iter().map(|field| {
        let mut cell = Cell {
            code: field.code.clone(),
            text: String::new(),
            look: "text",
            part: 0,
            color: String::new(),
            person: Person::default(),
            href: String::new(),
            editable: may_change && cell::is_editable(answers.rights, look.shape.id, field),
            title: field.title.get(view.lang).to_owned(),
        };
        fill(view, answers, item, field, &mut cell);
        if field.code == code::TITLE {
            cell.look = "title";
            title.clone_into(&mut cell.text);
            href.clone_into(&mut cell.href);
        }
        cell
    });
    Row { id: item.id, cells: cells.collect(), href, title }
}

/// Puts the answer into a cell in the look that suits it.
fn fill(view: &View, answers: &Answers<'_>, item: &Item, field: &Field, cell: &mut Cell) {
    let value = item.values.get(&field.code);
    match (&field.kind, value) {
        (FieldKind::Stage, _) => {
            if let Some((pipeline, stage)) = value.as_int().and_then(|id| answers.schema.stage(crm::StageId(id))) {
                cell.look = "stage";
                stage.title.get(view.lang).clone_into(&mut cell.text);
                let open = pipeline.stages.iter().filter(|one| one.outcome == crm::Ending::Open).count().max(1);
                cell.part = pipeline.position(stage.id).map_or(100, |at| ((at + 1) * 100 / (open + 1)).min(100));
                cell.color = if is_color(&stage.color) { stage.color.clone() } else { "#A8ADB4".to_owned() };
            }
        }
        (FieldKind::User, Value::Int(id)) => {
            cell.look = "person";
            cell.person = answers.person(crm::UserId(*id));
        }
        (FieldKind::Choice { options }, Value::Text(chosen)) => {
            cell.text = answers.text(item, field);
            if let Some(option) = options.iter().find(|option| option.code == *chosen && is_color(&option.color)) {
                cell.look = "choice";
                cell.color = option.color.clone();
            }
        }
        (FieldKind::Link { to }, Value::Int(id)) => {
            let at = ItemRef::new(*to, *id);
            cell.text = answers.title(at).unwrap_or_else(|| format!("№ {id}"));
            if let Some(other) = answers.schema.kind(*to).filter(|_| answers.title(at).is_some()) {
                cell.look = "link";
                cell.href = format!("/{}/{id}", crate::view::slug(other));
            }
        }
        _ => {
            cell.look = if is_number(field) { "number" } else { "text" };
            cell.text = cell_text(view, answers, item, field);
        }
    }
}

/// The rows of these records, in the columns of a look.
fn rows_of(house: &crm::House, read: &dyn Read, viewer: &Viewer, look: &Look, ids: &[i64]) -> Outcome<Rows> {
    let view = View::piece(house, viewer);
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let columns = columns(look, &viewer.rights);
    let list = ids.iter().map(|id| Value::Int(*id)).collect();
    let query = Query::of(look.shape.id).filter(Filter::is(code::ID, Op::In, Value::Many(list))).limit(PER_PAGE);
    let items = read.items(&viewer.rights, &query)?;
    answers.prefetch_links(&items, &columns)?;
    let rows = items.iter().map(|item| row(&view, &answers, look, item, &columns)).collect();
    Ok(Rows { rows, view })
}

async fn count(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let exact = super::views::wanted::pairs(query.as_deref().unwrap_or_default()).iter().any(|(name, value)| name == "exact" && value == "1");
    let (found, lang): (Count, Lang) = work(&web.house, move |house| {
        house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, ViewMode::List, query.as_deref())?;
            let query = question(&look, &viewer.rights)?;
            Ok((read.count(&viewer.rights, &query, if exact { u64::from(u32::MAX) } else { CAP })?, viewer.lang))
        })
    })
    .await?;
    Ok(axum::Json(serde_json::json!({ "text": super::board::counted(found, lang), "count": found.counted, "more": found.more })).into_response())
}

/// An item that the reader may see, or what looks like none.
fn demand(read: &dyn Read, viewer: &Viewer, look: &Look, id: i64) -> Outcome<Item> {
    Ok(read.item(&viewer.rights, ItemRef::new(look.shape.id, id))?.ok_or_else(Refusal::not_found)?)
}

/// Labels for a field in a form inside a cell or a dialog.
fn question_of(answers: &Answers<'_>, look: &Look, field: &Field, value: &Value) -> Outcome<fields::Input> {
    let mut input = fields::input(answers, field, value)?;
    // Only places of this type's own pipelines can be chosen.
    if field.kind == FieldKind::Stage {
        let own: Vec<String> =
            answers.schema.pipelines_of(look.shape.id).into_iter().flat_map(|pipeline| pipeline.stages.iter().map(|stage| stage.id.to_string())).collect();
        input.options.retain(|option| own.contains(&option.0));
    }
    Ok(input)
}
