//! Where a rule stands, for the check of its settings before it is published.

use crate::holes;
use crm::{EntityTypeId, Field, FieldKind, Filter, Item, ItemRef, Label, Op, Outcome, Query, Read, Rights, Schema, StageId, UserId, Value, Values, kind};
use std::sync::Arc;

/// What is wrong with a setting: its path (`template`, `values.field`) and the reason.
pub type Wrong = Vec<(String, Label)>;

/// The stage that will hold a rule, and the kind of records that go there.
pub struct Place<'a> {
    /// What exists.
    pub read: &'a dyn Read,
    /// The shape of the firm's data.
    pub schema: Arc<Schema>,
    /// The kind of records on the stage.
    pub kind: EntityTypeId,
    /// The stage.
    pub stage: StageId,
}

impl Place<'_> {
    /// Checks answers of settings against what exists: stages, people, fields, holes of texts. Tables are looked into.
    ///
    /// # Errors
    /// Only failures of the database.
    pub fn check(&self, fields: &[Field], settings: &Values) -> Outcome<Wrong> {
        let mut wrong = Wrong::new();
        for field in fields {
            for value in settings.get(&field.code).as_list() {
                if let FieldKind::Record { fields } = &field.kind {
                    if let Value::Record(inner) = value {
                        wrong.extend(self.check(fields, inner)?.into_iter().map(|(path, reason)| (format!("{}.{path}", field.code), reason)));
                    }
                } else if let Some(reason) = self.fault(field, value)? {
                    wrong.push((field.code.clone(), reason));
                }
            }
        }
        Ok(wrong)
    }

    fn fault(&self, field: &Field, value: &Value) -> Outcome<Option<Label>> {
        let reason = match (&field.kind, value) {
            (_, Value::Null) => None,
            (FieldKind::Stage, Value::Int(id)) => {
                let known = self.schema.stage(StageId(*id)).is_some_and(|(pipeline, _)| pipeline.kind == self.kind);
                (!known).then(|| Label::new("такой стадии нет", "there is no such stage"))
            }
            (FieldKind::User, Value::Int(id)) => {
                let known = self.read.user(UserId(*id))?.is_some_and(|user| user.active);
                (!known).then(|| Label::new("такого сотрудника нет или он уволен", "there is no such employee, or he has left"))
            }
            (FieldKind::FieldCode, Value::Text(code)) => {
                let known = self.schema.field(self.kind, code).is_some();
                (!known).then(|| Label::new(format!("поля «{code}» нет"), format!("there is no field {code}")))
            }
            (FieldKind::Pattern, Value::Text(text)) => holes::check(&self.schema, self.kind, text).err(),
            _ => None,
        };
        Ok(reason.map(|reason| Label::new(format!("«{}»: {}", field.title.ru, reason.ru), format!("{}: {}", field.title.en, reason.en))))
    }

    /// Checks that a setting names people: words, roles, departments and single people that exist.
    ///
    /// # Errors
    /// Only failures of the database.
    pub fn check_people(&self, settings: &Values, code: &str) -> Outcome<Wrong> {
        let mut wrong = Wrong::new();
        for word in settings.text(code).split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let fault = match word.split_once(':').unwrap_or((word, "")) {
                ("role", role) => (!self.read.roles()?.iter().any(|known| known.code == role.trim()))
                    .then(|| Label::new(format!("роли «{role}» нет"), format!("there is no role {role}"))),
                ("user", id) => {
                    let known = match id.trim().parse() {
                        Ok(id) => self.read.user(UserId(id))?.is_some_and(|user| user.active),
                        Err(_) => false,
                    };
                    (!known).then(|| Label::new(format!("сотрудника № {id} нет или он уволен"), format!("there is no employee No. {id}, or he has left")))
                }
                // The words that need a card name nobody here, and that is no fault.
                _ => match crm::staff::people(self.read, word, None) {
                    Ok(_) => None,
                    Err(crm::Fault::Refused(refusal)) => Some(refusal.text),
                    Err(failed) => return Err(failed),
                },
            };
            wrong.extend(fault.map(|reason| (code.to_owned(), reason)));
        }
        Ok(wrong)
    }

    /// Checks that a template exists, belongs to the channel, and that its holes can be filled here.
    ///
    /// # Errors
    /// Only failures of the database.
    pub fn check_template(&self, settings: &Values, channel: &str) -> Outcome<Wrong> {
        let code = settings.text("template");
        if code.is_empty() {
            return Ok(Wrong::new());
        }
        let Some(template) = template(self.read, code, channel)? else {
            return Ok(vec![("template".to_owned(), Label::new(format!("шаблона «{code}» нет"), format!("there is no template {code}")))]);
        };
        let mut wrong = Wrong::new();
        if !channel.is_empty() && template.values.text("channel") != channel {
            let reason =
                Label::new(format!("шаблон «{}» для другого канала", template.title()), format!("the template {} is for another channel", template.title()));
            wrong.push(("template".to_owned(), reason));
        }
        for text in [template.values.text("subject"), template.values.text("body")] {
            if let Err(reason) = holes::check(&self.schema, self.kind, text) {
                let reason = Label::new(format!("шаблон «{}»: {}", template.title(), reason.ru), format!("template {}: {}", template.title(), reason.en));
                wrong.push(("template".to_owned(), reason));
            }
        }
        Ok(wrong)
    }
}

/// The message template with this code. Channels may have templates of the same code: the channel's own one comes first.
///
/// # Errors
/// Only failures of the database.
pub fn template(read: &dyn Read, code: &str, channel: &str) -> Outcome<Option<Item>> {
    if read.schema().kind(kind::TEMPLATE).is_none() {
        return Ok(None);
    }
    let query = Query::of(kind::TEMPLATE).filter(Filter::is("code", Op::Eq, Value::text(code))).sorted(crm::code::ID, false).limit(50);
    let mut found = read.items(&Rights::system(), &query)?;
    let own = found.iter().position(|template| template.values.text("channel") == channel).unwrap_or(0);
    Ok(if found.is_empty() { None } else { Some(found.swap_remove(own)) })
}

/// The record, whoever may see it: rules work as the system.
///
/// # Errors
/// Only failures of the database.
pub fn known(read: &dyn Read, at: ItemRef) -> Outcome<Option<Item>> {
    match read.schema().kind(at.kind).is_some() && at.id != 0 {
        true => read.item(&Rights::system(), at),
        false => Ok(None),
    }
}
