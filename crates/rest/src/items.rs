//! What the methods of items have in common, whichever way they write it.

use crate::answers::{self, Style, row, taken};
use crate::api::{Caller, Hand};
use crate::filter::{Reader, Unknown, select};
use crate::method::{Answer, PAGE, counted, given, start};
use crate::node::{Map, Node};
use crate::spelling::{Derived, Name, Source, Spelling, category_of, stage_within};
use crate::wrong::{Stop, Wrong};
use crm::entity::{code, kind};
use crm::{Command, EntityTypeId, FieldKind, FormulaResult, Item, ItemRef, Page, Pipeline, Point, Query, Read, Refusal, Rights, StageId, Value, Values};

/// Counting goes on to the end: clients work out the number of pages from `total`.
const ALL: u64 = i64::MAX as u64;

/// A type that does not exist, or whose records are none of REST's business.
pub fn unsupported(of: EntityTypeId) -> Wrong {
    Wrong::new(400, "ENTITY_TYPE_NOT_SUPPORTED", format!("Entity type with id '{of}' is not supported"))
}

/// Makes an item from what a client sent; its number.
///
/// # Errors
/// Refuses wrong values of known fields, and whom the rights do not allow. Unknown fields are ignored, as the original does.
pub fn create(caller: &Caller<'_>, of: EntityTypeId, given: Option<&Map>) -> Result<i64, Stop> {
    writable(of)?;
    let given = given.cloned().unwrap_or_default();
    caller.write(move |hand, tx| {
        let values = new_answers(hand, tx.read(), of, &given)?;
        let done = hand.command(tx, &Command::Create { kind: of, values })?;
        Ok(done.item.map_or(0, |item| item.id))
    })
}

fn new_answers(hand: &Hand, read: &dyn Read, of: EntityTypeId, given: &Map) -> Result<Values, Stop> {
    let schema = read.schema();
    let spelling = Spelling::of(&schema, &hand.rights, of).ok_or_else(|| unsupported(of))?;
    let mut wanted = Wanted::read(hand, &spelling, given, None)?;
    let stage = match (wanted.pipeline, &wanted.stage) {
        (Some(pipeline), Some(written)) => Some(stage_within(pipeline, written, true).ok_or_else(unknown_stage)?),
        (Some(pipeline), None) => Some(pipeline.stages.first().ok_or_else(unknown_stage)?.id),
        (None, Some(written)) => Some(spelling.stage(written).ok_or_else(unknown_stage)?.1),
        (None, None) => None,
    };
    if let Some(stage) = stage {
        wanted.values.set(code::STAGE, Value::Int(stage.0));
    }
    Ok(wanted.values)
}

/// Changes an item. `may_change_pipeline` is true for the universal methods: old ones set the pipeline once.
///
/// # Errors
/// As [`create`], and `not_found`.
pub fn update(caller: &Caller<'_>, at: ItemRef, given: Option<&Map>, may_change_pipeline: bool) -> Result<(), Stop> {
    writable(at.kind)?;
    let given = given.cloned().unwrap_or_default();
    caller.write(move |hand, tx| {
        // Phones are changed one by one: the list is read and written in one transaction.
        let values = changed_answers(hand, tx.read(), at, &given, may_change_pipeline)?;
        hand.command(tx, &Command::Change { item: at, values })?;
        Ok(())
    })
}

fn changed_answers(hand: &Hand, read: &dyn Read, at: ItemRef, given: &Map, may_change_pipeline: bool) -> Result<Values, Stop> {
    let schema = read.schema();
    let spelling = Spelling::of(&schema, &hand.rights, at.kind).ok_or_else(|| unsupported(at.kind))?;
    let item = read.item(&hand.rights, at)?.ok_or_else(Refusal::not_found)?;
    let mut wanted = Wanted::read(hand, &spelling, given, Some(&item))?;
    let current = item.pipeline().and_then(|id| schema.pipelines.get(&id));
    let pipeline = wanted.pipeline.filter(|_| may_change_pipeline).or(current);
    if let Some(stage) = new_stage(&spelling, &wanted, pipeline, current)? {
        wanted.values.set(code::STAGE, Value::Int(stage.0));
    }
    rename(&item, &mut wanted.values);
    Ok(wanted.values)
}

