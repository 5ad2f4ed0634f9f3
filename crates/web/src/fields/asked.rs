//! A field as a question of a form.

use super::given::raw;
use super::is_color;
use crate::answers::Answers;
use crate::view::slug;
use crm::{Field, FieldKind, FileId, ItemRef, Outcome, UserId, Value, code};

/// Up to so many colleagues stand in a plain list; more are looked up by typing.
const SHORT_LIST: usize = 60;

/// A field as a question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    pub code: String,
    pub title: String,
    pub help: String,
    /// `text`, `long`, `rich`, `number`, `money`, `date`, `moment`, `choice`, `chips`, `link`, `links`, `points`, `parts`,
    /// `table`, `file`.
    pub kind: &'static str,
    /// What stands in it; of several answers one a line.
    pub value: String,
    /// What can be chosen: code, title, chosen.
    pub options: Vec<(String, String, bool)>,
    pub multiple: bool,
    pub required: bool,
    /// The word in addresses of the type that a link leads to.
    pub link: String,
    /// Title of the record that a link leads to now.
    pub link_title: String,
    pub error: Option<String>,
    /// Of several links, people or files: number and name of each.
    pub chosen: Vec<(i64, String)>,
    /// Colours of the options, if they have any.
    pub colors: Vec<String>,
    /// Parts of an address; columns of a table, empty.
    pub parts: Vec<Input>,
    /// Rows of a table.
    pub rows: Vec<Vec<Input>>,
    /// Judged by the server as soon as it is typed.
    pub checked: bool,
    /// Only pictures.
    pub picture: bool,
}

impl Input {
    /// Colour of the option at a place.
    pub fn color(&self, at: &usize) -> &str {
        self.colors.get(*at).map_or("", String::as_str)
    }
}

/// Whether a person can be asked for it in a form.
pub(crate) fn is_askable(field: &Field) -> bool {
    !field.is_kept()
        && !matches!(
            field.kind,
            FieldKind::Secret | FieldKind::AnyItem | FieldKind::Pipeline | FieldKind::Stage | FieldKind::Formula { .. } | FieldKind::Counter { .. }
        )
}

