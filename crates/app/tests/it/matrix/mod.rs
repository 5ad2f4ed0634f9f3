//! Rights as a table: twelve people, eight records, every interface. What is expected is written down by hand below and not
//! asked of the program; each cell is asked through the door that people and scripts use.

mod cast;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use cast::{CASE, Cast, Person, SECRET, TITLES};
use crm::{Action, Cause, Command, Filter, ItemRef, Query, Rights, StageId, Value, Values};
use http_body_util::BodyExt as _;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tower::ServiceExt as _;

/// Who may do what with which record: r read, c change, d delete, e export; then whether he may make one.
/// Anna of office A is away and `stand-in` of office B stands in for her; `ничья` has nobody in office A; `общая` of office B
/// is shared with office A; `watcher` is an observer of `гостевая`; only the lawyers may not touch what was filed.
const EXPECTED: &str = "
             альфа  браво  гамма  дельта  ничья  общая  гостевая  поданная  makes
director     rcde   rcde   rcde   rcde    rcde   rcde   rcde      rcde      yes
curator      re     re     re     re      re     re     re        re        no
boss-a       rcde   -      rcde   -       rcde   r      -         rcde      yes
boss-b       -      rcde   -      rcde    -      rcde   rcde      -         yes
head-a       rce    -      rce    -       -      r      -         rce       yes
anna-a       rc     -      -      -       rc     r      -         rc        yes
anna-b       -      rc     -      -       -      rc     rc        -         yes
watcher      -      -      -      -       -      -      r         -         no
stand-in     rc     -      -      -       -      -      -         rc        yes
lawyer       rc     rc     rc     rc      rc     rc     rc        r         no
gone         -      -      -      -       -      -      -         -         no
admin        rcde   rcde   rcde   rcde    rcde   rcde   rcde      rcde      yes
";

/// One line of the table.
struct Expected<'a> {
    person: &'a Person,
    cells: Vec<&'static str>,
    makes: bool,
}

impl Expected<'_> {
    fn may(&self, record: usize, letter: char) -> bool {
        self.cells[record].contains(letter)
    }
}

fn expected(cast: &Cast) -> Vec<Expected<'_>> {
    let lines = EXPECTED.lines().filter(|line| !line.trim().is_empty()).skip(1);
    lines
        .map(|line| {
            let words: Vec<&'static str> = line.split_whitespace().collect();
            Expected { person: cast.person(words[0]), cells: words[1..9].to_vec(), makes: words[9] == "yes" }
        })
        .collect()
}

/// Counts cells and gathers what is wrong, so that one run tells all.
#[derive(Default)]
struct Tally {
    cells: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn check(&mut self, what: &str, who: &str, record: &str, expected: bool, seen: bool) {
        self.cells += 1;
        if expected != seen {
            self.wrong.push(format!("{what}: {who} {} {record}", if seen { "reaches" } else { "does not reach" }));
        }
    }

