//! One tree of questions about items: the same for lists, boards, REST, reports and the conditions of rules.

use crate::entity::{Schema, code};
use crate::failure::Refusal;
use crate::field::{Field, FieldKind};
use crate::ids::EntityTypeId;
use crate::item::Item;
use crate::label::Label;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// How an answer is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal; an empty answer is not equal to anything.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// One of a list.
    In,
    /// None of a list.
    NotIn,
    /// Holds the text, whatever the case of letters.
    Contains,
    /// Does not hold the text.
    NotContains,
    /// Fits a pattern with `%`.
    Like,
    /// Does not fit it.
    NotLike,
    /// Has no answer.
    Empty,
    /// Has an answer.
    Filled,
}

/// A condition on an item.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every item fits.
    #[default]
    Any,
    /// All of these hold.
    All(Vec<Filter>),
    /// At least one of these holds.
    One(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// One field compared.
    Is {
        /// Code of the field; `contact.city` for a field of the record that a link leads to.
        field: String,
        /// How.
        op: Op,
        /// With what; a list for `In` and `NotIn`.
        #[serde(default)]
        value: Value,
    },
    /// Any searchable field holds this fragment.
    Search(String),
    /// Some record of another type that points at this one fits. Only the database can tell.
    Linked {
        /// The other type.
        kind: EntityTypeId,
        /// The field with which it points.
        field: String,
        /// What it must be like.
        #[serde(default)]
        filter: Box<Filter>,
    },
}

impl Filter {
    /// One field compared.
    pub fn is(field: &str, op: Op, value: Value) -> Filter {
        Filter::Is { field: field.to_owned(), op, value }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        match (self, other) {
            (Filter::Any, one) | (one, Filter::Any) => one,
            (Filter::All(mut list), one) => {
                list.push(one);
                Filter::All(list)
            }
            (one, other) => Filter::All(vec![one, other]),
        }
    }

