//! What a flow wants to hold before it runs.

use serde_json::json;

use super::{Plan, nested};
use crate::expr::{Scope, Value};
use crate::flow::{CheckBehavior, is_truthy};
use crate::model::{CatalogReader, Diagnostic, Timestamp};

/// A check that does not hold.
#[derive(Debug, Clone)]
pub struct BrokenCheck {
    pub behavior: CheckBehavior,
    pub message: String,
}

/// Evaluates the checks of a planned flow and gives those that do not hold. The error is a check that cannot be
/// evaluated.
pub fn broken_checks(plan: &Plan, catalog: &dyn CatalogReader) -> Result<Vec<BrokenCheck>, Diagnostic> {
    let flow = &plan.flow;
    let vars = flow
        .variables
        .iter()
        .map(|(name, value)| (name.as_str(), Value::from(value.source())));
    let scope = Scope::new(Timestamp::now())
        .with_catalog(catalog)
        .with_namespace(&flow.namespace)
        .with("flow", json!({"id": flow.id, "namespace": flow.namespace}))
        .with("execution", json!({"id": plan.execution, "state": "CREATED"}))
        .with("labels", Value::from(&plan.labels))
        .with("inputs", Value::from(nested(&plan.inputs)))
        .with("vars", vars.collect::<Value>());
    let mut broken = Vec::new();
    for check in &flow.checks {
        let holds = check.condition.evaluate(&scope).map_err(|error| error.diagnostic())?;
        if is_truthy(&holds) {
            continue;
        }
        let message = match &check.message {
            None => "a check of the flow does not hold".to_owned(),
            Some(message) => {
                let rendered = message.render(&scope).map_err(|error| error.diagnostic())?;
                rendered.as_str().map_or_else(|| rendered.to_string(), str::to_owned)
            }
        };
        broken.push(BrokenCheck {
            behavior: check.behavior,
            message,
        });
    }
    Ok(broken)
}
