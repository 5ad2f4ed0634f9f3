//! What the settings panel offers: the catalogue, the fields, people, stages, accounts, holes for texts.

use super::Words;
use crm::{About, Field, FieldKind, Filter, Label, Lang, Op, Outcome, Query, Read, Rights, code, kind};
use serde::Serialize;

/// A question in the reader's language.
#[derive(Debug, Serialize)]
pub struct FieldView {
    code: String,
    title: String,
    help: String,
    kind: String,
    required: bool,
    multiple: bool,
    default: crm::Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<Offered>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggest: Vec<Offered>,
    #[serde(skip_serializing_if = "String::is_empty")]
    provider: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldView>,
}

/// Something that can be chosen by its code.
#[derive(Debug, Clone, Serialize)]
pub struct Offered {
    /// What is stored.
    pub code: String,
    /// What is read.
    pub title: String,
}

/// Something that can be chosen by its number.
#[derive(Debug, Clone, Serialize)]
pub struct Numbered {
    /// What is stored.
    pub id: i64,
    /// What is read.
    pub title: String,
    /// Under which heading it stands.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pipeline: String,
}

/// A member of staff.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    id: i64,
    name: String,
}

/// A channel account, without its settings.
#[derive(Debug, Clone, Serialize)]
pub struct Channel {
    provider: String,
    code: String,
    title: String,
}

/// A trigger or robot of the catalogue.
#[derive(Debug, Serialize)]
pub struct AboutView {
    code: &'static str,
    title: String,
    help: String,
    group: String,
    /// Both languages in lower case: a search in either finds it.
    search: String,
    settings: Vec<FieldView>,
}

/// Everything the panel may have to offer, read once for the board.
#[derive(Debug)]
pub struct Offers {
    /// Members of staff who work here.
    pub people: Vec<Person>,
    /// Words for "whom": the responsible, his head, roles, departments, single people.
    pub whom: Vec<Offered>,
    /// Stages of all pipelines of the kind.
    pub stages: Vec<Numbered>,
    /// Pipelines of the kind.
    pub pipelines: Vec<Numbered>,
    /// Channel accounts.
    pub accounts: Vec<Channel>,
    /// Templates with the code of their channel.
    templates: Vec<(String, Offered)>,
    channels: Vec<Offered>,
}

/// Reads what can be offered for rules of a kind.
///
/// # Errors
/// Only failures of the database.
pub fn offers(read: &dyn Read, rights: &Rights, of: crm::EntityTypeId, lang: Lang, words: Words<'_>) -> Outcome<Offers> {
    let schema = read.schema();
    let people: Vec<crm::User> = read.users()?.into_iter().filter(|user| user.active).collect();
    let mut whom: Vec<Offered> =
        ["responsible", "head", "creator"].iter().map(|word| Offered { code: (*word).to_owned(), title: words(&format!("robots-whom-{word}"), &[]) }).collect();
    whom.extend(
        read.roles()?.iter().map(|role| Offered { code: format!("role:{}", role.code), title: words("robots-whom-role", &[("name", role.title.get(lang))]) }),
    );
    whom.extend(
        read.departments()?
            .iter()
            .map(|one| Offered { code: format!("department:{}", one.code), title: words("robots-whom-department", &[("name", one.title.get(lang))]) }),
    );
    whom.extend(people.iter().map(|user| Offered { code: format!("user:{}", user.id), title: user.name() }));
    let pipelines = schema.pipelines_of(of);
    let stages = pipelines
        .iter()
        .flat_map(|pipeline| {
            pipeline.stages.iter().map(|stage| Numbered {
                id: stage.id.0,
                title: stage.title.get(lang).to_owned(),
                pipeline: pipeline.title.get(lang).to_owned(),
            })
        })
        .collect();
    let pipelines =
        pipelines.iter().map(|pipeline| Numbered { id: pipeline.id.0, title: pipeline.title.get(lang).to_owned(), pipeline: String::new() }).collect();
    let accounts = read.accounts()?.into_iter().map(|account| Channel { provider: account.provider, code: account.code, title: account.title }).collect();
    Ok(Offers {
        people: people.iter().map(|user| Person { id: user.id.0, name: user.name() }).collect(),
        whom,
        stages,
        pipelines,
        accounts,
        templates: templates(read, rights)?,
        channels: channels(&schema, lang),
    })
}

