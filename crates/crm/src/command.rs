//! What is wanted. Only a command changes an item, and every change leaves an event.

use crate::doors::Tx;
use crate::event::Cause;
use crate::failure::{Outcome, Refusal};
use crate::ids::{EntityTypeId, ItemRef, StageId, UserId};
use crate::item::{self, Item};
use crate::label::Label;
use crate::rights::Rights;
use crate::time::Moment;
use crate::value::Values;
use serde::{Deserialize, Serialize};

/// What is wanted. The one `match` over it stands in `app/wiring.rs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Make an item.
    Create {
        /// Its kind.
        kind: EntityTypeId,
        /// Its answers.
        values: Values,
    },
    /// Change answers of an item (a new responsible and a new stage included).
    Change {
        /// Which.
        item: ItemRef,
        /// The new answers; an empty one clears the field.
        values: Values,
    },
    /// Bring an item to a stage.
    Move {
        /// Which.
        item: ItemRef,
        /// Where.
        to: StageId,
    },
    /// Delete an item.
    Delete {
        /// Which.
        item: ItemRef,
    },
    /// Take an item out of the recycle bin.
    Restore {
        /// Which.
        item: ItemRef,
    },
    /// Join records of one client: `keep` gets everything of the others, which go to the recycle bin.
    Merge {
        /// The one that stays.
        keep: ItemRef,
        /// Those that go.
        drop: Vec<ItemRef>,
        /// Answers chosen among theirs; the rest stay as `keep` has them, its empty ones are filled from the others.
        values: Values,
    },
    /// Part a joined record again.
    Unmerge {
        /// The record that went.
        item: ItemRef,
    },
    /// Hang a stored file on an item.
    AddFile {
        /// Which item.
        item: ItemRef,
        /// The file, whose bytes are stored already.
        file: crate::staff::StoredFile,
    },
    /// Take a file off an item.
    RemoveFile {
        /// Which item.
        item: ItemRef,
        /// The file.
        file: crate::ids::FileId,
    },
    /// Pin a line of the timeline on top, or let it go.
    Pin {
        /// Which item.
        item: ItemRef,
        /// The line.
        event: crate::ids::Seq,
        /// Pin it.
        on: bool,
    },
    /// Write a comment.
    Comment {
        /// Where.
        item: ItemRef,
        /// What.
        text: String,
    },
    /// Give somebody a task.
    CreateTask {
        /// For which card; `None` for a task of its own.
        about: Option<ItemRef>,
        /// Who has to do it.
        to: UserId,
        /// What.
        title: String,
        /// In detail.
        description: String,
        /// Until when.
        deadline: Option<Moment>,
    },
    /// Change the status of a task: `pending`, `in_progress`, `deferred`, `completed`.
    MoveTask {
        /// Which.
        task: ItemRef,
        /// To what.
        status: String,
    },
    /// The deadline of a task has come: see whether it is late.
    CheckDeadline {
        /// Which.
        task: ItemRef,
    },
    /// Write to the client of a card.
    SendMessage {
        /// Whose card.
        about: ItemRef,
        /// Through which channel: code of the provider.
        channel: String,
        /// Code of the template; empty for a free text.
        template: String,
        /// The free text, or the text of a template already filled.
        text: String,
        /// Subject of a letter.
        subject: String,
        /// Filled places of a template approved by the provider, by number.
        variables: Values,
        /// Makes a repeat of the same send recognisable; empty when it does not come from a rule.
        key: String,
    },
    /// Hand a queued message to its provider. Runs outside a transaction: see `Job`.
    Deliver {
        /// Which.
        message: ItemRef,
    },
    /// Go on with an operation. Runs outside a transaction, in many small ones: see `exchange::operations`.
    RunOperation {
        /// Number of the operation.
        operation: i64,
    },
    /// Tell members of staff something.
    Notify {
        /// Whom.
        users: Vec<UserId>,
        /// On account of which card.
        about: ItemRef,
        /// What.
        text: Label,
        /// A card has to jump up on the screen, with a sound.
        popup: bool,
    },
    /// Work out anew the formulas of records that look at one through a link: the part that was too much for the transaction
    /// that changed it.
    Recount {
        /// The record they look at; number 0: all records of the type, after a formula was made or changed.
        item: ItemRef,
        /// Their type.
        kind: EntityTypeId,
        /// Their link.
        link: String,
        /// Those with higher numbers.
        after: i64,
    },
    /// Call a program outside. Runs outside a transaction: see `Job`.
    CallUrl {
        /// On account of which card.
        about: ItemRef,
        /// Where.
        url: String,
        /// `GET` or `POST`.
        method: String,
        /// What.
        body: Values,
        /// Makes a repeat recognisable to the receiver.
        key: String,
    },
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Done {
    /// The item that was made or changed, if it was one.
    pub item: Option<ItemRef>,
}

impl Done {
    /// This item.
    pub fn with(item: ItemRef) -> Done {
        Done { item: Some(item) }
    }
}

/// Carries out those commands that need no department: making, changing, moving, deleting, joining records, their files
/// and comments. An executor hands these over in one arm.
///
/// # Errors
/// As the single commands; `not_here` for the commands of a department.
pub fn carry_out(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
    let done = |item: Item| Done::with(item.at());
    match command {
        Command::Create { kind, values } => item::create(tx, rights, cause, *kind, values).map(done),
        Command::Change { item, values } => item::change(tx, rights, cause, *item, values).map(done),
        Command::Move { item, to } => crate::stage::move_to(tx, rights, cause, *item, *to).map(done),
        Command::Delete { item } => item::delete(tx, rights, cause, *item).map(|()| Done::with(*item)),
        Command::Restore { item } => item::restore(tx, rights, cause, *item).map(done),
        Command::Merge { keep, drop, values } => crate::merge::merge(tx, rights, cause, *keep, drop, values).map(done),
        Command::Unmerge { item } => crate::merge::unmerge(tx, rights, cause, *item).map(done),
        Command::AddFile { item, file } => item::add_file(tx, rights, cause, *item, file).map(|_| Done::with(*item)),
        Command::RemoveFile { item, file } => item::remove_file(tx, rights, cause, *item, *file).map(done),
        Command::Pin { item, event, on } => item::pin(tx, rights, cause, *item, *event, *on).map(done),
        Command::Comment { item, text } => item::comment(tx, rights, cause, *item, text).map(|()| Done::with(*item)),
        Command::Recount { item, kind, link, after } => crate::formula::go_on(tx, cause, *item, *kind, link, *after).map(|()| Done::with(*item)),
        Command::CreateTask { .. }
        | Command::MoveTask { .. }
        | Command::CheckDeadline { .. }
        | Command::SendMessage { .. }
        | Command::Deliver { .. }
        | Command::Notify { .. }
        | Command::CallUrl { .. }
        | Command::RunOperation { .. } => {
            Err(Refusal::new("not_here", "Эту команду выполняет другой отдел", "Another department carries out this command").into())
        }
    }
}
