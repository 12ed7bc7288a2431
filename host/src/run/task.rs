//! One task run: render, call, record.

use std::sync::{Arc, Mutex, PoisonError};

use super::execution::{RunError, Runner};
use super::journal::{EventWriter, Journal};
use super::lineage;
use super::variables::Variables;
use crate::model::{
    Actor, FinishedTask, JsonMap, Lineage, LogLevel, LogLine, PluginReference, RunEvent, RunEventKind, StartedTask,
    State, TaskRunId, Timestamp,
};
use crate::plan::{FailureBehavior, Plan, PlannedTask, Task, Wanted};
use crate::sandbox::{LogSink, TaskCall, TaskFailure, TaskRequest};

/// How many log lines wait at most before they are recorded.
const LOG_BATCH: usize = 256;

/// How a task run ended.
pub(super) struct Ended {
    pub state: State,
    pub error: Option<String>,
}

/// What a task run comes to before it is recorded.
struct Worked {
    state: State,
    outputs: JsonMap,
    error: Option<String>,
    lineage: Option<Lineage>,
}

/// Runs one task of a plan.
pub(super) struct TaskRunner<'a> {
    plan: &'a Plan,
    planned: &'a PlannedTask,
    task: &'a Task,
    id: TaskRunId,
}

impl<'a> TaskRunner<'a> {
    pub(super) fn new(plan: &'a Plan, index: usize) -> Self {
        let planned = &plan.tasks[index];
        Self {
            plan,
            planned,
            task: &plan.flow.tasks[planned.place],
            id: TaskRunId::generate(),
        }
    }

    /// Runs the task. Its end waits in the journal.
    pub(super) async fn run(
        self,
        runner: &Runner,
        journal: &mut Journal,
        variables: &mut Variables,
    ) -> Result<Ended, RunError> {
        let start = Timestamp::now();
        let actor = self.actor(journal, runner);
        let started = RunEventKind::TaskRunStarted(StartedTask {
            task_type: self.task.task_type.clone(),
        });
        journal.add([RunEvent {
            time: start,
            actor: actor.clone(),
            kind: started,
        }]);
        journal.flush()?;
        variables.enter(self.task, &self.id, start);
        let lines = Lines::new(journal.writer(), actor.clone());
        let mut call = None;
        let mut cancelled = runner.cancelled.clone();
        let result = tokio::select! {
            result = self.work(runner, variables, &lines, &mut call) => result,
            _ = cancelled.wait_for(|stop| *stop) => killed(),
        };
        let (log_lines, log_digest) = call.as_ref().map_or_else(|| (0, String::new()), TaskCall::log_digest);
        drop(call);
        let mut events = lines.take();
        let time = Timestamp::now();
        let mut push = |kind| {
            events.push(RunEvent {
                time,
                actor: actor.clone(),
                kind,
            })
        };
        if let Some(lineage) = result.lineage {
            push(RunEventKind::LineageRecorded(lineage));
        }
        push(RunEventKind::TaskRunFinished(FinishedTask {
            state: result.state,
            outputs: result.outputs.clone(),
            error: result.error.clone(),
            log_lines,
            log_digest,
        }));
        journal.add(events);
        variables.leave(self.task, result.outputs);
        let error = result.error.filter(|_| result.state != State::Warning);
        Ok(Ended {
            state: result.state,
            error: error.map(|error| format!("task `{}`: {error}", self.task.id)),
        })
    }

    fn actor(&self, journal: &Journal, runner: &Runner) -> Arc<Actor> {
        let plugin: Option<PluginReference> = runner
            .registry
            .find(&self.task.task_type)
            .map(|plugin| plugin.reference.clone());
        Arc::new(Actor {
            task: Some(self.task.id.clone()),
            task_run: Some(self.id.clone()),
            plugin,
            ..(*journal.actor).clone()
        })
    }

    async fn work(&self, runner: &Runner, variables: &Variables, lines: &Lines, call: &mut Option<TaskCall>) -> Worked {
        match self.call(runner, variables, lines, call).await {
            Ok((outputs, request)) => self.declare(runner, variables, lines, call, outputs, &request).await,
            Err(failure) => {
                // What can be rendered without outputs is kept, so that the history shows what was meant.
                let bundles = lineage::rendered(self.task, variables, &failure.details, runner);
                let lineage = bundles.ok().flatten().map(|bundle| Lineage {
                    state: State::Failed,
                    bundles: vec![bundle],
                });
                let error = Some(failure.message);
                Worked {
                    state: State::Failed,
                    outputs: failure.details,
                    error,
                    lineage,
                }
            }
        }
    }