/// Templates of messages by their codes.
fn templates(read: &dyn Read, rights: &Rights) -> Outcome<Vec<(String, Offered)>> {
    if read.schema().kind(kind::TEMPLATE).is_none() {
        return Ok(Vec::new());
    }
    let query = Query::of(kind::TEMPLATE).filter(Filter::Any).sorted(code::TITLE, false).limit(500);
    let offered =
        |item: &crm::Item| (item.values.text("channel").to_owned(), Offered { code: item.values.text("code").to_owned(), title: item.title().to_owned() });
    Ok(read.items(rights, &query)?.iter().map(offered).filter(|(_, one)| !one.code.is_empty()).collect())
}

/// Channels in which a template can be written.
fn channels(schema: &crm::Schema, lang: Lang) -> Vec<Offered> {
    match schema.field(kind::TEMPLATE, "channel").map(|field| &field.kind) {
        Some(FieldKind::Choice { options }) => {
            options.iter().map(|option| Offered { code: option.code.clone(), title: option.title.get(lang).to_owned() }).collect()
        }
        _ => Vec::new(),
    }
}

impl Offers {
    /// A trigger or robot in the reader's language.
    pub fn about(&self, about: &About, lang: Lang) -> AboutView {
        let both = |label: &Label| format!("{} {}", label.ru, label.en).to_lowercase();
        AboutView {
            code: about.code,
            title: about.title.get(lang).to_owned(),
            help: about.help.get(lang).to_owned(),
            group: about.group.get(lang).to_owned(),
            search: [both(&about.title), both(&about.help), both(&about.group), about.code.to_owned()].join(" "),
            settings: about.settings.iter().map(|field| self.setting(about.code, field, lang)).collect(),
        }
    }

    /// A question of a setting. Texts that name people, templates and channels get choices instead of an empty line.
    fn setting(&self, robot: &str, field: &Field, lang: Lang) -> FieldView {
        let mut view = shown(field, lang);
        match (&field.kind, field.code.as_str()) {
            (FieldKind::Text, "to") => view.kind = "people".to_owned(),
            (FieldKind::Text, "template") => {
                // A letter is no message of a messenger.
                let fits = |channel: &str| (channel == "smtp") == (robot == "send_email");
                view.suggest = self.templates.iter().filter(|(channel, _)| fits(channel)).map(|(_, one)| one.clone()).collect();
            }
            (FieldKind::Text, "channel") => view.suggest.clone_from(&self.channels),
            _ => {}
        }
        view
    }
}

/// A question in the reader's language.
pub fn shown(field: &Field, lang: Lang) -> FieldView {
    let (options, provider, fields) = match &field.kind {
        FieldKind::Choice { options } => {
            (options.iter().map(|option| Offered { code: option.code.clone(), title: option.title.get(lang).to_owned() }).collect(), String::new(), Vec::new())
        }
        FieldKind::Account { provider } => (Vec::new(), provider.clone(), Vec::new()),
        FieldKind::Record { fields } => (Vec::new(), String::new(), fields.iter().map(|inner| shown(inner, lang)).collect()),
        _ => (Vec::new(), String::new(), Vec::new()),
    };
    FieldView {
        code: field.code.clone(),
        title: field.title.get(lang).to_owned(),
        help: field.help.get(lang).to_owned(),
        kind: kind_word(&field.kind),
        required: field.required,
        multiple: field.multiple,
        default: field.default.clone(),
        options,
        suggest: Vec::new(),
        provider,
        fields,
    }
}

/// The word under which a kind of field is written.
fn kind_word(kind: &FieldKind) -> String {
    let written = serde_json::to_value(kind).unwrap_or_default();
    written.get("kind").and_then(|word| word.as_str()).unwrap_or("text").to_owned()
}

/// Comparisons in the order of a menu.
pub fn ops(lang: Lang) -> Vec<Offered> {
    Op::all()
        .into_iter()
        .map(|op| Offered {
            code: serde_json::to_value(op).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default(),
            title: op.label().get(lang).to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_carries_what_can_be_chosen() {
        let field = Field::new("status", "Статус", "Status", FieldKind::Choice { options: vec![crm::Choice::new("done", "Готово", "Done")] }).required();
        let view = serde_json::to_value(shown(&field, Lang::En)).unwrap();
        assert_eq!(view["kind"], "choice");
        assert_eq!(view["options"][0]["title"], "Done");
        assert_eq!(view["required"], true);
    }

    #[test]
    fn comparisons_are_written_as_filters_write_them() {
        let codes: Vec<String> = ops(Lang::Ru).into_iter().map(|op| op.code).collect();
        assert_eq!(codes[..3], ["eq", "ne", "gt"]);
        assert!(codes.contains(&"not_contains".to_owned()), "{codes:?}");
    }
}
