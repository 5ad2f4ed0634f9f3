//! How Twilio calls the firm: signed forms, again when nobody listens, and in bad weather twice and in any order.

use super::post::{Answered, Post};
use super::weather::Weather;
use base64::Engine as _;
use crm::Chance;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::io;
use std::time::Duration;

/// Between two tries to connect.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// A form in the order in which it is written.
pub type Form = Vec<(&'static str, String)>;

/// `X-Twilio-Signature`: base64 of HMAC-SHA1 over the address and the sorted names with their values (providers.md §4.1).
pub fn sign(token: &str, url: &str, form: &Form) -> String {
    let mut sorted: Vec<_> = form.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// The form as it stands in the body.
pub fn encode(form: &Form) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Makes one call, again when nobody listens.
pub async fn call(post: &Post, token: &str, url: &str, form: &Form, weather: &Weather) -> io::Result<Answered> {
    let body = encode(form);
    let key = format!("{:x}-{}", form.len(), sign(token, url, form).chars().filter(char::is_ascii_alphanumeric).collect::<String>());
    if weather.wrong_signature {
        let forged = [("X-Twilio-Signature", sign("a token that is not ours", url, form))];
        let _ = post.form(url, &forged, &body).await;
    }
    let headers = [("X-Twilio-Signature", sign(token, url, form)), ("I-Twilio-Idempotency-Token", key)];
    let mut tries = 0;
    loop {
        match post.form(url, &headers, &body).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && tries < weather.retries => {
                tries += 1;
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            end => return end,
        }
    }
}

/// What really goes out in this weather: copies, an order, losses.
pub fn through<T: Clone>(calls: &[T], weather: &Weather, chance: &dyn Chance) -> Vec<T> {
    let copies = usize::try_from(weather.duplicates).unwrap_or(0).saturating_add(1);
    let mut out: Vec<T> = calls.iter().flat_map(|call| std::iter::repeat_n(call.clone(), copies)).collect();
    out.retain(|_| below(chance, 100) >= usize::from(weather.drop_percent));
    if weather.reorder {
        for last in (1..out.len()).rev() {
            out.swap(last, below(chance, last + 1));
        }
    }
    out
}

/// A number below the limit; the small bias of the remainder does not matter to the weather.
fn below(chance: &dyn Chance, limit: usize) -> usize {
    let mut bytes = [0_u8; 4];
    chance.fill(&mut bytes);
    usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(0) % limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::SystemChance;

    #[test]
    fn a_form_is_signed_as_twilios_own_library_signs_it() {
        // The vector of providers.md §4.1, checked there with the public Python package.
        let form: Form = vec![
            ("MessageSid", "SM0123456789abcdef0123456789abcdef".into()),
            ("AccountSid", "AC0123456789abcdef0123456789abcdef".into()),
            ("From", "whatsapp:+79990001122".into()),
            ("To", "whatsapp:+14155238886".into()),
            ("Body", "Добрый день".into()),
            ("NumMedia", "0".into()),
            ("ProfileName", "Иван".into()),
            ("WaId", "79990001122".into()),
        ];
        let signature = sign("12345678901234567890123456789012", "https://crm.example.com/hooks/twilio/inbound?tenant=1", &form);
        assert_eq!(signature, "wlvYf7z/J2qp7i0SLcdW2g5XEzM=");
    }

    #[test]
    fn bad_weather_doubles_everything_and_loses_nothing() {
        let out = through(&["sent", "delivered", "read"], &Weather::bad(), &SystemChance);
        for state in ["sent", "delivered", "read"] {
            assert_eq!(out.iter().filter(|one| **one == state).count(), 2, "{out:?}");
        }
    }

    #[test]
    fn fair_weather_changes_nothing() {
        assert_eq!(through(&[1, 2, 3], &Weather::default(), &SystemChance), [1, 2, 3]);
        assert!(through(&[1, 2, 3], &Weather { drop_percent: 100, ..Weather::default() }, &SystemChance).is_empty());
    }
}
