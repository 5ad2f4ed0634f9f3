//! The rules of automation (automation.md T1–T8, R1–R16, §5.8) against the real database in memory.

use crate::common::{Also, Office, minutes, on_change, on_webhook, read_pack, robot, says, trigger};
use crm::{Actor, Command, Fact, Filter, Lane, Moment, Op, RuleId, StepState, Timing, Value, Values, code, kind};

fn none() -> Values {
    Values::new()
}

// ── triggers ──

#[test]
fn t1_events_are_taken_in_their_order_and_each_moves_the_card_at_once() {
    let office = Office::open();
    let work = office.publish("WORK", vec![on_webhook("work")]).rules[0].id;
    let offer = office.publish("OFFER", vec![on_webhook("offer")]).rules[0].id;
    let deal = office.deal(none());
    office.call_webhook(deal, "offer");
    office.call_webhook(deal, "work");
    office.settle();
    assert_eq!(office.stands(deal), "OFFER");
    assert_eq!(office.codes(offer), ["settings", "fired"], "the newest first");
    assert_eq!(office.codes(work), ["not_forward", "settings"]);
}

#[test]
fn t2_the_nearest_stage_forward_wins_and_the_others_say_who_outran_them() {
    let office = Office::open();
    let far = office.publish("CONTRACT", vec![on_webhook("go")]).rules[0].id;
    let near = office.publish("CONSULT", vec![on_webhook("go").also(|rule| rule.title = "Ближний".into()), on_webhook("go")]).rules;
    let back = office.publish("NEW", vec![on_webhook("go").also(|rule| rule.allow_back = true)]).rules[0].id;
    let deal = office.deal(none());
    office.move_to(deal, "WORK");
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!(office.stands(deal), "CONSULT");
    assert_eq!(office.codes(near[0].id), ["fired"]);
    for loser in [far, near[1].id, back] {
        assert_eq!(office.codes(loser), ["outrun"]);
        assert!(office.evaluations(loser)[0].reason.ru.contains("«Ближний»"));
    }
    let moved = office.timeline(deal).into_iter().rfind(|event| matches!(event.fact, Fact::Moved { .. })).unwrap();
    assert_eq!(moved.by, Actor::Trigger { rule: near[0].id, version: 1, title: "Ближний".into() });
    assert_eq!((moved.depth, moved.cause.is_some()), (1, true), "the move names the call as its cause");
}

#[test]
fn t2_a_way_back_is_taken_only_when_there_is_none_forward() {
    let office = Office::open();
    office.publish("NEW", vec![on_webhook("go").also(|rule| rule.allow_back = true)]);
    office.publish("WORK", vec![on_webhook("go").also(|rule| rule.allow_back = true)]);
    let deal = office.deal(none());
    office.move_to(deal, "OFFER");
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!(office.stands(deal), "WORK", "the nearest one back");
}

#[test]
fn t3_without_permission_no_trigger_moves_back_or_to_where_the_card_stands() {
    let office = Office::open();
    let here = office.publish("WORK", vec![on_webhook("go").also(|rule| rule.allow_back = true)]).rules[0].id;
    let behind = office.publish("NEW", vec![on_webhook("go")]).rules[0].id;
    let deal = office.deal(none());
    office.move_to(deal, "WORK");
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!(office.stands(deal), "WORK");
    assert_eq!((office.codes(here), office.codes(behind)), (vec!["not_forward".to_owned()], vec!["not_forward".to_owned()]));
}

#[test]
fn t4_a_closed_card_stays_closed_unless_the_trigger_may_bring_it_back() {
    let office = Office::open();
    let rules = office.publish("JUNK", vec![on_webhook("plain"), on_webhook("back").also(|rule| rule.allow_back = true)]).rules;
    let deal = office.deal(none());
    office.move_to(deal, "WON");
    office.call_webhook(deal, "plain");
    office.settle();
    assert_eq!(office.stands(deal), "WON");
    assert_eq!(office.codes(rules[0].id), ["final_stage"]);
    office.call_webhook(deal, "back");
    office.settle();
    assert_eq!(office.stands(deal), "JUNK");
}

