//! Dates, times and durations as text, in ISO 8601 only.
//!
//! The reader of times that this uses takes more than the standard's extended form; what inputs take is decided here.

use jiff::civil::{Date, Time};
use jiff::fmt::temporal::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo, Timestamp};

/// Whether the text has this shape, in which `0` stands for a digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| {
            if wanted == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == wanted
            }
        })
}

/// Reads `2026-01-31`.
pub(super) fn date(text: &str) -> Option<Date> {
    has_shape(text, "0000-00-00").then(|| text.parse().ok()).flatten()
}

/// Reads `10:15`, `10:15:30` and `10:15:30.5`, without a zone.
pub(super) fn time(text: &str) -> Option<Time> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let is_whole = has_shape(whole, "00:00:00") || (fraction.is_none() && has_shape(whole, "00:00"));
    let is_fraction = fraction.is_none_or(|digits| (1..=9).contains(&digits.len()) && is_number(digits));
    // A second of 60 would be read as 59.
    (is_whole && is_fraction && !whole.ends_with(":60"))
        .then(|| text.parse().ok())
        .flatten()
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a date and a time with its zone: `2026-01-31T10:15:30Z`, `2026-01-31T10:15:30+01:00`.
pub(in crate::flow) fn instant(text: &str) -> Option<Timestamp> {
    let (start, rest) = text.split_at_checked(10)?;
    date(start)?;
    rest.starts_with(['T', 't']).then(|| text.parse().ok()).flatten()
}

/// Whether the text is a date and a time without a zone.
pub(super) fn lacks_zone(text: &str) -> bool {
    instant(text).is_none() && instant(&format!("{text}Z")).is_some()
}

/// Reads `PT5M6S` and `P1DT2H`, a day being 24 hours; years and months have no fixed length.
pub(in crate::flow) fn duration(text: &str) -> Option<SignedDuration> {
    let span = SpanParser::new().parse_span(text).ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: std::fmt::Display>(read: fn(&str) -> Option<T>, text: &str, expected: Option<&str>) {
        let shown = read(text).map(|value| value.to_string());
        assert_eq!(shown.as_deref(), expected, "{text}");
    }

    #[test]
    fn dates_are_year_month_and_day() {
        check(date, "2026-01-31", Some("2026-01-31"));
        for bad in [
            "2026-02-30",
            "20260131",
            "2026-1-31",
            "2026-01-31T10:00",
            "31.01.2026",
            "",
            "é026-01-31",
        ] {
            check(date, bad, None);
        }
    }

    #[test]
    fn times_have_no_zone() {
        check(time, "10:15:30", Some("10:15:30"));
        check(time, "10:15", Some("10:15:00"));
        check(time, "10:15:30.25", Some("10:15:30.25"));
        for bad in [
            "10:15:30Z",
            "25:00:00",
            "10:15:60",
            "10",
            "10:15.5",
            "10:15:30.",
            "101530",
        ] {
            check(time, bad, None);
        }
    }

    #[test]
    fn instants_have_a_zone() {
        check(instant, "2026-01-31T10:15:30Z", Some("2026-01-31T10:15:30Z"));
        check(instant, "2026-01-31T10:15:30+01:00", Some("2026-01-31T09:15:30Z"));
        check(instant, "2026-01-31T10:15Z", Some("2026-01-31T10:15:00Z"));
        for bad in ["2026-01-31T10:15:30", "2026-01-31", "2026-01-31 10:15:30Z", "now"] {
            check(instant, bad, None);
        }
        assert!(lacks_zone("2026-01-31T10:15:30") && !lacks_zone("2026-01-31"));
    }

    #[test]
    fn durations_have_a_fixed_length() {
        check(duration, "PT5M6S", Some("PT5M6S"));
        check(duration, "P1DT2H", Some("PT26H"));
        check(duration, "P2W", Some("PT336H"));
        check(duration, "PT0.5S", Some("PT0.5S"));
        for bad in ["P1M", "P1Y", "5m", "5 minutes", "PT", "P", "300", ""] {
            check(duration, bad, None);
        }
    }
}
