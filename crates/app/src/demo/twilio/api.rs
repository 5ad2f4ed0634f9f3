//! The HTTP face of the played Twilio, and beside it the switches that only a test or the demo touches.

use super::{Accepted, Account, Call, Message, Twilio};
use crate::demo::weather::{Weather, take};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const LARGEST_FORM: usize = 256 * 1024;
const PAGE_SIZE: usize = 50;
/// WhatsApp takes no longer text.
const LONGEST_BODY: usize = 1_600;

/// Twilio's way to say no: `{code, message, more_info, status}`.
struct Refused(StatusCode, u32, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refused(status, code, message) = self;
        let more_info = format!("https://www.twilio.com/docs/errors/{code}");
        (status, Json(json!({ "code": code, "message": message, "more_info": more_info, "status": status.as_u16() }))).into_response()
    }
}

fn wrong(code: u32, message: impl Into<String>) -> Refused {
    Refused(StatusCode::BAD_REQUEST, code, message.into())
}

pub(super) fn router(twilio: Twilio) -> Router {
    Router::new()
        .route("/2010-04-01/Accounts/{account}/Messages.json", get(list).post(create))
        .route("/2010-04-01/Accounts/{account}/Messages/{message}", get(one))
        .route("/weather", get(weather).post(set_weather))
        .route("/messages", get(messages))
        .route("/calls", get(calls))
        .route("/inbound", axum::routing::post(inbound))
        .route("/read", axum::routing::post(read))
        .fallback(|| async { Refused(StatusCode::NOT_FOUND, 20_404, "The requested resource was not found".to_owned()) })
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(twilio)
}

impl Twilio {
    /// Basic authentication with the account's own number and token.
    fn admit(&self, account: &str, headers: &HeaderMap) -> Result<(), Refused> {
        let ours = self.account();
        let expected = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", ours.sid, ours.token));
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Basic "));
        if given != Some(expected.as_str()) {
            return Err(Refused(StatusCode::UNAUTHORIZED, 20_003, "Authenticate".to_owned()));
        }
        match account == ours.sid {
            true => Ok(()),
            false => Err(Refused(StatusCode::NOT_FOUND, 20_404, format!("The requested resource /2010-04-01/Accounts/{account}/Messages.json was not found"))),
        }
    }

