//! Filters: `{{ value | filter(arguments) }}`.
//!
//! Each is one entry of a table, which the checker, the evaluator and the documentation share.

mod collections;
mod dates;
mod decimal;
mod encoding;
mod json;
mod numbers;
mod patterns;
mod printf;
mod text;

use super::error::Problem;
use super::evaluate::Host;
use super::signature::{Given, Parameter};
use super::value::Value;

pub(super) use dates::{check_format as check_date_format, format as format_date};

/// The arguments that are written out in the template, by the position of their parameter.
pub(super) type Literals<'a> = &'a dyn Fn(usize) -> Option<&'a Value>;

/// Finds what is wrong with arguments that are written out, and with which.
pub(super) type Check = for<'a> fn(Literals<'a>) -> Result<(), (usize, Problem)>;

/// One filter.
pub(super) struct Filter {
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    /// Whether any number of arguments may follow the parameters.
    pub open: bool,
    /// Whether it also answers for a value that is missing, which it then sees as null.
    pub accepts_missing: bool,
    /// One line of documentation.
    pub summary: &'static str,
    pub apply: fn(Value, &Given, &Host<'_>) -> Result<Value, Problem>,
    pub check: Option<Check>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn filter(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    apply: fn(Value, &Given, &Host<'_>) -> Result<Value, Problem>,
) -> Filter {
    Filter {
        name,
        parameters,
        open: false,
        accepts_missing: false,
        summary,
        apply,
        check: None,
    }
}

const fn checked(filter: Filter, check: Check) -> Filter {
    Filter {
        check: Some(check),
        ..filter
    }
}

/// Every filter there is.
pub(super) fn all() -> impl Iterator<Item = &'static Filter> {
    let tables: [&'static [Filter]; 7] = [
        text::FILTERS,
        patterns::FILTERS,
        numbers::FILTERS,
        collections::FILTERS,
        json::FILTERS,
        dates::FILTERS,
        encoding::FILTERS,
    ];
    tables.into_iter().flatten()
}

/// Finds the filter of that name.
pub(super) fn find(name: &str) -> Option<&'static Filter> {
    all().find(|filter| filter.name == name)
}

/// The text of a value that stands for itself; lists and maps have none.
fn scalar_text(value: &Value, given: &Given) -> Result<String, Problem> {
    match value {
        Value::List(_) | Value::Map(_) => Err(given.wrong_input("a string", value)),
        other => Ok(other.to_string()),
    }
}

/// Turns the text of a value into another value; null stays null.
fn on_text(
    value: &Value,
    given: &Given,
    change: impl FnOnce(&str) -> Result<Value, Problem>,
) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::String(text) => change(text),
        other => change(&scalar_text(other, given)?),
    }
}

/// Changes every text in a value, however deep; other scalars become text first.
fn on_every_text(value: Value, change: &dyn Fn(&str) -> Result<String, Problem>) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(list) => list
            .into_items()
            .into_iter()
            .map(|item| on_every_text(item, change))
            .collect(),
        Value::Map(map) => {
            let entries = map.into_entries().into_iter();
            entries
                .map(|(key, value)| Ok((key, on_every_text(value, change)?)))
                .collect()
        }
        Value::String(text) => change(&text).map(Value::from),
        other => change(&other.to_string()).map(Value::from),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::all;
    use crate::expr::testing::{check_error, check_hint};

    #[test]
    fn every_filter_has_a_name_of_its_own_and_a_line_of_documentation() {
        let names: HashSet<_> = all().map(|filter| filter.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(
            all().all(|filter| filter.summary.len() > 8),
            "{:?}",
            all().find(|f| f.summary.len() <= 8)
        );
    }

    #[test]
    fn calls_are_held_against_the_table() {
        check_error("{{ 1 | slugfy }}", "unknown-filter", "unknown filter `slugfy`");
        check_hint("{{ 1 | slugfy }}", "did you mean `slugify`?");
        check_hint("{{ 1 | now }}", "`now` is a function: `now(…)`");
        check_error(
            "{{ 'a' | upper(1) }}",
            "expression-argument",
            "the filter `upper` takes no arguments",
        );
        check_error(
            "{{ 'a' | split(',', 1, 2) }}",
            "expression-argument",
            "the filter `split` takes only 2 arguments",
        );
        check_error(
            "{{ 'a' | split }}",
            "missing-argument",
            "the filter `split` needs the argument `delimiter`",
        );
        let unknown = "{{ 'a' | split(delimter=',') }}";
        check_error(
            unknown,
            "unknown-argument",
            "the filter `split` has no argument `delimter`",
        );
        check_hint(unknown, "did you mean `delimiter`?");
        let twice = "{{ 'a' | split(',', delimiter='x') }}";
        check_error(twice, "expression-argument", "the argument `delimiter` is given twice");
        let unordered = "{{ 'a' | split(delimiter=',', 2) }}";
        check_error(
            unordered,
            "expression-syntax",
            "an argument without a name cannot follow one with a name",
        );
        let message = "the argument `delimiter` of the filter `split` must be a string, not a number";
        check_error("{{ 'a' | split(1) }}", "expression-argument", message);
        let message = "the filter `split` needs the argument `delimiter`, which is null";
        check_error("{{ 'a' | split(nothing) }}", "expression-argument", message);
    }
}
