//! Automation against the real database in memory.

mod chance;
mod common;
mod engine;
mod explain;
mod publishing;
mod robots;
