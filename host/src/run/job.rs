//! The work of one task run: its attempts, each bounded in time, and what they come to.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::core::{self, Effect};
use super::execution::Runner;
use super::guard::guarded;
use super::journal::EventWriter;
use super::lineage::{self, Dropped};
use super::lines::Lines;
use super::masking::{mask_bundle, mask_ended, mask_failure};
use super::surroundings::OwnSurroundings;
use super::variables::Snapshot;
use super::workplace::Workplace;
use crate::expr::Scope;
use crate::model::{
    Actor, AssetId, Bundle, CatalogReader, GrantKind, Json, JsonMap, Lineage, LogLevel, RetriedTask, RunEvent,
    RunEventKind, State, TaskRunId, UsedGrant, clock, digest::sha256,
};
use crate::plan::{FailureBehavior, Place, Plan, PlannedTask, Retry, TaskFixture, Work};
use crate::sandbox::{Plugin, StopSign, TaskCall, TaskFailure, TaskRequest, TaskSurroundings, UseSink, advice};

/// What all jobs of an execution share.
pub(super) struct Shared {
    pub plan: Arc<Plan>,
    pub runner: Runner,
    /// The catalog with all that has happened in it.
    pub catalog: Arc<dyn CatalogReader>,
    pub surroundings: OwnSurroundings,
    pub writer: EventWriter,
}

impl Shared {
    pub(super) fn scope<'a>(&'a self, snapshot: &'a Snapshot) -> Scope<'a> {
        snapshot.scope(self.catalog.as_ref(), &self.surroundings)
    }
}

/// The work of one task run, with all that it needs.
pub(super) struct Job {
    pub shared: Arc<Shared>,
    pub place: Place,
    pub id: TaskRunId,
    pub actor: Arc<Actor>,
    /// The values of the loops around it, the outermost first.
    pub values: Vec<Arc<str>>,
    pub snapshot: Snapshot,
    pub lines: Lines,
    /// The folder that it shares with others.
    pub workplace: Option<Arc<Workplace>>,
    /// Turns true when the work must stop.
    pub cancelled: watch::Receiver<bool>,
    /// Tells the plugin at work so.
    pub stop: StopSign,
}

/// What a job came to.
pub(super) struct Ended {
    pub state: State,
    pub outputs: JsonMap,
    pub error: Option<String>,
    pub lineage: Option<Lineage>,
    pub effects: Vec<Effect>,
    pub attempts: u32,
}

/// What a task did that did not fail.
#[derive(Default)]
pub(super) struct Done {
    pub outputs: JsonMap,
    pub effects: Vec<Effect>,
    /// `WARNING` where there is something to say.
    pub warning: Option<String>,
}

impl Done {
    pub(super) fn with(outputs: JsonMap) -> Self {
        Self {
            outputs,
            ..Self::default()
        }
    }
}

impl Ended {
    pub(super) fn of(state: State, outputs: JsonMap) -> Self {
        Self {
            state,
            outputs,
            error: None,
            lineage: None,
            effects: Vec::new(),
            attempts: 1,
        }
    }

    pub(super) fn failed(message: String) -> Self {
        Self {
            error: Some(message),
            ..Self::of(State::Failed, JsonMap::new())
        }
    }
}

/// A failure of a task that begat itself found.
pub(super) fn failure(kind: &str, message: impl Into<String>) -> TaskFailure {
    TaskFailure {
        kind: kind.to_owned(),
        message: message.into(),
        retryable: false,
        details: JsonMap::new(),
    }
}

/// How long a plugin that was told to stop may take to do so.
const GRACE: Duration = Duration::from_secs(3);

fn broken(words: String) -> Ended {
    Ended::failed(format!(
        "begat itself failed in this task, which is a fault of begat: {words}"
    ))
}

/// What became of work that was told to stop: it was done nonetheless, or it was killed.
fn stopped_by(ended: Ended) -> Ended {
    match ended.state {
        State::Failed => Ended {
            state: State::Killed,
            ..ended
        },
        _ => ended,
    }
}

