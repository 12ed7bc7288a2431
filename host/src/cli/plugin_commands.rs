//! One function for each way to look at plugins and to make them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::arguments::Format;
use super::commands::show;
use super::grant_tables;
use super::output::{BOLD, CYAN, DIM, Output, RED, YELLOW};
use super::plugin_arguments::{CacheCommand, PluginCommand, PluginTestArguments, TestReportArguments};
use super::tables::{self, paint};
use super::test_commands;
use crate::app::{
    App, AppError, Built, GoldenRequest, Language, NewPlugin, Supplied, SupplyChange, TaskTrial, TrialRequest, stamp,
};
use crate::model::{Json, JsonMap, LogLevel, MadeView, PluginCheckView, Severity, amount};

/// How often files are looked at for changes.
const LOOK: Duration = Duration::from_millis(200);

/// Carries out what the user said of plugins.
pub(super) async fn plugin(app: &App, command: &PluginCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        PluginCommand::List => show(output, &app.plugins().await?, |views| tables::plugins(views)),
        PluginCommand::Grants => show(output, &app.grants().await?, |views| grant_tables::grants(views)),
        PluginCommand::Limits { name } => show(output, &app.limits(name.as_deref()).await?, |views| {
            grant_tables::limits(views)
        }),
        PluginCommand::Cache(command) => cache(app, command, output).await,
        PluginCommand::Show { name } => show_one(app, name, output).await,
        PluginCommand::Assets { plugin } => show(output, &app.made_by(plugin)?, |views| made(views)),
        PluginCommand::New { name, lang, into } => new(app, name, lang, into, output),
        PluginCommand::Build { folder } => {
            let built = app.build_plugin(folder)?;
            tell_built(&built, output);
            Ok(ExitCode::SUCCESS)
        }
        PluginCommand::Check { path } => check(app, path, output).await,
        PluginCommand::Test(arguments) => test(app, arguments, output).await,
        PluginCommand::Run {
            path,
            task_type,
            property,
            properties,
        } => {
            let request = TrialRequest {
                component: component(app, path, output)?,
                task_type: task_type.clone(),
                properties: given(properties.as_deref(), property)?,
            };
            Ok(trial(&app.try_plugin(request).await?, output))
        }
        PluginCommand::Dev { folder } => develop(app, folder, output).await,
        PluginCommand::Add { source } => show(output, &app.add_plugin(source).await?, supplied),
        PluginCommand::Push { path, address } => {
            let pushed = app.push_plugin(&component(app, path, output)?, address).await?;
            show(output, &pushed, |pushed| {
                format!(
                    "{} is there\n  {}\n",
                    paint(BOLD, &pushed.address),
                    paint(DIM, &pushed.pinned)
                )
            })
        }
        PluginCommand::Update { names } => show(output, &app.update_plugins(names).await?, |all| list(all)),
        PluginCommand::Fetch => show(output, &app.fetch_plugins().await?, |all| list(all)),
        PluginCommand::Remove { name } => show(output, &app.remove_plugin(name)?, supplied),
        PluginCommand::Compile => show(output, &app.compile_plugins().await?, |views| {
            format!("{} plugins are compiled for this machine\n", views.len())
        }),
    }
}

async fn cache(app: &App, command: &CacheCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        CacheCommand::List => show(output, &app.cached().await?, |views| grant_tables::cached(views)),
        CacheCommand::Clear => {
            let (files, bytes) = app.clear_cache().await?;
            let view = serde_json::json!({"files": files, "bytes": bytes});
            show(output, &view, |_| {
                let noun = if files == 1 { "plugin" } else { "plugins" };
                format!("removed {files} compiled {noun}, {}\n", amount::in_bytes(bytes))
            })
        }
    }
}

fn made(views: &[MadeView]) -> String {
    if views.is_empty() {
        return "it made nothing\n".to_owned();
    }
    let row = |view: &MadeView| {
        vec![
            view.id.to_string(),
            view.event.to_string(),
            view.task_id.to_string(),
            view.execution_id.to_string(),
            format!("{} {}", view.plugin.name, view.plugin.version),
            view.plugin.digest.get(..12).unwrap_or_default().to_owned(),
        ]
    };
    tables::table(
        &["ASSET", "EVENT", "TASK", "EXECUTION", "PLUGIN", "SHA256"],
        views.iter().map(row).collect(),
    )
}

