//! Rows, columns and the text form of each view.

use std::borrow::Cow;
use std::collections::HashMap;

use anstyle::Style;
use comfy_table::{Cell, ContentArrangement, Table, presets};

use dialoguer::console::{measure_text_width, truncate_str};

use super::output::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, answer_width};
use crate::app::{App, AttestationView};
use crate::model::printable::{escaped, is_unprintable, one_line};
use crate::model::{
    AssetEvent, AssetType, ExecutionDetailView, ExecutionView, GraphView, Json, JsonMap, LogLevel, LogView, PluginView,
    State, TaskRunId, TaskRunView, Timestamp,
};

/// Paints a text.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The colour of a state.
pub(super) fn state_style(state: State) -> Style {
    match state {
        State::Success => GREEN,
        State::Warning => YELLOW,
        State::Failed | State::Killed | State::Cancelled => RED,
        State::Created | State::Queued | State::Running | State::Paused | State::Retrying => CYAN,
        State::Skipped => DIM,
    }
}

/// The colour of a log level.
pub(super) fn level_style(level: LogLevel) -> Style {
    match level {
        LogLevel::Error => RED,
        LogLevel::Warn => YELLOW,
        LogLevel::Info => GREEN,
        LogLevel::Debug | LogLevel::Trace => DIM,
    }
}

pub(super) fn event_style(event: AssetEvent) -> Style {
    match event {
        AssetEvent::Created | AssetEvent::Restored => GREEN,
        AssetEvent::Updated => YELLOW,
        AssetEvent::Used => DIM,
        AssetEvent::Deleted => RED,
    }
}

/// Aligns rows under a heading, with two spaces between columns and nothing at the end of a line. Where that is wider
/// than the terminal, the widest cells are cut.
pub(super) fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    table_within(heading, rows, answer_width())
}

fn table_within(heading: &[&str], mut rows: Vec<Vec<String>>, width: Option<usize>) -> String {
    for cell in rows.iter_mut().flatten() {
        *cell = cell.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    }
    if let Some(width) = width {
        shrink(heading, &mut rows, width);
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading.iter().map(|title| Cell::new(paint(BOLD, title))));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table.lines().map(|line| fit(line.trim_end(), width)).collect();
    format!("{}\n", lines.join("\n"))
}

/// Cuts the widest cells so that rows fit the width. No column becomes narrower than its heading.
fn shrink(heading: &[&str], rows: &mut [Vec<String>], width: usize) {
    let least: Vec<usize> = heading.iter().map(|title| title.chars().count()).collect();
    let widest = |column: usize| {
        rows.iter()
            .map(|row| measure_text_width(&row[column]))
            .max()
            .unwrap_or(0)
    };
    let mut widths: Vec<usize> = least
        .iter()
        .enumerate()
        .map(|(column, least)| widest(column).max(*least))
        .collect();
    let room = width.saturating_sub(2 * heading.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        let wide = (0..widths.len()).filter(|column| widths[*column] > least[*column]);
        let Some(column) = wide.max_by_key(|column| widths[*column]) else {
            break;
        };
        widths[column] -= 1;
    }
    for row in rows {
        for (cell, width) in row.iter_mut().zip(&widths) {
            *cell = truncate_str(cell, *width, "…").into_owned();
        }
    }
}

/// Cuts a line that is wider than the terminal: rows that wrap are no table any more.
fn fit(line: &str, width: Option<usize>) -> String {
    match width {
        Some(width) => truncate_str(line, width, "…").into_owned(),
        None => line.to_owned(),
    }
}

/// A moment to the second, in UTC.
pub(super) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// The time between two moments, in the unit that fits.
pub(super) fn duration(start: Timestamp, end: Timestamp) -> String {
    let seconds = end.duration_since(start).as_secs_f64().max(0.0);
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 120.0 => format!("{s:.1} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}

pub(super) fn brief(map: &JsonMap, limit: usize) -> String {
    let text: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{}: {}", one_line(key), plain(value)))
        .collect();
    let text = text.join(", ");
    match text.chars().count() > limit {
        true => text.chars().take(limit - 1).chain("…".chars()).collect(),
        false => text,
    }
}

/// A number of things.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A value in one line.
pub(super) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => one_line(text).into_owned(),
        other => one_line(&other.to_string()).into_owned(),
    }
}

