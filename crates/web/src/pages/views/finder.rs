//! The search field with its chips, and the builder of conditions that opens under it.

use super::Look;
use super::rows::{self, Asked, LATE_TASK, OPEN_TASK, Row};
use super::wanted::Wanted;
use crate::answers::{Answers, shape_of};
use crate::fields;
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use crm::saved_view::word;
use crm::{Action, EntityType, Field, FieldKind, ItemRef, Outcome, Scope, UserId, code, kind};

/// What narrows the records, in the search field.
pub(crate) struct Chip {
    pub text: String,
    /// `view`, `row`, `kept`.
    pub look: &'static str,
    /// Where the line stands: `group:row`.
    pub place: String,
}

/// A view as a line of the builder.
pub(crate) struct ViewLine {
    pub code: String,
    pub title: String,
    pub href: String,
    pub active: bool,
    pub pinned: bool,
    pub shared: bool,
    /// The reader may change it.
    pub mine: bool,
    pub roles: String,
}

/// The search field and what opens under it.
pub(crate) struct Finder {
    pub action: String,
    pub slug: String,
    pub q: String,
    pub chips: Vec<Chip>,
    pub groups: Vec<Vec<FilterRow>>,
    /// Sent along, so that a search changes nothing else.
    pub hidden: Vec<(&'static str, String)>,
    pub clear: String,
    pub narrowed: bool,
    pub views: Vec<ViewLine>,
}

/// What can be chosen, under one heading.
pub(crate) struct Offered {
    pub title: String,
    pub fields: Vec<(String, String, bool)>,
}

/// A line of the builder.
pub(crate) struct FilterRow {
    pub offered: Vec<Offered>,
    pub ops: Vec<(String, String, bool)>,
    /// `text`, `number`, `date`, `between`, `words`, `checks`, `pick`, `none`.
    pub look: &'static str,
    /// `text` or `date`.
    pub kind: &'static str,
    pub first: String,
    pub second: String,
    /// Code, title, chosen, colour.
    pub options: Vec<(String, String, bool, String)>,
    /// Word of the type to pick from.
    pub link: String,
}

/// Builds the search field for a look.
///
/// # Errors
/// Failures of the database.
pub(crate) fn finder(view: &View, answers: &Answers<'_>, look: &Look) -> Outcome<Finder> {
    let base = format!("/{}{}", look.slug, super::mode_path(look.mode));
    let mut chips = Vec::new();
    if let Some(active) = &look.view {
        let place = "view".to_owned();
        chips.push(Chip { text: active.title.get(view.lang).to_owned(), look: if look.kept { "kept" } else { "view" }, place });
    }
    for (group, list) in look.groups.iter().enumerate() {
        for (at, row) in list.iter().enumerate() {
            // What the view itself says is told by its name.
            if look.view.is_some() && !look.wanted.own && !look.wanted.groups.concat().contains(row) {
                continue;
            }
            let or =
                if group > 0 && at == 0 { view.with("chip-or", "rest", chip(view, answers, &look.shape, row)) } else { chip(view, answers, &look.shape, row) };
            chips.push(Chip { text: or, look: "row", place: format!("{group}:{at}") });
        }
    }
    let groups = look.groups.iter().map(|list| list.iter().map(|row| filter(view, answers, &look.shape, row)).collect()).collect::<Outcome<Vec<Vec<_>>>>()?;
    let wanted = &look.wanted;
    let mut hidden = vec![("view", wanted.view.clone())];
    if !look.kept && !wanted.view.is_empty() {
        hidden.push(("set", "1".to_owned()));
    }
    for (name, value) in [("sort", &wanted.sort), ("date", &wanted.date), ("day", &wanted.day)] {
        if !value.is_empty() {
            hidden.push((name, value.clone()));
        }
    }
    if !wanted.sort.is_empty() && !wanted.descending {
        hidden.push(("up", "1".to_owned()));
    }
    if wanted.week {
        hidden.push(("week", "1".to_owned()));
    }
    if !wanted.columns.is_empty() {
        hidden.push(("cols", wanted.columns.join(",")));
    }
    if let Some(pipeline) = wanted.pipeline {
        hidden.push(("pipeline", pipeline.to_string()));
    }
    let rights = answers.rights;
    let views = look.views.iter().map(|one| {
        let shared = one.owner == UserId::SYSTEM;
        ViewLine {
            code: one.code.clone(),
            title: one.title.get(view.lang).to_owned(),
            href: format!("/{}{}?view={}", look.slug, super::mode_path(one.mode), crate::trouble::percent(&one.code)),
            active: wanted.view == one.code,
            pinned: one.pinned,
            shared,
            mine: !shared || rights.admin || rights.constructor,
            roles: one.default_for.join(","),
        }
    });
    let pipeline = wanted.pipeline.map(|id| format!("&pipeline={id}")).unwrap_or_default();
    Ok(Finder {
        slug: look.slug.clone(),
        q: wanted.q.clone(),
        groups,
        hidden,
        clear: format!("{base}?view={pipeline}"),
        narrowed: look.is_narrow() || look.view.is_some(),
        views: views.collect(),
        chips,
        action: base,
    })
}

/// A field on a path with the title that a person reads: "Client: City".
fn named<'a>(answers: &'a Answers<'_>, shape: &'a EntityType, path: &str) -> Option<(&'a EntityType, &'a Field, String)> {
    let lang = answers.lang;
    let sees = |kind, field: &str| answers.rights.sees(kind, field);
    match path.split_once('.') {
        None => shape.field(path).filter(|_| sees(shape.id, path)).map(|field| (shape, field, field.title.get(lang).to_owned())),
        Some((link, name)) => {
            let field = shape.field(link).filter(|_| sees(shape.id, link))?;
            let FieldKind::Link { to } = field.kind else { return None };
            let other = answers.schema.kind(to)?;
            let end = other.field(name).filter(|_| sees(to, name))?;
            Some((other, end, format!("{}: {}", field.title.get(lang), end.title.get(lang))))
        }
    }
}

