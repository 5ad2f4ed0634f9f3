//! Conditions as a person builds them, line by line, and as the database understands them; both ways.

use crm::{EntityTypeId, Field, FieldKind, Filter, Op, Outcome, Refusal, Schema, Value, code, kind};
use serde::{Deserialize, Serialize};

/// One line of the builder: a field, a comparison, answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Code or path of a field; `~…` for what is linked with the record.
    pub field: String,
    /// Code of the comparison.
    pub op: String,
    pub values: Vec<String>,
}

/// Tasks about the record that are not done.
pub(crate) const OPEN_TASK: &str = "~open_task";
/// Those of them that are late.
pub(crate) const LATE_TASK: &str = "~late_task";

/// How a field is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Text,
    Points,
    Number,
    Time,
    /// Several of a short list.
    Checks,
    /// A record of another type.
    Pick,
    /// Whether something is linked.
    Linked,
}

/// How a field is asked about; `None`: there is nothing to compare.
pub(crate) fn asked(field: &Field) -> Option<Asked> {
    use crm::field::FormulaResult as Result;
    Some(match &field.kind {
        FieldKind::Integer | FieldKind::Decimal | FieldKind::Money => Asked::Number,
        FieldKind::Date | FieldKind::Moment => Asked::Time,
        FieldKind::Choice { .. } | FieldKind::User | FieldKind::Department | FieldKind::Stage | FieldKind::Pipeline | FieldKind::Flag => Asked::Checks,
        FieldKind::Link { .. } => Asked::Pick,
        FieldKind::Formula { result, .. } => match result {
            Result::Integer | Result::Decimal | Result::Money => Asked::Number,
            Result::Date | Result::Moment => Asked::Time,
            Result::Flag => Asked::Checks,
            Result::Text => Asked::Text,
        },
        FieldKind::Record { .. }
        | FieldKind::Secret
        | FieldKind::File
        | FieldKind::Image
        | FieldKind::AnyItem
        | FieldKind::Account { .. }
        | FieldKind::Address => {
            return None;
        }
        _ if field.is_points() => Asked::Points,
        _ => Asked::Text,
    })
}

/// Codes of the comparisons offered, the usual one first.
pub(crate) fn ops(asked: Asked) -> &'static [&'static str] {
    match asked {
        Asked::Text => &["contains", "not_contains", "eq", "ne", "empty", "filled"],
        Asked::Points => &["contains", "empty", "filled"],
        Asked::Number => &["ge", "le", "between", "eq", "ne", "gt", "lt", "empty", "filled"],
        Asked::Time => &["during", "between", "ge", "le", "eq", "empty", "filled"],
        Asked::Checks => &["in", "not_in", "empty", "filled"],
        Asked::Pick => &["in", "not_in", "empty", "filled"],
        Asked::Linked => &["has", "has_not"],
    }
}

/// Whether the comparison needs no answer.
pub(crate) fn is_silent(op: &str) -> bool {
    matches!(op, "empty" | "filled" | "has" | "has_not")
}

fn op_of(code: &str) -> Option<Op> {
    serde_json::from_value(serde_json::Value::String(code.to_owned())).ok()
}

fn op_code(op: Op) -> String {
    serde_json::to_value(op).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What is linked: the other type and the field it points with, `~task.about`.
pub(crate) fn linked<'a>(schema: &'a Schema, name: &str) -> Option<(&'a crm::EntityType, &'a Field)> {
    let (other, field) = name.strip_prefix('~')?.split_once('.')?;
    let other = schema.kind_by_code(other)?;
    Some((other, other.field(field)?))
}

fn task_filter(name: &str) -> Option<Filter> {
    let open = Filter::is(team::tasks::STATUS, Op::Ne, Value::text(team::tasks::COMPLETED));
    match name {
        OPEN_TASK => Some(open),
        LATE_TASK => Some(open.and(Filter::is(team::tasks::DEADLINE, Op::Lt, Value::text(crm::saved_view::word::PAST)))),
        _ => None,
    }
}

