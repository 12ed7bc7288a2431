//! One execution from its first event to its last, and the runner that carries it out.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::driver::Driver;
use super::earlier::{Again, Earlier};
use super::subflow::Subflows;
use super::workers::Workers;
use crate::model::{AssetChange, CatalogReader, ExecutionId, JsonMap, RecordError, Recorder, RunEvent, State};
use crate::plan::Plan;
use crate::sandbox::Registry;

/// Hears each event as it happens.
pub type Observer = Arc<dyn Fn(&RunEvent) + Send + Sync>;

/// Plugin instances that are at work at once; the sandbox has room for some more.
const INSTANCES: usize = 48;

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
    /// What the flow gives.
    pub outputs: JsonMap,
    /// What was done to assets, in order.
    pub assets: Vec<AssetChange>,
}

/// Work that goes on when the task that began it has ended.
#[derive(Clone, Default)]
struct Background(Arc<Mutex<Vec<JoinHandle<()>>>>);

/// All that an execution needs of the world.
#[derive(Clone)]
pub struct Runner {
    pub registry: Arc<Registry>,
    pub recorder: Arc<dyn Recorder>,
    pub catalog: Arc<dyn CatalogReader>,
    pub observer: Observer,
    /// Turns true when the user wants the execution to stop.
    pub cancelled: watch::Receiver<bool>,
    pub subflows: Arc<dyn Subflows>,
    pub(super) instances: Arc<Semaphore>,
    pub(super) workers: Arc<Workers>,
    /// How many flows started one another to come here.
    pub(super) depth: usize,
    /// The execution that began it all.
    first: Option<ExecutionId>,
    background: Background,
}

impl Runner {
    /// A runner of executions that the user starts.
    pub fn new(
        registry: Arc<Registry>,
        recorder: Arc<dyn Recorder>,
        catalog: Arc<dyn CatalogReader>,
        observer: Observer,
        cancelled: watch::Receiver<bool>,
        subflows: Arc<dyn Subflows>,
    ) -> Self {
        Self {
            registry,
            recorder,
            catalog,
            observer,
            cancelled,
            subflows,
            instances: Arc::new(Semaphore::new(INSTANCES)),
            workers: Arc::default(),
            depth: 0,
            first: None,
            background: Background::default(),
        }
    }

    /// Carries out a plan. When it returns, everything that happened is recorded.
    pub async fn execute(&self, plan: Arc<Plan>, parent: Option<ExecutionId>) -> Result<Outcome, RunError> {
        Driver::begin(self, plan, parent).drive().await
    }

    /// The same for a task of a flow: its future would otherwise hold itself.
    pub(super) fn execute_within(
        self,
        plan: Arc<Plan>,
        parent: ExecutionId,
    ) -> Pin<Box<dyn Future<Output = Result<Outcome, RunError>> + Send>> {
        Box::pin(async move { self.execute(plan, Some(parent)).await })
    }

    /// Does an execution again: a new one with the plan of that. What is kept of it is not done again.
    pub async fn execute_again(&self, plan: Arc<Plan>, again: Again) -> Result<Outcome, RunError> {
        Driver::begin_again(self, plan, again).drive().await
    }

    /// Records an execution that ends before any of its tasks begins.
    pub async fn refuse(&self, plan: Arc<Plan>, state: State, reason: String) -> Result<Outcome, RunError> {
        Driver::begin(self, plan, None).refuse(state, reason)
    }

    /// Goes on with an execution that was paused or interrupted.
    pub async fn resume(&self, plan: Arc<Plan>, earlier: Earlier) -> Result<Outcome, RunError> {
        Driver::go_on(self, plan, earlier).drive().await
    }

    /// Waits for executions that nobody waited for.
    pub async fn settle(&self) {
        loop {
            let next = self.background.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(work) = next else { return };
            // A panic in it has been told by the runtime.
            drop(work.await);
        }
    }

    /// A runner of executions that a task starts.
    pub(super) fn child(&self, cancelled: watch::Receiver<bool>) -> Self {
        Self {
            cancelled,
            depth: self.depth + 1,
            ..self.clone()
        }
    }

    /// The same for an execution that may start others.
    pub(super) fn of(&self, execution: &ExecutionId) -> Self {
        Self {
            first: Some(self.root(execution)),
            ..self.clone()
        }
    }

    /// The execution that began it all.
    pub(super) fn root(&self, execution: &ExecutionId) -> ExecutionId {
        self.first.clone().unwrap_or_else(|| execution.clone())
    }

    /// Carries out an execution that nobody waits for.
    pub(super) fn in_background(&self, work: impl Future<Output = Result<Outcome, RunError>> + Send + 'static) {
        let handle = self.workers.handle().spawn(async move {
            // What keeps it from being recorded keeps the one that started it from it too, which tells of it.
            drop(work.await);
        });
        self.background
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(handle);
    }
}
