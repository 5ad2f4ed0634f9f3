//! The live screen: one thread reads the log and tells every open screen what it may know, in small JSON messages
//! without personal data: `{seq, fact, item, about, …}`. A screen that was away names the last number it saw and gets
//! what came after.

use crate::{Answer, Viewer, Web, work};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event as Sse, Sse as Stream};
use axum::routing::get;
use crm::{Action, Event, Fact, House, Item, ItemRef, Outcome, Read, Rights, Seq, UserId, Value, code, kind};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::broadcast;

/// The thread looks for the end of the program so often.
const WAIT: Duration = Duration::from_secs(1);
/// A comment keeps proxies and the browser from giving the stream up; the session is looked at too.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Messages that a slow screen may lag behind before it reads the log again.
const KEPT: usize = 2_048;
/// A screen that was away longer than this reads its page anew instead.
const REPLAYED: i64 = 2_000;

/// The stream of what happened.
pub(crate) struct Live {
    sender: broadcast::Sender<Arc<Told>>,
}

/// One event as screens hear it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Told {
    seq: i64,
    fact: &'static str,
    item: ItemRef,
    about: ItemRef,
    /// Who did it; 0: nobody in person.
    by: i64,
    /// Where the card stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<i64>,
    /// On which way of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<i64>,
    /// Where it stood before.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    /// Whom a notice is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<i64>,
    #[serde(skip_serializing_if = "is_false")]
    popup: bool,
    /// The card has another responsible now; whoever had it may no longer see it.
    #[serde(skip_serializing_if = "is_false")]
    assigned: bool,
    #[serde(skip)]
    audience: Audience,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Who may hear of an event.
#[derive(Debug, Clone, PartialEq)]
enum Audience {
    /// One person.
    One(UserId),
    /// Who may see the card as it stands, or as it stood until now; or, of a task or message, the task itself: then he
    /// hears nothing of the card.
    Readers { cards: Arc<[Item]>, own: Option<Arc<Item>> },
}

impl Told {
    /// What this person hears of it; nothing of what he may not see.
    fn heard_by(&self, rights: &Rights) -> Option<Told> {
        match &self.audience {
            Audience::One(user) => (*user == rights.user).then(|| self.clone()),
            Audience::Readers { cards, .. } if cards.iter().any(|card| rights.may(Action::Read, card)) => Some(self.clone()),
            Audience::Readers { own, .. } => own.as_ref().filter(|own| rights.may(Action::Read, own)).map(|_| Told {
                about: self.item,
                stage: None,
                pipeline: None,
                from: None,
                assigned: false,
                ..self.clone()
            }),
        }
    }
}

impl Live {
    /// Begins to read the log at its end. The thread ends with the last screen's router.
    pub fn start(house: &House) -> Arc<Live> {
        let (sender, _) = broadcast::channel(KEPT);
        let live = Arc::new(Live { sender });
        let (weak, house) = (Arc::downgrade(&live), house.clone());
        let spawned = std::thread::Builder::new().name("live".to_owned()).spawn(move || follow(&weak, &house));
        if let Err(error) = spawned {
            tracing::error!(%error, "the live screen has no thread");
        }
        live
    }
}

fn follow(live: &Weak<Live>, house: &House) {
    let mut after = house.read(|read| read.latest()).unwrap_or_default();
    while live.strong_count() > 0 {
        let last = house.store.wait(after, WAIT);
        if last <= after {
            continue;
        }
        // Nobody looks: nothing is read. Whoever begins to listen after this moment reads the log from a later place.
        if live.upgrade().is_some_and(|live| live.sender.receiver_count() == 0) {
            after = last;
            continue;
        }
        let found = house.read(|read| {
            let events = read.events_after(after, 500)?;
            events.iter().map(|event| told(read, event)).collect::<Outcome<Vec<_>>>()
        });
        match found {
            Ok(list) => {
                let Some(live) = live.upgrade() else { return };
                for one in list {
                    after = after.max(Seq(one.seq));
                    // Nobody listening is no error.
                    let _ = live.sender.send(Arc::new(one));
                }
            }
            Err(fault) => {
                tracing::warn!(why = fault.describe(), "the live screen could not read the log");
                std::thread::sleep(WAIT);
            }
        }
    }
}

