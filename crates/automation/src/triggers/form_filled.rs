//! A client filled in a form of the site.

use super::{Fires, Sight, Trigger, clients};
use crate::place::{Place, Wrong};
use crm::{About, Fact, Field, FieldKind, Label, Outcome, Values};

/// A client filled in a form of the site.
pub struct FormFilled;

/// The channel of forms.
const PROVIDER: &str = "web_form";

impl Trigger for FormFilled {
    fn about(&self) -> About {
        About {
            code: "form_filled",
            title: Label::new("Заполнение CRM-формы", "A form is filled in"),
            help: Label::new(
                "Клиент отправил форму на сайте. Срабатывает и тогда, когда карточка создана этой формой.",
                "The client sent a form of the site. Also fires when the card was made by that form.",
            ),
            group: clients(),
            icon: "forms",
            settings: vec![
                Field::new("form", "Форма", "Form", FieldKind::Account { provider: PROVIDER.into() })
                    .help("Если не выбрана, подойдёт любая форма", "If none is chosen, any form will do"),
            ],
        }
    }

    fn watches(&self) -> &'static [&'static str] {
        &["form_filled"]
    }

    fn fires(&self, sight: &Sight<'_>, settings: &Values) -> Fires {
        let Fact::FormFilled { form, title, .. } = &sight.event.fact else { return Fires::no("форму не заполняли", "no form was filled in") };
        match settings.text("form") {
            "" => Fires::Yes,
            wanted if wanted == form => Fires::Yes,
            _ => Fires::no(format!("заполнена другая форма: «{title}»"), format!("another form was filled in: {title}")),
        }
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        let code = settings.text("form");
        Ok(match code.is_empty() || place.read.account_by_code(PROVIDER, code)?.is_some() {
            true => Wrong::new(),
            false => vec![("form".to_owned(), Label::new(format!("формы «{code}» нет"), format!("there is no form {code}")))],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ask;
    use super::*;
    use crm::Value;

    #[test]
    fn the_chosen_form_fires_and_another_one_does_not() {
        let filled = |form: &str| Fact::FormFilled { form: form.into(), title: "Заявка".into(), answers: Values::new(), repeat: false };
        let chosen = Values::from([("form", Value::text("application"))]);
        assert_eq!(ask(&FormFilled, filled("application"), &chosen, None), Fires::Yes);
        assert!(matches!(ask(&FormFilled, filled("callback"), &chosen, None), Fires::No(why) if why.ru.contains("Заявка")));
        assert_eq!(ask(&FormFilled, filled("callback"), &Values::new(), None), Fires::Yes);
    }
}
