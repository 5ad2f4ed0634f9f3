//! A program outside called the address of the trigger (`crm.automation.trigger` of the REST dialect).

use super::{Fires, Sight, Trigger, outside};
use crm::{About, Fact, Field, FieldKind, Label, Values};

/// A program outside called the address of the trigger.
pub struct WebhookCalled;

impl Trigger for WebhookCalled {
    fn about(&self) -> About {
        About {
            code: "webhook_called",
            title: Label::new("Вебхук", "Webhook"),
            help: Label::new(
                "Внешняя программа вызвала crm.automation.trigger с этим кодом для карточки.",
                "A program outside called crm.automation.trigger with this code for the card.",
            ),
            group: outside(),
            icon: "webhook",
            settings: vec![
                Field::new("code", "Код", "Code", FieldKind::Text)
                    .help("Если не указан, подойдёт вызов без кода", "If not given, a call without a code will do"),
            ],
        }
    }

    fn watches(&self) -> &'static [&'static str] {
        &["webhook_called"]
    }

    fn fires(&self, sight: &Sight<'_>, settings: &Values) -> Fires {
        let Fact::WebhookCalled { code, .. } = &sight.event.fact else { return Fires::no("вебхук не вызывали", "no webhook was called") };
        match settings.text("code") == code {
            true => Fires::Yes,
            false if code.is_empty() => Fires::no("вызван без кода", "it was called without a code"),
            false => Fires::no(format!("вызван с другим кодом: «{code}»"), format!("it was called with another code: {code}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ask;
    use super::*;
    use crm::Value;

    #[test]
    fn a_call_without_a_code_reaches_only_triggers_without_one() {
        let called = |code: &str| Fact::WebhookCalled { code: code.into(), payload: Values::new() };
        let paid = Values::from([("code", Value::text("paid"))]);
        assert_eq!(ask(&WebhookCalled, called("paid"), &paid, None), Fires::Yes);
        assert!(matches!(ask(&WebhookCalled, called("other"), &paid, None), Fires::No(_)));
        assert!(matches!(ask(&WebhookCalled, called(""), &paid, None), Fires::No(_)));
        assert_eq!(ask(&WebhookCalled, called(""), &Values::new(), None), Fires::Yes);
    }
}
