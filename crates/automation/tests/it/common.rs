//! A small firm in memory: Anna the operator, Boris the manager, client Ivanov; and hands that carry out commands.

use crm::pack::{PackPipeline, PackStaff, PackType};
use crm::{
    Account, AccountId, Actor, Cause, Command, Done, EntityType, Evaluation, Event, Execute, Fact, Fault, Filter, Firm, Item, ItemRef, Lane, Lang, Moment, Op,
    Outcome, Pipeline, Program, Query, Read, Refusal, Rights, Rule, RuleId, RuleKind, StageId, Step, StepState, Store, Timing, Tx, User, UserId, Value, Values,
    code, kind,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Carries out commands as the departments would, as plainly as possible.
pub struct Hands;

impl Execute for Hands {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        let made = |item: Item| Done::with(item.at());
        match command {
            Command::Restore { .. }
            | Command::Merge { .. }
            | Command::Unmerge { .. }
            | Command::AddFile { .. }
            | Command::RemoveFile { .. }
            | Command::Recount { .. }
            | Command::Pin { .. } => Err(crm::Refusal::new("not_here", "Здесь этого нет", "Not in this office").into()),
            Command::Create { kind, values } => crm::item::create(tx, rights, cause, *kind, values).map(made),
            Command::Change { item, values } => crm::item::change(tx, rights, cause, *item, values).map(made),
            Command::Move { item, to } => crm::stage::move_to(tx, rights, cause, *item, *to).map(made),
            Command::Delete { item } => crm::item::delete(tx, rights, cause, *item).map(|()| Done::with(*item)),
            Command::Comment { item, text } => crm::item::comment(tx, rights, cause, *item, text).map(|()| Done::with(*item)),
            Command::CreateTask { about, to, title, description, deadline } => {
                let mut values =
                    Values::from([(code::TITLE, Value::text(title)), (code::RESPONSIBLE, Value::user(*to)), ("description", Value::text(description))]);
                values.set(code::ABOUT, about.map(Value::item).unwrap_or_default());
                values.set("deadline", deadline.map(Value::moment).unwrap_or_default());
                values.set("rule", cause.by.rule().map(|rule| Value::Int(rule.0)).unwrap_or_default());
                crm::item::create_with(tx, rights, cause, kind::TASK, &values, vec![Fact::TaskGiven { task: ItemRef::new(kind::TASK, 0) }]).map(made)
            }
            Command::MoveTask { task, status } => {
                let mut task = crm::item::demand(tx.read(), rights, crm::Action::Change, *task)?;
                let from = task.values.text("status").to_owned();
                task.values.set("status", Value::text(status));
                let fact = Fact::TaskMoved { task: task.at(), from, to: status.clone() };
                tx.save(&mut task, cause, vec![fact])?;
                Ok(Done::with(task.at()))
            }
            Command::SendMessage { about, channel, template, text, subject, variables, key } => {
                let card = crm::item::demand(tx.read(), rights, crm::Action::Read, *about)?;
                let client = crm::item::demand(tx.read(), rights, crm::Action::Read, ItemRef::new(kind::CONTACT, card.contact()))?;
                let field = if channel == "smtp" { code::EMAIL } else { code::PHONE };
                if client.values.points(field).is_empty() {
                    return Err(Refusal::new("no_address", "У клиента нет адреса", "The client has no address").into());
                }
                let values = Values::from([
                    (code::ABOUT, Value::item(*about)),
                    ("provider", Value::text(channel)),
                    ("template", Value::text(template)),
                    ("body", Value::text(text)),
                    ("subject", Value::text(subject)),
                    (
                        "variables",
                        Value::text(variables.0.iter().map(|(name, value)| format!("{name}={}", value.as_text().unwrap())).collect::<Vec<_>>().join(";")),
                    ),
                    ("send_key", Value::text(key)),
                ]);
                crm::item::create_with(tx, rights, cause, kind::MESSAGE, &values, vec![Fact::MessageQueued { message: ItemRef::new(kind::MESSAGE, 0) }])
                    .map(made)
            }
            Command::Notify { users, about, text, popup } => {
                for user in users {
                    let values = Values::from([
                        (code::TITLE, Value::text(&text.ru)),
                        ("text_en", Value::text(&text.en)),
                        (code::RESPONSIBLE, Value::user(*user)),
                        (code::ABOUT, Value::item(*about)),
                    ]);
                    let fact = Fact::Notified { notification: ItemRef::new(kind::NOTIFICATION, 0), user: *user, popup: *popup };
                    crm::item::create_with(tx, rights, cause, kind::NOTIFICATION, &values, vec![fact])?;
                }
                Ok(Done::default())
            }
            Command::CallUrl { about, url, method, body, key } => {
                let card = crm::item::demand(tx.read(), rights, crm::Action::Read, *about)?;
                let body = body.0.iter().map(|(name, value)| format!("{name}={}", value.as_text().unwrap())).collect::<Vec<_>>().join("&");
                tx.record(&card, cause, Fact::UrlCalled { url: url.clone(), ok: true, detail: format!("{method} {body} {key}") })?;
                Ok(Done::default())
            }
            Command::CheckDeadline { .. } | Command::Deliver { .. } | Command::RunOperation { .. } => panic!("automation never asks for {command:?}"),
        }
    }
}

