//! A condition as SQL. It means exactly what `crm::Filter::test` means in memory; a test with random items compares the two.
//!
//! A comparison with an empty column may be NULL where it should be false: conditions are only joined by AND and OR, and
//! every negation is written `IS NOT TRUE`, so the two are never told apart.

use crate::columns::{Held, json};
use crate::links::leads_to;
use crate::shape::{Column, Shape, Table};
use crate::sight::{Columns, Seen, sight};
use crate::sql::{Cell, Dialect, Statement};
use crm::{Action, EntityTypeId, Fault, Filter, Op, Outcome, Refusal, Rights, Value, query::like};

/// More values in one list are refused.
const MOST_VALUES: usize = 5_000;
/// More comparisons in one condition are refused: SQLite's expressions are at most 1000 deep, and a row of ORs is one.
const MOST_COMPARISONS: usize = 500;
/// More parameters in one statement are refused: SQLite takes 32 766, PostgreSQL 32 767.
const MOST_PARAMETERS: usize = 30_000;
/// Deeper conditions are refused: each level costs the engine's parser.
const DEEPEST: usize = 50;
/// Conditions that go across more links than this, one behind the other, are refused: each is a search inside a search.
const FARTHEST: usize = 3;

/// Where a condition is written.
pub struct Compiler<'a> {
    /// The engine.
    pub dialect: Dialect,
    /// All tables: a condition may go across a link.
    pub shape: &'a Shape,
    /// How the table is called in the statement.
    pub called: String,
    /// How many links lie between this table and the one that is asked for.
    pub hops: usize,
    /// Nearly every record has what is searched for.
    pub frequent: bool,
    /// The type's table.
    pub table: &'a Table,
    /// Whose rights: search looks only into what he sees.
    pub rights: &'a Rights,
}

