//! The administrator reshapes what the firm keeps: through the forms of the settings, as a browser sends them.

mod office;

use axum::http::StatusCode;
use crm::{EntityType, FieldKind, Rights, Value, Values};
use office::Office;
use serde_json::Value as Json;

const JSON: &str = "application/json";

async fn post(office: &Office, who: &str, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Json) {
    let (status, _, text) = office.post_as(who, path, JSON, fields).await;
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}")))
}

fn shape(office: &Office, code: &str) -> EntityType {
    office.house.read(|read| Ok(read.schema().kind_by_code(code).cloned().unwrap_or_default())).unwrap()
}

fn said(body: &Json) -> &str {
    body["error"]["text"].as_str().unwrap_or_default()
}

const APPEAL: [(&str, &str); 8] = [
    ("title_ru", "Обращение"),
    ("plural_ru", "Обращения"),
    ("title_en", "Appeal"),
    ("staged", "1"),
    ("listed", "1"),
    ("searched", "1"),
    ("feature", "client"),
    ("icon", "headset"),
];

#[tokio::test]
async fn a_type_of_the_firms_own_has_a_board_a_list_a_card_and_rules_at_once() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let (status, body) = post(&office, &olga, "/settings/types", &APPEAL).await;
    assert_eq!((status, body["href"].as_str()), (StatusCode::OK, Some("/settings/types/appeal?tab=fields")), "{body}");
    let appeal = shape(&office, "appeal");
    assert_eq!(appeal.id.0, 1030);
    assert_eq!(appeal.field("contact").map(|field| &field.kind), Some(&FieldKind::Link { to: crm::kind::CONTACT }));
    for page in ["/appeals/board", "/appeals", "/appeals/new", "/appeals/robots", "/settings/types", "/settings/types/appeal?tab=pipelines"] {
        let (status, text) = office.get(&olga, page).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert!(text.contains("Обращени"), "{page}");
    }
    let (status, _) = office.get(&olga, "/api/robots/board?kind=appeal").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn numbers_of_types_are_never_given_out_twice_and_codes_never_clash() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    post(&office, &olga, "/settings/types", &APPEAL).await;
    post(&office, &olga, "/settings/types", &APPEAL).await;
    assert_eq!(shape(&office, "appeal_2").id.0, 1031);
    for (code, wrong) in [("deal", "занят"), ("settings", "занят"), ("Моё", "латинские"), ("drop table", "латинские"), ("new", "занят")]
    {
        let (status, body) = post(&office, &olga, "/settings/types", &[("title_ru", "Другое"), ("code", code)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
        assert!(said(&body).contains(wrong) && body["error"]["fields"]["code"].is_string(), "{code}: {body}");
    }
    let (status, body) = post(&office, &olga, "/settings/types/appeal_2/remove", &[]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    post(&office, &olga, "/settings/types", &APPEAL).await;
    assert_eq!(shape(&office, "appeal_2").id.0, 1032);
}

#[tokio::test]
async fn only_whoever_may_reshapes_and_sees_the_settings() {
    let office = Office::open().await;
    let anna = office.enter("anna").await;
    for page in ["/settings/types", "/settings/types/deal", "/settings/menu", "/settings/types/deal/fields/new", "/settings/types/deal/fields/amount"] {
        assert_eq!(office.get(&anna, page).await.0, StatusCode::FORBIDDEN, "{page}");
    }
    for path in [
        "/settings/types",
        "/settings/types/deal",
        "/settings/types/deal/fields/new",
        "/settings/types/deal/order",
        "/settings/types/deal/pipelines",
        "/settings/menu",
    ] {
        let (status, _) = post(&office, &anna, path, &[("title_ru", "Чужое"), ("kind", "text")]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    let (_, page) = office.get(&anna, "/deals/board").await;
    assert!(!page.contains("/settings/types"));
}

#[tokio::test]
async fn fields_of_every_kind_are_added_and_what_is_wrong_is_named() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let good: &[(&str, &[(&str, &str)])] = &[
        ("text", &[("unique", "1")]),
        ("long_text", &[]),
        ("rich_text", &[]),
        ("integer", &[("least", "1"), ("most", "10"), ("default", "5")]),
        ("decimal", &[]),
        ("money", &[("group", "money")]),
        ("date", &[("default", "2026-12-01")]),
        ("moment", &[]),
        ("flag", &[("default", "1")]),
        ("choice", &[("option.code", ""), ("option.ru", "Жалоба"), ("option.color", "#FF7043"), ("option.code", ""), ("option.ru", "Вопрос")]),
        ("user", &[("multiple", "1")]),
        ("department", &[]),
        ("link", &[("to", "3")]),
        ("any_item", &[]),
        ("phone", &[("searchable", "1")]),
        ("email", &[]),
        ("messenger", &[]),
        ("web", &[]),
        ("file", &[]),
        ("image", &[]),
        ("address", &[]),
        ("requisite", &[("check", "inn"), ("lenient", "1")]),
        ("counter", &[("pattern", "ОБР-{YYYY}-{SEQ:6}"), ("reset", "year")]),
        (
            "record",
            &[
                ("column.code", ""),
                ("column.title", "Услуга"),
                ("column.kind", "text"),
                ("column.choices", ""),
                ("column.code", ""),
                ("column.title", "Вид"),
                ("column.kind", "choice"),
                ("column.choices", "один, два"),
            ],
        ),
    ];
    for (kind, more) in good {
        let title = format!("Поле {kind}");
        let mut sent = vec![("kind", *kind), ("title_ru", title.as_str())];
        sent.extend_from_slice(more);
        let (status, body) = post(&office, &olga, "/settings/types/deal/fields/new", &sent).await;
        assert_eq!(status, StatusCode::OK, "{kind}: {body}");
        let code = body["code"].as_str().unwrap().to_owned();
        let (status, form) = office.get(&olga, &format!("/settings/types/deal/fields/{code}")).await;
        assert_eq!(status, StatusCode::OK, "{kind}");
        assert!(form.contains(&title), "{kind}");
    }
    let deal = shape(&office, "deal");
    let choice = deal.field("pole_choice").unwrap();
    let FieldKind::Choice { options } = &choice.kind else { panic!("{choice:?}") };
    assert_eq!(options.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["zhaloba", "vopros"]);
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let bad: &[Case<'_>] = &[
        ("choice", &[], "options"),
        ("link", &[("to", "999")], "to"),
        ("link", &[], "to"),
        ("requisite", &[], "check"),
        ("counter", &[("pattern", "ОБР")], "pattern"),
        ("record", &[], "columns"),
        ("integer", &[("default", "много")], "default"),
        ("integer", &[("least", "9"), ("most", "1")], "most"),
        ("long_text", &[("unique", "1")], "unique"),
        ("stage", &[], "kind"),
        ("secret", &[], "kind"),
        ("text", &[("required_from", "main/NOWHERE")], "required_from"),
    ];
    for (kind, more, at) in bad {
        let mut sent = vec![("kind", *kind), ("title_ru", "Плохое")];
        sent.extend_from_slice(more);
        let (status, body) = post(&office, &olga, "/settings/types/deal/fields/new", &sent).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{kind}: {body}");
        assert!(body["error"]["fields"][*at].is_string(), "{kind} at {at}: {body}");
    }
    assert!(!shape(&office, "deal").fields.iter().any(|field| field.title.ru == "Плохое"));
}

#[tokio::test]
async fn a_field_in_use_stays_until_its_uses_are_gone_and_answers_are_asked_about() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let path = "/settings/types/deal/fields";
    post(&office, &olga, &format!("{path}/new"), &[("kind", "text"), ("title_ru", "Регион работы"), ("code", "region_x")]).await;
    let stage = office.stage("NEW");
    let stage_path = format!("/settings/types/deal/stages/{stage}");
    let keep = [("title_ru", "Новая"), ("color", "#2FC6F6"), ("outcome", "open")];
    let (status, body) = post(&office, &olga, &stage_path, &[&keep[..], &[("required", "region_x")]].concat()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (status, body) = post(&office, &olga, &format!("{path}/region_x/remove"), &[]).await;
    assert_eq!(status, StatusCode::OK);
    let uses = body["uses"].as_array().unwrap_or_else(|| panic!("{body}"));
    assert_eq!(uses.len(), 1);
    assert!(uses[0]["text"].as_str().unwrap().contains("Стадия «Новая»") && uses[0]["href"] == "/settings/types/deal?tab=pipelines", "{body}");
    assert!(shape(&office, "deal").has("region_x"));

    post(&office, &olga, &stage_path, &keep).await;
    office
        .house
        .transact(|tx| {
            let cause = crm::Cause::new(crm::Actor::System, office::NOON);
            crm::item::create(
                tx,
                &Rights::system(),
                &cause,
                crm::kind::DEAL,
                &Values::from([("title", Value::text("Долг")), ("region_x", Value::text("Алматы"))]),
            )
        })
        .unwrap();
    let (status, body) = post(&office, &olga, &format!("{path}/region_x/remove"), &[]).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("has_answers")), "{body}");
    let (status, body) = post(&office, &olga, &format!("{path}/region_x/remove"), &[("with_answers", "1")]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(!shape(&office, "deal").has("region_x"));
    let (status, _) = office.get(&olga, "/deals").await;
    assert_eq!(status, StatusCode::OK, "a list of records that had the answer");
}

#[tokio::test]
async fn rules_forms_and_conditions_count_as_uses() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    // The form of the pack asks for it.
    let (_, body) = post(&office, &olga, "/settings/types/deal/fields/debt_total/remove", &[]).await;
    let uses = body["uses"].to_string();
    assert!(uses.contains("Канал «"), "{body}");
    // What the program itself reads by its code is not the firm's to take away.
    for code in ["title", "stage", "amount", "responsible"] {
        let (status, body) = post(&office, &olga, &format!("/settings/types/deal/fields/{code}/remove"), &[("with_answers", "1")]).await;
        let refused = body["error"]["code"] == "program_field" || body["uses"].is_array();
        assert!(refused, "{code}: {status} {body}");
        assert!(shape(&office, "deal").has(code));
    }
    let new = office.stage("NEW");
    let (_, body) = post(&office, &olga, &format!("/settings/types/deal/stages/{new}/remove"), &[]).await;
    assert!(body["uses"].to_string().contains("Правило «"), "{body}");
}

#[tokio::test]
async fn stages_go_where_they_are_dragged_and_tunnels_never_make_a_ring() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    post(&office, &olga, "/settings/types", &APPEAL).await;
    let ways = || office.house.read(|read| Ok(read.schema().pipelines_of(crm::EntityTypeId(1030)).into_iter().cloned().collect::<Vec<_>>())).unwrap();
    let way = ways().remove(0);
    let path = format!("/settings/types/appeal/pipelines/{}", way.id);
    let (status, body) = post(
        &office,
        &olga,
        &format!("{path}/stages/new"),
        &[("title_ru", "На проверке"), ("color", "#9B7FE8"), ("outcome", "open"), ("sla", "4"), ("sla_unit", "h")],
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let codes = |way: &crm::Pipeline| way.stages.iter().map(|stage| stage.code.clone()).collect::<Vec<_>>().join(" ");
    assert_eq!(codes(&ways()[0]), "NEW IN_WORK NA_PROVERKE WON LOST");
    let stages = ways().remove(0).stages;
    let id = |code: &str| stages.iter().find(|stage| stage.code == code).unwrap().id.to_string();
    let sent = [("NA_PROVERKE", "open"), ("NEW", "open"), ("WON", "won"), ("LOST", "lost"), ("IN_WORK", "lost")]
        .map(|(code, outcome)| [("stage".to_owned(), id(code)), ("outcome".to_owned(), outcome.to_owned())])
        .concat();
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    post(&office, &olga, &format!("{path}/order"), &sent).await;
    assert_eq!(codes(&ways()[0]), "NA_PROVERKE NEW WON LOST IN_WORK");
    assert_eq!(ways()[0].stages[4].outcome, crm::Ending::Lost);

    post(&office, &olga, "/settings/types/appeal/pipelines", &[("title_ru", "Повторные")]).await;
    let tunnel = |from: &str, to: &str| {
        let path = format!("/settings/types/appeal/stages/{from}");
        let to = to.to_owned();
        let (office, olga) = (&office, &olga);
        async move {
            post(office, olga, &path, &[("title_ru", "Стадия"), ("color", "#2FC6F6"), ("outcome", "open"), ("tunnel.to", &to), ("tunnel.how", "move")]).await
        }
    };
    let second = ways().remove(1).stages[0].id.to_string();
    let (status, body) = tunnel(&id("NEW"), &format!("appeal/{}/NEW", ways()[1].code)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (status, body) = tunnel(&second, "appeal/main/NEW").await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("tunnel_loop")), "{body}");
    assert!(said(&body).contains("кольцо"));
    let (_, body) = post(&office, &olga, &format!("/settings/types/appeal/pipelines/{}/remove", ways()[1].id), &[]).await;
    assert!(body["uses"].to_string().contains("Стадия «"), "a tunnel leads there: {body}");
}

