//! What is done on a card: a comment, a task, a message; and who sees it.

use super::load;
use crate::answers::Person;
use crate::pages::{show, tasks};
use crate::{Answer, View, Viewer, Web, letters, work};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query as Asked, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use crm::{Command, House, ItemRef, Label, Outcome, Read, Refusal, UserId, Values};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Comment {
    #[serde(default)]
    text: String,
}

/// Carries out a command for a card and answers with nothing: the live stream brings the new entry.
async fn act(web: &Web, viewer: Viewer, word: String, id: i64, command: impl FnOnce(&House, &Viewer, ItemRef) -> Outcome<Command> + Send + 'static) -> Answer {
    work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let command = command(house, &viewer, item.at())?;
        house.command(&viewer.rights, &viewer.cause(house.now()), command)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A comment; whoever is mentioned in it with `@` and sees the card is told.
pub(super) async fn comment(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(given): Form<Comment>) -> Answer {
    work(&web.house, move |house| {
        let (shape, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let now = house.now();
        let mentioned: Vec<UserId> = match given.text.contains('@') {
            false => Vec::new(),
            true => house.read(|read| {
                let seers = seers(read, &item, now)?;
                Ok(seers.into_iter().filter(|seer| seer.user != viewer.user.id && mentions(&given.text, &seer.name)).map(|seer| seer.user).collect())
            })?,
        };
        let text = Label::new(
            format!("{}: вас упомянули в комментарии, {} «{}»", viewer.user.name(), shape.title.ru.to_lowercase(), item.title()),
            format!("{} mentioned you in a comment: {} “{}”", viewer.user.name(), shape.title.en.to_lowercase(), item.title()),
        );
        let (executor, rights, cause, at) = (house.executor.clone(), viewer.rights.clone(), viewer.cause(now), item.at());
        house.transact(move |tx| {
            executor.execute(tx, &rights, &cause, &Command::Comment { item: at, text: given.text.clone() })?;
            if !mentioned.is_empty() {
                let told = Command::Notify { users: mentioned.clone(), about: at, text: text.clone(), popup: false };
                executor.execute(tx, &crm::Rights::system(), &cause, &told)?;
            }
            Ok(())
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Everybody who sees a record. Observers and offices may stand in fields hidden from the reader; why others see it does not.
fn seers(read: &dyn Read, item: &crm::Item, now: crm::Moment) -> Outcome<Vec<team::why::Seer>> {
    let whole = read.item(&crm::Rights::system(), item.at())?;
    team::why::who_sees(read, whole.as_ref().unwrap_or(item), now)
}

/// Whether a text names somebody: `@Анна Орлова`, and not `@Анна Орловаева`.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let called = format!("@{name}");
    !name.is_empty() && text.match_indices(&called).any(|(at, _)| text[at + called.len()..].chars().next().is_none_or(|next| !next.is_alphanumeric()))
}

#[derive(Deserialize)]
pub(super) struct Beginning {
    #[serde(default)]
    q: String,
}

/// Colleagues who see the card, to be mentioned: those whose name holds what was typed.
pub(super) async fn mention(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Asked(typed): Asked<Beginning>) -> Answer {
    let found = work(&web.house, move |house| {
        let now = house.now();
        house.read(|read| {
            let (_, item) = load(read, &viewer, &word, id)?;
            let needle = typed.q.to_lowercase();
            let fits = seers(read, &item, now)?
                .into_iter()
                .filter(|seer| seer.name.to_lowercase().split(' ').any(|part| part.starts_with(&needle)) || seer.name.to_lowercase().starts_with(&needle));
            let line = |seer: team::why::Seer| serde_json::json!({ "id": seer.user.0, "title": seer.name, "hint": seer.why.get(viewer.lang) });
            Ok(fits.take(8).map(line).collect::<Vec<_>>())
        })
    })
    .await?;
    Ok(axum::Json(found).into_response())
}

#[derive(Deserialize)]
pub(super) struct NewTask {
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    deadline: String,
    to: Option<i64>,
}

pub(super) async fn task(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(given): Form<NewTask>) -> Answer {
    act(&web, viewer, word, id, move |house, viewer, item| {
        Ok(Command::CreateTask {
            about: Some(item),
            to: given.to.map_or(viewer.user.id, UserId),
            title: given.title,
            description: given.description,
            deadline: tasks::deadline(&given.deadline, house)?,
        })
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct NewMessage {
    channel: String,
    #[serde(default)]
    template: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    subject: String,
}

pub(super) async fn message(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(given): Form<NewMessage>) -> Answer {
    act(&web, viewer, word, id, move |house, viewer, item| {
        if !given.template.is_empty() {
            let now = house.now();
            return house.read(|read| {
                let card = read.item(&viewer.rights, item)?.ok_or_else(Refusal::not_found)?;
                letters::filled(read, &house.firm, now, &card, &given.channel, &given.template)
            });
        }
        if given.text.trim().is_empty() {
            return Err(Refusal::new("empty_message", "Напишите текст сообщения", "Write the text of the message").into());
        }
        let (template, variables, key) = (String::new(), Values::new(), String::new());
        Ok(Command::SendMessage { about: item, channel: given.channel, template, text: given.text, subject: given.subject, variables, key })
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    channel: String,
    template: String,
}

/// What the client will read, to look at before it is sent.
pub(super) async fn template_text(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Asked(chosen): Asked<Chosen>) -> Answer {
    let text = work(&web.house, move |house| {
        let now = house.now();
        house.read(|read| {
            let (_, card) = load(read, &viewer, &word, id)?;
            Ok(match letters::filled(read, &house.firm, now, &card, &chosen.channel, &chosen.template)? {
                Command::SendMessage { subject, text, .. } if !subject.is_empty() => format!("{subject}\n\n{text}"),
                Command::SendMessage { text, .. } => text,
                _ => String::new(),
            })
        })
    })
    .await?;
    Ok(text.into_response())
}

#[derive(Template)]
#[template(path = "readers.html")]
struct Readers {
    view: View,
    /// Name and why he sees it.
    people: Vec<(Person, String)>,
}

/// Who sees this record, and why.
pub(super) async fn readers(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let (_, item) = load(read, &viewer, &word, id)?;
            let view = View::piece(house, &viewer);
            let people =
                seers(read, &item, view.now)?.into_iter().map(|seer| (Person::named(seer.user, seer.name), seer.why.get(viewer.lang).to_owned())).collect();
            Ok(Readers { view, people })
        })
    })
    .await?;
    show(&piece)
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn a_name_is_mentioned_only_whole() {
        assert!(mentions("@Анна Орлова, посмотри", "Анна Орлова"));
        assert!(mentions("Спроси (@Анна Орлова)", "Анна Орлова"));
        assert!(!mentions("@Анна Орловаева", "Анна Орлова"));
        assert!(!mentions("Анна Орлова", "Анна Орлова"));
        assert!(!mentions("@", ""));
    }
}
