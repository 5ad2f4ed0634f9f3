//! The people of the firm against the real database in memory.

mod common;
mod people;

use common::{NOBODY, Office};
use crm::{Action, Cause, Fact, Fault, Filter, ItemRef, Label, Moment, Op, Query, Rights, RuleId, Scope, User, UserId, Value, Values, kind};
use std::time::Duration;
use team::tasks::{self, Wanted};
use team::{Limiter, door, notices, staff, webhooks};

fn refusal<T: std::fmt::Debug>(outcome: crm::Outcome<T>) -> String {
    match outcome {
        Err(Fault::Refused(refusal)) => refusal.code.into_owned(),
        other => panic!("not refused: {other:?}"),
    }
}

// ── the door ──

#[test]
fn a_right_password_opens_the_door_until_signing_out() {
    let office = Office::open();
    let (token, user) = door::sign_in(&office.house, &Limiter::new(), " Anna ", "Верный-пароль-1", "10.0.0.1", "Firefox").unwrap();
    assert_eq!((token.len(), user.id), (43, office.anna.id));
    let who = |token: &str| office.house.read(|read| door::who(read, token, office.house.clock.now())).unwrap();
    let (found, rights) = who(&token).unwrap();
    assert_eq!((found.id, rights.user, rights.admin), (office.anna.id, office.anna.id, false));
    assert_eq!(who("x"), None);
    assert_eq!(who(&"x".repeat(43)), None);
    door::sign_out(&office.house, &token).unwrap();
    assert_eq!(who(&token), None);
}

#[test]
fn a_session_ends_after_thirty_days_and_with_the_employment() {
    let office = Office::open();
    let sign_in = || door::sign_in(&office.house, &Limiter::new(), "anna", "Верный-пароль-1", "10.0.0.1", "").unwrap().0;
    let who = |token: &str| office.house.read(|read| door::who(read, token, office.house.clock.now())).unwrap();
    let token = sign_in();
    office.clock.advance(30 * 24 * 60 - 1);
    assert!(who(&token).is_some());
    office.clock.advance(1);
    assert_eq!(who(&token), None);
    let token = sign_in();
    let mut anna = User { active: false, ..office.anna.clone() };
    office.house.transact(move |tx| tx.put_user(&mut anna)).unwrap();
    assert_eq!(who(&token), None);
    assert_eq!(refusal(door::sign_in(&office.house, &Limiter::new(), "anna", "Верный-пароль-1", "10.0.0.1", "")), "wrong_credentials");
}

#[test]
fn wrong_login_and_wrong_password_look_alike_and_are_limited() {
    let office = Office::open();
    let limiter = Limiter::new();
    let try_in = |login: &str, password: &str| refusal(door::sign_in(&office.house, &limiter, login, password, "10.0.0.1", ""));
    assert_eq!(try_in("nobody", "Верный-пароль-1"), "wrong_credentials");
    assert_eq!(try_in("boris", ""), "wrong_credentials", "Boris has no password yet");
    for _ in 0..5 {
        assert_eq!(try_in("anna", "wrong"), "wrong_credentials");
    }
    assert_eq!(try_in("anna", "Верный-пароль-1"), "too_many_attempts", "even the right one has to wait");
    office.clock.advance(15);
    door::sign_in(&office.house, &limiter, "anna", "Верный-пароль-1", "10.0.0.1", "").unwrap();
}

#[test]
fn a_new_password_ends_all_sessions() {
    let office = Office::open();
    let (token, mut anna) = door::sign_in(&office.house, &Limiter::new(), "anna", "Верный-пароль-1", "10.0.0.1", "").unwrap();
    let hash = door::hash_password(&*office.house.chance, "Другой-пароль-2").unwrap();
    office.house.transact(move |tx| door::put_password(tx, &mut anna, hash.clone())).unwrap();
    assert_eq!(office.house.read(|read| door::who(read, &token, office.house.clock.now())).unwrap(), None);
    door::sign_in(&office.house, &Limiter::new(), "anna", "Другой-пароль-2", "10.0.0.1", "").unwrap();
}

// ── staff ──

#[test]
fn a_role_says_what_one_may_do_and_the_star_fills_the_gaps() {
    let office = Office::open();
    let anna = office.rights(&office.anna);
    assert_eq!(anna.scope(kind::DEAL, Action::Read), Scope::Own);
    assert_eq!(anna.scope(kind::CONTACT, Action::Read), Scope::All);
    assert_eq!(anna.scope(kind::DEAL, Action::Delete), Scope::None);
    assert!(!anna.automation);
    let boris = office.rights(&office.boris);
    assert_eq!(boris.scope(kind::TASK, Action::Change), Scope::All);
    assert_eq!(boris.scope(kind::DEAL, Action::Delete), Scope::None);
    assert!(boris.automation && !boris.admin);
    assert_eq!(boris.department, [office.anna.id, office.boris.id].into());
    let stranger = office.rights(&User { role: "gone".into(), ..office.anna.clone() });
    assert!(stranger.grants.is_empty() && !stranger.admin);
    let left = office.rights(&User { role: "admin".into(), active: false, ..office.anna.clone() });
    assert!(!left.admin);
}

