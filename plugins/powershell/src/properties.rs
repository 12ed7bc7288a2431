//! What a flow gives to `powershell`.

use std::collections::BTreeMap;

use begat_task::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a flow gives to `powershell`: exactly one of `script` and `commands`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// A PowerShell script.
    script: Option<String>,
    /// Commands that run one after the other in one session; the first error ends the task.
    commands: Option<Vec<String>>,
    /// Environment variables of the script, seen as `$env:NAME`.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Commands that run before the script or the commands, in the same session.
    #[serde(default)]
    before_commands: Vec<String>,
    /// Whether the first error ends the task; without it, as for `script` PowerShell's own rules hold.
    fail_fast: Option<bool>,
    /// Taken for the sake of flows that have it, and ignored: there is one interpreter.
    interpreter: Option<serde_json::Value>,
}

impl Properties {
    /// The script to run.
    pub(crate) fn script(&self) -> Result<String, Failure> {
        match (&self.script, &self.commands) {
            (Some(script), None) => Ok(self.after_before(script)),
            (None, Some(commands)) if !commands.is_empty() => Ok(self.after_before(&commands.join("\n"))),
            (None, Some(_)) => Err(Failure::invalid_properties("`commands` is empty")),
            (Some(_), Some(_)) => Err(Failure::invalid_properties(
                "give either `script` or `commands`, not both",
            )),
            (None, None) => Err(Failure::invalid_properties("give a `script` or a list of `commands`")),
        }
    }

    fn after_before(&self, script: &str) -> String {
        match self.before_commands.is_empty() {
            true => script.to_owned(),
            false => format!("{}\n{script}", self.before_commands.join("\n")),
        }
    }

    /// Whether an error that is not caught ends the script from the start.
    pub(crate) fn stops_at_errors(&self) -> bool {
        self.fail_fast.unwrap_or(self.commands.is_some())
    }

    pub(crate) fn names_an_interpreter(&self) -> bool {
        self.interpreter.is_some()
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.env
    }
}
