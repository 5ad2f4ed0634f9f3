//! Answers that follow from others: worked out at once, kept up to date across records, refused when they cannot be.

use crate::firm::*;
use crm::{Decimal, EntityType, EntityTypeId, Fact, Feature, Field, FieldKind, FormulaResult, ItemRef, Rights, Value, Values, code, formula, kind};

const PAYMENT: EntityTypeId = EntityTypeId(131);

fn deal() -> EntityType {
    let rows = vec![field("price", FieldKind::Money), field("quantity", FieldKind::Integer)];
    shape(
        kind::DEAL,
        "deal",
        true,
        &[Feature::Client, Feature::Bin],
        vec![
            field("price", FieldKind::Money),
            field("discount", FieldKind::Decimal),
            field("signed", FieldKind::Date),
            Field { multiple: true, ..field("costs", FieldKind::Record { fields: rows }) },
            formula("final", "round(price * (100 - discount) / 100, 2)", FormulaResult::Money),
            formula("paid", "sum(payment.deal, amount, state = 'paid')", FormulaResult::Money),
            formula("payments", "count(payment.deal)", FormulaResult::Integer),
            formula(
                "balance",
                "sum(payment.deal, amount, state = 'paid') - sum(payment.deal, amount, state <> 'paid') + count(payment.deal) - 1",
                FormulaResult::Money,
            ),
            formula("last", "max(payment.deal, day)", FormulaResult::Date),
            formula("rest", "final - paid", FormulaResult::Money),
            formula("closed", "filled(price) and rest <= 0", FormulaResult::Flag),
            formula("city", "contact.city", FormulaResult::Text),
            formula("spent", "sum(costs, price * quantity)", FormulaResult::Money),
            formula("due", "addmonths(signed, 1)", FormulaResult::Date),
        ],
    )
}

fn payment() -> EntityType {
    let states = ["plan", "paid"].map(|code| crm::Choice::new(code, code, code)).to_vec();
    shape(
        PAYMENT,
        "payment",
        false,
        &[Feature::Bin],
        vec![
            link("deal", kind::DEAL),
            field(code::AMOUNT, FieldKind::Money),
            field("state", FieldKind::Choice { options: states }),
            field("day", FieldKind::Date),
        ],
    )
}

fn office() -> Office {
    let total = vec![field("city", FieldKind::Text), formula("owed", "sum(deal.contact, rest)", FormulaResult::Money)];
    let way = pipeline(kind::DEAL, "main", vec![stage("NEW", crm::Ending::Open), stage("WON", crm::Ending::Won)]);
    Office::open(vec![contact(total), deal(), payment()], vec![way])
}

fn pay(office: &Office, deal: ItemRef, amount: i64, state: &str, day: &str) -> ItemRef {
    let day = Value::date(day.parse().unwrap());
    office.made(PAYMENT, Values::from([("deal", Value::Int(deal.id)), (code::AMOUNT, Value::money(amount)), ("state", text(state)), ("day", day)]))
}

#[test]
fn answers_follow_from_answers_of_the_same_record_in_the_right_order() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::from([("price", Value::money(10_005)), ("discount", text("10")), ("signed", text("2026-01-31"))]));
    let item = office.item(deal);
    assert_eq!(item.values.get("final"), &Value::money(9_005), "100.05 less 10 % is 90.045: a half goes up");
    assert_eq!(item.values.get("rest"), &Value::money(9_005));
    assert_eq!(item.values.get("closed"), &Value::Flag(false));
    assert_eq!(item.values.get("due"), &Value::date("2026-02-28".parse().unwrap()));
    assert_eq!(item.values.get("payments"), &Value::Int(0));
    assert_eq!(item.values.get("last"), &Value::Null, "nothing has no largest");
    let item = office.changed(deal, Values::from([("discount", Value::Null)]));
    assert_eq!(item.values.get("final"), &Value::money(10_005), "no discount is none");
}

