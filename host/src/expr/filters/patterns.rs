//! Filters that take regular expressions, and those that may.
//!
//! The expressions are linear in time: look-around and back-references, which Java has, are not there.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

use super::{Filter, Literals, checked, filter, on_every_text, on_text};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::limits;
use crate::expr::signature::{Given, optional, required};
use crate::expr::value::Value;

pub(super) static FILTERS: &[Filter] = &[
    checked(
        filter(
            "split",
            &[required("delimiter"), optional("limit")],
            "the parts between matches of a regular expression",
            split,
        ),
        check_regex,
    ),
    checked(
        filter(
            "replace",
            &[required("replace_pairs"), optional("regexp")],
            "texts exchanged for others, also by regular expressions",
            replace,
        ),
        check_pairs,
    ),
    checked(
        filter(
            "regexMatch",
            &[required("regex")],
            "whether a regular expression matches somewhere",
            matches,
        ),
        check_regex,
    ),
    checked(
        filter(
            "regexReplace",
            &[required("regex"), required("replacement")],
            "matches exchanged for a text, with groups as `$1`",
            replace_matches,
        ),
        check_replacement,
    ),
    checked(
        filter(
            "regexExtract",
            &[required("regex"), optional("group")],
            "the first match, or a group of it; null where there is none",
            extract,
        ),
        check_group,
    ),
];

/// How many compiled expressions each thread keeps.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

fn compile(source: &str) -> Result<Regex, Problem> {
    if let Some(known) = COMPILED.with_borrow(|compiled| compiled.get(source).cloned()) {
        return Ok(known);
    }
    let regex = regex::RegexBuilder::new(source)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| {
            let why = match &error {
                regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                other => other
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            };
            let shown: String = source.chars().take(40).collect();
            Problem::wrong_argument(format!("`{shown}` is no regular expression: {why}"))
        })?;
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(source.to_owned(), regex.clone());
    });
    Ok(regex)
}

fn check_regex(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    match literal(0).and_then(Value::as_str) {
        Some(source) => compile(source).map(|_| ()).map_err(|problem| (0, problem)),
        None => Ok(()),
    }
}

fn check_pairs(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    if !matches!(literal(1), Some(Value::Boolean(true))) {
        return Ok(());
    }
    let pairs = literal(0).and_then(Value::as_map).into_iter().flatten();
    for (from, to) in pairs {
        let checked = compile(from).and_then(|regex| check_pieces(&regex, to.as_str()));
        checked.map_err(|problem| (0, problem))?;
    }
    Ok(())
}

fn check_replacement(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    let Some(source) = literal(0).and_then(Value::as_str) else {
        return Ok(());
    };
    let regex = compile(source).map_err(|problem| (0, problem))?;
    check_pieces(&regex, literal(1).and_then(Value::as_str)).map_err(|problem| (1, problem))
}

fn check_pieces(regex: &Regex, replacement: Option<&str>) -> Result<(), Problem> {
    replacement.map_or(Ok(()), |replacement| pieces(regex, replacement).map(drop))
}

fn check_group(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    let Some(source) = literal(0).and_then(Value::as_str) else {
        return Ok(());
    };
    let regex = compile(source).map_err(|problem| (0, problem))?;
    let groups = regex.captures_len() - 1;
    match literal(1) {
        Some(Value::Integer(group)) if *group < 0 || usize::try_from(*group).is_ok_and(|group| group > groups) => {
            let what = no_such_group(*group, groups);
            let message = format!("the argument `group` of the filter `regexExtract` {what}");
            Err((1, Problem::wrong_argument(message)))
        }
        _ => Ok(()),
    }
}

fn no_such_group(group: i64, groups: usize) -> String {
    if group < 0 {
        return format!("cannot be negative, and is {group}");
    }
    format!("is {group}, but the expression has {groups} groups")
}

/// Splits as `java.lang.String.split` does: empty parts at the end are dropped unless there is a limit.
fn split(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let delimiter = given.need_text(0)?;
    let limit = given.integer(1)?.unwrap_or(0);
    on_text(&value, given, |text| {
        let regex = compile(delimiter)?;
        let most = usize::try_from(limit)
            .ok()
            .filter(|most| *most > 0)
            .unwrap_or(usize::MAX);
        let mut parts: Vec<&str> = Vec::new();
        let mut start = 0;
        for found in regex.find_iter(text) {
            if parts.len() + 1 >= most {
                break;
            }
            // An empty match at the start yields no empty part, nor does one at the end.
            let nothing = found.end() == 0 || (found.is_empty() && found.start() == text.len());
            if !nothing {
                parts.push(&text[start..found.start()]);
                start = found.end();
            }
        }
        parts.push(&text[start..]);
        while limit == 0 && parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        Ok(parts.into_iter().map(Value::from).collect())
    })
}

