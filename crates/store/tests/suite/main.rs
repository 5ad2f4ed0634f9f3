//! One suite for both engines: every test runs on SQLite and on PostgreSQL.

mod automation;
mod bin;
mod chance;
mod chores;
mod crowd;
mod events;
mod filters;
mod firm;
mod items;
mod jobs;
mod killed;
mod links;
mod looks;
mod machine;
mod pages;
mod people;
mod rights;
mod search;
mod shape;
mod sight;
mod tls;
mod upgrade;

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
