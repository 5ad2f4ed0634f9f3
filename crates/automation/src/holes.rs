//! The holes of texts: what `{{Имя клиента}}`, `{{client name}}`, `{{Сделка.Сумма}}`, `{{Регион}}` and
//! `{=Document:TITLE}` mean on a card (domain.md C.9).

use crm::text::{Piece, pieces};
use crm::{EntityTypeId, Field, FieldKind, Label, Schema, code, kind};

/// Where the answer to a hole comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source<'s> {
    /// A field of the card.
    Own(&'s Field),
    /// A field of the card's client.
    Client(&'s Field),
    /// How the client is addressed.
    ClientName,
    /// All names of the client.
    ClientFullName,
    /// About the one who answers for the card.
    Employee(Employee),
    /// The day.
    Today,
    /// The moment.
    Now,
    /// The address of the card.
    Link,
}

/// What can be told of a member of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Employee {
    Name,
    FullName,
    Phone,
    Email,
}

/// What is done with an answer before it is put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// `верх`: capital letters.
    Upper,
    /// `тел`: +7 913 000-10-10.
    Phone,
    /// `дата`: 15.03.2026.
    Date,
    /// `дата_кав`: «15» марта 2026 г.
    DateQuoted,
    /// `деньги`: 12 345,67.
    Money,
    /// `иниц`: Соколова А. В.
    Initials,
    /// `нет:"—"`: what stands there when there is no answer.
    Otherwise(String),
}

const CLIENT: [&str; 4] = ["клиент", "контакт", "client", "contact"];
const EMPLOYEE: [&str; 4] = ["сотрудник", "ответственный", "employee", "responsible"];
const CARD: [&str; 4] = ["карточка", "card", "элемент", "item"];

/// What a hole with this name means on cards of a kind; `None` when it means nothing.
pub(crate) fn source<'s>(schema: &'s Schema, of: EntityTypeId, name: &str) -> Option<Source<'s>> {
    if let Some(code) = name.strip_prefix("Document:") {
        return classic(schema, of, code.trim());
    }
    let name = plain(name);
    if let Some(field) = named(schema, of, &name) {
        return Some(Source::Own(field));
    }
    match name.as_str() {
        "сегодня" | "today" => return Some(Source::Today),
        "сейчас" | "now" => return Some(Source::Now),
        "ссылка на карточку" | "card link" => return Some(Source::Link),
        _ => {}
    }
    let (whose, what) = whose(schema, of, &name)?;
    match whose {
        Whose::Client => client(schema, what),
        Whose::Employee => employee(what),
        Whose::Card => match what {
            "номер" | "number" => schema.field(of, code::ID).map(Source::Own),
            _ => named(schema, of, what).map(Source::Own),
        },
    }
}

enum Whose {
    Client,
    Employee,
    Card,
}

/// Takes `клиент.имя`, `имя клиента`, `client name`, `deal number` apart.
fn whose<'n>(schema: &Schema, of: EntityTypeId, name: &'n str) -> Option<(Whose, &'n str)> {
    let shape = schema.kind(of)?;
    let own = [plain(&shape.title.ru), plain(&shape.title.en), shape.code.clone()];
    let word = |word: &str| match word {
        _ if CLIENT.contains(&word) => Some(Whose::Client),
        _ if EMPLOYEE.contains(&word) => Some(Whose::Employee),
        _ if CARD.contains(&word) || own.iter().any(|own| own == word) => Some(Whose::Card),
        _ => None,
    };
    if let Some((first, rest)) = name.split_once('.') {
        return Some((word(first.trim())?, rest.trim()));
    }
    if let Some(what) = name.strip_suffix(" клиента") {
        return Some((Whose::Client, what));
    }
    if let Some(what) = name.strip_suffix(" сотрудника") {
        return Some((Whose::Employee, what));
    }
    let (first, rest) = name.split_once(' ')?;
    Some((word(first)?, rest))
}

fn client<'s>(schema: &'s Schema, what: &str) -> Option<Source<'s>> {
    schema.kind(kind::CONTACT)?;
    match what {
        "имя" | "name" | "first name" => Some(Source::ClientName),
        "фио" | "full name" => Some(Source::ClientFullName),
        "почта" => schema.field(kind::CONTACT, code::EMAIL).map(Source::Client),
        _ => named(schema, kind::CONTACT, what).map(Source::Client),
    }
}

fn employee(what: &str) -> Option<Source<'static>> {
    Some(Source::Employee(match what {
        "имя" | "name" | "first name" => Employee::Name,
        "фио" | "full name" => Employee::FullName,
        "телефон" | "phone" => Employee::Phone,
        "почта" | "эл. почта" | "email" | "e-mail" => Employee::Email,
        _ => return None,
    }))
}

