//! One employee: who he is, his place, his absence, his sessions; and a new one, who is invited by a link.

use super::{HERE, Pick, colleagues, departments, dismissal::Progress, framed, history};
use crate::pages::login::redirect;
use crate::pages::{Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use crm::{Fault, House, Lang, Moment, Outcome, Read, Refusal, User, UserId};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;
use team::directory::Directory;

pub(crate) fn page() -> Page {
    Page {
        code: "employee",
        menu: None,
        routes: || {
            Router::new()
                .route("/settings/staff/new", get(blank).post(employ))
                .route("/settings/staff/{id}", get(card).post(save))
                .route("/settings/staff/{id}/sessions", post(end_sessions))
        },
    }
}

/// A session as a line.
struct Sitting {
    remote: String,
    agent: String,
    since: Moment,
}

#[derive(Template)]
#[template(path = "people_employee.html")]
struct EmployeePage {
    view: View,
    user: User,
    /// `new`, or as in the list.
    state: &'static str,
    error: Option<String>,
    saved: bool,
    roles: Vec<Pick>,
    places: Vec<Pick>,
    substitutes: Vec<Pick>,
    away_from: String,
    away_until: String,
    leads: Vec<(i64, String)>,
    stands_for: Vec<(i64, String)>,
    office: String,
    sessions: Vec<Sitting>,
    link: Option<String>,
    progress: Option<Progress>,
    own: bool,
    history: Vec<history::Line>,
}

#[derive(Deserialize, Default)]
struct Asked {
    #[serde(default)]
    invite: String,
    #[serde(default)]
    saved: String,
    #[serde(default)]
    department: i64,
}

#[derive(Deserialize, Default)]
struct Given {
    #[serde(default)]
    login: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    post: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    substitute: String,
    #[serde(default)]
    away_from: String,
    #[serde(default)]
    away_until: String,
}

impl Given {
    fn put_into(&self, user: &mut User, zone: &TimeZone) {
        let text = |text: &str| text.trim().to_owned();
        user.login = text(&self.login);
        user.first_name = text(&self.first_name);
        user.last_name = text(&self.last_name);
        user.post = text(&self.post);
        user.phone = crm::point::phone(&self.phone).unwrap_or_else(|| text(&self.phone));
        user.email = text(&self.email);
        user.role.clone_from(&self.role);
        user.lang = Lang::from_code(&self.lang).unwrap_or(user.lang);
        user.department = self.department.parse().unwrap_or(0);
        user.substitute = UserId(self.substitute.parse().unwrap_or(0));
        user.away_from = day(&self.away_from, Time::midnight(), zone);
        // The last day of an absence is a whole one.
        user.away_until = day(&self.away_until, Time::constant(23, 59, 59, 0), zone);
    }
}

fn day(text: &str, time: Time, zone: &TimeZone) -> Option<Moment> {
    let date: Date = text.trim().parse().ok()?;
    date.to_datetime(time).to_zoned(zone.clone()).ok().map(|zoned| Moment::from_timestamp(zoned.timestamp()))
}

fn date_of(at: Option<Moment>, zone: &TimeZone) -> String {
    at.map(|at| at.timestamp().to_zoned(zone.clone()).date().to_string()).unwrap_or_default()
}

async fn blank(State(web): State<Web>, viewer: Viewer, Query(asked): Query<Asked>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let user = User { active: true, lang: house.firm.lang, department: asked.department, ..User::default() };
            build(house, read, &viewer, user, None)
        })
    })
    .await?;
    show(&page)
}

async fn card(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Query(asked): Query<Asked>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            super::demand_admin(&viewer)?;
            let user = read.user(UserId(id))?.ok_or_else(Refusal::not_found)?;
            let link = (!asked.invite.is_empty() && user.active)
                .then(|| format!("{}/invite/{}", house.firm.public_url, team::invitation::invite(&house.firm, &user, house.now())));
            let page = build(house, read, &viewer, user, None)?;
            Ok(EmployeePage { link, saved: !asked.saved.is_empty(), ..page })
        })
    })
    .await?;
    show(&page)
}

