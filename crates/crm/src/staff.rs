//! People, their sessions and the addresses by which scripts act for them.

use crate::ids::{UserId, WebhookId};
use crate::label::{Label, Lang};
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct User {
    /// 0 until saved.
    #[serde(default)]
    pub id: UserId,
    /// What he types at the door, in lower case.
    pub login: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    #[serde(default)]
    pub last_name: String,
    /// Argon2id hash in PHC form; empty: cannot sign in.
    #[serde(default, skip_serializing)]
    pub password_hash: String,
    /// Code of the role.
    pub role: String,
    /// Number of the department; 0: none.
    #[serde(default)]
    pub department: i64,
    /// E-mail.
    #[serde(default)]
    pub email: String,
    /// Phone.
    #[serde(default)]
    pub phone: String,
    /// Language of the screens.
    #[serde(default)]
    pub lang: Lang,
    /// Works here.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

impl User {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// Two letters for a round picture.
    pub fn initials(&self) -> String {
        [&self.first_name, &self.last_name].into_iter().filter_map(|name| name.chars().next()).flat_map(char::to_uppercase).collect()
    }
}

/// A department of the firm.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Department {
    /// Its number.
    #[serde(default)]
    pub id: i64,
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub title: Label,
    /// The one above it; 0: the top.
    #[serde(default)]
    pub parent: i64,
    /// Who leads it.
    #[serde(default)]
    pub head: UserId,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// SHA-256 of the token in the cookie.
    pub token_hash: Vec<u8>,
    /// Who.
    pub user: UserId,
    /// Since when.
    pub created: Moment,
    /// Until when.
    pub expires: Moment,
    /// From which address.
    pub remote: String,
    /// With which browser.
    pub agent: String,
}

/// An address by which a script acts for a member of staff.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// 0 until saved.
    pub id: WebhookId,
    /// For whom.
    pub user: UserId,
    /// SHA-256 of the secret in the address.
    pub secret_hash: Vec<u8>,
    /// What the script may touch: `crm`, `user`…
    pub scopes: Vec<String>,
    /// What a person reads.
    pub title: String,
    /// Since when.
    pub created: Moment,
    /// Works at all.
    pub active: bool,
}

/// A stored file.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFile {
    /// 0 until saved.
    pub id: crate::ids::FileId,
    /// SHA-256 of its bytes, hexadecimal: its name in the store.
    pub hash: String,
    /// Its name for people.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Size in bytes.
    pub size: i64,
    /// The card it belongs to.
    pub item: crate::ids::ItemRef,
    /// Who brought it.
    pub by: UserId,
    /// When.
    pub at: Moment,
}
