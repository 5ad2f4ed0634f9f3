//! What a robot sees when it works: the card, its client, who answers for it, why and when; and how the holes of its
//! texts are filled.

use crate::holes::{self, Employee, Modifier, Source};
use crate::place;
use crm::{Command, Event, Field, Firm, Item, ItemRef, Lang, Outcome, Read, Rights, Rule, Schema, User, UserId, Value, code, format, kind};
use std::sync::Arc;

/// What a robot sees when it works.
pub struct Scene<'a> {
    /// What else can be looked up.
    pub read: &'a dyn Read,
    /// The shape of the firm's data.
    pub schema: Arc<Schema>,
    /// Settings of the firm: zone, language, address.
    pub firm: &'a Firm,
    /// The present moment.
    pub now: crm::Moment,
    /// The rule that works.
    pub rule: &'a Rule,
    /// The card.
    pub item: &'a Item,
    /// Its client; of a contact, itself.
    pub contact: Option<Item>,
    /// Who answers for it.
    pub responsible: Option<User>,
    /// The event of entry to the stage.
    pub event: &'a Event,
}

impl<'a> Scene<'a> {
    /// The scene of a card.
    ///
    /// # Errors
    /// Only failures of the database.
    pub fn of(read: &'a dyn Read, firm: &'a Firm, now: crm::Moment, rule: &'a Rule, item: &'a Item, event: &'a Event) -> Outcome<Scene<'a>> {
        let contact = place::known(read, ItemRef::new(kind::CONTACT, item.contact()))?;
        let responsible = match item.responsible() {
            UserId::SYSTEM => None,
            id => read.user(id)?,
        };
        Ok(Scene { read, schema: read.schema(), firm, now, rule, item, contact, responsible, event })
    }

    /// Fills the holes of a text.
    ///
    /// # Errors
    /// Refuses with the names of the holes for which there is no answer.
    pub fn fill(&self, text: &str, lang: Lang) -> Outcome<String> {
        Ok(crm::text::fill(text, &mut |name, modifier| self.answer(name, modifier, lang))?)
    }

    /// Fills the holes of a text that only staff will read: what the card does not know stands there as `—`. A client
    /// without an e-mail is no reason to leave his call unannounced.
    ///
    /// # Errors
    /// Refuses with the names of holes that mean nothing.
    pub fn fill_for_staff(&self, text: &str, lang: Lang) -> Outcome<String> {
        let known = |name: &str| holes::source(&self.schema, self.item.kind, name).map(|_| "—".to_owned());
        Ok(crm::text::fill(text, &mut |name, modifier| self.answer(name, modifier, lang).or_else(|| known(name)))?)
    }

    /// Fills the holes of an address: what comes from the card cannot change where the address leads.
    ///
    /// # Errors
    /// As [`Scene::fill`].
    pub fn fill_url(&self, text: &str) -> Outcome<String> {
        Ok(crm::text::fill(text, &mut |name, modifier| self.answer(name, modifier, Lang::En).map(|answer| percent_encoded(&answer)))?)
    }

    /// The answer to one hole; `None` when it is unknown or empty.
    pub fn answer(&self, name: &str, modifier: &str, lang: Lang) -> Option<String> {
        let source = holes::source(&self.schema, self.item.kind, name)?;
        let modifiers = holes::modifiers(modifier)?;
        let mut answer = self.text(source, lang).filter(|text| !text.trim().is_empty());
        for modifier in modifiers {
            answer = match modifier {
                Modifier::Otherwise(text) => Some(answer.unwrap_or(text)),
                Modifier::Upper => answer.map(|text| text.to_uppercase()),
                Modifier::Phone => answer.map(|text| crm::point::phone(&text).map_or(text, |normal| format::phone(&normal))),
                Modifier::Initials => answer.map(|text| initials(&text)),
                Modifier::Date => self.day(source).map(|day| format::date(day, lang)),
                Modifier::DateQuoted => self.day(source).map(quoted),
                Modifier::Money => self.raw(source).as_money().map(|minor| with_fraction(minor, lang)),
            };
        }
        answer
    }

    /// The answer behind a text that is nothing but one hole without modifiers: to copy it as it is.
    pub fn copied(&self, text: &str) -> Option<Value> {
        match crm::text::pieces(text.trim()).as_slice() {
            [crm::text::Piece::Hole { name, modifier: "" }] => {
                Some(self.raw(holes::source(&self.schema, self.item.kind, name)?)).filter(|value| !value.is_empty())
            }
            _ => None,
        }
    }

    /// The people named by a setting.
    ///
    /// # Errors
    /// Refuses when it names nobody who works here.
    pub fn people(&self, setting: &str) -> Outcome<Vec<UserId>> {
        let found = crm::staff::people(self.read, setting, Some(self.item))?;
        match found.is_empty() {
            true => Err(crm::Refusal::new(
                "nobody",
                format!("Некому: «{setting}» сейчас никого не называет"),
                format!("There is nobody: {setting} names no one at present"),
            )
            .into()),
            false => Ok(found),
        }
    }

    /// The address of the card.
    pub fn link(&self) -> Option<String> {
        self.schema.kind(self.item.kind).map(|shape| format!("{}/{}/{}", self.firm.public_url, shape.code, self.item.id))
    }

    /// A command to change one answer of the card.
    pub fn change(&self, code: &str, value: Value) -> Command {
        Command::Change { item: self.item.at(), values: crm::Values::new().with(code, value) }
    }

    fn text(&self, source: Source<'_>, lang: Lang) -> Option<String> {
        match source {
            Source::Own(field) => self.told(self.item, field, lang),
            Source::Client(field) => self.told(self.contact.as_ref()?, field, lang),
            Source::ClientName => {
                let first = self.contact.as_ref()?.values.text("first_name").to_owned();
                if first.is_empty() { self.full_name() } else { Some(first) }
            }
            Source::ClientFullName => self.full_name(),
            Source::Employee(what) => self.responsible.as_ref().map(|user| match what {
                Employee::Name => user.first_name.clone(),
                Employee::FullName => user.name(),
                Employee::Phone => crm::point::phone(&user.phone).map_or_else(|| user.phone.clone(), |normal| format::phone(&normal)),
                Employee::Email => user.email.clone(),
            }),
            Source::Today => Some(format::date(self.today(), lang)),
            Source::Now => Some(format::moment(self.now, &self.firm.zone, lang)),
            Source::Link => self.link(),
        }
    }

    fn told(&self, item: &Item, field: &Field, lang: Lang) -> Option<String> {
        let value = item.values.get(&field.code);
        match (&field.kind, value) {
            _ if field.code == code::ID => Some(item.id.to_string()),
            (_, Value::Points(points)) => {
                let main = points.list.first()?;
                Some(if field.code == code::PHONE { format::phone(&main.normal) } else { main.raw.clone() })
            }
            // The system is not somebody whom a client would want to read of.
            (crm::FieldKind::User, Value::Int(0)) => None,
            _ => Some(format::answer(self.read, &Rights::system(), item, field, &self.firm.zone, lang)),
        }
    }

    /// All names of the client. A contact known only by a phone has none: a client is not addressed by his number.
    fn full_name(&self) -> Option<String> {
        let contact = self.contact.as_ref()?;
        let parts = ["last_name", "first_name", "middle_name"].map(|code| contact.values.text(code));
        let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        match name.is_empty() {
            true => Some(contact.title().to_owned()).filter(|title| title.chars().any(char::is_alphabetic) && !title.contains('@')),
            false => Some(name),
        }
    }

    fn raw(&self, source: Source<'_>) -> Value {
        match source {
            Source::Own(field) if field.code == code::ID => Value::Int(self.item.id),
            Source::Own(field) => self.item.values.get(&field.code).clone(),
            Source::Client(field) => self.contact.as_ref().map(|contact| contact.values.get(&field.code).clone()).unwrap_or_default(),
            Source::Today => Value::date(self.today()),
            Source::Now => Value::moment(self.now),
            other => self.text(other, self.firm.lang).map(Value::text).unwrap_or_default(),
        }
    }

    fn day(&self, source: Source<'_>) -> Option<crm::Date> {
        match self.raw(source) {
            Value::Date(one) => Some(one.date),
            Value::Moment(one) => Some(one.at.timestamp().to_zoned(self.firm.zone.clone()).date()),
            _ => None,
        }
    }

    fn today(&self) -> crm::Date {
        self.now.timestamp().to_zoned(self.firm.zone.clone()).date()
    }
}

/// Everything but letters, digits and `-._~` as `%XX` (RFC 3986).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// `Соколова Анна Викторовна` as `Соколова А. В.`
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().unwrap_or_default().to_owned();
    words.filter_map(|word| word.chars().next()).fold(first, |text, letter| format!("{text} {}.", letter.to_uppercase()))
}

