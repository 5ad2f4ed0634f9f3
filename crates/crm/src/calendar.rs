//! Working time: which days people work, from when until when, and until when something is due that has four working hours.

use crate::doors::Read;
use crate::failure::Outcome;
use crate::time::{Date, Moment};
use crate::value::{Value, Values};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::time::Duration;

/// Setting of the firm: `country` (`RU`, `KZ`), `zone`, and hours by weekday under `mon` … `sun`, written `09:00-18:00`.
/// `calendar:office:<number>` holds the same for one office, `calendar:<country>:<year>` the days of a year that is not
/// shipped: `off`, `working` and `short`, lists of days.
pub const SETTING: &str = "calendar";

/// Days off besides weekends in Russia in 2026: government decree No 1466 of 24.09.2025.
const RU_2026_OFF: &str = "01-01 01-02 01-03 01-04 01-05 01-06 01-07 01-08 01-09 02-23 03-09 05-01 05-11 06-12 11-04 12-31";
/// Days shortened by an hour in Russia in 2026.
const RU_2026_SHORT: &str = "04-30 05-08 06-11 11-03";
/// Days off besides weekends in Kazakhstan in 2026. 27 May, the first day of Kurban Ait, is announced for each year.
const KZ_2026_OFF: &str = "01-01 01-02 01-07 03-09 03-23 03-24 03-25 05-01 05-07 05-11 05-27 07-06 08-31 10-26 12-16";

/// When people work.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Whose midnight counts.
    pub zone: TimeZone,
    /// Minutes after midnight from Monday to Sunday.
    week: [Option<(i64, i64)>; 7],
    off: BTreeSet<Date>,
    working: BTreeSet<Date>,
    short: BTreeSet<Date>,
}

impl Calendar {
    /// The shipped calendar of a country, Monday to Friday from nine to six.
    pub fn shipped(country: &str, zone: TimeZone) -> Calendar {
        let (off, short) = match country {
            "KZ" => (KZ_2026_OFF, ""),
            _ => (RU_2026_OFF, RU_2026_SHORT),
        };
        let days = |list: &str| list.split_whitespace().filter_map(|day| format!("2026-{day}").parse().ok()).collect();
        let usual = Some((9 * 60, 18 * 60));
        Calendar { zone, week: [usual, usual, usual, usual, usual, None, None], off: days(off), working: BTreeSet::new(), short: days(short) }
    }

