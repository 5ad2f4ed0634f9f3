//! The page behind an invitation: somebody sets his own password and is let in.

use crate::pages::login::{redirect, with_cookie};
use crate::pages::{Page, show};
use crate::viewer::SESSION;
use crate::{Answer, Guest, Trouble, View, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use crm::Fault;
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page { code: "invite", menu: None, routes: || Router::new().route("/invite/{word}", get(ask).post(accept)) }
}

#[derive(Template)]
#[template(path = "people_invite.html")]
struct InvitePage {
    view: View,
    word: String,
    name: String,
    login: String,
    error: Option<String>,
}

async fn ask(State(web): State<Web>, guest: Guest, Path(word): Path<String>) -> Answer {
    let page = shown(&web, &guest, word, None).await?;
    show(&page)
}

async fn shown(web: &Web, guest: &Guest, word: String, error: Option<String>) -> Result<InvitePage, Trouble> {
    let lang = guest.lang;
    work(&web.house, move |house| {
        let now = house.now();
        let user = house.read(|read| team::invitation::invited(read, &house.firm, &word, now))?;
        Ok(InvitePage { view: View::bare(house, lang), word, name: user.name(), login: user.login, error })
    })
    .await
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

async fn accept(State(web): State<Web>, guest: Guest, Path(word): Path<String>, headers: HeaderMap, Form(given): Form<Given>) -> Answer {
    let again = given.password == given.again;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (remote, password, same) = (guest.remote.clone(), given.password, word.clone());
    let done = match again {
        false => Err(crm::Refusal::new("passwords_differ", "Пароли не совпадают", "The passwords differ").into()),
        true => {
            work(&web.house, move |house| {
                // The word is looked at before anything is hashed: guessing costs us little and finds nothing.
                team::invitation::accept(house, &same, &password, &remote, &agent)
            })
            .await
        }
    };
    match done {
        Ok((token, _)) => Ok(with_cookie(&web, redirect("/"), SESSION, &token, team::door::SESSION.as_secs())),
        Err(Trouble::Fault(Fault::Refused(refusal))) if matches!(&*refusal.code, "weak_password" | "passwords_differ") => {
            let mut answer = show(&shown(&web, &guest, word, Some(refusal.explain(guest.lang))).await?)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
        Err(other) => Err(other),
    }
}
