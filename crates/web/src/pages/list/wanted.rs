//! What an address asks of a list: search, conditions, order, and where to go on.

use crate::fields;
use crate::trouble::percent;
use crm::{EntityType, Field, FieldKind, Filter, Moment, Op, Order, Outcome, Page as Part, Query, Read, Refusal, Rights, Value, code};

/// Items of a page.
pub(super) const PER_PAGE: u32 = 50;
/// Rows of the filter at most.
const ROWS: usize = 20;

/// What the address asks for.
#[derive(Debug, Default, Clone)]
pub(super) struct Wanted {
    pub q: String,
    /// Field, comparison, answer.
    pub rows: Vec<(String, String, String)>,
    pub sort: String,
    pub descending: bool,
    pub after: Option<(Vec<Value>, i64)>,
    pub more: bool,
}

impl Wanted {
    /// Rows come as `f=…&o=…&v=…`, in turn.
    pub fn read(query: Option<&str>) -> Wanted {
        let mut wanted = Wanted { descending: true, ..Wanted::default() };
        for (name, value) in pairs(query.unwrap_or_default()) {
            match name.as_str() {
                "q" => wanted.q = value.trim().chars().take(100).collect(),
                "f" if wanted.rows.len() < ROWS => wanted.rows.push((value, String::new(), String::new())),
                "o" => wanted.rows.last_mut().into_iter().for_each(|row| value.clone_into(&mut row.1)),
                "v" => wanted.rows.last_mut().into_iter().for_each(|row| value.clone_into(&mut row.2)),
                "sort" => wanted.sort = value,
                "up" => wanted.descending = value != "1",
                "after" => {
                    wanted.after = serde_json::from_str(&value).ok();
                    wanted.more = true;
                }
                _ => {}
            }
        }
        wanted.rows.retain(|row| !row.0.is_empty());
        wanted
    }

    /// The query of an address that asks for the same, without the place to go on from.
    pub fn address(&self, sort: &str, descending: bool) -> String {
        let mut text = String::new();
        if !self.q.is_empty() {
            text.push_str(&format!("q={}&", percent(&self.q)));
        }
        for (field, op, value) in &self.rows {
            text.push_str(&format!("f={}&o={}&v={}&", percent(field), percent(op), percent(value)));
        }
        text.push_str(&format!("sort={}{}", percent(sort), if descending { "" } else { "&up=1" }));
        text
    }

    pub fn query(&self, read: &dyn Read, shape: &EntityType, rights: &Rights, zone: &jiff::tz::TimeZone) -> Outcome<Query> {
        let mut filter = Filter::Any;
        for (name, op, text) in &self.rows {
            let field = shape.field(name).filter(|_| rights.sees(shape.id, name)).ok_or_else(|| crm::query::unknown_field(name))?;
            let op = op_of(op).ok_or_else(|| Refusal::new("unknown_comparison", "Такого сравнения нет", "There is no such comparison"))?;
            if text.trim().is_empty() && !matches!(op, Op::Empty | Op::Filled) {
                continue;
            }
            filter = filter.and(comparison(field, op, text, zone).typed(&read.schema(), shape.id)?);
        }
        if !self.q.is_empty() {
            filter = filter.and(Filter::Search(self.q.clone()));
        }
        let sort = if self.sort.is_empty() { code::ID } else { &self.sort };
        if shape.field(sort).filter(|field| sortable(field) && rights.sees(shape.id, sort)).is_none() {
            return Err(crm::query::unknown_field(sort).into());
        }
        Ok(Query {
            kind: shape.id,
            filter,
            order: vec![Order { field: sort.to_owned(), descending: self.descending }],
            page: Part { limit: PER_PAGE + 1, offset: 0, after: self.after.clone() },
        })
    }
}

