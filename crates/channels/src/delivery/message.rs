//! The delivery of one message.

use super::{Begin, Call, Came, Errand, History, PAUSED, cause, close, ladder};
use crate::provider::{Answered, Ask, Found, Outgoing, Provider, Receipt};
use crate::state::{self, News};
use crate::{providers, send};
use courier::Trouble;
use crm::{Account, AccountId, Actor, AttemptState, Delivery, Firm, Item, ItemRef, Job, Label, Moment, Outcome, Read, Rights, Tx};
use std::time::Duration;

/// A message with everything that its sending needs.
struct Parcel {
    message: Item,
    contact: Option<Item>,
    account: Account,
    provider: &'static dyn Provider,
}

impl Parcel {
    fn outgoing(&self, now: Moment) -> Outgoing<'_> {
        Outgoing { message: &self.message, contact: self.contact.as_ref(), now }
    }
}

/// The message and its account; `None` for the account when it was deleted or its provider is gone.
fn load(read: &dyn Read, at: ItemRef) -> Outcome<Option<(Item, Option<Parcel>)>> {
    let Some(message) = read.item(&Rights::system(), at)? else { return Ok(None) };
    let account = read.account(AccountId(message.values.int("account").unwrap_or(0)))?;
    let provider = account.as_ref().and_then(|account| providers::find(&account.provider).ok());
    let (Some(account), Some(provider)) = (account, provider) else { return Ok(Some((message, None))) };
    let contact = send::contact(read, &message)?;
    Ok(Some((message.clone(), Some(Parcel { message, contact, account, provider }))))
}

fn nothing(ru: &str, en: &str) -> Begin {
    Begin::Nothing(Label::new(ru, en))
}

/// See [`super::begin`].
pub(super) fn begin(tx: &mut dyn Tx, firm: &Firm, job: &Job, at: ItemRef, now: Moment) -> Outcome<Begin> {
    let Some((mut message, parcel)) = load(tx.read(), at)? else {
        tx.finish_job(job)?;
        return Ok(nothing("сообщение удалено", "the message was deleted"));
    };
    let history = History::read(tx, job)?;
    if state::of(&message) > Delivery::Unknown || !message.values.text("provider_ref").is_empty() {
        settle(tx, &history, &message, now)?;
        tx.finish_job(job)?;
        return Ok(nothing("провайдер уже сообщил, где сообщение", "the provider has already told where the message is"));
    }
    let Some(parcel) = parcel else {
        return give_up(tx, job, Actor::System, &mut message, "no_account", now);
    };
    let channel = Actor::Channel { account: parcel.account.id };
    if let Some(last) = history.last.as_ref().filter(|last| matches!(last.state, AttemptState::Begun | AttemptState::Unknown)) {
        if last.state == AttemptState::Begun {
            tx.close_attempt(last.id, AttemptState::Unknown, "the program stopped during the call", now)?;
        }
        let can = parcel.provider.can();
        if !can.once {
            if let Some(request) = parcel.provider.lookup(&parcel.outgoing(now), &parcel.account, last.at).filter(|_| can.lookup) {
                return Ok(Begin::Ask(Box::new(Call { ask: Ask::Http(request), attempt: last.clone(), errand: Errand::Lookup })));
            }
            if tx.finish_job(job)? {
                show_unknown(tx, job, channel, &mut message, now)?;
            }
            return Ok(nothing("неизвестно, ушло ли сообщение", "it is not known whether the message went out"));
        }
    }
    if job.expires.is_some_and(|expires| expires < now) {
        return give_up(tx, job, channel, &mut message, "expired", now);
    }
    if !parcel.account.enabled {
        tx.postpone_job(job, Some(ladder::next(job, job.attempts.unsigned_abs(), None, now)), "the account is switched off")?;
        return Ok(nothing("канал выключен", "the channel is switched off"));
    }
    match parcel.provider.request(&parcel.outgoing(now), &parcel.account, firm) {
        Ok(ask) => {
            let attempt = history.open(tx, job, at, now)?;
            Ok(Begin::Ask(Box::new(Call { ask, attempt, errand: Errand::Send })))
        }
        Err(refusal) => give_up(tx, job, channel, &mut message, &refusal.code, now),
    }
}

