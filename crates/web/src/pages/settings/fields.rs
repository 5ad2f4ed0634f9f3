//! Fields of a type: the form at the side, saving, order, taking away.

use super::field_form::{self, FieldForm};
use super::sent::Sent;
use super::types::removed;
use super::uses::{self, UseLine};
use super::{change, done, shape_of};
use crate::answers::Answers;
use crate::pages::show;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::routing::{get, post};
use crm::constructor::{self, Subject};
use crm::{EntityType, Field, House, Outcome, Read, Refusal};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/settings/types/{code}/fields/new", get(blank).post(add))
        .route("/settings/types/{code}/fields/{field}", get(one).post(save))
        .route("/settings/types/{code}/fields/{field}/remove", post(remove))
        .route("/settings/types/{code}/fields/{field}/kind", get(kind_form).post(change_kind))
        .route("/settings/types/{code}/fields/{field}/kind/look", post(look_kind))
        .route("/settings/types/{code}/fields/{field}/kind/go-on", post(go_on))
        .route("/settings/types/{code}/order", post(order))
}

#[derive(Template)]
#[template(path = "settings_field.html")]
struct FieldPiece {
    view: View,
    action: String,
    type_title: String,
    form: FieldForm,
    is_new: bool,
    common: bool,
    /// The program works with it: it stays, and stays what it is.
    fixed: bool,
    /// The form asks for another kind of the same field.
    turns: bool,
    title_en: String,
    help_en: String,
    tab_en: String,
    uses: Vec<UseLine>,
    comparable: String,
}

fn piece(house: &House, read: &dyn Read, viewer: &Viewer, shape: &EntityType, field: &Field, is_new: bool) -> Outcome<FieldPiece> {
    let view = View::piece(house, viewer);
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let form = field_form::form(&answers, shape, field)?;
    let subject = Subject::Field { kind: shape.id, code: field.code.clone() };
    Ok(FieldPiece {
        action: format!("/settings/types/{}/fields/{}", shape.code, if is_new { "new" } else { &field.code }),
        type_title: shape.plural.get(viewer.lang).to_owned(),
        common: !is_new && constructor::is_common(shape, &field.code),
        fixed: constructor::is_fixed(shape, &field.code),
        title_en: field_form::same_or(&field.title),
        help_en: field_form::same_or(&field.help),
        tab_en: field_form::same_or(&field.tab),
        uses: if is_new { Vec::new() } else { uses::lines(read, &viewer.rights, &subject, viewer.lang)? },
        comparable: form.comparable.to_string().replace('<', "\\u003c"),
        is_new,
        turns: false,
        form,
        view,
    })
}

async fn blank(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>) -> Answer {
    let drawn = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &code)?;
            piece(house, read, &viewer, &shape, &<Field as Default>::default(), true)
        })
    })
    .await?;
    show(&drawn)
}

async fn one(State(web): State<Web>, viewer: Viewer, Path((code, field)): Path<(String, String)>) -> Answer {
    let drawn = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &code)?;
            let known = shape.field(&field).ok_or_else(Refusal::not_found)?;
            piece(house, read, &viewer, &shape, known, false)
        })
    })
    .await?;
    show(&drawn)
}

async fn add(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    put(web, viewer, code, None, Sent(sent)).await
}

async fn save(State(web): State<Web>, viewer: Viewer, Path((code, field)): Path<(String, String)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    put(web, viewer, code, Some(field), Sent(sent)).await
}

async fn put(web: Web, viewer: Viewer, code: String, was: Option<String>, sent: Sent) -> Answer {
    let (lang, zone) = (viewer.lang, web.house.firm.zone.clone());
    let saved = change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let known = match &was {
            Some(code) => Some(shape.field(code).ok_or_else(Refusal::not_found)?),
            None => None,
        };
        let field = field_form::given(&sent, &shape, known, lang, &zone)?;
        constructor::put_field(tx, rights, now, shape.id, was.as_deref(), field)
    })
    .await?;
    done(serde_json::json!({ "code": saved }))
}

