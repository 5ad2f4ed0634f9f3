//! The organisation chart on one screen: which department carries out which command. No catch-all arm.

use crm::{Cause, Command, Done, Execute, Firm, House, Outcome, Refusal, Rights, Tx, kind};
use std::sync::Arc;
use team::tasks::Wanted;

/// The executor of commands.
pub struct Wiring {
    firm: Arc<Firm>,
}

impl Wiring {
    /// An executor for this firm.
    pub fn new(firm: Arc<Firm>) -> Wiring {
        Wiring { firm }
    }
}

impl Execute for Wiring {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        match command {
            Command::Create { kind, values } if *kind == kind::TASK => team::tasks::create_from(tx, rights, cause, values).map(done),
            Command::Change { item, values } if item.kind == kind::TASK => team::tasks::change(tx, rights, cause, *item, values).map(done),
            Command::Create { .. }
            | Command::Change { .. }
            | Command::Move { .. }
            | Command::Delete { .. }
            | Command::Restore { .. }
            | Command::Merge { .. }
            | Command::Unmerge { .. }
            | Command::AddFile { .. }
            | Command::RemoveFile { .. }
            | Command::Pin { .. }
            | Command::Comment { .. }
            | Command::Recount { .. } => crm::command::carry_out(tx, rights, cause, command),
            Command::CreateTask { about, to, title, description, deadline } => {
                team::tasks::create(tx, rights, cause, &Wanted { about: *about, to: *to, title, description, deadline: *deadline }).map(done)
            }
            Command::MoveTask { task, status } => team::tasks::move_to(tx, rights, cause, *task, status).map(done),
            Command::CheckDeadline { task } => team::tasks::check_deadline(tx, cause, *task).map(|()| Done::with(*task)),
            Command::SendMessage { .. } => channels::send::queue(tx, &self.firm, rights, cause, command).map(done),
            Command::Notify { users, about, text, popup } => {
                team::notices::notify(tx, cause, users, *about, text, *popup).map(|made| Done { item: made.first().map(crm::Item::at) })
            }
            Command::CallUrl { about, .. } => channels::delivery::queue_call(tx, cause, command).map(|()| Done::with(*about)),
            Command::Deliver { .. } | Command::RunOperation { .. } => {
                Err(Refusal::new("not_here", "Эту команду выполняет очередь", "This command is carried out by the queue").into())
            }
        }
    }

    fn packs(&self) -> Option<&dyn crm::house::Packs> {
        Some(&crate::packs::Shelf)
    }
}

/// Finds the rights of somebody for whom an operation runs.
pub fn who() -> exchange::operations::Who {
    Arc::new(|read, user, now| {
        let user = read.user(user)?.filter(|user| user.active);
        user.map(|user| team::staff::rights_of(read, &user, now)).transpose()
    })
}

fn done(item: crm::Item) -> Done {
    Done::with(item.at())
}

/// Builds the house from its parts.
pub fn house(store: Arc<dyn crm::Store>, clock: Arc<dyn crm::Clock>, chance: Arc<dyn crm::Chance>, firm: Firm) -> House {
    let firm = Arc::new(firm);
    House { store, clock, chance, executor: Arc::new(Wiring::new(firm.clone())), firm }
}
