//! Kinds of records, their pipelines and stages: the shape of a firm's data.

use crate::field::{Field, FieldKind};
use crate::ids::{EntityTypeId, PipelineId, StageId};
use crate::label::Label;
use crate::query::Filter;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// Until when it should leave the stage (the stage's SLA).
    pub const STAGE_DUE: &str = "stage_due";
    /// The office whose record it is: its clients stay inside (DESIGN §11).
    pub const OFFICE: &str = "office";
    /// Offices that may see it besides its own.
    pub const SHARED_WITH: &str = "shared_with";
    /// People who may see it besides those whose role lets them.
    pub const OBSERVERS: &str = "observers";
    /// When it came to this stage.
    pub const MOVED_AT: &str = "moved_at";
    /// Who brought it to this stage.
    pub const MOVED_BY: &str = "moved_by";
    /// Answers that tell of the record's own life: neither a tunnel nor a joining carries them to another one.
    pub const KEPT: [&str; 10] = [ID, PIPELINE, STAGE, STAGE_DUE, CREATED_AT, CREATED_BY, UPDATED_AT, UPDATED_BY, MOVED_AT, MOVED_BY];
    /// The client.
    pub const CONTACT: &str = "contact";
    /// The client's firm.
    pub const COMPANY: &str = "company";
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
    /// Code of the bank of the accounts beside it.
    pub const BIK: &str = "bik";
    /// Date of birth: a date field of this code lies between 1900 and today.
    pub const BIRTH_DATE: &str = "birth_date";
}

/// Types that the program itself works with. All others are the firm's own data.
pub mod kind {
    use crate::ids::EntityTypeId;
    /// An application that is not a deal yet.
    pub const LEAD: EntityTypeId = EntityTypeId(1);
    /// A deal.
    pub const DEAL: EntityTypeId = EntityTypeId(2);
    /// A client.
    pub const CONTACT: EntityTypeId = EntityTypeId(3);
    /// A firm.
    pub const COMPANY: EntityTypeId = EntityTypeId(4);
    /// An invoice.
    pub const INVOICE: EntityTypeId = EntityTypeId(31);
    /// A task for a member of staff.
    pub const TASK: EntityTypeId = EntityTypeId(501);
    /// A message to or from a client.
    pub const MESSAGE: EntityTypeId = EntityTypeId(502);
    /// A notice to a member of staff.
    pub const NOTIFICATION: EntityTypeId = EntityTypeId(503);
    /// A message with holes.
    pub const TEMPLATE: EntityTypeId = EntityTypeId(504);
    /// A call.
    pub const CALL: EntityTypeId = EntityTypeId(505);
    /// A product or service of the catalogue.
    pub const PRODUCT: EntityTypeId = EntityTypeId(506);
    /// A section of the catalogue.
    pub const PRODUCT_SECTION: EntityTypeId = EntityTypeId(507);
    /// A line of a price list inside a card: product, quantity, price, discount, tax.
    pub const PRICE_LINE: EntityTypeId = EntityTypeId(508);
    /// A mass action, an import, a conversion: something long with progress, errors and undo.
    pub const OPERATION: EntityTypeId = EntityTypeId(509);
    /// A member of staff: no item, but the changes of his place and rights stand in the log under this number.
    pub const STAFF: EntityTypeId = EntityTypeId(520);
    /// A role: no item either.
    pub const ROLE: EntityTypeId = EntityTypeId(521);
    /// A department or an office: no item either.
    pub const DEPARTMENT: EntityTypeId = EntityTypeId(522);
    /// The first number of types that a firm makes itself. Packs take 128 to 255.
    pub const FIRST_OWN: EntityTypeId = EntityTypeId(1030);
}

/// What records of a type can do besides having answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Belongs to a client: has the fields `contact` and `company`.
    Client,
    /// Has price lines, whose total is its amount.
    Products,
    /// Documents are made from it.
    Documents,
    /// Rules run on its stages.
    Automation,
    /// Counts in the counters of what is planned and what came in.
    Counters,
    /// What is deleted goes to the recycle bin.
    Bin,
}

/// When two records of a type are probably the same: all these fields have equal answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchRule {
    /// Codes of the fields, compared in their one spelling; for points one common entry is enough.
    pub fields: Vec<String>,
    /// A new record that fits is not made: whoever came in by a channel is led to the known one.
    #[serde(default)]
    pub gate: bool,
}

