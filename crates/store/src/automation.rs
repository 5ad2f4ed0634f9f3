//! What automation keeps: programs, runs, steps, evaluations.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::shape;
use crate::sql::{Cell, Dialect, Row};
use crm::{EntityTypeId, Evaluation, Failure, ItemRef, Moment, Outcome, Program, RuleId, Run, RunId, Seq, StageId, Step, StepId, StepState};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Publishes a program as the stage's next version.
pub fn publish(desk: &Desk<'_>, program: &mut Program) -> Outcome<()> {
    desk.lock("shape")?;
    for rule in program.rules.iter_mut().filter(|rule| rule.id.0 == 0) {
        rule.id = RuleId(shape::next(desk, "rule")?);
    }
    program.version = current(desk, program.stage)?.unwrap_or(0) + 1;
    desk.mark_published();
    desk.run("INSERT INTO program (stage, version, body) VALUES ($1, $2, $3)", &[program.stage.0.into(), program.version.into(), json(program).into()])
        .map(drop)
}

fn current(desk: &Desk<'_>, stage: StageId) -> Outcome<Option<i64>> {
    Ok(desk.first("SELECT max(version) FROM program WHERE stage = $1", &[stage.0.into()])?.and_then(|row| row.maybe_int(0)))
}

/// The program of a stage in force.
pub fn program(desk: &Desk<'_>, stage: StageId) -> Outcome<Option<Arc<Program>>> {
    match current(desk, stage)? {
        Some(version) => program_version(desk, stage, version),
        None => Ok(None),
    }
}

/// One version of it.
pub fn program_version(desk: &Desk<'_>, stage: StageId, version: i64) -> Outcome<Option<Arc<Program>>> {
    let remembered = desk.programs.lock().ok().and_then(|known| known.get(&(stage, version)).cloned());
    if remembered.is_some() {
        return Ok(remembered);
    }
    let Some(mut row) = desk.first("SELECT body FROM program WHERE stage = $1 AND version = $2", &[stage.0.into(), version.into()])? else { return Ok(None) };
    let program: Arc<Program> = Arc::new(from_json("program", &row.text(0))?);
    if desk.may_remember()
        && let Ok(mut known) = desk.programs.lock()
    {
        known.insert((stage, version), program.clone());
    }
    Ok(Some(program))
}

/// Begins a run, once per event and stage.
pub fn begin_run(desk: &Desk<'_>, run: &mut Run) -> Outcome<bool> {
    let begun = desk.rows(
        "INSERT INTO run (item_kind, item_id, stage, version, event, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (event, stage) DO NOTHING RETURNING id",
        &[run.item.kind.0.into(), run.item.id.into(), run.stage.0.into(), run.version.into(), run.event.0.into(), run.at.0.into()],
    )?;
    if let Some(row) = begun.first() {
        run.id = RunId(row.int(0));
    }
    Ok(!begun.is_empty())
}

const STEP: &str = "run, item_kind, item_id, stage, version, rule, position, lane, survives, state, due, bound_to, attempts, reason, made, event, ended";

/// Saves a step.
pub fn put_step(desk: &Desk<'_>, step: &mut Step) -> Outcome<()> {
    let mut params: Vec<Cell> = vec![
        step.run.0.into(),
        step.item.kind.0.into(),
        step.item.id.into(),
        step.stage.0.into(),
        step.version.into(),
        step.rule.0.into(),
        step.position.into(),
        json(&step.lane).into(),
        step.survives.into(),
        step.state.code().into(),
        step.due.map(|due| due.0).into(),
        step.bound_to.as_str().into(),
        step.attempts.into(),
        json(&step.reason).into(),
        step.made.map(|made| made.to_string()).into(),
        step.event.0.into(),
        step.ended.map(|ended| ended.0).into(),
    ];
    if step.id.0 == 0 {
        let sql = format!("INSERT INTO step ({STEP}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id");
        step.id = StepId(desk.insert(&sql, &params)?);
        return Ok(());
    }
    // What a step is never changes; what became of it does.
    params.drain(..9);
    params.remove(6);
    params.push(step.id.0.into());
    let touched = desk.run("UPDATE step SET state = $1, due = $2, bound_to = $3, attempts = $4, reason = $5, made = $6, ended = $7 WHERE id = $8", &params)?;
    match touched {
        0 => Err(Failure::give_up(format!("there is no step {}", step.id)).into()),
        _ => Ok(()),
    }
}

fn read(mut row: Row) -> Outcome<Step> {
    let state = row.text(10);
    let made = row.text(15);
    Ok(Step {
        id: StepId(row.int(0)),
        run: RunId(row.int(1)),
        item: ItemRef::new(EntityTypeId(row.int(2)), row.int(3)),
        stage: StageId(row.int(4)),
        version: row.int(5),
        rule: RuleId(row.int(6)),
        position: row.int(7),
        lane: from_json("lane", &row.text(8))?,
        survives: row.flag(9),
        state: StepState::from_code(&state).ok_or_else(|| Failure::give_up(format!("a stored step is in the unknown state {state}")))?,
        due: row.maybe_int(11).map(Moment),
        bound_to: row.text(12),
        attempts: row.int(13),
        reason: from_json("reason", &row.text(14))?,
        made: made.parse().ok(),
        event: Seq(row.int(16)),
        ended: row.maybe_int(17).map(Moment),
    })
}

fn steps(desk: &Desk<'_>, rest: &str, params: &[Cell]) -> Outcome<Vec<Step>> {
    desk.rows(&format!("SELECT id, {STEP} FROM step WHERE {rest}"), params)?.into_iter().map(read).collect()
}

