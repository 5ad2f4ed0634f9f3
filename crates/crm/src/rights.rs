//! Who may see and do what. A parameter of every read and write: without it nothing reaches the store.

use crate::entity::code;
use crate::failure::{Outcome, Refusal};
use crate::ids::{EntityTypeId, PipelineId, StageId, UserId};
use crate::item::Item;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What one does with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See it.
    Read,
    /// Make it.
    Create,
    /// Change it, comment on it, move it.
    Change,
    /// Delete it.
    Delete,
    /// Take a list of them out of the house.
    Export,
}

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Nothing.
    #[default]
    None,
    /// What one answers for oneself.
    Own,
    /// What one's department answers for.
    Department,
    /// What one's department and those below it answer for.
    Departments,
    /// What belongs to one's office.
    Office,
    /// What belongs to one's office and those below it.
    Offices,
    /// Everything in the firm.
    All,
}

/// A permission, with exceptions for pipelines and stages: the nearest one counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// How far it reaches.
    pub scope: Scope,
    /// How far it reaches on a pipeline.
    pub pipelines: BTreeMap<PipelineId, Scope>,
    /// How far it reaches on a stage.
    pub stages: BTreeMap<StageId, Scope>,
}

impl Grant {
    /// A permission without exceptions.
    pub fn of(scope: Scope) -> Grant {
        Grant { scope, ..Grant::default() }
    }
}

/// A role as the firm set it up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Role {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub title: crate::label::Label,
    /// May do everything and set everything up.
    #[serde(default)]
    pub admin: bool,
    /// Sees and changes the rules of automation.
    #[serde(default)]
    pub automation: bool,
    /// Permissions by place: `deal`, `deal/main` for a pipeline, `deal/main/WON` for a stage; `*` stands for all types not named.
    /// The nearest place counts.
    #[serde(default)]
    pub may: BTreeMap<String, BTreeMap<Action, Scope>>,
    /// Groups of fields that stay hidden.
    #[serde(default)]
    pub hidden_groups: BTreeSet<String>,
    /// Groups of fields that may be seen and not changed.
    #[serde(default)]
    pub locked_groups: BTreeSet<String>,
    /// Types of which one also sees and takes what nobody answers for yet.
    #[serde(default)]
    pub pool: BTreeSet<String>,
    /// Sets up types, fields, pipelines, layouts without being an administrator.
    #[serde(default)]
    pub constructor: bool,
}

/// What one person may do, worked out from his role, his department and the types that exist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rights {
    /// Who.
    pub user: UserId,
    /// May do everything.
    pub admin: bool,
    /// May see and change rules.
    pub automation: bool,
    /// Permissions by type and action; what is not here is forbidden.
    pub grants: BTreeMap<(EntityTypeId, Action), Grant>,
    /// The people of one's department, oneself included.
    pub department: BTreeSet<UserId>,
    /// The people of one's department and of those below it.
    pub departments: BTreeSet<UserId>,
    /// One's office; 0: none.
    pub office: i64,
    /// One's office and those below it.
    pub offices: BTreeSet<i64>,
    /// The people for whom one stands in now.
    pub stands_for: BTreeSet<UserId>,
    /// Types of which one also sees and takes what nobody answers for yet, inside one's offices.
    pub pool: BTreeSet<EntityTypeId>,
    /// Fields one may neither see, filter nor sort by.
    pub hidden: BTreeSet<(EntityTypeId, String)>,
    /// Fields one may see and not change.
    pub locked: BTreeSet<(EntityTypeId, String)>,
    /// Sets up types, fields, pipelines, layouts.
    pub constructor: bool,
}

impl Rights {
    /// The program itself, and rules that run as the system.
    pub fn system() -> Rights {
        Rights { user: UserId::SYSTEM, admin: true, automation: true, constructor: true, ..Rights::default() }
    }

    /// The permission with its exceptions.
    pub fn grant(&self, kind: EntityTypeId, action: Action) -> Grant {
        match self.admin {
            true => Grant::of(Scope::All),
            false => self.grants.get(&(kind, action)).cloned().unwrap_or_default(),
        }
    }

    /// How far this permission reaches at most, exceptions included.
    pub fn scope(&self, kind: EntityTypeId, action: Action) -> Scope {
        if self.admin {
            return Scope::All;
        }
        let Some(grant) = self.grants.get(&(kind, action)) else { return Scope::None };
        grant.pipelines.values().chain(grant.stages.values()).copied().fold(grant.scope, Scope::max)
    }

