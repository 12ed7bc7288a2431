//! One function for each command.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use serde_json::json;
use tokio::sync::watch;

use super::arguments::{Arguments, Command, ExecutionCommand, Format, PluginCommand, RunArguments};
use super::asset_arguments::AssetCommand;
use super::output::{BOLD, DIM, Output, RED, findings_view};
use super::progress::{FileCounter, Progress, lock};
use super::tables::{self, duration, paint, state_style};
use super::{asset_commands, catalog_commands, prompt, sarif};
use crate::app::{
    App, AppError, ExpressionRequest, InputSources, LogQuery, Notice, Rendered, Report, RunRequest, Settings,
    ValidateRequest,
};
use crate::model::{AssetEvent, ExecutionDetailView, LogLevel, Severity, State};

/// Carries out what the user said.
pub(super) async fn dispatch(arguments: Arguments, output: &Output) -> Result<ExitCode, AppError> {
    check_format(&arguments)?;
    let app = |run: Option<&RunArguments>| App::new(settings(&arguments, run));
    match &arguments.command {
        Command::Run(run_arguments) => run(&app(Some(run_arguments)), run_arguments, output).await,
        Command::Validate {
            paths,
            allow_missing_plugins,
        } => validate(&app(None), paths, *allow_missing_plugins, output).await,
        Command::Expr { template, vars, typed } => expression(&app(None), template, vars, *typed, output),
        Command::Execution(command) => execution(&app(None), command, output),
        Command::Asset(command) => asset_commands::asset(&app(None), command, output),
        Command::Plugin(command) => plugin(&app(None), command, output).await,
        Command::Catalog(command) => catalog_commands::catalog(&app(None), command, output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "begat", &mut script);
            output.answer(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check_format(arguments: &Arguments) -> Result<(), AppError> {
    let is_graph = matches!(arguments.command, Command::Asset(AssetCommand::Graph { .. }));
    let is_list = matches!(
        arguments.command,
        Command::Asset(
            AssetCommand::List { .. }
                | AssetCommand::Orphans
                | AssetCommand::Expiring { .. }
                | AssetCommand::Stale { .. }
        )
    );
    let is_validate = matches!(arguments.command, Command::Validate { .. });
    match arguments.format {
        Format::Dot | Format::Mermaid | Format::Svg if !is_graph => Err(AppError::refused(
            "only `asset graph` has the formats `dot`, `mermaid` and `svg`",
        )),
        Format::Csv if !is_list => Err(AppError::refused("only lists of assets have the format `csv`")),
        Format::Sarif if !is_validate => Err(AppError::refused("only `validate` has the format `sarif`")),
        _ => Ok(()),
    }
}

fn settings(arguments: &Arguments, run: Option<&RunArguments>) -> Settings {
    let on_compile = |name: &str| {
        let words = format!("compiling the plugin {name} for this machine, the first time only\n");
        Output::new(Format::Text).message(&paint(DIM, &words));
    };
    Settings {
        catalog: arguments.catalog.clone(),
        plugins: arguments.plugins.clone(),
        cache: cache_folder(),
        task_timeout: run.and_then(|run| run.task_timeout),
        task_memory: run
            .and_then(|run| run.task_memory)
            .map(|mib| mib.saturating_mul(1024 * 1024)),
        on_compile: Arc::new(on_compile),
    }
}

/// `$BEGAT_CACHE`, else the user's cache folder (XDG base directory specification).
fn cache_folder() -> PathBuf {
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("BEGAT_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("begat")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/begat")))
        .unwrap_or_else(|| PathBuf::from(".begat/cache"))
        .join("compiled")
}

async fn run(app: &App, arguments: &RunArguments, output: &Output) -> Result<ExitCode, AppError> {
    let request = RunRequest {
        flow: arguments.flow.clone(),
        inputs: InputSources {
            given: arguments.inputs.iter().cloned().collect(),
            file: arguments.inputs_file.clone(),
            ask: (output.can_ask() && !arguments.no_prompt).then_some(&prompt::ask),
        },
        ephemeral: arguments.ephemeral,
    };
    let progress = Progress::start(output);
    let notice = |notice| match notice {
        Notice::Findings(report) => output.report(&report),
        Notice::Starting { flow, execution, tasks } => {
            let noun = if tasks == 1 { "task" } else { "tasks" };
            lock(&progress).line(&format!("{} {tasks} {noun}, execution {execution}", paint(BOLD, &flow)));
        }
    };
    let (cancel, cancelled) = watch::channel(false);
    let watcher = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.send_replace(true);
            // A second Ctrl-C ends at once.
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
        std::future::pending::<()>().await;
    });
    let ended = app.run(request, notice, Progress::observer(&progress), cancelled).await;
    watcher.abort();
    lock(&progress).finish();
    let view = ended?;
    match output.format {
        Format::Json => output.json(&view),
        _ => output.answer(&summary(&view, arguments)),
    }
    Ok(match view.execution.state {
        State::Failed => ExitCode::from(1),
        State::Killed => ExitCode::from(130),
        _ => ExitCode::SUCCESS,
    })
}