fn build(house: &House, read: &dyn Read, viewer: &Viewer, mut user: User, refusal: Option<&Refusal>) -> Outcome<EmployeePage> {
    let view = framed(house, read, viewer)?;
    let directory = Directory::committed(read)?;
    let mut roles: Vec<Pick> = directory.roles.values().map(|role| Pick::new(role.code.clone(), role.title.get(view.lang), role.code == user.role)).collect();
    roles.sort_by_key(|pick| pick.title.to_lowercase());
    let led = directory.departments.values().filter(|one| one.head == user.id && user.id.0 != 0);
    let waiting = directory.users.values().filter(|one| one.active && one.substitute == user.id && user.id.0 != 0);
    let known = user.id.0 != 0;
    let zone = &house.firm.zone;
    user.password_hash.clear();
    Ok(EmployeePage {
        state: if known { super::staff::state(&directory, &user, view.now) } else { "new" },
        error: refusal.map(|refusal| refusal.explain(view.lang)),
        saved: false,
        roles,
        places: departments(&directory, view.lang, user.department, &Default::default()),
        substitutes: colleagues(&directory, user.substitute, user.id),
        away_from: date_of(user.away_from, zone),
        away_until: date_of(user.away_until, zone),
        leads: led.map(|one| (one.id, one.title.get(view.lang).to_owned())).collect(),
        stands_for: waiting.map(|one| (one.id.0, one.name())).collect(),
        office: directory.departments.get(&directory.office_of(user.department)).map(|one| one.title.get(view.lang).to_owned()).unwrap_or_default(),
        sessions: match known {
            true => read
                .sessions_of(user.id, view.now)?
                .into_iter()
                .map(|one| Sitting { remote: one.remote, agent: browser(&one.agent), since: one.created })
                .collect(),
            false => Vec::new(),
        },
        link: None,
        progress: if known { Progress::of(read, &view, &directory, user.id)? } else { None },
        own: user.id == viewer.user.id,
        history: if known { history::lines(read, &view, &directory, team::journal::of_user(user.id))? } else { Vec::new() },
        user,
        view,
    })
}

/// "Firefox, Windows" out of what a browser calls itself.
fn browser(agent: &str) -> String {
    let pick = |words: &[(&'static str, &'static str)]| words.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let name =
        pick(&[("YaBrowser", "Яндекс Браузер"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]);
    let system = pick(&[("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

async fn employ(State(web): State<Web>, viewer: Viewer, Form(given): Form<Given>) -> Answer {
    answer(&web, viewer, move |house, viewer| {
        let mut user = User { active: true, ..User::default() };
        given.put_into(&mut user, &house.firm.zone);
        let (cause, wanted) = (viewer.cause(house.now()), user.clone());
        let made = house.transact(move |tx| {
            let mut user = wanted.clone();
            team::staff::employ(tx, &cause, &mut user)?;
            Ok(user.id)
        });
        Ok((made.map(|id| format!("{HERE}/{id}?invite=1")), user))
    })
    .await
}

async fn save(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(given): Form<Given>) -> Answer {
    answer(&web, viewer, move |house, viewer| {
        let mut user = house.read(|read| read.user(UserId(id)))?.ok_or_else(Refusal::not_found)?;
        given.put_into(&mut user, &house.firm.zone);
        let (cause, wanted) = (viewer.cause(house.now()), user.clone());
        let saved = house.transact(move |tx| team::staff::change(tx, &cause, &mut wanted.clone()));
        Ok((saved.map(|()| format!("{HERE}/{id}?saved=1")), user))
    })
    .await
}

/// Goes on to an address, or shows the form again with what was typed and why it was refused.
async fn answer(web: &Web, viewer: Viewer, act: impl FnOnce(&House, &Viewer) -> Outcome<(Outcome<String>, User)> + Send + 'static) -> Answer {
    let done = work(&web.house, move |house| {
        super::demand_admin(&viewer)?;
        match act(house, &viewer)? {
            (Ok(href), _) => Ok(Ok(href)),
            (Err(Fault::Refused(refusal)), user) => Ok(Err(house.read(|read| build(house, read, &viewer, user.clone(), Some(&refusal)))?)),
            (Err(failed), _) => Err(failed),
        }
    })
    .await?;
    match done {
        Ok(href) => Ok(redirect(&href)),
        Err(page) => {
            let mut answer = show(&page)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}

async fn end_sessions(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    work(&web.house, move |house| {
        super::demand_admin(&viewer)?;
        house.transact(move |tx| tx.end_sessions_of(UserId(id)))
    })
    .await?;
    Ok(redirect(&format!("{HERE}/{id}")))
}