    /// Codes of all fields it looks at.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Filter::Any | Filter::Search(_) | Filter::Linked { .. } => Vec::new(),
            Filter::All(list) | Filter::One(list) => list.iter().flat_map(Filter::fields).collect(),
            Filter::Not(inner) => inner.fields(),
            Filter::Is { field, .. } => vec![field],
        }
    }

    /// How many comparisons and how deep: callers cap both (automation.md §5.4: 50 and 4 for rules).
    pub fn size(&self) -> (usize, usize) {
        match self {
            Filter::Any | Filter::Is { .. } | Filter::Search(_) => (1, 0),
            Filter::Not(inner) | Filter::Linked { filter: inner, .. } => {
                let (count, depth) = inner.size();
                (count, depth + 1)
            }
            Filter::All(list) | Filter::One(list) => {
                let sizes: Vec<(usize, usize)> = list.iter().map(Filter::size).collect();
                (sizes.iter().map(|size| size.0).sum(), 1 + sizes.iter().map(|size| size.1).max().unwrap_or(0))
            }
        }
    }

    /// Gives every compared answer the kind of its field, or says what is wrong.
    ///
    /// # Errors
    /// Refuses unknown fields and answers of another kind.
    pub fn typed(&self, schema: &Schema, kind: EntityTypeId) -> Result<Filter, Refusal> {
        Ok(match self {
            Filter::Any => Filter::Any,
            Filter::Search(text) => Filter::Search(text.clone()),
            Filter::All(list) => Filter::All(list.iter().map(|one| one.typed(schema, kind)).collect::<Result<_, _>>()?),
            Filter::One(list) => Filter::One(list.iter().map(|one| one.typed(schema, kind)).collect::<Result<_, _>>()?),
            Filter::Not(inner) => Filter::Not(Box::new(inner.typed(schema, kind)?)),
            Filter::Linked { kind: other, field, filter } => {
                schema.field(*other, field).ok_or_else(|| unknown_field(field))?;
                Filter::Linked { kind: *other, field: field.clone(), filter: Box::new(filter.typed(schema, *other)?) }
            }
            Filter::Is { field, op, value } => {
                let known = schema.field_on_path(kind, field).ok_or_else(|| unknown_field(field))?;
                let value = match op {
                    Op::Empty | Op::Filled => Value::Null,
                    Op::Contains | Op::NotContains | Op::Like | Op::NotLike => value.clone(),
                    Op::In | Op::NotIn => Value::Many(value.as_list().iter().map(|one| compared(known, one)).collect::<Result<_, _>>()?),
                    _ => compared(known, value)?,
                };
                Filter::Is { field: field.clone(), op: *op, value }
            }
        })
    }

    /// Whether the item fits, and the first comparison that decided against it.
    pub fn test(&self, item: &Item) -> Verdict {
        match self {
            Filter::Any => Verdict::Fits,
            Filter::All(list) => list.iter().map(|one| one.test(item)).find(|verdict| *verdict != Verdict::Fits).unwrap_or(Verdict::Fits),
            Filter::One(list) => {
                let mut first = Verdict::Fits;
                for one in list {
                    match one.test(item) {
                        Verdict::Fits => return Verdict::Fits,
                        failed if first == Verdict::Fits => first = failed,
                        _ => {}
                    }
                }
                first
            }
            Filter::Not(inner) => match inner.test(item) {
                Verdict::Fits => Verdict::Fails {
                    field: inner.fields().first().map(|field| (*field).to_owned()).unwrap_or_default(),
                    op: Op::Ne,
                    wanted: Value::Null,
                    seen: Value::Null,
                },
                Verdict::Fails { .. } => Verdict::Fits,
            },
            Filter::Is { field, op, value } => {
                let seen = item.values.get(field);
                match holds(seen, *op, value) {
                    true => Verdict::Fits,
                    false => Verdict::Fails { field: field.clone(), op: *op, wanted: value.clone(), seen: seen.clone() },
                }
            }
            // In memory nobody knows who points here: the database was not asked, so it does not fit.
            Filter::Linked { field, .. } => Verdict::Fails { field: field.clone(), op: Op::Filled, wanted: Value::Null, seen: Value::Null },
            Filter::Search(text) => {
                let needle = text.to_lowercase();
                let found = item.values.0.values().any(|value| value.as_text().is_some_and(|text| text.to_lowercase().contains(&needle)));
                match found {
                    true => Verdict::Fits,
                    false => Verdict::Fails {
                        field: code::TITLE.to_owned(),
                        op: Op::Contains,
                        wanted: Value::text(text),
                        seen: item.values.get(code::TITLE).clone(),
                    },
                }
            }
        }
    }
}

fn compared(field: &Field, value: &Value) -> Result<Value, Refusal> {
    // Limits are for answers: one may ask for what is beyond them, it just does not exist.
    let single = Field { multiple: false, least: Some(i64::MIN), most: None, ..field.clone() };
    // A part of a phone or address is compared as text, a whole one in its one spelling.
    if field.is_points() {
        return Ok(match (single.accept(value), value) {
            (Ok(Value::Points(points)), _) => Value::text(points.list.first().map(|point| point.normal.clone()).unwrap_or_default()),
            (_, Value::Text(text)) => Value::text(text.trim().to_lowercase()),
            _ => Value::Null,
        });
    }
    match (&field.kind, value) {
        // An unknown choice is not an error in a filter: nothing has it.
        (FieldKind::Choice { .. }, Value::Text(_)) => Ok(value.clone()),
        // A number with a wrong check digit is not an error in a filter either.
        (FieldKind::Requisite { .. }, Value::Text(text)) => Ok(single.accept(value).unwrap_or_else(|_| Value::text(text.trim()))),
        _ => single.accept(value),
    }
}

