//! `crm.status.*`: stages of all pipelines as dictionaries.

use crate::api::Caller;
use crate::method::{Answer, Method, given, paged};
use crate::node::{Map, Node};
use crate::spelling::{Spelling, category_of, semantic, stage_dictionary};
use crate::wrong::{Stop, Wrong};

pub(super) static METHODS: [Method; 2] = [
    Method::universal("crm.status.list", "crm", &["filter map", "order map"], ("Стадии всех воронок", "Stages of all pipelines"), list),
    Method::universal("crm.status.entity.items", "crm", &["entityId* string"], ("Стадии одной воронки", "Stages of one pipeline"), items),
];

/// Filters by equality: `ENTITY_ID`, `STATUS_ID`, `CATEGORY_ID`, `SEMANTICS`, `ID`, `NAME`.
fn list(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let rows = rows(caller)?;
    let empty = Map::new();
    let filter = if let Some(Node::Map(map)) = given(parameters, "filter") { map } else { &empty };
    let fits = |row: &Node| {
        filter.iter().all(|(key, wanted)| {
            let Some(own) = row.named(key.trim_start_matches(['=', '@'])) else { return true };
            let own = own.scalar().unwrap_or_default();
            wanted.values().into_iter().any(|one| one.scalar().unwrap_or_default() == own)
        })
    };
    let found: Vec<Node> = rows.into_iter().filter(fits).collect();
    // The original gives a dictionary whole: there are no pages.
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(Answer { result: Node::List(found), total: Some(total), next: None })
}

fn items(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let entity = given(parameters, "entityId").and_then(Node::scalar).ok_or_else(|| Wrong::missing("entityId"))?;
    let rows = rows(caller)?.into_iter().filter(|row| row.at("ENTITY_ID") == Some(&Node::text(&entity)));
    let short = rows.map(|row| Node::map(["NAME", "SORT", "STATUS_ID"].map(|name| (name, row.at(name).cloned().unwrap_or_default()))));
    let list: Vec<Node> = short.collect();
    Ok(paged(parameters, list, Node::List).result.into())
}

fn rows(caller: &Caller<'_>) -> Result<Vec<Node>, Stop> {
    let lang = caller.user.lang;
    caller.read(|read| {
        let schema = read.schema();
        let mut rows = Vec::new();
        for shape in schema.types.values().filter(|shape| shape.staged) {
            let Some(spelling) = Spelling::of(&schema, &caller.rights, shape.id) else { continue };
            for pipeline in spelling.pipelines() {
                for (at, stage) in pipeline.stages.iter().enumerate() {
                    let name = stage.title.get(lang);
                    let meaning = semantic(stage);
                    rows.push(Node::map([
                        ("ID", Node::text(stage.id.to_string())),
                        ("ENTITY_ID", Node::Text(stage_dictionary(pipeline))),
                        ("STATUS_ID", Node::Text(spelling.stage_code(stage.id).unwrap_or_default())),
                        ("NAME", Node::text(name)),
                        ("NAME_INIT", Node::text(name)),
                        ("SORT", Node::text(((at + 1) * 10).to_string())),
                        ("SYSTEM", Node::text("N")),
                        ("CATEGORY_ID", Node::text(category_of(pipeline).to_string())),
                        ("COLOR", Node::text(&stage.color)),
                        ("SEMANTICS", if meaning == "P" { Node::Null } else { Node::text(meaning) }),
                        (
                            "EXTRA",
                            Node::map([
                                (
                                    "SEMANTICS",
                                    Node::text(match meaning {
                                        "S" => "success",
                                        "F" => "failure",
                                        _ => "process",
                                    }),
                                ),
                                ("COLOR", Node::text(&stage.color)),
                            ]),
                        ),
                    ]));
                }
            }
        }
        Ok(rows)
    })
}
