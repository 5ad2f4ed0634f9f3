//! Texts with holes: `{{Имя клиента}}`, `{{client name}}`, `{{Клиент.Имя:верх}}`, `{=Document:TITLE}`.

use crate::failure::Refusal;

/// One piece of a text with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Stands as it is.
    Plain(&'a str),
    /// A hole: its name and what follows the colon, both trimmed.
    Hole {
        /// The name.
        name: &'a str,
        /// The modifier; empty when there is none.
        modifier: &'a str,
    },
}

/// Takes a text apart. An opening mark without a closing one stands as plain text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut list = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let next = [("{{", "}}"), ("{=", "}")]
            .into_iter()
            .filter_map(|(open, close)| {
                let at = rest.find(open)?;
                let end = rest[at + open.len()..].find(close)?;
                Some((at, open, close, end))
            })
            .min_by_key(|found| found.0);
        let Some((at, open, close, end)) = next else {
            list.push(Piece::Plain(rest));
            break;
        };
        if at > 0 {
            list.push(Piece::Plain(&rest[..at]));
        }
        let inner = &rest[at + open.len()..at + open.len() + end];
        let (name, modifier) = match open {
            "{{" => inner.split_once(':').unwrap_or((inner, "")),
            _ => (inner, ""),
        };
        list.push(Piece::Hole { name: name.trim(), modifier: modifier.trim() });
        rest = &rest[at + open.len() + end + close.len()..];
    }
    list
}

/// Fills the holes. `answer` gets name and modifier; `None` is an unknown or empty hole.
///
/// # Errors
/// Refuses with the names of all holes that could not be filled: a client never reads `{{`.
pub fn fill(text: &str, answer: &mut dyn FnMut(&str, &str) -> Option<String>) -> Result<String, Refusal> {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut missing: Vec<&str> = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => filled.push_str(plain),
            Piece::Hole { name, modifier } => match answer(name, modifier) {
                Some(value) => filled.push_str(&value),
                None => missing.push(name),
            },
        }
    }
    match missing.is_empty() {
        true => Ok(filled),
        false => {
            let list = missing.join(", ");
            Err(Refusal::new("empty_holes", format!("Нечем заполнить: {list}"), format!("Nothing to fill in: {list}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_of_both_dialects_are_filled() {
        let mut answer = |name: &str, modifier: &str| match (name, modifier) {
            ("Имя клиента" | "client name", "") => Some("Иван".to_owned()),
            ("Клиент.Имя", "верх") => Some("ИВАН".to_owned()),
            ("Document:TITLE", "") => Some("Заявка".to_owned()),
            _ => None,
        };
        assert_eq!(
            fill("{{Имя клиента}} / {{ client name }} / {{Клиент.Имя:верх}} / {=Document:TITLE}", &mut answer).as_deref(),
            Ok("Иван / Иван / ИВАН / Заявка")
        );
    }

    #[test]
    fn an_unknown_hole_is_named_and_nothing_is_sent() {
        let refusal = fill("Здравствуйте, {{Имя}} {{Отчество}}", &mut |_, _| None).unwrap_err();
        assert!(refusal.text.ru.contains("Имя, Отчество"));
    }

    #[test]
    fn an_open_brace_is_plain_text() {
        assert_eq!(fill("a {{ b", &mut |_, _| None).as_deref(), Ok("a {{ b"));
        assert_eq!(fill("{}{=}", &mut |name, _| name.is_empty().then(String::new)).as_deref(), Ok("{}"));
    }
}
