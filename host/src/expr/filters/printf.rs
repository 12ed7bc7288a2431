//! The `format` filter: the conversions of `java.util.Formatter` that make sense for these values.

use super::scalar_text;
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::limits;
use crate::expr::signature::Given;
use crate::expr::value::Value;

/// The widest field and the most digits.
const WIDEST: usize = 1000;

/// One `%…` in a format.
struct Conversion<'f> {
    flags: &'f str,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

/// Reads the conversion that follows a `%`; answers it with what comes after.
fn conversion(text: &str) -> Option<(Conversion<'_>, &str)> {
    let (flags, rest) = text.split_at(text.len() - text.trim_start_matches(['-', '0', '+', ' ', ',']).len());
    let number = |text: &str| {
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            Some((None, length))
        } else {
            Some((Some(text[..length].parse::<usize>().ok()?), length))
        }
    };
    let (width, length) = number(rest)?;
    let rest = &rest[length..];
    let (precision, rest) = match rest.strip_prefix('.') {
        Some(rest) => number(rest).map(|(precision, length)| (precision, &rest[length..]))?,
        None => (None, rest),
    };
    let kind = rest.chars().next()?;
    let conversion = Conversion {
        flags,
        width: width.unwrap_or(0),
        precision,
        kind,
    };
    let small = conversion.width <= WIDEST && precision.unwrap_or(0) <= WIDEST;
    (small && "sSdfxXobBc%n".contains(kind)).then(|| (conversion, &rest[kind.len_utf8()..]))
}

