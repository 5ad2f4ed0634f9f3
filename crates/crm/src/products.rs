//! Price lines of a card: what is sold, at what price, with which discount and tax; and the card's amount that follows.

use crate::doors::{Read, Tx};
use crate::entity::{EntityType, Feature, code, kind};
use crate::event::{Actor, Cause, Change, Fact};
use crate::failure::{Outcome, Refusal};
use crate::ids::ItemRef;
use crate::item::{Item, demand};
use crate::query::{Filter, Op, Order, Query};
use crate::rights::{Action, Rights};
use crate::value::{Value, Values};
use std::collections::BTreeMap;

/// So many lines has a card at most.
const MOST: usize = 500;

/// Codes of a line's fields.
pub mod line {
    /// The product of the catalogue, if it is one.
    pub const PRODUCT: &str = "product";
    /// How many.
    pub const QUANTITY: &str = "quantity";
    /// Price of one.
    pub const PRICE: &str = "price";
    /// Per cent of value added tax; empty: without.
    pub const VAT_RATE: &str = "vat_rate";
    /// The price includes the tax.
    pub const VAT_INCLUDED: &str = "vat_included";
    /// Unit.
    pub const UNIT: &str = "unit";
    /// Place in the list.
    pub const POSITION: &str = "position";
    /// What the discount takes off; worked out.
    pub const DISCOUNT: &str = "discount";
    /// Quantity times price; worked out.
    pub const GROSS: &str = "gross";
    /// After the discount; worked out.
    pub const NET: &str = "net";
    /// The tax; worked out.
    pub const VAT: &str = "vat";
    /// What the client pays for it; worked out.
    pub const TOTAL: &str = "total";
}

/// Sums of the lines with one rate of tax, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ByRate {
    /// Per cent in ten-thousandths; `None`: without tax.
    pub rate: Option<i64>,
    /// Without the tax.
    pub base: i64,
    /// The tax.
    pub vat: i64,
}

/// Sums of a card's lines, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many lines.
    pub lines: usize,
    /// Before discounts.
    pub gross: i64,
    /// All discounts.
    pub discount: i64,
    /// All taxes.
    pub vat: i64,
    /// What the client pays.
    pub total: i64,
    /// By rate of tax, without tax first.
    pub rates: Vec<ByRate>,
}

/// The lines of a card that may be seen, in their order.
///
/// # Errors
/// Only failures of the database.
pub fn lines(read: &dyn Read, rights: &Rights, card: ItemRef) -> Outcome<Vec<Item>> {
    match read.item(rights, card)? {
        Some(_) => all_lines(read, card),
        None => Ok(Vec::new()),
    }
}

fn all_lines(read: &dyn Read, card: ItemRef) -> Outcome<Vec<Item>> {
    if read.schema().kind(kind::PRICE_LINE).is_none() {
        return Ok(Vec::new());
    }
    let mut query = Query::of(kind::PRICE_LINE).filter(Filter::is(code::ABOUT, Op::Eq, Value::item(card))).limit(500);
    query.order = vec![Order { field: code::ID.to_owned(), descending: false }];
    let mut lines = read.items(&Rights::system(), &query)?;
    lines.sort_by_key(|line| (line.values.int(line::POSITION).unwrap_or(0), line.id));
    Ok(lines)
}

/// The sums of lines: each line is rounded by itself, so the total is the total of what stands in the lines.
pub fn totals(lines: &[Item]) -> Totals {
    let mut sums = Totals { lines: lines.len(), ..Totals::default() };
    let mut rates: BTreeMap<Option<i64>, ByRate> = BTreeMap::new();
    for one in lines {
        let amount = |code: &str| one.values.get(code).as_money().unwrap_or(0);
        let (vat, total) = (amount(line::VAT), amount(line::TOTAL));
        sums.gross = sums.gross.saturating_add(amount(line::GROSS));
        sums.discount = sums.discount.saturating_add(amount(line::DISCOUNT));
        sums.vat = sums.vat.saturating_add(vat);
        sums.total = sums.total.saturating_add(total);
        let rate = match one.values.get(line::VAT_RATE) {
            Value::Decimal(decimal) => Some(decimal.scaled),
            _ => None,
        };
        let by_rate = rates.entry(rate).or_insert_with(|| ByRate { rate, ..ByRate::default() });
        by_rate.base = by_rate.base.saturating_add(total.saturating_sub(vat));
        by_rate.vat = by_rate.vat.saturating_add(vat);
    }
    sums.rates = rates.into_values().collect();
    sums
}

