//! What the READMEs of the plugins show works: each task is run, each setting is read, and what is shown of the log and of
//! failures is what is written.

use std::path::PathBuf;

use crate::compute::TOKEN;
use crate::gcp::Cloud;
use crate::server::{Server, plain};
use crate::world::{Answer, World, repository};

/// A fenced block: its language and its text.
struct Block {
    language: String,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match (line.strip_prefix("```"), is_open) {
            (Some(language), false) => {
                is_open = true;
                found.push(Block {
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), true) => is_open = false,
            (None, true) => found.last_mut().unwrap().text += &format!("{line}\n"),
            (None, false) => {}
        }
    }
    found
}

/// A task, or a list of tasks, as a flow.
fn flow(example: &str) -> String {
    if example.lines().any(|line| line.starts_with("tasks:")) {
        return example.to_owned();
    }
    let mut text = String::from("id: example\nnamespace: test.examples\ntasks:\n");
    for line in example.lines() {
        text += &format!("  {line}\n");
    }
    text
}

/// The lines of the log, without the time, the level and the task before them.
fn lines(world: &World, answer: &Answer) -> Vec<String> {
    let id = answer.json()["execution"]["id"].as_str().unwrap().to_owned();
    let logs = world.good(&["execution", "logs", &id, "--format", "json"]).json();
    let words = logs.as_array().unwrap().iter().filter(|line| line["level"] != "DEBUG");
    words
        .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Runs the examples of a README; gives how many there are. `settings` are the operator's, `replace` puts addresses of
/// this machine in the place of those of the world.
fn check(plugin: &str, settings: &str, environment: &[(&str, String)], replace: &[(&str, String)]) -> usize {
    let path: PathBuf = repository().join("plugins").join(plugin).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let world = World::new();
    let settings = world.file("begat.toml", settings);
    let replaced = |text: &str| {
        replace
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let mut count = 0;
    let mut last: Option<Answer> = None;
    for block in blocks(&readme) {
        match block.language.as_str() {
            "yaml" => {
                count += 1;
                let flow = world.file("example.yaml", flow(&replaced(&block.text)));
                let mut command = world.command(&["run", &flow, "--config", &settings, "--format", "json"]);
                command.envs(environment.iter().map(|(name, value)| (*name, value)));
                let answer = world.answer(&mut command);
                assert_eq!(
                    answer.code,
                    Some(0),
                    "{plugin}: {}{}{}",
                    block.text,
                    answer.stdout,
                    answer.stderr
                );
                last = Some(answer);
            }
            "toml" => {
                count += 1;
                let shown = world.file("shown.toml", &block.text);
                world.good(&["plugin", "grants", "--config", &shown]);
            }
            "text" => {
                let answer = last.as_ref().expect("the log stands behind its task");
                let shown: Vec<&str> = block.text.lines().collect();
                assert_eq!(lines(&world, answer), shown, "{plugin}");
            }
            other => panic!("{plugin}: a block of the language `{other}` is run by nobody"),
        }
    }
    count
}

#[test]
fn every_example_of_a_plugin_works() {
    let server = Server::start(plain("{\"state\": \"fine\"}"));
    let http = format!(
        "[plugins.http]\nallow = [\"net={}\", \"secret=API_TOKEN\"]\n[secrets.API_TOKEN]\nenv = \"TEST_TOKEN\"\n",
        server.address
    );
    let here = [("https://api.example.com", format!("http://{}", server.address))];
    let counts = [
        check("log", "", &[], &[]),
        check("shell", "", &[], &[]),
        check("powershell", "", &[], &[]),
        check("http", &http, &[("TEST_TOKEN", "t0ken-of-tests".to_owned())], &here),
        check("gcp-snapshot", "", &[], &[]),
    ];
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn the_examples_of_snapshots_work_in_a_cloud_as_well() {
    let cloud = Cloud::start(&[]);
    let environment = [
        ("TEST_TOKEN", TOKEN.to_owned()),
        ("GCP_COMPUTE_ENDPOINT", cloud.endpoint()),
    ];
    let path = repository().join("plugins/gcp-snapshot/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let world = World::new();
    let settings = world.file("begat.toml", cloud.settings());
    for block in blocks(&readme).iter().filter(|block| block.language == "yaml") {
        let flow = world.file("example.yaml", flow(&block.text));
        let mut command = world.command(&["run", &flow, "--config", &settings, "--format", "json"]);
        command.envs(environment.clone());
        let answer = world.answer(&mut command);
        assert_eq!(answer.code, Some(0), "{}{}{}", block.text, answer.stdout, answer.stderr);
        assert_eq!(answer.json()["tasks"][0]["outputs"]["simulated"], false);
    }
}
