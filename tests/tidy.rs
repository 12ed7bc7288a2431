//! The shape of the source: which room may import which, which crate belongs to which room, how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::world::repository;

/// Each room of `host/src` and the rooms it may import.
const ROOMS: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("config", &["model"]),
    ("interop", &["model"]),
    ("expr", &["model"]),
    ("flow", &["model", "expr"]),
    ("lineage", &["model"]),
    ("sandbox", &["model"]),
    ("author", &["model"]),
    ("supply", &["model"]),
    ("plan", &["model", "expr", "flow"]),
    ("run", &["model", "expr", "plan", "sandbox"]),
    ("store", &["model"]),
    (
        "app",
        &[
            "model", "config", "expr", "flow", "interop", "lineage", "sandbox", "author", "supply", "plan", "run",
            "store",
        ],
    ),
    ("cli", &["model", "app"]),
];

/// Crates that only these rooms may use. The language has functions of its own that read and write YAML text.
const FENCES: [(&str, &[&str]); 23] = [
    ("serde_yaml", &["flow", "expr"]),
    ("saphyr_parser", &["flow"]),
    ("wasmtime", &["sandbox"]),
    ("wasmtime_wasi", &["sandbox"]),
    ("wasmtime_wasi_http", &["sandbox"]),
    ("hyper", &["sandbox"]),
    ("rustls", &["sandbox", "supply"]),
    ("rustix", &["app", "sandbox"]),
    ("toml", &["config"]),
    ("rusqlite", &["store"]),
    ("jsonschema", &["store"]),
    ("terminal_size", &["cli"]),
    ("ureq", &["interop", "supply"]),
    ("oci_client", &["supply"]),
    ("docker_credential", &["supply"]),
    ("minisign_verify", &["supply"]),
    ("wit_component", &["author"]),
    ("ed25519_dalek", &["interop"]),
    ("clap", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("annotate_snippets", &["cli"]),
    ("dialoguer", &["cli"]),
    ("indicatif", &["cli"]),
];

/// The most lines of code a file may have; tests, comments and empty lines do not count.
const LINES: usize = 600;
const VAGUE_NAMES: [&str; 5] = ["utils.rs", "util.rs", "helpers.rs", "common.rs", "misc.rs"];
/// What every plugin has.
const PLUGIN_FILES: [&str; 4] = ["Cargo.toml", "README.md", "describe.json", "src/lib.rs"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The lines of a file before its tests, with their numbers from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(place, line)| (place + 1, line))
        .take_while(|(_, line)| *line != "#[cfg(test)]")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap().display().to_string()
}

fn faults_of_room(room: &str, allowed: &[&str], path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in lines(text) {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        for (other, _) in ROOMS {
            if other != room && !allowed.contains(&other) && code.contains(&format!("crate::{other}::")) {
                faults.push(format!("{}:{number}: {room} may not import {other}", shown(path)));
            }
        }
        for (name, owners) in FENCES {
            if !owners.contains(&room) && code.contains(&format!("{name}::")) {
                faults.push(format!(
                    "{}:{number}: only {} may use {name}",
                    shown(path),
                    owners.join(" and ")
                ));
            }
        }
    }
    faults
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut faults = Vec::new();
    for (room, allowed) in ROOMS {
        for path in sources(&repository().join("host/src").join(room)) {
            faults.extend(faults_of_room(
                room,
                allowed,
                &path,
                &fs::read_to_string(&path).unwrap(),
            ));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_import_rule_finds_a_fault() {
    let path = repository().join("host/src/flow/mod.rs");
    let faults = faults_of_room(
        "flow",
        &["model", "expr"],
        &path,
        "//! x\nuse crate::store::Catalog;\nuse rusqlite::params;\n",
    );
    assert_eq!(
        faults,
        [
            "host/src/flow/mod.rs:2: flow may not import store",
            "host/src/flow/mod.rs:3: only store may use rusqlite"
        ]
    );
}

#[test]
fn every_room_is_in_the_table() {
    for entry in fs::read_dir(repository().join("host/src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(
            !entry.path().is_dir() || ROOMS.iter().any(|(room, _)| *room == name),
            "host/src/{name} is no room"
        );
    }
}

#[test]
fn files_are_short_documented_and_named_for_what_they_hold() {
    let mut faults = Vec::new();
    for folder in ["host", "plugins", "tests"] {
        for path in sources(&repository().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let code = lines(&text)
                .filter(|(_, l)| !l.trim().is_empty() && !l.trim_start().starts_with("//"))
                .count();
            if code > LINES {
                faults.push(format!("{}: {code} lines of code, at most {LINES}", shown(&path)));
            }
            if !text.starts_with("//!") {
                faults.push(format!("{}: no module documentation", shown(&path)));
            }
            if path
                .file_name()
                .is_some_and(|name| VAGUE_NAMES.iter().any(|vague| name == *vague))
            {
                faults.push(format!("{}: a name that says nothing", shown(&path)));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn every_plugin_has_the_same_files() {
    for name in ["log", "shell", "powershell", "gcp-snapshot", "http"] {
        for file in PLUGIN_FILES {
            let path = repository().join("plugins").join(name).join(file);
            assert!(path.is_file(), "{} is missing", shown(&path));
        }
    }
}

#[test]
fn every_test_that_the_security_model_names_is_there() {
    let text = fs::read_to_string(repository().join("host/SECURITY.md")).unwrap();
    let (_, table) = text.split_once("| attack | test |").unwrap();
    let files = [repository().join("host/src"), repository().join("tests")];
    let all: String = files
        .iter()
        .flat_map(|folder| sources(folder))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut count = 0;
    for name in table
        .lines()
        .flat_map(|row| row.split('|').nth(2))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
    {
        let path = name.trim_end_matches("::tests").replace("::", "/");
        let is_there = match name.rsplit("::").next().unwrap() {
            file if file.ends_with(".rs") => repository().join(file).exists(),
            "tests" => ["", "/mod"]
                .iter()
                .any(|end| repository().join(format!("host/src/{path}{end}.rs")).exists()),
            guest if guest.contains('.') => all.contains(&format!("\"{guest}\"")),
            test => all.contains(&format!("fn {test}(")),
        };
        assert!(is_there, "host/SECURITY.md names `{name}`, which is not there");
        count += 1;
    }
    assert!(count > 50, "{count}");
}
