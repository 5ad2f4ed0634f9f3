//! The public form over HTTP: with and without scripts, twice, forged, unknown, too large.

mod office;

use axum::http::StatusCode;
use crm::{Query, Rights, kind};
use office::Office;

const FORM: &str = "/f/application";

/// Names and values of the hidden inputs of a page.
fn hidden(page: &str) -> Vec<(String, String)> {
    let part = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&"))
    };
    page.split("<input").skip(1).filter(|tag| tag.contains("type=\"hidden\"")).map(|tag| (part(tag, "name").unwrap(), part(tag, "value").unwrap())).collect()
}

async fn filled(office: &Office, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let (status, page) = office.get("", "/l/application?lang=ru&utm_source=yandex").await;
    assert_eq!(status, StatusCode::OK);
    office.advance(20);
    let mut fields = hidden(&page);
    fields.extend(
        [("contact.first_name", "Иван"), ("contact.phone", "8 999 000 11 22"), ("consent", "1")].map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn deals(office: &Office) -> usize {
    office.house.read(|read| read.items(&Rights::system(), &Query::of(kind::DEAL))).unwrap().len()
}

#[tokio::test]
async fn a_form_without_scripts_leads_to_the_thanks_with_the_number() {
    let office = Office::open().await;
    let fields = filled(&office, &[]).await;
    assert!(fields.contains(&("utm_source".to_owned(), "yandex".to_owned())));
    let (status, to, _) = office.post_form("", FORM, &pairs(&fields)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(to, "/l/application/thanks?lang=ru&n=1");
    let (status, page) = office.get("", &to).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Номер вашей заявки: 1") || page.contains("Номер вашей заявки: \u{2068}1\u{2069}"), "{page}");
    assert_eq!(deals(&office), 1);
}

#[tokio::test]
async fn a_form_sent_twice_gets_the_same_answer_and_makes_one_card() {
    let office = Office::open().await;
    let fields = filled(&office, &[]).await;
    let first = office.post_as("", FORM, "application/json", &pairs(&fields)).await;
    let second = office.post_as("", FORM, "application/json", &pairs(&fields)).await;
    assert_eq!(first.0, StatusCode::OK);
    assert!(first.2.contains("\"number\":\"1\""), "{}", first.2);
    assert_eq!(first, second);
    assert_eq!(deals(&office), 1);
}

#[tokio::test]
async fn a_wrong_answer_is_told_at_its_field_what_was_typed_stays_and_a_consent_is_asked_for_anew() {
    let office = Office::open().await;
    let fields = filled(&office, &[("contact.phone", "позвоните \"мне\"")]).await;
    let (status, _, page) = office.post_form("", FORM, &pairs(&fields)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("value=\"Иван\"") && page.contains("это не похоже на телефон"), "{page}");
    assert!(page.contains("позвоните &#34;мне&#34;") || page.contains("позвоните &quot;мне&quot;"));
    assert!(!page.contains(" checked"));
    assert!(page.contains("value=\"yandex\""), "the marks are sent along again");
    assert_eq!(deals(&office), 0);

    let (status, _, json) = office.post_as("", FORM, "application/json", &pairs(&fields)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(told["error"]["fields"]["contact.phone"].is_string(), "{told}");
}

#[tokio::test]
async fn what_an_address_brings_along_is_text_and_no_markup() {
    let office = Office::open().await;
    let (status, page) = office.get("", "/l/application?utm_source=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&lang=en").await;
    assert_eq!(status, StatusCode::OK);
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(page.contains("<html lang=\"en\">"));
    let (_, page) = office.get("", "/l/application/thanks?n=%3Cb%3E12%3C/b%3E").await;
    assert!(page.contains("12") && !page.contains("<b>"));
}

#[tokio::test]
async fn a_forged_unknown_switched_off_or_huge_form_leaves_nothing_behind() {
    let office = Office::open().await;
    let fields = filled(&office, &[]).await;
    let forged = filled(&office, &[("form_sign", "00")]).await;
    assert_eq!(office.post_as("", FORM, "application/json", &pairs(&forged)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.post_as("", "/f/nothing", "application/json", &pairs(&fields)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(office.get("", "/l/nothing").await.0, StatusCode::NOT_FOUND);
    let huge = "a".repeat(10_000_000);
    assert_eq!(office.post_as("", FORM, "application/json", &[("contact.first_name", &huge)]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    office
        .house
        .transact(|tx| {
            let mut account = tx.account_by_code("web_form", "application")?.unwrap();
            account.enabled = false;
            tx.put_account(&mut account)
        })
        .unwrap();
    assert_eq!(office.post_as("", FORM, "application/json", &pairs(&fields)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(office.get("", "/l/application").await.0, StatusCode::NOT_FOUND);
    assert_eq!(deals(&office), 0);
}
