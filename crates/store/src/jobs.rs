//! Commands that are due, their leases, and the calls to the outside world that they make.
//!
//! A lease is a number that grows each time a job is taken: a result that comes with an older number is refused, so a
//! worker that was thought dead cannot undo what its successor did.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::sql::{Cell, Row, Statement};
use crm::{Attempt, AttemptId, AttemptState, EntityTypeId, Failure, ItemRef, Job, JobId, Moment, Outcome, Seq};

const JOB: &str = "id, command, due, priority, attempts, max_attempts, expires, key, event, depth, last_error, lease";

fn read(mut row: Row) -> Outcome<Job> {
    Ok(Job {
        id: JobId(row.int(0)),
        command: from_json("command", &row.text(1))?,
        due: Moment(row.int(2)),
        priority: row.int(3),
        attempts: row.int(4),
        max_attempts: row.int(5),
        expires: row.maybe_int(6).map(Moment),
        key: row.text(7),
        event: row.maybe_int(8).map(Seq),
        depth: u32::try_from(row.int(9)).unwrap_or(u32::MAX),
        last_error: row.text(10),
        lease: row.int(11),
    })
}

fn key(text: &str) -> Cell {
    (!text.is_empty()).then_some(text).into()
}

/// Queues a job, once per key.
pub fn enqueue(desk: &Desk<'_>, job: &Job) -> Outcome<bool> {
    let written = desk.run(
        "INSERT INTO job (state, priority, ready_at, due, command, attempts, max_attempts, expires, key, event, depth, last_error, lease) \
         VALUES ('waiting', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT DO NOTHING",
        &[
            job.priority.into(),
            job.due.0.into(),
            job.due.0.into(),
            json(&job.command).into(),
            job.attempts.into(),
            job.max_attempts.into(),
            job.expires.map(|at| at.0).into(),
            key(&job.key),
            job.event.map(|seq| seq.0).into(),
            job.depth.into(),
            job.last_error.as_str().into(),
        ],
    )?;
    Ok(written > 0)
}

/// Takes jobs that are due, the most urgent first, and leases them. Each taking counts as a try: a job that kills its
/// worker ends among the dead, too.
pub fn claim(desk: &Desk<'_>, now: Moment, lease_until: Moment, limit: u32) -> Outcome<Vec<Job>> {
    let skip = desk.sql.dialect().skip_locked();
    let mut ids: Vec<i64> = Vec::new();
    let mut priority = desk.first("SELECT min(priority) FROM job WHERE state = 'waiting'", &[])?.and_then(|row| row.maybe_int(0));
    // Priorities are few. One after the other each is a walk along the index; all at once would sort the whole queue.
    while let Some(this) = priority.filter(|_| ids.len() < limit as usize) {
        let left = i64::from(limit) - i64::try_from(ids.len()).expect("not more than the limit");
        let rows = desk.rows(
            &format!("SELECT id FROM job WHERE state = 'waiting' AND priority = $1 AND ready_at <= $2 ORDER BY ready_at, id LIMIT $3{skip}"),
            &[this.into(), now.0.into(), left.into()],
        )?;
        ids.extend(rows.iter().map(|row| row.int(0)));
        priority = desk.first("SELECT min(priority) FROM job WHERE state = 'waiting' AND priority > $1", &[this.into()])?.and_then(|row| row.maybe_int(0));
    }
    let mut taken = Vec::with_capacity(ids.len());
    for id in ids {
        let row = desk.first(
            &format!("UPDATE job SET lease = lease + 1, attempts = attempts + 1, ready_at = $1 WHERE id = $2 RETURNING {JOB}"),
            &[lease_until.0.into(), id.into()],
        )?;
        taken.extend(row.map(read).transpose()?);
    }
    Ok(taken)
}

/// The job is done and goes.
pub fn finish(desk: &Desk<'_>, job: &Job) -> Outcome<bool> {
    Ok(desk.run("DELETE FROM job WHERE id = $1 AND lease = $2 AND state = 'waiting'", &[job.id.0.into(), job.lease.into()])? > 0)
}

