//! One field as a form, and the form read back as a field.

use super::sent::Sent;
use crate::answers::Answers;
use crate::fields;
use crm::constructor::words;
use crm::{Choice, EntityType, EntityTypeId, Field, FieldKind, Filter, FormulaResult, Label, Lang, Op, Outcome, Refusal, Schema, Value};
use jiff::tz::TimeZone;

/// Kinds that a person can add, with their icons; the order is that of the menu.
pub(super) const KINDS: [(&str, &str); 24] = [
    ("text", "letter-case"),
    ("long_text", "align-left"),
    ("rich_text", "article"),
    ("integer", "number"),
    ("decimal", "decimal"),
    ("money", "coins"),
    ("date", "calendar"),
    ("moment", "clock"),
    ("flag", "toggle-left"),
    ("choice", "list-check"),
    ("user", "user"),
    ("department", "building"),
    ("link", "link"),
    ("any_item", "arrows-split"),
    ("phone", "phone"),
    ("email", "mail"),
    ("messenger", "message"),
    ("web", "world"),
    ("file", "paperclip"),
    ("image", "photo"),
    ("address", "map-pin"),
    ("requisite", "id"),
    ("formula", "math-function"),
    ("counter", "hash"),
];
/// A table stands apart: it asks for columns.
pub(super) const TABLE: (&str, &str) = ("record", "table");

/// One of several, as a template shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pick {
    pub code: String,
    pub title: String,
    pub icon: String,
    pub on: bool,
}

impl Pick {
    pub fn new(code: impl Into<String>, title: impl Into<String>, on: bool) -> Pick {
        Pick { code: code.into(), title: title.into(), icon: String::new(), on }
    }
}

/// One choice of a list.
pub(super) struct OptionRow {
    pub code: String,
    pub ru: String,
    pub en: String,
    pub color: String,
    pub on: bool,
}

/// One column of a table.
pub(super) struct ColumnRow {
    pub code: String,
    pub title: String,
    pub kinds: Vec<Pick>,
    pub choices: String,
}

/// One comparison of a condition.
pub(super) struct WhenRow {
    pub field: String,
    pub op: &'static str,
    pub value: String,
}

/// Everything the form asks.
pub(super) struct FieldForm {
    pub code: String,
    pub title: Label,
    pub help: Label,
    pub tab: Label,
    pub kind: String,
    pub kind_title: String,
    pub kinds: Vec<Pick>,
    pub options: Vec<OptionRow>,
    pub types: Vec<Pick>,
    pub checks: Vec<Pick>,
    pub expression: String,
    pub results: Vec<Pick>,
    pub pattern: String,
    pub resets: Vec<Pick>,
    pub columns: Vec<ColumnRow>,
    pub new_column_kinds: Vec<Pick>,
    /// Pipelines with their stages: `pipeline/STAGE`.
    pub stages: Vec<(String, Vec<Pick>)>,
    pub when: Vec<WhenRow>,
    /// A condition that this form cannot show; it stays as it is.
    pub when_complex: bool,
    pub groups: Vec<String>,
    pub default: String,
    pub users: Vec<Pick>,
    pub least: String,
    pub most: String,
    /// The field as it stands, for the boxes.
    pub field: Field,
    /// What the condition's rows can compare, for the script.
    pub comparable: serde_json::Value,
}

/// The word of a comparison in a form.
pub(super) fn op_code(op: Op) -> &'static str {
    match op {
        Op::Eq => "eq",
        Op::Ne => "ne",
        Op::Gt => "gt",
        Op::Ge => "ge",
        Op::Lt => "lt",
        Op::Le => "le",
        Op::In => "in",
        Op::NotIn => "not_in",
        Op::Contains => "contains",
        Op::NotContains => "not_contains",
        Op::Like => "like",
        Op::NotLike => "not_like",
        Op::Empty => "empty",
        Op::Filled => "filled",
    }
}

/// Comparisons that a condition of a demand can use.
pub(super) const OPS: [Op; 8] = [Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le, Op::Filled, Op::Empty];