/// A line in a few words.
fn chip(view: &View, answers: &Answers<'_>, shape: &EntityType, row: &Row) -> String {
    if row.field.starts_with('~') {
        let what = linked_title(view, answers, &row.field);
        return view.with(if row.op == "has" { "chip-has" } else { "chip-has-not" }, "what", what);
    }
    let Some((owner, field, title)) = named(answers, shape, &row.field) else { return row.field.clone() };
    let text = |value: &String| value_text(view, answers, owner, field, value);
    let values: Vec<String> = row.values.iter().take(3).map(text).collect();
    let mut shown = values.join(if row.op == "between" { " – " } else { ", " });
    if row.values.len() > 3 {
        shown.push_str(&format!(" +{}", row.values.len() - 3));
    }
    let said = match row.op.as_str() {
        "in" | "eq" | "during" | "between" | "contains" => shown,
        "empty" | "filled" => view.t(&format!("chip-{}", row.op)),
        op @ ("ne" | "not_in" | "not_contains" | "ge" | "le" | "gt" | "lt") => view.with(&format!("chip-{}", op.replace('_', "-")), "v", shown),
        _ => shown,
    };
    format!("{title}: {said}")
}

fn value_text(view: &View, answers: &Answers<'_>, owner: &EntityType, field: &Field, value: &str) -> String {
    if value.starts_with('@') {
        return view.t(&format!("word-{}", value.trim_start_matches('@').replace('_', "-")));
    }
    let number = value.parse::<i64>().ok();
    match (&field.kind, number) {
        (FieldKind::Link { to }, Some(id)) => answers.title(ItemRef::new(*to, id)).unwrap_or_else(|| format!("№ {id}")),
        (FieldKind::User, Some(id)) => answers.person(UserId(id)).name,
        (FieldKind::Money | FieldKind::Integer, Some(number)) => crm::format::money(number.saturating_mul(100), "", view.lang),
        (FieldKind::Date | FieldKind::Moment, _) => value.parse().map_or_else(|_| value.to_owned(), |day| crm::format::date(day, view.lang)),
        _ => options(view, answers, owner, field).into_iter().find(|option| option.0 == value).map_or_else(|| value.to_owned(), |option| option.1),
    }
}

