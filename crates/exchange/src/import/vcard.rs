//! vCards 2.1, 3 and 4: cards of an address book as rows, and clients as cards.

use base64::Engine as _;
use crm::{Item, Value, code};
use encoding_rs::{Encoding, UTF_8};

/// Titles of the columns that cards become; the mapping guesses them as it guesses those of any file.
const COLUMNS: [&str; 10] = ["Фамилия", "Имя", "Отчество", "ФИО", "Телефон", "E-mail", "Сайт", "Должность", "Дата рождения", "Комментарий"];

/// The header row.
pub(crate) fn header() -> Vec<String> {
    COLUMNS.iter().map(|title| (*title).to_owned()).collect()
}

/// Cards as rows. What is no card is passed over.
pub(crate) fn read(raw: &[u8], encoding: &str) -> Vec<Vec<String>> {
    let fallback = Encoding::for_label(encoding.as_bytes()).unwrap_or(UTF_8);
    let mut cards = Vec::new();
    let mut row: Option<Vec<String>> = None;
    for line in unfold(raw) {
        let Some(property) = Property::read(&line, fallback) else { continue };
        match (property.name.as_str(), property.value.trim().to_uppercase().as_str()) {
            ("BEGIN", "VCARD") => row = Some(vec![String::new(); COLUMNS.len()]),
            ("END", "VCARD") => cards.extend(row.take()),
            _ => {
                if let Some(row) = &mut row {
                    take(row, &property);
                }
            }
        }
    }
    // A full name is only needed where the parts are missing.
    for card in &mut cards {
        if card[..3].iter().any(|part| !part.is_empty()) {
            card[3].clear();
        }
    }
    cards.retain(|card| card.iter().any(|cell| !cell.is_empty()));
    cards
}

fn take(row: &mut [String], property: &Property) {
    let text = unescape(&property.value);
    let mut add = |at: usize, text: &str, between: &str| {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if !row[at].is_empty() {
            row[at].push_str(between);
        }
        row[at].push_str(text);
    };
    match property.name.as_str() {
        "N" => {
            for (at, part) in parts(&property.value).iter().take(3).enumerate() {
                add(at, part, " ");
            }
        }
        "FN" => add(3, &text, " "),
        "TEL" => add(4, text.strip_prefix("tel:").unwrap_or(&text), "; "),
        "EMAIL" => add(5, text.strip_prefix("mailto:").unwrap_or(&text), "; "),
        "URL" => add(6, &text, "; "),
        "TITLE" => add(7, &text, ", "),
        "BDAY" => add(8, &birthday(&text), ""),
        "NOTE" => add(9, &text, "\n"),
        "ORG" => add(9, &parts(&property.value).join(", "), "\n"),
        _ => {}
    }
}

/// `19900131`, `1990-01-31`, `1990-01-31T00:00:00Z`.
fn birthday(text: &str) -> String {
    let digits: String = text.chars().take_while(|letter| *letter != 'T').filter(char::is_ascii_digit).collect();
    match digits.len() {
        8 => format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]),
        _ => String::new(),
    }
}

/// One line of a card.
struct Property {
    name: String,
    value: String,
}

impl Property {
    fn read(line: &[u8], fallback: &'static Encoding) -> Option<Property> {
        let mut quoted = false;
        let colon = line.iter().position(|byte| {
            quoted ^= *byte == b'"';
            *byte == b':' && !quoted
        })?;
        let head = String::from_utf8_lossy(&line[..colon]).into_owned();
        let mut words = head.split(';');
        let name = words.next()?.rsplit('.').next()?.trim().to_uppercase();
        let (mut quoted_printable, mut base64, mut encoding) = (false, false, fallback);
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or(("ENCODING", word));
            match (key.trim().to_uppercase().as_str(), value.trim().to_uppercase().as_str()) {
                ("ENCODING", "QUOTED-PRINTABLE") => quoted_printable = true,
                ("ENCODING", "B" | "BASE64") => base64 = true,
                ("CHARSET", label) => encoding = Encoding::for_label(label.as_bytes()).unwrap_or(fallback),
                _ => {}
            }
        }
        let raw = match (quoted_printable, base64) {
            (true, _) => printable(&line[colon + 1..]),
            (_, true) => base64::engine::general_purpose::STANDARD.decode(&line[colon + 1..]).unwrap_or_default(),
            _ => line[colon + 1..].to_vec(),
        };
        Some(Property { name, value: encoding.decode(&raw).0.into_owned() })
    }
}

/// Lines put together again: a line that begins with a space goes on, and so does one of quoted-printable after `=`.
fn unfold(raw: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in raw.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let goes_on = line.first().is_some_and(|byte| *byte == b' ' || *byte == b'\t');
        match lines.last_mut() {
            Some(last) if goes_on => last.extend_from_slice(&line[1..]),
            Some(last) if last.ends_with(b"=") && is_printable(last) => {
                last.pop();
                last.extend_from_slice(line);
            }
            _ => lines.push(line.to_vec()),
        }
    }
    if let Some(first) = lines.first_mut().filter(|first| first.starts_with(b"\xef\xbb\xbf")) {
        first.drain(..3);
    }
    lines
}

