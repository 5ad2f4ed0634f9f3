//! How records are called and numbered: names made of answers, numbers of counters (domain.md C.11).

use crate::doors::{Read, Tx};
use crate::entity::{EntityType, code};
use crate::event::Cause;
use crate::failure::Outcome;
use crate::field::FieldKind;
use crate::ids::ItemRef;
use crate::item::Item;
use crate::label::Lang;
use crate::rights::Rights;
use crate::text::{Piece, pieces};
use crate::value::{Value, Values};
use jiff::tz::TimeZone;

/// Longest name of a record.
const LONGEST_TITLE: usize = 255;

/// The name that a record gets when nobody gives it one.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn title(read: &dyn Read, shape: &EntityType, item: &Item) -> Outcome<String> {
    if shape.naming.trim().is_empty() {
        return Ok(default_title(shape, &item.values));
    }
    let mut text = String::new();
    for piece in pieces(&shape.naming) {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Hole { name: code::ID, .. } => text.push_str(&if item.id == 0 { String::new() } else { item.id.to_string() }),
            Piece::Hole { name, .. } => text.push_str(&first_answer(read, shape, item, name)?),
        }
    }
    // What stood between two empty holes would hang in the air.
    let trimmed = text.trim().trim_matches(|letter: char| letter.is_whitespace() || "—–-,·:/№".contains(letter));
    let words: Vec<&str> = trimmed.split_whitespace().collect();
    let named: String = words.join(" ").chars().take(LONGEST_TITLE).collect();
    Ok(if named.is_empty() { default_title(shape, &item.values) } else { named })
}

/// Of several names in one hole, `{{contact.title|phone}}`, the first that is answered.
fn first_answer(read: &dyn Read, shape: &EntityType, item: &Item, names: &str) -> Outcome<String> {
    for name in names.split('|') {
        let answer = hole(read, shape, item, name.trim())?;
        if !answer.is_empty() {
            return Ok(answer);
        }
    }
    Ok(String::new())
}

fn hole(read: &dyn Read, shape: &EntityType, item: &Item, name: &str) -> Outcome<String> {
    let (holder, code) = match name.split_once('.') {
        None => (item.clone(), name),
        Some((link, code)) => {
            let at = match (shape.field(link).map(|field| &field.kind), item.values.get(link)) {
                (Some(FieldKind::Link { to }), Value::Int(id)) => ItemRef::new(*to, *id),
                (Some(FieldKind::AnyItem), Value::Ref(one)) => one.item,
                _ => return Ok(String::new()),
            };
            match read.item(&Rights::system(), at)? {
                Some(linked) => (linked, code),
                None => return Ok(String::new()),
            }
        }
    };
    if code == code::ID {
        return Ok(holder.id.to_string());
    }
    let schema = read.schema();
    let Some(field) = schema.field(holder.kind, code) else { return Ok(String::new()) };
    Ok(crate::format::answer(read, &Rights::system(), &holder, field, &TimeZone::UTC, Lang::Ru))
}

/// A person is called by his name or phone, anything else by its kind.
fn default_title(shape: &EntityType, values: &Values) -> String {
    let name = [values.text("last_name"), values.text("first_name"), values.text("middle_name")];
    let name: Vec<&str> = name.into_iter().filter(|part| !part.is_empty()).collect();
    if !name.is_empty() {
        return name.join(" ");
    }
    let point = values.points(code::PHONE).first().or_else(|| values.points(code::EMAIL).first());
    point.map_or_else(|| shape.title.ru.clone(), |point| point.raw.clone())
}

/// Whether the name can only be known once the number is.
pub(crate) fn needs_number(shape: &EntityType) -> bool {
    pieces(&shape.naming).iter().any(|piece| matches!(piece, Piece::Hole { name: code::ID, .. }))
}

/// Gives a new item the numbers of its counters, in the transaction that makes it: a number is taken only by what is.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn number(tx: &mut dyn Tx, cause: &Cause, shape: &EntityType, item: &mut Item) -> Outcome<()> {
    for field in &shape.fields {
        let FieldKind::Counter { pattern, reset } = &field.kind else { continue };
        if !item.values.get(&field.code).is_empty() {
            continue;
        }
        let tokens = Tokens::of(tx.read(), cause, shape, item, pattern)?;
        let number = tx.next_number(&tokens.counter(&format!("{}.{}", shape.code, field.code), pattern, reset))?;
        item.values.set(field.code.clone(), Value::Text(tokens.fill(pattern, number)));
    }
    Ok(())
}

/// What stands behind the tokens of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Tokens {
    org: String,
    office: String,
    parent: String,
    year: i16,
    month: i8,
}

impl Tokens {
    fn of(read: &dyn Read, cause: &Cause, shape: &EntityType, item: &Item, pattern: &str) -> Outcome<Tokens> {
        let office = item.values.int(code::OFFICE).unwrap_or(0);
        let zone = crate::calendar::office_zone(read, office)?;
        let today = cause.at.timestamp().to_zoned(zone).date();
        let mut tokens = Tokens { year: today.year(), month: today.month(), ..Tokens::default() };
        if pattern.contains("{OFFICE}") || pattern.contains("{ORG}") {
            let departments = read.departments()?;
            tokens.office = departments.iter().find(|one| one.id == office).map(|one| one.code.to_uppercase()).unwrap_or_default();
            tokens.org = departments.iter().find(|one| one.parent == 0).map(|one| one.code.to_uppercase()).unwrap_or_default();
        }
        if pattern.contains("{PARENT}") {
            tokens.parent = parent(read, shape, item)?;
        }
        Ok(tokens)
    }

