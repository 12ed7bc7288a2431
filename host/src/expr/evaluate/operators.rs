//! What the operators do to two values.

use std::cmp::Ordering;

use crate::expr::dates;
use crate::expr::error::Problem;
use crate::expr::limits;
use crate::expr::syntax::{Binary, Operator};
use crate::expr::value::{Entries, Value};

/// Whether a condition holds: true, a number that is not zero, text that is not empty.
pub(super) fn truth(value: &Value) -> Result<bool, Problem> {
    match value {
        Value::Boolean(boolean) => Ok(*boolean),
        Value::Integer(integer) => Ok(*integer != 0),
        Value::Float(float) => Ok(*float != 0.0),
        Value::String(text) => Ok(!text.is_empty()),
        Value::Null => {
            Err(Problem::wrong_type("null is neither true nor false").with_hint("ask `is null`, or use `??`"))
        }
        other => {
            let kind = other.kind();
            Err(Problem::wrong_type(format!("a {kind} is neither true nor false"))
                .with_hint("ask `is empty` or `is defined`"))
        }
    }
}

/// Applies an operator that needs the values of both sides.
pub(super) fn apply(binary: Binary, left: Value, right: Value) -> Result<Value, Problem> {
    match binary {
        Binary::Equal => Ok(Value::from(left == right)),
        Binary::NotEqual => Ok(Value::from(left != right)),
        Binary::Less => compare(binary, &left, &right, Ordering::is_lt),
        Binary::LessOrEqual => compare(binary, &left, &right, Ordering::is_le),
        Binary::Greater => compare(binary, &left, &right, Ordering::is_gt),
        Binary::GreaterOrEqual => compare(binary, &left, &right, Ordering::is_ge),
        Binary::Contains => contains(&left, &right).map(Value::from),
        Binary::In => Ok(Value::from(is_in(&left, &right))),
        Binary::NotIn => Ok(Value::from(!is_in(&left, &right))),
        Binary::Range => range(&left, &right, 1),
        Binary::Add => add(left, right),
        Binary::Subtract => subtract(left, &right),
        Binary::Multiply | Binary::Divide | Binary::Remainder => arithmetic(binary, &left, &right),
        Binary::Or | Binary::And | Binary::Coalesce | Binary::CoalesceMissing => {
            unreachable!("operators that may leave out a side are evaluated before")
        }
    }
}

fn text_of(value: &Value) -> String {
    if value.is_null() {
        "null".to_owned()
    } else {
        value.to_string()
    }
}

/// Adds numbers; joins texts; puts something behind a list.
fn add(left: Value, right: Value) -> Result<Value, Problem> {
    match (left, right) {
        (left @ Value::String(_), right) | (left, right @ Value::String(_)) => {
            let (left, right) = (text_of(&left), text_of(&right));
            if left.len() + right.len() > limits::OUTPUT {
                return Err(Problem::limit(format!(
                    "the text grows beyond {} bytes",
                    limits::OUTPUT
                )));
            }
            Ok(Value::from(left + &right))
        }
        (Value::List(list), Value::List(more)) => {
            let mut items = list.into_items();
            items.extend(more.into_items());
            Ok(Value::list(items))
        }
        (Value::List(list), item) => {
            let mut items = list.into_items();
            items.push(item);
            Ok(Value::list(items))
        }
        (left, right) => arithmetic(Binary::Add, &left, &right),
    }
}

/// Subtracts numbers; takes elements out of a list.
fn subtract(left: Value, right: &Value) -> Result<Value, Problem> {
    match (left, right) {
        (Value::List(list), Value::List(out)) => {
            let mut out: Vec<&Value> = out.items().iter().collect();
            out.sort_unstable();
            Ok(list
                .into_items()
                .into_iter()
                .filter(|item| out.binary_search(&item).is_err())
                .collect())
        }
        (Value::List(list), out) => {
            let mut items = list.into_items();
            if let Some(position) = items.iter().position(|item| item == out) {
                items.remove(position);
            }
            Ok(Value::list(items))
        }
        (left, right) => arithmetic(Binary::Subtract, &left, right),
    }
}

/// The number that a value is, or that its text stands for: a whole one unless it is written as a fraction.
fn as_number(value: &Value) -> Option<Value> {
    match value {
        Value::Integer(_) | Value::Float(_) => Some(value.clone()),
        Value::String(text) if text.contains(['.', 'e', 'E']) => text.parse().ok().map(Value::Float),
        Value::String(text) => text.parse().ok().map(Value::Integer),
        _ => None,
    }
}

