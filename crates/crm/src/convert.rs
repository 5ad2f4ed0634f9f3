//! A field changes its kind: what becomes of each answer, and what cannot become anything. Nothing is lost either way: the
//! old answers stay in their column under another name.

use crate::doors::{Read, Tx};
use crate::entity::code;
use crate::failure::{Outcome, Refusal};
use crate::field::{Field, FieldKind};
use crate::ids::{EntityTypeId, ItemRef, UserId};
use crate::item::Item;
use crate::label::{Label, Lang};
use crate::query::{Count, Filter, Op, Query};
use crate::rights::Rights;
use crate::value::Value;
use jiff::tz::TimeZone;

/// So many answers that cannot be converted are shown.
const SHOWN: usize = 20;
/// So many records are read at a time.
const PAGE: u32 = 500;
/// Answers are counted up to here.
const CAP: u64 = 10_000;

/// An answer that would stay behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Whose.
    pub item: ItemRef,
    /// As a person reads it.
    pub answer: String,
    /// Why it does not fit.
    pub why: Label,
}

/// What a conversion would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// How many records answer the field.
    pub filled: Count,
    /// How many of them were looked at, the newest first.
    pub looked: u64,
    /// How many of those convert.
    pub converts: u64,
    /// How many stay behind.
    pub left: u64,
    /// The first of those.
    pub examples: Vec<Left>,
}

/// Part of a conversion that is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// Go on after this record; `None` when all are done.
    pub last: Option<i64>,
    /// Answers that were converted.
    pub converted: u64,
    /// Answers that stayed behind.
    pub left: u64,
}

/// An answer of one field as an answer of another, or why there is none.
///
/// # Errors
/// The reason, for a person.
pub fn value(read: &dyn Read, item: &Item, from: &Field, to: &Field, answer: &Value) -> Result<Value, Label> {
    if answer.is_empty() || matches!(to.kind, FieldKind::Formula { .. }) {
        // A formula is worked out anew.
        return Ok(Value::Null);
    }
    let turned = match (answer, to.multiple || to.is_points()) {
        (Value::Many(list), false) if list.len() > 1 && !is_text(to) => {
            return Err(Label::new(format!("значений {}, а нужно одно", list.len()), format!("{} answers, one is needed", list.len())));
        }
        (Value::Many(list), true) => Value::Many(list.iter().map(|one| single(read, item, from, to, one)).collect::<Result<_, _>>()?),
        (Value::Many(list), false) if list.len() == 1 => single(read, item, from, to, &list[0])?,
        (Value::Text(text), true) if to.is_points() || (is_text(from) && !is_text(to)) => {
            let parts = text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
            Value::Many(parts.map(|part| single(read, item, from, to, &Value::text(part))).collect::<Result<_, _>>()?)
        }
        (Value::Points(points), _) if !to.is_points() => {
            let list: Vec<Value> = points.list.iter().map(|point| Value::text(&point.raw)).collect();
            match (to.multiple, list.as_slice()) {
                (true, _) => Value::Many(list),
                (false, [one]) => single(read, item, from, to, one)?,
                _ => single(read, item, from, to, answer)?,
            }
        }
        (one, _) => single(read, item, from, to, one)?,
    };
    to.accept(&turned).map_err(|refusal| refusal.text)
}

fn is_text(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Text | FieldKind::LongText | FieldKind::RichText | FieldKind::Pattern | FieldKind::Counter { .. })
}

