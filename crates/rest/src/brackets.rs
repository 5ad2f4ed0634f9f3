//! PHP's bracket rules for query strings, forms and the commands of a batch (b24-rest.md §1.2):
//! `a[b][c]=1` builds maps, `a[]=x` appends, keys 0…n-1 without gaps make a list.

use crate::node::{Map, Node};
use crate::wrong::Wrong;

/// At most so many brackets on one name.
pub const DEEPEST: usize = 32;
/// At most so many values in one request.
pub const MOST: usize = 20_000;

/// Takes a query string or form apart.
///
/// # Errors
/// Refuses broken UTF-8, names nested deeper than [`DEEPEST`], more than [`MOST`] values.
pub fn parse(bytes: &[u8]) -> Result<Map, Wrong> {
    let mut tree = Tree::default();
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
        tree.put(&decode(name)?, Node::Text(decode(value)?))?;
    }
    Ok(tree.finish())
}

/// Percent-decoding with `+` for a space. A `%` without two hexadecimal digits stands for itself.
///
/// # Errors
/// Refuses what is not UTF-8 afterwards, and the sign NUL, which no database keeps in a text.
pub fn decode(bytes: &[u8]) -> Result<String, Wrong> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'+', ..) => plain.push(b' '),
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 2;
            }
            _ => plain.push(*byte),
        }
        at += 1;
    }
    match plain.contains(&0) {
        true => Err(Wrong::request("The request holds the character NUL")),
        false => String::from_utf8(plain).map_err(|_| Wrong::request("The request is not valid UTF-8")),
    }
}

/// A tree under construction.
#[derive(Debug, Default)]
pub struct Tree {
    root: Map,
    count: usize,
}

impl Tree {
    /// Puts a value at a name with brackets; a later value takes the place of an earlier one.
    ///
    /// # Errors
    /// Refuses names that are too deep and values that are too many.
    pub fn put(&mut self, name: &str, value: Node) -> Result<(), Wrong> {
        self.count += 1;
        if self.count > MOST {
            return Err(Wrong::request(format!("The request holds more than {MOST} values")));
        }
        let name = name.trim_start();
        if name.is_empty() {
            return Ok(());
        }
        let (base, path) = split(name);
        if path.len() > DEEPEST {
            return Err(Wrong::request(format!("Parameters are nested deeper than {DEEPEST}")));
        }
        let mut at = self.root.entry(base.to_owned()).or_default();
        for part in path {
            if !matches!(at, Node::Map(_)) {
                *at = Node::Map(Map::new());
            }
            let Node::Map(map) = at else { break };
            let key = if part.is_empty() { next_place(map) } else { part.to_owned() };
            at = map.entry(key).or_default();
        }
        *at = value;
        Ok(())
    }

    /// The finished tree: maps with the keys 0…n-1 have become lists.
    pub fn finish(self) -> Map {
        self.root.into_iter().map(|(name, node)| (name, settled(node))).collect()
    }
}

/// The name before the first bracket, and what stands in the brackets. A name whose bracket never closes is plain.
fn split(name: &str) -> (&str, Vec<&str>) {
    let Some(open) = name.find('[').filter(|open| *open > 0) else { return (name, Vec::new()) };
    let mut path = Vec::new();
    let mut rest = &name[open..];
    while let Some(inside) = rest.strip_prefix('[') {
        let Some(close) = inside.find(']') else { break };
        path.push(&inside[..close]);
        rest = &inside[close + 1..];
    }
    match path.is_empty() {
        true => (name, path),
        false => (&name[..open], path),
    }
}

/// The key of an appended value: one more than the last.
fn next_place(map: &Map) -> String {
    let after_last = map.keys().next_back().and_then(|key| key.parse::<usize>().ok()).map(|last| last.saturating_add(1));
    let mut place = after_last.unwrap_or(map.len());
    while map.contains_key(&place.to_string()) {
        place += 1;
    }
    place.to_string()
}

