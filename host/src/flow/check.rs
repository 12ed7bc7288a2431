//! The flow itself, and the one way from a text to it.

use std::sync::Arc;

use indexmap::IndexMap;

use super::defaults::Defaults;
use super::fields::{Fields, wrong_kind};
use super::input::{self, Input};
use super::labels;
use super::policies::{self, Check, Concurrency, FlowOutput, Sla};
use super::property::Property;
use super::references::{self, Declared, Parts};
use super::removed;
use super::retry::{self, Retry};
use super::task::{Reader, Task};
use super::trigger::{self, Trigger};
use super::yaml::{self, Node, NodeKind};
use crate::model::{Diagnostic, FlowId, IdError, JsonMap, Namespace, Severity, Source, Span, TaskType, digest};

/// A flow as it is written, checked.
#[derive(Debug, Clone)]
pub struct Flow {
    pub id: FlowId,
    pub namespace: Namespace,
    pub description: Option<String>,
    /// Whether the flow must not run.
    pub disabled: bool,
    /// Keys and values, both text. Expressions in the values are rendered when the flow is planned.
    pub labels: IndexMap<String, Property>,
    pub inputs: Vec<Input>,
    /// Values that expressions find under `vars`; their own expressions are rendered where they are used.
    pub variables: IndexMap<String, Property>,
    pub tasks: Vec<Arc<Task>>,
    /// What runs when a task failed.
    pub errors: Vec<Arc<Task>>,
    /// What runs at the end, whatever happened.
    pub finally: Vec<Arc<Task>>,
    /// What runs when the execution has ended.
    pub after_execution: Vec<Arc<Task>>,
    pub outputs: Vec<FlowOutput>,
    pub concurrency: Option<Concurrency>,
    pub retry: Option<Retry>,
    pub checks: Vec<Check>,
    pub slas: Vec<Sla>,
    /// What would start it elsewhere; begat starts nothing by itself.
    pub triggers: Vec<Trigger>,
    /// The text it was read from.
    pub source: Arc<str>,
    /// sha256 of that text, in lower-case hexadecimal.
    pub digest: String,
}

impl Flow {
    /// The labels that are written out.
    pub fn plain_labels(&self) -> JsonMap {
        let plain = self.labels.iter().filter_map(|(key, label)| match label {
            Property::Literal(value) => Some((key.clone(), value.clone())),
            _ => None,
        });
        plain.collect()
    }

    /// Every task, those within others too.
    pub fn all_tasks(&self) -> Vec<&Task> {
        let mut found = Vec::new();
        for (_, list) in self.lists() {
            references::gather(list, &mut found);
        }
        found
    }

    /// Its lists of tasks with their names, in the order they run.
    pub fn lists(&self) -> [(&'static str, &[Arc<Task>]); 4] {
        [
            ("tasks", &self.tasks),
            ("errors", &self.errors),
            ("finally", &self.finally),
            ("afterExecution", &self.after_execution),
        ]
    }
}

/// What checking gave: a flow when it can be told what it is, and all findings in the order of their places. A flow with
/// a finding of severity error must not run.
#[derive(Debug)]
pub struct Checked {
    pub flow: Option<Flow>,
    pub diagnostics: Vec<Diagnostic>,
}

pub(super) const KEYS: [&str; 18] = [
    "id",
    "namespace",
    "description",
    "disabled",
    "labels",
    "inputs",
    "variables",
    "tasks",
    "errors",
    "finally",
    "afterExecution",
    "outputs",
    "concurrency",
    "retry",
    "checks",
    "sla",
    "pluginDefaults",
    "triggers",
];
const LATER_KEYS: [&str; 5] = ["workerGroup", "quotas", "taskDefaults", "listeners", "templates"];
/// Written by servers and blueprints; they say nothing about a run.
pub(super) const HARMLESS_KEYS: [&str; 3] = ["revision", "deleted", "extend"];

/// Reads and checks a flow against the task types there are.
pub fn check(source: &Source, task_types: &[TaskType]) -> Checked {
    let mut diagnostics = Vec::new();
    let flow =
        yaml::parse(&source.text, &mut diagnostics).and_then(|root| read(source, &root, task_types, &mut diagnostics));
    diagnostics.sort_by_key(|finding| (finding.span, finding.code));
    diagnostics.dedup();
    Checked { flow, diagnostics }
}

/// A flow without its name.
struct Body {
    inputs: Vec<Input>,
    variables: IndexMap<String, Property>,
    tasks: Vec<Arc<Task>>,
    errors: Vec<Arc<Task>>,
    finally: Vec<Arc<Task>>,
    after_execution: Vec<Arc<Task>>,
    outputs: Vec<FlowOutput>,
    concurrency: Option<Concurrency>,
    retry: Option<Retry>,
    checks: Vec<Check>,
    slas: Vec<Sla>,
}

impl Body {
    fn read(text: &str, fields: &mut Fields<'_>, task_types: &[TaskType], findings: &mut Vec<Diagnostic>) -> Self {
        let inputs = fields.list("inputs", findings).unwrap_or_default();
        let inputs = input::read_all(text, inputs, findings);
        let variables = variables(text, fields, findings);
        let defaults = Defaults::read(fields, findings);
        check_tasks_key(fields, findings);
        let mut reader = Reader::new(text, task_types, &defaults, findings);
        Self {
            inputs,
            variables,
            tasks: reader.list(fields, "tasks"),
            errors: reader.list(fields, "errors"),
            finally: reader.list(fields, "finally"),
            after_execution: reader.list(fields, "afterExecution"),
            outputs: policies::outputs(text, fields, findings),
            concurrency: policies::concurrency(fields, findings),
            retry: fields
                .given("retry")
                .and_then(|(_, node)| retry::read(node, true, findings)),
            checks: policies::checks(text, fields, findings),
            slas: policies::slas(text, fields, findings),
        }
    }

