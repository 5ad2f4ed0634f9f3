//! Mass actions: what they do, whom they obey, how they stop and how they are taken back.

use crate::office::{Dice, Office, who};
use crm::{Command, Fact, Filter, Item, ItemRef, Op, Outcome, Rights, Value, Values, code, kind};
use exchange::operations::{Operation, Pace, State, cancel, list, notes, open, run, start, undo};
use exchange::{Act, Plan, What};
use std::collections::BTreeMap;
use std::time::Duration;

fn change(field: &str, value: Value) -> Act {
    Act::Change { values: Values::from([(field, value)]) }
}

fn begin(office: &Office, by: crm::UserId, plan: Plan) -> Outcome<i64> {
    let (rights, cause) = (office.rights(by), office.cause(by));
    office.house.transact(move |tx| start(tx, &rights, &cause, &plan)).map(|item| item.id)
}

fn take_back(office: &Office, by: crm::UserId, id: i64) -> Outcome<Item> {
    office.later(Duration::from_secs(1));
    let (rights, cause) = (office.rights(by), office.cause(by));
    office.house.transact(move |tx| undo(tx, &rights, &cause, id))
}

fn now(office: &Office, id: i64) -> Operation {
    office.house.read(|read| open(read, &Rights::system(), id)).unwrap()
}

fn deals(office: &Office, count: usize) -> Vec<ItemRef> {
    (0..count)
        .map(|number| {
            let person = if number % 3 == 0 { office.boris } else { office.anna };
            office.create(
                kind::DEAL,
                Values::from([
                    (code::TITLE, Value::text(format!("Долг {number}"))),
                    (code::AMOUNT, Value::money(i64::try_from(number).unwrap() * 100)),
                    (code::RESPONSIBLE, Value::user(person)),
                ]),
            )
        })
        .collect()
}

/// All answers but those that tell when and by whom it was touched last.
fn answers(office: &Office, kind: crm::EntityTypeId) -> BTreeMap<i64, Values> {
    let kept = |mut item: Item| {
        for field in [code::UPDATED_AT, code::UPDATED_BY] {
            item.values.0.remove(field);
        }
        (item.id, item.values)
    };
    office.all(kind).into_iter().map(kept).collect()
}

#[test]
fn a_change_of_a_filtered_set_counts_what_it_did_and_every_event_hangs_on_its_root() {
    let office = Office::open();
    let made = deals(&office, 400);
    let filter = Filter::is(code::AMOUNT, Op::Lt, Value::money(30_000));
    let plan = Plan { kind: kind::DEAL, what: What::Fits(filter), act: change("source", Value::text("Сайт")), quiet: false };
    let id = begin(&office, office.boris, plan).unwrap();
    assert_eq!((now(&office, id).state, now(&office, id).total()), (State::Waiting, Some(300)));
    office.change(made[0], Values::from([("source", Value::text("Сайт"))]));
    // What comes later is not touched, though it fits.
    let later = office.create(kind::DEAL, Values::from([(code::AMOUNT, Value::money(1))]));
    office.work();
    let operation = now(&office, id);
    assert_eq!((operation.state, operation.count("done"), operation.count("skipped"), operation.count("failed")), (State::Done, 299, 1, 0));
    assert_eq!(office.item(made[299]).unwrap().values.text("source"), "Сайт");
    assert_eq!(office.item(made[300]).unwrap().values.text("source"), "");
    assert_eq!(office.item(later).unwrap().values.text("source"), "");
    let root = crm::Seq(operation.count("log"));
    let chain = office.house.read(|read| read.chain(root, None, 1_000)).unwrap();
    assert_eq!(chain.iter().filter(|event| matches!(event.fact, Fact::Changed { .. })).count(), 299);
}

#[test]
fn the_starters_rights_decide_record_by_record_and_the_reasons_are_kept_in_words() {
    let office = Office::open();
    let made = deals(&office, 30);
    let ids = made.iter().map(|at| at.id).chain([9_999]).collect();
    let id = begin(&office, office.anna, Plan { kind: kind::DEAL, what: What::Ids(ids), act: Act::Delete, quiet: false }).unwrap();
    office.work();
    let operation = now(&office, id);
    assert_eq!((operation.state, operation.count("done"), operation.count("failed")), (State::Done, 20, 11));
    let why = office.house.read(|read| notes(read, id, false, 1_000)).unwrap();
    assert_eq!(why.len(), 11);
    assert!(why[0].why.ru.contains("права удалять") && why[0].title == "Долг 0", "{why:?}");
    assert!(why[10].why.ru.contains("не найдена") && why[10].at == 9_999, "{why:?}");
}