impl Compiler<'_> {
    /// Checks a condition and writes it.
    ///
    /// # Errors
    /// Refuses fields that do not exist or are hidden, and conditions that are too large.
    pub fn write(&self, out: &mut Statement, filter: &Filter) -> Outcome<()> {
        let (count, depth) = filter.size();
        if count > MOST_COMPARISONS || depth > DEEPEST {
            return Err(too_large());
        }
        self.any(out, filter)?;
        match out.params.len() > MOST_PARAMETERS {
            true => Err(too_large()),
            false => Ok(()),
        }
    }

    fn any(&self, out: &mut Statement, filter: &Filter) -> Outcome<()> {
        match filter {
            Filter::Any => drop(out.push("TRUE")),
            Filter::All(list) => self.joined(out, list, " AND ")?,
            Filter::One(list) => self.joined(out, list, " OR ")?,
            Filter::Not(inner) => {
                out.push("(");
                self.any(out, inner)?;
                out.push(") IS NOT TRUE");
            }
            Filter::Is { field, op, value } => {
                out.push("(");
                self.comparison(out, field, *op, value)?;
                out.push(")");
            }
            Filter::Search(text) => crate::search::write(self, out, text),
            Filter::Linked { kind, field, filter } => self.linked(out, *kind, field, filter)?,
        }
        Ok(())
    }

    /// An empty list of alternatives holds, as it does in memory.
    fn joined(&self, out: &mut Statement, list: &[Filter], word: &str) -> Outcome<()> {
        if list.is_empty() {
            out.push("TRUE");
            return Ok(());
        }
        out.push("(");
        for (at, one) in list.iter().enumerate() {
            if at > 0 {
                out.push(word);
            }
            self.any(out, one)?;
        }
        out.push(")");
        Ok(())
    }

    fn comparison(&self, out: &mut Statement, field: &str, op: Op, wanted: &Value) -> Outcome<()> {
        if let Some((link, field)) = field.split_once('.') {
            return self.across(out, link, field, op, wanted);
        }
        if field == crm::code::ID {
            return self.column(out, &format!("{}.id", self.called), &Column { code: field.to_owned(), held: Held::Int }, op, wanted);
        }
        if let Some(column) = self.table.column(field) {
            return self.column(out, &format!("{}.\"{field}\"", self.called), column, op, wanted);
        }
        if self.table.points.iter().any(|code| code == field) {
            return self.points(out, field, op, wanted);
        }
        Err(crm::query::unknown_field(field).into())
    }

    /// A compiler for the table at the other end of a link, and what may be seen of it; `None` when that is nothing.
    fn beyond(&self, kind: EntityTypeId) -> Outcome<Option<(Compiler<'_>, Seen)>> {
        if self.hops >= FARTHEST {
            return Err(too_large());
        }
        let Some(table) = self.shape.tables.get(&kind) else { return Ok(None) };
        let called = format!("t{}", self.hops + 1);
        let seen = sight(self.rights, kind, Action::Read, &Columns::of(table, &called));
        let compiler = Compiler { dialect: self.dialect, shape: self.shape, called, hops: self.hops + 1, frequent: false, table, rights: self.rights };
        Ok((seen != Seen::Never).then_some((compiler, seen)))
    }

    /// A field of the record that a link leads to. What may not be seen does not fit, whatever is asked of it; where
    /// there is no link at all there is no answer.
    fn across(&self, out: &mut Statement, code: &str, field: &str, op: Op, wanted: &Value) -> Outcome<()> {
        let link = self.table.link(code).ok_or_else(|| crm::query::unknown_field(code))?;
        let to = link.to.ok_or_else(|| crm::query::unknown_field(code))?;
        if !self.rights.sees(self.table.kind, code) || !self.rights.sees(to, field) {
            return Err(crm::query::unknown_field(field).into());
        }
        if crm::query::fits_nothing(op, wanted) {
            // Without a link there is no answer, and no answer fits.
            match link.multiple {
                true => drop(out.push("coalesce(").push(&self.called).push(".\"").push(code).push("\", '[]') = '[]'")),
                false => drop(out.push(&self.called).push(".\"").push(code).push("\" IS NULL")),
            }
            out.push(" OR ");
        }
        let Some((beyond, seen)) = self.beyond(to)? else {
            out.push("FALSE");
            return Ok(());
        };
        out.push("EXISTS (SELECT 1 FROM ").push(&beyond.table.name).push(" AS ").push(&beyond.called).push(" WHERE ");
        leads_to(out, link, &self.called, self.table.kind, &beyond.called, to, self.dialect);
        out.push(" AND ");
        seen.write(out, self.dialect);
        out.push(" AND (");
        beyond.comparison(out, field, op, wanted)?;
        out.push("))");
        Ok(())
    }

    /// Some record of another type that points here fits and may be seen.
    fn linked(&self, out: &mut Statement, kind: EntityTypeId, field: &str, filter: &Filter) -> Outcome<()> {
        let unknown = || Fault::from(crm::query::unknown_field(field));
        let Some((beyond, seen)) = self.beyond(kind)? else {
            out.push("FALSE");
            return Ok(());
        };
        let link = beyond.table.link(field).filter(|link| link.to.is_none_or(|to| to == self.table.kind)).ok_or_else(unknown)?;
        if !self.rights.sees(kind, field) {
            return Err(unknown());
        }
        out.push("EXISTS (SELECT 1 FROM ").push(&beyond.table.name).push(" AS ").push(&beyond.called).push(" WHERE ");
        leads_to(out, link, &beyond.called, kind, &self.called, self.table.kind, self.dialect);
        out.push(" AND ");
        seen.write(out, self.dialect);
        out.push(" AND ");
        beyond.any(out, filter)?;
        out.push(")");
        Ok(())
    }

    fn column(&self, out: &mut Statement, name: &str, column: &Column, op: Op, wanted: &Value) -> Outcome<()> {
        match op {
            Op::Empty => drop(out.push(name).push(" IS NULL")),
            Op::Filled => drop(out.push(name).push(" IS NOT NULL")),
            Op::Eq => self.equal(out, name, column, wanted)?,
            Op::In => self.one_of(out, name, column, wanted.as_list())?,
            Op::Gt => self.ordered(out, name, column, ">", wanted)?,
            Op::Ge => self.ordered(out, name, column, ">=", wanted)?,
            Op::Lt => self.ordered(out, name, column, "<", wanted)?,
            Op::Le => self.ordered(out, name, column, "<=", wanted)?,
            Op::Contains => self.contains(out, &words(self.dialect, name, column), &needle(wanted)),
            Op::Like => self.like(out, &words(self.dialect, name, column), &needle(wanted)),
            Op::Ne | Op::NotIn | Op::NotContains | Op::NotLike => {
                out.push("(");
                self.column(out, name, column, positive(op), wanted)?;
                out.push(") IS NOT TRUE");
            }
        }
        Ok(())
    }

    fn equal(&self, out: &mut Statement, name: &str, column: &Column, wanted: &Value) -> Outcome<()> {
        if wanted.is_empty() {
            out.push(name).push(" IS NULL");
            return Ok(());
        }
        if matches!(wanted, Value::Record(_)) {
            // Tables of answers are compared with nothing.
            out.push("FALSE");
            return Ok(());
        }
        if column.held == Held::Json {
            if !self.in_side_table(out, column, wanted) {
                self.holds_element(out, name, wanted);
            }
            return Ok(());
        }
        out.push(name).push(" = ").bind(column.held.write(&column.code, wanted)?);
        Ok(())
    }

    /// A list of links, observers or offices that holds this answer is found in its side table, along an index.
    fn in_side_table(&self, out: &mut Statement, column: &Column, wanted: &Value) -> bool {
        let (kind, id) = (self.table.kind.0, format!("{}.id", self.called));
        let target = self.table.link(&column.code).and_then(|link| crate::access::target(link.to, wanted));
        let who = match (column.code.as_str(), wanted.as_int().filter(|id| *id > 0)) {
            (crm::code::OBSERVERS, Some(user)) => Some(user),
            (crm::code::SHARED_WITH, Some(office)) => Some(-office),
            _ => None,
        };
        if let Some(at) = target {
            out.push(&id).push(" IN (SELECT l.item_id FROM link AS l WHERE l.to_kind = ").bind(at.kind.0).push(" AND l.to_id = ").bind(at.id);
            out.push(" AND l.kind = ").bind(kind).push(" AND l.field = ").bind(column.code.as_str()).push(")");
        } else if let Some(who) = who {
            out.push(&id).push(" IN (SELECT a.item_id FROM access AS a WHERE a.kind = ").bind(kind).push(" AND a.who = ").bind(who).push(")");
        }
        target.is_some() || who.is_some()
    }

    /// A list holds this answer.
    fn holds_element(&self, out: &mut Statement, name: &str, wanted: &Value) {
        match self.dialect {
            Dialect::Sqlite => {
                // `json_each` shows flags as 0 and 1, and what is no plain value as its JSON.
                let shown = match wanted {
                    Value::Flag(flag) => Cell::from(*flag),
                    Value::Int(number) => Cell::Int(*number),
                    Value::Text(text) => Cell::from(text),
                    other => Cell::from(json(other)),
                };
                out.push("EXISTS (SELECT 1 FROM json_each(").push(name).push(") WHERE json_each.value = ").bind(shown).push(")");
            }
            Dialect::Postgres => {
                let list = json(&Value::Many(vec![wanted.clone()]));
                out.push("CAST(").push(name).push(" AS jsonb) @> CAST(CAST(").bind(list).push(" AS text) AS jsonb)");
            }
        }
    }

    fn one_of(&self, out: &mut Statement, name: &str, column: &Column, list: &[Value]) -> Outcome<()> {
        // Each element of a list column is a comparison of its own.
        let most = if matches!(column.held, Held::Json | Held::Whole | Held::Parts) { MOST_COMPARISONS } else { MOST_VALUES };
        if list.len() > most {
            return Err(too_large());
        }
        let (empty, filled): (Vec<&Value>, Vec<&Value>) = list.iter().partition(|value| value.is_empty());
        let mut alternatives = 0;
        let mut or = |out: &mut Statement| {
            if alternatives > 0 {
                out.push(" OR ");
            }
            alternatives += 1;
        };
        if !empty.is_empty() {
            or(out);
            out.push(name).push(" IS NULL");
        }
        match column.held {
            Held::Json | Held::Whole | Held::Parts => {
                for value in filled {
                    or(out);
                    self.equal(out, name, column, value)?;
                }
            }
            _ if !filled.is_empty() => {
                or(out);
                let cells = filled.into_iter().map(|value| column.held.write(&column.code, value)).collect::<Outcome<Vec<_>>>()?;
                out.push(name).push(" IN (").bind_all(cells).push(")");
            }
            _ => {}
        }
        if alternatives == 0 {
            out.push("FALSE");
        }
        Ok(())
    }

    fn ordered(&self, out: &mut Statement, name: &str, column: &Column, sign: &str, wanted: &Value) -> Outcome<()> {
        if wanted.is_empty() || matches!(column.held, Held::Json | Held::Whole | Held::Parts) {
            out.push("FALSE");
            return Ok(());
        }
        match (column.held, wanted) {
            (Held::Text, _) => {
                // Texts are compared letter by letter, as in memory; the database's own order may be another.
                let order = if self.dialect == Dialect::Postgres { " COLLATE \"C\"" } else { "" };
                out.push(name).push(order).push(" ").push(sign).push(" ").bind(column.held.write(&column.code, wanted)?);
            }
            (Held::Ref, Value::Ref(one)) => {
                let parts = match self.dialect {
                    Dialect::Sqlite => {
                        format!("(CAST(substr({name}, 1, instr({name}, ':') - 1) AS INTEGER), CAST(substr({name}, instr({name}, ':') + 1) AS INTEGER))")
                    }
                    Dialect::Postgres => format!("(CAST(split_part({name}, ':', 1) AS bigint), CAST(split_part({name}, ':', 2) AS bigint))"),
                };
                // An empty link has no parts: SQLite would read them as 0.
                out.push(name)
                    .push(" IS NOT NULL AND ")
                    .push(&parts)
                    .push(" ")
                    .push(sign)
                    .push(" (")
                    .bind_all([one.item.kind.0.into(), one.item.id.into()])
                    .push(")");
            }
            _ => drop(out.push(name).push(" ").push(sign).push(" ").bind(column.held.write(&column.code, wanted)?)),
        }
        Ok(())
    }

    /// `text` is an SQL expression in small letters that is empty, not NULL, where there is no answer; `None` when
    /// answers of this kind have no words.
    fn contains(&self, out: &mut Statement, text: &Option<String>, needle: &str) {
        match text {
            _ if needle.is_empty() => drop(out.push("TRUE")),
            None => drop(out.push("FALSE")),
            Some(text) => drop(out.push(self.dialect.holds()).push("(").push(text).push(", ").bind(needle).push(") > 0")),
        }
    }

    fn like(&self, out: &mut Statement, text: &Option<String>, pattern: &str) {
        match (text, self.dialect) {
            (None, _) => drop(out.push(if like("", pattern) { "TRUE" } else { "FALSE" })),
            (Some(text), Dialect::Sqlite) => drop(out.push("vekha_like(").push(text).push(", ").bind(pattern).push(")")),
            (Some(text), Dialect::Postgres) => {
                // Only `%` stands for anything.
                let pattern = pattern.replace('\\', "\\\\").replace('_', "\\_");
                out.push(text).push(" LIKE ").bind(pattern);
            }
        }
    }

    fn points(&self, out: &mut Statement, field: &str, op: Op, wanted: &Value) -> Outcome<()> {
        match op {
            Op::Empty => {
                out.push("NOT ");
                self.points(out, field, Op::Filled, wanted)?;
            }
            Op::Filled => self.some_point(out, field, |_| ()),
            Op::Eq | Op::In => {
                let list: Vec<&Value> = if op == Op::Eq { vec![wanted] } else { wanted.as_list().iter().collect() };
                if list.len() > MOST_VALUES {
                    return Err(too_large());
                }
                let (empty, filled): (Vec<&Value>, Vec<&Value>) = list.into_iter().partition(|value| value.is_empty());
                let normals: Vec<Cell> = filled.into_iter().filter_map(Value::as_text).map(Cell::from).collect();
                // No constant stands beside the one question that can be answered from an index: SQLite would read the
                // whole table then.
                match (empty.is_empty(), normals.is_empty()) {
                    (true, true) => drop(out.push("FALSE")),
                    (false, true) => {
                        out.push("NOT ");
                        self.some_point(out, field, |_| ());
                    }
                    (without, _) => {
                        if !without {
                            out.push("NOT ");
                            self.some_point(out, field, |_| ());
                            out.push(" OR ");
                        }
                        self.some_point(out, field, |out| {
                            out.push(" AND p.normal IN (").bind_all(normals).push(")");
                        });
                    }
                }
            }
            Op::Gt | Op::Ge | Op::Lt | Op::Le => drop(out.push("FALSE")),
            Op::Contains => {
                let needle = needle(wanted);
                match needle.contains(' ') || needle.is_empty() {
                    // A fragment with a gap may reach from one point into the next.
                    true => self.contains(out, &Some(self.all_points(field)), &needle),
                    false => {
                        let holds = self.dialect.holds();
                        self.some_point(out, field, |out| {
                            out.push(" AND ").push(holds).push("(vekha_lower(p.raw) || ' ' || p.normal, ").bind(needle).push(") > 0");
                        });
                    }
                }
            }
            Op::Like => self.like(out, &Some(self.all_points(field)), &needle(wanted)),
            Op::Ne | Op::NotIn | Op::NotContains | Op::NotLike => {
                out.push("(");
                self.points(out, field, positive(op), wanted)?;
                out.push(") IS NOT TRUE");
            }
        }
        Ok(())
    }

    /// Looks into the table of points first: an equal phone is one step in its index.
    fn some_point(&self, out: &mut Statement, field: &str, more: impl FnOnce(&mut Statement)) {
        out.push(&self.called).push(".id IN (SELECT p.item_id FROM point AS p WHERE p.kind = ").bind(self.table.kind.0).push(" AND p.field = ").bind(field);
        more(out);
        out.push(")");
    }

    /// All points of a field as one text: the field's code was found in the schema, so it is a checked identifier.
    fn all_points(&self, field: &str) -> String {
        let (kind, called, one) = (self.table.kind, &self.called, "vekha_lower(p.raw) || ' ' || p.normal");
        let all = match self.dialect {
            Dialect::Sqlite => format!("group_concat({one}, ' ' ORDER BY p.position)"),
            Dialect::Postgres => format!("string_agg({one}, ' ' ORDER BY p.position)"),
        };
        format!("coalesce((SELECT {all} FROM point AS p WHERE +p.kind = {kind} AND p.item_id = {called}.id AND p.field = '{field}'), '')")
    }
}