#[test]
fn a_payment_changes_the_deal_and_the_client_above_it_and_both_leave_events() {
    let office = office();
    let ivanov = office.made(kind::CONTACT, Values::from([("last_name", text("Иванов")), ("city", text("Омск"))]));
    let deal = office.made(kind::DEAL, Values::from([("price", Value::money(50_000)), (code::CONTACT, Value::Int(ivanov.id))]));
    assert_eq!(office.item(ivanov).values.get("owed"), &Value::money(50_000));
    let first = pay(&office, deal, 20_000, "paid", "2026-03-01");
    let second = pay(&office, deal, 30_000, "plan", "2026-04-01");
    assert_eq!(office.item(deal).values.get("paid"), &Value::money(20_000));
    assert_eq!(office.item(deal).values.get("payments"), &Value::Int(2));
    assert_eq!(office.item(deal).values.get("last"), &Value::date("2026-04-01".parse().unwrap()));
    assert_eq!(office.item(ivanov).values.get("owed"), &Value::money(30_000));
    assert_eq!(office.item(deal).values.get("balance"), &Value::money(20_000 - 30_000 + 200 - 100));
    office.changed(second, Values::from([("state", text("paid"))]));
    assert_eq!(office.item(deal).values.get("closed"), &Value::Flag(true));
    assert_eq!(office.item(ivanov).values.get("owed"), &Value::money(0));
    let seen = office.facts(ivanov).into_iter().any(|fact| matches!(&fact, Fact::Changed { changes } if changes.iter().any(|change| change.field == "owed")));
    assert!(seen, "triggers and history see it");
    // Taken away, put back, moved to another deal.
    let (rights, cause) = (office.rights(), office.cause());
    office.done(move |tx| crm::item::delete(tx, &rights, &cause, first));
    assert_eq!(office.item(deal).values.get("paid"), &Value::money(30_000));
    let (rights, cause) = (office.rights(), office.cause());
    office.done(move |tx| crm::item::restore(tx, &rights, &cause, first));
    assert_eq!(office.item(deal).values.get("paid"), &Value::money(50_000));
    let other = office.made(kind::DEAL, Values::from([("price", Value::money(20_000))]));
    office.changed(first, Values::from([("deal", Value::Int(other.id))]));
    assert_eq!(office.item(deal).values.get("paid"), &Value::money(30_000));
    assert_eq!(office.item(other).values.get("paid"), &Value::money(20_000));
    assert_eq!(office.item(other).values.get("balance"), &Value::money(20_000));
    assert_eq!(office.item(deal).values.get("balance"), &Value::money(30_000));
    assert_eq!(office.item(deal).values.get("last"), &Value::date("2026-04-01".parse().unwrap()));
}

#[test]
fn a_hop_follows_the_linked_record_however_many_look_at_it() {
    let office = office();
    let ivanov = office.made(kind::CONTACT, Values::from([("city", text("Омск"))]));
    let deals: Vec<ItemRef> = (0..450).map(|_| office.made(kind::DEAL, Values::from([(code::CONTACT, Value::Int(ivanov.id))]))).collect();
    office.changed(ivanov, Values::from([("city", text("Томск"))]));
    let of = |at: &ItemRef| office.item(*at).values.text("city").to_owned();
    assert_eq!(deals.iter().filter(|at| of(at) == "Томск").count(), 200, "one transaction does not take everybody's time");
    // The worker carries on with jobs until nobody is left.
    for _ in 0..2 {
        let now = office.now;
        office.done(move |tx| {
            for job in tx.claim_jobs(now, now, 10)? {
                crm::command::carry_out(tx, &Rights::system(), &crm::Cause::new(crm::Actor::System, now), &job.command)?;
                tx.finish_job(&job)?;
            }
            Ok(())
        });
    }
    assert!(deals.iter().all(|at| of(at) == "Томск"));
}

#[test]
fn rows_of_a_table_are_added_up() {
    let office = office();
    let row = |price: i64, quantity: i64| Value::Record(Values::from([("price", Value::money(price)), ("quantity", Value::Int(quantity))]));
    let deal = office.made(kind::DEAL, Values::from([("costs", Value::Many(vec![row(2_500_000, 1), row(10_050, 3)]))]));
    assert_eq!(office.item(deal).values.get("spent"), &Value::money(2_530_150));
}

#[test]
fn a_formula_is_written_by_nobody() {
    let office = office();
    let refused = office.create(kind::DEAL, Values::from([("final", Value::money(1))]));
    // Anna is an administrator, and still.
    assert_eq!(named(refused), ("wrong_values".into(), vec!["final".into()]));
}

#[test]
fn thousands_of_payments_are_not_added_up_anew_for_each() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::from([("price", Value::money(1))]));
    let cause = office.cause();
    let began = std::time::Instant::now();
    office.done(move |tx| {
        for at in (0..100_i8).cycle().take(2_000) {
            let day = Value::date(jiff::civil::Date::new(2026, 1 + (at % 12), 1 + (at % 28)).unwrap());
            let values = Values::from([("deal", Value::Int(deal.id)), (code::AMOUNT, Value::money(7)), ("state", text("paid")), ("day", day)]);
            crm::item::create(tx, &Rights::system(), &cause, PAYMENT, &values)?;
        }
        Ok(())
    });
    assert_eq!(office.item(deal).values.get("paid"), &Value::money(14_000));
    assert_eq!(office.item(deal).values.get("payments"), &Value::Int(2_000));
    assert_eq!(office.item(deal).values.get("last"), &Value::date("2026-12-28".parse().unwrap()).clone());
    // Added up anew each time, this reads two million rows for each of the three sums.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

