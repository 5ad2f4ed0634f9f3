//! Any fragment of a name, a phone or a number is found.

use crate::firm::*;
use crm::{Filter, Op, Query, Rights, Value, Values, kind};

crate::both!(fragments_in_any_case_are_found, a_changed_name_is_found_and_the_old_one_is_not, search_joins_other_conditions);

fn contact(db: &Db, title: &str, phone: &str) -> crm::Item {
    db.make(
        kind::CONTACT,
        Values::from([("title", Value::text(title)), ("phone", phones(&[phone])), ("email", points(crm::FieldKind::Email, &["Ivan.Petrov@Example.com"]))]),
    )
}

fn found(db: &Db, text: &str) -> Vec<String> {
    let query = Query::of(kind::CONTACT).filter(Filter::Search(text.to_owned())).sorted("title", false);
    db.read(|read| read.items(&Rights::system(), &query)).iter().map(|item| item.title().to_owned()).collect()
}

fn fragments_in_any_case_are_found(db: Db) {
    let db = db.furnished();
    contact(&db, "Иванов Пётр \"Железо\" 50%_\\ o'Neil", "8 (999) 000-11-22");
    contact(&db, "Королёва Анна", "+77012345678");
    let ivanov = ["Иванов Пётр \"Железо\" 50%_\\ o'Neil"];
    for fragment in
        ["иван", "ВАНОВ", "петр", "Пётр", "ов п", "\"жел", "50%", "%_\\", "o'n", "9990001122", "8999000", "+7 (999) 000", "000-11-22", "11-22", "(999) 000-11"]
    {
        assert_eq!(found(&db, fragment), ivanov, "{fragment}");
    }
    assert_eq!(found(&db, "королев"), ["Королёва Анна"]);
    assert_eq!(found(&db, "  АННА "), ["Королёва Анна"]);
    assert_eq!(found(&db, "example").len(), 2);
    // One or two letters.
    assert_eq!((found(&db, "пё"), found(&db, "Ж")), (ivanov.map(str::to_owned).to_vec(), ivanov.map(str::to_owned).to_vec()));
    assert_eq!(found(&db, "ё").len(), 2);
    for nothing in ["ивановна", "' OR 1=1 --", "иван OR анна", "иван*", "NOT иван", "999000112233"] {
        assert_eq!(found(&db, nothing), Vec::<String>::new(), "{nothing}");
    }
    assert_eq!(found(&db, "   ").len(), 2);
}

fn a_changed_name_is_found_and_the_old_one_is_not(db: Db) {
    let db = db.furnished();
    let maiden = contact(&db, "Смирнова", "+79990001122");
    db.tx(move |tx| {
        let mut married = maiden.clone();
        married.values.set("title", Value::text("Кузнецова"));
        married.values.set("phone", phones(&["+79990001133"]));
        tx.save(&mut married, &cause(), vec![])
    });
    assert_eq!((found(&db, "смирн").len(), found(&db, "0001122").len()), (0, 0));
    assert_eq!((found(&db, "кузнец").len(), found(&db, "0001133").len()), (1, 1));
}

fn search_joins_other_conditions(db: Db) {
    let db = db.furnished();
    contact(&db, "Иванов Первый", "+79990001122");
    contact(&db, "Иванов Второй", "+79990001133");
    let both = Filter::Search("иванов".into()).and(Filter::is("phone", Op::Eq, Value::text("+79990001133")));
    let query = Query::of(kind::CONTACT).filter(both);
    assert_eq!(db.read(|read| read.items(&Rights::system(), &query)).len(), 1);
    let without = Query::of(kind::CONTACT).filter(Filter::Not(Box::new(Filter::Search("второй".into()))));
    assert_eq!(db.read(|read| read.items(&Rights::system(), &without))[0].title(), "Иванов Первый");
    assert_eq!(db.read(|read| read.count(&Rights::system(), &Query::of(kind::CONTACT).filter(Filter::Search("иванов".into())), 1)).counted, 1);
    // A type without an index of its own is searched, too.
    db.make(kind::MESSAGE, Values::from([("title", Value::text("Здравствуйте, Пётр"))]));
    let messages = Query::of(kind::MESSAGE).filter(Filter::Search("петр".into()));
    assert_eq!(db.read(|read| read.items(&Rights::system(), &messages)).len(), 1);
}