/// Puts the arguments in the places of the format.
pub(super) fn format_text(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let format = scalar_text(&value, given)?;
    let mut arguments = given.rest.iter();
    let mut out = String::with_capacity(format.len());
    let mut rest = format.as_str();
    while let Some((text, after)) = rest.split_once('%') {
        out.push_str(text);
        let Some((conversion, after)) = conversion(after) else {
            let shown: String = after.chars().take(5).collect();
            return Err(Problem::wrong_type(format!(
                "the filter `format` does not know `%{shown}`"
            )));
        };
        match conversion.kind {
            '%' => out.push('%'),
            'n' => out.push('\n'),
            _ => {
                let Some(argument) = arguments.next() else {
                    return Err(Problem::wrong_argument(
                        "the format has more places than there are arguments",
                    ));
                };
                out.push_str(&padded(&conversion, converted(&conversion, argument)?));
            }
        }
        if out.len() > limits::OUTPUT {
            return Err(Problem::limit(format!(
                "the text grows beyond {} bytes",
                limits::OUTPUT
            )));
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

fn converted(conversion: &Conversion<'_>, argument: &Value) -> Result<String, Problem> {
    let kind = conversion.kind;
    let mismatch = || Problem::wrong_type(format!("`%{kind}` in a format takes no {}", argument.kind()));
    let text = || {
        if argument.is_null() {
            "null".to_owned()
        } else {
            argument.to_string()
        }
    };
    let cut = |text: String| match conversion.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    };
    match (kind, argument) {
        ('s', _) => Ok(cut(text())),
        ('S', _) => Ok(cut(text().to_uppercase())),
        ('b', _) => Ok(cut(
            (!argument.is_null() && *argument != Value::Boolean(false)).to_string()
        )),
        ('B', _) => Ok(cut((!argument.is_null() && *argument != Value::Boolean(false))
            .to_string()
            .to_uppercase())),
        (_, Value::Null) => Ok("null".to_owned()),
        ('d', Value::Integer(number)) => Ok(signed(conversion, *number < 0, number.unsigned_abs().to_string())),
        ('x', Value::Integer(number)) => Ok(format!("{number:x}")),
        ('X', Value::Integer(number)) => Ok(format!("{number:X}")),
        ('o', Value::Integer(number)) => Ok(format!("{number:o}")),
        ('f', Value::Float(number)) => {
            let digits = rounded(number.abs(), conversion.precision.unwrap_or(6));
            Ok(signed(conversion, *number < 0.0, digits))
        }
        ('c', Value::String(text)) if text.chars().count() == 1 => Ok(text.as_ref().to_owned()),
        ('c', Value::Integer(code)) => {
            let character = u32::try_from(*code).ok().and_then(char::from_u32);
            character.map(String::from).ok_or_else(mismatch)
        }
        _ => Err(mismatch()),
    }
}

/// The number with so many digits after the point. A half is rounded up, in the digits that Java shows of the number.
fn rounded(number: f64, precision: usize) -> String {
    let shown = format!("{number}");
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    if !number.is_finite() || fraction.len() <= precision {
        return format!("{number:.precision$}");
    }
    let up = fraction.as_bytes()[precision] >= b'5';
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(precision)).collect();
    if up {
        let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
        let start = digits.len() - nines;
        digits[start..].fill(b'0');
        match start.checked_sub(1) {
            Some(place) => digits[place] += 1,
            None => digits.insert(0, b'1'),
        }
    }
    let mut text: String = digits.into_iter().map(char::from).collect();
    if precision > 0 {
        text.insert(text.len() - precision, '.');
    }
    text
}

/// Puts the sign and the thousands' separators that the flags ask for to some digits.
fn signed(conversion: &Conversion<'_>, negative: bool, digits: String) -> String {
    let flag = |flag: char| conversion.flags.contains(flag);
    let sign = match negative {
        true => "-",
        false if flag('+') => "+",
        false if flag(' ') => " ",
        false => "",
    };
    let digits = if flag(',') { grouped(&digits, 3) } else { digits };
    let zeros = if flag('0') {
        conversion.width.saturating_sub(sign.len() + digits.len())
    } else {
        0
    };
    format!("{sign}{}{digits}", "0".repeat(zeros))
}

/// Puts a comma before each third digit of the whole part.
pub(super) fn grouped(digits: &str, group: usize) -> String {
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut grouped = String::new();
    for (position, digit) in digits[..whole].chars().enumerate() {
        if position > 0 && (whole - position).is_multiple_of(group) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &digits[whole..]
}

fn padded(conversion: &Conversion<'_>, text: String) -> String {
    let missing = conversion.width.saturating_sub(text.chars().count());
    let padding = " ".repeat(missing);
    if conversion.flags.contains('-') {
        text + &padding
    } else {
        padding + &text
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error};

    #[test]
    fn conversions_follow_java() {
        check("{{ 'Hello %s, %d' | format(name, 5) }}", "Hello World, 5");
        check(
            "{{ '%5d|%-5d|%05d|%+d|%,d|%,.2f' | format(42, 42, -42, 42, 1234567, 9876.543) }}",
            "   42|42   |-0042|+42|1,234,567|9,876.54",
        );
        check(
            "{{ '%f %.0f %x %X %o %c %b %% %5s|%.2s%n' | format(1.5, 2.5, 255, 255, 8, 'z', true, 'ab', 'abcd') }}",
            "1.500000 3 ff FF 10 z true %    ab|ab\n",
        );
        check("{{ '%s %s' | format(nothing, [1]) }}", "null [1]");
        check(
            "{{ '%.2f %.1f %.1f %.0f %.2f %.3f' | format(0.125, 0.15, 9.96, 0.4, -1.005, 2.5) }}",
            "0.13 0.2 10.0 0 -1.01 2.500",
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        check_error(
            "{{ '%s %s' | format(1) }}",
            "expression-argument",
            "the format has more places than there are arguments",
        );
        check_error(
            "{{ '%d' | format('x') }}",
            "expression-type",
            "`%d` in a format takes no string",
        );
        check_error(
            "{{ '%q' | format(1) }}",
            "expression-type",
            "the filter `format` does not know `%q`",
        );
        check_error(
            "{{ '%99999d' | format(1) }}",
            "expression-type",
            "the filter `format` does not know `%99999`",
        );
    }
}
