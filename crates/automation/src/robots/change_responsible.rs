//! Gives the card to another member of staff.

use super::{Plan, Robot, element, least_busy, whom, whom_told};
use crate::place::{Place, Wrong, known};
use crate::scene::Scene;
use crm::{About, Choice, Field, FieldKind, Label, Lang, Outcome, Read, Refusal, StepState, UserId, Value, Values, code, format};

/// Gives the card to another member of staff.
pub struct ChangeResponsible;

impl Robot for ChangeResponsible {
    fn about(&self) -> About {
        let ways = vec![
            Choice::new("round_robin", "по очереди", "in turn"),
            Choice::new("least_busy", "наименее занятому", "to the least busy one"),
            Choice::new("first", "первому из списка", "to the first of the list"),
        ];
        About {
            code: "change_responsible",
            title: Label::new("Сменить ответственного", "Change the responsible"),
            help: Label::new(
                "Передаёт карточку сотруднику, а если названы несколько, выбирает одного из них.",
                "Gives the card to an employee; of several it chooses one.",
            ),
            group: element(),
            icon: "user-edit",
            settings: vec![
                whom("Кому", "To whom"),
                Field::new("choose", "Если их несколько", "If there are several", FieldKind::Choice { options: ways }).default(Value::text("round_robin")),
            ],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let people = scene.people(settings.text("to"))?;
        let to = match (people.as_slice(), settings.text("choose")) {
            ([only], _) => *only,
            (_, "least_busy") => least_busy(scene.read, &people)?,
            (_, "first") => people.first().copied().ok_or_else(nobody)?,
            _ => in_turn(scene, &people)?,
        };
        let name = |lang| format::user(scene.read, to, lang);
        if scene.item.responsible() == to {
            return Ok(Plan::nothing(Label::new(format!("Отвечает уже {}", name(Lang::Ru)), format!("{} is responsible already", name(Lang::En)))));
        }
        let said = Label::new(format!("Теперь отвечает {}", name(Lang::Ru)), format!("{} is responsible now", name(Lang::En)));
        Ok(Plan::one(scene.change(code::RESPONSIBLE, Value::user(to)), said))
    }

    fn told(&self, read: &dyn Read, settings: &Values) -> Outcome<Label> {
        whom_told(read, settings.text("to"))
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        place.check_people(settings, "to")
    }
}

/// The one after him who got the rule's last card. The log of the rule is its memory: no counter to keep in step.
fn in_turn(scene: &Scene<'_>, people: &[UserId]) -> Outcome<UserId> {
    for step in scene.read.steps_of_rule(scene.rule.id, 50)?.into_iter().filter(|step| step.state == StepState::Done && step.item != scene.item.at()) {
        let holder = known(scene.read, step.item)?.map(|item| item.responsible());
        if let Some(at) = holder.and_then(|holder| people.iter().position(|user| *user == holder)) {
            return people.get((at + 1) % people.len()).copied().ok_or_else(nobody);
        }
    }
    people.first().copied().ok_or_else(nobody)
}

fn nobody() -> crm::Fault {
    Refusal::new("nobody", "Некому передать карточку", "There is nobody to give the card to").into()
}