#[test]
fn others_neither_see_nor_stop_nor_undo_my_operation() {
    let office = Office::open();
    let made = deals(&office, 3);
    let plan = Plan { kind: kind::DEAL, what: What::Ids(vec![made[0].id]), act: change("source", Value::text("x")), quiet: false };
    let id = begin(&office, office.boris, plan).unwrap();
    let (anna, cause) = (office.rights(office.anna), office.cause(office.anna));
    assert!(office.house.read(|read| open(read, &anna, id)).is_err());
    assert!(office.house.read(|read| list(read, &anna, None, 50)).unwrap().is_empty());
    assert!(office.house.transact(move |tx| cancel(tx, &anna, &cause, id)).is_err());
    assert!(take_back(&office, office.anna, id).is_err());
    office.work();
    assert_eq!(now(&office, id).state, State::Done);
}

#[test]
fn a_stopped_operation_does_nothing_more_and_what_it_did_can_be_taken_back() {
    let office = Office::open();
    deals(&office, 2_000);
    let before = answers(&office, kind::DEAL);
    let plan = Plan { kind: kind::DEAL, what: What::Fits(Filter::Any), act: change("comment", Value::text("всем")), quiet: true };
    let id = begin(&office, office.boris, plan).unwrap();
    let moment = office.house.now();
    let job = office.house.transact(move |tx| tx.claim_jobs(moment, moment.plus(Duration::from_secs(90)), 1)).unwrap().pop().unwrap();
    assert_eq!(run(&office.house, &who(), id, Some(&job)).unwrap(), Pace::More);
    let (rights, cause) = (office.rights(office.boris), office.cause(office.boris));
    office.house.transact(move |tx| cancel(tx, &rights, &cause, id)).unwrap();
    office.work();
    let operation = now(&office, id);
    assert_eq!((operation.state, operation.count("done")), (State::Cancelled, 1_200));
    take_back(&office, office.boris, id).unwrap();
    office.work();
    assert_eq!((now(&office, id).state, now(&office, id).count("undone")), (State::Undone, 1_200));
    assert_eq!(answers(&office, kind::DEAL), before);
    assert!(take_back(&office, office.boris, id).is_err(), "twice is refused");
}

#[test]
fn a_worker_whose_lease_was_lost_does_nothing() {
    let office = Office::open();
    deals(&office, 10);
    let plan = Plan { kind: kind::DEAL, what: What::Fits(Filter::Any), act: change("comment", Value::text("раз")), quiet: true };
    let id = begin(&office, office.boris, plan).unwrap();
    let claim = || {
        let moment = office.house.now();
        office.house.transact(move |tx| tx.claim_jobs(moment, moment.plus(Duration::from_secs(90)), 1)).unwrap().pop().unwrap()
    };
    let old = claim();
    office.later(Duration::from_secs(91));
    let new = claim();
    assert_eq!(run(&office.house, &who(), id, Some(&old)).unwrap(), Pace::Over);
    assert_eq!(now(&office, id).count("done"), 0);
    run(&office.house, &who(), id, Some(&new)).unwrap();
    assert_eq!((now(&office, id).state, now(&office, id).count("done")), (State::Done, 10));
}

#[test]
fn undo_leaves_what_somebody_changed_since_and_lists_it() {
    let office = Office::open();
    let made = deals(&office, 5);
    let ids = made.iter().map(|at| at.id).collect();
    let values = Values::from([("source", Value::text("Сайт")), (code::AMOUNT, Value::money(77))]);
    let id = begin(&office, office.boris, Plan { kind: kind::DEAL, what: What::Ids(ids), act: Act::Change { values }, quiet: false }).unwrap();
    office.work();
    office.change(made[2], Values::from([("source", Value::text("Звонок"))]));
    take_back(&office, office.boris, id).unwrap();
    office.work();
    let operation = now(&office, id);
    assert_eq!((operation.state, operation.count("undone"), operation.count("kept")), (State::Undone, 4, 1));
    assert_eq!(office.item(made[2]).unwrap().values.text("source"), "Звонок");
    assert_eq!(office.item(made[2]).unwrap().values.get(code::AMOUNT), &Value::money(77));
    assert_eq!(office.item(made[1]).unwrap().values.get(code::AMOUNT), &Value::money(100));
    let kept = office.house.read(|read| notes(read, id, true, 10)).unwrap();
    assert!(kept.len() == 1 && kept[0].at == made[2].id && kept[0].why.ru.contains("Источник"), "{kept:?}");
}

