//! A house on a database in memory with the packs, people and cards: for the tests and the example of this crate.

use crm::pack::{PackAccounts, PackDemo, PackPipeline, PackRules, PackStaff, PackType};
use crm::time::{Chance, Clock};
use crm::{
    Account, Actor, Cause, Command, Done, Execute, Fact, FieldKind, Firm, House, ItemRef, Moment, Outcome, Pipeline, Refusal, Rights, Rule, Tx, User, UserId,
    Value, Values, code, kind,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A house with packs and people, and so many deals.
pub fn build(public_url: String, deals: i64) -> House {
    let firm = Firm {
        public_url,
        zone: jiff::tz::TimeZone::get("Asia/Almaty").unwrap(),
        lang: crm::Lang::Ru,
        private_calls: true,
        signing_key: b"example".to_vec(),
        files: std::env::temp_dir(),
    };
    let house = House { store: store::open_in_memory(), clock: Arc::new(Machine), chance: Arc::new(Machine), executor: Arc::new(Small), firm: Arc::new(firm) };
    let now = house.now();
    house.transact(move |tx| install(tx, now)).unwrap_or_else(|fault| panic!("{}", fault.describe()));
    hire(&house);
    seed(&house, deals);
    house
}

/// The machine's clock and chance.
pub struct Machine;
impl Clock for Machine {
    #[expect(clippy::disallowed_methods, reason = "the Clock of this example")]
    fn now(&self) -> Moment {
        Moment::from_timestamp(jiff::Timestamp::now())
    }
}
impl Chance for Machine {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("random bytes");
    }
}

/// Carries out commands without channels: a message is delivered and read at once.
pub struct Small;
impl Execute for Small {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        let item = match command {
            Command::Create { kind, values } if *kind == kind::TASK => team::tasks::create_from(tx, rights, cause, values)?,
            Command::Change { item, values } if item.kind == kind::TASK => team::tasks::change(tx, rights, cause, *item, values)?,
            Command::Create { .. }
            | Command::Change { .. }
            | Command::Move { .. }
            | Command::Delete { .. }
            | Command::Restore { .. }
            | Command::Merge { .. }
            | Command::Unmerge { .. }
            | Command::AddFile { .. }
            | Command::RemoveFile { .. }
            | Command::Pin { .. }
            | Command::Comment { .. }
            | Command::Recount { .. } => return crm::command::carry_out(tx, rights, cause, command),
            Command::CreateTask { about, to, title, description, deadline } => {
                team::tasks::create(tx, rights, cause, &team::tasks::Wanted { about: *about, to: *to, title, description, deadline: *deadline })?
            }
            Command::MoveTask { task, status } => team::tasks::move_to(tx, rights, cause, *task, status)?,
            Command::CheckDeadline { task } => return team::tasks::check_deadline(tx, cause, *task).map(|()| Done::with(*task)),
            Command::Notify { users, about, text, popup } => return team::notices::notify(tx, cause, users, *about, text, *popup).map(|_| Done::with(*about)),
            Command::SendMessage { about, channel, text, template, subject, .. } => {
                return send(tx, cause, *about, channel, if text.is_empty() { template } else { text }, subject);
            }
            Command::CallUrl { .. } | Command::Deliver { .. } | Command::RunOperation { .. } => {
                return Err(Refusal::new("not_here", "Здесь этого нет", "Not in this example").into());
            }
        };
        Ok(Done::with(item.at()))
    }
}

/// A message that is delivered and read at once, out of order, as vendors do.
fn send(tx: &mut dyn Tx, cause: &Cause, about: ItemRef, channel: &str, text: &str, subject: &str) -> Outcome<Done> {
    let card = tx.item(&Rights::system(), about)?.ok_or_else(Refusal::not_found)?;
    let pairs = [
        ("about", Value::item(about)),
        ("contact", Value::Int(card.contact())),
        ("provider", Value::text(channel)),
        ("direction", Value::text("out")),
        ("address", Value::text("+79990001122")),
        ("subject", Value::text(subject)),
        ("body", Value::text(text)),
        ("status", Value::text("queued")),
        (code::TITLE, Value::text("Сообщение")),
        (code::RESPONSIBLE, Value::user(card.responsible())),
    ];
    let fact = Fact::MessageQueued { message: ItemRef::new(kind::MESSAGE, 0) };
    let mut message = crm::item::create_with(tx, &Rights::system(), cause, kind::MESSAGE, &Values::from(pairs), vec![fact])?;
    for (status, late) in [(crm::Delivery::Accepted, false), (crm::Delivery::Delivered, false), (crm::Delivery::Sent, true), (crm::Delivery::Read, false)] {
        if !late {
            message.values.set("status", Value::text(status.code()));
        }
        let by = Cause::new(Actor::Channel { account: crm::AccountId(2) }, cause.at.plus(Duration::from_secs(2)));
        tx.save(&mut message.clone(), &by, vec![Fact::MessageStatus { message: message.at(), status, error: String::new(), late }])?;
        message.version += 1;
    }
    Ok(Done::with(message.at()))
}