fn list(all: &[Supplied]) -> String {
    match all {
        [] => "nothing is pinned\n".to_owned(),
        all => all.iter().map(supplied).collect(),
    }
}

fn supplied(supplied: &Supplied) -> String {
    let plugin = &supplied.plugin;
    let words = match supplied.change {
        SupplyChange::Added => "is pinned",
        SupplyChange::Updated => "is pinned anew",
        SupplyChange::Fetched => "is here",
        SupplyChange::Unchanged => "is as it was",
        SupplyChange::Removed => "is gone",
    };
    let signed = supplied.signed_by.as_ref();
    let signed = signed.map(|key| format!(", signed by {key}")).unwrap_or_default();
    format!(
        "{} {} {words}\n  {}\n",
        paint(BOLD, &plugin.name),
        plugin.version,
        paint(DIM, &format!("sha256 {} from {}{signed}", plugin.sha256, plugin.source))
    )
}

fn component(app: &App, path: &Path, output: &Output) -> Result<PathBuf, AppError> {
    app.fresh_component(path, &|| {
        output.message(&paint(DIM, &format!("building {}\n", path.display())))
    })
}

async fn show_one(app: &App, name: &str, output: &Output) -> Result<ExitCode, AppError> {
    let path = Path::new(name);
    let is_path = name.contains('/') || name.starts_with('.') || name.ends_with(".wasm");
    let view = match is_path {
        true => app.described(&component(app, path, output)?).await?,
        false => app.plugin(name).await?,
    };
    show(output, &view, tables::plugin)
}

