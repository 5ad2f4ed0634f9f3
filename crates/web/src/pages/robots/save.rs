//! Publishing: the rules of some stages at once, in one transaction, or none of them.

use crm::{EntityTypeId, Moment, Outcome, Refusal, Rights, Rule, StageId, Tx};
use serde::Deserialize;

/// What the island sends: all rules of the stages that were touched.
#[derive(Debug, Clone, Deserialize)]
pub struct Wanted {
    /// Code of the kind of records.
    pub kind: String,
    /// The stages.
    pub stages: Vec<WantedStage>,
}

/// One stage with its rules in order.
#[derive(Debug, Clone, Deserialize)]
pub struct WantedStage {
    /// Which.
    pub stage: StageId,
    /// The version that the user changed: somebody else's newer one is not overwritten.
    pub version: i64,
    /// All rules of the stage.
    pub rules: Vec<Rule>,
}

/// Publishes the stages' next versions.
///
/// # Errors
/// `stale_program` when somebody published in the meantime; else as [`automation::publish`], whose refusals point at
/// `<stage>/<place>/<path>`.
pub fn publish(tx: &mut dyn Tx, rights: &Rights, now: Moment, kind: EntityTypeId, wanted: &[WantedStage]) -> Outcome<()> {
    for one in wanted {
        let schema = tx.schema();
        if schema.stage(one.stage).is_none_or(|(pipeline, _)| pipeline.kind != kind) {
            return Err(Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage").into());
        }
        let force = tx.program(one.stage)?;
        if super::board::version(force.as_deref()) != one.version {
            return Err(Refusal::new(
                "stale_program",
                "Правила этой стадии только что изменил кто-то другой. Страница обновлена, повторите изменение.",
                "Somebody else has just changed the rules of this stage. The page is up to date now, please repeat your change.",
            )
            .into());
        }
        automation::publish(tx, rights, now, one.stage, one.rules.clone())?;
    }
    Ok(())
}
