//! What came in becomes clients, deals and messages: checked, kept raw, written and answered in one transaction. A
//! repeat gets the first answer and changes nothing.

mod clients;
mod form;
mod letter;
mod limits;
mod report;

use crate::provider::{Answer, Inbound, Provider};
use crate::providers;
use crm::{Account, Actor, Cause, Execute, Failure, Firm, InboundCall, Item, Lang, Moment, Outcome, Refusal, Tx};

/// What every way of receiving needs.
pub(crate) struct Desk<'d> {
    /// The firm.
    pub firm: &'d Firm,
    /// Carries out commands.
    pub executor: &'d dyn Execute,
    /// How the account's vendor works.
    pub provider: &'d dyn Provider,
    /// Through which account.
    pub account: &'d Account,
    /// When.
    pub now: Moment,
}

impl Desk<'_> {
    /// Something that a client does; 0 before he is known.
    fn client(&self, contact: i64) -> Cause {
        Cause::new(Actor::Client { account: self.account.id, contact }, self.now)
    }

    /// Something that the vendor tells.
    fn channel(&self) -> Cause {
        Cause::new(Actor::Channel { account: self.account.id }, self.now)
    }

    /// A setting, or what the provider puts in its place.
    fn setting(&self, code: &str) -> String {
        providers::setting(self.provider, self.account, code)
    }
}

/// Takes one call of the outside world. Run it in a transaction and answer only after the commit.
///
/// # Errors
/// A refusal for what is not to be taken: a wrong signature, an unreadable body, wrong answers (named by their questions),
/// too many submissions. Nothing is written then; [`refused`] makes an answer of it.
pub fn receive(tx: &mut dyn Tx, firm: &Firm, executor: &dyn Execute, account: &Account, call: InboundCall, now: Moment) -> Outcome<Answer> {
    if !account.enabled {
        return Err(Refusal::new("not_found", "Такого адреса нет", "There is no such address").into());
    }
    let provider = providers::find(&account.provider)?;
    let inbound = provider.webhook(&call, account, firm, now)?;
    let Some(key) = inbound.iter().map(Inbound::key).find(|key| !key.is_empty()) else {
        return Ok(provider.answer(account, None));
    };
    tx.one_at_a_time(&format!("inbound:{}:{key}", account.id))?;
    if let Some(known) = tx.inbound(account.id, &key)? {
        return serde_json::from_str(&known.answer).map_err(|error| Failure::give_up(format!("a stored answer cannot be read: {error}")).into());
    }
    let desk = Desk { firm, executor, provider, account, now };
    let mut made: Option<Item> = None;
    let mut state = "accepted";
    for one in &inbound {
        match one {
            Inbound::Form(filled) => {
                made = Some(form::take(tx, &desk, filled)?);
                // Only what was taken counts: a visitor who corrects his mistakes is not punished.
                limits::admit(firm, account, &call.remote, &filled.nonce, now)?;
            }
            Inbound::Message(letter) => made = Some(letter::take(tx, &desk, letter)?),
            Inbound::Status(report) => {
                if !report::take(tx, &desk, report)? {
                    state = "unmatched";
                }
            }
            Inbound::Unknown { kind, .. } => {
                tracing::info!(provider = account.provider, kind, "a call of an unknown kind was kept");
                state = "unknown";
            }
            Inbound::Nothing => {}
        }
    }
    let answer = provider.answer(account, made.as_ref());
    let written = serde_json::to_string(&answer).map_err(|error| Failure::give_up(error.to_string()))?;
    let mut kept = InboundCall { account: account.id, at: now, key, state: state.to_owned(), answer: written, headers: harmless(call.headers), ..call };
    match tx.journal(&mut kept)? {
        true => Ok(answer),
        // Another node took the same call at the same moment: the next try finds its answer.
        false => Err(Failure::retry("the same call is being taken").into()),
    }
}

/// Headers without what signs somebody in: the journal is for reading.
fn harmless(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    headers.into_iter().filter(|(name, _)| !matches!(name.as_str(), "cookie" | "authorization" | "proxy-authorization")).collect()
}

/// The answer to a call that was refused: 4xx with the reason, and nothing more about why a signature was wrong.
pub fn refused(refusal: &Refusal, lang: Lang) -> Answer {
    let status = match refusal.code.as_ref() {
        "bad_signature" => 403,
        "not_found" | "unknown_channel" => 404,
        "sends_only" => 405,
        "too_large" => 413,
        "too_many" => 429,
        "bad_body" | "bad_text" => 400,
        _ => 422,
    };
    Answer { status, content_type: "text/plain; charset=utf-8".to_owned(), body: refusal.explain(lang) }
}
