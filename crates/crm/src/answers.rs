//! Answers on their way into an item: read as their fields want them, allowed to whoever writes, true of each other, and
//! not given twice where only one may be.

use crate::doors::{Read, Tx};
use crate::entity::EntityType;
use crate::event::Cause;
use crate::failure::{Outcome, Refusal};
use crate::field::{Field, FieldKind};
use crate::ids::{FileId, ItemRef, UserId};
use crate::item::Item;
use crate::label::Label;
use crate::query::{Filter, Op, Query, unknown_field};
use crate::rights::Rights;
use crate::value::{Value, Values};
use std::collections::BTreeSet;

/// Whose answers are written and onto what.
pub(crate) struct Desk<'a> {
    /// The transaction, to look into.
    pub read: &'a dyn Read,
    /// Who writes.
    pub rights: &'a Rights,
    /// Why.
    pub cause: &'a Cause,
    /// The type.
    pub shape: &'a EntityType,
    /// The answers that stand there now.
    pub before: &'a Values,
    /// The item; number 0 when it is new.
    pub at: ItemRef,
}

impl Desk<'_> {
    /// Gives every answer the kind of its field; refuses unknown, hidden, locked and program-kept fields, all at once.
    pub fn accept(&self, given: &Values) -> Outcome<Values> {
        let mut accepted = Values::new();
        let mut wrong: Vec<(String, Label)> = Vec::new();
        for (code, value) in &given.0 {
            let Some(field) = self.shape.field(code).filter(|_| self.rights.sees(self.shape.id, code)) else {
                wrong.push((code.clone(), unknown_field(code).text));
                continue;
            };
            let value = match field.accept(value) {
                Ok(value) => value,
                Err(refusal) => {
                    wrong.extend(refusal.fields);
                    continue;
                }
            };
            // A form sends back what it showed: an answer that stays is no writing.
            let old = self.before.get(code);
            let same = *old == value || (old.is_empty() && value.is_empty());
            if let Some(reason) = self.forbids(field).filter(|_| !same) {
                wrong.push((code.clone(), reason));
            } else if let Err(reason) = if same { Ok(()) } else { self.check_links(field, &value) } {
                wrong.push((code.clone(), reason));
            } else if !value.is_empty() && !matches!(field.kind, FieldKind::Formula { .. }) {
                accepted.set(code.clone(), value);
            }
        }
        refuse("wrong_values", wrong).map(|()| accepted)
    }

    fn forbids(&self, field: &Field) -> Option<Label> {
        let by_system = self.rights.user == UserId::SYSTEM;
        // Documents brought in from elsewhere keep their numbers.
        let brought = matches!(field.kind, FieldKind::Counter { .. }) && !field.read_only && self.cause.quiet && self.at.id == 0;
        if field.is_kept() && !by_system && !brought {
            return Some(said(field, "заполняет система", "is filled by the system"));
        }
        let counted = || crate::products::counts_amount(self.read, self.shape, self.at).unwrap_or(false);
        if field.code == crate::entity::code::AMOUNT && counted() {
            return Some(said(field, "складывается из товарных позиций", "is the total of the price lines"));
        }
        (!self.rights.writes(self.shape.id, &field.code)).then(|| said(field, "вам нельзя изменять", "may not be changed by you"))
    }

    /// A link must lead to something that exists and that the writer may see.
    fn check_links(&self, field: &Field, value: &Value) -> Result<(), Label> {
        value.as_list().iter().try_for_each(|one| match self.leads_somewhere(&field.kind, one) {
            None => Ok(()),
            Some((ru, en)) => Err(said(field, ru, en)),
        })
    }

    fn leads_somewhere(&self, kind: &FieldKind, value: &Value) -> Option<(&'static str, &'static str)> {
        let seen = |at: ItemRef| self.read.item(self.rights, at).ok().flatten().is_some();
        match (kind, value) {
            (_, Value::Int(0)) => None,
            (FieldKind::Link { to }, Value::Int(id)) => (!seen(ItemRef::new(*to, *id))).then_some((": запись не найдена", ": the record was not found")),
            (FieldKind::AnyItem, Value::Ref(one)) => (!seen(one.item)).then_some((": запись не найдена", ": the record was not found")),
            (FieldKind::User, Value::Int(id)) => {
                self.read.user(UserId(*id)).ok().flatten().is_none().then_some((": такого сотрудника нет", ": there is no such employee"))
            }
            (FieldKind::Department, Value::Int(id)) => {
                let known = self.read.departments().is_ok_and(|all| all.iter().any(|one| one.id == *id));
                (!known).then_some((": такого подразделения нет", ": there is no such department"))
            }
            (FieldKind::File | FieldKind::Image, Value::Int(id)) => self.refuses_file(FileId(*id), matches!(kind, FieldKind::Image)),
            (FieldKind::Record { fields }, Value::Record(row)) => {
                fields.iter().find_map(|inner| row.get(&inner.code).as_list().iter().find_map(|one| self.leads_somewhere(&inner.kind, one)))
            }
            _ => None,
        }
    }

    /// A file may be named that the writer brought himself or that hangs on a card he sees: a number alone opens nothing.
    fn refuses_file(&self, id: FileId, picture: bool) -> Option<(&'static str, &'static str)> {
        let unknown = Some((": файл не найден", ": the file was not found"));
        let Some(file) = self.read.file(id).ok().flatten() else { return unknown };
        let on_card = file.item.id != 0 && (file.item == self.at || self.read.item(self.rights, file.item).ok().flatten().is_some());
        match on_card || self.rights.user == UserId::SYSTEM || file.by == self.rights.user {
            false => unknown,
            true if picture && !file.mime.starts_with("image/") => Some((": нужна картинка", ": a picture is needed")),
            true => None,
        }
    }
}

