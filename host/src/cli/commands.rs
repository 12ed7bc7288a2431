//! One function for each command.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use serde_json::json;

use super::arguments::{Arguments, Command, ExecutionCommand, FlowCommand, Format, PastArguments};
use super::asset_arguments::{AssetCommand, CatalogCommand};
use super::output::{DIM, Output, RED, YELLOW, findings_view, host_error};
use super::plugin_arguments::PluginCommand;
use super::progress::FileCounter;
use super::tables::{self, paint};
use super::{annotations, asset_commands, catalog_commands, compare, plan, plugin_commands, run, sarif, test_commands};
use crate::app::{
    AgainRequest, App, AppError, ExpressionRequest, LogQuery, PluginNotice, Rendered, Report, ResumeRequest, Settings,
    StartAt, ValidateRequest,
};
use crate::model::{LogLevel, Severity};

/// Carries out what the user said.
pub(super) async fn dispatch(arguments: Arguments, output: &Output) -> Result<ExitCode, AppError> {
    check_format(&arguments)?;
    let app = || App::new(settings(&arguments));
    match &arguments.command {
        Command::Run(run_arguments) => run::run(settings(&arguments), run_arguments, output).await,
        Command::Plan(plan_arguments) => {
            let settings = Settings {
                allow: plan_arguments.run.allow.clone(),
                ..settings(&arguments)
            };
            let app = App::new(settings);
            match &plan_arguments.against {
                None => plan::plan(&app, &plan_arguments.run, output).await,
                Some(against) => compare::plans(&app, plan_arguments, against, output).await,
            }
        }
        Command::Validate {
            paths,
            allow_missing_plugins,
        } => validate(&app(), paths, *allow_missing_plugins, output).await,
        Command::Flow(FlowCommand::Schema { of }) => {
            output.json(&app().schema(of).await?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Expr { template, vars, typed } => expression(&app(), template, vars, *typed, output),
        Command::Execution(ExecutionCommand::Resume { past }) => {
            let request = ResumeRequest {
                execution: past.id.clone(),
                inputs: past.inputs.iter().cloned().collect(),
                flows: past.flows.clone(),
                allow_changed_plugins: past.allow_changed_plugins,
            };
            run::resume(granted(&arguments, past), request, output).await
        }
        Command::Execution(ExecutionCommand::Restart { past, from }) => {
            let start = from.clone().map_or(StartAt::Failure, StartAt::Task);
            run::again(granted(&arguments, past), again_request(past, start), output).await
        }
        Command::Execution(ExecutionCommand::Replay { past }) => {
            run::again(
                granted(&arguments, past),
                again_request(past, StartAt::Beginning),
                output,
            )
            .await
        }
        Command::Execution(command) => execution(&app(), command, output).await,
        Command::Asset(command) => asset_commands::asset(&app(), command, output),
        Command::Test(arguments) => test_commands::test(&app(), arguments, output).await,
        Command::Plugin(command) => plugin_commands::plugin(&app(), command, output).await,
        Command::Catalog(command) => catalog_commands::catalog(&app(), command, output),
        Command::Man { into } => man(into),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "begat", &mut script);
            output.document(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Writes a manual page for each command, as `begat-COMMAND.1`.
fn man(into: &std::path::Path) -> Result<ExitCode, AppError> {
    std::fs::create_dir_all(into)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), into))
        .map_err(|error| host_error(&format!("writing manual pages into `{}`", into.display()), &error))?;
    Ok(ExitCode::SUCCESS)
}

fn again_request(past: &PastArguments, start: StartAt) -> AgainRequest {
    AgainRequest {
        execution: past.id.clone(),
        start,
        inputs: past.inputs.iter().cloned().collect(),
        flows: past.flows.clone(),
        allow_changed_plugins: past.allow_changed_plugins,
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
    let is_comparison = match &arguments.command {
        Command::Plan(plan) => plan.against.is_some(),
        Command::Catalog(command) => matches!(command, CatalogCommand::Diff { .. }),
        _ => false,
    };
    let is_test = matches!(
        arguments.command,
        Command::Test(_) | Command::Plugin(PluginCommand::Test(_))
    );
    let is_validate = matches!(arguments.command, Command::Validate { .. });
    let is_export = matches!(arguments.command, Command::Catalog(CatalogCommand::Export { .. }));
    let is_import = matches!(arguments.command, Command::Catalog(CatalogCommand::Import { .. }));
    match arguments.common.format {
        Format::Dot | Format::Mermaid | Format::Svg if !is_graph => Err(AppError::refused(
            "only `asset graph` has the formats `dot`, `mermaid` and `svg`",
        )),
        Format::Csv if !is_list && !is_export => Err(AppError::refused(
            "only lists of assets and `catalog export` have the format `csv`",
        )),
        Format::Openlineage if !is_export && !is_import => Err(AppError::refused(
            "only `catalog export` and `catalog import` have the format `openlineage`",
        )),
        Format::Prov if !is_export => Err(AppError::refused("only `catalog export` has the format `prov`")),
        Format::Sarif if !is_validate => Err(AppError::refused("only `validate` has the format `sarif`")),
        Format::Markdown if !is_comparison => Err(AppError::refused(
            "only `plan --against` and `catalog diff` have the format `markdown`",
        )),
        Format::Github if !is_validate && !is_test => {
            Err(AppError::refused("only `validate` and tests have the format `github`"))
        }
        _ => Ok(()),
    }
}

/// The settings with what is granted to an execution that goes on or is done again.
fn granted(arguments: &Arguments, past: &PastArguments) -> Settings {
    Settings {
        allow: past.allow.clone(),
        ..settings(arguments)
    }
}

fn settings(arguments: &Arguments) -> Settings {
    Settings {
        catalog: arguments.common.catalog.clone(),
        plugins: arguments.common.plugins.clone(),
        lock: arguments.common.lock.clone(),
        locked: arguments.common.locked,
        cache: cache_folder(),
        task_timeout: None,
        task_memory: None,
        config: arguments.common.config.clone(),
        allow: Vec::new(),
        program: std::env::current_exe().ok(),
        on_notice: Arc::new(|notice| Output::new(Format::Text).message(&format!("{}\n", plugin_notice(&notice)))),
    }
}

pub(super) fn plugin_notice(notice: &PluginNotice<'_>) -> String {
    match notice {
        PluginNotice::Compiling(name) => {
            let words = format!("compiling the plugin {name} for this machine, the first time only");
            paint(DIM, &words)
        }
        PluginNotice::NotKept(name, error) => {
            let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
            let words = format!("the plugin {name} will be compiled again next time: {error}{cause}");
            format!("{} {words}", paint(YELLOW, "warning:"))
        }
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
        Format::Github => output.document(&annotations::of_reports(&reports)),
        _ => {
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
        (Rendered::Text(text), _) => output.document(&format!("{text}\n")),
        (Rendered::Typed(value), _) => output.json(&value),
    }
    Ok(ExitCode::SUCCESS)
}

async fn execution(app: &App, command: &ExecutionCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        ExecutionCommand::List { limit } => show(output, &app.executions(*limit)?, |views| tables::executions(views)),
        ExecutionCommand::Show { id } => show(output, &app.execution(id)?, tables::execution),
        ExecutionCommand::Cancel { id } => show(output, &app.cancel(id).await?, tables::execution),
        ExecutionCommand::Attest { id, key } => {
            output.json(&app.attest(id, key.as_deref())?);
            Ok(ExitCode::SUCCESS)
        }
        ExecutionCommand::VerifyAttestation { file, key } => {
            show(output, &app.verify_attestation(file, key)?, tables::attestation)
        }
        // It is shown as a run is, and has been.
        ExecutionCommand::Resume { .. } | ExecutionCommand::Restart { .. } | ExecutionCommand::Replay { .. } => {
            Ok(ExitCode::SUCCESS)
        }
        ExecutionCommand::Logs { id, task, level } => {
            let level = LogLevel::from_name(level).unwrap_or(LogLevel::Info);
            let query = LogQuery {
                execution: id.clone(),
                task: task.clone(),
                level,
            };
            let lines = app.logs(&query)?;
            if lines.is_empty() {
                let words = match app.is_log_pruned(id)? {
                    true => "the log of this execution was pruned".to_owned(),
                    false => format!("no line of level {level} or above"),
                };
                output.message(&format!("{} {words}\n", paint(YELLOW, "note:")));
            }
            show(output, &lines, |views| tables::logs(views))
        }
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
