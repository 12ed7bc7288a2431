//! Running a flow, and going on with one that waits.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tokio::sync::watch;

use super::attest::AttestTo;
use super::delivery::Delivery;
use super::grants::check_grants;
use super::inputs::{InputSources, find_file};
use super::slots::{self, Slot};
use super::subflows::{FlowFolder, folder_of, missing_flows};
use super::validate::read_and_check;
use super::{App, AppError, Delivered, ErrorKind, Observer, Report};
use crate::flow::{self, CheckBehavior, ConcurrencyBehavior, Flow, RetryBehavior};
use crate::model::{
    CatalogReader, Diagnostic, ExecutionDetailView, ExecutionId, JsonMap, Severity, Source, State, TaskType, clock,
};
use crate::plan::{self, Plan, PlanRequest, Stubs};
use crate::run::{Again, Outcome, Runner};
use crate::sandbox::Registry;
use crate::store::Catalog;

/// A flow and what it is given.
pub struct FlowRequest<'a> {
    pub flow: PathBuf,
    pub inputs: InputSources<'a>,
    pub stubs: Stubs,
    /// Labels beside those of the flow.
    pub labels: JsonMap,
}

/// A flow to run.
pub struct RunRequest<'a> {
    pub flow: FlowRequest<'a>,
    /// Whether to use a catalog in memory that is gone afterwards.
    pub ephemeral: bool,
    /// Where an attestation of what it made goes.
    pub attest: Option<AttestTo>,
}

/// What a face hears before the run starts.
#[derive(Debug)]
pub enum Notice {
    /// Findings about the flow that do not keep it from running.
    Findings(Report),
    /// A check of the flow does not hold, and the flow runs nonetheless.
    Check(String),
    /// As many executions of the flow run as may; this one waits.
    Waiting,
    /// The flow is about to run: its id and how many tasks it has.
    Starting {
        flow: String,
        execution: ExecutionId,
        tasks: usize,
    },
    /// OpenLineage events that did not go through yet, or that the other side refuses.
    Undelivered(Delivered),
    /// Why there is no attestation of the run.
    Unattested(String),
    /// The execution failed, and another takes its place.
    StartingAgain { failed: ExecutionId },
}

/// A flow that can run.
pub(super) struct Prepared {
    pub plan: Plan,
    pub registry: Arc<Registry>,
    pub task_types: Vec<TaskType>,
    pub source: Source,
    /// Findings that do not keep it from running.
    pub report: Option<Report>,
}

/// Who hears of a run and may stop it.
pub(super) struct Watchers {
    pub observer: Observer,
    pub cancelled: watch::Receiver<bool>,
}

impl App {
    /// Checks a flow and binds its inputs against what the catalog knows.
    pub(super) async fn prepare(&self, request: &FlowRequest<'_>, known: &Catalog) -> Result<Prepared, AppError> {
        self.prepare_with(self.registry().await?, request, known)
    }

    /// The same with plugins that are there already.
    pub(super) fn prepare_with(
        &self,
        registry: Arc<Registry>,
        request: &FlowRequest<'_>,
        known: &Catalog,
    ) -> Result<Prepared, AppError> {
        let task_types = registry.task_types();
        let (mut report, flow) = read_and_check(&request.flow, &task_types)?;
        let stubs = with_types_of_fixtures(&request.stubs, flow.as_ref());
        stand_in_for_missing(&mut report, &stubs);
        let source = report.source.clone();
        let Some(flow) = flow.filter(|_| is_runnable(&report)) else {
            return Err(AppError::about("the flow has errors and was not run", report));
        };
        report
            .diagnostics
            .extend(missing_flows(&flow, &request.flow, &task_types));
        if !is_runnable(&report) {
            return Err(AppError::about("the flow has errors and was not run", report));
        }
        if flow.disabled {
            let error = AppError::refused(format!("the flow `{}` is disabled", flow.id));
            return Err(error.with_hint("remove `disabled: true` from it"));
        }
        let mut plan_request = PlanRequest {
            inputs: request.inputs.read(&flow)?,
            files: &find_file,
            execution: ExecutionId::generate(),
            now: clock::now(),
            catalog: known,
            task_types: &task_types,
            stubs: &request.stubs,
            labels: request.labels.clone(),
        };
        request.inputs.ask(&flow, &mut plan_request);
        let refused = |diagnostics| {
            let source = source.clone();
            AppError::about("the flow was not run", Report { source, diagnostics })
        };
        let plan = plan::build(Arc::new(flow), plan_request).map_err(refused)?;
        // Notes are for whoever writes the flow, and `begat validate` shows them.
        report.diagnostics.retain(|finding| finding.severity != Severity::Note);
        let report = (!report.diagnostics.is_empty()).then_some(report);
        Ok(Prepared {
            plan,
            registry,
            task_types,
            source,
            report,
        })
    }

