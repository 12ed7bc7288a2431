//! Going on with executions that wait or were interrupted, and ending those that never will.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use tokio::sync::watch;

use super::grants::check_grants;
use super::inputs::find_file;
use super::run::{Prepared, Watchers, runner, shown};
use super::{App, AppError, Notice, Observer, Report, Stubs, slots};
use crate::flow::{self, Flow, GivenInput};
use crate::model::{
    Diagnostic, ExecutionDetailView, ExecutionId, JsonMap, Source, State, TaskRunId, TaskRunView, Timestamp,
};
use crate::plan::{self, PlanRequest};
use crate::run::{Earlier, EarlierRun};
use crate::store::Catalog;

/// An execution to go on with.
pub struct ResumeRequest {
    /// Its id, or the start of it.
    pub execution: String,
    /// What is given for `onResume`, and secrets that the flow asks for, which are never kept.
    pub inputs: IndexMap<String, String>,
    /// The folder that flows of its tasks are looked for in.
    pub flows: PathBuf,
}

impl App {
    /// Goes on where an execution stopped. What was done is not done again.
    pub async fn resume(
        &self,
        request: ResumeRequest,
        notice: impl Fn(Notice),
        observer: Observer,
        cancelled: watch::Receiver<bool>,
    ) -> Result<ExecutionDetailView, AppError> {
        let catalog = Arc::new(Catalog::open(&self.settings.catalog)?);
        let id = catalog.find_execution(&request.execution)?;
        let detail = shown(&catalog, &id)?;
        let _running = slots::hold(&self.settings.catalog, &id)?;
        can_go_on(&detail)?;
        let stubs = stubs_of(&detail);
        let (prepared, on_resume) = self.plan_again(&catalog, &detail, &request, &stubs).await?;
        check_grants(&prepared, &catalog)?;
        let watchers = Watchers { observer, cancelled };
        let runner = runner(&catalog, &prepared, request.flows.clone(), stubs, &watchers);
        notice(Notice::Starting {
            flow: prepared.plan.flow.id.to_string(),
            execution: id.clone(),
            tasks: prepared.plan.tasks.len(),
        });
        let earlier = earlier_of(&detail, on_resume);
        runner.resume(Arc::new(prepared.plan), earlier).await?;
        runner.settle().await;
        shown(&catalog, &id)
    }

    /// Ends an execution that waits or was interrupted.
    pub async fn cancel(&self, execution: &str) -> Result<ExecutionDetailView, AppError> {
        let catalog = Arc::new(Catalog::open(&self.settings.catalog)?);
        let id = catalog.find_execution(execution)?;
        let detail = shown(&catalog, &id)?;
        let _running = slots::hold(&self.settings.catalog, &id)?;
        can_go_on(&detail)?;
        let request = ResumeRequest {
            execution: id.to_string(),
            inputs: IndexMap::new(),
            flows: PathBuf::from("."),
        };
        let stubs = stubs_of(&detail);
        let (prepared, _) = self.plan_again(&catalog, &detail, &request, &stubs).await?;
        let watchers = Watchers {
            observer: Arc::new(|_| ()),
            // It is stopped before it goes on, so that only `finally` runs.
            cancelled: watch::channel(true).1,
        };
        let runner = runner(&catalog, &prepared, request.flows.clone(), stubs, &watchers);
        runner
            .resume(Arc::new(prepared.plan), earlier_of(&detail, JsonMap::new()))
            .await?;
        shown(&catalog, &id)
    }

