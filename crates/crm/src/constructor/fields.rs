//! Questions of a type: added, changed, put in order, taken away.

use super::codes::{self, named};
use super::past::{PastLine, note, of_field};
use super::types::{about, unknown};
use super::uses::{Asks, Subject, refuse_used};
use super::{demand, wrong};
use crate::doors::{Read, Tx};
use crate::entity::{EntityType, Schema, code, kind};
use crate::failure::{Outcome, Refusal};
use crate::field::{Choice, Field, FieldKind};
use crate::ids::EntityTypeId;
use crate::label::Label;
use crate::query::{Filter, Op, Query};
use crate::rights::Rights;
use crate::time::Moment;
use crate::value::Value;
use std::collections::BTreeSet;

/// So long may the code of a field be: it becomes the name of a column.
const LONGEST_CODE: usize = 50;
/// So many choices may a list have; longer ones are dictionaries and deserve a type of their own.
const MOST_CHOICES: usize = 500;
/// So many columns may a table inside a card have.
const MOST_COLUMNS: usize = 30;
/// Answers are counted up to here.
const CAP: u64 = 1_000;

/// Whether answers may be lost when a field is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// A field that somebody filled in stays.
    Keep,
    /// The field goes with its answers.
    Lose,
}

/// Whether every type has this field by itself: its kind is the program's, only its words and demands are the firm's.
pub fn is_common(shape: &EntityType, field: &str) -> bool {
    EntityType { fields: Vec::new(), ..shape.clone() }.complete().has(field)
}

/// Whether the program itself works with a field: it can be renamed, not taken away and not turned into another kind.
pub fn is_fixed(shape: &EntityType, field: &str) -> bool {
    is_common(shape, field) || works_with(shape.id, field)
}

/// Whether an answer of one kind would have to be rewritten to become one of another.
pub fn converts(old: &Field, new: &Field) -> bool {
    let form = |field: &Field| match &field.kind {
        FieldKind::Choice { .. } => ("choice".to_owned(), field.multiple),
        FieldKind::Link { to } => (format!("link {to}"), field.multiple),
        FieldKind::Requisite { .. } => ("requisite".to_owned(), field.multiple),
        // Every line is a text already; a text with more room takes what had less.
        FieldKind::LongText | FieldKind::RichText => ("long".to_owned(), field.multiple),
        FieldKind::Formula { result, .. } => (format!("formula {result:?}"), false),
        other => (super::words::kind_code(other).to_owned(), field.multiple),
    };
    form(old) != form(new)
}

/// Adds a field (`was` is `None`) or changes one. The code of a new field is made of its name unless it is given.
/// The code it has is returned.
///
/// # Errors
/// `wrong_values` with what is wrong, `needs_conversion` when the kind would have to be changed.
pub fn put_field(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: EntityTypeId, was: Option<&str>, field: Field) -> Outcome<String> {
    demand(rights)?;
    let schema = tx.schema();
    let mut shape = schema.kind(at).cloned().ok_or_else(unknown)?;
    let known = match was {
        Some(code) => Some(shape.field(code).cloned().ok_or_else(|| crate::query::unknown_field(code))?),
        None => None,
    };
    let mut field =
        Field { title: named(&field.title, "title")?, help: helped(&field.help)?, tab: cleaned(&field.tab), group: codes::clean(&field.group), ..field };
    match &known {
        Some(known) => field.code.clone_from(&known.code),
        None => field.code = new_code(&shape, &field)?,
    }
    settle(&schema, &shape, &mut field)?;
    if let Some(known) = &known {
        if !is_common(&shape, &known.code) && converts(known, &field) {
            return Err(Refusal::new(
                "needs_conversion",
                "Тип поля меняется через преобразование: сначала посмотрите, что станет с ответами",
                "The kind of a field is changed by a conversion: see first what becomes of the answers",
            )
            .into());
        }
        refuse_lost_choices(tx.read(), at, known, &field)?;
    }
    shape = with(&shape, &field);
    check_formulas(&schema, &shape, &field)?;
    tx.install_type(&shape)?;
    if matches!(field.kind, FieldKind::Formula { .. }) && known.as_ref().is_none_or(|known| known.kind != field.kind) {
        crate::formula::fill_later(tx, at, now)?;
    }
    let (what, lines) = match &known {
        Some(known) => {
            let kept = tx.schema().field(at, &field.code).cloned().unwrap_or_else(|| field.clone());
            (about("Изменено поле", "Field changed", &field.title), of_field(known, &kept))
        }
        None => (about("Добавлено поле", "Field added", &field.title), of_field(&Field { code: field.code.clone(), ..<Field as Default>::default() }, &field)),
    };
    if !lines.is_empty() {
        note(tx, rights, now, &shape.code, what, lines)?;
    }
    Ok(field.code)
}

