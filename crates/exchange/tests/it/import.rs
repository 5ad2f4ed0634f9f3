//! Files that come in: guessed, looked at, imported, corrected, taken back.

use crate::office::Office;
use crm::{EntityTypeId, Lang, Value, Values, code, kind};
use exchange::import::{Chosen, Known, Target, begin, bring, choose, draft, faulty, preview, read_as};
use exchange::operations::{Operation, State, open, undo};
use std::time::Duration;

fn given(office: &Office, kind: EntityTypeId, name: &str, text: &[u8]) -> i64 {
    let (rights, cause) = (office.rights(office.boris), office.cause(office.boris));
    bring(&office.house, &rights, &cause, kind, name, &mut &*text).unwrap()
}

fn carried(office: &Office, id: i64) -> Operation {
    let (rights, cause) = (office.rights(office.boris), office.cause(office.boris));
    begin(&office.house, &rights, &cause, id).unwrap();
    office.work();
    office.house.read(|read| open(read, &rights, id)).unwrap()
}

fn counts(operation: &Operation) -> (State, i64, i64, i64, i64) {
    (operation.state, operation.count("made"), operation.count("done") - operation.count("made"), operation.count("skipped"), operation.count("failed"))
}

fn chosen(office: &Office, id: i64, change: impl FnOnce(&mut Chosen)) {
    let rights = office.rights(office.boris);
    let plan = draft(&office.house, &rights, id).unwrap().plan;
    let mut chosen = Chosen { columns: plan.columns, key: plan.key, known: plan.known, ..Chosen::default() };
    change(&mut chosen);
    choose(&office.house, &rights, id, &chosen).unwrap();
}

const CLIENTS: &str = "Фамилия;Имя;Мобильный телефон;Почта;Дата рождения;Ответственный\r\n\
    Иванов;Иван;8 (999) 000-11-22;ivan@example.com;31.01.1990;Анна Смирнова\r\n\
    Петров;Пётр;+7 999 000-11-33; +;1990-02-01;Смирнова Анна\r\n\
    Сидоров;Сидор;+79990001144;s@example.com;31.02.1990;boris\r\n\
    Кузнецов;;+79990001155;;;Никто Неизвестный\r\n\
    ;Иван;89990001122;second@example.com;;\r\n";

#[test]
fn a_file_is_guessed_previewed_imported_and_previews_what_really_comes() {
    let office = Office::open();
    let rights = office.rights(office.boris);
    let id = given(&office, kind::CONTACT, "clients.csv", CLIENTS.as_bytes());
    let draft = draft(&office.house, &rights, id).unwrap();
    let fields: Vec<&str> = draft.plan.columns.iter().map(|target| target.field.as_str()).collect();
    assert_eq!(fields, ["last_name", "first_name", "phone", "email", "birth_date", "responsible"]);
    assert_eq!((draft.plan.key, draft.first.len()), (vec!["phone".to_owned()], 5));
    let seen = preview(&office.house, &rights, id).unwrap();
    assert_eq!((seen.rows, seen.make, seen.change, seen.skip, seen.wrong), (5, 1, 1, 0, 3), "{seen:?}");
    assert!(office.all(kind::CONTACT).is_empty(), "a preview writes nothing");
    let done = carried(&office, id);
    assert_eq!(counts(&done), (State::Done, 1, 1, 0, 3));
    let ivanov = office.all(kind::CONTACT).remove(0);
    assert_eq!((ivanov.title(), ivanov.responsible()), ("Иванов Иван", office.anna));
    let emails: Vec<&str> = ivanov.values.points(code::EMAIL).iter().map(|point| point.normal.as_str()).collect();
    assert_eq!(emails, ["ivan@example.com", "second@example.com"], "a repeat adds its e-mail to the known client");
}

#[test]
fn the_errors_come_back_as_a_file_that_is_corrected_and_imported_again() {
    let office = Office::open();
    let rights = office.rights(office.boris);
    let id = given(&office, kind::CONTACT, "clients.csv", CLIENTS.as_bytes());
    carried(&office, id);
    let mut file = Vec::new();
    assert_eq!(faulty(&office.house, &rights, id, Lang::Ru, &mut file).unwrap(), "csv");
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].ends_with(";Причина ошибки") && lines[2].starts_with("Сидоров;") && lines[3].contains("нет сотрудника «Никто Неизвестный»"), "{text}");
    let fixed = text.replace("31.02.1990", "28.02.1990").replace("Никто Неизвестный", "anna").replace("; +;", ";;");
    let again = given(&office, kind::CONTACT, "errors.csv", fixed.as_bytes());
    assert_eq!(draft(&office.house, &rights, again).unwrap().plan.columns.last().unwrap().field, "", "the reasons are not imported");
    assert_eq!(counts(&carried(&office, again)), (State::Done, 3, 0, 0, 0));
}

