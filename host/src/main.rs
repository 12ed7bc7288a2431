//! The `begat` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    begat::cli::main()
}