/// Goes no deeper than [`DEEPEST`], which [`Tree::put`] watches over.
fn settled(node: Node) -> Node {
    let Node::Map(map) = node else { return node };
    let mut places: Vec<usize> = map.keys().filter_map(|key| key.parse().ok().filter(|place: &usize| place.to_string() == *key)).collect();
    places.sort_unstable();
    let is_list = places.len() == map.len() && places.iter().enumerate().all(|(at, place)| at == *place);
    match is_list {
        false => Node::Map(map.into_iter().map(|(name, node)| (name, settled(node))).collect()),
        true => {
            let mut list: Vec<(usize, Node)> = map.into_iter().map(|(key, node)| (key.parse().unwrap_or(0), settled(node))).collect();
            list.sort_by_key(|(place, _)| *place);
            Node::List(list.into_iter().map(|(_, node)| node).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(query: &str) -> String {
        serde_json::to_string(&Node::Map(parse(query.as_bytes()).unwrap())).unwrap()
    }

    #[test]
    fn brackets_build_maps_and_lists() {
        for (query, expected) in [
            ("a=1&b=x+y%20z", r#"{"a":"1","b":"x y z"}"#),
            (
                "f[TITLE]=Roof%20leak&f[PHONE][0][VALUE]=%2B7701&f[PHONE][0][VALUE_TYPE]=MOBILE",
                r#"{"f":{"TITLE":"Roof leak","PHONE":[{"VALUE":"+7701","VALUE_TYPE":"MOBILE"}]}}"#,
            ),
            ("a[]=x&a[]=y", r#"{"a":["x","y"]}"#),
            ("a[1]=y&a[0]=x", r#"{"a":["x","y"]}"#),
            ("a[1]=x&a[2]=y", r#"{"a":{"1":"x","2":"y"}}"#),
            ("a[n0]=x&a[]=y", r#"{"a":{"n0":"x","1":"y"}}"#),
            ("a[5]=x&a[]=y", r#"{"a":{"5":"x","6":"y"}}"#),
            ("a=1&a[b]=2", r#"{"a":{"b":"2"}}"#),
            ("a[b]=2&a=1", r#"{"a":"1"}"#),
            ("filter%5B%3E%3DDATE%5D=1", r#"{"filter":{">=DATE":"1"}}"#),
            ("a[b=1", r#"{"a[b":"1"}"#),
            ("[b]=1", r#"{"[b]":"1"}"#),
            ("a[b]c[d]=1", r#"{"a":{"b":"1"}}"#),
            ("&&=5&x&%zz=%4", r#"{"x":"","%zz":"%4"}"#),
            ("", "[]"),
        ] {
            assert_eq!(json(query), expected, "{query}");
        }
    }

    #[test]
    fn what_is_too_deep_too_much_or_no_utf8_is_refused() {
        let deep = format!("a{}=1", "[x]".repeat(10_000));
        assert_eq!(parse(deep.as_bytes()).unwrap_err().status, 400);
        let many = "a[]=1&".repeat(MOST + 1);
        assert_eq!(parse(many.as_bytes()).unwrap_err().status, 400);
        assert_eq!(parse(b"a=%ff%fe").unwrap_err().status, 400);
        assert_eq!(parse(b"a=x%00y").unwrap_err().status, 400);
        assert_eq!(parse(b"\xff=1").unwrap_err().status, 400);
        assert!(parse(format!("a{}=1", "[x]".repeat(DEEPEST)).as_bytes()).is_ok());
    }

    /// A small generator with a seed: the same strings in every run.
    fn random(seed: &mut u64) -> usize {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        usize::try_from(*seed % 1_000_003).unwrap_or(0)
    }

    #[test]
    fn whatever_comes_it_is_a_tree_or_a_refusal() {
        const PIECES: [&str; 14] = ["a", "b", "0", "1", "[", "]", "[]", "=", "&", "%5B", "%", "+", "ы", "%D1%8B"];
        let mut seed = 20_261_125;
        for _ in 0..20_000 {
            let text: String = (0..random(&mut seed) % 24).map(|_| PIECES[random(&mut seed) % PIECES.len()]).collect();
            match parse(text.as_bytes()) {
                Ok(map) => {
                    let json = serde_json::to_string(&Node::Map(map)).unwrap();
                    serde_json::from_str::<Node>(&json).unwrap();
                }
                Err(wrong) => assert_eq!(wrong.status, 400, "{text}"),
            }
        }
    }

    #[test]
    fn what_was_written_with_brackets_is_read_back() {
        let mut seed = 42;
        for _ in 0..2_000 {
            let node = grown(&mut seed, 3);
            let mut query = String::new();
            write(&mut query, "root", &node);
            let read = parse(query.as_bytes()).unwrap();
            // An empty branch leaves no trace in a query.
            let expected = pruned(node);
            assert_eq!(read.get("root").cloned().unwrap_or(Node::Null), expected, "{query}");
        }
    }

    fn grown(seed: &mut u64, depth: usize) -> Node {
        match random(seed) % if depth == 0 { 1 } else { 3 } {
            0 => Node::Text(["x", "ы&=[]%+ ", "", "7"][random(seed) % 4].to_owned()),
            1 => Node::List((0..random(seed) % 4).map(|_| grown(seed, depth - 1)).collect()),
            _ => Node::Map((0..random(seed) % 4).map(|at| (["k", ">=D", "имя", "n0"][at].to_owned(), grown(seed, depth - 1))).collect()),
        }
    }

    fn write(to: &mut String, name: &str, node: &Node) {
        let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        match node {
            Node::List(list) => list.iter().enumerate().for_each(|(at, one)| write(to, &format!("{name}[{at}]"), one)),
            Node::Map(map) => map.iter().for_each(|(key, one)| write(to, &format!("{name}[{}]", escape(key)), one)),
            other => to.push_str(&format!("{name}={}&", escape(&other.scalar().unwrap_or_default()))),
        }
    }

    fn pruned(node: Node) -> Node {
        let full = |node: &Node| !matches!(node, Node::Null);
        match node {
            Node::List(list) => {
                let places: Map = list.into_iter().map(pruned).enumerate().filter(|(_, one)| full(one)).map(|(at, one)| (at.to_string(), one)).collect();
                if places.is_empty() { Node::Null } else { settled(Node::Map(places)) }
            }
            Node::Map(map) => {
                let map: Map = map.into_iter().map(|(key, one)| (key, pruned(one))).filter(|(_, one)| full(one)).collect();
                if map.is_empty() { Node::Null } else { Node::Map(map) }
            }
            other => other,
        }
    }
}