fn refused(kind: EntityTypeId, code: &str, expression: &str, result: FormulaResult) -> crm::Refusal {
    let office = office();
    formula::check(&office.schema(), kind, &formula(code, expression, result)).expect_err(expression)
}

#[test]
fn a_cycle_is_refused_with_its_way() {
    let office = office();
    let schema = office.schema();
    let with = |fields: &[(&str, &str)]| {
        let mut schema = (*schema).clone();
        let deal = schema.types.get_mut(&kind::DEAL).unwrap();
        deal.fields.extend(fields.iter().map(|(code, expression)| formula(code, expression, FormulaResult::Money)));
        schema
    };
    let check =
        |schema: &crm::Schema, code: &str, expression: &str| formula::check(schema, kind::DEAL, &formula(code, expression, FormulaResult::Money)).unwrap_err();
    let refusal = check(&with(&[("b", "price + 1"), ("c", "b * 2")]), "b", "c - 1");
    assert_eq!((refusal.code.as_ref(), refusal.text.en.rsplit(": ").next()), ("formula_cycle", Some("b → c → b")));
    assert!(check(&schema, "self", "self + 1").text.ru.contains("self → self"));
    let across = check(&schema, "final", "contact.owed");
    assert!(across.text.en.ends_with("deal.final → contact.owed → deal.rest → deal.final"), "{}", across.text.en);
    assert_eq!(formula::check_all(&schema), Ok(()));
    assert_eq!(formula::check_all(&with(&[("b", "c"), ("c", "b")])).unwrap_err().code, "formula_cycle");
}

#[test]
fn a_mistake_is_refused_with_its_place_and_in_plain_words() {
    for (expression, result, says) in [
        ("price +", FormulaResult::Money, "знак 8"),
        ("price + 'x'", FormulaResult::Money, "нужно: число, а здесь текст"),
        ("prise", FormulaResult::Money, "поля «prise» нет"),
        ("contact.prise", FormulaResult::Money, "никуда не ведёт"),
        ("price", FormulaResult::Text, "получается число, а нужно: текст"),
        ("if(price, 1, 2)", FormulaResult::Money, "нужно: да или нет"),
        ("if(price > 0, 1, 'x')", FormulaResult::Money, "нужно: число"),
        ("days(today(), signed)", FormulaResult::Integer, "меняется сам"),
        ("sum(payment.contact, amount)", FormulaResult::Money, "тип.ссылка"),
        ("sum(payment.deal, deal.price)", FormulaResult::Money, "только поля самой строки"),
        ("frobnicate(price)", FormulaResult::Money, "функции «frobnicate» нет"),
        ("round(price, 1, 2)", FormulaResult::Money, "нужно значений: 2"),
        ("(price", FormulaResult::Money, "скобка не закрыта"),
        ("concat('x", FormulaResult::Text, "кавычка не закрыта"),
        ("price @ 2", FormulaResult::Money, "непонятный знак «@»"),
        ("costs = 1", FormulaResult::Flag, "нельзя сравнить"),
    ] {
        let refusal = refused(kind::DEAL, "f", expression, result);
        assert!(refusal.text.ru.contains(says), "{expression}: {}", refusal.text.ru);
    }
    let deep = format!("{}1{}", "(".repeat(500), ")".repeat(500));
    assert!(refused(kind::DEAL, "f", &deep, FormulaResult::Integer).text.ru.contains("сложная"));
    assert!(refused(kind::DEAL, "f", &vec!["1"; 900].join("+"), FormulaResult::Integer).text.ru.contains("сложная"));
}

#[test]
fn the_list_of_uses_of_a_field_names_the_formulas_that_rest_on_it() {
    let office = office();
    let uses = |kind, code: &str| formula::uses(&office.schema(), kind, code);
    assert_eq!(uses(PAYMENT, code::AMOUNT), [(kind::DEAL, "paid".to_owned()), (kind::DEAL, "balance".to_owned())]);
    assert_eq!(uses(kind::CONTACT, "city"), [(kind::DEAL, "city".to_owned())]);
    assert_eq!(uses(kind::DEAL, "signed"), [(kind::DEAL, "due".to_owned())]);
    assert_eq!(uses(kind::DEAL, "rest"), [(kind::DEAL, "closed".to_owned()), (kind::CONTACT, "owed".to_owned())]);
}

