//! The one way in which an item comes to another stage.

use crate::doors::{Read, Tx};
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
    demand_place(tx, rights, &item, to)?;
    move_loaded(tx, cause, item, to)
}

/// Refuses unless this person may change the item on the stage to which it would come: the right to change it where it
/// stands is not enough (domain.md 1.a: only the head of the lawyers moves a case to "filed").
///
/// # Errors
/// `access_denied`. Unknown stages are left to [`move_loaded`].
pub fn demand_place(read: &dyn Read, rights: &Rights, item: &Item, to: StageId) -> Outcome<()> {
    let schema = read.schema();
    let Some((pipeline, stage)) = schema.stage(to).filter(|_| !rights.admin && item.stage() != Some(to)) else { return Ok(()) };
    let mut there = item.clone();
    there.values.set(code::PIPELINE, Value::Int(pipeline.id.0));
    there.values.set(code::STAGE, Value::Int(stage.id.0));
    match rights.may(Action::Change, &there) {
        true => Ok(()),
        false => Err(Refusal::denied(
            format!("У вас нет права переводить записи на стадию «{}»", stage.title.ru),
            format!("You may not move records to the stage {}", stage.title.en),
        )
        .into()),
    }
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
