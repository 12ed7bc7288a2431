//! Keeps `LANGUAGE.md` in step with the vocabulary: every name, what it takes, what it does, and how many of the
//! examples call it. With `BEGAT_UPDATE=1` the file is written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use super::examples;
use super::syntax::{Arguments, Expression, FilterCall, Kind, Node};
use super::{Template, Word, WordKind, vocabulary};

const INTRODUCTION: &str = "\
# The expression language

Every filter, function, test and tag, what it takes, and how many of the examples in `examples/` call it. A parameter
in brackets may be left out; `…` stands for any number of further arguments. Written by the test `language`; after a
change, run it with `BEGAT_UPDATE=1`.
";

const DIFFERENCES: &str = "
## Where it differs from Pebble and Kestra

- The environment, secrets, keys, files and logs are what the scope's surroundings give; by default they refuse. File
  functions see the execution's own files, so they take no namespace; `secret` has no `full`.
- Regular expressions run in linear time: no look-around, no references back.
- Dates are written in English; the style `full`, week-based letters and optional parts are not known. Without a zone
  they are in the scope's, which is UTC unless set.
- Whole numbers have 64 bits, and too large a result is an error. There are no decimals of arbitrary precision.
- Maps keep the order of their entries. A list or a map cannot be a key.
- `sort` and `rsort` take values of any kind. `length` refuses a number.
- `timestampMicro` counts microseconds, and every timestamp is a number.
- `yaml` quotes text that would read back as something else, such as `\"1\"`.
- `uuid` is of version 7, and `id` has the form of begat's own identifiers.
- Text and an expression side by side always make text.
- Not there: `toIon`, `condense`, `escape`, `raw` as a filter; `fromIon`, `http`, `encrypt`, `decrypt`, `credential`,
  `appLink`, `subflow`, `fileURI`, `fetchContext`, `randomPort`, `iterationOutput`, `loopOutputs`, `isPublicHoliday`.
";

