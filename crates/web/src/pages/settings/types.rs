//! Types of records: their cards, a new one, and one type with its tabs.

use super::sent::Sent;
use super::uses::{self, UseLine};
use super::{change, done, fields, links, pipelines, shape_of};
use crate::answers::Answers;
use crate::pages::{Entry, Page, show};
use crate::view::{home_of, slug};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::routing::{get, post};
use crm::constructor::{self, Past, Subject, words};
use crm::{EntityType, EntityTypeId, FieldKind, House, Label, Lang, MenuSection, Outcome, Read, Rights, Schema, kind};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "types",
        menu: Some(Entry { title: "types-heading", icon: "category", href: "/settings/types", shown: |rights| constructor::demand(rights).is_ok() }),
        routes: || {
            Router::new()
                .route("/settings/types", get(list).post(add))
                .route("/settings/types/new", get(blank))
                .route("/settings/types/{code}", get(one).post(save))
                .route("/settings/types/{code}/remove", post(remove))
                .merge(fields::routes())
                .merge(pipelines::routes())
                .merge(links::routes())
        },
    }
}

/// Icons from which a type can choose.
pub(super) const ICONS: [&str; 48] = [
    "briefcase",
    "file",
    "file-text",
    "files",
    "folder",
    "clipboard-list",
    "user",
    "users",
    "user-heart",
    "building",
    "home",
    "building-store",
    "phone",
    "mail",
    "message",
    "headset",
    "lifebuoy",
    "alert-triangle",
    "tool",
    "truck",
    "package",
    "shopping-cart",
    "coins",
    "cash",
    "credit-card",
    "receipt",
    "calculator",
    "scale",
    "gavel",
    "certificate",
    "id",
    "plane",
    "map-pin",
    "world",
    "car",
    "key",
    "router",
    "antenna",
    "bolt",
    "calendar",
    "clock",
    "target",
    "flag",
    "star",
    "heart",
    "school",
    "book",
    "confetti",
];

/// One type on its card.
struct TypeCard {
    code: String,
    title: String,
    icon: String,
    /// Its number.
    id: i64,
    count: String,
    fields: usize,
    stages: usize,
}

#[derive(Template)]
#[template(path = "settings_types.html")]
struct Types {
    view: View,
    groups: Vec<(String, Vec<TypeCard>)>,
}

/// Records of a type are counted up to here.
const CAP: u64 = 10_000;

async fn list(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        house.read(|read| {
            constructor::demand(&viewer.rights)?;
            let view = View::framed(house, read, &viewer, "/settings")?;
            let schema = read.schema();
            let mut groups: Vec<(String, Vec<TypeCard>)> =
                vec![(view.t("types-work"), Vec::new()), (view.t("types-own"), Vec::new()), (view.t("types-program"), Vec::new())];
            for shape in schema.types.values() {
                let card = card(read, &viewer.rights, &schema, shape, viewer.lang)?;
                let at = if shape.id >= kind::FIRST_OWN { 1 } else { usize::from(!shape.listed) * 2 };
                groups[at].1.push(card);
            }
            groups.retain(|(_, list)| !list.is_empty());
            Ok(Types { view, groups })
        })
    })
    .await?;
    show(&page)
}

fn card(read: &dyn Read, rights: &Rights, schema: &Schema, shape: &EntityType, lang: Lang) -> Outcome<TypeCard> {
    let count = match shape.listed {
        true => {
            let count = read.count(rights, &crm::Query::of(shape.id), CAP)?;
            format!("{}{}", crm::format::grouped(count.counted, '\u{a0}'), if count.more { "+" } else { "" })
        }
        // Messages and notices are counted by nobody.
        false => String::new(),
    };
    Ok(TypeCard {
        code: shape.code.clone(),
        title: shape.plural.get(lang).to_owned(),
        icon: shape.icon.clone(),
        id: shape.id.0,
        count,
        fields: shape.fields.len(),
        stages: schema.pipelines_of(shape.id).iter().map(|way| way.stages.len()).sum(),
    })
}

