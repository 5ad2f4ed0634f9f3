//! What changed in people, roles and departments, in words.

use crate::View;
use crm::{Actor, Event, Fact, ItemRef, Moment, Outcome, Read, UserId, Value};
use team::directory::Directory;

/// One line of the history.
pub(super) struct Line {
    pub at: Moment,
    pub who: String,
    /// What changed: name, before, after; empty for something new.
    pub changes: Vec<(String, String, String)>,
}

/// The last fifty lines, the newest first.
pub(super) fn lines(read: &dyn Read, view: &View, directory: &Directory, at: ItemRef) -> Outcome<Vec<Line>> {
    let events = team::journal::lines(read, at, None, 50)?;
    Ok(events.into_iter().map(|event| line(read, view, directory, &event)).collect())
}

fn line(read: &dyn Read, view: &View, directory: &Directory, event: &Event) -> Line {
    let who = match &event.by {
        Actor::User { user } | Actor::Webhook { user, .. } => name(view, directory, *user),
        _ => crm::format::user(read, UserId::SYSTEM, view.lang),
    };
    let changes = match &event.fact {
        Fact::Changed { changes } => changes
            .iter()
            .map(|change| {
                (title(read, view, &change.field), told(view, directory, &change.field, &change.old), told(view, directory, &change.field, &change.new))
            })
            .collect(),
        _ => Vec::new(),
    };
    Line { at: event.at, who, changes }
}

/// The name of a field, or of a place and an action: `deal/main change`.
fn title(read: &dyn Read, view: &View, field: &str) -> String {
    match field.split_once(' ') {
        Some((place, action)) => {
            let schema = read.schema();
            format!("{} · {}", super::matrix::place_title(&schema, view, place), view.t(&format!("rights-{action}")))
        }
        None => view.t(&format!("people-field-{}", field.replace('_', "-"))),
    }
}

fn told(view: &View, directory: &Directory, field: &str, value: &Value) -> String {
    let none = || view.t("people-nothing");
    match (field, value) {
        (_, Value::Null) => none(),
        ("role", Value::Text(code)) => directory.roles.get(code).map_or_else(|| code.clone(), |role| role.title.get(view.lang).to_owned()),
        ("department" | "parent", Value::Int(0)) | ("substitute" | "head", Value::Int(0)) => none(),
        ("department" | "parent", Value::Int(id)) => directory.departments.get(id).map(|one| one.title.get(view.lang).to_owned()).unwrap_or_else(none),
        ("substitute" | "head", Value::Int(id)) => name(view, directory, UserId(*id)),
        (_, Value::Flag(flag)) => view.t(if *flag { "people-yes" } else { "people-no" }),
        (_, Value::Moment(at)) => view.full(at.at),
        (field, Value::Text(code)) if field.contains(' ') => view.t(&format!("scope-{code}")),
        (_, Value::Text(text)) if text.is_empty() => none(),
        (_, Value::Text(text)) => text.clone(),
        (_, other) => other.as_int().map(|number| number.to_string()).unwrap_or_default(),
    }
}

fn name(view: &View, directory: &Directory, user: UserId) -> String {
    directory.users.get(&user).map_or_else(|| view.t("people-nothing"), crm::User::name)
}
