//! Installing a pack in one transaction, as its plan says.

use super::elements::{Attributes, Elements, item, numbered_stages, of_firm, stage_number, with_stage_numbers};
use super::plan::plan;
use super::read::broken;
use crm::pack::{Pack, PackDepartment, PackRules};
use crm::{
    Account, AccountId, Actor, Audience, Cause, Department, EntityType, Field, Layout, MenuSection, Moment, Outcome, Pipeline, PipelineId, Refusal, Rights,
    Role, Rule, SavedView, Stage, Tx, UserId, Value, Values,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// Installs a pack. Running it again changes nothing.
///
/// # Errors
/// Refusals that name what is wrong in the pack; nothing is installed then.
pub fn apply(tx: &mut dyn Tx, pack: &Pack, now: Moment) -> Outcome<()> {
    let plan = plan(tx.read(), pack)?;
    let firm = of_firm(tx.read(), &plan.shipped)?;
    let wanted = plan.wanted(&firm);
    put_types(tx, pack, &wanted)?;
    check_formulas(tx, pack, &wanted, now)?;
    put_pipelines(tx, pack, &wanted)?;
    put_departments(tx, pack, &wanted)?;
    for (name, piece) in of(&wanted, "role") {
        tx.put_role(&named::<Role>(name[0], piece, "code")?)?;
    }
    put_looks(tx, pack, &wanted)?;
    let cause = Cause::new(Actor::System, now);
    for (full, piece) in wanted.iter().filter(|(name, _)| name.starts_with("item/")) {
        put_item(tx, &cause, full, piece)?;
    }
    for (name, piece) in of(&wanted, "account") {
        put_account(tx, name[0], name[1], piece)?;
    }
    put_rules(tx, pack, &wanted, now)?;
    remember(tx, pack, &plan.shipped)
}

/// Pieces of one sort, with the parts of their names.
fn of<'a>(all: &'a Elements, sort: &'a str) -> impl Iterator<Item = (Vec<&'a str>, &'a Attributes)> {
    all.iter().filter_map(move |(name, piece)| {
        let mut parts = name.split('/');
        (parts.next() == Some(sort)).then(|| (parts.collect(), piece))
    })
}

/// A typed thing from its attributes and the code that stands in its name.
fn named<T: DeserializeOwned>(code: &str, piece: &Attributes, field: &str) -> Result<T, Refusal> {
    let mut map = piece.clone();
    map.insert(field.to_owned(), Json::from(code));
    from(code, map)
}

fn from<T: DeserializeOwned>(what: &str, map: Map<String, Json>) -> Result<T, Refusal> {
    serde_json::from_value(Json::Object(map)).map_err(|error| broken(what, None, &error.to_string(), &error.to_string()))
}

fn put_types(tx: &mut dyn Tx, pack: &Pack, wanted: &Elements) -> Outcome<()> {
    let mut touched: Vec<&str> = Vec::new();
    for name in pack.types.iter().map(|given| given.code.as_str()) {
        let head = wanted.contains_key(&format!("type/{name}"));
        if (head || wanted.keys().any(|key| key.starts_with(&format!("field/{name}/")))) && !touched.contains(&name) {
            touched.push(name);
        }
    }
    for code in touched {
        let schema = tx.schema();
        let mut shape = schema.kind_by_code(code).cloned().unwrap_or_default();
        if let Some(head) = wanted.get(&format!("type/{code}")) {
            let mut map = head.clone();
            map.entry("id").or_insert_with(|| shape.id.0.into());
            for label in ["title", "plural"] {
                map.entry(label).or_insert_with(|| Json::from(code));
            }
            let head = named::<EntityType>(code, &map, "code")?;
            shape = EntityType { fields: shape.fields, ..head };
        }
        // New fields come in the order in which the pack lists them.
        for given in pack.types.iter().filter(|given| given.code == code).flat_map(|given| &given.fields) {
            let Some(piece) = wanted.get(&format!("field/{code}/{}", given.code)) else { continue };
            let field = named::<Field>(&given.code, piece, "code")?;
            match shape.fields.iter().position(|one| one.code == field.code) {
                Some(at) => shape.fields[at] = field,
                None => shape.fields.push(field),
            }
        }
        tx.install_type(&shape.complete())?;
    }
    Ok(())
}

