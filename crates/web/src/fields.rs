//! A field on the screen: how its answer is shown, how it is asked for, how an answer that came back is read.

mod asked;
mod given;
mod rich;

pub(crate) use asked::{Input, input, is_askable};
pub(crate) use given::{given, local, moment, taken};
pub(crate) use rich::rich;

use crate::answers::Answers;
use crate::trouble::escape;
use crate::view::slug;
use askama::filters::Safe;
use crm::{Field, FieldKind, FileId, Item, ItemRef, Rights, Value};

/// What stands in place of a masked answer: always as many, so that its length tells nothing.
pub(crate) const DOTS: &str = "••••••";

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
    /// Needed on this stage and not there.
    pub lacking: bool,
    /// Stands there as dots until somebody asks.
    pub masked: bool,
    /// How a formula works its answer out.
    pub expression: String,
    /// What is doubtful about the answer.
    pub doubt: String,
    /// Takes the whole width: tables, long texts.
    pub wide: bool,
}

/// The answer to a field, with links on phones, addresses and records; a masked one as dots.
pub(crate) fn shown(answers: &Answers<'_>, item: &Item, field: &Field, may_change: bool) -> Shown {
    let value = item.values.get(&field.code);
    let masked = field.masked && !value.is_empty();
    let html = if masked { DOTS.to_owned() } else { html(answers, item, field, value) };
    let wide = matches!(field.kind, FieldKind::Record { .. } | FieldKind::RichText) || value.as_text().is_some_and(|text| text.len() > 240);
    let doubt = match (&field.kind, value.as_text()) {
        (FieldKind::Requisite { check }, Some(stored)) => check.doubt(stored).map(|doubt| doubt.get(answers.lang).to_owned()).unwrap_or_default(),
        _ => String::new(),
    };
    Shown {
        code: field.code.clone(),
        title: field.title.get(answers.lang).to_owned(),
        html: Safe(html),
        empty: value.is_empty(),
        aside: false,
        editable: may_change && !field.is_kept() && is_askable(field) && answers.rights.writes(item.kind, &field.code),
        required: field.required,
        lacking: false,
        masked,
        expression: match &field.kind {
            FieldKind::Formula { expression, .. } => expression.clone(),
            _ => String::new(),
        },
        doubt,
        wide: wide && !value.is_empty(),
    }
}

/// A masked answer as it is: whoever calls writes down that somebody looked.
pub(crate) fn revealed(answers: &Answers<'_>, item: &Item, field: &Field) -> String {
    let open = Field { masked: false, ..field.clone() };
    html(answers, item, &open, item.values.get(&field.code))
}

fn html(answers: &Answers<'_>, item: &Item, field: &Field, value: &Value) -> String {
    match (&field.kind, value) {
        (_, Value::Null) => String::new(),
        (FieldKind::Record { fields }, value) => table(answers, item, fields, value),
        (_, Value::Many(list)) => {
            let between = match field.kind {
                FieldKind::Choice { .. } | FieldKind::User | FieldKind::Image => " ",
                FieldKind::File | FieldKind::Address => "<br>",
                _ => ", ",
            };
            list.iter().map(|one| html(answers, item, field, one)).collect::<Vec<_>>().join(between)
        }
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
            let face = format!("<span class=\"avatar avatar-xs tint-{}\" aria-hidden=\"true\">{}</span>", person.color, escape(&person.initials));
            format!("<span class=\"person\">{face} {}</span>", escape(&person.name))
        }
        (FieldKind::Choice { options }, Value::Text(code)) => match options.iter().find(|option| option.code == *code) {
            Some(option) if is_color(&option.color) => {
                let title = escape(option.title.get(answers.lang));
                format!("<span class=\"chip\" style=\"background:{};color:{}\">{title}</span>", option.color, ink(&option.color))
            }
            _ if field.multiple => format!("<span class=\"chip plain\">{}</span>", escape(&answers.value(item, field, value))),
            _ => escape(&answers.value(item, field, value)),
        },
        (FieldKind::RichText, Value::Text(text)) => format!("<div class=\"rich\">{}</div>", rich(text)),
        (FieldKind::LongText | FieldKind::Pattern, Value::Text(text)) => format!("<span class=\"long\">{}</span>", escape(text)),
        (FieldKind::Image, Value::Int(id)) => {
            let name = file_name(answers, *id);
            format!(
                "<a class=\"thumb\" href=\"/files/{id}?show\" target=\"_blank\" rel=\"noopener\"><img src=\"/files/{id}?show\" alt=\"{name}\" loading=\"lazy\"></a>"
            )
        }
        (FieldKind::File, Value::Int(id)) => format!("<a class=\"file-link\" href=\"/files/{id}\" download>{}</a>", file_name(answers, *id)),
        (FieldKind::Requisite { .. }, Value::Text(_)) => format!("<span class=\"requisite\">{}</span>", escape(&answers.value(item, field, value))),
        _ => escape(&answers.value(item, field, value)),
    }
}

fn file_name(answers: &Answers<'_>, id: i64) -> String {
    escape(&answers.read.file(FileId(id)).ok().flatten().map_or_else(|| format!("№ {id}"), |file| file.name))
}

/// Rows of answers as a table; one row alone as lines.
fn table(answers: &Answers<'_>, item: &Item, fields: &[Field], value: &Value) -> String {
    let seen: Vec<&Field> = fields.iter().filter(|field| !matches!(field.kind, FieldKind::Secret)).collect();
    let heads: String = seen.iter().map(|field| format!("<th scope=\"col\">{}</th>", escape(field.title.get(answers.lang)))).collect();
    let mut rows = String::new();
    for row in value.as_list() {
        let Value::Record(values) = row else { continue };
        let inner = Item { values: values.clone(), ..item.clone() };
        let cells: String = seen.iter().map(|field| format!("<td>{}</td>", html(answers, &inner, field, values.get(&field.code)))).collect();
        rows.push_str(&format!("<tr>{cells}</tr>"));
    }
    if rows.is_empty() {
        String::new()
    } else {
        format!("<div class=\"inner-table\"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>")
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

/// The fields of a type that this reader may see, in order.
pub(crate) fn visible<'a>(shape: &'a crm::EntityType, rights: &Rights) -> Vec<&'a Field> {
    shape.fields.iter().filter(|field| rights.sees(shape.id, &field.code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_in_a_web_address_stays_text() {
        assert!(!web_link("javascript:alert(1)").contains("href=\"javascript"));
        assert!(!web_link("javascript://x/%0aalert(1)").contains("<a"));
        assert!(web_link("example.com").contains("href=\"https://example.com\""));
    }

    #[test]
    fn titles_on_a_stage_can_be_read() {
        assert_eq!(ink("#FFD15C"), "#14181f");
        assert_eq!(ink("#1f2a3a"), "#ffffff");
    }
}
