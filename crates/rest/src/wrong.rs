//! What the dialect says when it does not do what was asked: status, code, text (b24-rest.md §1.8).

use crm::{Failure, Fault, Lang, Refusal};
use std::borrow::Cow;

/// An error of the dialect.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    /// HTTP status.
    pub status: u16,
    /// `error`.
    pub code: Cow<'static, str>,
    /// `error_description`.
    pub text: String,
}

impl Wrong {
    /// An error with its status, code and text.
    pub fn new(status: u16, code: &'static str, text: impl Into<String>) -> Wrong {
        Wrong { status, code: Cow::Borrowed(code), text: text.into() }
    }

    /// A request that cannot be read.
    pub fn request(text: impl Into<String>) -> Wrong {
        Wrong::new(400, "INVALID_REQUEST", text)
    }

    /// A value that may not be.
    pub fn argument(text: impl Into<String>) -> Wrong {
        Wrong::new(400, "INVALID_ARG_VALUE", text)
    }

    /// An error of the old CRM methods: their code is empty.
    pub fn classic(text: impl Into<String>) -> Wrong {
        Wrong::new(400, "", text)
    }

    /// A parameter that a new method cannot do without.
    pub fn missing(name: &str) -> Wrong {
        Wrong::new(400, "100", format!("Could not find value for parameter {{{name}}}"))
    }
}

/// How a family of methods words its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `crm.deal.*`, `crm.contact.*`: empty codes, status 400.
    Classic,
    /// `crm.item.*` and everything younger: words as codes.
    Universal,
}

/// What stops a method.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// The dialect's own error.
    Wrong(Wrong),
    /// A refusal or failure of the house.
    Fault(Fault),
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Stop {
        Stop::Wrong(wrong)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Fault(refusal.into())
    }
}

impl Stop {
    /// The error as this family of methods words it, for a reader of this language.
    pub fn worded(self, family: Family, lang: Lang) -> Wrong {
        match self {
            Stop::Wrong(wrong) => wrong,
            Stop::Fault(Fault::Failed(failure)) => failed(&failure),
            Stop::Fault(Fault::Refused(refusal)) => refused(&refusal, family, lang),
        }
    }
}

fn failed(failure: &Failure) -> Wrong {
    match failure {
        Failure::Retry { why, .. } => {
            tracing::warn!(why, "a REST call has to be repeated");
            Wrong::new(503, "OVERLOAD_LIMIT", "The server is busy, repeat the request later")
        }
        Failure::GiveUp { why } => {
            tracing::error!(why, "a REST call failed");
            Wrong::new(500, "INTERNAL_SERVER_ERROR", "Internal server error")
        }
    }
}

fn refused(refusal: &Refusal, family: Family, lang: Lang) -> Wrong {
    let text = refusal.explain(lang);
    match (family, &*refusal.code) {
        (Family::Classic, "not_found") => Wrong::classic("Not found"),
        (Family::Classic, "access_denied") => Wrong::classic("Access denied."),
        (Family::Classic, _) => Wrong::classic(text),
        (Family::Universal, "not_found") => Wrong::new(400, "NOT_FOUND", text),
        (Family::Universal, "access_denied") => Wrong::new(403, "ACCESS_DENIED", text),
        (Family::Universal, _) => Wrong::argument(text),
    }
}