#[test]
fn people_are_named_in_settings_by_what_they_are() {
    let office = Office::open();
    let (anna, boris) = (office.anna.id, office.boris.id);
    office
        .house
        .transact(move |tx| {
            let mut sales = tx.departments()?.into_iter().find(|one| one.code == "sales").unwrap();
            sales.head = boris;
            tx.put_department(&mut sales)
        })
        .unwrap();
    let card = office.item(office.deal);
    let named = |setting: &str| office.house.read(|read| staff::resolve_people(read, setting, Some(&card)));
    assert_eq!(named("responsible").unwrap(), [anna]);
    assert_eq!(named("head").unwrap(), [boris]);
    assert_eq!(named("role:manager").unwrap(), [boris]);
    assert_eq!(named("department:sales, responsible").unwrap(), [anna, boris]);
    assert_eq!(named(&format!("user:{boris}, role:manager")).unwrap(), [boris]);
    assert_eq!(named("user:999").unwrap(), Vec::<UserId>::new());
    for wrong in ["somebody", "user:x", "department:none", "role", "role:none"] {
        assert_eq!(refusal(named(wrong)), "unknown_people", "{wrong}");
    }
    assert_eq!(office.house.read(|read| staff::resolve_people(read, "responsible", None)).unwrap(), Vec::<UserId>::new());
}

#[test]
fn nobody_is_hired_twice_or_without_a_role() {
    let office = Office::open();
    let hire = |login: &str, role: &str| {
        let mut user = User { login: login.into(), first_name: "Вера".into(), role: role.into(), active: true, ..User::default() };
        office.house.transact(move |tx| staff::hire(tx, &mut user))
    };
    assert_eq!(refusal(hire("ANNA", "operator")), "login_taken");
    assert_eq!(refusal(hire("vera", "boss")), "unknown_role");
    assert_eq!(refusal(hire("ve ra", "operator")), "wrong_login");
    hire("vera", "operator").unwrap();
}

// ── tasks ──

fn give(office: &Office, cause: Cause, deadline_minutes: Option<i64>) -> crm::Item {
    let rights = if cause.by.user() == UserId::SYSTEM { Rights::system() } else { office.rights(&office.anna) };
    let deadline = deadline_minutes.map(|minutes| Moment(office.house.clock.now().0 + minutes * 60_000_000));
    let (about, to) = (office.deal, office.anna.id);
    office
        .house
        .transact(move |tx| tasks::create(tx, &rights, &cause, &Wanted { about: Some(about), to, title: "Позвонить", description: "", deadline }))
        .unwrap()
}

#[test]
fn a_given_task_stands_in_the_cards_timeline_and_knows_its_robot() {
    let office = Office::open();
    let by = crm::Actor::Robot { rule: RuleId(7), version: 1, title: "Позвонить клиенту".into() };
    let task = give(&office, Cause::new(by, office.house.clock.now()), Some(15));
    assert_eq!(office.facts(task.at()), ["created", "task_given"]);
    let values = office.item(task.at()).values;
    assert_eq!((values.int("rule"), values.int("contact"), values.text("status")), (Some(7), Some(office.ivanov.id), "pending"));
    let events = office.house.read(|read| read.timeline(office.deal, None, 10)).unwrap();
    let given = events.iter().find(|event| event.fact.code() == "task_given").unwrap();
    assert_eq!(given.fact, Fact::TaskGiven { task: task.at() });
}

#[test]
fn a_late_task_is_told_once() {
    let office = Office::open();
    let task = give(&office, office.system(), Some(15));
    assert_eq!(office.work(), 0, "not due yet");
    office.clock.advance(15);
    assert_eq!(office.work(), 1);
    let again = task.at();
    let cause = office.system();
    office.house.transact(move |tx| tasks::check_deadline(tx, &cause, again)).unwrap();
    assert_eq!(office.facts(task.at()), ["created", "task_given", "task_overdue"]);
    assert!(office.item(task.at()).values.flag("overdue"));
    let unread = office.house.read(|read| notices::unread(read, office.anna.id)).unwrap();
    let titles: Vec<&str> = unread.iter().map(crm::Item::title).collect();
    assert_eq!(titles, ["Просрочена задача «Позвонить»"]);
    assert_eq!(unread[0].about(), office.deal);
}

