//! A plugin that means harm ends its own task run at a limit, and nothing else.

use serde_json::Value;

use crate::world::{World, guests};

fn check(task_type: &str, extra: &[&str], message: &str) -> Value {
    let world = World::new();
    let text = format!(
        "id: attack\nnamespace: company.team\ntasks:\n  - id: attack\n    type: hostile.{task_type}\n    assets:\n      outputs:\n        - id: victim\n          type: VM\n"
    );
    let flow = world.file("attack.yaml", text);
    let plugins = guests().display().to_string();
    let mut arguments = vec!["run", &flow, "--plugins", &plugins, "--format", "json"];
    arguments.extend(extra);
    let answer = world.begat(&arguments);
    assert_eq!(
        answer.code,
        Some(1),
        "{task_type}\n{}\n{}",
        answer.stdout,
        answer.stderr
    );
    let view = answer.json();
    assert_eq!(view["execution"]["state"], "FAILED", "{task_type}");
    assert_eq!(view["tasks"][0]["state"], "FAILED", "{task_type}");
    let error = view["tasks"][0]["error"].as_str().unwrap_or_default();
    assert!(error.contains(message), "{task_type}: {error}");
    world.good(&["catalog", "verify"]);
    assert_eq!(
        world.good(&["asset", "list", "--format", "json"]).json(),
        serde_json::json!([]),
        "{task_type}"
    );
    view
}

#[test]
fn an_endless_loop_ends_at_the_limit_on_time() {
    check(
        "loop",
        &["--task-timeout", "0.5"],
        "longer than its limit of 0.5 s (`time`)",
    );
}

#[test]
fn eating_memory_ends_at_the_limit_on_memory() {
    check(
        "memory",
        &["--task-memory", "64"],
        "more memory than its limit of 64 MiB (`memory`)",
    );
}

#[test]
fn endless_recursion_ends_at_the_limit_on_the_stack() {
    check("stack", &[], "more stack than its limit of 1 MiB (`stack`)");
}

#[test]
fn a_panic_is_reported_with_its_last_words() {
    check("panic", &[], "these are my last words");
}

#[test]
fn outputs_that_are_too_large_fail_the_task() {
    check("outputs", &[], "at most 4194304 are allowed (`outputs`)");
}

#[test]
fn no_file_of_the_host_is_there() {
    check("file", &[], "no file was given");
}

#[test]
fn a_flood_of_log_lines_is_cut_and_the_log_says_so() {
    let world = World::new();
    let flow = world.file(
        "flood.yaml",
        "id: flood\nnamespace: a\ntasks:\n  - id: flood\n    type: hostile.log\n",
    );
    let plugins = guests().display().to_string();
    world.good(&["run", &flow, "--plugins", &plugins]);
    let list = world.good(&["execution", "list", "--format", "json"]).json();
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let logs = world.good(&["execution", "logs", &id, "--format", "json"]).json();
    let lines = logs.as_array().unwrap();
    assert_eq!(lines.len(), 100_001);
    assert!(lines[100_000]["message"].as_str().unwrap().starts_with("log truncated"));
}

#[test]
fn a_plugin_cannot_declare_the_asset_of_a_stranger() {
    let world = World::new();
    let flow = world.file(
        "stranger.yaml",
        "id: stranger\nnamespace: a\ntasks:\n  - id: t\n    type: hostile.stranger\n    assets:\n      outputs:\n        - id: mine\n          type: VM\n",
    );
    let plugins = guests().display().to_string();
    let answer = world.good(&["run", &flow, "--plugins", &plugins]);
    assert!(
        answer
            .stderr
            .contains("declared the asset `somebody-elses`, which the flow does not"),
        "{}",
        answer.stderr
    );
    let assets = world.good(&["asset", "list", "--format", "json"]).json();
    let ids: Vec<_> = assets
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| asset["id"].clone())
        .collect();
    assert_eq!(ids, ["mine"]);
}
