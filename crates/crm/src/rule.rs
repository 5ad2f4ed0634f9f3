//! Triggers and robots as a user set them up on a stage.

use crate::ids::{RuleId, StageId, UserId};
use crate::query::Filter;
use crate::time::Moment;
use crate::value::Values;
use serde::{Deserialize, Serialize};

/// What moves an item to a stage, or what is done when it arrives there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Brings items here.
    Trigger,
    /// Works when an item has arrived.
    Robot,
}

/// When a robot is due.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "when")]
pub enum Timing {
    /// As soon as its turn comes.
    #[default]
    AtOnce,
    /// So long after the item came to the stage (or after the previous robot of the lane was done).
    After {
        /// Seconds.
        seconds: u64,
    },
    /// So long before the moment in a field. An empty field waits until it is filled; a changed one is followed.
    Before {
        /// Code of the field.
        field: String,
        /// Seconds.
        seconds: u64,
    },
    /// So long after the moment in a field.
    AfterField {
        /// Code of the field.
        field: String,
        /// Seconds.
        seconds: u64,
    },
}

impl Timing {
    /// The field whose moment it follows.
    pub fn field(&self) -> Option<&str> {
        match self {
            Timing::Before { field, .. } | Timing::AfterField { field, .. } => Some(field),
            Timing::AtOnce | Timing::After { .. } => None,
        }
    }
}

/// Whether a robot waits for the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// On its own.
    #[default]
    Parallel,
    /// After the previous robot of the lane has ended (R4).
    Wait,
}

/// A trigger or robot as set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Stable across versions.
    #[serde(default)]
    pub id: RuleId,
    /// Trigger or robot.
    pub kind: RuleKind,
    /// Code of the trigger or robot.
    pub code: String,
    /// Its name on the stage; shown in the timeline.
    pub title: String,
    /// Its settings, as `about().settings` asks for them.
    #[serde(default)]
    pub settings: Values,
    /// Works only for items that fit.
    #[serde(default)]
    pub condition: Filter,
    /// Robots only: when.
    #[serde(default)]
    pub timing: Timing,
    /// Robots only: alone or in the lane.
    #[serde(default)]
    pub lane: Lane,
    /// Robots only: goes on when the item has left the stage (R9).
    #[serde(default)]
    pub survives: bool,
    /// Triggers only: may bring an item back to an earlier stage (T3).
    #[serde(default)]
    pub allow_back: bool,
    /// Triggers only: takes no notice of changes made by rules (T8).
    #[serde(default)]
    pub ignore_rules: bool,
    /// Works at all.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// All rules of a stage in one immutable version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Whose.
    pub stage: StageId,
    /// From 1; grows with every publication.
    pub version: i64,
    /// Triggers and robots, in the order of display.
    pub rules: Vec<Rule>,
    /// When it was published.
    pub at: Moment,
    /// By whom.
    pub by: UserId,
}

impl Program {
    /// Triggers, in order.
    pub fn triggers(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.kind == RuleKind::Trigger)
    }

    /// Robots, in order.
    pub fn robots(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.kind == RuleKind::Robot)
    }

    /// The rule with this number.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}
