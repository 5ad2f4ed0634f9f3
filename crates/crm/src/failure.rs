//! The ways to fail that are not our own mistakes. A mistake of ours is a panic.

use crate::label::{Label, Lang};
use crate::time::Moment;
use std::borrow::Cow;

/// We will not do what was asked, and say why. Nothing was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Stable word for programs and for `docs/errors/<code>.md`.
    pub code: Cow<'static, str>,
    /// The reason for a person.
    pub text: Label,
    /// What is wrong with single fields: (field code, reason).
    pub fields: Vec<(String, Label)>,
}

impl Refusal {
    /// A refusal with a code and its reason in both languages.
    pub fn new(code: &'static str, ru: impl Into<String>, en: impl Into<String>) -> Self {
        Refusal { code: Cow::Borrowed(code), text: Label::new(ru, en), fields: Vec::new() }
    }

    /// The same refusal that also points at a field.
    pub fn at(mut self, field: impl Into<String>, reason: Label) -> Self {
        self.fields.push((field.into(), reason));
        self
    }

    /// The item does not exist, or the reader may not know that it does: the two must look alike.
    pub fn not_found() -> Self {
        Refusal::new("not_found", "Запись не найдена или у вас нет к ней доступа", "The record was not found, or you have no access to it")
    }

    /// The reader sees the item but may not do this with it.
    pub fn denied(ru: impl Into<String>, en: impl Into<String>) -> Self {
        Refusal::new("access_denied", ru, en)
    }

    /// Reason for this reader, with the fields that are wrong.
    pub fn explain(&self, lang: Lang) -> String {
        let mut text = self.text.get(lang).to_owned();
        for (_, reason) in &self.fields {
            text.push_str("; ");
            text.push_str(reason.get(lang));
        }
        text
    }
}

/// The world did not answer as hoped: a disk, a database, a vendor.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// May go through later.
    Retry {
        /// The vendor's own wish (`Retry-After`), when it gave one.
        after: Option<Moment>,
        /// For the log and the administrator.
        why: String,
    },
    /// Will not go through however often it is tried.
    GiveUp {
        /// For the log and the administrator.
        why: String,
    },
}

impl Failure {
    /// A failure worth another try, at any time.
    pub fn retry(why: impl Into<String>) -> Self {
        Failure::Retry { after: None, why: why.into() }
    }

    /// A final failure.
    pub fn give_up(why: impl Into<String>) -> Self {
        Failure::GiveUp { why: why.into() }
    }

    /// The reason, whichever it is.
    pub fn why(&self) -> &str {
        match self {
            Failure::Retry { why, .. } | Failure::GiveUp { why } => why,
        }
    }
}

/// A refusal or a failure: what a call that may say no returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// We said no.
    Refused(Box<Refusal>),
    /// The world said no.
    Failed(Failure),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Fault::Refused(Box::new(refusal))
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Fault::Failed(failure)
    }
}

impl Fault {
    /// For the log: never holds personal data that the caller did not put in.
    pub fn describe(&self) -> String {
        match self {
            Fault::Refused(refusal) => refusal.explain(Lang::En),
            Fault::Failed(failure) => failure.why().to_owned(),
        }
    }
}

/// What everything that may say no returns.
pub type Outcome<T> = Result<T, Fault>;
