//! The one log of what happened: the outbox, the audit trail, the timeline, the source of triggers and of the live screen.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::sql::{Cell, Row, Statement};
use crm::{Cause, EntityTypeId, Event, Fact, Item, ItemRef, Moment, Outcome, Seq, kind};

/// A row that has no place in the log yet.
#[derive(Debug, Clone)]
pub struct NewEvent(Vec<Cell>);

const COLUMNS: &str = "at, actor, item_kind, item_id, about_kind, about_id, contact, cause, root, depth, quiet, code, fact";
const WIDTH: usize = 13;
const SELECT: &str = "SELECT seq, at, actor, item_kind, item_id, about_kind, about_id, contact, cause, root, depth, quiet, fact FROM event";

/// Puts a fact among what is written at the end of the transaction.
pub fn note(desk: &Desk<'_>, item: &Item, cause: &Cause, fact: Fact) {
    let fact = with_own_number(fact, item.at());
    let about = item.about();
    let contact = match item.contact() {
        0 if about.kind == kind::CONTACT => about.id,
        known => known,
    };
    let row = vec![
        Cell::Int(cause.at.0),
        json(&cause.by).into(),
        Cell::Int(item.kind.0),
        Cell::Int(item.id),
        Cell::Int(about.kind.0),
        Cell::Int(about.id),
        Cell::Int(contact),
        cause.event.map(|seq| seq.0).into(),
        cause.root.map(|seq| seq.0).into(),
        cause.depth.into(),
        cause.quiet.into(),
        fact.code().into(),
        json(&fact).into(),
    ];
    debug_assert_eq!(row.len(), WIDTH);
    desk.pending.borrow_mut().events.push(NewEvent(row));
}

/// A fact that comes into the world together with its item cannot know the item's number: it says 0.
fn with_own_number(mut fact: Fact, item: ItemRef) -> Fact {
    let named = match &mut fact {
        Fact::MessageQueued { message } | Fact::MessageReceived { message } | Fact::MessageStatus { message, .. } => message,
        Fact::TaskGiven { task } | Fact::TaskMoved { task, .. } | Fact::TaskOverdue { task } => task,
        Fact::Notified { notification, .. } => notification,
        Fact::Created
        | Fact::Changed { .. }
        | Fact::Assigned { .. }
        | Fact::Moved { .. }
        | Fact::Deleted { .. }
        | Fact::Commented { .. }
        | Fact::FormFilled { .. }
        | Fact::WebhookCalled { .. }
        | Fact::UrlCalled { .. }
        | Fact::RobotStopped { .. }
        | Fact::FileAdded { .. }
        | Fact::FileRemoved { .. }
        | Fact::Pinned { .. }
        | Fact::Restored
        | Fact::Merged { .. }
        | Fact::Unmerged { .. }
        | Fact::OperationStarted
        | Fact::OperationEnded { .. } => return fact,
    };
    if *named == ItemRef::new(item.kind, 0) {
        *named = item;
    }
    fact
}

/// Writes rows into the log, in order; the place of the last.
pub fn write(desk: &Desk<'_>, events: &[NewEvent]) -> Outcome<Option<Seq>> {
    let mut last = None;
    let mut rest = events;
    while !rest.is_empty() {
        // Rows go in groups of 1, 2, 4 or 8: few statements to prepare, few trips over the network.
        let size = [8, 4, 2, 1].into_iter().find(|size| *size <= rest.len()).expect("one is always small enough");
        let (now, later) = rest.split_at(size);
        let mut insert = Statement::new(format!("INSERT INTO event ({COLUMNS}) VALUES "));
        for (at, event) in now.iter().enumerate() {
            insert.push(if at == 0 { "(" } else { ", (" }).bind_all(event.0.iter().cloned()).push(")");
        }
        insert.push(" RETURNING seq");
        let places = desk.rows(&insert.text, &insert.params)?;
        last = places.iter().map(|row| Seq(row.int(0))).max().max(last);
        rest = later;
    }
    Ok(last)
}

fn read(mut row: Row) -> Outcome<Event> {
    Ok(Event {
        seq: Seq(row.int(0)),
        at: Moment(row.int(1)),
        by: from_json("actor", &row.text(2))?,
        item: ItemRef::new(EntityTypeId(row.int(3)), row.int(4)),
        about: ItemRef::new(EntityTypeId(row.int(5)), row.int(6)),
        contact: row.int(7),
        cause: row.maybe_int(8).map(Seq),
        root: row.maybe_int(9).map(Seq),
        depth: u32::try_from(row.int(10)).unwrap_or(u32::MAX),
        quiet: row.flag(11),
        fact: from_json("fact", &row.text(12))?,
    })
}

/// Events after a place in the log, in order.
pub fn after(desk: &Desk<'_>, after: Seq, limit: u32) -> Outcome<Vec<Event>> {
    desk.settle()?;
    desk.rows(&format!("{SELECT} WHERE seq > $1 ORDER BY seq LIMIT $2"), &[after.0.into(), limit.into()])?.into_iter().map(read).collect()
}

/// One event.
pub fn one(desk: &Desk<'_>, seq: Seq) -> Outcome<Option<Event>> {
    desk.settle()?;
    desk.first(&format!("{SELECT} WHERE seq = $1"), &[seq.0.into()])?.map(read).transpose()
}

/// Events of a card, the newest first; of a contact also those of everything that is his. What happened to records that
/// were joined with it stands there, too.
pub fn timeline(desk: &Desk<'_>, at: ItemRef, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
    of_family(desk, at, &[], before, limit, of_card)
}

