//! Answers as a person reads them: amounts, dates, phones, in the reader's language and the firm's zone.

use crate::doors::Read;
use crate::entity::{Schema, code};
use crate::field::{Field, FieldKind};
use crate::ids::{FileId, ItemRef, PipelineId, StageId, UserId};
use crate::item::Item;
use crate::label::Lang;
use crate::rights::Rights;
use crate::time::{Date, Moment};
use crate::value::Value;
use jiff::tz::TimeZone;

/// `12 345,67 ₽` in Russian, `12,345.67 RUB` in English; whole amounts without the fraction.
pub fn money(minor: i64, currency: &str, lang: Lang) -> String {
    let whole = grouped((minor / 100).unsigned_abs(), if lang == Lang::Ru { '\u{a0}' } else { ',' });
    let sign = if minor < 0 { "−" } else { "" };
    let fraction = (minor % 100).unsigned_abs();
    let point = if lang == Lang::Ru { ',' } else { '.' };
    let amount = if fraction == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}{point}{fraction:02}") };
    let unit = match (lang, currency) {
        (Lang::Ru, "RUB") => "₽",
        (Lang::Ru, "KZT") => "₸",
        (Lang::Ru, "USD") => "$",
        (Lang::Ru, "EUR") => "€",
        (_, other) => other,
    };
    if unit.is_empty() { amount } else { format!("{amount}\u{a0}{unit}") }
}

/// A number with its thousands apart.
pub fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * separator.len_utf8());
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// `25.11.2026` in Russian, `25 Nov 2026` in English.
pub fn date(date: Date, lang: Lang) -> String {
    match lang {
        Lang::Ru => date.strftime("%d.%m.%Y").to_string(),
        Lang::En => date.strftime("%-d %b %Y").to_string(),
    }
}

/// Date and time of day in a zone.
pub fn moment(at: Moment, zone: &TimeZone, lang: Lang) -> String {
    let zoned = at.timestamp().to_zoned(zone.clone());
    format!("{} {}", date(zoned.date(), lang), zoned.strftime("%H:%M"))
}

/// `+7 999 000-11-22` for Russian and Kazakh numbers; others as they are stored.
pub fn phone(normal: &str) -> String {
    match (normal.strip_prefix("+7"), normal.len()) {
        (Some(rest), 12) if rest.is_ascii() => format!("+7 {} {}-{}-{}", &rest[..3], &rest[3..6], &rest[6..8], &rest[8..]),
        _ => normal.to_owned(),
    }
}

/// The answer to a field of an item. Users and linked items are looked up; empty answers give an empty text.
pub fn answer(read: &dyn Read, rights: &Rights, item: &Item, field: &Field, zone: &TimeZone, lang: Lang) -> String {
    value(read, rights, item, field, item.values.get(&field.code), zone, lang)
}

/// Any value as an answer to a field of an item: for histories, which hold old values.
pub fn value(read: &dyn Read, rights: &Rights, item: &Item, field: &Field, value: &Value, zone: &TimeZone, lang: Lang) -> String {
    let one = |value: &Value| single(read, rights, item, field, value, zone, lang);
    match value {
        Value::Many(list) => list.iter().map(one).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(if is_long(field) { "; " } else { ", " }),
        other => one(other),
    }
}

/// Answers that hold commas themselves are kept apart by something else.
fn is_long(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Address | FieldKind::Record { .. })
}

