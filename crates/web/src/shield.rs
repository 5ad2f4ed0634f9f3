//! The guard at the door: who comes, whether his own page sent him, what he is told when something went wrong, and the
//! headers that keep browsers from doing harm.

use crate::trouble::{self, Trouble, Wish};
use crate::viewer::{self, Found, Guest, Viewer};
use crate::{View, Web, assets, work};
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use crm::{Fault, House, Refusal};
use flate2::Compression;
use futures_util::FutureExt as _;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Styles in attributes are allowed (the colour of a stage), scripts only from our own files.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Answers smaller than this are not packed.
const WORTH_PACKING: usize = 1_400;
/// Pages are at most so large.
const LARGEST: usize = 16 * 1024 * 1024;

pub(crate) async fn guard(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let here = request.uri().path_and_query().map_or_else(|| path.clone(), |whole| whole.as_str().to_owned());
    let wish = Wish::of(request.headers());
    let packs = assets::accepts_gzip(request.headers());
    let socket = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let guest = Guest { lang: viewer::guest_lang(request.headers(), web.house.firm.lang), remote: viewer::remote(request.headers(), socket) };

    let admitted = match admit(&web, &path, request.method(), request.headers()) {
        Ok(token) => remember(&web, token).await,
        Err(trouble) => Err(trouble),
    };
    let admitted = match admitted {
        Ok(viewer) => {
            request.extensions_mut().insert(Found { guest: guest.clone(), viewer: viewer.clone() });
            // A panic between two awaits is our mistake, not a closed connection.
            let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
            answer.map_err(|_| Trouble::Broken).map(|answer| (answer, viewer))
        }
        Err(trouble) => Err(trouble),
    };
    let (answer, viewer) = match admitted {
        Ok((answer, viewer)) => (Ok(answer), viewer),
        Err(trouble) => (Err(trouble), None),
    };
    let found = match &answer {
        Ok(answer) => answer.extensions().get::<Trouble>().cloned().or_else(|| misread(answer, &path)),
        Err(trouble) => Some(trouble.clone()),
    };
    let mut answer = match (found, answer) {
        (None, Ok(answer)) => answer,
        (found, _) => say(&web, &found.unwrap_or(Trouble::Broken), viewer.as_ref(), &guest, wish, &here),
    };
    protect(&web.house, answer.headers_mut(), &path);
    match packs {
        true => pack(answer).await,
        false => answer,
    }
}

/// Whether one of our own pages sent the request; the word of the session's cookie.
fn admit(web: &Web, path: &str, method: &Method, headers: &HeaderMap) -> Result<Option<String>, Trouble> {
    // Files need nobody; vendors and forms on the firm's own site come from elsewhere and prove themselves otherwise.
    if path.starts_with("/assets/") || path.starts_with("/hooks/") {
        return Ok(None);
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && !path.starts_with("/f/") && !same_origin(headers, &web.house.firm.public_url) {
        return Err(Refusal::denied("Запрос пришёл с чужого сайта", "The request came from another site").into());
    }
    Ok(viewer::cookie(headers, viewer::SESSION).map(str::to_owned))
}

/// Who stands behind the word of a cookie.
async fn remember(web: &Web, token: Option<String>) -> Result<Option<Viewer>, Trouble> {
    let Some(token) = token else { return Ok(None) };
    work(&web.house, move |house| {
        let now = house.now();
        let found = house.read(|read| team::door::who(read, &token, now))?;
        Ok(found.map(|(user, rights)| Viewer { lang: user.lang, user: Arc::new(user), rights: Arc::new(rights), token: token.as_str().into() }))
    })
    .await
}

/// Whether a changing request was sent by our own page. Programs that are no browsers name no origin.
fn same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => match text("origin") {
            None => true,
            Some(origin) => {
                let host = origin.split_once("://").map_or("", |(_, host)| host);
                text("host").is_some_and(|own| own.eq_ignore_ascii_case(host)) || public_url.eq_ignore_ascii_case(origin)
            }
        },
    }
}

/// What the framework itself refuses (a number that is none, a form that cannot be read) is told in our words.
fn misread(answer: &Response, path: &str) -> Option<Trouble> {
    let plain = answer.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !answer.status().is_client_error() || !plain || path.starts_with("/hooks/") || path.starts_with("/f/") || path.starts_with("/assets/") {
        return None;
    }
    Some(match answer.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new("too_large", "Слишком большой запрос", "The request is too large").into(),
        StatusCode::METHOD_NOT_ALLOWED => Refusal::new("wrong_method", "Так эту страницу не открыть", "This page cannot be opened this way").into(),
        _ => Refusal::new("bad_request", "Адрес или форма написаны с ошибкой", "There is a mistake in the address or the form").into(),
    })
}

/// The answer to trouble, in the visitor's language; our own mistakes get a number that stands in the log.
fn say(web: &Web, trouble: &Trouble, viewer: Option<&Viewer>, guest: &Guest, wish: Wish, here: &str) -> Response {
    let mut number = String::new();
    if let Trouble::Broken | Trouble::Fault(Fault::Failed(_)) = trouble {
        number = crm::time::random_word(web.house.chance.as_ref(), 8);
        let why = match trouble {
            Trouble::Fault(fault) => fault.describe(),
            _ => "panic".to_owned(),
        };
        tracing::error!(number, why, "a page could not be made");
    }
    let lang = viewer.map_or(guest.lang, |viewer| viewer.lang);
    trouble::tell(trouble, &View::bare(&web.house, lang), wish, here, &number)
}

fn protect(house: &House, headers: &mut HeaderMap, path: &str) {
    let mut put = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(header::REFERRER_POLICY, "same-origin");
    put("permissions-policy".parse().unwrap_or(header::REFERRER_POLICY), "camera=(), geolocation=()");
    put("cross-origin-opener-policy".parse().unwrap_or(header::REFERRER_POLICY), "same-origin");
    if house.firm.public_url.starts_with("https://") {
        put(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if !path.starts_with("/assets/") {
        put(header::CACHE_CONTROL, "no-store");
    }
}

/// Packs texts that are worth it; streams and what is packed already pass.
async fn pack(answer: Response) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = kind.starts_with("text/html") || kind.starts_with("application/json");
    if !text || answer.headers().contains_key(header::CONTENT_ENCODING) {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        return Response::from_parts(parts, Body::empty());
    };
    if bytes.len() < WORTH_PACKING {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, X-Piece"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(assets::gzip(&bytes, Compression::fast())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&'static str, &str)]) -> bool {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        same_origin(&headers, "https://crm.example")
    }

    #[test]
    fn another_site_may_change_nothing() {
        assert!(!asked(&[("sec-fetch-site", "cross-site")]));
        assert!(!asked(&[("sec-fetch-site", "same-site"), ("origin", "https://crm.example")]));
        assert!(!asked(&[("origin", "https://evil.example"), ("host", "crm.example")]));
        assert!(!asked(&[("origin", "null"), ("host", "crm.example")]));
    }

    #[test]
    fn our_own_pages_and_programs_may() {
        assert!(asked(&[("sec-fetch-site", "same-origin")]));
        assert!(asked(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(asked(&[("origin", "https://crm.example"), ("host", "inner:8080")]));
        assert!(asked(&[("host", "crm.example")]));
    }
}
