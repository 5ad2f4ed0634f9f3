//! What a screen asks of the database, at a million deals and a million clients, 200 offices and 2 000 people.
//!
//! `cargo bench -p store --bench million -- [ROWS] [sqlite] [postgres]`. About 3 GB under the temporary folder for each
//! engine. PostgreSQL is the one of `scripts/postgres.sh`, or of `VEKHA_TEST_POSTGRES`. With `VEKHA_BENCH_KEEP=FOLDER` the
//! SQLite file stays there and is used again.

#![expect(clippy::print_stdout, reason = "it prints figures")]

use crm::{
    Action, Ending, EntityType, EntityTypeId, Field, FieldKind, Filter, Grant, ItemRef, Label, Op, Order, Page, Pipeline, PipelineId, Query, Read, Rights,
    Scope, Stage, StageId, Store, UserId, Value, kind,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const OFFICES: i64 = 200;
const PEOPLE: i64 = 2_000;
const FIRST_OFFICE: i64 = 100;
const STAGES: usize = 8;
const NOW: i64 = 1_795_600_000_000_000;
/// Each question is asked so often.
const ROUNDS: usize = 60;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rows: i64 = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let wants = |engine: &str| words.iter().all(|word| word != "sqlite" && word != "postgres") || words.iter().any(|word| word == engine);
    if wants("sqlite") {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let kept = std::env::var("VEKHA_BENCH_KEEP").ok();
        let path = kept.map_or_else(|| folder.path().to_owned(), Into::into).join("million.db");
        measure(&format!("sqlite:{}", path.display()), rows, path.exists());
    }
    if wants("postgres") {
        let database = Database::new();
        measure(&database.url, rows, false);
    }
}

/// A database on the test server that goes with this process.
struct Database {
    server: String,
    url: String,
}

impl Database {
    fn new() -> Database {
        let server = std::env::var("VEKHA_TEST_POSTGRES").unwrap_or_else(|_| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");
            let output = std::process::Command::new(script).arg("url").output().expect("the script runs");
            String::from_utf8(output.stdout).expect("an address").trim().to_owned()
        });
        let mut client = postgres::Client::connect(&server, postgres::NoTls).expect("the server answers");
        client.batch_execute("DROP DATABASE IF EXISTS bench_million WITH (FORCE)").expect("dropped");
        client.batch_execute("CREATE DATABASE bench_million TEMPLATE template0 ENCODING 'UTF8'").expect("made");
        let url = format!("{}/bench_million", server.rsplit_once('/').expect("an address ends with its database").0);
        Database { server, url }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut client) = postgres::Client::connect(&self.server, postgres::NoTls) {
            let _ = client.batch_execute("DROP DATABASE IF EXISTS bench_million WITH (FORCE)");
        }
    }
}

/// A small generator (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % bound.unsigned_abs()).cast_signed()
    }
}

fn field(code: &str, kind: FieldKind) -> Field {
    Field::new(code, code, code, kind)
}

fn shape(id: EntityTypeId, code: &str, staged: bool, fields: Vec<Field>) -> EntityType {
    let label = Label::same(code);
    EntityType { id, code: code.to_owned(), title: label.clone(), plural: label, staged, listed: true, searched: true, fields, ..EntityType::default() }
        .complete()
}

/// Fifty fields that a firm made: twenty texts, ten numbers, five each of amounts, days, moments and flags; two of them indexed.
fn deal() -> EntityType {
    let made = |at: usize| {
        let kind = match at {
            0..20 => FieldKind::Text,
            20..30 => FieldKind::Integer,
            30..35 => FieldKind::Money,
            35..40 => FieldKind::Date,
            40..45 => FieldKind::Moment,
            _ => FieldKind::Flag,
        };
        let made = field(&format!("f{at}"), kind);
        if [25, 31].contains(&at) { made.indexed() } else { made }
    };
    let mut fields = vec![
        field("contact", FieldKind::Link { to: kind::CONTACT }),
        field("amount", FieldKind::Money),
        field("currency", FieldKind::Text),
        field("region", FieldKind::Text),
    ];
    fields.extend((0..50).map(made));
    shape(kind::DEAL, "deal", true, fields)
}

fn contact() -> EntityType {
    shape(
        kind::CONTACT,
        "contact",
        false,
        vec![field("phone", FieldKind::Phone).searchable().indexed(), field("city", FieldKind::Text).indexed(), field("birthday", FieldKind::Date)],
    )
}

fn task() -> EntityType {
    shape(kind::TASK, "task", false, vec![field("about", FieldKind::AnyItem).indexed(), field("status", FieldKind::Text)])
}

