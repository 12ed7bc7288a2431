//! Running a flow.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use tokio::sync::watch;

use super::validate::check;
use super::{App, AppError, ErrorKind, Observer, Report};
use crate::flow::GivenInput;
use crate::model::{CatalogReader, Diagnostic, ExecutionDetailView, ExecutionId, Severity, Source, Timestamp};
use crate::plan::{self, FileInput, FileOrigin, PlanRequest};
use crate::run::Runner;
use crate::store::Catalog;

/// A flow to run and what it is given.
pub struct RunRequest {
    pub flow: PathBuf,
    /// Inputs by id, as text.
    pub inputs: IndexMap<String, String>,
    /// Whether to use a catalog in memory that is gone afterwards.
    pub ephemeral: bool,
}

/// What a face hears before the run starts.
#[derive(Debug)]
pub enum Notice {
    /// Findings about the flow that do not keep it from running.
    Findings(Report),
    /// The flow is about to run: its id and how many tasks it has.
    Starting {
        flow: String,
        execution: ExecutionId,
        tasks: usize,
    },
}

impl App {
    /// Checks a flow, binds its inputs, runs it and gives all that happened.
    pub async fn run(
        &self,
        request: RunRequest,
        notice: impl Fn(Notice),
        observer: Observer,
        cancelled: watch::Receiver<bool>,
    ) -> Result<ExecutionDetailView, AppError> {
        let registry = Arc::new(self.registry().await?);
        let task_types = registry.task_types();
        let (report, flow) = check(&request.flow, &task_types)?;
        let source = report.source.clone();
        let Some(flow) = flow else {
            return Err(refuse("the flow has errors and was not run", report));
        };
        if !report.diagnostics.is_empty() {
            notice(Notice::Findings(report));
        }
        // A refused request leaves no catalog behind, so the file is made only when there is a plan.
        let is_fresh = request.ephemeral || !self.settings.catalog.exists();
        let known = match is_fresh {
            true => Catalog::in_memory()?,
            false => Catalog::open(&self.settings.catalog)?,
        };
        let plan_request = PlanRequest {
            inputs: given(request.inputs),
            files: &find_file,
            execution: ExecutionId::generate(),
            now: Timestamp::now(),
            catalog: &known,
            task_types: &task_types,
        };
        let plan = plan::build(Arc::new(flow), plan_request)
            .map_err(|diagnostics| refuse("the flow was not run", about(source, diagnostics)))?;
        let catalog = Arc::new(match is_fresh && !request.ephemeral {
            true => Catalog::open(&self.settings.catalog)?,
            false => known,
        });
        let (flow, tasks) = (plan.flow.id.to_string(), plan.tasks.len());
        notice(Notice::Starting {
            flow,
            execution: plan.execution.clone(),
            tasks,
        });
        let reader: Arc<dyn CatalogReader> = catalog.clone();
        let runner = Runner {
            registry,
            recorder: catalog.clone(),
            catalog: reader,
            observer,
            cancelled,
        };
        let outcome = runner.execute(&plan).await?;
        catalog.execution(&outcome.execution)?.ok_or_else(|| AppError {
            kind: ErrorKind::Host,
            ..AppError::refused(format!(
                "execution `{}` is not in the catalog after its end",
                outcome.execution
            ))
        })
    }
}

fn given(inputs: IndexMap<String, String>) -> IndexMap<String, GivenInput> {
    let texts = inputs.into_iter().map(|(id, text)| (id, GivenInput::Text(text)));
    texts.collect()
}

/// Finds a file that an input names. A flow alone names none: it is not trusted to ask what files there are.
fn find_file(path: &Path, origin: FileOrigin) -> Result<FileInput, String> {
    let shown = path.display();
    if origin == FileOrigin::Flow {
        return Err(format!(
            "its default names the file `{shown}`, and only `--input` may name files of this machine"
        ));
    }
    match path.canonicalize() {
        Ok(found) if found.is_file() => Ok(FileInput::at(&found)),
        Ok(_) => Err(format!("`{shown}` is no file")),
        Err(error) => Err(format!("the file `{shown}` cannot be read: {error}")),
    }
}

fn about(source: Source, diagnostics: Vec<Diagnostic>) -> Report {
    Report { source, diagnostics }
}

fn refuse(message: &str, report: Report) -> AppError {
    let count = report
        .diagnostics
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count();
    let noun = if count == 1 { "problem" } else { "problems" };
    AppError {
        report: Some(report),
        ..AppError::refused(format!("{message}: {count} {noun}"))
    }
}
