//! Joining records of one client with nothing lost, and parting them again.

use crate::doors::Tx;
use crate::event::Cause;
use crate::failure::{Failure, Outcome};
use crate::ids::ItemRef;
use crate::item::Item;
use crate::rights::Rights;
use crate::value::Values;

/// Joins records: `keep` gets the links, files, observers and timelines of the others, which go to the recycle bin.
///
/// # Errors
/// Refuses records of other types, and whom the rights do not allow.
pub fn merge(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, keep: ItemRef, drop: &[ItemRef], values: &Values) -> Outcome<Item> {
    let _ = (tx, rights, cause, keep, drop, values);
    Err(Failure::give_up("not built yet").into())
}

/// Parts a joined record again, within thirty days.
///
/// # Errors
/// Refuses when it was not joined or the time is over, and whom the rights do not allow.
pub fn unmerge(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, item: ItemRef) -> Outcome<Item> {
    let _ = (tx, rights, cause, item);
    Err(Failure::give_up("not built yet").into())
}