/// What a form of a type asks.
pub(super) struct TypeForm {
    pub is_new: bool,
    pub shape: EntityType,
    pub title_en: String,
    pub plural_en: String,
    pub icons: Vec<(&'static str, bool)>,
    pub features: Vec<(String, String, String, bool)>,
    pub sections: Vec<(String, String, bool)>,
    pub other_types: Vec<(i64, String)>,
}

fn type_form(schema: &Schema, sections: &[MenuSection], shape: EntityType, lang: Lang) -> TypeForm {
    let is_new = shape.id == EntityTypeId(0);
    let feature_code = |one: &crm::Feature| serde_json::to_value(one).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
    TypeForm {
        is_new,
        title_en: super::field_form::same_or(&shape.title),
        plural_en: super::field_form::same_or(&shape.plural),
        icons: ICONS.iter().map(|icon| (*icon, *icon == shape.icon)).collect(),
        features: words::features()
            .iter()
            .map(|one| {
                let (title, help) = words::feature_words(*one);
                (feature_code(one), title.get(lang).to_owned(), help.get(lang).to_owned(), shape.features.contains(one))
            })
            .collect(),
        sections: sections.iter().map(|one| (one.code.clone(), one.title.get(lang).to_owned(), one.types.contains(&shape.code))).collect(),
        other_types: schema.types.values().filter(|one| one.listed && one.id != shape.id).map(|one| (one.id.0, one.title.get(lang).to_owned())).collect(),
        shape,
    }
}

#[derive(Template)]
#[template(path = "settings_type_new.html")]
struct Blank {
    view: View,
    form: TypeForm,
}

async fn blank(State(web): State<Web>, viewer: Viewer) -> Answer {
    let piece = work(&web.house, move |house| {
        house.read(|read| {
            constructor::demand(&viewer.rights)?;
            let features = [crm::Feature::Automation, crm::Feature::Counters, crm::Feature::Bin, crm::Feature::Client].into_iter().collect();
            let shape = EntityType { staged: true, listed: true, searched: true, icon: "file-text".to_owned(), features, ..EntityType::default() };
            Ok(Blank { view: View::piece(house, &viewer), form: type_form(&read.schema(), &read.sections()?, shape, viewer.lang) })
        })
    })
    .await?;
    show(&piece)
}

fn read_form(sent: &Sent, known: EntityType) -> EntityType {
    let features =
        words::features().into_iter().filter(|one| serde_json::to_value(one).is_ok_and(|word| sent.all("feature").iter().any(|given| word == **given)));
    EntityType {
        title: sent.label("title"),
        plural: sent.label("plural"),
        icon: ICONS.iter().find(|icon| **icon == sent.one("icon")).map_or_else(|| known.icon.clone(), |icon| (*icon).to_owned()),
        naming: sent.one("naming").to_owned(),
        staged: sent.on("staged"),
        listed: sent.on("listed"),
        searched: sent.on("searched"),
        features: features.collect(),
        ..known
    }
}

/// Puts a type into a section of the menu; an empty code takes it out of all of them.
fn put_section(tx: &mut dyn crm::Tx, rights: &Rights, now: crm::Moment, code: &str, section: &str) -> Outcome<()> {
    let mut sections = tx.sections()?;
    if sections.iter().any(|one| one.code == section && one.types.iter().any(|known| known == code)) {
        return Ok(());
    }
    for one in &mut sections {
        one.types.retain(|known| known != code);
        if one.code == section {
            one.types.push(code.to_owned());
        }
    }
    constructor::put_menu(tx, rights, now, sections)
}

async fn add(State(web): State<Web>, viewer: Viewer, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    let code = change(&web, &viewer, move |tx, rights, now| {
        let shape = EntityType { code: sent.one("code").to_owned(), ..read_form(&sent, EntityType::default()) };
        let id = constructor::put_type(tx, rights, now, shape)?;
        let made = tx.schema().kind(id).cloned().unwrap_or_default();
        put_section(tx, rights, now, &made.code, sent.one("section"))?;
        // Links asked for in the same dialog: a field here that points there, or a field there that points here.
        for [to, how] in sent.rows(["link.to", "link.how"]) {
            if let Ok(to) = to.parse().map(EntityTypeId) {
                links::put_link(tx, rights, now, id, to, how)?;
            }
        }
        Ok(made.code)
    })
    .await?;
    done(serde_json::json!({ "href": format!("/settings/types/{code}?tab=fields") }))
}

async fn save(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let sent = Sent(sent);
    change(&web, &viewer, move |tx, rights, now| {
        let known = shape_of(tx.read(), rights, &code)?;
        constructor::put_type(tx, rights, now, read_form(&sent, known))?;
        put_section(tx, rights, now, &code, sent.one("section"))
    })
    .await?;
    done(serde_json::json!({}))
}

async fn remove(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>) -> Answer {
    let lang = viewer.lang;
    let used = change(&web, &viewer, move |tx, rights, now| {
        let shape = shape_of(tx.read(), rights, &code)?;
        let used = uses::lines(tx.read(), rights, &Subject::Type { kind: shape.id }, lang)?;
        if used.is_empty() {
            constructor::remove_type(tx, rights, now, shape.id, &uses::asks)?;
        }
        Ok(used)
    })
    .await?;
    removed(&used, "/settings/types")
}

/// The answer to a wish to take something away: it is gone, or this uses it.
pub(super) fn removed(used: &[UseLine], href: &str) -> Answer {
    match used.is_empty() {
        true => done(serde_json::json!({ "href": href })),
        false => done(serde_json::json!({ "uses": used })),
    }
}

/// A field as a line of the list.
struct FieldLine {
    code: String,
    title: String,
    kind: String,
    icon: String,
    marks: Vec<String>,
    common: bool,
}

/// One change of the settings.
struct PastView {
    at: crm::Moment,
    who: String,
    what: String,
    lines: Vec<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "settings_type.html")]