fn packs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

fn toml<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let text = std::fs::read_to_string(packs().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn folder(path: &str) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(packs().join(path)).unwrap().map(|entry| format!("{path}/{}", entry.unwrap().file_name().to_string_lossy())).collect();
    names.sort();
    names
}

/// Installs the packs base and debt-relief from their text files.
pub fn install(tx: &mut dyn Tx, now: Moment) -> Outcome<()> {
    for path in folder("base/types").into_iter().chain(folder("../tests/pack/types")) {
        let given: PackType = toml(&path);
        let known = tx.schema().kind_by_code(&given.code).cloned();
        let shape = match known {
            Some(mut known) => {
                known.fields.extend(given.fields);
                known
            }
            None => given.shape(given.id.unwrap()),
        };
        tx.install_type(&shape)?;
    }
    for path in folder("../tests/pack/pipelines") {
        let given: PackPipeline = toml(&path);
        let kind = tx.schema().kind_by_code(&given.kind).unwrap().id;
        tx.install_pipeline(&mut Pipeline {
            id: crm::PipelineId(0),
            kind,
            code: given.code,
            title: given.title,
            is_default: given.is_default,
            stages: given.stages,
        })?;
    }
    for path in ["base/roles.toml", "../tests/pack/roles.toml"] {
        let staff: PackStaff = toml(path);
        staff.departments.into_iter().try_for_each(|one| tx.put_department(&mut one.below(0)))?;
        staff.roles.iter().try_for_each(|one| tx.put_role(one))?;
    }
    let accounts: PackAccounts = toml("../tests/pack/accounts.toml");
    for given in accounts.accounts {
        let mut account = Account {
            id: crm::AccountId(0),
            provider: given.provider,
            code: given.code,
            title: given.title,
            settings: given.settings,
            secrets: Values::new(),
            enabled: true,
        };
        tx.put_account(&mut account)?;
    }
    for (provider, title) in [("twilio_whatsapp", "WhatsApp фирмы"), ("smtp", "Почта фирмы")] {
        let mut account = Account {
            id: crm::AccountId(0),
            provider: provider.into(),
            code: "main".into(),
            title: title.into(),
            settings: Values::new(),
            secrets: Values::new(),
            enabled: true,
        };
        tx.put_account(&mut account)?;
    }
    let cause = Cause::new(Actor::System, now);
    for given in accounts.items {
        let kind = tx.schema().kind_by_code(&given.kind).unwrap().id;
        crm::item::create(tx, &Rights::system(), &cause, kind, &given.values)?;
    }
    let schema = tx.schema();
    for path in folder("../tests/pack/rules") {
        let rules: PackRules = toml(&path);
        let pipeline = schema.default_pipeline(kind::DEAL).unwrap();
        for stage in rules.stages {
            let number = |code: &str| pipeline.stages.iter().find(|one| one.code == code).map(|one| one.id);
            let named: Vec<Rule> = stage
                .rules
                .into_iter()
                .map(|mut rule| {
                    let about = automation::robots::all().iter().find(|robot| robot.about().code == rule.code).map(|robot| robot.about());
                    for field in about.iter().flat_map(|about| &about.settings).filter(|field| field.kind == FieldKind::Stage) {
                        if let Some(id) = rule.settings.get(&field.code).as_text().and_then(number) {
                            rule.settings.set(field.code.clone(), Value::Int(id.0));
                        }
                    }
                    rule
                })
                .collect();
            automation::publish(tx, &Rights::system(), now, number(&stage.stage).unwrap(), named)?;
        }
    }
    Ok(())
}