fn single(read: &dyn Read, item: &Item, from: &Field, to: &Field, answer: &Value) -> Result<Value, Label> {
    let zone = || crate::calendar::office_zone(read, item.values.int(code::OFFICE).unwrap_or(0)).unwrap_or(TimeZone::UTC);
    let no = |ru: &str, en: &str| Err(Label::new(ru, en));
    match (&from.kind, &to.kind, answer) {
        // What stands for the same thing in both.
        (FieldKind::Link { to: one }, FieldKind::Link { to: other }, _) if one == other => Ok(answer.clone()),
        (FieldKind::Link { to: kind }, FieldKind::AnyItem, Value::Int(id)) => Ok(Value::item(ItemRef::new(*kind, *id))),
        (FieldKind::AnyItem, FieldKind::Link { to: kind }, Value::Ref(one)) if one.item.kind == *kind => Ok(Value::Int(one.item.id)),
        (FieldKind::User, FieldKind::User, _) | (FieldKind::Department, FieldKind::Department, _) => Ok(answer.clone()),
        (FieldKind::File | FieldKind::Image, FieldKind::File, _) | (FieldKind::Image, FieldKind::Image, _) => Ok(answer.clone()),
        (FieldKind::File, FieldKind::Image, Value::Int(id)) => match read.file(crate::ids::FileId(*id)) {
            Ok(Some(file)) if file.mime.starts_with("image/") => Ok(answer.clone()),
            _ => no("это не картинка", "this is no picture"),
        },
        // Numbers and days keep their size; what would be cut off stays behind.
        (_, FieldKind::Integer, Value::Decimal(decimal)) if decimal.scaled % 10_000 == 0 => Ok(Value::Int(decimal.scaled / 10_000)),
        (_, FieldKind::Integer, Value::Money(money)) if money.minor % 100 == 0 => Ok(Value::Int(money.minor / 100)),
        (_, FieldKind::Integer, Value::Decimal(_) | Value::Money(_)) => no("число не целое", "the number is not whole"),
        (_, FieldKind::Decimal, Value::Money(money)) => Ok(Value::Text(crate::naming::plain_amount(money.minor))),
        (_, FieldKind::Money, Value::Decimal(decimal)) if decimal.scaled % 100 == 0 => Ok(Value::money(decimal.scaled / 100)),
        (_, FieldKind::Money, Value::Decimal(_)) => no("больше двух знаков после запятой", "more than two decimal places"),
        (_, FieldKind::Money | FieldKind::Decimal | FieldKind::Integer, Value::Int(_)) if is_number(from) => Ok(answer.clone()),
        (_, FieldKind::Date, Value::Moment(one)) => Ok(Value::date(one.at.timestamp().to_zoned(zone()).date())),
        (_, FieldKind::Moment, Value::Date(one)) => match one.date.to_zoned(zone()) {
            Ok(zoned) => Ok(Value::moment(crate::time::Moment::from_timestamp(zoned.timestamp()))),
            Err(_) => no("такой даты нет", "there is no such day"),
        },
        // Words are looked up.
        (_, FieldKind::Choice { options }, _) => {
            let said = said(read, item, from, answer);
            let code = if let Value::Text(code) = answer { code.as_str() } else { "" };
            let lower = said.trim().to_lowercase();
            let fits =
                |option: &&crate::field::Choice| option.code == code || option.title.ru.to_lowercase() == lower || option.title.en.to_lowercase() == lower;
            match options.iter().find(fits) {
                Some(option) => Ok(Value::text(&option.code)),
                None => no("такого варианта нет в списке", "there is no such choice in the list"),
            }
        }
        (_, FieldKind::User, Value::Text(name)) => user_called(read, name),
        (_, FieldKind::Link { to: kind }, Value::Text(title)) => item_called(read, *kind, title),
        (_, FieldKind::Link { .. } | FieldKind::AnyItem | FieldKind::User | FieldKind::Department | FieldKind::File | FieldKind::Image, _) => {
            no("одно не становится другим", "the one does not become the other")
        }
        (FieldKind::Address, FieldKind::Address, _) | (FieldKind::Record { .. }, FieldKind::Record { .. }, _) => Ok(answer.clone()),
        (_, FieldKind::Record { .. }, _) => no("таблица из этого не получится", "this does not become a table"),
        _ if std::mem::discriminant(&from.kind) == std::mem::discriminant(&to.kind) => Ok(answer.clone()),
        _ => Ok(Value::text(said(read, item, from, answer))),
    }
}

fn is_number(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Integer | FieldKind::Decimal | FieldKind::Money | FieldKind::Formula { .. })
}

/// An answer as a text that can be typed again: amounts without their currency.
fn said(read: &dyn Read, item: &Item, field: &Field, answer: &Value) -> String {
    match answer {
        Value::Money(money) => crate::naming::plain_amount(money.minor),
        _ => crate::format::value(read, &Rights::system(), item, field, answer, &TimeZone::UTC, Lang::Ru),
    }
}

fn user_called(read: &dyn Read, name: &str) -> Result<Value, Label> {
    let lower = name.trim().to_lowercase();
    let users = read.users().unwrap_or_default();
    let mut called = users.iter().filter(|user| {
        let turned = format!("{} {}", user.last_name, user.first_name);
        [user.login.to_lowercase(), user.email.to_lowercase(), user.name().to_lowercase(), turned.trim().to_lowercase()].contains(&lower)
    });
    match (called.next(), called.next()) {
        (Some(user), None) => Ok(Value::user(UserId(user.id.0))),
        (Some(_), Some(_)) => Err(Label::new("таких сотрудников несколько", "several employees are called so")),
        _ => Err(Label::new("такого сотрудника нет", "no employee is called so")),
    }
}

fn item_called(read: &dyn Read, kind: EntityTypeId, title: &str) -> Result<Value, Label> {
    let query = Query::of(kind).filter(Filter::is(code::TITLE, Op::Eq, Value::text(title.trim()))).limit(2);
    let found = read.items(&Rights::system(), &query).unwrap_or_default();
    match found.as_slice() {
        [one] => Ok(Value::Int(one.id)),
        [] => Err(Label::new("записи с таким названием нет", "no record is called so")),
        _ => Err(Label::new("записей с таким названием несколько", "several records are called so")),
    }
}

