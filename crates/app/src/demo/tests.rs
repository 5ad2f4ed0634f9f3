//! The played world against a firm that only writes down what it is told.

use super::twilio::Message;
use super::weather::{Storm, Weather};
use super::*;
use crate::machine::{SystemChance, VirtualClock};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const IVANOV: &str = "+79990001122";
const SID: &str = "HX0123456789abcdef0123456789abcdef";

/// What reached the firm: path, signature, form.
type Heard = Arc<Mutex<Vec<(String, String, BTreeMap<String, String>)>>>;

struct World {
    demo: Demo,
    heard: Heard,
    clock: Arc<VirtualClock>,
    firm: SocketAddr,
}

async fn hear(State(heard): State<Heard>, OriginalUri(uri): OriginalUri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers.get("x-twilio-signature").map_or("", |value| value.to_str().unwrap()).to_owned();
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let refuses = form.get("Body").is_some_and(|text| text == "refuse this");
    heard.lock().unwrap().push((uri.path().to_owned(), signature, form));
    if refuses { StatusCode::FORBIDDEN } else { StatusCode::NO_CONTENT }
}

impl World {
    async fn start() -> World {
        World::with_memory(None).await
    }

    async fn with_memory(memory: Option<PathBuf>) -> World {
        let heard = Heard::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let firm = listener.local_addr().unwrap();
        let clock = Arc::new(VirtualClock::default());
        let options = Options {
            clock: clock.clone(),
            chance: Arc::new(SystemChance),
            zone: jiff::tz::TimeZone::UTC,
            public_url: "https://crm.example.com".to_owned(),
            reach: firm,
            hook: "/hooks/twilio_whatsapp/demo".to_owned(),
            landing: "/l/application".to_owned(),
            firm: Label::new("Долговая защита", "Debt relief"),
            virtual_clock: true,
            memory,
        };
        let demo = Demo::start(options).await.unwrap();
        demo.twilio.set_weather(Weather { step_ms: 2, ..Weather::default() });
        let hooks = Router::new().fallback(hear).with_state(heard.clone());
        let router = router(&demo).merge(hooks);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        World { demo, heard, clock, firm }
    }

