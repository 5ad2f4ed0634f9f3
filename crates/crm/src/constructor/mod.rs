//! The administrator reshapes what the firm keeps: types, fields, pipelines, stages. Whoever changes the shape is named
//! in its history, and what is in use is not taken away without the list of uses.

pub mod codes;
mod fields;
mod kinds;
mod menu;
mod past;
mod pipelines;
mod types;
mod uses;
pub mod words;

pub use fields::{Answers, converts, is_common, is_fixed, order_fields, put_field, remove_field};
pub use kinds::{Turning, change_kind, go_on_turning, preview_kind};
pub use menu::{put_matching, put_menu};
pub use past::{Past, PastLine, past};
pub use pipelines::{order_stages, put_pipeline, put_stage, remove_pipeline, remove_stage};
pub use types::{put_type, remove_type};
pub use uses::{Asks, Subject, Use, UsePlace, uses};

use crate::failure::{Outcome, Refusal};
use crate::label::Label;
use crate::rights::Rights;

/// Whether somebody sets up types, fields and pipelines.
///
/// # Errors
/// `access_denied`.
pub fn demand(rights: &Rights) -> Outcome<()> {
    match rights.admin || rights.constructor {
        true => Ok(()),
        false => Err(Refusal::denied("Структуру данных настраивает администратор", "The shape of the data is set up by the administrator").into()),
    }
}

/// The refusal that points at controls of a form.
fn wrong(at: &str, ru: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal::new("wrong_values", "Проверьте настройки", "Check the settings").at(at, Label::new(ru, en))
}

#[cfg(test)]
mod tests;
