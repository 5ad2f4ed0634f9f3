//! Writes answers into the card.

use super::{Plan, Robot, element, short};
use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Label, Lang, Outcome, Read, Value, Values, code};

/// Writes answers into the card.
pub struct ModifyItem;

fn inner() -> Vec<Field> {
    vec![
        Field::new("field", "Поле", "Field", FieldKind::FieldCode).required(),
        Field::new("value", "Значение", "Value", FieldKind::Pattern).help("Пусто: очистить поле", "Empty: clear the field"),
    ]
}

/// The rows of the table: code of the field and what is written there.
fn rows(settings: &Values) -> impl Iterator<Item = (&str, &str)> {
    settings.get("values").as_list().iter().filter_map(|row| match row {
        Value::Record(row) => Some((row.text("field"), row.text("value"))),
        _ => None,
    })
}

impl Robot for ModifyItem {
    fn about(&self) -> About {
        About {
            code: "modify_item",
            title: Label::new("Изменить карточку", "Change the card"),
            help: Label::new("Записывает значения в поля карточки.", "Writes values into the fields of the card."),
            group: element(),
            icon: "pencil",
            settings: vec![Field::new("values", "Поля", "Fields", FieldKind::Record { fields: inner() }).required().multiple()],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let mut values = Values::new();
        let mut titles: Vec<Label> = Vec::new();
        for (field, pattern) in rows(settings) {
            let known = scene.schema.field(scene.item.kind, field).ok_or_else(|| crm::query::unknown_field(field))?;
            let textual = matches!(known.kind, FieldKind::Text | FieldKind::LongText | FieldKind::Pattern);
            // "12 345 ₽" is no amount: what is copied from another field goes over as it is.
            let value = match scene.copied(pattern).filter(|_| !textual) {
                Some(value) => value,
                None if pattern.trim().is_empty() => Value::Null,
                None => Value::Text(scene.fill(pattern, scene.firm.lang)?),
            };
            values.set(field, value);
            titles.push(known.title.clone());
        }
        let list = |lang| titles.iter().map(|title| title.get(lang)).collect::<Vec<_>>().join(", ");
        let said = Label::new(format!("Записаны поля: {}", list(Lang::Ru)), format!("Fields written: {}", list(Lang::En)));
        Ok(Plan::one(Command::Change { item: scene.item.at(), values }, said))
    }

    fn told(&self, _read: &dyn Read, settings: &Values) -> Outcome<Label> {
        Ok(Label::same(short(&rows(settings).map(|(field, value)| format!("{field} = {value}")).collect::<Vec<_>>().join("; "))))
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        let mut wrong = Wrong::new();
        let mut add = |ru: String, en: String| wrong.push(("values".to_owned(), Label::new(ru, en)));
        for (field, pattern) in rows(settings) {
            let Some(known) = place.schema.field(place.kind, field) else { continue };
            if known.read_only {
                add(format!("«{}» заполняет система", known.title.ru), format!("{} is filled by the system", known.title.en));
            } else if [code::STAGE, code::PIPELINE].contains(&field) {
                add("стадию меняет робот «Сменить стадию»".to_owned(), "the stage is changed by the robot Change the stage".to_owned());
            } else if pattern.trim().is_empty() && known.required {
                add(format!("«{}» обязательно: его нельзя очистить", known.title.ru), format!("{} is required and cannot be cleared", known.title.en));
            } else if !pattern.contains('{')
                && let Err(refusal) = known.accept(&Value::text(pattern))
            {
                add(refusal.text.ru, refusal.text.en);
            }
        }
        Ok(wrong)
    }
}
