//! Clients without doubles: who is known already, joining with nothing lost, parting again exactly, and how it was before.

use crate::firm::*;
use crm::{
    Cause, DoubleState, Ending, EntityTypeId, Feature, Field, FieldKind, FormulaResult, Item, ItemRef, MatchRule, Moment, Point, Rights, StoredFile, Value,
    Values, code, kind,
};
use std::collections::BTreeMap;
use std::time::Duration;

const NOTE: EntityTypeId = EntityTypeId(132);

fn office() -> Office {
    let person = contact(vec![
        field("comment", FieldKind::LongText),
        link("partner", kind::CONTACT),
        Field { multiple: true, ..link("friends", kind::CONTACT) },
        formula("owed", "sum(deal.contact, amount)", FormulaResult::Money),
        formula("deals", "count(deal.contact)", FormulaResult::Integer),
    ]);
    let deal = shape(
        kind::DEAL,
        "deal",
        true,
        &[Feature::Client],
        vec![field(code::AMOUNT, FieldKind::Money), formula("phone_of", "contact.phone", FormulaResult::Text)],
    );
    let note = shape(NOTE, "note", false, &[], vec![field(code::ABOUT, FieldKind::AnyItem).indexed()]);
    Office::open(
        vec![person, deal, note],
        vec![pipeline(kind::DEAL, "main", vec![stage("NEW", Ending::Open), stage("WORK", Ending::Open), stage("WON", Ending::Won)])],
    )
}

fn person(office: &Office, name: &str, phone: &str) -> ItemRef {
    office.made(kind::CONTACT, Values::from([("first_name", text(name)), (code::PHONE, text(phone))]))
}

#[test]
fn the_same_phone_in_another_spelling_is_a_known_client_and_noted_once() {
    let office = office();
    let ivanov = person(&office, "Иван", "+7 999 000-11-22");
    let found = office.read(|read| crm::matching::find(read, kind::CONTACT, &Values::from([(code::PHONE, text("8 (999) 000 11 22"))])));
    assert_eq!(found.iter().map(|one| (one.item, one.rule.as_str(), one.gate)).collect::<Vec<_>>(), [(ivanov, "phone", true)]);
    let again = person(&office, "Ваня", "89990001122");
    office.changed(again, Values::from([("first_name", text("Иван Иванович"))]));
    office.changed(again, Values::from([(code::PHONE, Value::Many(vec![text("89990001122"), text("89990001133")]))]));
    let doubles = office.read(|read| read.doubles(kind::CONTACT, 0, 10));
    assert_eq!(doubles.iter().map(|pair| (pair.first, pair.second, pair.state)).collect::<Vec<_>>(), [(ivanov, again, DoubleState::Open)]);
    let (rights, cause) = (office.rights(), office.cause());
    office.done(move |tx| crm::matching::part(tx, &rights, &cause, again, ivanov));
    office.changed(again, Values::from([(code::PHONE, text("89990001122"))]));
    assert!(office.read(|read| read.doubles(kind::CONTACT, 0, 10)).is_empty(), "somebody said that they are two");
}

#[test]
fn a_rule_of_several_fields_needs_all_of_them() {
    let mut person = contact(vec![field("born", FieldKind::Date)]);
    person.matching = vec![MatchRule { fields: vec!["last_name".into(), "born".into()], gate: false }];
    let office = Office::open(vec![person], vec![]);
    let values = |name: &str, born: &str| Values::from([("last_name", text(name)), ("born", text(born))]);
    let ivanov = office.made(kind::CONTACT, values("Иванов", "1985-03-12"));
    let find = |values: Values| office.read(|read| crm::matching::find(read, kind::CONTACT, &values)).len();
    assert_eq!(find(values("Иванов", "12.03.1985")), 1);
    assert_eq!(find(values("Иванов", "1985-03-13")), 0);
    assert_eq!(find(Values::from([("last_name", text("Иванов"))])), 0);
    assert_eq!(ivanov.id, 1);
}

