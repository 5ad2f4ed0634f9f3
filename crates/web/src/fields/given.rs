//! Answers as they stand in a form, and as they come back from it.

use crm::{Date, Field, FieldKind, Moment, Value, Values};
use jiff::tz::TimeZone;

/// An answer as it stands in a form.
pub(super) fn raw(field: &Field, value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Text(text) => match &field.kind {
            FieldKind::Requisite { check } => check.pretty(text),
            _ => text.clone(),
        },
        Value::Int(number) => number.to_string(),
        Value::Flag(flag) => i64::from(*flag).to_string(),
        Value::Money(money) => {
            let (whole, rest) = (money.minor / 100, (money.minor % 100).abs());
            let sign = if money.minor < 0 && whole == 0 { "-" } else { "" };
            if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:02}") }
        }
        Value::Decimal(decimal) => {
            let sign = if decimal.scaled < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:04}", decimal.scaled.abs() / 10_000, decimal.scaled.abs() % 10_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Date(one) => one.date.to_string(),
        Value::Moment(one) => local(one.at, zone),
        Value::Points(points) => points.list.iter().map(|point| point.raw.as_str()).collect::<Vec<_>>().join("\n"),
        Value::Many(list) => list.iter().map(|one| raw(field, one, zone)).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Ref(_) | Value::Record(_) => String::new(),
    }
}

/// A moment as `<input type="datetime-local">` wants it.
pub(crate) fn local(at: Moment, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// What a whole form gave as an answer to a field; `None` when the form did not ask for it. Parts of an address come as
/// `address.city`, rows of a table as `creditors.0.amount`.
pub(crate) fn taken(field: &Field, form: &[(String, String)], zone: &TimeZone) -> Option<Value> {
    let inside = format!("{}.", field.code);
    let parts: Vec<(&str, &str)> = form.iter().filter_map(|(name, text)| name.strip_prefix(&inside).map(|rest| (rest, text.as_str()))).collect();
    let texts: Vec<&str> = form.iter().filter(|(name, _)| *name == field.code).map(|(_, text)| text.as_str()).collect();
    match &field.kind {
        FieldKind::Address if !field.multiple && !parts.is_empty() => {
            let parts: Vec<(&str, Value)> = parts.iter().filter(|(_, text)| !text.trim().is_empty()).map(|(code, text)| (*code, Value::text(*text))).collect();
            Some(if parts.is_empty() { Value::Null } else { Value::Record(Values(parts.into_iter().map(|(code, text)| (code.to_owned(), text)).collect())) })
        }
        FieldKind::Record { fields } if !parts.is_empty() || !texts.is_empty() => Some(rows(field, fields, &parts, zone)),
        _ => (!texts.is_empty()).then(|| given(field, &texts, zone)),
    }
}

/// Rows in the order in which they stand in the form; rows in which nothing stands are none.
fn rows(field: &Field, inner: &[Field], parts: &[(&str, &str)], zone: &TimeZone) -> Value {
    let mut order: Vec<&str> = Vec::new();
    for row in parts.iter().filter_map(|(rest, _)| rest.split_once('.')).map(|(row, _)| row) {
        if !order.contains(&row) {
            order.push(row);
        }
    }
    let of = |row: &str| {
        let form: Vec<(String, String)> = parts
            .iter()
            .filter_map(|(rest, text)| rest.split_once('.').filter(|(one, _)| *one == row).map(|(_, code)| (code.to_owned(), (*text).to_owned())))
            .collect();
        let values = inner.iter().filter_map(|field| Some((field.code.clone(), taken(field, &form, zone)?))).filter(|(_, value)| !value.is_empty());
        Values(values.collect())
    };
    let mut list: Vec<Value> = order.into_iter().map(of).filter(|row| !row.0.is_empty()).map(Value::Record).collect();
    match field.multiple {
        true => Value::Many(list),
        false if list.is_empty() => Value::Null,
        false => list.swap_remove(0),
    }
}

/// What a form gave as an answer to a field: times are meant in the firm's zone. The field itself judges it afterwards.
pub(crate) fn given(field: &Field, texts: &[&str], zone: &TimeZone) -> Value {
    let one = |text: &str| -> Value {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Value::Null;
        }
        match field.kind {
            FieldKind::Moment => moment(text, zone).map_or_else(|| Value::text(text), Value::moment),
            FieldKind::Date => text.trim().parse::<Date>().map_or_else(|_| Value::text(text), Value::date),
            _ => Value::text(text.replace("\r\n", "\n")),
        }
    };
    if field.is_points() {
        return Value::Many(texts.iter().flat_map(|text| text.lines()).map(one).filter(|value| !value.is_empty()).collect());
    }
    match field.multiple {
        true => Value::Many(texts.iter().map(|text| one(text)).filter(|value| !value.is_empty()).collect()),
        false => texts.first().map_or(Value::Null, |text| one(text)),
    }
}

