//! The binary `vekha`: configuration, wiring, worker, server, command line; the stories that test the whole.

pub mod archive;
pub mod cli;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod exchange_orders;
pub mod firm;
pub mod machine;
pub mod packs;
pub mod patience;
mod records;
pub mod server;
pub mod settle;
pub mod show;
pub mod wiring;
pub mod worker;
