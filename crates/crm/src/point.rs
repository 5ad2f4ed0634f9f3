//! Phones and addresses in one spelling, so that a client who writes his phone in five ways stays one client.

/// The phone as it is compared: `+` and digits. `None` when it cannot be a phone.
///
/// Russian and Kazakh habits (providers.md §11): a leading 8 of eleven digits is +7, ten digits get +7;
/// `00` is an international prefix; what has no `+` needs ten digits at least, because a number without the code of its
/// city is nobody's; everything else needs 7 to 15 digits (E.164).
pub fn phone(raw: &str) -> Option<String> {
    // What follows the extension mark belongs to the exchange of the called firm, not to the number.
    let main = raw.split(['#', ';', ',']).next().unwrap_or(raw);
    let main = ["доб", "ext", "вн."].iter().fold(main, |text, mark| match text.to_lowercase().find(mark) {
        Some(at) if text.is_char_boundary(at) => &text[..at],
        _ => text,
    });
    if main.chars().any(|letter| letter.is_alphabetic()) {
        return None;
    }
    let plus = main.trim_start().starts_with('+');
    let digits: String = main.chars().filter_map(|letter| letter.to_digit(10)).filter_map(|digit| char::from_digit(digit, 10)).collect();
    let national = match (plus, digits.len()) {
        (false, 11) if digits.starts_with('8') || digits.starts_with('7') => format!("7{}", &digits[1..]),
        (true, 11) if digits.starts_with('8') && digits[1..].starts_with(['9', '7', '4', '3', '8']) => format!("7{}", &digits[1..]),
        (false, 10) => format!("7{digits}"),
        (false, _) if digits.starts_with("00") => digits[2..].to_owned(),
        (false, 0..10) => return None,
        _ => digits,
    };
    (7..=15).contains(&national.len()).then(|| format!("+{national}"))
}

/// The e-mail address as it is compared. `None` when it cannot be one.
pub fn email(raw: &str) -> Option<String> {
    let address = raw.trim();
    let (local, domain) = address.rsplit_once('@')?;
    let plain =
        |text: &str| !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || "<>()[]\\,;:\"".contains(letter));
    let dotted = domain.contains('.') && domain.split('.').all(|part| !part.is_empty());
    (plain(local) && plain(domain) && dotted && !local.contains('@') && local.len() <= 64 && address.len() <= 254).then(|| address.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_spellings_are_one_phone() {
        for spelling in ["+7 (999) 000-11-22", "8 999 000 11 22", "79990001122", "9990001122", "+7-999-000-1122 доб. 5", "8(999)0001122, 5"] {
            assert_eq!(phone(spelling).as_deref(), Some("+79990001122"), "{spelling}");
        }
    }

    #[test]
    fn foreign_phones_keep_their_country() {
        assert_eq!(phone("+49 30 901820").as_deref(), Some("+4930901820"));
        assert_eq!(phone("0049 30 901820").as_deref(), Some("+4930901820"));
        assert_eq!(phone("+7 701 234 56 78").as_deref(), Some("+77012345678"));
    }

    #[test]
    fn nonsense_is_no_phone() {
        for wrong in ["", "12", "913-10-10", "call me", "+12345678901234567", "тел 89990001122"] {
            assert_eq!(phone(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_has_a_name_and_a_dotted_domain() {
        assert_eq!(email(" Ivan@Example.COM ").as_deref(), Some("ivan@example.com"));
        assert_eq!(email("A@Пример.РФ").as_deref(), Some("a@пример.рф"));
        for wrong in ["", "a@b", "a@b@c.ru", "ivan", "ivan@", "@example.com", "ivan@example", "i van@example.com", "a@b..c", "a,b@c.de"] {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }
}
