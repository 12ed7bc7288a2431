//! The patterns of `java.text.DecimalFormat`, such as `#,##0.00`.

use crate::expr::error::Problem;
use crate::expr::value::Value;

use super::printf::grouped;

/// A pattern, ready to write numbers.
pub(super) struct DecimalPattern {
    prefix: String,
    suffix: String,
    grouping: bool,
    least_whole: usize,
    least_fraction: usize,
    most_fraction: usize,
    factor: f64,
}

/// Digits of a double that mean something.
const MOST_FRACTION: usize = 30;

impl DecimalPattern {
    /// Takes a pattern; says what in it makes no sense.
    pub(super) fn new(pattern: &str) -> Result<Self, Problem> {
        let positive = pattern.split(';').next().unwrap_or_default();
        let start = positive.find(['#', '0', ',', '.']).ok_or_else(|| malformed(pattern))?;
        let length = positive[start..].len() - positive[start..].trim_start_matches(['#', '0', ',', '.']).len();
        let (prefix, suffix) = (&positive[..start], &positive[start + length..]);
        let (whole, fraction) = positive[start..start + length]
            .split_once('.')
            .unwrap_or((&positive[start..start + length], ""));
        let zeros = |text: &str| text.matches('0').count();
        let digits: String = whole.chars().filter(|c| *c != ',').collect();
        let ordered = digits.trim_start_matches('#').trim_start_matches('0').is_empty()
            && fraction.trim_start_matches('0').trim_start_matches('#').is_empty();
        let exponent = suffix.starts_with('E');
        if !ordered || exponent || positive.contains('\'') || fraction.len() > MOST_FRACTION || whole.len() > 60 {
            return Err(malformed(pattern));
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            grouping: whole.contains(','),
            least_whole: zeros(&digits),
            least_fraction: zeros(fraction),
            most_fraction: fraction.len(),
            factor: if positive.contains('%') {
                100.0
            } else if positive.contains('‰') {
                1000.0
            } else {
                1.0
            },
        })
    }

    /// Writes a number, rounding halves to the even neighbour as Java does; nothing for what is no number.
    pub(super) fn write(&self, value: &Value) -> Option<String> {
        let (negative, digits) = match value {
            Value::Integer(number) if self.factor == 1.0 => (*number < 0, number.unsigned_abs().to_string()),
            Value::Integer(number) => self.digits(*number as f64),
            Value::Float(number) if number.is_nan() => return Some("NaN".to_owned()),
            Value::Float(number) if number.is_infinite() => {
                let sign = if *number < 0.0 { "-" } else { "" };
                return Some(format!("{sign}{}∞{}", self.prefix, self.suffix));
            }
            Value::Float(number) => self.digits(*number),
            _ => return None,
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let whole = whole.trim_start_matches('0');
        let missing = self.least_whole.saturating_sub(whole.len());
        let whole = "0".repeat(missing) + whole;
        let whole = if self.grouping { grouped(&whole) } else { whole };
        let mut fraction = fraction.trim_end_matches('0').to_owned();
        while fraction.len() < self.least_fraction {
            fraction.push('0');
        }
        let zero = whole.is_empty() && fraction.is_empty();
        let nothing = !whole
            .chars()
            .chain(fraction.chars())
            .any(|c| c.is_ascii_digit() && c != '0');
        let sign = if negative && !nothing { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        let whole = if zero { "0" } else { &whole };
        Some(format!("{sign}{}{whole}{point}{fraction}{}", self.prefix, self.suffix))
    }

    fn digits(&self, number: f64) -> (bool, String) {
        let number = number * self.factor;
        (number < 0.0, format!("{:.*}", self.most_fraction, number.abs()))
    }
}

fn malformed(pattern: &str) -> Problem {
    let shown: String = pattern.chars().take(40).collect();
    Problem::wrong_argument(format!("`{shown}` is no format of a number"))
        .with_hint("write a pattern such as `#,##0.00`")
}

#[cfg(test)]
mod tests {
    use super::{DecimalPattern, Value};

    #[test]
    fn patterns_follow_java() {
        let check = |value: Value, pattern: &str, expected: &str| {
            assert_eq!(
                DecimalPattern::new(pattern).unwrap().write(&value).as_deref(),
                Some(expected),
                "{pattern}"
            );
        };
        check(Value::from(1234567.891), "#,##0.00", "1,234,567.89");
        check(Value::from(1234567i64), "#,###", "1,234,567");
        check(Value::from(2.34159), "#.##", "2.34");
        check(Value::from(0.5), "#.##", ".5");
        check(Value::from(0.0), "#.##", "0");
        check(Value::from(0.125), "0.00", "0.12");
        check(Value::from(2.5), "0", "2");
        check(Value::from(7i64), "000.0", "007.0");
        check(Value::from(-1234.5), "$#,##0.00", "-$1,234.50");
        check(Value::from(0.256), "0.0%", "25.6%");
        check(Value::from(-0.001), "0.0", "0.0");
        check(
            Value::from(i64::MIN),
            "0",
            "9223372036854775808".replace('9', "-9").as_str(),
        );
        for bad in ["", "abc", "0#.0", "0.#0", "0E0"] {
            assert!(DecimalPattern::new(bad).is_err(), "{bad}");
        }
    }
}
