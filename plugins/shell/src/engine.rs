//! The shell behind the task: bash as bashkit emulates it, in this process, with no program and no file of the host.
//!
//! Nothing outside this file knows bashkit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bashkit::{Bash, ExecutionLimits, FileSystem, PosixFs, SessionLimits};
use sha2::{Digest, Sha256};

use crate::files::{self, File};
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

/// A script and what it gets.
pub(crate) struct Job<'a> {
    pub script: &'a str,
    pub environment: &'a BTreeMap<String, String>,
    /// The folder that the script knows as `/work`; without one it has an empty one that ends with it.
    pub work: Option<&'a Path>,
    /// Files that are written before the script runs, by their path below `/work`.
    pub input_files: &'a BTreeMap<String, String>,
    /// Patterns of the files that are captured once the script has succeeded.
    pub output_files: &'a [String],
}

/// How a script ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The files that were captured, by their path below `/work`.
    pub files: BTreeMap<String, File>,
    pub exit_code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// How often it is asked whether to stop.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs a bash script to its end, handing over each piece of output as it is written; gives nothing where it had to
/// stop before that.
///
/// The error is for the operator: a syntax error, a limit that was met, or a file that is not there.
pub(crate) fn run(
    job: &Job<'_>,
    is_stopping: &dyn Fn() -> bool,
    on_output: impl FnMut(Stream, &str) + Send + 'static,
) -> Result<Option<Ended>, String> {
    let mut bash = bash_with(job.environment);
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
    let given = match job.work {
        Some(work) => bash.mount(WORK, Arc::new(PosixFs::new(WorkFolder::new(work)))),
        None => runtime.block_on(bash.fs().mkdir(Path::new(WORK), true)),
    };
    given.map_err(|error| format!("giving the shell its folder: {error}"))?;
    let files = bash.fs();
    runtime.block_on(write_inputs(files.as_ref(), job.input_files))?;
    let work = async {
        tokio::select! {
            biased;
            () = told_to_stop(is_stopping) => None,
            result = bash.exec_streaming(job.script, callback) => Some(result),
        }
    };
    let Some(result) = runtime.block_on(work) else {
        return Ok(None);
    };
    let result = result.map_err(|error| error.to_string())?;
    if result.stdout_truncated || result.stderr_truncated {
        return Err(format!(
            "the script wrote more than {} MiB to one stream",
            OUTPUT_LIMIT >> 20
        ));
    }
    // Some commands have limits of their own, and only say so; a result that lacks a part must not pass for a whole one.
    let errors = result.stderr.to_string();
    if let Some(line) = errors.lines().find(|line| says_truncated(line)) {
        return Err(format!("a command reached a limit of the emulated shell: {line}"));
    }
    let captured = match result.exit_code {
        0 => runtime.block_on(capture(files.as_ref(), Path::new(WORK), job.output_files))?,
        _ => BTreeMap::new(),
    };
    Ok(Some(Ended {
        files: captured,
        exit_code: result.exit_code,
        stdout: result.stdout.to_string(),
        stderr: result.stderr.to_string(),
    }))
}

fn bash_with(environment: &BTreeMap<String, String>) -> Bash {
    let mut builder = Bash::builder()
        .limits(limits())
        .session_limits(SessionLimits::unlimited())
        .username("begat")
        .hostname("sandbox")
        .cwd(WORK);
    for (name, value) in environment {
        builder = builder.env(name, value);
    }
    builder.build()
}

async fn told_to_stop(is_stopping: &dyn Fn() -> bool) {
    while !is_stopping() {
        tokio::time::sleep(PAUSE).await;
    }
}

fn says_truncated(line: &str) -> bool {
    line.ends_with("output truncated") || line.contains("exceeds limit")
}

async fn write_inputs(files: &dyn FileSystem, inputs: &BTreeMap<String, String>) -> Result<(), String> {
    for (name, content) in inputs {
        let failed = |error: bashkit::Error| format!("writing the input file `{name}`: {error}");
        let path = Path::new(WORK).join(name);
        if let Some(folder) = path.parent() {
            files.mkdir(folder, true).await.map_err(failed)?;
        }
        files.write_file(&path, content.as_bytes()).await.map_err(failed)?;
    }
    Ok(())
}

/// Puts the input files into a folder and gives the files there once a script of the host has succeeded.
pub(crate) struct HostFolder {
    files: PosixFs<WorkFolder>,
    runtime: tokio::runtime::Runtime,
}

impl HostFolder {
    pub(crate) fn open(work: &Path, inputs: &BTreeMap<String, String>) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| format!("starting the shell: {error}"))?;
        for (name, content) in inputs {
            let failed = |error: std::io::Error| format!("writing the input file `{name}`: {error}");
            let path = work.join(name);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            std::fs::write(&path, content).map_err(failed)?;
        }
        Ok(Self {
            files: PosixFs::new(WorkFolder::new(work)),
            runtime,
        })
    }

    pub(crate) fn capture(&self, patterns: &[String]) -> Result<BTreeMap<String, File>, String> {
        self.runtime.block_on(capture(&self.files, Path::new(""), patterns))
    }
}

/// The files below `/work` that match. A pattern that matches nothing is an error: the flow counts on the file.
async fn capture(files: &dyn FileSystem, root: &Path, patterns: &[String]) -> Result<BTreeMap<String, File>, String> {
    let mut captured = BTreeMap::new();
    if patterns.is_empty() {
        return Ok(captured);
    }
    let mut folders = vec![String::new()];
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = files
            .read_dir(&path)
            .await
            .map_err(|error| format!("reading `{folder}`: {error}"))?;
        for entry in entries {
            let name = if folder.is_empty() {
                entry.name
            } else {
                format!("{folder}/{}", entry.name)
            };
            match entry.metadata.file_type {
                bashkit::FileType::Directory => folders.push(name),
                bashkit::FileType::File => names.push(name),
                _ => {}
            }
        }
    }
    for pattern in patterns {
        let found: Vec<&String> = names.iter().filter(|name| files::matches(name, pattern)).collect();
        if found.is_empty() {
            return Err(format!("the script left no file that is `{pattern}`"));
        }
        for name in found {
            let content = files.read_file(&root.join(name)).await;
            let content = content.map_err(|error| format!("reading the output file `{name}`: {error}"))?;
            let sha256 = Sha256::digest(&content)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let size = content.len() as u64;
            captured.insert(name.clone(), File { size, sha256 });
        }
    }
    Ok(captured)
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
