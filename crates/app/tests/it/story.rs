//! The main job from first contact to a signed contract, over HTTP, with the clock moved: once in peace, and once for
//! every commit with the process killed right after it. The timelines must be equal.

use crate::firm::{Firm, put, wait_for};
use crm::{Actor, Fact, ItemRef, kind};
use serde_json::json;
#[cfg(feature = "crash")]
use std::path::Path;
use std::time::{Duration, Instant};

const PHONE: &str = "+79990001122";

/// Tries a step until it succeeds; a process that died is started again.
fn step<T>(firm: &mut Firm, what: &str, mut work: impl FnMut(&Firm) -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        if !firm.is_running() {
            if firm.start(None).is_ok() {
                // What the killed process had in hand is leased for a minute and a half.
                let _ = firm.told().clock().and_then(|now| firm.told().clock_until(now + 100));
            }
            continue;
        }
        match work(firm) {
            Ok(found) => return found,
            Err(why) => {
                assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {why}");
                std::thread::sleep(Duration::from_millis(30));
            }
        }
    }
}

fn expect<T>(found: Option<T>) -> Result<T, String> {
    found.ok_or_else(|| "not yet".to_owned())
}

/// Lives the whole story and returns what the card's timeline says, in words that do not depend on the day.
fn live(firm: &mut Firm) -> Vec<String> {
    let begun = step(firm, "the clock", |firm| firm.told().clock());
    let mut fields = step(firm, "the landing page", |firm| firm.told().form());
    put(&mut fields, "contact.first_name", "Иван");
    put(&mut fields, "contact.phone", "8 (999) 000-11-22");
    put(&mut fields, "contact.email", "ivanov@example.com");
    put(&mut fields, "lead.debt_total", "425 950");
    put(&mut fields, "lead.region", "77");
    step(firm, "time to fill in the form", |firm| firm.told().clock_until(begun + 30));
    step(firm, "the form", |firm| match firm.told().send(&fields)? {
        (200, _) => Ok(()),
        (status, page) => Err(format!("{status}: {page}")),
    });
    let lead = step(firm, "the lead", |firm| expect(firm.leads_of(PHONE).first().map(crm::Item::at)));
    let task = step(firm, "the task", |firm| expect(firm.bound_to(lead, kind::TASK).first().map(crm::Item::at)));
    step(firm, "the message", |firm| {
        expect(firm.bound_to(lead, kind::MESSAGE).iter().find(|message| !message.values.text("provider_ref").is_empty()).map(|_| ()))
    });

    // Nobody calls for twenty minutes: the operator is reminded.
    step(firm, "twenty minutes", |firm| firm.told().clock_until(begun + 20 * 60));
    step(firm, "the reminder", |firm| expect(firm.timeline(lead).iter().find(|event| matches!(event.fact, Fact::TaskOverdue { .. })).map(|_| ())));

    // The operator takes the card, calls and fills in what he heard; then the finished task moves it on by itself.
    step(firm, "the move", |firm| change(firm, lead, json!({ "stageId": "WORK" })));
    let heard = json!({ "ufCrmOverdueState": "over_90", "ufCrmFsspState": "open", "ufCrmPropertyFlags": ["only_home"] });
    step(firm, "the answers", |firm| change(firm, lead, heard.clone()));
    step(firm, "the finished task", |firm| change(firm, task, json!({ "ufCrmStatus": "completed" })));
    step(firm, "the trigger", |firm| expect(stage_of(firm, lead).filter(|stage| stage == "CONSULT")));
    step(firm, "two hours", |firm| firm.told().clock_until(begun + 20 * 60 + 2 * 3_600 + 600));
    step(firm, "the letter", |firm| {
        expect(
            firm.bound_to(lead, kind::MESSAGE)
                .iter()
                .find(|message| message.values.text("provider") == "smtp" && message.values.text("status") != "queued")
                .map(|_| ()),
        )
    });

    // The client agrees: the lead becomes a deal, which begins with the analysis of his situation.
    step(firm, "the agreement", |firm| change(firm, lead, json!({ "stageId": "CONVERTED" })));
    let deal = step(firm, "the deal", |firm| expect(firm.deals_from(lead).first().map(crm::Item::at)));
    step(firm, "the analysis", |firm| expect(firm.bound_to(deal, kind::TASK).first().map(|_| ())));
    step(firm, "the end", |firm| {
        firm.told().clock_until(begun + 20 * 60 + 2 * 3_600 + 900)?;
        let told = firm.timeline(lead);
        expect(told.iter().filter(|event| matches!(event.fact, Fact::Notified { .. })).nth(2).map(|_| ())).map_err(|why| format!("{why}: {told:#?}"))
    });
    firm.look(|read| assert_eq!(read.dead_jobs(10).unwrap(), Vec::new()));
    let mut told = tell(firm, lead);
    told.extend(tell(firm, deal));
    told
}

/// Changes a record as the firm's own script does.
fn change(firm: &Firm, at: ItemRef, fields: serde_json::Value) -> Result<(), String> {
    let answer = firm.told().rest("crm.item.update", json!({ "entityTypeId": at.kind.0, "id": at.id, "fields": fields }))?;
    if answer.get("error").is_none() { Ok(()) } else { Err(answer.to_string()) }
}

fn stage_of(firm: &Firm, card: ItemRef) -> Option<String> {
    firm.look(|read| {
        let item = read.item(&crm::Rights::system(), card).unwrap()?;
        read.schema().stage(item.stage()?).map(|(_, stage)| stage.code.clone())
    })
}

