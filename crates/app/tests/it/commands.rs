//! The command line, as an administrator with one small server uses it.

use crate::firm::Firm;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Output};

fn vekha(data: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vekha")).args(words).arg("--data").arg(data).env("VEKHA_LOG", "error").output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn an_administrator_sets_a_firm_up_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let added = vekha(&data, &["user", "add", "--login", "Olga", "--name", "Ольга Петрова", "--role", "admin"]);
    assert!(added.status.success() && text(&added).contains("login: olga") && text(&added).contains("password: "), "{}", text(&added));
    let again = vekha(&data, &["user", "add", "--login", "olga", "--name", "Другая Ольга"]);
    assert!(!again.status.success() && text(&again).contains("olga"), "{}", text(&again));
    let unknown = vekha(&data, &["user", "add", "--login", "x", "--name", "X", "--role", "king"]);
    assert!(!unknown.status.success() && text(&unknown).contains("king"), "{}", text(&unknown));

    let listed = text(&vekha(&data, &["pack", "list"]));
    assert!(listed.contains("base") && listed.contains("debt-relief"), "{listed}");
    let planned = text(&vekha(&data, &["pack", "plan", "debt-relief"]));
    assert!(planned.contains("+ pipeline deal/main") && planned.contains("+ channel web_form/application"), "{planned}");
    assert!(vekha(&data, &["pack", "apply", "debt-relief"]).status.success());
    assert!(text(&vekha(&data, &["pack", "plan", "debt-relief"])).contains("nothing to do"));
    assert!(!vekha(&data, &["pack", "apply", "no-such"]).status.success());

    let webhook = text(&vekha(&data, &["webhook", "add", "--user", "olga", "--scope", "crm"]));
    assert!(webhook.trim().ends_with('/') && webhook.contains("/rest/"), "{webhook}");
    let nobody = vekha(&data, &["webhook", "add", "--user", "nobody"]);
    assert!(!nobody.status.success() && text(&nobody).contains("nobody"));
    let doctor = text(&vekha(&data, &["doctor"]));
    assert!(doctor.contains("ok   database") && doctor.contains("WARN public_url"), "{doctor}");
    let config = text(&vekha(&data, &["config"]));
    assert!(config.contains("listen = ") && config.contains("# differs from the default"), "{config}");
}

#[test]
fn a_firm_is_written_out_and_set_up_anew_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (test, real, text_of) = (folder.path().join("test"), folder.path().join("real"), folder.path().join("firm"));
    assert!(vekha(&test, &["pack", "apply", "debt-relief"]).status.success());
    let written = vekha(&test, &["pack", "export", text_of.to_str().unwrap()]);
    assert!(written.status.success(), "{}", text(&written));
    let set_up = vekha(&real, &["pack", "apply", text_of.to_str().unwrap()]);
    assert!(set_up.status.success(), "{}", text(&set_up));
    assert!(text(&vekha(&real, &["pack", "plan", text_of.to_str().unwrap()])).contains("nothing to do"));

    // One label edited in the text is one line of the plan, and after it is carried over there is none.
    let contact = text_of.join("types/contact.toml");
    let edited = std::fs::read_to_string(&contact).unwrap().replacen("Дата рождения", "День рождения", 1);
    std::fs::write(&contact, edited).unwrap();
    let plan = text(&vekha(&real, &["pack", "plan", text_of.to_str().unwrap()]));
    let changes: Vec<&str> = plan.lines().filter(|line| line.starts_with(['+', '~', '!', '-']) && line.contains('/')).collect();
    assert!(changes.len() == 1 && changes[0].starts_with("~ field contact/birth_date: title") && changes[0].contains("День рождения"), "{plan}");
    assert!(vekha(&real, &["pack", "apply", text_of.to_str().unwrap()]).status.success());
    assert!(text(&vekha(&real, &["pack", "plan", text_of.to_str().unwrap()])).contains("nothing to do"));

    // A slip of the pen is refused whole, with file and line.
    std::fs::write(text_of.join("menu.toml"), "[[sections]]\ncode = \"a\"\ntitle = \"A\"\ntypes = [\"dael\"]\n").unwrap();
    let broken = vekha(&real, &["pack", "apply", text_of.to_str().unwrap()]);
    assert!(!broken.status.success() && text(&broken).contains("menu.toml") && text(&broken).contains('4'), "{}", text(&broken));
}

#[test]
fn a_copy_taken_while_the_server_works_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let copy = folder.path().join("copy.tar");
    let mut firm = Firm::new(&data);
    firm.start(None).unwrap();
    let told = firm.told();
    let made = told.rest("crm.deal.add", json!({ "fields": { "TITLE": "До копии" } })).unwrap();
    let id = made["result"].as_i64().unwrap();
    let saved = vekha(&data, &["backup", copy.to_str().unwrap()]);
    assert!(saved.status.success(), "{}", text(&saved));
    assert!(!vekha(&data, &["backup", copy.to_str().unwrap()]).status.success(), "a copy must not be overwritten");
    told.rest("crm.deal.update", json!({ "id": id, "fields": { "TITLE": "После копии" } })).unwrap();

    let running = vekha(&data, &["restore", copy.to_str().unwrap()]);
    assert!(!running.status.success(), "a running server must not lose its database");
    firm.stop();
    std::fs::write(folder.path().join("broken.tar"), b"not a copy").unwrap();
    let broken = vekha(&data, &["restore", folder.path().join("broken.tar").to_str().unwrap()]);
    assert!(!broken.status.success() && data.join("vekha.db").exists(), "{}", text(&broken));
    let restored = vekha(&data, &["restore", copy.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", text(&restored));
    // The logins of the demo are not part of the copy: they are put back by hand here.
    let before = folder.path().join("data-before-restore-1");
    std::fs::copy(before.join("demo-logins.json"), data.join("demo-logins.json")).unwrap();
    firm.start(None).unwrap();
    let found = firm.told().rest("crm.deal.get", json!({ "id": id })).unwrap();
    assert_eq!(found["result"]["TITLE"], json!("До копии"));
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut firm = Firm::new(&data);
    firm.start(None).unwrap();
    let second = vekha(&data, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(!second.status.success(), "{}", text(&second));
    assert!(firm.is_running());
}

#[test]
fn health_and_figures_are_told_without_a_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut firm = Firm::new(&folder.path().join("data"));
    firm.start(None).unwrap();
    let get = |path: &str| {
        let mut answer = crate::firm::agent().get(format!("{}{path}", firm.told().url)).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    assert_eq!(get("/health"), (200, r#"{"status":"ok"}"#.to_owned()));
    let (status, figures) = get("/metrics");
    assert!(status == 200 && figures.contains("vekha_automation_lag_events") && figures.contains("vekha_jobs_dead 0"), "{figures}");
}
