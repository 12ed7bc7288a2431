//! What a plugin left behind.

use serde::Serialize;

use super::{AssetEvent, AssetId, ExecutionId, PluginReference, TaskId, Timestamp};

/// One thing that a plugin did to an asset.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MadeView {
    pub id: AssetId,
    pub event: AssetEvent,
    pub sequence: u64,
    pub time: Timestamp,
    pub execution_id: ExecutionId,
    pub task_id: TaskId,
    pub plugin: PluginReference,
}
