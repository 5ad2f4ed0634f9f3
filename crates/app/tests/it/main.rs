//! Tests of the whole: the stories through HTTP, the crashes, and the rules about the code itself.

mod bad_input;
mod commands;
mod firm;
mod kill;
mod matrix;
mod story;
mod tidy;
