//! From a checked flow and what it is given to a plan that can run with no more questions.
//!
//! It runs nothing and writes nothing; expressions of inputs may read the catalog.

mod checks;
mod inputs;
mod labels;
mod preview;
mod program;
mod shape;
mod since;

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::json;

use crate::expr::{Scope, Value};
use crate::flow::{Flow, GivenInput};
use crate::model::{CatalogReader, Diagnostic, ExecutionId, InputId, JsonMap, TaskType, Timestamp, clock};

pub use crate::flow::{
    AssetsBlock, BlockShape, CheckBehavior, Concurrency, ConcurrencyBehavior, CoreType, FailureBehavior, FlowOutput,
    OutputType, Property, Retry, RetryBehavior, Sla, SlaBehavior, SlaRule, Task, TaskBlock, TaskFixture, Wanted,
    is_truthy, parse_duration,
};
pub use checks::{BrokenCheck, broken_checks};
pub use inputs::{FileInput, FileOrigin, nested, next_question};
pub use preview::{known_property, preview};
pub use program::{Block, Place, Program, Shape, Spec};
pub use shape::{PlannedTask, Stubs, Work};

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
    /// Which tasks are stood in for.
    pub stubs: &'a Stubs,
    /// Labels beside those of the flow.
    pub labels: JsonMap,
}

/// A flow that can run: its inputs have values and its tasks have types.
#[derive(Debug, Clone)]
pub struct Plan {
    pub flow: Arc<Flow>,
    pub execution: ExecutionId,
    /// Those of the flow, and others it was given.
    pub labels: JsonMap,
    /// The values of the inputs, the secret ones too: for expressions only.
    pub inputs: JsonMap,
    /// The values with the secret ones masked: what may be stored and shown.
    pub recorded_inputs: JsonMap,
    /// Inputs whose values are secret, by their type or because they were made from a secret.
    pub secret_inputs: Vec<InputId>,
    /// Every task that is not disabled, at the places that `program` names.
    pub tasks: Vec<PlannedTask>,
    /// How they follow one another.
    pub program: Arc<Program>,
}

/// The most tasks of a short plan.
const SHORT: usize = 8;

impl Plan {
    /// What expressions see of the flow before anything runs.
    fn scope<'a>(&'a self, catalog: &'a dyn CatalogReader) -> Scope<'a> {
        let flow = &self.flow;
        Scope::new(clock::now())
            .with_catalog(catalog)
            .with_namespace(&flow.namespace)
            .with("flow", json!({"id": flow.id, "namespace": flow.namespace}))
            .with("labels", Value::from(&self.labels))
            .with("inputs", Value::from(nested(&self.inputs)))
            .with("vars", self.variables())
    }

    /// Whether it is known to come to a handful of task runs: nothing in it holds, repeats or starts others.
    pub fn is_short(&self) -> bool {
        let is_single = |task: &PlannedTask| task.task.block.is_none() && task.work != Work::Core(CoreType::Subflow);
        self.tasks.len() <= SHORT && self.tasks.iter().all(is_single)
    }

    /// The variables of the flow, their own expressions as they are written.
    pub fn variables(&self) -> Value {
        variables_of(&self.flow)
    }
}

fn variables_of(flow: &Flow) -> Value {
    let variables = flow.variables.iter();
    variables
        .map(|(name, value)| (name.as_str(), Value::from(value.source())))
        .collect()
}

/// Binds the inputs and resolves the task types. All that keeps the flow from running is answered at once.
pub fn build(flow: Arc<Flow>, request: PlanRequest<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let bound = inputs::bind(&flow, &request, &mut findings);
    let (program, tasks) = shape::lay_out(&flow, &request, &mut findings);
    let labels = match findings.is_empty() {
        true => labels::render(&flow, &bound.recorded, &request, &mut findings),
        false => JsonMap::new(),
    };
    match findings.is_empty() {
        true => Ok(Plan {
            execution: request.execution,
            labels: labels.into_iter().chain(request.labels).collect(),
            inputs: bound.values,
            recorded_inputs: bound.recorded,
            secret_inputs: bound.secrets,
            tasks,
            program: Arc::new(program),
            flow,
        }),
        false => Err(findings),
    }
}
