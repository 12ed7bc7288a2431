//! Running tests of flows, and showing what came of tests.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::Format;
use super::output::{BOLD, DIM, GREEN, Output, RED, YELLOW, host_error};
use super::plugin_arguments::{TestArguments, TestReportArguments};
use super::tables::paint;
use super::{annotations, junit};
use crate::app::{App, AppError, FlowTestRequest, Stubs};
use crate::model::{CoverageView, CoveredView, TestReportView, TestState, TestSuiteView, TestView};

/// Runs tests of flows.
pub(super) async fn test(app: &App, arguments: &TestArguments, output: &Output) -> Result<ExitCode, AppError> {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let request = FlowTestRequest {
        paths: arguments.paths.clone(),
        only: arguments.report.only.clone(),
        stubs: Stubs {
            task_types: arguments.stubs.clone(),
            missing: arguments.stub_missing,
            ..Stubs::default()
        },
        threads: arguments.threads.unwrap_or_else(processors),
    };
    let report = app.test_flows(&request).await?;
    let code = answer(&report, &arguments.report, output)?;
    let Some(least) = arguments.coverage.filter(|_| code == ExitCode::SUCCESS) else {
        return Ok(code);
    };
    let reached = share(&report.coverage);
    if reached < f64::from(least) {
        let words = format!("the tests reach {reached:.0} % of the tasks and branches, at least {least} % are wanted");
        output.message(&format!("{} {words}\n", paint(RED, "error:")));
        return Ok(ExitCode::from(1));
    }
    Ok(code)
}

/// How much of all flows was reached, in percent.
fn share(coverage: &[CoverageView]) -> f64 {
    let sum = |part: fn(&CoveredView) -> usize| -> usize {
        coverage
            .iter()
            .map(|flow| part(&flow.tasks) + part(&flow.branches))
            .sum()
    };
    match sum(|part| part.total) {
        0 => 100.0,
        total => 100.0 * sum(|part| part.covered) as f64 / total as f64,
    }
}

/// Shows what came of tests, writes the report that was asked for, and gives the exit code.
pub(super) fn answer(
    report: &TestReportView,
    arguments: &TestReportArguments,
    output: &Output,
) -> Result<ExitCode, AppError> {
    if let Some(path) = &arguments.junit {
        write(path, &junit::report(report))?;
    }
    match output.format {
        Format::Json => output.json(report),
        Format::Github => output.document(&annotations::of_tests(report)),
        _ => output.answer(&text(report)),
    }
    Ok(match report.count(TestState::Failed) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

/// Writes a file that the user asked for, and the folder it is in.
pub(super) fn write(path: &Path, text: &str) -> Result<(), AppError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| host_error(&format!("writing `{}`", path.display()), &error))
}

fn text(report: &TestReportView) -> String {
    let mut text: String = report.suites.iter().map(suite_text).collect();
    text += &report.coverage.iter().map(coverage_text).collect::<String>();
    let all: usize = report.suites.iter().map(|suite| suite.tests.len()).sum();
    let seconds: f64 = report
        .suites
        .iter()
        .flat_map(|suite| &suite.tests)
        .map(|test| test.duration)
        .sum();
    let count = |state, style, word: &str| match report.count(state) {
        0 => String::new(),
        number => format!(", {}", paint(style, &format!("{number} {word}"))),
    };
    let noun = if all == 1 { "test" } else { "tests" };
    text + &format!(
        "{all} {noun}: {} passed{}{}{} ({})\n",
        report.count(TestState::Passed),
        count(TestState::Failed, RED, "failed"),
        count(TestState::Updated, YELLOW, "updated"),
        count(TestState::Skipped, YELLOW, "skipped"),
        length(seconds),
    )
}

fn suite_text(suite: &TestSuiteView) -> String {
    let tests: String = suite.tests.iter().map(test_text).collect();
    format!("{}\n{tests}", paint(BOLD, &suite.name))
}

fn test_text(test: &TestView) -> String {
    let state = match test.state {
        TestState::Passed => paint(GREEN, "ok     "),
        TestState::Failed => paint(RED, "FAILED "),
        TestState::Skipped => paint(YELLOW, "skipped"),
        TestState::Updated => paint(YELLOW, "updated"),
    };
    let mut text = format!("  {state} {} ({})\n", test.id, length(test.duration));
    for problem in &test.problems {
        text += &format!("          {}\n", problem.replace('\n', "\n          "));
    }
    for line in &test.logs {
        text += &paint(DIM, &format!("        | {line}\n"));
    }
    text
}

fn length(seconds: f64) -> String {
    match seconds {
        0.0..1.0 => format!("{:.1} ms", seconds * 1000.0),
        _ => format!("{seconds:.1} s"),
    }
}

fn coverage_text(coverage: &CoverageView) -> String {
    let part = |part: &CoveredView, noun: &str| format!("{} of {} {noun}", part.covered, part.total);
    let missing: Vec<&str> = [&coverage.tasks, &coverage.branches]
        .into_iter()
        .flat_map(|part| part.missing.iter().map(String::as_str))
        .collect();
    let missing = match missing.is_empty() {
        true => String::new(),
        false => format!("; not reached: {}", missing.join(", ")),
    };
    format!(
        "coverage of {}: {}, {}{missing}\n",
        coverage.flow,
        part(&coverage.tasks, "tasks"),
        part(&coverage.branches, "branches"),
    )
}
