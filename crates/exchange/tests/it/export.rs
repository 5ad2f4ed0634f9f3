//! Files that go out: safe for spreadsheets, without hidden answers, and the same when they come back.

use crate::office::{Dice, Office};
use crm::{Action, Filter, Grant, Item, Lang, Op, Scope, Value, Values, code, kind};
use exchange::export::{Folder, Form, Wanted, check, everything, list};
use exchange::import::{Chosen, begin, bring, choose, draft};
use exchange::operations::open;

/// Beginnings and middles of names that break what trusts them.
const HOSTILE: [&str; 24] = [
    "<script>alert(1)</script>",
    "{{title}}",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''+1",
    "\"quoted\"",
    "a;b,c|d",
    "line\nbreak",
    "crlf\r\nbreak",
    "\u{202e}gnp.exe",
    "\u{200f}שלום",
    "😀👨‍👩‍👧",
    "𝕏",
    "_x000D_",
    "&lt;&amp;",
    "\u{feff}mark",
    " spaces ",
    "\\n\\0",
    "О'Нил",
];

fn names(count: usize) -> Vec<String> {
    let dice = Dice::new(42);
    (0..count)
        .map(|number| match number < HOSTILE.len() {
            true => HOSTILE[number].to_owned(),
            false => {
                let parts: String = (0..=dice.roll(3)).map(|_| HOSTILE[dice.roll(HOSTILE.len())]).collect();
                format!("{parts}{number}")
            }
        })
        .collect()
}

fn written(office: &Office, wanted: &Wanted, lang: Lang) -> Vec<u8> {
    let rights = office.rights(office.boris);
    check(&office.house, &rights, wanted).unwrap();
    let mut file = Vec::new();
    list(&office.house, &rights, lang, wanted, &mut file).unwrap();
    file
}

fn last_names(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.values.text("last_name").to_owned()).collect()
}

