//! A method as a line of the table from which `methods`, `method.get` and the manual are made.

use crate::api::Caller;
use crate::node::{Map, Node, named};
use crate::wrong::{Family, Stop, Wrong};

/// A method.
pub struct Method {
    /// Its name, in lower case: names are compared so.
    pub name: &'static str,
    /// The scope that a webhook needs; several alternatives are separated by `|`, none is needed when empty.
    pub scope: &'static str,
    /// Its parameters: `id* int`, `fields* map`; a star marks those it cannot do without.
    pub parameters: &'static [&'static str],
    /// What it does, in Russian and English.
    pub help: (&'static str, &'static str),
    /// How it words its errors.
    pub family: Family,
    /// May stand in a batch.
    pub in_batch: bool,
    /// Does it.
    pub run: fn(&Caller<'_>, &Map) -> Result<Answer, Stop>,
}

/// What a method answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// `result`
    pub result: Node,
    /// `total`, of lists.
    pub total: Option<i64>,
    /// `next`, of lists that go on.
    pub next: Option<i64>,
}

impl From<Node> for Answer {
    fn from(result: Node) -> Answer {
        Answer { result, total: None, next: None }
    }
}

impl Method {
    /// A method of the new kind.
    pub const fn universal(
        name: &'static str,
        scope: &'static str,
        parameters: &'static [&'static str],
        help: (&'static str, &'static str),
        run: fn(&Caller<'_>, &Map) -> Result<Answer, Stop>,
    ) -> Method {
        Method { name, scope, parameters, help, family: Family::Universal, in_batch: true, run }
    }

    /// A method of the old CRM.
    pub const fn classic(
        name: &'static str,
        parameters: &'static [&'static str],
        help: (&'static str, &'static str),
        run: fn(&Caller<'_>, &Map) -> Result<Answer, Stop>,
    ) -> Method {
        Method { name, scope: "crm", parameters, help, family: Family::Classic, in_batch: true, run }
    }
}

/// A parameter, whatever the case of its name.
pub fn given<'m>(parameters: &'m Map, name: &str) -> Option<&'m Node> {
    named(parameters, name).filter(|node| **node != Node::Null)
}

/// A number that a new method cannot do without.
///
/// # Errors
/// `100` when it is missing, `INVALID_ARG_VALUE` when it is none.
pub fn number(parameters: &Map, name: &str) -> Result<i64, Wrong> {
    let node = given(parameters, name).ok_or_else(|| Wrong::missing(name))?;
    node.int().ok_or_else(|| Wrong::argument(format!("Parameter '{name}' must be a number")))
}

/// Answers by name that a method takes: a map, or PHP's empty list.
///
/// # Errors
/// The text of the original, with an empty code for old methods.
pub fn fields(parameters: &Map, family: Family) -> Result<Option<&Map>, Wrong> {
    match given(parameters, "fields") {
        Some(Node::Map(map)) => Ok(Some(map)),
        Some(Node::List(list)) if list.is_empty() => Ok(None),
        None if family == Family::Universal => Err(Wrong::missing("fields")),
        _ => match family {
            Family::Classic => Err(Wrong::classic("Parameter 'fields' must be array.")),
            Family::Universal => Err(Wrong::argument("Parameter 'fields' must be array.")),
        },
    }
}

/// Which part of a list is wanted: `start`. `None` means the first part without counting (`start=-1`).
pub fn start(parameters: &Map) -> Option<u32> {
    match given(parameters, "start").and_then(Node::int) {
        Some(start) if start < 0 => None,
        Some(start) => Some(u32::try_from(start).unwrap_or(u32::MAX)),
        None => Some(0),
    }
}

/// So many rows make a page.
pub const PAGE: u32 = 50;

/// A list that is in memory, cut to its page.
pub fn paged(parameters: &Map, rows: Vec<Node>, wrap: impl FnOnce(Vec<Node>) -> Node) -> Answer {
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let from = start(parameters);
    let page = rows.into_iter().skip(usize::try_from(from.unwrap_or(0)).unwrap_or(usize::MAX)).take(PAGE as usize).collect();
    counted(wrap(page), from, total)
}

/// A page with its `total` and `next`.
pub fn counted(result: Node, from: Option<u32>, total: i64) -> Answer {
    match from {
        None => Answer { result, total: Some(0), next: None },
        Some(from) => {
            let next = i64::from(from) + i64::from(PAGE);
            Answer { result, total: Some(total), next: (next < total).then_some(next) }
        }
    }
}
