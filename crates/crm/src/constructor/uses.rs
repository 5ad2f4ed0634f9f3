//! Who uses a field, a stage, a pipeline or a type: what an administrator must see before he takes it away.

use crate::doors::Read;
use crate::entity::{Schema, kind};
use crate::failure::{Outcome, Refusal};
use crate::field::{Field, FieldKind};
use crate::ids::{AccountId, EntityTypeId, ItemRef, PipelineId, RuleId, StageId};
use crate::label::Label;
use crate::query::{Filter, Query};
use crate::rights::Rights;
use crate::rule::Rule;
use crate::text::{Piece, pieces};
use crate::value::{Value, Values};

/// The questions that the settings of a rule answer: `crm` does not know the robots.
pub type Asks<'a> = &'a dyn Fn(&Rule) -> Vec<Field>;

/// What somebody may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A field of a type.
    Field {
        /// The type.
        kind: EntityTypeId,
        /// Its code.
        code: String,
    },
    /// A stage.
    Stage {
        /// Which.
        stage: StageId,
    },
    /// A pipeline.
    Pipeline {
        /// Which.
        pipeline: PipelineId,
    },
    /// A type.
    Type {
        /// Which.
        kind: EntityTypeId,
    },
}

/// Where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsePlace {
    /// A trigger or robot.
    Rule {
        /// On which stage.
        stage: StageId,
        /// Which.
        rule: RuleId,
    },
    /// A stage: required fields, tunnels.
    Stage {
        /// Which.
        stage: StageId,
    },
    /// Another field: a formula, a demand, a link.
    Field {
        /// Of which type.
        kind: EntityTypeId,
        /// Its code.
        code: String,
    },
    /// The type itself: naming, matching.
    Type {
        /// Which.
        kind: EntityTypeId,
    },
    /// A layout of cards.
    Layout {
        /// Of which type.
        kind: EntityTypeId,
    },
    /// A saved view.
    View {
        /// Of which type.
        kind: EntityTypeId,
        /// Its code.
        code: String,
    },
    /// A role.
    Role {
        /// Its code.
        code: String,
    },
    /// A form or another channel account.
    Account {
        /// Which.
        account: AccountId,
    },
    /// A template of messages.
    Template {
        /// Which.
        item: ItemRef,
    },
    /// Records: those that stand on a stage, or are of a type.
    Items {
        /// Of which type.
        kind: EntityTypeId,
        /// On which pipeline.
        pipeline: Option<PipelineId>,
        /// On which stage.
        stage: Option<StageId>,
    },
}

/// One use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Where.
    pub place: UsePlace,
    /// In words.
    pub text: Label,
}

/// Templates are looked through up to this number.
const TEMPLATES: u32 = 500;
/// Records are counted up to here.
const CAP: u64 = 1_000;

/// Refuses when something is in use; the list of uses stands in the refusal.
pub(super) fn refuse_used(read: &dyn Read, rights: &Rights, subject: &Subject, asks: Asks<'_>) -> Outcome<()> {
    let found = uses(read, rights, subject, asks)?;
    if found.is_empty() {
        return Ok(());
    }
    let number = found.len();
    let mut refusal =
        Refusal::new("in_use", format!("Сначала уберите, где это используется: {number}"), format!("First take it out of where it is used: {number}"));
    refusal.fields = found.into_iter().map(|one| ("use".to_owned(), one.text)).collect();
    Err(refusal.into())
}

/// Everything that uses it, in words and places.
///
/// # Errors
/// `access_denied` for whoever sets nothing up; failures of the database.
pub fn uses(read: &dyn Read, rights: &Rights, subject: &Subject, asks: Asks<'_>) -> Outcome<Vec<Use>> {
    super::demand(rights)?;
    let schema = read.schema();
    let look = Look { read, rights, schema: &schema, subject, asks };
    let mut found = Vec::new();
    look.rules(&mut found)?;
    look.shape(&mut found);
    look.looks(&mut found)?;
    look.roles(&mut found)?;
    look.texts(&mut found)?;
    look.items(&mut found)?;
    Ok(found)
}

struct Look<'a> {
    read: &'a dyn Read,
    rights: &'a Rights,
    schema: &'a Schema,
    subject: &'a Subject,
    asks: Asks<'a>,
}

