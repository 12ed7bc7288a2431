//! One execution from its first event to its last.

use std::sync::Arc;

use tokio::sync::watch;

use super::journal::Journal;
use super::schedule::{Schedule, Step};
use super::task::TaskRunner;
use super::variables::Variables;
use crate::model::{
    Actor, AssetChange, CatalogReader, ExecutionId, FlowReference, RecordError, Recorder, RunEvent, RunEventKind,
    StartedExecution, State, Timestamp,
};
use crate::plan::Plan;
use crate::sandbox::Registry;

/// Hears each event as it happens.
pub type Observer = Arc<dyn Fn(&RunEvent) + Send + Sync>;

/// Why an execution could not be carried out; not that a task of it failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("recording execution `{execution}`")]
    Record {
        execution: ExecutionId,
        #[source]
        source: RecordError,
    },
}

/// How an execution ended.
#[derive(Debug)]
pub struct Outcome {
    pub execution: ExecutionId,
    pub state: State,
    /// What was done to assets, in order.
    pub assets: Vec<AssetChange>,
}

/// All that an execution needs of the world.
pub struct Runner {
    pub registry: Arc<Registry>,
    pub recorder: Arc<dyn Recorder>,
    pub catalog: Arc<dyn CatalogReader>,
    pub observer: Observer,
    /// Turns true when the user wants the execution to stop.
    pub cancelled: watch::Receiver<bool>,
}

impl Runner {
    /// Carries out a plan. When it returns, everything that happened is recorded.
    pub async fn execute(&self, plan: &Plan) -> Result<Outcome, RunError> {
        let flow = &plan.flow;
        let actor = Arc::new(actor_of(plan));
        let mut journal = Journal::start(self, actor.clone());
        let runner = Runner {
            registry: self.registry.clone(),
            recorder: self.recorder.clone(),
            catalog: journal.reader(self.catalog.clone()),
            observer: self.observer.clone(),
            cancelled: self.cancelled.clone(),
        };
        let started = StartedExecution {
            source: flow.source.clone(),
            inputs: plan.recorded_inputs.clone(),
            labels: flow.labels.clone(),
        };
        let start = Timestamp::now();
        journal.add([RunEvent {
            time: start,
            actor: actor.clone(),
            kind: RunEventKind::ExecutionStarted(started),
        }]);
        let mut variables = Variables::new(plan, start);
        let mut schedule = Schedule::new(plan.tasks.len());
        let mut error = None;
        let state = loop {
            match schedule.step() {
                Step::Finish(state) => break state,
                Step::Run(index) => {
                    let ended = TaskRunner::new(plan, index)
                        .run(&runner, &mut journal, &mut variables)
                        .await?;
                    error = ended.error.or(error);
                    schedule.finished(ended.state);
                }
            }
        };
        let kind = RunEventKind::ExecutionFinished { state, error };
        journal.add([RunEvent {
            time: Timestamp::now(),
            actor,
            kind,
        }]);
        Ok(Outcome {
            execution: plan.execution.clone(),
            state,
            assets: journal.finish()?,
        })
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
