//! One suite for both engines: every test runs on SQLite and on PostgreSQL.

#![expect(missing_docs, reason = "tests are sentences already")]

mod firm;
mod items;

/// Makes of each function a test on either engine.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(crate::firm::Db::sqlite()); })+
        }
    };
}
pub(crate) use both;
