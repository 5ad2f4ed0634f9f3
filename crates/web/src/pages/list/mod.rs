//! The list of a type: columns, sorting, a filter by any field the reader sees, search, "show more".

use super::{Page, show};
use crate::answers::{Answers, Person, shape_of};
use crate::fields::{self, is_color};
use crate::trouble::percent;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use axum::routing::get;
use crm::query::Count;
use crm::{Action, EntityType, Field, FieldKind, Item, Lang, Outcome, Rights, Value, code};

mod blank;
mod filter;
mod wanted;

use filter::{FilterRow, filter};
use wanted::{PER_PAGE, Wanted, sortable};

pub(crate) fn page() -> Page {
    Page {
        code: "list",
        menu: None,
        routes: || {
            Router::new()
                .route("/{kind}", get(list))
                .route("/{kind}/count", get(count))
                .route("/{kind}/filter-row", get(filter::filter_row))
                .route("/{kind}/pick", get(blank::pick))
                .route("/{kind}/new", get(blank::blank).post(blank::create))
        },
    }
}

/// Counting on demand stops here: "10 000+".
const CAP: u64 = 10_000;
/// Columns at most.
const COLUMNS: usize = 9;

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
        (kept || (!field.secondary && field.code != code::ID && field.code != code::PIPELINE))
            && !matches!(field.kind, FieldKind::LongText | FieldKind::Record { .. } | FieldKind::Pattern | FieldKind::Secret)
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
            let filters =
                if more { Vec::new() } else { wanted.rows.iter().map(|row| filter(&answers, &shape, &row.0, &row.1, &row.2)).collect::<Outcome<Vec<_>>>()? };
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
