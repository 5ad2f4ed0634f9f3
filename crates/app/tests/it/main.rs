//! Tests of the whole: the stories through HTTP, the crashes, and the rules about the code itself.

mod tidy;