/// Formulas see all types of the pack only now; those that are new or changed are worked out for the records there are.
fn check_formulas(tx: &mut dyn Tx, pack: &Pack, wanted: &Elements, now: Moment) -> Outcome<()> {
    let schema = tx.schema();
    crm::formula::check_all(&schema).map_err(|refusal| broken(&format!("{}/types", pack.about.code), None, &refusal.text.ru, &refusal.text.en))?;
    let changed: BTreeSet<&str> = of(wanted, "field").filter(|(_, piece)| piece.get("kind") == Some(&Json::from("formula"))).map(|(name, _)| name[0]).collect();
    for kind in changed.into_iter().filter_map(|code| schema.kind_by_code(code)) {
        crm::formula::fill_later(tx, kind.id, now)?;
    }
    Ok(())
}

fn put_pipelines(tx: &mut dyn Tx, pack: &Pack, wanted: &Elements) -> Outcome<()> {
    for given in &pack.pipelines {
        let place = format!("{}/{}", given.kind, given.code);
        let head = wanted.get(&format!("pipeline/{place}"));
        let stages = wanted.keys().any(|name| name.starts_with(&format!("stage/{place}/")));
        if head.is_none() && !stages {
            continue;
        }
        let schema = tx.schema();
        let kind = schema.kind_by_code(&given.kind).ok_or_else(|| unknown_type(&given.kind))?.id;
        let known = schema.pipelines_of(kind).into_iter().find(|pipeline| pipeline.code == given.code).cloned();
        let mut pipeline = known.unwrap_or_else(|| Pipeline {
            id: PipelineId(0),
            kind,
            code: given.code.clone(),
            title: given.title.clone(),
            is_default: given.is_default,
            stages: Vec::new(),
        });
        if let Some(title) = head.and_then(|head| head.get("title")) {
            pipeline.title = serde_json::from_value(title.clone()).unwrap_or_else(|_| given.title.clone());
        }
        for shipped in &given.stages {
            let Some(piece) = wanted.get(&format!("stage/{place}/{}", shipped.code)) else { continue };
            let stage = named::<Stage>(&shipped.code, piece, "code")?;
            match pipeline.stages.iter().position(|one| one.code == stage.code) {
                Some(at) => pipeline.stages[at] = Stage { id: pipeline.stages[at].id, ..stage },
                // Behind the last of its ending.
                None => {
                    let at = pipeline.stages.iter().rposition(|one| one.outcome == stage.outcome).map_or(pipeline.stages.len(), |at| at + 1);
                    pipeline.stages.insert(at, stage);
                }
            }
        }
        if let Some(Json::Array(order)) = head.and_then(|head| head.get("order")) {
            // Stages of the firm's own stay behind the one they stand behind now.
            let place = |code: &str| order.iter().position(|one| one.as_str() == Some(code));
            let mut last = 0;
            let ranks: BTreeMap<String, usize> = pipeline
                .stages
                .iter()
                .map(|stage| {
                    last = place(&stage.code).unwrap_or(last);
                    (stage.code.clone(), last)
                })
                .collect();
            pipeline.stages.sort_by_key(|stage| ranks.get(&stage.code).copied().unwrap_or(usize::MAX));
        }
        tx.install_pipeline(&mut pipeline)?;
    }
    Ok(())
}

fn unknown_type(code: &str) -> Refusal {
    Refusal::new("unknown_type", format!("Типа «{code}» нет: сначала установите пакет base"), format!("There is no type {code}: install the pack base first"))
}