#[tokio::test]
async fn the_history_tells_who_changed_what_from_what_to_what() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    post(&office, &olga, "/settings/types", &APPEAL).await;
    post(&office, &olga, "/settings/types/appeal/fields/new", &[("kind", "text"), ("title_ru", "Тема"), ("code", "topic")]).await;
    office.advance(60);
    post(&office, &olga, "/settings/types/appeal/fields/topic", &[("kind", "text"), ("title_ru", "Тема письма"), ("required", "1")]).await;
    let (_, page) = office.get(&olga, "/settings/types/appeal?tab=history").await;
    let (first, second) = (page.find("Изменено поле «Тема письма»").unwrap(), page.find("Создан тип «Обращение»").unwrap());
    assert!(first < second, "the newest first");
    assert!(page.contains("Ольга") && page.contains("<span class=\"old\">Тема</span>"));
    let (_, again) = office.get(&olga, "/settings/types/deal?tab=history").await;
    assert!(!again.contains("Тема письма"));
}

#[tokio::test]
async fn the_menu_follows_its_sections() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let sent = [
        ("section", ""),
        ("title_ru", "Клиентский отдел"),
        ("type", "contact"),
        ("type", "deal"),
        ("section", ""),
        ("title_ru", "Работа"),
        ("type", "task"),
        ("type", "deal"),
    ];
    let (status, body) = post(&office, &olga, "/settings/menu", &sent).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (_, page) = office.get(&olga, "/settings/menu").await;
    let nav = page.split("<nav>").nth(1).unwrap().split("</nav>").next().unwrap();
    let at = |text: &str| nav.find(text).unwrap_or_else(|| panic!("{text}: {nav}"));
    assert!(at("Клиентский отдел") < at("Клиенты") && at("Клиенты") < at("Сделки") && at("Сделки") < at("Работа") && at("Работа") < at("Задачи"));
    assert_eq!(nav.matches("Сделки").count(), 2, "once as a title, once as a text: a type stands in one section");
}

