//! Search by any fragment of a name, a phone or a number: trigrams on both engines, kept in the item's own transaction.

use crate::desk::Desk;
use crate::filter::Compiler;
use crate::shape::Table;
use crate::sql::{Dialect, Statement};
use crm::{Filter, Item, Outcome, Value};

/// Trigrams find fragments of at least so many letters.
const SHORTEST: usize = 3;

/// What search compares: small letters, Ё like Е (people do not type the dots).
fn folded(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

/// The searchable answers of an item, one a line.
fn body(table: &Table, item: &Item) -> String {
    let mut lines: Vec<String> = Vec::new();
    for code in &table.searchable {
        match item.values.get(code) {
            Value::Text(text) => lines.push(folded(text)),
            Value::Points(points) => {
                for point in &points.list {
                    lines.push(folded(&point.raw));
                    lines.push(digits(&point.normal).unwrap_or_else(|| folded(&point.normal)));
                }
            }
            _ => {}
        }
    }
    lines.join("\n")
}

/// The digits of something that looks like a phone.
fn digits(text: &str) -> Option<String> {
    let phone = text.chars().all(|letter| letter.is_ascii_digit() || " +-()".contains(letter));
    let found: String = text.chars().filter(char::is_ascii_digit).collect();
    (phone && found.len() >= SHORTEST).then_some(found)
}

/// The spellings under which a fragment may stand in the index.
fn needles(text: &str) -> Vec<String> {
    let plain = folded(text.trim()).replace('\n', " ");
    let mut list = vec![plain];
    if let Some(number) = digits(text) {
        // Phones stand there as +7…, people type 8….
        if let Some(national) = number.strip_prefix('8').filter(|rest| rest.len() >= SHORTEST) {
            list.push(format!("7{national}"));
        }
        list.push(number);
    }
    list.sort();
    list.dedup();
    list
}

/// Whether the type has an index of fragments.
fn indexed(table: &Table) -> bool {
    table.searched && !table.searchable.is_empty()
}

/// Indexes an item anew.
pub fn put(desk: &Desk<'_>, table: &Table, item: &Item) -> Outcome<()> {
    if !indexed(table) {
        return Ok(());
    }
    let sql = match desk.sql.dialect() {
        Dialect::Sqlite => format!("INSERT OR REPLACE INTO {} (rowid, body) VALUES ($1, $2)", table.search),
        Dialect::Postgres => format!("INSERT INTO {} (rowid, body) VALUES ($1, $2) ON CONFLICT (rowid) DO UPDATE SET body = excluded.body", table.search),
    };
    desk.run(&sql, &[item.id.into(), body(table, item).into()]).map(drop)
}

/// Whether two states of an item look different to search.
pub fn differs(table: &Table, before: &Item, after: &Item) -> bool {
    indexed(table) && table.searchable.iter().any(|code| before.values.get(code) != after.values.get(code))
}

/// Takes an item out.
pub fn remove(desk: &Desk<'_>, table: &Table, id: i64) -> Outcome<()> {
    match indexed(table) {
        true => desk.run(&format!("DELETE FROM {} WHERE rowid = $1", table.search), &[id.into()]).map(drop),
        false => Ok(()),
    }
}

/// Indexes all items of a type: it became searchable, or looks into other fields than before.
pub fn rebuild(desk: &Desk<'_>, table: &Table) -> Outcome<()> {
    desk.run(&format!("DELETE FROM {}", table.search), &[])?;
    let mut last = 0;
    loop {
        let rows = desk.rows(&format!("SELECT {} FROM {} AS i WHERE i.id > $1 ORDER BY i.id LIMIT 500", table.select, table.name), &[last.into()])?;
        let items = crate::items::decode(desk, table, rows)?;
        let Some(end) = items.last() else { return Ok(()) };
        last = end.id;
        for item in &items {
            put(desk, table, item)?;
        }
    }
}

/// Writes the condition that some searchable answer holds the fragment. A person with hidden fields finds nothing by
/// them: the index knows all fields, so what it finds is looked at again.
pub fn write(compiler: &Compiler<'_>, out: &mut Statement, text: &str) {
    let (table, rights) = (compiler.table, compiler.rights);
    let visible: Vec<&String> = table.searchable.iter().filter(|code| rights.sees(table.kind, code)).collect();
    let needles = needles(text);
    if needles.iter().all(String::is_empty) {
        out.push("TRUE");
        return;
    }
    if visible.is_empty() {
        out.push("FALSE");
        return;
    }
    let long = needles.iter().all(|needle| needle.chars().count() >= SHORTEST);
    let by_index = indexed(table) && long;
    out.push("(");
    if by_index {
        through_index(compiler, out, &needles);
    }
    if !by_index || visible.len() < table.searchable.len() {
        if by_index {
            out.push(" AND ");
        }
        through_fields(compiler, out, &visible, &needles);
    }
    out.push(")");
}

fn through_index(compiler: &Compiler<'_>, out: &mut Statement, needles: &[String]) {
    let table = compiler.table;
    if compiler.frequent {
        // Nearly every record has it: each is asked as the list comes to it.
        out.push("EXISTS (SELECT 1 FROM ").push(&table.search).push(" WHERE rowid = ").push(&compiler.called).push(".id AND ");
    } else {
        out.push(&compiler.called).push(".id IN (SELECT rowid FROM ").push(&table.search).push(" WHERE ");
    }
    match compiler.dialect {
        Dialect::Sqlite => drop(matches(out, table, needles)),
        Dialect::Postgres => {
            for (at, needle) in needles.iter().enumerate() {
                let pattern = needle.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                out.push(if at == 0 { "body LIKE " } else { " OR body LIKE " }).bind(format!("%{pattern}%"));
            }
        }
    }
    out.push(")");
}

/// The condition that a row of the index holds one of the spellings (SQLite).
fn matches<'a>(out: &'a mut Statement, table: &Table, needles: &[String]) -> &'a mut Statement {
    let phrases: Vec<String> = needles.iter().map(|needle| format!("\"{}\"", needle.replace('"', "\"\""))).collect();
    out.push(&table.search).push(" MATCH ").bind(phrases.join(" OR "))
}