/// The stage to which an update brings the item.
fn new_stage(spelling: &Spelling<'_>, wanted: &Wanted<'_>, pipeline: Option<&Pipeline>, current: Option<&Pipeline>) -> Result<Option<StageId>, Stop> {
    let (Some(pipeline), Some(current)) = (pipeline, current) else { return Ok(None) };
    let moved = pipeline.id != current.id;
    match &wanted.stage {
        Some(written) => match stage_within(pipeline, written, true) {
            Some(stage) => Ok(Some(stage)),
            None if spelling.stage(written).is_some() => {
                let category = category_of(pipeline);
                let text = format!("Стадия «{written}» не из воронки этой записи (CATEGORY_ID {category})");
                Err(Refusal::new("unknown_stage", text, format!("Stage {written} is not of the record's pipeline (CATEGORY_ID {category})")).into())
            }
            None => Err(unknown_stage().into()),
        },
        None if moved => Ok(pipeline.stages.first().map(|stage| stage.id)),
        None => Ok(None),
    }
}

fn unknown_stage() -> Refusal {
    Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage")
}

/// A contact is called by its name: a new name gives it a new title, unless it was called otherwise.
fn rename(item: &Item, values: &mut Values) {
    const PARTS: [&str; 3] = ["last_name", "first_name", "middle_name"];
    if item.kind != kind::CONTACT || values.0.contains_key(code::TITLE) || !PARTS.iter().any(|part| values.0.contains_key(*part)) {
        return;
    }
    let name = |answer: &dyn Fn(&str) -> String| PARTS.iter().map(|part| answer(part)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let old = name(&|part| item.values.text(part).to_owned());
    let new = name(&|part| if values.0.contains_key(part) { values.text(part).to_owned() } else { item.values.text(part).to_owned() });
    if item.title() == old && !new.is_empty() {
        values.set(code::TITLE, Value::Text(new));
    }
}

/// Messages, notices and operations are made by the program: they report what really happened.
fn writable(of: EntityTypeId) -> Result<(), Stop> {
    match of {
        kind::MESSAGE | kind::NOTIFICATION | kind::OPERATION => {
            Err(Refusal::denied("Такие записи создаёт и меняет только система", "Only the system makes and changes such records").into())
        }
        _ => Ok(()),
    }
}

/// Deletes an item.
///
/// # Errors
/// `not_found`, and whom the rights do not allow.
pub fn delete(caller: &Caller<'_>, at: ItemRef) -> Result<(), Stop> {
    writable(at.kind)?;
    caller.write(move |hand, tx| {
        if tx.schema().kind(at.kind).is_none() {
            return Err(unsupported(at.kind).into());
        }
        hand.command(tx, &Command::Delete { item: at })?;
        Ok(())
    })
}

/// What a client wants written, in our spelling.
struct Wanted<'a> {
    values: Values,
    pipeline: Option<&'a Pipeline>,
    stage: Option<String>,
}

impl<'a> Wanted<'a> {
    fn read(hand: &Hand, spelling: &Spelling<'a>, given: &Map, item: Option<&Item>) -> Result<Wanted<'a>, Stop> {
        let zone = &hand.zone;
        let mut wanted = Wanted { values: Values::new(), pipeline: None, stage: None };
        let mut refused: Option<Refusal> = None;
        let mut note = |refusal: Refusal| match &mut refused {
            Some(known) => known.fields.extend(refusal.fields),
            None => refused = Some(refusal),
        };
        for (written, node) in given {
            if written.eq_ignore_ascii_case("fm") {
                for (field, node) in sorted_out(node, spelling) {
                    let kept: &[Point] = item.map_or(&[], |item| item.values.points(&field.code));
                    match taken(field, &node, zone, kept) {
                        Ok(value) => wanted.values.set(field.code.clone(), value),
                        Err(refusal) => note(refusal),
                    }
                }
                continue;
            }
            let Some(name) = spelling.find(written) else { continue };
            let field = match name.source {
                Source::Field(field) if !field.is_kept() => field,
                Source::Derived(Derived::Contacts) => {
                    let first = node.values().first().and_then(|one| one.int()).filter(|id| *id != 0);
                    wanted.values.set(code::CONTACT, first.map_or(Value::Null, Value::Int));
                    continue;
                }
                Source::Field(_) | Source::Derived(_) => continue,
            };
            match field.kind {
                FieldKind::Stage => wanted.stage = node.scalar().filter(|text| !text.is_empty()),
                FieldKind::Pipeline => {
                    if let Some(text) = node.scalar().filter(|text| !text.is_empty()) {
                        let pipeline = text.trim().parse().ok().and_then(|category| spelling.pipeline(category));
                        wanted.pipeline = Some(pipeline.ok_or_else(|| Refusal::new("unknown_pipeline", "Такой воронки нет", "There is no such pipeline"))?);
                    }
                }
                _ => {
                    let kept: &[Point] = item.map_or(&[], |item| item.values.points(&field.code));
                    match taken(field, node, zone, kept) {
                        Ok(value) => wanted.values.set(field.code.clone(), value),
                        Err(refusal) => note(refusal),
                    }
                }
            }
        }
        match refused {
            Some(refusal) => Err(refusal.into()),
            None => Ok(wanted),
        }
    }
}

/// `fm`, the universal list of phones and addresses, by their fields.
fn sorted_out<'a>(node: &Node, spelling: &Spelling<'a>) -> Vec<(&'a crm::Field, Node)> {
    let lists = spelling.names.iter().filter(|name| name.is_multifield()).filter_map(|name| {
        let own = |entry: &&Node| {
            entry.named("typeId").or_else(|| entry.named("TYPE_ID")).and_then(Node::scalar).is_some_and(|of| of.eq_ignore_ascii_case(&name.upper))
        };
        let entries: Vec<Node> = node.values().into_iter().filter(own).cloned().collect();
        Some((name.field()?, Node::List(entries))).filter(|_| !node.is_blank())
    });
    lists.filter(|(_, node)| !node.is_blank()).collect()
}

