//! From the tree of tasks that a flow writes to the places and blocks that run.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::PlanRequest;
use super::program::{Block, Place, Program, Shape, Spec};
use crate::flow::{BlockShape, CoreType, Flow, Property, Task, TaskBlock, TaskFixture, Wanted};
use crate::model::{Diagnostic, TaskId};

/// A task of a plan.
#[derive(Debug, Clone)]
pub struct PlannedTask {
    pub task: Arc<Task>,
    pub work: Work,
    /// What kinds of values its type takes for each property the flow gives.
    pub wanted: IndexMap<String, Wanted>,
    /// Whether its expressions may read what other tasks gave.
    pub reads_outputs: bool,
    /// What it comes to, where a test says so and nobody does the work.
    pub fixture: Option<Arc<TaskFixture>>,
}

/// Who does the work of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The plugin that provides the type of this short name.
    Plugin(String),
    /// begat itself.
    Core(CoreType),
    /// Nobody: what would be done is recorded, and marked as such.
    Stub,
}

/// Which tasks are stood in for.
#[derive(Debug, Clone, Default)]
pub struct Stubs {
    /// Task types by any of their names.
    pub task_types: Vec<String>,
    /// Whether tasks whose type nobody provides are.
    pub missing: bool,
    /// What single tasks come to, by their ids.
    pub tasks: BTreeMap<TaskId, Arc<TaskFixture>>,
}

/// Lays out all tasks of a flow that are not disabled.
pub(super) fn lay_out(
    flow: &Flow,
    request: &PlanRequest<'_>,
    findings: &mut Vec<Diagnostic>,
) -> (Program, Vec<PlannedTask>) {
    let mut layout = Layout {
        request,
        findings,
        specs: Vec::new(),
        tasks: Vec::new(),
    };
    let root = Block {
        shape: Shape::Sequence,
        branches: vec![layout.list(&flow.tasks)],
        errors: layout.list(&flow.errors),
        finally: layout.list(&flow.finally),
    };
    let after = layout.list(&flow.after_execution);
    let program = Program {
        tasks: layout.specs,
        root,
        after,
    };
    (program, layout.tasks)
}

struct Layout<'a, 'f> {
    request: &'a PlanRequest<'a>,
    findings: &'f mut Vec<Diagnostic>,
    specs: Vec<Spec>,
    tasks: Vec<PlannedTask>,
}

impl Layout<'_, '_> {
    fn list(&mut self, tasks: &[Arc<Task>]) -> Vec<Place> {
        let enabled = tasks.iter().filter(|task| !task.settings.disabled);
        enabled.map(|task| self.place(task)).collect()
    }

    fn place(&mut self, task: &Arc<Task>) -> Place {
        let place = self.tasks.len();
        let fixture = self.request.stubs.tasks.get(&task.id).filter(|_| task.block.is_none());
        let work = match fixture {
            Some(_) => Work::Stub,
            None => self.work(task),
        };
        let found = match &work {
            Work::Core(core_type) => Some(core_type.task_type()),
            Work::Plugin(name) => self.request.task_types.iter().find(|found| found.name == *name),
            Work::Stub => None,
        };
        let wanted = task.properties.keys().map(|name| {
            let wanted = found.map_or(Wanted::ANYTHING, |found| Wanted::of(found, name));
            (name.clone(), wanted)
        });
        self.tasks.push(PlannedTask {
            task: task.clone(),
            work,
            wanted: wanted.collect(),
            reads_outputs: reads_outputs(task),
            fixture: fixture.cloned(),
        });
        self.specs.push(Spec {
            block: None,
            allow_failure: task.settings.allow_failure || task.core_type == Some(CoreType::AllowFailure),
            allow_warning: task.settings.allow_warning,
        });
        if let Some(block) = &task.block {
            self.specs[place].block = Some(self.block(block));
        }
        place
    }

    fn work(&mut self, task: &Task) -> Work {
        let stubs = &self.request.stubs;
        if let Some(core_type) = task.core_type {
            return Work::Core(core_type);
        }
        let found = self
            .request
            .task_types
            .iter()
            .find(|found| found.answers_to(&task.task_type));
        let is_stubbed = stubs.task_types.iter().any(|name| match found {
            Some(found) => found.answers_to(name),
            None => *name == task.task_type,
        });
        match found {
            _ if is_stubbed => Work::Stub,
            Some(found) => Work::Plugin(found.name.clone()),
            None => {
                if !stubs.missing {
                    let message = format!("unknown task type `{}`", task.task_type);
                    self.findings
                        .push(Diagnostic::error("unknown-task-type", message, task.span));
                }
                Work::Stub
            }
        }
    }

    fn block(&mut self, block: &TaskBlock) -> Block {
        let shape = match &block.shape {
            BlockShape::Sequence => Shape::Sequence,
            BlockShape::If | BlockShape::Switch { .. } => Shape::Choice,
            BlockShape::Parallel { limit } => Shape::Parallel { limit: *limit },
            BlockShape::Each { limit } => Shape::Each { limit: *limit },
            BlockShape::Until => Shape::Until,
            BlockShape::Graph { waits_for, limit } => Shape::Graph {
                waits_for: without_disabled(&block.branches[0], waits_for),
                limit: *limit,
            },
        };
        Block {
            shape,
            branches: block.branches.iter().map(|branch| self.list(branch)).collect(),
            errors: self.list(&block.errors),
            finally: self.list(&block.finally),
        }
    }
}

/// The dependencies among the tasks that are enabled: who waits for a disabled task waits for what that waits for.
fn without_disabled(tasks: &[Arc<Task>], waits_for: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let is_enabled = |place: &usize| !tasks[*place].settings.disabled;
    let enabled: Vec<usize> = (0..tasks.len()).filter(is_enabled).collect();
    let wait = |place: &usize| {
        let (mut found, mut seen) = (Vec::new(), vec![false; tasks.len()]);
        let mut open = waits_for[*place].clone();
        while let Some(other) = open.pop() {
            if std::mem::replace(&mut seen[other], true) {
                continue;
            }
            match enabled.binary_search(&other) {
                Ok(new) => found.push(new),
                Err(_) => open.extend(&waits_for[other]),
            }
        }
        found
    };
    enabled.iter().map(wait).collect()
}

/// Whether a template names anything through which outputs or states of other tasks are reached.
fn reads_outputs(task: &Task) -> bool {
    let assets = task.assets.iter().flat_map(|assets| assets.texts());
    task.texts().into_iter().chain(assets).any(|text| {
        let source = text.template.source();
        let words = ["outputs", "tasks", "render", "vars", "parent"];
        text.template.literal().is_none() && words.iter().any(|word| source.contains(word))
    })
}

impl PlannedTask {
    /// The property of that name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.task.properties.get(name)
    }
}
