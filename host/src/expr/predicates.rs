//! The tests that `is` and `is not` ask: `{{ x is empty }}`.

use super::error::Problem;
use super::value::Value;

/// One test.
#[derive(Debug)]
pub(super) struct Predicate {
    pub name: &'static str,
    /// One line of documentation.
    pub summary: &'static str,
    /// Whether it also answers for a subject that is missing, which it then sees as nothing.
    pub accepts_missing: bool,
    pub holds: fn(Option<&Value>) -> Result<bool, Problem>,
}

const fn predicate(
    name: &'static str,
    summary: &'static str,
    holds: fn(Option<&Value>) -> Result<bool, Problem>,
) -> Predicate {
    Predicate {
        name,
        summary,
        accepts_missing: false,
        holds,
    }
}

/// Every test there is.
pub(super) static ALL: [Predicate; 8] = [
    Predicate {
        accepts_missing: true,
        ..predicate("defined", "exists and is not null", |v| {
            Ok(v.is_some_and(|v| !v.is_null()))
        })
    },
    predicate(
        "empty",
        "is null, blank, or a list or map without anything in it",
        |v| Ok(v.is_none_or(is_empty)),
    ),
    predicate("null", "is null", |v| Ok(v.is_none_or(Value::is_null))),
    predicate("even", "is a whole number that two divides", |v| {
        Ok(whole_number("even", v)? % 2 == 0)
    }),
    predicate("odd", "is a whole number that two does not divide", |v| {
        Ok(whole_number("odd", v)? % 2 != 0)
    }),
    predicate("iterable", "is a list", |v| Ok(matches!(v, Some(Value::List(_))))),
    predicate("map", "is a map", |v| Ok(matches!(v, Some(Value::Map(_))))),
    predicate("json", "is text that can be read as JSON", |v| {
        Ok(v.and_then(Value::as_str).is_some_and(is_json))
    }),
];

/// Finds the test of that name.
pub(super) fn find(name: &str) -> Option<&'static Predicate> {
    ALL.iter().find(|predicate| predicate.name == name)
}

/// Whether there is nothing in the value: null, blank text, or a collection without elements.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::List(list) => list.items().is_empty(),
        Value::Map(map) => map.entries().is_empty(),
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Instant(_) | Value::Zoned(_) => false,
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn whole_number(name: &str, value: Option<&Value>) -> Result<i64, Problem> {
    match value {
        Some(Value::Integer(integer)) => Ok(*integer),
        other => {
            let kind = other.map_or("null", Value::kind);
            Err(Problem::wrong_type(format!(
                "the test `{name}` works on whole numbers, not on a {kind}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error};

    #[test]
    fn tests_answer_what_their_names_say() {
        check("{{ nothing is null }} {{ name is null }}", "true false");
        check(
            "{{ '' is empty }} {{ ' ' is empty }} {{ [] is empty }} {{ {} is empty }} {{ 0 is empty }}",
            "true true true true false",
        );
        check("{{ 4 is even }} {{ 4 is odd }} {{ -3 is odd }}", "true false true");
        check(
            "{{ list is iterable }} {{ map is iterable }} {{ name is iterable() }} {{ null is not iterable }}",
            "true false false true",
        );
        check(
            "{{ map is map }} {{ list is map }} {{ list is not map }}",
            "true false true",
        );
        check(
            "{{ '{\"a\":1}' is json }} {{ '{a' is json }} {{ 1 is json }}",
            "true false false",
        );
    }

    #[test]
    fn defined_answers_for_what_is_missing() {
        check(
            "{{ name is defined }} {{ nope is defined }} {{ map.nope is defined }}",
            "true false false",
        );
        check(
            "{{ nothing is defined }} {{ nothing.id is defined }} {{ a.b.c is not defined }}",
            "false false true",
        );
    }

    #[test]
    fn other_tests_refuse_what_is_missing_or_of_another_kind() {
        check_error("{{ nope is empty }}", "undefined-variable", "`nope` is not defined");
        check_error(
            "{{ 'a' is odd }}",
            "expression-type",
            "the test `odd` works on whole numbers, not on a string",
        );
    }
}