/// One line as a condition that can be saved; a line without its answer is no condition yet.
///
/// # Errors
/// Refuses comparisons that do not exist.
fn condition(schema: &Schema, kind: EntityTypeId, row: &Row) -> Outcome<Filter> {
    let unknown = || Refusal::new("unknown_comparison", "Такого сравнения нет", "There is no such comparison");
    if row.field.starts_with('~') {
        let inner = match task_filter(&row.field) {
            Some(filter) => Filter::Linked { kind: kind::TASK, field: code::ABOUT.to_owned(), filter: Box::new(filter) },
            None => {
                let (other, field) = linked(schema, &row.field).ok_or_else(|| crm::query::unknown_field(&row.field))?;
                Filter::Linked { kind: other.id, field: field.code.clone(), filter: Box::new(Filter::Any) }
            }
        };
        return match row.op.as_str() {
            "has" => Ok(inner),
            "has_not" => Ok(Filter::Not(Box::new(inner))),
            _ => Err(unknown().into()),
        };
    }
    let field = schema.field_on_path(kind, &row.field).ok_or_else(|| crm::query::unknown_field(&row.field))?;
    let text = |at: usize| row.values.get(at).map_or(Value::Null, |text| answer(field, text));
    let is = |op: Op, value: Value| Filter::is(&row.field, op, value);
    if is_silent(&row.op) {
        return Ok(is(op_of(&row.op).ok_or_else(unknown)?, Value::Null));
    }
    if row.values.is_empty() {
        return Ok(Filter::Any);
    }
    Ok(match row.op.as_str() {
        "during" => is(Op::Eq, text(0)),
        "between" => match row.values.len() {
            1 => is(Op::Ge, text(0)),
            _ => is(Op::Ge, text(0)).and(is(Op::Le, text(1))),
        },
        op => match op_of(op).ok_or_else(unknown)? {
            op @ (Op::In | Op::NotIn) => is(op, Value::Many(row.values.iter().map(|text| answer(field, text)).collect())),
            op => is(op, text(0)),
        },
    })
}

/// Yes and no are kept as such; the rest as it was typed, to be judged by the field.
fn answer(field: &Field, text: &str) -> Value {
    match (&field.kind, text) {
        (FieldKind::Flag, "1") => Value::Flag(true),
        (FieldKind::Flag, "0") => Value::Flag(false),
        _ => Value::text(text),
    }
}

/// All lines as one condition that can be saved.
///
/// # Errors
/// Refuses unknown fields and comparisons.
pub(crate) fn filter_of(schema: &Schema, kind: EntityTypeId, groups: &[Vec<Row>]) -> Outcome<Filter> {
    let mut list = Vec::new();
    for group in groups {
        let mut all = Filter::Any;
        for row in group {
            all = all.and(condition(schema, kind, row)?);
        }
        if all != Filter::Any {
            list.push(all);
        }
    }
    Ok(match list.len() {
        0 => Filter::Any,
        1 => list.remove(0),
        _ => Filter::One(list),
    })
}

/// A saved condition as lines, when it can be written so.
pub(crate) fn rows_of(schema: &Schema, filter: &Filter) -> Option<Vec<Vec<Row>>> {
    match filter {
        Filter::Any => Some(Vec::new()),
        Filter::One(list) => list.iter().map(|one| group_of(schema, one)).collect(),
        one => group_of(schema, one).map(|group| vec![group]),
    }
}

fn group_of(schema: &Schema, filter: &Filter) -> Option<Vec<Row>> {
    match filter {
        Filter::All(list) => list.iter().map(|one| group_of(schema, one)).collect::<Option<Vec<_>>>().map(|groups| groups.concat()),
        one => row_of(schema, one).map(|row| vec![row]),
    }
}

fn row_of(schema: &Schema, filter: &Filter) -> Option<Row> {
    match filter {
        Filter::Is { field, op, value } => {
            let values: Vec<String> = value.as_list().iter().map(written).collect::<Option<_>>()?;
            let spans =
                values.first().is_some_and(|text| text.starts_with('@') && *text != crm::saved_view::word::ME && *text != crm::saved_view::word::DEPARTMENT);
            let op = match op {
                Op::Eq if spans => "during".to_owned(),
                // A person chooses from a list with boxes: one of them is a list too.
                Op::Eq if values.first().is_some_and(|text| text.starts_with('@')) => "in".to_owned(),
                op => op_code(*op),
            };
            Some(Row { field: field.clone(), op, values })
        }
        Filter::Not(inner) => match row_of(schema, inner)? {
            row if row.op == "has" => Some(Row { op: "has_not".to_owned(), ..row }),
            _ => None,
        },
        Filter::Linked { kind: other, field, filter } => {
            let task =
                [OPEN_TASK, LATE_TASK].into_iter().find(|name| *other == kind::TASK && field == code::ABOUT && task_filter(name).as_ref() == Some(&**filter));
            let name = match (task, &**filter) {
                (Some(name), _) => name.to_owned(),
                (None, Filter::Any) => format!("~{}.{field}", schema.kind(*other)?.code),
                _ => return None,
            };
            Some(Row { field: name, op: "has".to_owned(), values: Vec::new() })
        }
        _ => None,
    }
}

