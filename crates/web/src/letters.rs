//! A template filled for a card, as the robots fill it: for whoever sends it by hand, and to look at before.

use automation::{Scene, robots};
use crm::{Actor, Command, Event, Fact, Filter, Firm, Item, Lane, Moment, Outcome, Read, Refusal, Rule, RuleId, RuleKind, Seq, Timing, Value, Values};

/// The message that a template makes of a card.
///
/// # Errors
/// Refuses unknown templates, and names the holes that the card cannot fill.
pub(crate) fn filled(read: &dyn Read, firm: &Firm, now: Moment, card: &Item, channel: &str, template: &str) -> Outcome<Command> {
    let (robot, settings) = match channel {
        "smtp" => ("send_email", Values::from([("template", Value::text(template))])),
        _ => ("send_template", Values::from([("channel", Value::text(channel)), ("template", Value::text(template))])),
    };
    let unknown = || Refusal::new("no_template", format!("Шаблона «{template}» нет"), format!("There is no template {template}"));
    let robot = robots::find(robot).ok_or_else(unknown)?;
    // Nobody set up a rule: a person sends. The robot asks only for the card.
    let rule = Rule {
        id: RuleId(0),
        kind: RuleKind::Robot,
        code: robot.about().code.to_owned(),
        title: String::new(),
        settings: settings.clone(),
        condition: Filter::Any,
        timing: Timing::AtOnce,
        lane: Lane::Parallel,
        survives: false,
        allow_back: false,
        ignore_rules: false,
        enabled: true,
    };
    let event = Event {
        seq: Seq(0),
        at: now,
        by: Actor::System,
        item: card.at(),
        about: card.about(),
        contact: card.contact(),
        cause: None,
        root: None,
        depth: 0,
        quiet: false,
        fact: Fact::Created,
    };
    let scene = Scene::of(read, firm, now, &rule, card, &event)?;
    let plan = robot.plan(&scene, &settings)?;
    let message = plan.commands.into_iter().find(|command| matches!(command, Command::SendMessage { .. }));
    message.ok_or_else(|| unknown().into())
}
