//! `plan --against` and `catalog diff`: what a change means, to be read on a terminal or in a comment.

use std::process::ExitCode;

use super::arguments::{Format, PlanArguments};
use super::output::{BOLD, DIM, GREEN, Output, RED, YELLOW};
use super::run::flow_request;
use super::tables::{paint, plain};
use crate::app::{App, AppError, FlowRequest};
use crate::model::{ChangedAsset, ComparedAsset, DifferenceView, EdgeView, FieldChange, Json, PlanComparisonView};

/// How many lines of one kind a comment shows.
const SHOWN: usize = 100;

/// Compares a flow with another version of it.
pub(super) async fn plans(
    app: &App,
    arguments: &PlanArguments,
    against: &std::path::Path,
    output: &Output,
) -> Result<ExitCode, AppError> {
    let request = flow_request(&arguments.run, output);
    let base = FlowRequest {
        flow: against.to_owned(),
        ..flow_request(&arguments.run, output)
    };
    let (view, report) = app.compare_plans(&request, &base).await?;
    if let Some(report) = report {
        output.report(&report);
    }
    match output.format {
        Format::Json => output.json(&view),
        Format::Markdown => output.document(&plan_markdown(&view)),
        _ => output.answer(&plan_text(&view)),
    }
    Ok(ExitCode::SUCCESS)
}

fn plan_text(view: &PlanComparisonView) -> String {
    let mut text = String::new();
    for (sign, style, words, assets) in [
        ("+", GREEN, "would be made", &view.added),
        ("~", YELLOW, "would be declared otherwise", &view.altered),
        ("-", RED, "would be made by nobody", &view.orphaned),
    ] {
        for asset in assets {
            let kind = asset.asset_type.as_deref().unwrap_or("no type");
            text += &format!(
                "{} {} ({kind}) {}\n",
                paint(style, sign),
                paint(BOLD, &asset.id),
                paint(DIM, &format!("{words}, task {}", asset.task))
            );
            text += &asset.changes.iter().map(change_text).collect::<String>();
            if !asset.dependents.is_empty() {
                text += &format!("      made from it: {}\n", dependents(asset));
            }
        }
    }
    for (words, names) in lists(view) {
        if !names.is_empty() {
            text += &format!("{words}: {}\n", names.join(", "));
        }
    }
    match text.is_empty() {
        true => "nothing is different\n".to_owned(),
        false => text,
    }
}

fn lists(view: &PlanComparisonView) -> [(&'static str, &[String]); 4] {
    [
        ("tasks added", &view.tasks_added),
        ("tasks altered", &view.tasks_altered),
        ("tasks removed", &view.tasks_removed),
        ("asked for in addition", &view.capabilities_added),
    ]
}

fn dependents(asset: &ComparedAsset) -> String {
    let ids: Vec<&str> = asset.dependents.iter().map(|id| id.as_str()).collect();
    ids.join(", ")
}

fn change_text(change: &FieldChange) -> String {
    format!(
        "      {}: {} → {}\n",
        change.field,
        shown(change.before.as_ref()),
        shown(change.after.as_ref())
    )
}

fn shown(value: Option<&Json>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(value) => plain(value),
    }
}

fn plan_markdown(view: &PlanComparisonView) -> String {
    let mut text = format!("### What this change of `{}` means for assets\n\n", view.flow_id);
    let is_same = view.added.is_empty() && view.altered.is_empty() && view.orphaned.is_empty();
    if is_same {
        text += "No asset is touched.\n";
    } else {
        text += "| | asset | type | task | |\n|---|---|---|---|---|\n";
    }
    for (words, assets) in [
        ("added", &view.added),
        ("altered", &view.altered),
        ("orphaned", &view.orphaned),
    ] {
        for asset in assets.iter().take(SHOWN) {
            let mut details: Vec<String> = match words {
                "altered" => asset.changes.iter().map(change_markdown).collect(),
                _ => Vec::new(),
            };
            if !asset.dependents.is_empty() {
                details.push(format!("made from it: {}", code(&dependents(asset))));
            }
            text += &format!(
                "| **{words}** | {} | {} | {} | {} |\n",
                code(&asset.id),
                asset.asset_type.as_deref().map(code).unwrap_or_default(),
                code(&asset.task),
                details.join("<br>")
            );
        }
        text += &more(assets.len(), words);
    }
    text.push('\n');
    for (words, names) in lists(view) {
        if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| code(name)).collect();
            text += &format!("- {words}: {}\n", names.join(", "));
        }
    }
    text
}

fn more(count: usize, words: &str) -> String {
    match count.checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("| **{words}** | and {more} more | | | |\n"),
        _ => String::new(),
    }
}

fn change_markdown(change: &FieldChange) -> String {
    format!(
        "{}: {} → {}",
        code(&change.field),
        code(&shown(change.before.as_ref())),
        code(&shown(change.after.as_ref()))
    )
}

/// A text as code in a cell of a table: no text can end the cell or the code.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ").replace('`', "'").replace('|', "\\|");
    format!("`{text}`")
}

/// The difference between two catalogs, for a comment.
pub(super) fn difference_markdown(view: &DifferenceView) -> String {
    let mut text = "### What is different between the catalogs\n\n".to_owned();
    let is_same = [&view.created, &view.changed, &view.deleted]
        .iter()
        .all(|list| list.is_empty());
    if is_same && view.edges_opened.is_empty() && view.edges_closed.is_empty() {
        return text + "Nothing is.\n";
    }
    if !is_same {
        text += "| | asset | type | |\n|---|---|---|---|\n";
    }
    for (words, assets) in [
        ("added", &view.created),
        ("altered", &view.changed),
        ("gone", &view.deleted),
    ] {
        for asset in assets.iter().take(SHOWN) {
            text += &row(words, asset);
        }
        if assets.len() > SHOWN {
            text += &format!("| **{words}** | and {} more | | |\n", assets.len() - SHOWN);
        }
    }
    text + &edges("made from", &view.edges_opened) + &edges("no longer made from", &view.edges_closed)
}

fn row(words: &str, asset: &ChangedAsset) -> String {
    let changes: Vec<String> = match words {
        "altered" => asset.changes.iter().map(change_markdown).collect(),
        _ => Vec::new(),
    };
    format!(
        "| **{words}** | {} | {} | {} |\n",
        code(asset.id.as_str()),
        code(asset.asset_type.short_name()),
        changes.join("<br>")
    )
}

fn edges(words: &str, edges: &[EdgeView]) -> String {
    if edges.is_empty() {
        return String::new();
    }
    let mut text = "\n".to_owned();
    for edge in edges.iter().take(SHOWN) {
        text += &format!("- {} {words} {}\n", code(edge.to.as_str()), code(edge.from.as_str()));
    }
    if edges.len() > SHOWN {
        text += &format!("- and {} more\n", edges.len() - SHOWN);
    }
    text
}
