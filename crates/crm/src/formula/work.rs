//! Working a formula out. Nothing here fails but the database: where there is no answer, the answer is nothing.

use super::parse::written;
use super::{Expr, ONE, Sign, Source, source};
use crate::doors::Read;
use crate::entity::{EntityType, Schema, code};
use crate::failure::Outcome;
use crate::field::{Field, FieldKind, FormulaResult};
use crate::ids::{EntityTypeId, ItemRef, StageId};
use crate::item::Item;
use crate::label::Lang;
use crate::query::{Filter, Op, Order, Page, Query};
use crate::rights::Rights;
use crate::time::{Date, Moment};
use crate::value::{Decimal, Value, Values};
use std::cmp::Ordering;

/// So many records below a record are added up; beyond them there is no answer rather than a wrong one.
pub(super) const MOST_ROWS: usize = 20_000;

/// A part of a formula worked out. Numbers are hundred-millionths.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Nothing,
    Number(i128),
    Text(String),
    Flag(bool),
    Date(Date),
    Moment(Moment),
    Many(Vec<Value>),
}

/// A record in which a formula is worked out.
pub(super) struct Scene<'a> {
    pub read: &'a dyn Read,
    pub schema: &'a Schema,
    pub shape: &'a EntityType,
    pub item: &'a Item,
}

/// Where answers of fields come from: the record or a row of a roll-up.
struct Row<'a> {
    values: &'a Values,
    source: Option<Source<'a>>,
}

