//! From an empty folder to a plugin that is tested, with nothing but the program and a compiler.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use crate::world::World;

/// One folder for what cargo makes of new plugins: dependencies are built once for all tests.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("authored")
}

/// begat as an author runs it, with the compiler's output kept.
fn author(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command.env("CARGO_TARGET_DIR", target());
    command.current_dir(&world.folder);
    command
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("{}{}", text(&output.stderr), text(&output.stdout))
}

fn check(world: &World, arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = author(world, arguments).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    for words in words {
        assert!(said.contains(words), "{arguments:?} does not say {words:?}:\n{said}");
    }
    said
}

/// A new plugin that is built, once for all tests that only look at it.
fn greet() -> &'static World {
    static GREET: OnceLock<World> = OnceLock::new();
    GREET.get_or_init(|| {
        let world = World::new();
        check(
            &world,
            &["plugin", "new", "greet"],
            0,
            &["next: begat plugin test greet"],
        );
        check(
            &world,
            &["plugin", "build", "greet"],
            0,
            &["greet/dist/greet.wasm is built"],
        );
        world
    })
}

#[test]
fn a_new_plugin_passes_its_golden_cases_as_it_is() {
    let world = greet();
    let said = check(world, &["plugin", "test", "greet"], 0, &["2 tests: 2 passed"]);
    assert!(!said.contains("building"), "it is built already:\n{said}");
    let report = world.folder.join("reports/junit.xml");
    check(
        world,
        &[
            "plugin",
            "test",
            "greet",
            "--only",
            "greets",
            "--junit",
            &report.display().to_string(),
        ],
        0,
        &["1 test: 1 passed"],
    );
    let xml = std::fs::read_to_string(report).unwrap();
    assert!(
        xml.contains("<testsuites name=\"begat\" tests=\"1\" failures=\"0\""),
        "{xml}"
    );
}

#[test]
fn a_component_is_looked_at_and_tried_without_a_flow() {
    let world = greet();
    check(
        world,
        &["plugin", "check", "greet"],
        0,
        &[
            "keeps begat:task@0.1.0",
            "begat:task/log@0.1.0",
            "nothing to complain about",
        ],
    );
    check(
        world,
        &["plugin", "show", "greet/dist/greet.wasm"],
        0,
        &["name (required)", "Whom to greet."],
    );
    let run = |more: &[&'static str]| [&["plugin", "run", "greet"], more].concat();
    check(world, &run(&["-p", "name=Ada"]), 0, &["\"greeting\": \"Hello, Ada\""]);
    check(
        world,
        &run(&["--properties", r#"{"name": " "}"#]),
        1,
        &["failed: `name` is empty: give the name of someone (invalid-properties)"],
    );
    check(
        world,
        &run(&["--type", "gret"]),
        2,
        &["the plugin has no task type `gret`", "did you mean `greet`?"],
    );
    check(
        world,
        &run(&["--properties", "[]"]),
        2,
        &["the properties are no JSON object"],
    );
}

#[test]
fn its_flow_runs_and_is_tested() {
    let world = greet();
    let with = |words: &[&'static str]| [words, &["--plugins", "greet/dist"]].concat();
    check(
        world,
        &with(&["run", "greet/flow.yaml", "--ephemeral"]),
        0,
        &["created greeting-ada (Greeting)"],
    );
    check(
        world,
        &with(&["test", "greet/flow.test.yaml"]),
        0,
        &[
            "ok      greets_by_name",
            "2 tests: 2 passed",
            "1 of 1 tasks, 0 of 0 branches",
        ],
    );
}

#[test]
fn a_change_is_noticed_told_by_its_place_and_can_be_accepted() {
    let world = World::new();
    check(&world, &["plugin", "new", "greet-loud", "--into", "plugins"], 0, &[]);
    let folder = world.folder.join("plugins/greet-loud");
    let source = folder.join("src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("Hello, {name}", "HELLO, {name}")).unwrap();
    let test = ["plugin", "test", "plugins/greet-loud"];
    check(
        &world,
        &test,
        1,
        &[
            "building plugins/greet-loud",
            "`outputs.greeting` is \"HELLO, Ada\", expected \"Hello, Ada\"",
            "`assets[0].outputs[0].metadata.greeting` is \"HELLO, Ada\"",
            "2 tests: 1 passed, 1 failed",
        ],
    );
    check(
        &world,
        &[&test[..], &["--update"]].concat(),
        0,
        &["1 passed, 1 updated"],
    );
    check(&world, &test, 0, &["2 tests: 2 passed"]);

    // A source that does not compile is the compiler's to explain.
    std::fs::write(&source, "fn").unwrap();
    check(
        &world,
        &test,
        2,
        &["the plugin cannot be built: `cargo build` says", "expected identifier"],
    );
}

#[test]
fn development_tests_at_each_change_until_it_is_stopped() {
    let world = World::new();
    check(&world, &["plugin", "new", "greet-again"], 0, &[]);
    let mut command = author(&world, &["plugin", "dev", "greet-again"]);
    // Both streams in one, so that lines come in the order they were written in.
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut process = command.spawn().unwrap();
    drop(command);
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(reader).lines().map_while(Result::ok);
        lines.for_each(|line| drop(sender.send(line)));
    });
    let heard = |words: &str| {
        let mut all = Vec::new();
        loop {
            let line = lines.recv_timeout(Duration::from_secs(120));
            all.push(line.unwrap_or_else(|_| panic!("nobody said {words:?}: {all:?}")));
            if all.last().is_some_and(|line| line.contains(words)) {
                return;
            }
        }
    };
    heard("2 tests: 2 passed");
    heard("waiting for a file to change");
    let source = world.folder.join("greet-again/src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, "fn").unwrap();
    heard("the plugin cannot be built");
    std::fs::write(&source, text.replace("Hello, {name}", "HELLO, {name}")).unwrap();
    heard("2 tests: 1 passed, 1 failed");
    std::fs::write(&source, text).unwrap();
    heard("2 tests: 2 passed");
    let stopped = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_made_or_tested_is_refused_with_a_way_out() {
    let world = World::new();
    check(
        &world,
        &["plugin", "new", "My Plugin"],
        2,
        &["`My Plugin` is no name of a plugin", "use lower-case letters"],
    );
    check(&world, &["plugin", "new", "twice"], 0, &[]);
    check(&world, &["plugin", "new", "twice"], 2, &["`twice` exists already"]);
    check(
        &world,
        &["plugin", "test", "."],
        2,
        &["`.` holds no plugin", "begat plugin new"],
    );
    check(
        &world,
        &["plugin", "check", "nowhere.wasm"],
        2,
        &["`nowhere.wasm` holds no plugin"],
    );
    world.file("text.wasm", "hello");
    check(
        &world,
        &["plugin", "check", "text.wasm"],
        2,
        &["it is no WebAssembly at all"],
    );
}
