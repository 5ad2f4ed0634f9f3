//! A postal address in parts, as form No 530 and a post office want it (domain.md C.4).

use crate::label::Label;
use crate::value::{Value, Values};

/// One part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its code inside the answer.
    pub code: &'static str,
    /// What a person reads above it, in Russian.
    pub ru: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// At most so many letters.
    pub most: usize,
    /// What stands before it in one line, unless it is written already.
    mark: &'static str,
}

impl Part {
    /// What a person reads above it.
    pub fn title(&self) -> Label {
        Label::new(self.ru, self.en)
    }
}

const fn part(code: &'static str, ru: &'static str, en: &'static str, most: usize, mark: &'static str) -> Part {
    Part { code, ru, en, most, mark }
}

/// The parts, in the order of the form; in the one line too, where country and index come first.
pub const PARTS: [Part; 12] = [
    part("country", "Страна", "Country", 60, ""),
    part("index", "Индекс", "Postal code", 10, ""),
    part("region", "Регион", "Region", 100, ""),
    part("district", "Район", "District", 100, ""),
    part("city", "Город", "City", 100, "г. "),
    part("locality", "Населённый пункт", "Locality", 100, ""),
    part("street", "Улица", "Street", 150, "ул. "),
    part("house", "Дом", "House", 20, "д. "),
    part("building", "Корпус", "Building", 20, "корп. "),
    part("flat", "Квартира", "Flat", 20, "кв. "),
    part("register", "Код ФИАС или КАТО", "FIAS or KATO code", 40, ""),
    part("comment", "Уточнение", "Note", 500, ""),
];

/// Gives an address its stored form: a record of the known parts, trimmed, empty ones left out. A plain text is the note.
///
/// # Errors
/// The reason, for a person.
pub fn accept(value: &Value) -> Result<Value, Label> {
    let given = match value {
        Value::Record(values) => values.clone(),
        Value::Text(text) => Values::from([("comment", Value::text(text))]),
        _ => return Err(Label::new("нужен адрес", "an address is needed")),
    };
    let mut kept = Values::new();
    for (code, value) in &given.0 {
        let Some(part) = PARTS.iter().find(|part| part.code == code) else {
            let code: String = code.chars().take(40).collect();
            return Err(Label::new(format!("в адресе нет части «{code}»"), format!("an address has no part {code}")));
        };
        let text = match value {
            Value::Null => continue,
            Value::Text(text) => text.trim().to_owned(),
            Value::Int(number) => number.to_string(),
            _ => return Err(Label::new(format!("{}: нужен текст", part.ru), format!("{}: a text is needed", part.en))),
        };
        if text.contains('\0') {
            return Err(Label::new(format!("{}: недопустимый знак", part.ru), format!("{}: a forbidden character", part.en)));
        }
        if text.chars().count() > part.most {
            return Err(Label::new(format!("{}: не больше {} знаков", part.ru, part.most), format!("{}: at most {} characters", part.en, part.most)));
        }
        if !text.is_empty() {
            kept.set(part.code, Value::Text(text));
        }
    }
    let index = kept.text("index");
    if !index.is_empty() && is_home(kept.text("country")) {
        let reason = |label: Label| Label::new(format!("Индекс: {}", label.ru), format!("Postal code: {}", label.en));
        let index = crate::check::Check::PostalIndex.accept(index).map_err(reason)?;
        kept.set("index", Value::Text(index));
    }
    Ok(if kept.0.is_empty() { Value::Null } else { Value::Record(kept) })
}

/// A country whose postal codes are known here; nothing said means at home.
fn is_home(country: &str) -> bool {
    matches!(
        country.to_lowercase().as_str(),
        "" | "россия" | "рф" | "российская федерация" | "russia" | "казахстан" | "рк" | "республика казахстан" | "kazakhstan"
    )
}

/// The address in one line: `630099, Новосибирская область, г. Новосибирск, ул. Ленина, д. 1, корп. 2, кв. 3`.
pub fn line(values: &Values) -> String {
    let shown = |part: &Part| {
        let text = values.text(part.code);
        match part.code {
            "register" => None,
            "country" if matches!(text.to_lowercase().as_str(), "россия" | "рф" | "российская федерация" | "russia") => None,
            _ if text.is_empty() => None,
            _ if part.mark.is_empty() || is_marked(part, text) => Some(text.to_owned()),
            _ => Some(format!("{}{text}", part.mark)),
        }
    };
    PARTS.iter().filter_map(shown).collect::<Vec<_>>().join(", ")
}