impl Scene<'_> {
    /// The answer of a formula in the kind that its field wants.
    pub fn answer(&self, expr: &Expr, result: FormulaResult) -> Outcome<Value> {
        let row = Row { values: &self.item.values, source: None };
        Ok(self.work(expr, &row)?.of_kind(result))
    }

    fn work(&self, expr: &Expr, row: &Row<'_>) -> Outcome<Answer> {
        Ok(match expr {
            Expr::Number(number) => Answer::Number(*number),
            Expr::Text(text) => Answer::Text(text.clone()),
            Expr::Flag(flag) => Answer::Flag(*flag),
            Expr::Field(code, _) => {
                let field = row.source.as_ref().map_or_else(|| self.shape.field(code), |source| source.field(code));
                field.map_or(Answer::Nothing, |field| self.read_value(field, row.values.get(code)))
            }
            Expr::Path(link, code, _) => self.hop(link, code, row)?,
            Expr::Not(one) => Answer::Flag(!self.work(one, row)?.holds()),
            Expr::Negate(one) => number(self.work(one, row)?.number().and_then(i128::checked_neg)),
            Expr::Binary(Sign::And, one, other, _) => Answer::Flag(self.work(one, row)?.holds() && self.work(other, row)?.holds()),
            Expr::Binary(Sign::Or, one, other, _) => Answer::Flag(self.work(one, row)?.holds() || self.work(other, row)?.holds()),
            Expr::Binary(sign, one, other, _) => join(*sign, &self.work(one, row)?, &self.work(other, row)?),
            Expr::Call(name, args, _) => match source(self.schema, self.shape, name, args).filter(|_| row.source.is_none()) {
                Some(rows) => self.roll_up(name, args, rows)?,
                None => self.call(name, args, row)?,
            },
        })
    }

    fn hop(&self, link: &str, code: &str, row: &Row<'_>) -> Outcome<Answer> {
        let (Some(FieldKind::Link { to }), Some(id)) = (self.shape.field(link).map(|field| &field.kind), row.values.int(link)) else {
            return Ok(Answer::Nothing);
        };
        let (Some(field), true) = (self.schema.field(*to, code), row.source.is_none()) else { return Ok(Answer::Nothing) };
        let linked = self.read.item(&Rights::system(), ItemRef::new(*to, id))?;
        Ok(linked.map_or(Answer::Nothing, |linked| self.read_value(field, linked.values.get(code))))
    }

    /// An answer of a field as formulas see it.
    fn read_value(&self, field: &Field, value: &Value) -> Answer {
        match (&field.kind, value) {
            (_, Value::Null) => Answer::Nothing,
            (FieldKind::Stage, Value::Int(id)) => self.schema.stage(StageId(*id)).map_or(Answer::Nothing, |(_, stage)| Answer::Text(stage.code.clone())),
            (FieldKind::Pipeline, Value::Int(id)) => {
                let known = self.schema.pipelines.get(&crate::ids::PipelineId(*id));
                known.map_or(Answer::Nothing, |pipeline| Answer::Text(pipeline.code.clone()))
            }
            (_, Value::Int(whole)) => number(i128::from(*whole).checked_mul(ONE)),
            (_, Value::Decimal(decimal)) => number(i128::from(decimal.scaled).checked_mul(ONE / 10_000)),
            (_, Value::Money(money)) => number(i128::from(money.minor).checked_mul(ONE / 100)),
            (_, Value::Text(text)) => Answer::Text(text.clone()),
            (_, Value::Flag(flag)) => Answer::Flag(*flag),
            (_, Value::Date(one)) => Answer::Date(one.date),
            (_, Value::Moment(one)) => Answer::Moment(one.at),
            (_, Value::Ref(one)) => Answer::Text(one.item.to_string()),
            (_, Value::Points(points)) => points.list.first().map_or(Answer::Nothing, |point| Answer::Text(point.normal.clone())),
            (_, Value::Many(list)) => Answer::Many(list.clone()),
            (FieldKind::Address, Value::Record(parts)) => Answer::Text(crate::address::line(parts)),
            (_, Value::Record(_)) => Answer::Many(vec![value.clone()]),
        }
    }

    fn call(&self, name: &str, args: &[Expr], row: &Row<'_>) -> Outcome<Answer> {
        if name == "if" {
            let [condition, yes, no] = args else { return Ok(Answer::Nothing) };
            return self.work(if self.work(condition, row)?.holds() { yes } else { no }, row);
        }
        let answers: Vec<Answer> = args.iter().map(|arg| self.work(arg, row)).collect::<Outcome<_>>()?;
        let first = answers.first().unwrap_or(&Answer::Nothing);
        let second = answers.get(1).unwrap_or(&Answer::Nothing);
        Ok(match (name, first) {
            ("round", _) => {
                let places = second.number().unwrap_or(0) / ONE;
                number(first.number().and_then(|value| rounded(value, places)))
            }
            ("floor", Answer::Number(value)) => number(value.div_euclid(ONE).checked_mul(ONE)),
            ("ceil", Answer::Number(value)) => number(value.checked_neg().and_then(|value| value.div_euclid(ONE).checked_mul(-ONE))),
            ("abs", Answer::Number(value)) => number(value.checked_abs()),
            ("min", _) => best(answers, Ordering::Less),
            ("max", _) => best(answers, Ordering::Greater),
            ("concat", _) => Answer::Text(answers.iter().map(Answer::said).collect()),
            ("text", Answer::Nothing) => Answer::Nothing,
            ("text", one) => Answer::Text(one.said()),
            ("filled", one) => Answer::Flag(*one != Answer::Nothing),
            ("has", Answer::Many(list)) => Answer::Flag(matches!(second, Answer::Text(wanted) if list.iter().any(|one| one.as_text() == Some(wanted)))),
            ("has", _) => Answer::Flag(false),
            ("days", Answer::Date(from)) => match second {
                Answer::Date(to) => number(from.until(*to).ok().and_then(|span| i128::from(span.get_days()).checked_mul(ONE))),
                _ => Answer::Nothing,
            },
            ("adddays", Answer::Date(date)) => later(*date, second, |span, number| span.try_days(number)),
            ("addmonths", Answer::Date(date)) => later(*date, second, |span, number| span.try_months(number)),
            ("date", Answer::Moment(at)) => {
                let zone = crate::calendar::office_zone(self.read, self.item.values.int(code::OFFICE).unwrap_or(0))?;
                Answer::Date(at.timestamp().to_zoned(zone).date())
            }
            ("year", Answer::Date(date)) => Answer::Number(i128::from(date.year()) * ONE),
            ("month", Answer::Date(date)) => Answer::Number(i128::from(date.month()) * ONE),
            ("day", Answer::Date(date)) => Answer::Number(i128::from(date.day()) * ONE),
            _ => Answer::Nothing,
        })
    }

    fn roll_up(&self, name: &str, args: &[Expr], source: Source<'_>) -> Outcome<Answer> {
        let own = usize::from(name != "count");
        let condition = args.get(1 + own);
        if let (Source::Records(shape, link), "count", None) = (&source, name, condition) {
            let counted = match self.item.id {
                0 => 0,
                _ => self.read.count(&Rights::system(), &below(shape, link, self.item.at()), u64::from(u32::MAX))?.counted,
            };
            return Ok(number(i128::from(counted).checked_mul(ONE)));
        }
        let mut tally = Tally::default();
        let mut take = |values: &Values| -> Outcome<()> {
            if let Some(part) = self.contribution(args, own == 1, condition, source, values)? {
                tally.add(part);
            }
            Ok(())
        };
        match source {
            Source::Rows(field, _) => {
                for row in self.item.values.get(&field.code).as_list() {
                    if let Value::Record(values) = row {
                        take(values)?;
                    }
                }
            }
            Source::Records(shape, link) if self.item.id != 0 => {
                let mut query = below(shape, link, self.item.at());
                let mut seen = 0;
                loop {
                    let page = self.read.items(&Rights::system(), &query)?;
                    seen += page.len();
                    if seen > MOST_ROWS {
                        return Ok(Answer::Nothing);
                    }
                    page.iter().try_for_each(|item| take(&item.values))?;
                    match page.last() {
                        Some(last) if page.len() >= 500 => query.page.after = Some((vec![Value::Int(last.id)], last.id)),
                        _ => break,
                    }
                }
            }
            Source::Records(..) => {}
        }
        Ok(tally.answer(name))
    }

    /// What one row adds to a roll-up; `None` when it does not count.
    fn contribution(&self, args: &[Expr], own: bool, condition: Option<&Expr>, source: Source<'_>, values: &Values) -> Outcome<Option<Answer>> {
        let row = Row { values, source: Some(source) };
        if let Some(condition) = condition
            && !self.work(condition, &row)?.holds()
        {
            return Ok(None);
        }
        match own {
            true => args.get(1).map(|arg| self.work(arg, &row)).transpose(),
            false => Ok(Some(Answer::Number(ONE))),
        }
    }

    /// Carries roll-ups on from their last answer when one record below changed, without reading the others: sums and counts
    /// with plus and minus between them, a least, a most. `None` when the answer cannot be told from that.
    pub fn carry_on(&self, expr: &Expr, held: &Value, below: &Below<'_>) -> Outcome<Option<Answer>> {
        let held = stored(held);
        if let Some(held) = held.number()
            && let Some(difference) = self.difference(expr, below)?
        {
            return Ok(held.checked_add(difference).map(Answer::Number));
        }
        let Expr::Call(name, args, _) = expr else { return Ok(None) };
        let wanted = match name.as_str() {
            "min" => Ordering::Less,
            "max" => Ordering::Greater,
            _ => return Ok(None),
        };
        let Some((was, is)) = self.parts(name, args, below)? else { return Ok(None) };
        Ok(match (was == is, was == Answer::Nothing || order(&held, &was) == Some(wanted), &held) {
            (true, ..) => Some(held),
            // What went was not the outermost one.
            (_, true, Answer::Number(_) | Answer::Date(_) | Answer::Moment(_)) => Some(best(vec![held, is], wanted)),
            _ => None,
        })
    }

    /// By how much sums and counts change; `None` when something else takes part.
    fn difference(&self, expr: &Expr, below: &Below<'_>) -> Outcome<Option<i128>> {
        match expr {
            Expr::Call(name, args, _) if matches!(name.as_str(), "sum" | "count") => {
                let Some((was, is)) = self.parts(name, args, below)? else { return Ok(None) };
                Ok(is.number().unwrap_or(0).checked_sub(was.number().unwrap_or(0)))
            }
            Expr::Binary(sign @ (Sign::Add | Sign::Subtract), one, other, _) => {
                let (one, other) = (self.difference(one, below)?, self.difference(other, below)?);
                Ok(one.zip(other).and_then(|(one, other)| if *sign == Sign::Add { one.checked_add(other) } else { one.checked_sub(other) }))
            }
            Expr::Number(_) => Ok(Some(0)),
            _ => Ok(None),
        }
    }

    /// What the record below gave to a roll-up before and what it gives now; `None` for what is no roll-up of records.
    fn parts(&self, name: &str, args: &[Expr], below: &Below<'_>) -> Outcome<Option<(Answer, Answer)>> {
        let Some(rows @ Source::Records(shape, link)) = source(self.schema, self.shape, name, args) else { return Ok(None) };
        let own = name != "count";
        let condition = args.get(1 + usize::from(own));
        let part = |values: Option<&Values>| -> Outcome<Answer> {
            let here = |values: &&Values| shape.id == below.kind && target(link, values) == Some(self.item.at());
            let Some(values) = values.filter(here) else { return Ok(Answer::Nothing) };
            Ok(self.contribution(args, own, condition, rows, values)?.unwrap_or(Answer::Nothing))
        };
        Ok(Some((part(below.before)?, part(below.after)?)))
    }
}