/// Calculates with numbers, and with texts that stand for one: whole ones stay whole, and do not wrap around as Java's
/// do.
pub(super) fn arithmetic(binary: Binary, left: &Value, right: &Value) -> Result<Value, Problem> {
    let (left, right) = match (as_number(left), as_number(right)) {
        (Some(Value::Integer(left)), Some(Value::Integer(right))) => return whole(binary, left, right),
        (Some(Value::Integer(left)), Some(Value::Float(right))) => (left as f64, right),
        (Some(Value::Float(left)), Some(Value::Integer(right))) => (left, right as f64),
        (Some(Value::Float(left)), Some(Value::Float(right))) => (left, right),
        _ => {
            let sign = Operator::Binary(binary).text();
            let message = format!("cannot calculate {} {sign} {}", left.kind(), right.kind());
            let problem = Problem::wrong_type(message);
            let text = [left, right]
                .into_iter()
                .find_map(|value| value.as_str().filter(|_| as_number(value).is_none()));
            return Err(match text {
                Some(text) => {
                    let shown: String = text.chars().take(40).collect();
                    problem.with_hint(format!("the text `{shown}` stands for no number"))
                }
                None => problem,
            });
        }
    };
    Ok(Value::Float(match binary {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide => left / right,
        _ => left % right,
    }))
}

fn whole(binary: Binary, left: i64, right: i64) -> Result<Value, Problem> {
    if right == 0 && matches!(binary, Binary::Divide | Binary::Remainder) {
        return Err(Problem::wrong_type("division by zero"));
    }
    let result = match binary {
        Binary::Add => left.checked_add(right),
        Binary::Subtract => left.checked_sub(right),
        Binary::Multiply => left.checked_mul(right),
        Binary::Divide => left.checked_div(right),
        _ => Some(left.checked_rem(right).unwrap_or(0)),
    };
    result
        .map(Value::Integer)
        .ok_or_else(|| Problem::wrong_type("the number is too large"))
}

fn compare(binary: Binary, left: &Value, right: &Value, holds: fn(Ordering) -> bool) -> Result<Value, Problem> {
    let ordering = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => return Ok(Value::Boolean(false)),
        (Value::Integer(_) | Value::Float(_), Value::Integer(_) | Value::Float(_)) => left.cmp(right),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Instant(_) | Value::Zoned(_), _) | (_, Value::Instant(_) | Value::Zoned(_)) => {
            let moment = |value: &Value| value.moment().or_else(|| dates::parse_iso_moment(value.as_str()?));
            match (moment(left), moment(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => return Err(incomparable(binary, left, right)),
            }
        }
        _ => return Err(incomparable(binary, left, right)),
    };
    Ok(Value::Boolean(holds(ordering)))
}

fn incomparable(binary: Binary, left: &Value, right: &Value) -> Problem {
    let sign = Operator::Binary(binary).text();
    Problem::wrong_type(format!("cannot compare {} {sign} {}", left.kind(), right.kind()))
}

/// Whether a list has an element, or all of another list; a map has a key; a text has another in it.
fn contains(whole: &Value, part: &Value) -> Result<bool, Problem> {
    match (whole, part) {
        (Value::Null, _) => Ok(false),
        (Value::List(list), Value::List(parts)) => {
            let mut items: Vec<&Value> = list.items().iter().collect();
            items.sort_unstable();
            Ok(parts.items().iter().all(|part| items.binary_search(&part).is_ok()))
        }
        (Value::List(list), part) => Ok(list.items().contains(part)),
        (Value::Map(map), part) => Ok(map.get(&text_of(part)).is_some()),
        (Value::String(text), part) => Ok(text.contains(&text_of(part))),
        (other, _) => Err(Problem::wrong_type(format!(
            "`contains` looks into lists, maps and strings, not into a {}",
            other.kind()
        ))),
    }
}

/// Whether a value, as text, is an element of a list, or a key or a value of a map. Kestra's meaning: it does not look
/// into texts.
fn is_in(part: &Value, whole: &Value) -> bool {
    if part.is_null() {
        return false;
    }
    let part = part.to_string();
    let same = |value: &Value| !value.is_null() && value.to_string() == part;
    match whole {
        Value::List(list) => list.items().iter().any(same),
        Value::Map(map) => in_entries(map.entries(), &part, same),
        _ => false,
    }
}

fn in_entries(entries: &Entries, part: &str, same: impl Fn(&Value) -> bool) -> bool {
    entries.iter().any(|(key, value)| **key == *part || same(value))
}

/// The numbers, or the characters, from one to another, both included.
pub(in crate::expr) fn range(start: &Value, end: &Value, step: i64) -> Result<Value, Problem> {
    if step == 0 {
        return Err(Problem::wrong_argument("the step of a range cannot be zero"));
    }
    let single = |value: &Value| {
        let mut characters = value.as_str()?.chars();
        characters.next().filter(|_| characters.next().is_none())
    };
    if let (Some(first), Some(last)) = (single(start), single(end)) {
        let codes = steps(i64::from(u32::from(first)), i64::from(u32::from(last)), step)?;
        let character = |code: i64| u32::try_from(code).ok().and_then(char::from_u32);
        return Ok(codes
            .filter_map(character)
            .map(|c| Value::from(c.to_string()))
            .collect());
    }
    match (start, end) {
        (Value::Integer(start), Value::Integer(end)) => Ok(steps(*start, *end, step)?.map(Value::Integer).collect()),
        _ => {
            let (start, end) = (start.kind(), end.kind());
            let message = format!("a range goes between whole numbers or single characters, not from {start} to {end}");
            Err(Problem::wrong_type(message))
        }
    }
}

