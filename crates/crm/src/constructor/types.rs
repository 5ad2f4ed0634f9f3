//! Kinds of records: made, changed, taken away.

use super::codes::{self, named};
use super::past::{note, of_type};
use super::uses::{Asks, Subject, refuse_used};
use super::{demand, wrong};
use crate::doors::Tx;
use crate::entity::{Ending, EntityType, Pipeline, Stage, kind};
use crate::failure::{Outcome, Refusal};
use crate::ids::{EntityTypeId, PipelineId};
use crate::label::Label;
use crate::rights::Rights;
use crate::time::Moment;

/// So long may the code of a type be: it becomes the name of a table.
const LONGEST_CODE: usize = 40;
/// So many types may a firm make.
const MOST_TYPES: usize = 500;

/// Makes a type (its number is 0) or changes one. Of a known type the code, the number and the fields stay as they are.
///
/// # Errors
/// `wrong_values` with what is wrong, `type_taken` for a code that is taken.
pub fn put_type(tx: &mut dyn Tx, rights: &Rights, now: Moment, wanted: EntityType) -> Outcome<EntityTypeId> {
    demand(rights)?;
    let schema = tx.schema();
    let mut shape = EntityType {
        title: named(&wanted.title, "title")?,
        plural: match named(&wanted.plural, "plural") {
            Ok(plural) => plural,
            Err(_) => named(&wanted.title, "title")?,
        },
        icon: if wanted.icon.is_empty() { "file".to_owned() } else { wanted.icon },
        naming: naming(&wanted.naming)?,
        ..wanted
    };
    if shape.id != EntityTypeId(0) {
        return change(tx, rights, now, shape);
    }
    if schema.types.len() >= MOST_TYPES {
        return Err(Refusal::new("too_many_types", format!("Не больше {MOST_TYPES} типов"), format!("At most {MOST_TYPES} types")).into());
    }
    let taken = |code: &str| codes::is_address(code) || schema.kind_by_code(code).is_some();
    if shape.code.trim().is_empty() {
        shape.code = codes::code_of(&shape.title, LONGEST_CODE, "type", taken);
    } else {
        shape.code = checked_code(shape.code.trim(), &taken)?;
    }
    shape.id = next_id(tx)?;
    shape.fields.clear();
    tx.install_type(&shape)?;
    if shape.staged {
        tx.install_pipeline(&mut first_pipeline(shape.id))?;
    }
    note(tx, rights, now, &shape.code, about("Создан тип", "Type made", &shape.title), Vec::new())?;
    Ok(shape.id)
}

fn change(tx: &mut dyn Tx, rights: &Rights, now: Moment, wanted: EntityType) -> Outcome<EntityTypeId> {
    let known = tx.schema().kind(wanted.id).cloned().ok_or_else(unknown)?;
    if known.staged && !wanted.staged {
        return Err(
            wrong("staged", "воронки нельзя отключить: записи уже стоят на стадиях", "pipelines cannot be taken away: records stand on their stages").into()
        );
    }
    let shape = EntityType { code: known.code.clone(), matching: known.matching.clone(), fields: known.fields.clone(), ..wanted }.complete();
    let lines = of_type(&known, &shape);
    tx.install_type(&shape)?;
    if shape.staged && tx.schema().pipelines_of(shape.id).is_empty() {
        tx.install_pipeline(&mut first_pipeline(shape.id))?;
    }
    if !lines.is_empty() {
        note(tx, rights, now, &shape.code, about("Изменён тип", "Type changed", &shape.title), lines)?;
    }
    Ok(shape.id)
}

/// Takes a type of the firm's own away, with its pipelines, when nothing uses it and there are no records of it.
///
/// # Errors
/// `shipped_type` for a type of the program or a pack, `in_use` with the list of uses.
pub fn remove_type(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: EntityTypeId, asks: Asks<'_>) -> Outcome<()> {
    demand(rights)?;
    let shape = tx.schema().kind(at).cloned().ok_or_else(unknown)?;
    if at < kind::FIRST_OWN {
        return Err(Refusal::new(
            "shipped_type",
            "Этот тип входит в программу: его можно только скрыть из меню",
            "This type belongs to the program: it can only be taken out of the menu",
        )
        .into());
    }
    refuse_used(tx.read(), rights, &Subject::Type { kind: at }, asks)?;
    tx.remove_type(at)?;
    note(tx, rights, now, &shape.code, about("Удалён тип", "Type taken away", &shape.title), Vec::new())
}

/// What was done, and with what.
pub(super) fn about(ru: &str, en: &str, title: &Label) -> Label {
    Label::new(format!("{ru} «{}»", title.ru), format!("{en}: {}", title.en))
}

pub(super) fn unknown() -> Refusal {
    Refusal::new("unknown_type", "Такого типа записей нет", "There is no such type of records")
}

fn naming(pattern: &str) -> Result<String, Refusal> {
    let pattern = codes::clean(pattern);
    match pattern.chars().count() > 200 {
        true => Err(wrong("naming", "не больше 200 знаков", "at most 200 characters")),
        false => Ok(pattern),
    }
}

fn checked_code(code: &str, taken: &dyn Fn(&str) -> bool) -> Result<String, Refusal> {
    if !codes::is_code(code, LONGEST_CODE) {
        return Err(wrong(
            "code",
            format!("код: строчные латинские буквы, цифры и «_», начинается с буквы, не длиннее {LONGEST_CODE}"),
            format!("a code: small Latin letters, digits and _, a letter first, at most {LONGEST_CODE}"),
        ));
    }
    match taken(code) {
        true => Err(wrong("code", format!("код «{code}» уже занят или служебный"), format!("the code {code} is taken or reserved"))),
        false => Ok(code.to_owned()),
    }
}

/// Numbers are never given out twice: events of a type that is no more still name it.
fn next_id(tx: &mut dyn Tx) -> Outcome<EntityTypeId> {
    loop {
        let id = EntityTypeId(kind::FIRST_OWN.0 - 1 + tx.next_number("constructor.type")?);
        if tx.schema().kind(id).is_none() {
            return Ok(id);
        }
    }
}

/// What a new pipeline begins with.
pub(super) fn first_stages() -> Vec<Stage> {
    let stage = |code: &str, ru: &str, en: &str, color: &str, outcome| Stage {
        code: code.to_owned(),
        title: Label::new(ru, en),
        color: color.to_owned(),
        outcome,
        ..Stage::default()
    };
    vec![
        stage("NEW", "Новая", "New", "#2FC6F6", Ending::Open),
        stage("IN_WORK", "В работе", "In progress", "#55D0E0", Ending::Open),
        stage("WON", "Успех", "Success", "#7BD500", Ending::Won),
        stage("LOST", "Провал", "Failed", "#FF5752", Ending::Lost),
    ]
}

fn first_pipeline(at: EntityTypeId) -> Pipeline {
    Pipeline { id: PipelineId(0), kind: at, code: "main".to_owned(), title: Label::new("Основная", "Main"), is_default: true, stages: first_stages() }
}
