//! A provider tells where a message is.

use super::Desk;
use crate::provider::Report;
use crate::state::{self, News};
use crm::{Item, ItemRef, Outcome, Rights, Tx, kind};

/// Takes a report; `false` when no message of ours fits (it stays in the journal).
pub fn take(tx: &mut dyn Tx, desk: &Desk<'_>, report: &Report) -> Outcome<bool> {
    // Our own number first: a report may overtake the receipt that tells us theirs.
    let mut message = match report.message {
        Some(id) => own(tx, desk, ItemRef::new(kind::MESSAGE, id))?,
        None => None,
    };
    if message.is_none() {
        message = match tx.item_by_provider_ref(&report.provider_ref)? {
            Some(at) => own(tx, desk, at)?,
            None => None,
        };
    }
    let Some(mut message) = message else {
        tracing::warn!(provider = desk.account.provider, status = report.said, "a report of a message that is not ours");
        return Ok(false);
    };
    let news = News { status: report.status, provider_ref: &report.provider_ref, error: &report.error };
    state::put(tx, &desk.channel(), &mut message, news)?;
    Ok(true)
}

/// The message, if it went out through this account.
fn own(tx: &mut dyn Tx, desk: &Desk<'_>, at: ItemRef) -> Outcome<Option<Item>> {
    let found = tx.item(&Rights::system(), at)?;
    Ok(found.filter(|message| message.values.int("account") == Some(desk.account.id.0) && message.values.text("direction") == "out"))
}
