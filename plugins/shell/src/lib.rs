//! The `shell` task: runs a bash script inside the sandbox.

mod engine;
mod files;
mod properties;
mod work;

use std::collections::BTreeMap;
use std::path::Path;

use begat_task::{
    Bundle, Capability, Context, Description, Failure, HostScript, JsonMap, Level, Plugin, TaskType, script,
};
use schemars::JsonSchema;
use serde::Serialize;

use engine::Stream;
pub use files::File;
pub use properties::Properties;

/// What the operator calls the host's own bash.
const TOOL: &str = "bash";
/// How much of standard error a failure quotes, in bytes.
const TAIL: usize = 2_000;

/// What a `shell` task gives back.
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
    /// The files that `outputFiles` asked for, by their path below `/work`.
    pub output_files: BTreeMap<String, File>,
}

/// The plugin.
pub struct Shell;

impl Plugin for Shell {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        Description::new(
            "shell",
            env!("CARGO_PKG_VERSION"),
            "Runs bash scripts inside the sandbox",
        )
        .task_type(
            TaskType::of::<Self>("shell", "Runs a script, or a list of commands, in an emulated bash")
                .alias("io.kestra.plugin.scripts.shell.Script")
                .alias("io.kestra.plugin.scripts.shell.Commands"),
        )
        .capability(Capability::optional(
            "run",
            TOOL,
            "to run scripts in the host's own bash instead of the emulated one",
        ))
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let script = properties.script()?;
        if properties.names_an_interpreter() {
            context.log_info("`interpreter` is ignored: the script runs in the shell of the sandbox");
        }
        let job = engine::Job {
            script: &script,
            environment: properties.environment(),
            work: work(),
            input_files: properties.input_files(),
            output_files: properties.output_files(),
        };
        let ended = match work().filter(|_| context.has_tool(TOOL)) {
            Some(work) => on_host(context, &job, work)?,
            None => {
                let ended = engine::run(&job, &|| context.is_stopping(), |stream, text| match stream {
                    Stream::Out => script::print_through(text, false),
                    Stream::Error => script::print_through(text, true),
                });
                ended.map_err(cannot_run)?.ok_or_else(Failure::stopped)?
            }
        };
        let script::Said { text: stdout, vars, .. } = script::read(&ended.stdout)?;
        if ended.exit_code == 0 {
            context.log(Level::Debug, "the script ended with exit code 0");
            return Ok(Outputs {
                exit_code: 0,
                stdout,
                stderr: ended.stderr,
                vars,
                output_files: ended.files,
            });
        }
        let tail = tail(&ended.stderr);
        let said = if tail.is_empty() {
            String::new()
        } else {
            format!(": {tail}")
        };
        Err(Failure::failed(format!(
            "the script ended with exit code {}{}{said}",
            ended.exit_code,
            signal(ended.exit_code)
        ))
        .with("exitCode", ended.exit_code)
        .with("stdout", stdout)
        .with("stderr", ended.stderr))
    }

    fn declare(_: &Context, _: &JsonMap, declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        script::declared(declared)
    }
}

fn cannot_run(reason: String) -> Failure {
    Failure::failed(format!("the script cannot be run: {reason}"))
}

/// Runs the script in the host's own bash, which the operator granted.
fn on_host(context: &Context, job: &engine::Job<'_>, work: &Path) -> Result<engine::Ended, Failure> {
    context.log_info("the script runs in the host's own bash, outside the sandbox");
    let folder = engine::HostFolder::open(work, job.input_files).map_err(cannot_run)?;
    let script = HostScript {
        tool: TOOL,
        file: ".begat-script.sh",
        script: job.script,
        environment: job.environment,
        work,
    };
    let end = script.run(context)?;
    let files = match end.exit_code {
        0 => folder.capture(job.output_files).map_err(cannot_run)?,
        _ => BTreeMap::new(),
    };
    Ok(engine::Ended {
        files,
        exit_code: end.exit_code,
        stdout: end.stdout,
        stderr: end.stderr,
    })
}

/// The folder that the host gave to this task. Outside the sandbox there is none, whatever `/work` is there.
fn work() -> Option<&'static Path> {
    let folder = Path::new(engine::WORK);
    (cfg!(target_family = "wasm") && folder.is_dir()).then_some(folder)
}

/// What an exit code above 128 stands for by the custom of shells.
fn signal(code: i32) -> &'static str {
    match code {
        129 => ", as if by SIGHUP",
        130 => ", as if by SIGINT",
        131 => ", as if by SIGQUIT",
        134 => ", as if by SIGABRT",
        137 => ", as if by SIGKILL",
        139 => ", as if by SIGSEGV",
        141 => ", as if by SIGPIPE",
        143 => ", as if by SIGTERM",
        _ => "",
    }
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

begat_task::export!(Shell);

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