struct One {
    view: View,
    tab: String,
    code: String,
    title: String,
    icon: String,
    id: i64,
    own: bool,
    home: String,
    robots: String,
    form: Option<TypeForm>,
    fields: Vec<FieldLine>,
    common: Vec<FieldLine>,
    ways: Vec<pipelines::WayView>,
    links: Option<links::LinksView>,
    past: Vec<PastView>,
}

#[derive(Deserialize)]
struct Tab {
    #[serde(default)]
    tab: String,
}

async fn one(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>, Query(asked): Query<Tab>) -> Answer {
    let page = work(&web.house, move |house| house.read(|read| draw(house, read, &viewer, &code, &asked.tab))).await?;
    show(&page)
}

fn draw(house: &House, read: &dyn Read, viewer: &Viewer, code: &str, tab: &str) -> Outcome<One> {
    let shape = shape_of(read, &viewer.rights, code)?;
    let (schema, lang) = (read.schema(), viewer.lang);
    let view = View::framed(house, read, viewer, "/settings")?;
    let known = ["general", "fields", "pipelines", "links", "history"];
    let tab = known.iter().find(|one| **one == tab && (**one != "pipelines" || shape.staged)).copied().unwrap_or("general");
    let (mut fields, mut common) = (Vec::new(), Vec::new());
    if tab == "fields" {
        for field in &shape.fields {
            let line = field_line(&view, &schema, &shape, field, lang);
            if line.common { common.push(line) } else { fields.push(line) }
        }
    }
    let automated = shape.staged && shape.listed && viewer.rights.automation;
    Ok(One {
        code: shape.code.clone(),
        title: shape.plural.get(lang).to_owned(),
        icon: shape.icon.clone(),
        id: shape.id.0,
        own: shape.id >= kind::FIRST_OWN,
        home: if shape.listed { home_of(&shape) } else { String::new() },
        robots: if automated { format!("/{}/robots", slug(&shape)) } else { String::new() },
        ways: if tab == "pipelines" { pipelines::ways(read, &schema, &shape, lang)? } else { Vec::new() },
        links: if tab == "links" { Some(links::links(&schema, &shape, lang)) } else { None },
        past: if tab == "history" { history(read, viewer, &view, &shape)? } else { Vec::new() },
        form: if tab == "general" { Some(type_form(&schema, &read.sections()?, shape, lang)) } else { None },
        tab: tab.to_owned(),
        fields,
        common,
        view,
    })
}

fn field_line(view: &View, schema: &Schema, shape: &EntityType, field: &crm::Field, lang: Lang) -> FieldLine {
    let kind = words::kind_code(&field.kind);
    let mut title = words::kind_title(kind).get(lang).to_owned();
    match &field.kind {
        FieldKind::Link { to } => title = view.with("ctor-link-to", "type", schema.kind(*to).map_or("?", |one| one.title.get(lang))),
        FieldKind::Choice { options } => title = format!("{title} · {}", options.len()),
        FieldKind::Requisite { check } => title = words::check_title(*check).get(lang).to_owned(),
        _ => {}
    }
    let mut marks = Vec::new();
    let mut mark = |on: bool, key: &str| {
        if on {
            marks.push(view.t(key));
        }
    };
    mark(field.required, "ctor-mark-required");
    mark(!field.required_from.is_empty(), "ctor-mark-stage");
    mark(field.required_when.is_some(), "ctor-mark-when");
    mark(field.multiple && !field.is_points(), "ctor-mark-multiple");
    mark(field.unique, "ctor-mark-unique");
    mark(field.masked, "ctor-mark-masked");
    mark(field.searchable, "ctor-mark-search");
    if !field.group.is_empty() {
        marks.push(view.with("ctor-mark-group", "group", &field.group));
    }
    let icon = super::field_form::KINDS.iter().chain([&super::field_form::TABLE]).find(|(code, _)| *code == kind).map_or("forms", |(_, icon)| icon);
    FieldLine {
        code: field.code.clone(),
        title: field.title.get(lang).to_owned(),
        kind: title,
        icon: icon.to_owned(),
        marks,
        common: constructor::is_common(shape, &field.code),
    }
}

fn history(read: &dyn Read, viewer: &Viewer, view: &View, shape: &EntityType) -> Outcome<Vec<PastView>> {
    let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
    let text = |label: &Label| label.get(viewer.lang).to_owned();
    let told = |one: Past| PastView {
        at: one.at,
        who: answers.person(one.by).name,
        what: text(&one.what),
        lines: one.lines.iter().map(|line| (text(&line.name), text(&line.old), text(&line.new))).collect(),
    };
    Ok(constructor::past(read, &viewer.rights, Some(&shape.code))?.into_iter().take(200).map(told).collect())
}
