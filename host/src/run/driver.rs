//! Carries out what the schedule wants: starts task runs, waits for them, and tells what happened.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::active::Active;
use super::core::Effect;
use super::earlier::{Again, Earlier, EarlierRun, needed_plugins};
use super::execution::{Outcome, RunError, Runner};
use super::job::{Ended, Job, Shared};
use super::journal::Journal;
use super::opening::{self, Decision};
use super::schedule::{RunKey, Schedule, Step};
use super::surroundings::{ErrorLog, OwnSurroundings, Rights};
use super::variables::{Snapshot, Variables};
use crate::model::{
    Actor, ExecutionId, FinishedTask, FlowReference, Json, JsonMap, Masker, Origin, RunEvent, RunEventKind,
    StartedExecution, State, TaskRunId, Timestamp, clock,
};
use crate::plan::{CoreType, Place, Plan, PlannedTask, Work, is_truthy};

/// What a job that runs beside others answers.
pub(super) enum Answer {
    Ended(Box<Ended>),
    /// The pause between two passes of a block is over.
    Rested,
}

/// One execution at work.
pub(super) struct Driver {
    pub plan: Arc<Plan>,
    pub shared: Arc<Shared>,
    pub journal: Journal,
    pub schedule: Schedule,
    pub variables: Variables,
    pub runs: HashMap<RunKey, Active>,
    jobs: JoinSet<(RunKey, Answer)>,
    /// Runs that wait for someone to resume the execution.
    parked: Vec<RunKey>,
    /// Turns true when the user wants the execution to stop.
    cancelled: watch::Receiver<bool>,
    /// Cuts off the jobs that have begun.
    pub cut: watch::Sender<bool>,
    pub is_cut: bool,
    pub errors: ErrorLog,
    /// What went wrong first.
    pub error: Option<String>,
    pub earlier: Option<Earlier>,
    /// When the execution breaks a rule on its duration, and which rule.
    pub deadlines: Vec<(Instant, usize)>,
    pub broken: Vec<usize>,
    pub outputs: JsonMap,
    pub ended_as: Option<State>,
}

impl Driver {
    /// Starts an execution.
    pub(super) fn begin(runner: &Runner, plan: Arc<Plan>, parent: Option<ExecutionId>) -> Self {
        Self::begin_as(runner, plan, parent, None, Vec::new())
    }

    /// Starts an execution that does another one again. What is kept of that is not done again.
    pub(super) fn begin_again(runner: &Runner, plan: Arc<Plan>, again: Again) -> Self {
        let mut driver = Self::begin_as(runner, plan, None, Some(again.origin), again.executions);
        driver.earlier = Some(again.kept);
        driver
    }

    fn begin_as(
        runner: &Runner,
        plan: Arc<Plan>,
        parent: Option<ExecutionId>,
        origin: Option<Origin>,
        origins: Vec<ExecutionId>,
    ) -> Self {
        let start = clock::now();
        let mut driver = Self::new(runner, plan, start, origins);
        let started = StartedExecution {
            source: driver.plan.flow.source.clone(),
            inputs: driver.plan.recorded_inputs.clone(),
            labels: driver.plan.labels.clone(),
            parent,
            plugins: needed_plugins(runner, &driver.plan),
            origin,
        };
        driver.tell(start, RunEventKind::ExecutionStarted(started));
        driver
    }

    /// Goes on with an execution.
    pub(super) fn go_on(runner: &Runner, plan: Arc<Plan>, earlier: Earlier) -> Self {
        let mut driver = Self::new(runner, plan, earlier.start, earlier.origins.clone());
        driver.tell(clock::now(), RunEventKind::ExecutionResumed);
        driver.variables.add_labels(&earlier.labels);
        driver.earlier = Some(earlier);
        driver
    }

