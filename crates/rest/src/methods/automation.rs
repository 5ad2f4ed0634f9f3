//! `crm.automation.*`: programs outside set off triggers (automation.md §10).

use crate::api::Caller;
use crate::method::{Answer, Method, given};
use crate::node::{Map, Node};
use crate::spelling::type_word;
use crate::wrong::{Stop, Wrong};
use crm::{Action, Fact, Fault, ItemRef, Value, Values};

/// So much of what was sent is kept.
const MOST: usize = 50;
const LONGEST: usize = 1000;

pub(super) static METHODS: [Method; 1] = [Method::universal(
    "crm.automation.trigger",
    "crm",
    &["target* string", "code string"],
    ("Сработать триггер «Входящий вебхук»", "Set off a trigger of kind incoming webhook"),
    trigger,
)];

/// Records that the address of a trigger was called; the engine sees the record and moves the item.
fn trigger(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let target = given(parameters, "target").and_then(Node::scalar).filter(|target| !target.is_empty()).ok_or_else(|| Wrong::classic("Target is not set."))?;
    let at = card(caller, &target)?;
    let code = given(parameters, "code").and_then(Node::scalar).unwrap_or_default();
    let sent = parameters.iter().filter(|(name, _)| !["target", "code", "auth"].iter().any(|word| name.eq_ignore_ascii_case(word)));
    let payload = sent.filter_map(|(name, node)| Some((clip(name), Value::Text(clip(&node.scalar()?))))).take(MOST);
    let fact = Fact::WebhookCalled { code: clip(&code), payload: Values(payload.collect()) };
    let recorded = caller.write(move |hand, tx| {
        let item = crm::item::demand(tx.read(), &hand.rights, Action::Change, at)?;
        Ok(tx.record(&item, &hand.cause, fact.clone())?)
    });
    recorded.map_err(|stop| match &stop {
        Stop::Fault(Fault::Refused(refusal)) if refusal.code == "not_found" => Wrong::classic("Target is not found.").into(),
        Stop::Fault(Fault::Refused(refusal)) if refusal.code == "access_denied" => Wrong::new(400, "ACCESS_DENIED", "Access denied.").into(),
        _ => stop,
    })?;
    Ok(Node::Bool(true).into())
}

/// `DEAL_57`, `DYNAMIC_183_5`.
fn card(caller: &Caller<'_>, target: &str) -> Result<ItemRef, Stop> {
    let wrong = || Wrong::classic("Incorrect target format.");
    let (word, id) = target.rsplit_once('_').ok_or_else(wrong)?;
    let id: i64 = id.parse().map_err(|_| wrong())?;
    let word = word.to_uppercase();
    let found = caller.read(|read| Ok(read.schema().types.keys().copied().find(|of| type_word(*of) == word || format!("DYNAMIC_{of}") == word)))?;
    match found {
        Some(of) if id > 0 => Ok(ItemRef::new(of, id)),
        _ => Err(wrong().into()),
    }
}

fn clip(text: &str) -> String {
    text.chars().filter(|letter| *letter != '\0').take(LONGEST).collect()
}