/// A thousand hostile names through a file of either form come back equal, and no cell is a formula.
#[test]
fn a_thousand_hostile_names_go_out_safe_and_come_back_equal() {
    let office = Office::open();
    let names = names(1_000);
    for name in &names {
        office.create(kind::CONTACT, Values::from([("last_name", Value::text(name)), (code::TITLE, Value::text("x"))]));
    }
    for form in [Form::Csv, Form::Xlsx] {
        let wanted = Wanted { columns: vec!["last_name".into(), code::TITLE.into()], ..Wanted::all(kind::CONTACT, form) };
        let file = written(&office, &wanted, Lang::Ru);
        if form == Form::Csv {
            let text = std::str::from_utf8(&file).unwrap().trim_start_matches('\u{feff}');
            let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
            let cells: Vec<String> = reader.records().flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
            assert_eq!(cells.len(), 2_000);
            assert!(cells.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
        }
        let other = Office::open();
        let (rights, cause) = (other.rights(other.boris), other.cause(other.boris));
        let id = bring(&other.house, &rights, &cause, kind::CONTACT, &format!("names.{}", form.code()), &mut file.as_slice()).unwrap();
        begin(&other.house, &rights, &cause, id).unwrap();
        other.work();
        let operation = other.house.read(|read| open(read, &rights, id)).unwrap();
        assert_eq!((operation.count("made"), operation.count("failed")), (1_000, 0), "{form:?}");
        let back = last_names(&other.all(kind::CONTACT));
        for (given, back) in names.iter().zip(&back) {
            assert_eq!(format!("{given:?}"), format!("{back:?}"), "{form:?}");
        }
    }
}

#[test]
fn numbers_days_and_names_are_written_as_russian_excel_reads_them_and_come_back() {
    let office = Office::open();
    let ivanov = office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов"))]));
    let values = Values::from([
        (code::TITLE, Value::text("Долг")),
        (code::AMOUNT, Value::money(150_050)),
        (code::CONTACT, Value::Int(ivanov.id)),
        (code::RESPONSIBLE, Value::user(office.anna)),
        (code::STAGE, Value::Int(office.stage("WORK").0)),
        ("begin_date", Value::text("25.11.2026")),
    ]);
    let deal = office.create(kind::DEAL, values);
    let columns = [code::TITLE, code::AMOUNT, code::CURRENCY, code::CONTACT, code::RESPONSIBLE, code::STAGE, "begin_date", code::CREATED_AT];
    let wanted = Wanted { columns: columns.map(str::to_owned).to_vec(), ..Wanted::all(kind::DEAL, Form::Csv) };
    let text = String::from_utf8(written(&office, &wanted, Lang::Ru)).unwrap();
    assert!(text.starts_with("\u{feff}Название;Сумма;"), "{text}");
    assert!(text.contains("Долг;1500,5;₽;Иванов;Анна Смирнова;В работе;2026-11-25;"), "{text}");
    for form in [Form::Csv, Form::Xlsx] {
        let file = written(&office, &Wanted { form, ..wanted.clone() }, Lang::Ru);
        let (rights, cause) = (office.rights(office.boris), office.cause(office.boris));
        let id = bring(&office.house, &rights, &cause, kind::DEAL, &format!("d.{}", form.code()), &mut file.as_slice()).unwrap();
        let columns = draft(&office.house, &rights, id).unwrap().plan.columns;
        choose(&office.house, &rights, id, &Chosen { columns, keep_trail: true, ..Chosen::default() }).unwrap();
        begin(&office.house, &rights, &cause, id).unwrap();
        office.work();
        let (made, was) = (office.all(kind::DEAL).pop().unwrap(), office.item(deal).unwrap());
        for field in columns_of(&wanted) {
            assert_eq!(made.values.get(&field), was.values.get(&field), "{form:?} {field}");
        }
    }
}

fn columns_of(wanted: &Wanted) -> Vec<String> {
    // Seconds are written, parts of a second are not.
    wanted.columns.clone()
}

#[test]
fn what_one_may_not_take_out_stays_in_the_house_and_every_export_is_written_down() {
    let office = Office::open();
    for number in 0..6 {
        let person = if number % 2 == 0 { office.anna } else { office.boris };
        office.create(
            kind::CONTACT,
            Values::from([("last_name", Value::text(format!("Клиент {number}"))), (code::RESPONSIBLE, Value::user(person)), ("comment", Value::text("тайна"))]),
        );
    }
    let mut rights = office.rights(office.anna);
    rights.hidden.insert((kind::CONTACT, "comment".into()));
    let wanted = Wanted::all(kind::CONTACT, Form::Csv);
    check(&office.house, &rights, &wanted).unwrap();
    let mut file = Vec::new();
    assert_eq!(list(&office.house, &rights, Lang::Ru, &wanted, &mut file).unwrap(), 3, "only her own");
    let text = String::from_utf8(file).unwrap();
    assert!(!text.contains("тайна") && !text.contains("Комментарий") && text.contains("Клиент 2") && !text.contains("Клиент 1"), "{text}");
    let looks = office.house.read(|read| read.looks(None, None, 10)).unwrap();
    assert!(looks.len() == 1 && looks[0].how == "export" && looks[0].user == office.anna && !looks[0].fields.contains(&"comment".to_owned()));
    let hidden = Wanted { columns: vec!["comment".into()], ..wanted.clone() };
    assert!(check(&office.house, &rights, &hidden).is_err());
    let sly = Wanted { filter: Filter::is("comment", Op::Eq, Value::text("тайна")), ..wanted.clone() };
    assert!(check(&office.house, &rights, &sly).is_err());
    rights.grants.insert((kind::CONTACT, Action::Export), Grant::of(Scope::None));
    assert!(check(&office.house, &rights, &wanted).is_err());
}

#[test]
fn address_books_get_cards() {
    let office = Office::open();
    let phones = Value::Many(vec![Value::text("+79990001122")]);
    office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов")), (code::PHONE, phones)]));
    let text = String::from_utf8(written(&office, &Wanted::all(kind::CONTACT, Form::Vcard), Lang::Ru)).unwrap();
    assert!(text.contains("N:Иванов;;;;\r\n") && text.contains(":+79990001122\r\n"), "{text}");
    assert!(check(&office.house, &office.rights(office.boris), &Wanted::all(kind::DEAL, Form::Vcard)).is_err());
}

#[test]
fn everything_goes_out_in_open_formats_with_files_and_without_passwords() {
    let office = Office::open();
    let at = office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов"))]));
    let (hash, size) = office.house.keep_bytes(&mut &b"scan of a passport"[..], 100).unwrap();
    let file = crm::StoredFile {
        id: crm::FileId(0),
        hash,
        name: "../паспорт.pdf".into(),
        mime: "application/pdf".into(),
        size,
        item: at,
        by: office.boris,
        at: office.house.now(),
    };
    let cause = office.cause(office.boris);
    office.house.transact(move |tx| crm::item::add_file(tx, &crm::Rights::system(), &cause, at, &file).map(drop)).unwrap();
    let folder = office.folder.path().join("out");
    let records = everything(&office.house, &office.rights(office.boris), Lang::Ru, &mut Folder(folder.clone())).unwrap();
    assert_eq!(records, 1);
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(read("records/contact.csv").contains("Иванов") && read("records/contact.jsonl").contains("\"id\":1"));
    assert!(read("shape/types.json").contains("\"last_name\"") && read("shape/pipelines.json").contains("\"WORK\""));
    assert!(read("events.jsonl").contains("\"fact\":\"created\""));
    let people = read("staff/people.json");
    assert!(people.contains("Смирнова") && !people.contains("password"), "{people}");
    let stored: Vec<_> = std::fs::read_dir(folder.join("files")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!((stored.len(), std::fs::read_to_string(&stored[0]).unwrap().as_str()), (1, "scan of a passport"));
    assert!(everything(&office.house, &office.rights(office.anna), Lang::Ru, &mut Folder(office.folder.path().join("no"))).is_err());
}
