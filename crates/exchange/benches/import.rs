//! A file of 100 000 clients with 5 % of broken rows: looked at, imported, taken back; on a real file of SQLite.
#![expect(clippy::print_stdout, reason = "a measurement tells its figures")]

#[path = "../tests/it/office.rs"]
#[allow(dead_code)]
mod office;

use crm::kind;
use exchange::import::{begin, bring, preview};
use exchange::operations::{notes, open, undo};
use office::Office;
use std::fmt::Write as _;
use std::time::Instant;

const ROWS: usize = 100_000;

fn file() -> String {
    let mut text = String::from("Фамилия;Имя;Телефон;E-mail;Дата рождения;Источник;Комментарий;Ответственный\r\n");
    for number in 0..ROWS {
        let day = if number % 40 == 7 { "31.02.1990".to_owned() } else { format!("{:02}.{:02}.19{:02}", number % 28 + 1, number % 12 + 1, number % 50 + 40) };
        let phone = if number % 40 == 3 {
            "12".to_owned()
        } else {
            format!("8 9{:02} {:03}-{:02}-{:02}", number / 10_000_000, number / 10_000 % 1_000, number / 100 % 100, number % 100)
        };
        let _ = write!(text, "Иванов{number};Иван;{phone};ivan{number}@example.com;{day};Сайт;\"Комментарий; {number}\";Анна Смирнова\r\n");
    }
    text
}

fn main() {
    let office = Office::on_disk();
    let (rights, cause) = (office.rights(office.boris), office.cause(office.boris));
    let text = file();
    let told = |what: &str, from: Instant, rows: usize| {
        let seconds = from.elapsed().as_secs_f64();
        println!("{what:<10} {rows:>7} rows in {seconds:>6.1} s: {:>7.0} rows a minute", rows as f64 / seconds * 60.0);
    };
    let from = Instant::now();
    let id = bring(&office.house, &rights, &cause, kind::CONTACT, "clients.csv", &mut text.as_bytes()).unwrap();
    let seen = preview(&office.house, &rights, id).unwrap();
    told("preview", from, ROWS);
    println!("           make {}, change {}, skip {}, wrong {}", seen.make, seen.change, seen.skip, seen.wrong);
    let from = Instant::now();
    begin(&office.house, &rights, &cause, id).unwrap();
    office.work();
    told("import", from, ROWS);
    let done = office.house.read(|read| open(read, &rights, id)).unwrap();
    println!("           {:?}: made {}, wrong {}", done.state, done.count("made"), done.count("failed"));
    println!("           {:?}", office.house.read(|read| notes(read, id, false, 2)).unwrap());
    let from = Instant::now();
    office
        .house
        .transact({
            let (rights, cause) = (rights.clone(), office.cause(office.boris));
            move |tx| undo(tx, &rights, &cause, id)
        })
        .unwrap();
    office.work();
    told("undo", from, ROWS);
    let done = office.house.read(|read| open(read, &rights, id)).unwrap();
    println!("           {:?}: put back {}, kept {}, left {}", done.state, done.count("undone"), done.count("kept"), office.all(kind::CONTACT).len());
}
