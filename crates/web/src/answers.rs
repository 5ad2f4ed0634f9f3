//! Answers of many items as people read them, with every colleague and every linked record looked up once.

use crm::{Field, FieldKind, Filter, Item, ItemRef, Lang, Op, Outcome, Query, Read, Refusal, Rights, Schema, UserId, Value, code};
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// So many records are asked for at once.
const AT_ONCE: usize = 500;

/// A member of staff as a round picture and a name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Person {
    pub id: i64,
    pub name: String,
    pub initials: String,
    /// Which of the eight colours his picture has.
    pub color: i64,
}

impl Person {
    /// Somebody whose name is known already.
    pub fn named(id: UserId, name: String) -> Person {
        let initials = name.split_whitespace().take(2).filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect();
        Person { id: id.0, name, initials, color: id.0.rem_euclid(8) }
    }
}

/// Looks answers up and remembers what it found.
pub(crate) struct Answers<'a> {
    pub read: &'a dyn Read,
    pub rights: &'a Rights,
    pub lang: Lang,
    pub zone: TimeZone,
    pub schema: Arc<Schema>,
    people: RefCell<HashMap<UserId, Person>>,
    items: RefCell<HashMap<ItemRef, Option<Item>>>,
}

impl<'a> Answers<'a> {
    /// Nothing is known yet.
    pub fn new(read: &'a dyn Read, rights: &'a Rights, lang: Lang, zone: TimeZone) -> Answers<'a> {
        Answers { read, rights, lang, zone, schema: read.schema(), people: RefCell::default(), items: RefCell::default() }
    }

    /// Reads records that will be needed, one question per kind.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn prefetch(&self, wanted: impl IntoIterator<Item = ItemRef>) -> Outcome<()> {
        let mut kinds: BTreeMap<crm::EntityTypeId, BTreeSet<i64>> = BTreeMap::new();
        for at in wanted.into_iter().filter(|at| at.id != 0 && !self.items.borrow().contains_key(at)) {
            kinds.entry(at.kind).or_default().insert(at.id);
        }
        for (kind, ids) in kinds.into_iter().filter(|(kind, _)| self.schema.kind(*kind).is_some()) {
            let ids: Vec<i64> = ids.into_iter().collect();
            for part in ids.chunks(AT_ONCE) {
                let list = part.iter().map(|id| Value::Int(*id)).collect();
                let query = Query::of(kind).filter(Filter::is(code::ID, Op::In, Value::Many(list))).limit(u32::try_from(part.len()).unwrap_or(500));
                let mut known = self.items.borrow_mut();
                for id in part {
                    known.insert(ItemRef::new(kind, *id), None);
                }
                for item in self.read.items(self.rights, &query)? {
                    known.insert(item.at(), Some(item));
                }
            }
        }
        Ok(())
    }

    /// Reads what the links of these items lead to.
    ///
    /// # Errors
    /// Failures of the database.
    pub fn prefetch_links(&self, items: &[Item], fields: &[&Field]) -> Outcome<()> {
        let links = items.iter().flat_map(|item| {
            fields.iter().flat_map(move |field| match (&field.kind, item.values.get(&field.code)) {
                (FieldKind::Link { to }, value) => value.as_list().iter().filter_map(Value::as_int).map(|id| ItemRef::new(*to, id)).collect::<Vec<_>>(),
                (FieldKind::AnyItem, value) => value.as_list().iter().filter_map(Value::as_ref_to).collect(),
                _ => Vec::new(),
            })
        });
        self.prefetch(links.collect::<Vec<_>>())
    }

    /// A record the reader may see.
    pub fn item(&self, at: ItemRef) -> Option<Item> {
        if at.id == 0 {
            return None;
        }
        if let Some(known) = self.items.borrow().get(&at) {
            return known.clone();
        }
        let found = self.read.item(self.rights, at).ok().flatten();
        self.items.borrow_mut().insert(at, found.clone());
        found
    }

    /// The title of a record the reader may see.
    pub fn title(&self, at: ItemRef) -> Option<String> {
        self.item(at).map(|item| item.title().to_owned())
    }

    /// A member of staff.
    pub fn person(&self, id: UserId) -> Person {
        if let Some(known) = self.people.borrow().get(&id) {
            return known.clone();
        }
        let user = if id == UserId::SYSTEM { None } else { self.read.user(id).ok().flatten() };
        let person = match user {
            Some(user) => Person { id: id.0, name: user.name(), initials: user.initials(), color: id.0.rem_euclid(8) },
            None => Person { id: 0, name: crm::format::user(self.read, UserId::SYSTEM, self.lang), initials: "•".to_owned(), color: 0 },
        };
        self.people.borrow_mut().insert(id, person.clone());
        person
    }

    /// The answer to a field of an item.
    pub fn text(&self, item: &Item, field: &Field) -> String {
        self.value(item, field, item.values.get(&field.code))
    }

    /// Any value as an answer to a field of an item.
    pub fn value(&self, item: &Item, field: &Field, value: &Value) -> String {
        match (&field.kind, value) {
            // A list, a search, a history never show it: only the card does, when somebody asks and is written down.
            (_, value) if field.masked && !value.is_empty() => crate::fields::DOTS.to_owned(),
            (_, Value::Many(list)) => list.iter().map(|one| self.value(item, field, one)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", "),
            (FieldKind::User, Value::Int(id)) => self.person(UserId(*id)).name,
            (FieldKind::Link { to }, Value::Int(id)) => self.title(ItemRef::new(*to, *id)).unwrap_or_else(|| format!("№ {id}")),
            (FieldKind::AnyItem, Value::Ref(one)) => self.title(one.item).unwrap_or_default(),
            _ => crm::format::value(self.read, self.rights, item, field, value, &self.zone, self.lang),
        }
    }
}

/// The type that a word in an address names, if the reader may see any of its items.
///
/// # Errors
/// `not_found` for an unknown word and for a type that is hidden from the reader: the two look alike.
pub(crate) fn shape_of(read: &dyn Read, rights: &Rights, word: &str) -> Outcome<crm::EntityType> {
    let schema = read.schema();
    crate::view::by_slug(&schema, word)
        .filter(|shape| rights.scope(shape.id, crm::Action::Read) != crm::Scope::None)
        .cloned()
        .ok_or_else(|| Refusal::new("not_found", "Такой страницы нет", "There is no such page").into())
}
