//! What brings a card to the stage that holds it: one file per trigger, one line in [`all`].

mod fields_changed;
mod form_filled;
mod responsible_changed;
mod task_status_changed;
mod webhook_called;

use crate::place::{Place, Wrong};
use crm::{About, Event, Item, Label, Outcome, Schema, Values};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a trigger looks at.
pub struct Sight<'a> {
    /// What happened.
    pub event: &'a Event,
    /// The card that could move.
    pub item: &'a Item,
    /// The record to which it happened: the card itself, a task, a message. `None` when it is gone.
    pub record: Option<&'a Item>,
    /// The shape of the firm's data: names of fields for the reason.
    pub schema: &'a Schema,
}

/// Whether a trigger fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fires {
    /// It does.
    Yes,
    /// It does not, and why.
    No(Label),
}

impl Fires {
    /// It does not, and why.
    pub fn no(ru: impl Into<String>, en: impl Into<String>) -> Fires {
        Fires::No(Label::new(ru, en))
    }
}

/// One kind of trigger. Pure: it looks and decides.
pub trait Trigger: Sync {
    /// How it introduces itself.
    fn about(&self) -> About;
    /// Codes of the facts it wants to see ([`crm::Fact::code`]).
    fn watches(&self) -> &'static [&'static str];
    /// Whether this event is what it waits for.
    fn fires(&self, sight: &Sight<'_>, settings: &Values) -> Fires;
    /// What is wrong with settings that answer all the questions rightly.
    ///
    /// # Errors
    /// Only failures of the database.
    fn check(&self, _place: &Place<'_>, _settings: &Values) -> Outcome<Wrong> {
        Ok(Wrong::new())
    }
}

/// All triggers, in the order of the catalogue.
pub fn all() -> &'static [&'static dyn Trigger] {
    &[
        &form_filled::FormFilled,
        &task_status_changed::TaskStatusChanged,
        &fields_changed::FieldsChanged,
        &responsible_changed::ResponsibleChanged,
        &webhook_called::WebhookCalled,
    ]
}

/// The trigger with this code.
pub fn find(code: &str) -> Option<&'static dyn Trigger> {
    static BY_CODE: LazyLock<BTreeMap<&'static str, &'static dyn Trigger>> = LazyLock::new(|| all().iter().map(|one| (one.about().code, *one)).collect());
    BY_CODE.get(code).copied()
}

fn clients() -> Label {
    Label::new("Действия клиента", "What the client does")
}

fn card() -> Label {
    Label::new("Изменения карточки", "Changes of the card")
}

fn outside() -> Label {
    Label::new("Вебхуки и приложения", "Webhooks and applications")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crm::{Actor, Fact, ItemRef, Moment, Seq, kind};

    pub fn deal() -> Item {
        Item { kind: kind::DEAL, id: 7, version: 1, values: Values::new() }
    }

    pub fn event(fact: Fact) -> Event {
        let at = ItemRef::new(kind::DEAL, 7);
        Event { seq: Seq(1), at: Moment(0), by: Actor::System, item: at, about: at, contact: 0, cause: None, root: None, depth: 0, quiet: false, fact }
    }

    /// Asks a trigger about a fact on a deal.
    pub fn ask(trigger: &dyn Trigger, fact: Fact, settings: &Values, record: Option<&Item>) -> Fires {
        let (event, item, schema) = (event(fact), deal(), Schema::default());
        assert!(trigger.watches().contains(&event.fact.code()), "the trigger would never be asked about {}", event.fact.code());
        trigger.fires(&Sight { event: &event, item: &item, record, schema: &schema }, settings)
    }

    #[test]
    fn every_trigger_has_a_code_of_its_own_and_texts_in_both_languages() {
        let mut codes: Vec<&str> = all().iter().map(|one| one.about().code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all().len());
        for about in all().iter().map(|one| one.about()) {
            for text in [&about.title, &about.help, &about.group] {
                assert!(!text.ru.is_empty() && !text.en.is_empty(), "{}", about.code);
            }
            assert!(find(about.code).is_some());
        }
    }
}