#[test]
fn a_formula_made_later_is_filled_in_for_all() {
    let office = office();
    let deals: Vec<ItemRef> = (1..=7).map(|price| office.made(kind::DEAL, Values::from([("price", Value::money(price))]))).collect();
    office.done(|tx| {
        let mut shape = deal();
        shape.fields.push(formula("double", "price * 2", FormulaResult::Money));
        tx.install_type(&shape)
    });
    let mut after = Some(0);
    let mut rounds = 0;
    while let Some(from) = after {
        after = office.done(move |tx| formula::fill(tx, kind::DEAL, from, 3));
        rounds += 1;
    }
    assert_eq!(rounds, 3);
    for (at, price) in deals.iter().zip(1..) {
        assert_eq!(office.item(*at).values.get("double"), &Value::money(price * 2));
    }
}

/// A small seeded source of chance.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[usize::try_from(self.roll(list.len() as u64)).unwrap()]
    }

    fn expression(&mut self, depth: u32) -> String {
        if depth == 0 || self.roll(4) == 0 {
            return self
                .pick(&[
                    "price",
                    "discount",
                    "signed",
                    "0",
                    "1",
                    "99999999999999",
                    "0.00000001",
                    "'да'",
                    "contact.owed",
                    "contact.city",
                    "true",
                    "stage",
                    "id",
                    "title",
                    "contact",
                    "updated_at",
                    "payments",
                ])
                .to_owned();
        }
        let (a, b, c) = (self.expression(depth - 1), self.expression(depth - 1), self.expression(depth - 1));
        match self.roll(14) {
            0..=3 => format!("({a} {} {b})", self.pick(&["+", "-", "*", "/"])),
            4 => format!("({a} {} {b})", self.pick(&["=", "<>", "<", "<=", ">", ">="])),
            5 => format!("({a} {} {b})", self.pick(&["and", "or"])),
            6 => format!("if({a} > 0, {b}, {c})"),
            7 => format!("round({a}, {b})"),
            8 => format!("-{a}"),
            9 => format!("{}({a})", self.pick(&["floor", "ceil", "abs", "year", "text", "filled", "date"])),
            10 => format!("{}({a}, {b})", self.pick(&["min", "max", "days", "adddays", "addmonths", "concat", "has"])),
            11 => format!("sum(payment.deal, {a})"),
            12 => format!("count(payment.deal, {a} = {b})"),
            _ => format!("{a}{}{b}", self.pick(&[" ", "", ".", ",", "(", "\"", "💥"])),
        }
    }
}

#[test]
fn no_expression_and_no_answers_bring_it_down() {
    let mut dice = Dice(0x5eed);
    let office = office();
    let schema = office.schema();
    let results = [
        FormulaResult::Text,
        FormulaResult::Integer,
        FormulaResult::Decimal,
        FormulaResult::Money,
        FormulaResult::Date,
        FormulaResult::Moment,
        FormulaResult::Flag,
    ];
    let mut good: Vec<Field> = Vec::new();
    let mut tried = 0;
    while good.len() < 40 && tried < 200_000 {
        tried += 1;
        let expression = dice.expression(1 + u32::try_from(tried % 4).unwrap());
        let result = results[usize::try_from(dice.roll(7)).unwrap()];
        let field = formula(&format!("f{}", good.len()), &expression, result);
        if formula::check(&schema, kind::DEAL, &field).is_ok() {
            good.push(field);
        }
    }
    assert_eq!(good.len(), 40, "{tried} tried");
    office.done(move |tx| {
        let mut shape = deal();
        shape.fields.extend(good.clone());
        tx.install_type(&shape.complete())
    });
    let ivanov = office.made(kind::CONTACT, Values::new());
    for _ in 0..25 {
        let mut values = Values::from([(code::CONTACT, Value::Int(ivanov.id))]);
        if dice.roll(3) > 0 {
            values.set("price", Value::money([0, 1, 99_999_999_999_999][usize::try_from(dice.roll(3)).unwrap()]));
        }
        if dice.roll(3) > 0 {
            values.set("discount", Value::Decimal(Decimal { scaled: [0, 1, -1, i64::MAX, i64::MIN][usize::try_from(dice.roll(5)).unwrap()] }));
        }
        if dice.roll(3) > 0 {
            values.set(
                "signed",
                Value::date([jiff::civil::Date::MIN, jiff::civil::Date::MAX, "2026-02-28".parse().unwrap()][usize::try_from(dice.roll(3)).unwrap()]),
            );
        }
        let deal = office.made(kind::DEAL, values);
        pay(&office, deal, 99_999_999_999_999, "paid", "2026-01-01");
    }
}