/// Puts the fields of a type in order; those that are not named stay behind, in the order they had.
///
/// # Errors
/// `access_denied`, `unknown_type`.
pub fn order_fields(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: EntityTypeId, order: &[String]) -> Outcome<()> {
    demand(rights)?;
    let mut shape = tx.schema().kind(at).cloned().ok_or_else(unknown)?;
    let told = |shape: &EntityType| Label::same(shape.fields.iter().map(|field| field.code.as_str()).collect::<Vec<_>>().join(", "));
    let before = told(&shape);
    let place = |code: &str| order.iter().position(|one| one == code).unwrap_or(usize::MAX);
    shape.fields.sort_by_key(|field| place(&field.code));
    let shape = shape.complete();
    let after = told(&shape);
    if before == after {
        return Ok(());
    }
    tx.install_type(&shape)?;
    note(
        tx,
        rights,
        now,
        &shape.code,
        Label::new("Изменён порядок полей", "Order of fields changed"),
        vec![PastLine { name: Label::new("Порядок", "Order"), old: before, new: after }],
    )
}

/// Takes a field away.
///
/// # Errors
/// `program_field` for a field that the program works with, `in_use` with the list of uses, `has_answers` when records
/// answer it and answers are to be kept.
pub fn remove_field(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: EntityTypeId, code: &str, answers: Answers, asks: Asks<'_>) -> Outcome<()> {
    demand(rights)?;
    let shape = tx.schema().kind(at).cloned().ok_or_else(unknown)?;
    let field = shape.field(code).cloned().ok_or_else(|| crate::query::unknown_field(code))?;
    if is_fixed(&shape, code) {
        return Err(Refusal::new(
            "program_field",
            format!("Поле «{}» нужно самой программе: его можно переименовать, но не удалить", field.title.ru),
            format!("The program itself works with the field {}: it can be renamed, not taken away", field.title.en),
        )
        .into());
    }
    refuse_used(tx.read(), rights, &Subject::Field { kind: at, code: code.to_owned() }, asks)?;
    let filled = tx.count(&Rights::system(), &Query::of(at).filter(Filter::is(code, Op::Filled, Value::Null)), CAP)?;
    if filled.counted > 0 && answers == Answers::Keep {
        let number = format!("{}{}", filled.counted, if filled.more { "+" } else { "" });
        return Err(Refusal::new("has_answers", format!("Поле заполнено в записях: {number}"), format!("Records that answer this field: {number}")).into());
    }
    tx.remove_field(at, code)?;
    let lines =
        vec![PastLine {
            name: Label::new("Заполнено записей", "Records that answered"), old: Label::same(filled.counted.to_string()), new: Label::default()
        }];
    note(tx, rights, now, &shape.code, about("Удалено поле", "Field taken away", &field.title), lines)
}

/// Fields of shipped types that the program reads by their codes.
fn works_with(at: EntityTypeId, field: &str) -> bool {
    let shipped = at.0 > 500 && at.0 < 600;
    let core = [code::AMOUNT, code::CURRENCY, code::PHONE, code::EMAIL, code::ABOUT, "first_name", "last_name", "middle_name", "source", "comment"];
    shipped || ([kind::LEAD, kind::DEAL, kind::CONTACT, kind::COMPANY, kind::INVOICE].contains(&at) && core.contains(&field))
}

