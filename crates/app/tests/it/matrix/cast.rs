//! A small but real firm: a head office, a region with two franchise offices, heads, an observer, a substitute, somebody who
//! left. Its people come in through the same doors as real ones: a cookie, and a webhook.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use crm::{
    Action, Cause, Department, Ending, EntityType, EntityTypeId, Feature, Field, FieldKind, Filter, House, Item, ItemRef, Label, Moment, Op, Pipeline, Query,
    Rights, Role, Scope, Session, Stage, StageId, Tx, User, Value, Values, code,
};
use http_body_util::BodyExt as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

/// The type whose records everybody fights for.
pub const CASE: EntityTypeId = EntityTypeId(1040);
/// What stands in the hidden field of every record.
pub const SECRET: &str = "4510998877";

/// The firm with its doors open.
pub struct Cast {
    pub house: House,
    pub router: Router,
    pub people: Vec<Person>,
    pub cases: Vec<ItemRef>,
    pub new: StageId,
    pub filed: StageId,
}

/// Somebody with his keys.
pub struct Person {
    pub name: &'static str,
    pub user: User,
    pub cookie: String,
    pub webhook: String,
}

/// Titles of the records, in the order of the table of expectation.
pub const TITLES: [&str; 8] = ["альфа", "браво", "гамма", "дельта", "ничья", "общая", "гостевая", "поданная"];

fn scopes(read: Scope, create: Scope, change: Scope, delete: Scope, export: Scope) -> BTreeMap<Action, Scope> {
    [(Action::Read, read), (Action::Create, create), (Action::Change, change), (Action::Delete, delete), (Action::Export, export)].into()
}

fn roles() -> Vec<Role> {
    use Scope::{All, Departments, None, Office, Offices, Own};
    let role = |code: &str, may| Role { code: code.into(), title: Label::new(code, code), may: [("case".to_owned(), may)].into(), ..Role::default() };
    let operator = Role { pool: ["case".to_owned()].into(), locked_groups: ["money".to_owned()].into(), ..role("clerk", scopes(Own, Own, Own, None, None)) };
    let mut lawyer = role("lawyer", scopes(All, None, All, Own, None));
    lawyer.may.insert("case/main/FILED".to_owned(), [(Action::Change, None)].into());
    vec![
        role("director", scopes(All, All, All, All, All)),
        Role { hidden_groups: ["passport".to_owned()].into(), ..role("curator", scopes(Offices, None, None, None, Offices)) },
        role("boss", scopes(Office, Office, Office, Office, Office)),
        role("head", scopes(Departments, Departments, Departments, None, Departments)),
        operator,
        role("watcher", scopes(Own, None, None, None, None)),
        lawyer,
    ]
}

/// Name, role, department.
const PEOPLE: [(&str, &str, &str); 12] = [
    ("director", "director", "ho"),
    ("curator", "curator", "north"),
    ("boss-a", "boss", "office_a"),
    ("boss-b", "boss", "office_b"),
    ("head-a", "head", "sales_a"),
    ("anna-a", "clerk", "sales_a"),
    ("anna-b", "clerk", "sales_b"),
    ("watcher", "watcher", "ho"),
    ("stand-in", "clerk", "sales_b"),
    ("lawyer", "lawyer", "ho"),
    ("gone", "director", "ho"),
    ("admin", "admin", "ho"),
];

fn shape() -> EntityType {
    let mut secret = Field::new("secret", "Паспорт", "Passport", FieldKind::Text).searchable();
    secret.group = "passport".into();
    let mut fee = Field::new("fee", "Вознаграждение", "Fee", FieldKind::Integer);
    fee.group = "money".into();
    EntityType {
        id: CASE,
        code: "case".into(),
        title: Label::new("Дело", "Case"),
        plural: Label::new("Дела", "Cases"),
        staged: true,
        listed: true,
        searched: true,
        icon: "briefcase".into(),
        features: [Feature::Bin].into(),
        fields: vec![
            secret,
            fee,
            Field::new("note", "Заметка", "Note", FieldKind::Text),
            Field::new("parent", "Основное дело", "Main case", FieldKind::Link { to: CASE }),
        ],
        ..EntityType::default()
    }
    .complete()
}

