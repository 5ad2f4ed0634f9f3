//! All providers. One more costs one file and one line here.

use crate::provider::Provider;
use crm::{Account, Refusal};

pub mod smtp;
pub mod twilio_whatsapp;
pub mod web_form;

/// All of them, in the order of the catalogue.
pub fn all() -> &'static [&'static dyn Provider] {
    &[&web_form::WebForm, &twilio_whatsapp::TwilioWhatsApp, &smtp::Smtp]
}

/// The provider with this code.
///
/// # Errors
/// Refuses unknown codes.
pub fn find(code: &str) -> Result<&'static dyn Provider, Refusal> {
    all().iter().copied().find(|one| one.about().code == code).ok_or_else(|| {
        let code: String = code.chars().take(50).collect();
        Refusal::new("unknown_channel", format!("Канала «{code}» нет"), format!("There is no channel {code}"))
    })
}

/// A text of an account's settings, or what its provider puts in its place.
pub(crate) fn setting(provider: &dyn Provider, account: &Account, code: &str) -> String {
    let given = account.settings.text(code).trim();
    if !given.is_empty() {
        return given.to_owned();
    }
    let about = provider.about();
    about.settings.iter().find(|field| field.code == code).and_then(|field| field.default.as_text()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_found_by_its_code_and_speaks_both_languages() {
        for provider in all() {
            let about = provider.about();
            assert_eq!(find(about.code).unwrap().about().code, about.code);
            for label in [&about.title, &about.help, &about.group].into_iter().chain(about.settings.iter().map(|field| &field.title)) {
                assert!(!label.ru.is_empty() && !label.en.is_empty(), "{}: {label:?}", about.code);
            }
        }
        assert_eq!(find("pigeon").err().map(|refusal| refusal.code.into_owned()).as_deref(), Some("unknown_channel"));
    }
}