/// The same, only facts of these words.
pub fn timeline_of(desk: &Desk<'_>, at: ItemRef, facts: &[&str], before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
    match facts.is_empty() {
        true => Ok(Vec::new()),
        false => of_family(desk, at, facts, before, limit, of_card),
    }
}

fn of_card(one: ItemRef) -> (&'static str, Vec<Cell>) {
    match one.kind == kind::CONTACT {
        true => ("contact = $1 AND contact <> 0", vec![one.id.into()]),
        false => ("about_kind = $1 AND about_id = $2", vec![one.kind.0.into(), one.id.into()]),
    }
}

/// Events that happened to this record itself and to those that were joined with it, the newest first.
pub fn history(desk: &Desk<'_>, at: ItemRef, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
    of_family(desk, at, &[], before, limit, |one| ("item_kind = $1 AND item_id = $2", vec![one.kind.0.into(), one.id.into()]))
}

/// One question for each record of the family, each along its index; nearly always it is one. No words of facts: all facts.
fn of_family(
    desk: &Desk<'_>,
    at: ItemRef,
    facts: &[&str],
    before: Option<Seq>,
    limit: u32,
    question: impl Fn(ItemRef) -> (&'static str, Vec<Cell>),
) -> Outcome<Vec<Event>> {
    desk.settle()?;
    let mut found = Vec::new();
    let family = crate::joined::family(desk, at)?;
    for one in &family {
        let (condition, mut params) = question(*one);
        // Parameters stand in the text in the order of their numbers.
        let seq = params.len() + 1;
        params.push(before.map_or(i64::MAX, |seq| seq.0).into());
        let words: Vec<String> = (1..=facts.len()).map(|at| format!("${}", seq + at)).collect();
        let only = if words.is_empty() { String::new() } else { format!(" AND code IN ({})", words.join(", ")) };
        params.extend(facts.iter().map(|word| Cell::from(*word)));
        let most = params.len() + 1;
        params.push(limit.into());
        let sql = format!("{SELECT} WHERE {condition} AND seq < ${seq}{only} ORDER BY seq DESC LIMIT ${most}");
        found.extend(desk.rows(&sql, &params)?.into_iter().map(read).collect::<Outcome<Vec<_>>>()?);
    }
    if family.len() > 1 {
        found.sort_by_key(|event| std::cmp::Reverse(event.seq));
        found.dedup_by_key(|event| event.seq);
        found.truncate(limit as usize);
    }
    Ok(found)
}

/// Events of the chain that this one began, without itself, the newest first.
pub fn chain(desk: &Desk<'_>, root: Seq, before: Option<Seq>, limit: u32) -> Outcome<Vec<Event>> {
    desk.settle()?;
    let before = before.map_or(i64::MAX, |seq| seq.0);
    let sql = format!("{SELECT} WHERE root = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3");
    desk.rows(&sql, &[root.0.into(), before.into(), limit.into()])?.into_iter().map(read).collect()
}

/// The last event in the timeline of each of these cards: one step in an index for each.
pub fn last_of(desk: &Desk<'_>, cards: &[ItemRef]) -> Outcome<Vec<Event>> {
    desk.settle()?;
    let mut found = Vec::with_capacity(cards.len());
    for cards in cards.chunks(256) {
        // Few shapes of the statement: the list is filled up with its last card to a power of two.
        let filled = cards.iter().chain(std::iter::repeat(&cards[cards.len() - 1])).take(cards.len().next_power_of_two());
        let mut select = Statement::new("WITH card (kind, id) AS (VALUES ");
        for (at, card) in filled.enumerate() {
            select.push(if at == 0 { "(CAST(" } else { ", (CAST(" }).bind(card.kind.0).push(" AS BIGINT), CAST(").bind(card.id).push(" AS BIGINT))");
        }
        select.push(&format!(
            ") {SELECT} WHERE seq IN (SELECT CASE WHEN card.kind = {contact} \
             THEN (SELECT max(e.seq) FROM event AS e WHERE e.contact = card.id AND e.contact <> 0) \
             ELSE (SELECT max(e.seq) FROM event AS e WHERE e.about_kind = card.kind AND e.about_id = card.id) END FROM card)",
            contact = kind::CONTACT
        ));
        found.extend(desk.rows(&select.text, &select.params)?.into_iter().map(read).collect::<Outcome<Vec<_>>>()?);
    }
    Ok(found)
}

/// The last place in the log.
pub fn latest(desk: &Desk<'_>) -> Outcome<Seq> {
    desk.settle()?;
    Ok(Seq(desk.first("SELECT max(seq) FROM event", &[])?.and_then(|row| row.maybe_int(0)).unwrap_or(0)))
}

/// How far a reader has come.
pub fn mark(desk: &Desk<'_>, reader: &str) -> Outcome<Seq> {
    Ok(Seq(desk.first("SELECT seq FROM mark WHERE reader = $1", &[reader.into()])?.map_or(0, |row| row.int(0))))
}

/// Moves a reader's mark.
pub fn advance(desk: &Desk<'_>, reader: &str, to: Seq) -> Outcome<()> {
    desk.run("INSERT INTO mark (reader, seq) VALUES ($1, $2) ON CONFLICT (reader) DO UPDATE SET seq = excluded.seq", &[reader.into(), to.0.into()]).map(drop)
}
