//! What expressions see while a flow runs.

use indexmap::IndexMap;
use serde_json::json;

use crate::model::{Json, JsonMap, TaskRunId, Timestamp};
use crate::plan::Plan;

/// The variables of one execution. Those of the task at hand come and go; outputs stay.
pub(super) struct Variables {
    roots: IndexMap<String, Json>,
}

impl Variables {
    pub(super) fn new(plan: &Plan, start: Timestamp) -> Self {
        let flow = &plan.flow;
        let mut roots = IndexMap::new();
        let mut set = |name: &str, value: Json| roots.insert(name.to_owned(), value);
        set("flow", json!({"id": flow.id, "namespace": flow.namespace}));
        set("execution", json!({"id": plan.execution, "startDate": start, "state": "RUNNING"}));
        set("inputs", Json::Object(nested(&plan.inputs)));
        set("labels", Json::Object(flow.labels.clone()));
        set("outputs", json!({}));
        Self { roots }
    }
}

/// Turns ids with dots into maps within maps.
fn nested(inputs: &JsonMap) -> JsonMap {
    let mut root = JsonMap::new();
    for (id, value) in inputs {
        let mut place = &mut root;
        let mut parts = id.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                place.insert(part.to_owned(), value.clone());
                break;
            }
            let inner = place.entry(part.to_owned()).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            let Json::Object(map) = inner else { break };
            place = map;
        }
    }
    root
}

/// The variables of one task run.
pub(super) fn of_task_run(task: &str, task_type: &str, task_run: &TaskRunId, start: Timestamp) -> [(String, Json); 2] {
    [
        ("task".to_owned(), json!({"id": task, "type": task_type})),
        ("taskrun".to_owned(), json!({"id": task_run, "startDate": start, "attemptsCount": 1})),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_in_input_ids_nest() {
        let inputs = json!({"a": 1, "db.host": "h", "db.port": 2});
        let inputs = inputs.as_object().cloned().unwrap_or_default();
        assert_eq!(Json::Object(nested(&inputs)), json!({"a": 1, "db": {"host": "h", "port": 2}}));
    }
}