fn build(tx: &mut dyn Tx, now: Moment) -> crm::Outcome<(Vec<User>, Vec<ItemRef>, StageId, StageId)> {
    tx.install_type(&shape())?;
    let stage = |code: &str, outcome| Stage { code: code.into(), title: Label::new(code, code), outcome, color: "#2fc6f6".into(), ..Stage::default() };
    let mut pipeline = Pipeline {
        id: Default::default(),
        kind: CASE,
        code: "main".into(),
        title: Label::new("Суд", "Court"),
        is_default: true,
        stages: vec![stage("NEW", Ending::Open), stage("FILED", Ending::Open), stage("WON", Ending::Won)],
    };
    tx.install_pipeline(&mut pipeline)?;
    let (new, filed) = (pipeline.stages[0].id, pipeline.stages[1].id);
    for role in roles() {
        tx.put_role(&role)?;
    }
    let mut places = BTreeMap::from([(String::new(), 0)]);
    for (code, parent, office) in [
        ("ho", "", false),
        ("north", "", false),
        ("office_a", "north", true),
        ("office_b", "north", true),
        ("sales_a", "office_a", false),
        ("sales_b", "office_b", false),
    ] {
        let mut one = Department { code: code.into(), title: Label::new(code, code), parent: places[parent], office, ..Department::default() };
        tx.put_department(&mut one)?;
        places.insert(code.to_owned(), one.id);
    }
    let mut people: Vec<User> = Vec::new();
    for (name, role, place) in PEOPLE {
        let mut user = User { login: name.into(), first_name: name.into(), role: role.into(), department: places[place], active: true, ..User::default() };
        team::staff::hire(tx, &mut user)?;
        people.push(user);
    }
    let id = |name: &str| people.iter().find(|user| user.login == name).unwrap().id;
    let mut anna = people[5].clone();
    (anna.substitute, anna.away_from) = (id("stand-in"), Some(now.minus(Duration::from_secs(3_600))));
    tx.put_user(&mut anna)?;
    let cause = Cause::new(crm::Actor::System, now);
    let mut cases = Vec::new();
    for (title, who, more) in [
        ("альфа", "anna-a", vec![]),
        ("браво", "anna-b", vec![]),
        ("гамма", "head-a", vec![]),
        ("дельта", "boss-b", vec![]),
        ("ничья", "", vec![(code::OFFICE, Value::Int(places["office_a"]))]),
        ("общая", "anna-b", vec![(code::SHARED_WITH, Value::Many(vec![Value::Int(places["office_a"])]))]),
        ("гостевая", "anna-b", vec![(code::OBSERVERS, Value::Many(vec![Value::user(id("watcher"))]))]),
        ("поданная", "anna-a", vec![(code::STAGE, Value::Int(filed.0))]),
    ] {
        let mut values = Values::from([(code::TITLE, Value::text(title)), ("secret", Value::text(SECRET)), ("fee", Value::Int(7))]);
        if !who.is_empty() {
            values.set(code::RESPONSIBLE, Value::user(id(who)));
        }
        for (field, value) in more {
            values.set(field, value);
        }
        cases.push(crm::item::create(tx, &Rights::system(), &cause, CASE, &values)?.at());
    }
    // «браво», Anna's of office B, belongs to «дельта» of her boss, which she does not see.
    crm::item::change(tx, &Rights::system(), &cause, cases[1], &Values::from([("parent", Value::Int(cases[3].id))]))?;
    Ok((people, cases, new, filed))
}

