//! Which column answers which field: guessed from its title, remembered for files of the same kind.

use super::words::plain;
use crm::{EntityType, EntityTypeId, Field, FieldKind, Outcome, Read, Rights, Tx, UserId, Value, Values, code};
use serde::{Deserialize, Serialize};

/// What a column is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Target {
    /// Code of the field; empty: the column is left out.
    pub field: String,
    /// For a link: the field of the other record by which it is found; empty: number, phone, e-mail or name, whichever it
    /// looks like.
    #[serde(default)]
    pub by: String,
}

impl Target {
    /// A column for this field.
    pub fn of(field: &str) -> Target {
        Target { field: field.to_owned(), by: String::new() }
    }
}

/// Title of the column of reasons in a file of errors; never imported.
pub(crate) const REASON: [&str; 2] = ["Причина ошибки", "Reason of the error"];

/// Other words under which files of other programs have the common fields.
const SYNONYMS: [(&str, &[&str]); 16] = [
    (code::ID, &["id", "номер записи", "№"]),
    (code::TITLE, &["название", "наименование", "фио", "имя клиента", "name", "title", "full name", "fio"]),
    ("last_name", &["фамилия", "last name", "surname"]),
    ("first_name", &["имя", "first name", "given name"]),
    ("middle_name", &["отчество", "middle name", "patronymic"]),
    (code::PHONE, &["телефон", "тел", "моб", "мобильный", "мобильный телефон", "рабочий телефон", "phone", "mobile", "phone number", "телефоны"]),
    (code::EMAIL, &["почта", "email", "e mail", "эл почта", "электронная почта", "адрес почты", "mail"]),
    (code::RESPONSIBLE, &["ответственный", "менеджер", "responsible", "owner", "manager", "assigned to"]),
    (code::STAGE, &["стадия", "этап", "статус", "stage", "status"]),
    (code::PIPELINE, &["воронка", "pipeline", "funnel"]),
    (code::AMOUNT, &["сумма", "бюджет", "amount", "sum", "budget"]),
    ("comment", &["комментарий", "примечание", "заметка", "comment", "note", "notes"]),
    (code::CONTACT, &["контакт", "клиент", "contact", "client"]),
    (code::COMPANY, &["компания", "организация", "company"]),
    (code::CREATED_AT, &["дата создания", "создано", "created at", "created"]),
    (code::CREATED_BY, &["кем создано", "автор", "created by", "author"]),
];

fn bare(title: &str) -> String {
    let text: String = title.chars().map(|letter| if letter.is_alphanumeric() || letter == '№' { letter } else { ' ' }).collect();
    plain(&text)
}

/// Whether a column may answer this field at all.
pub fn is_offered(shape: &EntityType, rights: &Rights, field: &Field) -> bool {
    let trail = [code::ID, code::CREATED_AT, code::CREATED_BY].contains(&field.code.as_str());
    let foreign = matches!(
        field.kind,
        FieldKind::Record { .. } | FieldKind::File | FieldKind::Image | FieldKind::Secret | FieldKind::Formula { .. } | FieldKind::Counter { .. }
    );
    !foreign && (trail || (!field.is_kept() && rights.writes(shape.id, &field.code))) && rights.sees(shape.id, &field.code)
}

/// Guesses what each column is for. Of two columns for one field the first counts, except for phones and the like.
pub(crate) fn guess(shape: &EntityType, rights: &Rights, header: &[String]) -> Vec<Target> {
    let mut taken: Vec<String> = Vec::new();
    header
        .iter()
        .map(|title| {
            let title = bare(title);
            let fits = |field: &&Field| is_offered(shape, rights, field) && (field.is_points() || !taken.contains(&field.code));
            let by_title = |field: &&Field| [&field.title.ru, &field.title.en, &field.code].iter().any(|name| bare(name) == title);
            let by_synonym = |field: &&Field| SYNONYMS.iter().any(|(code, words)| *code == field.code && words.contains(&title.as_str()));
            let numbered = title.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == ' ').to_owned();
            let as_points = |field: &&Field| {
                field.is_points()
                    && SYNONYMS
                        .iter()
                        .any(|(code, words)| *code == field.code && words.iter().any(|word| *word == numbered || title.starts_with(&format!("{word} "))))
            };
            let all = || shape.fields.iter();
            let found = all().filter(fits).find(by_title).or_else(|| all().filter(fits).find(by_synonym)).or_else(|| all().filter(fits).find(as_points));
            let Some(field) = found.filter(|_| !title.is_empty()) else { return Target::default() };
            taken.push(field.code.clone());
            Target::of(&field.code)
        })
        .collect()
}

/// One setting for each type, person and set of titles.
fn key(kind: EntityTypeId, user: UserId, header: &[String]) -> String {
    // FNV-1a: only has to tell sets of titles apart.
    let hash = header
        .iter()
        .flat_map(|title| bare(title).into_bytes().into_iter().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("import_mapping:{kind}:{user}:{hash:016x}")
}

/// What this person chose the last time for such a file.
pub(crate) fn remembered(read: &dyn Read, kind: EntityTypeId, user: UserId, header: &[String]) -> Outcome<Option<(Vec<Target>, Vec<String>)>> {
    let values = read.setting(&key(kind, user, header))?;
    Ok(serde_json::from_str(values.text("columns")).ok().zip(serde_json::from_str(values.text("key")).ok()))
}

/// Remembers what this person chose.
pub(crate) fn remember(tx: &mut dyn Tx, kind: EntityTypeId, user: UserId, header: &[String], columns: &[Target], match_by: &[String]) -> Outcome<()> {
    let text = |json: serde_json::Result<String>| Value::text(json.expect("texts have a JSON form"));
    let values = Values::from([("columns", text(serde_json::to_string(columns))), ("key", text(serde_json::to_string(match_by)))]);
    tx.put_setting(&key(kind, user, header), &values)
}
