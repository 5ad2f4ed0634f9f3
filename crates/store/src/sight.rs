//! Which rows somebody may see or touch, as SQL: exactly what `crm::Rights::may` says in memory. A test with random rights
//! and random items compares the two.

use crate::shape::Table;
use crate::sql::{Cell, Dialect, Statement};
use crm::{Action, EntityTypeId, Rights, Scope, code};
use std::collections::{BTreeMap, BTreeSet};

/// Longer lists go as one parameter: few shapes of statements, and no bound on the number of people.
const SHORT: usize = 8;

/// A condition that is put together before it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Everything fits.
    Always,
    /// Nothing fits.
    Never,
    /// The column holds one of these numbers.
    OneOf(String, Vec<i64>),
    /// The column holds none of these numbers, or nothing.
    NoneOf(String, Vec<i64>),
    /// The column holds nothing.
    Empty(String),
    /// The table of access names somebody for the record with this number: a user, or minus an office.
    Invited(EntityTypeId, String, Vec<i64>),
    /// All of these hold.
    All(Vec<Seen>),
    /// One of these holds.
    Any(Vec<Seen>),
}

/// Names of the columns that rights look at; what a table does not have is `None`.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The number of the record.
    pub id: String,
    /// Who answers for it.
    pub responsible: String,
    /// Whose office it is.
    pub office: Option<String>,
    /// Pipeline and stage.
    pub place: Option<(String, String)>,
    /// Somebody may be invited to it.
    pub shared: bool,
}

impl Columns {
    /// The columns of a type's table that is called so in the statement.
    pub fn of(table: &Table, called: &str) -> Columns {
        let has = |field: &str| table.column(field).is_some();
        Columns {
            id: format!("{called}.id"),
            responsible: format!("{called}.responsible"),
            office: has(code::OFFICE).then(|| format!("{called}.office")),
            place: (has(code::PIPELINE) && has(code::STAGE)).then(|| (format!("{called}.pipeline"), format!("{called}.stage"))),
            shared: table.shared,
        }
    }

    /// The columns of the recycle bin, for a type of this table.
    pub fn of_bin(table: &Table) -> Columns {
        Columns {
            id: "b.item_id".to_owned(),
            responsible: "b.responsible".to_owned(),
            office: Some("b.office".to_owned()),
            place: Some(("b.pipeline".to_owned(), "b.stage".to_owned())),
            shared: table.shared,
        }
    }

    /// The columns of the totals.
    pub fn of_totals() -> Columns {
        Columns { id: String::new(), responsible: "responsible".to_owned(), office: Some("office".to_owned()), place: None, shared: false }
    }
}

/// What may be done with the records of a type.
pub fn sight(rights: &Rights, kind: EntityTypeId, action: Action, columns: &Columns) -> Seen {
    let grant = rights.grant(kind, action);
    let invited = |scope: Scope| match action == Action::Read && scope != Scope::None && columns.shared {
        true => Seen::Invited(kind, columns.id.clone(), invitations(rights)),
        false => Seen::Never,
    };
    let whole = |scope: Scope| any(vec![reach(rights, kind, scope, columns), invited(scope)]);
    let Some((pipeline, stage)) = columns.place.as_ref().filter(|_| !grant.pipelines.is_empty() || !grant.stages.is_empty()) else {
        return whole(grant.scope);
    };
    let stages: Vec<i64> = grant.stages.keys().map(|stage| stage.0).collect();
    let pipelines: Vec<i64> = grant.pipelines.keys().map(|pipeline| pipeline.0).collect();
    let elsewhere = || Seen::NoneOf(stage.clone(), stages.clone());
    let mut places: BTreeMap<Scope, Vec<Seen>> = BTreeMap::new();
    for scope in grant.stages.values().collect::<BTreeSet<_>>() {
        let here = grant.stages.iter().filter(|one| one.1 == scope).map(|one| one.0.0).collect();
        places.entry(*scope).or_default().push(Seen::OneOf(stage.clone(), here));
    }
    for scope in grant.pipelines.values().collect::<BTreeSet<_>>() {
        let here = grant.pipelines.iter().filter(|one| one.1 == scope).map(|one| one.0.0).collect();
        places.entry(*scope).or_default().push(all(vec![elsewhere(), Seen::OneOf(pipeline.clone(), here)]));
    }
    places.entry(grant.scope).or_default().push(all(vec![elsewhere(), Seen::NoneOf(pipeline.clone(), pipelines)]));
    any(places.into_iter().map(|(scope, places)| all(vec![any(places), whole(scope)])).collect())
}

/// What a permission of this reach covers, invitations aside.
pub fn reach(rights: &Rights, kind: EntityTypeId, scope: Scope, columns: &Columns) -> Seen {
    let own: BTreeSet<i64> = rights.stands_for.iter().map(|user| user.0).chain([rights.user.0]).collect();
    let people = |more: &BTreeSet<crm::UserId>| one_of(Some(&columns.responsible), own.iter().copied().chain(more.iter().map(|user| user.0)).collect());
    let offices = |offices: BTreeSet<i64>| one_of(columns.office.as_ref(), offices);
    let nobody = BTreeSet::new();
    let free = || match rights.pool.contains(&kind) {
        false => Seen::Never,
        true if rights.offices.is_empty() => one_of(Some(&columns.responsible), [0].into()),
        true => all(vec![one_of(Some(&columns.responsible), [0].into()), offices(rights.offices.iter().copied().chain([0]).collect())]),
    };
    match scope {
        Scope::None => Seen::Never,
        Scope::Own => any(vec![people(&nobody), free()]),
        Scope::Department => any(vec![people(&rights.department), free()]),
        Scope::Departments => any(vec![people(&rights.departments), free()]),
        Scope::Office => any(vec![people(&nobody), free(), if rights.office == 0 { Seen::Never } else { offices([rights.office].into()) }]),
        Scope::Offices => any(vec![people(&nobody), free(), offices(rights.offices.clone())]),
        Scope::All => Seen::Always,
    }
}

