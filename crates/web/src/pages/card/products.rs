//! Price lines of a card: product, quantity, price, discount and tax, changed in place; totals by rate of tax.

use super::load;
use crate::answers::Answers;
use crate::fields;
use crate::pages::show;
use crate::view::slug;
use crate::{Answer, View, Viewer, Web, work};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use crm::products::line;
use crm::{Action, House, Outcome, Refusal, Value, Values, code, kind};

/// What is typed into a line.
const TYPED: [&str; 7] = [code::TITLE, line::QUANTITY, line::UNIT, line::PRICE, "discount_percent", line::VAT_RATE, line::VAT_INCLUDED];

struct Line {
    id: i64,
    title: String,
    quantity: String,
    unit: String,
    price: String,
    discount: String,
    vat_rate: String,
    vat_included: bool,
    total: String,
}

struct Totals {
    gross: String,
    discount: String,
    /// Rate and tax.
    taxes: Vec<(String, String)>,
    total: String,
}

#[derive(Template)]
#[template(path = "card_products.html")]
struct Products {
    view: View,
    slug: String,
    id: i64,
    lines: Vec<Line>,
    totals: Option<Totals>,
    may_change: bool,
    /// The word in addresses of the catalogue.
    catalogue: Option<String>,
}

fn piece(house: &House, viewer: &Viewer, word: &str, id: i64) -> Outcome<Products> {
    house.read(|read| {
        let (shape, item) = load(read, viewer, word, id)?;
        let view = View::piece(house, viewer);
        let answers = Answers::new(read, &viewer.rights, viewer.lang, view.zone.clone());
        let schema = read.schema();
        let kind = schema.kind(kind::PRICE_LINE).ok_or_else(Refusal::not_found)?;
        let found = crm::products::lines(read, &viewer.rights, item.at())?;
        let sums = crm::products::totals(&found);
        let typed = |line: &crm::Item, code: &str| match kind.field(code) {
            Some(field) => fields::input(&answers, field, line.values.get(code))
                .map(|input| input.value.replace('.', if viewer.lang == crm::Lang::Ru { "," } else { "." })),
            None => Ok(String::new()),
        };
        let money = |minor: i64| crm::format::money(minor, item.values.text(code::CURRENCY), viewer.lang);
        let mut lines = Vec::new();
        for one in &found {
            lines.push(Line {
                id: one.id,
                title: one.title().to_owned(),
                quantity: typed(one, line::QUANTITY)?,
                unit: one.values.text(line::UNIT).to_owned(),
                price: typed(one, line::PRICE)?,
                discount: typed(one, "discount_percent")?,
                vat_rate: typed(one, line::VAT_RATE)?,
                vat_included: one.values.flag(line::VAT_INCLUDED),
                total: money(one.values.get(line::TOTAL).as_money().unwrap_or(0)),
            });
        }
        let rate = |scaled: i64| view.with("products-vat", "rate", fields_number(scaled, viewer.lang));
        let taxes = sums.rates.iter().filter_map(|one| one.rate.map(|scaled| (rate(scaled), money(one.vat)))).collect();
        let totals = (!found.is_empty()).then(|| Totals {
            gross: money(sums.gross),
            discount: if sums.discount == 0 { String::new() } else { money(-sums.discount) },
            taxes,
            total: money(sums.total),
        });
        let may_pick = viewer.rights.scope(kind::PRODUCT, Action::Read) != crm::Scope::None;
        Ok(Products {
            slug: slug(&shape),
            id: item.id,
            lines,
            totals,
            may_change: viewer.rights.may(Action::Change, &item),
            catalogue: schema.kind(kind::PRODUCT).filter(|_| may_pick).map(slug),
            view,
        })
    })
}

fn fields_number(scaled: i64, lang: crm::Lang) -> String {
    let text = format!("{}.{:04}", scaled / 10_000, scaled % 10_000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if lang == crm::Lang::Ru { text.replace('.', ",") } else { text.to_owned() }
}

pub(super) async fn products(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>) -> Answer {
    show(&work(&web.house, move |house| piece(house, &viewer, &word, id)).await?)
}

/// What a form says of a line; what it does not name stays.
fn given(house: &House, form: &[(String, String)]) -> Outcome<Values> {
    house.read(|read| {
        let schema = read.schema();
        let kind = schema.kind(kind::PRICE_LINE).ok_or_else(Refusal::not_found)?;
        let mut values = Values::new();
        for field in TYPED.iter().filter_map(|code| kind.field(code)) {
            if let Some(value) = fields::taken(field, form, &house.firm.zone) {
                values.set(field.code.clone(), value);
            }
        }
        if let Some(product) = form.iter().find(|(name, _)| name == line::PRODUCT).and_then(|(_, id)| id.parse().ok()) {
            values.set(line::PRODUCT, Value::Int(product));
        }
        Ok(values)
    })
}

/// A new line: of a product, or free.
pub(super) async fn add(State(web): State<Web>, viewer: Viewer, Path((word, id)): Path<(String, i64)>, Form(form): Form<Vec<(String, String)>>) -> Answer {
    let fresh = work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let mut values = given(house, &form)?;
        if values.get(line::PRODUCT).is_empty() && values.get(line::PRICE).is_empty() {
            values.set(line::PRICE, Value::money(0));
        }
        let (rights, cause, at) = (viewer.rights.clone(), viewer.cause(house.now()), item.at());
        house.transact(move |tx| crm::products::put_line(tx, &rights, &cause, at, None, &values).map(drop))?;
        piece(house, &viewer, &word, id)
    })
    .await?;
    show(&fresh)
}

pub(super) async fn change(
    State(web): State<Web>,
    viewer: Viewer,
    Path((word, id, line)): Path<(String, i64, i64)>,
    Form(form): Form<Vec<(String, String)>>,
) -> Answer {
    let fresh = work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let values = given(house, &form)?;
        let (rights, cause, at) = (viewer.rights.clone(), viewer.cause(house.now()), item.at());
        house.transact(move |tx| crm::products::put_line(tx, &rights, &cause, at, Some(line), &values).map(drop))?;
        piece(house, &viewer, &word, id)
    })
    .await?;
    show(&fresh)
}

pub(super) async fn remove(State(web): State<Web>, viewer: Viewer, Path((word, id, line)): Path<(String, i64, i64)>) -> Answer {
    let fresh = work(&web.house, move |house| {
        let (_, item) = house.read(|read| load(read, &viewer, &word, id))?;
        let (rights, cause, at) = (viewer.rights.clone(), viewer.cause(house.now()), item.at());
        house.transact(move |tx| crm::products::remove_line(tx, &rights, &cause, at, line))?;
        piece(house, &viewer, &word, id)
    })
    .await?;
    show(&fresh)
}
