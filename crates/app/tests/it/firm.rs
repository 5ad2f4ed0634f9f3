//! A whole firm as a process: started, spoken to over HTTP, killed and started again on the same folder.

use crm::{Event, Filter, Item, ItemRef, Op, Query, Rights, Store, Value, kind};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What `vekha demo` told on its last line.
#[derive(Debug, Clone)]
pub struct Told {
    pub url: String,
    pub webhook: String,
    pub landing: String,
}

/// The process and its folder.
pub struct Firm {
    pub folder: PathBuf,
    pub database: Option<String>,
    child: Option<Child>,
    told: Option<Told>,
}

impl Drop for Firm {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Firm {
    pub fn new(folder: &Path) -> Firm {
        Firm { folder: folder.to_owned(), database: None, child: None, told: None }
    }

    /// Starts the demo; `crash_after` is only understood by a binary built for the crash tests.
    pub fn start(&mut self, crash_after: Option<u64>) -> Result<(), String> {
        self.kill();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vekha"));
        command.args(["demo", "--virtual-clock", "--bad-weather", "--listen", "127.0.0.1:0", "--data"]).arg(&self.folder);
        command.env("VEKHA_LOG", "warn").stdout(Stdio::piped());
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.with_extension("log")).unwrap();
        command.stderr(log);
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        if let Some(commits) = crash_after {
            command.env("VEKHA_CRASH_AFTER_COMMITS", commits.to_string());
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        self.child = Some(child);
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                // Waited for: a process that is just dying must not be taken for a running one.
                self.kill();
                return Err("the process ended before it told its address".to_owned());
            }
            if let Ok(told) = serde_json::from_str::<Json>(&line) {
                self.told = Some(Told::read(&told));
                // The pipe stays open: a closed one would kill the process at its next line.
                std::thread::spawn(move || lines.read_to_string(&mut String::new()));
                return Ok(());
            }
        }
    }

    pub fn told(&self) -> Told {
        self.told.clone().expect("the firm was started")
    }

    #[cfg(feature = "crash")]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and how long it took.
    pub fn stop(&mut self) -> (Duration, bool) {
        let mut child = self.child.take().unwrap();
        let begun = Instant::now();
        Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
        let status = child.wait().unwrap();
        (begun.elapsed(), status.success())
    }

    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// Looks into the database beside the running process.
    pub fn look<T>(&self, mut work: impl FnMut(&dyn crm::Read) -> T) -> T {
        let url = self.database.clone().unwrap_or_else(|| format!("sqlite:{}", self.folder.join("vekha.db").display()));
        let store: Arc<dyn Store> = store::open_beside(&url).unwrap();
        let mut found = None;
        store
            .read(&mut |read| {
                found = Some(work(read));
                Ok(())
            })
            .unwrap();
        found.unwrap()
    }

    pub fn leads_of(&self, phone: &str) -> Vec<Item> {
        self.look(|read| {
            let rights = Rights::system();
            let contacts = read.items(&rights, &Query::of(kind::CONTACT).filter(Filter::is("phone", Op::Eq, Value::text(phone)))).unwrap();
            contacts
                .iter()
                .flat_map(|contact| read.items(&rights, &Query::of(kind::LEAD).filter(Filter::is("contact", Op::Eq, Value::Int(contact.id)))).unwrap())
                .collect()
        })
    }

    /// Deals that a lead became.
    pub fn deals_from(&self, lead: ItemRef) -> Vec<Item> {
        self.look(|read| read.items(&Rights::system(), &Query::of(kind::DEAL).filter(Filter::is("lead", Op::Eq, Value::Int(lead.id)))).unwrap())
    }

    pub fn bound_to(&self, card: ItemRef, kind: crm::EntityTypeId) -> Vec<Item> {
        self.look(|read| read.items(&Rights::system(), &Query::of(kind).filter(Filter::is("about", Op::Eq, Value::item(card))).sorted("id", false)).unwrap())
    }

    pub fn timeline(&self, at: ItemRef) -> Vec<Event> {
        let mut events = self.look(|read| read.timeline(at, None, 500).unwrap());
        events.reverse();
        events
    }
}

impl Told {
    fn read(told: &Json) -> Told {
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        Told { url: text("url"), webhook: text("webhook"), landing: text("landing") }
    }

    /// Calls a REST method as the administrator's script; an error of the transport is an `Err`.
    pub fn rest(&self, method: &str, params: Json) -> Result<Json, String> {
        let mut answer = agent().post(format!("{}{method}", self.webhook)).send_json(params).map_err(|error| error.to_string())?;
        answer.body_mut().read_json().map_err(|error| error.to_string())
    }

    /// Moves the clock until a moment (seconds since 1970); repeating it after a crash goes only as far as is left.
    pub fn clock_until(&self, seconds: i64) -> Result<(), String> {
        let now = self.clock()?;
        if now < seconds {
            let wish = json!({ "advance": format!("{}s", seconds - now) });
            let answer = agent().post(format!("{}/demo/clock", self.url)).send_json(wish).map_err(|error| error.to_string())?;
            if answer.status() != 200 {
                return Err(format!("the clock answered {}", answer.status()));
            }
        }
        Ok(())
    }

    pub fn clock(&self) -> Result<i64, String> {
        let mut answer = agent().get(format!("{}/demo/clock", self.url)).call().map_err(|error| error.to_string())?;
        let time: Json = answer.body_mut().read_json().map_err(|error| error.to_string())?;
        time["seconds"].as_i64().ok_or_else(|| "no time".to_owned())
    }

    /// Opens the landing page and returns the fields of its form as the browser would send them untouched.
    pub fn form(&self) -> Result<Vec<(String, String)>, String> {
        let mut answer = agent().get(format!("{}?utm_source=yandex&utm_campaign=debts", self.landing)).call().map_err(|error| error.to_string())?;
        let page = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        Ok(inputs(&page))
    }

    /// Sends a form; status and page of the answer.
    pub fn send(&self, fields: &[(String, String)]) -> Result<(u16, String), String> {
        let code = self.landing.rsplit('/').next().unwrap();
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut answer = agent().post(format!("{}/f/{code}", self.url)).send_form(pairs).map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        Ok((status, answer.body_mut().read_to_string().map_err(|error| error.to_string())?))
    }
}

/// Keeps nothing, follows nothing, and takes every status as an answer.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(Duration::from_secs(120))).build().into()
}

/// Names and values of all inputs of a page; required boxes are ticked, the honeypot stays as it is.
pub fn inputs(page: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| -> Option<String> {
        let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
        Some(tag[at..at + tag[at..].find('"')?].replace("&amp;", "&").replace("&quot;", "\""))
    };
    let mut fields = Vec::new();
    for tag in page.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("textarea")) {
        let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
        let Some(name) = attribute(tag, "name") else { continue };
        match attribute(tag, "type").as_deref() {
            Some("checkbox") if !tag.contains("required") => {}
            Some("checkbox") => fields.push((name, attribute(tag, "value").unwrap_or_else(|| "on".to_owned()))),
            _ => fields.push((name, attribute(tag, "value").unwrap_or_default())),
        }
    }
    fields
}

/// Puts a value in place of what stands in a field, or adds the field.
pub fn put(fields: &mut Vec<(String, String)>, name: &str, value: &str) {
    match fields.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => value.clone_into(old),
        None => fields.push((name.to_owned(), value.to_owned())),
    }
}

/// Waits until something holds.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
