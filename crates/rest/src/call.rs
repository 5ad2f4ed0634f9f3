//! A request as bytes, and what the dialect makes of it: who calls, which method, with which parameters (§1.1, §1.2).

use crate::brackets;
use crate::multipart;
use crate::node::{Map, Node};
use crate::wrong::Wrong;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Call {
    /// `GET` or `POST`.
    pub method: String,
    /// The path from its first slash on, still encoded: `/rest/1/abc/crm.deal.get.json`.
    pub path: String,
    /// What follows `?`, still encoded.
    pub query: String,
    /// `Content-Type`; empty when there is none.
    pub content_type: String,
    /// The bytes.
    pub body: Vec<u8>,
}

/// An answer as it goes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The bytes.
    pub body: Vec<u8>,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The default.
    #[default]
    Json,
    /// Asked for by `.xml`.
    Xml,
}

/// Who calls and what: the path taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Number of the user and the secret; `None` when the path names only a method.
    pub key: Option<(String, String)>,
    /// The method in lower case.
    pub method: String,
    /// How to answer.
    pub format: Format,
}

/// Takes a path apart: repeated slashes are one, one at the end is nothing, `.json` and `.xml` are no part of the method.
///
/// # Errors
/// Refuses broken UTF-8.
pub fn address(path: &str) -> Result<Address, Wrong> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    // A plus in a path is a plus.
    let plain = |part: &str| brackets::decode(part.replace('+', "%2B").as_bytes());
    let (key, method) = match parts[..] {
        [] => (None, String::new()),
        [method] => (None, plain(method)?),
        [user, secret] => (Some((plain(user)?, plain(secret)?)), String::new()),
        [user, secret, ref rest @ ..] => (Some((plain(user)?, plain(secret)?)), plain(&rest.join("/"))?),
    };
    let (method, format) = method_name(&method);
    Ok(Address { key, method, format })
}

/// A method's name in lower case, without its suffix.
pub fn method_name(written: &str) -> (String, Format) {
    let name = written.trim().to_lowercase();
    if let Some(name) = name.strip_suffix(".json") {
        return (name.to_owned(), Format::Json);
    }
    match name.strip_suffix(".xml") {
        Some(name) => (name.to_owned(), Format::Xml),
        None => (name, Format::Json),
    }
}

/// The parameters of a request: those of the query, then those of the body, which win.
///
/// # Errors
/// Refuses what cannot be read, as 4xx.
pub fn parameters(call: &Call) -> Result<Map, Wrong> {
    let mut all = brackets::parse(call.query.as_bytes())?;
    for (name, node) in body(call)? {
        // The body wins whatever the case of the letters: `ID` in the body hides `id` in the address.
        all.retain(|known, _| !known.eq_ignore_ascii_case(&name) || *known == name);
        all.insert(name, node);
    }
    Ok(all)
}

fn body(call: &Call) -> Result<Map, Wrong> {
    let kind = call.content_type.split(';').next().unwrap_or("").trim().to_lowercase();
    let start = call.body.iter().find(|byte| !byte.is_ascii_whitespace());
    let Some(start) = start else { return Ok(Map::new()) };
    if kind == "multipart/form-data" {
        return multipart::parse(&call.content_type, &call.body);
    }
    // Many scripts send JSON under the name of a form; no form begins with a brace.
    if kind.ends_with("json") || matches!(start, b'{' | b'[') {
        return json(&call.body);
    }
    brackets::parse(&call.body)
}

/// serde_json itself refuses what is nested deeper than 128.
fn json(body: &[u8]) -> Result<Map, Wrong> {
    let text = std::str::from_utf8(body).map_err(|_| Wrong::request("The request is not valid UTF-8"))?;
    let node: Node =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| Wrong::request(format!("The request body is not valid JSON: {error}")))?;
    match node {
        Node::Map(map) => Ok(map),
        Node::List(list) => Ok(list.into_iter().enumerate().map(|(at, node)| (at.to_string(), node)).collect()),
        Node::Null => Ok(Map::new()),
        _ => Err(Wrong::request("The request body must be a JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_every_client_lead_to_the_same_method() {
        for path in [
            "/rest/1/abc/crm.deal.get",
            "/rest/1/abc/crm.deal.get.json",
            "/rest/1/abc/crm.deal.get/",
            "/rest/1/abc//crm.deal.get.json",
            "/rest/1/abc/crm.deal.Get.json",
            "/rest/1/abc//crm.deal.get/",
            "/rest//1/abc/crm.deal%2Eget",
        ] {
            let found = address(path).unwrap();
            assert_eq!(found, Address { key: Some(("1".into(), "abc".into())), method: "crm.deal.get".into(), format: Format::Json }, "{path}");
        }
        assert_eq!(address("/rest/1/abc/profile.xml").unwrap().format, Format::Xml);
        assert_eq!(address("/rest/crm.deal.get").unwrap().key, None);
        assert_eq!(address("/rest/1/abc/").unwrap().method, "");
    }

    fn json_of(content_type: &str, query: &str, body: &str) -> String {
        let call = Call { query: query.into(), content_type: content_type.into(), body: body.into(), ..Call::default() };
        serde_json::to_string(&Node::Map(parameters(&call).unwrap())).unwrap()
    }

    #[test]
    fn bodies_of_every_kind_are_merged_over_the_query() {
        assert_eq!(json_of("application/json", "id=1&x=2", r#"{"ID":7}"#), r#"{"x":"2","ID":7}"#);
        assert_eq!(json_of("application/x-www-form-urlencoded", "id=1", "id=2&a[b]=c"), r#"{"id":"2","a":{"b":"c"}}"#);
        assert_eq!(json_of("application/x-www-form-urlencoded", "", r#"{"id":2}"#), r#"{"id":2}"#);
        assert_eq!(
            json_of("", "", r#"[5,{"a":1}]"#),
            r#"["5",{"a":1}]"#.replace("\"5\"", "5").replace('[', "{\"0\":").replace(",{", ",\"1\":{").replace(']', "}")
        );
        assert_eq!(json_of("application/json", "", "\u{feff}{}"), "[]");
    }

    #[test]
    fn broken_bodies_are_refused_and_break_nothing() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        for body in [b"{".to_vec(), b"{\"a\":}".to_vec(), b"5".to_vec(), b"\xff{}".to_vec(), b"{\"a\":\"\xff\"}".to_vec(), deep.into_bytes()] {
            let call = Call { content_type: "application/json".into(), body, ..Call::default() };
            assert_eq!(parameters(&call).unwrap_err().status, 400);
        }
    }
}
