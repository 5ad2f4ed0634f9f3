//! Which answers an item may not go without: always, from a stage on, for one stage, or under a condition.

use crate::doors::Read;
use crate::entity::{Ending, EntityType, Pipeline, Schema, Stage, code};
use crate::failure::{Outcome, Refusal};
use crate::field::{Field, FieldKind};
use crate::ids::{ItemRef, StageId};
use crate::item::Item;
use crate::label::Label;
use crate::query::{Filter, Verdict};
use crate::rights::Rights;

/// The fields that must be filled before an item comes to a stage and are not. A lost stage asks only what it names
/// itself: nobody fills in a contract to say that the client hung up.
pub fn missing<'a>(schema: &'a Schema, item: &Item, to: StageId) -> Vec<&'a Field> {
    let (Some(shape), Some((pipeline, stage))) = (schema.kind(item.kind), schema.stage(to)) else { return Vec::new() };
    shape.fields.iter().filter(|field| item.values.get(&field.code).is_empty() && is_asked(pipeline, stage, item, field)).collect()
}

fn is_asked(pipeline: &Pipeline, stage: &Stage, item: &Item, field: &Field) -> bool {
    let named = stage.required.contains(&field.code) || field.required_from.iter().any(|from| stage_of(pipeline, from).is_some_and(|one| one.id == stage.id));
    match stage.outcome {
        Ending::Lost => named,
        _ => named || is_always(item, field) || field.required_from.iter().any(|from| is_past(pipeline, stage, from)),
    }
}

/// Required whatever the stage.
fn is_always(item: &Item, field: &Field) -> bool {
    field.required || field.required_when.as_ref().is_some_and(|condition| condition.test(item) == Verdict::Fits)
}

/// The stage that a mark `STAGE` or `pipeline/STAGE` means on this pipeline.
fn stage_of<'a>(pipeline: &'a Pipeline, mark: &str) -> Option<&'a Stage> {
    let stage = match mark.split_once('/') {
        Some((code, stage)) if code == pipeline.code => stage,
        Some(_) => return None,
        None => mark,
    };
    pipeline.stages.iter().find(|one| one.code == stage)
}

/// Whether a stage stands at a mark or behind it; what is lost is never behind anything.
fn is_past(pipeline: &Pipeline, stage: &Stage, mark: &str) -> bool {
    let Some(from) = stage_of(pipeline, mark) else { return false };
    from.outcome != Ending::Lost && pipeline.position(from.id) <= pipeline.position(stage.id)
}

/// Refuses to make an item without answers that it always needs.
pub(crate) fn demand_always(read: &dyn Read, shape: &EntityType, item: &Item) -> Outcome<()> {
    let item = with_links(read, shape, item)?;
    let empty = shape.fields.iter().filter(|field| item.values.get(&field.code).is_empty());
    refuse(empty.filter(|field| is_always(&item, field)).collect(), "required")
}

/// The same, and without those that its first stage needs.
pub(crate) fn demand_new(read: &dyn Read, shape: &EntityType, item: &Item) -> Outcome<()> {
    demand_always(read, shape, item)?;
    match item.stage() {
        Some(stage) => demand_for_stage(read, shape, item, stage),
        None => Ok(()),
    }
}

/// Refuses a change that takes away an answer, or that makes one needed which is not there. What was missing before stays
/// the matter of the next move: an old record can be corrected without being filled up.
pub(crate) fn demand_kept(read: &dyn Read, shape: &EntityType, before: &Item, after: &Item) -> Outcome<()> {
    let (before, after) = (with_links(read, shape, before)?, with_links(read, shape, after)?);
    let schema = read.schema();
    let lacks = |item: &Item, field: &Field| {
        let here = || item.stage().and_then(|stage| schema.stage(stage)).is_some_and(|(pipeline, stage)| is_asked(pipeline, stage, item, field));
        item.values.get(&field.code).is_empty() && (is_always(item, field) || here())
    };
    refuse(shape.fields.iter().filter(|field| lacks(&after, field) && !lacks(&before, field)).collect(), "required")
}

/// Refuses a move to a stage for which answers are missing; the refusal names them, so that a screen can ask.
pub(crate) fn demand_for_stage(read: &dyn Read, shape: &EntityType, item: &Item, to: StageId) -> Outcome<()> {
    let item = with_links(read, shape, item)?;
    refuse(missing(&read.schema(), &item, to), "required_for_stage")
}

