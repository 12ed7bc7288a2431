//! Reading and checking flows.

use std::fs;
use std::path::{Path, PathBuf};

use super::flow_test::is_test;
use super::{App, AppError, Report};
use crate::flow::{self, Checked};
use crate::model::{Diagnostic, Severity, Source, TaskType, amount};

/// The largest flow file that is read, in bytes.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;

/// Which flows to check, and how.
pub struct ValidateRequest<'a> {
    /// Files, folders that are searched for `*.yaml` and `*.yml`, and patterns such as `flows/**/*.yaml`.
    pub paths: Vec<PathBuf>,
    /// Whether task types that no plugin provides are notes rather than errors.
    pub allow_missing_plugins: bool,
    /// Hears how many files are checked and how many there are.
    pub progress: &'a (dyn Fn(usize, usize) + Send + Sync),
}

impl App {
    /// Checks flows and gives a report for each file, also for those without a finding.
    pub async fn validate(&self, request: ValidateRequest<'_>) -> Result<Vec<Report>, AppError> {
        let task_types = self.registry().await?.task_types();
        let mut files = Vec::new();
        for path in &request.paths {
            expand(path, &mut files)?;
        }
        if files.is_empty() {
            return Err(AppError::refused("no flow was found").with_hint("name files, or folders that hold `*.yaml`"));
        }
        let mut reports = Vec::with_capacity(files.len());
        for (done, path) in files.iter().enumerate() {
            // One file that cannot be read hides nothing about the others.
            let mut report = match check(path, &task_types) {
                Ok((report, _)) => report,
                Err(error) => unreadable(path, &error),
            };
            if request.allow_missing_plugins {
                let missing = report
                    .diagnostics
                    .iter_mut()
                    .filter(|finding| finding.code == flow::MISSING_PLUGIN);
                missing.for_each(|finding| finding.severity = Severity::Note);
            }
            reports.push(report);
            (request.progress)(done + 1, files.len());
        }
        Ok(reports)
    }
}

/// Reads and checks one flow; it is given only where it has no error.
pub(super) fn check(path: &Path, task_types: &[TaskType]) -> Result<(Report, Option<flow::Flow>), AppError> {
    let (report, flow) = read_and_check(path, task_types)?;
    let has_error = report
        .diagnostics
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    Ok((report, flow.filter(|_| !has_error)))
}

/// Reads and checks one flow; it may have errors.
pub(super) fn read_and_check(path: &Path, task_types: &[TaskType]) -> Result<(Report, Option<flow::Flow>), AppError> {
    let source = read(path)?;
    let Checked { flow, diagnostics } = flow::check(&source, task_types);
    Ok((Report { source, diagnostics }, flow))
}

fn read(path: &Path) -> Result<Source, AppError> {
    let name = path.display().to_string();
    let failed = |error: &dyn std::error::Error| AppError::refused(format!("reading the flow `{name}`")).because(error);
    let metadata = fs::metadata(path).map_err(|error| failed(&error).with_hint("check the path of the flow"))?;
    if metadata.is_dir() {
        return Err(AppError::refused(format!("`{name}` is a folder, not a flow")).with_hint("name one flow file"));
    }
    if metadata.len() > SIZE_LIMIT {
        return Err(AppError::refused(format!(
            "`{name}` is larger than {}",
            amount::in_bytes(SIZE_LIMIT)
        )));
    }
    let bytes = fs::read(path).map_err(|error| failed(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| failed(&error).with_hint("save the file as UTF-8"))?;
    Ok(Source { name, text })
}

/// The report on a file that could not be read.
fn unreadable(path: &Path, error: &AppError) -> Report {
    let words: Vec<&str> = [&error.message]
        .into_iter()
        .chain(&error.causes)
        .map(String::as_str)
        .collect();
    let finding = Diagnostic::error("unreadable-flow", words.join(": "), None);
    Report {
        source: Source {
            name: path.display().to_string(),
            text: String::new(),
        },
        diagnostics: vec![Diagnostic {
            hint: error.hint.clone(),
            ..finding
        }],
    }
}

/// Finds the flows that a path or a pattern names. A file that exists is never read as a pattern.
fn expand(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), AppError> {
    expand_to(path, files, &|path| !is_test(path))
}

/// The same for the files that are wanted; a file that is named itself is always.
pub(super) fn expand_to(
    path: &Path,
    files: &mut Vec<PathBuf>,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<(), AppError> {
    let pattern = path.to_string_lossy();
    if path.exists() || !pattern.contains(['*', '?', '[']) {
        return gather_all(path, files, is_wanted);
    }
    let paths = glob::glob(&pattern)
        .map_err(|error| AppError::refused(format!("the pattern `{pattern}` makes no sense")).because(&error))?;
    for path in paths {
        let path = path.map_err(|error| AppError::refused("reading a folder").because(&error))?;
        if path.is_dir() || is_wanted(&path) {
            gather_all(&path, files, is_wanted)?;
        }
    }
    Ok(())
}

/// The flows of a folder and of those within it. Tests of flows are none.
pub(super) fn gather(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), AppError> {
    gather_all(path, files, &|path| !is_test(path))
}

fn gather_all(path: &Path, files: &mut Vec<PathBuf>, is_wanted: &dyn Fn(&Path) -> bool) -> Result<(), AppError> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let failed =
        |error: std::io::Error| AppError::refused(format!("reading the folder `{}`", path.display())).because(&error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for entry in entries {
        let is_flow = entry
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        if entry.is_dir() || (is_flow && is_wanted(&entry)) {
            gather_all(&entry, files, is_wanted)?;
        }
    }
    Ok(())
}
