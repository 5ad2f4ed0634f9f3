//! The list of the staff: found by name, phone, role, place and state.

use super::{HERE, Pick, departments, framed};
use crate::answers::Person;
use crate::pages::{Entry, Page, show};
use crate::trouble::percent;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::routing::get;
use crm::{House, Moment, Outcome, Read, User};
use serde::Deserialize;
use team::directory::Directory;

pub(crate) fn page() -> Page {
    Page {
        code: "staff",
        menu: Some(Entry { title: "people-tab", icon: "users", href: HERE, shown: |rights| rights.admin }),
        routes: || Router::new().route(HERE, get(list)),
    }
}

const PER_PAGE: usize = 100;

#[derive(Deserialize, Default)]
struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    from: usize,
}

/// One employee as a line.
struct Line {
    id: i64,
    person: Person,
    login: String,
    post: String,
    phone: String,
    email: String,
    role: String,
    department: String,
    office: String,
    /// `here`, `away`, `left`, `waits` (no password yet).
    state: &'static str,
    until: Option<Moment>,
}

#[derive(Template)]
#[template(path = "people_staff.html")]
struct StaffPage {
    view: View,
    tab: &'static str,
    q: String,
    roles: Vec<Pick>,
    places: Vec<Pick>,
    states: Vec<Pick>,
    narrowed: bool,
    found: usize,
    lines: Vec<Line>,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "people_staff_rows.html")]
struct Rows {
    view: View,
    lines: Vec<Line>,
    more: Option<String>,
}

async fn list(State(web): State<Web>, viewer: Viewer, Query(wanted): Query<Wanted>, headers: HeaderMap) -> Answer {
    let piece = headers.contains_key("hx-request") && wanted.from > 0;
    let page = work(&web.house, move |house| house.read(|read| build(house, read, &viewer, &wanted))).await?;
    match piece {
        true => show(&Rows { view: page.view, lines: page.lines, more: page.more }),
        false => show(&page),
    }
}

fn build(house: &House, read: &dyn Read, viewer: &Viewer, wanted: &Wanted) -> Outcome<StaffPage> {
    let view = framed(house, read, viewer)?;
    let directory = Directory::committed(read)?;
    let department: i64 = wanted.department.parse().unwrap_or(0);
    let below = directory.tree(department);
    let needle = wanted.q.trim().to_lowercase();
    let mut users: Vec<&User> = directory
        .users
        .values()
        .filter(|user| {
            let state = state(&directory, user, view.now);
            let fits = match wanted.state.as_str() {
                "" => state != "left",
                "all" => true,
                one => state == one,
            };
            fits && (wanted.role.is_empty() || user.role == wanted.role) && (department == 0 || below.contains(&user.department)) && is_called(user, &needle)
        })
        .collect();
    users.sort_by_key(|user| (user.last_name.to_lowercase(), user.first_name.to_lowercase(), user.id));
    let found = users.len();
    let lines: Vec<Line> = users.into_iter().skip(wanted.from).take(PER_PAGE).map(|user| line(&directory, user, &view)).collect();
    let next = wanted.from + lines.len();
    let more = (next < found).then(|| {
        format!(
            "{HERE}?q={}&role={}&department={}&state={}&from={next}",
            percent(&wanted.q),
            percent(&wanted.role),
            percent(&wanted.department),
            percent(&wanted.state)
        )
    });
    let mut roles: Vec<Pick> = directory.roles.values().map(|role| Pick::new(role.code.clone(), role.title.get(view.lang), role.code == wanted.role)).collect();
    roles.sort_by_key(|pick| pick.title.to_lowercase());
    let states = ["", "here", "away", "waits", "left", "all"].map(|code| {
        let key = format!("people-state-{}", if code.is_empty() { "present" } else { code });
        Pick::new(code, view.t(&key), code == wanted.state)
    });
    Ok(StaffPage {
        tab: "staff",
        q: wanted.q.clone(),
        roles,
        places: departments(&directory, view.lang, department, &Default::default()),
        states: states.into(),
        narrowed: !needle.is_empty() || !wanted.role.is_empty() || department != 0 || !wanted.state.is_empty(),
        found,
        lines,
        more,
        view,
    })
}

/// `here`, `away`, `left`, `waits`.
pub(super) fn state(directory: &Directory, user: &User, now: Moment) -> &'static str {
    match user {
        user if !user.active => "left",
        user if user.is_away(now) => "away",
        user if directory.without_password.contains(&user.id) => "waits",
        _ => "here",
    }
}

/// Every word of the search stands somewhere in what he is called by.
fn is_called(user: &User, needle: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let phone = digits(&user.phone);
    let text = format!("{} {} {} {} {} {phone}", user.last_name, user.first_name, user.login, user.email, user.post).to_lowercase();
    needle.split_whitespace().all(|word| text.contains(word) || (digits(word).len() >= 3 && phone.contains(&digits(word))))
}

fn line(directory: &Directory, user: &User, view: &View) -> Line {
    let title = |id: i64| directory.departments.get(&id).map(|one| one.title.get(view.lang).to_owned()).unwrap_or_default();
    let office = directory.office_of(user.department);
    Line {
        id: user.id.0,
        person: Person::named(user.id, user.name()),
        login: user.login.clone(),
        post: user.post.clone(),
        phone: if user.phone.is_empty() { String::new() } else { crm::format::phone(&user.phone) },
        email: user.email.clone(),
        role: directory.roles.get(&user.role).map_or_else(|| user.role.clone(), |role| role.title.get(view.lang).to_owned()),
        department: title(user.department),
        office: if office == user.department { String::new() } else { title(office) },
        state: state(directory, user, view.now),
        until: user.away_until,
    }
}
