//! The only SQL: SQLite and PostgreSQL.