/// The job is tried again, or given up. The lease ends with it.
pub fn postpone(desk: &Desk<'_>, job: &Job, to: Option<Moment>, error: &str) -> Outcome<bool> {
    let error: String = error.chars().take(2_000).collect();
    let mut update = Statement::new("UPDATE job SET lease = lease + 1, last_error = ");
    update.bind(error);
    match to {
        Some(to) => update.push(", ready_at = ").bind(to.0),
        None => update.push(", state = 'dead'"),
    };
    update.push(" WHERE id = ").bind(job.id.0).push(" AND lease = ").bind(job.lease).push(" AND state = 'waiting'");
    Ok(desk.run_this(&update)? > 0)
}

/// Withdraws a job by its key.
pub fn withdraw(desk: &Desk<'_>, key: &str) -> Outcome<()> {
    desk.run("DELETE FROM job WHERE key = $1 AND state = 'waiting'", &[key.into()]).map(drop)
}

/// One job.
pub fn one(desk: &Desk<'_>, id: JobId) -> Outcome<Option<Job>> {
    desk.first(&format!("SELECT {JOB} FROM job WHERE id = $1"), &[id.0.into()])?.map(read).transpose()
}

/// Jobs that were given up, the newest first.
pub fn dead(desk: &Desk<'_>, limit: u32) -> Outcome<Vec<Job>> {
    desk.rows(&format!("SELECT {JOB} FROM job WHERE state = 'dead' ORDER BY id DESC LIMIT $1"), &[limit.into()])?.into_iter().map(read).collect()
}

/// How many jobs wait, those being worked on included, and since when the oldest that may be taken is due.
pub fn backlog(desk: &Desk<'_>, now: Moment) -> Outcome<(i64, Option<Moment>)> {
    let waiting = desk.first("SELECT count(*) FROM job WHERE state = 'waiting'", &[])?.map_or(0, |row| row.int(0));
    let oldest = desk.first("SELECT min(ready_at) FROM job WHERE state = 'waiting'", &[])?.and_then(|row| row.maybe_int(0));
    Ok((waiting, oldest.map(Moment).filter(|due| *due <= now)))
}

/// Saves an attempt.
pub fn put_attempt(desk: &Desk<'_>, attempt: &mut Attempt) -> Outcome<()> {
    if attempt.id.0 == 0 {
        let id = desk.insert(
            "INSERT INTO attempt (job, item_kind, item_id, number, state, provider_ref, detail, at, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            &[
                attempt.job.0.into(),
                attempt.item.kind.0.into(),
                attempt.item.id.into(),
                attempt.number.into(),
                attempt.state.code().into(),
                attempt.provider_ref.as_str().into(),
                attempt.detail.as_str().into(),
                attempt.at.0.into(),
                attempt.ended.map(|at| at.0).into(),
            ],
        )?;
        attempt.id = AttemptId(id);
        return Ok(());
    }
    desk.run(
        "UPDATE attempt SET state = $1, provider_ref = $2, detail = $3, ended = $4 WHERE id = $5",
        &[
            attempt.state.code().into(),
            attempt.provider_ref.as_str().into(),
            attempt.detail.as_str().into(),
            attempt.ended.map(|at| at.0).into(),
            attempt.id.0.into(),
        ],
    )
    .map(drop)
}

/// Closes an attempt that a crash left open.
pub fn close_attempt(desk: &Desk<'_>, id: AttemptId, state: AttemptState, detail: &str, at: Moment) -> Outcome<()> {
    desk.run("UPDATE attempt SET state = $1, detail = $2, ended = $3 WHERE id = $4", &[state.code().into(), detail.into(), at.0.into(), id.0.into()]).map(drop)
}

/// Tries of a job, the first first.
pub fn attempts_of(desk: &Desk<'_>, job: JobId) -> Outcome<Vec<Attempt>> {
    let rows = desk
        .rows("SELECT id, job, item_kind, item_id, number, state, provider_ref, detail, at, ended FROM attempt WHERE job = $1 ORDER BY id", &[job.0.into()])?;
    rows.into_iter()
        .map(|mut row| {
            let state = row.text(5);
            Ok(Attempt {
                id: AttemptId(row.int(0)),
                job: JobId(row.int(1)),
                item: ItemRef::new(EntityTypeId(row.int(2)), row.int(3)),
                number: row.int(4),
                state: AttemptState::from_code(&state).ok_or_else(|| Failure::give_up(format!("a stored attempt is in the unknown state {state}")))?,
                provider_ref: row.text(6),
                detail: row.text(7),
                at: Moment(row.int(8)),
                ended: row.maybe_int(9).map(Moment),
            })
        })
        .collect()
}
