//! Lengths of time as flows write them.

use std::time::Duration;

use crate::Failure;

/// Reads a duration of days, hours, minutes and seconds (ISO 8601), such as `PT10S` or `P1DT2H30M`. It is longer than
/// nothing. The name is that of the property, for the error.
pub fn parse(name: &str, text: &str) -> Result<Duration, Failure> {
    let wrong = || Failure::invalid_properties(format!("`{name}`: `{text}` is no duration such as PT10S"));
    let rest = text.strip_prefix('P').ok_or_else(wrong)?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    let days = seconds(date, &[('D', 86_400.0)]).ok_or_else(wrong)?;
    let rest = seconds(time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)]).ok_or_else(wrong)?;
    match days + rest {
        length if length > 0.0 && length < 1e9 => Ok(Duration::from_secs_f64(length)),
        _ => Err(wrong()),
    }
}

/// Adds up numbers with units that come in order.
fn seconds(mut text: &str, mut units: &[(char, f64)]) -> Option<f64> {
    let mut sum = 0.0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = text[..end].parse().ok()?;
        let unit = text[end..].chars().next()?;
        let place = units.iter().position(|(known, _)| *known == unit)?;
        sum += number * units[place].1;
        units = &units[place + 1..];
        text = &text[end + unit.len_utf8()..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read() {
        let check = |text: &str, expected: f64| {
            assert_eq!(parse("wait", text).unwrap().as_secs_f64(), expected, "{text}");
        };
        check("PT10S", 10.0);
        check("PT0.5S", 0.5);
        check("PT1H2M3S", 3723.0);
        check("P1D", 86_400.0);
        check("P1DT1M", 86_460.0);
        for wrong in [
            "", "P", "PT", "PT0S", "10", "PT10", "PT5S3M", "PT1X", "PTS", "P1M", "PT1é",
        ] {
            assert!(parse("wait", wrong).is_err(), "{wrong}");
        }
    }
}
