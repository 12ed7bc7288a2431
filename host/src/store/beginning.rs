//! How an execution began, beyond what the tables hold of it: read from its first event.

use rusqlite::{Connection, OptionalExtension};

use crate::model::{ExecutionId, Origin, PluginReference};

use super::payload::Fact;
use super::record::Recorded;
use super::{Catalog, StoreError};

/// What the first event of an execution says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beginning {
    /// The plugins that its tasks needed, as they were.
    pub plugins: Vec<PluginReference>,
    /// The execution that it does again.
    pub origin: Option<Origin>,
}

impl Catalog {
    /// How an execution began; none where that is unknown or was pruned.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn beginning(&self, id: &ExecutionId) -> Result<Option<Beginning>, StoreError> {
        self.read(|connection| read(connection, id))
    }
}

/// How an execution began; none where that is unknown or was pruned.
pub(super) fn read(connection: &Connection, id: &ExecutionId) -> Result<Option<Beginning>, StoreError> {
    let query = "SELECT seq, payload FROM event WHERE seq = (SELECT started_seq FROM execution WHERE id = ?1)";
    let found: Option<(i64, Option<String>)> = connection
        .prepare_cached(query)?
        .query_row([id.as_str()], |row| Ok((row.get("seq")?, row.get("payload")?)))
        .optional()?;
    let Some((sequence, Some(payload))) = found else {
        return Ok(None);
    };
    let recorded = Recorded::decode(&payload).map_err(|source| StoreError::BadEvent { sequence, source })?;
    Ok(match recorded {
        Recorded::Run(entry) => match entry.fact {
            Fact::ExecutionStarted(start) => Some(Beginning {
                plugins: start.plugins,
                origin: start.origin,
            }),
            _ => None,
        },
        Recorded::Hand(_) => None,
    })
}
