//! Names as people write them, and the codes that are made of them.

use super::wrong;
use crate::failure::Refusal;
use crate::label::Label;

/// So many letters may a name have that stands on buttons and above columns.
pub const LONGEST_NAME: usize = 100;

/// Words that stand first in addresses of the program: a type called so would have no page of its own.
const ADDRESSES: [&str; 38] = [
    "api",
    "assets",
    "backup",
    "bin",
    "board",
    "calls",
    "demo",
    "door",
    "export",
    "exports",
    "f",
    "favicon",
    "health",
    "hooks",
    "import",
    "imports",
    "inbound",
    "l",
    "language",
    "live",
    "login",
    "logout",
    "messages",
    "metrics",
    "new",
    "order",
    "notice",
    "notices",
    "office",
    "offices",
    "operations",
    "popup",
    "rest",
    "roles",
    "search",
    "settings",
    "staff",
    "tasks",
];

/// Codes that mean something in every type, whether it has such a field today or not.
const COMMON: [&str; 27] = [
    "id",
    "title",
    "responsible",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "pipeline",
    "stage",
    "stage_due",
    "office",
    "shared_with",
    "observers",
    "moved_at",
    "moved_by",
    "contact",
    "company",
    "about",
    "category_id",
    "stage_id",
    "assigned_by_id",
    "created_time",
    "updated_time",
    "moved_time",
    "begindate",
    "closedate",
    "new",
];

/// Whether a type may not be called so.
pub fn is_address(code: &str) -> bool {
    ADDRESSES.contains(&code)
}

/// Whether a field that somebody makes may not be called so.
pub fn is_reserved(code: &str) -> bool {
    // A change of kind uses such names for the form that goes and the form that comes.
    let passing = |mark: &str| code.rsplit_once(mark).is_some_and(|(_, digits)| digits.parse::<u32>().is_ok());
    COMMON.contains(&code) || passing("_was_") || passing("_new_")
}

/// A name without what nobody sees: line breaks and controls become one space, marks that turn the direction of the
/// text around go away. Emoji and letters of every script stay.
pub fn clean(name: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}');
    let shown: String = name.chars().filter(|letter| !turns(*letter)).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name in both languages; what is missing in one is taken from the other.
///
/// # Errors
/// Points at `at` when there is no name, or one that is too long.
pub fn named(label: &Label, at: &str) -> Result<Label, Refusal> {
    let (mut ru, mut en) = (clean(&label.ru), clean(&label.en));
    if ru.is_empty() {
        ru.clone_from(&en);
    }
    if en.is_empty() {
        en.clone_from(&ru);
    }
    if ru.is_empty() {
        return Err(wrong(at, "напишите название", "write a name"));
    }
    if ru.chars().count().max(en.chars().count()) > LONGEST_NAME {
        return Err(wrong(at, format!("название не длиннее {LONGEST_NAME} знаков"), format!("a name has at most {LONGEST_NAME} characters")));
    }
    Ok(Label { ru, en })
}

/// Russian letters in Latin ones, as in a passport; everything else but digits becomes `_`.
pub fn latin(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        let part = match letter {
            'а' | 'ә' => "a",
            'б' => "b",
            'в' => "v",
            'г' | 'ғ' => "g",
            'д' => "d",
            'е' | 'ё' | 'э' => "e",
            'ж' => "zh",
            'з' => "z",
            'и' | 'й' | 'і' => "i",
            'к' | 'қ' => "k",
            'л' => "l",
            'м' => "m",
            'н' | 'ң' => "n",
            'о' | 'ө' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' | 'ұ' | 'ү' => "u",
            'ф' => "f",
            'х' | 'һ' => "kh",
            'ц' => "ts",
            'ч' => "ch",
            'ш' => "sh",
            'щ' => "shch",
            'ы' => "y",
            'ю' => "iu",
            'я' => "ia",
            'ь' | 'ъ' => "",
            _ if letter.is_ascii_alphanumeric() => {
                written.push(letter);
                continue;
            }
            _ => "_",
        };
        if part != "_" || !written.ends_with('_') {
            written.push_str(part);
        }
    }
    written.trim_matches('_').to_owned()
}

/// A code made of a name, at most so many letters, unlike all that are taken. `otherwise` stands in for a name without
/// a single letter or digit.
pub fn code_of(title: &Label, most: usize, otherwise: &str, taken: impl Fn(&str) -> bool) -> String {
    // An English name gives the code a programmer expects: "Appeal" is `appeal`, not `obrashchenie`.
    let mut base = latin(&title.en);
    if base.is_empty() {
        base = latin(&title.ru);
    }
    if base.is_empty() {
        otherwise.clone_into(&mut base);
    }
    if !base.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        base = format!("{}_{base}", otherwise.chars().next().unwrap_or('n'));
    }
    // Room for a number behind it.
    base.truncate(most.saturating_sub(5));
    let base = base.trim_end_matches('_').to_owned();
    if !taken(&base) {
        return base;
    }
    (2_u32..).map(|number| format!("{base}_{number}")).find(|code| !taken(code)).unwrap_or(base)
}

/// Whether a code that a person typed will do.
pub fn is_code(code: &str, most: usize) -> bool {
    !code.is_empty()
        && code.len() <= most
        && code.starts_with(|letter: char| letter.is_ascii_lowercase())
        && code.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Whether a text is a colour `#rrggbb`.
pub fn is_color(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}
