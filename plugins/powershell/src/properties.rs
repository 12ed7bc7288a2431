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
}

impl Properties {
    /// The script to run.
    pub(crate) fn script(&self) -> Result<String, Failure> {
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

    /// Whether `Write-Error` ends the script from the start.
    pub(crate) fn stops_at_errors(&self) -> bool {
        self.commands.is_some()
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.env
    }
}
