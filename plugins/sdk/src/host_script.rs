//! Scripts that a program of the host runs, where the operator granted one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Context, Failure, ToolError, ToolRun};

/// A script for a program of the host.
pub struct HostScript<'a> {
    /// The name that the operator gave the program. Its template has `{script}` for the file.
    pub tool: &'a str,
    /// What the file of the script is called in the task's folder.
    pub file: &'a str,
    /// The script.
    pub script: &'a str,
    /// Variables of the environment, those that the operator lets the plugin set.
    pub environment: &'a BTreeMap<String, String>,
    /// The task's folder.
    pub work: &'a Path,
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostScriptEnd {
    /// The exit code; 128 and the signal's number where one ended it.
    pub exit_code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl HostScript<'_> {
    /// Puts the script into the task's folder, has it run, and takes it away again.
    pub fn run(&self, context: &Context) -> Result<HostScriptEnd, Failure> {
        let path = self.work.join(self.file);
        let failed =
            |error: std::io::Error| Failure::failed(format!("writing the script to `{}`: {error}", path.display()));
        fs::write(&path, self.script).map_err(failed)?;
        let variables = self.environment.iter();
        let ended = context.run_tool(ToolRun {
            tool: self.tool.to_owned(),
            values: vec![("script".to_owned(), self.file.to_owned())],
            variables: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
            input: Vec::new(),
        });
        fs::remove_file(&path).map_err(failed)?;
        let end = ended.map_err(|error| match error {
            ToolError::NotGranted => Failure::not_granted(format!("the tool `{}` is not granted", self.tool)),
            ToolError::Failed(reason) => Failure::failed(reason),
            ToolError::TimedOut(reason) => Failure::of(crate::FailureKind::TimedOut, reason),
        })?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(HostScriptEnd {
            exit_code: end.code.unwrap_or_else(|| 128 + end.signal.unwrap_or(0)),
            stdout: text(end.stdout),
            stderr: text(end.stderr),
        })
    }
}
