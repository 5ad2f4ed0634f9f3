//! Whose phone it is: the small cast, whoever was added on the page, and whoever the firm wrote to.

use crate::demo::Demo;
use crate::demo::journal::Journal;
use crm::{Filter, Op, Query, Rights, kind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Most people in the list whom nobody introduced.
const MOST_STRANGERS: usize = 30;

/// A person with a phone or a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Client {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub email: String,
}

impl Client {
    fn new(name: &str, phone: &str, email: &str) -> Client {
        Client { name: name.to_owned(), phone: phone.to_owned(), email: email.to_owned() }
    }

    /// What he is found by: the phone, or the address of somebody who only has mail.
    pub fn key(&self) -> &str {
        if self.phone.is_empty() { &self.email } else { &self.phone }
    }

    /// His line in the list of phones, with what he has not read.
    pub fn card(&self, demo: &Demo) -> Value {
        let chats = demo.twilio.chat(&self.phone).iter().filter(|message| message.status == "delivered").count();
        let letters = if self.email.is_empty() { 0 } else { demo.mailbox.letters_of(&self.email).iter().filter(|letter| !letter.opened).count() };
        json!({ "key": self.key(), "name": self.name, "phone": self.phone, "email": self.email, "chats": chats, "letters": letters })
    }
}

pub(super) struct Clients {
    journal: Journal,
    added: Mutex<Vec<Client>>,
    /// Strangers whom the firm knows, by phone or address.
    recognised: Mutex<BTreeMap<String, Client>>,
}

impl Clients {
    /// With those who were added the last time. An unreadable memory is an empty one.
    pub fn open(memory: Option<&Path>) -> Clients {
        let (journal, known) = Journal::open(memory.map(|folder| folder.join("clients.jsonl")))
            .or_else(|error| {
                tracing::warn!(%error, "the demo forgot whose phones were added");
                Journal::open(None)
            })
            .expect("a journal without a file opens");
        let mut added = vec![
            Client::new("Иван Иванов", "+79990001122", "ivanov@example.com"),
            Client::new("Мария Петрова", "+79990003344", "petrova@example.com"),
            Client::new("Айгуль Сатпаева", "+77010005566", "satpaeva@example.com"),
        ];
        for client in known {
            put(&mut added, client);
        }
        Clients { journal, added: Mutex::new(added), recognised: Mutex::default() }
    }

    /// Adds a person, or changes the one with this phone. `None`: neither a phone nor an address.
    pub fn add(&self, given: Client) -> Option<Client> {
        let phone = crm::point::phone(&given.phone).unwrap_or_default();
        let email = if given.email.contains('@') { given.email.trim().to_lowercase() } else { String::new() };
        let name: String = given.name.trim().chars().take(80).collect();
        let known = !phone.is_empty() || !email.is_empty();
        let name = if name.is_empty() { [&phone, &email].into_iter().find(|text| !text.is_empty())?.clone() } else { name };
        let client = Client { name, phone, email };
        if known {
            self.journal.put(&client);
            put(&mut self.added.lock().unwrap_or_else(PoisonError::into_inner), client.clone());
        }
        known.then_some(client)
    }

    /// Those who were introduced on the page, and the small cast.
    pub fn introduced(&self) -> Vec<Client> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The known ones, and behind them those whom the firm wrote to last. Blocks: the firm is asked for their names.
    pub fn list(&self, demo: &Demo) -> Vec<Client> {
        let mut list = self.introduced();
        let most = list.len() + MOST_STRANGERS;
        for (phone, name) in demo.twilio.recent_chats(most) {
            if list.len() < most && !list.iter().any(|client| client.phone == phone) {
                let name = if name.is_empty() { &phone } else { &name };
                list.push(self.recognise(demo, "phone", &phone).unwrap_or_else(|| Client::new(name, &phone, "")));
            }
        }
        for letter in demo.mailbox.letters().into_iter().rev() {
            if list.len() < most && !list.iter().any(|client| client.email == letter.to) {
                let known = self.recognise(demo, "email", &letter.to);
                // Somebody who has a phone in the list already gets a second line for another address.
                let name = known.map_or_else(|| letter.to.clone(), |client| client.name);
                list.push(Client::new(&name, "", &letter.to));
            }
        }
        list
    }

    /// The firm's client with this phone or address, as his own phone would show him.
    fn recognise(&self, demo: &Demo, field: &str, point: &str) -> Option<Client> {
        if let Some(known) = self.recognised.lock().unwrap_or_else(PoisonError::into_inner).get(point) {
            return Some(known.clone());
        }
        let query = Query::of(kind::CONTACT).filter(Filter::is(field, Op::Eq, crm::Value::text(point))).limit(1);
        let contact = demo.house.get()?.read(|read| read.items(&Rights::system(), &query)).ok()?.into_iter().next()?;
        let values = &contact.values;
        let name = [values.text("first_name"), values.text("last_name")].join(" ").trim().to_owned();
        let first = |field: &str| values.points(field).first().map(|point| point.normal.clone()).unwrap_or_default();
        let (phone, email) = if field == "phone" { (point.to_owned(), first("email")) } else { (first("phone"), point.to_owned()) };
        let client = Client { name: if name.is_empty() { point.to_owned() } else { name }, phone, email };
        self.recognised.lock().unwrap_or_else(PoisonError::into_inner).insert(point.to_owned(), client.clone());
        Some(client)
    }
}

fn put(list: &mut Vec<Client>, client: Client) {
    match list.iter_mut().find(|known| known.key() == client.key()) {
        Some(known) => *known = client,
        None => list.push(client),
    }
}
