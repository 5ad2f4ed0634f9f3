//! When a page cannot do what was asked: the reason in the visitor's language, with the right status.

use crate::view::View;
use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use crm::{Failure, Fault, Lang, Refusal};

/// Why a page could not be made.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// Refused or failed.
    Fault(Fault),
    /// He has to sign in first.
    SignIn,
    /// Our own mistake.
    Broken,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Trouble::Fault(fault)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Trouble::Fault(refusal.into())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Fault(failure.into())
    }
}

impl Trouble {
    /// There is no such page.
    pub fn nowhere() -> Trouble {
        Refusal::new("not_found", "Такой страницы нет", "There is no such page").into()
    }

    fn status(&self) -> StatusCode {
        match self {
            Trouble::SignIn => StatusCode::UNAUTHORIZED,
            Trouble::Broken | Trouble::Fault(Fault::Failed(Failure::GiveUp { .. })) => StatusCode::INTERNAL_SERVER_ERROR,
            Trouble::Fault(Fault::Failed(Failure::Retry { .. })) => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Fault(Fault::Refused(refusal)) => match &*refusal.code {
                "not_found" | "unknown_type" => StatusCode::NOT_FOUND,
                "access_denied" => StatusCode::FORBIDDEN,
                "wrong_credentials" => StatusCode::UNAUTHORIZED,
                "bad_request" => StatusCode::BAD_REQUEST,
                "wrong_method" => StatusCode::METHOD_NOT_ALLOWED,
                "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
                "too_many_attempts" => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
        }
    }
}

/// Leaves the page's answer to the guard at the door, who knows the visitor's language.
impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut answer = self.status().into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    view: &'a View,
    status: u16,
    text: &'a str,
    details: &'a [String],
    number: &'a str,
}

/// How the visitor wants to hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A whole page.
    Page,
    /// A piece for a page that is open.
    Piece,
    /// For a script.
    Json,
}

impl Wish {
    /// What the headers of a request wish for.
    pub fn of(headers: &HeaderMap) -> Wish {
        let says = |name: header::HeaderName, word: &str| headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word));
        match (says(header::ACCEPT, "application/json"), headers.contains_key("hx-request") || headers.contains_key("x-piece")) {
            (true, _) => Wish::Json,
            (_, true) => Wish::Piece,
            _ => Wish::Page,
        }
    }
}

/// The answer to a visitor. `number` names our own mistakes in the log.
pub(crate) fn tell(trouble: &Trouble, view: &View, wish: Wish, here: &str, number: &str) -> Response {
    let lang = view.lang;
    if let (Trouble::SignIn, Wish::Page) = (trouble, wish) {
        let next = percent(here);
        let to = if here == "/" { "/login".to_owned() } else { format!("/login?next={next}") };
        return (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    }
    let status = trouble.status();
    let (text, details) = explained(trouble, view, lang);
    let mut answer = match wish {
        Wish::Page => {
            let page = TroublePage { view, status: status.as_u16(), text: &text, details: &details, number };
            (status, Html(page.render().unwrap_or_else(|_| text.clone()))).into_response()
        }
        Wish::Piece => (status, Html(format!("<div class=\"alert alert-danger\" role=\"alert\">{}</div>", escape(&one_line(&text, &details))))).into_response(),
        Wish::Json => {
            let (code, fields) = match trouble {
                Trouble::Fault(Fault::Refused(refusal)) => (
                    refusal.code.to_string(),
                    refusal.fields.iter().map(|(field, reason)| (field.clone(), reason.get(lang).to_owned())).collect::<std::collections::BTreeMap<_, _>>(),
                ),
                Trouble::SignIn => ("sign_in".to_owned(), Default::default()),
                _ => ("failed".to_owned(), Default::default()),
            };
            (status, axum::Json(serde_json::json!({ "error": { "code": code, "text": one_line(&text, &details), "fields": fields, "number": number } })))
                .into_response()
        }
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let Trouble::SignIn = trouble {
        answer.headers_mut().insert("x-sign-in", HeaderValue::from_static("1"));
    }
    answer
}

fn explained(trouble: &Trouble, view: &View, lang: Lang) -> (String, Vec<String>) {
    match trouble {
        Trouble::SignIn => (view.t("trouble-sign-in"), Vec::new()),
        Trouble::Broken | Trouble::Fault(Fault::Failed(Failure::GiveUp { .. })) => (view.t("trouble-broken"), Vec::new()),
        Trouble::Fault(Fault::Failed(Failure::Retry { .. })) => (view.t("trouble-busy"), Vec::new()),
        Trouble::Fault(Fault::Refused(refusal)) => {
            (refusal.text.get(lang).to_owned(), refusal.fields.iter().map(|(_, reason)| reason.get(lang).to_owned()).collect())
        }
    }
}

fn one_line(text: &str, details: &[String]) -> String {
    match details.is_empty() {
        true => text.to_owned(),
        false => format!("{text}: {}", details.join("; ")),
    }
}

/// Safe inside HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Safe inside the query of an address.
pub(crate) fn percent(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => safe.push(char::from(byte)),
            _ => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}
