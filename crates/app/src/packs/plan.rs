//! What installing a pack would do, three ways: what is shipped now, what was shipped when it was installed, and what the
//! firm has today. What the firm changed stays; what only the pack changed is taken over; where both changed, the firm's
//! word counts and the plan says so.

use super::elements::{Attributes, Elements, of_firm, of_pack};
use crm::house::{PlanLine, PlanSign};
use crm::pack::Pack;
use crm::{Label, Outcome, Read};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// One difference between a pack and a firm.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Name of the piece: `field/deal/amount`.
    pub element: String,
    /// The attribute; empty when the whole piece is new.
    pub attribute: String,
    /// What is to be done with it.
    pub sign: PlanSign,
    /// What the firm has.
    pub old: Json,
    /// What the pack has.
    pub new: Json,
}

/// A pack laid beside a firm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What the pack ships.
    pub shipped: Elements,
    /// What differs, piece by piece.
    pub differences: Vec<Difference>,
}

impl Plan {
    /// Whether installing would change anything.
    pub fn is_empty(&self) -> bool {
        !self.differences.iter().any(|one| matches!(one.sign, PlanSign::New | PlanSign::Changed))
    }

    /// The pieces as they will be, of those that change: the firm's with the pack's attributes over them.
    pub fn wanted(&self, firm: &Elements) -> Elements {
        let mut wanted = Elements::new();
        for one in self.differences.iter().filter(|one| matches!(one.sign, PlanSign::New | PlanSign::Changed)) {
            if one.attribute.is_empty() {
                wanted.insert(one.element.clone(), self.shipped[&one.element].clone());
                continue;
            }
            let piece = wanted.entry(one.element.clone()).or_insert_with(|| firm.get(&one.element).cloned().unwrap_or_default());
            match &one.new {
                Json::Null => {
                    piece.remove(&one.attribute);
                }
                new => {
                    piece.insert(one.attribute.clone(), new.clone());
                }
            }
        }
        wanted
    }

    /// The differences as a person reads them.
    pub fn lines(&self) -> Vec<PlanLine> {
        self.differences.iter().map(line).collect()
    }
}

/// Lays a pack beside the firm.
///
/// # Errors
/// `unknown_type` when the pack widens a type that nobody has; failures of the database.
pub fn plan(read: &dyn Read, pack: &Pack) -> Outcome<Plan> {
    let shipped = of_pack(pack, &read.schema())?;
    let firm = of_firm(read, &shipped)?;
    let baselines = baselines(read)?;
    Ok(compare(shipped, &firm, &pack.about.code, &baselines))
}

/// What each pack shipped when it was installed.
///
/// # Errors
/// Failures of the database.
pub fn baselines(read: &dyn Read) -> Outcome<BTreeMap<String, Elements>> {
    let mut found = BTreeMap::new();
    for (key, values) in read.settings("pack:")? {
        let elements = serde_json::from_str(values.text("elements")).unwrap_or_default();
        found.insert(key.trim_start_matches("pack:").to_owned(), elements);
    }
    Ok(found)
}

fn compare(shipped: Elements, firm: &Elements, code: &str, baselines: &BTreeMap<String, Elements>) -> Plan {
    let nothing = Elements::new();
    let base = baselines.get(code).unwrap_or(&nothing);
    let mut differences = Vec::new();
    for (name, new) in &shipped {
        let former = base.get(name);
        let Some(current) = firm.get(name) else {
            // What the firm took away does not come back by itself.
            let sign = if former.is_some() { PlanSign::Removed } else { PlanSign::New };
            if former != Some(new) {
                differences.push(Difference { element: name.clone(), attribute: String::new(), sign, old: Json::Null, new: Json::Object(new.clone()) });
            }
            continue;
        };
        let others: Vec<&Attributes> = baselines.iter().filter(|(other, _)| *other != code).filter_map(|(_, elements)| elements.get(name)).collect();
        compare_piece(name, new, former, current, &others, &mut differences);
    }
    for (name, former) in base.iter().filter(|(name, _)| !shipped.contains_key(*name) && firm.contains_key(*name)) {
        differences.push(Difference {
            element: name.clone(),
            attribute: String::new(),
            sign: PlanSign::NoMore,
            old: Json::Object(former.clone()),
            new: Json::Null,
        });
    }
    Plan { shipped, differences }
}

