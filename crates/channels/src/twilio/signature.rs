//! `X-Twilio-Signature`: base64 of HMAC-SHA1 over the address and the sorted fields (providers.md §4.1).

use crate::body::Pairs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The signature that Twilio would give.
pub fn sign(token: &str, url: &str, fields: &Pairs) -> String {
    // Names sorted; of a repeated name each value once, sorted.
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether a call was signed with one of the tokens (the current and the previous one), over the address with or without
/// its usual port. Takes the same time whatever is wrong.
pub fn is_genuine(tokens: &[String], url: &str, fields: &Pairs, given: &str) -> bool {
    let mut genuine = subtle::Choice::from(0);
    for token in tokens.iter().filter(|token| !token.is_empty()) {
        for url in spellings(url) {
            genuine |= sign(token, &url, fields).as_bytes().ct_eq(given.as_bytes());
        }
    }
    genuine.into()
}

/// Whether a body is the one whose SHA-256 stands in the signed address.
pub fn is_body(hash: &str, body: &[u8]) -> bool {
    let own: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    own.as_bytes().ct_eq(hash.to_ascii_lowercase().as_bytes()).into()
}

/// The address as it is, without a port and with the usual one: Twilio signs either, depending on the way of the call.
fn spellings(url: &str) -> Vec<String> {
    let mut list = vec![url.to_owned()];
    if let Some((scheme, rest)) = url.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let port_at = authority.rfind(':').filter(|at| authority[at + 1..].bytes().all(|byte| byte.is_ascii_digit()));
        let host = port_at.map_or(authority, |at| &authority[..at]);
        let usual = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
        list.push(format!("{scheme}://{host}{tail}"));
        list.push(format!("{scheme}://{host}:{usual}{tail}"));
    }
    list.sort();
    list.dedup();
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::urlencoded;

    const TOKEN: &str = "12345678901234567890123456789012";
    const URL: &str = "https://crm.example.com/hooks/twilio/inbound?tenant=1";
    const FORM: &str = "AccountSid=AC0123456789abcdef0123456789abcdef&Body=%D0%94%D0%BE%D0%B1%D1%80%D1%8B%D0%B9+%D0%B4%D0%B5%D0%BD%D1%8C&From=whatsapp%3A%2B79990001122&MessageSid=SM0123456789abcdef0123456789abcdef&NumMedia=0&ProfileName=%D0%98%D0%B2%D0%B0%D0%BD&To=whatsapp%3A%2B14155238886&WaId=79990001122";
    const SIGNATURE: &str = "wlvYf7z/J2qp7i0SLcdW2g5XEzM=";

    fn tokens() -> Vec<String> {
        vec![TOKEN.to_owned()]
    }

    fn form() -> Pairs {
        urlencoded(FORM.as_bytes()).unwrap()
    }

    #[test]
    fn the_vector_of_twilios_own_library_is_genuine() {
        assert_eq!(sign(TOKEN, URL, &form()), SIGNATURE);
        assert!(is_genuine(&tokens(), URL, &form(), SIGNATURE));
    }

    #[test]
    fn the_vector_of_a_json_body_is_genuine() {
        let body = "{\"hello\":\"мир\"}".as_bytes();
        let hash = "8f0c0749e32120124ef2c7a70e846ac353b92d0b5cc9048f5c03a6411ea93a98";
        assert!(is_body(hash, body) && is_body(&hash.to_uppercase(), body));
        assert!(!is_body(hash, b"{}") && !is_body("", body));
        let url = format!("https://crm.example.com/hooks/twilio/json?bodySHA256={hash}");
        assert!(is_genuine(&tokens(), &url, &Pairs::new(), "pzMPpt/U/VrSVv3J5Y2FKb6wEeE="));
    }

    #[test]
    fn the_usual_port_may_stand_in_the_address_or_not() {
        let with_port = URL.replace(".com/", ".com:443/");
        assert!(is_genuine(&tokens(), &with_port, &form(), SIGNATURE), "signed without, called with");
        assert!(is_genuine(&tokens(), URL, &form(), &sign(TOKEN, &with_port, &form())), "signed with, called without");
        let local = "http://127.0.0.1:8480/hooks/x";
        assert!(is_genuine(&tokens(), local, &form(), &sign(TOKEN, local, &form())));
        assert!(!is_genuine(&tokens(), URL, &form(), &sign(TOKEN, &URL.replace(".com/", ".com:8443/"), &form())), "another port");
    }

    #[test]
    fn while_a_token_is_changed_both_are_valid() {
        let both = vec!["0".repeat(32), TOKEN.to_owned()];
        assert!(is_genuine(&both, URL, &form(), SIGNATURE));
        assert!(!is_genuine(&both[..1], URL, &form(), SIGNATURE));
        assert!(!is_genuine(&[String::new()], URL, &form(), &sign("", URL, &form())), "an account without a token proves nothing");
    }

    #[test]
    fn a_repeated_field_counts_once_per_value() {
        let pair = |value: &str| ("a".to_owned(), value.to_owned());
        assert_eq!(sign(TOKEN, URL, &vec![pair("2"), pair("1"), pair("2")]), sign(TOKEN, URL, &vec![pair("1"), pair("2")]));
    }

    #[test]
    fn two_hundred_forged_calls_are_all_refused() {
        let mut forged = 0;
        let mut refuse = |url: &str, form: &Pairs, signature: &str, what: String| {
            assert!(!is_genuine(&tokens(), url, form, signature), "{what}");
            forged += 1;
        };
        for at in 0..SIGNATURE.len() {
            refuse(URL, &form(), &SIGNATURE[..at], format!("cut to {at}"));
            let mut changed: Vec<char> = SIGNATURE.chars().collect();
            changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
            refuse(URL, &form(), &changed.into_iter().collect::<String>(), format!("letter {at}"));
        }
        for (what, signature) in [
            ("upper", SIGNATURE.to_uppercase()),
            ("lower", SIGNATURE.to_lowercase()),
            ("space", format!(" {SIGNATURE}")),
            ("twice", format!("{SIGNATURE}{SIGNATURE}")),
            ("comma", format!("x,{SIGNATURE}")),
            ("unicode", SIGNATURE.replace('w', "ԝ")),
            ("none", String::new()),
        ] {
            refuse(URL, &form(), &signature, what.to_owned());
        }
        for at in 0..TOKEN.len() {
            let other = format!("{}x{}", &TOKEN[..at], &TOKEN[at + 1..]);
            refuse(URL, &form(), &sign(&other, URL, &form()), format!("token {at}"));
        }
        for at in 8..URL.len() {
            let other = format!("{}~{}", &URL[..at], &URL[at + 1..]);
            refuse(&other, &form(), SIGNATURE, format!("address {at}"));
        }
        for at in 0..form().len() {
            let mut without = form();
            without.remove(at);
            refuse(URL, &without, SIGNATURE, format!("without field {at}"));
            let mut changed = form();
            changed[at].1.push(' ');
            refuse(URL, &changed, SIGNATURE, format!("field {at}"));
            for letter in 0..form()[at].1.chars().count() {
                let mut changed = form();
                changed[at].1 = form()[at].1.chars().enumerate().filter(|(place, _)| *place != letter).map(|(_, letter)| letter).collect();
                refuse(URL, &changed, SIGNATURE, format!("field {at} without letter {letter}"));
            }
        }
        let mut more = form();
        more.push(("Extra".into(), "1".into()));
        refuse(URL, &more, SIGNATURE, "one field more".into());
        assert!(forged >= 200, "only {forged} variants");
    }
}
