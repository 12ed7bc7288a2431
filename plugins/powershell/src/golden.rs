//! The golden scripts of `tests/golden`: what PowerShell documents they give.

use std::fs;
use std::path::Path;

use begat_task::testing;
use serde_json::json;

use crate::PowerShell;

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
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        for case in cases(&fs::read_to_string(&file).unwrap()) {
            count += 1;
            let given = outcome(&case.script);
            if given != case.expected {
                let topic = file.file_stem().unwrap().to_string_lossy().into_owned();
                wrong.push(format!(
                    "== {topic}: {}\n-- expected\n{}-- given\n{given}",
                    case.name, case.expected
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(
        readme.contains(&format!("All {count} of them pass.")),
        "the README does not say that there are {count} golden scripts"
    );
}
