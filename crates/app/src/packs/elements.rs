//! A pack and a firm in one form: named pieces with attributes, so that what is shipped, what was installed and what the
//! firm made of it can be laid side by side.
//!
//! A piece is called `field/deal/amount`, `stage/lead/main/NEW`, `role/operator`. Its attributes are those of its written
//! form; an attribute that says nothing (no, empty, none) is left out, so that old and new writings compare equal.

use crm::pack::{Pack, PackRules, PackType};
use crm::{
    Account, Audience, EntityType, Field, FieldKind, Filter, Label, Layout, Outcome, Pipeline, Read, Rights, Rule, SavedView, Schema, Stage, Value, Values,
    code,
};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Attributes of one piece.
pub type Attributes = Map<String, Json>;
/// Pieces by name.
pub type Elements = BTreeMap<String, Attributes>;

/// The attributes of something that has a written form; those that say nothing are left out.
pub fn attributes(of: &impl Serialize, without: &[&str]) -> Attributes {
    let Ok(Json::Object(mut map)) = serde_json::to_value(of) else { return Map::new() };
    map.retain(|name, _| !without.contains(&name.as_str()));
    spare(&mut map);
    map
}

fn spare(map: &mut Attributes) {
    for value in map.values_mut() {
        shorten(value);
    }
    map.retain(|_, value| !says_nothing(value));
}

/// Inside an attribute empty parts are left out too: a choice without a colour is written without it.
fn shorten(value: &mut Json) {
    match value {
        Json::Object(inner) => spare(inner),
        Json::Array(list) => list.iter_mut().for_each(shorten),
        _ => {}
    }
}

fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::String(text) => text.is_empty() || text == "any",
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Number(_) => false,
    }
}

/// Everything that a pack ships. `schema` is the firm's, into which a pack may widen types.
///
/// # Errors
/// `unknown_type` when it widens a type that neither it nor the firm has.
pub fn of_pack(pack: &Pack, schema: &Schema) -> Outcome<Elements> {
    let mut all = Elements::new();
    for given in &pack.types {
        let shape = shape_of(given, schema)?;
        if let Some(id) = given.id {
            let mut head = type_head(&shape);
            head.insert("id".into(), id.0.into());
            all.insert(format!("type/{}", given.code), head);
        } else {
            let mut head = type_head(&EntityType { code: given.code.clone(), ..widening(given) });
            head.retain(|name, _| name != "code");
            if !head.is_empty() {
                all.insert(format!("type/{}", given.code), head);
            }
        }
        for field in &given.fields {
            // What `complete` made of it: a common field keeps its kind whatever a pack says.
            let field = shape.field(&field.code).unwrap_or(field);
            all.insert(format!("field/{}/{}", given.code, field.code), field_attributes(field));
        }
    }
    for given in &pack.pipelines {
        let order: Vec<&str> = given.stages.iter().map(|stage| stage.code.as_str()).collect();
        all.insert(format!("pipeline/{}/{}", given.kind, given.code), pipeline_attributes(&given.title, given.is_default, &order));
        for stage in &given.stages {
            all.insert(format!("stage/{}/{}/{}", given.kind, given.code, stage.code), attributes(stage, &["id", "code"]));
        }
    }
    for set in &pack.layouts {
        for layout in &set.layouts {
            all.insert(layout_name(&set.kind, layout), attributes(layout, LAYOUT_PLACE));
        }
    }
    for set in &pack.views {
        for view in &set.views {
            all.insert(format!("view/{}/{}", set.kind, view.code), attributes(view, &["kind", "owner", "code"]));
        }
    }
    for section in &pack.menu.sections {
        all.insert(format!("section/{}", section.code), attributes(section, &["code"]));
    }
    for department in &pack.staff.departments {
        all.insert(format!("department/{}", department.code), attributes(department, &["code"]));
    }
    for role in &pack.staff.roles {
        all.insert(format!("role/{}", role.code), attributes(role, &["code"]));
    }
    for item in pack.items.iter().chain(&pack.accounts.items) {
        all.insert(format!("item/{}/{}", item.kind, item_code(&item.values)), attributes(&item.values, &[]));
    }
    for account in &pack.accounts.accounts {
        let mut map = attributes(&account.settings, &[]);
        map = Map::from_iter([("title".to_owned(), Json::String(account.title.clone())), ("settings".to_owned(), Json::Object(map))]);
        spare(&mut map);
        all.insert(format!("account/{}/{}", account.provider, account.code), map);
    }
    for rules in &pack.rules {
        for stage in &rules.stages {
            all.insert(format!("rules/{}/{}/{}", rules.kind, rules.pipeline, stage.stage), rules_attributes(&stage.rules));
        }
    }
    Ok(all)
}