/// The firm, and the present moment of its clock.
pub struct Office {
    pub store: Arc<dyn Store>,
    pub firm: Arc<Firm>,
    pub now: Moment,
    pub anna: UserId,
    pub boris: UserId,
    pub ivanov: ItemRef,
}

fn packs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

pub fn read_pack<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let path = packs().join(path);
    toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shape(code: &str) -> EntityType {
    let pack: PackType = read_pack(&format!("base/types/{code}.toml"));
    let mut fields = pack.fields;
    if code == "deal" {
        fields.extend(read_pack::<PackType>("../tests/pack/types/deal.toml").fields);
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

fn found(tx: &mut dyn Tx, now: Moment) -> Outcome<(UserId, UserId, ItemRef)> {
    for code in ["contact", "deal", "task", "notification", "message", "template"] {
        tx.install_type(&shape(code))?;
    }
    let pack: PackPipeline = read_pack("../tests/pack/pipelines/deal.toml");
    tx.install_pipeline(&mut Pipeline {
        id: Default::default(),
        kind: kind::DEAL,
        code: pack.code,
        title: pack.title,
        is_default: pack.is_default,
        stages: pack.stages,
    })?;
    let staff: PackStaff = read_pack("../tests/pack/roles.toml");
    for department in &staff.departments {
        tx.put_department(&mut department.below(0))?;
    }
    for role in &staff.roles {
        tx.put_role(role)?;
    }
    let mut people = Vec::new();
    for (login, first_name, last_name, role) in [("anna", "Анна", "Смирнова", "operator"), ("boris", "Борис", "Котов", "manager")] {
        let mut user = User {
            login: login.into(),
            first_name: first_name.into(),
            last_name: last_name.into(),
            role: role.into(),
            phone: "+79990000001".into(),
            active: true,
            ..User::default()
        };
        tx.put_user(&mut user)?;
        people.push(user.id);
    }
    let cause = Cause::new(Actor::System, now);
    let templates: crm::pack::PackAccounts = read_pack("../tests/pack/accounts.toml");
    for item in &templates.items {
        crm::item::create(tx, &Rights::system(), &cause, kind::TEMPLATE, &item.values)?;
    }
    for form in templates.accounts {
        let mut account = Account {
            id: AccountId(0),
            provider: form.provider,
            code: form.code,
            title: form.title,
            settings: form.settings,
            secrets: Values::new(),
            enabled: true,
        };
        tx.put_account(&mut account)?;
    }
    let client = Values::from([
        ("first_name", Value::text("Иван")),
        ("last_name", Value::text("Иванов")),
        ("phone", Value::text("+79990001122")),
        ("email", Value::text("ivanov@example.com")),
        (code::RESPONSIBLE, Value::user(people[0])),
    ]);
    let ivanov = crm::item::create(tx, &Rights::system(), &cause, kind::CONTACT, &client)?.at();
    Ok((people[0], people[1], ivanov))
}

impl Office {
    /// A firm on its first day, at noon in Moscow.
    pub fn open() -> Office {
        let store = store::open_in_memory();
        let now = Moment::from_timestamp("2026-11-25T09:00:00Z".parse().unwrap());
        let firm = Firm {
            public_url: "http://localhost".into(),
            zone: jiff::tz::TimeZone::get("Europe/Moscow").unwrap(),
            lang: Lang::Ru,
            private_calls: false,
            signing_key: vec![7; 32],
            files: std::env::temp_dir(),
        };
        let work = store.transact(Box::new(move |tx| Ok(Box::new(found(tx, now)?)))).unwrap();
        let (anna, boris, ivanov) = *work.downcast().unwrap();
        Office { store, firm: Arc::new(firm), now, anna, boris, ivanov }
    }

    pub fn transact<T: Send + 'static>(&self, mut work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        let done = self.store.transact(Box::new(move |tx| Ok(Box::new(work(tx)?))))?;
        Ok(*done.downcast().unwrap())
    }

    pub fn look<T>(&self, mut work: impl FnMut(&dyn Read) -> Outcome<T>) -> T {
        let mut found = None;
        self.store
            .read(&mut |read| {
                found = Some(work(read)?);
                Ok(())
            })
            .unwrap();
        found.unwrap()
    }

    /// Time goes on; whatever becomes due on the way is done at its moment.
    pub fn pass(&mut self, length: &str) {
        let until = self.now.plus(crm::time::parse_span(length).unwrap());
        self.settle();
        while let Some(next) = self.look(|read| read.next_due()).filter(|next| *next <= until) {
            let before = (self.now, self.look(|read| read.latest()));
            self.now = next.max(self.now);
            self.settle();
            assert_ne!(before, (self.now, self.look(|read| read.latest())), "something due is never done");
        }
        self.now = until;
        self.settle();
    }

    /// Lets the rules work until there is nothing left to do at this moment.
    pub fn settle(&self) {
        for _ in 0..500 {
            if self.dispatch() + self.run_due() == 0 {
                return;
            }
        }
        panic!("the rules never come to rest");
    }

    pub fn dispatch(&self) -> u32 {
        let (firm, now) = (self.firm.clone(), self.now);
        self.transact(move |tx| automation::dispatch(tx, &Hands, &firm, now, 50)).unwrap()
    }

    pub fn run_due(&self) -> u32 {
        let (firm, now) = (self.firm.clone(), self.now);
        self.transact(move |tx| automation::run_due(tx, &Hands, &firm, now, 50)).unwrap()
    }

    /// The stage with this code.
    pub fn stage(&self, code: &str) -> StageId {
        let schema = self.look(|read| Ok(read.schema()));
        schema.pipelines.values().flat_map(|pipeline| &pipeline.stages).find(|stage| stage.code == code).unwrap().id
    }

    pub fn publish(&self, stage: &str, rules: Vec<Rule>) -> Program {
        self.try_publish(&Rights::system(), stage, rules).unwrap_or_else(|fault| panic!("{}", fault.describe()))
    }

    pub fn try_publish(&self, rights: &Rights, stage: &str, rules: Vec<Rule>) -> Outcome<Program> {
        let (stage, now, rights) = (self.stage(stage), self.now, rights.clone());
        self.transact(move |tx| automation::publish(tx, &rights, now, stage, rules.clone()))
    }

    /// Anna does something.
    pub fn anna_does(&self, command: Command) -> Outcome<Done> {
        let cause = Cause::new(Actor::User { user: self.anna }, self.now);
        self.transact(move |tx| Hands.execute(tx, &Rights::system(), &cause, &command))
    }

    /// A deal of Ivanov; Anna answers for it.
    pub fn deal(&self, values: Values) -> ItemRef {
        let values = values.with(code::CONTACT, Value::Int(self.ivanov.id)).with(code::RESPONSIBLE, Value::user(self.anna));
        self.anna_does(Command::Create { kind: kind::DEAL, values }).unwrap().item.unwrap()
    }

    pub fn change(&self, item: ItemRef, field: &str, value: Value) {
        self.anna_does(Command::Change { item, values: Values::new().with(field, value) }).unwrap();
    }

    pub fn move_to(&self, item: ItemRef, stage: &str) {
        self.anna_does(Command::Move { item, to: self.stage(stage) }).unwrap();
    }

    /// Something happened to a card without changing an answer.
    pub fn record(&self, item: ItemRef, fact: Fact) {
        let cause = Cause::new(Actor::System, self.now);
        self.transact(move |tx| {
            let item = tx.item(&Rights::system(), item)?.unwrap();
            tx.record(&item, &cause, fact.clone())
        })
        .unwrap();
    }

    pub fn call_webhook(&self, item: ItemRef, code: &str) {
        self.record(item, Fact::WebhookCalled { code: code.into(), payload: Values::new() });
    }

    pub fn item(&self, at: ItemRef) -> Item {
        self.look(|read| Ok(read.item(&Rights::system(), at)?.unwrap()))
    }

    /// Code of the stage on which a card stands.
    pub fn stands(&self, at: ItemRef) -> String {
        let (schema, item) = (self.look(|read| Ok(read.schema())), self.item(at));
        schema.stage(item.stage().unwrap()).unwrap().1.code.clone()
    }

    /// Texts of the comments of a card, in order.
    pub fn comments(&self, at: ItemRef) -> Vec<String> {
        self.timeline(at).into_iter().filter_map(|event| if let Fact::Commented { text } = event.fact { Some(text) } else { None }).collect()
    }

    /// The timeline, the oldest first.
    pub fn timeline(&self, at: ItemRef) -> Vec<Event> {
        let mut events = self.look(|read| read.timeline(at, None, 500));
        events.reverse();
        events
    }

    /// What was stopped, as the timeline tells it.
    pub fn stopped(&self, at: ItemRef) -> Vec<String> {
        self.timeline(at)
            .into_iter()
            .filter_map(|event| if let Fact::RobotStopped { state, reason } = event.fact { Some(format!("{state}: {}", reason.ru)) } else { None })
            .collect()
    }

    /// Items of a kind that belong to a card.
    pub fn of(&self, at: ItemRef, of: crm::EntityTypeId) -> Vec<Item> {
        let query = Query::of(of).filter(Filter::is(code::ABOUT, Op::Eq, Value::item(at))).sorted(code::ID, false).limit(500);
        self.look(|read| read.items(&Rights::system(), &query))
    }

    /// Steps of a card's rule, the newest run first.
    pub fn steps(&self, at: ItemRef) -> Vec<Step> {
        self.look(|read| read.steps_of(at, 500))
    }

    /// The only step of a card that is not over.
    pub fn waiting(&self, at: ItemRef) -> Step {
        let waiting: Vec<Step> = self.steps(at).into_iter().filter(|step| !step.state.is_over()).collect();
        assert_eq!(waiting.len(), 1, "{waiting:#?}");
        waiting.into_iter().next().unwrap()
    }

    pub fn states(&self, at: ItemRef) -> Vec<StepState> {
        self.steps(at).iter().map(|step| step.state).collect()
    }

    /// Codes of evaluations of a rule, the newest first.
    pub fn evaluations(&self, rule: RuleId) -> Vec<Evaluation> {
        self.look(|read| read.evaluations_of_rule(rule, 500))
    }

    pub fn codes(&self, rule: RuleId) -> Vec<String> {
        self.evaluations(rule).into_iter().map(|one| one.code).collect()
    }

    /// What "why did it not run?" answers, in Russian.
    pub fn why(&self, rule: &Rule, at: ItemRef) -> Vec<String> {
        let (item, now) = (self.item(at), self.now);
        self.look(|read| automation::explain::why(read, rule, &item, now)).into_iter().map(|line| line.ru).collect()
    }
}

fn rule(kind: RuleKind, code: &str, settings: Values) -> Rule {
    Rule {
        id: RuleId(0),
        kind,
        code: code.into(),
        title: String::new(),
        settings,
        condition: Filter::Any,
        timing: Timing::AtOnce,
        lane: Lane::Parallel,
        survives: false,
        allow_back: false,
        ignore_rules: false,
        enabled: true,
    }
}

pub fn robot(code: &str, settings: Values) -> Rule {
    rule(RuleKind::Robot, code, settings)
}

pub fn trigger(code: &str, settings: Values) -> Rule {
    rule(RuleKind::Trigger, code, settings)
}

/// A robot that writes this comment.
pub fn says(text: &str) -> Rule {
    robot("add_comment", Values::from([("text", Value::text(text))]))
}

/// A trigger on a webhook with this code.
pub fn on_webhook(code: &str) -> Rule {
    trigger("webhook_called", Values::from([("code", Value::text(code))]))
}

/// A trigger on changes of this field.
pub fn on_change(field: &str) -> Rule {
    trigger("fields_changed", Values::from([("fields", Value::Many(vec![Value::text(field)]))]))
}

pub trait Also: Sized {
    fn also(self, change: impl FnOnce(&mut Self)) -> Self;
    fn after(self, seconds: u64) -> Self;
}

impl Also for Rule {
    /// The same rule with a difference.
    fn also(mut self, change: impl FnOnce(&mut Rule)) -> Rule {
        change(&mut self);
        self
    }

    fn after(self, seconds: u64) -> Rule {
        self.also(|rule| rule.timing = Timing::After { seconds })
    }
}

pub fn refusal<T: std::fmt::Debug>(outcome: Outcome<T>) -> Refusal {
    match outcome {
        Err(Fault::Refused(refusal)) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}