/// What happened, then the next step worth taking.
fn summary(view: &ExecutionDetailView, arguments: &RunArguments) -> String {
    let execution = &view.execution;
    let written = view
        .assets
        .iter()
        .filter(|asset| asset.event != AssetEvent::Used)
        .count();
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let took = execution
        .end_date
        .map_or_else(String::new, |end| format!(" ({})", duration(execution.start_date, end)));
    let mut text = format!(
        "Execution {} {}: {}, {} written{took}\n",
        execution.id,
        paint(state_style(execution.state), execution.state.name()),
        count(view.tasks.len(), "task"),
        count(written, "asset"),
    );
    for asset in view.assets.iter().filter(|asset| asset.event != AssetEvent::Used) {
        text += &format!(
            "  {} {} ({})\n",
            asset.event.name().to_lowercase(),
            asset.id,
            asset.asset_type.short_name()
        );
    }
    let next = match (arguments.ephemeral, execution.state) {
        (true, _) => None,
        (false, State::Failed | State::Killed) => Some(format!("begat execution logs {}", execution.id)),
        (false, _) => {
            let made = view.assets.iter().find(|asset| asset.event != AssetEvent::Used);
            made.map(|asset| format!("begat asset graph {}", asset.id))
        }
    };
    match next {
        Some(command) => text + &paint(DIM, &format!("next: {command}\n")),
        None => text,
    }
}

async fn validate(
    app: &App,
    paths: &[PathBuf],
    allow_missing_plugins: bool,
    output: &Output,
) -> Result<ExitCode, AppError> {
    let counter = FileCounter::start(output);
    let request = ValidateRequest {
        paths: paths.to_vec(),
        allow_missing_plugins,
        progress: &|done, all| counter.show(done, all),
    };
    let reports = app.validate(request).await;
    counter.finish();
    let reports = reports?;
    let bad = reports.iter().filter(|report| is_broken(report)).count();
    match output.format {
        Format::Json => output.json(&reports.iter().map(report_view).collect::<Vec<_>>()),
        Format::Sarif => output.json(&sarif::log(&reports)),
        Format::Text | Format::Dot | Format::Mermaid | Format::Svg | Format::Csv => {
            for report in reports.iter().filter(|report| !report.diagnostics.is_empty()) {
                output.report(report);
            }
            let noun = if reports.len() == 1 { "flow" } else { "flows" };
            match bad {
                0 => output.answer(&format!("{} {noun} checked, no errors\n", reports.len())),
                bad => output.message(&format!(
                    "{} {bad} of {} {noun} cannot run\n",
                    paint(RED, "error:"),
                    reports.len()
                )),
            }
        }
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn is_broken(report: &Report) -> bool {
    report
        .diagnostics
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

fn report_view(report: &Report) -> serde_json::Value {
    json!({"file": report.source.name, "valid": !is_broken(report), "findings": findings_view(report)})
}

fn expression(app: &App, template: &str, vars: &str, typed: bool, output: &Output) -> Result<ExitCode, AppError> {
    let (variables, variables_name) = match vars.strip_prefix('@') {
        None => (vars.to_owned(), "`--vars`".to_owned()),
        Some(path) => {
            let failed =
                |error: std::io::Error| AppError::refused(format!("reading the variables of `{path}`")).because(&error);
            (std::fs::read_to_string(path).map_err(failed)?, format!("`{path}`"))
        }
    };
    let request = ExpressionRequest {
        template: template.to_owned(),
        variables,
        variables_name,
        typed,
    };
    match (app.render(&request)?, output.format) {
        (Rendered::Text(text), Format::Json) => output.json(&json!({"text": text})),
        (Rendered::Typed(value), Format::Json) => output.json(&json!({"value": value})),
        (Rendered::Text(text), _) => output.answer(&format!("{text}\n")),
        (Rendered::Typed(value), _) => output.json(&value),
    }
    Ok(ExitCode::SUCCESS)
}

fn execution(app: &App, command: &ExecutionCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        ExecutionCommand::List { limit } => show(output, &app.executions(*limit)?, |views| tables::executions(views)),
        ExecutionCommand::Show { id } => show(output, &app.execution(id)?, tables::execution),
        ExecutionCommand::Logs { id, task, level } => {
            let level = LogLevel::from_name(level).unwrap_or(LogLevel::Info);
            let query = LogQuery {
                execution: id.clone(),
                task: task.clone(),
                level,
            };
            show(output, &app.logs(&query)?, |views| tables::logs(views))
        }
    }
}

async fn plugin(app: &App, command: &PluginCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        PluginCommand::List => show(output, &app.plugins().await?, |views| tables::plugins(views)),
        PluginCommand::Show { name } => show(output, &app.plugin(name).await?, tables::plugin),
    }
}

pub(super) fn show<T: serde::Serialize>(
    output: &Output,
    view: &T,
    text: impl Fn(&T) -> String,
) -> Result<ExitCode, AppError> {
    match output.format {
        Format::Json => output.json(view),
        _ => output.answer(&text(view)),
    }
    Ok(ExitCode::SUCCESS)
}