/// A saved answer as it stands in a form.
fn written(value: &Value) -> Option<String> {
    Some(match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Flag(flag) => i64::from(*flag).to_string(),
        Value::Money(money) if money.minor % 100 == 0 => (money.minor / 100).to_string(),
        Value::Money(money) => format!("{}.{:02}", money.minor / 100, (money.minor % 100).abs()),
        Value::Date(one) => one.date.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::EntityType;

    fn schema() -> Schema {
        let mut schema = Schema::default();
        for (id, name) in [(kind::DEAL, "deal"), (kind::CONTACT, "contact"), (kind::TASK, "task"), (kind::INVOICE, "invoice")] {
            let mut shape = EntityType { id, code: name.into(), staged: id == kind::DEAL, listed: true, ..EntityType::default() };
            shape.fields = match id {
                kind::DEAL => vec![
                    Field::new("contact", "Клиент", "Client", FieldKind::Link { to: kind::CONTACT }),
                    Field::new("amount", "Сумма", "Amount", FieldKind::Money),
                    Field::new("visit", "Визит", "Visit", FieldKind::Date),
                    Field::new("urgent", "Срочно", "Urgent", FieldKind::Flag),
                ],
                kind::CONTACT => vec![Field::new("city", "Город", "City", FieldKind::Text)],
                kind::TASK => vec![
                    Field::new("about", "О чём", "About", FieldKind::AnyItem),
                    Field::new("status", "Статус", "Status", FieldKind::Text),
                    Field::new("deadline", "Срок", "Deadline", FieldKind::Moment),
                ],
                _ => vec![Field::new("deal", "Сделка", "Deal", FieldKind::Link { to: kind::DEAL })],
            };
            schema.types.insert(id, shape.complete());
        }
        schema
    }

    fn row(field: &str, op: &str, values: &[&str]) -> Row {
        Row { field: field.into(), op: op.into(), values: values.iter().map(|one| (*one).to_owned()).collect() }
    }

    #[test]
    fn what_was_built_line_by_line_is_saved_and_read_back_as_the_same_lines() {
        let schema = schema();
        let groups = vec![
            vec![row("amount", "ge", &["100000"]), row("contact.city", "contains", &["Алматы"]), row("responsible", "in", &["@me", "7"])],
            vec![row("visit", "during", &["@week"]), row("urgent", "in", &["1"]), row(OPEN_TASK, "has_not", &[]), row("~invoice.deal", "has", &[])],
            vec![row(LATE_TASK, "has", &[]), row("amount", "empty", &[])],
        ];
        let groups: Vec<Vec<Row>> = groups;
        let filter = filter_of(&schema, kind::DEAL, &groups).unwrap();
        let back = serde_json::from_str(&serde_json::to_string(&filter).unwrap()).unwrap();
        assert_eq!(rows_of(&schema, &back).unwrap(), groups);
    }

    #[test]
    fn a_line_without_its_answer_is_no_condition_yet() {
        let filter = filter_of(&schema(), kind::DEAL, &[vec![row("amount", "ge", &[]), row("visit", "between", &[])]]).unwrap();
        assert_eq!(filter, Filter::Any);
    }

    #[test]
    fn a_strange_field_or_comparison_is_refused() {
        for bad in [
            row("nothing", "eq", &["1"]),
            row("contact.nothing", "eq", &["1"]),
            row("amount.city", "eq", &["1"]),
            row("~deal.nothing", "has", &[]),
            row("~", "has", &[]),
        ] {
            assert!(filter_of(&schema(), kind::DEAL, &[vec![bad.clone()]]).is_err(), "{bad:?}");
        }
        for bad in [row("amount", "sideways", &["1"]), row(OPEN_TASK, "eq", &["1"])] {
            assert!(filter_of(&schema(), kind::DEAL, &[vec![bad.clone()]]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_cannot_be_written_as_lines_is_told_apart() {
        let deep = Filter::All(vec![Filter::One(vec![Filter::is("amount", Op::Ge, Value::text("1")), Filter::is("visit", Op::Empty, Value::Null)])]);
        assert_eq!(rows_of(&schema(), &deep), None);
    }
}
