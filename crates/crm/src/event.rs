//! What happened. Written once, in the transaction that made it true; never changed. One table of events is the
//! outbox, the audit log, the timeline, the source of triggers and the live feed.

use crate::ids::{AccountId, EntityTypeId, ItemRef, PipelineId, RuleId, Seq, StageId, UserId, WebhookId};
use crate::time::Moment;
use crate::value::{Value, Values};
use serde::{Deserialize, Serialize};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub enum Actor {
    /// The program itself: a deadline that passed, an installation.
    System,
    /// A member of staff at a screen.
    User {
        /// Who.
        user: UserId,
    },
    /// A script with an incoming webhook, acting for a member of staff.
    Webhook {
        /// The webhook.
        webhook: WebhookId,
        /// For whom it acts.
        user: UserId,
    },
    /// A client, through a channel.
    Client {
        /// Through which account.
        account: AccountId,
        /// The contact, once known; 0 before.
        contact: i64,
    },
    /// A channel that reports on its own behalf: a delivery status.
    Channel {
        /// Which account.
        account: AccountId,
    },
    /// A robot of a stage.
    Robot {
        /// The rule.
        rule: RuleId,
        /// Version of the stage's program.
        version: i64,
        /// The rule's title at that time.
        title: String,
    },
    /// A trigger of a stage.
    Trigger {
        /// The rule.
        rule: RuleId,
        /// Version of the stage's program.
        version: i64,
        /// The rule's title at that time.
        title: String,
    },
}

impl Actor {
    /// The member of staff behind it; the system user when there is none.
    pub fn user(&self) -> UserId {
        match self {
            Actor::User { user } | Actor::Webhook { user, .. } => *user,
            _ => UserId::SYSTEM,
        }
    }

    /// Whether a rule did it.
    pub fn rule(&self) -> Option<RuleId> {
        match self {
            Actor::Robot { rule, .. } | Actor::Trigger { rule, .. } => Some(*rule),
            _ => None,
        }
    }
}

/// Why something is done: who does it, at what moment, and which event led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Moment,
    /// The event that led to it.
    pub event: Option<Seq>,
    /// The first event of the chain.
    pub root: Option<Seq>,
    /// How long the chain is already (automation.md §5.8 stops it at 25).
    pub depth: u32,
    /// No rule may answer to it: an import without automation, an undo.
    pub quiet: bool,
}

impl Cause {
    /// Something that begins a chain of its own.
    pub fn new(by: Actor, at: Moment) -> Cause {
        Cause { by, at, event: None, root: None, depth: 0, quiet: false }
    }

    /// Something done because of an event.
    pub fn because(event: &Event, by: Actor, at: Moment) -> Cause {
        Cause { by, at, event: Some(event.seq), root: Some(event.root.unwrap_or(event.seq)), depth: event.depth + 1, quiet: event.quiet }
    }

    /// The same, unanswered by any rule.
    #[must_use]
    pub fn quietly(mut self) -> Cause {
        self.quiet = true;
        self
    }
}

/// One field that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Code of the field.
    pub field: String,
    /// Answer before.
    pub old: Value,
    /// Answer after.
    pub new: Value,
}

/// Where a message is on its way. The order of the variants is the rank: a lower one never overwrites a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Stands in our queue.
    Queued,
    /// We asked, and do not know what came of it.
    Unknown,
    /// The provider took it.
    Accepted,
    /// On its way to the client.
    Sent,
    /// Will not arrive. Loses against `Delivered` and `Read`.
    Failed,
    /// Arrived.
    Delivered,
    /// The client opened it.
    Read,
}

