//! Packs read from their folders: inside the binary, or on the disk as somebody wrote or exported them. A pack that is
//! wrong anywhere is refused whole, with file and line.

use crm::pack::{Pack, PackAbout, PackAccounts, PackDemo, PackItem, PackItems, PackLayouts, PackMenu, PackPipeline, PackRules, PackStaff, PackType, PackViews};
use crm::{Outcome, Refusal};
use rust_embed::RustEmbed;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(RustEmbed)]
#[folder = "../../packs/"]
struct Shipped;

/// More bytes in one file of a pack are refused: nobody writes so much by hand.
const LONGEST_FILE: u64 = 4 * 1024 * 1024;

/// The files of one pack: path inside its folder, and text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Files(pub BTreeMap<String, String>);

/// Codes of the packs inside the binary; `base` comes first and is always installed.
pub fn codes() -> Vec<String> {
    let mut codes: Vec<String> = Shipped::iter().filter_map(|path| path.strip_suffix("/pack.toml").map(str::to_owned)).collect();
    codes.sort_by_key(|code| (code != "base", code.clone()));
    codes
}

/// Reads a pack of the binary by its code.
///
/// # Errors
/// A refusal that names the file, the line and what is wrong there.
pub fn read(code: &str) -> Outcome<Pack> {
    Ok(understand(&shipped(code)?)?)
}

/// Reads a pack by its code, or by the path of its folder.
///
/// # Errors
/// As [`read`].
pub fn find(code_or_folder: &str) -> Outcome<(Pack, Files)> {
    let files = match code_or_folder.contains('/') || code_or_folder.contains('\\') || code_or_folder.starts_with('.') {
        true => folder(Path::new(code_or_folder))?,
        false => shipped(code_or_folder)?,
    };
    Ok((understand(&files)?, files))
}

/// The files of a pack of the binary.
///
/// # Errors
/// `unknown_pack`, with those that there are.
pub fn shipped(code: &str) -> Result<Files, Refusal> {
    let known = codes();
    if !known.iter().any(|one| one == code) {
        let known = known.join(", ");
        return Err(Refusal::new("unknown_pack", format!("Пакета «{code}» нет. Есть: {known}"), format!("There is no pack {code}. There are: {known}")));
    }
    let mut files = Files::default();
    for path in Shipped::iter() {
        // What is not TOML is for people: a README beside the files.
        if let Some(rest) = path.strip_prefix(code).and_then(|rest| rest.strip_prefix('/')).filter(|rest| rest.ends_with(".toml")) {
            let bytes = Shipped::get(&path).ok_or_else(|| broken(rest, None, "файла нет", "it is missing"))?.data;
            files.0.insert(rest.to_owned(), text(rest, &bytes)?);
        }
    }
    Ok(files)
}

/// SHA-256 of a shipped pack's files, names included, in hexadecimal: the same binary has the same.
///
/// # Errors
/// `unknown_pack`.
pub fn digest(code: &str) -> Result<String, Refusal> {
    use sha2::{Digest as _, Sha256};
    let mut sum = Sha256::new();
    for (path, text) in &shipped(code)?.0 {
        sum.update(path.as_bytes());
        sum.update([0]);
        sum.update(text.as_bytes());
        sum.update([0]);
    }
    Ok(sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn folder(root: &Path) -> Outcome<Files> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        let shown = path.display();
        Refusal::new("no_folder", format!("Не удаётся прочитать {shown}: {error}"), format!("Cannot read {shown}: {error}"))
    };
    let mut files = Files::default();
    let mut rooms = vec![root.to_owned()];
    while let Some(room) = rooms.pop() {
        for entry in std::fs::read_dir(&room).map_err(|error| unreadable(&room, &error))? {
            let path = entry.map_err(|error| unreadable(&room, &error))?.path();
            // A link may lead out of the folder.
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                rooms.push(path);
                continue;
            }
            let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if !inside.ends_with(".toml") {
                continue;
            }
            if path.metadata().map_err(|error| unreadable(&path, &error))?.len() > LONGEST_FILE {
                return Err(broken(&inside, None, "файл слишком большой", "the file is too large").into());
            }
            let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            files.0.insert(inside.clone(), text(&inside, &bytes)?);
        }
    }
    Ok(files)
}

