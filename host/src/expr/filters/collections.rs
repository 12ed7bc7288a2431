//! Filters on lists and maps.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use super::{Filter, filter};
use crate::expr::error::Problem;
use crate::expr::evaluate::{Host, Limited, entry};
use crate::expr::limits;
use crate::expr::predicates::is_empty;
use crate::expr::signature::{Given, optional, required};
use crate::expr::value::Value;

pub(super) static FILTERS: &[Filter] = &[
    Filter {
        accepts_missing: true,
        ..filter(
            "default",
            &[required("default")],
            "something else where the value is missing, null or empty",
            default,
        )
    },
    filter(
        "first",
        &[],
        "the first element or character; null where there is none",
        |v, g, _| end(&v, g, <[Value]>::first, |text| text.chars().next()),
    ),
    filter(
        "last",
        &[],
        "the last element or character; null where there is none",
        |v, g, _| end(&v, g, <[Value]>::last, |text| text.chars().next_back()),
    ),
    filter(
        "length",
        &[],
        "how many elements, entries or characters there are",
        length,
    ),
    filter("join", &[optional("separator")], "the elements as one text", join),
    filter("sort", &[], "the elements in order", |v, g, _| {
        sorted(v, g, <[Value]>::sort)
    }),
    filter("rsort", &[], "the elements in reverse order", |v, g, _| {
        sorted(v, g, |items| items.sort_by(|a, b| b.cmp(a)))
    }),
    filter("reverse", &[], "the elements from last to first", |v, g, _| {
        sorted(v, g, <[Value]>::reverse)
    }),
    filter(
        "merge",
        &[required("items")],
        "a list or map with the elements of another added",
        merge,
    ),
    filter(
        "slice",
        &[optional("fromIndex"), optional("toIndex")],
        "the elements or characters from one index up to another",
        slice,
    ),
    filter("chunk", &[required("size")], "lists of so many elements each", chunk),
    filter("flatten", &[], "the elements of lists within the list", |v, g, _| {
        on_list(v, g, |items| Ok(flatten(items)))
    }),
    filter("distinct", &[], "each element once, the first time", |v, g, _| {
        on_list(v, g, |items| Ok(distinct(items)))
    }),
    filter("uniq", &[], "each element once, the first time", |v, g, _| {
        on_list(v, g, |items| Ok(distinct(items)))
    }),
    filter("keys", &[], "the names in a map, or the indexes of a list", keys),
    filter("values", &[], "the values in a map", values),
];

fn default(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    Ok(if is_empty(&value) {
        given.get(0).cloned().unwrap_or(Value::Null)
    } else {
        value
    })
}

fn on_list(
    value: Value,
    given: &Given,
    change: impl FnOnce(Vec<Value>) -> Result<Vec<Value>, Problem>,
) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(list) => change(list.into_items()).map(Value::list),
        other => Err(given.wrong_input("a list", &other)),
    }
}

fn sorted(value: Value, given: &Given, arrange: fn(&mut [Value])) -> Result<Value, Problem> {
    on_list(value, given, |mut items| {
        arrange(&mut items);
        Ok(items)
    })
}

fn end(
    value: &Value,
    given: &Given,
    element: fn(&[Value]) -> Option<&Value>,
    character: fn(&str) -> Option<char>,
) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(list) => Ok(element(list.items()).cloned().unwrap_or(Value::Null)),
        Value::String(text) => Ok(Value::from(character(text).map(String::from))),
        other => Err(given.wrong_input("a list or a string", other)),
    }
}

fn length(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    Ok(Value::from(match &value {
        Value::Null => 0,
        Value::String(text) => text.chars().count(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.entries().len(),
        other => return Err(given.wrong_input("a list, a map or a string", other)),
    }))
}

fn join(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let separator = given.text(0)?.unwrap_or("");
    let items = match &value {
        Value::Null => return Ok(Value::Null),
        Value::List(list) => list.items(),
        other => return Err(given.wrong_input("a list", other)),
    };
    let mut text = String::new();
    let written = write_joined(&mut Limited(&mut text), items, separator);
    written.map_err(|_| Problem::limit(format!("the text grows beyond {} bytes", limits::OUTPUT)))?;
    Ok(Value::from(text))
}

fn write_joined(out: &mut Limited<'_>, items: &[Value], separator: &str) -> std::fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.write_str(separator)?;
        }
        match item {
            Value::Null => out.write_str("null")?,
            item => write!(out, "{item}")?,
        }
    }
    Ok(())
}

