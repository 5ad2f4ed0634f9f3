//! What may be published as the rules of a stage, and what is refused with the place and the reason.

use crate::common::{Also, Office, on_change, on_webhook, read_pack, refusal, robot, says, trigger};
use crm::{Filter, Label, Op, Rights, Rule, RuleId, Timing, Value, Values};

/// The reasons, in Russian, with their paths.
fn wrong(office: &Office, rules: Vec<Rule>) -> Vec<(String, String)> {
    let stage = office.stage("NEW");
    let refused = refusal(office.try_publish(&Rights::system(), "NEW", rules));
    assert_eq!(refused.code, "wrong_rule");
    refused.fields.into_iter().map(|(path, reason): (String, Label)| (path.strip_prefix(&format!("{stage}/")).unwrap().to_owned(), reason.ru)).collect()
}

fn settings<const N: usize>(pairs: [(&str, &str); N]) -> Values {
    Values(pairs.into_iter().map(|(code, text)| (code.to_owned(), Value::text(text))).collect())
}

fn fields(rows: &[(&str, &str)]) -> Values {
    let rows = rows.iter().map(|(field, value)| Value::Record(settings([("field", field), ("value", value)]))).collect();
    Values::from([("values", Value::Many(rows))])
}

#[test]
fn without_the_right_nobody_publishes() {
    let office = Office::open();
    let refused = refusal(office.try_publish(&Rights { user: office.anna, ..Rights::default() }, "NEW", vec![says("привет")]));
    assert_eq!(refused.code, "access_denied");
    let may = Rights { user: office.boris, automation: true, ..Rights::default() };
    let program = office.try_publish(&may, "NEW", vec![says("привет")]).unwrap();
    assert_eq!((program.version, program.by), (1, office.boris));
}

#[test]
fn a_rule_without_a_title_is_called_as_its_kind_and_gets_a_number() {
    let office = Office::open();
    let program = office.publish("NEW", vec![says("привет"), on_webhook("go")]);
    assert_eq!(program.rules.iter().map(|rule| rule.title.as_str()).collect::<Vec<_>>(), ["Добавить комментарий", "Вебхук"]);
    assert!(program.rules.iter().all(|rule| rule.id != RuleId(0)));
    let again = office.publish("NEW", program.rules.clone());
    assert_eq!((again.version, &again.rules), (2, &program.rules));
}

#[test]
fn everything_that_could_not_work_is_named_with_its_place() {
    let office = Office::open();
    let rules = vec![
        robot("make_coffee", Values::new()),
        says("{{Имя кленита}}"),
        says(""),
        robot("send_template", settings([("channel", "twilio_whatsapp"), ("template", "no_such")])),
        robot("send_template", settings([("channel", "twilio_whatsapp"), ("template", "consultation_summary")])),
        robot("change_stage", Values::from([("stage", Value::Int(99_999))])),
        robot("change_stage", Values::from([("stage", Value::Int(office.stage("NEW").0))])),
        robot("notify", settings([("to", "role:kings"), ("text", "привет")])),
        robot("notify", settings([("to", "user:777, кто-нибудь"), ("text", "привет")])),
        robot("modify_item", fields(&[("no_such", "1")])),
        robot("modify_item", fields(&[("amount", "много"), ("created_at", "сегодня"), ("stage", "1")])),
        robot("wait", settings([("span", "скоро")])),
        robot("wait", settings([("span", "0s")])),
        robot("outgoing_webhook", settings([("url", "ftp://{{Регион}}")])),
        robot("send_email", settings([("subject", "привет")])),
        trigger("fields_changed", Values::from([("fields", Value::Many(vec![Value::text("amount")])), ("to", Value::text("много"))])),
        trigger("responsible_changed", Values::from([("to", Value::Int(777))])),
        trigger("form_filled", settings([("form", "no_such")])),
    ];
    let found = wrong(&office, rules);
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "0/code",
            "1/settings.text",
            "2/settings.text",
            "3/settings.template",
            "4/settings.template",
            "5/settings.stage",
            "6/settings.stage",
            "7/settings.to",
            "8/settings.to",
            "8/settings.to",
            "9/settings.values.field",
            "10/settings.values",
            "10/settings.values",
            "10/settings.values",
            "11/settings.span",
            "12/settings.span",
            "13/settings.url",
            "14/settings.body",
            "15/settings.to",
            "16/settings.to",
            "17/settings.form",
        ],
        "{found:#?}"
    );
    assert!(found[1].1.contains("{{Имя кленита}}"), "{}", found[1].1);
    assert!(found[4].1.contains("другого канала"), "{}", found[4].1);
}

