//! Going on with executions that wait or were interrupted, and ending those that never will.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use tokio::sync::watch;

use super::again::kept_before;
use super::grants::check_grants;
use super::inputs::find_file;
use super::run::{Prepared, Watchers, end_delivery, runner, shown, take_room};
use super::{App, AppError, Notice, Observer, Report, Stubs, slots};
use crate::flow::{self, Flow, GivenInput};
use crate::model::{
    Diagnostic, ExecutionDetailView, ExecutionId, JsonMap, PluginReference, Source, State, TaskRunId, TaskRunView,
    clock,
};
use crate::plan::{self, Plan, PlanRequest};
use crate::run::{Earlier, EarlierRun};
use crate::sandbox::Registry;
use crate::store::{Beginning, Catalog};

/// An execution to go on with.
pub struct ResumeRequest {
    /// Its id, or the start of it.
    pub execution: String,
    /// What is given for `onResume`, and secrets that the flow asks for, which are never kept.
    pub inputs: IndexMap<String, String>,
    /// The folder that flows of its tasks are looked for in.
    pub flows: PathBuf,
    /// Whether to go on with other plugins than it began with.
    pub allow_changed_plugins: bool,
}

/// An execution as it is recorded, with what it did again.
pub(super) struct Past {
    pub detail: ExecutionDetailView,
    beginning: Option<Beginning>,
    origin: Option<Box<Past>>,
}

/// A plan of an execution as it was.
pub(super) struct PinnedPlan<'a> {
    pub past: &'a Past,
    /// The execution that is planned.
    pub execution: ExecutionId,
    pub inputs: &'a IndexMap<String, String>,
    pub allow_changed_plugins: bool,
    /// Whether it is another execution, whose inputs may be others.
    pub is_new: bool,
}

impl Past {
    pub(super) fn read(catalog: &Catalog, id: &ExecutionId) -> Result<Self, AppError> {
        let beginning = catalog.beginning(id)?;
        let origin = beginning.as_ref().and_then(|beginning| beginning.origin.as_ref());
        let origin = origin.map(|origin| Self::read(catalog, &origin.execution).map(Box::new));
        Ok(Self {
            detail: shown(catalog, id)?,
            origin: origin.transpose()?,
            beginning,
        })
    }

    /// What was stood in for is again.
    pub(super) fn stubs(&self) -> Stubs {
        let earlier = self.origin.as_ref().map(|origin| origin.stubs()).unwrap_or_default();
        let stubbed = self.detail.tasks.iter().filter(|task| task.is_stub);
        let mut task_types = earlier.task_types;
        task_types.extend(stubbed.map(|task| task.task_type.clone()));
        Stubs {
            missing: !task_types.is_empty(),
            task_types,
            ..Stubs::default()
        }
    }

    /// It, and the executions that it did again, the latest first.
    pub(super) fn executions(&self) -> Vec<ExecutionId> {
        let mut ids = vec![self.detail.execution.id.clone()];
        ids.extend(self.origins());
        ids
    }

    /// The executions that it did again, the latest first.
    fn origins(&self) -> Vec<ExecutionId> {
        self.origin
            .as_ref()
            .map(|origin| origin.executions())
            .unwrap_or_default()
    }

    /// Its task runs, after those it kept of the execution that it does again.
    pub(super) fn runs(&self, plan: &Plan) -> Vec<EarlierRun> {
        let from = self.beginning.as_ref().and_then(|beginning| beginning.origin.as_ref());
        let from = from.and_then(|origin| origin.from.as_ref());
        let mut runs = match (&self.origin, from) {
            (Some(origin), Some(from)) => kept_before(origin.runs(plan), plan, from),
            _ => Vec::new(),
        };
        runs.extend(runs_of(&self.detail));
        runs
    }

    /// The plugins that it began with; of older records, those that were at work.
    fn plugins(&self) -> Vec<PluginReference> {
        match &self.beginning {
            Some(beginning) if !beginning.plugins.is_empty() => beginning.plugins.clone(),
            _ => self
                .detail
                .tasks
                .iter()
                .filter_map(|task| task.plugin.clone())
                .collect(),
        }
    }
}