/// The form of a field.
///
/// # Errors
/// Failures of the database.
pub(super) fn form(answers: &Answers<'_>, shape: &EntityType, field: &Field) -> Outcome<FieldForm> {
    let (schema, lang) = (&answers.schema, answers.lang);
    let kind = words::kind_code(&field.kind);
    let raw = |field: &Field, value: &Value| fields::input(answers, field, value).map(|input| input.value);
    let default = raw(field, &field.default)?;
    let link_to = match field.kind {
        FieldKind::Link { to } => Some(to),
        _ => None,
    };
    let (when, when_complex) = when_rows(answers, shape, field.required_when.as_ref())?;
    let mut groups: Vec<String> = schema.types.values().flat_map(|one| &one.fields).map(|one| one.group.clone()).filter(|group| !group.is_empty()).collect();
    groups.extend(["money", "passport"].map(str::to_owned));
    groups.sort();
    groups.dedup();
    let listed = schema.types.values().filter(|one| one.has("title") && (one.listed || link_to == Some(one.id)));
    Ok(FieldForm {
        code: field.code.clone(),
        title: field.title.clone(),
        help: field.help.clone(),
        tab: field.tab.clone(),
        kind: kind.to_owned(),
        kind_title: words::kind_title(kind).get(lang).to_owned(),
        kinds: kinds(field, lang),
        options: option_rows(field),
        types: listed.map(|one| Pick::new(one.id.to_string(), one.title.get(lang), link_to == Some(one.id))).collect(),
        checks: words::checks()
            .iter()
            .map(|check| {
                Pick::new(
                    check_code(*check),
                    words::check_title(*check).get(lang),
                    matches!(field.kind, FieldKind::Requisite { check: known } if known == *check),
                )
            })
            .collect(),
        expression: match &field.kind {
            FieldKind::Formula { expression, .. } => expression.clone(),
            _ => String::new(),
        },
        results: words::results()
            .iter()
            .map(|one| {
                Pick::new(
                    words::result_code(*one),
                    words::result_title(*one).get(lang),
                    matches!(field.kind, FieldKind::Formula { result, .. } if result == *one),
                )
            })
            .collect(),
        pattern: match &field.kind {
            FieldKind::Counter { pattern, .. } => pattern.clone(),
            _ => "{YYYY}-{SEQ:5}".to_owned(),
        },
        resets: ["never", "year", "month"]
            .iter()
            .map(|code| {
                Pick::new(
                    *code,
                    crate::texts::text(lang, &format!("ctor-reset-{code}"), &[]),
                    matches!(&field.kind, FieldKind::Counter { reset, .. } if reset == code),
                )
            })
            .collect(),
        columns: columns(field, lang),
        new_column_kinds: column_kinds("text", lang),
        stages: stages(schema, shape, field, lang),
        when,
        when_complex,
        groups,
        default,
        users: answers
            .read
            .users()?
            .iter()
            .filter(|user| user.active)
            .map(|user| Pick::new(user.id.to_string(), user.name(), field.default.as_int() == Some(user.id.0)))
            .collect(),
        least: field.least.map(|number| number.to_string()).unwrap_or_default(),
        most: field.most.map(|number| number.to_string()).unwrap_or_default(),
        field: field.clone(),
        comparable: comparable(shape, field, lang),
    })
}

fn kinds(field: &Field, lang: Lang) -> Vec<Pick> {
    let now = words::kind_code(&field.kind);
    let pick = |(code, icon): (&str, &str)| Pick {
        code: code.to_owned(),
        title: words::kind_title(code).get(lang).to_owned(),
        icon: icon.to_owned(),
        on: code == now,
    };
    KINDS.into_iter().chain([TABLE]).map(pick).collect()
}

fn option_rows(field: &Field) -> Vec<OptionRow> {
    let FieldKind::Choice { options } = &field.kind else { return Vec::new() };
    let chosen = |code: &str| field.default.as_list().iter().any(|one| one.as_text() == Some(code));
    options
        .iter()
        .map(|one| OptionRow { code: one.code.clone(), ru: one.title.ru.clone(), en: same_or(&one.title), color: one.color.clone(), on: chosen(&one.code) })
        .collect()
}

/// The English text, empty when it only repeats the Russian one.
pub(super) fn same_or(label: &Label) -> String {
    if label.en == label.ru { String::new() } else { label.en.clone() }
}

const COLUMN_KINDS: [&str; 9] = ["text", "long_text", "integer", "decimal", "money", "date", "flag", "choice", "user"];

