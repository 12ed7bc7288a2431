//! What a flow gives to `shell`.

use std::collections::BTreeMap;

use begat_task::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::files::is_below;

/// What a flow gives to `shell`: exactly one of `script` and `commands`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// A bash script.
    script: Option<String>,
    /// Commands that run one after the other in one shell.
    commands: Option<Vec<String>>,
    /// Environment variables of the script.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Commands that run before the script or the commands, in the same shell.
    #[serde(default)]
    before_commands: Vec<String>,
    /// Whether the first command that fails ends the task (`set -e`).
    #[serde(default = "yes")]
    fail_fast: bool,
    /// Files that are in `/work` before the script runs: their content by their path.
    #[serde(default)]
    input_files: BTreeMap<String, String>,
    /// Patterns of files below `/work` that the script must leave, such as `*.txt` or `reports/**`.
    #[serde(default)]
    output_files: Vec<String>,
    /// Taken for the sake of flows that have it, and ignored: there is one interpreter.
    interpreter: Option<serde_json::Value>,
}

fn yes() -> bool {
    true
}

impl Properties {
    /// The script to run, with what comes before it.
    pub(crate) fn script(&self) -> Result<String, Failure> {
        if let Some(name) = self.input_files.keys().find(|name| !is_below(name)) {
            let message = format!("the input file `{name}` is not below the task's folder");
            return Err(Failure::invalid_properties(message));
        }
        let script = self.given()?;
        let options = if self.fail_fast { "set -e; " } else { "" };
        let before: String = self
            .before_commands
            .iter()
            .map(|command| format!("{command}\n"))
            .collect();
        Ok(format!("{options}{before}{script}"))
    }

    fn given(&self) -> Result<String, Failure> {
        match (&self.script, &self.commands) {
            (Some(script), None) => Ok(script.clone()),
            (None, Some(commands)) if !commands.is_empty() => Ok(commands.join("\n")),
            (None, Some(_)) => Err(Failure::invalid_properties("`commands` is empty")),
            (Some(_), Some(_)) => Err(Failure::invalid_properties(
                "give either `script` or `commands`, not both",
            )),
            (None, None) => Err(Failure::invalid_properties("give a `script` or a list of `commands`")),
        }
    }

    pub(crate) fn input_files(&self) -> &BTreeMap<String, String> {
        &self.input_files
    }

    pub(crate) fn output_files(&self) -> &[String] {
        &self.output_files
    }

    pub(crate) fn names_an_interpreter(&self) -> bool {
        self.interpreter.is_some()
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.env
    }
}
