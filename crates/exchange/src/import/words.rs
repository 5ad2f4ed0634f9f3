//! What a person wrote in a cell as an answer to a field: titles instead of codes, names instead of numbers.

use crate::safe::unshield;
use crm::{Choice, Field, FieldKind, Filter, ItemRef, Label, Moment, Op, Outcome, Query, Read, Rights, Schema, Value, code};
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The names that stand for people and departments: read once, not for every row.
pub(crate) struct Lexicon {
    schema: Arc<Schema>,
    people: HashMap<String, Vec<i64>>,
    departments: HashMap<String, i64>,
}

/// The words of a firm for one reader.
pub(crate) struct Words<'a> {
    pub read: &'a dyn Read,
    pub rights: &'a Rights,
    pub zone: &'a TimeZone,
    pub lexicon: &'a Lexicon,
}

/// Records found by their names; kept while a file is read, because the same client stands in many rows.
pub(crate) type Found = RefCell<HashMap<(i64, String, String), Result<i64, Label>>>;

/// Letters as they are compared.
pub(crate) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().replace('ё', "е")
}

fn wrong(field: &Field, ru: &str, en: &str) -> Label {
    Label::new(format!("«{}»: {ru}", field.title.ru), format!("{}: {en}", field.title.en))
}

fn named<'o>(options: impl IntoIterator<Item = (&'o Label, Value)>, wanted: &str) -> Option<Value> {
    options.into_iter().find(|(title, _)| plain(&title.ru) == wanted || plain(&title.en) == wanted).map(|(_, value)| value)
}

impl Lexicon {
    pub fn new(read: &dyn Read) -> Outcome<Lexicon> {
        let mut people: HashMap<String, Vec<i64>> = HashMap::new();
        for user in read.users()? {
            let names = [user.name(), format!("{} {}", user.last_name, user.first_name), user.login.clone(), user.email.clone()];
            let mut names: Vec<String> = names.iter().map(|name| plain(name)).filter(|name| !name.is_empty()).collect();
            names.sort();
            names.dedup();
            for name in names {
                people.entry(name).or_default().push(user.id.0);
            }
        }
        let mut departments = HashMap::new();
        for one in read.departments()? {
            for name in [&one.title.ru, &one.title.en, &one.code] {
                departments.insert(plain(name), one.id);
            }
        }
        Ok(Lexicon { schema: read.schema(), people, departments })
    }
}

