//! Calls of programs outside: the robot "outgoing webhook". The receiver recognises a repeat by `webhook-id`.

use super::{Begin, Call, Came, Errand, History, PAUSED, cause, close, ladder};
use crate::provider::Ask;
use courier::{Method, Request, Trouble};
use crm::{Action, Actor, AttemptState, Cause, Command, Fact, ItemRef, Job, Moment, Outcome, Refusal, Rights, Tx, Value, Values};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// How long a program outside is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// After that nobody waits for the call any more.
const VALID: Duration = Duration::from_secs(72 * 3_600);
/// Only staff waits for it.
const PRIORITY: i64 = 20;
const LONGEST_URL: usize = 4_000;

/// Queues a call.
///
/// # Errors
/// Refuses what is no web address.
pub fn queue_call(tx: &mut dyn Tx, cause: &Cause, command: &Command) -> Outcome<()> {
    let Command::CallUrl { about, url, method, key, .. } = command else {
        return Err(Refusal::new("not_a_call", "Это не вызов адреса", "This is no call of an address").into());
    };
    let web = url.starts_with("https://") || url.starts_with("http://");
    if !web || url.len() > LONGEST_URL || url.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return Err(Refusal::new(
            "bad_url",
            "Нужен адрес, который начинается с https:// или http://",
            "An address is needed that begins with https:// or http://",
        )
        .into());
    }
    if !matches!(method.to_ascii_uppercase().as_str(), "GET" | "POST" | "") {
        return Err(Refusal::new("bad_method", "Вызвать адрес можно методом GET или POST", "An address can be called by GET or POST").into());
    }
    crm::item::demand(tx.read(), &Rights::system(), Action::Read, *about)?;
    let job_key = if key.is_empty() { String::new() } else { format!("call:{key}") };
    let job =
        Job { priority: PRIORITY, event: cause.event, depth: cause.depth, expires: Some(cause.at.plus(VALID)), ..Job::new(command.clone(), cause.at, job_key) };
    // A key that is taken: the same call is queued already.
    tx.enqueue(&job).map(|_| ())
}

/// See [`super::begin`].
pub(super) fn begin(tx: &mut dyn Tx, job: &Job, now: Moment) -> Outcome<Begin> {
    let Command::CallUrl { about, url, method, body, key } = &job.command else {
        return Err(Refusal::new("not_a_call", "Это не вызов адреса", "This is no call of an address").into());
    };
    let history = History::read(tx, job)?;
    if let Some(last) = history.last.as_ref().filter(|last| last.state == AttemptState::Begun) {
        tx.close_attempt(last.id, AttemptState::Unknown, "the program stopped during the call", now)?;
    }
    if job.expires.is_some_and(|expires| expires < now) {
        if tx.finish_job(job)? {
            tell(tx, job, *about, url, false, "expired", now)?;
        }
        return Ok(Begin::Nothing(crm::Label::same("expired")));
    }
    let ask = Ask::Http(request(job, url, method, body, key));
    let attempt = history.open(tx, job, *about, now)?;
    Ok(Begin::Ask(Box::new(Call { ask, attempt, errand: Errand::Url })))
}

fn request(job: &Job, url: &str, method: &str, body: &Values, key: &str) -> Request {
    let id = if key.is_empty() { format!("job-{}", job.id) } else { key.to_owned() };
    // A header holds plain ASCII only; any other key is told by its hash.
    let id = match id.len() <= 200 && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => id,
        false => Sha256::digest(&id).iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let mut headers = vec![("webhook-id".to_owned(), id)];
    if method.eq_ignore_ascii_case("get") {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &body.0 {
            let text = match plain(value) {
                serde_json::Value::String(text) => text,
                serde_json::Value::Null => String::new(),
                other => other.to_string(),
            };
            query.append_pair(name, &text);
        }
        let query = query.finish();
        let sign = if url.contains('?') { '&' } else { '?' };
        let url = if query.is_empty() { url.to_owned() } else { format!("{url}{sign}{query}") };
        return Request { method: Method::Get, url, headers, body: Vec::new(), timeout: PATIENCE };
    }
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    let body = serde_json::Value::Object(body.0.iter().map(|(name, value)| (name.clone(), plain(value))).collect());
    Request { method: Method::Post, url: url.to_owned(), headers, body: body.to_string().into_bytes(), timeout: PATIENCE }
}

