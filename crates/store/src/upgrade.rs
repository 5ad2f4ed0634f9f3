//! What a new step of the tables needs besides its text: side tables and indexes of the types that are there already.

use crate::desk::Desk;
use crate::shape::{self, Table};
use crate::sql::Statement;
use crate::{access, items, totals};
use crm::{Outcome, Values};

/// The step after which side tables are filled in.
const SIDE_TABLES: i64 = 2;

/// Fills in what came with the steps after `from`. Runs in the transaction of the migration.
pub fn run(desk: &Desk<'_>, from: i64) -> Outcome<()> {
    if from == 0 || from >= SIDE_TABLES {
        return Ok(());
    }
    let known = desk.shape();
    for table in known.tables.values() {
        let Some(kind) = known.schema.kind(table.kind) else { continue };
        for statement in shape::indexes(desk.sql.dialect(), kind, table) {
            desk.batch(&statement)?;
        }
        if kind.staged {
            totals::recount(desk, table)?;
        }
        if table.shared || table.links.iter().any(|link| link.multiple) {
            fill(desk, table)?;
        }
    }
    Ok(())
}

fn fill(desk: &Desk<'_>, table: &Table) -> Outcome<()> {
    let mut last = 0;
    loop {
        let mut select = Statement::new(format!("SELECT {} FROM {} AS i WHERE i.id > ", table.select, table.name));
        select.bind(last).push(" ORDER BY i.id LIMIT 500");
        let rows = desk.rows(&select.text, &select.params)?;
        let items = items::decode(desk, table, rows)?;
        let Some(end) = items.last() else { return Ok(()) };
        last = end.id;
        for item in &items {
            access::keep(desk, table, item, &Values::new())?;
        }
    }
}