    fn new(runner: &Runner, plan: Arc<Plan>, start: Timestamp, origins: Vec<ExecutionId>) -> Self {
        let actor = Arc::new(actor_of(&plan));
        let policy = runner.registry.policy();
        for id in &plan.secret_inputs {
            plan.inputs
                .get(id.as_str())
                .into_iter()
                .for_each(|value| learn(policy.masker(), value));
        }
        let journal = Journal::start(runner, actor.clone());
        let rights = Rights {
            grants: policy.grants_of_flow(),
            secrets: policy.secrets.clone(),
            writer: journal.writer(),
            actor,
            told: Mutex::default(),
        };
        let catalog = journal.reader(runner.catalog.clone());
        let errors = ErrorLog::default();
        let variables = Variables::new(&plan, start, &plan.execution);
        let shared = Shared {
            plan: plan.clone(),
            runner: runner.of(&plan.execution),
            surroundings: OwnSurroundings {
                catalog: catalog.clone(),
                namespace: plan.flow.namespace.clone(),
                execution: plan.execution.clone(),
                origins: origins.into(),
                errors: errors.clone(),
                rights: Arc::new(rights),
            },
            catalog,
            writer: journal.writer(),
        };
        Self {
            schedule: Schedule::new(plan.program.clone()),
            shared: Arc::new(shared),
            journal,
            variables,
            runs: HashMap::new(),
            jobs: JoinSet::new(),
            parked: Vec::new(),
            cancelled: runner.cancelled.clone(),
            cut: watch::channel(false).0,
            is_cut: false,
            errors,
            error: None,
            earlier: None,
            deadlines: super::ending::deadlines(&plan),
            broken: Vec::new(),
            outputs: JsonMap::new(),
            ended_as: None,
            plan,
        }
    }

    /// Carries the execution out to its end, or to where it has to wait for someone.
    pub(super) async fn drive(mut self) -> Result<Outcome, RunError> {
        loop {
            // Tasks that are done at once leave no time to hear of it meanwhile.
            if self.is_cancelled() && self.earlier.as_ref().is_none_or(Earlier::is_through) {
                self.interrupt(None);
            }
            match self.schedule.step() {
                Some(Step::Start(run)) => self.start(run).await?,
                Some(Step::Again(run)) => self.pass(run),
                Some(Step::End(run, state)) => self.end_block(run, state),
                Some(Step::Finish(state)) => self.finish(state),
                Some(Step::Over) => break,
                None if self.jobs.is_empty() => {
                    self.pause();
                    break;
                }
                None => self.wait().await?,
            }
        }
        let state = self.ended_as.unwrap_or(State::Paused);
        Ok(Outcome {
            execution: self.plan.execution.clone(),
            state,
            outputs: self.outputs,
            assets: self.journal.finish()?,
        })
    }

    /// Whether the user wants the execution to stop, and nothing was done about it yet.
    fn is_cancelled(&self) -> bool {
        !self.is_cut && *self.cancelled.borrow()
    }

    /// Nothing can go on until someone resumes the execution.
    fn pause(&mut self) {
        self.tell(clock::now(), RunEventKind::ExecutionPaused);
    }

    /// Adds an event of the execution itself.
    pub(super) fn tell(&mut self, time: Timestamp, kind: RunEventKind) {
        let actor = self.journal.actor.clone();
        self.journal.add([RunEvent { time, actor, kind }]);
    }

    pub(super) fn planned(&self, place: Place) -> &PlannedTask {
        &self.plan.tasks[place]
    }

    /// Begins a task run.
    async fn start(&mut self, run: RunKey) -> Result<(), RunError> {
        let mut active = self.active(run);
        let place = active.place;
        let earlier = self.earlier_of(&mut active);
        let parents = self.parents(active.parent);
        let snapshot = self.snapshot(&active, &parents);
        if let Some(earlier) = earlier {
            let block = self.planned(place).task.block.as_ref();
            // What a block holds has given values and set variables, so that it is gone through again.
            let is_over = block.map_or(earlier.state.is_terminal(), |block| earlier.ended_unopened(block));
            if is_over {
                self.runs.insert(run, active);
                self.repeat(run, earlier, snapshot).await;
                return Ok(());
            }
            if block.is_none() && self.is_cancelled() {
                self.given_up(active.actor.clone());
                self.interrupt(None);
                self.schedule.finish(run, State::Killed);
                return Ok(());
            }
            return self.begin_work(run, active, snapshot, Some(earlier)).await;
        }
        match self.is_wanted(place, &snapshot) {
            Ok(true) => self.begin_work(run, active, snapshot, None).await,
            Ok(false) => {
                self.started(&active, None);
                self.runs.insert(run, active);
                self.ended(run, Ended::of(State::Skipped, JsonMap::new()));
                Ok(())
            }
            Err(message) => {
                self.started(&active, None);
                self.runs.insert(run, active);
                self.ended(run, Ended::failed(message));
                Ok(())
            }
        }
    }

    /// Whether `runIf` says that the task runs.
    fn is_wanted(&self, place: Place, snapshot: &Snapshot) -> Result<bool, String> {
        let Some(condition) = &self.planned(place).task.settings.run_if else {
            return Ok(true);
        };
        let value = condition.evaluate(&self.shared.scope(snapshot));
        match value {
            Ok(value) => Ok(is_truthy(&value)),
            Err(error) => Err(format!("`runIf` cannot be rendered: {}", error.error.message)),
        }
    }