fn compare_piece(name: &str, new: &Attributes, former: Option<&Attributes>, current: &Attributes, others: &[&Attributes], out: &mut Vec<Difference>) {
    let names: BTreeSet<&String> = new.keys().chain(former.iter().flat_map(|former| former.keys())).collect();
    for attribute in names {
        let (wanted, now) = (new.get(attribute), current.get(attribute));
        let was = former.map(|former| former.get(attribute));
        if wanted == now || was == Some(wanted) {
            continue;
        }
        // Nobody in the firm touched it: it is as this pack, or another one, left it; or it says nothing yet.
        let untouched = match was {
            Some(was) => was == now,
            None => now.is_none() || others.iter().any(|other| other.get(attribute) == now),
        };
        out.push(Difference {
            element: name.to_owned(),
            attribute: attribute.clone(),
            sign: if untouched { PlanSign::Changed } else { PlanSign::Conflict },
            old: now.cloned().unwrap_or_default(),
            new: wanted.cloned().unwrap_or_default(),
        });
    }
}

fn line(one: &Difference) -> PlanLine {
    let mut parts = one.element.split('/');
    let kind = parts.next().unwrap_or("");
    let rest = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let word = match kind {
        "type" => Label::new("тип", "type"),
        "field" => Label::new("поле", "field"),
        "pipeline" => Label::new("воронка", "pipeline"),
        "stage" => Label::new("стадия", "stage"),
        "layout" => Label::new("вид карточки", "layout"),
        "view" => Label::new("представление", "view"),
        "section" => Label::new("раздел меню", "menu section"),
        "department" => Label::new("отдел", "department"),
        "role" => Label::new("роль", "role"),
        "item" => Label::new("запись", "record"),
        "account" => Label::new("канал", "channel"),
        _ => Label::new("правила", "rules"),
    };
    let mut what = Label::new(format!("{} {rest}", word.ru), format!("{} {rest}", word.en));
    if !one.attribute.is_empty() {
        what = Label::new(format!("{}: {}", what.ru, one.attribute), format!("{}: {}", what.en, one.attribute));
    }
    PlanLine {
        sign: one.sign,
        element: one.element.clone(),
        what,
        old: short(&one.old),
        new: if one.attribute.is_empty() { String::new() } else { short(&one.new) },
    }
}

/// A value on one line.
fn short(value: &Json) -> String {
    let text = match value {
        Json::Null => return String::new(),
        Json::String(text) => text.clone(),
        Json::Object(map) if map.len() == 2 && map.contains_key("ru") && map.contains_key("en") => {
            let part = |lang: &str| map[lang].as_str().unwrap_or_default().to_owned();
            if part("ru") == part("en") { part("ru") } else { format!("{} / {}", part("ru"), part("en")) }
        }
        other => other.to_string(),
    };
    if text.chars().count() > 120 { format!("{}…", text.chars().take(119).collect::<String>()) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(title: &str) -> Elements {
        Elements::from([("field/deal/amount".to_owned(), serde_json::Map::from_iter([("title".to_owned(), Json::from(title))]))])
    }

    fn sign(shipped: &str, installed: Option<&str>, firm: &str) -> Option<PlanSign> {
        let baselines = installed.map(|title| ("x".to_owned(), piece(title))).into_iter().collect();
        compare(piece(shipped), &piece(firm), "x", &baselines).differences.first().map(|one| one.sign)
    }

    #[test]
    fn the_firms_word_counts_where_both_changed() {
        assert_eq!(sign("A", Some("A"), "A"), None);
        assert_eq!(sign("B", Some("A"), "A"), Some(PlanSign::Changed));
        assert_eq!(sign("A", Some("A"), "Own"), None, "only the firm changed it");
        assert_eq!(sign("B", Some("A"), "Own"), Some(PlanSign::Conflict));
        assert_eq!(sign("B", Some("A"), "B"), None, "both changed it alike");
        assert_eq!(sign("B", None, "Own"), Some(PlanSign::Conflict), "never installed, and the firm has its own");
    }

    #[test]
    fn what_another_pack_left_may_be_changed_by_this_one() {
        let baselines = [("base".to_owned(), piece("Base"))].into();
        let plan = compare(piece("X"), &piece("Base"), "x", &baselines);
        assert_eq!(plan.differences[0].sign, PlanSign::Changed);
    }

    #[test]
    fn what_the_firm_took_away_stays_away() {
        let baselines = [("x".to_owned(), piece("A"))].into();
        assert!(compare(piece("A"), &Elements::new(), "x", &baselines).differences.is_empty());
        let plan = compare(piece("B"), &Elements::new(), "x", &baselines);
        assert_eq!(plan.differences[0].sign, PlanSign::Removed);
        assert!(plan.is_empty());
    }
}
