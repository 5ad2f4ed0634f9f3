//! Twilio, played: the part of its Messages API that a firm needs, with its checks, its error codes, its 24-hour window
//! and its callbacks (facts: providers.md §4.1).

mod api;
mod message;

pub use message::{Call, Message};

use super::callbacks::{self, Form};
use super::journal::Journal;
use super::post::{Answered, Post};
use super::templates::{self, Templates};
use super::weather::{Weather, take};
use crm::{Chance, Clock};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// WhatsApp takes a free text only so long after the client's last message.
const WINDOW: Duration = Duration::from_hours(24);
/// Calls that are remembered for tests and for the curious.
const REMEMBERED_CALLS: usize = 2_000;
/// Calls that are made at the same time: a firm that slept gets its backlog in a stream, not in a flood.
const CALLS_AT_ONCE: usize = 32;

/// The firm's account.
#[derive(Debug, Clone)]
pub struct Account {
    /// `AC` and 32 hexadecimal digits.
    pub sid: String,
    /// Token: password of the API and key of the signatures.
    pub token: String,
    /// The firm's number, without `whatsapp:`.
    pub number: String,
    /// Where the clients' messages are posted, as it was given to Twilio.
    pub hook: String,
}

/// The running simulator; a copy is the same simulator.
#[derive(Clone)]
pub struct Twilio {
    inner: Arc<Inner>,
}

struct Inner {
    account: Account,
    address: SocketAddr,
    post: Post,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    runtime: Handle,
    lines: Semaphore,
    journal: Journal,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    by_sid: HashMap<String, usize>,
    by_client: HashMap<String, Vec<usize>>,
    /// Messages to clients whose way is not over.
    under_way: usize,
    names: BTreeMap<String, String>,
    weather: Weather,
    calls: VecDeque<Call>,
    templates: Option<Templates>,
    revision: u64,
}

/// A send that passed the checks.
pub(super) struct Accepted {
    pub to: String,
    pub body: String,
    pub content_sid: String,
    pub variables: BTreeMap<String, String>,
    pub callback: String,
}

