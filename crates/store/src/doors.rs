//! The doors `Read` and `Tx`, and which room each of them opens.

use crate::desk::Desk;
use crate::{accounts, automation, bin, event_log, items, jobs, joined, links, looks, people, reshape, shape, totals};
use crm::{
    Account, AccountId, Attempt, AttemptId, AttemptState, Binned, Cause, Count, Department, Double, EntityType, EntityTypeId, Evaluation, Event, Fact, FileId,
    Filter, InboundCall, InboundId, Item, ItemRef, Job, JobId, Layout, LinkedGroup, Look, MenuSection, Moment, Outcome, Pipeline, PipelineId, Program, Query,
    Read, Rights, Role, RuleId, Run, RunId, SavedView, Schema, Seq, Session, StageId, StageTotal, Step, StepId, StoredFile, Tx, User, UserId, Value, Values,
    Webhook, WebhookId,
};
use std::sync::Arc;

impl Read for Desk<'_> {
    fn stage_totals_of(&self, rights: &Rights, pipeline: PipelineId, filter: &Filter) -> Outcome<Vec<StageTotal>> {
        totals::of_filter(self, rights, pipeline, filter)
    }
    fn linked(&self, rights: &Rights, at: ItemRef) -> Outcome<Vec<LinkedGroup>> {
        links::linked(self, rights, at)
    }
    fn links_to(&self, at: ItemRef, after: Option<(ItemRef, &str)>, limit: u32) -> Outcome<Vec<(ItemRef, String)>> {
        links::links_to(self, at, after, limit)
    }
    fn binned(&self, rights: &Rights, kind: EntityTypeId, before: Option<Moment>, limit: u32) -> Outcome<Vec<Binned>> {
        bin::list(self, rights, kind, before, limit)
    }
    fn binned_one(&self, rights: &Rights, at: ItemRef) -> Outcome<Option<Binned>> {
        bin::one(self, rights, at)
    }
    fn merged_into(&self, at: ItemRef) -> Outcome<Option<ItemRef>> {
        joined::merged_into(self, at)
    }
    fn doubles(&self, kind: EntityTypeId, after: u32, limit: u32) -> Outcome<Vec<Double>> {
        joined::doubles(self, kind, after, limit)
    }
    fn doubles_of(&self, at: ItemRef) -> Outcome<Vec<Double>> {
        joined::doubles_of(self, at)
    }

    fn history(&self, at: ItemRef, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
        event_log::history(self, at, before, limit)
    }
    fn last_events(&self, cards: &[ItemRef]) -> Outcome<Vec<Event>> {
        event_log::last_of(self, cards)
    }
    fn chain(&self, root: Seq, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
        event_log::chain(self, root, before, limit)
    }

    fn files_of(&self, at: ItemRef) -> Outcome<Vec<StoredFile>> {
        people::files_of(self, at)
    }
    fn settings(&self, prefix: &str) -> Outcome<Vec<(String, Values)>> {
        people::settings(self, prefix)
    }
    fn looks(&self, at: Option<ItemRef>, before: Option<Moment>, limit: u32) -> Outcome<Vec<Look>> {
        looks::looks(self, at, before, limit)
    }
    fn layouts(&self, kind: EntityTypeId, user: UserId) -> Outcome<Vec<Layout>> {
        looks::layouts(self, kind, user)
    }
    fn views(&self, kind: EntityTypeId, user: UserId) -> Outcome<Vec<SavedView>> {
        looks::views(self, kind, user)
    }
    fn sections(&self) -> Outcome<Vec<MenuSection>> {
        looks::sections(self)
    }

    fn schema(&self) -> Arc<Schema> {
        self.schema_now()
    }
    fn item(&self, rights: &Rights, at: ItemRef) -> Outcome<Option<Item>> {
        items::one(self, rights, at)
    }
    fn items(&self, rights: &Rights, query: &Query) -> Outcome<Vec<Item>> {
        items::many(self, rights, query)
    }
    fn count(&self, rights: &Rights, query: &Query, cap: u64) -> Outcome<Count> {
        items::count(self, rights, query, cap)
    }
    fn stage_totals(&self, rights: &Rights, pipeline: PipelineId) -> Outcome<Vec<StageTotal>> {
        totals::of_pipeline(self, rights, pipeline)
    }

    fn events_after(&self, after: Seq, limit: u32) -> Outcome<Vec<Event>> {
        event_log::after(self, after, limit)
    }
    fn event(&self, seq: Seq) -> Outcome<Option<Event>> {
        event_log::one(self, seq)
    }
    fn timeline(&self, at: ItemRef, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
        event_log::timeline(self, at, before, limit)
    }
    fn timeline_of(&self, at: ItemRef, facts: &[&str], before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
        event_log::timeline_of(self, at, facts, before, limit)
    }
    fn latest(&self) -> Outcome<Seq> {
        event_log::latest(self)
    }
    fn mark(&self, reader: &str) -> Outcome<Seq> {
        event_log::mark(self, reader)
    }

    fn program(&self, stage: StageId) -> Outcome<Option<Arc<Program>>> {
        automation::program(self, stage)
    }
    fn program_version(&self, stage: StageId, version: i64) -> Outcome<Option<Arc<Program>>> {
        automation::program_version(self, stage, version)
    }
    fn steps_due(&self, now: Moment, limit: u32) -> Outcome<Vec<Step>> {
        automation::steps_due(self, now, limit)
    }
    fn next_due(&self) -> Outcome<Option<Moment>> {
        automation::next_due(self)
    }
    fn step(&self, id: StepId) -> Outcome<Option<Step>> {
        automation::step(self, id)
    }
    fn steps_of(&self, at: ItemRef, limit: u32) -> Outcome<Vec<Step>> {
        automation::steps_of(self, at, limit)
    }
    fn steps_of_rule(&self, rule: RuleId, limit: u32) -> Outcome<Vec<Step>> {
        automation::steps_of_rule(self, rule, limit)
    }
    fn steps_of_run(&self, run: RunId) -> Outcome<Vec<Step>> {
        automation::steps_of_run(self, run)
    }
    fn evaluations_of(&self, at: ItemRef, limit: u32) -> Outcome<Vec<Evaluation>> {
        automation::evaluations_of(self, at, limit)
    }
    fn evaluations_of_rule(&self, rule: RuleId, limit: u32) -> Outcome<Vec<Evaluation>> {
        automation::evaluations_of_rule(self, rule, limit)
    }
    fn rule_count(&self, rule: RuleId, at: ItemRef, since: Moment) -> Outcome<i64> {
        automation::rule_count(self, rule, at, since)
    }

    fn job(&self, id: JobId) -> Outcome<Option<Job>> {
        jobs::one(self, id)
    }
    fn dead_jobs(&self, limit: u32) -> Outcome<Vec<Job>> {
        jobs::dead(self, limit)
    }
    fn job_backlog(&self, now: Moment) -> Outcome<(i64, Option<Moment>)> {
        jobs::backlog(self, now)
    }
    fn attempts_of(&self, job: JobId) -> Outcome<Vec<Attempt>> {
        jobs::attempts_of(self, job)
    }
    fn item_by_provider_ref(&self, provider_ref: &str) -> Outcome<Option<ItemRef>> {
        items::by_provider_ref(self, provider_ref)
    }
    fn accounts(&self) -> Outcome<Vec<Account>> {
        accounts::all(self)
    }
    fn account(&self, id: AccountId) -> Outcome<Option<Account>> {
        accounts::one(self, id)
    }
    fn account_by_code(&self, provider: &str, code: &str) -> Outcome<Option<Account>> {
        accounts::by_code(self, provider, code)
    }
    fn inbound(&self, account: AccountId, key: &str) -> Outcome<Option<InboundCall>> {
        accounts::inbound(self, account, key)
    }

    fn user(&self, id: UserId) -> Outcome<Option<User>> {
        people::user(self, id)
    }
    fn user_by_login(&self, login: &str) -> Outcome<Option<User>> {
        people::user_by_login(self, login)
    }
    fn users(&self) -> Outcome<Vec<User>> {
        people::users(self)
    }
    fn departments(&self) -> Outcome<Vec<Department>> {
        people::departments(self)
    }
    fn roles(&self) -> Outcome<Vec<Role>> {
        people::roles(self)
    }
    fn session(&self, token_hash: &[u8], now: Moment) -> Outcome<Option<Session>> {
        people::session(self, token_hash, now)
    }
    fn sessions_of(&self, user: UserId, now: Moment) -> Outcome<Vec<Session>> {
        people::sessions_of(self, user, now)
    }
    fn webhook(&self, user: UserId, secret_hash: &[u8]) -> Outcome<Option<Webhook>> {
        people::webhook(self, user, secret_hash)
    }
    fn webhooks(&self) -> Outcome<Vec<Webhook>> {
        people::webhooks(self)
    }
    fn file(&self, id: FileId) -> Outcome<Option<StoredFile>> {
        people::file(self, id)
    }
    fn setting(&self, key: &str) -> Outcome<Values> {
        people::setting(self, key)
    }
}

