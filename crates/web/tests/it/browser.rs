//! A browser without a window: requests to the router, with a cookie.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use crm::House;
use tower::ServiceExt as _;

/// What came back.
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// One visitor.
#[derive(Clone)]
pub struct Browser {
    pub house: House,
    router: Router,
    pub cookie: String,
}

impl Browser {
    /// A visitor who is not signed in, of a firm with so many deals.
    pub fn new(deals: i64) -> Browser {
        Browser::with_url("http://crm.example", deals)
    }

    pub fn with_url(url: &str, deals: i64) -> Browser {
        let house = crate::house::build(url.to_owned(), deals);
        Browser { router: web::router(house.clone()), house, cookie: String::new() }
    }

    /// The same visitor after signing in.
    pub async fn signed_in(&self, login: &str) -> Browser {
        let page = self.post("/login", &format!("login={login}&password=vekha-vekha")).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let cookie = page.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Browser { cookie, ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(Request::get(path), Body::empty()).await
    }

    /// A piece of a page, as our scripts ask for it.
    pub async fn piece(&self, path: &str) -> Page {
        self.send(Request::get(path).header("x-piece", "1"), Body::empty()).await
    }

    pub async fn post(&self, path: &str, form: &str) -> Page {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "same-origin");
        self.send(request, Body::from(form.to_owned())).await
    }

    pub async fn send(&self, request: axum::http::request::Builder, body: Body) -> Page {
        let answer = self.stream(request, body).await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = String::from_utf8_lossy(&to_bytes(answer.into_body(), 20_000_000).await.unwrap()).into_owned();
        Page { status, headers, text }
    }

    pub async fn stream(&self, request: axum::http::request::Builder, body: Body) -> axum::response::Response {
        self.router.clone().oneshot(request.header("cookie", &self.cookie).header("host", "crm.example").body(body).unwrap()).await.unwrap()
    }
}