fn is_printable(line: &[u8]) -> bool {
    let head = line.split(|byte| *byte == b':').next().unwrap_or_default();
    head.to_ascii_uppercase().windows(16).any(|part| part == b"QUOTED-PRINTABLE")
}

fn printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (text[at], hex) {
            (b'=', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// The parts of a structured value.
fn parts(value: &str) -> Vec<String> {
    let mut list = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ';' => list.push(String::new()),
            '\\' => {
                let last = list.last_mut().expect("there is always a part");
                last.push('\\');
                last.extend(letters.next());
            }
            letter => list.last_mut().expect("there is always a part").push(letter),
        }
    }
    list.iter().map(|part| unescape(part)).collect()
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (letter, _) => out.push(letter),
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\r', "").replace('\n', "\\n").replace(';', "\\;").replace(',', "\\,")
}

/// A client as a card of version 3, which every address book reads.
pub fn write(item: &Item) -> String {
    let text = |field: &str| escape(item.values.text(field));
    let mut card = String::from("BEGIN:VCARD\r\nVERSION:3.0\r\n");
    let mut line = |name: &str, value: String| {
        if !value.trim_matches(';').is_empty() {
            card.push_str(&fold(&format!("{name}:{value}")));
        }
    };
    line("N", format!("{};{};{};;", text("last_name"), text("first_name"), text("middle_name")));
    line("FN", escape(item.title()));
    for (field, name) in [(code::PHONE, "TEL"), (code::EMAIL, "EMAIL"), ("web", "URL")] {
        for point in item.values.points(field) {
            let kind = if point.label.is_empty() || name == "URL" {
                String::new()
            } else {
                format!(";TYPE={}", point.label.replace('"', "").replace([';', ':', ','], "-"))
            };
            line(&format!("{name}{kind}"), escape(&point.raw));
        }
    }
    line("TITLE", text("position"));
    if let Value::Date(day) = item.values.get(code::BIRTH_DATE) {
        line("BDAY", day.date.to_string());
    }
    line("NOTE", text("comment"));
    card.push_str("END:VCARD\r\n");
    card
}

/// Lines of at most 75 bytes, never cut inside a letter.
fn fold(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    let mut width = 0;
    for letter in line.chars() {
        if width + letter.len_utf8() > 74 {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(letter);
        width += letter.len_utf8();
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_of_an_old_phone_is_read_with_its_encoding() {
        let card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2;=\r\n=D0=98=D0=B2=D0=B0=D0=BD;;;\r\nTEL;CELL:+79990001122\r\nitem1.EMAIL;TYPE=INTERNET:ivan@example.com\r\nBDAY:19900131\r\nEND:VCARD\r\n";
        let rows = read(card, "UTF-8");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0][..3], ["Иванов", "Иван", ""]);
        assert_eq!((rows[0][4].as_str(), rows[0][5].as_str(), rows[0][8].as_str()), ("+79990001122", "ivan@example.com", "1990-01-31"));
    }

    #[test]
    fn folded_lines_and_escaped_letters_come_back() {
        let card = "BEGIN:VCARD\nVERSION:4.0\nFN:Ivan\\, the\n  Terrible\nTEL;VALUE=uri;TYPE=\"voice,cell\":tel:+79990001122\nNOTE:a\\nb\\;c\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n";
        let rows = read(card.as_bytes(), "UTF-8");
        assert_eq!(rows.len(), 1, "an empty card is none");
        assert_eq!((rows[0][3].as_str(), rows[0][4].as_str(), rows[0][9].as_str()), ("Ivan, the Terrible", "+79990001122", "a\nb;c"));
    }

    #[test]
    fn a_client_goes_out_and_comes_back() {
        let name = "О'Нил; \"x\", \\ 😀 и очень-очень длинная фамилия, которую никто не выговорит с первого раза";
        let item = Item {
            kind: crm::kind::CONTACT,
            id: 1,
            version: 1,
            values: crm::Values::from([
                ("last_name", Value::text(name)),
                (code::TITLE, Value::text(name)),
                ("comment", Value::text("a\nb")),
                (code::PHONE, Value::points(vec![crm::Point { raw: "+79990001122".into(), label: "WORK".into(), ..Default::default() }])),
            ]),
        };
        let text = write(&item);
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        let rows = read(text.as_bytes(), "UTF-8");
        assert_eq!((rows[0][0].as_str(), rows[0][4].as_str(), rows[0][9].as_str()), (name, "+79990001122", "a\nb"));
    }
}
