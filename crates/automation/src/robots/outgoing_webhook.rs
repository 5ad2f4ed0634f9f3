//! Calls a program outside.

use super::{Plan, Robot, short, webhooks};
use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crm::{About, Choice, Command, Field, FieldKind, Label, Outcome, Read, Refusal, Value, Values};

/// Calls a program outside.
pub struct OutgoingWebhook;

fn rows(settings: &Values) -> impl Iterator<Item = (&str, &str)> {
    settings.get("body").as_list().iter().filter_map(|row| match row {
        Value::Record(row) => Some((row.text("name"), row.text("value"))),
        _ => None,
    })
}

/// Whether an address names a host itself: nothing from a card may decide where it leads.
fn leads_somewhere(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && !host.contains(['{', '}', '@', '\\']) && !host.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

impl Robot for OutgoingWebhook {
    fn about(&self) -> About {
        let body = vec![Field::new("name", "Имя", "Name", FieldKind::Text).required(), Field::new("value", "Значение", "Value", FieldKind::Pattern)];
        let methods = vec![Choice::new("POST", "POST", "POST"), Choice::new("GET", "GET", "GET")];
        About {
            code: "outgoing_webhook",
            title: Label::new("Исходящий вебхук", "Outgoing webhook"),
            help: Label::new(
                "Вызывает адрес внешней программы. При сбое повторяется с тем же ключом.",
                "Calls an address of a program outside. Repeated with the same key when it fails.",
            ),
            group: webhooks(),
            icon: "webhook",
            settings: vec![
                Field::new("url", "Адрес", "Address", FieldKind::Pattern)
                    .required()
                    .help("https://…; подстановки кодируются", "https://…; placeholders are encoded"),
                Field::new("method", "Метод", "Method", FieldKind::Choice { options: methods }).default(Value::text("POST")),
                Field::new("body", "Данные", "Data", FieldKind::Record { fields: body }).multiple(),
            ],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let url = scene.fill_url(settings.text("url").trim())?;
        if !leads_somewhere(settings.text("url").trim()) {
            return Err(Refusal::new(
                "wrong_address",
                "Адрес должен начинаться с https:// и имени сервера",
                "The address has to begin with https:// and the name of a server",
            )
            .into());
        }
        let mut body = Values::new();
        for (name, pattern) in rows(settings) {
            body.set(name, Value::Text(scene.fill(pattern, scene.firm.lang)?));
        }
        // What follows the question mark may hold secrets: it is never shown.
        let shown = url.split('?').next().unwrap_or_default().to_owned();
        let method = settings.text("method").to_owned();
        let said = Label::new(format!("Вызов {shown} в очереди"), format!("The call of {shown} is queued"));
        Ok(Plan::one(Command::CallUrl { about: scene.item.at(), url, method, body, key: String::new() }, said))
    }

    fn told(&self, _read: &dyn Read, settings: &Values) -> Outcome<Label> {
        Ok(Label::same(short(settings.text("url").split('?').next().unwrap_or_default())))
    }

    fn check(&self, _place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        let mut wrong = Wrong::new();
        if !leads_somewhere(settings.text("url").trim()) {
            wrong.push((
                "url".to_owned(),
                Label::new(
                    "адрес должен начинаться с https:// и имени сервера без подстановок",
                    "the address has to begin with https:// and the name of a server without placeholders",
                ),
            ));
        }
        let mut names: Vec<&str> = rows(settings).map(|(name, _)| name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            wrong.push(("body".to_owned(), Label::new("имена данных не должны повторяться", "names of the data must not repeat")));
        }
        Ok(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_cannot_decide_which_server_is_called() {
        for good in ["https://example.com/hook/{{Сделка.Номер}}?name={{Имя клиента}}", "http://127.0.0.1:8080/x"] {
            assert!(leads_somewhere(good), "{good}");
        }
        for bad in ["", "ftp://example.com", "https://{{Регион}}/x", "https://example.com@{{Регион}}/", "https:///x", "javascript:alert(1)", "https://a b/"]
        {
            assert!(!leads_somewhere(bad), "{bad}");
        }
    }
}
