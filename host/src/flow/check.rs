//! The flow itself, and the one way from a text to it.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::fields::{Fields, has_expression, plain_text, wrong_kind};
use super::input::{self, Input};
use super::references::{self, Declared};
use super::removed;
use super::task::{self, Task};
use super::trigger::{self, Trigger};
use super::yaml::{self, Node, NodeKind};
use crate::model::{Diagnostic, FlowId, Json, JsonMap, Namespace, Severity, Source, TaskType};

/// A flow as it is written, checked.
#[derive(Debug, Clone)]
pub struct Flow {
    pub id: FlowId,
    pub namespace: Namespace,
    pub description: Option<String>,
    /// Keys and values, both text.
    pub labels: JsonMap,
    pub inputs: Vec<Input>,
    pub tasks: Vec<Task>,
    /// What would start it elsewhere; begat starts nothing by itself.
    pub triggers: Vec<Trigger>,
    /// The text it was read from.
    pub source: Arc<str>,
    /// sha256 of that text, in lower-case hexadecimal.
    pub digest: String,
}

/// What checking gave: a flow when it can be told what it is, and all findings in the order of their places. A flow with
/// a finding of severity error must not run.
#[derive(Debug)]
pub struct Checked {
    pub flow: Option<Flow>,
    pub diagnostics: Vec<Diagnostic>,
}

pub(super) const KEYS: [&str; 7] = [
    "id",
    "namespace",
    "description",
    "labels",
    "inputs",
    "tasks",
    "triggers",
];
const LATER_KEYS: [&str; 16] = [
    "outputs",
    "variables",
    "errors",
    "finally",
    "afterExecution",
    "pluginDefaults",
    "concurrency",
    "retry",
    "sla",
    "checks",
    "disabled",
    "workerGroup",
    "quotas",
    "taskDefaults",
    "listeners",
    "templates",
];
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

fn read(source: &Source, root: &Node, task_types: &[TaskType], findings: &mut Vec<Diagnostic>) -> Option<Flow> {
    let text = source.text.as_str();
    let mut fields = Fields::of(root, "a flow", findings)?;
    let id = fields.required("id", "the flow", findings);
    let namespace = fields.required("namespace", "the flow", findings);
    let description = fields.text("description", findings).map(|(text, _)| text);
    let labels = fields
        .given("labels")
        .map(|(_, node)| labels(node, findings))
        .unwrap_or_default();
    let inputs = fields.list("inputs", findings).unwrap_or_default();
    let inputs = input::read_all(text, inputs, findings);
    let tasks = tasks(text, &mut fields, task_types, findings);
    references::check(&inputs, &tasks, &Declared::of(root), findings);
    let triggers = trigger::of_flow(text, &mut fields, &inputs, findings);
    for name in HARMLESS_KEYS {
        if let Some((key, _)) = fields.take(name) {
            let message = format!("`{name}` says nothing about a run and is left aside");
            findings.push(Diagnostic::error("left-aside", message, key.span).with_severity(Severity::Note));
        }
    }
    removed::check(text, root, findings);
    fields.refuse(&LATER_KEYS, findings);
    fields.finish("key of a flow", &KEYS, findings);
    let (id, id_span) = id?;
    let id =
        FlowId::parse(&id).map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), id_span)));
    let (namespace, span) = namespace?;
    let namespace = Namespace::parse(&namespace)
        .map_err(|error| findings.push(Diagnostic::error("invalid-id", error.to_string(), span)));
    Some(Flow {
        id: id.ok()?,
        namespace: namespace.ok()?,
        description,
        labels,
        inputs,
        tasks,
        triggers,
        source: Arc::from(text),
        digest: Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn tasks(text: &str, fields: &mut Fields<'_>, task_types: &[TaskType], findings: &mut Vec<Diagnostic>) -> Vec<Task> {
    let span = fields.span;
    match fields.given("tasks") {
        Some((
            key,
            Node {
                kind: NodeKind::List(items),
                ..
            },
        )) if items.is_empty() => {
            findings.push(Diagnostic::error("missing-key", "the flow has no task", key.span));
            Vec::new()
        }
        Some((
            _,
            Node {
                kind: NodeKind::List(items),
                ..
            },
        )) => task::read_all(text, items, task_types, findings),
        Some((_, node)) => {
            findings.push(wrong_kind("`tasks`", "a list", node));
            Vec::new()
        }
        None => {
            findings.push(Diagnostic::error("missing-key", "the flow has no `tasks`", span));
            Vec::new()
        }
    }
}

/// Labels as a map, or as a list of `key` and `value`.
fn labels(node: &Node, findings: &mut Vec<Diagnostic>) -> JsonMap {
    let mut labels = JsonMap::new();
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                label(&mut labels, &key.name, value, findings);
            }
        }
        NodeKind::List(items) => {
            for item in items {
                let Some(mut fields) = Fields::of(item, "a label", findings) else {
                    continue;
                };
                let key = fields.required("key", "the label", findings);
                let value = fields.take("value").map(|(_, node)| node);
                if value.is_none() {
                    findings.push(Diagnostic::error(
                        "missing-key",
                        "the label has no `value`",
                        fields.span,
                    ));
                }
                fields.finish("key of a label", &["key", "value"], findings);
                if let (Some((key, _)), Some(value)) = (key, value) {
                    label(&mut labels, &key, value, findings);
                }
            }
        }
        NodeKind::Text(..) | NodeKind::Scalar(_) => findings.push(wrong_kind("`labels`", "a map or a list", node)),
    }
    labels
}

fn label(labels: &mut JsonMap, key: &str, value: &Node, findings: &mut Vec<Diagnostic>) {
    if key.starts_with("system.") {
        let message = format!("the label `{key}` is reserved: labels that start with `system.` are begat's own");
        findings.push(Diagnostic::error("reserved-label", message, value.span));
        return;
    }
    match plain_text(value) {
        Some(text) if has_expression(&text) => {
            let message = format!("an expression in the label `{key}` is not supported yet");
            findings.push(Diagnostic::error("not-supported", message, value.span));
        }
        Some(text) => drop(labels.insert(key.to_owned(), Json::String(text))),
        None => findings.push(wrong_kind(&format!("the label `{key}`"), "a string", value)),
    }
}
