//! The labels of an execution: those of its flow, rendered, and those it is given.

use serde_json::json;

use super::inputs::nested;
use super::{PlanRequest, variables_of};
use crate::expr::{Scope, Value};
use crate::flow::Flow;
use crate::model::{Diagnostic, JsonMap};

/// Renders the labels of a flow. Of the inputs they see what may be shown: labels are no place for secrets.
pub(super) fn render(
    flow: &Flow,
    shown_inputs: &JsonMap,
    request: &PlanRequest<'_>,
    findings: &mut Vec<Diagnostic>,
) -> JsonMap {
    let execution = json!({"id": request.execution, "startDate": request.now, "state": "CREATED"});
    let scope = Scope::new(request.now)
        .with_catalog(request.catalog)
        .with_namespace(&flow.namespace)
        .with("flow", json!({"id": flow.id, "namespace": flow.namespace}))
        .with("execution", execution)
        .with("inputs", Value::from(nested(shown_inputs)))
        .with("vars", variables_of(flow));
    let mut labels = JsonMap::new();
    for (key, label) in &flow.labels {
        match label.render(&scope) {
            Ok(text) => drop(labels.insert(key.clone(), text)),
            Err(error) => findings.push(error.diagnostic()),
        }
    }
    labels
}
