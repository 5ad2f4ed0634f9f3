//! Sets the demo's firm up: people with generated passwords, cards, accounts at the played vendors, and the one line of
//! JSON from which scripts learn all of it.

use crate::cli::webhook_address;
use crate::demo::{self, Demo};
use crate::machine::VirtualClock;
use crate::worker::Busy;
use crate::{packs, records, settle};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use crm::pack::{Pack, PackCard, PackRecord, PackUser};
use crm::{Account, AccountId, Actor, Cause, House, ItemRef, Moment, Outcome, Refusal, Rights, Tx, User, UserId, Value, Values, code, kind};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Code of the accounts at the played vendors.
pub const ACCOUNT: &str = "demo";

/// One way to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// What is typed at the door.
    pub login: String,
    /// The generated password.
    pub password: String,
    /// Code of the role.
    pub role: String,
}

/// What a person or a script needs to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// Where the pages are.
    pub url: String,
    /// Who can sign in.
    pub logins: Vec<Login>,
    /// An administrator's incoming webhook, ending in `/`.
    pub webhook: String,
    /// The page with the form.
    pub landing: String,
    /// The page that plays the client.
    pub phone: String,
}

impl Ready {
    /// For a person.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            String::new(),
            format!("  Vekha      {}", self.url),
            format!("  The form   {}", self.landing),
            format!("  The phone  {}", self.phone),
            String::new(),
        ];
        lines.extend(self.logins.iter().map(|login| format!("  {:<9}  {:<10} {}", login.role, login.login, login.password)));
        lines.push(String::new());
        lines
    }

    /// For a script: one JSON object on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("texts become JSON")
    }
}

/// What a restart has to know: passwords and the webhook are told only once.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    logins: Vec<Login>,
    webhook: String,
}

/// Makes whatever is missing, points the accounts at the vendors' present ports, and tells how to begin.
///
/// # Errors
/// Failures of the database; a folder that cannot be written.
pub fn set_up(house: &House, data: &Path, installed: &[String], world: &Demo) -> Outcome<Ready> {
    let path = data.join("demo-logins.json");
    let mut known: Known = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let packs = installed.iter().map(|code| packs::read(code)).collect::<Outcome<Vec<Pack>>>()?;
    for user in packs.iter().flat_map(|pack| &pack.demo.users) {
        if !known.logins.iter().any(|login| login.login == user.login) {
            known.logins.push(take_on(house, user)?);
        }
    }
    keep(&path, &known)?;
    if known.webhook.is_empty() {
        let admin = known.logins.iter().find(|login| login.role == "admin").map(|login| login.login.clone());
        let admin = admin.ok_or_else(|| Refusal::new("no_admin", "В пакетах нет администратора", "The packs hold no administrator"))?;
        // The address without its beginning: the port may be another one next time.
        known.webhook = webhook_address(house, &admin, "crm,user,user_basic,department,task,bizproc", "demo")?.replace(&house.firm.public_url, "");
        keep(&path, &known)?;
    }
    connect(house, world)?;
    let cards: Vec<PackCard> = packs.iter().flat_map(|pack| pack.demo.cards.clone()).collect();
    let records: Vec<PackRecord> = packs.iter().flat_map(|pack| pack.demo.records.clone()).collect();
    lay_out(house, cards, records)?;
    let url = house.firm.public_url.clone();
    Ok(Ready {
        webhook: format!("{url}{}", known.webhook),
        landing: format!("{url}{}", landing(house)?),
        phone: format!("{url}{}", world.page()),
        logins: known.logins,
        url,
    })
}

/// Path of the first form's page.
///
/// # Errors
/// Failures of the database.
pub fn landing(house: &House) -> Outcome<String> {
    let form = house.read(|read| read.accounts())?.into_iter().find(|account| account.provider == "web_form");
    Ok(form.map(|form| format!("/l/{}", form.code)).unwrap_or_default())
}

fn keep(path: &PathBuf, known: &Known) -> Outcome<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let bytes = serde_json::to_vec_pretty(known).expect("texts become JSON");
    let written = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).and_then(|mut file| file.write_all(&bytes));
    written.map_err(|error| crm::Failure::give_up(format!("cannot write the demo's logins: {error}")).into())
}

fn take_on(house: &House, given: &PackUser) -> Outcome<Login> {
    let password = crm::time::random_word(house.chance.as_ref(), 12);
    let hash = team::door::hash_password(house.chance.as_ref(), &password)?;
    let copy = given.clone();
    house.transact(move |tx| {
        let department = tx.departments()?.iter().find(|one| one.code == copy.department).map_or(0, |one| one.id);
        let known = tx.user_by_login(&copy.login)?.unwrap_or_default();
        let mut user = User {
            login: copy.login.clone(),
            first_name: copy.first_name.clone(),
            last_name: copy.last_name.clone(),
            role: copy.role.clone(),
            password_hash: hash.clone(),
            department,
            active: true,
            ..known
        };
        team::staff::hire(tx, &mut user)
    })?;
    Ok(Login { login: given.login.clone(), password, role: given.role.clone() })
}

