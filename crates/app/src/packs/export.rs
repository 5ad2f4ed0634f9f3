//! A firm written out as a pack: what the browser made becomes text under version control.

use super::apply::remember;
use super::elements::{Attributes, Elements, of_firm, of_pack};
use super::read::{Files, understand};
use crm::{EntityTypeId, Outcome, Query, Read, Rights, Schema, Tx};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A dictionary with more records than this is data, not a part of the solution.
const LONGEST_DICTIONARY: u64 = 500;

/// The firm as a pack: path inside the folder and text of each file. Applied to an empty installation it makes the same
/// firm: types, fields, pipelines, layouts, views, roles, departments, rules, dictionaries, channels without secrets.
///
/// # Errors
/// Failures of the database.
pub fn export(tx: &mut dyn Tx, code: &str, title: &str) -> Outcome<Vec<(String, String)>> {
    let files = written(tx.read(), code, title)?;
    // What was written out stands in the middle of later plans: an edit of the text is the pack's change, not the firm's.
    let pack = understand(&Files(files.iter().cloned().collect()))?;
    let elements = of_pack(&pack, &tx.schema())?;
    remember(tx, &pack, &elements)?;
    Ok(files)
}

fn written(read: &dyn Read, code: &str, title: &str) -> Outcome<Vec<(String, String)>> {
    let schema = read.schema();
    let wanted = dictionaries(read, &schema)?;
    let all = of_firm(read, &wanted)?;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let shown = Json::from(title).to_string();
    files.insert("pack.toml".into(), format!("code = {}\nversion = 1\ntitle = {shown}\nhelp = {shown}\n", Json::from(code)));
    for shape in schema.types.values() {
        files.insert(format!("types/{}.toml", shape.code), type_file(&all, &schema, shape.id));
        for pipeline in schema.pipelines_of(shape.id) {
            let stages: Vec<&str> = pipeline.stages.iter().map(|stage| stage.code.as_str()).collect();
            let name = format!("{}/{}", shape.code, pipeline.code);
            let mut text = format!("kind = {}\ncode = {}\n", Json::from(shape.code.as_str()), Json::from(pipeline.code.as_str()));
            lines(&mut text, &all[&format!("pipeline/{name}")], &["order"]);
            tables(&mut text, "stages", &all, &format!("stage/{name}/"), &stages);
            files.insert(format!("pipelines/{}.{}.toml", shape.code, pipeline.code), text);
            if let Some(rules) = rules_file(&all, &name, &stages) {
                files.insert(format!("rules/{}.{}.toml", shape.code, pipeline.code), rules);
            }
        }
    }
    grouped(&mut files, &all, "layout", "layouts", "layouts");
    grouped(&mut files, &all, "view", "views", "views");
    grouped(&mut files, &all, "item", "items", "items");
    single(&mut files, &all, "menu.toml", &[("section", "sections", read.sections()?.into_iter().map(|one| one.code).collect())]);
    // Those above stand before those below.
    let departments = read.departments()?;
    let mut order: Vec<(usize, String)> = departments.iter().map(|one| (depth(&departments, one.id), one.code.clone())).collect();
    order.sort();
    let roles = read.roles()?.into_iter().map(|role| role.code).collect();
    single(&mut files, &all, "roles.toml", &[("department", "departments", order.into_iter().map(|one| one.1).collect()), ("role", "roles", roles)]);
    accounts_file(&mut files, &all);
    Ok(files.into_iter().collect())
}

fn depth(all: &[crm::Department], id: i64) -> usize {
    let mut at = id;
    (0..all.len()).take_while(|_| all.iter().find(|one| one.id == at).is_some_and(|one| (std::mem::replace(&mut at, one.parent), at != 0).1)).count()
}

/// Names of the records that belong to the solution: of types without stages that have a code.
fn dictionaries(read: &dyn Read, schema: &Schema) -> Outcome<Elements> {
    let mut found = Elements::new();
    for shape in schema.types.values().filter(|shape| !shape.staged && shape.has("code")) {
        let query = Query::of(shape.id);
        if read.count(&Rights::system(), &query, LONGEST_DICTIONARY)?.more {
            continue;
        }
        for item in read.items(&Rights::system(), &query.limit(LONGEST_DICTIONARY as u32))? {
            found.insert(format!("item/{}/{}", shape.code, super::elements::item_code(&item.values)), Attributes::new());
        }
    }
    Ok(found)
}

fn type_file(all: &Elements, schema: &Schema, id: EntityTypeId) -> String {
    let shape = &schema.types[&id];
    let mut text = format!("code = {}\n", Json::from(shape.code.as_str()));
    lines(&mut text, &all[&format!("type/{}", shape.code)], &[]);
    // Fields that every record has need not be written, unless somebody called them otherwise.
    let bare = crm::EntityType { fields: Vec::new(), ..shape.clone() }.complete();
    let own: Vec<&str> = shape.fields.iter().filter(|field| bare.field(&field.code) != Some(field)).map(|field| field.code.as_str()).collect();
    tables(&mut text, "fields", all, &format!("field/{}/", shape.code), &own);
    text
}

