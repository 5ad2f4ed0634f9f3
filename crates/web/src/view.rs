//! What every template has at hand: texts, icons, addresses, the menu, who looks.

use crate::texts::{self, Arg};
use crate::{Viewer, assets, pages};
use askama::filters::Safe;
use crm::{Action, EntityType, EntityTypeId, House, Lang, Moment, Outcome, Read, Schema, Scope, User, code, kind};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Under a template's `view.`
#[derive(Clone)]
pub(crate) struct View {
    /// Language of the reader.
    pub lang: Lang,
    /// What stands before the path of an asset.
    pub assets: &'static str,
    /// Who looks; `None`: nobody who is signed in.
    pub user: Option<Arc<User>>,
    /// The left menu.
    pub menu: Vec<MenuLine>,
    /// Notices not read; counting stops at a hundred.
    pub unread: u64,
    /// The present moment.
    pub now: Moment,
    /// Zone of the firm.
    pub zone: TimeZone,
    /// Last place in the log when the page was made: the live stream goes on from here.
    pub seq: i64,
}

/// A moment, or a reference to one: templates hand over references of any depth.
pub(crate) trait At {
    /// The moment.
    fn at(&self) -> Moment;
}

impl At for Moment {
    fn at(&self) -> Moment {
        *self
    }
}

impl<T: At + ?Sized> At for &T {
    fn at(&self) -> Moment {
        (**self).at()
    }
}

/// One line of the left menu.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MenuLine {
    pub title: String,
    pub href: String,
    pub icon: String,
    pub active: bool,
    /// Begins a new group.
    pub apart: bool,
    /// Name of the section that begins here.
    pub section: String,
}

impl View {
    /// For a piece of a page or a page without the frame.
    pub fn bare(house: &House, lang: Lang) -> View {
        View { lang, assets: &assets::PREFIX, user: None, menu: Vec::new(), unread: 0, now: house.now(), zone: house.firm.zone.clone(), seq: 0 }
    }

    /// For a piece that a member of staff reads.
    pub fn piece(house: &House, viewer: &Viewer) -> View {
        View { user: Some(viewer.user.clone()), ..View::bare(house, viewer.lang) }
    }

    /// For a whole page with the frame around it. `here` is the address of the page's line in the menu.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn framed(house: &House, read: &dyn Read, viewer: &Viewer, here: &str) -> Outcome<View> {
        Ok(View {
            menu: menu(&read.schema(), &read.sections()?, viewer, here),
            unread: team::notices::unread_count(read, viewer.user.id)?,
            seq: read.latest()?.0,
            ..View::piece(house, viewer)
        })
    }

    /// The text under a key.
    pub fn t(&self, key: &str) -> String {
        texts::text(self.lang, key, &[])
    }

    /// The text under a key with a number `$n` in it.
    pub fn n(&self, key: &str, number: impl std::fmt::Display) -> String {
        // Templates hand over references to all kinds of whole numbers.
        texts::text(self.lang, key, &[("n", Arg::Number(number.to_string().parse().unwrap_or(i64::MAX)))])
    }

    /// The text under a key with another text in it.
    pub fn with(&self, key: &str, name: &str, text: impl AsRef<str>) -> String {
        texts::text(self.lang, key, &[(name, Arg::Text(text.as_ref()))])
    }

    /// Texts for the scripts, as JSON that may stand inside a page.
    pub fn script_texts(&self) -> Safe<String> {
        Safe(texts::for_scripts(self.lang).to_string().replace('<', "\\u003c"))
    }

    /// An icon of the sprite; hidden from screen readers, its button has a name.
    pub fn icon(&self, name: &str) -> Safe<String> {
        let name: String = name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
        Safe(format!("<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{}/vendor/icons/icons.svg#{name}\"/></svg>", self.assets))
    }

    /// The address of an asset.
    pub fn asset(&self, path: &str) -> String {
        format!("{}/{path}", self.assets)
    }

    /// A moment as a person says it: "14:05", "yesterday, 14:05", "25 Nov, 14:05".
    pub fn ago(&self, at: impl At) -> String {
        let at = at.at();
        let (then, now) = (at.timestamp().to_zoned(self.zone.clone()), self.now.timestamp().to_zoned(self.zone.clone()));
        let days = (now.date() - then.date()).get_days() + 366 * i32::from(now.year() != then.year());
        let time = then.strftime("%H:%M").to_string();
        match days {
            0 => time,
            1 => self.with("when-yesterday", "time", time),
            -1 => self.with("when-tomorrow", "time", time),
            _ if now.year() == then.year() => format!("{}, {time}", self.day(then.date())),
            _ => format!("{} {time}", crm::format::date(then.date(), self.lang)),
        }
    }

    /// "25 ноя" in Russian, "25 Nov" in English.
    pub fn day(&self, date: crm::Date) -> String {
        const RUSSIAN: [&str; 12] = ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"];
        match self.lang {
            Lang::Ru => format!("{} {}", date.day(), RUSSIAN[usize::try_from(date.month() - 1).unwrap_or(0).min(11)]),
            Lang::En => date.strftime("%-d %b").to_string(),
        }
    }

    /// Date and time in full, for a hint.
    pub fn full(&self, at: impl At) -> String {
        let at = at.at();
        crm::format::moment(at, &self.zone, self.lang)
    }

    /// The same moment for programs: `<time datetime>`.
    pub fn machine(&self, at: impl At) -> String {
        let at = at.at();
        at.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

/// The word in addresses for a type: `deals`, `contacts`, `companies`.
pub(crate) fn slug(shape: &EntityType) -> String {
    plural(&shape.code)
}

fn plural(code: &str) -> String {
    let consonant_y = code.ends_with('y') && !["ay", "ey", "oy", "uy"].iter().any(|end| code.ends_with(end));
    match code {
        _ if consonant_y => format!("{}ies", &code[..code.len() - 1]),
        _ if code.ends_with('s') || code.ends_with('x') || code.ends_with("ch") || code.ends_with("sh") => format!("{code}es"),
        _ => format!("{code}s"),
    }
}

/// The type that a word in an address names; its plain code is understood too.
pub(crate) fn by_slug<'a>(schema: &'a Schema, word: &str) -> Option<&'a EntityType> {
    schema.types.values().find(|shape| shape.code == word).or_else(|| schema.types.values().find(|shape| slug(shape) == word))
}

