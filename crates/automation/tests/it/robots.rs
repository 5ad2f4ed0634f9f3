//! What the robots want and say, on a real card.

use crate::common::{Also, Hands, Office, minutes, robot, says};
use crm::{Actor, Cause, Command, Done, Execute, Fact, Failure, Lane, Outcome, Refusal, Rights, StepState, Tx, Value, Values, code, kind};
use std::sync::atomic::{AtomicU32, Ordering};

fn settings<const N: usize>(pairs: [(&str, &str); N]) -> Values {
    Values(pairs.into_iter().map(|(code, text)| (code.to_owned(), Value::text(text))).collect())
}

fn rows<const N: usize>(list: &str, names: (&str, &str), rows: [(&str, &str); N]) -> Values {
    let rows = rows.into_iter().map(|(name, value)| Value::Record(settings([(names.0, name), (names.1, value)]))).collect();
    Values::new().with(list, Value::Many(rows))
}

#[test]
fn every_hole_of_both_dialects_and_languages_is_filled() {
    let office = Office::open();
    let text = "{{Имя клиента}}|{{client name}}|{{Фамилия клиента}}|{{ФИО клиента}}|{{ФИО клиента:иниц}}|{{Телефон клиента}}|{{client email}}|{{Имя сотрудника}}|{{employee name}}|\
                {{ФИО сотрудника}}|{{Телефон сотрудника}}|{{Сделка.Номер}}|{{deal title}}|{{deal amount}}|{{Сделка.Сумма:деньги}}|{{Клиент.Имя:верх}}|{{Клиент.Отчество:нет:\"—\"}}|{{Регион}}|\
                {=Document:TITLE}|{=Document:ASSIGNED_BY_ID}|{=Document:OPPORTUNITY}|{=Document:STAGE_ID}|{{close_date:дата_кав}}|{{Сегодня}}|{{Ссылка на карточку}}";
    office.publish("NEW", vec![says(text)]);
    let deal = office.deal(Values::from([
        (code::TITLE, Value::text("Долг Иванова")),
        ("amount", Value::money(12_345_670)),
        ("region", Value::text("Москва")),
        ("close_date", Value::text("2026-12-05")),
    ]));
    office.settle();
    assert_eq!(office.stopped(deal), Vec::<String>::new());
    let said = office.comments(deal).remove(0);
    let expected = [
        "Иван",
        "Иван",
        "Иванов",
        "Иванов Иван",
        "Иванов И.",
        "+7 999 000-11-22",
        "ivanov@example.com",
        "Анна",
        "Анна",
        "Анна Смирнова",
        "+7 999 000-00-01",
        &deal.id.to_string(),
        "Долг Иванова",
        "123\u{a0}456,70\u{a0}₽",
        "123\u{a0}456,70",
        "ИВАН",
        "—",
        "Москва",
        "Долг Иванова",
        "Анна Смирнова",
        "123\u{a0}456,70\u{a0}₽",
        "Новая заявка",
        "«05» декабря 2026 г.",
        "25.11.2026",
        &format!("http://localhost/deal/{}", deal.id),
    ];
    assert_eq!(said.split('|').map(str::trim).collect::<Vec<_>>(), expected);
}

#[test]
fn what_a_client_wrote_is_not_taken_for_holes_and_does_not_change_an_address() {
    let office = Office::open();
    let call = robot(
        "outgoing_webhook",
        rows("body", ("name", "value"), [("region", "{{Регион}}")]).with("url", Value::text("https://example.com/hook?region={{Регион}}&id={{deal number}}")),
    );
    office.publish("NEW", vec![call, says("{{Регион}}")]);
    let deal = office.deal(Values::from([("region", Value::text("{{Имя клиента}}&admin=1#"))]));
    office.settle();
    assert_eq!(office.comments(deal), ["{{Имя клиента}}&admin=1#"]);
    let step = office.steps(deal).remove(0);
    let called = office
        .timeline(deal)
        .into_iter()
        .find_map(|event| if let Fact::UrlCalled { url, detail, .. } = event.fact { Some((url, detail)) } else { None })
        .unwrap();
    let encoded = "%7B%7B%D0%98%D0%BC%D1%8F%20%D0%BA%D0%BB%D0%B8%D0%B5%D0%BD%D1%82%D0%B0%7D%7D%26admin%3D1%23";
    assert_eq!(called.0, format!("https://example.com/hook?region={encoded}&id={}", deal.id));
    assert_eq!(called.1, format!("POST region={{{{Имя клиента}}}}&admin=1# step:{}", step.id));
    assert_eq!(step.reason.ru, "Вызов https://example.com/hook в очереди", "what follows the question mark is not shown");
}