/// A local date and time in a zone; a date alone is the end of the working day.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Option<Moment> {
    let local = text.trim().parse::<jiff::civil::DateTime>().ok()?;
    let local = if text.trim().len() <= 10 { local.date().at(18, 0, 0, 0) } else { local };
    local.to_zoned(zone.clone()).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_time_in_a_form_is_the_firms_time() {
        let almaty = TimeZone::get("Asia/Almaty").unwrap();
        let at = moment("2026-11-25T15:30", &almaty).unwrap();
        assert_eq!(at, Moment::from_timestamp("2026-11-25T10:30:00Z".parse().unwrap()));
        assert_eq!(local(at, &almaty), "2026-11-25T15:30");
        assert_eq!(moment("2026-11-25", &almaty), moment("2026-11-25T18:00", &almaty));
    }

    #[test]
    fn an_amount_goes_into_a_form_and_back_unchanged() {
        let field = Field { least: Some(-1_000_000), ..Field::new("amount", "Сумма", "Amount", FieldKind::Money) };
        for minor in [0, 1, -1, 99, -50, 1_500_050, -1_500_000] {
            let text = raw(&field, &Value::money(minor), &TimeZone::UTC);
            assert_eq!(field.accept(&given(&field, &[&text], &TimeZone::UTC)), Ok(Value::money(minor)), "{text}");
        }
    }

    #[test]
    fn an_address_comes_back_in_its_parts_and_an_emptied_one_is_no_answer() {
        let field = Field::new("address", "Адрес", "Address", FieldKind::Address);
        let full = taken(&field, &form(&[("address.city", "Омск"), ("address.house", "7"), ("address.flat", " ")]), &TimeZone::UTC);
        assert_eq!(full, Some(Value::Record(Values::from([("city", Value::text("Омск")), ("house", Value::text("7"))]))));
        assert_eq!(taken(&field, &form(&[("address.city", "")]), &TimeZone::UTC), Some(Value::Null));
        assert_eq!(taken(&field, &form(&[("title", "x")]), &TimeZone::UTC), None);
    }

    #[test]
    fn rows_come_back_in_the_order_on_the_screen_without_empty_ones() {
        let inner = vec![Field::new("name", "Кто", "Who", FieldKind::Text), Field::new("sum", "Сумма", "Sum", FieldKind::Money)];
        let field = Field::new("creditors", "Кредиторы", "Creditors", FieldKind::Record { fields: inner }).multiple();
        let sent =
            form(&[("creditors", ""), ("creditors.4.name", "Банк Б"), ("creditors.4.sum", "100"), ("creditors.9.name", ""), ("creditors.1.name", "Банк А")]);
        let Some(Value::Many(rows)) = taken(&field, &sent, &TimeZone::UTC) else { panic!() };
        let names: Vec<&str> = rows.iter().filter_map(|row| if let Value::Record(row) = row { Some(row.text("name")) } else { None }).collect();
        assert_eq!(names, ["Банк Б", "Банк А"]);
        assert_eq!(taken(&field, &form(&[("creditors", "")]), &TimeZone::UTC), Some(Value::Many(Vec::new())), "all rows were taken away");
    }
}
