//! Who may see and do what. A parameter of every read and write: without it nothing reaches the store.

use crate::entity::code;
use crate::failure::{Outcome, Refusal};
use crate::ids::{EntityTypeId, UserId};
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
    /// Everything in the firm.
    All,
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
    /// Permissions by code of the entity type; `*` stands for all types not named.
    #[serde(default)]
    pub may: BTreeMap<String, BTreeMap<Action, Scope>>,
    /// Groups of fields that stay hidden.
    #[serde(default)]
    pub hidden_groups: BTreeSet<String>,
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
    pub grants: BTreeMap<(EntityTypeId, Action), Scope>,
    /// The people of one's department, oneself included.
    pub department: BTreeSet<UserId>,
    /// Fields one may neither see, filter nor sort by.
    pub hidden: BTreeSet<(EntityTypeId, String)>,
}

impl Rights {
    /// The program itself, and rules that run as the system.
    pub fn system() -> Rights {
        Rights { user: UserId::SYSTEM, admin: true, automation: true, ..Rights::default() }
    }

    /// How far this permission reaches.
    pub fn scope(&self, kind: EntityTypeId, action: Action) -> Scope {
        match self.admin {
            true => Scope::All,
            false => self.grants.get(&(kind, action)).copied().unwrap_or_default(),
        }
    }

    /// Whether this may be done with this item.
    pub fn may(&self, action: Action, item: &Item) -> bool {
        self.may_for(action, item.kind, item.responsible())
    }

    /// Whether this may be done with an item of this kind for which this person answers.
    pub fn may_for(&self, action: Action, kind: EntityTypeId, responsible: UserId) -> bool {
        match self.scope(kind, action) {
            Scope::None => false,
            Scope::Own => responsible == self.user,
            Scope::Department => responsible == self.user || self.department.contains(&responsible),
            Scope::All => true,
        }
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