fn pipeline() -> Pipeline {
    let stage = |at: usize| {
        let code = format!("S{at}");
        Stage { code: code.clone(), title: Label::same(code), outcome: if at == STAGES - 1 { Ending::Won } else { Ending::Open }, ..Stage::default() }
    };
    Pipeline {
        id: PipelineId(0),
        kind: kind::DEAL,
        code: "main".into(),
        title: Label::same("main"),
        is_default: true,
        stages: (0..STAGES).map(stage).collect(),
    }
}

/// Statements that fill the tables in. Every deal has an office and somebody who answers for it there; one in fifty an observer.
fn rows_of(postgres: bool, rows: i64, stages: &[StageId], pipeline: PipelineId) -> Vec<String> {
    let numbers = |from: i64, to: i64| match postgres {
        true => format!("generate_series(CAST({from} AS bigint), {to}) AS n(i)"),
        false => format!("(WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to}) SELECT i FROM n) AS n"),
    };
    // Different for each number, the same in both engines.
    let mixed = |salt: i64, bound: i64| format!("((i * {} / 4096) % {bound})", 2_654_435_761_i64 + salt * 1_000_003);
    let first = stages[0].0;
    let mut statements = Vec::new();
    let batch = 50_000;
    for from in (1..=rows).step_by(50_000) {
        let to = (from + batch - 1).min(rows);
        let mut columns =
            vec!["_version", "title", "pipeline", "stage", "responsible", "office", "contact", "amount", "currency", "region", "moved_at", "created_at"]
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>();
        let responsible = format!("(1 + {})", mixed(1, PEOPLE));
        let mut values = vec![
            "1".to_owned(),
            format!("'Списание долгов ' || i || ' ' || {}", mixed(2, 1_000_000)),
            pipeline.0.to_string(),
            format!("{first} + {}", mixed(3, STAGES as i64)),
            responsible.clone(),
            format!("{FIRST_OFFICE} + {responsible} % {OFFICES}"),
            format!("1 + {}", mixed(4, rows)),
            format!("{} * 100", mixed(5, 900_000)),
            "'RUB'".to_owned(),
            format!("CASE {} WHEN 0 THEN 'Москва' WHEN 1 THEN 'Томск' WHEN 2 THEN 'Алматы' ELSE 'Астана' END", mixed(6, 4)),
            format!("{NOW} - {} * 1000000", mixed(7, 10_000_000)),
            format!("{NOW} - i"),
        ];
        for at in 0..50_i64 {
            columns.push(format!("f{at}"));
            values.push(match at {
                0..20 => format!("'слово ' || {}", mixed(10 + at, 100_000)),
                20..35 => mixed(10 + at, 1_000_000),
                35..40 => format!("20260101 + {} * 100 + {}", mixed(10 + at, 12), mixed(11 + at, 28)),
                40..45 => format!("{NOW} - {} * 1000000", mixed(10 + at, 10_000_000)),
                _ => mixed(10 + at, 2),
            });
        }
        statements.push(format!("INSERT INTO item_deal ({}) SELECT {} FROM {}", columns.join(", "), values.join(", "), numbers(from, to)));
        statements.push(format!(
            "INSERT INTO item_contact (_version, title, responsible, office, city, created_at) SELECT 1, 'Иванов ' || i, 1 + {}, {FIRST_OFFICE} + (1 + {}) % {OFFICES}, 'Город ' || {}, {NOW} FROM {}",
            mixed(1, PEOPLE),
            mixed(1, PEOPLE),
            mixed(8, 1_000),
            numbers(from, to)
        ));
        statements.push(format!(
            "INSERT INTO point (kind, item_id, field, position, raw, normal, label) SELECT 3, i, 'phone', 0, {phone}, {phone}, 'MOBILE' FROM {}",
            numbers(from, to),
            phone = "'+79' || substr('' || (1000000000 + (i * 7919) % 1000000000), 2)"
        ));
        statements.push(format!(
            "INSERT INTO search_contact (rowid, body) SELECT i, 'иванов ' || i || {line} || {phone} || {line} || substr({phone}, 2) FROM {}",
            numbers(from, to),
            line = if postgres { "chr(10)" } else { "char(10)" },
            phone = "'+79' || substr('' || (1000000000 + (i * 7919) % 1000000000), 2)"
        ));
        statements.push(format!(
            "INSERT INTO search_deal (rowid, body) SELECT i, 'списание долгов ' || i || ' ' || {} FROM {}",
            mixed(2, 1_000_000),
            numbers(from, to)
        ));
        statements.push(format!(
            "INSERT INTO event (at, actor, item_kind, item_id, about_kind, about_id, contact, depth, code, fact) \
             SELECT {NOW}, '{{\"who\":\"system\"}}', 2, i, 2, i, 1 + {}, 0, 'created', '{{\"fact\":\"created\"}}' FROM {}",
            mixed(4, rows),
            numbers(from, to)
        ));
        statements.push(format!(
            "INSERT INTO item_task (_version, title, about, status, responsible) SELECT 1, 'Позвонить', '2:' || i, 'open', 1 + {} FROM {} WHERE i % 4 = 0",
            mixed(1, PEOPLE),
            numbers(from, to)
        ));
        statements.push(format!("INSERT INTO access (kind, item_id, who) SELECT 2, i, 1 + {} FROM {} WHERE i % 50 = 0", mixed(9, PEOPLE), numbers(from, to)));
        statements.push(format!(
            "INSERT INTO access (kind, item_id, who) SELECT 2, i, -({FIRST_OFFICE} + {}) FROM {} WHERE i % 100 = 0",
            mixed(12, OFFICES),
            numbers(from, to)
        ));
    }
    statements.push(
        "INSERT INTO stage_total (stage, office, responsible, currency, count, sum) \
         SELECT stage, office, responsible, currency, count(*), sum(amount) FROM item_deal GROUP BY 1, 2, 3, 4"
            .to_owned(),
    );
    statements
}

