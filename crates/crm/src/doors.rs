//! The doors of the store: what may be read, what may be written in a transaction. `store` builds them, `app` hangs
//! them in, everybody else only walks through.

use crate::account::{Account, InboundCall};
use crate::bin::{Binned, Double, LinkedGroup};
use crate::entity::{EntityType, Pipeline, Schema};
use crate::event::{Cause, Event, Fact};
use crate::failure::Outcome;
use crate::ids::{AccountId, AttemptId, EntityTypeId, FileId, InboundId, ItemRef, JobId, PipelineId, RuleId, Seq, StageId, StepId, UserId, WebhookId};
use crate::item::Item;
use crate::job::{Attempt, Job};
use crate::layout::{Layout, MenuSection};
use crate::query::{Count, Filter, Query};
use crate::rights::{Rights, Role};
use crate::rule::Program;
use crate::run::{Evaluation, Run, Step};
use crate::saved_view::SavedView;
use crate::staff::{Department, Look, Session, StoredFile, User, Webhook};
use crate::time::Moment;
use crate::value::{Value, Values};
use std::any::Any;
use std::sync::Arc;

/// Count and sum of the items on a stage, per currency: the heading of a board's column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageTotal {
    /// The stage.
    pub stage: StageId,
    /// How many items.
    pub count: i64,
    /// Currency and sum in its minor units.
    pub sums: Vec<(String, i64)>,
    /// Counting under a condition stopped here: there are more, and the sums are of those that were counted.
    pub more: bool,
}

/// What can be read. Inside a transaction it shows the transaction's own writes.
pub trait Read {
    // ── items ──
    /// The shape of the firm's data.
    fn schema(&self) -> Arc<Schema>;
    /// One item, without hidden fields; `None` when it does not exist or may not be seen. One that was joined with another
    /// is found under that one: the answer has the number of the record that kept its things.
    fn item(&self, rights: &Rights, at: ItemRef) -> Outcome<Option<Item>>;
    /// Items that fit, at most the page's limit (500 at most).
    ///
    /// Unknown and hidden fields in filter or order are refused as `unknown_field`.
    fn items(&self, rights: &Rights, query: &Query) -> Outcome<Vec<Item>>;
    /// How many fit; counting stops at `cap`.
    fn count(&self, rights: &Rights, query: &Query, cap: u64) -> Outcome<Count>;
    /// Count and sum per stage, kept up to date with every write: no counting.
    fn stage_totals(&self, rights: &Rights, pipeline: PipelineId) -> Outcome<Vec<StageTotal>>;

    /// Count and sum per stage of those items of a pipeline that fit a condition, each stage counted up to ten thousand.
    fn stage_totals_of(&self, rights: &Rights, pipeline: PipelineId, filter: &Filter) -> Outcome<Vec<StageTotal>>;
    /// How many records of which types point at this one, with which field; only those that may be seen. For the tabs of a card.
    fn linked(&self, rights: &Rights, at: ItemRef) -> Outcome<Vec<LinkedGroup>>;
    /// Records that point at this one after a place in the order of (type, number, field), whoever may see them: for joining records.
    fn links_to(&self, at: ItemRef, after: Option<(ItemRef, &str)>, limit: u32) -> Outcome<Vec<(ItemRef, String)>>;
    /// What lies in the recycle bin of a type, the newest first, before a moment.
    fn binned(&self, rights: &Rights, kind: EntityTypeId, before: Option<Moment>, limit: u32) -> Outcome<Vec<Binned>>;
    /// One record of the recycle bin.
    fn binned_one(&self, rights: &Rights, at: ItemRef) -> Outcome<Option<Binned>>;
    /// The record that this one was joined with, at the end of the chain.
    fn merged_into(&self, at: ItemRef) -> Outcome<Option<ItemRef>>;
    /// Pairs of records that look like one and wait for somebody, the newest first. Rights to see both are the caller's matter.
    fn doubles(&self, kind: EntityTypeId, after: u32, limit: u32) -> Outcome<Vec<Double>>;
    /// Pairs in which this record stands.
    fn doubles_of(&self, at: ItemRef) -> Outcome<Vec<Double>>;

