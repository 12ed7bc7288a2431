//! How a task run begins: who it is, what it sees, where it works, and what it did before.

use std::sync::Arc;

use tokio::sync::watch;

use super::active::{Active, Passes};
use super::core::Effect;
use super::driver::Driver;
use super::earlier::{Earlier, EarlierRun};
use super::job::Job;
use super::lines::Lines;
use super::opening;
use super::schedule::RunKey;
use super::variables::Snapshot;
use super::workplace::Workplace;
use crate::expr::Value;
use crate::model::{Actor, Json, JsonMap, PluginReference, RunEvent, RunEventKind, StartedTask, TaskRunId, clock};
use crate::plan::{CoreType, Place, Work};
use crate::sandbox::StopSign;

impl Driver {
    /// Makes the folder of a `WorkingDirectory`.
    pub(super) fn enter_workplace(&self, active: &mut Active, snapshot: &Snapshot) -> Result<(), String> {
        let planned = self.planned(active.place);
        if planned.work == Work::Core(CoreType::WorkingDirectory) {
            let files = opening::input_files(planned, &self.shared.scope(snapshot))?;
            active.workplace = Some(Workplace::open(files.as_ref(), &self.shared.surroundings)?);
        }
        Ok(())
    }

    /// Keeps the files that a `WorkingDirectory` is to keep, and adds their addresses to what it gives.
    pub(super) fn leave_workplace(&self, active: &Active, outputs: &mut JsonMap) -> Result<Vec<Effect>, String> {
        let planned = self.planned(active.place);
        let Some(workplace) = &active.workplace else {
            return Ok(Vec::new());
        };
        if planned.work != Work::Core(CoreType::WorkingDirectory) {
            return Ok(Vec::new());
        }
        let snapshot = self.snapshot(active, &self.parents(active.parent));
        let patterns = opening::output_files(planned, &self.shared.scope(&snapshot))?;
        if patterns.is_empty() {
            return Ok(Vec::new());
        }
        let (files, addresses) = workplace.gather(&patterns, &active.id, &self.shared.surroundings)?;
        outputs.insert("outputFiles".to_owned(), addresses.into());
        Ok(files.into_iter().map(Effect::Record).collect())
    }

    pub(super) fn earlier_of(&mut self, active: &mut Active) -> Option<EarlierRun> {
        let task = &self.plan.tasks[active.place].task.id;
        let values: Vec<String> = active.values.iter().map(|value| value.to_string()).collect();
        let earlier = self.earlier.as_mut()?.take(task, &values)?;
        active.id = earlier.id.clone();
        let actor = self.actor(active.place, &active.id);
        active.lines = self.lines(active.place, &actor);
        active.actor = actor;
        Some(earlier)
    }

    pub(super) fn job(&self, active: &Active, snapshot: Snapshot) -> Job {
        // What begins when the execution is cut off belongs to `finally`, and runs to its end.
        let cancelled = match self.is_cut {
            true => watch::channel(false).1,
            false => self.cut.subscribe(),
        };
        Job {
            shared: self.shared.clone(),
            place: active.place,
            id: active.id.clone(),
            actor: active.actor.clone(),
            values: active.values.clone(),
            snapshot,
            lines: active.lines.clone(),
            workplace: active.workplace.clone(),
            cancelled,
            stop: StopSign::default(),
        }
    }

    /// Ends a run that waited or was interrupted and that nobody goes on with.
    pub(super) fn given_up(&mut self, actor: Arc<Actor>) {
        self.journal.add([RunEvent {
            time: clock::now(),
            actor,
            kind: RunEventKind::TaskRunInterrupted {
                reason: "it was stopped before it was done".to_owned(),
            },
        }]);
    }

    /// Does that to all runs of before that were not come to.
    pub(super) fn give_up_rest(&mut self) {
        let rest = self.earlier.as_mut().map(Earlier::take_unfinished).unwrap_or_default();
        for run in rest {
            let mut actor = (*self.journal.actor).clone();
            (actor.task, actor.task_run) = (Some(run.task), Some(run.id));
            self.given_up(actor.into());
        }
    }

