//! What a provider is: a file of pure translation between our words and a vendor's. It sends nothing and stores nothing.

use courier::{Mail, Reply, Request, SmtpServer};
use crm::{About, Account, Delivery, Firm, InboundCall, Item, Label, Lang, Moment, Refusal, Values};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// By what a client is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// Nobody is written to through this provider.
    Nobody,
    /// A phone.
    Phone,
    /// An address of e-mail.
    Email,
}

/// What a provider can do, so that nobody else has to know its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// By what a client is reached.
    pub address: Address,
    /// Sends free texts.
    pub text: bool,
    /// Sends templates that the vendor has approved.
    pub template: bool,
    /// Sends files.
    pub file: bool,
    /// Has subjects.
    pub subject: bool,
    /// Reports where a message is.
    pub receipt: bool,
    /// A repeat with the same identity arrives once (class T of automation.md §6.3).
    pub once: bool,
    /// Can be asked whether it carried a message (class Q).
    pub lookup: bool,
    /// A message that could not be handed over within this time is not worth sending any more.
    pub valid_for: Option<Duration>,
}

/// A message to be sent, with what a provider has to know of its client.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The message; its number is 0 before it is saved.
    pub message: &'a Item,
    /// The client.
    pub contact: Option<&'a Item>,
    /// The present moment.
    pub now: Moment,
}

/// What is to be carried by the courier.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// A call.
    Http(Request),
    /// A letter.
    Mail {
        /// Through which server.
        server: SmtpServer,
        /// What.
        mail: Mail,
    },
}

/// The provider took a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its own number of it.
    pub provider_ref: String,
    /// Where it is.
    pub status: Delivery,
}

/// What a provider's reply says.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// Taken.
    Accepted(Receipt),
    /// Not taken, and surely not sent.
    Denied {
        /// The provider's code.
        code: String,
        /// May be taken later.
        retry: bool,
        /// Not before this has passed.
        after: Option<Duration>,
    },
    /// It cannot be told whether it was taken.
    Unclear {
        /// For the log.
        why: String,
    },
}

/// A message that a provider says it carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What the provider calls it.
    pub receipt: Receipt,
    /// Its text, as the provider sent it.
    pub text: String,
}

/// Something that came in.
#[derive(Debug, Clone, PartialEq)]
pub enum Inbound {
    /// A client filled in a form.
    Form(Box<Filled>),
    /// A client wrote.
    Message(Letter),
    /// A provider tells where a message is.
    Status(Report),
    /// Something that we do not know yet: kept in the journal and acknowledged.
    Unknown {
        /// Identity of the call.
        key: String,
        /// What kind of call it seems to be.
        kind: String,
    },
    /// Nothing worth keeping: a robot that walked into a trap. Answered politely.
    Nothing,
}

impl Inbound {
    /// The sender's own identity of it: a second one with the same changes nothing. Empty: not recognisable.
    pub fn key(&self) -> String {
        match self {
            Inbound::Form(filled) => format!("form:{}", filled.nonce),
            Inbound::Message(letter) => format!("message:{}", letter.provider_ref),
            Inbound::Status(report) => format!("status:{}:{}:{}", report.provider_ref, report.said, report.error),
            Inbound::Unknown { key, .. } => key.clone(),
            Inbound::Nothing => String::new(),
        }
    }
}

/// A filled form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filled {
    /// One per rendering of the form: the identity of the submission.
    pub nonce: String,
    /// Answers as they were typed, by the name of the question: `contact.phone`. Several for a question with several.
    pub answers: Vec<(String, Vec<String>)>,
    /// UTM and click marks.
    pub marks: Values,
    /// The page with the form, with its query.
    pub landing: String,
    /// Where the visitor came from.
    pub referrer: String,
    /// Language in which the form was shown.
    pub lang: Lang,
    /// The consents that were given.
    pub consents: Vec<Consent>,
}

/// A consent given by ticking a box (152-FZ: which text, when, from where).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// `consent` or `consent_ads`.
    pub kind: &'static str,
    /// SHA-256 of the text that stood at the box, hexadecimal.
    pub text_hash: String,
    /// From which address.
    pub ip: String,
    /// With which browser.
    pub agent: String,
}

/// A message of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letter {
    /// Phone or e-mail, as it is compared.
    pub from: String,
    /// The text; attachments are named in it.
    pub text: String,
    /// The provider's own number of it.
    pub provider_ref: String,
    /// What the client calls himself there.
    pub name: String,
}

/// Where a message of ours is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Our own number of the message, when the provider brings it back.
    pub message: Option<i64>,
    /// The provider's number.
    pub provider_ref: String,
    /// Where it is.
    pub status: Delivery,
    /// The provider's own word for that.
    pub said: String,
    /// The provider's code of an error; empty: none.
    pub error: String,
}

/// What is answered to a call. A repeat gets the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type; empty: no body.
    #[serde(rename = "type", default)]
    pub content_type: String,
    /// The text.
    #[serde(default)]
    pub body: String,
}

impl Answer {
    /// Taken, nothing to say.
    pub fn empty() -> Answer {
        Answer { status: 204, content_type: String::new(), body: String::new() }
    }
}

/// A vendor's ways. One file in `providers/` and one line in `providers::all()`.
pub trait Provider: Sync {
    /// How it introduces itself, and what it asks before it can work.
    fn about(&self) -> About;

    /// What it can do.
    fn can(&self) -> Capability;

    /// Whether it would take this message now. Asked when a message is queued, so that a person hears the reason at once,
    /// and again before it is sent.
    ///
    /// # Errors
    /// The reason in plain words; its code is the vendor's own where there is one.
    fn check(&self, _outgoing: &Outgoing<'_>, _account: &Account) -> Result<(), Refusal> {
        Ok(())
    }

    /// The call or letter that sends a message.
    ///
    /// # Errors
    /// What is missing in the message or in the account's settings.
    fn request(&self, _outgoing: &Outgoing<'_>, _account: &Account, _firm: &Firm) -> Result<Ask, Refusal> {
        Err(Refusal::new("receives_only", "Этот канал только принимает", "This channel only receives"))
    }

    /// What the reply to that call says. Letters need none: a mail server's "yes" is a yes.
    fn reply(&self, reply: &Reply) -> Answered {
        Answered::Unclear { why: format!("status {}", reply.status) }
    }

    /// The call that asks whether a message was carried that was sent not before `since`.
    fn lookup(&self, _outgoing: &Outgoing<'_>, _account: &Account, _since: Moment) -> Option<Request> {
        None
    }

    /// The messages that fit, the earliest first; `None` when the reply cannot be read.
    fn found(&self, _reply: &Reply, _outgoing: &Outgoing<'_>, _account: &Account, _since: Moment) -> Option<Vec<Found>> {
        None
    }

    /// What a call of the outside world says.
    ///
    /// # Errors
    /// Wrong signatures, unreadable bodies, wrong answers. Nothing is written then.
    fn webhook(&self, _call: &InboundCall, _account: &Account, _firm: &Firm, _now: Moment) -> Result<Vec<Inbound>, Refusal> {
        Err(Refusal::new("sends_only", "Этот канал ничего не принимает", "This channel receives nothing"))
    }

    /// What is answered to a call that was taken; `made` is the card it led to.
    fn answer(&self, _account: &Account, _made: Option<&Item>) -> Answer {
        Answer::empty()
    }

    /// A code of an error in plain words.
    fn explain(&self, _code: &str) -> Option<Label> {
        None
    }
}
