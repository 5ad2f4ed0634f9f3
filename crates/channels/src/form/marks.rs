//! Marks of advertising: where a visitor came from (providers.md §11).

use crate::body::{self, Pairs};
use crm::{Value, Values};

/// Identifiers of clicks and visits that advertising systems want back.
const CLICKS: [&str; 9] = ["yclid", "gclid", "fbclid", "ymclid", "vkclid", "rb_clickid", "_ym_uid", "_ga", "roistat_visit"];
/// At most so many.
const MOST: usize = 20;
/// Letters of one, after decoding.
const LONGEST: usize = 255;

/// A text without what no page shows, cut.
pub fn clean(text: &str, longest: usize) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(longest).collect()
}

/// The marks among the fields of a form, in the address it was sent to and in the address of its page; the first wins.
pub fn marks(fields: &Pairs, url: &str, landing: &str) -> Values {
    let queries = [url, landing].map(|url| body::query(url).unwrap_or_default());
    let mut found = Values::new();
    for (name, value) in fields.iter().chain(queries.iter().flatten()) {
        let value = clean(value, LONGEST);
        if is_mark(name) && !value.is_empty() && found.get(name).is_empty() && found.0.len() < MOST {
            found.set(name.clone(), Value::text(value));
        }
    }
    found
}

fn is_mark(name: &str) -> bool {
    let utm = |rest: &str| !rest.is_empty() && rest.len() <= 40 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    CLICKS.contains(&name) || name.strip_prefix("utm_").is_some_and(utm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_from_the_form_first_and_from_the_addresses_next() {
        let fields =
            vec![("utm_source".to_owned(), "yandex".to_owned()), ("utm_Evil".to_owned(), "x".to_owned()), ("contact.phone".to_owned(), "1".to_owned())];
        let found = marks(&fields, "/f/a?utm_source=google&gclid=G1", "https://firm.example/?utm_term=%D0%B4%D0%BE%D0%BB%D0%B3%D0%B8&yclid=Y1");
        let expected = [("utm_source", "yandex"), ("gclid", "G1"), ("utm_term", "долги"), ("yclid", "Y1")];
        assert_eq!(found, Values::from(expected.map(|(name, value)| (name, Value::text(value)))));
    }

    #[test]
    fn a_long_mark_is_cut_after_decoding_and_there_are_not_many() {
        let fields: Pairs = (0..50).map(|number| (format!("utm_{number}"), "я\0\n".repeat(300))).collect();
        let found = marks(&fields, "", "");
        assert_eq!(found.0.len(), MOST);
        assert_eq!(found.text("utm_0"), "я".repeat(255));
    }
}
