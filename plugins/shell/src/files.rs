//! Files that a flow gives to a script, and those it takes from it.

use serde::Serialize;

use schemars::JsonSchema;

/// A file that a script left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct File {
    /// Its size in bytes.
    pub size: u64,
    /// The sha256 of its content in lower-case hexadecimal.
    pub sha256: String,
}

/// Whether a path below `/work` is what a pattern says: `*` and `?` stay within one name, `**` stands for any folders.
pub(crate) fn matches(path: &str, pattern: &str) -> bool {
    let parts = |text: &str| -> Vec<String> { text.split('/').map(str::to_owned).collect() };
    matches_parts(&parts(path), &parts(pattern.trim_start_matches("./")))
}

fn matches_parts(path: &[String], pattern: &[String]) -> bool {
    match (path, pattern) {
        ([], []) => true,
        (path, [first, rest @ ..]) if first == "**" => (0..=path.len()).any(|skip| matches_parts(&path[skip..], rest)),
        ([name, path @ ..], [first, rest @ ..]) => {
            let (name, first): (Vec<char>, Vec<char>) = (name.chars().collect(), first.chars().collect());
            matches_name(&name, &first) && matches_parts(path, rest)
        }
        _ => false,
    }
}

fn matches_name(name: &[char], pattern: &[char]) -> bool {
    match (name, pattern) {
        ([], []) => true,
        (name, ['*', rest @ ..]) => (0..=name.len()).any(|skip| matches_name(&name[skip..], rest)),
        ([_, name @ ..], ['?', rest @ ..]) => matches_name(name, rest),
        ([letter, name @ ..], [first, rest @ ..]) => letter == first && matches_name(name, rest),
        _ => false,
    }
}

/// Whether a name stays below `/work`.
pub(crate) fn is_below(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('/') && !name.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_within_a_name_unless_they_say_otherwise() {
        for (path, pattern, expected) in [
            ("a.txt", "*.txt", true),
            ("d/a.txt", "*.txt", false),
            ("d/a.txt", "**/*.txt", true),
            ("a.txt", "**/*.txt", true),
            ("d/e/a.txt", "d/**", true),
            ("a1", "a?", true),
            ("a", "b", false),
        ] {
            assert_eq!(matches(path, pattern), expected, "{path} {pattern}");
        }
    }
}