/// `{=Document:…}` of the dialect: a few classic names, all others as codes in capitals.
fn classic<'s>(schema: &'s Schema, of: EntityTypeId, name: &str) -> Option<Source<'s>> {
    let code = match name {
        "OPPORTUNITY" => code::AMOUNT.to_owned(),
        "CURRENCY_ID" => code::CURRENCY.to_owned(),
        "STAGE_ID" | "STATUS_ID" => code::STAGE.to_owned(),
        "CATEGORY_ID" => code::PIPELINE.to_owned(),
        "ASSIGNED_BY_ID" => code::RESPONSIBLE.to_owned(),
        "CONTACT_ID" => code::CONTACT.to_owned(),
        "CREATED_BY_ID" => code::CREATED_BY.to_owned(),
        "MODIFY_BY_ID" => code::UPDATED_BY.to_owned(),
        "DATE_CREATE" => code::CREATED_AT.to_owned(),
        "DATE_MODIFY" => code::UPDATED_AT.to_owned(),
        "BEGINDATE" => "begin_date".to_owned(),
        "CLOSEDATE" => "close_date".to_owned(),
        "COMMENTS" => "comment".to_owned(),
        "SOURCE_ID" => "source".to_owned(),
        "SOURCE_DESCRIPTION" => "source_details".to_owned(),
        other => other.strip_prefix("UF_CRM_").unwrap_or(other).to_lowercase(),
    };
    schema.field(of, &code).filter(|field| can_be_told(field)).map(Source::Own)
}

/// The field with this code or title, in either language.
fn named<'s>(schema: &'s Schema, of: EntityTypeId, name: &str) -> Option<&'s Field> {
    let fields = &schema.kind(of)?.fields;
    let known = |field: &&Field| field.code == name || plain(&field.title.ru) == name || plain(&field.title.en) == name;
    fields.iter().filter(|field| can_be_told(field)).find(known)
}

fn can_be_told(field: &Field) -> bool {
    !matches!(field.kind, FieldKind::Secret | FieldKind::File | FieldKind::Record { .. })
}

/// Lower case, one space between words, `ё` as `е`.
fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().replace('ё', "е")
}

/// What follows the colon of a hole; `None` when a word of it is unknown.
pub(crate) fn modifiers(text: &str) -> Option<Vec<Modifier>> {
    let mut list = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (word, after) = rest.split_once(':').unwrap_or((rest, ""));
        let word = word.trim().to_lowercase();
        if matches!(word.as_str(), "нет" | "none") {
            list.push(Modifier::Otherwise(after.trim().trim_matches(['"', '«', '»']).to_owned()));
            break;
        }
        list.push(match word.as_str() {
            "верх" | "upper" => Modifier::Upper,
            "тел" | "phone" => Modifier::Phone,
            "дата" | "date" => Modifier::Date,
            "дата_кав" => Modifier::DateQuoted,
            "деньги" | "money" => Modifier::Money,
            "иниц" | "initials" => Modifier::Initials,
            _ => return None,
        });
        rest = after;
    }
    Some(list)
}

/// Whether all holes of a text can be filled on cards of a kind at all.
///
/// # Errors
/// Names the holes that mean nothing.
pub fn check(schema: &Schema, of: EntityTypeId, text: &str) -> Result<(), Label> {
    let mut unknown: Vec<String> = Vec::new();
    for piece in pieces(text) {
        if let Piece::Hole { name, modifier } = piece {
            let shown = match (name.starts_with("Document:"), modifier) {
                (true, _) => format!("{{={name}}}"),
                (false, "") => format!("{{{{{name}}}}}"),
                (false, modifier) => format!("{{{{{name}:{modifier}}}}}"),
            };
            if (source(schema, of, name).is_none() || modifiers(modifier).is_none()) && !unknown.contains(&shown) {
                unknown.push(shown);
            }
        }
    }
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Label::new(format!("нет такой подстановки: {}", unknown.join(", ")), format!("there is no such placeholder: {}", unknown.join(", ")))),
    }
}

