//! Conditions, saved views, columns, changing in place, many at once, activities, calendar.

use crate::browser::Browser;
use axum::http::StatusCode;
use crm::{
    Actor, Cause, EntityType, Field, FieldKind, Filter, ItemRef, Op, Outcome, Pipeline, PipelineId, Query, Rights, Stage, Tx, Value, Values, ViewMode, kind,
};

fn rows(text: &str) -> usize {
    text.matches("<tr data-href").count()
}

fn tiles(text: &str) -> usize {
    text.matches("<article class=\"tile").count()
}

fn deals(browser: &Browser, filter: Filter) -> Vec<crm::Item> {
    browser.house.read(|read| read.items(&Rights::system(), &Query::of(kind::DEAL).filter(filter.clone()).limit(500))).unwrap()
}

fn write(browser: &Browser, mut work: impl FnMut(&mut dyn Tx) -> Outcome<()> + Send + 'static) {
    browser.house.transact(move |tx| work(tx)).unwrap();
}

/// Runs an operation to its end, as the worker does.
fn carry_out(browser: &Browser, id: i64) {
    let who: exchange::operations::Who = std::sync::Arc::new(|_: &dyn crm::Read, _: crm::UserId, _: crm::Moment| Ok(Some(Rights::system())));
    exchange::operations::run(&browser.house, &who, id, None).unwrap();
}

#[tokio::test]
async fn conditions_on_the_client_groups_and_tasks_find_the_same_as_counting_by_hand() {
    let browser = Browser::new(60);
    let boris = browser.signed_in("boris").await;
    let all = deals(&browser, Filter::Any);
    let named = |id: i64| browser.house.read(|read| read.item(&Rights::system(), ItemRef::new(kind::CONTACT, id))).unwrap().unwrap().title().to_owned();
    let kim = all.iter().filter(|deal| named(deal.contact()).contains("Ким")).count();
    assert!(kim > 0);
    let text = boris.get("/deals?f=contact.title&o=contains&v=%D0%9A%D0%B8%D0%BC").await.text;
    assert_eq!(rows(&text), kim);
    assert!(text.contains("chip-row") && text.contains(": Ким</button>"), "the chip says what is asked");
    // Either of two groups is enough.
    let big = |deal: &crm::Item| deal.values.get("amount").as_money().unwrap() >= 30_000_000;
    let either = all.iter().filter(|deal| big(deal) || named(deal.contact()).contains("Ким")).count();
    let text = boris.get("/deals?f=amount&o=ge&v=300000&or=1&f=contact.title&o=contains&v=%D0%9A%D0%B8%D0%BC").await.text;
    assert_eq!(rows(&text).min(50), either.min(50));
    // Every deal whose number in the seed is divisible by three has no task.
    let without = boris.get("/deals?f=~open_task&o=has_not").await.text;
    assert_eq!(rows(&without), 20);
    assert_eq!(rows(&boris.get("/deals?f=~open_task&o=has").await.text), 40);
    let me = boris.get("/deals?f=responsible&o=in&v=%40me").await.text;
    assert_eq!(rows(&me), all.iter().filter(|deal| deal.responsible().0 == 2).count());
}

#[tokio::test]
async fn a_condition_that_means_nothing_is_refused_in_words() {
    let boris = Browser::new(3).signed_in("boris").await;
    for (query, says) in [
        ("f=nothing&o=eq&v=1", "nothing"),
        ("f=contact.nothing&o=eq&v=1", "contact.nothing"),
        ("f=amount&o=sideways&v=1", "Такого сравнения нет"),
        ("f=amount&o=ge&v=many", "Сумма"),
        ("f=created_at&o=during&v=%40someday", "это не дата"),
        ("pipeline=999", "Такой воронки нет"),
        ("sort=nothing", "nothing"),
    ] {
        for page in ["", "/board", "/activities", "/calendar"] {
            if query.starts_with("sort") && !page.is_empty() {
                continue;
            }
            let found = boris.get(&format!("/deals{page}?{query}")).await;
            assert!(found.status.is_client_error() && found.text.contains(says), "{page}?{query}: {} {}", found.status, found.text);
        }
    }
}

