//! What Twilio's own documents say: signatures, statuses, codes of errors (providers.md §4.1).

pub mod errors;
pub mod signature;

use crm::Delivery;

/// Twilio's word for where a message of ours is, in ours; `None` for words of messages that came in.
///
/// accepted, scheduled, queued and sending are one to a person: the provider has it.
pub fn status(word: &str) -> Option<Delivery> {
    match word {
        "accepted" | "scheduled" | "queued" | "sending" => Some(Delivery::Accepted),
        "sent" | "partially_delivered" => Some(Delivery::Sent),
        "delivered" => Some(Delivery::Delivered),
        "read" => Some(Delivery::Read),
        "failed" | "undelivered" | "canceled" => Some(Delivery::Failed),
        _ => None,
    }
}
