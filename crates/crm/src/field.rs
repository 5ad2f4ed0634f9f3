//! One question a record answers; also the questions that triggers, robots and channels ask of their settings.

use crate::check::Check;
use crate::failure::Refusal;
use crate::ids::{EntityTypeId, ItemRef};
use crate::label::Label;
use crate::point;
use crate::query::Filter;
use crate::time::{Date, Moment};
use crate::value::{Decimal, Point, Value, Values};
use serde::{Deserialize, Serialize};

/// How many answers a field with several may have; also rows of a table inside a card.
const MOST_ANSWERS: usize = 500;

/// The largest amount, in minor units (domain.md C.2, V-MONEY).
const MOST_MONEY: u64 = 99_999_999_999_999;

/// What kind of answer a field takes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FieldKind {
    /// One line.
    #[default]
    Text,
    /// Several lines with headings, lists and links, kept as Markdown and shown without any HTML of the writer's.
    RichText,
    /// A number or code with a rule of its own: taxpayer numbers, bank accounts, passports.
    Requisite {
        /// Which rule (domain.md C.2).
        check: Check,
    },
    /// A postal address in parts (domain.md C.4).
    Address,
    /// An answer that follows from others. Kept in its column and worked out anew with every change it depends on.
    Formula {
        /// How: see `crm::formula`.
        expression: String,
        /// What kind of answer comes out.
        result: FormulaResult,
    },
    /// The next number of a counter, taken when the item is made: `ОБР-{YYYY}-{SEQ:6}` (domain.md C.11).
    Counter {
        /// Pattern with tokens.
        pattern: String,
        /// When it begins anew: `never`, `year`, `month`.
        #[serde(default)]
        reset: String,
    },
    /// A department or office.
    Department,
    /// A stored picture, shown on the card.
    Image,
    /// Several lines.
    LongText,
    /// A whole number.
    Integer,
    /// A number with up to four places.
    Decimal,
    /// An amount; its currency is the answer to the item's `currency` field.
    Money,
    /// A day.
    Date,
    /// A moment.
    Moment,
    /// Yes or no.
    Flag,
    /// One of the codes.
    Choice {
        /// What can be chosen.
        options: Vec<Choice>,
    },
    /// An item of one type.
    Link {
        /// The type.
        to: EntityTypeId,
    },
    /// An item of any type.
    AnyItem,
    /// A member of staff.
    User,
    /// A step of a pipeline of the item's own type, or of any type in the settings of a rule.
    Stage,
    /// A pipeline.
    Pipeline,
    /// Phones, normalised.
    Phone,
    /// Addresses of e-mail, normalised.
    Email,
    /// Names in messengers.
    Messenger,
    /// Web addresses.
    Web,
    /// A stored file.
    File,
    /// Named answers inside: settings and tables.
    Record {
        /// The questions inside.
        fields: Vec<Field>,
    },
    /// A channel account with this provider code; empty means any.
    Account {
        /// The provider's code.
        provider: String,
    },
    /// A length of time, written `15m`, `2h`, `3d`.
    Span,
    /// A text with `{{holes}}`.
    Pattern,
    /// A secret: written once, never shown.
    Secret,
    /// The code of a field of the item.
    FieldCode,
}

/// What a formula's answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormulaResult {
    /// A text.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// An amount.
    Money,
    /// A day.
    Date,
    /// A moment.
    Moment,
    /// Yes or no.
    Flag,
}

/// One answer that can be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Stable code: what is stored.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// Colour `#rrggbb`, if it has one.
    #[serde(default)]
    pub color: String,
}

