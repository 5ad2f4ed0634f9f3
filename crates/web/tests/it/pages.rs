//! Board, list, card, tasks, search: what is shown to whom, and what is refused.

use crate::browser::Browser;
use axum::http::StatusCode;
use crm::{Actor, Cause, Command, Fact, Filter, ItemRef, Op, Query, Rights, UserId, Value, Values, kind};

fn number(browser: &Browser, responsible: i64) -> i64 {
    let query = Query::of(kind::DEAL).filter(Filter::is("responsible", Op::Eq, Value::Int(responsible))).limit(1);
    browser.house.read(|read| read.items(&Rights::system(), &query)).unwrap()[0].id
}

fn change(browser: &Browser, id: i64, field: &'static str, text: &str) {
    let (house, text) = (browser.house.clone(), text.to_owned());
    let cause = Cause::new(Actor::System, house.now());
    house
        .command(&Rights::system(), &cause, Command::Change { item: ItemRef::new(kind::DEAL, id), values: Values::from([(field, Value::text(text))]) })
        .unwrap();
}

#[tokio::test]
async fn the_board_shows_sums_of_what_one_may_see() {
    let browser = Browser::new(40);
    let (boris, anna) = (browser.signed_in("boris").await, browser.signed_in("anna").await);
    let tiles = |text: &str| text.matches("<article class=\"tile\"").count();
    let (all, own) = (boris.get("/deals/board").await, anna.get("/deals/board").await);
    assert_eq!((all.status, tiles(&all.text), tiles(&own.text)), (StatusCode::OK, 40, 20));
    let of_boris = number(&browser, 2);
    assert!(all.text.contains(&format!("id=\"tile-{of_boris}\"")) && !own.text.contains(&format!("id=\"tile-{of_boris}\"")));
    let sums = |text: &str| text.split("data-sums>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_ne!(sums(&all.text), sums(&own.text));
}

#[tokio::test]
async fn a_column_goes_on_where_it_ended_and_shows_nothing_twice() {
    let browser = Browser::new(0);
    let house = browser.house.clone();
    house
        .transact(|tx| {
            for at in 0..60 {
                let cause = Cause::new(Actor::System, crm::Moment(1_000_000 + at / 7));
                crm::item::create(
                    tx,
                    &Rights::system(),
                    &cause,
                    kind::DEAL,
                    &Values::from([("title", Value::text(format!("d{at}"))), ("responsible", Value::Int(2))]),
                )?;
            }
            Ok(())
        })
        .unwrap();
    let boris = browser.signed_in("boris").await;
    let mut text = boris.get("/deals/board").await.text;
    let mut seen = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        for tile in text.split("data-key=\"").skip(1) {
            assert!(seen.insert(tile.split('"').next().unwrap().to_owned()), "twice: {tile:.20}");
        }
        pages += 1;
        let Some(next) = text.split("hx-get=\"/deals/board/column").nth(1) else { break };
        let next = next.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
        text = boris.piece(&format!("/deals/board/column{next}")).await.text;
    }
    assert_eq!((seen.len(), pages), (60, 3));
}

#[tokio::test]
async fn what_is_typed_by_clients_is_never_markup() {
    let browser = Browser::new(2);
    let id = number(&browser, 3);
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    change(&browser, id, "title", evil);
    change(&browser, id, "region", evil);
    change(&browser, id, "comment", evil);
    let anna = browser.signed_in("anna").await;
    anna.post(&format!("/deals/{id}/comment"), &format!("text={}", evil.replace('&', "%26"))).await;
    for path in [
        "/deals/board".to_owned(),
        "/deals".to_owned(),
        format!("/deals/{id}"),
        format!("/deals/{id}/history"),
        "/search?q=script".to_owned(),
        format!("/deals/{id}/fields/region/edit"),
        "/deals?q=%3Cimg%20src=x%3E".to_owned(),
    ] {
        let text = anna.get(&path).await.text;
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{path}");
    }
}

