//! A small firm in memory: operators Anna and Vera, manager Boris, a form, WhatsApp, a mail server.

use channels::providers::web_form::{WebForm, render_token};
use channels::{Answer, Provider as _, receive};
use crm::pack::{PackAccounts, PackPipeline, PackStaff, PackType};
use crm::time::{Chance, Clock};
use crm::{
    Account, AccountId, Actor, Cause, Command, Done, EntityType, EntityTypeId, Event, Execute, Fact, Fault, Firm, House, InboundCall, InboundId, Item, ItemRef,
    Job, Lang, Moment, Outcome, Pipeline, Query, Refusal, Rights, Tx, User, Value, Values, code, kind,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

pub const TOKEN: &str = "12345678901234567890123456789012";
pub const SID: &str = "SM0123456789abcdef0123456789abcdef";
pub const PUBLIC: &str = "https://crm.example.com";

/// A clock that a test moves.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

/// Chance with a seed.
struct Seeded(AtomicU64);

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
    fn execute(&self, tx: &mut dyn Tx, _rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        match command {
            Command::Notify { users, about, text, popup } => {
                for user in users {
                    let values =
                        Values::from([(code::TITLE, Value::text(&text.ru)), (code::ABOUT, Value::item(*about)), (code::RESPONSIBLE, Value::user(*user))]);
                    let notice = crm::item::create(tx, &Rights::system(), cause, kind::NOTIFICATION, &values)?;
                    tx.record(&notice, cause, Fact::Notified { notification: notice.at(), user: *user, popup: *popup })?;
                }
                Ok(Done::with(*about))
            }
            other => panic!("these tests do not need {other:?}"),
        }
    }
}

/// A database that is dropped at the end of its test.
pub struct Doomed {
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

/// The firm.
pub struct Office {
    pub house: House,
    pub clock: Arc<TestClock>,
    pub anna: User,
    pub vera: User,
    pub form: Account,
    pub whatsapp: Account,
    pub mail: Account,
}

fn read<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(path);
    toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shape(code: &str) -> EntityType {
    let pack: PackType = read(&format!("base/types/{code}.toml"));
    let mut fields = pack.fields;
    if code == "deal" {
        fields.extend(read::<PackType>("../tests/pack/types/deal.toml").fields);
    }
    EntityType {
        id: pack.id.unwrap(),
        code: pack.code,
        title: pack.title,
        plural: pack.plural,
        staged: pack.staged,
        listed: pack.listed,
        searched: pack.searched,
        icon: pack.icon,
        fields,
        ..EntityType::default()
    }
    .complete()
}

fn account(provider: &str, code: &str, settings: Values, secrets: Values) -> Account {
    Account { id: AccountId(0), provider: provider.into(), code: code.into(), title: provider.into(), settings, secrets, enabled: true }
}

impl Office {
    /// A firm on its first day. Each has a signing key of its own: the limits of forms are kept per firm.
    pub fn open() -> Office {
        Office::on(store::open_in_memory())
    }