#[test]
fn joining_loses_nothing_and_shows_beforehand_what_it_will_do() {
    let office = office();
    let keep = person(&office, "Иван", "+79990001122");
    let gone = office.made(kind::CONTACT, Values::from([("first_name", text("Ваня")), (code::PHONE, text("+79990001133")), ("comment", text("звонил"))]));
    let deal = office.made(kind::DEAL, Values::from([(code::CONTACT, Value::Int(gone.id)), (code::AMOUNT, Value::money(100))]));
    let note = office.made(NOTE, Values::from([(code::ABOUT, Value::item(gone))]));
    let (cause, boris) = (office.cause(), office.boris);
    let file = office.done(move |tx| {
        let file = StoredFile {
            id: Default::default(),
            hash: "00".into(),
            name: "скан.pdf".into(),
            mime: "application/pdf".into(),
            size: 1,
            item: gone,
            by: boris,
            at: cause.at,
        };
        crm::item::add_file(tx, &Rights::system(), &cause, gone, &file)
    });
    let rights = office.rights();
    let preview = office.read(|read| crm::merge::preview(read, &rights, keep, &[gone]));
    let side = |field: &str| preview.sides.iter().find(|side| side.field == field).unwrap().clone();
    assert!(side("first_name").conflict && !side("comment").conflict && !side(code::PHONE).conflict);
    assert_eq!((preview.files, preview.links[0].1.len()), (1, 2));
    let (rights, cause) = (office.rights(), office.cause());
    let chosen = Values::from([("first_name", text("Иван Иванович"))]);
    office.done(move |tx| crm::merge::merge(tx, &rights, &cause, keep, &[gone], &chosen));
    let kept = office.item(keep);
    assert_eq!((kept.values.text("first_name"), kept.values.text("comment")), ("Иван Иванович", "звонил"));
    assert_eq!(kept.values.points(code::PHONE).len(), 2);
    assert_eq!(kept.values.get("owed"), &Value::money(100), "sums follow the links");
    assert_eq!(office.item(deal).values.int(code::CONTACT), Some(keep.id));
    assert_eq!(office.item(note).values.get(code::ABOUT).as_ref_to(), Some(keep));
    assert_eq!(office.read(|read| read.file(file.id)).unwrap().item, keep);
    assert_eq!(office.read(|read| read.merged_into(gone)), Some(keep), "the old address opens the record that stays");
    let timeline = office.read(|read| read.timeline(keep, None, 200));
    assert!(timeline.iter().any(|event| event.item == gone && event.fact == crm::Fact::Created), "its history is here now");
    let quiet = timeline.iter().filter(|event| event.item == deal && matches!(event.fact, crm::Fact::Changed { .. })).all(|event| event.quiet);
    assert!(quiet, "no rule answers to a link that was turned");
}

#[test]
fn parted_after_a_month_is_too_late_and_what_was_changed_since_stays() {
    let office = office();
    let keep = person(&office, "Иван", "+79990001122");
    let gone = office.made(kind::CONTACT, Values::from([("first_name", text("Ваня")), ("comment", text("звонил")), (code::PHONE, text("+79990001133"))]));
    let deal = office.made(kind::DEAL, Values::from([(code::CONTACT, Value::Int(gone.id))]));
    let other = office.made(kind::DEAL, Values::from([(code::CONTACT, Value::Int(gone.id))]));
    let (rights, cause) = (office.rights(), office.cause());
    office.done(move |tx| crm::merge::merge(tx, &rights, &cause, keep, &[gone], &Values::new()));
    let petrov = person(&office, "Пётр", "+79990001144");
    office.changed(keep, Values::from([("comment", text("важный"))]));
    office.changed(other, Values::from([(code::CONTACT, Value::Int(petrov.id))]));
    let (rights, late) = (office.rights(), Cause { at: office.now.plus(Duration::from_secs(31 * 86_400)), ..office.cause() });
    assert_eq!(refusal(office.tx(move |tx| crm::merge::unmerge(tx, &rights, &late, gone))).code, "too_late");
    let (rights, cause) = (office.rights(), office.cause());
    office.done(move |tx| crm::merge::unmerge(tx, &rights, &cause, gone));
    assert_eq!(office.item(gone).values.text("comment"), "звонил");
    assert_eq!(office.item(keep).values.text("comment"), "важный");
    assert_eq!(office.item(keep).values.points(code::PHONE).len(), 1);
    assert_eq!(office.item(deal).values.int(code::CONTACT), Some(gone.id));
    assert_eq!(office.item(other).values.int(code::CONTACT), Some(petrov.id));
    assert_eq!(office.read(|read| read.merged_into(gone)), None);
    let (rights, cause) = (office.rights(), office.cause());
    assert_eq!(refusal(office.tx(move |tx| crm::merge::unmerge(tx, &rights, &cause, gone))).code, "not_merged");
}

#[test]
fn only_different_records_of_one_type_are_joined_by_whoever_may_delete_them() {
    let office = office();
    let keep = person(&office, "Иван", "+79990001122");
    let gone = person(&office, "Ваня", "+79990001133");
    let deal = office.made(kind::DEAL, Values::new());
    for drop in [vec![], vec![keep], vec![gone, gone], vec![deal]] {
        let (rights, cause) = (office.rights(), office.cause());
        assert_eq!(refusal(office.tx(move |tx| crm::merge::merge(tx, &rights, &cause, keep, &drop, &Values::new()))).code, "cannot_merge");
    }
    let grants = [crm::Action::Read, crm::Action::Change].map(|action| ((kind::CONTACT, action), crm::Grant::of(crm::Scope::All)));
    let (rights, cause) = (Rights { user: office.anna, grants: grants.into(), ..Rights::default() }, office.cause());
    assert_eq!(refusal(office.tx(move |tx| crm::merge::merge(tx, &rights, &cause, keep, &[gone], &Values::new()))).code, "access_denied");
}

