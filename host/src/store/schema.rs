//! Which database is a catalog, and of which version; makes the tables of a fresh one.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::StoreError;
use super::catalog::BUSY_TIMEOUT;
use super::migrate::VERSION;

/// Marks a file as a catalog: `bgat` in ASCII.
const APPLICATION_ID: i64 = 0x6267_6174;

/// What a database turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing was ever put into it.
    Fresh,
    /// A catalog of the version this program writes.
    Catalog,
    /// A catalog of that older version.
    Older(i64),
}

/// Tells a catalog from a fresh database, and refuses all others.
pub(super) fn inspect(connection: &Connection, path: &Path, known: i64) -> Result<Found, StoreError> {
    // One statement, so that all of it is of one moment: another process may be making the tables.
    let marks = "SELECT application_id, user_version, NOT EXISTS (SELECT 1 FROM sqlite_schema) AS is_empty
        FROM pragma_application_id, pragma_user_version";
    let (application, version, is_empty): (i64, i64, bool) = connection.query_row(marks, [], |row| {
        Ok((
            row.get("application_id")?,
            row.get("user_version")?,
            row.get("is_empty")?,
        ))
    })?;
    match (application, version) {
        (APPLICATION_ID, found) if found == known => Ok(Found::Catalog),
        (APPLICATION_ID, found) if (1..known).contains(&found) => Ok(Found::Older(found)),
        (APPLICATION_ID, found) => Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
        (0, 0) if is_empty => Ok(Found::Fresh),
        _ => Err(StoreError::Foreign { path: path.to_owned() }),
    }
}

/// Whether it is a catalog of the version this program writes; an older one is refused, and a fresh one is none.
pub(super) fn current(found: Found, path: &Path, known: i64) -> Result<bool, StoreError> {
    match found {
        Found::Fresh => Ok(false),
        Found::Catalog => Ok(true),
        Found::Older(found) => Err(StoreError::Older {
            path: path.to_owned(),
            found,
            known,
        }),
    }
}

/// Makes the tables, unless another process made them first.
pub(super) fn create(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    use_write_ahead_log(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if inspect(&transaction, path, VERSION)? == Found::Fresh {
        transaction.execute_batch(include_str!("schema.sql"))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        super::chain::start(&transaction)?;
    }
    transaction.commit()?;
    // The file itself says from now on that it is a catalog, also where the write-ahead log beside it gets lost.
    Ok(connection.pragma_update(None, "wal_checkpoint", "PASSIVE")?)
}

/// Turns the write-ahead log on, which stays with the file. SQLite does not wait for others while it does this, so
/// that two processes that make the same catalog would meet "database is locked".
fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && start.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(Duration::from_millis(2));
            }
            result => return result,
        }
    }
}