impl Job {
    /// Does the work until it is done, has failed for good, or must stop.
    pub(super) async fn run(self) -> Ended {
        let mut cancelled = self.cancelled.clone();
        let stopped = async {
            if cancelled.wait_for(|stop| *stop).await.is_err() {
                // Nobody is left to stop it.
                std::future::pending::<()>().await;
            }
        };
        let mut work = pin!(guarded(self.attempts()));
        let ended = tokio::select! {
            biased;
            ended = &mut work => Some(ended),
            () = stopped => None,
        };
        if let Some(ended) = ended {
            return ended.unwrap_or_else(broken);
        }
        self.stop.request();
        // Who never asked whether to stop would not hear of it now.
        let grace = if self.stop.was_asked() { GRACE } else { Duration::ZERO };
        match tokio::time::timeout(grace, work).await {
            Ok(ended) => stopped_by(ended.unwrap_or_else(broken)),
            Err(_) => stopped_by(Ended::failed("it was stopped before it was done".to_owned())),
        }
    }

    fn planned(&self) -> &PlannedTask {
        &self.shared.plan.tasks[self.place]
    }

    async fn attempts(&self) -> Ended {
        let planned = self.planned();
        let flow = &self.shared.plan.flow;
        let flow_retry = flow
            .retry
            .as_ref()
            .filter(|retry| retry.behavior == crate::plan::RetryBehavior::RetryFailedTask);
        let retry = planned.task.settings.retry.as_ref().or(flow_retry);
        let start = Instant::now();
        let mut attempt = 1;
        loop {
            let mut failure = match self.bounded(attempt).await {
                Ok(mut ended) => {
                    mask_ended(self.shared.writer.masker(), &mut ended);
                    return self.counted(ended, attempt, retry);
                }
                Err(failure) => failure,
            };
            mask_failure(self.shared.writer.masker(), &mut failure);
            let pause = retry
                .filter(|_| {
                    !self.stop.is_requested()
                        && !matches!(
                            failure.kind.as_str(),
                            "invalid-properties" | "contract" | "not-granted" | "exit"
                        )
                })
                .and_then(|retry| retry.pause_after(attempt, start.elapsed(), chance()));
            let Some(pause) = pause else {
                return self.given_up(failure, attempt);
            };
            self.tell_of_retry(&failure, attempt, pause);
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    fn counted(&self, ended: Ended, attempts: u32, retry: Option<&Retry>) -> Ended {
        let is_warning = attempts > 1 && retry.is_some_and(|retry| retry.warning_on_retry);
        match (is_warning, ended.state) {
            (true, State::Success) => Ended {
                state: State::Warning,
                error: Some(format!("it took {attempts} attempts")),
                attempts,
                ..ended
            },
            _ => Ended { attempts, ..ended },
        }
    }

    fn tell_of_retry(&self, failure: &TaskFailure, attempt: u32, pause: Duration) {
        let seconds = pause.as_secs_f64();
        let message = format!(
            "attempt {attempt} failed: {}; trying again in {seconds} s",
            failure.message
        );
        self.lines.say(LogLevel::Warn, message);
        let mut events = self.lines.take();
        events.push(RunEvent {
            time: clock::now(),
            actor: self.actor.clone(),
            kind: RunEventKind::TaskRunRetried(RetriedTask {
                attempt,
                error: failure.message.clone(),
            }),
        });
        self.shared.writer.write(events);
    }

    /// What can be rendered without outputs is kept, so that the history shows what was meant.
    fn given_up(&self, failure: TaskFailure, attempts: u32) -> Ended {
        let bundles = self.rendered_assets(&failure.details, attempts);
        let lineage = bundles.ok().flatten().map(|bundle| Lineage {
            state: State::Failed,
            bundles: vec![bundle],
        });
        Ended {
            outputs: failure.details,
            lineage,
            attempts,
            ..Ended::failed(failure.message)
        }
    }

    async fn bounded(&self, attempt: u32) -> Result<Ended, TaskFailure> {
        let limit = match &self.planned().task.settings.timeout {
            None => None,
            Some(length) => {
                let scope = self.shared.scope(&self.snapshot);
                let length = length.render(&scope);
                Some(length.map_err(|message| failure("invalid-properties", format!("`timeout`: {message}")))?)
            }
        };
        let Some(limit) = limit else {
            return self.attempt(attempt).await;
        };
        let message = || format!("it ran longer than its `timeout` of {} s", limit.as_secs_f64());
        let ended = tokio::time::timeout(limit, self.attempt(attempt)).await;
        ended.unwrap_or_else(|_| Err(failure("timed-out", message())))
    }

    async fn attempt(&self, attempt: u32) -> Result<Ended, TaskFailure> {
        let properties = self.properties(attempt)?;
        match &self.planned().work {
            Work::Plugin(task_type) => self.call_plugin(task_type, properties, attempt).await,
            Work::Core(core_type) => {
                let done = core::run(*core_type, self, &properties).await?;
                Ok(self.recorded_as_declared(done, attempt))
            }
            Work::Stub => match self.planned().fixture.clone() {
                Some(fixture) => self.as_in_fixture(&fixture, attempt),
                None => Ok(self.stand_in(properties, attempt)),
            },
        }
    }

    /// Renders the properties.
    fn properties(&self, attempt: u32) -> Result<JsonMap, TaskFailure> {
        let planned = self.planned();
        let snapshot = (attempt > 1).then(|| self.snapshot.clone().at_attempt(attempt));
        let scope = self.shared.scope(snapshot.as_ref().unwrap_or(&self.snapshot));
        let mut properties = JsonMap::new();
        for (name, property) in &planned.task.properties {
            let wanted = planned
                .wanted
                .get(name)
                .copied()
                .unwrap_or(crate::plan::Wanted::ANYTHING);
            let value = property.render_for(wanted, &scope).map_err(|error| {
                let message = &error.error.message;
                failure(
                    "invalid-properties",
                    format!("the property `{name}` cannot be rendered: {message}"),
                )
            })?;
            properties.insert(name.clone(), value);
        }
        Ok(properties)
    }

    /// A task that nobody does: its properties are its outputs, and its assets are recorded as they are declared.
    fn stand_in(&self, properties: JsonMap, attempt: u32) -> Ended {
        let message = format!(
            "no plugin ran: this task of type `{}` is stood in for",
            self.planned().task.task_type
        );
        self.lines.say(LogLevel::Warn, message);
        let mut outputs = JsonMap::new();
        outputs.insert("stubbed".to_owned(), true.into());
        outputs.insert("properties".to_owned(), properties.into());
        self.recorded_as_declared(Done::with(outputs), attempt)
    }

    /// A task that comes to what a test says.
    fn as_in_fixture(&self, fixture: &TaskFixture, attempt: u32) -> Result<Ended, TaskFailure> {
        for line in &fixture.logs {
            self.lines.say(LogLevel::Info, line.clone());
        }
        let said = || fixture.error.clone().unwrap_or_else(|| "the test says so".to_owned());
        match fixture.state {
            State::Failed => Err(TaskFailure {
                details: fixture.outputs.clone(),
                ..failure("failed", said())
            }),
            state => {
                let done = Done {
                    warning: (state == State::Warning).then(said),
                    ..Done::with(fixture.outputs.clone())
                };
                Ok(self.recorded_as_declared(done, attempt))
            }
        }
    }

    async fn call_plugin(&self, task_type: &str, properties: JsonMap, attempt: u32) -> Result<Ended, TaskFailure> {
        let shared = &self.shared;
        let flow = &shared.plan.flow;
        let request = TaskRequest {
            execution: shared.plan.execution.clone(),
            task_run: self.id.clone(),
            namespace: flow.namespace.clone(),
            flow: flow.id.clone(),
            task: self.planned().task.id.clone(),
            task_type: self.planned().task.task_type.clone(),
            attempt,
            properties,
        };
        let plugin = shared.runner.registry.find(task_type).ok_or_else(|| {
            failure(
                "invalid-properties",
                format!("no plugin provides the task type `{task_type}`"),
            )
        })?;
        // The semaphore is never closed.
        let _turn = shared.runner.instances.acquire().await;
        let workplace = self.workplace_for(plugin)?;
        let namespace = flow.namespace.clone();
        let surroundings = TaskSurroundings {
            sink: self.lines.sink(),
            on_use: self.on_use(),
            catalog: shared.catalog.clone(),
            namespace,
            work: workplace.as_deref().map(Workplace::path),
            stop: self.stop.clone(),
            stage: None,
        };
        let mut call = shared.runner.registry.start(plugin, surroundings).await?;
        let mut outputs = call.run(&request).await?;
        let kept = self.keep_files(workplace.as_deref(), &mut outputs)?;
        let mut ended = self.declare(&mut call, outputs, &request).await;
        ended.effects.extend(kept);
        Ok(ended)
    }

    /// Records each use of a grant when it happens, so that it is known also of a task that never comes back.
    fn on_use(&self) -> UseSink {
        let (writer, actor) = (self.shared.writer.clone(), self.actor.clone());
        Arc::new(move |used| {
            writer.write(vec![RunEvent {
                time: clock::now(),
                actor: actor.clone(),
                kind: RunEventKind::GrantUsed(used),
            }]);
        })
    }

    /// The folder that it shares with others, else one of its own where its type runs scripts or gives files.
    fn workplace_for(&self, plugin: &Plugin) -> Result<Option<Arc<Workplace>>, TaskFailure> {
        let task_type = &self.planned().task.task_type;
        let mut types = plugin.description.task_types.iter();
        let found = types.find(|known| known.answers_to(task_type));
        let uses_files = found.is_some_and(|found| {
            found.properties.pointer("/properties/script").is_some()
                || found.outputs.pointer("/properties/outputFiles").is_some()
        });
        match &self.workplace {
            Some(shared) => Ok(Some(shared.clone())),
            None if !uses_files => Ok(None),
            None => {
                let own = Workplace::open(None, &self.shared.surroundings);
                own.map(Some).map_err(|message| failure("unavailable", message))
            }
        }
    }

    /// Keeps the files that the outputs name, and adds their addresses and digests to them.
    fn keep_files(&self, workplace: Option<&Workplace>, outputs: &mut JsonMap) -> Result<Vec<Effect>, TaskFailure> {
        let files = outputs.get_mut("outputFiles").and_then(Json::as_object_mut);
        let (Some(workplace), Some(files)) = (workplace, files) else {
            return Ok(Vec::new());
        };
        let names: Vec<String> = files.keys().map(|name| glob::Pattern::escape(name)).collect();
        let kept = workplace.gather(&names, &self.id, &self.shared.surroundings);
        let (kept, addresses) = kept.map_err(|message| failure("failed", message))?;
        let mut only = None;
        for ((name, address), kind) in addresses.into_iter().zip(&kept) {
            if let Some(file) = files.get_mut(&name).and_then(Json::as_object_mut)
                && let RunEventKind::FileWritten(written) = kind
            {
                file.insert("uri".to_owned(), address.clone());
                file.insert("sha256".to_owned(), sha256(&written.content).into());
            }
            if names.len() == 1 {
                only = Some(address);
            }
        }
        // A task whose one result is a file says where it is, as the types that flows bring along do.
        if let Some(address) = only.filter(|_| outputs.get("uri").is_some_and(Json::is_null)) {
            outputs.insert("uri".to_owned(), address);
        }
        Ok(kept.into_iter().map(Effect::Record).collect())
    }

    /// Asks the plugin what it used and made, after the flow said what it declares.
    async fn declare(&self, call: &mut TaskCall, outputs: JsonMap, request: &TaskRequest) -> Ended {
        let block = self.planned().task.assets.as_ref();
        let behavior = block.map_or_else(FailureBehavior::default, |block| block.failure_behavior);
        let declared = match self.rendered_assets(&outputs, request.attempt) {
            Ok(bundle) => bundle.unwrap_or_default(),
            Err(reason) => return self.without_assets(behavior, Done::with(outputs), reason),
        };
        match call.declare(request, &outputs, vec![declared.clone()]).await {
            Ok(answer) => {
                let bundles = match self.admit(answer, &declared, block.is_some_and(|block| block.enable_auto)) {
                    Ok(bundles) => bundles,
                    Err(reason) => return self.without_assets(behavior, Done::with(outputs), reason),
                };
                self.checked(Done::with(outputs), bundles, behavior)
            }
            Err(failure) => self.without_assets(behavior, Done::with(outputs), failure.message),
        }
    }

    /// Keeps what the plugin may declare, and says what of its answer it may not.
    fn admit(&self, mut answer: Vec<Bundle>, declared: &Bundle, enable_auto: bool) -> Result<Vec<Bundle>, String> {
        let (masker, mut declared) = (self.shared.writer.masker(), declared.clone());
        // Masked first: what is held against the grants and the catalog is what is recorded.
        answer
            .iter_mut()
            .chain([&mut declared])
            .for_each(|bundle| mask_bundle(masker, bundle));
        let policy = self.shared.runner.registry.policy();
        let plugin = self.actor.plugin.as_ref();
        let grants = plugin.map(|plugin| policy.grants_of(plugin)).unwrap_or_default();
        let admitted = lineage::admitted(answer, &declared, enable_auto, &grants, &|id| self.exists(id))?;
        let on_use = self.on_use();
        for id in admitted.granted {
            on_use(UsedGrant {
                kind: GrantKind::Assets,
                target: id.to_string(),
            });
        }
        let name = plugin.map_or("plugin", |plugin| plugin.name.as_str());
        for (id, why) in admitted.dropped {
            let advice = advice(name, &[format!("assets={id}")]);
            let words = match why {
                Dropped::Undeclared => {
                    format!("which the flow does not; it was left out (`enableAuto: true` would take it, or {advice})")
                }
                Dropped::OnlyRead => {
                    format!("as an output, which the flow only reads; it was left out ({advice})")
                }
                Dropped::Existing => {
                    format!("which exists and which the flow does not declare; it was left out ({advice})")
                }
            };
            self.lines
                .say(LogLevel::Warn, format!("the plugin declared the asset `{id}`, {words}"));
        }
        Ok(admitted.bundles)
    }

    fn exists(&self, id: &AssetId) -> Result<bool, String> {
        let found = self.shared.catalog.asset(id);
        found.map(|found| found.is_some()).map_err(|error| error.message)
    }

    /// What begat did itself is recorded as the flow declares it.
    fn recorded_as_declared(&self, done: Done, attempt: u32) -> Ended {
        let Some(block) = &self.planned().task.assets else {
            return Self::done(done, None);
        };
        match self.rendered_assets(&done.outputs, attempt) {
            Ok(bundle) => self.checked(done, bundle.into_iter().collect(), block.failure_behavior),
            Err(reason) => self.without_assets(block.failure_behavior, done, reason),
        }
    }

    /// What was declared, unless it breaks the schema of its type.
    fn checked(&self, done: Done, mut bundles: Vec<Bundle>, behavior: FailureBehavior) -> Ended {
        bundles.retain(|bundle| !bundle.is_empty());
        if bundles.is_empty() {
            return Self::done(done, None);
        }
        let reason = match self.shared.catalog.violations(&bundles) {
            Ok(violations) => {
                let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
                told.join("; ")
            }
            Err(error) => error.message,
        };
        if !reason.is_empty() {
            return self.without_assets(behavior, done, reason);
        }
        let state = State::Success;
        Self::done(done, Some(Lineage { state, bundles }))
    }

    fn rendered_assets(&self, outputs: &JsonMap, attempt: u32) -> Result<Option<Bundle>, String> {
        let task = &self.planned().task;
        if task.assets.is_none() {
            return Ok(None);
        }
        let values: Vec<&str> = self.values.iter().map(|value| &**value).collect();
        let snapshot = self
            .snapshot
            .clone()
            .at_attempt(attempt)
            .with_own_outputs(task.id.as_str(), &values, outputs);
        lineage::rendered(task, &self.shared.scope(&snapshot), &|id| self.exists(id))
    }

    fn done(done: Done, lineage: Option<Lineage>) -> Ended {
        Ended {
            state: if done.warning.is_some() {
                State::Warning
            } else {
                State::Success
            },
            outputs: done.outputs,
            error: done.warning,
            lineage,
            effects: done.effects,
            attempts: 1,
        }
    }

    /// A task whose work is done and whose assets could not be found out.
    fn without_assets(&self, behavior: FailureBehavior, done: Done, reason: String) -> Ended {
        let message = format!("its assets cannot be recorded: {reason}");
        let (state, level) = match behavior {
            FailureBehavior::Warn => (State::Warning, LogLevel::Warn),
            FailureBehavior::Fail => (State::Failed, LogLevel::Error),
            FailureBehavior::Ignore => (State::Success, LogLevel::Info),
        };
        self.lines.say(level, message.clone());
        let error = (state != State::Success).then_some(message);
        Ended {
            state,
            error,
            ..Self::done(done, None)
        }
    }
}

/// A number from 0 to 1 that is not the same for other task runs and attempts.
fn chance() -> f64 {
    let mut bytes = [0; 8];
    // Without chance all wait for the middle of their time, which is as good.
    match clock::random(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes) as f64 / u64::MAX as f64,
        Err(_) => 0.5,
    }
}
