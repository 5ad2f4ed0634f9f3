//! The pages of staff, roles and offices: what an administrator does there, and that nobody else gets in.

use crate::browser::Browser;
use axum::http::StatusCode;
use crm::{Action, Rights, Scope, UserId, kind};
use std::time::Duration;

fn user(browser: &Browser, login: &str) -> crm::User {
    browser.house.read(|read| read.user_by_login(login)).unwrap().unwrap()
}

fn role(browser: &Browser, code: &str) -> crm::Role {
    browser.house.read(|read| read.roles()).unwrap().into_iter().find(|role| role.code == code).unwrap()
}

/// Names and values of a form as a browser would send it untouched: inputs and chosen options.
fn untouched(page: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| -> Option<String> {
        let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
        Some(tag[at..at + tag[at..].find('"')?].replace("&amp;", "&"))
    };
    let form = page.split("<form class=\"role-form\"").nth(1).unwrap().split("</form>").next().unwrap();
    let form = format!("{}{}", form.split("<template").next().unwrap(), form.split("</template>").nth(1).unwrap_or_default());
    let mut fields = Vec::new();
    for tag in form.split('<') {
        match attribute(tag, "name") {
            Some(name) if tag.starts_with("select") => fields.push((name, String::new())),
            Some(name) if tag.starts_with("input") && tag.contains("checkbox") && tag.contains(" checked") => fields.push((name, "on".into())),
            Some(_) if tag.starts_with("input") && tag.contains("checkbox") => {}
            Some(name) if tag.starts_with("input") => fields.push((name, attribute(tag, "value").unwrap_or_default())),
            _ if tag.starts_with("option") && tag.contains(" selected") => {
                if let (Some(last), Some(value)) = (fields.last_mut(), attribute(tag, "value")) {
                    last.1 = value;
                }
            }
            _ => {}
        }
    }
    fields
}