    /// The same on PostgreSQL, in a database of its own; it is dropped with what is returned beside.
    pub fn on_postgres() -> (Office, Doomed) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let server = std::env::var("VEKHA_TEST_POSTGRES").unwrap_or_else(|_| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");
            let output = std::process::Command::new(script).arg("url").output().unwrap();
            assert!(output.status.success(), "no PostgreSQL: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        });
        let name = format!("channels_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        (Office::on(store::open(&url).unwrap()), Doomed { server, name })
    }

    fn on(store: Arc<dyn crm::Store>) -> Office {
        static FIRMS: AtomicU64 = AtomicU64::new(1);
        let number = FIRMS.fetch_add(1, Ordering::SeqCst);
        let clock = Arc::new(TestClock(AtomicI64::new(1_795_158_930_000_000)));
        let firm = Firm {
            public_url: PUBLIC.into(),
            zone: jiff::tz::TimeZone::get("Europe/Moscow").unwrap(),
            lang: Lang::Ru,
            private_calls: true,
            signing_key: format!("key {number}").into_bytes(),
            files: std::env::temp_dir(),
        };
        let house =
            House { store, clock: clock.clone(), chance: Arc::new(Seeded(AtomicU64::new(20_261_125))), executor: Arc::new(Hands), firm: Arc::new(firm) };
        let (anna, vera, form, whatsapp, mail) = house.transact(install).unwrap();
        Office { house, clock, anna, vera, form, whatsapp, mail }
    }

    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.0.store(self.now().plus(Duration::from_secs(seconds)).0, Ordering::SeqCst);
    }

    pub fn system(&self) -> Cause {
        Cause::new(Actor::System, self.now())
    }

    /// A call of the outside world, received in one transaction.
    pub fn receive(&self, account: &Account, call: InboundCall) -> Result<Answer, Refusal> {
        let (house, account) = (self.house.clone(), account.clone());
        let now = self.now();
        match self.house.transact(move |tx| receive::receive(tx, &house.firm, house.executor.as_ref(), &account, call.clone(), now)) {
            Ok(answer) => Ok(answer),
            Err(Fault::Refused(refusal)) => Err(*refusal),
            Err(Fault::Failed(failure)) => panic!("{failure:?}"),
        }
    }

    /// The form rendered now and sent ten seconds later.
    pub fn rendered(&self, fields: &[(&str, &str)]) -> InboundCall {
        let mut pairs = render_token(&self.house.firm, &self.form, self.now(), self.house.chance.as_ref()).fields();
        pairs.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.advance(10);
        form_call(&format!("/f/{}", self.form.code), &pairs, &[])
    }

    /// A filled form from an address that nobody else has.
    pub fn apply(&self, fields: &[(&str, &str)]) -> Result<Answer, Refusal> {
        let call = self.rendered(fields);
        self.receive(&self.form, call)
    }

    /// A call signed as Twilio signs it.
    pub fn twilio(&self, query: &str, fields: &[(&str, &str)]) -> InboundCall {
        let url = format!("/hooks/twilio_whatsapp/{}{query}", self.whatsapp.code);
        let pairs: Vec<(String, String)> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        form_call(&url, &pairs, &[("x-twilio-signature", &sign(&format!("{PUBLIC}{url}"), &pairs))])
    }

    pub fn all(&self, of: EntityTypeId) -> Vec<Item> {
        self.house.read(|read| read.items(&Rights::system(), &Query::of(of).sorted(code::ID, false).limit(500))).unwrap()
    }

    pub fn item(&self, at: ItemRef) -> Item {
        self.house.read(|read| read.item(&Rights::system(), at)).unwrap().unwrap()
    }

    pub fn events(&self) -> Vec<Event> {
        self.house.read(|read| read.events_after(crm::Seq(0), 500)).unwrap()
    }

    /// Codes of the facts of an item, in order.
    pub fn facts(&self, at: ItemRef) -> Vec<&'static str> {
        self.events().into_iter().filter(|event| event.item == at).map(|event| event.fact.code()).collect()
    }

    /// A client with a phone and an address, and his deal.
    pub fn ivanov(&self) -> (Item, Item) {
        let (cause, anna) = (self.system(), self.anna.id);
        self.house
            .transact(move |tx| {
                let client = Values::from([
                    ("first_name", Value::text("Иван")),
                    ("last_name", Value::text("Иванов")),
                    ("phone", Value::text("+79990001122")),
                    ("email", Value::text("ivanov@example.com")),
                ]);
                let client = crm::item::create(tx, &Rights::system(), &cause, kind::CONTACT, &client.with("responsible", Value::user(anna)))?;
                let deal = Values::from([("title", Value::text("Долг Иванова")), ("contact", Value::Int(client.id)), ("responsible", Value::user(anna))]);
                let deal = crm::item::create(tx, &Rights::system(), &cause, kind::DEAL, &deal)?;
                Ok((client, deal))
            })
            .unwrap()
    }

