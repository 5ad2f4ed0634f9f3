//! The mail server of all clients, played: takes letters over SMTP, keeps them by address, reads them as a mail program
//! would (RFC 5321, RFC 5322).

mod smtp;

use super::journal::Journal;
use super::weather::Storm;
use base64::Engine as _;
use crm::{Clock, Moment};
use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;

/// A letter as it lies in somebody's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its place in the mailbox, from 1.
    pub id: u64,
    /// When it came.
    pub at: Moment,
    /// The sender in the envelope; empty for notices of mail servers.
    pub envelope_from: String,
    /// The recipient in the envelope, in lower case.
    pub to: String,
    /// Name and address of the sender as the letter shows them.
    pub from: String,
    /// Subject, decoded.
    pub subject: String,
    /// The text; of a letter that has only HTML, its text.
    pub text: String,
    /// The HTML, if the letter brought any.
    pub html: String,
    /// `Message-ID` without its angle brackets.
    pub message_id: String,
    /// The bytes as they came.
    pub raw: Vec<u8>,
    /// The recipient opened it.
    pub opened: bool,
}

/// As it is written down.
#[derive(Serialize, Deserialize)]
struct Record {
    id: u64,
    at: Moment,
    envelope_from: String,
    to: String,
    raw: String,
    opened: bool,
}

/// The running server; a copy is the same server.
#[derive(Clone)]
pub struct Mailbox {
    inner: Arc<Inner>,
}

struct Inner {
    address: SocketAddr,
    clock: Arc<dyn Clock>,
    journal: Journal,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    letters: Vec<Letter>,
    storm: Storm,
    revision: u64,
}

impl Mailbox {
    /// Starts it on a listener inside the present Tokio runtime, with the letters of the last time.
    ///
    /// # Errors
    /// A memory that cannot be read.
    pub fn start(listener: TcpListener, clock: Arc<dyn Clock>, memory: Option<PathBuf>) -> io::Result<Mailbox> {
        let (journal, known) = Journal::open::<Record>(memory)?;
        let mut state = State::default();
        for record in known {
            let letter = Letter { opened: record.opened, ..read_letter(record.id, record.at, record.envelope_from, record.to, decoded(&record.raw)) };
            state.put(letter);
        }
        let mailbox = Mailbox { inner: Arc::new(Inner { address: listener.local_addr()?, clock, journal, state: Mutex::new(state) }) };
        tokio::spawn(smtp::serve(mailbox.clone(), listener));
        Ok(mailbox)
    }

    /// Where it listens: plain SMTP without sign-in.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// All letters, the oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        self.state().letters.clone()
    }

    /// The letters of one address, the oldest first.
    pub fn letters_of(&self, address: &str) -> Vec<Letter> {
        let wanted = address.to_lowercase();
        self.state().letters.iter().filter(|letter| letter.to == wanted).cloned().collect()
    }

    /// The recipient opens a letter.
    pub fn open(&self, id: u64) {
        let mut state = self.state();
        let Some(letter) = state.letters.iter().find(|letter| letter.id == id && !letter.opened).cloned() else { return };
        let opened = Letter { opened: true, ..letter };
        self.inner.journal.put(&opened.record());
        state.put(opened);
    }

    /// Changes the weather.
    pub fn set_storm(&self, storm: Storm) {
        self.state().storm = storm;
    }

    /// The weather now.
    pub fn storm(&self) -> Storm {
        self.state().storm.clone()
    }

    /// Grows with every letter.
    pub fn revision(&self) -> u64 {
        self.state().revision
    }

    /// A letter has come for each of its recipients.
    fn keep(&self, from: &str, recipients: &[String], raw: &[u8]) {
        let now = self.inner.clock.now();
        let mut state = self.state();
        for to in recipients {
            let id = state.letters.last().map_or(1, |last| last.id + 1);
            let letter = read_letter(id, now, from.to_owned(), to.to_lowercase(), raw.to_vec());
            self.inner.journal.put(&letter.record());
            state.put(letter);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, letter: Letter) {
        self.revision += 1;
        match self.letters.iter_mut().find(|known| known.id == letter.id) {
            Some(known) => *known = letter,
            None => self.letters.push(letter),
        }
    }
}

impl Letter {
    fn record(&self) -> Record {
        Record {
            id: self.id,
            at: self.at,
            envelope_from: self.envelope_from.clone(),
            to: self.to.clone(),
            raw: base64::engine::general_purpose::STANDARD.encode(&self.raw),
            opened: self.opened,
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default()
}

fn read_letter(id: u64, at: Moment, envelope_from: String, to: String, raw: Vec<u8>) -> Letter {
    let parsed = MessageParser::default().parse(&raw);
    let message = parsed.as_ref();
    let from = message.and_then(|message| message.from()?.first()).map(|sender| {
        let address = sender.address().unwrap_or("");
        sender.name().map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>"))
    });
    let has_html = message.is_some_and(|message| message.html_part(0).is_some_and(mail_parser::MessagePart::is_text_html));
    let html = message.filter(|_| has_html).and_then(|message| message.body_html(0));
    Letter {
        id,
        at,
        to,
        from: from.unwrap_or_else(|| envelope_from.clone()),
        envelope_from,
        subject: message.and_then(|message| message.subject()).unwrap_or("").to_owned(),
        text: message.and_then(|message| message.body_text(0)).map_or_else(|| String::from_utf8_lossy(&raw).into_owned(), |text| text.replace("\r\n", "\n")),
        html: html.map(|html| html.into_owned()).unwrap_or_default(),
        message_id: message.and_then(|message| message.message_id()).unwrap_or("").to_owned(),
        raw,
        opened: false,
    }
}