/// What `Layout` says besides its place, which stands in its name.
const LAYOUT_PLACE: &[&str] = &["kind", "pipeline", "stage", "audience", "owner"];

/// The type as it will be: a new one, or the firm's with the pack's fields.
pub fn shape_of(given: &PackType, schema: &Schema) -> Outcome<EntityType> {
    if let Some(id) = given.id {
        return Ok(given.shape(id));
    }
    let known = schema.kind_by_code(&given.code).cloned();
    let mut shape = known.map_or_else(|| super::shipped_type(&given.code), Ok)?;
    for field in &given.fields {
        match shape.fields.iter().position(|one| one.code == field.code) {
            Some(at) => shape.fields[at] = field.clone(),
            None => shape.fields.push(field.clone()),
        }
    }
    Ok(shape.complete())
}

fn widening(given: &PackType) -> EntityType {
    EntityType { fields: Vec::new(), ..given.shape(crm::EntityTypeId(0)) }
}

fn type_head(shape: &EntityType) -> Attributes {
    attributes(shape, &["id", "code", "fields"])
}

fn field_attributes(field: &Field) -> Attributes {
    attributes(field, &["code"])
}

fn pipeline_attributes(title: &Label, is_default: bool, order: &[&str]) -> Attributes {
    let mut map = Map::new();
    map.insert("title".into(), serde_json::to_value(title).unwrap_or_default());
    map.insert("is_default".into(), is_default.into());
    map.insert("order".into(), order.iter().map(|code| Json::from(*code)).collect());
    spare(&mut map);
    map
}

fn layout_name(kind: &str, layout: &Layout) -> String {
    let audience = if layout.audience == Audience::Forced { "forced" } else { "common" };
    format!("layout/{kind}/{}/{}/{audience}", layout.pipeline, layout.stage)
}

fn rules_attributes(rules: &[Rule]) -> Attributes {
    let list: Vec<Json> = rules.iter().map(|rule| Json::Object(rule_attributes(rule))).collect();
    Map::from_iter([("rules".to_owned(), Json::Array(list))])
}

fn rule_attributes(rule: &Rule) -> Attributes {
    let mut map = attributes(rule, &["id"]);
    // A rule works unless it says otherwise, and its usual timing and lane say nothing.
    map.remove("enabled");
    if !rule.enabled {
        map.insert("enabled".into(), false.into());
    }
    if rule.timing == crm::Timing::default() {
        map.remove("timing");
    }
    if rule.lane == crm::Lane::default() {
        map.remove("lane");
    }
    map
}

/// By which an item of a pack is known again: its code, else its title.
pub fn item_code(values: &Values) -> String {
    let code = values.text("code");
    if code.is_empty() { values.text(crm::code::TITLE).to_owned() } else { code.to_owned() }
}

/// Everything that the firm has, in the words of packs. Items: only those that `wanted` names.
///
/// # Errors
/// Failures of the database.
pub fn of_firm(read: &dyn Read, wanted: &Elements) -> Outcome<Elements> {
    let schema = read.schema();
    let mut all = Elements::new();
    for shape in schema.types.values() {
        let mut head = type_head(shape);
        head.insert("id".into(), shape.id.0.into());
        all.insert(format!("type/{}", shape.code), head);
        for field in &shape.fields {
            all.insert(format!("field/{}/{}", shape.code, field.code), field_attributes(field));
        }
        for pipeline in schema.pipelines_of(shape.id) {
            add_pipeline(read, &mut all, &schema, shape, pipeline)?;
        }
        for layout in read.layouts(shape.id, crm::UserId::SYSTEM)?.iter().filter(|layout| layout.audience != Audience::Mine) {
            all.insert(layout_name(&shape.code, layout), attributes(layout, LAYOUT_PLACE));
        }
        for view in read.views(shape.id, crm::UserId::SYSTEM)?.iter().filter(|view| view.owner == crm::UserId::SYSTEM) {
            let view = SavedView { filter: named_stages(&schema, &view.filter), ..view.clone() };
            all.insert(format!("view/{}/{}", shape.code, view.code), attributes(&view, &["kind", "owner", "code"]));
        }
    }
    for section in read.sections()? {
        all.insert(format!("section/{}", section.code), attributes(&section, &["code"]));
    }
    let departments = read.departments()?;
    for one in &departments {
        let parent = departments.iter().find(|above| above.id == one.parent).map(|above| above.code.clone()).unwrap_or_default();
        let written = crm::pack::PackDepartment { code: one.code.clone(), title: one.title.clone(), parent, office: one.office, zone: one.zone.clone() };
        all.insert(format!("department/{}", one.code), attributes(&written, &["code"]));
    }
    for role in read.roles()? {
        all.insert(format!("role/{}", role.code), attributes(&role, &["code"]));
    }
    for account in read.accounts()? {
        all.insert(format!("account/{}/{}", account.provider, account.code), account_attributes(&account));
    }
    for name in wanted.keys().filter(|name| name.starts_with("item/")) {
        if let Some(item) = item(read, name)? {
            all.insert(name.clone(), attributes(&written_item(&schema, &item), &[]));
        }
    }
    Ok(all)
}