    /// Checks a flow, binds its inputs, runs it and gives all that happened.
    pub async fn run(
        &self,
        request: RunRequest<'_>,
        notice: impl Fn(Notice),
        observer: Observer,
        cancelled: watch::Receiver<bool>,
    ) -> Result<ExecutionDetailView, AppError> {
        let attest = request.attest.as_ref().map(|to| Ok::<_, AppError>((to, to.prepare()?)));
        let attest = attest.transpose()?;
        // A refused request leaves no catalog behind, so the file is made only when there is a plan.
        let is_fresh = request.ephemeral || !self.settings.catalog.exists();
        let known = match is_fresh {
            true => Catalog::in_memory()?,
            false => Catalog::open(&self.settings.catalog)?,
        };
        let prepared = self.prepare(&request.flow, &known).await?;
        if let Some(report) = &prepared.report {
            notice(Notice::Findings(report.clone()));
        }
        check_grants(&prepared, &known, &folder_of(&request.flow.flow), &request.flow.stubs)?;
        let failing = failing_check(&prepared, &known, &notice)?;
        let catalog = Arc::new(match is_fresh && !request.ephemeral {
            true => Catalog::open(&self.settings.catalog)?,
            false => known,
        });
        let delivery = match request.ephemeral {
            true => None,
            false => self.deliver_beside(&catalog)?,
        };
        if prepared.plan.is_short() {
            prepared.registry.expect_few();
        }
        let watchers = Watchers { observer, cancelled };
        let stubs = request.flow.stubs.clone();
        let runner = runner(&catalog, &prepared, folder_of(&request.flow.flow), stubs, &watchers);
        let lock_beside = (!request.ephemeral).then_some(self.settings.catalog.as_path());
        let plan = Arc::new(prepared.plan);
        let outcome = match failing {
            Some(message) => runner.refuse(plan, State::Failed, message).await?,
            None => carry_out(&runner, plan, None, lock_beside, &notice, &watchers.cancelled).await?,
        };
        runner.settle().await;
        end_delivery(delivery, &notice);
        let view = shown(&catalog, &outcome.execution)?;
        if let Some((to, key)) = attest
            && let Some(reason) = to.write(&catalog, &view, key.as_deref())?
        {
            notice(Notice::Unattested(reason));
        }
        if catalog.is_small_to_open() {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Box::new((runner, prepared.task_types, catalog)));
        }
        Ok(view)
    }
}

/// Ends looking after a delivery, and tells what did not go through so far.
pub(super) fn end_delivery(delivery: Option<Delivery>, notice: &impl Fn(Notice)) {
    if let Some(delivered) = delivery.and_then(Delivery::finish) {
        notice(Notice::Undelivered(delivered));
    }
}

/// A runner for the executions that a request starts.
pub(super) fn runner(
    catalog: &Arc<Catalog>,
    prepared: &Prepared,
    folder: PathBuf,
    stubs: Stubs,
    watchers: &Watchers,
) -> Runner {
    let reader: Arc<dyn CatalogReader> = catalog.clone();
    let subflows = FlowFolder {
        folder,
        task_types: prepared.task_types.clone(),
        catalog: reader.clone(),
        stubs,
    };
    Runner::new(
        prepared.registry.clone(),
        catalog.clone(),
        reader,
        watchers.observer.clone(),
        watchers.cancelled.clone(),
        Arc::new(subflows),
    )
}

pub(super) fn shown(catalog: &Catalog, execution: &ExecutionId) -> Result<ExecutionDetailView, AppError> {
    catalog.execution(execution)?.ok_or_else(|| AppError {
        kind: ErrorKind::Host,
        ..AppError::refused(format!("execution `{execution}` is not in the catalog after its end"))
    })
}

