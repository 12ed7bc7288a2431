//! What an operator names for plugins to use: programs of the host, and where secrets come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A program of the host that plugins with the grant may run, in the way the operator laid down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    pub name: String,
    /// Absolute, and never looked up.
    pub path: PathBuf,
    /// sha256 of the file, in lower-case hexadecimal; it is not run when it is another.
    pub digest: Option<String>,
    /// What the program is started with. `{name}` stands for a value that the plugin gives.
    pub arguments: Vec<String>,
    /// The whole environment of the program.
    pub environment: BTreeMap<String, String>,
    /// Names of variables that the plugin may set.
    pub variables: Vec<String>,
    /// How long it may run.
    pub time: Duration,
    /// How many bytes it may write to standard output and error together.
    pub output: u64,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretOrigin {
    /// A variable of begat's own environment.
    Environment(String),
    /// The text of a file, without the line end at its end.
    File(PathBuf),
    /// What a program writes to standard output, without the line end at its end. The first word is its path.
    Command(Vec<String>),
}
