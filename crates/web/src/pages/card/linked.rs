//! Tabs of a card: records of other types that point at it.

use super::load;
use crate::answers::{Answers, Person};
use crate::fields::is_color;
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, Query as Asked, State};
use crm::{Action, EntityType, Field, FieldKind, Filter, Item, ItemRef, Op, Outcome, Query, Read, Scope, Value, code, kind};
use serde::Deserialize;

/// Records on one page of a tab.
const PER_PAGE: u32 = 50;

/// A tab with records of another type.
pub(super) struct Tab {
    pub code: String,
    pub title: String,
    pub count: String,
    pub src: String,
}

/// Tabs with records, and tabs in which nothing stands yet.
pub(super) fn tabs(read: &dyn Read, viewer: &Viewer, answers: &Answers<'_>, shape: &EntityType, at: ItemRef) -> Outcome<(Vec<Tab>, Vec<Tab>)> {
    let links: Vec<(&EntityType, &Field)> = answers
        .schema
        .types
        .values()
        .filter(|other| other.listed && viewer.rights.scope(other.id, Action::Read) != Scope::None)
        .flat_map(|other| other.fields.iter().map(move |field| (other, field)))
        .filter(|(other, field)| matches!(field.kind, FieldKind::Link { to } if to == at.kind) && viewer.rights.sees(other.id, &field.code))
        .collect();
    if links.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let counted = read.linked(&viewer.rights, at)?;
    let (mut filled, mut empty) = (Vec::new(), Vec::new());
    for (other, field) in &links {
        let group = counted.iter().find(|group| group.kind == other.id && group.field == field.code).filter(|group| group.count.counted > 0);
        let title = match (field.tab.get(viewer.lang), links.iter().filter(|(one, _)| one.id == other.id).count()) {
            ("", 1) => other.plural.get(viewer.lang).to_owned(),
            ("", _) => format!("{} ({})", other.plural.get(viewer.lang), field.title.get(viewer.lang).to_lowercase()),
            (tab, _) => tab.to_owned(),
        };
        let src = format!("/{}/{}/linked/{}/{}", slug(shape), at.id, slug(other), field.code);
        let code = format!("{}-{}", other.code, field.code);
        match group {
            Some(group) => filled.push(Tab { code, title, count: format!("{}{}", group.count.counted, if group.count.more { "+" } else { "" }), src }),
            None => empty.push(Tab { code, title, count: String::new(), src }),
        }
    }
    Ok((filled, empty))
}

/// One record in a short list.
pub(crate) struct LinkedRow {
    pub href: String,
    pub title: String,
    /// Title and colour of its stage.
    pub stage: Option<(String, String)>,
    pub amount: String,
    pub person: Person,
    pub made: Option<crm::Moment>,
}

/// Records as lines of a short list.
pub(crate) fn rows(answers: &Answers<'_>, shape: &EntityType, items: &[Item]) -> Vec<LinkedRow> {
    let amount = shape.field(code::AMOUNT).filter(|field| matches!(field.kind, FieldKind::Money));
    let line = |item: &Item| LinkedRow {
        href: format!("/{}/{}", slug(shape), item.id),
        title: item.title().to_owned(),
        stage: item
            .stage()
            .and_then(|id| answers.schema.stage(id))
            .map(|(_, stage)| (stage.title.get(answers.lang).to_owned(), if is_color(&stage.color) { stage.color.clone() } else { "#A8ADB4".to_owned() })),
        amount: amount.map(|field| answers.text(item, field)).unwrap_or_default(),
        person: answers.person(item.responsible()),
        made: item.values.moment(code::CREATED_AT),
    };
    items.iter().map(line).collect()
}

#[derive(Template)]
#[template(path = "card_linked.html")]
struct Linked {
    view: View,
    title: String,
    rows: Vec<LinkedRow>,
    add: Option<String>,
    more: Option<String>,
    first: bool,
}

#[derive(Deserialize)]
pub(super) struct After {
    after: Option<i64>,
}

pub(super) async fn linked(
    State(web): State<Web>,
    viewer: Viewer,
    Path((word, id, other, field)): Path<(String, i64, String, String)>,
    Asked(query): Asked<After>,
) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (shape, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let linked = crate::answers::shape_of(read, &viewer.rights, &other)?;
            let known = linked
                .field(&field)
                .filter(|field| matches!(field.kind, FieldKind::Link { to } if to == shape.id) && viewer.rights.sees(linked.id, &field.code));
            let known = known.ok_or_else(|| crm::query::unknown_field(&field))?;
            let mut wanted = Query::of(linked.id).filter(Filter::is(&known.code, Op::Eq, Value::Int(item.id))).limit(PER_PAGE);
            wanted.page.after = query.after.map(|after| (vec![Value::Int(after)], after));
            let items = read.items(&viewer.rights, &wanted)?;
            let more = (items.len() == PER_PAGE as usize)
                .then(|| format!("/{}/{}/linked/{}/{}?after={}", slug(&shape), item.id, slug(&linked), known.code, items.last().map_or(0, |last| last.id)));
            let may_create = viewer.rights.scope(linked.id, Action::Create) != Scope::None;
            let add = may_create.then(|| {
                // A record made beside a deal belongs to the deal's client.
                let client = match (shape.id != kind::CONTACT && linked.has(code::CONTACT) && known.code != code::CONTACT, item.contact()) {
                    (true, contact) if contact != 0 => format!("&contact={contact}"),
                    _ => String::new(),
                };
                format!("/{}/new?{}={}{client}", slug(&linked), known.code, item.id)
            });
            Ok(Linked { rows: rows(&answers, &linked, &items), title: linked.title.get(viewer.lang).to_owned(), add, more, first: query.after.is_none(), view })
        })
    })
    .await?;
    show(&piece)
}