/// Steps that are due, the earliest first.
///
/// Inside a transaction they are held for it. Several nodes share the work by items: a node that holds one step of an
/// item holds the item, so that nobody else runs its later steps before the earlier ones.
pub fn steps_due(desk: &Desk<'_>, now: Moment, limit: u32) -> Outcome<Vec<Step>> {
    let shared = desk.writing && desk.sql.dialect() == Dialect::Postgres;
    let hold = if shared { desk.sql.dialect().skip_locked() } else { "" };
    let mut found =
        steps(desk, &format!("state = 'waiting' AND due IS NOT NULL AND due <= $1 ORDER BY due, position, id LIMIT $2{hold}"), &[now.0.into(), limit.into()])?;
    if shared {
        let mut held: BTreeMap<ItemRef, bool> = BTreeMap::new();
        for step in &found {
            if let Entry::Vacant(unknown) = held.entry(step.item) {
                let number = crate::desk::lock_number(&format!("item {}", step.item));
                let row = desk.first("SELECT CAST(pg_try_advisory_xact_lock($1::bigint) AS integer)", &[number.into()])?;
                unknown.insert(row.is_some_and(|row| row.flag(0)));
            }
        }
        found.retain(|step| held[&step.item]);
    }
    Ok(found)
}

/// When the next step or job is due.
pub fn next_due(desk: &Desk<'_>) -> Outcome<Option<Moment>> {
    let step = desk.first("SELECT min(due) FROM step WHERE state = 'waiting' AND due IS NOT NULL", &[])?;
    let job = desk.first("SELECT min(ready_at) FROM job WHERE state = 'waiting'", &[])?;
    Ok([step, job].into_iter().flatten().filter_map(|row| row.maybe_int(0)).min().map(Moment))
}

/// One step.
pub fn step(desk: &Desk<'_>, id: StepId) -> Outcome<Option<Step>> {
    Ok(steps(desk, "id = $1", &[id.0.into()])?.pop())
}

/// Steps of an item, the newest run first.
pub fn steps_of(desk: &Desk<'_>, at: ItemRef, limit: u32) -> Outcome<Vec<Step>> {
    steps(desk, "item_kind = $1 AND item_id = $2 ORDER BY run DESC, position, id LIMIT $3", &[at.kind.0.into(), at.id.into(), limit.into()])
}

/// Steps of a rule, the newest first.
pub fn steps_of_rule(desk: &Desk<'_>, rule: RuleId, limit: u32) -> Outcome<Vec<Step>> {
    steps(desk, "rule = $1 ORDER BY id DESC LIMIT $2", &[rule.0.into(), limit.into()])
}

/// Steps of one run, in order of display.
pub fn steps_of_run(desk: &Desk<'_>, run: RunId) -> Outcome<Vec<Step>> {
    steps(desk, "run = $1 ORDER BY position, id", &[run.0.into()])
}

const EVALUATION: &str = "event, rule, version, stage, item_kind, item_id, fired, code, reason, at";

/// Writes down an evaluation, once per event, rule and item.
pub fn put_evaluation(desk: &Desk<'_>, one: &Evaluation) -> Outcome<bool> {
    let written = desk.run(
        &format!(
            "INSERT INTO evaluation ({EVALUATION}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (event, rule, item_kind, item_id) DO NOTHING"
        ),
        &[
            one.event.0.into(),
            one.rule.0.into(),
            one.version.into(),
            one.stage.0.into(),
            one.item.kind.0.into(),
            one.item.id.into(),
            one.fired.into(),
            one.code.as_str().into(),
            json(&one.reason).into(),
            one.at.0.into(),
        ],
    )?;
    Ok(written > 0)
}

fn evaluations(desk: &Desk<'_>, rest: &str, params: &[Cell]) -> Outcome<Vec<Evaluation>> {
    let rows = desk.rows(&format!("SELECT {EVALUATION} FROM evaluation WHERE {rest}"), params)?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Evaluation {
                event: Seq(row.int(0)),
                rule: RuleId(row.int(1)),
                version: row.int(2),
                stage: StageId(row.int(3)),
                item: ItemRef::new(EntityTypeId(row.int(4)), row.int(5)),
                fired: row.flag(6),
                code: row.text(7),
                reason: from_json("reason", &row.text(8))?,
                at: Moment(row.int(9)),
            })
        })
        .collect()
}

/// Evaluations for an item, the newest first.
pub fn evaluations_of(desk: &Desk<'_>, at: ItemRef, limit: u32) -> Outcome<Vec<Evaluation>> {
    evaluations(desk, "item_kind = $1 AND item_id = $2 ORDER BY id DESC LIMIT $3", &[at.kind.0.into(), at.id.into(), limit.into()])
}

/// Evaluations of a rule, the newest first.
pub fn evaluations_of_rule(desk: &Desk<'_>, rule: RuleId, limit: u32) -> Outcome<Vec<Evaluation>> {
    evaluations(desk, "rule = $1 ORDER BY id DESC LIMIT $2", &[rule.0.into(), limit.into()])
}

/// How often a rule worked for an item since a moment: triggers that fired, robots that are done.
pub fn rule_count(desk: &Desk<'_>, rule: RuleId, at: ItemRef, since: Moment) -> Outcome<i64> {
    let params: Vec<Cell> = vec![at.kind.0.into(), at.id.into(), rule.0.into(), since.0.into()];
    let fired = desk.first("SELECT count(*) FROM evaluation WHERE item_kind = $1 AND item_id = $2 AND rule = $3 AND fired = 1 AND at >= $4", &params)?;
    let done = desk.first("SELECT count(*) FROM step WHERE item_kind = $1 AND item_id = $2 AND rule = $3 AND state = 'done' AND ended >= $4", &params)?;
    Ok([fired, done].into_iter().flatten().map(|row| row.int(0)).sum())
}