/// The record below that changed.
pub(super) struct Below<'a> {
    /// Its type.
    pub kind: EntityTypeId,
    /// Its answers before; `None` when it was not there.
    pub before: Option<&'a Values>,
    /// Its answers now; `None` when it is no more.
    pub after: Option<&'a Values>,
}

/// The record to which a link leads.
pub(super) fn target(link: &Field, values: &Values) -> Option<ItemRef> {
    match (&link.kind, values.get(&link.code)) {
        (FieldKind::Link { to }, Value::Int(id)) if *id != 0 => Some(ItemRef::new(*to, *id)),
        (FieldKind::AnyItem, Value::Ref(one)) => Some(one.item),
        _ => None,
    }
}

/// The records of a type that point at a record with a field, in the order of their numbers.
pub(super) fn below(shape: &EntityType, link: &Field, at: ItemRef) -> Query {
    let target = match link.kind {
        FieldKind::AnyItem => Value::item(at),
        _ => Value::Int(at.id),
    };
    let order = vec![Order { field: code::ID.to_owned(), descending: false }];
    Query { kind: shape.id, filter: Filter::is(&link.code, Op::Eq, target), order, page: Page::first(500) }
}

#[derive(Debug, Default)]
struct Tally {
    count: i128,
    sum: Option<i128>,
    overflow: bool,
    least: Option<Answer>,
    most: Option<Answer>,
}