    async fn call(
        &self,
        runner: &Runner,
        variables: &Variables,
        lines: &Lines,
        call: &mut Option<TaskCall>,
    ) -> Result<(JsonMap, TaskRequest), TaskFailure> {
        let failed = |message: String| TaskFailure {
            kind: "invalid-properties".to_owned(),
            message,
            retryable: false,
            details: JsonMap::new(),
        };
        let scope = variables.scope(runner.catalog.as_ref(), &self.plan.flow.namespace);
        let mut properties = JsonMap::new();
        for (name, property) in &self.task.properties {
            let wanted = self.planned.wanted.get(name).copied().unwrap_or(Wanted::ANYTHING);
            let value = property.render_for(wanted, &scope).map_err(|error| {
                failed(format!(
                    "the property `{name}` cannot be rendered: {}",
                    error.error.message
                ))
            })?;
            properties.insert(name.clone(), value);
        }
        drop(scope);
        let request = TaskRequest {
            execution: self.plan.execution.clone(),
            task_run: self.id.clone(),
            namespace: self.plan.flow.namespace.clone(),
            flow: self.plan.flow.id.clone(),
            task: self.task.id.clone(),
            task_type: self.task.task_type.clone(),
            attempt: 1,
            properties,
        };
        let plugin = runner
            .registry
            .find(&self.planned.task_type)
            .ok_or_else(|| failed(format!("no plugin provides the task type `{}`", self.planned.task_type)))?;
        let namespace = self.plan.flow.namespace.clone();
        let started = runner
            .registry
            .start(plugin, lines.sink(), runner.catalog.clone(), namespace, None)
            .await?;
        let outputs = call.insert(started).run(&request).await?;
        Ok((outputs, request))
    }

    /// Asks the plugin what it used and made, after the flow said what it declares.
    async fn declare(
        &self,
        runner: &Runner,
        variables: &Variables,
        lines: &Lines,
        call: &mut Option<TaskCall>,
        outputs: JsonMap,
        request: &TaskRequest,
    ) -> Worked {
        let done = |lineage| Worked {
            state: State::Success,
            outputs: outputs.clone(),
            error: None,
            lineage,
        };
        let Some(block) = &self.task.assets else {
            return done(None);
        };
        let declared = match lineage::rendered(self.task, variables, &outputs, runner) {
            Ok(bundle) => bundle.unwrap_or_default(),
            Err(reason) => return self.without_assets(block.failure_behavior, lines, outputs, reason),
        };
        let Some(call) = call else { return done(None) };
        match call.declare(request, &outputs, vec![declared.clone()]).await {
            Ok(answer) => {
                let (bundles, dropped) = lineage::admitted(answer, &declared, block.enable_auto);
                for id in dropped {
                    let message =
                        format!("the plugin declared the asset `{id}`, which the flow does not; it was left out");
                    lines.say(LogLevel::Warn, format!("{message} (`enableAuto: true` would take it)"));
                }
                let bundles: Vec<_> = bundles.into_iter().filter(|bundle| !bundle.is_empty()).collect();
                done((!bundles.is_empty()).then_some(Lineage {
                    state: State::Success,
                    bundles,
                }))
            }
            Err(failure) => self.without_assets(block.failure_behavior, lines, outputs, failure.message),
        }
    }

    /// A task whose work is done and whose assets could not be found out.
    fn without_assets(&self, behavior: FailureBehavior, lines: &Lines, outputs: JsonMap, reason: String) -> Worked {
        let message = format!("its assets cannot be recorded: {reason}");
        let (state, level) = match behavior {
            FailureBehavior::Warn => (State::Warning, LogLevel::Warn),
            FailureBehavior::Fail => (State::Failed, LogLevel::Error),
            FailureBehavior::Ignore => (State::Success, LogLevel::Info),
        };
        lines.say(level, message.clone());
        let error = (state != State::Success).then_some(message);
        Worked {
            state,
            outputs,
            error,
            lineage: None,
        }
    }
}

fn killed() -> Worked {
    let error = Some("it was stopped by the user".to_owned());
    Worked {
        state: State::Killed,
        outputs: JsonMap::new(),
        error,
        lineage: None,
    }
}

/// The log lines of a task run: shown at once, recorded in batches.
#[derive(Clone)]
struct Lines {
    waiting: Arc<Mutex<Vec<RunEvent>>>,
    sink: Arc<dyn Fn(LogLine) + Send + Sync>,
}

impl Lines {
    fn new(writer: EventWriter, actor: Arc<Actor>) -> Self {
        let waiting: Arc<Mutex<Vec<RunEvent>>> = Arc::default();
        let kept = waiting.clone();
        let sink = move |line: LogLine| {
            let event = RunEvent {
                time: line.time,
                actor: actor.clone(),
                kind: RunEventKind::TaskLogged(line),
            };
            writer.tell(event.clone());
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(event);
            if kept.len() >= LOG_BATCH {
                writer.write(std::mem::take(&mut *kept));
            }
        };
        Self {
            waiting,
            sink: Arc::new(sink),
        }
    }

    fn sink(&self) -> LogSink {
        self.sink.clone()
    }

    fn say(&self, level: LogLevel, message: String) {
        (self.sink)(LogLine {
            time: Timestamp::now(),
            level,
            message,
        });
    }

    fn take(&self) -> Vec<RunEvent> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
