//! The firm's channels: forms, numbers, mailboxes; and one's own incoming webhooks. Secrets go in and never come out.

mod form;
pub(crate) mod webhooks;

use super::{Entry, Page, login::redirect, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::routing::{get, post};
use crm::{About, Account, AccountId, Fault, House, Label, Outcome, Read, Refusal, Rights, Values};
use form::{Ask, Control, Sent};
use serde::Deserialize;

/// The provider whose accounts have a page for visitors.
const WEB_FORM: &str = "web_form";

pub(crate) fn page() -> Page {
    Page {
        code: "accounts",
        menu: Some(Entry { title: "accounts-heading", icon: "plug", href: "/settings/channels", shown: |rights| rights.admin }),
        routes: || {
            Router::new()
                .route("/settings/channels", get(list))
                .route("/settings/channels/new", get(blank).post(add))
                .route("/settings/channels/{id}", get(one).post(change))
                .route("/settings/channels/{id}/switch", post(switch))
        },
    }
}

/// One account in the list.
struct Line {
    id: i64,
    title: String,
    code: String,
    provider: String,
    enabled: bool,
    address: String,
    landing: String,
}

/// A provider that can be added.
struct Offered {
    code: &'static str,
    title: String,
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct Accounts {
    view: View,
    accounts: Vec<Line>,
    providers: Vec<Offered>,
}

#[derive(Template)]
#[template(path = "accounts_one.html")]
struct One {
    view: View,
    heading: String,
    provider: String,
    action: String,
    is_new: bool,
    saved: bool,
    error: Option<String>,
    title: String,
    code: String,
    code_wrong: String,
    enabled: bool,
    controls: Vec<Control>,
    address: String,
    landing: String,
    embed: String,
}

fn may(rights: &Rights) -> Outcome<()> {
    match rights.admin {
        true => Ok(()),
        false => Err(Refusal::denied("Каналы настраивает администратор", "Channels are set up by the administrator").into()),
    }
}

fn abouts() -> Vec<About> {
    channels::providers::all().iter().map(|provider| provider.about()).collect()
}

fn about_of(provider: &str) -> Outcome<About> {
    Ok(channels::providers::find(provider).map_err(|_| Refusal::new("not_found", "Такого сервиса в программе нет", "The program has no such service"))?.about())
}

/// The address that a vendor is given; empty when he has nothing to tell.
fn address(house: &House, account: &Account) -> String {
    let tells = channels::providers::find(&account.provider).is_ok_and(|provider| provider.can().receipt);
    match tells {
        true => format!("{}/hooks/{}/{}", house.firm.public_url, account.provider, account.code),
        false => String::new(),
    }
}

/// The page for visitors; empty when the provider has none.
fn landing(house: &House, account: &Account) -> String {
    match account.provider == WEB_FORM {
        true => format!("{}/l/{}", house.firm.public_url, account.code),
        false => String::new(),
    }
}

async fn list(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            may(&viewer.rights)?;
            let known = abouts();
            let named =
                |code: &str| known.iter().find(|about| about.code == code).map_or_else(|| code.to_owned(), |about| about.title.get(viewer.lang).to_owned());
            let accounts = read.accounts()?;
            let line = |account: &Account| Line {
                id: account.id.0,
                title: account.title.clone(),
                code: account.code.clone(),
                provider: named(&account.provider),
                enabled: account.enabled,
                address: address(house, account),
                landing: landing(house, account),
            };
            Ok(Accounts {
                accounts: accounts.iter().map(line).collect(),
                providers: known.iter().map(|about| Offered { code: about.code, title: about.title.get(viewer.lang).to_owned() }).collect(),
                view: View::framed(house, read, &viewer, "/settings/channels")?,
            })
        })
    })
    .await?;
    show(&page)
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    saved: u8,
}

async fn blank(State(web): State<Web>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            may(&viewer.rights)?;
            let about = about_of(&wanted.provider)?;
            let account = new_account(&about);
            form_page(house, read, &viewer, &about, &account, None)
        })
    })
    .await?;
    show(&page)
}

fn new_account(about: &About) -> Account {
    Account {
        id: AccountId(0),
        provider: about.code.to_owned(),
        code: String::new(),
        title: String::new(),
        settings: Values::new(),
        secrets: Values::new(),
        enabled: true,
    }
}

async fn one(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Query(wanted): Query<Wanted>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            may(&viewer.rights)?;
            let account = read.account(AccountId(id))?.ok_or_else(Refusal::not_found)?;
            let about = about_of(&account.provider)?;
            let page = form_page(house, read, &viewer, &about, &account, None)?;
            Ok(One { saved: wanted.saved == 1, ..page })
        })
    })
    .await?;
    show(&page)
}

