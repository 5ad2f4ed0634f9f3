//! A connection to PostgreSQL, and how it speaks the common words.

use crate::sql::{Cell, Dialect, Row, Sql, SqlError};
use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type};
use postgres::{Client, Config, NoTls, Statement};
use std::cell::{Cell as Flag, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Statements kept prepared; filters make many shapes.
const PREPARED: usize = 500;

/// What every connection is told first. Nothing is acknowledged before it is on the disk, whatever the server's default;
/// a node that hangs in a transaction or waits for a lock for ever must not stop the others.
const SETTINGS: &str = "SET synchronous_commit = on; SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '120s'; SET jit = off; \
     SET client_min_messages = warning; SET default_transaction_isolation = 'read committed'";

/// One connection with its prepared statements.
pub struct Line {
    client: RefCell<Client>,
    prepared: RefCell<HashMap<String, Statement>>,
    /// The version of the shape for which these were prepared.
    shape: Flag<i64>,
}

impl Line {
    /// Connects. With `sslmode=require` the connection is encrypted and the server's certificate is checked against the
    /// roots that this machine trusts (`SSL_CERT_FILE` names others); without it, it is not encrypted at all. Encrypting
    /// without checking, as other clients do by default, would only look safe.
    pub fn connect(config: &Config) -> Result<Line, SqlError> {
        let mut client = match config.get_ssl_mode() {
            SslMode::Require => config.connect(tls()?),
            _ => config.connect(NoTls),
        }
        .map_err(told)?;
        client.batch_execute(SETTINGS).map_err(told)?;
        Ok(Line { client: RefCell::new(client), prepared: RefCell::default(), shape: Flag::new(0) })
    }

    /// The connection is lost.
    pub fn is_lost(&self) -> bool {
        self.client.borrow().is_closed()
    }

    fn prepare(&self, sql: &str) -> Result<Statement, SqlError> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.borrow_mut().prepare(sql).map_err(told)?;
        let mut prepared = self.prepared.borrow_mut();
        if prepared.len() >= PREPARED {
            prepared.clear();
        }
        prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Sql for Line {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&self, sql: &str, params: &[Cell]) -> Result<u64, SqlError> {
        let statement = self.prepare(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
        self.client.borrow_mut().execute(&statement, &params).map_err(told)
    }

    fn query(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, SqlError> {
        let statement = self.prepare(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
        let rows = self.client.borrow_mut().query(&statement, &params).map_err(told)?;
        rows.iter().map(|row| (0..row.len()).map(|at| row.try_get::<_, Cell>(at).map_err(told)).collect::<Result<_, _>>().map(Row)).collect()
    }

    /// A column may have another type now under the name of a former one: the server refuses plans made before.
    fn shape_is(&self, version: i64) {
        if self.shape.replace(version) != version {
            self.prepared.borrow_mut().clear();
        }
    }

    fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.client.borrow_mut().batch_execute(sql).map_err(told)
    }
}

fn tls() -> Result<MakeRustlsConnect, SqlError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| SqlError { conflict: false, passing: false, why: format!("TLS: {error}") })?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// The engine's error in the common words. Its details are left out: they hold values of the data.
pub fn told(error: postgres::Error) -> SqlError {
    let Some(db) = error.as_db_error() else {
        return SqlError {
            conflict: false,
            passing: true,
            why: format!("PostgreSQL: {error}{}", error.source().map(|source| format!(": {source}")).unwrap_or_default()),
        };
    };
    let code = db.code();
    let conflict =
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION, SqlState::LOCK_NOT_AVAILABLE].contains(code);
    // Connections, resources, an administrator who stops the server, the system under it.
    let passing = ["08", "53", "57", "58"].iter().any(|class| code.code().starts_with(class));
    SqlError { conflict, passing, why: format!("PostgreSQL {}: {}", code.code(), db.message()) }
}

impl ToSql for Cell {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Int(number) => match *ty {
                Type::INT2 => i16::try_from(*number)?.to_sql(ty, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
                Type::INT8 => number.to_sql(ty, out),
                _ => Err(format!("a number was given where {ty} is wanted").into()),
            },
            Cell::Text(text) => match *ty {
                Type::TEXT | Type::VARCHAR | Type::NAME => text.to_sql(ty, out),
                _ => Err(format!("a text was given where {ty} is wanted").into()),
            },
            Cell::Blob(bytes) => match *ty {
                Type::BYTEA => bytes.to_sql(ty, out),
                _ => Err(format!("bytes were given where {ty} is wanted").into()),
            },
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Cell, Box<dyn Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT2 => Cell::Int(i64::from(i16::from_sql(ty, raw)?)),
            Type::INT4 => Cell::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT8 => Cell::Int(i64::from_sql(ty, raw)?),
            Type::TEXT | Type::VARCHAR | Type::NAME => Cell::Text(String::from_sql(ty, raw)?),
            Type::BYTEA => Cell::Blob(Vec::<u8>::from_sql(ty, raw)?),
            _ => return Err(format!("a column of the type {ty} cannot be read").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Cell, Box<dyn Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
