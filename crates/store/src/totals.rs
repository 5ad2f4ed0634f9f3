//! The headings of boards: count and sum per stage, office, person and currency, kept up to date with every saved item.

use crate::desk::Desk;
use crate::shape::Table;
use crate::sight::{Columns, Seen, invitations, reach};
use crate::sql::{Cell, Row, Statement};
use crm::{Action, Filter, Item, Outcome, Pipeline, PipelineId, Rights, Scope, StageTotal, code};
use std::collections::BTreeMap;

/// Where an item counts: stage, office, responsible, currency.
type Place = (i64, i64, i64, String);

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
        let place = (stage.0, item.values.int(code::OFFICE).unwrap_or(0), item.responsible().0, item.values.text(code::CURRENCY).to_owned());
        let amount = item.values.get(code::AMOUNT).as_money().unwrap_or(0);
        let entry = self.0.entry(place).or_default();
        entry.0 += sign;
        entry.1 = entry.1.saturating_add(amount.saturating_mul(sign));
    }

    /// Writes the changes.
    pub fn write(&self, desk: &Desk<'_>) -> Outcome<()> {
        for ((stage, office, responsible, currency), (count, sum)) in &self.0 {
            if (*count, *sum) == (0, 0) {
                continue;
            }
            desk.run(
                "INSERT INTO stage_total (stage, office, responsible, currency, count, sum) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (stage, office, responsible, currency) DO UPDATE SET count = stage_total.count + excluded.count, sum = stage_total.sum + excluded.sum",
                &[(*stage).into(), (*office).into(), (*responsible).into(), currency.into(), (*count).into(), (*sum).into()],
            )?;
        }
        Ok(())
    }
}

/// Counts the items of a table anew, per stage, office, person and currency.
pub fn counted(table: &Table) -> String {
    let text = |field: &str| if table.column(field).is_some() { format!("coalesce(\"{field}\", '')") } else { "''".to_owned() };
    let number = |field: &str| if table.column(field).is_some() { format!("coalesce(\"{field}\", 0)") } else { "0".to_owned() };
    format!(
        "SELECT stage, CAST({} AS BIGINT) AS office, {} AS responsible, {} AS currency, CAST(count(*) AS BIGINT) AS count, CAST(sum({}) AS BIGINT) AS sum \
         FROM {} WHERE stage IS NOT NULL GROUP BY 1, 2, 3, 4",
        number(code::OFFICE),
        number(code::RESPONSIBLE),
        text(code::CURRENCY),
        number(code::AMOUNT),
        table.name
    )
}

/// Fills in the totals of a type whose totals are empty.
pub fn recount(desk: &Desk<'_>, table: &Table) -> Outcome<()> {
    desk.run(&format!("INSERT INTO stage_total (stage, office, responsible, currency, count, sum) {}", counted(table)), &[]).map(drop)
}

/// Count and sums of every stage of a pipeline, in the order of its stages; only of what may be seen.
///
/// What a role reaches is read from the totals, what somebody was invited to besides is counted.
pub fn of_pipeline(desk: &Desk<'_>, rights: &Rights, pipeline: PipelineId) -> Outcome<Vec<StageTotal>> {
    desk.settle()?;
    let schema = desk.schema_now();
    let Some(pipeline) = schema.pipelines.get(&pipeline) else { return Ok(Vec::new()) };
    let table = desk.demand_table(pipeline.kind)?;
    let mut totals = Headings::new(pipeline, rights);
    let mut stages: BTreeMap<Scope, Vec<i64>> = BTreeMap::new();
    for stage in &pipeline.stages {
        stages.entry(rights.scope_at(pipeline.kind, Action::Read, Some(pipeline.id), Some(stage.id))).or_default().push(stage.id.0);
    }
    for (scope, stages) in stages {
        let kept = reach(rights, pipeline.kind, scope, &Columns::of_totals());
        if kept != Seen::Never {
            let mut select = Statement::new("SELECT stage, currency, CAST(sum(count) AS BIGINT), CAST(sum(sum) AS BIGINT) FROM stage_total WHERE stage IN (");
            select.bind_all(stages.iter().map(|stage| Cell::Int(*stage))).push(") AND ");
            kept.write(&mut select, desk.sql.dialect());
            select.push(" GROUP BY stage, currency ORDER BY stage, currency");
            totals.take(desk.rows(&select.text, &select.params)?);
        }
        let columns = Columns::of(&table, "i");
        let guests = invitations(rights);
        if scope != Scope::None && scope != Scope::All && columns.shared && !guests.is_empty() {
            let mut select = Statement::new(sums(&table));
            select.push("i.stage IN (").bind_all(stages.into_iter().map(Cell::Int)).push(") AND ");
            Seen::Invited(pipeline.kind, columns.id.clone(), guests).write(&mut select, desk.sql.dialect());
            select.push(" AND (");
            reach(rights, pipeline.kind, scope, &columns).write(&mut select, desk.sql.dialect());
            select.push(") IS NOT TRUE GROUP BY 1, 2 ORDER BY 1, 2");
            totals.take(desk.rows(&select.text, &select.params)?);
        }
    }
    Ok(totals.list)
}