fn measure(url: &str, rows: i64, filled: bool) {
    let store = store::open(url).expect("a database");
    let pipeline = transact(&store, |tx| {
        for shape in [contact(), deal(), task()] {
            tx.install_type(&shape)?;
        }
        let mut pipeline = pipeline();
        tx.install_pipeline(&mut pipeline)?;
        Ok(pipeline)
    });
    let stages: Vec<StageId> = pipeline.stages.iter().map(|stage| stage.id).collect();
    let begun = Instant::now();
    let store = if filled {
        store
    } else {
        drop(store);
        store::measure::pour(url, &rows_of(!url.starts_with("sqlite"), rows, &stages, pipeline.id)).expect("filled in");
        store::open(url).expect("a database")
    };
    let engine = store.engine();
    println!("\n{engine}: {rows} deals of 54 fields, as many clients, {OFFICES} offices, {PEOPLE} people; filled in {:.0} s", begun.elapsed().as_secs_f64());
    Bench { store: &store, pipeline, stages, rows, bare: Duration::ZERO }.run();
}

struct Bench<'a> {
    store: &'a Arc<dyn Store>,
    pipeline: Pipeline,
    stages: Vec<StageId>,
    rows: i64,
    bare: Duration,
}

/// Sees and counts everything.
fn admin() -> Rights {
    Rights { user: UserId(7), admin: true, ..Rights::default() }
}

/// Leads one office: sees what belongs to it, what is his own, and what he was invited to.
fn manager() -> Rights {
    let grant = |kind| ((kind, Action::Read), Grant::of(Scope::Office));
    Rights {
        user: UserId(7),
        grants: [grant(kind::DEAL), grant(kind::CONTACT), ((kind::TASK, Action::Read), Grant::of(Scope::All))].into(),
        office: FIRST_OFFICE + 7,
        offices: [FIRST_OFFICE + 7].into(),
        ..Rights::default()
    }
}

/// Answers for his own deals.
fn operator() -> Rights {
    let grant = |kind| ((kind, Action::Read), Grant::of(Scope::Own));
    Rights { grants: [grant(kind::DEAL), grant(kind::CONTACT), grant(kind::TASK)].into(), ..manager() }
}

