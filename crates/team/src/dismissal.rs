//! Leaving the firm: the door closes at once, everything somebody answered for goes to one colleague or to several, step by
//! step, and all of it can be taken back by the log.
//!
//! Each client stays whole: his card, deals and tasks go to the same heir. Rules do not answer to the hand-over, for nothing
//! happened to the clients.

use crate::{journal, staff, tasks};
use crm::query::Count;
use crm::{
    Cause, Change, Department, EntityTypeId, Fact, Filter, Item, Label, Moment, Op, Outcome, Query, Read, Refusal, Rights, RuleKind, Schema, Seq, Tx, UserId,
    Value, Values, code, kind,
};
use std::collections::BTreeMap;

/// So many records of one type are counted before somebody is asked whether he is sure.
const COUNTED: u64 = 1_000_000;
/// Types whose records say who did something then, not who answers for it now.
const HISTORY: [EntityTypeId; 5] = [kind::NOTIFICATION, kind::MESSAGE, kind::CALL, kind::OPERATION, kind::PRICE_LINE];

/// What somebody leaves behind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estate {
    /// Records he answers for, by type; types without any are left out.
    pub groups: Vec<(EntityTypeId, Count)>,
    /// Departments he leads.
    pub leads: Vec<Department>,
    /// Rules that name him.
    pub rules: Vec<Mention>,
    /// Addresses of scripts that act for him and work.
    pub webhooks: usize,
    /// People for whom he stands in.
    pub stands_for: Vec<UserId>,
}

/// A rule that names somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The type of records.
    pub kind: EntityTypeId,
    /// «Воронка — стадия».
    pub place: Label,
    /// The name of the rule.
    pub title: String,
    /// It is a trigger, not a robot.
    pub trigger: bool,
}

/// How far a dismissal has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Dismissal {
    /// Who left.
    pub user: UserId,
    /// Who gets his records.
    pub heirs: Vec<UserId>,
    /// How far.
    pub state: State,
    /// Records handed over, and taken back.
    pub moved: i64,
    /// Records there were when it began.
    pub total: i64,
    /// The event with which it began.
    pub root: Seq,
    /// Undoing has come down to this event.
    pub undone_to: Seq,
    /// Departments he led.
    pub leads: Vec<i64>,
    /// When it began.
    pub at: Moment,
}

/// How far a dismissal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Records are being handed over.
    Running,
    /// Everything is handed over.
    Done,
    /// Records are being given back.
    Undoing,
    /// Everything is as it was; he works here again.
    Undone,
}

impl State {
    /// The word that is stored.
    pub fn code(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done => "done",
            State::Undoing => "undoing",
            State::Undone => "undone",
        }
    }

    /// Whether there is still something to do.
    pub fn goes_on(self) -> bool {
        matches!(self, State::Running | State::Undoing)
    }
}

/// What somebody would leave behind.
///
/// # Errors
/// Only failures of the database.
pub fn estate(read: &dyn Read, user: UserId) -> Outcome<Estate> {
    let schema = read.schema();
    let mut estate = Estate::default();
    for kind in handed_over(&schema) {
        let count = read.count(&Rights::system(), &records(kind, user), COUNTED)?;
        if count.counted > 0 {
            estate.groups.push((kind, count));
        }
    }
    estate.leads = read.departments()?.into_iter().filter(|one| one.head == user).collect();
    estate.rules = mentions(read, &schema, user)?;
    estate.webhooks = read.webhooks()?.into_iter().filter(|one| one.user == user && one.active).count();
    estate.stands_for = read.users()?.into_iter().filter(|one| one.active && one.substitute == user).map(|one| one.id).collect();
    Ok(estate)
}

fn handed_over(schema: &Schema) -> Vec<EntityTypeId> {
    schema.types.values().filter(|shape| shape.has(code::RESPONSIBLE) && !HISTORY.contains(&shape.id)).map(|shape| shape.id).collect()
}

/// What somebody answers for; of tasks only what is still to be done.
fn records(kind: EntityTypeId, user: UserId) -> Query {
    let query = Query::of(kind).filter(Filter::is(code::RESPONSIBLE, Op::Eq, Value::user(user)));
    match kind == kind::TASK {
        true => query.filter(Filter::is(tasks::STATUS, Op::Ne, Value::text(tasks::COMPLETED))),
        false => query,
    }
}

