//! Programs of the host that are run against what the operator laid down, held without end, or left behind.

use std::path::Path;
use std::time::Duration;

use begat_task::bindings::tools;
use begat_task::{Context, Failure, RunningTool, ToolError, ToolPiece, ToolRun};
use serde_json::{Value, json};

/// Runs a program as `NAME VARIABLE=VALUE…` says, by the call that waits for its end.
pub fn run(target: &str) -> Result<Value, Failure> {
    let (tool, variables) = target.split_once(' ').unwrap_or((target, ""));
    let pairs = variables.split(' ').filter_map(|pair| pair.split_once('='));
    let ended = tools::run(&tools::ProgramRun {
        tool: tool.to_owned(),
        values: Vec::new(),
        variables: pairs.map(super::owned).collect(),
        input: Vec::new(),
    });
    match ended {
        Ok(end) => Ok(json!(String::from_utf8_lossy(&end.stdout))),
        Err(error) => Err(failed(error.into())),
    }
}

/// Starts programs until it may start no more, and keeps them.
pub fn start_many(context: &Context, tool: &str) -> Result<Value, Failure> {
    let mut held = Vec::new();
    loop {
        held.push(start(context, tool)?);
    }
}

/// Starts a program and treats it as `NAME HOW` says.
pub fn start_one(context: &Context, target: &str) -> Result<Value, Failure> {
    let (tool, how) = target.split_once(' ').unwrap_or((target, ""));
    let mut program = start(context, tool)?;
    if how == "unread" {
        // Not one byte is read, and the program is there.
        while !Path::new("/work/begun").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        loop {
            std::thread::sleep(Duration::from_secs(3600));
        }
    }
    program.read().map_err(failed)?;
    match how {
        "dropped" => drop(program),
        "forgotten" => std::mem::forget(program),
        "panic" => panic!("a program runs"),
        _ => while !matches!(program.read().map_err(failed)?, ToolPiece::End(_)) {},
    }
    Ok(Value::Null)
}

fn start(context: &Context, tool: &str) -> Result<RunningTool, Failure> {
    let run = ToolRun {
        tool: tool.to_owned(),
        ..ToolRun::default()
    };
    context.start_tool(run).map_err(failed)
}

fn failed(error: ToolError) -> Failure {
    match error {
        ToolError::NotGranted => Failure::not_granted("the tool is not granted"),
        ToolError::Failed(reason) | ToolError::TimedOut(reason) => Failure::failed(reason),
    }
}
