//! The department against the real store in memory: what comes in, what goes out, and what a crash leaves behind.

mod crowd;
mod delivery;
mod forms;
mod letters;
mod office;
mod reports;
mod sending;
mod urls;