/// As whom somebody may be invited: he himself, and his offices.
pub fn invitations(rights: &Rights) -> Vec<i64> {
    [rights.user.0].into_iter().filter(|user| *user > 0).chain(rights.offices.iter().filter(|office| **office > 0).map(|office| -office)).collect()
}

/// The column holds one of the numbers; 0 among them stands for nothing, too. A column that does not exist holds nothing.
fn one_of(column: Option<&String>, numbers: BTreeSet<i64>) -> Seen {
    let zero = numbers.contains(&0);
    match column {
        None if zero => Seen::Always,
        None => Seen::Never,
        Some(_) if numbers.is_empty() => Seen::Never,
        Some(column) if zero => any(vec![Seen::Empty(column.clone()), Seen::OneOf(column.clone(), numbers.into_iter().collect())]),
        Some(column) => Seen::OneOf(column.clone(), numbers.into_iter().collect()),
    }
}

/// All of these hold.
pub fn all(list: Vec<Seen>) -> Seen {
    if list.contains(&Seen::Never) {
        return Seen::Never;
    }
    let mut list: Vec<Seen> = list.into_iter().filter(|one| *one != Seen::Always && !matches!(one, Seen::NoneOf(_, none) if none.is_empty())).collect();
    match list.len() {
        0 => Seen::Always,
        1 => list.remove(0),
        _ => Seen::All(list),
    }
}

/// One of these holds.
pub fn any(list: Vec<Seen>) -> Seen {
    if list.contains(&Seen::Always) {
        return Seen::Always;
    }
    let flat = list.into_iter().flat_map(|one| match one {
        Seen::Any(inner) => inner,
        other => vec![other],
    });
    let mut list: Vec<Seen> = flat.filter(|one| *one != Seen::Never && !matches!(one, Seen::Invited(_, _, who) if who.is_empty())).collect();
    match list.len() {
        0 => Seen::Never,
        1 => list.remove(0),
        _ => Seen::Any(list),
    }
}

/// More alternatives than this are not taken apart.
const MOST_BRANCHES: usize = 12;

impl Seen {
    /// The alternatives that make up the condition, each of which an index of its own can serve: a page of the whole is
    /// found among the first pages of each.
    pub fn branches(&self) -> Vec<Seen> {
        let apart = self.apart();
        match apart.len() <= MOST_BRANCHES {
            true => apart,
            false => vec![self.clone()],
        }
    }

    fn apart(&self) -> Vec<Seen> {
        match self {
            Seen::Any(list) => list.iter().flat_map(Seen::apart).collect(),
            Seen::All(list) => match list.iter().rposition(|one| matches!(one, Seen::Any(_))) {
                Some(at) => {
                    let rest = |alternative: Seen| all(list[..at].iter().cloned().chain([alternative]).chain(list[at + 1..].iter().cloned()).collect());
                    list[at].apart().into_iter().map(rest).collect()
                }
                None => vec![self.clone()],
            },
            other => vec![other.clone()],
        }
    }

    /// Writes the condition.
    pub fn write(&self, out: &mut Statement, dialect: Dialect) {
        match self {
            Seen::Always => drop(out.push("TRUE")),
            Seen::Never => drop(out.push("FALSE")),
            Seen::OneOf(column, numbers) => {
                out.push(column);
                among(out, numbers, dialect);
            }
            Seen::NoneOf(column, numbers) => {
                out.push("(").push(column);
                among(out, numbers, dialect);
                out.push(") IS NOT TRUE");
            }
            Seen::Empty(column) => drop(out.push(column).push(" IS NULL")),
            Seen::Invited(kind, id, who) => {
                out.push(id).push(" IN (SELECT item_id FROM access WHERE kind = ").bind(kind.0).push(" AND who");
                among(out, who, dialect);
                out.push(")");
            }
            Seen::All(list) => joined(out, list, " AND ", dialect),
            Seen::Any(list) => joined(out, list, " OR ", dialect),
        }
    }
}

fn joined(out: &mut Statement, list: &[Seen], word: &str, dialect: Dialect) {
    out.push("(");
    for (at, one) in list.iter().enumerate() {
        if at > 0 {
            out.push(word);
        }
        one.write(out, dialect);
    }
    out.push(")");
}

/// ` = $1`, ` IN ($1, …)`, or a list of any length as one parameter.
fn among(out: &mut Statement, numbers: &[i64], dialect: Dialect) {
    let list = || numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    match numbers {
        [one] => drop(out.push(" = ").bind(*one)),
        few if few.len() <= SHORT => drop(out.push(" IN (").bind_all(few.iter().map(|one| Cell::Int(*one))).push(")")),
        _ => match dialect {
            Dialect::Sqlite => drop(out.push(" IN (SELECT value FROM json_each(").bind(format!("[{}]", list())).push("))")),
            Dialect::Postgres => drop(out.push(" = ANY (CAST(CAST(").bind(format!("{{{}}}", list())).push(" AS text) AS bigint[]))")),
        },
    }
}
