//! What happens in a run, told in the past tense. The recorder, the progress display and every export consume these.

use std::sync::Arc;

use serde::Serialize;

use super::{Actor, AssetEdit, Bundle, JsonMap, LogLine, State, Timestamp};

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
    TaskRunFinished(FinishedTask),
    ExecutionFinished {
        state: State,
        error: Option<String>,
    },
    /// A task changed the catalog itself.
    AssetsEdited(Box<AssetEdit>),
}

/// How an execution began.
#[derive(Debug, Clone)]
pub struct StartedExecution {
    /// The flow's source text, so that the execution can be understood when the file has changed.
    pub source: Arc<str>,
    pub inputs: JsonMap,
    /// Label keys and values, both text, in the order they were written.
    pub labels: JsonMap,
}

/// How a task run began.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StartedTask {
    /// The task type as the flow wrote it.
    pub task_type: String,
}

/// How a task run ended.
#[derive(Debug, Clone)]
pub struct FinishedTask {
    pub state: State,
    pub outputs: JsonMap,
    pub error: Option<String>,
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