#[test]
fn t5_stages_that_are_passed_over_do_nothing() {
    let office = Office::open();
    office.publish("WORK", vec![says("работа"), on_webhook("other")]);
    office.publish("OFFER", vec![on_webhook("go"), says("предложение")]);
    let deal = office.deal(none());
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!(office.comments(deal), ["предложение"]);
}

#[test]
fn t8_changes_made_by_rules_move_cards_too_unless_a_trigger_ignores_them() {
    let office = Office::open();
    let writes = robot(
        "modify_item",
        Values::from([("values", Value::Many(vec![Value::Record(Values::from([("field", Value::text("region")), ("value", Value::text("Москва"))]))]))]),
    );
    office.publish("NEW", vec![writes]);
    let ignores = office.publish("WORK", vec![on_change("region").also(|rule| rule.ignore_rules = true)]).rules[0].id;
    office.publish("CONSULT", vec![on_change("region")]);
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.stands(deal), "CONSULT");
    assert_eq!(office.codes(ignores), ["by_rule"]);
    office.move_to(deal, "NEW");
    office.change(deal, "region", Value::text("Тула"));
    office.dispatch();
    assert_eq!(office.stands(deal), "WORK", "a change by hand counts");
}

#[test]
fn a_condition_that_does_not_hold_is_written_down_with_what_it_saw() {
    let office = Office::open();
    let condition = Filter::is("amount", Op::Gt, Value::text("50 000"));
    let rule = office.publish("WORK", vec![on_webhook("go").also(|rule| rule.condition = condition)]).rules[0].id;
    let deal = office.deal(Values::from([("amount", Value::money(4_000_000))]));
    office.call_webhook(deal, "go");
    office.settle();
    let seen = office.evaluations(rule);
    assert_eq!((seen[0].code.as_str(), seen[0].fired), ("condition", false));
    assert_eq!(seen[0].reason.ru, "Условие не выполнено: Сумма 40\u{a0}000\u{a0}₽ не больше 50\u{a0}000\u{a0}₽");
    assert_eq!(seen[0].reason.en, "The condition does not hold: Amount 40,000\u{a0}RUB is not more than 50,000\u{a0}RUB");
    office.change(deal, "amount", Value::money(6_000_000));
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!(office.stands(deal), "WORK");
}

#[test]
fn a_finished_task_moves_its_card_and_a_changed_field_of_the_task_does_not() {
    let office = Office::open();
    let title = office.publish("WORK", vec![on_change("title")]).rules[0].id;
    office.publish("CONSULT", vec![trigger("task_status_changed", Values::from([("status", Value::text("completed")), ("tasks", Value::text("robots"))]))]);
    office.publish("NEW", vec![robot("create_task", Values::from([("title", Value::text("Позвонить: {{Имя клиента}}")), ("deadline", Value::text("15m"))]))]);
    let deal = office.deal(none());
    office.settle();
    let task = office.of(deal, kind::TASK).pop().unwrap();
    assert_eq!((task.title(), task.responsible()), ("Позвонить: Иван", office.anna));
    assert_eq!(task.values.moment("deadline"), Some(office.now.plus(minutes(15))));
    office.change(task.at(), "title", Value::text("Позвонить сегодня"));
    office.anna_does(Command::MoveTask { task: task.at(), status: "in_progress".into() }).unwrap();
    office.settle();
    assert_eq!((office.stands(deal).as_str(), office.codes(title).len()), ("NEW", 0));
    office.anna_does(Command::MoveTask { task: task.at(), status: "completed".into() }).unwrap();
    office.settle();
    assert_eq!(office.stands(deal), "CONSULT");
}

#[test]
fn a_form_moves_the_card_that_it_belongs_to() {
    let office = Office::open();
    office.publish("WORK", vec![trigger("form_filled", Values::from([("form", Value::text("application"))]))]);
    let deal = office.deal(none());
    let filled = |form: &str| Fact::FormFilled { form: form.into(), title: "Заявка".into(), answers: none(), repeat: true };
    office.record(deal, filled("other"));
    office.settle();
    assert_eq!(office.stands(deal), "NEW");
    office.record(deal, filled("application"));
    office.settle();
    assert_eq!(office.stands(deal), "WORK");
}

