//! Talking with clients: what comes in becomes clients, deals and messages; what goes out is handed over exactly as
//! often as the provider allows.
//!
//! ```text
//! raw call ─▶ receive ─▶ provider.webhook (pure) ─▶ contact, deal, message + facts, journal: one transaction ─▶ answer
//! command  ─▶ send::queue ─▶ message (queued) + job ─▶ delivery::begin ─▶ carry (courier) ─▶ delivery::finish
//! ```

mod body;
pub mod delivery;
mod form;
pub mod provider;
pub mod providers;
pub mod receive;
pub mod send;
mod state;
mod twilio;

pub use provider::{Address, Answer, Answered, Ask, Capability, Consent, Filled, Found, Inbound, Letter, Outgoing, Provider, Receipt, Report};
