//! When a robot is due. A timer bound to a date is not a frozen number: it is worked out again whenever the field changes.

use crm::{EntityTypeId, Item, Label, Lang, Moment, Schema, Timing, Value};
use jiff::tz::TimeZone;
use std::time::Duration;

/// A moment of a field that was over by more than this when the robot was planned is taken for a slip of the pen: the
/// robot waits until the field is put right (automation.md §4, "late by more than 24 h").
const TOO_LATE: Duration = Duration::from_secs(86_400);

/// What [`plan`] worked out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// When; `None` while the field says no moment.
    pub due: Option<Moment>,
    /// The field it follows; empty when it follows none.
    pub bound_to: String,
    /// Why it waits, for a person.
    pub why: Label,
}

/// Works out when a robot is due that was planned at the moment `base`.
pub(crate) fn plan(timing: &Timing, base: Moment, item: &Item, schema: &Schema, zone: &TimeZone) -> Planned {
    let at = |due| Planned { due: Some(due), bound_to: String::new(), why: Label::default() };
    let Some(field) = timing.field() else {
        return match timing {
            Timing::After { seconds } => at(base.plus(Duration::from_secs(*seconds))),
            _ => at(base),
        };
    };
    let title = |lang| title(schema, item.kind, field, lang);
    let bound = |due, ru, en| Planned { due, bound_to: field.to_owned(), why: Label::new(ru, en) };
    match moment(timing, item, zone) {
        None => bound(None, format!("Ждёт, пока заполнят поле «{}»", title(Lang::Ru)), format!("Waits for the field {} to be filled in", title(Lang::En))),
        Some(due) if base.since(due) > TOO_LATE => bound(
            None,
            format!("Срок по полю «{}» прошёл больше суток назад: исправьте дату, и робот сработает", title(Lang::Ru)),
            format!("The moment by the field {} passed more than a day ago: put the date right and the robot will work", title(Lang::En)),
        ),
        Some(due) => bound(Some(due), format!("По полю «{}»", title(Lang::Ru)), format!("By the field {}", title(Lang::En))),
    }
}

/// The moment that a date field makes due now; `None` when the timing follows no field or the field is empty.
pub(crate) fn moment(timing: &Timing, item: &Item, zone: &TimeZone) -> Option<Moment> {
    let of_field = match item.values.get(timing.field()?) {
        Value::Moment(one) => one.at,
        // A day begins at midnight of the firm's zone; where a clock change skips midnight, at the first minute after it.
        Value::Date(one) => Moment::from_timestamp(one.date.to_zoned(zone.clone()).ok()?.timestamp()),
        _ => return None,
    };
    Some(match timing {
        Timing::Before { seconds, .. } => of_field.minus(Duration::from_secs(*seconds)),
        Timing::AfterField { seconds, .. } => of_field.plus(Duration::from_secs(*seconds)),
        Timing::AtOnce | Timing::After { .. } => of_field,
    })
}

/// Title of a field; its code when it is gone.
pub(crate) fn title(schema: &Schema, kind: EntityTypeId, code: &str, lang: Lang) -> String {
    schema.field(kind, code).map_or_else(|| code.to_owned(), |field| field.title.get(lang).to_owned())
}

/// A length of time in its two largest units: `2 ч`, `1 д 6 ч`.
pub fn span(length: Duration, lang: Lang) -> String {
    let units = match lang {
        Lang::Ru => [(86_400, "д"), (3_600, "ч"), (60, "мин"), (1, "с")],
        Lang::En => [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")],
    };
    let mut left = length.as_secs();
    let mut parts = Vec::new();
    for (size, unit) in units {
        if left >= size && parts.len() < 2 {
            parts.push(format!("{}\u{a0}{unit}", left / size));
        }
        left %= size;
    }
    if parts.is_empty() { format!("0\u{a0}{}", units[3].1) } else { parts.join(" ") }
}

/// When to try again after so many failures (automation.md §6.4), spread by ±20 % so that a thousand steps that failed
/// together do not come back together. `None` after the last try.
pub(crate) fn again(attempts: i64, seed: i64) -> Option<Duration> {
    const SECONDS: [u64; 11] = [5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    let base = *SECONDS.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    // A step's own number decides: chance is a parameter, and a repeat of the transaction must plan the same moment.
    let spread = (seed.unsigned_abs().wrapping_mul(2_654_435_761) ^ attempts.unsigned_abs()) % 401;
    Some(Duration::from_millis(base * (800 + spread)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm::{Values, kind};

    fn deal(field: &str, value: Value) -> Item {
        Item { kind: kind::DEAL, id: 1, version: 1, values: Values::new().with(field, value) }
    }

    fn at(text: &str) -> Moment {
        Moment::from_timestamp(text.parse().unwrap())
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_firm() {
        let almaty = TimeZone::get("Asia/Almaty").unwrap();
        let timing = Timing::Before { field: "close_date".into(), seconds: 3_600 };
        let item = deal("close_date", Value::date(crm::Date::constant(2026, 11, 27)));
        assert_eq!(moment(&timing, &item, &almaty), Some(at("2026-11-26T18:00:00Z")));
    }

    #[test]
    fn a_clock_change_at_midnight_gives_the_first_minute_that_exists() {
        // In Asunción the 1st of October 2023 began at 01:00.
        let zone = TimeZone::get("America/Asuncion").unwrap();
        let timing = Timing::AfterField { field: "close_date".into(), seconds: 0 };
        let item = deal("close_date", Value::date(crm::Date::constant(2023, 10, 1)));
        assert_eq!(moment(&timing, &item, &zone), Some(at("2023-10-01T04:00:00Z")));
    }

    #[test]
    fn a_moment_just_passed_is_due_at_once_and_one_long_passed_waits_for_a_person() {
        let timing = Timing::AfterField { field: "at".into(), seconds: 0 };
        let now = at("2026-11-25T12:00:00Z");
        let plan_for = |moment: &str| plan(&timing, now, &deal("at", Value::moment(at(moment))), &Schema::default(), &TimeZone::UTC);
        assert_eq!(plan_for("2026-11-25T11:00:00Z").due, Some(at("2026-11-25T11:00:00Z")));
        let late = plan_for("2026-11-20T11:00:00Z");
        assert_eq!((late.due, late.bound_to.as_str()), (None, "at"));
        assert!(late.why.ru.contains("прошёл"), "{}", late.why.ru);
    }

    #[test]
    fn tries_become_rarer_and_end() {
        assert!((Duration::from_secs(4)..=Duration::from_secs(6)).contains(&again(1, 7).unwrap()));
        assert!((Duration::from_secs(24)..=Duration::from_secs(36)).contains(&again(2, 7).unwrap()));
        assert_eq!(again(12, 7), None);
        assert_eq!(again(0, 7), None);
    }

    #[test]
    fn a_length_of_time_is_read_in_its_two_largest_units() {
        assert_eq!(span(Duration::from_secs(108_061), Lang::Ru), "1\u{a0}д 6\u{a0}ч");
        assert_eq!(span(Duration::ZERO, Lang::En), "0\u{a0}s");
    }
}
