//! Whether the variables that expressions read will be there when they are rendered.

use std::sync::Arc;

use indexmap::IndexMap;

use super::block::{BlockShape, TaskBlock};
use super::core_type::CoreType;
use super::fields::plain_text;
use super::input::Input;
use super::output_keys::OutputKeys;
use super::place::Text;
use super::policies::{Check, FlowOutput, Sla, SlaRule};
use super::property::Property;
use super::task::Task;
use super::yaml::{Node, NodeKind};
use crate::expr::Reference;
use crate::model::{Diagnostic, InputId, Severity, TaskType, closest};

const ROOTS: [&str; 13] = [
    "flow",
    "execution",
    "inputs",
    "outputs",
    "labels",
    "vars",
    "task",
    "taskrun",
    "tasks",
    "parent",
    "parents",
    "envs",
    "trigger",
];
const INPUT_ROOTS: [&str; 4] = ["flow", "execution", "inputs", "labels"];
const CHECK_ROOTS: [&str; 5] = ["flow", "execution", "inputs", "labels", "vars"];
const LABEL_ROOTS: [&str; 5] = ["flow", "execution", "inputs", "vars", "trigger"];
const FIELDS: [(&str, &[&str]); 4] = [
    ("flow", &["id", "namespace"]),
    ("execution", &["id", "startDate", "state", "originalId"]),
    ("task", &["id", "type"]),
    (
        "taskrun",
        &["id", "startDate", "attemptsCount", "parentId", "value", "iteration"],
    ),
];

/// The ids that a flow gives, also to inputs and tasks that have faults of their own: naming one of those is no
/// second fault.
pub(super) struct Declared {
    inputs: Vec<String>,
    tasks: Vec<String>,
    variables: Vec<String>,
}

impl Declared {
    /// Gathers the ids.
    pub(super) fn of(root: &Node, variables: &IndexMap<String, Property>) -> Self {
        let inputs = match root.entry("inputs").map(|node| &node.kind) {
            Some(NodeKind::List(items)) => items.iter().filter_map(|item| plain_text(item.entry("id")?)).collect(),
            _ => Vec::new(),
        };
        let mut tasks = Vec::new();
        for name in ["tasks", "errors", "finally", "afterExecution"] {
            root.entry(name)
                .into_iter()
                .for_each(|node| ids_within(node, &mut tasks));
        }
        Self {
            inputs,
            tasks,
            variables: variables.keys().cloned().collect(),
        }
    }
}

/// Every `id` beside a `type`, however deep.
fn ids_within(node: &Node, ids: &mut Vec<String>) {
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| ids_within(item, ids)),
        NodeKind::Map(entries) => {
            ids.extend(node.entry("type").and_then(|_| plain_text(node.entry("id")?)));
            entries.iter().for_each(|(_, node)| ids_within(node, ids));
        }
        NodeKind::Text(..) | NodeKind::Scalar(_) => {}
    }
}

/// The parts of a flow that hold expressions.
pub(super) struct Parts<'a> {
    pub inputs: &'a [Input],
    pub variables: &'a IndexMap<String, Property>,
    pub tasks: &'a [Arc<Task>],
    pub errors: &'a [Arc<Task>],
    pub finally: &'a [Arc<Task>],
    pub after_execution: &'a [Arc<Task>],
    pub outputs: &'a [FlowOutput],
    pub checks: &'a [Check],
    pub slas: &'a [Sla],
    pub labels: &'a IndexMap<String, Property>,
    pub task_types: &'a [TaskType],
}