    /// The checks that Twilio makes before it takes a message.
    fn check(&self, form: &BTreeMap<String, String>) -> Result<Accepted, Refused> {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let (to, from, body, content_sid) = (field("To"), field("From"), field("Body"), field("ContentSid"));
        if to.is_empty() {
            return Err(wrong(21_604, "A 'To' phone number is required."));
        }
        if from.is_empty() {
            return Err(wrong(21_603, "A 'From' phone number is required."));
        }
        if !is_phone(to.strip_prefix("whatsapp:").unwrap_or(to)) {
            return Err(wrong(21_211, format!("Invalid 'To' Phone Number: {to}")));
        }
        if to.starts_with("whatsapp:") != from.starts_with("whatsapp:") {
            return Err(wrong(21_910, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel"));
        }
        if from.strip_prefix("whatsapp:").unwrap_or(from) != self.account().number {
            return Err(wrong(63_007, "Twilio could not find a Channel with the specified From address"));
        }
        if body.is_empty() && content_sid.is_empty() && field("MediaUrl").is_empty() {
            return Err(wrong(21_619, "A text message body or media urls must be specified."));
        }
        if body.chars().count() > LONGEST_BODY {
            return Err(wrong(21_617, "The concatenated message body exceeds the 1600 character limit"));
        }
        let hexadecimal = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let well_formed = content_sid.strip_prefix("HX").is_some_and(hexadecimal);
        if !content_sid.is_empty() && (!well_formed || !self.is_approved(content_sid)) {
            return Err(wrong(21_655, "The ContentSid is Invalid"));
        }
        let callback = field("StatusCallback");
        if !callback.is_empty() && !callback.starts_with("http://") && !callback.starts_with("https://") {
            return Err(wrong(21_609, format!("The StatusCallback URL {callback} is not a valid URL.")));
        }
        Ok(Accepted {
            to: to.to_owned(),
            body: body.to_owned(),
            content_sid: content_sid.to_owned(),
            variables: variables(field("ContentVariables"))?,
            callback: callback.to_owned(),
        })
    }

    /// What the weather does to the next send; counters go down.
    fn trouble(&self) -> Trouble {
        let mut state = self.state();
        let weather = &mut state.weather;
        let refused = match () {
            () if take(&mut weather.too_many) => Some(StatusCode::TOO_MANY_REQUESTS),
            () if take(&mut weather.broken) => Some(StatusCode::INTERNAL_SERVER_ERROR),
            () => None,
        };
        let passes = refused.is_none();
        Trouble {
            latency: Duration::from_millis(weather.latency_ms),
            retry_after: weather.retry_after,
            lost_answer: passes && take(&mut weather.lost_answers),
            hang: (passes && take(&mut weather.hangs)).then(|| Duration::from_millis(weather.hang_ms)),
            refused,
        }
    }
}

struct Trouble {
    latency: Duration,
    refused: Option<StatusCode>,
    retry_after: u32,
    lost_answer: bool,
    hang: Option<Duration>,
}

/// E.164: a plus and 7 to 15 digits.
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A JSON object of texts, none of them empty.
fn variables(text: &str) -> Result<BTreeMap<String, String>, Refused> {
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    let invalid = || wrong(21_656, "The Content Variables parameter is invalid.");
    let found: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|_| invalid())?;
    let text_of = |value: Value| match value {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(invalid()),
    };
    found.into_iter().map(|(name, value)| Ok((name, text_of(value)?))).collect()
}

fn parse(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

async fn create(State(twilio): State<Twilio>, Path(account): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let form = parse(&body);
    let answer = match twilio.admit(&account, &headers) {
        Ok(()) => send(&twilio, form.iter().cloned().collect()).await,
        Err(refused) => refused.into_response(),
    };
    twilio.note(Call { what: "send".to_owned(), at: twilio.inner.clock.now(), form, status: answer.status().as_u16() });
    answer
}

async fn send(twilio: &Twilio, form: BTreeMap<String, String>) -> Response {
    let trouble = twilio.trouble();
    tokio::time::sleep(trouble.latency).await;
    match trouble.refused {
        Some(StatusCode::TOO_MANY_REQUESTS) => {
            let refused = Refused(StatusCode::TOO_MANY_REQUESTS, 20_429, "Too Many Requests".to_owned());
            return ([(header::RETRY_AFTER, trouble.retry_after.to_string())], refused).into_response();
        }
        Some(status) => return Refused(status, 20_500, "Internal server error".to_owned()).into_response(),
        None => {}
    }
    // The list of approved templates may stand in a database: that is a blocking call.
    let worker = twilio.clone();
    let taken = tokio::task::spawn_blocking(move || worker.check(&form).map(|send| worker.accept(send))).await;
    let message = match taken {
        Ok(Ok(message)) => message,
        Ok(Err(refused)) => return refused.into_response(),
        Err(_) => return Refused(StatusCode::INTERNAL_SERVER_ERROR, 20_500, "Internal server error".to_owned()).into_response(),
    };
    if let Some(patience) = trouble.hang {
        tokio::time::sleep(patience).await;
    }
    match trouble.lost_answer {
        true => Refused(StatusCode::INTERNAL_SERVER_ERROR, 20_500, "Internal server error".to_owned()).into_response(),
        false => (StatusCode::CREATED, Json(message.json(twilio.account()))).into_response(),
    }
}

async fn one(State(twilio): State<Twilio>, Path((account, message)): Path<(String, String)>, headers: HeaderMap) -> Result<Json<Value>, Refused> {
    twilio.admit(&account, &headers)?;
    let sid = message.strip_suffix(".json").unwrap_or(&message);
    let found = twilio.message(sid).map(|found| found.json(twilio.account()));
    let missing = || Refused(StatusCode::NOT_FOUND, 20_404, format!("The requested resource /2010-04-01/Accounts/{account}/Messages/{message} was not found"));
    found.map(Json).ok_or_else(missing)
}

async fn list(State(twilio): State<Twilio>, Path(account): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Json<Value>, Refused> {
    twilio.admit(&account, &headers)?;
    let form = parse(query.unwrap_or_default().as_bytes());
    let wanted: BTreeMap<String, String> = form.iter().cloned().collect();
    let number = |name: &str, or: usize| wanted.get(name).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (page, size) = (number("Page", 0), number("PageSize", PAGE_SIZE).clamp(1, 1_000));
    let fits = twilio.fitting(&wanted);
    let path = format!("/2010-04-01/Accounts/{account}/Messages.json");
    let link = |to: usize| {
        let pairs = form.iter().filter(|(name, _)| name != "Page" && name != "PageSize");
        let tail = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .append_pair("PageSize", &size.to_string())
            .append_pair("Page", &to.to_string())
            .finish();
        format!("{path}?{tail}")
    };
    let from = page.saturating_mul(size);
    let shown: Vec<Value> = fits.iter().skip(from).take(size).map(|message| message.json(twilio.account())).collect();
    let next = (from.saturating_add(size) < fits.len()).then(|| link(page + 1));
    twilio.note(Call { what: "list".to_owned(), at: twilio.inner.clock.now(), form: form.clone(), status: 200 });
    Ok(Json(json!({
        "messages": shown,
        "page": page,
        "page_size": size,
        "start": from,
        "end": from + shown.len().saturating_sub(1),
        "uri": link(page),
        "first_page_uri": link(0),
        "next_page_uri": next,
        "previous_page_uri": (page > 0).then(|| link(page - 1)),
    })))
}

impl Twilio {
    /// The messages that fit the filters of the list, the newest first. Of one client only his own chat is looked through.
    fn fitting(&self, wanted: &BTreeMap<String, String>) -> Vec<Message> {
        let state = self.state();
        let phone = wanted.get("To").map(|to| to.strip_prefix("whatsapp:").unwrap_or(to)).filter(|phone| *phone != self.account().number);
        let fits = |message: &&Message| matches(message, self.account(), wanted);
        match phone {
            Some(phone) => state.of_client(phone).rev().filter(fits).cloned().collect(),
            None => state.messages.iter().rev().filter(fits).cloned().collect(),
        }
    }
}

/// Twilio compares whole days (UTC), or moments when the filter is one.
fn matches(message: &Message, account: &Account, wanted: &BTreeMap<String, String>) -> bool {
    let (from, to) = message.ends(account);
    let stamp = message.created.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    wanted.iter().all(|(name, value)| {
        let own = &stamp[..value.len().min(stamp.len())];
        match name.as_str() {
            "To" => to == *value,
            "From" => from == *value,
            "DateSent" => own == value,
            "DateSent>" => own >= value.as_str(),
            "DateSent<" => own <= value.as_str(),
            _ => true,
        }
    })
}

async fn weather(State(twilio): State<Twilio>) -> Json<Weather> {
    Json(twilio.weather())
}

async fn set_weather(State(twilio): State<Twilio>, Json(weather): Json<Weather>) -> Json<Weather> {
    twilio.set_weather(weather);
    Json(twilio.weather())
}

async fn messages(State(twilio): State<Twilio>) -> Json<Vec<Message>> {
    Json(twilio.messages())
}

async fn calls(State(twilio): State<Twilio>) -> Json<Vec<Call>> {
    Json(twilio.calls())
}

#[derive(Deserialize)]
struct Says {
    from: String,
    #[serde(default)]
    text: String,
}

async fn inbound(State(twilio): State<Twilio>, Json(says): Json<Says>) -> Result<Json<Value>, Refused> {
    let answer = twilio.client_writes(&says.from, &says.text).await;
    let answer = answer.map_err(|error| Refused(StatusCode::BAD_GATEWAY, 11_200, error.to_string()))?;
    Ok(Json(json!({ "status": answer.status, "body": answer.body })))
}

async fn read(State(twilio): State<Twilio>, Json(says): Json<Says>) -> Json<Value> {
    Json(json!({ "read": twilio.client_reads(&says.from) }))
}