fn too_large() -> Fault {
    Refusal::new(
        "large_filter",
        "Слишком большое условие: сократите список или число сравнений",
        "The condition is too large: shorten the list or the number of comparisons",
    )
    .into()
}

/// The words of an answer as `contains` sees them.
fn words(dialect: Dialect, name: &str, column: &Column) -> Option<String> {
    match column.held {
        Held::Text => Some(format!("coalesce(vekha_lower({name}), '')")),
        Held::Int => Some(format!("coalesce(CAST({name} AS TEXT), '')")),
        // The parts of an address one after the other, in the order of their codes.
        Held::Parts => Some(match dialect {
            Dialect::Sqlite => {
                format!("coalesce((SELECT group_concat(vekha_lower(part.value), ' ') FROM json_each({name}) AS part WHERE part.type = 'text'), '')")
            }
            Dialect::Postgres => format!(
                "coalesce((SELECT string_agg(vekha_lower(part.value #>> '{{}}'), ' ') FROM json_each(CAST({name} AS json)) AS part WHERE json_typeof(part.value) = 'string'), '')"
            ),
        }),
        Held::Decimal | Held::Money | Held::Moment | Held::Date | Held::Flag | Held::Ref | Held::Json | Held::Whole => None,
    }
}

fn needle(wanted: &Value) -> String {
    wanted.as_text().map(str::to_lowercase).unwrap_or_default()
}

fn positive(op: Op) -> Op {
    match op {
        Op::Ne => Op::Eq,
        Op::NotIn => Op::In,
        Op::NotContains => Op::Contains,
        Op::NotLike => Op::Like,
        other => other,
    }
}
