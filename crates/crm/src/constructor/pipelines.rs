//! Ways of work and their stages.

use super::codes::{self, named};
use super::past::{PastLine, note, of_stage};
use super::types::{about, first_stages, unknown};
use super::uses::{Asks, Subject, refuse_used};
use super::{demand, wrong};
use crate::doors::Tx;
use crate::entity::{Ending, Pipeline, Schema, Stage};
use crate::failure::{Outcome, Refusal};
use crate::ids::{EntityTypeId, PipelineId, StageId};
use crate::label::Label;
use crate::rights::Rights;
use crate::time::Moment;

/// So many stages may a pipeline have.
const MOST_STAGES: usize = 100;
/// So many pipelines may a type have.
const MOST_PIPELINES: usize = 100;

/// Makes a pipeline with the usual four stages (`was` is `None`), or changes the name of one and which is the default.
///
/// # Errors
/// `wrong_values`, `unknown_type` for a type without pipelines.
pub fn put_pipeline(
    tx: &mut dyn Tx,
    rights: &Rights,
    now: Moment,
    at: EntityTypeId,
    was: Option<PipelineId>,
    title: &Label,
    is_default: bool,
) -> Outcome<PipelineId> {
    demand(rights)?;
    let schema = tx.schema();
    let shape = schema.kind(at).filter(|shape| shape.staged).ok_or_else(unknown)?;
    let title = named(title, "title")?;
    let all = schema.pipelines_of(at);
    let mut pipeline = match was {
        Some(id) => schema.pipelines.get(&id).filter(|one| one.kind == at).cloned().ok_or_else(no_pipeline)?,
        None if all.len() >= MOST_PIPELINES => {
            return Err(wrong("title", format!("не больше {MOST_PIPELINES} воронок"), format!("at most {MOST_PIPELINES} pipelines")).into());
        }
        None => Pipeline {
            id: PipelineId(0),
            kind: at,
            code: codes::code_of(&title, 40, "pipeline", |code| all.iter().any(|one| one.code == code)),
            title: Label::default(),
            is_default: all.is_empty(),
            stages: first_stages(),
        },
    };
    let before = pipeline.title.clone();
    let became_default = is_default && !pipeline.is_default;
    if became_default {
        for mut other in all.into_iter().filter(|one| one.is_default).cloned() {
            other.is_default = false;
            tx.install_pipeline(&mut other)?;
        }
        pipeline.is_default = true;
    }
    if before == title && !became_default {
        return Ok(pipeline.id);
    }
    pipeline.title = title.clone();
    tx.install_pipeline(&mut pipeline)?;
    let what = if was.is_some() {
        about("Изменена воронка", "Pipeline changed", &title)
    } else {
        about("Создана воронка", "Pipeline made", &title)
    };
    let mut lines = vec![PastLine { name: Label::new("Название", "Name"), old: before, new: title }];
    if became_default {
        lines.push(PastLine { name: Label::new("Основная", "The default one"), old: Label::new("нет", "no"), new: Label::new("да", "yes") });
    }
    note(tx, rights, now, &shape.code, what, lines)?;
    Ok(pipeline.id)
}

/// Adds a stage (`was` is `None`) behind the others of its outcome, or changes one.
///
/// # Errors
/// `wrong_values` with what is wrong; `tunnel_loop` when tunnels would lead round in a ring.
pub fn put_stage(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: PipelineId, was: Option<StageId>, wanted: Stage) -> Outcome<StageId> {
    demand(rights)?;
    let schema = tx.schema();
    let mut pipeline = schema.pipelines.get(&at).cloned().ok_or_else(no_pipeline)?;
    let shape = schema.kind(pipeline.kind).ok_or_else(unknown)?;
    let known = match was {
        Some(id) => Some(pipeline.stage(id).cloned().ok_or_else(no_stage)?),
        None => None,
    };
    let mut stage = Stage { title: named(&wanted.title, "title")?, sla: wanted.sla.trim().to_owned(), ..wanted };
    match &known {
        Some(known) => (stage.id, stage.code) = (known.id, known.code.clone()),
        None if pipeline.stages.len() >= MOST_STAGES => {
            return Err(wrong("title", format!("не больше {MOST_STAGES} стадий"), format!("at most {MOST_STAGES} stages")).into());
        }
        None => {
            let taken = |code: &str| pipeline.stages.iter().any(|one| one.code.eq_ignore_ascii_case(code));
            (stage.id, stage.code) = (StageId(0), codes::code_of(&stage.title, 40, "stage", taken).to_uppercase());
        }
    }
    check(&schema, &pipeline, &stage)?;
    match pipeline.stages.iter_mut().find(|one| one.code == stage.code) {
        Some(place) => *place = stage.clone(),
        None => pipeline.stages.push(stage.clone()),
    }
    tidy(&mut pipeline)?;
    refuse_rings(&schema, &pipeline)?;
    tx.install_pipeline(&mut pipeline)?;
    let lines = of_stage(&known.clone().unwrap_or_default(), &stage);
    if !lines.is_empty() {
        let what = if known.is_some() {
            about("Изменена стадия", "Stage changed", &stage.title)
        } else {
            about("Добавлена стадия", "Stage added", &stage.title)
        };
        note(tx, rights, now, &shape.code, what, lines)?;
    }
    pipeline.stages.iter().find(|one| one.code == stage.code).map(|one| one.id).ok_or_else(|| no_stage().into())
}