    fn parts<'a>(&'a self, labels: &'a IndexMap<String, Property>, task_types: &'a [TaskType]) -> Parts<'a> {
        Parts {
            labels,
            task_types,
            inputs: &self.inputs,
            variables: &self.variables,
            tasks: &self.tasks,
            errors: &self.errors,
            finally: &self.finally,
            after_execution: &self.after_execution,
            outputs: &self.outputs,
            checks: &self.checks,
            slas: &self.slas,
        }
    }
}

fn read(source: &Source, root: &Node, task_types: &[TaskType], findings: &mut Vec<Diagnostic>) -> Option<Flow> {
    let text = source.text.as_str();
    let mut fields = Fields::of(root, "a flow", findings)?;
    let id = fields.required("id", "the flow", findings);
    let namespace = fields.required("namespace", "the flow", findings);
    let description = fields.text("description", findings).map(|(text, _)| text);
    let labels = fields
        .given("labels")
        .map(|(_, node)| labels::read(text, node, findings));
    let labels = labels.unwrap_or_default();
    let disabled = fields.flag("disabled", false, findings);
    let body = Body::read(text, &mut fields, task_types, findings);
    let triggers = trigger::of_flow(text, &mut fields, &body.inputs, findings);
    for name in HARMLESS_KEYS {
        if let Some((key, _)) = fields.take(name) {
            let message = format!("`{name}` says nothing about a run and is left aside");
            findings.push(Diagnostic::error("left-aside", message, key.span).with_severity(Severity::Note));
        }
    }
    removed::check(text, root, findings);
    fields.refuse(&LATER_KEYS, findings);
    fields.finish("key of a flow", &KEYS, findings);
    references::check(
        &body.parts(&labels, task_types),
        &Declared::of(root, &body.variables),
        findings,
    );
    let id = id.and_then(|(id, span)| valid(FlowId::parse(&id), span, findings));
    let namespace = namespace.and_then(|(name, span)| valid(Namespace::parse(&name), span, findings));
    Some(Flow {
        id: id?,
        namespace: namespace?,
        description,
        disabled,
        labels,
        inputs: body.inputs,
        variables: body.variables,
        tasks: body.tasks,
        errors: body.errors,
        finally: body.finally,
        after_execution: body.after_execution,
        outputs: body.outputs,
        concurrency: body.concurrency,
        retry: body.retry,
        checks: body.checks,
        slas: body.slas,
        triggers,
        source: Arc::from(text),
        digest: digest::sha256(text),
    })
}

fn valid<T>(id: Result<T, IdError>, span: Span, findings: &mut Vec<Diagnostic>) -> Option<T> {
    id.map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), span)))
        .ok()
}

/// The variables of a flow, a map.
fn variables(text: &str, fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> IndexMap<String, Property> {
    match fields.given("variables").map(|(_, node)| node) {
        None => IndexMap::new(),
        Some(Node {
            kind: NodeKind::Map(entries),
            ..
        }) => entries
            .iter()
            .map(|(key, node)| (key.name.clone(), Property::read(text, node, findings)))
            .collect(),
        Some(node) => {
            findings.push(wrong_kind("`variables`", "a map", node));
            IndexMap::new()
        }
    }
}

/// A flow has at least one task.
fn check_tasks_key(fields: &Fields<'_>, findings: &mut Vec<Diagnostic>) {
    match fields.peek("tasks").map(|node| (&node.kind, node.span)) {
        None => findings.push(Diagnostic::error("missing-key", "the flow has no `tasks`", fields.span)),
        Some((NodeKind::List(items), span)) if items.is_empty() => {
            findings.push(Diagnostic::error("missing-key", "the flow has no task", span));
        }
        Some(_) => {}
    }
}