#[test]
fn an_import_taken_back_leaves_nothing_but_what_somebody_worked_with() {
    let office = Office::open();
    let known = office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов")), (code::PHONE, Value::text("+79990001122"))]));
    let before = office.item(known).unwrap().values;
    let mut text = String::from("Фамилия,Имя,Телефон\n");
    for number in 0..1_300 {
        text.push_str(&format!("Иванов,Иван {number},+7998{number:07}\n"));
    }
    text.push_str("Иванов,Иван,+79990001122\n");
    let id = given(&office, kind::CONTACT, "c.csv", text.as_bytes());
    let done = carried(&office, id);
    assert_eq!((counts(&done), done.total()), ((State::Done, 1_300, 1, 0, 0), Some(1_301)));
    let touched = office.all(kind::CONTACT)[5].at();
    office.change(touched, Values::from([("comment", Value::text("позвонил"))]));
    let (rights, cause) = (office.rights(office.boris), office.cause(office.boris));
    office.house.transact(move |tx| undo(tx, &rights, &cause, id)).unwrap();
    office.later(Duration::from_secs(1));
    office.work();
    let left: Vec<_> = office.all(kind::CONTACT).iter().map(crm::Item::at).collect();
    assert_eq!(left, [known, touched]);
    let mut after = office.item(known).unwrap().values;
    after.set(code::UPDATED_AT, before.get(code::UPDATED_AT).clone());
    after.set(code::UPDATED_BY, before.get(code::UPDATED_BY).clone());
    assert_eq!(after, before);
}

#[test]
fn the_policy_decides_about_known_records() {
    for (known, made, changed, skipped) in [(Known::Update, 1, 1, 0), (Known::Skip, 1, 0, 1), (Known::UpdateOnly, 0, 1, 1), (Known::Double, 2, 0, 0)] {
        let office = Office::open();
        office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов")), (code::PHONE, Value::text("+79990001122"))]));
        let id = given(&office, kind::CONTACT, "c.csv", "Имя;Телефон\nИван;89990001122\nПётр;89990001133\n".as_bytes());
        chosen(&office, id, |chosen| chosen.known = known);
        let seen = preview(&office.house, &office.rights(office.boris), id).unwrap();
        let done = carried(&office, id);
        assert_eq!(counts(&done), (State::Done, made, changed, skipped, 0), "{known:?}");
        assert_eq!((seen.make, seen.change, seen.skip), (made as u64, changed as u64, skipped as u64), "{known:?}");
    }
}

#[test]
fn a_deal_finds_its_stage_choice_client_and_old_date_by_what_people_write() {
    let office = Office::open();
    let ivanov = office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов")), (code::PHONE, Value::text("+79990001122"))]));
    let text = "Название;Сумма;Валюта;Стадия;Клиент;Дата создания;Автор\n\
        Долг;1 500,50 ₽;₸;В работе;8 999 000-11-22;25.11.2024 14:30;Анна Смирнова\n\
        Второй;10;RUB;work;иванов;;\n\
        Третий;10;RUB;Нет такой;;;\n";
    let id = given(&office, kind::DEAL, "d.csv", text.as_bytes());
    chosen(&office, id, |chosen| {
        chosen.keep_trail = true;
        chosen.quiet = true;
    });
    let done = carried(&office, id);
    assert_eq!(counts(&done), (State::Done, 2, 0, 0, 1));
    let deals = office.all(kind::DEAL);
    let values = &deals[0].values;
    assert_eq!((values.get(code::AMOUNT), values.text(code::CURRENCY)), (&Value::money(150_050), "KZT"));
    assert_eq!((deals[0].stage(), deals[0].contact()), (Some(office.stage("WORK")), ivanov.id));
    assert_eq!((deals[1].stage(), deals[1].contact()), (Some(office.stage("WORK")), ivanov.id));
    let made = crm::Moment::from_timestamp("2024-11-25T09:30:00Z".parse().unwrap());
    assert_eq!((values.moment(code::CREATED_AT), values.int(code::CREATED_BY)), (Some(made), Some(office.anna.0)));
    let history = office.house.read(|read| read.history(deals[0].at(), None, 10)).unwrap();
    assert!(history.iter().all(|event| event.quiet && event.by.user() == office.boris), "the log says who really wrote this");
}

