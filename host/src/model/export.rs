//! The lines of an export: JSON, one thing a line.

use serde::{Deserialize, Serialize};

use super::{Asset, AssetTypeDefinition, EdgeView, ExecutionId, Json, LogLevel, TaskId, TaskRunId, Timestamp};

/// The version of these lines.
pub const EXPORT_VERSION: u32 = 1;

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExportLine {
    /// The first line.
    Begat(ExportHeader),
    /// One event of the log, in the order they were recorded.
    Event(ExportedEvent),
    /// One log line.
    Log(ExportedLog),
    /// The content of files that executions wrote.
    Content(ExportedContent),
    AssetType(AssetTypeDefinition),
    Asset(Box<Asset>),
    Edge(EdgeView),
}

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportHeader {
    pub version: u32,
    pub holds: ExportKind,
}

/// What an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExportKind {
    /// The whole event log, from which everything else follows.
    Log,
    /// Assets as they are, with the edges between them.
    Assets,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedEvent {
    pub sequence: u64,
    /// Lower-case hexadecimal; what a checkpoint compares.
    pub hash: String,
    pub payload_hash: String,
    /// None when it was pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Json>,
}

/// One log line of a task run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedLog {
    pub execution_id: ExecutionId,
    pub task_run_id: TaskRunId,
    pub task_id: TaskId,
    pub time: Timestamp,
    pub level: LogLevel,
    pub message: String,
}

/// The content of every file that has this digest; events say which those are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedContent {
    /// SHA-256 in lower-case hexadecimal.
    pub digest: String,
    /// The bytes, in the standard alphabet with padding (RFC 4648).
    pub base64: String,
}
