//! `make bench`: speed as ratios within one run, never against a clock on the wall.
//!
//! `cargo bench -p app -- 20000` fills in fewer deals. Each figure stands beside what it is measured against: a bare loop of durable one-row commits on the same engine and
//! the same disk, in the same minute. Absolute figures are printed for the reader; the ratios are what is promised.
#![expect(clippy::print_stdout, reason = "figures are for a person")]

use app::demo::{Demo, Options};
use app::machine::{SystemChance, VirtualClock};
use app::worker::Worker;
use app::{firm, packs, server, show};
use crm::{Actor, Cause, House, Rights, StepState, Value, Values, code, kind};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 32;

fn main() {
    let many: u64 = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a folder for the measurement");
    let bare = bare_commits(folder.path());
    applications(&folder.path().join("forms"), bare);
    first_robot(&folder.path().join("robots"));
    pages(&folder.path().join("pages"), many);
    process(&folder.path().join("process"));
}

/// Durable commits of one row, one after the other: what everything is compared with.
fn bare_commits(folder: &Path) -> f64 {
    let count = 4_000;
    let took = store::measure::bare_commits(&folder.join("bare.db"), count).expect("the bare loop runs");
    let rate = f64::from(count) / took.as_secs_f64();
    println!("{:<58}{rate:>12.0}", "bare loop, one row a durable commit, per second");
    rate
}

struct Running {
    house: House,
    address: SocketAddr,
    clock: Arc<VirtualClock>,
    worker: Option<Worker>,
    _runtime: tokio::runtime::Runtime,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.stop();
        }
    }
}

/// A whole firm in this process, with real sockets.
fn open(folder: &Path) -> Running {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(64).enable_all().build().expect("a runtime");
    let clock = Arc::new(VirtualClock::default());
    let config = app::config::Config { data: folder.to_owned(), private_calls: true, ..app::config::Config::default() };
    firm::make_folder(folder).expect("a folder");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    let config = app::config::Config { listen: address.to_string(), ..config };
    let house = firm::open(&config, store::open(&config.database_url()).expect("a database"), clock.clone()).expect("a firm");
    firm::install(&house, &packs::of_demo()).expect("the packs");
    let options = Options {
        clock: house.clock.clone(),
        chance: Arc::new(SystemChance),
        zone: house.firm.zone.clone(),
        public_url: house.firm.public_url.clone(),
        reach: address,
        hook: format!("/hooks/twilio_whatsapp/{}", show::ACCOUNT),
        landing: "/l/application".to_owned(),
        firm: crm::Label::same("bench"),
        virtual_clock: true,
        memory: None,
    };
    let world = runtime.block_on(Demo::start(options)).expect("the played vendors");
    show::set_up(&house, folder, &packs::of_demo(), &world).expect("the demo's firm");
    let worker = Worker::start(&house, 2, false);
    let router = server::router(house.clone(), show::router(&house, &world, worker.busy(), None));
    let tokio_listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener).expect("a socket")
    };
    runtime.spawn(server::serve(tokio_listener, router));
    Running { house, address, clock, worker: Some(worker), _runtime: runtime }
}

