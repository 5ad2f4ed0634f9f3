//! One suite for both engines: every test runs on SQLite and on PostgreSQL.

mod firm;
mod items;

/// Makes of each function a test on either engine.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(crate::firm::Db::sqlite()); })+
        }
        mod postgres {
            $(#[test] fn $name() { super::$name(crate::firm::Db::postgres()); })+
        }
    };
}
pub(crate) use both;
