//! What is wrong with a formula before it is saved: its words, its kinds, its cycles.

use super::{Expr, Look, Sign, Source, formulas, is_kept_by_program, looks, parse, source, wrong};
use crate::entity::{EntityType, Schema};
use crate::failure::Refusal;
use crate::field::{Field, FieldKind, FormulaResult};
use crate::ids::EntityTypeId;
use std::collections::BTreeSet;

/// What a part of a formula is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Text,
    Flag,
    Date,
    Moment,
    /// Several answers: only `has`, `filled` and `count` know what to do with them.
    List,
    /// Nothing is known of it but whether it is filled.
    Thing,
}

impl Sort {
    fn name(self) -> (&'static str, &'static str) {
        match self {
            Sort::Number => ("число", "a number"),
            Sort::Text => ("текст", "a text"),
            Sort::Flag => ("да или нет", "yes or no"),
            Sort::Date => ("дата", "a date"),
            Sort::Moment => ("дата и время", "a moment"),
            Sort::List => ("список", "a list"),
            Sort::Thing => ("вложенный ответ", "an answer with parts"),
        }
    }
}

/// Checks the formula of a field of a type as it would stand in the schema: words, kinds and cycles.
///
/// # Errors
/// `wrong_formula` with the place, `formula_cycle` with the cycle named: `a → b → a`.
pub fn check(schema: &Schema, kind: EntityTypeId, field: &Field) -> Result<(), Refusal> {
    let FieldKind::Formula { expression, result } = &field.kind else { return Ok(()) };
    let mut schema = schema.clone();
    let Some(shape) = schema.types.get_mut(&kind) else { return Err(crate::query::unknown_field(&field.code)) };
    match shape.fields.iter_mut().find(|one| one.code == field.code) {
        Some(known) => *known = field.clone(),
        None => shape.fields.push(field.clone()),
    }
    let shape = schema.kind(kind).ok_or_else(|| crate::query::unknown_field(&field.code))?;
    fits(&schema, shape, expression, *result)?;
    refuse_cycle(&schema, kind, &field.code)
}

/// Checks every formula of every type: after a type, a field or a pack changed.
///
/// # Errors
/// As [`check`]; the refusal names the field.
pub fn check_all(schema: &Schema) -> Result<(), Refusal> {
    for shape in schema.types.values() {
        for field in &shape.fields {
            let FieldKind::Formula { expression, result } = &field.kind else { continue };
            let named = |refusal: Refusal| {
                let text = crate::label::Label::new(
                    format!("{}, «{}»: {}", shape.title.ru, field.title.ru, refusal.text.ru),
                    format!("{}, {}: {}", shape.title.en, field.title.en, refusal.text.en),
                );
                Refusal { text: text.clone(), ..refusal }.at(format!("{}.{}", shape.code, field.code), text)
            };
            fits(schema, shape, expression, *result).map_err(named)?;
            refuse_cycle(schema, shape.id, &field.code).map_err(named)?;
        }
    }
    Ok(())
}

/// The formulas that look at a field: (type, code of the formula's field). For the list of uses of a field.
pub fn uses(schema: &Schema, kind: EntityTypeId, code: &str) -> Vec<(EntityTypeId, String)> {
    let mut found = Vec::new();
    for shape in schema.types.values() {
        for (field, expr) in formulas(shape) {
            let looks_at = looks(schema, shape, &expr).into_iter().any(|look| match look {
                Look::Own(own) => shape.id == kind && own == code,
                Look::Hop(_, to, field) => to == kind && field == code,
                Look::Below(from, _, field) => from == kind && field == code,
            });
            if looks_at {
                found.push((shape.id, field.code.clone()));
            }
        }
    }
    found
}

fn fits(schema: &Schema, shape: &EntityType, expression: &str, result: FormulaResult) -> Result<(), Refusal> {
    let expr = parse::parse(expression)?;
    let sort = Place { schema, shape, row: None }.sort(&expr)?;
    let wanted = match result {
        FormulaResult::Text => Sort::Text,
        FormulaResult::Integer | FormulaResult::Decimal | FormulaResult::Money => Sort::Number,
        FormulaResult::Date => Sort::Date,
        FormulaResult::Moment => Sort::Moment,
        FormulaResult::Flag => Sort::Flag,
    };
    match sort == wanted {
        true => Ok(()),
        false => Err(wrong(
            0,
            &format!("получается {}, а нужно: {}", sort.name().0, wanted.name().0),
            &format!("it gives {}, but {} is needed", sort.name().1, wanted.name().1),
        )),
    }
}

/// Where a part of a formula stands: in a record, or in a row of a roll-up.
struct Place<'a> {
    schema: &'a Schema,
    shape: &'a EntityType,
    row: Option<Source<'a>>,
}