#[test]
fn conditions_and_moments_are_checked_against_the_fields_of_the_card() {
    let office = Office::open();
    let with = |condition: Filter| says("привет").also(|rule| rule.condition = condition);
    let deep = (0..5).fold(Filter::is("amount", Op::Filled, Value::Null), |inner, _| Filter::All(vec![inner]));
    let broad = Filter::All((0..51).map(|_| Filter::is("amount", Op::Filled, Value::Null)).collect());
    let timed = |timing: Timing| says("привет").also(|rule| rule.timing = timing);
    let found = wrong(
        &office,
        vec![
            with(Filter::is("no_such", Op::Filled, Value::Null)),
            with(Filter::is("amount", Op::Gt, Value::text("много"))),
            with(deep),
            with(broad),
            timed(Timing::Before { field: "no_such".into(), seconds: 0 }),
            timed(Timing::Before { field: "region".into(), seconds: 0 }),
            timed(Timing::After { seconds: u64::MAX }),
        ],
    );
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["0/condition", "1/condition", "2/condition", "3/condition", "4/timing", "5/timing", "6/timing"]);
    let program = office
        .publish("NEW", vec![with(Filter::is("amount", Op::Gt, Value::text("50 000"))), timed(Timing::AfterField { field: "close_date".into(), seconds: 60 })]);
    assert_eq!(program.rules[0].condition, Filter::is("amount", Op::Gt, Value::money(5_000_000)), "kept in the kind of its field");
}

#[test]
fn a_stage_holds_so_many_rules_and_each_only_once() {
    let office = Office::open();
    let many = |count: usize, rule: fn() -> Rule| (0..count).map(|_| rule()).collect::<Vec<_>>();
    assert_eq!(refusal(office.try_publish(&Rights::system(), "NEW", many(201, || says("привет")))).code, "too_many_rules");
    assert_eq!(refusal(office.try_publish(&Rights::system(), "NEW", many(51, || on_change("amount")))).code, "too_many_rules");
    let first = office.publish("NEW", vec![says("привет")]).rules.remove(0);
    assert_eq!(wrong(&office, vec![first.clone(), first])[0].0, "1/title");
    assert_eq!(office.look(|read| read.program(office.stage("NEW"))).unwrap().version, 1, "what was refused left nothing behind");
}

#[test]
fn a_rule_keeps_its_number_on_another_stage_and_in_an_old_version_but_no_number_from_elsewhere_is_taken() {
    let office = Office::open();
    let first = office.publish("NEW", vec![says("привет")]).rules.remove(0);
    office.publish("NEW", Vec::new());
    let carried = office.publish("WORK", vec![first.clone()]).rules.remove(0);
    assert_eq!(carried.id, first.id);
    for text in ["а", "б", "в"] {
        office.publish("NEW", vec![says(text)]);
    }
    assert_eq!(office.publish("NEW", vec![first.clone()]).rules[0].id, first.id, "the first version is brought back");
    let foreign = office.publish("OFFER", vec![says("привет").also(|rule| rule.id = RuleId(4_711))]).rules.remove(0);
    assert!(foreign.id != RuleId(4_711) && foreign.id != RuleId(0));
}

#[test]
fn every_rule_of_the_shipped_pack_can_be_published() {
    let office = Office::open();
    let pack: crm::pack::PackRules = read_pack("../tests/pack/rules/deal.toml");
    for stage in pack.stages {
        let count = stage.rules.len();
        assert_eq!(office.publish(&stage.stage, stage.rules).rules.len(), count);
    }
}
