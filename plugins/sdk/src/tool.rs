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

/// How a program ended that was read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToolExit {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// What comes next of a running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolPiece {
    /// It wrote this to standard output. A piece ends anywhere, also within a line or a character.
    Stdout(Vec<u8>),
    /// It wrote this to standard error.
    Stderr(Vec<u8>),
    /// It has ended, and all it wrote has been given.
    End(ToolExit),
}

/// A running program. Dropping it kills the program and whatever it started.
pub struct RunningTool(pub(crate) Box<dyn FnMut() -> Result<ToolPiece, ToolError>>);

impl RunningTool {
    /// Waits until the program has written something or has ended. A program that nobody reads from stands still once
    /// its pipe is full.
    ///
    /// # Errors
    /// It ran longer or wrote more than the operator lets it, and was killed.
    pub fn read(&mut self) -> Result<ToolPiece, ToolError> {
        (self.0)()
    }
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
