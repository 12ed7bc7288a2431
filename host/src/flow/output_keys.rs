//! Whether a task gives the outputs that expressions read of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::block::{BlockShape, TaskBlock};
use super::core_type::CoreType;
use super::input::Input;
use super::property::Property;
use super::references::{Fault, input_of, near};
use super::schema;
use super::task::Task;
use crate::model::{Json, TaskType};

/// What each task of a flow gives.
pub(super) struct OutputKeys<'a> {
    givers: HashMap<&'a str, Giver<'a>>,
}

/// A task that gives outputs.
struct Giver<'a> {
    task: &'a Task,
    /// The schema of its outputs; nothing where no plugin provides its type.
    schema: Option<&'a Json>,
    /// In a loop the outputs of each run have a place of their own, named by its value.
    in_loop: bool,
    /// Whether tasks after it run although it failed.
    may_fail: bool,
}

/// What is around a task.
#[derive(Clone, Copy, Default)]
struct Around {
    in_loop: bool,
    may_fail: bool,
}

impl<'a> OutputKeys<'a> {
    /// Gathers what the tasks of these lists give.
    pub(super) fn of(lists: [&'a [Arc<Task>]; 4], task_types: &'a [TaskType]) -> Self {
        let mut keys = Self { givers: HashMap::new() };
        for list in lists {
            keys.gather(list, Around::default(), task_types);
        }
        keys
    }

    fn gather(&mut self, tasks: &'a [Arc<Task>], around: Around, task_types: &'a [TaskType]) {
        for task in tasks {
            let described = match task.core_type {
                Some(core_type) => Some(core_type.task_type()),
                None => task_types.iter().find(|t| t.answers_to(&task.task_type)),
            };
            let giver = Giver {
                task,
                schema: described.map(|described| &*described.outputs),
                in_loop: around.in_loop,
                may_fail: around.may_fail || task.settings.allow_failure,
            };
            self.givers.insert(task.id.as_str(), giver);
            if let Some(block) = &task.block {
                self.gather_block(task, block, around, task_types);
            }
        }
    }

    fn gather_block(&mut self, task: &Task, block: &'a TaskBlock, around: Around, task_types: &'a [TaskType]) {
        let tolerates = task.core_type == Some(CoreType::AllowFailure) || task.settings.allow_failure;
        let within = Around {
            in_loop: around.in_loop || matches!(block.shape, BlockShape::Each { .. }),
            may_fail: around.may_fail || tolerates,
        };
        for branch in &block.branches {
            self.gather(branch, within, task_types);
        }
        self.gather(&block.errors, around, task_types);
        self.gather(&block.finally, around, task_types);
    }

    /// What is wrong with reading `path` from the outputs of a task. Nothing is said of what cannot be known: outputs
    /// of loops, open schemas, and what a plugin tells of a task that failed.
    pub(super) fn unknown(&self, task: &str, path: &[String], after_failures: bool) -> Option<Fault> {
        let giver = self.givers.get(task).filter(|giver| !giver.in_loop)?;
        if giver.task.core_type.is_none() && (after_failures || giver.may_fail) {
            return None;
        }
        let missing = schema::missing_key(giver.schema?, path).or_else(|| giver.unknown_of_flow(path))?;
        let key = &path[missing.depth];
        if is_address(path, missing.depth) {
            return None;
        }
        let message = match missing.depth {
            0 if missing.known.is_empty() => format!("the task `{task}` gives no outputs"),
            0 => format!("the task `{task}` gives no output `{key}`"),
            depth => format!("`outputs.{task}.{}` has no `{key}`", path[..depth].join(".")),
        };
        Some(Fault {
            hint: near(key, missing.known),
            ..Fault::of("unknown-output", message)
        })
    }

    /// What is wrong with reading `path` from the state of a task.
    pub(super) fn unknown_state(&self, task: &str, path: &[String]) -> Option<Fault> {
        self.givers.get(task).filter(|giver| !giver.in_loop)?;
        let field = path.first().filter(|field| *field != "state")?;
        let message = format!("`tasks.{task}` has no `{field}`");
        Some(Fault {
            hint: near(field, ["state"]),
            ..Fault::of("unknown-output", message)
        })
    }
}

/// Whether a key is the address of a kept file, which the host adds to what the plugin says of it.
fn is_address(path: &[String], depth: usize) -> bool {
    depth == 2 && path[0] == "outputFiles" && path[2] == "uri"
}

impl Giver<'_> {
    /// The key that the flow itself would have to name: a value of `OutputValues`, an input of `Pause`.
    fn unknown_of_flow<'p>(&'p self, path: &'p [String]) -> Option<schema::MissingKey<'p>> {
        let (_, path) = path.split_first().filter(|(_, path)| !path.is_empty())?;
        let known: Vec<&str> = match (self.task.core_type?, self.task.properties.get("values")) {
            (CoreType::OutputValues, Some(Property::Map(entries))) if !entries.contains_key(&path[0]) => {
                entries.keys().map(String::as_str).collect()
            }
            (CoreType::Pause, _) => {
                let names: Vec<&str> = self
                    .task
                    .on_resume
                    .iter()
                    .map(|input: &Input| input.id.as_str())
                    .collect();
                if input_of(&names, path).is_some() {
                    return None;
                }
                names
            }
            _ => return None,
        };
        Some(schema::MissingKey { depth: 1, known })
    }
}
