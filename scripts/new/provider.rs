//! Says in one sentence what the channel NAME is, for an administrator.

use crate::provider::{Address, Answered, Ask, Capability, Outgoing, Provider, Receipt};
use crate::providers::setting;
use courier::{LONGEST_WAIT, Method, Reply, Request};
use crm::{About, Account, Delivery, Field, FieldKind, Firm, Label, Refusal};

/// The provider.
pub struct TYPE;

impl Provider for TYPE {
    fn about(&self) -> About {
        About {
            code: "NAME",
            title: Label::new("Название канала", "Name of the channel"),
            help: Label::new("Что через него отправляют, одним предложением.", "What is sent through it, in one sentence."),
            group: Label::new("Сообщения", "Messages"),
            icon: "message",
            settings: vec![
                Field::new("base_url", "Адрес сервиса", "Address of the service", FieldKind::Text).required(),
                Field::new("token", "Ключ", "Key", FieldKind::Secret),
            ],
        }
    }

    /// What the vendor really promises: `once` only if a repeat with the same key arrives once.
    fn can(&self) -> Capability {
        Capability {
            address: Address::Phone,
            text: true,
            template: false,
            file: false,
            subject: false,
            receipt: false,
            once: false,
            lookup: false,
            valid_for: None,
        }
    }

    fn request(&self, outgoing: &Outgoing<'_>, account: &Account, _firm: &Firm) -> Result<Ask, Refusal> {
        let values = &outgoing.message.values;
        let body = serde_json::json!({ "to": values.text("address"), "text": values.text("body") });
        Ok(Ask::Http(Request {
            method: Method::Post,
            url: format!("{}/send", setting(self, account, "base_url")),
            headers: vec![
                ("authorization".to_owned(), format!("Bearer {}", account.secrets.text("token"))),
                ("content-type".to_owned(), "application/json".to_owned()),
            ],
            body: body.to_string().into_bytes(),
            timeout: LONGEST_WAIT,
        }))
    }

    fn reply(&self, reply: &Reply) -> Answered {
        match reply.status {
            200..=299 => Answered::Accepted(Receipt { provider_ref: String::new(), status: Delivery::Accepted }),
            429 => Answered::Denied { code: "429".to_owned(), retry: true, after: None },
            400..=499 => Answered::Denied { code: reply.status.to_string(), retry: false, after: None },
            status => Answered::Unclear { why: format!("status {status}") },
        }
    }
}
