//! Fields of the card changed.

use super::{Fires, Sight, Trigger, card};
use crate::place::{Place, Wrong};
use crm::{About, Choice, Fact, Field, FieldKind, Label, Lang, Outcome, Value, Values};

/// Fields of the card changed.
pub struct FieldsChanged;

impl Trigger for FieldsChanged {
    fn about(&self) -> About {
        About {
            code: "fields_changed",
            title: Label::new("Изменены поля", "Fields changed"),
            help: Label::new(
                "В карточке изменилось одно из выбранных полей. Сохранение без изменений не считается.",
                "One of the chosen fields of the card changed. Saving it without a change does not count.",
            ),
            group: card(),
            icon: "pencil",
            settings: vec![
                Field::new("fields", "Поля", "Fields", FieldKind::FieldCode).required().multiple(),
                Field::new(
                    "how",
                    "Сколько из них",
                    "How many of them",
                    FieldKind::Choice {
                        options: vec![Choice::new("any", "хотя бы одно", "at least one"), Choice::new("all", "все сразу", "all at once")]
                    },
                )
                .default(Value::text("any")),
                Field::new("to", "Новое значение", "New value", FieldKind::LongText).help("Если не указано, подойдёт любое", "Any value if not given"),
            ],
        }
    }

    fn watches(&self) -> &'static [&'static str] {
        &["changed"]
    }

    fn fires(&self, sight: &Sight<'_>, settings: &Values) -> Fires {
        let Fact::Changed { changes } = &sight.event.fact else { return Fires::no("поля не менялись", "no fields changed") };
        let watched: Vec<&str> = settings.get("fields").as_list().iter().filter_map(Value::as_text).collect();
        let wanted = settings.text("to").trim();
        let title =
            |code: &str, lang: Lang| sight.schema.field(sight.item.kind, code).map_or_else(|| code.to_owned(), |field| field.title.get(lang).to_owned());
        let fits = |code: &&str| {
            changes.iter().any(|change| {
                change.field == **code && (wanted.is_empty() || sight.schema.field(sight.item.kind, code).is_some_and(|field| same(field, wanted, &change.new)))
            })
        };
        let enough = match settings.text("how") {
            "all" => watched.iter().all(fits),
            _ => watched.iter().any(fits),
        };
        if enough {
            return Fires::Yes;
        }
        if changes.iter().any(|change| watched.contains(&change.field.as_str())) && !wanted.is_empty() {
            return Fires::no(format!("новое значение не «{wanted}»"), format!("the new value is not {wanted}"));
        }
        let list = |lang| changes.iter().map(|change| title(&change.field, lang)).collect::<Vec<_>>().join(", ");
        Fires::no(format!("изменились другие поля: {}", list(Lang::Ru)), format!("other fields changed: {}", list(Lang::En)))
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        let wanted = settings.text("to").trim();
        let codes = settings.get("fields").as_list().iter().filter_map(Value::as_text);
        let unfit = codes.filter_map(|code| place.schema.field(place.kind, code)).filter_map(|field| one_answer(field).accept(&Value::text(wanted)).err());
        Ok(match wanted.is_empty() {
            true => Wrong::new(),
            false => unfit.map(|refusal| ("to".to_owned(), refusal.text)).collect(),
        })
    }
}

/// The question for a single answer.
fn one_answer(field: &Field) -> Field {
    Field { multiple: false, ..field.clone() }
}

/// Whether an answer is the one that was written down, in whatever spelling.
fn same(field: &Field, wanted: &str, seen: &Value) -> bool {
    let Ok(wanted) = one_answer(field).accept(&Value::text(wanted)) else { return false };
    match (&wanted, seen) {
        (Value::Points(wanted), Value::Points(seen)) => wanted.list.iter().all(|point| seen.list.iter().any(|known| known.normal == point.normal)),
        (wanted, Value::Many(list)) => list.contains(wanted),
        (wanted, seen) => wanted == seen,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{deal, event};
    use super::*;
    use crm::{Change, EntityType, Schema, kind};

    fn schema() -> Schema {
        let shape = EntityType {
            id: kind::DEAL,
            code: "deal".into(),
            title: Label::same("Deal"),
            plural: Label::same("Deals"),
            staged: true,
            listed: true,
            searched: true,
            icon: String::new(),
            fields: vec![Field::new("amount", "Сумма", "Amount", FieldKind::Money), Field::new("region", "Регион", "Region", FieldKind::Text)],
            ..EntityType::default()
        };
        Schema { types: [(kind::DEAL, shape.complete())].into(), ..Schema::default() }
    }

    fn ask(changed: &[(&str, Value)], settings: &Values) -> Fires {
        let changes = changed.iter().map(|(field, new)| Change { field: (*field).to_owned(), old: Value::Null, new: new.clone() }).collect();
        let (event, item, schema) = (event(Fact::Changed { changes }), deal(), schema());
        FieldsChanged.fires(&Sight { event: &event, item: &item, record: None, schema: &schema }, settings)
    }

    #[test]
    fn one_of_the_fields_is_enough_unless_all_are_wanted() {
        let both = Values::from([("fields", Value::Many(vec![Value::text("amount"), Value::text("region")]))]);
        assert_eq!(ask(&[("region", Value::text("Москва"))], &both), Fires::Yes);
        let all = both.with("how", Value::text("all"));
        assert!(matches!(ask(&[("region", Value::text("Москва"))], &all), Fires::No(_)));
        assert_eq!(ask(&[("region", Value::text("Москва")), ("amount", Value::money(1))], &all), Fires::Yes);
    }

    #[test]
    fn the_new_value_is_compared_in_the_spelling_of_its_field() {
        let settings = Values::from([("fields", Value::Many(vec![Value::text("amount")])), ("to", Value::text("1 500,00"))]);
        assert_eq!(ask(&[("amount", Value::money(150_000))], &settings), Fires::Yes);
        assert!(matches!(ask(&[("amount", Value::money(150_001))], &settings), Fires::No(_)));
    }

    #[test]
    fn a_change_of_another_field_says_which_one_it_was() {
        let settings = Values::from([("fields", Value::Many(vec![Value::text("amount")]))]);
        let Fires::No(why) = ask(&[("region", Value::text("Тула"))], &settings) else { panic!("it fired") };
        assert_eq!(why.ru, "изменились другие поля: Регион");
    }
}
