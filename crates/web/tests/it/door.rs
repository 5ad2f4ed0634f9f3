//! Who comes in, and what strangers can do.

use crate::browser::Browser;
use axum::body::Body;
use axum::http::{Request, StatusCode};

#[tokio::test]
async fn a_stranger_is_sent_to_the_door_and_comes_back_to_where_he_wanted() {
    let browser = Browser::new(0);
    let page = browser.get("/deals/board?pipeline=1").await;
    assert_eq!((page.status, page.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/login?next=/deals/board%3Fpipeline%3D1"));
    let page = browser.post("/login", "login=anna&password=vekha-vekha&next=/deals/board%3Fpipeline%3D1").await;
    assert_eq!(page.headers["location"], "/deals/board?pipeline=1");
    assert_eq!(browser.piece("/deals/1").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_cookie_is_hidden_from_scripts_and_secure_behind_https() {
    for (url, secure) in [("http://crm.example", false), ("https://crm.example", true)] {
        let page = Browser::with_url(url, 0).post("/login", "login=anna&password=vekha-vekha").await;
        let cookie = page.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert_eq!(cookie.contains("Secure"), secure, "{cookie}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_in_the_language_of_the_browser_and_the_sixth_waits() {
    let browser = Browser::new(0);
    let wrong = |lang: &'static str| {
        let request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded").header("accept-language", lang);
        let browser = browser.clone();
        async move { browser.send(request, Body::from("login=anna&password=nope")).await }
    };
    let page = wrong("ru").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.text.contains("Неверный логин или пароль") && page.text.contains("value=\"anna\""));
    assert!(wrong("en").await.text.contains("Wrong login or password"));
    for _ in 0..3 {
        wrong("ru").await;
    }
    assert_eq!(wrong("ru").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn another_site_changes_nothing_even_with_the_cookie() {
    let anna = Browser::new(1).signed_in("anna").await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")] {
        let request = Request::post("/deals/1/comment").header("content-type", "application/x-www-form-urlencoded").header(name, value);
        assert_eq!(anna.send(request, Body::from("text=x")).await.status, StatusCode::FORBIDDEN, "{value}");
    }
    assert!(!anna.get("/deals/1").await.text.contains("event-commented"));
    let events = anna.house.read(|read| read.timeline(crm::ItemRef::new(crm::kind::DEAL, 1), None, 50)).unwrap();
    assert!(!events.iter().any(|event| event.fact.code() == "commented"
        && event.by.user() == crm::UserId(3)
        && event.depth == 0
        && matches!(&event.fact, crm::Fact::Commented { text } if text == "x")));
}

#[tokio::test]
async fn every_page_forbids_foreign_scripts_and_frames() {
    let browser = Browser::new(0);
    for path in ["/login", "/nowhere/at/all", "/assets/x/css/app.css"] {
        let page = browser.get(path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'") && !policy.contains("script-src 'self' 'unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn pages_hold_no_script_of_their_own() {
    let anna = Browser::new(30).signed_in("anna").await;
    for path in ["/deals/board", "/deals", "/deals/2", "/tasks/my", "/notices", "/contacts/new", "/login"] {
        let text = anna.get(path).await.text;
        for script in text.split("<script").skip(1) {
            let head = script.split('>').next().unwrap();
            assert!(head.contains("src=") || head.contains("application/json"), "{path}: <script{head}>");
        }
        assert!(!text.contains(" onclick=") && !text.contains("<style"), "{path}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let anna = Browser::new(0).signed_in("anna").await;
    assert_eq!(anna.get("/tasks/my").await.status, StatusCode::OK);
    anna.post("/logout", "").await;
    assert_eq!(anna.get("/tasks/my").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_language_stays_with_the_employee() {
    let browser = Browser::new(0);
    let anna = browser.signed_in("anna").await;
    assert!(anna.get("/tasks/my").await.text.contains("Мои задачи"));
    let page = anna.post("/language", "lang=en&next=//evil.example").await;
    assert_eq!(page.headers["location"], "/");
    assert!(browser.signed_in("anna").await.get("/tasks/my").await.text.contains("My tasks"));
}

#[tokio::test]
async fn a_vendor_without_an_account_or_with_too_much_gets_a_clear_no() {
    let browser = Browser::new(0);
    assert_eq!(browser.send(Request::post("/hooks/twilio_whatsapp/nobody"), Body::from("x")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.send(Request::post("/hooks/twilio_whatsapp/main"), Body::from("MessageSid=1")).await.status, StatusCode::FORBIDDEN);
    let large = browser.send(Request::post("/hooks/twilio_whatsapp/main"), Body::from(vec![b'x'; 2_000_000])).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}