#[test]
fn a_key_of_two_fields_needs_both_and_several_matches_are_an_error() {
    let office = Office::open();
    for _ in 0..2 {
        office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов")), ("first_name", Value::text("Иван"))]));
    }
    office.create(kind::CONTACT, Values::from([("last_name", Value::text("Иванов")), ("first_name", Value::text("Пётр"))]));
    let id = given(&office, kind::CONTACT, "c.csv", "Фамилия;Имя;Комментарий\nИванов;Иван;а\nИванов;Пётр;б\nИванов;Павел;в\n".as_bytes());
    chosen(&office, id, |chosen| chosen.key = vec!["last_name".into(), "first_name".into()]);
    assert_eq!(counts(&carried(&office, id)), (State::Done, 1, 1, 0, 1));
}

#[test]
fn another_encoding_is_read_anew_and_a_mapping_is_remembered() {
    let office = Office::open();
    let rights = office.rights(office.boris);
    let (raw, ..) = encoding_rs::IBM866.encode("Прозвище;Тел\nИван;89990001122\n");
    let id = given(&office, kind::CONTACT, "dos.csv", &raw);
    let mut source = draft(&office.house, &rights, id).unwrap().plan.source;
    source.encoding = "IBM866".into();
    read_as(&office.house, &rights, id, source).unwrap();
    assert_eq!(draft(&office.house, &rights, id).unwrap().plan.header, ["Прозвище", "Тел"]);
    chosen(&office, id, |chosen| chosen.columns[0] = Target::of("first_name"));
    assert_eq!(counts(&carried(&office, id)), (State::Done, 1, 0, 0, 0));
    let again = given(&office, kind::CONTACT, "b.csv", "прозвище;тел\nПётр;89990001133\n".as_bytes());
    assert_eq!(draft(&office.house, &rights, again).unwrap().plan.columns[0].field, "first_name");
}

#[test]
fn a_mapping_to_a_field_that_may_not_be_written_is_refused() {
    let office = Office::open();
    let mut rights = office.rights(office.anna);
    rights.hidden.insert((kind::CONTACT, "comment".into()));
    let cause = office.cause(office.anna);
    let id = bring(&office.house, &rights, &cause, kind::CONTACT, "c.csv", &mut "Имя;Комментарий\nИван;x\n".as_bytes()).unwrap();
    assert_eq!(draft(&office.house, &rights, id).unwrap().plan.columns[1].field, "");
    let columns = vec![Target::of("first_name"), Target::of("comment")];
    assert!(choose(&office.house, &rights, id, &Chosen { columns, ..Chosen::default() }).is_err());
    for field in [code::UPDATED_AT, "last_inbound_at"] {
        let columns = vec![Target::of("first_name"), Target::of(field)];
        assert!(choose(&office.house, &rights, id, &Chosen { columns, ..Chosen::default() }).is_err(), "{field}");
    }
}

#[test]
fn address_books_come_in_as_cards() {
    let office = Office::open();
    let cards = "BEGIN:VCARD\nVERSION:3.0\nN:Иванов;Иван;;;\nFN:Иванов Иван\nTEL;TYPE=CELL:+7 999 000-11-22\nTEL:+7 495 000-00-00\nBDAY:1990-01-31\nEND:VCARD\n\
        BEGIN:VCARD\nVERSION:4.0\nFN:ООО Ромашка\nEMAIL:mail@example.com\nEND:VCARD\n";
    let id = given(&office, kind::CONTACT, "book.vcf", cards.as_bytes());
    assert_eq!(counts(&carried(&office, id)), (State::Done, 2, 0, 0, 0));
    let clients = office.all(kind::CONTACT);
    assert_eq!((clients[0].title(), clients[0].values.points(code::PHONE).len()), ("Иванов Иван", 2));
    assert_eq!(clients[1].title(), "ООО Ромашка");
}

#[test]
fn old_and_empty_files_are_refused_in_words() {
    let office = Office::open();
    let (rights, cause) = (office.rights(office.boris), office.cause(office.boris));
    for (raw, word) in [(&b"\xd0\xcf\x11\xe0\xa1\xb1"[..], "XLS"), (b"", "ни одной строки"), (b"PK\x03\x04garbage", "не удаётся прочитать")]
    {
        let crm::Fault::Refused(refusal) = bring(&office.house, &rights, &cause, kind::CONTACT, "x", &mut &*raw).unwrap_err() else { panic!("{word}") };
        assert!(refusal.text.ru.contains(word), "{refusal:?}");
    }
}
