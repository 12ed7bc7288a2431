//! The golden scripts of `tests/golden`: what PowerShell documents they give.

use std::fs;
use std::path::Path;

use begat_task::testing;
use serde_json::json;

use crate::PowerShell;

const START: &str = "<!-- golden -->\n";
const END: &str = "<!-- end -->";

struct Case {
    name: String,
    script: String,
    expected: String,
}

/// Cases stand one behind the other: `#### name`, the script, `----`, the output, which starts with `!` for a failure.
fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut expecting = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("#### ") {
            cases.push(Case {
                name: name.to_owned(),
                script: String::new(),
                expected: String::new(),
            });
            expecting = false;
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        match (line, expecting) {
            ("----", false) => expecting = true,
            (line, false) => case.script += &format!("{line}\n"),
            (line, true) => case.expected += &format!("{line}\n"),
        }
    }
    cases
}

fn outcome(script: &str) -> String {
    let outcome = testing::run::<PowerShell>("powershell", json!({ "script": script }));
    match &outcome.result {
        Ok(outputs) => outputs.stdout.clone(),
        Err(failure) => format!(
            "!{}\n",
            failure.message.trim_start_matches("the script cannot be run: ")
        ),
    }
}

#[test]
fn golden_scripts_give_what_powershell_documents() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(root.join("tests/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut topics, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        let topic = file.file_stem().unwrap().to_string_lossy().into_owned();
        let cases = cases(&fs::read_to_string(&file).unwrap());
        topics.push((topic.clone(), cases.len()));
        for case in cases {
            let given = outcome(&case.script);
            if given != case.expected {
                wrong.push(format!(
                    "== {topic}: {}\n-- expected\n{}-- given\n{given}",
                    case.name, case.expected
                ));
            }
        }
    }
    let count: usize = topics.iter().map(|(_, count)| count).sum();
    assert!(
        wrong.is_empty(),
        "{} of {count} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let parts: Vec<String> = topics.iter().map(|(topic, count)| format!("{topic} {count}")).collect();
    let section = format!(
        "`tests/golden` holds scripts with what PowerShell documents they give. All {count} of them pass: {}.\n",
        parts.join(", ")
    );
    check_section(&root.join("README.md"), &section);
}

/// Holds what the README says of the scripts against what there is. With `BEGAT_UPDATE=1` it is written instead.
fn check_section(path: &Path, section: &str) {
    let readme = fs::read_to_string(path).unwrap();
    let (head, rest) = readme.split_once(START).unwrap();
    let (known, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("BEGAT_UPDATE").is_some() {
        fs::write(path, format!("{head}{START}{section}{END}{tail}")).unwrap();
        return;
    }
    assert_eq!(
        known, section,
        "the README says otherwise; run the tests with BEGAT_UPDATE=1"
    );
}