    async fn begin_work(
        &mut self,
        run: RunKey,
        mut active: Active,
        snapshot: Snapshot,
        earlier: Option<EarlierRun>,
    ) -> Result<(), RunError> {
        let planned = &self.plan.tasks[active.place];
        if planned.task.block.is_some() {
            let recorded = earlier.as_ref().and_then(|earlier| earlier.decision.clone());
            let decided = opening::decide(planned, &self.shared.scope(&snapshot), recorded);
            if earlier.is_none() {
                let decision = decided.as_ref().ok().and_then(|decision| decision.recorded.clone());
                self.started(&active, decision);
            }
            active.earlier = earlier
                .filter(|earlier| earlier.state.is_terminal())
                .map(|earlier| earlier.outputs);
            let opened = decided.and_then(|decision| {
                if active.earlier.is_none() {
                    self.enter_workplace(&mut active, &snapshot)?;
                }
                Ok(decision)
            });
            match opened {
                Ok(decision) => self.open(run, active, decision),
                Err(message) => {
                    self.runs.insert(run, active);
                    self.ended(run, Ended::failed(message));
                }
            }
            return Ok(());
        }
        let is_waiting = planned.work == Work::Core(CoreType::Pause)
            && !["delay", "pauseDuration"]
                .iter()
                .any(|name| planned.property(name).is_some());
        if is_waiting {
            return self.park(run, active, earlier);
        }
        if earlier.is_some() {
            // Its log has a digest of its own, so that what runs again is another run.
            self.interrupted(&mut active);
        }
        self.started(&active, None);
        self.journal.flush()?;
        let job = self.job(&active, snapshot);
        self.runs.insert(run, active);
        // What is to be repeated to the byte happens in one order.
        let in_turn = clock::World::current().is_fixed();
        match in_turn || (self.jobs.is_empty() && !self.schedule.is_ready()) {
            true => self.work_alone(run, job).await,
            false => {
                let workers = self.shared.runner.workers.handle();
                let work = async move { (run, Answer::Ended(Box::new(job.run().await))) };
                self.jobs.spawn_on(work, &workers);
                Ok(())
            }
        }
    }

    /// Ends a run whose process ended, and begins another in its place.
    fn interrupted(&mut self, active: &mut Active) {
        self.journal.add([RunEvent {
            time: clock::now(),
            actor: active.actor.clone(),
            kind: RunEventKind::TaskRunInterrupted {
                reason: "it was interrupted, and was run again".to_owned(),
            },
        }]);
        active.id = TaskRunId::generate();
        active.actor = self.actor(active.place, &active.id);
        active.lines = self.lines(active.place, &active.actor);
    }

    /// Waits for someone, or takes what someone gave.
    fn park(&mut self, run: RunKey, active: Active, earlier: Option<EarlierRun>) -> Result<(), RunError> {
        let is_new = earlier.is_none();
        if is_new {
            self.started(&active, None);
            self.journal.add([RunEvent {
                time: clock::now(),
                actor: active.actor.clone(),
                kind: RunEventKind::TaskRunPaused,
            }]);
            self.journal.flush()?;
        }
        self.runs.insert(run, active);
        let given = self.earlier.as_ref().map(|earlier| earlier.on_resume.clone());
        match given.filter(|_| !is_new) {
            None => self.parked.push(run),
            Some(given) => {
                let mut outputs = JsonMap::new();
                outputs.insert("resumed".to_owned(), true.into());
                outputs.insert("onResume".to_owned(), given.into());
                self.ended(run, Ended::of(State::Success, outputs));
            }
        }
        Ok(())
    }

    fn open(&mut self, run: RunKey, mut active: Active, decision: Decision) {
        active.each = decision.values;
        active.outputs = decision.outputs;
        let values: Vec<&str> = active.values.iter().map(|value| &**value).collect();
        let task = self.plan.tasks[active.place].task.id.as_str();
        if !active.outputs.is_empty() {
            self.variables.keep(task, &values, &active.outputs, State::Running);
        }
        self.runs.insert(run, active);
        self.schedule.open(run, decision.opening);
    }

    /// Works on the only task run there is, still hearing of the world.
    async fn work_alone(&mut self, run: RunKey, job: Job) -> Result<(), RunError> {
        let mut work = pin!(job.run());
        loop {
            tokio::select! {
                biased;
                ended = &mut work => {
                    self.ended(run, ended);
                    return Ok(());
                }
                interruption = self.interruption() => self.interrupt(interruption),
            }
        }
    }