    pub(super) fn started(&mut self, active: &Active, decision: Option<Json>) {
        let planned = self.planned(active.place);
        let parent = active.parent.map(|parent| self.runs[&parent].id.clone());
        let started = StartedTask {
            task_type: planned.task.task_type.clone(),
            parent,
            value: active.value.as_ref().map(|value| value.to_string()),
            iteration: active.iteration.map(|iteration| iteration as u64),
            is_stub: planned.work == Work::Stub,
            decision,
        };
        self.journal.add([RunEvent {
            time: active.start,
            actor: active.actor.clone(),
            kind: RunEventKind::TaskRunStarted(started),
        }]);
    }

    /// A task run that is about to begin.
    pub(super) fn active(&self, run: RunKey) -> Active {
        let (place, parent) = (self.schedule.task(run), self.schedule.parent(run));
        let id = TaskRunId::generate();
        let actor = self.actor(place, &id);
        let holder = parent.map(|parent| &self.runs[&parent]);
        let mut values = holder.map(|holder| holder.values.clone()).unwrap_or_default();
        let mut item = holder.and_then(|holder| holder.item.clone());
        let lane = self.schedule.lane(run);
        // `errors` and `finally` of a loop run once, for no value.
        let at = holder
            .filter(|_| self.schedule.is_in_loop(run))
            .and_then(|holder| holder.each.get(lane));
        let value: Option<Arc<str>> = at.map(|value| opening::shown(value).into());
        if let (Some(value), Some(shown)) = (at, &value) {
            let outer = item.take().unwrap_or(Value::Null);
            let entries = [
                ("value", value.clone()),
                ("index", Value::from(lane as i64)),
                ("parent", outer),
            ];
            item = Some(entries.into_iter().collect());
            values.push(shown.clone());
        }
        Active {
            place,
            parent,
            start: clock::now(),
            lines: self.lines(place, &actor),
            id,
            actor,
            iteration: value.is_some().then_some(lane),
            value,
            values,
            item,
            each: Vec::new(),
            outputs: JsonMap::new(),
            passes: Passes::none(),
            earlier: None,
            workplace: holder.and_then(|holder| holder.workplace.clone()),
        }
    }

    pub(super) fn lines(&self, place: Place, actor: &Arc<Actor>) -> Lines {
        let task = &self.plan.tasks[place].task;
        let level = task.settings.log_level;
        Lines::new(
            self.journal.writer(),
            actor.clone(),
            level,
            self.errors.clone(),
            task.id.clone(),
        )
    }

    pub(super) fn actor(&self, place: Place, id: &TaskRunId) -> Arc<Actor> {
        let planned = self.planned(place);
        let plugin: Option<PluginReference> = match &planned.work {
            Work::Plugin(name) => self
                .shared
                .runner
                .registry
                .find(name)
                .map(|plugin| plugin.reference.clone()),
            Work::Core(_) | Work::Stub => None,
        };
        Arc::new(Actor {
            task: Some(planned.task.id.clone()),
            task_run: Some(id.clone()),
            plugin,
            ..(*self.journal.actor).clone()
        })
    }

    /// The runs that hold a run, the nearest first.
    pub(super) fn parents(&self, mut next: Option<RunKey>) -> Vec<(TaskRunId, Value)> {
        let mut parents = Vec::new();
        while let Some(active) = next.and_then(|run| self.runs.get(&run)) {
            next = active.parent;
            let outer = next.and_then(|run| self.runs.get(&run)).map(|outer| &outer.id);
            parents.push((active.id.clone(), active.taskrun(outer)));
        }
        parents
    }

    pub(super) fn snapshot(&self, active: &Active, parents: &[(TaskRunId, Value)]) -> Snapshot {
        let planned = self.planned(active.place);
        let mut own = active.own(&planned.task, parents);
        if let Some(error) = &self.error {
            own.push((
                "error",
                [("message", Value::from(error.as_str()))].into_iter().collect(),
            ));
        }
        self.variables.snapshot(own, planned.reads_outputs)
    }
}
