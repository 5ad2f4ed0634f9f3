//! What a form of the settings sent: names and answers in order, the same name several times for rows.

use crm::Label;

/// Names and answers, in order.
pub(super) struct Sent(pub Vec<(String, String)>);

impl Sent {
    /// The answer to a question; empty when it was not asked.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// All answers under one name, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a box was ticked.
    pub fn on(&self, name: &str) -> bool {
        !self.one(name).is_empty()
    }

    /// A text in both languages: `name_ru` and `name_en`.
    pub fn label(&self, name: &str) -> Label {
        Label::new(self.one(&format!("{name}_ru")), self.one(&format!("{name}_en")))
    }

    /// A whole number, if one was written.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.one(name).trim().replace([' ', '\u{a0}'], "").parse().ok()
    }

    /// Rows of answers: each of these names stands as often as there are rows. A form in which they do not has been
    /// tampered with; what is missing is empty.
    pub fn rows<const N: usize>(&self, names: [&str; N]) -> Vec<[&str; N]> {
        let columns = names.map(|name| self.all(name));
        let most = columns.iter().map(Vec::len).max().unwrap_or(0);
        (0..most).map(|row| std::array::from_fn(|column| columns[column].get(row).copied().unwrap_or(""))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_together_from_answers_of_the_same_name() {
        let sent = |pairs: &[(&str, &str)]| Sent(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        let given = sent(&[("a", "1"), ("b", "x"), ("a", "2"), ("b", "y"), ("c", "z")]);
        assert_eq!(given.rows(["a", "b"]), [["1", "x"], ["2", "y"]]);
        assert_eq!(given.rows(["a", "c"]), [["1", "z"], ["2", ""]]);
    }
}
