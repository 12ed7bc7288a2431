//! Programs of the host that the operator named.

/// One run of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolRun {
    /// The name that the operator gave the program.
    pub tool: String,
    /// Values for the places that the operator's template leaves open, by name.
    pub values: Vec<(String, String)>,
    /// Variables of the environment, those that the operator lets the plugin set.
    pub variables: Vec<(String, String)>,
    /// What the program reads from standard input.
    pub input: Vec<u8>,
}

/// How a program ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolEnd {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// Why a program was not run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolError {
    /// The operator granted no program of that name.
    NotGranted,
    /// It was refused, ran too long, wrote too much, or could not be started; in words.
    Failed(String),
    /// It ran longer than the operator lets it.
    TimedOut(String),
}
