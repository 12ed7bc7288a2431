//! Filters to and through JSON and YAML.

use super::{Filter, Literals, checked, filter};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::jq;
use crate::expr::limits;
use crate::expr::signature::{Given, required};
use crate::expr::value::Value;
use crate::expr::yaml;

pub(super) static FILTERS: &[Filter] = &[
    checked(
        filter(
            "jq",
            &[required("expression")],
            "everything a jq filter makes of the value, as a list",
            run_jq,
        ),
        check_jq,
    ),
    filter("toJson", &[], "the value as JSON text", to_json),
    filter(
        "json",
        &[],
        "the value as JSON text; Kestra's older name of `toJson`",
        to_json,
    ),
    filter("yaml", &[], "the value as YAML text", to_yaml),
];

fn too_long() -> Problem {
    Problem::limit(format!("the text grows beyond {} bytes", limits::OUTPUT))
}

fn to_json(value: Value, _: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let text = value.to_json_text();
    if text.len() > limits::OUTPUT {
        return Err(too_long());
    }
    Ok(Value::from(text))
}

/// Null is the word alone, without a line end, as in Kestra.
fn to_yaml(value: Value, _: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::from("null")),
        value => yaml::write(&value).map(Value::from).map_err(|_| too_long()),
    }
}

fn check_jq(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    match literal(0).and_then(Value::as_str) {
        Some(source) => jq::check(source).map_err(|problem| (0, problem)),
        None => Ok(()),
    }
}

/// Text is read as JSON first, as Kestra does; null yields null.
fn run_jq(value: Value, given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let source = given.need_text(0)?;
    let input = match &value {
        Value::Null => return Ok(Value::Null),
        Value::String(text) => match serde_json::from_str::<crate::model::Json>(text) {
            Ok(json) => Value::from(json),
            Err(error) => {
                let problem = Problem::wrong_type(format!("the text before `jq` is no JSON: {error}"));
                return Err(
                    problem.with_hint("jq reads text as JSON; a text of its own needs quotes, as `| toJson` gives it")
                );
            }
        },
        _ => value,
    };
    jq::run(source, input, host.scope.now()).map(Value::list)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn values_become_json() {
        check_typed("{{ map | toJson }}", json!(r#"{"b":1,"a":[true,null],"c-d":"x"}"#));
        check(
            "{{ 'a\"b' | json }} {{ nothing | toJson }} {{ [1.0, execution.startDate] | toJson }}",
            r#""a\"b" null [1.0,"2026-01-21T10:00:00Z"]"#,
        );
    }

    #[test]
    fn values_become_yaml() {
        check(
            "{{ 'string' | yaml }}{{ 1 | yaml }}{{ true | yaml }}{{ nothing | yaml }}",
            "string\n1\ntrue\nnull",
        );
        check("{{ ['a', 1, 1.5] | yaml }}", " - a\n - 1\n - 1.5\n");
        check(
            "{{ map | yaml | indent(2) }}|",
            "b: 1\n  a:\n   - true\n   - null\n  c-d: x\n  |",
        );
        check("{{ {'at': execution.startDate} | yaml }}", "at: 2026-01-21T10:00:00Z\n");
        check("{{ yaml(map | yaml) == map }}", "true");
        check_error(
            "{{ 'x' | yaml(1) }}",
            "expression-argument",
            "the filter `yaml` takes no arguments",
        );
    }

    #[test]
    fn jq_always_yields_a_list_but_for_null() {
        check_typed("{{ [1, 2, 3] | jq('.[] | select(. > 1)') }}", json!([2, 3]));
        check_typed("{{ {'a': {'b': 'x'}} | jq('.a.b') }}", json!(["x"]));
        check_typed("{{ '{\"a\":[1]}' | jq('.a') }}", json!([[1]]));
        check_typed("{{ nothing | jq('.') }}", json!(null));
        check_typed("{{ list | jq('.[] | select(. == \"none\")') }}", json!([]));
        check_error(
            "{{ 'plain' | jq('.') }}",
            "expression-type",
            "the text before `jq` is no JSON: expected value at line 1 column 1",
        );
    }

    #[test]
    fn a_literal_jq_filter_is_checked_early() {
        check_error(
            "{{ nope | jq('.[] |') }}",
            "jq-syntax",
            "jq expects term, found the end",
        );
        check_error(
            "{{ nope | jq('.a | frobnicate') }}",
            "jq-syntax",
            "jq does not know the filter `frobnicate`",
        );
    }
}