#[test]
fn a_finished_task_is_never_late() {
    let office = Office::open();
    let task = give(&office, office.system(), Some(15)).at();
    let (rights, cause) = (office.rights(&office.anna), office.cause(&office.anna));
    office.house.transact(move |tx| tasks::move_to(tx, &rights, &cause, task, "completed")).unwrap();
    assert_eq!(office.item(task).values.moment("completed_at"), Some(office.house.clock.now()));
    office.clock.advance(60);
    office.work();
    assert_eq!(office.facts(task), ["created", "task_given", "task_moved"]);
}

#[test]
fn a_task_opened_again_can_be_late_again() {
    let office = Office::open();
    let task = give(&office, office.system(), Some(15)).at();
    let to = |status: &'static str| {
        let (rights, cause) = (office.rights(&office.anna), office.cause(&office.anna));
        office.house.transact(move |tx| tasks::move_to(tx, &rights, &cause, task, status)).map(drop)
    };
    to("completed").unwrap();
    office.clock.advance(60);
    office.work();
    to("in_progress").unwrap();
    to("in_progress").unwrap();
    assert_eq!(office.item(task).values.moment("completed_at"), None);
    assert_eq!(office.work(), 1);
    assert_eq!(office.facts(task), ["created", "task_given", "task_moved", "task_moved", "task_overdue"]);
    assert_eq!(refusal(to("done")), "unknown_status");
}

#[test]
fn a_new_deadline_is_planned_anew_and_forgives_the_old_one() {
    let office = Office::open();
    let task = give(&office, office.system(), Some(15)).at();
    let later = |minutes: i64| {
        let (rights, cause) = (office.rights(&office.anna), office.cause(&office.anna));
        let deadline = Moment(office.house.clock.now().0 + minutes * 60_000_000);
        office.house.transact(move |tx| tasks::change(tx, &rights, &cause, task, &Values::from([("deadline", Value::moment(deadline))]))).unwrap()
    };
    later(30);
    office.clock.advance(20);
    assert_eq!(office.work(), 0, "the old check is withdrawn");
    office.clock.advance(10);
    assert_eq!(office.work(), 1);
    assert!(office.item(task).values.flag("overdue"));
    later(10);
    assert!(!office.item(task).values.flag("overdue"));
    office.clock.advance(10);
    assert_eq!(office.work(), 1);
    assert_eq!(office.facts(task).into_iter().filter(|code| *code == "task_overdue").count(), 2);
}

#[test]
fn a_changed_status_is_a_move_of_the_task() {
    let office = Office::open();
    let task = give(&office, office.system(), None).at();
    let (rights, cause) = (office.rights(&office.anna), office.cause(&office.anna));
    let values = Values::from([("title", Value::text("Перезвонить")), ("status", Value::text("completed"))]);
    office.house.transact(move |tx| tasks::change(tx, &rights, &cause, task, &values)).unwrap();
    assert_eq!(office.facts(task), ["created", "task_given", "changed", "task_moved"]);
    assert_eq!(office.item(task).title(), "Перезвонить");
}

#[test]
fn wrong_tasks_are_refused_and_leave_no_trace() {
    let office = Office::open();
    let create = |to: UserId, title: &str, about: Option<ItemRef>| {
        let (rights, cause, title) = (office.rights(&office.anna), office.cause(&office.anna), title.to_owned());
        office.house.transact(move |tx| tasks::create(tx, &rights, &cause, &Wanted { about, to, title: &title, description: "", deadline: None }))
    };
    let before = office.house.read(|read| read.latest()).unwrap();
    let anna = office.anna.id;
    assert_eq!(refusal(create(NOBODY, "Позвонить", None)), "nobody_to_do_it");
    assert_eq!(refusal(create(anna, "  ", None)), "empty_title");
    assert_eq!(refusal(create(anna, &"я".repeat(256), None)), "wrong_values");
    assert_eq!(refusal(create(anna, "Позвонить", Some(ItemRef::new(kind::DEAL, 404)))), "not_found");
    let values = Values::from([("title", Value::text("x")), ("rule", Value::Int(1))]);
    let (rights, cause) = (office.rights(&office.anna), office.cause(&office.anna));
    assert_eq!(refusal(office.house.transact(move |tx| tasks::create_from(tx, &rights, &cause, &values))), "wrong_values");
    assert_eq!(office.house.read(|read| read.latest()).unwrap(), before);
}

// ── notices ──

