//! Dismissing somebody: what he leaves behind, who takes it over, how far it has come, and taking it back.

use super::{HERE, framed};
use crate::answers::Person;
use crate::pages::login::redirect;
use crate::pages::{Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use crm::{Cause, Fault, House, Outcome, Read, Refusal, UserId};
use team::directory::Directory;
use team::dismissal::{self, Dismissal, State as Stage};

pub(crate) fn page() -> Page {
    Page {
        code: "dismissal",
        menu: None,
        routes: || {
            Router::new()
                .route("/settings/staff/{id}/dismiss", get(ask).post(begin))
                .route("/settings/staff/{id}/dismissal", get(progress))
                .route("/settings/staff/{id}/dismissal/go-on", post(go_on))
                .route("/settings/staff/{id}/dismissal/undo", post(undo))
        },
    }
}

/// Records handed over in one transaction.
const AT_ONCE: u32 = 200;

/// How far a dismissal has come, for the card of the employee.
pub(super) struct Progress {
    pub id: i64,
    /// `running`, `done`, `undoing`, `undone`.
    pub state: &'static str,
    pub moved: i64,
    pub total: i64,
    pub percent: i64,
    pub heirs: String,
    pub at: crm::Moment,
}

impl Progress {
    pub fn of(read: &dyn Read, view: &View, directory: &Directory, user: UserId) -> Outcome<Option<Progress>> {
        let name = |user: &UserId| directory.users.get(user).map_or_else(|| view.t("people-nothing"), crm::User::name);
        Ok(dismissal::of(read, user)?.map(|one: Dismissal| Progress {
            id: user.0,
            state: one.state.code(),
            moved: one.moved,
            total: one.total,
            percent: (one.moved * 100).checked_div(one.total).unwrap_or(100).clamp(0, 100),
            heirs: one.heirs.iter().map(name).collect::<Vec<_>>().join(", "),
            at: one.at,
        }))
    }
}

#[derive(Template)]
#[template(path = "people_progress.html")]
struct ProgressPiece {
    view: View,
    progress: Progress,
}

/// A possible heir.
struct Heir {
    person: Person,
    place: String,
    near: bool,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "people_dismiss.html")]
struct DismissPage {
    view: View,
    id: i64,
    name: String,
    error: Option<String>,
    groups: Vec<(String, String)>,
    total: u64,
    leads: Vec<String>,
    rules: Vec<(String, String, String)>,
    webhooks: usize,
    stands_for: Vec<String>,
    heirs: Vec<Heir>,
}

async fn ask(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let page = work(&web.house, move |house| house.read(|read| build(house, read, &viewer, UserId(id), &[], None))).await?;
    show(&page)
}

fn build(house: &House, read: &dyn Read, viewer: &Viewer, user: UserId, chosen: &[UserId], refusal: Option<&Refusal>) -> Outcome<DismissPage> {
    let view = framed(house, read, viewer)?;
    let directory = Directory::committed(read)?;
    let leaver = directory.users.get(&user).filter(|user| user.active).ok_or_else(Refusal::not_found)?;
    let estate = dismissal::estate(read, user)?;
    let schema = read.schema();
    let place = |id: i64| directory.departments.get(&id).map(|one| one.title.get(view.lang).to_owned()).unwrap_or_default();
    let mut heirs: Vec<Heir> = directory
        .users
        .values()
        .filter(|one| one.active && one.id != user)
        .map(|one| Heir {
            person: Person::named(one.id, one.name()),
            place: place(one.department),
            near: one.department == leaver.department && one.department != 0,
            chosen: chosen.contains(&one.id),
        })
        .collect();
    heirs.sort_by_key(|heir| (!heir.near, heir.person.name.to_lowercase()));
    let title = |kind| schema.kind(kind).map(|shape| shape.plural.get(view.lang).to_owned()).unwrap_or_default();
    let grouped = |number: u64| crm::format::grouped(number, if view.lang == crm::Lang::Ru { '\u{a0}' } else { ',' });
    Ok(DismissPage {
        id: user.0,
        name: leaver.name(),
        error: refusal.map(|refusal| refusal.explain(view.lang)),
        groups: estate.groups.iter().map(|(kind, count)| (title(*kind), format!("{}{}", grouped(count.counted), if count.more { "+" } else { "" }))).collect(),
        total: estate.groups.iter().map(|(_, count)| count.counted).sum(),
        leads: estate.leads.iter().map(|one| one.title.get(view.lang).to_owned()).collect(),
        rules: estate
            .rules
            .iter()
            .map(|rule| {
                let href = schema.kind(rule.kind).map(|shape| format!("/{}/robots", crate::view::slug(shape))).unwrap_or_default();
                (rule.title.clone(), rule.place.get(view.lang).to_owned(), href)
            })
            .collect(),
        webhooks: estate.webhooks,
        stands_for: estate.stands_for.iter().filter_map(|id| directory.users.get(id)).map(crm::User::name).collect(),
        heirs,
        view,
    })
}

