//! Bodies and queries of calls, read strictly: what is not UTF-8 is refused, not guessed.

use crm::{InboundCall, Refusal};

/// The longest text that a field takes is 64 K letters, six bytes each when written `%D0%94`. Vendors' calls are far smaller.
pub const LARGEST: usize = 512 * 1024;
/// No form of ours has more fields.
const MOST_FIELDS: usize = 300;

/// Names and values, in order.
pub type Pairs = Vec<(String, String)>;

/// The first value under a name; empty when there is none.
pub fn one<'p>(pairs: &'p Pairs, name: &str) -> &'p str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

/// A header of the call.
pub fn header<'c>(call: &'c InboundCall, name: &str) -> &'c str {
    call.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

/// What follows `?` in an address.
pub fn query(url: &str) -> Result<Pairs, Refusal> {
    let url = url.split('#').next().unwrap_or_default();
    urlencoded(url.split_once('?').map_or("", |(_, query)| query).as_bytes())
}

/// `a=1&b=%D1%8F`.
pub fn urlencoded(bytes: &[u8]) -> Result<Pairs, Refusal> {
    if bytes.len() > LARGEST {
        return Err(Refusal::new("too_large", "Слишком много данных: не больше 512 КБ", "Too much data: at most 512 KB"));
    }
    let parts: Vec<&[u8]> = bytes.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).collect();
    if parts.len() > MOST_FIELDS {
        return Err(Refusal::new("too_large", "Слишком много полей", "Too many fields"));
    }
    parts
        .into_iter()
        .map(|part| {
            let at = part.iter().position(|byte| *byte == b'=');
            let (name, value) = at.map_or((part, &b""[..]), |at| (&part[..at], &part[at + 1..]));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high * 16 + low);
                at += 3;
                continue;
            }
            (b'+', ..) => plain.push(b' '),
            (byte, ..) => plain.push(*byte),
        }
        at += 1;
    }
    String::from_utf8(plain).map_err(|_| not_text())
}

/// A flat or one level deep JSON object: `{"contact.phone": "…"}` or `{"contact": {"phone": "…"}}`.
pub fn json(bytes: &[u8]) -> Result<Pairs, Refusal> {
    use serde_json::Value as Json;
    if bytes.len() > LARGEST {
        return Err(Refusal::new("too_large", "Слишком много данных: не больше 512 КБ", "Too much data: at most 512 KB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| not_text())?;
    let broken = || Refusal::new("bad_body", "Не удаётся прочитать JSON", "The JSON cannot be read");
    let Ok(Json::Object(object)) = serde_json::from_str::<Json>(text) else { return Err(broken()) };
    let mut pairs = Pairs::new();
    let mut put = |name: String, value: &Json| -> Result<(), Refusal> {
        let list = if let Json::Array(list) = value { list.as_slice() } else { std::slice::from_ref(value) };
        for value in list {
            match value {
                Json::Null => {}
                Json::Bool(flag) => pairs.push((name.clone(), if *flag { "1" } else { "0" }.to_owned())),
                Json::Number(number) => pairs.push((name.clone(), number.to_string())),
                Json::String(text) => pairs.push((name.clone(), text.clone())),
                Json::Array(_) | Json::Object(_) => return Err(broken()),
            }
        }
        match pairs.len() > MOST_FIELDS {
            true => Err(Refusal::new("too_large", "Слишком много полей", "Too many fields")),
            false => Ok(()),
        }
    };
    for (name, value) in &object {
        match value {
            Json::Object(inner) => inner.iter().try_for_each(|(part, value)| put(format!("{name}.{part}"), value))?,
            value => put(name.clone(), value)?,
        }
    }
    Ok(pairs)
}

fn not_text() -> Refusal {
    Refusal::new("bad_text", "Текст не в кодировке UTF-8", "The text is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let pairs = urlencoded("a=%D0%94%D0%B0+нет&b&a=2%&=x&c=1=2&d=%zz".as_bytes()).unwrap();
        let expected = [("a", "Да нет"), ("b", ""), ("a", "2%"), ("", "x"), ("c", "1=2"), ("d", "%zz")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(query("/f/x?utm_source=ya&#frag?x=1").unwrap(), [("utm_source".to_owned(), "ya".to_owned())]);
    }

    #[test]
    fn what_is_not_text_is_refused() {
        for bytes in [&b"a=%FF"[..], b"a=\xff", b"%C3%28=1"] {
            assert_eq!(urlencoded(bytes).unwrap_err().code, "bad_text");
        }
        assert_eq!(json(b"{\"a\":\"\xff\"}").unwrap_err().code, "bad_text");
    }

    #[test]
    fn json_may_be_flat_or_one_level_deep_and_nothing_else() {
        let pairs = json(r#"{"contact":{"phone":"8999","age":5},"consent":true,"deal.region":["Москва","Тверь"],"x":null}"#.as_bytes()).unwrap();
        assert_eq!((one(&pairs, "contact.phone"), one(&pairs, "contact.age"), one(&pairs, "consent")), ("8999", "5", "1"));
        assert_eq!(pairs.iter().filter(|(name, _)| name == "deal.region").count(), 2);
        let deep = format!("{}{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        for wrong in ["[]", "1", "{", "", r#"{"a":{"b":{}}}"#, r#"{"a":[[1]]}"#, &deep] {
            assert_eq!(json(wrong.as_bytes()).unwrap_err().code, "bad_body", "{}", &wrong[..wrong.len().min(20)]);
        }
    }

    #[test]
    fn a_body_of_ten_megabytes_is_refused_unread() {
        assert_eq!(urlencoded(&vec![b'a'; 10_000_000]).unwrap_err().code, "too_large");
        assert_eq!(json(&vec![b'a'; 10_000_000]).unwrap_err().code, "too_large");
        assert_eq!(urlencoded("a=1&".repeat(301).as_bytes()).unwrap_err().code, "too_large");
    }
}