fn said(field: &Field, ru: &str, en: &str) -> Label {
    let (ru, en) = match ru.starts_with(':') {
        true => (format!("«{}»{ru}", field.title.ru), format!("{}{en}", field.title.en)),
        false => (format!("«{}» {ru}", field.title.ru), format!("{} {en}", field.title.en)),
    };
    Label::new(ru, en)
}

fn refuse(code: &'static str, wrong: Vec<(String, Label)>) -> Outcome<()> {
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Refusal { fields: wrong, ..Refusal::new(code, "Проверьте заполнение полей", "Check the fields") }.into()),
    }
}

/// Answers must not contradict each other. Only contradictions in which something just written takes part count: an old
/// mistake does not stand in the way of another correction.
pub(crate) fn demand_together(shape: &EntityType, before: &Values, after: &Values, cause: &Cause) -> Outcome<()> {
    let today = cause.at.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
    let found = crate::check::together(shape, after, today.tomorrow().unwrap_or(today));
    if found.is_empty() {
        return Ok(());
    }
    let old: BTreeSet<String> = crate::check::together(shape, before, today).into_iter().map(|(code, _)| code).collect();
    let written = |code: &str| before.get(code) != after.get(code) || !old.contains(code);
    let strict = |code: &str| shape.field(code).is_none_or(|field| !field.lenient);
    refuse("wrong_values", found.into_iter().filter(|(code, _)| written(code) && strict(code)).collect())
}

/// Refuses an answer that another record has already, in fields where only one may have it. Two transactions with one
/// type's unique answers go one after the other.
pub(crate) fn demand_unique(tx: &mut dyn Tx, rights: &Rights, shape: &EntityType, before: &Values, item: &Item) -> Outcome<()> {
    let written: Vec<&Field> = shape
        .fields
        .iter()
        .filter(|field| field.unique && !item.values.get(&field.code).is_empty() && item.values.get(&field.code) != before.get(&field.code))
        .collect();
    if written.is_empty() {
        return Ok(());
    }
    tx.one_at_a_time(&format!("unique:{}", shape.code))?;
    let mut wrong = Vec::new();
    for field in written {
        for spelling in spellings(item.values.get(&field.code)) {
            let query = Query::of(shape.id).filter(Filter::is(&field.code, Op::Eq, spelling)).limit(2);
            let Some(other) = tx.items(&Rights::system(), &query)?.into_iter().find(|other| other.id != item.id) else { continue };
            wrong.push((field.code.clone(), taken(rights, field, &other)));
            break;
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Refusal { fields: wrong, ..Refusal::new("not_unique", "Такая запись уже есть", "There is such a record already") }.into()),
    }
}

fn taken(rights: &Rights, field: &Field, other: &Item) -> Label {
    match rights.may(crate::rights::Action::Read, other) {
        true => Label::new(
            format!("«{}»: такое значение уже есть в записи № {} «{}»", field.title.ru, other.id, other.title()),
            format!("{}: record No. {} “{}” has this value already", field.title.en, other.id, other.title()),
        ),
        false => Label::new(
            format!("«{}»: такое значение уже есть в другой записи", field.title.ru),
            format!("{}: another record has this value already", field.title.en),
        ),
    }
}

/// What is compared of an answer: each phone in its one spelling, each of several answers.
pub(crate) fn spellings(value: &Value) -> Vec<Value> {
    match value {
        Value::Points(points) => points.list.iter().map(|point| Value::text(&point.normal)).collect(),
        Value::Record(_) | Value::Null => Vec::new(),
        other => other.as_list().to_vec(),
    }
}