    /// The calendar of an office as the firm set it up; 0 for that of the firm.
    ///
    /// # Errors
    /// Only failures of the database.
    pub fn of(read: &dyn Read, office: i64) -> Outcome<Calendar> {
        let mut setting = read.setting(SETTING)?;
        setting.0.extend(read.setting(&format!("{SETTING}:office:{office}"))?.0);
        let zone = zone_of(read, office, &setting)?;
        let country = if setting.text("country") == "KZ" { "KZ" } else { "RU" };
        let mut calendar = Calendar::shipped(country, zone);
        for (at, day) in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].into_iter().enumerate() {
            if let Some(hours) = setting.get(day).as_text() {
                calendar.week[at] = parse_hours(hours);
            }
        }
        for (_, year) in read.settings(&format!("{SETTING}:{country}:"))? {
            calendar.off.extend(days(year.get("off")));
            calendar.working.extend(days(year.get("working")));
            calendar.short.extend(days(year.get("short")));
        }
        Ok(calendar)
    }

    /// Working hours of a day in minutes after midnight; `None` on a day off.
    pub fn hours(&self, day: Date) -> Option<(i64, i64)> {
        let usual = self.week[usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0)];
        let hours = match (self.working.contains(&day), self.off.contains(&day)) {
            // A working Saturday has the hours of Monday.
            (true, _) => usual.or(self.week[0]),
            (_, true) => None,
            _ => usual,
        };
        hours.map(|(from, to)| (from, if self.short.contains(&day) { (to - 60).max(from) } else { to }))
    }

    /// Whether anybody works on a day.
    pub fn is_working(&self, day: Date) -> bool {
        self.hours(day).is_some()
    }

    /// A working span as administrators write it: in `2d` and `1w` a day has the hours of Monday, a week the days on which one works.
    pub fn span(&self, text: &str) -> Option<Duration> {
        let calendar = crate::time::parse_span(text)?;
        let (from, to) = self.week.iter().flatten().next().copied()?;
        let minutes = u64::try_from(to - from).ok()?;
        let days = u64::try_from(self.week.iter().flatten().count()).ok()?;
        let number = match text.trim().chars().last()? {
            'd' => calendar.as_secs() / 86_400 * minutes,
            'w' => calendar.as_secs() / 604_800 * days * minutes,
            _ => return Some(calendar),
        };
        Some(Duration::from_secs(number * 60))
    }

    /// The moment when so much working time has passed; `None` when nobody works for two years.
    pub fn after(&self, from: Moment, span: Duration) -> Option<Moment> {
        let mut left = i64::try_from(span.as_micros()).ok()?;
        let start = from.timestamp().to_zoned(self.zone.clone());
        let mut day = start.date();
        for _ in 0..1_500 {
            if let Some((opens, closes)) = self.hours(day) {
                let at = |minutes: i64| -> Option<i64> {
                    let time = day.to_datetime(jiff::civil::Time::midnight()).checked_add(jiff::Span::new().try_minutes(minutes).ok()?).ok()?;
                    Some(time.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond())
                };
                let begin = at(opens)?.max(from.0);
                let open = (at(closes)? - begin).max(0);
                if left <= open {
                    return Some(Moment(begin + left));
                }
                left -= open;
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// The day itself when people work on it, else the next on which they do.
    pub fn working_day_from(&self, day: Date) -> Date {
        let mut at = day;
        for _ in 0..60 {
            match (self.is_working(at), at.tomorrow()) {
                (false, Ok(next)) => at = next,
                _ => return at,
            }
        }
        day
    }
}

/// Until when an item may stand on a stage with this SLA; `None` without one.
///
/// # Errors
/// Only failures of the database.
pub fn stage_due(read: &dyn Read, stage: &crate::entity::Stage, office: i64, from: Moment) -> Outcome<Option<Moment>> {
    if stage.sla.trim().is_empty() {
        return Ok(None);
    }
    if !stage.sla_working {
        return Ok(crate::time::parse_span(&stage.sla).map(|span| from.plus(span)));
    }
    let calendar = Calendar::of(read, office)?;
    Ok(calendar.span(&stage.sla).and_then(|span| calendar.after(from, span)))
}

/// The zone of an office: its own, that of the nearest department above that has one, that of the firm.
///
/// # Errors
/// Only failures of the database.
pub fn office_zone(read: &dyn Read, office: i64) -> Outcome<TimeZone> {
    zone_of(read, office, &read.setting(SETTING)?)
}

fn zone_of(read: &dyn Read, office: i64, setting: &Values) -> Outcome<TimeZone> {
    let mut names = Vec::new();
    if office != 0 {
        let departments = read.departments()?;
        let mut at = office;
        // A chain longer than the number of departments is a ring.
        for _ in 0..departments.len() {
            let Some(department) = departments.iter().find(|one| one.id == at) else { break };
            names.push(department.zone.clone());
            at = department.parent;
        }
    }
    names.push(setting.text("zone").to_owned());
    names.push("Europe/Moscow".to_owned());
    Ok(names.iter().filter(|name| !name.is_empty()).find_map(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC))
}

/// `09:00-18:00`; anything else is a day off.
fn parse_hours(text: &str) -> Option<(i64, i64)> {
    let minutes = |text: &str| -> Option<i64> {
        let (hours, minutes) = text.trim().split_once(':')?;
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        ((0..=24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minutes(from)?, minutes(to)?);
    (from < to && to <= 24 * 60).then_some((from, to))
}

fn days(value: &Value) -> impl Iterator<Item = Date> + '_ {
    value.as_list().iter().filter_map(|one| match one {
        Value::Date(one) => Some(one.date),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    })
}

/// Whether a day falls on a weekend, whatever the calendar says.
pub fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: &TimeZone, text: &str) -> Moment {
        Moment::from_timestamp(text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp())
    }

    #[test]
    fn the_year_2026_has_the_working_days_that_the_government_counted() {
        let calendar = Calendar::shipped("RU", TimeZone::UTC);
        let count = |month: i8| (1..=31).filter_map(|day| Date::new(2026, month, day).ok()).filter(|day| calendar.is_working(*day)).count();
        let months: Vec<usize> = (1..=12).map(count).collect();
        assert_eq!(months, [15, 19, 21, 22, 19, 21, 23, 21, 22, 22, 20, 22]);
        assert_eq!(months.iter().sum::<usize>(), 247);
    }

    #[test]
    fn four_working_hours_before_a_long_weekend_end_after_it() {
        let zone = TimeZone::get("Asia/Novosibirsk").unwrap();
        let calendar = Calendar::shipped("RU", zone.clone());
        let due = calendar.after(at(&zone, "2026-02-20T16:30"), calendar.span("4h").unwrap());
        assert_eq!(due, Some(at(&zone, "2026-02-24T11:30")));
    }

    #[test]
    fn a_day_before_a_holiday_is_an_hour_shorter_and_the_night_does_not_count() {
        let zone = TimeZone::get("Europe/Moscow").unwrap();
        let calendar = Calendar::shipped("RU", zone.clone());
        assert_eq!(calendar.after(at(&zone, "2026-04-30T16:00"), Duration::from_secs(3_600)), Some(at(&zone, "2026-04-30T17:00")));
        assert_eq!(calendar.after(at(&zone, "2026-04-30T16:00"), Duration::from_secs(3_601)), Some(at(&zone, "2026-05-04T09:00:01")));
        assert_eq!(calendar.after(at(&zone, "2026-04-29T23:00"), Duration::from_secs(60)), Some(at(&zone, "2026-04-30T09:01")));
        assert_eq!(calendar.after(at(&zone, "2026-04-27T09:00"), calendar.span("2d").unwrap()), Some(at(&zone, "2026-04-28T18:00")));
    }

    #[test]
    fn kazakhstan_has_its_own_holidays() {
        let calendar = Calendar::shipped("KZ", TimeZone::UTC);
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert!(!calendar.is_working(day("2026-03-24")) && calendar.is_working(day("2026-06-12")));
        assert_eq!(calendar.working_day_from(day("2026-03-21")), day("2026-03-26"));
    }

    #[test]
    fn hours_that_are_no_hours_are_a_day_off() {
        assert_eq!(parse_hours("09:00-18:00"), Some((540, 1080)));
        assert_eq!(parse_hours("00:00-24:00"), Some((0, 1440)));
        for wrong in ["", "9-18", "18:00-09:00", "09:00-24:30", "09:60-18:00", "a:b-c:d"] {
            assert_eq!(parse_hours(wrong), None, "{wrong}");
        }
    }
}
