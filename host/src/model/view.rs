//! What the faces show: the JSON of the command line and of the API, and the rows of its tables.

use serde::{Deserialize, Serialize};

use super::{
    Asset, AssetEvent, AssetId, AssetType, Capability, ExecutionId, FieldChange, FlowId, Json, JsonMap, LogLevel,
    Namespace, Origin, PluginReference, Schema, State, TaskId, TaskRunId, Timestamp,
};

/// One execution.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionView {
    pub id: ExecutionId,
    pub flow_id: FlowId,
    pub namespace: Namespace,
    pub state: State,
    /// Whether the process that ran it is gone though it has not ended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    pub start_date: Timestamp,
    pub end_date: Option<Timestamp>,
    pub labels: JsonMap,
    pub inputs: JsonMap,
    /// What the flow gives.
    pub outputs: JsonMap,
    /// The execution whose task started this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ExecutionId>,
    /// The execution that this one does again; only told with the details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// sha256 of the flow's source text.
    pub flow_digest: String,
    pub error: Option<String>,
}

/// One task run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRunView {
    pub id: TaskRunId,
    pub task_id: TaskId,
    #[serde(rename = "type")]
    pub task_type: String,
    pub state: State,
    pub start_date: Timestamp,
    pub end_date: Option<Timestamp>,
    /// The task run that holds this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<TaskRunId>,
    /// The value of the loop that this run is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Which value that is, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    /// How often it was tried.
    pub attempts: u32,
    /// Whether nobody did the work and it is only recorded what would be done.
    #[serde(rename = "stubbed", skip_serializing_if = "std::ops::Not::not")]
    pub is_stub: bool,
    /// What a task that holds tasks decided: a branch, or values.
    #[serde(skip)]
    pub decision: Option<Json>,
    pub outputs: JsonMap,
    pub error: Option<String>,
    pub plugin: Option<PluginReference>,
}

/// What one task run did to one asset.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetEventView {
    pub id: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    pub event: AssetEvent,
    pub task_id: Option<TaskId>,
}

/// One execution with all that happened in it: what `run` and `execution show` print.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExecutionDetailView {
    pub execution: ExecutionView,
    pub tasks: Vec<TaskRunView>,
    pub assets: Vec<AssetEventView>,
    /// What was granted and used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<UsedGrantView>,
}

/// A plugin in its compiled form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedView {
    /// Its name, where it is among the plugins of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// sha256 of the component.
    pub digest: String,
    pub size: u64,
    pub used: Timestamp,
    /// Whether this version of begat can use it.
    pub current: bool,
    /// Whether it is what was written; otherwise it is compiled anew.
    pub intact: bool,
}

/// A limit of plugins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitView {
    pub name: String,
    pub value: String,
    pub default: String,
    /// Whether each plugin may have its own.
    pub per_plugin: bool,
    pub bounds: String,
    /// Why the default is what it is.
    pub reason: String,
}

/// A grant that an execution used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsedGrantView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The plugin, or `flow` for an expression.
    pub principal: String,
    pub kind: String,
    pub target: String,
    /// How often.
    pub uses: u64,
}

/// One log line of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogView {
    pub time: Timestamp,
    pub level: LogLevel,
    pub task_id: TaskId,
    pub task_run_id: TaskRunId,
    pub message: String,
}

/// An asset as lists show it: its own fields.
pub type AssetView = Asset;

/// An entry of an asset's history.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    pub sequence: u64,
    pub time: Timestamp,
    pub event: AssetEvent,
    pub execution_id: Option<ExecutionId>,
    pub flow_id: Option<FlowId>,
    pub task_id: Option<TaskId>,
    /// Who did it by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What changed, field by field; everything, when the asset was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// An asset with its neighbours and its history, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AssetDetailView {
    #[serde(flatten)]
    pub asset: AssetView,
    pub parents: Vec<AssetId>,
    pub children: Vec<AssetId>,
    pub history: Vec<HistoryView>,
}

/// One edge: `to` was made from `from`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EdgeView {
    pub from: AssetId,
    pub to: AssetId,
}

/// A piece of the lineage graph around one asset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GraphView {
    pub root: AssetId,
    /// Ordered by creation, then id.
    pub nodes: Vec<AssetView>,
    /// Ordered by the age of their ends.
    pub edges: Vec<EdgeView>,
    /// Whether a limit cut the graph short.
    pub partial: bool,
}

/// One plugin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginView {
    pub name: String,
    pub version: String,
    pub summary: String,
    pub digest: String,
    /// `embedded`, or the path of the component file.
    pub origin: String,
    /// Size of the component in bytes.
    pub size: u64,
    pub task_types: Vec<TaskTypeView>,
    pub capabilities: Vec<Capability>,
}

/// One task type of a plugin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskTypeView {
    pub name: String,
    pub aliases: Vec<String>,
    pub summary: String,
    pub properties: Schema,
    pub outputs: Schema,
}

/// What `catalog verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyView {
    /// How many events were checked.
    pub events: u64,
    /// Hash of the last event, in lower-case hexadecimal; none in an empty catalog.
    pub head: Option<String>,
    /// The first event that breaks the chain and how; none when the catalog is whole.
    pub problem: Option<String>,
    pub broken_sequence: Option<u64>,
}

/// What `catalog check` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// How many events the chain has.
    pub events: u64,
    /// Hash of the last event, in lower-case hexadecimal; none in an empty catalog.
    pub head: Option<String>,
    /// What is wrong with the file or the chain; nothing when all is well.
    pub problems: Vec<String>,
}