type Called = BTreeSet<(WordKind, &'static str)>;

/// What a template calls. A template that cannot be parsed calls nothing.
fn called(source: &str, words: &[Word]) -> Called {
    let mut called = Called::new();
    let Ok(template) = Template::parse(source) else {
        return called;
    };
    nodes(template.nodes(), &mut called);
    for definition in template.macros() {
        let defaults = definition.parameters.iter().filter_map(|(_, default)| default.as_ref());
        defaults.for_each(|default| expression(default, &mut called));
        nodes(&definition.body, &mut called);
    }
    // `raw` leaves no trace in the tree.
    let openings = source
        .split("{%")
        .skip(1)
        .map(|rest| rest.trim_start_matches(['-', ' ']));
    let names: Vec<&str> = openings
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        .collect();
    let tags = words.iter().filter(|word| word.kind == WordKind::Tag);
    called.extend(
        tags.filter(|word| names.contains(&word.name))
            .map(|word| (word.kind, word.name)),
    );
    called
}

fn nodes(all: &[Node], called: &mut Called) {
    for node in all {
        match node {
            Node::Text(_) | Node::Macro => {}
            Node::Print(inner) | Node::Set { value: inner, .. } => expression(inner, called),
            Node::If { branches, otherwise } => {
                for (condition, body) in branches {
                    expression(condition, called);
                    nodes(body, called);
                }
                nodes(otherwise, called);
            }
            Node::For(each) => {
                expression(&each.iterable, called);
                nodes(&each.body, called);
                nodes(&each.otherwise, called);
            }
            Node::Filter { filters, body, .. } => {
                filters.iter().for_each(|call| filter(call, called));
                nodes(body, called);
            }
            Node::Block(block) => nodes(&block.body, called),
        }
    }
}

fn filter(call: &FilterCall, called: &mut Called) {
    called.insert((WordKind::Filter, call.filter.name));
    arguments(&call.arguments, called);
}

fn arguments(given: &Arguments, called: &mut Called) {
    given.expressions().for_each(|argument| expression(argument, called));
}

fn expression(whole: &Expression, called: &mut Called) {
    let mut each = |inner: &Expression| expression(inner, called);
    match &whole.kind {
        Kind::Literal(_) | Kind::Variable(_) => {}
        Kind::Attribute(inner, _) | Kind::Not(inner) | Kind::Negative(inner) | Kind::Positive(inner) => each(inner),
        Kind::Subscript(subject, index) => [subject, index].into_iter().for_each(|inner| each(inner)),
        Kind::List(items) | Kind::Concatenation(items) => items.iter().for_each(each),
        Kind::Map(entries) => entries
            .iter()
            .for_each(|(key, value)| [key, value].into_iter().for_each(&mut each)),
        Kind::Binary(_, sides) => [&sides.0, &sides.1].into_iter().for_each(each),
        Kind::Conditional(parts) => [&parts.0, &parts.1, &parts.2].into_iter().for_each(each),
        Kind::Macro(_, given) => given.iter().for_each(|(_, argument)| each(argument)),
        Kind::Test { subject, predicate, .. } => {
            each(subject);
            called.insert((WordKind::Test, predicate.name));
        }
        Kind::Filtered(input, call) => {
            each(input);
            filter(call, called);
        }
        Kind::Call(function, given) => {
            called.insert((WordKind::Function, function.name));
            arguments(given, called);
        }
        Kind::Block(name) => {
            each(name);
            called.insert((WordKind::Function, "block"));
        }
    }
}

fn counts(words: &[Word]) -> BTreeMap<(WordKind, &'static str), usize> {
    let mut counts = BTreeMap::new();
    for (source, _) in examples::all() {
        for word in called(source, words) {
            *counts.entry(word).or_insert(0) += 1;
        }
    }
    counts
}

fn parameters(word: &Word) -> String {
    let shown = word.parameters.iter().map(|parameter| match parameter.required {
        true => format!("`{}`", parameter.name),
        false => format!("[`{}`]", parameter.name),
    });
    shown
        .chain(word.open.then(|| "…".to_owned()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn table(words: &[Word]) -> String {
    let counts = counts(words);
    let mut text = INTRODUCTION.to_owned();
    for (kind, title) in [
        (WordKind::Filter, "Filters"),
        (WordKind::Function, "Functions"),
        (WordKind::Test, "Tests"),
        (WordKind::Tag, "Tags"),
    ] {
        let of_kind: Vec<&Word> = words.iter().filter(|word| word.kind == kind).collect();
        write!(text, "\n## {title} ({})\n\n", of_kind.len()).unwrap();
        text.push_str("| Name | Parameters | What it gives | Examples |\n|---|---|---|--:|\n");
        for word in of_kind {
            let count = counts.get(&(kind, word.name)).copied().unwrap_or(0);
            let (name, summary) = (word.name, word.summary.replace('|', "\\|"));
            writeln!(text, "| `{name}` | {} | {summary} | {count} |", parameters(word)).unwrap();
        }
    }
    text + DIFFERENCES
}

#[test]
fn the_names_said_to_be_missing_are_unknown() {
    let missing = DIFFERENCES.rsplit("Not there: ").next().unwrap();
    for name in missing.split('`').skip(1).step_by(2) {
        for source in [format!("{{{{ 1 | {name} }}}}"), format!("{{{{ {name}() }}}}")] {
            let errors = Template::parse(&source).unwrap_err();
            assert!(errors[0].code.starts_with("unknown-"), "{source}: {errors:?}");
        }
    }
}

#[test]
fn every_name_has_an_example() {
    let words = vocabulary();
    let counts = counts(&words);
    let without: Vec<_> = words
        .iter()
        .map(|word| (word.kind, word.name))
        .filter(|word| !counts.contains_key(word))
        .collect();
    assert!(without.is_empty(), "no example calls {without:?}");
}

#[test]
fn the_table_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/expr/LANGUAGE.md");
    let table = table(&vocabulary());
    if std::env::var_os("BEGAT_UPDATE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table,
        "LANGUAGE.md is out of date; run this test with BEGAT_UPDATE=1"
    );
}
