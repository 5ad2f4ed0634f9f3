//! A field changes its kind: what would become of the answers, and the change itself. Few answers are turned at once;
//! many piece by piece, and meanwhile nobody writes to the field, so that no answer is lost on the way.

use super::fields::settled;
use super::past::{note, of_field};
use super::types::{about, unknown};
use super::{demand, fields};
use crate::convert::{self, Preview};
use crate::doors::{Read, Tx};
use crate::failure::{Outcome, Refusal};
use crate::field::Field;
use crate::ids::EntityTypeId;
use crate::rights::Rights;
use crate::time::Moment;
use crate::value::{Value, Values};

/// So many answers are looked at before the change.
const LOOKED: u64 = 5_000;
/// So many answers are turned in one transaction.
const AT_ONCE: u64 = 2_000;
/// So many records are turned in one step.
const STEP: u32 = 500;

/// How far a change of kind has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turning {
    /// It is done.
    Done,
    /// Records up to this one are turned: go on with [`go_on_turning`].
    To(i64),
}

/// What the change would do to the answers; the field as it would be kept.
///
/// # Errors
/// `wrong_values`, `program_field` for fields that every type has.
pub fn preview_kind(read: &dyn Read, rights: &Rights, at: EntityTypeId, to: &Field) -> Outcome<Preview> {
    demand(rights)?;
    let to = ready(read, at, to)?;
    convert::preview(read, at, &to.code, &to, LOOKED)
}

/// Changes the kind of a field, or begins to.
///
/// # Errors
/// As [`preview_kind`].
pub fn change_kind(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: EntityTypeId, to: &Field) -> Outcome<Turning> {
    demand(rights)?;
    let to = ready(tx.read(), at, to)?;
    let mut shape = tx.schema().kind(at).cloned().ok_or_else(unknown)?;
    let old = shape.field(&to.code).cloned().ok_or_else(|| crate::query::unknown_field(&to.code))?;
    note(tx, rights, now, &shape.code, about("Изменён тип поля", "Kind of the field changed", &to.title), of_field(&old, &to))?;
    let filled = convert::preview(tx.read(), at, &to.code, &to, 0)?.filled;
    if !filled.more && filled.counted <= AT_ONCE {
        convert::at_once(tx, at, &to.code, &to)?;
        return Ok(Turning::Done);
    }
    let into = convert::begin(tx, at, &to.code, &to)?;
    shape = tx.schema().kind(at).cloned().ok_or_else(unknown)?;
    if let Some(field) = shape.fields.iter_mut().find(|field| field.code == to.code) {
        field.read_only = true;
    }
    tx.install_type(&shape)?;
    let kept = Values::from([("into", Value::text(into)), ("after", Value::Int(0)), ("read_only", Value::Flag(old.read_only))]);
    tx.put_setting(&key(&shape.code, &to.code), &kept)?;
    Ok(Turning::To(0))
}

/// Goes on with a change of kind that was begun.
///
/// # Errors
/// `not_found` when none was begun.
pub fn go_on_turning(tx: &mut dyn Tx, rights: &Rights, at: EntityTypeId, code: &str) -> Outcome<Turning> {
    demand(rights)?;
    let shape = tx.schema().kind(at).cloned().ok_or_else(unknown)?;
    let key = key(&shape.code, code);
    let kept = tx.setting(&key)?;
    let into = kept.text("into").to_owned();
    let (Some(old), Some(new)) = (shape.field(code), shape.field(&into)) else { return Err(Refusal::not_found().into()) };
    let done = convert::step(tx, at, code, &into, kept.int("after").unwrap_or(0), STEP)?;
    if let Some(last) = done.last {
        tx.put_setting(&key, &kept.clone().with("after", Value::Int(last)))?;
        return Ok(Turning::To(last));
    }
    // What the field demanded before it demands again.
    let to = Field {
        code: code.to_owned(),
        secondary: old.secondary,
        required: old.required,
        required_from: old.required_from.clone(),
        required_when: old.required_when.clone(),
        read_only: kept.flag("read_only"),
        ..new.clone()
    };
    convert::finish(tx, at, code, &into, &to)?;
    tx.put_setting(&key, &Values::new())?;
    Ok(Turning::Done)
}

fn key(kind: &str, code: &str) -> String {
    format!("constructor.turn/{kind}.{code}")
}

/// The field as it will be kept.
fn ready(read: &dyn Read, at: EntityTypeId, to: &Field) -> Outcome<Field> {
    let schema = read.schema();
    let shape = schema.kind(at).ok_or_else(unknown)?;
    if fields::is_fixed(shape, &to.code) {
        return Err(Refusal::new("program_field", "Тип этого поля нужен самой программе", "The program itself needs this kind of field").into());
    }
    settled(&schema, shape, to)
}
