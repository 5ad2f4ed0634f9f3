//! Layouts, views, the menu, looks at journaled answers, staff who are away, quiet events, and bytes of files.

use crate::firm::*;
use crm::{
    Actor, Audience, Cause, Department, Fact, Fault, ItemRef, Label, Layout, LayoutSection, Look, MenuSection, Moment, SavedView, User, UserId, Value, Values,
    kind,
};

crate::both!(
    layouts_and_views_are_ones_own_and_everybodys,
    the_menu_is_saved_whole,
    whoever_looked_is_written_down,
    a_substitute_and_an_office_are_remembered,
    settings_are_found_by_how_they_begin,
    a_chain_and_the_last_events_of_cards_are_found,
    a_quiet_event_says_so,
);

fn layouts_and_views_are_ones_own_and_everybodys(db: Db) {
    let section = |code: &str| vec![LayoutSection { code: code.into(), fields: vec!["title".into()], ..LayoutSection::default() }];
    let layout = move |audience, owner, code: &str| Layout { kind: kind::DEAL, audience, owner, sections: section(code), ..Layout::default() };
    let view = |owner, code: &str| SavedView { kind: kind::DEAL, code: code.into(), owner, title: Label::same(code), ..SavedView::default() };
    db.tx(move |tx| {
        for one in [layout(Audience::Common, UserId(0), "a"), layout(Audience::Mine, ANNA, "b"), layout(Audience::Mine, BORIS, "c")] {
            tx.put_layout(&one)?;
        }
        tx.put_layout(&layout(Audience::Mine, ANNA, "anew"))?;
        for one in [view(UserId(0), "all"), view(ANNA, "mine"), view(BORIS, "mine"), view(ANNA, "other")] {
            tx.put_view(&one)?;
        }
        tx.remove_view(kind::DEAL, "other", ANNA)
    });
    let codes = |user| {
        let layouts = db.read(|read| read.layouts(kind::DEAL, user)).iter().map(|one| one.sections[0].code.clone()).collect::<Vec<_>>();
        let views = db.read(|read| read.views(kind::DEAL, user)).iter().map(|one| (one.code.clone(), one.owner)).collect::<Vec<_>>();
        (layouts, views)
    };
    assert_eq!(codes(ANNA), (vec!["a".into(), "anew".into()], vec![("all".into(), UserId(0)), ("mine".into(), ANNA)]));
    assert_eq!(codes(UserId(9)), (vec!["a".into()], vec![("all".into(), UserId(0))]));
    db.tx(move |tx| tx.remove_layout(&layout(Audience::Mine, ANNA, "")));
    assert_eq!(codes(ANNA).0, ["a"]);
    assert!(db.read(|read| read.views(kind::CONTACT, ANNA)).is_empty());
}

fn the_menu_is_saved_whole(db: Db) {
    let section = |code: &str| MenuSection { code: code.into(), title: Label::same(code), icon: "box".into(), types: vec!["deal".into()] };
    for list in [vec!["sales", "service", "other"], vec!["other", "sales"], vec![]] {
        let sections: Vec<MenuSection> = list.into_iter().map(section).collect();
        let saved = sections.clone();
        db.tx(move |tx| tx.put_sections(&saved));
        assert_eq!(db.read(|read| read.sections()), sections);
    }
}

fn whoever_looked_is_written_down(db: Db) {
    let look =
        |user, id, at: i64| Look { user, item: ItemRef::new(kind::CONTACT, id), fields: vec!["passport".into()], how: "reveal".into(), at: Moment(NOW.0 + at) };
    let all = [look(ANNA, 1, 1), look(BORIS, 2, 2), look(ANNA, 1, 3)];
    db.tx({
        let all = all.clone();
        move |tx| all.iter().try_for_each(|one| tx.note_look(one))
    });
    let of = |at: Option<ItemRef>, before| db.read(|read| read.looks(at, before, 10));
    assert_eq!(of(None, None), [all[2].clone(), all[1].clone(), all[0].clone()]);
    assert_eq!(of(Some(ItemRef::new(kind::CONTACT, 1)), Some(Moment(NOW.0 + 3))), [all[0].clone()]);
}

fn a_substitute_and_an_office_are_remembered(db: Db) {
    let (user, department) = db.tx(|tx| {
        let mut user = User {
            login: "anna".into(),
            first_name: "Анна".into(),
            role: "operator".into(),
            post: "оператор".into(),
            substitute: BORIS,
            away_from: Some(NOW),
            away_until: Some(Moment(NOW.0 + 1)),
            ..User::default()
        };
        tx.put_user(&mut user)?;
        user.active = true;
        tx.put_user(&mut user)?;
        let mut department =
            Department {
                code: "almaty".into(), title: Label::same("Алматы"), office: true, zone: "Asia/Almaty".into(), closed: true, ..Department::default()
            };
        tx.put_department(&mut department)?;
        tx.put_department(&mut department)?;
        Ok((user, department))
    });
    assert_eq!(db.read(|read| read.user(user.id)), Some(user));
    assert_eq!(db.read(|read| read.departments()), [department]);
}