/// Accounts at the played Twilio and at the played mail server.
fn connect(house: &House, world: &Demo) -> Outcome<()> {
    let at = world.addresses();
    let twilio = Values::from([
        ("account_sid", Value::text(at.account_sid)),
        ("from", Value::text(format!("whatsapp:{}", at.number))),
        ("base_url", Value::text(&at.twilio)),
    ]);
    let smtp = Values::from([
        ("host", Value::text(at.smtp.ip().to_string())),
        ("port", Value::Int(i64::from(at.smtp.port()))),
        ("tls", Value::text("none")),
        ("from", Value::text("info@vekha.example")),
        ("from_name", Value::text("Долговая защита")),
    ]);
    let wanted = [("twilio_whatsapp", "WhatsApp", twilio, Values::from([("auth_token", Value::text(at.auth_token))])), ("smtp", "Почта", smtp, Values::new())];
    house.transact(move |tx| {
        for (provider, title, settings, secrets) in &wanted {
            let id = tx.account_by_code(provider, ACCOUNT)?.map_or(AccountId(0), |account| account.id);
            let about = channels::providers::all().iter().map(|one| one.about()).find(|about| about.code == *provider);
            let accepted = about.map(|about| about.settings.iter().filter(|field| settings.0.contains_key(&field.code)).cloned().collect::<Vec<_>>());
            let settings = crm::field::accept_all(&accepted.unwrap_or_default(), settings)?;
            let mut account = Account {
                id,
                provider: (*provider).to_owned(),
                code: ACCOUNT.to_owned(),
                title: (*title).to_owned(),
                settings,
                secrets: secrets.clone(),
                enabled: true,
            };
            tx.put_account(&mut account)?;
        }
        // All the demo's visitors come from one address.
        for mut form in tx.accounts()?.into_iter().filter(|account| account.provider == "web_form") {
            form.settings.set("per_hour", Value::Int(0));
            tx.put_account(&mut form)?;
        }
        Ok(())
    })
}

/// Clients with their deals, laid out without automation: nobody wants twelve pop-ups at the first sign-in (T7).
fn lay_out(house: &House, cards: Vec<PackCard>, records: Vec<PackRecord>) -> Outcome<()> {
    let now = house.now();
    let done = house.transact(move |tx| {
        if !tx.setting("demo_cards")?.0.is_empty() {
            return Ok(false);
        }
        for card in &cards {
            put_card(tx, card, now)?;
        }
        records::put_all(tx, &records, now)?;
        tx.put_setting("demo_cards", &Values::from([("done", Value::Flag(true))]))?;
        Ok(true)
    })?;
    if done {
        house.transact(|tx| {
            let latest = tx.latest()?;
            tx.advance("automation", latest)
        })?;
    }
    Ok(())
}

fn put_card(tx: &mut dyn Tx, card: &PackCard, now: Moment) -> Outcome<ItemRef> {
    let responsible = tx.user_by_login(&card.responsible)?.map_or(UserId::SYSTEM, |user| user.id);
    let cause = Cause::new(Actor::System, now.minus(Duration::from_secs(card.days_ago * 86_400)));
    let rights = Rights::system();
    let contact = card.contact.clone().with(code::RESPONSIBLE, Value::user(responsible));
    let contact = crm::item::create(tx, &rights, &cause, kind::CONTACT, &contact)?;
    let schema = tx.schema();
    let stage = schema.default_pipeline(kind::DEAL).and_then(|pipeline| pipeline.stages.iter().find(|stage| stage.code == card.stage));
    let stage = stage.ok_or_else(|| Refusal::new("broken_pack", format!("нет стадии {}", card.stage), format!("there is no stage {}", card.stage)))?;
    let deal = card
        .deal
        .clone()
        .with(code::RESPONSIBLE, Value::user(responsible))
        .with(code::CONTACT, Value::Int(contact.id))
        .with(code::STAGE, Value::Int(stage.id.0));
    Ok(crm::item::create(tx, &rights, &cause, kind::DEAL, &deal)?.at())
}

/// The demo's pages: the client's phone and, with the virtual clock, `/demo/clock`.
pub fn router(house: &House, world: &Demo, busy: Busy, clock: Option<Arc<VirtualClock>>) -> Router {
    world.meet(house);
    let pages = demo::router(world);
    match clock {
        Some(clock) => pages.merge(Router::new().route("/demo/clock", get(tell_time).post(move_time)).with_state((house.clone(), busy, clock))),
        None => pages,
    }
}

#[derive(Deserialize)]
struct Wish {
    advance: String,
}

async fn tell_time(State((house, ..)): State<(House, Busy, Arc<VirtualClock>)>) -> Response {
    time(house.now())
}

async fn move_time(State((house, busy, clock)): State<(House, Busy, Arc<VirtualClock>)>, Json(wish): Json<Wish>) -> Response {
    let Some(by) = crm::time::parse_span(&wish.advance).filter(|by| by.as_secs() <= 5 * 366 * 86_400) else {
        return (StatusCode::BAD_REQUEST, "{\"error\":\"advance is a span like 90s, 15m, 2h, 3d, at most five years\"}").into_response();
    };
    let moved = tokio::task::spawn_blocking(move || settle::advance(&house, &busy, &clock, by)).await;
    match moved {
        Ok(Ok(now)) => time(now),
        Ok(Err(fault)) => {
            tracing::warn!(why = fault.describe(), "the clock could not be moved to the end");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn time(now: Moment) -> Response {
    Json(serde_json::json!({ "now": now.timestamp().to_string(), "seconds": now.seconds() })).into_response()
}
