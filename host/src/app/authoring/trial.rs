//! One task run of a plugin in a world that a test made: no flow, no server, and nothing of the machine to see.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::super::fixtures::catalog_with;
use super::super::{App, AppError};
use crate::flow::PluginCase;
use crate::model::{
    Bundle, CatalogReader, ExecutionId, FlowId, JsonMap, LogLevel, LogLine, PluginDescription, StagedRequest, TaskId,
    TaskRunId, TaskType, clock::World, closest,
};
use crate::sandbox::{Folder, LogSink, Plugin, Registry, Stage, TaskFailure, TaskRequest, TaskSurroundings, Temporary};

/// What came of one task run, in the form that golden files have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskTrial {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<JsonMap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<TrialFailure>,
    pub logs: Vec<TrialLine>,
    pub assets: Vec<Bundle>,
    /// The requests that it sent, in a golden case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<StagedRequest>,
    /// How long it took; no part of what is expected.
    #[serde(skip)]
    pub took: Duration,
}

/// Why the task failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialFailure {
    pub kind: String,
    pub message: String,
    pub retryable: bool,
    #[serde(skip_serializing_if = "JsonMap::is_empty")]
    pub details: JsonMap,
}

/// A line of its log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialLine {
    pub level: LogLevel,
    pub message: String,
}

/// A task to run without a flow.
pub struct TrialRequest {
    /// The component file.
    pub component: PathBuf,
    pub task_type: Option<String>,
    pub properties: JsonMap,
}

impl App {
    /// Runs one task of a component file without a flow.
    pub async fn try_plugin(&self, request: TrialRequest) -> Result<TaskTrial, AppError> {
        let registry = self.registry().await?;
        let plugin = registry.read(&request.component).await?;
        let source = crate::model::Source {
            name: "no case".to_owned(),
            text: "{}".to_owned(),
        };
        let empty = crate::flow::read_plugin_case(&source).map_err(|findings| {
            AppError::about(
                "no case",
                super::super::Report {
                    source,
                    diagnostics: findings,
                },
            )
        })?;
        let case = PluginCase {
            task_type: request.task_type,
            properties: request.properties,
            ..empty
        };
        try_out(&registry, &plugin, &case, &World::current(), None).await
    }
}

/// Runs a case in a world.
pub(super) async fn try_out(
    registry: &Registry,
    plugin: &Plugin,
    case: &PluginCase,
    world: &World,
    stage: Option<Arc<Stage>>,
) -> Result<TaskTrial, AppError> {
    let _entered = world.clone().enter();
    let task_type = task_type(&plugin.description, case.task_type.as_deref())?;
    let catalog: Arc<dyn CatalogReader> = Arc::new(catalog_with(&case.catalog, &case.namespace)?);
    let folder = folder_of(case, task_type)?;
    let request = request(case, task_type)?;
    let lines: Arc<Mutex<Vec<LogLine>>> = Arc::default();
    let taken = lines.clone();
    let sink: LogSink = Arc::new(move |line| taken.lock().unwrap_or_else(PoisonError::into_inner).push(line));
    let start = Instant::now();
    let work = folder.as_ref().map(Temporary::path);
    let surroundings = TaskSurroundings {
        sink,
        on_use: Arc::new(|_| ()),
        catalog,
        namespace: case.namespace.clone(),
        work,
        stop: crate::sandbox::StopSign::default(),
        stage: stage.clone(),
    };
    let started = registry.start(plugin, surroundings).await;
    let answer = match started {
        Err(failure) => Err(failure),
        Ok(mut call) => match call.run(&request).await {
            Err(failure) => Err(failure),
            Ok(outputs) => {
                let declared = vec![case.declared.clone()];
                let bundles = call.declare(&request, &outputs, declared).await;
                bundles.map(|bundles| (outputs, bundles))
            }
        },
    };
    let took = start.elapsed();
    let logs = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    let (outputs, failure, mut assets) = match answer {
        Ok((outputs, assets)) => (Some(outputs), None, assets),
        Err(failure) => (None, Some(told(failure)), Vec::new()),
    };
    assets.retain(|bundle| !bundle.is_empty());
    let line = |line: LogLine| TrialLine {
        level: line.level,
        message: line.message,
    };
    Ok(TaskTrial {
        outputs,
        failure,
        logs: logs.into_iter().map(line).collect(),
        assets,
        requests: stage.map(|stage| stage.heard()).unwrap_or_default(),
        took,
    })
}

fn told(failure: TaskFailure) -> TrialFailure {
    TrialFailure {
        kind: failure.kind,
        message: failure.message,
        retryable: failure.retryable,
        details: failure.details,
    }
}

/// The task type that a case means.
fn task_type<'p>(description: &'p PluginDescription, wanted: Option<&str>) -> Result<&'p TaskType, AppError> {
    let types = &description.task_types;
    let names = || types.iter().map(|known| known.name.as_str());
    let Some(wanted) = wanted else {
        return match types.as_slice() {
            [one] => Ok(one),
            _ => Err(
                AppError::refused("the plugin has several task types, and none is named")
                    .with_hint(format!("name one of {}", names().collect::<Vec<_>>().join(", "))),
            ),
        };
    };
    types.iter().find(|known| known.answers_to(wanted)).ok_or_else(|| {
        let all = names().collect::<Vec<_>>().join(", ");
        let hint = closest(wanted, names()).map_or(format!("it has {all}"), |near| format!("did you mean `{near}`?"));
        AppError::refused(format!("the plugin has no task type `{wanted}`")).with_hint(hint)
    })
}

fn request(case: &PluginCase, task_type: &TaskType) -> Result<TaskRequest, AppError> {
    let wrong = |error: crate::model::IdError| AppError::refused(error.to_string());
    Ok(TaskRequest {
        execution: ExecutionId::generate(),
        task_run: TaskRunId::generate(),
        namespace: case.namespace.clone(),
        flow: FlowId::parse("test").map_err(wrong)?,
        task: TaskId::parse("task").map_err(wrong)?,
        task_type: case.task_type.clone().unwrap_or_else(|| task_type.name.clone()),
        attempt: case.attempt,
        properties: case.properties.clone(),
    })
}

/// Makes the folder that a task sees as `/work`, where the case has files, or where tasks of the type work on some.
fn folder_of(case: &PluginCase, task_type: &TaskType) -> Result<Option<Temporary>, AppError> {
    let runs_scripts = task_type.properties.pointer("/properties/script").is_some();
    if case.files.is_empty() && !runs_scripts {
        return Ok(None);
    }
    let failed = |error: std::io::Error| AppError::refused("making a folder for the task").because(&error);
    let place = Temporary::new("case").map_err(failed)?;
    let folder = Folder::open(place.path()).map_err(failed)?;
    for (name, text) in &case.files {
        let path = Path::new(name);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || name.is_empty() {
            return Err(AppError::refused(format!("the file `{name}` is not within `/work`")));
        }
        folder
            .make(path.parent().unwrap_or(Path::new("")))
            .and_then(|()| folder.write(path, text.as_bytes()))
            .map_err(failed)?;
    }
    Ok(Some(place))
}