/// `«15» марта 2026 г.`
fn quoted(day: crm::Date) -> String {
    const MONTHS: [&str; 12] = ["января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"];
    let month = usize::try_from(day.month()).ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).copied().unwrap_or_default();
    format!("«{:02}» {month} {} г.", day.day(), day.year())
}

/// `12 345,67`: an amount in a document always has its fraction.
fn with_fraction(minor: i64, lang: Lang) -> String {
    let (separator, point) = if lang == Lang::Ru { ('\u{a0}', ',') } else { (',', '.') };
    let sign = if minor < 0 { "−" } else { "" };
    format!("{sign}{}{point}{:02}", format::grouped(minor.unsigned_abs() / 100, separator), minor.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_a_card_cannot_change_an_address() {
        assert_eq!(percent_encoded("a/../b?x=1&y=Ё"), "a%2F..%2Fb%3Fx%3D1%26y%3D%D0%81");
    }

    #[test]
    fn documents_write_names_days_and_amounts_their_own_way() {
        assert_eq!(initials("Соколова Анна Викторовна"), "Соколова А. В.");
        assert_eq!(quoted(crm::Date::constant(2026, 3, 5)), "«05» марта 2026 г.");
        assert_eq!(with_fraction(1_234_500, Lang::Ru), "12\u{a0}345,00");
    }
}
