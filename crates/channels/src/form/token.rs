//! The signed rendering of a form: proves when it was shown, and makes a second submission of it recognisable.

use crm::time::random_word;
use crm::{Account, Chance, Firm, Moment, Refusal};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// Name of the hidden input with the identity of the rendering.
pub const NONCE: &str = "form_nonce";
/// Name of the hidden input with the moment of the rendering.
pub const AT: &str = "form_at";
/// Name of the hidden input with the signature.
pub const SIGNATURE: &str = "form_sign";

/// Nobody fills in a form faster; robots do.
const FASTEST: Duration = Duration::from_secs(2);
/// A page that stood open longer is loaded again.
const SLOWEST: Duration = Duration::from_secs(24 * 3_600);

/// One rendering of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its identity.
    pub nonce: String,
    /// When.
    pub at: Moment,
    /// HMAC-SHA256 over form, identity and moment, hexadecimal.
    pub signature: String,
}

impl Token {
    /// The hidden inputs that bring it back.
    pub fn fields(&self) -> Vec<(String, String)> {
        vec![(NONCE.to_owned(), self.nonce.clone()), (AT.to_owned(), self.at.0.to_string()), (SIGNATURE.to_owned(), self.signature.clone())]
    }
}

/// Signs one rendering of a form.
pub fn render_token(firm: &Firm, account: &Account, now: Moment, chance: &dyn Chance) -> Token {
    let nonce = random_word(chance, 22);
    Token { signature: sign(firm, account, &nonce, now), nonce, at: now }
}

fn sign(firm: &Firm, account: &Account, nonce: &str, at: Moment) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&firm.signing_key).expect("HMAC takes keys of any length");
    mac.update(format!("form\n{}\n{nonce}\n{}", account.id, at.0).as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether what came back was rendered by us, at a time that a person could have needed.
///
/// # Errors
/// `form_forged`, `form_too_fast`, `form_stale`.
pub fn check(firm: &Firm, account: &Account, nonce: &str, at: &str, signature: &str, now: Moment) -> Result<(), Refusal> {
    let forged = || Refusal::new("form_forged", "Обновите страницу и отправьте форму ещё раз", "Reload the page and send the form again");
    let at = Moment(at.parse().map_err(|_| forged())?);
    let plain = (16..=64).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plain || !bool::from(sign(firm, account, nonce, at).as_bytes().ct_eq(signature.as_bytes())) {
        return Err(forged());
    }
    if now.since(at) < FASTEST {
        return Err(Refusal::new(
            "form_too_fast",
            "Форма отправлена слишком быстро. Подождите пару секунд и отправьте ещё раз",
            "The form was sent too fast. Wait a couple of seconds and send it again",
        ));
    }
    if now.since(at) > SLOWEST {
        return Err(Refusal::new(
            "form_stale",
            "Страница открыта слишком давно. Обновите её и отправьте форму ещё раз",
            "The page was open for too long. Reload it and send the form again",
        ));
    }
    Ok(())
}