fn settings_are_found_by_how_they_begin(db: Db) {
    db.tx(|tx| ["pack.b", "pack.a", "pack_c", "PACK.d", "packet"].iter().try_for_each(|key| tx.put_setting(key, &Values::from([("key", Value::text(*key))]))));
    let found =
        |prefix: &str| db.read(|read| read.settings(prefix)).into_iter().map(|(key, values)| (key.clone(), values.text("key") == key)).collect::<Vec<_>>();
    assert_eq!(found("pack."), [("pack.a".to_owned(), true), ("pack.b".to_owned(), true)]);
    assert_eq!(found("").len(), 5);
}

fn a_chain_and_the_last_events_of_cards_are_found(db: Db) {
    let db = db.furnished();
    let deals: Vec<_> = (0..5).map(|_| db.make(kind::DEAL, Values::from([("title", Value::text("Долг"))]))).collect();
    let contact = db.make(kind::CONTACT, Values::from([("title", Value::text("Иванов"))]));
    let his = db.make(kind::DEAL, Values::from([("title", Value::text("его")), ("contact", Value::Int(contact.id))]));
    let root = db.read(|read| read.latest());
    let chained = Cause { event: Some(root), root: Some(root), depth: 1, ..cause() };
    for deal in &deals[1..3] {
        let (deal, cause) = (deal.clone(), chained.clone());
        db.tx(move |tx| tx.record(&deal, &cause, Fact::Commented { text: "цепочка".into() }));
    }
    let chain = |before, limit| db.read(|read| read.chain(root, before, limit)).iter().map(|event| event.item).collect::<Vec<_>>();
    assert_eq!(chain(None, 10), [deals[2].at(), deals[1].at()]);
    let newest = db.read(|read| read.chain(root, None, 1))[0].seq;
    assert_eq!(chain(Some(newest), 10), [deals[1].at()]);
    let cards: Vec<ItemRef> = deals.iter().map(|deal| deal.at()).chain([contact.at(), ItemRef::new(kind::DEAL, 777)]).collect();
    let last = db.read(|read| read.last_events(&cards));
    assert_eq!(last.len(), 6);
    for event in &last {
        let card = if event.item == his.at() { contact.at() } else { event.about };
        assert_eq!(db.read(|read| read.timeline(card, None, 1))[0].seq, event.seq);
    }
    assert!(db.read(|read| read.last_events(&[])).is_empty());
}

fn a_quiet_event_says_so(db: Db) {
    let db = db.furnished();
    let task = db.make(kind::TASK, Values::from([("title", Value::text("дело"))]));
    let quiet = Cause::new(Actor::User { user: ANNA }, NOW).quietly();
    db.tx(move |tx| tx.record(&task, &quiet, Fact::Commented { text: "тихо".into() }));
    let events = db.read(|read| read.events_after(crm::Seq(0), 10));
    assert_eq!(events.iter().map(|event| event.quiet).collect::<Vec<_>>(), [false, true]);
    assert!(Cause::because(&events[1], Actor::System, NOW).quiet, "what follows from it is quiet, too");
}

#[test]
fn bytes_are_kept_while_they_come_in_and_too_many_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store::open_in_memory();
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let (hash, size) = store.keep_bytes(folder.path(), &mut bytes.as_slice(), 2_000_000).unwrap();
    assert_eq!((size, store::files::put(folder.path(), &bytes).unwrap()), (1_200_000, hash.clone()));
    let mut read = Vec::new();
    let mut open = store.bytes(folder.path(), &hash).unwrap().unwrap();
    std::io::Seek::seek(&mut open, std::io::SeekFrom::Start(8)).unwrap();
    std::io::Read::read_to_end(&mut open, &mut read).unwrap();
    assert_eq!(read, bytes[8..]);
    assert!(store.bytes(folder.path(), "../secret").unwrap().is_none());
    assert!(matches!(store.keep_bytes(folder.path(), &mut [0_u8; 11].as_slice(), 10), Err(Fault::Refused(refusal)) if refusal.code == "file_too_large"));
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the line broke"))
        }
    }
    assert!(matches!(store.keep_bytes(folder.path(), &mut Broken, 10), Err(Fault::Failed(_))));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().filter(|entry| entry.path().is_file()).collect();
    assert!(left.is_empty(), "{left:?}");
}
