//! People, their sessions and the addresses by which scripts act for them.

use crate::doors::Read;
use crate::failure::{Outcome, Refusal};
use crate::ids::{UserId, WebhookId};
use crate::item::Item;
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
    /// Post, for letters and documents.
    #[serde(default)]
    pub post: String,
    /// Who stands in while he is away; 0: nobody.
    #[serde(default)]
    pub substitute: UserId,
    /// Away from this moment…
    #[serde(default)]
    pub away_from: Option<Moment>,
    /// … until this one.
    #[serde(default)]
    pub away_until: Option<Moment>,
}

fn yes() -> bool {
    true
}

impl User {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// Whether he is away at a moment. Without a beginning and an end he is never away.
    pub fn is_away(&self, now: Moment) -> bool {
        (self.away_from.is_some() || self.away_until.is_some())
            && self.away_from.is_none_or(|from| from <= now)
            && self.away_until.is_none_or(|until| now <= until)
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
    /// An office: its clients stay inside it. Everybody below belongs to it, unless there is a nearer office.
    #[serde(default)]
    pub office: bool,
    /// Time zone, IANA name; empty: the firm's.
    #[serde(default)]
    pub zone: String,
    /// Closed: nobody new, nothing new.
    #[serde(default)]
    pub closed: bool,
}

/// A look at answers whose readers are written down (domain.md C.10).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Who.
    pub user: UserId,
    /// At which record; number 0: at a list of them that he took away.
    pub item: crate::ids::ItemRef,
    /// Codes of the fields.
    pub fields: Vec<String>,
    /// How: `card`, `reveal`, `export`, `rest`.
    pub how: String,
    /// When.
    pub at: Moment,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// The people that a setting names: `responsible`, `head`, `creator`, `user:7`, `role:operator`, `department:sales`;
/// several are separated by commas. Only those who work here, each once, in the order of the setting.
///
/// `responsible`, `head` (of his department) and `creator` need a card; without one they name nobody.
///
/// # Errors
/// Refuses a setting that names no kind of people.
pub fn people(read: &dyn Read, setting: &str, card: Option<&Item>) -> Outcome<Vec<UserId>> {
    let mut found: Vec<UserId> = Vec::new();
    for word in setting.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let wrong = || Refusal::new("unknown_people", format!("Непонятно, кто такие «{word}»"), format!("It is not clear who {word} is"));
        let named: Vec<User> = match word.split_once(':').unwrap_or((word, "")) {
            ("responsible", "") => one(read, card.map(Item::responsible))?,
            ("creator", "") => one(read, card.and_then(|card| card.values.int(crate::entity::code::CREATED_BY)).map(UserId))?,
            ("head", "") => one(read, card.map(Item::responsible))?
                .into_iter()
                .map(|user| head_of(read, &user))
                .collect::<Outcome<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect(),
            ("user", id) => one(read, Some(UserId(id.trim().parse().map_err(|_| wrong())?)))?,
            ("role", code) => {
                let role = read.roles()?.into_iter().find(|one| one.code == code.trim()).ok_or_else(wrong)?;
                read.users()?.into_iter().filter(|user| user.role == role.code).collect()
            }
            ("department", code) => {
                let department = read.departments()?.into_iter().find(|one| one.code == code.trim()).ok_or_else(wrong)?;
                read.users()?.into_iter().filter(|user| user.department == department.id).collect()
            }
            _ => return Err(wrong().into()),
        };
        for user in named {
            if user.active && !found.contains(&user.id) {
                found.push(user.id);
            }
        }
    }
    Ok(found)
}

fn one(read: &dyn Read, id: Option<UserId>) -> Outcome<Vec<User>> {
    match id.filter(|id| *id != UserId::SYSTEM) {
        Some(id) => Ok(read.user(id)?.into_iter().collect()),
        None => Ok(Vec::new()),
    }
}

/// The office of somebody: the nearest department upward that is one; 0: none.
///
/// # Errors
/// Only failures of the database.
pub fn office_of(read: &dyn Read, user: UserId) -> Outcome<i64> {
    let Some(user) = Some(user).filter(|user| *user != UserId::SYSTEM).map(|user| read.user(user)).transpose()?.flatten() else { return Ok(0) };
    if user.department == 0 {
        return Ok(0);
    }
    let departments = read.departments()?;
    let mut at = user.department;
    // A chain longer than the number of departments is a ring.
    for _ in 0..departments.len() {
        match departments.iter().find(|one| one.id == at) {
            Some(one) if one.office => return Ok(one.id),
            Some(one) => at = one.parent,
            None => break,
        }
    }
    Ok(0)
}

/// Who leads somebody's department; of a head, who leads the department above it.
fn head_of(read: &dyn Read, user: &User) -> Outcome<Option<User>> {
    let departments = read.departments()?;
    let mut at = user.department;
    // A chain longer than the number of departments is a ring.
    for _ in 0..departments.len() {
        let Some(department) = departments.iter().find(|one| one.id == at) else { break };
        if department.head != UserId::SYSTEM && department.head != user.id {
            return read.user(department.head);
        }
        at = department.parent;
    }
    Ok(None)
}
