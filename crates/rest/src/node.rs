//! A tree of what clients send and get: JSON with the order of its keys kept, which the dialect needs (`order`, lists
//! given as maps), and PHP's habit that an empty map is printed as `[]`.

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// Named nodes in the order in which they came.
pub type Map = IndexMap<String, Node>;

/// One value of a request or an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Node {
    /// Nothing.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A text; from forms everything is one.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Named values.
    Map(Map),
}

impl Node {
    /// A text.
    pub fn text(text: impl Into<String>) -> Node {
        Node::Text(text.into())
    }

    /// Named values.
    pub fn map<const N: usize>(pairs: [(&str, Node); N]) -> Node {
        Node::Map(pairs.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
    }

    /// A list of texts.
    pub fn texts<T: Into<String>>(list: impl IntoIterator<Item = T>) -> Node {
        Node::List(list.into_iter().map(Node::text).collect())
    }

    /// The scalar as a text; `None` for lists, maps and nothing.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Node::Bool(flag) => Some(if *flag { "1" } else { "0" }.to_owned()),
            Node::Int(number) => Some(number.to_string()),
            Node::Float(number) => Some(number.to_string()),
            Node::Text(text) => Some(text.clone()),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The scalar as a whole number.
    pub fn int(&self) -> Option<i64> {
        match self {
            Node::Int(number) => Some(*number),
            Node::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// `1`, `true`, `Y` and the like; everything else is no.
    pub fn is_yes(&self) -> bool {
        match self {
            Node::Bool(flag) => *flag,
            Node::Int(number) => *number != 0,
            Node::Text(text) => matches!(text.trim().to_lowercase().as_str(), "1" | "y" | "yes" | "true"),
            _ => false,
        }
    }

    /// Nothing, an empty text, an empty list.
    pub fn is_blank(&self) -> bool {
        match self {
            Node::Null => true,
            Node::Text(text) => text.is_empty(),
            Node::List(list) => list.is_empty(),
            Node::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// The values of a list; of a map those it holds, in order; a scalar alone; nothing of nothing (§1.2: every place
    /// that wants a list has to accept a map).
    pub fn values(&self) -> Vec<&Node> {
        match self {
            Node::Null => Vec::new(),
            Node::List(list) => list.iter().collect(),
            Node::Map(map) => map.values().collect(),
            one => vec![one],
        }
    }

    /// The node at this name or place.
    pub fn at(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Map(map) => map.get(name),
            Node::List(list) => list.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The node at this name, whatever the case of its letters.
    pub fn named(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Map(map) => named(map, name),
            _ => None,
        }
    }
}

/// The node at this name: exactly so written, else whatever the case of its letters.
pub fn named<'a>(map: &'a Map, name: &str) -> Option<&'a Node> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, node)| node))
}

/// Whether the keys are exactly 0…n-1 in order: then PHP prints a list.
pub fn is_list(map: &Map) -> bool {
    map.keys().enumerate().all(|(at, key)| key.parse() == Ok(at) && (key == "0" || !key.starts_with('0')))
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Null => to.serialize_unit(),
            Node::Bool(flag) => to.serialize_bool(*flag),
            Node::Int(number) => to.serialize_i64(*number),
            Node::Float(number) => to.serialize_f64(*number),
            Node::Text(text) => to.serialize_str(text),
            Node::List(list) => to.collect_seq(list),
            Node::Map(map) if map.is_empty() => to.collect_seq(std::iter::empty::<Node>()),
            Node::Map(map) => to.collect_map(map),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Node, D::Error> {
        from.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(i64::try_from(number).map_or_else(|_| Node::Text(number.to_string()), Node::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Float(number))
    }

    /// No database keeps the sign NUL in a text.
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Node, E> {
        match text.contains('\0') {
            true => Err(E::custom("the character NUL")),
            false => Ok(Node::text(text)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = seq.next_element()? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut map = Map::new();
        while let Some((name, node)) = access.next_entry()? {
            map.insert(name, node);
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_an_empty_map_is_printed_as_a_list() {
        let node: Node = serde_json::from_str(r#"{"z":1,"a":{"y":[],"b":{}},"n":null,"f":1.5,"big":18446744073709551615}"#).unwrap();
        assert_eq!(serde_json::to_string(&node).unwrap(), r#"{"z":1,"a":{"y":[],"b":[]},"n":null,"f":1.5,"big":"18446744073709551615"}"#);
    }

    #[test]
    fn only_zero_based_runs_are_lists() {
        let map = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), Node::Null)).collect::<Map>();
        assert!(is_list(&map(&["0", "1"])));
        for other in [&["1", "2"][..], &["0", "2"], &["1", "0"], &["a"], &["00"], &["0", "01"]] {
            assert!(!is_list(&map(other)), "{other:?}");
        }
    }
}
