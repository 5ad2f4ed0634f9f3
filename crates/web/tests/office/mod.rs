//! A small firm in memory behind the pages: Olga the administrator, Boris the manager, Anna the operator.

#![allow(dead_code, reason = "each test uses a part of it")]

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use crm::pack::{PackAccounts, PackPipeline, PackRules, PackStaff, PackType};
use crm::{
    Cause, Chance, Clock, Command, Done, EntityType, Execute, Firm, House, Lang, Moment, Outcome, Pipeline, PipelineId, Rights, StageId, Tx, User, Value,
    Values, kind,
};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tower::ServiceExt as _;

/// 25.11.2026, noon in Moscow.
pub const NOON: Moment = Moment(1_795_597_200_000_000);

/// A clock that a test moves.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

struct Counting(AtomicU64);

impl Chance for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = u8::try_from(self.0.fetch_add(97, Ordering::SeqCst) % 251).unwrap_or_default();
        }
    }
}

/// The commands that the pages of these tests send.
struct Hands;

impl Execute for Hands {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        match command {
            Command::Create { kind, values } => crm::item::create(tx, rights, cause, *kind, values).map(|item| Done::with(item.at())),
            Command::Move { item, to } => crm::stage::move_to(tx, rights, cause, *item, *to).map(|item| Done::with(item.at())),
            other => panic!("these pages do not send {other:?}"),
        }
    }
}

/// A file of the packs.
pub fn pack<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(path);
    toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shape(code: &str) -> EntityType {
    let base: PackType = pack(&format!("base/types/{code}.toml"));
    let mut fields = base.fields;
    if code == "deal" {
        let more: PackType = pack("../tests/pack/types/deal.toml");
        fields.extend(more.fields);
    }
    EntityType {
        id: base.id.unwrap(),
        code: base.code,
        title: base.title,
        plural: base.plural,
        staged: base.staged,
        listed: base.listed,
        searched: base.searched,
        icon: base.icon,
        fields,
        ..EntityType::default()
    }
    .complete()
}

/// The firm and its pages.
pub struct Office {
    /// The house.
    pub house: House,
    clock: Arc<Moved>,
    router: axum::Router,
}

impl Office {
    /// A firm on its first day, with the rules of the pack in force. Everybody's password is `Longer-than-12`.
    pub async fn open() -> Office {
        let firm = Firm {
            public_url: "http://localhost".into(),
            zone: jiff::tz::TimeZone::get("Europe/Moscow").unwrap(),
            lang: Lang::Ru,
            private_calls: false,
            signing_key: vec![7; 32],
            files: std::env::temp_dir(),
        };
        let clock = Arc::new(Moved(AtomicI64::new(NOON.0)));
        let house = House {
            store: store::open_in_memory(),
            clock: clock.clone(),
            chance: Arc::new(Counting(AtomicU64::new(1))),
            executor: Arc::new(Hands),
            firm: Arc::new(firm),
        };
        let chance = house.chance.clone();
        house.transact(move |tx| install(tx, chance.as_ref())).unwrap();
        Office { router: web::router(house.clone()), clock, house }
    }

    /// Later by so many seconds.
    pub fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Signs somebody in; the cookie.
    pub async fn enter(&self, login: &str) -> String {
        let request = Request::post("/login")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("login={login}&password={PASSWORD}")))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{login} may enter");
        answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// Opens a page.
    pub async fn get(&self, cookie: &str, path: &str) -> (StatusCode, String) {
        self.ask(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    /// Asks for JSON.
    pub async fn json(&self, cookie: &str, path: &str) -> (StatusCode, Json) {
        let request = Request::get(path).header(header::COOKIE, cookie).header(header::ACCEPT, "application/json").body(Body::empty()).unwrap();
        let (status, text) = self.ask(request).await;
        (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// Sends JSON.
    pub async fn post_json(&self, cookie: &str, path: &str, body: &Json) -> (StatusCode, Json) {
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::COOKIE, cookie)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, text) = self.ask(request).await;
        (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// Sends a form; status, where it leads, page.
    pub async fn post_form(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        self.post_as(cookie, path, "text/html,*/*", fields).await
    }

    /// Sends a form and wishes for this kind of answer.
    pub async fn post_as(&self, cookie: &str, path: &str, accept: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let body = fields.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect::<Vec<_>>().join("&");
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::COOKIE, cookie)
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let location = answer.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, location, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, String) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The stage with this code.
    pub fn stage(&self, code: &str) -> StageId {
        self.house.read(|read| Ok(read.schema().pipelines.values().flat_map(|one| one.stages.clone()).find(|stage| stage.code == code).unwrap().id)).unwrap()
    }
}

const PASSWORD: &str = "Longer-than-12";

fn install(tx: &mut dyn Tx, chance: &dyn Chance) -> Outcome<()> {
    for code in ["contact", "deal", "task", "notification", "message", "template"] {
        tx.install_type(&shape(code))?;
    }
    let given: PackPipeline = pack("../tests/pack/pipelines/deal.toml");
    tx.install_pipeline(&mut Pipeline {
        id: PipelineId(0),
        kind: kind::DEAL,
        code: given.code,
        title: given.title,
        is_default: given.is_default,
        stages: given.stages,
    })?;
    let mut staff: PackStaff = pack("../tests/pack/roles.toml");
    for department in &staff.departments {
        tx.put_department(&mut department.below(0))?;
    }
    // The administrator's role comes with the base.
    staff.roles.push(crm::Role {
        code: "admin".into(),
        title: crm::Label::new("Администратор", "Administrator"),
        admin: true,
        automation: true,
        ..crm::Role::default()
    });
    for role in &staff.roles {
        tx.put_role(role)?;
    }
    for (login, first_name, role) in [("olga", "Ольга", "admin"), ("boris", "Борис", "manager"), ("anna", "Анна", "operator")] {
        let mut user = User {
            login: login.into(),
            first_name: first_name.into(),
            role: role.into(),
            password_hash: team::door::hash_password(chance, PASSWORD)?,
            active: true,
            ..User::default()
        };
        tx.put_user(&mut user)?;
    }
    let cause = Cause::new(crm::Actor::System, NOON);
    for (code, channel) in [("application_received", "twilio_whatsapp"), ("consultation_summary", "smtp")] {
        let values = Values::from([
            ("title", Value::text(code)),
            ("code", Value::text(code)),
            ("channel", Value::text(channel)),
            ("body", Value::text("Здравствуйте, {{Имя клиента}}")),
        ]);
        crm::item::create(tx, &Rights::system(), &cause, kind::TEMPLATE, &values)?;
    }
    let accounts: PackAccounts = pack("../tests/pack/accounts.toml");
    for given in accounts.accounts {
        let settings = channels::providers::find(&given.provider)?.about().accept(&given.settings)?;
        tx.put_account(&mut crm::Account {
            id: crm::AccountId(0),
            provider: given.provider,
            code: given.code,
            title: given.title,
            settings,
            secrets: Values::new(),
            enabled: true,
        })?;
    }
    let rules: PackRules = pack("../tests/pack/rules/deal.toml");
    let stages: Vec<(String, StageId)> = tx.schema().pipelines.values().flat_map(|one| one.stages.iter().map(|stage| (stage.code.clone(), stage.id))).collect();
    for given in rules.stages {
        let stage = stages.iter().find(|(code, _)| *code == given.stage).unwrap().1;
        automation::publish(tx, &Rights::system(), NOON, stage, given.rules)?;
    }
    Ok(())
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
