//! The people of the firm: who they are, what they may do, what they have to do, what they were told.

pub mod directory;
pub mod dismissal;
pub mod door;
pub mod invitation;
pub mod journal;
pub mod limiter;
pub mod notices;
pub mod offices;
pub mod roles;
pub mod staff;
pub mod tasks;
pub mod webhooks;
pub mod why;

pub use limiter::Limiter;
