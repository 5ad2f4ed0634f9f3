//! The questions of a public form, made from the settings of its account and the fields that they fill.

use channels::providers::web_form;
use crm::{Field, FieldKind, Lang, Schema};

/// One question as the page asks it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// Id of the input.
    pub id: String,
    /// Name under which the answer is sent: `contact.phone`.
    pub name: String,
    /// What the visitor reads.
    pub title: String,
    /// `input`, `textarea` or `select`.
    pub tag: &'static str,
    /// Type of the input.
    pub kind: &'static str,
    /// Which keyboard a phone shows.
    pub inputmode: &'static str,
    /// What the browser may fill in by itself.
    pub autocomplete: &'static str,
    /// Must be answered.
    pub required: bool,
    /// Code and title of what can be chosen.
    pub options: Vec<(String, String)>,
    /// What was typed before.
    pub value: String,
    /// What is wrong with it.
    pub wrong: String,
}

/// A question of a form as the page asks it.
pub(super) fn question(schema: &Schema, asked: &web_form::Question, at: usize, lang: Lang) -> Question {
    let field = asked.field(schema);
    let (tag, kind, inputmode) = field.map_or(("input", "text", ""), asked_as);
    let options = match field.map(|field| &field.kind) {
        Some(FieldKind::Choice { options }) => options.iter().map(|option| (option.code.clone(), option.title.get(lang).to_owned())).collect(),
        _ => Vec::new(),
    };
    Question {
        id: format!("q{at}"),
        name: asked.name.clone(),
        title: asked.title(schema).get(lang).to_owned(),
        tag,
        kind,
        inputmode,
        autocomplete: field.map_or("off", autocomplete),
        required: asked.required,
        options,
        value: String::new(),
        wrong: String::new(),
    }
}

fn asked_as(field: &Field) -> (&'static str, &'static str, &'static str) {
    match field.kind {
        FieldKind::LongText => ("textarea", "text", ""),
        FieldKind::Choice { .. } => ("select", "text", ""),
        FieldKind::Phone => ("input", "tel", "tel"),
        FieldKind::Email => ("input", "email", "email"),
        FieldKind::Date => ("input", "date", ""),
        FieldKind::Integer => ("input", "text", "numeric"),
        FieldKind::Money | FieldKind::Decimal => ("input", "text", "decimal"),
        FieldKind::Web => ("input", "url", "url"),
        _ => ("input", "text", ""),
    }
}

fn autocomplete(field: &Field) -> &'static str {
    match (&field.kind, field.code.as_str()) {
        (FieldKind::Phone, _) => "tel",
        (FieldKind::Email, _) => "email",
        (_, "first_name") => "given-name",
        (_, "last_name") => "family-name",
        (_, "middle_name") => "additional-name",
        (_, "title") => "name",
        (_, "region") => "address-level1",
        (_, "birth_date") => "bday",
        _ => "off",
    }
}

/// Marks of advertising in an address: they go along with the form. Others are dropped, long ones cut.
pub(super) fn marks(query: &[(String, String)]) -> Vec<(String, String)> {
    const CLICKS: [&str; 6] = ["yclid", "gclid", "fbclid", "ymclid", "vkclid", "rb_clickid"];
    const UTM: [&str; 6] = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "utm_referrer"];
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in query {
        let known = UTM.contains(&name.as_str()) || CLICKS.contains(&name.as_str());
        if known && !value.is_empty() && !found.iter().any(|(other, _)| other == name) {
            found.push((name.clone(), value.chars().take(255).collect()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_asked_in_the_way_of_its_field() {
        let asked = |field: Field| (asked_as(&field), autocomplete(&field));
        assert_eq!(asked(Field::new("phone", "Телефон", "Phone", FieldKind::Phone)), (("input", "tel", "tel"), "tel"));
        assert_eq!(asked(Field::new("first_name", "Имя", "Name", FieldKind::Text)), (("input", "text", ""), "given-name"));
        assert_eq!(asked(Field::new("comment", "Комментарий", "Comment", FieldKind::LongText)), (("textarea", "text", ""), "off"));
        assert_eq!(asked(Field::new("debt_total", "Сумма", "Sum", FieldKind::Money)), (("input", "text", "decimal"), "off"));
    }

    #[test]
    fn only_marks_of_advertising_are_taken_from_the_address_and_only_once() {
        let given = [("utm_source", "yandex"), ("utm_source", "other"), ("contact.phone", "+7"), ("utm_evil", "x"), ("gclid", "")];
        let query: Vec<(String, String)> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(marks(&query), vec![("utm_source".to_owned(), "yandex".to_owned())]);
        assert_eq!(marks(&[("utm_term".to_owned(), "я".repeat(300))])[0].1.chars().count(), 255);
    }
}
