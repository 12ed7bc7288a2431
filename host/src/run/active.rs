//! A task run at work: who it is, where it stands, and what its expressions see of that.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use super::lines::Lines;
use super::schedule::RunKey;
use super::variables::OwnVariables;
use super::workplace::Workplace;
use crate::expr::Value;
use crate::model::{Actor, JsonMap, TaskRunId, Timestamp};
use crate::plan::{Place, Task};

/// A task run that has begun.
pub(super) struct Active {
    pub place: Place,
    pub id: TaskRunId,
    pub parent: Option<RunKey>,
    pub start: Timestamp,
    pub actor: Arc<Actor>,
    pub lines: Lines,
    /// The value of the loop that directly holds it.
    pub value: Option<Arc<str>>,
    /// The values of all loops around it, the outermost first.
    pub values: Vec<Arc<str>>,
    /// Which value that is, from 0.
    pub iteration: Option<usize>,
    /// What `item` is: the loop around it at its value.
    pub item: Option<Value>,
    /// The values of the loop that it is itself.
    pub each: Vec<Value>,
    /// What it gives, where it is a block.
    pub outputs: JsonMap,
    pub passes: Passes,
    /// What it gave when it ended, where it did so before the execution was gone on with.
    pub earlier: Option<JsonMap>,
    /// The folder that it shares with others.
    pub workplace: Option<Arc<Workplace>>,
}

/// How often the tasks of a repeated block have run, and since when.
#[derive(Debug)]
pub(super) struct Passes {
    pub count: u64,
    pub begin: Instant,
}

impl Passes {
    pub(super) fn none() -> Self {
        Self {
            count: 0,
            begin: Instant::now(),
        }
    }
}

impl Active {
    /// `taskrun` as expressions see it.
    pub(super) fn taskrun(&self, parent: Option<&TaskRunId>) -> Value {
        let mut taskrun = json!({"id": self.id, "startDate": self.start, "attemptsCount": 1});
        if let Some(parent) = parent {
            taskrun["parentId"] = json!(parent);
        }
        if let Some(value) = &self.value {
            taskrun["value"] = json!(value.as_ref());
        }
        if let Some(iteration) = self.iteration {
            taskrun["iteration"] = json!(iteration);
        }
        Value::from(taskrun)
    }

    /// What only this task run sees; `parents` are those that hold it, the nearest first.
    pub(super) fn own(&self, task: &Task, parents: &[(TaskRunId, Value)]) -> OwnVariables {
        let mut own: OwnVariables = vec![
            ("task", Value::from(json!({"id": task.id, "type": task.task_type}))),
            ("taskrun", self.taskrun(parents.first().map(|(id, _)| id))),
        ];
        let parents: Vec<Value> = parents
            .iter()
            .map(|(_, taskrun)| [("taskrun", taskrun.clone())].into_iter().collect())
            .collect();
        if let Some(parent) = parents.first() {
            own.push(("parent", parent.clone()));
        }
        own.push(("parents", Value::list(parents)));
        if let Some(item) = &self.item {
            own.push(("item", item.clone()));
        }
        own
    }
}