/// One item as a row with all its names.
///
/// # Errors
/// `not_found`.
pub fn get(caller: &Caller<'_>, at: ItemRef, style: Style, original_custom_names: bool) -> Result<Node, Stop> {
    read_one(caller, at, &caller.rights, style, original_custom_names)
}

/// The item that was just written, even if it has left the writer's sight.
///
/// # Errors
/// Only failures of the database.
pub fn written(caller: &Caller<'_>, at: ItemRef, original_custom_names: bool) -> Result<Node, Stop> {
    read_one(caller, at, &Rights::system(), Style::Universal, original_custom_names)
}

fn read_one(caller: &Caller<'_>, at: ItemRef, rights: &Rights, style: Style, original_custom_names: bool) -> Result<Node, Stop> {
    caller.read(|read| {
        let schema = read.schema();
        let spelling = Spelling::of(&schema, &caller.rights, at.kind).ok_or_else(|| unsupported(at.kind))?;
        let item = caller.rights.shown(read.item(rights, at)?.ok_or_else(Refusal::not_found)?);
        let names: Vec<&Name<'_>> = spelling.names.iter().collect();
        Ok(Node::Map(shown(caller, &spelling, &names, &item, style, original_custom_names)))
    })
}

/// A row; the universal way gathers phones and addresses in `fm` and tells the type.
fn shown(caller: &Caller<'_>, spelling: &Spelling<'_>, names: &[&Name<'_>], item: &Item, style: Style, original_custom_names: bool) -> Map {
    let zone = &caller.house().firm.zone;
    if style == Style::Classic {
        return row(spelling, names, item, zone, style, original_custom_names);
    }
    let (lists, plain): (Vec<&Name<'_>>, Vec<&Name<'_>>) = names.iter().partition(|name| name.is_multifield());
    let mut map = row(spelling, &plain, item, zone, style, original_custom_names);
    if !lists.is_empty() {
        let points = lists.iter().flat_map(|name| match answers::told(spelling, name, item, zone, style) {
            Node::List(list) => list,
            _ => Vec::new(),
        });
        map.insert("fm".to_owned(), Node::List(points.collect()));
    }
    map
}

/// A page of items.
///
/// # Errors
/// Refuses wrong filters; new methods also names that do not exist.
pub fn list(caller: &Caller<'_>, of: EntityTypeId, parameters: &Map, style: Style, wrap: impl FnOnce(Vec<Node>) -> Node) -> Result<Answer, Stop> {
    let original = given(parameters, "useOriginalUfNames").is_some_and(Node::is_yes);
    let from = start(parameters);
    let (rows, total) = caller.read(|read| {
        let schema = read.schema();
        let spelling = Spelling::of(&schema, &caller.rights, of).ok_or_else(|| unsupported(of))?;
        let unknown = if style == Style::Classic { Unknown::Ignored } else { Unknown::Refused };
        let reader = Reader { spelling: &spelling, zone: &caller.house().firm.zone, unknown };
        let query = Query {
            kind: of,
            filter: reader.filter(given(parameters, "filter"))?,
            order: reader.order(given(parameters, "order"))?,
            page: Page { limit: PAGE, offset: from.unwrap_or(0), after: None },
        };
        let names = select(&spelling, given(parameters, "select"), style);
        let total = match from {
            Some(_) => read.count(&caller.rights, &query, ALL)?.counted,
            None => 0,
        };
        let items = read.items(&caller.rights, &query)?;
        let rows: Vec<Node> = items.iter().map(|item| Node::Map(shown(caller, &spelling, &names, item, style, original))).collect();
        Ok((rows, i64::try_from(total).unwrap_or(i64::MAX)))
    })?;
    Ok(counted(wrap(rows), from, total))
}

/// The description of a type's fields.
///
/// # Errors
/// Refuses types that do not exist.
pub fn fields(caller: &Caller<'_>, of: EntityTypeId, style: Style, original_custom_names: bool) -> Result<Node, Stop> {
    let lang = caller.user.lang;
    caller.read(|read| {
        let schema = read.schema();
        let spelling = Spelling::of(&schema, &caller.rights, of).ok_or_else(|| unsupported(of))?;
        let mut map = Map::new();
        for name in &spelling.names {
            let key = match style {
                Style::Universal if !(name.custom && original_custom_names) => name.camel.clone(),
                Style::Universal | Style::Classic => name.upper.clone(),
            };
            map.insert(key, described(&spelling, name, style, lang));
        }
        Ok(Node::Map(map))
    })
}

fn described(spelling: &Spelling<'_>, name: &Name<'_>, style: Style, lang: crm::Lang) -> Node {
    let field = name.field();
    let kept = match name.source {
        Source::Field(field) => field.is_kept(),
        Source::Derived(derived) => derived != Derived::Contacts,
    };
    let multiple = field.is_some_and(|field| field.multiple || field.is_points()) || name.source == Source::Derived(Derived::Contacts);
    let title = field.map_or_else(|| name.upper.clone(), |field| field.title.get(lang).to_owned());
    let once = style == Style::Classic && field.is_some_and(|field| field.kind == FieldKind::Pipeline);
    let mut map = Map::new();
    let mut put = |key: &str, node: Node| drop(map.insert(key.to_owned(), node));
    put("type", Node::text(type_of(name, style)));
    put("isRequired", Node::Bool(field.is_some_and(|field| field.required)));
    put("isReadOnly", Node::Bool(kept));
    put("isImmutable", Node::Bool(once));
    put("isMultiple", Node::Bool(multiple));
    put("isDynamic", Node::Bool(name.custom));
    match field.map(|field| &field.kind) {
        Some(FieldKind::Stage) => {
            let dictionary = spelling.pipelines().first().map(|pipeline| crate::spelling::stage_dictionary(pipeline)).unwrap_or_default();
            put("statusType", Node::Text(dictionary));
        }
        Some(FieldKind::Choice { options }) if name.custom => {
            let items = options.iter().map(|option| Node::map([("ID", Node::text(&option.code)), ("VALUE", Node::text(option.title.get(lang)))]));
            put("items", Node::List(items.collect()));
        }
        _ if name.upper == "SOURCE_ID" => put("statusType", Node::text("SOURCE")),
        _ => {}
    }
    if style == Style::Universal {
        put("upperName", Node::text(&name.upper));
    }
    if name.custom {
        for key in ["listLabel", "formLabel", "filterLabel"] {
            put(key, Node::text(&title));
        }
    }
    put("title", Node::Text(if name.custom { name.upper.clone() } else { title }));
    Node::Map(map)
}

fn type_of(name: &Name<'_>, style: Style) -> &'static str {
    let Some(field) = name.field() else {
        return match name.source {
            Source::Derived(Derived::Contacts) => "crm_contact",
            Source::Derived(Derived::Semantic) => "string",
            Source::Derived(Derived::Same(code::UPDATED_BY)) => "user",
            Source::Derived(Derived::Same(_)) => "datetime",
            _ if name.upper.ends_with("_ID") => "integer",
            _ => "char",
        };
    };
    match &field.kind {
        _ if name.is_multifield() => "crm_multifield",
        FieldKind::Text | FieldKind::LongText if name.upper == "SOURCE_ID" => "crm_status",
        FieldKind::Integer => "integer",
        FieldKind::Decimal => "double",
        FieldKind::Money if name.custom => "money",
        FieldKind::Money => "double",
        FieldKind::Date => "date",
        FieldKind::Moment => "datetime",
        FieldKind::Flag if name.custom || style == Style::Universal => "boolean",
        FieldKind::Flag => "char",
        FieldKind::Choice { .. } if name.upper == "CURRENCY_ID" => "crm_currency",
        FieldKind::Choice { .. } => "enumeration",
        FieldKind::Link { to } if *to == kind::CONTACT && !name.custom => "crm_contact",
        FieldKind::Link { .. } | FieldKind::AnyItem => "crm",
        FieldKind::User if name.custom => "employee",
        FieldKind::User => "user",
        FieldKind::Stage => "crm_status",
        FieldKind::Pipeline => "crm_category",
        FieldKind::File | FieldKind::Image => "file",
        FieldKind::Department => "integer",
        FieldKind::Address => "address",
        FieldKind::Formula { result, .. } => match result {
            FormulaResult::Text => "string",
            FormulaResult::Integer => "integer",
            FormulaResult::Money if name.custom => "money",
            FormulaResult::Decimal | FormulaResult::Money => "double",
            FormulaResult::Date => "date",
            FormulaResult::Moment => "datetime",
            FormulaResult::Flag => "boolean",
        },
        _ => "string",
    }
}
