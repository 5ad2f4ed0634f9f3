//! A small firm in memory: Anna the operator, Boris the manager, Olga the administrator, client Ivanov.

use crm::pack::{PackPipeline, PackStaff, PackType};
use crm::time::{Chance, Clock};
use crm::{Cause, Command, Done, EntityType, Execute, Firm, House, ItemRef, Lang, Moment, Outcome, Pipeline, Rights, Tx, User, UserId, Value, Values, kind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that a test moves.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    /// Later by so many minutes.
    pub fn advance(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }
}

/// Chance with a seed.
pub struct Seeded(AtomicU64);

impl Chance for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let mut state = self.0.load(Ordering::SeqCst);
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            self.0.store(state, Ordering::SeqCst);
            *byte = state.to_le_bytes()[3];
        }
    }
}

/// The commands that these tests need.
struct Hands;

impl Execute for Hands {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        match command {
            Command::Create { kind, values } if *kind == kind::TASK => team::tasks::create_from(tx, rights, cause, values).map(|item| Done::with(item.at())),
            Command::Create { kind, values } => crm::item::create(tx, rights, cause, *kind, values).map(|item| Done::with(item.at())),
            Command::Change { item, values } if item.kind == kind::TASK => {
                team::tasks::change(tx, rights, cause, *item, values).map(|item| Done::with(item.at()))
            }
            Command::Change { item, values } => crm::item::change(tx, rights, cause, *item, values).map(|item| Done::with(item.at())),
            Command::CheckDeadline { task } => team::tasks::check_deadline(tx, cause, *task).map(|()| Done::with(*task)),
            other => panic!("these tests do not need {other:?}"),
        }
    }
}

/// The firm.
pub struct Office {
    /// Store, clock, chance, executor.
    pub house: House,
    /// The clock, to be moved.
    pub clock: Arc<TestClock>,
    /// The operator.
    pub anna: User,
    /// The manager.
    pub boris: User,
    /// Client Ivanov.
    pub ivanov: ItemRef,
    /// Ivanov's deal; Anna answers for it.
    pub deal: ItemRef,
}

fn packs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

fn read<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let path = packs().join(path);
    toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shape(code: &str) -> EntityType {
    let pack: PackType = read(&format!("base/types/{code}.toml"));
    EntityType {
        id: pack.id.unwrap(),
        code: pack.code,
        title: pack.title,
        plural: pack.plural,
        staged: pack.staged,
        listed: pack.listed,
        searched: pack.searched,
        icon: pack.icon,
        fields: pack.fields,
        ..EntityType::default()
    }
    .complete()
}

impl Office {
    /// A firm on its first day.
    pub fn open() -> Office {
        let store = store::open_in_memory();
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000_000)));
        let firm = Firm {
            public_url: "http://localhost".into(),
            zone: jiff::tz::TimeZone::get("Europe/Moscow").unwrap(),
            lang: Lang::Ru,
            private_calls: false,
            signing_key: vec![7; 32],
            files: std::env::temp_dir(),
        };
        let house =
            House { store, clock: clock.clone(), chance: Arc::new(Seeded(AtomicU64::new(20_261_125))), executor: Arc::new(Hands), firm: Arc::new(firm) };
        let chance = house.chance.clone();
        let (anna, boris, ivanov, deal) = house
            .transact(move |tx| {
                for code in ["contact", "deal", "task", "notification", "message", "template"] {
                    tx.install_type(&shape(code))?;
                }
                let pack: PackPipeline = read("../tests/pack/pipelines/deal.toml");
                tx.install_pipeline(&mut Pipeline {
                    id: Default::default(),
                    kind: kind::DEAL,
                    code: pack.code,
                    title: pack.title,
                    is_default: pack.is_default,
                    stages: pack.stages,
                })?;
                let staff: PackStaff = read("../tests/pack/roles.toml");
                for department in &staff.departments {
                    tx.put_department(&mut department.below(0))?;
                }
                for role in &staff.roles {
                    tx.put_role(role)?;
                }
                let sales = tx.departments()?.into_iter().find(|one| one.code == "sales").unwrap().id;
                let mut people = Vec::new();
                for (login, first_name, role) in [("anna", "Анна", "operator"), ("boris", "Борис", "manager")] {
                    let password_hash = if login == "anna" { team::door::hash_password(&*chance, "Верный-пароль-1")? } else { String::new() };
                    let mut user = User {
                        login: login.into(),
                        first_name: first_name.into(),
                        role: role.into(),
                        department: sales,
                        active: true,
                        password_hash,
                        ..User::default()
                    };
                    team::staff::hire(tx, &mut user)?;
                    people.push(user);
                }
                let cause = Cause::new(crm::Actor::System, Moment(1_790_000_000_000_000));
                let rights = Rights::system();
                let client = Values::from([("first_name", Value::text("Иван")), ("last_name", Value::text("Иванов")), ("phone", Value::text("+79990001122"))]);
                let ivanov = crm::item::create(tx, &rights, &cause, kind::CONTACT, &client.with("responsible", Value::user(people[0].id)))?.at();
                let values =
                    Values::from([("title", Value::text("Долг Иванова")), ("contact", Value::Int(ivanov.id)), ("responsible", Value::user(people[0].id))]);
                let deal = crm::item::create(tx, &rights, &cause, kind::DEAL, &values)?.at();
                let boris = people.pop().unwrap();
                Ok((people.pop().unwrap(), boris, ivanov, deal))
            })
            .unwrap();
        Office { house, clock, anna, boris, ivanov, deal }
    }

    /// What somebody may do.
    pub fn rights(&self, user: &User) -> Rights {
        let now = self.house.clock.now();
        self.house.read(|read| team::staff::rights_of(read, user, now)).unwrap()
    }

    /// Somebody does something now.
    pub fn cause(&self, user: &User) -> Cause {
        Cause::new(crm::Actor::User { user: user.id }, self.house.clock.now())
    }

    /// The program does something now.
    pub fn system(&self) -> Cause {
        Cause::new(crm::Actor::System, self.house.clock.now())
    }

    /// Codes of the facts of an item, in order.
    pub fn facts(&self, at: ItemRef) -> Vec<&'static str> {
        let events = self.house.read(|read| read.events_after(crm::Seq(0), 500)).unwrap();
        events.into_iter().filter(|event| event.item == at).map(|event| event.fact.code()).collect()
    }

    /// An item as it stands.
    pub fn item(&self, at: ItemRef) -> crm::Item {
        self.house.read(|read| read.item(&Rights::system(), at)).unwrap().unwrap()
    }

    /// Carries out what is due, as the worker does; how many jobs that were.
    pub fn work(&self) -> usize {
        let now = self.house.clock.now();
        let executor = self.house.executor.clone();
        let jobs = self.house.transact(move |tx| tx.claim_jobs(now, now.plus(std::time::Duration::from_secs(60)), 100)).unwrap();
        let count = jobs.len();
        for job in jobs {
            let executor = executor.clone();
            self.house
                .transact(move |tx| {
                    executor.execute(tx, &Rights::system(), &Cause::new(crm::Actor::System, now), &job.command)?;
                    tx.finish_job(&job)
                })
                .unwrap();
        }
        count
    }
}

/// A user's number that nobody has.
pub const NOBODY: UserId = UserId(999);