/// A day compared with a moment means the whole day, in the firm's zone.
pub(super) fn comparison(field: &Field, op: Op, text: &str, zone: &jiff::tz::TimeZone) -> Filter {
    if field.kind == FieldKind::Moment
        && let Ok(day) = text.trim().parse::<crm::Date>()
        && let (Ok(from), Ok(to)) = (day.to_zoned(zone.clone()), day.tomorrow().and_then(|next| next.to_zoned(zone.clone())))
    {
        let (from, to) = (Value::moment(Moment::from_timestamp(from.timestamp())), Value::moment(Moment::from_timestamp(to.timestamp())));
        let is = |op: Op, value: &Value| Filter::is(&field.code, op, value.clone());
        return match op {
            Op::Eq => Filter::All(vec![is(Op::Ge, &from), is(Op::Lt, &to)]),
            Op::Ne => Filter::One(vec![is(Op::Lt, &from), is(Op::Ge, &to)]),
            Op::Gt => is(Op::Ge, &to),
            Op::Le => is(Op::Lt, &to),
            other => is(other, &from),
        };
    }
    Filter::is(&field.code, op, fields::given(&Field { multiple: false, ..field.clone() }, &[text], zone).as_list().first().cloned().unwrap_or_default())
}

/// The comparisons that make sense for a field.
pub(super) fn ops(field: &Field) -> &'static [Op] {
    match &field.kind {
        FieldKind::Integer | FieldKind::Decimal | FieldKind::Money | FieldKind::Date | FieldKind::Moment => {
            &[Op::Eq, Op::Ge, Op::Le, Op::Gt, Op::Lt, Op::Ne, Op::Empty, Op::Filled]
        }
        FieldKind::Choice { .. } | FieldKind::User | FieldKind::Stage | FieldKind::Pipeline | FieldKind::Flag | FieldKind::Link { .. } => {
            &[Op::Eq, Op::Ne, Op::Empty, Op::Filled]
        }
        _ => &[Op::Contains, Op::NotContains, Op::Eq, Op::Empty, Op::Filled],
    }
}

pub(super) fn op_of(code: &str) -> Option<Op> {
    serde_json::from_value(serde_json::Value::String(code.to_owned())).ok()
}

pub(super) fn op_code(op: Op) -> String {
    serde_json::to_value(op).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Names and values of an address's query, in order.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// Takes the percent signs out.
pub(super) fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a list can be sorted by it.
pub(super) fn sortable(field: &Field) -> bool {
    !field.multiple
        && !field.is_points()
        && !matches!(field.kind, FieldKind::LongText | FieldKind::Pattern | FieldKind::Record { .. } | FieldKind::AnyItem | FieldKind::Secret | FieldKind::File)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_filter_are_read_in_turn() {
        let wanted = Wanted::read(Some("q=+%D0%98%D0%B2%D0%B0%D0%BD&f=amount&o=gt&v=100&f=region&o=empty&v=&f=&o=eq&v=x&sort=amount&up=1"));
        assert_eq!(wanted.q, "Иван");
        assert_eq!(wanted.rows, [("amount".into(), "gt".into(), "100".into()), ("region".into(), "empty".into(), String::new())]);
        assert_eq!(Wanted::read(Some(&wanted.address("amount", false))).rows, wanted.rows);
        assert!(!wanted.descending);
    }

    #[test]
    fn broken_percent_signs_are_plain_text() {
        assert_eq!(plain("100%"), "100%");
        assert_eq!(plain("%zz%4"), "%zz%4");
        assert_eq!(plain("%E4%B8"), "\u{fffd}");
    }

    #[test]
    fn a_day_in_a_filter_is_the_whole_day_of_the_firm() {
        let field = Field::new("created_at", "", "", FieldKind::Moment);
        let almaty = jiff::tz::TimeZone::get("Asia/Almaty").unwrap();
        let Filter::All(parts) = comparison(&field, Op::Eq, "2026-11-25", &almaty) else { panic!("not a span") };
        let at = |text: &str| Value::moment(Moment::from_timestamp(text.parse().unwrap()));
        assert_eq!(parts, [Filter::is("created_at", Op::Ge, at("2026-11-24T19:00:00Z")), Filter::is("created_at", Op::Lt, at("2026-11-25T19:00:00Z"))]);
    }

    #[test]
    fn every_comparison_has_a_code_that_is_understood() {
        for op in Op::all() {
            assert_eq!(op_of(&op_code(op)), Some(op));
        }
    }
}
