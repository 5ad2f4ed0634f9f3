//! A list, board or calendar as somebody set it up and wants it again.

use crate::ids::{EntityTypeId, UserId};
use crate::label::Label;
use crate::query::{Filter, Order};
use serde::{Deserialize, Serialize};

/// In what form records are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewMode {
    /// Lines.
    #[default]
    List,
    /// Columns by stage.
    Board,
    /// Columns by when the next thing is to be done.
    Activities,
    /// By days.
    Calendar,
}

/// A saved view of a type.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SavedView {
    /// The type; in a pack its code stands in the file's name.
    #[serde(default)]
    pub kind: EntityTypeId,
    /// Stable code inside type and owner.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// In what form.
    #[serde(default)]
    pub mode: ViewMode,
    /// Code of the pipeline; empty: all of them, on a board the default one.
    #[serde(default)]
    pub pipeline: String,
    /// Which records.
    #[serde(default)]
    pub filter: Filter,
    /// In which order.
    #[serde(default)]
    pub order: Vec<Order>,
    /// Codes of the columns of a list, or of the fields on a card of a board; empty: the usual ones.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Code of the date field of a calendar.
    #[serde(default)]
    pub date: String,
    /// Whose it is; nobody's: everybody sees it.
    #[serde(default)]
    pub owner: UserId,
    /// Stands as a tab above the list.
    #[serde(default)]
    pub pinned: bool,
    /// Codes of the roles that see it first.
    #[serde(default)]
    pub default_for: Vec<String>,
}
