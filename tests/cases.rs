//! One folder for each control task and each property, with a flow and what is to come of it. With `BEGAT_UPDATE=1`
//! the expectations are written anew.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::world::{World, repository};

/// What came of a run: how it ended, its task runs as a tree with their logs, its assets and outputs.
fn told(world: &World, folder: &Path) -> String {
    let flow = folder.join("flow.yaml").display().to_string();
    let more = std::fs::read_to_string(folder.join("arguments")).unwrap_or_default();
    let mut arguments = vec!["run", flow.as_str(), "--no-prompt", "--format", "json"];
    arguments.extend(more.split_whitespace());
    let answer = world.begat(&arguments);
    let mut text = format!("exit {}\n", answer.code.unwrap());
    let view = answer.json();
    if let Some(error) = view.get("error") {
        writeln!(text, "refused: {}", error["message"].as_str().unwrap()).unwrap();
        return text;
    }
    let execution = &view["execution"];
    writeln!(
        text,
        "{} {}",
        execution["flowId"].as_str().unwrap(),
        execution["state"].as_str().unwrap()
    )
    .unwrap();
    if let Some(error) = execution["error"].as_str() {
        writeln!(text, "error: {error}").unwrap();
    }
    let logs = world.good(&[
        "execution",
        "logs",
        execution["id"].as_str().unwrap(),
        "--level",
        "trace",
        "--format",
        "json",
    ]);
    let logs = logs.json();
    let mut depths: HashMap<String, usize> = HashMap::new();
    for task in view["tasks"].as_array().unwrap() {
        let depth = task["parentId"].as_str().map_or(0, |parent| depths[parent] + 1);
        depths.insert(task["id"].as_str().unwrap().to_owned(), depth);
        tell_task(&mut text, task, depth, logs.as_array().unwrap());
    }
    for asset in view["assets"].as_array().unwrap() {
        writeln!(
            text,
            "asset {} {}",
            asset["event"].as_str().unwrap(),
            asset["id"].as_str().unwrap()
        )
        .unwrap();
    }
    if execution["outputs"]
        .as_object()
        .is_some_and(|outputs| !outputs.is_empty())
    {
        writeln!(text, "outputs {}", execution["outputs"]).unwrap();
    }
    world.good(&["catalog", "verify"]);
    without_ids(&text)
}

fn tell_task(text: &mut String, task: &Value, depth: usize, logs: &[Value]) {
    let indent = "  ".repeat(depth + 1);
    let value = task["value"]
        .as_str()
        .map_or_else(String::new, |value| format!(" [{value}]"));
    let attempts = match task["attempts"].as_u64() {
        Some(attempts) if attempts > 1 => format!(" after {attempts} attempts"),
        _ => String::new(),
    };
    let error = task["error"]
        .as_str()
        .map_or_else(String::new, |error| format!(": {error}"));
    let (id, state) = (task["taskId"].as_str().unwrap(), task["state"].as_str().unwrap());
    writeln!(text, "{indent}{id}{value} {state}{attempts}{error}").unwrap();
    for line in logs.iter().filter(|line| line["taskRunId"] == task["id"]) {
        let message = line["message"].as_str().unwrap();
        writeln!(text, "{indent}| {} {message}", line["level"].as_str().unwrap()).unwrap();
    }
}

/// Ids of executions and task runs, and pauses that hang on chance, are not the same twice.
fn without_ids(text: &str) -> String {
    let id = regex::Regex::new("01[0-9a-hjkmnp-tv-z]{24}").unwrap();
    let chance = regex::Regex::new("trying again in 0\\.00[0-9]+ s").unwrap();
    let text = id.replace_all(text, "ID");
    chance.replace_all(&text, "trying again soon").into_owned()
}

#[test]
fn every_case_comes_out_as_expected() {
    let mut wrong = Vec::new();
    let mut folders: Vec<_> = std::fs::read_dir(repository().join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() > 60, "the cases are gone");
    for folder in folders {
        let world = World::new();
        let told = told(&world, &folder);
        let expected = folder.join("expected.txt");
        if std::env::var_os("BEGAT_UPDATE").is_some() {
            std::fs::write(&expected, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        if told != expected {
            wrong.push(format!(
                "{}\n--- expected\n{expected}--- told\n{told}",
                folder.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
