//! Brings the card to another stage.

use super::{Plan, Robot, element};
use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Label, Lang, Outcome, Read, Refusal, StageId, Values, format};

/// Brings the card to another stage.
pub struct ChangeStage;

impl Robot for ChangeStage {
    fn about(&self) -> About {
        About {
            code: "change_stage",
            title: Label::new("Сменить стадию", "Change the stage"),
            help: Label::new(
                "Переводит карточку на другую стадию. Остальные роботы этой стадии отменяются.",
                "Brings the card to another stage. The other robots of this stage are cancelled.",
            ),
            group: element(),
            icon: "arrow-right-circle",
            settings: vec![Field::new("stage", "Стадия", "Stage", FieldKind::Stage).required()],
        }
    }

    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan> {
        let to = settings.int("stage").map(StageId).ok_or_else(|| Refusal::new("unknown_stage", "Такой стадии нет", "There is no such stage"))?;
        let title = |lang| format::stage(&scene.schema, to, lang);
        if scene.item.stage() == Some(to) {
            return Ok(Plan::nothing(Label::new(
                format!("Карточка уже на стадии «{}»", title(Lang::Ru)),
                format!("The card is on the stage {} already", title(Lang::En)),
            )));
        }
        let said = Label::new(format!("Карточка переведена на стадию «{}»", title(Lang::Ru)), format!("The card was moved to {}", title(Lang::En)));
        Ok(Plan::one(Command::Move { item: scene.item.at(), to }, said))
    }

    fn told(&self, read: &dyn Read, settings: &Values) -> Outcome<Label> {
        let schema = read.schema();
        let title = |lang| settings.int("stage").map(|stage| format::stage(&schema, StageId(stage), lang)).unwrap_or_default();
        Ok(super::quote(&title(Lang::Ru), &title(Lang::En)))
    }

    fn check(&self, place: &Place<'_>, settings: &Values) -> Outcome<Wrong> {
        Ok(match settings.int("stage") == Some(place.stage.0) {
            true => vec![("stage".to_owned(), Label::new("карточка уже будет на этой стадии", "the card will be on this stage already"))],
            false => Wrong::new(),
        })
    }
}
