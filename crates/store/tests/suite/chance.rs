//! Random data from a seed: a failure can be seen again.

use crate::firm::*;
use crm::{Decimal, FieldKind, ItemRef, Moment, UserId, Value, Values, kind};

/// A small generator (xorshift64*).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn number(&mut self, bound: i64) -> i64 {
        (self.next() % bound.unsigned_abs()).cast_signed()
    }

    pub fn often(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()].clone()
    }
}

/// Few different answers, so that equal ones meet: letters of both alphabets, signs that mean something to SQL.
pub const WORDS: [&str; 14] = ["Иванов", "иванов", "ИВАНОВ", "Ёлкин", "Елкин", "ёж", "a", "A", "100%", "50_1", "o'Neil", "back\\slash", "два слова", "я"];
const PHONES: [&str; 4] = ["+79990001122", "8 (999) 000-11-23", "+49 30 901820", "79990001124"];
const COLORS: [&str; 3] = ["red", "green", "blue"];

/// An answer to a field of `thing`, often none.
pub fn answer(chance: &mut Chance, field: &str) -> Value {
    if chance.often(30) {
        return Value::Null;
    }
    match field {
        "title" | "words" | "story" | "currency" => Value::text(chance.of(&WORDS)),
        "count" | "file" => Value::Int(chance.number(5) - 2),
        "contact" => Value::Int(chance.number(4) + 1),
        "share" => Value::Decimal(Decimal { scaled: chance.number(5) - 2 }),
        "amount" => Value::money(chance.number(5) - 2),
        "day" => Value::date(crm::Date::new(2026, 1 + i8::try_from(chance.below(3)).unwrap(), 1 + i8::try_from(chance.below(2)).unwrap()).unwrap()),
        "moment" => Value::moment(Moment(chance.number(4) * 1_000_000)),
        "flag" => Value::Flag(chance.often(50)),
        "color" => Value::text(chance.of(&COLORS)),
        "colors" => match (chance.of(&COLORS), chance.of(&COLORS)) {
            (one, other) if one == other => Value::Many(vec![Value::text(one)]),
            (one, other) => Value::Many(vec![Value::text(one), Value::text(other)]),
        },
        "people" => Value::Many(vec![Value::Int(chance.number(3) + 1), Value::Int(chance.number(3) + 4)]),
        "about" => Value::item(ItemRef::new(chance.of(&[kind::DEAL, kind::CONTACT]), chance.number(12))),
        "responsible" => Value::user(UserId(chance.number(3) + 1)),
        "phone" => {
            let (one, other) = (chance.of(&PHONES), chance.of(&PHONES));
            phones(&[one, other])
        }
        "email" => points(FieldKind::Email, &[chance.of(&["Ivan@Example.com", "boris@example.com", "анна@пример.рф"])]),
        other => panic!("no answers to {other} here"),
    }
}

/// Fields that random items answer and random conditions ask.
pub const FIELDS: [&str; 18] = [
    "title",
    "words",
    "story",
    "currency",
    "count",
    "file",
    "contact",
    "share",
    "amount",
    "day",
    "moment",
    "flag",
    "color",
    "colors",
    "people",
    "about",
    "responsible",
    "phone",
];

pub fn answers(chance: &mut Chance) -> Values {
    let mut values = Values::new();
    for field in FIELDS {
        let value = answer(chance, field);
        if !value.is_empty() {
            values.set(field, value);
        }
    }
    values
}
