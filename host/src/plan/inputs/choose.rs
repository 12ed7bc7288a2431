//! The options of a choice, and whether a value is one of them.

use super::findings::{self, Origin};
use crate::expr::Scope;
use crate::flow::{Input, InputOption, Options, Selection, Text};
use crate::model::{Diagnostic, Json};

/// The options as they are now.
pub(super) fn options(
    input: &Input,
    selection: &Selection,
    scope: &Scope<'_>,
) -> Result<Vec<InputOption>, Box<Diagnostic>> {
    match &selection.options {
        Options::Values(values) => Ok(values.clone()),
        Options::Expression(text) => evaluate(input, text, scope),
    }
}

fn evaluate(input: &Input, text: &Text, scope: &Scope<'_>) -> Result<Vec<InputOption>, Box<Diagnostic>> {
    let value = text
        .evaluate(scope)
        .map_err(|error| findings::unresolved(input, "expression", &error))?;
    match Json::from(&value) {
        Json::Array(items) => Ok(items.iter().filter_map(InputOption::of_item).collect()),
        _ => {
            let finding = findings::wrong_result(input, "expression", "gives no list", text.span());
            Err(Box::new(finding.with_caption(format!("gives a {}", value.kind()))))
        }
    }
}

/// Refuses a value, or a list of them, that is not among the options.
pub(super) fn check(
    input: &Input,
    chosen: &Json,
    options: &[InputOption],
    origin: Origin<'_>,
    is_secret: bool,
) -> Result<(), Box<Diagnostic>> {
    match input.kind.foreign(chosen, options) {
        None => Ok(()),
        Some(value) => Err(Box::new(findings::no_option(input, &value, options, origin, is_secret))),
    }
}
