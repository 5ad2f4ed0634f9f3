//! A field on the screen: how its answer is shown, how it is asked for, how an answer that came back is read.

use crate::answers::Answers;
use crate::trouble::escape;
use crate::view::slug;
use askama::filters::Safe;
use crm::{Field, FieldKind, Item, ItemRef, Moment, Outcome, Rights, Value};
use jiff::tz::TimeZone;

/// A field with its answer.
pub(crate) struct Shown {
    pub code: String,
    pub title: String,
    pub html: Safe<String>,
    pub empty: bool,
    /// Filled, but shown only on demand.
    pub aside: bool,
    pub editable: bool,
    pub required: bool,
}

/// A field as a question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    pub code: String,
    pub title: String,
    pub help: String,
    /// `text`, `long`, `number`, `money`, `date`, `moment`, `flag`, `choice`, `link`, `points`.
    pub kind: &'static str,
    /// What stands in it; of several answers one a line.
    pub value: String,
    /// What can be chosen: code, title, chosen.
    pub options: Vec<(String, String, bool)>,
    pub multiple: bool,
    pub required: bool,
    /// The word in addresses of the type that a link leads to.
    pub link: String,
    /// Title of the record that a link leads to now.
    pub link_title: String,
    pub error: Option<String>,
}

/// The answer to a field, with links on phones, addresses and records.
pub(crate) fn shown(answers: &Answers<'_>, item: &Item, field: &Field, may_change: bool) -> Shown {
    let value = item.values.get(&field.code);
    Shown {
        code: field.code.clone(),
        title: field.title.get(answers.lang).to_owned(),
        html: Safe(html(answers, item, field, value)),
        empty: value.is_empty(),
        aside: false,
        editable: may_change && !field.read_only && is_askable(field),
        required: field.required,
    }
}

fn html(answers: &Answers<'_>, item: &Item, field: &Field, value: &Value) -> String {
    match (&field.kind, value) {
        (_, Value::Null) => String::new(),
        (_, Value::Many(list)) => list.iter().map(|one| html(answers, item, field, one)).collect::<Vec<_>>().join(", "),
        (FieldKind::Phone, Value::Points(points)) => {
            let line = |point: &crm::value::Point| format!("<a href=\"tel:{}\">{}</a>", escape(&point.normal), escape(&crm::format::phone(&point.normal)));
            points.list.iter().map(line).collect::<Vec<_>>().join("<br>")
        }
        (FieldKind::Email, Value::Points(points)) => {
            points.list.iter().map(|point| format!("<a href=\"mailto:{}\">{}</a>", escape(&point.normal), escape(&point.raw))).collect::<Vec<_>>().join("<br>")
        }
        (FieldKind::Web, Value::Points(points)) => points.list.iter().map(|point| web_link(&point.raw)).collect::<Vec<_>>().join("<br>"),
        (FieldKind::Link { to }, Value::Int(id)) => record_link(answers, ItemRef::new(*to, *id)),
        (FieldKind::AnyItem, Value::Ref(one)) => record_link(answers, one.item),
        (FieldKind::User, Value::Int(id)) => {
            let person = answers.person(crm::UserId(*id));
            format!("<span class=\"avatar avatar-xs tint-{}\">{}</span> {}", person.color, escape(&person.initials), escape(&person.name))
        }
        (FieldKind::Choice { options }, Value::Text(code)) => match options.iter().find(|option| option.code == *code) {
            Some(option) if is_color(&option.color) => {
                format!("<span class=\"dot\" style=\"background:{}\"></span> {}", option.color, escape(option.title.get(answers.lang)))
            }
            _ => escape(&answers.value(item, field, value)),
        },
        (FieldKind::LongText | FieldKind::Pattern, Value::Text(text)) => format!("<span class=\"long\">{}</span>", escape(text)),
        _ => escape(&answers.value(item, field, value)),
    }
}

/// A web address becomes a link only when it is one: `javascript:` stays text.
fn web_link(raw: &str) -> String {
    let whole = if raw.contains("://") { raw.to_owned() } else { format!("https://{raw}") };
    match whole.starts_with("https://") || whole.starts_with("http://") {
        true => format!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">{}</a>", escape(&whole), escape(raw)),
        false => escape(raw),
    }
}

fn record_link(answers: &Answers<'_>, at: ItemRef) -> String {
    match (answers.title(at), answers.schema.kind(at.kind)) {
        (Some(title), Some(shape)) => format!("<a href=\"/{}/{}\" data-slide>{}</a>", slug(shape), at.id, escape(&title)),
        _ => format!("№ {}", at.id),
    }
}

