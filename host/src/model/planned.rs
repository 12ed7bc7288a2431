//! What a flow would do, as it is shown before it runs.

use serde::Serialize;

use super::{AssetId, FieldChange, FlowId, Json, JsonMap, Namespace};

/// A flow that would run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    pub flow_id: FlowId,
    pub namespace: Namespace,
    pub flow_digest: String,
    /// The inputs as they are bound; secret ones are masked.
    pub inputs: JsonMap,
    pub labels: JsonMap,
    /// The tasks in the order they would run.
    pub tasks: Vec<PlannedTaskView>,
    /// What would start the flow elsewhere.
    pub triggers: Vec<String>,
}

/// A task that would run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedTaskView {
    pub id: String,
    #[serde(rename = "type")]
    pub task_type: String,
    pub work: PlannedWork,
    /// How deep it stands in the tree of tasks.
    pub depth: usize,
    /// The list it stands in, where that is not the tasks of what holds it: `then`, `errors` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_if: Option<PlannedValue>,
    pub properties: Vec<(String, PlannedValue)>,
    /// What the plugin asks for.
    pub capabilities: Vec<AskView>,
    pub assets: Vec<PlannedAssetView>,
}

/// Something a plugin asks for, and whether it is granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AskView {
    pub kind: String,
    /// Empty where it depends on what is not known before the run.
    pub target: String,
    pub reason: String,
    pub required: bool,
    pub granted: bool,
}

/// Who would do the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlannedWork {
    Plugin(String),
    Begat,
    Stub,
}

/// A value, as far as it is known before the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PlannedValue {
    Known(Json),
    /// The template, and when its value is known: `after make`, `when it runs`.
    Unknown {
        template: Json,
        known: String,
    },
}

/// An asset that a task would read or make.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedAssetView {
    pub id: PlannedValue,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub asset_type: Option<PlannedValue>,
    pub effect: AssetEffect,
    /// What is declared of it, by dotted path, where it is made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, PlannedValue)>,
    /// What would be different afterwards, where it exists.
    pub changes: Vec<FieldChange>,
    /// What was made from it.
    pub dependents: Vec<AssetId>,
}

/// What a change of a flow means for assets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanComparisonView {
    pub flow_id: FlowId,
    pub tasks_added: Vec<String>,
    pub tasks_removed: Vec<String>,
    /// Tasks whose type, properties or condition are others.
    pub tasks_altered: Vec<String>,
    /// What plugins ask for that they did not before, as `kind target`.
    pub capabilities_added: Vec<String>,
    /// Assets that only the changed flow makes.
    pub added: Vec<ComparedAsset>,
    /// Assets that both make, and of which they say different things.
    pub altered: Vec<ComparedAsset>,
    /// Assets that nobody makes any more: those there are stay in the catalog, and nothing keeps them up to date.
    pub orphaned: Vec<ComparedAsset>,
}

/// An asset that a change of a flow touches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComparedAsset {
    /// Its id, or the template of it.
    pub id: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub asset_type: Option<String>,
    /// The task that makes it.
    pub task: String,
    /// What is said of it, field by field.
    pub changes: Vec<FieldChange>,
    /// What is in the catalog and was made from it.
    pub dependents: Vec<AssetId>,
}

/// What would become of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AssetEffect {
    Create,
    Update,
    Read,
    /// It is read and does not exist, so that it would be recorded as external.
    External,
    /// Its id is not known before the run.
    Unknown,
}