    /// Waits until one of the jobs answers, or the world wants something.
    async fn wait(&mut self) -> Result<(), RunError> {
        self.journal.flush()?;
        let mut jobs = std::mem::take(&mut self.jobs);
        let answer = tokio::select! {
            biased;
            answer = jobs.join_next() => Ok(answer),
            interruption = self.interruption() => Err(interruption),
        };
        self.jobs = jobs;
        match answer {
            Ok(Some(Ok((run, Answer::Ended(ended))))) => self.ended(run, *ended),
            Ok(Some(Ok((run, Answer::Rested)))) => {
                let next = if self.is_cut { Ok(false) } else { Ok(true) };
                self.schedule.again(run, next);
            }
            Ok(Some(Err(panic))) => std::panic::resume_unwind(panic.into_panic()),
            Ok(None) => {}
            Err(interruption) => self.interrupt(interruption),
        }
        Ok(())
    }

    /// Comes back when the user wants to stop or a deadline is over; the deadline's rule, where it is one.
    async fn interruption(&self) -> Option<usize> {
        let mut cancelled = self.cancelled.clone();
        let deadline = self.deadlines.first().copied();
        let over = async {
            match deadline {
                Some((when, rule)) => {
                    tokio::time::sleep_until(when).await;
                    rule
                }
                None => std::future::pending().await,
            }
        };
        let stop = async {
            if self.is_cut || cancelled.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = stop => None,
            rule = over => Some(rule),
        }
    }

    fn interrupt(&mut self, interruption: Option<usize>) {
        match interruption {
            None => self.cut_off(State::Killed, "it was stopped by the user".to_owned()),
            Some(rule) => {
                self.deadlines.retain(|(_, known)| *known != rule);
                self.break_rule(rule);
            }
        }
    }

    /// Ends the execution in a state: what is at work is cut off, and only `finally` still runs.
    pub(super) fn cut_off(&mut self, state: State, reason: String) {
        self.schedule.kill(state);
        self.is_cut = true;
        self.error.get_or_insert(reason);
        self.cut.send_replace(true);
        for run in std::mem::take(&mut self.parked) {
            let killed = Ended {
                state: State::Killed,
                ..Ended::failed("it was stopped before it was done".to_owned())
            };
            self.ended(run, killed);
        }
    }

    /// Takes what a task run came to.
    fn ended(&mut self, run: RunKey, ended: Ended) {
        for effect in &ended.effects {
            self.take_effect(run, effect);
        }
        let state = self.schedule.finish(run, ended.state);
        let active = self.runs.remove(&run).expect("a run is known until it has ended");
        self.close(&active, state, ended);
        self.assert_rules();
    }

    /// Ends a task run that holds tasks.
    fn end_block(&mut self, run: RunKey, state: State) {
        let active = self.runs.remove(&run).expect("a run is known until it has ended");
        if let Some(outputs) = &active.earlier {
            let values: Vec<&str> = active.values.iter().map(|value| &**value).collect();
            let task = &self.plan.tasks[active.place].task.id;
            return self.variables.keep(task.as_str(), &values, outputs, state);
        }
        let mut outputs = active.outputs.clone();
        if active.passes.count > 0 {
            outputs.insert("iterationCount".to_owned(), active.passes.count.into());
        }
        let (effects, error) = match self.leave_workplace(&active, &mut outputs) {
            Ok(effects) => (effects, None),
            Err(message) => (Vec::new(), Some(message)),
        };
        // What the tasks within did is done; that their files are not kept is a warning.
        let state = match (&error, state) {
            (Some(_), State::Success) => State::Warning,
            _ => state,
        };
        let ended = Ended {
            error,
            effects,
            ..Ended::of(state, outputs)
        };
        self.close(&active, state, ended);
    }

    /// Records the end of a task run and keeps what it gave.
    fn close(&mut self, active: &Active, state: State, ended: Ended) {
        let task = self.plan.tasks[active.place].task.clone();
        if let Some(error) = ended.error.as_ref().filter(|_| ended.state == State::Failed) {
            self.errors.add(&task.id, clock::now(), error);
        }
        let time = clock::now();
        let (log_lines, log_digest) = active.lines.digest();
        let mut events = active.lines.take();
        let mut push = |kind| {
            events.push(RunEvent {
                time,
                actor: active.actor.clone(),
                kind,
            });
        };
        for effect in ended.effects {
            match effect {
                Effect::Record(kind) => push(kind),
                Effect::AddLabels(labels) => push(RunEventKind::LabelsAdded(labels)),
                Effect::SetVariables(_) | Effect::UnsetVariables(_) | Effect::Exit(_) => {}
            }
        }
        if let Some(lineage) = ended.lineage {
            push(RunEventKind::LineageRecorded(lineage));
        }
        push(RunEventKind::TaskRunFinished(FinishedTask {
            state,
            outputs: ended.outputs.clone(),
            error: ended.error.clone(),
            attempts: ended.attempts,
            log_lines,
            log_digest,
        }));
        self.journal.add(events);
        let values: Vec<&str> = active.values.iter().map(|value| &**value).collect();
        self.variables.keep(task.id.as_str(), &values, &ended.outputs, state);
        if let (Some(error), State::Failed | State::Killed) = (ended.error, state) {
            self.error.get_or_insert(format!("task `{}`: {error}", task.id));
        }
    }

