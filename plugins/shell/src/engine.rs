//! The shell behind the task: bash as bashkit emulates it, in this process, with no program and no file of the host.
//!
//! Nothing outside this file knows bashkit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bashkit::{Bash, ExecutionLimits, PosixFs, SessionLimits};

use crate::work::WorkFolder;

/// The most a script may write to either stream, in bytes. More is an error, never a silent cut.
const OUTPUT_LIMIT: usize = 8 * 1024 * 1024;
/// bashkit's own limits are sized for chats; here the host's limits on time and memory are the true ones.
const AMPLE: usize = 1_000_000_000;

/// Where a script starts, and what it calls the folder of its task.
pub(crate) const WORK: &str = "/work";

/// Which stream a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Error,
}

/// How a script ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub exit_code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a bash script to its end, handing over each piece of output as it is written. The script finds the files of
/// `work` in `/work`, and what it writes there is kept; without one its files end with it.
///
/// The error is for the operator: a syntax error, or a limit that was met.
pub(crate) fn run(
    script: &str,
    environment: &BTreeMap<String, String>,
    work: Option<&Path>,
    on_output: impl FnMut(Stream, &str) + Send + 'static,
) -> Result<Ended, String> {
    let mut builder = Bash::builder()
        .limits(limits())
        .session_limits(SessionLimits::unlimited())
        .username("begat")
        .hostname("sandbox")
        .cwd(WORK);
    for (name, value) in environment {
        builder = builder.env(name, value);
    }
    let mut bash = builder.build();
    let on_output = Arc::new(Mutex::new(on_output));
    let callback = Box::new(move |out: &bashkit::StreamData, error: &bashkit::StreamData| {
        let mut on_output = on_output.lock().unwrap_or_else(PoisonError::into_inner);
        for (stream, data) in [(Stream::Out, out), (Stream::Error, error)] {
            let text = data.to_string();
            if !text.is_empty() {
                on_output(stream, &text);
            }
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| format!("starting the shell: {error}"))?;
    let given = match work {
        Some(work) => bash.mount(WORK, Arc::new(PosixFs::new(WorkFolder::new(work)))),
        None => runtime.block_on(bash.fs().mkdir(Path::new(WORK), true)),
    };
    given.map_err(|error| format!("giving the shell its folder: {error}"))?;
    let result = runtime
        .block_on(bash.exec_streaming(script, callback))
        .map_err(|error| error.to_string())?;
    if result.stdout_truncated || result.stderr_truncated {
        return Err(format!(
            "the script wrote more than {} MiB to one stream",
            OUTPUT_LIMIT >> 20
        ));
    }
    Ok(Ended {
        exit_code: result.exit_code,
        stdout: result.stdout.to_string(),
        stderr: result.stderr.to_string(),
    })
}

fn limits() -> ExecutionLimits {
    ExecutionLimits::new()
        .max_work_units(u64::MAX)
        .max_aggregate_input_bytes(u64::MAX)
        .max_live_intermediate_bytes(128 * 1024 * 1024)
        .max_commands(AMPLE)
        .max_loop_iterations(AMPLE)
        .max_total_loop_iterations(AMPLE)
        .max_parser_operations(AMPLE)
        .max_stdout_bytes(OUTPUT_LIMIT)
        .max_stderr_bytes(OUTPUT_LIMIT)
        .timeout(Duration::from_secs(24 * 3600))
}
