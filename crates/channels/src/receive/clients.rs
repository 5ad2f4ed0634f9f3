//! Who it is that came, and who of us takes him on.

use super::Desk;
use crm::{Action, EntityType, EntityTypeId, Filter, Item, Op, Outcome, PipelineId, Query, Read, Refusal, Rights, Scope, Tx, UserId, Value, code, kind, staff};
use std::collections::BTreeSet;

/// The client with this phone, else the one with this address of e-mail. Two calls with one phone wait for each other,
/// so that both find the same client.
pub fn find(tx: &mut dyn Tx, phone: Option<&str>, email: Option<&str>) -> Outcome<Option<Item>> {
    let by = [(code::PHONE, phone), (code::EMAIL, email)];
    for (_, normal) in by {
        if let Some(normal) = normal {
            tx.one_at_a_time(normal)?;
        }
    }
    for (field, normal) in by {
        let Some(normal) = normal else { continue };
        let query = Query::of(kind::CONTACT).filter(Filter::is(field, Op::Eq, Value::text(normal))).sorted(code::ID, false).limit(1);
        if let Some(found) = tx.items(&Rights::system(), &query)?.into_iter().next() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The kind of card that the account makes for newcomers; unless its setting names one, an application, or a deal in a firm
/// that works without applications.
pub fn card_kind(tx: &dyn Read, desk: &Desk<'_>) -> Outcome<EntityType> {
    let schema = tx.schema();
    let wanted = match desk.setting("kind") {
        wanted if !wanted.is_empty() => wanted,
        _ if schema.default_pipeline(kind::LEAD).is_some() => "lead".to_owned(),
        _ => "deal".to_owned(),
    };
    let found = schema.kind_by_code(&wanted).cloned();
    found.ok_or_else(|| {
        Refusal::new(
            "bad_account",
            format!("В настройках канала указан неизвестный тип «{wanted}»"),
            format!("The settings of the channel name the unknown type {wanted}"),
        )
        .into()
    })
}

/// Open stages of the way that new cards of a kind go.
fn open_stages(tx: &dyn Read, of: EntityTypeId) -> Option<(PipelineId, Value)> {
    let schema = tx.schema();
    let pipeline = schema.default_pipeline(of)?;
    let open = pipeline.stages.iter().filter(|stage| stage.outcome == crm::Ending::Open).map(|stage| Value::Int(stage.id.0)).collect();
    Some((pipeline.id, Value::Many(open)))
}

/// The client's newest card that is still being worked on.
pub fn open_card(tx: &dyn Read, of: EntityTypeId, contact: &Item) -> Outcome<Option<Item>> {
    let Some((_, open)) = open_stages(tx, of) else { return Ok(None) };
    newest(tx, of, contact, Filter::is(code::STAGE, Op::In, open))
}

/// The client's newest card, whatever became of it.
pub fn last_card(tx: &dyn Read, of: EntityTypeId, contact: &Item) -> Outcome<Option<Item>> {
    newest(tx, of, contact, Filter::Any)
}

fn newest(tx: &dyn Read, of: EntityTypeId, contact: &Item, filter: Filter) -> Outcome<Option<Item>> {
    let query = Query::of(of).filter(Filter::is(code::CONTACT, Op::Eq, Value::Int(contact.id))).filter(filter).limit(1);
    Ok(tx.items(&Rights::system(), &query)?.into_iter().next())
}

/// Who of those that the account's setting names has the fewest open cards; of equals the one who was hired first.
/// The system when the setting names nobody: an application must not be lost for want of an operator.
pub fn responsible(tx: &dyn Read, desk: &Desk<'_>, of: EntityTypeId) -> Outcome<UserId> {
    let named: BTreeSet<UserId> = staff::people(tx, &desk.setting("responsible"), None)?.into_iter().collect();
    if named.len() < 2 {
        return Ok(named.into_iter().next().unwrap_or(UserId::SYSTEM));
    }
    let open = open_stages(tx, of);
    let mut best: Option<(i64, UserId)> = None;
    for user in named {
        let count = match &open {
            Some((pipeline, stages)) => open_cards(tx, of, *pipeline, stages, user)?,
            None => 0,
        };
        if best.is_none_or(|(fewest, _)| count < fewest) {
            best = Some((count, user));
        }
    }
    Ok(best.map_or(UserId::SYSTEM, |(_, user)| user))
}

/// How many open cards somebody answers for: read from the totals of the stages, which are kept with every write.
fn open_cards(tx: &dyn Read, of: EntityTypeId, pipeline: PipelineId, stages: &Value, user: UserId) -> Outcome<i64> {
    let own = Rights { user, grants: [((of, Action::Read), crm::Grant::of(Scope::Own))].into(), ..Rights::default() };
    let totals = tx.stage_totals(&own, pipeline)?;
    Ok(totals.iter().filter(|total| stages.as_list().contains(&Value::Int(total.stage.0))).map(|total| total.count).sum())
}
