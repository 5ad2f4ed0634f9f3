//! A small firm on a real database, and the words in which the tests speak to it.

use crm::{
    Actor, Cause, Choice, Ending, EntityType, EntityTypeId, Fact, Field, FieldKind, Item, ItemRef, Label, Moment, Outcome, Pipeline, PipelineId, Read, Rights,
    Stage, StageId, Store, Tx, UserId, Value, Values, kind,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A type with a field of every kind that an item can have.
pub const THING: EntityTypeId = EntityTypeId(700);
pub const ANNA: UserId = UserId(1);
pub const BORIS: UserId = UserId(2);
pub const NOW: Moment = Moment(1_795_600_000_000_000);

/// A database that is thrown away at the end.
pub struct Db {
    pub store: Arc<dyn Store>,
    /// Its address.
    pub url: String,
    /// Opens the same database once more, as another process would.
    pub again: Box<dyn Fn() -> Arc<dyn Store> + Send + Sync>,
    _keep: Option<Box<dyn std::any::Any + Send + Sync>>,
}

impl Db {
    pub fn new(store: Arc<dyn Store>, again: Box<dyn Fn() -> Arc<dyn Store> + Send + Sync>, keep: Option<Box<dyn std::any::Any + Send + Sync>>) -> Db {
        Db { store, url: String::new(), again, _keep: keep }
    }

    /// SQLite in a file of its own.
    pub fn sqlite() -> Db {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("vekha.db").display());
        let store = store::open(&url).unwrap();
        Db { url: url.clone(), ..Db::new(store, Box::new(move || store::open_beside(&url).unwrap()), Some(Box::new(folder))) }
    }

    /// SQLite opened beside, so that another process may serve it.
    #[cfg(feature = "crash")]
    pub fn sqlite_unguarded() -> Db {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("vekha.db").display());
        let store = store::open_beside(&url).unwrap();
        Db { url, ..Db::new(store, Box::new(|| unreachable!()), Some(Box::new(folder))) }
    }

    /// PostgreSQL in a database of its own, on the server that `scripts/postgres.sh` starts.
    pub fn postgres() -> Db {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let server = server();
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').expect("an address ends with its database").0);
        let store = store::open(&url).unwrap();
        let keep = Doomed { server, name };
        Db { url: url.clone(), ..Db::new(store, Box::new(move || store::open(&url).unwrap()), Some(Box::new(keep))) }
    }

    /// The same with the firm's types and pipeline installed.
    pub fn furnished(self) -> Db {
        self.tx(|tx| {
            for shape in [contact(), deal(), task(), message(), thing()] {
                tx.install_type(&shape)?;
            }
            tx.install_pipeline(&mut pipeline(kind::DEAL))?;
            tx.install_pipeline(&mut pipeline(THING))
        });
        self
    }

    pub fn read<T>(&self, work: impl FnMut(&dyn Read) -> Outcome<T>) -> T {
        read(self.store.as_ref(), work)
    }

    pub fn tx<T: Send + 'static>(&self, work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> T {
        self.try_tx(work).unwrap_or_else(|fault| panic!("{}", fault.describe()))
    }

    pub fn try_tx<T: Send + 'static>(&self, work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        transact(self.store.as_ref(), work)
    }

    /// Saves a new item of these answers.
    pub fn make(&self, kind: EntityTypeId, values: Values) -> Item {
        self.tx(move |tx| make(tx, kind, &values))
    }

    pub fn item(&self, at: ItemRef) -> Option<Item> {
        self.read(|read| read.item(&Rights::system(), at))
    }

    /// Stages of the pipeline of a type, in order.
    pub fn stages(&self, kind: EntityTypeId) -> (PipelineId, Vec<StageId>) {
        let schema = self.read(|read| Ok(read.schema()));
        let pipeline = schema.default_pipeline(kind).unwrap();
        (pipeline.id, pipeline.stages.iter().map(|stage| stage.id).collect())
    }
}

/// A database that is dropped at the end of its test.
struct Doomed {
    server: String,
    name: String,
}