/// What can be chosen for a field: code, title, colour.
fn options(view: &View, answers: &Answers<'_>, owner: &EntityType, field: &Field) -> Vec<(String, String, String)> {
    let lang = view.lang;
    match &field.kind {
        FieldKind::Choice { options } => options.iter().map(|one| (one.code.clone(), one.title.get(lang).to_owned(), one.color.clone())).collect(),
        FieldKind::User => {
            let me = [(word::ME, "word-me"), (word::DEPARTMENT, "word-department")].map(|(code, key)| (code.to_owned(), view.t(key), String::new()));
            let people = answers.read.users().unwrap_or_default().into_iter().filter(|user| user.active);
            me.into_iter().chain(people.map(|user| (user.id.to_string(), user.name(), String::new()))).collect()
        }
        FieldKind::Department => {
            let list = answers.read.departments().unwrap_or_default();
            list.into_iter().map(|one| (one.id.to_string(), one.title.get(lang).to_owned(), String::new())).collect()
        }
        FieldKind::Stage => {
            let pipelines = answers.schema.pipelines_of(owner.id);
            let several = pipelines.len() > 1;
            let stages = pipelines.into_iter().flat_map(|pipeline| pipeline.stages.iter().map(move |stage| (pipeline, stage)));
            stages
                .map(|(pipeline, stage)| {
                    let title = stage.title.get(lang);
                    let title = if several { format!("{}: {title}", pipeline.title.get(lang)) } else { title.to_owned() };
                    (stage.id.to_string(), title, stage.color.clone())
                })
                .collect()
        }
        FieldKind::Pipeline => {
            answers.schema.pipelines_of(owner.id).into_iter().map(|one| (one.id.to_string(), one.title.get(lang).to_owned(), String::new())).collect()
        }
        FieldKind::Flag | FieldKind::Formula { .. } => vec![("1".into(), view.t("yes"), String::new()), ("0".into(), view.t("no"), String::new())],
        _ => Vec::new(),
    }
}

fn linked_title(view: &View, answers: &Answers<'_>, name: &str) -> String {
    match name {
        OPEN_TASK => view.t("linked-open-task"),
        LATE_TASK => view.t("linked-late-task"),
        _ => rows::linked(&answers.schema, name)
            .map_or_else(|| name.to_owned(), |(other, field)| format!("{} ({})", other.plural.get(view.lang), field.title.get(view.lang))),
    }
}

/// All that can be asked about: own fields, what is linked, fields of the records that links lead to.
fn offered(view: &View, answers: &Answers<'_>, shape: &EntityType, chosen: &str) -> Vec<Offered> {
    let (lang, rights) = (view.lang, answers.rights);
    let line = |path: String, field: &Field| {
        let here = path == chosen;
        (path, field.title.get(lang).to_owned(), here)
    };
    let own = fields::visible(shape, rights).into_iter().filter(|field| rows::asked(field).is_some()).map(|field| line(field.code.clone(), field)).collect();
    let mut list = vec![Offered { title: shape.title.get(lang).to_owned(), fields: own }];
    let mut names = Vec::new();
    if shape.id != kind::TASK && rights.scope(kind::TASK, Action::Read) != Scope::None && answers.schema.kind(kind::TASK).is_some() {
        names.extend([OPEN_TASK.to_owned(), LATE_TASK.to_owned()]);
    }
    for other in answers.schema.types.values().filter(|other| other.listed && rights.scope(other.id, Action::Read) != Scope::None) {
        let points = |field: &&Field| matches!(field.kind, FieldKind::Link { to } if to == shape.id) && rights.sees(other.id, &field.code);
        names.extend(other.fields.iter().filter(points).map(|field| format!("~{}.{}", other.code, field.code)));
    }
    if !names.is_empty() {
        let fields = names.into_iter().map(|name| (name.clone(), linked_title(view, answers, &name), name == chosen)).collect();
        list.push(Offered { title: view.t("finder-linked"), fields });
    }
    for link in fields::visible(shape, rights) {
        let FieldKind::Link { to } = link.kind else { continue };
        let Some(other) = answers.schema.kind(to).filter(|_| rights.scope(to, Action::Read) != Scope::None) else { continue };
        let ends = fields::visible(other, rights).into_iter().filter(|field| rows::asked(field).is_some() && field.code != code::ID);
        // A closed list shows only the line itself: it says whose field it is.
        let fields = ends.map(|field| {
            let (path, title, here) = line(format!("{}.{}", link.code, field.code), field);
            (path, format!("{}: {title}", link.title.get(lang)), here)
        });
        let fields = fields.collect();
        list.push(Offered { title: link.title.get(lang).to_owned(), fields });
    }
    list
}