#[test]
fn everybody_is_told_once_and_reads_for_himself() {
    let office = Office::open();
    let (anna, boris, deal, cause) = (office.anna.id, office.boris.id, office.deal, office.system());
    let told = office
        .house
        .transact(move |tx| notices::notify(tx, &cause, &[anna, boris, anna, NOBODY], deal, &Label::new("Новая заявка", "New application"), true))
        .unwrap();
    assert_eq!(told.len(), 2);
    let notice = told[0].at();
    assert_eq!(office.facts(notice), ["created", "notified"]);
    let event = office.house.read(|read| read.events_after(crm::Seq(0), 500)).unwrap().into_iter().rfind(|event| event.item == notice).unwrap();
    assert_eq!((event.about, event.fact), (deal, Fact::Notified { notification: notice, user: anna, popup: true }));
    assert_eq!(office.item(notice).values.int("contact"), Some(office.ivanov.id));

    let count = |user| office.house.read(|read| notices::unread_count(read, user)).unwrap();
    assert_eq!((count(anna), count(boris)), (1, 1));
    let mark = |user| {
        let cause = office.system();
        office.house.transact(move |tx| notices::mark_read(tx, user, &cause, notice))
    };
    assert_eq!(refusal(mark(boris)), "not_found");
    mark(anna).unwrap();
    mark(anna).unwrap();
    assert_eq!((count(anna), count(boris)), (0, 1));
    assert_eq!(office.facts(notice), ["created", "notified", "changed"]);
    let (cause, until) = (office.system(), office.house.clock.now());
    assert_eq!(office.house.transact(move |tx| notices::mark_all_read(tx, boris, &cause, until)).unwrap(), 1);
    assert_eq!(count(boris), 0);
}

#[test]
fn a_notice_without_people_or_card_is_refused() {
    let office = Office::open();
    let tell = |users: Vec<UserId>, about: ItemRef| {
        let cause = office.system();
        office.house.transact(move |tx| notices::notify(tx, &cause, &users, about, &Label::same("x".repeat(400)), false))
    };
    assert_eq!(refusal(tell(vec![NOBODY], office.deal)), "nobody_to_tell");
    assert_eq!(refusal(tell(vec![office.anna.id], ItemRef::new(kind::DEAL, 404))), "not_found");
    let long = tell(vec![office.anna.id], ItemRef::default()).unwrap();
    assert_eq!(long[0].title().chars().count(), 255);
    let query = Query::of(kind::NOTIFICATION).filter(Filter::is("responsible", Op::Eq, Value::user(office.anna.id)));
    assert_eq!(office.house.read(|read| read.items(&Rights::system(), &query)).unwrap().len(), 1);
}

// ── webhooks ──

#[test]
fn a_webhook_opens_only_with_its_own_secret() {
    let office = Office::open();
    let (anna, now, chance) = (office.anna.id, office.house.clock.now(), office.house.chance.clone());
    let (webhook, secret) = office.house.transact(move |tx| webhooks::create(tx, &*chance, anna, &["CRM".into(), " user".into()], "Сайт", now)).unwrap();
    assert_eq!(webhook.scopes, ["crm", "user"]);
    assert!(secret.len() == 22 && secret.chars().all(|letter| letter.is_ascii_alphanumeric()), "{secret}");
    let find = |user: UserId, secret: &str| office.house.read(|read| webhooks::find(read, user, secret, office.house.clock.now())).unwrap();
    let (found, user, rights) = find(anna, &secret).unwrap();
    assert_eq!((found.id, user.id, rights.scope(kind::DEAL, Action::Read)), (webhook.id, anna, Scope::Own));
    assert!(find(office.boris.id, &secret).is_none());
    assert!(find(anna, "").is_none());
    assert!(find(anna, &secret.to_lowercase()).is_none());
    office.clock.advance(5);
    let mut off = crm::Webhook { active: false, ..webhook };
    office.house.transact(move |tx| tx.put_webhook(&mut off)).unwrap();
    assert!(find(anna, &secret).is_none());
}

#[test]
fn a_webhook_needs_a_user_and_scopes() {
    let office = Office::open();
    let create = |user: UserId, scopes: &[&str]| {
        let (chance, now) = (office.house.chance.clone(), office.house.clock.now());
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        office.house.transact(move |tx| webhooks::create(tx, &*chance, user, &scopes, "", now))
    };
    assert_eq!(refusal(create(NOBODY, &["crm"])), "unknown_user");
    assert_eq!(refusal(create(office.anna.id, &[])), "wrong_scopes");
    assert_eq!(refusal(create(office.anna.id, &["c r m"])), "wrong_scopes");
    assert_eq!(door::SESSION, Duration::from_secs(2_592_000));
}
