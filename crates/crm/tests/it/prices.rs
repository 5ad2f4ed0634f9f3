//! Price lines of a card, as the types of the base pack work them out.

use crate::firm::*;
use crm::pack::PackType;
use crm::products::{self, ByRate};
use crm::{Ending, EntityType, Feature, FieldKind, Item, ItemRef, Outcome, Rights, Value, Values, code, kind};

fn shipped(name: &str) -> EntityType {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../packs/base/types/{name}.toml"));
    let pack: PackType = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
    pack.shape(pack.id.unwrap())
}

fn office() -> Office {
    let deal = shape(kind::DEAL, "deal", true, &[Feature::Products], vec![field(code::AMOUNT, FieldKind::Money)]);
    let types = vec![contact(vec![]), deal, shipped("product_section"), shipped("product"), shipped("price_line")];
    Office::open(types, vec![pipeline(kind::DEAL, "main", vec![stage("NEW", Ending::Open)])])
}

fn put(office: &Office, card: ItemRef, known: Option<i64>, values: Values) -> Outcome<Item> {
    let (rights, cause) = (office.rights(), office.cause());
    office.tx(move |tx| products::put_line(tx, &rights, &cause, card, known, &values))
}

fn line(values: &[(&str, &str)]) -> Values {
    Values(values.iter().map(|(code, answer)| ((*code).to_owned(), text(answer))).collect())
}

#[test]
fn formulas_of_the_shipped_types_are_sound() {
    assert_eq!(crm::formula::check_all(&office().schema()), Ok(()));
}

#[test]
fn each_line_is_rounded_by_itself_a_half_up() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::new());
    for (given, sums) in [
        // gross, discount, net, vat, total in minor units
        (line(&[("quantity", "3"), ("price", "100"), ("vat_rate", "22")]), [30_000, 0, 30_000, 5_410, 30_000]),
        (line(&[("quantity", "1"), ("price", "100"), ("vat_rate", "22"), ("vat_included", "no")]), [10_000, 0, 10_000, 2_200, 12_200]),
        (line(&[("quantity", "0,333"), ("price", "0,15")]), [5, 0, 5, 0, 5]),
        (line(&[("quantity", "1"), ("price", "0,05"), ("discount_percent", "10")]), [5, 1, 4, 0, 4]),
        (line(&[("quantity", "2"), ("price", "50"), ("discount_percent", "10"), ("discount_amount", "30")]), [10_000, 3_000, 7_000, 0, 7_000]),
        (line(&[("quantity", "1"), ("price", "10"), ("discount_amount", "30")]), [1_000, 1_000, 0, 0, 0]),
        (
            line(&[("quantity", "1"), ("price", "999999999999,99"), ("vat_rate", "100")]),
            [99_999_999_999_999, 0, 99_999_999_999_999, 50_000_000_000_000, 99_999_999_999_999],
        ),
    ] {
        let made = put(&office, deal, None, given.clone()).unwrap_or_else(|fault| panic!("{}", fault.describe()));
        let found = ["gross", "discount", "net", "vat", "total"].map(|code| made.values.get(code).as_money().unwrap_or(0));
        assert_eq!(found, sums, "{given:?}");
    }
}

#[test]
fn the_cards_amount_follows_its_lines_and_nobody_writes_it_by_hand() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::from([(code::AMOUNT, Value::money(1))]));
    let first = put(&office, deal, None, line(&[("price", "100"), ("vat_rate", "22")])).unwrap();
    assert_eq!(office.item(deal).values.get(code::AMOUNT), &Value::money(10_000));
    put(&office, deal, None, line(&[("price", "50"), ("quantity", "2"), ("vat_rate", "10"), ("vat_included", "no")])).unwrap();
    put(&office, deal, None, line(&[("price", "1")])).unwrap();
    assert_eq!(office.item(deal).values.get(code::AMOUNT), &Value::money(21_100));
    let rights = office.rights();
    let lines = office.read(|read| products::lines(read, &rights, deal));
    let totals = products::totals(&lines);
    assert_eq!((totals.lines, totals.vat, totals.total), (3, 1_803 + 1_000, 21_100));
    let rate = |rate: Option<i64>, base, vat| ByRate { rate, base, vat };
    assert_eq!(totals.rates, [rate(None, 100, 0), rate(Some(100_000), 10_000, 1_000), rate(Some(220_000), 8_197, 1_803)]);
    put(&office, deal, Some(first.id), line(&[("quantity", "2")])).unwrap();
    assert_eq!(office.item(deal).values.get(code::AMOUNT), &Value::money(31_100));
    assert_eq!(named(office.change(deal, Values::from([(code::AMOUNT, Value::money(5))]))), ("wrong_values".into(), vec!["amount".into()]));
    let changes = office.facts(deal).into_iter().filter(|fact| matches!(fact, crm::Fact::Changed { .. })).count();
    assert_eq!(changes, 4, "each is an event");
    for line in lines {
        let (rights, cause) = (office.rights(), office.cause());
        office.done(move |tx| products::remove_line(tx, &rights, &cause, deal, line.id));
    }
    assert_eq!(office.item(deal).values.get(code::AMOUNT), &Value::money(100), "the last total stays and can be written over again");
    office.changed(deal, Values::from([(code::AMOUNT, Value::money(5))]));
}

#[test]
fn a_line_takes_over_the_product_and_stays_when_the_product_changes() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::new());
    let product = office.made(kind::PRODUCT, line(&[("title", "Банкротство"), ("price", "120000"), ("unit", "дело"), ("vat_rate", "22")]));
    let made = put(&office, deal, None, Values::from([("product", Value::Int(product.id))])).unwrap();
    assert_eq!((made.title(), made.values.text("unit"), made.values.get("total")), ("Банкротство", "дело", &Value::money(12_000_000)));
    office.changed(product, line(&[("price", "150000")]));
    assert_eq!(office.item(made.at()).values.get("total"), &Value::money(12_000_000));
}

#[test]
fn lines_are_changed_by_whoever_may_change_the_card_and_only_in_their_own() {
    let office = office();
    let deal = office.made(kind::DEAL, Values::new());
    let other = office.made(kind::DEAL, Values::new());
    let made = put(&office, deal, None, line(&[("price", "1")])).unwrap();
    assert_eq!(refusal(put(&office, other, Some(made.id), line(&[("price", "2")]))).code, "not_found");
    let ivanov = office.made(kind::CONTACT, Values::new());
    assert_eq!(refusal(put(&office, ivanov, None, line(&[("price", "1")]))).code, "no_products");
    let grants = [((kind::DEAL, crm::Action::Read), crm::Grant::of(crm::Scope::All))];
    let (reader, cause) = (Rights { user: office.anna, grants: grants.into(), ..Rights::default() }, office.cause());
    let held = reader.clone();
    assert_eq!(refusal(office.tx(move |tx| products::put_line(tx, &held, &cause, deal, None, &line(&[("price", "1")])))).code, "access_denied");
    assert_eq!(office.read(|read| products::lines(read, &reader, deal)).len(), 1);
    assert!(office.read(|read| products::lines(read, &Rights { user: office.anna, ..Rights::default() }, deal)).is_empty());
}
