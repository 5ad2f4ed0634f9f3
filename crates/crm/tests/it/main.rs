//! The rules of a card on a real database in memory.

mod firm;
mod formulas;
mod life;
