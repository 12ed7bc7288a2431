//! What a flow gives to `shell`.

use std::collections::BTreeMap;

use begat_task::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a flow gives to `shell`: exactly one of `script` and `commands`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// A bash script.
    script: Option<String>,
    /// Commands that run one after the other in one shell.
    commands: Option<Vec<String>>,
    /// Whether the first command that fails ends the task; otherwise the last one decides.
    #[serde(default = "yes")]
    fail_fast: bool,
    /// Environment variables of the script.
    #[serde(default)]
    env: BTreeMap<String, String>,
}

impl Properties {
    /// The script to run.
    pub(crate) fn script(&self) -> Result<String, Failure> {
        match (&self.script, &self.commands) {
            (Some(script), None) => Ok(self.prepared(script)),
            (None, Some(commands)) if !commands.is_empty() => Ok(self.prepared(&commands.join("\n"))),
            (None, Some(_)) => Err(Failure::invalid_properties("`commands` is empty")),
            (Some(_), Some(_)) => Err(Failure::invalid_properties(
                "give either `script` or `commands`, not both",
            )),
            (None, None) => Err(Failure::invalid_properties("give a `script` or a list of `commands`")),
        }
    }

    /// On the script's own first line, so that the lines that messages name are the script's.
    fn prepared(&self, script: &str) -> String {
        match self.fail_fast {
            true => format!("set -e; {script}"),
            false => script.to_owned(),
        }
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.env
    }
}

fn yes() -> bool {
    true
}