#[test]
fn an_operation_older_than_thirty_days_stays() {
    let office = Office::open();
    let made = deals(&office, 1);
    let id = begin(&office, office.boris, Plan { kind: kind::DEAL, what: What::Ids(vec![made[0].id]), act: Act::Delete, quiet: false }).unwrap();
    office.work();
    office.later(Duration::from_secs(31 * 86_400));
    let crm::Fault::Refused(refusal) = take_back(&office, office.boris, id).unwrap_err() else { panic!("it is refused") };
    assert_eq!(refusal.code, "operation_old");
}

#[test]
fn an_operation_of_somebody_who_left_fails_with_the_reason() {
    let office = Office::open();
    let made = deals(&office, 1);
    let anna = office.anna;
    let id = begin(&office, anna, Plan { kind: kind::DEAL, what: What::Ids(vec![made[0].id]), act: Act::Delete, quiet: false }).unwrap();
    office
        .house
        .transact(move |tx| {
            let mut user = tx.user(anna)?.unwrap();
            user.active = false;
            tx.put_user(&mut user)
        })
        .unwrap();
    office.work();
    let operation = now(&office, id);
    assert_eq!(operation.state, State::Failed);
    assert!(operation.item.values.text("reason").contains("больше не работает"));
    assert!(office.item(made[0]).is_some());
}

#[test]
fn nobody_can_forge_an_operation_by_hand() {
    let office = Office::open();
    let made = deals(&office, 1);
    let id = begin(&office, office.anna, Plan { kind: kind::DEAL, what: What::Ids(vec![made[0].id]), act: Act::Delete, quiet: false }).unwrap();
    let (mut rights, cause) = (office.rights(office.anna), office.cause(office.anna));
    rights.grants.insert((kind::OPERATION, crm::Action::Change), crm::Grant::of(crm::Scope::All));
    rights.grants.insert((kind::OPERATION, crm::Action::Read), crm::Grant::of(crm::Scope::All));
    let values = Values::from([("starter", Value::user(office.boris))]);
    let command = Command::Change { item: ItemRef::new(kind::OPERATION, id), values };
    assert!(office.house.command(&rights, &cause, command).is_err());
}

/// Random plans over random records, several on top of each other; taken back in reverse order they leave nothing behind.
#[test]
fn random_plans_taken_back_give_the_database_back() {
    let office = Office::open();
    let dice = Dice::new(20_261_125);
    deals(&office, 60);
    for number in 0..20 {
        let phones = Value::Many(vec![Value::text(format!("+7999000{number:04}"))]);
        office.create(kind::CONTACT, Values::from([("last_name", Value::text(format!("Иванов {number}"))), (code::PHONE, phones)]));
    }
    let stages = office.stages();
    for round in 0..25 {
        let before = (answers(&office, kind::DEAL), answers(&office, kind::CONTACT));
        let mut begun = Vec::new();
        for _ in 0..=dice.roll(3) {
            let of = if dice.roll(4) == 0 { kind::CONTACT } else { kind::DEAL };
            let act = match dice.roll(if of == kind::DEAL { 5 } else { 4 }) {
                0 => change("comment", Value::text(format!("круг {round}"))),
                1 => change("source", if dice.roll(2) == 0 { Value::Null } else { Value::text("Сайт") }),
                2 => Act::AddObserver { user: office.anna },
                3 if of == kind::CONTACT => change(code::PHONE, Value::text(format!("+7999111{:04}", dice.roll(9_999)))),
                3 => Act::Delete,
                _ => Act::Move { stage: stages[dice.roll(stages.len())], values: Values::new() },
            };
            let what = match dice.roll(2) {
                0 => What::Ids((0..=dice.roll(30)).map(|_| i64::try_from(dice.roll(70)).unwrap() + 1).collect()),
                _ => What::Fits(Filter::is(code::ID, Op::Ge, Value::Int(i64::try_from(dice.roll(60)).unwrap()))),
            };
            if let Ok(id) = begin(&office, office.boris, Plan { kind: of, what, act, quiet: dice.roll(2) == 0 }) {
                office.work();
                assert_eq!(now(&office, id).state, State::Done);
                begun.push(id);
            }
        }
        for id in begun.into_iter().rev() {
            take_back(&office, office.boris, id).unwrap();
            office.work();
            assert_eq!((now(&office, id).state, now(&office, id).count("kept")), (State::Undone, 0), "round {round}");
        }
        let after = (answers(&office, kind::DEAL), answers(&office, kind::CONTACT));
        for (was, is) in [(before.0, after.0), (before.1, after.1)] {
            assert_eq!(was.keys().collect::<Vec<_>>(), is.keys().collect::<Vec<_>>(), "round {round}");
            for (id, values) in was {
                assert_eq!(values, is[&id], "round {round}, record {id}");
            }
        }
    }
}