async fn order(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let order: Vec<String> = sent.all("code").into_iter().map(str::to_owned).collect();
        constructor::order_fields(tx, rights, now, shape.id, &order)
    })
    .await?;
    done(serde_json::json!({}))
}

async fn remove(State(web): State<Web>, viewer: Viewer, Path((code, field)): Path<(String, String)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let (lang, sent) = (viewer.lang, Sent(sent));
    let back = format!("/settings/types/{code}?tab=fields");
    let used = change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let used = uses::lines(tx.read(), rights, &Subject::Field { kind: shape.id, code: field.clone() }, lang)?;
        if used.is_empty() {
            let answers = if sent.on("with_answers") { constructor::Answers::Lose } else { constructor::Answers::Keep };
            constructor::remove_field(tx, rights, now, shape.id, &field, answers, &uses::asks)?;
        }
        Ok(used)
    })
    .await?;
    removed(&used, &back)
}

async fn kind_form(State(web): State<Web>, viewer: Viewer, Path((code, field)): Path<(String, String)>) -> Answer {
    let drawn = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &code)?;
            let known = shape.field(&field).ok_or_else(Refusal::not_found)?;
            let piece = piece(house, read, &viewer, &shape, known, false)?;
            Ok(FieldPiece { action: format!("{}/kind", piece.action), turns: true, uses: Vec::new(), ..piece })
        })
    })
    .await?;
    show(&drawn)
}

/// The field with the kind that the form asks for; everything else stays.
fn turned(sent: &Sent, shape: &EntityType, code: &str, lang: crm::Lang, zone: &jiff::tz::TimeZone) -> Outcome<Field> {
    let known = shape.field(code).ok_or_else(Refusal::not_found)?;
    let wanted = field_form::given(sent, shape, Some(known), lang, zone)?;
    let (kind, multiple, lenient) = (wanted.kind, wanted.multiple, wanted.lenient);
    // Bounds and the default answer of the old kind mean nothing to the new one.
    Ok(Field { kind, multiple, lenient, unique: false, default: crm::Value::Null, least: None, most: None, read_only: false, ..known.clone() })
}

/// What would become of the answers.
async fn look_kind(State(web): State<Web>, viewer: Viewer, Path((code, field)): Path<(String, String)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    let (zone, lang) = (web.house.firm.zone.clone(), viewer.lang);
    let found = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &code)?;
            constructor::preview_kind(read, &viewer.rights, shape.id, &turned(&sent, &shape, &field, lang, &zone)?)
        })
    })
    .await?;
    let examples: Vec<_> = found.examples.iter().map(|one| serde_json::json!({ "id": one.item.id, "answer": one.answer, "why": one.why.get(lang) })).collect();
    done(serde_json::json!({
        "filled": found.filled.counted, "more": found.filled.more, "looked": found.looked, "converts": found.converts, "left": found.left, "examples": examples,
    }))
}

async fn change_kind(State(web): State<Web>, viewer: Viewer, Path((code, field)): Path<(String, String)>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let (sent, zone, lang) = (Sent(sent), web.house.firm.zone.clone(), viewer.lang);
    let go_on = format!("/settings/types/{code}/fields/{field}/kind/go-on");
    let came = change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        constructor::change_kind(tx, rights, now, shape.id, &turned(&sent, &shape, &field, lang, &zone)?)
    })
    .await?;
    done(serde_json::json!({ "go_on": (came != constructor::Turning::Done).then_some(go_on) }))
}

async fn go_on(State(web): State<Web>, viewer: Viewer, Path((code, field)): Path<(String, String)>) -> Answer {
    let came = change(&web, &viewer, move |tx, rights, _| {
        let shape = shape_of(tx.read(), rights, &code)?;
        constructor::go_on_turning(tx, rights, shape.id, &field)
    })
    .await?;
    done(match came {
        constructor::Turning::Done => serde_json::json!({ "more": false }),
        constructor::Turning::To(last) => serde_json::json!({ "more": true, "done": last }),
    })
}
