//! How a trigger, a robot or a provider introduces itself. The settings form, the REST listing and the manual page are
//! made from it.

use crate::failure::Refusal;
use crate::field::{Field, accept_all};
use crate::label::Label;
use crate::value::Values;

/// What a page needs to offer a thing to a user.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Stable code; also the name of its file.
    pub code: &'static str,
    /// What a person reads.
    pub title: Label,
    /// What it does, in a sentence or two.
    pub help: Label,
    /// In which part of the catalogue it stands.
    pub group: Label,
    /// Name of an icon of the design system.
    pub icon: &'static str,
    /// What it asks before it can work.
    pub settings: Vec<Field>,
}

impl About {
    /// Checks settings against the questions.
    ///
    /// # Errors
    /// Names every setting that is wrong or missing.
    pub fn accept(&self, settings: &Values) -> Result<Values, Refusal> {
        accept_all(&self.settings, settings)
    }
}
