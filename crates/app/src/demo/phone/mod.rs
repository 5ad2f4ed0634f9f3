//! The client's phone as a page: his WhatsApp, his mail, the firm's form; what he writes goes to the firm the real way.

mod clients;
mod texts;

use super::Demo;
use super::twilio::Message;
use super::weather::Weather;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clients::{Client, Clients};
use crm::{Lang, Moment};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Path of the page.
pub const PAGE: &str = "/demo/phone";
/// Most characters that a client may write at once; WhatsApp's own limit is 4 096.
const LONGEST_TEXT: usize = 4_096;
/// Only our own files: no inline script, no foreign address. The form is shown in a frame of our own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/// The error that Twilio gives for a number without WhatsApp.
const NOT_ON_WHATSAPP: u32 = 63_024;

#[derive(Clone)]
struct Phone {
    demo: Demo,
    clients: Arc<Clients>,
}

pub(super) fn router(demo: Demo) -> Router {
    let clients = Clients::open(demo.options.memory.as_deref());
    for client in clients.introduced() {
        demo.twilio.introduce(&client.phone, &client.name);
    }
    let phone = Phone { demo, clients: Arc::new(clients) };
    Router::new()
        .route(PAGE, get(page))
        .route("/demo/phone.js", get(|| file("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/demo/phone.css", get(|| file("text/css; charset=utf-8", include_str!("page.css"))))
        .route("/demo/phone/state", get(state))
        .route("/demo/phone/say", post(say))
        .route("/demo/phone/read", post(read))
        .route("/demo/phone/open", post(open))
        .route("/demo/phone/client", post(add_client))
        .route("/demo/phone/weather", post(weather))
        .route("/demo/addresses", get(addresses))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(phone)
}

async fn file(mime: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, "no-cache"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], text).into_response()
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    lang: String,
    /// Phone or e-mail of the client.
    #[serde(default)]
    client: String,
}

impl Asked {
    fn lang(&self) -> Lang {
        Lang::from_code(&self.lang).unwrap_or_default()
    }
}

async fn page(State(phone): State<Phone>, Query(asked): Query<Asked>) -> Response {
    let lang = asked.lang();
    let options = &phone.demo.options;
    let firm = options.firm.get(lang);
    let html = texts::fill(
        include_str!("page.html"),
        lang,
        &[
            ("LANG", lang.code()),
            ("OTHER", if lang == Lang::Ru { "en" } else { "ru" }),
            ("FIRM", firm),
            ("LETTER", &firm.chars().take(1).collect::<String>()),
            ("LANDING", &options.landing),
            ("CLOCK", if options.virtual_clock { "yes" } else { "no" }),
        ],
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (headers, html).into_response()
}

/// Everything that the page shows, for one client.
async fn state(State(phone): State<Phone>, Query(asked): Query<Asked>) -> Result<Json<Value>, StatusCode> {
    let shown = tokio::task::spawn_blocking(move || screen(&phone, &asked)).await;
    shown.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn screen(phone: &Phone, asked: &Asked) -> Value {
    let demo = &phone.demo;
    let clients = phone.clients.list(demo);
    let chosen = clients.iter().find(|client| client.key() == asked.client).or_else(|| clients.first());
    let chat = chosen.map_or_else(Vec::new, |client| demo.twilio.chat(&client.phone));
    let letters = chosen.filter(|client| !client.email.is_empty()).map_or_else(Vec::new, |client| demo.mailbox.letters_of(&client.email));
    let now = demo.options.clock.now();
    let weather = demo.twilio.weather();
    let local = |at: Moment| at.timestamp().to_zoned(demo.options.zone.clone());
    let when = |at: Moment| json!({ "time": local(at).strftime("%H:%M").to_string(), "day": local(at).strftime("%Y-%m-%d").to_string() });
    let shown: Vec<Value> = chat.iter().filter(|message| message.is_shown()).map(|message| bubble(message, when(message.created))).collect();
    let letters: Vec<Value> = letters
        .iter()
        .map(|letter| {
            json!({ "id": letter.id, "from": letter.from, "subject": letter.subject, "text": letter.text, "opened": letter.opened, "when": when(letter.at) })
        })
        .collect();
    json!({
        "now": when(now),
        "clients": clients.iter().map(|client| client.card(demo)).collect::<Vec<_>>(),
        "client": chosen.map(Client::key),
        "chat": shown,
        "letters": letters,
        "window": chosen.is_some_and(|client| demo.twilio.window_is_open(&client.phone)),
        "weather": { "bad": weather.is_bad(), "unreachable": weather.failures > 0 },
    })
}

fn bubble(message: &Message, when: Value) -> Value {
    json!({ "sid": message.sid, "mine": message.from_client, "text": message.body, "state": message.status, "when": when })
}

#[derive(Deserialize)]
struct Said {
    client: String,
    text: String,
}

/// The client writes. What the firm's hook answered decides about the ticks.
async fn say(State(phone): State<Phone>, Json(said): Json<Said>) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refuse = |status: StatusCode, why: &str| (status, Json(json!({ "error": why })));
    let text = said.text.trim();
    let (looked, key) = (phone.clone(), said.client.clone());
    let found =
        tokio::task::spawn_blocking(move || looked.clients.list(&looked.demo).into_iter().find(|client| client.key() == key && !client.phone.is_empty()));
    let client = found.await.unwrap_or_default();
    let client = client.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "no such phone"))?;
    if text.is_empty() || text.chars().count() > LONGEST_TEXT {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "1 to 4096 characters"));
    }
    phone.demo.twilio.introduce(&client.phone, &client.name);
    match phone.demo.twilio.client_writes(&client.phone, text).await {
        Ok(answer) => Ok(Json(json!({ "status": answer.status }))),
        Err(error) => Err(refuse(StatusCode::BAD_GATEWAY, &error.to_string())),
    }
}

async fn read(State(phone): State<Phone>, Json(asked): Json<Asked>) -> Json<Value> {
    Json(json!({ "read": phone.demo.twilio.client_reads(&asked.client) }))
}

#[derive(Deserialize)]
struct Opened {
    id: u64,
}

async fn open(State(phone): State<Phone>, Json(opened): Json<Opened>) -> StatusCode {
    phone.demo.mailbox.open(opened.id);
    StatusCode::NO_CONTENT
}

async fn add_client(State(phone): State<Phone>, Json(client): Json<Client>) -> Result<Json<Value>, StatusCode> {
    let client = phone.clients.add(client).ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    phone.demo.twilio.introduce(&client.phone, &client.name);
    Ok(Json(json!({ "client": client.key() })))
}

#[derive(Deserialize)]
struct Wanted {
    bad: bool,
    unreachable: bool,
}

/// The two kinds of trouble that a newcomer can switch on; tests have all of them at the simulator's own address.
async fn weather(State(phone): State<Phone>, Json(wanted): Json<Wanted>) -> StatusCode {
    let base = if wanted.bad { Weather::bad() } else { Weather::default() };
    let failures = if wanted.unreachable { u32::MAX } else { 0 };
    phone.demo.twilio.set_weather(Weather { failures, failure_code: NOT_ON_WHATSAPP, ..base });
    StatusCode::NO_CONTENT
}

/// Where the played vendors listen: the independent peers of the tests begin here.
async fn addresses(State(phone): State<Phone>) -> Json<Value> {
    let found = phone.demo.addresses();
    Json(
        json!({ "twilio": found.twilio, "account_sid": found.account_sid, "number": found.number, "smtp": found.smtp.to_string(), "hook": phone.demo.twilio.account().hook }),
    )
}
