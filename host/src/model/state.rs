//! The states of executions and task runs, named as Kestra names them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an execution or a task run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    Created,
    Running,
    Success,
    Warning,
    Failed,
    Killed,
    Skipped,
}

impl State {
    /// The state's name as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            State::Created => "CREATED",
            State::Running => "RUNNING",
            State::Success => "SUCCESS",
            State::Warning => "WARNING",
            State::Failed => "FAILED",
            State::Killed => "KILLED",
            State::Skipped => "SKIPPED",
        }
    }

    /// Finds the state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        use State::{Created, Failed, Killed, Running, Skipped, Success, Warning};
        [Created, Running, Success, Warning, Failed, Killed, Skipped]
            .into_iter()
            .find(|state| state.name() == name)
    }

    /// Whether nothing can follow this state.
    pub fn is_terminal(self) -> bool {
        !matches!(self, State::Created | State::Running)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
