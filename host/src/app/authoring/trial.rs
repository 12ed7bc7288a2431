//! One task run of a plugin in a world that a test made: no flow, no server, and nothing of the machine to see.

use std::path::PathBuf;
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
use crate::sandbox::{LogSink, Plugin, Registry, Stage, TaskFailure, TaskRequest, TaskSurroundings};

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
    let folder = Folder::with(case, task_type)?;
    let request = request(case, task_type)?;
    let lines: Arc<Mutex<Vec<LogLine>>> = Arc::default();
    let taken = lines.clone();
    let sink: LogSink = Arc::new(move |line| taken.lock().unwrap_or_else(PoisonError::into_inner).push(line));
    let start = Instant::now();
    let work = folder.as_ref().map(|folder| folder.0.as_path());
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

/// The folder that a task sees as `/work`, gone when this is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in the folder for temporary files, which the system empties.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Folder {
    /// Makes the folder where the case has files, or where tasks of the type work on some.
    fn with(case: &PluginCase, task_type: &TaskType) -> Result<Option<Self>, AppError> {
        let runs_scripts = task_type.properties.pointer("/properties/script").is_some();
        if case.files.is_empty() && !runs_scripts {
            return Ok(None);
        }
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = Self(std::env::temp_dir().join(format!("begat-case-{}-{next}", std::process::id())));
        let failed = |error: std::io::Error| {
            AppError::refused(format!("making the folder `{}`", folder.0.display())).because(&error)
        };
        std::fs::create_dir_all(&folder.0).map_err(failed)?;
        for (name, text) in &case.files {
            let is_inside = std::path::Path::new(name)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            if !is_inside || name.is_empty() {
                return Err(AppError::refused(format!("the file `{name}` is not within `/work`")));
            }
            let path = folder.0.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(failed)?;
            }
            std::fs::write(&path, text).map_err(failed)?;
        }
        Ok(Some(folder))
    }
}