#[test]
fn a_client_known_only_by_a_phone_is_not_addressed_by_it() {
    let mut office = Office::open();
    let values = Values::from([("phone", Value::text("+79990003344"))]);
    office.ivanov = office.anna_does(Command::Create { kind: kind::CONTACT, values }).unwrap().item.unwrap();
    office.publish("NEW", vec![robot("send_template", settings([("channel", "twilio_whatsapp"), ("template", "application_received")]))]);
    let deal = office.deal(Values::new());
    office.settle();
    assert_eq!(office.of(deal, kind::MESSAGE).len(), 0);
    assert_eq!(office.stopped(deal), ["failed: Нечем заполнить: Имя клиента"]);
}

#[test]
fn staff_is_told_even_when_the_card_knows_little() {
    let office = Office::open();
    office.publish(
        "NEW",
        vec![
            robot("notify", settings([("to", "responsible"), ("text", "Регион: {{Регион}}, {{Имя клиента}}")])),
            says("{{Регион:верх}}, {{Регион:нет:\"нет\"}}"),
        ],
    );
    let deal = office.deal(Values::new());
    office.settle();
    assert_eq!(office.of(deal, kind::NOTIFICATION)[0].title(), "Регион: —, Иван");
    assert_eq!(office.comments(deal), ["—, нет"]);
}

#[test]
fn values_are_copied_as_they_are_and_texts_are_filled() {
    let office = Office::open();
    let write = rows(
        "values",
        ("field", "value"),
        [
            ("debt_total", "{{Сделка.Сумма}}"),
            ("comment", "Долг {{Сделка.Сумма}}"),
            ("source", ""),
            ("close_date", "{{Сегодня}}"),
            ("preferred_channel", "email"),
        ],
    );
    office.publish("NEW", vec![robot("modify_item", write)]);
    let deal = office.deal(Values::from([("amount", Value::money(1_250_050)), ("source", Value::text("сайт"))]));
    office.settle();
    let item = office.item(deal);
    assert_eq!(item.values.get("debt_total"), &Value::money(1_250_050));
    assert_eq!(item.values.text("comment"), "Долг 12\u{a0}500,50\u{a0}₽");
    assert_eq!(item.values.get("source"), &Value::Null);
    assert_eq!(item.values.get("close_date"), &Value::date(crm::Date::constant(2026, 11, 25)));
    assert_eq!(item.values.text("preferred_channel"), "email");
}

fn hire(office: &Office, login: &str) -> crm::UserId {
    let login = login.to_owned();
    office
        .transact(move |tx| {
            let mut user = crm::User { login: login.clone(), first_name: login.clone(), role: "operator".into(), active: true, ..crm::User::default() };
            tx.put_user(&mut user)?;
            Ok(user.id)
        })
        .unwrap()
}

#[test]
fn cards_are_given_in_turn_and_the_turn_survives_a_new_version() {
    let office = Office::open();
    let vera = hire(&office, "vera");
    let gleb = hire(&office, "gleb");
    let rule = office.publish("WORK", vec![robot("change_responsible", settings([("to", "role:operator")]))]).rules.remove(0);
    let give = || {
        let deal = office.deal(Values::from([(code::RESPONSIBLE, Value::user(office.boris))]));
        office.change(deal, code::RESPONSIBLE, Value::user(office.boris));
        office.move_to(deal, "WORK");
        office.settle();
        office.item(deal).responsible()
    };
    assert_eq!([give(), give(), give(), give()], [office.anna, vera, gleb, office.anna]);
    office.publish("WORK", vec![rule]);
    assert_eq!(give(), vera);
}

