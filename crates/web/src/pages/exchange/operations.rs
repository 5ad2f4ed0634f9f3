//! Operations: one's own, for an administrator everybody's; each with its progress, what did not work, and the way back.

use super::{download, onward};
use crate::answers::{Answers, Person};
use crate::pages::{Entry, Page, show};
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use crm::{House, Moment, Outcome, Read};
use exchange::operations::{self, Note, Operation, State as Stands, UNDO_FOR};
use exchange::{Act, import};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "operations",
        menu: Some(Entry { title: "operations-title", icon: "list-check", href: "/operations", shown: |_| true }),
        routes: || {
            Router::new()
                .route("/operations", get(list))
                .route("/operations/{id}", get(one))
                .route("/operations/{id}/progress", get(progress))
                .route("/operations/{id}/errors", get(errors))
                .route("/operations/{id}/stop", post(stop))
                .route("/operations/{id}/undo", post(undo))
        },
    }
}

/// Operations of a page.
const PER_PAGE: u32 = 50;
/// Reasons shown on the page; the rest stands in the file.
const REASONS: usize = 1_000;

/// An operation as its page shows it.
struct Shown {
    id: i64,
    href: String,
    title: String,
    /// "Deals".
    kind: String,
    who: Person,
    state: &'static str,
    state_title: String,
    going: bool,
    total: Option<i64>,
    seen: i64,
    percent: i64,
    done: i64,
    made: i64,
    is_import: bool,
    skipped: i64,
    failed: i64,
    undone: i64,
    kept: i64,
    quiet: bool,
    reason: String,
    begun: Option<Moment>,
    ended: Option<Moment>,
    may_stop: bool,
    may_undo: bool,
}

fn shown(view: &View, answers: &Answers<'_>, operation: &Operation) -> Shown {
    let shape = answers.schema.kind(operation.plan.kind);
    let (state, values) = (operation.state, &operation.item.values);
    let undoing = matches!(state, Stands::Undoing | Stands::Undone);
    let chain = operation.count("done");
    let (seen, total) = if undoing { (operation.count("undone") + operation.count("kept"), Some(chain)) } else { (operation.seen(), operation.total()) };
    let percent = total.filter(|total| *total > 0).map_or(0, |total| (seen * 100 / total).clamp(0, 100));
    let ended = values.moment("ended_at");
    let young = ended.is_some_and(|ended| view.now.since(ended) <= UNDO_FOR);
    let is_import = matches!(operation.plan.act, Act::Import(_));
    Shown {
        id: operation.item.id,
        href: match (state, shape) {
            (Stands::Draft, Some(shape)) => format!("/{}/import/{}", slug(shape), operation.item.id),
            _ => format!("/operations/{}", operation.item.id),
        },
        title: operation.plan.act.title().get(view.lang).to_owned(),
        kind: shape.map(|shape| shape.plural.get(view.lang).to_owned()).unwrap_or_default(),
        who: answers.person(operation.starter()),
        state: state.code(),
        state_title: view.t(&format!("operation-{}", state.code())),
        going: state.is_going(),
        total,
        seen,
        percent: if state.is_going() { percent } else { 100 },
        done: operation.count("done"),
        made: operation.count("made"),
        is_import,
        skipped: operation.count("skipped"),
        failed: operation.count("failed"),
        undone: operation.count("undone"),
        kept: operation.count("kept"),
        quiet: operation.plan.quiet,
        reason: values.text("reason").to_owned(),
        begun: values.moment(crm::code::CREATED_AT),
        ended,
        may_stop: matches!(state, Stands::Waiting | Stands::Running),
        may_undo: young && chain > 0 && matches!(state, Stands::Done | Stands::Failed | Stands::Cancelled),
    }
}

#[derive(Template)]
#[template(path = "operations.html")]
struct ListPage {
    view: View,
    lines: Vec<Shown>,
    more: Option<String>,
    may_export_all: bool,
}

#[derive(Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn list(State(web): State<Web>, viewer: Viewer, Query(place): Query<Before>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let view = View::framed(house, read, &viewer, "/operations")?;
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let operations = operations::list(read, &viewer.rights, place.before, PER_PAGE)?;
            let last = operations.last().filter(|_| operations.len() == PER_PAGE as usize).map(|one| format!("/operations?before={}", one.item.id));
            let lines = operations.iter().map(|operation| shown(&view, &answers, operation)).collect();
            Ok(ListPage { lines, more: last, may_export_all: viewer.rights.admin, view })
        })
    })
    .await?;
    show(&page)
}