/// A report came before our own call was answered, and the program died in between: the attempt did its work.
fn settle(tx: &mut dyn Tx, history: &History, message: &Item, now: Moment) -> Outcome<()> {
    match &history.last {
        Some(last) if matches!(last.state, AttemptState::Begun | AttemptState::Unknown) => {
            close(tx, last, AttemptState::Done, message.values.text("provider_ref"), "told by a report", now)
        }
        _ => Ok(()),
    }
}

/// The message will not go out.
fn give_up(tx: &mut dyn Tx, job: &Job, by: Actor, message: &mut Item, code: &str, now: Moment) -> Outcome<Begin> {
    if tx.finish_job(job)? {
        fail(tx, job, by, message, code, now)?;
    }
    Ok(Begin::Nothing(Label::same(code)))
}

fn fail(tx: &mut dyn Tx, job: &Job, by: Actor, message: &mut Item, code: &str, now: Moment) -> Outcome<()> {
    if state::of(message) >= Delivery::Failed {
        return Ok(());
    }
    state::put(tx, &cause(job, by, now), message, News { status: Delivery::Failed, provider_ref: "", error: code })
}

fn show_unknown(tx: &mut dyn Tx, job: &Job, by: Actor, message: &mut Item, now: Moment) -> Outcome<()> {
    if state::of(message) >= Delivery::Unknown {
        return Ok(());
    }
    state::put(tx, &cause(job, by, now), message, News { status: Delivery::Unknown, provider_ref: "", error: "" })
}

/// The provider has the message. A report that was faster is not told again as late.
fn taken(tx: &mut dyn Tx, job: &Job, by: Actor, message: &mut Item, receipt: &Receipt, now: Moment) -> Outcome<()> {
    let status = receipt.status.max(state::of(message));
    state::put(tx, &cause(job, by, now), message, News { status, provider_ref: &receipt.provider_ref, error: "" })
}

/// What a call says: in the provider's words or in the courier's.
enum Verdict {
    Said(Answered, String),
    Paused(u64),
}

fn verdict(provider: &dyn Provider, call: &Call, came: &Came) -> Verdict {
    let denied = |code: String, retry: bool| Answered::Denied { code, retry, after: None };
    match (came, &call.ask) {
        (Came::Reply(reply), _) => Verdict::Said(provider.reply(reply), format!("status {}", reply.status)),
        (Came::Taken, Ask::Mail { mail, .. }) => {
            Verdict::Said(Answered::Accepted(Receipt { provider_ref: mail.message_id.clone(), status: Delivery::Sent }), "taken".to_owned())
        }
        (Came::Taken, Ask::Http(_)) => Verdict::Said(Answered::Unclear { why: "no reply".to_owned() }, "no reply".to_owned()),
        (Came::Trouble(Trouble::Paused { seconds }), _) => Verdict::Paused(*seconds),
        (Came::Trouble(Trouble::NotSent { why, retry }), _) => Verdict::Said(denied("not_sent".to_owned(), *retry), why.clone()),
        (Came::Trouble(Trouble::Unknown { why }), _) => Verdict::Said(Answered::Unclear { why: why.clone() }, why.clone()),
        (Came::Trouble(Trouble::Rejected { code, why, permanent }), _) => Verdict::Said(denied(code.to_string(), !permanent), why.clone()),
    }
}

