//! A pause in the lane: the robots behind it wait.

use super::{Plan, Robot, control};
use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crate::timing::span;
use crm::{About, Field, FieldKind, Label, Lang, Outcome, Read, Refusal, Values, time::parse_span};
use std::time::Duration;

/// A pause in the lane.
pub struct Wait;

/// No pause is longer than ten years: it would be a slip of the pen.
const LONGEST: Duration = Duration::from_secs(3_660 * 86_400);

impl Robot for Wait {
    fn about(&self) -> About {
        About {
            code: "wait",
            title: Label::new("Пауза", "Pause"),
            help: Label::new(
                "Роботы, которые ждут предыдущего, начнут после паузы. Можно и меньше минуты.",
                "The robots that wait for the previous one begin after the pause. It may be shorter than a minute.",
            ),
            group: control(),
            icon: "clock-pause",
            settings: vec![Field::new("span", "Сколько ждать", "How long", FieldKind::Span).required()],
        }
    }

    fn plan(&self, _scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let length =
            parse_span(settings.text("span")).ok_or_else(|| Refusal::new("wrong_value", "Не указано, сколько ждать", "It is not said how long to wait"))?;
        let said = Label::new(format!("Пауза {}", span(length, Lang::Ru)), format!("A pause of {}", span(length, Lang::En)));
        Ok(Plan { commands: Vec::new(), pause: Some(length), said })
    }

    /// A pause on its own would hold up nobody.
    fn only_in_lane(&self) -> bool {
        true
    }

    fn told(&self, _read: &dyn Read, settings: &Values) -> Outcome<Label> {
        let length = parse_span(settings.text("span")).unwrap_or_default();
        Ok(Label::new(span(length, Lang::Ru), span(length, Lang::En)))
    }

    fn check(&self, _place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        let length = parse_span(settings.text("span")).unwrap_or_default();
        Ok(match (Duration::from_secs(1)..=LONGEST).contains(&length) {
            true => Wrong::new(),
            false => vec![("span".to_owned(), Label::new("от одной секунды до десяти лет", "from one second to ten years"))],
        })
    }
}
