//! The pages as a browser sees them, over a real database in memory.

#[path = "../house/mod.rs"]
mod house;

mod browser;
mod door;
mod live;
mod pages;
mod people;
mod views;