fn replace(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let by_regex = given.flag(1)?;
    let pairs = given.need_map(0)?;
    let mut changes: Vec<(Regex, String, &str)> = Vec::new();
    for (from, to) in pairs {
        let regex = if by_regex {
            compile(from)?
        } else {
            compile(&regex::escape(from))?
        };
        changes.push((regex, to.to_string(), from));
    }
    on_every_text(value, &|text| {
        let mut text = text.to_owned();
        for (regex, to, from) in &changes {
            text = if by_regex {
                exchange(regex, &text, to)?
            } else {
                bounded(text.replace(from, to))?
            };
        }
        Ok(text)
    })
}

fn bounded(replaced: String) -> Result<String, Problem> {
    if replaced.len() > limits::OUTPUT {
        return Err(Problem::limit(format!(
            "the text grows beyond {} bytes",
            limits::OUTPUT
        )));
    }
    Ok(replaced)
}

/// Exchanges every match, expanding `$1` and `\$` in the replacement as Java does: a group that is not there is a
/// fault only where there is a match.
fn exchange(regex: &Regex, text: &str, replacement: &str) -> Result<String, Problem> {
    if !regex.is_match(text) {
        return Ok(text.to_owned());
    }
    let pieces = pieces(regex, replacement)?;
    let mut out = String::with_capacity(text.len());
    let mut start = 0;
    for captures in regex.captures_iter(text) {
        let whole = captures.get_match();
        out.push_str(&text[start..whole.start()]);
        for piece in &pieces {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Group(index) => captures.get(*index).map_or("", |found| found.as_str()),
            });
        }
        start = whole.end();
        if out.len() > limits::OUTPUT {
            return Err(Problem::limit(format!(
                "the text grows beyond {} bytes",
                limits::OUTPUT
            )));
        }
    }
    out.push_str(&text[start..]);
    Ok(out)
}

/// A part of a replacement.
enum Piece<'r> {
    Text(&'r str),
    Group(usize),
}