/// Whether somebody wrote himself that it is a street, an avenue, a house: `пр-т Мира`, `Красный проспект`, `д. 1`.
fn is_marked(part: &Part, text: &str) -> bool {
    const CITY: &[&str] = &["г", "город", "пгт", "пос", "city"];
    const STREET: &[&str] = &[
        "ул",
        "улица",
        "пр",
        "пр-т",
        "пр-кт",
        "просп",
        "проспект",
        "пер",
        "переулок",
        "пл",
        "площадь",
        "ш",
        "шоссе",
        "б-р",
        "бульвар",
        "наб",
        "набережная",
        "проезд",
        "пр-д",
        "тупик",
        "аллея",
        "тракт",
        "мкр",
        "мкрн",
        "микрорайон",
        "кв-л",
        "квартал",
        "линия",
        "street",
        "st",
        "avenue",
        "ave",
        "road",
    ];
    const HOUSE: &[&str] = &["д", "дом", "вл", "владение", "зд", "здание", "уч", "участок"];
    const BUILDING: &[&str] = &["к", "корп", "корпус", "стр", "строение", "лит", "литера", "блок"];
    const FLAT: &[&str] = &["кв", "квартира", "оф", "офис", "пом", "помещение", "ком", "комната"];
    let words = match part.code {
        "city" => CITY,
        "street" => STREET,
        "house" => HOUSE,
        "building" => BUILDING,
        _ => FLAT,
    };
    let lower = text.to_lowercase();
    let mut said = lower.split(|letter: char| letter.is_whitespace() || letter == '.').filter(|word| !word.is_empty());
    said.any(|word| words.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(parts: &[(&str, &str)]) -> Values {
        let given = Values(parts.iter().map(|(code, text)| ((*code).to_owned(), Value::text(*text))).collect());
        match accept(&Value::Record(given)) {
            Ok(Value::Record(values)) => values,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_address_is_read_in_one_line_as_the_form_prints_it() {
        let full = [
            ("country", "Россия"),
            ("index", "630099"),
            ("region", "Новосибирская область"),
            ("city", "Новосибирск"),
            ("street", "Ленина"),
            ("house", "1"),
            ("building", "2"),
            ("flat", "3"),
            ("register", "8dea00e3-9aab-4d8e-887c-ef2aaa546456"),
        ];
        assert_eq!(line(&address(&full)), "630099, Новосибирская область, г. Новосибирск, ул. Ленина, д. 1, корп. 2, кв. 3");
        assert_eq!(line(&address(&[("region", "Омская область")])), "Омская область");
    }

    #[test]
    fn a_mark_that_is_written_already_is_not_written_twice() {
        let marked = [("city", "г. Алматы"), ("street", "Красный проспект"), ("house", "вл. 7"), ("building", "стр. 1"), ("flat", "оф. 12")];
        assert_eq!(line(&address(&marked)), "г. Алматы, Красный проспект, вл. 7, стр. 1, оф. 12");
        assert_eq!(line(&address(&[("country", "Казахстан"), ("index", "050000"), ("city", "Алматы")])), "Казахстан, 050000, г. Алматы");
    }

    #[test]
    fn a_plain_text_is_the_note_and_empty_parts_are_no_address() {
        assert_eq!(accept(&Value::text(" у вокзала ")), Ok(Value::Record(Values::from([("comment", Value::text("у вокзала"))]))));
        assert_eq!(accept(&Value::Record(Values::from([("city", Value::text("  "))]))), Ok(Value::Null));
    }

    #[test]
    fn unknown_parts_overlong_parts_and_impossible_codes_are_refused() {
        let refused = |code: &str, text: &str| accept(&Value::Record(Values::from([(code, Value::text(text))]))).is_err();
        assert!(refused("planet", "Земля"));
        assert!(refused("house", &"1".repeat(21)));
        assert!(refused("index", "63009"));
        assert!(refused("city", "Ом\0ск"));
        assert_eq!(address(&[("country", "Germany"), ("index", "D-10115")]).text("index"), "D-10115");
    }
}
