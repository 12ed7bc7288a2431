//! The command line: parses the request, calls `app`, shows the answer and picks the exit code.

mod annotations;
mod arguments;
mod asset_arguments;
mod asset_commands;
mod asset_tables;
mod catalog_commands;
mod commands;
mod compare;
mod csv;
mod diagnostics;
mod grant_tables;
mod junit;
mod output;
mod plan;
mod plugin_arguments;
mod plugin_commands;
mod progress;
mod prompt;
mod report;
mod run;
mod sarif;
mod tables;
mod test_commands;
mod version;

use std::process::ExitCode;
use std::thread::JoinHandle;

use arguments::{Arguments, Format};
use output::Output;

/// Bytes of stack. Blocks of a flow nest as deep as its file can say, and each level is walked into. Only what is used
/// takes memory.
const STACK: usize = 64 * 1024 * 1024;
/// Bytes up to which a file cannot nest deeper than an ordinary stack bears.
const SHALLOW: u64 = 256 * 1024;

/// Runs the command line of this process and gives its exit code.
///
/// 0: done. 1: the flow ran and failed. 2: the request was wrong or refused, nothing ran. 3: the host could not do its
/// work. 130: killed by Ctrl-C.
pub fn main() -> ExitCode {
    if is_shallow_run() {
        return serve();
    }
    // Without such a thread it runs on the one there is: only flows that nest very deeply need more.
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(serve);
    match thread.map(JoinHandle::join) {
        Ok(Ok(code)) => code,
        // The panic has been told.
        Ok(Err(_)) => ExitCode::from(101),
        Err(_) => serve(),
    }
}

/// Whether a flow is run and no file that is named is large. Then the thread there is will do, and saves some time.
fn is_shallow_run() -> bool {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let is_shallow = |word| std::fs::metadata(word).map_or(true, |file| file.is_file() && file.len() <= SHALLOW);
    words.iter().any(|word| word == "run") && words.iter().all(is_shallow)
}

fn serve() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let arguments = match Arguments::read(&words) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&arguments::with_near_command(error, std::env::args().skip(1))),
    };
    let output = Output::new(arguments.common.format);
    // What runs side by side has threads of its own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&output::host_error("starting the runtime", &error)),
    };
    let code = match runtime.block_on(commands::dispatch(arguments, &output)) {
        Ok(code) => code,
        Err(error) => output.fail(&error),
    };
    // All is done and recorded; idle threads need not be waited for.
    runtime.shutdown_background();
    code
}

/// Answers a command line that makes no sense, or that asks for help or the version.
fn refuse(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && asks_for_json(std::env::args_os().skip(1)) {
        Output::new(Format::Json).refusal(&arguments::refusal(error));
    }
    // Help and version are answers, printed to standard output; a closed pipe is no reason to complain.
    drop(error.print());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Whether `--format json` is among words that could not be understood as a whole.
fn asks_for_json(words: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let words: Vec<_> = words.collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}