#[test]
fn the_least_busy_one_gets_the_task() {
    let office = Office::open();
    let vera = hire(&office, "vera");
    let busy = Command::CreateTask { about: None, to: office.anna, title: "Отчёт".into(), description: String::new(), deadline: None };
    office.anna_does(busy).unwrap();
    office.publish("NEW", vec![robot("create_task", settings([("title", "Позвонить"), ("to", "role:operator")]))]);
    let deal = office.deal(Values::new());
    office.settle();
    assert_eq!(office.of(deal, kind::TASK)[0].responsible(), vera);
}

#[test]
fn a_robot_that_names_nobody_says_so() {
    let office = Office::open();
    office.publish("NEW", vec![robot("notify", settings([("to", "head"), ("text", "привет")]))]);
    let deal = office.deal(Values::new());
    office.settle();
    assert!(office.stopped(deal)[0].starts_with("failed: Некому: «head»"), "{:?}", office.stopped(deal));
}

#[test]
fn each_channel_may_have_its_own_template_of_the_same_code() {
    let office = Office::open();
    for (channel, body) in [("smtp", "Письмо для {{Имя клиента}}"), ("twilio_whatsapp", "Сообщение для {{Имя клиента}}")]
    {
        let values = settings([("title", "Итоги"), ("code", "same"), ("channel", channel), ("subject", "Итоги"), ("body", body)]);
        office.anna_does(Command::Create { kind: kind::TEMPLATE, values }).unwrap();
    }
    office.publish(
        "NEW",
        vec![robot("send_template", settings([("channel", "twilio_whatsapp"), ("template", "same")])), robot("send_email", settings([("template", "same")]))],
    );
    let deal = office.deal(Values::new());
    office.settle();
    let bodies: Vec<String> = office.of(deal, kind::MESSAGE).iter().map(|message| message.values.text("body").to_owned()).collect();
    assert_eq!(bodies, ["Сообщение для Иван", "Письмо для Иван"]);
}

#[test]
fn a_template_that_is_gone_stops_the_robot_with_the_reason() {
    let office = Office::open();
    office.publish("NEW", vec![robot("send_email", settings([("template", "consultation_summary")]))]);
    let template = office
        .look(|read| read.items(&Rights::system(), &crm::Query::of(kind::TEMPLATE)))
        .into_iter()
        .find(|item| item.values.text("code") == "consultation_summary")
        .unwrap();
    office.anna_does(Command::Delete { item: template.at() }).unwrap();
    let deal = office.deal(Values::new());
    office.settle();
    assert_eq!(office.stopped(deal), ["failed: Шаблона «consultation_summary» нет"]);
}

#[test]
fn what_a_department_refuses_is_the_end_of_the_step_and_leaves_nothing_behind() {
    let mut office = Office::open();
    let values = Values::from([("first_name", Value::text("Пётр")), ("phone", Value::text("+79990003344"))]);
    office.ivanov = office.anna_does(Command::Create { kind: kind::CONTACT, values }).unwrap().item.unwrap();
    office.publish("NEW", vec![robot("send_email", settings([("subject", "Здравствуйте"), ("body", "{{Имя клиента}}!")])), says("дальше")]);
    let deal = office.deal(Values::new());
    office.settle();
    assert_eq!((office.stopped(deal), office.comments(deal)), (vec!["failed: У клиента нет адреса".to_owned()], vec!["дальше".to_owned()]));
    assert_eq!(office.of(deal, kind::MESSAGE).len(), 0);
}

// ── a world that fails ──

/// Comments fail so many times before they succeed.
struct Flaky(AtomicU32);

impl Execute for Flaky {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        if let Command::Comment { item, .. } = command
            && self.0.load(Ordering::SeqCst) > 0
        {
            self.0.fetch_sub(1, Ordering::SeqCst);
            // What was done before the failure must not stay.
            crm::item::comment(tx, rights, cause, *item, "половина")?;
            return Err(Failure::retry("the disk is slow").into());
        }
        Hands.execute(tx, rights, cause, command)
    }
}

