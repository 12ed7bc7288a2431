//! Plugins in every language: the examples and what `plugin new` makes, built with the real compilers.
//!
//! A compiler that cannot be had skips its part and says why. What compilers bring along is kept beside the target
//! folder, and a plugin is built again only when its sources have changed.

#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::registries::Registry;
use crate::world::{World, repository};

const LANGUAGES: [&str; 4] = ["rust", "python", "js", "c"];

/// The folder of everything here that outlives a test.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages")
}

fn begat(world: &World, arguments: &[&str]) -> Output {
    let mut command = world.command(arguments);
    command
        .current_dir(&world.folder)
        .env("CARGO_TARGET_DIR", crate::authoring::target())
        .env("DOCKER_CONFIG", &world.folder);
    command.output().unwrap()
}

fn check(world: &World, arguments: &[&str], words: &[&str]) -> String {
    let output = begat(world, arguments);
    let said = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}\n{said}");
    for words in words {
        assert!(said.contains(words), "{arguments:?} does not say {words:?}:\n{said}");
    }
    said
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

/// Whether the compiler of a language is here or can be had; says why not.
fn has_compiler(language: &str, folder: &Path) -> bool {
    let from_pypi = |package: &str| {
        folder.join("venv/bin").is_dir()
            || succeeds("python3", &["-c", "import venv, ensurepip"])
                && succeeds("python3", &["-m", "pip", "index", "versions", package])
    };
    let missing = match language {
        "python" if !from_pypi("componentize-py") => "Python with `venv` and PyPI",
        "c" if !succeeds("zig", &["version"]) && !from_pypi("ziglang") => "zig, or Python with `venv` and PyPI",
        "js" if !succeeds("node", &["--version"]) => "Node.js",
        "js" if !folder.join("node_modules").is_dir()
            && !succeeds("npm", &["view", "@bytecodealliance/componentize-js", "version"]) =>
        {
            "npm's registry"
        }
        _ => return true,
    };
    eprintln!("skipped: a plugin in {language} needs {missing}");
    false
}

/// Brings the files of a folder into another, and touches none that is the same there.
fn mirror(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            mirror(&path, &target);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        if !fs::read(&target).is_ok_and(|known| known == bytes) {
            fs::write(&target, bytes).unwrap();
        }
    }
}

#[test]
fn the_examples_pass_their_golden_cases_and_their_flows_run() {
    let examples = [
        ("rust", "rust", "3 tests: 3 passed", ""),
        ("python", "python", "3 tests: 3 passed", "6.0 disks"),
        ("js", "javascript", "2 tests: 2 passed", "created release (Release)"),
        ("c", "c", "2 tests: 2 passed", "cbf43926"),
    ];
    let world = World::new();
    for (language, name, passed, shown) in examples {
        let folder = kept().join(name);
        if !has_compiler(language, &folder) {
            continue;
        }
        mirror(&repository().join("plugins/examples").join(name), &folder);
        if language == "rust" {
            let manifest = folder.join("Cargo.toml");
            let sdk = repository().join("plugins/sdk").display().to_string();
            let text = fs::read_to_string(&manifest).unwrap().replace("../../sdk", &sdk);
            fs::write(manifest, text).unwrap();
        }
        let path = folder.display().to_string();
        check(&world, &["plugin", "test", &path], &[passed]);
        check(
            &world,
            &["plugin", "check", &path],
            &["keeps begat:task@0.1.0", "provides"],
        );
        let (flow, dist) = (format!("{path}/flow.yaml"), format!("{path}/dist"));
        match shown {
            // Its site is none that answers.
            "" => check(&world, &["validate", &flow, "--plugins", &dist], &["no errors"]),
            shown => check(&world, &["run", &flow, "--plugins", &dist, "--ephemeral"], &[shown]),
        };
    }
}

/// What `plugin new` makes in a language, tested; its folder.
fn made(world: &World, language: &str) -> Option<PathBuf> {
    let name = format!("greet-{language}");
    let folder = kept().join(&name);
    if !has_compiler(language, &folder) {
        return None;
    }
    check(
        world,
        &["plugin", "new", &name, "--lang", language],
        &["is a plugin in"],
    );
    mirror(&world.folder.join(&name), &folder);
    let path = folder.display().to_string();
    check(world, &["plugin", "test", &path], &["2 tests: 2 passed"]);
    let (flow, dist) = (format!("{path}/flow.test.yaml"), format!("{path}/dist"));
    check(world, &["test", &flow, "--plugins", &dist], &["2 tests: 2 passed"]);
    Some(folder)
}

#[test]
fn new_plugins_of_every_language_are_pushed_pulled_by_digest_locked_and_run_in_one_flow() {
    let world = World::new();
    let made: Vec<(&str, PathBuf)> = LANGUAGES
        .into_iter()
        .filter_map(|language| Some((language, made(&world, language)?)))
        .collect();
    let Some(registry) = Registry::start(&world.folder, None) else {
        return;
    };
    let other = World::new();
    let mut flow = "id: everyone\nnamespace: company.team\ntasks:\n".to_owned();
    for (language, folder) in &made {
        let address = format!("oci://{}/greet-{language}:0.1.0", registry.host);
        let said = check(
            &world,
            &["plugin", "push", &folder.display().to_string(), &address],
            &["is there"],
        );
        let pinned = said.lines().last().unwrap().trim().to_owned();
        assert!(pinned.contains("@sha256:"), "{said}");
        check(&other, &["plugin", "add", &pinned], &["is pinned", &pinned]);
        flow += &format!("  - id: {language}\n    type: greet-{language}\n    name: {language}\n");
    }
    // What is locked needs no registry any more.
    drop(registry);
    other.file("everyone.yaml", flow);
    let said = check(
        &other,
        &["run", "everyone.yaml", "--locked", "--ephemeral"],
        &["SUCCESS"],
    );
    for (language, _) in &made {
        assert!(said.contains(&format!("Hello, {language}")), "{said}");
    }
}
