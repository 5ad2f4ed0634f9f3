//! The public form: a page of its own that works on a phone and without JavaScript, and the address it is sent to.

mod form;

use super::{Page, login::redirect, show};
use crate::trouble::percent;
use crate::{Answer, Guest, View, Web, work};
use askama::Template;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use channels::providers::web_form::{self, Form};
use crm::{Account, Fault, House, InboundCall, InboundId, Label, Lang, Outcome, Read, Refusal};
use form::Question;
use serde::Deserialize;

/// The page may stand in a frame on the firm's own site, wherever that is; it holds nobody's session.
const POLICY: &str =
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors *";

/// So many fields of a refused form are looked at to show it again.
const MOST_FIELDS: usize = 200;

pub(crate) fn page() -> Page {
    Page {
        code: "landing",
        menu: None,
        routes: || Router::new().route("/l/{code}", get(landing)).route("/l/{code}/thanks", get(thanks)).route("/f/{code}", post(send)),
    }
}

/// One box to tick.
struct Consent {
    id: &'static str,
    name: &'static str,
    text: String,
    required: bool,
    wrong: String,
}

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing {
    view: View,
    code: String,
    heading: String,
    lead: String,
    warning: String,
    /// The same page in the other language.
    other: String,
    /// What is sent along: rendering, marks of advertising, language, where the visitor came from.
    hidden: Vec<(String, String)>,
    honeypot: &'static str,
    questions: Vec<Question>,
    consents: Vec<Consent>,
    error: String,
}

#[derive(Template)]
#[template(path = "landing_thanks.html")]
struct Thanks {
    view: View,
    code: String,
    number: String,
    thanks: String,
    warning: String,
}

type Pairs = Vec<(String, String)>;

fn one<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

async fn landing(
    State(web): State<Web>,
    guest: Guest,
    Path(code): Path<String>,
    Query(query): Query<Pairs>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Answer {
    let lang = Lang::from_code(one(&query, "lang")).unwrap_or(guest.lang);
    let page_url = format!("{}{uri}", web.house.firm.public_url);
    let referrer = text_of(&headers, header::REFERER).to_owned();
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let account = account(read, &code)?;
            let mut hidden = form::marks(&query);
            hidden.push((web_form::LANDING.to_owned(), page_url.clone()));
            if !referrer.is_empty() && !referrer.starts_with(&house.firm.public_url) {
                hidden.push((web_form::REFERRER.to_owned(), referrer.chars().take(2_000).collect()));
            }
            Ok(drawn(house, read, &account, lang, hidden, &query))
        })
    })
    .await?;
    Ok(framed(show(&page)?))
}

/// The form of an account that is switched on; every other one looks like one that does not exist.
fn account(read: &dyn Read, code: &str) -> Outcome<Account> {
    let found = read.account_by_code("web_form", code)?.filter(|account| account.enabled);
    found.ok_or_else(|| Refusal::new("not_found", "Такой формы нет, или она выключена", "There is no such form, or it is switched off").into())
}

/// Draws the form with a fresh signature. `along` is sent with it; `query` keeps the marks in the link to the other language.
fn drawn(house: &House, read: &dyn Read, account: &Account, lang: Lang, along: Pairs, query: &Pairs) -> Landing {
    let schema = read.schema();
    let given: Form = web_form::form_of(account);
    let token = web_form::render_token(&house.firm, account, house.now(), house.chance.as_ref());
    let mut hidden = token.fields();
    hidden.push((web_form::LANG.to_owned(), lang.code().to_owned()));
    hidden.extend(along);
    let text = |label: &Label| label.get(lang).to_owned();
    let consent =
        |id, name, label: &Label, required| (!label.get(lang).is_empty()).then(|| Consent { id, name, text: text(label), required, wrong: String::new() });
    let other = if lang == Lang::Ru { Lang::En } else { Lang::Ru };
    let marks: String = form::marks(query).iter().map(|(name, value)| format!("&{name}={}", percent(value))).collect();
    Landing {
        view: View::bare(house, lang),
        heading: text(&given.heading),
        lead: text(&given.lead),
        warning: text(&given.warning),
        other: format!("/l/{}?lang={}{marks}", account.code, other.code()),
        hidden,
        honeypot: web_form::HONEYPOT,
        questions: given.questions.iter().enumerate().map(|(at, question)| form::question(&schema, question, at, lang)).collect(),
        consents: [consent("consent", web_form::CONSENT, &given.consent, true), consent("consent-ads", web_form::CONSENT_ADS, &given.consent_ads, false)]
            .into_iter()
            .flatten()
            .collect(),
        error: String::new(),
        code: account.code.clone(),
    }
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    n: String,
    #[serde(default)]
    lang: String,
}

async fn thanks(State(web): State<Web>, guest: Guest, Path(code): Path<String>, Query(sent): Query<Sent>) -> Answer {
    let lang = Lang::from_code(&sent.lang).unwrap_or(guest.lang);
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let account = account(read, &code)?;
            let given = web_form::form_of(&account);
            Ok(Thanks {
                view: View::bare(house, lang),
                // Whoever writes something else into the address reads it back, but only as a number.
                number: sent.n.chars().filter(char::is_ascii_digit).take(12).collect(),
                thanks: given.thanks.get(lang).to_owned(),
                warning: given.warning.get(lang).to_owned(),
                code: account.code,
            })
        })
    })
    .await?;
    Ok(framed(show(&page)?))
}

