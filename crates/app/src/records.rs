//! Records of a demo, as a pack writes them down: they point at each other and at people by names, and their days count
//! from the day of the demo.

use crm::pack::PackRecord;
use crm::{Actor, Cause, Field, FieldKind, ItemRef, Moment, Outcome, Refusal, Rights, Tx, UserId, Value, code};
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: u64 = 86_400;

/// Makes the records in their order, without automation.
///
/// # Errors
/// `broken_pack` naming the record and what it names that does not exist; refusals of the records' own fields.
pub fn put_all(tx: &mut dyn Tx, records: &[PackRecord], now: Moment) -> Outcome<()> {
    let mut known: BTreeMap<String, ItemRef> = BTreeMap::new();
    for record in records {
        let at = put(tx, record, now, &known)?;
        if !record.name.is_empty() {
            known.insert(record.name.clone(), at);
        }
    }
    Ok(())
}

fn put(tx: &mut dyn Tx, record: &PackRecord, now: Moment, known: &BTreeMap<String, ItemRef>) -> Outcome<ItemRef> {
    let schema = tx.schema();
    let wrong = |what: &str| broken(&record.kind, &record.name, what);
    let shape = schema.kind_by_code(&record.kind).ok_or_else(|| wrong(&record.kind))?;
    let mut values = crm::Values::new();
    for (code, value) in &record.values.0 {
        let field = shape.field(code).ok_or_else(|| wrong(code))?;
        values.set(code.clone(), meant(tx, field, value, now, known).map_err(|what| wrong(&what))?);
    }
    if !record.responsible.is_empty() {
        values.set(code::RESPONSIBLE, Value::user(person(tx, &record.responsible).ok_or_else(|| wrong(&record.responsible))?));
    }
    let mut goes_to = None;
    if !record.stage.is_empty() {
        let (pipeline, stage) = record.stage.split_once('/').unwrap_or(("", &record.stage));
        let pipelines = schema.pipelines_of(shape.id);
        let pipeline = pipelines.into_iter().find(|one| one.code == pipeline || pipeline.is_empty()).ok_or_else(|| wrong(&record.stage))?;
        let stage = pipeline.stages.iter().find(|one| one.code == stage).ok_or_else(|| wrong(&record.stage))?;
        let first = pipeline.stages.first().filter(|_| record.moved_days_ago.is_some()).unwrap_or(stage);
        values.set(code::STAGE, Value::Int(first.id.0));
        goes_to = Some(stage.id);
    }
    let cause = Cause::new(Actor::System, now.minus(Duration::from_secs(record.days_ago * DAY))).quietly();
    let made = crm::item::create(tx, &Rights::system(), &cause, shape.id, &values).map_err(|fault| match fault {
        crm::Fault::Refused(refusal) => wrong(&refusal.fields.first().map_or_else(|| refusal.text.ru.clone(), |(_, text)| text.ru.clone())).into(),
        other => other,
    })?;
    if let (Some(stage), Some(days)) = (goes_to, record.moved_days_ago) {
        let cause = Cause::new(Actor::System, now.minus(Duration::from_secs(days * DAY))).quietly();
        crm::stage::move_to(tx, &Rights::system(), &cause, made.at(), stage)?;
    }
    Ok(made.at())
}

/// `@ivanov` is a record or a person, `+3` and `-10` are days from today; everything else is itself.
fn meant(tx: &mut dyn Tx, field: &Field, value: &Value, now: Moment, known: &BTreeMap<String, ItemRef>) -> Result<Value, String> {
    if let Value::Many(list) = value {
        return list.iter().map(|one| meant(tx, field, one, now, known)).collect::<Result<_, _>>().map(Value::Many);
    }
    if let (Value::Record(row), FieldKind::Record { fields }) = (value, &field.kind) {
        let mut meant_row = crm::Values::new();
        for (code, value) in &row.0 {
            let inner = fields.iter().find(|one| one.code == *code).ok_or_else(|| code.clone())?;
            meant_row.set(code.clone(), meant(tx, inner, value, now, known)?);
        }
        return Ok(Value::Record(meant_row));
    }
    let Some(text) = value.as_text() else { return Ok(value.clone()) };
    match &field.kind {
        FieldKind::Link { to } if text.starts_with('@') => {
            let named = known.get(&text[1..]).filter(|at| at.kind == *to).map(|at| at.id);
            named.or_else(|| of_dictionary(tx, *to, &text[1..])).map(Value::Int).ok_or_else(|| text.to_owned())
        }
        FieldKind::AnyItem if text.starts_with('@') => known.get(&text[1..]).map(|at| Value::item(*at)).ok_or_else(|| text.to_owned()),
        FieldKind::User if text.starts_with('@') => person(tx, &text[1..]).map(Value::user).ok_or_else(|| text.to_owned()),
        FieldKind::Department if text.starts_with('@') => {
            let all = tx.departments().map_err(|fault| fault.describe())?;
            all.iter().find(|one| one.code == text[1..]).map(|one| Value::Int(one.id)).ok_or_else(|| text.to_owned())
        }
        FieldKind::Date | FieldKind::Moment if text.starts_with(['+', '-']) => {
            let days: i64 = text.parse().map_err(|_| text.to_owned())?;
            let by = Duration::from_secs(days.unsigned_abs() * DAY);
            let at = if days < 0 { now.minus(by) } else { now.plus(by) };
            Ok(Value::moment(at))
        }
        _ => Ok(value.clone()),
    }
}

/// The record of a dictionary with this code: a court, a parameter.
fn of_dictionary(tx: &mut dyn Tx, kind: crm::EntityTypeId, code: &str) -> Option<i64> {
    tx.schema().field(kind, "code")?;
    let query = crm::Query::of(kind).filter(crm::Filter::is("code", crm::Op::Eq, Value::text(code))).limit(1);
    tx.items(&Rights::system(), &query).ok()?.first().map(|item| item.id)
}

fn person(tx: &mut dyn Tx, login: &str) -> Option<UserId> {
    tx.user_by_login(login).ok().flatten().map(|user| user.id)
}

/// The refusal of a demo for one record.
fn broken(kind: &str, name: &str, what: &str) -> Refusal {
    let at = if name.is_empty() { kind.to_owned() } else { format!("{kind} «{name}»") };
    Refusal::new("broken_pack", format!("demo.toml, {at}: «{what}»"), format!("demo.toml, {at}: {what}"))
}