/// Rules in force whose settings or conditions name somebody.
fn mentions(read: &dyn Read, schema: &Schema, user: UserId) -> Outcome<Vec<Mention>> {
    let word = format!("user:{user}");
    let mut found = Vec::new();
    for pipeline in schema.pipelines.values() {
        for stage in &pipeline.stages {
            let Some(program) = read.program(stage.id)? else { continue };
            for rule in &program.rules {
                if rule.settings.0.values().any(|value| names(value, &word)) || tests(schema, pipeline.kind, &rule.condition, user) {
                    let place = |lang| format!("{} — {}", pipeline.title.get(lang), stage.title.get(lang));
                    found.push(Mention {
                        kind: pipeline.kind,
                        place: Label::new(place(crm::Lang::Ru), place(crm::Lang::En)),
                        title: rule.title.clone(),
                        trigger: rule.kind == RuleKind::Trigger,
                    });
                }
            }
        }
    }
    Ok(found)
}

fn names(value: &Value, word: &str) -> bool {
    match value {
        Value::Text(text) => text.split(',').any(|one| one.trim() == word),
        Value::Many(list) => list.iter().any(|one| names(one, word)),
        Value::Record(inner) => inner.0.values().any(|one| names(one, word)),
        _ => false,
    }
}

fn tests(schema: &Schema, kind: EntityTypeId, filter: &Filter, user: UserId) -> bool {
    match filter {
        Filter::Any | Filter::Search(_) => false,
        Filter::All(list) | Filter::One(list) => list.iter().any(|one| tests(schema, kind, one, user)),
        Filter::Not(inner) => tests(schema, kind, inner, user),
        Filter::Linked { kind, filter, .. } => tests(schema, *kind, filter, user),
        Filter::Is { field, value, .. } => {
            schema.field_on_path(kind, field).is_some_and(|field| field.kind == crm::FieldKind::User)
                && value.as_list().iter().any(|one| one.as_int() == Some(user.0))
        }
    }
}

fn key(user: UserId) -> String {
    format!("dismissal.{user}")
}

/// How far somebody's dismissal has come; `None`: he was never dismissed.
///
/// # Errors
/// Only failures of the database.
pub fn of(read: &dyn Read, user: UserId) -> Outcome<Option<Dismissal>> {
    let kept = read.setting(&key(user))?;
    let state = match kept.text("state") {
        "running" => State::Running,
        "done" => State::Done,
        "undoing" => State::Undoing,
        "undone" => State::Undone,
        _ => return Ok(None),
    };
    let number = |name: &str| kept.int(name).unwrap_or(0);
    let numbers = |name: &str| kept.get(name).as_list().iter().filter_map(Value::as_int).collect::<Vec<_>>();
    Ok(Some(Dismissal {
        user,
        heirs: numbers("heirs").into_iter().map(UserId).collect(),
        state,
        moved: number("moved"),
        total: number("total"),
        root: Seq(number("root")),
        undone_to: Seq(number("undone_to")),
        leads: numbers("leads"),
        at: kept.moment("at").unwrap_or_default(),
    }))
}

fn put(tx: &mut dyn Tx, one: &Dismissal) -> Outcome<()> {
    let numbers = |list: Vec<i64>| Value::Many(list.into_iter().map(Value::Int).collect());
    let values = Values::from([
        ("state", Value::text(one.state.code())),
        ("heirs", numbers(one.heirs.iter().map(|heir| heir.0).collect())),
        ("moved", Value::Int(one.moved)),
        ("total", Value::Int(one.total)),
        ("root", Value::Int(one.root.0)),
        ("undone_to", Value::Int(one.undone_to.0)),
        ("leads", numbers(one.leads.clone())),
        ("at", Value::moment(one.at)),
    ]);
    tx.put_setting(&key(one.user), &values)
}

