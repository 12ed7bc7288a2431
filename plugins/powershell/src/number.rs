//! Numbers as .NET writes them.

use crate::fault::Wrong;

/// A double as .NET prints it: the shortest digits that read back the same, with an exponent from 1E+15 and from 1E-05 down.
pub fn show_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value == 0.0 || (-4..15).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}E{sign}{:02}", exponent.abs())
}

/// A number in one of .NET's numeric formats, standard (`N2`) or custom (`0.00`), in the invariant culture.
pub fn format_number(value: f64, whole: Option<i64>, format: &str) -> Result<String, Wrong> {
    let mut characters = format.chars();
    let letter = characters.next().unwrap_or('G');
    let digits: String = characters.collect();
    let standard = letter.is_ascii_alphabetic() && digits.chars().all(|digit| digit.is_ascii_digit());
    if !standard {
        return custom(value, format);
    }
    let precision = digits.parse::<usize>().ok();
    if precision.is_some_and(|precision| precision > 30) {
        return Err(Wrong::unsupported(format!("the number format `{format}`")));
    }
    let wrong = || Wrong::error("Format specifier was invalid.");
    Ok(match (letter.to_ascii_uppercase(), whole) {
        ('N', _) => grouped(&fixed(value, precision.unwrap_or(2))),
        ('F', _) => fixed(value, precision.unwrap_or(2)),
        ('P', _) => format!("{}%", grouped(&fixed(value * 100.0, precision.unwrap_or(2)))),
        ('E', _) => exponential(value, precision.unwrap_or(6), letter),
        ('D', Some(whole)) => {
            let sign = if whole < 0 { "-" } else { "" };
            format!(
                "{sign}{:0>width$}",
                whole.unsigned_abs(),
                width = precision.unwrap_or(1)
            )
        }
        ('X', Some(whole)) => {
            let width = precision.unwrap_or(1);
            let bits = match i32::try_from(whole) {
                Ok(small) => u64::from(small as u32),
                Err(_) => whole as u64,
            };
            match letter {
                'x' => format!("{bits:0>width$x}"),
                _ => format!("{bits:0>width$X}"),
            }
        }
        ('G', Some(whole)) if precision.is_none() => whole.to_string(),
        ('G', _) if precision.is_none() => show_double(value),
        ('R', None) => show_double(value),
        ('D' | 'X', None) => return Err(wrong()),
        _ => return Err(Wrong::unsupported(format!("the number format `{format}`"))),
    })
}

/// A number rounded to so many places, halves away from zero as .NET formats them.
pub fn fixed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    // The exact decimal expansion decides: it ends in a lone 5 only where the value truly lies between two neighbours.
    let exact = format!("{:.60}", value.abs());
    let tail = exact.split_once('.').map_or("", |(_, tail)| tail);
    let tie = tail.get(places..).is_some_and(|rest| rest.trim_end_matches('0') == "5");
    if !tie {
        return unsigned_zero(text);
    }
    let step = 10_f64.powi(-i32::try_from(places).unwrap_or(0)) / 2.0;
    unsigned_zero(format!("{:.places$}", value + value.signum() * step / 2.0))
}

fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|digit| matches!(digit, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

fn grouped(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest
        .split_once('.')
        .map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let mut result = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            result.push(',');
        }
        result.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{sign}{result}.{fraction}"),
        None => format!("{sign}{result}"),
    }
}

fn exponential(value: f64, precision: usize, letter: char) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}{letter}{sign}{:03}", exponent.abs())
}

/// Custom formats of `0`, `#`, `.`, `,` and `%`, with plain text around them.
fn custom(value: f64, format: &str) -> Result<String, Wrong> {
    let is_place = |character: char| matches!(character, '0' | '#' | '.' | ',');
    let unsupported = || Wrong::unsupported(format!("the number format `{format}`"));
    if format.contains([';', '\'', '"', '\\', 'E', 'e', '‰']) {
        return Err(unsupported());
    }
    let start = format.find(is_place).ok_or_else(unsupported)?;
    let end = format.rfind(is_place).map_or(start, |end| end + 1);
    let (before, pattern, after) = (&format[..start], &format[start..end], &format[end..]);
    if !pattern.chars().all(is_place) {
        return Err(unsupported());
    }
    let value = if format.contains('%') { value * 100.0 } else { value };
    let (whole, fraction) = pattern.split_once('.').unwrap_or((pattern, ""));
    let thousands = whole.contains(',');
    let least = whole
        .chars()
        .skip_while(|place| *place != '0')
        .filter(|place| *place != ',')
        .count();
    let kept = fraction.rfind('0').map_or(0, |place| place + 1);
    let text = fixed(value.abs(), fraction.len());
    let (digits, tail) = text.split_once('.').unwrap_or((&text, ""));
    let mut tail = tail.to_owned();
    while tail.len() > kept && tail.ends_with('0') {
        tail.pop();
    }
    let digits = digits.trim_start_matches('0');
    let mut digits = format!("{digits:0>least$}");
    if thousands {
        digits = grouped(&digits);
    }
    let number = if tail.is_empty() {
        digits
    } else {
        format!("{digits}.{tail}")
    };
    let sign = if value < 0.0 && number.contains(|digit: char| digit.is_ascii_digit() && digit != '0') {
        "-"
    } else {
        ""
    };
    Ok(format!("{sign}{before}{number}{after}"))
}
