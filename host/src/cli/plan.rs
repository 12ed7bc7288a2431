//! `begat plan`: what a flow would do, to be read.

use std::process::ExitCode;

use super::arguments::{Format, RunArguments};
use super::output::{BOLD, CYAN, DIM, GREEN, Output, RED, YELLOW};
use super::run::flow_request;
use super::tables::paint;
use crate::app::{App, AppError};
use crate::model::printable::one_line;
use crate::model::{AssetEffect, Json, PlanView, PlannedAssetView, PlannedTaskView, PlannedValue, PlannedWork};

pub(super) async fn plan(app: &App, arguments: &RunArguments, output: &Output) -> Result<ExitCode, AppError> {
    let (view, report) = app.plan(&flow_request(arguments, output)).await?;
    if let Some(report) = report {
        output.report(&report);
    }
    match output.format {
        Format::Json => output.json(&view),
        _ => output.answer(&text(&view)),
    }
    Ok(ExitCode::SUCCESS)
}

/// How much of a value is shown.
const WIDTH: usize = 76;

fn text(view: &PlanView) -> String {
    let mut text = format!(
        "Plan of {}.{}: nothing has run\n",
        view.namespace,
        paint(BOLD, view.flow_id.as_str())
    );
    for (name, value) in &view.inputs {
        text += &format!("  input {name}: {}\n", brief(value));
    }
    for trigger in &view.triggers {
        text += &format!("  trigger {trigger}: checked; begat starts nothing by itself\n");
    }
    text += "\n";
    for task in &view.tasks {
        text += &task_text(task);
    }
    text + "\n" + &totals(view)
}

fn task_text(task: &PlannedTaskView) -> String {
    let indent = "  ".repeat(task.depth);
    let list = task
        .list
        .as_ref()
        .map_or_else(String::new, |list| paint(DIM, &format!("{list}: ")));
    let by = match &task.work {
        PlannedWork::Plugin(name) => format!("plugin {name}"),
        PlannedWork::Begat => "begat itself".to_owned(),
        PlannedWork::Stub => paint(YELLOW, "nobody: it is stood in for"),
    };
    let mut text = format!(
        "{indent}{list}{}  {}  {}\n",
        paint(BOLD, &task.id),
        task.task_type,
        paint(DIM, &by)
    );
    let mut line = |words: String| text += &format!("{indent}    {words}\n");
    if let Some(run_if) = &task.run_if {
        line(format!("only if {}", shown(run_if)));
    }
    for (name, value) in &task.properties {
        line(format!("{}: {}", paint(CYAN, name), shown(value)));
    }
    for wanted in &task.capabilities {
        let need = if wanted.required { "needs" } else { "can use" };
        let granted = match (wanted.granted, wanted.required) {
            (true, _) => paint(GREEN, "granted"),
            (false, true) => paint(RED, "not granted"),
            (false, false) => paint(DIM, "not granted"),
        };
        let target = if wanted.target.is_empty() {
            String::new()
        } else {
            format!(" {}", wanted.target)
        };
        line(format!("{need} {}{target} ({granted}): {}", wanted.kind, wanted.reason));
    }
    for asset in &task.assets {
        asset_lines(asset).into_iter().for_each(&mut line);
    }
    text
}

fn asset_lines(asset: &PlannedAssetView) -> Vec<String> {
    let (mark, style, verb) = match asset.effect {
        AssetEffect::Create => ("+", GREEN, "create"),
        AssetEffect::Update => ("~", YELLOW, "update"),
        AssetEffect::Read => (" ", DIM, "read"),
        AssetEffect::External => ("?", RED, "read, though it does not exist,"),
        AssetEffect::Unknown => ("?", DIM, "use"),
    };
    let kind = asset
        .asset_type
        .as_ref()
        .map_or_else(String::new, |kind| format!(" ({})", shown(kind)));
    let mut lines = vec![format!(
        "{} {}{kind}",
        paint(style, &format!("{mark} {verb}")),
        shown(&asset.id)
    )];
    for change in &asset.changes {
        let value = |value: &Option<Json>| value.as_ref().map_or_else(|| "nothing".to_owned(), brief);
        lines.push(format!(
            "      {}: {} → {}",
            change.field,
            value(&change.before),
            value(&change.after)
        ));
    }
    if asset.effect == AssetEffect::Update && asset.changes.is_empty() {
        lines.push("      nothing changes that is known before the run".to_owned());
    }
    if !asset.dependents.is_empty() {
        let ids: Vec<&str> = asset.dependents.iter().map(|id| id.as_str()).collect();
        lines.push(format!("      made from it: {}", ids.join(", ")));
    }
    lines
}

fn shown(value: &PlannedValue) -> String {
    match value {
        PlannedValue::Known(value) => brief(value),
        PlannedValue::Unknown { template, known } => {
            format!("{} {}", brief(template), paint(DIM, &format!("(known {known})")))
        }
    }
}

fn brief(value: &Json) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), |text| text.trim_end().replace('\n', "⏎"));
    let text = one_line(&text);
    match text.chars().count() > WIDTH {
        true => text.chars().take(WIDTH - 1).chain("…".chars()).collect(),
        false => text.into_owned(),
    }
}

fn totals(view: &PlanView) -> String {
    let assets = || view.tasks.iter().flat_map(|task| &task.assets);
    let count = |effect: AssetEffect| assets().filter(|asset| asset.effect == effect).count();
    let asked = view.tasks.iter().flat_map(|task| &task.capabilities).count();
    let tasks = match view.tasks.len() {
        1 => "1 task".to_owned(),
        several => format!("{several} tasks"),
    };
    let asked = match asked {
        1 => "1 capability".to_owned(),
        several => format!("{several} capabilities"),
    };
    format!(
        "{tasks}; assets: {} to create, {} to update, {} to read; {asked} asked for\n",
        count(AssetEffect::Create),
        count(AssetEffect::Update),
        count(AssetEffect::Read) + count(AssetEffect::External),
    )
}
