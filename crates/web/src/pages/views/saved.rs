//! Saving, renaming and deleting views; choosing columns.

use super::{Look, own_columns};
use crate::answers::shape_of;
use crate::fields;
use crate::pages::show;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Form, Json};
use crm::{EntityType, Field, FieldKind, Label, Lang, Refusal, Rights, SavedView, UserId, ViewMode, code};

/// A form that came in: names may repeat.
pub(super) type Pairs = Vec<(String, String)>;

fn first<'a>(form: &'a Pairs, name: &str) -> &'a str {
    form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

fn mode_of(text: &str) -> ViewMode {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).unwrap_or_default()
}

/// Saves what the address shows as a view, or changes name and place of one.
pub(super) async fn save(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(form): Form<Pairs>) -> Answer {
    let href = work(&web.house, move |house| {
        let mode = mode_of(first(&form, "mode"));
        let shared = first(&form, "shared") == "1";
        let owner = if shared { UserId::SYSTEM } else { viewer.user.id };
        let code = first(&form, "code").to_owned();
        let address = form.iter().find(|(key, _)| key == "address").map(|(_, value)| value.clone());
        let (mut view, look) = house.read(|read| {
            let look = Look::read(house, read, &viewer, &word, mode, address.as_deref().or(Some("view=")))?;
            let known = look.views.iter().find(|one| one.code == code && !code.is_empty()).cloned();
            let mut view = match (known, code.is_empty()) {
                (Some(known), _) => known,
                (None, true) => SavedView { kind: look.shape.id, mode, ..SavedView::default() },
                (None, false) => return Err(Refusal::not_found().into()),
            };
            if address.is_some() {
                view.mode = mode;
                view.filter = look.saved_filter(read)?;
                if !look.wanted.q.is_empty() {
                    view.filter = view.filter.and(crm::Filter::Search(look.wanted.q.clone()));
                }
                view.order = vec![look.order()];
                view.columns = look.columns.clone();
                view.pipeline = look.pipeline.as_ref().map(|one| one.code.clone()).unwrap_or_default();
                view.date = look.wanted.date.clone();
            }
            Ok((view, look))
        })?;
        let title = first(&form, "title").trim();
        match (view.title.ru.is_empty() && view.title.en.is_empty(), viewer.lang) {
            (true, _) => view.title = Label::same(title),
            (false, Lang::Ru) => title.clone_into(&mut view.title.ru),
            (false, Lang::En) => title.clone_into(&mut view.title.en),
        }
        view.pinned = first(&form, "pinned") == "1";
        view.default_for = form.iter().filter(|(key, _)| key == "role").map(|(_, value)| value.clone()).collect();
        let moved = (!view.code.is_empty() && view.owner != owner).then(|| (view.code.clone(), view.owner));
        if moved.is_some() {
            view.code.clear();
        }
        view.owner = owner;
        let (rights, inner, writer) = (viewer.rights.clone(), house.clone(), viewer.clone());
        let kind = view.kind;
        let saved = house.transact(move |tx| {
            // What was mine becomes everybody's, or the other way round.
            if let Some((code, owner)) = &moved {
                crm::saved_view::remove(tx, &rights, kind, code, *owner)?;
            }
            crm::saved_view::put(tx, &rights, &super::meaning(&inner, &writer), &view)
        })?;
        Ok(format!("/{}{}?view={}", look.slug, super::mode_path(saved.mode), crate::trouble::percent(&saved.code)))
    })
    .await?;
    Ok(Json(serde_json::json!({ "href": href })).into_response())
}