/// The form of an account as it stands, or with what was refused.
fn form_page(house: &House, read: &dyn Read, viewer: &Viewer, about: &About, account: &Account, refused: Option<&Refusal>) -> Outcome<One> {
    let lang = viewer.lang;
    let is_new = account.id.0 == 0;
    let view = View::framed(house, read, viewer, "/settings/channels")?;
    let provider = about.title.get(lang).to_owned();
    let wrong: &[(String, Label)] = refused.map_or(&[], |refusal| &refusal.fields);
    let landing = if is_new { String::new() } else { landing(house, account) };
    let escaped = crate::trouble::escape(&account.title);
    Ok(One {
        heading: if is_new { view.with("accounts-add-of", "provider", &provider) } else { account.title.clone() },
        action: if is_new { format!("/settings/channels/new?provider={}", about.code) } else { format!("/settings/channels/{}", account.id) },
        is_new,
        saved: false,
        error: refused.map(|refusal| refusal.text.get(lang).to_owned()),
        title: account.title.clone(),
        code: account.code.clone(),
        code_wrong: wrong.iter().find(|(path, _)| path == "code").map(|(_, reason)| reason.get(lang).to_owned()).unwrap_or_default(),
        enabled: account.enabled,
        controls: form::controls(&about.settings, account, wrong, lang),
        address: address(house, account),
        embed: if landing.is_empty() {
            String::new()
        } else {
            format!("<iframe src=\"{landing}\" title=\"{escaped}\" style=\"width:100%;height:900px;border:0\" loading=\"lazy\"></iframe>")
        },
        landing,
        provider,
        view,
    })
}

async fn add(State(web): State<Web>, viewer: Viewer, Query(wanted): Query<Wanted>, Form(sent): Form<Sent>) -> Answer {
    save(web, viewer, None, wanted.provider, sent).await
}

async fn change(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(sent): Form<Sent>) -> Answer {
    save(web, viewer, Some(id), String::new(), sent).await
}

/// Saves a new or changed account; a refusal shows the form again with what was typed, secrets excepted.
async fn save(web: Web, viewer: Viewer, id: Option<i64>, provider: String, sent: Sent) -> Answer {
    let saved = work(&web.house, move |house| {
        may(&viewer.rights)?;
        let old = house.read(|read| match id {
            Some(id) => read.account(AccountId(id))?.ok_or_else(|| Refusal::not_found().into()),
            None => Ok(new_account(&about_of(&provider)?)),
        })?;
        let about = about_of(&old.provider)?;
        let mut typed = Account { title: form::one(&sent, "title").trim().to_owned(), enabled: !form::one(&sent, "enabled").is_empty(), ..old.clone() };
        if id.is_none() {
            typed.code = form::one(&sent, "code").trim().to_owned();
        }
        let (settings, secrets) = match form::answers(&about.settings, &sent, &old) {
            Ok(found) => found,
            Err(refusal) => {
                typed.settings = form::typed_again(&about.settings, &sent);
                return Ok(Err(house.read(|read| form_page(house, read, &viewer, &about, &typed, Some(&refusal)))?));
            }
        };
        typed.settings = settings;
        let mut account = Account { secrets, ..typed.clone() };
        match house.transact(move |tx| put(tx, &mut account).map(|()| account.id)) {
            Ok(id) => Ok(Ok(id)),
            Err(Fault::Refused(refusal)) => Ok(Err(house.read(|read| form_page(house, read, &viewer, &about, &typed, Some(&refusal)))?)),
            Err(failed) => Err(failed),
        }
    })
    .await?;
    match saved {
        Ok(id) => Ok(redirect(&format!("/settings/channels/{id}?saved=1"))),
        Err(page) => {
            let mut answer = show(&page)?;
            *answer.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}

/// Writes the account; a code stands in addresses and belongs to one account of a provider.
fn put(tx: &mut dyn crm::Tx, account: &mut Account) -> Outcome<()> {
    let refuse = |ru: &str, en: &str| Refusal::new("wrong_values", "Проверьте заполнение полей", "Check the fields").at("code", Label::new(ru, en));
    let word = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-' || letter == b'_';
    if account.code.is_empty() || account.code.len() > 50 || !account.code.bytes().all(word) {
        return Err(refuse(
            "Только латинские буквы, цифры, дефис и подчёркивание, не больше 50",
            "Only latin letters, digits, hyphen and underscore, at most 50",
        )
        .into());
    }
    if tx.account_by_code(&account.provider, &account.code)?.is_some_and(|other| other.id != account.id) {
        return Err(refuse("Такой код уже занят", "This code is taken").into());
    }
    if account.title.is_empty() {
        account.title = account.code.clone();
    }
    tx.put_account(account)
}

#[derive(Deserialize)]
struct Switch {
    on: u8,
}

async fn switch(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(wanted): Form<Switch>) -> Answer {
    work(&web.house, move |house| {
        may(&viewer.rights)?;
        house.transact(move |tx| {
            let mut account = tx.account(AccountId(id))?.ok_or_else(Refusal::not_found)?;
            account.enabled = wanted.on == 1;
            account.secrets = Values::new();
            tx.put_account(&mut account)
        })
    })
    .await?;
    Ok(redirect("/settings/channels"))
}
