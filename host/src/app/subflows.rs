//! Flows that tasks start: found by namespace and id among the files beside the flow that runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::inputs::find_file;
use super::validate::{check, gather, read_and_check};
use crate::flow::{CoreType, Flow, GivenInput, Property, Task};
use crate::model::{CatalogReader, Diagnostic, FlowId, Namespace, Severity, Span, TaskType, clock};
use crate::plan::{self, Plan, PlanRequest, Stubs};
use crate::run::{SubflowRequest, Subflows};

/// The flows of one folder.
pub(super) struct FlowFolder {
    pub folder: PathBuf,
    pub task_types: Vec<TaskType>,
    pub catalog: Arc<dyn CatalogReader>,
    pub stubs: Stubs,
}

/// The folder that a flow's own flows are looked for in.
pub(super) fn folder_of(flow: &Path) -> PathBuf {
    match flow.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The file of a flow, by its id and, where it is given, its namespace.
pub(super) fn find_file_of(
    folder: &Path,
    namespace: Option<&Namespace>,
    id: &FlowId,
    task_types: &[TaskType],
) -> Result<Option<PathBuf>, String> {
    let mut files = Vec::new();
    gather(folder, &mut files).map_err(|error| error.message)?;
    for path in files {
        let (_, flow) = read_and_check(&path, task_types).map_err(|error| error.message)?;
        let is_it = flow.is_some_and(|flow| flow.id == *id && namespace.is_none_or(|wanted| flow.namespace == *wanted));
        if is_it {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The file that holds a flow. Files that do not name the id are not read further.
fn find(folder: &Path, namespace: &Namespace, id: &FlowId, task_types: &[TaskType]) -> Result<Option<Flow>, String> {
    let mut files = Vec::new();
    gather(folder, &mut files).map_err(|error| error.message)?;
    for path in files {
        let names_id = std::fs::read_to_string(&path).is_ok_and(|text| text.contains(id.as_str()));
        if !names_id {
            continue;
        }
        let (report, flow) = check(&path, task_types).map_err(|error| error.message)?;
        let is_it = |flow: &&Flow| flow.id == *id && flow.namespace == *namespace;
        if let Some(flow) = flow.as_ref().filter(is_it) {
            return Ok(Some(flow.clone()));
        }
        // A flow with errors has no id to go by but what is written.
        let says_so = report
            .source
            .text
            .lines()
            .any(|line| line.trim_end() == format!("id: {id}"));
        let first = report
            .diagnostics
            .iter()
            .find(|finding| finding.severity == Severity::Error);
        if let Some(first) = first.filter(|_| says_so) {
            return Err(format!(
                "the flow `{id}` in `{}` has errors: {}",
                path.display(),
                first.message
            ));
        }
    }
    Ok(None)
}

fn unknown(namespace: &Namespace, id: &FlowId, folder: &Path) -> String {
    format!(
        "there is no flow `{id}` of the namespace `{namespace}` in `{}`",
        folder.display()
    )
}

impl Subflows for FlowFolder {
    fn plan(&self, request: SubflowRequest) -> Result<Arc<Plan>, String> {
        let SubflowRequest {
            namespace,
            flow: id,
            inputs,
            labels,
            execution,
        } = request;
        let flow = find(&self.folder, &namespace, &id, &self.task_types)?;
        let flow = flow.ok_or_else(|| unknown(&namespace, &id, &self.folder))?;
        if flow.disabled {
            return Err(format!("the flow `{id}` is disabled"));
        }
        let given = inputs.into_iter().map(|(name, value)| (name, GivenInput::from(value)));
        let request = PlanRequest {
            inputs: given.collect::<IndexMap<_, _>>(),
            files: &find_file,
            execution,
            now: clock::now(),
            catalog: self.catalog.as_ref(),
            task_types: &self.task_types,
            stubs: &self.stubs,
            labels,
        };
        plan::build(Arc::new(flow), request).map(Arc::new).map_err(|findings| {
            let messages: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
            format!("the flow `{id}` cannot run: {}", messages.join("; "))
        })
    }
}

/// A finding for each flow that a task names and that is not there.
pub(super) fn missing_flows(flow: &Flow, path: &Path, task_types: &[TaskType]) -> Vec<Diagnostic> {
    let folder = folder_of(path);
    let tasks = flow.all_tasks();
    let subflows = tasks
        .into_iter()
        .filter(|task| task.core_type == Some(CoreType::Subflow));
    subflows
        .filter_map(|task| missing_flow(flow, task, &folder, task_types))
        .collect()
}

/// The flow that a task names, where it says so without an expression, and where the name stands.
fn named(flow: &Flow, task: &Task) -> Option<(Namespace, FlowId, Span)> {
    let (id, span) = literal(task, "flowId")?;
    let namespace = match task.properties.contains_key("namespace") {
        true => Namespace::parse(literal(task, "namespace")?.0).ok()?,
        false => flow.namespace.clone(),
    };
    Some((namespace, FlowId::parse(id).ok()?, span))
}

/// A flow that another one starts, and the task that does so in the outermost one.
pub(super) struct Inner {
    pub flow: Flow,
    pub started_by: Task,
}

/// The flows that a flow starts, and those that they start, as far as their names are known before the run.
pub(super) fn inner_flows(flow: &Flow, folder: &Path, task_types: &[TaskType]) -> Vec<Inner> {
    let mut found: Vec<Inner> = Vec::new();
    let mut seen = vec![(flow.namespace.clone(), flow.id.clone())];
    let starting = |flow: &Flow| -> Vec<(Namespace, FlowId, Task)> {
        let tasks = flow.all_tasks().into_iter();
        let subflows = tasks.filter(|task| task.core_type == Some(CoreType::Subflow));
        let named = subflows.filter_map(|task| Some((named(flow, task)?, task)));
        named
            .map(|((namespace, id, _), task)| (namespace, id, task.clone()))
            .collect()
    };
    let mut waiting = starting(flow);
    while let Some((namespace, id, started_by)) = waiting.pop() {
        if seen.contains(&(namespace.clone(), id.clone())) {
            continue;
        }
        // What is not there or has errors is told where the flow itself is checked, or when it is started.
        if let Ok(Some(inner)) = find(folder, &namespace, &id, task_types) {
            let further = starting(&inner).into_iter();
            waiting.extend(further.map(|(namespace, id, _)| (namespace, id, started_by.clone())));
            found.push(Inner {
                flow: inner,
                started_by,
            });
        }
        seen.push((namespace, id));
    }
    found
}

/// What a property says and where, if it says so without an expression.
pub(super) fn literal<'a>(task: &'a Task, name: &str) -> Option<(&'a str, Span)> {
    match task.properties.get(name)? {
        Property::Text(text) => Some((text.template.literal()?, text.span())),
        _ => None,
    }
}

fn missing_flow(flow: &Flow, task: &Task, folder: &Path, task_types: &[TaskType]) -> Option<Diagnostic> {
    let (namespace, id, span) = named(flow, task)?;
    if id == flow.id && namespace == flow.namespace {
        return None;
    }
    let message = match find(folder, &namespace, &id, task_types) {
        Ok(Some(_)) => return None,
        Ok(None) => unknown(&namespace, &id, folder),
        Err(message) => message,
    };
    Some(
        Diagnostic::error("missing-flow", message, span)
            .with_hint("flows are found by `namespace` and `id` in the folder of the flow that starts them"),
    )
}
