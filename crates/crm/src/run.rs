//! What automation did and why: runs of programs, their steps, and every evaluation of a trigger.

use crate::ids::{ItemRef, RuleId, RunId, Seq, StageId, StepId};
use crate::label::Label;
use crate::rule::Lane;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// One execution of a stage's program for one entry of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// 0 until saved.
    pub id: RunId,
    /// For whom.
    pub item: ItemRef,
    /// On which stage.
    pub stage: StageId,
    /// Which version of the program; it stays this one to the end (R16).
    pub version: i64,
    /// The event of entry; with the stage it is unique.
    pub event: Seq,
    /// When it began.
    pub at: Moment,
}

/// Where a robot of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Waits for the robot before it in the lane.
    Queued,
    /// Waits for its moment.
    Waiting,
    /// Did what it had to.
    Done,
    /// Had nothing to do: its condition did not hold.
    Skipped,
    /// The item left the stage, or a person stopped it.
    Cancelled,
    /// Could not.
    Failed,
}

impl StepState {
    /// The code that is stored.
    pub fn code(self) -> &'static str {
        match self {
            StepState::Queued => "queued",
            StepState::Waiting => "waiting",
            StepState::Done => "done",
            StepState::Skipped => "skipped",
            StepState::Cancelled => "cancelled",
            StepState::Failed => "failed",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<StepState> {
        [StepState::Queued, StepState::Waiting, StepState::Done, StepState::Skipped, StepState::Cancelled, StepState::Failed]
            .into_iter()
            .find(|state| state.code() == code)
    }

    /// Nothing more will come.
    pub fn is_over(self) -> bool {
        !matches!(self, StepState::Queued | StepState::Waiting)
    }
}

/// One robot inside a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// 0 until saved.
    pub id: StepId,
    /// Whose.
    pub run: RunId,
    /// For whom.
    pub item: ItemRef,
    /// On which stage.
    pub stage: StageId,
    /// Version of the program.
    pub version: i64,
    /// Which rule of it.
    pub rule: RuleId,
    /// Place in the program, from 0.
    pub position: i64,
    /// Alone or in the lane.
    pub lane: Lane,
    /// Goes on when the item has left the stage.
    pub survives: bool,
    /// Where it is.
    pub state: StepState,
    /// When it is due; `None` while its field is empty or its turn has not come.
    pub due: Option<Moment>,
    /// The field whose moment it follows; empty when it follows none.
    pub bound_to: String,
    /// How many times it was tried.
    pub attempts: i64,
    /// What it did or why it did not, for a person; holds the values its condition saw.
    pub reason: Label,
    /// What it made: a task, a message.
    pub made: Option<ItemRef>,
    /// The event of entry, cause of what it does.
    pub event: Seq,
    /// When it reached its last state.
    pub ended: Option<Moment>,
}

/// One look at a trigger: it fired, or it did not and why. Unique by event, rule and item: a repeat changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The event it looked at.
    pub event: Seq,
    /// The rule.
    pub rule: RuleId,
    /// Version of the program.
    pub version: i64,
    /// The stage that holds the rule.
    pub stage: StageId,
    /// The item that would have moved.
    pub item: ItemRef,
    /// It fired.
    pub fired: bool,
    /// `fired`, `condition`, `settings`, `not_forward`, `final_stage`, `loop`, `outrun`…
    pub code: String,
    /// For a person; holds the values the condition saw.
    pub reason: Label,
    /// When.
    pub at: Moment,
}
