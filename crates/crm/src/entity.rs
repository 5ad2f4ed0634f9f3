//! Kinds of records, their pipelines and stages: the shape of a firm's data.

use crate::field::{Field, FieldKind};
use crate::ids::{EntityTypeId, PipelineId, StageId};
use crate::label::Label;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Codes of the fields that every item has, or that every item of a type with pipelines has.
pub mod code {
    /// The number inside the kind.
    pub const ID: &str = "id";
    /// The name of the record.
    pub const TITLE: &str = "title";
    /// The member of staff who answers for it.
    pub const RESPONSIBLE: &str = "responsible";
    /// When it was made.
    pub const CREATED_AT: &str = "created_at";
    /// Who made it.
    pub const CREATED_BY: &str = "created_by";
    /// When it was last changed.
    pub const UPDATED_AT: &str = "updated_at";
    /// Who changed it last.
    pub const UPDATED_BY: &str = "updated_by";
    /// The way of work it goes.
    pub const PIPELINE: &str = "pipeline";
    /// Where on that way it stands.
    pub const STAGE: &str = "stage";
    /// When it came to this stage.
    pub const MOVED_AT: &str = "moved_at";
    /// Who brought it to this stage.
    pub const MOVED_BY: &str = "moved_by";
    /// The client.
    pub const CONTACT: &str = "contact";
    /// The record in whose timeline a task, a message, a notification stands.
    pub const ABOUT: &str = "about";
    /// The sum that a board adds up.
    pub const AMOUNT: &str = "amount";
    /// The currency of the item's amounts, ISO 4217.
    pub const CURRENCY: &str = "currency";
    /// Phones.
    pub const PHONE: &str = "phone";
    /// Addresses of e-mail.
    pub const EMAIL: &str = "email";
}

/// Types that the program itself works with. All others are the firm's own data.
pub mod kind {
    use crate::ids::EntityTypeId;
    /// A deal.
    pub const DEAL: EntityTypeId = EntityTypeId(2);
    /// A client.
    pub const CONTACT: EntityTypeId = EntityTypeId(3);
    /// A task for a member of staff.
    pub const TASK: EntityTypeId = EntityTypeId(501);
    /// A message to or from a client.
    pub const MESSAGE: EntityTypeId = EntityTypeId(502);
    /// A notice to a member of staff.
    pub const NOTIFICATION: EntityTypeId = EntityTypeId(503);
    /// A message with holes.
    pub const TEMPLATE: EntityTypeId = EntityTypeId(504);
}

/// A kind of record the firm keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityType {
    /// Its number.
    pub id: EntityTypeId,
    /// Stable code, `[a-z][a-z0-9_]*`; its table is `item_<code>`.
    pub code: String,
    /// "Deal".
    pub title: Label,
    /// "Deals".
    pub plural: Label,
    /// Has pipelines and stages.
    #[serde(default)]
    pub staged: bool,
    /// Stands in the menu and has pages of its own.
    #[serde(default)]
    pub listed: bool,
    /// Goes into the search box.
    #[serde(default)]
    pub searched: bool,
    /// Name of an icon of the design system.
    #[serde(default)]
    pub icon: String,
    /// All questions, the common ones included once [`EntityType::complete`] has run.
    #[serde(default)]
    pub fields: Vec<Field>,
}

impl EntityType {
    /// Puts the common fields in front of the type's own ones; running it again changes nothing.
    #[must_use]
    pub fn complete(mut self) -> EntityType {
        let mut common = vec![
            Field::new(code::ID, "№", "No.", FieldKind::Integer).read_only().indexed(),
            Field::new(code::TITLE, "Название", "Title", FieldKind::Text).searchable(),
        ];
        if self.staged {
            common.push(Field::new(code::PIPELINE, "Воронка", "Pipeline", FieldKind::Pipeline));
            common.push(Field::new(code::STAGE, "Стадия", "Stage", FieldKind::Stage));
        }
        common.push(Field::new(code::RESPONSIBLE, "Ответственный", "Responsible", FieldKind::User).indexed());
        let mut trail = vec![
            Field::new(code::CREATED_AT, "Создано", "Created", FieldKind::Moment).read_only(),
            Field::new(code::CREATED_BY, "Кем создано", "Created by", FieldKind::User).read_only(),
            Field::new(code::UPDATED_AT, "Изменено", "Changed", FieldKind::Moment).read_only(),
            Field::new(code::UPDATED_BY, "Кем изменено", "Changed by", FieldKind::User).read_only(),
        ];
        if self.staged {
            trail.push(Field::new(code::MOVED_AT, "На стадии с", "On the stage since", FieldKind::Moment).read_only());
            trail.push(Field::new(code::MOVED_BY, "Кто перевёл", "Moved by", FieldKind::User).read_only());
        }
        for field in &mut trail {
            field.secondary = true;
        }
        let mut own = std::mem::take(&mut self.fields);
        for base in common.into_iter().chain(trail) {
            // A type may give a common field its own title and help; its kind stays.
            match own.iter().position(|field| field.code == base.code) {
                Some(at) => {
                    let given = own.remove(at);
                    self.fields.push(Field { title: given.title, help: given.help, ..base });
                }
                None => self.fields.push(base),
            }
        }
        self.fields.extend(own);
        self
    }