/// A generator of names that somebody means harm with.
fn hostile(seed: u64) -> String {
    const PARTS: [&str; 22] = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "{{",
        "}}",
        "{{7*7}}",
        "{=Document:ID}",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "@SUM(A1)",
        "\u{202e}exe.txt",
        "\u{2066}",
        "\u{0}",
        "👨‍👩‍👧‍👦",
        "𝕏",
        "';--",
        "\\",
        "\"",
        "'",
        "`",
        "Иван",
        "\r\n",
        "%s%n../..",
    ];
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let mut name = String::new();
    for _ in 0..=(seed % 4) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        name.push_str(PARTS[usize::try_from(state >> 33).unwrap() % PARTS.len()]);
    }
    name
}

#[tokio::test]
async fn a_thousand_hostile_names_are_shown_as_text_or_refused() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    // Each type gets two hundred of them: one of a thousand fields would only make the test slow.
    for part in 0..5 {
        two_hundred_hostile_names(&office, &olga, part).await;
    }
}

async fn two_hundred_hostile_names(office: &Office, olga: &str, part: u64) {
    let code = format!("appeal_{part}x");
    let (status, body) = post(office, olga, "/settings/types", &[&APPEAL[..], &[("code", &code)]].concat()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let id = shape(office, &code).id;
    let way = office.house.read(|read| Ok(read.schema().default_pipeline(id).unwrap().id)).unwrap();
    let (mut kept, mut refused) = (0, 0);
    for seed in part * 200..(part + 1) * 200 {
        let name = hostile(seed);
        let (path, fields): (String, Vec<(&str, &str)>) = match seed % 5 {
            0 => (format!("/settings/types/{code}/fields/new"), vec![("kind", "text"), ("title_ru", &name), ("help_ru", &name), ("group", &name)]),
            1 => (
                format!("/settings/types/{code}/fields/new"),
                vec![("kind", "choice"), ("title_ru", "Список"), ("option.code", ""), ("option.ru", &name), ("option.color", &name)],
            ),
            2 => (format!("/settings/types/{code}/pipelines/{way}/stages/new"), vec![("title_ru", &name), ("color", "#2FC6F6"), ("outcome", "open")]),
            3 => (
                format!("/settings/types/{code}"),
                vec![("title_ru", &name), ("plural_ru", &name), ("naming", &name), ("staged", "1"), ("listed", "1"), ("feature", "client")],
            ),
            _ => (
                format!("/settings/types/{code}/fields/new"),
                vec![
                    ("kind", "record"),
                    ("title_ru", &name),
                    ("column.code", ""),
                    ("column.title", &name),
                    ("column.kind", "choice"),
                    ("column.choices", &name),
                ],
            ),
        };
        let (status, body) = post(office, olga, &path, &fields).await;
        match status {
            StatusCode::OK => kept += 1,
            StatusCode::UNPROCESSABLE_ENTITY => refused += 1,
            other => panic!("{name:?} at {path}: {other} {body}"),
        }
    }
    assert!(kept > 60 && refused > 4, "{kept} kept, {refused} refused");
    let appeal = shape(office, &code);
    assert!(appeal.fields.iter().all(|field| field.code.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')));
    assert!(appeal.fields.iter().all(|field| !field.title.ru.chars().any(|letter| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter))));
    let word = format!("{code}es");
    for page in [
        "/settings/types".to_owned(),
        format!("/settings/types/{code}?tab=general"),
        format!("/settings/types/{code}?tab=fields"),
        format!("/settings/types/{code}?tab=pipelines"),
        format!("/settings/types/{code}?tab=history"),
        format!("/settings/types/{code}?tab=links"),
        "/settings/find?q=script".to_owned(),
        "/settings/menu".to_owned(),
        format!("/{word}/board"),
        format!("/{word}"),
        format!("/{word}/new"),
        format!("/{word}/robots"),
    ] {
        let (status, text) = office.get(olga, &page).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{page}");
    }
    let (status, text) = office.get(olga, &format!("/settings/types/{code}/fields/{}", appeal.fields.last().unwrap().code)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!text.contains("<script>alert"));
}

#[tokio::test]
async fn a_type_with_three_hundred_fields_still_opens() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    post(&office, &olga, "/settings/types", &APPEAL).await;
    for number in 0..300 {
        let title = format!("Поле {number}");
        let (status, body) = post(&office, &olga, "/settings/types/appeal/fields/new", &[("kind", "text"), ("title_ru", &title)]).await;
        assert_eq!(status, StatusCode::OK, "{number}: {body}");
    }
    let reversed: Vec<String> = (0..300).rev().map(|number| format!("pole_{number}")).collect();
    let sent: Vec<(&str, &str)> = reversed.iter().map(|code| ("code", code.as_str())).collect();
    assert_eq!(post(&office, &olga, "/settings/types/appeal/order", &sent).await.0, StatusCode::OK);
    let (status, page) = office.get(&olga, "/settings/types/appeal?tab=fields").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.find("data-id=\"pole_299\"").unwrap() < page.find("data-id=\"pole_0\"").unwrap());
    for page in ["/appeals", "/appeals/board", "/appeals/new"] {
        assert_eq!(office.get(&olga, page).await.0, StatusCode::OK, "{page}");
    }
}