#[tokio::test]
async fn a_strange_card_looks_like_none() {
    let browser = Browser::new(4);
    let anna = browser.signed_in("anna").await;
    let strange = number(&browser, 2);
    for path in ["", "/story", "/automation", "/history", "/readers", "/fields/amount", "/fields/amount/edit"] {
        let (hidden, missing) = (anna.get(&format!("/deals/{strange}{path}")).await, anna.get(&format!("/deals/999999{path}")).await);
        assert_eq!((hidden.status, missing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND), "{path}");
        assert_eq!(hidden.text, missing.text, "{path}");
    }
    for (path, form) in [("move", "stage=2"), ("comment", "text=x"), ("task", "title=x"), ("delete", ""), ("message", "channel=smtp&text=x")] {
        assert_eq!(anna.post(&format!("/deals/{strange}/{path}"), form).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(anna.piece(&format!("/deals/{strange}/tile")).await.text.trim(), "");
}

#[tokio::test]
async fn garbage_in_addresses_gets_an_answer_and_never_a_500() {
    let anna = Browser::new(3).signed_in("anna").await;
    for path in [
        "/deals/board?pipeline=999",
        "/deals/board?pipeline=x",
        "/deals/board?responsible=%00&q=%FF%FE",
        "/deals/board/column?stage=1&after=x-y",
        "/deals/board/column?stage=999",
        "/deals?sort=nothing",
        "/deals?f=nothing&o=eq&v=1",
        "/deals?f=amount&o=gt&v=many",
        "/deals?f=amount&o=foo&v=1",
        "/deals?after=%7B%7D",
        "/deals?after=%5B%5B%22x%22%5D%2C1%5D",
        "/deals/-1",
        "/deals/99999999999999999999",
        "/nothing",
        "/nothing/board",
        "/contacts/board",
        "/search?q=%25%5C%22",
        "/deals/pick?q=%00",
        "/deals/1/fields/nothing/edit",
        "/popup/1",
        "/live?after=x",
        "/deals/filter-row?f=nothing",
        "/deals?q=%00",
    ] {
        let page = anna.get(path).await;
        assert!(!page.status.is_server_error(), "{path}: {} {:.300}", page.status, page.text);
        // A board of what has no stages sends on to its list.
        let sent_on = page.status.is_redirection() && page.headers.contains_key("location");
        let told = page.headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8");
        assert!(page.status.is_success() || sent_on || told, "{path}: an answer for people");
    }
    let filter: String = (0..300).map(|_| "f=title&o=contains&v=x&").collect();
    assert_eq!(anna.get(&format!("/deals?{filter}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_answer_is_told_under_its_field_and_nothing_changes() {
    let browser = Browser::new(4);
    let anna = browser.signed_in("anna").await;
    let id = number(&browser, 3);
    let before = browser.house.read(|read| read.latest()).unwrap();
    let page = anna.post(&format!("/deals/{id}/fields/amount"), "amount=%D0%BC%D0%BD%D0%BE%D0%B3%D0%BE").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("нужна сумма") && page.text.contains("value=\"много\""), "{}", page.text);
    assert_eq!(browser.house.read(|read| read.latest()).unwrap(), before);
    let page = anna.post(&format!("/deals/{id}/fields/amount"), "amount=1%20500,50").await;
    assert!(page.status.is_success() && page.text.contains("1\u{a0}500,50\u{a0}₽"), "{}", page.text);
    assert_eq!(anna.post(&format!("/deals/{id}/fields/created_at"), "created_at=2026-01-01").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_message_is_one_entry_with_its_latest_state_whatever_comes_late() {
    let browser = Browser::new(4);
    let anna = browser.signed_in("anna").await;
    let id = number(&browser, 3);
    assert_eq!(anna.post(&format!("/deals/{id}/message"), "channel=twilio_whatsapp&text=Hello").await.status, StatusCode::NO_CONTENT);
    let text = anna.get(&format!("/deals/{id}")).await.text;
    assert_eq!(text.matches("class=\"bubble\"").count(), 1);
    assert!(text.contains("class=\"ticks read\""), "the latest state counts");
    let steps = text.split("class=\"ticks read\"").nth(1).unwrap().split("</details>").next().unwrap();
    assert_eq!(steps.matches("<li>").count(), 4);
    assert_eq!(steps.matches("пришло с опозданием").count(), 1);
}

#[tokio::test]
async fn a_template_sent_by_hand_is_filled_and_never_reaches_the_client_with_holes() {
    let browser = Browser::new(4);
    let anna = browser.signed_in("anna").await;
    let id = number(&browser, 3);
    let shown = anna.piece(&format!("/deals/{id}/template?channel=twilio_whatsapp&template=application_received")).await.text;
    assert!(shown.contains("здравствуйте") && !shown.contains("{{"), "{shown}");
    assert_eq!(anna.post(&format!("/deals/{id}/message"), "channel=twilio_whatsapp&template=application_received").await.status, StatusCode::NO_CONTENT);
    let message = browser.house.read(|read| read.items(&Rights::system(), &Query::of(kind::MESSAGE).limit(1))).unwrap().remove(0);
    assert_eq!(message.values.text("body"), shown);
    let page = anna.post(&format!("/deals/{id}/message"), "channel=twilio_whatsapp&template=nothing").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Without a client nothing can be filled, and nothing is sent.
    let nobody = browser
        .house
        .command(
            &Rights::system(),
            &Cause::new(Actor::System, browser.house.now()),
            Command::Create { kind: kind::DEAL, values: Values::from([("title", Value::text("x")), ("responsible", Value::Int(3))]) },
        )
        .unwrap()
        .item
        .unwrap()
        .id;
    let page = anna.post(&format!("/deals/{nobody}/message"), "channel=twilio_whatsapp&template=application_received").await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("Имя клиента"), "{}", page.text);
}

#[tokio::test]
async fn the_story_names_the_rule_and_the_event_that_led_to_it() {
    let browser = Browser::new(0);
    let house = browser.house.clone();
    let deal = house
        .transact(|tx| {
            let cause = Cause::new(Actor::System, crm::Moment(1_790_000_000_000_000));
            crm::item::create_with(
                tx,
                &Rights::system(),
                &cause,
                kind::DEAL,
                &Values::from([("title", Value::text("Заявка")), ("responsible", Value::Int(3))]),
                vec![],
            )
        })
        .unwrap();
    let work = || {
        let (executor, firm, now) = (house.executor.clone(), house.firm.clone(), house.now());
        let work =
            move |tx: &mut dyn crm::Tx| Ok(automation::dispatch(tx, &*executor, &firm, now, 100)? + automation::run_due(tx, &*executor, &firm, now, 100)?);
        while house.transact(work.clone()).unwrap() > 0 {}
    };
    work();
    let anna = browser.signed_in("anna").await;
    let text = anna.get(&format!("/deals/{}", deal.id)).await.text;
    assert!(text.contains("Робот «Позвонить клиенту»"), "who");
    assert!(text.contains("потому что перешла на стадию «Новая заявка»"), "why");
    assert!(text.contains("class=\"plan"), "the task stands on top");
    let rules = anna.piece(&format!("/deals/{}/automation", deal.id)).await.text;
    assert!(rules.contains("Показать заявку оператору") && rules.contains("сделано"), "{rules}");
    // The call is done: the trigger moves the deal, and the letter waits for two hours.
    let task = house.read(|read| read.items(&Rights::system(), &Query::of(kind::TASK).limit(1))).unwrap()[0].id;
    assert_eq!(anna.post(&format!("/tasks/{task}/status"), "status=completed").await.status, StatusCode::NO_CONTENT);
    work();
    let text = anna.get(&format!("/deals/{}", deal.id)).await.text;
    assert!(text.contains("Триггер «Клиенту позвонили»") && text.contains("потому что выполнена задача"), "{text}");
    let rules = anna.piece(&format!("/deals/{}/automation", deal.id)).await.text;
    assert!(rules.contains("ждёт времени") && rules.contains("data-countdown"), "{rules}");
}

#[tokio::test]
async fn a_popup_knows_a_client_who_came_before_and_belongs_to_one_person() {
    let browser = Browser::new(0);
    let house = browser.house.clone();
    let tell = |title: &'static str, repeat: bool| {
        let house = house.clone();
        house
            .transact(move |tx| {
                let cause = Cause::new(Actor::System, crm::Moment(1_790_000_000_000_000));
                let query = Query::of(kind::CONTACT).limit(1);
                let contact = match tx.items(&Rights::system(), &query)?.pop() {
                    Some(known) => known,
                    None => crm::item::create(
                        tx,
                        &Rights::system(),
                        &cause,
                        kind::CONTACT,
                        &Values::from([("title", Value::text("Иванов Иван")), ("phone", Value::text("+79990001122"))]),
                    )?,
                };
                let values = Values::from([
                    ("title", Value::text(title)),
                    ("contact", Value::Int(contact.id)),
                    ("responsible", Value::Int(3)),
                    ("repeat_client", Value::Flag(repeat)),
                ]);
                let deal = crm::item::create(tx, &Rights::system(), &cause, kind::DEAL, &values)?;
                crm::item::comment(tx, &Rights::system(), &cause, deal.at(), "Просил перезвонить")?;
                Ok(team::notices::notify(tx, &cause, &[UserId(3)], deal.at(), &crm::Label::same("Новая заявка"), true)?[0].id)
            })
            .unwrap()
    };
    let anna = browser.signed_in("anna").await;
    let first = tell("Первая заявка", false);
    let new = anna.piece(&format!("/popup/{first}")).await.text;
    assert!(new.contains("Новый клиент") && new.contains("+7 999 000-11-22") && new.contains("data-popup-take"), "{new}");
    let second = tell("Вторая заявка", true);
    let repeat = anna.piece(&format!("/popup/{second}")).await.text;
    assert!(repeat.contains("Клиент уже обращался") && repeat.contains("Первая заявка") && repeat.contains("Просил перезвонить"), "{repeat}");
    let boris = browser.signed_in("boris").await;
    assert_eq!(boris.piece(&format!("/popup/{second}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_quick_deal_takes_the_client_who_has_this_phone_already() {
    let browser = Browser::new(0);
    let boris = browser.signed_in("boris").await;
    for phone in ["8 (999) 000-11-22", "%2B79990001122"] {
        let page = boris.post("/deals/board/add", &format!("title=x&amount=100&client=Ivanov&phone={phone}")).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    }
    let count = |of| browser.house.read(|read| read.count(&Rights::system(), &Query::of(of), 10)).unwrap().counted;
    assert_eq!((count(kind::DEAL), count(kind::CONTACT)), (2, 1));
    let page = boris.post("/deals/board/add", "title=x&client=Ivanov&phone=abc").await;
    assert_eq!((page.status, count(kind::CONTACT)), (StatusCode::UNPROCESSABLE_ENTITY, 1));
    let page = boris.post("/deals/board/add", "title=x&client=Petrov&amount=many").await;
    assert_eq!((page.status, count(kind::DEAL), count(kind::CONTACT)), (StatusCode::UNPROCESSABLE_ENTITY, 2, 1), "the client is not left behind");
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_goes_on() {
    let browser = Browser::new(120);
    let boris = browser.signed_in("boris").await;
    let rows = |text: &str| text.matches("<tr data-href").count();
    let hrefs = |text: &str| text.split("<tr data-href=\"").skip(1).map(|row| row.split('"').next().unwrap().to_owned()).collect::<Vec<_>>();
    let step = |text: &str, rel: &str| {
        let link = text.split(&format!("rel=\"{rel}\" href=\"")).nth(1)?.split('"').next()?;
        Some(link.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\""))
    };
    let (mut pages, mut address) = (Vec::new(), Some("/deals?sort=amount&up=1".to_owned()));
    let mut back = None;
    while let Some(next) = address {
        let text = boris.get(&next).await.text;
        pages.push(hrefs(&text));
        (address, back) = (step(&text, "next"), step(&text, "prev"));
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    let mut seen = pages.concat();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 120, "nothing twice");
    // The way back shows the same pages.
    let text = boris.get(&back.unwrap()).await.text;
    assert_eq!(hrefs(&text), pages[1]);
    let text = boris.get(&step(&text, "prev").unwrap()).await.text;
    assert_eq!((hrefs(&text), step(&text, "prev")), (pages[0].clone(), None));
    let text = boris.get("/deals?f=amount&o=ge&v=900000&f=responsible&o=eq&v=2").await.text;
    assert!(rows(&text) > 0 && rows(&text) < 20, "{}", rows(&text));
    assert!(boris.piece("/deals/count?sort=id").await.text.contains("120"));
    assert!(boris.get("/deals?q=%D0%BD%D0%B8%D1%87%D0%B5%D0%B3%D0%BE%D1%82%D0%B0%D0%BA%D0%BE%D0%B3%D0%BE").await.text.contains("ничего не подошло"));
}

#[tokio::test]
async fn a_task_is_put_off_and_done_and_another_persons_task_is_not() {
    let browser = Browser::new(12);
    let (anna, boris) = (browser.signed_in("anna").await, browser.signed_in("boris").await);
    let of = |user: i64| {
        browser
            .house
            .read(|read| read.items(&Rights::system(), &Query::of(kind::TASK).filter(Filter::is("responsible", Op::Eq, Value::Int(user))).limit(1)))
            .unwrap()[0]
            .clone()
    };
    let mine = of(3);
    assert!(anna.get("/tasks/my").await.text.contains(&format!("data-task=\"{}\"", mine.id)));
    assert_eq!(anna.post(&format!("/tasks/{}/later", mine.id), "by=1d").await.status, StatusCode::NO_CONTENT);
    assert!(of(3).values.moment("deadline") > mine.values.moment("deadline"));
    assert_eq!(anna.post(&format!("/tasks/{}/later", mine.id), "to=tomorrow").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(anna.post(&format!("/tasks/{}/status", mine.id), "status=completed").await.status, StatusCode::NO_CONTENT);
    assert!(!anna.get("/tasks/my").await.text.contains(&format!("data-task=\"{}\"", mine.id)));
    assert_eq!(anna.post(&format!("/tasks/{}/status", of(2).id), "status=completed").await.status, StatusCode::NOT_FOUND);
    assert_eq!(boris.post(&format!("/tasks/{}/status", of(2).id), "status=nonsense").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn deleting_is_for_those_who_may() {
    let browser = Browser::new(4);
    let id = number(&browser, 3);
    let anna = browser.signed_in("anna").await;
    assert!(!anna.get(&format!("/deals/{id}")).await.text.contains("data-delete"));
    assert_eq!(anna.post(&format!("/deals/{id}/delete"), "").await.status, StatusCode::FORBIDDEN);
    let admin = browser.signed_in("admin").await;
    assert_eq!(admin.post(&format!("/deals/{id}/delete"), "").await.status, StatusCode::OK);
    assert_eq!(admin.get(&format!("/deals/{id}")).await.status, StatusCode::NOT_FOUND);
    let last = browser.house.read(|read| read.events_after(crm::Seq(read.latest()?.0 - 1), 5)).unwrap();
    assert!(matches!(last[0].fact, Fact::Deleted { .. }));
}

#[tokio::test]
async fn notices_are_counted_and_read() {
    let browser = Browser::new(2);
    let house = browser.house.clone();
    let deal = ItemRef::new(kind::DEAL, number(&browser, 3));
    let cause = Cause::new(Actor::System, house.now());
    house.transact(move |tx| team::notices::notify(tx, &cause, &[UserId(3)], deal, &crm::Label::new("Привет", "Hello"), false)).unwrap();
    let anna = browser.signed_in("anna").await;
    assert!(anna.get("/notices/count").await.text.contains("\"unread\":1"));
    let bell = anna.piece("/notices/bell").await.text;
    let id = bell.split("data-notice=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(bell.contains("Привет") && bell.contains(&format!("/deals/{}", deal.id)));
    let boris = browser.signed_in("boris").await;
    assert_eq!(boris.post(&format!("/notices/{id}/read"), "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(anna.post(&format!("/notices/{id}/read"), "").await.status, StatusCode::NO_CONTENT);
    assert!(anna.get("/notices/count").await.text.contains("\"unread\":0"));
}

#[tokio::test]
async fn who_sees_a_record_is_told_with_the_reason() {
    let browser = Browser::new(4);
    let anna = browser.signed_in("anna").await;
    let text = anna.piece(&format!("/deals/{}/readers", number(&browser, 3))).await.text;
    assert!(text.contains("Анна") && text.contains("отвечает за запись") && text.contains("Борис") && text.contains("видит все записи раздела"), "{text}");
}
