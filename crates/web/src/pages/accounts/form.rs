//! The form of an account, made from the questions of its provider; and the answers read back from it.

use crm::{Account, Field, FieldKind, Label, Lang, Refusal, Value, Values, field::accept_all};

/// So many empty rows stand under a table, for new ones.
const SPARE_ROWS: usize = 2;

/// One question of the form, as the template shows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Control {
    /// Name of the input.
    pub name: String,
    /// What a person reads.
    pub title: String,
    /// The hint under it.
    pub help: String,
    /// How it is asked.
    pub ask: Ask,
    /// Must be answered.
    pub required: bool,
    /// What is wrong with the last answer.
    pub wrong: String,
}

/// How a question is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    /// One line.
    Line(String),
    /// Several lines.
    Lines(String),
    /// A whole number.
    Number(String),
    /// Yes or no.
    Flag(bool),
    /// One of some.
    Choice(Vec<Chosen>),
    /// A secret: only whether it is set.
    Secret(bool),
    /// Rows of questions.
    Rows {
        /// Headings.
        heads: Vec<String>,
        /// Rows of controls.
        rows: Vec<Vec<Control>>,
    },
}

/// A choice and whether it is chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    pub code: String,
    pub title: String,
    pub on: bool,
}

/// What was sent: names and answers, in order.
pub(super) type Sent = Vec<(String, String)>;

/// The form of an account as it stands; `wrong` holds the refusal of the last try.
pub(super) fn controls(fields: &[Field], account: &Account, wrong: &[(String, Label)], lang: Lang) -> Vec<Control> {
    fields.iter().map(|field| control(field, &format!("s.{}", field.code), account.settings.get(&field.code), is_set(account, field), wrong, lang)).collect()
}

fn is_set(account: &Account, field: &Field) -> bool {
    !account.secrets.get(&field.code).is_empty()
}

fn control(field: &Field, name: &str, value: &Value, set: bool, wrong: &[(String, Label)], lang: Lang) -> Control {
    let value = if value.is_empty() { &field.default } else { value };
    Control {
        name: name.to_owned(),
        title: field.title.get(lang).to_owned(),
        help: field.help.get(lang).to_owned(),
        ask: ask(field, name, value, set, lang),
        required: field.required,
        wrong: wrong.iter().find(|(code, _)| *code == field.code).map(|(_, reason)| reason.get(lang).to_owned()).unwrap_or_default(),
    }
}

fn ask(field: &Field, name: &str, value: &Value, set: bool, lang: Lang) -> Ask {
    match &field.kind {
        FieldKind::Secret => Ask::Secret(set),
        FieldKind::Flag => Ask::Flag(matches!(value, Value::Flag(true))),
        FieldKind::LongText | FieldKind::Pattern => Ask::Lines(typed(value)),
        FieldKind::Integer => Ask::Number(typed(value)),
        FieldKind::Choice { options } => Ask::Choice(
            options
                .iter()
                .map(|option| Chosen {
                    code: option.code.clone(),
                    title: option.title.get(lang).to_owned(),
                    on: value.as_list().iter().any(|one| one.as_text() == Some(&option.code)),
                })
                .collect(),
        ),
        FieldKind::Record { fields } => {
            let mut given: Vec<Values> =
                value.as_list().iter().map(|row| if let Value::Record(values) = row { values.clone() } else { Values::new() }).collect();
            given.resize(given.len() + SPARE_ROWS, Values::new());
            let row = |(at, values): (usize, &Values)| {
                fields.iter().map(|inner| control(inner, &format!("{name}.{at}.{}", inner.code), values.get(&inner.code), false, &[], lang)).collect()
            };
            Ask::Rows { heads: fields.iter().map(|inner| inner.title.get(lang).to_owned()).collect(), rows: given.iter().enumerate().map(row).collect() }
        }
        _ => Ask::Line(typed(value)),
    }
}

