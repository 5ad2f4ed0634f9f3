//! Jobs: taken once, stolen after their lease, and a late result of the first holder is refused.

use crate::firm::*;
use crm::{Attempt, AttemptId, AttemptState, Command, ItemRef, Job, JobId, Moment, kind};

crate::both!(
    a_job_is_leased_stolen_and_fenced,
    a_key_is_taken_once,
    the_urgent_goes_first,
    what_was_given_up_is_kept_for_a_person,
    a_withdrawn_job_is_gone,
    attempts_are_kept,
    two_workers_never_take_the_same_job,
);

fn job(due: i64, key: &str) -> Job {
    Job::new(Command::Deliver { message: ItemRef::new(kind::MESSAGE, due) }, Moment(due), key)
}

fn claim(db: &Db, now: i64, until: i64) -> Vec<Job> {
    db.tx(move |tx| tx.claim_jobs(Moment(now), Moment(until), 10))
}

fn a_job_is_leased_stolen_and_fenced(db: Db) {
    let wanted = Job { priority: 0, max_attempts: 5, expires: Some(Moment(900)), event: Some(crm::Seq(3)), depth: 2, ..job(10, "k") };
    let queued = wanted.clone();
    assert!(db.tx(move |tx| tx.enqueue(&queued)));
    assert_eq!(claim(&db, 9, 100), []);
    let first = claim(&db, 10, 100).pop().unwrap();
    assert_eq!(first, Job { id: first.id, attempts: 1, lease: 1, ..wanted });
    assert_eq!(claim(&db, 99, 200), []);
    // The first holder is silent for too long.
    let second = claim(&db, 100, 200).pop().unwrap();
    assert_eq!((second.id, second.attempts, second.lease), (first.id, 2, 2));
    let (late, held) = (first.clone(), second.clone());
    assert!(!db.tx(move |tx| tx.finish_job(&late)));
    let late = first.clone();
    assert!(!db.tx(move |tx| tx.postpone_job(&late, None, "late")));
    assert!(db.tx(move |tx| tx.postpone_job(&held, Some(Moment(500)), "no answer")));
    let held = second.clone();
    assert!(!db.tx(move |tx| tx.finish_job(&held)));
    assert_eq!((claim(&db, 499, 600), db.read(|read| read.job(first.id)).unwrap().last_error), (vec![], "no answer".into()));
    let third = claim(&db, 500, 600).pop().unwrap();
    assert_eq!(third.attempts, 3);
    assert!(db.tx(move |tx| tx.finish_job(&third)));
    assert_eq!(db.read(|read| read.job(first.id)), None);
    // Its number is not given again: a late result cannot meet another job.
    assert!(db.tx(|tx| tx.enqueue(&job(1, "k"))));
    assert!(claim(&db, 2, 3)[0].id > first.id);
}

fn a_key_is_taken_once(db: Db) {
    assert!(db.tx(|tx| tx.enqueue(&job(1, "once"))));
    assert!(!db.tx(|tx| tx.enqueue(&job(2, "once"))));
    assert!(db.tx(|tx| tx.enqueue(&job(1, ""))) && db.tx(|tx| tx.enqueue(&job(1, ""))));
    assert_eq!(db.read(|read| read.job_backlog(Moment(5))), (3, Some(Moment(1))));
    assert_eq!(db.read(|read| read.job_backlog(Moment(0))), (3, None));
}

fn the_urgent_goes_first(db: Db) {
    for (priority, due) in [(30, 1), (10, 5), (10, 4), (0, 9), (20, 3)] {
        db.tx(move |tx| tx.enqueue(&Job { priority, ..job(due, "") }));
    }
    let order: Vec<(i64, i64)> = claim(&db, 8, 100).iter().map(|job| (job.priority, job.due.0)).collect();
    assert_eq!(order, [(10, 4), (10, 5), (20, 3), (30, 1)]);
}

fn what_was_given_up_is_kept_for_a_person(db: Db) {
    db.tx(|tx| tx.enqueue(&job(1, "dead")));
    let held = claim(&db, 1, 10).pop().unwrap();
    let id = held.id;
    assert!(db.tx(move |tx| tx.postpone_job(&held, None, "отказ провайдера")));
    assert_eq!(claim(&db, 1_000, 2_000), []);
    let dead = db.read(|read| read.dead_jobs(10));
    assert_eq!((dead.len(), dead[0].id, dead[0].last_error.as_str()), (1, id, "отказ провайдера"));
    assert_eq!((db.read(|read| read.job_backlog(Moment(5))).0, db.read(|read| read.next_due())), (0, None));
}

fn a_withdrawn_job_is_gone(db: Db) {
    db.tx(|tx| tx.enqueue(&job(1, "gone")));
    db.tx(|tx| tx.withdraw_job("gone"));
    assert_eq!(claim(&db, 5, 10), []);
    assert!(db.tx(|tx| tx.enqueue(&job(1, "gone"))));
}

fn attempts_are_kept(db: Db) {
    let begun = db.tx(|tx| {
        let mut attempt = Attempt {
            id: AttemptId(0),
            job: JobId(5),
            item: ItemRef::new(kind::MESSAGE, 1),
            number: 1,
            state: AttemptState::Begun,
            provider_ref: String::new(),
            detail: String::new(),
            at: NOW,
            ended: None,
        };
        tx.put_attempt(&mut attempt)?;
        Ok(attempt)
    });
    let done = Attempt { state: AttemptState::Done, provider_ref: "SM1".into(), detail: "201".into(), ended: Some(NOW), ..begun.clone() };
    let mut change = done.clone();
    db.tx(move |tx| tx.put_attempt(&mut change));
    assert_eq!(db.read(|read| read.attempts_of(JobId(5))), vec![done.clone()]);
    db.tx(move |tx| tx.close_attempt(begun.id, AttemptState::Unknown, "crash", Moment(1)));
    assert_eq!(db.read(|read| read.attempts_of(JobId(5))), [Attempt { state: AttemptState::Unknown, detail: "crash".into(), ended: Some(Moment(1)), ..done }]);
}

fn two_workers_never_take_the_same_job(db: Db) {
    for number in 0..200 {
        db.tx(move |tx| tx.enqueue(&job(1, &number.to_string())));
    }
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let store = (db.again)();
            std::thread::spawn(move || {
                let mut taken = Vec::new();
                loop {
                    let jobs = transact(store.as_ref(), |tx| tx.claim_jobs(Moment(5), Moment(1_000), 7)).unwrap();
                    if jobs.is_empty() {
                        return taken;
                    }
                    taken.extend(jobs.iter().map(|job| job.id));
                    for job in jobs {
                        assert!(transact(store.as_ref(), move |tx| tx.finish_job(&job)).unwrap());
                    }
                }
            })
        })
        .collect();
    let mut taken: Vec<JobId> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    assert_eq!(taken.len(), 200);
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), 200);
}
