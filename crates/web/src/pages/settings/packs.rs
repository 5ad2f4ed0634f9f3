//! Ready solutions: what is installed, what installing would do, and the firm's own settings as files.

use super::done;
use crate::pages::{Entry, Page, show};
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use crm::house::{PackState, Packs, PlanLine, PlanSign};
use crm::{House, Outcome, Refusal, Rights};
use serde::Deserialize;

pub(crate) fn page() -> Page {
    Page {
        code: "packs",
        menu: Some(Entry { title: "packs-heading", icon: "packages", href: "/settings/packs", shown: |rights| rights.admin }),
        routes: || {
            Router::new()
                .route("/settings/packs", get(list))
                .route("/settings/packs/export", post(export))
                .route("/settings/packs/{code}", get(plan))
                .route("/settings/packs/{code}/apply", post(apply))
        },
    }
}

/// Installing changes everything at once: roles and rules too.
fn may(rights: &Rights) -> Outcome<()> {
    match rights.admin {
        true => Ok(()),
        false => Err(Refusal::denied("Готовые решения устанавливает администратор", "Ready solutions are installed by the administrator").into()),
    }
}

fn packs(house: &House) -> Outcome<&dyn Packs> {
    house.executor.packs().ok_or_else(|| Refusal::new("no_packs", "В этой сборке нет готовых решений", "This build has no ready solutions").into())
}

struct Card {
    code: String,
    title: String,
    help: String,
    shipped: i64,
    installed: Option<i64>,
}

#[derive(Template)]
#[template(path = "settings_packs.html")]
struct PackList {
    view: View,
    cards: Vec<Card>,
}

async fn list(State(web): State<Web>, viewer: Viewer) -> Answer {
    let page = work(&web.house, move |house| {
        may(&viewer.rights)?;
        let packs = packs(house)?;
        house.read(|read| {
            let card = |one: PackState| Card {
                title: one.title.get(viewer.lang).to_owned(),
                help: one.help.get(viewer.lang).to_owned(),
                code: one.code,
                shipped: one.shipped,
                installed: one.installed,
            };
            Ok(PackList { cards: packs.list(read)?.into_iter().map(card).collect(), view: View::framed(house, read, &viewer, "/settings")? })
        })
    })
    .await?;
    show(&page)
}

/// One line of a plan.
struct Line {
    what: String,
    element: String,
    old: String,
    new: String,
}