    pub fn send(&self, command: Command) -> Result<Item, Refusal> {
        let (firm, cause) = (self.house.firm.clone(), self.system());
        match self.house.transact(move |tx| channels::send::queue(tx, &firm, &Rights::system(), &cause, &command)) {
            Ok(item) => Ok(item),
            Err(Fault::Refused(refusal)) => Err(*refusal),
            Err(Fault::Failed(failure)) => panic!("{failure:?}"),
        }
    }

    /// Takes the next due job, as the worker does.
    pub fn claim(&self) -> Option<Job> {
        let now = self.now();
        self.house.transact(move |tx| tx.claim_jobs(now, now.plus(Duration::from_secs(90)), 1)).unwrap().into_iter().next()
    }

    /// When the next job is due.
    pub fn next_due(&self) -> Option<Moment> {
        self.house.read(|read| read.next_due()).unwrap()
    }

    /// Moves the clock to the next due job and takes it.
    pub fn claim_later(&self) -> Job {
        let due = self.next_due().expect("a job waits");
        if due > self.now() {
            self.clock.0.store(due.0, Ordering::SeqCst);
        }
        self.claim().expect("the job is due")
    }
}

pub fn form_call(url: &str, pairs: &[(String, String)], headers: &[(&str, &str)]) -> InboundCall {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes();
    let mut all = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()), ("cookie".to_owned(), "session=1".to_owned())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    InboundCall {
        id: InboundId(0),
        account: AccountId(0),
        at: Moment(0),
        remote: "203.0.113.7".into(),
        method: "POST".into(),
        url: url.into(),
        headers: all,
        body,
        key: String::new(),
        state: String::new(),
        answer: String::new(),
    }
}

pub fn sign(url: &str, pairs: &[(String, String)]) -> String {
    use base64::Engine as _;
    use hmac::Mac as _;
    let mut sorted = pairs.to_vec();
    sorted.sort();
    let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(format!("{name}{value}").as_bytes());
    }
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

fn install(tx: &mut dyn Tx) -> Outcome<(User, User, Account, Account, Account)> {
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
    for role in &staff.roles {
        tx.put_role(role)?;
    }
    let mut people = Vec::new();
    for (login, first_name, role) in [("boris", "Борис", "manager"), ("anna", "Анна", "operator"), ("vera", "Вера", "operator")] {
        let mut user = User { login: login.into(), first_name: first_name.into(), role: role.into(), active: true, ..User::default() };
        tx.put_user(&mut user)?;
        people.push(user);
    }
    let pack: PackAccounts = read("../tests/pack/accounts.toml");
    let cause = Cause::new(Actor::System, Moment(0));
    for item in pack.items {
        crm::item::create(tx, &Rights::system(), &cause, kind::TEMPLATE, &item.values)?;
    }
    let given = pack.accounts.into_iter().next().unwrap();
    let mut form = account(&given.provider, &given.code, WebForm.about().accept(&given.settings)?, Values::new());
    form.title = given.title;
    let mut whatsapp = account(
        "twilio_whatsapp",
        "main",
        Values::from([("account_sid", Value::text("AC0123456789abcdef0123456789abcdef")), ("from", Value::text("whatsapp:+14155238886"))]),
        Values::from([("auth_token", Value::text(TOKEN))]),
    );
    let mut mail = account(
        "smtp",
        "main",
        Values::from([("host", Value::text("127.0.0.1")), ("from", Value::text("info@example.com")), ("tls", Value::text("none"))]),
        Values::new(),
    );
    for account in [&mut form, &mut whatsapp, &mut mail] {
        tx.put_account(account)?;
    }
    let vera = people.pop().unwrap();
    Ok((people.pop().unwrap(), vera, form, whatsapp, mail))
}
