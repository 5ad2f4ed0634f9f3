//! Rules about the code itself that a person would have to remember.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn crates() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn sources(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// Our own crates among the `[dependencies]` of each manifest.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let names = crates();
    let own = |name: &String| {
        let text = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let depends = manifest.get("dependencies").and_then(|table| table.as_table()).cloned().unwrap_or_default();
        depends.keys().filter(|key| names.contains(key)).cloned().collect()
    };
    names.iter().map(|name| (name.clone(), own(name))).collect()
}

#[test]
fn departments_import_only_what_the_import_rule_allows() {
    let departments = ["automation", "channels", "documents", "billing", "reports", "team", "exchange"];
    for (name, imports) in edges() {
        for import in imports {
            let allowed = match (name.as_str(), import.as_str()) {
                ("app", _) => true,
                ("crm" | "courier", _) => false,
                (_, "crm") => true,
                ("channels" | "billing", "courier") => true,
                ("rest" | "web", department) => departments.contains(&department),
                _ => false,
            };
            assert!(allowed, "{name} may not import {import}: see ARCHITECTURE.md");
        }
    }
}

#[test]
fn only_the_store_speaks_sql() {
    let mut found = Vec::new();
    for name in crates().iter().filter(|name| *name != "store") {
        sources(&root().join("crates").join(name).join("src"), ".rs", &mut found);
    }
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        for word in ["SELECT ", "INSERT INTO", "UPDATE item_", "DELETE FROM", "rusqlite", "postgres::"] {
            assert!(!text.contains(word), "{} speaks SQL: {word}", path.display());
        }
    }
}

#[test]
fn only_the_courier_opens_outgoing_connections() {
    let mut found = Vec::new();
    for name in crates().iter().filter(|name| !["courier", "store"].contains(&name.as_str())) {
        sources(&root().join("crates").join(name).join("src"), ".rs", &mut found);
    }
    for path in found.iter().filter(|path| !path.to_string_lossy().contains("/app/src/demo/")) {
        let text = fs::read_to_string(path).unwrap();
        for word in ["reqwest::", "lettre::", "TcpStream::connect", "UdpSocket"] {
            assert!(!text.contains(word), "{} opens connections of its own: {word}", path.display());
        }
    }
}

#[test]
fn every_file_of_a_kind_stands_in_its_list() {
    for folder in ["automation/src/triggers", "automation/src/robots", "channels/src/providers", "rest/src/methods"] {
        let folder = root().join("crates").join(folder);
        let list = fs::read_to_string(folder.join("mod.rs")).unwrap();
        let all = &list[list.find("fn all(").unwrap_or_else(|| panic!("{} has no all()", folder.display()))..];
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let name = entry.path().file_stem().unwrap().to_string_lossy().into_owned();
            if name != "mod" {
                assert!(list.contains(&format!("mod {name};")) && all.contains(&format!("{name}::")), "{name} is missing in all() of {}", folder.display());
            }
        }
    }
}

#[test]
fn every_module_opens_with_a_sentence() {
    let mut found = Vec::new();
    for name in crates() {
        sources(&root().join("crates").join(name).join("src"), ".rs", &mut found);
    }
    for path in found {
        assert!(fs::read_to_string(&path).unwrap().starts_with("//! "), "{} does not say what it is", path.display());
    }
}

#[test]
fn nothing_unfinished_is_left_in_the_code() {
    let mut found = Vec::new();
    for name in crates() {
        sources(&root().join("crates").join(name).join("src"), ".rs", &mut found);
    }
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimple", "mented!"), concat!("#[ign", "ore]")];
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        for mark in marks {
            assert!(!text.contains(mark), "{} is unfinished: {mark}", path.display());
        }
    }
}

#[test]
fn both_languages_have_the_same_texts() {
    let locales = root().join("crates/web/locales");
    let mut russian = Vec::new();
    sources(&locales.join("ru"), ".ftl", &mut russian);
    assert!(!russian.is_empty(), "there are no texts");
    let keys = |path: &Path| -> BTreeSet<String> {
        let text = fs::read_to_string(path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
        text.lines()
            .filter(|line| line.starts_with(|letter: char| letter.is_ascii_lowercase()))
            .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
            .collect()
    };
    for path in russian {
        let english = locales.join("en").join(path.strip_prefix(locales.join("ru")).unwrap());
        assert_eq!(keys(&path), keys(&english), "{}", path.display());
    }
}