impl Place<'_> {
    fn sort(&self, expr: &Expr) -> Result<Sort, Refusal> {
        match expr {
            Expr::Number(_) => Ok(Sort::Number),
            Expr::Text(_) => Ok(Sort::Text),
            Expr::Flag(_) => Ok(Sort::Flag),
            Expr::Field(code, at) => {
                let field = match &self.row {
                    Some(row) => row.field(code),
                    None => self.shape.field(code),
                };
                field.map(sort_of).ok_or_else(|| wrong(*at, &format!("поля «{code}» нет"), &format!("there is no field {code}")))
            }
            Expr::Path(link, code, at) => self.hop(link, code, *at),
            Expr::Not(one) => self.demand(one, Sort::Flag, 0).map(|()| Sort::Flag),
            Expr::Negate(one) => self.demand(one, Sort::Number, 0).map(|()| Sort::Number),
            Expr::Binary(sign, one, other, at) => self.binary(*sign, one, other, *at),
            Expr::Call(name, args, at) => self.call(name, args, *at),
        }
    }

    fn hop(&self, link: &str, code: &str, at: usize) -> Result<Sort, Refusal> {
        if self.row.is_some() {
            let text = ("внутри сумм видны только поля самой строки", "inside a roll-up only the fields of the row itself are seen");
            return Err(wrong(at, text.0, text.1));
        }
        let unknown = || wrong(at, &format!("«{link}.{code}» никуда не ведёт"), &format!("{link}.{code} leads nowhere"));
        let known = self.shape.field(link).filter(|field| !field.multiple).ok_or_else(unknown)?;
        let FieldKind::Link { to } = known.kind else { return Err(unknown()) };
        self.schema.field(to, code).map(sort_of).ok_or_else(unknown)
    }

    fn demand(&self, expr: &Expr, wanted: Sort, at: usize) -> Result<(), Refusal> {
        let sort = self.sort(expr)?;
        let at = place_of(expr).unwrap_or(at);
        match sort == wanted {
            true => Ok(()),
            false => Err(wrong(
                at,
                &format!("нужно: {}, а здесь {}", wanted.name().0, sort.name().0),
                &format!("{} is needed, this is {}", wanted.name().1, sort.name().1),
            )),
        }
    }

    fn binary(&self, sign: Sign, one: &Expr, other: &Expr, at: usize) -> Result<Sort, Refusal> {
        match sign {
            Sign::Add | Sign::Subtract | Sign::Multiply | Sign::Divide => {
                self.demand(one, Sort::Number, at)?;
                self.demand(other, Sort::Number, at)?;
                Ok(Sort::Number)
            }
            Sign::And | Sign::Or => {
                self.demand(one, Sort::Flag, at)?;
                self.demand(other, Sort::Flag, at)?;
                Ok(Sort::Flag)
            }
            _ => {
                let sort = self.sort(one)?;
                if matches!(sort, Sort::List | Sort::Thing) {
                    return Err(wrong(at, "это нельзя сравнить; для списка есть has(…)", "this cannot be compared; has(…) is for lists"));
                }
                self.demand(other, sort, at)?;
                Ok(Sort::Flag)
            }
        }
    }

    fn call(&self, name: &str, args: &[Expr], at: usize) -> Result<Sort, Refusal> {
        use Sort::{Date, Flag, List, Moment, Number, Text};
        if let Some(rows) = source(self.schema, self.shape, name, args).filter(|_| self.row.is_none()) {
            return self.roll_up(rows, name, args, at);
        }
        let fixed = |wanted: &[Sort], gives: Sort| -> Result<Sort, Refusal> {
            self.count(args, wanted.len(), wanted.len(), at)?;
            args.iter().zip(wanted).try_for_each(|(arg, sort)| self.demand(arg, *sort, at)).map(|()| gives)
        };
        match name {
            "if" => {
                self.count(args, 3, 3, at)?;
                self.demand(&args[0], Flag, at)?;
                let sort = self.sort(&args[1])?;
                self.demand(&args[2], sort, at).map(|()| sort)
            }
            "round" if args.len() == 1 => fixed(&[Number], Number),
            "round" => fixed(&[Number, Number], Number),
            "floor" | "ceil" | "abs" => fixed(&[Number], Number),
            "min" | "max" => {
                self.count(args, 1, 20, at)?;
                let sort = self.sort(&args[0])?;
                if !matches!(sort, Number | Date | Moment) {
                    return Err(wrong(at, "нужны числа или даты", "numbers or dates are needed"));
                }
                args.iter().try_for_each(|arg| self.demand(arg, sort, at)).map(|()| sort)
            }
            "concat" => {
                self.count(args, 1, 20, at)?;
                args.iter().try_for_each(|arg| self.sort(arg).map(drop)).map(|()| Text)
            }
            "text" | "filled" => {
                self.count(args, 1, 1, at)?;
                self.sort(&args[0]).map(|_| if name == "text" { Text } else { Flag })
            }
            "has" => fixed(&[List, Text], Flag),
            "days" => fixed(&[Date, Date], Number),
            "adddays" | "addmonths" => fixed(&[Date, Number], Date),
            "date" => fixed(&[Moment], Date),
            "year" | "month" | "day" => fixed(&[Date], Number),
            "today" | "now" => Err(wrong(
                at,
                "сегодняшний день меняется сам, а формула — нет: поставьте робота или напоминание по дате",
                "today changes by itself and a formula does not: use a robot or a timer on the date",
            )),
            "sum" | "avg" | "count" => {
                Err(wrong(at, "первым нужно «тип.ссылка» на эту запись или поле-таблица", "the first argument is type.link to this record, or a table field"))
            }
            _ => Err(wrong(at, &format!("функции «{name}» нет"), &format!("there is no function {name}"))),
        }
    }

    fn count(&self, args: &[Expr], least: usize, most: usize, at: usize) -> Result<(), Refusal> {
        match (least..=most).contains(&args.len()) {
            true => Ok(()),
            false => {
                Err(wrong(at, &format!("нужно значений: {least}, а здесь {}", args.len()), &format!("{least} arguments are needed, this has {}", args.len())))
            }
        }
    }

    fn roll_up(&self, rows: Source<'_>, name: &str, args: &[Expr], at: usize) -> Result<Sort, Refusal> {
        let inside = Place { schema: self.schema, shape: self.shape, row: Some(rows) };
        let own = usize::from(name != "count");
        self.count(args, 1 + own, 2 + own, at)?;
        if let Some(condition) = args.get(1 + own) {
            inside.demand(condition, Sort::Flag, at)?;
        }
        match name {
            "count" => Ok(Sort::Number),
            "sum" | "avg" => inside.demand(&args[1], Sort::Number, at).map(|()| Sort::Number),
            _ => match inside.sort(&args[1])? {
                sort @ (Sort::Number | Sort::Date | Sort::Moment) => Ok(sort),
                _ => Err(wrong(at, "нужны числа или даты", "numbers or dates are needed")),
            },
        }
    }
}