fn is_runnable(report: &Report) -> bool {
    !report
        .diagnostics
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

/// Where a test says what single tasks come to, nobody needs to provide their types.
fn with_types_of_fixtures(stubs: &Stubs, flow: Option<&Flow>) -> Stubs {
    let tasks = flow.map(Flow::all_tasks).unwrap_or_default();
    let with_fixtures = tasks.into_iter().filter(|task| stubs.tasks.contains_key(&task.id));
    let mut stubs = stubs.clone();
    stubs
        .task_types
        .extend(with_fixtures.map(|task| task.task_type.clone()));
    stubs
}

/// Types that nobody provides are no errors where they are stood in for.
fn stand_in_for_missing(report: &mut Report, stubs: &Stubs) {
    let is_stubbed = |finding: &&mut Diagnostic| {
        let named = || {
            stubs
                .task_types
                .iter()
                .any(|name| finding.message.contains(&format!("`{name}`")))
        };
        finding.code == flow::MISSING_PLUGIN && (stubs.missing || named())
    };
    for finding in report.diagnostics.iter_mut().filter(is_stubbed) {
        finding.severity = Severity::Note;
        finding.hint =
            Some("it is stood in for: its properties and assets are recorded, and nothing is done".to_owned());
    }
}

/// The message of a check that fails the execution. One that keeps it from being is an error.
fn failing_check(prepared: &Prepared, known: &Catalog, notice: &impl Fn(Notice)) -> Result<Option<String>, AppError> {
    let broken = plan::broken_checks(&prepared.plan, known).map_err(|finding| {
        let (source, diagnostics) = (prepared.source.clone(), vec![finding]);
        AppError::about("the flow was not run", Report { source, diagnostics })
    })?;
    let worst = broken.iter().map(|check| check.behavior).max();
    let messages = |behavior: CheckBehavior| -> Vec<&str> {
        let of_kind = broken.iter().filter(|check| check.behavior == behavior);
        of_kind.map(|check| check.message.as_str()).collect()
    };
    match worst {
        Some(CheckBehavior::BlockExecution) => {
            let message = format!(
                "the flow was not run: {}",
                messages(CheckBehavior::BlockExecution).join("; ")
            );
            Err(AppError::refused(message).with_hint("the flow has `checks`: give other inputs"))
        }
        Some(CheckBehavior::FailExecution) => Ok(Some(messages(CheckBehavior::FailExecution).join("; "))),
        Some(CheckBehavior::CreateExecution) | None => {
            for message in messages(CheckBehavior::CreateExecution) {
                notice(Notice::Check(message.to_owned()));
            }
            Ok(None)
        }
    }
}

/// Runs a plan when there is room for it, and again where the flow says so.
pub(super) async fn carry_out(
    runner: &Runner,
    mut plan: Arc<Plan>,
    again: Option<Again>,
    lock_beside: Option<&Path>,
    notice: &impl Fn(Notice),
    cancelled: &watch::Receiver<bool>,
) -> Result<Outcome, AppError> {
    let _slot = match room(&plan.flow, lock_beside, notice, cancelled).await? {
        Room::Free(slot) => slot,
        Room::None(state, reason) => return Ok(runner.refuse(plan, state, reason).await?),
    };
    let start = std::time::Instant::now();
    let mut attempt = 1;
    loop {
        notice(Notice::Starting {
            flow: plan.flow.id.to_string(),
            execution: plan.execution.clone(),
            tasks: plan.tasks.len(),
        });
        let _running = lock_beside
            .map(|catalog| slots::hold(catalog, &plan.execution))
            .transpose()?;
        let outcome = match again.clone() {
            None => runner.execute(plan.clone(), None).await?,
            Some(again) => runner.execute_again(plan.clone(), again).await?,
        };
        let retry = plan
            .flow
            .retry
            .as_ref()
            .filter(|retry| retry.behavior == RetryBehavior::CreateNewExecution && outcome.state == State::Failed);
        let pause = retry.and_then(|retry| retry.pause_after(attempt, start.elapsed(), 0.5));
        let Some(pause) = pause else { return Ok(outcome) };
        let mut stop = cancelled.clone();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(outcome),
        }
        attempt += 1;
        notice(Notice::StartingAgain {
            failed: outcome.execution,
        });
        plan = Arc::new(Plan {
            execution: ExecutionId::generate(),
            ..(*plan).clone()
        });
    }
}

/// Room for an execution that goes on; it is refused where there is none to be had.
pub(super) async fn take_room(
    flow: &Flow,
    catalog: &Path,
    notice: &impl Fn(Notice),
    cancelled: &watch::Receiver<bool>,
) -> Result<Option<Slot>, AppError> {
    match room(flow, Some(catalog), notice, cancelled).await? {
        Room::Free(slot) => Ok(slot),
        Room::None(_, reason) => Err(AppError::refused(reason).with_hint("go on with it when one of them has ended")),
    }
}

/// Whether there is room for one more execution of a flow.
enum Room {
    Free(Option<Slot>),
    /// The execution ends in this state for this reason.
    None(State, String),
}

async fn room(
    flow: &Flow,
    lock_beside: Option<&Path>,
    notice: &impl Fn(Notice),
    cancelled: &watch::Receiver<bool>,
) -> Result<Room, AppError> {
    let (Some(concurrency), Some(catalog)) = (flow.concurrency, lock_beside) else {
        return Ok(Room::Free(None));
    };
    if let Some(slot) = slots::take(catalog, flow, concurrency)? {
        return Ok(Room::Free(Some(slot)));
    }
    let limit = concurrency.limit;
    let reason = format!("{limit} executions of the flow run already, and no more may (`concurrency`)");
    match concurrency.behavior {
        ConcurrencyBehavior::Cancel => Ok(Room::None(State::Cancelled, reason)),
        ConcurrencyBehavior::Fail => Ok(Room::None(State::Failed, reason)),
        ConcurrencyBehavior::Queue => {
            notice(Notice::Waiting);
            match slots::wait(catalog, flow, concurrency, cancelled.clone()).await? {
                Some(slot) => Ok(Room::Free(Some(slot))),
                None => Ok(Room::None(State::Killed, "it was stopped while it waited".to_owned())),
            }
        }
    }
}
