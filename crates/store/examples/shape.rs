//! The shape of item tables, measured: real columns against one JSON column, and the store itself on top.
//!
//! `cargo run --release -p store --example shape -- [ROWS]` (a million by default; about 4 GB under the temporary folder).

#![expect(clippy::print_stdout, reason = "it prints figures")]

use crm::{
    Actor, Cause, Ending, EntityType, EntityTypeId, Fact, Field, FieldKind, Filter, Item, Label, Moment, Op, Pipeline, PipelineId, Query, Rights, Stage,
    StageId, Store, Value, Values,
};
use rusqlite::{Connection, params_from_iter, types::Value as Sql};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BATCH: u64 = 500;
const KIND: EntityTypeId = EntityTypeId(2);

fn main() {
    let rows: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("{rows} items of 50 fields, SQLite {}, {} processors", rusqlite::version(), std::thread::available_parallelism().map_or(0, usize::from));
    bare(folder.path(), rows, true);
    bare(folder.path(), rows, false);
    whole(folder.path(), rows);
}

/// A small generator (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % bound
    }

    fn number(&mut self, bound: u64) -> i64 {
        self.below(bound).cast_signed()
    }
}

/// Kinds of the fifty fields: twenty texts, ten numbers, five each of amounts, days, moments and flags.
fn kind(at: usize) -> FieldKind {
    match at {
        0..20 => FieldKind::Text,
        20..30 => FieldKind::Integer,
        30..35 => FieldKind::Money,
        35..40 => FieldKind::Date,
        40..45 => FieldKind::Moment,
        _ => FieldKind::Flag,
    }
}

fn answer(chance: &mut Chance, at: usize) -> Value {
    match kind(at) {
        FieldKind::Text => Value::text(format!("слово {}", chance.below(100_000))),
        FieldKind::Integer => Value::Int(chance.number(1_000_000)),
        FieldKind::Money => Value::money(chance.number(100_000_000)),
        FieldKind::Date => {
            Value::date(crm::Date::constant(2026, 1 + i8::try_from(chance.below(12)).unwrap_or(0), 1 + i8::try_from(chance.below(28)).unwrap_or(0)))
        }
        FieldKind::Moment => Value::moment(Moment(1_795_600_000_000_000 + chance.number(1_000_000_000_000))),
        _ => Value::Flag(chance.below(2) == 0),
    }
}

fn cell(value: &Value) -> Sql {
    match value {
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Int(number) => Sql::Integer(*number),
        Value::Money(money) => Sql::Integer(money.minor),
        Value::Date(day) => Sql::Integer(i64::from(day.date.year()) * 10_000 + i64::from(day.date.month()) * 100 + i64::from(day.date.day())),
        Value::Moment(moment) => Sql::Integer(moment.at.0),
        Value::Flag(flag) => Sql::Integer(i64::from(*flag)),
        _ => Sql::Null,
    }
}

