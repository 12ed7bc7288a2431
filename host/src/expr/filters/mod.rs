//! The filters there are: `{{ value | name(arguments) }}`. The checker and the evaluator share this table.

mod collections;
mod text;

use super::error::Problem;
use super::evaluate::Host;
use super::signature::{Given, Parameter};
use super::value::Value;

/// Checks literal arguments while parsing; gives the position of a wrong one.
pub(super) type Check = for<'v> fn(&dyn Fn(usize) -> Option<&'v Value>) -> Result<(), (usize, Problem)>;

/// One filter.
pub(super) struct Filter {
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    /// Whether any number of arguments may follow.
    pub open: bool,
    pub check: Option<Check>,
    /// Whether it also answers for a value that is missing, which it then sees as null.
    pub accepts_missing: bool,
    pub apply: fn(Value, &Given, &Host<'_>) -> Result<Value, Problem>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn filter(
    name: &'static str,
    parameters: &'static [Parameter],
    apply: fn(Value, &Given, &Host<'_>) -> Result<Value, Problem>,
) -> Filter {
    Filter {
        name,
        parameters,
        open: false,
        check: None,
        accepts_missing: false,
        apply,
    }
}

/// Every filter.
pub(super) fn all() -> impl Iterator<Item = &'static Filter> {
    text::FILTERS.iter().chain(collections::FILTERS)
}

/// Finds the filter of that name.
pub(super) fn find(name: &str) -> Option<&'static Filter> {
    all().find(|filter| filter.name == name)
}
