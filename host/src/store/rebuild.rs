//! Computes every table anew from the log.

use rusqlite::Connection;

use super::apply::apply;
use super::catalog::Durability;
use super::chain::{self, Head};
use super::payload::Entry;
use super::{Catalog, StoreError};

/// The tables that are computed from the log.
pub(super) const PROJECTIONS: [&str; 7] =
    ["flow_source", "execution", "task_run", "asset", "asset_version", "edge", "asset_event"];

impl Catalog {
    /// Drops what was computed from the log and computes it again; the result is the same, byte for byte. Returns how
    /// many events there are.
    ///
    /// # Errors
    /// When an event cannot be read or the catalog cannot be written; it stays as it was then.
    pub fn rebuild(&self) -> Result<u64, StoreError> {
        self.write(Durability::Power, |connection| {
            for table in PROJECTIONS {
                connection.execute(&format!("DELETE FROM {table}"), [])?;
            }
            let head = apply_all(connection)?;
            head.write(connection)?;
            Ok(head.seq.unsigned_abs())
        })
    }
}

fn apply_all(connection: &Connection) -> Result<Head, StoreError> {
    let mut head = Head::genesis();
    let mut statement = connection.prepare("SELECT seq, payload, hash FROM event ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let sequence: i64 = row.get("seq")?;
        let payload = row.get_ref("payload")?.as_str().map_err(rusqlite::Error::from)?;
        let entry = Entry::decode(payload).map_err(|source| StoreError::BadEvent { sequence, source })?;
        apply(connection, &entry)?;
        let hash: chain::Hash = row.get("hash")?;
        head = Head { seq: sequence, hash, time: entry.time };
    }
    Ok(head)
}