impl Delivery {
    /// The code that is stored and filtered by.
    pub fn code(self) -> &'static str {
        match self {
            Delivery::Queued => "queued",
            Delivery::Unknown => "unknown",
            Delivery::Accepted => "accepted",
            Delivery::Sent => "sent",
            Delivery::Failed => "failed",
            Delivery::Delivered => "delivered",
            Delivery::Read => "read",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Delivery> {
        [Delivery::Queued, Delivery::Unknown, Delivery::Accepted, Delivery::Sent, Delivery::Failed, Delivery::Delivered, Delivery::Read]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Fact {
    /// The item came to be.
    Created,
    /// Some of its fields changed.
    Changed {
        /// Which, from what to what.
        changes: Vec<Change>,
    },
    /// Somebody else answers for it now. Written beside `Changed`.
    Assigned {
        /// Who did.
        from: UserId,
        /// Who does.
        to: UserId,
    },
    /// It came to another stage.
    Moved {
        /// Where it stood; `None` when it was just made.
        from: Option<StageId>,
        /// Where it stands.
        to: StageId,
        /// On which way of work.
        pipeline: PipelineId,
    },
    /// It was deleted; its last answers are kept here.
    Deleted {
        /// All answers it had.
        values: Values,
    },
    /// Somebody wrote a comment.
    Commented {
        /// The text.
        text: String,
    },
    /// A client filled in a form.
    FormFilled {
        /// Code of the form.
        form: String,
        /// Name of the form at that time.
        title: String,
        /// The answers, with the marks of advertising.
        answers: Values,
        /// The client was known before.
        repeat: bool,
    },
    /// A message to a client was put into the queue.
    MessageQueued {
        /// The message.
        message: ItemRef,
    },
    /// A channel told where a message is.
    MessageStatus {
        /// The message.
        message: ItemRef,
        /// Where it is.
        status: Delivery,
        /// The provider's code of an error.
        error: String,
        /// It came too late to count: something later is already known.
        late: bool,
    },
    /// A client wrote.
    MessageReceived {
        /// The message.
        message: ItemRef,
    },
    /// A task was given.
    TaskGiven {
        /// The task.
        task: ItemRef,
    },
    /// A task came to another status.
    TaskMoved {
        /// The task.
        task: ItemRef,
        /// Status before.
        from: String,
        /// Status after.
        to: String,
    },
    /// The deadline of a task passed and it is not done.
    TaskOverdue {
        /// The task.
        task: ItemRef,
    },
    /// A member of staff was told something.
    Notified {
        /// The notice.
        notification: ItemRef,
        /// Who.
        user: UserId,
        /// A card has to jump up on the screen, with a sound.
        popup: bool,
    },
    /// A program outside called the address of a trigger.
    WebhookCalled {
        /// Code of the trigger.
        code: String,
        /// What it sent.
        payload: Values,
    },
    /// We called a program outside.
    UrlCalled {
        /// The address, without what follows `?`.
        url: String,
        /// It answered as expected.
        ok: bool,
        /// The HTTP status or the reason.
        detail: String,
    },
    /// A robot did nothing, or could not: what the timeline says of it.
    RobotStopped {
        /// `skipped`, `failed`, `cancelled`, `unknown`.
        state: String,
        /// Why, for a person; both languages.
        reason: crate::label::Label,
    },
    /// A file was added.
    FileAdded {
        /// The file.
        file: crate::ids::FileId,
        /// Its name.
        name: String,
    },
    /// A file was taken away; its bytes stay as long as the recycle bin keeps things.
    FileRemoved {
        /// The file.
        file: crate::ids::FileId,
        /// Its name.
        name: String,
    },
    /// A line of the timeline was pinned on top, or let go.
    Pinned {
        /// The line.
        event: Seq,
        /// It stays on top from now on.
        on: bool,
    },
    /// It was taken out of the recycle bin.
    Restored,
    /// Another record of the same client was joined with this one, which keeps everything.
    Merged {
        /// The record that is no more; it can be parted again for thirty days.
        from: ItemRef,
        /// Its last answers.
        values: Values,
    },
    /// A joined record was parted again.
    Unmerged {
        /// The record that is back.
        from: ItemRef,
    },
    /// A long action began: all it does stands in the log with this event as its root.
    OperationStarted,
    /// A long action ended, or was taken back.
    OperationEnded {
        /// Its state: `done`, `failed`, `cancelled`, `undone`.
        state: String,
    },
}

impl Fact {
    /// The word under which the fact is stored and filtered.
    pub fn code(&self) -> &'static str {
        match self {
            Fact::Created => "created",
            Fact::Changed { .. } => "changed",
            Fact::Assigned { .. } => "assigned",
            Fact::Moved { .. } => "moved",
            Fact::Deleted { .. } => "deleted",
            Fact::Commented { .. } => "commented",
            Fact::FormFilled { .. } => "form_filled",
            Fact::MessageQueued { .. } => "message_queued",
            Fact::MessageStatus { .. } => "message_status",
            Fact::MessageReceived { .. } => "message_received",
            Fact::TaskGiven { .. } => "task_given",
            Fact::TaskMoved { .. } => "task_moved",
            Fact::TaskOverdue { .. } => "task_overdue",
            Fact::Notified { .. } => "notified",
            Fact::WebhookCalled { .. } => "webhook_called",
            Fact::UrlCalled { .. } => "url_called",
            Fact::RobotStopped { .. } => "robot_stopped",
            Fact::FileAdded { .. } => "file_added",
            Fact::FileRemoved { .. } => "file_removed",
            Fact::Pinned { .. } => "pinned",
            Fact::Restored => "restored",
            Fact::Merged { .. } => "merged",
            Fact::Unmerged { .. } => "unmerged",
            Fact::OperationStarted => "operation_started",
            Fact::OperationEnded { .. } => "operation_ended",
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    pub at: Moment,
    /// Who.
    pub by: Actor,
    /// To which record.
    pub item: ItemRef,
    /// In whose timeline it stands: the item itself, or the card a task or message belongs to.
    pub about: ItemRef,
    /// The contact concerned; 0 when there is none.
    pub contact: i64,
    /// The event that led to it.
    pub cause: Option<Seq>,
    /// The first event of the chain.
    pub root: Option<Seq>,
    /// How long the chain is.
    pub depth: u32,
    /// No rule answers to it.
    pub quiet: bool,
    /// What happened.
    pub fact: Fact,
}

impl Event {
    /// Whether it stands in a timeline of its own kind of record.
    pub fn concerns(&self, kind: EntityTypeId) -> bool {
        self.about.kind == kind
    }
}