/// Takes a replacement apart.
fn pieces<'r>(regex: &Regex, replacement: &'r str) -> Result<Vec<Piece<'r>>, Problem> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some(position) = rest.find(['$', '\\']) {
        pieces.push(Piece::Text(&rest[..position]));
        let sign = rest.as_bytes()[position];
        rest = &rest[position + 1..];
        if sign == b'\\' {
            let kept = rest.chars().next().map_or(0, char::len_utf8);
            pieces.push(Piece::Text(&rest[..kept]));
            rest = &rest[kept..];
            continue;
        }
        let (group, length) = group(regex, rest).ok_or_else(|| {
            Problem::wrong_argument(format!(
                "the replacement `{replacement}` names a group that the expression does not have"
            ))
            .with_hint("write `\\$` for a dollar sign")
        })?;
        pieces.push(Piece::Group(group));
        rest = &rest[length..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Reads the group after a `$`: a name in braces, or as many digits as there are groups for.
fn group(regex: &Regex, text: &str) -> Option<(usize, usize)> {
    if let Some(braced) = text.strip_prefix('{') {
        let name = &braced[..braced.find('}')?];
        let index = regex.capture_names().position(|known| known == Some(name))?;
        return Some((index, name.len() + 2));
    }
    let mut chosen = None;
    for length in 1..=text.bytes().take(3).take_while(u8::is_ascii_digit).count() {
        let index: usize = text[..length].parse().ok()?;
        if index < regex.captures_len() {
            chosen = Some((index, length));
        }
    }
    chosen
}

fn matches(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let regex = compile(given.need_text(0)?)?;
    if value.is_null() {
        return Ok(Value::Boolean(false));
    }
    on_text(&value, given, |text| Ok(Value::from(regex.is_match(text))))
}

fn replace_matches(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let regex = compile(given.need_text(0)?)?;
    let replacement = given.need_text(1)?;
    on_text(&value, given, |text| {
        exchange(&regex, text, replacement).map(Value::from)
    })
}

fn extract(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let regex = compile(given.need_text(0)?)?;
    let group = if given.get(1).is_some() {
        given.need_count(1)?
    } else {
        0
    };
    if group >= regex.captures_len() {
        let group = i64::try_from(group).unwrap_or(i64::MAX);
        return Err(given.wrong(1, no_such_group(group, regex.captures_len() - 1)));
    }
    on_text(&value, given, |text| {
        let found = regex
            .captures(text)
            .and_then(|captures| captures.get(group).map(|found| found.as_str().to_owned()));
        Ok(Value::from(found))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn texts_are_split_as_java_does() {
        check_typed("{{ 'a,b,,c,,' | split(',') }}", json!(["a", "b", "", "c"]));
        check_typed("{{ 'a,b,c' | split(',', 2) }}", json!(["a", "b,c"]));
        check_typed("{{ 'a,b,' | split(',', -1) }}", json!(["a", "b", ""]));
        check_typed("{{ 'a1b22c' | split('[0-9]+') }}", json!(["a", "b", "c"]));
        check_typed("{{ 'abc' | split('') }}", json!(["a", "b", "c"]));
        check_typed("{{ ',a' | split(',') }}", json!(["", "a"]));
        check_typed("{{ '' | split(',') }}", json!([""]));
        check_error(
            "{{ 'a' | split('(') }}",
            "expression-argument",
            "`(` is no regular expression: unclosed group",
        );
    }

    #[test]
    fn texts_are_replaced_everywhere() {
        check(
            "{{ 'I like %this% and %that%.' | replace({'%this%': 'a', '%that%': 'b'}) }}",
            "I like a and b.",
        );
        check(
            "{{ 'aab' | replace({'a+': 'x'}, regexp=true) }} {{ 'a+b' | replace({'+': '$1'}) }}",
            "xb a$1b",
        );
        check_typed(
            "{{ {'k': ['aa', 1]} | replace({'a': 'b', '1': '2'}) }}",
            json!({"k": ["bb", "2"]}),
        );
        check_error(
            "{{ 'a' | replace('b') }}",
            "expression-argument",
            "the argument `replace_pairs` of the filter `replace` must be a map, not a string",
        );
    }

    #[test]
    fn regular_expressions_match_replace_and_extract() {
        check(
            "{{ 'hello world' | regexMatch('wor') }} {{ 'x' | regexMatch(regex='^y') }} {{ nothing | regexMatch('a') }}",
            "true false false",
        );
        check(
            r"{{ 'john smith' | regexReplace('(\w+) (\w+)', '$2, $1!') }} {{ 'a' | regexReplace('a', '\\$5') }} {{ 'ab' | regexReplace('(a)', '$10') }}",
            "smith, john! $5 a0b",
        );
        check_typed(
            r"{{ ['order-12345-x' | regexExtract('\d+'), 'k=v' | regexExtract('(\w)=(\w)', 2), 'a' | regexExtract('b'), nothing | regexExtract('a')] }}",
            json!(["12345", "v", null, null]),
        );
        check_error(
            "{{ 'a' | regexReplace('a', '$1') }}",
            "expression-argument",
            "the replacement `$1` names a group that the expression does not have",
        );
        check_error(
            "{{ 'a' | regexExtract('a', 3) }}",
            "expression-argument",
            "the argument `group` of the filter `regexExtract` is 3, but the expression has 0 groups",
        );
        check_error(
            "{{ 'a' | regexMatch('(?=a)') }}",
            "expression-argument",
            "`(?=a)` is no regular expression: look-around, including look-ahead and look-behind, is not supported",
        );
    }

    #[test]
    fn what_is_written_out_is_checked_before_anything_runs() {
        let check_static = |faulty: &str, message: &str| {
            let errors = crate::expr::Template::parse(&format!("{{{{ nope | {faulty} }}}}")).expect_err(faulty);
            let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
            assert_eq!(messages, [message], "{faulty}");
        };
        let unclosed = "`(` is no regular expression: unclosed group";
        for faulty in [
            "split('(')",
            "regexMatch('(')",
            "regexReplace('(', 'x')",
            "regexReplace('(', replacement=x)",
            "regexExtract(regex='(')",
            "replace({'(': 'x'}, regexp=true)",
            "replace({'a': 'b', '(': x, y: 'z'}, true)",
        ] {
            check_static(faulty, unclosed);
        }
        let no_group = "the replacement `$2` names a group that the expression does not have";
        check_static("regexReplace('(a)', '$2')", no_group);
        check_static("replace({'(a)': '$2'}, regexp=true)", no_group);
        check_static(
            "regexExtract('(a)', 2)",
            "the argument `group` of the filter `regexExtract` is 2, but the expression has 1 groups",
        );
        for sound in [
            "replace({'(': 'x'})",
            "replace({'(': 'x'}, regexp=false)",
            "replace({'(': 'x'}, regexp=is_regular)",
            "replace(pairs, regexp=true)",
            "replace({'(?<n>a)': '${n} $1 \\\\$9'}, regexp=true)",
            "regexReplace(x, '$2')",
            "regexReplace('(a)', '$1' ~ x)",
            "regexExtract('a', n)",
        ] {
            assert!(
                crate::expr::Template::parse(&format!("{{{{ nope | {sound} }}}}")).is_ok(),
                "{sound}"
            );
        }
        check("{{ 'b' | regexReplace('a' ~ '', '$1' ~ '') }}", "b");
    }
}