    /// How far this permission reaches at a place: the nearest exception counts.
    pub fn scope_at(&self, kind: EntityTypeId, action: Action, pipeline: Option<PipelineId>, stage: Option<StageId>) -> Scope {
        if self.admin {
            return Scope::All;
        }
        let Some(grant) = self.grants.get(&(kind, action)) else { return Scope::None };
        let near = stage.and_then(|stage| grant.stages.get(&stage)).or_else(|| pipeline.and_then(|pipeline| grant.pipelines.get(&pipeline)));
        near.copied().unwrap_or(grant.scope)
    }

    /// Whether this may be done with this item. Observers and offices with which it is shared may read it.
    pub fn may(&self, action: Action, item: &Item) -> bool {
        let scope = self.scope_at(item.kind, action, item.pipeline(), item.stage());
        self.reaches(scope, item.kind, item.responsible(), item.values.int(code::OFFICE).unwrap_or(0))
            || (action == Action::Read && scope != Scope::None && self.was_invited(item))
    }

    /// Whether a permission that goes so far reaches an item for which this person of this office answers.
    fn reaches(&self, scope: Scope, kind: EntityTypeId, responsible: UserId, office: i64) -> bool {
        let own = responsible == self.user || self.stands_for.contains(&responsible);
        let free = responsible == UserId::SYSTEM && self.pool.contains(&kind) && (office == 0 || self.offices.is_empty() || self.offices.contains(&office));
        match scope {
            Scope::None => false,
            Scope::Own => own || free,
            Scope::Department => own || free || self.department.contains(&responsible),
            Scope::Departments => own || free || self.departments.contains(&responsible),
            Scope::Office => own || free || (office != 0 && office == self.office),
            Scope::Offices => own || free || self.offices.contains(&office),
            Scope::All => true,
        }
    }

    /// Whether the item names this person as an observer, or one of his offices among those it is shared with.
    pub fn was_invited(&self, item: &Item) -> bool {
        let named = |field: &str, wanted: &dyn Fn(i64) -> bool| item.values.get(field).as_list().iter().any(|one| one.as_int().is_some_and(wanted));
        named(code::OBSERVERS, &|id| id == self.user.0) || named(code::SHARED_WITH, &|id| self.offices.contains(&id))
    }

    /// Whether this may be done somewhere with an item of this kind for which this person answers: for items not made yet.
    pub fn may_for(&self, action: Action, kind: EntityTypeId, responsible: UserId) -> bool {
        match self.scope(kind, action) {
            Scope::None => false,
            Scope::Office | Scope::Offices | Scope::All => true,
            scope => self.reaches(scope, kind, responsible, self.office),
        }
    }

    /// Whether the field may be changed.
    pub fn writes(&self, kind: EntityTypeId, field: &str) -> bool {
        self.admin || (self.sees(kind, field) && !self.locked.contains(&(kind, field.to_owned())))
    }

    /// Refuses unless this may be done with this item; an item that may not be seen looks like one that does not exist.
    ///
    /// # Errors
    /// `not_found` or `access_denied`.
    pub fn demand(&self, action: Action, item: &Item) -> Outcome<()> {
        if !self.may(Action::Read, item) && action != Action::Create {
            return Err(Refusal::not_found().into());
        }
        match self.may(action, item) {
            true => Ok(()),
            false => Err(match action {
                Action::Read => Refusal::not_found(),
                Action::Create => Refusal::denied("У вас нет права создавать такие записи", "You may not create such records"),
                Action::Change => Refusal::denied("У вас нет права изменять эту запись", "You may not change this record"),
                Action::Delete => Refusal::denied("У вас нет права удалять эту запись", "You may not delete this record"),
                Action::Export => Refusal::denied("У вас нет права выгружать эти записи", "You may not export these records"),
            }
            .into()),
        }
    }

    /// Whether the field may be seen.
    pub fn sees(&self, kind: EntityTypeId, field: &str) -> bool {
        self.admin || field == code::ID || !self.hidden.contains(&(kind, field.to_owned()))
    }

    /// The item without the answers that stay hidden.
    #[must_use]
    pub fn shown(&self, mut item: Item) -> Item {
        if !self.admin && !self.hidden.is_empty() {
            let kind = item.kind;
            item.values.0.retain(|field, _| self.sees(kind, field));
        }
        item
    }
}