impl Twilio {
    /// Starts it on a listener inside the present Tokio runtime, with what it remembers from the last time.
    ///
    /// # Errors
    /// A memory that cannot be read.
    pub fn start(
        listener: TcpListener,
        account: Account,
        post: Post,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        memory: Option<PathBuf>,
    ) -> io::Result<Twilio> {
        let (journal, known) = Journal::open::<Message>(memory)?;
        let mut state = State::default();
        for message in known {
            state.put(message);
        }
        let inner = Inner {
            account,
            address: listener.local_addr()?,
            post,
            clock,
            chance,
            runtime: Handle::current(),
            lines: Semaphore::new(CALLS_AT_ONCE),
            journal,
            state: Mutex::new(state),
        };
        let twilio = Twilio { inner: Arc::new(inner) };
        // Twilio outlives its customers: what was under way when the demo was killed goes on now.
        for message in twilio.messages().into_iter().filter(|message| !message.from_client && !message.settled) {
            tokio::spawn(twilio.clone().travel(message));
        }
        let router = api::router(twilio.clone());
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the played Twilio stopped");
            }
        });
        Ok(twilio)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// The firm's account.
    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    /// The weather now.
    pub fn weather(&self) -> Weather {
        self.state().weather.clone()
    }

    /// Changes the weather.
    pub fn set_weather(&self, weather: Weather) {
        let mut state = self.state();
        state.weather = weather;
        state.revision += 1;
    }

    /// Tells which templates are approved. Until then every well-formed ContentSid is taken as one.
    pub fn approve(&self, templates: Templates) {
        self.state().templates = Some(templates);
    }

    /// Tells the name that stands in a client's profile.
    pub fn introduce(&self, client: &str, name: &str) {
        self.state().names.insert(client.to_owned(), name.to_owned());
    }

    /// Everything that was ever said, the oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.state().messages.clone()
    }

    /// What one client and the firm said to each other, the oldest first; the firm's messages in whatever state they are.
    pub fn chat(&self, client: &str) -> Vec<Message> {
        self.state().of_client(client).cloned().collect()
    }

    /// Phones of the chats in which something happened last, with the name that Twilio knows; each once.
    pub fn recent_chats(&self, most: usize) -> Vec<(String, String)> {
        let state = self.state();
        let mut found: Vec<(String, String)> = Vec::new();
        for message in state.messages.iter().rev() {
            if found.len() == most {
                break;
            }
            if !found.iter().any(|(client, _)| *client == message.client) {
                found.push((message.client.clone(), state.names.get(&message.client).cloned().unwrap_or_default()));
            }
        }
        found
    }

    /// One message by its number.
    pub fn message(&self, sid: &str) -> Option<Message> {
        let state = self.state();
        state.by_sid.get(sid).map(|at| state.messages[*at].clone())
    }

    /// Calls in both directions, the oldest first; the last 2 000 are kept.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.iter().cloned().collect()
    }

    /// Nothing is on its way: every message has come to its end, and everything was reported.
    pub fn is_at_rest(&self) -> bool {
        self.state().under_way == 0
    }

    /// Grows with everything that happens.
    pub fn revision(&self) -> u64 {
        self.state().revision
    }

    /// A free text may be sent to this client now.
    pub fn window_is_open(&self, client: &str) -> bool {
        let now = self.inner.clock.now();
        self.state().of_client(client).rev().find(|message| message.from_client).is_some_and(|last| now.since(last.created) < WINDOW)
    }

    /// The client writes to the firm: the hook is called as Twilio calls it. The answer of the first call is returned.
    ///
    /// # Errors
    /// When the firm could not be reached; the message stays in the chat as not delivered.
    pub async fn client_writes(&self, client: &str, text: &str) -> io::Result<Answered> {
        let message = {
            let mut state = self.state();
            let name = state.names.get(client).cloned().unwrap_or_default();
            let message = Message::from_client(self.new_sid(), client, &name, text, self.inner.clock.now());
            self.remember(&mut state, message.clone());
            message
        };
        let weather = self.weather();
        let form = message.inbound_form(&self.inner.account);
        let mut answers = Vec::new();
        for form in callbacks::through(&[form], &Weather { drop_percent: 0, ..weather.clone() }, self.inner.chance.as_ref()) {
            answers.push(self.call("inbound", &self.inner.account.hook, form, &weather).await);
        }
        let answer = answers.swap_remove(0);
        let arrived = answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status));
        self.set_status(&message.sid, if arrived { "received" } else { "failed" }, if arrived { 0 } else { 11_200 });
        answer
    }

    /// The client opens the chat: everything that arrived is read. Returns how many messages that were.
    pub fn client_reads(&self, client: &str) -> usize {
        let unread: Vec<Message> = self.chat(client).into_iter().filter(|message| !message.from_client && message.status == "delivered").collect();
        let count = unread.len();
        for message in unread {
            self.set_status(&message.sid, "read", 0);
            let twilio = self.clone();
            self.inner.runtime.spawn(async move {
                let weather = twilio.weather();
                let form = message.status_form(&twilio.inner.account, "read", 0);
                for form in callbacks::through(&[form], &weather, twilio.inner.chance.as_ref()) {
                    twilio.report(&message, form, &weather).await;
                }
            });
        }
        count
    }

    /// Takes a send over: the message gets its number, and its way to the client begins.
    pub(super) fn accept(&self, send: Accepted) -> Message {
        let window_is_open = self.window_is_open(send.to.strip_prefix("whatsapp:").unwrap_or(&send.to));
        let template = self.template(&send.content_sid);
        let mut state = self.state();
        let mut failure = if take(&mut state.weather.failures) { state.weather.failure_code } else { 0 };
        let mut body = send.body;
        if !send.content_sid.is_empty() {
            let text = template.unwrap_or_else(|| templates::unknown(&send.variables));
            match templates::render(&text, &send.variables) {
                Some(filled) => body = filled,
                None => (body, failure) = (text, 63_028),
            }
        } else if send.to.starts_with("whatsapp:") && !window_is_open {
            failure = 63_016;
        }
        let message = Message { fate: failure, ..Message::to_client(self.new_sid(), &send.to, body, send.content_sid, send.callback, self.inner.clock.now()) };
        self.remember(&mut state, message.clone());
        drop(state);
        self.inner.runtime.spawn(self.clone().travel(message.clone()));
        message
    }

    /// The text of an approved template; `None` when nobody told which there are.
    fn template(&self, content_sid: &str) -> Option<String> {
        let known = self.state().templates.clone()?;
        known(content_sid)
    }

    pub(super) fn is_approved(&self, content_sid: &str) -> bool {
        let known = self.state().templates.clone();
        known.is_none_or(|known| known(content_sid).is_some())
    }

    /// The way of a message: state after state, each reported.
    async fn travel(self, message: Message) {
        let states: &[(&str, u32)] = match message.fate {
            0 if self.weather().reads => &[("sent", 0), ("delivered", 0), ("read", 0)],
            0 => &[("sent", 0), ("delivered", 0)],
            // The channel itself turned it down: nothing was sent.
            63_016 | 63_028 => &[("failed", message.fate)],
            code => &[("sent", 0), ("undelivered", code)],
        };
        let weather = self.weather();
        let step = Duration::from_millis(weather.step_ms);
        let mut held = Vec::new();
        for (status, error) in states {
            tokio::time::sleep(step).await;
            self.set_status(&message.sid, status, *error);
            held.push(message.status_form(&self.inner.account, status, *error));
            if !weather.reorder {
                for form in callbacks::through(&std::mem::take(&mut held), &weather, self.inner.chance.as_ref()) {
                    self.report(&message, form, &weather).await;
                }
            }
        }
        for form in callbacks::through(&held, &weather, self.inner.chance.as_ref()) {
            self.report(&message, form, &weather).await;
        }
        let mut state = self.state();
        if let Some(at) = state.by_sid.get(&message.sid).copied() {
            let settled = Message { settled: true, ..state.messages[at].clone() };
            self.remember(&mut state, settled);
        }
    }

    async fn report(&self, message: &Message, form: Form, weather: &Weather) {
        if !message.callback.is_empty() {
            let _ = self.call("status", &message.callback, form, weather).await;
        }
    }

    async fn call(&self, what: &'static str, url: &str, form: Form, weather: &Weather) -> io::Result<Answered> {
        let _line = self.inner.lines.acquire().await;
        let answer = callbacks::call(&self.inner.post, &self.inner.account.token, url, &form, weather).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        if !(200..300).contains(&status) {
            tracing::warn!(what, status, error = answer.as_ref().err().map(tracing::field::display), "the firm did not take a call of the played Twilio");
        }
        let form = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.note(Call { what: what.to_owned(), at: self.inner.clock.now(), form, status });
        answer
    }

    pub(super) fn note(&self, call: Call) {
        let mut state = self.state();
        if state.calls.len() == REMEMBERED_CALLS {
            state.calls.pop_front();
        }
        state.calls.push_back(call);
    }

    /// Sets a state unless a later one stands there.
    fn set_status(&self, sid: &str, status: &str, error: u32) {
        let mut state = self.state();
        let Some(at) = state.by_sid.get(sid).copied() else { return };
        let mut message = state.messages[at].clone();
        if message::rank(status) > message::rank(&message.status) {
            (message.status, message.error, message.updated) = (status.to_owned(), error, self.inner.clock.now());
            self.remember(&mut state, message);
        }
    }

    fn remember(&self, state: &mut State, message: Message) {
        self.inner.journal.put(&message);
        state.put(message);
    }

    fn new_sid(&self) -> String {
        let mut bytes = [0_u8; 16];
        self.inner.chance.fill(&mut bytes);
        bytes.iter().fold("SM".to_owned(), |sid, byte| format!("{sid}{byte:02x}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of_client(&self, client: &str) -> impl DoubleEndedIterator<Item = &Message> {
        self.by_client.get(client).into_iter().flatten().map(|at| &self.messages[*at])
    }

    fn put(&mut self, message: Message) {
        self.revision += 1;
        let waits = |message: &Message| usize::from(!message.from_client && !message.settled);
        self.under_way += waits(&message);
        match self.by_sid.get(&message.sid) {
            Some(at) => {
                self.under_way -= waits(&self.messages[*at]);
                self.messages[*at] = message;
            }
            None => {
                let at = self.messages.len();
                self.by_sid.insert(message.sid.clone(), at);
                self.by_client.entry(message.client.clone()).or_default().push(at);
                self.messages.push(message);
            }
        }
    }
}
