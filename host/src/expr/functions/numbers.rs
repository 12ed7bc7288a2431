//! Functions on numbers.

use super::{Function, function};
use crate::expr::error::Problem;
use crate::expr::evaluate::{Host, range};
use crate::expr::signature::{Given, optional, required};
use crate::expr::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        open: true,
        ..function("max", &[], "the largest of its arguments", |given, _| {
            most(given, std::cmp::Ordering::is_gt)
        })
    },
    Function {
        open: true,
        ..function("min", &[], "the smallest of its arguments", |given, _| {
            most(given, std::cmp::Ordering::is_lt)
        })
    },
    function(
        "range",
        &[required("start"), required("end"), optional("increment")],
        "the numbers or characters from one to another",
        numbers,
    ),
];

/// The argument that goes before all others; nulls do not count. Numbers compare with numbers, texts with texts.
fn most(given: &Given, better: fn(std::cmp::Ordering) -> bool) -> Result<Value, Problem> {
    let mut best: Option<&Value> = None;
    for candidate in given.rest.iter().filter(|value| !value.is_null()) {
        match best {
            Some(known) if known.kind() != candidate.kind() => {
                let (known, candidate) = (known.kind(), candidate.kind());
                return Err(Problem::wrong_type(format!(
                    "cannot compare a {known} with a {candidate}"
                )));
            }
            Some(known) if !better(candidate.cmp(known)) => {}
            _ => best = Some(candidate),
        }
    }
    Ok(best.cloned().unwrap_or(Value::Null))
}

fn numbers(given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    range(given.need(0)?, given.need(1)?, given.integer(2)?.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn extremes_are_found() {
        check(
            "{{ max(1, 3.5, 2) }} {{ min(1, 3, -2) }} {{ max('a', 'b') }} {{ max(nothing, 1) }} {{ min() }}|",
            "3.5 -2 b 1 |",
        );
        check_error(
            "{{ max(1, 'a') }}",
            "expression-type",
            "cannot compare a number with a string",
        );
    }

    #[test]
    fn ranges_have_steps() {
        check_typed(
            "{{ [range(1, 7, 3), range(5, 1, -2), range('a', 'e', increment=2), range(3, 1)] }}",
            json!([[1, 4, 7], [5, 3, 1], ["a", "c", "e"], []]),
        );
        check_error(
            "{{ range(1, 2, 0) }}",
            "expression-argument",
            "the step of a range cannot be zero",
        );
        check_error(
            "{{ range(1, 'b') }}",
            "expression-type",
            "a range goes between whole numbers or single characters, not from number to string",
        );
    }
}
