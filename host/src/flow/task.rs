//! The tasks of a flow.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::assets::AssetsBlock;
use super::fields::Fields;
use super::property::Property;
use super::schema;
use super::yaml::Node;
use crate::model::{Diagnostic, Span, TaskId, TaskType, closest};

/// A step of a flow.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: TaskId,
    /// The task type as the flow wrote it.
    pub task_type: String,
    pub description: Option<String>,
    pub properties: IndexMap<String, Property>,
    pub assets: Option<AssetsBlock>,
    /// Where the id stands.
    pub span: Span,
}

/// The code of the finding that a task's type is provided by no plugin; the rest of the task is checked nonetheless.
pub const MISSING_PLUGIN: &str = "missing-plugin";

const LATER_KEYS: [&str; 12] = [
    "retry",
    "timeout",
    "disabled",
    "allowFailure",
    "allowWarning",
    "logLevel",
    "logToFile",
    "runIf",
    "workerGroup",
    "workerSelector",
    "taskCache",
    "version",
];

/// Reads the tasks of a flow.
pub(super) fn read_all(
    source: &str,
    nodes: &[Node],
    task_types: &[TaskType],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut places: HashMap<TaskId, Span> = HashMap::new();
    for node in nodes {
        let Some(task) = read(source, node, task_types, findings) else {
            continue;
        };
        if let Some(first) = places.get(&task.id) {
            let message = format!("the task `{}` is declared twice", task.id);
            let finding = Diagnostic::error("duplicate-id", message, task.span).with_caption("again here");
            findings.push(finding.with_label(*first, "first here"));
        } else {
            places.insert(task.id.clone(), task.span);
        }
        tasks.push(task);
    }
    tasks
}

fn read(source: &str, node: &Node, task_types: &[TaskType], findings: &mut Vec<Diagnostic>) -> Option<Task> {
    let mut fields = Fields::of(node, "a task", findings)?;
    let start = fields.span;
    let id = fields.required("id", "the task", findings);
    let type_name = fields.required("type", "the task", findings);
    let description = fields.text("description", findings).map(|(text, _)| text);
    let assets = fields
        .given("assets")
        .and_then(|(_, node)| AssetsBlock::read(source, node, findings));
    let found = type_name
        .as_ref()
        .and_then(|(name, span)| find(name, *span, task_types, findings));
    let own = |name: &&str| found.is_some_and(|t| t.properties.pointer(&format!("/properties/{name}")).is_some());
    let later: Vec<&str> = LATER_KEYS.into_iter().filter(|name| !own(name)).collect();
    fields.refuse(&later, findings);
    let given = fields.rest();
    let mut properties = IndexMap::new();
    for (key, node) in &given {
        properties.insert(key.name.clone(), Property::read(source, node, findings));
    }
    if let Some(task_type) = found {
        schema::check(task_type, &given, start, findings);
    }
    let (id, span) = id?;
    match TaskId::parse(&id) {
        Ok(id) => Some(Task {
            id,
            task_type: type_name?.0,
            description,
            properties,
            assets,
            span,
        }),
        Err(error) => {
            findings.push(Diagnostic::error("invalid-id", error.to_string(), span));
            None
        }
    }
}

fn find<'t>(
    name: &str,
    span: Span,
    task_types: &'t [TaskType],
    findings: &mut Vec<Diagnostic>,
) -> Option<&'t TaskType> {
    let found = task_types.iter().find(|task_type| task_type.answers_to(name));
    if found.is_none() {
        findings.push(missing(name, span, task_types));
    }
    found
}

/// Kestra's own task types begin so; they are the host's to provide, not a plugin's.
const CORE: [&str; 2] = ["io.kestra.plugin.core.", "io.kestra.core.tasks."];

fn missing(name: &str, span: Span, task_types: &[TaskType]) -> Diagnostic {
    let names = task_types.iter().flat_map(TaskType::names);
    if let Some(near) = closest(name, names) {
        return Diagnostic::error("unknown-task-type", format!("unknown task type `{name}`"), span)
            .with_hint(format!("did you mean `{near}`?"));
    }
    if CORE.iter().any(|prefix| name.starts_with(prefix)) {
        let message = format!("the task type `{name}` is not supported yet");
        return Diagnostic::error("not-supported", message, span);
    }
    Diagnostic::error(MISSING_PLUGIN, format!("no plugin provides the task type `{name}`"), span).with_hint(
        "put a plugin that provides it into a folder and name that with `--plugins`; `begat plugin list` shows all there are",
    )
}
