//! Filters on numbers.

use super::decimal::DecimalPattern;
use super::{Filter, Literals, checked, filter};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::signature::{Given, optional};
use crate::expr::value::Value;

pub(super) static FILTERS: &[Filter] = &[
    filter("abs", &[], "the number without its sign", absolute),
    checked(
        filter(
            "number",
            &[optional("type")],
            "the number a text stands for; `INT`, `LONG`, `FLOAT`, `DOUBLE`",
            number,
        ),
        check_kind,
    ),
    checked(
        filter(
            "numberFormat",
            &[optional("format")],
            "the number in a pattern such as `#,##0.00`",
            number_format,
        ),
        check_format,
    ),
    checked(
        filter(
            "numberformat",
            &[optional("format")],
            "the number in a pattern; Pebble's older name of `numberFormat`",
            number_format,
        ),
        check_format,
    ),
];

fn absolute(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Integer(number) => {
            let absolute = number.checked_abs().map(Value::Integer);
            absolute.ok_or_else(|| Problem::wrong_type("the number is too large"))
        }
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => Err(given.wrong_input("a number", &other)),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum NumberKind {
    Any,
    Whole,
    Fractional,
}

fn number_kind(name: Option<&str>) -> Result<NumberKind, Problem> {
    match name.unwrap_or("") {
        "" | "BIGDECIMAL" => Ok(NumberKind::Any),
        "INT" | "LONG" | "BIGINTEGER" => Ok(NumberKind::Whole),
        "FLOAT" | "DOUBLE" => Ok(NumberKind::Fractional),
        other => Err(
            Problem::wrong_argument(format!("the filter `number` does not know the type `{other}`"))
                .with_hint("it knows `INT`, `LONG`, `BIGINTEGER`, `FLOAT`, `DOUBLE` and `BIGDECIMAL`"),
        ),
    }
}

fn check_kind(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    number_kind(literal(0).and_then(Value::as_str))
        .map(|_| ())
        .map_err(|problem| (0, problem))
}

fn number(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let kind = number_kind(given.text(0)?)?;
    let parsed = match &value {
        Value::Null => return Ok(Value::Null),
        Value::Integer(_) | Value::Float(_) => Some(value.clone()),
        Value::String(text) => parse_number(text),
        other => return Err(given.wrong_input("a string", other)),
    };
    let converted = match (parsed, kind) {
        (Some(Value::Integer(whole)), NumberKind::Fractional) => Some(Value::Float(whole as f64)),
        (Some(Value::Float(number)), NumberKind::Whole) if number.fract() != 0.0 || number.abs() >= 9e15 => None,
        (Some(Value::Float(number)), NumberKind::Whole) if value.as_str().is_none() => {
            Some(Value::Integer(number as i64))
        }
        (Some(Value::Float(_)), NumberKind::Whole) => None,
        (parsed, _) => parsed,
    };
    converted.ok_or_else(|| {
        let shown: String = value.to_string().chars().take(40).collect();
        let what = if kind == NumberKind::Whole {
            "a whole number"
        } else {
            "a number"
        };
        Problem::wrong_type(format!("`{shown}` is not {what}"))
    })
}

/// Reads a number as Java writes it, also in hexadecimal.
fn parse_number(text: &str) -> Option<Value> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return i64::from_str_radix(&format!("{sign}{digits}"), 16)
            .ok()
            .map(Value::Integer);
    }
    let plain = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let integer = || text.parse().ok().map(Value::Integer);
    let float = || text.parse().ok().map(Value::Float);
    if plain { integer().or_else(float) } else { None }
}

fn check_format(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    match literal(0).and_then(Value::as_str) {
        Some(pattern) => DecimalPattern::new(pattern).map(|_| ()).map_err(|problem| (0, problem)),
        None => Ok(()),
    }
}

fn number_format(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let pattern = DecimalPattern::new(given.text(0)?.unwrap_or("#,##0.###"))?;
    pattern
        .write(&value)
        .map(Value::from)
        .ok_or_else(|| given.wrong_input("a number", &value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn numbers_lose_their_sign() {
        check("{{ -5 | abs }} {{ -1.5 | abs }} {{ 3 | abs }}", "5 1.5 3");
        check_error(
            "{{ 'a' | abs }}",
            "expression-type",
            "the filter `abs` works on a number, not on a string",
        );
    }

    #[test]
    fn texts_become_numbers() {
        check_typed(
            "{{ ['12' | number, '1.5' | number, '-0x1F' | number, '1e3' | number, 7 | number] }}",
            json!([12, 1.5, -31, 1000.0, 7]),
        );
        check_typed(
            "{{ ['12' | number('FLOAT'), '12' | number(type='INT'), 3.0 | number('LONG')] }}",
            json!([12.0, 12, 3]),
        );
        check_error("{{ 'abc' | number }}", "expression-type", "`abc` is not a number");
        check_error("{{ 'inf' | number }}", "expression-type", "`inf` is not a number");
        check_error(
            "{{ '1.5' | number('INT') }}",
            "expression-type",
            "`1.5` is not a whole number",
        );
        check_error(
            "{{ '1' | number('SHORT') }}",
            "expression-argument",
            "the filter `number` does not know the type `SHORT`",
        );
    }

    #[test]
    fn numbers_are_written_in_patterns() {
        check(
            "{{ 3.14159 | numberFormat('#.##') }} {{ 1234567.8916 | numberFormat }} {{ 5 | numberFormat('000') }}",
            "3.14 1,234,567.892 005",
        );
        check(
            "{{ 10000.235166 | numberformat('$#,###,###,##0.00') }} {{ 1000000 | numberformat }}",
            "$10,000.24 1,000,000",
        );
        check_error(
            "{{ 1 | numberFormat('abc') }}",
            "expression-argument",
            "`abc` is no format of a number",
        );
        check_error(
            "{{ 'a' | numberFormat }}",
            "expression-type",
            "the filter `numberFormat` works on a number, not on a string",
        );
    }
}