#[test]
fn a_new_responsible_moves_the_card_but_not_when_it_is_made() {
    let office = Office::open();
    let rule = office.publish("WORK", vec![trigger("responsible_changed", Values::from([("to", Value::user(office.boris))]))]).rules[0].id;
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.codes(rule).len(), 0);
    office.change(deal, code::RESPONSIBLE, Value::user(office.boris));
    office.settle();
    assert_eq!((office.stands(deal).as_str(), office.codes(rule)), ("WORK", vec!["fired".to_owned()]));
}

#[test]
fn a_trigger_that_is_off_is_not_even_asked() {
    let office = Office::open();
    let rule = office.publish("WORK", vec![on_webhook("go").also(|rule| rule.enabled = false)]).rules.remove(0);
    let deal = office.deal(none());
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!((office.stands(deal).as_str(), office.codes(rule.id).len()), ("NEW", 0));
    assert!(office.why(&rule, deal)[0].contains("выключено"));
}

// ── runs ──

#[test]
fn r1_every_entry_starts_the_program_anew() {
    let office = Office::open();
    office.publish("WORK", vec![says("пришла")]);
    let deal = office.deal(none());
    for stage in ["WORK", "OFFER", "WORK"] {
        office.move_to(deal, stage);
        office.settle();
    }
    assert_eq!(office.comments(deal), ["пришла", "пришла"]);
    let by = office.timeline(deal).into_iter().find(|event| matches!(event.fact, Fact::Commented { .. })).unwrap().by;
    assert!(matches!(by, Actor::Robot { version: 1, ref title, .. } if title == "Добавить комментарий"), "{by:?}");
}

#[test]
fn r2_a_card_already_on_the_stage_is_not_touched_by_a_new_robot() {
    let office = Office::open();
    let deal = office.deal(none());
    office.settle();
    let rule = office.publish("NEW", vec![says("новый")]).rules.remove(0);
    office.settle();
    assert_eq!(office.comments(deal).len(), 0);
    assert!(office.why(&rule, deal)[0].contains("раньше, чем появился робот"), "{:?}", office.why(&rule, deal));
}

#[test]
fn r3_the_condition_is_asked_when_the_robot_is_due_and_not_before() {
    let mut office = Office::open();
    let condition = Filter::is("amount", Op::Gt, Value::text("50 000"));
    office.publish("NEW", vec![says("крупный долг").after(600).also(|rule| rule.condition = condition)]);
    let deal = office.deal(Values::from([("amount", Value::money(4_000_000))]));
    let other = office.deal(Values::from([("amount", Value::money(9_000_000))]));
    office.pass("5m");
    office.change(deal, "amount", Value::money(6_000_000));
    office.change(other, "amount", Value::money(4_000_000));
    office.pass("5m");
    assert_eq!(office.comments(deal), ["крупный долг"]);
    assert_eq!(office.comments(other).len(), 0);
    let step = &office.steps(other)[0];
    assert_eq!((step.state, step.reason.ru.as_str()), (StepState::Skipped, "Пропущен: Сумма 40\u{a0}000\u{a0}₽ не больше 50\u{a0}000\u{a0}₽"));
}

#[test]
fn r4_robots_of_the_lane_wait_for_each_other_and_others_do_not() {
    let mut office = Office::open();
    let lane = |rule: crm::Rule| rule.also(|rule| rule.lane = Lane::Wait);
    let pause = lane(robot("wait", Values::from([("span", Value::text("30s"))])));
    office.publish("NEW", vec![lane(says("первый").after(60)), pause, lane(says("третий").after(60)), says("сам по себе")]);
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.comments(deal), ["сам по себе"]);
    assert_eq!(office.states(deal), [StepState::Waiting, StepState::Queued, StepState::Queued, StepState::Done]);
    office.pass("60s");
    assert_eq!(office.comments(deal), ["сам по себе", "первый"]);
    office.pass("29s");
    assert_eq!(office.states(deal), [StepState::Done, StepState::Waiting, StepState::Queued, StepState::Done]);
    office.pass("1s");
    assert_eq!(office.states(deal), [StepState::Done, StepState::Done, StepState::Waiting, StepState::Done]);
    assert_eq!(office.waiting(deal).due, Some(office.now.plus(minutes(1))), "a minute after the pause ended");
    office.pass("60s");
    assert_eq!(office.comments(deal), ["сам по себе", "первый", "третий"]);
}

