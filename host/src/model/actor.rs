//! Who did something: the flow, the task and the plugin behind an event.

use serde::{Deserialize, Serialize};

use super::{ExecutionId, FlowId, Namespace, TaskId, TaskRunId};

/// A flow as it was when it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowReference {
    pub namespace: Namespace,
    pub id: FlowId,
    /// sha256 of the flow's source text, in lower-case hexadecimal.
    pub digest: String,
}

/// A plugin by name, version and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginReference {
    pub name: String,
    pub version: String,
    /// sha256 of the component file, in lower-case hexadecimal.
    pub digest: String,
}

/// Who an event is owed to. The execution is always known; the task, where one was at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    pub flow: FlowReference,
    pub execution: ExecutionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_run: Option<TaskRunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginReference>,
}
