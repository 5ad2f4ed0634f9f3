//! Operations, import and export on the real store in memory.

mod export;
mod import;
mod office;
mod operations;