fn put_departments(tx: &mut dyn Tx, pack: &Pack, wanted: &Elements) -> Outcome<()> {
    for code in pack.staff.departments.iter().map(|one| &one.code) {
        let Some(piece) = wanted.get(&format!("department/{code}")) else { continue };
        let given = named::<PackDepartment>(code, piece, "code")?;
        let known = tx.departments()?;
        let parent = match given.parent.is_empty() {
            true => 0,
            false => known.iter().find(|one| one.code == given.parent).map(|one| one.id).ok_or_else(|| {
                broken(
                    "roles.toml",
                    None,
                    &format!("отдела «{}» нет, а он назван выше отдела «{code}»", given.parent),
                    &format!("there is no department {}", given.parent),
                )
            })?,
        };
        let former = known.into_iter().find(|one| one.code == *code).unwrap_or_default();
        tx.put_department(&mut Department { code: code.clone(), title: given.title, parent, office: given.office, zone: given.zone, ..former })?;
    }
    Ok(())
}

/// Layouts, views and the menu.
fn put_looks(tx: &mut dyn Tx, pack: &Pack, wanted: &Elements) -> Outcome<()> {
    let schema = tx.schema();
    let kind = |code: &str| schema.kind_by_code(code).map(|kind| kind.id).ok_or_else(|| unknown_type(code));
    for (name, piece) in of(wanted, "layout") {
        let mut layout = from::<Layout>(name[0], piece.clone())?;
        layout.kind = kind(name[0])?;
        (layout.pipeline, layout.stage) = (name[1].to_owned(), name[2].to_owned());
        layout.audience = if name[3] == "forced" { Audience::Forced } else { Audience::Common };
        tx.put_layout(&layout)?;
    }
    for (name, piece) in of(wanted, "view") {
        let mut view = named::<SavedView>(name[1], piece, "code")?;
        view.kind = kind(name[0])?;
        view.owner = UserId::SYSTEM;
        view.filter = numbered_stages(&schema, view.kind, &view.pipeline, &view.filter)?;
        tx.put_view(&view)?;
    }
    put_menu(tx, pack, wanted)
}

/// Sections of the menu, in the order in which the pack lists them: a new one comes behind the one listed before it.
fn put_menu(tx: &mut dyn Tx, pack: &Pack, wanted: &Elements) -> Outcome<()> {
    let former = tx.sections()?;
    let mut sections = former.clone();
    let mut behind = None;
    for code in pack.menu.sections.iter().map(|section| &section.code) {
        let known = sections.iter().position(|one| one.code == *code);
        if let Some(piece) = wanted.get(&format!("section/{code}")) {
            let section = named::<MenuSection>(code, piece, "code")?;
            match known {
                Some(at) => sections[at] = section,
                None => sections.insert(behind.map_or(sections.len(), |at: usize| at + 1), section),
            }
        }
        behind = sections.iter().position(|one| one.code == *code).or(behind);
    }
    if sections == former { Ok(()) } else { tx.put_sections(&sections) }
}

fn put_item(tx: &mut dyn Tx, cause: &Cause, name: &str, piece: &Attributes) -> Outcome<()> {
    let values: Values = serde_json::from_value(Json::Object(piece.clone())).map_err(|error| broken(name, None, &error.to_string(), &error.to_string()))?;
    let rights = Rights::system();
    if let Some(known) = item(tx.read(), name)? {
        crm::item::change(tx, &rights, cause, known.at(), &values)?;
        return Ok(());
    }
    let code = name.split('/').nth(1).unwrap_or("");
    let kind = tx.schema().kind_by_code(code).ok_or_else(|| unknown_type(code))?.id;
    crm::item::create(tx, &rights, cause, kind, &values)?;
    Ok(())
}

fn put_account(tx: &mut dyn Tx, provider: &str, code: &str, piece: &Attributes) -> Outcome<()> {
    let about = channels::providers::all().iter().map(|one| one.about()).find(|about| about.code == provider);
    let about = about.ok_or_else(|| broken("accounts.toml", None, &format!("канала «{provider}» нет"), &format!("there is no provider {provider}")))?;
    let settings: Values = serde_json::from_value(piece.get("settings").cloned().unwrap_or_else(|| Json::Object(Map::new())))
        .map_err(|error| broken("accounts.toml", None, &error.to_string(), &error.to_string()))?;
    let known = tx.account_by_code(provider, code)?;
    let title = piece.get("title").and_then(Json::as_str).unwrap_or(code).to_owned();
    let mut account = Account {
        id: known.as_ref().map_or(AccountId(0), |known| known.id),
        provider: provider.to_owned(),
        code: code.to_owned(),
        title,
        settings: about.accept(&settings)?,
        secrets: Values::new(),
        enabled: known.is_none_or(|known| known.enabled),
    };
    tx.put_account(&mut account)
}

