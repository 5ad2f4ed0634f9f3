//! `crm.category.*`: pipelines.

use crate::api::Caller;
use crate::items::unsupported;
use crate::method::{Answer, Method, number, paged};
use crate::node::{Map, Node};
use crate::spelling::{Spelling, category_of};
use crate::wrong::Stop;
use crm::{EntityTypeId, Lang, Pipeline, Refusal};

pub(super) static METHODS: [Method; 2] = [
    Method::universal("crm.category.list", "crm", &["entityTypeId* int"], ("Воронки типа", "Pipelines of a type"), list),
    Method::universal("crm.category.get", "crm", &["entityTypeId* int", "id* int"], ("Воронка", "A pipeline"), get),
];

fn list(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let of = EntityTypeId(number(parameters, "entityTypeId")?);
    let rows = caller.read(|read| {
        let schema = read.schema();
        let spelling = Spelling::of(&schema, &caller.rights, of).ok_or_else(|| unsupported(of))?;
        Ok(spelling.pipelines().into_iter().enumerate().map(|(at, pipeline)| row(pipeline, at, caller.user.lang)).collect::<Vec<_>>())
    })?;
    Ok(paged(parameters, rows, |rows| Node::map([("categories", Node::List(rows))])))
}

fn get(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let of = EntityTypeId(number(parameters, "entityTypeId")?);
    let id = number(parameters, "id")?;
    caller.read(|read| {
        let schema = read.schema();
        let spelling = Spelling::of(&schema, &caller.rights, of).ok_or_else(|| unsupported(of))?;
        let found = spelling.pipelines().into_iter().enumerate().find(|(_, pipeline)| category_of(pipeline) == id);
        let (at, pipeline) = found.ok_or_else(Refusal::not_found)?;
        Ok(Node::map([("category", row(pipeline, at, caller.user.lang))]).into())
    })
}

fn row(pipeline: &Pipeline, at: usize, lang: Lang) -> Node {
    Node::map([
        ("id", Node::Int(category_of(pipeline))),
        ("name", Node::text(pipeline.title.get(lang))),
        ("sort", Node::Int(i64::try_from(at + 1).unwrap_or(i64::MAX).saturating_mul(100))),
        ("entityTypeId", Node::Int(pipeline.kind.0)),
        ("isDefault", Node::text(if pipeline.is_default { "Y" } else { "N" })),
        ("originId", Node::text("")),
        ("originatorId", Node::text("")),
    ])
}
