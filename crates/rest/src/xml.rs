//! The same tree as XML under `<response>`: for the few who ask for `.xml` (b24-rest.md §1.4).

use crate::node::Node;
use std::fmt::Write;

/// A document with this tree.
pub fn document(node: &Node) -> String {
    let mut to = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    element(&mut to, "response", node);
    to
}

fn element(to: &mut String, name: &str, node: &Node) {
    let name = tag(name);
    // Writing to a String cannot fail.
    let _ = write!(to, "<{name}>");
    match node {
        Node::List(list) => list.iter().for_each(|one| element(to, "item", one)),
        Node::Map(map) => map.iter().for_each(|(key, one)| element(to, key, one)),
        other => escape(to, &other.scalar().unwrap_or_default()),
    }
    let _ = write!(to, "</{name}>");
}

/// A name that XML allows: numbers get an `n` in front, other signs become `_`.
fn tag(name: &str) -> String {
    let mut tag: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() || "_-.".contains(letter) { letter } else { '_' }).collect();
    if !tag.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
        tag.insert(0, 'n');
    }
    tag
}

fn escape(to: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\n' | '\r' | '\t' => to.push(letter),
            // XML 1.0 cannot hold other control characters at all.
            control if control.is_control() || control == '\u{fffe}' || control == '\u{ffff}' => to.push('\u{fffd}'),
            letter => to.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_keys_and_signs_are_made_fit() {
        let node = Node::map([("result", Node::List(vec![Node::map([("TITLE", Node::text("a<b & \u{1}"))])])), ("0", Node::Bool(true))]);
        assert_eq!(
            document(&node),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<response><result><item><TITLE>a&lt;b &amp; \u{fffd}</TITLE></item></result><n0>1</n0></response>"
        );
    }
}
