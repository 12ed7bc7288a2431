//! Running a flow.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::inputs::{InputSources, find_file};
use super::validate::check;
use super::{App, AppError, ErrorKind, Observer, Report};
use crate::model::{CatalogReader, ExecutionDetailView, ExecutionId, Timestamp};
use crate::plan::{self, PlanRequest};
use crate::run::Runner;
use crate::store::Catalog;

/// A flow to run and what it is given.
pub struct RunRequest<'a> {
    pub flow: PathBuf,
    pub inputs: InputSources<'a>,
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
        request: RunRequest<'_>,
        notice: impl Fn(Notice),
        observer: Observer,
        cancelled: watch::Receiver<bool>,
    ) -> Result<ExecutionDetailView, AppError> {
        let registry = Arc::new(self.registry().await?);
        let task_types = registry.task_types();
        let (report, flow) = check(&request.flow, &task_types)?;
        let source = report.source.clone();
        let Some(flow) = flow else {
            return Err(AppError::about("the flow has errors and was not run", report));
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
        let mut plan_request = PlanRequest {
            inputs: request.inputs.read(&flow)?,
            files: &find_file,
            execution: ExecutionId::generate(),
            now: Timestamp::now(),
            catalog: &known,
            task_types: &task_types,
        };
        request.inputs.ask(&flow, &mut plan_request);
        let plan = plan::build(Arc::new(flow), plan_request)
            .map_err(|diagnostics| AppError::about("the flow was not run", Report { source, diagnostics }))?;
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
