//! What is no more and can come back: deleted and joined records; and what is there twice.

use crate::ids::{ItemRef, UserId};
use crate::item::Item;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// A record in the recycle bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Binned {
    /// As it was.
    pub item: Item,
    /// When it went there.
    pub at: Moment,
    /// Who put it there.
    pub by: UserId,
    /// The record it was joined with, if that is why.
    pub merged_into: Option<ItemRef>,
}

/// What became of two records that look like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubleState {
    /// Somebody should look at them.
    #[default]
    Open,
    /// They were joined.
    Merged,
    /// Somebody said that they are two.
    Different,
}

/// Two records of one type that look like one.
#[derive(Debug, Clone, PartialEq)]
pub struct Double {
    /// The older one.
    pub first: ItemRef,
    /// The newer one.
    pub second: ItemRef,
    /// Codes of the fields that are equal, joined by `+`.
    pub rule: String,
    /// What became of them.
    pub state: DoubleState,
    /// Since when.
    pub at: Moment,
}

/// Records of one type that point at a record with one field: a tab of its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedGroup {
    /// Their type.
    pub kind: crate::ids::EntityTypeId,
    /// The field they point with.
    pub field: String,
    /// How many there are, counted up to a hundred.
    pub count: crate::query::Count,
}