fn merge(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match (value, given.get(0).cloned()) {
        (Value::Null, None) => Err(Problem::wrong_argument("both sides of the filter `merge` are null")),
        (Value::Null, Some(items)) => Ok(items),
        (value, None) => Ok(value),
        (Value::Map(map), Some(Value::Map(more))) => {
            let mut entries = map.into_entries();
            entries.extend(more.into_entries());
            Ok(Value::map(entries))
        }
        (Value::Map(map), Some(Value::List(more))) => {
            let mut entries = map.into_entries();
            entries.extend(
                more.into_items()
                    .into_iter()
                    .map(|item| (Arc::from(item.to_string()), item)),
            );
            Ok(Value::map(entries))
        }
        (Value::List(list), Some(Value::List(more))) => {
            let mut items = list.into_items();
            items.extend(more.into_items());
            Ok(Value::list(items))
        }
        (Value::List(list), Some(Value::Map(more))) => {
            let mut items = list.into_items();
            items.extend(more.entries().iter().map(|(key, value)| entry(key, value)));
            Ok(Value::list(items))
        }
        (value @ (Value::Map(_) | Value::List(_)), Some(items)) => Err(given.wrong(
            0,
            format!("cannot be merged into a {}: it is a {}", value.kind(), items.kind()),
        )),
        (other, Some(_)) => Err(given.wrong_input("a list or a map", &other)),
    }
}

fn slice(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let count = match &value {
        Value::Null => return Ok(Value::Null),
        Value::List(list) => list.items().len(),
        Value::String(text) => text.chars().count(),
        other => return Err(given.wrong_input("a list or a string", other)),
    };
    let from = if given.get(0).is_some() {
        given.need_count(0)?
    } else {
        0
    };
    let to = if given.get(1).is_some() {
        given.need_count(1)?
    } else {
        count
    };
    if to > count {
        return Err(given.wrong(1, format!("must not go beyond {count}, and is {to}")));
    }
    if from > to || (from == to && given.get(1).is_some()) {
        return Err(given.wrong(0, format!("must be below {to}, and is {from}")));
    }
    Ok(match &value {
        Value::List(list) => Value::list(list.items()[from..to].to_vec()),
        other => {
            let text = other.as_str().unwrap_or_default();
            Value::from(text.chars().skip(from).take(to - from).collect::<String>())
        }
    })
}

fn chunk(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let size = given.need_count(0)?;
    if size == 0 {
        return Err(given.wrong(0, "must be at least 1"));
    }
    on_list(value, given, |items| {
        Ok(items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect())
    })
}

fn flatten(items: Vec<Value>) -> Vec<Value> {
    let inner = |item: Value| match item {
        Value::List(list) => list.into_items(),
        other => vec![other],
    };
    items.into_iter().flat_map(inner).collect()
}

fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

fn keys(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match &value {
        Value::Null => Ok(Value::Null),
        Value::Map(map) => Ok(map.entries().keys().map(|key| Value::String(key.clone())).collect()),
        Value::List(list) => Ok((0..list.items().len()).map(Value::from).collect()),
        other => Err(given.wrong_input("a map or a list", other)),
    }
}

