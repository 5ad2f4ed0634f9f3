//! `crm.timeline.*`: what programs outside write beside a record.

use crate::api::Caller;
use crate::method::{Answer, Method, fields, given};
use crate::node::{Map, Node, named};
use crate::spelling::type_word;
use crate::wrong::{Family, Stop, Wrong};
use crm::{Command, ItemRef};

pub(super) static METHODS: [Method; 1] = [Method::universal(
    "crm.timeline.comment.add",
    "crm",
    &["fields* ENTITY_ID*, ENTITY_TYPE*, COMMENT*"],
    ("Написать комментарий в ленту", "Write a comment into the timeline"),
    add,
)];

/// The number of the comment is its place in the log.
fn add(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let empty = Map::new();
    let given_fields = fields(parameters, Family::Universal)?.unwrap_or(&empty);
    let part = |name: &str| named(given_fields, name).and_then(Node::scalar).filter(|text| !text.is_empty()).ok_or_else(|| Wrong::missing(name));
    let id: i64 = part("ENTITY_ID")?.trim().parse().map_err(|_| Wrong::argument("ENTITY_ID must be a number"))?;
    let word = part("ENTITY_TYPE")?.to_uppercase();
    let text = part("COMMENT")?;
    if named(given_fields, "FILES").is_some_and(|files| !files.is_blank()) || given(parameters, "FILES").is_some() {
        return Err(Wrong::argument("Files cannot be attached to comments yet").into());
    }
    let found = caller.read(|read| Ok(read.schema().types.keys().copied().find(|of| type_word(*of) == word || format!("DYNAMIC_{of}") == word)))?;
    let kind = found.ok_or_else(|| Wrong::argument(format!("ENTITY_TYPE '{}' is unknown", word.to_lowercase())))?;
    let item = ItemRef::new(kind, id);
    let command = Command::Comment { item, text };
    let seq = caller.write(move |hand, tx| {
        hand.command(tx, &command)?;
        let about = tx.item(&hand.rights, item)?.map_or(item, |item| item.about());
        Ok(tx.timeline(about, None, 1)?.first().map_or(0, |event| event.seq.0))
    })?;
    Ok(Node::Int(seq).into())
}
