//! "Why did it not run?", the sentence on a rule's card, and what comes next.

use crate::common::{Also, Office, on_webhook, read_pack, robot, says, trigger};
use crm::{Filter, Lane, Op, Rule, Timing, Value, Values, kind};

fn big() -> Filter {
    Filter::is("amount", Op::Gt, Value::text("50 000"))
}

#[test]
fn a_trigger_tells_each_time_why_it_did_not_fire_the_newest_first() {
    let mut office = Office::open();
    let rule = office.publish("WORK", vec![on_webhook("go").also(|rule| rule.condition = big())]).rules.remove(0);
    let deal = office.deal(Values::from([("amount", Value::money(4_000_000))]));
    assert_eq!(
        office.why(&rule, deal),
        ["Сейчас условие не выполнено: Сумма 40\u{a0}000\u{a0}₽ не больше 50\u{a0}000\u{a0}₽", "С карточкой ещё не происходило того, чего ждёт этот триггер"]
    );
    office.call_webhook(deal, "other");
    office.settle();
    office.pass("2h");
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!(
        office.why(&rule, deal)[1..],
        [
            "Только что: не сработал. Условие не выполнено: Сумма 40\u{a0}000\u{a0}₽ не больше 50\u{a0}000\u{a0}₽",
            "2\u{a0}ч назад: не сработал. Вызван с другим кодом: «other»",
        ]
    );
    office.change(deal, "amount", Value::money(6_000_000));
    office.call_webhook(deal, "go");
    office.settle();
    assert_eq!(office.why(&rule, deal)[0], "Только что: сработал. Карточка переведена на стадию «Взята в работу»");
}

#[test]
fn a_robot_tells_what_it_waits_for_what_it_did_and_why_not() {
    let mut office = Office::open();
    let rules = office
        .publish(
            "NEW",
            vec![
                robot("wait", Values::from([("span", Value::text("5m"))])),
                says("скоро").after(3_600),
                says("потом").also(|rule| rule.lane = Lane::Wait),
                says("никогда").also(|rule| rule.condition = big()),
                says("напомнить").also(|rule| rule.timing = Timing::Before { field: "consultation_at".into(), seconds: 60 }),
            ],
        )
        .rules;
    let deal = office.deal(Values::new());
    office.settle();
    let now: Vec<String> = rules.iter().map(|rule| office.why(rule, deal).pop().unwrap()).collect();
    assert_eq!(
        now,
        [
            "Пауза кончится через 5\u{a0}мин. Пауза 5\u{a0}мин",
            "Сработает через 1\u{a0}ч",
            "Ждёт, пока закончит предыдущий робот",
            "Только что: пропущен. Сумма не заполнено, а нужно больше 50\u{a0}000\u{a0}₽",
            "Ждёт, пока заполнят поле «Консультация»",
        ]
    );
    office.pass("1h");
    assert_eq!(office.why(&rules[1], deal), ["Только что: сделано. Комментарий добавлен"]);
    office.move_to(deal, "WORK");
    office.settle();
    assert_eq!(office.why(&rules[4], deal), ["Только что: отменён. Карточка ушла со стадии «Новая заявка»"]);
    let other = office.publish("OFFER", vec![says("привет")]).rules.remove(0);
    assert_eq!(office.why(&other, deal), ["Карточка не приходила на эту стадию с тех пор, как на ней есть этот робот"]);
}

#[test]
fn what_comes_next_is_told_the_earliest_first() {
    let office = Office::open();
    office.publish(
        "NEW",
        vec![
            says("позже").after(7_200),
            says("когда заполнят").also(|rule| rule.timing = Timing::AfterField { field: "consultation_at".into(), seconds: 0 }),
            says("раньше").after(60),
        ],
    );
    let deal = office.deal(Values::new());
    office.settle();
    let next: Vec<i64> = office.look(|read| automation::explain::forecast(read, deal)).iter().map(|step| step.position).collect();
    assert_eq!(next, [2, 0, 1]);
}

fn sentence(office: &Office, rule: &Rule) -> (String, String) {
    let told = office.look(|read| automation::explain::whole_sentence(read, kind::DEAL, rule));
    (told.ru, told.en)
}

#[test]
fn a_rule_is_told_in_one_sentence() {
    let office = Office::open();
    let pack: crm::pack::PackRules = read_pack("../tests/pack/rules/deal.toml");
    let rules: Vec<Rule> = pack.stages.into_iter().flat_map(|stage| office.publish(&stage.stage, stage.rules).rules).collect();
    let letter = rules.iter().find(|rule| rule.code == "send_email").unwrap();
    assert_eq!(
        sentence(&office, letter),
        ("Через 2\u{a0}ч → Отправить письмо: «Итоги консультации»".into(), "In 2\u{a0}h → Send an e-mail: “Итоги консультации”".into())
    );
    let task = rules.iter().find(|rule| rule.code == "create_task").unwrap();
    assert_eq!(sentence(&office, task).0, "Сразу → Поставить задачу: «Позвонить: {{Имя клиента}}, {{Телефон клиента}}», ответственный");
    let done = rules.iter().find(|rule| rule.code == "task_status_changed").unwrap();
    assert_eq!(sentence(&office, done), ("Изменён статус задачи: Завершена".into(), "The status of a task changed: Completed".into()));
    let conditional = office
        .publish("LOST", vec![says("Жаль").also(|rule| rule.condition = big().and(Filter::is("region", Op::Eq, Value::text("Москва")))).after(86_400)])
        .rules
        .remove(0);
    assert_eq!(sentence(&office, &conditional).0, "Через 1\u{a0}д → если Сумма больше 50\u{a0}000\u{a0}₽ и Регион равно Москва → Добавить комментарий: «Жаль»");
    let fields = office
        .publish("JUNK", vec![trigger("fields_changed", Values::from([("fields", Value::Many(vec![Value::text("amount"), Value::text("region")]))]))])
        .rules
        .remove(0);
    assert_eq!(sentence(&office, &fields).0, "Изменены поля: Сумма, Регион");
}