fn new_code(shape: &EntityType, field: &Field) -> Outcome<String> {
    let taken = |code: &str| codes::is_reserved(code) || shape.has(code);
    let given = field.code.trim();
    if given.is_empty() {
        return Ok(codes::code_of(&field.title, LONGEST_CODE, "field", taken));
    }
    if !codes::is_code(given, LONGEST_CODE) {
        return Err(wrong(
            "code",
            format!("код: строчные латинские буквы, цифры и «_», начинается с буквы, не длиннее {LONGEST_CODE}"),
            format!("a code: small Latin letters, digits and _, a letter first, at most {LONGEST_CODE}"),
        )
        .into());
    }
    match taken(given) {
        true => Err(wrong("code", format!("код «{given}» уже занят или служебный"), format!("the code {given} is taken or reserved")).into()),
        false => Ok(given.to_owned()),
    }
}

fn cleaned(label: &Label) -> Label {
    let label = Label::new(codes::clean(&label.ru), codes::clean(&label.en));
    match (label.ru.is_empty(), label.en.is_empty()) {
        (true, false) => Label::same(label.en),
        (false, true) => Label::same(label.ru),
        _ => label,
    }
}

fn helped(help: &Label) -> Result<Label, Refusal> {
    let help = cleaned(help);
    match help.ru.chars().count().max(help.en.chars().count()) > 500 {
        true => Err(wrong("help", "подсказка не длиннее 500 знаков", "a hint has at most 500 characters")),
        false => Ok(help),
    }
}

/// The field as it will be kept, for whoever changes its kind.
pub(super) fn settled(schema: &Schema, shape: &EntityType, field: &Field) -> Outcome<Field> {
    let mut field = field.clone();
    settle(schema, shape, &mut field)?;
    check_formulas(schema, &with(shape, &field), &field)?;
    Ok(field)
}

/// The type with this field in the place of the one of the same code.
fn with(shape: &EntityType, field: &Field) -> EntityType {
    let mut shape = shape.clone();
    match shape.fields.iter_mut().find(|one| one.code == field.code) {
        Some(place) => *place = field.clone(),
        None => shape.fields.push(field.clone()),
    }
    shape
}

/// Brings what was written to what will be kept, or says what is wrong with it.
fn settle(schema: &Schema, shape: &EntityType, field: &mut Field) -> Outcome<()> {
    if is_common(shape, &field.code) {
        field.kind = shape.field(&field.code).map(|known| known.kind.clone()).unwrap_or_default();
        return demands(schema, shape, field);
    }
    settle_kind(schema, field)?;
    let single = matches!(
        field.kind,
        FieldKind::Flag
            | FieldKind::Formula { .. }
            | FieldKind::Counter { .. }
            | FieldKind::Address
            | FieldKind::RichText
            | FieldKind::LongText
            | FieldKind::Requisite { .. }
    );
    if single || field.is_points() {
        field.multiple = false;
    }
    if matches!(field.kind, FieldKind::Record { .. }) {
        // A table of one row would be no table.
        field.multiple = true;
    }
    if matches!(field.kind, FieldKind::Formula { .. } | FieldKind::Counter { .. }) {
        field.read_only = true;
        field.required = false;
        field.required_from.clear();
        field.required_when = None;
        field.default = Value::Null;
    }
    if field.unique
        && (field.multiple
            || matches!(
                field.kind,
                FieldKind::LongText
                    | FieldKind::RichText
                    | FieldKind::Record { .. }
                    | FieldKind::File
                    | FieldKind::Image
                    | FieldKind::Address
                    | FieldKind::Flag
            ))
    {
        return Err(wrong("unique", "ответы такого вида не бывают уникальными", "answers of this kind cannot be unique").into());
    }
    // Whoever looks for an equal answer must not read the whole table.
    field.indexed |= field.unique || matches!(field.kind, FieldKind::Link { .. });
    if let (Some(least), Some(most)) = (field.least, field.most)
        && least > most
    {
        return Err(wrong("most", "наибольшее меньше наименьшего", "the largest is less than the smallest").into());
    }
    if !field.default.is_empty() {
        field.default = field.accept(&field.default).map_err(|refusal| {
            let (ru, en) = (format!("значение по умолчанию: {}", refusal.text.ru), format!("the default answer: {}", refusal.text.en));
            wrong("default", ru, en)
        })?;
    }
    demands(schema, shape, field)
}

