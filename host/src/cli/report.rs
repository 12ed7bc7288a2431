//! `run --report FILE`: what happened, for machines and for summaries of CI systems. The name's ending says which form.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::junit;
use super::output::error_view;
use super::tables::duration;
use super::test_commands::write;
use crate::app::{AppError, Observer};
use crate::model::{
    AssetEvent, ExecutionDetailView, RunEvent, RunEventKind, State, TestReportView, TestState, TestSuiteView, TestView,
};

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Markdown,
    Junit,
}

/// A report to be written when a run has ended.
pub(super) struct Report {
    path: PathBuf,
    form: Form,
    flow: String,
    logs: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Report {
    /// A report on the run of a flow; refused where the name of the file does not say its form.
    pub(super) fn new(path: &Path, flow: &Path) -> Result<Self, AppError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let form = match extension.as_ref() {
            "json" => Form::Json,
            "md" => Form::Markdown,
            "xml" => Form::Junit,
            _ => {
                let shown = path.display();
                return Err(
                    AppError::refused(format!("the name `{shown}` does not say the form of the report"))
                        .with_hint("end it in `.json`, in `.md` for Markdown, or in `.xml` for JUnit"),
                );
            }
        };
        Ok(Self {
            path: path.to_owned(),
            form,
            flow: flow.display().to_string(),
            logs: Arc::default(),
        })
    }

    /// Hears what an observer hears, and keeps the log.
    pub(super) fn listen(&self, observer: Observer) -> Observer {
        let logs = self.logs.clone();
        Arc::new(move |event: &RunEvent| {
            if let RunEventKind::TaskLogged(line) = &event.kind {
                let line = json!({
                    "time": line.time, "level": line.level, "taskId": event.actor.task,
                    "executionId": event.actor.execution, "message": line.message,
                });
                logs.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
            observer(event);
        })
    }

    /// Writes what came of the run.
    pub(super) fn write(&self, ended: Result<&ExecutionDetailView, &AppError>) -> Result<(), AppError> {
        let text = match self.form {
            Form::Json => self.json(ended),
            Form::Markdown => self.markdown(ended),
            Form::Junit => junit::report(&self.tests(ended)),
        };
        write(&self.path, &text)
    }

    fn json(&self, ended: Result<&ExecutionDetailView, &AppError>) -> String {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let report = match ended {
            Ok(view) => json!({
                "begat": env!("CARGO_PKG_VERSION"), "flow": self.flow, "execution": view.execution,
                "tasks": view.tasks, "assets": view.assets, "logs": *logs,
            }),
            Err(error) => json!({"begat": env!("CARGO_PKG_VERSION"), "flow": self.flow, "error": error_view(error)}),
        };
        format!("{report:#}\n")
    }

    fn markdown(&self, ended: Result<&ExecutionDetailView, &AppError>) -> String {
        let view = match ended {
            Ok(view) => view,
            Err(error) => {
                let hint = error
                    .hint
                    .as_ref()
                    .map_or_else(String::new, |hint| format!("\n\n{hint}"));
                return format!("## {} was refused\n\n{}{hint}\n", cell(&self.flow), error.message);
            }
        };
        let execution = &view.execution;
        let mut text = format!("## {} {}\n\n", cell(execution.flow_id.as_str()), execution.state);
        text += &format!("Execution `{}`", execution.id);
        if let Some(end) = execution.end_date {
            text += &format!(", {}", duration(execution.start_date, end));
        }
        text += "\n\n";
        if let Some(error) = &execution.error {
            text += &format!("**{}**\n\n", cell(error));
        }
        text += "| task | state | plugin | |\n|---|---|---|---|\n";
        for task in &view.tasks {
            let plugin = task.plugin.as_ref();
            let plugin = plugin.map_or_else(String::new, |plugin| {
                format!("{} `{}`", plugin.name, plugin.digest.get(..12).unwrap_or_default())
            });
            let value = task
                .value
                .as_ref()
                .map_or_else(String::new, |value| format!(" [{}]", cell(value)));
            let error = task.error.as_deref().map(cell).unwrap_or_default();
            text += &format!("| {}{value} | {} | {plugin} | {error} |\n", task.task_id, task.state);
        }
        let written = view.assets.iter().filter(|asset| asset.event != AssetEvent::Used);
        let written: Vec<_> = written.collect();
        if !written.is_empty() {
            text += "\n| asset | type | |\n|---|---|---|\n";
        }
        for asset in written {
            text += &format!(
                "| {} | {} | {} |\n",
                asset.id,
                cell(asset.asset_type.short_name()),
                asset.event
            );
        }
        text
    }

    /// Each task run as a test.
    fn tests(&self, ended: Result<&ExecutionDetailView, &AppError>) -> TestReportView {
        let test = |id: String, state, duration, problems| TestView {
            id,
            state,
            line: None,
            duration,
            problems,
            logs: Vec::new(),
        };
        let tests = match ended {
            Err(error) => vec![test(
                "the flow is accepted".to_owned(),
                TestState::Failed,
                0.0,
                std::iter::once(error.message.clone())
                    .chain(error.causes.clone())
                    .collect(),
            )],
            Ok(view) => view
                .tasks
                .iter()
                .map(|task| {
                    let state = match task.state {
                        State::Failed | State::Killed => TestState::Failed,
                        State::Skipped => TestState::Skipped,
                        _ => TestState::Passed,
                    };
                    let took = task.end_date.map(|end| end.duration_since(task.start_date));
                    let name = match &task.value {
                        Some(value) => format!("{} [{value}]", task.task_id),
                        None => task.task_id.to_string(),
                    };
                    let took = took.map_or(0.0, |took| took.as_secs_f64());
                    test(name, state, took, task.error.iter().cloned().collect())
                })
                .collect(),
        };
        let name = match ended {
            Ok(view) => format!("{}.{}", view.execution.namespace, view.execution.flow_id),
            Err(_) => self.flow.clone(),
        };
        TestReportView {
            suites: vec![TestSuiteView {
                name,
                file: self.flow.clone(),
                tests,
            }],
            coverage: Vec::new(),
        }
    }
}

/// A text as it may stand in a cell of a table.
fn cell(text: &str) -> String {
    let text = text.replace('|', "\\|").replace('\n', " ");
    text.replace('<', "&lt;")
}