/// Puts the stages of a pipeline in order and under their outcomes; those that are not named stay behind.
///
/// # Errors
/// `wrong_values` when no stage would be left on which work goes on.
pub fn order_stages(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: PipelineId, order: &[(StageId, Ending)]) -> Outcome<()> {
    demand(rights)?;
    let schema = tx.schema();
    let mut pipeline = schema.pipelines.get(&at).cloned().ok_or_else(no_pipeline)?;
    let shape = schema.kind(pipeline.kind).ok_or_else(unknown)?;
    let told = |pipeline: &Pipeline| {
        let join = |text: fn(&Label) -> &str| {
            pipeline
                .stages
                .iter()
                .map(|one| format!("{} ({})", text(&one.title), text(&super::words::ending_title(one.outcome))))
                .collect::<Vec<_>>()
                .join(", ")
        };
        Label::new(join(|label| &label.ru), join(|label| &label.en))
    };
    let before = told(&pipeline);
    for stage in &mut pipeline.stages {
        if let Some((_, outcome)) = order.iter().find(|(id, _)| *id == stage.id) {
            stage.outcome = *outcome;
        }
    }
    pipeline.stages.sort_by_key(|stage| order.iter().position(|(id, _)| *id == stage.id).unwrap_or(usize::MAX));
    tidy(&mut pipeline)?;
    let after = told(&pipeline);
    if before == after {
        return Ok(());
    }
    let title = pipeline.title.clone();
    tx.install_pipeline(&mut pipeline)?;
    let line = PastLine { name: Label::new("Порядок", "Order"), old: before, new: after };
    note(tx, rights, now, &shape.code, about("Изменён порядок стадий воронки", "Order of stages changed in pipeline", &title), vec![line])
}

/// Takes a stage away on which nothing stands and which nothing uses.
///
/// # Errors
/// `in_use` with the list of uses; `last_stage` for the only stage on which work goes on.
pub fn remove_stage(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: StageId, asks: Asks<'_>) -> Outcome<()> {
    demand(rights)?;
    let schema = tx.schema();
    let (pipeline, stage) = schema.stage(at).ok_or_else(no_stage)?;
    let shape = schema.kind(pipeline.kind).ok_or_else(unknown)?;
    if stage.outcome == Ending::Open && pipeline.stages.iter().filter(|one| one.outcome == Ending::Open).count() == 1 {
        return Err(Refusal::new(
            "last_stage",
            "В воронке должна остаться хотя бы одна рабочая стадия",
            "A pipeline needs at least one stage on which work goes on",
        )
        .into());
    }
    refuse_used(tx.read(), rights, &Subject::Stage { stage: at }, asks)?;
    tx.remove_stage(at)?;
    note(tx, rights, now, &shape.code, about("Удалена стадия", "Stage taken away", &stage.title), Vec::new())
}

/// Takes a pipeline away in which nothing stands and which nothing uses.
///
/// # Errors
/// `in_use` with the list of uses; `last_pipeline` for the only or the default one.
pub fn remove_pipeline(tx: &mut dyn Tx, rights: &Rights, now: Moment, at: PipelineId, asks: Asks<'_>) -> Outcome<()> {
    demand(rights)?;
    let schema = tx.schema();
    let pipeline = schema.pipelines.get(&at).ok_or_else(no_pipeline)?;
    let shape = schema.kind(pipeline.kind).ok_or_else(unknown)?;
    if pipeline.is_default {
        return Err(Refusal::new(
            "last_pipeline",
            "Основную воронку удалить нельзя: сначала сделайте основной другую",
            "The default pipeline stays: make another one the default first",
        )
        .into());
    }
    refuse_used(tx.read(), rights, &Subject::Pipeline { pipeline: at }, asks)?;
    tx.remove_pipeline(at)?;
    note(tx, rights, now, &shape.code, about("Удалена воронка", "Pipeline taken away", &pipeline.title), Vec::new())
}

