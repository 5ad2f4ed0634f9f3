//! Gives a member of staff a task for the card.

use super::{Plan, Robot, least_busy, quote, tasks, whom, whom_told};
use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Label, Outcome, Read, Values};

/// Gives a member of staff a task for the card.
pub struct CreateTask;

impl Robot for CreateTask {
    fn about(&self) -> About {
        About {
            code: "create_task",
            title: Label::new("Поставить задачу", "Create a task"),
            help: Label::new(
                "Ставит задачу по карточке. Если названы несколько человек, её получит наименее занятый.",
                "Gives a task for the card. When several people are named, the least busy one gets it.",
            ),
            group: tasks(),
            icon: "checkbox",
            settings: vec![
                Field::new("title", "Что сделать", "What to do", FieldKind::Pattern).required(),
                Field::new("description", "Описание", "Description", FieldKind::Pattern),
                whom("Исполнитель", "Who does it"),
                Field::new("deadline", "Срок", "Deadline", FieldKind::Span)
                    .help("Через сколько от момента постановки: 15m, 2h, 3d", "How long after it is given: 15m, 2h, 3d"),
            ],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let title = scene.fill_for_staff(settings.text("title"), scene.firm.lang)?;
        let to = match scene.people(settings.text("to"))?.as_slice() {
            [only] => *only,
            several => least_busy(scene.read, several)?,
        };
        let command = Command::CreateTask {
            about: Some(scene.item.at()),
            to,
            // A task's title is one line of at most 255 letters; the client's own words may be longer.
            title: title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(255).collect(),
            description: scene.fill_for_staff(settings.text("description"), scene.firm.lang)?,
            deadline: crm::time::parse_span(settings.text("deadline")).map(|span| scene.now.plus(span)),
        };
        let name = crm::format::user(scene.read, to, scene.firm.lang);
        let quoted = quote(&title, &title);
        Ok(Plan::one(
            command,
            Label::new(format!("Поставлена задача {}, исполнитель {name}", quoted.ru), format!("A task was given: {}, to {name}", quoted.en)),
        ))
    }

    fn told(&self, read: &dyn Read, settings: &Values) -> Outcome<Label> {
        let (title, to) = (quote(settings.text("title"), settings.text("title")), whom_told(read, settings.text("to"))?);
        Ok(Label::new(format!("{}, {}", title.ru, to.ru), format!("{}, {}", title.en, to.en)))
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        place.check_people(settings, "to")
    }
}