fn encoded(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn only_administrators_come_in() {
    let browser = Browser::new(2);
    let (anna, boris) = (browser.signed_in("anna").await, browser.signed_in("boris").await);
    let id = user(&browser, "anna").id;
    for path in ["/settings/staff", "/settings/staff/new", "/settings/roles", "/settings/roles/operator", "/settings/offices", "/settings/offices/1"] {
        for visitor in [&anna, &boris] {
            assert_eq!(visitor.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(browser.get(path).await.status, StatusCode::SEE_OTHER, "{path}");
    }
    for (path, form) in [
        (format!("/settings/staff/{id}"), "login=anna&first_name=A&role=admin"),
        (format!("/settings/staff/{id}/sessions"), ""),
        (format!("/settings/staff/{id}/dismiss"), "heir=1"),
        ("/settings/staff/new".into(), "login=evil&first_name=E&role=admin"),
        ("/settings/roles/operator".into(), "admin=on&title_ru=x"),
        ("/settings/offices/1/move".into(), "parent=0"),
        ("/settings/offices/new".into(), "title_ru=x"),
    ] {
        assert_eq!(anna.post(&path, form).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(!role(&browser, "operator").admin && user(&browser, "anna").role == "operator");
}

#[tokio::test]
async fn a_new_employee_comes_by_his_link_and_sets_his_own_password() {
    let browser = Browser::new(1);
    let admin = browser.signed_in("admin").await;
    let page = admin.post("/settings/staff/new", "login=vera&first_name=%D0%92%D0%B5%D1%80%D0%B0&role=operator&department=0&lang=ru").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let card = admin.get(page.headers["location"].to_str().unwrap()).await.text;
    let word = card.split("/invite/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let door = browser.get(&format!("/invite/{word}")).await;
    assert!(door.status == StatusCode::OK && door.text.contains("vera"), "{}", door.text);
    let weak = browser.post(&format!("/invite/{word}"), "password=x&again=x").await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let differ = browser.post(&format!("/invite/{word}"), "password=longenough1&again=longenough2").await;
    assert_eq!(differ.status, StatusCode::UNPROCESSABLE_ENTITY);
    let inside = browser.post(&format!("/invite/{word}"), "password=longenough1&again=longenough1").await;
    assert!(inside.status == StatusCode::SEE_OTHER && inside.headers["set-cookie"].to_str().unwrap().starts_with("vekha_session="));
    assert_ne!(browser.get(&format!("/invite/{word}")).await.status, StatusCode::OK, "the link is over");
    let taken = admin.post("/settings/staff/new", "login=vera&first_name=X&role=operator").await;
    assert!(taken.status == StatusCode::UNPROCESSABLE_ENTITY && taken.text.contains("vera"));
}

#[tokio::test]
async fn saving_a_role_untouched_changes_nothing_and_one_choice_changes_one_thing() {
    let browser = Browser::new(1);
    let admin = browser.signed_in("admin").await;
    let before = role(&browser, "operator");
    let mut fields = untouched(&admin.get("/settings/roles/operator").await.text);
    assert!(fields.len() > 20, "{fields:?}");
    assert_eq!(admin.post("/settings/roles/operator", &encoded(&fields)).await.status, StatusCode::SEE_OTHER);
    let rights = |role: &crm::Role| {
        let schema = browser.house.read(|read| Ok(read.schema())).unwrap();
        let rights = Rights { grants: team::directory::grants(&schema, role), ..Rights::default() };
        let reach = |kind: &crm::EntityTypeId| team::roles::ACTIONS.map(|action| rights.scope(*kind, action));
        schema.types.keys().map(reach).collect::<Vec<_>>()
    };
    assert_eq!(rights(&role(&browser, "operator")), rights(&before));
    for (name, value) in &mut fields {
        if name == "may:deal:delete" {
            "office".clone_into(value);
        }
    }
    fields.push(("may:deal/main/WON:change".into(), "none".into()));
    admin.post("/settings/roles/operator", &encoded(&fields)).await;
    let after = role(&browser, "operator");
    assert_eq!(after.may["deal"][&Action::Delete], Scope::Office);
    assert_eq!(after.may["deal/main/WON"], [(Action::Change, Scope::None)].into());
    assert_eq!(after.may["deal"][&Action::Read], before.may["deal"][&Action::Read]);
    let told = admin.get("/settings/roles/operator").await.text;
    assert!(told.contains("Сделки · Удалять") && told.contains("Своего офиса"), "the history tells of it");
}

#[tokio::test]
async fn a_dismissal_runs_beside_the_page_and_is_taken_back() {
    let browser = Browser::new(30);
    let admin = browser.signed_in("admin").await;
    let (anna, boris) = (user(&browser, "anna").id, user(&browser, "boris").id);
    let held = |user: UserId| {
        let query = crm::Query::of(kind::DEAL).filter(crm::Filter::is("responsible", crm::Op::Eq, crm::Value::user(user)));
        browser.house.read(|read| read.count(&Rights::system(), &query, 1_000)).unwrap().counted
    };
    let had = held(anna);
    assert!(had > 5);
    let asked = admin.get(&format!("/settings/staff/{anna}/dismiss")).await.text;
    assert!(asked.contains(&format!(">{had}</td>")), "{asked}");
    assert_eq!(admin.post(&format!("/settings/staff/{anna}/dismiss"), "").await.status, StatusCode::UNPROCESSABLE_ENTITY, "somebody must take over");
    assert_eq!(admin.post(&format!("/settings/staff/{anna}/dismiss"), &format!("heir={boris}")).await.status, StatusCode::SEE_OTHER);
    let until = async |state: &str| {
        for _ in 0..200 {
            if browser.house.read(|read| team::dismissal::of(read, anna)).unwrap().is_some_and(|one| one.state.code() == state) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the dismissal never came to {state}");
    };
    until("done").await;
    assert_eq!(held(anna), 0);
    assert_eq!(browser.post("/login", "login=anna&password=vekha-vekha").await.status, StatusCode::UNAUTHORIZED);
    assert!(admin.get("/settings/staff?state=left").await.text.contains("anna"));
    assert_eq!(admin.post(&format!("/settings/staff/{anna}/dismissal/undo"), "").await.status, StatusCode::SEE_OTHER);
    until("undone").await;
    assert_eq!(held(anna), had);
    browser.signed_in("anna").await;
}

#[tokio::test]
async fn names_of_people_and_places_are_never_markup() {
    let browser = Browser::new(1);
    let admin = browser.signed_in("admin").await;
    let evil = "%3Cscript%3Ealert(1)%3C/script%3E%22%27{{ 7 }}";
    admin.post("/settings/offices/new", &format!("title_ru={evil}&office=on")).await;
    admin.post("/settings/staff/new", &format!("login=mallory&first_name={evil}&last_name={evil}&post={evil}&role=operator")).await;
    admin.post("/settings/roles/new", &format!("title_ru={evil}")).await;
    for path in ["/settings/staff", "/settings/offices", "/settings/roles", "/settings/staff/new", "/settings/offices/new"] {
        let text = admin.get(path).await.text;
        assert!(!text.contains("<script>alert"), "{path}");
    }
    assert!(admin.get("/settings/staff").await.text.contains("mallory"));
}