/// The holes that texts on cards of a kind may have, with what they mean: for the picker beside a text.
pub fn placeholders(schema: &Schema, of: EntityTypeId) -> Vec<(String, Label)> {
    let mut list: Vec<(String, Label)> = [
        ("Имя клиента", "Client's name"),
        ("Фамилия клиента", "Client's last name"),
        ("ФИО клиента", "Client's full name"),
        ("Телефон клиента", "Client's phone"),
        ("Почта клиента", "Client's e-mail"),
        ("Имя сотрудника", "Employee's name"),
        ("ФИО сотрудника", "Employee's full name"),
        ("Телефон сотрудника", "Employee's phone"),
        ("Почта сотрудника", "Employee's e-mail"),
        ("Сегодня", "Today"),
        ("Сейчас", "Now"),
        ("Ссылка на карточку", "Link to the card"),
    ]
    .into_iter()
    .filter(|(name, _)| source(schema, of, name).is_some())
    .map(|(name, en)| (format!("{{{{{name}}}}}"), Label::new(name, en)))
    .collect();
    let Some(shape) = schema.kind(of) else { return list };
    for field in shape.fields.iter().filter(|field| can_be_told(field)) {
        // A title with a colon or a dot would be read as a modifier or a relation; the code always means the field.
        let by_title = format!("{}.{}", shape.title.ru, if field.code == code::ID { "Номер" } else { &field.title.ru });
        let plain_title = !field.title.ru.contains([':', '{', '}', '.']) && source(schema, of, &by_title) == Some(Source::Own(field));
        let name = if plain_title { by_title } else { field.code.clone() };
        list.push((
            format!("{{{{{name}}}}}"),
            Label::new(format!("{}: {}", shape.title.ru, field.title.ru), format!("{}: {}", shape.title.en, field.title.en)),
        ));
    }
    list
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crm::EntityType;

    fn shape(id: EntityTypeId, code: &str, title: Label, fields: Vec<Field>) -> EntityType {
        EntityType {
            id,
            code: code.into(),
            title: title.clone(),
            plural: title,
            staged: id == kind::DEAL,
            listed: true,
            searched: true,
            icon: String::new(),
            fields,
            ..EntityType::default()
        }
        .complete()
    }

    /// A deal and a contact as in the shipped types.
    pub fn schema() -> Schema {
        let deal = vec![
            Field::new("contact", "Клиент", "Client", FieldKind::Link { to: kind::CONTACT }),
            Field::new("amount", "Сумма", "Amount", FieldKind::Money),
            Field::new("currency", "Валюта", "Currency", FieldKind::Text),
            Field::new("region", "Регион", "Region", FieldKind::Text),
            Field::new("utm_source", "UTM: источник", "UTM source", FieldKind::Text),
            Field::new("close_date", "Дата завершения", "Close date", FieldKind::Date),
        ];
        let contact = vec![
            Field::new("first_name", "Имя", "First name", FieldKind::Text),
            Field::new("last_name", "Фамилия", "Last name", FieldKind::Text),
            Field::new("middle_name", "Отчество", "Middle name", FieldKind::Text),
            Field::new("phone", "Телефон", "Phone", FieldKind::Phone),
            Field::new("email", "Эл. почта", "E-mail", FieldKind::Email),
        ];
        let types = [shape(kind::DEAL, "deal", Label::new("Сделка", "Deal"), deal), shape(kind::CONTACT, "contact", Label::new("Клиент", "Client"), contact)];
        Schema { types: types.into_iter().map(|one| (one.id, one)).collect(), ..Schema::default() }
    }

    #[test]
    fn every_spelling_of_a_hole_means_the_same() {
        let schema = schema();
        let find = |name| source(&schema, kind::DEAL, name);
        for name in ["Имя клиента", "client name", "Клиент.Имя", "  имя   КЛИЕНТА "] {
            assert_eq!(find(name), Some(Source::ClientName), "{name}");
        }
        for name in ["Сделка.Номер", "deal number", "Document:ID", "id"] {
            assert!(matches!(find(name), Some(Source::Own(field)) if field.code == "id"), "{name}");
        }
        for name in ["Сделка.Сумма", "deal amount", "Document:OPPORTUNITY", "Сумма"] {
            assert!(matches!(find(name), Some(Source::Own(field)) if field.code == "amount"), "{name}");
        }
        for name in ["Телефон клиента", "client phone", "Клиент.Телефон"] {
            assert!(matches!(find(name), Some(Source::Client(field)) if field.code == "phone"), "{name}");
        }
        for name in ["Почта клиента", "client email", "client e-mail"] {
            assert!(matches!(find(name), Some(Source::Client(field)) if field.code == "email"), "{name}");
        }
        assert_eq!(find("ФИО сотрудника"), Some(Source::Employee(Employee::FullName)));
        assert_eq!(find("Имя кленита"), None);
        assert_eq!(find("Document:NOTHING"), None);
    }

    #[test]
    fn an_unknown_hole_is_refused_before_it_meets_a_client() {
        let wrong = check(&schema(), kind::DEAL, "{{Имя клиента}} {{Отчиство клиента}} {=Document:NOPE} {{Регион:вверх}}").unwrap_err();
        assert_eq!(wrong.ru, "нет такой подстановки: {{Отчиство клиента}}, {=Document:NOPE}, {{Регион:вверх}}");
    }

    #[test]
    fn every_offered_hole_can_be_filled() {
        let schema = schema();
        let offered = placeholders(&schema, kind::DEAL);
        for (hole, _) in &offered {
            assert_eq!(check(&schema, kind::DEAL, hole), Ok(()), "{hole}");
        }
        assert!(offered.iter().any(|(hole, _)| hole == "{{Сделка.Регион}}"));
        assert!(offered.iter().any(|(hole, _)| hole == "{{utm_source}}"));
    }

    #[test]
    fn modifiers_can_be_joined_and_the_last_one_may_hold_anything() {
        assert_eq!(modifiers("верх:нет:\"—: —\""), Some(vec![Modifier::Upper, Modifier::Otherwise("—: —".into())]));
        assert_eq!(modifiers(""), Some(Vec::new()));
        assert_eq!(modifiers("вверх"), None);
    }
}
