//! The old methods of one type: bare results, every scalar a text, empty error codes (§1.15).

use crate::answers::Style;
use crate::api::Caller;
use crate::items;
use crate::method::{Answer, fields as fields_of, given};
use crate::node::{Map, Node};
use crate::wrong::{Family, Stop, Wrong};
use crm::{EntityTypeId, ItemRef};

/// Makes an item; its number.
///
/// # Errors
/// As [`items::create`].
pub fn add<const KIND: i64>(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let fields = fields_of(parameters, Family::Classic)?;
    Ok(Node::Int(items::create(caller, EntityTypeId(KIND), fields)?).into())
}

/// One item.
///
/// # Errors
/// As [`items::get`].
pub fn get<const KIND: i64>(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    Ok(items::get(caller, at::<KIND>(parameters)?, Style::Classic, true)?.into())
}

/// A page of items.
///
/// # Errors
/// As [`items::list`].
pub fn list<const KIND: i64>(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    items::list(caller, EntityTypeId(KIND), parameters, Style::Classic, Node::List)
}

/// Changes an item.
///
/// # Errors
/// As [`items::update`].
pub fn update<const KIND: i64>(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let at = at::<KIND>(parameters)?;
    items::update(caller, at, fields_of(parameters, Family::Classic)?, false)?;
    Ok(Node::Bool(true).into())
}

/// Deletes an item.
///
/// # Errors
/// As [`items::delete`].
pub fn delete<const KIND: i64>(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    items::delete(caller, at::<KIND>(parameters)?)?;
    Ok(Node::Bool(true).into())
}

/// The fields of the type.
///
/// # Errors
/// As [`items::fields`].
pub fn fields<const KIND: i64>(caller: &Caller<'_>, _: &Map) -> Result<Answer, Stop> {
    Ok(items::fields(caller, EntityTypeId(KIND), Style::Classic, true)?.into())
}

fn at<const KIND: i64>(parameters: &Map) -> Result<ItemRef, Wrong> {
    let id = given(parameters, "id").and_then(Node::int).filter(|id| *id > 0);
    id.map(|id| ItemRef::new(EntityTypeId(KIND), id)).ok_or_else(|| Wrong::classic("ID is not defined or invalid."))
}
