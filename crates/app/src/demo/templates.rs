//! Templates as Twilio knows them: a text with numbered holes.

use crm::text::{Piece, pieces};
use crm::{Filter, House, Op, Query, Rights, Value, kind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The text of an approved template by its ContentSid; `None` when there is no such template. May block.
pub type Templates = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The firm's own templates count as approved: in the demo whoever makes one can send it at once.
pub fn of_firm(house: House) -> Templates {
    Arc::new(move |content_sid| {
        let query = Query::of(kind::TEMPLATE).filter(Filter::is("content_sid", Op::Eq, Value::text(content_sid))).limit(1);
        let found = house.read(|read| read.items(&Rights::system(), &query)).ok()?;
        found.first().map(|item| numbered(item.values.text("body")))
    })
}

/// The named holes of the firm's text as the numbered ones of Twilio's, in the order in which they stand.
pub fn numbered(body: &str) -> String {
    let mut names: Vec<(&str, &str)> = Vec::new();
    let mut text = String::new();
    for piece in pieces(body) {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Hole { name, modifier } => {
                names.push((name, modifier));
                text.push_str(&format!("{{{{{}}}}}", names.len()));
            }
        }
    }
    text
}

/// Fills numbered holes; `None` when holes and variables do not match one to one (Twilio's 63028).
pub(super) fn render(text: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut used: Vec<&str> = Vec::new();
    let mut filled = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => filled.push_str(plain),
            Piece::Hole { name, .. } => {
                filled.push_str(variables.get(name)?);
                used.push(name);
            }
        }
    }
    variables.keys().all(|name| used.contains(&name.as_str())).then_some(filled)
}

/// What a client reads when nobody told the text of the template: its variables in a row.
pub(super) fn unknown(variables: &BTreeMap<String, String>) -> String {
    let holes: Vec<String> = variables.keys().map(|name| format!("{{{{{name}}}}}")).collect();
    format!("[template] {}", holes.join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn named_holes_become_numbered_ones() {
        let text = numbered("{{Имя клиента}}, здравствуйте! Ваш специалист {{Имя сотрудника}}.");
        assert_eq!(text, "{{1}}, здравствуйте! Ваш специалист {{2}}.");
        assert_eq!(render(&text, &variables(&[("1", "Иван"), ("2", "Анна")])).as_deref(), Some("Иван, здравствуйте! Ваш специалист Анна."));
    }

    #[test]
    fn a_missing_and_a_superfluous_variable_are_both_wrong() {
        assert_eq!(render("{{1}} {{2}}", &variables(&[("1", "Иван")])), None);
        assert_eq!(render("{{1}}", &variables(&[("1", "Иван"), ("2", "Анна")])), None);
    }

    #[test]
    fn an_unknown_template_shows_its_variables() {
        let given = variables(&[("1", "Иван"), ("2", "Анна")]);
        assert_eq!(render(&unknown(&given), &given).as_deref(), Some("[template] Иван · Анна"));
    }
}
