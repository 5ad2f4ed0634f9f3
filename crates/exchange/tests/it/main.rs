//! Operations, import and export on the real store in memory.

mod office;
mod operations;
