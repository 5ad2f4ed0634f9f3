//! Staff, roles, tasks, notices.
