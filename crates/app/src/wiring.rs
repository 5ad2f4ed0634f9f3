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
            Command::Create { kind, values } => crm::item::create(tx, rights, cause, *kind, values).map(done),
            Command::Change { item, values } if item.kind == kind::TASK => team::tasks::change(tx, rights, cause, *item, values).map(done),
            Command::Change { item, values } => crm::item::change(tx, rights, cause, *item, values).map(done),
            Command::Move { item, to } => crm::stage::move_to(tx, rights, cause, *item, *to).map(done),
            Command::Delete { item } => crm::item::delete(tx, rights, cause, *item).map(|()| Done::with(*item)),
            Command::Restore { item } => crm::item::restore(tx, rights, cause, *item).map(done),
            Command::Merge { keep, drop, values } => crm::merge::merge(tx, rights, cause, *keep, drop, values).map(done),
            Command::Unmerge { item } => crm::merge::unmerge(tx, rights, cause, *item).map(done),
            Command::AddFile { item, file } => crm::item::add_file(tx, rights, cause, *item, file).map(|_| Done::with(*item)),
            Command::RemoveFile { item, file } => crm::item::remove_file(tx, rights, cause, *item, *file).map(done),
            Command::Pin { item, event, on } => crm::item::pin(tx, rights, cause, *item, *event, *on).map(done),
            Command::Comment { item, text } => crm::item::comment(tx, rights, cause, *item, text).map(|()| Done::with(*item)),
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
            Command::Deliver { .. } => {
                Err(Refusal::new("not_here", "Эту команду выполняет очередь доставки", "This command is carried out by the delivery queue").into())
            }
        }
    }

    fn packs(&self) -> Option<&dyn crm::house::Packs> {
        Some(&crate::packs::Shelf)
    }
}

fn done(item: crm::Item) -> Done {
    Done::with(item.at())
}

/// Builds the house from its parts.
pub fn house(store: Arc<dyn crm::Store>, clock: Arc<dyn crm::Clock>, chance: Arc<dyn crm::Chance>, firm: Firm) -> House {
    let firm = Arc::new(firm);
    House { store, clock, chance, executor: Arc::new(Wiring::new(firm.clone())), firm }
}