/// A colour that may stand in a style.
pub(crate) fn is_color(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Black or white, whichever is easier to read on this colour.
pub(crate) fn ink(color: &str) -> &'static str {
    let channel = |at: usize| {
        color.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).map_or(0.5, |byte| {
            let part = f64::from(byte) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    };
    let light = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
    if light > 0.179 { "#14181f" } else { "#ffffff" }
}

/// Whether a person can be asked for it in one line of a form.
pub(crate) fn is_askable(field: &Field) -> bool {
    !matches!(field.kind, FieldKind::Record { .. } | FieldKind::File | FieldKind::Secret | FieldKind::AnyItem | FieldKind::Pipeline | FieldKind::Stage)
}

/// The field as a question, with the answer an item has now.
///
/// # Errors
/// Failures of the database.
pub(crate) fn input(answers: &Answers<'_>, field: &Field, value: &Value) -> Outcome<Input> {
    let lang = answers.lang;
    let chosen = |code: &str| value.as_list().iter().any(|one| one.as_text() == Some(code) || one.as_int().is_some_and(|id| id.to_string() == code));
    let mut asked = Input {
        code: field.code.clone(),
        title: field.title.get(lang).to_owned(),
        help: field.help.get(lang).to_owned(),
        kind: "text",
        value: raw(value, &answers.zone),
        multiple: field.multiple,
        required: field.required,
        ..Input::default()
    };
    match &field.kind {
        FieldKind::LongText | FieldKind::Pattern => asked.kind = "long",
        FieldKind::Integer | FieldKind::Decimal => asked.kind = "number",
        FieldKind::Money => asked.kind = "money",
        FieldKind::Date => asked.kind = "date",
        FieldKind::Moment => asked.kind = "moment",
        FieldKind::Flag => {
            asked.kind = "choice";
            asked.options =
                [("1", "yes"), ("0", "no")].into_iter().map(|(code, key)| (code.to_owned(), crate::texts::text(lang, key, &[]), asked.value == code)).collect();
        }
        FieldKind::Choice { options } => {
            asked.kind = "choice";
            asked.options = options.iter().map(|option| (option.code.clone(), option.title.get(lang).to_owned(), chosen(&option.code))).collect();
        }
        FieldKind::User => {
            asked.kind = "choice";
            let users = answers.read.users()?;
            asked.options = users
                .iter()
                .filter(|user| user.active || chosen(&user.id.to_string()))
                .map(|user| (user.id.to_string(), user.name(), chosen(&user.id.to_string())))
                .collect();
        }
        FieldKind::Link { to } => {
            asked.kind = "link";
            asked.link = answers.schema.kind(*to).map(slug).unwrap_or_default();
            asked.link_title = value.as_int().and_then(|id| answers.title(ItemRef::new(*to, id))).unwrap_or_default();
        }
        FieldKind::Stage | FieldKind::Pipeline => {
            asked.kind = "choice";
            let pipelines = answers.schema.pipelines.values();
            asked.options = match field.kind {
                FieldKind::Pipeline => pipelines.map(|one| (one.id.to_string(), one.title.get(lang).to_owned(), chosen(&one.id.to_string()))).collect(),
                _ => {
                    pipelines.flat_map(|one| &one.stages).map(|one| (one.id.to_string(), one.title.get(lang).to_owned(), chosen(&one.id.to_string()))).collect()
                }
            };
        }
        _ if field.is_points() => asked.kind = "points",
        _ => {}
    }
    Ok(asked)
}

/// An answer as it stands in a form.
fn raw(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Text(text) => text.clone(),
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
        Value::Many(list) => list.iter().map(|one| raw(one, zone)).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Ref(_) | Value::Record(_) => String::new(),
    }
}

/// A moment as `<input type="datetime-local">` wants it.
pub(crate) fn local(at: Moment, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string()
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

/// The fields of a type that this reader may see, in order.
pub(crate) fn visible<'a>(shape: &'a crm::EntityType, rights: &Rights) -> Vec<&'a Field> {
    shape.fields.iter().filter(|field| rights.sees(shape.id, &field.code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_a_form_is_the_firms_time() {
        let almaty = TimeZone::get("Asia/Almaty").unwrap();
        let at = moment("2026-11-25T15:30", &almaty).unwrap();
        assert_eq!(at, Moment::from_timestamp("2026-11-25T10:30:00Z".parse().unwrap()));
        assert_eq!(local(at, &almaty), "2026-11-25T15:30");
        assert_eq!(moment("2026-11-25", &almaty), moment("2026-11-25T18:00", &almaty));
    }

    #[test]
    fn a_script_in_a_web_address_stays_text() {
        assert!(!web_link("javascript:alert(1)").contains("href=\"javascript"));
        assert!(!web_link("javascript://x/%0aalert(1)").contains("<a"));
        assert!(web_link("example.com").contains("href=\"https://example.com\""));
    }

    #[test]
    fn an_amount_goes_into_a_form_and_back_unchanged() {
        let field = Field::new("amount", "Сумма", "Amount", FieldKind::Money);
        for minor in [0, 1, -1, 99, -50, 1_500_050, -1_500_000] {
            let text = raw(&Value::money(minor), &TimeZone::UTC);
            assert_eq!(field.accept(&given(&field, &[&text], &TimeZone::UTC)), Ok(Value::money(minor)), "{text}");
        }
    }

    #[test]
    fn titles_on_a_stage_can_be_read() {
        assert_eq!(ink("#FFD15C"), "#14181f");
        assert_eq!(ink("#1f2a3a"), "#ffffff");
    }
}
