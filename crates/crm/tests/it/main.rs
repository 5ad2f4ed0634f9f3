//! The rules of a card on a real database in memory.

mod clients;
mod conversions;
mod firm;
mod formulas;
mod life;
mod prices;