impl Cast {
    /// The firm on an ordinary day: Anna of office A is ill, somebody was dismissed this morning.
    pub fn open() -> Cast {
        let firm = crm::Firm {
            public_url: "http://127.0.0.1:1".to_owned(),
            zone: jiff::tz::TimeZone::UTC,
            lang: crm::Lang::Ru,
            private_calls: false,
            signing_key: b"test".to_vec(),
            files: std::env::temp_dir(),
        };
        let (clock, chance) = (Arc::new(app::machine::VirtualClock::default()), Arc::new(app::machine::SystemChance));
        let house = app::wiring::house(store::open_in_memory(), clock, chance, firm);
        app::firm::install(&house, &["base".to_owned()]).unwrap();
        let now = house.now();
        let (users, cases, new, filed) = house.transact(move |tx| build(tx, now)).unwrap();
        let mut people = Vec::new();
        for (at, user) in users.into_iter().enumerate() {
            let token = format!("{at:0>43}");
            let session = Session {
                token_hash: team::door::word_hash(&token),
                user: user.id,
                created: now,
                expires: now.plus(Duration::from_secs(9_999)),
                remote: String::new(),
                agent: String::new(),
            };
            let (id, chance) = (user.id, house.chance.clone());
            let secret = house
                .transact(move |tx| {
                    tx.put_session(&session)?;
                    Ok(team::webhooks::create(tx, chance.as_ref(), id, &["crm".to_owned()], "test", now)?.1)
                })
                .unwrap();
            people.push(Person { name: PEOPLE[at].0, cookie: format!("vekha_session={token}"), webhook: format!("/rest/{id}/{secret}/"), user });
        }
        let mut gone = people.iter().find(|person| person.name == "gone").unwrap().user.clone();
        gone.active = false;
        house.transact(move |tx| tx.put_user(&mut gone)).unwrap();
        Cast { router: web::router(house.clone()), house, people, cases, new, filed }
    }

    pub fn person(&self, name: &str) -> &Person {
        self.people.iter().find(|person| person.name == name).unwrap()
    }

    /// What somebody may do by the tables of the firm.
    pub fn rights(&self, person: &Person) -> Rights {
        let now = self.house.now();
        self.house.read(|read| team::staff::rights_of(read, &read.user(person.user.id)?.unwrap(), now)).unwrap()
    }

    /// A page as this person sees it.
    pub async fn get(&self, person: &Person, path: &str) -> (StatusCode, String) {
        self.send(Request::get(path).header("cookie", &person.cookie), String::new()).await
    }

    /// A form that this person sends.
    pub async fn post(&self, person: &Person, path: &str, form: &str) -> (StatusCode, String) {
        let request = Request::post(path).header("cookie", &person.cookie).header("sec-fetch-site", "same-origin");
        self.send(request.header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded"), form.to_owned()).await
    }

    async fn send(&self, request: axum::http::request::Builder, body: String) -> (StatusCode, String) {
        let answer = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A method of REST as this person's script calls it.
    pub fn rest(&self, person: &Person, method: &str, params: serde_json::Value) -> serde_json::Value {
        let call = rest::Call {
            method: "POST".into(),
            path: format!("{}{method}", person.webhook),
            query: String::new(),
            content_type: "application/json".into(),
            body: params.to_string().into_bytes(),
        };
        serde_json::from_slice(&rest::answer(&self.house, &call).body).unwrap()
    }

    /// Puts a record back as it was, whoever changed it.
    pub fn put_back(&self, at: ItemRef, stage: StageId) {
        let cause = Cause::new(crm::Actor::System, self.house.now());
        let values = Values::from([("note", Value::Null), (code::STAGE, Value::Int(stage.0)), ("fee", Value::Int(7))]);
        self.house.command(&Rights::system(), &cause, crm::Command::Change { item: at, values }).unwrap();
    }

    /// The record as the program sees it.
    pub fn item(&self, at: ItemRef) -> Option<Item> {
        self.house.read(|read| read.item(&Rights::system(), at)).unwrap()
    }

    /// Records with this title.
    pub fn count(&self, title: &str) -> usize {
        let query = Query::of(CASE).filter(Filter::is(code::TITLE, Op::Eq, Value::text(title)));
        self.house.read(|read| read.items(&Rights::system(), &query)).unwrap().len()
    }
}
