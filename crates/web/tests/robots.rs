//! The robots page over its JSON: what it shows, what it publishes, what it refuses.

mod office;

use axum::http::StatusCode;
use crm::{Cause, Rights, Value, Values, kind};
use office::{NOON, Office};
use serde_json::{Value as Json, json};

async fn board(office: &Office, cookie: &str) -> Json {
    let (status, board) = office.json(cookie, "/api/robots/board?kind=deals").await;
    assert_eq!(status, StatusCode::OK, "{board}");
    board
}

fn stage<'a>(board: &'a Json, title: &str) -> &'a Json {
    board["stages"].as_array().unwrap().iter().find(|one| one["title"] == title).unwrap()
}

fn rules(stage: &Json) -> Vec<Json> {
    stage["rules"].as_array().unwrap().iter().map(|one| one["rule"].clone()).collect()
}

#[tokio::test]
async fn the_board_shows_the_rules_of_every_stage_in_words() {
    let office = Office::open().await;
    let boris = office.enter("boris").await;
    let (status, page) = office.get(&boris, "/deals/robots").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<vekha-robots src=\"/api/robots/board?kind=deals"), "{page}");

    let board = board(&office, &boris).await;
    assert_eq!(board["stages"].as_array().unwrap().len(), 8);
    let consultation = stage(&board, "Консультация");
    assert_eq!(consultation["version"], 1);
    let letter = &consultation["rules"][1];
    assert_eq!(letter["when"], "Через 2\u{a0}ч");
    assert!(letter["what"].as_str().unwrap().contains("consultation_summary"), "{letter}");
    assert_eq!(letter["broken"], "");
    let robots = board["robots"].as_array().unwrap();
    assert_eq!(robots.len(), automation::robots::all().len());
    let notify = robots.iter().find(|one| one["code"] == "notify").unwrap();
    assert_eq!(notify["settings"][0]["kind"], "people");
    assert!(board["whom"].as_array().unwrap().iter().any(|one| one["code"] == "role:manager"));
    assert!(board["placeholders"].as_array().unwrap().iter().any(|one| one["hole"] == "{{Имя клиента}}"));
    assert!(board["texts"]["robots-save"].is_string());
}

#[tokio::test]
async fn a_letter_is_offered_templates_of_letters_only() {
    let office = Office::open().await;
    let boris = office.enter("boris").await;
    let board = board(&office, &boris).await;
    let offered = |code: &str| {
        let robot = board["robots"].as_array().unwrap().iter().find(|one| one["code"] == code).unwrap();
        let field = robot["settings"].as_array().unwrap().iter().find(|field| field["code"] == "template").unwrap();
        field["suggest"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(offered("send_email"), ["consultation_summary"]);
    assert_eq!(offered("send_template"), ["application_received"]);
}

#[tokio::test]
async fn a_rule_moved_to_another_stage_keeps_its_number_and_both_stages_get_a_version() {
    let office = Office::open().await;
    let boris = office.enter("boris").await;
    let before = board(&office, &boris).await;
    let (new, work) = (stage(&before, "Новая заявка"), stage(&before, "Взята в работу"));
    let mut left = rules(new);
    let moved = left.remove(1);
    let wanted = json!({ "kind": "deal", "stages": [
        { "stage": work["id"], "version": work["version"], "rules": [moved] },
        { "stage": new["id"], "version": new["version"], "rules": left },
    ] });
    let (status, answer) = office.post_json(&boris, "/api/robots/publish", &wanted).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let after = board(&office, &boris).await;
    assert_eq!(rules(stage(&after, "Взята в работу"))[0]["id"], moved["id"]);
    assert_eq!(stage(&after, "Взята в работу")["version"], 1);
    assert_eq!(stage(&after, "Новая заявка")["version"], 2);
    assert_eq!(rules(stage(&after, "Новая заявка")).len(), 2);
}

#[tokio::test]
async fn a_wrong_setting_is_named_by_its_place_and_nothing_is_published() {
    let office = Office::open().await;
    let boris = office.enter("boris").await;
    let before = board(&office, &boris).await;
    let (new, work) = (stage(&before, "Новая заявка"), stage(&before, "Взята в работу"));
    let mut list = rules(new);
    list[1]["settings"]["title"] = json!("Позвонить {{Имя кленита}}");
    list[2]["condition"] = json!({ "is": { "field": "debt_total", "op": "gt", "value": "много" } });
    let wanted = json!({ "kind": "deal", "stages": [
        { "stage": work["id"], "version": 0, "rules": [] },
        { "stage": new["id"], "version": 1, "rules": list },
    ] });
    let (status, answer) = office.post_json(&boris, "/api/robots/publish", &wanted).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = answer["error"]["fields"].as_object().unwrap();
    let at = |path: &str| format!("{}/{path}", new["id"]);
    assert!(fields.contains_key(&at("1/settings.title")) && fields.contains_key(&at("2/condition")), "{answer}");
    let after = board(&office, &boris).await;
    assert_eq!((stage(&after, "Новая заявка")["version"].clone(), stage(&after, "Взята в работу")["version"].clone()), (json!(1), json!(0)));
}

#[tokio::test]
async fn what_somebody_else_published_in_between_is_not_overwritten() {
    let office = Office::open().await;
    let boris = office.enter("boris").await;
    let before = board(&office, &boris).await;
    let new = stage(&before, "Новая заявка");
    let wanted = json!({ "kind": "deal", "stages": [{ "stage": new["id"], "version": 1, "rules": rules(new) }] });
    assert_eq!(office.post_json(&boris, "/api/robots/publish", &wanted).await.0, StatusCode::OK);
    let (status, answer) = office.post_json(&boris, "/api/robots/publish", &wanted).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("stale_program")));
}

