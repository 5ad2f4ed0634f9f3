//! The first line of a rule's card: when it works.

use super::Words;
use crm::{EntityTypeId, Lane, Lang, Rule, RuleKind, Schema, Timing};

/// When a rule works, in the reader's language: "сразу", "через 2 ч после предыдущего", "за 1 д до «Консультация»".
pub fn when(rule: &Rule, schema: &Schema, kind: EntityTypeId, lang: Lang, words: Words<'_>) -> String {
    if rule.kind == RuleKind::Trigger {
        return words("robots-trigger-when", &[]);
    }
    let title = |code: &str| schema.field(kind, code).map_or_else(|| code.to_owned(), |field| field.title.get(lang).to_owned());
    match (&rule.timing, rule.lane) {
        (Timing::AtOnce | Timing::After { seconds: 0 }, Lane::Parallel) => words("robots-at-once", &[]),
        (Timing::AtOnce | Timing::After { seconds: 0 }, Lane::Wait) => words("robots-after-previous", &[]),
        (Timing::After { seconds }, Lane::Parallel) => words("robots-after", &[("span", &span(*seconds, lang))]),
        (Timing::After { seconds }, Lane::Wait) => words("robots-after-previous-span", &[("span", &span(*seconds, lang))]),
        (Timing::Before { field, seconds: 0 } | Timing::AfterField { field, seconds: 0 }, _) => words("robots-at-field", &[("field", &title(field))]),
        (Timing::Before { field, seconds }, _) => words("robots-before-field", &[("span", &span(*seconds, lang)), ("field", &title(field))]),
        (Timing::AfterField { field, seconds }, _) => words("robots-after-field", &[("span", &span(*seconds, lang)), ("field", &title(field))]),
    }
}

/// A length of time in its largest units: `2 ч`, `1 д 6 ч`.
pub fn span(seconds: u64, lang: Lang) -> String {
    let units = match lang {
        Lang::Ru => [(86_400, "д"), (3_600, "ч"), (60, "мин"), (1, "с")],
        Lang::En => [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")],
    };
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if left >= size {
            parts.push(format!("{}\u{a0}{unit}", left / size));
            left %= size;
        }
    }
    if parts.is_empty() { format!("0\u{a0}{}", units[3].1) } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_read_in_its_largest_units() {
        assert_eq!(span(7_200, Lang::Ru), "2\u{a0}ч");
        assert_eq!(span(108_000, Lang::Ru), "1\u{a0}д 6\u{a0}ч");
        assert_eq!(span(0, Lang::En), "0\u{a0}s");
    }

    #[test]
    fn a_robot_of_the_lane_says_whom_it_waits_for() {
        let words = |key: &str, given: &[(&str, &str)]| format!("{key} {}", given.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "));
        let rule = Rule {
            id: crm::RuleId(1),
            kind: RuleKind::Robot,
            code: "notify".into(),
            title: String::new(),
            settings: crm::Values::new(),
            condition: crm::Filter::Any,
            timing: Timing::After { seconds: 60 },
            lane: Lane::Wait,
            survives: false,
            allow_back: false,
            ignore_rules: false,
            enabled: true,
        };
        assert_eq!(when(&rule, &Schema::default(), crm::kind::DEAL, Lang::En, &words), "robots-after-previous-span span=1\u{a0}min");
        let bound = Rule { timing: Timing::Before { field: "close_date".into(), seconds: 0 }, lane: Lane::Parallel, ..rule };
        assert_eq!(when(&bound, &Schema::default(), crm::kind::DEAL, Lang::En, &words), "robots-at-field field=close_date");
    }
}