/// The timeline without what the weather decides (the order of status calls); the last state of each message instead.
fn tell(firm: &Firm, card: ItemRef) -> Vec<String> {
    let schema = firm.look(|read| read.schema());
    let code = |id: &crm::StageId| schema.stage(*id).map(|(_, stage)| stage.code.clone()).unwrap_or_default();
    let who = |by: &Actor| match by {
        Actor::Robot { title, .. } => format!("robot {title}"),
        Actor::Trigger { title, .. } => format!("trigger {title}"),
        Actor::System => "system".to_owned(),
        Actor::Client { .. } => "client".to_owned(),
        Actor::Channel { .. } => "channel".to_owned(),
        Actor::User { user } | Actor::Webhook { user, .. } => format!("user {user}"),
    };
    let mut lines = Vec::new();
    for event in firm.timeline(card) {
        let what = match &event.fact {
            Fact::MessageStatus { .. } => continue,
            Fact::Changed { changes } => format!("changed {}", changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(",")),
            Fact::Moved { from, to, .. } => format!("{} → {}", from.as_ref().map(code).unwrap_or_default(), code(to)),
            Fact::TaskMoved { from, to, .. } => format!("task {from} → {to}"),
            Fact::FormFilled { form, repeat, .. } => format!("form {form} {}", if *repeat { "again" } else { "first" }),
            fact => fact.code().to_owned(),
        };
        let of = schema.kind(event.item.kind).map(|kind| kind.code.clone()).unwrap_or_default();
        lines.push(format!("{of:<13}{what:<28}by {}", who(&event.by)));
    }
    for message in firm.bound_to(card, kind::MESSAGE) {
        let accepted = matches!(message.values.text("status"), "accepted" | "sent" | "delivered" | "read");
        lines.push(format!("message {} {}", message.values.text("provider"), if accepted { "went out" } else { message.values.text("status") }));
    }
    lines
}

#[test]
fn an_application_becomes_a_client_who_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut firm = Firm::new(&folder.path().join("data"));
    firm.start(None).unwrap();
    let told = live(&mut firm);
    let shown = told.join("\n");
    for line in [
        "lead         form application first      by client",
        "notification notified                    by robot Показать заявку оператору",
        "task         task_given                  by robot Позвонить клиенту",
        "message      message_queued              by robot Подтвердить заявку в WhatsApp",
        "task         task_overdue                by system",
        "lead         NEW → WORK                  by user 1",
        "lead         WORK → CONSULT              by trigger Клиенту позвонили",
        "message      message_queued              by robot Письмо с расчётом через два часа",
        "lead         CONSULT → CONVERTED         by user 1",
        "notification notified                    by robot Сообщить руководителю",
        "deal          → ANALIZ                   by user 1",
        "task         task_given                  by robot Анализ ситуации",
        "message twilio_whatsapp went out",
        "message smtp went out",
    ] {
        assert_eq!(told.iter().filter(|told| *told == line).count(), 1, "{line}\nin\n{shown}");
    }
    // Twilio called back in the wrong order and twice: one message, in the last state.
    let lead = firm.leads_of(PHONE)[0].at();
    wait_for("the delivery", || firm.bound_to(lead, kind::MESSAGE).iter().find(|message| message.values.text("status") == "delivered").map(|_| ()));
    let (took, clean) = firm.stop();
    assert!(clean && took < Duration::from_secs(10), "a clean stop took {took:?}");
}

#[test]
fn the_story_is_the_same_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = Firm::new(&folder.path().join("small"));
    small.start(None).unwrap();
    let on_sqlite = live(&mut small);
    small.stop();
    let server = Server::find();
    let name = format!("story_{}", std::process::id());
    server.order(&format!("DROP DATABASE IF EXISTS {name}"));
    server.order(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
    let mut large = Firm::new(&folder.path().join("large"));
    large.database = Some(server.database(&name));
    large.start(None).unwrap();
    let on_postgres = live(&mut large);
    large.stop();
    server.order(&format!("DROP DATABASE {name} WITH (FORCE)"));
    assert_eq!(on_postgres, on_sqlite);
}

/// The PostgreSQL of the tests; `scripts/postgres.sh` starts it unless it runs.
struct Server(String);

impl Server {
    fn find() -> Server {
        let given = std::env::var("VEKHA_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
        Server(given.unwrap_or_else(|| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");
            let output = std::process::Command::new(script).arg("url").output().unwrap();
            assert!(output.status.success(), "no PostgreSQL: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        }))
    }

    fn database(&self, name: &str) -> String {
        format!("{}/{name}", self.0.rsplit_once('/').unwrap().0)
    }

    fn order(&self, order: &str) {
        let output = std::process::Command::new("psql").arg(&self.0).args(["-q", "-c", order]).output().unwrap();
        assert!(output.status.success(), "{order}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(feature = "crash")]
#[test]
fn killed_after_any_commit_the_story_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template");
    let mut firm = Firm::new(&template);
    firm.start(None).unwrap();
    firm.stop();
    let peaceful = folder.path().join("peace");
    copy(&template, &peaceful);
    let mut firm = Firm::new(&peaceful);
    firm.start(None).unwrap();
    let peace = live(&mut firm);
    drop(firm);
    let mut kills = 0;
    for commits in 1.. {
        let data = folder.path().join(format!("kill-{commits}"));
        copy(&template, &data);
        let mut firm = Firm::new(&data);
        let first = firm.start(Some(commits)).map(|()| firm.pid());
        let told = live(&mut firm);
        assert_eq!(told, peace, "killed after commit {commits}");
        if first == Ok(firm.pid()) {
            // It was never killed: the story has fewer commits than that.
            break;
        }
        kills += 1;
        drop(firm);
        std::fs::remove_dir_all(&data).unwrap();
    }
    assert!(kills > 20, "the story has only {kills} commits: is the binary built with the feature `crash`?");
}

#[cfg(feature = "crash")]
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { std::fs::copy(entry.path(), target).map(|_| ()).unwrap() }
    }
}