#[tokio::test]
async fn who_may_not_set_rules_up_neither_sees_nor_changes_them() {
    let office = Office::open().await;
    let (anna, boris) = (office.enter("anna").await, office.enter("boris").await);
    assert_eq!(office.get(&anna, "/deals/robots").await.0, StatusCode::FORBIDDEN);
    assert_eq!(office.json(&anna, "/api/robots/board?kind=deals").await.0, StatusCode::FORBIDDEN);
    let before = board(&office, &boris).await;
    let new = stage(&before, "Новая заявка");
    let wanted = json!({ "kind": "deal", "stages": [{ "stage": new["id"], "version": 1, "rules": [] }] });
    assert_eq!(office.post_json(&anna, "/api/robots/publish", &wanted).await.0, StatusCode::FORBIDDEN);
    assert_eq!(rules(stage(&board(&office, &boris).await, "Новая заявка")).len(), 3);
    assert_eq!(office.json("", "/api/robots/board?kind=deals").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_robot_tells_why_it_did_nothing_for_a_card() {
    let office = Office::open().await;
    let boris = office.enter("boris").await;
    let deal = office
        .house
        .transact(|tx| {
            crm::item::create(tx, &Rights::system(), &Cause::new(crm::Actor::System, NOON), kind::DEAL, &Values::from([("title", Value::text("Долг Иванова"))]))
        })
        .unwrap();
    let before = board(&office, &boris).await;
    let offer = stage(&before, "Предложение отправлено");
    let rule = &rules(offer)[0];
    let ask = |item: String| format!("/api/robots/why?stage={}&rule={}&item={item}", offer["id"], rule["id"]);
    let (status, why) = office.json(&boris, &ask(deal.id.to_string())).await;
    assert_eq!(status, StatusCode::OK, "{why}");
    assert!(why["title"].as_str().unwrap().contains("Долг Иванова"));
    assert!(!why["lines"].as_array().unwrap().is_empty());
    assert_eq!(office.json(&boris, &ask("999".into())).await.0, StatusCode::NOT_FOUND);
    assert_eq!(office.json(&boris, &ask("Иванов".replace('И', "x"))).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, log) = office.json(&boris, &format!("/api/robots/log?stage={}&rule={}", offer["id"], rule["id"])).await;
    assert_eq!((status, log["entries"].as_array().map(Vec::len)), (StatusCode::OK, Some(0)));
}
