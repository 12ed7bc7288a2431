//! One test: the flow is run against a catalog of its own, and what it left behind is looked at.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::super::fixtures::{catalog_with, set_keys};
use super::super::inputs::InputSources;
use super::super::run::{FlowRequest, Watchers, runner, shown};
use super::super::subflows::folder_of;
use super::super::validate::read_and_check;
use super::super::{App, AppError, ErrorKind};
use super::scope::Seen;
use crate::flow::{Flow, TestCase};
use crate::model::clock::{self, World};
use crate::model::{ExecutionDetailView, LogLevel, LogView, closest};
use crate::plan::Stubs;
use crate::sandbox::Registry;

/// How many lines of the log a failed test shows.
const LINES: usize = 10;

/// What came of a test.
pub(super) struct Ended {
    pub problems: Vec<String>,
    pub logs: Vec<String>,
    pub took: Duration,
    /// Nothing where the flow was refused.
    pub ran: Option<(Arc<Flow>, ExecutionDetailView)>,
}

/// Runs a test. The error is of the host, not of the test.
pub(super) async fn run(
    app: &App,
    registry: &Arc<Registry>,
    flow: &Path,
    case: &TestCase,
    stubs: &Stubs,
) -> Result<Ended, AppError> {
    let _entered = World::fixed(case.clock, case.seed).enter();
    let start = Instant::now();
    match execute(app, registry, flow, case, stubs).await {
        Ok((flow, detail, problems, logs)) => Ok(Ended {
            logs: match problems.is_empty() {
                true => Vec::new(),
                false => last_lines(&logs),
            },
            problems,
            took: start.elapsed(),
            ran: Some((flow, detail)),
        }),
        Err(error) if error.kind == ErrorKind::Refused => Ok(Ended {
            problems: told(&error),
            logs: Vec::new(),
            took: start.elapsed(),
            ran: None,
        }),
        Err(error) => Err(error),
    }
}

type Executed = (Arc<Flow>, ExecutionDetailView, Vec<String>, Vec<LogView>);

async fn execute(
    app: &App,
    registry: &Arc<Registry>,
    path: &Path,
    case: &TestCase,
    stubs: &Stubs,
) -> Result<Executed, AppError> {
    let request = FlowRequest {
        flow: path.to_owned(),
        inputs: InputSources {
            values: case.inputs.clone(),
            ..InputSources::default()
        },
        stubs: stubs_of(case, stubs),
        labels: case.labels.clone(),
    };
    // What else is wrong with the flow is told when it is prepared.
    let (report, flow) = read_and_check(path, &registry.task_types())?;
    let Some(flow) = flow else {
        return Err(AppError::about("the flow has errors and was not run", report));
    };
    unknown_fixtures(case, &flow)?;
    let catalog = Arc::new(catalog_with(&case.assets, &flow.namespace)?);
    set_keys(&catalog, &flow.namespace, &case.key_values)?;
    let prepared = app.prepare_with(registry.clone(), &request, &catalog)?;
    let (_cancel, cancelled) = watch::channel(false);
    let watchers = Watchers {
        observer: Arc::new(|_| ()),
        cancelled,
    };
    let runner = runner(&catalog, &prepared, folder_of(path), request.stubs.clone(), &watchers);
    let flow = prepared.plan.flow.clone();
    let outcome = runner.execute(Arc::new(prepared.plan), None).await?;
    runner.settle().await;
    let detail = shown(&catalog, &outcome.execution)?;
    let logs = catalog.logs(&outcome.execution, None, LogLevel::Trace)?;
    let seen = Seen::of(&flow, &detail, &logs);
    let mut problems = Vec::new();
    let state = detail.execution.state;
    if state != case.state {
        let why = detail.execution.error.as_ref();
        let why = why.map_or_else(String::new, |error| format!(": {error}"));
        problems.push(format!("the execution is {state}, not {}{why}", case.state));
    }
    let scope = seen.scope(clock::now(), catalog.as_ref());
    problems.extend(
        case.assertions
            .iter()
            .filter_map(|assertion| assertion.check(&scope).err()),
    );
    drop(scope);
    Ok((flow, detail, problems, logs))
}

fn stubs_of(case: &TestCase, stubs: &Stubs) -> Stubs {
    let fixtures = case.tasks.iter();
    Stubs {
        task_types: stubs.task_types.iter().chain(&case.stubs).cloned().collect(),
        missing: stubs.missing,
        tasks: fixtures
            .map(|(id, fixture)| (id.clone(), Arc::new(fixture.clone())))
            .collect(),
    }
}

/// A fixture for no task, or for one that holds tasks, would say nothing.
fn unknown_fixtures(case: &TestCase, flow: &Flow) -> Result<(), AppError> {
    let tasks = flow.all_tasks();
    for id in case.tasks.keys() {
        match tasks.iter().find(|task| task.id == *id) {
            Some(task) if task.block.is_some() => {
                let message = format!("the fixture `{id}` is for a task that holds tasks");
                return Err(AppError::refused(message).with_hint("give fixtures to the tasks within it"));
            }
            Some(_) => {}
            None => {
                let names = tasks.iter().map(|task| task.id.as_str());
                let hint = closest(id.as_str(), names).map(|near| format!("did you mean `{near}`?"));
                return Err(AppError {
                    hint,
                    ..AppError::refused(format!("the fixture `{id}` is for no task of the flow"))
                });
            }
        }
    }
    Ok(())
}

fn last_lines(logs: &[LogView]) -> Vec<String> {
    let first = logs.len().saturating_sub(LINES);
    let line = |log: &LogView| format!("{} {}: {}", log.level, log.task_id, log.message);
    logs[first..].iter().map(line).collect()
}

/// A refusal in words: what was refused, and each finding with its place.
fn told(error: &AppError) -> Vec<String> {
    let mut words = vec![error.message.clone()];
    words.extend(error.causes.iter().cloned());
    if let Some(report) = &error.report {
        for finding in &report.diagnostics {
            let place = finding.span.map(|span| report.source.position(span.start));
            let place = place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
            words.push(format!("{}{place}: {}", report.source.name, finding.message));
        }
    }
    words.extend(error.hint.iter().map(|hint| format!("hint: {hint}")));
    words
}
