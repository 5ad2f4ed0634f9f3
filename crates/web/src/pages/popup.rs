//! The card that jumps up with a sound: a new client with number and date, a client who came before with his history.

use super::{Page, show};
use crate::answers::Answers;
use crate::timeline::{Entry, Teller};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use crm::{Ending, Fact, Filter, Item, ItemRef, Moment, Op, Outcome, Query, Read, Refusal, Rights, Seq, Value, code, kind};

pub(crate) fn page() -> Page {
    Page { code: "popup", menu: None, routes: || Router::new().route("/popup/{id}", get(popup)) }
}

/// An open deal of a client who came before.
struct Open {
    title: String,
    href: String,
    stage: String,
    color: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "popup.html")]
struct Popup {
    view: View,
    notice: i64,
    text: String,
    at: Moment,
    name: String,
    initials: String,
    phone: String,
    phone_shown: String,
    known: bool,
    since: Option<Moment>,
    slug: String,
    id: i64,
    card_title: String,
    amount: String,
    source: String,
    next: Option<(i64, String)>,
    past: Vec<Entry>,
    open: Vec<Open>,
}

async fn popup(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let piece = work(&web.house, move |house| house.read(|read| build(house, read, &viewer, id))).await?;
    show(&piece)
}

fn build(house: &crm::House, read: &dyn Read, viewer: &Viewer, id: i64) -> Outcome<Popup> {
    let notice = read
        .item(&Rights::system(), ItemRef::new(kind::NOTIFICATION, id))?
        .filter(|notice| notice.responsible() == viewer.user.id)
        .ok_or_else(Refusal::not_found)?;
    let view = View::piece(house, viewer);
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let card = notice.values.get(code::ABOUT).as_ref_to().and_then(|at| answers.item(at));
    let client =
        card.as_ref().and_then(|card| if card.kind == kind::CONTACT { Some(card.clone()) } else { answers.item(ItemRef::new(kind::CONTACT, card.contact())) });
    let shape = card.as_ref().and_then(|card| answers.schema.kind(card.kind)).cloned();
    let others = others(read, viewer, card.as_ref(), client.as_ref())?;
    let again = card.as_ref().map(|card| asked_again(read, card.at())).transpose()?.flatten();
    // A client is known when he had a card before this one, or asked before on this one.
    let known = again.is_some() || !others.is_empty() || card.as_ref().is_some_and(|card| card.values.flag("repeat_client"));
    let past = match (&client, known) {
        (Some(client), true) => past(read, &view, &answers, client.at(), card.as_ref().map(Item::at), again)?,
        _ => Vec::new(),
    };
    let phone = client.as_ref().and_then(|client| client.values.points(code::PHONE).first()).map(|point| point.normal.clone()).unwrap_or_default();
    let amount = |item: &Item| {
        item.values.get(code::AMOUNT).as_money().map(|minor| crm::format::money(minor, item.values.text(code::CURRENCY), viewer.lang)).unwrap_or_default()
    };
    Ok(Popup {
        notice: id,
        text: super::notices::text_of(&notice, viewer.lang),
        at: notice.values.moment(code::CREATED_AT).unwrap_or_default(),
        name: client.as_ref().map(|client| client.title().to_owned()).unwrap_or_default(),
        initials: client.as_ref().map(|client| initials(client.title())).unwrap_or_default(),
        phone_shown: crm::format::phone(&phone),
        phone,
        known,
        since: client.as_ref().filter(|_| known).and_then(|client| client.values.moment(code::CREATED_AT)),
        slug: shape.as_ref().map(slug).unwrap_or_default(),
        id: card.as_ref().map_or(0, |card| card.id),
        card_title: card.as_ref().map(|card| card.title().to_owned()).unwrap_or_default(),
        amount: card.as_ref().map(amount).unwrap_or_default(),
        source: card
            .as_ref()
            .map(|card| {
                [card.values.text("source"), card.values.text("utm_source")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
            })
            .unwrap_or_default(),
        next: card.as_ref().and_then(|card| next_stage(&answers, card)).map(|(id, title)| (id, title.get(viewer.lang).to_owned())),
        past,
        open: others.iter().filter_map(|item| open(&answers, item, amount(item))).take(3).collect(),
        view,
    })
}

/// Other cards of the same kind of this client, the newest first.
fn others(read: &dyn Read, viewer: &Viewer, card: Option<&Item>, client: Option<&Item>) -> Outcome<Vec<Item>> {
    let (Some(card), Some(client)) = (card, client) else { return Ok(Vec::new()) };
    let schema = read.schema();
    if card.kind == kind::CONTACT || !schema.kind(card.kind).is_some_and(|shape| shape.has(code::CONTACT)) {
        return Ok(Vec::new());
    }
    let query = Query::of(card.kind)
        .filter(Filter::is(code::CONTACT, Op::Eq, Value::Int(client.id)))
        .filter(Filter::is(code::ID, Op::Ne, Value::Int(card.id)))
        .limit(10);
    read.items(&viewer.rights, &query)
}

/// The form that a known client filled in on a card that was open already, if that is what happened last.
fn asked_again(read: &dyn Read, card: ItemRef) -> Outcome<Option<Seq>> {
    let last = read.timeline(card, None, 60)?.into_iter().find(|event| matches!(event.fact, Fact::FormFilled { .. }));
    let Some(last) = last.filter(|event| matches!(event.fact, Fact::FormFilled { repeat: true, .. })) else { return Ok(None) };
    let before = read.timeline(card, Some(last.seq), 1)?;
    // The first form of a new card of a known client stands right behind the making of the card.
    Ok(before.first().filter(|event| !matches!(event.fact, Fact::Created | Fact::Moved { from: None, .. })).map(|_| last.seq))
}

/// The last three things that were said or done before this card came, or before he asked again on it.
fn past(read: &dyn Read, view: &View, answers: &Answers<'_>, client: ItemRef, card: Option<ItemRef>, again: Option<Seq>) -> Outcome<Vec<Entry>> {
    let events: Vec<_> = read.timeline(client, again, 60)?.into_iter().filter(|event| again.is_some() || Some(event.about) != card).collect();
    // A card of a client may be somebody else's.
    answers.prefetch(events.iter().map(|event| event.about).collect::<Vec<_>>())?;
    let events: Vec<_> = events.into_iter().filter(|event| answers.item(event.about).is_some() && is_worth_telling(&event.fact)).collect();
    let teller = Teller::new(view, answers, client, &events)?;
    Ok(teller.entries(&events).into_iter().take(3).collect())
}

/// What was said and done with the client, not what the house told itself.
fn is_worth_telling(fact: &Fact) -> bool {
    !matches!(
        fact,
        Fact::Changed { .. }
            | Fact::Assigned { .. }
            | Fact::Notified { .. }
            | Fact::WebhookCalled { .. }
            | Fact::UrlCalled { .. }
            | Fact::RobotStopped { .. }
            | Fact::TaskGiven { .. }
    )
}

fn open(answers: &Answers<'_>, item: &Item, amount: String) -> Option<Open> {
    let (_, stage) = answers.schema.stage(item.stage()?)?;
    let shape = answers.schema.kind(item.kind)?;
    (stage.outcome == Ending::Open).then(|| Open {
        title: item.title().to_owned(),
        href: format!("/{}/{}", slug(shape), item.id),
        stage: stage.title.get(answers.lang).to_owned(),
        color: if crate::fields::is_color(&stage.color) { stage.color.clone() } else { "#A8ADB4".to_owned() },
        amount,
    })
}

/// The stage after the one on which the card stands, if the work goes on.
fn next_stage(answers: &Answers<'_>, card: &Item) -> Option<(i64, crm::Label)> {
    let (pipeline, stage) = answers.schema.stage(card.stage()?)?;
    if stage.outcome != Ending::Open || !answers.rights.may(crm::Action::Change, card) {
        return None;
    }
    let next = pipeline.stages.get(pipeline.position(stage.id)? + 1).filter(|next| next.outcome == Ending::Open)?;
    Some((next.id.0, next.title.clone()))
}

fn initials(name: &str) -> String {
    name.split_whitespace().take(2).filter_map(|word| word.chars().next()).filter(|letter| letter.is_alphabetic()).flat_map(char::to_uppercase).collect()
}
