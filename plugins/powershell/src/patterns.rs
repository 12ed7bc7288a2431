//! Regular expressions and wildcards.

use fancy_regex::{Captures, Regex};

use crate::fault::Wrong;

/// How often a pattern may try again, so that none runs for ever.
const BACKTRACKS: usize = 1_000_000;

/// Compiles a pattern of .NET's language.
pub fn regex(pattern: &str, case_sensitive: bool) -> Result<Regex, Wrong> {
    let written = if case_sensitive {
        pattern.to_owned()
    } else {
        format!("(?i){pattern}")
    };
    fancy_regex::RegexBuilder::new(&written)
        .backtrack_limit(BACKTRACKS)
        .build()
        .map_err(|_| Wrong::unsupported(format!("the regular expression `{pattern}`")))
}

/// The first match in a text.
pub fn captures<'t>(regex: &Regex, text: &'t str) -> Result<Option<Captures<'t, str>>, Wrong> {
    regex.captures(text).map_err(too_long)
}

/// All matches in a text.
pub fn all<'t>(regex: &Regex, text: &'t str) -> Result<Vec<Captures<'t, str>>, Wrong> {
    regex.captures_iter(text).collect::<Result<_, _>>().map_err(too_long)
}

fn too_long(_: fancy_regex::Error) -> Wrong {
    Wrong::unsupported("a regular expression that tries this often")
}

/// The text between the matches, with captured groups between them, at most `limit` pieces where it is not 0.
pub fn split(regex: &Regex, text: &str, limit: usize) -> Result<Vec<String>, Wrong> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    for found in all(regex, text)? {
        if limit > 0 && pieces.len() + 1 >= limit {
            break;
        }
        let Some(whole) = found.get(0) else { continue };
        pieces.push(text[start..whole.start()].to_owned());
        pieces.extend(
            (1..found.len())
                .filter_map(|group| found.get(group))
                .map(|group| group.as_str().to_owned()),
        );
        start = whole.end();
    }
    pieces.push(text[start..].to_owned());
    Ok(pieces)
}

/// What a replacement such as `$1-${name}` stands for.
pub fn expand(template: &str, found: &Captures<'_, str>) -> String {
    let letters: Vec<char> = template.chars().collect();
    let group = |name: &str| match name.parse::<usize>() {
        Ok(number) if number < found.len() => Some(found.get(number)),
        Ok(_) => None,
        Err(_) => found.name(name).map(Some),
    };
    let (mut text, mut place) = (String::new(), 0);
    while place < letters.len() {
        if letters[place] != '$' {
            text.push(letters[place]);
            place += 1;
            continue;
        }
        let (name, length): (String, usize) = match letters.get(place + 1) {
            Some('$') => {
                text.push('$');
                place += 2;
                continue;
            }
            Some('&') => ("0".to_owned(), 2),
            Some('{') => {
                let name: String = letters[place + 2..]
                    .iter()
                    .take_while(|letter| **letter != '}')
                    .collect();
                let length = name.chars().count() + 3;
                (name, length)
            }
            Some(digit) if digit.is_ascii_digit() => {
                let name: String = letters[place + 1..]
                    .iter()
                    .take_while(|letter| letter.is_ascii_digit())
                    .collect();
                let length = name.len() + 1;
                (name, length)
            }
            _ => (String::new(), 1),
        };
        match group(&name).filter(|_| !name.is_empty()) {
            Some(found) => text.push_str(found.map_or("", |found| found.as_str())),
            None => text.extend(&letters[place..(place + length).min(letters.len())]),
        }
        place += length;
    }
    text
}

/// Whether a text is what a pattern of `*`, `?` and `[…]` says.
pub fn like(text: &str, pattern: &str, case_sensitive: bool) -> Result<bool, Wrong> {
    let mut written = String::from("^(?s:");
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => written.push_str(".*"),
            '?' => written.push('.'),
            '[' => {
                written.push('[');
                let mut closed = false;
                for inside in letters.by_ref() {
                    if inside == ']' {
                        closed = true;
                        break;
                    }
                    if "\\^[&~".contains(inside) {
                        written.push('\\');
                    }
                    written.push(inside);
                }
                if !closed {
                    return Err(Wrong::error(format!(
                        "The specified wildcard character pattern is not valid: {pattern}"
                    )));
                }
                written.push(']');
            }
            '`' => written.push_str(&fancy_regex::escape(&letters.next().unwrap_or('`').to_string())),
            other => written.push_str(&fancy_regex::escape(&other.to_string())),
        }
    }
    written.push_str(")$");
    // `$` of the engine means the very end, as it should here.
    regex(&written, case_sensitive)?.is_match(text).map_err(too_long)
}

pub fn is_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '['])
}
