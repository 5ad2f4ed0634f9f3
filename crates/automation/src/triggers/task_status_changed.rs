//! A task of the card came to a status.

use super::{Fires, Sight, Trigger, card};
use crm::{About, Choice, Fact, Field, FieldKind, Label, Value, Values};

/// A task of the card came to a status.
pub struct TaskStatusChanged;

fn statuses() -> Vec<Choice> {
    vec![
        Choice::new("pending", "Ждёт выполнения", "Pending"),
        Choice::new("in_progress", "Выполняется", "In progress"),
        Choice::new("deferred", "Отложена", "Deferred"),
        Choice::new("completed", "Завершена", "Completed"),
    ]
}

impl Trigger for TaskStatusChanged {
    fn about(&self) -> About {
        About {
            code: "task_status_changed",
            title: Label::new("Изменён статус задачи", "The status of a task changed"),
            help: Label::new("Задача карточки получила выбранный статус.", "A task of the card came to the chosen status."),
            group: card(),
            icon: "checkbox",
            settings: vec![
                Field::new("status", "Статус", "Status", FieldKind::Choice { options: statuses() }).required().default(Value::text("completed")),
                Field::new(
                    "tasks",
                    "Какие задачи",
                    "Which tasks",
                    FieldKind::Choice {
                        options: vec![Choice::new("any", "любые", "any"), Choice::new("robots", "только созданные роботом", "only those made by a robot")],
                    },
                )
                .default(Value::text("any")),
            ],
        }
    }

    fn watches(&self) -> &'static [&'static str] {
        &["task_moved"]
    }

    fn fires(&self, sight: &Sight<'_>, settings: &Values) -> Fires {
        let Fact::TaskMoved { to, .. } = &sight.event.fact else {
            return Fires::no("статус задачи не менялся", "the status of no task changed");
        };
        if settings.text("status") != to {
            let title = statuses().into_iter().find(|status| status.code == *to).map_or_else(|| Label::same(to), |status| status.title);
            return Fires::no(format!("новый статус задачи: «{}»", title.ru), format!("the new status of the task: {}", title.en));
        }
        let by_robot = sight.record.is_some_and(|task| task.values.int("rule").is_some());
        match settings.text("tasks") == "robots" && !by_robot {
            true => Fires::no("задачу поставил не робот", "the task was not made by a robot"),
            false => Fires::Yes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ask;
    use super::*;
    use crm::{Item, ItemRef, kind};

    fn moved(to: &str) -> Fact {
        Fact::TaskMoved { task: ItemRef::new(kind::TASK, 1), from: "pending".into(), to: to.into() }
    }

    #[test]
    fn only_the_chosen_status_fires() {
        let settings = Values::from([("status", Value::text("completed"))]);
        assert_eq!(ask(&TaskStatusChanged, moved("completed"), &settings, None), Fires::Yes);
        assert!(matches!(ask(&TaskStatusChanged, moved("in_progress"), &settings, None), Fires::No(why) if why.ru.contains("Выполняется")));
    }

    #[test]
    fn a_task_given_by_hand_does_not_count_when_only_robots_tasks_do() {
        let settings = Values::from([("status", Value::text("completed")), ("tasks", Value::text("robots"))]);
        let task = |rule: Value| Item { kind: kind::TASK, id: 1, version: 1, values: Values::from([("rule", rule)]) };
        assert!(matches!(ask(&TaskStatusChanged, moved("completed"), &settings, Some(&task(Value::Null))), Fires::No(_)));
        assert_eq!(ask(&TaskStatusChanged, moved("completed"), &settings, Some(&task(Value::Int(3)))), Fires::Yes);
    }
}