/// The name of a type for people, in one line.
pub(super) fn short(asset_type: &AssetType) -> String {
    one_line(asset_type.short_name()).into_owned()
}

/// A message of a log in one line; tabs stay.
pub(super) fn log_line(message: &str) -> Cow<'_, str> {
    escaped(message, |c| is_unprintable(c) && c != '\t')
}

/// A text of several lines whose later ones are set in, so that none passes for a line of what stands around it.
pub(super) fn set_in(text: &str) -> String {
    text.trim_end().replace('\n', "\n  ")
}

/// The same for a text that others may have written. Its later lines stand behind a bar: a CI system takes for commands
/// to it also lines that are merely set in.
pub(super) fn quoted(text: &str) -> String {
    text.trim_end().replace('\n', "\n  | ")
}

/// The list of executions.
pub(super) fn executions(views: &[ExecutionView]) -> String {
    if views.is_empty() {
        return "no execution is recorded yet\n".to_owned();
    }
    let row = |view: &ExecutionView| {
        vec![
            view.id.to_string(),
            format!("{}.{}", view.namespace, view.flow_id),
            state_of(view),
            moment(view.start_date),
            view.end_date
                .map_or_else(|| "-".to_owned(), |end| duration(view.start_date, end)),
        ]
    };
    table(
        &["EXECUTION", "FLOW", "STATE", "STARTED", "TOOK"],
        views.iter().map(row).collect(),
    )
}

/// What an attestation is worth.
pub(super) fn attestation(view: &AttestationView) -> String {
    let known = match view.in_catalog {
        true => "the catalog says the same of it",
        false => "the catalog does not know it",
    };
    let subjects = view.subjects.len();
    let noun = if subjects == 1 { "subject" } else { "subjects" };
    let mut text = format!(
        "{} by key {}\nexecution {}: {subjects} {noun}, {known}\n",
        paint(GREEN, "signed"),
        view.key,
        view.execution
    );
    for subject in &view.subjects {
        let digest = subject.digest.get("sha256").map_or("-", String::as_str);
        text += &format!("  {digest}  {}\n", subject.name);
    }
    text
}

/// One execution with its task runs and assets.
pub(super) fn execution(view: &ExecutionDetailView) -> String {
    let execution = &view.execution;
    let mut text = format!(
        "Execution {} of {}.{}: {}\n",
        paint(BOLD, execution.id.as_str()),
        execution.namespace,
        execution.flow_id,
        state_of(execution)
    );
    text += &format!("started {}", moment(execution.start_date));
    if let Some(end) = execution.end_date {
        text += &format!(", took {}", duration(execution.start_date, end));
    }
    text += "\n";
    if let Some(parent) = &execution.parent_id {
        text += &format!("started by execution {parent}\n");
    }
    if let Some(origin) = &execution.origin {
        let from = origin
            .from
            .as_ref()
            .map_or_else(String::new, |task| format!(" from {task} on"));
        text += &format!("does execution {} again{from}\n", origin.execution);
    }
    for (name, map) in [
        ("inputs", &execution.inputs),
        ("labels", &execution.labels),
        ("outputs", &execution.outputs),
    ] {
        if !map.is_empty() {
            text += &format!("{name}: {}\n", brief(map, 200));
        }
    }
    if let Some(error) = &execution.error {
        text += &format!("{} {}\n", paint(RED, "error:"), quoted(error));
    }
    if execution.interrupted || execution.state == State::Paused {
        let hint = format!("hint: `begat execution resume {}` goes on with it", execution.id);
        text += &format!("{}\n", paint(CYAN, &hint));
    }
    text + "\n" + &parts_of(view)
}

