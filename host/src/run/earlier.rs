//! What an execution did before it was paused or interrupted, so that it goes on without doing it again.

use std::collections::{HashMap, VecDeque};

use super::execution::Runner;
use crate::model::{ExecutionId, Json, JsonMap, Origin, PluginReference, State, TaskId, TaskRunId, Timestamp};
use crate::plan::{BlockShape, Plan, TaskBlock, Work};

/// A task run as it was recorded.
#[derive(Debug, Clone)]
pub struct EarlierRun {
    pub id: TaskRunId,
    pub task: TaskId,
    /// The values of the loops around it, the outermost first.
    pub values: Vec<String>,
    pub state: State,
    pub outputs: JsonMap,
    /// What it decided when it began, where it holds tasks.
    pub decision: Option<Json>,
}

impl EarlierRun {
    /// Whether it ended without beginning what it holds.
    pub(super) fn ended_unopened(&self, block: &TaskBlock) -> bool {
        let decides = matches!(
            block.shape,
            BlockShape::If | BlockShape::Switch { .. } | BlockShape::Each { .. }
        );
        self.state == State::Skipped || (self.state.is_terminal() && decides && self.decision.is_none())
    }
}

/// An execution to be done again.
#[derive(Debug, Clone)]
pub struct Again {
    pub origin: Origin,
    /// What was kept of it.
    pub kept: Earlier,
    /// It, and the executions that it did again itself.
    pub executions: Vec<ExecutionId>,
}

/// The plugins that the tasks of a plan need, each once.
pub(super) fn needed_plugins(runner: &Runner, plan: &Plan) -> Vec<PluginReference> {
    let mut found: Vec<PluginReference> = Vec::new();
    for task in &plan.tasks {
        let Work::Plugin(name) = &task.work else { continue };
        let Some(plugin) = runner.registry.find(name) else {
            continue;
        };
        if !found.contains(&plugin.reference) {
            found.push(plugin.reference.clone());
        }
    }
    found
}

/// The task runs of an execution so far.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub execution: ExecutionId,
    pub start: Timestamp,
    /// Labels that the execution got while it ran, and those it began with.
    pub labels: JsonMap,
    /// What was given to go on with, for the task that waits for it.
    pub on_resume: JsonMap,
    /// The executions that it does again, whose files it may read.
    pub origins: Vec<ExecutionId>,
    runs: HashMap<(TaskId, Vec<String>), VecDeque<EarlierRun>>,
}

impl Earlier {
    /// Takes the task runs in the order they began.
    pub fn new(
        execution: ExecutionId,
        start: Timestamp,
        labels: JsonMap,
        on_resume: JsonMap,
        runs: impl IntoIterator<Item = EarlierRun>,
    ) -> Self {
        let mut by_place: HashMap<_, VecDeque<EarlierRun>> = HashMap::new();
        for run in runs {
            by_place
                .entry((run.task.clone(), run.values.clone()))
                .or_default()
                .push_back(run);
        }
        Self {
            execution,
            start,
            labels,
            on_resume,
            origins: Vec::new(),
            runs: by_place,
        }
    }

    /// The same, of an execution that does these again.
    pub fn of(self, origins: Vec<ExecutionId>) -> Self {
        Self { origins, ..self }
    }

    /// Whether every run was taken.
    pub(super) fn is_through(&self) -> bool {
        self.runs.values().all(VecDeque::is_empty)
    }

    /// The runs that had not ended and were not taken.
    pub(super) fn take_unfinished(&mut self) -> Vec<EarlierRun> {
        let mut left: Vec<EarlierRun> = self.runs.drain().flat_map(|(_, runs)| runs).collect();
        left.retain(|run| !run.state.is_terminal());
        left.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
        left
    }

    /// The next run of a task for these values, taken out.
    pub(super) fn take(&mut self, task: &TaskId, values: &[String]) -> Option<EarlierRun> {
        self.runs.get_mut(&(task.clone(), values.to_vec()))?.pop_front()
    }
}
