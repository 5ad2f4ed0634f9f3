//! Automation against the real database in memory.

mod common;
mod engine;
mod explain;
mod publishing;
mod robots;
