//! The one who works when nobody clicks: reads the log for the rules, runs what is due, hands messages to providers.

use channels::delivery::{self, Begin, Came};
use courier::Courier;
use crm::{Actor, Cause, Command, Failure, Fault, House, Job, Moment, Outcome, Rights, Seq};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Events read and steps run in one transaction: long enough to share a commit, short enough not to hold up a click.
const BATCH: u32 = 50;
/// A job that is not finished within this time may be taken by somebody else. Longer than any call of the courier.
const LEASE: Duration = Duration::from_secs(90);
/// Longest sleep; timers wake the worker earlier.
const NAP: Duration = Duration::from_secs(1);
/// Longest sleep when the clock may be moved under it.
const LIGHT_NAP: Duration = Duration::from_millis(25);

/// The running threads.
pub struct Worker {
    stop: Arc<AtomicBool>,
    busy: Busy,
    threads: Vec<JoinHandle<()>>,
}

/// How many jobs are in somebody's hands at this moment.
#[derive(Debug, Clone, Default)]
pub struct Busy(Arc<AtomicUsize>);

impl Busy {
    /// Whether nobody has anything in hand.
    pub fn is_free(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    fn take(&self) -> Hand<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Hand(self)
    }
}

/// One job in hand.
struct Hand<'b>(&'b Busy);

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Worker {
    /// Starts the rules and so many threads of delivery. With a clock that can be moved it sleeps lightly.
    pub fn start(house: &House, deliveries: usize, clock_moves: bool) -> Worker {
        let stop = Arc::new(AtomicBool::new(false));
        let busy = Busy::default();
        let courier = Arc::new(Courier::new());
        let nap = if clock_moves { LIGHT_NAP } else { NAP };
        let mut threads = vec![spawn("rules", &stop, nap, house, rules)];
        for number in 0..deliveries {
            let (courier, busy) = (courier.clone(), busy.clone());
            threads.push(spawn(&format!("delivery-{number}"), &stop, nap, house, move |house| deliver_next(house, &courier, &busy)));
        }
        Worker { stop, busy, threads }
    }

    /// Tells whether anything is in hand: whoever moves the clock must not move it past a lease that is held.
    pub fn busy(&self) -> Busy {
        self.busy.clone()
    }

    /// Lets everybody finish what he has in hand.
    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// A thread that works until there is nothing to do, then sleeps until something is committed or due.
fn spawn(name: &str, stop: &Arc<AtomicBool>, nap: Duration, house: &House, mut work: impl FnMut(&House) -> Outcome<bool> + Send + 'static) -> JoinHandle<()> {
    let (stop, house) = (stop.clone(), house.clone());
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let mut seen = Seq(0);
            while !stop.load(Ordering::SeqCst) {
                match work(&house) {
                    Ok(true) => {}
                    Ok(false) => seen = house.store.wait(seen, pause(&house, nap)),
                    Err(fault) => {
                        tracing::error!(why = fault.describe(), thread = std::thread::current().name(), "the worker was held up");
                        std::thread::sleep(Duration::from_millis(200));
                    }
                }
            }
        })
        .expect("the machine can start a thread")
}

/// Until the next timer, but no longer than a nap.
fn pause(house: &House, nap: Duration) -> Duration {
    let now = house.now();
    let next = house.read(|read| read.next_due()).ok().flatten();
    next.map_or(nap, |due| due.since(now).max(Duration::from_millis(5)).min(nap))
}

/// One round of the rules; `true` when there was something to do.
fn rules(house: &House) -> Outcome<bool> {
    let now = house.now();
    let (unread, due) = house.read(|read| Ok((read.mark(READER)? < read.latest()?, !read.steps_due(now, 1)?.is_empty())))?;
    let mut done = 0;
    if unread {
        done += in_turn(house, |tx, house, now| automation::dispatch(tx, house.executor.as_ref(), &house.firm, now, BATCH))?;
    }
    if unread || due {
        done += in_turn(house, |tx, house, now| automation::run_due(tx, house.executor.as_ref(), &house.firm, now, BATCH))?;
    }
    Ok(done > 0)
}

/// Name of the rules' mark in the log.
const READER: &str = "automation";

/// A transaction in which no other node reads the log for the rules.
fn in_turn(house: &House, work: fn(&mut dyn crm::Tx, &House, Moment) -> Outcome<u32>) -> Outcome<u32> {
    let copy = house.clone();
    house.transact(move |tx| {
        tx.one_at_a_time(READER)?;
        let now = copy.now();
        work(tx, &copy, now)
    })
}

/// Takes one job that is due and does it; `false` when there was none.
fn deliver_next(house: &House, courier: &Courier, busy: &Busy) -> Outcome<bool> {
    let now = house.now();
    // A look without a write first: an idle worker must not keep the disk busy.
    if house.read(|read| read.next_due())?.is_none_or(|due| due > now) {
        return Ok(false);
    }
    let _hand = busy.take();
    let Some(job) = house.transact(move |tx| tx.claim_jobs(now, now.plus(LEASE), 1))?.into_iter().next() else { return Ok(false) };
    match &job.command {
        Command::Deliver { .. } | Command::CallUrl { .. } => call_outside(house, courier, &job)?,
        Command::RunOperation { operation } => go_on(house, *operation, &job)?,
        _ => do_inside(house, &job)?,
    }
    Ok(true)
}

/// A while of an operation, in transactions of its own.
fn go_on(house: &House, operation: i64, job: &Job) -> Outcome<()> {
    match exchange::operations::run(house, &crate::wiring::who(), operation, Some(job)) {
        Ok(_) => Ok(()),
        Err(fault) => put_off(house, job, &fault),
    }
}

/// A job without a call to the outside: its effect and its end are one transaction.
fn do_inside(house: &House, job: &Job) -> Outcome<()> {
    let (executor, copy, now) = (house.executor.clone(), job.clone(), house.now());
    let done = house.transact(move |tx| {
        let cause = Cause { by: Actor::System, at: now, event: copy.event, root: copy.event, depth: copy.depth, quiet: false };
        executor.execute(tx, &Rights::system(), &cause, &copy.command)?;
        tx.finish_job(&copy)
    });
    match done {
        Ok(_) => Ok(()),
        Err(fault) => put_off(house, job, &fault),
    }
}

/// Attempt written, call made, outcome written.
fn call_outside(house: &House, courier: &Courier, job: &Job) -> Outcome<()> {
    let (copy, firm, now) = (job.clone(), house.firm.clone(), house.now());
    let begun = match house.transact(move |tx| delivery::begin(tx, &firm, &copy, now)) {
        Ok(begun) => begun,
        Err(fault) => return put_off(house, job, &fault),
    };
    let Begin::Ask(call) = begun else { return Ok(()) };
    let came: Came = delivery::carry(courier, &house.firm, &call);
    let (copy, firm, now) = (job.clone(), house.firm.clone(), house.now());
    house.transact(move |tx| delivery::finish(tx, &firm, &copy, &call, &came, now))
}

/// Refused: given up and shown to a person. Failed: tried again in a minute; calls to the outside count their own tries.
fn put_off(house: &House, job: &Job, fault: &Fault) -> Outcome<()> {
    let again = matches!(fault, Fault::Failed(Failure::Retry { .. }));
    let to = again.then(|| house.now().plus(Duration::from_secs(60)));
    let (copy, why) = (job.clone(), fault.describe());
    house.transact(move |tx| tx.postpone_job(&copy, to, &why)).map(|_| ())
}