/// Refuses to go on with other plugins than an execution began with.
fn check_plugins(past: &Past, registry: &Registry) -> Result<(), AppError> {
    let present = registry.plugins();
    let missing = past
        .plugins()
        .into_iter()
        .find(|pinned| !present.iter().any(|plugin| plugin.digest == pinned.digest));
    let Some(pinned) = missing else { return Ok(()) };
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let now = present.iter().find(|plugin| plugin.name == pinned.name);
    let now = now.map_or_else(
        || "there is none of that name now".to_owned(),
        |plugin| format!("now it is {} (sha256 {})", plugin.version, short(&plugin.digest)),
    );
    let (name, version, digest) = (&pinned.name, &pinned.version, short(&pinned.digest));
    let id = &past.detail.execution.id;
    let message = format!("the execution `{id}` began with the plugin `{name}` {version} (sha256 {digest}), and {now}");
    Err(AppError::refused(message)
        .with_hint("give the plugin as it was with `--plugins DIR`, or say `--allow-changed-plugins`"))
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
        let _running = slots::hold(&self.settings.catalog, &id)?;
        let past = Past::read(&catalog, &id)?;
        can_go_on(&past.detail)?;
        let stubs = past.stubs();
        let asked = PinnedPlan {
            past: &past,
            execution: id.clone(),
            inputs: &request.inputs,
            allow_changed_plugins: request.allow_changed_plugins,
            is_new: false,
        };
        let (prepared, on_resume) = self.plan_again(&catalog, &asked, &stubs).await?;
        check_grants(&prepared, &catalog, &request.flows, &stubs)?;
        let delivery = self.deliver_beside(&catalog)?;
        let watchers = Watchers { observer, cancelled };
        let flow = &prepared.plan.flow;
        let _slot = take_room(flow, &self.settings.catalog, &notice, &watchers.cancelled).await?;
        let runner = runner(&catalog, &prepared, request.flows.clone(), stubs, &watchers);
        notice(Notice::Starting {
            flow: flow.id.to_string(),
            execution: id.clone(),
            tasks: prepared.plan.tasks.len(),
        });
        let earlier = earlier_of(&past, &prepared.plan, on_resume);
        runner.resume(Arc::new(prepared.plan), earlier).await?;
        runner.settle().await;
        end_delivery(delivery, &notice);
        shown(&catalog, &id)
    }

    /// Ends an execution that waits or was interrupted.
    pub async fn cancel(&self, execution: &str) -> Result<ExecutionDetailView, AppError> {
        let catalog = Arc::new(Catalog::open(&self.settings.catalog)?);
        let id = catalog.find_execution(execution)?;
        let _running = slots::hold(&self.settings.catalog, &id)?;
        let past = Past::read(&catalog, &id)?;
        can_go_on(&past.detail)?;
        let stubs = past.stubs();
        let inputs = IndexMap::new();
        let asked = PinnedPlan {
            past: &past,
            execution: id.clone(),
            inputs: &inputs,
            // Only `finally` runs, and it must be possible to end what can no longer go on.
            allow_changed_plugins: true,
            is_new: false,
        };
        let (prepared, _) = self.plan_again(&catalog, &asked, &stubs).await?;
        let watchers = Watchers {
            observer: Arc::new(|_| ()),
            // It is stopped before it goes on, so that only `finally` runs.
            cancelled: watch::channel(true).1,
        };
        let runner = runner(&catalog, &prepared, PathBuf::from("."), stubs, &watchers);
        let earlier = earlier_of(&past, &prepared.plan, JsonMap::new());
        runner.resume(Arc::new(prepared.plan), earlier).await?;
        shown(&catalog, &id)
    }

    /// The plan of an execution as it was, and the answers to what it waits for.
    pub(super) async fn plan_again(
        &self,
        catalog: &Catalog,
        asked: &PinnedPlan<'_>,
        stubs: &Stubs,
    ) -> Result<(Prepared, JsonMap), AppError> {
        let registry = self.registry().await?;
        if !asked.allow_changed_plugins {
            check_plugins(asked.past, &registry)?;
        }
        let task_types = registry.task_types();
        let detail = &asked.past.detail;
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
        let (inputs, answers) = given(&flow, detail, asked);
        let again = |inputs, flow: Flow| {
            let request = PlanRequest {
                inputs,
                files: &find_file,
                execution: asked.execution.clone(),
                now: clock::now(),
                catalog,
                task_types: &task_types,
                stubs,
                labels: execution.labels.clone(),
            };
            plan::build(Arc::new(flow), request)
        };
        let on_resume = match asked.is_new {
            true => JsonMap::new(),
            false => {
                let inputs = waiting_inputs(&flow, detail);
                again(answers, Flow { inputs, ..flow.clone() }).map_err(refused)?.inputs
            }
        };
        let plan = again(inputs, flow).map_err(refused)?;
        let prepared = Prepared {
            plan,
            registry,
            task_types,
            source,
            report: None,
        };
        Ok((prepared, on_resume))
    }
}

/// The values of the flow's inputs, and the answers to what it waits for.
fn given(
    flow: &Flow,
    detail: &ExecutionDetailView,
    asked: &PinnedPlan<'_>,
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
    for (id, text) in asked.inputs {
        let list = if asked.is_new || is_secret(id) {
            &mut inputs
        } else {
            &mut answers
        };
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

fn earlier_of(past: &Past, plan: &Plan, on_resume: JsonMap) -> Earlier {
    let execution = &past.detail.execution;
    let (id, labels) = (execution.id.clone(), execution.labels.clone());
    Earlier::new(id, execution.start_date, labels, on_resume, past.runs(plan)).of(past.origins())
}

fn runs_of(detail: &ExecutionDetailView) -> impl Iterator<Item = EarlierRun> {
    let by_id: HashMap<&TaskRunId, &TaskRunView> = detail.tasks.iter().map(|task| (&task.id, task)).collect();
    // One that was interrupted before was run again, and its place is taken by that.
    let tasks = detail.tasks.iter().filter(|task| task.state != State::Killed);
    tasks.map(move |task| EarlierRun {
        id: task.id.clone(),
        task: task.task_id.clone(),
        values: values_of(task, &by_id),
        state: task.state,
        outputs: task.outputs.clone(),
        decision: task.decision.clone(),
    })
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
