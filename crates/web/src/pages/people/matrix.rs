//! The matrix of a role as rows of drop-downs, and back: type × action, with exceptions for pipelines and stages.

use super::Pick;
use crate::View;
use crm::{Action, EntityType, Role, Schema, Scope};
use std::collections::BTreeMap;
use team::roles::{ACTIONS, SCOPES, action_code, scope_code, scope_of};

/// All permissions at one place.
pub(super) struct Row {
    pub place: String,
    pub title: String,
    /// Has no permissions of its own: those of the line "all others" count.
    pub inherits: bool,
    pub cells: Vec<Cell>,
    /// Whether records that nobody answers for are taken; `None`: asked in another line.
    pub pool: Option<bool>,
    /// Exceptions below a type.
    pub exceptions: Vec<Row>,
    /// Places that can be added below a type: code and title.
    pub places: Vec<(String, String)>,
}

/// One drop-down.
pub(super) struct Cell {
    pub name: String,
    pub title: String,
    /// The word of the chosen scope; empty: as the line above.
    pub scope: &'static str,
    pub picks: Vec<Pick>,
}

/// The lines of the matrix: all types, then "all others".
pub(super) fn rows(schema: &Schema, view: &View, role: &Role) -> Vec<Row> {
    let star = role.may.get("*");
    let mut shapes: Vec<&EntityType> = schema.types.values().collect();
    shapes.sort_by_key(|shape| (!shape.listed, !shape.staged, shape.id));
    let mut rows: Vec<Row> = shapes
        .into_iter()
        .map(|shape| {
            let own = role.may.get(&shape.code);
            Row {
                title: shape.plural.get(view.lang).to_owned(),
                inherits: own.is_none(),
                pool: Some(role.pool.contains(&shape.code)),
                exceptions: exceptions(schema, view, role, shape),
                places: places(schema, view, shape),
                ..row(view, &shape.code, own.or(star), false)
            }
        })
        .collect();
    rows.push(Row { title: view.t("rights-others"), ..row(view, "*", star, false) });
    rows
}

/// One line of drop-downs; an exception may leave an action as it is in the line above.
pub(super) fn row(view: &View, place: &str, may: Option<&BTreeMap<Action, Scope>>, exception: bool) -> Row {
    let cells = ACTIONS.map(|action| {
        let chosen = may.and_then(|may| may.get(&action)).copied();
        let word = match (chosen, exception) {
            (Some(scope), _) => scope_code(scope),
            (None, true) => "",
            (None, false) => scope_code(Scope::None),
        };
        let mut picks: Vec<Pick> =
            SCOPES.map(|scope| Pick::new(scope_code(scope), view.t(&format!("scope-{}", scope_code(scope))), scope_code(scope) == word)).into();
        if exception {
            picks.insert(0, Pick::new("", view.t("rights-as-above"), word.is_empty()));
        }
        Cell { name: format!("may:{place}:{}", action_code(action)), title: view.t(&format!("rights-{}", action_code(action))), scope: word, picks }
    });
    Row { place: place.to_owned(), title: String::new(), inherits: false, cells: cells.into(), pool: None, exceptions: Vec::new(), places: Vec::new() }
}

fn exceptions(schema: &Schema, view: &View, role: &Role, shape: &EntityType) -> Vec<Row> {
    places(schema, view, shape)
        .into_iter()
        .filter_map(|(place, title)| role.may.get(&place).map(|may| Row { title, ..row(view, &place, Some(may), true) }))
        .collect()
}

/// Pipelines of a type and their stages, in order.
fn places(schema: &Schema, view: &View, shape: &EntityType) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for pipeline in schema.pipelines_of(shape.id) {
        let place = format!("{}/{}", shape.code, pipeline.code);
        let title = pipeline.title.get(view.lang);
        found.push((place.clone(), view.with("rights-whole-pipeline", "pipeline", title)));
        found.extend(pipeline.stages.iter().map(|stage| (format!("{place}/{}", stage.code), format!("{title} · {}", stage.title.get(view.lang)))));
    }
    found
}

/// What a place is called: «Сделки · Воронка · Стадия».
pub(super) fn place_title(schema: &Schema, view: &View, place: &str) -> String {
    let mut parts = place.splitn(3, '/');
    let kind = parts.next().unwrap_or_default();
    if kind == "*" {
        return view.t("rights-others");
    }
    let shape = schema.kind_by_code(kind);
    let mut title = shape.map_or_else(|| kind.to_owned(), |shape| shape.plural.get(view.lang).to_owned());
    let pipeline = parts.next().and_then(|code| schema.pipelines.values().find(|one| one.code == code && shape.is_some_and(|shape| shape.id == one.kind)));
    if let Some(pipeline) = pipeline {
        title = format!("{title} · {}", pipeline.title.get(view.lang));
        if let Some(stage) = parts.next().and_then(|code| pipeline.stages.iter().find(|stage| stage.code == code)) {
            title = format!("{title} · {}", stage.title.get(view.lang));
        }
    }
    title
}

/// Reads the matrix that came back. A line that had no permissions of its own and shows what it showed still has none;
/// places that are not on the page (of packs that are not installed) stay as they are.
pub(super) fn read(schema: &Schema, before: &Role, given: &[(String, String)]) -> BTreeMap<String, BTreeMap<Action, Scope>> {
    let mut typed: BTreeMap<&str, BTreeMap<Action, Scope>> = BTreeMap::new();
    for (name, word) in given {
        let Some((place, action)) = name.strip_prefix("may:").and_then(|rest| rest.rsplit_once(':')) else { continue };
        let Some(action) = ACTIONS.into_iter().find(|one| action_code(*one) == action) else { continue };
        let line = typed.entry(place).or_default();
        if let Some(scope) = scope_of(word) {
            line.insert(action, scope);
        }
    }
    let kept = |place: &&String| !typed.contains_key(place.as_str()) && !is_known(schema, place);
    let mut may: BTreeMap<String, BTreeMap<Action, Scope>> =
        before.may.iter().filter(|(place, _)| kept(place)).map(|(place, line)| (place.clone(), line.clone())).collect();
    let bare = |line: &BTreeMap<Action, Scope>| {
        line.iter().filter(|(_, scope)| **scope != Scope::None).map(|(action, scope)| (*action, *scope)).collect::<BTreeMap<_, _>>()
    };
    let others = before.may.get("*").map(bare).unwrap_or_default();
    for (place, line) in typed {
        let line = if place.contains('/') { line } else { bare(&line) };
        let inherits = place != "*" && !place.contains('/') && !before.may.contains_key(place) && line == others;
        let says_nothing = line.is_empty() && (place == "*" || place.contains('/'));
        if !inherits && !says_nothing {
            may.insert(place.to_owned(), line);
        }
    }
    may
}

fn is_known(schema: &Schema, place: &str) -> bool {
    place == "*" || schema.kind_by_code(place.split('/').next().unwrap_or_default()).is_some()
}
