//! Doing an execution again: a new execution of the same flow with the same inputs, from its beginning or from one of its
//! tasks on.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use tokio::sync::watch;

use super::grants::check_grants;
use super::resume::{Past, PinnedPlan};
use super::run::{Watchers, carry_out, end_delivery, runner, shown};
use super::{App, AppError, Notice, Observer, slots};
use crate::model::{ExecutionDetailView, ExecutionId, JsonMap, Origin, State, TaskId, clock};
use crate::plan::Plan;
use crate::run::{Again, Earlier, EarlierRun};
use crate::store::Catalog;

/// The label that names the execution which is done again.
const LABEL: &str = "system.replayOf";

/// An execution to do again.
pub struct AgainRequest {
    /// Its id, or the start of it.
    pub execution: String,
    /// Where to begin.
    pub start: StartAt,
    /// Inputs that take the place of those it had, and secrets, which are never kept.
    pub inputs: IndexMap<String, String>,
    /// The folder that flows of its tasks are looked for in.
    pub flows: PathBuf,
    /// Whether to go on with other plugins than it began with.
    pub allow_changed_plugins: bool,
}

/// Where an execution that is done again begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartAt {
    /// At its first task.
    Beginning,
    /// At this task: what came before is taken from the record.
    Task(String),
    /// At the task that failed first.
    Failure,
}

impl App {
    /// Does an execution again, as a new one.
    pub async fn again(
        &self,
        request: AgainRequest,
        notice: impl Fn(Notice),
        observer: Observer,
        cancelled: watch::Receiver<bool>,
    ) -> Result<ExecutionDetailView, AppError> {
        let catalog = Arc::new(Catalog::open(&self.settings.catalog)?);
        let id = catalog.find_execution(&request.execution)?;
        let past = Past::read(&catalog, &id)?;
        if past.detail.execution.state == State::Running && slots::is_held(&self.settings.catalog, &id) {
            return Err(
                AppError::refused(format!("the execution `{id}` is at work in another process"))
                    .with_hint("wait for its end, or stop it"),
            );
        }
        let stubs = past.stubs();
        let asked = PinnedPlan {
            past: &past,
            execution: ExecutionId::generate(),
            inputs: &request.inputs,
            allow_changed_plugins: request.allow_changed_plugins,
            is_new: true,
        };
        let (mut prepared, _) = self.plan_again(&catalog, &asked, &stubs).await?;
        check_grants(&prepared, &catalog, &request.flows, &stubs)?;
        prepared.plan.labels.insert(LABEL.to_owned(), id.as_str().into());
        let again = again_of(&past, &prepared.plan, &request.start)?;
        let delivery = self.deliver_beside(&catalog)?;
        let watchers = Watchers { observer, cancelled };
        let runner = runner(&catalog, &prepared, request.flows.clone(), stubs, &watchers);
        let plan = Arc::new(prepared.plan);
        let beside = Some(self.settings.catalog.as_path());
        let outcome = carry_out(&runner, plan, Some(again), beside, &notice, &watchers.cancelled).await?;
        runner.settle().await;
        end_delivery(delivery, &notice);
        shown(&catalog, &outcome.execution)
    }
}

/// What is kept of an execution, and where the new one begins.
fn again_of(past: &Past, plan: &Plan, start: &StartAt) -> Result<Again, AppError> {
    let id = &past.detail.execution.id;
    let from = match start {
        StartAt::Beginning => None,
        StartAt::Task(name) => Some(known_task(plan, name)?),
        StartAt::Failure => Some(first_failure(past)?),
    };
    let origin = Origin {
        execution: id.clone(),
        from,
    };
    let kept = match &origin.from {
        None => Vec::new(),
        Some(task) => kept_before(past.runs(plan), plan, task),
    };
    let labels = past.detail.execution.labels.clone();
    let executions = past.executions();
    let kept = Earlier::new(plan.execution.clone(), clock::now(), labels, JsonMap::new(), kept);
    Ok(Again {
        origin,
        kept: kept.of(executions.clone()),
        executions,
    })
}

fn known_task(plan: &Plan, name: &str) -> Result<TaskId, AppError> {
    let ids: Vec<&TaskId> = plan.tasks.iter().map(|planned| &planned.task.id).collect();
    if let Some(id) = ids.iter().find(|id| id.as_str() == name) {
        return Ok((*id).clone());
    }
    let near = crate::model::closest(name, ids.iter().map(|id| id.as_str()));
    let hint = near.map_or_else(
        || "`begat execution show` lists its tasks".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(AppError::refused(format!("the flow has no task `{name}`")).with_hint(hint))
}

/// The first task that failed where the work was done.
fn first_failure(past: &Past) -> Result<TaskId, AppError> {
    let tasks = &past.detail.tasks;
    let holders: HashSet<_> = tasks.iter().filter_map(|task| task.parent_id.as_ref()).collect();
    let failed = tasks
        .iter()
        .find(|task| matches!(task.state, State::Failed | State::Killed) && !holders.contains(&task.id));
    failed.map(|task| task.task_id.clone()).ok_or_else(|| {
        let id = &past.detail.execution.id;
        AppError::refused(format!("no task of the execution `{id}` failed"))
            .with_hint("name the task to begin with: `--from TASK`")
    })
}

/// The runs of tasks that do not begin anew.
pub(super) fn kept_before(runs: Vec<EarlierRun>, plan: &Plan, from: &TaskId) -> Vec<EarlierRun> {
    let Some(place) = plan.tasks.iter().position(|planned| planned.task.id == *from) else {
        return Vec::new();
    };
    let anew = plan.program.since(place);
    let is_anew = |run: &EarlierRun| {
        let place = plan.tasks.iter().position(|planned| planned.task.id == run.task);
        place.is_none_or(|place| anew.contains(&place))
    };
    // What had not ended begins anew too.
    runs.into_iter()
        .filter(|run| run.state.is_terminal() && !is_anew(run))
        .collect()
}