    #[expect(clippy::print_stderr, reason = "the number of cells is what the matrix shows")]
    fn end(self, name: &str) {
        assert_eq!(self.wrong, Vec::<String>::new(), "{} of {} cells are wrong", self.wrong.len(), self.cells);
        assert!(self.cells > 20, "{name}: the table is empty");
        // Read by whoever runs it with --no-capture; the number stands in the guide.
        eprintln!("{name}: {} cells", self.cells);
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}

#[test]
fn everybody_sees_on_every_screen_what_the_table_says_and_nothing_else() {
    let cast = Cast::open();
    run(async {
        let mut tally = Tally::default();
        for line in expected(&cast) {
            let who = line.person.name;
            // Whole pages: a record is there when its title is.
            for path in ["/cases", "/cases/board", "/cases/activities", "/search?q=а", "/cases/pick?q="] {
                // What was searched for is marked inside the title.
                let text = cast.get(line.person, path).await.1.replace("<mark>", "").replace("</mark>", "");
                for (at, title) in TITLES.iter().enumerate().filter(|(_, title)| !path.contains("q=а") || title.contains('а')) {
                    tally.check(path, who, title, line.may(at, 'r'), text.contains(title));
                }
            }
            // Pages of one record: there, or not there at all.
            for (at, title) in TITLES.iter().enumerate() {
                let id = cast.cases[at].id;
                for piece in ["", "/story", "/history", "/automation", "/readers", "/fields/title", "/fields/note/edit"] {
                    let (status, text) = cast.get(line.person, &format!("/cases/{id}{piece}")).await;
                    // The form of an answer is only for who may give it.
                    let letter = if piece.ends_with("/edit") { 'c' } else { 'r' };
                    tally.check(&format!("/cases/…{piece}"), who, title, line.may(at, letter), status == StatusCode::OK);
                    if !line.may(at, 'r') {
                        tally.check(&format!("words of /cases/…{piece}"), who, title, false, text.contains(title));
                    }
                }
                // Pieces that screens ask for anew: empty when the record is out of sight.
                for piece in ["tile", "row"] {
                    let (_, text) = cast.get(line.person, &format!("/cases/{id}/{piece}")).await;
                    tally.check(piece, who, title, line.may(at, 'r'), text.contains(title));
                }
            }
        }
        tally.end("screens");
    });
}

#[test]
fn a_stored_file_goes_out_only_to_whom_the_table_shows_its_record_and_only_by_a_link_of_his_own() {
    let cast = Cast::open();
    run(async {
        let cause = Cause::new(crm::Actor::System, cast.house.now());
        let mut files = Vec::new();
        for (item, title) in cast.cases.iter().zip(TITLES) {
            let text = format!("договор: {title}");
            let (hash, size) = cast.house.keep_bytes(&mut text.as_bytes(), 1_000).unwrap();
            let file = crm::StoredFile {
                id: crm::FileId(0),
                hash,
                name: "договор.txt".into(),
                mime: "text/plain".into(),
                size,
                item: *item,
                by: crm::UserId(0),
                at: cast.house.now(),
            };
            cast.house.command(&Rights::system(), &cause, Command::AddFile { item: *item, file }).unwrap();
            files.push(cast.house.read(|read| read.files_of(*item)).unwrap()[0].id);
        }
        let mut tally = Tally::default();
        let admin = cast.person("admin");
        for line in expected(&cast) {
            let who = line.person.name;
            for (at, title) in TITLES.iter().enumerate() {
                let words = format!("договор: {title}");
                let (own, text) = fetched(&cast, line.person, line.person, files[at]).await;
                tally.check("a file by his own link", who, title, line.may(at, 'r'), own && text == words);
                // Somebody else's link opens nothing, not even for who may see the record.
                let (other, text) = fetched(&cast, admin, line.person, files[at]).await;
                tally.check("a file by another's link", who, title, who == "admin", other && text == words);
            }
        }
        tally.end("files");
    });
}

/// Follows the link that `asker` is given as `opener`: whether it answered with a file, and the text of it.
async fn fetched(cast: &Cast, asker: &Person, opener: &Person, file: crm::FileId) -> (bool, String) {
    let request = Request::get(format!("/files/{file}")).header("cookie", &asker.cookie).body(Body::empty()).unwrap();
    let answer = cast.router.clone().oneshot(request).await.unwrap();
    let Some(link) = answer.headers().get("location").and_then(|value| value.to_str().ok()).filter(|link| link.starts_with("/files/")) else {
        return (false, String::new());
    };
    let (status, text) = cast.get(opener, link).await;
    (status == StatusCode::OK, text)
}

#[test]
fn a_file_of_the_list_holds_what_the_table_lets_out() {
    let cast = Cast::open();
    run(async {
        let mut tally = Tally::default();
        for line in expected(&cast) {
            // The hidden column is asked for by its code: it is refused or left out, never filled.
            let plain = cast.get(line.person, "/cases/export/file?form=csv&column=title").await.1;
            let daring = cast.get(line.person, "/cases/export/file?form=csv&column=title&column=secret").await.1;
            for (at, title) in TITLES.iter().enumerate() {
                tally.check("export", line.person.name, title, line.may(at, 'e'), plain.contains(title));
            }
            let lets = line.person.name != "curator" && (0..TITLES.len()).any(|at| line.may(at, 'e'));
            tally.check("export", line.person.name, "the hidden column", lets, daring.contains(SECRET));
            let (status, _) = cast.post(line.person, "/everything", "").await;
            tally.check("/everything", line.person.name, "the firm", line.person.name == "admin", status == StatusCode::OK);
        }
        tally.end("export");
    });
}

#[test]
fn rest_shows_and_counts_only_what_the_table_says() {
    let cast = Cast::open();
    let mut tally = Tally::default();
    for line in expected(&cast) {
        let who = line.person.name;
        let list = cast.rest(line.person, "crm.item.list", json!({ "entityTypeId": CASE.0 }));
        let total = list["total"].as_i64().unwrap_or(0);
        let seen = (0..TITLES.len()).filter(|at| line.may(*at, 'r')).count();
        tally.check("crm.item.list total", who, &format!("{seen} of {total}"), true, i64::try_from(seen).unwrap() == total);
        let shown = list.to_string();
        for (at, title) in TITLES.iter().enumerate() {
            let id = cast.cases[at].id;
            tally.check("crm.item.list", who, title, line.may(at, 'r'), shown.contains(title));
            let one = cast.rest(line.person, "crm.item.get", json!({ "entityTypeId": CASE.0, "id": id }));
            tally.check("crm.item.get", who, title, line.may(at, 'r'), one["result"]["item"]["title"] == *title);
            let batch = cast.rest(line.person, "batch", json!({ "cmd": { "one": format!("crm.item.get?entityTypeId={}&id={id}", CASE.0) } }));
            tally.check("batch", who, title, line.may(at, 'r'), batch.to_string().contains(title));
            let filtered = cast.rest(line.person, "crm.item.list", json!({ "entityTypeId": CASE.0, "filter": { "id": id } }));
            tally.check("crm.item.list filter", who, title, line.may(at, 'r'), filtered.to_string().contains(title));
        }
    }
    tally.end("REST");
}

#[test]
fn everybody_changes_moves_deletes_and_makes_what_the_table_says() {
    let cast = Cast::open();
    run(async {
        let mut tally = Tally::default();
        for line in expected(&cast) {
            let who = line.person.name;
            for (at, title) in TITLES.iter().enumerate() {
                let item = cast.cases[at];
                let stands = if at == 7 { cast.filed } else { cast.new };
                changes(&cast, &line, &mut tally, item, title, line.may(at, 'c')).await;
                cast.put_back(item, stands);
                // A lawyer may change records, but brings none to the stage on which he may not.
                let moves = line.may(at, 'c') && (who != "lawyer" || stands == cast.filed);
                let to = if stands == cast.filed { cast.new } else { cast.filed };
                moved(&cast, &line, &mut tally, item, title, stands, to, moves).await;
                deletes(&cast, &line, &mut tally, item, title, line.may(at, 'd')).await;
            }
            let title = format!("новое от {who}");
            cast.rest(line.person, "crm.item.add", json!({ "entityTypeId": CASE.0, "fields": { "title": title } }));
            tally.check("crm.item.add", who, "a new one", line.makes, cast.count(&title) == 1);
            cast.post(line.person, "/cases/new", &format!("title=форма {who}&secret=x")).await;
            tally.check("POST /cases/new", who, "a new one", line.makes, cast.count(&format!("форма {who}")) == 1);
        }
        tally.end("actions");
    });
}

async fn changes(cast: &Cast, line: &Expected<'_>, tally: &mut Tally, item: ItemRef, title: &str, may: bool) {
    let note = |text: &str| cast.item(item).is_some_and(|now| now.values.text("note") == text);
    cast.rest(line.person, "crm.item.update", json!({ "entityTypeId": CASE.0, "id": item.id, "fields": { "ufCrmNote": "из скрипта" } }));
    tally.check("crm.item.update", line.person.name, title, may, note("из скрипта"));
    cast.post(line.person, &format!("/cases/{}/fields/note", item.id), "note=с экрана").await;
    tally.check("POST field", line.person.name, title, may, note("с экрана"));
    let comments =
        |cast: &Cast| cast.house.read(|read| read.timeline(item, None, 500)).unwrap().iter().filter(|event| event.fact.code() == "commented").count();
    let before = comments(cast);
    cast.post(line.person, &format!("/cases/{}/comment", item.id), "text=слово").await;
    tally.check("POST comment", line.person.name, title, may, comments(cast) > before);
}

#[expect(clippy::too_many_arguments, reason = "a cell of the table")]
async fn moved(cast: &Cast, line: &Expected<'_>, tally: &mut Tally, item: ItemRef, title: &str, stands: StageId, to: StageId, may: bool) {
    let there = || cast.item(item).and_then(|now| now.stage()) == Some(to);
    cast.post(line.person, &format!("/cases/{}/move", item.id), &format!("stage={to}")).await;
    tally.check("POST move", line.person.name, title, may, there());
    cast.put_back(item, stands);
    let (cause, rights) = (Cause::new(crm::Actor::User { user: line.person.user.id }, cast.house.now()), cast.rights(line.person));
    let values = Values::from([("stage", Value::text(to.to_string()))]);
    let _ = cast.house.command(&rights, &cause, Command::Change { item, values });
    tally.check("a move hidden in a change", line.person.name, title, may, there());
    cast.put_back(item, stands);
}

async fn deletes(cast: &Cast, line: &Expected<'_>, tally: &mut Tally, item: ItemRef, title: &str, may: bool) {
    let restore = || {
        if cast.item(item).is_none() {
            let cause = Cause::new(crm::Actor::System, cast.house.now());
            cast.house.command(&Rights::system(), &cause, Command::Restore { item }).unwrap();
        }
    };
    cast.rest(line.person, "crm.item.delete", json!({ "entityTypeId": CASE.0, "id": item.id }));
    tally.check("crm.item.delete", line.person.name, title, may, cast.item(item).is_none());
    restore();
    cast.post(line.person, &format!("/cases/{}/delete", item.id), "").await;
    tally.check("POST delete", line.person.name, title, may, cast.item(item).is_none());
    restore();
}

#[test]
fn the_live_feed_tells_of_records_only_whom_the_table_lets() {
    let cast = Cast::open();
    run(async {
        let mut tally = Tally::default();
        let mut streams = Vec::new();
        for line in expected(&cast) {
            let request = Request::get("/live").header("cookie", &line.person.cookie).body(Body::empty()).unwrap();
            let answer = cast.router.clone().oneshot(request).await.unwrap();
            if line.person.name == "gone" {
                tally.check("/live", "gone", "the stream", false, answer.status() == StatusCode::OK);
            } else {
                streams.push((line, answer.into_body()));
            }
        }
        let cause = Cause::new(crm::Actor::System, cast.house.now());
        for item in &cast.cases {
            cast.house.command(&Rights::system(), &cause, Command::Comment { item: *item, text: "слово".into() }).unwrap();
        }
        // The last word is for everybody: whoever has it has heard all before.
        let users = streams.iter().map(|(line, _)| line.person.user.id).collect();
        let last = Command::Notify { users, about: ItemRef::default(), text: crm::Label::new("конец", "end"), popup: false };
        cast.house.command(&Rights::system(), &cause, last).unwrap();
        for (line, mut body) in streams {
            let mut heard = String::new();
            while !heard.contains("\"fact\":\"notified\"") {
                let frame = tokio::time::timeout(Duration::from_secs(20), body.frame()).await.expect("the stream goes on").unwrap().unwrap();
                heard.push_str(&String::from_utf8_lossy(frame.data_ref().map_or(&[][..], |data| data)));
            }
            let told: BTreeSet<i64> = heard
                .lines()
                .filter_map(|one| serde_json::from_str::<serde_json::Value>(one.strip_prefix("data:")?.trim()).ok())
                .filter(|one| one["fact"] == "commented")
                .filter_map(|one| one["about"].as_str()?.split(':').nth(1)?.parse().ok())
                .collect();
            for (at, title) in TITLES.iter().enumerate() {
                tally.check("/live", line.person.name, title, line.may(at, 'r'), told.contains(&cast.cases[at].id));
            }
        }
        tally.end("live feed");
    });
}

#[test]
fn who_sees_a_record_is_told_as_the_table_says() {
    let cast = Cast::open();
    let mut tally = Tally::default();
    let now = cast.house.now();
    for line in expected(&cast) {
        for (at, title) in TITLES.iter().enumerate() {
            let item = cast.item(cast.cases[at]).unwrap();
            let seers = cast.house.read(|read| team::why::who_sees(read, &item, now)).unwrap();
            let found = seers.iter().find(|seer| seer.user == line.person.user.id);
            tally.check("who_sees", line.person.name, title, line.may(at, 'r'), found.is_some());
            assert!(found.is_none_or(|seer| !seer.why.ru.is_empty() && !seer.why.en.is_empty()));
            let rights = cast.rights(line.person);
            for (letter, action) in [('r', Action::Read), ('c', Action::Change), ('d', Action::Delete), ('e', Action::Export)] {
                tally.check(&format!("{action:?}"), line.person.name, title, line.may(at, letter), rights.may(action, &item));
            }
            let sql = cast.house.read(|read| read.item(&rights, item.at())).unwrap();
            tally.check("SQL", line.person.name, title, line.may(at, 'r'), sql.is_some());
        }
    }
    tally.end("explanations");
}

#[test]
fn a_hidden_field_leaves_no_trace_and_a_locked_one_stays() {
    let cast = Cast::open();
    run(async {
        let curator = cast.person("curator");
        let director = cast.person("director");
        let id = cast.cases[0].id;
        let pages = ["/cases".to_owned(), format!("/cases/{id}"), format!("/cases/{id}/story"), format!("/cases/{id}/history"), format!("/search?q={SECRET}")];
        let seen = cast.get(director, &format!("/cases/{id}")).await.1;
        assert!(seen.contains(SECRET), "the director sees it, or this test proves nothing");
        // A change of the hidden field stands in the log.
        cast.post(director, &format!("/cases/{id}/fields/secret"), &format!("secret={SECRET}1")).await;
        for path in &pages {
            let text = cast.get(curator, path).await.1.replace(&format!("value=\"{SECRET}\""), "");
            assert!(!text.contains(&format!("{SECRET}1")) && (path.starts_with("/search") || !text.contains(SECRET)), "{path}: {text}");
            assert!(!path.starts_with("/search") || !text.contains("альфа"), "a hidden answer finds nothing");
        }
        assert_ne!(cast.get(curator, &format!("/cases/{id}/fields/secret")).await.0, StatusCode::OK);
        for (method, params) in [
            ("crm.item.get", json!({ "entityTypeId": CASE.0, "id": id })),
            ("crm.item.list", json!({ "entityTypeId": CASE.0, "select": ["*", "ufCrmSecret"] })),
            ("crm.item.fields", json!({ "entityTypeId": CASE.0 })),
        ] {
            let text = cast.rest(curator, method, params).to_string();
            assert!(!text.contains(SECRET) && !text.to_lowercase().contains("secret"), "{method}: {text}");
        }
        let guess = cast.rest(curator, "crm.item.list", json!({ "entityTypeId": CASE.0, "filter": { "%ufCrmSecret": SECRET } }));
        assert_ne!(guess["total"], json!(1), "{guess}");
        // Locked: Anna sees the fee and does not change it, by no door.
        let anna = cast.person("anna-a");
        let fee = || cast.item(cast.cases[0]).unwrap().values.int("fee");
        assert!(cast.rest(anna, "crm.item.get", json!({ "entityTypeId": CASE.0, "id": id })).to_string().contains("ufCrmFee"));
        cast.rest(anna, "crm.item.update", json!({ "entityTypeId": CASE.0, "id": id, "fields": { "ufCrmFee": 100 } }));
        cast.post(anna, &format!("/cases/{id}/fields/fee"), "fee=100").await;
        assert_eq!(fee(), Some(7));
        cast.rest(director, "crm.item.update", json!({ "entityTypeId": CASE.0, "id": id, "fields": { "ufCrmFee": 100 } }));
        assert_eq!(fee(), Some(100));
    });
}

#[test]
fn a_question_across_a_link_tells_nothing_of_what_is_out_of_sight() {
    let cast = Cast::open();
    let ask = |name: &str, filter: Filter| {
        let rights = cast.rights(cast.person(name));
        let found = cast.house.read(|read| read.items(&rights, &Query::of(CASE).filter(filter.clone())));
        found.map(|items| items.iter().map(|item| item.title().to_owned()).collect::<Vec<_>>())
    };
    let title = || Filter::is("parent.title", crm::Op::Eq, Value::text("дельта"));
    assert_eq!(ask("director", title()).unwrap(), ["браво"]);
    assert_eq!(ask("boss-b", title()).unwrap(), ["браво"]);
    assert_eq!(ask("anna-b", title()).unwrap(), Vec::<String>::new(), "the case behind the link is not hers to see");
    // A hidden field stays hidden behind a link, too.
    let secret = Filter::is("parent.secret", crm::Op::Eq, Value::text(SECRET));
    assert_eq!(ask("director", secret.clone()).unwrap(), ["браво"]);
    assert!(matches!(ask("curator", secret), Err(crm::Fault::Refused(refusal)) if refusal.code == "unknown_field"));
    // The other way round: who points here. Anna sees «браво» and not «дельта»; her boss of office A sees neither.
    let pointed = Filter::Linked { kind: CASE, field: "parent".into(), filter: Box::new(Filter::Any) };
    assert_eq!(ask("director", pointed.clone()).unwrap(), ["дельта"]);
    assert_eq!(ask("boss-a", pointed).unwrap(), Vec::<String>::new());
    // The tabs of a card count only what the reader sees.
    let linked = |name: &str| cast.house.read(|read| read.linked(&cast.rights(cast.person(name)), cast.cases[3])).unwrap().len();
    assert_eq!((linked("director"), linked("boss-a"), linked("watcher")), (1, 0, 0));
}

#[test]
fn the_same_list_as_seen_by_four_roles() {
    let cast = Cast::open();
    let list = |name: &str| -> Vec<String> {
        let rights = cast.rights(cast.person(name));
        let query = Query::of(CASE).filter(Filter::Any).sorted("id", false);
        cast.house.read(|read| read.items(&rights, &query)).unwrap().iter().map(|item| item.title().to_owned()).collect()
    };
    assert_eq!(list("director"), TITLES);
    assert_eq!(list("boss-a"), ["альфа", "гамма", "ничья", "общая", "поданная"]);
    assert_eq!(list("head-a"), ["альфа", "гамма", "общая", "поданная"]);
    assert_eq!(list("anna-b"), ["браво", "общая", "гостевая"]);
}