fn put_rules(tx: &mut dyn Tx, pack: &Pack, wanted: &Elements, now: Moment) -> Outcome<()> {
    for (name, piece) in of(wanted, "rules") {
        let (kind_code, pipeline, stage) = (name[0], name[1], name[2]);
        let schema = tx.schema();
        let kind = schema.kind_by_code(kind_code).ok_or_else(|| unknown_type(kind_code))?.id;
        let file = format!("rules/{kind_code}.toml");
        let id = stage_number(&schema, kind, pipeline, stage)
            .ok_or_else(|| broken(&file, None, &format!("стадии «{pipeline}/{stage}» нет"), &format!("there is no stage {pipeline}/{stage}")))?;
        let rules: Vec<Rule> = serde_json::from_value(piece.get("rules").cloned().unwrap_or_default())
            .map_err(|error| broken(&file, None, &error.to_string(), &error.to_string()))?;
        let home = PackRules { kind: kind_code.to_owned(), pipeline: pipeline.to_owned(), stages: Vec::new() };
        let mut numbered = rules.iter().map(|rule| with_stage_numbers(&schema, &home, rule)).collect::<Result<Vec<Rule>, _>>()?;
        keep_numbers(tx, id, &mut numbered)?;
        automation::publish(tx, &Rights::system(), now, id, numbered).map_err(|fault| in_file(fault, &file, pack))?;
    }
    Ok(())
}

/// A rule that is there already, by code and title, keeps its number: its history stays with it.
fn keep_numbers(tx: &mut dyn Tx, stage: crm::StageId, rules: &mut [Rule]) -> Outcome<()> {
    let Some(program) = tx.program(stage)? else { return Ok(()) };
    let mut free: Vec<&Rule> = program.rules.iter().collect();
    for rule in rules {
        if let Some(at) = free.iter().position(|known| known.code == rule.code && known.title == rule.title) {
            rule.id = free.remove(at).id;
        }
    }
    Ok(())
}

fn in_file(fault: crm::Fault, file: &str, pack: &Pack) -> crm::Fault {
    match fault {
        crm::Fault::Refused(refusal) => {
            let reasons = |lang: crm::Lang| refusal.fields.iter().map(|(_, text)| text.get(lang).to_owned()).collect::<Vec<_>>().join("; ");
            let (ru, en) = (reasons(crm::Lang::Ru), reasons(crm::Lang::En));
            let (ru, en) = if ru.is_empty() { (refusal.text.ru.clone(), refusal.text.en.clone()) } else { (ru, en) };
            broken(&format!("{}/{file}", pack.about.code), None, &ru, &en).into()
        }
        other => other,
    }
}

/// Writes down what this pack shipped: the middle of the next three-way plan.
pub fn remember(tx: &mut dyn Tx, pack: &Pack, shipped: &Elements) -> Outcome<()> {
    let elements = serde_json::to_string(shipped).expect("pieces become JSON");
    let mark = Values::from([("version", Value::Int(pack.about.version)), ("elements", Value::text(elements))]);
    tx.put_setting(&format!("pack:{}", pack.about.code), &mark)
}