/// What a conversion of a field would do to at most so many records that answer it; `u64::MAX` looks at all of them.
///
/// # Errors
/// `unknown_field`, and failures of the database.
pub fn preview(read: &dyn Read, kind: EntityTypeId, from: &str, to: &Field, at_most: u64) -> Outcome<Preview> {
    let schema = read.schema();
    let field = schema.field(kind, from).ok_or_else(|| crate::query::unknown_field(from))?;
    let mut query = Query::of(kind).filter(Filter::is(from, Op::Filled, Value::Null)).limit(PAGE);
    let filled = read.count(&Rights::system(), &query, CAP)?;
    let mut found = Preview { filled, looked: 0, converts: 0, left: 0, examples: Vec::new() };
    while found.looked < at_most {
        let page = read.items(&Rights::system(), &query)?;
        for item in page.iter().take(usize::try_from(at_most - found.looked).unwrap_or(usize::MAX)) {
            let answer = item.values.get(from);
            found.looked += 1;
            match value(read, item, field, to, answer) {
                Ok(_) => found.converts += 1,
                Err(why) => {
                    found.left += 1;
                    if found.examples.len() < SHOWN {
                        let answer = said(read, item, field, answer).chars().take(200).collect();
                        found.examples.push(Left { item: item.at(), answer, why });
                    }
                }
            }
        }
        match page.last() {
            Some(last) if page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => query.page.after = Some((vec![Value::Int(last.id)], last.id)),
            _ => break,
        }
    }
    Ok(found)
}

/// Begins a conversion: the new form of the field stands in the type beside the old one, secondary and empty. Its code.
///
/// # Errors
/// `unknown_field`, and refusals of the store.
pub fn begin(tx: &mut dyn Tx, kind: EntityTypeId, from: &str, to: &Field) -> Outcome<String> {
    let schema = tx.schema();
    let mut shape = schema.kind(kind).cloned().ok_or_else(Refusal::not_found)?;
    if !shape.has(from) {
        return Err(crate::query::unknown_field(from).into());
    }
    let stem: String = from.chars().take(40).collect();
    let code = (1..).map(|number| format!("{stem}_new_{number}")).find(|code| !shape.has(code)).unwrap_or_default();
    shape.fields.push(Field {
        code: code.clone(),
        secondary: true,
        required: false,
        required_from: Vec::new(),
        required_when: None,
        unique: false,
        ..to.clone()
    });
    tx.install_type(&shape)?;
    Ok(code)
}

/// Converts the answers of records after a number, at most so many. Nothing happened to the records: no facts are written.
///
/// # Errors
/// `unknown_field`, and failures of the database.
pub fn step(tx: &mut dyn Tx, kind: EntityTypeId, from: &str, into: &str, after: i64, limit: u32) -> Outcome<Step> {
    let schema = tx.schema();
    let (old, new) = schema.field(kind, from).zip(schema.field(kind, into)).ok_or_else(|| crate::query::unknown_field(from))?;
    let mut query = Query::of(kind).filter(Filter::is(from, Op::Filled, Value::Null)).sorted(code::ID, false).limit(limit.min(PAGE));
    if after > 0 {
        query.page.after = Some((vec![Value::Int(after)], after));
    }
    let page = tx.items(&Rights::system(), &query)?;
    let mut done = Step { last: page.last().map(|item| item.id).filter(|_| u32::try_from(page.len()).unwrap_or(0) >= query.page.limit), ..Step::default() };
    for item in page {
        match value(tx.read(), &item, old, new, item.values.get(from)) {
            Ok(answer) => {
                done.converted += 1;
                tx.put_answer(item.at(), into, &answer)?;
            }
            Err(_) => done.left += 1,
        }
    }
    Ok(done)
}

/// Ends a conversion: the new form takes the code of the old one, whose answers stay under another name.
///
/// # Errors
/// `unknown_field`, and refusals of the store.
pub fn finish(tx: &mut dyn Tx, kind: EntityTypeId, from: &str, into: &str, to: &Field) -> Outcome<()> {
    tx.swap_field(kind, from, into)?;
    // Demands and place on the card as they were asked for; they would have stood in the way before.
    let mut shape = tx.schema().kind(kind).cloned().ok_or_else(Refusal::not_found)?;
    if let Some(field) = shape.fields.iter_mut().find(|field| field.code == from) {
        *field = Field { code: from.to_owned(), ..to.clone() };
    }
    tx.install_type(&shape)
}

/// The whole conversion in one transaction, for types with few records: answers converted and left behind.
///
/// # Errors
/// As its parts.
pub fn at_once(tx: &mut dyn Tx, kind: EntityTypeId, from: &str, to: &Field) -> Outcome<Step> {
    let into = begin(tx, kind, from, to)?;
    let mut done = Step::default();
    let mut after = Some(0);
    while let Some(place) = after {
        let part = step(tx, kind, from, &into, place, PAGE)?;
        done.converted += part.converted;
        done.left += part.left;
        after = part.last;
    }
    finish(tx, kind, from, &into, to)?;
    Ok(done)
}