impl Choice {
    /// A choice without a colour.
    pub fn new(code: &str, ru: &str, en: &str) -> Choice {
        Choice { code: code.to_owned(), title: Label::new(ru, en), color: String::new() }
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Field {
    /// Stable code, `[a-z][a-z0-9_]*`, at most 50 letters; also the column's name.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// A hint under the field.
    #[serde(default)]
    pub help: Label,
    /// The kind of answer.
    #[serde(flatten)]
    pub kind: FieldKind,
    /// An item may not be saved without it.
    #[serde(default)]
    pub required: bool,
    /// Codes of the stages from which on an item may not go without it, `STAGE` or `pipeline/STAGE`.
    #[serde(default)]
    pub required_from: Vec<String>,
    /// An item for which this holds may not be saved without it.
    #[serde(default)]
    pub required_when: Option<Filter>,
    /// No two records of the type have the same answer.
    #[serde(default)]
    pub unique: bool,
    /// Shown as dots until somebody asks to see it; the asking is written down.
    #[serde(default)]
    pub masked: bool,
    /// Who saw it is written down (domain.md C.10: the passport group).
    #[serde(default)]
    pub journaled: bool,
    /// A failed check of a requisite is only a warning.
    #[serde(default)]
    pub lenient: bool,
    /// Smallest number (of amounts in whole units of the currency), or fewest letters. An amount may be below zero only where
    /// this says so.
    #[serde(default)]
    pub least: Option<i64>,
    /// Largest number (of amounts in whole units of the currency), or most letters.
    #[serde(default)]
    pub most: Option<i64>,
    /// Title of the tab under which a record shows those that point at it with this field; empty: the plural of their type.
    #[serde(default)]
    pub tab: Label,
    /// Several answers (choices, users, files). Phones and the like are always several.
    #[serde(default)]
    pub multiple: bool,
    /// Only the program writes it.
    #[serde(default)]
    pub read_only: bool,
    /// Not on the card unless it is filled.
    #[serde(default)]
    pub secondary: bool,
    /// Gets an index: filters and sorts at a million rows.
    #[serde(default)]
    pub indexed: bool,
    /// Found by the search box.
    #[serde(default)]
    pub searchable: bool,
    /// Group of rights: `money`, `passport`… Empty: everybody who sees the item sees it.
    #[serde(default)]
    pub group: String,
    /// Answer of a new item.
    #[serde(default)]
    pub default: Value,
}

impl Field {
    /// A field that is optional, writable and unindexed.
    pub fn new(code: &str, ru: &str, en: &str, kind: FieldKind) -> Field {
        Field { code: code.to_owned(), title: Label::new(ru, en), kind, ..<Field as Default>::default() }
    }

    /// The same field, on the card only when it is filled.
    pub fn secondary(mut self) -> Field {
        self.secondary = true;
        self
    }

    /// The same field, required.
    pub fn required(mut self) -> Field {
        self.required = true;
        self
    }

    /// The same field, several answers.
    pub fn multiple(mut self) -> Field {
        self.multiple = true;
        self
    }

    /// The same field, written only by the program.
    pub fn read_only(mut self) -> Field {
        self.read_only = true;
        self
    }

    /// The same field, indexed.
    pub fn indexed(mut self) -> Field {
        self.indexed = true;
        self
    }

    /// The same field, found by search.
    pub fn searchable(mut self) -> Field {
        self.searchable = true;
        self
    }

    /// The same field with a hint.
    pub fn help(mut self, ru: &str, en: &str) -> Field {
        self.help = Label::new(ru, en);
        self
    }

    /// The same field with an answer for new items.
    pub fn default(mut self, value: Value) -> Field {
        self.default = value;
        self
    }

    /// Phones, e-mails and the like: kept beside the item's own table, several of them.
    pub fn is_points(&self) -> bool {
        matches!(self.kind, FieldKind::Phone | FieldKind::Email | FieldKind::Messenger | FieldKind::Web)
    }

    /// Only the program answers it: it is read-only, a formula or the number of a counter.
    pub fn is_kept(&self) -> bool {
        self.read_only || matches!(self.kind, FieldKind::Formula { .. } | FieldKind::Counter { .. })
    }

    /// How many letters one text answer may have.
    pub fn limit(&self) -> usize {
        match self.kind {
            FieldKind::LongText | FieldKind::RichText | FieldKind::Pattern | FieldKind::Record { .. } => 64 * 1024,
            _ => 255,
        }
    }

    /// Turns an answer of any spelling into the stored one, or says what is wrong with it.
    ///
    /// # Errors
    /// Refuses what is no answer to this question; never guesses.
    pub fn accept(&self, value: &Value) -> Result<Value, Refusal> {
        if self.is_points() {
            return self.accept_points(value);
        }
        if self.multiple {
            let list: Vec<Value> = value.as_list().iter().map(|one| self.accept_one(one)).collect::<Result<_, _>>()?;
            let list: Vec<Value> = list.into_iter().filter(|one| !one.is_empty()).collect();
            if list.len() > MOST_ANSWERS {
                return Err(self.wrong(&format!("не больше {MOST_ANSWERS} значений"), &format!("at most {MOST_ANSWERS} values")));
            }
            return Ok(if list.is_empty() { Value::Null } else { Value::Many(list) });
        }
        self.accept_one(value)
    }

    fn accept_one(&self, value: &Value) -> Result<Value, Refusal> {
        if value.is_empty() {
            return Ok(Value::Null);
        }
        let accepted = self.of_kind(value)?;
        self.within_limits(&accepted)?;
        Ok(accepted)
    }

    /// The smallest and largest number, the fewest and most letters.
    fn within_limits(&self, value: &Value) -> Result<(), Refusal> {
        let (size, unit) = match value {
            Value::Int(number) if matches!(self.kind, FieldKind::Integer) => (*number, 1),
            Value::Decimal(decimal) => (decimal.scaled, 10_000),
            Value::Money(amount) => (amount.minor, 100),
            Value::Text(text) if matches!(self.kind, FieldKind::Text | FieldKind::LongText | FieldKind::RichText) => {
                (i64::try_from(text.chars().count()).unwrap_or(i64::MAX), 1)
            }
            _ => return Ok(()),
        };
        let letters = matches!(value, Value::Text(_));
        let least = self.least.or_else(|| matches!(self.kind, FieldKind::Money).then_some(0));
        if let Some(least) = least.filter(|least| size < least.saturating_mul(unit)) {
            return Err(match (letters, self.least) {
                (true, _) => self.wrong(&format!("не меньше {least} знаков"), &format!("at least {least} characters")),
                (false, None) => self.wrong("сумма не может быть меньше нуля", "the amount may not be below zero"),
                (false, Some(_)) => self.wrong(&format!("не меньше {least}"), &format!("at least {least}")),
            });
        }
        match self.most.filter(|most| size > most.saturating_mul(unit)) {
            Some(most) if letters => Err(self.wrong(&format!("не больше {most} знаков"), &format!("at most {most} characters"))),
            Some(most) => Err(self.wrong(&format!("не больше {most}"), &format!("at most {most}"))),
            None => Ok(()),
        }
    }

    fn accept_requisite(&self, check: Check, value: &Value) -> Result<Value, Refusal> {
        let Value::Text(text) = self.accept_text(value)? else { return Ok(Value::Null) };
        match check.accept(&text) {
            Ok(stored) => Ok(Value::Text(stored)),
            // Whatever cannot be read at all is not worth keeping even with a badge.
            Err(_) if self.lenient => Ok(Value::Text(if check.normal(&text).is_empty() { text.trim().to_owned() } else { check.normal(&text) })),
            Err(reason) => Err(self.wrong(&reason.ru, &reason.en)),
        }
    }

    fn accept_money(&self, value: &Value) -> Result<Value, Refusal> {
        let wrong = || self.wrong("нужна сумма, например 15000,50", "an amount is needed, for example 15000.50");
        let minor = match value {
            Value::Money(amount) => amount.minor,
            // Whoever writes 12,345 may mean twelve thousand: three places are never guessed at.
            Value::Text(text) if places(text) > 2 => {
                return Err(self.wrong("в сумме не больше двух знаков после запятой", "an amount has at most two decimal places"));
            }
            _ => scaled(value, 2).ok_or_else(wrong)?,
        };
        match minor.unsigned_abs() <= MOST_MONEY {
            true => Ok(Value::money(minor)),
            false => Err(self.wrong("не больше 999 999 999 999,99", "at most 999,999,999,999.99")),
        }
    }

    fn of_kind(&self, value: &Value) -> Result<Value, Refusal> {
        match &self.kind {
            FieldKind::Text
            | FieldKind::LongText
            | FieldKind::RichText
            | FieldKind::Pattern
            | FieldKind::Secret
            | FieldKind::FieldCode
            | FieldKind::Counter { .. } => self.accept_text(value),
            FieldKind::Requisite { check } => self.accept_requisite(*check, value),
            FieldKind::Address => crate::address::accept(value).map_err(|reason| self.wrong(&reason.ru, &reason.en)),
            FieldKind::Formula { .. } => Ok(value.clone()),
            FieldKind::Span => match value.as_text().and_then(crate::time::parse_span) {
                Some(_) => Ok(value.clone()),
                None => Err(self.wrong("нужен срок: например, 15m, 2h или 3d", "a span is needed, for example 15m, 2h or 3d")),
            },
            FieldKind::Integer
            | FieldKind::Link { .. }
            | FieldKind::User
            | FieldKind::Department
            | FieldKind::Stage
            | FieldKind::Pipeline
            | FieldKind::File
            | FieldKind::Image => whole(value).map(Value::Int).ok_or_else(|| self.wrong("нужно целое число", "a whole number is needed")),
            FieldKind::Account { .. } => match value {
                Value::Int(_) => Ok(value.clone()),
                _ => self.accept_text(value),
            },
            FieldKind::Decimal => match value {
                Value::Decimal(_) => Ok(value.clone()),
                _ => scaled(value, 4).map(|scaled| Value::Decimal(Decimal { scaled })).ok_or_else(|| self.wrong("нужно число", "a number is needed")),
            },
            FieldKind::Money => self.accept_money(value),
            FieldKind::Date => {
                day(value).map(Value::date).ok_or_else(|| self.wrong("нужна дата, например 25.11.2026", "a date is needed, for example 2026-11-25"))
            }
            FieldKind::Moment => moment(value).map(Value::moment).ok_or_else(|| self.wrong("нужны дата и время", "a date and a time are needed")),
            FieldKind::Flag => flag(value).map(Value::Flag).ok_or_else(|| self.wrong("нужно «да» или «нет»", "yes or no is needed")),
            FieldKind::Choice { options } => {
                let code = match value {
                    Value::Int(number) => number.to_string(),
                    _ => value.as_text().unwrap_or_default().to_owned(),
                };
                match options.iter().any(|option| option.code == code) {
                    true => Ok(Value::Text(code)),
                    false => Err(self.wrong("такого варианта нет в списке", "there is no such choice in the list")),
                }
            }
            FieldKind::AnyItem => match value {
                Value::Ref(_) => Ok(value.clone()),
                _ => value
                    .as_text()
                    .and_then(|text| text.parse::<ItemRef>().ok())
                    .map(Value::item)
                    .ok_or_else(|| self.wrong("нужна ссылка на запись", "a link to a record is needed")),
            },
            FieldKind::Record { fields } => match value {
                Value::Record(values) => accept_all(fields, values).map(Value::Record),
                _ => Err(self.wrong("нужна таблица ответов", "a table of answers is needed")),
            },
            FieldKind::Phone | FieldKind::Email | FieldKind::Messenger | FieldKind::Web => self.accept_points(value),
        }
    }

    fn accept_text(&self, value: &Value) -> Result<Value, Refusal> {
        let text = match value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Flag(flag) => if *flag { "1" } else { "0" }.to_owned(),
            _ => return Err(self.wrong("нужен текст", "a text is needed")),
        };
        if text.contains('\0') {
            return Err(self.wrong("в тексте есть недопустимый знак", "the text holds a forbidden character"));
        }
        let length = text.chars().count();
        if length > self.limit() {
            return Err(
                self.wrong(&format!("не больше {} знаков, а здесь {length}", self.limit()), &format!("at most {} characters, this has {length}", self.limit()))
            );
        }
        Ok(Value::Text(text))
    }

    fn accept_points(&self, value: &Value) -> Result<Value, Refusal> {
        let given: Vec<Point> = match value {
            Value::Points(points) => points.list.clone(),
            other => other
                .as_list()
                .iter()
                .filter(|one| !one.is_empty())
                .map(|one| match one.as_text() {
                    Some(text) => Ok(Point { raw: text.to_owned(), ..Point::default() }),
                    None => Err(self.wrong("нужен текст", "a text is needed")),
                })
                .collect::<Result<_, _>>()?,
        };
        let mut list: Vec<Point> = Vec::with_capacity(given.len());
        for mut point in given {
            point.raw = point.raw.trim().to_owned();
            if point.raw.is_empty() {
                continue;
            }
            if point.raw.chars().count() > 255 {
                return Err(self.wrong("не больше 255 знаков", "at most 255 characters"));
            }
            point.normal = match self.kind {
                FieldKind::Phone => point::phone(&point.raw).ok_or_else(|| self.wrong("это не похоже на телефон", "this does not look like a phone"))?,
                FieldKind::Email => {
                    point::email(&point.raw).ok_or_else(|| self.wrong("это не похоже на адрес почты", "this does not look like an e-mail address"))?
                }
                _ => point.raw.to_lowercase(),
            };
            if point.label.is_empty() {
                point.label = if matches!(self.kind, FieldKind::Phone) { "MOBILE" } else { "WORK" }.to_owned();
            }
            if !list.iter().any(|known| known.normal == point.normal) {
                list.push(point);
            }
        }
        if list.len() > 50 {
            return Err(self.wrong("не больше 50 значений", "at most 50 values"));
        }
        Ok(if list.is_empty() { Value::Null } else { Value::points(list) })
    }

    fn wrong(&self, ru: &str, en: &str) -> Refusal {
        let text = Label::new(format!("«{}»: {ru}", self.title.ru), format!("{}: {en}", self.title.en));
        Refusal { code: "wrong_value".into(), text: text.clone(), fields: vec![(self.code.clone(), text)] }
    }
}

/// Accepts answers to all the fields of a form; unknown codes are refused, missing answers get their defaults.
///
/// # Errors
/// One refusal that names every field that is wrong.
pub fn accept_all(fields: &[Field], given: &Values) -> Result<Values, Refusal> {
    let mut accepted = Values::new();
    let mut wrong = Vec::new();
    for code in given.0.keys() {
        if !fields.iter().any(|field| field.code == *code) {
            wrong.push((code.clone(), Label::new(format!("неизвестное поле «{code}»"), format!("unknown field {code}"))));
        }
    }
    for field in fields {
        let value = match given.get(&field.code) {
            Value::Null => &field.default,
            value => value,
        };
        match field.accept(value) {
            Ok(Value::Null) if field.required => {
                wrong.push((field.code.clone(), Label::new(format!("заполните «{}»", field.title.ru), format!("{} is required", field.title.en))));
            }
            Ok(Value::Null) => {}
            Ok(value) => accepted.set(field.code.clone(), value),
            Err(refusal) => wrong.extend(refusal.fields),
        }
    }
    match wrong.is_empty() {
        true => Ok(accepted),
        false => Err(Refusal { fields: wrong, ..Refusal::new("wrong_values", "Проверьте заполнение полей", "Check the fields") }),
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Flag(flag) => Some(i64::from(*flag)),
        _ => None,
    }
}

/// A decimal number of any usual spelling (`1 234,5`, `1234.50`) times ten to the power of `places`, rounded half away from zero.
fn scaled(value: &Value, places: u32) -> Option<i64> {
    let factor = 10_i64.pow(places);
    let text = match value {
        Value::Int(number) => return number.checked_mul(factor),
        Value::Decimal(decimal) => {
            let unit = 10_i64.pow(4 - places);
            return Some((decimal.scaled.abs().checked_add(unit / 2)? / unit) * decimal.scaled.signum());
        }
        Value::Text(text) => text,
        _ => return None,
    };
    let text: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '\u{a0}' && *letter != '\u{202f}').collect();
    let text = text.replace(',', ".");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !numeric(whole) || !numeric(fraction) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut minor: i64 = 0;
    for place in 0..places as usize {
        minor = minor * 10 + i64::from(fraction.as_bytes().get(place).map_or(0, |byte| byte - b'0'));
    }
    let round_up = fraction.as_bytes().get(places as usize).is_some_and(|byte| *byte >= b'5');
    whole.checked_mul(factor)?.checked_add(minor + i64::from(round_up))?.checked_mul(sign)
}