/// Codes that a pack names and nobody has: refused before anything is written.
///
/// # Errors
/// One refusal for the first place, with file and line.
pub fn check(pack: &Pack, files: &super::read::Files, read: &dyn crm::Read) -> Outcome<()> {
    let schema = read.schema();
    let mut shapes: BTreeMap<String, EntityType> = schema.types.values().map(|shape| (shape.code.clone(), shape.clone())).collect();
    for given in &pack.types {
        let shape = super::elements::shape_of(given, &schema)?;
        shapes.insert(given.code.clone(), shape);
    }
    let wrong = |folder: &str, word: &str, ru: &str, en: &str| {
        let (path, line) = files.line_of(folder, word);
        broken(&path, line, ru, en)
    };
    let has = |kind: &str, field: &str| shapes.get(kind).is_some_and(|shape| shape.has(field));
    let need_field = |folder: &str, kind: &str, field: &str| match has(kind, field) {
        true => Ok(()),
        false => Err(wrong(folder, field, &format!("у типа «{kind}» нет поля «{field}»"), &format!("the type {kind} has no field {field}"))),
    };
    let numbers: BTreeSet<i64> = shapes.values().map(|shape| shape.id.0).collect();
    for given in &pack.types {
        for field in &given.fields {
            if let crm::FieldKind::Link { to } = field.kind
                && !numbers.contains(&to.0)
            {
                return Err(wrong(
                    "types/",
                    &field.code,
                    &format!("поле «{}» ведёт к типу № {to}, которого нет", field.code),
                    &format!("the field {} leads to type {to}, which does not exist", field.code),
                )
                .into());
            }
        }
    }
    let mut pipelines: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for pipeline in schema.pipelines.values() {
        let kind = schema.kind(pipeline.kind).map(|kind| kind.code.clone()).unwrap_or_default();
        pipelines.insert((kind, pipeline.code.clone()), pipeline.stages.iter().map(|stage| stage.code.clone()).collect());
    }
    for given in &pack.pipelines {
        let stages = pipelines.entry((given.kind.clone(), given.code.clone())).or_default();
        stages.extend(given.stages.iter().map(|stage| stage.code.clone()));
    }
    for given in &pack.pipelines {
        if !shapes.get(&given.kind).is_some_and(|shape| shape.staged) {
            return Err(wrong(
                "pipelines/",
                &given.kind,
                &format!("у типа «{}» не бывает воронок", given.kind),
                &format!("the type {} has no pipelines", given.kind),
            )
            .into());
        }
        for stage in &given.stages {
            for field in &stage.required {
                need_field("pipelines/", &given.kind, field)?;
            }
            for tunnel in &stage.tunnels {
                let kind = if tunnel.kind.is_empty() { &given.kind } else { &tunnel.kind };
                let known = pipelines.iter().any(|((of, code), stages)| {
                    of == kind && (tunnel.pipeline.is_empty() || *code == tunnel.pipeline) && (tunnel.stage.is_empty() || stages.contains(&tunnel.stage))
                });
                if !known {
                    return Err(wrong(
                        "pipelines/",
                        &tunnel.stage,
                        &format!("туннель ведёт в стадию, которой нет: {kind}/{}/{}", tunnel.pipeline, tunnel.stage),
                        &format!("a tunnel leads to a stage that does not exist: {kind}/{}/{}", tunnel.pipeline, tunnel.stage),
                    )
                    .into());
                }
            }
        }
    }
    for set in &pack.layouts {
        for code in set.layouts.iter().flat_map(|layout| &layout.sections).flat_map(|section| &section.fields) {
            need_field("layouts/", &set.kind, code)?;
        }
    }
    for set in &pack.views {
        for code in set.views.iter().flat_map(|view| view.columns.iter().chain(view.order.iter().map(|order| &order.field))) {
            need_field("views/", &set.kind, code)?;
        }
    }
    for code in pack.menu.sections.iter().flat_map(|section| &section.types) {
        if !shapes.contains_key(code) {
            return Err(wrong("menu.toml", code, &format!("типа «{code}» нет"), &format!("there is no type {code}")).into());
        }
    }
    for role in &pack.staff.roles {
        for place in role.may.keys().filter(|place| *place != "*") {
            let mut parts = place.split('/');
            let (kind, pipeline, stage) = (parts.next().unwrap_or(""), parts.next(), parts.next());
            let known = shapes.contains_key(kind)
                && pipeline.is_none_or(|pipeline| {
                    pipelines.get(&(kind.to_owned(), pipeline.to_owned())).is_some_and(|stages| stage.is_none_or(|stage| stages.contains(stage)))
                });
            if !known {
                return Err(wrong(
                    "roles.toml",
                    place,
                    &format!("права на «{place}»: такого места нет"),
                    &format!("rights to {place}: there is no such place"),
                )
                .into());
            }
        }
    }
    Ok(())
}