    /// The field with this code.
    pub fn field(&self, code: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.code == code)
    }

    /// Whether it has such a field.
    pub fn has(&self, code: &str) -> bool {
        self.field(code).is_some()
    }
}

/// How a stage ends the work, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The work goes on.
    #[default]
    Open,
    /// Ended well.
    Won,
    /// Ended badly.
    Lost,
}

/// A step of the work: triggers bring an item here, robots start when it arrives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its number in the firm; 0 in a pack, given at installation.
    #[serde(default)]
    pub id: StageId,
    /// Stable code inside the pipeline, `[A-Z][A-Z0-9_]*`.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// Colour `#rrggbb`.
    #[serde(default)]
    pub color: String,
    /// Open, won or lost.
    #[serde(default)]
    pub outcome: Ending,
}

/// An ordered way of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its number in the firm; 0 in a pack, given at installation.
    #[serde(default)]
    pub id: PipelineId,
    /// The type whose items go this way.
    pub kind: EntityTypeId,
    /// Stable code inside the type.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// New items go this way unless told otherwise; exactly one in a type.
    #[serde(default)]
    pub is_default: bool,
    /// Steps in order; the open ones first.
    pub stages: Vec<Stage>,
}

impl Pipeline {
    /// The stage with this number.
    pub fn stage(&self, id: StageId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// How far along a stage stands, from 0; `None` when it is not of this pipeline.
    pub fn position(&self, id: StageId) -> Option<usize> {
        self.stages.iter().position(|stage| stage.id == id)
    }
}

/// The shape of the firm's data at one moment. Read-only; a change makes a new one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    /// Grows with every change of the shape.
    pub version: i64,
    /// Types by number.
    pub types: BTreeMap<EntityTypeId, EntityType>,
    /// Pipelines by number.
    pub pipelines: BTreeMap<PipelineId, Pipeline>,
}

impl Schema {
    /// The type with this number.
    pub fn kind(&self, id: EntityTypeId) -> Option<&EntityType> {
        self.types.get(&id)
    }

    /// The type with this code.
    pub fn kind_by_code(&self, code: &str) -> Option<&EntityType> {
        self.types.values().find(|one| one.code == code)
    }

    /// Pipelines of a type, the default one first.
    pub fn pipelines_of(&self, kind: EntityTypeId) -> Vec<&Pipeline> {
        let mut list: Vec<&Pipeline> = self.pipelines.values().filter(|pipeline| pipeline.kind == kind).collect();
        list.sort_by_key(|pipeline| (!pipeline.is_default, pipeline.id));
        list
    }

    /// The pipeline that new items of a type go.
    pub fn default_pipeline(&self, kind: EntityTypeId) -> Option<&Pipeline> {
        self.pipelines_of(kind).into_iter().next()
    }

    /// The stage with this number and its pipeline.
    pub fn stage(&self, id: StageId) -> Option<(&Pipeline, &Stage)> {
        self.pipelines.values().find_map(|pipeline| pipeline.stage(id).map(|stage| (pipeline, stage)))
    }

    /// The answer as a person reads it needs the field; this finds it.
    pub fn field(&self, kind: EntityTypeId, code: &str) -> Option<&Field> {
        self.kind(kind).and_then(|one| one.field(code))
    }

    /// Title of a chosen option.
    pub fn choice<'a>(&'a self, kind: EntityTypeId, field: &str, value: &Value) -> Option<&'a Label> {
        match &self.field(kind, field)?.kind {
            FieldKind::Choice { options } => options.iter().find(|option| Some(option.code.as_str()) == value.as_text()).map(|option| &option.title),
            _ => None,
        }
    }
}