fn rules_file(all: &Elements, name: &str, stages: &[&str]) -> Option<String> {
    let mut text = String::new();
    for stage in stages {
        let Some(Json::Array(rules)) = all.get(&format!("rules/{name}/{stage}")).and_then(|piece| piece.get("rules")) else { continue };
        text.push_str(&format!("\n[[stages]]\nstage = {}\n", Json::from(*stage)));
        for rule in rules.iter().filter_map(Json::as_object) {
            text.push_str("[[stages.rules]]\n");
            lines(&mut text, rule, &[]);
        }
    }
    (!text.is_empty()).then_some(text)
}

/// Pieces whose file is called after their type.
fn grouped(files: &mut BTreeMap<String, String>, all: &Elements, sort: &str, folder: &str, table: &str) {
    for (name, piece) in all.iter().filter(|(name, _)| name.starts_with(&format!("{sort}/"))) {
        let parts: Vec<&str> = name.splitn(if sort == "layout" { 5 } else { 3 }, '/').collect();
        let text = files.entry(format!("{folder}/{}.toml", parts[1])).or_default();
        text.push_str(&format!("\n[[{table}]]\n"));
        match sort {
            "layout" => {
                for (key, value) in [("pipeline", parts[2]), ("stage", parts[3]), ("audience", parts[4])] {
                    if !value.is_empty() && value != "common" {
                        text.push_str(&format!("{key} = {}\n", Json::from(value)));
                    }
                }
            }
            "view" => text.push_str(&format!("code = {}\n", Json::from(parts[2]))),
            _ => {}
        }
        lines(text, piece, &[]);
    }
}

fn single(files: &mut BTreeMap<String, String>, all: &Elements, path: &str, parts: &[(&str, &str, Vec<String>)]) {
    let mut text = String::new();
    for (sort, table, codes) in parts {
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        tables(&mut text, table, all, &format!("{sort}/"), &codes);
    }
    if !text.is_empty() {
        files.insert(path.to_owned(), text);
    }
}

fn accounts_file(files: &mut BTreeMap<String, String>, all: &Elements) {
    let mut text = String::new();
    for (name, piece) in all.iter().filter(|(name, _)| name.starts_with("account/")) {
        let parts: Vec<&str> = name.splitn(3, '/').collect();
        text.push_str(&format!("\n[[accounts]]\nprovider = {}\ncode = {}\n", Json::from(parts[1]), Json::from(parts[2])));
        let mut piece = piece.clone();
        piece.entry("title").or_insert_with(|| Json::from(parts[2]));
        let settings = piece.remove("settings").unwrap_or_else(|| Json::Object(Attributes::new()));
        lines(&mut text, &piece, &[]);
        text.push_str("[accounts.settings]\n");
        if let Json::Object(settings) = settings {
            lines(&mut text, &settings, &[]);
        }
    }
    if !text.is_empty() {
        files.insert("accounts.toml".into(), text);
    }
}

/// One table of an array for each code that there is a piece of.
fn tables(text: &mut String, table: &str, all: &Elements, prefix: &str, codes: &[&str]) {
    for code in codes {
        let Some(piece) = all.get(&format!("{prefix}{code}")) else { continue };
        text.push_str(&format!("\n[[{table}]]\ncode = {}\n", Json::from(*code)));
        lines(text, piece, &[]);
    }
}

/// Attributes, one on a line: the title first, then by name.
fn lines(text: &mut String, piece: &Attributes, without: &[&str]) {
    let mut names: Vec<&String> = piece.keys().filter(|name| !without.contains(&name.as_str())).collect();
    names.sort_by_key(|name| (*name != "title", *name != "kind", *name));
    for name in names {
        text.push_str(&format!("{} = {}\n", key(name), inline(&piece[name], true)));
    }
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-');
    if bare { name.to_owned() } else { quoted(name) }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control.is_control() => out.push_str(&format!("\\u{:04X}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A value on one line; a list of tables at the top gets a line for each.
fn inline(value: &Json, top: bool) -> String {
    match value {
        Json::Null => "\"\"".to_owned(),
        Json::String(text) => quoted(text),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Array(list) if top && list.iter().any(Json::is_object) => {
            let lines: String = list.iter().map(|one| format!("  {},\n", inline(one, false))).collect();
            format!("[\n{lines}]")
        }
        Json::Array(list) => format!("[{}]", list.iter().map(|one| inline(one, false)).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            // A text that is the same in both languages is written once.
            if map.len() == 2 && map.contains_key("ru") && map.get("ru") == map.get("en") {
                return inline(&map["ru"], false);
            }
            let pairs: Vec<String> = map.iter().map(|(name, value)| format!("{} = {}", key(name), inline(value, false))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}
