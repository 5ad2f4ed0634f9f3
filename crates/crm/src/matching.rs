//! Which records are probably the same: by the rules of their type, each in its one spelling.

use crate::answers::spellings;
use crate::bin::{Double, DoubleState};
use crate::doors::{Read, Tx};
use crate::entity::{EntityType, MatchRule, code, kind};
use crate::event::Cause;
use crate::failure::Outcome;
use crate::ids::{EntityTypeId, ItemRef};
use crate::item::Item;
use crate::query::{Filter, Op, Query};
use crate::rights::Rights;
use crate::value::Values;

/// So many known records are named for one rule: whoever has more of them has another trouble.
const MOST: u32 = 10;

/// A known record that fits a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Which.
    pub item: ItemRef,
    /// Codes of the fields that are equal, joined by `+`.
    pub rule: String,
    /// A new record that fits is not made: whoever came is led to this one.
    pub gate: bool,
}

/// The rules of a type; a client is known by his phone or e-mail, a firm by its INN, unless the administrator says otherwise.
pub fn rules(shape: &EntityType) -> Vec<MatchRule> {
    if !shape.matching.is_empty() {
        return shape.matching.clone();
    }
    let usual: &[&str] = match shape.id {
        kind::CONTACT => &[code::PHONE, code::EMAIL],
        kind::COMPANY => &["inn"],
        _ => &[],
    };
    let known = usual.iter().filter(|field| shape.has(field));
    known.map(|field| MatchRule { fields: vec![(*field).to_owned()], gate: shape.id == kind::CONTACT }).collect()
}

/// The known records of a type that fit its rules with these answers, the oldest first, each once. Whoever shows them asks
/// for the rights to see them.
///
/// # Errors
/// Answers that the fields do not take, and failures of the database.
pub fn find(read: &dyn Read, kind: EntityTypeId, values: &Values) -> Outcome<Vec<Match>> {
    let schema = read.schema();
    let Some(shape) = schema.kind(kind) else { return Ok(Vec::new()) };
    let mut found: Vec<Match> = Vec::new();
    for rule in rules(shape) {
        let Some(filter) = condition(shape, &rule, values)? else { continue };
        let query = Query::of(kind).filter(filter).sorted(code::ID, false).limit(MOST);
        for item in read.items(&Rights::system(), &query)? {
            if !found.iter().any(|one| one.item == item.at()) {
                found.push(Match { item: item.at(), rule: rule.fields.join("+"), gate: rule.gate });
            }
        }
    }
    Ok(found)
}

/// All fields of the rule are equal; `None` when an answer is missing or the field is no more.
fn condition(shape: &EntityType, rule: &MatchRule, values: &Values) -> Outcome<Option<Filter>> {
    let mut filter = Filter::Any;
    for code in &rule.fields {
        let Some(field) = shape.field(code) else { return Ok(None) };
        let mut equal: Vec<Filter> = spellings(&field.accept(values.get(code))?).into_iter().map(|one| Filter::is(code, Op::Eq, one)).collect();
        filter = match equal.len() {
            0 => return Ok(None),
            1 => filter.and(equal.remove(0)),
            _ => filter.and(Filter::One(equal)),
        };
    }
    Ok((filter != Filter::Any).then_some(filter))
}

/// Notes the pairs in which a record that was just saved stands, once for each: somebody should look at them.
///
/// # Errors
/// Only failures of the database.
pub(crate) fn note(tx: &mut dyn Tx, cause: &Cause, before: &Values, item: &Item) -> Outcome<()> {
    let schema = tx.schema();
    let Some(shape) = schema.kind(item.kind) else { return Ok(()) };
    let written = |rule: &MatchRule| rule.fields.iter().any(|code| spellings(before.get(code)) != spellings(item.values.get(code)));
    if !rules(shape).iter().any(written) {
        return Ok(());
    }
    let alike: Vec<Match> = find(tx.read(), item.kind, &item.values)?.into_iter().filter(|one| one.item != item.at()).collect();
    if alike.is_empty() {
        return Ok(());
    }
    let known = tx.doubles_of(item.at())?;
    for one in alike {
        let (first, second) = (one.item.min(item.at()), one.item.max(item.at()));
        // Somebody has said already that they are two, or is about to look.
        if !known.iter().any(|pair| pair.first == first && pair.second == second) {
            tx.put_double(&Double { first, second, rule: one.rule, state: DoubleState::Open, at: cause.at })?;
        }
    }
    Ok(())
}

/// Says that two records are two, though they look like one.
///
/// # Errors
/// `not_found` when either may not be seen, and whom the rights do not allow to change them.
pub fn part(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, one: ItemRef, other: ItemRef) -> Outcome<()> {
    for at in [one, other] {
        crate::item::demand(tx.read(), rights, crate::rights::Action::Change, at)?;
    }
    let (first, second) = (one.min(other), one.max(other));
    let rule = tx.doubles_of(first)?.into_iter().find(|pair| pair.second == second).map(|pair| pair.rule).unwrap_or_default();
    tx.put_double(&Double { first, second, rule, state: DoubleState::Different, at: cause.at })
}