    /// The plan of an execution as it was, and the answers to what it waits for.
    async fn plan_again(
        &self,
        catalog: &Catalog,
        detail: &ExecutionDetailView,
        request: &ResumeRequest,
        stubs: &Stubs,
    ) -> Result<(Prepared, JsonMap), AppError> {
        let registry = self.registry().await?;
        let task_types = registry.task_types();
        let execution = &detail.execution;
        let text = catalog.flow_source(&execution.flow_digest)?;
        let source = Source {
            name: format!("{} as it ran", execution.flow_id),
            text: text.ok_or_else(|| AppError::refused("the flow of the execution is not in the catalog"))?,
        };
        let refused = |diagnostics: Vec<Diagnostic>| {
            let source = source.clone();
            AppError::about("the execution cannot go on", Report { source, diagnostics })
        };
        let checked = flow::check(&source, &task_types);
        let flow = checked.flow.ok_or_else(|| refused(checked.diagnostics))?;
        let (inputs, answers) = given(&flow, detail, request);
        let again = |inputs, flow: Flow| {
            let request = PlanRequest {
                inputs,
                files: &find_file,
                execution: execution.id.clone(),
                now: Timestamp::now(),
                catalog,
                task_types: &task_types,
                stubs,
                labels: execution.labels.clone(),
            };
            plan::build(Arc::new(flow), request)
        };
        let asked = Flow {
            inputs: waiting_inputs(&flow, detail),
            ..flow.clone()
        };
        let on_resume = again(answers, asked).map_err(refused)?.inputs;
        let plan = again(inputs, flow).map_err(refused)?;
        Ok((
            Prepared {
                plan,
                registry,
                task_types,
                source,
                report: None,
            },
            on_resume,
        ))
    }
}

/// The values of the flow's inputs, and the answers to what it waits for.
fn given(
    flow: &Flow,
    detail: &ExecutionDetailView,
    request: &ResumeRequest,
) -> (IndexMap<String, GivenInput>, IndexMap<String, GivenInput>) {
    let (mut inputs, mut answers) = (IndexMap::new(), IndexMap::new());
    let is_secret = |id: &str| {
        flow.inputs
            .iter()
            .any(|input| input.id.as_str() == id && input.kind.is_secret())
    };
    for (id, value) in &detail.execution.inputs {
        if !is_secret(id) && !value.is_null() {
            inputs.insert(id.clone(), GivenInput::Value(value.clone()));
        }
    }
    for (id, text) in &request.inputs {
        let list = if is_secret(id) { &mut inputs } else { &mut answers };
        list.insert(id.clone(), GivenInput::Text(text.clone()));
    }
    (inputs, answers)
}

fn can_go_on(detail: &ExecutionDetailView) -> Result<(), AppError> {
    let execution = &detail.execution;
    match execution.state {
        State::Paused | State::Running => Ok(()),
        state => Err(
            AppError::refused(format!("the execution `{}` has ended as {state}", execution.id))
                .with_hint("only executions that wait or were interrupted can go on"),
        ),
    }
}

/// What was stood in for is again.
fn stubs_of(detail: &ExecutionDetailView) -> Stubs {
    let stubbed = detail.tasks.iter().filter(|task| task.is_stub);
    Stubs {
        task_types: stubbed.map(|task| task.task_type.clone()).collect(),
        missing: detail.tasks.iter().any(|task| task.is_stub),
    }
}

/// What the tasks that wait ask for.
fn waiting_inputs(flow: &Flow, detail: &ExecutionDetailView) -> Vec<flow::Input> {
    let waiting: Vec<&str> = detail
        .tasks
        .iter()
        .filter(|task| task.state == State::Paused)
        .map(|task| task.task_id.as_str())
        .collect();
    let mut inputs = Vec::new();
    for task in flow.all_tasks() {
        if waiting.contains(&task.id.as_str()) {
            inputs.extend(task.on_resume.iter().cloned());
        }
    }
    inputs
}

fn earlier_of(detail: &ExecutionDetailView, on_resume: JsonMap) -> Earlier {
    let execution = &detail.execution;
    let by_id: HashMap<&TaskRunId, &TaskRunView> = detail.tasks.iter().map(|task| (&task.id, task)).collect();
    let runs = detail.tasks.iter().map(|task| EarlierRun {
        id: task.id.clone(),
        task: task.task_id.clone(),
        values: values_of(task, &by_id),
        state: task.state,
        outputs: task.outputs.clone(),
        decision: task.decision.clone(),
    });
    // One that was interrupted before was run again, and its place is taken by that.
    let runs = runs.filter(|run| run.state != State::Killed);
    let id: ExecutionId = execution.id.clone();
    Earlier::new(id, execution.start_date, execution.labels.clone(), on_resume, runs)
}

/// The values of the loops around a task run, the outermost first.
fn values_of(task: &TaskRunView, by_id: &HashMap<&TaskRunId, &TaskRunView>) -> Vec<String> {
    let mut values = Vec::new();
    let mut next = Some(task);
    while let Some(run) = next {
        values.extend(run.value.clone());
        next = run.parent_id.as_ref().and_then(|parent| by_id.get(parent)).copied();
    }
    values.reverse();
    values
}