/// The refusal for a filter, an order or a selection by a field that does not exist or is hidden: the two must look alike.
pub fn unknown_field(code: &str) -> Refusal {
    let code: String = code.chars().take(60).collect();
    Refusal::new("unknown_field", format!("Поля «{code}» нет, или оно вам недоступно"), format!("There is no field {code}, or it is hidden from you"))
}

/// Whether an item fits a condition, and if not, why.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It does.
    Fits,
    /// It does not: the first comparison that failed and what it saw.
    Fails {
        /// Code of the field.
        field: String,
        /// How it was compared.
        op: Op,
        /// With what.
        wanted: Value,
        /// What the item had.
        seen: Value,
    },
}

fn holds(seen: &Value, op: Op, wanted: &Value) -> bool {
    let equal = |wanted: &Value| match seen {
        Value::Points(points) => points.list.iter().any(|point| Some(point.normal.as_str()) == wanted.as_text()),
        Value::Many(list) => list.iter().any(|one| compare(one, wanted) == Some(Ordering::Equal)),
        Value::Null => wanted.is_empty(),
        one => compare(one, wanted) == Some(Ordering::Equal),
    };
    let text = |seen: &Value| match seen {
        Value::Text(text) => text.to_lowercase(),
        Value::Points(points) => points.list.iter().map(|point| format!("{} {}", point.raw.to_lowercase(), point.normal)).collect::<Vec<_>>().join(" "),
        Value::Int(number) => number.to_string(),
        // The parts of an address, one after the other.
        Value::Record(parts) => parts.0.values().filter_map(Value::as_text).map(str::to_lowercase).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    let needle = || wanted.as_text().map(str::to_lowercase).unwrap_or_default();
    match op {
        Op::Eq => equal(wanted),
        Op::Ne => !equal(wanted),
        Op::Gt => compare(seen, wanted) == Some(Ordering::Greater),
        Op::Ge => matches!(compare(seen, wanted), Some(Ordering::Greater | Ordering::Equal)),
        Op::Lt => compare(seen, wanted) == Some(Ordering::Less),
        Op::Le => matches!(compare(seen, wanted), Some(Ordering::Less | Ordering::Equal)),
        Op::In => wanted.as_list().iter().any(equal),
        Op::NotIn => !wanted.as_list().iter().any(equal),
        Op::Contains => text(seen).contains(&needle()),
        Op::NotContains => !text(seen).contains(&needle()),
        Op::Like => like(&text(seen), &needle()),
        Op::NotLike => !like(&text(seen), &needle()),
        Op::Empty => seen.is_empty(),
        Op::Filled => !seen.is_empty(),
    }
}

/// Whether no answer at all fits this comparison.
pub fn fits_nothing(op: Op, wanted: &Value) -> bool {
    holds(&Value::Null, op, wanted)
}

/// Order of two answers of one kind; `None` when they cannot be compared.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Flag(a), Value::Flag(b)) => Some(a.cmp(b)),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Money(a), Value::Money(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Moment(a), Value::Moment(b)) => Some(a.cmp(b)),
        (Value::Ref(a), Value::Ref(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether a text fits a pattern in which `%` stands for anything.
pub fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// By which field a list is sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Code of the field.
    pub field: String,
    /// Largest first.
    #[serde(default)]
    pub descending: bool,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// At most so many items.
    pub limit: u32,
    /// Skip so many: only for the REST dialect, slow when large.
    pub offset: u32,
    /// Go on after this item: the answers to the order's fields, then the number.
    pub after: Option<(Vec<Value>, i64)>,
}

impl Page {
    /// The first so many items.
    pub fn first(limit: u32) -> Page {
        Page { limit, offset: 0, after: None }
    }
}

/// A question about items of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The kind.
    pub kind: EntityTypeId,
    /// Which of them.
    pub filter: Filter,
    /// In which order; the number always decides last, in the direction of the last order.
    pub order: Vec<Order>,
    /// Which part.
    pub page: Page,
}

impl Query {
    /// The first 50 of a kind, the newest first.
    pub fn of(kind: EntityTypeId) -> Query {
        Query { kind, filter: Filter::Any, order: vec![Order { field: code::ID.to_owned(), descending: true }], page: Page::first(50) }
    }

    /// The same with one more condition.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Query {
        self.filter = self.filter.and(filter);
        self
    }

    /// The same, sorted by this field only.
    #[must_use]
    pub fn sorted(mut self, field: &str, descending: bool) -> Query {
        self.order = vec![Order { field: field.to_owned(), descending }];
        self
    }

    /// The same, at most so many.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Query {
        self.page.limit = limit;
        self
    }
}

