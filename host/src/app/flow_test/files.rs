//! The files of tests, and the flow that each is about.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::subflows::{find_file_of, folder_of};
use super::super::validate::expand_to;
use super::super::{AppError, Report};
use crate::flow::{FlowTest, read_flow_test};
use crate::model::{Diagnostic, Source, TaskType};

pub(super) const TEST: [&str; 2] = [".test.yaml", ".test.yml"];

/// Whether a path is that of a file of tests.
pub(in crate::app) fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    TEST.iter().any(|end| name.ends_with(end))
}

/// Tests that were read, and the flow they are about.
pub(super) struct TestFile {
    pub source: Source,
    pub test: FlowTest,
    pub flow: PathBuf,
}

/// The files of tests that paths name.
pub(super) fn gather(paths: &[PathBuf]) -> Result<Vec<PathBuf>, AppError> {
    let mut files = Vec::new();
    for path in paths {
        // A flow stands for its tests.
        let named = match path.is_file() && !is_test(path) {
            true => beside(path)?,
            false => path.clone(),
        };
        expand_to(&named, &mut files, &is_test)?;
    }
    files.sort();
    files.dedup();
    match files.is_empty() {
        true => {
            Err(AppError::refused("no test was found")
                .with_hint("tests of `flow.yaml` are in `flow.test.yaml` beside it"))
        }
        false => Ok(files),
    }
}

fn beside(flow: &Path) -> Result<PathBuf, AppError> {
    let stem = flow.with_extension("");
    let candidates = TEST.map(|end| PathBuf::from(format!("{}{end}", stem.display())));
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let shown = flow.display();
        AppError::refused(format!("`{shown}` has no tests"))
            .with_hint(format!("write them into `{}`", candidates[0].display()))
    })
}

/// Reads a file of tests and finds its flow.
pub(super) fn read(path: &Path, task_types: &[TaskType]) -> Result<TestFile, AppError> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| AppError::refused(format!("reading the tests `{name}`")).because(&error))?;
    let source = Source { name, text };
    let wrong = |diagnostics| {
        let source = source.clone();
        AppError::about("the tests make no sense", Report { source, diagnostics })
    };
    let test = read_flow_test(&source).map_err(wrong)?;
    let missing = |message: String| wrong(vec![Diagnostic::error("missing-flow", message, None)]);
    let folder = folder_of(path);
    let flow = match (&test.flow, &test.flow_id) {
        (Some(file), _) => folder.join(file),
        (None, Some((id, namespace))) => find_file_of(&folder, namespace.as_ref(), id, task_types)
            .map_err(missing)?
            .ok_or_else(|| missing(format!("there is no flow `{id}` in `{}`", folder.display())))?,
        (None, None) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let stem = TEST.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
            let names = [format!("{stem}.yaml"), format!("{stem}.yml")];
            let found = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
            found.ok_or_else(|| missing(format!("there is no flow `{}` in `{}`", names[0], folder.display())))?
        }
    };
    match flow.is_file() {
        true => Ok(TestFile { source, test, flow }),
        false => Err(missing(format!("there is no flow `{}`", flow.display()))),
    }
}