impl Drop for Doomed {
    fn drop(&mut self) {
        if let Ok(mut client) = postgres::Client::connect(&self.server, postgres::NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Address of the test server's own database.
fn server() -> String {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS
        .get_or_init(|| {
            if let Ok(given) = std::env::var("VEKHA_TEST_POSTGRES") {
                return given;
            }
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");
            let output = std::process::Command::new(script).arg("url").output().unwrap();
            assert!(output.status.success(), "no PostgreSQL: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        })
        .clone()
}

pub fn read<T>(store: &dyn Store, mut work: impl FnMut(&dyn Read) -> Outcome<T>) -> T {
    let mut found = None;
    store
        .read(&mut |read| {
            found = Some(work(read)?);
            Ok(())
        })
        .unwrap_or_else(|fault| panic!("{}", fault.describe()));
    found.unwrap()
}

pub fn transact<T: Send + 'static>(store: &dyn Store, mut work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> Outcome<T> {
    let boxed = store.transact(Box::new(move |tx| Ok(Box::new(work(tx)?))))?;
    Ok(*boxed.downcast().unwrap())
}

pub fn cause() -> Cause {
    Cause::new(Actor::System, NOW)
}

pub fn make(tx: &mut dyn Tx, kind: EntityTypeId, values: &Values) -> Outcome<Item> {
    let mut item = Item { kind, id: 0, version: 0, values: values.clone() };
    tx.save(&mut item, &cause(), vec![Fact::Created])?;
    Ok(item)
}

fn shape(id: EntityTypeId, code: &str, staged: bool, fields: Vec<Field>) -> EntityType {
    let label = Label::same(code);
    EntityType {
        id,
        code: code.to_owned(),
        title: label.clone(),
        plural: label,
        staged,
        listed: true,
        searched: id != kind::MESSAGE,
        icon: String::new(),
        fields,
        ..EntityType::default()
    }
    .complete()
}

fn field(code: &str, kind: FieldKind) -> Field {
    Field::new(code, code, code, kind)
}

pub fn contact() -> EntityType {
    shape(
        kind::CONTACT,
        "contact",
        false,
        vec![
            field("phone", FieldKind::Phone).searchable().indexed(),
            field("email", FieldKind::Email).searchable().indexed(),
            field("passport", FieldKind::Text).searchable(),
        ],
    )
}

pub fn deal() -> EntityType {
    let currencies = vec![Choice::new("RUB", "₽", "RUB"), Choice::new("KZT", "₸", "KZT")];
    shape(
        kind::DEAL,
        "deal",
        true,
        vec![
            field("contact", FieldKind::Link { to: kind::CONTACT }).indexed(),
            field("amount", FieldKind::Money),
            field("currency", FieldKind::Choice { options: currencies }),
            // A word of SQL, as a user may well call a field.
            field("order", FieldKind::Text),
            field("comment", FieldKind::LongText),
        ],
    )
}

pub fn task() -> EntityType {
    shape(
        kind::TASK,
        "task",
        false,
        vec![field("about", FieldKind::AnyItem).indexed(), field("contact", FieldKind::Link { to: kind::CONTACT }), field("status", FieldKind::Text)],
    )
}

pub fn message() -> EntityType {
    shape(
        kind::MESSAGE,
        "message",
        false,
        vec![
            field("about", FieldKind::AnyItem).indexed(),
            field("contact", FieldKind::Link { to: kind::CONTACT }),
            field("provider_ref", FieldKind::Text).indexed(),
        ],
    )
}

pub fn thing() -> EntityType {
    let options = || vec![Choice::new("red", "красный", "red"), Choice::new("green", "зелёный", "green"), Choice::new("blue", "синий", "blue")];
    shape(
        THING,
        "thing",
        true,
        vec![
            field("words", FieldKind::Text).indexed(),
            field("story", FieldKind::LongText),
            field("count", FieldKind::Integer).indexed(),
            field("share", FieldKind::Decimal),
            field("amount", FieldKind::Money),
            field("currency", FieldKind::Text),
            field("day", FieldKind::Date),
            field("moment", FieldKind::Moment).indexed(),
            field("flag", FieldKind::Flag),
            field("color", FieldKind::Choice { options: options() }),
            field("colors", FieldKind::Choice { options: options() }).multiple(),
            field("people", FieldKind::User).multiple(),
            field("contact", FieldKind::Link { to: kind::CONTACT }),
            field("about", FieldKind::AnyItem),
            field("file", FieldKind::File),
            field("phone", FieldKind::Phone),
            field("email", FieldKind::Email),
            field("messenger", FieldKind::Messenger),
            field("web", FieldKind::Web),
            field("record", FieldKind::Record { fields: vec![field("inner", FieldKind::Text)] }),
            field("account", FieldKind::Account { provider: String::new() }),
            field("span", FieldKind::Span),
        ],
    )
}

pub fn pipeline(kind: EntityTypeId) -> Pipeline {
    let stage =
        |code: &str, outcome| Stage { id: StageId(0), code: code.to_owned(), title: Label::same(code), color: String::new(), outcome, ..Stage::default() };
    Pipeline {
        id: PipelineId(0),
        kind,
        code: "main".to_owned(),
        title: Label::same("main"),
        is_default: true,
        stages: vec![stage("NEW", Ending::Open), stage("WORK", Ending::Open), stage("WON", Ending::Won), stage("LOST", Ending::Lost)],
    }
}

/// Points of a field as it would accept them.
pub fn points(kind: FieldKind, spellings: &[&str]) -> Value {
    let list = spellings.iter().map(|one| Value::text(*one)).collect();
    field("points", kind).accept(&Value::Many(list)).unwrap()
}

pub fn phones(spellings: &[&str]) -> Value {
    points(FieldKind::Phone, spellings)
}
