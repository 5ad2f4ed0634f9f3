//! A look ahead before a list is asked for. The engines guess how many records fit a condition; a short count along an
//! index knows. Each look stops early, so it costs a fraction of a millisecond.

use crate::desk::Desk;
use crate::filter::Compiler;
use crate::shape::{Shape, Table};
use crate::sight::{Columns, Seen, sight};
use crate::sql::{Dialect, Statement};
use crm::{Action, EntityTypeId, Filter, Op, Order, Outcome, Rights, Value, code};

/// So many records are few: they are gathered and sorted, or named one by one.
const FEW: u32 = 2_000;

/// The same condition, with few records at the other end of a link named by their numbers: then the engine goes from them
/// to what is asked for, not through everything.
pub fn resolved(desk: &Desk<'_>, shape: &Shape, rights: &Rights, table: &Table, filter: &Filter) -> Outcome<Filter> {
    let all = |list: &[Filter]| list.iter().map(|one| resolved(desk, shape, rights, table, one)).collect::<Outcome<Vec<_>>>();
    Ok(match filter {
        Filter::All(list) => Filter::All(all(list)?),
        Filter::One(list) => Filter::One(all(list)?),
        Filter::Not(inner) => Filter::Not(Box::new(resolved(desk, shape, rights, table, inner)?)),
        Filter::Is { field, op, value } => match field.split_once('.') {
            Some((link, there)) if !crm::query::fits_nothing(*op, value) => {
                let to = table.link(link).filter(|link| !link.multiple).and_then(|link| link.to);
                let inner = Filter::Is { field: there.to_owned(), op: *op, value: value.clone() };
                match to.map(|to| few(desk, shape, rights, to, &inner, code::ID)).transpose()?.flatten() {
                    Some(ids) => Filter::Is { field: link.to_owned(), op: Op::In, value: ids },
                    None => filter.clone(),
                }
            }
            _ => filter.clone(),
        },
        Filter::Linked { kind, field, filter: inner } => {
            let link = shape.tables.get(kind).and_then(|there| there.link(field)).filter(|link| !link.multiple && link.to == Some(table.kind));
            match link.map(|_| few(desk, shape, rights, *kind, inner, field)).transpose()?.flatten() {
                Some(ids) => Filter::Is { field: code::ID.to_owned(), op: Op::In, value: ids },
                None => filter.clone(),
            }
        }
        Filter::Any | Filter::Search(_) => filter.clone(),
    })
}

/// The answers to a field of the records of a type that fit and may be seen; `None` when they are many, or when nothing
/// leads to them quickly.
fn few(desk: &Desk<'_>, shape: &Shape, rights: &Rights, kind: EntityTypeId, filter: &Filter, field: &str) -> Outcome<Option<Value>> {
    let Some(table) = shape.tables.get(&kind) else { return Ok(None) };
    if !leads_quickly(shape, table, filter) {
        return Ok(None);
    }
    let inner = resolved(desk, shape, rights, table, filter)?;
    let seen = sight(rights, kind, Action::Read, &Columns::of(table, "t1"));
    if seen == Seen::Never {
        return Ok(None);
    }
    let compiler = Compiler { dialect: desk.sql.dialect(), shape, called: "t1".to_owned(), hops: 1, frequent: false, table, rights };
    let mut select = Statement::new(format!("SELECT t1.\"{field}\" FROM {} AS t1 WHERE t1.\"{field}\" IS NOT NULL AND ", table.name));
    seen.write(&mut select, desk.sql.dialect());
    select.push(" AND ");
    compiler.write(&mut select, &inner)?;
    select.push(" LIMIT ").bind(FEW + 1);
    let rows = desk.rows(&select.text, &select.params)?;
    let mut ids: Vec<i64> = rows.iter().map(|row| row.int(0)).collect();
    let many = ids.len() > FEW as usize;
    ids.sort_unstable();
    ids.dedup();
    Ok((!many).then(|| Value::Many(ids.into_iter().map(Value::Int).collect())))
}

/// Whether some part of the condition that must hold is answered from an index.
fn leads_quickly(shape: &Shape, table: &Table, filter: &Filter) -> bool {
    match filter {
        Filter::All(list) => list.iter().any(|one| leads_quickly(shape, table, one)),
        Filter::Is { field, op: Op::Eq | Op::In, value } => !value.is_empty() && is_indexed(shape, table, field),
        _ => false,
    }
}

/// Whether an index begins with this field.
fn is_indexed(shape: &Shape, table: &Table, field: &str) -> bool {
    let Some(kind) = shape.schema.kind(table.kind) else { return false };
    let known = kind.field(field).is_some_and(|known| known.indexed || known.is_points());
    known || field == code::ID || table.link(field).is_some_and(|link| !link.multiple) || (kind.staged && [code::STAGE, code::PIPELINE].contains(&field))
}

/// Whether a list is found fastest by walking along its order. It is when an index has that order and everything that
/// could narrow the search leaves many records: SQLite would gather and sort all of these. PostgreSQL knows by itself.
pub fn walks(desk: &Desk<'_>, shape: &Shape, table: &Table, filter: &Filter, order: &[Order]) -> Outcome<bool> {
    let ordered = order.first().is_some_and(|first| ![code::ID, code::MOVED_AT].contains(&first.field.as_str()) && has_order(shape, table, &first.field));
    if desk.sql.dialect() != Dialect::Sqlite || !ordered {
        return Ok(false);
    }
    let parts = match filter {
        Filter::All(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    for part in parts {
        let narrow = match part {
            Filter::Search(_) | Filter::Linked { .. } => true,
            Filter::Is { field, .. } if table.points.contains(field) => true,
            Filter::Is { field, op: Op::In, .. } if field == code::ID => true,
            Filter::Is { field, op: Op::Eq | Op::In, .. } if is_indexed(shape, table, field) => fits_few(desk, shape, table, part)?,
            Filter::Is { field, op, .. } if order[0].field == *field => !matches!(op, Op::Filled | Op::Empty),
            _ => false,
        };
        if narrow {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether an index has the order of this field.
fn has_order(shape: &Shape, table: &Table, field: &str) -> bool {
    let Some(kind) = shape.schema.kind(table.kind) else { return false };
    let text = table.column(field).is_none_or(|column| column.held == crate::columns::Held::Text);
    match text {
        true => (field == code::TITLE && kind.listed) || kind.field(field).is_some_and(crate::shape::has_alphabet),
        false => is_indexed(shape, table, field),
    }
}

fn fits_few(desk: &Desk<'_>, shape: &Shape, table: &Table, part: &Filter) -> Outcome<bool> {
    let rights = Rights::system();
    let compiler = Compiler { dialect: desk.sql.dialect(), shape, called: "i".to_owned(), hops: 0, frequent: false, table, rights: &rights };
    let mut select = Statement::new(format!("SELECT count(*) FROM (SELECT 1 FROM {} AS i WHERE ", table.name));
    compiler.write(&mut select, part)?;
    select.push(" LIMIT ").bind(FEW + 1).push(") AS found");
    Ok(desk.first(&select.text, &select.params)?.is_some_and(|row| row.int(0) <= i64::from(FEW)))
}
