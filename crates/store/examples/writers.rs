//! The writer, measured: form submissions a second at many clients against a bare loop of one row per durable commit.
//!
//! `cargo run --release -p store --example writers -- [SECONDS]`. `VEKHA_BENCH_URL` names another database.
//! A submission is what the landing form makes: a journalled call, a contact with a phone, a deal, its events, a job.

#![expect(clippy::print_stdout, reason = "it prints figures")]

use crm::{
    AccountId, Actor, Cause, Command, Ending, EntityType, EntityTypeId, Fact, Field, FieldKind, InboundCall, InboundId, Item, Job, Label, Moment, Outcome,
    Pipeline, PipelineId, Point, Stage, StageId, Store, Tx, Value, Values, kind,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn main() {
    let seconds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let folder = tempfile::Builder::new()
        .prefix("vekha-writers")
        .tempdir_in(std::env::var("VEKHA_BENCH_FOLDER").unwrap_or_else(|_| "/var/tmp".into()))
        .expect("a folder");
    let bare = bare(&folder.path().join("bare.db"), Duration::from_secs(seconds));
    println!("bare loop, one row a commit: {bare:.0} a second");
    let url = std::env::var("VEKHA_BENCH_URL").unwrap_or_else(|_| format!("sqlite:{}", folder.path().join("vekha.db").display()));
    let store = store::open(&url).expect("a database");
    let (pipeline, stage) = install(&store);
    for clients in [1, 8, 32, 64] {
        let (rate, mut times) = submissions(&store, clients, Duration::from_secs(seconds), pipeline, stage);
        times.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        let at = |part: usize| times[(times.len() - 1) * part / 100] as f64 / 1_000.0;
        println!("{clients} clients: {rate:.0} submissions a second ({:.2} of bare), p50 {:.2} ms, p99 {:.2} ms", rate / bare, at(50), at(99));
    }
    for (name, value) in store.figures() {
        println!("  {name} {value:.0}");
    }
}

fn bare(path: &std::path::Path, at_least: Duration) -> f64 {
    let connection = rusqlite::Connection::open(path).expect("a database");
    connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT)").expect("a table");
    let begun = Instant::now();
    let mut count = 0.0;
    while begun.elapsed() < at_least {
        connection
            .prepare_cached("INSERT INTO row (body) VALUES (?1)")
            .and_then(|mut insert| insert.execute(["Иванов, +79990001122, нужна помощь с долгами"]))
            .expect("inserted");
        count += 1.0;
    }
    count / begun.elapsed().as_secs_f64()
}

fn install(store: &Arc<dyn Store>) -> (PipelineId, StageId) {
    let label = Label::same("x");
    let field = |code: &str, kind| Field::new(code, code, code, kind);
    let shape = |id: EntityTypeId, code: &str, staged: bool, fields: Vec<Field>| {
        EntityType {
            id,
            code: code.into(),
            title: label.clone(),
            plural: label.clone(),
            staged,
            listed: true,
            searched: true,
            icon: String::new(),
            fields,
            ..EntityType::default()
        }
        .complete()
    };
    let texts = |codes: &[&str]| codes.iter().map(|code| field(code, FieldKind::Text)).collect::<Vec<_>>();
    let mut contact = texts(&["last_name", "first_name", "source", "comment"]);
    contact.extend([field("phone", FieldKind::Phone).searchable().indexed(), field("email", FieldKind::Email).searchable().indexed()]);
    let mut deal = texts(&["source", "form", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "comment", "currency"]);
    deal.extend([field("contact", FieldKind::Link { to: kind::CONTACT }).indexed(), field("amount", FieldKind::Money)]);
    let (contact, deal) = (shape(kind::CONTACT, "contact", false, contact), shape(kind::DEAL, "deal", true, deal));
    let stage = |code: &str| Stage { id: StageId(0), code: code.into(), title: label.clone(), color: String::new(), outcome: Ending::Open, ..Stage::default() };
    let pipeline = Pipeline {
        id: PipelineId(0),
        kind: kind::DEAL,
        code: "main".into(),
        title: label.clone(),
        is_default: true,
        stages: vec![stage("NEW"), stage("WORK")],
    };
    transact(store, move |tx| {
        tx.install_type(&contact)?;
        tx.install_type(&deal)?;
        let mut pipeline = pipeline.clone();
        tx.install_pipeline(&mut pipeline)?;
        Ok((pipeline.id, pipeline.stages[0].id))
    })
}

