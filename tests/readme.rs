//! What the README shows is what the program prints.

use crate::world::{World, repository};

/// One command of the README and the lines it shows after it.
struct Example {
    command: String,
    shown: Vec<String>,
}

fn examples(text: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let (mut in_block, mut in_example) = (false, false);
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            in_example = false;
        } else if let Some(command) = line.strip_prefix("$ begat ").filter(|_| in_block) {
            let command = command.to_owned();
            in_example = true;
            found.push(Example {
                command,
                shown: Vec::new(),
            });
        } else if let Some(example) = found.last_mut().filter(|_| in_example) {
            example.shown.push(line.to_owned());
        }
    }
    found
}

/// Replaces what differs from run to run: ids of executions, durations, times, and the spaces they need.
pub fn settled(line: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let mut text = String::new();
    for word in line.trim_end().split_inclusive(|c| !is_word(c)) {
        let (core, end) = word.split_at(word.trim_end_matches(|c| !is_word(c)).len());
        match core.len() == 26 && core.starts_with("01") {
            true => text.push_str("ID"),
            false => text.push_str(core),
        }
        text.push_str(end);
    }
    let text = match (text.rfind(" ("), text.ends_with("ms)")) {
        (Some(start), true) => text[..start].to_owned(),
        _ => text,
    };
    let times = [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME"),
        (r"(just now|\d+ (s|min) ago)", "AGO"),
        (r"(\d+ days ago|in \d+ days|yesterday|today|tomorrow)", "DAY"),
        (r"[0-9a-f]{64}", "HASH"),
        (r"\d+ (kB|KiB)", "SIZE"),
        (r" \(\d[\d.]* (ms|s)\)$", ""),
        // A task that took long enough says how long.
        (r"^(SUCCESS|FAILED) (\S+) \d+(\.\d)? m?s$", "$1 $2"),
        (" +", " "),
    ];
    times.iter().fold(text, |text, (pattern, word)| {
        regex::Regex::new(pattern)
            .unwrap()
            .replace_all(&text, *word)
            .into_owned()
    })
}

#[test]
fn every_command_of_the_readme_prints_what_it_shows() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let world = World::new();
    let examples = examples(&readme);
    assert!(examples.len() >= 5, "the README shows commands");
    for example in examples {
        let words = shell_words(&example.command);
        let answer = world.begat(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let printed = format!("{}{}", answer.stderr, answer.stdout);
        let printed: Vec<String> = printed.lines().map(settled).filter(|line| !line.is_empty()).collect();
        let shown: Vec<String> = example
            .shown
            .iter()
            .map(|line| settled(line))
            .filter(|line| !line.is_empty())
            .collect();
        // A first run on a machine says that it compiles plugins.
        let printed: Vec<String> = printed
            .into_iter()
            .filter(|line| !line.starts_with("compiling the plugin"))
            .collect();
        match shown.last().is_some_and(|line| line == "…") {
            true => assert_eq!(
                printed[..shown.len() - 1],
                shown[..shown.len() - 1],
                "begat {}",
                example.command
            ),
            false => assert_eq!(printed, shown, "begat {}", example.command),
        }
    }
}

/// Splits as a shell does, as far as the README needs it: quotes keep words together.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words
}