/// Closes the door behind somebody: he signs in no more, his sessions and the addresses of his scripts end, his departments
/// have no head. His records are handed over by [`step`].
///
/// # Errors
/// Refuses oneself, heirs who do not work here, no heir for somebody who answers for something, and to leave the firm
/// without an administrator.
pub fn begin(tx: &mut dyn Tx, cause: &Cause, user: UserId, heirs: &[UserId]) -> Outcome<Dismissal> {
    let mut leaver = tx.user(user)?.filter(|user| user.active).ok_or_else(Refusal::not_found)?;
    if cause.by.user() == user {
        return Err(Refusal::new("own_dismissal", "Нельзя уволить самого себя", "Nobody dismisses himself").into());
    }
    for heir in heirs {
        if *heir == user || tx.user(*heir)?.is_none_or(|heir| !heir.active) {
            return Err(Refusal::new("unknown_heir", "Передать можно только тому, кто здесь работает", "Only who works here can take over").into());
        }
    }
    let estate = estate(tx.read(), user)?;
    if heirs.is_empty() && !estate.groups.is_empty() {
        return Err(Refusal::new("no_heir", "Выберите, кому передать записи сотрудника", "Choose who takes over the records").into());
    }
    leaver.active = false;
    tx.put_user(&mut leaver)?;
    staff::demand_administrator(tx.read())?;
    tx.end_sessions_of(user)?;
    for mut webhook in tx.webhooks()?.into_iter().filter(|one| one.user == user && one.active) {
        webhook.active = false;
        tx.put_webhook(&mut webhook)?;
    }
    for mut led in estate.leads.clone() {
        led.head = UserId::SYSTEM;
        tx.put_department(&mut led)?;
    }
    let gone = Change { field: "active".to_owned(), old: Value::Flag(true), new: Value::Flag(false) };
    journal::note(tx, cause, journal::of_user(user), vec![gone])?;
    let root = journal::lines(tx.read(), journal::of_user(user), None, 1)?.first().map(|event| event.seq).unwrap_or_default();
    let total = estate.groups.iter().map(|(_, count)| i64::try_from(count.counted).unwrap_or(i64::MAX)).sum();
    let state = if total == 0 { State::Done } else { State::Running };
    let leads = estate.leads.iter().map(|one| one.id).collect();
    let begun = Dismissal { user, heirs: heirs.to_vec(), state, moved: 0, total, root, undone_to: Seq(i64::MAX), leads, at: cause.at };
    put(tx, &begun)?;
    Ok(begun)
}

/// Hands over, or gives back, at most so many records more. Called until [`State::goes_on`] is false; a crash in between
/// loses nothing.
///
/// # Errors
/// `not_found` for somebody who was not dismissed; refuses when all heirs have left meanwhile.
pub fn step(tx: &mut dyn Tx, cause: &Cause, user: UserId, limit: u32) -> Outcome<Dismissal> {
    tx.one_at_a_time(&key(user))?;
    let mut one = of(tx.read(), user)?.ok_or_else(Refusal::not_found)?;
    match one.state {
        State::Running => hand_over(tx, cause, &mut one, limit)?,
        State::Undoing => give_back(tx, cause, &mut one, limit)?,
        State::Done | State::Undone => return Ok(one),
    }
    put(tx, &one)?;
    Ok(one)
}

fn hand_over(tx: &mut dyn Tx, cause: &Cause, one: &mut Dismissal, limit: u32) -> Outcome<()> {
    let mut heirs = Vec::new();
    for heir in &one.heirs {
        if let Some(heir) = tx.user(*heir)?.filter(|heir| heir.active) {
            heirs.push((heir.id, crm::staff::office_of(tx.read(), heir.id)?));
        }
    }
    let schema = tx.schema();
    let mut left = limit;
    for kind in handed_over(&schema) {
        while left > 0 {
            let found = tx.items(&Rights::system(), &records(kind, one.user).limit(left))?;
            if found.is_empty() {
                break;
            }
            if heirs.is_empty() {
                return Err(Refusal::new("no_heir", "Принимающие сотрудники тоже уволены", "Those who took over have left, too").into());
            }
            for item in found {
                // All that belongs to one client goes to one heir.
                let whose = if item.contact() == 0 { item.id } else { item.contact() };
                let turn = usize::try_from(whose.rem_euclid(i64::try_from(heirs.len()).unwrap_or(1))).unwrap_or(0);
                let (heir, office) = heirs[turn];
                give(tx, &because(cause, one.root), item, heir, office)?;
                one.moved += 1;
                left -= 1;
            }
        }
    }
    if left > 0 {
        one.state = State::Done;
    }
    Ok(())
}

