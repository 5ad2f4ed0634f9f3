//! Publishing: the rules of some stages at once, in one transaction, or none of them.

use crm::{EntityTypeId, Label, Moment, Outcome, Program, Refusal, Rights, Rule, RuleKind, StageId, Tx};
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
/// `stale_program` when somebody published in the meantime; a refusal that points at `<stage>/<place>/<path>` of every
/// wrong setting, where the path is `title`, `timing`, `condition` or `settings.<code>`.
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
        let mut wrong = Vec::new();
        for (place, rule) in one.rules.iter().enumerate() {
            if force.as_deref().is_some_and(|force| unchanged(force, rule)) {
                continue;
            }
            for (path, text) in faults(tx, kind, rule) {
                wrong.push((format!("{}/{place}/{path}", one.stage), text));
            }
        }
        if !wrong.is_empty() {
            return Err(Refusal { fields: wrong, ..Refusal::new("wrong_rule", "Проверьте настройки правила", "Check the settings of the rule") }.into());
        }
        automation::publish(tx, rights, now, one.stage, one.rules.clone())?;
    }
    Ok(())
}

fn unchanged(force: &Program, rule: &Rule) -> bool {
    force.rule(rule.id).is_some_and(|old| old == rule)
}

/// What is wrong with a rule: the path inside it and the reason.
fn faults(tx: &dyn Tx, kind: EntityTypeId, rule: &Rule) -> Vec<(String, Label)> {
    let mut wrong = Vec::new();
    if rule.title.trim().is_empty() {
        wrong.push(("title".to_owned(), Label::new("назовите правило", "give the rule a name")));
    }
    if let Some(field) = rule.timing.field()
        && tx.schema().field(kind, field).is_none()
    {
        wrong.push(("timing".to_owned(), Label::new("выберите поле с датой", "choose a field with a date")));
    }
    if let Err(refusal) = rule.condition.typed(&tx.schema(), kind) {
        let reason = refusal.fields.first().map_or_else(|| refusal.text.clone(), |(_, reason)| reason.clone());
        wrong.push(("condition".to_owned(), reason));
    }
    let about = match rule.kind {
        RuleKind::Trigger => automation::triggers::all().iter().map(|one| one.about()).find(|about| about.code == rule.code),
        RuleKind::Robot => automation::robots::all().iter().map(|one| one.about()).find(|about| about.code == rule.code),
    };
    match about.map(|about| about.accept(&rule.settings)) {
        None => wrong.push((String::new(), Label::new("такого триггера или робота нет", "there is no such trigger or robot"))),
        Some(Ok(_)) => {}
        Some(Err(refusal)) if refusal.fields.is_empty() => wrong.push((String::new(), refusal.text)),
        Some(Err(refusal)) => wrong.extend(refusal.fields.into_iter().map(|(code, reason)| (format!("settings.{code}"), reason))),
    }
    wrong
}
