//! One message at Twilio: its states, and how it looks in callbacks and answers.

use super::Account;
use crate::demo::callbacks::Form;
use crm::Moment;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A message between the firm and a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `SM` and 32 hexadecimal digits.
    pub sid: String,
    /// The client wrote it.
    pub from_client: bool,
    /// The client's phone: `+79990001122`.
    pub client: String,
    /// Name in the client's profile.
    #[serde(default)]
    pub name: String,
    /// `whatsapp`, or `sms` for a plain number.
    pub channel: String,
    /// What the client reads or wrote.
    pub body: String,
    /// The template; empty for a free text.
    #[serde(default)]
    pub content_sid: String,
    /// `queued`, `sent`, `delivered`, `read`, `undelivered`, `failed`; of the client's own: `receiving`, `received`, `failed`.
    pub status: String,
    /// Twilio's error code; 0: none.
    #[serde(default)]
    pub error: u32,
    /// When it was accepted.
    pub created: Moment,
    /// When its state changed last.
    pub updated: Moment,
    /// Where states are reported; empty: nowhere.
    #[serde(default)]
    pub callback: String,
    /// The error that it will end with; 0: it arrives.
    #[serde(default)]
    pub fate: u32,
    /// Its way is over, and everything was reported.
    #[serde(default)]
    pub settled: bool,
}

/// A call between the firm and Twilio, for tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// `send`, `list`, `status`, `inbound`.
    pub what: String,
    /// When.
    pub at: Moment,
    /// Its form.
    pub form: Vec<(String, String)>,
    /// HTTP status of the answer; 0: none came.
    pub status: u16,
}

/// A later state has a higher rank and is never overwritten by an earlier one.
pub(super) fn rank(status: &str) -> u8 {
    match status {
        "receiving" | "queued" => 1,
        "sent" => 3,
        "failed" | "undelivered" | "received" => 4,
        "delivered" => 5,
        "read" => 6,
        _ => 0,
    }
}

impl Message {
    pub(super) fn to_client(sid: String, to: &str, body: String, content_sid: String, callback: String, now: Moment) -> Message {
        let (channel, client) = to.strip_prefix("whatsapp:").map_or(("sms", to), |phone| ("whatsapp", phone));
        Message {
            sid,
            from_client: false,
            client: client.to_owned(),
            name: String::new(),
            channel: channel.to_owned(),
            body,
            content_sid,
            status: "queued".to_owned(),
            error: 0,
            created: now,
            updated: now,
            callback,
            fate: 0,
            settled: false,
        }
    }

    pub(super) fn from_client(sid: String, client: &str, name: &str, text: &str, now: Moment) -> Message {
        Message {
            from_client: true,
            name: name.to_owned(),
            status: "receiving".to_owned(),
            ..Message::to_client(sid, &format!("whatsapp:{client}"), text.to_owned(), String::new(), String::new(), now)
        }
    }

    /// It is on the client's phone.
    pub fn is_shown(&self) -> bool {
        self.from_client || matches!(self.status.as_str(), "delivered" | "read")
    }

    fn address(&self, phone: &str) -> String {
        if self.channel == "whatsapp" { format!("whatsapp:{phone}") } else { phone.to_owned() }
    }

    /// Form of a status callback.
    pub(super) fn status_form(&self, account: &Account, status: &str, error: u32) -> Form {
        let mut form: Form = vec![
            ("AccountSid", account.sid.clone()),
            ("ApiVersion", "2010-04-01".to_owned()),
            ("From", self.address(&account.number)),
            ("MessageSid", self.sid.clone()),
            ("MessageStatus", status.to_owned()),
            ("SmsSid", self.sid.clone()),
            ("SmsStatus", status.to_owned()),
            ("To", self.address(&self.client)),
        ];
        if self.channel == "whatsapp" {
            form.push(("ChannelPrefix", "whatsapp".to_owned()));
            form.push(("ChannelToAddress", self.client.clone()));
        }
        if error != 0 {
            form.push(("ErrorCode", error.to_string()));
        }
        if status == "read" {
            form.push(("EventType", "READ".to_owned()));
        }
        form
    }

    /// Form of a message from the client.
    pub(super) fn inbound_form(&self, account: &Account) -> Form {
        let name = if self.name.is_empty() { self.client.clone() } else { self.name.clone() };
        vec![
            ("AccountSid", account.sid.clone()),
            ("ApiVersion", "2010-04-01".to_owned()),
            ("Body", self.body.clone()),
            ("From", self.address(&self.client)),
            ("MessageSid", self.sid.clone()),
            ("MessageType", "text".to_owned()),
            ("NumMedia", "0".to_owned()),
            ("NumSegments", "1".to_owned()),
            ("ProfileName", name),
            ("SmsMessageSid", self.sid.clone()),
            ("SmsSid", self.sid.clone()),
            ("SmsStatus", "received".to_owned()),
            ("To", self.address(&account.number)),
            ("WaId", self.client.trim_start_matches('+').to_owned()),
        ]
    }

    /// Sender and receiver as Twilio writes them.
    pub(super) fn ends(&self, account: &Account) -> (String, String) {
        let (client, firm) = (self.address(&self.client), self.address(&account.number));
        if self.from_client { (client, firm) } else { (firm, client) }
    }

    /// The resource as the API shows it.
    pub(super) fn json(&self, account: &Account) -> Value {
        let (from, to) = self.ends(account);
        let uri = format!("/2010-04-01/Accounts/{}/Messages/{}", account.sid, self.sid);
        let sent = (self.status != "queued").then(|| rfc2822(self.updated));
        json!({
            "account_sid": account.sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": rfc2822(self.created),
            "date_sent": sent,
            "date_updated": rfc2822(self.updated),
            "direction": if self.from_client { "inbound" } else { "outbound-api" },
            "error_code": (self.error != 0).then_some(self.error),
            "error_message": null,
            "from": from,
            "messaging_service_sid": null,
            "num_media": "0",
            "num_segments": "1",
            "price": null,
            "price_unit": null,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": { "media": format!("{uri}/Media.json") },
            "to": to,
            "uri": format!("{uri}.json"),
        })
    }
}

/// `Fri, 20 Nov 2026 07:15:30 +0000`.
fn rfc2822(at: Moment) -> String {
    at.timestamp().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_twilio_writes_it() {
        assert_eq!(rfc2822(Moment::from_seconds(1_795_158_930)), "Fri, 20 Nov 2026 07:15:30 +0000");
    }

    #[test]
    fn a_read_message_never_becomes_delivered_again() {
        assert!(rank("read") > rank("delivered") && rank("delivered") > rank("undelivered") && rank("sent") > rank("queued"));
    }
}