/// The task runs, assets and used grants of one execution.
fn parts_of(view: &ExecutionDetailView) -> String {
    let depths = depths(&view.tasks);
    let rows = view.tasks.iter().zip(depths).map(|(task, depth)| task_row(task, depth));
    let mut text = table(&["TASK", "TYPE", "STATE", "TOOK", "PLUGIN"], rows.collect());
    if !view.assets.is_empty() {
        text += "\n";
        let rows = view.assets.iter().map(|asset| {
            let task = asset.task_id.as_ref().map_or("-", |task| task.as_str()).to_owned();
            let event = paint(event_style(asset.event), asset.event.name());
            vec![asset.id.to_string(), short(&asset.asset_type), event, task]
        });
        text += &table(&["ASSET", "TYPE", "EVENT", "BY TASK"], rows.collect());
    }
    if !view.grants.is_empty() {
        text += "\n";
        let rows = view.grants.iter().map(|used| {
            let task = used.task_id.clone().unwrap_or_else(|| "-".to_owned());
            vec![
                format!("{}={}", used.kind, used.target),
                used.principal.clone(),
                used.uses.to_string(),
                task,
            ]
        });
        text += &table(&["GRANT USED", "BY", "TIMES", "IN TASK"], rows.collect());
    }
    text
}

/// How deep each task run stands in the tree. A run comes after the one that holds it.
fn depths(tasks: &[TaskRunView]) -> Vec<usize> {
    let mut known: HashMap<&TaskRunId, usize> = HashMap::new();
    let mut depths = Vec::with_capacity(tasks.len());
    for task in tasks {
        let depth = task
            .parent_id
            .as_ref()
            .and_then(|parent| known.get(parent))
            .map_or(0, |depth| depth + 1);
        known.insert(&task.id, depth);
        depths.push(depth);
    }
    depths
}

fn task_row(task: &TaskRunView, depth: usize) -> Vec<String> {
    let value = task
        .value
        .as_ref()
        .map_or_else(String::new, |value| format!(" [{}]", one_line(value)));
    let attempts = if task.attempts > 1 {
        format!(" after {} attempts", task.attempts)
    } else {
        String::new()
    };
    let by = match (&task.plugin, task.is_stub) {
        (_, true) => "stubbed".to_owned(),
        (Some(p), _) => format!("{} {} {}", p.name, p.version, p.digest.get(..12).unwrap_or(&p.digest)),
        (None, _) => String::new(),
    };
    vec![
        format!("{}{}{value}", "  ".repeat(depth), task.task_id),
        task.task_type.clone(),
        format!("{}{attempts}", paint(state_style(task.state), task.state.name())),
        task.end_date
            .map_or_else(|| "-".to_owned(), |end| duration(task.start_date, end)),
        by,
    ]
}

/// The state, and that the process is gone where it is.
fn state_of(execution: &ExecutionView) -> String {
    match execution.interrupted {
        true => paint(RED, "interrupted"),
        false => paint(state_style(execution.state), execution.state.name()),
    }
}

/// Log lines.
pub(super) fn logs(views: &[LogView]) -> String {
    let line = |view: &LogView| {
        let level = paint(level_style(view.level), &format!("{:<5}", view.level));
        format!(
            "{} {level} {} {}\n",
            paint(DIM, &moment(view.time)),
            paint(CYAN, view.task_id.as_str()),
            log_line(&view.message)
        )
    };
    views.iter().map(line).collect()
}

/// A lineage graph as a tree.
pub(super) fn graph(app: &App, view: &GraphView) -> String {
    let mut text = String::new();
    for line in app.tree(view) {
        let id = if line.asset.id == view.root {
            paint(BOLD, line.asset.id.as_str())
        } else {
            line.asset.id.to_string()
        };
        let mut notes = paint(DIM, &short(&line.asset.asset_type));
        if !line.other_parents.is_empty() {
            let parents: Vec<&str> = line.other_parents.iter().map(|parent| parent.as_str()).collect();
            notes += &paint(CYAN, &format!("  also from {}", parents.join(", ")));
        }
        if line.seen_before {
            notes += "  (shown above)";
        }
        // What was asked for need not stand first: what it was made from stands above it.
        if line.asset.id == view.root && !text.is_empty() {
            notes += &paint(BOLD, "  (asked for)");
        }
        let line = format!("{}{id}  {notes}", line.lead);
        text += &format!("{}\n", fit(&line, answer_width()));
    }
    if view.partial {
        text += &format!("{} the graph is larger than what is shown\n", paint(YELLOW, "partial:"));
    }
    text
}

