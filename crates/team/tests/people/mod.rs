//! Roles, offices, substitutes, dismissal and invitations against the real database in memory.

use crate::common::{NOBODY, Office};
use crm::{Action, Department, Fault, Item, ItemRef, Label, Moment, Query, Rights, Role, Scope, User, UserId, Value, Values, code, kind};
use std::time::Duration;
use team::{dismissal, invitation, journal, offices, roles, staff, tasks, webhooks, why};

fn refusal<T: std::fmt::Debug>(outcome: crm::Outcome<T>) -> String {
    match outcome {
        Err(Fault::Refused(refusal)) => refusal.code.into_owned(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Olga, who may do everything.
fn olga(office: &Office) -> User {
    office
        .house
        .transact(|tx| {
            tx.put_role(&Role { code: "admin".into(), title: Label::new("Администратор", "Administrator"), admin: true, ..Role::default() })?;
            let mut olga = User { login: "olga".into(), first_name: "Ольга".into(), role: "admin".into(), active: true, ..User::default() };
            staff::hire(tx, &mut olga)?;
            Ok(olga)
        })
        .unwrap()
}

fn deals(office: &Office, count: i64, of: UserId) -> Vec<ItemRef> {
    let cause = office.system();
    office
        .house
        .transact(move |tx| {
            (0..count)
                .map(|number| {
                    let values = Values::from([(code::TITLE, Value::text(format!("Сделка {number}"))), (code::RESPONSIBLE, Value::user(of))]);
                    crm::item::create(tx, &Rights::system(), &cause, kind::DEAL, &values).map(|item| item.at())
                })
                .collect()
        })
        .unwrap()
}

fn held_by(office: &Office, user: UserId) -> usize {
    let query = Query::of(kind::DEAL).filter(crm::Filter::is(code::RESPONSIBLE, crm::Op::Eq, Value::user(user))).limit(500);
    office.house.read(|read| read.items(&Rights::system(), &query)).unwrap().len()
}

// ── dismissal ──

#[test]
fn whoever_leaves_hands_over_everything_and_comes_back_with_all_of_it() {
    let office = Office::open();
    let olga = olga(&office);
    let (anna, boris) = (office.anna.id, office.boris.id);
    let made = deals(&office, 30, anna);
    let cause = office.cause(&olga);
    let mine = cause.clone();
    // Ivanov's deal has a task, done and not done; only the open one is handed over.
    let (open, done) = office
        .house
        .transact(move |tx| {
            let give = |tx: &mut dyn crm::Tx, title: &str| {
                let wanted = tasks::Wanted { about: None, to: anna, title, description: "", deadline: None };
                tasks::create(tx, &Rights::system(), &mine, &wanted).map(|task| task.at())
            };
            let (open, done) = (give(tx, "Позвонить")?, give(tx, "Уже сделано")?);
            tasks::move_to(tx, &Rights::system(), &mine, done, "completed")?;
            Ok((open, done))
        })
        .unwrap();
    let (token, _) = team::door::sign_in(&office.house, &team::Limiter::new(), "anna", "Верный-пароль-1", "", "").unwrap();
    let estate = office.house.read(|read| dismissal::estate(read, anna)).unwrap();
    let counts: Vec<_> = estate.groups.iter().map(|(kind, count)| (*kind, count.counted)).collect();
    assert_eq!(counts, [(kind::DEAL, 31), (kind::CONTACT, 1), (kind::TASK, 1)]);
    let since = office.house.read(|read| read.latest()).unwrap();

    let first = cause.clone();
    let begun = office.house.transact(move |tx| dismissal::begin(tx, &first, anna, &[boris])).unwrap();
    assert_eq!((begun.state, begun.total), (dismissal::State::Running, 33));
    let now = office.house.now();
    assert_eq!(office.house.read(|read| team::door::who(read, &token, now)).unwrap(), None, "the session ends at once");
    // Step by step, as the page does it.
    let mut steps = 0;
    loop {
        let again = cause.clone();
        steps += 1;
        let one = office.house.transact(move |tx| dismissal::step(tx, &again, anna, 10)).unwrap();
        if !one.state.goes_on() {
            assert_eq!(one.moved, 33);
            break;
        }
    }
    assert!(steps > 3, "{steps}");
    assert_eq!((held_by(&office, anna), held_by(&office, boris)), (0, 31));
    assert_eq!((office.item(open).responsible(), office.item(done).responsible()), (boris, anna), "what is done stays his");
    assert_eq!(office.item(office.ivanov).responsible(), boris);
    let events = office.house.read(|read| read.events_after(since, 500)).unwrap();
    assert!(events.iter().all(|event| event.quiet), "no rule answers to a hand-over");

    // One of them is given on meanwhile: it stays where it is.
    let (given_on, to, mine) = (made[3], olga.id, cause.clone());
    office
        .house
        .transact(move |tx| crm::item::change(tx, &Rights::system(), &mine, given_on, &Values::from([(code::RESPONSIBLE, Value::user(to))])).map(drop))
        .unwrap();
    let back = cause.clone();
    office.house.transact(move |tx| dismissal::undo(tx, &back, anna).map(drop)).unwrap();
    while {
        let again = cause.clone();
        office.house.transact(move |tx| dismissal::step(tx, &again, anna, 7)).unwrap().state.goes_on()
    } {}
    assert_eq!((held_by(&office, anna), held_by(&office, boris), held_by(&office, olga.id)), (30, 0, 1));
    assert!(office.house.read(|read| read.user(anna)).unwrap().unwrap().active);
    assert_eq!(office.house.read(|read| dismissal::of(read, anna)).unwrap().unwrap().state, dismissal::State::Undone);
}

#[test]
fn two_heirs_share_and_a_client_stays_whole() {
    let office = Office::open();
    let olga = olga(&office);
    deals(&office, 40, office.anna.id);
    let (cause, anna, heirs) = (office.cause(&olga), office.anna.id, [office.boris.id, olga.id]);
    office.house.transact(move |tx| dismissal::dismiss(tx, &cause, anna, &heirs)).unwrap();
    let (first, second) = (held_by(&office, office.boris.id), held_by(&office, olga.id));
    assert!(first + second == 41 && first.abs_diff(second) <= 2, "{first} and {second}");
    assert_eq!(office.item(office.deal).responsible(), office.item(office.ivanov).responsible());
}

#[test]
fn a_dismissal_is_refused_when_it_would_leave_something_or_somebody_behind() {
    let office = Office::open();
    let olga = olga(&office);
    let begin = |by: &User, user: UserId, heirs: Vec<UserId>| {
        let cause = office.cause(by);
        office.house.transact(move |tx| dismissal::begin(tx, &cause, user, &heirs))
    };
    assert_eq!(refusal(begin(&olga, olga.id, vec![office.boris.id])), "own_dismissal");
    assert_eq!(refusal(begin(&olga, office.anna.id, vec![])), "no_heir");
    assert_eq!(refusal(begin(&olga, office.anna.id, vec![office.anna.id])), "unknown_heir");
    assert_eq!(refusal(begin(&olga, office.anna.id, vec![NOBODY])), "unknown_heir");
    assert_eq!(refusal(begin(&office.boris, olga.id, vec![office.boris.id])), "last_administrator");
    assert!(office.house.read(|read| read.user(olga.id)).unwrap().unwrap().active, "a refused dismissal leaves no trace");
}

#[test]
fn a_head_and_a_script_of_his_are_gone_with_him() {
    let office = Office::open();
    let olga = olga(&office);
    let (cause, boris, chance, now) = (office.cause(&olga), office.boris.id, office.house.chance.clone(), office.house.now());
    let secret = office
        .house
        .transact(move |tx| {
            let mut sales = tx.departments()?.into_iter().find(|one| one.code == "sales").unwrap();
            sales.head = boris;
            tx.put_department(&mut sales)?;
            let secret = webhooks::create(tx, &*chance, boris, &["crm".into()], "скрипт", now)?.1;
            dismissal::dismiss(tx, &cause, boris, &[])?;
            Ok(secret)
        })
        .unwrap();
    assert_eq!(office.house.read(|read| webhooks::find(read, boris, &secret, now)).unwrap(), None);
    let head = || office.house.read(|read| read.departments()).unwrap().into_iter().find(|one| one.code == "sales").unwrap().head;
    assert_eq!(head(), UserId::SYSTEM);
    let cause = office.cause(&olga);
    office.house.transact(move |tx| dismissal::undo(tx, &cause, boris)).unwrap();
    assert_eq!(head(), boris);
}

// ── places in a role ──

#[test]
fn the_nearest_place_of_a_role_counts() {
    let office = Office::open();
    let schema = office.house.read(|read| Ok(read.schema())).unwrap();
    let pipeline = schema.default_pipeline(kind::DEAL).unwrap();
    let (first, last) = (&pipeline.stages[0], pipeline.stages.last().unwrap());
    let mut role = Role { code: "careful".into(), title: Label::new("Осторожный", "Careful"), ..Role::default() };
    role.may.insert("*".into(), [(Action::Read, Scope::All)].into());
    role.may.insert("deal".into(), [(Action::Read, Scope::All), (Action::Change, Scope::Own)].into());
    role.may.insert(format!("deal/{}", pipeline.code), [(Action::Change, Scope::All)].into());
    role.may.insert(format!("deal/{}/{}", pipeline.code, last.code), [(Action::Change, Scope::None)].into());
    role.may.insert("deal/nowhere/AT_ALL".into(), [(Action::Delete, Scope::All)].into());
    let mut anna = User { role: "careful".into(), ..office.anna.clone() };
    office
        .house
        .transact(move |tx| {
            tx.put_role(&role)?;
            tx.put_user(&mut anna)
        })
        .unwrap();
    let rights = office.rights(&office.house.read(|read| read.user(office.anna.id)).unwrap().unwrap());
    let scope = |stage: crm::StageId| rights.scope_at(kind::DEAL, Action::Change, Some(pipeline.id), Some(stage));
    assert_eq!((scope(first.id), scope(last.id)), (Scope::All, Scope::None));
    assert_eq!(rights.scope(kind::DEAL, Action::Delete), Scope::None, "a place that is not there gives nothing");
    assert_eq!((rights.scope(kind::CONTACT, Action::Read), rights.scope(kind::CONTACT, Action::Change)), (Scope::All, Scope::None));
    // A move needs the right where it stands and where it goes, whoever asks: the command and the change alike.
    let (deal, to, cause) = (office.deal, last.id, office.cause(&office.anna));
    let (mine, by) = (rights.clone(), cause.clone());
    assert_eq!(refusal(office.house.transact(move |tx| crm::stage::move_to(tx, &mine, &by, deal, to))), "access_denied");
    let values = Values::from([(code::STAGE, Value::text(to.to_string()))]);
    assert_eq!(refusal(office.house.transact(move |tx| crm::item::change(tx, &rights, &cause, deal, &values))), "access_denied");
}

#[test]
fn what_changed_in_a_role_stands_in_the_log() {
    let office = Office::open();
    let olga = olga(&office);
    let cause = office.cause(&olga);
    office
        .house
        .transact(move |tx| {
            let mut operator = tx.roles()?.into_iter().find(|role| role.code == "operator").unwrap();
            operator.may.get_mut("deal").unwrap().insert(Action::Change, Scope::None);
            operator.hidden_groups.insert("passport".into());
            roles::save(tx, &cause, &operator)
        })
        .unwrap();
    let lines = office.house.read(|read| journal::lines(read, journal::of_role("operator"), None, 10)).unwrap();
    let crm::Fact::Changed { changes } = &lines[0].fact else { panic!("{lines:?}") };
    let told: Vec<_> = changes.iter().map(|change| (change.field.as_str(), change.old.as_text().unwrap_or(""), change.new.as_text().unwrap_or(""))).collect();
    assert_eq!(told, [("hidden_groups", "", "passport"), ("deal change", "own", "none")]);
    assert_eq!((lines.len(), lines[0].by.user()), (1, olga.id));
    // Saving it again changes nothing and writes nothing.
    let cause = office.cause(&olga);
    office
        .house
        .transact(move |tx| {
            let operator = tx.roles()?.into_iter().find(|role| role.code == "operator").unwrap();
            roles::save(tx, &cause, &operator)
        })
        .unwrap();
    assert_eq!(office.house.read(|read| journal::lines(read, journal::of_role("operator"), None, 10)).unwrap().len(), 1);
}

#[test]
fn the_last_administrator_cannot_be_talked_out_of_it() {
    let office = Office::open();
    let olga = olga(&office);
    let cause = office.cause(&olga);
    let mut humble = User { role: "operator".into(), ..olga.clone() };
    let by = cause.clone();
    assert_eq!(refusal(office.house.transact(move |tx| staff::change(tx, &by, &mut humble))), "last_administrator");
    assert_eq!(
        refusal(office.house.transact(move |tx| {
            let mut role = tx.roles()?.into_iter().find(|role| role.code == "admin").unwrap();
            role.admin = false;
            roles::save(tx, &cause, &role)
        })),
        "last_administrator"
    );
    assert!(office.rights(&olga).admin);
}

// ── offices and substitutes ──

#[test]
fn a_ring_of_departments_is_refused_and_a_branch_moves_in_one_step() {
    let office = Office::open();
    let olga = olga(&office);
    let cause = office.cause(&olga);
    let by = cause.clone();
    let (top, low) = office
        .house
        .transact(move |tx| {
            let mut top = Department { title: Label::new("Офис Алматы", ""), office: true, ..Department::default() };
            offices::save(tx, &by, &mut top)?;
            let mut low = Department { title: Label::new("Продажи Алматы", ""), parent: top.id, ..Department::default() };
            offices::save(tx, &by, &mut low)?;
            Ok((top.id, low.id))
        })
        .unwrap();
    let by = cause.clone();
    assert_eq!(refusal(office.house.transact(move |tx| offices::move_under(tx, &by, top, low))), "ring");
    let by = cause.clone();
    assert_eq!(refusal(office.house.transact(move |tx| offices::move_under(tx, &by, top, top))), "ring");
    let mut anna = User { department: low, ..office.anna.clone() };
    let by = cause.clone();
    office.house.transact(move |tx| staff::change(tx, &by, &mut anna)).unwrap();
    let rights = || office.rights(&office.house.read(|read| read.user(office.anna.id)).unwrap().unwrap());
    assert_eq!((rights().office, rights().offices), (top, [top].into()));
    office.house.transact(move |tx| offices::move_under(tx, &cause, low, 0)).unwrap();
    assert_eq!((rights().office, rights().offices.len()), (0, 0), "rights follow the tree at once");
}

#[test]
fn a_substitute_stands_in_only_while_the_other_is_away_and_for_whom_he_stands_in_for() {
    let office = Office::open();
    let olga = olga(&office);
    let now = office.house.now();
    let (mut anna, mut boris) = (office.anna.clone(), office.boris.clone());
    // Olga stands in for Boris, who stands in for Anna; both are away.
    (anna.substitute, anna.away_from, anna.away_until) = (boris.id, Some(now), Some(now.plus(Duration::from_secs(3_600))));
    (boris.substitute, boris.away_from) = (olga.id, Some(now));
    office
        .house
        .transact(move |tx| {
            tx.put_user(&mut anna)?;
            tx.put_user(&mut boris)
        })
        .unwrap();
    let stands_for = |at: Moment| office.house.read(|read| staff::rights_of(read, &olga, at)).unwrap().stands_for;
    assert_eq!(stands_for(now), [office.anna.id, office.boris.id].into());
    assert_eq!(stands_for(now.plus(Duration::from_secs(3_601))), [office.boris.id].into());
    assert_eq!(stands_for(now.minus(Duration::from_secs(1))), [].into());
}

#[test]
fn why_somebody_sees_or_does_not_see_is_a_whole_sentence() {
    let office = Office::open();
    let now = office.house.now();
    let deal: Item = office.item(office.deal);
    let told = |user: UserId| office.house.read(|read| why::why(read, &Rights::system(), user, &deal, now)).unwrap();
    assert_eq!(told(office.anna.id).ru, "Анна: отвечает за запись");
    assert_eq!(told(office.boris.id).en, "Борис: sees all deals (role Head of sales)");
    let stranger = office
        .house
        .transact(|tx| {
            let mut user = User { login: "vera".into(), first_name: "Вера".into(), role: "operator".into(), active: true, ..User::default() };
            staff::hire(tx, &mut user)?;
            Ok(user)
        })
        .unwrap();
    assert_eq!(told(stranger.id).ru, "Вера не видит запись: открыты только свои записи (роль «Оператор заявок»)");
    let blind = office.rights(&stranger);
    assert_eq!(refusal(office.house.read(|read| why::why(read, &blind, office.anna.id, &deal, now))), "not_found", "who may not see it may not ask");
}

// ── invitations ──

#[test]
fn an_invitation_lets_in_once_and_for_a_week() {
    let office = Office::open();
    let boris = office.house.read(|read| read.user(office.boris.id)).unwrap().unwrap();
    let invite = || invitation::invite(&office.house.firm, &boris, office.house.now());
    let accept = |word: &str, password: &str| invitation::accept(&office.house, word, password, "10.0.0.1", "Firefox");
    let word = invite();
    assert_eq!(refusal(accept(&word, "short")), "weak_password");
    for forged in
        [word.replacen(&format!("{}-", boris.id), &format!("{}-", office.anna.id), 1), word.replace('-', "_"), "2-9999999999-00".into(), String::new()]
    {
        assert_eq!(refusal(accept(&forged, "Новый-пароль-7")), "invitation_over", "{forged}");
    }
    let (token, user) = accept(&word, "Новый-пароль-7").unwrap();
    let now = office.house.now();
    assert_eq!((user.id, office.house.read(|read| team::door::who(read, &token, now)).unwrap().unwrap().0.id), (boris.id, boris.id));
    assert_eq!(refusal(accept(&word, "Другой-пароль-8")), "invitation_over", "a used link is over");
    let old = invitation::invite(&office.house.firm, &user, office.house.now());
    office.clock.advance(7 * 24 * 60);
    assert_eq!(refusal(accept(&old, "Другой-пароль-8")), "invitation_over");
}

// ── speed ──

#[test]
fn two_thousand_people_in_two_hundred_offices_do_not_slow_a_request() {
    let office = Office::open();
    let last = office
        .house
        .transact(|tx| {
            let mut top = Department { code: "network".into(), title: Label::new("Сеть", "Network"), ..Department::default() };
            tx.put_department(&mut top)?;
            tx.put_role(&Role {
                code: "region".into(),
                title: Label::new("Регион", "Region"),
                may: [("*".to_owned(), [(Action::Read, Scope::Departments), (Action::Change, Scope::Offices)].into())].into(),
                ..Role::default()
            })?;
            for number in 0..200 {
                let mut one =
                    Department { code: format!("o{number}"), title: Label::new("Офис", "Office"), parent: top.id, office: true, ..Department::default() };
                tx.put_department(&mut one)?;
                for place in 0..10 {
                    let login = format!("u{number}-{place}");
                    let mut user = User { login, first_name: "Имя".into(), role: "operator".into(), department: one.id, active: true, ..User::default() };
                    tx.put_user(&mut user)?;
                }
            }
            let mut boss =
                User { login: "region".into(), first_name: "Ян".into(), role: "region".into(), department: top.id, active: true, ..User::default() };
            tx.put_user(&mut boss)?;
            Ok(boss)
        })
        .unwrap();
    let now = office.house.now();
    let rights = office.rights(&last);
    assert_eq!((rights.departments.len(), rights.offices.len()), (2_001, 200));
    let begun = std::time::Instant::now();
    for _ in 0..50 {
        office.house.read(|read| staff::rights_of(read, &last, now)).unwrap();
    }
    let each = begun.elapsed() / 50;
    assert!(each < Duration::from_millis(50), "{each:?}");
}
