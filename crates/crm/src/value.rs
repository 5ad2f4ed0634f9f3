//! Answers to fields.

use crate::ids::{ItemRef, UserId};
use crate::time::{Date, Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One answer. Its written form is natural for plain kinds (packs are written by hand) and tagged for the rest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// No answer.
    #[default]
    Null,
    /// Yes or no.
    Flag(bool),
    /// A whole number; also the number of a user or of a linked item.
    Int(i64),
    /// A text; also the code of a choice.
    Text(String),
    /// A list of answers.
    Many(Vec<Value>),
    /// A number with a fraction, in ten-thousandths.
    Decimal(Decimal),
    /// An amount in minor units of the currency that stands beside it.
    Money(Money),
    /// A day.
    Date(OneDate),
    /// A moment.
    Moment(OneMoment),
    /// Another item of any kind.
    Ref(OneRef),
    /// Phones, addresses of e-mail and the like, each with its kind.
    Points(Points),
    /// Named answers inside one answer: a row of a table, the settings of a rule.
    Record(Values),
}

/// A number with a fraction, in ten-thousandths: 12.5 is 125000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decimal {
    /// Ten-thousandths.
    #[serde(rename = "$decimal")]
    pub scaled: i64,
}

/// An amount in minor units: 12.50 is 1250.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units.
    #[serde(rename = "$money")]
    pub minor: i64,
}

/// A day as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneDate {
    /// The day.
    #[serde(rename = "$date")]
    pub date: Date,
}

/// A moment as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneMoment {
    /// The moment.
    #[serde(rename = "$moment")]
    pub at: Moment,
}

/// An item as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneRef {
    /// The item.
    #[serde(rename = "$ref")]
    pub item: ItemRef,
}

/// Phones or addresses as one answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    /// In the order in which they were given; the first is the main one.
    #[serde(rename = "$points")]
    pub list: Vec<Point>,
}

/// One phone, e-mail address, messenger name or web address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Point {
    /// Its number in the database; 0 when new.
    #[serde(default)]
    pub id: i64,
    /// As it was typed.
    pub raw: String,
    /// As it is compared: `+79990001122`, `ivan@example.com`.
    #[serde(default)]
    pub normal: String,
    /// `WORK`, `MOBILE`, `HOME`, `OTHER`…
    #[serde(default)]
    pub label: String,
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// An amount in minor units.
    pub fn money(minor: i64) -> Value {
        Value::Money(Money { minor })
    }

    /// A moment.
    pub fn moment(at: Moment) -> Value {
        Value::Moment(OneMoment { at })
    }

    /// A day.
    pub fn date(date: Date) -> Value {
        Value::Date(OneDate { date })
    }

    /// Another item.
    pub fn item(item: ItemRef) -> Value {
        Value::Ref(OneRef { item })
    }

    /// A member of staff.
    pub fn user(user: UserId) -> Value {
        Value::Int(user.0)
    }

    /// A list of points.
    pub fn points(list: Vec<Point>) -> Value {
        Value::Points(Points { list })
    }

    /// No answer: nothing, an empty text, an empty list.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            Value::Many(list) => list.is_empty(),
            Value::Points(points) => points.list.is_empty(),
            Value::Record(values) => values.0.is_empty(),
            _ => false,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The moment, if it is one.
    pub fn as_moment(&self) -> Option<Moment> {
        match self {
            Value::Moment(one) => Some(one.at),
            _ => None,
        }
    }

    /// The item, if it is one.
    pub fn as_ref_to(&self) -> Option<ItemRef> {
        match self {
            Value::Ref(one) => Some(one.item),
            _ => None,
        }
    }

    /// The amount in minor units, if it is one.
    pub fn as_money(&self) -> Option<i64> {
        match self {
            Value::Money(money) => Some(money.minor),
            _ => None,
        }
    }

    /// The answers of a list; a single answer counts as a list of one, nothing as an empty one.
    pub fn as_list(&self) -> &[Value] {
        match self {
            Value::Many(list) => list,
            Value::Null => &[],
            one => std::slice::from_ref(one),
        }
    }
}

/// Named answers, in the order of their codes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(pub BTreeMap<String, Value>);

impl Values {
    /// No answers.
    pub fn new() -> Self {
        Values::default()
    }

    /// The answer under this code; `Null` when there is none.
    pub fn get(&self, code: &str) -> &Value {
        self.0.get(code).unwrap_or(&Value::Null)
    }

    /// The text under this code; empty when there is none.
    pub fn text(&self, code: &str) -> &str {
        self.get(code).as_text().unwrap_or("")
    }

    /// The whole number under this code.
    pub fn int(&self, code: &str) -> Option<i64> {
        self.get(code).as_int()
    }

    /// Yes only if the answer is yes.
    pub fn flag(&self, code: &str) -> bool {
        matches!(self.get(code), Value::Flag(true))
    }

    /// The moment under this code.
    pub fn moment(&self, code: &str) -> Option<Moment> {
        self.get(code).as_moment()
    }

    /// The points under this code.
    pub fn points(&self, code: &str) -> &[Point] {
        match self.get(code) {
            Value::Points(points) => &points.list,
            _ => &[],
        }
    }

    /// Puts an answer in place of the old one.
    pub fn set(&mut self, code: impl Into<String>, value: Value) {
        self.0.insert(code.into(), value);
    }

    /// The same answers with one more.
    pub fn with(mut self, code: impl Into<String>, value: Value) -> Self {
        self.set(code, value);
        self
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Values {
    fn from(pairs: [(&str, Value); N]) -> Self {
        Values(pairs.into_iter().map(|(code, value)| (code.to_owned(), value)).collect())
    }
}