fn new(app: &App, name: &str, lang: &str, into: &Path, output: &Output) -> Result<ExitCode, AppError> {
    let language = Language::from_name(lang)
        .ok_or_else(|| AppError::refused(format!("begat makes no plugins in the language `{lang}`")))?;
    let into = if into == Path::new(".") { Path::new("") } else { into };
    let plugin = NewPlugin {
        name: name.to_owned(),
        language,
        into: into.to_owned(),
    };
    let files = app.new_plugin(&plugin)?;
    let folder = into.join(name);
    if output.format == Format::Json {
        output.json(&serde_json::json!({"folder": folder, "files": files}));
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{} is a plugin in {lang}\n", paint(BOLD, &folder.display().to_string()));
    let vendor = folder.join("vendor");
    for file in files.iter().filter(|file| !file.starts_with(&vendor)) {
        text += &format!("  {}\n", file.display());
    }
    text += &format!("  {} (what it is built against)\n", vendor.display());
    let folder = folder.display();
    text += &paint(DIM, &format!("next: begat plugin test {folder}\n"));
    output.answer(&text);
    Ok(ExitCode::SUCCESS)
}

fn tell_built(built: &Built, output: &Output) {
    let (component, size) = (built.component.display(), built.size.div_ceil(1024));
    match output.format {
        Format::Json => output.json(&serde_json::json!({"component": built.component, "size": built.size})),
        _ => output.answer(&format!("{component} is built, {size} KiB\n")),
    }
}

async fn check(app: &App, path: &Path, output: &Output) -> Result<ExitCode, AppError> {
    let view = app.check_plugin(&component(app, path, output)?).await?;
    let is_broken = view.findings.iter().any(|finding| finding.severity == Severity::Error);
    match output.format {
        Format::Json => output.json(&view),
        _ => output.answer(&checked(&view)),
    }
    Ok(if is_broken {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}

fn checked(view: &PluginCheckView) -> String {
    let plugin = &view.plugin;
    let size = plugin.size.div_ceil(1024);
    let track = view.track.as_deref().unwrap_or("no contract that begat knows");
    let mut text = format!("{} {}  {}\n", paint(BOLD, &plugin.name), plugin.version, plugin.summary);
    text += &format!("{size} KiB, sha256 {}\nkeeps {track}\n", plugin.digest);
    text += "wants of the host\n";
    for import in &view.imports {
        text += &format!("  {import}\n");
    }
    match plugin.capabilities.is_empty() {
        true => text += "asks for no grant\n",
        false => text += "asks for\n",
    }
    for wanted in &plugin.capabilities {
        let need = if wanted.required { "needs" } else { "can use" };
        text += &format!("  {need} {} {}: {}\n", wanted.kind, wanted.target, wanted.reason);
    }
    let types: Vec<&str> = plugin.task_types.iter().map(|known| known.name.as_str()).collect();
    text += &format!("provides {}\n", types.join(", "));
    for finding in &view.findings {
        let mark = match finding.severity {
            Severity::Error => paint(RED, "error:"),
            Severity::Warning => paint(YELLOW, "warning:"),
            Severity::Note => paint(CYAN, "note:"),
        };
        text += &format!("{mark} {}\n", finding.message);
    }
    match view.findings.is_empty() {
        true => text + "nothing to complain about\n",
        false => text,
    }
}

async fn test(app: &App, arguments: &PluginTestArguments, output: &Output) -> Result<ExitCode, AppError> {
    let component = match &arguments.component {
        Some(file) => file.clone(),
        None => component(app, &arguments.folder, output)?,
    };
    let cases = arguments.cases.clone();
    let request = GoldenRequest {
        component,
        cases: cases.unwrap_or_else(|| arguments.folder.join("tests")),
        only: arguments.report.only.clone(),
        update: arguments.update,
    };
    test_commands::answer(&app.test_plugin(&request).await?, &arguments.report, output)
}

/// The properties of a task without a flow: an object, and single ones over it.
fn given(object: Option<&str>, single: &[(String, String)]) -> Result<JsonMap, AppError> {
    let text = match object {
        None => "{}".to_owned(),
        Some(object) => match object.strip_prefix('@') {
            None => object.to_owned(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| AppError::refused(format!("reading the properties of `{path}`")).because(&error))?,
        },
    };
    let mut properties: JsonMap = serde_json::from_str(&text).map_err(|error| {
        AppError::refused("the properties are no JSON object")
            .because(&error)
            .with_hint("write them such as '{\"name\": \"Ada\"}'")
    })?;
    for (key, value) in single {
        let value = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value.as_str()));
        properties.insert(key.clone(), value);
    }
    Ok(properties)
}

fn trial(trial: &TaskTrial, output: &Output) -> ExitCode {
    if output.format == Format::Json {
        output.json(trial);
    } else {
        for line in &trial.logs {
            let level = match line.level {
                LogLevel::Warn | LogLevel::Error => paint(YELLOW, &format!("{:5}", line.level.to_string())),
                _ => paint(DIM, &format!("{:5}", line.level.to_string())),
            };
            output.message(&format!("{level} {}\n", line.message));
        }
        match (&trial.outputs, &trial.failure) {
            (Some(outputs), _) => output.json(outputs),
            (None, Some(failure)) => output.message(&format!(
                "{} {} ({})\n",
                paint(RED, "failed:"),
                failure.message,
                failure.kind
            )),
            (None, None) => {}
        }
    }
    match trial.failure {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::from(1),
    }
}

/// Builds and tests again and again, until the user stops it.
async fn develop(app: &App, folder: &Path, output: &Output) -> Result<ExitCode, AppError> {
    let arguments = PluginTestArguments {
        folder: folder.to_owned(),
        cases: None,
        component: None,
        update: false,
        report: TestReportArguments {
            only: None,
            junit: None,
        },
    };
    // Listened for all the time: an interruption during a build must not be lost.
    let mut interruptions = signal(SignalKind::interrupt())
        .map_err(|error| AppError::refused("listening for Ctrl-C is not possible").because(&error))?;
    // A folder that holds no plugin is refused at once; what is wrong later is shown, and may be mended.
    let mut seen = stamp(folder);
    test(app, &arguments, output).await?;
    output.message(&paint(DIM, "waiting for a file to change; Ctrl-C ends it\n"));
    loop {
        tokio::select! {
            _ = interruptions.recv() => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(LOOK) => {}
        }
        let now = stamp(folder);
        if now == seen {
            continue;
        }
        seen = now;
        if let Err(error) = test(app, &arguments, output).await {
            // The exit code is that of the last word, which is Ctrl-C.
            let _code = output.fail(&error);
        }
    }
}
