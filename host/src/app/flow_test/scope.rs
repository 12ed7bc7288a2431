//! What assertions see of an execution that has ended.

use std::collections::HashMap;

use serde_json::json;

use crate::expr::{Scope, Value};
use crate::flow::Flow;
use crate::model::{CatalogReader, ExecutionDetailView, Json, LogView, Namespace, TaskRunId, TaskRunView, Timestamp};

/// The variables of assertions.
pub(super) struct Seen {
    variables: Vec<(&'static str, Value)>,
    namespace: Namespace,
}

impl Seen {
    pub(super) fn of(flow: &Flow, detail: &ExecutionDetailView, logs: &[LogView]) -> Self {
        let execution = &detail.execution;
        let (mut outputs, mut tasks) = (Value::from(json!({})), Value::from(json!({})));
        let runs: HashMap<&TaskRunId, &TaskRunView> = detail.tasks.iter().map(|run| (&run.id, run)).collect();
        for run in &detail.tasks {
            let path = path(run, &runs);
            if !run.outputs.is_empty() {
                outputs.insert_at(&path, Value::from(&run.outputs));
            }
            tasks.insert_at(&[path.as_slice(), &["state"]].concat(), Value::from(run.state.name()));
            if let Some(error) = &run.error {
                tasks.insert_at(&[path.as_slice(), &["error"]].concat(), Value::from(error.as_str()));
            }
        }
        let lines: Vec<Json> = logs
            .iter()
            .map(|line| json!({"level": line.level, "task": line.task_id, "message": line.message}))
            .collect();
        let changes: Vec<Json> = detail
            .assets
            .iter()
            .map(|asset| json!({"id": asset.id, "type": asset.asset_type, "event": asset.event, "task": asset.task_id}))
            .collect();
        let told = json!({
            "id": execution.id, "state": execution.state, "startDate": execution.start_date,
            "outputs": execution.outputs, "error": execution.error,
        });
        let variables = vec![
            ("flow", Value::from(json!({"id": flow.id, "namespace": flow.namespace}))),
            ("execution", Value::from(told)),
            ("inputs", Value::from(&execution.inputs)),
            ("labels", Value::from(&execution.labels)),
            ("outputs", outputs),
            ("tasks", tasks),
            ("logs", Value::from(Json::Array(lines))),
            ("changes", Value::from(Json::Array(changes))),
        ];
        Self {
            variables,
            namespace: flow.namespace.clone(),
        }
    }

    pub(super) fn scope<'a>(&'a self, now: Timestamp, catalog: &'a dyn CatalogReader) -> Scope<'a> {
        let mut scope = Scope::new(now).with_catalog(catalog).with_namespace(&self.namespace);
        for (name, value) in &self.variables {
            scope.set(*name, value.clone());
        }
        scope
    }
}

/// Where what a task run gave is found: under its task, and under the values of the loops around it, the outermost
/// first.
fn path<'a>(run: &'a TaskRunView, runs: &HashMap<&TaskRunId, &'a TaskRunView>) -> Vec<&'a str> {
    let mut values = Vec::new();
    let mut next = Some(run);
    while let Some(run) = next {
        values.extend(run.value.as_deref());
        next = run.parent_id.as_ref().and_then(|parent| runs.get(parent).copied());
    }
    values.push(run.task_id.as_str());
    values.reverse();
    values
}