/// The people of the demo, all with the password `vekha-vekha`.
pub fn hire(house: &House) {
    let demo: PackDemo = toml("../tests/pack/demo.toml");
    let hash = team::door::hash_password(&*house.chance, "vekha-vekha").unwrap();
    for one in demo.users {
        let hash = hash.clone();
        house
            .transact(move |tx| {
                let department = tx.departments()?.into_iter().find(|department| department.code == one.department).map_or(0, |department| department.id);
                let mut user = User {
                    login: one.login.clone(),
                    first_name: one.first_name.clone(),
                    last_name: one.last_name.clone(),
                    role: one.role.clone(),
                    department,
                    password_hash: hash.clone(),
                    active: true,
                    ..User::default()
                };
                team::staff::hire(tx, &mut user)
            })
            .unwrap();
    }
}

/// Deals on all stages, some with tasks and comments. No rule runs for them.
pub fn seed(house: &House, deals: i64) {
    const NAMES: [(&str, &str); 8] = [
        ("Иванов", "Сергей"),
        ("Ким", "Виктор"),
        ("Нурланов", "Айдар"),
        ("Смирнова", "Мария"),
        ("Петров", "Дмитрий"),
        ("Ахметова", "Айгуль"),
        ("Кузнецов", "Максим"),
        ("Сергеева", "Ольга"),
    ];
    let now = house.now();
    let stages: Vec<_> = house.read(|read| Ok(read.schema().default_pipeline(kind::DEAL).unwrap().stages.iter().map(|stage| stage.id).collect())).unwrap();
    for part in 0..(deals + 99) / 100 {
        let stages = stages.clone();
        house
            .transact(move |tx| {
                for at in part * 100..((part + 1) * 100).min(deals) {
                    let back = Duration::from_secs(u64::try_from((deals - at) * 1_700).unwrap_or(0).min(40_000_000));
                    let user = UserId(2 + at % 2);
                    let cause = Cause::new(Actor::User { user }, now.minus(back));
                    let (last, first) = NAMES[usize::try_from(at).unwrap_or(0) % NAMES.len()];
                    let phone = format!("+7999{:07}", at % 10_000_000);
                    let contact = crm::item::create(
                        tx,
                        &Rights::system(),
                        &cause,
                        kind::CONTACT,
                        &Values::from([
                            ("last_name", Value::text(last)),
                            ("first_name", Value::text(first)),
                            ("title", Value::text(format!("{last} {first}"))),
                            ("phone", Value::text(phone)),
                            ("email", Value::text(format!("client{at}@example.com"))),
                        ]),
                    )?;
                    let stage = stages[usize::try_from(at * 7 % 11).unwrap_or(0).min(stages.len() - 1)];
                    let deal = crm::item::create(
                        tx,
                        &Rights::system(),
                        &cause,
                        kind::DEAL,
                        &Values::from([
                            ("title", Value::text(format!("Списание долга № {}", 1040 + at))),
                            ("contact", Value::Int(contact.id)),
                            ("amount", Value::money((30_000 + at * 7_919 % 900_000) * 100)),
                            ("debt_total", Value::money((300_000 + at * 79_193 % 4_000_000) * 100)),
                            ("region", Value::text("Алматы")),
                            ("source", Value::text("Сайт")),
                            ("responsible", Value::user(user)),
                            ("stage", Value::Int(stage.0)),
                        ]),
                    )?;
                    if at % 3 != 0 {
                        let deadline = if at % 4 == 1 {
                            now.minus(Duration::from_secs(7_200))
                        } else {
                            now.plus(Duration::from_secs(u64::try_from(at % 5 * 40_000 + 3_600).unwrap_or(0)))
                        };
                        team::tasks::create(
                            tx,
                            &Rights::system(),
                            &cause,
                            &team::tasks::Wanted {
                                about: Some(deal.at()),
                                to: user,
                                title: &format!("Позвонить: {last} {first}"),
                                description: "Выяснить сумму долга и регион.",
                                deadline: Some(deadline),
                            },
                        )?;
                    }
                    if at % 5 == 0 {
                        crm::item::comment(tx, &Rights::system(), &cause, deal.at(), "Просил перезвонить после обеда, документы пришлёт в WhatsApp.")?;
                    }
                }
                Ok(())
            })
            .unwrap();
    }
    house
        .transact(|tx| {
            let latest = tx.latest()?;
            tx.advance(automation::READER, latest)
        })
        .unwrap();
}