/// Checks every expression of a flow.
pub(super) fn check(parts: &Parts<'_>, declared: &Declared, findings: &mut Vec<Diagnostic>) {
    let names: Vec<&str> = declared.inputs.iter().map(String::as_str).collect();
    for input in parts.inputs {
        let visible: Vec<&str> = input.depends_on.iter().map(InputId::as_str).collect();
        for text in input.texts() {
            for reference in text.template.references() {
                let found =
                    check_root(&reference, &INPUT_ROOTS).or_else(|| dependency(&names, input, &visible, &reference));
                report(text, &reference, found, findings);
            }
        }
    }
    let mut walk = Walk::new(parts, declared, findings);
    walk.properties(parts.labels.values(), Some(&LABEL_ROOTS));
    for check in parts.checks {
        let texts = [Some(&check.condition), check.message.as_ref()];
        walk.properties(texts.into_iter().flatten(), Some(&CHECK_ROOTS));
    }
    walk.sequence(parts.tasks);
    walk.after_failures = true;
    walk.in_errors = true;
    walk.sequence(parts.errors);
    walk.in_errors = false;
    walk.sequence(parts.finally);
    walk.sequence(parts.after_execution);
    walk.properties(parts.variables.values(), None);
    for output in parts.outputs {
        // An output that may be missing copes with what it reads being missing.
        walk.is_optional = !output.required;
        walk.properties([&output.value].into_iter(), None);
    }
    walk.is_optional = false;
    let assertions = parts.slas.iter().filter_map(|sla| match &sla.rule {
        SlaRule::Assertion(property) => Some(property),
        SlaRule::MaxDuration(_) => None,
    });
    walk.properties(assertions, None);
}

/// Goes through the tasks in the order they run, knowing which may have run before.
struct Walk<'a, 'f> {
    declared: &'a Declared,
    inputs: Vec<&'a str>,
    /// Every task of the flow.
    all: Vec<&'a str>,
    /// The tasks whose outputs may be there.
    available: Vec<&'a str>,
    /// Whether tasks set variables that the flow does not declare.
    sets_variables: bool,
    /// How many loops are around.
    loops: usize,
    in_errors: bool,
    /// Whether tasks before may have failed.
    after_failures: bool,
    /// Whether outputs may be read that no task gives.
    is_optional: bool,
    keys: OutputKeys<'a>,
    findings: &'f mut Vec<Diagnostic>,
}

/// The tasks of a list and all that they hold.
pub(super) fn gather<'a>(tasks: &'a [Arc<Task>], found: &mut Vec<&'a Task>) {
    for task in tasks {
        found.push(task);
        for (_, list) in task.block.iter().flat_map(TaskBlock::lists) {
            gather(list, found);
        }
    }
}

impl<'a, 'f> Walk<'a, 'f> {
    fn new(parts: &Parts<'a>, declared: &'a Declared, findings: &'f mut Vec<Diagnostic>) -> Self {
        let mut all = Vec::new();
        let lists = [parts.tasks, parts.errors, parts.finally, parts.after_execution];
        for list in lists {
            gather(list, &mut all);
        }
        let sets_variables = all.iter().any(|task| task.core_type == Some(CoreType::SetVariables));
        Self {
            declared,
            inputs: declared.inputs.iter().map(String::as_str).collect(),
            all: all.iter().map(|task| task.id.as_str()).collect(),
            available: Vec::new(),
            sets_variables,
            loops: 0,
            in_errors: false,
            after_failures: false,
            is_optional: false,
            keys: OutputKeys::of(lists, parts.task_types),
            findings,
        }
    }

    /// Tasks one after the other. Afterwards they are available.
    fn sequence(&mut self, tasks: &'a [Arc<Task>]) {
        for task in tasks {
            self.task(task);
            self.release(task);
        }
    }

    /// Makes a task and all that it holds available.
    fn release(&mut self, task: &'a Arc<Task>) {
        let mut found = Vec::new();
        gather(std::slice::from_ref(task), &mut found);
        self.available.extend(found.into_iter().map(|task| task.id.as_str()));
    }

    /// A task and what it holds. Afterwards the same is available as before.
    fn task(&mut self, task: &'a Arc<Task>) {
        let before = self.available.len();
        let shape = task.block.as_ref().map(|block| &block.shape);
        if shape == Some(&BlockShape::Until) {
            // The condition is rendered after each pass, and each pass sees the one before.
            self.release(task);
        }
        for text in task.texts() {
            self.text(text, None);
        }
        self.available.push(task.id.as_str());
        for text in task.assets.iter().flat_map(|assets| assets.texts()) {
            self.text(text, None);
        }
        if let Some(block) = &task.block {
            self.block(block);
        }
        self.available.truncate(before);
    }

