//! What a form asks and says, out of the settings of its account.

use crm::{Account, Field, Label, Lang, Schema, Value, Values};

/// A form as it is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Code of the account: stands in its address.
    pub code: String,
    /// Name for the staff.
    pub title: String,
    /// Headline.
    pub heading: Label,
    /// What stands under it.
    pub lead: Label,
    /// What is said when it was sent.
    pub thanks: Label,
    /// A warning that the law wants on the page; may be empty.
    pub warning: Label,
    /// Text of the consent to the processing of personal data; empty: no such box. Must be ticked.
    pub consent: Label,
    /// Text of the consent to mailings; empty: no such box.
    pub consent_ads: Label,
    /// What is asked, in order.
    pub questions: Vec<Question>,
}

/// One question of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Its name in the form and the field that it fills: `contact.phone`, `deal.region`.
    pub name: String,
    /// What the visitor reads; empty: the title of the field.
    pub title: Label,
    /// Must be answered.
    pub required: bool,
}

impl Question {
    /// The field that it fills.
    pub fn field<'s>(&self, schema: &'s Schema) -> Option<&'s Field> {
        let (kind, code) = self.name.split_once('.')?;
        schema.kind_by_code(kind)?.field(code)
    }

    /// What the visitor reads.
    pub fn title(&self, schema: &Schema) -> Label {
        match (self.title.ru.is_empty(), self.field(schema)) {
            (false, _) => self.title.clone(),
            (true, Some(field)) => field.title.clone(),
            (true, None) => Label::same(&self.name),
        }
    }
}

/// The form of an account.
pub fn form_of(account: &Account) -> Form {
    let text = |code: &str| label(&account.settings, code);
    let rows = account.settings.get("questions").as_list();
    Form {
        code: account.code.clone(),
        title: account.title.clone(),
        heading: text("heading"),
        lead: text("lead"),
        thanks: text("thanks"),
        warning: text("warning"),
        consent: text("consent"),
        consent_ads: text("consent_ads"),
        questions: rows
            .iter()
            .filter_map(|row| match row {
                Value::Record(row) if !row.text("field").is_empty() => {
                    Some(Question { name: row.text("field").to_owned(), title: label(row, "title"), required: row.flag("required") })
                }
                _ => None,
            })
            .collect(),
    }
}

/// A text with its English form; the Russian one stands in when there is none.
fn label(values: &Values, code: &str) -> Label {
    let ru = values.text(code);
    let en = values.text(&format!("{code}_en"));
    Label::new(ru, if en.is_empty() { ru } else { en })
}

/// Language of a form's texts by its code, or the firm's.
pub fn lang(code: &str, firm: Lang) -> Lang {
    Lang::from_code(code).unwrap_or(firm)
}
