//! A small firm in memory behind the API: Anna the operator, Boris the manager, Olga the administrator.

#![allow(dead_code, reason = "each test and the example use a part of it")]

use crm::pack::{PackPipeline, PackStaff, PackType};
use crm::time::{Chance, Clock};
use crm::{
    Cause, Command, Done, EntityType, Execute, Field, FieldKind, Firm, House, Label, Lang, Moment, Outcome, Pipeline, Rights, Stage, StageId, Tx, User, kind,
};
use rest::{Api, Call, Node};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that a test moves: 21.09.2026, noon in Moscow.
pub struct TestClock(pub AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

/// Chance with a seed.
pub struct Seeded(pub AtomicU64);

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

/// The commands of the API, carried out as `app` carries them out.
pub struct Hands;

impl Execute for Hands {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        let done = |item: crm::Item| Done::with(item.at());
        match command {
            Command::Create { kind, values } if *kind == kind::TASK => team::tasks::create_from(tx, rights, cause, values).map(done),
            Command::Create { kind, values } => crm::item::create(tx, rights, cause, *kind, values).map(done),
            Command::Change { item, values } if item.kind == kind::TASK => team::tasks::change(tx, rights, cause, *item, values).map(done),
            Command::Change { item, values } => crm::item::change(tx, rights, cause, *item, values).map(done),
            Command::Comment { item, text } => crm::item::comment(tx, rights, cause, *item, text).map(|()| Done::with(*item)),
            Command::Delete { item } => crm::item::delete(tx, rights, cause, *item).map(|()| Done::with(*item)),
            other => panic!("the API does not send {other:?}"),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(path);
    toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shape(code: &str) -> EntityType {
    let pack: PackType = read(&format!("base/types/{code}.toml"));
    let mut fields = pack.fields;
    if code == "deal" {
        let more: PackType = read("../tests/pack/types/deal.toml");
        fields.extend(more.fields);
        let mut margin = Field::new("margin", "Маржа", "Margin", FieldKind::Money);
        margin.group = "money".into();
        fields.push(margin);
        fields.push(Field::new("urgent", "Срочно", "Urgent", FieldKind::Flag));
    }
    let shape = EntityType {
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
    };
    shape.complete()
}

/// The database in memory; one test alone can be given a fresh PostgreSQL database in `VEKHA_TEST_DATABASE`.
fn database() -> Arc<dyn crm::Store> {
    match std::env::var("VEKHA_TEST_DATABASE") {
        Ok(url) => store::open(&url).unwrap(),
        Err(_) => store::open_in_memory(),
    }
}

/// A second way of work.
fn arbitration() -> Pipeline {
    let stage =
        |code: &str, outcome| Stage { id: StageId(0), code: code.into(), title: Label::same(code), color: "#ffffff".into(), outcome, ..Stage::default() };
    Pipeline {
        id: crm::PipelineId(0),
        kind: kind::DEAL,
        code: "court".into(),
        title: Label::new("Суд", "Court"),
        is_default: false,
        stages: vec![stage("NEW", crm::Ending::Open), stage("HEARING", crm::Ending::Open), stage("WON", crm::Ending::Won), stage("LOSE", crm::Ending::Lost)],
    }
}

/// The firm and its API.
pub struct Office {
    /// The house.
    pub house: House,
    /// The API.
    pub api: Api,
    /// The clock, to be moved.
    pub clock: Arc<TestClock>,
    /// `1/secret` of Olga the administrator.
    pub olga: String,
    /// `2/secret` of Boris the manager.
    pub boris: String,
    /// `3/secret` of Anna the operator.
    pub anna: String,
    /// A key of Olga's that has only the scope `user`.
    pub narrow: String,
    /// The dialect's number of the second pipeline.
    pub court: i64,
}

impl Office {
    /// A firm on its first day.
    pub fn open() -> Office {
        let clock = Arc::new(TestClock(AtomicI64::new(1_789_981_200_000_000)));
        Office::with(clock.clone(), clock, Arc::new(Seeded(AtomicU64::new(20_261_125))))
    }

    /// A firm with this time and chance.
    pub fn with(test_clock: Arc<TestClock>, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Office {
        let firm = Firm {
            public_url: "http://localhost".into(),
            zone: jiff::tz::TimeZone::get("Europe/Moscow").unwrap(),
            lang: Lang::Ru,
            private_calls: false,
            signing_key: vec![7; 32],
            files: std::env::temp_dir(),
        };
        let house = House { store: database(), clock, chance, executor: Arc::new(Hands), firm: Arc::new(firm) };
        let (chance, now) = (house.chance.clone(), house.clock.now());
        let (keys, court) = house
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
                let mut court = arbitration();
                tx.install_pipeline(&mut court)?;
                let mut staff: PackStaff = read("../tests/pack/roles.toml");
                for department in &staff.departments {
                    tx.put_department(&mut department.below(0))?;
                }
                if !staff.roles.iter().any(|role| role.code == "admin") {
                    staff.roles.push(crm::Role { code: "admin".into(), title: Label::same("Admin"), admin: true, automation: true, ..crm::Role::default() });
                }
                for role in &mut staff.roles {
                    if role.code == "operator" {
                        role.hidden_groups.insert("money".into());
                    }
                    tx.put_role(role)?;
                }
                let sales = tx.departments()?.into_iter().find(|one| one.code == "sales").unwrap().id;
                let mut keys = Vec::new();
                for (login, first_name, last_name, role) in
                    [("olga", "Ольга", "Белова", "admin"), ("boris", "Борис", "Ким", "manager"), ("anna", "Анна", "Соколова", "operator")]
                {
                    let mut user = User {
                        login: login.into(),
                        first_name: first_name.into(),
                        last_name: last_name.into(),
                        role: role.into(),
                        department: sales,
                        lang: Lang::En,
                        active: true,
                        email: format!("{login}@example.com"),
                        ..User::default()
                    };
                    team::staff::hire(tx, &mut user)?;
                    let scopes = ["crm".to_owned(), "user".to_owned()];
                    let (_, secret) = team::webhooks::create(tx, &*chance, user.id, &scopes, "test", now)?;
                    keys.push(format!("{}/{secret}", user.id));
                    if login == "olga" {
                        let (_, secret) = team::webhooks::create(tx, &*chance, user.id, &scopes[1..], "narrow", now)?;
                        keys.push(format!("{}/{secret}", user.id));
                    }
                }
                Ok((keys, court.id.0))
            })
            .unwrap();
        let [olga, narrow, boris, anna] = <[String; 4]>::try_from(keys).unwrap();
        Office { api: Api::new(house.clone()), house, clock: test_clock, olga, boris, anna, narrow, court }
    }

    /// Later by so many seconds.
    pub fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Calls a method with a JSON body; status and answer.
    pub fn call(&self, key: &str, method: &str, json: &str) -> (u16, Node) {
        self.raw(&format!("/rest/{key}/{method}"), "", "application/json", json.as_bytes())
    }

    /// Calls anything.
    pub fn raw(&self, path: &str, query: &str, content_type: &str, body: &[u8]) -> (u16, Node) {
        let call = Call { method: "POST".into(), path: path.into(), query: query.into(), content_type: content_type.into(), body: body.to_vec() };
        let reply = self.api.answer(&call);
        let text = String::from_utf8(reply.body).unwrap();
        (reply.status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// `result` of a call that has to succeed.
    pub fn ok(&self, key: &str, method: &str, json: &str) -> Node {
        let (status, node) = self.call(key, method, json);
        assert_eq!(status, 200, "{method} {json}: {}", serde_json::to_string(&node).unwrap());
        node.at("result").cloned().unwrap()
    }

    /// Status, code and text of a call that has to fail.
    pub fn wrong(&self, key: &str, method: &str, json: &str) -> (u16, String, String) {
        let (status, node) = self.call(key, method, json);
        assert_ne!(status, 200, "{method} {json} passed: {}", serde_json::to_string(&node).unwrap());
        let part = |name: &str| node.at(name).and_then(Node::scalar).unwrap_or_default();
        (status, part("error"), part("error_description"))
    }
}

/// The node at a path of names and places: `items.0.title`.
pub fn at<'n>(node: &'n Node, path: &str) -> &'n Node {
    path.split('.').fold(node, |node, name| node.at(name).unwrap_or_else(|| panic!("no {name} of {path} in {}", json(node))))
}

/// As JSON.
pub fn json(node: &Node) -> String {
    serde_json::to_string(node).unwrap()
}