fn text(path: &str, bytes: &[u8]) -> Result<String, Refusal> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| broken(path, None, "не UTF-8", "it is not UTF-8"))
}

/// Reads the texts of a pack.
///
/// # Errors
/// As [`read`].
pub fn understand(files: &Files) -> Result<Pack, Refusal> {
    let about = files.0.get("pack.toml").ok_or_else(|| broken("pack.toml", None, "файла нет", "it is missing"))?;
    let mut pack = Pack { about: file::<PackAbout>("pack.toml", about)?, ..Pack::default() };
    let numbers = numbers_of_types(files);
    for (path, text) in &files.0 {
        match path.split_once('/') {
            Some(("types", _)) => pack.types.push(file::<PackType>(path, &with_numbers(path, text, &numbers)?)?),
            Some(("pipelines", _)) => pack.pipelines.push(file::<PackPipeline>(path, text)?),
            Some(("rules", name)) => {
                let mut rules = file::<PackRules>(path, text)?;
                // `deal.toml` holds the rules of its main pipeline, `deal.contracts.toml` those of another.
                let name = stem(name);
                let (kind, pipeline) = name.split_once('.').unwrap_or((name, "main"));
                rules.kind = kind.to_owned();
                if rules.pipeline.is_empty() {
                    rules.pipeline = pipeline.to_owned();
                }
                pack.rules.push(rules);
            }
            Some(("layouts", name)) => pack.layouts.push(PackLayouts { kind: stem(name).to_owned(), ..file::<PackLayouts>(path, text)? }),
            Some(("views", name)) => pack.views.push(PackViews { kind: stem(name).to_owned(), ..file::<PackViews>(path, text)? }),
            Some(("items", name)) => {
                let items = file::<PackItems>(path, text)?.items;
                pack.items.extend(items.into_iter().map(|values| PackItem { kind: stem(name).to_owned(), values }));
            }
            _ => match path.as_str() {
                "pack.toml" => {}
                "menu.toml" => pack.menu = file::<PackMenu>(path, text)?,
                "roles.toml" => pack.staff = file::<PackStaff>(path, text)?,
                "accounts.toml" => pack.accounts = file::<PackAccounts>(path, text)?,
                "demo.toml" => pack.demo = file::<PackDemo>(path, text)?,
                _ => return Err(broken(path, None, "такой файл в пакете не нужен", "no such file belongs into a pack")),
            },
        }
    }
    Ok(pack)
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".toml").unwrap_or(name)
}

fn file<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Refusal> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        broken(path, line, error.message(), error.message())
    })
}

/// Numbers of the types that this pack and the packs of the binary know, by code: a link may name its type by either.
fn numbers_of_types(files: &Files) -> BTreeMap<String, i64> {
    #[derive(serde::Deserialize)]
    struct Head {
        id: Option<i64>,
        code: String,
    }
    let shipped = Shipped::iter().filter(|path| path.contains("/types/")).filter_map(|path| {
        let bytes = Shipped::get(&path)?.data;
        std::str::from_utf8(&bytes).ok().map(str::to_owned)
    });
    let own = files.0.iter().filter(|(path, _)| path.starts_with("types/")).map(|(_, text)| text.clone());
    let heads = shipped.chain(own).filter_map(|text| toml::from_str::<Head>(&text).ok());
    heads.filter_map(|head| head.id.map(|id| (head.code, id))).collect()
}

