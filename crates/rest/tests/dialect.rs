//! Documented shapes of every method, against the real database in memory (b24-rest.md §1, §1.15).

mod common;

use common::{Office, at, json};
use rest::Node;

fn text(node: &Node, path: &str) -> String {
    at(node, path).scalar().unwrap_or_else(|| panic!("{path} is no scalar in {}", json(node)))
}

// ── protocol ──

#[test]
fn the_envelope_tells_the_time_it_took() {
    let office = Office::open();
    let (status, node) = office.call(&office.olga, "profile", "{}");
    assert_eq!(status, 200);
    assert_eq!(text(&node, "time.date_start"), "2026-09-21T12:00:00+03:00");
    assert!(at(&node, "time.operating_reset_at").int().unwrap() > 1_789_981_200);
    for name in ["start", "finish", "duration", "processing", "operating"] {
        assert!(matches!(at(&node, "time").at(name), Some(Node::Float(_))), "{name}");
    }
    assert_eq!(at(&node, "result.ADMIN"), &Node::Bool(true));
    assert_eq!(text(&node, "result.TIME_ZONE_OFFSET"), "10800");
    assert_eq!(text(&node, "result.NAME"), "Ольга");
}

#[test]
fn keys_and_scopes_are_checked_before_anything_else() {
    let office = Office::open();
    let (user, secret) = office.olga.split_once('/').unwrap();
    for key in [format!("{user}/wrong"), format!("99/{secret}"), "x/y".into(), format!("{user}/{}", secret.to_uppercase())] {
        let (status, code, _) = office.wrong(&key, "profile", "{}");
        assert_eq!((status, code.as_str()), (401, "INVALID_CREDENTIALS"), "{key}");
    }
    let (status, node) = office.raw("/rest/crm.deal.list", "", "", b"");
    assert_eq!((status, text(&node, "error").as_str()), (401, "NO_AUTH_FOUND"));
    let (status, code, _) = office.wrong(&office.narrow, "crm.deal.list", "{}");
    assert_eq!((status, code.as_str()), (401, "insufficient_scope"));
    assert_eq!(text(&office.ok(&office.narrow, "user.current", "{}"), "NAME"), "Ольга");
    let (status, code, description) = office.wrong(&office.olga, "crm.deal.frobnicate", "{}");
    assert_eq!((status, code.as_str(), description.as_str()), (404, "ERROR_METHOD_NOT_FOUND", "Method not found!"));
    let (status, code, _) = office.wrong(&office.olga, "", "{}");
    assert_eq!((status, code.as_str()), (404, "ERROR_METHOD_NOT_FOUND"));
}

