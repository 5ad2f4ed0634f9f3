//! The order of a list and the place where its next page begins.
//!
//! Empty answers stand first in a rising order and last in a falling one. A page after an item is found by its values,
//! not by counting: a condition on the first ordered column that an index can jump to, and an exact one on all of them.
//! Where empty answers follow filled ones, they are a part of their own: one condition for both would keep the engine
//! from jumping.

use crate::columns::Held;
use crate::shape::Table;
use crate::sql::{Cell, Dialect, Statement};
use crm::{Order, Outcome, Value};

/// How a list is sorted.
pub struct Pager {
    dialect: Dialect,
    keys: Vec<Key>,
}

/// One column of the order.
#[derive(Debug, Clone)]
struct Key {
    /// An SQL expression.
    name: String,
    code: String,
    held: Held,
    descending: bool,
    /// Is never empty.
    filled: bool,
    /// Order of letters, for texts.
    collate: &'static str,
    /// Answers are points: the first one counts.
    points: bool,
}

/// One statement's share of a page.
pub struct Part<'a> {
    pager: &'a Pager,
    /// Condition on the first key.
    first: First,
    /// Begin after these values of the keys from `from` on.
    after: Option<(usize, Vec<Cell>)>,
}

#[derive(Debug, Clone, PartialEq)]
enum First {
    /// No condition.
    Any,
    /// It is empty.
    Empty,
    /// It is filled.
    Filled,
    /// It is filled and stands here or later.
    From(Cell),
}

impl Pager {
    /// Reads the order. The number always decides last.
    ///
    /// # Errors
    /// `unknown_field`.
    pub fn new(dialect: Dialect, table: &Table, order: &[Order]) -> Outcome<Pager> {
        let mut keys: Vec<Key> = Vec::with_capacity(order.len() + 1);
        for one in order {
            keys.push(key(table, one)?);
            if one.field == crm::code::ID {
                break;
            }
        }
        if keys.last().is_none_or(|key| !key.filled) {
            let descending = keys.last().is_some_and(|key| key.descending);
            keys.push(key(table, &Order { field: crm::code::ID.to_owned(), descending })?);
        }
        Ok(Pager { dialect, keys })
    }

    /// The statements that together make the page, in order.
    ///
    /// # Errors
    /// Gives up when the values of the last item are of other kinds than the order's fields.
    pub fn parts(&self, after: Option<&(Vec<Value>, i64)>) -> Outcome<Vec<Part<'_>>> {
        let part = |first: First, after: Option<(usize, Vec<Cell>)>| Part { pager: self, first, after };
        let Some((values, id)) = after else { return Ok(vec![part(First::Any, None)]) };
        let cells = self.cells(values, *id)?;
        let key = &self.keys[0];
        if key.filled {
            return Ok(vec![part(First::From(cells[0].clone()), Some((0, cells)))]);
        }
        let rest = || Some((1, cells[1..].to_vec()));
        Ok(match (&cells[0], key.descending) {
            (Cell::Null, true) => vec![part(First::Empty, rest())],
            (Cell::Null, false) => vec![part(First::Empty, rest()), part(First::Filled, None)],
            (value, true) => vec![part(First::From(value.clone()), Some((0, cells.clone()))), part(First::Empty, None)],
            (value, false) => vec![part(First::From(value.clone()), Some((0, cells.clone())))],
        })
    }

    fn cells(&self, values: &[Value], id: i64) -> Outcome<Vec<Cell>> {
        let last = self.keys.len() - 1;
        let mut cells = Vec::with_capacity(self.keys.len());
        for (at, key) in self.keys.iter().enumerate() {
            if at == last {
                cells.push(Cell::Int(id));
                continue;
            }
            let value = values.get(at).unwrap_or(&Value::Null);
            cells.push(match value {
                Value::Points(points) if key.points => points.list.first().map(|point| point.normal.as_str()).into(),
                value => key.held.write(&key.code, value)?,
            });
        }
        Ok(cells)
    }
}

fn key(table: &Table, order: &Order) -> Outcome<Key> {
    let descending = order.descending;
    let code = order.field.clone();
    if code == crm::code::ID {
        return Ok(Key { name: "i.id".to_owned(), code, held: Held::Int, descending, filled: true, collate: "", points: false });
    }
    if table.points.contains(&code) {
        // The code was found in the schema, so it is a checked identifier.
        let name =
            format!("(SELECT p.normal FROM point AS p WHERE +p.kind = {} AND p.item_id = i.id AND p.field = '{code}' ORDER BY p.position LIMIT 1)", table.kind);
        return Ok(Key { name, code, held: Held::Text, descending, filled: false, collate: "", points: true });
    }
    let column = table.column(&code).ok_or_else(|| crm::query::unknown_field(&code))?;
    let collate = if column.held == Held::Text { " COLLATE vekha" } else { "" };
    Ok(Key { name: format!("i.\"{code}\""), code, held: column.held, descending, filled: false, collate, points: false })
}

impl Part<'_> {
    /// Writes the conditions.
    pub fn conditions(&self, out: &mut Statement) {
        let keys = &self.pager.keys;
        let first = &keys[0];
        match &self.first {
            First::Any => {}
            First::Empty => drop(out.push(" AND ").push(&first.name).push(" IS NULL")),
            First::Filled => drop(out.push(" AND ").push(&first.name).push(" IS NOT NULL")),
            First::From(value) => {
                let sign = if first.descending { " <= " } else { " >= " };
                out.push(" AND ").push(&first.name).push(first.collate).push(sign).bind(value.clone());
            }
        }
        if let Some((from, cells)) = &self.after {
            out.push(" AND ");
            behind(out, &keys[*from..], cells);
        }
    }

    /// Writes the order.
    pub fn order(&self, out: &mut Statement) {
        let keys = &self.pager.keys;
        out.push(" ORDER BY ");
        for (at, key) in keys.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            out.push(&key.name).push(key.collate).push(if key.descending { " DESC" } else { "" });
            if !key.filled {
                out.push(self.pager.dialect.nulls(key.descending));
            }
        }
    }
}

/// Strictly behind these values in the order of these keys.
fn behind(out: &mut Statement, keys: &[Key], cells: &[Cell]) {
    let (key, cell) = (&keys[0], &cells[0]);
    out.push("(");
    match (cell, key.descending) {
        (Cell::Null, true) => drop(out.push("FALSE")),
        (Cell::Null, false) => drop(out.push(&key.name).push(" IS NOT NULL")),
        (value, false) => drop(out.push(&key.name).push(key.collate).push(" > ").bind(value.clone())),
        (value, true) => {
            out.push(&key.name).push(key.collate).push(" < ").bind(value.clone());
            if !key.filled {
                out.push(" OR ").push(&key.name).push(" IS NULL");
            }
        }
    }
    if keys.len() > 1 {
        out.push(" OR (").push(&key.name);
        match cell {
            Cell::Null => out.push(" IS NULL"),
            value => out.push(key.collate).push(" = ").bind(value.clone()),
        };
        out.push(" AND ");
        behind(out, &keys[1..], &cells[1..]);
        out.push(")");
    }
    out.push(")");
}