#[test]
fn a_robot_that_could_not_tells_the_timeline_and_the_lane_goes_on() {
    let office = Office::open();
    let lane = |rule: crm::Rule| rule.also(|rule| rule.lane = Lane::Wait);
    office.publish(
        "NEW",
        vec![lane(robot("send_email", Values::from([("subject", Value::text("Регион")), ("body", Value::text("{{Регион}}"))]))), lane(says("дальше"))],
    );
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.comments(deal), ["дальше"]);
    assert_eq!(office.stopped(deal), ["failed: Нечем заполнить: Регион"]);
    assert_eq!(office.states(deal), [StepState::Failed, StepState::Done]);
}

#[test]
fn r5_and_r7_robots_keep_their_order_and_each_sees_what_the_ones_before_it_did() {
    let office = Office::open();
    let give = robot("change_responsible", Values::from([("to", Value::text(format!("user:{}", office.boris)))]));
    let write = robot(
        "modify_item",
        Values::from([(
            "values",
            Value::Many(vec![Value::Record(Values::from([("field", Value::text("region")), ("value", Value::text("{{Имя сотрудника}}"))]))]),
        )]),
    );
    office.publish("NEW", vec![give, write, says("{{Регион}}: {{ФИО сотрудника}}")]);
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.comments(deal), ["Борис: Борис Котов"]);
}

#[test]
fn r8_leaving_the_stage_cancels_what_waits_there_and_the_lane_behind_it() {
    let mut office = Office::open();
    let lane = |rule: crm::Rule| rule.also(|rule| rule.lane = Lane::Wait);
    office.publish("NEW", vec![says("через час").after(3_600), lane(says("раз").after(60)), lane(says("два").after(60))]);
    let deal = office.deal(none());
    office.settle();
    office.move_to(deal, "WORK");
    office.pass("1d");
    assert_eq!(office.comments(deal).len(), 0);
    assert_eq!(office.states(deal), [StepState::Cancelled; 3]);
    assert_eq!(office.steps(deal)[0].reason.ru, "Карточка ушла со стадии «Новая заявка»");
}

#[test]
fn r8_a_robot_that_is_due_before_the_log_is_read_does_not_work_for_a_card_that_has_left() {
    let mut office = Office::open();
    office.publish("NEW", vec![says("через час").after(3_600)]);
    let deal = office.deal(none());
    office.settle();
    office.now = office.now.plus(minutes(60));
    office.move_to(deal, "WORK");
    office.run_due();
    assert_eq!((office.comments(deal).len(), office.states(deal)), (0, vec![StepState::Cancelled]));
}

#[test]
fn r8_a_card_that_left_and_came_back_before_anybody_looked_begins_anew() {
    let mut office = Office::open();
    office.publish("NEW", vec![says("через час").after(3_600)]);
    let deal = office.deal(none());
    office.settle();
    for stage in ["WORK", "NEW"] {
        office.now = office.now.plus(minutes(30));
        office.move_to(deal, stage);
    }
    office.run_due();
    assert_eq!((office.comments(deal).len(), office.states(deal)), (0, vec![StepState::Cancelled]));
    office.pass("59m");
    assert_eq!(office.states(deal), [StepState::Waiting, StepState::Cancelled]);
    office.pass("1m");
    assert_eq!(office.comments(deal), ["через час"]);
}

#[test]
fn r8_a_card_that_moved_on_before_the_robots_began_says_so() {
    let office = Office::open();
    office.publish("NEW", vec![says("привет")]);
    let deal = office.deal(none());
    office
        .transact({
            let (to, later) = (office.stage("WORK"), office.now.plus(minutes(1)));
            move |tx| crm::stage::move_to(tx, &crm::Rights::system(), &crm::Cause::new(Actor::System, later), deal, to).map(|_| ())
        })
        .unwrap();
    office.settle();
    assert_eq!((office.comments(deal).len(), office.states(deal)), (0, vec![StepState::Cancelled]));
    assert!(office.steps(deal)[0].reason.ru.contains("раньше, чем роботы начали"));
}

