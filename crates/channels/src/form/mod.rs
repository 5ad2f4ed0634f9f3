//! The parts of a public form: its signed rendering, its marks of advertising, its questions.

pub mod ask;
pub mod marks;
pub mod token;