fn refuse(missing: Vec<&Field>, code: &'static str) -> Outcome<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let refusal = match code {
        "required_for_stage" => Refusal::new(code, "Для этой стадии заполнены не все поля", "Some fields are needed for this stage"),
        _ => Refusal::new(code, "Заполнены не все обязательные поля", "Some required fields are empty"),
    };
    let fields = missing
        .into_iter()
        .map(|field| (field.code.clone(), Label::new(format!("заполните «{}»", field.title.ru), format!("{} is required", field.title.en))))
        .collect();
    Err(Refusal { fields, ..refusal }.into())
}

/// The item with the answers of linked records that conditions look at (`contact.city`) beside its own.
fn with_links(read: &dyn Read, shape: &EntityType, item: &Item) -> Outcome<Item> {
    let paths = shape.fields.iter().filter_map(|field| field.required_when.as_ref()).flat_map(Filter::fields).filter(|path| path.contains('.'));
    let mut seen = item.clone();
    for path in paths {
        let Some((link, inner)) = path.split_once('.') else { continue };
        let Some(FieldKind::Link { to }) = shape.field(link).map(|field| &field.kind) else { continue };
        if let Some(id) = item.values.int(link)
            && inner != code::ID
            && let Some(other) = read.item(&Rights::system(), ItemRef::new(*to, id))?
        {
            seen.values.set(path, other.values.get(inner).clone());
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::kind;
    use crate::ids::PipelineId;
    use crate::query::Op;
    use crate::value::{Value, Values};

    fn schema() -> Schema {
        let text = |code: &str| Field::new(code, code, code, FieldKind::Text);
        let shape = EntityType {
            id: kind::DEAL,
            staged: true,
            fields: vec![
                text("always").required(),
                Field { required_from: vec!["CONTRACT".into()], ..text("number") },
                Field { required_from: vec!["court/HEARING".into()], ..text("court") },
                Field { required_when: Some(Filter::is("urgent", Op::Eq, Value::Flag(true))), ..text("why") },
                text("reason"),
                text("act"),
            ],
            ..EntityType::default()
        };
        let stage = |id, code: &str, outcome, required: &[&str]| Stage {
            id: StageId(id),
            code: code.into(),
            outcome,
            required: required.iter().map(|code| (*code).to_owned()).collect(),
            ..Stage::default()
        };
        let main = Pipeline {
            id: PipelineId(1),
            kind: kind::DEAL,
            code: "main".into(),
            title: Label::default(),
            is_default: true,
            stages: vec![
                stage(1, "NEW", Ending::Open, &[]),
                stage(2, "CONTRACT", Ending::Open, &[]),
                stage(3, "HEARING", Ending::Open, &[]),
                stage(4, "WON", Ending::Won, &["act"]),
                stage(5, "LOST", Ending::Lost, &["reason"]),
            ],
        };
        Schema { types: [(kind::DEAL, shape)].into(), pipelines: [(main.id, main)].into(), ..Schema::default() }
    }

    fn asked(values: Values, to: i64) -> Vec<String> {
        let item = Item { kind: kind::DEAL, id: 7, version: 1, values };
        missing(&schema(), &item, StageId(to)).into_iter().map(|field| field.code.clone()).collect()
    }

    #[test]
    fn a_stage_asks_what_is_needed_there_and_before_it() {
        assert_eq!(asked(Values::new(), 1), ["always"]);
        assert_eq!(asked(Values::new(), 2), ["always", "number"]);
        assert_eq!(asked(Values::from([("always", Value::text("x"))]), 4), ["number", "act"]);
    }

    #[test]
    fn a_lost_stage_asks_only_what_it_names() {
        assert_eq!(asked(Values::new(), 5), ["reason"]);
    }

    #[test]
    fn a_mark_of_another_pipeline_asks_nothing_here() {
        assert!(!asked(Values::new(), 3).contains(&"court".to_owned()));
    }

    #[test]
    fn a_condition_makes_a_field_needed() {
        assert_eq!(asked(Values::from([("always", Value::text("x")), ("urgent", Value::Flag(true))]), 1), ["why"]);
    }
}