/// Turns `to = "case"` into the number of the type, line by line, so that the lines of later errors stay right.
fn with_numbers(path: &str, text: &str, numbers: &BTreeMap<String, i64>) -> Result<String, Refusal> {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        let named = line.find("to = \"").filter(|start| line[..*start].ends_with(|letter: char| " {,".contains(letter)) || *start == 0);
        match named {
            Some(start) => {
                let rest = &line[start + 6..];
                let code = rest.split('"').next().unwrap_or("");
                let number = numbers.get(code).ok_or_else(|| {
                    broken(path, Some(at + 1), &format!("типа «{code}» нет ни в этом пакете, ни в поставке"), &format!("there is no type {code}"))
                })?;
                out.push_str(&line[..start]);
                out.push_str(&format!("to = {number}{}", &rest[(code.len() + 1).min(rest.len())..]));
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out)
}

/// The refusal of a whole pack for one place in it.
pub fn broken(path: &str, line: Option<usize>, ru: &str, en: &str) -> Refusal {
    let (at_ru, at_en) = line.map_or_else(|| (String::new(), String::new()), |line| (format!(", строка {line}"), format!(", line {line}")));
    Refusal::new("broken_pack", format!("Файл пакета {path}{at_ru}: {ru}"), format!("Pack file {path}{at_en}: {en}"))
}

impl Files {
    /// The line on which a word stands first in a file whose path begins so; for errors found after reading.
    pub fn line_of(&self, folder: &str, word: &str) -> (String, Option<usize>) {
        let quoted = format!("\"{word}\"");
        for (path, text) in self.0.iter().filter(|(path, _)| path.starts_with(folder)) {
            if let Some(at) = text.lines().position(|line| line.contains(&quoted)) {
                return (path.clone(), Some(at + 1));
            }
        }
        let first = self.0.keys().find(|path| path.starts_with(folder));
        (first.cloned().unwrap_or_else(|| folder.to_owned()), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(path: &str, text: &str) -> Result<Pack, Refusal> {
        let about = "code = \"x\"\nversion = 1\ntitle = \"X\"\nhelp = \"X\"\n";
        understand(&Files([("pack.toml".to_owned(), about.to_owned()), (path.to_owned(), text.to_owned())].into()))
    }

    #[test]
    fn every_shipped_pack_can_be_read() {
        assert_eq!(codes().first().map(String::as_str), Some("base"));
        for code in codes() {
            let pack = read(&code).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
            assert_eq!(pack.about.code, code);
        }
    }

    #[test]
    fn a_broken_pack_is_refused_with_file_and_line() {
        let cases = [
            (
                "types/appeal.toml",
                "code = \"appeal\"\nid = 200\n[[fields]]\ncode = \"a\"\ntitle = \"A\"\nkind = \"number of fingers\"\n",
                "types/appeal.toml, строка",
            ),
            ("types/appeal.toml", "code = \"appeal\"\nid = 200\n[[fields]]\ncode = \"a\"\ntitle = \"A\"\nkind = \"link\"\nto = \"nothing\"\n", "строка 7"),
            ("types/appeal.toml", "code = \"appeal\nid = 200\n", "строка 1"),
            ("roles.toml", "[[roles]]\ncode = \"a\"\ntitle = \"A\"\n[roles.may.deal]\nread = \"galaxy\"\n", "roles.toml, строка 5"),
            ("letters/a.toml", "", "letters/a.toml"),
        ];
        for (path, text, wanted) in cases {
            let refusal = pack(path, text).expect_err(path);
            assert!(refusal.text.ru.contains(wanted), "{wanted}: {}", refusal.text.ru);
        }
    }

    #[test]
    fn a_link_names_its_type_by_code_or_number() {
        let text = |to: &str| format!("code = \"appeal\"\nid = 200\n[[fields]]\ncode = \"a\"\ntitle = \"A\"\nkind = \"link\"\nto = {to}\n");
        let kind = |to: &str| pack("types/appeal.toml", &text(to)).unwrap().types[0].fields[0].kind.clone();
        assert_eq!(kind("\"contact\""), kind("3"));
        assert_eq!(kind("\"appeal\""), kind("200"));
    }
}
