//! What a flow would do, as it is shown before it runs.

use serde::Serialize;

use super::{AssetId, Capability, FlowId, Json, JsonMap, Namespace};

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
    pub capabilities: Vec<Capability>,
    pub assets: Vec<PlannedAssetView>,
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
    /// What would be different afterwards, where it exists.
    pub changes: Vec<FieldChange>,
    /// What was made from it.
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

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// The path, such as `metadata.os`.
    pub field: String,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

impl FieldChange {
    /// The differences between two values, in depth, below a path.
    pub fn between(field: &str, before: Option<&Json>, after: Option<&Json>) -> Vec<Self> {
        match (before, after) {
            (Some(Json::Object(before)), Some(Json::Object(after))) => {
                let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
                keys.sort();
                keys.dedup();
                let path = |key: &str| {
                    if field.is_empty() {
                        key.to_owned()
                    } else {
                        format!("{field}.{key}")
                    }
                };
                keys.into_iter()
                    .flat_map(|key| Self::between(&path(key), before.get(key), after.get(key)))
                    .collect()
            }
            (before, after) if before == after => Vec::new(),
            (before, after) => vec![Self {
                field: field.to_owned(),
                before: before.cloned(),
                after: after.cloned(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::FieldChange;

    #[test]
    fn differences_are_told_by_path() {
        let before = json!({"os": "2019", "same": 1, "net": {"ip": "a", "gone": true}});
        let after = json!({"os": "2022", "same": 1, "net": {"ip": "a"}, "new": [1]});
        let told: Vec<String> = FieldChange::between("metadata", Some(&before), Some(&after))
            .iter()
            .map(|change| {
                let shown = |value: &Option<super::Json>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
                format!("{} {} {}", change.field, shown(&change.before), shown(&change.after))
            })
            .collect();
        assert_eq!(
            told,
            [
                "metadata.net.gone true -",
                "metadata.new - [1]",
                "metadata.os \"2019\" \"2022\""
            ]
        );
    }
}