fn settle_kind(schema: &Schema, field: &mut Field) -> Outcome<()> {
    match &mut field.kind {
        FieldKind::Choice { options } => settle_choices(options)?,
        FieldKind::Link { to } if schema.kind(*to).is_none() => return Err(wrong("to", "выберите, с чем связь", "choose what it links to").into()),
        FieldKind::Record { fields } => settle_columns(fields)?,
        FieldKind::Counter { pattern, reset } => {
            *pattern = codes::clean(pattern);
            if !pattern.contains("{SEQ") {
                return Err(wrong("pattern", "в шаблоне нужен {SEQ}: это сам номер", "the pattern needs {SEQ}: the number itself").into());
            }
            if !["", "never", "year", "month"].contains(&reset.as_str()) {
                return Err(wrong("reset", "никогда, каждый год или каждый месяц", "never, every year or every month").into());
            }
        }
        FieldKind::Formula { expression, .. } if expression.trim().is_empty() => {
            return Err(wrong("expression", "напишите формулу", "write the formula").into());
        }
        FieldKind::Stage | FieldKind::Pipeline | FieldKind::Account { .. } | FieldKind::Secret | FieldKind::FieldCode => {
            return Err(wrong("kind", "такое поле бывает только в настройках программы", "such a field is for settings of the program only").into());
        }
        _ => {}
    }
    Ok(())
}

fn settle_choices(options: &mut [Choice]) -> Outcome<()> {
    let mut taken: BTreeSet<String> = options.iter().map(|one| one.code.clone()).filter(|code| !code.is_empty()).collect();
    for option in options.iter_mut() {
        option.title = named(&option.title, "options")?;
        if !option.color.is_empty() && !codes::is_color(&option.color) {
            return Err(wrong("options", "цвет пишется как #2FC6F6", "a colour is written like #2FC6F6").into());
        }
        if option.code.is_empty() {
            option.code = codes::code_of(&option.title, LONGEST_CODE, "option", |code| taken.contains(code));
            taken.insert(option.code.clone());
        }
    }
    if options.is_empty() {
        return Err(wrong("options", "добавьте хотя бы один вариант", "add at least one choice").into());
    }
    if options.len() > MOST_CHOICES {
        return Err(wrong(
            "options",
            format!("не больше {MOST_CHOICES} вариантов: для длинного справочника заведите тип"),
            format!("at most {MOST_CHOICES} choices: make a type for a long dictionary"),
        )
        .into());
    }
    let codes: BTreeSet<&str> = options.iter().map(|one| one.code.as_str()).collect();
    if codes.len() != options.len() || codes.iter().any(|code| code.len() > 100 || code.contains('\0')) {
        return Err(wrong("options", "коды вариантов повторяются", "codes of choices repeat").into());
    }
    Ok(())
}

