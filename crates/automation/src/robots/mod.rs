//! What is done when a card arrives on a stage: one file per robot, one line in [`all`].

mod add_comment;
mod change_responsible;
mod change_stage;
mod create_task;
mod modify_item;
mod notify;
mod outgoing_webhook;
mod send_email;
mod send_template;
mod wait;

use crate::place::{Place, Wrong};
use crate::scene::Scene;
use crm::{About, Command, Field, FieldKind, Filter, Label, Op, Outcome, Query, Read, Refusal, Rights, UserId, Value, Values, code, kind};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

/// What a robot wants.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// To be carried out in order, all or none.
    pub commands: Vec<Command>,
    /// So long the lane waits afterwards.
    pub pause: Option<Duration>,
    /// What was done, for the card and the log of the rule.
    pub said: Label,
}

impl Plan {
    /// One command.
    pub fn one(command: Command, said: Label) -> Plan {
        Plan { commands: vec![command], pause: None, said }
    }

    /// Nothing has to be done, and why.
    pub fn nothing(said: Label) -> Plan {
        Plan { said, ..Plan::default() }
    }
}

/// One kind of robot. Pure: it looks and decides, the executor acts.
pub trait Robot: Sync {
    /// How it introduces itself.
    fn about(&self) -> About;
    /// What it wants for this card.
    ///
    /// # Errors
    /// Refuses what cannot be done, with the reason for a person.
    fn plan(&self, scene: &Scene<'_>, settings: &Values) -> Outcome<Plan>;
    /// What it will do, for its card on the robots page: what stands behind its title. Empty: the title says it all.
    fn told(&self, _read: &dyn Read, _settings: &Values) -> Outcome<Label> {
        Ok(Label::default())
    }
    /// Whether it makes sense only in the lane, where others wait for it.
    fn only_in_lane(&self) -> bool {
        false
    }
    /// What is wrong with settings that answer all the questions rightly.
    ///
    /// # Errors
    /// Only failures of the database.
    fn check(&self, _place: &Place<'_>, _settings: &Values) -> Outcome<Wrong> {
        Ok(Wrong::new())
    }
}

/// All robots, in the order of the catalogue.
pub fn all() -> &'static [&'static dyn Robot] {
    &[
        &send_template::SendTemplate,
        &send_email::SendEmail,
        &notify::Notify,
        &add_comment::AddComment,
        &create_task::CreateTask,
        &modify_item::ModifyItem,
        &change_responsible::ChangeResponsible,
        &change_stage::ChangeStage,
        &wait::Wait,
        &outgoing_webhook::OutgoingWebhook,
    ]
}

/// The robot with this code.
pub fn find(code: &str) -> Option<&'static dyn Robot> {
    static BY_CODE: LazyLock<BTreeMap<&'static str, &'static dyn Robot>> = LazyLock::new(|| all().iter().map(|one| (one.about().code, *one)).collect());
    BY_CODE.get(code).copied()
}

fn communicate() -> Label {
    Label::new("Связь с клиентом", "Communication with the client")
}

fn staff() -> Label {
    Label::new("Сотрудники", "Staff")
}

fn tasks() -> Label {
    Label::new("Задачи", "Tasks")
}

fn element() -> Label {
    Label::new("Карточка", "The card")
}

fn webhooks() -> Label {
    Label::new("Вебхуки и приложения", "Webhooks and applications")
}

fn control() -> Label {
    Label::new("Управление", "Control")
}

/// The question "whom": words as [`crm::staff::people`] reads them.
fn whom(ru: &str, en: &str) -> Field {
    Field::new("to", ru, en, FieldKind::Text).required().default(Value::text("responsible")).help(
        "responsible, head (руководитель), creator, user:7, role:operator, department:sales; несколько через запятую",
        "responsible, head, creator, user:7, role:operator, department:sales; several are separated by commas",
    )
}

/// Of these people, the one with the fewest open tasks; of equals, the first.
fn least_busy(read: &dyn Read, people: &[UserId]) -> Outcome<UserId> {
    let mut best: Option<(u64, UserId)> = None;
    for user in people {
        let open = Filter::is(code::RESPONSIBLE, Op::Eq, Value::user(*user)).and(Filter::is("status", Op::Ne, Value::text("completed")));
        let tasks = read.count(&Rights::system(), &Query::of(kind::TASK).filter(open), 1_000)?.counted;
        if best.is_none_or(|(fewest, _)| tasks < fewest) {
            best = Some((tasks, *user));
        }
    }
    best.map(|(_, user)| user).ok_or_else(|| Refusal::new("nobody", "Некому поручить", "There is nobody to give it to").into())
}

/// The words of [`whom`] as a person reads them.
///
/// # Errors
/// Only failures of the database.
fn whom_told(read: &dyn Read, setting: &str) -> Outcome<Label> {
    let mut told: Vec<Label> = Vec::new();
    for word in setting.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        told.push(match word.split_once(':').unwrap_or((word, "")) {
            ("responsible", _) => Label::new("ответственный", "the responsible"),
            ("head", _) => Label::new("руководитель", "the head"),
            ("creator", _) => Label::new("кто создал", "the creator"),
            ("user", id) => Label::same(id.parse().map(|id| crm::format::user(read, UserId(id), crm::Lang::Ru)).unwrap_or_else(|_| word.to_owned())),
            ("role", code) => read.roles()?.into_iter().find(|role| role.code == code).map_or_else(|| Label::same(word), |role| role.title),
            ("department", code) => read.departments()?.into_iter().find(|one| one.code == code).map_or_else(|| Label::same(word), |one| one.title),
            _ => Label::same(word),
        });
    }
    let join = |lang| told.iter().map(|label| label.get(lang)).collect::<Vec<_>>().join(", ");
    Ok(Label::new(join(crm::Lang::Ru), join(crm::Lang::En)))
}

/// The beginning of a text, for one line.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() > 80 {
        true => format!("{}…", line.chars().take(79).collect::<String>().trim_end()),
        false => line,
    }
}

/// A text in quotation marks, in both languages.
fn quote(ru: &str, en: &str) -> Label {
    Label::new(format!("«{}»", short(ru)), format!("“{}”", short(en)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_robot_has_a_code_of_its_own_and_texts_in_both_languages() {
        let mut codes: Vec<&str> = all().iter().map(|one| one.about().code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all().len());
        for about in all().iter().map(|one| one.about()) {
            for text in [&about.title, &about.help, &about.group].into_iter().chain(about.settings.iter().map(|field| &field.title)) {
                assert!(!text.ru.is_empty() && !text.en.is_empty(), "{}", about.code);
            }
            assert!(find(about.code).is_some());
        }
    }

    #[test]
    fn a_long_text_is_cut_for_one_line() {
        assert_eq!(short("две\n строки"), "две строки");
        assert_eq!(short(&"я".repeat(100)).chars().count(), 80);
    }
}
