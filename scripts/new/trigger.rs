//! Says in one sentence what happened when the trigger NAME fires, for an operator.

use super::{Fires, Sight, Trigger, card};
use crm::{About, Fact, Label, Values};

/// The same sentence.
pub struct TYPE;

impl Trigger for TYPE {
    fn about(&self) -> About {
        About {
            code: "NAME",
            title: Label::new("Название триггера", "Name of the trigger"),
            help: Label::new("Когда он срабатывает, одним предложением.", "When it fires, in one sentence."),
            group: card(),
            icon: "bolt",
            settings: Vec::new(),
        }
    }

    /// Codes of the facts that it wants to see (`Fact::code`).
    fn watches(&self) -> &'static [&'static str] {
        &["webhook_called"]
    }

    /// Fires, or says why not.
    fn fires(&self, sight: &Sight<'_>, _settings: &Values) -> Fires {
        match &sight.event.fact {
            Fact::WebhookCalled { .. } => Fires::Yes,
            _ => Fires::no("случилось другое", "something else happened"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ask;
    use super::*;

    #[test]
    fn it_fires_when_that_happens() {
        let fact = Fact::WebhookCalled { code: String::new(), payload: Values::new() };
        assert_eq!(ask(&TYPE, fact, &Values::new(), None), Fires::Yes);
    }
}