fn column_kinds(on: &str, lang: Lang) -> Vec<Pick> {
    COLUMN_KINDS.iter().map(|code| Pick::new(*code, words::kind_title(code).get(lang), *code == on)).collect()
}

fn columns(field: &Field, lang: Lang) -> Vec<ColumnRow> {
    let FieldKind::Record { fields } = &field.kind else { return Vec::new() };
    fields
        .iter()
        .map(|column| ColumnRow {
            code: column.code.clone(),
            title: column.title.get(lang).to_owned(),
            kinds: column_kinds(words::kind_code(&column.kind), lang),
            choices: match &column.kind {
                FieldKind::Choice { options } => options.iter().map(|one| one.title.get(lang)).collect::<Vec<_>>().join(", "),
                _ => String::new(),
            },
        })
        .collect()
}

fn stages(schema: &Schema, shape: &EntityType, field: &Field, lang: Lang) -> Vec<(String, Vec<Pick>)> {
    let ways = schema.pipelines_of(shape.id);
    ways.iter()
        .map(|way| {
            let picks = way.stages.iter().map(|stage| {
                let place = format!("{}/{}", way.code, stage.code);
                let on = field.required_from.iter().any(|one| *one == place || *one == stage.code);
                Pick::new(place, stage.title.get(lang), on)
            });
            (way.title.get(lang).to_owned(), picks.collect())
        })
        .collect()
}

/// The rows of a condition that is one comparison or several that must all hold; `true` when it is something else.
fn when_rows(answers: &Answers<'_>, shape: &EntityType, filter: Option<&Filter>) -> Outcome<(Vec<WhenRow>, bool)> {
    let list: Vec<&Filter> = match filter {
        None | Some(Filter::Any) => return Ok((Vec::new(), false)),
        Some(Filter::All(list)) => list.iter().collect(),
        Some(one) => vec![one],
    };
    let mut rows = Vec::new();
    for one in list {
        let Filter::Is { field, op, value } = one else { return Ok((Vec::new(), true)) };
        let Some(known) = shape.field(field).filter(|_| OPS.contains(op)) else { return Ok((Vec::new(), true)) };
        rows.push(WhenRow { field: field.clone(), op: op_code(*op), value: fields::input(answers, known, value)?.value });
    }
    Ok((rows, false))
}

/// Fields that a condition can compare, with their choices.
fn comparable(shape: &EntityType, not: &Field, lang: Lang) -> serde_json::Value {
    let fits = |field: &&Field| {
        field.code != not.code
            && field.code != crm::code::ID
            && !matches!(
                field.kind,
                FieldKind::Record { .. }
                    | FieldKind::File
                    | FieldKind::Image
                    | FieldKind::Address
                    | FieldKind::AnyItem
                    | FieldKind::Secret
                    | FieldKind::Stage
                    | FieldKind::Pipeline
                    | FieldKind::LongText
                    | FieldKind::RichText
            )
    };
    let told = |field: &Field| {
        let options: Option<Vec<_>> = match &field.kind {
            FieldKind::Choice { options } => Some(options.iter().map(|one| serde_json::json!([one.code, one.title.get(lang)])).collect()),
            FieldKind::Flag => {
                Some(["1", "0"].iter().map(|code| serde_json::json!([code, crate::texts::text(lang, if *code == "1" { "yes" } else { "no" }, &[])])).collect())
            }
            _ => None,
        };
        let input = match field.kind {
            FieldKind::Integer | FieldKind::Decimal | FieldKind::Money => "number",
            FieldKind::Date => "date",
            FieldKind::Moment => "datetime-local",
            _ => "text",
        };
        serde_json::json!({ "code": field.code, "title": field.title.get(lang), "options": options, "input": input })
    };
    let ops: Vec<_> = OPS.iter().map(|op| serde_json::json!([op_code(*op), op.label().get(lang)])).collect();
    serde_json::json!({ "fields": shape.fields.iter().filter(fits).map(told).collect::<Vec<_>>(), "ops": ops })
}

