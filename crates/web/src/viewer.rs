//! Who looks at the screen: a member of staff with his rights and language, or a guest.

use crate::{Trouble, Web};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use crm::{Actor, Cause, Lang, Moment, Rights, User};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Name of the cookie with the word of a session.
pub(crate) const SESSION: &str = "vekha_session";
/// Name of the cookie with the language of a guest.
pub(crate) const LANGUAGE: &str = "vekha_lang";

/// Somebody who is not signed in, or need not be.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    /// From his cookie, his browser, or the firm's own.
    pub lang: Lang,
    /// From which address.
    pub remote: String,
}

/// A member of staff who is signed in. A page that takes it sends others to the door.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Who.
    pub user: Arc<User>,
    /// What he may do.
    pub rights: Arc<Rights>,
    /// Language of his screens.
    pub lang: Lang,
    /// Word of his session: a long stream asks from time to time whether it still holds.
    pub token: Arc<str>,
}

impl Viewer {
    /// He does something at his screen, now.
    pub fn cause(&self, now: Moment) -> Cause {
        Cause::new(Actor::User { user: self.user.id }, now)
    }
}

/// What the guard at the door found out; stands in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub guest: Guest,
    pub viewer: Option<Viewer>,
}

impl FromRequestParts<Web> for Guest {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Trouble> {
        parts.extensions.get::<Found>().map(|found| found.guest.clone()).ok_or(Trouble::Broken)
    }
}

impl FromRequestParts<Web> for Viewer {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Trouble> {
        parts.extensions.get::<Found>().and_then(|found| found.viewer.clone()).ok_or(Trouble::SignIn)
    }
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Language of a guest: his choice, his browser's, the firm's.
pub(crate) fn guest_lang(headers: &HeaderMap, firm: Lang) -> Lang {
    if let Some(lang) = cookie(headers, LANGUAGE).and_then(Lang::from_code) {
        return lang;
    }
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    wanted.split(',').filter_map(|one| Lang::from_code(one.trim().get(..2)?)).next().unwrap_or(firm)
}

/// The visitor's address. A proxy on this machine is believed when it names somebody else.
pub(crate) fn remote(headers: &HeaderMap, socket: Option<SocketAddr>) -> String {
    let Some(socket) = socket else { return "unknown".to_owned() };
    let named = headers
        .get("x-forwarded-for")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .and_then(|one| one.trim().parse::<IpAddr>().ok());
    match named {
        Some(address) if socket.ip().is_loopback() => address.to_string(),
        _ => socket.ip().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let given = headers(header::COOKIE, "a=1; not_vekha_session=x; vekha_session=word");
        assert_eq!(cookie(&given, SESSION), Some("word"));
        assert_eq!(cookie(&given, "session"), None);
    }

    #[test]
    fn the_first_known_language_of_the_browser_counts() {
        assert_eq!(guest_lang(&headers(header::ACCEPT_LANGUAGE, "kk-KZ,en;q=0.8,ru;q=0.5"), Lang::Ru), Lang::En);
        assert_eq!(guest_lang(&headers(header::ACCEPT_LANGUAGE, "я"), Lang::Ru), Lang::Ru);
        assert_eq!(guest_lang(&headers(header::COOKIE, "vekha_lang=en"), Lang::Ru), Lang::En);
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        let given = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), "1.1.1.1, 203.0.113.9".parse().unwrap())]);
        assert_eq!(remote(&given, Some("127.0.0.1:9".parse().unwrap())), "203.0.113.9");
        assert_eq!(remote(&given, Some("198.51.100.1:9".parse().unwrap())), "198.51.100.1");
    }
}