/// Whether so many records hold the fragment that gathering them all would take too long. PostgreSQL guesses well.
pub fn is_frequent(desk: &Desk<'_>, table: &Table, filter: &Filter) -> Outcome<bool> {
    const MANY: i64 = 5_000;
    let text = match filter {
        Filter::Search(text) => Some(text),
        Filter::All(list) => list.iter().find_map(|one| if let Filter::Search(text) = one { Some(text) } else { None }),
        _ => None,
    };
    let needles = needles(text.map_or("", |text| text));
    let long = needles.iter().all(|needle| needle.chars().count() >= SHORTEST);
    if desk.sql.dialect() != Dialect::Sqlite || !indexed(table) || !long {
        return Ok(false);
    }
    let mut select = Statement::new(format!("SELECT count(*) FROM (SELECT 1 FROM {} WHERE ", table.search));
    matches(&mut select, table, &needles).push(" LIMIT ").bind(MANY + 1).push(") AS found");
    Ok(desk.first(&select.text, &select.params)?.is_some_and(|row| row.int(0) > MANY))
}

/// Looks at the answers themselves: for one or two letters, and for types without an index.
fn through_fields(compiler: &Compiler<'_>, out: &mut Statement, visible: &[&String], needles: &[String]) {
    let holds = compiler.dialect.holds();
    out.push("(FALSE");
    for code in visible {
        let points = compiler.table.points.contains(code);
        if points {
            out.push(" OR ")
                .push(&compiler.called)
                .push(".id IN (SELECT p.item_id FROM point AS p WHERE p.kind = ")
                .bind(compiler.table.kind.0)
                .push(" AND p.field = ")
                .bind(code.as_str())
                .push(" AND (FALSE");
        }
        for needle in needles {
            match points {
                true => drop(out.push(" OR ").push(holds).push("(replace(vekha_lower(p.raw) || ' ' || p.normal, 'ё', 'е'), ").bind(needle).push(") > 0")),
                false => drop(
                    out.push(" OR ")
                        .push(holds)
                        .push("(replace(vekha_lower(")
                        .push(&compiler.called)
                        .push(".\"")
                        .push(code)
                        .push("\"), 'ё', 'е'), ")
                        .bind(needle)
                        .push(") > 0"),
                ),
            }
        }
        if points {
            out.push("))");
        }
    }
    out.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_looked_for_in_its_usual_spellings() {
        assert_eq!(needles("8 (999) 000"), ["7999000", "8 (999) 000", "8999000"]);
        assert_eq!(needles(" Королёв "), ["королев"]);
    }
}
