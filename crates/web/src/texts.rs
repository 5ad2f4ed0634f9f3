//! Texts of the screens in both languages: `locales/{ru,en}/<page>.ftl`.

use crm::Lang;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

#[derive(RustEmbed)]
#[folder = "locales/"]
struct Folder;

type Bundle = FluentBundle<FluentResource>;

static RUSSIAN: LazyLock<Bundle> = LazyLock::new(|| bundle(Lang::Ru));
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Lang::En));

fn bundle(lang: Lang) -> Bundle {
    let id: LanguageIdentifier = lang.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Invisible direction marks would travel into clipboards and tests.
    bundle.set_use_isolating(false);
    for path in Folder::iter().filter(|path| path.starts_with(&format!("{}/", lang.code()))) {
        let Some(file) = Folder::get(&path) else { continue };
        let text = String::from_utf8_lossy(&file.data).into_owned();
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, errors)| {
            tracing::error!(file = %path, ?errors, "a text file is broken");
            resource
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(file = %path, ?errors, "a text stands twice");
        }
    }
    bundle
}

fn of(lang: Lang) -> &'static Bundle {
    match lang {
        Lang::Ru => &RUSSIAN,
        Lang::En => &ENGLISH,
    }
}

/// One value for a text: a number decides the plural form.
pub(crate) enum Arg<'a> {
    /// A text that stands as it is.
    Text(&'a str),
    /// A number.
    Number(i64),
}

/// The text under this key. A missing key is shown as it is and told to the log.
pub(crate) fn text(lang: Lang, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    let bundle = of(lang);
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        tracing::warn!(key, lang = lang.code(), "a text is missing");
        return key.to_owned();
    };
    let mut given = FluentArgs::new();
    for (name, arg) in args {
        match arg {
            Arg::Text(text) => given.set((*name).to_owned(), FluentValue::from((*text).to_owned())),
            Arg::Number(number) => given.set((*name).to_owned(), FluentValue::from(*number)),
        }
    }
    let mut errors = Vec::new();
    bundle.format_pattern(pattern, Some(&given), &mut errors).into_owned()
}

/// The text under a key that may be missing.
pub(crate) fn known(lang: Lang, key: &str) -> Option<String> {
    of(lang).has_message(key).then(|| text(lang, key, &[]))
}

/// All texts whose keys begin with `js-`, for the scripts: key without the prefix, and text.
pub(crate) fn for_scripts(lang: Lang) -> serde_json::Value {
    let mut found = serde_json::Map::new();
    for key in keys(lang).into_iter().filter(|key| key.starts_with("js-")) {
        found.insert(key["js-".len()..].to_owned(), serde_json::Value::String(text(lang, &key, &[])));
    }
    serde_json::Value::Object(found)
}

/// All keys of a language.
pub(crate) fn keys(lang: Lang) -> Vec<String> {
    let mut keys: Vec<String> = Folder::iter()
        .filter(|path| path.starts_with(&format!("{}/", lang.code())))
        .filter_map(|path| Folder::get(&path))
        .flat_map(|file| {
            let text = String::from_utf8_lossy(&file.data).into_owned();
            text.lines()
                .filter_map(|line| line.split_once(" =").map(|(key, _)| key.to_owned()))
                .filter(|key| key.starts_with(|letter: char| letter.is_ascii_lowercase()))
                .collect::<Vec<_>>()
        })
        .collect();
    keys.sort();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_stands_in_both_languages() {
        assert_eq!(keys(Lang::Ru), keys(Lang::En));
    }

    #[test]
    fn no_text_calls_a_function_that_is_not_there() {
        for lang in [Lang::Ru, Lang::En] {
            for key in keys(lang) {
                let text = text(lang, &key, &[("n", Arg::Number(2))]);
                assert!(!text.contains("()}"), "{key}: {text}");
            }
        }
    }

    #[test]
    fn no_key_stands_twice() {
        let mut all = keys(Lang::Ru);
        let before = all.len();
        all.dedup();
        assert_eq!(all.len(), before);
    }

    #[test]
    fn russian_numbers_have_three_forms() {
        let count = |number| text(Lang::Ru, "notices-unread", &[("n", Arg::Number(number))]);
        assert_ne!(count(1), count(2));
        assert_eq!(count(5).replace('5', ""), count(11).replace("11", ""));
    }

    /// Keys named in templates as `view.t("…")`, `view.n("…"` and `view.with("…"` exist.
    #[test]
    fn every_key_named_in_a_template_exists() {
        let known = keys(Lang::Ru);
        let mut missing = Vec::new();
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for opening in [".t(\"", ".n(\"", ".with(\""] {
                for rest in text.split(opening).skip(1) {
                    let key = rest.split('"').next().unwrap();
                    if !known.iter().any(|one| one == key) {
                        missing.push(format!("{}: {key}", path.display()));
                    }
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
