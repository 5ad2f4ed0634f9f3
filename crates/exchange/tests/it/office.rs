//! A small firm in memory: Anna the operator, Boris the manager; and hands that carry out commands.

use crm::pack::PackType;
use crm::{
    Action, Actor, Cause, Chance, Clock, Command, Done, EntityTypeId, Execute, Feature, Firm, Grant, House, Item, ItemRef, Label, Lang, Moment, Outcome,
    Pipeline, Query, Refusal, Rights, Role, Scope, Stage, StageId, Tx, User, UserId, Value, Values, code, kind,
};
use exchange::operations::{Pace, Who, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Carries out what an operation asks for.
pub struct Hands;

impl Execute for Hands {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        let made = |item: Item| Done::with(item.at());
        match command {
            Command::Create { kind, values } => crm::item::create(tx, rights, cause, *kind, values).map(made),
            Command::Change { item, values } => crm::item::change(tx, rights, cause, *item, values).map(made),
            Command::Move { item, to } => crm::stage::move_to(tx, rights, cause, *item, *to).map(made),
            Command::Delete { item } => crm::item::delete(tx, rights, cause, *item).map(|()| Done::with(*item)),
            Command::Merge { keep, drop, values } => crm::merge::merge(tx, rights, cause, *keep, drop, values).map(made),
            Command::Unmerge { item } => crm::merge::unmerge(tx, rights, cause, *item).map(made),
            other => Err(Refusal::new("not_here", format!("Здесь этого нет: {other:?}"), "Not in this office").into()),
        }
    }
}

/// A clock that is moved by hand.
pub struct Hour(AtomicI64);

impl Clock for Hour {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

/// A small generator with a seed.
pub struct Dice(pub AtomicI64);

impl Dice {
    pub fn new(seed: i64) -> Dice {
        Dice(AtomicI64::new(seed))
    }

    /// From 0 to `below` - 1.
    pub fn roll(&self, below: usize) -> usize {
        let mut state = u64::try_from(self.0.load(Ordering::SeqCst)).unwrap();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.store(i64::try_from(state >> 1).unwrap(), Ordering::SeqCst);
        usize::try_from(state >> 33).unwrap() % below
    }
}

impl Chance for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.iter_mut().for_each(|byte| *byte = u8::try_from(self.roll(256)).unwrap());
    }
}

pub struct Office {
    pub house: House,
    pub hour: Arc<Hour>,
    pub anna: UserId,
    pub boris: UserId,
    pub folder: tempfile::TempDir,
}

fn read_pack<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(path);
    toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn found(tx: &mut dyn Tx) -> Outcome<(UserId, UserId)> {
    for code in ["contact", "deal", "task", "notification", "operation"] {
        let pack: PackType = read_pack(&format!("base/types/{code}.toml"));
        let mut shape = pack.shape(pack.id.unwrap());
        if code == "deal" || code == "contact" {
            shape.features.insert(Feature::Bin);
        }
        tx.install_type(&shape)?;
    }
    let stage = |code: &str, title: &str| Stage { code: code.into(), title: Label::same(title), ..Stage::default() };
    tx.install_pipeline(&mut Pipeline {
        id: Default::default(),
        kind: kind::DEAL,
        code: "main".into(),
        title: Label::same("Основная"),
        is_default: true,
        stages: vec![stage("NEW", "Новая"), stage("WORK", "В работе"), stage("OFFER", "Предложение"), stage("LOST", "Отказ")],
    })?;
    tx.put_role(&Role { code: "operator".into(), ..Role::default() })?;
    tx.put_role(&Role { code: "manager".into(), admin: true, ..Role::default() })?;
    let mut people = Vec::new();
    for (login, first_name, last_name, role) in [("anna", "Анна", "Смирнова", "operator"), ("boris", "Борис", "Котов", "manager")] {
        let mut user = User {
            login: login.into(),
            first_name: first_name.into(),
            last_name: last_name.into(),
            role: role.into(),
            email: format!("{login}@example.com"),
            active: true,
            ..User::default()
        };
        tx.put_user(&mut user)?;
        people.push(user.id);
    }
    Ok((people[0], people[1]))
}

/// Anna reads everything and changes what she answers for; Boris may do everything.
fn rights(user: &User) -> Rights {
    let admin = user.role == "manager";
    let mut rights = Rights { user: user.id, admin, ..Rights::default() };
    for kind in [kind::CONTACT, kind::DEAL] {
        for (action, scope) in
            [(Action::Read, Scope::All), (Action::Create, Scope::All), (Action::Change, Scope::Own), (Action::Delete, Scope::Own), (Action::Export, Scope::Own)]
        {
            rights.grants.insert((kind, action), Grant::of(scope));
        }
    }
    rights
}

