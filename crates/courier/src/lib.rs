//! The only outgoing sockets of the house: HTTP and SMTP, with limits, pauses for hosts in trouble and a guard against
//! addresses of the inner network.
//!
//! The courier knows nothing of clients and deals. It carries a [`Request`] or a [`Mail`] and says what became of it as
//! exactly as can be known: carried out, surely not carried out, or *unknown* (see [`Trouble`]).

mod guard;
mod hosts;
mod http;
mod smtp;

pub use guard::is_private;

use hosts::Hosts;
use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nobody is waited for longer than this.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A longer answer is no answer.
pub const LARGEST_ANSWER: usize = 1024 * 1024;

/// How an address is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks.
    Get,
    /// Sends.
    Post,
}

impl Method {
    /// As it stands in the request.
    pub fn code(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// One HTTP call. Its debug form hides headers and body: they hold secrets and personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// `http://…` or `https://…`.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
    /// How long the answer is waited for; 30 seconds at most.
    pub timeout: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("Request").field("method", &self.method.code()).field("url", &url).field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// What a server answered. Redirects are not followed: they are answers like others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The bytes; 1 MiB at most.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header with this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// One letter.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Mail {
    /// The sender's address.
    pub from: String,
    /// The sender's name; empty: none.
    pub from_name: String,
    /// The receiver's address.
    pub to: String,
    /// Where answers go; empty: to the sender.
    pub reply_to: String,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// `<left@right>`, the same at every repeat: the receiver recognises the letter by it.
    pub message_id: String,
    /// When it was written, seconds since 1970.
    pub date_seconds: u64,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("message_id", &self.message_id).field("text_bytes", &self.text.len()).finish_non_exhaustive()
    }
}

/// How the way to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// Not at all: only for a server on the same machine.
    None,
    /// First in the open, then encrypted (port 587); without encryption nothing is sent.
    #[default]
    StartTls,
    /// From the first byte (port 465).
    Tls,
}

/// A mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// Who signs in; empty: nobody.
    pub user: String,
    /// With what.
    pub password: String,
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpServer").field("host", &self.host).field("port", &self.port).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Why there is no answer. None of the texts holds personal data or secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Surely not carried out: a name that does not exist, a refused connection, a broken certificate.
    NotSent {
        /// For the log.
        why: String,
        /// May go through later.
        retry: bool,
    },
    /// The host was in trouble ten times in a row and is left alone for a while: nothing was tried, no try is spent.
    Paused {
        /// After so many seconds it is asked again.
        seconds: u64,
    },
    /// Sent, but no usable answer came: it may or may not have been carried out.
    Unknown {
        /// For the log.
        why: String,
    },
    /// A mail server said no.
    Rejected {
        /// Its code: 4xx or 5xx.
        code: u16,
        /// Its words, without addresses.
        why: String,
        /// Will say no again.
        permanent: bool,
    },
}

impl Trouble {
    fn not_sent(why: impl Into<String>) -> Trouble {
        Trouble::NotSent { why: why.into(), retry: true }
    }

    fn never(why: impl Into<String>) -> Trouble {
        Trouble::NotSent { why: why.into(), retry: false }
    }

    /// The host is to blame, not the message.
    fn is_transient(&self) -> bool {
        match self {
            Trouble::NotSent { retry, .. } => *retry,
            Trouble::Unknown { .. } => true,
            Trouble::Paused { .. } | Trouble::Rejected { .. } => false,
        }
    }
}

/// Carries requests and letters. One for the whole program; every call blocks its thread.
#[derive(Debug, Default)]
pub struct Courier {
    hosts: Hosts,
    open: OnceLock<Result<reqwest::blocking::Client, String>>,
    guarded: OnceLock<Result<reqwest::blocking::Client, String>>,
}

impl Courier {
    /// A courier. Opens nothing yet.
    pub fn new() -> Courier {
        Courier::default()
    }

    /// Makes one HTTP call. Addresses of the inner network are refused unless `private_allowed`.
    ///
    /// # Errors
    /// [`Trouble`], never a guess: what is not surely undone is `Unknown`.
    pub fn send(&self, request: &Request, private_allowed: bool) -> Result<Reply, Trouble> {
        let url = http::parse(&request.url)?;
        let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let begun = Instant::now();
        let _place = self.hosts.enter(&host)?;
        let client = self.client(private_allowed);
        let carried = client.and_then(|client| http::send(client, request, url, private_allowed));
        let well = match &carried {
            Ok(reply) => reply.status < 500,
            Err(trouble) => !trouble.is_transient(),
        };
        self.hosts.tell(&host, well);
        log(request.method.code(), &host, carried.as_ref().map(|reply| reply.status), begun);
        carried
    }

    /// Hands one letter to a mail server; returns the server's last words.
    ///
    /// # Errors
    /// As [`Courier::send`]; a server's "no" is `Rejected`.
    pub fn mail(&self, server: &SmtpServer, mail: &Mail, private_allowed: bool) -> Result<String, Trouble> {
        let host = format!("{}:{}", server.host, server.port);
        let begun = Instant::now();
        let _place = self.hosts.enter(&host)?;
        let carried = smtp::send(server, mail, private_allowed);
        self.hosts.tell(&host, !carried.as_ref().is_err_and(Trouble::is_transient));
        log("MAIL", &host, carried.as_ref().map(|_| 250), begun);
        carried
    }

    fn client(&self, private_allowed: bool) -> Result<&reqwest::blocking::Client, Trouble> {
        let client = if private_allowed { &self.open } else { &self.guarded };
        client.get_or_init(|| http::client(private_allowed)).as_ref().map_err(|why| Trouble::never(why.clone()))
    }
}

/// One line per call: never bodies, never what follows `?`.
fn log(method: &str, host: &str, status: Result<u16, &Trouble>, begun: Instant) {
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match status {
        Ok(status) => tracing::info!(method, host, status, ms, "called"),
        Err(Trouble::NotSent { why, .. }) => tracing::warn!(method, host, why, ms, "not sent"),
        Err(Trouble::Unknown { why }) => tracing::warn!(method, host, why, ms, "sent, but no answer came"),
        Err(Trouble::Rejected { code, .. }) => tracing::warn!(method, host, code, ms, "rejected"),
        Err(Trouble::Paused { seconds }) => tracing::debug!(method, host, seconds, "paused"),
    }
}

#[cfg(test)]
mod tests;
