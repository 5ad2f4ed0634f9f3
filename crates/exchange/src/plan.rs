//! What an operation is to do: to which records, what, and whether rules answer.

use crate::import::ImportPlan;
use crm::{EntityTypeId, Filter, Label, Refusal, StageId, UserId, Values};
use serde::{Deserialize, Serialize};

/// More records than this are named by a condition, not by their numbers.
pub const MOST_IDS: usize = 5_000;

/// An operation as it is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Type of the records.
    pub kind: EntityTypeId,
    /// Which of them.
    pub what: What,
    /// What is done to each.
    pub act: Act,
    /// Neither triggers nor robots answer.
    #[serde(default)]
    pub quiet: bool,
}

/// Which records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// These, by their numbers.
    Ids(Vec<i64>),
    /// All that fit when the operation comes to them; those made after its beginning do not count.
    Fits(Filter),
    /// One for each row of a file.
    Rows,
}

/// What is done to each record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Its answers are changed; an empty one clears the field.
    Change {
        /// The new answers.
        values: Values,
    },
    /// It comes to a stage.
    Move {
        /// Where.
        stage: StageId,
        /// Answers without which it may not go there.
        #[serde(default)]
        values: Values,
    },
    /// It is deleted.
    Delete,
    /// Somebody more may see it.
    AddObserver {
        /// Who.
        user: UserId,
    },
    /// All are joined with one of them.
    Merge {
        /// The one that stays.
        keep: i64,
    },
    /// Rows of a file become records.
    Import(Box<ImportPlan>),
}

impl Act {
    /// The code under which the type `operation` knows it.
    pub fn code(&self) -> &'static str {
        match self {
            Act::Change { .. } => "change",
            Act::Move { .. } => "move",
            Act::Delete => "delete",
            Act::AddObserver { .. } => "add_observer",
            Act::Merge { .. } => "merge",
            Act::Import(_) => "import",
        }
    }

    /// As a person reads it.
    pub fn title(&self) -> Label {
        let (ru, en) = match self {
            Act::Change { .. } => ("Изменение", "Change"),
            Act::Move { .. } => ("Перевод на стадию", "Move to a stage"),
            Act::Delete => ("Удаление", "Deletion"),
            Act::AddObserver { .. } => ("Добавление наблюдателя", "Adding an observer"),
            Act::Merge { .. } => ("Объединение", "Merging"),
            Act::Import(_) => ("Импорт", "Import"),
        };
        Label::new(ru, en)
    }
}

impl Plan {
    /// Puts numbers in order and looks whether it can be done at all.
    ///
    /// # Errors
    /// `nothing_chosen`, `too_many_chosen`, `long_plan`.
    pub(crate) fn checked(&self) -> Result<Plan, Refusal> {
        let mut plan = self.clone();
        if let What::Ids(ids) = &mut plan.what {
            ids.sort_unstable();
            ids.dedup();
            if ids.is_empty() {
                return Err(nothing());
            }
            if ids.len() > MOST_IDS {
                return Err(Refusal::new(
                    "too_many_chosen",
                    format!("По номерам можно выбрать не больше {MOST_IDS} записей: выберите их фильтром"),
                    format!("At most {MOST_IDS} records can be chosen one by one: choose them with a filter"),
                ));
            }
        }
        match plan.text().len() > 64_000 {
            true => Err(Refusal::new("long_plan", "Слишком большое условие для одной операции", "The condition is too large for one operation")),
            false => Ok(plan),
        }
    }

    /// As it is kept.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("a plan has a JSON form")
    }
}

/// The refusal of an operation without records.
pub(crate) fn nothing() -> Refusal {
    Refusal::new("nothing_chosen", "Под условие не подошла ни одна запись", "No record fits")
}
