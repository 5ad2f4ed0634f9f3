//! What uses a field, a stage or a type, as lines with addresses; and the questions that rules answer.

use crate::view::slug;
use crm::constructor::{Subject, Use, UsePlace};
use crm::{Field, Lang, Outcome, Read, Rights, Rule, RuleKind, Schema};

/// One use as a line of a list.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct UseLine {
    pub text: String,
    /// Where it can be changed; empty when there is no page for it.
    pub href: String,
}

/// The questions that the settings of a rule answer.
pub(super) fn asks(rule: &Rule) -> Vec<Field> {
    let about = match rule.kind {
        RuleKind::Trigger => automation::triggers::find(&rule.code).map(|one| one.about()),
        RuleKind::Robot => automation::robots::find(&rule.code).map(|one| one.about()),
    };
    about.map(|about| about.settings).unwrap_or_default()
}

/// Everything that uses it.
///
/// # Errors
/// `access_denied`, failures of the database.
pub(super) fn lines(read: &dyn Read, rights: &Rights, subject: &Subject, lang: Lang) -> Outcome<Vec<UseLine>> {
    let schema = read.schema();
    let found = crm::constructor::uses(read, rights, subject, &asks)?;
    Ok(found.iter().map(|one| UseLine { text: one.text.get(lang).to_owned(), href: href(&schema, one) }).collect())
}

fn href(schema: &Schema, one: &Use) -> String {
    let code = |kind: &crm::EntityTypeId| schema.kind(*kind).map(|shape| shape.code.clone()).unwrap_or_default();
    let word = |kind: &crm::EntityTypeId| schema.kind(*kind).map(slug).unwrap_or_default();
    match &one.place {
        UsePlace::Rule { stage, .. } => schema.stage(*stage).map(|(way, _)| format!("/{}/robots?pipeline={}", word(&way.kind), way.id)).unwrap_or_default(),
        UsePlace::Stage { stage } => schema.stage(*stage).map(|(way, _)| format!("/settings/types/{}?tab=pipelines", code(&way.kind))).unwrap_or_default(),
        UsePlace::Field { kind, code: field } => format!("/settings/types/{}?tab=fields#{field}", code(kind)),
        UsePlace::Type { kind } => format!("/settings/types/{}", code(kind)),
        UsePlace::View { kind, code } => format!("/{}?view={code}", word(kind)),
        UsePlace::Account { account } => format!("/settings/channels/{account}"),
        UsePlace::Template { item } => format!("/{}/{}", word(&item.kind), item.id),
        UsePlace::Items { kind, .. } => format!("/{}", word(kind)),
        UsePlace::Role { code } => format!("/settings/roles/{code}"),
        UsePlace::Layout { .. } => String::new(),
    }
}