/// The list of plugins.
pub(super) fn plugins(views: &[PluginView]) -> String {
    let mut rows = Vec::new();
    for plugin in views {
        for task_type in &plugin.task_types {
            rows.push(vec![
                plugin.name.clone(),
                plugin.version.clone(),
                task_type.name.clone(),
                plugin.origin.clone(),
                task_type.summary.clone(),
            ]);
        }
    }
    table(&["PLUGIN", "VERSION", "TASK TYPE", "FROM", "WHAT IT DOES"], rows)
}

/// One plugin.
pub(super) fn plugin(view: &PluginView) -> String {
    let size = view.size / 1024;
    let mut text = format!("{} {}  {}\n", paint(BOLD, &view.name), view.version, view.summary);
    text += &format!("from {}, {size} KiB, sha256 {}\n", view.origin, view.digest);
    match view.capabilities.is_empty() {
        true => text += "asks for nothing\n",
        false => {
            for wanted in &view.capabilities {
                let need = if wanted.required { "needs" } else { "can use" };
                text += &format!("{need} {} {}: {}\n", wanted.kind, wanted.target, wanted.reason);
            }
        }
    }
    for task_type in &view.task_types {
        text += &format!("\n{}  {}\n", paint(BOLD, &task_type.name), task_type.summary);
        for alias in &task_type.aliases {
            text += &format!("  also {alias}\n");
        }
        text += &schema("properties", &task_type.properties);
        text += &schema("outputs", &task_type.outputs);
    }
    text
}

fn schema(title: &str, schema: &Json) -> String {
    let Some(fields) = schema.get("properties").and_then(Json::as_object) else {
        return format!("  no {title}\n");
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let mut text = format!("  {title}\n");
    for (name, field) in fields {
        let mark = if required.contains(&name.as_str()) && title == "properties" {
            " (required)"
        } else {
            ""
        };
        let words = field.get("description").and_then(Json::as_str).unwrap_or_default();
        text += &format!("    {}{mark}  {words}\n", paint(CYAN, name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_begins_no_line() {
        assert_eq!(quoted("x\n::error::forged\n"), "x\n  | ::error::forged");
    }

    #[test]
    fn in_a_table_that_is_too_wide_the_widest_cells_are_cut_and_no_column_is_lost() {
        let rows = || {
            vec![
                vec!["web-01".to_owned(), "a: 1, b: 2, c: 3".to_owned(), "x".to_owned()],
                vec!["a-very-long-name".to_owned(), String::new(), "yy".to_owned()],
            ]
        };
        let shown = |width| {
            let text = table_within(&["ID", "METADATA", "LABELS"], rows(), width);
            anstream::adapter::strip_str(&text).to_string()
        };
        let whole = "ID                METADATA          LABELS\nweb-01            a: 1, b: 2, c: 3  x\na-very-long-name                    yy\n";
        assert_eq!(shown(None), whole);
        assert_eq!(shown(Some(42)), whole);
        assert_eq!(
            shown(Some(30)),
            "ID          METADATA    LABELS\nweb-01      a: 1, b: …  x\na-very-lo…              yy\n"
        );
        assert_eq!(shown(Some(10)), "ID  METAD…\nw…  a: 1,…\na…       …\n");
    }

    #[test]
    fn a_row_wider_than_the_terminal_is_cut_and_says_so() {
        assert_eq!(fit("windows-web-01  VM", Some(12)), "windows-web…");
        assert_eq!(fit("windows-web-01  VM", Some(18)), "windows-web-01  VM");
        assert_eq!(fit("windows-web-01  VM", None), "windows-web-01  VM");
        let painted = format!("ab {}", paint(GREEN, "SUCCESS"));
        assert_eq!(
            anstream::adapter::strip_str(&fit(&painted, Some(6))).to_string(),
            "ab SU…"
        );
    }
}