#[test]
fn r9_a_robot_that_survives_goes_on_until_the_card_is_closed() {
    let mut office = Office::open();
    let survives = |rule: crm::Rule| rule.also(|rule| rule.survives = true);
    office.publish("NEW", vec![survives(says("через час").after(3_600)), survives(says("через два дня").after(172_800))]);
    let deal = office.deal(none());
    office.settle();
    office.move_to(deal, "WORK");
    office.pass("1h");
    assert_eq!(office.comments(deal), ["через час"]);
    office.move_to(deal, "WON");
    office.pass("2d");
    assert_eq!(office.comments(deal), ["через час"]);
    assert_eq!(office.steps(deal)[1].reason.ru, "Карточка закрыта: «Договор подписан»");
}

#[test]
fn r9_a_survivor_behind_a_cancelled_robot_gets_its_turn() {
    let mut office = Office::open();
    let lane = |rule: crm::Rule| rule.also(|rule| rule.lane = Lane::Wait);
    office.publish("NEW", vec![lane(says("первый").after(3_600)), lane(says("второй").after(60)).also(|rule| rule.survives = true)]);
    let deal = office.deal(none());
    office.settle();
    office.move_to(deal, "WORK");
    office.pass("1m");
    assert_eq!(office.comments(deal), ["второй"]);
}

#[test]
fn r9_survivors_of_a_lane_keep_their_order_on_the_next_stage() {
    let mut office = Office::open();
    let survivor = |text, seconds| says(text).after(seconds).also(|rule: &mut crm::Rule| (rule.lane, rule.survives) = (Lane::Wait, true));
    office.publish("NEW", vec![survivor("первый", 3_600), survivor("второй", 60)]);
    let deal = office.deal(none());
    office.settle();
    office.move_to(deal, "WORK");
    office.settle();
    assert_eq!(office.states(deal), [StepState::Waiting, StepState::Queued]);
    office.pass("61m");
    assert_eq!(office.comments(deal), ["первый", "второй"]);
}

#[test]
fn r10_a_robot_that_moves_the_card_cancels_the_rest_of_its_stage() {
    let office = Office::open();
    let go = robot("change_stage", Values::from([("stage", Value::Int(office.stage("WORK").0))]));
    office.publish("NEW", vec![says("до"), go, says("после")]);
    office.publish("WORK", vec![says("на новой стадии")]);
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.comments(deal), ["до", "на новой стадии"]);
}

#[test]
fn r11_a_deleted_card_is_left_in_peace() {
    let mut office = Office::open();
    office.publish("NEW", vec![says("через час").after(3_600)]);
    let deal = office.deal(none());
    office.settle();
    office.anna_does(Command::Delete { item: deal }).unwrap();
    office.settle();
    assert_eq!(office.states(deal), [StepState::Cancelled], "at once, not when it would have been due");
    office.pass("2h");
    assert_eq!(office.steps(deal).iter().map(|step| (step.state, step.reason.ru.as_str())).collect::<Vec<_>>(), [(StepState::Cancelled, "Карточка удалена")]);
}

#[test]
fn r16_a_run_ends_on_the_version_with_which_it_began() {
    let mut office = Office::open();
    let first = office.publish("NEW", vec![says("старый").after(3_600)]);
    let deal = office.deal(none());
    office.settle();
    let second = office.publish("NEW", vec![says("новый").also(|rule| rule.id = first.rules[0].id), says("ещё один")]);
    assert_eq!((second.version, second.rules[0].id), (2, first.rules[0].id));
    assert_ne!(second.rules[1].id, RuleId(0));
    let other = office.deal(none());
    office.pass("1h");
    assert_eq!(office.comments(deal), ["старый"]);
    assert_eq!(office.comments(other), ["новый", "ещё один"]);
}

// ── timers ──

fn at(text: &str) -> Value {
    Value::moment(Moment::from_timestamp(text.parse().unwrap()))
}

fn before_consultation(seconds: u64) -> crm::Rule {
    says("напомнить").also(|rule| rule.timing = Timing::Before { field: "consultation_at".into(), seconds })
}