/// A kind of record the firm keeps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// What its records can do.
    #[serde(default)]
    pub features: BTreeSet<Feature>,
    /// How a record is called that nobody gave a name: a text with holes, `Заявка {{id}} — {{contact.title}}`.
    #[serde(default)]
    pub naming: String,
    /// When two records are probably the same.
    #[serde(default)]
    pub matching: Vec<MatchRule>,
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
        if self.features.contains(&Feature::Client) {
            common.push(Field::new(code::CONTACT, "Клиент", "Client", FieldKind::Link { to: kind::CONTACT }).indexed());
            common.push(Field::new(code::COMPANY, "Компания", "Company", FieldKind::Link { to: kind::COMPANY }).indexed().secondary());
        }
        if self.listed {
            common.push(Field::new(code::OFFICE, "Офис", "Office", FieldKind::Department).indexed().secondary());
            common.push(Field::new(code::OBSERVERS, "Наблюдатели", "Observers", FieldKind::User).multiple().secondary());
            common.push(Field::new(code::SHARED_WITH, "Доступно офисам", "Shared with offices", FieldKind::Department).multiple().secondary());
        }
        let mut trail = vec![
            Field::new(code::CREATED_AT, "Создано", "Created", FieldKind::Moment).read_only(),
            Field::new(code::CREATED_BY, "Кем создано", "Created by", FieldKind::User).read_only(),
            Field::new(code::UPDATED_AT, "Изменено", "Changed", FieldKind::Moment).read_only(),
            Field::new(code::UPDATED_BY, "Кем изменено", "Changed by", FieldKind::User).read_only(),
        ];
        if self.staged {
            trail.push(Field::new(code::MOVED_AT, "На стадии с", "On the stage since", FieldKind::Moment).read_only());
            trail.push(Field::new(code::MOVED_BY, "Кто перевёл", "Moved by", FieldKind::User).read_only());
            trail.push(Field::new(code::STAGE_DUE, "Срок стадии", "Stage due", FieldKind::Moment).read_only());
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
                    self.fields.push(Field {
                        title: given.title,
                        help: given.help,
                        required: given.required,
                        required_from: given.required_from,
                        required_when: given.required_when,
                        secondary: base.secondary && given.secondary,
                        ..base
                    });
                }
                None => self.fields.push(base),
            }
        }
        self.fields.extend(own);
        let matched: BTreeSet<String> = self.matching.iter().flat_map(|rule| rule.fields.iter().cloned()).collect();
        for field in &mut self.fields {
            // What is looked up with every saving is looked up by an index: unique answers, links, answers that tell doubles.
            field.indexed |= field.unique || matched.contains(&field.code) || (matches!(field.kind, FieldKind::Link { .. }) && !field.multiple);
        }
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// Counts as solved in reports, though the item may stand here and be open.
    #[serde(default)]
    pub solved: bool,
    /// How long an item may stand here, written `30m`, `4h`, `2d`; empty: as long as it likes.
    #[serde(default)]
    pub sla: String,
    /// The SLA counts working time of the office, not calendar time (domain.md C.1).
    #[serde(default)]
    pub sla_working: bool,
    /// Codes of the fields that must be filled before an item comes here.
    #[serde(default)]
    pub required: Vec<String>,
    /// An item may leave this stage for an open one though it ends the work.
    #[serde(default)]
    pub reopen: bool,
    /// Where an item goes on by itself when it comes here.
    #[serde(default)]
    pub tunnels: Vec<Tunnel>,
}

/// A way from a stage to a stage of another pipeline or type.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tunnel {
    /// Code of the type; empty: the same type.
    #[serde(default)]
    pub kind: String,
    /// Code of the pipeline there; empty: the default one.
    #[serde(default)]
    pub pipeline: String,
    /// Code of the stage there; empty: the first one.
    #[serde(default)]
    pub stage: String,
    /// The item stays and a new one goes there; always so for another type.
    #[serde(default)]
    pub copy: bool,
    /// Answers of the new item: its field from a field of this one. Fields of the same code and kind are taken anyway.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Only items that fit go this way: of three ways on, each takes its own.
    #[serde(default)]
    pub when: Filter,
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

    /// The field at the end of a path of at most one hop: `city`, or `contact.city` through the link `contact`.
    pub fn field_on_path(&self, kind: EntityTypeId, path: &str) -> Option<&Field> {
        match path.split_once('.') {
            None => self.field(kind, path),
            Some((link, code)) => match self.field(kind, link)?.kind {
                FieldKind::Link { to } => self.field(to, code),
                _ => None,
            },
        }
    }

    /// Title of a chosen option.
    pub fn choice<'a>(&'a self, kind: EntityTypeId, field: &str, value: &Value) -> Option<&'a Label> {
        match &self.field(kind, field)?.kind {
            FieldKind::Choice { options } => options.iter().find(|option| Some(option.code.as_str()) == value.as_text()).map(|option| &option.title),
            _ => None,
        }
    }
}