/// The address of a type's first page.
pub(crate) fn home_of(shape: &EntityType) -> String {
    match shape.id {
        kind::TASK => "/tasks/my".to_owned(),
        _ if shape.staged => format!("/{}/board", slug(shape)),
        _ => format!("/{}", slug(shape)),
    }
}

/// Types under their sections, those without one behind them; then the pages of the program.
fn menu(schema: &Schema, sections: &[crm::MenuSection], viewer: &Viewer, here: &str) -> Vec<MenuLine> {
    let seen = |shape: &&EntityType| shape.listed && shape.has(code::TITLE) && viewer.rights.scope(shape.id, Action::Read) != Scope::None;
    let mut lines: Vec<MenuLine> = Vec::new();
    let mut placed: Vec<&str> = Vec::new();
    for (place, section) in sections.iter().enumerate() {
        let types: Vec<&EntityType> = crm::MenuSection::types_of(sections, place).filter_map(|code| schema.kind_by_code(code)).filter(seen).collect();
        for (at, shape) in types.into_iter().enumerate() {
            let title = if at == 0 { section.title.get(viewer.lang).to_owned() } else { String::new() };
            lines.push(MenuLine { section: title, ..type_line(shape, viewer, here) });
            placed.push(&shape.code);
        }
    }
    let mut free: Vec<&EntityType> = schema.types.values().filter(seen).filter(|shape| !placed.contains(&shape.code.as_str())).collect();
    free.sort_by_key(|shape| (order(shape.id), shape.id));
    let after_sections = !lines.is_empty();
    lines.extend(free.into_iter().enumerate().map(|(at, shape)| MenuLine { apart: after_sections && at == 0, ..type_line(shape, viewer, here) }));
    lines.extend(page_lines(schema, viewer, here));
    lines
}

fn type_line(shape: &EntityType, viewer: &Viewer, here: &str) -> MenuLine {
    let (href, list) = (home_of(shape), format!("/{}", slug(shape)));
    let active = here == href || here == list || (here.starts_with(&format!("{list}/")) && !here.ends_with("/robots"));
    MenuLine { title: shape.plural.get(viewer.lang).to_owned(), href, icon: shape.icon.clone(), active, apart: false, section: String::new() }
}

/// Robots, the pages that stand in the menu, and the settings last.
fn page_lines(schema: &Schema, viewer: &Viewer, here: &str) -> Vec<MenuLine> {
    let line = |title: &str, href: String, icon: &str, active: bool| MenuLine {
        title: texts::text(viewer.lang, title, &[]),
        href,
        icon: icon.to_owned(),
        active,
        apart: false,
        section: String::new(),
    };
    let mut lines = Vec::new();
    let staged = schema.types.values().filter(|shape| shape.staged && shape.listed).min_by_key(|shape| (order(shape.id), shape.id));
    if let Some(shape) = staged.filter(|_| viewer.rights.automation) {
        lines.push(line("menu-robots", format!("/{}/robots", slug(shape)), "robot", here.ends_with("/robots")));
    }
    let entries = pages::all().into_iter().filter_map(|page| page.menu).filter(|entry| !pages::settings::is_card(entry) && (entry.shown)(&viewer.rights));
    lines.extend(entries.map(|entry| line(entry.title, entry.href.to_owned(), entry.icon, here.starts_with(entry.href))));
    if pages::settings::shown(&viewer.rights) {
        lines.push(line("settings-heading", "/settings".to_owned(), "settings", here.starts_with("/settings")));
    }
    if let Some(first) = lines.first_mut() {
        first.apart = true;
    }
    lines
}

/// Work first, clients, tasks, then what is set up once.
fn order(kind: EntityTypeId) -> i64 {
    match kind {
        kind::TEMPLATE => 9,
        kind::TASK => 5,
        kind::CONTACT => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_addresses_are_english_plurals() {
        for (code, word) in [("deal", "deals"), ("company", "companies"), ("survey", "surveys"), ("business", "businesses"), ("branch", "branches")] {
            assert_eq!(plural(code), word);
        }
    }
}