#[tokio::test]
async fn a_formula_is_worked_out_for_old_records_and_a_ring_of_formulas_is_named() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    let deal = office
        .house
        .transact(|tx| {
            let cause = crm::Cause::new(crm::Actor::System, office::NOON);
            crm::item::create(
                tx,
                &Rights::system(),
                &cause,
                crm::kind::DEAL,
                &Values::from([("title", Value::text("Долг")), ("amount", Value::money(100_000))]),
            )
        })
        .unwrap();
    let path = "/settings/types/deal/fields/new";
    let formula = |code: &'static str, expression: &'static str| {
        [("kind", "formula"), ("title_ru", code), ("code", code), ("expression", expression), ("result", "money")]
    };
    let (status, body) = post(&office, &olga, path, &formula("fee", "amount * 0.1")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(office.house.read(|read| read.job_backlog(office.house.now())).unwrap().0, 1, "a job works it out");
    office.house.transact(|tx| crm::formula::fill(tx, crm::kind::DEAL, 0, 500)).unwrap();
    let item = office.house.read(|read| read.item(&Rights::system(), deal.at())).unwrap().unwrap();
    assert_eq!(item.values.get("fee"), &Value::money(10_000));

    let (status, body) = post(&office, &olga, path, &formula("bonus", "fee * 2")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (status, body) = post(&office, &olga, "/settings/types/deal/fields/fee", &formula("fee", "bonus / 2")).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("formula_cycle")), "{body}");
    assert!(body.to_string().contains("fee → bonus → fee"), "{body}");
    let (_, body) = post(&office, &olga, path, &formula("odd", "amount * nowhere")).await;
    assert!(body["error"]["fields"]["expression"].is_string(), "{body}");
    let (_, body) = post(&office, &olga, "/settings/types/deal/fields/fee/remove", &[]).await;
    assert!(body["uses"].to_string().contains("Формула «bonus»"), "{body}");
}

