//! `crm.duplicate.*`: who has this phone or address already.

use crate::api::Caller;
use crate::method::{Answer, Method, given};
use crate::node::{Map, Node};
use crate::spelling::type_word;
use crate::wrong::{Stop, Wrong};
use crm::{EntityTypeId, FieldKind, Filter, Op, Query, Value};

/// At most so many values in one question.
const MOST: usize = 20;

pub(super) static METHODS: [Method; 1] = [Method::universal(
    "crm.duplicate.findbycomm",
    "crm",
    &["type* PHONE|EMAIL", "values* list", "entity_type LEAD|CONTACT|COMPANY"],
    ("Найти клиентов по телефону или почте", "Find clients by phone or e-mail"),
    find,
)];

/// Numbers by type; types without a find are left out, nothing found is `[]` (§1.15).
fn find(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let wanted = given(parameters, "type").and_then(Node::scalar).ok_or_else(|| Wrong::missing("type"))?;
    let kind = match wanted.to_uppercase().as_str() {
        "PHONE" => FieldKind::Phone,
        "EMAIL" => FieldKind::Email,
        _ => return Err(Wrong::argument("Parameter 'type' must be PHONE or EMAIL").into()),
    };
    let values: Vec<Value> = given(parameters, "values")
        .map(Node::values)
        .unwrap_or_default()
        .into_iter()
        .filter_map(Node::scalar)
        .filter(|text| !text.is_empty())
        .map(Value::Text)
        .collect();
    if values.is_empty() || values.len() > MOST {
        return Err(Wrong::argument(format!("Parameter 'values' must hold 1 to {MOST} values")).into());
    }
    let only = given(parameters, "entity_type").and_then(Node::scalar).map(|word| word.to_uppercase());
    let mut found = Map::new();
    // Leads, contacts, companies: those of them that the firm has.
    for of in [1, 3, 4].map(EntityTypeId) {
        let word = type_word(of);
        if only.as_ref().is_some_and(|only| *only != word) {
            continue;
        }
        let ids = caller.read(|read| {
            let schema = read.schema();
            let Some(field) = schema.kind(of).and_then(|shape| shape.fields.iter().find(|field| field.kind == kind && caller.rights.sees(of, &field.code)))
            else {
                return Ok(Vec::new());
            };
            let same = values.iter().map(|value| Filter::is(&field.code, Op::Eq, value.clone()));
            let filter = Filter::One(same.collect()).typed(&schema, of)?;
            let items = read.items(&caller.rights, &Query::of(of).filter(filter).sorted(crm::code::ID, false).limit(20))?;
            Ok(items.iter().map(|item| Node::Int(item.id)).collect::<Vec<_>>())
        })?;
        if !ids.is_empty() {
            found.insert(word, Node::List(ids));
        }
    }
    Ok(Node::Map(found).into())
}
