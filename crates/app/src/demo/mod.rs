//! The world around the firm, played on this machine: Twilio, a mail server and the client's phone.
//!
//! Nothing here belongs to the product's own work: it stands where the vendors stand, behind real sockets, and answers
//! as they would. So `vekha demo` needs no account anywhere, and the tests have a world that can misbehave on demand.
//!
//! ```text
//! firm ── HTTP ──▶ twilio ── status callbacks, the client's answers (signed) ──▶ firm
//! firm ── SMTP ──▶ mailbox
//!                  phone: a page that shows both and writes back
//! ```

mod callbacks;
mod frames;
pub mod journal;
pub mod mailbox;
pub mod phone;
pub mod post;
pub mod templates;
pub mod twilio;
pub mod weather;

#[cfg(test)]
mod tests;

use crm::{Chance, Clock, House, Label};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpListener;

/// The firm's account at the simulated Twilio. It opens nothing but the demo.
pub const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";
/// The token of that account: a published one, like everything in the demo.
pub const AUTH_TOKEN: &str = "12345678901234567890123456789012";
/// The firm's number in WhatsApp, without the prefix `whatsapp:`.
pub const NUMBER: &str = "+14155238886";

/// This variable names a real mail server on this machine (`127.0.0.1:2525`) to which the firm's letters go instead of
/// the played one: the tests put Debian's own server there.
pub const REAL_SMTP: &str = "VEKHA_DEMO_SMTP";

/// Where the world finds the firm.
#[derive(Clone)]
pub struct Options {
    /// The time that the firm lives in: stamps of messages and the 24-hour window follow it.
    pub clock: Arc<dyn Clock>,
    /// Numbers of messages, and the order in bad weather.
    pub chance: Arc<dyn Chance>,
    /// Zone of the times on the phone.
    pub zone: jiff::tz::TimeZone,
    /// Address that the firm gives to vendors, without a slash at the end; callbacks are signed over it.
    pub public_url: String,
    /// Where the firm's server really listens.
    pub reach: SocketAddr,
    /// Path of the hook for the client's answers: `/hooks/twilio_whatsapp/{account}`.
    pub hook: String,
    /// Path of the page with the form.
    pub landing: String,
    /// How the firm calls itself in the client's chat.
    pub firm: Label,
    /// `POST /demo/clock` works: the page offers to move the time.
    pub virtual_clock: bool,
    /// Folder in which the world remembers what happened; `None`: forgets at the end.
    pub memory: Option<PathBuf>,
}

/// The running world.
#[derive(Clone)]
pub struct Demo {
    /// Twilio's Messages API.
    pub twilio: twilio::Twilio,
    /// The mail server of all clients.
    pub mailbox: mailbox::Mailbox,
    options: Options,
    smtp: SocketAddr,
    house: Arc<OnceLock<House>>,
}

impl Demo {
    /// Starts both vendors on free ports of the loopback address. Must be called inside a Tokio runtime; they live as long as it.
    ///
    /// # Errors
    /// A port that cannot be had, a memory that cannot be read.
    pub async fn start(options: Options) -> std::io::Result<Demo> {
        let (chats, letters) = match &options.memory {
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                (Some(folder.join("chats.jsonl")), Some(folder.join("letters.jsonl")))
            }
            None => (None, None),
        };
        let post = post::Post::new(&options.public_url, options.reach);
        let account = twilio::Account {
            sid: ACCOUNT_SID.to_owned(),
            token: AUTH_TOKEN.to_owned(),
            number: NUMBER.to_owned(),
            hook: format!("{}{}", options.public_url, options.hook),
        };
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let twilio = twilio::Twilio::start(TcpListener::bind(loopback).await?, account, post, options.clock.clone(), options.chance.clone(), chats)?;
        let mailbox = mailbox::Mailbox::start(TcpListener::bind(loopback).await?, options.clock.clone(), letters)?;
        let smtp = std::env::var(REAL_SMTP).ok().and_then(|address| address.parse().ok()).filter(|address: &SocketAddr| address.ip().is_loopback());
        Ok(Demo { twilio, smtp: smtp.unwrap_or_else(|| mailbox.address()), mailbox, options, house: Arc::default() })
    }

    /// Lets the world know the firm: its templates count as approved, its clients are called by their names.
    pub fn meet(&self, house: &House) {
        self.twilio.approve(templates::of_firm(house.clone()));
        let _ = self.house.set(house.clone());
    }

    /// What the firm's accounts have to be set to.
    pub fn addresses(&self) -> Addresses {
        Addresses { twilio: format!("http://{}", self.twilio.address()), account_sid: ACCOUNT_SID, auth_token: AUTH_TOKEN, number: NUMBER, smtp: self.smtp }
    }

    /// The path of the page that plays the phone.
    pub fn page(&self) -> &'static str {
        phone::PAGE
    }
}

/// Where the vendors are and how the firm signs in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Base address of the API, without a slash at the end.
    pub twilio: String,
    /// Account.
    pub account_sid: &'static str,
    /// Its token.
    pub auth_token: &'static str,
    /// The firm's number, without `whatsapp:`.
    pub number: &'static str,
    /// The mail server: no encryption, no sign-in.
    pub smtp: SocketAddr,
}

/// The demo's pages, for the firm's own address. Public: mount them only in the demo.
pub fn router(demo: &Demo) -> axum::Router {
    phone::router(demo.clone())
}

/// The firm's whole router, with its form allowed to stand inside the phone. Only for the demo.
pub fn in_phone(router: axum::Router) -> axum::Router {
    frames::allow(router)
}
