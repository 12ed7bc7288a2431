//! From a checked flow and what it is given to a plan that can run with no more questions.
//!
//! It runs nothing and writes nothing; expressions of inputs may read the catalog.

mod inputs;

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::flow::{Flow, GivenInput};
use crate::model::{CatalogReader, Diagnostic, ExecutionId, InputId, JsonMap, TaskType, Timestamp};

pub use crate::flow::{FailureBehavior, Task, Wanted};
pub use inputs::{FileInput, FileOrigin, nested, next_question};

/// What a flow is given to run.
pub struct PlanRequest<'a> {
    /// What was given for inputs, by id.
    pub inputs: IndexMap<String, GivenInput>,
    /// Looks for a file that an input names, and says why there is none to have.
    pub files: &'a (dyn Fn(&Path, FileOrigin) -> Result<FileInput, String> + Sync),
    pub execution: ExecutionId,
    /// The moment the flow is planned at.
    pub now: Timestamp,
    pub catalog: &'a dyn CatalogReader,
    pub task_types: &'a [TaskType],
}

/// A flow that can run: its inputs have values and its tasks have types.
#[derive(Debug, Clone)]
pub struct Plan {
    pub flow: Arc<Flow>,
    pub execution: ExecutionId,
    /// The values of the inputs, the secret ones too: for expressions only.
    pub inputs: JsonMap,
    /// The values with the secret ones masked: what may be stored and shown.
    pub recorded_inputs: JsonMap,
    /// Inputs whose values are secret, by their type or because they were made from a secret.
    pub secret_inputs: Vec<InputId>,
    /// One for each task of the flow, in its order.
    pub tasks: Vec<PlannedTask>,
}

/// A task of a plan.
#[derive(Debug, Clone)]
pub struct PlannedTask {
    /// Its place in the flow.
    pub place: usize,
    /// The short name of its type.
    pub task_type: String,
    /// What kinds of values its type takes for each property the flow gives.
    pub wanted: IndexMap<String, Wanted>,
}

/// Binds the inputs and resolves the task types. All that keeps the flow from running is answered at once.
pub fn build(flow: Arc<Flow>, request: PlanRequest<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let bound = inputs::bind(&flow, &request, &mut findings);
    let mut tasks = Vec::with_capacity(flow.tasks.len());
    for (place, task) in flow.tasks.iter().enumerate() {
        match request
            .task_types
            .iter()
            .find(|task_type| task_type.answers_to(&task.task_type))
        {
            Some(found) => {
                let wanted = task
                    .properties
                    .keys()
                    .map(|name| (name.clone(), Wanted::of(found, name)))
                    .collect();
                tasks.push(PlannedTask {
                    place,
                    task_type: found.name.clone(),
                    wanted,
                });
            }
            None => {
                let message = format!("unknown task type `{}`", task.task_type);
                findings.push(Diagnostic::error("unknown-task-type", message, task.span));
            }
        }
    }
    match findings.is_empty() {
        true => Ok(Plan {
            execution: request.execution,
            inputs: bound.values,
            recorded_inputs: bound.recorded,
            secret_inputs: bound.secrets,
            tasks,
            flow,
        }),
        false => Err(findings),
    }
}