fn values(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match &value {
        Value::Null => Ok(Value::Null),
        Value::Map(map) => Ok(map.entries().values().cloned().collect()),
        other => Err(given.wrong_input("a map", other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn default_answers_for_missing_null_and_empty() {
        check(
            "{{ nope | default('d') }} {{ nothing | default('d') }} {{ '' | default('d') }}",
            "d d d",
        );
        check(
            "{{ [] | default('d') }} {{ 0 | default('d') }} {{ false | default('d') }}",
            "d 0 false",
        );
        check(
            "{{ inputs.nope | default(name) }} {{ nothing.id | default(default='x') }}",
            "World x",
        );
        check("{{ (nope | upper) | default('y') }}", "y");
    }

    #[test]
    fn ends_are_null_where_there_is_nothing() {
        check_typed(
            "{{ [list | first, list | last, [] | first, nothing | first] }}",
            json!([1, null, null, null]),
        );
        check_typed(
            "{{ ['abc' | first, 'abc' | last, '' | last] }}",
            json!(["a", "c", null]),
        );
        let message = "the filter `first` works on a list or a string, not on a number";
        check_error("{{ 5 | first }}", "expression-type", message);
    }

    #[test]
    fn sizes_are_counted() {
        check(
            "{{ list | length }} {{ map | length }} {{ 'née' | length }} {{ nothing | length }}",
            "3 3 3 0",
        );
    }

    #[test]
    fn elements_are_joined_and_arranged() {
        check(
            "{{ [1, 'b', null, [2]] | join(', ') }} {{ ['a', 'b'] | join }}",
            "1, b, null, [2] ab",
        );
        check_typed(
            "{{ [[3, 1, 2] | sort, [3, 1, 2] | rsort, [3, 1, 2] | reverse] }}",
            json!([[1, 2, 3], [3, 2, 1], [2, 1, 3]]),
        );
        check_typed("{{ ['b', 10, 'a', 9] | sort }}", json!([9, 10, "a", "b"]));
        check_error(
            "{{ 'a' | join }}",
            "expression-type",
            "the filter `join` works on a list, not on a string",
        );
    }

    #[test]
    fn collections_are_merged() {
        check_typed("{{ [1] | merge([2, 3]) }}", json!([1, 2, 3]));
        check_typed(
            "{{ {'a': 1, 'b': 1} | merge({'b': 2, 'c': 3}) }}",
            json!({"a": 1, "b": 2, "c": 3}),
        );
        check_typed("{{ {'a': 1} | merge(['x']) }}", json!({"a": 1, "x": "x"}));
        check_typed("{{ [1] | merge({'two': 2}) }}", json!([1, {"key": "two", "value": 2}]));
        check_typed("{{ nothing | merge([1]) }}", json!([1]));
        let message = "the argument `items` of the filter `merge` cannot be merged into a list: it is a string";
        check_error("{{ [1] | merge('x') }}", "expression-argument", message);
    }

    #[test]
    fn parts_are_taken() {
        check_typed(
            "{{ [[1, 2, 3] | slice(1, 2), 'abcd' | slice(1), [1] | slice(1)] }}",
            json!([[2], "bcd", []]),
        );
        check_typed("{{ 'née' | slice(1, 2) }}", json!("é"));
        let message = "the argument `toIndex` of the filter `slice` must not go beyond 1, and is 5";
        check_error("{{ [1] | slice(0, 5) }}", "expression-argument", message);
        let message = "the argument `fromIndex` of the filter `slice` must be below 1, and is 2";
        check_error("{{ [1, 2] | slice(2, 1) }}", "expression-argument", message);
        check_typed("{{ [1, 2, 3] | chunk(2) }}", json!([[1, 2], [3]]));
        let message = "the argument `size` of the filter `chunk` must be at least 1";
        check_error("{{ [1] | chunk(0) }}", "expression-argument", message);
    }

    #[test]
    fn collections_are_reshaped() {
        check_typed("{{ [1, [2, [3]], []] | flatten }}", json!([1, 2, [3]]));
        check_typed(
            "{{ [[1, 'a', 1, 1.0, 'a', null, null] | distinct, [2, 2] | uniq] }}",
            json!([[1, "a", null], [2]]),
        );
        check_typed(
            "{{ [map | keys, ['x', 'y'] | keys] }}",
            json!([["b", "a", "c-d"], [0, 1]]),
        );
        check_typed("{{ map | values }}", json!([1, [true, null], "x"]));
    }
}
