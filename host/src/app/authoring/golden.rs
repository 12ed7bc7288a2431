//! Golden cases: what a task is given in `NAME.case.yaml`, and what came of it in `NAME.expected.json` beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::{App, AppError, Report};
use super::trial::{TaskTrial, try_out};
use crate::flow::{PluginCase, read_plugin_case};
use crate::model::clock::World;
use crate::model::{Json, Source, TestReportView, TestState, TestSuiteView, TestView};
use crate::sandbox::{Plugin, Registry, Stage};

const CASE: &str = ".case.yaml";
/// How many differences of one case are told.
const SHOWN: usize = 20;

/// Which golden cases to run.
pub struct GoldenRequest {
    /// The component file.
    pub component: PathBuf,
    /// The folder of the cases.
    pub cases: PathBuf,
    /// Only cases whose names contain this.
    pub only: Option<String>,
    /// Whether what comes of them is written down as what is expected.
    pub update: bool,
}

impl App {
    /// Runs the golden cases of a plugin.
    pub async fn test_plugin(&self, request: &GoldenRequest) -> Result<TestReportView, AppError> {
        let registry = self.registry().await?;
        let plugin = registry.read(&request.component).await?;
        // Not to be counted as the time of the first case.
        registry.prepare(&plugin)?;
        let mut files = cases(&request.cases)?;
        if let Some(only) = &request.only {
            files.retain(|path| name_of(path).contains(only.as_str()));
        }
        if files.is_empty() {
            let folder = request.cases.display();
            return Err(AppError::refused(format!("no golden case was found in `{folder}`"))
                .with_hint("write one as `NAME.case.yaml`, and `--update` writes what comes of it"));
        }
        let mut tests = Vec::with_capacity(files.len());
        for path in &files {
            tests.push(run_case(&registry, &plugin, path, request.update).await?);
        }
        let suite = TestSuiteView {
            name: plugin.reference.name.clone(),
            file: request.cases.display().to_string(),
            tests,
        };
        Ok(TestReportView {
            suites: vec![suite],
            coverage: Vec::new(),
        })
    }
}

/// The case files of a folder, by name.
fn cases(folder: &Path) -> Result<Vec<PathBuf>, AppError> {
    let failed = |error: std::io::Error| {
        AppError::refused(format!("reading the folder of golden cases `{}`", folder.display()))
            .because(&error)
            .with_hint("golden cases are in the folder `tests` of a plugin")
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.to_string_lossy().ends_with(CASE) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(CASE).unwrap_or(&name).to_owned()
}

async fn run_case(registry: &Registry, plugin: &Plugin, path: &Path, update: bool) -> Result<TestView, AppError> {
    let name = name_of(path);
    let case = read(path)?;
    let stage = Arc::new(Stage::new(
        case.secrets.clone().into_iter().collect(),
        case.http.clone(),
    ));
    let world = World::fixed(case.clock, case.seed);
    let trial = try_out(registry, plugin, &case, &world, Some(stage)).await;
    let trial = trial.map_err(|error| AppError {
        message: format!("the golden case `{name}`: {}", error.message),
        ..error
    })?;
    let expected_path = path.with_file_name(format!("{name}.expected.json"));
    let text = written(&trial)?;
    let known = fs::read_to_string(&expected_path).ok();
    let view = |state, problems| TestView {
        id: name.clone(),
        state,
        line: None,
        duration: trial.took.as_secs_f64(),
        problems,
        logs: Vec::new(),
    };
    let problems = match &known {
        Some(known) => differences(known, &text),
        None => vec![format!(
            "`{}` does not exist: `--update` writes what came of the case",
            expected_path.display()
        )],
    };
    if problems.is_empty() {
        return Ok(view(TestState::Passed, Vec::new()));
    }
    if !update {
        return Ok(view(TestState::Failed, problems));
    }
    fs::write(&expected_path, text)
        .map_err(|error| AppError::refused(format!("writing `{}`", expected_path.display())).because(&error))?;
    Ok(view(TestState::Updated, Vec::new()))
}

fn read(path: &Path) -> Result<PluginCase, AppError> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| AppError::refused(format!("reading the golden case `{name}`")).because(&error))?;
    let source = Source { name, text };
    read_plugin_case(&source)
        .map_err(|diagnostics| AppError::about("the golden case makes no sense", Report { source, diagnostics }))
}

fn written(trial: &TaskTrial) -> Result<String, AppError> {
    let text = serde_json::to_string_pretty(trial)
        .map_err(|error| AppError::refused("writing what came of the case").because(&error))?;
    Ok(text + "\n")
}

/// What is not as expected, by the place of each difference. Where the texts differ in their form only, nothing is.
fn differences(expected: &str, actual: &str) -> Vec<String> {
    let (expected, actual) = match (serde_json::from_str(expected), serde_json::from_str(actual)) {
        (Ok(expected), Ok(actual)) => (expected, actual),
        (Err(error), _) | (_, Err(error)) => return vec![format!("what is expected is no JSON: {error}")],
    };
    let mut found = Vec::new();
    compare("", &expected, &actual, &mut found);
    if found.len() > SHOWN {
        let more = found.len() - SHOWN;
        found.truncate(SHOWN);
        found.push(format!("and {more} more differences"));
    }
    found
}

fn compare(path: &str, expected: &Json, actual: &Json, found: &mut Vec<String>) {
    let nothing = Json::Null;
    match (expected, actual) {
        (Json::Object(one), Json::Object(other)) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                let path = match path.is_empty() {
                    true => key.clone(),
                    false => format!("{path}.{key}"),
                };
                match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) => compare(&path, one, other, found),
                    (Some(one), None) => found.push(format!("`{path}` is missing, expected {one}")),
                    (None, other) => found.push(format!("`{path}` is unexpected: {}", other.unwrap_or(&nothing))),
                }
            }
        }
        (Json::Array(one), Json::Array(other)) => {
            for place in 0..one.len().max(other.len()) {
                let path = format!("{path}[{place}]");
                match (one.get(place), other.get(place)) {
                    (Some(one), Some(other)) => compare(&path, one, other, found),
                    (Some(one), None) => found.push(format!("`{path}` is missing, expected {one}")),
                    (None, other) => found.push(format!("`{path}` is unexpected: {}", other.unwrap_or(&nothing))),
                }
            }
        }
        _ if expected == actual => {}
        _ => found.push(format!("`{path}` is {actual}, expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::differences;

    fn check(expected: &str, actual: &str, told: &[&str]) {
        assert_eq!(differences(expected, actual), told, "{expected} {actual}");
    }

    #[test]
    fn differences_are_told_by_their_place() {
        check(r#"{"a": 1, "b": [1, 2]}"#, r#"{"b":[1,2],"a":1}"#, &[]);
        check(
            r#"{"outputs": {"greeting": "Hello"}}"#,
            r#"{"outputs": {"greeting": "Bye"}}"#,
            &["`outputs.greeting` is \"Bye\", expected \"Hello\""],
        );
        check(
            r#"{"outputs": {}}"#,
            r#"{"failure": {"kind": "failed"}}"#,
            &[
                "`outputs` is missing, expected {}",
                "`failure` is unexpected: {\"kind\":\"failed\"}",
            ],
        );
        check(
            r#"{"logs": [1]}"#,
            r#"{"logs": [1, 2]}"#,
            &["`logs[1]` is unexpected: 2"],
        );
        check(
            "nonsense",
            "{}",
            &["what is expected is no JSON: expected ident at line 1 column 2"],
        );
    }
}