/// An answer as another program expects it: amounts and moments as texts, phones as a list.
fn plain(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    let scaled = |minor: i64, places: u32| {
        let factor = 10_u64.pow(places);
        let sign = if minor < 0 { "-" } else { "" };
        format!("{sign}{}.{:0width$}", minor.unsigned_abs() / factor, minor.unsigned_abs() % factor, width = places as usize)
    };
    match value {
        Value::Null => Json::Null,
        Value::Flag(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Text(text) => Json::String(text.clone()),
        Value::Many(list) => Json::Array(list.iter().map(plain).collect()),
        Value::Decimal(decimal) => Json::String(scaled(decimal.scaled, 4)),
        Value::Money(money) => Json::String(scaled(money.minor, 2)),
        Value::Date(one) => Json::String(one.date.to_string()),
        Value::Moment(one) => Json::String(one.at.timestamp().to_string()),
        Value::Ref(one) => Json::String(one.item.to_string()),
        Value::Points(points) => Json::Array(points.list.iter().map(|point| Json::String(point.normal.clone())).collect()),
        Value::Record(values) => Json::Object(values.0.iter().map(|(name, value)| (name.clone(), plain(value))).collect()),
    }
}

/// See [`super::finish`].
pub(super) fn finish(tx: &mut dyn Tx, job: &Job, about: ItemRef, url: &str, call: &Call, came: &Came, now: Moment) -> Outcome<()> {
    let (well, retry, unclear, detail, wish) = match came {
        Came::Reply(reply) => {
            let transient = matches!(reply.status, 408 | 425 | 429 | 500..=599);
            let wish = reply.header("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            ((200..300).contains(&reply.status), transient, false, reply.status.to_string(), wish)
        }
        Came::Trouble(Trouble::Paused { seconds }) => {
            let to = now.plus(ladder::spread(job, job.lease.unsigned_abs(), Duration::from_secs(seconds + 5)));
            return match tx.postpone_job(job, Some(to), PAUSED)? {
                true => close(tx, &call.attempt, AttemptState::Failed, "", PAUSED, now),
                false => Ok(()),
            };
        }
        Came::Trouble(Trouble::NotSent { why, retry }) => (false, *retry, false, why.clone(), None),
        Came::Trouble(Trouble::Unknown { why }) => (false, true, true, why.clone(), None),
        Came::Trouble(Trouble::Rejected { why, permanent, .. }) => (false, !permanent, false, why.clone(), None),
        Came::Taken => (false, false, true, "no reply".to_owned(), None),
    };
    let tries = call.attempt.number;
    let next = ladder::next(job, tries.unsigned_abs(), wish, now);
    let again = !well && retry && tries < job.max_attempts && job.expires.is_none_or(|expires| next <= expires);
    let held = match (well, retry, again) {
        (_, _, true) => tx.postpone_job(job, Some(next), &detail)?,
        (false, true, false) => tx.postpone_job(job, None, &detail)?,
        _ => tx.finish_job(job)?,
    };
    if !held {
        return Ok(());
    }
    let state = match (well, unclear) {
        (true, _) => AttemptState::Done,
        (false, true) => AttemptState::Unknown,
        (false, false) => AttemptState::Failed,
    };
    close(tx, &call.attempt, state, "", &detail, now)?;
    match again {
        true => Ok(()),
        false => tell(tx, job, about, url, well, &detail, now),
    }
}

/// The timeline says what became of the call; the address without its query, which may hold secrets.
fn tell(tx: &mut dyn Tx, job: &Job, about: ItemRef, url: &str, ok: bool, detail: &str, now: Moment) -> Outcome<()> {
    let Some(card) = tx.item(&Rights::system(), about)? else { return Ok(()) };
    let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
    tx.record(&card, &cause(job, Actor::System, now), Fact::UrlCalled { url, ok, detail: detail.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{JobId, Point};

    fn job() -> Job {
        Job { id: JobId(3), ..Job::new(Command::Deliver { message: ItemRef::default() }, Moment(0), "") }
    }

    #[test]
    fn the_body_is_plain_json_and_the_id_is_the_key() {
        let body = Values::from([
            ("amount", Value::money(-1_500_050)),
            ("at", Value::moment(Moment(1_795_158_930_000_000))),
            ("phone", Value::points(vec![Point { normal: "+79990001122".into(), ..Point::default() }])),
            ("deal", Value::item(ItemRef::new(crm::kind::DEAL, 7))),
        ]);
        let request = request(&job(), "https://example.com/x?a=1", "POST", &body, "run:5:2");
        assert_eq!(String::from_utf8(request.body).unwrap(), r#"{"amount":"-15000.50","at":"2026-11-20T07:15:30Z","deal":"2:7","phone":["+79990001122"]}"#);
        assert_eq!(request.headers[0], ("webhook-id".to_owned(), "run:5:2".to_owned()));
        let odd = request_id("ключ");
        assert!(odd.len() == 64 && odd != request_id("ключи"), "{odd}");
    }

    fn request_id(key: &str) -> String {
        request(&job(), "https://example.com/", "POST", &Values::new(), key).headers[0].1.clone()
    }

    #[test]
    fn a_get_carries_its_answers_in_the_address() {
        let body = Values::from([("a b", Value::text("я&")), ("n", Value::Int(5))]);
        let asked = request(&job(), "https://example.com/x?k=1", "get", &body, "");
        assert_eq!(asked.url, "https://example.com/x?k=1&a+b=%D1%8F%26&n=5");
        assert_eq!(asked.headers, [("webhook-id".to_owned(), "job-3".to_owned())]);
        assert_eq!(request(&job(), "https://example.com/x", "GET", &Values::new(), "").url, "https://example.com/x");
    }
}