/// One table without anything around it.
fn bare(folder: &Path, rows: u64, real: bool) {
    let name = if real { "real columns" } else { "one JSON column" };
    let path = folder.join("bare.db");
    let mut connection = Connection::open(&path).expect("a database");
    connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000").expect("settings");
    let columns: Vec<String> = (0..50).map(|at| format!("f{at}")).collect();
    if real {
        let typed: Vec<String> = (0..50).map(|at| format!("f{at} {}", if at < 20 { "TEXT" } else { "BIGINT" })).collect();
        connection
            .execute_batch(&format!(
                "CREATE TABLE item (id INTEGER PRIMARY KEY, stage BIGINT, {}); CREATE INDEX item_stage ON item (stage, id)",
                typed.join(", ")
            ))
            .expect("a table");
    } else {
        connection
            .execute_batch("CREATE TABLE item (id INTEGER PRIMARY KEY, stage BIGINT, body TEXT); CREATE INDEX item_stage ON item (stage, id)")
            .expect("a table");
    }
    let mut chance = Chance(7);
    let (begun, ticks) = (Instant::now(), process_ticks());
    let mut made = 0;
    while made < rows {
        let transaction = connection.transaction().expect("a transaction");
        {
            let holes: Vec<String> = (1..=if real { 51 } else { 2 }).map(|at| format!("?{at}")).collect();
            let insert = format!("INSERT INTO item (stage, {}) VALUES ({})", if real { columns.join(", ") } else { "body".to_owned() }, holes.join(", "));
            let mut statement = transaction.prepare_cached(&insert).expect("a statement");
            for _ in 0..BATCH.min(rows - made) {
                let values: Vec<Value> = (0..50).map(|at| answer(&mut chance, at)).collect();
                let mut cells = vec![Sql::Integer(chance.number(5))];
                if real {
                    cells.extend(values.iter().map(cell));
                } else {
                    let body: serde_json::Map<String, serde_json::Value> = columns.iter().cloned().zip(values.iter().map(plain)).collect();
                    cells.push(Sql::Text(serde_json::Value::Object(body).to_string()));
                }
                statement.execute(params_from_iter(cells)).expect("inserted");
                made += 1;
            }
        }
        transaction.commit().expect("committed");
    }
    let (taken, ticks) = (begun.elapsed(), process_ticks() - ticks);
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("folded");
    let size = std::fs::metadata(&path).map_or(0, |file| file.len());
    println!(
        "\n== {name}, bare table\ninsert: {:.0} items/s, processor {} µs an item; file {} MB",
        per_second(rows, taken),
        ticks * 10_000 / rows,
        size / 1_048_576
    );
    let field = |at: usize| if real { format!("f{at}") } else { format!("json_extract(body, '$.f{at}')") };
    let select = if real { format!("id, stage, {}", columns.join(", ")) } else { "id, stage, body".to_owned() };
    let ask = |what: &str, rest: String| {
        let sql = format!("SELECT {select} FROM item WHERE {rest}");
        timed(what, || {
            let mut statement = connection.prepare_cached(&sql).expect("a statement");
            let mut rows = statement.query([]).expect("an answer");
            let mut bytes = 0;
            while let Some(row) = rows.next().expect("a row") {
                for at in 0..if real { 52 } else { 3 } {
                    bytes += row.get_ref(at).ok().and_then(|value| value.as_str().ok().map(str::len)).unwrap_or(8);
                }
            }
            bytes
        });
    };
    ask("page of 50 by stage", "stage = 3 ORDER BY id DESC LIMIT 50".to_owned());
    ask("filter by a number without an index, 50 of the newest", format!("{} BETWEEN 500000 AND 500010 ORDER BY id DESC LIMIT 50", field(25)));
    ask("filter by a text without an index that nothing has", format!("{} = 'нет такого' ORDER BY id DESC LIMIT 50", field(3)));
    ask("sort all by an amount without an index", format!("TRUE ORDER BY {} DESC, id DESC LIMIT 50", field(31)));
    if real {
        let mut added = 0;
        timed("add a column", || {
            added += 1;
            connection.execute_batch(&format!("ALTER TABLE item ADD COLUMN n{added} TEXT")).expect("a column");
        });
    }
    let begun = Instant::now();
    connection.execute_batch(&format!("CREATE INDEX later ON item ({})", field(25))).expect("an index");
    println!("make an index: {:.2} s", begun.elapsed().as_secs_f64());
    ask("the same filter by a number with the index", format!("{} BETWEEN 500000 AND 500010 ORDER BY id DESC LIMIT 50", field(25)));
    drop(connection);
    std::fs::remove_file(&path).expect("removed");
}

fn plain(value: &Value) -> serde_json::Value {
    match cell(value) {
        Sql::Text(text) => serde_json::Value::String(text),
        Sql::Integer(number) => number.into(),
        _ => serde_json::Value::Null,
    }
}

fn per_second(rows: u64, taken: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rows = rows as f64;
    rows / taken.as_secs_f64()
}

/// The middle of up to seven: time on the clock, and time on the processor, which other jobs on the machine disturb less.
fn timed<T>(what: &str, mut work: impl FnMut() -> T) {
    let mut taken: Vec<(Duration, Duration)> = Vec::new();
    let all = Instant::now();
    while taken.len() < 7 && (taken.is_empty() || all.elapsed() < Duration::from_secs(10)) {
        let (begun, busy) = (Instant::now(), on_processor());
        std::hint::black_box(work());
        taken.push((begun.elapsed(), on_processor().saturating_sub(busy)));
    }
    let middle = |mut list: Vec<Duration>| {
        list.sort();
        list[list.len() / 2].as_secs_f64() * 1_000.0
    };
    println!("{what}: {:.2} ms, processor {:.2} ms", middle(taken.iter().map(|one| one.0).collect()), middle(taken.iter().map(|one| one.1).collect()));
}

/// Time that this thread has had on a processor.
fn on_processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Time that the whole process has had on processors, in hundredths of a second.
fn process_ticks() -> u64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = told.rsplit(") ").next().unwrap_or("").split(' ').collect();
    [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum()
}

