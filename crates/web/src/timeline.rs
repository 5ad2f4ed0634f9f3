//! The story of a card in plain words: who did what, when and why. A message is one entry, whatever its channel tells
//! later; a change that a rule made names the rule and the event that led to it.

use crate::View;
use crate::answers::{Answers, Person};
use crate::trouble::escape;
use crate::view::slug;
use askama::filters::Safe;
use crm::{Actor, Change, Delivery, Event, Fact, Field, Item, ItemRef, Moment, Outcome, Rights, Seq, UserId, Value, code, kind};
use std::collections::{BTreeMap, HashMap};

/// Events that are read at once.
pub(crate) const PER_PAGE: u32 = 60;

/// One entry.
pub(crate) struct Entry {
    pub seq: i64,
    pub icon: &'static str,
    /// `blue`, `green`, `amber`, `red`, `grey`.
    pub tone: &'static str,
    pub title: String,
    pub who: String,
    /// A member of staff did it: his round picture.
    pub person: Option<Person>,
    pub at: Moment,
    pub body: String,
    /// What changed or was answered: name, before, after.
    pub lines: Vec<(String, String, String)>,
    /// Which event led to it: its number and what it was.
    pub cause: Option<(i64, String)>,
    pub message: Option<Message>,
    /// A flat line.
    pub small: bool,
    /// Another card it belongs to, in a client's timeline.
    pub card: Option<(String, String)>,
    /// The first entry of its day: the day.
    pub day: Option<String>,
    /// It stands on top.
    pub pinned: bool,
    /// A comment with those it mentions marked; takes the place of `body`.
    pub html: Option<Safe<String>>,
    /// A record that was joined and can be parted again: the address that does it.
    pub unmerge: Option<String>,
}

/// What a message looks like.
pub(crate) struct Message {
    pub id: i64,
    pub incoming: bool,
    pub channel: String,
    pub channel_icon: &'static str,
    pub address: String,
    pub subject: String,
    pub body: String,
    /// Code of its state.
    pub status: &'static str,
    pub status_title: String,
    pub error: String,
    /// State after state, as they came in.
    pub history: Vec<(String, Moment, bool)>,
}

/// Turns events (the newest first) into entries.
pub(crate) struct Teller<'a> {
    pub view: &'a View,
    pub answers: &'a Answers<'a>,
    /// Whose story.
    pub at: ItemRef,
    messages: HashMap<i64, Item>,
    causes: HashMap<Seq, String>,
    statuses: HashMap<i64, Vec<(String, Moment, bool)>>,
    accounts: BTreeMap<i64, (String, String)>,
    /// Names that a comment may call with `@`, the longest first.
    called: Vec<String>,
}