fn account_attributes(account: &Account) -> Attributes {
    let mut map =
        Map::from_iter([("title".to_owned(), Json::String(account.title.clone())), ("settings".to_owned(), Json::Object(attributes(&account.settings, &[])))]);
    spare(&mut map);
    map
}

fn add_pipeline(read: &dyn Read, all: &mut Elements, schema: &Schema, shape: &EntityType, pipeline: &Pipeline) -> Outcome<()> {
    let order: Vec<&str> = pipeline.stages.iter().map(|stage| stage.code.as_str()).collect();
    all.insert(format!("pipeline/{}/{}", shape.code, pipeline.code), pipeline_attributes(&pipeline.title, pipeline.is_default, &order));
    for stage in &pipeline.stages {
        all.insert(format!("stage/{}/{}/{}", shape.code, pipeline.code, stage.code), attributes(stage, &["id", "code"]));
        if let Some(program) = read.program(stage.id)?.filter(|program| !program.rules.is_empty()) {
            let rules: Vec<Rule> = program.rules.iter().map(|rule| with_stage_codes(schema, rule)).collect();
            all.insert(format!("rules/{}/{}/{}", shape.code, pipeline.code, stage.code), rules_attributes(&rules));
        }
    }
    Ok(())
}

/// The item that a piece of this name stands for.
///
/// # Errors
/// Failures of the database.
pub fn item(read: &dyn Read, name: &str) -> Outcome<Option<crm::Item>> {
    let mut parts = name.splitn(3, '/').skip(1);
    let (Some(kind), Some(wanted)) = (parts.next(), parts.next()) else { return Ok(None) };
    let schema = read.schema();
    let Some(kind) = schema.kind_by_code(kind) else { return Ok(None) };
    for field in ["code", crm::code::TITLE].into_iter().filter(|field| kind.has(field)) {
        let query = crm::Query::of(kind.id).filter(Filter::is(field, crm::Op::Eq, Value::text(wanted))).limit(1);
        if let Some(item) = read.items(&Rights::system(), &query)?.into_iter().next() {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// The answers of an item that somebody would write into a pack: not those that the program keeps.
pub fn written_item(schema: &Schema, item: &crm::Item) -> Values {
    let kept = [code::PIPELINE, code::STAGE, code::RESPONSIBLE, code::OFFICE];
    let Some(shape) = schema.kind(item.kind) else { return Values::new() };
    let own = shape.fields.iter().filter(|field| !field.read_only && !kept.contains(&field.code.as_str()) && !matches!(field.kind, FieldKind::Formula { .. }));
    let mut values = Values::new();
    for field in own {
        let value = item.values.get(&field.code);
        if !value.is_empty() {
            values.set(field.code.clone(), plain(value));
        }
    }
    values
}

/// Phones and addresses as somebody writes them: without the numbers and spellings that the database adds.
fn plain(value: &Value) -> Value {
    match value {
        Value::Points(points) if points.list.len() == 1 => Value::text(&points.list[0].raw),
        Value::Points(points) => Value::Many(points.list.iter().map(|point| Value::text(&point.raw)).collect()),
        other => other.clone(),
    }
}

// ── numbers of stages are a firm's own; packs name stages by their codes

/// The fields of a rule's settings that hold stages.
fn stage_settings(rule: &Rule) -> Vec<String> {
    let robots = automation::robots::all().iter().map(|robot| robot.about()).find(|about| about.code == rule.code);
    robots.iter().flat_map(|about| &about.settings).filter(|field| field.kind == FieldKind::Stage).map(|field| field.code.clone()).collect()
}

fn with_stage_codes(schema: &Schema, rule: &Rule) -> Rule {
    let mut rule = rule.clone();
    for setting in stage_settings(&rule) {
        if let Some(written) = rule.settings.int(&setting).and_then(|id| stage_written(schema, crm::StageId(id))) {
            rule.settings.set(setting, Value::text(written));
        }
    }
    rule.condition = named_stages(schema, &rule.condition);
    rule
}

/// The same rule with the numbers of this firm's stages.
///
/// # Errors
/// `broken_pack` for a stage that does not exist.
pub fn with_stage_numbers(schema: &Schema, rules: &PackRules, rule: &Rule) -> Result<Rule, crm::Refusal> {
    let kind = schema.kind_by_code(&rules.kind).map(|kind| kind.id).unwrap_or_default();
    let mut rule = rule.clone();
    for setting in stage_settings(&rule) {
        if let Some(written) = rule.settings.get(&setting).as_text().map(str::to_owned) {
            let id = stage_number(schema, kind, &rules.pipeline, &written).ok_or_else(|| unknown_stage(&written))?;
            rule.settings.set(setting, Value::Int(id.0));
        }
    }
    rule.condition = numbered_stages(schema, kind, &rules.pipeline, &rule.condition)?;
    Ok(rule)
}

fn unknown_stage(written: &str) -> crm::Refusal {
    super::read::broken("rules", None, &format!("стадии «{written}» нет"), &format!("there is no stage {written}"))
}

/// `main/NEW` for a stage of a firm.
fn stage_written(schema: &Schema, id: crm::StageId) -> Option<String> {
    schema.stage(id).map(|(pipeline, stage)| format!("{}/{}", pipeline.code, stage.code))
}

/// The number of a stage written `NEW` (of the pipeline at hand) or `main/NEW`.
pub fn stage_number(schema: &Schema, kind: crm::EntityTypeId, pipeline: &str, written: &str) -> Option<crm::StageId> {
    let (pipeline, stage) = written.split_once('/').unwrap_or((pipeline, written));
    let found = |one: &&Pipeline| one.code == pipeline || (pipeline.is_empty() && one.is_default);
    let pipeline = schema.pipelines_of(kind).into_iter().find(found)?;
    pipeline.stages.iter().find(|one: &&Stage| one.code == stage).map(|stage| stage.id)
}

fn named_stages(schema: &Schema, filter: &Filter) -> Filter {
    with_stages(filter, &mut |value| match value {
        Value::Int(id) => Ok(stage_written(schema, crm::StageId(*id)).map_or_else(|| value.clone(), Value::Text)),
        other => Ok(other.clone()),
    })
    .unwrap_or_else(|_| filter.clone())
}

/// A condition with the numbers of this firm's stages.
///
/// # Errors
/// `broken_pack` for a stage that does not exist.
pub fn numbered_stages(schema: &Schema, kind: crm::EntityTypeId, pipeline: &str, filter: &Filter) -> Result<Filter, crm::Refusal> {
    with_stages(filter, &mut |value| match value {
        Value::Text(written) => stage_number(schema, kind, pipeline, written).map(|id| Value::Int(id.0)).ok_or_else(|| unknown_stage(written)),
        other => Ok(other.clone()),
    })
}

fn with_stages(filter: &Filter, turn: &mut dyn FnMut(&Value) -> Result<Value, crm::Refusal>) -> Result<Filter, crm::Refusal> {
    Ok(match filter {
        Filter::All(list) => Filter::All(list.iter().map(|one| with_stages(one, turn)).collect::<Result<_, _>>()?),
        Filter::One(list) => Filter::One(list.iter().map(|one| with_stages(one, turn)).collect::<Result<_, _>>()?),
        Filter::Not(inner) => Filter::Not(Box::new(with_stages(inner, turn)?)),
        Filter::Is { field, op, value } if field == code::STAGE => {
            let value = match value {
                Value::Many(list) => Value::Many(list.iter().map(&mut *turn).collect::<Result<_, _>>()?),
                one => turn(one)?,
            };
            Filter::Is { field: field.clone(), op: *op, value }
        }
        other => other.clone(),
    })
}
