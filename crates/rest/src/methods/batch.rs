//! `batch`: up to fifty commands in one request, each of which may use the results of those before it (§1.7).

use crate::api::{Caller, error_node};
use crate::brackets;
use crate::call::method_name;
use crate::method::{Answer, Method, given};
use crate::node::{Map, Node, is_list};
use crate::wrong::{Family, Stop, Wrong};

/// At most so many commands.
const MOST: usize = 50;
/// A text with its references replaced may become so long.
const LONGEST: usize = 1024 * 1024;

pub(super) static METHODS: [Method; 1] = [Method {
    name: "batch",
    scope: "",
    parameters: &["cmd* map of \"method?query\"", "halt bool"],
    help: ("До 50 команд одним запросом", "Up to 50 commands in one request"),
    family: Family::Universal,
    in_batch: false,
    run: batch,
}];

fn batch(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let commands: Vec<(String, &Node)> = match given(parameters, "cmd") {
        Some(Node::Map(map)) => map.iter().map(|(key, node)| (key.clone(), node)).collect(),
        Some(Node::List(list)) => list.iter().enumerate().map(|(at, node)| (at.to_string(), node)).collect(),
        Some(_) => return Err(Wrong::argument("Parameter 'cmd' must be array.").into()),
        None => return Err(Wrong::missing("cmd").into()),
    };
    if commands.len() > MOST {
        return Err(Wrong::new(400, "ERROR_BATCH_LENGTH_EXCEEDED", format!("Max batch length exceeded: at most {MOST} commands")).into());
    }
    let halt = given(parameters, "halt").is_some_and(Node::is_yes);
    let mut results = Map::new();
    let (mut errors, mut totals, mut nexts, mut times) = (Map::new(), Map::new(), Map::new(), Map::new());
    for (key, command) in commands {
        match carried_out(caller, command, &results) {
            Ok(timed) => {
                results.insert(key.clone(), timed.answer.result);
                totals.extend(timed.answer.total.map(|total| (key.clone(), Node::Int(total))));
                nexts.extend(timed.answer.next.map(|next| (key.clone(), Node::Int(next))));
                times.insert(key, timed.time);
            }
            Err(wrong) => {
                errors.insert(key, error_node(&wrong));
                if halt {
                    break;
                }
            }
        }
    }
    let lists = [("result", results), ("result_error", errors), ("result_total", totals), ("result_next", nexts), ("result_time", times)];
    Ok(Node::map(lists.map(|(name, map)| (name, php(map)))).into())
}

fn carried_out(caller: &Caller<'_>, command: &Node, results: &Map) -> Result<crate::api::Timed, Wrong> {
    let Node::Text(command) = command else { return Err(Wrong::argument("A command must be a string: method?parameters")) };
    let (method, query) = command.split_once('?').unwrap_or((command, ""));
    let (method, _) = method_name(method.trim_start_matches('/'));
    let mut parameters = brackets::parse(query.as_bytes())?;
    for node in parameters.values_mut() {
        refer(node, results)?;
    }
    caller.invoke(&method, &parameters, true)
}

/// PHP's arrays: keys 0…n-1 make a list.
fn php(map: Map) -> Node {
    match is_list(&map) {
        true => Node::List(map.into_values().collect()),
        false => Node::Map(map),
    }
}

/// Puts results in place of `$result[key][path]…` in every text of a tree.
fn refer(node: &mut Node, results: &Map) -> Result<(), Wrong> {
    match node {
        Node::Text(text) if text.contains("$result[") => {
            *node = referred(text, results)?;
            Ok(())
        }
        Node::List(list) => list.iter_mut().try_for_each(|one| refer(one, results)),
        Node::Map(map) => map.values_mut().try_for_each(|one| refer(one, results)),
        _ => Ok(()),
    }
}

/// A reference that is the whole text brings its value as it is; inside a text it becomes text. A missing place is empty.
fn referred(text: &str, results: &Map) -> Result<Node, Wrong> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("$result[") {
        let (path, after) = path(&rest[at + "$result".len()..]);
        if path.is_empty() {
            filled.push_str(&rest[..at + "$result[".len()]);
            rest = &rest[at + "$result[".len()..];
            continue;
        }
        let found = place(results, &path);
        if at == 0 && filled.is_empty() && after.is_empty() {
            return Ok(found.cloned().unwrap_or_else(|| Node::text("")));
        }
        filled.push_str(&rest[..at]);
        filled.push_str(&found.and_then(Node::scalar).unwrap_or_default());
        rest = after;
        if filled.len() > LONGEST {
            return Err(Wrong::argument("The references of this command bring too much text"));
        }
    }
    filled.push_str(rest);
    Ok(Node::Text(filled))
}

/// The brackets at the beginning of a text, and what comes after them.
fn path(text: &str) -> (Vec<&str>, &str) {
    let mut path = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        path.push(name);
        rest = after;
    }
    (path, rest)
}

fn place<'r>(results: &'r Map, path: &[&str]) -> Option<&'r Node> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(results.get(*first)?, |node, name| node.at(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Map {
        let node: Node = serde_json::from_str(r#"{"lead":9012,"page":[{"ID":"7"},{"ID":"8"}],"none":null,"yes":true}"#).unwrap();
        let Node::Map(map) = node else { panic!("a map") };
        map
    }

    #[test]
    fn references_are_replaced_at_any_place() {
        for (text, expected) in [
            ("$result[lead]", Node::Int(9012)),
            ("$result[page][1][ID]", Node::text("8")),
            ("$result[page][49][ID]", Node::text("")),
            ("$result[gone]", Node::text("")),
            ("$result[none]", Node::Null),
            ("D_$result[lead] and $result[page][0][ID]!", Node::text("D_9012 and 7!")),
            ("x$result[none]y$result[page]z", Node::text("xyz")),
            ("$result[", Node::text("$result[")),
            ("$result[lead", Node::text("$result[lead")),
            ("$resultat[lead]", Node::text("$resultat[lead]")),
        ] {
            let mut node = Node::text(text);
            refer(&mut node, &results()).unwrap();
            assert_eq!(node, expected, "{text}");
        }
    }
}
