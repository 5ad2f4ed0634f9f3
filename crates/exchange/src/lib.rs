//! Bringing data in and taking it out, and everything done to many records at once: operations with progress, errors in
//! words and undo.
//!
//! A department of its own (docs/decisions/0006-exchange.md): it knows files, long work and the way back; of records it
//! knows only what every department may know, the words and commands of `crm`.

pub mod export;
pub mod import;
pub mod operations;
mod plan;
mod safe;
pub mod table;

pub use plan::{Act, MOST_IDS, Plan, What};
pub use safe::{shield, unshield};
