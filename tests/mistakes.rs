//! A flow with twenty mistakes is told all twenty, each where it is, in words that a person can act on.

use crate::world::{World, repository};

const FLOW: &str = "tests/flows/twenty_mistakes.yaml";

/// The lines of the flow that say which findings they must bring, with these.
fn announced(text: &str) -> Vec<(u64, String)> {
    let lines = text.lines().zip(1..);
    let marked = lines.filter_map(|(line, number)| Some((line.split_once("# ! ")?.1, number)));
    marked
        .flat_map(|(codes, number)| codes.split(' ').map(move |code| (number, code.to_owned())))
        .collect()
}

#[test]
fn twenty_mistakes_are_told_at_once_each_where_it_is() {
    let world = World::new();
    let text = std::fs::read_to_string(repository().join(FLOW)).unwrap();
    let mut wanted = announced(&text);
    let answer = world.begat(&["validate", FLOW, "--format", "json"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    let view = answer.json();
    let findings = view[0]["findings"].as_array().unwrap();
    let errors = findings.iter().filter(|finding| finding["severity"] == "error");
    let mut found: Vec<(u64, String)> = errors
        .map(|finding| {
            let code = finding["code"].as_str().unwrap().to_owned();
            (finding["line"].as_u64().unwrap(), code)
        })
        .collect();
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    let mut codes: Vec<&String> = wanted.iter().map(|(_, code)| code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 20, "twenty different mistakes");
}

#[test]
fn twenty_mistakes_read_well() {
    let world = World::new();
    insta::assert_snapshot!(world.begat(&["validate", FLOW]).stderr);
}

#[test]
fn twenty_mistakes_are_twenty_results_of_code_scanning() {
    let world = World::new();
    let view = world.begat(&["validate", FLOW, "--format", "sarif"]).json();
    let results = view["runs"][0]["results"].as_array().unwrap();
    let errors: Vec<_> = results.iter().filter(|result| result["level"] == "error").collect();
    assert_eq!(errors.len(), 20);
    let cron = errors.iter().find(|result| result["ruleId"] == "invalid-cron").unwrap();
    let region = &cron["locations"][0]["physicalLocation"]["region"];
    let line = std::fs::read_to_string(repository().join(FLOW)).unwrap();
    let number = line.lines().position(|line| line.contains("cron:")).unwrap() + 1;
    assert_eq!(
        *region,
        serde_json::json!({"startLine": number, "startColumn": 14, "endLine": number, "endColumn": 16})
    );
}

#[test]
fn a_plugin_that_is_missing_can_be_allowed_and_all_else_is_checked() {
    let world = World::new();
    let flow = world.file(
        "f.yaml",
        "id: f\nnamespace: a\ntasks:\n  - id: q\n    type: io.kestra.plugin.jdbc.duckdb.Query\n    sql: \"{{ 1 | uper }}\"\n",
    );
    let codes = |arguments: &[&str]| {
        let answer = world.begat(arguments);
        let view = answer.json();
        let findings = view[0]["findings"].as_array().unwrap().clone();
        let shown = findings.iter().map(|finding| {
            format!(
                "{} {}",
                finding["severity"].as_str().unwrap(),
                finding["code"].as_str().unwrap()
            )
        });
        (answer.code, shown.collect::<Vec<_>>())
    };
    assert_eq!(
        codes(&["validate", &flow, "--format", "json"]),
        (
            Some(2),
            vec!["error missing-plugin".into(), "error unknown-filter".into()]
        )
    );
    assert_eq!(
        codes(&["validate", &flow, "--format", "json", "--allow-missing-plugins"]),
        (
            Some(2),
            vec!["note missing-plugin".into(), "error unknown-filter".into()]
        )
    );
}