fn single(read: &dyn Read, rights: &Rights, item: &Item, field: &Field, value: &Value, zone: &TimeZone, lang: Lang) -> String {
    let schema = read.schema();
    let title_of = |at: ItemRef| read.item(rights, at).ok().flatten().map(|item| item.title().to_owned());
    match (&field.kind, value) {
        (_, Value::Null) => String::new(),
        (FieldKind::User, Value::Int(id)) => user(read, UserId(*id), lang),
        (FieldKind::Link { to }, Value::Int(id)) => title_of(ItemRef::new(*to, *id)).unwrap_or_else(|| format!("№ {id}")),
        (FieldKind::Stage, Value::Int(id)) => stage(&schema, StageId(*id), lang),
        (FieldKind::Pipeline, Value::Int(id)) => schema.pipelines.get(&PipelineId(*id)).map(|one| one.title.get(lang).to_owned()).unwrap_or_default(),
        (FieldKind::Choice { options }, Value::Text(code)) => {
            options.iter().find(|option| option.code == *code).map_or_else(|| code.clone(), |option| option.title.get(lang).to_owned())
        }
        (FieldKind::Department, Value::Int(id)) => department(read, *id, lang),
        (FieldKind::File | FieldKind::Image, Value::Int(id)) => read.file(FileId(*id)).ok().flatten().map(|file| file.name).unwrap_or_default(),
        (FieldKind::Requisite { check }, Value::Text(text)) => check.pretty(text),
        (FieldKind::Address, Value::Record(parts)) => crate::address::line(parts),
        (FieldKind::Record { fields }, Value::Record(row)) => {
            let inner = Item { values: row.clone(), ..item.clone() };
            let said = fields.iter().map(|field| value_of(read, rights, &inner, field, zone, lang)).filter(|text| !text.is_empty());
            said.collect::<Vec<_>>().join(" · ")
        }
        (_, Value::Money(amount)) => money(amount.minor, item.values.text(code::CURRENCY), lang),
        (_, Value::Flag(flag)) => match (lang, flag) {
            (Lang::Ru, true) => "да",
            (Lang::Ru, false) => "нет",
            (Lang::En, true) => "yes",
            (Lang::En, false) => "no",
        }
        .to_owned(),
        (_, Value::Int(number)) => number.to_string(),
        (_, Value::Decimal(decimal)) => {
            let text = format!("{}.{:04}", decimal.scaled / 10_000, (decimal.scaled % 10_000).unsigned_abs());
            let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
            if lang == Lang::Ru { text.replace('.', ",") } else { text }
        }
        (_, Value::Text(text)) => text.clone(),
        (_, Value::Date(one)) => date(one.date, lang),
        (_, Value::Moment(one)) => moment(one.at, zone, lang),
        (_, Value::Ref(one)) => title_of(one.item).unwrap_or_default(),
        (FieldKind::Phone, Value::Points(points)) => points.list.iter().map(|point| phone(&point.normal)).collect::<Vec<_>>().join(", "),
        (_, Value::Points(points)) => points.list.iter().map(|point| point.raw.clone()).collect::<Vec<_>>().join(", "),
        (_, Value::Many(_) | Value::Record(_)) => String::new(),
    }
}

fn value_of(read: &dyn Read, rights: &Rights, item: &Item, field: &Field, zone: &TimeZone, lang: Lang) -> String {
    value(read, rights, item, field, item.values.get(&field.code), zone, lang)
}

/// Title of a department or office.
pub fn department(read: &dyn Read, id: i64, lang: Lang) -> String {
    let all = read.departments().unwrap_or_default();
    all.into_iter().find(|one| one.id == id).map(|one| one.title.get(lang).to_owned()).unwrap_or_default()
}

/// Title of a stage.
pub fn stage(schema: &Schema, id: StageId, lang: Lang) -> String {
    schema.stage(id).map(|(_, stage)| stage.title.get(lang).to_owned()).unwrap_or_default()
}

/// Name of a member of staff; the system has a name too.
pub fn user(read: &dyn Read, id: UserId, lang: Lang) -> String {
    match (id, lang) {
        (UserId::SYSTEM, Lang::Ru) => "Система".to_owned(),
        (UserId::SYSTEM, Lang::En) => "System".to_owned(),
        _ => read.user(id).ok().flatten().map(|user| user.name()).unwrap_or_default(),
    }
}

/// The form of a Russian noun for a number: `plural(5, ["задача", "задачи", "задач"])` (domain.md C.12).
pub fn plural(number: u64, forms: [&str; 3]) -> &str {
    match (number % 100, number % 10) {
        (11..=14, _) => forms[2],
        (_, 1) => forms[0],
        (_, 2..=4) => forms[1],
        _ => forms[2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(money(123_456_789, "RUB", Lang::Ru), "1\u{a0}234\u{a0}567,89\u{a0}₽");
        assert_eq!(money(-50_050, "RUB", Lang::Ru), "−500,50\u{a0}₽");
        assert_eq!(money(1_500_000, "KZT", Lang::En), "15,000\u{a0}KZT");
    }

    #[test]
    fn russian_nouns_follow_their_number() {
        let day = |number| plural(number, ["день", "дня", "дней"]);
        for (number, form) in
            [(0, "дней"), (1, "день"), (2, "дня"), (5, "дней"), (11, "дней"), (14, "дней"), (21, "день"), (22, "дня"), (111, "дней"), (1001, "день")]
        {
            assert_eq!(day(number), form, "{number}");
        }
    }

    #[test]
    fn a_moment_is_read_in_the_zone_of_the_firm() {
        let almaty = TimeZone::get("Asia/Almaty").unwrap();
        let at = Moment::from_timestamp("2026-11-25T20:30:00Z".parse().unwrap());
        assert_eq!(moment(at, &almaty, Lang::Ru), "26.11.2026 01:30");
    }
}