/// See [`super::finish`].
pub(super) fn sent(tx: &mut dyn Tx, job: &Job, at: ItemRef, call: &Call, came: &Came, now: Moment) -> Outcome<()> {
    let Some((mut message, Some(parcel))) = load(tx.read(), at)? else {
        tx.finish_job(job)?;
        return close(tx, &call.attempt, AttemptState::Unknown, "", "message or account were deleted meanwhile", now);
    };
    let by = Actor::Channel { account: parcel.account.id };
    let tries = call.attempt.number;
    let (answered, detail) = match verdict(parcel.provider, call, came) {
        Verdict::Said(answered, detail) => (answered, detail),
        Verdict::Paused(seconds) => {
            let to = now.plus(ladder::spread(job, job.lease.unsigned_abs(), Duration::from_secs(seconds + 5)));
            return match tx.postpone_job(job, Some(to), PAUSED)? {
                true => close(tx, &call.attempt, AttemptState::Failed, "", PAUSED, now),
                false => Ok(()),
            };
        }
    };
    match answered {
        Answered::Accepted(receipt) => {
            if tx.finish_job(job)? {
                close(tx, &call.attempt, AttemptState::Done, &receipt.provider_ref, &detail, now)?;
                taken(tx, job, by, &mut message, &receipt, now)?;
            }
            Ok(())
        }
        Answered::Denied { code, retry, after } => {
            let next = ladder::next(job, tries.unsigned_abs(), after, now);
            let in_time = tries < job.max_attempts && job.expires.is_none_or(|expires| next <= expires);
            let held = match (retry, in_time) {
                (true, true) => tx.postpone_job(job, Some(next), &detail)?,
                (true, false) => tx.postpone_job(job, None, &detail)?,
                (false, _) => tx.finish_job(job)?,
            };
            if held {
                close(tx, &call.attempt, AttemptState::Failed, "", &format!("{code}: {detail}"), now)?;
                if !(retry && in_time) {
                    fail(tx, job, by, &mut message, &code, now)?;
                }
            }
            Ok(())
        }
        Answered::Unclear { why } => {
            let can = parcel.provider.can();
            let worth = (can.once || can.lookup) && tries < job.max_attempts;
            let held = match (worth, can.once || can.lookup) {
                (true, _) => tx.postpone_job(job, Some(ladder::next(job, tries.unsigned_abs(), None, now)), &why)?,
                (false, true) => tx.postpone_job(job, None, &why)?,
                (false, false) => tx.finish_job(job)?,
            };
            if held {
                close(tx, &call.attempt, AttemptState::Unknown, "", &why, now)?;
                if !worth {
                    show_unknown(tx, job, by, &mut message, now)?;
                }
            }
            Ok(())
        }
    }
}

/// See [`super::finish`].
pub(super) fn looked_up(tx: &mut dyn Tx, job: &Job, at: ItemRef, call: &Call, came: &Came, now: Moment) -> Outcome<()> {
    let Some((mut message, Some(parcel))) = load(tx.read(), at)? else {
        return tx.finish_job(job).map(|_| ());
    };
    let by = Actor::Channel { account: parcel.account.id };
    let found = match came {
        Came::Reply(reply) => parcel.provider.found(reply, &parcel.outgoing(now), &parcel.account, call.attempt.at),
        Came::Taken | Came::Trouble(_) => None,
    };
    let Some(found) = found else {
        // Asking costs nothing and is repeated for as long as sending would be; then a person has to look.
        let worth = job.attempts < job.max_attempts * 2;
        let next = ladder::next(job, job.attempts.unsigned_abs(), None, now);
        if tx.postpone_job(job, worth.then_some(next), "the provider could not be asked")? && !worth {
            show_unknown(tx, job, by, &mut message, now)?;
        }
        return Ok(());
    };
    match ours(tx.read(), &message, found)? {
        Some(receipt) => {
            if tx.finish_job(job)? {
                close(tx, &call.attempt, AttemptState::Done, &receipt.provider_ref, "found at the provider", now)?;
                taken(tx, job, by, &mut message, &receipt, now)?;
            }
        }
        None => {
            if tx.postpone_job(job, Some(now), "the provider has no such message")? {
                close(tx, &call.attempt, AttemptState::Failed, "", "the provider has no such message", now)?;
            }
        }
    }
    Ok(())
}

/// The one of the provider's messages that must be this one: no other message of ours has its number. A free text must
/// be the same; an approved template is filled in by the provider and may read a little differently.
fn ours(read: &dyn Read, message: &Item, found: Vec<Found>) -> Outcome<Option<Receipt>> {
    let same = |found: &Found| found.text.trim() == message.values.text("body").trim();
    let is_template = !message.values.text("content_sid").is_empty();
    let mut fits = Vec::new();
    for one in found {
        let owner = read.item_by_provider_ref(&one.receipt.provider_ref)?;
        if owner.is_none_or(|owner| owner == message.at()) && (is_template || same(&one)) {
            fits.push(one);
        }
    }
    let at = fits.iter().position(same).unwrap_or(0);
    Ok(fits.into_iter().nth(at).map(|found| found.receipt))
}
