//! The settings of channels and one's own webhooks: who may, what is kept, what is never shown.

mod office;

use axum::http::StatusCode;
use crm::{Account, AccountId, Value, Values};
use office::Office;

const TWILIO: [(&str, &str); 5] =
    [("title", "WhatsApp"), ("code", "main"), ("s.account_sid", "AC0123456789abcdef0123456789abcdef"), ("s.from", "+14155238886"), ("enabled", "1")];

fn twilio(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let fields = channels::providers::find("twilio_whatsapp").unwrap().about().settings;
    let known = |name: &str| name.strip_prefix("s.").is_none_or(|code| fields.iter().any(|field| field.code == code));
    TWILIO.iter().chain(more).copied().filter(|(name, _)| known(name)).collect()
}

fn kept(office: &Office) -> Option<Account> {
    office.house.read(|read| read.account_by_code("twilio_whatsapp", "main")).unwrap()
}

#[tokio::test]
async fn a_secret_goes_in_is_kept_when_left_empty_and_never_comes_out() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let (status, to, page) =
        office.post_form(&olga, "/settings/channels/new?provider=twilio_whatsapp", &twilio(&[("s.auth_token", "very-secret-token")])).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let account = kept(&office).unwrap();
    assert_eq!(account.secrets.text("auth_token"), "very-secret-token");
    let address = to.trim_end_matches("?saved=1").to_owned();
    let (_, page) = office.get(&olga, &address).await;
    assert!(!page.contains("very-secret-token"));
    assert!(page.contains("http://localhost/hooks/twilio_whatsapp/main"), "the address for the vendor");

    let (status, ..) = office.post_form(&olga, &address, &twilio(&[("title", "x"), ("s.auth_token", "")])).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(kept(&office).unwrap().secrets.text("auth_token"), "very-secret-token");

    let (status, ..) = office.post_form(&olga, &format!("{address}/switch"), &[("on", "0")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let off = kept(&office).unwrap();
    assert_eq!((off.enabled, off.secrets.text("auth_token")), (false, "very-secret-token"));
}

#[tokio::test]
async fn what_was_typed_stays_in_the_form_when_something_is_missing_but_the_secret_does_not() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let given = [("title", "WhatsApp второй"), ("code", "ма ин"), ("s.auth_token", "very-secret-token")];
    let (status, _, page) = office.post_form(&olga, "/settings/channels/new?provider=twilio_whatsapp", &given).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("WhatsApp второй") && !page.contains("very-secret-token"));
    assert!(kept(&office).is_none());
}

#[tokio::test]
async fn one_code_belongs_to_one_account_of_a_provider() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let fields = twilio(&[("s.auth_token", "one")]);
    assert_eq!(office.post_form(&olga, "/settings/channels/new?provider=twilio_whatsapp", &fields).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = office.post_form(&olga, "/settings/channels/new?provider=twilio_whatsapp", &fields).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("занят"), "{page}");
}

#[tokio::test]
async fn a_name_of_a_channel_is_text_and_no_markup_in_the_code_for_the_site() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let question = Values::from([("field", Value::text("contact.phone"))]);
    let mut account = Account {
        id: AccountId(0),
        provider: "web_form".into(),
        code: "form".into(),
        title: "\"><script>alert(1)</script>".into(),
        settings: Values::from([("questions", Value::Many(vec![Value::Record(question)]))]),
        secrets: Values::new(),
        enabled: true,
    };
    let id = office.house.transact(move |tx| tx.put_account(&mut account).map(|()| account.id)).unwrap();
    let (status, page) = office.get(&olga, &format!("/settings/channels/{id}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(page.contains("/l/form"));
}

#[tokio::test]
async fn only_the_administrator_sets_channels_up() {
    let office = Office::open().await;
    for login in ["boris", "anna"] {
        let cookie = office.enter(login).await;
        for path in ["/settings/channels", "/settings/channels/new?provider=web_form", "/settings/channels/1"] {
            assert_eq!(office.get(&cookie, path).await.0, StatusCode::FORBIDDEN, "{login} {path}");
        }
        let (status, ..) = office.post_form(&cookie, "/settings/channels/new?provider=twilio_whatsapp", &twilio(&[("s.auth_token", "x")])).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    assert!(kept(&office).is_none());
}

#[tokio::test]
async fn the_address_of_a_webhook_is_shown_once_works_until_revoked_and_is_nobody_elses() {
    let office = Office::open().await;
    let (boris, anna) = (office.enter("boris").await, office.enter("anna").await);
    let (status, _, page) = office.post_form(&boris, "/settings/webhooks", &[("title", "Выгрузка"), ("scopes", "crm, user")]).await;
    assert_eq!(status, StatusCode::OK);
    let at = page.find("http://localhost/rest/").expect("the address") + "http://localhost/rest/".len();
    let address = page[at..].split('"').next().unwrap().to_owned();
    let (user, secret) = address.trim_end_matches('/').split_once('/').unwrap();
    let user = crm::UserId(user.parse().unwrap());
    let works = || office.house.read(|read| team::webhooks::find(read, user, secret, office.house.clock.now())).unwrap().is_some();
    assert!(works());
    let (_, again) = office.get(&boris, "/settings/webhooks").await;
    assert!(again.contains("Выгрузка") && !again.contains(secret));

    let id = office.house.read(|read| read.webhooks()).unwrap()[0].id;
    assert_eq!(office.post_form(&anna, &format!("/settings/webhooks/{id}/revoke"), &[]).await.0, StatusCode::NOT_FOUND);
    assert!(works());
    assert_eq!(office.post_form(&boris, &format!("/settings/webhooks/{id}/revoke"), &[]).await.0, StatusCode::SEE_OTHER);
    assert!(!works());
    let (status, _, page) = office.post_form(&boris, "/settings/webhooks", &[("title", "Пустой"), ("scopes", " ")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("alert-danger") && page.contains("Пустой"));
    assert_eq!(office.house.read(|read| read.webhooks()).unwrap().len(), 1);
}
