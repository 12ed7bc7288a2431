//! The two ways a running flow speaks to the catalog: it records events and reads assets.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Asset, AssetId, AssetType, Bundle, ExecutionId, Json, Namespace, RunEvent, TaskRunId, Violation};

/// What happened to an asset, named as Kestra names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AssetEvent {
    Created,
    Updated,
    Used,
    Deleted,
    /// Brought back after it was deleted.
    Restored,
}

impl AssetEvent {
    /// The event's name as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            AssetEvent::Created => "CREATED",
            AssetEvent::Updated => "UPDATED",
            AssetEvent::Used => "USED",
            AssetEvent::Deleted => "DELETED",
            AssetEvent::Restored => "RESTORED",
        }
    }

    /// Finds the event of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        use AssetEvent::{Created, Deleted, Restored, Updated, Used};
        [Created, Updated, Used, Deleted, Restored]
            .into_iter()
            .find(|event| event.name() == name)
    }
}

impl fmt::Display for AssetEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What recording did to one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetChange {
    pub id: AssetId,
    pub asset_type: AssetType,
    pub event: AssetEvent,
    pub task_run: Option<TaskRunId>,
}

/// What the catalog answers to recorded events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Sequence number of the last event written; none when nothing entered the chain.
    pub last_sequence: Option<u64>,
    /// One entry for each asset that a lineage event touched, in the order it was declared.
    pub assets: Vec<AssetChange>,
}

/// The catalog could not record or read; the message says what, where and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RecordError {
    pub message: String,
    /// Whether the catalog works and only will not do this: nothing was recorded, and other events still can be.
    pub is_refusal: bool,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Takes the events of a run and makes them last.
pub trait Recorder: Send + Sync {
    /// Writes the events in one transaction, all or none. When it returns, they survive the death of the process;
    /// after an `ExecutionFinished` they survive the loss of power.
    fn append(&self, events: &[RunEvent]) -> Result<Receipt, RecordError>;
}

/// Which assets to look up. Every part given must match; all of them narrow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AssetFilter {
    pub id: Option<AssetId>,
    pub asset_type: Option<String>,
    pub namespace: Option<Namespace>,
    /// Top-level metadata entries that must be equal.
    pub metadata: Vec<(String, Json)>,
    /// At most this many, the oldest first.
    pub limit: Option<usize>,
}

/// Reads assets as they are now. Deleted ones are not seen.
pub trait CatalogReader: Send + Sync {
    /// The asset of that id, if it exists.
    fn asset(&self, id: &AssetId) -> Result<Option<Asset>, RecordError>;

    /// The assets that match, ordered by creation, then id.
    fn assets(&self, filter: &AssetFilter) -> Result<Vec<Asset>, RecordError>;

    /// The value under a key of a namespace, if there is one that has not expired.
    fn key_value(&self, _namespace: &Namespace, _key: &str) -> Result<Option<Json>, RecordError> {
        Ok(None)
    }

    /// The content of a file that belongs to an execution.
    fn file(&self, _execution: &ExecutionId, _name: &str) -> Result<Option<Vec<u8>>, RecordError> {
        Ok(None)
    }

    /// The assets that were made from these and from nothing else that is left; ordered by id.
    fn left_behind(&self, _ids: &[AssetId]) -> Result<Vec<AssetId>, RecordError> {
        Ok(Vec::new())
    }

    /// Where the outputs of these bundles would break the schema of their asset type.
    fn violations(&self, _bundles: &[Bundle]) -> Result<Vec<Violation>, RecordError> {
        Ok(Vec::new())
    }
}