fn run_with(office: &Office, hands: &'static (dyn Execute + 'static)) -> u32 {
    let (firm, now) = (office.firm.clone(), office.now);
    office.transact(move |tx| automation::run_due(tx, hands, &firm, now, 50)).unwrap()
}

#[test]
fn a_passing_failure_is_tried_again_later_and_the_lane_waits() {
    static HANDS: Flaky = Flaky(AtomicU32::new(2));
    let mut office = Office::open();
    office.publish("NEW", vec![says("раз").also(|rule| rule.lane = Lane::Wait), says("два").also(|rule| rule.lane = Lane::Wait)]);
    let deal = office.deal(Values::new());
    office.dispatch();
    run_with(&office, &HANDS);
    let step = office.steps(deal).remove(0);
    assert_eq!((step.state, step.attempts, office.comments(deal).len()), (StepState::Waiting, 1, 0));
    assert!(step.reason.ru.contains("the disk is slow"));
    let wait = step.due.unwrap().since(office.now);
    assert!((4..=6).contains(&wait.as_secs()), "{wait:?}");
    assert_eq!(run_with(&office, &HANDS), 0, "not yet");
    for _ in 0..4 {
        office.now = office.now.plus(minutes(1));
        run_with(&office, &HANDS);
    }
    assert_eq!((office.comments(deal), office.states(deal)), (vec!["раз".to_owned(), "два".to_owned()], vec![StepState::Done; 2]));
}

#[test]
fn a_lasting_failure_is_given_up_after_eleven_tries_and_told() {
    static HANDS: Flaky = Flaky(AtomicU32::new(u32::MAX));
    let mut office = Office::open();
    office.publish("NEW", vec![says("раз")]);
    let deal = office.deal(Values::new());
    office.dispatch();
    for _ in 0..20 {
        run_with(&office, &HANDS);
        office.now = office.now.plus(minutes(60 * 30));
    }
    let step = office.steps(deal).remove(0);
    assert_eq!((step.state, step.attempts), (StepState::Failed, 12));
    assert_eq!(office.stopped(deal), ["failed: Сбой: the disk is slow"]);
}

/// No card of region "яд" may move.
struct Careful;

impl Execute for Careful {
    fn execute(&self, tx: &mut dyn Tx, rights: &Rights, cause: &Cause, command: &Command) -> Outcome<Done> {
        if let Command::Move { item, .. } = command {
            let card = tx.item(rights, *item)?.unwrap();
            match card.values.text("region") {
                "яд" => return Err(Failure::give_up("this card is poison").into()),
                "нельзя" => return Err(Refusal::new("forbidden", "Сначала заполните сумму", "Fill in the amount first").into()),
                _ => {}
            }
        }
        Hands.execute(tx, rights, cause, command)
    }
}

#[test]
fn one_poisonous_event_is_told_and_does_not_stop_the_log() {
    let office = Office::open();
    let rule = office.publish("WORK", vec![crate::common::on_webhook("go")]).rules[0].id;
    let deals = ["яд", "нельзя", "Москва"].map(|region| office.deal(Values::from([("region", Value::text(region))])));
    for deal in deals {
        office.call_webhook(deal, "go");
    }
    let (firm, now) = (office.firm.clone(), office.now);
    office.transact(move |tx| automation::dispatch(tx, &Careful, &firm, now, 50)).unwrap();
    assert_eq!(deals.map(|deal| office.stands(deal)), ["NEW", "NEW", "WORK"]);
    let stopped = office.stopped(deals[0]).remove(0);
    assert!(stopped.starts_with("failed: Автоматизация не смогла обработать событие №") && stopped.ends_with("this card is poison"), "{stopped}");
    assert_eq!(office.codes(rule), ["fired", "failed"], "the refused move is an answer of the trigger, the poison is none");
    assert!(office.evaluations(rule)[1].reason.ru.contains("Сначала заполните сумму"));
    let moved = office.timeline(deals[2]).pop().unwrap();
    assert!(matches!(moved.by, Actor::Trigger { .. }));
}
