//! What expressions see while a flow runs.

use serde_json::json;

use crate::expr::{Scope, Value};
use crate::model::{CatalogReader, JsonMap, Namespace, TaskRunId, Timestamp};
use crate::plan::{Plan, Task, nested};

/// The variables of one execution. Those of the task at hand come and go; outputs stay.
pub(super) struct Variables {
    /// What is the same for all tasks.
    fixed: Vec<(&'static str, Value)>,
    /// What belongs to the task at hand.
    task: Vec<(&'static str, Value)>,
    outputs: Vec<(String, Value)>,
    namespace: Namespace,
}

impl Variables {
    pub(super) fn new(plan: &Plan, start: Timestamp) -> Self {
        let flow = &plan.flow;
        let fixed = vec![
            ("flow", Value::from(json!({"id": flow.id, "namespace": flow.namespace}))),
            (
                "execution",
                Value::from(json!({"id": plan.execution, "startDate": start, "state": "RUNNING"})),
            ),
            ("inputs", Value::from(nested(&plan.inputs))),
            ("labels", Value::from(&flow.labels)),
        ];
        Self {
            fixed,
            task: Vec::new(),
            outputs: Vec::new(),
            namespace: flow.namespace.clone(),
        }
    }

    /// Begins a task run.
    pub(super) fn enter(&mut self, task: &Task, id: &TaskRunId, start: Timestamp) {
        self.task = vec![
            ("task", Value::from(json!({"id": task.id, "type": task.task_type}))),
            (
                "taskrun",
                Value::from(json!({"id": id, "startDate": start, "attemptsCount": 1})),
            ),
        ];
    }

    /// Ends a task run; its outputs stay.
    pub(super) fn leave(&mut self, task: &Task, outputs: JsonMap) {
        self.task.clear();
        if !outputs.is_empty() {
            self.outputs.push((task.id.to_string(), Value::from(outputs)));
        }
    }

    /// What the task at hand sees before it has run.
    pub(super) fn scope<'a>(&self, catalog: &'a dyn CatalogReader, namespace: &'a Namespace) -> Scope<'a> {
        let outputs = self
            .outputs
            .iter()
            .map(|(task, value)| (task.as_str(), value.clone()))
            .collect();
        self.with_outputs(outputs, catalog).with_namespace(namespace)
    }

    /// What the task at hand sees after it has run.
    pub(super) fn scope_with_outputs<'a>(
        &'a self,
        task: &Task,
        own: &JsonMap,
        catalog: &'a dyn CatalogReader,
    ) -> Scope<'a> {
        let earlier = self.outputs.iter().map(|(task, value)| (task.as_str(), value.clone()));
        let outputs = earlier.chain([(task.id.as_str(), Value::from(own))]).collect();
        self.with_outputs(outputs, catalog).with_namespace(&self.namespace)
    }

    fn with_outputs<'a>(&self, outputs: Value, catalog: &'a dyn CatalogReader) -> Scope<'a> {
        let mut scope = Scope::new(Timestamp::now()).with_catalog(catalog);
        for (name, value) in self.fixed.iter().chain(&self.task) {
            scope.set(*name, value.clone());
        }
        scope.with("outputs", outputs)
    }
}