fn place_of(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Field(_, at) | Expr::Path(_, _, at) | Expr::Call(_, _, at) | Expr::Binary(_, _, _, at) => Some(*at),
        Expr::Not(one) | Expr::Negate(one) => place_of(one),
        _ => None,
    }
}

fn sort_of(field: &Field) -> Sort {
    match &field.kind {
        FieldKind::Record { .. } => Sort::Thing,
        _ if field.multiple => Sort::List,
        FieldKind::Integer
        | FieldKind::Decimal
        | FieldKind::Money
        | FieldKind::Link { .. }
        | FieldKind::User
        | FieldKind::Department
        | FieldKind::File
        | FieldKind::Image => Sort::Number,
        FieldKind::Date => Sort::Date,
        FieldKind::Moment => Sort::Moment,
        FieldKind::Flag => Sort::Flag,
        FieldKind::Formula { result, .. } => match result {
            FormulaResult::Text => Sort::Text,
            FormulaResult::Integer | FormulaResult::Decimal | FormulaResult::Money => Sort::Number,
            FormulaResult::Date => Sort::Date,
            FormulaResult::Moment => Sort::Moment,
            FormulaResult::Flag => Sort::Flag,
        },
        FieldKind::Secret => Sort::Thing,
        _ => Sort::Text,
    }
}

/// Refuses a formula that comes back to itself, across types too, and names the way.
fn refuse_cycle(schema: &Schema, kind: EntityTypeId, code: &str) -> Result<(), Refusal> {
    let start = (kind, code.to_owned());
    let mut path = vec![start.clone()];
    let mut over = BTreeSet::new();
    match comes_back(schema, &start, &start, &mut path, &mut over) {
        false => Ok(()),
        true => {
            let foreign = path.iter().any(|(one, _)| *one != kind);
            let name = |(one, code): &(EntityTypeId, String)| match schema.kind(*one).filter(|_| foreign) {
                Some(shape) => format!("{}.{code}", shape.code),
                None => code.clone(),
            };
            let way = path.iter().map(name).collect::<Vec<_>>().join(" → ");
            Err(Refusal::new("formula_cycle", format!("Формула ссылается сама на себя: {way}"), format!("The formula refers to itself: {way}")))
        }
    }
}

type Node = (EntityTypeId, String);

fn comes_back(schema: &Schema, start: &Node, at: &Node, path: &mut Vec<Node>, over: &mut BTreeSet<Node>) -> bool {
    for next in steps(schema, at) {
        path.push(next.clone());
        if next == *start || (over.insert(next.clone()) && comes_back(schema, start, &next, path, over)) {
            return true;
        }
        path.pop();
    }
    false
}

/// The fields on which a formula rests.
fn steps(schema: &Schema, (kind, code): &Node) -> Vec<Node> {
    let Some(shape) = schema.kind(*kind) else { return Vec::new() };
    let Some(FieldKind::Formula { expression, .. }) = shape.field(code).map(|field| &field.kind) else { return Vec::new() };
    let Ok(expr) = parse::parse(expression) else { return Vec::new() };
    looks(schema, shape, &expr)
        .into_iter()
        .map(|look| match look {
            Look::Own(code) => (*kind, code),
            Look::Hop(_, to, code) => (to, code),
            Look::Below(from, _, code) => (from, code),
        })
        .filter(|(_, code)| !is_kept_by_program(code))
        .collect()
}