/// A count that is not worth finishing: "10 000+".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// So many were counted.
    pub counted: u64,
    /// Counting stopped at the cap: there are more.
    pub more: bool,
}

impl Op {
    /// The comparison as a person reads it.
    pub fn label(self) -> Label {
        let (ru, en) = match self {
            Op::Eq => ("равно", "is"),
            Op::Ne => ("не равно", "is not"),
            Op::Gt => ("больше", "is more than"),
            Op::Ge => ("не меньше", "is at least"),
            Op::Lt => ("меньше", "is less than"),
            Op::Le => ("не больше", "is at most"),
            Op::In => ("одно из", "is one of"),
            Op::NotIn => ("ни одно из", "is none of"),
            Op::Contains => ("содержит", "contains"),
            Op::NotContains => ("не содержит", "does not contain"),
            Op::Like => ("подходит под образец", "fits"),
            Op::NotLike => ("не подходит под образец", "does not fit"),
            Op::Empty => ("не заполнено", "is empty"),
            Op::Filled => ("заполнено", "is filled"),
        };
        Label::new(ru, en)
    }

    /// All comparisons, in the order of a menu.
    pub fn all() -> [Op; 14] {
        [Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le, Op::In, Op::NotIn, Op::Contains, Op::NotContains, Op::Like, Op::NotLike, Op::Empty, Op::Filled]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Values;

    fn deal(amount: i64) -> Item {
        Item {
            kind: crate::entity::kind::DEAL,
            id: 7,
            version: 1,
            values: Values::from([("amount", Value::money(amount)), ("title", Value::text("Долг Иванова"))]),
        }
    }

    #[test]
    fn a_condition_tells_what_it_saw() {
        let filter = Filter::is("amount", Op::Gt, Value::money(5_000_000));
        assert_eq!(
            filter.test(&deal(4_000_000)),
            Verdict::Fails { field: "amount".into(), op: Op::Gt, wanted: Value::money(5_000_000), seen: Value::money(4_000_000) }
        );
        assert_eq!(filter.test(&deal(6_000_000)), Verdict::Fits);
    }

    #[test]
    fn a_missing_answer_is_never_more_or_less() {
        for op in [Op::Gt, Op::Ge, Op::Lt, Op::Le] {
            assert_ne!(Filter::is("other", op, Value::Int(1)).test(&deal(1)), Verdict::Fits);
        }
        assert_eq!(Filter::is("other", Op::Empty, Value::Null).test(&deal(1)), Verdict::Fits);
    }

    #[test]
    fn patterns_match_like_sql() {
        for (text, pattern, fits) in [
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "abc", true),
            ("abc", "b%", false),
            ("abc", "a%b", false),
            ("aba", "a%a", true),
            ("a", "a%a", false),
        ] {
            assert_eq!(like(text, pattern), fits, "{text} {pattern}");
        }
    }

    #[test]
    fn one_of_two_groups_is_enough() {
        let filter =
            Filter::One(vec![Filter::is("amount", Op::Lt, Value::money(1)), Filter::All(vec![Filter::is("title", Op::Contains, Value::text("иванова"))])]);
        assert_eq!(filter.test(&deal(5)), Verdict::Fits);
    }
}
