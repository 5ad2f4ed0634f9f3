//! Somebody else answers for the card now.

use super::{Fires, Sight, Trigger, card};
use crm::{About, Fact, Field, FieldKind, Label, Values};

/// Somebody else answers for the card now.
pub struct ResponsibleChanged;

impl Trigger for ResponsibleChanged {
    fn about(&self) -> About {
        About {
            code: "responsible_changed",
            title: Label::new("Изменён ответственный", "The responsible changed"),
            help: Label::new(
                "У карточки сменился ответственный. При создании карточки не срабатывает.",
                "Somebody else answers for the card. Does not fire when the card is made.",
            ),
            group: card(),
            icon: "user-edit",
            settings: vec![
                Field::new("from", "Кто был", "Who was", FieldKind::User).help("Если не выбран, любой", "Anybody if not chosen"),
                Field::new("to", "Кто стал", "Who is now", FieldKind::User).help("Если не выбран, любой", "Anybody if not chosen"),
            ],
        }
    }

    fn watches(&self) -> &'static [&'static str] {
        &["assigned"]
    }

    fn fires(&self, sight: &Sight<'_>, settings: &Values) -> Fires {
        let Fact::Assigned { from, to } = &sight.event.fact else {
            return Fires::no("ответственный не менялся", "the responsible did not change");
        };
        let differs = |code: &str, seen: &crm::UserId| settings.int(code).is_some_and(|wanted| wanted != seen.0);
        if differs("from", from) {
            return Fires::no("раньше отвечал другой сотрудник", "another employee answered for it before");
        }
        match differs("to", to) {
            true => Fires::no("теперь отвечает другой сотрудник", "another employee answers for it now"),
            false => Fires::Yes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ask;
    use super::*;
    use crm::{UserId, Value};

    #[test]
    fn both_names_have_to_fit_when_both_are_given() {
        let assigned = |from, to| Fact::Assigned { from: UserId(from), to: UserId(to) };
        let settings = Values::from([("from", Value::Int(1)), ("to", Value::Int(2))]);
        assert_eq!(ask(&ResponsibleChanged, assigned(1, 2), &settings, None), Fires::Yes);
        assert!(matches!(ask(&ResponsibleChanged, assigned(3, 2), &settings, None), Fires::No(_)));
        assert!(matches!(ask(&ResponsibleChanged, assigned(1, 3), &settings, None), Fires::No(_)));
        assert_eq!(ask(&ResponsibleChanged, assigned(3, 4), &Values::new(), None), Fires::Yes);
    }
}
