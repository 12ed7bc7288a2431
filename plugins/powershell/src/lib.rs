//! The `powershell` task: runs a PowerShell script in a simulation that says what it cannot do.

mod commands;
mod ending;
mod evaluate;
mod execute;
mod fault;
mod lexer;
mod machine;
mod operators;
mod parser;
mod properties;
mod syntax;
mod value;

use std::collections::BTreeMap;

use begat_task::{Bundle, Context, Description, Failure, JsonMap, Level, Plugin, TaskType, script};
use schemars::JsonSchema;
use serde::Serialize;

use fault::Stop;
use machine::Machine;
pub use properties::Properties;

/// How much of standard error a failure quotes, in bytes.
const TAIL: usize = 2_000;

/// What a `powershell` task gives back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// The exit code of the script, always 0 where the task succeeded.
    pub exit_code: i32,
    /// All of standard output but the lines that set outputs.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
    /// What lines of the form `::{"outputs": {…}}::` set.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// Always true: no PowerShell ran, but a simulation of a part of the language.
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
        let script = properties.script()?;
        let mut machine = Machine::new(context, properties.environment(), properties.stops_at_errors());
        let ended = run_script(&mut machine, &script);
        machine.flush();
        let script::Said { text: stdout, vars, .. } = script::read(&machine.stdout)?;
        let (exit_code, reason) = match ended {
            Ok(()) | Err(Stop::Return | Stop::Break | Stop::Continue | Stop::Enough(_)) => (0, None),
            Err(Stop::Exit(code)) => (code, None),
            Err(Stop::Thrown { message, at }) => (1, Some(format!("the script failed at {at}: {message}"))),
            Err(Stop::Fault(reason)) => (1, Some(format!("the script cannot be run: {reason}"))),
        };
        if exit_code == 0 {
            context.log(Level::Debug, "the simulated script ended with exit code 0");
            return Ok(Outputs {
                exit_code,
                stdout,
                stderr: machine.stderr,
                vars,
                simulated: true,
            });
        }
        let tail = tail(&machine.stderr);
        let said = if tail.is_empty() {
            String::new()
        } else {
            format!(": {tail}")
        };
        let reason = reason.unwrap_or_else(|| format!("the script ended with exit code {exit_code}{said}"));
        Err(Failure::failed(reason)
            .with("exitCode", exit_code)
            .with("stdout", stdout)
            .with("stderr", machine.stderr))
    }

    fn declare(_: &Context, _: &JsonMap, declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        Ok(script::declared(declared))
    }
}

/// Parses a script and runs it with the defaults of its parameters.
fn run_script(machine: &mut Machine<'_>, script: &str) -> Result<(), Stop> {
    let body = parser::parse(script)?;
    for parameter in &body.parameters {
        let Some(default) = &parameter.default else {
            return Err(Stop::Fault(format!(
                "unsupported: the script's parameter `${}`",
                parameter.name
            )));
        };
        let mut value = machine.evaluate(default)?;
        if let Some(name) = &parameter.cast {
            value = evaluate::cast(name, value, default.at)?;
        }
        machine.set(&parameter.name, value, default.at)?;
    }
    body.statements.iter().try_for_each(|statement| {
        let out = &mut |machine: &mut Machine<'_>, value| machine.print(&value, statement.at);
        machine.execute_all(std::slice::from_ref(statement), out)
    })
}

/// Hands output to the component's own streams, which the host turns into log lines as they come.
fn print_through(text: &str, to_stderr: bool) {
    use std::io::Write;
    let shown: String = text
        .split_inclusive('\n')
        .filter(|line| script::protocol(line).is_none())
        .collect();
    let written = match to_stderr {
        true => std::io::stderr().write_all(shown.as_bytes()),
        false => std::io::stdout().write_all(shown.as_bytes()),
    };
    // The log may be full; the host says so there, and the script's result does not depend on it.
    drop(written);
}

/// The end of a text, cut at a character.
fn tail(text: &str) -> &str {
    let text = text.trim();
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

begat_task::export!(PowerShell);

#[cfg(test)]
mod tests;