fn settle_columns(columns: &mut [Field]) -> Outcome<()> {
    if columns.is_empty() || columns.len() > MOST_COLUMNS {
        return Err(wrong("columns", format!("в таблице от 1 до {MOST_COLUMNS} столбцов"), format!("a table has 1 to {MOST_COLUMNS} columns")).into());
    }
    let mut taken: BTreeSet<String> = columns.iter().map(|one| one.code.clone()).filter(|code| !code.is_empty()).collect();
    if taken.len() != columns.iter().filter(|one| !one.code.is_empty()).count() {
        return Err(wrong("columns", "коды столбцов повторяются", "codes of columns repeat").into());
    }
    for column in columns.iter_mut() {
        column.title = named(&column.title, "columns")?;
        if column.code.is_empty() {
            column.code = codes::code_of(&column.title, LONGEST_CODE, "column", |code| taken.contains(code));
            taken.insert(column.code.clone());
        }
        match &mut column.kind {
            FieldKind::Text
            | FieldKind::LongText
            | FieldKind::Integer
            | FieldKind::Decimal
            | FieldKind::Money
            | FieldKind::Date
            | FieldKind::Flag
            | FieldKind::User => {}
            FieldKind::Choice { options } => settle_choices(options)?,
            _ => return Err(wrong("columns", "такой столбец в таблице не бывает", "a table has no such column").into()),
        }
    }
    Ok(())
}

/// When the field must be filled in: the stages and fields that are named must be there.
fn demands(schema: &Schema, shape: &EntityType, field: &Field) -> Outcome<()> {
    for place in &field.required_from {
        let (pipeline, stage) = place.split_once('/').unwrap_or(("", place));
        let found = schema
            .pipelines
            .values()
            .filter(|one| one.kind == shape.id && (pipeline.is_empty() || one.code == pipeline))
            .any(|one| one.stages.iter().any(|one| one.code == stage));
        if !found {
            return Err(wrong("required_from", format!("стадии «{place}» нет"), format!("there is no stage {place}")).into());
        }
    }
    for code in field.required_when.iter().flat_map(Filter::fields) {
        if schema.field_on_path(shape.id, code).is_none() {
            return Err(wrong("required_when", format!("поля «{code}» нет"), format!("there is no field {code}")).into());
        }
    }
    Ok(())
}

/// A choice that records have given stays in the list: they would show a bare code.
fn refuse_lost_choices(read: &dyn Read, at: EntityTypeId, old: &Field, new: &Field) -> Outcome<()> {
    let (FieldKind::Choice { options: old_options }, FieldKind::Choice { options }) = (&old.kind, &new.kind) else { return Ok(()) };
    for lost in old_options.iter().filter(|one| !options.iter().any(|other| other.code == one.code)) {
        let op = if old.multiple { Op::In } else { Op::Eq };
        let value = if old.multiple { Value::Many(vec![Value::text(&lost.code)]) } else { Value::text(&lost.code) };
        let count = read.count(&Rights::system(), &Query::of(at).filter(Filter::is(&old.code, op, value)), CAP)?;
        if count.counted > 0 {
            let number = format!("{}{}", count.counted, if count.more { "+" } else { "" });
            return Err(wrong(
                "options",
                format!("вариант «{}» стоит в записях: {number}", lost.title.ru),
                format!("records with the choice {}: {number}", lost.title.en),
            )
            .into());
        }
    }
    Ok(())
}

/// A formula must be understood, and must not need its own answer on some way round. Formulas that look at a changed
/// field must still be understood too.
fn check_formulas(schema: &Schema, shape: &EntityType, field: &Field) -> Outcome<()> {
    let mut schema = schema.clone();
    schema.types.insert(shape.id, shape.clone());
    if let FieldKind::Formula { .. } = field.kind {
        crate::formula::check(&schema, shape.id, field).map_err(|refusal| match refusal.fields.is_empty() {
            true => {
                let text = refusal.text.clone();
                refusal.at("expression", text)
            }
            false => Refusal { fields: refusal.fields.iter().map(|(_, text)| ("expression".to_owned(), text.clone())).collect(), ..refusal },
        })?;
    }
    for (kind, code) in crate::formula::uses(&schema, shape.id, &field.code) {
        if let Some(other) = schema.field(kind, &code) {
            crate::formula::check(&schema, kind, other)?;
        }
    }
    Ok(())
}
