//! Where a message is: one rule for receipts and reports. A state has a rank and a lower one never overwrites a higher
//! one, so that every order of the same reports, doubled or not, ends in the same message.

use crm::{Cause, Change, Delivery, Fact, Item, Outcome, Tx, Value, code};

/// A state that became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News<'n> {
    /// Where the message is.
    pub status: Delivery,
    /// The provider's number of it; empty when it is not known.
    pub provider_ref: &'n str,
    /// The provider's code of an error; empty: none.
    pub error: &'n str,
}

/// Where a message is by what is stored.
pub(crate) fn of(message: &Item) -> Delivery {
    Delivery::from_code(message.values.text("status")).unwrap_or(Delivery::Queued)
}

/// Writes a state into a message: a later one changes it, an earlier one is told in the timeline as late, the same one
/// changes nothing.
pub(crate) fn put(tx: &mut dyn Tx, cause: &Cause, message: &mut Item, news: News<'_>) -> Outcome<()> {
    let known = of(message);
    let fact = |late: bool| Fact::MessageStatus { message: message.at(), status: news.status, error: news.error.to_owned(), late };
    let own = message.values.text("provider_ref");
    // A message that was sent twice after an unclear answer has two numbers; only good news of the second one counts.
    let other = !own.is_empty() && !news.provider_ref.is_empty() && own != news.provider_ref;
    if news.status < known || (other && news.status <= Delivery::Failed && news.status != known) {
        let fact = fact(true);
        learn_ref(tx, cause, message, news.provider_ref)?;
        return tx.record(message, cause, fact);
    }
    if news.status == known {
        return learn_ref(tx, cause, message, news.provider_ref);
    }
    let fact = fact(false);
    message.values.set("status", Value::text(news.status.code()));
    match news.error {
        "" => drop(message.values.0.remove("error")),
        error => message.values.set("error", Value::text(error)),
    }
    if own_is_empty(message) && !news.provider_ref.is_empty() {
        message.values.set("provider_ref", Value::text(news.provider_ref));
    }
    touch(message, cause);
    tx.save(message, cause, vec![fact])
}

/// The provider's number alone: a change without a state.
fn learn_ref(tx: &mut dyn Tx, cause: &Cause, message: &mut Item, provider_ref: &str) -> Outcome<()> {
    if provider_ref.is_empty() || !own_is_empty(message) {
        return Ok(());
    }
    let new = Value::text(provider_ref);
    let change = Change { field: "provider_ref".to_owned(), old: Value::Null, new: new.clone() };
    message.values.set("provider_ref", new);
    touch(message, cause);
    tx.save(message, cause, vec![Fact::Changed { changes: vec![change] }])
}

fn own_is_empty(message: &Item) -> bool {
    message.values.get("provider_ref").is_empty()
}

fn touch(message: &mut Item, cause: &Cause) {
    message.values.set(code::UPDATED_AT, Value::moment(cause.at));
    message.values.set(code::UPDATED_BY, Value::user(cause.by.user()));
}
