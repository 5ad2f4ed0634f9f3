//! How an answer stands in a column, and how it is read back.

use crate::sql::{Cell, Dialect};
use crm::{Date, Failure, Field, FieldKind, FormulaResult, Moment, Outcome, Value};

/// The form in which a field's answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// As it is.
    Text,
    /// As it is.
    Int,
    /// Ten-thousandths.
    Decimal,
    /// Minor units.
    Money,
    /// Microseconds since 1970.
    Moment,
    /// `yyyymmdd` as a number.
    Date,
    /// 0 or 1.
    Flag,
    /// `kind:id`.
    Ref,
    /// Lists, as JSON.
    Json,
    /// Named answers inside one answer, the parts of an address among them, as JSON.
    Parts,
    /// The number or code of an account (only JSON keeps those two apart), as JSON.
    Whole,
}

impl Held {
    /// How the answers of this field are kept; `None` for points, which have a table of their own.
    pub fn of(field: &Field) -> Option<Held> {
        if field.is_points() {
            return None;
        }
        if field.multiple {
            return Some(Held::Json);
        }
        Some(match field.kind {
            FieldKind::Integer
            | FieldKind::Link { .. }
            | FieldKind::User
            | FieldKind::Department
            | FieldKind::Stage
            | FieldKind::Pipeline
            | FieldKind::File
            | FieldKind::Image => Held::Int,
            FieldKind::Formula { result, .. } => match result {
                FormulaResult::Text => Held::Text,
                FormulaResult::Integer => Held::Int,
                FormulaResult::Decimal => Held::Decimal,
                FormulaResult::Money => Held::Money,
                FormulaResult::Date => Held::Date,
                FormulaResult::Moment => Held::Moment,
                FormulaResult::Flag => Held::Flag,
            },
            FieldKind::Decimal => Held::Decimal,
            FieldKind::Money => Held::Money,
            FieldKind::Date => Held::Date,
            FieldKind::Moment => Held::Moment,
            FieldKind::Flag => Held::Flag,
            FieldKind::AnyItem => Held::Ref,
            FieldKind::Record { .. } | FieldKind::Address => Held::Parts,
            FieldKind::Account { .. } => Held::Whole,
            FieldKind::Text
            | FieldKind::LongText
            | FieldKind::RichText
            | FieldKind::Requisite { .. }
            | FieldKind::Counter { .. }
            | FieldKind::Choice { .. }
            | FieldKind::Span
            | FieldKind::Pattern
            | FieldKind::Secret
            | FieldKind::FieldCode => Held::Text,
            FieldKind::Phone | FieldKind::Email | FieldKind::Messenger | FieldKind::Web => return None,
        })
    }

    /// The type of the column.
    pub fn column(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Held::Text | Held::Ref | Held::Json | Held::Parts | Held::Whole, _) => "TEXT",
            (Held::Int | Held::Decimal | Held::Money | Held::Moment, _) => "BIGINT",
            (Held::Date, _) => "INTEGER",
            (Held::Flag, _) => "SMALLINT",
        }
    }

    /// The answer as it is kept.
    ///
    /// # Errors
    /// Gives up when the answer is of another kind than the field: the caller did not let the field accept it.
    pub fn write(self, code: &str, value: &Value) -> Outcome<Cell> {
        if value.is_empty() {
            return Ok(Cell::Null);
        }
        Ok(match (self, value) {
            (Held::Text, Value::Text(text)) => Cell::from(text),
            (Held::Int, Value::Int(number)) => Cell::Int(*number),
            (Held::Decimal, Value::Decimal(decimal)) => Cell::Int(decimal.scaled),
            (Held::Money, Value::Money(money)) => Cell::Int(money.minor),
            (Held::Moment, Value::Moment(moment)) => Cell::Int(moment.at.0),
            (Held::Date, Value::Date(date)) => Cell::Int(day_number(date.date)),
            (Held::Flag, Value::Flag(flag)) => Cell::from(*flag),
            (Held::Ref, Value::Ref(one)) => Cell::Text(one.item.to_string()),
            (Held::Json | Held::Parts | Held::Whole, value) => Cell::from(json(value)),
            _ => return Err(Failure::give_up(format!("the field {code} was given an answer of another kind than its own")).into()),
        })
    }

    /// The answer that is kept so.
    ///
    /// # Errors
    /// Gives up when the column holds what this crate never writes.
    pub fn read(self, code: &str, cell: Cell) -> Outcome<Value> {
        let broken = || Failure::give_up(format!("the column {code} holds what was never written there"));
        Ok(match (self, cell) {
            (_, Cell::Null) => Value::Null,
            (Held::Text, Cell::Text(text)) => Value::Text(text),
            (Held::Int, Cell::Int(number)) => Value::Int(number),
            (Held::Decimal, Cell::Int(scaled)) => Value::Decimal(crm::Decimal { scaled }),
            (Held::Money, Cell::Int(minor)) => Value::money(minor),
            (Held::Moment, Cell::Int(micros)) => Value::moment(Moment(micros)),
            (Held::Date, Cell::Int(number)) => Value::date(day(number).ok_or_else(broken)?),
            (Held::Flag, Cell::Int(number)) => Value::Flag(number != 0),
            (Held::Ref, Cell::Text(text)) => Value::item(text.parse().map_err(|()| broken())?),
            (Held::Json | Held::Parts | Held::Whole, Cell::Text(text)) => serde_json::from_str(&text).map_err(|_| broken())?,
            _ => return Err(broken().into()),
        })
    }
}

/// JSON of something that always has one.
pub fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("the words of crm have a JSON form")
}

/// Reads JSON that this crate wrote.
///
/// # Errors
/// Gives up when it cannot be read: it was written by a newer version, or the file is broken.
pub fn from_json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| Failure::give_up(format!("a stored {what} cannot be read: {error}")).into())
}

/// A day as a number that sorts like the day.
fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

fn day(number: i64) -> Option<Date> {
    let (year, rest) = (number.div_euclid(10_000), number.rem_euclid(10_000));
    Date::new(i16::try_from(year).ok()?, i8::try_from(rest / 100).ok()?, i8::try_from(rest % 100).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_sort_as_their_numbers_even_before_christ() {
        let days = [Date::new(-44, 3, 15).unwrap(), Date::new(-1, 12, 31).unwrap(), Date::new(1, 1, 1).unwrap(), Date::new(2026, 11, 25).unwrap()];
        let numbers: Vec<i64> = days.iter().map(|day| day_number(*day)).collect();
        assert!(numbers.is_sorted());
        assert!(days.iter().zip(&numbers).all(|(one, number)| day(*number) == Some(*one)));
    }
}
