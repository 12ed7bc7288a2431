//! Tasks that hold other tasks: which lists they hold and how those follow one another.

use std::sync::Arc;

use super::core_type::CoreType;
use super::fields::{Fields, plain_text, unknown_key, wrong_kind};
use super::task::{Reader, Task};
use super::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, Span, closest};

/// The tasks within a task.
#[derive(Debug, Clone)]
pub struct TaskBlock {
    pub shape: BlockShape,
    /// `If` has two lists, `then` and `else`; `Switch` one for each case and one for `defaults`; all others have one.
    pub branches: Vec<Vec<Arc<Task>>>,
    /// What runs when one of the tasks failed.
    pub errors: Vec<Arc<Task>>,
    /// What runs at the end, whatever happened.
    pub finally: Vec<Arc<Task>>,
}

/// How the tasks of a block follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockShape {
    Sequence,
    /// At most so many at once; 0 is no limit.
    Parallel {
        limit: usize,
    },
    If,
    /// The names of the cases; the list of `defaults` comes after theirs.
    Switch {
        cases: Vec<String>,
    },
    /// At most so many values at once; 0 is no limit.
    Each {
        limit: usize,
    },
    /// For each task, the places of those it depends on; at most so many at once, 0 is no limit.
    Graph {
        waits_for: Vec<Vec<usize>>,
        limit: usize,
    },
    Until,
}

impl TaskBlock {
    /// Reads the lists of a block; nothing for types that hold none.
    pub(super) fn read(core_type: CoreType, fields: &mut Fields<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if !core_type.is_block() {
            return None;
        }
        let name = core_type.name();
        let (shape, branches) = match core_type {
            CoreType::If => {
                let then = tasks(fields, "then", name, reader);
                let otherwise = reader.list(fields, "else");
                (BlockShape::If, vec![then, otherwise])
            }
            CoreType::Switch => switch(fields, reader),
            CoreType::Dag => graph(fields, reader),
            CoreType::Parallel => {
                let limit = limit(fields, "concurrent", 0);
                (
                    BlockShape::Parallel { limit },
                    vec![tasks(fields, "tasks", name, reader)],
                )
            }
            CoreType::ForEach | CoreType::Loop => {
                let limit = limit(fields, "concurrencyLimit", 1);
                (BlockShape::Each { limit }, vec![tasks(fields, "tasks", name, reader)])
            }
            CoreType::LoopUntil => (BlockShape::Until, vec![tasks(fields, "tasks", name, reader)]),
            _ => (BlockShape::Sequence, vec![tasks(fields, "tasks", name, reader)]),
        };
        Some(Self {
            shape,
            branches,
            errors: reader.list(fields, "errors"),
            finally: reader.list(fields, "finally"),
        })
    }

    /// Every list of tasks, with its name: those of the branches first.
    pub fn lists(&self) -> impl Iterator<Item = (String, &[Arc<Task>])> {
        let name = |place: usize| match &self.shape {
            BlockShape::If => ["then", "else"][place].to_owned(),
            BlockShape::Switch { cases } => cases.get(place).cloned().unwrap_or_else(|| "defaults".to_owned()),
            _ => "tasks".to_owned(),
        };
        let branches = self.branches.iter().enumerate();
        let branches = branches.map(move |(place, tasks)| (name(place), tasks.as_slice()));
        branches.chain([
            ("errors".to_owned(), self.errors.as_slice()),
            ("finally".to_owned(), self.finally.as_slice()),
        ])
    }
}

/// A limit on how many run at once. The schema of the type has checked it; it stays for that check.
fn limit(fields: &Fields<'_>, name: &str, default: usize) -> usize {
    match fields.peek(name).map(|node| &node.kind) {
        Some(NodeKind::Scalar(value)) => value
            .as_u64()
            .map_or(default, |limit| usize::try_from(limit).unwrap_or(0)),
        _ => default,
    }
}

/// A list of tasks that must be there.
fn tasks(fields: &mut Fields<'_>, key: &str, name: &str, reader: &mut Reader<'_>) -> Vec<Arc<Task>> {
    let is_missing = match fields.peek(key).map(|node| &node.kind) {
        None => true,
        Some(NodeKind::List(items)) => items.is_empty(),
        Some(_) => false,
    };
    if is_missing {
        let message = format!("the `{name}` task has no `{key}`");
        reader
            .findings
            .push(Diagnostic::error("missing-key", message, fields.span));
    }
    reader.list(fields, key)
}