/// The store itself: rights, events, totals, search.
fn whole(folder: &Path, rows: u64) {
    let url = std::env::var("VEKHA_BENCH_URL").unwrap_or_else(|_| format!("sqlite:{}", folder.join("vekha.db").display()));
    let store = store::open(&url).expect("a database");
    let mut fields: Vec<Field> = (0..50).map(|at| Field::new(&format!("f{at}"), "поле", "field", kind(at))).collect();
    fields.push(Field::new("amount", "Сумма", "Amount", FieldKind::Money));
    fields.push(Field::new("currency", "Валюта", "Currency", FieldKind::Text));
    let label = Label::same("deal");
    let shape = EntityType {
        id: KIND,
        code: "deal".into(),
        title: label.clone(),
        plural: label.clone(),
        staged: true,
        listed: true,
        searched: std::env::var("VEKHA_BENCH_UNSEARCHED").is_err(),
        icon: String::new(),
        fields,
        ..EntityType::default()
    }
    .complete();
    let stage = |code: &str| Stage { id: StageId(0), code: code.into(), title: label.clone(), color: String::new(), outcome: Ending::Open, ..Stage::default() };
    let pipeline = Pipeline {
        id: PipelineId(0),
        kind: KIND,
        code: "main".into(),
        title: label.clone(),
        is_default: true,
        stages: ["A", "B", "C", "D", "E"].map(stage).to_vec(),
    };
    let installed = transact(&store, {
        let shape = shape.clone();
        move |tx| {
            tx.install_type(&shape)?;
            let mut pipeline = pipeline.clone();
            tx.install_pipeline(&mut pipeline)?;
            Ok(pipeline)
        }
    });
    let (begun, ticks) = (Instant::now(), process_ticks());
    let mut chance = Chance(7);
    let mut made = 0;
    while made < rows {
        let batch: Vec<Values> = (0..BATCH.min(rows - made))
            .map(|number| {
                let mut values = Values::new();
                for at in 0..50 {
                    values.set(format!("f{at}"), answer(&mut chance, at));
                }
                for (code, value) in [
                    ("title", Value::text(format!("Сделка {} {}", made + number, chance.below(1_000_000)))),
                    ("pipeline", Value::Int(installed.id.0)),
                    ("stage", Value::Int(installed.stages[usize::try_from(chance.below(5)).unwrap_or(0)].id.0)),
                    ("responsible", Value::Int(chance.number(20) + 1)),
                    ("amount", Value::money(chance.number(100_000_000))),
                    ("currency", Value::text("RUB")),
                    ("moved_at", Value::moment(Moment(chance.number(1_000_000_000)))),
                    ("created_at", Value::moment(Moment(1))),
                ] {
                    values.set(code, value);
                }
                values
            })
            .collect();
        made += batch.len() as u64;
        transact(&store, move |tx| {
            batch.iter().try_for_each(|values| {
                tx.save(&mut Item { kind: KIND, id: 0, version: 0, values: values.clone() }, &Cause::new(Actor::System, Moment(1)), vec![Fact::Created])
            })
        });
    }
    println!(
        "\n== the store on {}: item, event, totals, search\ninsert, 500 a transaction: {:.0} items/s, processor {} µs an item",
        store.engine(),
        per_second(rows, begun.elapsed()),
        (process_ticks() - ticks) * 10_000 / rows
    );
    for (name, value) in store.figures().iter().filter(|(name, _)| *name == "store_bytes") {
        println!("{name}: {:.0} MB", value / 1_048_576.0);
    }
    let system = Rights::system();
    let of = |filter: Filter| Query::of(KIND).filter(filter);
    let stage = |at: usize| Filter::is("stage", Op::Eq, Value::Int(installed.stages[at].id.0));
    let page = |what: &str, query: Query| timed(what, || read(&store, |read| read.items(&system, &query)));
    page("board column: 50 of a stage, the newest first", of(stage(2)));
    page("board column by the moment of arrival", of(stage(2)).sorted("moved_at", true));
    let middle = Query {
        page: crm::Page { limit: 50, offset: 0, after: Some((vec![Value::moment(Moment(500_000_000))], 500_000)) },
        ..of(stage(2)).sorted("moved_at", true)
    };
    page("the same, a page from the middle", middle);
    page("list: the newest 50", of(Filter::Any));
    page("list: mine, the newest 50", of(Filter::is("responsible", Op::Eq, Value::Int(7))));
    page("list by title", of(Filter::Any).sorted("title", false));
    page("filter by a number without an index", of(Filter::is("f25", Op::Ge, Value::Int(500_000)).and(Filter::is("f25", Op::Le, Value::Int(500_010)))));
    page("filter by a fragment of a text without an index that nothing has", of(Filter::is("f3", Op::Contains, Value::text("нет такого"))));
    page("search: a rare fragment", of(Filter::Search("777777".into())));
    page("search: a fragment of every title", of(Filter::Search("сделк".into())));
    page("search: two letters", of(Filter::Search("сд".into())));
    timed("headings of the board", || read(&store, |read| read.stage_totals(&system, installed.id)));
    timed("count up to 10 000", || read(&store, |read| read.count(&system, &of(stage(1)), 10_000)));
    timed("timeline", || read(&store, |read| read.timeline(crm::ItemRef::new(KIND, 77), None, 50)));
    let mut wider = 0;
    timed("add a field", || {
        wider += 1;
        let mut shape = shape.clone();
        shape.fields.push(Field::new(&format!("later{wider}"), "Потом", "Later", FieldKind::Text));
        transact(&store, move |tx| tx.install_type(&shape));
    });
}

fn transact<T: Send + 'static>(store: &Arc<dyn Store>, mut work: impl FnMut(&mut dyn crm::Tx) -> crm::Outcome<T> + Send + 'static) -> T {
    *store.transact(Box::new(move |tx| Ok(Box::new(work(tx)?)))).expect("written").downcast().expect("the closure's own type")
}

fn read<T>(store: &Arc<dyn Store>, mut work: impl FnMut(&dyn crm::Read) -> crm::Outcome<T>) -> T {
    let mut found = None;
    store
        .read(&mut |read| {
            found = Some(work(read)?);
            Ok(())
        })
        .expect("read");
    found.expect("the work was run")
}
