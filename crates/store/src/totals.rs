//! The headings of boards: count and sum per stage, person and currency, kept up to date with every saved item.

use crate::desk::Desk;
use crate::filter::scope;
use crate::sql::Statement;
use crm::{Action, Item, Outcome, PipelineId, Rights, StageTotal, code};
use std::collections::BTreeMap;

/// Where an item counts: stage, responsible, currency.
type Place = (i64, i64, String);

/// Changes to be written: sorted, so that two transactions touch the same rows in the same order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals(BTreeMap<Place, (i64, i64)>);

impl Totals {
    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The item counts from now on.
    pub fn add(&mut self, item: &Item) {
        self.change(item, 1);
    }

    /// The item counts no longer.
    pub fn subtract(&mut self, item: &Item) {
        self.change(item, -1);
    }

    fn change(&mut self, item: &Item, sign: i64) {
        let Some(stage) = item.stage() else { return };
        let place = (stage.0, item.responsible().0, item.values.text(code::CURRENCY).to_owned());
        let amount = item.values.get(code::AMOUNT).as_money().unwrap_or(0);
        let entry = self.0.entry(place).or_default();
        entry.0 += sign;
        entry.1 = entry.1.saturating_add(amount.saturating_mul(sign));
    }

    /// Writes the changes.
    pub fn write(&self, desk: &Desk<'_>) -> Outcome<()> {
        for ((stage, responsible, currency), (count, sum)) in &self.0 {
            if (*count, *sum) == (0, 0) {
                continue;
            }
            desk.run(
                "INSERT INTO stage_total (stage, responsible, currency, count, sum) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (stage, responsible, currency) DO UPDATE SET count = stage_total.count + excluded.count, sum = stage_total.sum + excluded.sum",
                &[(*stage).into(), (*responsible).into(), currency.into(), (*count).into(), (*sum).into()],
            )?;
        }
        Ok(())
    }
}

/// Count and sums of every stage of a pipeline, in the order of its stages; only of what may be seen.
pub fn of_pipeline(desk: &Desk<'_>, rights: &Rights, pipeline: PipelineId) -> Outcome<Vec<StageTotal>> {
    desk.settle()?;
    let schema = desk.schema_now();
    let Some(pipeline) = schema.pipelines.get(&pipeline) else { return Ok(Vec::new()) };
    let mut totals: Vec<StageTotal> = pipeline.stages.iter().map(|stage| StageTotal { stage: stage.id, count: 0, sums: Vec::new() }).collect();
    let mut select = Statement::new("SELECT stage, currency, CAST(sum(count) AS BIGINT), CAST(sum(sum) AS BIGINT) FROM stage_total WHERE stage IN (");
    select.bind_all(pipeline.stages.iter().map(|stage| stage.id.0.into()));
    select.push(") AND ");
    if !scope(&mut select, rights, pipeline.kind, Action::Read, "responsible") || totals.is_empty() {
        return Ok(totals);
    }
    select.push(" GROUP BY stage, currency ORDER BY stage, currency");
    let with_sums = rights.sees(pipeline.kind, code::AMOUNT);
    for mut row in desk.rows(&select.text, &select.params)? {
        let (stage, currency, count, sum) = (row.int(0), row.text(1), row.int(2), row.int(3));
        if let Some(total) = totals.iter_mut().find(|total| total.stage.0 == stage) {
            total.count += count;
            if with_sums && sum != 0 {
                total.sums.push((currency, sum));
            }
        }
    }
    Ok(totals)
}