    /// Under which name the numbers run: a new run for each office, parent, year or month that the pattern or its reset names.
    fn counter(&self, field: &str, pattern: &str, reset: &str) -> String {
        let mut name = field.to_owned();
        for (token, value) in [("{ORG}", &self.org), ("{OFFICE}", &self.office), ("{PARENT}", &self.parent)] {
            if pattern.contains(token) {
                name = format!("{name}:{value}");
            }
        }
        match reset {
            "year" => format!("{name}:{}", self.year),
            "month" => format!("{name}:{}-{:02}", self.year, self.month),
            _ => name,
        }
    }

    fn fill(&self, pattern: &str, number: i64) -> String {
        let mut text = pattern
            .replace("{ORG}", &self.org)
            .replace("{OFFICE}", &self.office)
            .replace("{PARENT}", &self.parent)
            .replace("{YYYY}", &self.year.to_string())
            .replace("{YY}", &format!("{:02}", self.year.rem_euclid(100)))
            .replace("{MM}", &format!("{:02}", self.month))
            .replace("{LUHN}", &crate::check::with_luhn(u32::try_from(1_000_000 + number).unwrap_or(u32::MAX)));
        while let Some((start, width, end)) = sequence(&text) {
            text.replace_range(start..end, &format!("{number:0width$}"));
        }
        text
    }
}

/// Where `{SEQ}` or `{SEQ:6}` stands and how wide it is.
fn sequence(text: &str) -> Option<(usize, usize, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("{SEQ") {
        let start = from + found;
        let close = start + text[start..].find('}')?;
        match &text[start + 4..close] {
            "" => return Some((start, 1, close + 1)),
            width => {
                if let Some(width) = width.strip_prefix(':').and_then(|width| width.parse::<usize>().ok()).filter(|width| *width <= 12) {
                    return Some((start, width, close + 1));
                }
            }
        }
        from = close;
    }
    None
}

/// The number of the record above: of the first linked record that has a counter.
fn parent(read: &dyn Read, shape: &EntityType, item: &Item) -> Outcome<String> {
    let schema = read.schema();
    for field in &shape.fields {
        let at = match (&field.kind, item.values.get(&field.code)) {
            (FieldKind::Link { to }, Value::Int(id)) => ItemRef::new(*to, *id),
            (FieldKind::AnyItem, Value::Ref(one)) => one.item,
            _ => continue,
        };
        let Some(counter) = schema.kind(at.kind).and_then(|kind| kind.fields.iter().find(|one| matches!(one.kind, FieldKind::Counter { .. }))) else {
            continue;
        };
        if let Some(above) = read.item(&Rights::system(), at)? {
            return Ok(above.values.text(&counter.code).to_owned());
        }
    }
    Ok(String::new())
}

/// An amount as it can be typed: `12345,67`.
pub(crate) fn plain_amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{},{:02}", (minor / 100).unsigned_abs(), (minor % 100).unsigned_abs())
}

/// A number of a document as it is searched for: without case, spaces, dashes and №, look-alike letters made one
/// (domain.md C.11.5).
pub fn searched_number(text: &str) -> String {
    let twins = |letter: char| match letter {
        'а' => 'a',
        'в' => 'b',
        'е' => 'e',
        'к' => 'k',
        'м' => 'm',
        'н' => 'h',
        'о' => 'o',
        'р' => 'p',
        'с' => 'c',
        'т' => 't',
        'у' => 'y',
        'х' => 'x',
        other => other,
    };
    text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).map(twins).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens { org: "VEKHA".into(), office: "КЗН01".into(), parent: "ДУ-2026-00001".into(), year: 2026, month: 4 }
    }

    #[test]
    fn numbers_look_as_the_firms_write_them() {
        for (pattern, number, text) in [
            ("ДУ-{YYYY}-{SEQ:5}", 1, "ДУ-2026-00001"),
            ("{PARENT}/{SEQ:1}", 1, "ДУ-2026-00001/1"),
            ("{PARENT}-ДС{SEQ:1}", 12, "ДУ-2026-00001-ДС12"),
            ("{OFFICE}-К{YY}{MM}-{SEQ:4}", 1, "КЗН01-К2604-0001"),
            ("T-{SEQ:6}", 123, "T-000123"),
            ("{LUHN}", 1, "10000016"),
            ("{SEQ}", 7, "7"),
            ("без номера", 7, "без номера"),
            ("{SEQ:x}{SEQ", 7, "{SEQ:x}{SEQ"),
            ("{SEQ:99}", 7, "{SEQ:99}"),
        ] {
            assert_eq!(tokens().fill(pattern, number), text, "{pattern}");
        }
    }

    #[test]
    fn a_counter_begins_anew_where_its_pattern_or_reset_says() {
        assert_eq!(tokens().counter("appeal.number", "ОБР-{YYYY}-{SEQ:6}", "year"), "appeal.number:2026");
        assert_eq!(tokens().counter("receipt.number", "{OFFICE}-К{YY}{MM}-{SEQ:4}", "month"), "receipt.number:КЗН01:2026-04");
        assert_eq!(tokens().counter("annex.number", "{PARENT}/{SEQ:1}", "never"), "annex.number:ДУ-2026-00001");
    }

    #[test]
    fn a_number_is_found_however_it_is_typed() {
        assert_eq!(searched_number("ДУ-2026-00001"), searched_number("№ ду 2026 00001"));
        assert_eq!(searched_number("КЗН01"), searched_number("K3Н01").replace('3', "з"));
    }
}
