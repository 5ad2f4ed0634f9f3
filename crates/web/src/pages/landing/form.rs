//! The questions of a public form, made from the settings of its account and the fields that they fill.

use crm::{Account, Field, FieldKind, Lang, Schema, Value, Values};

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

/// A text of the form in the visitor's language; the Russian one when there is no other.
pub(super) fn text<'a>(settings: &'a Values, code: &str, lang: Lang) -> &'a str {
    let english = settings.text(&format!("{code}_en"));
    match lang {
        Lang::En if !english.is_empty() => english,
        _ => settings.text(code),
    }
}

/// The questions of a form.
pub(super) fn questions(schema: &Schema, account: &Account, lang: Lang) -> Vec<Question> {
    let rows = account.settings.get("questions").as_list().iter().filter_map(|row| if let Value::Record(row) = row { Some(row) } else { None });
    rows.filter(|row| !row.text("field").is_empty()).enumerate().map(|(at, row)| question(schema, row, at, lang)).collect()
}

fn question(schema: &Schema, row: &Values, at: usize, lang: Lang) -> Question {
    let name = row.text("field").to_owned();
    let field = name.split_once('.').and_then(|(kind, code)| schema.kind_by_code(kind)?.field(code));
    let title = text(row, "title", lang);
    let (tag, kind, inputmode) = field.map_or(("input", "text", ""), asked_as);
    let options = match field.map(|field| &field.kind) {
        Some(FieldKind::Choice { options }) => options.iter().map(|option| (option.code.clone(), option.title.get(lang).to_owned())).collect(),
        _ => Vec::new(),
    };
    Question {
        id: format!("q{at}"),
        title: if title.is_empty() { field.map_or_else(|| name.clone(), |field| field.title.get(lang).to_owned()) } else { title.to_owned() },
        tag,
        kind,
        inputmode,
        autocomplete: field.map_or("off", autocomplete),
        required: row.flag("required"),
        options,
        value: String::new(),
        wrong: String::new(),
        name,
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
    use crm::{AccountId, EntityType, EntityTypeId};

    fn schema() -> Schema {
        let contact = EntityType {
            id: EntityTypeId(3),
            code: "contact".into(),
            title: crm::Label::same("Клиент"),
            plural: crm::Label::same("Клиенты"),
            staged: false,
            listed: true,
            searched: true,
            icon: String::new(),
            fields: vec![Field::new("phone", "Телефон", "Phone", FieldKind::Phone)],
        };
        Schema { types: [(contact.id, contact)].into(), ..Schema::default() }
    }

    fn account(rows: Vec<Values>) -> Account {
        let questions = Value::Many(rows.into_iter().map(Value::Record).collect());
        Account { id: AccountId(1), provider: "web_form".into(), code: "f".into(), title: "Форма".into(), settings: Values::from([("questions", questions)]), secrets: Values::new(), enabled: true }
    }

    #[test]
    fn a_question_is_asked_in_the_way_of_its_field() {
        let given = account(vec![Values::from([("field", Value::text("contact.phone")), ("required", Value::Flag(true))])]);
        let asked = questions(&schema(), &given, Lang::En);
        assert_eq!((asked[0].kind, asked[0].autocomplete, asked[0].title.as_str(), asked[0].required), ("tel", "tel", "Phone", true));
    }

    #[test]
    fn a_question_without_an_english_title_keeps_the_russian_one() {
        let row = Values::from([("field", Value::text("contact.phone")), ("title", Value::text("Ваш телефон"))]);
        assert_eq!(questions(&schema(), &account(vec![row.clone()]), Lang::En)[0].title, "Ваш телефон");
        let both = row.with("title_en", Value::text("Your phone"));
        assert_eq!(questions(&schema(), &account(vec![both]), Lang::En)[0].title, "Your phone");
    }

    #[test]
    fn only_marks_of_advertising_are_taken_from_the_address_and_only_once() {
        let given = [("utm_source", "yandex"), ("utm_source", "other"), ("contact.phone", "+7"), ("utm_evil", "x"), ("gclid", "")];
        let query: Vec<(String, String)> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(marks(&query), vec![("utm_source".to_owned(), "yandex".to_owned())]);
        assert_eq!(marks(&[("utm_term".to_owned(), "я".repeat(300))])[0].1.chars().count(), 255);
    }
}
