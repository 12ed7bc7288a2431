//! What the tests of this room share: a scope, and one `check` for each kind of outcome.

use serde_json::json;

use super::{Scope, Template};
use crate::model::{Json, Timestamp};

/// A scope with one variable of each kind, at a fixed moment.
pub(super) fn scope() -> Scope<'static> {
    Scope::new(
        "2026-03-14T09:26:53Z"
            .parse::<Timestamp>()
            .expect("the moment is written right"),
    )
    .with("name", json!("world"))
    .with("nothing", Json::Null)
    .with("yes", json!(true))
    .with("no", json!(false))
    .with("number", json!(7))
    .with("list", json!([3, 1, 2]))
    .with("map", json!({"b": 1, "a": [true, null], "c-d": "x"}))
    .with("empty", json!([]))
    .with("inputs", json!({"target_vm": "windows-web-01", "vm_name": "Web 02"}))
    .with("execution", json!({"id": "01k3abc"}))
}

fn parsed(source: &str) -> Template {
    Template::parse(source).unwrap_or_else(|errors| panic!("{source}: {errors:?}"))
}

pub(super) fn check(source: &str, expected: &str) {
    let rendered = parsed(source)
        .render(&scope())
        .unwrap_or_else(|error| panic!("{source}: {error:?}"));
    assert_eq!(rendered, expected, "{source}");
}

pub(super) fn check_typed(source: &str, expected: Json) {
    let value = parsed(source)
        .evaluate(&scope())
        .unwrap_or_else(|error| panic!("{source}: {error:?}"));
    assert_eq!(Json::from(&value), expected, "{source}");
}

/// Expects the message of the first fault, found while parsing or while rendering.
pub(super) fn check_error(source: &str, expected: &str) {
    let error = match Template::parse(source) {
        Err(errors) => errors[0].clone(),
        Ok(template) => template.render(&scope()).expect_err(source),
    };
    assert_eq!(error.message, expected, "{source}");
}
