//! Programs and events thrown together by chance: whatever users set up, some things must always be true.

use crate::common::{Also, Office, on_change, on_webhook, robot, says};
use crm::{Fact, Filter, ItemRef, Lane, Op, Rule, StepState, Timing, Value, Values};
use std::collections::BTreeMap;

/// Chance with a seed: a world that fails can be lived again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % count
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const STAGES: [&str; 8] = ["NEW", "WORK", "CONSULT", "OFFER", "CONTRACT", "WON", "JUNK", "LOST"];
const REGIONS: [&str; 3] = ["Москва", "Тула", "Казань"];

fn writes(field: &str, value: &str) -> Rule {
    let row = Values::from([("field", Value::text(field)), ("value", Value::text(value))]);
    robot("modify_item", Values::from([("values", Value::Many(vec![Value::Record(row)]))]))
}

fn any_rule(dice: &mut Dice, office: &Office, own: &str) -> Rule {
    let rule = match dice.below(12) {
        0 => on_webhook(dice.one(&["a", "b"])),
        1 => on_change(dice.one(&["region", "amount"])),
        2 => writes("region", dice.one(&REGIONS)),
        3 => writes("consultation_at", dice.one(&["", "{{Сейчас}}", "2026-11-26 10:00"])),
        4 => robot("wait", Values::from([("span", Value::text(dice.one(&["1s", "10m", "3h"])))])),
        5 => {
            let others: Vec<&str> = STAGES.into_iter().filter(|stage| *stage != own).collect();
            robot("change_stage", Values::from([("stage", Value::Int(office.stage(dice.one(&others)).0))]))
        }
        6 => writes("comment", "{{close_date}}"),
        _ => says("привет"),
    };
    let timing = match dice.below(5) {
        0 => Timing::After { seconds: dice.one(&[1, 600, 90_000]) },
        1 => Timing::Before { field: "consultation_at".into(), seconds: 600 },
        2 => Timing::AfterField { field: "consultation_at".into(), seconds: 600 },
        _ => Timing::AtOnce,
    };
    rule.also(|rule| {
        rule.timing = timing;
        rule.lane = dice.one(&[Lane::Wait, Lane::Parallel]);
        rule.survives = dice.below(4) == 0;
        rule.allow_back = dice.below(2) == 0;
        rule.ignore_rules = dice.below(4) == 0;
        rule.condition = if dice.below(4) == 0 { Filter::is("region", Op::Eq, Value::text(dice.one(&REGIONS))) } else { Filter::Any };
    })
}

fn anything_happens(dice: &mut Dice, office: &mut Office, deal: ItemRef) {
    match dice.below(7) {
        0 => office.move_to(deal, dice.one(&STAGES[..6])),
        1 => office.change(deal, "region", Value::text(dice.one(&REGIONS))),
        2 => office.change(deal, "amount", Value::money(i64::try_from(dice.below(9)).unwrap())),
        3 => office.change(
            deal,
            "consultation_at",
            dice.one(&[None, Some(office.now), Some(office.now.plus(crate::common::minutes(30)))]).map(Value::moment).unwrap_or_default(),
        ),
        4 => office.call_webhook(deal, dice.one(&["a", "b"])),
        5 => office.now = office.now.plus(crate::common::minutes(dice.below(200))),
        _ => office.settle(),
    }
}

/// What must be true whenever the rules have come to rest.
fn must_be_true(office: &Office, deal: ItemRef, world: &str) {
    let item = office.item(deal);
    let mut lanes: BTreeMap<i64, Vec<crm::Step>> = BTreeMap::new();
    for step in office.steps(deal) {
        let active = !step.state.is_over();
        assert!(!active || step.survives || item.stage() == Some(step.stage), "{world}: works on a stage that the card left: {step:?}");
        assert!(step.due.is_none_or(|due| due > office.now), "{world}: is due and was not done: {step:?}");
        assert_eq!(step.ended.is_none(), active, "{world}: {step:?}");
        assert!(step.state != StepState::Waiting || step.due.is_some() || !step.reason.ru.is_empty(), "{world}: waits and does not say for what: {step:?}");
        assert!(
            ![StepState::Failed, StepState::Skipped, StepState::Cancelled].contains(&step.state) || !step.reason.ru.is_empty(),
            "{world}: ended without a reason: {step:?}"
        );
        if step.lane == Lane::Wait {
            lanes.entry(step.run.0).or_default().push(step);
        }
    }
    for mut lane in lanes.into_values() {
        lane.sort_by_key(|step| step.position);
        let waiting: Vec<i64> = lane.iter().filter(|step| step.state == StepState::Waiting).map(|step| step.position).collect();
        let queued: Vec<i64> = lane.iter().filter(|step| step.state == StepState::Queued).map(|step| step.position).collect();
        assert!(waiting.len() <= 1, "{world}: two of a lane at work: {lane:#?}");
        assert!(queued.is_empty() || waiting.first().is_some_and(|at| queued.iter().all(|later| later > at)), "{world}: a lane that stands still: {lane:#?}");
    }
    for event in office.timeline(deal) {
        assert!(event.depth <= 26, "{world}: a chain of {}", event.depth);
        assert!(event.by.rule().is_none() || event.cause.is_some(), "{world}: a rule did it and nobody knows why: {event:?}");
    }
}

#[test]
fn whatever_is_set_up_the_rules_come_to_rest_and_account_for_everything() {
    let (mut moves, mut said) = (0, 0);
    for seed in 1..=30_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut office = Office::open();
        for stage in STAGES {
            let rules: Vec<Rule> = (0..2 + dice.below(6)).map(|_| any_rule(&mut dice, &office, stage)).collect();
            office.publish(stage, rules);
        }
        let deal = office.deal(Values::from([("region", Value::text("Москва"))]));
        for happened in 0..25 {
            anything_happens(&mut dice, &mut office, deal);
            if dice.below(3) == 0 {
                office.settle();
                must_be_true(&office, deal, &format!("world {seed} after {happened}"));
            }
        }
        office.pass("3d");
        must_be_true(&office, deal, &format!("world {seed} at its end"));
        moves += office.timeline(deal).iter().filter(|event| matches!(event.fact, Fact::Moved { .. }) && event.by.rule().is_some()).count();
        said += office.comments(deal).len();
    }
    // Thirty worlds in which nothing happens would prove nothing.
    assert!(moves > 100 && said > 100, "rules moved {moves} times and said {said} things");
}