/// All records as they stand, without who touched them last and without the numbers of points.
fn dump(office: &Office) -> BTreeMap<ItemRef, Values> {
    let mut all = BTreeMap::new();
    for item in [kind::CONTACT, kind::DEAL, NOTE].into_iter().flat_map(|kind| office.all(kind)) {
        let mut values = item.values.clone();
        for code in [code::UPDATED_AT, code::UPDATED_BY] {
            values.0.remove(code);
        }
        for value in values.0.values_mut() {
            if let Value::Points(points) = value {
                points.list.iter_mut().for_each(|point| *point = Point { id: 0, ..point.clone() });
            }
        }
        all.insert(item.at(), values);
    }
    all
}

#[test]
fn any_graph_of_records_comes_back_exactly() {
    let mut seed = 0x5eed_u64;
    let mut roll = move |sides: i64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        i64::try_from(seed % u64::try_from(sides).unwrap()).unwrap()
    };
    for round in 0..6 {
        let office = office();
        let people: Vec<ItemRef> = (0..8).map(|at| person(&office, &format!("Имя {at}"), &format!("+7999000{:04}", 100 + at))).collect();
        let pick = |roll: &mut dyn FnMut(i64) -> i64| people[usize::try_from(roll(8)).unwrap()];
        for at in &people {
            let mut values = Values::new();
            if roll(2) == 0 {
                values.set("partner", Value::Int(pick(&mut roll).id));
            }
            let friends: Vec<Value> = (0..roll(4)).map(|_| Value::Int(pick(&mut roll).id)).collect();
            values.set("friends", Value::Many(friends));
            values.set(code::OBSERVERS, Value::Many(if roll(2) == 0 { vec![Value::user(office.anna)] } else { vec![Value::user(office.boris)] }));
            if roll(2) == 0 {
                values.set("comment", text(&format!("{at}")));
            }
            office.changed(*at, values);
        }
        for _ in 0..10 {
            let client = pick(&mut roll);
            let deal = office.made(kind::DEAL, Values::from([(code::CONTACT, Value::Int(client.id)), (code::AMOUNT, Value::money(roll(1_000)))]));
            let about = if roll(2) == 0 { deal } else { pick(&mut roll) };
            office.made(NOTE, Values::from([(code::ABOUT, Value::item(about))]));
        }
        let before = dump(&office);
        let keep = people[0];
        let drop: Vec<ItemRef> = people[1..2 + usize::try_from(roll(3)).unwrap()].to_vec();
        let (rights, cause, gone) = (office.rights(), office.cause(), drop.clone());
        office.done(move |tx| crm::merge::merge(tx, &rights, &cause, keep, &gone, &Values::new()));
        let joined = dump(&office);
        assert_eq!(joined.len(), before.len() - drop.len());
        for (at, values) in &joined {
            let points_at = |one: &ItemRef| {
                values.int(code::CONTACT) == Some(one.id)
                    || values.int("partner") == Some(one.id)
                    || values.get("friends").as_list().contains(&Value::Int(one.id))
                    || values.get(code::ABOUT).as_ref_to() == Some(*one)
            };
            assert!(!drop.iter().any(points_at), "round {round}: {at} points at a record that is gone");
        }
        for gone in drop.into_iter().rev() {
            let (rights, cause) = (office.rights(), office.cause());
            office.done(move |tx| crm::merge::unmerge(tx, &rights, &cause, gone));
        }
        let after = dump(&office);
        for (at, values) in &before {
            assert_eq!(after.get(at), Some(values), "round {round}: {at}");
        }
    }
}

#[test]
fn a_record_is_seen_as_it_was_at_any_moment() {
    let mut office = office();
    let began = office.now;
    let mut moments: Vec<(Moment, Item)> = Vec::new();
    let deal = office.made(kind::DEAL, Values::from([(code::AMOUNT, Value::money(1)), (code::TITLE, text("Первая"))]));
    moments.push((office.now, office.item(deal)));
    for step in 0..6 {
        office.now = office.now.plus(Duration::from_secs(3_600));
        match step {
            0 => drop(office.changed(deal, Values::from([(code::AMOUNT, Value::money(2)), (code::TITLE, Value::text("Вторая"))]))),
            1 => drop(office.move_to(deal, "WORK").unwrap()),
            2 => drop(office.changed(deal, Values::from([(code::AMOUNT, Value::Null)]))),
            3 => drop(office.changed(deal, Values::from([(code::RESPONSIBLE, Value::user(office.boris))]))),
            4 => drop(office.move_to(deal, "WON").unwrap()),
            _ => drop(office.changed(deal, Values::from([(code::AMOUNT, Value::money(9))]))),
        }
        moments.push((office.now, office.item(deal)));
    }
    let rights = office.rights();
    for (at, then) in &moments {
        let mut seen = office.read(|read| crm::past::as_of(read, &rights, deal, at.plus(Duration::from_secs(60)))).expect("it was there");
        seen.version = then.version;
        assert_eq!(seen.values, then.values, "{at:?}");
    }
    assert_eq!(office.read(|read| crm::past::as_of(read, &rights, deal, began.minus(Duration::from_secs(1)))), None);
    let stranger = Rights { user: office.boris, ..Rights::default() };
    assert_eq!(office.read(|read| crm::past::as_of(read, &stranger, deal, office.now)), None);
}