/// The word of a requisite's rule, as it is stored.
fn check_code(check: crm::Check) -> String {
    serde_json::to_value(check).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The form read back. `known`: the field as it was; what the form does not ask stays.
///
/// # Errors
/// Points at the control with an answer that cannot be read.
pub(super) fn given(sent: &Sent, shape: &EntityType, known: Option<&Field>, lang: Lang, zone: &TimeZone) -> Result<Field, Refusal> {
    let base = known.cloned().unwrap_or_default();
    let common = known.is_some_and(|known| crm::constructor::is_common(shape, &known.code));
    let mut field = Field {
        code: known.map_or_else(|| sent.one("code").trim().to_owned(), |known| known.code.clone()),
        title: sent.label("title"),
        help: sent.label("help"),
        required: sent.on("required"),
        required_from: sent.all("required_from").into_iter().map(str::to_owned).collect(),
        required_when: when(sent, shape, &base, zone)?,
        secondary: sent.on("secondary"),
        ..base.clone()
    };
    if common {
        return Ok(field);
    }
    field.kind = kind(sent, &base, lang)?;
    field.multiple = sent.on("multiple");
    field.unique = sent.on("unique");
    field.masked = sent.on("masked");
    field.journaled = sent.on("journaled");
    field.lenient = sent.on("lenient");
    field.read_only = sent.on("read_only");
    field.indexed = sent.on("indexed");
    field.searchable = sent.on("searchable");
    field.group = sent.one("group").to_owned();
    field.tab = sent.label("tab");
    field.least = sent.number("least");
    field.most = sent.number("most");
    field.default = default(sent, &field, zone);
    Ok(field)
}

fn kind(sent: &Sent, base: &Field, lang: Lang) -> Result<FieldKind, Refusal> {
    let wrong = |at: &str, ru: &str, en: &str| Refusal::new("wrong_values", "Проверьте настройки", "Check the settings").at(at, Label::new(ru, en));
    let word = if sent.one("kind").is_empty() { words::kind_code(&base.kind) } else { sent.one("kind") };
    Ok(match word {
        "text" => FieldKind::Text,
        "long_text" => FieldKind::LongText,
        "rich_text" => FieldKind::RichText,
        "integer" => FieldKind::Integer,
        "decimal" => FieldKind::Decimal,
        "money" => FieldKind::Money,
        "date" => FieldKind::Date,
        "moment" => FieldKind::Moment,
        "flag" => FieldKind::Flag,
        "user" => FieldKind::User,
        "department" => FieldKind::Department,
        "any_item" => FieldKind::AnyItem,
        "phone" => FieldKind::Phone,
        "email" => FieldKind::Email,
        "messenger" => FieldKind::Messenger,
        "web" => FieldKind::Web,
        "file" => FieldKind::File,
        "image" => FieldKind::Image,
        "address" => FieldKind::Address,
        "choice" => FieldKind::Choice { options: options(sent) },
        "link" => FieldKind::Link {
            to: EntityTypeId(sent.number("to").ok_or_else(|| wrong("to", "выберите, с чем связь", "choose what it links to"))?)
        },
        "requisite" => {
            let check =
                serde_json::from_value(serde_json::Value::from(sent.one("check"))).map_err(|_| wrong("check", "выберите реквизит", "choose the requisite"))?;
            FieldKind::Requisite { check }
        }
        "formula" => {
            let result = words::results().into_iter().find(|one| words::result_code(*one) == sent.one("result")).unwrap_or(FormulaResult::Text);
            FieldKind::Formula { expression: sent.one("expression").trim().replace("\r\n", "\n"), result }
        }
        "counter" => FieldKind::Counter { pattern: sent.one("pattern").to_owned(), reset: sent.one("reset").to_owned() },
        "record" => FieldKind::Record { fields: table(sent, base, lang) },
        // Kinds of the program itself stay what they are.
        _ if words::kind_code(&base.kind) == word => base.kind.clone(),
        _ => return Err(wrong("kind", "выберите тип поля", "choose the kind of field")),
    })
}

fn options(sent: &Sent) -> Vec<Choice> {
    let rows = sent.rows(["option.code", "option.ru", "option.en", "option.color"]);
    // An empty last row is what a person leaves behind, not a choice.
    let filled = rows.into_iter().filter(|[code, ru, en, _]| !(code.is_empty() && ru.trim().is_empty() && en.trim().is_empty()));
    filled.map(|[code, ru, en, color]| Choice { code: code.to_owned(), title: Label::new(ru, en), color: color.to_owned() }).collect()
}

fn table(sent: &Sent, base: &Field, lang: Lang) -> Vec<Field> {
    let known: &[Field] = match &base.kind {
        FieldKind::Record { fields } => fields,
        _ => &[],
    };
    let rows = sent.rows(["column.code", "column.title", "column.kind", "column.choices"]);
    rows.into_iter()
        .filter(|[code, title, ..]| !(code.is_empty() && title.trim().is_empty()))
        .map(|[code, title, kind, choices]| {
            let former = known.iter().find(|one| one.code == code && !code.is_empty());
            let kept = former.filter(|one| words::kind_code(&one.kind) == kind);
            // Its other language stays as long as the name stays.
            let label = former.filter(|one| one.title.get(lang) == title.trim()).map_or_else(|| Label::same(title), |one| one.title.clone());
            let kind = match (kind, kept) {
                ("choice", kept) => FieldKind::Choice { options: column_choices(choices, kept, lang) },
                (_, Some(kept)) => kept.kind.clone(),
                ("long_text", _) => FieldKind::LongText,
                ("integer", _) => FieldKind::Integer,
                ("decimal", _) => FieldKind::Decimal,
                ("money", _) => FieldKind::Money,
                ("date", _) => FieldKind::Date,
                ("flag", _) => FieldKind::Flag,
                ("user", _) => FieldKind::User,
                _ => FieldKind::Text,
            };
            Field { code: code.to_owned(), title: label, kind, ..former.cloned().unwrap_or_default() }
        })
        .collect()
}

fn column_choices(written: &str, kept: Option<&Field>, lang: Lang) -> Vec<Choice> {
    let known: &[Choice] = match kept.map(|one| &one.kind) {
        Some(FieldKind::Choice { options }) => options,
        _ => &[],
    };
    let titles = written.split([',', ';', '\n']).map(str::trim).filter(|title| !title.is_empty());
    titles
        .map(|title| match known.iter().find(|one| one.title.get(lang) == title) {
            Some(one) => one.clone(),
            None => Choice { code: String::new(), title: Label::same(title), color: String::new() },
        })
        .collect()
}

/// The condition under which the field is demanded.
fn when(sent: &Sent, shape: &EntityType, base: &Field, zone: &TimeZone) -> Result<Option<Filter>, Refusal> {
    if sent.on("when.keep") {
        return Ok(base.required_when.clone());
    }
    let mut list = Vec::new();
    for [code, op, value] in sent.rows(["when.field", "when.op", "when.value"]) {
        let Some(field) = shape.field(code) else { continue };
        let op = OPS.into_iter().find(|one| op_code(*one) == op).unwrap_or(Op::Eq);
        let value = match op {
            Op::Empty | Op::Filled => Value::Null,
            _ => {
                let single = Field { multiple: false, ..field.clone() };
                single.accept(&fields::given(&single, &[value], zone)).map_err(|refusal| refusal.at("when", Label::new("условие", "the condition")))?
            }
        };
        list.push(Filter::Is { field: code.to_owned(), op, value });
    }
    Ok(match list.len() {
        0 => None,
        1 => list.pop(),
        _ => Some(Filter::All(list)),
    })
}

/// The answer of new records: the starred choices of a list, else what was written.
fn default(sent: &Sent, field: &Field, zone: &TimeZone) -> Value {
    match &field.kind {
        FieldKind::Choice { options } => {
            let rows = sent.rows(["option.code", "option.ru", "option.en", "option.on"]);
            let filled = rows.into_iter().filter(|[code, ru, en, _]| !(code.is_empty() && ru.trim().is_empty() && en.trim().is_empty()));
            // A new choice gets its code later; it can be starred once it is saved.
            let starred = filled.zip(options).filter(|([code, .., on], _)| !code.is_empty() && !on.is_empty()).map(|(_, option)| Value::text(&option.code));
            match field.multiple {
                true => Value::Many(starred.collect()),
                false => starred.last().unwrap_or(Value::Null),
            }
        }
        FieldKind::Formula { .. }
        | FieldKind::Counter { .. }
        | FieldKind::Record { .. }
        | FieldKind::Address
        | FieldKind::File
        | FieldKind::Image
        | FieldKind::AnyItem => Value::Null,
        _ if sent.one("default").trim().is_empty() => Value::Null,
        _ => fields::given(field, &sent.all("default"), zone),
    }
}