/// How many decimal places a number has that are not just zeros.
fn places(text: &str) -> usize {
    text.trim().rsplit_once(['.', ',']).map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len())
}

fn day(value: &Value) -> Option<Date> {
    match value {
        Value::Date(one) => Some(one.date),
        Value::Moment(one) => Some(one.at.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date()),
        Value::Text(text) => parse_day(text.trim()),
        _ => None,
    }
}

fn parse_day(text: &str) -> Option<Date> {
    if let Ok(date) = text.get(..10).unwrap_or(text).parse::<Date>() {
        return Some(date);
    }
    let mut parts = text.get(..10)?.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn moment(value: &Value) -> Option<Moment> {
    match value {
        Value::Moment(one) => Some(one.at),
        Value::Date(one) => one.date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp())),
        Value::Text(text) => parse_moment(text.trim()),
        _ => None,
    }
}

/// ISO 8601 with an offset, else a local time taken as UTC: whoever knows the zone applies it before.
fn parse_moment(text: &str) -> Option<Moment> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(Moment::from_timestamp(timestamp));
    }
    let local = text.parse::<jiff::civil::DateTime>().ok().or_else(|| {
        let date = parse_day(text)?;
        let time = text.get(10..).unwrap_or("").trim();
        let time: jiff::civil::Time = if time.is_empty() { jiff::civil::Time::midnight() } else { time.parse().ok()? };
        Some(date.to_datetime(time))
    })?;
    local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()))
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(*flag),
        Value::Int(0) => Some(false),
        Value::Int(1) => Some(true),
        Value::Text(text) => match text.trim().to_lowercase().as_str() {
            "y" | "yes" | "1" | "true" | "on" | "да" => Some(true),
            "n" | "no" | "0" | "false" | "off" | "нет" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(kind: FieldKind, text: &str) -> Option<Value> {
        Field::new("f", "Поле", "Field", kind).accept(&Value::text(text)).ok()
    }

    #[test]
    fn amounts_are_read_in_every_usual_spelling() {
        for (text, minor) in [("15000", 1_500_000), ("15 000,50", 1_500_050), ("15000.5", 1_500_050), ("15000,500", 1_500_050), (".5", 50)] {
            assert_eq!(accept(FieldKind::Money, text), Some(Value::money(minor)), "{text}");
        }
        for wrong in ["15k", "1.2.3", "--1", "1e5", ".", "12,345,67", "12,345", "-0.01", "1 000 000 000 000", "99999999999999999999"] {
            assert_eq!(accept(FieldKind::Money, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_amount_below_zero_needs_a_field_that_allows_it() {
        let field = Field { least: Some(-10), ..Field::new("f", "Корректировка", "Adjustment", FieldKind::Money) };
        assert_eq!(field.accept(&Value::text("-10,00")), Ok(Value::money(-1_000)));
        assert!(field.accept(&Value::text("-10,01")).is_err());
        assert_eq!(field.accept(&Value::Decimal(Decimal { scaled: -12_350 })), Ok(Value::money(-124)), "a half is rounded away from zero");
    }

    #[test]
    fn limits_count_letters_of_texts_and_size_of_numbers() {
        let limited = |kind| Field { least: Some(2), most: Some(5), ..Field::new("f", "Поле", "Field", kind) };
        for (kind, good, bad) in [
            (FieldKind::Text, ["яя", "яяяяя"], ["я", "яяяяяя"]),
            (FieldKind::Integer, ["2", "5"], ["1", "6"]),
            (FieldKind::Decimal, ["2", "5,0"], ["1,9999", "5,0001"]),
            (FieldKind::Money, ["2", "5.00"], ["1.99", "5.01"]),
        ] {
            let field = limited(kind);
            for text in good {
                assert!(field.accept(&Value::text(text)).is_ok(), "{text}");
            }
            for text in bad {
                assert!(field.accept(&Value::text(text)).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn a_requisite_is_kept_in_one_spelling_and_a_lenient_field_takes_a_wrong_one() {
        let strict = Field::new("inn", "ИНН", "INN", FieldKind::Requisite { check: Check::Inn });
        assert_eq!(strict.accept(&Value::text(" 77 0708-3893")), Ok(Value::text("7707083893")));
        assert!(strict.accept(&Value::text("7707083894")).unwrap_err().text.ru.contains("контрольная цифра"));
        let lenient = Field { lenient: true, ..strict };
        assert_eq!(lenient.accept(&Value::text("77 0708 3894")), Ok(Value::text("7707083894")));
    }

    #[test]
    fn a_moment_with_an_offset_is_stored_in_utc() {
        assert_eq!(accept(FieldKind::Moment, "2026-11-25T15:33:20+05:00"), accept(FieldKind::Moment, "2026-11-25 10:33:20"));
        assert_eq!(accept(FieldKind::Date, "25.11.2026"), accept(FieldKind::Date, "2026-11-25"));
        assert_eq!(accept(FieldKind::Date, "31.02.2026"), None);
    }

    #[test]
    fn a_text_over_its_limit_is_refused_and_says_the_limit() {
        let refusal = Field::new("f", "Имя", "Name", FieldKind::Text).accept(&Value::text("я".repeat(256))).unwrap_err();
        assert!(refusal.text.ru.contains("255"), "{}", refusal.text.ru);
    }

    #[test]
    fn one_phone_in_two_spellings_is_kept_once() {
        let field = Field::new("phone", "Телефон", "Phone", FieldKind::Phone);
        let value = field.accept(&Value::Many(vec![Value::text("89990001122"), Value::text("+7 999 000-11-22")])).unwrap();
        assert!(matches!(value, Value::Points(points) if points.list.len() == 1 && points.list[0].normal == "+79990001122"));
    }

    #[test]
    fn a_form_names_every_wrong_field_at_once() {
        let fields = [Field::new("name", "Имя", "Name", FieldKind::Text).required(), Field::new("age", "Возраст", "Age", FieldKind::Integer)];
        let refusal = accept_all(&fields, &Values::from([("age", Value::text("x")), ("odd", Value::Int(1))])).unwrap_err();
        assert_eq!(refusal.fields.len(), 3);
    }
}
