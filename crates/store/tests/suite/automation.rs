//! Programs, runs, steps, evaluations: versions stay, repeats change nothing.

use crate::firm::*;
use crm::{
    Evaluation, Filter, ItemRef, Label, Lane, Moment, Program, Rule, RuleId, RuleKind, Run, RunId, Seq, StageId, Step, StepId, StepState, Timing, Value,
    Values, kind,
};

crate::both!(
    a_published_program_keeps_its_versions_and_its_rules_their_numbers,
    a_program_of_a_refused_transaction_was_never_there,
    a_run_begins_once_per_event_and_stage,
    an_evaluation_is_written_once,
    steps_are_due_in_order_and_found_from_every_side,
    the_next_moment_is_the_earliest_of_steps_and_jobs,
);

fn rule(code: &str) -> Rule {
    Rule {
        id: RuleId(0),
        kind: RuleKind::Robot,
        code: code.into(),
        title: code.into(),
        settings: Values::from([("span", Value::text("2h")), ("limit", Value::money(5)), ("at", Value::moment(NOW))]),
        condition: Filter::All(vec![Filter::is("amount", crm::Op::Gt, Value::money(5)), Filter::Not(Box::new(Filter::Search("x".into())))]),
        timing: Timing::Before { field: "deadline".into(), seconds: 60 },
        lane: Lane::Wait,
        survives: true,
        allow_back: false,
        ignore_rules: true,
        enabled: true,
    }
}

fn program(rules: Vec<Rule>) -> Program {
    Program { stage: StageId(1), version: 0, rules, at: NOW, by: ANNA }
}

fn a_published_program_keeps_its_versions_and_its_rules_their_numbers(db: Db) {
    let db = db.furnished();
    assert_eq!(db.read(|read| read.program(StageId(1))), None);
    let publish = |rules: Vec<Rule>| {
        db.tx(move |tx| {
            let mut next = program(rules.clone());
            tx.publish(&mut next)?;
            assert_eq!(tx.program(StageId(1))?.as_deref(), Some(&next));
            Ok(next)
        })
    };
    let first = publish(vec![rule("one"), rule("two")]);
    assert_eq!((first.version, first.rules.iter().all(|rule| rule.id.0 > 0)), (1, true));
    assert_ne!(first.rules[0].id, first.rules[1].id);
    let second = publish(vec![first.rules[1].clone(), rule("three")]);
    assert_eq!((second.version, second.rules[0].id), (2, first.rules[1].id));
    assert!(!first.rules.iter().any(|rule| rule.id == second.rules[1].id));
    assert_eq!(db.read(|read| read.program(StageId(1))).as_deref(), Some(&second));
    assert_eq!(db.read(|read| read.program_version(StageId(1), 1)).as_deref(), Some(&first));
    assert_eq!(db.read(|read| read.program_version(StageId(1), 3)), None);
    // From memory the second time.
    assert_eq!(db.read(|read| read.program(StageId(1))).as_deref(), Some(&second));
}

fn a_program_of_a_refused_transaction_was_never_there(db: Db) {
    let db = db.furnished();
    let refused = db.try_tx(|tx| -> crm::Outcome<()> {
        tx.publish(&mut program(vec![rule("never")]))?;
        tx.program(StageId(1))?;
        Err(crm::Refusal::not_found().into())
    });
    assert!(refused.is_err());
    assert_eq!(db.read(|read| read.program(StageId(1))), None);
    let real = db.tx(|tx| {
        let mut next = program(vec![rule("real")]);
        tx.publish(&mut next)?;
        Ok(next)
    });
    assert_eq!(db.read(|read| read.program(StageId(1))).as_deref(), Some(&real));
}

fn a_run_begins_once_per_event_and_stage(db: Db) {
    let db = db.furnished();
    let begin = |event: i64, stage: i64| {
        db.tx(move |tx| {
            let mut run = Run { id: RunId(0), item: ItemRef::new(kind::DEAL, 1), stage: StageId(stage), version: 1, event: Seq(event), at: NOW };
            Ok((tx.begin_run(&mut run)?, run.id))
        })
    };
    let (begun, first) = begin(1, 1);
    assert!(begun && first.0 > 0);
    assert_eq!(begin(1, 1), (false, RunId(0)));
    assert!(begin(2, 1).0 && begin(1, 2).0);
}

