//! Other programs read what is written: the OpenLineage client, `prov`, `in-toto-attestation`, Graphviz and Mermaid. Their
//! packages come from registries and are no part of begat; where one cannot be had, the reason is told and the check is
//! left out.

#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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

#[test]
fn graphviz_draws_the_graph() {
    let world = lively();
    let dot = world
        .good(&["asset", "graph", "windows-web-01", "--format", "dot"])
        .stdout;
    let file = world.file("graph.dot", dot);
    match Command::new("dot")
        .args(["-Tsvg", &file])
        .stderr(Stdio::piped())
        .output()
    {
        Err(error) => eprintln!("skipped: Graphviz is not installed: {error}"),
        Ok(output) => {
            let picture = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && picture.contains("windows-web-01"),
                "{picture}"
            );
        }
    }
}

#[test]
fn mermaid_parses_the_graph() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mermaid");
    std::fs::create_dir_all(&folder).unwrap();
    if !folder.join("node_modules/mermaid").is_dir() {
        let installed = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .args(["mermaid@11", "jsdom@26"])
            .output();
        match installed {
            Ok(output) if output.status.success() => {}
            Ok(output) => return eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => return eprintln!("skipped: npm is not installed: {error}"),
        }
    }
    let world = lively();
    let graph = world
        .good(&["asset", "graph", "windows-web-01", "--format", "mermaid"])
        .stdout;
    let file = world.file("graph.mmd", graph);
    let script = folder.join("parse.mjs");
    std::fs::copy(repository().join("tests/conformance/mermaid.mjs"), &script).unwrap();
    let output = Command::new("node").arg(&script).arg(&file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("flowchart"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
