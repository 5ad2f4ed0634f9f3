//! Signing in and out, and the language of the screens.

use super::{Page, show};
use crate::trouble::percent;
use crate::viewer::{self, Found};
use crate::{Answer, Guest, Trouble, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Extension, Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, http::HeaderName};
use crm::{Fault, Lang};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "login",
        menu: None,
        routes: || Router::new().route("/", get(home)).route("/login", get(ask).post(enter)).route("/logout", post(leave)).route("/language", post(language)),
    }
}

#[derive(Deserialize, Default)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    view: &'a View,
    login: &'a str,
    error: Option<String>,
    next: &'a str,
}

async fn home(State(web): State<Web>, viewer: Viewer) -> Answer {
    let to = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "/")?;
            Ok(view.menu.first().map_or_else(|| "/notices".to_owned(), |line| line.href.clone()))
        })
    })
    .await?;
    Ok(redirect(&to))
}

async fn ask(State(web): State<Web>, guest: Guest, Extension(found): Extension<Found>, Query(next): Query<Next>) -> Answer {
    if found.viewer.is_some() {
        return Ok(redirect(safe_next(&next.next)));
    }
    show(&LoginPage { view: &View::bare(&web.house, guest.lang), login: "", error: None, next: safe_next(&next.next) })
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

async fn enter(State(web): State<Web>, guest: Guest, headers: HeaderMap, Form(given): Form<Credentials>) -> Answer {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (limiter, login, remote) = (web.limiter.clone(), given.login.clone(), guest.remote.clone());
    let entered = work(&web.house, move |house| team::door::sign_in(house, &limiter, &login, &given.password, &remote, &agent)).await;
    let next = safe_next(&given.next);
    match entered {
        Ok((token, _)) => Ok(with_cookie(&web, redirect(next), viewer::SESSION, &token, team::door::SESSION.as_secs())),
        Err(Trouble::Fault(Fault::Refused(refusal))) => {
            let view = View::bare(&web.house, guest.lang);
            let mut answer = show(&LoginPage { view: &view, login: &given.login, error: Some(refusal.explain(guest.lang)), next })?;
            *answer.status_mut() = if refusal.code == "too_many_attempts" { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
            Ok(answer)
        }
        Err(other) => Err(other),
    }
}

async fn leave(State(web): State<Web>, viewer: Viewer) -> Answer {
    work(&web.house, move |house| team::door::sign_out(house, &viewer.token)).await?;
    Ok(with_cookie(&web, redirect("/login"), viewer::SESSION, "", 0))
}

#[derive(Deserialize)]
struct Chosen {
    lang: String,
    #[serde(default)]
    next: String,
}

/// The language of a guest stands in a cookie, that of a member of staff with his name.
async fn language(State(web): State<Web>, Extension(found): Extension<Found>, Form(chosen): Form<Chosen>) -> Answer {
    let lang = Lang::from_code(&chosen.lang).unwrap_or_default();
    if let Some(viewer) = found.viewer {
        work(&web.house, move |house| {
            let id = viewer.user.id;
            house.transact(move |tx| {
                let Some(mut user) = tx.user(id)? else { return Ok(()) };
                user.lang = lang;
                tx.put_user(&mut user)
            })
        })
        .await?;
    }
    Ok(with_cookie(&web, redirect(safe_next(&chosen.next)), viewer::LANGUAGE, lang.code(), 365 * 24 * 60 * 60))
}

/// Only a page of ours, never another site.
fn safe_next(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\0'])
        && !next.starts_with("/login")
        && !next.starts_with("/logout");
    if ours { next } else { "/" }
}

pub(crate) fn redirect(to: &str) -> Response {
    let location = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_str(&percent(to)).unwrap_or(HeaderValue::from_static("/")));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

pub(crate) fn with_cookie(web: &Web, mut answer: Response, name: &str, value: &str, seconds: u64) -> Response {
    let secure = if web.house.firm.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().append(HeaderName::from_static("set-cookie"), cookie);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_is_sent_to_another_site() {
        for wrong in ["//evil.example", "https://evil.example", "/\\evil.example", "", "evil", "/login?next=/login"] {
            assert_eq!(safe_next(wrong), "/", "{wrong}");
        }
        assert_eq!(safe_next("/deals/board?pipeline=2"), "/deals/board?pipeline=2");
    }
}
