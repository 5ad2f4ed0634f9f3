//! The rules of a card on a real database in memory.

mod clients;
mod firm;
mod formulas;
mod life;