    /// A send as the firm makes it: status and answer.
    async fn send(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let (status, _, body) = self.send_with(AUTH_TOKEN, form).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn send_with(&self, token: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let path = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json");
        exchange(self.demo.twilio.address(), "POST", &path, &[authorization(token)], &body).await
    }

    async fn send_template(&self, variables: &str) -> (u16, Value) {
        self.send(&[
            ("To", "whatsapp:+79990001122"),
            ("From", "whatsapp:+14155238886"),
            ("ContentSid", SID),
            ("ContentVariables", variables),
            ("StatusCallback", "https://crm.example.com/hooks/twilio_whatsapp/demo"),
        ])
        .await
    }

    async fn send_text(&self, text: &str) -> Message {
        let callback = "https://crm.example.com/hooks/twilio_whatsapp/demo";
        let (status, answer) =
            self.send(&[("To", "whatsapp:+79990001122"), ("From", "whatsapp:+14155238886"), ("Body", text), ("StatusCallback", callback)]).await;
        assert_eq!(status, 201, "{answer}");
        self.demo.twilio.message(answer["sid"].as_str().unwrap()).unwrap()
    }

    /// States that the firm heard of, in the order in which it heard them.
    fn states(&self) -> Vec<String> {
        self.heard.lock().unwrap().iter().filter_map(|(_, _, form)| form.get("MessageStatus").cloned()).collect()
    }

    async fn until(&self, what: impl Fn(&World) -> bool) {
        for _ in 0..500 {
            if what(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it did not happen; the firm heard {:?}", self.heard.lock().unwrap());
    }

    fn approve(&self, text: &'static str) {
        self.demo.twilio.approve(Arc::new(move |sid| (sid == SID).then(|| text.to_owned())));
    }

    async fn page(&self, method: &str, path: &str, json: &str) -> (u16, String, String) {
        exchange(self.firm, method, path, &["Content-Type: application/json".to_owned()], json).await
    }
}

fn authorization(token: &str) -> String {
    format!("Authorization: Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{ACCOUNT_SID}:{token}")))
}

/// One request in plain bytes: status, head, body.
async fn exchange(to: SocketAddr, method: &str, path: &str, headers: &[String], body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn a_template_reaches_the_client_and_every_state_is_reported() {
    let world = World::start().await;
    world.approve("{{1}}, здравствуйте! Ваш специалист {{2}}.");
    let (status, answer) = world.send_template(r#"{"1":"Иван","2":"Анна"}"#).await;
    assert_eq!((status, &answer["status"], &answer["error_code"]), (201, &Value::from("queued"), &Value::Null));
    world.until(|world| world.states() == ["sent", "delivered"]).await;
    let chat = world.demo.twilio.chat(IVANOV);
    assert_eq!(chat[0].body, "Иван, здравствуйте! Ваш специалист Анна.");
    assert!(chat[0].is_shown());
    assert_eq!(world.demo.twilio.client_reads(IVANOV), 1);
    world.until(|world| world.states() == ["sent", "delivered", "read"]).await;
    assert_eq!(world.demo.twilio.client_reads(IVANOV), 0, "what was read is not read again");
    let heard = world.heard.lock().unwrap();
    let (path, signature, form) = &heard[2];
    let pairs = form.iter().map(|(name, value)| (Box::leak(name.clone().into_boxed_str()) as &'static str, value.clone())).collect();
    assert_eq!(path, "/hooks/twilio_whatsapp/demo");
    assert_eq!(*signature, callbacks::sign(AUTH_TOKEN, "https://crm.example.com/hooks/twilio_whatsapp/demo", &pairs));
    assert_eq!((form["EventType"].as_str(), form["ChannelPrefix"].as_str()), ("READ", "whatsapp"));
}

#[tokio::test]
async fn in_bad_weather_every_state_comes_twice_and_none_is_lost() {
    let world = World::start().await;
    world.demo.twilio.set_weather(Weather { reads: true, step_ms: 1, ..Weather::bad() });
    let mut orders = std::collections::BTreeSet::new();
    for round in 1..=12 {
        world.heard.lock().unwrap().clear();
        world.send_template(r#"{"1":"Иван"}"#).await;
        world.until(|world| world.states().len() == 6).await;
        let mut states = world.states();
        orders.insert(states.clone());
        states.sort();
        assert_eq!(states, ["delivered", "delivered", "read", "read", "sent", "sent"], "round {round}");
    }
    assert!(orders.len() > 1, "twelve messages, and always the same order");
    assert!(world.demo.twilio.chat(IVANOV).iter().all(|message| message.status == "read"));
}

#[tokio::test]
async fn a_free_text_needs_an_open_window() {
    let world = World::start().await;
    let early = world.send_text("Здравствуйте").await;
    world.until(|world| world.states() == ["failed"]).await;
    assert_eq!(world.demo.twilio.message(&early.sid).unwrap().error, 63_016);
    world.demo.twilio.introduce(IVANOV, "Иван");
    assert_eq!(world.demo.twilio.client_writes(IVANOV, "Когда позвоните?").await.unwrap().status, 204);
    assert!(world.demo.twilio.window_is_open(IVANOV));
    world.send_text("Через час").await;
    world.until(|world| world.states() == ["failed", "sent", "delivered"]).await;
    world.clock.advance(Duration::from_hours(24));
    assert!(!world.demo.twilio.window_is_open(IVANOV));
    world.send_text("Опоздали").await;
    world.until(|world| world.states().len() == 4 && world.states()[3] == "failed").await;
    let heard = world.heard.lock().unwrap();
    let answer = heard.iter().find(|(_, _, form)| form.contains_key("Body")).unwrap();
    assert_eq!((answer.2["ProfileName"].as_str(), answer.2["WaId"].as_str(), answer.2["From"].as_str()), ("Иван", "79990001122", "whatsapp:+79990001122"));
}

#[tokio::test]
async fn a_template_with_another_number_of_variables_fails_later_with_63028() {
    let world = World::start().await;
    world.approve("{{1}} и {{2}}");
    let (status, answer) = world.send_template(r#"{"1":"Иван"}"#).await;
    assert_eq!(status, 201);
    world.until(|world| world.states() == ["failed"]).await;
    let message = world.demo.twilio.message(answer["sid"].as_str().unwrap()).unwrap();
    assert_eq!((message.error, message.is_shown()), (63_028, false));
    assert_eq!(world.heard.lock().unwrap()[0].2["ErrorCode"], "63028");
}

#[tokio::test]
async fn a_wrong_send_is_refused_with_twilios_own_code() {
    let world = World::start().await;
    world.approve("{{1}}");
    let right = [("To", "whatsapp:+79990001122"), ("From", "whatsapp:+14155238886"), ("ContentSid", SID), ("ContentVariables", r#"{"1":"Иван"}"#)];
    let long = "я".repeat(1_601);
    let cases: [(&str, &str, u64); 14] = [
        ("To", "", 21_604),
        ("To", "whatsapp:79990001122", 21_211),
        ("To", "whatsapp:+7999000112233445", 21_211),
        ("To", "+79990001122", 21_910),
        ("From", "", 21_603),
        ("From", "whatsapp:+10000000000", 63_007),
        ("ContentSid", "", 21_619),
        ("ContentSid", "HX12", 21_655),
        ("ContentSid", "HXffffffffffffffffffffffffffffffff", 21_655),
        ("ContentVariables", "{'1':'Иван'}", 21_656),
        ("ContentVariables", r#"{"1":""}"#, 21_656),
        ("ContentVariables", r#"{"1":null}"#, 21_656),
        ("Body", &long, 21_617),
        ("StatusCallback", "ftp://x", 21_609),
    ];
    for (name, value, code) in cases {
        let form: Vec<(&str, &str)> = right.into_iter().filter(|pair| pair.0 != name).chain([(name, value)]).collect();
        let (status, answer) = world.send(&form).await;
        assert_eq!((status, answer["code"].as_u64()), (400, Some(code)), "{name}={value}: {answer}");
    }
    let (status, _, body) = world.send_with("another token", &right).await;
    assert_eq!(status, 401);
    assert!(body.contains("20003"), "{body}");
    assert!(world.demo.twilio.messages().is_empty());
    assert_eq!(world.send(&right).await.0, 201);
}

#[tokio::test]
async fn every_switch_of_the_weather_does_what_it_says() {
    let world = World::start().await;
    let weather = |change: fn(&mut Weather)| {
        let mut weather = Weather { step_ms: 1, ..Weather::default() };
        change(&mut weather);
        world.demo.twilio.set_weather(weather);
    };
    let form = [("To", "whatsapp:+79990001122"), ("From", "whatsapp:+14155238886"), ("ContentSid", SID), ("StatusCallback", "https://crm.example.com/x")];

    weather(|weather| weather.too_many = 1);
    let (status, head, body) = world.send_with(AUTH_TOKEN, &form).await;
    assert!(status == 429 && head.contains("retry-after: 1") && body.contains("20429"), "{head}\n{body}");

    weather(|weather| weather.broken = 1);
    assert_eq!(world.send(&form).await.0, 500);
    assert!(world.demo.twilio.messages().is_empty(), "a refused send reaches nobody");

    weather(|weather| weather.lost_answers = 1);
    assert_eq!(world.send(&form).await.0, 500);
    world.until(|world| world.states() == ["sent", "delivered"]).await;

    weather(|weather| (weather.hangs, weather.hang_ms) = (1, 60_000));
    let late = tokio::time::timeout(Duration::from_millis(80), world.send(&form)).await;
    assert!(late.is_err(), "the answer had to hang");
    world.until(|world| world.states().len() == 4).await;

    weather(|weather| (weather.failures, weather.failure_code) = (1, 63_024));
    let (_, answer) = world.send(&form).await;
    world.until(|world| world.states().len() == 6).await;
    let failed = world.demo.twilio.message(answer["sid"].as_str().unwrap()).unwrap();
    assert_eq!((failed.status.as_str(), failed.error), ("undelivered", 63_024));

    weather(|weather| weather.wrong_signature = true);
    world.heard.lock().unwrap().clear();
    world.send(&form).await;
    world.until(|world| world.states() == ["sent", "sent", "delivered", "delivered"]).await;
    let signatures: Vec<String> = world.heard.lock().unwrap().iter().map(|heard| heard.1.clone()).collect();
    assert_ne!(signatures[0], signatures[1]);

    weather(|weather| weather.drop_percent = 100);
    world.heard.lock().unwrap().clear();
    let (_, answer) = world.send(&form).await;
    world.until(|world| world.demo.twilio.message(answer["sid"].as_str().unwrap()).unwrap().status == "delivered").await;
    assert!(world.states().is_empty());
}

#[tokio::test]
async fn a_lost_send_is_found_again_by_phone_and_day() {
    let world = World::start().await;
    world.send_template(r#"{"1":"Иван"}"#).await;
    let today = world.clock.now().timestamp().strftime("%Y-%m-%d").to_string();
    let tomorrow = world.clock.now().plus(Duration::from_hours(24)).timestamp().strftime("%Y-%m-%d").to_string();
    let list = async |query: &str| {
        let path = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json?{query}");
        let (status, _, body) = exchange(world.demo.twilio.address(), "GET", &path, &[authorization(AUTH_TOKEN)], "").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        (status, body["messages"].as_array().map_or(0, Vec::len), body)
    };
    assert_eq!(list(&format!("To=whatsapp%3A%2B79990001122&DateSent%3E={today}")).await.1, 1);
    assert_eq!(list(&format!("To=whatsapp%3A%2B79990001122&DateSent%3E={tomorrow}")).await.1, 0);
    assert_eq!(list("To=whatsapp%3A%2B79990003344").await.1, 0);
    for _ in 0..4 {
        world.send_template(r#"{"1":"Иван"}"#).await;
    }
    let (_, count, body) = list("PageSize=2&Page=1").await;
    assert_eq!((count, body["next_page_uri"].as_str().is_some(), body["previous_page_uri"].as_str().is_some()), (2, true, true));
    let sid = body["messages"][0]["sid"].as_str().unwrap();
    let path = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}.json");
    let (status, _, one) = exchange(world.demo.twilio.address(), "GET", &path, &[authorization(AUTH_TOKEN)], "").await;
    assert!(status == 200 && one.contains(sid));
}

#[tokio::test]
async fn a_message_that_the_firm_refuses_is_shown_as_not_delivered() {
    let world = World::start().await;
    assert_eq!(world.demo.twilio.client_writes(IVANOV, "refuse this").await.unwrap().status, 403);
    assert_eq!(world.demo.twilio.chat(IVANOV)[0].status, "failed");
    world.demo.twilio.set_weather(Weather::bad());
    world.heard.lock().unwrap().clear();
    world.demo.twilio.client_writes(IVANOV, "Алло").await.unwrap();
    let heard = world.heard.lock().unwrap();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].2["MessageSid"], heard[1].2["MessageSid"]);
}

#[tokio::test]
async fn the_world_remembers_over_a_restart() {
    let folder = std::env::temp_dir().join(format!("vekha-world-{}", std::process::id()));
    let world = World::with_memory(Some(folder.clone())).await;
    world.send_template(r#"{"1":"Иван"}"#).await;
    world.until(|world| world.states() == ["sent", "delivered"]).await;
    world.until(|world| world.demo.twilio.chat(IVANOV)[0].settled).await;
    mail(&world, "ivanov@example.com", LETTER).await;
    let (chat, letters) = (world.demo.twilio.chat(IVANOV), world.demo.mailbox.letters());
    world.demo.mailbox.open(letters[0].id);
    // A crash in the middle of a line.
    use std::io::Write as _;
    std::fs::OpenOptions::new().append(true).open(folder.join("chats.jsonl")).unwrap().write_all(b"{\"sid\":\"SM").unwrap();
    let later = World::with_memory(Some(folder.clone())).await;
    assert_eq!(later.demo.twilio.chat(IVANOV), chat);
    assert!(later.demo.mailbox.letters()[0].opened);
    assert_eq!(later.demo.mailbox.letters()[0].text, letters[0].text);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_message_that_was_under_way_at_a_crash_goes_on_after_it() {
    let folder = std::env::temp_dir().join(format!("vekha-crash-{}", std::process::id()));
    let world = World::with_memory(Some(folder.clone())).await;
    world.demo.twilio.set_weather(Weather { step_ms: 60_000, ..Weather::default() });
    let (status, answer) = world.send_template(r#"{"1":"Иван"}"#).await;
    assert_eq!((status, world.states().len()), (201, 0));
    let later = World::with_memory(Some(folder.clone())).await;
    assert!(!later.demo.twilio.is_at_rest());
    later.until(|later| later.demo.twilio.is_at_rest()).await;
    assert_eq!(later.states(), ["sent", "delivered"]);
    assert_eq!(later.demo.twilio.messages()[0].sid, answer["sid"].as_str().unwrap());
    std::fs::remove_dir_all(folder).unwrap();
}

const LETTER: &str = "From: =?utf-8?B?0JDQvdC90LA=?= <info@vekha.example>\r\nTo: ivanov@example.com\r\nSubject: =?utf-8?B?0JjRgtC+0LPQuA==?=\r\nMessage-ID: <m.1@vekha.example>\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nЗдравствуйте!\r\n..Точка в начале\r\n";

/// A whole conversation; the last answer.
async fn mail(world: &World, to: &str, letter: &str) -> String {
    let mut stream = TcpStream::connect(world.demo.mailbox.address()).await.unwrap();
    let talk = format!("EHLO x\r\nMAIL FROM:<info@vekha.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n{letter}.\r\nQUIT\r\n");
    stream.write_all(talk.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn a_letter_lies_in_the_mailbox_as_it_was_written() {
    let world = World::start().await;
    let said = mail(&world, "Ivanov@Example.com", LETTER).await;
    assert!(said.contains("250 2.0.0 kept") && said.ends_with("221 2.0.0 goodbye\r\n"), "{said}");
    let letters = world.demo.mailbox.letters_of("ivanov@example.com");
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "Итоги");
    assert_eq!(letters[0].from, "Анна <info@vekha.example>");
    assert_eq!(letters[0].text, "Здравствуйте!\n.Точка в начале\n");
    assert_eq!(letters[0].message_id, "m.1@vekha.example");
    assert_eq!(letters[0].raw, LETTER.replace("\r\n..", "\r\n.").as_bytes());
}

#[tokio::test]
async fn a_storm_at_the_mail_server_refuses_or_loses_the_answer() {
    let world = World::start().await;
    let storms = [
        (Storm { greylist: 1, ..Storm::default() }, "451 4.7.1", 0),
        (Storm { unknown: 1, ..Storm::default() }, "550 5.1.1", 0),
        (Storm { refuse: 1, ..Storm::default() }, "554 5.7.1", 0),
        (Storm { full: 1, ..Storm::default() }, "452 4.2.2", 0),
        (Storm { closed: 1, ..Storm::default() }, "421 ", 0),
    ];
    for (storm, answer, kept) in storms {
        world.demo.mailbox.set_storm(storm);
        let said = mail(&world, "ivanov@example.com", LETTER).await;
        assert!(said.contains(answer), "{said}");
        assert_eq!(world.demo.mailbox.letters().len(), kept);
    }
    world.demo.mailbox.set_storm(Storm { lost_answers: 1, ..Storm::default() });
    let said = mail(&world, "ivanov@example.com", LETTER).await;
    assert!(!said.contains("2.0.0"), "{said}");
    assert_eq!(world.demo.mailbox.letters().len(), 1);
    let said = mail(&world, "ivanov@example.com", &"x".repeat(3_000_000)).await;
    assert!(said.contains("500 5.5.2"), "{said}");
}

#[tokio::test]
async fn the_phone_shows_what_came_and_writes_back() {
    let world = World::start().await;
    let (status, head, page) = world.page("GET", "/demo/phone?lang=en", "").await;
    assert!(status == 200 && head.contains("content-security-policy: default-src 'none'; script-src 'self'"));
    assert!(page.contains("Debt relief") && page.contains("Whose phone") && page.contains(r#"lang="en""#));
    assert!(!page.contains("<script>") && !page.contains("onclick") && !page.contains("style="), "the policy forbids what stands in the page");
    world.send_template(r#"{"1":"<b>Иван</b>"}"#).await;
    world.until(|world| world.states().len() == 2).await;
    let shown: Value = serde_json::from_str(&world.page("GET", "/demo/phone/state?client=%2B79990001122", "").await.2).unwrap();
    assert_eq!(shown["chat"][0]["text"], "[template] <b>Иван</b>");
    assert_eq!((shown["clients"][0]["chats"].as_u64(), shown["window"].as_bool()), (Some(1), Some(false)));
    assert_eq!(world.page("POST", "/demo/phone/read", r#"{"client":"+79990001122"}"#).await.2, r#"{"read":1}"#);
    assert_eq!(world.page("POST", "/demo/phone/say", r#"{"client":"+79990001122","text":"Да"}"#).await.0, 200);
    let shown: Value = serde_json::from_str(&world.page("GET", "/demo/phone/state?client=%2B79990001122", "").await.2).unwrap();
    assert_eq!((&shown["chat"][1]["text"], &shown["chat"][1]["state"], &shown["window"]), (&Value::from("Да"), &Value::from("received"), &Value::from(true)));
    assert_eq!(world.page("POST", "/demo/phone/say", r#"{"client":"+70000000000","text":"Да"}"#).await.0, 404);
    assert_eq!(world.page("POST", "/demo/phone/say", r#"{"client":"+79990001122","text":"  "}"#).await.0, 422);
}

#[tokio::test]
async fn a_new_phone_is_added_in_any_spelling() {
    let world = World::start().await;
    let added = world.page("POST", "/demo/phone/client", r#"{"name":"Пётр","phone":"8 (912) 345-67-89","email":"Petr@Example.com"}"#).await;
    assert_eq!((added.0, added.2.as_str()), (200, r#"{"client":"+79123456789"}"#));
    assert_eq!(world.page("POST", "/demo/phone/client", r#"{"name":"Никто"}"#).await.0, 422);
    let shown: Value = serde_json::from_str(&world.page("GET", "/demo/phone/state?client=%2B79123456789", "").await.2).unwrap();
    assert_eq!((&shown["clients"][3]["name"], &shown["clients"][3]["email"]), (&Value::from("Пётр"), &Value::from("petr@example.com")));
    world.page("POST", "/demo/phone/weather", r#"{"bad":true,"unreachable":true}"#).await;
    let weather = world.demo.twilio.weather();
    assert!(weather.is_bad() && weather.failures > 1_000 && weather.failure_code == 63_024);
}
