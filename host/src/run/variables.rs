//! What expressions see while a flow runs.

use serde_json::json;

use super::surroundings::OwnSurroundings;
use crate::expr::{Scope, Value};
use crate::model::{CatalogReader, ExecutionId, Json, JsonMap, Namespace, State, Timestamp, clock};
use crate::plan::{Plan, nested};

/// The variables of one execution. Outputs and states are added as tasks end.
pub(super) struct Variables {
    flow: Value,
    execution: Value,
    inputs: Value,
    labels: Value,
    vars: Value,
    outputs: Value,
    /// The state of each task that has ended.
    tasks: Value,
    namespace: Namespace,
}

/// What belongs to one task run: `task`, `taskrun`, and `item`, `parent` and `parents` where there are any.
pub(super) type OwnVariables = Vec<(&'static str, Value)>;

/// The variables as one task run sees them, whatever happens meanwhile.
#[derive(Clone)]
pub(super) struct Snapshot {
    variables: Vec<(&'static str, Value)>,
    namespace: Namespace,
}

impl Variables {
    pub(super) fn new(plan: &Plan, start: Timestamp, original: &ExecutionId) -> Self {
        let flow = &plan.flow;
        let execution = json!({"id": plan.execution, "startDate": start, "state": "RUNNING", "originalId": original});
        Self {
            flow: Value::from(json!({"id": flow.id, "namespace": flow.namespace})),
            execution: Value::from(execution),
            inputs: Value::from(nested(&plan.inputs)),
            labels: Value::from(&plan.labels),
            vars: plan.variables(),
            outputs: Value::from(JsonMap::new()),
            tasks: Value::from(JsonMap::new()),
            namespace: flow.namespace.clone(),
        }
    }

    /// Keeps what a task run gave and how it ended. `values` are those of the loops around it, the outermost first.
    pub(super) fn keep(&mut self, task: &str, values: &[&str], outputs: &JsonMap, state: State) {
        let path: Vec<&str> = std::iter::once(task).chain(values.iter().copied()).collect();
        if !outputs.is_empty() {
            self.outputs.insert_at(&path, Value::from(outputs));
        }
        self.tasks
            .insert_at(&[path.as_slice(), &["state"]].concat(), Value::from(state.name()));
    }

    pub(super) fn add_labels(&mut self, labels: &JsonMap) {
        for (key, value) in labels {
            self.labels.insert_at(&[key], Value::from(value));
        }
    }

    pub(super) fn set(&mut self, name: &str, value: &Json) {
        self.vars.insert_at(&[name], Value::from(value));
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.vars.remove(name);
    }

    pub(super) fn set_state(&mut self, state: State) {
        self.execution.insert_at(&["state"], Value::from(state.name()));
    }

    /// What a task run sees. Outputs and states are left out where it cannot read them, so that those of a large loop
    /// are not copied whenever one of its runs ends.
    pub(super) fn snapshot(&self, own: OwnVariables, with_outputs: bool) -> Snapshot {
        let mut variables = vec![
            ("flow", self.flow.clone()),
            ("execution", self.execution.clone()),
            ("inputs", self.inputs.clone()),
            ("labels", self.labels.clone()),
            ("vars", self.vars.clone()),
            ("envs", Value::from(JsonMap::new())),
        ];
        variables.extend(own);
        if with_outputs {
            variables.push(("outputs", self.outputs.clone()));
            variables.push(("tasks", self.tasks.clone()));
        }
        Snapshot {
            variables,
            namespace: self.namespace.clone(),
        }
    }
}

impl Snapshot {
    /// One of the variables.
    pub(super) fn variable(&self, name: &str) -> Option<&Value> {
        self.variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The scope that templates are rendered in.
    pub(super) fn scope<'a>(&'a self, catalog: &'a dyn CatalogReader, surroundings: &'a OwnSurroundings) -> Scope<'a> {
        let mut scope = Scope::new(clock::now())
            .with_catalog(catalog)
            .with_namespace(&self.namespace)
            .with_surroundings(surroundings);
        for (name, value) in &self.variables {
            scope.set(*name, value.clone());
        }
        scope
    }

    /// The same at a later attempt.
    pub(super) fn at_attempt(mut self, attempt: u32) -> Self {
        if let Some((_, taskrun)) = self.variables.iter_mut().find(|(name, _)| *name == "taskrun") {
            taskrun.insert_at(&["attemptsCount"], Value::from(i64::from(attempt)));
        }
        self
    }

    /// The same with what the task run itself gave among the outputs.
    pub(super) fn with_own_outputs(mut self, task: &str, values: &[&str], outputs: &JsonMap) -> Self {
        let path: Vec<&str> = std::iter::once(task).chain(values.iter().copied()).collect();
        let mut all = match self.variables.iter().position(|(name, _)| *name == "outputs") {
            Some(place) => self.variables.remove(place).1,
            None => Value::from(JsonMap::new()),
        };
        all.insert_at(&path, Value::from(outputs));
        if !values.is_empty() {
            // Its own outputs are also where a task finds them that is in no loop.
            for (key, value) in outputs {
                all.insert_at(&[task, key], Value::from(value));
            }
        }
        self.variables.push(("outputs", all));
        self
    }
}
