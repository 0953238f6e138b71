//! Everything that is SQLite's: types, connections, the clock, how to begin a write.
//!
//! A second database gets a sibling of this file; all other SQL is common to SQLite and PostgreSQL.

use crate::error::{Error, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

pub(crate) type Db = sqlx::Sqlite;
pub(crate) type Pool = sqlx::Pool<Db>;
pub(crate) type Connection = sqlx::SqliteConnection;
pub(crate) type Row = sqlx::sqlite::SqliteRow;
pub(crate) type Tx = sqlx::Transaction<'static, Db>;

/// Takes the write lock at once: a transaction that reads first and writes later can fail whatever the busy timeout.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// The database's clock, in microseconds (SQLite's own resolution is a millisecond).
const NOW_US: &str = "SELECT CAST(ROUND(unixepoch('subsec') * 1000.0) AS INTEGER) * 1000";

/// How long a call waits for a connection or for another process's write lock before it is told [`Error::Busy`].
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that read at the same time.
const READERS: u32 = 8;

/// The database's time in microseconds since 1970. All leases are measured by it, never by a worker's clock.
pub(crate) async fn now_us(connection: &mut Connection) -> Result<i64> {
    Ok(sqlx::query_scalar(NOW_US).fetch_one(connection).await?)
}

/// Whether the database is locked by another writer (SQLITE_BUSY, SQLITE_LOCKED and their extended codes).
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code()).and_then(|c| c.parse::<u32>().ok());
    matches!(code.map(|c| c & 0xff), Some(5 | 6))
}

/// Creates an empty file that only its owner can read, unless it exists: the catalog holds sample-related metadata.
pub(crate) fn create_private_file(path: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::Open { path: path.to_owned(), source: sqlx::Error::Io(error) }),
    }
}

/// The connection that writes. One, so that writers queue in order instead of polling for the lock.
pub(crate) async fn writer(path: &Path) -> Result<Pool, sqlx::Error> {
    one_connection().connect_with(options().filename(path)).await
}

/// Connections that read and cannot write.
pub(crate) async fn readers(path: &Path) -> Result<Pool, sqlx::Error> {
    let options = options().filename(path).pragma("query_only", "ON");
    SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE).connect_with(options).await
}

/// A database that exists only in its one connection.
pub(crate) async fn in_memory() -> Result<Pool, sqlx::Error> {
    one_connection().connect_with(options().in_memory(true)).await
}

fn one_connection() -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).acquire_timeout(PATIENCE)
}

/// Write-ahead log so that readers never wait; FULL so that what is acknowledged survives a power loss.
fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
}
