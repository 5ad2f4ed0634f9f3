//! The live stream: who hears what, and what comes after an absence.

use crate::browser::Browser;
use axum::body::Body;
use axum::http::Request;
use crm::{Actor, Cause, Command, ItemRef, Rights, UserId, Value, Values, kind};
use futures_util::StreamExt as _;
use std::time::Duration;

/// Reads a stream until nothing comes for a while.
async fn heard(browser: &Browser, after: i64, doing: impl AsyncFnOnce()) -> Vec<serde_json::Value> {
    let answer = browser.stream(Request::get(format!("/live?after={after}")), Body::empty()).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = answer.into_body().into_data_stream();
    let mut text = String::new();
    doing().await;
    while let Ok(Some(Ok(bytes))) = tokio::time::timeout(Duration::from_millis(1_500), stream.next()).await {
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text.split("\n\n")
        .filter(|block| block.contains("\ndata: {") || block.starts_with("data: {"))
        .map(|block| {
            let data = block.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            let told: serde_json::Value = serde_json::from_str(data).unwrap();
            assert!(block.contains(&format!("id: {}", told["seq"])), "ids are places in the log: {block}");
            told
        })
        .collect()
}

fn deal(browser: &Browser, responsible: i64) -> ItemRef {
    let house = browser.house.clone();
    house
        .transact(move |tx| {
            let cause = Cause::new(Actor::System, crm::Moment(1_790_000_000_000_000));
            crm::item::create(
                tx,
                &Rights::system(),
                &cause,
                kind::DEAL,
                &Values::from([("title", Value::text("Тайное название")), ("responsible", Value::Int(responsible))]),
            )
        })
        .unwrap()
        .at()
}

fn latest(browser: &Browser) -> i64 {
    browser.house.read(|read| read.latest()).unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hears_of_the_cards_one_sees_and_no_names() {
    let browser = Browser::new(0);
    let (anna, boris) = (browser.signed_in("anna").await, browser.signed_in("boris").await);
    let after = latest(&browser);
    let told = heard(&anna, after, async || {
        deal(&browser, 2);
        deal(&browser, 3);
    })
    .await;
    assert!(!told.is_empty() && told.iter().all(|one| one["about"] == "2:2"), "{told:?}");
    assert!(!serde_json::to_string(&told).unwrap().contains("Тайное"));
    // Boris sees both; he was away and gets them again.
    let told = heard(&boris, after, async || {}).await;
    assert!(told.iter().any(|one| one["about"] == "2:1") && told.iter().any(|one| one["about"] == "2:2"), "{told:?}");
    assert_eq!(told[0]["fact"], "created");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_popup_is_told_to_its_person_only() {
    let browser = Browser::new(0);
    let (anna, boris) = (browser.signed_in("anna").await, browser.signed_in("boris").await);
    let about = deal(&browser, 3);
    let after = latest(&browser);
    let told = heard(&anna, after, async || {
        let cause = Cause::new(Actor::System, browser.house.now());
        browser.house.transact(move |tx| team::notices::notify(tx, &cause, &[UserId(3)], about, &crm::Label::same("x"), true)).unwrap();
    })
    .await;
    let popup = told.iter().find(|one| one["fact"] == "notified").unwrap();
    assert_eq!((popup["popup"].as_bool(), popup["user"].as_i64()), (Some(true), Some(3)));
    assert!(!heard(&boris, after, async || {}).await.iter().any(|one| one["fact"] == "notified"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_a_card_hears_that_it_went() {
    let browser = Browser::new(0);
    let anna = browser.signed_in("anna").await;
    let item = deal(&browser, 3);
    let after = latest(&browser);
    let told = heard(&anna, after, async || {
        let cause = Cause::new(Actor::System, browser.house.now());
        browser.house.command(&Rights::system(), &cause, Command::Change { item, values: Values::from([("responsible", Value::Int(2))]) }).unwrap();
    })
    .await;
    assert!(told.iter().any(|one| one["fact"] == "assigned" && one["assigned"] == true), "{told:?}");
    assert_eq!(anna.piece(&format!("/deals/{}/tile", item.id)).await.text.trim(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_too_long_reads_the_page_anew() {
    let browser = Browser::new(0);
    let anna = browser.signed_in("anna").await;
    let item = deal(&browser, 3);
    let cause = Cause::new(Actor::System, browser.house.now());
    browser
        .house
        .transact(move |tx| {
            for at in 0..2_100 {
                crm::item::comment(tx, &Rights::system(), &cause, item, &format!("{at}"))?;
            }
            Ok(())
        })
        .unwrap();
    let answer = anna.stream(Request::get("/live?after=1"), Body::empty()).await;
    let mut stream = answer.into_body().into_data_stream();
    let mut text = String::new();
    while let Ok(Some(Ok(bytes))) = tokio::time::timeout(Duration::from_millis(500), stream.next()).await {
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    assert!(text.contains("event: resync") && !text.contains("data: {"), "{text:.300}");
}