fn no_pipeline() -> Refusal {
    Refusal::new("unknown_pipeline", "Такой воронки нет", "There is no such pipeline")
}

fn no_stage() -> Refusal {
    Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage")
}

fn check(schema: &Schema, pipeline: &Pipeline, stage: &Stage) -> Outcome<()> {
    if !codes::is_color(&stage.color) {
        return Err(wrong("color", "цвет пишется как #2FC6F6", "a colour is written like #2FC6F6").into());
    }
    if !stage.sla.is_empty() && crate::time::parse_span(&stage.sla).is_none() {
        return Err(wrong("sla", "срок пишется как 30m, 4h или 2d", "a span is written like 30m, 4h or 2d").into());
    }
    for code in &stage.required {
        if schema.field(pipeline.kind, code).is_none_or(|field| field.read_only) {
            return Err(wrong("required", format!("поле «{code}» нельзя спросить"), format!("the field {code} cannot be asked for")).into());
        }
    }
    for tunnel in &stage.tunnels {
        if end_of(schema, pipeline, tunnel).is_none() {
            return Err(wrong("tunnels", "такой стадии в конце туннеля нет", "there is no such stage at the end of the tunnel").into());
        }
    }
    Ok(())
}

/// Where a tunnel of a pipeline's stage leads.
fn end_of<'a>(schema: &'a Schema, from: &Pipeline, tunnel: &crate::entity::Tunnel) -> Option<(&'a Pipeline, &'a Stage)> {
    let to = if tunnel.kind.is_empty() { from.kind } else { schema.kind_by_code(&tunnel.kind)?.id };
    let pipeline = match tunnel.pipeline.is_empty() {
        true => schema.default_pipeline(to)?,
        false => schema.pipelines.values().find(|one| one.kind == to && one.code == tunnel.pipeline)?,
    };
    let stage = match tunnel.stage.is_empty() {
        true => pipeline.stages.first()?,
        false => pipeline.stages.iter().find(|one| one.code == tunnel.stage)?,
    };
    Some((pipeline, stage))
}

/// Tunnels that lead an item back to where it came from would carry it round for ever; copies would fill the firm.
fn refuse_rings(schema: &Schema, changed: &Pipeline) -> Outcome<()> {
    let mut schema = schema.clone();
    schema.pipelines.insert(changed.id, changed.clone());
    for begin in changed.stages.iter().filter(|stage| !stage.tunnels.is_empty()) {
        let mut way: Vec<(PipelineId, String)> = Vec::new();
        let mut open = vec![(changed.id, begin.code.clone())];
        while let Some(place) = open.pop() {
            if way.contains(&place) {
                continue;
            }
            let Some(pipeline) = schema.pipelines.get(&place.0) else { continue };
            let Some(stage) = pipeline.stages.iter().find(|one| one.code == place.1) else { continue };
            for tunnel in &stage.tunnels {
                let Some((to, end)) = end_of(&schema, pipeline, tunnel) else { continue };
                if to.id == changed.id && end.code == begin.code {
                    return Err(Refusal::new(
                        "tunnel_loop",
                        format!("Туннели замыкаются в кольцо: «{}» → «{}» → «{}»", begin.title.ru, stage.title.ru, begin.title.ru),
                        format!("The tunnels make a ring: {} → {} → {}", begin.title.en, stage.title.en, begin.title.en),
                    )
                    .at("tunnels", Label::new("кольцо", "a ring"))
                    .into());
                }
                open.push((to.id, end.code.clone()));
            }
            way.push(place);
        }
    }
    Ok(())
}

/// Open stages first, then won, then lost; one of them open.
fn tidy(pipeline: &mut Pipeline) -> Outcome<()> {
    pipeline.stages.sort_by_key(|stage| match stage.outcome {
        Ending::Open => 0,
        Ending::Won => 1,
        Ending::Lost => 2,
    });
    match pipeline.stages.iter().any(|stage| stage.outcome == Ending::Open) {
        true => Ok(()),
        false => Err(wrong("outcome", "нужна хотя бы одна рабочая стадия", "at least one stage must be in progress").into()),
    }
}