/// An answer as it is typed.
fn typed(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(decimal) => fraction(decimal.scaled, 4),
        Value::Money(money) => fraction(money.minor, 2),
        Value::Date(one) => one.date.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Many(list) => list.iter().map(typed).collect::<Vec<_>>().join(", "),
        Value::Ref(one) => one.item.to_string(),
        Value::Points(points) => points.list.iter().map(|point| point.raw.clone()).collect::<Vec<_>>().join(", "),
        Value::Moment(one) => one.at.timestamp().to_string(),
        Value::Null | Value::Record(_) => String::new(),
    }
}

fn fraction(scaled: i64, places: u32) -> String {
    let factor = 10_i64.pow(places);
    let text = format!("{}{}.{:0width$}", if scaled < 0 { "-" } else { "" }, (scaled / factor).abs(), (scaled % factor).abs(), width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Settings and secrets out of what was sent. An empty secret stays as it is.
///
/// # Errors
/// A refusal that names every wrong answer by the code of its question.
pub(super) fn answers(fields: &[Field], sent: &Sent, old: &Account) -> Result<(Values, Values), Refusal> {
    let open: Vec<Field> = fields.iter().filter(|field| field.kind != FieldKind::Secret).cloned().collect();
    let mut given = Values::new();
    for field in &open {
        let value = answer(field, &format!("s.{}", field.code), sent);
        if !value.is_empty() {
            given.set(field.code.clone(), value);
        }
    }
    let moved = old.id.0 != 0 && HOSTS.iter().any(|code| effective(&open, old.settings.get(code), code) != effective(&open, given.get(code), code));
    let mut secrets = Values::new();
    let mut missing = Vec::new();
    for field in fields.iter().filter(|field| field.kind == FieldKind::Secret) {
        let typed = one(sent, &format!("s.{}", field.code)).trim();
        match (typed.is_empty(), is_set(old, field)) {
            (false, _) => secrets.set(field.code.clone(), Value::text(typed)),
            (true, true) if moved => missing.push((
                field.code.clone(),
                Label::new(
                    format!("адрес сервиса изменён: введите «{}» ещё раз", field.title.ru),
                    format!("the address of the service changed: enter {} again", field.title.en),
                ),
            )),
            (true, false) if field.required => {
                missing.push((field.code.clone(), Label::new(format!("заполните «{}»", field.title.ru), format!("{} is required", field.title.en))))
            }
            (true, _) => {}
        }
    }
    match accept_all(&open, &given) {
        Ok(settings) if missing.is_empty() => Ok((settings, secrets)),
        Ok(_) => Err(Refusal { fields: missing, ..Refusal::new("wrong_values", "Проверьте заполнение полей", "Check the fields") }),
        Err(mut refusal) => {
            refusal.fields.extend(missing);
            Err(refusal)
        }
    }
}

/// Where a secret is sent to. It was entrusted to the old place, not to whatever is typed there later.
const HOSTS: [&str; 4] = ["base_url", "host", "server", "url"];

/// An answer, or what stands in its place when there is none.
fn effective(fields: &[Field], value: &Value, code: &str) -> String {
    match (value.is_empty(), fields.iter().find(|field| field.code == code)) {
        (true, Some(field)) => typed(&field.default),
        _ => typed(value),
    }
}

/// What was typed, right or wrong, for a form that is shown again.
pub(super) fn typed_again(fields: &[Field], sent: &Sent) -> Values {
    let open = fields.iter().filter(|field| field.kind != FieldKind::Secret);
    Values(open.map(|field| (field.code.clone(), answer(field, &format!("s.{}", field.code), sent))).collect())
}

fn answer(field: &Field, name: &str, sent: &Sent) -> Value {
    match &field.kind {
        FieldKind::Flag => Value::Flag(!one(sent, name).is_empty()),
        FieldKind::Record { fields } => {
            let places = sent.iter().filter_map(|(key, _)| key.strip_prefix(name)?.strip_prefix('.')?.split_once('.')?.0.parse::<usize>().ok());
            let count = places.max().map_or(0, |last| last.min(999) + 1);
            let rows: Vec<Value> = (0..count).map(|at| row(fields, &format!("{name}.{at}"), sent)).filter(|row| !row.is_empty()).collect();
            match field.multiple {
                true => Value::Many(rows),
                false => rows.into_iter().next().unwrap_or_default(),
            }
        }
        _ if field.multiple => {
            let all = sent.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(','));
            Value::Many(all.map(str::trim).filter(|one| !one.is_empty()).map(Value::text).collect())
        }
        _ => match one(sent, name).trim() {
            "" => Value::Null,
            text => Value::text(text.replace("\r\n", "\n")),
        },
    }
}

/// A row counts only when something besides a tick was typed into it.
fn row(fields: &[Field], name: &str, sent: &Sent) -> Value {
    let values: Vec<(String, Value)> = fields.iter().map(|inner| (inner.code.clone(), answer(inner, &format!("{name}.{}", inner.code), sent))).collect();
    match values.iter().any(|(_, value)| !value.is_empty() && !matches!(value, Value::Flag(_))) {
        true => Value::Record(Values(values.into_iter().filter(|(_, value)| !value.is_empty()).collect())),
        false => Value::Null,
    }
}

/// What was sent under a name; empty when nothing was.
pub(super) fn one<'a>(sent: &'a Sent, name: &str) -> &'a str {
    sent.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::AccountId;

    fn account(secrets: Values) -> Account {
        Account { id: AccountId(0), provider: "p".into(), code: "c".into(), title: String::new(), settings: Values::new(), secrets, enabled: true }
    }

    fn fields() -> Vec<Field> {
        let inner = vec![Field::new("field", "Поле", "Field", FieldKind::Text).required(), Field::new("required", "Обязательно", "Required", FieldKind::Flag)];
        vec![
            Field::new("host", "Сервер", "Host", FieldKind::Text).required(),
            Field::new("password", "Пароль", "Password", FieldKind::Secret).required(),
            Field::new("questions", "Вопросы", "Questions", FieldKind::Record { fields: inner }).multiple(),
        ]
    }

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_empty_secret_that_is_set_stays_and_one_that_is_not_is_asked_for() {
        let given = sent(&[("s.host", "mail.example"), ("s.password", "")]);
        let set = account(Values::from([("password", Value::text("old"))]));
        assert_eq!(answers(&fields(), &given, &set).unwrap().1, Values::new());
        let refusal = answers(&fields(), &given, &account(Values::new())).unwrap_err();
        assert_eq!(refusal.fields[0].0, "password");
    }

    #[test]
    fn a_secret_is_not_sent_to_another_host_than_the_one_it_was_given_for() {
        let mut old = account(Values::from([("password", Value::text("old"))]));
        old.id = AccountId(1);
        old.settings.set("host", Value::text("mail.example"));
        let same = sent(&[("s.host", "mail.example"), ("s.password", "")]);
        assert!(answers(&fields(), &same, &old).is_ok());
        let other = sent(&[("s.host", "evil.example"), ("s.password", "")]);
        assert_eq!(answers(&fields(), &other, &old).unwrap_err().fields[0].0, "password");
        let entered = sent(&[("s.host", "other.example"), ("s.password", "new")]);
        assert_eq!(answers(&fields(), &entered, &old).unwrap().1.text("password"), "new");
    }

    #[test]
    fn a_secret_is_never_put_into_the_page() {
        let set = account(Values::from([("password", Value::text("old"))]));
        assert!(!format!("{:?}", controls(&fields(), &set, &[], Lang::Ru)).contains("old"));
    }

    #[test]
    fn empty_rows_of_a_table_are_no_rows() {
        let given = sent(&[
            ("s.host", "h"),
            ("s.password", "x"),
            ("s.questions.0.field", "contact.phone"),
            ("s.questions.0.required", "1"),
            ("s.questions.1.field", ""),
            ("s.questions.2.field", "contact.email"),
        ]);
        let (settings, _) = answers(&fields(), &given, &account(Values::new())).unwrap();
        let rows = settings.get("questions").as_list().to_vec();
        assert_eq!(rows.len(), 2);
        assert!(matches!(&rows[0], Value::Record(row) if row.flag("required") && row.text("field") == "contact.phone"));
    }
}
