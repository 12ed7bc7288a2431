//! The scripts of `tests/conformance`, run by this shell and by the real one; what differs is in the README, no more and
//! no less.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::engine;

const START: &str = "<!-- differences -->\n";
const END: &str = "<!-- end -->";

/// `#### name`, then the script, up to the next.
fn cases(text: &str) -> Vec<(String, String)> {
    text.split("#### ")
        .skip(1)
        .filter_map(|case| case.split_once('\n'))
        .map(|(name, script)| (name.to_owned(), script.to_owned()))
        .collect()
}

fn real(script: &str) -> (String, i32) {
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", script])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", "/tmp")
        .current_dir("/tmp")
        .output()
        .unwrap();
    let code = output.status.code().unwrap_or(-1);
    (String::from_utf8_lossy(&output.stdout).into_owned(), code)
}

fn ours(script: &str) -> (String, i32) {
    let job = engine::Job {
        script,
        environment: &BTreeMap::new(),
        work: None,
        input_files: &BTreeMap::new(),
        output_files: &[],
    };
    match engine::run(&job, &|| false, |_, _| ()) {
        Ok(Some(ended)) => (ended.stdout, ended.exit_code),
        Ok(None) => ("!stopped\n".to_owned(), -1),
        Err(reason) => (format!("!{reason}\n"), -1),
    }
}

#[test]
fn scripts_give_what_bash_gives_but_for_the_differences_in_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(root.join("tests/conformance"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut count, mut differing, mut details) = (0, Vec::new(), String::new());
    for file in files {
        let topic = file.file_stem().unwrap().to_string_lossy().into_owned();
        for (name, script) in cases(&fs::read_to_string(&file).unwrap()) {
            count += 1;
            let (expected, given) = (real(&script), ours(&script));
            if expected != given {
                differing.push(format!("`{topic}`: {name}"));
                details += &format!("== {topic}: {name}\n{script}-- bash {expected:?}\n-- ours {given:?}\n");
            }
        }
    }
    let mut section = format!(
        "{} of {count} scripts give the same output and exit code.\n",
        count - differing.len()
    );
    if !differing.is_empty() {
        section += "These differ:\n\n";
    }
    differing.iter().for_each(|line| section += &format!("- {line}\n"));
    let path = root.join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (head, rest) = readme.split_once(START).unwrap();
    let (known, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("BEGAT_UPDATE").is_some() {
        fs::write(&path, format!("{head}{START}{section}{END}{tail}")).unwrap();
        eprintln!("{details}");
        return;
    }
    assert!(
        known == section,
        "the README says other differences than there are\n{section}\n{details}"
    );
}