/// The field as a question, with the answer an item has now.
///
/// # Errors
/// Failures of the database.
pub(crate) fn input(answers: &Answers<'_>, field: &Field, value: &Value) -> Outcome<Input> {
    let lang = answers.lang;
    let chosen = |code: &str| value.as_list().iter().any(|one| one.as_text() == Some(code) || one.as_int().is_some_and(|id| id.to_string() == code));
    let numbers = || value.as_list().iter().filter_map(number).collect::<Vec<i64>>();
    let mut asked = Input {
        code: field.code.clone(),
        title: field.title.get(lang).to_owned(),
        help: field.help.get(lang).to_owned(),
        kind: "text",
        value: raw(field, value, &answers.zone),
        multiple: field.multiple,
        required: field.required,
        ..Input::default()
    };
    match &field.kind {
        FieldKind::LongText | FieldKind::Pattern => asked.kind = "long",
        FieldKind::RichText => asked.kind = "rich",
        FieldKind::Integer | FieldKind::Decimal => asked.kind = "number",
        FieldKind::Money => asked.kind = "money",
        FieldKind::Date => asked.kind = "date",
        FieldKind::Moment => asked.kind = "moment",
        FieldKind::Requisite { .. } => asked.checked = true,
        FieldKind::Flag => {
            asked.kind = "choice";
            asked.options =
                [("1", "yes"), ("0", "no")].into_iter().map(|(code, key)| (code.to_owned(), crate::texts::text(lang, key, &[]), asked.value == code)).collect();
        }
        FieldKind::Choice { options } => {
            asked.kind = if field.multiple { "chips" } else { "choice" };
            asked.options = options.iter().map(|option| (option.code.clone(), option.title.get(lang).to_owned(), chosen(&option.code))).collect();
            asked.colors = options.iter().map(|option| if is_color(&option.color) { option.color.clone() } else { String::new() }).collect();
        }
        FieldKind::User => people(answers, field, &mut asked, &numbers(), chosen)?,
        FieldKind::Department => {
            asked.kind = if field.multiple { "chips" } else { "choice" };
            let all = answers.read.departments()?;
            asked.options = all
                .iter()
                .filter(|one| (!one.closed || chosen(&one.id.to_string())) && (!matches!(field.code.as_str(), code::OFFICE | code::SHARED_WITH) || one.office))
                .map(|one| (one.id.to_string(), one.title.get(lang).to_owned(), chosen(&one.id.to_string())))
                .collect();
        }
        FieldKind::Link { to } => {
            asked.kind = if field.multiple { "links" } else { "link" };
            asked.link = answers.schema.kind(*to).map(slug).unwrap_or_default();
            let title = |id: i64| answers.title(ItemRef::new(*to, id)).unwrap_or_else(|| format!("№ {id}"));
            match field.multiple {
                true => asked.chosen = numbers().into_iter().map(|id| (id, title(id))).collect(),
                false => asked.link_title = numbers().first().map(|id| title(*id)).unwrap_or_default(),
            }
        }
        FieldKind::Stage | FieldKind::Pipeline => {
            asked.kind = "choice";
            let pipelines = answers.schema.pipelines.values();
            asked.options = match field.kind {
                FieldKind::Pipeline => pipelines.map(|one| (one.id.to_string(), one.title.get(lang).to_owned(), chosen(&one.id.to_string()))).collect(),
                _ => {
                    pipelines.flat_map(|one| &one.stages).map(|one| (one.id.to_string(), one.title.get(lang).to_owned(), chosen(&one.id.to_string()))).collect()
                }
            };
        }
        FieldKind::Address if !field.multiple => {
            asked.kind = "parts";
            asked.parts = address(field, value, lang);
        }
        FieldKind::File | FieldKind::Image => {
            asked.kind = "file";
            asked.picture = matches!(field.kind, FieldKind::Image);
            let name = |id: i64| answers.read.file(FileId(id)).ok().flatten().map_or_else(|| format!("№ {id}"), |file| file.name);
            asked.chosen = numbers().into_iter().map(|id| (id, name(id))).collect();
        }
        FieldKind::Record { fields } => {
            asked.kind = "table";
            let inner = |row: &str, values: &crm::Values| -> Outcome<Vec<Input>> {
                let of = |one: &Field| {
                    let asked_inside = input(answers, one, values.get(&one.code))?;
                    Ok(Input { code: format!("{}.{row}.{}", field.code, one.code), ..asked_inside })
                };
                fields.iter().filter(|one| is_askable(one) && !matches!(one.kind, FieldKind::Record { .. })).map(of).collect()
            };
            asked.parts = inner("_", &crm::Values::new())?;
            for (at, row) in value.as_list().iter().enumerate() {
                if let Value::Record(values) = row {
                    asked.rows.push(inner(&at.to_string(), values)?);
                }
            }
        }
        _ if field.is_points() => {
            asked.kind = "points";
            asked.checked = matches!(field.kind, FieldKind::Phone | FieldKind::Email);
        }
        _ => {}
    }
    Ok(asked)
}

/// A number that came as one, or as the text of a form that was sent and comes back.
fn number(value: &Value) -> Option<i64> {
    value.as_int().or_else(|| value.as_text().and_then(|text| text.parse().ok()))
}

/// A short list of colleagues to choose from; in a large firm they are found by typing.
fn people(answers: &Answers<'_>, field: &Field, asked: &mut Input, numbers: &[i64], chosen: impl Fn(&str) -> bool) -> Outcome<()> {
    let users = answers.read.users()?;
    let active = users.iter().filter(|user| user.active).count();
    if !field.multiple && active <= SHORT_LIST {
        asked.kind = "choice";
        asked.options = users
            .iter()
            .filter(|user| user.active || chosen(&user.id.to_string()))
            .map(|user| (user.id.to_string(), user.name(), chosen(&user.id.to_string())))
            .collect();
        return Ok(());
    }
    asked.link = "people".to_owned();
    asked.kind = if field.multiple { "links" } else { "link" };
    match field.multiple {
        true => asked.chosen = numbers.iter().map(|id| (*id, answers.person(UserId(*id)).name)).collect(),
        false => asked.link_title = numbers.first().map(|id| answers.person(UserId(*id)).name).unwrap_or_default(),
    }
    Ok(())
}

fn address(field: &Field, value: &Value, lang: crm::Lang) -> Vec<Input> {
    let empty = crm::Values::new();
    let values = if let Value::Record(values) = value { values } else { &empty };
    crm::address::PARTS
        .iter()
        .map(|part| Input {
            code: format!("{}.{}", field.code, part.code),
            title: part.title().get(lang).to_owned(),
            kind: "text",
            value: match (part.code, value) {
                // A text that came back from a form without parts is the note.
                ("comment", Value::Text(text)) => text.clone(),
                _ => values.text(part.code).to_owned(),
            },
            ..Input::default()
        })
        .collect()
}
