//! The Bitrix24 REST dialect.