#[tokio::test]
async fn a_view_is_saved_found_again_and_the_link_shows_the_same() {
    let browser = Browser::new(40);
    let (boris, anna) = (browser.signed_in("boris").await, browser.signed_in("anna").await);
    let address = "f%3Damount%26o%3Dge%26v%3D100000%26f%3Dresponsible%26o%3Din%26v%3D%2540me%26sort%3Damount";
    let saved = boris.post("/deals/views", &format!("title=Крупные&mode=list&pinned=1&address={address}")).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
    let href: serde_json::Value = serde_json::from_str(&saved.text).unwrap();
    let href = href["href"].as_str().unwrap();
    let (by_view, by_hand) = (boris.get(href).await.text, boris.get("/deals?f=amount&o=ge&v=100000&f=responsible&o=in&v=%40me&sort=amount").await.text);
    assert!(rows(&by_view) > 0);
    let list = |text: &str| text.split("<tr data-href=\"").skip(1).map(|row| row.split('"').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(list(&by_view), list(&by_hand));
    assert!(by_view.contains("Крупные"), "it stands as a tab and as a chip");
    // It is Boris's own: Anna has no such view, and the word in her address means nothing.
    assert!(!anna.get("/deals").await.text.contains("Крупные"));
    assert_eq!(anna.post("/deals/views/delete", "code=my_1&shared=").await.status, StatusCode::NOT_FOUND);
    assert_eq!(boris.post("/deals/views", "title=Общая&mode=list&shared=1&address=").await.status, StatusCode::FORBIDDEN);
    assert_eq!(boris.post("/deals/views", "title=+&mode=list&address=").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(boris.post("/deals/views/delete", "code=my_1&shared=").await.status, StatusCode::NO_CONTENT);
    assert!(!boris.get("/deals").await.text.contains("Крупные"));
}

#[tokio::test]
async fn the_view_of_a_role_opens_first_and_an_explicit_address_overrules_it() {
    let browser = Browser::new(30);
    let (admin, anna) = (browser.signed_in("admin").await, browser.signed_in("anna").await);
    let saved = admin.post("/deals/views", "title=Без+дел&mode=list&shared=1&pinned=1&role=operator&address=f%3D~open_task%26o%3Dhas_not").await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
    let board = anna.get("/deals/board").await;
    assert_eq!((board.status, board.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/deals?view=shared_1"));
    let (first, all) = (anna.get("/deals").await.text, anna.get("/deals?view=").await.text);
    assert!(rows(&first) < rows(&all) && first.contains("chip-view"), "{} {}", rows(&first), rows(&all));
    assert_eq!(anna.get("/deals/board?view=").await.status, StatusCode::OK);
    assert!(!admin.get("/deals").await.text.contains("chip-view"), "the administrator's own first page stays");
}

#[tokio::test]
async fn columns_are_kept_for_the_one_who_chose_them() {
    let browser = Browser::new(5);
    let (boris, anna) = (browser.signed_in("boris").await, browser.signed_in("anna").await);
    let heads = |text: &str| text.split("<th scope=\"col\" data-col=\"").skip(1).map(|head| head.split('"').next().unwrap().to_owned()).collect::<Vec<_>>();
    let usual = heads(&boris.get("/deals").await.text);
    assert_eq!(boris.post("/deals/columns", "mode=list&col=amount&col=title&col=nothing&col=region").await.status, StatusCode::NO_CONTENT);
    assert_eq!(heads(&boris.get("/deals").await.text), ["amount", "title", "region"]);
    assert_eq!(heads(&anna.get("/deals").await.text), usual);
    assert_eq!(heads(&boris.get("/deals?cols=region,title").await.text), ["region", "title"]);
    boris.post("/deals/columns", "mode=list").await;
    assert_eq!(heads(&boris.get("/deals").await.text), usual);
}

#[tokio::test]
async fn an_answer_is_changed_in_its_cell_and_a_wrong_one_is_refused() {
    let browser = Browser::new(6);
    let anna = browser.signed_in("anna").await;
    let own = deals(&browser, Filter::is("responsible", Op::Eq, Value::Int(3)))[0].id;
    let strange = deals(&browser, Filter::is("responsible", Op::Eq, Value::Int(2)))[0].id;
    let form = anna.piece(&format!("/deals/{own}/cell/region")).await;
    assert!(form.text.contains("data-cell-form") && form.text.contains("Алматы"), "{}", form.text);
    let row = anna.post(&format!("/deals/{own}/cell/region?cols=title,region"), "region=Астана").await;
    assert!(row.text.contains("Астана") && rows(&row.text) == 1, "{}", row.text);
    assert_eq!(anna.post(&format!("/deals/{own}/cell/amount"), "amount=many").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for path in [format!("/deals/{strange}/cell/region"), "/deals/999999/cell/region".to_owned()] {
        assert_eq!(anna.post(&path, "region=x").await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(anna.post(&format!("/deals/{own}/cell/created_at"), "created_at=2020-01-01").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn all_that_fit_are_changed_as_one_operation_and_taken_back() {
    let browser = Browser::new(70);
    let boris = browser.signed_in("boris").await;
    let fits = Filter::is("amount", Op::Ge, Value::money(10_000_000));
    let wanted = deals(&browser, fits.clone()).len();
    assert!(wanted > 5);
    let told = boris.post("/deals/mass", "act=change&field=region&value=Астана&all=1&address=f%3Damount%26o%3Dge%26v%3D100000").await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    let told: serde_json::Value = serde_json::from_str(&told.text).unwrap();
    let id = told["operation"].as_i64().unwrap();
    carry_out(&browser, id);
    let changed = |text: &str| deals(&browser, Filter::is("region", Op::Eq, Value::text(text))).len();
    assert_eq!(changed("Астана"), wanted);
    let progress: serde_json::Value = serde_json::from_str(&boris.get(&format!("/deals/mass/{id}")).await.text).unwrap();
    assert_eq!((progress["done"].as_u64(), progress["may_undo"].as_bool()), (Some(wanted as u64), Some(true)), "{progress}");
    // Nobody else looks into it or takes it back.
    let anna = browser.signed_in("anna").await;
    assert_eq!(anna.get(&format!("/deals/mass/{id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(anna.post(&format!("/deals/mass/{id}"), "act=undo").await.status, StatusCode::NOT_FOUND);
    assert_eq!(boris.post(&format!("/deals/mass/{id}"), "act=undo").await.status, StatusCode::NO_CONTENT);
    carry_out(&browser, id);
    assert_eq!((changed("Астана"), changed("Алматы")), (0, 70));
    for bad in [
        "act=change&field=region&value=x&ids=",
        "act=sideways&ids=1",
        "act=change&field=amount&value=many&ids=1",
        "act=change&field=created_at&value=x&ids=1",
        "act=stage&ids=1",
    ] {
        assert_eq!(boris.post("/deals/mass", bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

#[tokio::test]
async fn a_stage_that_wants_an_answer_asks_for_it_and_moves_with_it() {
    let browser = Browser::new(4);
    let boris = browser.signed_in("boris").await;
    write(&browser, |tx| {
        let schema = tx.schema();
        let mut pipeline = schema.default_pipeline(kind::DEAL).unwrap().clone();
        pipeline.stages.iter_mut().find(|stage| stage.code == "CONTRACT").unwrap().required = vec!["debt_total".into(), "region".into()];
        tx.install_pipeline(&mut pipeline)?;
        let cause = Cause::new(Actor::System, crm::Moment(1));
        let item = tx.items(&Rights::system(), &Query::of(kind::DEAL).limit(1))?.remove(0);
        crm::item::change(tx, &Rights::system(), &cause, item.at(), &Values::from([("debt_total", Value::Null), ("region", Value::Null)])).map(drop)
    });
    let (deal, stage) = browser
        .house
        .read(|read| {
            let stage = read.schema().default_pipeline(kind::DEAL).unwrap().stages.iter().find(|stage| stage.code == "CONTRACT").unwrap().id;
            Ok((read.items(&Rights::system(), &Query::of(kind::DEAL).limit(1))?.remove(0), stage))
        })
        .unwrap();
    let request = axum::http::Request::post(format!("/deals/{}/move", deal.id)).header("content-type", "application/x-www-form-urlencoded");
    let refused = boris.send(request.header("sec-fetch-site", "same-origin").header("accept", "application/json"), format!("stage={stage}").into()).await;
    let told: serde_json::Value = serde_json::from_str(&refused.text).unwrap();
    assert_eq!((refused.status, told["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("required_for_stage")), "{told}");
    let fields: Vec<&String> = told["error"]["fields"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["debt_total", "region"]);
    let asked = boris.piece(&format!("/deals/{}/move?stage={stage}&fields=debt_total,region", deal.id)).await.text;
    assert!(asked.contains("name=\"debt_total\"") && asked.contains("name=\"region\""), "{asked}");
    // One answer is not enough, and leaves nothing behind.
    assert_eq!(boris.post(&format!("/deals/{}/move", deal.id), &format!("stage={stage}&region=Астана")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let now = || browser.house.read(|read| read.item(&Rights::system(), deal.at())).unwrap().unwrap();
    assert_eq!((now().stage(), now().values.get("region").is_empty()), (deal.stage(), true));
    let moved = boris.post(&format!("/deals/{}/move", deal.id), &format!("stage={stage}&region=Астана&debt_total=1000000")).await;
    assert_eq!((moved.status, now().stage()), (StatusCode::OK, Some(stage)), "{}", moved.text);
}

#[tokio::test]
async fn a_type_made_a_minute_ago_has_a_board_a_list_activities_and_a_calendar() {
    let browser = Browser::new(0);
    let admin = browser.signed_in("admin").await;
    write(&browser, |tx| {
        let mut shape = EntityType {
            id: crm::EntityTypeId(1030),
            code: "appeal".into(),
            title: crm::Label::new("Обращение", "Appeal"),
            plural: crm::Label::new("Обращения", "Appeals"),
            staged: true,
            listed: true,
            searched: true,
            icon: "inbox".into(),
            ..EntityType::default()
        };
        shape.fields = vec![Field::new("visit", "Визит", "Visit", FieldKind::Date).indexed(), Field::new("flat", "Квартира", "Flat", FieldKind::Text)];
        tx.install_type(&shape.complete())?;
        let stage = |code: &str, title: &str| Stage { code: code.into(), title: crm::Label::same(title), ..Stage::default() };
        tx.install_pipeline(&mut Pipeline {
            id: PipelineId(0),
            kind: crm::EntityTypeId(1030),
            code: "main".into(),
            title: crm::Label::same("Основная"),
            is_default: true,
            stages: vec![stage("NEW", "Новое"), stage("DONE", "Решено")],
        })?;
        let cause = Cause::new(Actor::System, crm::Moment(1));
        let values = Values::from([("title", Value::text("Течёт кран")), ("visit", Value::text("2026-11-25")), ("flat", Value::text("12"))]);
        crm::item::create(tx, &Rights::system(), &cause, crm::EntityTypeId(1030), &values).map(drop)
    });
    for (page, holds) in [
        ("/appeals/board?view=", "Новое"),
        ("/appeals?view=", "Квартира"),
        ("/appeals/activities", "Нет плана"),
        ("/appeals/calendar?date=visit&day=2026-11-01", "Течёт кран"),
    ] {
        let found = admin.get(page).await;
        assert!(found.status == StatusCode::OK && found.text.contains(holds) && found.text.contains("Течёт кран"), "{page}: {}", found.status);
    }
    assert_eq!(admin.post("/appeals/board/add", "title=Нет+света").await.status, StatusCode::SEE_OTHER);
    assert_eq!(tiles(&admin.get("/appeals/board").await.text), 2);
    assert_eq!(admin.post("/appeals/calendar/move", "id=1&source=visit&day=2026-11-30").await.status, StatusCode::NO_CONTENT);
    assert!(admin.get("/appeals?f=visit&o=eq&v=2026-11-30").await.text.contains("Течёт кран"));
    assert_eq!(admin.post("/appeals/calendar/move", "id=1&source=created_at&day=2026-11-30").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_record_stands_where_its_next_task_is_and_dragging_plans_anew() {
    let browser = Browser::new(24);
    let boris = browser.signed_in("boris").await;
    let text = boris.get("/deals/activities").await.text;
    let column = |text: &str, when: &str| {
        let part = text.split(&format!("data-when=\"{when}\"")).nth(1).unwrap().split("</section>").next().unwrap().to_owned();
        part.split("data-task=\"").skip(1).map(|tile| tile.split('"').next().unwrap().parse::<i64>().unwrap()).collect::<Vec<_>>()
    };
    let late = column(&text, "late");
    assert!(!late.is_empty());
    let mut all: Vec<i64> = ["late", "today", "week", "next", "later"].iter().flat_map(|when| column(&text, when)).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), count), (16, 16), "each open task's record once");
    assert_eq!(boris.post("/deals/activities/plan", &format!("task={}&when=next", late[0])).await.status, StatusCode::OK);
    let text = boris.get("/deals/activities").await.text;
    assert!(column(&text, "next").contains(&late[0]) && !column(&text, "late").contains(&late[0]));
    for when in ["late", "none", "sometime"] {
        assert_eq!(boris.post("/deals/activities/plan", &format!("task={}&when={when}", late[0])).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    // A record without a plan gets its first task.
    let free = text.split("data-when=\"none\"").nth(1).unwrap().split("data-id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(boris.post("/deals/activities/plan", &format!("record={free}&title=Позвонить&when=later")).await.status, StatusCode::OK);
    assert!(boris.get("/deals/activities").await.text.split("data-when=\"later\"").nth(1).unwrap().contains(&format!("id=\"tile-{free}\"")));
}

#[tokio::test]
async fn the_palette_offers_only_what_one_may_open() {
    let browser = Browser::new(0);
    let (admin, anna) = (browser.signed_in("admin").await, browser.signed_in("anna").await);
    let hrefs = |text: &str| {
        let offer: serde_json::Value = serde_json::from_str(text).unwrap();
        ["go", "make", "views"]
            .iter()
            .flat_map(|group| offer[group].as_array().unwrap().clone())
            .map(|line| line["href"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (all, some) = (hrefs(&admin.get("/palette").await.text), hrefs(&anna.get("/palette").await.text));
    assert!(all.len() > some.len() && some.contains(&"/deals/board".to_owned()));
    for href in &some {
        assert!(anna.get(href).await.status.is_success() || anna.get(href).await.status.is_redirection(), "{href}");
    }
}

#[tokio::test]
async fn hostile_names_of_views_and_conditions_stay_text() {
    let browser = Browser::new(2);
    let boris = browser.signed_in("boris").await;
    let evil = "%3Cscript%3Ealert(1)%3C/script%3E%22%27%3E%3Cimg%20src=x%20onerror=alert(2)%3E";
    let saved = boris.post("/deals/views", &format!("title={evil}&mode=board&pinned=1&address=f%3Dregion%26o%3Dcontains%26v%3D%253Cscript%253Ealert")).await;
    assert_eq!(saved.status, StatusCode::OK);
    for page in [
        "/deals?view=",
        "/deals/board?view=my_1",
        "/deals/activities?view=my_1",
        "/deals/calendar?view=my_1",
        "/deals?f=region&o=contains&v=%3Cscript%3Ealert",
        "/deals?q=%3Cscript%3Ealert",
        "/search?q=%3Cscript%3Ealert",
    ] {
        let text = boris.get(page).await.text;
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{page}");
    }
    let mode = browser.house.read(|read| read.views(kind::DEAL, crm::UserId(2))).unwrap().remove(0).mode;
    assert_eq!(mode, ViewMode::Board);
}
