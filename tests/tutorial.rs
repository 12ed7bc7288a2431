//! The tutorial for plugin authors is carried out as it is written, in an empty folder.

use std::path::Path;
use std::process::Command;

use crate::readme::settled;
use crate::world::{World, repository};

/// The commands of `console` blocks and the lines shown after each.
fn steps(text: &str) -> Vec<(String, Vec<String>)> {
    let mut steps: Vec<(String, Vec<String>)> = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = line == "```console";
        } else if let (true, Some(command)) = (in_block, line.strip_prefix("$ ")) {
            steps.push((command.to_owned(), Vec::new()));
        } else if let (true, Some((_, shown))) = (in_block, steps.last_mut()) {
            shown.push(line.to_owned());
        }
    }
    steps
}

#[test]
fn the_tutorial_does_what_it_says() {
    let text = std::fs::read_to_string(repository().join("plugins/README.md")).unwrap();
    let world = World::new();
    let program = Path::new(env!("CARGO_BIN_EXE_begat")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let steps = steps(&text);
    assert!(steps.len() > 8, "the tutorial has steps");
    for (command, shown) in steps {
        let mut shell: Command = world.command(&[]);
        let environment: Vec<_> = shell
            .get_envs()
            .map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned)))
            .collect();
        shell = Command::new("sh");
        shell
            .args(["-c", &format!("{command} 2>&1")])
            .current_dir(&world.folder);
        for (key, value) in environment {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        shell.env("PATH", &path).env_remove("BEGAT_CATALOG");
        shell.env("CARGO_TARGET_DIR", crate::authoring::target());
        let output = shell.output().unwrap();
        let is_noise = |line: &String| line.is_empty() || line.starts_with("compiling the plugin");
        let said = String::from_utf8(output.stdout).unwrap();
        let said: Vec<String> = said.lines().map(settled).filter(|line| !is_noise(line)).collect();
        let shown: Vec<String> = shown
            .iter()
            .map(|line| settled(line))
            .filter(|line| !is_noise(line))
            .collect();
        let (said, shown) = match shown.last().is_some_and(|line| line == "…") {
            true => (&said[..(shown.len() - 1).min(said.len())], &shown[..shown.len() - 1]),
            false => (&said[..], &shown[..]),
        };
        assert_eq!(said, shown, "{command}");
    }
}