/// Lines of one sign.
struct Group {
    mark: char,
    title: String,
    class: &'static str,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "settings_plan.html")]
struct Plan {
    view: View,
    code: String,
    title: String,
    shipped: i64,
    installed: Option<i64>,
    groups: Vec<Group>,
    /// Something would be done.
    works: bool,
}

async fn plan(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>) -> Answer {
    let page = work(&web.house, move |house| {
        may(&viewer.rights)?;
        let packs = packs(house)?;
        house.read(|read| {
            let state = packs.list(read)?.into_iter().find(|one| one.code == code).ok_or_else(Refusal::not_found)?;
            let view = View::framed(house, read, &viewer, "/settings")?;
            let lines = packs.plan(read, &code)?;
            Ok(Plan {
                works: lines.iter().any(|line| matches!(line.sign, PlanSign::New | PlanSign::Changed)) || state.installed != Some(state.shipped),
                groups: groups(&view, &lines),
                code: state.code,
                title: state.title.get(viewer.lang).to_owned(),
                shipped: state.shipped,
                installed: state.installed,
                view,
            })
        })
    })
    .await?;
    show(&page)
}

fn groups(view: &View, lines: &[PlanLine]) -> Vec<Group> {
    let signs = [
        (PlanSign::Conflict, "plan-conflict", "both"),
        (PlanSign::New, "plan-new", "new"),
        (PlanSign::Changed, "plan-changed", "changed"),
        (PlanSign::Removed, "plan-removed", "gone"),
        (PlanSign::NoMore, "plan-no-more", "gone"),
    ];
    let line =
        |line: &PlanLine| Line { what: line.what.get(view.lang).to_owned(), element: line.element.clone(), old: line.old.clone(), new: line.new.clone() };
    signs
        .into_iter()
        .map(|(sign, title, class)| Group {
            mark: sign.mark(),
            title: view.t(title),
            class,
            lines: lines.iter().filter(|one| one.sign == sign).map(line).collect(),
        })
        .filter(|group| !group.lines.is_empty())
        .collect()
}

async fn apply(State(web): State<Web>, viewer: Viewer, Path(code): Path<String>) -> Answer {
    let back = format!("/settings/packs/{code}");
    work(&web.house, move |house| {
        may(&viewer.rights)?;
        packs(house)?;
        let (executor, rights, now) = (house.executor.clone(), viewer.rights.clone(), house.now());
        house.transact(move |tx| match executor.packs() {
            Some(packs) => packs.apply(tx, &rights, now, &code),
            None => Ok(()),
        })
    })
    .await?;
    done(serde_json::json!({ "href": back }))
}

#[derive(Deserialize)]
struct Export {
    #[serde(default)]
    code: String,
    #[serde(default)]
    title: String,
}

async fn export(State(web): State<Web>, viewer: Viewer, Form(wanted): Form<Export>) -> Answer {
    let title = crm::constructor::codes::clean(&wanted.title);
    let code = match wanted.code.trim() {
        "" => crm::constructor::codes::code_of(&crm::Label::same(&title), 40, "firm", |_| false).replace('_', "-"),
        code => code.to_owned(),
    };
    let good = code.len() <= 40
        && code.starts_with(|letter: char| letter.is_ascii_lowercase())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !good {
        return Err(Refusal::new("wrong_code", "Код: строчные латинские буквы, цифры и дефис", "A code: small Latin letters, digits and hyphens").into());
    }
    let (name, lang) = (code.clone(), viewer.lang);
    let files = work(&web.house, move |house| {
        may(&viewer.rights)?;
        packs(house)?;
        let (executor, rights) = (house.executor.clone(), viewer.rights.clone());
        let title = if title.is_empty() { crate::texts::text(lang, "packs-own", &[]) } else { title };
        house.transact(move |tx| match executor.packs() {
            Some(packs) => packs.export(tx, &rights, &code, &title),
            None => Ok(Vec::new()),
        })
    })
    .await?;
    let body = tar(&name, &files, web.house.now().seconds());
    let headers = [(header::CONTENT_TYPE, "application/x-tar".to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.tar\""))];
    Ok((headers, body).into_response())
}

/// Text files as one archive (POSIX.1-1988 ustar), which every system unpacks without our help.
fn tar(folder: &str, files: &[(String, String)], seconds: i64) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, text) in files {
        let name = format!("{folder}/{path}");
        let mut head = [0_u8; 512];
        let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &name.as_bytes()[..name.len().min(100)]);
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", text.len()).as_bytes());
        put(136, format!("{:011o}\0", seconds.max(0)).as_bytes());
        put(148, b"        ");
        put(156, b"0");
        put(257, b"ustar\x0000");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&head);
        archive.extend_from_slice(text.as_bytes());
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_unpacked_by_the_systems_own_tar() {
        let long = "строка\n".repeat(200);
        let files = [("pack.toml".to_owned(), "code = \"firm\"\n".to_owned()), ("types/appeal.toml".to_owned(), long.clone())];
        let bytes = tar("firm", &files, 1_795_597_200);
        let folder = std::env::temp_dir().join(format!("vekha-tar-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("firm.tar"), &bytes).unwrap();
        let status = std::process::Command::new("tar").arg("-xf").arg(folder.join("firm.tar")).arg("-C").arg(&folder).status().unwrap();
        assert!(status.success());
        assert_eq!(std::fs::read_to_string(folder.join("firm/types/appeal.toml")).unwrap(), long);
        assert_eq!(std::fs::read_to_string(folder.join("firm/pack.toml")).unwrap(), "code = \"firm\"\n");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