impl Tally {
    fn add(&mut self, part: Answer) {
        if part == Answer::Nothing {
            return;
        }
        self.count += 1;
        if let Some(value) = part.number() {
            self.sum = self.sum.unwrap_or(0).checked_add(value);
            self.overflow |= self.sum.is_none();
        }
        let keep = |held: &mut Option<Answer>, wanted: Ordering| {
            if held.as_ref().is_none_or(|held| order(&part, held) == Some(wanted)) {
                *held = Some(part.clone());
            }
        };
        keep(&mut self.least, Ordering::Less);
        keep(&mut self.most, Ordering::Greater);
    }

    fn answer(self, name: &str) -> Answer {
        match name {
            _ if self.overflow => Answer::Nothing,
            "count" => number(self.count.checked_mul(ONE)),
            "sum" => Answer::Number(self.sum.unwrap_or(0)),
            "avg" => number(self.sum.and_then(|sum| divided(sum, self.count))),
            "min" => self.least.unwrap_or(Answer::Nothing),
            _ => self.most.unwrap_or(Answer::Nothing),
        }
    }
}

impl Answer {
    pub fn number(&self) -> Option<i128> {
        match self {
            Answer::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn holds(&self) -> bool {
        *self == Answer::Flag(true)
    }

    /// As it is read inside a text.
    fn said(&self) -> String {
        match self {
            Answer::Nothing => String::new(),
            Answer::Number(number) => written(*number),
            Answer::Text(text) => text.clone(),
            Answer::Flag(flag) => if *flag { "да" } else { "нет" }.to_owned(),
            Answer::Date(date) => crate::format::date(*date, Lang::Ru),
            Answer::Moment(at) => crate::format::moment(*at, &jiff::tz::TimeZone::UTC, Lang::Ru),
            Answer::Many(list) => list.iter().filter_map(Value::as_text).collect::<Vec<_>>().join(", "),
        }
    }

    /// In the kind that a field wants; what does not fit into it is no answer.
    pub fn of_kind(self, result: FormulaResult) -> Value {
        let units = |value: i128, unit: i128| rounded_to(value, unit).and_then(|number| i64::try_from(number).ok());
        let found = match (result, self) {
            (FormulaResult::Integer, Answer::Number(value)) => units(value, ONE).map(Value::Int),
            (FormulaResult::Decimal, Answer::Number(value)) => units(value, ONE / 10_000).map(|scaled| Value::Decimal(Decimal { scaled })),
            (FormulaResult::Money, Answer::Number(value)) => units(value, ONE / 100).map(Value::money),
            (FormulaResult::Text, Answer::Text(text)) => Some(Value::Text(text.chars().take(255).collect())),
            (FormulaResult::Flag, Answer::Flag(flag)) => Some(Value::Flag(flag)),
            (FormulaResult::Date, Answer::Date(date)) => Some(Value::date(date)),
            (FormulaResult::Moment, Answer::Moment(at)) => Some(Value::moment(at)),
            _ => None,
        };
        found.filter(|value| !value.is_empty()).unwrap_or_default()
    }
}

/// A stored answer of a formula as formulas count.
fn stored(value: &Value) -> Answer {
    match value {
        Value::Int(whole) => number(i128::from(*whole).checked_mul(ONE)),
        Value::Decimal(decimal) => number(i128::from(decimal.scaled).checked_mul(ONE / 10_000)),
        Value::Money(money) => number(i128::from(money.minor).checked_mul(ONE / 100)),
        Value::Date(one) => Answer::Date(one.date),
        Value::Moment(one) => Answer::Moment(one.at),
        _ => Answer::Nothing,
    }
}

fn number(found: Option<i128>) -> Answer {
    found.map_or(Answer::Nothing, Answer::Number)
}

/// How many units, a half away from zero.
fn rounded_to(value: i128, unit: i128) -> Option<i128> {
    let half = value.checked_abs()?.checked_add(unit / 2)? / unit;
    Some(half * value.signum())
}

fn rounded(value: i128, places: i128) -> Option<i128> {
    let places = i32::try_from(places.clamp(-12, 8)).ok()?;
    let unit = 10_i128.checked_pow(u32::try_from(8 - places).ok()?)?;
    rounded_to(value, unit)?.checked_mul(unit)
}

fn divided(value: i128, by: i128) -> Option<i128> {
    // A half more in the last place, away from zero.
    let negative = (value < 0) != (by < 0);
    let (value, by) = (value.checked_abs()?, by.checked_abs()?);
    let quotient = value.checked_add(by / 2)?.checked_div(by)?;
    Some(if negative { -quotient } else { quotient })
}

fn join(sign: Sign, one: &Answer, other: &Answer) -> Answer {
    let (a, b) = (one.number(), other.number());
    match sign {
        Sign::Add | Sign::Subtract if a.is_some() || b.is_some() => {
            let (a, b) = (a.unwrap_or(0), b.unwrap_or(0));
            number(if sign == Sign::Add { a.checked_add(b) } else { a.checked_sub(b) })
        }
        Sign::Multiply => number(a.zip(b).and_then(|(a, b)| a.checked_mul(b)).and_then(|product| rounded_to(product, ONE))),
        Sign::Divide => number(a.zip(b).and_then(|(a, b)| divided(a.checked_mul(ONE)?, b))),
        Sign::Equal => Answer::Flag(one == other),
        Sign::Unequal => Answer::Flag(one != other),
        Sign::Less => Answer::Flag(order(one, other) == Some(Ordering::Less)),
        Sign::LessEqual => Answer::Flag(matches!(order(one, other), Some(Ordering::Less | Ordering::Equal))),
        Sign::More => Answer::Flag(order(one, other) == Some(Ordering::Greater)),
        Sign::MoreEqual => Answer::Flag(matches!(order(one, other), Some(Ordering::Greater | Ordering::Equal))),
        _ => Answer::Nothing,
    }
}

fn order(one: &Answer, other: &Answer) -> Option<Ordering> {
    match (one, other) {
        (Answer::Number(a), Answer::Number(b)) => Some(a.cmp(b)),
        (Answer::Text(a), Answer::Text(b)) => Some(a.cmp(b)),
        (Answer::Date(a), Answer::Date(b)) => Some(a.cmp(b)),
        (Answer::Moment(a), Answer::Moment(b)) => Some(a.cmp(b)),
        (Answer::Flag(a), Answer::Flag(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn best(answers: Vec<Answer>, wanted: Ordering) -> Answer {
    let there = answers.into_iter().filter(|answer| *answer != Answer::Nothing);
    there.reduce(|held, one| if order(&one, &held) == Some(wanted) { one } else { held }).unwrap_or(Answer::Nothing)
}

fn later(date: Date, by: &Answer, span: impl Fn(jiff::Span, i64) -> Result<jiff::Span, jiff::Error>) -> Answer {
    let Some(by) = by.number().and_then(|number| i64::try_from(number / ONE).ok()) else { return Answer::Nothing };
    span(jiff::Span::new(), by).ok().and_then(|span| date.checked_add(span).ok()).map_or(Answer::Nothing, Answer::Date)
}