/// Why a record was left as it was.
struct Reason {
    at: i64,
    href: String,
    title: String,
    why: String,
}

fn reasons(view: &View, read: &dyn Read, operation: &Operation, undo: bool) -> Outcome<Vec<Reason>> {
    let is_import = matches!(operation.plan.act, Act::Import(_));
    let slug = read.schema().kind(operation.plan.kind).map(slug).unwrap_or_default();
    let of = |note: Note| Reason {
        at: note.at,
        href: if is_import && !undo { String::new() } else { format!("/{slug}/{}", note.at) },
        title: note.title,
        why: note.why.get(view.lang).to_owned(),
    };
    Ok(operations::notes(read, operation.item.id, undo, REASONS)?.into_iter().map(of).collect())
}

#[derive(Template)]
#[template(path = "operation.html")]
struct OnePage {
    view: View,
    one: Shown,
    home: String,
    file: String,
    failed: Vec<Reason>,
    kept: Vec<Reason>,
}

#[derive(Template)]
#[template(path = "operation_progress.html")]
struct ProgressPiece {
    view: View,
    one: Shown,
    file: String,
    failed: Vec<Reason>,
    kept: Vec<Reason>,
}

async fn one(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            let operation = operations::open(read, &viewer.rights, id)?;
            let view = View::framed(house, read, &viewer, "/operations")?;
            let (one, file, failed, kept) = parts(&view, read, &viewer, &operation)?;
            let home = read.schema().kind(operation.plan.kind).map(|shape| format!("/{}", slug(shape))).unwrap_or_default();
            Ok(OnePage { one, home, file, failed, kept, view })
        })
    })
    .await?;
    show(&page)
}

type Parts = (Shown, String, Vec<Reason>, Vec<Reason>);

fn parts(view: &View, read: &dyn Read, viewer: &Viewer, operation: &Operation) -> Outcome<Parts> {
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let one = shown(view, &answers, operation);
    let failed = if one.failed > 0 { reasons(view, read, operation, false)? } else { Vec::new() };
    let kept = if one.kept > 0 { reasons(view, read, operation, true)? } else { Vec::new() };
    let file = match &operation.plan.act {
        Act::Import(plan) => read.file(crm::FileId(plan.file))?.map(|file| file.name).unwrap_or_default(),
        _ => String::new(),
    };
    Ok((one, file, failed, kept))
}

/// The moving part of the page; it asks for itself again as long as something goes on.
async fn progress(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let operation = operations::open(read, &viewer.rights, id)?;
            let view = View::piece(house, &viewer);
            let (one, file, failed, kept) = parts(&view, read, &viewer, &operation)?;
            Ok(ProgressPiece { one, file, failed, kept, view })
        })
    })
    .await?;
    show(&piece)
}

/// What did not work, as a file.
async fn errors(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    let operation = work(&web.house, {
        let rights = viewer.rights.clone();
        move |house| house.read(|read| operations::open(read, &rights, id))
    })
    .await?;
    let xlsx = matches!(&operation.plan.act, Act::Import(plan) if plan.source.format == import::Format::Xlsx);
    let form = if xlsx { exchange::export::Form::Xlsx } else { exchange::export::Form::Csv };
    let name = format!("errors-{id}.{}", form.code());
    let lang = viewer.lang;
    Ok(download(&web.house, &name, form.mime(), move |house, to| import::faulty(house, &viewer.rights, id, lang, to).map(drop)))
}

async fn turn(web: &Web, viewer: Viewer, id: i64, turn: fn(&mut dyn crm::Tx, &crm::Rights, &crm::Cause, i64) -> Outcome<crm::Item>) -> Answer {
    work(&web.house, move |house: &House| {
        let (rights, cause) = (viewer.rights.clone(), viewer.cause(house.now()));
        house.transact(move |tx| turn(tx, &rights, &cause, id).map(drop))
    })
    .await?;
    onward(&format!("/operations/{id}"))
}

async fn stop(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    turn(&web, viewer, id, operations::cancel).await
}

async fn undo(State(web): State<Web>, viewer: Viewer, Path(id): Path<i64>) -> Answer {
    turn(&web, viewer, id, operations::undo).await
}
