//! A text for people, in both languages of the product.

use serde::{Deserialize, Serialize};

/// The language of the reader. Russian is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
}

impl Lang {
    /// `ru` or `en`, as in the `lang` attribute of a page.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Ru => "ru",
            Lang::En => "en",
        }
    }

    /// The language named by a code; unknown codes give `None`.
    pub fn from_code(code: &str) -> Option<Lang> {
        match code {
            "ru" => Some(Lang::Ru),
            "en" => Some(Lang::En),
            _ => None,
        }
    }
}

/// One text in Russian and English. In packs either a plain string (both) or `{ ru = "…", en = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Label {
    /// The Russian text.
    pub ru: String,
    /// The English text.
    pub en: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Same(String),
    Both { ru: String, en: String },
}

impl From<Written> for Label {
    fn from(written: Written) -> Self {
        match written {
            Written::Same(text) => Label { ru: text.clone(), en: text },
            Written::Both { ru, en } => Label { ru, en },
        }
    }
}

impl Label {
    /// A text in both languages.
    pub fn new(ru: impl Into<String>, en: impl Into<String>) -> Self {
        Label { ru: ru.into(), en: en.into() }
    }

    /// A text that is the same in both languages: a name, a number, a code.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Label { ru: text.clone(), en: text }
    }

    /// The text for this reader.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ru => &self.ru,
            Lang::En => &self.en,
        }
    }
}