#[test]
fn unreadable_requests_are_refused_and_write_nothing() {
    let office = Office::open();
    let before = office.house.read(|read| read.latest()).unwrap();
    let path = format!("/rest/{}/crm.deal.add", office.olga);
    let deep_json = format!("{{\"fields\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let deep_form = format!("fields{}=1", "[a]".repeat(10_000));
    let cases: [(&str, &[u8]); 8] = [
        ("application/json", b"{\"fields\":{\"TITLE\":\"x\""),
        ("application/json", b"\"fields\""),
        ("application/json", b"{\"fields\":{\"TITLE\":\"\xff\xfe\"}}"),
        ("application/json", deep_json.as_bytes()),
        ("application/x-www-form-urlencoded", deep_form.as_bytes()),
        ("application/x-www-form-urlencoded", b"fields[TITLE]=%ff"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/json", b"{\"fields\":\"TITLE\"}"),
    ];
    for (content_type, body) in cases {
        let (status, node) = office.raw(&path, "", content_type, body);
        assert_eq!(status, 400, "{content_type} {}", json(&node));
        assert!(node.at("error").is_some() && node.at("error_description").is_some());
    }
    assert_eq!(office.house.read(|read| read.latest()).unwrap(), before);
}

#[test]
fn the_same_call_works_in_every_encoding() {
    let office = Office::open();
    let path = format!("/rest/{}/crm.contact.Add.json", office.olga);
    let form = "fields[NAME]=%D0%98%D0%B2%D0%B0%D0%BD&fields[PHONE][0][VALUE]=%2B79990001122&fields[PHONE][0][VALUE_TYPE]=MOBILE&fields[PHONE][n1][VALUE]=%2B77010003344";
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"FIELDS[NAME]\"\r\n\r\nИван\r\n--b--\r\n";
    for (query, content_type, body) in [
        ("", "application/json", r#"{"fields":{"NAME":"Иван","PHONE":[{"VALUE":"+79990001122"}]}}"#),
        ("", "application/x-www-form-urlencoded; charset=UTF-8", form),
        (form, "", ""),
        ("bx24_request_id=1", "multipart/form-data; boundary=\"b\"", multipart),
    ] {
        let (status, node) = office.raw(&path, query, content_type, body.as_bytes());
        assert_eq!(status, 200, "{}", json(&node));
        let id = at(&node, "result").int().unwrap();
        let contact = office.ok(&office.olga, "crm.contact.get", &format!("{{\"ID\":{id}}}"));
        assert_eq!(text(&contact, "NAME"), "Иван");
    }
    let phones = office.ok(&office.olga, "crm.contact.get", r#"{"id":"2"}"#);
    let Some(Node::List(list)) = phones.at("PHONE") else { panic!("{}", json(&phones)) };
    assert_eq!(list.len(), 2);
    assert_eq!((text(&list[0], "VALUE_TYPE"), text(&list[0], "VALUE"), text(&list[0], "TYPE_ID")), ("MOBILE".into(), "+79990001122".into(), "PHONE".into()));
    assert!(matches!(list[0].at("ID"), Some(Node::Text(id)) if id.parse::<i64>().is_ok()));
}

#[test]
fn an_answer_is_xml_when_it_is_asked_for() {
    let office = Office::open();
    let call = rest::Call { method: "GET".into(), path: format!("/rest/{}/profile.xml", office.olga), ..rest::Call::default() };
    let reply = office.api.answer(&call);
    let body = String::from_utf8(reply.body).unwrap();
    assert_eq!((reply.status, reply.content_type), (200, "text/xml; charset=utf-8"));
    assert!(body.contains("<response><result><ID>1</ID>"), "{body}");
    let reply = office.api.answer(&rest::Call { method: "DELETE".into(), ..call });
    assert_eq!(reply.status, 405);
}

// ── core ──

#[test]
fn the_core_methods_describe_what_is_there() {
    let office = Office::open();
    let key = &office.narrow;
    assert_eq!(office.ok(key, "server.time", "{}").scalar().unwrap(), "2026-09-21T12:00:00+03:00");
    let methods = office.ok(key, "methods", "{}");
    assert!(json(&methods).contains("\"user.current\"") && !json(&methods).contains("crm.deal.list"));
    assert!(json(&office.ok(key, "methods", r#"{"full":true}"#)).contains("\"crm.deal.list\""));
    assert!(json(&office.ok(key, "methods", r#"{"scope":"crm"}"#)).starts_with("[\"crm.deal.add\""));
    assert_eq!(json(&office.ok(key, "scope", "{}")), "[\"user\"]");
    assert!(json(&office.ok(key, "scope", r#"{"full":"true"}"#)).contains("\"crm\""));
    assert_eq!(json(&office.ok(key, "method.get", r#"{"name":"crm.deal.List"}"#)), r#"{"isExisting":true,"isAvailable":false}"#);
    assert_eq!(json(&office.ok(key, "method.get", r#"{"name":"nothing"}"#)), r#"{"isExisting":false,"isAvailable":false}"#);
    assert_eq!(json(at(&office.ok(key, "app.info", "{}"), "SCOPE")), "[\"user\"]");
}

#[test]
fn staff_is_found_by_what_connectors_ask() {
    let office = Office::open();
    let names = |json_filter: &str| {
        let Node::List(rows) = office.ok(&office.olga, "user.get", json_filter) else { panic!("no list") };
        rows.iter().map(|row| text(row, "NAME")).collect::<Vec<_>>()
    };
    assert_eq!(names("{}"), ["Ольга", "Борис", "Анна"]);
    assert_eq!(names(r#"{"ID":2}"#), ["Борис"]);
    assert_eq!(names(r#"{"FILTER":{"ACTIVE":true,"EMAIL":"ANNA@example.com"}}"#), ["Анна"]);
    assert_eq!(names(r#"{"filter":{"%LAST_NAME":"око"}}"#), ["Анна"]);
    assert_eq!(names(r#"{"sort":"LAST_NAME","order":"desc"}"#), ["Анна", "Борис", "Ольга"]);
    assert_eq!(names(r#"{"filter":{"ID":[1,3]}}"#), ["Ольга", "Анна"]);
}

// ── deals, the old way ──

#[test]
fn a_deal_is_made_read_changed_and_deleted() {
    let office = Office::open();
    let key = &office.olga;
    let id = office.ok(key, "crm.deal.add", r#"{"fields":{"TITLE":"Долг","OPPORTUNITY":"15000,5","CURRENCY_ID":"RUB","UTM_SOURCE":"vk","BEGINDATE":"2026-09-21","UF_CRM_DEBT_TOTAL":"700000|RUB","UF_CRM_URGENT":"Y","FOO":"ignored","ID":77,"COMPANY_ID":5}}"#);
    assert_eq!(id, Node::Int(1), "a JSON integer");
    let deal = office.ok(key, "crm.deal.get", r#"{"id":1}"#);
    for (name, value) in [
        ("ID", "1"),
        ("TITLE", "Долг"),
        ("OPPORTUNITY", "15000.50"),
        ("CURRENCY_ID", "RUB"),
        ("STAGE_ID", "NEW"),
        ("CATEGORY_ID", "0"),
        ("STAGE_SEMANTIC_ID", "P"),
        ("IS_NEW", "Y"),
        ("CLOSED", "N"),
        ("OPENED", "Y"),
        ("ASSIGNED_BY_ID", "1"),
        ("CREATED_BY_ID", "1"),
        ("UTM_SOURCE", "vk"),
        ("DATE_CREATE", "2026-09-21T12:00:00+03:00"),
        ("BEGINDATE", "2026-09-21T00:00:00+03:00"),
        ("CLOSEDATE", ""),
        ("UF_CRM_DEBT_TOTAL", "700000|RUB"),
        ("UF_CRM_URGENT", "1"),
    ] {
        assert_eq!(at(&deal, name), &Node::text(value), "{name}");
    }
    assert_eq!(at(&deal, "CONTACT_ID"), &Node::Null);
    assert_eq!(office.ok(key, "crm.deal.update", r#"{"id":"1","fields":{"STAGE_ID":"WON","TITLE":"","COMMENTS":"готово"}}"#), Node::Bool(true));
    let deal = office.ok(key, "crm.deal.get", r#"{"ID":"1"}"#);
    assert_eq!(
        (text(&deal, "STAGE_ID"), text(&deal, "STAGE_SEMANTIC_ID"), text(&deal, "CLOSED"), text(&deal, "COMMENTS")),
        ("WON".into(), "S".into(), "Y".into(), "готово".into())
    );
    assert_eq!(office.ok(key, "crm.deal.delete", r#"{"id":1}"#), Node::Bool(true));
    assert_eq!(office.wrong(key, "crm.deal.get", r#"{"id":1}"#), (400, String::new(), "Not found".into()));
    assert_eq!(office.wrong(key, "crm.deal.delete", r#"{"id":1}"#), (400, String::new(), "Not found".into()));
    assert_eq!(office.wrong(key, "crm.deal.get", r#"{"id":"abc"}"#).2, "ID is not defined or invalid.");
    assert_eq!(office.wrong(key, "crm.deal.add", "{}").2, "Parameter 'fields' must be array.");
}

#[test]
fn the_maker_of_a_deal_is_the_webhook() {
    let office = Office::open();
    office.ok(&office.boris, "crm.deal.add", r#"{"fields":[]}"#);
    let events = office.house.read(|read| read.events_after(crm::Seq(0), 10)).unwrap();
    assert_eq!(events[0].by, crm::Actor::Webhook { webhook: crm::WebhookId(3), user: crm::UserId(2) });
    let used = office.house.read(|read| read.webhooks()).unwrap();
    assert_eq!(used.len(), 4);
}

#[test]
fn wrong_values_of_known_fields_are_errors() {
    let office = Office::open();
    let before = office.house.read(|read| read.latest()).unwrap();
    for fields in [
        r#"{"OPPORTUNITY":"many"}"#,
        r#"{"STAGE_ID":"NOWHERE"}"#,
        r#"{"CATEGORY_ID":99}"#,
        r#"{"CATEGORY_ID":0,"STAGE_ID":"HEARING"}"#,
        r#"{"CONTACT_ID":404}"#,
        r#"{"ASSIGNED_BY_ID":404}"#,
        r#"{"TITLE":["a"]}"#,
        r#"{"BEGINDATE":"32.01.2026"}"#,
        r#"{"CURRENCY_ID":"XXX"}"#,
        r#"{"UF_CRM_CONSULTATION_AT":"soon"}"#,
        r#"{"UF_CRM_URGENT":"maybe"}"#,
        r#"{"UF_CRM_OVERDUE_STATE":"sometimes"}"#,
        &format!("{{\"TITLE\":\"{}\"}}", "я".repeat(300)),
    ] {
        let (status, code, description) = office.wrong(&office.olga, "crm.deal.add", &format!("{{\"fields\":{fields}}}"));
        assert_eq!((status, code.as_str()), (400, ""), "{fields}");
        assert!(!description.is_empty());
        let (status, code, _) = office.wrong(&office.olga, "crm.item.add", &format!("{{\"entityTypeId\":2,\"fields\":{fields}}}"));
        assert_eq!((status, code.as_str()), (400, "INVALID_ARG_VALUE"), "{fields}");
    }
    assert_eq!(office.house.read(|read| read.latest()).unwrap(), before);
}

#[test]
fn other_pipelines_have_their_own_stage_codes() {
    let office = Office::open();
    let (key, court) = (&office.olga, office.court);
    for fields in
        [format!("{{\"CATEGORY_ID\":{court}}}"), format!("{{\"STAGE_ID\":\"C{court}:NEW\"}}"), format!("{{\"CATEGORY_ID\":\"{court}\",\"STAGE_ID\":\"NEW\"}}")]
    {
        let id = office.ok(key, "crm.deal.add", &format!("{{\"fields\":{fields}}}"));
        let deal = office.ok(key, "crm.deal.get", &format!("{{\"id\":{}}}", json(&id)));
        assert_eq!((text(&deal, "CATEGORY_ID"), text(&deal, "STAGE_ID")), (court.to_string(), format!("C{court}:NEW")), "{fields}");
    }
    office.ok(key, "crm.deal.update", &format!("{{\"id\":1,\"fields\":{{\"STAGE_ID\":\"C{court}:HEARING\",\"CATEGORY_ID\":0}}}}"));
    assert_eq!(text(&office.ok(key, "crm.deal.get", r#"{"id":1}"#), "STAGE_ID"), format!("C{court}:HEARING"), "the old way sets the pipeline once");
    let (_, _, description) = office.wrong(key, "crm.deal.update", r#"{"id":1,"fields":{"STAGE_ID":"CONSULT"}}"#);
    assert!(description.contains("pipeline"), "{description}");
    let item = office.ok(key, "crm.item.update", r#"{"entityTypeId":2,"id":1,"fields":{"categoryId":0}}"#);
    assert_eq!((at(&item, "item.categoryId"), text(&item, "item.stageId")), (&Node::Int(0), "NEW".into()), "the universal way changes it");
}

#[test]
fn lists_have_pages_totals_and_chosen_names() {
    let office = Office::open();
    let key = &office.olga;
    for number in 1..=120 {
        office.ok(key, "crm.deal.add", &format!("{{\"fields\":{{\"TITLE\":\"Сделка {number:03}\",\"OPPORTUNITY\":{number}}}}}"));
    }
    let page = |parameters: &str| office.call(key, "crm.deal.list", parameters).1;
    let first = page("{}");
    assert_eq!((at(&first, "total"), at(&first, "next")), (&Node::Int(120), &Node::Int(50)));
    assert_eq!(text(&first, "result.0.ID"), "1");
    assert_eq!(at(&first, "result").values().len(), 50);
    let last = page(r#"{"start":"100","select":["ID","TITLE","NOTHING"]}"#);
    assert_eq!((at(&last, "total"), last.at("next")), (&Node::Int(120), None));
    assert_eq!(json(at(&last, "result.19")), r#"{"ID":"120","TITLE":"Сделка 120"}"#);
    assert_eq!(page(r#"{"start":1}"#).at("next"), Some(&Node::Int(51)));
    let fast = page(r#"{"start":-1,"order":{"ID":"desc"},"filter":{"<ID":"51"},"select":["ID"]}"#);
    assert_eq!((at(&fast, "total"), fast.at("next"), text(&fast, "result.0.ID")), (&Node::Int(0), None, "50".into()));
    let sorted = page(r#"{"ORDER":{"OPPORTUNITY":"DESC","FOO":"ASC"},"FILTER":{"<=OPPORTUNITY":"10","!ID":[10,9]},"SELECT":["OPPORTUNITY"]}"#);
    assert_eq!(json(at(&sorted, "result.0")), r#"{"OPPORTUNITY":"8.00"}"#);
    assert_eq!(at(&sorted, "total"), &Node::Int(8));
    assert_eq!(at(&page(r#"{"filter":{"FOO":1,"<>STAGE_ID":"NEW"}}"#), "total"), &Node::Int(120), "unknown names are ignored");
    assert_eq!(at(&page(r#"{"filter":{"%TITLE":"СДЕЛКА 11"}}"#), "total"), &Node::Int(10));
    assert_eq!(at(&page(r#"{"filter":{"=%TITLE":"%11%"}}"#), "total"), &Node::Int(11));
    assert_eq!(at(&page(r#"{"filter":{"@ID":["1","2",3]}}"#), "total"), &Node::Int(3));
    assert_eq!(at(&page(r#"{"filter":{"@ID":[]}}"#), "total"), &Node::Int(0));
    assert_eq!(page(r#"{"start":9999999999}"#).at("result"), Some(&Node::List(vec![])));
}

#[test]
fn questions_about_the_course_of_work_are_answered() {
    let office = Office::open();
    let (key, court) = (&office.olga, office.court);
    for stage in ["NEW", "CONSULT", "WON", "JUNK", &format!("C{court}:NEW"), &format!("C{court}:WON")] {
        office.ok(key, "crm.deal.add", &format!("{{\"fields\":{{\"STAGE_ID\":\"{stage}\"}}}}"));
    }
    let total = |filter: &str| at(&office.call(key, "crm.deal.list", &format!("{{\"filter\":{filter}}}")).1, "total").int().unwrap();
    for (filter, count) in [
        (r#"{"CATEGORY_ID":0}"#.to_owned(), 4),
        (format!("{{\"CATEGORY_ID\":\"{court}\"}}"), 2),
        (r#"{"STAGE_SEMANTIC_ID":"S"}"#.into(), 2),
        (r#"{"STAGE_SEMANTIC_ID":["S","F"]}"#.into(), 3),
        (r#"{"!STAGE_SEMANTIC_ID":"P"}"#.into(), 3),
        (r#"{"CLOSED":"N"}"#.into(), 3),
        (r#"{"STAGE_ID":["NEW","CONSULT"]}"#.into(), 2),
        (r#"{"!STAGE_ID":"NEW"}"#.into(), 5),
        (r#"{"STAGE_ID":"NOWHERE"}"#.into(), 0),
        (r#"{"OPENED":"Y"}"#.into(), 6),
        (r#"{"COMPANY_ID":5}"#.into(), 0),
        (r#"{"CONTACT_ID":""}"#.into(), 6),
        (r#"{"UF_CRM_URGENT":"0"}"#.into(), 6),
        (r#"{"UF_CRM_URGENT":1}"#.into(), 0),
        (r#"{"ASSIGNED_BY_ID":1}"#.into(), 6),
        (r#"{">=DATE_CREATE":"21.09.2026"}"#.into(), 6),
        (r#"{">DATE_CREATE":"2026-09-21T12:00:00+03:00"}"#.into(), 0),
        (r#"{"=DATE_CREATE":"2026-09-21T09:00:00Z"}"#.into(), 6),
        (r#"{"<=DATE_CREATE":"2026-09-21"}"#.into(), 0),
    ] {
        assert_eq!(total(&filter), count, "{filter}");
    }
    assert_eq!(office.wrong(key, "crm.deal.list", r#"{"filter":{">DATE_CREATE":"yesterday"}}"#).0, 400);
    assert_eq!(office.wrong(key, "crm.deal.list", r#"{"filter":{"ID":"abc"}}"#).0, 400);
    assert_eq!(office.wrong(key, "crm.deal.list", r#"{"filter":"ID"}"#).0, 400);
}

#[test]
fn stages_and_pipelines_are_dictionaries() {
    let office = Office::open();
    let (key, court) = (&office.olga, office.court);
    let (_, statuses) = office.call(key, "crm.status.list", r#"{"filter":{"ENTITY_ID":"DEAL_STAGE"},"order":{"SORT":"ASC"}}"#);
    let codes: Vec<String> = at(&statuses, "result").values().into_iter().map(|row| text(row, "STATUS_ID")).collect();
    assert_eq!(codes, ["NEW", "WORK", "CONSULT", "OFFER", "CONTRACT", "WON", "JUNK", "LOST"]);
    assert_eq!(text(&statuses, "result.5.EXTRA.SEMANTICS"), "success");
    let court_stages = office.ok(key, "crm.status.entity.items", &format!("{{\"entityId\":\"DEAL_STAGE_{court}\"}}"));
    assert_eq!(text(&court_stages, "1.STATUS_ID"), format!("C{court}:HEARING"));
    let (_, categories) = office.call(key, "crm.category.list", r#"{"entityTypeId":2}"#);
    assert_eq!(
        (at(&categories, "total"), at(&categories, "result.categories.0.id"), text(&categories, "result.categories.1.name")),
        (&Node::Int(2), &Node::Int(0), "Court".into())
    );
    assert_eq!(text(&office.ok(key, "crm.category.get", r#"{"entityTypeId":2,"id":0}"#), "category.isDefault"), "Y");
    assert_eq!(office.wrong(key, "crm.category.get", r#"{"entityTypeId":2,"id":99}"#).1, "NOT_FOUND");
    assert_eq!(office.wrong(key, "crm.category.list", r#"{"entityTypeId":12345}"#).1, "ENTITY_TYPE_NOT_SUPPORTED");
}

// ── contacts ──

#[test]
fn phones_of_a_contact_are_changed_one_by_one() {
    let office = Office::open();
    let key = &office.olga;
    office.ok(key, "crm.contact.add", r#"{"fields":{"NAME":"Иван","LAST_NAME":"Иванов","PHONE":[{"VALUE":"8 (999) 000-11-22","VALUE_TYPE":"WORK"}],"EMAIL":{"n0":{"VALUE":"ivan@example.com"}},"BIRTHDATE":"1980-05-01","POST":"директор"}}"#);
    let contact = office.ok(key, "crm.contact.get", r#"{"id":1}"#);
    assert_eq!(
        (text(&contact, "HAS_PHONE"), text(&contact, "BIRTHDATE"), text(&contact, "POST")),
        ("Y".into(), "1980-05-01T00:00:00+03:00".into(), "директор".into())
    );
    let phone = text(&contact, "PHONE.0.ID");
    office.ok(
        key,
        "crm.contact.update",
        &format!("{{\"id\":1,\"fields\":{{\"PHONE\":[{{\"ID\":\"{phone}\",\"VALUE\":\"+79990001133\"}},{{\"VALUE\":\"+77010001122\"}}],\"NAME\":\"Пётр\"}}}}"),
    );
    let contact = office.ok(key, "crm.contact.get", r#"{"id":1}"#);
    let phones: Vec<String> = at(&contact, "PHONE").values().into_iter().map(|one| text(one, "VALUE")).collect();
    assert_eq!(phones, ["+79990001133", "+77010001122"]);
    assert_eq!(at(&contact, "EMAIL").values().len(), 1, "what is not mentioned stays");
    let phone = text(&contact, "PHONE.0.ID");
    office.ok(key, "crm.contact.update", &format!("{{\"id\":1,\"fields\":{{\"PHONE\":[{{\"ID\":{phone},\"DELETE\":\"Y\"}}]}}}}"));
    let (_, found) = office.call(key, "crm.contact.list", r#"{"filter":{"PHONE":"8 701 000 11 22"},"select":["ID","NAME","PHONE"]}"#);
    assert_eq!(at(&found, "total"), &Node::Int(1), "a phone is found in another spelling");
    assert_eq!((text(&found, "result.0.NAME"), at(&found, "result.0.PHONE").values().len()), ("Пётр".into(), 1));
    let (_, plain) = office.call(key, "crm.contact.list", r#"{"filter":{"EMAIL":"IVAN@example.com","HAS_PHONE":"Y"}}"#);
    assert_eq!((at(&plain, "total"), at(&plain, "result.0").at("PHONE")), (&Node::Int(1), None), "multi-fields have to be named");
    let item = office.ok(key, "crm.item.get", r#"{"entityTypeId":3,"id":1}"#);
    assert_eq!((text(&item, "item.title"), text(&item, "item.fm.0.typeId"), text(&item, "item.name")), ("Иванов Пётр".into(), "PHONE".into(), "Пётр".into()));
    assert_eq!(office.wrong(key, "crm.contact.update", r#"{"id":1,"fields":{"PHONE":[{"VALUE":"call me"}]}}"#).0, 400);
}

#[test]
fn a_known_client_is_found_in_any_spelling() {
    let office = Office::open();
    let key = &office.olga;
    office.ok(key, "crm.contact.add", r#"{"fields":{"NAME":"Иван","PHONE":[{"VALUE":"+79990001122"}]}}"#);
    office.ok(key, "crm.contact.add", r#"{"fields":{"NAME":"Пётр","EMAIL":[{"VALUE":"petr@example.com"}]}}"#);
    let find = |json_text: &str| json(&office.ok(key, "crm.duplicate.findbycomm", json_text));
    assert_eq!(find(r#"{"type":"PHONE","values":["89990001122","+7 999 000-11-22"],"entity_type":"CONTACT"}"#), r#"{"CONTACT":[1]}"#);
    assert_eq!(find(r#"{"type":"EMAIL","values":{"0":"PETR@example.com"}}"#), r#"{"CONTACT":[2]}"#);
    assert_eq!(find(r#"{"type":"PHONE","values":["+79990009999"]}"#), "[]");
    assert_eq!(find(r#"{"type":"PHONE","values":["89990001122"],"entity_type":"COMPANY"}"#), "[]");
    assert_eq!(office.wrong(key, "crm.duplicate.findbycomm", r#"{"type":"FAX","values":["1"]}"#).0, 400);
    assert_eq!(office.wrong(key, "crm.duplicate.findbycomm", r#"{"type":"PHONE","values":[]}"#).0, 400);
}

#[test]
fn a_comment_stands_in_the_timeline() {
    let office = Office::open();
    office.ok(&office.olga, "crm.deal.add", r#"{"fields":{}}"#);
    let add = r#"{"fields":{"ENTITY_ID":1,"ENTITY_TYPE":"deal","COMMENT":"Оплатил"}}"#;
    let id = office.ok(&office.olga, "crm.timeline.comment.add", add).int().unwrap();
    let event = office.house.read(|read| read.event(crm::Seq(id))).unwrap().unwrap();
    assert_eq!(event.fact, crm::Fact::Commented { text: "Оплатил".into() });
    assert_eq!(office.wrong(&office.anna, "crm.timeline.comment.add", add).1, "NOT_FOUND");
    assert_eq!(office.wrong(&office.olga, "crm.timeline.comment.add", r#"{"fields":{"ENTITY_ID":1,"ENTITY_TYPE":"ship","COMMENT":"x"}}"#).0, 400);
    assert_eq!(office.wrong(&office.olga, "crm.timeline.comment.add", r#"{"fields":{"ENTITY_ID":1,"ENTITY_TYPE":"deal"}}"#).1, "100");
}

// ── items of any type ──

#[test]
fn items_are_wrapped_and_their_numbers_are_numbers() {
    let office = Office::open();
    let key = &office.olga;
    office.ok(key, "crm.contact.add", r#"{"fields":{"NAME":"Иван"}}"#);
    let made = office.ok(key, "crm.item.add", r#"{"entityTypeId":2,"fields":{"title":"Долг","opportunity":1500.5,"contactIds":[1],"ufCrmDebtTotal":"5","UF_CRM_REGION":"Алматы","stageId":"CONSULT"}}"#);
    for (name, value) in
        [("id", Node::Int(1)), ("opportunity", Node::Float(1500.5)), ("contactId", Node::Int(1)), ("categoryId", Node::Int(0)), ("assignedById", Node::Int(1))]
    {
        assert_eq!(at(&made, &format!("item.{name}")), &value, "{name}");
    }
    assert_eq!(
        (text(&made, "item.ufCrmDebtTotal"), text(&made, "item.ufCrmRegion"), json(at(&made, "item.contactIds"))),
        ("5|RUB".into(), "Алматы".into(), "[1]".into())
    );
    assert_eq!(at(&made, "item.closedate"), &Node::Null);
    let original = office.ok(key, "crm.item.get", r#"{"entityTypeId":2,"id":1,"useOriginalUfNames":"Y"}"#);
    assert_eq!(text(&original, "item.UF_CRM_REGION"), "Алматы");
    let (_, list) = office.call(
        key,
        "crm.item.list",
        r#"{"entityTypeId":2,"filter":{"0":{"logic":"OR","0":{"title":"нет"},"1":{"%title":"долг"}}},"select":["id","title"],"order":{"id":"DESC"}}"#,
    );
    assert_eq!((json(at(&list, "result")), at(&list, "total")), (r#"{"items":[{"id":1,"title":"Долг"}]}"#.into(), &Node::Int(1)));
    let updated = office.ok(key, "crm.item.update", r#"{"entityTypeId":"2","id":"1","fields":{"title":"Долг 2"}}"#);
    assert_eq!(text(&updated, "item.title"), "Долг 2");
    assert_eq!(office.ok(key, "crm.item.delete", r#"{"entityTypeId":2,"id":1}"#), Node::List(vec![]));
    assert_eq!(office.wrong(key, "crm.item.get", r#"{"entityTypeId":2,"id":1}"#).1, "NOT_FOUND");
    assert_eq!(office.wrong(key, "crm.item.get", r#"{"id":1}"#).1, "100");
    assert_eq!(office.wrong(key, "crm.item.add", r#"{"entityTypeId":2}"#).1, "100");
    assert_eq!(office.wrong(key, "crm.item.list", r#"{"entityTypeId":777}"#).1, "ENTITY_TYPE_NOT_SUPPORTED");
    for (place, parameters) in [("filter", r#""filter":{"foo":1}"#), ("order", r#""order":{"foo":"ASC"}"#)] {
        let (status, code, description) = office.wrong(key, "crm.item.list", &format!("{{\"entityTypeId\":2,{parameters}}}"));
        assert_eq!((status, code, description), (400, "INVALID_ARG_VALUE".into(), format!("Invalid {place}: field 'foo' is not allowed in {place}")));
    }
}

#[test]
fn every_installed_type_is_reachable_and_messages_are_not_forged() {
    let office = Office::open();
    let key = &office.olga;
    for of in [2, 3, 501, 502, 503, 504] {
        office.ok(key, "crm.item.list", &format!("{{\"entityTypeId\":{of}}}"));
        assert!(office.ok(key, "crm.item.fields", &format!("{{\"entityTypeId\":{of}}}")).at("fields").is_some());
    }
    let task = office.ok(key, "crm.item.add", r#"{"entityTypeId":501,"fields":{"title":"Позвонить","ufCrmDeadline":"2026-09-21T13:00:00","assignedById":3}}"#);
    assert_eq!((text(&task, "item.ufCrmStatus"), text(&task, "item.ufCrmDeadline")), ("pending".into(), "2026-09-21T13:00:00+03:00".into()));
    let done = office.ok(key, "crm.item.update", r#"{"entityTypeId":501,"id":1,"fields":{"ufCrmStatus":"completed"}}"#);
    assert_eq!(text(&done, "item.ufCrmCompletedAt"), "2026-09-21T12:00:00+03:00");
    for of in [502, 503] {
        assert_eq!(office.wrong(key, "crm.item.add", &format!("{{\"entityTypeId\":{of},\"fields\":{{}}}}")).0, 403);
    }
}

#[test]
fn fields_are_described_in_both_spellings() {
    let office = Office::open();
    let classic = office.ok(&office.olga, "crm.deal.fields", "{}");
    assert_eq!(
        (text(&classic, "STAGE_ID.type"), text(&classic, "STAGE_ID.statusType"), text(&classic, "OPPORTUNITY.type")),
        ("crm_status".into(), "DEAL_STAGE".into(), "double".into())
    );
    assert_eq!(
        (at(&classic, "ID.isReadOnly"), at(&classic, "CATEGORY_ID.isImmutable"), at(&classic, "UF_CRM_REGION.isDynamic")),
        (&Node::Bool(true), &Node::Bool(true), &Node::Bool(true))
    );
    assert_eq!(
        (text(&classic, "UF_CRM_OVERDUE_STATE.type"), text(&classic, "UF_CRM_OVERDUE_STATE.items.0.ID"), text(&classic, "UF_CRM_REGION.listLabel")),
        ("enumeration".into(), "none".into(), "Region".into())
    );
    for name in [
        "TITLE",
        "TYPE_ID",
        "CURRENCY_ID",
        "CONTACT_ID",
        "CONTACT_IDS",
        "BEGINDATE",
        "CLOSED",
        "ASSIGNED_BY_ID",
        "MOVED_TIME",
        "UTM_TERM",
        "ORIGIN_ID",
        "LEAD_ID",
    ] {
        assert!(classic.at(name).is_some(), "{name}");
    }
    let contact = office.ok(&office.olga, "crm.contact.fields", "{}");
    assert_eq!(
        (text(&contact, "PHONE.type"), at(&contact, "PHONE.isMultiple"), text(&contact, "BIRTHDATE.type")),
        ("crm_multifield".into(), &Node::Bool(true), "date".into())
    );
    let universal = office.ok(&office.olga, "crm.item.fields", r#"{"entityTypeId":2}"#);
    assert_eq!((text(&universal, "fields.assignedById.upperName"), text(&universal, "fields.ufCrmUrgent.type")), ("ASSIGNED_BY_ID".into(), "boolean".into()));
}

// ── rights ──

#[test]
fn an_operators_webhook_does_not_see_others_deals() {
    let office = Office::open();
    office.ok(&office.olga, "crm.deal.add", r#"{"fields":{"TITLE":"Чужая","ASSIGNED_BY_ID":2}}"#);
    office.ok(&office.anna, "crm.deal.add", r#"{"fields":{"TITLE":"Своя"}}"#);
    let (_, list) = office.call(&office.anna, "crm.deal.list", "{}");
    assert_eq!((at(&list, "total"), text(&list, "result.0.TITLE")), (&Node::Int(1), "Своя".into()));
    assert_eq!(office.wrong(&office.anna, "crm.deal.get", r#"{"id":1}"#), (400, String::new(), "Not found".into()));
    assert_eq!(office.wrong(&office.anna, "crm.deal.update", r#"{"id":1,"fields":{"TITLE":"Моя"}}"#).2, "Not found");
    assert_eq!(office.wrong(&office.anna, "crm.item.get", r#"{"entityTypeId":2,"id":1}"#).1, "NOT_FOUND");
    assert_eq!(office.wrong(&office.anna, "crm.deal.delete", r#"{"id":2}"#).2, "Access denied.");
    assert_eq!(office.wrong(&office.anna, "crm.item.delete", r#"{"entityTypeId":2,"id":2}"#).0, 403);
    assert_eq!(office.wrong(&office.anna, "crm.deal.add", r#"{"fields":{"ASSIGNED_BY_ID":2}}"#).2, "Access denied.");
    let given_away = office.ok(&office.anna, "crm.item.update", r#"{"entityTypeId":2,"id":2,"fields":{"assignedById":2}}"#);
    assert_eq!(at(&given_away, "item.assignedById"), &Node::Int(2));
    assert_eq!(office.wrong(&office.anna, "crm.deal.get", r#"{"id":2}"#).2, "Not found");
}

#[test]
fn hidden_fields_look_like_unknown_ones() {
    let office = Office::open();
    office.ok(&office.olga, "crm.deal.add", r#"{"fields":{"ASSIGNED_BY_ID":3,"UF_CRM_MARGIN":"100"}}"#);
    let deal = office.ok(&office.anna, "crm.deal.get", r#"{"id":1}"#);
    assert!(deal.at("UF_CRM_MARGIN").is_none() && deal.at("UF_CRM_REGION").is_some());
    assert_eq!(json(&office.ok(&office.anna, "crm.deal.list", r#"{"select":["ID","UF_CRM_MARGIN"]}"#)), r#"[{"ID":"1"}]"#);
    assert!(office.ok(&office.anna, "crm.deal.fields", "{}").at("UF_CRM_MARGIN").is_none());
    let (_, list) = office.call(&office.anna, "crm.deal.list", r#"{"filter":{">UF_CRM_MARGIN":"500"}}"#);
    assert_eq!(at(&list, "total"), &Node::Int(1), "ignored, as any unknown name");
    let hidden = office.wrong(&office.anna, "crm.item.list", r#"{"entityTypeId":2,"filter":{"ufCrmMargin":1}}"#);
    let unknown = office.wrong(&office.anna, "crm.item.list", r#"{"entityTypeId":2,"filter":{"ufCrmNothin":1}}"#);
    assert_eq!(hidden.2.replace("Margin", "Nothin"), unknown.2);
    office.ok(&office.anna, "crm.deal.update", r#"{"id":1,"fields":{"UF_CRM_MARGIN":"1"}}"#);
    assert_eq!(text(&office.ok(&office.olga, "crm.deal.get", r#"{"id":1}"#), "UF_CRM_MARGIN"), "100|RUB");
}

// ── automation ──

#[test]
fn a_called_trigger_leaves_a_fact_on_its_target() {
    let office = Office::open();
    let key = &office.anna;
    office.ok(key, "crm.deal.add", r#"{"fields":{}}"#);
    office.ok(&office.olga, "crm.deal.add", r#"{"fields":{}}"#);
    let path = format!("/rest/{key}/crm.automation.trigger/");
    let (status, node) = office.raw(&path, "target=DEAL_1&code=abc12&sum=500", "", b"");
    assert_eq!((status, at(&node, "result")), (200, &Node::Bool(true)));
    let events = office.house.read(|read| read.timeline(crm::ItemRef::new(crm::kind::DEAL, 1), None, 1)).unwrap();
    let payload = crm::Values::from([("sum", crm::Value::text("500"))]);
    assert_eq!(events[0].fact, crm::Fact::WebhookCalled { code: "abc12".into(), payload });
    for (query, description) in [
        ("", "Target is not set."),
        ("target=DEAL", "Incorrect target format."),
        ("target=DEAL_x", "Incorrect target format."),
        ("target=FOO_1", "Incorrect target format."),
        ("target=DEAL_404", "Target is not found."),
        ("target=DEAL_2", "Target is not found."),
    ] {
        let (status, node) = office.raw(&path, query, "", b"");
        assert_eq!((status, text(&node, "error_description").as_str(), text(&node, "error").as_str()), (400, description, ""), "{query}");
    }
}

// ── batch ──

#[test]
fn a_batch_chains_its_commands() {
    let office = Office::open();
    let key = &office.olga;
    let (status, node) = office.call(
        key,
        "batch",
        r#"{"halt":0,"cmd":{
            "lead":"crm.contact.add?fields%5BNAME%5D=Visa%20KZ&fields%5BPHONE%5D%5B0%5D%5BVALUE%5D=%2B77015550101",
            "read":"crm.contact.get?id=$result[lead]",
            "deal":"crm.deal.Add?fields[TITLE]=For $result[read][NAME] / $result[lead]&fields[CONTACT_ID]=%24result%5Blead%5D",
            "bad":"crm.deal.get?id=404",
            "page":"crm.deal.list?order%5BID%5D=ASC&start=-1&__order=x",
            "next":"crm.deal.list?order[ID]=ASC&filter[%3EID]=%24result%5Bpage%5D%5B49%5D%5BID%5D&select[]=ID"}}"#,
    );
    assert_eq!(status, 200);
    let result = at(&node, "result");
    assert_eq!((at(result, "result.lead"), text(result, "result.read.NAME")), (&Node::Int(1), "Visa KZ".into()));
    assert_eq!(json(at(result, "result_error")), r#"{"bad":{"error":"","error_description":"Not found"}}"#);
    assert!(at(result, "result").at("bad").is_none());
    assert_eq!(text(result, "result.page.0.TITLE"), "For Visa KZ / 1");
    assert_eq!(text(result, "result.page.0.CONTACT_ID"), "1");
    assert_eq!(json(at(result, "result.next")), r#"[{"ID":"1"}]"#, "a missing place is no condition");
    assert_eq!(json(at(result, "result_total")), r#"{"page":0,"next":1}"#);
    assert_eq!(json(at(result, "result_next")), "[]");
    assert!(at(result, "result_time.lead.operating_reset_at").int().unwrap() > 0);
    assert!(at(&node, "time.operating").scalar().is_some());
}

#[test]
fn a_batch_of_a_list_is_a_list() {
    let office = Office::open();
    let result = office.ok(&office.olga, "batch", r#"{"cmd":["profile","server.time?"]}"#);
    assert!(matches!(at(&result, "result"), Node::List(list) if list.len() == 2));
    assert_eq!(json(at(&result, "result_error")), "[]");
    let result = office.ok(&office.olga, "batch", r#"{"cmd":{"1":"profile","2":"profile"}}"#);
    assert!(matches!(at(&result, "result"), Node::Map(_)), "keys that start at 1 stay a map");
    let path = format!("/rest/{}/batch.json", office.olga);
    let (_, node) = office.raw(&path, "", "application/x-www-form-urlencoded", b"halt=0&cmd[0]=profile&cmd[1]=crm.deal.list%3Ffilter%255BID%255D%3D5");
    assert_eq!(json(at(&node, "result.result.1")), "[]");
}

#[test]
fn halt_stops_after_the_first_error() {
    let office = Office::open();
    let cmd = r#""cmd":{"a":"crm.deal.get?id=404","b":"crm.deal.add?fields[TITLE]=x"}"#;
    for halt in ["1", "true", "\"1\""] {
        let result = office.ok(&office.olga, "batch", &format!("{{\"halt\":{halt},{cmd}}}"));
        assert_eq!((json(at(&result, "result")), at(&result, "result_error").values().len()), ("[]".into(), 1));
    }
    for (halt, id) in [("0", 1), ("false", 2), ("\"0\"", 3)] {
        let result = office.ok(&office.olga, "batch", &format!("{{\"halt\":{halt},{cmd}}}"));
        assert_eq!(at(&result, "result.b"), &Node::Int(id));
    }
}

#[test]
fn a_batch_knows_its_limits() {
    let office = Office::open();
    let key = &office.olga;
    let commands = vec!["\"crm.deal.add?fields[TITLE]=x\""; 51].join(",");
    let (status, code, _) = office.wrong(key, "batch", &format!("{{\"cmd\":[{commands}]}}"));
    assert_eq!((status, code.as_str()), (400, "ERROR_BATCH_LENGTH_EXCEEDED"));
    assert_eq!(at(&office.call(key, "crm.deal.list", "{}").1, "total"), &Node::Int(0), "nothing was carried out");
    let result = office.ok(key, "batch", r#"{"cmd":{"a":"batch?cmd[]=profile","b":"nothing.here","c":{"x":1},"d":"crm.deal.add?fields=%ff","e":"profile"}}"#);
    assert_eq!(
        ["a", "b", "d"].map(|key| text(&result, &format!("result_error.{key}.error"))),
        ["ERROR_BATCH_METHOD_NOT_ALLOWED", "ERROR_METHOD_NOT_FOUND", "INVALID_REQUEST"]
    );
    assert!(at(&result, "result_error").at("c").is_some() && at(&result, "result").at("e").is_some());
    assert_eq!(office.wrong(key, "batch", "{}").0, 400);
    assert_eq!(office.wrong(key, "batch", r#"{"cmd":"profile"}"#).0, 400);
    let narrow = office.ok(&office.narrow, "batch", r#"{"cmd":{"a":"crm.deal.list"}}"#);
    assert_eq!(text(&narrow, "result_error.a.error"), "insufficient_scope");
}