/// What a browser that shows pages is told, besides what a script is told.
enum Told {
    Taken(channels::Answer),
    Again(Box<Landing>, u16),
    Refused(Box<Refusal>),
}

async fn send(State(web): State<Web>, guest: Guest, Path(code): Path<String>, OriginalUri(uri): OriginalUri, headers: HeaderMap, body: Bytes) -> Answer {
    let shows_pages = text_of(&headers, header::ACCEPT).contains("text/html");
    let sent: Pairs = if shows_pages { form_urlencoded::parse(&body).into_owned().take(MOST_FIELDS).collect() } else { Vec::new() };
    let lang = Lang::from_code(one(&sent, web_form::LANG)).unwrap_or(guest.lang);
    let to_thanks = format!("/l/{code}/thanks?lang={}", lang.code());
    let told = work(&web.house, move |house| {
        let account = house.read(|read| account(read, &code))?;
        let call = call(house, &account, &guest, &uri, &headers, body.to_vec());
        match receive(house, &account, call) {
            Ok(answer) => Ok(Told::Taken(answer)),
            Err(Fault::Refused(refusal)) if shows_pages => {
                let mut page = house.read(|read| Ok(drawn(house, read, &account, lang, kept(&sent), &sent)))?;
                explain(&mut page, &sent, &refusal, lang);
                Ok(Told::Again(Box::new(page), channels::receive::refused(&refusal, lang).status))
            }
            Err(Fault::Refused(refusal)) => Ok(Told::Refused(refusal)),
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match told {
        Told::Taken(answer) if shows_pages => Ok(framed(redirect(&format!("{to_thanks}&n={}", number_in(&answer))))),
        Told::Taken(answer) => Ok(plain(&answer)),
        Told::Again(page, status) => {
            let mut answer = framed(show(page.as_ref())?);
            *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok(answer)
        }
        Told::Refused(refusal) => Ok(refused(&refusal, lang)),
    }
}

/// The refusal as a script reads it: every reason under the name of its question.
fn refused(refusal: &Refusal, lang: Lang) -> Response {
    let status = StatusCode::from_u16(channels::receive::refused(refusal, lang).status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let fields: serde_json::Map<String, serde_json::Value> = refusal.fields.iter().map(|(name, reason)| (name.clone(), reason.get(lang).into())).collect();
    (status, Json(serde_json::json!({ "error": { "code": refusal.code, "text": refusal.text.get(lang), "fields": fields } }))).into_response()
}

/// The call as it is journalled.
fn call(house: &House, account: &Account, guest: &Guest, uri: &axum::http::Uri, headers: &HeaderMap, body: Vec<u8>) -> InboundCall {
    InboundCall {
        id: InboundId(0),
        account: account.id,
        at: house.now(),
        remote: guest.remote.clone(),
        method: "POST".to_owned(),
        url: uri.to_string(),
        headers: headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect(),
        body,
        key: String::new(),
        state: String::new(),
        answer: String::new(),
    }
}

/// Takes a submission: one transaction, answered only after the commit.
fn receive(house: &House, account: &Account, call: InboundCall) -> Outcome<channels::Answer> {
    let (firm, executor, account, now) = (house.firm.clone(), house.executor.clone(), account.clone(), house.now());
    house.transact(move |tx| channels::receive::receive(tx, &firm, executor.as_ref(), &account, call.clone(), now))
}

/// What is sent along with a form that is shown again.
fn kept(sent: &Pairs) -> Pairs {
    let mut kept = form::marks(sent);
    kept.extend(sent.iter().filter(|(name, _)| name == web_form::LANDING || name == web_form::REFERRER).cloned());
    kept
}

/// Puts what was typed back into the form, and every reason at its field. Boxes stay empty: a consent is given anew.
fn explain(page: &mut Landing, sent: &Pairs, refusal: &Refusal, lang: Lang) {
    let reason = |name: &str| refusal.fields.iter().find(|(path, _)| path == name).map(|(_, reason)| reason.get(lang).to_owned()).unwrap_or_default();
    for question in &mut page.questions {
        question.value = one(sent, &question.name).to_owned();
        question.wrong = reason(&question.name);
    }
    for consent in &mut page.consents {
        consent.wrong = reason(consent.name);
    }
    page.error = refusal.text.get(lang).to_owned();
}

/// The number of the application that was made; empty when none was.
fn number_in(answer: &channels::Answer) -> String {
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    told.get("number").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// The provider's own answer, for scripts.
fn plain(answer: &channels::Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let kind = HeaderValue::from_str(&answer.content_type).unwrap_or(HeaderValue::from_static("text/plain"));
    (status, [(header::CONTENT_TYPE, kind)], answer.body.clone()).into_response()
}

fn framed(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