impl Bench<'_> {
    fn run(mut self) {
        let bare = self.times(&admin(), |read, rights, chance, bench| read.item(rights, ItemRef::new(kind::TASK, 1 + chance.below(bench.rows / 4))).map(drop));
        self.bare = bare.0.max(Duration::from_micros(1));
        println!("{:<62}{:>9.3} ms is 1; the rest: middle / 95 of 100, ratio of the latter", "one task by its number", millis(bare.0));
        println!("{:<62}{:>24}{:>24}{:>24}", "", "administrator", "office manager", "operator");
        self.line("board: headings, 25 cards of 8 stages, last events", Bench::board);
        self.line("board: headings under a filter by responsible", |read, rights, chance, bench| {
            let filter = Filter::is("responsible", Op::Eq, Value::Int(1 + chance.below(PEOPLE)));
            read.stage_totals_of(rights, bench.pipeline.id, &filter).map(drop)
        });
        self.line("list: the newest 50", |read, rights, _, _| list(read, rights, Filter::Any, "id", true));
        self.line("count of it, up to 10 000", |read, rights, _, _| read.count(rights, &Query::of(kind::DEAL), 10_000).map(drop));
        self.line("list: three filters, sorted by a user's field", |read, rights, chance, bench| list(read, rights, bench.three(chance), "f31", true));
        self.line("count of it, up to 1 000", |read, rights, chance, bench| {
            read.count(rights, &Query::of(kind::DEAL).filter(bench.three(chance)), 1_000).map(drop)
        });
        self.line("list: the same, a page from the middle", |read, rights, chance, bench| {
            let after = Some((vec![Value::money(chance.below(1_000_000))], chance.below(bench.rows)));
            let order = vec![Order { field: "f31".into(), descending: true }];
            read.items(rights, &Query { kind: kind::DEAL, filter: bench.three(chance), order, page: Page { limit: 50, offset: 0, after } }).map(drop)
        });
        self.line("list: sorted by title", |read, rights, _, _| list(read, rights, Filter::Any, "title", false));
        self.line("list: a range of a user's number, sorted by it", |read, rights, chance, _| {
            let from = chance.below(900_000);
            let filter = Filter::is("f25", Op::Ge, Value::Int(from)).and(Filter::is("f25", Op::Le, Value::Int(from + 5_000)));
            list(read, rights, filter, "f25", false)
        });
        self.line("list: deals of clients of a town", |read, rights, chance, _| {
            list(read, rights, Filter::is("contact.city", Op::Eq, Value::text(format!("Город {}", chance.below(1_000)))), "id", true)
        });
        self.line("card: item, timeline, files, tabs, pairs", Bench::card);
        self.line("search: the end of a phone, deals and clients", Bench::phone);
        self.line("search: a fragment of every name", |read, rights, _, _| {
            for kind in [kind::CONTACT, kind::DEAL] {
                read.items(rights, &Query::of(kind).filter(Filter::Search("иван".into())).limit(10))?;
            }
            Ok(())
        });
        self.changes();
    }

    /// The shape changes while somebody writes: how long the change took, and the longest that a writer waited.
    fn changes(&self) {
        if std::env::var("VEKHA_BENCH_ONLY").is_ok_and(|word| !"changes".contains(&word)) {
            return;
        }
        let known = || self.store_schema();
        let number = known().fields.len();
        let more = |field: Field| EntityType { fields: known().fields.iter().cloned().chain([field]).collect(), ..known() };
        let turn = |code: &str, turn: fn(&mut Field)| {
            let mut shape = known();
            shape.fields.iter_mut().filter(|field| field.code == code).for_each(turn);
            shape
        };
        self.change("a new field", more(field(&format!("new{number}"), FieldKind::Text)));
        self.change("a new field with an index", more(field(&format!("found{number}"), FieldKind::Integer).indexed()));
        self.change("a field gets an index", turn("f26", |field| field.indexed = true));
        self.change("a field becomes searchable", turn("f5", |field| field.searchable = true));
    }

    fn store_schema(&self) -> EntityType {
        let mut found = None;
        self.store
            .read(&mut |read| {
                found = read.schema().kind(kind::DEAL).cloned();
                Ok(())
            })
            .expect("the shape");
        found.expect("deals")
    }

    fn change(&self, what: &str, shape: EntityType) {
        let over = std::sync::atomic::AtomicBool::new(false);
        let (took, waits) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let (mut longest, mut count) = (Duration::ZERO, 0_u32);
                let mut chance = Chance(7);
                while !over.load(std::sync::atomic::Ordering::SeqCst) {
                    let (at, sum) = (ItemRef::new(kind::DEAL, 1 + chance.below(self.rows)), chance.below(1_000_000));
                    let begun = Instant::now();
                    transact(self.store, move |tx| tx.put_answer(at, "f31", &Value::money(sum)));
                    longest = longest.max(begun.elapsed());
                    count += 1;
                }
                (longest, count)
            });
            std::thread::sleep(Duration::from_millis(300));
            let begun = Instant::now();
            transact(self.store, move |tx| tx.install_type(&shape));
            let took = begun.elapsed();
            // What is left for later is done meanwhile.
            std::thread::sleep(Duration::from_secs(20));
            over.store(true, std::sync::atomic::Ordering::SeqCst);
            (took, writer.join().expect("it wrote"))
        });
        println!("{:<62}{:>8.1} ms; longest wait of a writer {:.0} ms in {} writes", format!("change: {what}"), millis(took), millis(waits.0), waits.1);
    }

    /// A stage, a region and an amount.
    fn three(&self, chance: &mut Chance) -> Filter {
        let stage = self.stages[usize::try_from(chance.below(STAGES as i64)).unwrap_or(0)];
        Filter::is("stage", Op::Eq, Value::Int(stage.0)).and(Filter::is("region", Op::Eq, Value::text("Томск"))).and(Filter::is(
            "amount",
            Op::Ge,
            Value::money(chance.below(300_000) * 100),
        ))
    }

    fn board(read: &dyn Read, rights: &Rights, _: &mut Chance, bench: &Bench<'_>) -> crm::Outcome<()> {
        read.stage_totals(rights, bench.pipeline.id)?;
        let mut cards = Vec::new();
        for stage in &bench.stages {
            let query = Query::of(kind::DEAL).filter(Filter::is("stage", Op::Eq, Value::Int(stage.0))).sorted("moved_at", true).limit(25);
            cards.extend(read.items(rights, &query)?.iter().map(crm::Item::at));
        }
        read.last_events(&cards).map(drop)
    }

    fn card(read: &dyn Read, rights: &Rights, chance: &mut Chance, bench: &Bench<'_>) -> crm::Outcome<()> {
        let query = Query::of(kind::DEAL).filter(Filter::is("id", Op::Ge, Value::Int(chance.below(bench.rows / 2)))).sorted("id", false).limit(1);
        let Some(item) = read.items(rights, &query)?.pop() else { return Ok(()) };
        let client = ItemRef::new(kind::CONTACT, item.contact());
        read.item(rights, client)?;
        read.timeline(item.at(), None, 30)?;
        read.timeline(client, None, 30)?;
        read.files_of(item.at())?;
        read.linked(rights, item.at())?;
        read.linked(rights, client)?;
        read.doubles_of(client).map(drop)
    }

    fn phone(read: &dyn Read, rights: &Rights, chance: &mut Chance, _: &Bench<'_>) -> crm::Outcome<()> {
        let fragment = format!("{:05}", chance.below(100_000));
        for kind in [kind::CONTACT, kind::DEAL] {
            read.items(rights, &Query::of(kind).filter(Filter::Search(fragment.clone())).limit(10))?;
        }
        Ok(())
    }

    fn line(&self, what: &str, ask: impl Fn(&dyn Read, &Rights, &mut Chance, &Bench<'_>) -> crm::Outcome<()>) {
        if std::env::var("VEKHA_BENCH_ONLY").is_ok_and(|word| !what.contains(&word)) {
            return;
        }
        print!("{what:<62}");
        for rights in [admin(), manager(), operator()] {
            let (middle, high) = self.times(&rights, &ask);
            let ratio = high.as_secs_f64() / self.bare.as_secs_f64();
            let late = if high > Duration::from_millis(50) { "!" } else { " " };
            print!("{:>8.1}{:>8.1}{late}{ratio:>7.0}", millis(middle), millis(high));
        }
        println!();
    }

    /// The middle and the 95th of a hundred.
    fn times(&self, rights: &Rights, ask: impl Fn(&dyn Read, &Rights, &mut Chance, &Bench<'_>) -> crm::Outcome<()>) -> (Duration, Duration) {
        let mut chance = Chance(20_261_125);
        let mut taken: Vec<Duration> = Vec::new();
        let all = Instant::now();
        while taken.len() < ROUNDS && (taken.len() < 5 || all.elapsed() < Duration::from_secs(8)) {
            let begun = Instant::now();
            self.store.read(&mut |read| ask(read, rights, &mut chance, self)).expect("an answer");
            taken.push(begun.elapsed());
        }
        // The first one plans the statement.
        taken.remove(0);
        taken.sort();
        (taken[taken.len() / 2], taken[(taken.len() * 95).div_ceil(100) - 1])
    }
}

/// A page of 50.
fn list(read: &dyn Read, rights: &Rights, filter: Filter, field: &str, descending: bool) -> crm::Outcome<()> {
    read.items(rights, &Query::of(kind::DEAL).filter(filter).sorted(field, descending)).map(drop)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn transact<T: Send + 'static>(store: &Arc<dyn Store>, mut work: impl FnMut(&mut dyn crm::Tx) -> crm::Outcome<T> + Send + 'static) -> T {
    *store.transact(Box::new(move |tx| Ok(Box::new(work(tx)?)))).expect("written").downcast().expect("the closure's own type")
}
