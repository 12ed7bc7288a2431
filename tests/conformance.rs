//! Other programs read what is written: the OpenLineage client, `prov`, `in-toto-attestation`, Graphviz and Mermaid. Their
//! packages come from registries and are no part of begat; where one cannot be had, the reason is told and the check is
//! left out.

#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::compute::{DISK, Fault, TOKEN, Trouble};
use crate::gcp::Cloud;
use crate::interop::lively;
use crate::world::{World, repository};

const PACKAGES: [&str; 4] = [
    "openlineage-python==1.54.0",
    "prov==3.2.3",
    "in-toto-attestation==0.9.3",
    "google-api-python-client==2.202.0",
];

/// Python with the packages; nothing where they cannot be had.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PYTHON.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
        let python = folder.join("bin/python");
        let ready = folder.join(format!("ready-{}", PACKAGES.len()));
        if ready.exists() {
            return Some(python);
        }
        let run = |command: &mut Command| match command.output() {
            Ok(output) if output.status.success() => true,
            Ok(output) => {
                eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
                false
            }
            Err(error) => {
                eprintln!("skipped: {error}");
                false
            }
        };
        let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            && run(Command::new(&python)
                .args(["-m", "pip", "install", "--quiet"])
                .args(PACKAGES));
        made.then(|| {
            std::fs::write(&ready, "").unwrap();
            python
        })
    });
    found.as_deref()
}

/// Has a checker read a file.
fn check(checker: &str, file: &str) {
    let Some(python) = python() else { return };
    let script = repository().join("tests/conformance").join(checker);
    let output = Command::new(python).arg(script).arg(file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("read"),
        "{checker}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_openlineage_client_reads_every_event_into_its_own_classes() {
    let world = lively();
    let events = world.good(&["catalog", "export", "--format", "openlineage"]).stdout;
    check("openlineage_events.py", &world.file("events.jsonl", events));
}

#[test]
fn events_that_the_openlineage_client_writes_are_taken_in() {
    let Some(python) = python() else { return };
    let world = World::new();
    let file = world.folder.join("foreign.jsonl");
    let script = repository().join("tests/conformance/openlineage_producer.py");
    let output = Command::new(python).arg(script).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.good(&[
        "catalog",
        "import",
        &file.display().to_string(),
        "--format",
        "openlineage",
    ]);
    let shown = world
        .good(&[
            "asset",
            "show",
            "postgres:db:5432:public.orders_daily",
            "--format",
            "json",
        ])
        .json();
    assert_eq!(shown["parents"], serde_json::json!(["postgres:db:5432:public.orders"]));
}

#[test]
fn prov_reads_the_document_and_writes_it_back_as_it_was() {
    let world = lively();
    let document = world.good(&["catalog", "export", "--format", "prov"]).stdout;
    check("prov_document.py", &world.file("prov.json", document));
}

#[test]
fn in_toto_validates_the_statement() {
    let world = lively();
    let list = world
        .good(&["execution", "list", "--limit", "100", "--format", "json"])
        .json();
    let made = list
        .as_array()
        .unwrap()
        .iter()
        .find(|execution| execution["flowId"] == "take_snapshot");
    let id = made.unwrap()["id"].as_str().unwrap().to_owned();
    let statement = world.good(&["execution", "attest", &id]).stdout;
    check("in_toto_statement.py", &world.file("statement.json", statement));
}

#[test]
fn compute_engine_documents_what_is_asked_and_what_the_stand_in_answers() {
    let labelled = Fault {
        on: "setLabels",
        what: Trouble::Labelled,
    };
    let (world, cloud) = (World::new(), Cloud::start(&[labelled]));
    let old = serde_json::json!({"begat-schedule": "nightly"});
    for name in ["old-1", "old-2", "old-3"] {
        cloud
            .compute
            .put(name, DISK, "2026-10-01T02:00:00.000-07:00", old.clone());
    }
    let settings = world.file("begat.toml", cloud.settings());
    let mut command = world.command(&["run", "tests/flows/all_of_snapshots.yaml", "--config", &settings]);
    command
        .env("TEST_TOKEN", TOKEN)
        .env("GCP_COMPUTE_ENDPOINT", cloud.endpoint());
    let answer = world.answer(&mut command);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    assert_eq!(cloud.compute.names(), Vec::<String>::new());
    let lines = cloud.compute.exchanges().into_iter().map(|exchange| {
        let line = serde_json::json!({
            "method": exchange.method, "target": exchange.target, "body": exchange.body,
            "status": exchange.status, "answer": exchange.answer,
        });
        format!("{line}\n")
    });
    check(
        "compute_exchanges.py",
        &world.file("exchanges.jsonl", lines.collect::<String>()),
    );
}

/// A folder with packages of npm and a script of ours; nothing where they cannot be had.
fn node(script: &str, packages: &[&str]) -> Option<PathBuf> {
    let name = script.split('.').next().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let ready = folder.join("ready");
    if !ready.exists() {
        let installed = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .args(packages)
            .output();
        match installed {
            Ok(output) if output.status.success() => std::fs::write(&ready, "").unwrap(),
            Ok(output) => {
                eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
                return None;
            }
            Err(error) => {
                eprintln!("skipped: npm is not installed: {error}");
                return None;
            }
        }
    }
    let copy = folder.join(script);
    std::fs::copy(repository().join("tests/conformance").join(script), &copy).unwrap();
    Some(copy)
}

/// What a script prints that reads the graph of an asset in this format.
fn read_by(script: &Path, format: &str) -> String {
    let world = lively();
    let graph = world
        .good(&["asset", "graph", "windows-web-01", "--format", format])
        .stdout;
    let file = world.file("graph", graph);
    let output = Command::new("node").arg(script).arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn graphviz_draws_the_graph() {
    let Some(script) = node("graphviz.mjs", &["@hpcc-js/wasm-graphviz@1.29.2"]) else {
        return;
    };
    let picture = read_by(&script, "dot");
    assert!(
        picture.contains("<svg") && picture.contains("windows&#45;web&#45;01"),
        "{picture}"
    );
}

#[test]
fn mermaid_parses_the_graph() {
    let Some(script) = node("mermaid.mjs", &["mermaid@11", "jsdom@26"]) else {
        return;
    };
    let kind = read_by(&script, "mermaid");
    assert!(kind.contains("flowchart"), "{kind}");
}
