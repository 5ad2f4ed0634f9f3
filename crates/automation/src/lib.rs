//! What happens by itself: triggers, robots, engine, schedule.
//!
//! The circle: [`dispatch`] reads the log, asks the triggers of the card's stages, moves the card, plans the robots of
//! the stage it came to and follows the dates they are bound to. [`run_due`] lets robots work whose moment has come.
//! Triggers and robots are pure: one file each, listed in [`triggers::all`] and [`robots::all`].

mod conditions;
mod dispatch;
mod entering;
pub mod explain;
mod guards;
mod holes;
pub mod place;
mod publishing;
pub mod robots;
mod running;
pub mod scene;
mod steps;
mod timing;
mod triggering;
pub mod triggers;

pub use dispatch::{READER, dispatch};
pub use holes::{check as check_pattern, placeholders};
pub use place::Place;
pub use publishing::{MOST_ROBOTS, MOST_TRIGGERS, publish};
pub use robots::{Plan, Robot};
pub use running::run_due;
pub use scene::Scene;
pub use timing::span;
pub use triggers::{Fires, Sight, Trigger};
