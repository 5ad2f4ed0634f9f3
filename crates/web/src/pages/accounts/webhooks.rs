//! One's own incoming webhooks: addresses by which scripts act for oneself.

use crate::pages::{Entry, Page, login::redirect, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::routing::{get, post};
use crm::{Fault, House, Moment, Outcome, Refusal, WebhookId};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "webhooks",
        menu: Some(Entry { title: "webhooks-tab", icon: "webhook", href: "/settings/webhooks", shown: |rights| rights.admin || rights.automation }),
        routes: || Router::new().route("/settings/webhooks", get(list).post(create)).route("/settings/webhooks/{id}/revoke", post(revoke)),
    }
}

struct Line {
    id: i64,
    title: String,
    scopes: String,
    created: Moment,
    active: bool,
}

#[derive(Template)]
#[template(path = "accounts_webhooks.html")]
struct Webhooks {
    view: View,
    webhooks: Vec<Line>,
    created: Option<String>,
    error: Option<String>,
    title: String,
    scopes: String,
}

async fn list(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| drawn(house, &viewer, None)).await?;
    show(&page)
}

fn drawn(house: &House, viewer: &Viewer, created: Option<String>) -> Outcome<Webhooks> {
    house.read(|read| {
        let own = read.webhooks()?.into_iter().filter(|one| one.user == viewer.user.id);
        let mut webhooks: Vec<Line> =
            own.map(|one| Line { id: one.id.0, title: one.title, scopes: one.scopes.join(", "), created: one.created, active: one.active }).collect();
        webhooks.sort_by_key(|one| (!one.active, std::cmp::Reverse(one.id)));
        Ok(Webhooks {
            view: View::framed(house, read, viewer, "/settings/webhooks")?,
            webhooks,
            created: created.clone(),
            error: None,
            title: String::new(),
            scopes: "crm".to_owned(),
        })
    })
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    title: String,
    #[serde(default)]
    scopes: String,
}

/// Makes a webhook. Its address stands in this one answer and nowhere else.
async fn create(State(web): State<Web>, viewer: Viewer, Form(wanted): Form<Wanted>) -> Answer {
    let page = work(&web.house, move |house| {
        let (now, chance, user) = (house.now(), house.chance.clone(), viewer.user.id);
        let scopes: Vec<String> = wanted.scopes.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect();
        let title = wanted.title.trim().to_owned();
        let made = house.transact(move |tx| team::webhooks::create(tx, chance.as_ref(), user, &scopes, &title, now));
        match made {
            Ok((_, secret)) => drawn(house, &viewer, Some(format!("{}/rest/{}/{secret}/", house.firm.public_url, viewer.user.id))),
            Err(Fault::Refused(refusal)) => {
                let shown = drawn(house, &viewer, None)?;
                Ok(Webhooks { error: Some(refusal.explain(viewer.lang)), title: wanted.title, scopes: wanted.scopes, ..shown })
            }
            Err(failed) => Err(failed),
        }
    })
    .await?;
    show(&page)
}

async fn revoke(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    work(&web.house, move |house| {
        let user = viewer.user.id;
        house.transact(move |tx| {
            let mut webhook = tx.webhooks()?.into_iter().find(|one| one.id == WebhookId(id) && one.user == user).ok_or_else(Refusal::not_found)?;
            webhook.active = false;
            tx.put_webhook(&mut webhook)
        })
    })
    .await?;
    Ok(redirect("/settings/webhooks"))
}
