//! Channels as the firm set them up, and what came in through them.

use crate::ids::{AccountId, InboundId};
use crate::time::Moment;
use crate::value::Values;

/// A form, a number, a mailbox: a channel set up by the firm.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// 0 until saved.
    pub id: AccountId,
    /// Code of the provider.
    pub provider: String,
    /// Stable code, unique among the provider's accounts; stands in addresses.
    pub code: String,
    /// What a person reads.
    pub title: String,
    /// Settings, as the provider's `about().settings` asks for them. Secrets are not here.
    pub settings: Values,
    /// Secrets by the code of their setting. Written once, never shown; cleared when the host changes.
    pub secrets: Values,
    /// Works at all.
    pub enabled: bool,
}

/// A raw call of the outside world, stored before it is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundCall {
    /// 0 until saved.
    pub id: InboundId,
    /// Through which account.
    pub account: AccountId,
    /// When it came.
    pub at: Moment,
    /// From which address.
    pub remote: String,
    /// `GET` or `POST`.
    pub method: String,
    /// Address with what follows `?`, as it was called.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
    /// The sender's own identity of this call; a second one with it is answered as the first.
    pub key: String,
    /// `accepted`, `refused`, `repeated`.
    pub state: String,
    /// The answer that was given: a repeat gets the same.
    pub answer: String,
}
