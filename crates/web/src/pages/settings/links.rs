//! What a type points at, what points at it, and the rules by which its records are recognised as the same.

use super::field_form::Pick;
use super::sent::Sent;
use super::{change, done, shape_of};
use crate::{Answer, Viewer, Web};
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::routing::post;
use crm::constructor::{self, words};
use crm::{EntityType, EntityTypeId, Field, FieldKind, Label, Lang, MatchRule, Moment, Outcome, Refusal, Rights, Schema, Tx};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/settings/types/{code}/links", post(add)).route("/settings/types/{code}/matching", post(matching))
}

/// One link.
pub(super) struct LinkLine {
    pub field: String,
    pub field_href: String,
    pub other: String,
    pub other_href: String,
    pub many: bool,
    pub tab: String,
}

/// One rule of match.
pub(super) struct RuleView {
    pub fields: Vec<Pick>,
    pub gate: bool,
}

/// The tab of links.
pub(super) struct LinksView {
    pub out: Vec<LinkLine>,
    pub into: Vec<LinkLine>,
    pub types: Vec<Pick>,
    pub rules: Vec<RuleView>,
    pub fields: Vec<Pick>,
}

pub(super) fn links(schema: &Schema, shape: &EntityType, lang: Lang) -> LinksView {
    let line = |owner: &EntityType, field: &Field, other: EntityTypeId| {
        let other = schema.kind(other);
        LinkLine {
            field: field.title.get(lang).to_owned(),
            field_href: format!("/settings/types/{}?tab=fields#{}", owner.code, field.code),
            other: other.map(|one| one.plural.get(lang).to_owned()).unwrap_or_default(),
            other_href: other.map(|one| format!("/settings/types/{}?tab=links", one.code)).unwrap_or_default(),
            many: field.multiple,
            tab: if field.tab.get(lang).is_empty() { owner.plural.get(lang).to_owned() } else { field.tab.get(lang).to_owned() },
        }
    };
    let mut out = Vec::new();
    let mut into = Vec::new();
    for owner in schema.types.values() {
        for field in &owner.fields {
            let FieldKind::Link { to } = field.kind else { continue };
            if owner.id == shape.id {
                out.push(line(owner, field, to));
            }
            if to == shape.id {
                into.push(line(owner, field, owner.id));
            }
        }
    }
    let comparable = |field: &&Field| {
        !matches!(
            field.kind,
            FieldKind::Record { .. } | FieldKind::File | FieldKind::Image | FieldKind::LongText | FieldKind::RichText | FieldKind::Stage | FieldKind::Pipeline
        ) && !["id", "created_at", "updated_at", "created_by", "updated_by", "moved_at", "moved_by", "stage_due", "observers", "shared_with"]
            .contains(&field.code.as_str())
    };
    let picks = |chosen: &[String]| -> Vec<Pick> {
        shape
            .fields
            .iter()
            .filter(comparable)
            .map(|field| Pick { icon: words::kind_code(&field.kind).to_owned(), ..Pick::new(&field.code, field.title.get(lang), chosen.contains(&field.code)) })
            .collect()
    };
    LinksView {
        out,
        into,
        types: schema.types.values().filter(|one| one.listed).map(|one| Pick::new(one.id.to_string(), one.title.get(lang), false)).collect(),
        rules: shape.matching.iter().map(|rule| RuleView { fields: picks(&rule.fields), gate: rule.gate }).collect(),
        fields: picks(&[]),
    }
}

/// Ties two types: `one` and `many` add a field to the first type, `child` adds a field to the other.
///
/// # Errors
/// Refusals of the field.
pub(super) fn put_link(tx: &mut dyn Tx, rights: &Rights, now: Moment, from: EntityTypeId, to: EntityTypeId, how: &str) -> Outcome<()> {
    let schema = tx.schema();
    let (Some(here), Some(there)) = (schema.kind(from), schema.kind(to)) else { return Err(Refusal::not_found().into()) };
    let (owner, aim, many) = match how {
        "child" => (there, here, false),
        "many" => (here, there, true),
        _ => (here, there, false),
    };
    let title = if many { aim.plural.clone() } else { aim.title.clone() };
    // A type made a moment ago with the client's feature has its link already.
    let known = owner.fields.iter().any(|field| field.kind == FieldKind::Link { to: aim.id } && field.multiple == many);
    if known && owner.id == from {
        return Ok(());
    }
    let field = Field { multiple: many, indexed: true, tab: Label::default(), ..Field::new("", &title.ru, &title.en, FieldKind::Link { to: aim.id }) };
    constructor::put_field(tx, rights, now, owner.id, None, field).map(|_| ())
}

async fn add(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let to = sent.number("to").map(EntityTypeId).ok_or_else(Refusal::not_found)?;
        put_link(tx, rights, now, shape.id, to, sent.one("how"))
    })
    .await?;
    done(serde_json::json!({}))
}

async fn matching(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        // `rule` stands before the answers of each rule.
        let mut rules: Vec<MatchRule> = Vec::new();
        for (name, value) in &sent.0 {
            match (name.as_str(), rules.last_mut()) {
                ("rule", _) => rules.push(MatchRule::default()),
                ("field", Some(rule)) => rule.fields.push(value.clone()),
                ("gate", Some(rule)) => rule.gate = !value.is_empty(),
                _ => {}
            }
        }
        constructor::put_matching(tx, rights, now, shape.id, rules)
    })
    .await?;
    done(serde_json::json!({}))
}
