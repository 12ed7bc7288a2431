//! The patterns of `java.text.DecimalFormat`, such as `#,##0.00`.

use crate::expr::error::Problem;
use crate::expr::value::Value;

use super::printf::grouped;

/// A pattern, ready to write numbers.
pub(super) struct DecimalPattern {
    /// What stands before and after a number.
    positive: (String, String),
    negative: (String, String),
    /// Digits between two commas; 0 is no commas.
    group: usize,
    least_whole: usize,
    least_fraction: usize,
    most_fraction: usize,
    factor: f64,
}

/// Digits of a double that mean something.
const MOST_FRACTION: usize = 30;
const DIGITS: [char; 4] = ['#', '0', ',', '.'];

/// One side of a pattern: what stands before the digits, the digits, and what stands after them.
#[derive(Default)]
struct Side {
    prefix: String,
    digits: String,
    suffix: String,
    factor: f64,
}

impl Side {
    /// Reads up to the end or to a `;`, which is taken. What is quoted stands for itself.
    fn read(text: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Self> {
        let mut side = Side {
            factor: 1.0,
            ..Side::default()
        };
        let mut is_quoted = false;
        while let Some(sign) = text.next() {
            match sign {
                '\'' if text.peek() == Some(&'\'') => {
                    text.next();
                    side.affix().push('\'');
                }
                '\'' => is_quoted = !is_quoted,
                ';' if !is_quoted => break,
                sign if !is_quoted && DIGITS.contains(&sign) => {
                    if !side.suffix.is_empty() {
                        return None;
                    }
                    side.digits.push(sign);
                }
                // A power of ten is not supported.
                'E' if !is_quoted && !side.digits.is_empty() && side.suffix.is_empty() => return None,
                sign => {
                    match sign {
                        '%' if !is_quoted => side.factor = 100.0,
                        '‰' if !is_quoted => side.factor = 1000.0,
                        _ => {}
                    }
                    side.affix().push(sign);
                }
            }
        }
        (!is_quoted && !side.digits.is_empty()).then_some(side)
    }

    fn affix(&mut self) -> &mut String {
        match self.digits.is_empty() {
            true => &mut self.prefix,
            false => &mut self.suffix,
        }
    }
}

impl DecimalPattern {
    /// Takes a pattern; says what in it makes no sense.
    pub(super) fn new(pattern: &str) -> Result<Self, Problem> {
        Self::read(pattern).ok_or_else(|| malformed(pattern))
    }

    fn read(pattern: &str) -> Option<Self> {
        let mut rest = pattern.chars().peekable();
        let side = Side::read(&mut rest)?;
        let negative = match rest.peek() {
            Some(_) => Some(Side::read(&mut rest)?),
            None => None,
        };
        let (whole, fraction) = side.digits.split_once('.').unwrap_or((&side.digits, ""));
        let zeros = |text: &str| text.matches('0').count();
        let digits: String = whole.chars().filter(|c| *c != ',').collect();
        let ordered = digits.trim_start_matches('#').trim_start_matches('0').is_empty()
            && fraction.trim_start_matches('0').trim_start_matches('#').is_empty();
        if !ordered || whole.ends_with(',') || fraction.len() > MOST_FRACTION || whole.len() > 60 {
            return None;
        }
        let group = whole.rsplit_once(',').map_or(0, |(_, last)| last.len());
        let (least_whole, least_fraction, most_fraction) = (zeros(&digits), zeros(fraction), fraction.len());
        let default = || (format!("-{}", side.prefix), side.suffix.clone());
        Some(Self {
            negative: negative.map_or_else(default, |side| (side.prefix, side.suffix)),
            group,
            least_whole,
            least_fraction,
            most_fraction,
            factor: side.factor,
            positive: (side.prefix, side.suffix),
        })
    }

    /// Writes a number, rounding halves to the even neighbour as Java does; nothing for what is no number.
    pub(super) fn write(&self, value: &Value) -> Option<String> {
        let (is_negative, digits) = match value {
            Value::Integer(number) if self.factor == 1.0 => (*number < 0, number.unsigned_abs().to_string()),
            Value::Integer(number) => self.digits(*number as f64),
            Value::Float(number) if number.is_nan() => return Some("NaN".to_owned()),
            Value::Float(number) if number.is_infinite() => (*number < 0.0, "∞".to_owned()),
            Value::Float(number) => self.digits(*number),
            _ => return None,
        };
        let (prefix, suffix) = match is_negative {
            true => &self.negative,
            false => &self.positive,
        };
        let digits = match digits.as_str() {
            "∞" => digits,
            digits => self.shaped(digits),
        };
        Some(format!("{prefix}{digits}{suffix}"))
    }

    /// The digits as the pattern wants them: so many at least, and in groups.
    fn shaped(&self, digits: &str) -> String {
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = whole.trim_start_matches('0');
        let missing = self.least_whole.saturating_sub(whole.len());
        let whole = "0".repeat(missing) + whole;
        let whole = match self.group {
            0 => whole,
            group => grouped(&whole, group),
        };
        let mut fraction = fraction.trim_end_matches('0').to_owned();
        while fraction.len() < self.least_fraction {
            fraction.push('0');
        }
        match (whole.as_str(), fraction.as_str()) {
            ("", "") => "0".to_owned(),
            (whole, "") => whole.to_owned(),
            (whole, fraction) => format!("{whole}.{fraction}"),
        }
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
        check(Value::from(-0.001), "0.0", "-0.0");
        check(Value::from(-5i64), "#;(#)", "(5)");
        check(Value::from(5i64), "#;(#)", "5");
        check(Value::from(-1234.5), "$#,##0.00;-$#,##0.00 CR", "-$1,234.50 CR");
        check(Value::from(12345678i64), "#,####", "1234,5678");
        check(Value::from(12345678i64), "#,##,###", "12,345,678");
        check(Value::from(7i64), "'#'0 'o''clock'", "#7 o'clock");
        check(Value::from(0.5), "0'%'", "0%");
        check(Value::from(f64::NEG_INFINITY), "0.0", "-∞");
        check(
            Value::from(i64::MIN),
            "0",
            "9223372036854775808".replace('9', "-9").as_str(),
        );
        for bad in ["", "abc", "0#.0", "0.#0", "0E0", "0'", "#,", "0 0", "0;x"] {
            assert!(DecimalPattern::new(bad).is_err(), "{bad}");
        }
    }
}