#[test]
fn a_timer_waits_for_its_empty_field_and_follows_it_when_it_moves() {
    let mut office = Office::open();
    office.publish("NEW", vec![before_consultation(3_600)]);
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.waiting(deal).due, None);
    assert_eq!(office.waiting(deal).reason.ru, "Ждёт, пока заполнят поле «Консультация»");
    office.change(deal, "consultation_at", at("2026-11-25T15:00:00Z"));
    office.settle();
    assert_eq!(office.waiting(deal).due, at("2026-11-25T14:00:00Z").as_moment());
    office.change(deal, "consultation_at", at("2026-11-26T15:00:00Z"));
    office.settle();
    office.pass("8h");
    assert_eq!(office.comments(deal).len(), 0, "the old moment has passed and nothing happened");
    office.change(deal, "consultation_at", Value::Null);
    office.settle();
    assert_eq!(office.waiting(deal).due, None);
    office.change(deal, "consultation_at", at("2026-11-25T20:00:00Z"));
    office.pass("3h");
    assert_eq!(office.comments(deal), ["напомнить"]);
    let done = office.timeline(deal).pop().unwrap();
    assert_eq!(done.at, at("2026-11-25T19:00:00Z").as_moment().unwrap());
}

#[test]
fn a_date_changed_a_thousand_times_rings_once() {
    let mut office = Office::open();
    office.publish("NEW", vec![before_consultation(0)]);
    let deal = office.deal(none());
    let begun = office.now;
    for minute in 1..=1_000 {
        office.change(deal, "consultation_at", Value::moment(begun.plus(minutes(minute))));
        if minute % 100 == 0 {
            office.settle();
        }
    }
    office.pass("2d");
    assert_eq!(office.comments(deal), ["напомнить"]);
    assert_eq!(office.timeline(deal).pop().unwrap().at, begun.plus(minutes(1_000)));
}

#[test]
fn a_moved_date_is_respected_even_before_the_log_is_read() {
    let mut office = Office::open();
    office.publish("NEW", vec![before_consultation(0)]);
    let deal = office.deal(Values::from([("consultation_at", at("2026-11-25T10:00:00Z"))]));
    office.settle();
    office.now = office.now.plus(minutes(60));
    office.change(deal, "consultation_at", at("2026-11-25T12:00:00Z"));
    office.run_due();
    assert_eq!((office.comments(deal).len(), office.waiting(deal).due), (0, at("2026-11-25T12:00:00Z").as_moment()));
    office.pass("2h");
    assert_eq!(office.comments(deal), ["напомнить"]);
}

#[test]
fn a_moment_long_past_waits_until_somebody_puts_it_right() {
    let mut office = Office::open();
    office.publish("NEW", vec![before_consultation(0)]);
    let deal = office.deal(Values::from([("consultation_at", at("2025-11-25T10:00:00Z"))]));
    office.settle();
    assert!(office.waiting(deal).reason.ru.contains("прошёл больше суток назад"), "{}", office.waiting(deal).reason.ru);
    office.change(deal, "consultation_at", at("2026-11-25T10:00:00Z"));
    office.pass("1h");
    assert_eq!(office.comments(deal), ["напомнить"]);
}

#[test]
fn a_pause_is_not_shortened_by_a_change_of_the_card() {
    let mut office = Office::open();
    let lane = |rule: crm::Rule| rule.also(|rule| rule.lane = Lane::Wait);
    let pause = robot("wait", Values::from([("span", Value::text("2h"))]))
        .also(|rule| rule.timing = Timing::AfterField { field: "consultation_at".into(), seconds: 0 });
    office.publish("NEW", vec![lane(pause), lane(says("после"))]);
    let deal = office.deal(Values::from([("consultation_at", at("2026-11-25T09:00:00Z"))]));
    office.pass("1h");
    office.change(deal, "consultation_at", at("2026-11-25T10:01:00Z"));
    office.pass("59m");
    assert_eq!(office.comments(deal).len(), 0);
    office.pass("1m");
    assert_eq!(office.comments(deal), ["после"]);
}

// ── repeats and loops ──