/// What screens hear of an event. The card is read once for all of them.
fn told(read: &dyn Read, event: &Event) -> Outcome<Told> {
    let schema = read.schema();
    let card = read.item(&Rights::system(), event.about)?;
    let mut cards: Vec<Item> = card.iter().cloned().collect();
    let as_it_was = |field: &str, value: Value| {
        card.clone().map(|mut card| {
            card.values.set(field, value);
            card
        })
    };
    let mut one = Told {
        seq: event.seq.0,
        fact: event.fact.code(),
        item: event.item,
        about: event.about,
        by: event.by.user().0,
        stage: card.as_ref().and_then(crm::Item::stage).map(|stage| stage.0),
        pipeline: card.as_ref().and_then(crm::Item::pipeline).map(|pipeline| pipeline.0),
        from: None,
        user: None,
        popup: false,
        assigned: false,
        audience: Audience::One(UserId::SYSTEM),
    };
    match &event.fact {
        Fact::Notified { user, popup, .. } => {
            one.user = Some(user.0);
            one.popup = *popup;
            one.audience = Audience::One(*user);
            return Ok(one);
        }
        Fact::Moved { from, .. } => {
            one.from = from.map(|stage| stage.0);
            if let Some((pipeline, stage)) = from.and_then(|stage| schema.stage(stage)) {
                let before = as_it_was(code::STAGE, Value::Int(stage.id.0));
                cards.extend(before.map(|card| Item { values: card.values.with(code::PIPELINE, Value::Int(pipeline.id.0)), ..card }));
            }
        }
        Fact::Assigned { from, to } if event.item == event.about => {
            one.assigned = true;
            cards.extend([from, to].into_iter().filter_map(|user| as_it_was(code::RESPONSIBLE, Value::user(*user))));
        }
        Fact::Changed { changes } if event.item == event.about => {
            for change in changes.iter().filter(|change| [code::OFFICE, code::OBSERVERS, code::SHARED_WITH].contains(&change.field.as_str())) {
                cards.extend(as_it_was(&change.field, change.old.clone()));
            }
        }
        Fact::Deleted { values } if event.item == event.about => {
            cards.push(Item { kind: event.item.kind, id: event.item.id, version: 0, values: values.clone() });
            one.from = values.int(crm::code::STAGE);
            one.pipeline = values.int(crm::code::PIPELINE);
        }
        _ => {}
    }
    // A notice that was read concerns only its owner's counter.
    if event.item.kind == kind::NOTIFICATION {
        let owner = read.item(&Rights::system(), event.item)?.map(|item| item.responsible()).unwrap_or_default();
        one.user = Some(owner.0);
        one.audience = Audience::One(owner);
        return Ok(one);
    }
    // Whose task it is hears of it even when the card is not his.
    let own = if event.item == event.about { None } else { read.item(&Rights::system(), event.item)? };
    if let Some(task) = own.as_ref().filter(|own| own.kind == kind::TASK) {
        one.user = Some(task.responsible().0);
    }
    one.audience = Audience::Readers { cards: cards.into(), own: own.map(Arc::new) };
    Ok(one)
}

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/live", get(stream_to))
}

#[derive(Deserialize)]
struct After {
    after: Option<i64>,
}

/// One open stream.
struct Listener {
    web: Web,
    viewer: Viewer,
    receiver: broadcast::Receiver<Arc<Told>>,
    after: i64,
    waiting: VecDeque<Sse>,
    /// The log has to be read first.
    behind: bool,
    over: bool,
}

async fn stream_to(State(web): State<Web>, viewer: Viewer, Query(query): Query<After>, headers: HeaderMap) -> Answer {
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok()).or(query.after);
    // Listening begins before the log is read, so that nothing falls in between.
    let receiver = web.live.sender.subscribe();
    let latest = work(&web.house, |house| house.read(|read| read.latest())).await?.0;
    let after = seen.unwrap_or(latest);
    let mut waiting = VecDeque::from([Sse::default().event("hello").retry(Duration::from_secs(2)).data(latest.to_string())]);
    let far = after > latest || latest - after > REPLAYED;
    if far {
        waiting.push_back(Sse::default().id(latest.to_string()).event("resync").data(latest.to_string()));
    }
    let after = if far { latest } else { after };
    let listener = Listener { web, viewer, receiver, after, waiting, behind: after < latest, over: false };
    let messages = stream::unfold(listener, |mut listener| async move {
        let next = listener.next().await?;
        Some((Ok::<_, Infallible>(next), listener))
    });
    let mut answer = Stream::new(messages).into_response();
    answer.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(answer)
}

impl Listener {
    async fn next(&mut self) -> Option<Sse> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            if self.over {
                return None;
            }
            if self.behind {
                self.read_log().await;
                continue;
            }
            match tokio::time::timeout(HEARTBEAT, self.receiver.recv()).await {
                Ok(Ok(one)) => self.take(&one),
                Ok(Err(broadcast::error::RecvError::Lagged(_))) => self.behind = true,
                Ok(Err(broadcast::error::RecvError::Closed)) => return None,
                Err(_) => {
                    self.look_at_session().await;
                    return Some(Sse::default().event("beat").data(self.after.to_string()));
                }
            }
        }
    }

    fn take(&mut self, one: &Told) {
        if one.seq <= self.after {
            return;
        }
        self.after = one.seq;
        if let Some(heard) = one.heard_by(&self.viewer.rights) {
            let message = Sse::default().id(one.seq.to_string());
            if let Ok(message) = message.json_data(heard) {
                self.waiting.push_back(message);
            }
        }
    }

    async fn read_log(&mut self) {
        let after = Seq(self.after);
        let found = work(&self.web.house, move |house| {
            house.read(|read| read.events_after(after, 500)?.iter().map(|event| told(read, event)).collect::<Outcome<Vec<_>>>())
        })
        .await;
        match found {
            Ok(list) => {
                self.behind = list.len() == 500;
                for one in &list {
                    self.take(one);
                }
            }
            // The browser comes again with the last number it saw.
            Err(_) => self.over = true,
        }
    }

    /// Ends the stream with the session; rights that changed hold from now on.
    async fn look_at_session(&mut self) {
        let token = self.viewer.token.clone();
        let found = work(&self.web.house, move |house| {
            let now = house.now();
            house.read(|read| team::door::who(read, &token, now))
        })
        .await;
        match found {
            Ok(Some((_, rights))) => self.viewer.rights = Arc::new(rights),
            Ok(None) => self.over = true,
            Err(_) => {}
        }
    }
}
