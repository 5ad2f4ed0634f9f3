//! The one way in which an item comes to another stage.

use crate::doors::Tx;
use crate::entity::code;
use crate::event::{Cause, Fact};
use crate::failure::{Outcome, Refusal};
use crate::ids::{ItemRef, StageId};
use crate::item::{Item, demand};
use crate::rights::{Action, Rights};
use crate::value::Value;

/// Brings an item to a stage of its own type. Standing there already is no move and no event.
///
/// # Errors
/// Refuses stages of other types, and whom the rights do not allow.
pub fn move_to(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, to: StageId) -> Outcome<Item> {
    let item = demand(tx, rights, Action::Change, at)?;
    move_loaded(tx, cause, item, to)
}

/// The same for an item already loaded in this transaction by somebody who may change it.
///
/// # Errors
/// Refuses stages of other types.
pub fn move_loaded(tx: &mut dyn Tx, cause: &Cause, mut item: Item, to: StageId) -> Outcome<Item> {
    let schema = tx.schema();
    let Some((pipeline, stage)) = schema.stage(to).filter(|(pipeline, _)| pipeline.kind == item.kind) else {
        return Err(Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage").into());
    };
    let from = item.stage();
    if from == Some(to) {
        return Ok(item);
    }
    item.values.set(code::PIPELINE, Value::Int(pipeline.id.0));
    item.values.set(code::STAGE, Value::Int(stage.id.0));
    item.values.set(code::MOVED_AT, Value::moment(cause.at));
    item.values.set(code::MOVED_BY, Value::user(cause.by.user()));
    item.values.set(code::UPDATED_AT, Value::moment(cause.at));
    item.values.set(code::UPDATED_BY, Value::user(cause.by.user()));
    let fact = Fact::Moved { from, to, pipeline: pipeline.id };
    tx.save(&mut item, cause, vec![fact])?;
    Ok(item)
}