#[test]
fn reading_the_log_again_changes_nothing() {
    let office = Office::open();
    office.publish("NEW", vec![says("раз")]);
    office.publish("WORK", vec![on_webhook("go"), says("два")]);
    office.publish("OFFER", vec![on_webhook("go")]);
    let deal = office.deal(none());
    office.call_webhook(deal, "go");
    office.settle();
    let state =
        |office: &Office| (office.look(|read| read.latest()), office.steps(deal), office.look(|read| read.evaluations_of(deal, 500)), office.stands(deal));
    let before = state(&office);
    assert_eq!(before.3, "WORK");
    let read_again = |office: &Office| {
        office.transact(|tx| tx.advance(automation::READER, crm::Seq(0))).unwrap();
        assert!(office.dispatch() > 0, "the log is read again");
        office.settle();
    };
    read_again(&office);
    assert_eq!(state(&office), before);
    // Nor does a rule that was not there at the time take an old event for a new one.
    office.publish("CONTRACT", vec![on_webhook("go")]);
    read_again(&office);
    assert_eq!(office.stands(deal), "WORK");
}

#[test]
fn a_trigger_works_once_in_a_chain_of_its_own_making() {
    let office = Office::open();
    let write = |value: &str| {
        robot(
            "modify_item",
            Values::from([("values", Value::Many(vec![Value::Record(Values::from([("field", Value::text("region")), ("value", Value::text(value))]))]))]),
        )
    };
    let ping = office.publish("WORK", vec![on_change("region").also(|rule| rule.allow_back = true), write("a")]).rules[0].id;
    let pong = office.publish("CONSULT", vec![on_change("region").also(|rule| rule.allow_back = true), write("b")]).rules[0].id;
    let deal = office.deal(none());
    let bystander = office.deal(none());
    office.change(deal, "region", Value::text("Москва"));
    office.settle();
    assert!(office.codes(ping).contains(&"loop".to_owned()), "{:?}", office.codes(ping));
    let moves = office.timeline(deal).iter().filter(|event| matches!(event.fact, Fact::Moved { .. })).count();
    assert!(moves <= 4, "{moves} moves");
    assert!(office.evaluations(pong).iter().filter(|one| one.fired).count() <= 1);
    office.call_webhook(bystander, "x");
    office.change(bystander, "region", Value::text("Тула"));
    office.settle();
    assert_ne!(office.stands(bystander), "NEW", "other cards do not notice");
}

#[test]
fn robots_that_throw_a_card_to_and_fro_are_stopped_and_the_timeline_says_so() {
    let office = Office::open();
    let go = |stage: &str| robot("change_stage", Values::from([("stage", Value::Int(office.stage(stage).0))]));
    office.publish("NEW", vec![go("WORK")]);
    office.publish("WORK", vec![go("NEW")]);
    let deal = office.deal(none());
    office.settle();
    let moves = office.timeline(deal).iter().filter(|event| matches!(event.fact, Fact::Moved { .. })).count();
    assert!((4..=8).contains(&moves), "{moves} moves");
    assert!(office.stopped(deal)[0].contains("ходить по кругу"), "{:?}", office.stopped(deal));
}

#[test]
fn a_program_outside_that_throws_a_card_to_and_fro_is_stopped_within_ten_minutes() {
    let mut office = Office::open();
    let back = |code| on_webhook(code).also(|rule: &mut crm::Rule| rule.allow_back = true);
    let ping = office.publish("WORK", vec![back("ping")]).rules[0].id;
    office.publish("CONSULT", vec![back("pong")]);
    let deal = office.deal(none());
    for _ in 0..7 {
        for code in ["ping", "pong"] {
            office.now = office.now.plus(std::time::Duration::from_secs(10));
            office.call_webhook(deal, code);
            office.settle();
        }
    }
    assert_eq!(office.codes(ping).iter().filter(|code| *code == "fired").count(), 5);
    assert!(office.codes(ping).contains(&"ping_pong".to_owned()));
    office.pass("11m");
    office.call_webhook(deal, "ping");
    office.settle();
    assert_eq!(office.stands(deal), "WORK", "after a while it goes on");
}

