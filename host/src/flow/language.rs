//! Keeps `LANGUAGE.md` in step with what the checker takes: every key of a flow, a task and an input, every type of
//! input and trigger, and how often the tests write it. With `BEGAT_UPDATE=1` the file is written anew.

use std::fmt::Write;
use std::path::Path;
use std::sync::OnceLock;

use super::check;
use super::core_type::CoreType;
use super::input::{InputType, keys_of};
use super::json_schema::{FLOW, INPUT, Part, TASK};
use super::trigger;
use crate::model::Source;

const INTRODUCTION: &str = "\
# The flow language

What of Kestra's flow language is read, what is refused until it is supported, and how often the tests write it.
Nothing is accepted and then ignored. Expressions have [a table of their own](../expr/LANGUAGE.md). Written by the test
`language`; after a change, run it with `BEGAT_UPDATE=1`.
";

/// Where flows and inputs are written in tests.
const TESTS: [&str; 3] = [
    include_str!("tests.rs"),
    include_str!("input/tests.rs"),
    include_str!("../plan/inputs/tests.rs"),
];
/// Keys of a flow and of a task in Kestra 1.3 and 2.0 that may not be read yet.
const FLOW_KEYS: [&str; 16] = [
    "outputs",
    "variables",
    "errors",
    "finally",
    "afterExecution",
    "pluginDefaults",
    "concurrency",
    "retry",
    "sla",
    "checks",
    "disabled",
    "workerGroup",
    "quotas",
    "taskDefaults",
    "listeners",
    "templates",
];
const TASK_KEYS: [&str; 12] = [
    "retry",
    "timeout",
    "disabled",
    "allowFailure",
    "allowWarning",
    "logLevel",
    "logToFile",
    "runIf",
    "workerGroup",
    "workerSelector",
    "taskCache",
    "version",
];

/// How often the tests write this, not as a part of a longer word.
fn count(written: &str) -> usize {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let whole = |text: &str, at: usize| {
        let before = text[..at].chars().next_back().is_some_and(is_word);
        let after = text[at + written.len()..].chars().next().is_some_and(is_word);
        !before && !after
    };
    let in_text = |text: &str| text.match_indices(written).filter(|(at, _)| whole(text, *at)).count();
    let cases: usize = cases().iter().map(|text| in_text(text)).sum();
    TESTS.into_iter().map(in_text).sum::<usize>() + cases
}

/// The flows that the end-to-end tests run.
fn cases() -> &'static [String] {
    static CASES: OnceLock<Vec<String>> = OnceLock::new();
    CASES.get_or_init(|| {
        let pattern = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cases/*/*.yaml");
        let paths = glob::glob(pattern).unwrap();
        paths
            .map(|path| std::fs::read_to_string(path.unwrap()).unwrap())
            .collect()
    })
}

/// The keys of these that the checker says are not supported yet.
fn refused<'n>(names: &[&'n str], flow: impl Fn(&str) -> String) -> Vec<&'n str> {
    let is_refused = |name: &&&str| {
        let source = Source {
            name: "f".into(),
            text: flow(name),
        };
        let findings = check(&source, &[]).diagnostics;
        findings
            .iter()
            .any(|finding| finding.code == "not-supported" && finding.message.contains(&format!("`{name}`")))
    };
    names.iter().filter(is_refused).copied().collect()
}

fn keys(text: &mut String, title: &str, parts: &[Part], refused: &[&str]) {
    write!(
        text,
        "\n## Keys of {title}\n\n| Key | What it says | Tests |\n|---|---|--:|\n"
    )
    .unwrap();
    for (name, summary, _) in parts {
        writeln!(text, "| `{name}` | {summary} | {} |", count(&format!("{name}:"))).unwrap();
    }
    if !refused.is_empty() {
        writeln!(text, "\nRefused so far: `{}`.", refused.join("`, `")).unwrap();
    }
}

fn table() -> String {
    let mut text = INTRODUCTION.to_owned();
    let flow = refused(&FLOW_KEYS, |name| format!("{name}: {{}}\n"));
    keys(&mut text, "a flow", &FLOW, &flow);
    let task = refused(&TASK_KEYS, |name| {
        format!("tasks:\n  - id: a\n    type: log\n    {name}: 1\n")
    });
    keys(&mut text, "every task", &TASK, &task);
    text.push_str("\n## Tasks that begat does itself\n\n| Type | What it does | Tests |\n|---|---|--:|\n");
    for task_type in CoreType::task_types() {
        let tests: usize = task_type.names().map(|name| count(&format!("type: {name}"))).sum();
        writeln!(text, "| `{}` | {} | {tests} |", task_type.name, task_type.summary).unwrap();
    }
    keys(&mut text, "inputs", &INPUT, &[]);
    text.push_str("\n## Types of inputs\n\n| Type | Keys of its own | Tests |\n|---|---|--:|\n");
    for input_type in InputType::ALL {
        let is_own = |key: &&str| {
            !InputType::ALL
                .into_iter()
                .all(|other| keys_of(other).any(|known| known == *key))
        };
        let own: Vec<String> = keys_of(input_type)
            .filter(is_own)
            .map(|key| format!("`{key}`"))
            .collect();
        let name = input_type.name();
        writeln!(
            text,
            "| `{name}` | {} | {} |",
            own.join(" "),
            count(&format!("type: {name}"))
        )
        .unwrap();
    }
    text.push_str(
        "\n## Triggers\n\nThey are checked and start nothing. Those of plugins are taken as they are.\n\n\
         | Type | When it fires | Keys of its own |\n|---|---|---|\n",
    );
    for known in &trigger::TYPES {
        let own: Vec<String> = known.keys.iter().map(|key| format!("`{}`", key.name)).collect();
        writeln!(text, "| `{}` | {} | {} |", known.names[0], known.summary, own.join(" ")).unwrap();
    }
    text
}

#[test]
fn every_type_of_input_is_written_in_a_test() {
    let without: Vec<&str> = InputType::ALL
        .into_iter()
        .map(InputType::name)
        .filter(|name| count(&format!("type: {name}")) == 0)
        .collect();
    assert!(without.is_empty(), "no test has an input of type {without:?}");
}

#[test]
fn the_table_of_the_flow_language_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/flow/LANGUAGE.md");
    let table = table();
    if std::env::var_os("BEGAT_UPDATE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table,
        "LANGUAGE.md is out of date; run this test with BEGAT_UPDATE=1"
    );
}
