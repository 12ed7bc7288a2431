//! Functions: `{{ function(arguments) }}`.
//!
//! Each is one entry of a table, which the checker, the evaluator and the documentation share. `block` is not among
//! them: it belongs to the template it stands in.

mod assets;
mod calendar;
mod execution;
mod ids;
mod numbers;
mod rendering;
mod world;

use super::error::Problem;
use super::evaluate::Host;
use super::filters::Check;
use super::signature::{Given, Parameter};
use super::value::Value;

/// One function.
pub(super) struct Function {
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    /// Whether any number of arguments may follow the parameters.
    pub open: bool,
    /// One line of documentation.
    pub summary: &'static str,
    pub call: fn(&Given, &Host<'_>) -> Result<Value, Problem>,
    pub check: Option<Check>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn function(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    call: fn(&Given, &Host<'_>) -> Result<Value, Problem>,
) -> Function {
    Function {
        name,
        parameters,
        open: false,
        summary,
        call,
        check: None,
    }
}

/// Every function there is.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    let tables: [&'static [Function]; 7] = [
        assets::FUNCTIONS,
        calendar::FUNCTIONS,
        execution::FUNCTIONS,
        ids::FUNCTIONS,
        numbers::FUNCTIONS,
        rendering::FUNCTIONS,
        world::FUNCTIONS,
    ];
    tables.into_iter().flatten()
}

/// Finds the function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::all;
    use crate::expr::testing::{check_error, check_hint};

    #[test]
    fn every_function_has_a_name_of_its_own_and_a_line_of_documentation() {
        let names: HashSet<_> = all().map(|function| function.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|function| function.summary.len() > 10));
    }

    #[test]
    fn calls_are_held_against_the_table() {
        check_error("{{ asets() }}", "unknown-function", "unknown function `asets`");
        check_hint("{{ asets() }}", "did you mean `assets`?");
        check_hint("{{ upper('a') }}", "`upper` is a filter: `… | upper`");
        check_hint("{{ geet() }}{% macro greet() %}{% endmacro %}", "did you mean `greet`?");
        check_error(
            "{{ assets(kind='x') }}",
            "unknown-argument",
            "the function `assets` has no argument `kind`",
        );
        check_hint(
            "{{ assets(kind='x') }}",
            "it takes `id`, `type`, `namespace`, `metadata`",
        );
        check_error(
            "{{ fromJson() }}",
            "missing-argument",
            "the function `fromJson` needs the argument `json`",
        );
        check_error("{{ http('x') }}", "unknown-function", "unknown function `http`");
        check_error(
            "{{ name.upper() }}",
            "expression-syntax",
            "values have no methods, so `upper` cannot be called",
        );
    }
}