/// Adds a line to a card, or changes one. A new line of a product takes over its name, price, unit and tax where nothing
/// else is said. Who may change the card may change its lines.
///
/// # Errors
/// `no_products` for a card without price lines, `too_many` lines, wrong answers, and whom the rights do not allow.
pub fn put_line(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, card: ItemRef, known: Option<i64>, given: &Values) -> Outcome<Item> {
    demand(tx.read(), rights, Action::Change, card)?;
    let schema = tx.schema();
    if !schema.kind(card.kind).is_some_and(has_products) || schema.kind(kind::PRICE_LINE).is_none() {
        return Err(Refusal::new("no_products", "У таких карточек нет товарных позиций", "Such cards have no price lines").into());
    }
    let mut values = given.clone();
    // A line stays in its card, and nobody writes what is worked out.
    for kept in [code::ID, code::ABOUT, line::GROSS, line::DISCOUNT, line::NET, line::VAT, line::TOTAL] {
        values.0.remove(kept);
    }
    if let Some(product) = values.int(line::PRODUCT).filter(|id| *id != 0) {
        let product = tx.item(rights, ItemRef::new(kind::PRODUCT, product))?.ok_or_else(Refusal::not_found)?;
        if known.is_none() {
            take_over(&product, &mut values);
        }
    }
    match known {
        Some(id) => {
            let at = line_of(tx.read(), card, id)?;
            crate::item::change(tx, &Rights::system(), cause, at, &values)
        }
        None => {
            let lines = all_lines(tx.read(), card)?;
            if lines.len() >= MOST {
                return Err(Refusal::new("too_many", format!("В карточке не больше {MOST} позиций"), format!("A card has at most {MOST} lines")).into());
            }
            values.set(code::ABOUT, Value::item(card));
            if values.get(line::POSITION).is_empty() {
                let last = lines.iter().filter_map(|line| line.values.int(line::POSITION)).max().unwrap_or(0);
                values.set(line::POSITION, Value::Int(last.saturating_add(10)));
            }
            crate::item::create(tx, &Rights::system(), cause, kind::PRICE_LINE, &values)
        }
    }
}

/// Takes a line off a card.
///
/// # Errors
/// `not_found` when it stands elsewhere, and whom the rights do not allow.
pub fn remove_line(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, card: ItemRef, id: i64) -> Outcome<()> {
    demand(tx.read(), rights, Action::Change, card)?;
    let at = line_of(tx.read(), card, id)?;
    crate::item::delete(tx, &Rights::system(), cause, at)
}

fn line_of(read: &dyn Read, card: ItemRef, id: i64) -> Outcome<ItemRef> {
    let at = ItemRef::new(kind::PRICE_LINE, id);
    let line = read.item(&Rights::system(), at)?.filter(|line| line.values.get(code::ABOUT).as_ref_to() == Some(card));
    line.map(|_| at).ok_or_else(|| Refusal::not_found().into())
}

fn take_over(product: &Item, values: &mut Values) {
    for field in [code::TITLE, line::PRICE, line::UNIT, line::VAT_RATE, line::VAT_INCLUDED] {
        if !values.0.contains_key(field) && !product.values.get(field).is_empty() {
            values.set(field, product.values.get(field).clone());
        }
    }
}

fn has_products(shape: &EntityType) -> bool {
    shape.features.contains(&Feature::Products) && shape.has(code::AMOUNT)
}

/// Whether a card's amount is the total of its lines: then nobody writes it by hand.
pub(crate) fn counts_amount(read: &dyn Read, shape: &EntityType, card: ItemRef) -> Outcome<bool> {
    Ok(card.id != 0 && has_products(shape) && !all_lines(read, card)?.is_empty())
}

/// The amount of a card follows its lines. When the last line goes, the amount stays: somebody may go on from it.
pub(crate) fn follow(tx: &mut dyn Tx, cause: &Cause, kind: crate::ids::EntityTypeId, before: Option<&Values>, after: Option<&Values>) -> Outcome<()> {
    if kind != kind::PRICE_LINE {
        return Ok(());
    }
    let mut cards: Vec<ItemRef> = [before, after].into_iter().flatten().filter_map(|values| values.get(code::ABOUT).as_ref_to()).collect();
    cards.dedup();
    let schema = tx.schema();
    for card in cards.into_iter().filter(|card| schema.kind(card.kind).is_some_and(has_products)) {
        tx.one_at_a_time(&format!("formula:{card}"))?;
        let lines = all_lines(tx.read(), card)?;
        let (Some(mut item), false) = (tx.item(&Rights::system(), card)?, lines.is_empty()) else { continue };
        let (old, new) = (item.values.get(code::AMOUNT).clone(), Value::money(totals(&lines).total));
        if old == new {
            continue;
        }
        let before = item.values.clone();
        item.values.set(code::AMOUNT, new.clone());
        let by_system = Cause { by: Actor::System, depth: cause.depth + 1, ..cause.clone() };
        let fact = Fact::Changed { changes: vec![Change { field: code::AMOUNT.to_owned(), old, new }] };
        crate::item::keep(tx, &by_system, &before, &mut item, vec![fact])?;
    }
    Ok(())
}