/// One line of the builder; the field decides the comparisons and the question.
pub(crate) fn filter(view: &View, answers: &Answers<'_>, shape: &EntityType, row: &Row) -> Outcome<FilterRow> {
    let mut offered = offered(view, answers, shape, &row.field);
    let known = offered.iter().flat_map(|group| &group.fields).any(|field| field.2);
    let path = if known {
        row.field.clone()
    } else {
        offered
            .iter_mut()
            .flat_map(|group| &mut group.fields)
            .find(|field| field.0 == code::TITLE)
            .map(|field| {
                field.2 = true;
                field.0.clone()
            })
            .unwrap_or_default()
    };
    let found = named(answers, shape, &path);
    let asked = if path.starts_with('~') {
        Asked::Linked
    } else {
        found.as_ref().and_then(|(_, field, _)| rows::asked(field)).ok_or_else(|| crm::query::unknown_field(&path))?
    };
    let ops = rows::ops(asked);
    let op = ops.iter().copied().find(|op| *op == row.op).unwrap_or(ops[0]);
    let value = |at: usize| row.values.get(at).filter(|_| known).cloned().unwrap_or_default();
    let mut line = FilterRow {
        ops: ops.iter().map(|one| ((*one).to_owned(), view.t(&format!("op-{}", one.replace('_', "-"))), *one == op)).collect(),
        look: "text",
        kind: "text",
        first: value(0),
        second: value(1),
        options: Vec::new(),
        link: String::new(),
        offered,
    };
    let chosen = |code: &str| known && row.values.iter().any(|one| one == code);
    match (asked, op) {
        (_, op) if rows::is_silent(op) => line.look = "none",
        (Asked::Time, "during") => {
            line.look = "words";
            let words = word::SPANS.iter().copied().chain([word::PAST, word::AHEAD]);
            line.options = words
                .map(|one| (one.to_owned(), view.t(&format!("word-{}", one.trim_start_matches('@').replace('_', "-"))), chosen(one), String::new()))
                .collect();
        }
        (Asked::Time, op) => (line.look, line.kind) = (if op == "between" { "between" } else { "date" }, "date"),
        (Asked::Number, "between") => line.look = "between",
        (Asked::Number, _) => line.look = "number",
        (Asked::Checks, _) => {
            line.look = "checks";
            if let Some((owner, field, _)) = &found {
                line.options = options(view, answers, owner, field)
                    .into_iter()
                    .map(|(code, title, color)| {
                        let on = chosen(&code);
                        (code, title, on, if fields::is_color(&color) { color } else { String::new() })
                    })
                    .collect();
            }
        }
        (Asked::Pick, _) => {
            line.look = "pick";
            if let Some((_, Field { kind: FieldKind::Link { to }, .. }, _)) = &found {
                line.link = answers.schema.kind(*to).map(slug).unwrap_or_default();
                let known = row.values.iter().filter_map(|id| Some((id.clone(), answers.title(ItemRef::new(*to, id.parse().ok()?))?)));
                line.options = known.map(|(id, title)| (id, title, true, String::new())).collect();
            }
        }
        _ => {}
    }
    Ok(line)
}

#[derive(Template)]
#[template(path = "filter_row.html")]
struct FilterPiece {
    view: View,
    slug: String,
    row: FilterRow,
}

/// One line anew, after another field or comparison was chosen in it.
pub(super) async fn filter_row(State(web): State<Web>, viewer: Viewer, Path(word): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let wanted = Wanted::read(query.as_deref());
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            let shape = shape_of(read, &viewer.rights, &word)?;
            let view = View::piece(house, &viewer);
            let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
            let row = wanted.groups.first().and_then(|group| group.first()).cloned().unwrap_or_default();
            Ok(FilterPiece { slug: slug(&shape), row: filter(&view, &answers, &shape, &row)?, view })
        })
    })
    .await?;
    show(&piece)
}