impl Words<'_> {
    /// The answer in a cell; an empty cell is no answer.
    pub fn answer(&self, found: &Found, field: &Field, by: &str, cell: &str) -> Result<Value, Label> {
        let text = unshield(cell);
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        if field.is_points() {
            return Ok(Value::Many(text.split([';', '\n']).map(str::trim).filter(|one| !one.is_empty()).map(Value::text).collect()));
        }
        if !field.multiple {
            return self.single(found, field, by, text);
        }
        let several = |between: &[char]| -> Result<Vec<Value>, Label> {
            text.split(between).map(str::trim).filter(|one| !one.is_empty()).map(|one| self.single(found, field, by, one)).collect()
        };
        // A title may hold a comma itself: first without it.
        several(&[';', '\n']).or_else(|reason| several(&[';', '\n', ',']).map_err(|_| reason)).map(Value::Many)
    }

    fn single(&self, found: &Found, field: &Field, by: &str, text: &str) -> Result<Value, Label> {
        let wanted = plain(text);
        let number = || wanted.trim_start_matches(['№', '#', ' ']).parse::<i64>().ok();
        match &field.kind {
            FieldKind::Choice { options } => {
                choice(options, &wanted).ok_or_else(|| wrong(field, &format!("нет варианта «{}»", short(text)), &format!("there is no choice {}", short(text))))
            }
            FieldKind::User => match self.lexicon.people.get(&wanted).map(Vec::as_slice) {
                Some([one]) => Ok(Value::Int(*one)),
                Some(_) => Err(wrong(
                    field,
                    &format!("«{}» — это несколько сотрудников, укажите логин", short(text)),
                    &format!("{} is several employees, give the login", short(text)),
                )),
                None => number()
                    .map(Value::Int)
                    .ok_or_else(|| wrong(field, &format!("нет сотрудника «{}»", short(text)), &format!("there is no employee {}", short(text)))),
            },
            FieldKind::Department => {
                let known = self.lexicon.departments.get(&wanted).copied().or_else(number);
                known.map(Value::Int).ok_or_else(|| wrong(field, &format!("нет отдела «{}»", short(text)), &format!("there is no department {}", short(text))))
            }
            FieldKind::Link { to } => self.record(found, field, *to, by, text).map(Value::Int),
            FieldKind::Moment => moment(text.trim(), self.zone)
                .map(Value::moment)
                .ok_or_else(|| wrong(field, "нужны дата и время, например 25.11.2026 14:30", "a date and a time are needed, for example 2026-11-25 14:30")),
            FieldKind::Date => Ok(Value::text(day(text.trim()))),
            FieldKind::Money => Ok(Value::text(text.trim().trim_end_matches(['₽', '₸', '$', '€']).trim_end_matches("руб.").trim())),
            FieldKind::Integer | FieldKind::Decimal | FieldKind::Flag | FieldKind::Span | FieldKind::AnyItem | FieldKind::Requisite { .. } => {
                Ok(Value::text(text.trim()))
            }
            _ => Ok(Value::text(text)),
        }
    }

    /// A stage of the type by its title or code, on the pipeline named in the same row.
    pub fn stage(&self, field: &Field, kind: crm::EntityTypeId, pipeline: Option<i64>, cell: &str) -> Result<Value, Label> {
        let wanted = plain(unshield(cell));
        let mut pipelines = self.lexicon.schema.pipelines_of(kind);
        pipelines.retain(|one| pipeline.is_none_or(|wanted| one.id.0 == wanted));
        let stages = || pipelines.iter().flat_map(|one| &one.stages);
        named(stages().map(|stage| (&stage.title, Value::Int(stage.id.0))), &wanted)
            .or_else(|| stages().find(|stage| plain(&stage.code) == wanted).map(|stage| Value::Int(stage.id.0)))
            .ok_or_else(|| wrong(field, &format!("нет стадии «{}»", short(cell)), &format!("there is no stage {}", short(cell))))
    }

    /// A pipeline of the type by its title or code.
    pub fn pipeline(&self, field: &Field, kind: crm::EntityTypeId, cell: &str) -> Result<Value, Label> {
        let wanted = plain(unshield(cell));
        let pipelines = self.lexicon.schema.pipelines_of(kind);
        named(pipelines.iter().map(|one| (&one.title, Value::Int(one.id.0))), &wanted)
            .or_else(|| pipelines.iter().find(|one| plain(&one.code) == wanted).map(|one| Value::Int(one.id.0)))
            .ok_or_else(|| wrong(field, &format!("нет воронки «{}»", short(cell)), &format!("there is no pipeline {}", short(cell))))
    }

    /// The record that a cell names: by its number, or by the answer to a field, or by what it looks like.
    fn record(&self, found: &Found, field: &Field, to: crm::EntityTypeId, by: &str, text: &str) -> Result<i64, Label> {
        let key = (to.0, by.to_owned(), text.to_owned());
        if let Some(known) = found.borrow().get(&key) {
            return known.clone();
        }
        let answer = self.look_up(field, to, by, text.trim());
        found.borrow_mut().insert(key, answer.clone());
        answer
    }

    fn look_up(&self, field: &Field, to: crm::EntityTypeId, by: &str, text: &str) -> Result<i64, Label> {
        let nobody = || wrong(field, &format!("нет записи «{}»", short(text)), &format!("there is no record {}", short(text)));
        let shape = self.lexicon.schema.kind(to).ok_or_else(nobody)?;
        let looks = match by {
            "" if crm::point::email(text).is_some() && shape.has(code::EMAIL) => code::EMAIL,
            "" if text.trim_start_matches(['№', '#', ' ']).parse::<i64>().is_ok_and(|id| id < 1_000_000_000) => code::ID,
            "" if crm::point::phone(text).is_some() && shape.has(code::PHONE) => code::PHONE,
            "" => code::TITLE,
            by => by,
        };
        let condition = match looks {
            code::ID => Filter::is(code::ID, Op::Eq, Value::Int(text.trim_start_matches(['№', '#', ' ']).parse().map_err(|_| nobody())?)),
            // Names have no index of their own, fragments have.
            code::TITLE if shape.searched && text.chars().count() > 2 => Filter::Search(text.to_owned()),
            looks => Filter::is(looks, Op::Eq, Value::text(text)),
        };
        let items = self.read.items(self.rights, &Query::of(to).filter(condition).limit(50)).map_err(|fault| Label::same(fault.describe()))?;
        let wanted = plain(text);
        let mut same: Vec<i64> =
            items.iter().filter(|item| looks != code::TITLE || plain(item.title()) == wanted).map(|item| ItemRef::new(to, item.id).id).collect();
        match (same.pop(), same.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => {
                Err(wrong(field, &format!("под «{}» подходят несколько записей", short(text)), &format!("several records are called {}", short(text))))
            }
            (None, _) => Err(nobody()),
        }
    }
}

fn choice(options: &[Choice], wanted: &str) -> Option<Value> {
    let code = |option: &Choice| Value::text(&option.code);
    let by_code = options.iter().find(|option| option.code.to_lowercase() == wanted).map(code);
    by_code.or_else(|| named(options.iter().map(|option| (&option.title, code(option))), wanted))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// `25/11/2026` and `25-11-2026` as `25.11.2026`; the rest as it is.
fn day(text: &str) -> String {
    let bytes = text.as_bytes();
    let slashed = bytes.len() >= 10 && (bytes[2] == b'/' || bytes[2] == b'-') && bytes[2] == bytes[5] && bytes[0].is_ascii_digit();
    if slashed { text.replacen(['/', '-'], ".", 2) } else { text.to_owned() }
}

/// A moment in the firm's zone unless it names its own.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Option<Moment> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Moment::from_timestamp(at));
    }
    let text = day(text);
    let local = text.parse::<jiff::civil::DateTime>().ok().or_else(|| {
        let (date, time) = text.split_at_checked(10)?;
        let mut parts = date.split('.');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        let date = crm::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        let time = time.trim_start_matches([',', ' ', 'T']);
        let time = if time.is_empty() { jiff::civil::Time::midnight() } else { time.parse().ok()? };
        Some(date.to_datetime(time))
    })?;
    local.to_zoned(zone.clone()).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_the_firms_time() {
        let almaty = TimeZone::get("Asia/Almaty").unwrap();
        let noon = Moment::from_timestamp("2026-11-25T09:30:00Z".parse().unwrap());
        for text in ["2026-11-25 14:30", "25.11.2026 14:30", "25/11/2026 14:30:00", "2026-11-25T14:30:00", "2026-11-25T09:30:00Z", "25.11.2026, 14:30"] {
            assert_eq!(moment(text, &almaty), Some(noon), "{text}");
        }
        assert_eq!(moment("вчера", &almaty), None);
    }
}
