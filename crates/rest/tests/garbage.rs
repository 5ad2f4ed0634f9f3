//! Whatever a script sends, it gets an answer of the dialect: never a panic, never a 500.

mod common;

use common::{Office, json};
use rest::Node;
use rest::node::Map;

/// A small generator with a seed: the same requests in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % sides
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }
}

const PARAMETERS: [&str; 17] = [
    "id",
    "ID",
    "fields",
    "FIELDS",
    "filter",
    "order",
    "select",
    "start",
    "entityTypeId",
    "target",
    "code",
    "type",
    "values",
    "cmd",
    "halt",
    "name",
    "entityId",
];
const NAMES: [&str; 34] = [
    "ID",
    "TITLE",
    "STAGE_ID",
    "CATEGORY_ID",
    "OPPORTUNITY",
    "CURRENCY_ID",
    "ASSIGNED_BY_ID",
    "CONTACT_ID",
    "CONTACT_IDS",
    "BEGINDATE",
    "DATE_CREATE",
    "CLOSED",
    "PHONE",
    "EMAIL",
    "HAS_PHONE",
    "fm",
    "stageId",
    "UF_CRM_DEBT_TOTAL",
    "ufCrmUrgent",
    "UF_CRM_CONSULTATION_AT",
    "UF_CRM_OVERDUE_STATE",
    "ufCrmAbout",
    "logic",
    "0",
    "n0",
    "VALUE",
    "DELETE",
    "ENTITY_ID",
    "ENTITY_TYPE",
    "COMMENT",
    "COMPANY_ID",
    "LAST_ACTIVITY_TIME",
    "FOO",
    "",
];
const PREFIXES: [&str; 18] = ["", "=", "!", "!=", ">", ">=", "<", "<=", "@", "!@", "%", "!%", "=%", "%=", "!=%", "!%=", "><", "?"];
const TEXTS: [&str; 30] = [
    "",
    "0",
    "1",
    "2",
    "-1",
    "50",
    "501",
    "9223372036854775807",
    "99999999999999999999",
    "1e400",
    "1.5",
    "abc",
    "Y",
    "N",
    "None",
    "NEW",
    "C2:NEW",
    "D_1",
    "DEAL_1",
    "T1f5_1",
    "2026-09-21",
    "31.02.2026",
    "2026-09-21T12:00:00+03:00",
    "+79990001122",
    "a@b.kz",
    "OR",
    "DESC",
    "'; DROP TABLE item_deal; --",
    "%_\\",
    "$result[a][0][ID]",
];

fn tree(dice: &mut Dice, depth: usize) -> Node {
    match dice.roll(if depth == 0 { 7 } else { 13 }) {
        0 => Node::Null,
        1 => Node::Bool(dice.roll(2) == 0),
        2 => Node::Int([0, 1, 2, 3, 50, -1, i64::MAX, i64::MIN][dice.roll(8)]),
        3 => Node::Float([0.0, 1.5, -1e18, 1e300, 0.1][dice.roll(5)]),
        4..=6 => Node::text(dice.pick(&TEXTS)),
        7..=8 => Node::List((0..dice.roll(4)).map(|_| tree(dice, depth - 1)).collect()),
        _ => {
            let mut map = Map::new();
            for _ in 0..dice.roll(5) {
                let key = format!("{}{}", dice.pick(&PREFIXES), dice.pick(&NAMES));
                let value = tree(dice, depth - 1);
                map.insert(key, value);
            }
            Node::Map(map)
        }
    }
}

#[test]
fn every_method_survives_every_parameter() {
    let office = Office::open();
    office.ok(&office.olga, "crm.contact.add", r#"{"fields":{"NAME":"Иван","PHONE":[{"VALUE":"+79990001122"}]}}"#);
    office.ok(&office.olga, "crm.deal.add", r#"{"fields":{"TITLE":"Долг","CONTACT_ID":1}}"#);
    let methods: Vec<&str> = rest::methods::all().into_iter().flatten().map(|method| method.name).collect();
    let mut dice = Dice(20_261_125);
    let mut passed = 0;
    for round in 0..6_000 {
        let method = methods[round % methods.len()];
        let mut parameters = Map::new();
        for _ in 0..dice.roll(5) {
            parameters.insert(dice.pick(&PARAMETERS).to_owned(), tree(&mut dice, 4));
        }
        if method.starts_with("crm.item") && dice.roll(4) > 0 {
            parameters.insert("entityTypeId".to_owned(), Node::Int([2, 3, 501, 503, 504][dice.roll(5)]));
        }
        if dice.roll(2) == 0 {
            parameters.insert("id".to_owned(), Node::Int(1));
        }
        let body = json(&Node::Map(parameters));
        let body = if body == "[]" { "{}" } else { &body };
        let key = [&office.olga, &office.boris, &office.anna][dice.roll(3)];
        let (status, answer) = office.call(key, method, body);
        assert!([200, 400, 403].contains(&status), "{status} {method} {body}: {}", json(&answer));
        assert!(answer.at("result").is_some() != answer.at("error").is_some(), "{}", json(&answer));
        passed += usize::from(status == 200);
    }
    assert!(passed > 600, "only {passed} requests did anything");
}

#[test]
fn any_bytes_at_any_path_get_an_answer_of_the_dialect() {
    let office = Office::open();
    const PIECES: [&[u8]; 16] = [b"a", b"[", b"]", b"=", b"&", b"%5B", b"%", b"+", b"\xff", b"\x00", b"{", b"}", b"\"", b":", b"fields", b"--x\r\n"];
    const TYPES: [&str; 5] = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""];
    let mut dice = Dice(7);
    for round in 0..4_000 {
        let body: Vec<u8> = (0..dice.roll(30)).flat_map(|_| PIECES[dice.roll(PIECES.len())].to_vec()).collect();
        let query = String::from_utf8_lossy(&body[..body.len() / 2]).into_owned();
        let path = match round % 3 {
            0 => format!("/rest/{}/crm.deal.add", office.olga),
            1 => format!("/rest/{}/batch", office.olga),
            _ => format!("/rest/{query}/{query}"),
        };
        let (status, answer) = office.raw(&path, &query, dice.pick(&TYPES), &body);
        assert!(status == 200 || (400..500).contains(&status), "{status} {path} {body:?}: {}", json(&answer));
    }
}
