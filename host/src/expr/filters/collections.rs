//! Filters on lists and maps.

use super::{Check, Filter, filter};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::jq;
use crate::expr::predicates;
use crate::expr::signature::{Given, optional, required};
use crate::expr::value::Value;

const JQ: Check = |literal| match literal(0).and_then(Value::as_str).map(jq::compile) {
    Some(Err(problem)) => Err((0, problem)),
    _ => Ok(()),
};

pub(super) static FILTERS: &[Filter] = &[
    filter("first", &[], |value, given, _| {
        end(&value, given, <[Value]>::first, |text| text.chars().next())
    }),
    filter("last", &[], |value, given, _| {
        end(&value, given, <[Value]>::last, |text| text.chars().next_back())
    }),
    filter("length", &[], length),
    filter("join", &[optional("separator")], join),
    Filter {
        accepts_missing: true,
        ..filter("default", &[required("default")], default)
    },
    filter("keys", &[], keys),
    Filter {
        check: Some(JQ),
        ..filter("jq", &[required("expression")], run_jq)
    },
];

fn end(
    value: &Value,
    given: &Given,
    of_list: fn(&[Value]) -> Option<&Value>,
    of_text: fn(&str) -> Option<char>,
) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(list) => Ok(of_list(list.items()).cloned().unwrap_or(Value::Null)),
        Value::String(text) => Ok(of_text(text).map_or(Value::Null, |c| Value::from(c.to_string()))),
        other => Err(given.wrong_input("lists and text", other)),
    }
}

fn length(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let length = match &value {
        Value::Null => 0,
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.entries().len(),
        Value::String(text) => text.chars().count(),
        other => return Err(given.wrong_input("lists, maps and text", other)),
    };
    Ok(Value::Integer(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn join(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match &value {
        Value::Null => Ok(value),
        Value::List(list) => {
            let parts: Vec<String> = list.items().iter().map(ToString::to_string).collect();
            Ok(Value::from(parts.join(given.text(0)?.unwrap_or_default())))
        }
        other => Err(given.wrong_input("lists", other)),
    }
}

fn default(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match predicates::is_empty(&value) {
        true => Ok(given.values[0].clone().unwrap_or(Value::Null)),
        false => Ok(value),
    }
}

fn keys(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match &value {
        Value::Null => Ok(value),
        Value::Map(map) => Ok(Value::list(
            map.entries().keys().map(|key| Value::from(&**key)).collect(),
        )),
        Value::List(list) => Ok(Value::list(
            (0_i64..).take(list.items().len()).map(Value::Integer).collect(),
        )),
        other => Err(given.wrong_input("maps and lists", other)),
    }
}

fn run_jq(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match value.is_null() {
        true => Ok(Value::Null),
        false => jq::run(given.need_text(0)?, &value).map(Value::list),
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error, check_typed};
    use serde_json::json;

    #[test]
    fn ends_and_sizes() {
        check_typed("{{ list | first }}", json!(3));
        check_typed("{{ list | last }}", json!(2));
        check_typed("{{ empty | first }}", json!(null));
        check_typed("{{ 'abc' | first }}", json!("a"));
        check_typed(
            "{{ [list | length, map | length, 'é' | length, nothing | length] }}",
            json!([3, 3, 1, 0]),
        );
        check("{{ list | join('-') }}", "3-1-2");
        check_typed("{{ map | keys }}", json!(["b", "a", "c-d"]));
    }

    #[test]
    fn default_answers_for_what_is_missing_or_empty() {
        check(
            "{{ nothing | default('x') }}{{ unknown | default('y') }}{{ name | default('z') }}",
            "xyworld",
        );
    }

    #[test]
    fn jq_gives_a_list_of_all_results() {
        check_typed("{{ list | jq('.[] | select(. > 1)') }}", json!([3, 2]));
        check_typed("{{ map | jq('.a') }}", json!([[true, null]]));
        check_typed("{{ nothing | jq('.a') }}", json!(null));
        check_typed("{{ '[1,2]' | jq('length') }}", json!([2]));
        check_error("{{ list | jq('.[') }}", "`.[` is no jq filter");
    }
}
