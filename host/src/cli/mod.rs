//! The command line: parses the request, calls `app`, shows the answer and picks the exit code.

mod arguments;
mod asset_arguments;
mod asset_commands;
mod asset_tables;
mod catalog_commands;
mod commands;
mod csv;
mod diagnostics;
mod output;
mod progress;
mod prompt;
mod sarif;
mod tables;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use output::Output;

/// Runs the command line of this process and gives its exit code.
///
/// 0: done. 1: the flow ran and failed. 2: the request was wrong or refused, nothing ran. 3: the host could not do its
/// work. 130: killed by Ctrl-C.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, printed to standard output; a closed pipe is no reason to complain.
            let code = error.exit_code();
            drop(error.print());
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let output = Output::new(arguments.format);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
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