fn submissions(store: &Arc<dyn Store>, clients: u64, at_least: Duration, pipeline: PipelineId, stage: StageId) -> (f64, Vec<u128>) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let times: Vec<u128> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut times = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let number = NEXT.fetch_add(1, Ordering::Relaxed);
                        let asked = Instant::now();
                        transact(store, move |tx| submit(tx, number, pipeline, stage));
                        times.push(asked.elapsed().as_micros());
                    }
                    times
                })
            })
            .collect();
        std::thread::sleep(at_least);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    (rate, times)
}

fn submit(tx: &mut dyn Tx, number: u64, pipeline: PipelineId, stage: StageId) -> Outcome<()> {
    let at = Moment(1_795_600_000_000_000);
    let cause = Cause::new(Actor::Client { account: AccountId(1), contact: 0 }, at);
    tx.journal(&mut InboundCall {
        id: InboundId(0),
        account: AccountId(1),
        at,
        remote: "127.0.0.1".into(),
        method: "POST".into(),
        url: "/f/landing".into(),
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into()), ("user-agent".into(), "Mozilla/5.0".into())],
        body: b"name=%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2&phone=%2B79990001122&comment=&utm_source=yandex&utm_campaign=debts".to_vec(),
        key: format!("{}-{number}", std::process::id()),
        state: "accepted".into(),
        answer: String::new(),
    })?;
    let phone = format!("+7999{:07}", number % 10_000_000);
    let point = Point { id: 0, raw: phone.clone(), normal: phone, label: "MOBILE".into() };
    let mut contact = Item {
        kind: kind::CONTACT,
        id: 0,
        version: 0,
        values: Values::from([
            ("title", Value::text(format!("Иванов Иван {number}"))),
            ("last_name", Value::text("Иванов")),
            ("phone", Value::points(vec![point])),
            ("responsible", Value::Int(1)),
            ("created_at", Value::moment(at)),
        ]),
    };
    tx.save(&mut contact, &cause, vec![Fact::Created])?;
    let mut deal = Item {
        kind: kind::DEAL,
        id: 0,
        version: 0,
        values: Values::from([
            ("title", Value::text(format!("Заявка {number}"))),
            ("contact", Value::Int(contact.id)),
            ("pipeline", Value::Int(pipeline.0)),
            ("stage", Value::Int(stage.0)),
            ("responsible", Value::Int(1)),
            ("utm_source", Value::text("yandex")),
            ("utm_campaign", Value::text("debts")),
            ("currency", Value::text("RUB")),
            ("moved_at", Value::moment(at)),
            ("created_at", Value::moment(at)),
        ]),
    };
    let filled = Fact::FormFilled {
        form: "landing".into(),
        title: "Форма".into(),
        answers: Values::from([("name", Value::text("Иванов")), ("utm_source", Value::text("yandex"))]),
        repeat: false,
    };
    tx.save(&mut deal, &cause, vec![Fact::Created, Fact::Moved { from: None, to: stage, pipeline }, filled])?;
    tx.enqueue(&Job::new(Command::Comment { item: deal.at(), text: "x".into() }, at, "")).map(drop)
}

fn transact<T: Send + 'static>(store: &Arc<dyn Store>, mut work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> T {
    *store.transact(Box::new(move |tx| Ok(Box::new(work(tx)?)))).expect("written").downcast().expect("the closure's own type")
}
