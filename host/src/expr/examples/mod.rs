//! Examples of the language: what a template makes, or what is said about it. Most are facts of Pebble's and Kestra's
//! documentation and tests; the others say what was decided here.

mod collections;
mod dates;
mod extremes;
mod functions;
mod literals;
mod operators;
mod predicates;
mod tags;
mod text;

use serde_json::json;

use super::testing::{World, render, with_catalog};
use super::{Scope, Value};

/// A template, and what it renders to, or `!`, the code and the message of its first fault.
pub(super) type Example = (&'static str, &'static str);

/// Every example.
pub(super) fn all() -> impl Iterator<Item = &'static Example> {
    let suites: [&'static [Example]; 9] = [
        literals::EXAMPLES,
        operators::EXAMPLES,
        predicates::EXAMPLES,
        tags::EXAMPLES,
        text::EXAMPLES,
        collections::EXAMPLES,
        dates::EXAMPLES,
        functions::EXAMPLES,
        extremes::EXAMPLES,
    ];
    suites.into_iter().flatten()
}

/// The scope of the checks, with a catalog, surroundings and an execution that has got somewhere.
fn with_everything(check: impl FnOnce(&Scope<'_>)) {
    with_catalog(|scope| {
        let scope = scope
            .clone()
            .with_surroundings(&World)
            .with("taskrun", Value::from(json!({"value": "b"})))
            .with(
                "outputs",
                Value::from(json!({"make": {"a": {"data": 1}, "b": {"data": 2}}})),
            )
            .with(
                "tasks",
                Value::from(json!({"a": {"state": "SUCCESS"}, "b": {"state": "FAILED"}})),
            );
        check(&scope);
    });
}

#[test]
fn every_example_holds() {
    with_everything(|scope| {
        let outcome = |source: &str| match render(scope, source) {
            Ok(text) => text,
            Err(error) => format!("!{} {}", error.code, error.message),
        };
        let wrong: Vec<String> = all()
            .filter(|(source, expected)| outcome(source) != *expected)
            .map(|(source, expected)| format!("{source}\n   gives {:?}\n     not {expected:?}", outcome(source)))
            .collect();
        assert!(wrong.is_empty(), "{} examples fail:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn no_example_is_given_twice() {
    let mut sources: Vec<&str> = all().map(|(source, _)| *source).collect();
    let count = sources.len();
    sources.sort_unstable();
    sources.dedup();
    assert_eq!(sources.len(), count);
}