/// Under a condition a stage is counted so far; then it says that there is more.
const FAR_ENOUGH: i64 = 10_000;

/// Count and sums of those items of a pipeline that fit a condition, counted.
pub fn of_filter(desk: &Desk<'_>, rights: &Rights, pipeline: PipelineId, filter: &Filter) -> Outcome<Vec<StageTotal>> {
    if *filter == Filter::Any {
        return of_pipeline(desk, rights, pipeline);
    }
    let schema = desk.schema_now();
    let Some(pipeline) = schema.pipelines.get(&pipeline) else { return Ok(Vec::new()) };
    let table = desk.demand_table(pipeline.kind)?;
    let mut totals = Headings::new(pipeline, rights);
    let query = crm::Query::of(pipeline.kind).filter(filter.clone());
    let Some(condition) = crate::items::condition(desk, rights, &query, &table)? else { return Ok(totals.list) };
    for stage in &pipeline.stages {
        let here = |out: &mut Statement| {
            out.push(" AND i.stage = ").bind(stage.id.0);
        };
        let enough = |out: &mut Statement| {
            out.push(" LIMIT ").bind(FAR_ENOUGH + 1);
        };
        let mut select = Statement::new("SELECT stage, currency, CAST(count(*) AS BIGINT), CAST(sum(amount) AS BIGINT) FROM (");
        select.push(&rows(&table));
        condition.write(&mut select, here, enough)?;
        enough(&mut select);
        select.push(") AS found GROUP BY 1, 2 ORDER BY 1, 2");
        totals.take(desk.rows(&select.text, &select.params)?);
    }
    for total in totals.list.iter_mut().filter(|total| total.count > FAR_ENOUGH) {
        (total.count, total.more) = (FAR_ENOUGH, true);
    }
    Ok(totals.list)
}

/// Stage, currency and amount of rows.
fn rows(table: &Table) -> String {
    let currency = if table.column(code::CURRENCY).is_some() { "coalesce(i.currency, '')" } else { "''" };
    let amount = if table.column(code::AMOUNT).is_some() { "coalesce(i.amount, 0)" } else { "0" };
    format!("SELECT i.stage AS stage, {currency} AS currency, {amount} AS amount FROM {} AS i WHERE ", table.name)
}

fn sums(table: &Table) -> String {
    let currency = if table.column(code::CURRENCY).is_some() { "coalesce(i.currency, '')" } else { "''" };
    let amount = if table.column(code::AMOUNT).is_some() { "coalesce(i.amount, 0)" } else { "0" };
    format!("SELECT i.stage, {currency}, CAST(count(*) AS BIGINT), CAST(sum({amount}) AS BIGINT) FROM {} AS i WHERE ", table.name)
}

/// The headings of a board while they are put together.
struct Headings {
    list: Vec<StageTotal>,
    with_sums: bool,
}

impl Headings {
    fn new(pipeline: &Pipeline, rights: &Rights) -> Headings {
        let list = pipeline.stages.iter().map(|stage| StageTotal { stage: stage.id, count: 0, sums: Vec::new(), more: false }).collect();
        Headings { list, with_sums: rights.sees(pipeline.kind, code::AMOUNT) }
    }

    /// Adds rows of stage, currency, count and sum.
    fn take(&mut self, rows: Vec<Row>) {
        for mut row in rows {
            let (stage, currency, count, sum) = (row.int(0), row.text(1), row.int(2), row.int(3));
            let Some(total) = self.list.iter_mut().find(|total| total.stage.0 == stage) else { continue };
            total.count += count;
            if !self.with_sums || sum == 0 {
                continue;
            }
            match total.sums.iter_mut().find(|known| known.0 == currency) {
                Some(known) => known.1 = known.1.saturating_add(sum),
                None => total.sums.push((currency, sum)),
            }
            total.sums.sort();
        }
    }
}
