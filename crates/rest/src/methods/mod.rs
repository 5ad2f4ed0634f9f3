//! All methods of the API. One namespace is one file and one line in [`all`].

use crate::method::Method;

mod automation;
mod batch;
mod category;
mod contact;
mod core;
mod deal;
mod duplicate;
mod item;
mod status;
mod timeline;
mod user;

/// Namespaces, each with its methods.
pub fn all() -> [&'static [Method]; 11] {
    [
        &core::METHODS,
        &batch::METHODS,
        &user::METHODS,
        &deal::METHODS,
        &contact::METHODS,
        &item::METHODS,
        &category::METHODS,
        &status::METHODS,
        &duplicate::METHODS,
        &timeline::METHODS,
        &automation::METHODS,
    ]
}

/// Scopes that a webhook can have, in the order of `scope?full=true`.
pub const SCOPES: [&str; 6] = ["crm", "user", "user_basic", "user_brief", "task", "telephony"];

/// The method with this name in lower case.
pub fn find(name: &str) -> Option<&'static Method> {
    all().into_iter().flatten().find(|method| method.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_lower_case() {
        let names: Vec<&str> = all().into_iter().flatten().map(|method| method.name).collect();
        for (at, name) in names.iter().enumerate() {
            assert_eq!(name.to_lowercase(), *name);
            assert!(!names[..at].contains(name), "{name} stands twice");
        }
    }

    #[test]
    fn every_scope_can_be_given() {
        for method in all().into_iter().flatten() {
            assert!(method.scope.is_empty() || method.scope.split('|').all(|scope| SCOPES.contains(&scope)), "{}", method.name);
        }
    }
}
