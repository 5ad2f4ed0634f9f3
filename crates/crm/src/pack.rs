//! A ready solution as text: types, pipelines, rules, roles, accounts. Written by hand under version control,
//! read by `app`, installed in one transaction.

use crate::entity::{EntityType, Feature, MatchRule, Stage};
use crate::field::Field;
use crate::ids::EntityTypeId;
use crate::label::Label;
use crate::layout::{Layout, MenuSection};
use crate::rights::Role;
use crate::rule::Rule;
use crate::saved_view::SavedView;
use crate::staff::Department;
use crate::value::Values;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A pack, read from its folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pack {
    /// Who it is.
    pub about: PackAbout,
    /// `types/*.toml`
    pub types: Vec<PackType>,
    /// `pipelines/*.toml`
    pub pipelines: Vec<PackPipeline>,
    /// `rules/<kind>.toml`
    pub rules: Vec<PackRules>,
    /// `layouts/<kind>.toml`
    pub layouts: Vec<PackLayouts>,
    /// `views/<kind>.toml`
    pub views: Vec<PackViews>,
    /// `menu.toml`
    pub menu: PackMenu,
    /// `items/<kind>.toml`: dictionaries.
    pub items: Vec<PackItem>,
    /// `roles.toml`
    pub staff: PackStaff,
    /// `accounts.toml`
    pub accounts: PackAccounts,
    /// `demo.toml`
    pub demo: PackDemo,
}

/// `pack.toml`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackAbout {
    /// Stable code, the name of the folder.
    pub code: String,
    /// Grows with every change that an installed firm should take over.
    pub version: i64,
    /// What a person reads.
    pub title: Label,
    /// For whom it is.
    pub help: Label,
}

/// A type, or fields added to a shipped one (then `id` is left out).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PackType {
    /// Its number; `None` to widen the type with this code.
    pub id: Option<EntityTypeId>,
    /// Its code.
    pub code: String,
    /// "Deal".
    #[serde(default)]
    pub title: Label,
    /// "Deals".
    #[serde(default)]
    pub plural: Label,
    /// Has pipelines.
    #[serde(default)]
    pub staged: bool,
    /// Stands in the menu.
    #[serde(default)]
    pub listed: bool,
    /// Goes into the search box.
    #[serde(default)]
    pub searched: bool,
    /// Icon.
    #[serde(default)]
    pub icon: String,
    /// What its records can do.
    #[serde(default)]
    pub features: BTreeSet<Feature>,
    /// How a record without a name is called.
    #[serde(default)]
    pub naming: String,
    /// When two records are probably the same.
    #[serde(default)]
    pub matching: Vec<MatchRule>,
    /// Questions.
    #[serde(default)]
    pub fields: Vec<Field>,
}

impl PackType {
    /// The type under this number, common fields included.
    pub fn shape(&self, id: EntityTypeId) -> EntityType {
        EntityType {
            id,
            code: self.code.clone(),
            title: self.title.clone(),
            plural: self.plural.clone(),
            staged: self.staged,
            listed: self.listed,
            searched: self.searched,
            icon: self.icon.clone(),
            features: self.features.clone(),
            naming: self.naming.clone(),
            matching: self.matching.clone(),
            fields: self.fields.clone(),
        }
        .complete()
    }
}

/// A pipeline; its type is named by code.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackPipeline {
    /// Code of the type.
    pub kind: String,
    /// Its code.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// New items go this way.
    #[serde(default)]
    pub is_default: bool,
    /// Steps.
    pub stages: Vec<Stage>,
}

/// Rules of one pipeline; the file is called after the type, the pipeline is `main` unless named.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRules {
    /// Code of the type; filled from the file's name.
    #[serde(default)]
    pub kind: String,
    /// Code of the pipeline.
    #[serde(default)]
    pub pipeline: String,
    /// Stages with their rules.
    #[serde(default)]
    pub stages: Vec<PackStageRules>,
}

/// Rules of one stage.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackStageRules {
    /// Code of the stage.
    pub stage: String,
    /// In order.
    pub rules: Vec<Rule>,
}

