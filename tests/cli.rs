//! Requests that are wrong: a message that says what and where and what to do, and the right exit code.

use crate::world::World;

/// Expects an exit code and each of the parts on standard error.
fn check(world: &World, arguments: &[&str], code: i32, parts: &[&str]) {
    let answer = world.begat(arguments);
    assert_eq!(
        answer.code,
        Some(code),
        "{arguments:?}\n{}\n{}",
        answer.stdout,
        answer.stderr
    );
    for part in parts {
        assert!(answer.stderr.contains(part), "`{part}` is not in:\n{}", answer.stderr);
    }
}

#[test]
fn all_problems_of_a_flow_are_told_at_once_with_their_places() {
    let world = World::new();
    let text = "id: broken\nnamespace: company.team\nlabls: {}\ntasks:\n  - id: a\n    type: logg\n  - id: b\n    type: log\n    message: \"{{ inputs.x | slugfy }}\"\n    levl: INFO\n  - id: b\n    type: log\n    message: \"{{ outputs.c.x }}\"\n";
    let flow = world.file("broken.yaml", text);
    let parts = [
        "broken.yaml:3:1",
        "did you mean `labels`?",
        "broken.yaml:6:11",
        "unknown task type `logg`",
        "did you mean `log`?",
        "broken.yaml:9:29",
        "unknown filter `slugfy`",
        "did you mean `slugify`?",
        "broken.yaml:10:5",
        "did you mean `level`?",
        "broken.yaml:11:9",
        "declared twice",
        "broken.yaml:13:18",
        "unknown task `c`",
        "unknown input `x`",
        "was not run: 7 problems",
    ];
    check(&world, &["run", &flow], 2, &parts);
    check(
        &world,
        &["validate", &flow],
        2,
        &["unknown filter `slugfy`", "1 of 1 flow cannot run"],
    );
    assert!(
        !world.folder.join("catalog.db").exists(),
        "a refused flow leaves no catalog"
    );
}

#[test]
fn broken_yaml_has_a_position_and_a_hint() {
    let world = World::new();
    let flow = world.file("tabs.yaml", "id: x\n\tnamespace: y\n");
    check(&world, &["run", &flow], 2, &["tabs.yaml:2", "spaces, not with tabs"]);
}

#[test]
fn missing_and_unknown_things_are_refused() {
    let world = World::new();
    check(
        &world,
        &["run", "no/such.yaml"],
        2,
        &["reading the flow `no/such.yaml`", "cause:", "hint:"],
    );
    let parts = ["has no input `vm_nam`", "did you mean `vm_name`?"];
    check(&world, &["run", "flows/create_vm.yaml", "-i", "vm_nam=x"], 2, &parts);
    check(
        &world,
        &["asset", "list"],
        2,
        &["there is no catalog at", "run a flow first"],
    );
    world.good(&["run", "flows/create_vm.yaml"]);
    check(
        &world,
        &["asset", "show", "windows-web-1"],
        2,
        &["unknown asset `windows-web-1`", "did you mean `windows-web-01`?"],
    );
    check(
        &world,
        &["execution", "show", "zzz"],
        2,
        &["no execution starts with `zzz`"],
    );
    check(&world, &["plugin", "show", "shel"], 2, &["did you mean `shell`?"]);
    check(&world, &["rum"], 2, &["unrecognized subcommand", "run"]);
}

#[test]
fn a_file_that_is_no_component_is_refused() {
    let world = World::new();
    world.file("bad.wasm", b"\0asm\x01\0\0\0");
    let folder = world.folder.display().to_string();
    let parts = [
        "bad.wasm` is not a WebAssembly component: it is a core module",
        "wasm32-wasip2",
    ];
    check(&world, &["plugin", "list", "--plugins", &folder], 2, &parts);
    world.file("bad.wasm", "hello");
    check(
        &world,
        &["plugin", "list", "--plugins", &folder],
        2,
        &["it is no WebAssembly at all"],
    );
    check(
        &world,
        &["plugin", "list", "--plugins", "/no/such"],
        2,
        &["reading the plugin folder `/no/such`"],
    );
}

#[test]
fn a_catalog_that_is_not_sqlite_is_left_alone() {
    let world = World::new();
    let path = world.file(
        "catalog.db",
        "this is a letter to my aunt, long enough to be no database at all\n".repeat(100),
    );
    let before = std::fs::read(&path).unwrap();
    check(
        &world,
        &["run", "flows/create_vm.yaml"],
        3,
        &["is not a catalog", "--catalog"],
    );
    check(&world, &["asset", "list"], 3, &["is not a catalog"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_failing_task_fails_the_execution_and_stops_the_flow() {
    let world = World::new();
    let text = "id: f\nnamespace: a\ntasks:\n  - id: one\n    type: shell\n    script: echo oops >&2; exit 3\n    assets:\n      outputs:\n        - id: never\n  - id: two\n    type: log\n    message: no\n";
    let flow = world.file("f.yaml", text);
    let answer = world.begat(&["run", &flow, "--format", "json"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    let view = answer.json();
    assert_eq!(view["execution"]["state"], "FAILED");
    assert_eq!(view["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(view["tasks"][0]["error"], "the script ended with exit code 3: oops");
    assert_eq!(view["tasks"][0]["outputs"]["exitCode"], 3);
    assert_eq!(view["assets"], serde_json::json!([]));
    world.good(&["catalog", "verify"]);
}

#[test]
fn a_refusal_in_json_is_one_object_on_standard_output() {
    let world = World::new();
    let answer = world.begat(&["run", "no/such.yaml", "--format", "json"]);
    assert_eq!(answer.code, Some(2));
    assert_eq!(answer.json()["error"]["kind"], "refused");
}

#[test]
fn the_other_formats_and_completions_are_there() {
    let world = World::new();
    world.good(&["run", "flows/create_vm.yaml"]);
    world.good(&["run", "flows/assign_external_ip.yaml"]);
    let dot = world
        .good(&["asset", "graph", "windows-web-01", "--format", "dot"])
        .stdout;
    assert!(
        dot.starts_with("digraph lineage {") && dot.contains("\"windows-web-01\" -> \"35.202.10.100-"),
        "{dot}"
    );
    let mermaid = world
        .good(&["asset", "graph", "windows-web-01", "--format", "mermaid"])
        .stdout;
    assert!(
        mermaid.starts_with("flowchart LR") && mermaid.contains("a0 --> a1"),
        "{mermaid}"
    );
    assert!(world.good(&["completions", "bash"]).stdout.contains("_begat"));
    assert!(
        world
            .good(&["validate", "flows"])
            .stdout
            .contains("flows checked, no errors")
    );
}

#[test]
fn an_ephemeral_run_leaves_nothing() {
    let world = World::new();
    world.good(&["run", "flows/create_vm.yaml", "--ephemeral"]);
    assert!(!world.folder.join("catalog.db").exists());
}