impl Look<'_> {
    /// Rules in force, of every stage. Rules on the stage itself use it too.
    fn rules(&self, found: &mut Vec<Use>) -> Outcome<()> {
        for pipeline in self.schema.pipelines.values() {
            for stage in &pipeline.stages {
                let Some(program) = self.read.program(stage.id)? else { continue };
                let own = match self.subject {
                    Subject::Stage { stage: gone } => *gone == stage.id,
                    Subject::Pipeline { pipeline: gone } => *gone == pipeline.id,
                    Subject::Type { kind } => *kind == pipeline.kind,
                    Subject::Field { .. } => false,
                };
                for rule in &program.rules {
                    if own
                        || self.filter(pipeline.kind, &rule.condition)
                        || self.timed(pipeline.kind, rule)
                        || self.settings(pipeline.kind, &(self.asks)(rule), &rule.settings)
                    {
                        let text = Label::new(
                            format!("Правило «{}» на стадии «{}» воронки «{}»", rule.title, stage.title.ru, pipeline.title.ru),
                            format!("The rule {} on the stage {} of the pipeline {}", rule.title, stage.title.en, pipeline.title.en),
                        );
                        found.push(Use { place: UsePlace::Rule { stage: stage.id, rule: rule.id }, text });
                    }
                }
            }
        }
        Ok(())
    }

    fn timed(&self, of: EntityTypeId, rule: &Rule) -> bool {
        rule.timing.field().is_some_and(|code| self.path(of, code))
    }

    /// Whether a path of a field on records of a type leads to what we look for.
    fn path(&self, of: EntityTypeId, path: &str) -> bool {
        let Subject::Field { kind, code } = self.subject else { return false };
        match path.split_once('.') {
            None => of == *kind && path == code,
            Some((link, rest)) => {
                (of == *kind && link == code)
                    || (rest == code && matches!(self.schema.field(of, link).map(|field| &field.kind), Some(FieldKind::Link { to }) if to == kind))
            }
        }
    }

    fn filter(&self, of: EntityTypeId, filter: &Filter) -> bool {
        match filter {
            Filter::Any | Filter::Search(_) => false,
            Filter::All(list) | Filter::One(list) => list.iter().any(|one| self.filter(of, one)),
            Filter::Not(inner) => self.filter(of, inner),
            Filter::Is { field, value, .. } => self.path(of, field) || self.stage_value(of, field, value),
            Filter::Linked { kind, field, filter } => {
                let by_link = matches!(self.subject, Subject::Field { kind: gone, code } if gone == kind && code == field);
                by_link || matches!(self.subject, Subject::Type { kind: gone } if gone == kind) || self.filter(*kind, filter)
            }
        }
    }

    /// A condition on a stage or a pipeline names it by its number.
    fn stage_value(&self, of: EntityTypeId, path: &str, value: &Value) -> bool {
        let Some(field) = self.schema.field_on_path(of, path) else { return false };
        let named = |id: i64| value.as_list().iter().any(|one| one.as_int() == Some(id));
        match (&field.kind, self.subject) {
            (FieldKind::Stage, Subject::Stage { stage }) => named(stage.0),
            (FieldKind::Pipeline, Subject::Pipeline { pipeline }) => named(pipeline.0),
            _ => false,
        }
    }

    /// Settings of a rule, question by question.
    fn settings(&self, of: EntityTypeId, asked: &[Field], settings: &Values) -> bool {
        asked.iter().any(|field| settings.get(&field.code).as_list().iter().any(|value| self.setting(of, field, value)))
    }

    fn setting(&self, of: EntityTypeId, field: &Field, value: &Value) -> bool {
        match (&field.kind, value, self.subject) {
            (FieldKind::Record { fields }, Value::Record(inner), _) => self.settings(of, fields, inner),
            (FieldKind::FieldCode, Value::Text(code), _) => self.path(of, code),
            (FieldKind::Stage, Value::Int(id), Subject::Stage { stage }) => *id == stage.0,
            (FieldKind::Pipeline, Value::Int(id), Subject::Pipeline { pipeline }) => *id == pipeline.0,
            (FieldKind::Text | FieldKind::LongText | FieldKind::Pattern, Value::Text(text), _) => self.holes(Some(of), text),
            _ => false,
        }
    }

    /// Whether a text has a hole that the field fills. `of`: the type of the card, when one is known.
    fn holes(&self, of: Option<EntityTypeId>, text: &str) -> bool {
        let Subject::Field { kind, code } = self.subject else { return false };
        let Some(field) = self.schema.field(*kind, code) else { return false };
        let shape = self.schema.kind(*kind);
        let same = |word: &str, label: &Label| word == label.ru.to_lowercase() || word == label.en.to_lowercase();
        let names = pieces(text).into_iter().filter_map(|piece| match piece {
            Piece::Hole { name, .. } => Some(name.split('|')),
            Piece::Plain(_) => None,
        });
        names.flatten().any(|name| {
            let name = name.strip_prefix("Document:").unwrap_or(name).trim().to_lowercase();
            let (whose, what) = name.rsplit_once('.').map_or((None, name.as_str()), |(whose, what)| (Some(whose.trim()), what.trim()));
            if what != code && !same(what, &field.title) {
                return false;
            }
            match whose {
                None => of.is_none_or(|of| of == *kind),
                Some("клиент" | "контакт" | "client" | "contact") => *kind == kind::CONTACT,
                Some("карточка" | "card" | "элемент" | "item") => of.is_none_or(|of| of == *kind),
                Some(word) => {
                    shape.is_some_and(|shape| word == shape.code || same(word, &shape.title))
                        || of.is_some_and(|of| matches!(self.schema.field(of, word).map(|field| &field.kind), Some(FieldKind::Link { to }) if to == kind))
                }
            }
        })
    }

    /// Types, fields, stages: formulas, demands, links, tunnels, names, rules of match.
    fn shape(&self, found: &mut Vec<Use>) {
        for shape in self.schema.types.values() {
            let of = shape.id;
            let title = &shape.plural;
            for field in &shape.fields {
                if let Some((ru, en)) = self.field_uses(of, field) {
                    let text = Label::new(format!("{ru} «{}», тип «{}»", field.title.ru, title.ru), format!("{en} {} of {}", field.title.en, title.en));
                    found.push(Use { place: UsePlace::Field { kind: of, code: field.code.clone() }, text });
                }
            }
            if self.holes(Some(of), &shape.naming) {
                let text = Label::new(format!("Название записей типа «{}»", title.ru), format!("Names of records of {}", title.en));
                found.push(Use { place: UsePlace::Type { kind: of }, text });
            }
            if shape.matching.iter().flat_map(|rule| &rule.fields).any(|code| self.path(of, code)) {
                let text = Label::new(format!("Правила поиска дублей типа «{}»", title.ru), format!("Rules of match of {}", title.en));
                found.push(Use { place: UsePlace::Type { kind: of }, text });
            }
        }
        for pipeline in self.schema.pipelines.values() {
            for stage in pipeline.stages.iter().filter(|stage| self.stage_uses(pipeline.kind, &pipeline.code, stage)) {
                let text = Label::new(
                    format!("Стадия «{}» воронки «{}»", stage.title.ru, pipeline.title.ru),
                    format!("The stage {} of the pipeline {}", stage.title.en, pipeline.title.en),
                );
                found.push(Use { place: UsePlace::Stage { stage: stage.id }, text });
            }
        }
    }

    fn field_uses(&self, of: EntityTypeId, field: &Field) -> Option<(&'static str, &'static str)> {
        if matches!(self.subject, Subject::Field { kind, code } if *kind == of && *code == field.code) {
            return None;
        }
        if matches!(field.kind, FieldKind::Formula { .. })
            && let Subject::Field { kind, code } = self.subject
            && crate::formula::uses(self.schema, *kind, code).contains(&(of, field.code.clone()))
        {
            return Some(("Формула", "The formula"));
        }
        if field.required_when.as_ref().is_some_and(|filter| self.filter(of, filter)) {
            return Some(("Условие обязательности поля", "The condition that demands"));
        }
        let from_stage = |stage: StageId| {
            self.schema.stage(stage).is_some_and(|(pipeline, stage)| pipeline.kind == of && names_stage(&field.required_from, &pipeline.code, &stage.code))
        };
        match self.subject {
            Subject::Stage { stage } if from_stage(*stage) => Some(("Обязательно с этой стадии поле", "Required from this stage: the field")),
            Subject::Pipeline { pipeline }
                if self.schema.pipelines.get(pipeline).is_some_and(|one| {
                    one.kind == of && field.required_from.iter().any(|place| place.split_once('/').is_some_and(|(code, _)| code == one.code))
                }) =>
            {
                Some(("Обязательно со стадий этой воронки поле", "Required from stages of this pipeline: the field"))
            }
            Subject::Type { kind } if of != *kind && matches!(&field.kind, FieldKind::Link { to } if to == kind) => Some(("Связь", "The link")),
            _ => None,
        }
    }

    fn stage_uses(&self, of: EntityTypeId, pipeline: &str, stage: &crate::entity::Stage) -> bool {
        let leads = |tunnel: &crate::entity::Tunnel| {
            let to = if tunnel.kind.is_empty() { Some(of) } else { self.schema.kind_by_code(&tunnel.kind).map(|shape| shape.id) };
            let way = to.and_then(|to| match tunnel.pipeline.is_empty() {
                true => self.schema.default_pipeline(to),
                false => self.schema.pipelines.values().find(|one| one.kind == to && one.code == tunnel.pipeline),
            });
            (to, way)
        };
        match self.subject {
            Subject::Field { kind, code } => {
                (of == *kind && stage.required.contains(code))
                    || stage.tunnels.iter().any(|tunnel| {
                        (of == *kind && (tunnel.fields.values().any(|one| one == code) || self.filter(of, &tunnel.when)))
                            || (leads(tunnel).0 == Some(*kind) && tunnel.fields.contains_key(code))
                    })
            }
            Subject::Stage { stage: gone } => stage.tunnels.iter().any(|tunnel| {
                leads(tunnel).1.is_some_and(|way| {
                    let end = if tunnel.stage.is_empty() { way.stages.first() } else { way.stages.iter().find(|one| one.code == tunnel.stage) };
                    end.is_some_and(|end| end.id == *gone)
                })
            }),
            Subject::Pipeline { pipeline: gone } => {
                let own = self.schema.pipelines.get(gone).is_some_and(|one| one.kind == of && one.code == pipeline);
                !own && stage.tunnels.iter().any(|tunnel| leads(tunnel).1.is_some_and(|way| way.id == *gone))
            }
            Subject::Type { kind } => of != *kind && stage.tunnels.iter().any(|tunnel| leads(tunnel).0 == Some(*kind)),
        }
    }

    /// Layouts and saved views: those of everybody and of whoever asks.
    fn looks(&self, found: &mut Vec<Use>) -> Outcome<()> {
        for shape in self.schema.types.values() {
            if matches!(self.subject, Subject::Type { .. }) {
                // They go together with their type.
                continue;
            }
            for layout in self.read.layouts(shape.id, self.rights.user)? {
                let used = match self.subject {
                    Subject::Field { kind, code } => *kind == shape.id && layout.sections.iter().any(|section| section.fields.contains(code)),
                    Subject::Stage { stage } => self.schema.stage(*stage).is_some_and(|(way, stage)| {
                        way.kind == shape.id && layout.stage == stage.code && (layout.pipeline.is_empty() || layout.pipeline == way.code)
                    }),
                    Subject::Pipeline { pipeline } => {
                        self.schema.pipelines.get(pipeline).is_some_and(|way| way.kind == shape.id && layout.pipeline == way.code)
                    }
                    Subject::Type { .. } => false,
                };
                if used {
                    let text = Label::new(format!("Вид карточки, тип «{}»", shape.plural.ru), format!("The layout of cards of {}", shape.plural.en));
                    found.push(Use { place: UsePlace::Layout { kind: shape.id }, text });
                }
            }
            for view in self.read.views(shape.id, self.rights.user)? {
                let ordered = view.order.iter().any(|order| self.path(shape.id, &order.field));
                let shown = view.columns.iter().chain([&view.date]).any(|code| self.path(shape.id, code));
                let on_way = matches!(self.subject, Subject::Pipeline { pipeline } if self.schema.pipelines.get(pipeline).is_some_and(|way| way.kind == shape.id && way.code == view.pipeline));
                if ordered || shown || on_way || self.filter(shape.id, &view.filter) {
                    let text =
                        Label::new(format!("Вид «{}», тип «{}»", view.title.ru, shape.plural.ru), format!("The view {} of {}", view.title.en, shape.plural.en));
                    found.push(Use { place: UsePlace::View { kind: shape.id, code: view.code.clone() }, text });
                }
            }
        }
        Ok(())
    }

    /// Roles with an exception for the place.
    fn roles(&self, found: &mut Vec<Use>) -> Outcome<()> {
        let places: Vec<String> = match self.subject {
            Subject::Field { .. } => return Ok(()),
            Subject::Stage { stage } => self
                .schema
                .stage(*stage)
                .and_then(|(way, stage)| Some(format!("{}/{}/{}", self.schema.kind(way.kind)?.code, way.code, stage.code)))
                .into_iter()
                .collect(),
            Subject::Pipeline { pipeline } => {
                self.schema.pipelines.get(pipeline).and_then(|way| Some(format!("{}/{}", self.schema.kind(way.kind)?.code, way.code))).into_iter().collect()
            }
            Subject::Type { kind } => self.schema.kind(*kind).map(|shape| shape.code.clone()).into_iter().collect(),
        };
        for role in self.read.roles()? {
            let named = role.may.keys().any(|key| places.iter().any(|place| key == place || key.starts_with(&format!("{place}/"))));
            let pooled = matches!(self.subject, Subject::Type { .. }) && places.iter().any(|place| role.pool.contains(place));
            if named || pooled {
                let text = Label::new(format!("Роль «{}»", role.title.ru), format!("The role {}", role.title.en));
                found.push(Use { place: UsePlace::Role { code: role.code.clone() }, text });
            }
        }
        Ok(())
    }

    /// Forms and templates of messages name fields in their texts.
    fn texts(&self, found: &mut Vec<Use>) -> Outcome<()> {
        let Subject::Field { kind, code } = self.subject else { return Ok(()) };
        let Some(shape) = self.schema.kind(*kind) else { return Ok(()) };
        let path = format!("{}.{code}", shape.code);
        for account in self.read.accounts()? {
            if account.settings.0.values().any(|value| holds(value, &path)) {
                let text = Label::new(format!("Канал «{}»", account.title), format!("The channel {}", account.title));
                found.push(Use { place: UsePlace::Account { account: account.id }, text });
            }
        }
        if self.schema.kind(kind::TEMPLATE).is_none() {
            return Ok(());
        }
        for template in self.read.items(&Rights::system(), &Query::of(kind::TEMPLATE).limit(TEMPLATES))? {
            let used = template.values.0.values().any(|value| value.as_text().is_some_and(|text| self.holes(None, text)));
            if used {
                let text = Label::new(format!("Шаблон «{}»", template.title()), format!("The template {}", template.title()));
                found.push(Use { place: UsePlace::Template { item: template.at() }, text });
            }
        }
        Ok(())
    }

    /// Records that would be left without a place.
    fn items(&self, found: &mut Vec<Use>) -> Outcome<()> {
        let (kind, pipeline, stage) = match self.subject {
            Subject::Field { .. } => return Ok(()),
            Subject::Stage { stage } => {
                let Some((way, _)) = self.schema.stage(*stage) else { return Ok(()) };
                (way.kind, None, Some(*stage))
            }
            Subject::Pipeline { pipeline } => {
                let Some(way) = self.schema.pipelines.get(pipeline) else { return Ok(()) };
                (way.kind, Some(*pipeline), None)
            }
            Subject::Type { kind } => (*kind, None, None),
        };
        let on = |code: &str, id: i64| Filter::is(code, crate::query::Op::Eq, Value::Int(id));
        let filter = match (pipeline, stage) {
            (_, Some(stage)) => on(crate::entity::code::STAGE, stage.0),
            (Some(pipeline), None) => on(crate::entity::code::PIPELINE, pipeline.0),
            (None, None) => Filter::Any,
        };
        let count = self.read.count(&Rights::system(), &Query::of(kind).filter(filter), CAP)?;
        if count.counted > 0 {
            let number = format!("{}{}", count.counted, if count.more { "+" } else { "" });
            let text = Label::new(format!("Записей: {number}"), format!("Records: {number}"));
            found.push(Use { place: UsePlace::Items { kind, pipeline, stage }, text });
        }
        Ok(())
    }
}

/// Whether a list of `STAGE` and `pipeline/STAGE` names this one.
fn names_stage(list: &[String], pipeline: &str, stage: &str) -> bool {
    list.iter().any(|place| match place.split_once('/') {
        Some((way, code)) => way == pipeline && code == stage,
        None => place == stage,
    })
}

/// Whether some text inside is exactly this path.
fn holds(value: &Value, path: &str) -> bool {
    match value {
        Value::Text(text) => text == path,
        Value::Many(list) => list.iter().any(|one| holds(one, path)),
        Value::Record(inner) => inner.0.values().any(|one| holds(one, path)),
        _ => false,
    }
}
