//! The `powershell` task: runs a PowerShell script in a simulation that says what it cannot do.

mod binding;
mod commands;
mod display;
mod evaluate;
mod execute;
mod fault;
mod files;
mod json;
mod lexer;
mod machine;
mod members;
mod moment;
mod number;
mod operators;
mod parser;
mod patterns;
mod pipeline;
mod properties;
mod simulation;
mod statics;
mod syntax;
mod text;
mod types;
mod value;

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use begat_task::{
    Bundle, Capability, Context, Description, Failure, HostScript, JsonMap, Level, Plugin, TaskType, script,
};
use schemars::JsonSchema;
use serde::Serialize;

use fault::Stop;
use files::Files;
use machine::Machine;
pub use properties::Properties;
use syntax::{At, Statement};
use value::Value;

/// What the operator calls the host's own PowerShell.
const TOOL: &str = "pwsh";
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
    /// Whether no PowerShell ran, but a simulation of a part of the language.
    pub simulated: bool,
    /// What was done to the simulated machine and to no real one, in words, in order.
    pub effects: Vec<String>,
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
        .capability(Capability::optional(
            "run",
            TOOL,
            "to run scripts in the host's own PowerShell instead of the simulation",
        ))
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let script = properties.script()?;
        if properties.names_an_interpreter() {
            context.log(
                Level::Info,
                "`interpreter` is ignored: the simulation reads the script itself",
            );
        }
        if let Some(work) = work().filter(|_| context.has_tool(TOOL)) {
            return on_host(context, &properties, &script, work);
        }
        let files = Files::new(work());
        let mut machine = Machine::new(context, properties.environment(), files, properties.stops_at_errors());
        let ended = run_script(&mut machine, &script);
        machine.flush();
        let script::Said { text: stdout, vars, .. } = script::read(&machine.stdout)?;
        let (exit_code, reason) = match ended {
            Ok(()) | Err(Stop::Return | Stop::Break(_) | Stop::Continue(_) | Stop::Enough(_)) => (0, None),
            Err(Stop::Exit(code)) => (code, None),
            Err(Stop::Thrown { error, .. }) => {
                (1, Some(format!("the script failed at {}: {}", error.at, error.message)))
            }
            Err(Stop::Told) => return Err(Failure::stopped()),
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
                effects: machine.effects,
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
            .with("stderr", machine.stderr)
            .with("effects", machine.effects))
    }

    fn declare(_: &Context, _: &JsonMap, declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        script::declared(declared)
    }
}

/// Runs the script in the host's own PowerShell, which the operator granted.
fn on_host(context: &Context, properties: &Properties, script: &str, work: &Path) -> Result<Outputs, Failure> {
    context.log_info("the script runs in the host's own PowerShell, outside the sandbox");
    let stops = if properties.stops_at_errors() {
        "$ErrorActionPreference = 'Stop'\n"
    } else {
        ""
    };
    let script = HostScript {
        tool: TOOL,
        file: ".begat-script.ps1",
        script: &format!("{stops}{script}"),
        environment: properties.environment(),
        work,
    };
    let end = script.run(context)?;
    let script::Said { text: stdout, vars, .. } = script::read(&end.stdout)?;
    if end.exit_code == 0 {
        return Ok(Outputs {
            exit_code: 0,
            stdout,
            stderr: end.stderr,
            vars,
            simulated: false,
            effects: Vec::new(),
        });
    }
    let message = format!(
        "the script ended with exit code {}: {}",
        end.exit_code,
        tail(&end.stderr)
    );
    Err(Failure::failed(message)
        .with("exitCode", end.exit_code)
        .with("stdout", stdout)
        .with("stderr", end.stderr))
}

/// The folder that the host gave to this task. Outside the sandbox there is none, whatever `/work` is there.
fn work() -> Option<&'static Path> {
    let folder = Path::new(files::WORK);
    (cfg!(target_family = "wasm") && folder.is_dir()).then_some(folder)
}

/// Parses a script and runs it with the defaults of its parameters.
fn run_script(machine: &mut Machine<'_>, script: &str) -> Result<(), Stop> {
    let body = Rc::new(parser::parse(script)?);
    let start = At { line: 1, column: 1 };
    let scope = machine.bind(&body, Vec::new(), Vec::new(), "the script", start)?;
    if let Some(global) = machine.scopes.first_mut() {
        global.variables.extend(scope.variables);
        global.types.extend(scope.types);
    }
    print(machine, &body.begin)?;
    if let Some(process) = &body.process {
        print(machine, process)?;
    }
    print(machine, &body.statements)?;
    Ok(())
}

/// Runs statements and writes what they give: lines at once, objects once all of a statement's are there.
fn print(machine: &mut Machine<'_>, statements: &[Statement]) -> Result<(), Stop> {
    let at = statements.first().map_or(At { line: 1, column: 1 }, |first| first.at);
    let result = machine.execute_all(statements, &mut |machine, value| {
        if matches!(value, Value::Table(_)) {
            machine.held.push(value);
            return Ok(());
        }
        machine.release(at)?;
        machine.print_all(&[value], at)
    });
    machine.release(at)?;
    result
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
mod golden;
#[cfg(test)]
mod tests;
