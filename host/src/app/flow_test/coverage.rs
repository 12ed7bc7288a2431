//! Which tasks and branches of a flow its tests have reached.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::flow::{BlockShape, Flow, Task, is_truthy};
use crate::model::{CoverageView, CoveredView, ExecutionDetailView, Json, State, TaskRunView};

/// What there is in a flow, and whether it was reached.
pub(super) struct Coverage {
    flow: Arc<Flow>,
    tasks: IndexMap<String, bool>,
    branches: IndexMap<String, bool>,
}

impl Coverage {
    pub(super) fn new(flow: Arc<Flow>) -> Self {
        let mut coverage = Self {
            flow: flow.clone(),
            tasks: IndexMap::new(),
            branches: IndexMap::new(),
        };
        for (name, list) in flow.lists() {
            if name != "tasks" && !list.is_empty() {
                coverage.branches.insert(name.to_owned(), false);
            }
            coverage.list(list);
        }
        coverage
    }

    fn list(&mut self, tasks: &[Arc<Task>]) {
        for task in tasks.iter().filter(|task| !task.settings.disabled) {
            let id = &task.id;
            self.tasks.insert(id.to_string(), false);
            if task.settings.run_if.is_some() {
                self.branches.insert(format!("{id}: runIf is true"), false);
                self.branches.insert(format!("{id}: runIf is false"), false);
            }
            let Some(block) = &task.block else { continue };
            for (name, list) in block.lists() {
                if is_branch(&block.shape, &name, list) {
                    self.branches.insert(format!("{id}: {name}"), false);
                }
                self.list(list);
            }
        }
    }

    /// Takes in what an execution reached.
    pub(super) fn add(&mut self, detail: &ExecutionDetailView) {
        let flow = self.flow.clone();
        let has_run = |task: &Arc<Task>| {
            let mut runs = detail.tasks.iter().filter(|run| run.task_id == task.id);
            runs.any(|run| run.state != State::Skipped)
        };
        for (name, list) in flow.lists() {
            if list.iter().any(has_run) {
                self.reach_branch(name);
            }
        }
        for task in flow.all_tasks() {
            let runs = detail.tasks.iter().filter(|run| run.task_id == task.id);
            for run in runs {
                self.reach(task, run);
            }
            let Some(block) = &task.block else { continue };
            for (name, list) in block.lists() {
                if list.iter().any(has_run) {
                    self.reach_branch(&format!("{}: {name}", task.id));
                }
            }
        }
    }

    fn reach(&mut self, task: &Task, run: &TaskRunView) {
        let id = &task.id;
        let is_skipped = run.state == State::Skipped;
        self.reach_branch(&format!("{id}: runIf is {}", !is_skipped));
        if is_skipped {
            return;
        }
        if let Some(reached) = self.tasks.get_mut(id.as_str()) {
            *reached = true;
        }
        // A branch may hold nothing, and is reached all the same.
        if let (Some(block), Some(decision)) = (&task.block, &run.decision) {
            let name = match &block.shape {
                BlockShape::If => Some(if is_truthy(decision) { "then" } else { "else" }.to_owned()),
                BlockShape::Switch { cases } => Some(case(cases, decision)),
                _ => None,
            };
            if let Some(name) = name {
                self.reach_branch(&format!("{id}: {name}"));
            }
        }
    }

    fn reach_branch(&mut self, name: &str) {
        if let Some(reached) = self.branches.get_mut(name) {
            *reached = true;
        }
    }

    pub(super) fn view(&self, flow: &Path) -> CoverageView {
        CoverageView {
            flow: flow.display().to_string(),
            tasks: covered(&self.tasks),
            branches: covered(&self.branches),
        }
    }
}

fn is_branch(shape: &BlockShape, name: &str, list: &[Arc<Task>]) -> bool {
    match name {
        "errors" | "finally" => !list.is_empty(),
        _ => matches!(shape, BlockShape::If | BlockShape::Switch { .. }),
    }
}

fn case(cases: &[String], decision: &Json) -> String {
    let value = decision.as_str().map_or_else(|| decision.to_string(), str::to_owned);
    match cases.contains(&value) {
        true => value,
        false => "defaults".to_owned(),
    }
}

fn covered(all: &IndexMap<String, bool>) -> CoveredView {
    let missing = all.iter().filter(|(_, reached)| !**reached);
    CoveredView {
        total: all.len(),
        covered: all.values().filter(|reached| **reached).count(),
        missing: missing.map(|(name, _)| name.clone()).collect(),
    }
}
