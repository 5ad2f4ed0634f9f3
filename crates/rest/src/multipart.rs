//! `multipart/form-data`: a form sent in parts (RFC 7578). A file becomes `[name, base64]`, as the dialect writes files.

use crate::brackets::Tree;
use crate::node::{Map, Node};
use crate::wrong::Wrong;
use base64::Engine;

/// Takes a form apart; `content_type` names the boundary.
///
/// # Errors
/// Refuses a body without its boundary, broken UTF-8, and what [`Tree::put`] refuses.
pub fn parse(content_type: &str, body: &[u8]) -> Result<Map, Wrong> {
    let broken = || Wrong::request("The multipart body is broken");
    let boundary = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty() && boundary.len() <= 200).ok_or_else(broken)?;
    let mark = format!("--{boundary}");
    let mut tree = Tree::default();
    let mut rest = &body[find(body, mark.as_bytes()).ok_or_else(broken)? + mark.len()..];
    let next = format!("\r\n{mark}");
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n").ok_or_else(broken)?;
        let end = find(rest, next.as_bytes()).ok_or_else(broken)?;
        let part = &rest[..end];
        rest = &rest[end + next.len()..];
        let (head, content) = match part.strip_prefix(b"\r\n") {
            Some(content) => (&b""[..], content),
            None => {
                let at = find(part, b"\r\n\r\n").ok_or_else(broken)?;
                (&part[..at], &part[at + 4..])
            }
        };
        let head = std::str::from_utf8(head).map_err(|_| broken())?;
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:")).ok_or_else(broken)?;
        let name = parameter(disposition, "name").ok_or_else(broken)?;
        let value = match parameter(disposition, "filename") {
            Some(file) => Node::texts([file, base64::engine::general_purpose::STANDARD.encode(content)]),
            None => match std::str::from_utf8(content) {
                Ok(text) if !text.contains('\0') => Node::text(text),
                _ => return Err(Wrong::request("The request is not valid UTF-8")),
            },
        };
        tree.put(&name, value)?;
    }
    Ok(tree.finish())
}

/// `name=value` or `name="value"` behind a semicolon.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header;
    while let Some(at) = rest.find(';') {
        rest = rest[at + 1..].trim_start();
        let (name, value) = rest.split_once('=')?;
        let (text, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value[..end].trim(), &value[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text.to_owned());
        }
        rest = after;
    }
    None
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        if bytes[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_in_parts_is_read_like_any_form() {
        let body = "--xYz\r\nContent-Disposition: form-data; name=\"fields[TITLE]\"\r\n\r\nДолг\r\n--xYz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--xYz--\r\n";
        let map = parse("multipart/form-data; boundary=xYz", body.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&Node::Map(map)).unwrap(), r#"{"fields":{"TITLE":"Долг"},"file":["a.txt","aGk="]}"#);
    }

    #[test]
    fn a_broken_form_is_refused() {
        for body in ["", "--xYz", "--xYz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "--xYz\r\n\r\n1\r\n--xYz--"] {
            assert_eq!(parse("multipart/form-data; boundary=xYz", body.as_bytes()).unwrap_err().status, 400, "{body}");
        }
        assert_eq!(parse("multipart/form-data", b"x").unwrap_err().status, 400);
    }
}
