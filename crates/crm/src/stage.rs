//! The one way in which an item comes to another stage, and on from there.

use crate::doors::{Read, Tx};
use crate::entity::{Ending, EntityType, Pipeline, Schema, Stage, Tunnel, code};
use crate::event::{Actor, Cause, Fact};
use crate::failure::{Outcome, Refusal};
use crate::field::FieldKind;
use crate::ids::{ItemRef, StageId};
use crate::item::{Item, demand};
use crate::query::Verdict;
use crate::rights::{Action, Rights};
use crate::value::{Value, Values};

/// A chain of tunnels and rules ends here (automation.md §5.8).
const LONGEST_CHAIN: u32 = 25;

/// Brings an item to a stage of its own type. Standing there already is no move and no event.
///
/// # Errors
/// `required_for_stage` with the fields that must be filled before, `ended` for a rule that would take up finished work,
/// stages of other types, and whom the rights do not allow.
pub fn move_to(tx: &mut dyn Tx, rights: &Rights, cause: &Cause, at: ItemRef, to: StageId) -> Outcome<Item> {
    let item = demand(tx.read(), rights, Action::Change, at)?;
    demand_place(tx.read(), rights, &item, to)?;
    move_loaded(tx, cause, item, to)
}

/// Refuses unless this person may change the item on the stage to which it would come: the right to change it where it
/// stands is not enough (domain.md 1.a: only the head of the lawyers moves a case to "filed").
///
/// # Errors
/// `access_denied`. Unknown stages are left to [`move_loaded`].
pub fn demand_place(read: &dyn Read, rights: &Rights, item: &Item, to: StageId) -> Outcome<()> {
    let schema = read.schema();
    let Some((pipeline, stage)) = schema.stage(to).filter(|_| !rights.admin && item.stage() != Some(to)) else { return Ok(()) };
    let mut there = item.clone();
    there.values.set(code::PIPELINE, Value::Int(pipeline.id.0));
    there.values.set(code::STAGE, Value::Int(stage.id.0));
    match rights.may(Action::Change, &there) {
        true => Ok(()),
        false => Err(Refusal::denied(
            format!("У вас нет права переводить записи на стадию «{}»", stage.title.ru),
            format!("You may not move records to the stage {}", stage.title.en),
        )
        .into()),
    }
}

/// The same for an item already loaded in this transaction by somebody who may change it.
///
/// # Errors
/// As [`move_to`], rights apart.
pub fn move_loaded(tx: &mut dyn Tx, cause: &Cause, item: Item, to: StageId) -> Outcome<Item> {
    let schema = tx.schema();
    if let Some((_, left)) = item.stage().and_then(|stage| schema.stage(stage)) {
        let goes_on = schema.stage(to).is_some_and(|(_, stage)| stage.outcome == Ending::Open);
        let by_rule = matches!(cause.by, Actor::Robot { .. } | Actor::Trigger { .. });
        if left.outcome != Ending::Open && !left.reopen && goes_on && by_rule && left.id != to {
            return Err(
                Refusal::new("ended", "Работа закончена: правило не возвращает её в начало", "The work has ended: a rule does not take it up again").into()
            );
        }
    }
    arrive(tx, cause, item, to)
}