fn an_evaluation_is_written_once(db: Db) {
    let db = db.furnished();
    let at = ItemRef::new(kind::DEAL, 1);
    let one = move |event: i64, fired: bool| Evaluation {
        event: Seq(event),
        rule: RuleId(4),
        version: 2,
        stage: StageId(1),
        item: at,
        fired,
        code: "condition".into(),
        reason: Label::new("Сумма 5, нужно больше", "The amount is 5"),
        at: Moment(event * 10),
    };
    assert!(db.tx(move |tx| tx.put_evaluation(&one(1, false))));
    assert!(!db.tx(move |tx| tx.put_evaluation(&one(1, true))));
    assert!(db.tx(move |tx| tx.put_evaluation(&one(2, true))));
    assert_eq!(db.read(|read| read.evaluations_of(at, 10)), [one(2, true), one(1, false)]);
    assert_eq!(db.read(|read| read.evaluations_of_rule(RuleId(4), 1)), [one(2, true)]);
    assert_eq!(db.read(|read| read.rule_count(RuleId(4), at, Moment(0))), 1);
    assert_eq!(db.read(|read| read.rule_count(RuleId(4), at, Moment(21))), 0);
}

fn step(run: i64, item: i64, position: i64, due: Option<i64>) -> Step {
    Step {
        id: StepId(0),
        run: RunId(run),
        item: ItemRef::new(kind::DEAL, item),
        stage: StageId(1),
        version: 3,
        rule: RuleId(position + 10),
        position,
        lane: Lane::Wait,
        survives: true,
        state: StepState::Waiting,
        due: due.map(Moment),
        bound_to: "deadline".into(),
        attempts: 1,
        reason: Label::new("ждёт", "waits"),
        made: None,
        event: Seq(7),
        ended: None,
    }
}

fn steps_are_due_in_order_and_found_from_every_side(db: Db) {
    let db = db.furnished();
    let put = |step: Step| {
        db.tx(move |tx| {
            let mut step = step.clone();
            tx.put_step(&mut step)?;
            Ok(step)
        })
    };
    let late = put(step(1, 1, 1, Some(50)));
    let early = put(step(1, 1, 0, Some(50)));
    let never = put(step(1, 1, 2, None));
    let first = put(step(2, 2, 5, Some(10)));
    let future = put(step(2, 2, 6, Some(1_000)));
    let queued = put(Step { state: StepState::Queued, ..step(2, 2, 7, Some(1)) });
    let ids = |steps: Vec<Step>| steps.into_iter().map(|step| step.id).collect::<Vec<_>>();
    assert_eq!(ids(db.read(|read| read.steps_due(Moment(100), 10))), [first.id, early.id, late.id]);
    assert_eq!(db.tx(|tx| tx.steps_due(Moment(100), 1)), vec![first.clone()]);
    let done = put(Step {
        state: StepState::Done,
        due: None,
        attempts: 2,
        reason: Label::same("сделано"),
        made: Some(ItemRef::new(kind::TASK, 4)),
        ended: Some(Moment(60)),
        ..first.clone()
    });
    assert_eq!(db.read(|read| read.step(first.id)), Some(done));
    assert_eq!(ids(db.read(|read| read.steps_due(Moment(100), 10))), [early.id, late.id]);
    assert_eq!(ids(db.read(|read| read.steps_of(ItemRef::new(kind::DEAL, 1), 10))), [early.id, late.id, never.id]);
    assert_eq!(ids(db.read(|read| read.steps_of_run(RunId(2)))), [first.id, future.id, queued.id]);
    assert_eq!(ids(db.read(|read| read.steps_of_rule(RuleId(11), 10))), [late.id]);
    assert_eq!(db.read(|read| read.rule_count(RuleId(15), ItemRef::new(kind::DEAL, 2), Moment(60))), 1);
    assert_eq!(db.read(|read| read.step(StepId(999))), None);
}

fn the_next_moment_is_the_earliest_of_steps_and_jobs(db: Db) {
    let db = db.furnished();
    assert_eq!(db.read(|read| read.next_due()), None);
    db.tx(|tx| tx.put_step(&mut step(1, 1, 0, Some(70))));
    assert_eq!(db.read(|read| read.next_due()), Some(Moment(70)));
    db.tx(|tx| tx.enqueue(&crm::Job::new(crm::Command::CheckDeadline { task: ItemRef::new(kind::TASK, 1) }, Moment(30), "")));
    assert_eq!(db.read(|read| read.next_due()), Some(Moment(30)));
    // A job that is being worked on is due again only when its lease ends.
    db.tx(|tx| tx.claim_jobs(Moment(30), Moment(500), 10));
    assert_eq!(db.read(|read| read.next_due()), Some(Moment(70)));
}