impl Tx for Desk<'_> {
    fn restore(&mut self, item: &mut Item, cause: &Cause, facts: Vec<Fact>) -> Outcome<()> {
        bin::restore(self, item, cause, facts)
    }
    fn empty_bin(&mut self, before: Moment) -> Outcome<u64> {
        bin::empty(self, before)
    }
    fn alias(&mut self, from: ItemRef, into: Option<ItemRef>) -> Outcome<()> {
        joined::alias(self, from, into)
    }
    fn put_double(&mut self, double: &Double) -> Outcome<()> {
        joined::put_double(self, double)
    }
    fn next_number(&mut self, counter: &str) -> Outcome<i64> {
        shape::next_number(self, counter)
    }
    fn put_answer(&mut self, at: ItemRef, field: &str, value: &Value) -> Outcome<()> {
        items::put_answer(self, at, field, value)
    }

    fn note_look(&mut self, look: &Look) -> Outcome<()> {
        looks::note_look(self, look)
    }
    fn put_layout(&mut self, layout: &Layout) -> Outcome<()> {
        looks::put_layout(self, layout)
    }
    fn remove_layout(&mut self, layout: &Layout) -> Outcome<()> {
        looks::remove_layout(self, layout)
    }
    fn put_view(&mut self, view: &SavedView) -> Outcome<()> {
        looks::put_view(self, view)
    }
    fn remove_view(&mut self, kind: EntityTypeId, code: &str, owner: UserId) -> Outcome<()> {
        looks::remove_view(self, kind, code, owner)
    }
    fn put_sections(&mut self, sections: &[MenuSection]) -> Outcome<()> {
        looks::put_sections(self, sections)
    }

    fn swap_field(&mut self, kind: EntityTypeId, from: &str, to: &str) -> Outcome<()> {
        reshape::swap_field(self, kind, from, to)
    }
    fn remove_field(&mut self, kind: EntityTypeId, code: &str) -> Outcome<()> {
        reshape::remove_field(self, kind, code)
    }
    fn remove_stage(&mut self, stage: StageId) -> Outcome<()> {
        reshape::remove_stage(self, stage)
    }
    fn remove_pipeline(&mut self, pipeline: PipelineId) -> Outcome<()> {
        reshape::remove_pipeline(self, pipeline)
    }
    fn remove_type(&mut self, kind: EntityTypeId) -> Outcome<()> {
        reshape::remove_type(self, kind)
    }

    fn read(&self) -> &dyn Read {
        self
    }
    fn part(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> Outcome<()>) -> Outcome<()> {
        Desk::part(self, work)
    }
    fn one_at_a_time(&mut self, key: &str) -> Outcome<()> {
        self.lock(key)
    }

    fn save(&mut self, item: &mut Item, cause: &Cause, facts: Vec<Fact>) -> Outcome<()> {
        items::save(self, item, cause, facts)
    }
    fn remove(&mut self, item: &Item, cause: &Cause) -> Outcome<()> {
        items::remove(self, item, cause)
    }
    fn record(&mut self, item: &Item, cause: &Cause, fact: Fact) -> Outcome<()> {
        event_log::note(self, item, cause, fact);
        Ok(())
    }
    fn advance(&mut self, reader: &str, to: Seq) -> Outcome<()> {
        event_log::advance(self, reader, to)
    }

    fn publish(&mut self, program: &mut Program) -> Outcome<()> {
        automation::publish(self, program)
    }
    fn begin_run(&mut self, run: &mut Run) -> Outcome<bool> {
        automation::begin_run(self, run)
    }
    fn put_step(&mut self, step: &mut Step) -> Outcome<()> {
        automation::put_step(self, step)
    }
    fn put_evaluation(&mut self, evaluation: &Evaluation) -> Outcome<bool> {
        automation::put_evaluation(self, evaluation)
    }

    fn enqueue(&mut self, job: &Job) -> Outcome<bool> {
        jobs::enqueue(self, job)
    }
    fn claim_jobs(&mut self, now: Moment, lease_until: Moment, limit: u32) -> Outcome<Vec<Job>> {
        jobs::claim(self, now, lease_until, limit)
    }
    fn finish_job(&mut self, job: &Job) -> Outcome<bool> {
        jobs::finish(self, job)
    }
    fn postpone_job(&mut self, job: &Job, to: Option<Moment>, error: &str) -> Outcome<bool> {
        jobs::postpone(self, job, to, error)
    }
    fn withdraw_job(&mut self, key: &str) -> Outcome<()> {
        jobs::withdraw(self, key)
    }
    fn put_attempt(&mut self, attempt: &mut Attempt) -> Outcome<()> {
        jobs::put_attempt(self, attempt)
    }
    fn put_account(&mut self, account: &mut Account) -> Outcome<()> {
        accounts::put(self, account)
    }
    fn journal(&mut self, call: &mut InboundCall) -> Outcome<bool> {
        accounts::journal(self, call)
    }
    fn close_inbound(&mut self, id: InboundId, state: &str, answer: &str) -> Outcome<()> {
        accounts::close(self, id, state, answer)
    }

    fn put_user(&mut self, user: &mut User) -> Outcome<()> {
        people::put_user(self, user)
    }
    fn put_department(&mut self, department: &mut Department) -> Outcome<()> {
        people::put_department(self, department)
    }
    fn put_role(&mut self, role: &Role) -> Outcome<()> {
        people::put_role(self, role)
    }
    fn put_session(&mut self, session: &Session) -> Outcome<()> {
        people::put_session(self, session)
    }
    fn end_session(&mut self, token_hash: &[u8]) -> Outcome<()> {
        people::end_session(self, token_hash)
    }
    fn end_sessions_of(&mut self, user: UserId) -> Outcome<()> {
        people::end_sessions_of(self, user)
    }
    fn put_webhook(&mut self, webhook: &mut Webhook) -> Outcome<()> {
        people::put_webhook(self, webhook)
    }
    fn touch_webhook(&mut self, id: WebhookId, at: Moment) -> Outcome<()> {
        people::touch_webhook(self, id, at)
    }
    fn put_file(&mut self, file: &mut StoredFile) -> Outcome<()> {
        people::put_file(self, file)
    }
    fn put_setting(&mut self, key: &str, values: &Values) -> Outcome<()> {
        people::put_setting(self, key, values)
    }

    fn install_type(&mut self, shape: &EntityType) -> Outcome<()> {
        shape::install_type(self, shape)
    }
    fn install_pipeline(&mut self, pipeline: &mut Pipeline) -> Outcome<()> {
        shape::install_pipeline(self, pipeline)
    }
    fn close_attempt(&mut self, id: AttemptId, state: AttemptState, detail: &str, at: Moment) -> Outcome<()> {
        jobs::close_attempt(self, id, state, detail, at)
    }
}
