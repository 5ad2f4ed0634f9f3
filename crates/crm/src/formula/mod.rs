//! Answers that follow from others: `round(price * (100 - discount) / 100, 2)`, `contact.city`, `sum(payment.deal, amount)`.
//!
//! The language is typed and total: every formula ends, and where there is nothing to answer (a division by zero, an empty
//! date) it answers nothing. What it can say:
//!
//! - numbers `12.5`, texts `"да"` or `'да'`, `true`, `false`, field codes, `link.field` one hop away;
//! - `+ - * /`, `= <> < <= > >=`, `and or not`;
//! - `if(c, a, b)`, `round(x, n)`, `floor`, `ceil`, `abs`, `min(a, b, …)`, `max(a, b, …)`, `concat(a, …)`, `text(x)`,
//!   `filled(x)`, `has(choices, "code")`, `days(from, to)`, `adddays(d, n)`, `addmonths(d, n)`, `date(moment)`,
//!   `year(d)`, `month(d)`, `day(d)`;
//! - over records that point here: `count(type.link)`, `sum(type.link, x)`, `avg`, `min`, `max`, each with a last argument
//!   that says which of them count: `sum(payment.deal, amount, state = "paid")`; `x` and the condition use the fields of
//!   that type. The same over the rows of a table: `sum(costs, price * quantity)`.
//!
//! `today()` is refused: its answer would be wrong from midnight until somebody touches the record. What depends on the day
//! is a robot's matter.
//!
//! Stages, pipelines and choices are their codes. An empty number is nothing in `+` and `-` when the other side is there.

mod check;
mod follow;
mod parse;
mod work;

pub use check::{check, check_all, uses};
pub(crate) use follow::{Before, follow, go_on};
pub use follow::{fill, fill_later, refresh};

use crate::entity::{EntityType, Schema, code};
use crate::failure::Refusal;
use crate::field::{Field, FieldKind};
use crate::ids::EntityTypeId;

/// Longest formula, in letters.
pub const LONGEST: usize = 2_000;
/// Most parts of a formula.
const MOST_PARTS: usize = 300;
/// Deepest nesting.
const DEEPEST: usize = 40;

/// A formula taken apart. Numbers are hundred-millionths.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Number(i128),
    Text(String),
    Flag(bool),
    Field(String, usize),
    /// `link.field`, or `type.link` as the first argument of a roll-up.
    Path(String, String, usize),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Sign, Box<Expr>, Box<Expr>, usize),
    Call(String, Vec<Expr>, usize),
}

/// What stands between two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    Unequal,
    Less,
    LessEqual,
    More,
    MoreEqual,
    And,
    Or,
}

/// One whole, in the units in which formulas count.
const ONE: i128 = 100_000_000;

/// Over what a roll-up runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source<'a> {
    /// Records of a type that point here with this field.
    Records(&'a EntityType, &'a Field),
    /// Rows of a table inside the record.
    Rows(&'a Field, &'a [Field]),
}

impl Source<'_> {
    /// The field of one row.
    pub fn field(&self, code: &str) -> Option<&Field> {
        match self {
            Source::Records(shape, _) => shape.field(code),
            Source::Rows(_, fields) => fields.iter().find(|field| field.code == code),
        }
    }
}

/// The roll-up that a call is, if it is one.
pub(crate) fn source<'a>(schema: &'a Schema, shape: &'a EntityType, name: &str, args: &[Expr]) -> Option<Source<'a>> {
    if !matches!(name, "sum" | "count" | "avg" | "min" | "max") {
        return None;
    }
    match args.first()? {
        Expr::Field(code, _) => {
            let field = shape.field(code)?;
            match &field.kind {
                FieldKind::Record { fields } => Some(Source::Rows(field, fields)),
                _ => None,
            }
        }
        Expr::Path(kind, link, _) if !shape.has(kind) || !matches!(name, "min" | "max") => {
            let other = schema.kind_by_code(kind)?;
            let link = other.field(link).filter(|field| points_at(field, shape.id))?;
            Some(Source::Records(other, link))
        }
        _ => None,
    }
}

/// Whether a field can point at records of a type.
fn points_at(field: &Field, kind: EntityTypeId) -> bool {
    match field.kind {
        FieldKind::Link { to } => to == kind && !field.multiple,
        FieldKind::AnyItem => !field.multiple,
        _ => false,
    }
}

/// Something a formula looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    /// An answer of the record itself.
    Own(String),
    /// An answer of a record that one of its links leads to: link, type, field.
    Hop(String, EntityTypeId, String),
    /// An answer of the records that point here: their type, the field they point with, field.
    Below(EntityTypeId, String, String),
}

/// Everything a formula of a type looks at.
pub(crate) fn looks(schema: &Schema, shape: &EntityType, expr: &Expr) -> Vec<Look> {
    let mut found = Vec::new();
    gather(schema, shape, expr, &mut found);
    found.sort();
    found.dedup();
    found
}

fn gather(schema: &Schema, shape: &EntityType, expr: &Expr, found: &mut Vec<Look>) {
    match expr {
        Expr::Number(_) | Expr::Text(_) | Expr::Flag(_) => {}
        Expr::Field(code, _) => found.push(Look::Own(code.clone())),
        Expr::Path(link, code, _) => {
            found.push(Look::Own(link.clone()));
            if let Some(FieldKind::Link { to }) = shape.field(link).map(|field| &field.kind) {
                found.push(Look::Hop(link.clone(), *to, code.clone()));
            }
        }
        Expr::Not(one) | Expr::Negate(one) => gather(schema, shape, one, found),
        Expr::Binary(_, one, other, _) => [one, other].into_iter().for_each(|part| gather(schema, shape, part, found)),
        Expr::Call(name, args, _) => match source(schema, shape, name, args) {
            None => args.iter().for_each(|arg| gather(schema, shape, arg, found)),
            Some(Source::Rows(field, _)) => found.push(Look::Own(field.code.clone())),
            Some(Source::Records(other, link)) => {
                found.push(Look::Below(other.id, link.code.clone(), link.code.clone()));
                let mut inside = Vec::new();
                args.iter().skip(1).for_each(|arg| gather(schema, other, arg, &mut inside));
                found.extend(inside.into_iter().filter_map(|look| match look {
                    Look::Own(code) => Some(Look::Below(other.id, link.code.clone(), code)),
                    _ => None,
                }));
            }
        },
    }
}

/// Formulas of a type: field, its parts.
pub(crate) fn formulas(shape: &EntityType) -> impl Iterator<Item = (&Field, Expr)> {
    shape.fields.iter().filter_map(|field| match &field.kind {
        FieldKind::Formula { expression, .. } => parse::parse(expression).ok().map(|expr| (field, expr)),
        _ => None,
    })
}

fn wrong(at: usize, ru: &str, en: &str) -> Refusal {
    Refusal::new("wrong_formula", format!("Формула, знак {}: {ru}", at + 1), format!("Formula, character {}: {en}", at + 1))
}

/// A cycle may pass through a record's stage; these are written by the program with every move.
fn is_kept_by_program(code: &str) -> bool {
    matches!(code, code::UPDATED_AT | code::UPDATED_BY)
}