    fn block(&mut self, block: &'a TaskBlock) {
        let is_loop = matches!(block.shape, BlockShape::Each { .. });
        self.loops += usize::from(is_loop);
        let before = self.available.len();
        for branch in &block.branches {
            match &block.shape {
                BlockShape::Parallel { .. } => branch.iter().for_each(|task| self.task(task)),
                BlockShape::Graph { waits_for, .. } => self.graph(branch, waits_for),
                _ => self.sequence(branch),
            }
            self.available.truncate(before);
        }
        block.branches.iter().flatten().for_each(|task| self.release(task));
        let was_in_errors = std::mem::replace(&mut self.in_errors, true);
        let was_after_failures = std::mem::replace(&mut self.after_failures, true);
        self.loops -= usize::from(is_loop);
        self.sequence(&block.errors);
        self.in_errors = was_in_errors;
        self.sequence(&block.finally);
        self.after_failures = was_after_failures;
    }

    fn graph(&mut self, tasks: &'a [Arc<Task>], waits_for: &[Vec<usize>]) {
        for (place, task) in tasks.iter().enumerate() {
            let before = self.available.len();
            let mut waiting: Vec<usize> = waits_for[place].clone();
            let mut seen = vec![false; tasks.len()];
            while let Some(other) = waiting.pop() {
                if !std::mem::replace(&mut seen[other], true) {
                    self.release(&tasks[other]);
                    waiting.extend(&waits_for[other]);
                }
            }
            self.task(task);
            self.available.truncate(before);
        }
    }

    fn properties<'p>(&mut self, properties: impl Iterator<Item = &'p Property>, roots: Option<&[&str]>) {
        for text in properties.flat_map(Property::texts) {
            self.text(text, roots);
        }
    }

    /// Checks one template. The roots are those of a task unless others are given.
    fn text(&mut self, text: &Text, roots: Option<&[&str]>) {
        for reference in text.template.references() {
            let root = match roots {
                Some(roots) => check_root(&reference, roots).or_else(|| no_trigger(&reference)),
                None => self.root(&reference),
            };
            let found = root
                .or_else(|| known_input(&self.inputs, &reference))
                .or_else(|| self.variable(&reference))
                .or_else(|| self.output(&reference));
            report(text, &reference, found, self.findings);
        }
    }

    fn root(&self, reference: &Reference) -> Option<Fault> {
        let root = reference.path.first().map(String::as_str);
        let field = reference.path.get(1).map(String::as_str);
        let only_in = |what: &str, place: &str| {
            let message = format!("`{what}` is only there in {place}");
            Some(Fault::of("unknown-variable", message))
        };
        match (root, field) {
            (Some("item"), _) if self.loops > 0 => None,
            (Some("item"), _) => only_in("item", "a loop"),
            (Some("taskrun"), Some(name @ ("value" | "iteration"))) if self.loops == 0 => {
                only_in(&format!("taskrun.{name}"), "a loop")
            }
            (Some("error"), _) if self.in_errors => None,
            (Some("error"), _) => only_in("error", "`errors`"),
            (Some("trigger"), _) => no_trigger(reference),
            _ => check_root(reference, &ROOTS),
        }
    }

    fn variable(&self, reference: &Reference) -> Option<Fault> {
        let [root, name, ..] = reference.path.as_slice() else {
            return None;
        };
        if root != "vars" || self.sets_variables || self.declared.variables.contains(name) {
            return None;
        }
        Some(Fault {
            hint: near(name, self.declared.variables.iter().map(String::as_str)),
            ..Fault::of("unknown-variable", format!("the flow has no variable `{name}`"))
        })
    }

    /// Whether a task has outputs, and a state, when they are read.
    fn output(&self, reference: &Reference) -> Option<Fault> {
        let [root, name, path @ ..] = reference.path.as_slice() else {
            return None;
        };
        let is_state = root == "tasks";
        if root != "outputs" && !is_state {
            return None;
        }
        if self.available.contains(&name.as_str()) {
            return match is_state {
                true => self.keys.unknown_state(name, path),
                false if self.is_optional => None,
                false => self.keys.unknown(name, path, self.after_failures),
            };
        }
        if self.all.contains(&name.as_str()) {
            let message = format!("the task `{name}` has not run at this point");
            let hint = match is_state {
                true => "a task has a state for the tasks after it".to_owned(),
                false => "outputs are there for the tasks after it, and for its own `assets`".to_owned(),
            };
            return Some(Fault {
                hint: Some(hint),
                ..Fault::of("output-not-ready", message)
            });
        }
        if self.declared.tasks.contains(name) {
            return None;
        }
        Some(Fault {
            hint: near(name, self.available.iter().copied()),
            ..Fault::of("unknown-task", format!("unknown task `{name}`"))
        })
    }
}

