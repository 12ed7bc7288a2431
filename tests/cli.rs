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
        "broken.yaml:9:18",
        "unknown input `x`",
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
    let error = &world.begat(&["asset", "list", "--format", "json"]).json()["error"];
    assert_eq!(
        (&error["kind"], &error["hint"]),
        (&"host".into(), &"name another file with `--catalog`".into())
    );
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
fn words_that_make_no_sense_are_refused_in_json_too() {
    let world = World::new();
    let check = |arguments: &[&str], message: &str, hint: &str| {
        let answer = world.begat(arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?}");
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["kind"], &error["message"]),
            (&"refused".into(), &message.into()),
            "{arguments:?}"
        );
        assert_eq!(error["hint"], hint, "{arguments:?}");
    };
    check(
        &["run", "--format", "json"],
        "the following required arguments were not provided: <FLOW>",
        "see `begat --help`",
    );
    check(
        &["run", "a.yaml", "-i", "name", "--format=json"],
        "invalid value 'name' for '--input <KEY=VALUE>': write it as KEY=VALUE",
        "see `begat --help`",
    );
    check(
        &["asset", "shw", "--format", "json"],
        "unrecognized subcommand 'shw'",
        "a similar subcommand exists: 'show'",
    );
    assert_eq!(world.begat(&["run"]).stdout, "");
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let world = World::new();
    world.good(&["run", "flows/create_vm.yaml"]);
    let full = std::fs::File::create("/dev/full").unwrap();
    let answer = world.begat_into(&["asset", "list"], full);
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stderr.contains("writing the answer"), "{}", answer.stderr);

    let flow = world.file(
        "f.yaml",
        "id: f\nnamespace: a\ntasks:\n  - id: one\n    type: shell\n    script: exit 3\n",
    );
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    assert_eq!(world.begat_into(&["asset", "list"], closed()).code, Some(0));
    // Whoever stopped reading still learns from the exit code that the flow failed.
    assert_eq!(world.begat_into(&["run", &flow], closed()).code, Some(1));
}

#[test]
fn a_flow_that_cannot_be_read_hides_nothing_about_the_others() {
    let world = World::new();
    std::fs::create_dir(world.folder.join("flows")).unwrap();
    world.file("flows/a.yaml", b"\xff\xfe");
    world.file(
        "flows/b.yaml",
        "id: b\nnamespace: a\ntasks:\n  - id: one\n    type: logg\n",
    );
    world.file(
        "flows/c.yaml",
        "id: c\nnamespace: a\ntasks:\n  - id: one\n    type: log\n    message: hi\n",
    );
    let folder = world.folder.join("flows").display().to_string();
    let parts = [
        "a.yaml`: invalid utf-8",
        "save the file as UTF-8",
        "b.yaml:5:11",
        "2 of 3 flows cannot run",
    ];
    check(&world, &["validate", &folder], 2, &parts);
}

#[test]
fn a_cache_that_takes_nothing_more_costs_time_and_not_the_run() {
    let world = World::new();
    let cache = world.folder.join("cache");
    let good = world.with_cache(&cache, &["run", "flows/create_vm.yaml"]);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    // A folder stands where the compiled file would be put.
    let compiled: Vec<_> = std::fs::read_dir(cache.join("compiled"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "cwasm"))
        .collect();
    assert_eq!(compiled.len(), 1);
    std::fs::remove_file(&compiled[0]).unwrap();
    std::fs::create_dir(&compiled[0]).unwrap();
    let answer = world.with_cache(&cache, &["run", "flows/create_vm.yaml"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("the plugin log will be compiled again next time"),
        "{}",
        answer.stderr
    );
    let mut left = std::fs::read_dir(cache.join("compiled")).unwrap();
    assert!(
        !left.any(|entry| entry.unwrap().path().extension().is_some_and(|kind| kind == "draft")),
        "no draft is left behind"
    );
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