    // ── events ──
    /// Events after a place in the log, in order.
    fn events_after(&self, after: Seq, limit: u32) -> Outcome<Vec<Event>>;
    /// One event.
    fn event(&self, seq: Seq) -> Outcome<Option<Event>>;
    /// Events of a card (of a contact: also those of everything that is his), the newest first, before a place in the log.
    /// The caller has checked that the card may be seen.
    fn timeline(&self, at: ItemRef, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>>;
    /// The same, only facts of these words (`Fact::code`): for the filter of a timeline and for what is pinned.
    fn timeline_of(&self, at: ItemRef, facts: &[&str], before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>>;
    /// Events that happened to this record itself, not to what stands in its timeline; the newest first.
    fn history(&self, at: ItemRef, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>>;
    /// The last event in the timeline of each of these cards, in no order; a card without events has none.
    fn last_events(&self, cards: &[ItemRef]) -> Outcome<Vec<Event>>;
    /// Events of the chain that began with this one, without itself, the newest first, before a place in the log: for taking
    /// it back.
    fn chain(&self, root: Seq, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>>;
    /// The last place in the log.
    fn latest(&self) -> Outcome<Seq>;
    /// How far a reader of the log has come; 0 when it never read.
    fn mark(&self, reader: &str) -> Outcome<Seq>;

    // ── automation ──
    /// The program of a stage in force.
    fn program(&self, stage: StageId) -> Outcome<Option<Arc<Program>>>;
    /// One version of it.
    fn program_version(&self, stage: StageId, version: i64) -> Outcome<Option<Arc<Program>>>;
    /// Steps that are due, the earliest first; of one item only in order.
    fn steps_due(&self, now: Moment, limit: u32) -> Outcome<Vec<Step>>;
    /// When the next step or job is due.
    fn next_due(&self) -> Outcome<Option<Moment>>;
    /// One step.
    fn step(&self, id: StepId) -> Outcome<Option<Step>>;
    /// All steps of an item's runs, the newest run first, in order of display.
    fn steps_of(&self, at: ItemRef, limit: u32) -> Outcome<Vec<Step>>;
    /// Steps of a rule, the newest first.
    fn steps_of_rule(&self, rule: RuleId, limit: u32) -> Outcome<Vec<Step>>;
    /// Steps of one run, in order of display.
    fn steps_of_run(&self, run: crate::ids::RunId) -> Outcome<Vec<Step>>;
    /// Evaluations of triggers for an item, the newest first.
    fn evaluations_of(&self, at: ItemRef, limit: u32) -> Outcome<Vec<Evaluation>>;
    /// Evaluations of a rule, the newest first.
    fn evaluations_of_rule(&self, rule: RuleId, limit: u32) -> Outcome<Vec<Evaluation>>;
    /// How often a rule worked for an item since a moment: fired or done.
    fn rule_count(&self, rule: RuleId, at: ItemRef, since: Moment) -> Outcome<i64>;

    // ── jobs and the outside world ──
    /// One job.
    fn job(&self, id: JobId) -> Outcome<Option<Job>>;
    /// Jobs that were given up, the newest first.
    fn dead_jobs(&self, limit: u32) -> Outcome<Vec<Job>>;
    /// How many jobs wait, and since when the oldest is due.
    fn job_backlog(&self, now: Moment) -> Outcome<(i64, Option<Moment>)>;
    /// Tries of a job, the first first.
    fn attempts_of(&self, job: JobId) -> Outcome<Vec<Attempt>>;
    /// The message with this number of the provider's.
    fn item_by_provider_ref(&self, provider_ref: &str) -> Outcome<Option<ItemRef>>;
    /// Channel accounts, secrets included: only for the program's own use.
    fn accounts(&self) -> Outcome<Vec<Account>>;
    /// One account.
    fn account(&self, id: AccountId) -> Outcome<Option<Account>>;
    /// The account of a provider with this code.
    fn account_by_code(&self, provider: &str, code: &str) -> Outcome<Option<Account>>;
    /// The inbound call with this identity.
    fn inbound(&self, account: AccountId, key: &str) -> Outcome<Option<InboundCall>>;

    // ── people ──
    /// One member of staff.
    fn user(&self, id: UserId) -> Outcome<Option<User>>;
    /// The member of staff who signs in so.
    fn user_by_login(&self, login: &str) -> Outcome<Option<User>>;
    /// All, in the order of their numbers.
    fn users(&self) -> Outcome<Vec<User>>;
    /// Departments.
    fn departments(&self) -> Outcome<Vec<Department>>;
    /// Roles.
    fn roles(&self) -> Outcome<Vec<Role>>;
    /// The session with this hash of its token; expired ones are not found.
    fn session(&self, token_hash: &[u8], now: Moment) -> Outcome<Option<Session>>;
    /// Sessions of somebody that are not over, the newest first.
    fn sessions_of(&self, user: UserId, now: Moment) -> Outcome<Vec<Session>>;
    /// The webhook of a user with this hash of its secret, active ones only.
    fn webhook(&self, user: UserId, secret_hash: &[u8]) -> Outcome<Option<Webhook>>;
    /// All webhooks.
    fn webhooks(&self) -> Outcome<Vec<Webhook>>;
    /// A stored file's card.
    fn file(&self, id: FileId) -> Outcome<Option<StoredFile>>;
    /// Files of a card, the newest first.
    fn files_of(&self, at: ItemRef) -> Outcome<Vec<StoredFile>>;
    /// A setting of the firm.
    fn setting(&self, key: &str) -> Outcome<Values>;
    /// Settings whose keys begin so, in the order of their keys.
    fn settings(&self, prefix: &str) -> Outcome<Vec<(String, Values)>>;
    /// Who looked at the journaled answers of a record, the newest first; of everybody's looks when `at` is `None`.
    fn looks(&self, at: Option<ItemRef>, before: Option<Moment>, limit: u32) -> Outcome<Vec<Look>>;

    // ── how it looks ──
    /// Layouts of a type's card: the common ones and this person's.
    fn layouts(&self, kind: EntityTypeId, user: UserId) -> Outcome<Vec<Layout>>;
    /// Saved views of a type: the shared ones and this person's.
    fn views(&self, kind: EntityTypeId, user: UserId) -> Outcome<Vec<SavedView>>;
    /// The sections of the menu, top to bottom.
    fn sections(&self) -> Outcome<Vec<MenuSection>>;
}

/// One transaction. Its closure may run more than once (PostgreSQL repeats it after a conflict): no side effects outside.
pub trait Tx: Read {
    /// This transaction as something to read from.
    fn read(&self) -> &dyn Read;
    /// Runs a part that may be refused without losing the rest: a savepoint.
    fn part(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> Outcome<()>) -> Outcome<()>;
    /// Lets only one transaction with this key go on at a time (PostgreSQL; SQLite has one writer anyway).
    fn one_at_a_time(&mut self, key: &str) -> Outcome<()>;

    // ── items: only together with the facts that their saving makes true ──
    /// Saves a new or changed item; its number and version are set. A stale version makes the transaction run again.
    fn save(&mut self, item: &mut Item, cause: &Cause, facts: Vec<Fact>) -> Outcome<()>;
    /// Puts a record back under its number, as it lies in the recycle bin, together with the facts that this makes true.
    fn restore(&mut self, item: &mut Item, cause: &Cause, facts: Vec<Fact>) -> Outcome<()>;
    /// Empties the recycle bin of what went there before a moment, files included; how many records.
    fn empty_bin(&mut self, before: Moment) -> Outcome<u64>;
    /// From now on the first record is found under the second; `None` parts them again.
    fn alias(&mut self, from: ItemRef, into: Option<ItemRef>) -> Outcome<()>;
    /// Saves a new or changed pair of records that look like one.
    fn put_double(&mut self, double: &Double) -> Outcome<()>;
    /// The next number of a counter, from 1; taken with the transaction and given back with it.
    fn next_number(&mut self, counter: &str) -> Outcome<i64>;
    /// Writes one answer without an event: for formulas that follow from others, and for conversions.
    fn put_answer(&mut self, at: ItemRef, field: &str, value: &Value) -> Outcome<()>;
    /// Deletes an item and records it. A type with a recycle bin keeps it there.
    fn remove(&mut self, item: &Item, cause: &Cause) -> Outcome<()>;
    /// Records a fact that changes no answer: a comment, a filled form.
    fn record(&mut self, item: &Item, cause: &Cause, fact: Fact) -> Outcome<()>;
    /// Moves a reader's mark.
    fn advance(&mut self, reader: &str, to: Seq) -> Outcome<()>;

    // ── automation ──
    /// Publishes a program as the stage's next version; rules without a number get one.
    fn publish(&mut self, program: &mut Program) -> Outcome<()>;
    /// Begins a run; `false` when there is one for this event and stage already.
    fn begin_run(&mut self, run: &mut Run) -> Outcome<bool>;
    /// Saves a new or changed step.
    fn put_step(&mut self, step: &mut Step) -> Outcome<()>;
    /// Writes down an evaluation; `false` when this event, rule and item were evaluated already.
    fn put_evaluation(&mut self, evaluation: &Evaluation) -> Outcome<bool>;

    // ── jobs and the outside world ──
    /// Queues a job; `false` when its key is taken.
    fn enqueue(&mut self, job: &Job) -> Outcome<bool>;
    /// Takes jobs that are due and leases them until a moment.
    fn claim_jobs(&mut self, now: Moment, lease_until: Moment, limit: u32) -> Outcome<Vec<Job>>;
    /// The job is done and goes; `false` when the lease was lost.
    fn finish_job(&mut self, job: &Job) -> Outcome<bool>;
    /// The job is tried again at a moment, or given up (`None`) and kept for a person; `false` when the lease was lost.
    fn postpone_job(&mut self, job: &Job, to: Option<Moment>, error: &str) -> Outcome<bool>;
    /// Withdraws a waiting job by its key.
    fn withdraw_job(&mut self, key: &str) -> Outcome<()>;
    /// Saves a new or finished attempt.
    fn put_attempt(&mut self, attempt: &mut Attempt) -> Outcome<()>;
    /// Saves a new or changed account; secrets given empty stay as they are.
    fn put_account(&mut self, account: &mut Account) -> Outcome<()>;
    /// Stores a raw call; `false` when one with its key is stored already.
    fn journal(&mut self, call: &mut InboundCall) -> Outcome<bool>;
    /// Writes down what became of a call.
    fn close_inbound(&mut self, id: InboundId, state: &str, answer: &str) -> Outcome<()>;

    // ── people ──
    /// Saves a new or changed member of staff.
    fn put_user(&mut self, user: &mut User) -> Outcome<()>;
    /// Saves a department.
    fn put_department(&mut self, department: &mut Department) -> Outcome<()>;
    /// Saves a role.
    fn put_role(&mut self, role: &Role) -> Outcome<()>;
    /// Begins a session.
    fn put_session(&mut self, session: &Session) -> Outcome<()>;
    /// Ends one session.
    fn end_session(&mut self, token_hash: &[u8]) -> Outcome<()>;
    /// Ends all sessions of somebody.
    fn end_sessions_of(&mut self, user: UserId) -> Outcome<()>;
    /// Saves a new or changed webhook.
    fn put_webhook(&mut self, webhook: &mut Webhook) -> Outcome<()>;
    /// Writes down that a webhook was used.
    fn touch_webhook(&mut self, id: WebhookId, at: Moment) -> Outcome<()>;
    /// Saves the card of a stored file.
    fn put_file(&mut self, file: &mut StoredFile) -> Outcome<()>;
    /// Saves a setting of the firm.
    fn put_setting(&mut self, key: &str, values: &Values) -> Outcome<()>;
    /// Writes down who looked at journaled answers.
    fn note_look(&mut self, look: &Look) -> Outcome<()>;

    // ── how it looks ──
    /// Saves a layout: one for each type, place, audience and owner.
    fn put_layout(&mut self, layout: &Layout) -> Outcome<()>;
    /// Takes a layout away.
    fn remove_layout(&mut self, layout: &Layout) -> Outcome<()>;
    /// Saves a view: one for each type, code and owner.
    fn put_view(&mut self, view: &SavedView) -> Outcome<()>;
    /// Takes a view away.
    fn remove_view(&mut self, kind: EntityTypeId, code: &str, owner: UserId) -> Outcome<()>;
    /// Saves the whole menu.
    fn put_sections(&mut self, sections: &[MenuSection]) -> Outcome<()>;

    // ── the shape ──
    /// Makes or widens a type: its table, its columns, its indexes. Fields are never dropped here.
    fn install_type(&mut self, shape: &EntityType) -> Outcome<()>;
    /// Changes the form in which a field's answers are kept: the field `from` goes out of the type under the name
    /// `<code>_was_<n>` (its column stays, nothing is lost), the field `to`, filled before under a name of its own, takes its code.
    fn swap_field(&mut self, kind: EntityTypeId, from: &str, to: &str) -> Outcome<()>;
    /// Takes a field out of a type; its column stays under another name until the database is packed.
    /// Who uses it is the caller's matter.
    fn remove_field(&mut self, kind: EntityTypeId, code: &str) -> Outcome<()>;
    /// Takes an empty stage out of a pipeline, or refuses with the number of its items.
    fn remove_stage(&mut self, stage: StageId) -> Outcome<()>;
    /// Takes an empty pipeline away, or refuses with the number of its items.
    fn remove_pipeline(&mut self, pipeline: PipelineId) -> Outcome<()>;
    /// Takes an empty type away, or refuses with the number of its items.
    fn remove_type(&mut self, kind: EntityTypeId) -> Outcome<()>;
    /// Makes or changes a pipeline; pipelines and stages are recognised by their codes, numbers are given to new ones.
    fn install_pipeline(&mut self, pipeline: &mut Pipeline) -> Outcome<()>;
    /// Unused ids of attempts are found by their job; this closes those that a crash left open.
    fn close_attempt(&mut self, id: AttemptId, state: crate::job::AttemptState, detail: &str, at: Moment) -> Outcome<()>;
}

/// Bytes of a stored file, read from the beginning or from anywhere.
pub trait Bytes: std::io::Read + std::io::Seek + Send {}
impl<T: std::io::Read + std::io::Seek + Send> Bytes for T {}

/// The work of a transaction, boxed for the trip to the database's thread.
pub type Work = Box<dyn FnMut(&mut dyn Tx) -> Outcome<Box<dyn Any + Send>> + Send>;

/// The database. Every call blocks: never call it on a thread of the async runtime.
pub trait Store: Send + Sync {
    /// Reads from one snapshot.
    fn read(&self, work: &mut dyn FnMut(&dyn Read) -> Outcome<()>) -> Outcome<()>;
    /// Runs a transaction to its end and answers only after the commit. A full queue fails at once with `Failure::Retry`.
    fn transact(&self, work: Work) -> Outcome<Box<dyn Any + Send>>;
    /// Blocks until something was committed after this place in the log, or the time is over; returns the last place.
    fn wait(&self, after: Seq, at_most: std::time::Duration) -> Seq;
    /// Copies the database to a file while it goes on working.
    fn backup(&self, to: &std::path::Path) -> Outcome<()>;
    /// Asks the engine to check itself; the complaints.
    fn check(&self) -> Outcome<Vec<String>>;
    /// `sqlite` or `postgres`.
    fn engine(&self) -> &'static str;
    /// Keeps bytes of a file while they come in, at most so many (`file_too_large`); their name (SHA-256, hexadecimal) and
    /// their number. When this returns they are on the disk, whole: only then is a card of them committed.
    fn keep_bytes(&self, folder: &std::path::Path, from: &mut dyn std::io::Read, most: u64) -> Outcome<(String, i64)>;
    /// The bytes with this name; `None` when there are none.
    fn bytes(&self, folder: &std::path::Path, hash: &str) -> Outcome<Option<Box<dyn Bytes>>>;
    /// Figures for `/metrics`: name and value.
    fn figures(&self) -> Vec<(&'static str, f64)>;
}