/// What is wrong with a reference.
pub(super) struct Fault {
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    /// An error without a hint.
    pub(super) fn of(code: &'static str, message: String) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message,
            hint: None,
        }
    }
}

fn report(text: &Text, reference: &Reference, fault: Option<Fault>, findings: &mut Vec<Diagnostic>) {
    let Some(fault) = fault.filter(|_| !reference.guarded) else {
        return;
    };
    let finding = Diagnostic::error(fault.code, fault.message, text.span_of(reference.span));
    findings.push(Diagnostic {
        severity: fault.severity,
        hint: fault.hint,
        ..finding
    });
}

/// Which of the known names is meant, or which there are.
pub(super) fn near<'n>(name: &str, known: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    match closest(name, known.clone()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<&str> = known.into_iter().collect();
            (!names.is_empty()).then(|| format!("there are {}", names.join(", ")))
        }
    }
}

fn no_trigger(reference: &Reference) -> Option<Fault> {
    if reference.path.first().is_none_or(|root| root != "trigger") {
        return None;
    }
    Some(Fault {
        severity: Severity::Warning,
        hint: Some("give it a value for runs by hand: `{{ trigger.date ?? now() }}`".to_owned()),
        ..Fault::of(
            "no-trigger",
            "`trigger` is only there in executions that a trigger started, and begat starts none".to_owned(),
        )
    })
}

fn check_root(reference: &Reference, roots: &[&str]) -> Option<Fault> {
    let root = reference.path.first()?;
    if !roots.contains(&root.as_str()) {
        let message = format!("unknown variable `{root}`");
        return Some(Fault {
            hint: near(root, roots.iter().copied()),
            ..Fault::of("unknown-variable", message)
        });
    }
    let (_, fields) = FIELDS.iter().find(|(name, _)| name == root)?;
    let field = reference
        .path
        .get(1)
        .filter(|field| !fields.contains(&field.as_str()))?;
    let message = format!("`{root}` has no `{field}`");
    Some(Fault {
        hint: near(field, fields.iter().copied()),
        ..Fault::of("unknown-variable", message)
    })
}

/// The input a path means: ids may hold dots, so the longest that fits.
pub(super) fn input_of<'i>(inputs: &[&'i str], path: &[String]) -> Option<&'i str> {
    let path = path.join(".");
    let fits = |id: &&str| path == **id || path.starts_with(&format!("{id}.")) || id.starts_with(&format!("{path}."));
    inputs.iter().copied().find(fits)
}

fn known_input(inputs: &[&str], reference: &Reference) -> Option<Fault> {
    let [root, path @ ..] = reference.path.as_slice() else {
        return None;
    };
    if root != "inputs" || path.is_empty() || input_of(inputs, path).is_some() {
        return None;
    }
    let message = format!("unknown input `{}`", path.join("."));
    Some(Fault {
        hint: near(&path[0], inputs.iter().copied()),
        ..Fault::of("unknown-input", message)
    })
}

fn dependency(names: &[&str], input: &Input, visible: &[&str], reference: &Reference) -> Option<Fault> {
    if let Some(fault) = known_input(names, reference) {
        return Some(fault);
    }
    known_input(visible, reference)?;
    let wanted = reference.path[1..].join(".");
    let message = format!("the input `{}` reads `{wanted}` and does not depend on it", input.id);
    let hint = Some(format!("add `{wanted}` to `dependsOn.inputs` of `{}`", input.id));
    Some(Fault {
        hint,
        ..Fault::of("missing-dependency", message)
    })
}
