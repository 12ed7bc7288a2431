//! The `powershell` task: a simulation of PowerShell inside the sandbox.
//!
//! It runs what it knows exactly and refuses everything else with its line; nothing is guessed.

mod simulation;

use std::collections::BTreeMap;

use begat_task::{Context, Description, Failure, Level, Plugin, TaskType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use simulation::Stream;

/// What a flow gives to `powershell`: exactly one of `script` and `commands`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// A PowerShell script.
    script: Option<String>,
    /// Commands that run one after the other as one script.
    commands: Option<Vec<String>>,
    /// Environment variables, read as `$env:NAME`.
    #[serde(default)]
    env: BTreeMap<String, String>,
}

/// What a `powershell` task gives back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// The exit code of the script, always 0 where the task succeeded.
    pub exit_code: i32,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
    /// Always true: no PowerShell ran.
    pub simulated: bool,
}

/// The plugin.
pub struct PowerShell;

impl Plugin for PowerShell {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        Description::new(
            "powershell",
            env!("CARGO_PKG_VERSION"),
            "Runs PowerShell scripts in a simulation",
        )
        .task_type(
            TaskType::of::<Self>(
                "powershell",
                "Runs a script, or a list of commands, in a simulated PowerShell",
            )
            .alias("io.kestra.plugin.scripts.powershell.Script")
            .alias("io.kestra.plugin.scripts.powershell.Commands"),
        )
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let script = properties.source()?;
        let mut written = Outputs {
            exit_code: 0,
            stdout: String::new(),
            stderr: String::new(),
            simulated: true,
        };
        let ended = simulation::run(&script, &properties.env, &mut |stream, line| match stream {
            Stream::Output => {
                context.log_info(line);
                written.stdout.push_str(line);
                written.stdout.push('\n');
            }
            Stream::Host => context.log_info(line),
            Stream::Warning => context.log_warn(&format!("WARNING: {line}")),
            Stream::Error => {
                context.log(Level::Error, line);
                written.stderr.push_str(line);
                written.stderr.push('\n');
            }
        });
        match ended {
            Ok(0) => Ok(written),
            Ok(code) => Err(Failure::failed(format!("the script ended with exit code {code}"))
                .with("exitCode", code)
                .with("stdout", written.stdout)
                .with("stderr", written.stderr)),
            Err(message) => Err(Failure::failed(message)
                .with("stdout", written.stdout)
                .with("stderr", written.stderr)),
        }
    }
}

impl Properties {
    fn source(&self) -> Result<String, Failure> {
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
}

begat_task::export!(PowerShell);

#[cfg(test)]
mod tests {
    use begat_task::testing;
    use serde_json::json;

    use super::*;

    fn check(script: &str, expected: &str) {
        let outcome = testing::run::<PowerShell>("powershell", json!({"script": script, "env": {"REGION": "us"}}));
        assert_eq!(outcome.outputs().stdout, expected, "{script}");
    }

    fn check_error(script: &str, expected: &str) {
        let outcome = testing::run::<PowerShell>("powershell", json!({"script": script}));
        assert_eq!(outcome.failure().message, expected, "{script}");
    }

    #[test]
    fn the_description_is_the_one_the_host_knows() {
        testing::check_description::<PowerShell>(concat!(env!("CARGO_MANIFEST_DIR"), "/describe.json"));
    }

    #[test]
    fn output_strings_and_variables() {
        check(
            "Write-Output 'Activating Windows Enterprise License...'",
            "Activating Windows Enterprise License...\n",
        );
        check(
            "# PowerShell logic to add user\nWrite-Output \"User a added to b\"\n",
            "User a added to b\n",
        );
        check("$x = 'vm'\n\"on $x and ${x}1\"", "on vm and vm1\n");
        check("$n = 42; echo $n; write-output \"$n`tend\"", "42\n42\tend\n");
        check("'it''s'; \"say \"\"hi\"\"\"", "it's\nsay \"hi\"\n");
        check("Write-Output $env:REGION; Write-Output one two", "us\none\ntwo\n");
        check("$none; $true; Write-Output '$literal'", "True\n$literal\n");
        check("<# a\n block #> Write-Host 'shown' ; 'x' # rest", "x\n");
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place_before_anything_runs() {
        check_error(
            "'a'\nGet-Process",
            "unsupported: the command `Get-Process` at line 2, column 1",
        );
        check_error("'a' | Out-File x", "unsupported: a pipeline at line 1, column 5");
        check_error("if ($x) { 1 }", "unsupported: `if` at line 1, column 1");
        check_error(
            "\"$(1 + 1)\"",
            "unsupported: an expression in a string at line 1, column 2",
        );
        check_error("$x.Length", "unsupported: `.` at line 1, column 3");
        check_error("'open", "the string that starts at line 1, column 1 has no end");
        let outcome = testing::run::<PowerShell>("powershell", json!({"script": "'first'\nGet-Process"}));
        assert_eq!(outcome.failure().details["stdout"], json!(""));
    }

    #[test]
    fn exit_codes_and_throw_fail_the_task() {
        check_error("Write-Output a; exit 3", "the script ended with exit code 3");
        check_error("throw 'no licence'", "no licence (line 1)");
        check("exit 0\n'never'", "");
    }
}