/// Layouts of one type.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackLayouts {
    /// Code of the type; filled from the file's name.
    #[serde(default)]
    pub kind: String,
    /// `[[layouts]]`, never of one person.
    #[serde(default)]
    pub layouts: Vec<Layout>,
}

/// Saved views of one type.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackViews {
    /// Code of the type; filled from the file's name.
    #[serde(default)]
    pub kind: String,
    /// `[[views]]`, shared ones.
    #[serde(default)]
    pub views: Vec<SavedView>,
}

/// `menu.toml`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackMenu {
    /// Sections of the menu.
    #[serde(default)]
    pub sections: Vec<MenuSection>,
}

/// `items/<kind>.toml`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackItems {
    /// Code of the type; filled from the file's name.
    #[serde(default)]
    pub kind: String,
    /// Answers of each; a type with a field `code` recognises them by it.
    #[serde(default)]
    pub items: Vec<Values>,
}

/// `roles.toml`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackStaff {
    /// Departments, those above before those below.
    #[serde(default)]
    pub departments: Vec<PackDepartment>,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<Role>,
}

/// A department or office.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackDepartment {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// Code of the one above it; empty: the top.
    #[serde(default)]
    pub parent: String,
    /// An office: its clients stay inside it.
    #[serde(default)]
    pub office: bool,
    /// Time zone, IANA name; empty: the firm's.
    #[serde(default)]
    pub zone: String,
}

impl PackDepartment {
    /// The department below the one with this number.
    pub fn below(&self, parent: i64) -> Department {
        Department { code: self.code.clone(), title: self.title.clone(), parent, office: self.office, zone: self.zone.clone(), ..Department::default() }
    }
}

/// `accounts.toml`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackAccounts {
    /// Channel accounts without secrets: forms above all.
    #[serde(default)]
    pub accounts: Vec<PackAccount>,
    /// Items that belong to the solution: message templates.
    #[serde(default)]
    pub items: Vec<PackItem>,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackAccount {
    /// Code of the provider.
    pub provider: String,
    /// Code of the account.
    pub code: String,
    /// What a person reads.
    pub title: String,
    /// Settings.
    pub settings: Values,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackItem {
    /// Code of the type.
    pub kind: String,
    /// Answers.
    pub values: Values,
}

/// `demo.toml`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackDemo {
    /// People; passwords are generated.
    #[serde(default)]
    pub users: Vec<PackUser>,
    /// Clients with their deals.
    #[serde(default)]
    pub cards: Vec<PackCard>,
    /// Records of any type, those that others point at first.
    #[serde(default)]
    pub records: Vec<PackRecord>,
}

/// A client of the demo with one deal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackCard {
    /// Code of the stage on which the deal stands.
    pub stage: String,
    /// Login of the one who answers for it.
    pub responsible: String,
    /// How many days ago he came.
    pub days_ago: u64,
    /// Answers of the client.
    pub contact: Values,
    /// Answers of the deal.
    pub deal: Values,
}

/// A record of the demo.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRecord {
    /// Code of the type.
    pub kind: String,
    /// A name by which later records point at it: `contact = "@ivanov"`.
    #[serde(default)]
    pub name: String,
    /// Where it stands: `STAGE` of the default pipeline, or `pipeline/STAGE`.
    #[serde(default)]
    pub stage: String,
    /// Login of the one who answers for it; the answer to a field of people is a login too: `lawyer = "@olga"`.
    #[serde(default)]
    pub responsible: String,
    /// How many days ago it was made.
    #[serde(default)]
    pub days_ago: u64,
    /// How many days ago it came to its stage, when that was later: it began on the first one then.
    #[serde(default)]
    pub moved_days_ago: Option<u64>,
    /// Its answers. Days may be written as `+3` or `-10`: so many days from the day of the demo.
    #[serde(default)]
    pub values: Values,
}

/// One person of the demo.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackUser {
    /// Login.
    pub login: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Code of the role.
    pub role: String,
    /// Code of the department.
    #[serde(default)]
    pub department: String,
}
