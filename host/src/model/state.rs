//! The states of executions and task runs, named as Kestra names them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an execution or a task run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    Created,
    /// Waits for room among the executions of its flow.
    Queued,
    Running,
    /// Waits for someone to resume it.
    Paused,
    /// Failed, and is tried again.
    Retrying,
    #[default]
    Success,
    Warning,
    Failed,
    Killed,
    Cancelled,
    Skipped,
}

impl State {
    /// Every state.
    pub const ALL: [State; 11] = [
        State::Created,
        State::Queued,
        State::Running,
        State::Paused,
        State::Retrying,
        State::Success,
        State::Warning,
        State::Failed,
        State::Killed,
        State::Cancelled,
        State::Skipped,
    ];

    /// The state's name as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            State::Created => "CREATED",
            State::Queued => "QUEUED",
            State::Running => "RUNNING",
            State::Paused => "PAUSED",
            State::Retrying => "RETRYING",
            State::Success => "SUCCESS",
            State::Warning => "WARNING",
            State::Failed => "FAILED",
            State::Killed => "KILLED",
            State::Cancelled => "CANCELLED",
            State::Skipped => "SKIPPED",
        }
    }

    /// Finds the state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing can follow this state.
    pub fn is_terminal(self) -> bool {
        use State::{Created, Paused, Queued, Retrying, Running};
        !matches!(self, Created | Queued | Running | Paused | Retrying)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