/// So many deals answer the field `age`, every tenth with what is no number.
async fn with_ages(office: &Office, olga: &str, many: usize) {
    let (status, body) =
        post(office, olga, "/settings/types/deal/fields/new", &[("kind", "text"), ("title_ru", "Возраст"), ("code", "age"), ("required", "")]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    office
        .house
        .transact(move |tx| {
            let cause = crm::Cause::new(crm::Actor::System, office::NOON);
            for number in 0..many {
                let age = if number % 10 == 9 { "много".to_owned() } else { number.to_string() };
                crm::item::create(tx, &Rights::system(), &cause, crm::kind::DEAL, &Values::from([("title", Value::text("Долг")), ("age", Value::text(age))]))?;
            }
            Ok(())
        })
        .unwrap();
}

fn ages(office: &Office) -> (u64, u64) {
    office
        .house
        .read(|read| {
            let count = |op, value| read.count(&Rights::system(), &crm::Query::of(crm::kind::DEAL).filter(crm::Filter::is("age", op, value)), 10_000);
            Ok((count(crm::Op::Filled, Value::Null)?.counted, count(crm::Op::Gt, Value::Int(100))?.counted))
        })
        .unwrap()
}

#[tokio::test]
async fn the_kind_of_a_field_is_changed_after_a_look_at_what_becomes_of_the_answers() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    with_ages(&office, &olga, 20).await;
    let path = "/settings/types/deal/fields/age";
    let (status, body) = post(&office, &olga, path, &[("kind", "integer"), ("title_ru", "Возраст")]).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("needs_conversion")), "{body}");
    let (_, found) = post(&office, &olga, &format!("{path}/kind/look"), &[("kind", "integer")]).await;
    assert_eq!((found["filled"].as_i64(), found["converts"].as_i64(), found["left"].as_i64()), (Some(20), Some(18), Some(2)), "{found}");
    assert_eq!(found["examples"][0]["answer"], "много");
    let (status, body) = post(&office, &olga, &format!("{path}/kind"), &[("kind", "integer")]).await;
    assert_eq!((status, body["go_on"].is_null()), (StatusCode::OK, true), "{body}");
    let deal = shape(&office, "deal");
    let age = deal.field("age").unwrap();
    assert_eq!((&age.kind, age.title.ru.as_str()), (&FieldKind::Integer, "Возраст"));
    assert_eq!(ages(&office), (18, 0));
    let (_, page) = office.get(&olga, "/settings/types/deal?tab=history").await;
    assert!(page.contains("Изменён тип поля «Возраст»"));
    for code in ["title", "amount", "stage"] {
        let (_, body) = post(&office, &olga, &format!("/settings/types/deal/fields/{code}/kind"), &[("kind", "integer")]).await;
        assert_eq!(body["error"]["code"], "program_field", "{code}: {body}");
    }
}

#[tokio::test]
async fn many_answers_are_turned_piece_by_piece_and_nobody_writes_meanwhile() {
    let office = Office::open().await;
    let olga = office.enter("olga").await;
    with_ages(&office, &olga, 2_100).await;
    let path = "/settings/types/deal/fields/age/kind";
    let (status, body) = post(&office, &olga, path, &[("kind", "integer")]).await;
    assert_eq!((status, body["go_on"].as_str()), (StatusCode::OK, Some("/settings/types/deal/fields/age/kind/go-on")), "{body}");
    assert!(shape(&office, "deal").field("age").unwrap().read_only, "an answer given now would be lost");
    let mut steps = 0;
    while post(&office, &olga, &format!("{path}/go-on"), &[]).await.1["more"] == true {
        steps += 1;
    }
    assert!(steps >= 4, "{steps}");
    let deal = shape(&office, "deal");
    assert_eq!((&deal.field("age").unwrap().kind, deal.field("age").unwrap().read_only), (&FieldKind::Integer, false));
    assert!(!deal.fields.iter().any(|field| field.code.starts_with("age_new")));
    assert_eq!(ages(&office).0, 1_890);
    let (status, _) = post(&office, &olga, &format!("{path}/go-on"), &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is over");
}