fn switch(fields: &mut Fields<'_>, reader: &mut Reader<'_>) -> (BlockShape, Vec<Vec<Arc<Task>>>) {
    let (mut cases, mut branches) = (Vec::new(), Vec::new());
    let start = fields.span;
    match fields.given("cases").map(|(_, node)| node) {
        Some(Node {
            kind: NodeKind::Map(entries),
            ..
        }) => {
            for (key, node) in entries {
                cases.push(key.name.clone());
                branches.push(reader.tasks(&format!("the case `{}`", key.name), node));
            }
        }
        Some(node) => reader
            .findings
            .push(wrong_kind("`cases`", "a map of lists of tasks", node)),
        None if !fields.has("defaults") => {
            let message = "the `switch` task has neither `cases` nor `defaults`";
            reader.findings.push(Diagnostic::error("missing-key", message, start));
        }
        None => {}
    }
    branches.push(reader.list(fields, "defaults"));
    (BlockShape::Switch { cases }, branches)
}

/// The tasks of a `Dag`, each a map of `task` and `dependsOn`.
fn graph(fields: &mut Fields<'_>, reader: &mut Reader<'_>) -> (BlockShape, Vec<Vec<Arc<Task>>>) {
    let limit = limit(fields, "concurrent", 0);
    let start = fields.span;
    let mut tasks: Vec<Arc<Task>> = Vec::new();
    let mut wanted: Vec<Vec<(String, Span)>> = Vec::new();
    let items = fields.list("tasks", reader.findings).unwrap_or_default();
    if items.is_empty() {
        let message = "the `dag` task has no `tasks`";
        reader.findings.push(Diagnostic::error("missing-key", message, start));
    }
    for item in items {
        let Some(mut entry) = Fields::of(item, "a task of a `dag`", reader.findings) else {
            continue;
        };
        let Some((_, node)) = entry.given("task") else {
            let message = "the entry has no `task`";
            let finding = Diagnostic::error("missing-key", message, entry.span);
            reader
                .findings
                .push(finding.with_hint("write `- task: {…}` and, beside it, `dependsOn: [ID]`"));
            continue;
        };
        let depends_on = entry.list("dependsOn", reader.findings).unwrap_or_default();
        let ids = depends_on
            .iter()
            .filter_map(|node| Some((plain_text(node)?, node.span)));
        let ids = ids.collect();
        let Some(task) = reader.task(node) else { continue };
        tasks.push(Arc::new(task));
        wanted.push(ids);
        for (key, _) in entry.rest() {
            let finding = unknown_key("key of a `dag` task", key, ["task", "dependsOn"].into_iter());
            reader.findings.push(finding);
        }
    }
    let place_of = |id: &str| tasks.iter().position(|task| task.id.as_str() == id);
    let mut waits_for = vec![Vec::new(); tasks.len()];
    for (place, ids) in wanted.iter().enumerate() {
        for (id, span) in ids {
            match place_of(id) {
                Some(other) if !waits_for[place].contains(&other) => waits_for[place].push(other),
                Some(_) => {}
                None => reader.findings.push(unknown_dependency(id, *span, &tasks)),
            }
        }
    }
    if let Some(place) = on_a_circle(&waits_for) {
        let task = &tasks[place];
        let message = format!("the task `{}` depends on itself, directly or through others", task.id);
        reader
            .findings
            .push(Diagnostic::error("dependency-cycle", message, task.span));
    }
    (BlockShape::Graph { waits_for, limit }, vec![tasks])
}

fn unknown_dependency(id: &str, span: Span, tasks: &[Arc<Task>]) -> Diagnostic {
    let finding = Diagnostic::error("unknown-task", format!("`{id}` is no task of this `dag`"), span);
    match closest(id, tasks.iter().map(|task| task.id.as_str())) {
        Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
        None => finding,
    }
}

/// A place that waits for itself.
fn on_a_circle(waits_for: &[Vec<usize>]) -> Option<usize> {
    let mut waiting: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..waiting.len()).filter(|place| waiting[*place] == 0).collect();
    while let Some(done) = ready.pop() {
        for (place, others) in waits_for.iter().enumerate() {
            if others.contains(&done) {
                waiting[place] -= 1;
                if waiting[place] == 0 {
                    ready.push(place);
                }
            }
        }
    }
    waiting.iter().position(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use super::on_a_circle;

    #[test]
    fn circles_are_found() {
        assert_eq!(on_a_circle(&[vec![], vec![0], vec![0, 1]]), None);
        assert_eq!(on_a_circle(&[vec![], vec![2], vec![1]]), Some(1));
        assert_eq!(on_a_circle(&[vec![0]]), Some(0));
    }
}