/// Takes a view away.
pub(super) async fn delete(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(form): Form<Pairs>) -> Answer {
    work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let owner = if first(&form, "shared") == "1" { UserId::SYSTEM } else { viewer.user.id };
        let (rights, code, kind) = (viewer.rights.clone(), first(&form, "code").to_owned(), shape.id);
        house.transact(move |tx| crm::saved_view::remove(tx, &rights, kind, &code, owner))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whether a field can stand in a column of a list or on a card of a board.
pub(crate) fn can_be_column(field: &Field) -> bool {
    !matches!(field.kind, FieldKind::Record { .. } | FieldKind::Secret | FieldKind::Pattern | FieldKind::Account { .. })
}

/// The usual columns of a type: its name, its place, then what is not secondary.
pub(crate) fn usual_columns<'a>(shape: &'a EntityType, rights: &Rights) -> Vec<&'a Field> {
    /// Columns at most, unless somebody chose more.
    const COLUMNS: usize = 9;
    let rank = |field: &Field| match field.code.as_str() {
        code::TITLE => 0,
        code::STAGE => 1,
        code::CONTACT => 2,
        code::AMOUNT => 3,
        code::RESPONSIBLE => 4,
        code::CREATED_AT => 6,
        _ => 5,
    };
    let fits = |field: &&Field| {
        let kept = matches!(field.code.as_str(), code::CREATED_AT | code::TITLE);
        (kept || (!field.secondary && field.code != code::ID && field.code != code::PIPELINE))
            && can_be_column(field)
            && !matches!(field.kind, FieldKind::LongText | FieldKind::RichText | FieldKind::File | FieldKind::Image)
    };
    let mut list: Vec<&Field> = fields::visible(shape, rights).into_iter().filter(fits).collect();
    list.sort_by_key(|field| rank(field));
    if list.len() > COLUMNS {
        let last = list.pop();
        list.truncate(COLUMNS - 1);
        list.extend(last);
    }
    list
}

#[derive(Template)]
#[template(path = "columns.html")]
struct Chooser {
    view: View,
    mode: String,
    /// Code, title, chosen; the chosen ones first, in their order.
    fields: Vec<(String, String, bool)>,
    most: usize,
    has_view: bool,
}

/// What can stand in columns, the chosen first.
pub(super) async fn chooser(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let mode =
                mode_of(super::wanted::pairs(query.as_deref().unwrap_or_default()).iter().find(|(name, _)| name == "mode").map_or("list", |(_, mode)| mode));
            let look = Look::read(house, read, &viewer, &word, mode, query.as_deref())?;
            let chosen: Vec<String> = match (look.columns.is_empty(), mode) {
                (false, _) => look.columns.clone(),
                (true, ViewMode::Board) => [code::AMOUNT, code::CONTACT].into_iter().filter(|code| look.shape.has(code)).map(str::to_owned).collect(),
                (true, _) => usual_columns(&look.shape, &viewer.rights).into_iter().map(|field| field.code.clone()).collect(),
            };
            let mut offered: Vec<&Field> = fields::visible(&look.shape, &viewer.rights).into_iter().filter(|field| can_be_column(field)).collect();
            if mode == ViewMode::Board {
                offered.retain(|field| !matches!(field.code.as_str(), code::TITLE | code::STAGE | code::PIPELINE));
            }
            offered.sort_by_key(|field| chosen.iter().position(|code| *code == field.code).unwrap_or(usize::MAX));
            let fields = offered.iter().map(|field| (field.code.clone(), field.title.get(viewer.lang).to_owned(), chosen.contains(&field.code))).collect();
            let most = if mode == ViewMode::Board { crate::tiles::FIELDS } else { 30 };
            let mode = if mode == ViewMode::Board { "board" } else { "list" };
            Ok(Chooser { view: View::piece(house, &viewer), has_view: look.view.is_some(), mode: mode.to_owned(), fields, most })
        })
    })
    .await?;
    show(&piece)
}

/// Keeps the columns that this person likes.
pub(super) async fn choose(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, Form(form): Form<Pairs>) -> Answer {
    work(&web.house, move |house| {
        let shape = house.read(|read| shape_of(read, &viewer.rights, &word))?;
        let mode = mode_of(first(&form, "mode"));
        let columns: Vec<String> = form
            .iter()
            .filter(|(key, _)| key == "col")
            .map(|(_, code)| code.clone())
            .filter(|code| shape.field(code).is_some_and(|field| can_be_column(field) && viewer.rights.sees(shape.id, code)))
            .take(40)
            .collect();
        let (user, kind) = (viewer.user.id, shape.id);
        house.transact(move |tx| match columns.is_empty() {
            true => tx.remove_view(kind, own_columns(mode), user),
            false => {
                let title = Label::new("Мои столбцы", "My columns");
                tx.put_view(&SavedView { kind, code: own_columns(mode).to_owned(), title, mode, columns: columns.clone(), owner: user, ..SavedView::default() })
            }
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