fn arrive(tx: &mut dyn Tx, cause: &Cause, mut item: Item, to: StageId) -> Outcome<Item> {
    let schema = tx.schema();
    let Some((pipeline, stage)) = schema.stage(to).filter(|(pipeline, _)| pipeline.kind == item.kind) else {
        return Err(Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage").into());
    };
    let from = item.stage();
    if from == Some(to) {
        return Ok(item);
    }
    let shape = schema.kind(item.kind).ok_or_else(Refusal::not_found)?;
    if !cause.quiet {
        crate::require::demand_for_stage(tx.read(), shape, &item, to)?;
    }
    let before = item.values.clone();
    stand_on(tx, cause, &mut item.values, pipeline, stage)?;
    item.values.set(code::UPDATED_AT, Value::moment(cause.at));
    item.values.set(code::UPDATED_BY, Value::user(cause.by.user()));
    let fact = Fact::Moved { from, to, pipeline: pipeline.id };
    crate::item::keep(tx, cause, &before, &mut item, vec![fact])?;
    go_on(tx, cause, &schema, item)
}

/// Writes down where an item stands, since when, and until when it may.
pub(crate) fn stand_on(tx: &dyn Tx, cause: &Cause, values: &mut Values, pipeline: &Pipeline, stage: &Stage) -> Outcome<()> {
    values.set(code::PIPELINE, Value::Int(pipeline.id.0));
    values.set(code::STAGE, Value::Int(stage.id.0));
    values.set(code::MOVED_AT, Value::moment(cause.at));
    values.set(code::MOVED_BY, Value::user(cause.by.user()));
    let office = values.int(code::OFFICE).unwrap_or(0);
    match crate::calendar::stage_due(tx.read(), stage, office, cause.at)? {
        Some(due) => values.set(code::STAGE_DUE, Value::moment(due)),
        None => drop(values.0.remove(code::STAGE_DUE)),
    }
    Ok(())
}

/// Takes the tunnels of the stage where an item stands now.
pub(crate) fn go_on(tx: &mut dyn Tx, cause: &Cause, schema: &Schema, mut item: Item) -> Outcome<Item> {
    let Some((_, stage)) = item.stage().and_then(|stage| schema.stage(stage)) else { return Ok(item) };
    if cause.quiet || cause.depth >= LONGEST_CHAIN {
        return Ok(item);
    }
    let further = Cause { depth: cause.depth + 1, ..cause.clone() };
    let open = |tunnel: &&Tunnel| tunnel.when.test(&item) == Verdict::Fits;
    let tunnels: Vec<&Tunnel> = stage.tunnels.iter().filter(open).collect();
    // Copies first: the item that moves on is another one afterwards.
    for tunnel in tunnels.iter().filter(|tunnel| is_copy(schema, &item, tunnel)) {
        branch_off(tx, &further, schema, &item, tunnel)?;
    }
    if let Some(tunnel) = tunnels.iter().find(|tunnel| !is_copy(schema, &item, tunnel)) {
        let to = destination(schema, &item, tunnel)?.1.id;
        item = arrive(tx, &further, item, to)?;
    }
    Ok(item)
}

fn is_copy(schema: &Schema, item: &Item, tunnel: &Tunnel) -> bool {
    tunnel.copy || (!tunnel.kind.is_empty() && schema.kind_by_code(&tunnel.kind).is_none_or(|kind| kind.id != item.kind))
}

/// The pipeline and stage where a tunnel ends.
fn destination<'a>(schema: &'a Schema, item: &Item, tunnel: &Tunnel) -> Outcome<(&'a Pipeline, &'a Stage)> {
    let lost = || Refusal::new("broken_tunnel", "Туннель стадии ведёт туда, чего больше нет", "The tunnel of the stage leads to what is no more");
    let kind = match tunnel.kind.as_str() {
        "" => item.kind,
        code => schema.kind_by_code(code).ok_or_else(lost)?.id,
    };
    let pipeline = match tunnel.pipeline.as_str() {
        "" => schema.default_pipeline(kind),
        code => schema.pipelines_of(kind).into_iter().find(|one| one.code == code),
    };
    let pipeline = pipeline.ok_or_else(lost)?;
    let stage = match tunnel.stage.as_str() {
        "" => pipeline.stages.first(),
        code => pipeline.stages.iter().find(|one| one.code == code),
    };
    Ok((pipeline, stage.ok_or_else(lost)?))
}

/// Makes a new item from one that came to a tunnel: named answers, answers of equal fields, and a link back.
fn branch_off(tx: &mut dyn Tx, cause: &Cause, schema: &Schema, item: &Item, tunnel: &Tunnel) -> Outcome<()> {
    let lost = || Refusal::new("broken_tunnel", "Туннель стадии ведёт туда, чего больше нет", "The tunnel of the stage leads to what is no more");
    let source = schema.kind(item.kind).ok_or_else(lost)?;
    let target = match tunnel.kind.as_str() {
        "" => source,
        code => schema.kind_by_code(code).ok_or_else(lost)?,
    };
    let mut values = inherited(source, target, item, tunnel);
    if target.staged {
        let (pipeline, stage) = destination(schema, item, tunnel)?;
        values.set(code::PIPELINE, Value::Int(pipeline.id.0));
        values.set(code::STAGE, Value::Int(stage.id.0));
    }
    crate::item::create(tx, &Rights::system(), cause, target.id, &values).map(drop)
}

fn inherited(source: &EntityType, target: &EntityType, item: &Item, tunnel: &Tunnel) -> Values {
    let mut values = Values::new();
    for field in target.fields.iter().filter(|field| !code::KEPT.contains(&field.code.as_str()) && !field.is_kept()) {
        let from = tunnel.fields.get(&field.code).map_or(field.code.as_str(), String::as_str);
        let equal = || source.field(from).is_some_and(|one| one.kind == field.kind && one.multiple == field.multiple);
        // What does not fit is left out: a tunnel set up long ago must not stop a deal.
        let answer = match tunnel.fields.contains_key(&field.code) || equal() {
            true => field.accept(&plain(item, from)).unwrap_or_default(),
            false => Value::Null,
        };
        // A name made from another type's pattern would mislead.
        let renamed = field.code == code::TITLE && !target.naming.is_empty() && !tunnel.fields.contains_key(code::TITLE);
        if !answer.is_empty() && !renamed {
            values.set(field.code.clone(), answer);
        }
    }
    if item.kind == crate::entity::kind::CONTACT && target.has(code::CONTACT) {
        values.set(code::CONTACT, Value::Int(item.id));
    }
    let back = target.fields.iter().find(|field| match &field.kind {
        FieldKind::Link { to } => *to == item.kind && !field.multiple && values.get(&field.code).is_empty(),
        FieldKind::AnyItem => values.get(&field.code).is_empty(),
        _ => false,
    });
    match back.map(|field| (&field.code, &field.kind)) {
        Some((code, FieldKind::AnyItem)) => values.set(code.clone(), Value::item(item.at())),
        Some((code, _)) => values.set(code.clone(), Value::Int(item.id)),
        None => {}
    }
    values
}

/// An answer as it can be given to another record: its points are new ones there.
fn plain(item: &Item, code: &str) -> Value {
    match item.values.get(code) {
        Value::Points(points) => Value::points(points.list.iter().map(|point| crate::value::Point { id: 0, ..point.clone() }).collect()),
        other => other.clone(),
    }
}