/// One connection that is kept open.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    fn to(address: SocketAddr) -> Line {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Line { stream, buffer: Vec::new() }
    }

    /// Status and body of an answer.
    fn ask(&mut self, head: &str, body: &str) -> (u16, String) {
        let text = format!("{head} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", body.len());
        self.stream.write_all(format!("{text}\r\n{body}").as_bytes()).expect("the server takes the request");
        self.answer()
    }

    fn ask_with(&mut self, head: &str, more: &str) -> (u16, String) {
        self.stream.write_all(format!("{head} HTTP/1.1\r\nHost: bench\r\n{more}\r\n").as_bytes()).expect("the server takes the request");
        self.answer()
    }

    fn answer(&mut self) -> (u16, String) {
        self.buffer.clear();
        let mut piece = [0_u8; 64 * 1024];
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|text| text.trim().parse::<usize>().expect("a length"));
                let chunked = head.contains("transfer-encoding: chunked");
                let whole = match length {
                    Some(length) => self.buffer.len() >= end + 4 + length,
                    None => !chunked || self.buffer.ends_with(b"0\r\n\r\n"),
                };
                if whole {
                    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a status");
                    return (status, String::from_utf8_lossy(&self.buffer).into_owned());
                }
            }
            let read = self.stream.read(&mut piece).expect("the server answers");
            assert!(read > 0, "the server hung up");
            self.buffer.extend_from_slice(&piece[..read]);
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Bodies of forms that are ready to be sent: rendered by the server's own code, ten seconds old.
fn forms(running: &Running, count: u64, from: u64) -> Vec<String> {
    let account = running.house.read(|read| read.account_by_code("web_form", "application")).expect("the database").expect("the form");
    let now = running.house.now();
    let rendered: Vec<_> = (0..count).map(|_| channels::providers::web_form::render_token(&running.house.firm, &account, now, &SystemChance)).collect();
    running.clock.advance(Duration::from_secs(10));
    rendered
        .iter()
        .zip(from..)
        .map(|(token, number)| {
            let mut pairs: Vec<(String, String)> = token.fields();
            pairs.extend([
                ("contact.first_name".to_owned(), format!("Клиент {number}")),
                ("contact.phone".to_owned(), format!("+7902{number:07}")),
                ("lead.debt_total".to_owned(), "425950".to_owned()),
                ("utm_source".to_owned(), "yandex".to_owned()),
                ("consent".to_owned(), "on".to_owned()),
            ]);
            pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
        })
        .collect()
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Applications accepted a second: journal, contact, lead, events, answer; against the bare loop. First with the robots
/// asleep, as the promise counts it; then with robots, messages and the played Twilio's callbacks on the same two cores.
fn applications(folder: &Path, bare: f64) {
    let mut running = open(folder);
    let awake = running.worker.take().expect("it works");
    awake.stop();
    let rate = burst(&running, 6_400, 1);
    println!("{:<58}{rate:>12.0}", "applications accepted, per second, 32 connections");
    println!("{:<58}{:>12.2}   (promised: at least 0.5)", "applications accepted : bare loop", rate / bare);
    running.worker = Some(Worker::start(&running.house, 2, false));
    let rate = burst(&running, 3_200, 100_000);
    println!("{:<58}{rate:>12.0}", "the same while robots work off what came before");
}

/// Sends so many applications as fast as they are accepted; how many a second.
fn burst(running: &Running, count: u64, from: u64) -> f64 {
    let bodies = Arc::new(forms(running, count, from));
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (bodies, next, address) = (bodies.clone(), next.clone(), running.address);
            std::thread::spawn(move || {
                let mut line = Line::to(address);
                while let Some(body) = bodies.get(usize::try_from(next.fetch_add(1, Ordering::SeqCst)).expect("a small number")) {
                    let (status, answer) = line.ask("POST /f/application", body);
                    assert!(status == 200 || status == 303, "{answer}");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("every application was accepted");
    }
    #[expect(clippy::cast_precision_loss, reason = "figures for a person")]
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    rate
}

/// From the event to the end of its first robot, at 200 applications a second.
fn first_robot(folder: &Path) {
    let running = open(folder);
    let count = 2_000;
    let bodies = forms(&running, count, 500_000);
    let interval = Duration::from_millis(5);
    let begun = Instant::now();
    let lines: Vec<_> = (0..8).map(|_| std::sync::Mutex::new(Line::to(running.address))).collect();
    std::thread::scope(|scope| {
        for part in 0..8_usize {
            let (bodies, lines) = (&bodies, &lines);
            scope.spawn(move || {
                let mut line = lines[part].lock().expect("one thread a line");
                for (number, body) in bodies.iter().enumerate().filter(|(number, _)| number % 8 == part) {
                    let due = begun + interval * u32::try_from(number).expect("a small number");
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    assert_eq!(line.ask("POST /f/application", body).0, 200);
                }
            });
        }
    });
    app::settle::rest(&running.house, &running.worker.as_ref().expect("it works").busy()).expect("the rules come to rest");
    let mut late: Vec<Duration> = running
        .house
        .read(|read| {
            let mut late = Vec::new();
            let mut after = crm::Seq(0);
            loop {
                let events = read.events_after(after, 500)?;
                let Some(last) = events.last() else { break };
                after = last.seq;
                for event in events.iter().filter(|event| event.item.kind == kind::LEAD && event.fact == crm::Fact::Created) {
                    let first = read.steps_of(event.item, 10)?.into_iter().filter(|step| step.state == StepState::Done).filter_map(|step| step.ended).min();
                    late.extend(first.map(|ended| ended.since(event.at)));
                }
            }
            Ok(late)
        })
        .expect("the database");
    late.sort();
    let part = |share: usize| late[(late.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    println!("{:<58}{:>12}", "robots measured at 200 applications a second", late.len());
    println!("{:<58}{:>9.1} ms", "event to first robot done, median", part(50));
    println!("{:<58}{:>9.1} ms   (promised: under 100)", "event to first robot done, 99 of 100", part(99));
}

/// Board and list of a pipeline with very many deals.
fn pages(folder: &Path, many: u64) {
    let running = open(folder);
    let begun = Instant::now();
    fill(&running.house, many);
    println!("{:<58}{:>12}   ({:.0} s to fill in)", "deals in the pipeline", many, begun.elapsed().as_secs_f64());
    let login: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("demo-logins.json")).expect("the logins")).expect("JSON");
    let boris = login["logins"].as_array().expect("a list").iter().find(|login| login["login"] == "boris").expect("Boris").clone();
    let mut line = Line::to(running.address);
    let body = format!("login=boris&password={}", boris["password"].as_str().expect("a password"));
    let (status, answer) = line.ask("POST /login", &body);
    assert!(status < 400, "{answer}");
    let cookie = answer
        .lines()
        .find_map(|line| line.to_lowercase().starts_with("set-cookie: ").then(|| line[12..].split(';').next().unwrap_or("").to_owned()))
        .expect("a cookie");
    for (what, path) in [("board", "/deal/board"), ("list", "/deal"), ("list sorted by amount", "/deal?sort=amount"), ("search of a fragment", "/deal?q=7712")]
    {
        let mut took: Vec<Duration> = (0..21)
            .map(|_| {
                let begun = Instant::now();
                let (status, answer) = line.ask_with(&format!("GET {path}"), &format!("Cookie: {cookie}\r\n"));
                let took = begun.elapsed();
                assert!(
                    status == 200 && answer.matches("Списание долгов №").count() > 0,
                    "{path} shows no deals: {}",
                    answer.chars().take(300).collect::<String>()
                );
                took
            })
            .collect();
        took.sort();
        println!("{:<58}{:>9.1} ms   (promised: under 50)", format!("{what}, whole answer, median"), took[10].as_secs_f64() * 1_000.0);
    }
}

fn fill(house: &House, many: u64) {
    let schema = house.read(|read| Ok(read.schema())).expect("the database");
    let stages: Vec<i64> = schema.default_pipeline(kind::DEAL).expect("a pipeline").stages.iter().map(|stage| stage.id.0).collect();
    let now = house.clock.now();
    let batch = 500;
    for begin in (0..many).step_by(batch) {
        let stages = stages.clone();
        let end = (begin + batch as u64).min(many);
        house
            .transact(move |tx| {
                let cause = Cause::new(Actor::System, now).quietly();
                for number in begin..end {
                    let stage = stages[usize::try_from(number).expect("a small number") % stages.len()];
                    let values = Values::from([
                        (code::TITLE, Value::text(format!("Списание долгов № {number}"))),
                        (code::STAGE, Value::Int(stage)),
                        (code::RESPONSIBLE, Value::Int(i64::try_from(number % 3).unwrap_or(0) + 1)),
                        (code::AMOUNT, Value::money(i64::try_from(number % 900_000).unwrap_or(0) * 100)),
                        ("region", Value::text(if number % 2 == 0 { "77" } else { "70" })),
                    ]);
                    crm::item::create(tx, &Rights::system(), &cause, kind::DEAL, &values)?;
                }
                let latest = tx.latest()?;
                tx.advance("automation", latest)
            })
            .expect("the deals are filled in");
    }
}

/// The binary itself: cold start and idle memory.
fn process(folder: &Path) {
    let binary = std::env::current_exe().ok().and_then(|path| path.ancestors().nth(2).map(|folder| folder.join("vekha"))).filter(|path| path.exists());
    let Some(binary) = binary else {
        println!("the binary vekha is not built beside this benchmark: cold start and memory are not measured");
        return;
    };
    let start = |port: u16| {
        let begun = Instant::now();
        let child = Command::new(&binary)
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(folder)
            .env("VEKHA_LOG", "error")
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        while TcpStream::connect(("127.0.0.1", port)).map(|stream| Line { stream, buffer: Vec::new() }.ask_with("GET /health", "").0).ok() != Some(200) {
            std::thread::sleep(Duration::from_millis(2));
            assert!(begun.elapsed() < Duration::from_secs(30), "the binary does not start");
        }
        (child, begun.elapsed())
    };
    let free = || std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let (mut first, _) = start(free());
    first.kill().expect("it can be stopped");
    first.wait().expect("it stops");
    let (mut second, took) = start(free());
    std::thread::sleep(Duration::from_secs(3));
    let status = std::fs::read_to_string(format!("/proc/{}/status", second.id())).expect("the system tells");
    let resident =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|text| text.trim().split(' ').next()?.parse::<f64>().ok()).unwrap_or(0.0)
            / 1_024.0;
    second.kill().expect("it can be stopped");
    second.wait().expect("it stops");
    println!("{:<58}{:>9.0} ms   (promised: under 500)", "cold start to the first answer", took.as_secs_f64() * 1_000.0);
    println!("{:<58}{:>9.1} MB   (promised: under 60)", "idle memory", resident);
}
