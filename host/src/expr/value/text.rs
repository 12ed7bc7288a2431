//! How a value is written into a text.

use std::fmt::{self, Write};

use jiff::ZonedDateTime;
use jiff::civil::DateTime;

use super::Value;
use crate::model::Timestamp;

/// Writes the value as a template shows it: null as nothing, lists and maps as JSON, moments in ISO 8601.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::String(text) => f.write_str(text),
            // As Java writes them; JSON has no digits for them.
            Value::Float(float) if float.is_nan() => f.write_str("NaN"),
            Value::Float(float) if float.is_infinite() => {
                f.write_str(if *float > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Value::Instant(instant) => write_instant(f, *instant),
            Value::Zoned(zoned) => write_zoned(f, zoned),
            other => other.write_json(f),
        }
    }
}

impl Value {
    /// Writes the value as compact JSON.
    pub(in super::super) fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        match self {
            Value::Null => out.write_str("null"),
            Value::Boolean(boolean) => write!(out, "{boolean}"),
            Value::Integer(integer) => write!(out, "{integer}"),
            Value::Float(float) if float.is_finite() => write_float(out, *float),
            Value::Float(_) => out.write_str("null"),
            Value::String(text) => write_quoted(out, text),
            Value::Instant(_) | Value::Zoned(_) => write!(out, "\"{self}\""),
            Value::List(list) => {
                out.write_char('[')?;
                for (position, item) in list.items().iter().enumerate() {
                    if position > 0 {
                        out.write_char(',')?;
                    }
                    item.write_json(out)?;
                }
                out.write_char(']')
            }
            Value::Map(map) => {
                out.write_char('{')?;
                for (position, (key, value)) in map.entries().iter().enumerate() {
                    if position > 0 {
                        out.write_char(',')?;
                    }
                    write_quoted(out, key)?;
                    out.write_char(':')?;
                    value.write_json(out)?;
                }
                out.write_char('}')
            }
        }
    }

    /// The value as compact JSON text.
    pub(in super::super) fn to_json_text(&self) -> String {
        let mut text = String::new();
        self.write_json(&mut text).expect("writing to a string cannot fail");
        text
    }
}

/// Writes a number as `java.lang.Double.toString` does: with an exponent below a thousandth and from ten millions on.
fn write_float(out: &mut impl Write, float: f64) -> fmt::Result {
    if float == 0.0 || (1e-3..1e7).contains(&float.abs()) {
        return write!(out, "{float:?}");
    }
    let text = format!("{float:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    write!(out, "{digits}{point}E{exponent}")
}

fn write_quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    while let Some(position) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        out.write_str(&rest[..position])?;
        match rest.as_bytes()[position] {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            0x08 => out.write_str("\\b")?,
            0x0c => out.write_str("\\f")?,
            control => write!(out, "\\u{control:04x}")?,
        }
        rest = &rest[position + 1..];
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// Writes an instant as `java.time.Instant.toString()` does: UTC with `Z`, and 0, 3, 6 or 9 digits of the second.
fn write_instant(out: &mut impl Write, instant: Timestamp) -> fmt::Result {
    write_date_time(out, jiff::tz::Offset::UTC.to_datetime(instant))?;
    out.write_char('Z')
}

fn write_zoned(out: &mut impl Write, zoned: &ZonedDateTime) -> fmt::Result {
    write_date_time(out, zoned.datetime())?;
    if zoned.offset().is_zero() {
        out.write_char('Z')?;
    } else {
        write!(out, "{}", zoned.strftime("%:z"))?;
    }
    match zoned.time_zone().iana_name() {
        Some("UTC") | None => Ok(()),
        Some(name) => write!(out, "[{name}]"),
    }
}

fn write_date_time(out: &mut impl Write, time: DateTime) -> fmt::Result {
    let year = time.year();
    if (0..=9999).contains(&year) {
        two_digits(out, i32::from(year) / 100)?;
        two_digits(out, i32::from(year) % 100)?;
    } else {
        write!(out, "{year:05}")?;
    }
    let parts = [
        ('-', time.month()),
        ('-', time.day()),
        ('T', time.hour()),
        (':', time.minute()),
        (':', time.second()),
    ];
    for (sign, part) in parts {
        out.write_char(sign)?;
        two_digits(out, i32::from(part))?;
    }
    write_fraction(out, time.subsec_nanosecond())
}

/// Writes a number below a hundred. Dates are written often, and the formatting machinery is slow for so little.
fn two_digits(out: &mut impl Write, number: i32) -> fmt::Result {
    let digit = |digit: i32| char::from(b'0' + u8::try_from(digit % 10).unwrap_or(0));
    out.write_char(digit(number / 10))?;
    out.write_char(digit(number))
}

fn write_fraction(out: &mut impl Write, nanoseconds: i32) -> fmt::Result {
    match nanoseconds {
        0 => Ok(()),
        n if n % 1_000_000 == 0 => write!(out, ".{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => write!(out, ".{:06}", n / 1_000),
        n => write!(out, ".{n:09}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::Value;

    #[test]
    fn instants_show_as_many_digits_as_java_does() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Value::Instant(text.parse().unwrap()).to_string(), expected);
        };
        check("2026-01-21T10:00:00Z", "2026-01-21T10:00:00Z");
        check("2026-01-21T10:00:00.5Z", "2026-01-21T10:00:00.500Z");
        check("2023-11-28T10:16:22.324536+01:00", "2023-11-28T09:16:22.324536Z");
        check("2023-11-28T10:16:22.324536603Z", "2023-11-28T10:16:22.324536603Z");
        check("1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.250Z");
        check("0001-02-03T04:05:06Z", "0001-02-03T04:05:06Z");
        check("-000044-03-15T12:00:00Z", "-0044-03-15T12:00:00Z");
    }

    #[test]
    fn zoned_date_times_show_offset_and_zone() {
        let zoned = "2026-07-01T12:00:00[Europe/Paris]".parse().unwrap();
        assert_eq!(
            Value::Zoned(Arc::new(zoned)).to_string(),
            "2026-07-01T12:00:00+02:00[Europe/Paris]"
        );
        let zoned = "2026-07-01T12:00:00[UTC]".parse().unwrap();
        assert_eq!(Value::Zoned(Arc::new(zoned)).to_string(), "2026-07-01T12:00:00Z");
    }

    #[test]
    fn scalars_show_plainly_and_collections_as_json() {
        let check = |value: Value, expected: &str| assert_eq!(value.to_string(), expected);
        check(Value::Null, "");
        check(Value::from(true), "true");
        check(Value::from(1.0), "1.0");
        check(Value::from(-0.0), "-0.0");
        check(Value::from(0.1 + 0.2), "0.30000000000000004");
        check(Value::from(9_999_999.5), "9999999.5");
        check(Value::from(1e7), "1.0E7");
        check(Value::from(-1.25e-4), "-1.25E-4");
        check(Value::from(0.001), "0.001");
        check(Value::from(f64::NEG_INFINITY), "-Infinity");
        check(Value::from(-7i64), "-7");
        check(Value::from("a\"b"), "a\"b");
        check(
            Value::from(json!([null, "a\"\\\n\u{1}é", {"k": 1.5}])),
            r#"[null,"a\"\\\n\u0001é",{"k":1.5}]"#,
        );
        check(
            Value::list(vec![Value::Instant(crate::model::Timestamp::UNIX_EPOCH)]),
            r#"["1970-01-01T00:00:00Z"]"#,
        );
    }
}