async fn begin(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>, Form(given): Form<Vec<(String, String)>>) -> Answer {
    let heirs: Vec<UserId> = given.iter().filter(|(name, _)| name == "heir").filter_map(|(_, id)| id.parse().ok().map(UserId)).collect();
    let cause = viewer.cause(web.house.now());
    let begun = work(&web.house, {
        let cause = cause.clone();
        move |house| {
            super::demand_admin(&viewer)?;
            let wanted = heirs.clone();
            match house.transact(move |tx| dismissal::begin(tx, &cause, UserId(id), &wanted)) {
                Ok(one) => Ok(Ok(one)),
                Err(Fault::Refused(refusal)) if refusal.code != "not_found" => {
                    Ok(Err(house.read(|read| build(house, read, &viewer, UserId(id), &heirs, Some(&refusal)))?))
                }
                Err(fault) => Err(fault),
            }
        }
    })
    .await?;
    match begun {
        Ok(one) => {
            carry_on(&web, cause, &one);
            Ok(redirect(&format!("{HERE}/{id}")))
        }
        Err(page) => {
            let mut answer = show(&page)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}

/// Goes on step by step beside the requests. If the program ends meanwhile, the card offers to go on.
fn carry_on(web: &Web, cause: Cause, one: &Dismissal) {
    if !one.state.goes_on() {
        return;
    }
    let (house, user) = (web.house.clone(), one.user);
    tokio::task::spawn_blocking(move || {
        loop {
            let cause = Cause { at: house.now(), ..cause.clone() };
            match house.transact(move |tx| dismissal::step(tx, &cause, user, AT_ONCE)) {
                Ok(one) if one.state.goes_on() => {}
                Ok(_) => return,
                Err(fault) => {
                    tracing::warn!(user = user.0, why = fault.describe(), "a dismissal stopped halfway");
                    return;
                }
            }
        }
    });
}

async fn progress(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            super::demand_admin(&viewer)?;
            let view = View::piece(house, &viewer);
            let directory = Directory::committed(read)?;
            let progress = Progress::of(read, &view, &directory, UserId(id))?.ok_or_else(Refusal::not_found)?;
            Ok(ProgressPiece { view, progress })
        })
    })
    .await?;
    show(&piece)
}

async fn go_on(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let cause = viewer.cause(web.house.now());
    let one = work(&web.house, move |house| {
        super::demand_admin(&viewer)?;
        house.read(|read| dismissal::of(read, UserId(id)))?.ok_or_else(|| Refusal::not_found().into())
    })
    .await?;
    carry_on(&web, cause, &one);
    Ok(redirect(&format!("{HERE}/{id}")))
}

async fn undo(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let cause = viewer.cause(web.house.now());
    let one = work(&web.house, {
        let cause = cause.clone();
        move |house| {
            super::demand_admin(&viewer)?;
            house.transact(move |tx| dismissal::undo(tx, &cause, UserId(id)))
        }
    })
    .await?;
    debug_assert!(matches!(one.state, Stage::Undoing | Stage::Undone));
    carry_on(&web, cause, &one);
    Ok(redirect(&format!("{HERE}/{id}")))
}