/// Under the event of the dismissal; no rule answers.
fn because(cause: &Cause, root: Seq) -> Cause {
    Cause { event: Some(root), root: Some(root), depth: 1, ..cause.clone() }.quietly()
}

/// Another one answers for a record from now on. Nothing else about it is asked: an old record may break newer rules.
fn give(tx: &mut dyn Tx, cause: &Cause, mut item: Item, to: UserId, office: i64) -> Outcome<()> {
    let from = item.responsible();
    let before = item.values.clone();
    let mut changes = vec![Change { field: code::RESPONSIBLE.to_owned(), old: Value::user(from), new: Value::user(to) }];
    item.values.set(code::RESPONSIBLE, Value::user(to));
    let has_office = tx.schema().field(item.kind, code::OFFICE).is_some();
    if has_office && office != 0 && item.values.int(code::OFFICE) != Some(office) {
        changes.push(Change { field: code::OFFICE.to_owned(), old: item.values.get(code::OFFICE).clone(), new: Value::Int(office) });
        item.values.set(code::OFFICE, Value::Int(office));
    }
    item.values.set(code::UPDATED_AT, Value::moment(cause.at));
    item.values.set(code::UPDATED_BY, Value::user(cause.by.user()));
    crm::item::keep(tx, cause, &before, &mut item, vec![Fact::Changed { changes }, Fact::Assigned { from, to }])
}

/// Takes a dismissal back: he works here again with his departments; his records come back by [`step`]. Sessions and the
/// addresses of scripts stay ended.
///
/// # Errors
/// `not_found` for somebody who was not dismissed.
pub fn undo(tx: &mut dyn Tx, cause: &Cause, user: UserId) -> Outcome<Dismissal> {
    let mut one = of(tx.read(), user)?.filter(|one| !matches!(one.state, State::Undoing | State::Undone)).ok_or_else(Refusal::not_found)?;
    let mut back = tx.user(user)?.ok_or_else(Refusal::not_found)?;
    back.active = true;
    tx.put_user(&mut back)?;
    for mut led in tx.departments()?.into_iter().filter(|led| one.leads.contains(&led.id) && led.head == UserId::SYSTEM) {
        led.head = user;
        tx.put_department(&mut led)?;
    }
    let here = Change { field: "active".to_owned(), old: Value::Flag(false), new: Value::Flag(true) };
    journal::note(tx, cause, journal::of_user(user), vec![here])?;
    one.state = if one.moved == 0 { State::Undone } else { State::Undoing };
    one.undone_to = Seq(i64::MAX);
    put(tx, &one)?;
    Ok(one)
}

fn give_back(tx: &mut dyn Tx, cause: &Cause, one: &mut Dismissal, limit: u32) -> Outcome<()> {
    let events = tx.chain(one.root, Some(one.undone_to), limit.max(2))?;
    for event in &events {
        one.undone_to = one.undone_to.min(event.seq);
        let Fact::Changed { changes } = &event.fact else { continue };
        let by_field: BTreeMap<&str, &Change> = changes.iter().map(|change| (change.field.as_str(), change)).collect();
        let Some(given) = by_field.get(code::RESPONSIBLE).filter(|change| change.old.as_int() == Some(one.user.0)) else { continue };
        let Some(item) = tx.item(&Rights::system(), event.item)? else { continue };
        // Whoever gave it on meanwhile knew why.
        if item.values.get(code::RESPONSIBLE) != &given.new {
            continue;
        }
        let office = by_field.get(code::OFFICE).filter(|change| item.values.get(code::OFFICE) == &change.new).and_then(|change| change.old.as_int());
        give(tx, &because(cause, one.root), item, one.user, office.unwrap_or(0))?;
        one.moved -= 1;
    }
    if events.len() < limit.max(2) as usize {
        one.state = State::Undone;
    }
    Ok(())
}

/// Everything at once: for tests, scripts and small firms.
///
/// # Errors
/// As [`begin`] and [`step`].
pub fn dismiss(tx: &mut dyn Tx, cause: &Cause, user: UserId, heirs: &[UserId]) -> Outcome<Dismissal> {
    let mut one = begin(tx, cause, user, heirs)?;
    while one.state.goes_on() {
        one = step(tx, cause, user, 200)?;
    }
    Ok(one)
}