#[test]
fn a_robot_rests_after_sixty_works_in_an_hour_on_one_card() {
    let mut office = Office::open();
    office.publish("WORK", vec![says("пришла")]);
    let deal = office.deal(none());
    for _ in 0..62 {
        for stage in ["WORK", "NEW"] {
            office.now = office.now.plus(std::time::Duration::from_secs(5));
            office.move_to(deal, stage);
            office.settle();
        }
    }
    assert_eq!(office.comments(deal).len(), 60);
    assert_eq!(office.stopped(deal).len(), 2);
    assert!(office.stopped(deal)[0].contains("За час"), "{:?}", office.stopped(deal));
    office.pass("1h");
    office.move_to(deal, "WORK");
    office.settle();
    assert_eq!(office.comments(deal).len(), 61, "after a while it goes on");
}

// ── the shipped pack ──

#[test]
fn the_rules_of_the_debt_relief_pack_work_from_application_to_letter() {
    let mut office = Office::open();
    let pack: crm::pack::PackRules = read_pack("../tests/pack/rules/deal.toml");
    for stage in pack.stages {
        office.publish(&stage.stage, stage.rules);
    }
    let deal = office.deal(none());
    office.settle();
    assert_eq!(office.stopped(deal), Vec::<String>::new());
    let notice = office.of(deal, kind::NOTIFICATION).pop().unwrap();
    assert_eq!(notice.title(), format!("Новая заявка № {}: Иван, +7 999 000-11-22", deal.id));
    assert_eq!(notice.values.text("text_en"), format!("New application No. {}: Иван, +7 999 000-11-22", deal.id));
    let message = office.of(deal, kind::MESSAGE).pop().unwrap();
    assert_eq!(message.values.text("body"), "Иван, здравствуйте! Мы получили вашу заявку. Специалист Анна позвонит в течение 15 минут.");
    assert_eq!(message.values.text("variables"), "1=Иван;2=Анна");
    let step = office.steps(deal).into_iter().find(|step| step.made == Some(message.at())).unwrap();
    assert_eq!(message.values.text("send_key"), format!("step:{}", step.id));
    let task = office.of(deal, kind::TASK).pop().unwrap();
    office.anna_does(Command::MoveTask { task: task.at(), status: "completed".into() }).unwrap();
    office.pass("119m");
    assert_eq!((office.stands(deal).as_str(), office.of(deal, kind::MESSAGE).len()), ("CONSULT", 1));
    office.pass("1m");
    let letter = office.of(deal, kind::MESSAGE).pop().unwrap();
    assert_eq!(letter.values.text("subject"), format!("Итоги консультации по вашей заявке № {}", deal.id));
    assert!(letter.values.text("body").starts_with("Здравствуйте, Иван!"));
    office.move_to(deal, "WON");
    office.settle();
    let notice = office.of(deal, kind::NOTIFICATION).pop().unwrap();
    assert_eq!((notice.title(), notice.responsible()), ("Договор подписан: Сделка, —", office.boris), "a missing sum does not keep the news back");
    assert_eq!(office.stopped(deal), Vec::<String>::new());
}

// ── quiet events ──

#[test]
fn nothing_answers_to_what_was_done_quietly_but_what_waited_on_the_old_stage_is_cancelled() {
    let mut office = Office::open();
    office.publish("NEW", vec![says("жду").also(|rule| rule.timing = Timing::After { seconds: 3_600 })]);
    office.publish("WORK", vec![says("пришла")]);
    let offer = office.publish("OFFER", vec![on_change("amount")]).rules[0].id;
    let deal = office.deal(none());
    office.settle();
    let (work, cause) = (office.stage("WORK"), crm::Cause::new(Actor::System, office.now).quietly());
    office
        .transact(move |tx| {
            crm::stage::move_to(tx, &crm::Rights::system(), &cause, deal, work)?;
            crm::item::change(tx, &crm::Rights::system(), &cause, deal, &Values::from([("amount", Value::money(500))])).map(drop)
        })
        .unwrap();
    office.pass("2h");
    office.settle();
    assert_eq!(office.stands(deal), "WORK");
    assert_eq!(office.comments(deal), Vec::<String>::new());
    assert_eq!(office.states(deal), [StepState::Cancelled]);
    assert!(office.evaluations(offer).is_empty());
}