    fn take_effect(&mut self, run: RunKey, effect: &Effect) {
        match effect {
            Effect::Record(_) => {}
            Effect::AddLabels(labels) => self.variables.add_labels(labels),
            Effect::SetVariables(variables) => {
                for (name, value) in variables {
                    self.variables.set(name, value);
                }
            }
            Effect::UnsetVariables(names) => names.iter().for_each(|name| self.variables.unset(name)),
            Effect::Exit(state @ (State::Killed | State::Cancelled)) => {
                let task = &self.plan.tasks[self.runs[&run].place].task.id;
                self.cut_off(*state, format!("the task `{task}` ended the execution"));
            }
            Effect::Exit(state) => self.schedule.exit(*state),
        }
    }

    /// A repeated block is through once more.
    fn pass(&mut self, run: RunKey) {
        let active = self.runs.get_mut(&run).expect("a run is known until it has ended");
        active.passes.count += 1;
        if let Some(outputs) = &active.earlier {
            let passes = outputs.get("iterationCount").and_then(Json::as_u64);
            let goes_on = passes.is_some_and(|passes| active.passes.count < passes);
            return self.schedule.again(run, Ok(goes_on));
        }
        let active = &self.runs[&run];
        let parents = self.parents(active.parent);
        let snapshot = self.snapshot(active, &parents);
        let planned = self.planned(active.place);
        let scope = self.shared.scope(&snapshot);
        let next = super::ending::next_pass(planned, &active.passes, &scope);
        drop(scope);
        match next {
            Ok(Some(pause)) if !self.is_cut => {
                let mut cut = self.cut.subscribe();
                self.jobs.spawn(async move {
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = cut.wait_for(|stop| *stop) => {}
                    }
                    (run, Answer::Rested)
                });
            }
            Ok(_) => self.schedule.again(run, Ok(false)),
            Err(message) => {
                let task = planned.task.id.clone();
                self.errors.add(&task, clock::now(), &message);
                self.error.get_or_insert(format!("task `{task}`: {message}"));
                self.schedule.again(run, Err(State::Failed));
            }
        }
    }

    /// What a run that ended before came to; nothing is recorded again.
    async fn repeat(&mut self, run: RunKey, earlier: EarlierRun, snapshot: Snapshot) {
        let active = &self.runs[&run];
        let planned = self.planned(active.place);
        let changes_variables = matches!(
            planned.work,
            Work::Core(CoreType::SetVariables | CoreType::UnsetVariables)
        );
        if changes_variables && earlier.state == State::Success {
            let job = self.job(active, snapshot);
            for effect in &job.run().await.effects {
                self.take_effect(run, effect);
            }
        }
        let active = self.runs.remove(&run).expect("a run is known until it has ended");
        let values: Vec<&str> = active.values.iter().map(|value| &**value).collect();
        self.variables
            .keep(earlier.task.as_str(), &values, &earlier.outputs, earlier.state);
        self.schedule.finish(run, earlier.state);
    }
}

fn actor_of(plan: &Plan) -> Actor {
    let flow = &plan.flow;
    Actor {
        flow: FlowReference {
            namespace: flow.namespace.clone(),
            id: flow.id.clone(),
            digest: flow.digest.clone(),
        },
        execution: plan.execution.clone(),
        task: None,
        task_run: None,
        plugin: None,
    }
}

/// Masks the value of a secret input, and every text in it.
fn learn(masker: &Masker, value: &Json) {
    match value {
        Json::String(text) => masker.learn(text),
        Json::Array(items) => items.iter().for_each(|item| learn(masker, item)),
        Json::Object(map) => map.values().for_each(|item| learn(masker, item)),
        Json::Number(number) => masker.learn(&number.to_string()),
        Json::Null | Json::Bool(_) => {}
    }
}
