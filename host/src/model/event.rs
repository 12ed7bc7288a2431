//! What happens in a run, told in the past tense. The recorder, the progress display and every export consume these.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Actor, AssetEdit, Bundle, ExecutionId, Json, JsonMap, LogLine, Namespace, PluginReference, State, TaskId,
    TaskRunId, Timestamp, UsedGrant,
};

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct RunEvent {
    pub time: Timestamp,
    pub actor: Arc<Actor>,
    pub kind: RunEventKind,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum RunEventKind {
    ExecutionStarted(StartedExecution),
    TaskRunStarted(StartedTask),
    /// A task wrote a line. Lines are kept beside the hash chain, not in it.
    TaskLogged(LogLine),
    /// A task run ended and said what it used and made. Nothing is upserted when its state is `FAILED`.
    LineageRecorded(Lineage),
    /// An attempt failed and another follows.
    TaskRunRetried(RetriedTask),
    /// The task run waits for someone to resume the execution.
    TaskRunPaused,
    TaskRunFinished(FinishedTask),
    /// The process ended before the task run did. Why it ends now: another begins in its place, or nobody goes on with it.
    TaskRunInterrupted {
        reason: String,
    },
    /// The execution got labels beside those it began with.
    LabelsAdded(JsonMap),
    KeySet(SetKey),
    KeyDeleted {
        namespace: Namespace,
        key: String,
    },
    /// A task changed the catalog itself.
    AssetsEdited(Box<AssetEdit>),
    FileWritten(WrittenFile),
    /// A plugin, or an expression, used something that was granted to it.
    GrantUsed(UsedGrant),
    /// Nothing can go on until someone resumes the execution.
    ExecutionPaused,
    ExecutionResumed,
    ExecutionFinished(FinishedExecution),
}

/// How an execution began.
#[derive(Debug, Clone, Default)]
pub struct StartedExecution {
    /// The flow's source text, so that the execution can be understood when the file has changed.
    pub source: Arc<str>,
    pub inputs: JsonMap,
    /// Label keys and values, both text, in the order they were written.
    pub labels: JsonMap,
    /// The execution whose task started this one.
    pub parent: Option<ExecutionId>,
    /// The plugins that its tasks need, as they were when it began.
    pub plugins: Vec<PluginReference>,
    /// The execution that this one does again.
    pub origin: Option<Origin>,
}

/// What an execution does again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub execution: ExecutionId,
    /// The task it began with; what came before is taken from the record. The whole flow when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TaskId>,
}

/// How an execution ended.
#[derive(Debug, Clone, Default)]
pub struct FinishedExecution {
    pub state: State,
    pub error: Option<String>,
    /// What the flow gives.
    pub outputs: JsonMap,
}

/// How a task run began.
#[derive(Debug, Clone, Default)]
pub struct StartedTask {
    /// The task type as the flow wrote it.
    pub task_type: String,
    /// The task run that holds this one.
    pub parent: Option<TaskRunId>,
    /// The value of the loop that this run is for.
    pub value: Option<String>,
    /// Which value that is, from 0.
    pub iteration: Option<u64>,
    /// Whether nobody does the work and it is only recorded what would be done.
    pub is_stub: bool,
    /// What a task that holds tasks decided: a branch, or values.
    pub decision: Option<Json>,
}

/// How an attempt ended that is followed by another.
#[derive(Debug, Clone)]
pub struct RetriedTask {
    /// Which attempt failed, from 1.
    pub attempt: u32,
    pub error: String,
}

/// A value that was put under a key.
#[derive(Debug, Clone, PartialEq)]
pub struct SetKey {
    pub namespace: Namespace,
    pub key: String,
    pub value: Json,
    /// When the value is gone.
    pub expires: Option<Timestamp>,
}

/// A file that belongs to the execution from now on.
#[derive(Debug, Clone)]
pub struct WrittenFile {
    /// What its address ends with.
    pub name: String,
    pub content: Arc<[u8]>,
}

/// How a task run ended.
#[derive(Debug, Clone)]
pub struct FinishedTask {
    pub state: State,
    pub outputs: JsonMap,
    pub error: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How many log lines the task run wrote.
    pub log_lines: u64,
    /// sha256 over the log lines, each as `LEVEL message` and a newline; lower-case hexadecimal.
    pub log_digest: String,
}

/// What a task run used and made.
#[derive(Debug, Clone)]
pub struct Lineage {
    /// How the task run ended.
    pub state: State,
    pub bundles: Vec<Bundle>,
}