impl<'a> Teller<'a> {
    /// Reads what the events speak of: messages, tasks, cards, causes.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn new(view: &'a View, answers: &'a Answers<'a>, at: ItemRef, events: &[Event]) -> Outcome<Teller<'a>> {
        let mut teller = Teller {
            view,
            answers,
            at,
            messages: HashMap::new(),
            causes: HashMap::new(),
            statuses: HashMap::new(),
            accounts: BTreeMap::new(),
            called: Vec::new(),
        };
        if events.iter().any(|event| matches!(&event.fact, Fact::Commented { text } if text.contains('@'))) {
            teller.called = answers.read.users()?.iter().map(crm::User::name).filter(|name| !name.is_empty()).collect();
            teller.called.sort_by_key(|name| std::cmp::Reverse(name.len()));
        }
        let messages: Vec<ItemRef> = events
            .iter()
            .filter_map(|event| match event.fact {
                Fact::MessageQueued { message } | Fact::MessageReceived { message } => Some(message),
                _ => None,
            })
            .collect();
        // Whoever sees the card sees what was said to its client: messages are read with the program's own rights.
        let everything = Rights::system();
        let whole = Answers::new(answers.read, &everything, answers.lang, answers.zone.clone());
        whole.prefetch(messages.iter().copied())?;
        teller.messages = messages.into_iter().filter_map(|at| whole.item(at)).map(|item| (item.id, item)).collect();
        for event in events {
            if let Fact::MessageStatus { message, status, error, late } = &event.fact {
                let mut text = status_title(view, *status);
                if !error.is_empty() {
                    text = format!("{text} ({error})");
                }
                teller.statuses.entry(message.id).or_default().insert(0, (text, event.at, *late));
            }
        }
        let mentioned = events.iter().filter_map(|event| match &event.fact {
            Fact::TaskGiven { task } | Fact::TaskMoved { task, .. } | Fact::TaskOverdue { task } => Some(*task),
            _ => None,
        });
        answers.prefetch(mentioned.chain(events.iter().map(|event| event.about).filter(|about| *about != at)).collect::<Vec<_>>())?;
        let needs_accounts = events.iter().any(|event| matches!(event.by, Actor::Client { .. } | Actor::Channel { .. }));
        if needs_accounts {
            teller.accounts = answers.read.accounts()?.into_iter().map(|account| (account.id.0, (account.provider, account.title))).collect();
        }
        for event in events {
            let Some(cause) = event.cause.filter(|cause| !teller.causes.contains_key(cause)) else { continue };
            let known = events.iter().find(|other| other.seq == cause).cloned();
            let Some(found) = known.map_or_else(|| answers.read.event(cause), |event| Ok(Some(event)))? else { continue };
            teller.causes.insert(cause, teller.short(&found));
        }
        Ok(teller)
    }

    /// The entries, the newest first.
    pub fn entries(&self, events: &[Event]) -> Vec<Entry> {
        // What was parted again since is not parted once more.
        let parted =
            |event: &Event, other: &Event| matches!((&event.fact, &other.fact), (Fact::Merged { from, .. }, Fact::Unmerged { from: again }) if from == again);
        let told = events.iter().filter_map(|event| {
            let mut entry = self.entry(event)?;
            if entry.unmerge.is_some() && events.iter().any(|other| other.seq > event.seq && parted(event, other)) {
                entry.unmerge = None;
            }
            Some(entry)
        });
        let mut list: Vec<Entry> = told.collect();
        let mut last = None;
        for entry in &mut list {
            let day = entry.at.timestamp().to_zoned(self.view.zone.clone()).date();
            if last != Some(day) {
                entry.day = Some(self.day(day));
                last = Some(day);
            }
        }
        list
    }

    fn day(&self, day: crm::Date) -> String {
        let today = self.view.now.timestamp().to_zoned(self.view.zone.clone()).date();
        match (today - day).get_days() {
            0 if today == day => self.view.t("day-today"),
            1 if today.yesterday().is_ok_and(|yesterday| yesterday == day) => self.view.t("day-yesterday"),
            _ if today.year() == day.year() => self.view.day(day),
            _ => crm::format::date(day, self.view.lang),
        }
    }

    fn entry(&self, event: &Event) -> Option<Entry> {
        let view = self.view;
        let own = event.item == event.about;
        let mut entry = Entry {
            seq: event.seq.0,
            icon: "info-circle",
            tone: "grey",
            title: String::new(),
            who: self.who(&event.by),
            person: self.person(&event.by),
            at: event.at,
            body: String::new(),
            lines: Vec::new(),
            cause: event.cause.and_then(|cause| self.causes.get(&cause).map(|text| (cause.0, text.clone()))),
            message: None,
            small: true,
            card: self.card(event),
            day: None,
            pinned: false,
            html: None,
            unmerge: None,
        };
        match &event.fact {
            Fact::Pinned { .. } | Fact::OperationStarted | Fact::OperationEnded { .. } => return None,
            Fact::FileRemoved { name, .. } => {
                entry.icon = "paperclip";
                entry.title = view.with("event-file-removed", "file", name);
            }
            Fact::Restored => {
                entry.icon = "arrow-back-up";
                entry.tone = "green";
                entry.title = view.t("event-restored");
            }
            Fact::Merged { from, values } => {
                entry.icon = "copy-check";
                entry.tone = "blue";
                entry.title = view.with("event-merged", "what", values.text(code::TITLE));
                let shape = self.answers.schema.kind(from.kind)?;
                if event.at.plus(crm::merge::UNDO) > view.now {
                    entry.unmerge = Some(format!("/doubles/{}/{}/unmerge", slug(shape), from.id));
                }
            }
            Fact::Unmerged { from } => {
                entry.icon = "copy";
                entry.title = view.with("event-unmerged", "what", self.name(*from));
            }
            Fact::Created if event.item.kind == kind::CALL => {
                let call = self.answers.item(event.item)?;
                entry.icon = "phone";
                entry.tone = "green";
                entry.title = view.with("event-call", "what", call.title());
            }
            // Tasks, messages and notices tell of themselves by facts of their own.
            Fact::Created if !own => return None,
            Fact::Created => {
                let shape = self.answers.schema.kind(event.item.kind)?;
                entry.icon = "plus";
                entry.tone = "green";
                entry.title = view.with("event-created", "what", shape.title.get(view.lang));
            }
            Fact::Changed { changes } => {
                if event.item.kind == kind::MESSAGE || event.item.kind == kind::NOTIFICATION {
                    return None;
                }
                entry.lines = self.changes(event, changes);
                if entry.lines.is_empty() {
                    return None;
                }
                entry.icon = "pencil";
                entry.title = match own {
                    true => view.t("event-changed"),
                    false if event.item.kind == kind::TASK => view.with("event-task-changed", "task", self.name(event.item)),
                    // A price line and the like: it has no card of its own that one would look for.
                    false => self.part(event.item),
                };
            }
            Fact::Assigned { from, to } => {
                entry.icon = "user-check";
                entry.tone = "blue";
                entry.title = if own { view.t("event-assigned") } else { view.with("event-task-assigned", "task", self.name(event.item)) };
                entry.lines = vec![(String::new(), self.colleague(*from), self.colleague(*to))];
            }
            Fact::Moved { from: None, .. } => return None,
            Fact::Moved { from: Some(from), to, .. } => {
                let schema = &self.answers.schema;
                entry.icon = "arrow-right";
                entry.tone = match schema.stage(*to).map(|(_, stage)| stage.outcome) {
                    Some(crm::Ending::Won) => "green",
                    Some(crm::Ending::Lost) => "red",
                    _ => "blue",
                };
                entry.title = view.t("event-moved");
                entry.lines = vec![(String::new(), crm::format::stage(schema, *from, view.lang), crm::format::stage(schema, *to, view.lang))];
            }
            Fact::Deleted { .. } => {
                entry.icon = "trash";
                entry.tone = "red";
                entry.title = view.t("event-deleted");
            }
            Fact::Commented { text } => {
                entry.icon = "note";
                entry.tone = "amber";
                entry.small = false;
                entry.title = view.t("event-commented");
                match self.called.iter().any(|name| text.contains(&format!("@{name}"))) {
                    true => entry.html = Some(Safe(self.with_names(text))),
                    false => entry.body.clone_from(text),
                }
            }
            Fact::FormFilled { title, answers, repeat, .. } => {
                entry.icon = "forms";
                entry.tone = "green";
                entry.small = false;
                entry.title = view.with("event-form", "form", title);
                if *repeat {
                    entry.body = view.t("event-form-repeat");
                }
                entry.lines = self.form_lines(answers);
            }
            Fact::MessageQueued { message } | Fact::MessageReceived { message } => {
                let told = self.message(*message, matches!(event.fact, Fact::MessageReceived { .. }))?;
                entry.icon = told.channel_icon;
                entry.tone = match (told.incoming, told.status) {
                    (true, _) => "green",
                    (_, "failed") => "red",
                    (_, "unknown") => "amber",
                    _ => "blue",
                };
                entry.small = false;
                entry.title = match told.incoming {
                    true => view.with("event-message-in", "channel", &told.channel),
                    false => view.with("event-message-out", "channel", &told.channel),
                };
                entry.message = Some(told);
            }
            Fact::MessageStatus { .. } => return None,
            Fact::TaskGiven { task } => {
                entry.icon = "checkbox";
                entry.tone = "amber";
                entry.title = view.with("event-task-given", "task", self.name(*task));
                if let Some(task) = self.answers.item(*task) {
                    entry.lines.push((view.t("task-executor"), String::new(), self.colleague(task.responsible())));
                    if let Some(deadline) = task.values.moment(team::tasks::DEADLINE) {
                        entry.lines.push((view.t("task-deadline"), String::new(), view.ago(deadline)));
                    }
                }
            }
            Fact::TaskMoved { task, from, to } => {
                let status = |code: &str| {
                    self.answers
                        .schema
                        .choice(kind::TASK, team::tasks::STATUS, &Value::text(code))
                        .map_or_else(|| code.to_owned(), |label| label.get(view.lang).to_owned())
                };
                let done = to == team::tasks::COMPLETED;
                entry.icon = if done { "circle-check" } else { "checkbox" };
                entry.tone = if done { "green" } else { "grey" };
                entry.title =
                    if done { view.with("event-task-done", "task", self.name(*task)) } else { view.with("event-task-moved", "task", self.name(*task)) };
                if !done {
                    entry.lines = vec![(String::new(), status(from), status(to))];
                }
            }
            Fact::TaskOverdue { task } => {
                entry.icon = "alert-triangle";
                entry.tone = "red";
                entry.title = view.with("event-task-late", "task", self.name(*task));
            }
            Fact::Notified { user, popup, notification } => {
                entry.icon = "bell";
                entry.title = view.with(if *popup { "event-popup" } else { "event-notified" }, "user", self.colleague(*user));
                let notice = self.answers.read.item(&Rights::system(), *notification).ok().flatten();
                entry.body = notice.map(|notice| crate::pages::notices::text_of(&notice, view.lang)).unwrap_or_default();
            }
            Fact::WebhookCalled { code, .. } => {
                entry.icon = "webhook";
                entry.title = view.with("event-webhook", "code", code);
            }
            Fact::UrlCalled { url, ok, detail } => {
                entry.icon = "external-link";
                entry.tone = if *ok { "green" } else { "red" };
                entry.title = view.t(if *ok { "event-url-ok" } else { "event-url-failed" });
                entry.body = format!("{url} · {detail}");
            }
            Fact::RobotStopped { state, reason } => {
                entry.icon = "robot";
                entry.tone = if state == "failed" || state == "unknown" { "red" } else { "grey" };
                let key = match state.as_str() {
                    "skipped" => "event-robot-skipped",
                    "failed" => "event-robot-failed",
                    "cancelled" => "event-robot-cancelled",
                    _ => "event-robot-unknown",
                };
                entry.title = view.t(key);
                reason.get(view.lang).clone_into(&mut entry.body);
            }
            Fact::FileAdded { name, .. } => {
                entry.icon = "paperclip";
                entry.title = view.with("event-file", "file", name);
            }
        }
        Some(entry)
    }

    /// Field by field, without what the program keeps or counts and what another fact tells: all of that stands in the history.
    fn changes(&self, event: &Event, changes: &[Change]) -> Vec<(String, String, String)> {
        let blank = Item { kind: event.item.kind, id: event.item.id, version: 0, values: crm::Values::new() };
        let item = self.answers.item(event.item).unwrap_or(blank);
        changes
            .iter()
            .filter(|change| change.field != code::RESPONSIBLE && self.answers.rights.sees(event.item.kind, &change.field))
            .filter_map(|change| {
                let field: &Field = self.answers.schema.field(event.item.kind, &change.field).filter(|field| !field.is_kept())?;
                Some((field.title.get(self.view.lang).to_owned(), self.answers.value(&item, field, &change.old), self.answers.value(&item, field, &change.new)))
            })
            .collect()
    }

    /// Answers of a form, with the titles of the fields they went into.
    fn form_lines(&self, given: &crm::Values) -> Vec<(String, String, String)> {
        given
            .0
            .iter()
            .filter_map(|(name, value)| {
                let (kind, field) = name.split_once('.').unwrap_or(("", name));
                let shape = self.answers.schema.kind_by_code(kind).or_else(|| self.answers.schema.kind(self.at.kind))?;
                let field = shape.field(field);
                if field.is_some_and(|field| !self.answers.rights.sees(shape.id, &field.code)) {
                    return None;
                }
                let title = field.map_or_else(|| name.clone(), |field| field.title.get(self.view.lang).to_owned());
                let text = match (field, value) {
                    (Some(field), value) => self.answers.value(&Item { kind: shape.id, id: 0, version: 0, values: crm::Values::new() }, field, value),
                    (None, Value::Text(text)) => text.clone(),
                    (None, Value::Flag(flag)) => self.view.t(if *flag { "yes" } else { "no" }),
                    (None, Value::Int(number)) => number.to_string(),
                    _ => return None,
                };
                (!text.is_empty()).then_some((title, String::new(), text))
            })
            .collect()
    }

    fn message(&self, at: ItemRef, incoming: bool) -> Option<Message> {
        let item = self.messages.get(&at.id)?;
        let state = Delivery::from_code(item.values.text("status")).unwrap_or(Delivery::Queued);
        let provider = item.values.text("provider");
        let (channel, channel_icon) = channel(self.view, provider);
        Some(Message {
            id: at.id,
            incoming: incoming || item.values.text("direction") == "in",
            channel,
            channel_icon,
            address: item.values.text("address").trim_start_matches("whatsapp:").to_owned(),
            subject: item.values.text("subject").to_owned(),
            body: item.values.text("body").to_owned(),
            status: if incoming { "in" } else { state.code() },
            status_title: status_title(self.view, state),
            error: item.values.text("error").to_owned(),
            history: self.statuses.get(&at.id).cloned().unwrap_or_default(),
        })
    }

    /// Who did it, in words.
    pub fn who(&self, by: &Actor) -> String {
        let view = self.view;
        let account = |id: i64| self.accounts.get(&id).map(|(_, title)| title.clone()).unwrap_or_default();
        match by {
            Actor::System => view.t("who-system"),
            Actor::User { user } => self.colleague(*user),
            Actor::Webhook { user, .. } => view.with("who-script", "user", self.colleague(*user)),
            Actor::Client { account: id, contact } => {
                let name = self.answers.title(ItemRef::new(kind::CONTACT, *contact)).unwrap_or_default();
                if name.is_empty() { view.with("who-client-by", "account", account(id.0)) } else { view.with("who-client", "name", name) }
            }
            Actor::Channel { account: id } => view.with("who-channel", "account", account(id.0)),
            Actor::Robot { title, .. } => view.with("who-robot", "rule", title),
            Actor::Trigger { title, .. } => view.with("who-trigger", "rule", title),
        }
    }

    fn person(&self, by: &Actor) -> Option<Person> {
        match by {
            Actor::User { user } | Actor::Webhook { user, .. } if *user != UserId::SYSTEM => Some(self.answers.person(*user)),
            _ => None,
        }
    }

    fn colleague(&self, id: UserId) -> String {
        if id == UserId::SYSTEM { self.view.t("nobody") } else { self.answers.person(id).name }
    }

    /// What changed beside the card: its type and its name, where it has one.
    fn part(&self, at: ItemRef) -> String {
        let shape = self.answers.schema.kind(at.kind).map(|shape| shape.title.get(self.view.lang).to_owned()).unwrap_or_default();
        let what = self.answers.title(at).map_or_else(|| shape.clone(), |name| format!("{shape} — {name}"));
        self.view.with("event-part-changed", "what", what)
    }

    fn name(&self, at: ItemRef) -> String {
        self.answers.title(at).unwrap_or_else(|| format!("№ {}", at.id))
    }

    /// The card of an entry in a client's timeline.
    fn card(&self, event: &Event) -> Option<(String, String)> {
        if event.about == self.at {
            return None;
        }
        let shape = self.answers.schema.kind(event.about.kind)?;
        self.answers.title(event.about).map(|title| (format!("/{}/{}", slug(shape), event.about.id), title))
    }

    /// The event that led to this one, in a few words.
    pub fn why(&self, event: &Event) -> Option<String> {
        event.cause.and_then(|cause| self.causes.get(&cause).cloned())
    }

    /// A comment as HTML with the names it calls marked.
    fn with_names(&self, text: &str) -> String {
        let mut html = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            html.push_str(&escape(&rest[..at]));
            let after = &rest[at + 1..];
            let whole =
                |name: &&String| after.strip_prefix(name.as_str()).is_some_and(|next| next.chars().next().is_none_or(|letter| !letter.is_alphanumeric()));
            match self.called.iter().find(whole) {
                Some(name) => {
                    html.push_str(&format!("<span class=\"mention\">@{}</span>", escape(name)));
                    rest = &after[name.len()..];
                }
                None => {
                    html.push('@');
                    rest = after;
                }
            }
        }
        html.push_str(&escape(rest));
        html
    }

    /// An event in a few words, as the reason of another.
    fn short(&self, event: &Event) -> String {
        let view = self.view;
        match &event.fact {
            Fact::Created => view.t("short-created"),
            Fact::Changed { changes } => {
                let titles: Vec<&str> = changes
                    .iter()
                    .filter(|change| self.answers.rights.sees(event.item.kind, &change.field))
                    .filter_map(|change| self.answers.schema.field(event.item.kind, &change.field))
                    .map(|field| field.title.get(view.lang))
                    .collect();
                view.with("short-changed", "fields", titles.join(", "))
            }
            Fact::Assigned { to, .. } => view.with("short-assigned", "user", self.colleague(*to)),
            Fact::Moved { to, .. } => view.with("short-moved", "stage", crm::format::stage(&self.answers.schema, *to, view.lang)),
            Fact::FormFilled { title, .. } => view.with("short-form", "form", title),
            Fact::TaskMoved { task, to, .. } if to == team::tasks::COMPLETED => view.with("short-task-done", "task", self.name(*task)),
            Fact::TaskGiven { task } | Fact::TaskMoved { task, .. } => view.with("short-task", "task", self.name(*task)),
            Fact::TaskOverdue { task } => view.with("short-task-late", "task", self.name(*task)),
            Fact::MessageQueued { .. } | Fact::MessageStatus { .. } => view.t("short-message"),
            Fact::MessageReceived { .. } => view.t("short-message-in"),
            Fact::Commented { .. } => view.t("short-comment"),
            Fact::WebhookCalled { code, .. } => view.with("short-webhook", "code", code),
            Fact::Deleted { .. }
            | Fact::Notified { .. }
            | Fact::UrlCalled { .. }
            | Fact::RobotStopped { .. }
            | Fact::FileAdded { .. }
            | Fact::FileRemoved { .. }
            | Fact::Pinned { .. }
            | Fact::Restored
            | Fact::Merged { .. }
            | Fact::Unmerged { .. }
            | Fact::OperationStarted
            | Fact::OperationEnded { .. } => view.t("short-other"),
        }
    }
}

/// The channel of a provider as staff calls it, and its icon.
pub(crate) fn channel(view: &View, provider: &str) -> (String, &'static str) {
    match provider {
        "twilio_whatsapp" => ("WhatsApp".to_owned(), "brand-whatsapp"),
        "smtp" => (view.t("channel-mail"), "mail"),
        "web_form" => (view.t("channel-form"), "forms"),
        other => (other.to_owned(), "message"),
    }
}

/// A state of delivery in words.
pub(crate) fn status_title(view: &View, state: Delivery) -> String {
    view.t(match state {
        Delivery::Queued => "delivery-queued",
        Delivery::Unknown => "delivery-unknown",
        Delivery::Accepted => "delivery-accepted",
        Delivery::Sent => "delivery-sent",
        Delivery::Failed => "delivery-failed",
        Delivery::Delivered => "delivery-delivered",
        Delivery::Read => "delivery-read",
    })
}