fn steps(start: i64, end: i64, step: i64) -> Result<impl Iterator<Item = i64>, Problem> {
    let distance = i128::from(end) - i128::from(start);
    let count = if distance.signum() * i128::from(step.signum()) < 0 {
        0
    } else {
        distance / i128::from(step) + 1
    };
    if count > limits::RANGE as i128 {
        return Err(Problem::limit(format!(
            "the range has more than {} elements",
            limits::RANGE
        )));
    }
    Ok((0..count as i64).map(move |position| start + position * step))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn numbers_calculate_and_whole_ones_stay_whole() {
        check(
            "{{ 7 / 2 }} {{ 7 / 2.0 }} {{ 7 % 3 }} {{ -7 / 2 }} {{ 1 + 1.5 }} {{ 2 * 3 }}",
            "3 3.5 1 -3 2.5 6",
        );
        check_error("{{ 1 % 0 }}", "expression-type", "division by zero");
        check("{{ 1.0 / 0 }}", "Infinity");
        check_error(
            "{{ 9223372036854775807 + 1 }}",
            "expression-type",
            "the number is too large",
        );
        check_error(
            "{{ -9223372036854775807 - 2 }}",
            "expression-type",
            "the number is too large",
        );
        check("{{ (-9223372036854775807 - 1) % -1 }}", "0");
        check_error("{{ 'a' * 2 }}", "expression-type", "cannot calculate string * number");
        check_error("{{ -name }}", "expression-type", "cannot calculate number * string");
    }

    #[test]
    fn plus_and_minus_also_know_texts_and_lists() {
        check("{{ 'a' + 1 }} {{ 1 + 'a' }} {{ 'a' + nothing }}", "a1 1a anull");
        check_typed("{{ [1] + 2 + [3, 4] }}", json!([1, 2, 3, 4]));
        check_typed("{{ [1, 2, 3, 2] - 2 }}", json!([1, 3, 2]));
        check_typed("{{ [1, 2, 3, 2] - [2, 9] }}", json!([1, 3]));
    }

    #[test]
    fn comparison_knows_numbers_texts_and_dates() {
        check(
            "{{ 1 < 2 }} {{ 2 <= 2.0 }} {{ 'b' > 'a' }} {{ 1 == 1.0 }} {{ '1' == 1 }}",
            "true true true true false",
        );
        check(
            "{{ nothing < 1 }} {{ 1 >= nothing }} {{ nothing == null }} {{ 1 != 2 }}",
            "false false true true",
        );
        check(
            "{{ 1 equals 1 }} {{ [1, 2] == [1, 2] }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}",
            "true true true",
        );
        check(
            "{{ execution.startDate < '2030-01-01T00:00:00Z' }} {{ execution.startDate > '2030-01-01' }}",
            "true false",
        );
        check_error("{{ 1 < 'a' }}", "expression-type", "cannot compare number < string");
        check_error(
            "{{ execution.startDate < 'soon' }}",
            "expression-type",
            "cannot compare date < string",
        );
    }

    #[test]
    fn logic_takes_numbers_and_texts_for_conditions() {
        check(
            "{{ true and 1 }} {{ '' or 0 }} {{ not 'x' }} {{ false and nope }} {{ true or nope }}",
            "true false false false true",
        );
        check_error(
            "{{ nothing and true }}",
            "expression-type",
            "null is neither true nor false",
        );
        check_error(
            "{{ [1] ? 1 : 2 }}",
            "expression-type",
            "a list is neither true nor false",
        );
    }

    #[test]
    fn membership_is_asked_from_both_sides() {
        check(
            "{{ [1, 'a'] contains 'a' }} {{ [1, 2, 3] contains [1, 3] }} {{ [1] contains [1, 4] }}",
            "true true false",
        );
        check(
            "{{ map contains 'b' }} {{ map contains 'x' }} {{ 'World' contains 'orl' }} {{ nothing contains 1 }}",
            "true false true false",
        );
        check(
            "{{ 1 in ['1'] }} {{ 'x' in map }} {{ 'b' in map }} {{ 'a' not in list }} {{ 'o' in 'World' }}",
            "true true true true false",
        );
        check(
            "{{ 2 isIn numbers }} {{ 2 isNotIn numbers }} {{ nothing in [null] }}",
            "true false false",
        );
        check_error(
            "{{ 5 contains 5 }}",
            "expression-type",
            "`contains` looks into lists, maps and strings, not into a number",
        );
    }

    #[test]
    fn ranges_include_both_ends_and_are_bounded() {
        check_typed("{{ 1..4 }}", json!([1, 2, 3, 4]));
        check_typed("{{ 'a'..'d' }}", json!(["a", "b", "c", "d"]));
        check_typed("{{ 4..1 }}", json!([]));
        check_error(
            "{{ 1..1000000 }}",
            "expression-limit",
            "the range has more than 100000 elements",
        );
        check_error(
            "{{ -9223372036854775807..9223372036854775807 }}",
            "expression-limit",
            "the range has more than 100000 elements",
        );
        check_error(
            "{{ 'ab'..'c' }}",
            "expression-type",
            "a range goes between whole numbers or single characters, not from string to string",
        );
    }
}
