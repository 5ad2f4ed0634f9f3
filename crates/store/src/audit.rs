//! Does the database agree with itself? What is kept twice for speed is counted anew and compared.

use crate::desk::Desk;
use crate::sql::Dialect;
use crm::Outcome;

/// Where what is kept for speed differs from what it was made from.
pub fn complaints(desk: &Desk<'_>) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let shape = desk.shape();
    for table in shape.tables.values() {
        let Some(kind) = shape.schema.kind(table.kind).filter(|kind| kind.staged) else { continue };
        let counted = crate::totals::counted(table);
        let stages: Vec<String> =
            shape.schema.pipelines.values().filter(|one| one.kind == table.kind).flat_map(|one| &one.stages).map(|stage| stage.id.to_string()).collect();
        let kept = format!(
            "SELECT stage, office, responsible, currency, count, sum FROM stage_total WHERE stage IN ({}) AND NOT (count = 0 AND sum = 0)",
            if stages.is_empty() { "0".to_owned() } else { stages.join(", ") }
        );
        for (one, other, word) in [(&counted, &kept, "counted but not kept"), (&kept, &counted, "kept but not counted")] {
            for mut row in desk.rows(&format!("SELECT stage, office, responsible, currency, count, sum FROM ({one} EXCEPT {other}) AS difference"), &[])? {
                let (stage, office, responsible, currency, count, sum) = (row.int(0), row.int(1), row.int(2), row.text(3), row.int(4), row.int(5));
                found.push(format!(
                    "totals of {}: stage {stage}, office {office}, responsible {responsible}, {count} items, {sum} {currency} are {word}",
                    kind.code
                ));
            }
        }
    }
    if desk.sql.dialect() == Dialect::Postgres {
        for mut row in desk.rows("SELECT CAST(indexrelid AS regclass)::text FROM pg_index WHERE NOT indisvalid", &[])? {
            found.push(format!("the index {} is not valid: rebuild it", row.text(0)));
        }
    }
    Ok(found)
}
