//! What a flow wants to hold before it runs.

use serde_json::json;

use super::Plan;
use crate::flow::{CheckBehavior, is_truthy};
use crate::model::{CatalogReader, Diagnostic};

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
    if flow.checks.is_empty() {
        return Ok(Vec::new());
    }
    let execution = json!({"id": plan.execution, "state": "CREATED"});
    let scope = plan.scope(catalog).with("execution", execution);
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