pub fn who() -> Who {
    Arc::new(|read, user, _| Ok(read.user(user)?.filter(|user| user.active).map(|user| rights(&user))))
}

impl Office {
    pub fn open() -> Office {
        Office::with(store::open_in_memory(), tempfile::tempdir().unwrap())
    }

    /// On a file of SQLite that is synced to the disk: for the benchmark, which shares this office.
    #[allow(dead_code, reason = "the tests work in memory")]
    pub fn on_disk() -> Office {
        let folder = tempfile::tempdir().unwrap();
        Office::with(store::open(&format!("sqlite:{}", folder.path().join("vekha.db").display())).unwrap(), folder)
    }

    fn with(store: Arc<dyn crm::Store>, folder: tempfile::TempDir) -> Office {
        let hour = Arc::new(Hour(AtomicI64::new(1_795_600_000_000_000)));
        let firm = Firm {
            public_url: "http://127.0.0.1:1".into(),
            zone: jiff::tz::TimeZone::get("Asia/Almaty").unwrap(),
            lang: Lang::Ru,
            private_calls: false,
            signing_key: b"test".to_vec(),
            files: folder.path().to_owned(),
        };
        let house = House { store, clock: hour.clone(), chance: Arc::new(Dice::new(7)), executor: Arc::new(Hands), firm: Arc::new(firm) };
        let (anna, boris) = house.transact(|tx| found(tx)).unwrap();
        Office { house, hour, anna, boris, folder }
    }

    pub fn later(&self, by: Duration) {
        self.hour.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub fn rights(&self, user: UserId) -> Rights {
        self.house.read(|read| Ok(rights(&read.user(user)?.unwrap()))).unwrap()
    }

    pub fn cause(&self, user: UserId) -> Cause {
        Cause::new(Actor::User { user }, self.house.now())
    }

    pub fn create(&self, kind: EntityTypeId, values: Values) -> ItemRef {
        let cause = self.cause(self.boris);
        self.house.transact(move |tx| crm::item::create(tx, &Rights::system(), &cause, kind, &values)).unwrap().at()
    }

    pub fn change(&self, at: ItemRef, values: Values) {
        self.later(Duration::from_secs(1));
        let cause = self.cause(self.boris);
        self.house.transact(move |tx| crm::item::change(tx, &Rights::system(), &cause, at, &values)).unwrap();
    }

    pub fn item(&self, at: ItemRef) -> Option<Item> {
        self.house.read(|read| read.item(&Rights::system(), at)).unwrap()
    }

    pub fn all(&self, kind: EntityTypeId) -> Vec<Item> {
        self.house
            .read(|read| {
                let mut all: Vec<Item> = Vec::new();
                loop {
                    let mut query = Query::of(kind).sorted(code::ID, false).limit(500);
                    query.page.after = all.last().map(|last| (vec![Value::Int(last.id)], last.id));
                    let next = read.items(&Rights::system(), &query)?;
                    if next.is_empty() {
                        return Ok(std::mem::take(&mut all));
                    }
                    all.extend(next);
                }
            })
            .unwrap()
    }

    /// Does as the worker does until nothing is in the queue.
    pub fn work(&self) {
        loop {
            self.later(Duration::from_secs(1));
            let now = self.house.now();
            let job = self.house.transact(move |tx| tx.claim_jobs(now, now.plus(Duration::from_secs(90)), 1)).unwrap().pop();
            let Some(job) = job else { return };
            let Command::RunOperation { operation } = job.command else { panic!("only operations are queued here: {job:?}") };
            let _: Pace = run(&self.house, &who(), operation, Some(&job)).unwrap();
        }
    }

    pub fn stage(&self, code: &str) -> StageId {
        self.house.read(|read| Ok(read.schema().default_pipeline(kind::DEAL).unwrap().stages.iter().find(|stage| stage.code == code).unwrap().id)).unwrap()
    }

    /// Codes of the stages of a deal.
    pub fn stages(&self) -> Vec<StageId> {
        self.house.read(|read| Ok(read.schema().default_pipeline(kind::DEAL).unwrap().stages.iter().map(|stage| stage.id).collect())).unwrap()
    }
}
